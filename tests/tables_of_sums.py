"""Random systems of sums, as invented as can be: tables with their margins, and series of months with the sums over time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from veille.disclosure import reader
from veille.disclosure.pattern import FREE, HIDDEN, SHOWN, Pattern, Problem

Sums = list[tuple[list[int], list[int]]]


@dataclass
class Table:
    """Counts with every margin, numbered in C order; `sums` ties them; `weight` is dearer for margins."""

    value: np.ndarray
    sums: Sums
    weight: np.ndarray

    def need(self, threshold: int) -> np.ndarray:
        """What R1 makes sensitive."""
        return np.where((self.value > 0) & (self.value < threshold), threshold, 0)

    def problem(self, threshold: int, own: tuple = ()) -> Problem:
        """Protect it alone, everything free."""
        size = len(self.value)
        return Problem(
            self.value, np.zeros(size), self.need(threshold), np.full(size, FREE), self.weight, self.sums, own
        )


def with_margins(core: np.ndarray) -> Table:
    """A table of one to four dimensions, with all its margins."""
    value = core
    for axis in range(core.ndim):
        value = np.concatenate([value, value.sum(axis=axis, keepdims=True)], axis=axis)
    ids = np.arange(value.size).reshape(value.shape)
    sums: Sums = []
    for axis, length in enumerate(core.shape):
        for rest in itertools.product(*[range(s) for i, s in enumerate(value.shape) if i != axis]):
            line = ids[(*rest[:axis], slice(None), *rest[axis:])]
            sums.append((line.tolist(), [1] * length + [-1]))
    margins = sum((np.indices(value.shape)[a] == n).astype(int) for a, n in enumerate(core.shape))
    weight = (3.0**margins) * (1 + np.log1p(value))
    return Table(value.ravel(), sums, weight.ravel())


def random_counts(rng: np.random.Generator, shape: tuple[int, ...], mean: float) -> np.ndarray:
    """Counts as unequal as those of the field: some cells empty, some small, few large."""
    return rng.poisson(mean * rng.gamma(0.5, 2.0, size=shape))


def reader_of(value: np.ndarray, sums: Sums, hidden: np.ndarray, floor: np.ndarray | None = None) -> tuple:
    """What a reader has: the hidden cells renumbered, the sums between them, the least of each."""
    at = {int(c): i for i, c in enumerate(np.flatnonzero(hidden))}
    found = []
    for cells, signs in sums:
        fixed = sum(s * int(value[c]) for c, s in zip(cells, signs, strict=True) if not hidden[c])
        open_ = [(at[c], s) for c, s in zip(cells, signs, strict=True) if hidden[c]]
        if open_:
            found.append(reader.Sum(tuple(c for c, _ in open_), tuple(s for _, s in open_), -fixed, -fixed))
    least = np.zeros(len(value)) if floor is None else floor
    return at, found, least[hidden]


def audit(
    value: np.ndarray, sums: Sums, pattern: Pattern, need: np.ndarray, own: np.ndarray | None = None, floor: np.ndarray | None = None
) -> dict[int, reader.Finding]:  # fmt: skip
    """The reader's finding for each sensitive cell; for an organisation that knows `own`, of what the others gave."""
    mine = np.zeros(len(value)) if own is None else own
    least = np.maximum(np.zeros(len(value)) if floor is None else floor, mine)
    if floor is not None:
        least = np.where(np.isfinite(floor), least, floor)
    at, found, bounds = reader_of(value, sums, pattern.hidden, least)
    asked = {at[int(c)]: (int(mine[c]), int(mine[c] + need[c])) for c in np.flatnonzero(need > 0)}
    back = {i: c for c, i in at.items()}
    return {back[i]: f for i, f in reader.examine(reader.separate(len(at), found), bounds, asked).items()}


