"""The rows of a snapshot as the report counts them: which column says when, who, where, and which row it is."""

from __future__ import annotations

import re

import duckdb

from . import formats
from .files import ROW_COLUMN
from .formats import Column
from .reading import Reading
from .registry import Received

# The columns that say when: the first one that a source has gives the months that it covers.
WHEN = ("occurred_date", "month", "report_month", "reference_date", "issued_date", "start_date", "end_date")
# Drawn at random when a file is received: the same row has another one in the next file.
_DRAWN = "gbv_id"
_DATED = ("date", "month", "quarter")
_LEVEL = {"region": 1, "cercle": 2, "commune": 3}


class Rows:
    """The rows that entered, and what their columns stand for: which one says when, who sent, where, and which row it is."""

    def __init__(self, got: Received, fmt: formats.Format | None) -> None:
        self.table = got.table
        there = {r[0]: r[1] for r in got.con.execute(f"DESCRIBE {got.table}").fetchall()}
        declared = fmt.kept if fmt else ()
        # What identifies people is looked at once, at reception: nothing here counts it.
        kept = [c for c in declared if c.to in there and c.kind != "I" and c.to != fmt.consent]
        if not kept:
            kept = [Column(n, n, "date" if t == "DATE" else "text") for n, t in there.items() if n != "row"]
        self.columns: dict[str, Column] = {c.to or "": c for c in kept}
        self.fmt, self.says = fmt, fmt.table if fmt else ""
        self.when = self._when()
        named = [c for c in ("organisation", fmt.partner_column if fmt else "") if c in self.columns]
        self.partner = "" if not named or (fmt and fmt.per_partner) else named[0]
        self.places = {n: level for n in self.columns if (level := self._level(n)) is not None}
        key = tuple(fmt.key) if fmt else ()
        self.key = key if key and all(k in self.columns for k in key) else ()

    def _when(self) -> str:
        dated = [n for n, c in self.columns.items() if c.type in _DATED]
        return next((n for n in WHEN if n in dated), dated[0] if dated else "")

    def _level(self, name: str) -> int | None:
        """1 region, 2 cercle, 3 commune, 0 for a column that may hold any of them; None for no place."""
        if self.columns[name].type != "place":
            return None
        head, _, rest = name.partition("_")
        return _LEVEL.get(head, 0 if "pcode" in (head, rest) else None)

    def header(self, name: str) -> str:
        """A column as the file names it, without the group of the form; in full when two would be the same."""
        if name not in self.columns:
            return ""
        short = [_without_group(c.header) for c in self.columns.values()]
        bare = _without_group(self.columns[name].header)
        return bare if short.count(bare) == 1 else self.columns[name].header

    @property
    def period(self) -> str:
        """In SQL, the period of a row as text: `2017-06`, `2017-Q2`; NULL without a date."""
        if not self.when:
            return "NULL::VARCHAR"
        return f"strftime({self.when}, '%Y-%m')" if self.columns[self.when].type == "date" else self.when

    @property
    def spans(self) -> bool:
        """Whether a row lasts from a day to another: its first month says nothing of who reported when."""
        return self.when == "start_date" and "end_date" in self.columns

    @property
    def place_of_key(self) -> str:
        """The column of places, where there is one row per place and period."""
        if self.when not in self.key:
            return ""
        return next((k for k in reversed(self.key) if k in self.places), "")

    def key_of(self) -> str:
        """In SQL, one number for the key of a row; a place typed with another accent or hyphen is the same place."""
        folded = "trim(translate(lower(strip_accents({})), '-_.''’', '     '))"
        return f"hash({', '.join(folded.format(n) if n in self.places else n for n in self.key)})"

    def fingerprint(self, con: duckdb.DuckDBPyConnection, table: str, name: str, where: str = "true") -> None:
        """`name`: one line per row of `table`, with its key and its content as numbers, and its period.

        Two contents of one key get one number once in 2^64: rows by the million may be compared so.
        """
        said = ", ".join(name for name in self.columns if name != _DRAWN)
        # Two rows that say the same of two people are two; which is which does not matter.
        nth = f", dense_rank() OVER (PARTITION BY {said} ORDER BY {_DRAWN})" if _DRAWN in self.columns else ""
        content = f"hash({said}{nth})"
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT {self.key_of() if self.key else content} AS key, "
            f"{content} AS content, {self.period} AS period FROM {table} WHERE {where}"
        ).fetchall()


def _without_group(header: str) -> str:
    """`victimes/femmes` -> `femmes`; a header in words, such as « NOM ACTIVITE / PROJET », stays as it is."""
    return header.rsplit("/", 1)[-1] if re.fullmatch(r"\w+(/\w+)+", header) else header


def numbered(one: Reading, texts: str) -> str:
    """In SQL, some texts of every line of a file, and the number that Excel shows for it."""
    grid = one.grid
    line = f"CAST(c{grid.header.index(ROW_COLUMN)} AS BIGINT)" if ROW_COLUMN in grid.header else one.line
    return f"SELECT {line} AS line, {texts} FROM (SELECT row_number() OVER () - 1 AS n, * FROM {grid.sql})"
