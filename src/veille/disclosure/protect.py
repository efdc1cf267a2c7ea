"""Withhold what the rules withhold: R1 (small counts), R3 (finest place, audience), R6 (zero), cell by cell.

This is the interface that joint protection keeps: cubes in, safe numbers out. Within one table a hidden cell never
stands alone; across tables, places and months it may still be worked out, and the verdict says so until the joint
step exists.
"""

from __future__ import annotations

import pandas as pd

from ..formats import plain
from ..indicators.registry import MEASURES, Measure
from .rules import LEVELS, Rules
from .safe import SafeNumber, clear

Address = tuple[str, str, str]
_MEASURES = {m.name: m for m in MEASURES}


def is_sensitive(value: int, threshold: int) -> bool:
    """R1: a count from 1 to threshold - 1. Zero is not a small count of people: nobody is in it."""
    return 0 < value < threshold


def protect(cubes: pd.DataFrame, rules: Rules, audience: str) -> list[SafeNumber]:
    """The safe numbers of every declared count for one audience; a hidden cell keeps its row, without its value."""
    cells: dict[str, list] = {}
    hidden: set[Address] = set()
    for cell in cubes.itertuples(index=False):
        measure = _MEASURES[cell.table]
        rule = rules.datasets[measure.dataset]
        if audience not in rule.audiences or LEVELS.index(cell.level) < LEVELS.index(rule.finest):
            continue
        is_plain = not measure.dimensions and rule.plain_threshold is not None
        threshold = rule.plain_threshold if is_plain else rule.threshold
        cells.setdefault(cell.table, []).append(cell)
        if is_sensitive(cell.value, threshold) or cell.is_partial_zero:
            hidden.add((cell.key, cell.place, cell.period))
    for name, some in cells.items():
        _hide_with_company(_MEASURES[name], some, hidden)
    _hide_sums(cells, hidden)
    return [_safe(cell, (cell.key, cell.place, cell.period) in hidden) for some in cells.values() for cell in some]


def _safe(cell: tuple, is_hidden: bool) -> SafeNumber:
    measure = _MEASURES[cell.table]
    return clear(
        key=cell.key,
        place=cell.place,
        period=cell.period,
        value="" if is_hidden else plain(cell.value),
        unit=cell.unit,
        status="not_published" if is_hidden else cell.status,
        table=cell.table,
        query=measure.name,
        caveat=measure.caveat,
    )


def _hide_with_company(measure: Measure, cells: list, hidden: set[Address]) -> None:
    """Hide a second cell in every line of a breakdown that has exactly one hidden: alone, it is the total less the rest.

    The smallest count goes; lines run along each dimension in turn, until nothing changes.
    """
    lines: dict[tuple, list] = {}
    for cell in cells:
        stem, *codes = cell.key.split(".")
        for i in range(len(codes)):
            lines.setdefault((cell.place, cell.period, stem, i, *codes[:i], "", *codes[i + 1 :]), []).append(cell)
    changed = bool(measure.dimensions)
    while changed:
        changed = False
        for line in lines.values():
            shown = [c for c in line if (c.key, c.place, c.period) not in hidden]
            if len(line) - len(shown) == 1 and shown:
                company = min(shown, key=lambda c: (c.value == 0, c.value, c.key))
                hidden.add((company.key, company.place, company.period))
                changed = True


def _hide_sums(cells: dict[str, list], hidden: set[Address]) -> None:
    """Hide a number printed elsewhere when exactly one of the parts that add up to it is hidden."""
    for name, some in cells.items():
        for cell in some if (parts := _MEASURES[name].parts) else []:
            if sum((part, cell.place, cell.period) in hidden for part in parts) == 1:
                hidden.add((cell.key, cell.place, cell.period))


def printed_elsewhere(figures: pd.DataFrame) -> list[SafeNumber]:
    """Figures that others have printed, as safe numbers of place `mali`: key `printed.<id>`, caveat = the document.

    They are public already. Nothing says how they were verified, so they stay unverified.
    """
    out = []
    for f in figures.itertuples(index=False):
        missing = pd.isna(f.value)
        unit = {"reported cases": "cases", "cases": "cases"}.get(f.unit, f.unit)
        out.append(
            clear(
                key=f"printed.{f.figure_id}",
                place="mali",
                period=f"{f.start_date}/{f.end_date}" if f.end_date else f.start_date,
                value="" if missing else plain(f.value),
                unit=unit,
                status="not_received" if missing else "unverified",
                table="printed_figures",
                query="printed",
                caveat=f"Tel qu’imprimé : {f.document}",
            )
        )
    return out
