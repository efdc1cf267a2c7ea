"""What a snapshot is worth, in counts: what is filled in, twice there, late, missing, or gone since the one before.

One query per section over the rows as they were read, at any size. What comes out is counts, numbers of rows, and names
of columns, places and partners; never a value of a row. What each count means is told on the page (render/quality.py).
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from statistics import median

import duckdb

from ..codes import code_list
from ..errors import BadParameter, UnknownName
from ..periods import Period
from ..places import LEVELS, Place, fold, gazetteer, resolve
from ..project import Project
from ..tables import build as tables
from . import formats, quality_changes, reading, registry, snapshots
from .balance import WITHOUT_CONSENT, Balance
from .quality_facts import (
    ADMITTED,
    ALIAS,
    BEFORE,
    CODE,
    DELAYS,
    EXACT,
    FOLDED,
    LATE_DAYS,
    MONTHS,
    PARTIAL_ROWS,
    PARTIAL_UNITS,
    USUAL_ROWS,
    Coverage,
    Delays,
    Filled,
    Flash,
    Matched,
    Partial,
    Peer,
    Quality,
    Refused,
    Spelling,
    Twice,
    Unit,
    by_partner,
    most,
    period_of,
    shown_partner,
)
from .quality_rows import Rows, numbered
from .reading import Fault, Reading
from .registry import Received
from .snapshots import Snapshot

# Rows of these tables say that nothing came: they are no report.
_SAYS_NOTHING = {"coverage": "communes_covered IS NULL"}

Say = Callable[[str], None]


def find(project: Project, source: str, received: date | None, nature: str) -> Snapshot:
    """A stored snapshot of a series (`kobo_incidents`, `template_coverage.nrc`); its newest when no day is given.

    Without a nature, the real one where there is any. Raises UnknownName for a series that nothing was received of,
    BadParameter for a day on which nothing was, or a source with several series.
    """
    known = [s for n in ((nature,) if nature else ("real", "example")) for s in snapshots.received(project, n)]
    streams = sorted({s.stream for s in known if source in (s.stream, s.source)})
    if not streams:
        raise UnknownName("Source", source, {s.stream for s in known}, feminine=True)
    if source not in streams and len(streams) > 1:
        raise BadParameter(f"{source} : plusieurs partenaires.", f"Indiquez la série : {', '.join(streams)}.")
    mine = [s for s in known if s.stream == (source if source in streams else streams[0])]
    mine = [s for s in mine if s.nature == mine[0].nature]
    if received is None:
        return mine[-1]
    for snapshot in mine:
        if snapshot.received == received:
            return snapshot
    days = ", ".join(str(s.received) for s in mine[-6:])
    raise BadParameter(f"{source} : rien n’a été reçu le {received}.", f"Derniers dépôts : {days}.")


def of_stored(project: Project, snapshot: Snapshot, say: Say = lambda line: None) -> Quality:
    """The counts of a snapshot that was received before. Raises BadData when it cannot be read any more."""
    try:
        with reading.connection(project.spill) as con:
            say(f"Lecture de {snapshot.label}…")
            got = registry.read(con, snapshot)
            say("Contrôle des lieux, des codes et des doublons…")
            part = tables.part(con, snapshot, got)
            say("Rapport de qualité…")
            return measure(project, got, part.balance)
    finally:
        shutil.rmtree(project.spill, ignore_errors=True)


def measure(project: Project, got: Received, balance: Balance) -> Quality:
    """The counts of a snapshot that was just read and built, on the connection that holds its rows."""
    snapshot, con = got.snapshot, got.con
    fmt = formats.declared(snapshot.source) if snapshot.source in formats.names() else None
    rows = Rows(got, fmt)
    refused, aside = _refused(got, balance, rows)
    filled = _filled(con, rows)
    places = _Places(snapshot)
    rows.fingerprint(con, got.table, "quality_now")
    earlier = quality_changes.earlier(project, snapshot)
    comparison, unreadable = quality_changes.compared(got, rows, earlier)
    return Quality(
        snapshot,
        fmt.papers["title"] if fmt else snapshot.title,
        _whole(balance, got),
        refused,
        aside,
        rows.header(rows.when),
        filled,
        _matched(con, rows, places),
        _twice(con, rows),
        _flash(con, rows, snapshot.received),
        _delays(con, rows),
        _coverage(con, rows, filled, places, snapshot.received),
        _peers(project, snapshot, filled) if fmt and fmt.per_partner else (),
        comparison,
        earlier[-1].received if earlier else None,
        unreadable,
    )


def _whole(balance: Balance, got: Received) -> Balance:
    """The balance of the file that arrived: rows without consent are counted even when only their number was kept."""
    never = got.snapshot.without_consent if not got.without_consent else 0
    if not never:
        return balance
    return replace(balance, read=balance.read + never, left_out={WITHOUT_CONSENT: never} | balance.left_out)


# --- rows refused -------------------------------------------------------------------------------------------------


def _refused(got: Received, balance: Balance, rows: Rows) -> tuple[tuple[Refused, ...], tuple[Refused, ...]]:
    """The rules that rows break, and whose rows they are."""
    several = len(got.readings) > 1
    refused, aside = [], []
    for one in got.readings:
        sender = _senders(one, [*one.refused, *one.set_aside], rows)
        name = one.path.name if several else ""
        refused += [Refused(replace(f, file=name), _whose(f, sender)) for f in one.refused]
        aside += [Refused(replace(f, file=name), _whose(f, sender)) for f in one.set_aside]
    built, left_blank = balance.refused[len(got.refused) :], balance.set_aside[len(got.set_aside) :]
    # Of several files, the number of a row does not tell which one it is in.
    sender = {} if several else _senders_of_built(got, [*built, *left_blank], rows)
    refused += [Refused(f, _whose(f, sender)) for f in built]
    aside += [Refused(f, _whose(f, sender)) for f in left_blank]
    return tuple(refused), tuple(aside)


def _whose(fault: Fault, sender: Mapping[int, str | None]) -> dict[str, int]:
    return by_partner((sender[row], 1) for row in fault.rows if row in sender)


def _numbers(faults: Iterable[Fault]) -> str:
    return f"({', '.join(map(str, sorted({row for f in faults for row in f.rows})))})"


def _senders(one: Reading, faults: Sequence[Fault], rows: Rows) -> dict[int, str | None]:
    """Number of a row that breaks a rule at reading -> who sent it, by the text of the file: such rows did not enter."""
    if not faults or not rows.partner:
        return {}
    at = reading.check_header(one.grid, one.format).get(rows.columns[rows.partner].header)
    if at is None:
        return {}
    texts = numbered(one, f"{reading.clean(f'c{at}')} AS partner")
    found = one.con.execute(f"SELECT line, partner FROM ({texts}) WHERE line IN {_numbers(faults)}").fetchall()
    return dict(found)


def _senders_of_built(got: Received, faults: Sequence[Fault], rows: Rows) -> dict[int, str | None]:
    """The same for a rule of the table: such rows had entered."""
    if not faults or not rows.partner or not got.readings:
        return {}
    return dict(
        got.con.execute(f"SELECT row, {rows.partner} FROM {got.table} WHERE row IN {_numbers(faults)}").fetchall()
    )


# --- what is filled in --------------------------------------------------------------------------------------------


def _filled(con: duckdb.DuckDBPyConnection, rows: Rows) -> Filled:
    names = list(rows.columns)
    counted = con.execute(
        f"SELECT {rows.period} AS period, count(*), {', '.join(f'count({n})' for n in names)} "
        f"FROM {rows.table} GROUP BY 1 ORDER BY 1 NULLS FIRST"
    ).fetchall()
    return Filled(
        tuple(rows.header(n) for n in names),
        tuple(period_of(r[0]) for r in counted),
        tuple(r[1] for r in counted),
        tuple(tuple(r[2 + i] for r in counted) for i in range(len(names))),
        frozenset(rows.header(n) for n, c in rows.columns.items() if c.type == "codes"),
    )


# --- places -------------------------------------------------------------------------------------------------------


class _Places:
    """How a name of a file was told for a place: as the gazetteer spells it, folded, through an alias, or an entry."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.names: dict[tuple[str, int], dict[str, str]] = {}

    def _known(self, edition: str, level: int) -> dict[str, str]:
        """Folded name -> the gazetteer's own, at one level of an edition."""
        if (edition, level) not in self.names:
            self.names[edition, level] = {
                fold(n.name): n.name for n in gazetteer().values() if n.place.edition == edition and n.level == level
            }
        return self.names[edition, level]

    def told(self, text: str, level: int, edition: str = "") -> tuple[str, str, int]:
        """(way, name of the place, level) of a text; a blank way when only the source's own rule knows it."""
        editions = [edition or self.snapshot.pcode_edition]
        if level == 1:  # a region may be named in any edition
            editions += [e for e in code_list("edition") if e not in editions]
        code = re.match(r"[A-Z]{2}\d{2,6}\b", text)
        for e in editions:
            if code and (named := gazetteer().get(Place(e, code[0]))):
                return CODE, named.name, named.level
        for bare in (text, re.sub(r"\s*:.*$", "", text)):  # « Gao : Region », as UNHCR writes it
            for at in (level,) if level else LEVELS:
                for e in editions:
                    if found := self._by_name(bare, at, e):
                        return *found, at
        return "", "", level

    def _by_name(self, text: str, level: int, edition: str) -> tuple[str, str] | None:
        known = self._known(edition, level).get(fold(text))
        if known:
            return (EXACT if known == text else FOLDED), known
        place = resolve(text, edition, level)
        if place:
            return ALIAS, gazetteer()[place].name
        admitted = self.snapshot.decisions.aliases.get((edition, level, fold(text)))
        return (ADMITTED, gazetteer()[admitted].name) if admitted else None


