"""The audit: what a reader can work out from everything printed, ever, for one audience. It shares no code with `protect`.

It reads what would be published, what the ledger says was published, and which addresses are sensitive with their
threshold; never a hidden value. It builds the reader's system anew, from the keys, and asks `reader` for the interval
of each sensitive number. Anything that it does not understand is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from .. import periods
from ..errors import BadParameter, DisclosureRefused
from ..indicators.registry import Difference, Measure, Share, declared
from ..places import Area
from .reader import Finding, Sum, Tied, examine, separate
from .rules import Rules
from .safe import Address, Fact, SafeNumber

_ENDLESS = float("inf")
_NOW = 1 << 30


@dataclass(frozen=True)
class Verdict:
    """What the audit found. For the inside: how many are sensitive is no public fact (R10)."""

    sensitive: int
    findings: Mapping[Address, Finding]
    insiders: Mapping[tuple[str, Address], Finding] = field(default_factory=dict)

    @property
    def is_pass(self) -> bool:
        """Whether every sensitive number is safe, from outside and from each organisation."""
        return all(f.is_safe for f in (*self.findings.values(), *self.insiders.values()))

    @property
    def short(self) -> list[Address]:
        """Sensitive numbers that a reader knows too well."""
        inside = [address for (_, address), f in self.insiders.items() if not f.is_safe]
        return [a for a, f in self.findings.items() if not f.is_safe] + inside


class _Reader:
    """The unknowns of a reader and the sums between them. Each number has one per release."""

    def __init__(
        self,
        numbers: Iterable[SafeNumber],
        rules: Rules,
        areas: Mapping[str, Area],
        facts: Sequence[Fact],
        carried: frozenset[Address],
        revised: frozenset[str],
        loose: frozenset[Address],
        unusual: frozenset[Address],
    ) -> None:
        self.rules, self.areas, self.loose, self.unusual = rules, areas, loose, unusual
        self.known: list[int | None] = []
        self.printed: list[bool] = []  # always printed, whatever its value
        self.measure: dict[Address, Measure] = {}
        self.at: dict[Address, dict[int, int]] = {}  # of each number, its unknown at each release
        self.new: dict[Address, int] = {}
        self.sums: list[Sum] = []
        self.held: set[tuple[Address, tuple[Address, ...], int]] = set()
        self.derived: list[SafeNumber] = []
        last: dict[Address, Fact] = {}
        known_places = {str(p) for area in areas.values() for p in (area.code, *area.cercles)}
        known_places |= {str(region.place) for area in areas.values() for region in area.regions}
        for fact in sorted(facts, key=lambda f: f.release):
            what = declared(fact.address[0])
            if isinstance(what, Measure) and rules.of(what.name).threshold:
                last[fact.address] = fact
                self.measure[fact.address] = what
                unknown = self._unknown(fact.value, rules.is_printed(what.name))
                self.at.setdefault(fact.address, {})[fact.release] = unknown
        for number in numbers:
            address = (number.key, number.place, number.period)
            what = declared(number.key)
            if isinstance(what, Share | Difference):
                self.derived.append(number)
                continue
            if number.table == "printed_figures":
                continue
            if not isinstance(what, Measure) or what.name != number.table:
                raise _refused(number, "clé que nul tableau ne déclare")
            if not rules.of(what.name).threshold:
                continue
            if number.place not in known_places:
                raise _refused(number, "lieu que nulle zone de params/places.yml ne contient")
            if number.is_shown and not number.value.isdecimal():
                raise _refused(number, "ce n’est pas un effectif")
            value = int(number.value) if number.is_shown else None
            self.measure[address] = what
            before = last.get(address)
            other = before is not None and before.release == 0 and value is not None and value != before.value
            if before is not None and address[2] not in revised and not other and address not in carried:
                if value is not None and before.value != value:
                    raise _refused(number, "autre valeur que celle déjà diffusée, hors révision")
                self.new[address] = self.at[address][before.release]  # printed once, known for good
                continue
            if address in carried:
                if before is None or before.value is None or value != before.value:
                    raise _refused(number, "valeur reconduite qui n’est pas au registre")
                value = None
            self.new[address] = self._unknown(value, rules.is_printed(what.name))
            self.at.setdefault(address, {})[_NOW] = self.new[address]

    def _unknown(self, value: int | None, printed: bool) -> int:
        self.known.append(value)
        self.printed.append(printed)
        return len(self.known) - 1

    # --- the sums of the reader -----------------------------------------------------------------------------------

    def relate(self) -> None:
        """Every sum, in each vintage in which all of its numbers stand."""
        groups: dict[tuple[str, str, str], list[Address]] = {}
        for address in self.measure:
            groups.setdefault((address[0].partition(".")[0], *address[1:]), []).append(address)
        for some in groups.values():
            finer: dict[Address, dict[str, list[Address]]] = {a: {} for a in some}
            coded = {address: address[0].split(".")[1:] for address in some}
            wholes: dict[frozenset[str], list[Address]] = {}
            for address, codes in coded.items():
                wholes.setdefault(frozenset(codes), []).append(address)
            for part, codes in coded.items():
                for code in codes:
                    for whole in wholes.get(frozenset(codes) - {code}, ()):
                        finer[whole].setdefault(code.partition("=")[0], []).append(part)
            for whole, by_dimension in finer.items():
                for dimension, parts in by_dimension.items():
                    if all(dimension in self.measure[p].adds_up for p in parts):
                        self._sum(whole, parts, least=whole in self.loose)
                    elif all(dimension in self.measure[p].usually_apart for p in parts):
                        if not any(p in self.unusual for p in parts):
                            self._sum(whole, parts, least=True)
                    elif all(self.measure[p].covered_by_codes for p in parts):
                        self._sum(whole, parts, most=True)
        for address, measure in self.measure.items():
            tail = address[0].partition(".")[2]
            parts = [(p, *address[1:]) for p in measure.parts.get(tail, ())]
            if parts and all(p in self.measure for p in parts):
                self._sum(address, parts)
            for other in (*measure.within, *(() if address in self.unusual else measure.usually_within)):
                held = next(
                    (
                        w
                        for w in ((f"{other}.{tail}" if tail else other, *address[1:]), (other, *address[1:]))
                        if w in self.measure and w != address
                    ),
                    None,
                )
                if held:
                    self._sum(held, [address], least=True)
        self._relate_places()
        self._relate_periods()
        self._relate_vintages()

    def _relate_places(self) -> None:
        ground: dict[str, frozenset[str]] = {}
        rank: dict[str, int] = {}
        for area in self.areas.values():
            ground[area.code] = frozenset(map(str, area.cercles))
            rank[area.code] = 3 if area.is_country else 2
            for region in area.regions:
                ground[str(region.place)] = frozenset(map(str, region.cercles))
                rank[str(region.place)] = 1
                for cercle in region.cercles:
                    ground[str(cercle)], rank[str(cercle)] = frozenset([str(cercle)]), 0
        columns: dict[tuple[str, str], list[str]] = {}
        for name, place, period in self.measure:
            columns.setdefault((name, period), []).append(place)
        for (name, period), places in columns.items():
            for whole in places:
                # A zone and the country are made of regions; a region, of cercles; the country of zones where no region is told.
                inside = [p for p in places if rank[p] < rank[whole] and ground[p] <= ground[whole]]
                parts: list[str] = []
                for level in {1: (0,), 2: (1,), 3: (1, 2)}.get(rank[whole], ()):
                    parts = parts or [p for p in inside if rank[p] == level]
                if parts:
                    self._sum(
                        (name, whole, period),
                        [(name, p, period) for p in parts],
                        least=(name, whole, period) in self.loose,
                    )

    def _relate_periods(self) -> None:
        spans: dict[tuple[str, str], dict[str, set[tuple[int, int]]]] = {}
        for name, place, period in self.measure:
            months = _months(period)
            if months:
                spans.setdefault((name, place), {})[period] = months
        for (name, place), found in spans.items():
            for whole, months in found.items():
                for length in (3, 1):
                    parts = [p for p, some in found.items() if len(some) == length < len(months) and some <= months]
                    if parts:
                        self._sum(
                            (name, place, whole),
                            [(name, place, p) for p in parts],
                            least=(name, place, whole) in self.loose,
                        )
                        break

    def _relate_vintages(self) -> None:
        steps = [
            (address, older, newer)
            for address, some in self.at.items()
            for older, newer in zip(sorted(some), sorted(some)[1:], strict=False)
        ]
        known = [[self.known[self.at[a][r]] for r in two] for a, *two in steps]
        # Late records are added. Once a printed number has gone down, a reader may take any for having done so.
        least = 0.0 if all(o <= n for o, n in known if None not in (o, n)) else -_ENDLESS
        self.late: dict[Address, int] = {}
        self.differences: dict[int, float] = {}
        between: dict[tuple[Address, int, int], int] = {}
        for (address, *releases), (o, n) in zip(steps, known, strict=True):
            old, new = (self.at[address][r] for r in releases)
            late = self._unknown(None if None in (o, n) else n - o, self.printed[new] and self.printed[old])
            self.differences[late] = least
            between[address, *releases] = late
            self.sums.append(Sum((new, old, late), (1, -1, -1), 0, 0))
            if releases[1] == _NOW:
                self.late[address] = late
        by_whole: dict[tuple[Address, int], list[tuple[int, int]]] = {}
        for address, older, newer in between:
            by_whole.setdefault((address, newer), []).append((older, newer))
        # What came late in a whole came late in its parts: it follows, and shows what a printed total bounds.
        for whole, parts, release in sorted(self.held):
            for older, newer in by_whole.get((whole, release), ()):
                lates = [between.get((p, older, newer)) for p in parts]
                if None not in lates and (whole, parts, older) in self.held:
                    self.sums.append(Sum((between[whole, older, newer], *lates), (-1, *[1] * len(parts)), 0, 0))

    def _sum(self, whole: Address, parts: Sequence[Address], *, least: bool = False, most: bool = False) -> None:
        everything = (whole, *parts)
        if any(a not in self.at for a in everything):
            return
        for release in sorted({r for a in everything for r in self.at[a]}):
            cells = []
            for address in everything:
                given = [r for r in self.at[address] if r <= release]
                if not given:
                    break
                cells.append(self.at[address][max(given)])
            # A revised part under a total that is not: they do not speak of the same records.
            again = [a for a in parts if release in self.at[a] and min(self.at[a]) < release]
            if len(cells) < len(everything) or (release not in self.at[whole] and again):
                continue
            low, high = (-_ENDLESS if least else 0), (_ENDLESS if most else 0)
            signs = (-1, *[1] * len(parts))
            if any(0 in self.at[a] for a in everything) and self._contradicts(cells, signs, low, high):
                continue  # printed by others, who counted otherwise
            self.sums.append(Sum(tuple(cells), signs, low, high))
            if low == high:
                self.held.add((whole, tuple(parts), release))

    def _contradicts(self, cells: Sequence[int], signs: Sequence[int], low: float, high: float) -> bool:
        """Whether the known numbers alone break a sum of counts."""
        total = sum(s * self.known[c] for c, s in zip(cells, signs, strict=True) if self.known[c] is not None)
        open_ = {s for c, s in zip(cells, signs, strict=True) if self.known[c] is None}
        return (total > high and -1 not in open_) or (total < low and 1 not in open_)

    # --- what it knows --------------------------------------------------------------------------------------------

    def most(self) -> list[float]:
        """The most that each unknown can seem to be, because a total that holds it is always printed."""
        bound = [float(v) if v is not None and p else _ENDLESS for v, p in zip(self.known, self.printed, strict=True)]
        again = True
        while again:
            again = False
            for one in self.sums:
                if one.signs[0] == -1 and one.high == 0 and all(s == 1 for s in one.signs[1:]):
                    for part in one.cells[1:]:
                        if bound[one.cells[0]] < bound[part]:
                            bound[part], again = bound[one.cells[0]], True
        return bound

    def reduced(self) -> tuple[dict[int, int], list[Sum]]:
        """The unknowns that are not known, renumbered, and the sums with what is known moved to their bounds."""
        place = {i: k for k, i in enumerate(i for i, v in enumerate(self.known) if v is None)}
        sums = []
        for one in {(s.cells, s.signs, s.low, s.high): s for s in self.sums}.values():
            fixed = sum(s * self.known[c] for c, s in zip(one.cells, one.signs, strict=True) if c not in place)
            open_ = [(place[c], s) for c, s in zip(one.cells, one.signs, strict=True) if c in place]
            low, high = one.low - fixed, one.high - fixed
            if not open_:
                if not low <= 0 <= high:
                    raise DisclosureRefused(
                        "Des nombres imprimés se contredisent : un total n’est pas la somme de ses parties.",
                        "C’est une faute de notre côté : signalez-la.",
                    )
                continue
            sums.append(Sum(tuple(c for c, _ in open_), tuple(s for _, s in open_), low, high))
        return place, sums


def _months(period: str) -> set[tuple[int, int]]:
    try:
        whole = periods.parse(period)
    except BadParameter:  # a day: a stock is not a sum
        return set()
    return {(whole.year, whole.first + k) for k in range(whole.months)}


def _refused(number: SafeNumber, why: str) -> DisclosureRefused:
    return DisclosureRefused(
        f"Nombre refusé : {number.key} ({number.place}, {number.period}) : {why}.",
        "Refaites le candidat : veille data.",
    )


def audit(
    numbers: Iterable[SafeNumber],
    sensitive: Mapping[Address, int],
    rules: Rules,
    areas: Mapping[str, Area],
    *,
    facts: Sequence[Fact] = (),
    carried: frozenset[Address] = frozenset(),
    revised: frozenset[str] = frozenset(),
    loose: frozenset[Address] = frozenset(),
    unusual: frozenset[Address] = frozenset(),
    insiders: Mapping[str, Mapping[Address, int]] | None = None,
    late: Mapping[Address, int] | None = None,
    audience: str = "",
) -> Verdict:
    """Whether a reader of `numbers` and of all `facts` of the ledger can work out a sensitive number.

    sensitive: address -> threshold. carried: printed again as before. revised: periods open to late records; late: the
    differences that are sensitive, address -> threshold. loose: totals known to hold more than their printed parts; unusual: numbers that do not keep to
    `usually_within`, or with others of their line to `usually_apart`.
    audience: then the reader also knows the rules (see `_large`). insiders: what each organisation knows of its own. Raises DisclosureRefused for a number that it cannot place.
    """
    given = list(numbers)
    reader = _Reader(given, rules, areas, facts, carried, revised, loose, unusual)
    reader.relate()
    _check_derived(reader.derived, given, rules)
    missing = [a for a in sensitive if a not in reader.new]
    if missing:
        raise DisclosureRefused(
            f"{len(missing)} nombres sensibles manquent au candidat : il n’est pas entier.",
            "Refaites-le : veille data.",
        )
    place, sums = reader.reduced()
    most = reader.most()
    asked = {("", a): (reader.new[a], t) for a, t in sensitive.items()}
    asked |= {("late", a): (reader.late[a], t) for a, t in (late or {}).items()}
    findings: dict[Address, Finding] = {}
    levels: dict[int, tuple[int, int]] = {}
    for (kind, address), (i, threshold) in asked.items():
        if i not in place:
            if kind or not reader.printed[i]:
                findings[address] = Finding(i, False, reader.known[i], reader.known[i])
            continue
        need = int(min(threshold, most[i]))
        if need > 0:
            levels[place[i]] = (0, need)
    floor = np.zeros(len(place))
    for i, least in reader.differences.items():
        if i in place:
            floor[place[i]] = least
    sets = separate(len(place), sums)
    tied = {cell: number for number, (cells, _) in enumerate(sets) for cell in cells}
    found = examine(sets, floor, levels)
    if audience:
        near = {tied[k] for k in levels}
        beside = {i: k for i, k in place.items() if tied[k] in near}
        large = _large(reader, beside, tied, sets, floor, sensitive, rules, audience)
        moved = {tied[k] for k in np.flatnonzero(large > floor)}
        again = {k: level for k, level in levels.items() if tied[k] in moved}
        found |= {k: f for k, f in examine(sets, large, again).items() if not f.is_safe}
    at = {place[i]: address for (_, address), (i, _) in asked.items() if i in place}
    findings |= {at[k]: f for k, f in found.items()}
    inside: dict[tuple[str, Address], Finding] = {}
    for name, own in (insiders or {}).items():
        mine = floor.copy()
        near: set[int] = set()  # where it gave nothing, it knows what the outsider knows
        for address, n in own.items():
            i = reader.new.get(address)
            if i in place:
                mine[place[i]] = n
                near.add(tied[place[i]])
        # What others gave: nothing of it, or the threshold and more.
        theirs = {k: (int(mine[k]), int(mine[k]) + high) for k, (_, high) in levels.items() if tied[k] in near}
        inside |= {(name, at[k]): f for k, f in examine(sets, mine, theirs).items()}
    return Verdict(len(asked), findings, inside)


def _large(
    reader: _Reader,
    place: Mapping[int, int],
    tied: Mapping[int, int],
    sets: Tied,
    floor: np.ndarray,
    sensitive: Mapping[Address, int],
    rules: Rules,
    audience: str,
) -> np.ndarray:
    """The least that each hidden number can be for one who knows the rules, which are public.

    A hidden number that cannot be 0 is not sensitive, or R9 would not hold: so it is its threshold or more. That may tell of
    others, which then cannot be 0 either.
    """
    threshold = {
        place[i]: rules.inferred(address[0], reader.measure[address].name, audience)
        for address, i in reader.new.items()
        if i in place and address not in sensitive
    }
    left = {k for k, t in threshold.items() if t}
    out = floor.copy()
    while True:
        found = examine(sets, out, dict.fromkeys(left, (0, 0)), intervals=False)
        firm = {k for k, f in found.items() if not f.is_safe}
        if not firm:
            return out
        for k in firm:
            out[k] = threshold[k]
        moved = {tied[k] for k in firm}
        left = {k for k in left - firm if tied[k] in moved}


def _check_derived(derived: Sequence[SafeNumber], numbers: Sequence[SafeNumber], rules: Rules) -> None:
    """R7: a percentage or a difference says no more than the printed numbers that it comes from."""
    shown = {(n.key, n.place, n.period): int(n.value) for n in numbers if n.is_shown and _is_count(n)}
    wholes = {place for _, place, _ in shown}
    series: dict[tuple[str, str], dict[str, int]] = {}
    for (name, place, period), n in shown.items():
        series.setdefault((name, place), {})[period] = n
    for number in derived:
        if not number.is_shown:
            continue
        what = declared(number.key)
        if isinstance(what, Share) and not _share_holds(number, what, shown, wholes, rules):
            raise _refused(number, "pourcentage qui ne vient pas de nombres imprimés")
        if isinstance(what, Difference) and not _difference_holds(number, what, series):
            raise _refused(number, "écart qui ne vient pas de nombres imprimés")


def _is_count(number: SafeNumber) -> bool:
    return isinstance(declared(number.key), Measure) and number.value.lstrip("-").isdigit()


def _share_holds(number: SafeNumber, what: Share, shown: Mapping[Address, int], wholes: set[str], rules: Rules) -> bool:
    code = number.key.rpartition("=")[2]
    part = (what.part.format(code=code), number.place, number.period)
    places = {code} if what.of else {number.place}
    key_of_whole = what.whole.format(code=code)
    base = rules.of(declared(key_of_whole).name).base
    for place in places & wholes:
        whole = shown.get((key_of_whole, place, number.period))
        if part in shown and whole and whole >= base and "." not in number.value:
            # Halves go up: the whole percent p stands for [p - 1/2, p + 1/2[.
            exact, said = Decimal(100 * shown[part]) / whole, Decimal(number.value)
            return said - Decimal("0.5") <= exact < said + Decimal("0.5")
    return False


def _difference_holds(
    number: SafeNumber, what: Difference, series: Mapping[tuple[str, str], Mapping[str, int]]
) -> bool:
    printed = series.get((what.of, number.place), {})
    now = printed.get(number.period)
    if now is None:
        return False
    before = [n for period, n in printed.items() if period < number.period]
    if what.unit == "percent":
        return any(n and int(number.value) == _whole(100 * now, n) - 100 for n in before)
    return any(int(number.value) == now - n for n in before)


def _whole(part: int, whole: int) -> int:
    return (2 * part + whole) // (2 * whole)
