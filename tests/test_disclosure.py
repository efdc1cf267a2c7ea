"""What may be printed: small counts, finest places, audiences, percentages; and who can make a number at all."""

from __future__ import annotations

import ast
import copy
import dataclasses
import hashlib
import json
import shutil
import traceback
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import SimpleNamespace

import highspy
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from incidents import PARAMS, ROOT, canonical, coverage_row, incident_row, random_cases

from veille import places
from veille.codes import code_list
from veille.disclosure import derive, judge, protect, rules, safe, solver, system
from veille.disclosure.safe import SafeNumber, SafeTables
from veille.errors import BadData, BuildFailed, DisclosureRefused
from veille.indicators.count import CUBE_COLUMNS, cubes
from veille.indicators.registry import MEASURES

IN_FORCE = rules.load(PARAMS)
AREAS = places.areas(PARAMS)
MEASURE = {m.name: m for m in MEASURES}
MONTH, BEFORE = "2016-10", "2016-09"
LEVEL = {"gao": "area", "mali": "country", "cod2021:ML07": "region", "cod2015:ML0701": "cercle"}


def cell(
    table: str, value: int, place: str = "gao", key: str = "", period: str = MONTH, partial: bool = False
) -> tuple:
    """One counted cell of a declared table."""
    unit = MEASURE[table].unit
    return (table, key or MEASURE[table].indicator, place, LEVEL[place], period, value, unit, "verified", partial)


def protected(*cells: tuple, audience: str = "cluster", in_force: rules.Rules = IN_FORCE) -> list[SafeNumber]:
    return protect.protect(pd.DataFrame(cells, columns=CUBE_COLUMNS), in_force, audience, AREAS).numbers


def derived(*cells: tuple, audience: str = "cluster") -> dict[tuple[str, str, str], str]:
    """(key, place, period) -> what a reader sees of every derived number."""
    return {(n.key, n.place, n.period): n.display() for n in derive.derive(protected(*cells, audience=audience), AREAS, IN_FORCE)}  # fmt: skip


# --- R1, R2, R6: what is sensitive --------------------------------------------------------------------------------

BY_CATEGORY = ("incidents_by_category", "protection_incidents.category=life")


def why(
    *cells: tuple, audience: str = "cluster", in_force: rules.Rules = IN_FORCE, behind: dict | None = None
) -> list[str]:
    """For each cell the rule that makes it sensitive, or a point."""
    found = rules.sensitive(pd.DataFrame(cells, columns=CUBE_COLUMNS), in_force, audience, behind)
    return [found[c[1], c[2], c[4]].rule if (c[1], c[2], c[4]) in found else "." for c in cells]


@pytest.mark.parametrize(
    ("table", "place", "rule"),
    [
        # counts 0, 1, 2, 3, 4, 5
        pytest.param("incidents", "cod2015:ML0701", ". . . . . .", id="plain-totals-of-incidents-per-cercle"),
        pytest.param("incidents", "gao", ". . . . . .", id="plain-totals-of-a-zone"),
        pytest.param("incidents_by_category", "gao", ". R1 R1 . . .", id="incidents-by-category"),
        pytest.param("incidents_by_category_verification", "gao", ". R1 R1 . . .", id="by-category-and-verification"),
        pytest.param("incidents_by_verification", "mali", ". R1 R1 . . .", id="by-verification"),
        pytest.param("incidents_by_perpetrator_class", "cod2021:ML07", ". R1 R1 . . .", id="by-perpetrator"),
        pytest.param("victims_by_person", "gao", ". R1 R1 R1 R1 .", id="victims-by-sex-and-age"),
        pytest.param("child_victims", "gao", ". R1 R1 R1 R1 .", id="children"),
        pytest.param("explosive_incidents", "gao", ". R1 R1 R1 R1 .", id="explosive-incidents"),
        pytest.param("explosive_victims_by_harm", "gao", ". R1 R1 R1 R1 .", id="victims-of-explosives"),
        pytest.param("communes_covered", "cod2015:ML0701", ". . . . . .", id="communes-are-not-people"),
    ],
)
def test_a_small_count_is_sensitive_and_zero_is_not(table, place, rule):
    assert why(*(cell(table, n, place, period=f"2016-{n + 1:02d}") for n in range(6))) == rule.split()


@pytest.mark.parametrize(
    ("table", "counts", "rule"),
    [
        # R6: everybody in a line is known to be so
        pytest.param("incidents_by_category", "0 9 0", ". R6 .", id="all-of-one-category"),
        pytest.param("incidents_by_category", "1 9 0", "R1 . .", id="nearly-all"),
        pytest.param("incidents_by_category", "0 2 0", ". R1 .", id="two-are-few-already"),
        pytest.param("victims_by_person", "0 7 0", ". R6 .", id="girls-only"),
        pytest.param("incidents_by_verification", "0 9", ". .", id="all-verified-says-nothing-of-a-person"),
    ],
)
def test_a_line_that_falls_in_one_category_is_sensitive(table, counts, rule):
    ((dimension, codes),) = MEASURE[table].dimensions
    stem = MEASURE[table].indicator
    cells = [
        cell(table, int(n), key=f"{stem}.{dimension}={c}")
        for c, n in zip(code_list(codes), counts.split(), strict=False)
    ]  # of the first codes only
    assert why(*cells) == rule.split()


@pytest.mark.parametrize(
    ("gave", "rule"),
    [
        pytest.param({"a": 5, "b": 4, "c": 3}, ".", id="three"),
        pytest.param({"a": 6, "b": 6}, "R2", id="two"),
        pytest.param({"a": 12}, "R2", id="one-of-enough-people"),
        pytest.param({"a": 6, "b": 6, "c": 0}, "R2", id="one-gave-nothing"),
        pytest.param({"a": 10, "b": 1, "c": 1}, "R2", id="one-gave-83-per-cent"),
        pytest.param({"a": 8, "b": 2, "c": 2}, ".", id="one-gave-two-thirds"),
    ],
)
def test_organisations_behind_a_cell(gave, rule):
    limit = rules.Organisations(least=3, share=80)
    dataset = IN_FORCE.datasets["victims"].model_copy(update={"organisations": {"cluster": limit}})
    strict = IN_FORCE.model_copy(update={"datasets": IN_FORCE.datasets | {"victims": dataset}})
    one = cell("victims_by_person", 12, key="victims_people.person=women")
    assert why(one, in_force=strict, behind={(one[1], one[2], one[4]): gave}) == [rule]