def _matched(con: duckdb.DuckDBPyConnection, rows: Rows, places: _Places) -> tuple[Matched, ...]:
    if not rows.places:
        return ()
    edition = "edition" if "edition" in rows.columns else "''"
    each = [
        f"SELECT '{n}' AS col, {n} AS name, {edition} AS edition, count(*) AS n FROM {rows.table} GROUP BY ALL"
        for n in rows.places
    ]
    found = con.execute(f"SELECT * FROM ({' UNION ALL '.join(each)}) ORDER BY ALL").fetchall()
    out = []
    for column, level in rows.places.items():
        ways: dict[str, list[int]] = {}
        spellings, blank = [], 0
        for _, name, edition, count in (r for r in found if r[0] == column):
            if name is None:
                blank += count
                continue
            way, place, at = places.told(name, level, edition or "")
            total = ways.setdefault(way, [0, 0])
            total[0], total[1] = total[0] + 1, total[1] + count
            if way in (ALIAS, ADMITTED):
                spellings.append(Spelling(name, place, at, way, count))
        if ways:
            told = {way: (names, count) for way, (names, count) in ways.items()}
            out.append(Matched(rows.header(column), level, told, tuple(spellings), blank))
    return tuple(out)


# --- twice, and late ----------------------------------------------------------------------------------------------


