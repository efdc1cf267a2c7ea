"""Small builders of invented rows, snapshots and projects: what several tests need, in a few lines each.

Nothing here is drawn from a real event. Every builder starts from a row that is good in every column; a test changes
the one thing it is about.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import xlsxwriter
import yaml
from hypothesis import HealthCheck, settings

from veille.project import Project
from veille.sources import snapshots
from veille.sources.balance import Balance
from veille.sources.formats import declared
from veille.sources.reading import connection
from veille.sources.snapshots import Snapshot
from veille.tables import build
from veille.tables.contracts import CONTRACTS, PEOPLE, check, empty

ROOT = Path(__file__).resolve().parents[1]
PARAMS = ROOT / "params"
SHARED = ROOT.parent / "shared"

# The same cases on every run and every machine: a test that fails today failed yesterday.
settings.register_profile(
    "invented", derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def random_cases(max_examples: int) -> settings:
    """Settings of a property: how many invented cases it tries."""
    return settings(settings.get_profile("invented"), max_examples=max_examples)


KOBO_ROW = {
    "start": "2016-08-02T08:00:00.000",
    "end": "2016-08-02T08:30:00.000",
    "deviceid": "collect:x",
    "identification/organisation": "Organisation fictive",
    "identification/type_rapport": "documente",
    "identification/id_incident": "INC-1",
    "lieu/region": "Gao",
    "lieu/cercle": "Gao",
    "lieu/commune": None,
    "lieu/localite": "Localité fictive",
    "incident/date_incident": "2016-08-01",
    "incident/date_collecte": "2016-08-01",
    "incident/type_incident": "vol",
    "incident/auteur_presume": "bandits",
    "incident/population_affectee": "hote",
    "victimes/femmes": 1,
    "victimes/hommes": 0,
    "victimes/filles": 0,
    "victimes/garcons": 0,
    "victimes/tues": 0,
    "victimes/blesses": 0,
    "verification/statut_verification": "verifie",
    "suivi/refere": "non",
    "suivi/services_referes": None,
    "suivi/services_assistes": None,
    "recit/description": "Récit fictif",
    "recit/source_information": "Source fictive",
    "_id": 1,
    "_uuid": "uuid-1",
    "_submission_time": "2016-08-03T10:00:00",
    "_validation_status": "validation_status_approved",
    "_notes": None,
    "_status": "submitted_via_web",
    "_submitted_by": "compte_fictif",
    "__version__": "v1",
    "_tags": None,
    "_index": 1,
}

# One good row for each format received as text, in the form that its senders use.
GOOD_ROWS: dict[str, dict[str, str]] = {
    "amss_incidents": {
        "month": "2016-10",
        "report": "N°004",
        "region": "Gao",
        "cercle": "Gao",
        "incidents": "34",
        "region_total": "34",
        "region_share": "100%",
        "grand_total": "34",
        "printed_in": "rapport fictif",
    },
    "monitoring_coverage": {
        "mois": "2016-10",
        "region": "Gao",
        "cercle": "Gao",
        "communes_suivies": "7",
        "communes_couvertes": "5",
        "moniteurs": "12",
    },
    "unhcr_idps": {"reference_date": "2016-12-31", "population": "IDP", "location": "Gao : Region", "people": "8571"},
    "alerts": {
        "alerte_id": "A-1",
        "emise_le": "14/10/2016",
        "nature": "incident",
        "cercle": "Gao",
        "verification": "verifie",
        "destinataire": "EHP",
        "suite": "evaluation",
        "suite_le": "20/10/2016",
    },
    "recommendations": {
        "reco_id": "R-1",
        "zone": "gao",
        "origine": "reunion",
        "date_emise": "14/10/2016",
        "texte": "Texte fictif",
        "destinataire": "autorites",
        "responsable": "cluster",
        "echeance": "31/12/2016",
        "statut": "ouverte",
        "suite": "",
        "date_suite": "",
    },
    "gbv_published": {
        "period_start": "2016-01-01",
        "period_end": "2016-12-31",
        "indicator": "gbv_cases_reported",
        "value": "2164",
        "unit": "cases",
        "printed_in": "bulletin fictif",
        "url": "",
    },
}

DTM_ROW = {
    "Date de référence": "2016-12-31",
    "Round": "R1",
    "Région": "Gao",
    "Code région": "ML07",
    "Cercle": "Gao",
    "Code cercle": "ML0701",
    "Type de mouvement": "pdi",
    "Ménages": 10,
    "Individus": 60,
    "Femmes": 20,
    "Hommes": 15,
    "Filles": 13,
    "Garçons": 12,
    "Source": "fictive",
}


def fivew_row(**changes: str) -> dict[str, str]:
    """One row of the 5W matrix; columns that nothing reads are blank."""
    row = {c.header: "" for c in declared("fivew").columns}
    return (
        row
        | {
            "Organisation Accronyme": "ORG-A",
            "Cercle": "Gao",
            "admin2Pcod": "ML0701",
            "admin3Pcod": "ML070103",
            "Cluster": "Protection/VBG",
            "Date début": "01/08/2016",
            "Date fin": "31/12/2016",
        }
        | changes
    )


def kobo(**changes: object) -> dict[str, object]:
    """One row of the monitoring form; `changes` are named by the last part of their column (`cercle="Bourem"`).

    It was collected on the day of its incident, whichever that is, unless a test says otherwise.
    """
    by_end = {header.rsplit("/", 1)[-1]: header for header in KOBO_ROW}
    if "date_incident" in changes:
        changes = {"date_collecte": changes["date_incident"]} | changes
    return KOBO_ROW | {by_end[name]: value for name, value in changes.items()}


def several_kobo(number: int, **changes: object) -> list[dict[str, object]]:
    """That many incidents, told apart by their identifiers and by nothing else."""
    return [kobo(_uuid=f"u{n}", id_incident=f"I{n}", **changes) for n in range(number)]


def write_xlsx(
    path: Path, sheet: str, rows: list[dict], *, header: list[str] | None = None, hidden: bool = False
) -> Path:
    """A workbook with one sheet of that name; `hidden` puts a visible one before it."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_urls": False, "strings_to_numbers": False})
    if hidden:
        book.add_worksheet("Lisez-moi")
    page = book.add_worksheet(sheet)
    if hidden:
        page.hide()
    names = header if header is not None else list(rows[0])
    page.write_row(0, 0, names)
    for at, row in enumerate(rows, 1):
        for column, name in enumerate(names):
            if row.get(name) is not None:
                page.write(at, column, row[name])
    book.close()
    return path


