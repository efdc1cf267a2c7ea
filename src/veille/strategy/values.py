"""Values of indicators over a period, each nature added up in its own way.

A flow is a sum; a stock, the last state known; a ratio, numerators over denominators; a state, done or not. Numbers and
percentages are never averaged. A value of a longer period stands for its shorter ones; one of the country for its regions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from .. import periods
from ..periods import Period
from .frames import Indicator

if TYPE_CHECKING:
    import pandas as pd

COUNTRY = "ML"
TOTAL = "total"  # the part of a value of the whole indicator
RISING, STEADY, FALLING = "rising", "steady", "falling"


@dataclass(frozen=True)
class Given:
    """One received value: of a period (`2017-06`, `2017-Q2`, `2017`), and of a region or of the country."""

    indicator: str
    part: str
    period: Period
    region: str
    value: Decimal | None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    is_verified: bool = False
    proof: str = ""


@dataclass(frozen=True)
class Value:
    """What an indicator amounts to over a span of days.

    `value` is None when nothing says it. `months`: how many months of the span are spoken of; `regions`: how many
    regions it was added up from (0: it was given for the country). `base`: the denominator of a percentage, when known.
    """

    indicator: str
    part: str
    start: date
    end: date
    value: Decimal | None
    months: int
    months_of: int
    regions: int
    is_verified: bool
    proofs: tuple[str, ...]
    base: Decimal | None = None
    numerator: Decimal | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every month of the span is spoken of."""
        return self.months == self.months_of


def _decimal(value: object) -> Decimal | None:
    import pandas as pd

    return None if value is None or pd.isna(value) else Decimal(str(value))


def of_rows(df: pd.DataFrame) -> list[Given]:
    """The canonical rows of `indicator_values`, in order."""
    return [
        Given(
            r.indicator_id,
            "" if r.part == TOTAL else r.part,
            periods.parse(r.period),
            r.region_pcode,
            _decimal(r.value),
            _decimal(r.numerator),
            _decimal(r.denominator),
            bool(r.is_verified),
            r.proof or "",
        )
        for r in df.astype(object).where(df.notna(), None).itertuples(index=False)
    ]


def months_between(start: date, end: date) -> list[str]:
    """The months that lie in a span of whole months: `2017-05`…"""
    first = Period(start.year, start.month, 1)
    count = (end.year - start.year) * 12 + end.month - start.month + 1
    return [str(first.shift(n)) for n in range(count)]


def _longest_first(given: Iterable[Given]) -> list[Given]:
    """The values of one place that speak of each month once: a longer period stands for those that it holds."""
    rank = {"year": 0, "quarter": 1, "month": 2}
    taken: set[str] = set()
    out = []
    for g in sorted(given, key=lambda g: (rank[g.period.kind], g.period.start)):
        months = {str(m) for m in g.period.each_month()}
        if not months & taken:
            taken |= months
            out.append(g)
    return sorted(out, key=lambda g: g.period.start)


def _percent(numerator: Decimal, denominator: Decimal) -> Decimal:
    return (numerator * 100 / denominator).quantize(Decimal(1), ROUND_HALF_EVEN)