def _twice(con: duckdb.DuckDBPyConnection, rows: Rows) -> Twice:
    copies, contradicting = con.execute(
        "WITH several AS (SELECT key FROM quality_now GROUP BY key HAVING count(*) > 1), "
        "each AS (SELECT count(*) AS n, count(DISTINCT content) AS contents FROM quality_now SEMI JOIN several USING (key) GROUP BY key) "
        "SELECT coalesce(sum(n - contents), 0), coalesce(sum(n) FILTER (contents > 1), 0) FROM each"
    ).fetchone()
    return Twice(tuple(rows.header(k) for k in rows.key), int(copies), int(contradicting))


def _flash(con: duckdb.DuckDBPyConnection, rows: Rows, received: date) -> Flash | None:
    if not {"incident_id", "entry_source", "submitted_at"} <= set(rows.columns):
        return None
    partner = f"arg_max({rows.partner}, submitted_at)" if rows.partner else "NULL"
    found = con.execute(
        f"""
        WITH flash AS (
          SELECT incident_id, max(submitted_at) AS sent, {partner} AS partner
          FROM {rows.table} WHERE entry_source = 'flash' GROUP BY incident_id
        )
        SELECT incident_id IN (SELECT incident_id FROM {rows.table} WHERE entry_source = 'documented') AS documented,
               sent < DATE '{received}' - {LATE_DAYS} AS overdue, partner, count(*)
        FROM flash GROUP BY ALL
        """
    ).fetchall()
    return Flash(
        sum(n for documented, _, _, n in found if documented),
        sum(n for documented, _, _, n in found if not documented),
        sum(n for documented, overdue, _, n in found if overdue and not documented),
        by_partner((p, n) for documented, overdue, p, n in found if overdue and not documented),
    )


