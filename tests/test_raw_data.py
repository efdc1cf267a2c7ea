"""The real files as received: their bytes, their printed values, and the sums that anyone can check by hand."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from incidents import PARAMS, ROOT, SHARED

from veille.disclosure.derive import whole_percent
from veille.indicators.count import cubes
from veille.project import Project
from veille.sources import registry, snapshots
from veille.sources.reading import connection
from veille.tables.build import build

REAL = {s.source: s for s in snapshots.received(Project(ROOT), "real")}
DISPLACEMENT = SHARED / "data" / "displacement"
SEEDS = SHARED / "seeds"


def text_of(source: str) -> str:
    (file,) = REAL[source].files
    return file.path.read_text(encoding="utf-8")


def rows_of(source: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text_of(source).splitlines()))


def needs(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.relative_to(SHARED.parent)} is not on this machine: its files are never committed")


@pytest.fixture(scope="module")
def tables():
    return build(list(REAL.values()))


@pytest.fixture(scope="module")
def counted(tables):
    df = cubes(tables, PARAMS)
    return {(r.key, r.place, r.period): int(r.value) for r in df.itertuples()}


# --- papers -----------------------------------------------------------------------------------------------------


def test_four_real_sources_were_received():
    assert {source: sum(f.rows for f in s.files) for source, s in REAL.items()} == {
        "amss_incidents": 44,
        "gbv_published": 10,
        "reference_figures": 62,
        "unhcr_idps": 20,
    }


@pytest.mark.parametrize("source", sorted(REAL))
def test_a_real_file_has_the_bytes_and_the_rows_that_were_received(source):
    snapshots.verify(REAL[source])
    with connection() as con:
        assert registry.read(con, REAL[source]).kept == sum(f.rows for f in REAL[source].files)


@pytest.mark.parametrize("source", sorted(REAL))
def test_a_real_folder_holds_its_papers_and_the_files_that_they_name_and_nothing_else(source):
    folder = REAL[source].files[0].path.parent
    assert {p.name for p in folder.iterdir()} == {"source.yml", *(f.path.name for f in REAL[source].files)}


# --- AMSS / UNHCR monthly monitoring reports, August, October and November 2016 -----------------------------------


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("2016-10,N°004,Tombouctou,Gourma-Rharous,05,34,31%,110,", id="05"),
        pytest.param("2016-10,N°004,Tombouctou,Diré,00,34,31%,110,", id="00-is-a-printed-zero"),
        pytest.param('2016-10,N°004,Ménaka,Ménaka,03,03,"2,5%",110,', id="2,5%"),
        pytest.param('2016-11,N°005,Tombouctou,Tombouctou,09,32,"26,5",120,', id="26,5-without-its-sign"),
        pytest.param("2016-08,N°002,Tombouctou,Niafounké,8,23,16%,140,", id="the-report-s-own-spelling"),
    ],
)
def test_printed_values_are_typed_as_printed(line):
    assert sum(found.startswith(line) for found in text_of("amss_incidents").splitlines()) == 1


def test_the_three_months_have_the_totals_that_were_printed():
    months = defaultdict(int)
    for row in rows_of("amss_incidents"):
        months[row["month"]] += int(row["incidents"])
    assert months == {"2016-08": 140, "2016-10": 110, "2016-11": 120}


@pytest.mark.parametrize(
    ("month", "regions"),
    [
        pytest.param("2016-08", {"Tombouctou": 23, "Gao": 79, "Ménaka": 13, "Kidal": 1, "Mopti": 24}, id="August"),
        pytest.param("2016-10", {"Tombouctou": 34, "Gao": 64, "Ménaka": 3, "Kidal": 2, "Mopti": 7}, id="October"),
        pytest.param("2016-11", {"Tombouctou": 32, "Gao": 56, "Ménaka": 8, "Kidal": 7, "Mopti": 17}, id="November"),
    ],
)
def test_every_region_is_the_sum_of_its_cercles(counted, month, regions):
    codes = {"Gao": "ML07", "Ménaka": "ML10", "Tombouctou": "ML06", "Mopti": "ML05", "Kidal": "ML08"}
    assert {name: counted["protection_incidents", f"cod2021:{codes[name]}", month] for name in regions} == regions
    assert counted["protection_incidents", "mali", month] == sum(regions.values())


def test_the_gao_zone_of_october_2016_is_67_of_110_that_is_61_percent(counted):
    cercles = {"ML0701": 34, "ML0703": 3, "ML0702": 27, "ML0704": 3}  # Gao, Bourem, Ansongo, Ménaka in cod2015
    for code, printed in cercles.items():
        assert counted["protection_incidents", f"cod2015:{code}", "2016-10"] == printed
    assert counted["protection_incidents", "gao", "2016-10"] == 67
    assert counted["protection_incidents", "mali", "2016-10"] == 110
    assert whole_percent(67, 110) == "61"


def test_a_printed_00_is_zero_and_a_cercle_that_is_not_printed_is_nothing(counted):
    assert counted["protection_incidents", "cod2015:ML0602", "2016-10"] == 0  # Diré: 00
    assert counted["protection_incidents", "cod2015:ML0804", "2016-11"] == 0  # Tessalit: 00
    assert ("protection_incidents", "cod2015:ML0804", "2016-08") not in counted  # Tessalit is not in August's table
    assert ("protection_incidents", "cod2015:ML0502", "2016-10") not in counted  # nor Bandiagara in October's
    assert ("protection_incidents", "mali", "2016-09") not in counted  # September was not kept: its sums disagree


def test_a_printed_table_gives_no_breakdown_and_nothing_verified(tables):
    df = cubes(tables, PARAMS)
    incidents = df[df["key"].str.startswith("protection_incidents")]
    assert set(incidents["key"]) == {"protection_incidents"}
    assert set(incidents["status"]) == {"unverified"}


# --- displaced people ---------------------------------------------------------------------------------------------


def test_regional_numbers_of_displaced_people_add_up_to_the_country(counted):
    years = defaultdict(int)
    for row in rows_of("unhcr_idps"):
        years[row["reference_date"]] += int(row["people"])
    assert years == {"2016-12-31": 36690, "2017-12-31": 38172}
    assert counted["idps_people", "mali", "2016-12-31"] == 36690
    assert counted["idps_people", "mali", "2017-12-31"] == 38172
    assert counted["idps_people", "gao", "2017-12-31"] == 7978 + 7291  # Gao and Ménaka


def test_names_with_broken_letters_are_typed_as_published():
    assert "2017-12-31,IDP,Kayes : R+¬gion,14" in text_of("unhcr_idps")
    assert "2016-12-31,IDP,Segou,1818" in text_of("unhcr_idps")


def test_the_end_of_2017_agrees_with_idmc():
    needs(DISPLACEMENT)
    with open(DISPLACEMENT / "idmc_gidd_conflict_mli_2012_2024.csv", encoding="utf-8", newline="") as file:
        idmc = {row["year"]: row["total_displacement"] for row in csv.DictReader(file)}
    assert int(idmc["2017"]) == 38172


def test_every_regional_number_is_the_one_in_unhcr_s_own_file():
    needs(DISPLACEMENT)
    with open(DISPLACEMENT / "unhcr_demographics_mli_to2018.csv", encoding="utf-8", newline="") as file:
        theirs = Counter(
            (f"{row['year']}-12-31", row["location"], int(row["total"]))
            for row in csv.DictReader(file)
            if row["coa"] == "MLI" and row["pop_type"] == "IDP" and row["year"] in ("2016", "2017")
        )
    ours = Counter((row["reference_date"], row["location"], int(row["people"])) for row in rows_of("unhcr_idps"))
    assert ours == theirs


# --- gender-based violence ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "indicator", "value"),
    [
        pytest.param("2015-01-01", "2015-12-31", "gbv_cases_reported", 1462, id="2015"),
        pytest.param("2016-01-01", "2016-12-31", "gbv_cases_reported", 2164, id="2016"),
        pytest.param("2017-01-01", "2017-12-31", "gbv_cases_reported", 2882, id="2017"),
        pytest.param("2017-01-01", "2017-03-31", "gbv_cases_reported_gbvims", 758, id="first-quarter-of-2017"),
    ],
)
def test_published_totals_of_reported_cases_are_kept(start, end, indicator, value):
    found = [r for r in rows_of("gbv_published") if (r["period_start"], r["period_end"], r["indicator"]) == (start, end, indicator)]  # fmt: skip
    assert [int(r["value"]) for r in found] == [value]


def test_the_published_totals_agree_with_each_other():
    assert 9943 + 2882 == 12825  # 2012-2016 and 2017 are 2012-2017
    assert {int(r["value"]) for r in rows_of("gbv_published")} >= {9943, 2882, 12825}
    assert whole_percent(2882 - 2164, 2164) == "33"  # the rise that the bulletin prints


# --- figures printed in the seeds -----------------------------------------------------------------------------------

FIGURES = yaml.safe_load(text_of("reference_figures"))


def test_all_figures_and_all_inconsistencies_are_kept():
    assert len(FIGURES["figures"]) == 62
    assert len({f["id"] for f in FIGURES["figures"]}) == 62
    assert len(FIGURES["inconsistencies"]) == 17


@pytest.mark.parametrize("figure", FIGURES["figures"], ids=lambda f: f["id"])
def test_a_figure_has_its_literal_text_in_the_document_that_it_names(figure):
    needs(SEEDS)
    (seed,) = SEEDS.glob(f"{figure['document'][1:]}_*.txt")
    assert figure["printed"] in seed.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("figure_id", "value"),
    [
        pytest.param("incidents-2016-s2", 650, id="incidents-of-the-second-half-of-2016"),
        pytest.param("gbv-cases-2016", 2164, id="reported-gbv-cases-of-2016"),
        pytest.param("access-constraints-2016", 68, id="access-constraints"),
        pytest.param("protection-actors-2016", 66, id="protection-actors"),
    ],
)
def test_known_figures_have_their_values(figure_id, value):
    by_id = {f["id"]: f["value"] for f in FIGURES["figures"]}
    assert Decimal(str(by_id[figure_id])) == value


def test_the_two_sources_of_the_2016_total_agree():
    (figure,) = [f for f in FIGURES["figures"] if f["id"] == "gbv-cases-2016"]
    (row,) = [r for r in rows_of("gbv_published") if r["period_start"] == "2016-01-01"]
    assert int(row["value"]) == figure["value"] == 2164


def test_no_information_is_not_zero(tables):
    figures = tables["published_figures"]
    blank = figures[figures["value"].isna()]
    assert {f["id"] for f in FIGURES["figures"] if f["value"] is None} == set(blank["figure_id"])
    assert not (figures["value"] == 0).any()