def _one_place(indicator: Indicator, given: list[Given]) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Value, numerator and denominator of one place over a span."""
    said = [g for g in given if g.value is not None or (g.numerator is not None and g.denominator)]
    if not said:
        return None, None, None
    if indicator.nature == "ratio":
        both = [g for g in said if g.numerator is not None and g.denominator]
        if both and len(both) == len(said):
            top, base = sum((g.numerator for g in both), Decimal(0)), sum((g.denominator for g in both), Decimal(0))
            return _percent(top, base), top, base
        return (said[-1].value, None, None) if said[-1].value is not None else _one_place(indicator, both[-1:])
    if indicator.nature in ("stock", "state"):
        return said[-1].value, None, None
    return sum((g.value for g in said if g.value is not None), Decimal(0)), None, None


def over(indicator: Indicator, part: str, given: Iterable[Given], start: date, end: date) -> Value:
    """What an indicator amounts to from one day to another, both included, from the values received for it.

    Only periods that lie within the span count. A stock or a state of an earlier period of the same year still holds.
    """
    mine = [g for g in given if g.indicator == indicator.id and g.part == part and g.period.end <= end]
    if indicator.nature in ("stock", "state"):
        mine = [g for g in mine if g.period.start >= date(start.year, 1, 1)]
    else:
        mine = [g for g in mine if g.period.start >= start]
    span = months_between(start, end)
    places: dict[str, list[Given]] = {}
    for g in mine:
        places.setdefault(g.region, []).append(g)
    chosen = {COUNTRY: places[COUNTRY]} if COUNTRY in places else places
    used = {region: _longest_first(each) for region, each in sorted(chosen.items())}
    each = {region: _one_place(indicator, u) for region, u in used.items()}
    told = {region: found for region, found in each.items() if found[0] is not None}
    value = top = base = None
    if told:
        tops, bases = [t for _, t, _ in told.values()], [b for _, _, b in told.values()]
        if indicator.nature == "ratio":
            if None not in tops:
                top, base = sum(tops, Decimal(0)), sum(bases, Decimal(0))
                value = _percent(top, base)
            elif len(told) == 1:  # a percentage without its base speaks for its own place only
                value = next(iter(told.values()))[0]
        elif indicator.nature == "state":
            value = min(v for v, _, _ in told.values())  # done where it is done everywhere
        else:
            value = sum((v for v, _, _ in told.values()), Decimal(0))
    spoken = [
        {m for g in u if g.value is not None or g.numerator is not None for m in map(str, g.period.each_month())}
        for u in used.values()
    ]
    months = len(set.intersection(*spoken) & set(span)) if spoken else 0
    backing = [g for u in used.values() for g in u if g.value is not None or g.numerator is not None]
    return Value(
        indicator.id,
        part,
        start,
        end,
        value,
        months,
        len(span),
        0 if COUNTRY in chosen else len(told),
        bool(backing) and all(g.is_verified for g in backing),
        tuple(dict.fromkeys(g.proof for g in backing if g.proof)),
        base,
        top,
    )


def direction(indicator: Indicator, given: Iterable[Given], year: int) -> str:
    """Where an indicator goes within a year: its second half against the first, or its last state against the first.

    Nothing where a half is not wholly known: a missing month is no fall.
    """
    given = list(given)
    halves = [
        over(indicator, "", given, *days)
        for days in ((date(year, 1, 1), date(year, 6, 30)), (date(year, 7, 1), date(year, 12, 31)))
    ]
    if indicator.nature in ("stock", "state", "ratio"):
        mine = _longest_first(
            g
            for g in given
            if g.indicator == indicator.id and not g.part and g.period.year == year and g.region == COUNTRY
        )
        said = [_one_place(indicator, [g])[0] for g in mine]
        said = [v for v in said if v is not None]
        pair = (said[0], said[-1]) if len(said) > 1 else None
    else:
        pair = (halves[0].value, halves[1].value) if all(h.is_whole and h.value is not None for h in halves) else None
    if pair is None:
        return ""
    return RISING if pair[1] > pair[0] else FALLING if pair[1] < pair[0] else STEADY


def rating(value: Decimal | None, target: Decimal | None, unit: str) -> str:
    """The code of the rating: against a target, in whole percents of it (domain 9); never against an invented one.

    A state is done or not: it is achieved or not achieved against its target.
    """
    if value is None:
        return "no_data"
    if target is None:
        return "no_target"
    if unit == "yes_no" or target == 0:
        return "achieved" if value >= target else "not_achieved"
    from ..codes import mapping

    share = value * 100 / target
    return next(code for code, least in mapping("rating", "at_least").items() if share >= Decimal(str(least)))