def _delays(con: duckdb.DuckDBPyConnection, rows: Rows) -> Delays | None:
    if not {"occurred_date", "submitted_at"} <= set(rows.columns):
        return None
    days = "date_diff('day', occurred_date, CAST(submitted_at AS DATE))"
    band = " ".join(f"WHEN {days} <= {limit} THEN {i}" for i, limit in enumerate(DELAYS))
    found = con.execute(
        f"SELECT CASE WHEN {days} < 0 THEN -1 {band} ELSE {len(DELAYS)} END AS band, {days} > {LATE_DAYS}, "
        f"{rows.partner or 'NULL'}, count(*) FROM {rows.table} WHERE {days} IS NOT NULL GROUP BY ALL"
    ).fetchall()
    bands = [sum(n for b, _, _, n in found if b == i) for i in range(len(DELAYS) + 1)]
    sent = by_partner((p, n) for b, _, p, n in found if b >= 0)
    late = by_partner((p, n) for _, is_late, p, n in found if is_late)
    by = {fold(p): n for p, n in late.items()}
    late_by = {p: (by.get(fold(p), 0), n) for p, n in sent.items()} if rows.partner else {}
    return Delays(tuple(bands), sum(n for b, _, _, n in found if b < 0), late_by)


# --- who reported -------------------------------------------------------------------------------------------------


def _axis(filled: Filled, received: date) -> tuple[Period, ...]:
    """The last periods of the file, oldest first; those without a row are there too where most have one."""
    there = sorted(p for p in filled.periods if p and p.start <= received)
    there = [p for p in there if p.months == there[-1].months]
    if not there:
        return ()
    span = [p for p in there[-1].last(MONTHS) if p >= there[0]]
    return tuple(span if 2 * len(set(span) & set(there)) >= len(span) else there[-MONTHS:])


