"""The example data: calibrated on printed figures, messy as real exports are, the same bytes everywhere."""

from __future__ import annotations

import csv
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
import yaml
from python_calamine import CalamineWorkbook, SheetVisibleEnum

from veille import example, places
from veille.codes import code_list, from_form, mapping
from veille.example import calibration, fivew, kobo_incidents
from veille.example import snapshots as written
from veille.places import Place
from veille.project import Project
from veille.sources import snapshots
from veille.sources.reading import connection
from veille.tables import build

ROOT = Path(__file__).resolve().parents[1]
LAST = "2018-01-05"
GAO_ZONE = ("Gao", "Ansongo", "Bourem", "Ménaka")
# AMSS/UNHCR monthly reports no 2 to 5, typed from the printed tables.
PRINTED = {
    "2016-08": {
        "Tombouctou": 5,
        "Gourma-Rharous": 2,
        "Niafunké": 8,
        "Diré": 2,
        "Goundam": 6,
        "Gao": 30,
        "Bourem": 15,
        "Ansongo": 34,
        "Ménaka": 13,
        "Kidal": 1,
        "Douentza": 16,
        "Bandiagara": 1,
        "Ténenkou": 2,
        "Koro": 4,
        "Mopti": 1,
    },
    "2016-09": {
        "Tombouctou": 10,
        "Gourma-Rharous": 9,
        "Niafunké": 7,
        "Diré": 9,
        "Goundam": 6,
        "Gao": 17,
        "Bourem": 11,
        "Ansongo": 11,
        "Ménaka": 2,
        "Kidal": 7,
        "Tessalit": 1,
        "Douentza": 1,
        "Mopti": 2,
    },
    "2016-10": {
        "Tombouctou": 12,
        "Gourma-Rharous": 5,
        "Niafunké": 8,
        "Goundam": 9,
        "Gao": 34,
        "Bourem": 3,
        "Ansongo": 27,
        "Ménaka": 3,
        "Kidal": 2,
        "Douentza": 5,
        "Koro": 1,
        "Mopti": 1,
    },
    "2016-11": {
        "Tombouctou": 9,
        "Gourma-Rharous": 6,
        "Niafunké": 6,
        "Diré": 1,
        "Goundam": 10,
        "Gao": 22,
        "Bourem": 6,
        "Ansongo": 28,
        "Ménaka": 8,
        "Kidal": 7,
        "Douentza": 6,
        "Mopti": 11,
    },
}


@pytest.fixture(scope="module")
def made(tmp_path_factory, shared, real, example) -> dict[str, Path]:
    """The example made twice, by two processes that differ in hash seed, time zone and locale: the one that the reports
    were built on, in the environment of these tests, and another."""
    folder = tmp_path_factory.mktemp("example") / "example"
    code = "import sys, pathlib, veille.example as e; e.generate(pathlib.Path(sys.argv[1]))"
    env = {"PYTHONHASHSEED": "77", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
    subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")} | env,
        check=True,
        timeout=60,
    )
    return {"one": shared / "data" / "example", "two": folder}


@pytest.fixture(scope="module")
def root(made) -> Path:
    return made["one"]


@cache
def sheet(path: Path, name: str) -> tuple[dict, ...]:
    header, *rows = CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()
    return tuple(dict(zip(header, row, strict=True)) for row in rows)


def kobo(root: Path, received: str = LAST) -> tuple[dict, ...]:
    return sheet(root / "kobo_incidents" / received / "EXEMPLE_monitoring_protection.xlsx", kobo_incidents.SHEET)


def stocks(root: Path, received: str = "2018-01-12") -> tuple[dict, ...]:
    return sheet(root / "dtm_stocks" / received / "EXEMPLE_DTM_stocks.xlsx", "Stocks")


def table(root: Path, reader: str, file: str, received: str = LAST) -> list[dict]:
    with open(root / reader / received / file, encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened, delimiter=";"))


def coverage(root: Path, received: str = LAST) -> list[dict]:
    return table(root, "monitoring_coverage", "EXEMPLE_couverture_monitoring.csv", received)


