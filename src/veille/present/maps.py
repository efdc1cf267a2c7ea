"""The map: proportional circles at cercle seats over the regions of Natural Earth."""

from __future__ import annotations

import json
import math
from functools import cache

from matplotlib.font_manager import FontProperties
from matplotlib.patches import Ellipse, Polygon
from matplotlib.textpath import text_to_path

from ..disclosure.safe import SafeNumber
from ..places import GAZETTEER, Place, seats
from ..published import Edition
from . import theme

Ring = list[list[float]]
Box = tuple[float, float, float, float]
NEAR_PT = 0.7  # points: the width of a border


@cache
def _regions() -> dict[str, list[Ring]]:
    """Region code of 2015 -> outer rings (longitude, latitude). Natural Earth: Ménaka inside Gao."""
    given = json.loads((GAZETTEER / "regions_natural_earth.geojson").read_text(encoding="utf-8"))
    out = {}
    for feature in given["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        out[feature["properties"]["pcode"]] = [polygon[0] for polygon in polygons]
    return out


def _box(rings: list[Ring]) -> Box:
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    return min(xs), min(ys), max(xs), max(ys)


def _thinned(ring: Ring, scale: tuple[float, float]) -> Ring:
    """A ring without the points that stand within a line's width of the one before: nobody sees them, everybody loads them."""
    kept = ring[:1]
    for x, y in ring[1:-1]:
        if math.hypot((x - kept[-1][0]) / scale[0], (y - kept[-1][1]) / scale[1]) >= NEAR_PT:
            kept.append([x, y])
    return [*kept, ring[-1]]


def _overlaps(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _text_width(text: str, size: float, weight: int) -> float:
    """The width of a label in points, in the page's own font."""
    font = FontProperties(family=theme.FAMILY, size=size, weight=weight)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0]


def _silent(edition: Edition, numbers: dict[Place, SafeNumber], code: str) -> bool:
    """Whether nothing at all was received from a region of the base map."""
    cercles = [c for region in edition.area.regions for c in region.cercles if c.pcode[:4] == code]
    return bool(cercles) and not any(numbers[c].is_shown for c in cercles)


class _Labels:
    """Places for labels: beside, above or below a circle, wherever nothing stands yet."""

    def __init__(self, frame: Box, taken: list[Box], scale: tuple[float, float]) -> None:
        self.frame, self.taken, self.scale = frame, taken, scale

    def find(
        self, at: int, lon: float, lat: float, radius: float, length: float, size: float
    ) -> tuple[float, float] | None:
        """The left end of a free baseline for a label `length` points long, or None."""
        sx, sy = self.scale
        gap = radius + 3
        for x, y in (
            (lon + gap * sx, lat - 0.35 * size * sy),
            (lon - (gap + length) * sx, lat - 0.35 * size * sy),
            (lon - length / 2 * sx, lat - (gap + size * 0.8) * sy),
            (lon - length / 2 * sx, lat + gap * sy),
            (lon + gap * 0.75 * sx, lat - (gap * 0.75 + size * 0.6) * sy),
            (lon + gap * 0.75 * sx, lat + gap * 0.6 * sy),
            (lon - (gap * 0.75 + length) * sx, lat - (gap * 0.75 + size * 0.6) * sy),
            (lon - (gap * 0.75 + length) * sx, lat + gap * 0.6 * sy),
        ):
            box = (x - sx, y - 0.2 * size * sy, x + (length + 1) * sx, y + 0.8 * size * sy)
            west, south, east, north = self.frame
            inside = west < box[0] and box[2] < east and south < box[1] and box[3] < north
            if inside and not any(_overlaps(box, other) for i, other in enumerate(self.taken) if i != at):
                self.taken.append(box)
                return x, y
        return None


def draw(edition: Edition, numbers: dict[Place, SafeNumber], largest: int, width: float, size: float) -> str:
    """The SVG of the area's map, `width` inches wide.

    A circle's area is proportional to its number (the largest count of the area has the largest circle). Zero is a
    small empty ring, no data a hatched one; a region that sent nothing at all is hatched: never the same sign.
    """
    country = edition.area.is_country
    rings = [ring for code in edition.area.map_regions for ring in _regions()[code]]
    west, south, east, north = _box(rings)
    pad = 0.3 if country else 0.06 * max(east - west, north - south)
    west, south, east, north = west - pad, south - pad, east + pad, north + pad
    stretch = math.cos(math.radians((south + north) / 2))
    height = width * (north - south) / ((east - west) * stretch)
    if height > 4.6:  # the page has other things to say: a smaller map, centred
        extra = (north - south) / (4.6 / width * stretch) - (east - west)
        west, east, height = west - extra / 2, east + extra / 2, 4.6
    drawn = theme.canvas(width, height, size, f"map-{edition.area.code}-{width}")
    panel = theme.Panel(drawn)
    panel.scale((west, east), (south, north))
    scale = panel.point  # degrees
    for code, polygons in sorted(_regions().items()):
        own = code in edition.area.map_regions
        silent = own and _silent(edition, numbers, code)
        line = (
            {"edgecolor": theme.BLUE, "linewidth": 1.1}
            if own and not country
            else {"edgecolor": "#aab2bd", "linewidth": 0.7}
        )
        for ring in (_thinned(ring, scale) for ring in polygons):
            filled = {"facecolor": "#e9f1f9" if own else theme.LAND}
            if silent:
                filled = {"facecolor": "#f4f5f7", "hatch": "////"}
                if not country:  # the hatch has the colour of the edge: the coloured border is drawn apart
                    panel.patch(Polygon(ring, closed=True, linewidth=0, edgecolor="#aab2bd", **filled))
                    filled = {"facecolor": "none"}
            panel.patch(Polygon(ring, closed=True, **filled, **line))
    most = 15 if country else 19
    spots = []
    for place, number in sorted(numbers.items(), key=lambda item: -int(item[1].value or 0)):
        if country and not number.is_shown and all(_silent(edition, numbers, c) for c in (place.pcode[:4],)):
            continue
        lon, lat = seats()[place]
        value = int(number.value) if number.is_shown else 0
        radius = max(3.0, most * math.sqrt(value / largest)) if value else 3.2 if number.is_shown else 4.5
        spots.append((place, number, lon, lat, radius))
    taken = [(x - r * scale[0], y - r * scale[1], x + r * scale[0], y + r * scale[1]) for _, _, x, y, r in spots]
    labels = _Labels((west, south, east, north), taken, scale)
    for _, number, lon, lat, radius in spots:
        if not number.is_shown:
            size_ = (2 * radius * scale[0], 2 * radius * scale[1])
            panel.patch(
                Ellipse((lon, lat), *size_, facecolor="white", edgecolor=theme.SOFT, hatch="//////", linewidth=0.9)
            )
        elif number.value == "0":
            ring = {"markerfacecolor": "white", "markeredgecolor": theme.BLUE, "markeredgewidth": 1.1}
            panel.line([lon], [lat], marker="o", linestyle="", markersize=2 * radius, **ring)
        else:
            disc = {"color": theme.BLUE, "alpha": 0.82, "markeredgewidth": 0}
            panel.line([lon], [lat], marker="o", linestyle="", markersize=2 * radius, **disc)
    for at, (place, number, lon, lat, radius) in enumerate(spots):
        if country and (not number.is_shown or int(number.value) < 5):
            continue
        name, shown = edition.cercle_name(place) + " ", number.display()
        start = _text_width(name, size, 400)
        spot = labels.find(at, lon, lat, radius, start + _text_width(shown, size, 600), size)
        if spot is not None:
            panel.write(*spot, name.strip(), fontsize=size)
            panel.write_number(spot[0] + start * scale[0], spot[1], number, fontsize=size, fontweight=600)
    # Names stay readable where they cross a border: a white rim under the letters.
    return theme.svg(drawn).replace(
        "<text ", '<text paint-order="stroke" stroke="#fff" stroke-width="2.4" stroke-linejoin="round" '
    )
