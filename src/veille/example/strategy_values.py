"""Values of the indicators of the 2017 strategy: a plausible year as its responsible groups would type it, invented throughout."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

from ..codes import code_list
from ..schemas.definitions import table
from ..strategy.frames import frame
from ..strategy.values import COUNTRY, TOTAL
from .snapshots import Source, write_csv

EDITION = "cod2015"
MONTH, QUARTER, YEAR = "month", "quarter", "year"
# Indicator -> how often its group reports, and about how much each time (a percentage: its usual share and base).
# What is not here was never reported, as in real life: the page says « sans donnée ».
USUAL: dict[str, tuple[str, tuple[int, ...]]] = {
    "1.1-i2": (QUARTER, (34,)),
    "1.1-i3": (YEAR, (2,)),
    "1.2-i1": (QUARTER, (3,)),
    "1.2-i2": (MONTH, (2,)),
    "1.3-i1": (MONTH, (1,)),
    "1.3-i2": (QUARTER, (2,)),
    "1.5-i1": (QUARTER, (6,)),
    "1.5-i2": (QUARTER, (2,)),
    "1.5-i3": (MONTH, (1,)),
    "1.6-i1": (QUARTER, (27,)),
    "1.6-i2": (YEAR, (4,)),
    "1.6-i3": (QUARTER, (9,)),
    "1.6-i4": (QUARTER, (1,)),
    "1.7-i1": (MONTH, (4,)),
    "1.7-i2": (MONTH, (3,)),
    "1.8-i1": (QUARTER, (14,)),
    "1.8-i2": (MONTH, (3,)),
    "1.9-i1": (QUARTER, (11,)),
    "1.9-i2": (QUARTER, (5,)),
    "2.1-i1": (MONTH, (2,)),
    "2.1-i2": (QUARTER, (58,)),
    "2.1-i3": (QUARTER, (120,)),
    "2.1-i4": (QUARTER, (5,)),
    "2.2-i1": (QUARTER, (31,)),
    "2.2-i2": (QUARTER, (24,)),
    "2.3-i1": (YEAR, (1,)),
    "2.3-i2": (MONTH, (640,)),
    "2.3-i3": (QUARTER, (17,)),
    "2.3-i5": (QUARTER, (4,)),
    "3.1-i1": (QUARTER, (9,)),
    "3.1-i2": (YEAR, (41, 860)),
    "3.1-i4": (QUARTER, (52, 88)),
    "3.1-i5": (QUARTER, (7,)),
    "3.1-i6": (QUARTER, (3,)),
    "3.2-i1": (QUARTER, (1,)),
    "3.3-i1": (QUARTER, (2,)),
    "3.4-i2": (QUARTER, (2,)),
    "3.4-i3": (QUARTER, (1,)),
    "4.1-i1": (QUARTER, (1,)),
    "4.1-i2": (YEAR, (38, 264)),
    "4.1-i3": (QUARTER, (6,)),
    "4.1-i4": (QUARTER, (1,)),
    "4.1-i5": (QUARTER, (0,)),
    "4.1-i7": (QUARTER, (1,)),
    "4.2-i1": (YEAR, (19, 4_200_000)),
    "4.2-i3": (QUARTER, (8,)),
    "4.2-i4": (QUARTER, (2_350,)),
    "4.2-i5": (QUARTER, (7,)),
    "4.2-i6": (QUARTER, (12,)),
    "4.2-i7": (QUARTER, (9_400,)),
    "4.2-i8": (QUARTER, (6,)),
    "5.1-i1": (MONTH, (1,)),
    "5.1-i2": (QUARTER, (2,)),
    "5.1-i5": (MONTH, (1,)),
    "5.2-i1": (QUARTER, (46,)),
    "5.2-i2": (YEAR, (63, 118)),
    "5.2-i3": (YEAR, (2,)),
}
# Quarters in which nothing is a plain zero, or that were never reported.
LATE = {"1.5-i2": 4, "2.1-i4": 4, "3.2-i1": 2, "4.1-i4": 4}
BROKEN_DOWN = {"3.1-i2": ("men", "women", "girls", "boys"), "3.1-i4": ("health", "psychosocial", "security", "legal")}
ASSISTANCE = {"medical": 61, "psychosocial": 34, "socio_economic": 18}
RECEIVED = tuple(date(2017, m, 20) for m in (4, 7, 10)) + (date(2018, 1, 5),)


def _periods(kind: str) -> Iterator[tuple[str, date]]:
    """Each period of 2017, and its last day."""
    for first, months, name in (
        *((m, 1, f"2017-{m:02d}") for m in range(1, 13) if kind == MONTH),
        *((m, 3, f"2017-Q{(m + 2) // 3}") for m in (1, 4, 7, 10) if kind == QUARTER),
        *((1, 12, "2017") for _ in range(1) if kind == YEAR),
    ):
        last = first + months - 1
        yield name, date(2017, last, calendar.monthrange(2017, last)[1])


def _row(ident: str, part: str, period: str, value: object = "", top: object = "", base: object = "") -> list[object]:
    owners = next(r.owners for r in frame("strategy_2017").results if ident.startswith(r.id + "-"))
    labels = {
        "frame": code_list("indicator_frame")["strategy_2017"]["fr"],
        "indicator_id": ident,
        "part": part,
        "period": period,
        "edition": code_list("edition")[EDITION]["fr"],
        "region_pcode": COUNTRY,
        "numerator": top,
        "denominator": base,
        "value": value,
        "proof": f"document: Exemple inventé, {period}, dossier {owners[0]}",
        "given_by": f"{owners[0]} (exemple)",
        "is_verified": "Oui" if ident.startswith(("3", "4")) else "Non",
    }
    return [labels[name] for name in table("indicator_values").asked]


def history() -> list[tuple[date, list[object]]]:
    """Every row, with the last day that it speaks of."""
    rng = Random("veille example: strategy values")
    out = []
    indicators = frame("strategy_2017").indicators
    for ident, (kind, usual) in USUAL.items():
        one = indicators[ident]
        level = usual[0]
        for n, (period, end) in enumerate(_periods(kind), start=1):
            if LATE.get(ident) == n:
                continue
            if one.unit == "percent":
                share, base = usual
                for part in (TOTAL, *BROKEN_DOWN.get(ident, ())):
                    some = base if part == TOTAL else base // 4
                    top = round(some * min(97, max(3, share + rng.randint(-6, 6) + 2 * n)) / 100)
                    out.append((end, _row(ident, part, period, "", top, some)))
            elif one.unit == "yes_no":
                out.append((end, _row(ident, TOTAL, period, int(level == 1 and n >= (2 if ident == "4.1-i7" else 1)))))
            else:
                grown = level + (n if one.nature == "stock" else 0)
                spread = max(1, round(level * 0.25))
                out.append((end, _row(ident, TOTAL, period, max(0, grown + rng.randint(-spread, spread)))))
    for part, n in ASSISTANCE.items():
        out.append((date(2017, 12, 31), _row("2.2-i3", part, "2017", n)))
    return out


def write(rows: list[tuple[date, list[object]]], received: date, path: Path) -> int:
    """Write what had been reported before that day."""
    owner = table("indicator_values")
    header = [owner.asked[c].label.fr for c in owner.asked]
    return write_csv(path, [header], [row for end, row in rows if end < received], ";")


SOURCE = Source(
    reader="template_indicator_values",
    partner="cluster_protection",
    title="Valeurs des indicateurs de la stratégie (données d’exemple, synthétiques)",
    file="EXEMPLE_indicateurs.csv",
    sensitivity="restricted",
    zero_means="Zéro : rien n’a été fait sur la période. Une ligne absente : rien n’est dit.",
    received=RECEIVED,
    history=history,
    write=write,
    covers=lambda received: f"2017 to {received}",
)
