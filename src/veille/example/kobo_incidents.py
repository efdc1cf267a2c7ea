"""The KoBo export of protection monitoring: flash and documented reports, late ones, copies, refusals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from uuid import UUID

from ..codes import mapping
from . import typing_habits
from .snapshots import Source, monthly, open_workbook
from .world import Incident, draw, form, incidents

SHEET = "Monitoring de protection"
COLUMNS = (
    "start",
    "end",
    "deviceid",
    "identification/organisation",
    "identification/type_rapport",
    "identification/id_incident",
    "lieu/region",
    "lieu/cercle",
    "lieu/commune",
    "lieu/localite",
    "incident/date_incident",
    "incident/date_collecte",
    "incident/type_incident",
    "incident/auteur_presume",
    "incident/population_affectee",
    "victimes/femmes",
    "victimes/hommes",
    "victimes/filles",
    "victimes/garcons",
    "victimes/tues",
    "victimes/blesses",
    "verification/statut_verification",
    "suivi/refere",
    "suivi/services_referes",
    "suivi/services_assistes",
    "recit/description",
    "recit/source_information",
    "_id",
    "_uuid",
    "_submission_time",
    "_validation_status",
    "_notes",
    "_status",
    "_submitted_by",
    "__version__",
    "_tags",
    "_index",
)
APPROVED, NOT_APPROVED = "validation_status_approved", "validation_status_not_approved"
SERVICES_NEEDED: dict[str, tuple[str, ...]] = {
    "gbv": ("health", "psychosocial", "legal", "shelter"),
    "harm": ("health", "psychosocial", "security"),
    "child": ("child_protection", "psychosocial"),
    "goods": ("livelihoods", "legal", "security"),
}


@dataclass(frozen=True)
class Report:
    """One submitted form about an incident. `status` is our verification code, None when left blank."""

    entry: str
    status: str | None
    collected: date
    submitted: datetime
    validation: str | None


def reports(rng: Random, incident: Incident) -> list[Report]:
    """The forms that monitors sent about one incident.

    The first comes within ten days for about 94 % of the incidents and 20 to 75 days later for the others.
    About 12 % come first as a flash report and are documented later; about 4 % stay flash reports.
    """
    days = rng.randint(20, 75) if rng.random() < 0.06 else min(10, int(rng.expovariate(0.4)))
    validation = None if rng.random() < 0.08 else APPROVED
    luck = rng.random()
    final = {"refuted": "refuted", "rejected": "rejected"}.get(incident.fate) or _final_status(rng)
    if incident.fate == "not_approved":
        return [_report(rng, incident, "documented", final, days, NOT_APPROVED)]
    first = _report(rng, incident, "flash", "unverified", days, validation)
    follow_up = days + rng.randint(4, 26)
    if luck < 0.12 or (incident.fate == "refuted" and luck < 0.6):
        if rng.random() < 0.03:  # a telephone without network: the flash report arrives after the full form
            late = _report(rng, incident, "flash", "unverified", days + 3, validation)
            return [_report(rng, incident, "documented", final, days, validation), late]
        return [first, _report(rng, incident, "documented", final, follow_up, validation)]
    if luck < 0.16 and incident.fate == "counted":
        if rng.random() < 0.06:  # the full form was refused: the flash report stands
            return [first, _report(rng, incident, "documented", "verified", follow_up, NOT_APPROVED)]
        return [first]
    only = _report(rng, incident, "documented", final, days, validation)
    if rng.random() < 0.006:  # refused, then sent again
        return [replace(only, validation=NOT_APPROVED), _report(rng, incident, "documented", final, days + 2, APPROVED)]
    return [only]


def _final_status(rng: Random) -> str | None:
    return {"": None}.get(s := draw(rng, {"verified": 87.5, "": 4.2, "pending": 4.8, "unverified": 3.5}), s)


def _report(
    rng: Random, incident: Incident, entry: str, status: str | None, days: int, validation: str | None
) -> Report:
    collected = incident.day + timedelta(days=rng.randint(0, min(days, 3)) if days <= 10 else days - rng.randint(0, 3))
    submitted = datetime.combine(incident.day + timedelta(days=days), time(18, rng.randint(0, 59), rng.randint(0, 59)))
    return Report(entry, status, collected, submitted + timedelta(minutes=rng.randint(0, 200)), validation)


def history() -> list[tuple[datetime, bool, list]]:
    """Every row the form will ever hold: (submission time, whether it is exported twice, values without `_index`)."""
    rng = Random("veille example: kobo")
    sent = [
        (report, incident, facts)
        for incident in incidents()
        for facts in [_facts(rng, incident)]
        for report in reports(rng, incident)
    ]
    sent.sort(key=lambda one: (one[0].submitted, one[1].number, one[0].entry))
    return [
        (report.submitted, rng.random() < 0.015, _row(rng, k, report, incident, facts))
        for k, (report, incident, facts) in enumerate(sent, start=1)
    ]


def _facts(rng: Random, incident: Incident) -> list:
    """What every form about one incident says alike, from `incident/type_incident` to `victimes/blesses`."""
    return [
        form("incident_type", incident.kind),
        form("perpetrator", incident.perpetrator),
        form("population_group", incident.group),
        *_victims(rng, incident),
    ]


def _victims(rng: Random, incident: Incident) -> list[int | None]:
    """Women, men, girls, boys, killed, injured; None where the form was left blank."""
    kind = incident.kind
    people = _people(rng, kind)
    total = sum(people)
    killed = injured = 0
    if kind in ("murder", "killing"):
        killed = rng.randint(1, min(total, 3))
        injured = rng.randint(0, total - killed) if rng.random() < 0.3 else 0
    elif kind == "explosive_ordnance":
        killed = rng.randint(0, total)
        injured = rng.randint(0, total - killed)
    elif kind in ("assault", "torture"):
        injured = rng.randint(1, total) if rng.random() < 0.7 else 0
    elif kind in ("armed_robbery", "looting", "rape") and rng.random() < 0.15:
        injured = 1
    luck = rng.random()
    if luck < 0.07:
        return [None] * 6
    if luck < 0.11:
        return [*people, None, None]
    if luck < 0.14:
        return [people[0], people[1], None, None, killed, injured]
    return [*people, killed, injured]


def _people(rng: Random, kind: str) -> list[int]:
    """Women, men, girls, boys who suffered it; at least one person."""
    if mapping("incident_type", "gbv").get(kind):
        girls = 0.9 if kind == "early_marriage" else 0.35
        return [0, 0, 1, 0] if rng.random() < girls else [1, 0, 0, 0]
    if kind in ("forced_recruitment", "child_labour"):
        return [0, 0, int(kind == "child_labour" and rng.random() < 0.4), rng.randint(1, 3)]
    size = min(12, 1 + int(rng.expovariate(0.55)))
    people = [0, 0, 0, 0]
    for _ in range(size):
        people[rng.choices(range(4), (22, 64, 6, 8))[0]] += 1
    return people


def _row(rng: Random, number: int, report: Report, incident: Incident, facts: list) -> list:
    """The values of one row, in the order of COLUMNS without `_index`. Identifying columns hold canaries."""
    canary = f"{number:06d}"
    start = datetime.combine(report.collected, time(rng.randint(7, 16), rng.randint(0, 59), rng.randint(0, 59)))
    end = start + timedelta(minutes=rng.randint(12, 55), seconds=rng.randint(0, 59))
    referred, assisted = _services(rng, incident) if report.entry == "documented" else ((), ())
    return [
        f"{start.isoformat()}.000+00:00",
        f"{end.isoformat()}.000+00:00",
        f"CANARI-APPAREIL-{canary}",
        f"ORG-{rng.randint(1, 3):02d}",
        form("entry_source", report.entry),
        f"PM-{incident.number:05d}",
        incident.region_form,
        typing_habits.typed_name(rng, incident.cercle, typing_habits.CERCLES),
        typing_habits.typed_name(rng, incident.commune, typing_habits.COMMUNES),
        f"CANARI-LOCALITE-{canary}",
        incident.day.isoformat(),
        report.collected.isoformat(),
        *facts,
        form("verification", report.status) if report.status else None,
        "oui" if referred else "non",
        " ".join(form("service", s) for s in referred) or None,
        " ".join(form("service", s) for s in assisted) or None,
        f"CANARI-RECIT-{canary}",
        f"CANARI-INFORMATEUR-{canary}",
        4_100_000 + 7 * number,
        str(UUID(int=rng.getrandbits(128), version=4)),
        report.submitted.isoformat(),
        report.validation,
        f"CANARI-NOTE-{canary}" if rng.random() < 0.02 else None,
        "submitted_via_web",
        f"CANARI-COMPTE-{rng.randint(1, 57):02d}",
        "vEXEMPLE1" if report.submitted < datetime(2017, 2, 1) else "vEXEMPLE2",
        None,
    ]


def _services(rng: Random, incident: Incident) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Services the victims were referred to, and those among them that answered."""
    is_gbv = bool(mapping("incident_type", "gbv").get(incident.kind))
    if rng.random() > (0.8 if is_gbv else 0.32):
        return (), ()
    category = mapping("incident_type", "category")[incident.kind]
    if is_gbv:
        need = "gbv"
    elif incident.kind in ("forced_recruitment", "child_labour"):
        need = "child"
    else:
        need = "goods" if category in ("property", "movement", "services") else "harm"
    referred = tuple(s for s in SERVICES_NEEDED[need] if rng.random() < 0.5) or SERVICES_NEEDED[need][:1]
    return referred, tuple(s for s in referred if rng.random() < 0.65)


def write(rows: list[tuple[datetime, bool, list]], received: date, path: Path) -> int:
    """Write the export of that day: rows submitted before it, then the copies that the export repeats."""
    due = datetime.combine(received, time())
    export = [values for submitted, _, values in rows if submitted < due]
    export += [values for submitted, is_copied, values in rows if submitted < due and is_copied]
    book = open_workbook(path, SHEET)
    sheet = book.add_worksheet(SHEET)
    sheet.write_row(0, 0, COLUMNS)
    text, number, last = sheet.write_string, sheet.write_number, len(COLUMNS) - 1
    for r, values in enumerate(export, start=1):
        for c, value in enumerate(values):
            if value is not None:
                (text if value.__class__ is str else number)(r, c, value)
        number(r, last, r)
    book.close()
    return len(export)


SOURCE = Source(
    reader="kobo_incidents",
    title="Monitoring de protection : export KoBo des incidents (données d’exemple, synthétiques)",
    file="EXEMPLE_monitoring_protection.xlsx",
    sensitivity="restricted",
    zero_means="Aucun incident rapporté là où des moniteurs travaillaient ; ne prouve pas qu’il n’y en a pas eu.",
    received=monthly(5),
    history=history,
    write=write,
)
