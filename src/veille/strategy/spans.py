"""Over which days indicators are added up: a year, its quarters, its two-month spans, and from January to each month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from ..periods import Period
from . import values
from .frames import Indicator, every_indicator
from .values import Given, Value


def span(start: date, end: date) -> str:
    """The name of a span of days in a key: « 2017-05-01/2017-06-30 »."""
    return f"{start}/{end}"


def to_date(period: Period) -> tuple[date, date]:
    """From the first of January to the end of a period."""
    return date(period.year, 1, 1), period.end


def two_months(month: Period) -> tuple[date, date]:
    """The two months that end with this one: what the advisory group looks at (001, VIII.2)."""
    return month.shift(-1).start, month.end


def _days(year: int) -> Iterator[tuple[str, date, date]]:
    """Every span of a year that a page may speak of, and its name in a key."""
    whole = Period(year, 1, 12)
    yield str(whole), whole.start, whole.end
    for quarter in whole.divisions()[0]:
        yield str(quarter), quarter.start, quarter.end
        yield span(*to_date(quarter)), *to_date(quarter)
    for month in whole.each_month():
        yield span(*two_months(month)), *two_months(month)
        if month.first % 3:  # the end of a quarter was said
            yield span(*to_date(month)), *to_date(month)


def _asked(given: Iterable[Given]) -> list[tuple[Indicator, str]]:
    """Indicator and part of everything that was received, in the order of the frames."""
    received = {(g.indicator, g.part) for g in given}
    return [
        (one, part)
        for one in every_indicator().values()
        for part in sorted({p for ident, p in received if ident == one.id})
    ]


def of(given: list[Given]) -> Iterator[tuple[Indicator, str, Value]]:
    """Every value over every span of the years spoken of. Percentages of people exist for the whole year only."""
    for year in sorted({g.period.year for g in given}):
        for one, part in _asked(given):
            for name, start, end in _days(year):
                if one.people and name != str(year):
                    continue
                found = values.over(one, part, given, start, end)
                if found.value is not None:
                    yield one, name, found


def records(given: list[Given], audience: str) -> dict[str, list[dict]]:
    """What stands beside the values of a year on a page: how whole it is, where it goes, the proofs; no value.

    Where a proof is filed is for the members: the public reads what kind of proof there is.
    """
    out = []
    for year in sorted({g.period.year for g in given}):
        for one, part in _asked(given):
            found = values.over(one, part, given, date(year, 1, 1), date(year, 12, 31))
            if found.value is None:
                continue
            # What is printed by year only does not say where it went within it.
            goes = "" if one.people or part else values.direction(one, given, year)
            out.append(
                {
                    "indicator": one.id,
                    "part": part,
                    "year": year,
                    "is_whole": found.is_whole or one.nature in ("stock", "state", "ratio"),
                    "has_regions": found.regions > 0,
                    "is_verified": found.is_verified,
                    "direction": goes,
                    "proofs": [p if audience == "cluster" else p.partition(":")[0] for p in found.proofs],
                }
            )
    return {"indicator_values": out}
