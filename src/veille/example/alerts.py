"""The register of protection alerts: what was raised, where (cercle), how sure, to whom, and what followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from ..places import Place, name_of
from . import calibration
from .snapshots import Source, monthly, write_csv
from .world import EDITION, draw, form, is_monitored

HEADER = ["alerte_id", "emise_le", "nature", "cercle", "verification", "destinataire", "suite", "suite_le"]
NATURES = {"incident": 48, "movement": 27, "cross_border": 10, "risk": 15}
RECIPIENTS = {"regional_cluster": 30, "hct": 18, "minusma": 20, "authorities": 18, "cluster": 12, "donors": 2}
RESPONSES = {"evaluation": 32, "reponse": 30, "plaidoyer": 22, "sans_suite": 16}
FINAL = {"verified": 70, "pending": 10, "unverified": 12, "refuted": 8}


@dataclass(frozen=True)
class Alert:
    """One alert; what is known of it changes on the day of its follow-up, when there is one."""

    alert_id: str
    issued: date
    nature: str
    cercle: str
    first_status: str
    final_status: str
    recipient: str
    response: str
    response_day: date | None


def history() -> list[Alert]:
    """Every alert, by day: three to nine a month over the country."""
    rng = Random("veille example: alerts")
    found = []
    for month in calibration.MONTHS:
        year, number = int(month[:4]), int(month[5:])
        days = sorted(date(year, number, rng.randint(1, 28)) for _ in range(rng.randint(3, 9)))
        cercles = {
            c: share * (1 if c[:4] == "ML07" else 0.8)
            for c, share in calibration.SHARE_OF_ZONE.items()
            if is_monitored(month, c)
        }
        for k, day in enumerate(days, start=1):
            is_followed = rng.random() < 0.85
            found.append(
                Alert(
                    f"AL-{month}-{k:02d}",
                    day,
                    draw(rng, NATURES),
                    draw(rng, cercles),
                    draw(rng, {"unverified": 55, "pending": 30, "verified": 15}),
                    draw(rng, FINAL),
                    draw(rng, RECIPIENTS),
                    draw(rng, RESPONSES),
                    day + timedelta(days=rng.randint(1, 40)) if is_followed else None,
                )
            )
    return found


def write(alerts: list[Alert], received: date, path: Path) -> int:
    """Write the register as it stood that day; no follow-up yet is a blank."""
    rows = []
    for a in alerts:
        if a.issued >= received:
            continue
        is_followed = a.response_day is not None and a.response_day < received
        rows.append(
            [
                a.alert_id,
                a.issued,
                form("alert_nature", a.nature),
                name_of(Place(EDITION, a.cercle)),
                form("verification", a.final_status if is_followed else a.first_status),
                form("recipient", a.recipient),
                a.response if is_followed else "",
                a.response_day if is_followed else "",
            ]
        )
    return write_csv(path, [HEADER], rows, ";")


SOURCE = Source(
    reader="alerts",
    title="Registre des alertes de protection (données d’exemple, synthétiques)",
    file="EXEMPLE_alertes.csv",
    sensitivity="restricted",
    zero_means="Aucune alerte émise ; ne prouve pas qu’il n’y avait pas lieu d’en émettre.",
    received=monthly(5),
    history=history,
    write=write,
)
