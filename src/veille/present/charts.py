"""How figures are drawn, whatever they show: a line of periods, bars of a breakdown, each at two widths."""

from __future__ import annotations

from matplotlib.axes import Axes

from ..codes import code_list
from ..disclosure.safe import SafeNumber
from ..indicators.registry import key
from ..published import Edition
from ..render.document import Block, Runs
from . import theme
from .parts import figure
from .shown import Shown
from .words import joined, say


def by_size(edition: Edition, stem: str, dimension: str, codes: str) -> list[tuple[str, SafeNumber]]:
    """The codes of a breakdown with their number, largest first; hidden and absent ones last, in the list's order."""
    rows = [(code, edition.number(key(stem, {dimension: code}))) for code in code_list(codes)]
    return sorted(rows, key=lambda r: -int(r[1].value) if r[1].is_shown else 1)


def step_of(high: int) -> int:
    """The step of a scale with at most four lines."""
    return next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000) if high / s <= 4)


def draw_line(ax: Axes, numbers: list[SafeNumber], size: float, *, every_label: bool) -> None:
    """The months that were received as a line, broken where one was not; n.d. stands on the axis."""
    values = [int(n.value) if n.is_shown else None for n in numbers]
    known = [v for v in values if v is not None]
    high, step = max(known), step_of(max(known))
    ax.set_ylim(0, max(step, high) * 1.2)
    ax.set_yticks(range(0, high + 1, step))
    ax.grid(axis="y", color=theme.LINE, linewidth=0.7)
    ax.set_axisbelow(True)
    theme.mark_ticks(ax, "y")
    last = len(values) - 1
    stretches: list[list[int]] = [[]]
    for i, v in enumerate(values):
        if v is None:
            stretches.append([])
        else:
            stretches[-1].append(i)
    for stretch in stretches:
        ax.plot(
            stretch,
            [values[i] for i in stretch],
            color=theme.BLUE,
            linewidth=1.8,
            marker="o",
            markersize=3.4,
            clip_on=False,
        )
    for i, (v, n) in enumerate(zip(values, numbers, strict=True)):
        if v is None:
            theme.write_number(ax, i, step * 0.1, n, ha="center", color=theme.SOFT, fontsize=size - 1)
        elif every_label or i == last or v in (max(known), min(known)):
            around = [values[k] for k in (i - 1, i + 1) if 0 <= k <= last and values[k] is not None]
            below = bool(around) and all(v < other for other in around) and v > high * 0.2
            bold = {"color": theme.BLUE, "fontweight": 600} if i == last else {"color": theme.SOFT}
            offset = -high * 0.06 if below else high * 0.055
            theme.write_number(ax, i, v + offset, n, ha="center", va="top" if below else "bottom", **bold)


def draw_bars(name: str, rows: list[tuple[str, SafeNumber, SafeNumber | None]], width: float, size: float) -> str:
    """One bar per row: label, total, and the part not verified (hatched) where it is known."""
    wide = width > 5
    figure_, ax = theme.canvas(
        width, 0.3 * len(rows) * (1 if wide else 1.55) + 0.1, size, f"bars-{name}-{'w' if wide else 'n'}"
    )
    left = 0.4 if wide else 0.0
    figure_.subplots_adjust(left, 0.0, 0.9, 1)
    high = max([int(n.value) for _, n, _ in rows if n.is_shown], default=1) or 1
    ax.set_xlim(0, high * 1.02)
    ax.set_ylim(len(rows) - 0.45, -0.55 if wide else -0.75)
    ax.set_axis_off()
    thick = 0.6 if wide else 0.42
    for i, (text, n, unverified) in enumerate(rows):
        y = i if wide else i + 0.12
        if wide:
            ax.text(-high * 0.015, i, text, ha="right", va="center_baseline")
        else:
            ax.text(0, i - 0.13, text, ha="left", va="bottom", fontsize=size)
        if n.is_shown and n.value != "0":
            hatched = int(unverified.value) if unverified is not None and unverified.is_shown else 0
            solid = int(n.value) - hatched
            ax.barh(y, solid, thick, color=theme.BLUE, linewidth=0)
            if hatched:
                ax.barh(
                    y, hatched, thick, left=solid, facecolor="white", edgecolor=theme.BLUE, hatch="/////", linewidth=0.8
                )
        at = (int(n.value) if n.is_shown else 0) + high * 0.012
        theme.write_number(
            ax,
            at,
            y,
            n,
            va="center_baseline",
            fontweight=600 if n.is_shown else 400,
            color=theme.INK if n.is_shown else theme.SOFT,
        )
    return theme.svg(figure_)


def bar_figure(
    edition: Edition,
    name: str,
    rows: list[tuple[str, SafeNumber, SafeNumber | None]],
    title: Runs,
    subtitle: Runs,
    notes: list[Runs],
    behind: Block,
) -> Shown:
    wide, narrow = theme.both_widths(lambda width, size: draw_bars(name, rows, width, size))
    alt = say("Barres : ", joined([say(text + " ", n) for text, n, _ in rows]), ".")
    return Shown(figure(edition, name, title, subtitle, (wide, narrow), alt, notes, behind))
