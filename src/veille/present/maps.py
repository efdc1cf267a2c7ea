"""The map: proportional circles at cercle seats over the regions of Natural Earth."""

from __future__ import annotations

import json
import math
from functools import cache

from matplotlib.patches import Polygon

from ..disclosure.safe import SafeNumber
from ..places import GAZETTEER, Place, seats
from ..published import Edition
from . import theme

Ring = list[list[float]]


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


def _box(rings: list[Ring]) -> tuple[float, float, float, float]:
    xs = [x for ring in rings for x, _ in ring]
    ys = [y for ring in rings for _, y in ring]
    return min(xs), min(ys), max(xs), max(ys)


def _overlaps(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def draw(edition: Edition, numbers: dict[Place, SafeNumber], largest: int) -> tuple[str, list[Place]]:
    """The SVG, and the cercles whose label found room.

    A circle's area is proportional to its number (the largest count of the area has the largest circle). Zero is a
    small empty ring; no data is a hatched one: never the same sign.
    """
    inside = set(edition.area.map_regions)
    rings = [ring for code in edition.area.map_regions for ring in _regions()[code]]
    west, south, east, north = _box(rings)
    if edition.area.is_country:
        # Nothing is monitored in the far west: leave it its place, not half the page.
        pad = 0.3
    else:
        pad = 0.06 * max(east - west, north - south)
    west, south, east, north = west - pad, south - pad, east + pad, north + pad
    ratio = (north - south) / ((east - west) * math.cos(math.radians((south + north) / 2)))
    width = theme.HALF_IN
    height = min(width * ratio, 4.2)
    figure, ax = theme.canvas(width, height, 9, f"map-{edition.area.code}")
    figure.subplots_adjust(0, 0, 1, 1)
    ax.set_axis_off()
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)
    ax.set_aspect("auto")
    for code, polygons in sorted(_regions().items()):
        for ring in polygons:
            own = code in inside
            ax.add_patch(
                Polygon(
                    ring,
                    closed=True,
                    facecolor="#e9f1f9" if own else theme.LAND,
                    edgecolor=theme.BLUE if own and not edition.area.is_country else "#b9bfb4",
                    linewidth=1.1 if own and not edition.area.is_country else 0.7,
                    clip_on=True,
                )
            )
    scale_x = (east - west) / (width * 72)  # degrees per point
    scale_y = (north - south) / (height * 72)
    taken: list[tuple[float, float, float, float]] = []
    spots = []
    for place, number in numbers.items():
        lon, lat = seats()[place]
        value = int(number.value) if number.is_shown else 0
        radius = max(3.0, 19 * math.sqrt(value / largest)) if value else 3.2
        spots.append((place, number, lon, lat, radius))
        taken.append((lon - radius * scale_x, lat - radius * scale_y, lon + radius * scale_x, lat + radius * scale_y))
    labelled = []
    for at, (place, number, lon, lat, radius) in enumerate(spots):
        if not number.is_shown:
            ax.plot(
                lon,
                lat,
                "o",
                markersize=2 * radius,
                markerfacecolor="none",
                markeredgecolor=theme.SOFT,
                markeredgewidth=0.8,
            )
            ax.plot(lon, lat, "x", markersize=1.1 * radius, color=theme.SOFT, markeredgewidth=0.8)
        elif number.value == "0":
            ax.plot(
                lon,
                lat,
                "o",
                markersize=2 * radius,
                markerfacecolor="white",
                markeredgecolor=theme.BLUE,
                markeredgewidth=1.1,
            )
        else:
            ax.plot(lon, lat, "o", markersize=2 * radius, color=theme.BLUE, alpha=0.82, markeredgewidth=0)
        if edition.area.is_country and not (number.is_shown and int(number.value) >= max(5, largest / 8)):
            continue
        name, shown = edition.cercle_name(place), number.display()
        length = (len(name) + len(shown) + 1) * 4.9
        high = 9.5
        options = (
            (lon + (radius + 3) * scale_x, lat - 3.2 * scale_y, "left"),
            (lon - (radius + 3 + length) * scale_x, lat - 3.2 * scale_y, "left"),
            (lon - length / 2 * scale_x, lat + (radius + 4) * scale_y, "left"),
            (lon - length / 2 * scale_x, lat - (radius + 11) * scale_y, "left"),
        )
        for x, y, _ in options:
            box = (x, y - 2 * scale_y, x + length * scale_x, y + high * scale_y)
            fits = west < box[0] and box[2] < east and south < box[1] and box[3] < north
            if fits and not any(_overlaps(box, other) for i, other in enumerate(taken) if i != at):
                taken.append(box)
                theme.write(ax, x, y, name, fontsize=9)
                theme.write_number(ax, x + (len(name) + 1) * 4.9 * scale_x, y, number, fontsize=9, fontweight=600)
                labelled.append(place)
                break
    return theme.svg(figure), labelled
