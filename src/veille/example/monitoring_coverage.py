"""Where protection monitoring worked: communes followed and covered, and monitors, by cercle and month."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from random import Random

from ..places import Place, name_of
from . import calibration
from .snapshots import Source, month_end_before, monthly, write_csv
from .world import EDITION, covered, followed

HEADER = ["mois", "region", "cercle", "communes_suivies", "communes_couvertes", "moniteurs"]


def history() -> list[list]:
    """One row per cercle and month; the last two values are blank where nobody monitored (not 0)."""
    rng = Random("veille example: monitors")
    reach = covered()
    rows = []
    for month in calibration.MONTHS:
        for cercles in calibration.ZONES.values():
            for cercle in cercles:
                communes = reach.get((month, cercle))
                monitors = calibration.MONITORS[cercle] + rng.choice((0, 0, 0, 1))
                rows.append(
                    [
                        month,
                        _region_name(cercle),
                        name_of(Place(EDITION, cercle)),
                        len(followed(cercle)),
                        len(communes) if communes else "",
                        monitors if communes else "",
                    ]
                )
    return rows


def _region_name(cercle: str) -> str:
    """Ménaka is a region since 2016, although the P-codes are those of 2015."""
    return "Ménaka" if cercle == "ML0704" else name_of(Place(EDITION, cercle[:4]))


def write(rows: list[list], received: date, path: Path) -> int:
    """Write the months that had ended by that day."""
    last = month_end_before(received).isoformat()[:7]
    return write_csv(path, [HEADER], (row for row in rows if row[0] <= last), ";")


SOURCE = Source(
    reader="monitoring_coverage",
    title="Couverture du monitoring de protection par cercle et par mois (données d’exemple, synthétiques)",
    file="EXEMPLE_couverture_monitoring.csv",
    sensitivity="public",
    zero_means="Aucune commune couverte ; une case vide veut dire qu’aucune information n’est parvenue.",
    received=monthly(5),
    history=history,
    write=write,
)
