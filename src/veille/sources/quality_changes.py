"""A snapshot against the one before it in its series: which rows are new, changed, gone; and whether history is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import duckdb

from ..errors import BadData
from ..places import fold
from ..project import Project
from . import reading, registry, snapshots
from .quality_facts import FEW_ROWS, Change, Comparison, by_partner, period_of, shown_partner
from .quality_rows import Rows, numbered
from .registry import Received
from .snapshots import Snapshot


def earlier(project: Project, snapshot: Snapshot) -> list[Snapshot]:
    """The snapshots of the same series that were received before this one, oldest first."""
    return [
        s
        for s in snapshots.received(project, snapshot.nature)
        if s.stream == snapshot.stream and s.received < snapshot.received
    ]


def compared(got: Received, rows: Rows, before: Sequence[Snapshot]) -> tuple[Comparison | None, bool]:
    """What became of the rows of the snapshot before; and whether it is there but cannot be read any more.

    Where each file holds only its own periods, the rows before are those of the newest file that spoke of them.
    """
    if not before:
        return None, False
    con, by = got.con, rows.fmt.newest_by if rows.fmt else ""
    sent: Counter[str] = Counter()
    compared_to: date | None = None
    con.execute("CREATE OR REPLACE TEMP TABLE quality_before AS FROM quality_now LIMIT 0").fetchall()
    con.execute("CREATE OR REPLACE TEMP TABLE quality_spoken (spoken VARCHAR)").fetchall()
    of_these = (
        f"{by}::VARCHAR NOT IN (FROM quality_spoken) AND {by} IN (SELECT {by} FROM {rows.table})" if by else "true"
    )
    try:
        for snapshot in reversed(before) if by else before[-1:]:
            table = registry.read(con, snapshot, name="quality_read").table
            rows.fingerprint(con, table, "quality_part", of_these)
            (count,) = con.execute("INSERT INTO quality_before FROM quality_part").fetchone()
            compared_to = compared_to or (snapshot.received if count else None)
            if by:
                spoken = f"SELECT DISTINCT {by}::VARCHAR FROM {table} WHERE {by} IS NOT NULL"
                con.execute(f"INSERT INTO quality_spoken {spoken}").fetchall()
            elif rows.partner:
                found = con.execute(f"SELECT {rows.partner}, count(*) FROM {table} GROUP BY 1").fetchall()
                sent.update(dict(found))
    except BadData:
        return None, True
    if compared_to is None:
        return None, False
    _keys_refused(got, rows)
    return _comparison(got, rows, compared_to, sent), False


_AS_TEXT = ("text", "place", "month", "quarter")  # what these columns hold is what their cells say


def _keys_refused(got: Received, rows: Rows) -> None:
    """The table `quality_refused`: keys of the rows that are in a file but do not enter, so that they are not missed.

    Never where rows need consent: what has no consent does not enter either, and is not to be told.
    """
    got.con.execute("CREATE OR REPLACE TEMP TABLE quality_refused (key UBIGINT)").fetchall()
    is_told = rows.key and not rows.fmt.consent and all(rows.columns[k].type in _AS_TEXT for k in rows.key)
    for one in got.readings if is_told else ():
        at = reading.check_header(one.grid, one.format)
        headers = {k: rows.columns[k].header for k in rows.key}
        if not one.refused or not set(headers.values()) <= set(at):
            continue
        texts = ", ".join(f"{reading.clean(f'c{at[h]}')} AS {k}" for k, h in headers.items())
        got.con.execute(
            f"INSERT INTO quality_refused SELECT DISTINCT {rows.key_of()} "
            f"FROM ({numbered(one, texts)}) WHERE line NOT IN (SELECT row FROM {one.table})"
        ).fetchall()


_CHANGES = """
WITH each AS (
  -- A row that is there several times, word for word, is one row: a copy is neither new nor late.
  SELECT key, content, any_value(period) AS period, max(is_now) AS now, max(1 - is_now) AS before
  FROM (SELECT *, 1 AS is_now FROM quality_now UNION ALL SELECT *, 0 FROM quality_before) GROUP BY key, content
), rest AS (
  SELECT *, now - least(now, before) AS more, before - least(now, before) AS less FROM each
), paired AS (
  -- Of the rows of one key that are not on both sides, as many as there are on each are the same rows, changed.
  SELECT *, least(sum(more) OVER (PARTITION BY key), sum(less) OVER (PARTITION BY key)) AS pairs,
         sum(more) OVER sofar - more AS more_above, sum(less) OVER sofar - less AS less_above
  FROM rest WHERE more > 0 OR less > 0
  WINDOW sofar AS (PARTITION BY key ORDER BY period NULLS FIRST, content ROWS UNBOUNDED PRECEDING)
), told AS (
  SELECT period, 0 AS same, greatest(0, least(more, pairs - more_above)) AS changed, more,
         greatest(0, least(less, pairs - less_above)) AS changed_from, less,
         key IN (SELECT key FROM quality_refused) AS is_refused
  FROM paired
  UNION ALL
  SELECT period, least(now, before), 0, 0, 0, 0, false FROM rest
)
SELECT period, sum(same), sum(changed), sum(more - changed), sum(changed_from),
       sum(CASE WHEN is_refused THEN 0 ELSE less - changed_from END),
       sum(CASE WHEN is_refused THEN less - changed_from ELSE 0 END)
FROM told GROUP BY period ORDER BY period NULLS FIRST
"""


def changes(con: duckdb.DuckDBPyConnection) -> tuple[Change, ...]:
    """What became of rows, by period, from three tables: `quality_now` and `quality_before` (key, content, period: one
    line per row) and `quality_refused` (key)."""
    return tuple(Change(period_of(p), *map(int, counts)) for p, *counts in con.execute(_CHANGES).fetchall())


def _comparison(got: Received, rows: Rows, compared_to: date, senders: Counter[str]) -> Comparison:
    by_period = changes(got.con)
    counts = ("same", "changed", "new", "changed_from", "vanished", "refused")
    total = Change(None, *(sum(getattr(c, n) for c in by_period) for n in counts))
    if rows.key:
        missing = total.vanished
    else:
        # A row that was corrected, or is refused now, is one that vanished: only what nothing replaces is a loss.
        replaced = got.read - got.kept - got.without_consent
        missing = max(0, sum(max(0, c.vanished - c.new) for c in by_period) - replaced)
    has_consent = bool(rows.fmt and rows.fmt.consent)
    least = 1 if rows.key and not has_consent else FEW_ROWS
    lost = tuple(c for c in by_period if c.period and not c.now and c.vanished >= least)
    sent = by_partner(senders.items())
    there = got.con.execute(f"SELECT DISTINCT {rows.partner} FROM {rows.table}").fetchall() if sent else ()
    now = {fold(shown_partner(r[0])) for r in there}
    gone = tuple(sorted(p for p in sent if fold(p) not in now))
    is_told_by_period = bool(rows.when) and not has_consent and not rows.spans
    return Comparison(
        compared_to, bool(rows.key), total, by_period if is_told_by_period else (), lost, missing, sent, gone
    )
