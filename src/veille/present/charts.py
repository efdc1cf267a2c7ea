"""How figures are drawn, whatever they show: a line of periods, bars of a breakdown, each at two widths."""

from __future__ import annotations

from itertools import count

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
    return next(s for ten in count() for s in (10**ten, 2 * 10**ten, 5 * 10**ten) if high / s <= 4)


def across(count: int) -> tuple[float, float]:
    """The scale that `count` periods stand on, with room for the labels of the first and the last."""
    return -0.6, count - 0.4


def draw_line(panel: theme.Panel, numbers: list[SafeNumber], size: float, *, every_label: bool) -> None:
    """The months that were received as a line, broken where one was not; n.d. stands on the axis."""
    values = [int(n.value) if n.is_shown else None for n in numbers]
    known = [v for v in values if v is not None]
    high, step = max(known), step_of(max(known))
    panel.scale(across(len(numbers)), (0, max(step, high) * 1.2))
    panel.grid(range(0, high + 1, step))
    last = len(values) - 1
    stretches: list[list[int]] = [[]]
    for i, v in enumerate(values):
        if v is None:
            stretches.append([])
        else:
            stretches[-1].append(i)
    for stretch in stretches:
        if stretch:
            heights = [values[i] for i in stretch]
            panel.line(stretch, heights, color=theme.BLUE, linewidth=1.8, marker="o", markersize=3.4)
    for i, (v, n) in enumerate(zip(values, numbers, strict=True)):
        if v is None:
            panel.write_number(i, step * 0.1, n, ha="center", color=theme.SOFT, fontsize=size - 1)
        elif every_label or i == last or v in (max(known), min(known)):
            around = [values[k] for k in (i - 1, i + 1) if 0 <= k <= last and values[k] is not None]
            below = bool(around) and all(v < other for other in around) and v > high * 0.2
            bold = {"color": theme.BLUE, "fontweight": 600} if i == last else {"color": theme.SOFT}
            offset = -high * 0.06 if below else high * 0.055
            panel.write_number(i, v + offset, n, ha="center", va="top" if below else "bottom", **bold)


def draw_bars(name: str, rows: list[tuple[str, SafeNumber, SafeNumber | None]], width: float, size: float) -> str:
    """One bar per row: label, total, and the part not verified (hatched), or a paler bar where that is not printed."""
    wide = width > 5
    tall = 0.3 * len(rows) * (1 if wide else 1.55) + 0.1
    drawn = theme.canvas(width, tall, size, f"bars-{name}-{'w' if wide else 'n'}")
    panel = theme.Panel(drawn, left=0.4 if wide else 0.0, right=0.9)
    high = max([int(n.value) for _, n, _ in rows if n.is_shown], default=1) or 1
    panel.scale((0, high * 1.02), (len(rows) - 0.45, -0.55 if wide else -0.75))
    thick = 0.6 if wide else 0.42
    for i, (text, n, unverified) in enumerate(rows):
        y = i if wide else i + 0.12
        if wide:
            panel.text(-high * 0.015, i, text, ha="right", va="center_baseline")
        else:
            panel.text(0, i - 0.13, text, ha="left", va="bottom", fontsize=size)
        if n.is_shown and n.value != "0":
            hatched = int(unverified.value) if unverified is not None and unverified.is_shown else 0
            solid = int(n.value) - hatched
            # Paler where nobody may read how much of it is verified: a full bar would say « all ».
            is_told = unverified is None or unverified.is_shown
            panel.bar(y, solid, thick, color=theme.BLUE if is_told else theme.MIST, linewidth=0)
            if hatched:
                look = {"facecolor": "white", "edgecolor": theme.BLUE, "hatch": "/////", "linewidth": 0.8}
                panel.bar(y, hatched, thick, solid, **look)
        at = (int(n.value) if n.is_shown else 0) + high * 0.012
        panel.write_number(
            at,
            y,
            n,
            va="center_baseline",
            fontweight=600 if n.is_shown else 400,
            color=theme.INK if n.is_shown else theme.SOFT,
        )
    return theme.svg(drawn)


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


