"""Names and codes of a file -> places of the gazetteer, or an error that says which rows and proposes a name."""

from __future__ import annotations

import pandas as pd

from ..errors import BadData
from ..places import LEVELS, Place, nearest, resolve
from ..sources.snapshots import Snapshot


def places_by_name(
    df: pd.DataFrame, column: str, snapshot: Snapshot, level: int, within: pd.Series | None = None
) -> pd.Series:
    """The P-code of each row's place, in the snapshot's edition; None where the name is blank.

    `within` holds a parent's P-code per row. Raises BadData for names that are neither known nor an alias:
    there is no fuzzy match, but the error proposes the nearest known name.
    """
    edition = snapshot.pcode_edition
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