def test_a_hidden_count_leaves_no_trace_but_its_row():
    (number,) = protected(cell("incidents_by_category", 2, key=BY_CATEGORY[1]))
    assert (number.value, number.status, number.is_shown) == ("", "not_published", False)
    assert "2" not in {getattr(number, f.name) for f in dataclasses.fields(number)}


def test_one_and_two_leave_the_same_row_behind():
    one, two = (protected(cell("incidents_by_category", n, key=BY_CATEGORY[1])) for n in (1, 2))
    assert one == two


def test_a_zero_where_coverage_is_partial_is_hidden_with_the_same_sign():
    partial, small = protected(
        cell("incidents_by_category", 0, key=BY_CATEGORY[1], partial=True),
        cell("incidents_by_category", 1, key=BY_CATEGORY[1], period=BEFORE),
    )
    assert partial.display() == small.display() == "n.p." and partial.value == ""


# --- R9: nothing comes out of what is printed ---------------------------------------------------------------------


def broken_down(table: str, counts: dict[str, int], **options) -> list[tuple]:
    """Cells of a breakdown: what follows the indicator in their keys -> count."""
    return [cell(table, n, key=f"{MEASURE[table].indicator}.{codes}", **options) for codes, n in counts.items()]


def seen(cells: list[tuple], **options) -> dict[str, str]:
    """What follows the indicator in a key -> what a reader sees."""
    return {n.key.partition(".")[2] or n.key: n.display() for n in protected(*cells, **options)}


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        # of an always printed total: the hidden ones must be able to take what one of them loses
        pytest.param("30 9 2 40", "30 n.p. n.p. 40", id="the-smallest-other-goes-with-it"),
        pytest.param("9 30 2 40", "n.p. 30 n.p. 40", id="wherever-it-stands"),
        pytest.param("30 0 2 40", "n.p. 0 n.p. 40", id="a-zero-has-nothing-to-give"),
        pytest.param("30 1 2 40", "30 n.p. n.p. 40", id="two-small-ones-need-no-third"),
        pytest.param("30 9 3 40", "30 9 3 40", id="nothing-is-small"),
        pytest.param("0 0 0 0", "0 0 0 0", id="zeros-only"),
    ],
)
def test_what_goes_with_a_small_count(counts, shown):
    names = ("category=integrity", "category=liberty", "category=life", "category=property")
    counts = dict(zip(names, map(int, counts.split()), strict=True))
    cells = [cell("incidents", sum(counts.values())), *broken_down("incidents_by_category", counts)]
    assert list(seen(cells).values())[1:] == shown.split()


def test_a_hidden_part_is_not_the_total_less_the_other_part():
    rows = [
        incident_row(n, "ML0701", MONTH, verification_class="verified" if n < 2 else "unverified") for n in range(30)
    ]
    counted = cubes(canonical(rows, [coverage_row(c, MONTH) for c in ("ML0701", "ML0702", "ML0703")]), PARAMS)
    found = {
        n.key: n.display()
        for n in protect.protect(counted, IN_FORCE, "public", AREAS).numbers
        if n.place == "cod2021:ML07"
    }
    assert found["protection_incidents"] == "30"
    assert found["protection_incidents.verification=verified"] == "n.p."
    assert found["protection_incidents.verification=unverified"] == "n.p."


CATEGORIES = [f"category={c}" for c in code_list("incident_category")]
VERIFIED = [f"verification={v}" for v in code_list("verification_class")]
COUNT = st.one_of(st.integers(0, 4), st.integers(0, 60))
INSIDE = {"cod2021:ML07": "gao", "cod2021:ML10": "gao"}


def _world(draw_counts: dict[tuple[str, str, str], int], period: str = MONTH) -> list[tuple]:
    """Two regions by category and verification, with every total above them, up to the zone."""
    sums: dict[tuple[str, str], int] = {}
    for (region, category, verification), n in draw_counts.items():
        for place in (region, "gao"):
            for key in (f".{category}.{verification}", f".{category}", f".{verification}", ""):
                sums[place, key] = sums.get((place, key), 0) + n
    table = {0: "incidents", 2: "incidents_by_category_verification"}
    level = {"gao": "area"} | dict.fromkeys(INSIDE, "region")
    out = []
    for (place, codes), n in sums.items():
        name = table.get(
            codes.count("="), "incidents_by_category" if "category" in codes else "incidents_by_verification"
        )
        out.append((name, f"protection_incidents{codes}", place, level[place], period, n, "incidents", "mixed", False))
    return out


WORLD = st.fixed_dictionaries({(r, c, v): COUNT for r in INSIDE for c in CATEGORIES[:4] for v in VERIFIED}).map(_world)


def check_small_counts(cells, audience: str) -> None:
    counted = pd.DataFrame(cells, columns=CUBE_COLUMNS)
    made = judge.judge(counted, IN_FORCE, AREAS)[audience]
    value = {(c[1], c[2], c[4]): c[5] for c in cells}
    shown = {(n.key, n.place, n.period): int(n.value) for n in made.protected.numbers if n.is_shown}
    assert all(value[a] == n for a, n in shown.items())
    assert not [a for a, n in shown.items() if "." in a[0] and 0 < n < 3]
    assert made.verdict.is_pass and set(made.verdict.findings) <= made.protected.hidden
    assert all(("protection_incidents", p, MONTH) in shown for p in ("gao", *INSIDE))  # plain totals are printed
    if not made.protected.sensitive:
        assert len(shown) == len(cells)