@dataclass
class Series:
    """A year of monthly tables as they are released one by one, the past frozen: what `step` adds and protects."""

    regions: int
    types: int
    threshold: int
    rng: np.random.Generator
    organisations: int = 0

    def __post_init__(self) -> None:
        self.value: list[float] = []
        self.lower: list[float] = []
        self.need: list[int] = []
        self.state: list[int] = []
        self.weight: list[float] = []
        self.owns: list[list[float]] = [[] for _ in range(self.organisations)]
        self.sums: Sums = []
        self.tables: dict[tuple, np.ndarray] = {}
        self.printable: list[np.ndarray] = []  # every table that a release prints, in order
        self.kinds: list[str] = []  # of each: month, ytd, new (a month as revised), quarter
        self.failed = 0

    def _add(self, counts: np.ndarray, weight: float, own: list[np.ndarray], lower: float = 0.0, late: bool = False) -> np.ndarray:  # fmt: skip
        first = len(self.value)
        flat = counts.ravel()
        self.value += flat.tolist()
        self.lower += [lower] * flat.size
        size = np.abs(flat)
        self.need += np.where((size > 0) & (size < self.threshold), self.threshold, 0).tolist()
        self.state += [HIDDEN if late else FREE] * flat.size
        self.weight += (weight * (1 + np.log1p(size))).tolist()
        for k, some in enumerate(own):
            self.owns[k] += some.ravel().tolist()
        return np.arange(first, first + flat.size).reshape(counts.shape)

    def _margins(self, core: np.ndarray, own: list[np.ndarray], weight: float) -> np.ndarray:
        for axis in (0, 1):
            core = np.concatenate([core, core.sum(axis=axis, keepdims=True)], axis=axis)
            own = [np.concatenate([o, o.sum(axis=axis, keepdims=True)], axis=axis) for o in own]
        ids = self._add(core, weight, own)
        for axis in (0, 1):
            for line in np.moveaxis(ids, axis, -1).reshape(-1, ids.shape[axis]):
                self.sums.append((line.tolist(), [1] * (len(line) - 1) + [-1]))
        return ids

    def _tie(self, whole: np.ndarray, parts: list[np.ndarray], signs: list[int] | None = None) -> None:
        for cells in zip(whole.ravel(), *(p.ravel() for p in parts), strict=True):
            self.sums.append(([int(c) for c in cells], [-1, *(signs or [1] * len(parts))]))

    def _counts(self, mean: float) -> tuple[np.ndarray, list[np.ndarray]]:
        shape = (self.regions, self.types)
        own = [random_counts(self.rng, shape, mean / max(1, self.organisations)) for _ in range(self.organisations)]
        return (sum(own) if own else random_counts(self.rng, shape, mean)), own

    def month(self, number: int, mean: float) -> None:
        """Release one month: its table, the year to date, at a quarter's end the quarter, with what arrived late."""
        counts, own = self._counts(mean)
        table = self._margins(counts, own, 1.0)
        self.tables["month", number] = table
        self.printable.append(table)
        self.kinds.append("month")
        before = self.tables.get(("ytd", number - 1))
        if before is not None:
            size = self._value(table) + self._value(before)
            ytd = self._add(size, 4.0, self._own_sum([table, before]))
            self._tie(ytd, [before, table])
            self.printable.append(ytd)
            self.kinds.append("ytd")
            self.tables["ytd", number] = ytd
        else:
            self.tables["ytd", number] = table
        # What will be printed of the quarter must not be told before: two years to date give the sum of the months between.
        so_far = [self.tables["month", m] for m in range(number - (number - 1) % 3, number + 1)]
        if len(so_far) > 1:
            size = sum(self._value(t) for t in so_far)
            self._tie(self._add(size, 1.0, self._own_sum(so_far), late=True), so_far)
        if number % 3 == 0:
            self._quarter(number)
        self._protect()

    def _quarter(self, number: int) -> None:
        """The quarter is the sum of its months as revised: what arrived late is a cell, for each month."""
        fresh = []
        for month in range(number - 2, number + 1):
            old = self.tables["month", month]
            shape = (self.regions, self.types)
            late = self.rng.poisson(0.02, size=shape)
            whose = self.rng.integers(0, max(1, self.organisations), size=shape)
            own = [np.where(whose == k, late, 0) for k in range(self.organisations)]
            differences = self._margins(late, own, 1.0)
            for cell in differences.ravel():
                self.state[cell] = HIDDEN
            new = self._add(self._value(old) + self._value(differences), 2.0, self._own_sum([old, differences]))
            self._tie(new, [old, differences])
            self.printable.append(new)
            self.kinds.append("new")
            fresh.append(new)
        quarter = self._add(sum(self._value(n) for n in fresh), 4.0, self._own_sum(fresh))
        self._tie(quarter, fresh)
        self.printable.append(quarter)
        self.kinds.append("quarter")

    def _value(self, ids: np.ndarray) -> np.ndarray:
        return np.array(self.value)[ids]

    def _own_sum(self, tables: list[np.ndarray]) -> list[np.ndarray]:
        return [sum(np.array(o)[t] for t in tables) for o in self.owns]

    def _protect(self) -> None:
        from veille.disclosure import pattern

        answer = pattern.find(self.problem())
        self.failed += len(answer.failed)
        self.state = np.where(answer.hidden, HIDDEN, SHOWN).tolist()

    def hidden(self) -> int:
        """How many printable cells are hidden."""
        return int(sum((np.array(self.state)[t] == HIDDEN).sum() for t in self.printable))

    def hidden_table_by_table(self) -> int:
        """How many the usual method hides, which protects each table alone, and leaks."""
        from veille.disclosure import pattern

        values = [self._value(t)[:-1, :-1].astype(int) for t in self.printable]
        return int(sum(pattern.find(with_margins(v).problem(self.threshold)).hidden.sum() for v in values))

    def problem(self) -> Problem:
        """Everything released so far, as it stands."""
        return Problem(
            np.array(self.value), np.array(self.lower), np.array(self.need), np.array(self.state),
            np.array(self.weight), self.sums, [np.array(o) for o in self.owns],
        )  # fmt: skip

    def findings(self, own: np.ndarray | None = None) -> dict[int, reader.Finding]:
        """What the reader of the whole series knows."""
        hidden = np.array(self.state) == HIDDEN
        return audit(np.array(self.value), self.sums, Pattern(hidden), np.array(self.need), own)