def test_every_example_file_is_read_whole_with_no_row_refused_and_no_cell_set_aside(root, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "example").symlink_to(root)
    last = snapshots.newest(Project(tmp_path), "example", None)
    assert {s.stream for s in last} == {p.name for p in root.iterdir() if p.is_dir()}
    for snapshot in (s for s in last if not s.partner):  # tests/test_example_gbv.py reads those of the partners
        with connection() as con:
            balance = build.part(con, snapshot).balance
        assert balance.kept and not balance.refused and not balance.set_aside, snapshot.label


def activities(root: Path, received: str = LAST) -> tuple[list[str], list[str], list[list[str]]]:
    with open(root / "fivew" / received / "EXEMPLE_5W_protection.csv", encoding="utf-8", newline="") as opened:
        header, hxl, *rows = csv.reader(opened)
    return header, hxl, rows


def cercle_of(row: dict) -> Place:
    return places.resolve(row["lieu/cercle"], "cod2015", 2)


def commune_of(row: dict) -> Place:
    return places.resolve(row["lieu/commune"], "cod2015", 3, within=cercle_of(row))


def counted(rows: tuple[dict, ...]) -> list[dict]:
    """The row that stands for each incident that counts: documented before flash, then the latest."""
    final: dict[str, dict] = {}
    for row in sorted(rows, key=lambda r: r["_submission_time"]):
        if row["_validation_status"] == "validation_status_not_approved":
            continue
        before = final.get(row["identification/id_incident"])
        if (
            before
            and before["identification/type_rapport"] == "documente"
            and row["identification/type_rapport"] == "flash"
        ):
            continue
        final[row["identification/id_incident"]] = row
    return [row for row in final.values() if row["verification/statut_verification"] not in ("infirme", "rejete")]


def month_of(row: dict) -> str:
    return row["incident/date_incident"][:7]


def by_cercle(rows, month: str) -> dict[str, int]:
    return dict(Counter(places.name_of(cercle_of(row)) for row in rows if month_of(row) == month))


def zone_of(row: dict) -> str:
    return next(z for z, cercles in calibration.ZONES.items() if cercle_of(row).pcode in cercles)


# --- calibration


@pytest.mark.parametrize("month", PRINTED)
def test_four_months_of_2016_are_those_printed_by_cercle(root, month):
    assert by_cercle(counted(kobo(root)), month) == PRINTED[month]


def test_second_half_of_2016_is_the_strategys_650_incidents_in_53_communes(root):
    rows = [row for row in counted(kobo(root)) if month_of(row) < "2017"]
    assert len(rows) == 650
    assert Counter(map(zone_of, rows)) == {"gao": 364, "tombouctou": 189, "mopti": 78, "kidal": 19}
    assert sum(month_of(row) in ("2016-07", "2016-12") for row in rows) == 187
    assert len({commune_of(row) for row in rows}) == 53


def test_may_and_june_2017_in_the_zone_of_gao(root):
    rows = [row for row in counted(kobo(root)) if zone_of(row) == "gao"]
    assert by_cercle(rows, "2017-05") == {"Gao": 31, "Ansongo": 24, "Bourem": 6, "Ménaka": 9}
    assert by_cercle(rows, "2017-06") == {"Gao": 28, "Ansongo": 22, "Bourem": 4, "Ménaka": 8}


def test_2017_stays_plausible_and_mopti_rises(root):
    found = Counter((zone_of(row), month_of(row)) for row in counted(kobo(root)) if month_of(row) >= "2017")
    bounds = {"gao": (41, 92), "tombouctou": (18, 45), "mopti": (7, 40), "kidal": (1, 9)}
    assert all(bounds[zone][0] <= n <= bounds[zone][1] for (zone, _), n in found.items())
    assert found["mopti", "2017-12"] > 3 * found["mopti", "2017-01"]


