"""Colours, fonts and sizes of figures, and the small clean SVG that pages carry."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable
from functools import cache
from xml.etree import ElementTree

import matplotlib
from matplotlib import font_manager
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from ..disclosure.safe import SafeNumber
from ..formats import display
from ..project import PACKAGE
from ..render.document import typography

INK, SOFT, LINE, BLUE, MIST, PALE, RUST, LAND, SEA = (
    "#1d2939",
    "#5b6675",
    "#d9dde3",
    "#0b5cab",
    "#8fb0d4",
    "#cadcf0",
    "#9a4322",
    "#f1f0ea",
    "#ffffff",
)
FAMILY = "Veille Sans"
WIDE_IN, NARROW_IN, HALF_IN = 6.6, 3.6, 3.4

_SVG = "{http://www.w3.org/2000/svg}"
_XLINK = "{http://www.w3.org/1999/xlink}href"


@cache
def _ready() -> None:
    for path in sorted((PACKAGE / "render" / "fonts").glob("*.ttf")):
        font_manager.fontManager.addfont(str(path))
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "none",
            "font.family": FAMILY,
            "text.color": INK,
            "hatch.linewidth": 0.9,
            "figure.facecolor": "none",
            "path.simplify": False,
        }
    )


def canvas(width_in: float, height_in: float, size: float, salt: str) -> Figure:
    """An empty figure in the house style. `salt` keeps ids apart when several figures stand on one page."""
    _ready()
    matplotlib.rcParams.update({"svg.hashsalt": salt, "font.size": size})
    return Figure(figsize=(width_in, height_in))


class Panel:
    """A part of a figure with scales of its own: what is drawn in it is given in the units of its data.

    `left`, `bottom`, `right`, `top` are fractions of the figure. It draws with matplotlib's lines, patches and texts, without
    its `Axes`: their ticks, spines and limits are most of the time that a small figure takes.
    """

    PAD = 3.5  # points between a scale and its labels
    DIGIT = 0.5  # how wide a digit is, or what stands between two, beside the size of the text: at most

    def __init__(self, figure: Figure, left: float = 0, bottom: float = 0, right: float = 1, top: float = 1) -> None:
        self.figure, self._corner, self._size = figure, (left, bottom), (right - left, top - bottom)
        self._data = Affine2D()
        self._to_figure = self._data + figure.transFigure
        self.scale()

    def scale(self, x: tuple[float, float] = (0, 1), y: tuple[float, float] = (0, 1)) -> None:
        """What stands at its left and right edge, and at its foot and top."""
        self.x, self.y = x, y
        steps = [size / (last - first) for size, (first, last) in zip(self._size, (x, y), strict=True)]
        self._data.clear().translate(-x[0], -y[0]).scale(*steps).translate(*self._corner)

    @property
    def point(self) -> tuple[float, float]:
        """How much of its data is as wide, and as high, as a point."""
        sides = zip(self.figure.get_size_inches(), self._size, (self.x, self.y), strict=True)
        across, up = ((last - first) / (inches * size * 72) for inches, size, (first, last) in sides)
        return across, up

    def text(self, x: float, y: float, text: str, **style: object) -> Text:
        """Any text."""
        return self.figure.add_artist(Text(x, y, text, transform=self._to_figure, **style))

    def write(self, x: float, y: float, text: str, **style: object) -> Text:
        """Words, without numbers."""
        return self.text(x, y, typography(text), **style)

    def title(self, text: str, above: float, **style: object) -> Text:
        """Words over it, at its left; `above` in its heights, from its foot."""
        first, last = self.y
        return self.write(self.x[0], first + above * (last - first), text, **style)

    def write_number(self, x: float, y: float, number: SafeNumber, **style: object) -> Text:
        """A registered number; its key travels with it."""
        return self.text(x, y, number.display(), gid=f"num {number.address}", **style)

    def line(self, xs: Iterable[float], ys: Iterable[float], **style: object) -> None:
        """A line, or markers."""
        self.figure.add_artist(Line2D(list(xs), list(ys), transform=self._to_figure, **style))

    def patch(self, patch: Patch) -> None:
        """A shape in the units of the data."""
        patch.set_transform(self._to_figure)
        self.figure.add_artist(patch)

    def column(self, x: float, tall: float, wide: float, **look: object) -> None:
        """A standing bar in the middle of `x`."""
        self.patch(Rectangle((x - wide / 2, 0), wide, tall, **look))

    def bar(self, y: float, long: float, thick: float, start: float = 0, **look: object) -> None:
        """A lying bar in the middle of `y`."""
        self.patch(Rectangle((start, y - thick / 2), long, thick, **look))

    def floor(self, color: str) -> None:
        """The line at its foot."""
        self.line(self.x, (self.y[0],) * 2, color=color, linewidth=0.8, solid_capstyle="projecting", zorder=2.5)

    def grid(self, ticks: Iterable[int]) -> None:
        """Thin lines at the heights of a scale, with labels, which the number check knows for ticks.

        They stand at the left, or on their lines where one of them is too long for that.
        """
        labels = {tick: display(str(tick), "", "verified") for tick in ticks}
        room = self._corner[0] * self.figure.get_size_inches()[0] * 72 - self.PAD
        is_wide = max(map(len, labels.values())) * self.DIGIT * matplotlib.rcParams["font.size"] > room
        across, up = self.point
        at = self.x[0] if is_wide else self.x[0] - self.PAD * across
        where = {"ha": "left", "va": "bottom"} if is_wide else {"ha": "right", "va": "center_baseline"}
        for tick, label in labels.items():
            self.line(self.x, (tick, tick), color=LINE, linewidth=0.7, zorder=0.5)
            self.text(at, tick + is_wide * up, label, color=SOFT, gid="tick", **where)

    def names_below(self, names: Iterable[str]) -> None:
        """The names of 0, 1, 2… under its foot."""
        for x, name in enumerate(names):
            self.text(x, self.y[0] - self.PAD * self.point[1], name, ha="center", va="top", color=INK)


def stacked(
    figure: Figure, left: float, bottom: float, right: float, top: float, heights: list[float], gap: float
) -> list[Panel]:
    """Panels one under the other, their heights in proportion; `gap` between them in their mean height."""
    mean = (top - bottom) / (len(heights) + gap * (len(heights) - 1))
    out = []
    for height in heights:
        tall = height * mean * len(heights) / sum(heights)
        out.append(Panel(figure, left, top - tall, right, top))
        top -= tall + gap * mean
    return out


def _rounded(text: str) -> str:
    return re.sub(r"-?\d+\.\d+", lambda m: format(round(float(m[0]), 1), "g"), text)


def short_path(path: str) -> str:
    """The same drawing in fewer letters: steps from point to point, in tenths of a point.

    Steps lead from one rounded point to the next, so that no error adds up. Only the absolute commands that matplotlib
    writes (M, L, C, Q, z) are known.
    """
    out: list[str] = []
    x = y = 0  # tenths
    last = ""
    for command, written in re.findall(r"([MLCQz])([^MLCQz]*)", path):
        if command == "z":
            out.append("z")
            last = "z"
            continue
        values = [round(float(v) * 10) for v in written.split()]
        if command == "M":
            steps, name = values, "M"
        else:
            steps, name = [v - (y if n % 2 else x) for n, v in enumerate(values)], command.lower()
        text = "" if name == last and name != "M" else name
        for step in steps:
            number = format(step / 10, ".1f").removesuffix(".0")
            number = number.replace("0.", ".", 1) if abs(step) < 10 and step % 10 else number
            text += f" {number}" if text[-1:] not in (*"MlcqzM", "-") and not number.startswith("-") else number
        out.append(text)
        x, y = values[-2:]
        last = name
    return "".join(out)


def _circle(path: str) -> str:
    """The radius of a circle around the origin that matplotlib has drawn as eight curves; empty for anything else."""
    if re.sub(r"[^MLCQz]", "", path) != "MCCCCCCCCz":
        return ""
    values = [float(v) for v in re.findall(r"-?[\d.]+(?:e-?\d+)?", path)]
    ends = [values[:2], *(values[n + 4 : n + 6] for n in range(2, len(values), 6))]
    radii = [math.hypot(x, y) for x, y in ends]
    return format(round(radii[0], 1), "g") if max(radii) - min(radii) < 0.01 else ""


def _style(node: ElementTree.Element) -> None:
    """Presentation in short attributes; the font comes from the page."""
    style = node.attrib.pop("style", "")
    for part in style.split(";"):
        name, _, value = (p.strip() for p in part.partition(":"))
        if (
            not name
            or name == "font-family"
            or (name, value) in {("stroke-linejoin", "miter"), ("stroke-linecap", "square"), ("stroke-linecap", "butt")}
        ):
            continue
        if name == "font":  # "600 12px 'Veille Sans'": the shorthand of a bold text
            weight, size = value.split("'")[0].split()[:2]
            node.set("font-weight", weight)
            node.set("font-size", size.removesuffix("px"))
            continue
        node.set(name, _rounded(value).removesuffix("px") if name == "font-size" else _rounded(value))


def _clean(node: ElementTree.Element, key: str = "", tick: bool = False) -> list[ElementTree.Element]:
    """The node without what only matplotlib needs: empty groups, ids, clip paths, identity rotations."""
    tag = node.tag.removeprefix(_SVG)
    if tag in ("metadata", "style") or "metadata" in tag:
        return []
    name = node.attrib.pop("id", "") if tag in ("g", "text") else node.get("id", "")
    if name.startswith("num "):
        key = name[4:]
    if name == "tick":
        tick = True
    children = [c for child in node for c in _clean(child, key, tick)]
    if tag == "defs" and not children:
        return []
    if tag == "path" and node.get("d") is not None:
        _style(node)
        if node.get("fill") == "none" and "stroke" not in node.attrib and not name:
            return []
        path = node.attrib.pop("d")
        if radius := _circle(path):
            node.tag = f"{_SVG}circle"
            node.set("r", radius)
        else:
            node.set("d", short_path(path))
        node.attrib.pop("clip-path", None)
    elif tag == "text":
        _style(node)
        if re.match(r"rotate\(-?0 ", node.get("transform", "")):
            node.attrib.pop("transform")
        for at in ("x", "y"):
            if at in node.attrib:
                node.set(at, _rounded(node.get(at, "")))
        if key:
            node.set("data-key", key)
        elif tick:
            node.set("data-tick", "")
    else:
        _style(node)
        for at in ("x", "y", "width", "height"):
            if at in node.attrib and tag in ("use", "rect"):
                node.set(at, _rounded(node.get(at, "")))
    if _XLINK in node.attrib:
        node.set("href", node.attrib.pop(_XLINK))
    node.attrib.pop("clip-path", None)
    node[:] = children
    node.text = (node.text or "").strip() if tag == "text" else None
    node.tail = None
    if tag == "g" and (not node.attrib or not children):
        return children
    return [node]


def svg(figure: Figure) -> str:
    """The figure as one small SVG. Width and height are in points; fonts come from the page."""
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    ElementTree.register_namespace("", "http://www.w3.org/2000/svg")
    root = ElementTree.fromstring(buffer.getvalue())
    box = root.get("viewBox", "")
    width, height = root.get("width", ""), root.get("height", "")
    _clean(root)
    root.attrib.clear()
    root.attrib.update(
        {
            "viewBox": _rounded(box),
            "width": _rounded(width),
            "height": _rounded(height),
            "font-family": FAMILY,
            "fill": INK,
        }
    )
    return ElementTree.tostring(root, encoding="unicode")


def both_widths(draw: Callable[[float, float], str]) -> tuple[str, str]:
    """The figure drawn for a page and for a phone: `draw(width_in, font size)` twice."""
    return draw(WIDE_IN, 10), draw(NARROW_IN, 9.5)
