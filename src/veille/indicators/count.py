"""Count every declared table with DuckDB: one query each, zeros only where coverage says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path

import duckdb
import pandas as pd

from ..codes import code_list
from ..disclosure import rules
from ..disclosure.rules import Table
from ..disclosure.safe import Address
from ..places import gazetteer, memberships
from ..sources.files import put
from ..sources.reading import connection
from ..strategy import computed, values
from ..strategy.frames import every_indicator
from ..tables.built import store
from ..tables.contracts import CONTRACTS
from . import gbv
from .registry import MEASURES, Measure, key

CUBE_COLUMNS = ["table", "key", "place", "level", "period", "value", "unit", "status", "is_partial_zero"]


def _prepare(con: duckdb.DuckDBPyConnection, params: Path) -> None:
    """What queries use beside the canonical tables: places and their leaves, communes, what was covered."""
    members = pd.DataFrame(memberships(params), columns=["place", "level", "edition", "pcode", "cercle"], dtype=object)
    communes = pd.DataFrame(
        [(n.place.edition, n.parent.pcode, n.place.pcode) for n in gazetteer().values() if n.level == 3],
        columns=["edition", "pcode", "commune_pcode"],
        dtype=object,
    )
    for name, df in (("members", members), ("communes", communes)):
        put(con, df, name)
    # The cercle of cod2015 that a code of any edition lies in: the only way in which two sources are compared.
    con.execute(
        "CREATE OR REPLACE TEMP TABLE cercles AS SELECT DISTINCT edition, pcode, cercle FROM members WHERE cercle <> ''"
    )
    con.execute(
        "CREATE OR REPLACE TEMP VIEW covered AS SELECT month, edition, pcode, has_rows FROM coverage WHERE is_covered"
    )
    con.execute("CREATE OR REPLACE TEMP VIEW months AS SELECT DISTINCT month FROM coverage")
    con.execute(
        "CREATE OR REPLACE TEMP VIEW whole_years AS SELECT substr(month, 1, 4) AS year FROM (SELECT DISTINCT month FROM covered)\n"
        "GROUP BY ALL HAVING count(*) = 12"
    )
    put(
        con,
        pd.DataFrame(_people(con), columns=["period", "indicator", "value"], dtype=object),
        "strategy_people",
        "period::VARCHAR AS period, indicator::VARCHAR AS indicator, value::BIGINT AS value",
    )
    con.execute(
        # Where the forms of a month and cercle were received, its printed count says the same thing a second time.
        "CREATE OR REPLACE TEMP VIEW incident_totals AS SELECT month, edition, pcode, verification_class, incidents FROM incident_counts "
        "JOIN cercles USING (edition, pcode) ANTI JOIN "
        "(SELECT month, cercle FROM covered JOIN cercles USING (edition, pcode) WHERE has_rows) USING (month, cercle) "
        "UNION ALL BY NAME SELECT month, edition, pcode, verification_class, count(*) AS incidents FROM incidents GROUP BY ALL"
    )
    for statement in gbv.views():
        con.execute(statement)


def strategy(con: duckdb.DuckDBPyConnection) -> list[values.Given]:
    """Values of the indicators of the frames: those received, and those that veille counts in the tables of `con`."""
    received = values.of_rows(con.execute("FROM indicator_values ORDER BY ALL").df())
    return computed.instead(received, computed.from_tables(con))


def _people(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """What counts people who were harmed or are at risk, by year: (year, indicator, value)."""
    given = strategy(con)
    years = sorted({g.period.year for g in given})
    return [
        (str(year), one.code, int(found.value))
        for year in years
        for one in every_indicator().values()
        if one.people
        and one.unit == "number"
        and (found := values.over(one, "", given, date(year, 1, 1), date(year, 12, 31))).value is not None
    ]


def _grid(con: duckdb.DuckDBPyConnection) -> dict[str, dict[tuple[str, str], bool]]:
    """For each kind of grid: (place, month) that reported -> whether every cercle of the place did."""
    query = (
        "SELECT m.place, m.month, count(*) AS n, bool_and(m.rows) AS rows,\n"
        "       (SELECT count(DISTINCT k.cercle) FROM members k WHERE k.place = m.place AND k.cercle <> '') AS leaves\n"
        "FROM (SELECT place, month, cercle, bool_or(has_rows) AS rows FROM covered JOIN members USING (edition, pcode) GROUP BY ALL) m\n"
        "GROUP BY ALL"
    )
    counts, rows = {}, {}
    for place, month, n, has_rows, leaves in con.execute(query).fetchall():
        counts[place, month] = n == leaves
        if has_rows:
            rows[place, month] = n == leaves
    return {"counts": counts, "rows": rows, "": {}}


def _status(key_: str, verified: int | None, period: str, told: set[str]) -> str:
    """What the page may say of a number's verification.

    Not how many of these very incidents are verified: that would tell, cell by cell, where the unverified ones are.
    Forms hold verified and unverified incidents together (`mixed`); a printed table says nothing (`unverified`).
    """
    found = next((part.partition("=")[2] for part in key_.split(".") if part.startswith("verification=")), "")
    if found:
        return found
    return "mixed" if verified is not None and period in told else "unverified"


def _cells(
    con: duckdb.DuckDBPyConnection,
    measure: Measure,
    levels: dict[str, str],
    declared: Table,
    grid: dict[tuple[str, str], bool],
    told: set[str],
) -> list[tuple]:
    names = [name for name, _ in measure.dimensions]
    found: dict[tuple, tuple[int, int | None]] = {}
    for place, period, codes, _, value, verified in _rows(con, measure, levels, declared):
        before, sure = found.get((place, period, codes), (0, None))
        found[place, period, codes] = (before + value, sure if verified is None else (sure or 0) + verified)
    out = []
    combinations = list(product(*(code_list(codes) for _, codes in measure.dimensions)))
    for place, period in {(p, t): None for p, t, _ in found} if measure.grid == "own" else grid:
        if not declared.exists(levels[place], period):
            continue
        for codes in combinations:
            found.setdefault((place, period, codes), (0, 0))
    for (place, period, codes), (value, verified) in found.items():
        name = key(measure.indicator, dict(zip(names, codes, strict=True)))
        out.append(
            (
                measure.name,
                name,
                place,
                levels[place],
                period,
                value,
                measure.unit,
                _status(name, verified, period, told),
                value == 0
                and (bool(codes) or measure.grid == "rows")
                and measure.grid != "own"
                and not grid.get((place, period), not measure.grid),
            )
        )
    return out


def _rows(
    con: duckdb.DuckDBPyConnection, measure: Measure, levels: dict[str, str], declared: Table
) -> Iterator[tuple[str, str, tuple, str, int, int | None]]:
    """What the query of a table gives where it exists: place, period, codes, organisation (or ""), value, verified."""
    for row in con.execute(measure.sql).fetchall():
        place, period, *codes, value, verified = row
        organisation = codes.pop() if measure.by_organisation else ""
        if declared.exists(levels[place], period) and value is not None:
            yield place, period, tuple(codes), organisation, int(value), None if verified is None else int(verified)


def contributions(con: duckdb.DuckDBPyConnection, params: Path) -> dict[Address, dict[str, int]]:
    """What each organisation gave to each cell of the tables that are counted by organisation (R2, insiders).

    Restricted: never printed, and never kept. `con` is one that `count` has counted.
    """
    levels = dict(con.execute("SELECT DISTINCT place, level FROM members").fetchall())
    tables = rules.load(params).tables
    out: dict[Address, dict[str, int]] = {}
    for measure in MEASURES:
        if not measure.by_organisation:
            continue
        names = [name for name, _ in measure.dimensions]
        for place, period, codes, organisation, value, _ in _rows(con, measure, levels, tables[measure.name]):
            gave = out.setdefault((key(measure.indicator, dict(zip(names, codes, strict=True))), place, period), {})
            gave[organisation] = gave.get(organisation, 0) + value
    return out


def cubes(tables: dict[str, pd.DataFrame], params: Path) -> pd.DataFrame:
    """The same as `count`, from frames."""
    with connection() as con:
        for name in CONTRACTS:
            store(con, name, tables[name], name)
        return count(con, params)


def count(con: duckdb.DuckDBPyConnection, params: Path) -> pd.DataFrame:
    """All declared counts of the canonical tables of `con`, columns `CUBE_COLUMNS`, one row per (key, place, period).

    Restricted: nothing is withheld yet. A cell that is absent was not received; `is_partial_zero` marks a
    zero (but for the plain total of incidents) where some cercle of the place did not report, which R6 does not let be printed. Counts are incidents, people, cases …: the unit says which.
    """
    _prepare(con, params)
    levels = dict(con.execute("SELECT DISTINCT place, level FROM members").fetchall())
    grids = _grid(con)
    told = {month for (month,) in con.execute("SELECT DISTINCT month FROM incidents").fetchall()}
    told |= {month[:4] for month in told}
    tables = rules.load(params).tables
    rows = [
        cell
        for measure in MEASURES
        for cell in _cells(con, measure, levels, tables[measure.name], grids.get(measure.grid, {}), told)
    ]
    df = pd.DataFrame(rows, columns=CUBE_COLUMNS)
    return df.sort_values(["table", "key", "place", "period"], kind="stable", ignore_index=True)
