"""Names and codes of a file -> places of the gazetteer, or an error that says which rows and proposes a name."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pandas as pd

from ..errors import BadData
from ..places import LEVELS, Place, ancestors, crosswalk, fold, nearest, reporting, resolve
from ..sources.files import put
from ..sources.snapshots import Snapshot

# Areas of params/places.yml are made of cercles of this edition.
REPORTING_EDITION = "cod2015"


def resolved(name: str, snapshot: Snapshot, level: int, within: str | None = None) -> str | None:
    """The P-code of a name in the snapshot's edition: a known name, an alias, or a spelling that somebody admitted."""
    edition = snapshot.pcode_edition
    place = resolve(name, edition, level, Place(edition, within) if within else None)
    if place is None:
        place = snapshot.decisions.aliases.get((edition, level, fold(name)))
        if place and within and Place(edition, within) not in ancestors(place):
            place = None
    return place.pcode if place else None


def _regions(pcode: str, edition: str) -> set[str]:
    """The region codes that are right for a cercle, in either edition. Ménaka was a cercle of Gao and became a region."""
    here = Place(edition, pcode)
    there = crosswalk().get(here) if edition == REPORTING_EDITION else reporting(here)
    return {pcode[:4], *({there.pcode[:4]} if there else ())}


def _is_right_region(name: str, pcode: str, snapshot: Snapshot) -> bool:
    editions = {"cod2015", "cod2021", snapshot.pcode_edition}
    named = {place.pcode for edition in editions if (place := resolve(name, edition, 1))}
    admitted = snapshot.decisions.aliases.get((snapshot.pcode_edition, 1, fold(name)))
    return bool((named | ({admitted.pcode} if admitted else set())) & _regions(pcode, snapshot.pcode_edition))


def _wrong_region(snapshot: Snapshot, rows: list[int], count: int) -> BadData:
    return BadData(
        f"{snapshot.label} : la région n’est pas celle du cercle, {snapshot.rows_named(rows, count)}.",
        "Faites corriger l’une des deux colonnes par le partenaire.",
    )


def _unknown(snapshot: Snapshot, level: int, first: str, rows: list[int], count: int) -> BadData:
    hint = nearest(first, snapshot.pcode_edition, level)
    return BadData(
        f"{snapshot.label} : {LEVELS[level]} inconnu(e) dans l’édition {snapshot.pcode_edition or '(non dite)'}, "
        f"{snapshot.rows_named(rows, count)}.",
        f"{hint} Si la graphie est admise, ajoutez-la à params/aliases.csv.".strip(),
    )


def check_region(df: pd.DataFrame, column: str, cercles: pd.Series, snapshot: Snapshot) -> None:
    """Raise BadData where a row's region is not the one that its cercle lies in, in either edition. Blank says nothing."""
    wrong = [
        row
        for row, name, pcode in zip(df["row"], df[column], cercles, strict=True)
        if name is not None and pcode is not None and not _is_right_region(name, pcode, snapshot)
    ]
    if wrong:
        raise _wrong_region(snapshot, wrong, len(wrong))


def places_by_name(
    df: pd.DataFrame, column: str, snapshot: Snapshot, level: int, within: pd.Series | None = None
) -> pd.Series:
    """The P-code of each row's place, in the snapshot's edition; None where the name is blank.

    `within` holds a parent's P-code per row. Raises BadData for names that are neither known nor admitted:
    there is no fuzzy match, but the error proposes the nearest known name.
    """
    parents = within if within is not None else pd.Series([None] * len(df), index=df.index)
    found: dict[tuple, str | None] = {}
    out, unknown = [], []
    for row, name, parent in zip(df["row"], df[column], parents, strict=True):
        if name is None:
            out.append(None)
            continue
        if (name, parent) not in found:
            found[name, parent] = resolved(name, snapshot, level, parent)
        out.append(found[name, parent])
        if out[-1] is None:
            unknown.append((row, name))
    if unknown:
        raise _unknown(snapshot, level, unknown[0][1], [r for r, _ in unknown], len(unknown))
    return pd.Series(out, index=df.index, dtype=object)


def find_places(
    con: duckdb.DuckDBPyConnection,
    table: str,
    snapshot: Snapshot,
    columns: Sequence[tuple[str, int, str, str | None]],
    *,
    region: str = "",
) -> None:
    """The different names of `table` with their P-codes, as the table `places_found`; each name is resolved once.

    `columns` holds (column of names, level, column to add, column already added that names the parent). `region` is
    a column of region names to hold against the first place. Raises BadData as `places_by_name` does.
    """
    names = [c for c, *_ in columns] + ([region] if region else [])
    listed = ", ".join(names)
    found = con.execute(f"SELECT {listed}, count(*), min(row, 5) FROM {table} GROUP BY ALL").fetchall()
    resolved_rows, unknown, wrong = [], {level: [] for _, level, *_ in columns}, []
    for *values, count, rows in found:
        given = dict(zip(names, values, strict=True))
        codes: dict[str, str | None] = {}
        for column, level, to, parent in columns:
            name = given[column]
            codes[to] = None if name is None else resolved(name, snapshot, level, codes[parent] if parent else None)
            if name is not None and codes[to] is None and (parent is None or codes[parent]):
                unknown[level].append((min(rows), name, rows, count))
        first = columns[0][2]
        if (
            region
            and given[region] is not None
            and codes[first]
            and not _is_right_region(given[region], codes[first], snapshot)
        ):
            wrong += [(rows, count)]
        resolved_rows.append((*values, *codes.values()))
    for level, several in unknown.items():
        if several:
            several.sort()
            rows = sorted(r for _, _, some, _ in several for r in some)
            raise _unknown(snapshot, level, several[0][1], rows, sum(n for *_, n in several))
    if wrong:
        raise _wrong_region(snapshot, sorted(r for some, _ in wrong for r in some), sum(n for _, n in wrong))
    added = [to for _, _, to, _ in columns]
    df = pd.DataFrame(resolved_rows, columns=[*names, *added], dtype=object)
    put(con, df, "places_found", ", ".join(f"{n}::VARCHAR AS {n}" for n in [*names, *added]))


def same_names(names: Sequence[str], rows: str, found: str) -> str:
    """The condition that joins `rows` with `found`, a name of `places_found`: a blank is a name like another."""
    return " AND ".join(f"{found}.{n} IS NOT DISTINCT FROM {rows}.{n}" for n in names)