@given(WORLD, st.sampled_from(["cluster", "public"]))
@random_cases(16)
def test_no_small_count_is_shown_nor_comes_out_of_the_others(cells, audience):
    check_small_counts(cells, audience)


@pytest.mark.full
@given(WORLD, st.sampled_from(["cluster", "public"]))
@random_cases(40)
def test_no_small_count_is_shown_nor_comes_out_of_the_others_in_more_worlds(cells, audience):
    check_small_counts(cells, audience)


def check_audiences(cells) -> None:
    made = judge.judge(pd.DataFrame(cells, columns=CUBE_COLUMNS), IN_FORCE, AREAS)
    assert made["cluster"].protected.hidden <= made["public"].protected.hidden


@given(WORLD)
@random_cases(8)
def test_the_public_reads_nothing_that_members_do_not(cells):
    check_audiences(cells)


@pytest.mark.full
@given(WORLD)
@random_cases(20)
def test_the_public_reads_nothing_that_members_do_not_in_more_worlds(cells):
    check_audiences(cells)


# What a broken solve says of itself: the end of the run, that of the model (None: the true ones), a wrong solution.
BROKEN = {
    "time": ("kWarning", "kTimeLimit", None),
    "steps": ("kWarning", "kIterationLimit", None),
    "unknown": ("kOk", "kUnknown", None),
    "unknown-with-a-warning": ("kWarning", "kUnknown", None),
    "without-end": ("kOk", "kUnbounded", None),
    "without-end-or-solution": ("kOk", "kUnboundedOrInfeasible", None),
    "error": ("kError", "kSolveError", None),
    "nothing-done": ("kOk", "kNotset", None),
    "optimal-with-a-warning": ("kWarning", "kOptimal", None),
    "optimal-with-an-error": ("kError", "kOptimal", None),
    "no-solution-with-a-warning": ("kWarning", "kInfeasible", None),
    "no-numbers": (None, None, lambda values: [float("nan")] * len(values)),
    "one-is-no-number": (None, None, lambda values: [*values[:-1], float("nan")]),
    "one-is-without-end": (None, None, lambda values: [float("inf"), *values[1:]]),
    "one-is-missing": (None, None, lambda values: values[:-1]),
}


@pytest.fixture
def solves(monkeypatch) -> dict:
    """Counts the solves; the one whose number stands at `at` ends as `how` says."""
    state: dict = {"number": 0, "at": None, "how": (None, None, None), "where": set(), "optimal": []}
    real = {name: getattr(highspy.Highs, name) for name in ("run", "getModelStatus", "getSolution")}

    def run(self):
        state["number"] += 1
        done = real["run"](self)
        if state["number"] == state["at"]:
            stack = traceback.extract_stack()
            state["where"] = {"pattern.py", "reader.py"} & {Path(f.filename).name for f in stack}
            return getattr(highspy.HighsStatus, state["how"][0]) if state["how"][0] else done
        if state["at"] is None and real["getModelStatus"](self) == highspy.HighsModelStatus.kOptimal:
            state["optimal"].append(state["number"])
        return done

    def model_status(self):
        is_it = state["number"] == state["at"] and state["how"][1]
        return getattr(highspy.HighsModelStatus, state["how"][1]) if is_it else real["getModelStatus"](self)

    def solution(self):
        found = real["getSolution"](self)
        spoil = state["how"][2]
        return SimpleNamespace(col_value=spoil(found.col_value)) if state["number"] == state["at"] and spoil else found

    for name, double in (("run", run), ("getModelStatus", model_status), ("getSolution", solution)):
        monkeypatch.setattr(highspy.Highs, name, double)
    return state


@pytest.mark.full
def test_a_hundred_broken_solves_are_a_hundred_refusals(solves, capfd):
    """Wherever protection or audit asks the solver, an answer that is not certain stops everything."""
    rng = np.random.default_rng(100)
    counts = {(r, c, v): int(rng.choice([0, 1, 2, 3, 9, 30])) for r in INSIDE for c in CATEGORIES[:2] for v in VERIFIED}
    counted = pd.DataFrame(_world(counts), columns=CUBE_COLUMNS)
    assert all(made.verdict.is_pass for made in judge.judge(counted, IN_FORCE, AREAS).values())
    number, where = solves["number"], set()
    assert number > 30
    for case in range(100):
        kind = list(BROKEN)[case % len(BROKEN)]
        # Only an optimum has a solution to spoil.
        some = solves["optimal"] if BROKEN[kind][2] else range(1, number + 1)
        solves.update(number=0, at=int(rng.choice(some)), how=BROKEN[kind])
        with pytest.raises(solver.SolverFailed, match="rien n’est publié") as refused:
            judge.judge(counted, IN_FORCE, AREAS)
            raise AssertionError(f"{kind} at {solves['at']} of {number}: judged all the same")
        assert isinstance(refused.value, DisclosureRefused) and refused.value.exit_code == 4
        assert solves["number"] == solves["at"], f"{kind}: another question after it"
        where |= solves["where"]
    assert where == {"pattern.py", "reader.py"}
    assert capfd.readouterr() == ("", "")


def test_a_total_that_is_less_than_its_parts_stops_everything():
    cells = [cell("incidents", 5), *broken_down("incidents_by_category", {"category=life": 4, "category=liberty": 4})]
    with pytest.raises(BuildFailed, match="ne s’accorde pas"):
        protected(*cells)


