"""Places: an (edition, P-code) pair, never a bare code; names, aliases, and the areas that reports cover."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from .errors import BadData, UnknownName, near
from .project import PACKAGE
from .yamls import load

GAZETTEER = PACKAGE / "gazetteer"
COUNTRY = "ML"  # the code of a number that its sender could not place in a region
LEVELS = {1: "région", 2: "cercle", 3: "commune"}


@dataclass(frozen=True, order=True)
class Place:
    """One administrative place in one OCHA edition. `str()` gives `cod2015:ML0701`."""

    edition: str
    pcode: str

    def __str__(self) -> str:
        return f"{self.edition}:{self.pcode}"


@dataclass(frozen=True)
class Named:
    """A row of the gazetteer: a place with its level (1 region, 2 cercle, 3 commune), name and parent."""

    place: Place
    level: int
    name: str
    parent: Place


@dataclass(frozen=True)
class Region:
    """A region as reports print it, with the cercles that are summed into it."""

    code: str
    labels: dict[str, str]
    place: Place
    cercles: tuple[Place, ...]


@dataclass(frozen=True)
class Area:
    """What a report can be made for: one or several regions."""

    code: str
    labels: dict[str, str]
    titles: dict[str, str]
    details: dict[str, str]
    regions: tuple[Region, ...]
    map_regions: tuple[str, ...]
    is_country: bool

    @property
    def with_article(self) -> str:
        """« la zone de Gao », « le Mali »."""
        return f"{'le' if self.is_country else 'la'} {self.titles['fr']}"

    @property
    def cercles(self) -> tuple[Place, ...]:
        """All its cercles, in the order of its regions."""
        return tuple(c for region in self.regions for c in region.cercles)


_COUNTRY = Named(Place("", COUNTRY), 0, "Mali", Place("", COUNTRY))


def fold(name: str) -> str:
    """A name as it is compared: NFC, without accents, case, hyphens, apostrophes or doubled spaces."""
    bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return re.sub(r"[\s\-'’_.]+", " ", bare).strip().lower()


@cache
def gazetteer() -> dict[Place, Named]:
    """Every known place: regions and cercles of each edition, communes of the north and centre (cod2015).

    `cod_drc2025` is another country: its places lie in no area of Mali.
    """
    with open(GAZETTEER / "places.csv", encoding="utf-8", newline="") as file:
        return {
            Place(row["edition"], row["pcode"]): Named(
                Place(row["edition"], row["pcode"]),
                int(row["level"]),
                row["name"],
                Place(row["edition"], row["parent_pcode"]),
            )
            for row in csv.DictReader(file)
        }


@cache
def _index(edition: str, level: int) -> dict[str, tuple[Place, ...]]:
    found: dict[str, list[Place]] = {}
    for named in gazetteer().values():
        if named.place.edition == edition and named.level == level:
            found.setdefault(fold(named.name), []).append(named.place)
    with open(GAZETTEER / "aliases.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["edition"] == edition and int(row["level"]) == level:
                places = found.setdefault(fold(row["alias"]), [])
                if Place(edition, row["pcode"]) not in places:
                    places.append(Place(edition, row["pcode"]))
    return {name: tuple(places) for name, places in found.items()}


def resolve(name: str, edition: str, level: int, within: Place | None = None) -> Place | None:
    """The place of that name or alias, or None. `within` settles names that two parents share."""
    places = _index(edition, level).get(fold(name), ())
    if within is not None:
        places = tuple(p for p in places if within in ancestors(p))
    return places[0] if len(places) == 1 else None


def ancestors(place: Place) -> tuple[Place, ...]:
    """Its parents, nearest first, within its own edition."""
    out: list[Place] = []
    while (named := gazetteer().get(place)) is not None and named.level > 1:
        place = named.parent
        out.append(place)
    return tuple(out)


def name_of(place: Place) -> str:
    """The name of a place, with its accents."""
    return gazetteer()[place].name


def nearest(name: str, edition: str, level: int) -> str:
    """A French hint with the nearest known names; for errors about a file's places."""
    return near(fold(name), _index(edition, level))


@cache
def crosswalk() -> dict[Place, Place]:
    """cercles of cod2015 -> the place of cod2021 that covers the same ground.

    The only way from one edition to the other. Ménaka's former cercle became a region: it maps to ML10.
    """
    with open(GAZETTEER / "crosswalk.csv", encoding="utf-8", newline="") as file:
        return {
            Place("cod2015", row["cod2015"]): Place(
                "cod2021", row["cod2021"][:4] if row["relation"] == "split" else row["cod2021"]
            )
            for row in csv.DictReader(file)
        }


@cache
def _reporting() -> dict[Place, Place]:
    back = {there: here for here, there in crosswalk().items()}
    with open(GAZETTEER / "crosswalk.csv", encoding="utf-8", newline="") as file:
        back |= {Place("cod2018", row["cod2018"]): Place("cod2015", row["cod2015"]) for row in csv.DictReader(file)}
    # A cercle that became a region (Ménaka): each cercle of that region lies in it.
    return {
        named.place: back[whole]
        for named in gazetteer().values()
        for whole in (named.place, named.parent)
        if whole in back
    }