def write_workbook(path: Path, sheets: dict[str, list[dict]]) -> Path:
    """A workbook with several visible sheets."""
    book = xlsxwriter.Workbook(str(path))
    for name, rows in sheets.items():
        page = book.add_worksheet(name)
        page.write_row(0, 0, list(rows[0]))
        for at, row in enumerate(rows, 1):
            page.write_row(at, 0, [row[header] for header in rows[0]])
    book.close()
    return path


def write_csv(
    path: Path, rows: list[dict], *, delimiter: str = ",", header: list[str] | None = None, hxl: bool = False
) -> Path:
    """A UTF-8 CSV; `hxl` puts a row of tags below the header."""
    names = header if header is not None else list(rows[0])
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=delimiter)
        out.writerow(names)
        if hxl:
            out.writerow([f"#tag{i}" for i in range(len(names))])
        out.writerows([row.get(name, "") for name in names] for row in rows)
    return path


DELIMITERS = dict.fromkeys(("monitoring_coverage", "recommendations", "alerts"), ";")


def write(format_name: str, folder: Path, rows: list[dict], *, header: list[str] | None = None) -> Path:
    """A file of that format, as its senders write it. Without rows, its header alone."""
    fmt = declared(format_name)
    header = list(good_row(format_name)) if header is None and not rows else header
    if fmt.sheet:
        return write_xlsx(folder / f"{format_name}.xlsx", fmt.sheet, rows, header=header)
    return write_csv(
        folder / f"{format_name}.csv",
        rows,
        delimiter=DELIMITERS.get(format_name, ","),
        header=header,
        hxl=bool(fmt.hxl),
    )


def good_row(format_name: str) -> dict:
    """A row that is right in every column."""
    special = {"kobo_incidents": KOBO_ROW, "dtm_stocks": DTM_ROW, "fivew": fivew_row()}
    return dict(special.get(format_name) or GOOD_ROWS[format_name])


