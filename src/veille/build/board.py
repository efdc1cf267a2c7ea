"""What a person sees of many reports: one bar while they are made, one table at the end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from . import stage
from .many import Asked, Outcome
from .stage import Plan

_NATURES = {"real": "réel", "example": "exemple"}


def _name(plan: Plan) -> str:
    public = " (public)" if plan.audience == "public" else ""
    return f"{plan.product.name} {plan.area.code} {plan.period}{public}"


@contextmanager
def bar(total: int) -> Iterator[Callable[[list[Plan], int], None]]:
    """Tells what runs now and how many reports are left: on stderr, for a person who watches."""
    if not sys.stderr.isatty():
        yield lambda running, left: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=total)

        def watch(running: list[Plan], left: int) -> None:
            progress.update(task, completed=total - left, description=" · ".join(map(_name, running)))

        yield watch


def table(asked: Asked, outcomes: list[Outcome]) -> list[str]:
    """One line per product, area and fate: which periods were made, left out and why, failed and where."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for one in outcomes:
        p = one.plan
        key = ("échoué" if one.problem else "fait", p.product.name, p.area.code, p.audience, _NATURES[p.version.nature])
        groups.setdefault((*key, one.problem), []).append(str(p.period))
    for p in asked.current:
        key = ("à jour", p.product.name, p.area.code, p.audience, _NATURES[p.version.nature])
        groups.setdefault((*key, ""), []).append(str(p.period))
    for left in asked.skipped:
        key = ("laissé", left.product.name, left.area, left.audience, "")
        groups.setdefault((*key, left.why), []).append(str(left.period))
    rows = [(*key[:5], stage.spans(periods) + (f" : {key[5]}" if key[5] else "")) for key, periods in groups.items()]
    order = ("fait", "à jour", "laissé", "échoué")
    rows.sort(key=lambda row: order.index(row[0]))
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    return ["  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[5]]) for row in rows]


def count(asked: Asked, outcomes: list[Outcome], seconds: float) -> str:
    """« Faits : 41 ; à jour : 8 ; laissés de côté : 3 ; échoués : 1. En 1 min 40 s. »"""
    failed = sum(bool(o.problem) for o in outcomes)
    spent = f"{seconds // 60:.0f} min {seconds % 60:.0f} s" if seconds >= 60 else f"{seconds:.0f} s"
    made, left = len(outcomes) - failed, len(asked.skipped)
    return (
        f"Faits : {made} ; à jour : {len(asked.current)} ; laissés de côté : {left} ; échoués : {failed}. En {spent}."
    )
