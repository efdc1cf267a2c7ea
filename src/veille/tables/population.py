"""COD-PS tables -> population by country, region and cercle, each the sum of what lies in it."""

from __future__ import annotations

import pandas as pd

from ..errors import BadData
from ..places import Place, ancestors
from ..sources.registry import Received
from ..sources.snapshots import Snapshot
from . import harmonise
from .built import Built

_SEXES = ("female_people", "male_people")
_COUNTS = (*_SEXES, "people")


def _wrong(snapshot: Snapshot, what: str, rows: list[int]) -> BadData:
    return BadData(
        f"{snapshot.label} : {what} (édition {snapshot.pcode_edition}), {snapshot.rows_named(sorted(rows))}.",
        "Vérifiez l’édition des P-codes (--edition), ou redemandez les fichiers d’origine.",
    )


def _placed(df: pd.DataFrame, name: str, code: str, level: int, snapshot: Snapshot) -> pd.Series:
    """The P-code of each row's name. Raises BadData where the file gives another code beside it."""
    found = harmonise.places_by_name(df, name, snapshot, level)
    rows = [
        row
        for row, one, given in zip(df["row"], found, df[code], strict=True)
        if one is not None and given is not None and one != given
    ]
    if rows:
        raise _wrong(snapshot, "le code n’est pas celui du nom", rows)
    return found


def _check_sums(rows: pd.DataFrame, snapshot: Snapshot) -> None:
    """Raise BadData where a place is not the sum of the places that lie in it, for the levels that were sent.

    Totals must agree to the unit. Women and men were rounded one by one: they may differ by one for each part.
    """
    for level in (0, 1):
        parts = rows[rows["level"] == level + 1].groupby("parent")[list(_COUNTS)]
        whole = rows[rows["level"] == level].set_index("pcode")
        if not len(whole) or not len(parts):
            continue
        apart = parts.sum().reindex(whole.index, fill_value=0) - whole[list(_COUNTS)]
        allowed = parts.size().reindex(whole.index, fill_value=0)
        wrong = (apart["people"] != 0) | (apart[list(_SEXES)].abs().max(axis=1) > allowed)
        if wrong.any():
            raise _wrong(snapshot, "un lieu n’est pas la somme de ceux qu’il contient", list(whole["row"][wrong]))


def build(received: Received, snapshot: Snapshot) -> Built:
    """One row per place: cercles, regions and the country, told by the most precise name that a row gives.

    The year is that of the format: the files do not write it. Raises BadData where a code is not that of its name, women and
    men do not make the total, or a place is not the sum of its parts.
    """
    df = received.frame()
    regions = _placed(df, "region_name", "region_pcode", 1, snapshot)
    cercles = _placed(df, "cercle_name", "cercle_pcode", 2, snapshot)
    inside = {c: ancestors(Place(snapshot.pcode_edition, c))[0].pcode for c in set(cercles.dropna())}
    astray = [r for r, c, p in zip(df["row"], cercles, regions, strict=True) if c is not None and inside[c] != p]
    if astray:
        raise _wrong(snapshot, "le cercle n’est pas dans sa région", astray)
    level = regions.notna().astype(int) + cercles.notna().astype(int)
    pcode = cercles.fillna(regions).fillna(df["country_code"])
    parent = regions.where(level == 2, df["country_code"])
    counts = df[list(_COUNTS)].astype("Int64")
    rows = counts.assign(row=df["row"], level=level, pcode=pcode, parent=parent)
    unequal = rows[rows["female_people"] + rows["male_people"] != rows["people"]]
    if len(unequal):
        raise _wrong(snapshot, "les deux sexes ne font pas le total", list(unequal["row"]))
    _check_sums(rows, snapshot)
    table = pd.DataFrame(
        {
            "reference_year": int(received.readings[0].format.extras["year"]),
            "edition": snapshot.pcode_edition,
            "pcode": pcode,
            **counts,
        }
    ).astype({"reference_year": "Int64"})
    return Built({"population": table})