def deposit(
    root: Path,
    source: str,
    day: str,
    rows: list[dict],
    *,
    nature: str = "real",
    edition: str = "cod2015",
    announced: int | None = None,
    refused: int = 0,
) -> Path:
    """A snapshot with its papers below `root/<source>/<day>/`; returns its folder.

    `announced` and `refused` are the rows, and those of them that break a rule, as its papers say them.
    """
    folder = root / source / day
    folder.mkdir(parents=True)
    path = write(source, folder, rows)
    papers = {
        "source": source,
        "nature": nature,
        "title": "Dépôt fictif",
        "producer": "Test",
        "covers": "2016",
        "received": day,
        "sharing": "libre",
        "sensitivity": "public",
        "pcode_edition": edition,
        "files": [
            {
                "name": path.name,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                "rows": len(rows) if announced is None else announced,
                **({"refused": refused} if refused else {}),
            }
        ],
        "zero_means": "sans objet",
    }
    (folder / "source.yml").write_text(yaml.safe_dump(papers, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return folder


def new_project(root: Path) -> Project:
    """An empty project with the places and disclosure rules in force."""
    (root / "notebooks").mkdir(parents=True)
    (root / "params").mkdir()
    for name in ("places.yml", "disclosure.yml"):
        shutil.copy(PARAMS / name, root / "params" / name)
    return Project(root)


def monthly_table(folder: Path, organisation: str, numbers: dict[str, int | None]) -> Path:
    """What one organisation sends: new incidents of some months, in Gao."""
    header = ["Organisation", "Mois", "Région", "Statistique", "Modalité", "Effectif"]
    rows = [[organisation, month, "Gao", "new_incidents", "total", n] for month, n in numbers.items()]
    return write_xlsx(
        folder / f"{organisation}.xlsx", "Données", [dict(zip(header, r, strict=True)) for r in rows], header=header
    )


def snapshot_of(root: Path, source: str, rows: list[dict], *, day: str = "2017-01-05", **papers: object) -> Snapshot:
    """One snapshot in a project of its own below `root`."""
    project = Project(root)
    deposit(project.raw("real"), source, day, rows, **papers)
    return next(s for s in snapshots.received(project, "real") if s.source == source and s.received.isoformat() == day)


def decide(root: Path, name: str, text: str) -> None:
    """What somebody wrote into `params/<name>` of the project below `root`."""
    (root / "params").mkdir(exist_ok=True)
    (root / "params" / name).write_text(text, encoding="utf-8")


def part_of(root: Path, source: str, rows: list[dict], **papers: object) -> tuple[pd.DataFrame, Balance]:
    """The first canonical table that these rows give, and what became of every one of them."""
    snapshot = snapshot_of(root, source, rows, **papers)
    with connection() as con:
        made = build.part(con, snapshot)
        name, table = next(iter(made.tables.items()))
        return build.fetch(con, name, table), made.balance


def tables_of(root: Path, source: str, rows: list[dict], **papers: object) -> dict[str, pd.DataFrame]:
    """All canonical tables when these rows are everything that was received."""
    return build.build([snapshot_of(root, source, rows, **papers)])


_NO_ANSWER = {
    "commune_pcode": None,
    "original_type": None,
    "typology_version": None,
    "perpetrator_class": None,
    "population_group": None,
    **dict.fromkeys((*PEOPLE, "killed_people", "injured_people"), pd.NA),
    "is_referred": pd.NA,
}
_KINDS = {**dict.fromkeys((*PEOPLE, "killed_people", "injured_people"), "Int64"), "is_referred": "boolean"}


def incident_row(number: int, pcode: str, month: str, **answers: object) -> dict:
    """One canonical incident, without any answer but the obligatory ones."""
    return {
        "incident_id": f"INC-{number}",
        "month": month,
        "edition": "cod2015",
        "pcode": pcode,
        "incident_type": "theft",
        "category": "property",
        "entry_source": "documented",
        "verification_class": "unverified",
        **_NO_ANSWER,
        **answers,
    }


def coverage_row(
    pcode: str,
    month: str,
    *,
    covered: bool = True,
    has_rows: bool = True,
    communes: int = 3,
    edition: str = "cod2015",
) -> dict:
    """One cercle-month of monitoring coverage."""
    return {
        "month": month,
        "edition": edition,
        "pcode": pcode,
        "is_covered": covered,
        "has_rows": has_rows,
        "communes_followed": communes,
        "communes_covered": communes if covered else pd.NA,
        "monitors": 2,
    }


def canonical(
    incidents: Iterable[dict] = (),
    coverage: Iterable[dict] = (),
    counts: Iterable[dict] = (),
    services: Iterable[tuple[str, str, str]] = (),
) -> dict[str, pd.DataFrame]:
    """All canonical tables, checked against their contracts; those that are not given are empty."""
    tables = {name: empty(name) for name in CONTRACTS}
    incidents, coverage, counts, services = list(incidents), list(coverage), list(counts), list(services)
    if incidents:
        df = pd.DataFrame(incidents, columns=list(CONTRACTS["incidents"].columns), dtype=object).astype(_KINDS)
        tables["incidents"] = check("incidents", df)
    if coverage:
        kinds = {"is_covered": bool, "has_rows": bool} | dict.fromkeys(
            ("communes_followed", "communes_covered", "monitors"), "Int64"
        )
        tables["coverage"] = check("coverage", pd.DataFrame(coverage, dtype=object).astype(kinds))
    if counts:
        tables["incident_counts"] = check(
            "incident_counts", pd.DataFrame(counts, dtype=object).astype({"incidents": "Int64"})
        )
    if services:
        df = pd.DataFrame(services, columns=["incident_id", "service", "outcome"], dtype=object)
        tables["incident_services"] = check("incident_services", df)
    return tables


# GBV statistics that ask one question, and the column of the canonical incidents that answers it.
ONE_ANSWER = {
    "survivors_by_sex": "sex",
    "survivors_by_age": "age_band",
    "survivors_by_marital_status": "marital_status",
    "survivors_by_displacement_status": "displacement_status",
    "survivors_by_displacement_stage": "displacement_stage",
    "incidents_by_type": "gbv_type",
    "incidents_by_time_of_day": "time_of_day",
    "incidents_by_delay": "delay",
    "incidents_by_place_type": "place_type",
    "perpetrators_by_number": "perpetrator_number",
    "perpetrators_by_relationship": "perpetrator_relationship",
    "perpetrators_by_age": "perpetrator_age",
    "perpetrators_by_occupation": "perpetrator_occupation",
}