@pytest.mark.parametrize(
    ("women", "girls", "boys", "shown"),
    [
        # what a reader sees of women, girls, boys, children; there are forty men, and all victims are printed
        pytest.param(20, 8, 9, "20 8 9 17", id="nobody-is-few"),
        pytest.param(20, 4, 6, "20 n.p. n.p. 10", id="girls-and-boys-are-both-hidden"),
        pytest.param(20, 1, 1, "20 n.p. n.p. n.p.", id="two-children"),
    ],
)
def test_children_are_not_printed_where_one_hidden_part_would_come_out(women, girls, boys, shown):
    people = {"person=women": women, "person=men": 40, "person=girls": girls, "person=boys": boys}
    cells = [cell("victims", sum(people.values())), *broken_down("victims_by_person", people)]
    found = seen([*cells, cell("child_victims", girls + boys)], audience="public")
    got = [found[k] for k in ("person=women", "person=girls", "person=boys", "child_victims_people")]
    assert [a for a, b in zip(got, shown.split(), strict=True) if b == "n.p." and a != "n.p."] == []
    if "n.p." not in shown:
        assert got == shown.split()


# --- R11: tables that can be read ---------------------------------------------------------------------------------


def test_a_table_that_is_mostly_hidden_is_not_printed_at_all():
    people = {"person=women": 4, "person=men": 4, "person=girls": 4, "person=boys": 40}
    cells = [cell("victims", 52), *broken_down("victims_by_person", people)]
    made = protect.protect(pd.DataFrame(cells, columns=CUBE_COLUMNS), IN_FORCE, "cluster", AREAS)
    assert made.withdrawn == (("victims_by_person", "area", "gao", MONTH),)
    assert [n.display() for n in made.numbers] == ["52", "n.p.", "n.p.", "n.p.", "n.p."]


# --- R3: finest place and audience --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "place", "audience", "is_there"),
    [
        pytest.param("incidents_by_perpetrator_class", "gao", "cluster", True, id="perpetrators-of-a-zone-for-members"),
        pytest.param("incidents_by_perpetrator_class", "cod2021:ML07", "cluster", True, id="perpetrators-of-a-region"),
        pytest.param("incidents_by_perpetrator_class", "cod2015:ML0701", "cluster", False, id="perpetrators-of-a-cercle"),
        pytest.param("incidents_by_perpetrator_class", "mali", "public", False, id="perpetrators-in-public"),
        pytest.param("incidents_by_perpetrator_class", "cod2021:ML07", "public", False, id="perpetrators-of-a-region-in-public"),
        pytest.param("child_victims", "cod2015:ML0701", "cluster", False, id="children-of-a-cercle"),
        pytest.param("explosive_incidents", "cod2015:ML0701", "cluster", False, id="mines-of-a-cercle"),
        pytest.param("incidents", "cod2015:ML0701", "public", True, id="plain-totals-of-a-cercle-in-public"),
    ],
)  # fmt: skip
def test_some_numbers_exist_only_at_coarse_places_and_for_members(table, place, audience, is_there):
    assert bool(protected(cell(table, 50, place), audience=audience)) is is_there


def test_perpetrators_never_reach_the_public_edition_of_a_whole_world():
    rows = [
        incident_row(n, "ML0701", MONTH, perpetrator_class=c)
        for n, c in enumerate(list(code_list("perpetrator_class")) * 6)
    ]
    counted = cubes(canonical(rows, [coverage_row("ML0701", MONTH)]), PARAMS)
    made = judge.judge(counted, IN_FORCE, AREAS)
    public, cluster = made["public"].numbers, made["cluster"].numbers
    assert not [n for n in public if "perpetrator" in n.key or "perpetrator" in n.table]
    about = [n for n in cluster if "perpetrator" in n.key]
    assert about and not [n for n in about if n.place.startswith("cod2015:")]
    assert {n.key.count("=") for n in about} == {1}  # crossed with nothing else
    classes = {n.key.rpartition("=")[2] for n in about}
    assert classes == set(code_list("perpetrator_class"))  # classes only: never a group's name


# --- R7: percentages and changes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [
        pytest.param(67, 110, "61", id="Gao-zone-of-October-2016"),
        pytest.param(1, 8, "13", id="12.5-goes-up"),
        pytest.param(3, 8, "38", id="37.5-goes-up"),
        pytest.param(1, 200, "1", id="0.5-goes-up"),
        pytest.param(1, 201, "0", id="just-under-a-half"),
        pytest.param(0, 20, "0", id="none"),
        pytest.param(20, 20, "100", id="all"),
        pytest.param(2, 3, "67", id="two-thirds"),
        pytest.param(29, 200, "15", id="14.5-is-not-14"),
    ],
)
def test_a_percentage_is_whole_and_halves_go_up(part, whole, percent):
    assert derive.whole_percent(part, whole) == percent


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        pytest.param(10, 20, "50\u202f%", id="base-of-twenty"),
        pytest.param(10, 19, None, id="base-of-nineteen"),
        pytest.param(3, 20, "15\u202f%", id="smallest-part-that-is-shown"),
        pytest.param(2, 20, "n.p.", id="a-hidden-part"),
        pytest.param(1, 1000, "n.p.", id="a-hidden-part-of-many"),
        pytest.param(0, 20, "0\u202f%", id="a-printed-zero"),
    ],
)
def test_a_share_needs_a_base_of_twenty_and_a_part_that_is_shown(part, whole, shown):
    key = "protection_incidents_share_pct.category=life"
    found = derived(cell("incidents", whole), cell("incidents_by_category", part, key=BY_CATEGORY[1]))
    assert found.get((key, "gao", MONTH)) == shown


def test_a_cercle_s_share_is_of_its_zone_and_of_nothing_else():
    found = derived(
        cell("incidents", 34, "cod2015:ML0701"), cell("incidents", 67, "gao"), cell("incidents", 110, "mali")
    )
    assert found == {
        ("protection_incidents_share_pct.of=gao", "cod2015:ML0701", MONTH): "51\u202f%",
        ("protection_incidents_share_pct.of=mali", "cod2015:ML0701", MONTH): "31\u202f%",
        ("protection_incidents_share_pct.of=mali", "gao", MONTH): "61\u202f%",
    }


def test_no_share_without_its_whole():
    assert derived(cell("incidents", 34, "cod2015:ML0701")) == {}


