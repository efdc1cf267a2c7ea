"""Months, quarters and years: what can be asked for, what it covers, what it is called."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import random_cases

from veille import periods
from veille.errors import BadParameter
from veille.periods import Period

ANY_PERIOD = st.one_of(
    st.builds(Period, st.integers(2001, 2099), st.integers(1, 12), st.just(1)),
    st.builds(Period, st.integers(2001, 2099), st.sampled_from([1, 4, 7, 10]), st.just(3)),
    st.builds(Period, st.integers(2001, 2099), st.just(1), st.just(12)),
)


@pytest.mark.parametrize(
    ("text", "kind", "start", "end", "name"),
    [
        pytest.param("2017-06", "month", date(2017, 6, 1), date(2017, 6, 30), "juin 2017", id="a-month"),
        pytest.param("2016-02", "month", date(2016, 2, 1), date(2016, 2, 29), "février 2016", id="a-leap-february"),
        pytest.param("2017-02", "month", date(2017, 2, 1), date(2017, 2, 28), "février 2017", id="a-plain-february"),
        pytest.param(
            "2000-02", "month", date(2000, 2, 1), date(2000, 2, 29), "février 2000", id="2000-was-a-leap-year"
        ),
        pytest.param("2100-02", "month", date(2100, 2, 1), date(2100, 2, 28), "février 2100", id="2100-will-not-be"),
        pytest.param(
            "2017-Q1", "quarter", date(2017, 1, 1), date(2017, 3, 31), "1er trimestre 2017", id="first-quarter"
        ),
        pytest.param(
            "2017-Q4", "quarter", date(2017, 10, 1), date(2017, 12, 31), "4e trimestre 2017", id="last-quarter"
        ),
        pytest.param("2017", "year", date(2017, 1, 1), date(2017, 12, 31), "année 2017", id="a-year"),
        pytest.param(" 2017-06 ", "month", date(2017, 6, 1), date(2017, 6, 30), "juin 2017", id="spaces-around-it"),
    ],
)
def test_a_period_covers_its_days_and_has_a_french_name(text, kind, start, end, name):
    period = periods.parse(text)
    assert (period.kind, period.start, period.end, period.name()) == (kind, start, end, name)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2017-13", id="a-thirteenth-month"),
        pytest.param("2017-00", id="a-month-zero"),
        pytest.param("2017-6", id="a-month-of-one-digit"),
        pytest.param("06-2017", id="month-first"),
        pytest.param("2017-Q5", id="a-fifth-quarter"),
        pytest.param("2017-Q0", id="a-quarter-zero"),
        pytest.param("2017-q2", id="a-small-q"),
        pytest.param("17-06", id="two-digit-year"),
        pytest.param("1999-12", id="before-2000"),
        pytest.param("2101", id="after-2100"),
        pytest.param("juin 2017", id="a-name"),
        pytest.param("", id="nothing"),
        pytest.param("2017-06-30", id="a-day"),
        pytest.param("../2017", id="a-path"),
    ],
)
def test_what_is_no_period_is_refused_with_the_forms_that_are(text):
    with pytest.raises(BadParameter, match="2017-Q2"):
        periods.parse(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param("2017", "month", id="a-year-for-a-monthly-bulletin"),
        pytest.param("2017-06", "quarter", id="a-month-for-a-quarter"),
        pytest.param("2017-Q2", "year", id="a-quarter-for-a-year"),
    ],
)
def test_a_product_refuses_a_period_of_another_kind(text, kind):
    with pytest.raises(BadParameter, match="Écrivez un"):
        periods.parse(text, kinds=(kind,))


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        pytest.param(("month",), "Écrivez un mois (2017-06).", id="one-kind"),
        pytest.param(("quarter", "year"), "Écrivez un trimestre (2017-Q2) ou une année (2017).", id="two-kinds"),
        pytest.param(
            ("month", "quarter", "year"),
            "Écrivez un mois (2017-06), un trimestre (2017-Q2) ou une année (2017).",
            id="three-kinds",
        ),
    ],
)
def test_a_refusal_says_every_kind_that_is_expected(kinds, said):
    with pytest.raises(BadParameter) as refused:
        periods.parse("2017-13", kinds=kinds)
    assert refused.value.next_step == said


def test_a_product_of_several_kinds_takes_each_of_them():
    given = [periods.parse(text, kinds=("quarter", "year")) for text in ("2017-Q2", "2017")]
    assert [p.kind for p in given] == ["quarter", "year"]
    assert [[str(m) for m in p.each_month()] for p in given] == [
        ["2017-04", "2017-05", "2017-06"],
        [f"2017-{n:02d}" for n in range(1, 13)],
    ]
    assert [str(m) for m in periods.parse("2017-06").each_month()] == ["2017-06"]


def test_a_day_is_no_period_of_any_kind():
    assert [kind for kind in ("month", "quarter", "year") if periods.is_of("2016-12-31", kind)] == []
    assert periods.is_of("2016-12", "month") and not periods.is_of("2016-12", "year")


def test_control_characters_and_floods_do_not_reach_the_terminal():
    with pytest.raises(BadParameter) as refused:
        periods.parse("\x1b[31m" + "x" * 5000)
    assert "\x1b" not in str(refused.value) and len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "steps", "result"),
    [
        pytest.param("2017-01", -1, "2016-12", id="the-month-before-january"),
        pytest.param("2016-12", 1, "2017-01", id="the-month-after-december"),
        pytest.param("2017-06", -12, "2016-06", id="the-same-month-a-year-before"),
        pytest.param("2017-Q1", -1, "2016-Q4", id="the-quarter-before-the-first"),
        pytest.param("2017", 2, "2019", id="two-years-later"),
    ],
)
def test_periods_follow_each_other_over_the_turn_of_the_year(text, steps, result):
    assert str(periods.parse(text).shift(steps)) == result


def test_a_trend_of_four_months_ends_with_its_own_month_oldest_first():
    assert [str(p) for p in periods.parse("2017-02").last(4)] == ["2016-11", "2016-12", "2017-01", "2017-02"]


@given(ANY_PERIOD)
@random_cases(100)
def test_a_period_is_read_back_as_it_is_written(period):
    assert periods.parse(str(period)) == period


@given(ANY_PERIOD, st.integers(-11, 11))
@random_cases(100)
def test_going_forth_and_back_returns_to_the_same_period(period, steps):
    assert period.shift(steps).shift(-steps) == period


@given(ANY_PERIOD)
@random_cases(100)
def test_consecutive_periods_leave_no_day_out_and_count_none_twice(period):
    assert period.end + timedelta(days=1) == period.shift(1).start


@pytest.mark.parametrize(
    ("day", "name"),
    [
        pytest.param(date(2017, 8, 1), "1er août 2017", id="the-first-is-1er"),
        pytest.param(date(2017, 7, 15), "15 juillet 2017", id="others-are-plain"),
        pytest.param(date(2017, 12, 31), "31 décembre 2017", id="the-last-of-the-year"),
    ],
)
def test_a_day_is_written_in_french(day, name):
    assert periods.day_name(day) == name


@pytest.mark.parametrize("text", ["15/07/2017", "2017-02-29", "2017-7-15", "hier", ""])
def test_what_is_no_day_is_refused_with_an_example(text):
    with pytest.raises(BadParameter, match="2017-07-15"):
        periods.day(text)
