"""Which cells to hide, in one system of sums: the cheapest set that keeps every sensitive quantity uncertain (R9).

Works on numbers without names. For each sensitive quantity and each side (nothing, or the threshold and more) a linear
program finds the cheapest change of the cells that takes it there without touching what is already printed; what the
change touches is hidden too. A clean-up then tries to print each complementary cell again. Method: sequential linear
programs (Kelly, Golden and Assad 1992; Fischetti and Salazar-González 2000), for the outsider and for each organisation
that knows its own rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .solver import INFINITY, Program

FREE, SHOWN, HIDDEN = 0, 1, 2
_TOUCHED = 1e-7
_WHOLE = 1e-6
_THOUGHTS = 4
_PAID = 16.0  # what emptying a cell is worth beside what it moves elsewhere, when many are asked together


@dataclass
class Problem:
    """`n` cells and the sums that tie them.

    value: the true whole numbers; lower: the least that a reader must allow (0; minus infinity for a difference).
    need: 0, or the threshold that a sensitive quantity must be able to reach, as it must be able to be 0.
    state: FREE cells are decided here; SHOWN and HIDDEN ones (the past, or a rule) stay.
    weight: what hiding a cell costs, > 0. sums: (cells, signs): the signed sum is 0.
    own: for each organisation, its part of each cell.
    infer: 0, or what a reader who knows the rules takes a hidden cell for that cannot be 0: as it is not sensitive, it is its
    threshold or more.
    """

    value: np.ndarray
    lower: np.ndarray
    need: np.ndarray
    state: np.ndarray
    weight: np.ndarray
    sums: Sequence[tuple[Sequence[int], Sequence[int]]]
    own: Sequence[np.ndarray] = ()
    infer: np.ndarray | None = None

    @cached_property
    def tied(self) -> list[tuple[np.ndarray, list[tuple[Sequence[int], Sequence[int]]], bytes]]:
        """The sets of cells that sums tie together, each with its sums, and those as bytes.

        A printed cell ties nothing. To hide one more that is not printed changes no set: they are found once.
        """
        loose = self.state != SHOWN
        groups = components(len(self.value), self.sums, loose)
        where = {int(cell): number for number, group in enumerate(groups) for cell in group}
        sums: list[list[tuple[Sequence[int], Sequence[int]]]] = [[] for _ in groups]
        for one in self.sums:
            first = next((c for c in one[0] if loose[c]), None)
            if first is not None:
                sums[where[int(first)]].append(one)
        return [(group, some, repr(some).encode()) for group, some in zip(groups, sums, strict=True)]


@dataclass
class Pattern:
    """The answer: `hidden` for every cell, and the sensitive cells that nothing could protect."""

    hidden: np.ndarray
    failed: list[int] = field(default_factory=list)


def components(size: int, sums: Sequence[tuple[Sequence[int], Sequence[int]]], loose: np.ndarray) -> list[np.ndarray]:
    """Cells tied to each other through sums, where `loose`; a printed cell ties nothing."""
    parent = list(range(size))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for cells, _ in sums:
        tied = [c for c in cells if loose[c]]
        for other in tied[1:]:
            a, b = root(tied[0]), root(other)
            if a != b:
                parent[max(a, b)] = min(a, b)
    groups: dict[int, list[int]] = {}
    for i in range(size):
        if loose[i]:
            groups.setdefault(root(i), []).append(i)
    return [np.array(g) for g in groups.values()]


Known = dict[bytes, tuple[np.ndarray, list[int]]]


def find(problem: Problem, known: Known | None = None) -> Pattern:
    """The pattern of one problem. The same input gives the same pattern.

    `known` keeps the answers: a set of tied cells that has not changed since is not solved again.
    """
    known = {} if known is None else known
    hidden = (problem.state == HIDDEN) | ((problem.state == FREE) & (problem.need > 0))
    pattern = Pattern(hidden)
    for group, sums, of_sums in problem.tied:
        if not (problem.need[group] > 0).any():
            continue
        columns = (problem.value, problem.lower, problem.need, problem.state, problem.weight, *problem.own)
        columns += () if problem.infer is None else (problem.infer,)
        asked = b"".join([group.tobytes(), *(c[group].tobytes() for c in columns), of_sums])
        if asked not in known:
            failed = len(pattern.failed)
            _Search(problem, group, sums, pattern).run()
            known[asked] = (pattern.hidden[group].copy(), pattern.failed[failed:])
        else:
            pattern.hidden[group] = known[asked][0]
            pattern.failed += known[asked][1]
    return pattern


class _Target(NamedTuple):
    """A sensitive cell of the component, who looks (-1: the outsider), and where it must be able to be."""

    cell: int
    who: int
    side: int  # 0: nothing (of others); 1: the threshold and more
    level: int


class _Worlds:
    """Worlds of one set of tied cells, in the order in which they were found.

    table: their values; fits: whether each onlooker can believe them; moved: which cells they change; usable: whether they
    change none of the cells that stay as they are.
    """

    def __init__(self, value: np.ndarray, floors: list[np.ndarray]) -> None:
        self.value, self.floors, self.size = value, floors, 0
        self.table = np.empty((8, len(value)))
        self.moved = np.empty((8, len(value)), dtype=bool)
        self.fits = np.empty((8, len(floors)), dtype=bool)
        self.usable = np.empty(8, dtype=bool)

    def add(self, world: np.ndarray) -> int:
        """Keep a world; its number."""
        k = self.size
        if k == len(self.table):
            self.table, self.moved, self.fits, self.usable = (
                np.concatenate([some, np.empty_like(some)]) for some in (self.table, self.moved, self.fits, self.usable)
            )
        self.table[k], self.usable[k] = world, True
        self.moved[k] = np.abs(world - self.value) > _TOUCHED
        self.fits[k] = [bool((world >= floor - _WHOLE).all()) for floor in self.floors]
        self.size += 1
        return k

    def without(self, cell: int) -> np.ndarray:
        """From now on only worlds in which a cell stays as it is; what was usable before, for `restore`."""
        before = self.usable[: self.size].copy()
        self.usable[: self.size] &= ~self.moved[: self.size, cell]
        return before

    def restore(self, usable: np.ndarray) -> None:
        """Take `without` back; worlds found since stay usable."""
        self.usable[: len(usable)] = usable

    def serving(self, target: _Target) -> int | None:
        """The first that serves a target."""
        at = self.table[: self.size, target.cell]
        near = np.abs(at - target.level) <= _WHOLE if target.side == 0 else at >= target.level - _WHOLE
        yes = np.flatnonzero(near & self.usable[: self.size] & self.fits[: self.size, target.who + 1])
        return int(yes[0]) if len(yes) else None


class _Search:
    """One set of tied cells. A world is what the cells could be; a witness, the world that serves a target."""

    def __init__(self, problem: Problem, group: np.ndarray, sums: list, pattern: Pattern) -> None:
        self.group, self.pattern = group, pattern
        self.value = problem.value[group].astype(np.float64)
        self.weight = problem.weight[group].astype(np.float64)
        self.free = problem.state[group] == FREE
        self.need = problem.need[group]
        self.hidden = pattern.hidden[group].copy()
        base = problem.lower[group].astype(np.float64)
        # A difference may go below what an organisation knows of it: others may have taken records back.
        gave = [o[group].astype(np.float64) for o in problem.own]
        # Who gave nothing to any of these cells knows what the outsider knows.
        self.owns = [np.zeros(len(group)), *(o for o in gave if o.any())]
        self.floors = [np.where(np.isfinite(base), np.maximum(base, o), base) for o in self.owns]
        self.infer = np.zeros(len(group)) if problem.infer is None else problem.infer[group]
        local = {int(c): i for i, c in enumerate(group)}
        # The sums as a matrix: row, cell, sign; what is printed has no column.
        entries = [
            (row, local[int(cell)], sign)
            for row, (some, signs) in enumerate(sums)
            for cell, sign in zip(some, signs, strict=True)
            if int(cell) in local
        ]
        self.rows, self.columns, self.signs = np.array(entries, dtype=np.int64).reshape(-1, 3).T
        self.worlds = _Worlds(self.value, self.floors)
        self.worlds.add(self.value)
        self.witness: dict[_Target, int] = {}

    def targets(self) -> list[_Target]:
        out = []
        for cell in np.flatnonzero(self.need > 0):
            for who, own in enumerate(self.owns):
                for side, level in enumerate((own[cell], own[cell] + self.need[cell])):
                    out.append(_Target(int(cell), who - 1, side, int(level)))
        # The farthest first: what they open serves the others.
        return sorted(out, key=lambda t: (-abs(t.level - self.value[t.cell]), t.who, t.cell, t.side))

    def run(self) -> None:
        changes = _Changes(self, np.ones(len(self.group), dtype=bool))
        for target in self.targets():
            if not self.serve(target, changes):
                self.pattern.failed.append(int(self.group[target.cell]))
        self.clean()
        self.think_like_a_reader()
        self.pattern.hidden[self.group] = self.hidden

    def serve(self, target: _Target, changes: _Changes) -> bool:
        """Find a world for a target, and hide what it changes. Whether there is one."""
        known = self.worlds.serving(target)
        if known is None:
            world = changes.towards(target)
            if world is None:
                return False
            known = self.worlds.add(world)
            fresh = self.worlds.moved[known] & ~self.hidden
            self.hidden |= fresh
            changes.open(fresh)
        self.witness[target] = known
        return True

    def think_like_a_reader(self) -> None:
        """Protect again from one who knows the rules: a hidden cell that cannot be nothing is not sensitive, so it is large.

        Where that narrows a sensitive cell, more company is found for it. What cannot be helped is left to the audit.
        """
        for _ in range(_THOUGHTS):
            firm = self.firm()
            floors = [np.where(firm, np.maximum(floor, self.infer), floor) for floor in self.floors]
            lost = {t: k for t, k in self.witness.items() if (self.worlds.table[k] < floors[t.who + 1] - _WHOLE).any()}
            if not lost:
                return
            before, self.floors = self.worlds, floors
            self.worlds = _Worlds(self.value, floors)
            for k in np.flatnonzero(before.usable[: before.size]):
                self.worlds.add(before.table[k])
            kept = {t: k for t, k in self.witness.items() if t not in lost}
            self.witness = {t: self.worlds.add(before.table[k]) for t, k in kept.items()}
            changes = _Changes(self, np.ones(len(self.group), dtype=bool))
            for target in lost:
                self.serve(target, changes)

    def firm(self) -> np.ndarray:
        """The hidden cells that no reader can take for nothing, of those of which that tells something."""
        out = np.zeros(len(self.group), dtype=bool)
        asked = np.flatnonzero(self.hidden & (self.infer > 0))
        if not len(asked):
            return out
        changes = _Changes(self, self.hidden, only_hidden=True)
        left = {int(c): _Target(int(c), -1, 0, 0) for c in asked}
        for _ in range(_THOUGHTS):  # many at once, as far as that goes
            left = {c: t for c, t in left.items() if self.worlds.serving(t) is None}
            if len(left) < 3:
                break
            self.worlds.add(changes.emptied(list(left)))
        for cell, target in left.items():
            if self.worlds.serving(target) is None:
                world = changes.towards(target)
                if world is None:
                    out[cell] = True
                else:
                    self.worlds.add(world)
        return out

    def clean(self) -> None:
        """Print again each complementary cell that no sensitive one needs, the dearest first."""
        extra = np.flatnonzero(self.hidden & self.free & (self.need == 0))
        if not len(extra):
            return
        changes = _Changes(self, self.hidden, only_hidden=True)
        near: dict[int, set[int]] = {int(c): set() for c in extra}
        lines: dict[int, set[int]] = {}
        for row, cell in zip(self.rows.tolist(), self.columns.tolist(), strict=True):
            lines.setdefault(row, set()).add(cell)
        for line in lines.values():
            for cell in line & near.keys():
                near[cell] |= line
        for cell in sorted(extra, key=lambda c: (-self.weight[c], c)):
            changes.close(cell)
            stay = self.worlds.without(cell)
            fresh: dict[_Target, int] = {}
            # If it is needed, then most often by a cell of its own lines: asked first, they spare the others.
            touched = [t for t, k in self.witness.items() if self.worlds.moved[k, cell]]
            for target in sorted(touched, key=lambda t: t.cell not in near[cell]):
                known = self.worlds.serving(target)
                if known is None:
                    world = changes.towards(target)
                    if world is None:
                        changes.reopen(cell)
                        self.worlds.restore(stay)
                        break
                    known = self.worlds.add(world)
                fresh[target] = known
            else:
                self.hidden[cell] = False
                self.witness |= fresh


class _Changes:
    """The linear program of a search: the cheapest change of some cells that takes a target to its level.

    Columns: what each cell gains, then what each loses. Between two questions only what differs is changed: the
    solver goes on from where it was.
    """

    def __init__(self, search: _Search, cells: np.ndarray, *, only_hidden: bool = False) -> None:
        self.search = search
        self.index = np.flatnonzero(cells)
        self.size = size = len(self.index)
        self.at = np.full(len(cells), -1)
        self.at[self.index] = np.arange(size)
        where = self.at[search.columns]
        moves = where >= 0  # a cell that stays as it is does not
        lengths = np.bincount(search.rows[moves], minlength=1)
        starts = np.concatenate([[0], np.cumsum(2 * lengths[lengths > 0])])
        index = np.stack([where[moves], size + where[moves]], axis=1).ravel()
        values = np.stack([search.signs[moves], -search.signs[moves]], axis=1).ravel()
        zero = np.zeros(len(starts) - 1)
        # Of what is hidden already, a sensitive cell costs nothing; during the clean-up a complementary one costs
        # something, or changes would wander through all of them and each would seem needed.
        cost = np.where(search.need > 0, 0.0, 1.0 if only_hidden else search.weight)
        cost = np.where(search.hidden & (not only_hidden), 0.0, cost)[self.index]
        self.who = -1
        self.gain, self.loss = np.full(size, INFINITY), self._losses(-1)
        self.program = Program(
            (starts, index, values.astype(float)),
            (zero, zero),
            (np.zeros(2 * size), np.concatenate([self.gain, self.loss])),
            np.concatenate([cost, cost]),
        )
        self.program.anchor()  # nothing moves
        self.cost = np.concatenate([cost, cost])
        self.closed = np.zeros(size, dtype=bool)

    def _losses(self, who: int) -> np.ndarray:
        return (self.search.value - self.search.floors[who + 1])[self.index]

    def _set(self, i: int, gain: tuple[float, float], loss: tuple[float, float]) -> None:
        columns = np.array([i, self.size + i])
        self.program.bound(columns, np.array([gain[0], loss[0]]), np.array([gain[1], loss[1]]))

    def _reset(self, i: int) -> None:
        shut = self.closed[i]
        self._set(i, (0.0, 0.0 if shut else self.gain[i]), (0.0, 0.0 if shut else self.loss[i]))

    def close(self, cell: int) -> None:
        """From now on this cell does not move."""
        self.closed[self.at[int(cell)]] = True
        self._reset(self.at[int(cell)])

    def reopen(self, cell: int) -> None:
        """It may again."""
        self.closed[self.at[int(cell)]] = False
        self._reset(self.at[int(cell)])

    def open(self, cells: np.ndarray) -> None:
        """These are hidden now: moving them costs nothing."""
        columns = np.flatnonzero(cells[self.index])
        self.program.price(np.concatenate([columns, self.size + columns]), np.zeros(2 * len(columns)))

    def _look_as(self, who: int) -> None:
        if who == self.who:
            return
        fresh = self._losses(who)
        differ = np.flatnonzero(fresh != self.loss)
        self.who, self.loss = who, fresh
        upper = np.where(self.closed[differ], 0.0, fresh[differ])
        self.program.bound(self.size + differ, np.zeros(len(differ)), upper)

    def emptied(self, cells: list[int]) -> np.ndarray:
        """A world in which these cells hold as little as they can together."""
        columns = self.size + np.array([self.at[c] for c in cells])
        before = self.cost[columns]
        self.program.price(columns, np.full(len(columns), -_PAID))
        try:
            found = self.program.solve()
        finally:
            self.program.price(columns, before)
        return self._world(found)

    def towards(self, target: _Target) -> np.ndarray | None:
        """The world after the cheapest change; None when there is none."""
        self._look_as(target.who)
        i = self.at[target.cell]
        move = target.level - self.search.value[target.cell]
        if self.closed[i] or -move > self.loss[i] + _WHOLE:
            return None
        size = abs(move)
        self._set(i, *(((size, size), (0.0, 0.0)) if move > 0 else ((0.0, 0.0), (size, size))))
        try:
            found = self.program.solve()
        finally:
            self._reset(i)
        return None if found is None else self._world(found)

    def _world(self, found: np.ndarray) -> np.ndarray:
        if np.abs(found - np.round(found)).max() < _WHOLE:
            found = np.round(found)
        world = self.search.value.copy()
        world[self.index] += found[: self.size] - found[self.size :]
        return world