def test_property_comes_first_and_about_84_percent_are_verified(root):
    rows = counted(kobo(root))
    category = mapping("incident_type", "category")
    kinds = [from_form("incident_type")[row["incident/type_incident"]] for row in rows]
    shares = {c: n / len(rows) for c, n in Counter(category[k] for k in kinds).items()}
    assert shares["property"] > 0.5 and sorted(shares, key=shares.get)[-2] == "integrity"
    assert {"life", "liberty", "services", "movement"} <= set(shares)
    assert 10 <= sum(k in mapping("incident_type", "gbv") for k in kinds) <= 150
    assert {"rape", "sexual_assault", "forced_marriage", "forced_recruitment"} <= set(kinds)
    status = Counter(row["verification/statut_verification"] for row in rows)
    assert 0.82 <= status["verifie"] / len(rows) <= 0.86
    assert 0.025 <= status[""] / len(rows) <= 0.055


def test_coverage_of_may_and_june_2017_in_the_zone_of_gao(root):
    def zone(month):
        rows = [r for r in coverage(root) if r["mois"] == month and r["cercle"] in GAO_ZONE]
        return [sum(int(r[c]) for r in rows) for c in ("communes_couvertes", "communes_suivies")]

    assert (zone("2017-05"), zone("2017-06")) == ([23, 23], [20, 23])


def test_displaced_people_as_printed(root):
    def displaced(day, cercles=None):
        return sum(
            r["Individus"]
            for r in stocks(root)
            if r["Date de référence"] == day
            and r["Type de mouvement"] == "pdi"
            and (not cercles or r["Code cercle"] in cercles)
        )

    assert displaced(date(2016, 12, 31)) == 36_690
    assert displaced(date(2017, 12, 31)) == 38_172
    assert displaced(date(2017, 5, 31), calibration.ZONES["gao"]) == 15_269


# --- incidents


def test_incidents_happen_only_where_monitors_were_and_in_no_more_communes_than_they_covered(root):
    reach = {(r["mois"], places.resolve(r["cercle"], "cod2015", 2)): r["communes_couvertes"] for r in coverage(root)}
    communes = defaultdict(set)
    for row in kobo(root):
        communes[month_of(row), cercle_of(row)].add(commune_of(row))
    assert all(len(found) <= int(reach[where]) for where, found in communes.items())


@pytest.mark.parametrize("received", ["2017-01-05", "2017-07-05", LAST])
def test_a_snapshot_holds_exactly_what_was_submitted_before_its_day(root, received):
    before = {row["_uuid"] for row in kobo(root) if row["_submission_time"] < received}
    assert {row["_uuid"] for row in kobo(root, received)} == before


def test_columns_are_those_of_the_form_and_values_are_text_as_kobo_writes_them(root):
    row = kobo(root)[0]
    assert tuple(row) == kobo_incidents.COLUMNS
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+00:00", row["start"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row["_submission_time"])
    assert all(r["start"][:19] < r["end"][:19] <= r["_submission_time"] for r in kobo(root))
    assert all(r["incident/date_incident"] <= r["incident/date_collecte"] <= r["start"] for r in kobo(root))
    assert [r["_index"] for r in kobo(root)] == list(range(1, len(kobo(root)) + 1))


def test_most_first_reports_come_within_ten_days_and_a_few_much_later(root):
    first: dict[str, int] = {}
    for row in kobo(root):
        days = (
            datetime.fromisoformat(row["_submission_time"]).date() - date.fromisoformat(row["incident/date_incident"])
        ).days
        first[row["identification/id_incident"]] = min(days, first.get(row["identification/id_incident"], 999))
    late = [days for days in first.values() if days > 10]
    assert 0.04 <= len(late) / len(first) <= 0.08
    assert min(late) >= 20 and max(late) <= 75


def test_a_flash_report_documented_later_keeps_its_incident_id(root):
    entries = defaultdict(dict)
    for row in kobo(root):
        entries[row["identification/id_incident"]][row["_uuid"]] = row["identification/type_rapport"]
    kinds = [set(found.values()) for found in entries.values()]
    assert 0.09 <= sum(k == {"flash", "documente"} for k in kinds) / len(kinds) <= 0.15
    assert sum(k == {"flash"} for k in kinds) > 20
    flash = [row for row in kobo(root) if row["identification/type_rapport"] == "flash"]
    assert {row["verification/statut_verification"] for row in flash} == {"non_verifie"}


