"""What the data-quality report of a snapshot says: its thresholds, each with its reason, and its records of counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ..periods import Period
from ..places import fold
from .balance import Balance
from .reading import Fault
from .snapshots import Snapshot

# A cumulative file never loses what it held. A few rows go for a good reason (a test, a copy deleted in KoBo): in a month
# of some hundreds of rows that stays below one in a hundred. Above one in twenty, or with a whole month, history is lost.
LOST_SHARE = 0.05
# Without a key, a month of one or two rows that goes may be one whose date was corrected; where rows need consent, consent
# withdrawn. Below this many rows, such a month is not named.
FEW_ROWS = 5
# Days from the event to the submission, upper ends: within a week, within the month that is being written, within the
# quarter that may still be revised, later. The last band is open.
DELAYS = (7, 30, 90)
LATE_DAYS = 30  # what arrives later misses the bulletin of its month; a flash report should be documented by then
MONTHS = 12  # a year of months is judged and shown; older ones are only counted
BEFORE = 3  # who sent something in one of so many periods is expected in the next
# A month is partial with fewer than 4 in 5 of the partners of a usual month (the median), or less than half of its rows.
PARTIAL_UNITS, PARTIAL_ROWS = 0.8, 0.5
USUAL_ROWS = 10  # below, half of the rows may go by chance
# A column is hardly filled below one half; it has emptied when the last whole month lies so far below the rest.
HARDLY, EMPTIED = 0.5, 0.3

# How a name was told for a place: as the gazetteer spells it, folded, by an alias, by an entry of aliases.csv, by its code.
EXACT, FOLDED, ALIAS, ADMITTED, CODE = "exact", "folded", "alias", "admitted", "code"


@dataclass(frozen=True)
class Refused:
    """One rule that rows break; `partners` counts, by organisation, the rows whose number is known."""

    fault: Fault
    partners: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Filled:
    """How many rows of each period hold something in each column: `filled[column][period]`, out of `rows[period]`.

    `None` among the periods: rows without a date. `choices`: columns where a blank is an answer (nothing was chosen).
    """

    columns: tuple[str, ...]
    periods: tuple[Period | None, ...]
    rows: tuple[int, ...]
    filled: tuple[tuple[int, ...], ...]
    choices: frozenset[str] = frozenset()

    def sums(self, column: int, *periods: int) -> tuple[int, int]:
        """(Rows that hold something, rows) over some periods, or over all of them."""
        among = periods or range(len(self.rows))
        return sum(self.filled[column][p] for p in among), sum(self.rows[p] for p in among)

    def share(self, column: int, *periods: int) -> float:
        """The share of rows that hold something; 0 without any row."""
        part, whole = self.sums(column, *periods)
        return part / max(1, whole)


@dataclass(frozen=True)
class Spelling:
    """A name of the file that is not the gazetteer's own, and the place that it is known to stand for."""

    text: str
    place: str
    level: int
    how: str
    rows: int


@dataclass(frozen=True)
class Matched:
    """How the names of one column were told: way -> (different names, rows). `spellings`: those that took an alias."""

    column: str
    level: int
    ways: Mapping[str, tuple[int, int]]
    spellings: tuple[Spelling, ...]
    blank: int


@dataclass(frozen=True)
class Twice:
    """Rows that say again what another row says, or contradict it under the same key.

    `key`: headers of the columns that tell one row from another, none when whole rows are compared. `copies` counts
    rows beyond the first of each content; `contradicting` all rows of the keys that have several contents.
    """

    key: tuple[str, ...]
    copies: int
    contradicting: int


@dataclass(frozen=True)
class Flash:
    """Incidents with a flash report: documented since, not yet, and not yet after `LATE_DAYS` (by partner)."""

    documented: int
    waiting: int
    overdue: int
    overdue_by: Mapping[str, int]


@dataclass(frozen=True)
class Delays:
    """Rows by days from event to submission: one count per band of `DELAYS` and one beyond; `late_by`: beyond
    `LATE_DAYS` and in all, per partner; `before`: rows sent before their event, which are refused."""

    bands: tuple[int, ...]
    before: int
    late_by: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Unit:
    """Who sends (a partner) or what is reported on (a place): rows per period of the axis, and before it."""

    name: str
    rows: tuple[int, ...]
    earlier: int


@dataclass(frozen=True)
class Peer:
    """The series of another partner that fills in the same template: its last file, and the last period in any."""

    name: str
    received: date
    until: str
    is_late: bool