# One look per part, told apart in grey print too: dark, pale, grey, hatched.
LOOKS = (
    {"facecolor": theme.BLUE, "linewidth": 0},
    {"facecolor": theme.PALE, "linewidth": 0},
    {"facecolor": theme.LINE, "linewidth": 0},
    {"facecolor": "white", "edgecolor": theme.RUST, "hatch": "/////", "linewidth": 0.8},
)
REST = {"facecolor": "white", "edgecolor": theme.SOFT, "linestyle": (0, (2, 2)), "linewidth": 0.6}
Parts = tuple[str, SafeNumber, list[SafeNumber]]  # what it is, the whole, its parts


def draw_parts(
    name: str, rows: list[Parts], heads: list[str], looks: tuple[int, ...], width: float, size: float
) -> str:
    """One bar per row, cut into its printed parts; what is not printed of it is left white. The words stand on top."""
    wide = width > 5
    tall = 0.32 * len(rows) * (1 if wide else 1.55) + (0.34 if wide else 0.6)
    drawn = theme.canvas(width, tall, size, f"parts-{name}-{'w' if wide else 'n'}")
    left = 0.26 if wide else 0.0
    panel = theme.Panel(drawn, left=left, right=0.92)
    high = max(int(n.value) for _, n, _ in rows if n.is_shown)
    panel.scale((0, high * 1.02), (len(rows) - 0.45, -1.5 if wide else -2.0))
    thick = 0.64 if wide else 0.42
    rest = any(_left_of(whole, parts) for _, whole, parts in rows)
    _words_on_top(panel, -left / (0.92 - left) * high * 1.02, heads, looks, rest, size, wide)
    for i, (text, whole, parts) in enumerate(rows):
        y = i if wide else i + 0.12
        if wide:
            panel.text(-high * 0.015, i, text, ha="right", va="center_baseline")
        else:
            panel.text(0, i - 0.13, text, ha="left", va="bottom", fontsize=size)
        at = 0
        for n, look in zip(parts, looks, strict=True):
            if not n.is_shown or n.value == "0":
                continue
            panel.bar(y, int(n.value), thick, at, **LOOKS[look])
            if int(n.value) > high * (0.05 if wide else 0.09):
                style = {"color": "white"} if look == 0 else {}
                if "hatch" in LOOKS[look]:
                    style["bbox"] = {"facecolor": "white", "linewidth": 0, "pad": 1.2}
                middle = at + int(n.value) / 2
                panel.write_number(middle, y, n, ha="center", va="center_baseline", fontsize=size - 1, **style)
            at += int(n.value)
        if _left_of(whole, parts):
            panel.bar(y, _left_of(whole, parts), thick, at, **REST)
        end = int(whole.value) if whole.is_shown else at
        strong = {"fontweight": 600} if whole.is_shown else {"color": theme.SOFT}
        panel.write_number(end + high * 0.012, y, whole, va="center_baseline", **strong)
    return theme.svg(drawn)


def _left_of(whole: SafeNumber, parts: list[SafeNumber]) -> int:
    """How much of a bar no printed part fills: what its reader works out from the table beside."""
    return int(whole.value) - sum(int(n.value) for n in parts if n.is_shown) if whole.is_shown else 0


def _words_on_top(
    panel: theme.Panel, start: float, heads: list[str], looks: tuple[int, ...], rest: bool, size: float, wide: bool
) -> None:
    """What each look stands for, in one line over the bars and their names; on a phone, in two. `start`: the left edge."""
    said = [*zip(heads, [LOOKS[look] for look in looks], strict=True), *([("Non publié", REST)] if rest else [])]
    per_point = panel.point[0]
    x, y = start, -1.05 if wide else -1.7
    for words, look in said:
        room = (16 + 0.56 * size * len(words)) * per_point
        if x + room > panel.x[1]:
            x, y = start, y + 0.5
        panel.bar(y, 8 * per_point, 0.3 if wide else 0.2, x, **look)
        panel.write(x + 12 * per_point, y, words, va="center_baseline", color=theme.SOFT)
        x += room
