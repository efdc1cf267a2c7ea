"""What a reader can work out from a system of sums: for each sensitive quantity, two worlds or an interval (R9).

The audit's engine. It knows only what is printed: values, sums, and which quantities are sensitive with their threshold,
never a hidden value. A quantity is safe when two worlds of whole numbers agree with everything printed, one with nothing
in it, one with the threshold or more; each world is checked in whole numbers, without a solver, before it counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .solver import INFINITY, Program

_WHOLE = 1e-6
_ROUNDS = 12


@dataclass(frozen=True)
class Sum:
    """`low <= sum of signs x cells <= high`, over hidden cells; what is printed stands in the bounds."""

    cells: tuple[int, ...]
    signs: tuple[int, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """What the reader knows of a sensitive cell: its whole-number interval, `high` None when without end.

    `worlds` holds the two that make it safe; safe findings do not compute the interval.
    """

    cell: int
    is_safe: bool
    low: int | None = None
    high: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the reader knows the very number."""
        return not self.is_safe and self.low is not None and self.low == self.high


def is_world(world: np.ndarray, sums: Sequence[Sum], floor: np.ndarray) -> bool:
    """Whether whole numbers agree with everything printed. Whole-number arithmetic only; no solver."""
    whole = [int(x) for x in world]
    if any(w < f for w, f in zip(whole, floor, strict=True)):
        return False
    return all(
        s.low <= sum(sign * whole[cell] for cell, sign in zip(s.cells, s.signs, strict=True)) <= s.high for s in sums
    )


Tied = list[tuple[list[int], list[Sum]]]


def examine(
    tied: Tied, floor: np.ndarray, level: Mapping[int, tuple[int, int]], *, intervals: bool = True
) -> dict[int, Finding]:
    """The finding for each sensitive cell of `level`: cell -> (nothing, threshold), both as that reader counts them.

    tied: the hidden cells with their sums, as `separate` gives them; floor: the least that each can be for that reader
    (minus infinity: no least). Without `intervals` a cell that is not safe has none.
    """
    findings: dict[int, Finding] = {}
    for cells, some in tied:
        asked = [c for c in cells if c in level]
        if asked:
            findings |= _Component(cells, some, floor, {c: level[c] for c in asked}).run(intervals)
    return findings


def separate(size: int, sums: Sequence[Sum]) -> Tied:
    """The sets of cells that sums tie together, each with its sums."""
    touching: list[list[int]] = [[] for _ in range(size)]
    for number, one in enumerate(sums):
        for cell in one.cells:
            touching[cell].append(number)
    seen = [False] * size
    out = []
    for first in range(size):
        if seen[first]:
            continue
        seen[first] = True
        cells, used, waiting = [], set(), [first]
        while waiting:
            cell = waiting.pop()
            cells.append(cell)
            for number in touching[cell]:
                if number not in used:
                    used.add(number)
                    for other in sums[number].cells:
                        if not seen[other]:
                            seen[other] = True
                            waiting.append(other)
        out.append((sorted(cells), [sums[k] for k in sorted(used)]))
    return out


