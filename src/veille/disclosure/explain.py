"""For the officer, inside: what a report does not print, which rule hides it, and which coarser table would show more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from ..codes import code_list
from ..errors import BadData
from ..indicators.registry import BY_NAME, Measure, declared, key
from ..places import Area, Place, name_of
from .rules import LEVELS, Rules
from .safe import SafeTables

WHY = {
    "R1": "effectif plus petit que le seuil de {threshold}",
    "R2": "trop peu d’organisations derrière ce nombre, ou une seule qui domine",
    "R6": "toute la ligne tombe dans cette seule modalité",
    "complement": "permettrait de calculer un nombre sensible",
    "coverage": "zéro là où tout n’est pas couvert : on n’en sait rien",
    "R11": "tableau trop troué pour être lu : retiré en entier",
    "past": "déjà masqué dans une diffusion passée",
    "cluster": "masqué dans l’édition du cluster : un membre ferait la soustraction",
}
LEVEL = {"cercle": "par cercle", "region": "par région", "area": "pour la zone", "country": "pour le pays"}


def _places(area: Area) -> dict[str, str]:
    """Places of a report -> their level."""
    out = {area.code: "country" if area.is_country else "area"}
    for region in area.regions:
        out[str(region.place)] = "region"
        out |= {str(cercle): "cercle" for cercle in region.cercles}
    return out


def _name(place: str, areas: dict[str, Area]) -> str:
    if place in areas:
        return areas[place].labels["fr"]
    regions = {str(r.place): r.labels["fr"] for a in areas.values() for r in a.regions}
    return regions.get(place) or name_of(Place(*place.split(":")))


def _codes(name: str, measure: Measure) -> str:
    """« Vie, vérifiés » for a key."""
    given = dict(part.split("=", 1) for part in name.split(".")[1:])
    labels = [code_list(codes)[given[d]]["fr"] for d, codes in measure.dimensions if d in given]
    return ", ".join(labels) or measure.meaning


def explain(
    path: Path, tables: SafeTables, rules: Rules, areas: dict[str, Area], area: Area, period: str, audience: str
) -> Iterator[str]:
    """Lines in French about one report; `path` is what `versions` wrote of the protection. Never for publication.

    Raises BadData when these notes are not there: they are kept on the machine that made the tables, nowhere else.
    """
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BadData(
            "Les raisons de cette version ne sont pas sur cette machine.",
            "Elles s’écrivent avec les tables : veille data.",
        ) from None
    here = _places(area)
    hidden: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for name, place, when, why in notes["hidden"]:
        if place in here and when == period:
            measure = declared(name)
            hidden.setdefault((measure.name, here[place]), []).append((name, place, why))
    yield "POUR L’INTÉRIEUR : ne se diffuse pas, ne se cite pas."
    yield f"{area.labels['fr']}, {period}, diffusion {audience}"
    if not hidden:
        yield "Rien n’est masqué."
    for (table, level), cells in sorted(
        hidden.items(), key=lambda kv: (list(BY_NAME).index(kv[0][0]), LEVELS.index(kv[0][1]))
    ):
        measure, dataset = BY_NAME[table], rules.of(table)
        yield ""
        yield f"{measure.meaning}, {LEVEL[level]} ({table})"
        words = {code: text.format(threshold=dataset.threshold.get(audience, "")) for code, text in WHY.items()}
        whole = {why for _, _, why in cells}
        if whole == {"R11"}:
            yield f"  tout le tableau : {words['R11']} (plus de {dataset.hidden_share} %)"
        else:
            for name, place, why in cells:
                where = "" if place == area.code else f"{_name(place, areas)} : "
                yield (
                    f"  {where}{_codes(name, measure)} : {words[why]} ({why})"
                    if why in ("R1", "R2", "R6", "R11")
                    else f"  {where}{_codes(name, measure)} : {words[why]}"
                )
        instead = next(_instead(table, level, area, period, rules, tables), None)
        yield (
            f"  à lire à la place : {instead}"
            if instead
            else "  aucun tableau plus large ne l’imprime pour cette période"
        )


def _instead(table: str, level: str, area: Area, period: str, rules: Rules, tables: SafeTables) -> Iterator[str]:
    """The declared coarser tables that do print something for this report, in the declared order."""
    for other in rules.tables[table].falls_back:
        name, _, where = other.partition("@")
        where = where or level
        if LEVELS.index(where) < LEVELS.index(level) or (name == table and where == level):
            continue
        measure = BY_NAME[name]
        place = {"country": "mali", "area": area.code}.get(where)
        shown = [
            n
            for n in tables
            if n.table == name
            and n.period == period
            and n.is_shown
            and (n.place == place if place else n.place in _places(area))
        ]
        if shown:
            breakdown = key(measure.indicator, {d: "…" for d, _ in measure.dimensions})
            yield f"{measure.meaning}, {LEVEL[where]} ({breakdown})"