@pytest.mark.parametrize(
    ("before", "now", "covered", "shown"),
    [
        pytest.param(40, 50, (7, 7), "25\u202f%", id="a-rise"),
        pytest.param(40, 20, (7, 7), "\u221250\u202f%", id="a-fall"),
        pytest.param(40, 40, (7, 7), "0\u202f%", id="no-change"),
        pytest.param(20, 30, (7, 7), "50\u202f%", id="base-of-twenty"),
        pytest.param(19, 30, (7, 7), None, id="base-of-nineteen"),
        pytest.param(40, 50, (7, 8), None, id="one-more-commune-covered"),
        pytest.param(40, 20, (7, 6), None, id="one-commune-less"),
        pytest.param(40, 50, (None, 7), None, id="coverage-before-is-not-known"),
        pytest.param(40, 50, (7, None), None, id="coverage-now-is-not-known"),
        pytest.param(40, 50, (None, None), None, id="coverage-is-not-known"),
    ],
)
def test_a_change_is_printed_only_between_months_of_equal_coverage(before, now, covered, shown):
    cells = [cell("incidents", before, period=BEFORE), cell("incidents", now)]
    cells += [
        cell("communes_covered", n, period=p) for n, p in zip(covered, (BEFORE, MONTH), strict=True) if n is not None
    ]
    assert derived(*cells).get(("protection_incidents_change_pct", "gao", MONTH)) == shown


def test_no_change_is_printed_over_a_month_that_is_missing():
    cells = [cell("incidents", 40, period="2016-08"), cell("incidents", 50), *(cell("communes_covered", 7, period=p) for p in ("2016-08", MONTH))]  # fmt: skip
    assert "protection_incidents_change_pct" not in {key for key, _, _ in derived(*cells)}


def test_stocks_differ_by_people_not_by_percent():
    found = derived(
        cell("idps_people_stock", 38172, period="2017-12-31"), cell("idps_people_stock", 36690, period="2016-12-31")
    )
    assert found == {("idps_people_difference", "gao", "2017-12-31"): "1\u202f482"}


@pytest.mark.parametrize(
    ("assessed", "shown"),
    [
        pytest.param((4, 4), "440", id="as-many-cercles"),
        pytest.param((1, 2), None, id="one-cercle-more"),
        pytest.param((2, 1), None, id="one-cercle-less"),
        pytest.param((None, 2), None, id="not-known-before"),
    ],
)
def test_stocks_of_other_places_have_no_difference(assessed, shown):
    periods = ("2016-11-30", "2016-12-31")
    cells = [cell("idps_people_stock", n, period=p) for n, p in zip((60, 500), periods, strict=True)]
    cells += [cell("idp_cercles_assessed", n, period=p) for n, p in zip(assessed, periods, strict=True) if n]
    assert derived(*cells).get(("idps_people_difference", "gao", "2016-12-31")) == shown


@given(
    st.dictionaries(st.sampled_from(list(code_list("incident_category"))), st.integers(0, 30), min_size=2),
    st.sampled_from(["cluster", "public"]),
)
@random_cases(60)
def test_no_percentage_comes_from_a_hidden_number_or_a_small_base(parts, audience):
    whole = sum(parts.values())
    cells = [cell("incidents", whole)]
    cells += [cell("incidents_by_category", n, key=f"protection_incidents.category={c}") for c, n in parts.items()]
    numbers = protected(*cells, audience=audience)
    shown = {n.key.rpartition("=")[2] for n in numbers if n.is_shown}
    shares = {n.key: n for n in derive.derive(numbers, AREAS, IN_FORCE)}
    for category, n in parts.items():
        share = shares.get(f"protection_incidents_share_pct.category={category}")
        if whole < 20:
            assert share is None
        elif category not in shown:
            assert share.value == "" and share.display() == "n.p."
        else:
            exact = Decimal(100 * n) / Decimal(whole)
            assert share.value == str(int(exact.to_integral_value(ROUND_HALF_UP)))


# --- figures printed by others ------------------------------------------------------------------------------------


def test_a_printed_figure_keeps_its_document_and_no_information_is_not_zero():
    figures = pd.DataFrame(
        [
            ("gbv-cases-2016", 2164.0, "reported cases", "2016-01-01", "2016-12-31", "Mali", "2 164", "Stratégie"),
            ("unknown", None, "people", "2016-01-01", None, "Mali", "aucune information", "Stratégie"),
        ],
        columns=["figure_id", "value", "unit", "start_date", "end_date", "area", "printed", "document"],
    )
    known, unknown = protect.printed_elsewhere(figures)
    assert (known.key, known.display(), known.status) == ("printed.gbv-cases-2016", "2\u202f164", "unverified")
    assert "Stratégie" in known.caveat and known.period == "2016-01-01/2016-12-31"
    assert (unknown.display(), unknown.status) == ("n.d.", "not_received")


# --- the seal -----------------------------------------------------------------------------------------------------

FIELDS = dict(
    key="protection_incidents", place="gao", period=MONTH, value="2", unit="incidents", status="verified", table="incidents", query="q", caveat=""
)  # fmt: skip


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda n: SafeNumber(**FIELDS), id="the-constructor"),
        pytest.param(lambda n: SafeNumber(**FIELDS, seal=object()), id="a-seal-of-one-s-own"),
        pytest.param(lambda n: SafeNumber(**FIELDS, seal="object"), id="a-seal-in-words"),
        pytest.param(lambda n: dataclasses.replace(n, value="3"), id="a-changed-copy"),
        pytest.param(lambda n: setattr(n, "value", "3"), id="another-value"),
        pytest.param(lambda n: n.__init__(**FIELDS), id="made-a-second-time"),
    ],
)
def test_a_number_cannot_be_made_or_changed_elsewhere(forge):
    (number,) = protected(cell("incidents", 67))
    with pytest.raises((TypeError, AttributeError)):
        forge(number)
    assert number.value == "67"


def test_a_copy_is_the_same_number():
    (number,) = protected(cell("incidents", 67))
    assert copy.copy(number) == number