def test_exact_copies_differ_only_by_their_index(root):
    seen = defaultdict(list)
    for row in kobo(root):
        seen[row["_uuid"]].append({k: v for k, v in row.items() if k != "_index"})
    copied = [rows for rows in seen.values() if len(rows) > 1]
    assert 0.01 <= len(copied) / len(seen) <= 0.02
    assert all(rows[0] == other for rows in copied for other in rows[1:])


def test_some_reports_must_not_count(root):
    rows = kobo(root)
    assert {"infirme", "rejete"} <= {row["verification/statut_verification"] for row in rows}
    assert {row["_validation_status"] for row in rows} == {
        "",
        "validation_status_approved",
        "validation_status_not_approved",
    }
    assert len({row["identification/id_incident"] for row in rows}) > len(counted(rows)) + 20


def test_victims_are_consistent_and_sometimes_not_collected(root):
    names = [f"victimes/{v}" for v in ("femmes", "hommes", "filles", "garcons", "tues", "blesses")]
    given = [[row[name] for name in names] for row in kobo(root)]
    assert any(values == [""] * 6 for values in given)
    whole = [values for values in given if "" not in values]
    assert all(values[4] + values[5] <= sum(values[:4]) for values in whole)
    assert all(sum(values[:4]) > 0 for values in whole)


@pytest.mark.parametrize(
    ("column", "codes"),
    [
        ("incident/type_incident", "incident_type"),
        ("incident/auteur_presume", "perpetrator"),
        ("incident/population_affectee", "population_group"),
        ("verification/statut_verification", "verification"),
        ("identification/type_rapport", "entry_source"),
        ("suivi/services_referes", "service"),
        ("suivi/services_assistes", "service"),
    ],
)
def test_codes_are_those_of_the_form(root, column, codes):
    used = {code for row in kobo(root) for code in row[column].split()}
    assert used and used <= set(from_form(codes))


def test_identifying_columns_hold_canaries_and_no_other_column_does(root):
    identifying = {
        "lieu/localite",
        "recit/description",
        "recit/source_information",
        "deviceid",
        "_submitted_by",
    }
    for row in kobo(root):
        assert all(row[column].startswith("CANARI-") for column in identifying)
        assert not any("CANARI" in str(v) for c, v in row.items() if c not in identifying | {"_notes"})


# --- places


def test_every_typed_place_resolves(root):
    rows = kobo(root)
    assert all(commune_of(row) for row in rows)
    assert {row["lieu/region"] for row in rows} == {"gao", "menaka", "tombouctou", "mopti", "kidal"}
    for row in rows:
        parent = {"gao": "ML07", "menaka": "ML07", "tombouctou": "ML06", "mopti": "ML05", "kidal": "ML08"}[
            row["lieu/region"]
        ]
        assert Place("cod2015", parent) in places.ancestors(cercle_of(row))
        assert (row["lieu/region"] == "menaka") == (cercle_of(row).pcode == "ML0704")
    assert len({row["lieu/cercle"] for row in rows}) > 30, "some spellings differ"


def test_two_communes_that_share_a_name_are_told_apart_by_their_cercle(root):
    for name, pcodes in {"Bamba": {"ML050701", "ML070301"}, "Tilemsi": {"ML060314", "ML070107"}}.items():
        assert places.resolve(name, "cod2015", 3) is None
        assert {commune_of(r).pcode for r in kobo(root) if places.fold(r["lieu/commune"]) == name.lower()} == pcodes


def test_places_of_the_other_sources_are_known(root):
    assert all(places.resolve(r["cercle"], "cod2015", 2) for r in coverage(root))
    assert all(places.resolve(r["cercle"], "cod2015", 2) for r in table(root, "alerts", "EXEMPLE_alertes.csv"))
    for row in stocks(root):
        cercle = Place("cod2015", row["Code cercle"])
        assert places.resolve(row["Cercle"], "cod2015", 2) == cercle
        assert places.ancestors(cercle)[0].pcode == row["Code région"]
        assert (
            places.resolve(row["Région"], "cod2015", 1) or places.resolve(row["Région"], "cod2021", 1).pcode == "ML10"
        )
    for row in activities(root)[2]:
        commune = Place("cod2015", row[9])
        assert (row[10], row[7], row[5]) == (
            places.name_of(commune),
            *(p.pcode for p in places.ancestors(commune)),
        )


