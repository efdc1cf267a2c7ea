"""Numbers about the work done, received as such: values of the indicators of a frame, and counts of indicators.

They count reports, trainings, meetings: nobody is in them. What counts people who were harmed or are at risk comes
through the tables of `params/disclosure.yml` like every other count; a percentage of such people has its base and its
small parts looked at here (R1, R7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..formats import plain
from ..indicators.measure import key
from ..strategy.frames import Indicator
from ..strategy.values import Value
from .rules import Dataset
from .safe import SafeNumber, SafeTables, clear

STEM, PEOPLE, COUNTED, TYPED = (
    "strategy_indicator",
    "strategy_people",
    "strategy_indicators",
    "strategy_indicator_received",
)
PLACE = "mali"
UNITS = {"number": "count", "percent": "percent", "yes_no": "yes_no", "category": "count"}
CAVEAT = "Déclaré par les responsables de l’indicateur."


def address_of(one: Indicator, part: str = "") -> str:
    """The key of an indicator's value: counts of people stand in a table of their own."""
    stem = PEOPLE if one.people and one.unit != "percent" else STEM
    return key(stem, {"indicator": one.code} | ({"part": part} if part else {}))


def _tells(one: Indicator, value: Value, rule: Dataset, audience: str) -> bool:
    """Whether a percentage of people says too much: too small a base, or a small number on either side of it.

    A number of a breakdown of people says too much where it is small.
    """
    if not one.people or value.value is None:
        return False
    if one.unit != "percent":
        return 0 < value.value < rule.threshold[audience]
    if value.base is None or value.numerator is None or value.base < rule.base:
        return True
    low = rule.threshold[audience]
    return any(0 < n < low for n in (value.numerator, value.base - value.numerator))


def indicator_numbers(
    values: Iterable[tuple[Indicator, str, Value]],
    rule: Dataset,
    audience: str,
    *,
    computed: bool = False,
) -> list[SafeNumber]:
    """Safe numbers of values over periods. `values`: the indicator, the period as its key says it, and the value.

    Counts of people are left out: they come through the declared tables.
    """
    out = []
    for one, period, value in values:
        if one.people and one.unit != "percent":
            continue
        is_hidden = _tells(one, value, rule, audience)
        shown = value.value is not None and not is_hidden
        status = "not_received" if value.value is None else "verified" if value.is_verified else "unverified"
        out.append(
            clear(
                key=address_of(one, value.part),
                place=PLACE,
                period=period,
                value=plain(value.value) if shown else "",
                unit=UNITS[one.unit],
                status="not_published" if is_hidden else status,
                table="strategy_indicators",
                query="computed" if computed else "received",
                caveat="Compté par veille." if computed else CAVEAT,
            )
        )
    return out


def again(numbers: Iterable[SafeNumber], stem: str, other: str) -> list[SafeNumber]:
    """The same numbers under keys that begin with another stem: what was typed, beside what is counted."""
    fields = ("place", "period", "value", "unit", "status", "table", "query", "caveat")
    return [clear(key=n.key.replace(stem, other, 1), **{name: getattr(n, name) for name in fields}) for n in numbers]


def counts(found: Mapping[str, int], period: str, *, stem: str = COUNTED, unit: str = "indicators") -> list[SafeNumber]:
    """How many indicators are in each state, by what their key has after its stem (`status=done`, or nothing)."""
    return [
        clear(
            key=stem + (f".{tail}" if tail else ""),
            place=PLACE,
            period=period,
            value=str(n),
            unit=unit,
            status="verified",
            table="strategy_counts",
            query="counted",
            caveat="Compté sur le cadre et ce qui est écrit de lui.",
        )
        for tail, n in found.items()
    ]


def joined(safe: SafeTables, numbers: Iterable[SafeNumber], records: Mapping[str, list[dict]]) -> SafeTables:
    """The safe tables of a version with those of a frame: a number that is in both is the frame's."""
    meta = {k: v for k, v in safe.meta.items() if k != "files"}
    return SafeTables([*safe, *numbers], meta, {**safe.records, **records})
