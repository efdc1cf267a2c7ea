"""The 5W table: who does what where, from when to when, for whom; one row per activity and commune."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from ..codes import mapping
from ..places import Place, ancestors, gazetteer, name_of
from .calibration import ZONES
from .snapshots import Source, monthly, write_csv
from .world import EDITION, draw

# As the public table of the cluster has them, with their slips and doubled spaces.
HEADER = [
    "Organisation Accronyme",
    "Nom Organisation",
    "Type Organisation",
    "Program Organization",
    "Bailleur de fond",
    "admin1Pcod",
    "Region",
    "admin2Pcod",
    "Cercle",
    "admin3Pcod",
    "Commune",
    "Village",
    "Cluster",
    "HRP",
    "Project Title",
    "Date début",
    "Date fin",
    "Activités",
    "Montant Cash Transfert (USD)",
    "Total Personnes ciblées",
    "Total Femmesciblées",
    "Total Hommes ciblés",
    "Total Filles ciblées (<18)",
    "Total Garçons ciblés  (<18)",
    "Total Femmes adultes ciblés (> =18)",
    "Total Hommes adultes ciblés (> =18)",
    "Femmes âgées ciblées (> =59)",
    "Hommes âgés ciblés (> =59)",
    "Personnes vivant avec Handicap ciblées",
    "Total No. atteintes",
    "Total Femmes atteintes",
    "Total Hommes atteints",
    "Total Adult Femmes atteintes (> =18)",
    "Total Adult Hommes atteints (> =18)",
    "Total Filles atteintes (<18)",
    "Total Garçons atteints (<18)",
    "Femmes agées atteintes (> =59)",
    "Hommes agés atteints  (> =59)",
    "Personnes vivant avec Handicap atteintes",
    "Remarques",
]
HXL = [
    "#org+acronym",
    "#org+name",
    "#org+type",
    "",
    "#actor",
    "#adm1+code",
    "#adm1+name",
    "#adm2+code",
    "#adm2+name",
    "#adm3+code",
    "",
    "",
    "#sector",
    *[""] * 27,
]
TARGETED, REACHED, REMARKS = 19, 29, 39
ACTIVITIES: dict[str, tuple[str, ...]] = {
    "general_protection": (
        "Monitoring de protection",
        "Comités communautaires de protection",
        "Assistance individuelle de protection",
    ),
    "gbv": (
        "Écoute et soutien psychosocial",
        "Référencement et prise en charge médicale",
        "Sensibilisation communautaire",
    ),
    "child_protection": (
        "Espaces amis des enfants",
        "Recherche et réunification familiales",
        "Appui aux enfants séparés et non accompagnés",
    ),
    "mine_action": ("Éducation aux risques", "Assistance aux victimes"),
    "justice": ("Assistance juridique", "Appui à la documentation civile"),
    "population_movement": ("Enregistrement des déplacés et des retournés",),
    "social_cohesion": ("Dialogue intercommunautaire", "Médiation foncière"),
}
SECTOR_WEIGHTS = {
    "general_protection": 26,
    "gbv": 22,
    "child_protection": 20,
    "mine_action": 9,
    "justice": 9,
    "population_movement": 6,
    "social_cohesion": 8,
}
ZONE_WEIGHTS = {"gao": 34, "tombouctou": 28, "mopti": 30, "kidal": 8}
PROJECTS = 64
FUNDING_ENDED = "Fin anticipée : financement non renouvelé (exemple)"


@dataclass(frozen=True)
class Activity:
    """One activity in one commune. `cut` is the day it ended for want of funds, when it did."""

    project: int
    organisation: int
    sector: str
    what: str
    commune: Place
    start: date
    end: date
    cut: date | None
    reported: date
    targeted: tuple[int, int, int, int]
    is_reach_reported: bool
    is_copied: bool


def history() -> list[Activity]:
    """Every activity that the table will ever hold, by the day it was reported."""
    rng = Random("veille example: fivew")
    served = _served_communes(rng)
    found = [a for project in range(1, PROJECTS + 1) for a in _activities(rng, project, served)]
    return sorted(found, key=lambda a: (a.reported, a.project, a.commune, a.what))


def _served_communes(rng: Random) -> dict[str, list[Place]]:
    """zone -> communes where somebody works one day; the others never see an activity."""
    served = {}
    for zone, cercles in ZONES.items():
        communes = sorted(
            p
            for p, named in gazetteer().items()
            if named.level == 3 and named.parent.pcode in cercles and p.edition == EDITION
        )
        share = {"gao": 0.8, "kidal": 0.5}.get(zone, 0.45)
        served[zone] = rng.sample(communes, round(share * len(communes)))
    return served


def _activities(rng: Random, project: int, served: dict[str, list[Place]]) -> list[Activity]:
    """The activities of one project: one organisation, one sector, one zone, a few communes."""
    zone, sector = draw(rng, ZONE_WEIGHTS), draw(rng, SECTOR_WEIGHTS)
    organisation = (project - 1) % 24 + 1
    start = date(2016, 7, 1) if project <= 18 else date(2016, 7, 1) + timedelta(days=30 * rng.randint(1, 17))
    end = min(start + timedelta(days=30 * rng.randint(6, 15)), date(2018, 6, 30))
    ends_early = rng.random() < 0.2 and (end - start).days > 150
    cut = start + timedelta(days=round((end - start).days * 0.6)) if ends_early else None
    communes = rng.sample(served[zone], min(len(served[zone]), rng.randint(3, 8)))
    return [
        Activity(
            project,
            organisation,
            sector,
            rng.choice(ACTIVITIES[sector]),
            commune,
            start,
            end,
            cut,
            start + timedelta(days=rng.randint(-10, 25)),
            tuple(rng.randint(low, high) for low, high in ((40, 400), (30, 330), (30, 300), (30, 290))),
            rng.random() < 0.65,
            rng.random() < 0.02,
        )
        for commune in communes
    ]


def _row(activity: Activity, received: date) -> list:
    """The row of an activity as the table held it on that day: reach grows, an early end is then known."""
    cercle, region = ancestors(activity.commune)[:2]
    cut = activity.cut if activity.cut and activity.cut < received else None
    end = cut or activity.end
    row: list = [""] * len(HEADER)
    row[:5] = [
        f"ORG-{activity.organisation:02d}",
        f"Organisation d’exemple {activity.organisation:02d}",
        _type_of(activity.organisation),
        f"ORG-{activity.organisation:02d}",
        f"Bailleur d’exemple {activity.project % 7 + 1:02d}",
    ]
    row[5:11] = [
        region.pcode,
        name_of(region),
        cercle.pcode,
        name_of(cercle),
        activity.commune.pcode,
        name_of(activity.commune),
    ]
    row[12:18] = [
        mapping("subsector", "sector")[activity.sector],
        "Oui" if activity.project % 3 else "Non",
        f"Projet d’exemple {activity.project:02d}",
        f"{activity.start:%d/%m/%Y}",
        f"{end:%d/%m/%Y}",
        activity.what,
    ]
    girls, boys, women, men = activity.targeted
    row[TARGETED:REACHED] = [
        sum(activity.targeted),
        girls + women,
        boys + men,
        girls,
        boys,
        women,
        men,
        women // 11,
        men // 12,
        sum(activity.targeted) // 50,
    ]
    elapsed = (min(received, end) - activity.start).days / max(1, (activity.end - activity.start).days)
    if activity.is_reach_reported and elapsed > 0.1:
        girls, boys, women, men = (int(0.9 * elapsed * people) for people in activity.targeted)
        row[REACHED:REMARKS] = [
            girls + boys + women + men,
            girls + women,
            boys + men,
            women,
            men,
            girls,
            boys,
            women // 11,
            men // 12,
            (girls + boys + women + men) // 50,
        ]
    row[REMARKS] = FUNDING_ENDED if cut else ""
    return row


def _type_of(organisation: int) -> str:
    return "ONG Int" if organisation <= 10 else "ONG Nat" if organisation <= 20 else "Agence UN"


def write(activities: list[Activity], received: date, path: Path) -> int:
    """Write what had been reported by that day; the rows sent twice come again at the end."""
    due = [a for a in activities if a.reported < received]
    rows = [_row(a, received) for a in due] + [_row(a, received) for a in due if a.is_copied]
    return write_csv(path, [HEADER, HXL], rows, ",")


SOURCE = Source(
    reader="fivew",
    title="5W : qui fait quoi, où, quand, pour qui, protection (données d’exemple, synthétiques)",
    file="EXEMPLE_5W_protection.csv",
    sensitivity="public",
    zero_means="Aucune activité déclarée par les membres ; ne prouve pas l’absence de toute réponse.",
    received=monthly(5),
    history=history,
    write=write,
)