def _coverage(
    con: duckdb.DuckDBPyConnection, rows: Rows, filled: Filled, places: _Places, received: date
) -> Coverage | None:
    """Who sent rows for which period; for a table with one row per place and period, which places are told."""
    by = rows.partner or rows.place_of_key
    axis = () if rows.spans else _axis(filled, received)
    if not by and len(axis) < 2:
        return None
    counted: dict[str, Counter[Period | None]] = {}
    unnamed = 0
    spelled: dict[str, Counter[str]] = {}
    if by:
        nothing = _SAYS_NOTHING.get(rows.says, "false")
        edition = "edition" if "edition" in rows.columns else "''"
        found = con.execute(
            f"SELECT {by}, {edition}, {rows.period}, count(*) FILTER (NOT coalesce({nothing}, false)) FROM {rows.table} GROUP BY 1, 2, 3"
        ).fetchall()
        for text, at_edition, period, count in found:
            name = (
                shown_partner(text) if rows.partner else places.told(text or "", rows.places[by], at_edition or "")[1]
            )
            if not name:
                unnamed += count
                continue
            counted.setdefault(fold(name), Counter())[period_of(period)] += count
            spelled.setdefault(fold(name), Counter())[name] += count
    units = [
        Unit(most(spelled[f]), tuple(n[p] for p in axis), sum(n.values()) - sum(n[p] for p in axis))
        for f, n in counted.items()
    ]
    units.sort(key=lambda u: (-sum(u.rows) - (0 if axis else u.earlier), u.name))
    what = "partner" if rows.partner else LEVELS.get(rows.places[by], "lieu") if by else ""
    total = dict(zip(filled.periods, filled.rows, strict=True))
    per_period = tuple(total.get(p, 0) for p in axis)
    judged, late, silent = _late(axis, units, received)
    partial = _partial(axis, units, per_period, received)
    return Coverage(what, axis, tuple(units), per_period, judged, late, silent, partial, unnamed)


def _late(
    axis: Sequence[Period], units: Sequence[Unit], received: date
) -> tuple[Period | None, tuple[str, ...], tuple[str, ...]]:
    over = [i for i, p in enumerate(axis) if p.end < received]
    if len(over) < 2:
        return (axis[over[-1]] if over else None), (), ()
    at = over[-1]
    missing = [u for u in units if not any(u.rows[at:])]
    late = [u.name for u in missing if any(u.rows[max(0, at - BEFORE) : at])]
    silent = [u.name for u in missing if u.name not in late and any(u.rows[:at])]
    return axis[at], tuple(sorted(late)), tuple(sorted(silent))


def _partial(axis: Sequence[Period], units: Sequence[Unit], rows: Sequence[int], received: date) -> tuple[Partial, ...]:
    there = [sum(1 for u in units if u.rows[i]) for i in range(len(axis))]
    out = []
    for i, period in enumerate(axis):
        others = [k for k, p in enumerate(axis) if k != i and p.end < received and rows[k]]
        is_open = period.end >= received
        usual_units = usual_rows = 0
        if len(others) >= BEFORE:
            usual_units = int(median(there[k] for k in others))
            usual_rows = int(median(rows[k] for k in others))
        few_units = there[i] < PARTIAL_UNITS * usual_units
        few_rows = not rows[i] or (usual_rows >= USUAL_ROWS and rows[i] < PARTIAL_ROWS * usual_rows)
        if is_open or few_units or few_rows:
            out.append(
                Partial(
                    period,
                    is_open,
                    (there[i], usual_units) if few_units else None,
                    (rows[i], usual_rows) if few_rows else None,
                )
            )
    return tuple(out)


def _peers(project: Project, snapshot: Snapshot, filled: Filled) -> tuple[Peer, ...]:
    """The series of the other partners, from their papers: who has not yet sent the last period of this file."""
    until = max((str(p) for p in filled.periods if p and p.end < snapshot.received), default="")
    series: dict[str, list[Snapshot]] = {}
    for other in snapshots.received(project, snapshot.nature):
        if other.source == snapshot.source and other.stream != snapshot.stream and other.received <= snapshot.received:
            series.setdefault(other.stream, []).append(other)
    out = []
    for several in series.values():
        last = max(_until(s.covers, len(until)) for s in several)
        name = shown_partner(several[-1].producer)
        out.append(Peer(name, several[-1].received, last, bool(until) and last < until))
    return tuple(sorted(out, key=lambda p: (not p.is_late, fold(p.name))))


def _until(covers: str, length: int) -> str:
    """The last period that papers say is covered, cut to the form of a month or a quarter; blank when they do not say."""
    found = re.findall(r"\d{4}-(?:Q[1-4]|\d\d)", covers)
    return found[-1][: length or 7] if found else ""
