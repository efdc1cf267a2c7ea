"""Colours, fonts and sizes of figures, and the small clean SVG that pages carry."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from functools import cache
from xml.etree import ElementTree

import matplotlib

matplotlib.use("svg")
from matplotlib import font_manager
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from ..disclosure.safe import SafeNumber
from ..project import PACKAGE
from .words import typography

INK, SOFT, LINE, BLUE, PALE, RUST, LAND, SEA = (
    "#1d2939",
    "#5b6675",
    "#d9dde3",
    "#0b5cab",
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
            "axes.labelcolor": SOFT,
            "xtick.color": SOFT,
            "ytick.color": SOFT,
            "axes.edgecolor": LINE,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "xtick.major.size": 0,
            "ytick.major.size": 0,
            "hatch.linewidth": 0.9,
            "axes.facecolor": "none",
            "figure.facecolor": "none",
            "path.simplify": False,
        }
    )


def canvas(width_in: float, height_in: float, size: float, salt: str, **layout: object) -> tuple[Figure, Axes]:
    """An empty figure in the house style. `salt` keeps ids apart when several figures stand on one page."""
    _ready()
    matplotlib.rcParams.update({"svg.hashsalt": salt, "font.size": size})
    return plt.subplots(figsize=(width_in, height_in), **layout)


def write_number(ax: Axes, x: float, y: float, number: SafeNumber, **style: object) -> Text:
    """A registered number on a figure; its key travels with it."""
    return ax.text(x, y, number.display(), gid=f"num {number.address}", **style)


def mark_ticks(ax: Axes, axis: str) -> None:
    """Declare the labels of a scale, so that the number check knows them for ticks."""
    for label in ax.get_xticklabels() if axis == "x" else ax.get_yticklabels():
        label.set_gid("tick")


def write(ax: Axes, x: float, y: float, text: str, **style: object) -> Text:
    """Words on a figure, without numbers."""
    return ax.text(x, y, typography(text), **style)


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


def svg(figure: Figure, unit: float = 1.0) -> str:
    """The figure as one small SVG, and closes it. Width and height are in points; fonts come from the page."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    plt.close(figure)
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
