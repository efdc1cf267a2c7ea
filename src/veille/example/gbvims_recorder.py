"""The Incident Recorder workbook of the invented survivors: what only the consolidating agency may receive.

No part of the example that every installation makes, because every other installation refuses such a workbook. Dates of
birth and codes are invented, and columns that identify hold canaries.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from ..codes import label
from ..places import Place, name_of
from . import gbv_calibration as calibration
from . import gbv_world as world
from .gbv_world import Incident
from .snapshots import open_workbook

SHEET = "1. Incident Data"
HEADER = (
    "INCIDENT ID",
    "SURVIVOR CODE",
    "CASE MANAGER CODE",
    "DATE OF INTERVIEW",
    "DATE OF INCIDENT",
    "DATE OF BIRTH",
    "SEX",
    "ETHNICITY",
    "COUNTRY OF ORIGIN",
    "CIVIL / MARITAL STATUS",
    "DISPLACEMENT STATUS AT REPORT",
    "PERSON WITH DISABILITY?",
    "UNACCOMPANIED OR SEPARATED CHILD?",
    "STAGE OF DISPLACEMENT AT INCIDENT",
    "INCIDENT TIME OF DAY",
    "INCIDENT LOCATION",
    "INCIDENT COUNTY",
    "INCIDENT DISTRICT",
    "INCIDENT CAMP / TOWN",
    "GBV TYPE",
    "HARMFUL TRADITIONAL PRACTICE",
    "MONEY, GOODS, BENEFITS AND / OR SERVICES EXCHANGED ?",
    "TYPE OF ABDUCTION",
    "PREVIOUSLY REPORTED THIS INCIDENT?",
    "PREVIOUS GBV INCIDENTS?",
    "No. ALLEGED PRIMARY PERPETRATOR(S)",
    "ALLEGED PERPETRATOR SEX",
    "PREVIOUS INCIDENT WITH THIS PERPETRATOR",
    "ALLEGED PERPETRATOR AGE GROUP",
    "ALLEGED PERPETRATOR - SURVIVOR RELATIONSHIP",
    "ALLEGED PERPETRATOR OCCUPATION",
    "REFERRED TO YOU FROM?",
    "SAFE HOUSE / SHELTER",
    "HEALTH / MEDICAL SERVICES",
    "PSYCHOSOCIAL SERVICES",
    "WANTS LEGAL ACTION?",
    "LEGAL ASSISTANCE SERVICES",
    "POLICE / OTHER SECURITY ACTOR",
    "LIVELIHOODS PROGRAM",
    "CHILD PROTECTION SERVICES / EDUCATION SERVICES",
    "CONSENT GIVEN",
    "REPORTING AGENCY CODE",
)
SECTORS = {
    "SAFE HOUSE / SHELTER": "shelter",
    "HEALTH / MEDICAL SERVICES": "health",
    "PSYCHOSOCIAL SERVICES": "psychosocial",
    "LEGAL ASSISTANCE SERVICES": "legal",
    "POLICE / OTHER SECURITY ACTOR": "security",
    "LIVELIHOODS PROGRAM": "livelihoods",
    "CHILD PROTECTION SERVICES / EDUCATION SERVICES": "child_protection",
}
# Headers of one answer -> its list, and what holds it.
ANSWERS = {
    "SEX": ("sex", "sex"),
    "CIVIL / MARITAL STATUS": ("marital_status", "marital_status"),
    "DISPLACEMENT STATUS AT REPORT": ("displacement_status", "displacement_status"),
    "PERSON WITH DISABILITY?": ("disability", "disability"),
    "UNACCOMPANIED OR SEPARATED CHILD?": ("child_vulnerability", "child_vulnerability"),
    "STAGE OF DISPLACEMENT AT INCIDENT": ("displacement_stage", "displacement_stage"),
    "INCIDENT TIME OF DAY": ("time_of_day", "time_of_day"),
    "INCIDENT LOCATION": ("incident_place", "place_type"),
    "GBV TYPE": ("gbv_type", "kind"),
    "MONEY, GOODS, BENEFITS AND / OR SERVICES EXCHANGED ?": ("yes_no_unknown", "goods_exchanged"),
    "TYPE OF ABDUCTION": ("abduction", "abduction"),
    "PREVIOUSLY REPORTED THIS INCIDENT?": ("previously_reported", "previously_reported"),
    "PREVIOUS GBV INCIDENTS?": ("yes_no_unknown", "prior_gbv"),
    "No. ALLEGED PRIMARY PERPETRATOR(S)": ("perpetrator_number", "perpetrator_number"),
    "ALLEGED PERPETRATOR SEX": ("perpetrator_sex", "perpetrator_sex"),
    "PREVIOUS INCIDENT WITH THIS PERPETRATOR": ("yes_no_unknown", "former_perpetrator"),
    "ALLEGED PERPETRATOR AGE GROUP": ("perpetrator_age", "perpetrator_age"),
    "ALLEGED PERPETRATOR - SURVIVOR RELATIONSHIP": ("perpetrator_relationship", "perpetrator_relationship"),
    "ALLEGED PERPETRATOR OCCUPATION": ("perpetrator_occupation", "perpetrator_occupation"),
}
DATES = ("DATE OF INTERVIEW", "DATE OF INCIDENT", "DATE OF BIRTH")
NUMBERS = {"one": 1, "two": 2, "three": 3}  # written as numbers, as recorders do
# Neither the sub-cluster's list of practices nor that of occupations is known: these words stand for any.
PRACTICE, OCCUPATION = "Pratique exemple", "Métier exemple"


def _birth(one: Incident) -> date | None:
    """A day of birth that gives the age at the incident; each incident has its own."""
    day = world.day_of(one)
    if day is None or one.age is None:
        return None
    birthday = date(day.year - one.age, day.month, min(day.day, 28))
    return birthday - timedelta(days=one.number % 360)


def _answers(one: Incident) -> dict[str, Any]:
    """Every column whose answer is of a list, in words, blank where there is none."""
    found = {
        header: label(name, code) if (code := getattr(one, of)) else None for header, (name, of) in ANSWERS.items()
    }
    number = "No. ALLEGED PRIMARY PERPETRATOR(S)"
    found[number] = NUMBERS.get(one.perpetrator_number, found[number])
    if one.perpetrator_occupation == "unlisted":
        found["ALLEGED PERPETRATOR OCCUPATION"] = OCCUPATION
    for header, sector in SECTORS.items():
        outcome = one.outcomes.get(sector)
        found[header] = label("referral_outcome", outcome) if outcome else None
    return found


def _row(one: Incident, organisation: str) -> list[Any]:
    """One row of the workbook, in the order of HEADER."""
    canary = f"{one.number:06d}"
    found = _answers(one) | {
        "INCIDENT ID": f"CANARI-INCIDENT-{canary}",
        "SURVIVOR CODE": f"CANARI-SURVIVANTE-{canary}",
        "CASE MANAGER CODE": f"CANARI-AGENT-{one.number % 5}",
        "DATE OF INTERVIEW": one.interviewed,
        "DATE OF INCIDENT": world.day_of(one),
        "DATE OF BIRTH": _birth(one),
        "ETHNICITY": f"CANARI-ETHNIE-{one.number % 7}",
        "COUNTRY OF ORIGIN": f"PAYS-INVENTE-{one.number % 3}",
        "INCIDENT COUNTY": name_of(Place(calibration.EDITION, one.region)),
        "INCIDENT DISTRICT": f"CANARI-DISTRICT-{one.number % 30}",
        "INCIDENT CAMP / TOWN": f"CANARI-VILLAGE-{canary}",
        "HARMFUL TRADITIONAL PRACTICE": PRACTICE if one.practice else "Non",
        "REFERRED TO YOU FROM?": " ; ".join(label("referral_source", s) for s in one.referred_from or ()) or None,
        "WANTS LEGAL ACTION?": "Oui" if one.outcomes.get("legal") in world.NEED else "Non",
        "CONSENT GIVEN": "Oui" if one.has_consent else "Non",
        "REPORTING AGENCY CODE": organisation,
    }
    return [found[header] for header in HEADER]


def write_recorder(path: Path, organisation: str, months: Iterable[str]) -> int:
    """Write the recorder of one organisation, by its letter, for some months; the number of its incidents.

    It holds what the organisation knows in the end: those without consent too, and those that are not counted.
    """
    (one,) = (o for o in calibration.ORGANISATIONS if o.letter == organisation)
    wanted = set(months)
    rows = [_row(incident, one.name) for incident in world.of(organisation) if incident.month in wanted]
    book = open_workbook(path, "enregistreur d’incidents GBVIMS")
    sheet = book.add_worksheet(SHEET)
    days = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, HEADER)
    for r, values in enumerate(rows, start=1):
        for c, value in enumerate(values):
            if isinstance(value, date):
                sheet.write_datetime(r, c, value, days)
            elif value is not None:
                sheet.write(r, c, value)
    book.close()
    return len(rows)
