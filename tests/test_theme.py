"""Drawings in fewer letters are the same drawings."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Outline

from veille.present import theme
from veille.present.charts import step_of
from veille.present.theme import _circle, short_path

POINT = st.tuples(*[st.floats(-2000, 2000, allow_nan=False).map(lambda v: round(v, 6))] * 2)


@st.composite
def drawings(draw) -> list[tuple[str, list[float]]]:
    """Absolute commands as matplotlib writes them: outlines that begin with M, go by L, Q and C, and may close."""
    out: list[tuple[str, list[float]]] = []
    for _ in range(draw(st.integers(1, 3))):
        out.append(("M", [*draw(POINT)]))
        for _ in range(draw(st.integers(1, 6))):
            name, points = draw(st.sampled_from([("L", 1), ("Q", 2), ("C", 3)]))
            out.append((name, [v for _ in range(points) for v in draw(POINT)]))
        if draw(st.booleans()):
            out.append(("z", []))
    return out


def points(path: str) -> list[tuple[str, list[float]]]:
    """A path with relative commands, read as SVG 2 (chapter 9) says, back in absolute points."""
    counts = {"l": 2, "q": 4, "c": 6, "M": 2, "z": 0}
    out: list[tuple[str, list[float]]] = []
    x = y = 0.0
    start = (0.0, 0.0)
    tokens = re.findall(r"[MlqcLz]|-?(?:\d+\.\d+|\.\d+|\d+)", path)
    assert "".join(tokens) == path.replace(" ", "")
    name = ""
    while tokens:
        if tokens[0].isalpha():
            name = tokens.pop(0)
        values = [float(tokens.pop(0)) for _ in range(counts[name])]
        if name == "z":
            x, y = start
        elif name == "M":
            x, y = start = (values[0], values[1])
        else:
            values = [v + (y if n % 2 else x) for n, v in enumerate(values)]
            x, y = values[-2:]
        out.append((name.upper() if name != "z" else "z", values))
    return out


@given(drawings())
def test_a_short_path_passes_through_the_same_points(drawing):
    written = "".join(f"{name}{' '.join(map(str, values))} " for name, values in drawing)
    found = points(short_path(written))
    assert [name for name, _ in found] == [name for name, _ in drawing]
    for (_, values), (_, wanted) in zip(found, drawing, strict=True):
        assert np.allclose(values, wanted, atol=0.0501)


def test_no_error_adds_up_along_a_border():
    """A thousand steps of a third of a tenth: each rounded alone, the end would be ten points away."""
    written = "M 0 0 " + "".join(f"L {n / 30:.6f} {-n / 30:.6f} " for n in range(1, 1001))
    assert np.allclose(points(short_path(written))[-1][1], [33.3, -33.3], atol=1e-9)


def test_the_circles_of_markers_are_told_from_other_outlines():
    circle = Outline.unit_circle()
    drawn = "M" + " ".join(map(str, circle.vertices[0] * 4.25))
    for n in range(1, 25, 3):
        drawn += "C" + " ".join(str(v) for v in (circle.vertices[n : n + 3] * 4.25).ravel())
    assert _circle(drawn + "z") == "4.2"
    assert _circle(drawn) == "" == _circle("M 0 0 L 1 1 z")
    assert _circle(re.sub("4.25", "4.5", drawn, count=1) + "z") == ""


@given(st.integers(1, 10**9))
def test_a_scale_has_four_lines_at_most_and_round_steps(high):
    step = step_of(high)
    assert high / step <= 4 and str(step).strip("0") in ("1", "2", "5")
    assert step == 1 or high / step > 1.5


def test_a_scale_is_written_like_the_numbers_beside_it():
    drawn = theme.canvas(3, 2, 9, "scale")
    panel = theme.Panel(drawn, left=0.2)
    panel.scale(y=(0, 12_000))
    panel.grid(range(0, 10_001, 5_000))
    assert re.findall(r"data-tick=\"\"[^>]*>([^<]+)<", theme.svg(drawn)) == ["0", "5\u202f000", "10\u202f000"]


def test_a_label_too_long_for_the_left_of_a_scale_stands_on_its_line():
    """On a phone, « 40 000 » was cut to « 0 000 »."""
    for high, is_wide in ((400, False), (40_000, True)):
        drawn = theme.canvas(3.4, 2, 9, "narrow")
        panel = theme.Panel(drawn, left=0.09)
        panel.scale(y=(0, high))
        panel.grid(range(0, high + 1, high // 2))
        ticks = re.findall(r"<text[^>]*data-tick[^>]*>", theme.svg(drawn))
        assert len(ticks) == 3 and all(('text-anchor="end"' not in t) is is_wide for t in ticks), ticks