def python_files() -> list[Path]:
    return [p for p in (ROOT / "src").rglob("*.py") if "disclosure" not in p.parts]


def names_used(path: Path) -> set[str]:
    """Every name and import that a module mentions, what it calls, and attributes with the name they are taken from."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found |= {node.attr, f"{getattr(node.value, 'id', '')}.{node.attr}"}
        elif isinstance(node, ast.alias):
            found |= {f"import {node.name}", node.asname or ""}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(f"{node.func.id}()")
    return found


@pytest.mark.parametrize("path", python_files(), ids=lambda p: p.relative_to(ROOT / "src").as_posix())
def test_no_other_module_clears_a_number_or_touches_the_seal(path):
    forbidden = {"_SEAL", "import _SEAL", "import clear", "clear()", "safe.clear", "protect.clear", "derive.clear"}
    assert not names_used(path) & (forbidden | {"SafeNumber()", "object.__setattr__", "object.__new__"})


def test_inside_only_the_judging_modules_clear_numbers():
    inside = {p.name for p in (ROOT / "src" / "veille" / "disclosure").glob("*.py") if "clear()" in names_used(p)}
    assert inside == {"protect.py", "derive.py", "given.py"}


def test_no_notebook_reaches_behind_the_door():
    for path in (ROOT / "notebooks").rglob("*.ipynb"):
        code = "\n".join(
            "".join(c["source"])
            for c in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if c["cell_type"] == "code"
        )
        modules = set()
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom):
                modules |= {f"{node.module}.{a.name}" if node.module == "veille" else node.module for a in node.names}
            elif isinstance(node, ast.Import):
                modules |= {a.name for a in node.names}
        assert {".".join(m.split(".")[:2]) for m in modules} <= {"veille.published", "veille.present"}


def swap(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def sealed(tmp_path):
    numbers = protected(
        cell("incidents", 67),
        cell("incidents_by_category", 2, key=BY_CATEGORY[1]),
        cell("communes_covered", 23, period=BEFORE),
    )
    meta = {"version": "abc", "audience": "cluster", "nature": "example"}
    SafeTables(numbers, meta, {"recommendations": [{"text": "Texte"}]}).write(tmp_path / "candidate")
    return tmp_path / "candidate", numbers


def test_a_sealed_folder_gives_back_the_numbers_that_went_in(sealed):
    folder, numbers = sealed
    tables = SafeTables.read(folder)
    assert {n.address: n for n in tables} == {n.address: n for n in numbers}
    assert tables.records == {"recommendations": [{"text": "Texte"}]} and tables.meta["version"] == "abc"


def test_a_hidden_number_is_nowhere_in_the_sealed_folder(sealed):
    folder, _ = sealed
    rows = [line for p in (folder / "tables").glob("*.csv") for line in p.read_text(encoding="utf-8").splitlines()]
    (hidden,) = [line for line in rows if "category=life" in line]
    assert f"{BY_CATEGORY[1]},gao,{MONTH},,incidents,not_published," in hidden


def test_one_changed_byte_anywhere_in_the_tables_is_refused(sealed, tmp_path):
    folder, _ = sealed
    files = [p for p in folder.rglob("*") if p.is_file() and p.name != "candidate.json"]
    assert len(files) == 4
    for file in files:
        original = file.read_bytes()
        for at in range(0, len(original), 17):
            file.write_bytes(original[:at] + bytes([original[at] ^ 1]) + original[at + 1 :])
            with pytest.raises(BuildFailed, match="modifiées"):
                SafeTables.read(folder)
        file.write_bytes(original)
    SafeTables.read(folder)


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(lambda f: (f / "tables" / "incidents.csv").unlink(), id="a-table-taken-away"),
        pytest.param(lambda f: (f / "records.json").unlink(), id="records-taken-away"),
        pytest.param(lambda f: (f / "candidate.json").unlink(), id="the-seal-taken-away"),
        pytest.param(lambda f: (f / "candidate.json").write_text("{}"), id="an-empty-seal"),
        pytest.param(lambda f: (f / "candidate.json").write_text("[]"), id="a-seal-of-another-shape"),
        pytest.param(lambda f: (f / "candidate.json").write_text('{"files": null}'), id="a-seal-without-files"),
        pytest.param(lambda f: swap(f / "candidate.json", "cluster", "public"), id="members-numbers-called-public"),
        pytest.param(lambda f: swap(f / "candidate.json", "example", "real"), id="invented-numbers-called-real"),
        pytest.param(lambda f: (f / "tables" / "incidents.csv").write_text((f / "tables" / "incidents.csv").read_text() + "x,gao,2016-10,5,i,verified,t,q,\n"), id="a-row-added"),
        pytest.param(lambda f: shutil.copy(f / "tables" / "communes_covered.csv", f / "tables" / "incidents.csv"), id="one-table-in-another-s-place"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_the_one_that_was_sealed_is_refused(sealed, attack):
    folder, _ = sealed
    attack(folder)
    with pytest.raises(BuildFailed):
        SafeTables.read(folder)


@pytest.mark.parametrize(
    "row",
    [
        "protection_incidents.x=y,gao,2016-10,5",
        "protection_incidents.x=y,gao,2016-10,5,i,verified,t,q,c,more",
        'protection_incidents.x=y,gao,2016-10,"5,i,verified,t,q,"c"',
        "another_indicator,gao,2016-10,5,i,verified,t,q,c",
    ],
)
def test_a_row_of_another_shape_or_indicator_is_refused_even_where_it_was_sealed(sealed, row):
    folder, _ = sealed
    table = folder / "tables" / "incidents.csv"
    head, first = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join([head, first, row, first.replace(MONTH, "2016-12"), ""]), encoding="utf-8", newline="")
    meta = json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
    meta["files"]["tables/incidents.csv"] = hashlib.sha256(table.read_bytes()).hexdigest()
    del meta["seal"]
    (folder / "candidate.json").write_text(json.dumps(meta | {"seal": safe._digest(meta)}), encoding="utf-8")
    for _ in range(2):
        with pytest.raises(BuildFailed, match="modifiées"):
            SafeTables.read(folder).get("protection_incidents.x=y", "gao", "2016-10")


@pytest.mark.parametrize("first", [None, "protection_incidents", "communes_with_activity", "absent"])
def test_numbers_come_in_the_same_order_whatever_was_asked_before(sealed, first):
    tables = SafeTables.read(sealed[0])
    if first:
        tables.get(first, "gao", MONTH)
    assert [n.address for n in tables] == [n.address for n in SafeTables.read(sealed[0])]
    assert {n.table for n in tables.of_table("incidents")} == {"incidents"}


@pytest.mark.parametrize("caveat", ["", "deux\nlignes, dont une virgule", "deux lignes\na,b"])
def test_a_table_of_several_indicators_gives_them_all_back(tmp_path, caveat):
    keys = ("a_b.c=d", "a", "a_b", "a.c=d", "protection_incidents", "z")
    numbers = {key: safe.clear(**FIELDS | {"key": key, "caveat": caveat}) for key in keys}
    SafeTables(numbers.values(), {}, {}).write(tmp_path / "candidate")
    tables = SafeTables.read(tmp_path / "candidate")
    assert {key: tables.get(key, "gao", MONTH) for key in keys} == numbers
    assert {n.key for n in tables.of_table("incidents")} == {n.key for n in tables} == set(keys)


@pytest.mark.parametrize("mark", ["\u2028", "\x85", "\n", "\x0b", "\r\n"], ids=ascii)
def test_a_line_break_in_a_caveat_comes_back_as_it_was(tmp_path, mark):
    number = safe.clear(**FIELDS | {"caveat": f"deux{mark}lignes"})
    SafeTables([number], {}, {}).write(tmp_path / "candidate")
    assert [n.caveat for n in SafeTables.read(tmp_path / "candidate")] == [f"deux{mark}lignes"]


def test_a_file_that_nobody_sealed_is_not_read(sealed):
    folder, numbers = sealed
    (folder / "tables" / "autre.csv").write_text(
        ",".join(safe.COLUMNS) + "\nx,gao,2016-10,5,incidents,verified,t,q,\n", encoding="utf-8"
    )
    assert len(SafeTables.read(folder)) == len(numbers)


@pytest.mark.parametrize("key", ["protection_incidents.category=life", "victims_people", "clé inconnue"])
def test_a_number_that_is_not_there_was_not_received(sealed, key):
    number = SafeTables.read(sealed[0]).get(key, "kidal", MONTH)
    assert (number.display(), number.status, number.is_shown) == ("n.d.", "not_received", False)


def test_tables_show_their_size_and_nothing_else(sealed):
    assert repr(SafeTables.read(sealed[0])) == "<SafeTables of 3 numbers, version abc>"


# --- the rules' file ----------------------------------------------------------------------------------------------


def broken(folder, change) -> str:
    given_rules = yaml.safe_load((PARAMS / "disclosure.yml").read_text(encoding="utf-8"))
    change(given_rules)
    (folder / "disclosure.yml").write_text(yaml.safe_dump(given_rules), encoding="utf-8")
    with pytest.raises(BadData) as refused:
        rules.load(folder)
    return str(refused.value)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param(lambda r: r["datasets"]["incidents"].update(treshold=1), "datasets > incidents > treshold", id="a-misspelt-key"),
        pytest.param(lambda r: r["datasets"]["children"].update(threshold=-1), "datasets > children > threshold", id="a-negative-threshold"),
        pytest.param(lambda r: r["datasets"]["mines"].pop("threshold"), "datasets > mines > threshold", id="no-threshold"),
        pytest.param(lambda r: r["datasets"]["mines"].update(threshold="cinq"), "datasets > mines > threshold", id="a-threshold-in-words"),
        pytest.param(lambda r: r["datasets"]["mines"].update(threshold=2.5), "datasets > mines > threshold", id="half-a-threshold"),
        pytest.param(lambda r: r["datasets"]["incidents"].update(finest="village"), "datasets > incidents > finest", id="a-place-finer-than-any"),
        pytest.param(lambda r: r["datasets"]["perpetrators"].update(audiences=["everyone"]), "datasets > perpetrators > audiences", id="an-unknown-audience"),
        pytest.param(lambda r: r["datasets"]["incidents"].update(base=0), "datasets > incidents > base", id="percentages-of-nothing"),
        pytest.param(lambda r: r["datasets"]["children"].update(threshold=0), "datasets > children > threshold", id="a-threshold-of-nothing"),
        pytest.param(lambda r: r["datasets"]["children"].update(threshold={"cluster": 5, "public": 1}), "datasets > children > threshold > public", id="a-threshold-of-one"),
        pytest.param(lambda r: r["datasets"]["children"].update(threshold={"everyone": 5}), "datasets > children > threshold", id="a-threshold-for-nobody"),
        pytest.param(lambda r: r["tables"]["child_victims"].update(levels=["cercle"]), "tables > child_victims > levels", id="a-table-finer-than-its-data-set"),
        pytest.param(lambda r: r["tables"]["child_victims"].update(dataset="autre"), "tables > child_victims > dataset", id="a-table-without-rules"),
        pytest.param(lambda r: r["tables"]["victims"].update(falls_back=["nulle_part"]), "tables > victims > falls_back", id="a-fall-back-that-is-no-table"),
        pytest.param(lambda r: r["tables"].pop("victims"), "tables > victims", id="a-table-that-is-not-declared"),
        pytest.param(lambda r: r["tables"].update(inconnue=r["tables"]["victims"]), "tables > inconnue", id="a-table-that-nothing-counts"),
        pytest.param(lambda r: r["datasets"]["incidents"].update(crossed=1), "tables > incidents_by_category_verification", id="more-breakdowns-than-allowed"),
        pytest.param(lambda r: r.update(extra=1), "extra", id="an-unknown-chapter"),
        pytest.param(lambda r: r.pop("datasets"), "datasets", id="a-chapter-missing"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_rules_stops_and_names_its_key(tmp_path, change, where):
    assert where in broken(tmp_path, change)


@pytest.mark.parametrize("content", [None, "datasets: [", "", "- a"])
def test_rules_that_are_missing_or_unreadable_stop_everything(tmp_path, content):
    if content is not None:
        (tmp_path / "disclosure.yml").write_text(content, encoding="utf-8")
    with pytest.raises(BadData, match="disclosure.yml"):
        rules.load(tmp_path)


def test_a_table_declared_twice_is_refused(tmp_path):
    given = (PARAMS / "disclosure.yml").read_text(encoding="utf-8")
    (tmp_path / "disclosure.yml").write_text(given + "  victims: {dataset: open, levels: [area], periods: [month]}\n", encoding="utf-8")  # fmt: skip
    with pytest.raises(BadData, match="déclaré deux fois \\(victims, ligne"):
        rules.load(tmp_path)


def test_the_rules_in_force_are_the_strict_ones():
    both = ("cluster", "public")
    found = {
        n: (d.threshold.get("cluster"), d.threshold.get("public"), d.finest, d.audiences, d.base)
        for n, d in IN_FORCE.datasets.items()
    }
    assert found == {
        "incidents": (3, 3, "cercle", both, 20),
        "incidents_plain": (3, 3, "cercle", both, 20),
        "victims": (5, 5, "region", both, 20),
        "perpetrators": (3, 3, "region", ("cluster",), 20),
        "children": (5, 5, "region", both, 20),
        "mines": (5, 5, "region", both, 20),
        "cases": (3, 3, "region", both, 20),
        "monitors": (5, 5, "area", both, 20),
        "open": (None, None, "cercle", both, 20),
        "gbv": (5, 10, "region", both, 50),
        "gbv_national": (5, 10, "country", both, 50),
        "strategy_people": (5, 10, "country", both, 50),
    }
    least = {a: (o.least, o.share, o.least_for_totals) for a, o in IN_FORCE.datasets["gbv"].organisations.items()}
    assert least == {"cluster": (3, 80, 2), "public": (3, 80, 0)}


def test_every_declared_table_has_rules():
    assert set(MEASURE) == set(IN_FORCE.tables)


def test_a_number_told_of_zones_only_still_adds_up_to_the_country():
    """Monitors are counted by zone and country: the one hidden zone was the country less the others."""
    zones = {"gao": 20, "mopti": 12, "tombouctou": 9, "kidal": 3}
    level = {"mali": "country"}
    cells = [
        ("monitors", "monitors", place, level.get(place, "area"), MONTH, n, "monitors", "mixed", False)
        for place, n in {**zones, "mali": sum(zones.values())}.items()
    ]
    made = judge.judge(pd.DataFrame(cells, columns=CUBE_COLUMNS), IN_FORCE, AREAS)["cluster"]
    assert len(made.protected.hidden) >= 2 and ("monitors", "kidal", MONTH) in made.protected.hidden


def test_that_assisted_cases_were_referred_is_taken_for_granted():
    """A reader takes it that no service assisted more people than were referred to it: that is a bound on hidden ones."""
    cells = []
    for table, indicator, total, health, legal in (
        ("cases_referred", "cases_referred", 9, 5, 4),
        ("cases_assisted", "cases_assisted", 8, 4, 4),
    ):
        cells.append(cell(table, total, key=indicator))
        cells.append(cell(f"{table}_by_service", health, key=f"{indicator}.service=health"))
        cells.append(cell(f"{table}_by_service", legal, key=f"{indicator}.service=legal"))
    frame = pd.DataFrame(cells, columns=CUBE_COLUMNS)
    kinds = {(r.total[0], r.parts[0][0]) for r in system.relations({(c[1], c[2], c[4]): MEASURE[c[0]] for c in cells}, AREAS) if r.kind == "usual"}  # fmt: skip
    assert ("cases_referred", "cases_assisted") in kinds
    assert ("cases_referred.service=health", "cases_assisted.service=health") in kinds
    made = judge.judge(frame, IN_FORCE, AREAS)["cluster"]
    assert not made.protected.hidden and not made.protected.unusual


def test_an_exception_to_what_is_usual_is_no_contradiction():
    cells = [cell("cases_referred", 5, key="cases_referred"), cell("cases_assisted", 8, key="cases_assisted")]
    made = judge.judge(pd.DataFrame(cells, columns=CUBE_COLUMNS), IN_FORCE, AREAS)["cluster"]
    assert made.protected.unusual == {("cases_assisted", "gao", MONTH)} and not made.protected.hidden


def test_killed_and_wounded_are_together_no_more_than_the_victims():
    """Eight victims, six of them wounded: the two killed were eight less six at most. One of the three goes with them."""
    cells = [
        cell("victims", 8, key="victims_people"),
        cell("victims_by_harm", 2, key="victims_people.harm=killed"),
        cell("victims_by_harm", 6, key="victims_people.harm=injured"),
    ]
    made = judge.judge(pd.DataFrame(cells, columns=CUBE_COLUMNS), IN_FORCE, AREAS)["cluster"]
    assert {a[0] for a in made.protected.hidden} == {"victims_people.harm=killed", "victims_people.harm=injured"}


def test_more_killed_than_victims_that_were_told_is_no_contradiction():
    """A form that leaves victims blank may still say how many were killed."""
    cells = [
        cell("victims", 9, key="victims_people"),
        cell("victims_by_harm", 7, key="victims_people.harm=killed"),
        cell("victims_by_harm", 6, key="victims_people.harm=injured"),
    ]
    made = judge.judge(pd.DataFrame(cells, columns=CUBE_COLUMNS), IN_FORCE, AREAS)["cluster"]
    assert made.protected.unusual and not made.protected.hidden
