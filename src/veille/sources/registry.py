"""Which sources exist, how each is read, and the canonical table that it feeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from ..errors import BadData, UnknownName
from . import files, formats, published, reading
from .formats import Format
from .reading import Fault, Reading
from .snapshots import PER_FILE, RawFile, Snapshot, verify


@dataclass(frozen=True)
class Source:
    """One format received. `read`, where it is given, takes a path and returns the rows of a file that is no table."""

    name: str
    table: str
    read: Callable[[Path], pd.DataFrame] | None = None

    @property
    def format(self) -> Format:
        """Its declared columns. For a source that is no table, there is none."""
        return formats.declared(self.name)


Say = Callable[[str], None]

_OWN = (
    Source("reference_figures", "published_figures", published.read_figures),
    Source("gbv_published", "published_figures", published.read_gbv_totals),
)
SOURCES = {name: Source(name, formats.declared(name).table) for name in formats.names()} | {s.name: s for s in _OWN}


@dataclass(frozen=True)
class Received:
    """All rows of a snapshot that enter, as the table `table` of `con`; and what did not, by rule.

    `read` = `kept` + rows refused + `without_consent`. Rows carry their number in their file as `row`, those of the nth
    file (from 0) after n times `PER_FILE`.
    """

    con: duckdb.DuckDBPyConnection
    snapshot: Snapshot
    table: str
    read: int
    kept: int
    refused: tuple[Fault, ...]
    set_aside: tuple[Fault, ...]
    without_consent: int
    readings: tuple[Reading, ...] = ()

    def frame(self) -> pd.DataFrame:
        """The rows as plain Python values; for sources whose files are small."""
        return reading.frame(self.con, self.table)


def find(name: str) -> Source:
    """One source. Raises UnknownName with the nearest name otherwise."""
    if name not in SOURCES:
        raise UnknownName("Source", name, SOURCES, feminine=True)
    return SOURCES[name]


def _own(con: duckdb.DuckDBPyConnection, source: Source, file: RawFile, name: str) -> tuple[int, str]:
    df = source.read(file.path)
    files.put(con, df, name)
    return len(df), name


def receive(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, name: str = "received", say: Say = lambda line: None
) -> Received:
    """Read every file of a snapshot into the table `name` of `con`, without asking what its papers announce."""
    source = SOURCES[snapshot.source]
    if source.read:
        parts = [_own(con, source, file, f"{name}_{i}") for i, file in enumerate(snapshot.files)]
        total = sum(n for n, _ in parts)
        con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL '.join(f'FROM {t}' for _, t in parts)}")
        return Received(con, snapshot, name, total, total, (), (), 0)
    corrections = snapshot.decisions.of(snapshot.source, snapshot.received)
    readings = []
    for i, file in enumerate(snapshot.files):
        say(f"Lecture de {file.path.name}…")
        fmt, until = source.format, snapshot.received
        readings.append(reading.read(con, file.path, fmt, until=until, name=f"{name}_{i}", corrections=corrections))
    reading.all_found(readings, corrections)
    # `row`, and `n` beside it, tells rows apart when several files are one snapshot.
    rows = " UNION ALL ".join(
        f"SELECT * REPLACE (row + {i * PER_FILE} AS row), row + {i * PER_FILE} AS n FROM {r.table}"
        for i, r in enumerate(readings)
    )
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {rows}")
    return Received(
        con,
        snapshot,
        name,
        sum(r.read for r in readings),
        sum(r.kept for r in readings),
        tuple(_of_file(f, r, readings) for r in readings for f in r.refused),
        tuple(_of_file(f, r, readings) for r in readings for f in r.set_aside),
        sum(r.without_consent for r in readings),
        tuple(readings),
    )


def _of_file(fault: Fault, one: Reading, several: Sequence[Reading]) -> Fault:
    return replace(fault, file=one.path.name) if len(several) > 1 else fault


def by_file(faults: Iterable[Fault], snapshot: Snapshot) -> tuple[Fault, ...]:
    """Faults of the rows of a snapshot, each of one file, whose rows are numbered as in that file."""
    out = []
    for fault in faults:
        rows: dict[int, list[int]] = {}
        for row in fault.rows:
            rows.setdefault(row // PER_FILE, []).append(row % PER_FILE)
        for n, mine in rows.items():
            name = snapshot.files[n].path.name if len(snapshot.files) > 1 else ""
            out.append(replace(fault, count=len(mine), rows=tuple(mine[: reading.SHOWN]), file=name))
    return tuple(out)


def read(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, name: str = "received") -> Received:
    """All rows of a snapshot, checked against its papers.

    Raises BadData when the source is unknown, a file changed since it was received, or its rows are not those
    that the papers announce.
    """
    if snapshot.source not in SOURCES:
        raise BadData(f"{snapshot.source} : source inconnue.", f"Sources lues : {', '.join(sorted(SOURCES))}.")
    verify(snapshot)
    got = receive(con, snapshot, name)
    for file, one in zip(snapshot.files, got.readings, strict=False):
        found = one.read - one.without_consent
        if found != file.rows:
            raise BadData(
                f"{snapshot.label}/{file.path.name} : {found} lignes lues, {file.rows} annoncées.",
                "Vérifiez source.yml et le fichier reçu.",
            )
        if one.read - one.without_consent - one.kept > file.refused:
            first = one.refused[0]
            raise BadData(
                f"{snapshot.label}/{one.where}, {first.words}, {reading.rows_named(first.rows, first.count)}.",
                first.expected,
            )
    if not got.readings and got.read != sum(f.rows for f in snapshot.files):
        raise BadData(
            f"{snapshot.label} : {got.read} lignes lues, {sum(f.rows for f in snapshot.files)} annoncées.",
            "Vérifiez source.yml et le fichier reçu.",
        )
    return got