def test_zones_are_the_reporting_areas():
    for zone, cercles in calibration.ZONES.items():
        assert set(cercles) == {c.pcode for c in places.area(zone, ROOT / "params").cercles}


# --- the other sources


def test_coverage_has_every_cercle_and_month_blank_where_nobody_monitored(root):
    rows = coverage(root)
    assert len(rows) == 21 * 18 and len(coverage(root, "2017-01-05")) == 21 * 6
    assert all((r["communes_couvertes"] == "") == (r["moniteurs"] == "") for r in rows)
    assert all(0 < int(r["communes_couvertes"]) <= int(r["communes_suivies"]) for r in rows if r["communes_couvertes"])
    kidal = defaultdict(list)
    for r in rows:
        if r["region"] == "Kidal":
            kidal[r["mois"]].append(r["communes_couvertes"])
    assert sum(set(found) == {""} for found in kidal.values()) >= 3
    monitors = Counter()
    for r in rows:
        monitors[r["mois"]] += int(r["moniteurs"] or 0)
    assert 35 <= min(monitors.values()) and max(monitors.values()) <= 57


def test_stocks_are_on_a_named_visible_sheet_beside_a_hidden_draft(root):
    book = CalamineWorkbook.from_path(root / "dtm_stocks" / "2018-01-12" / "EXEMPLE_DTM_stocks.xlsx")
    assert book.sheet_names == ["Lisez-moi", "Stocks", "Brouillon"]
    assert [s.visible == SheetVisibleEnum.Visible for s in book.sheets_metadata] == [True, True, False]
    rows = stocks(root)
    assert {r["Type de mouvement"] for r in rows} == set(from_form("movement_type"))
    assert all(r["Individus"] >= r["Ménages"] for r in rows)
    split = ("Femmes", "Hommes", "Filles", "Garçons")
    assert all(sum(r[c] for c in split) == r["Individus"] for r in rows if r["Femmes"] != "")
    assert any(r["Femmes"] == "" for r in rows)
    assert max(r["Date de référence"] for r in stocks(root, "2017-06-12")) == date(2017, 5, 31)
    assert len({(r["Round"], r["Code cercle"], r["Type de mouvement"]) for r in rows}) == len(rows)
    assert len({r["Code cercle"] for r in rows if r["Round"] == 40}) < len({r["Code cercle"] for r in rows})


def test_5w_has_the_two_headers_of_the_public_table_and_invented_organisations(root):
    header, hxl, rows = activities(root)
    assert (header, hxl, len(header), len(hxl)) == (fivew.HEADER, fivew.HXL, 40, 40)
    assert 250 <= len(rows) <= 400
    assert all(re.fullmatch(r"ORG-\d\d", r[0]) and r[1] == f"Organisation d’exemple {r[0][4:]}" for r in rows)
    assert {r[2] for r in rows} == {"ONG Int", "ONG Nat", "Agence UN"}
    assert {r[12] for r in rows} <= {entry["sector"] for entry in code_list("subsector").values()}
    spans = [tuple(datetime.strptime(r[c], "%d/%m/%Y").date() for c in (15, 16)) for r in rows]
    assert all(date(2016, 7, 1) <= start < end <= date(2018, 6, 30) for start, end in spans)
    assert len(set(map(tuple, rows))) < len(rows), "a few rows are sent twice"
    assert any("financement" in r[39] for r in rows) and {r[29] == "" for r in rows} == {True, False}
    assert len({r[9] for r in rows if r[7] in calibration.ZONES["gao"]}) < 23
    assert len(activities(root, "2017-01-05")[2]) < len(rows)


