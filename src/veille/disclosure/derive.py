"""Percentages, changes and differences, from safe numbers only (R7): what pages quote but never calculate."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from ..indicators.registry import DIFFERENCES, SHARES, Difference, Share, declared, key
from ..periods import parse
from ..places import Area
from .rules import Rules
from .safe import SafeNumber, clear

Numbers = dict[tuple[str, str, str], SafeNumber]
ByKey = dict[str, list[SafeNumber]]


def whole_percent(part: int, whole: int) -> str:
    """A whole percent, halves away from zero: 67 of 110 is 61."""
    return str((Decimal(100 * part) / whole).quantize(Decimal(1), ROUND_HALF_UP))


def _joint_status(*numbers: SafeNumber) -> str:
    statuses = {n.status for n in numbers}
    return statuses.pop() if len(statuses) == 1 else "mixed"


def _derived(spec: Share | Difference, name: str, of: SafeNumber, value: str, unit: str, status: str) -> SafeNumber:
    return clear(
        key=name,
        place=of.place,
        period=of.period,
        value=value,
        unit=unit,
        status=status,
        table=spec.name,
        query=spec.name,
        caveat=spec.meaning,
    )


def _share(spec: Share, name: str, part: SafeNumber, whole: SafeNumber | None, base: int) -> SafeNumber | None:
    if whole is None or not whole.is_shown or int(whole.value) < base:
        return None
    if not part.is_shown:
        return _derived(spec, name, part, "", "percent", "not_published")
    return _derived(
        spec, name, part, whole_percent(int(part.value), int(whole.value)), "percent", _joint_status(part, whole)
    )


def _shares(spec: Share, numbers: Numbers, by_key: ByKey, areas: dict[str, Area], base: int) -> list[SafeNumber]:
    out: list[SafeNumber | None] = []
    if spec.of == "":
        for code in spec.codes():
            for part in by_key.get(spec.part.format(code=code), []):
                whole = numbers.get((spec.whole.format(code=code), part.place, part.period))
                out.append(_share(spec, spec.key(code), part, whole, base))
    else:
        for area in areas.values():
            if spec.of == "area":
                inside = [str(p) for region in area.regions for p in (region.place, *region.cercles)]
                whole_place = area.code
            else:
                inside, whole_place = [area.code], spec.of
                if area.code == spec.of:
                    continue
            for part in [n for n in by_key.get(spec.part, []) if n.place in inside]:
                whole = numbers.get((spec.whole, whole_place, part.period))
                out.append(_share(spec, key(spec.indicator, {"of": whole_place}), part, whole, base))
    return [n for n in out if n is not None]


def _differences(spec: Difference, numbers: Numbers, by_key: ByKey, base: int) -> list[SafeNumber]:
    """Of a number and the one before it: the month before, or the stock before."""
    out = []
    by_place: dict[str, list[SafeNumber]] = {}
    for n in by_key.get(spec.of, []):
        by_place.setdefault(n.place, []).append(n)
    for place, series in by_place.items():
        series.sort(key=lambda n: n.period)
        for before, now in zip(series, series[1:], strict=False):
            if not (before.is_shown and now.is_shown):
                continue
            if spec.kind == "stock_difference":
                assessed = [numbers.get(("idp_cercles_assessed", place, n.period)) for n in (before, now)]
                if len({n.value if n else "" for n in assessed}) > 1:
                    continue  # not the same places: their difference would say nothing
                value = str(int(now.value) - int(before.value))
            else:
                covered = [numbers.get(("communes_covered", place, n.period)) for n in (before, now)]
                if str(parse(now.period).shift(-1)) != before.period or any(
                    c is None or not c.is_shown for c in covered
                ):
                    continue
                # Another coverage: both numbers and both coverages are printed, no percentage and no direction.
                if covered[0].value != covered[1].value or int(before.value) < base:
                    continue
                value = str(int(whole_percent(int(now.value), int(before.value))) - 100)
            out.append(_derived(spec, spec.indicator, now, value, spec.unit, _joint_status(before, now)))
    return out


def derive(numbers: list[SafeNumber], areas: dict[str, Area], rules: Rules) -> list[SafeNumber]:
    """Every declared percentage, change and difference that safe numbers allow."""
    index = {(n.key, n.place, n.period): n for n in numbers}
    by_key: ByKey = {}
    for n in numbers:
        by_key.setdefault(n.key, []).append(n)
    out: list[SafeNumber] = []
    for share in SHARES:
        out += _shares(share, index, by_key, areas, rules.of(declared(share.whole.format(code="")).name).base)
    for difference in DIFFERENCES:
        out += _differences(difference, index, by_key, rules.of(declared(difference.of).name).base)
    return out