@dataclass(frozen=True)
class Partial:
    """A period that is not whole: it is not over, it has no row, or fewer (units, rows) than a usual one."""

    period: Period
    is_open: bool = False
    units: tuple[int, int] | None = None
    rows: tuple[int, int] | None = None


@dataclass(frozen=True)
class Coverage:
    """Who reported when. `what`: "partner", a level of places, or "" when only rows are counted by period.

    `judged` is the last period that was over when the file came: `late` units sent nothing for it, although they had in
    one of the three before; `silent` ones stopped before that.
    """

    what: str
    axis: tuple[Period, ...]
    units: tuple[Unit, ...]
    rows: tuple[int, ...]
    judged: Period | None
    late: tuple[str, ...]
    silent: tuple[str, ...]
    partial: tuple[Partial, ...]
    unnamed: int = 0


@dataclass(frozen=True)
class Change:
    """What became of the rows of one period (None: without a date, or the sum of all); exact copies count once.

    `before` = `same` + `changed_from` + `vanished` + `refused`; `now` = `same` + `changed` + `new`. A row that changed its
    date is in `changed_from` of one period and in `changed` of another. `refused`: still in the file, but not good any more.
    """

    period: Period | None
    same: int
    changed: int
    new: int
    changed_from: int
    vanished: int
    refused: int

    @property
    def before(self) -> int:
        """Rows of the snapshot before."""
        return self.same + self.changed_from + self.vanished + self.refused

    @property
    def now(self) -> int:
        """Rows of this snapshot."""
        return self.same + self.changed + self.new

    @property
    def moves(self) -> int:
        """Rows that a number of this period may feel."""
        return self.new + max(self.changed, self.changed_from) + self.vanished + self.refused


@dataclass(frozen=True)
class Comparison:
    """This snapshot against the one before, row by row: by key, or whole rows where nothing tells rows apart.

    `by_period` is empty where rows need consent, as it could tell a refusal, and where a row lasts several months. `lost`:
    periods of which no row is left. `missing`: rows that went and that no new row replaces. `gone`: partners without any row.
    """

    received: date
    has_key: bool
    total: Change
    by_period: tuple[Change, ...]
    lost: tuple[Change, ...]
    missing: int
    sent: Mapping[str, int]
    gone: tuple[str, ...]

    @property
    def is_history_lost(self) -> bool:
        """A whole month is gone, or more than `LOST_SHARE` of the rows."""
        return bool(self.lost) or self.missing > LOST_SHARE * self.total.before

    def closed(self) -> list[Change]:
        """Periods that were over when the snapshot before came, and whose rows are not the same any more."""
        return [c for c in self.by_period if c.period and c.period.end < self.received and c.moves]


@dataclass(frozen=True)
class Quality:
    """Everything that the report of one snapshot says. What a source cannot tell is None or empty."""

    snapshot: Snapshot
    title: str
    balance: Balance
    refused: tuple[Refused, ...]
    aside: tuple[Refused, ...]
    when: str
    filled: Filled
    places: tuple[Matched, ...]
    twice: Twice
    flash: Flash | None
    delays: Delays | None
    coverage: Coverage | None
    peers: tuple[Peer, ...]
    comparison: Comparison | None
    before: date | None
    is_before_unreadable: bool


def period_of(text: str | None) -> Period | None:
    """`2017-06` or `2017-Q2` as a period, whatever the year."""
    found = re.fullmatch(r"(\d{1,6})-(?:Q([1-4])|(\d\d))", text or "")
    if not found:
        return None
    year, quarter, month = found.groups()
    return Period(int(year), 3 * int(quarter) - 2, 3) if quarter else Period(int(year), int(month), 1)


def shown_partner(name: str | None) -> str:
    """A partner's name as it may be shown: what is too long for one, or holds an address or a number, is not."""
    if not name:
        return "(sans nom)"
    is_name = len(name) <= 40 and "@" not in name and not re.search(r"\d(?:[\s.-]?\d){5}", name)
    return name if is_name else "(nom illisible)"


def by_partner(counted: Iterable[tuple[str | None, int]]) -> dict[str, int]:
    """Counts per partner, most rows first; spellings that differ by accents, case or hyphens are one partner."""
    total: Counter[str] = Counter()
    spelled: dict[str, Counter[str]] = {}
    for name, count in counted:
        shown = shown_partner(name)
        total[fold(shown)] += count
        spelled.setdefault(fold(shown), Counter())[shown] += count
    ranked = sorted(total.items(), key=lambda one: (-one[1], one[0]))
    return {most(spelled[folded]): count for folded, count in ranked}


def most(spelled: Counter[str]) -> str:
    return min(spelled, key=lambda s: (-spelled[s], s))
