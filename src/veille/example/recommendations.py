"""The follow-up of recommendations: what was asked, of whom, by when, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from . import recommendation_texts
from .recommendation_texts import Advice
from .snapshots import Source, monthly, write_csv
from .world import draw, form

HEADER = [
    "reco_id",
    "zone",
    "origine",
    "date_emise",
    "texte",
    "destinataire",
    "responsable",
    "echeance",
    "statut",
    "suite",
    "date_suite",
]
ZONES = ("gao", "mopti", "tombouctou", "kidal", "mali")
QUARTERS = tuple((year, first) for year in (2016, 2017) for first in (1, 4, 7, 10) if (year, first) >= (2016, 7))
ORIGINS = {"reunion": 40, "bulletin": 22, "matrice": 20, "note": 10, "ehp": 8}
FINAL = {"done": 42, "partial": 22, "refused": 6, "lapsed": 10, "": 20}


@dataclass(frozen=True)
class Recommendation:
    """One recommendation and its life: when work began and when, if ever, it was closed and how."""

    reco_id: str
    zone: str
    origin: str
    issued: date
    advice: Advice
    due: date
    begun: date | None
    closed: date | None
    final: str

    def state_before(self, day: date) -> tuple[str, str, date | None]:
        """Its status, what became of it in a few words, and since when, as known before that day."""
        if self.closed and self.closed < day:
            return self.final, recommendation_texts.outcome(self.advice, self.final), self.closed
        if self.begun and self.begun < day:
            return "ongoing", self.advice.begun, self.begun
        return "open", "", None


def history() -> list[Recommendation]:
    """Every recommendation: three to five per zone and quarter; a zone never gets the same one twice."""
    rng = Random("veille example: recommendations")
    found = []
    for zone in ZONES:
        known = [a for a in recommendation_texts.ADVICE if zone in a.zones]
        rng.shuffle(known)
        for year, first in QUARTERS:
            issued = sorted(date(year, first + rng.randint(0, 2), rng.randint(2, 27)) for _ in range(rng.randint(3, 5)))
            for k, day in enumerate(issued, start=1):
                code = f"R-{zone.upper()}-{year}T{(first + 2) // 3}-{k}"
                found.append(_recommendation(rng, code, zone, day, known.pop()))
    return sorted(found, key=lambda r: (r.issued, r.reco_id))


def _recommendation(rng: Random, code: str, zone: str, issued: date, advice: Advice) -> Recommendation:
    begun = issued + timedelta(days=rng.randint(10, 60)) if rng.random() < 0.88 else None
    final = draw(rng, FINAL)
    closed = begun + timedelta(days=rng.randint(20, 120)) if begun and final else None
    due = issued + timedelta(days=rng.choice((30, 45, 60, 90, 120)))
    return Recommendation(code, zone, draw(rng, ORIGINS), issued, advice, due, begun, closed, final)


def write(recommendations: list[Recommendation], received: date, path: Path) -> int:
    """Write the table as it stood that day."""
    rows = []
    for r in recommendations:
        if r.issued < received:
            status, outcome, since = r.state_before(received)
            rows.append(
                [
                    r.reco_id,
                    r.zone,
                    r.origin,
                    r.issued,
                    r.advice.text(r.zone),
                    form("recipient", r.advice.recipient),
                    r.advice.responsible(r.zone),
                    r.due,
                    form("recommendation_status", status),
                    outcome,
                    since or "",
                ]
            )
    return write_csv(path, [HEADER], rows, ";")


SOURCE = Source(
    reader="recommendations",
    title="Suivi des recommandations et du plaidoyer (données d’exemple, synthétiques)",
    file="EXEMPLE_recommandations.csv",
    sensitivity="restricted",
    zero_means="Aucune recommandation émise sur la période.",
    received=monthly(5),
    history=history,
    write=write,
)
