"""Withhold what the rules withhold: R1 (small counts), R3 (finest place, audience), R6 (zero), cell by cell.

This is the interface that joint protection keeps: cubes in, safe numbers out. Cell by cell, a hidden cell can still
be worked out from its total when it is alone; the verdict says so until the joint step exists.
"""

from __future__ import annotations

import pandas as pd

from ..formats import plain
from ..indicators.registry import MEASURES
from .rules import LEVELS, Rules
from .safe import SafeNumber, clear

_MEASURES = {m.name: m for m in MEASURES}


def is_sensitive(value: int, threshold: int) -> bool:
    """R1: a count from 1 to threshold - 1. Zero is not a small count of people: nobody is in it."""
    return 0 < value < threshold


def protect(cubes: pd.DataFrame, rules: Rules, audience: str) -> list[SafeNumber]:
    """The safe numbers of every declared count for one audience; a hidden cell keeps its row, without its value."""
    out: list[SafeNumber] = []
    for cell in cubes.itertuples(index=False):
        measure = _MEASURES[cell.table]
        rule = rules.datasets[measure.dataset]
        if audience not in rule.audiences or LEVELS.index(cell.level) < LEVELS.index(rule.finest):
            continue
        is_plain = not measure.dimensions and rule.plain_threshold is not None
        threshold = rule.plain_threshold if is_plain else rule.threshold
        hidden = is_sensitive(cell.value, threshold) or cell.is_partial_zero
        out.append(
            clear(
                key=cell.key,
                place=cell.place,
                period=cell.period,
                value="" if hidden else plain(cell.value),
                unit=cell.unit,
                status="not_published" if hidden else cell.status,
                table=cell.table,
                query=measure.name,
                caveat=measure.caveat,
            )
        )
    return out


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
