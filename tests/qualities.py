"""Snapshots of the monitoring form that tell something about quality: two in a series, the second with what went wrong."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from incidents import decide, kobo, new_project, write_xlsx

from veille.project import Project
from veille.sources.receive import Receipt, receive

SHEET = "Monitoring de protection"
PRODUCER = "Partenaire fictif"


def report(uuid: str, day: str, *, sent: int = 2, **changes: object) -> dict:
    """One documented incident of that day, sent so many days later."""
    at = (date.fromisoformat(day) + timedelta(days=sent)).isoformat()
    given = {"_uuid": uuid, "id_incident": f"I-{uuid}", "date_incident": day, "_submission_time": f"{at}T10:00:00"}
    return kobo(**(given | changes))


def take(project: Project, rows: list[dict], received: str, name: str = "export.xlsx", **given: object) -> Receipt:
    """Receive rows as one export of the form."""
    folder = project.root / "recus" / received
    folder.mkdir(parents=True, exist_ok=True)
    path = write_xlsx(folder / name, SHEET, rows)
    return receive([path], "kobo_incidents", date.fromisoformat(received), project, producer=PRODUCER, **given)


def months(first: str, count: int) -> list[str]:
    """So many months from one on: `2016-07`…"""
    year, month = map(int, first.split("-"))
    return [f"{year + (month - 1 + k) // 12}-{(month - 1 + k) % 12 + 1:02d}" for k in range(count)]


def bad_month(root: Path) -> tuple[Project, Path]:
    """A project, and the report of an export that lost two months, with rows refused, a partner late, columns that emptied."""
    project = new_project(root)
    alias = "edition,niveau,graphie,pcode,par,le\ncod2015,2,Gao-ville,ML0701,A. Fictif,2017-01-01\n"
    decide(project.root, "aliases.csv", alias)
    partners = ("ONG Alpha", "ONG Bêta", "Association pour l’appui aux communautés")
    every = [
        report(f"{month}-{n}", f"{month}-{n % 27 + 1:02d}", sent=(2, 12, 45, 100)[n % 4], organisation=partners[n % 3],
               commune="Gounzoureye" if n % 3 else None, type_rapport="flash" if n % 6 == 5 else "documente",
               cercle=("Gao", "gao ", "Gao-ville")[n % 3])
        for month in months("2016-03", 15)
        for n in range(12)
    ]  # fmt: skip
    before = [r for r in every if r["_submission_time"] < "2017-05-05"]
    take(project, before, "2017-05-05")
    kept = []
    for n, row in enumerate(r for r in every if r["_submission_time"] < "2017-06-05"):
        day = row["incident/date_incident"]
        is_late = day >= "2017-05" and row["identification/organisation"] == partners[2]
        if day[:7] in ("2016-11", "2016-12") or is_late:
            continue
        if n % 20 == 3:
            row = row | {"victimes/femmes": "quelques-unes"}
        if n % 30 == 7:
            row = row | {"incident/type_incident": "autre chose"}
        if day >= "2017-04":
            row = row | {"lieu/commune": None}
        kept.append(row)
    return project, take(project, [*kept, kept[0]], "2017-06-05").quality
