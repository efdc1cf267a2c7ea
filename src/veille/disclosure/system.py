"""Counts as one system of sums: every table of a version, its sums over codes, places and periods, and the past.

What `protect` works on. The audit builds the reader's system again, by other code, from what is printed only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log1p

import numpy as np
import pandas as pd

from .. import periods
from ..errors import BadParameter, BuildFailed
from ..indicators.registry import MEASURES, Measure
from ..places import Area
from .pattern import FREE, HIDDEN, SHOWN, Problem
from .rules import LEVELS, Address, Rules, Sensitive

_MEASURES = {m.name: m for m in MEASURES}


@dataclass(frozen=True)
class Past:
    """What an audience has been given before: its cells, which of them were printed, and which periods are open again.

    values: the counts as they were at that release (restricted: recomputed from the snapshots of that day, not read in
    the ledger). revised: the periods whose late records a scheduled revision now lets in (R8).
    """

    values: Mapping[Address, int] = field(default_factory=dict)
    printed: frozenset[Address] = frozenset()
    revised: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Relation:
    """`total = sum of parts`, or at least, or at most that much."""

    total: Address
    parts: tuple[Address, ...]
    kind: str = "exact"


def relations(cells: Mapping[Address, Measure], areas: Mapping[str, Area]) -> Iterator[Relation]:
    """Every sum that a reader can form between some cells: over codes, places and periods, and between indicators."""
    for address, measure in cells.items():
        yield from _inside(address, measure, cells)
    lines: dict[tuple[Address, str, str], list[Address]] = {}
    for address, measure in cells.items():
        stem, *coded = address[0].split(".")
        for i, (dimension, _) in enumerate(measure.dimensions):
            total = (".".join([stem, *coded[:i], *coded[i + 1 :]]), *address[1:])
            if total in cells and (dimension in measure.adds_up or measure.covered_by_codes):
                kind = "exact" if dimension in measure.adds_up else "at_most"
                lines.setdefault((total, dimension, kind), []).append(address)
    for (total, _, kind), parts in lines.items():
        yield Relation(total, tuple(parts), kind)
    yield from _over_places(cells, areas)
    yield from _over_periods(cells)


def _inside(address: Address, measure: Measure, cells: Mapping[Address, Measure]) -> Iterator[Relation]:
    name, *where = address
    coded = name.split(".")[1:]
    parts = tuple((part, *where) for part in measure.parts)
    if parts and all(part in cells for part in parts):
        yield Relation(address, parts)
    for other in measure.within:
        for whole in (".".join([other, *coded]), other):
            if whole != name and (whole, *where) in cells:
                yield Relation((whole, *where), (address,), "at_least")
                break


def _over_places(cells: Mapping[Address, Measure], areas: Mapping[str, Area]) -> Iterator[Relation]:
    inside: dict[str, tuple[str, ...]] = {}
    for area in areas.values():
        inside[area.code] = tuple(str(r.place) for r in area.regions)
        for region in area.regions:
            inside[str(region.place)] = tuple(str(c) for c in region.cercles)
    for name, place, period in cells:
        parts = tuple((name, part, period) for part in inside.get(place, ()) if (name, part, period) in cells)
        if parts:
            yield Relation((name, place, period), parts)


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
    cells: list[tuple[Address, bool]]
    extra: int  # slacks and differences after the cells
    loose: set[Address]  # totals that hold more than the parts they are printed with
    late: dict[Address, int]  # differences between two releases that are sensitive, with their threshold

    def cell(self, number: int) -> tuple[Address, bool] | None:
        """The cell of that number; None for a slack or a difference."""
        return self.cells[number] if number < len(self.cells) else None


class _Builder:
    def __init__(self) -> None:
        self.value: list[float] = []
        self.lower: list[float] = []
        self.need: list[int] = []
        self.state: list[int] = []
        self.weight: list[float] = []
        self.sums: list[tuple[list[int], list[int]]] = []

    def add(self, value: int, state: int, *, need: int = 0, weight: float = 1.0, lower: float = 0.0) -> int:
        for column, given in zip(
            (self.value, self.lower, self.need, self.state, self.weight),
            (value, lower, need, state, weight),
            strict=True,
        ):
            column.append(given)
        return len(self.value) - 1

    def problem(self, own: list[np.ndarray]) -> Problem:
        return Problem(
            np.array(self.value), np.array(self.lower), np.array(self.need), np.array(self.state, dtype=np.int8),
            np.array(self.weight), self.sums, own,
        )  # fmt: skip


def _weight(address: Address, level: str, value: int) -> float:
    """What hiding a cell costs a reader: totals are dear, fine cells cheap; a large number a little more than a small."""
    name, _, period = address
    breadth = 4.0 ** (2 - min(2, name.count(".")))
    place = 2.0 ** LEVELS.index(level)
    span = {7: 1.0, 4: 4.0}.get(len(period), 2.0)
    return breadth * place * span * (1 + log1p(value))


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
        if rules.of(c.table).threshold and rules.is_for(c.table, c.level, audience):
            address = (c.key, c.place, c.period)
            measures[address], values[address], levels[address] = _MEASURES[c.table], int(c.value), c.level
    old = {a: v for a, v in past.values.items() if a in measures}
    b = _Builder()
    cells: list[tuple[Address, bool]] = []
    now: dict[Address, int] = {}
    then: dict[Address, int] = {}
    for address, measure in measures.items():
        if address in old and address[2] not in past.revised:
            now[address] = then[address] = b.add(
                old[address],
                SHOWN if address in past.printed else HIDDEN,
                need=sensitive[address].threshold if address in sensitive else 0,
            )
            cells.append((address, False))
            continue
        printed = rules.is_printed(measure.name)
        state = HIDDEN if address in hidden else SHOWN if printed else FREE
        need = sensitive[address].threshold if address in sensitive and state != SHOWN else 0
        now[address] = b.add(
            values[address], state, need=need, weight=_weight(address, levels[address], values[address])
        )
        cells.append((address, True))
    for address, value in old.items():
        if address[2] in past.revised:
            then[address] = b.add(value, SHOWN if address in past.printed else HIDDEN)
            cells.append((address, False))
    count = len(cells)
    seen: set[tuple] = set()
    loose: set[Address] = set()
    for relation in relations(measures, areas):
        for where in (now, then):
            if relation.total not in where or any(p not in where for p in relation.parts):
                continue
            parts, total = [where[p] for p in relation.parts], where[relation.total]
            if (total, tuple(parts)) in seen:
                continue
            seen.add((total, tuple(parts)))
            rest = b.value[total] - sum(b.value[p] for p in parts)
            kind = relation.kind
            if kind == "exact" and rest > 0:
                # Some of the whole is not told by its parts: printed totals of cercles whose forms never came.
                kind = "at_least"
                loose.add(relation.total)
            if (kind == "exact" and rest) or (kind == "at_least" and rest < 0) or (kind == "at_most" and rest > 0):
                raise BuildFailed(
                    f"Le total {relation.total[0]} ({relation.total[1]}, {relation.total[2]}) ne s’accorde pas avec ses parties.",
                    "C’est une faute de comptage : signalez-la avec ce message.",
                )
            if kind == "exact":
                b.sums.append(([total, *parts], [-1, *[1] * len(parts)]))
            else:
                slack = b.add(int(abs(rest)), HIDDEN)
                sign = 1 if kind == "at_least" else -1
                b.sums.append(([total, *parts, slack], [-1, *[1] * len(parts), sign]))
    late = _differences(b, now, then, measures, rules, audience)
    _cap(b)
    own = [
        np.array([gave.get(address, 0) for address, _ in cells] + [0] * (len(b.value) - count))
        for gave in _by_organisation(behind or {})
    ]
    return System(b.problem(own), cells, len(b.value) - count, loose, late)


def _by_organisation(behind: Mapping[Address, Mapping[str, int]]) -> list[dict[Address, int]]:
    out: dict[str, dict[Address, int]] = {}
    for address, gave in behind.items():
        for organisation, n in gave.items():
            out.setdefault(organisation, {})[address] = n
    return [out[name] for name in sorted(out)]


def _differences(
    b: _Builder,
    now: dict[Address, int],
    then: dict[Address, int],
    measures: Mapping[Address, Measure],
    rules: Rules,
    audience: str,
) -> dict[Address, int]:
    """A difference that a reader can form between two releases is a cell (R8)."""
    sensitive: dict[Address, int] = {}
    both = [a for a in then if a in now and now[a] != then[a]]
    late = {a: int(b.value[now[a]] - b.value[then[a]]) for a in both}
    # When records were taken back somewhere, the reader may take any difference for one.
    lower = 0.0 if all(n >= 0 for n in late.values()) else -np.inf
    for address in both:
        table = measures[address].name
        threshold = rules.of(table).threshold[audience]
        need = threshold if 0 < abs(late[address]) < threshold and not rules.is_printed(table) else 0
        difference = b.add(late[address], HIDDEN, need=need, lower=lower)
        b.sums.append(([now[address], then[address], difference], [1, -1, -1]))
        if need:
            sensitive[address] = need
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
