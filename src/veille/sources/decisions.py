"""What people decided about data received: spellings of places that are admitted, and corrections of single cells.

Both are read here, belong to the data version, and never change a file received.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from ..errors import BadData
from ..places import Place, fold, gazetteer

ALIASES, CORRECTIONS = "aliases.csv", "corrections.yml"
ALIAS_COLUMNS = ["edition", "niveau", "graphie", "pcode", "par", "le"]


@dataclass(frozen=True)
class Correction:
    """One cell of one row, wrong in every file received from `received` on (until `until`, when the source mended it)."""

    source: str
    key: tuple[tuple[str, str], ...]
    column: str
    was: str
    becomes: str
    reason: str
    by: str
    received: date
    until: date | None
    position: int

    def holds(self, received: date) -> bool:
        """Whether it applies to what was received on that day."""
        return self.received <= received and (self.until is None or received < self.until)


@dataclass(frozen=True)
class Decisions:
    """The admitted spellings, (edition, level, folded name) -> place, and the corrections; `digest` of both files."""

    aliases: dict[tuple[str, int, str], Place]
    corrections: tuple[Correction, ...]
    digest: str

    def of(self, source: str, received: date) -> tuple[Correction, ...]:
        """The corrections that apply to one snapshot."""
        return tuple(c for c in self.corrections if c.source == source and c.holds(received))


NOTHING = Decisions({}, (), "")


def _aliases(path: Path) -> dict[tuple[str, int, str], Place]:
    if not path.is_file():
        return {}
    where = f"params/{ALIASES}"
    try:
        text = path.read_text(encoding="utf-8-sig")
        delimiter = ";" if ";" in text.partition("\n")[0] else ","
        reader = csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadData(f"{where} : fichier illisible.", "Enregistrez-le en « CSV UTF-8 ».") from None
    found: dict[tuple[str, int, str], Place] = {}
    for number, row in rows:
        if list(row) != ALIAS_COLUMNS or None in row.values():
            raise BadData(f"{where}, ligne {number} : colonnes attendues : {', '.join(ALIAS_COLUMNS)}.", "Corrigez-la.")
        place = Place(row["edition"].strip(), row["pcode"].strip())
        named = gazetteer().get(place)
        if named is None or str(named.level) != row["niveau"].strip():
            raise BadData(
                f"{where}, ligne {number} : ce P-code n’existe pas à ce niveau dans cette édition.",
                "Niveaux : 1 région, 2 cercle, 3 commune.",
            )
        if not row["par"].strip() or not row["graphie"].strip():
            raise BadData(f"{where}, ligne {number} : il manque la graphie, ou qui l’admet (par).", "Complétez-la.")
        key = (place.edition, named.level, fold(row["graphie"]))
        if found.setdefault(key, place) != place:
            raise BadData(
                f"{where}, ligne {number} : cette graphie désigne déjà un autre lieu.", "Gardez une des deux."
            )
    return found


_NEEDED = ("source", "key", "column", "from", "to", "reason", "by", "received")


def _corrections(path: Path) -> tuple[Correction, ...]:
    if not path.is_file():
        return ()
    where = f"params/{CORRECTIONS}"
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise BadData(f"{where} : YAML illisible.", "Vérifiez l’indentation et les guillemets.") from None
    if not isinstance(given, list):
        raise BadData(f"{where} : une liste de corrections est attendue.", "Chaque correction commence par un tiret.")
    out = []
    for position, entry in enumerate(given, start=1):
        missing = [n for n in _NEEDED if not isinstance(entry, dict) or entry.get(n) in (None, "", {})]
        if isinstance(entry, dict) and "from" in entry:
            missing = [n for n in missing if n not in ("from", "to")]  # a blank cell may be filled, or a cell emptied
        if missing:
            raise BadData(f"{where}, correction {position} : il manque {', '.join(missing)}.", "Complétez-la.")
        try:
            until = entry.get("until")
            out.append(
                Correction(
                    str(entry["source"]),
                    tuple((str(k), str(v)) for k, v in entry["key"].items()),
                    str(entry["column"]),
                    "" if entry["from"] is None else str(entry["from"]),
                    "" if entry.get("to") is None else str(entry["to"]),
                    str(entry["reason"]),
                    str(entry["by"]),
                    date.fromisoformat(str(entry["received"])),
                    date.fromisoformat(str(until)) if until else None,
                    position,
                )
            )
        except (ValueError, AttributeError):
            raise BadData(
                f"{where}, correction {position} : `key` est une liste de colonnes et de valeurs, `received` et `until` des jours.",
                "Exemple : key: {_uuid: …}, received: 2017-07-05.",
            ) from None
    return tuple(out)


def load(params: Path) -> Decisions:
    """What was decided in one installation. Raises BadData for a file that cannot be used, by line or position."""
    digest = hashlib.sha256()
    for name in (ALIASES, CORRECTIONS):
        path = params / name
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return Decisions(_aliases(params / ALIASES), _corrections(params / CORRECTIONS), digest.hexdigest())