def reporting(place: Place) -> Place | None:
    """The cercle of cod2015, of which areas are made, that a cercle of any edition lies in; None when it is not known."""
    return place if place.edition == "cod2015" else _reporting().get(place)


@cache
def _grounds() -> dict[Place, frozenset[Place]]:
    found: dict[Place, set[Place]] = {}
    for named in gazetteer().values():
        here = reporting(named.place) if named.level == 2 else None
        for whole in (named.place, named.parent) if here else ():
            found.setdefault(whole, set()).add(here)
    return {place: frozenset(cercles) for place, cercles in found.items()}


def ground(place: Place) -> frozenset[Place]:
    """The cercles of cod2015 that a region is made of, or that a cercle lies in; none for a place outside Mali.

    The region of Gao of 2015 and of 2018 holds Ménaka; that of 2021, under the same code, does not.
    """
    return _grounds().get(place, frozenset())


@cache
def seats() -> dict[Place, tuple[float, float]]:
    """Longitude and latitude, in degrees, of the seat of each cercle (cod2015)."""
    with open(GAZETTEER / "seats.csv", encoding="utf-8", newline="") as file:
        return {Place(r["edition"], r["pcode"]): (float(r["lon"]), float(r["lat"])) for r in csv.DictReader(file)}


@cache
def _areas(path: Path) -> dict[str, Area]:
    try:
        given = load(path.read_text(encoding="utf-8"))
        regions = {
            code: Region(
                code,
                entry["label"],
                Place(**entry["place"]),
                tuple(Place(entry["cercles"]["edition"], p) for p in entry["cercles"]["pcodes"]),
            )
            for code, entry in given["regions"].items()
        }
        areas = {
            code: Area(
                code,
                entry["label"],
                entry["title"],
                entry["detail"],
                tuple(regions[r] for r in entry["regions"]),
                tuple(entry["map_regions"]),
                bool(entry.get("country", False)),
            )
            for code, entry in given["areas"].items()
        }
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        raise BadData(
            f"{path.name} : le fichier des zones n’est pas lisible ou il y manque une clé.",
            "Comparez-le à la version d’origine (git diff params/places.yml).",
        ) from None
    unknown = sorted(str(p) for r in regions.values() for p in (r.place, *r.cercles) if p not in gazetteer())
    if unknown:
        raise BadData(
            f"{path.name} : lieux absents de la nomenclature : {', '.join(unknown)}.",
            "Corrigez l’édition ou le P-code de ces lieux.",
        )
    return areas


def areas(params: Path) -> dict[str, Area]:
    """The areas of `params/places.yml`. Raises BadData when the file or one of its places is unknown."""
    return _areas(params / "places.yml")


def area(code: str, params: Path) -> Area:
    """One area. Raises UnknownName with the nearest name otherwise."""
    known = areas(params)
    if code not in known:
        raise UnknownName("Région", code, known, feminine=True)
    return known[code]


def memberships(params: Path) -> list[tuple[str, str, str, str, str]]:
    """Rows (place, level, edition, P-code of a leaf, its cercle): every printable place with the leaves summed into it.

    `place` is `cod2015:ML0701` for a cercle, `cod2021:ML10` for a region, `gao` for an area. Leaves are cercles, under
    their codes of each edition, and, for sources that stop at regions, the regions of each edition that lie whole in the
    place; one source never holds both. `cercle` is the leaf's cercle in cod2015, blank for a region: what is counted
    when cercles are counted.
    """
    regions = [named.place for named in gazetteer().values() if named.level == 1 and ground(named.place)]

    def leaves_of(cercles: tuple[Place, ...]) -> set[Place]:
        return {*cercles, *(region for region in regions if ground(region) <= set(cercles))}

    leaves: dict[tuple[str, str], set[Place]] = {}
    for one in areas(params).values():
        level = "country" if one.is_country else "area"
        leaves[one.code, level] = leaves_of(one.cercles)
        if one.is_country:
            leaves[one.code, level] |= {Place(edition, COUNTRY) for edition in ("cod2015", "cod2018", "cod2021")}
        for region in one.regions:
            leaves[str(region.place), "region"] = leaves_of(region.cercles)
            for cercle in region.cercles:
                leaves[str(cercle), "cercle"] = {cercle}
    other: dict[Place, list[Place]] = {}
    for there, here in _reporting().items():
        if gazetteer()[there].level == 2:
            other.setdefault(here, []).append(there)
    return [
        (place, level, leaf.edition, leaf.pcode, cercle.pcode if gazetteer().get(cercle, _COUNTRY).level == 2 else "")
        for (place, level), many in leaves.items()
        for cercle in sorted(many)
        for leaf in (cercle, *sorted(other.get(cercle, ())))
    ]
