"""Counts as one system of sums: every table of a version, its sums over codes, places and periods, and the past.

What `protect` works on. The audit builds the reader's system again, by other code, from what is printed only.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from math import log1p

import numpy as np
import pandas as pd

from .. import periods
from ..errors import BadParameter, BuildFailed
from ..indicators.registry import BY_NAME, Measure
from ..places import Area
from .pattern import FREE, HIDDEN, SHOWN, Problem
from .rules import LEVELS, Rules, Sensitive, by_organisation
from .safe import Address

NOW = 1 << 30  # the release that is being decided


@dataclass(frozen=True)
class Print:
    """One number as an audience was given it: at which release, its true count then, and whether it was printed.

    The count of a hidden number is restricted: it is counted again from what had arrived by that day, never read in the
    ledger. Release 0 stands for what others printed before the ledger began.
    """

    release: int
    value: int
    printed: bool


@dataclass(frozen=True)
class Past:
    """What an audience has been given before: each number's prints, oldest first, and which periods are open again.

    revised: the periods whose late records a scheduled revision now lets in (R8).
    """

    prints: Mapping[Address, tuple[Print, ...]] = field(default_factory=dict)
    revised: frozenset[str] = frozenset()

    def is_fresh(self, address: Address, value: int) -> bool:
        """Whether a count is decided now: it is new, its period is open again, or others had printed another one."""
        prints = self.prints.get(address)
        if not prints or address[2] in self.revised:
            return True
        return prints[-1].release == 0 and prints[-1].value != value

    def was_printed(self, address: Address) -> bool:
        """Whether its last print shows a value."""
        prints = self.prints.get(address)
        return bool(prints) and prints[-1].printed


@dataclass(frozen=True)
class Relation:
    """`total = sum of parts`, or at least, or at most that much; `usual`: at least, but for exceptions."""

    total: Address
    parts: tuple[Address, ...]
    kind: str = "exact"


def _kind(measure: Measure, dimension: str) -> str:
    """How the codes of a dimension stand to the number without it; empty where nothing is known."""
    if dimension in measure.adds_up:
        return "exact"
    if dimension in measure.usually_apart:
        return "usual"
    return "at_most" if measure.covered_by_codes else ""


def relations(cells: Mapping[Address, Measure], areas: Mapping[str, Area]) -> Iterator[Relation]:
    """Every sum that a reader can form between some cells: over codes, places and periods, and between indicators."""
    for address, measure in cells.items():
        yield from _inside(address, measure, cells)
    lines: dict[tuple[Address, str, str], list[Address]] = {}
    for address, measure in cells.items():
        stem, *coded = address[0].split(".")
        for i, (dimension, _) in enumerate(measure.dimensions):
            total = (".".join([stem, *coded[:i], *coded[i + 1 :]]), *address[1:])
            kind = _kind(measure, dimension)
            if kind and total in cells:
                lines.setdefault((total, dimension, kind), []).append(address)
    for (total, _, kind), parts in lines.items():
        yield Relation(total, tuple(parts), kind)
    yield from _over_places(cells, areas)
    yield from _over_periods(cells)


def _inside(address: Address, measure: Measure, cells: Mapping[Address, Measure]) -> Iterator[Relation]:
    name, *where = address
    coded = name.split(".")[1:]
    own = measure.parts.get(name.partition(".")[2], ())
    parts = tuple((part, *where) for part in own)
    if parts and all(part in cells for part in parts):
        yield Relation(address, parts)
    for kind, others in (("at_least", measure.within), ("usual", measure.usually_within)):
        for other in others:
            for whole in (".".join([other, *coded]), other):
                if whole != name and (whole, *where) in cells:
                    yield Relation((whole, *where), (address,), kind)
                    break


def _over_places(cells: Mapping[Address, Measure], areas: Mapping[str, Area]) -> Iterator[Relation]:
    # What each place is made of, the finest first: a number that exists for no region still adds up from zones to the country.
    inside: dict[str, list[tuple[str, ...]]] = {}
    zones = tuple(area.code for area in areas.values() if not area.is_country)
    for area in areas.values():
        inside[area.code] = [tuple(str(r.place) for r in area.regions), zones if area.is_country else ()]
        for region in area.regions:
            inside[str(region.place)] = [tuple(str(c) for c in region.cercles)]
    for name, place, period in cells:
        for finer in inside.get(place, ()):
            parts = tuple((name, part, period) for part in finer if (name, part, period) in cells)
            if parts:
                yield Relation((name, place, period), parts)
                break


def _over_periods(cells: Mapping[Address, Measure]) -> Iterator[Relation]:
    for name, place, period in cells:
        try:
            whole = periods.parse(period)
        except BadParameter:  # a day: a stock is not a sum
            continue
        for finer in whole.divisions():
            parts = tuple((name, place, str(p)) for p in finer if (name, place, str(p)) in cells)
            if parts:
                yield Relation((name, place, period), parts)
                break


@dataclass
class System:
    """The problem that `pattern` solves, with the address of each of its cells: (address, whether of this version)."""

    problem: Problem
    cells: list[tuple[Address, bool]]  # slacks and differences come after them
    loose: set[Address]  # totals that hold more than the parts they are printed with
    unusual: set[Address]  # numbers that are larger than what usually holds them
    late: dict[Address, int]  # differences between two releases that are sensitive, with their threshold

    def hide(self, addresses: Container[Address]) -> None:
        """Keep back the cells of this version that are not decided yet."""
        state = self.problem.state
        for i, (address, is_now) in enumerate(self.cells):
            if is_now and state[i] == FREE and address in addresses:
                state[i] = HIDDEN


class _Builder:
    def __init__(self) -> None:
        self.value: list[float] = []
        self.lower: list[float] = []
        self.need: list[int] = []
        self.state: list[int] = []
        self.weight: list[float] = []
        self.infer: list[int] = []
        self.sums: list[tuple[list[int], list[int]]] = []

    def add(
        self, value: int, state: int, *, need: int = 0, weight: float = 1.0, lower: float = 0.0, infer: int = 0
    ) -> int:
        for column, given in zip(
            (self.value, self.lower, self.need, self.state, self.weight, self.infer),
            (value, lower, need, state, weight, infer),
            strict=True,
        ):
            column.append(given)
        return len(self.value) - 1

    def problem(self, own: list[np.ndarray]) -> Problem:
        return Problem(
            np.array(self.value), np.array(self.lower), np.array(self.need), np.array(self.state, dtype=np.int8),
            np.array(self.weight), self.sums, own, np.array(self.infer),
        )  # fmt: skip


def _weight(address: Address, level: str, usual: int) -> float:
    """What hiding a cell costs a reader: totals are dear, fine cells cheap; where much is counted a little more."""
    name, _, period = address
    breadth = 4.0 ** (2 - min(2, name.count(".")))
    place = 2.0 ** LEVELS.index(level)
    span = {"month": 1.0, "year": 4.0}.get(periods.kind_of(period), 2.0)
    return breadth * place * span * (1 + log1p(usual))


def build(
    cubes: pd.DataFrame,
    rules: Rules,
    audience: str,
    areas: Mapping[str, Area],
    sensitive: Mapping[Address, Sensitive],
    past: Past,
    hidden: set[Address],
    behind: Mapping[Address, Mapping[str, int]] | None = None,
) -> System:
    """The system of one audience. `hidden`: cells that some rule keeps back whatever happens.

    Raises BuildFailed when a total is less than its parts: the counts are wrong, and nothing is printed.
    """
    measures: dict[Address, Measure] = {}
    values: dict[Address, int] = {}
    levels: dict[Address, str] = {}
    for c in cubes.itertuples(index=False):
        if rules.of(c.table).threshold and rules.is_for(c.table, c.level, c.period, audience):
            address = (c.key, c.place, c.period)
            measures[address], values[address], levels[address] = BY_NAME[c.table], int(c.value), c.level
    # A national total that is sensitive, or whose late records are, would be worked out of the others of its table, were
    # they always printed.
    late = {
        a for a, n in values.items() if _is_late(past.prints.get(a), n, rules.of(measures[a].name).threshold[audience])
    }
    anchored = {a for a in {*sensitive, *late} if a in measures and rules.is_anchored(measures[a].name, levels[a])}
    bare = {measures[a].name for a in anchored}
    # What a place usually counts: the same company for a sensitive number each month spares the quarter and the year.
    usual: dict[tuple[str, str], int] = {}
    for (name, place, _), n in values.items():
        usual[name, place] = max(n, usual.get((name, place), 0))
    b = _Builder()
    cells: list[tuple[Address, bool]] = []
    # Of each number, its cells by release; what is decided now belongs to the release after all others.
    at: dict[Address, dict[int, int]] = {address: {} for address in measures}
    for address in measures:
        fresh = past.is_fresh(address, values[address])
        of_it = rules.inferred(address[0], measures[address].name, audience) if address not in sensitive else 0
        for one in past.prints.get(address, ()):
            is_last = one is past.prints[address][-1] and not fresh
            need = sensitive[address].threshold if is_last and address in sensitive and not one.printed else 0
            seen = of_it if one.value >= of_it and not one.printed else 0
            at[address][one.release] = b.add(one.value, SHOWN if one.printed else HIDDEN, need=need, infer=seen)
            cells.append((address, False))
        if fresh:
            table = measures[address].name
            printed = rules.is_printed(table)
            printed |= rules.is_anchored(table, levels[address]) and table not in bare
            state = HIDDEN if address in hidden else SHOWN if printed else FREE
            need = sensitive[address].threshold if address in sensitive and state != SHOWN else 0
            weight = _weight(address, levels[address], usual[address[:2]])
            seen = of_it if values[address] >= of_it and state != SHOWN else 0
            at[address][NOW] = b.add(values[address], state, need=need, weight=weight, infer=seen)
            cells.append((address, True))
    count = len(cells)
    found = list(relations(measures, areas))
    loose, unusual = _tie(b, found, at)
    late = _differences(b, found, at, measures, rules, audience)
    _cap(b)
    own = [
        np.array([gave.get(address, 0) for address, _ in cells] + [0] * (len(b.value) - count))
        for gave in by_organisation(behind).values()
    ]
    return System(b.problem(own), cells, loose, unusual, late)


def _tie(
    b: _Builder, found: list[Relation], at: Mapping[Address, Mapping[int, int]]
) -> tuple[set[Address], set[Address]]:
    """Add every sum at every release where it holds; the totals that hold more than their parts, the parts that are
    larger than what usually holds them.
    """
    loose: set[Address] = set()
    unusual: set[Address] = set()
    seen: set[tuple] = set()
    for relation in found:
        for release in sorted({r for a in (relation.total, *relation.parts) for r in at[a]}):
            where = [_latest(at[a], release) for a in (relation.total, *relation.parts)]
            total, *parts = where
            if None in where or (total, *parts) in seen:
                continue
            fresh = [a for a in relation.parts if release in at[a]]
            if release not in at[relation.total] and any(min(at[a]) != release for a in fresh):
                continue  # a revised part under a total that is not: they do not speak of the same records
            seen.add((total, *parts))
            rest = b.value[total] - sum(b.value[p] for p in parts)
            kind = relation.kind
            if kind == "usual":
                if rest < 0:
                    unusual.add(relation.parts[0])
                    continue
                kind = "at_least"
            if kind == "exact" and rest > 0:
                # Some of the whole is not told by its parts: printed totals of cercles whose forms never came.
                kind = "at_least"
                loose.add(relation.total)
            if (kind == "exact" and rest) or (kind == "at_least" and rest < 0) or (kind == "at_most" and rest > 0):
                if any(0 in at[a] for a in (relation.total, *relation.parts)):
                    continue  # printed by others, who counted otherwise
                raise BuildFailed(
                    f"Le total {relation.total[0]} ({relation.total[1]}, {relation.total[2]}) ne s’accorde pas avec ses parties.",
                    "C’est une faute de comptage : signalez-la avec ce message.",
                )
            if kind == "exact":
                b.sums.append(([total, *parts], [-1, *[1] * len(parts)]))
            else:
                slack = b.add(int(abs(rest)), HIDDEN)
                b.sums.append(([total, *parts, slack], [-1, *[1] * len(parts), 1 if kind == "at_least" else -1]))
    return loose, unusual


def _is_late(prints: tuple[Print, ...] | None, value: int, threshold: int) -> bool:
    """Whether what came after the last print of a number is itself a sensitive number."""
    return bool(prints) and 0 < abs(value - prints[-1].value) < threshold


def _latest(at: Mapping[int, int], release: int) -> int | None:
    """The cell of a number as it stood at a release; None when it had not been given yet."""
    known = [r for r in at if r <= release]
    return at[max(known)] if known else None


def _differences(
    b: _Builder,
    found: list[Relation],
    at: Mapping[Address, Mapping[int, int]],
    measures: Mapping[Address, Measure],
    rules: Rules,
    audience: str,
) -> dict[Address, int]:
    """A difference that a reader can form between two releases is a cell (R8)."""
    pairs = [
        (address, older, newer, some[older], some[newer])
        for address, some in at.items()
        for older, newer in zip(sorted(some), sorted(some)[1:], strict=False)
    ]
    # When records were taken back somewhere, the reader may take any difference for one.
    lower = 0.0 if all(b.value[new] >= b.value[old] for *_, old, new in pairs) else -np.inf
    sensitive: dict[Address, int] = {}
    between: dict[tuple[Address, int, int], int] = {}
    for address, old_release, new_release, old, new in pairs:
        table = measures[address].name
        threshold = rules.of(table).threshold[audience]
        late = int(b.value[new] - b.value[old])
        is_now = at[address].get(NOW) == new
        need = threshold if is_now and 0 < abs(late) < threshold and not rules.is_printed(table) else 0
        known = b.state[new] == SHOWN == b.state[old]
        difference = b.add(late, SHOWN if known else HIDDEN, need=need, lower=lower)
        b.sums.append(([new, old, difference], [1, -1, -1]))
        between[address, old_release, new_release] = difference
        if need:
            sensitive[address] = need
    # What came late adds up too. It follows from the sums above; said apart, it shows what an always printed total bounds.
    of_total: dict[Address, list[tuple[int, int]]] = {}
    for address, *releases in between:
        of_total.setdefault(address, []).append(tuple(releases))
    for relation in found:
        for releases in of_total.get(relation.total, ()):
            cells = [between.get((a, *releases)) for a in (relation.total, *relation.parts)]
            if relation.kind == "exact" and None not in cells:
                if b.value[cells[0]] == sum(b.value[c] for c in cells[1:]):
                    b.sums.append((cells, [-1, *[1] * len(relation.parts)]))
    return sensitive


def _cap(b: _Builder) -> None:
    """Where a total is always printed, its parts cannot seem larger than it: the threshold they must reach is the total."""
    most = [v if s == SHOWN else np.inf for v, s in zip(b.value, b.state, strict=True)]
    changed = True
    while changed:
        changed = False
        for cells, signs in b.sums:
            total, parts = cells[0], cells[1:]
            if signs[0] != -1 or any(s != 1 for s in signs[1:]):
                continue
            for part in parts:
                if most[total] < most[part]:
                    most[part], changed = most[total], True
    for i, need in enumerate(b.need):
        if need and most[i] < need:
            b.need[i] = int(most[i])
