"""What a builder gives back: its canonical tables, the rows that do not count and why, the rows that it refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import pandas as pd

from ..errors import BadData
from ..schemas.definitions import tables
from ..sources.files import put
from ..sources.reading import Fault
from ..sources.snapshots import Snapshot
from .contracts import dtype

Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Built:
    """Canonical tables (frames, or names of DuckDB tables); `left_out` and `refused` complete the balance of rows.

    `set_aside`: cells that were left blank because the rest of their row contradicts them; their rows count.
    """

    tables: Mapping[str, pd.DataFrame | str]
    left_out: dict[str, int] = field(default_factory=dict)
    refused: tuple[Fault, ...] = ()
    set_aside: tuple[Fault, ...] = ()


def iso(values: pd.Series) -> list[str | None]:
    """Days as canonical tables write them: 2017-06-14; None for a blank."""
    return [None if v is None else v.isoformat() for v in values]


_KINDS = {"Int64": "BIGINT", "boolean": "BOOLEAN", "bool": "BOOLEAN", "float64": "DOUBLE"}


def store(con: duckdb.DuckDBPyConnection, name: str, df: pd.DataFrame, table: str, extra: str = "") -> None:
    """A frame of canonical rows as the DuckDB table `table`, with the types of the contract `name`.

    `extra` is the SQL of a column beside those of the contract.
    """
    kinds = {c: _KINDS.get(dtype(s), "VARCHAR") for c, s in tables()[name].kept.items()}
    if df.empty and not extra and set(kinds) <= set(df.columns):
        # Nothing to hand over: most tables of a version are empty, and a frame costs four times as much.
        nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{c}"' for c, kind in kinds.items())
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {nothing} WHERE false").fetchall()
        return
    columns = [f'CAST("{c}" AS {kind}) AS "{c}"' for c, kind in kinds.items()]
    put(con, df, table, ", ".join([*columns, extra] if extra else columns))


def find_faulty(
    con: duckdb.DuckDBPyConnection, rows: str, rules: Mapping[str, str], columns: Mapping[str, str] | None = None
) -> tuple[Fault, ...]:
    """The rows that break a rule, as the table `faulty` (n), counted by the first rule that each breaks.

    `rules` maps what is said to the SQL that is true of the rows that break it, `columns` to the header of the cell to
    look at; `n` tells one row of `rows` from another.
    """
    tests = [f"coalesce({sql}, false)" for sql in rules.values()] or ["false"]
    first = " ".join(f"WHEN {test} THEN {i}" for i, test in enumerate(tests))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE judged AS SELECT n, row, CASE {first} END AS rule FROM {rows} WHERE {' OR '.join(tests)}"
    )
    con.execute("CREATE OR REPLACE TEMP TABLE faulty AS SELECT n FROM judged")
    faults = []
    for i, said in enumerate(rules):
        found = [r[0] for r in con.execute(f"SELECT row FROM judged WHERE rule = {i} ORDER BY n").fetchall()]
        if found:
            faults.append(Fault(said, (columns or {}).get(said, ""), "", len(found), tuple(found)))
    return tuple(faults)


def refuse_rows(
    con: duckdb.DuckDBPyConnection,
    table: str,
    good: str,
    rules: Mapping[str, str],
    columns: Mapping[str, str] | None = None,
) -> tuple[Fault, ...]:
    """The rows of `table` that break no rule, as the table `good`; the others counted by the first rule they break."""
    faults = find_faulty(con, table, rules, columns)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {good} AS SELECT * EXCLUDE (n) FROM {table} ANTI JOIN faulty USING (n)")
    return faults


def check_keys(name: str, rows: pd.DataFrame, numbers: Sequence[int], snapshot: Snapshot) -> None:
    """Raise BadData where several rows of the table `name` have one key: one of them is wrong, and nobody can tell which.

    `numbers`: the row of its file that each was made of.
    """
    owner = tables()[name]
    key = list(owner.key)
    if not key:
        return
    twice = rows.duplicated(key, keep=False) & rows[key].notna().all(axis=1)
    if twice.any():
        labels = ", ".join(owner.columns[c].label.fr for c in key)
        found = sorted(int(n) for n, is_twice in zip(numbers, twice, strict=True) if is_twice)
        raise BadData(
            f"{snapshot.label} : clé répétée ({labels}), {snapshot.rows_named(found)}.",
            "Une seule ligne est attendue pour chacune : gardez la bonne, ou corrigez l’autre.",
        )
