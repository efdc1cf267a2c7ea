"""The engines of disclosure on numbers without names: the pattern hides enough, the reader's interval is the true one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import random_cases
from tables_of_sums import Series, audit, random_counts, reader_of, with_margins

from veille.disclosure import pattern, reader, solver
from veille.disclosure.pattern import FREE, HIDDEN, SHOWN, Pattern, Problem

SEED = st.integers(0, 2**32 - 1)


def some_table(seed: int) -> tuple:
    """A table of one to three dimensions, with its threshold."""
    rng = np.random.default_rng(seed)
    dimensions = int(rng.integers(1, 4))
    shape = tuple(rng.integers(2, [12, 8, 5][dimensions - 1] + 1, size=dimensions))
    return with_margins(random_counts(rng, shape, float(rng.choice([2, 5, 20])))), int(rng.choice([3, 5, 10])), rng


def check_protected(table, threshold: int, own: tuple = ()) -> Pattern:
    problem = table.problem(threshold, own)
    found = pattern.find(problem)
    assert not found.failed
    assert found.hidden[problem.need > 0].all()
    for who in (None, *own):
        findings = audit(table.value, table.sums, found, problem.need, who)
        assert set(findings) == set(np.flatnonzero(problem.need > 0))
        assert all(f.is_safe for f in findings.values())
    return found


@given(SEED)
@random_cases(30)
def test_no_sensitive_number_of_a_table_comes_out(seed):
    table, threshold, _ = some_table(seed)
    check_protected(table, threshold)


@pytest.mark.full
@pytest.mark.parametrize("hundred", range(10))
def test_no_sensitive_number_of_a_thousand_tables_comes_out(hundred):
    for seed in range(hundred * 100, hundred * 100 + 100):
        table, threshold, _ = some_table(seed)
        check_protected(table, threshold)


@given(SEED)
@random_cases(15)
def test_nor_for_an_organisation_that_knows_its_own_rows(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, 6, size=2))
    parts = [random_counts(rng, shape, 4) for _ in range(4)]
    own = tuple(with_margins(p).value for p in parts)
    check_protected(with_margins(sum(parts)), 5, own)


@given(SEED)
@random_cases(30)
def test_the_same_numbers_give_the_same_pattern_and_what_is_known_is_not_changed_by_it(seed):
    table, threshold, _ = some_table(seed)
    known: pattern.Known = {}
    one, two = (pattern.find(table.problem(threshold), known).hidden for _ in range(2))
    three = pattern.find(table.problem(threshold)).hidden
    assert (one == two).all() and (one == three).all()


def check_complementary(seed: int) -> None:
    """The clean-up leaves none that could go alone: printing any one of them tells a sensitive number."""
    table, threshold, _ = some_table(seed)
    problem = table.problem(threshold)
    found = pattern.find(problem)
    extra = np.flatnonzero(found.hidden & (problem.need == 0))
    for cell in extra[:4]:
        less = found.hidden.copy()
        less[cell] = False
        assert not all(f.is_safe for f in audit(table.value, table.sums, Pattern(less), problem.need).values())


@given(SEED)
@random_cases(6)
def test_no_complementary_cell_could_be_printed_after_all(seed):
    check_complementary(seed)


@pytest.mark.full
@given(SEED)
@random_cases(15)
def test_no_complementary_cell_of_more_tables_could_be_printed_after_all(seed):
    check_complementary(seed)


def test_what_is_printed_stays_and_what_is_kept_back_stays():
    table = with_margins(np.array([[2, 7, 9], [8, 6, 3], [9, 9, 9]]))
    problem = table.problem(5)
    first = pattern.find(problem)
    problem.state = np.where(first.hidden, HIDDEN, SHOWN)
    assert (pattern.find(problem).hidden == first.hidden).all()


def test_a_number_that_the_past_has_already_told_is_reported():
    # 2 + 7 = 9, all three printed once: nothing hides the 2 any more.
    size = 3
    problem = Problem(np.array([2, 7, 9]), np.zeros(size), np.array([5, 0, 0]), np.array([HIDDEN, SHOWN, SHOWN]), np.ones(size), [([0, 1, 2], [1, 1, -1])])  # fmt: skip
    assert pattern.find(problem).failed == [0, 0]


def test_a_difference_between_two_releases_is_protected():
    # May: 20 printed before, 23 now. The three that came late would be told by printing 23.
    problem = Problem(np.array([20, 23, 3]), np.zeros(3), np.array([0, 0, 5]), np.array([SHOWN, FREE, HIDDEN]), np.ones(3), [([0, 1, 2], [1, -1, 1])])  # fmt: skip
    assert pattern.find(problem).hidden.tolist() == [False, True, True]


# --- the reader against exhaustive enumeration --------------------------------------------------------------------


def enumerated(value, sums, hidden, floor, level) -> dict[int, tuple]:
    """For each asked cell: is it safe, and its interval, from every world there is. Slow, and knows no solver."""
    at, found, least = reader_of(value, sums, hidden, floor)
    # A hidden cell inside a printed total is at most that total; the tables used here print their grand total.
    axes = [np.arange(int(low), int(value.max()) + 1) for low in least]
    worlds = np.stack([grid.ravel() for grid in np.meshgrid(*axes, indexing="ij")])
    for one in found:
        total = sum(s * worlds[c] for c, s in zip(one.cells, one.signs, strict=True))
        worlds = worlds[:, (one.low <= total) & (total <= one.high)]
    return {
        i: (bool((worlds[i] == nothing).any() and worlds[i].max() >= enough), worlds[i].min(), worlds[i].max())
        for i, (nothing, enough) in level.items()
    }


def small_case(seed: int):
    rng = np.random.default_rng(seed)
    shape = (2, 2) if rng.random() < 0.5 else (int(rng.integers(3, 5)),)
    table = with_margins(rng.integers(0, 5, size=shape))
    # Any pattern, safe or not: what matters is that both say the same of it. The grand total is printed.
    hidden = rng.random(len(table.value)) < 0.6
    hidden[-1] = False
    if not hidden.any():
        hidden[0] = True
    while hidden.sum() > 5:
        hidden[rng.choice(np.flatnonzero(hidden))] = False
    own = np.minimum(table.value, rng.integers(0, 2, size=len(table.value))) if rng.random() < 0.4 else np.zeros(len(table.value), int)  # fmt: skip
    return table, hidden, own.astype(float), int(rng.choice([2, 3, 5]))


def check_against_enumeration(seed: int) -> int:
    table, hidden, own, threshold = small_case(seed)
    at, found, least = reader_of(table.value, table.sums, hidden, own)
    level = {i: (int(least[i]), int(least[i]) + threshold) for i in at.values()}
    expected = enumerated(table.value, table.sums, hidden, own, level)
    for i, finding in reader.examine(reader.separate(len(at), found), least, level).items():
        assert finding.is_safe == expected[i][0], seed
        if not finding.is_safe:
            assert (finding.low, finding.high) == expected[i][1:], seed
            assert finding.is_exact == (expected[i][1] == expected[i][2])
    return len(level)


@given(SEED)
@random_cases(60)
def test_the_reader_s_interval_is_that_of_every_world_there_is(seed):
    check_against_enumeration(seed)


@pytest.mark.full
@pytest.mark.parametrize("part", range(8))
def test_ten_thousand_small_cells_against_every_world_there_is(part):
    cells, seed = 0, part * 1_000_000
    while cells < 1_250:
        cells += check_against_enumeration(seed)
        seed += 1


# --- a series: months, year to date, quarters, late records -------------------------------------------------------


def check_series(seed: int, months: int, organisations: int = 0) -> None:
    rng = np.random.default_rng(seed)
    series = Series(int(rng.integers(2, 5)), int(rng.integers(2, 5)), int(rng.choice([3, 5, 10])), rng, organisations)
    mean = float(rng.choice([3, 8, 20]))
    for number in range(1, months + 1):
        series.month(number, mean)
        assert not series.failed
    for who in (None, *(np.array(o) for o in series.owns)):
        assert all(f.is_safe for f in series.findings(who).values())


@pytest.mark.parametrize("seed", range(2))
def test_no_sensitive_number_of_six_months_comes_out(seed):
    check_series(seed, 6)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10, 22))
def test_no_sensitive_number_of_a_year_comes_out(seed):
    check_series(seed, 12)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(30, 34))
def test_nor_for_those_who_know_their_own_rows_over_half_a_year(seed):
    check_series(seed, 6, organisations=4)


# --- the solver ---------------------------------------------------------------------------------------------------


@pytest.fixture
def program():
    matrix = (np.array([0, 2]), np.array([0, 1]), np.array([1.0, 1.0]))
    return solver.Program(matrix, (np.array([5.0]), np.array([5.0])), (np.zeros(2), np.full(2, solver.INFINITY)), np.array([1.0, 2.0]))  # fmt: skip


def test_an_optimum_and_no_solution_are_the_only_answers(program):
    assert program.solve().tolist() == [5, 0]
    program.bound(np.array([0, 1]), np.zeros(2), np.ones(2))
    assert program.solve() is None


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda p: p.price(np.array([0]), np.array([-1.0])) or p.bound(np.array([1]), np.array([-solver.INFINITY]), np.array([solver.INFINITY])), id="without-end"),
        pytest.param(lambda p: p._highs.clearModel() and None, id="a-model-that-is-gone"),
        pytest.param(lambda p: p.price(np.array([7]), np.array([1.0])), id="a-column-that-is-not-there"),
        pytest.param(lambda p: p.bound(np.array([0]), np.array([np.nan]), np.array([1.0])), id="a-bound-that-is-no-number"),
        pytest.param(lambda p: p.price(np.array([0]), np.array([np.nan])), id="a-cost-that-is-no-number"),
    ],
)  # fmt: skip
def test_any_other_end_is_a_refusal(program, broken):
    with pytest.raises(solver.SolverFailed, match="rien n’est publié") as refused:
        broken(program)
        raise AssertionError(f"an answer all the same: {program.solve()}")
    assert refused.value.exit_code == 4


@pytest.mark.parametrize("status", ["time", "error", "unknown", "warning"])
def test_a_solver_that_does_not_conclude_stops_protection_and_audit(monkeypatch, status):
    import highspy

    ends = {
        "time": (highspy.HighsStatus.kWarning, highspy.HighsModelStatus.kTimeLimit),
        "error": (highspy.HighsStatus.kError, highspy.HighsModelStatus.kSolveError),
        "unknown": (highspy.HighsStatus.kOk, highspy.HighsModelStatus.kUnknown),
        "warning": (highspy.HighsStatus.kWarning, highspy.HighsModelStatus.kOptimal),
    }
    run, model = ends[status]
    table = with_margins(np.array([[2, 7], [8, 6]]))
    good = pattern.find(table.problem(5))
    monkeypatch.setattr(highspy.Highs, "run", lambda self: run)
    monkeypatch.setattr(highspy.Highs, "getModelStatus", lambda self: model)
    with pytest.raises(solver.SolverFailed):
        pattern.find(table.problem(5))
    with pytest.raises(solver.SolverFailed):
        audit(table.value, table.sums, good, table.need(5))