class _Component:
    """Hidden cells that are tied together, and the questions about them."""

    def __init__(self, cells: list[int], sums: list[Sum], floor: np.ndarray, level: dict[int, tuple[int, int]]) -> None:
        self.cells, self.level = cells, level
        local = {c: i for i, c in enumerate(cells)}
        self.local = local
        self.sums = [Sum(tuple(local[c] for c in s.cells), s.signs, s.low, s.high) for s in sums]
        self.floor = np.array([floor[c] for c in cells], dtype=np.float64)
        self.size, self.asked = len(cells), list(level)
        # One column more per question: how far the cell is on its way to the threshold.
        starts, index, values = [0], [], []
        for s in self.sums:
            index += s.cells
            values += s.signs
            starts.append(len(index))
        for k, cell in enumerate(self.asked):
            index += [local[cell], self.size + k]
            values += [1, -1]
            starts.append(len(index))
        nothing = np.array([level[c][0] for c in self.asked], dtype=np.float64)
        self.nothing, self.enough = nothing, np.array([level[c][1] for c in self.asked], dtype=np.float64)
        rows = (
            np.array([s.low for s in self.sums] + [0.0] * len(self.asked), dtype=np.float64),
            np.array([s.high for s in self.sums] + [INFINITY] * len(self.asked), dtype=np.float64),
        )
        columns = (
            np.concatenate([self.floor, np.minimum(nothing, self.floor[[local[c] for c in self.asked]])]),
            np.concatenate([np.full(self.size, INFINITY), self.enough]),
        )
        every = self.size + len(self.asked)
        self.program = Program((np.array(starts), np.array(index), np.array(values)), rows, columns, np.zeros(every))
        self.lacks = [set(self.asked), set(self.asked)]  # which cells still lack their world at nothing, at enough

    def run(self, intervals: bool) -> dict[int, Finding]:
        rng = np.random.default_rng(len(self.asked))
        for turn in range(_ROUNDS):
            before = len(self.lacks[0]) + len(self.lacks[1])
            for side in (0, 1):
                if self.lacks[side]:
                    world = self.look(side, rng, all_at_once=turn == 0)
                    if world is None:  # nothing agrees with what is printed: the reader's system is not the true one
                        return {c: Finding(c, False) for c in self.asked}
                    self.count(world)
            if before - len(self.lacks[0]) - len(self.lacks[1]) <= before // 20:
                break
        findings = {}
        for cell in self.asked:
            for side in (0, 1):
                if cell in self.lacks[side]:
                    world = self.one(cell, side)
                    if world is not None:
                        self.count(world)
            is_safe = all(cell not in lacking for lacking in self.lacks)
            findings[cell] = self.interval(cell) if intervals and not is_safe else Finding(cell, is_safe)
        return findings

    def look(self, side: int, rng: np.random.Generator, *, all_at_once: bool) -> np.ndarray | None:
        """A world that takes as many cells as it can to their side."""
        weights = np.ones(len(self.asked)) if all_at_once else rng.uniform(0.1, 1.0, len(self.asked))
        return self.priced(side, weights * np.array([c in self.lacks[side] for c in self.asked]))

    def priced(self, side: int, weights: np.ndarray) -> np.ndarray | None:
        """The world at the optimum, the asked cells pulled down (0) or up (1) by their weights."""
        cost = np.zeros(self.size + len(self.asked))
        if side == 0:
            # Down to nothing at most: a difference could fall without end.
            for k, cell in enumerate(self.asked):
                if np.isfinite(self.floor[self.local[cell]]):
                    cost[self.local[cell]] = weights[k]
        else:
            cost[self.size :] = -weights
        self.program.price(np.arange(len(cost)), cost)
        return self.program.solve()

    def count(self, found: np.ndarray) -> None:
        """Note every cell that a world serves; only a checked world of whole numbers does."""
        world = found[: self.size]
        if np.abs(world - np.round(world)).max() > _WHOLE:
            return
        world = np.round(world)
        at = world[[self.local[c] for c in self.asked]]
        low, high = at == self.nothing, at >= self.enough
        serves = [{c for c, yes in zip(self.asked, side, strict=True) if yes} for side in (low, high)]
        if not (serves[0] & self.lacks[0] or serves[1] & self.lacks[1]) or not is_world(world, self.sums, self.floor):
            return
        for lacking, served in zip(self.lacks, serves, strict=True):
            lacking -= served

    def bound(self, cell: int, low: float, high: float) -> None:
        self.program.bound(np.array([self.local[cell]]), np.array([low]), np.array([high]))

    def one(self, cell: int, side: int) -> np.ndarray | None:
        """A world with this cell at its side, or None when there is none. Whole numbers are asked for when needed."""
        k = self.asked.index(cell)
        low, high = (self.nothing[k], self.nothing[k]) if side == 0 else (self.enough[k], INFINITY)
        if high < self.floor[self.local[cell]]:
            return None
        self.bound(cell, low, high)
        try:
            weights = np.array([c in self.lacks[side] for c in self.asked], dtype=float)
            found = self.priced(side, weights)
            if found is None:
                return None
            if np.abs(found[: self.size] - np.round(found[: self.size])).max() > _WHOLE:
                self.program.price(np.arange(self.program.columns), np.zeros(self.program.columns))
                self.program.integer(True)
                try:
                    found = self.program.solve()
                finally:
                    self.program.integer(False)
            return found
        finally:
            self.bound(cell, self.floor[self.local[cell]], INFINITY)

    def interval(self, cell: int) -> Finding:
        """The least and the most that the cell can be, in whole numbers."""
        ends: list[int | None] = []
        for sign in (1.0, -1.0):
            # Far beyond what is asked: a cell that gets there is taken as without end.
            far = self.enough.max() * 1000 + 1_000_000
            k = self.local[cell]
            lower = max(self.floor[k], -far)
            self.bound(cell, lower, max(far, lower))
            cost = np.zeros(self.program.columns)
            cost[k] = sign
            self.program.price(np.arange(len(cost)), cost)
            self.program.integer(True)
            try:
                found = self.program.solve()
            finally:
                self.program.integer(False)
                self.bound(cell, self.floor[k], INFINITY)
            end = None if found is None else int(round(found[k]))
            ends.append(None if end is None or abs(end) >= far else end)
        return Finding(cell, False, *ends)