def test_recommendations_are_prose_without_figures_and_move_on_between_snapshots(root):
    rows = table(root, "recommendations", "EXEMPLE_recommandations.csv")
    assert not any(re.search(r"\d", r["texte"] + r["suite"]) for r in rows)
    assert {r["statut"] for r in rows} <= set(from_form("recommendation_status"))
    assert {r["destinataire"] for r in rows} <= set(from_form("recipient"))
    assert all((r["statut"] == "ouverte") == (r["suite"] == "") == (r["date_suite"] == "") for r in rows)
    per_quarter = Counter((r["zone"], r["date_emise"][:4], (int(r["date_emise"][5:7]) - 1) // 3) for r in rows)
    assert len(per_quarter) == 5 * 6 and set(per_quarter.values()) <= {3, 4, 5}
    then = {
        r["reco_id"]: r["statut"] for r in table(root, "recommendations", "EXEMPLE_recommandations.csv", "2017-04-05")
    }
    now = {r["reco_id"]: r["statut"] for r in rows}
    assert set(then) < set(now) and any(then[i] != now[i] for i in then)


def test_alerts_are_three_to_nine_a_month_in_known_codes(root):
    rows = table(root, "alerts", "EXEMPLE_alertes.csv")
    per_month = Counter(r["emise_le"][:7] for r in rows)
    assert len(per_month) == 18 and all(3 <= n <= 9 for n in per_month.values())
    for column, codes in {
        "nature": "alert_nature",
        "verification": "verification",
        "destinataire": "recipient",
    }.items():
        assert {r[column] for r in rows} <= set(from_form(codes))
    assert {r["suite"] for r in rows} == {"", "sans_suite", "evaluation", "reponse", "plaidoyer"}
    assert all((r["suite"] == "") == (r["suite_le"] == "") for r in rows)


# --- folders and papers


def test_every_snapshot_travels_with_its_papers(root):
    days = {reader.name: sorted(d.name for d in reader.iterdir()) for reader in root.iterdir() if reader.is_dir()}
    assert days == {s.stream: [day.isoformat() for day in s.received] for s in example.sources()}
    assert all(len(found) == 13 for name, found in days.items() if "." not in name)
    assert (days["dtm_stocks"][0], days["dtm_stocks"][-1]) == ("2017-01-12", "2018-01-12")
    for paper in root.glob("*/*/source.yml"):
        papers = yaml.safe_load(paper.read_text(encoding="utf-8"))
        partner = ["partner"] if "." in paper.parts[-3] else []
        assert list(papers) == [
            "source",
            *partner,
            "nature",
            "title",
            "producer",
            "covers",
            "received",
            "sharing",
            "sensitivity",
            "pcode_edition",
            "files",
            "zero_means",
        ]
        stream = ".".join(papers[name] for name in ("source", *partner))
        assert (stream, str(papers["received"])) == paper.parts[-3:-1]
        assert "données d’exemple, synthétiques" in papers["title"]
        (file,) = papers["files"]
        assert file["name"].startswith("EXEMPLE_")
        assert file["sha256"] == hashlib.sha256((paper.parent / file["name"]).read_bytes()).hexdigest()
    papers = yaml.safe_load((root / "kobo_incidents" / "2017-07-05" / "source.yml").read_text(encoding="utf-8"))
    assert papers["covers"] == "2016-07-01 to 2017-06-30"
    assert papers["files"][0]["rows"] == len(kobo(root, "2017-07-05"))


def test_two_runs_give_the_same_bytes_in_any_time_zone_locale_and_hash_seed(made):
    one, two = ({p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()} for root in made.values())
    assert (
        one == two and len(one) == sum(len(s.received) for s in example.sources()) * 2 + 2
    )  # the mark, the agreements


def test_it_is_current_until_the_code_changes_and_leaves_nothing_beside_it(made, monkeypatch):
    root = made["two"]
    assert example.is_current(root)
    assert [p.name for p in root.parent.iterdir()] == ["example"]
    monkeypatch.setattr(example, "digest", lambda: "0" * 64)
    assert not example.is_current(root)
    assert not example.is_current(root / "nowhere")


def test_a_run_that_is_stopped_leaves_the_former_example_alone(tmp_path, monkeypatch):
    root = tmp_path / "example"
    root.mkdir()
    (root / "former").touch()
    monkeypatch.setattr(written, "write_snapshot", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        example.generate(root)
    assert [p.name for p in tmp_path.iterdir()] == ["example"] and (root / "former").exists()
