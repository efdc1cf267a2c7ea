"""Names and codes of a file -> places of the gazetteer, or an error that says which rows and proposes a name."""

from __future__ import annotations

import pandas as pd

from ..errors import BadData
from ..places import LEVELS, Place, crosswalk, nearest, resolve
from ..sources.snapshots import Snapshot

# Areas of params/places.yml are made of cercles of this edition.
REPORTING_EDITION = "cod2015"


def rows_named(rows: list[int]) -> str:
    """« 3 ligne(s) : 4, 7, 12 », the first five by number."""
    return f"{len(rows)} ligne(s) : {', '.join(map(str, rows[:5]))}{'…' if len(rows) > 5 else ''}"


def check_region(df: pd.DataFrame, column: str, cercles: pd.Series, snapshot: Snapshot) -> None:
    """Raise BadData where a row's region is not the one that its cercle lies in, in either edition.

    Ménaka was a cercle of Gao and became a region: both are right. A blank region says nothing.
    """
    wrong = []
    for row, name, pcode in zip(df["row"], df[column], cercles, strict=True):
        if name is None or pcode is None:
            continue
        right = {pcode[:4], crosswalk()[Place(REPORTING_EDITION, pcode)].pcode[:4]}
        named = {place.pcode for edition in ("cod2015", "cod2021") if (place := resolve(name, edition, 1))}
        if not named & right:
            wrong.append(row)
    if wrong:
        raise BadData(
            f"{snapshot.source}/{snapshot.received} : la région n’est pas celle du cercle, {rows_named(wrong)}.",
            "Faites corriger l’une des deux colonnes par le partenaire.",
        )


def places_by_name(
    df: pd.DataFrame, column: str, snapshot: Snapshot, level: int, within: pd.Series | None = None
) -> pd.Series:
    """The P-code of each row's place, in the snapshot's edition; None where the name is blank.

    `within` holds a parent's P-code per row. Raises BadData for names that are neither known nor an alias:
    there is no fuzzy match, but the error proposes the nearest known name.
    """
    edition = snapshot.pcode_edition
    if level == 2 and edition and edition != REPORTING_EDITION:
        raise BadData(
            f"{snapshot.source}/{snapshot.received} : les cercles de l’édition {edition} ne sont pas ceux des zones ({REPORTING_EDITION}).",
            "Les deux éditions ne se croisent que par la table de passage : indiquez l’édition du fichier dans source.yml.",
        )
    parents = within if within is not None else pd.Series([None] * len(df), index=df.index)
    found: dict[tuple, str | None] = {}
    out, unknown = [], []
    for row, name, parent in zip(df["row"], df[column], parents, strict=True):
        if name is None:
            out.append(None)
            continue
        if (name, parent) not in found:
            place = resolve(name, edition, level, Place(edition, parent) if parent else None)
            found[name, parent] = place.pcode if place else None
        out.append(found[name, parent])
        if out[-1] is None:
            unknown.append((row, name))
    if unknown:
        rows = ", ".join(str(r) for r, _ in unknown[:5]) + ("…" if len(unknown) > 5 else "")
        hint = nearest(unknown[0][1], edition, level)
        raise BadData(
            f"{snapshot.source}/{snapshot.received} : {LEVELS[level]} inconnu(e) dans l’édition {edition}, "
            f"{len(unknown)} ligne(s) : {rows}.",
            f"{hint} Ajoutez un alias à la nomenclature si l’orthographe est admise.".strip(),
        )
    return pd.Series(out, index=df.index, dtype=object)
