"""The real files of ../shared/data, received: what they hold, what enters, and the answers that are known beforehand.

The files are read where they lie and never copied into the repository. Every test that needs one is skipped, with its
name, where it is missing; the faults that the files do not hold are tried on invented rows of the same format.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from incidents import (
    GOOD_ROWS,
    PARAMS,
    ROOT,
    SHARED,
    fivew_row,
    new_project,
    part_of,
    snapshot_of,
    tables_of,
    write_csv,
)

from veille import places, versions
from veille.errors import BadData, BadParameter
from veille.indicators.count import cubes
from veille.indicators.registry import MEASURES
from veille.places import Place
from veille.project import Project
from veille.sources.formats import declared
from veille.sources.receive import Receipt, receive, sort_out
from veille.sources.snapshots import Snapshot
from veille.tables import build

DATA = SHARED / "data"
DAY = date(2025, 7, 1)
MALI_5W = "presence/mali_5w_dec2023_protection_hxl.csv"
DRC_5W = "presence/drc_5w_may2025_protection_3provinces.csv"
IDMC = "displacement/idmc_gidd_conflict_mli_2012_2024.csv"
AMSS = "incidents/amss_unhcr_protection_monitoring_by_cercle_2016_TRANSCRIBED.csv"
UNHCR = ("demographics", "population", "solutions", "asylum_applications", "asylum_decisions")
POPULATION = tuple(f"population/population_mli_mli_pop_adm{level}_v2.csv" for level in range(3))

Tables = dict[str, pd.DataFrame]


def at(path: str) -> Path:
    """A file of ../shared/data; the test is skipped where it is missing."""
    found = DATA / path
    if not found.exists():
        pytest.skip(f"shared/data/{path} is not on this machine: it is never committed")
    return found


def rows_of(path: str) -> list[dict[str, str]]:
    """The records of a CSV as plain text."""
    with open(at(path), encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def unhcr(name: str) -> str:
    return f"displacement/unhcr_{name}_mli_to2018.csv"


def take(project: Project, source: str, *paths: str, **given: object) -> Receipt:
    return receive([at(p) for p in paths], source, DAY, project, producer="Test", **given)


@pytest.fixture(scope="module")
def received(tmp_path_factory) -> Callable[..., tuple[Receipt, Tables]]:
    """(source, paths) -> its receipt, and the tables of a project that holds nothing else; each received once."""
    done: dict[tuple, tuple[Receipt, Tables]] = {}

    def one(source: str, *paths: str, **given: object) -> tuple[Receipt, Tables]:
        if (source, paths) not in done:
            project = new_project(tmp_path_factory.mktemp("p") / "p")
            receipt = take(project, source, *paths, **given)
            done[source, paths] = receipt, build.build(list(versions.current(project, "real").snapshots))
        return done[source, paths]

    return one


def where(edition: str, pcode: str) -> Place | None:
    """The cercle of cod2015, of which areas are made, that a code of an edition counts in."""
    return places.reporting(Place(edition, pcode))


# --- joining by code alone ----------------------------------------------------------------------------------------

NAMES = {
    edition: {n.place.pcode: n.name for n in places.gazetteer().values() if (n.place.edition, n.level) == (edition, 2)}
    for edition in ("cod2015", "cod2018", "cod2021")
}
SHARED_CODES = sorted(NAMES["cod2015"].keys() & NAMES["cod2021"].keys())


def matrix(names: dict[str, str]) -> list[dict[str, str]]:
    """One activity per shared code, beside the name that is given for it."""
    return [fivew_row(Cercle=names[c], admin2Pcod=c, admin3Pcod="") for c in SHARED_CODES]


def test_the_same_string_in_two_editions_never_counts_in_the_same_place_unless_it_is_one(tmp_path):
    counted = {}
    for edition in ("cod2015", "cod2021"):
        df = tables_of(tmp_path / edition, "fivew", matrix(NAMES[edition]), edition=edition)["activities"]
        counted[edition] = {p: where(e, p) for e, p in zip(df["edition"], df["pcode"], strict=True)}
    assert len(SHARED_CODES) == 49 and all(sorted(c) == SHARED_CODES for c in counted.values())
    same = {c for c in SHARED_CODES if counted["cod2015"][c] == counted["cod2021"][c]}
    assert same == {c for c in SHARED_CODES if NAMES["cod2015"][c] == NAMES["cod2021"][c]} and len(same) == 8


@pytest.mark.full
@pytest.mark.parametrize(("edition", "other"), [("cod2015", "cod2021"), ("cod2021", "cod2015")])
def test_a_file_received_in_the_other_edition_is_refused_at_every_code_that_changed(tmp_path, edition, other):
    changed = [c for c in SHARED_CODES if NAMES["cod2015"][c] != NAMES["cod2021"][c]]
    with pytest.raises(BadData, match=rf"le code du cercle n’est pas celui de son nom \(édition {other}\), 41 lignes"):
        tables_of(tmp_path, "fivew", matrix(NAMES[edition]), edition=other)
    for n, code in enumerate(changed):
        with pytest.raises(BadData, match="le code du cercle n’est pas celui de son nom"):
            row = fivew_row(Cercle=NAMES[edition][code], admin2Pcod=code, admin3Pcod="")
            tables_of(tmp_path / str(n), "fivew", [row], edition=other)


@pytest.mark.parametrize("edition", ["cod2015", "cod2021"])
def test_a_number_is_counted_in_the_cercle_of_its_name_and_not_in_another_with_its_code(tmp_path, edition):
    """As many organisations as the rank of the code: the number printed for a cercle tells which code it came from."""
    when = {"Date début": "01/08/2016", "Date fin": "31/08/2016"}
    rows = [
        row | when | {"Organisation Accronyme": f"ORG-{n}"}
        for rank, row in enumerate(matrix(NAMES[edition]), 1)
        for n in range(rank)
    ]
    df = cubes(build.build([snapshot_of(tmp_path, "fivew", rows, edition=edition), a_month(tmp_path)]), PARAMS)
    df = df[(df["key"] == "organisations_present") & (df["level"] == "cercle")]
    found = {
        NAMES["cod2015"][place.removeprefix("cod2015:")]: n for place, n in zip(df["place"], df["value"], strict=True)
    }
    assert found == {NAMES[edition][code]: rank for rank, code in enumerate(SHARED_CODES, 1)}


def a_month(root: Path) -> Snapshot:
    """Months exist where monitoring was reported."""
    return snapshot_of(root, "monitoring_coverage", [GOOD_ROWS["monitoring_coverage"] | {"mois": "2016-08"}])


def test_no_declared_query_joins_places_by_their_code_alone():
    for measure in MEASURES:
        for line in measure.sql.splitlines():
            if "pcode = " in line:
                assert ".edition = " in line, measure.name
        assert "USING (pcode" not in measure.sql and "USING (commune_pcode" not in measure.sql


# --- who does what where: Mali, December 2023 ---------------------------------------------------------------------


@pytest.fixture
def mali(received):
    return received("fivew", MALI_5W, edition="cod2021")


def told() -> list[dict[str, str]]:
    """The 5,760 records below the HXL row."""
    tags, *records = rows_of(MALI_5W)
    assert tags["Cercle"] == "#adm2+name"
    return records


def test_5760_rows_are_read_and_5130_repeat_another_word_for_word(mali):
    records = told()
    assert len(records) == 5760
    assert len(records) - len({tuple(r.values()) for r in records}) == 5130
    balance = mali[0].balance
    assert balance.read == 5760 and balance.left_out["répétées mot pour mot"] == 5130
    assert balance.refused_rows == 0
    assert balance.read == balance.kept + sum(balance.left_out.values())
    assert balance.kept == len(mali[1]["activities"])


def test_every_cercle_of_the_matrix_is_the_one_of_its_code_in_2021(mali):
    df = mali[1]["activities"]
    assert set(df["edition"]) == {"cod2021"}
    assert set(df["pcode"]) == {r["admin2Pcod"] for r in told()} and df["pcode"].nunique() == 49
    for row in told():
        place = places.resolve(row["Cercle"], "cod2021", 2)
        assert place == Place("cod2021", row["admin2Pcod"])
        assert places.resolve(row["Region"], "cod2021", 1) == Place("cod2021", row["admin1Pcod"])


def test_organisations_and_places_of_the_matrix_are_those_that_enter(mali):
    df = mali[1]["activities"]
    pairs = {(r["Organisation Accronyme"], r["admin2Pcod"]) for r in told()}
    assert set(zip(df["organisation"], df["pcode"], strict=True)) == pairs
    assert df["organisation"].nunique() == 48


def test_a_commune_whose_code_lies_in_another_cercle_is_set_aside_and_its_row_stays(mali):
    """« Bamba » of Bourem carries the code of Bamba of Koro: a name that two cercles share."""
    astray = [n for n, r in enumerate(told(), 3) if r["admin3Pcod"] and not r["admin3Pcod"].startswith(r["admin2Pcod"])]
    assert len(astray) == 7
    (fault,) = mali[0].balance.set_aside
    assert (fault.count, list(fault.rows), fault.column) == (7, astray, "admin3Pcod")
    df = mali[1]["activities"]
    given = df["commune_pcode"].notna()
    assert all(c.startswith(p) for c, p in zip(df["commune_pcode"][given], df["pcode"][given], strict=True))
    kept = {r["admin3Pcod"] for n, r in enumerate(told(), 3) if n not in astray} - {""}
    assert set(df["commune_pcode"][given]) == kept


def test_a_matrix_that_names_the_cluster_only_does_not_say_which_group(mali):
    assert {r["Cluster"] for r in told()} == {"Protection"}
    assert set(mali[1]["activities"]["subsector"]) == {"unspecified"}


def test_beside_rows_that_name_a_group_protection_is_the_general_one(tmp_path):
    rows = [fivew_row(Cluster="Protection"), fivew_row(Cluster="Protection/VBG")]
    assert sorted(tables_of(tmp_path / "two", "fivew", rows)["activities"]["subsector"]) == [
        "gbv",
        "general_protection",
    ]
    assert tables_of(tmp_path / "one", "fivew", rows[:1])["activities"]["subsector"].tolist() == ["unspecified"]


def test_the_matrix_received_as_if_it_were_of_2015_is_refused_and_nothing_is_stored(tmp_path):
    project = new_project(tmp_path / "p")
    with pytest.raises(BadData, match="cod2015"):
        take(project, "fivew", MALI_5W)
    assert not list(project.raw("real").rglob("*"))


def test_what_is_stored_of_the_matrix_gives_the_same_balance_again(mali):
    receipt, _ = mali
    (snapshot,) = versions.current(Project(receipt.stored.parents[3]), "real").snapshots
    with build.connection() as con:
        assert build.part(con, snapshot).balance == receipt.balance
    stored = (receipt.stored / at(MALI_5W).name).read_text(encoding="utf-8")
    assert "Village" not in stored and "Remarques" not in stored


def test_a_row_said_twice_in_other_words_is_one_activity_and_counted_apart(tmp_path):
    rows = [fivew_row(**{"Project Title": title}) for title in ("a", "a", "b")]
    df, balance = part_of(tmp_path, "fivew", rows)
    assert len(df) == balance.kept == 1
    assert list(balance.left_out.values()) == [1, 1] and balance.left_out["répétées mot pour mot"] == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"Region": "Kidal"}, id="another-region"),
        pytest.param({"admin1Pcod": "ML08"}, id="the-code-of-another-region"),
        pytest.param({"admin2Pcod": "ML0702"}, id="the-code-of-another-cercle"),
    ],
)
def test_a_place_that_the_columns_of_a_row_do_not_agree_on_is_refused(tmp_path, change):
    with pytest.raises(BadData, match="n’est pas celui de|n’est pas celle du"):
        tables_of(tmp_path, "fivew", [fivew_row(**change)])


def test_a_commune_of_the_south_that_the_gazetteer_does_not_list_is_told_by_its_own_code(tmp_path):
    row = fivew_row(Cercle="Kayes", admin2Pcod="ML0101", admin3Pcod="ML010103")
    assert tables_of(tmp_path, "fivew", [row])["activities"]["commune_pcode"].tolist() == ["ML010103"]


# --- who does what where: DRC, May 2025 ---------------------------------------------------------------------------


@pytest.fixture
def drc(received):
    return received("fivew_drc", DRC_5W)


START, END = "DATE DEBUT", "DATE FIN"


def drc_row(**changes: str) -> dict[str, str]:
    """One invented row of the DRC matrix."""
    by_start = {c.header.split(" (")[0].split("/")[0]: c.header for c in declared("fivew_drc").columns}
    good = {
        "CLUSTER": "Protection: Violences basées sur le genre",
        START: "2025-01-15 00:00:00",
        END: "2025-12-15 00:00:00",
        "Province": "Ituri",
        "Code Province": "CD54",
        "Territoire": "Djugu",
        "Code Terrtoire": "CD5405",
        "Pcode ZS": "CD5405ZS04",
        "Acronyme": "ORG-A",
    }
    blank = {c.header: "" for c in declared("fivew_drc").columns}
    return blank | {by_start[k]: v for k, v in (good | changes).items()}


def test_475_rows_under_39_headers_of_several_lines_are_read(drc):
    records = rows_of(DRC_5W)
    assert len(records) == 475 and len(records[0]) == 39
    assert sum("\n" in header for header in records[0]) == 15
    balance = drc[0].balance
    assert balance.read == 475 and balance.refused == () and balance.set_aside == ()
    assert balance.kept == len(drc[1]["activities"])


def test_17_rows_of_the_extract_are_repetitions_and_one_more_without_its_comment(drc):
    """A comment is free text about people: it is not kept, so what is compared on both days is the rest of the row."""
    records = rows_of(DRC_5W)
    assert len(records) - len({tuple(r.values()) for r in records}) == 17
    without = [{k: v for k, v in r.items() if not k.startswith("COMMENTAIRE")} for r in records]
    repeated = len(records) - len({tuple(r.values()) for r in without})
    assert repeated == 18 == drc[0].balance.left_out["répétées mot pour mot"]


def test_the_extract_holds_no_hour_for_a_date_and_no_end_before_its_start():
    records = rows_of(DRC_5W)
    assert not any(r[START] == "00:00:00" or r[END] == "00:00:00" for r in records)
    assert not any(r[END] < r[START] for r in records)


def test_the_groups_of_the_drc_matrix_are_ours(drc):
    assert set(drc[1]["activities"]["subsector"]) == {
        "child_protection", "gbv", "general_protection", "housing_land_property", "mine_action",
    }  # fmt: skip


def test_an_hour_in_place_of_a_date_is_set_aside_and_its_row_stays(tmp_path):
    rows = [drc_row(Acronyme=f"ORG-{n}", **{START: "00:00:00"} if n < 3 else {}) for n in range(5)]
    df, balance = part_of(tmp_path, "fivew_drc", rows, edition="cod_drc2025")
    assert len(df) == balance.kept == 5 and df["start_date"].isna().sum() == 3 and df["end_date"].notna().all()
    (fault,) = balance.set_aside
    assert (fault.count, fault.rows, fault.column) == (3, (3, 4, 5), START)


def test_a_project_that_ends_before_it_starts_is_refused_and_the_others_count(tmp_path):
    rows = [drc_row(Acronyme=f"ORG-{n}") for n in range(10)]
    rows[4] = drc_row(Acronyme="ORG-4", **{END: "2024-12-31 00:00:00"})
    df, balance = part_of(tmp_path, "fivew_drc", rows, edition="cod_drc2025")
    (fault,) = balance.refused
    assert (fault.rule, fault.rows, balance.refused_rows) == ("la fin précède le début", (7,), 1)
    assert sorted(df["organisation"]) == [f"ORG-{n}" for n in range(10) if n != 4]


def test_repeated_rows_of_the_drc_matrix_are_counted(tmp_path):
    df, balance = part_of(tmp_path, "fivew_drc", [drc_row()] * 4, edition="cod_drc2025")
    assert len(df) == balance.kept == 1 and balance.left_out["répétées mot pour mot"] == 3


def test_the_places_of_the_drc_are_those_of_its_matrix_and_of_no_edition_of_mali(drc):
    records = rows_of(DRC_5W)
    for level, name, code in ((1, "Province", "Code Province"), (2, "Territoire", "Code Terrtoire")):
        given = {(r[code], r[name]) for r in records}
        known = {
            (n.place.pcode, n.name)
            for n in places.gazetteer().values()
            if (n.place.edition, n.level) == ("cod_drc2025", level)
        }
        assert given == known
    of_mali = {n.place.pcode for n in places.gazetteer().values() if n.place.edition != "cod_drc2025"}
    assert not of_mali & {c for r in records for c in (r["Code Province"], r["Code Terrtoire"], r["Pcode ZS"])}
    assert {p[:2] for p in of_mali} == {"ML"}


def test_no_area_of_mali_holds_a_place_of_the_drc():
    leaves = {(edition, code) for _, _, edition, code, _ in places.memberships(PARAMS)}
    assert {edition for edition, _ in leaves} == {"cod2015", "cod2018", "cod2021"}
    assert all(code.startswith("ML") for _, code in leaves)
    for named in places.gazetteer().values():
        if named.place.edition == "cod_drc2025":
            assert places.reporting(named.place) is None and not places.ground(named.place)


def test_the_drc_matrix_changes_no_number_of_mali(tmp_path, drc):
    """Beside a matrix of Mali with an activity that has no end, and one that has no dates at all."""
    rows = [
        fivew_row(),
        fivew_row(**{"Date fin": ""}),
        fivew_row(Cluster="Protection/LAMH", **{"Date début": "", "Date fin": ""}),
    ]
    months = [GOOD_ROWS["monitoring_coverage"] | {"mois": f"{year}-10"} for year in (2016, 2021, 2024)]
    tables = build.build(
        [snapshot_of(tmp_path, "fivew", rows), snapshot_of(tmp_path, "monitoring_coverage", months, day="2025-01-05")]
    )
    alone = cubes(tables, PARAMS)
    both = pd.concat([tables["activities"], drc[1]["activities"]], ignore_index=True)
    pd.testing.assert_frame_equal(cubes(tables | {"activities": both}, PARAMS), alone)
    assert (alone["key"] == "organisations_present").any()


# --- displaced people: UNHCR ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", UNHCR)
def test_a_table_of_unhcr_is_told_by_its_header(name):
    ((source, _, _),) = sort_out([at(unhcr(name))], "unhcr")
    assert source == f"unhcr_{name}"


@pytest.mark.parametrize(
    ("name", "read", "refused"),
    [
        pytest.param("demographics", 1631, 0, id="demographics"),
        pytest.param("population", 1061, 0, id="population"),
        pytest.param("solutions", 109, 0, id="solutions"),
        pytest.param("asylum_applications", 782, 0, id="applications"),
        pytest.param("asylum_decisions", 703, 1, id="decisions"),
    ],
)
def test_every_row_of_unhcr_is_kept_left_out_or_refused_for_a_reason(received, name, read, refused):
    balance = received("unhcr", unhcr(name))[0].balance
    assert (balance.read, balance.refused_rows) == (read, refused)
    assert balance.read == balance.kept + balance.refused_rows + sum(balance.left_out.values())


@pytest.fixture
def stocks(received) -> pd.DataFrame:
    return received("unhcr", unhcr("demographics"))[1]["movements"]


def idps_in_mali() -> list[dict[str, str]]:
    return [
        r
        for r in rows_of(unhcr("demographics"))
        if (r["coo_iso"], r["coa_iso"], r["pop_type"]) == ("MLI", "MLI", "IDP")
    ]


def test_region_idps_at_the_end_of_2017_sum_to_38172(stocks):
    at_the_end = stocks[stocks["reference_date"] == "2017-12-31"]
    assert len(at_the_end) == 10 and at_the_end["people"].sum() == 38172
    assert set(at_the_end["movement_type"]) == {"idp"}


def test_regions_sum_to_unhcr_s_own_total_of_each_year(stocks):
    totals = {r["year"]: int(r["idps"]) for r in rows_of(unhcr("population")) if r["coo_iso"] == r["coa_iso"] == "MLI"}
    sums = stocks.groupby("reference_date")["people"].sum()
    assert dict(sums) == {f"{y}-12-31": totals[y] for y in ("2014", "2015", "2016", "2017", "2018")}


def test_unhcr_and_idmc_agree_on_the_end_of_2017(received):
    population = received("unhcr", unhcr("population"))[1]["country_displacement"]
    idmc = received("idmc", IDMC)[1]["country_displacement"]
    for df, measure in ((population, "idps"), (idmc, "idmc_idps")):
        row = df[(df["measure"] == measure) & (df["reference_year"] == 2017)]
        assert row[["origin_iso3", "asylum_iso3", "unit", "value"]].values.tolist() == [["MLI", "MLI", "people", 38172]]


@pytest.mark.parametrize(
    ("year", "written", "place"),
    [
        pytest.param(2017, "Kayes : R+¬gion", Place("cod2021", "ML01"), id="broken-letters"),
        pytest.param(2017, "Menaka : Region", Place("cod2021", "ML10"), id="without-accent"),
        pytest.param(2016, "Segou", Place("cod2021", "ML04"), id="the-name-alone"),
        pytest.param(2017, "Bamako : District", Place("cod2021", "ML09"), id="a-district"),
        pytest.param(2016, "Gao : Region", Place("cod2021", "ML07"), id="Gao-without-Ménaka"),
        pytest.param(2014, "Gao : Region", Place("cod2015", "ML07"), id="Gao-with-Ménaka"),
    ],
)
def test_a_region_as_unhcr_writes_it_is_placed_with_its_number(stocks, year, written, place):
    (row,) = (r for r in idps_in_mali() if (r["year"], r["location"]) == (str(year), written))
    found = stocks[
        (stocks["reference_date"] == f"{year}-12-31")
        & (stocks["edition"] == place.edition)
        & (stocks["pcode"] == place.pcode)
    ]
    assert found["people"].tolist() == [int(row["total"])]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        pytest.param("MÃ©naka", "ML10", id="twice-encoded"),
        pytest.param("Timbuktu ", "ML06", id="in-English-with-a-space"),
        pytest.param("Koulikouro", "ML02", id="one-letter-more"),
        pytest.param("Kayes : R+¬gion", "ML01", id="broken-letters"),
    ],
)
def test_known_names_of_regions_are_resolved(tmp_path, written, code):
    rows = [unhcr_row(location=written)]
    assert tables_of(tmp_path, "unhcr_demographics", rows, edition="cod2021")["movements"]["pcode"].tolist() == [code]


def unhcr_row(**changes: str) -> dict[str, str]:
    """One invented row of UNHCR's demographics: displaced people in a region of Mali."""
    blank = {c.header: "0" for c in declared("unhcr_demographics").columns}
    good = {"year": "2017", "coo_iso": "MLI", "coa_iso": "MLI", "pop_type": "IDP", "location": "Gao : Region"}
    return blank | good | {"total": "100"} | changes


def test_nobody_but_displaced_people_in_a_region_of_mali_is_a_stock_of_ours(received, stocks):
    left = received("unhcr", unhcr("demographics"))[0].balance.left_out
    assert list(left.values()) == [992, 83, 506, 2] and len(stocks) == 48
    records = rows_of(unhcr("demographics"))
    assert sum(r["coa_iso"] != "MLI" for r in records) == 992
    assert sum(r["coa_iso"] == "MLI" and r["pop_type"] in ("RET", "RDP") for r in records) == 83
    assert len([r for r in idps_in_mali() if r["location"].startswith("Dispersed")]) == 2


def test_a_region_that_nobody_knows_is_an_error_and_a_town_abroad_is_not(tmp_path):
    abroad = unhcr_row(coa_iso="MRT", pop_type="REF", location="Mbera : Point")
    assert (
        len(tables_of(tmp_path / "a", "unhcr_demographics", [unhcr_row(), abroad], edition="cod2021")["movements"]) == 1
    )
    with pytest.raises(BadData, match="région inconnu.*, ligne 2"):
        tables_of(tmp_path / "b", "unhcr_demographics", [unhcr_row(location="Gaoo : Region")], edition="cod2021")


def test_parts_of_a_region_are_one_number(tmp_path):
    rows = [unhcr_row(loc_type="U", total="60"), unhcr_row(loc_type="R", total="40")]
    df = tables_of(tmp_path, "unhcr_demographics", rows, edition="cod2021")["movements"]
    assert df["people"].tolist() == [100] and df["women_people"].isna().all()


def test_gao_of_2014_counts_in_the_zone_that_holds_menaka_and_not_in_the_region_of_today(stocks):
    empty = build.build([])
    df = cubes(empty | {"movements": stocks}, PARAMS)
    found = {(r.place, r.period): r.value for r in df.itertuples() if r.key == "idps_people"}
    assert found["gao", "2014-12-31"] == 9102 and ("cod2021:ML07", "2014-12-31") not in found
    assert found["gao", "2017-12-31"] == 7978 + 7291 and found["cod2021:ML07", "2017-12-31"] == 7978
    assert found["mali", "2014-12-31"] == 99816 and found["mali", "2017-12-31"] == 38172


def test_the_typed_file_and_unhcr_s_own_are_one_number_when_both_are_there(tmp_path):
    project = new_project(tmp_path / "p")
    take(project, "unhcr", unhcr("demographics"))
    take(project, "unhcr", "../../main/data/raw/unhcr_idps/2026-11-21/deplaces_internes_par_region_2016_2017.csv")
    tables = build.build(list(versions.current(project, "real").snapshots))
    sums = tables["movements"].groupby("reference_date")["people"].sum()
    assert (sums["2016-12-31"], sums["2017-12-31"], len(tables["movements"])) == (36690, 38172, 48)


@pytest.mark.parametrize(("people", "kept"), [(8571, 1), (8570, None)])
def test_one_region_in_two_editions_on_one_day_is_one_number_or_an_error(tmp_path, people, kept):
    """Kidal: the same ground in both; its numbers would be added in the country."""
    row = GOOD_ROWS["unhcr_idps"] | {"location": "Kidal : Region"}
    several = [
        snapshot_of(tmp_path / "a", "unhcr_idps", [row], edition="cod2021"),
        snapshot_of(tmp_path / "b", "unhcr_idps", [row | {"people": str(people)}], edition="cod2015"),
    ]
    for order in (several, several[::-1]):
        if kept:
            assert build.build(order)["movements"]["people"].tolist() == [8571]
        else:
            with pytest.raises(BadData, match="deux éditions") as refused:
                build.build(order)
            assert "857" not in str(refused.value)


def test_countries_are_told_by_their_iso_code_never_by_unhcr_s_own(received):
    """UNHCR's AUS is Austria; ISO's is Australia."""
    df = received("unhcr", unhcr("population"))[1]["country_displacement"]
    records = rows_of(unhcr("population"))
    austria = {r["year"]: int(r["refugees"]) for r in records if r["coa"] == "AUS" and int(r["refugees"])}
    assert austria and {r["coa_iso"] for r in records if r["coa"] == "AUS"} == {"AUT"}
    found = df[(df["asylum_iso3"] == "AUT") & (df["measure"] == "refugees")]
    assert dict(zip(found["reference_year"].astype(str), found["value"], strict=True)) == austria


def test_a_zero_of_unhcr_has_no_row_and_every_other_number_has_one(received):
    df = received("unhcr", unhcr("population"))[1]["country_displacement"]
    columns = {"refugees": "refugees", "asylum_seekers": "asylum_seekers", "idps": "idps", "ooc": "others_of_concern"}
    expected = Counter()
    for row in rows_of(unhcr("population")):
        for theirs, ours in columns.items():
            expected[ours] += int(row[theirs])
    sums = df.groupby("measure")["value"].sum()
    assert {m: int(sums[m]) for m in columns.values()} == expected
    assert (df["value"] > 0).all() and set(df["measure"]) == set(columns.values())


def test_returns_are_read_where_they_are_flows_and_only_there(received):
    """Both tables of UNHCR hold them, with the same numbers: that is why one of the two is enough."""
    theirs = {}
    for name in ("population", "solutions"):
        theirs[name] = {
            (r["year"], r["coo_iso"], r["coa_iso"], c): int(r[c])
            for r in rows_of(unhcr(name))
            for c in ("returned_refugees", "returned_idps")
            if r[c] not in ("", "0")
        }
    assert theirs["population"] == theirs["solutions"] and len(theirs["solutions"]) == 87
    df = received("unhcr", unhcr("solutions"))[1]["country_displacement"]
    returned = df[df["measure"].isin(["returned_refugees", "returned_idps"])]
    assert len(returned) == 87
    assert df[(df["measure"] == "returned_idps") & (df["reference_year"] == 2017)]["value"].tolist() == [23240]


def test_people_and_cases_are_kept_apart_and_a_claim_is_not_added_to_its_appeal(received):
    df = received("unhcr", unhcr("asylum_applications"))[1]["country_displacement"]
    records = rows_of(unhcr("asylum_applications"))
    stages = {"N": "asylum_new", "R": "asylum_repeat", "A": "asylum_appeal"}
    expected = defaultdict(int)
    for r in records:
        expected[stages.get(r["app_type"], "asylum_other_stage"), {"P": "people", "C": "cases"}[r["app_pc"]]] += int(
            r["applied"]
        )
    assert dict(df.groupby(["measure", "unit"])["value"].sum()) == expected


def test_decisions_that_do_not_make_their_own_total_are_refused(received):
    receipt, tables = received("unhcr", unhcr("asylum_decisions"))
    (fault,) = receipt.balance.refused
    assert (fault.count, fault.rows) == (1, (33,)) and "somme des décisions" in fault.rule
    wrong = rows_of(unhcr("asylum_decisions"))[31]
    parts = ("dec_recognized", "dec_other", "dec_rejected", "dec_closed")
    assert sum(int(wrong[c]) for c in parts) == 0 and wrong["dec_total"] == "5"
    total = sum(int(r["dec_total"]) for r in rows_of(unhcr("asylum_decisions"))) - 5
    assert tables["country_displacement"]["value"].sum() == total


def test_all_five_tables_of_unhcr_and_idmc_make_one_table_without_a_repeated_key(tmp_path):
    project = new_project(tmp_path / "p")
    for name in UNHCR:
        take(project, "unhcr", unhcr(name))
    take(project, "idmc", IDMC)
    df = build.build(list(versions.current(project, "real").snapshots))["country_displacement"]
    here = df[(df["reference_year"] == 2017) & (df["origin_iso3"] == "MLI") & (df["asylum_iso3"] == "MLI")]
    assert dict(zip(here["measure"], here["value"], strict=True)) == {
        "idps": 38172, "idmc_idps": 38172, "idmc_new_displacements": 35131, "returned_idps": 23240,
    }  # fmt: skip


# --- displaced people: IDMC ----------------------------------------------------------------------------------------


def test_the_stock_and_the_flow_of_idmc_are_two_measures(received):
    receipt, tables = received("idmc", IDMC)
    assert receipt.balance.read == receipt.balance.kept == 13
    df = tables["country_displacement"]
    for column, measure, unit in (
        ("total_displacement", "idmc_idps", "people"),
        ("new_displacement", "idmc_new_displacements", "displacements"),
    ):
        found = df[(df["measure"] == measure) & (df["unit"] == unit)]
        expected = {int(r["year"]): int(r[column]) for r in rows_of(IDMC)}
        assert dict(zip(found["reference_year"], found["value"], strict=True)) == expected
    assert len(df) == 26


IDMC_ROW = {
    "iso3": "MLI",
    "country_name": "Mali",
    "year": "2015",
    "new_displacement": "0",
    "total_displacement": "49883",
}


@pytest.mark.parametrize("has_tags", [True, False])
def test_the_hxl_row_of_hdx_is_no_year(tmp_path, has_tags):
    header = [c.header for c in declared("idmc").columns]
    path = write_csv(tmp_path / "idmc.csv", [IDMC_ROW], header=header, hxl=has_tags)
    receipt = receive([path], "idmc", DAY, new_project(tmp_path / "p"), producer="IDMC")
    assert receipt.balance.read == receipt.balance.kept == 1


def test_a_zero_of_idmc_is_zero_and_a_blank_is_nothing(tmp_path):
    rows = [IDMC_ROW, IDMC_ROW | {"year": "2016", "new_displacement": ""}]
    df = tables_of(tmp_path, "idmc", rows, edition="")["country_displacement"]
    flow = df[df["measure"] == "idmc_new_displacements"]
    assert flow[["reference_year", "value"]].values.tolist() == [[2015, 0]]


# --- population ----------------------------------------------------------------------------------------------------


@pytest.fixture
def population(received) -> pd.DataFrame:
    receipt, tables = received("population", *POPULATION)
    assert receipt.balance.read == receipt.balance.kept == 60
    return tables["population"]


def test_the_codes_of_the_population_are_those_of_2021_but_for_menaka():
    """Neither of the two editions, then: 49 codes of 2021, and Ménaka with its code of 2015 in the region of Gao."""
    given = {r["admin2Pcode"]: r["admin2Name_fr"] for r in rows_of(POPULATION[2])}
    assert len(given) == 50
    placed = {code: places.resolve(name, "cod2018", 2) for code, name in given.items()}
    assert placed == {code: Place("cod2018", code) for code in given}
    other = {code for code in given if NAMES["cod2018"][code] != NAMES["cod2021"].get(code)}
    assert other == {"ML0704"} and given["ML0704"] == "Ménaka" and "ML0704" not in NAMES["cod2021"]
    assert sum(NAMES["cod2018"][c] == NAMES["cod2015"][c] for c in given) == 9
    (menaka,) = (r for r in rows_of(POPULATION[2]) if r["admin2Pcode"] == "ML0704")
    assert menaka["admin1Pcode"] == "ML07"


def test_the_population_of_2018_is_that_of_the_files(population):
    expected = {}
    for level, path in enumerate(POPULATION):
        expected |= {r[f"admin{level}Pcode"]: tuple(int(r[c]) for c in ("F_TL", "M_TL", "T_TL")) for r in rows_of(path)}
    found = population.set_index("pcode")[["female_people", "male_people", "people"]]
    assert {p: tuple(found.loc[p]) for p in found.index} == expected and len(expected) == 60
    assert set(population["reference_year"]) == {2018} and set(population["edition"]) == {"cod2018"}


def test_regions_are_the_sum_of_their_cercles_and_the_country_of_its_regions(population):
    people = dict(zip(population["pcode"], population["people"], strict=True))
    by_region = defaultdict(int)
    for code, n in people.items():
        if len(code) == 6:
            by_region[code[:4]] += n
    assert by_region == {c: n for c, n in people.items() if len(c) == 4}
    assert sum(by_region.values()) == people["ML"] == 17_907_114
    assert (population["female_people"] + population["male_people"] == population["people"]).all()


def test_the_region_of_gao_of_2018_is_the_zone_of_gao_of_the_reports(population):
    people = {
        (e, p): n for e, p, n in zip(population["edition"], population["pcode"], population["people"], strict=True)
    }
    of = defaultdict(int)
    for place, _, edition, code, _ in places.memberships(PARAMS):
        of[place, len(code)] += people.get((edition, code), 0)
    assert of["gao", 6] == of["gao", 4] == people["cod2018", "ML07"] == 668_410
    assert of["cod2021:ML07", 6] == 668_410 - 67_119 and of["cod2021:ML10", 6] == 67_119
    assert of["cod2021:ML07", 4] == 0  # its number would be that of another ground
    assert of["mali", 6] == of["mali", 4] == 17_907_114


@pytest.mark.parametrize("edition", ["cod2015", "cod2021"])
def test_the_population_received_in_another_edition_is_refused(tmp_path, edition):
    with pytest.raises(BadData, match=rf"(le code n’est pas celui du nom|inconnu).*{edition}"):
        take(new_project(tmp_path / "p"), "population", *POPULATION, edition=edition)


def population_files(folder: Path, **changes: dict[str, str]) -> list[Path]:
    """Two invented levels: the region of Kidal and its four cercles; `changes` by name of a place."""
    country = {"admin0Name_fr": "Mali (le)", "admin0Pcode": "ML"}
    region = country | {"admin1Name_fr": "Kidal", "admin1Pcode": "ML08"}
    cercles = [
        region | {"admin2Name_fr": n, "admin2Pcode": f"ML080{i}", "admin2RefName": "<Null>", "M_TL": "4", "F_TL": "6", "T_TL": "10"}
        for i, n in enumerate(("Abeibara", "Kidal", "Tessalit", "Tin-Essako"), 1)
    ]  # fmt: skip
    region |= {"M_TL": "16", "F_TL": "24", "T_TL": "40"} | changes.get("region", {})
    cercles[1] |= changes.get("cercle", {})
    return [
        write_csv(folder / "adm1.csv", [region], header=list(region)),
        write_csv(folder / "adm2.csv", cercles, header=list(cercles[0])),
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({}, None, id="all-agrees"),
        pytest.param({"region": {"M_TL": "17", "F_TL": "23"}}, None, id="sexes-rounded-one-by-one"),
        pytest.param({"region": {"F_TL": "25", "T_TL": "41"}}, "n’est pas la somme", id="a-total-that-its-parts-do-not-make"),
        pytest.param({"region": {"M_TL": "10", "F_TL": "30"}}, "n’est pas la somme", id="sexes-far-from-their-parts"),
        pytest.param({"cercle": {"F_TL": "5"}}, "les deux sexes ne font pas le total", id="sexes-that-do-not-make-the-total"),
        pytest.param({"cercle": {"admin2Pcode": "ML0801"}}, "le code n’est pas celui du nom", id="the-code-of-another-cercle"),
        pytest.param({"cercle": {"admin1Name_fr": "Gao", "admin1Pcode": "ML07"}}, "n’est pas dans sa région", id="another-region"),
        pytest.param({"cercle": {"T_TL": "<Null>"}}, "case vide", id="null-where-a-number-stands"),
    ],
)  # fmt: skip
def test_a_population_that_contradicts_itself_is_refused(tmp_path, changes, said):
    paths, project = population_files(tmp_path, **changes), new_project(tmp_path / "p")
    if said is None:
        assert receive(paths, "population", DAY, project, producer="DNP").balance.kept == 5
        return
    with pytest.raises(BadData, match=said):
        receive(paths, "population", DAY, project, producer="DNP")


# --- incidents: the printed tables of AMSS and UNHCR ----------------------------------------------------------------


def test_the_44_rows_of_the_printed_tables_are_those_of_the_repository():
    ours = ROOT / "data/raw/amss_incidents/2026-11-21/incidents_par_cercle_2016.csv"
    with open(ours, encoding="utf-8", newline="") as file:
        typed = [tuple(r.values()) for r in csv.DictReader(file)]
    printed = [(r["report_month"], r["report_no"], *list(r.values())[2:]) for r in rows_of(AMSS)]
    assert typed == printed and len(typed) == 44


def test_the_table_they_were_typed_from_can_be_received_too(received):
    receipt, tables = received("amss_incidents", AMSS)
    assert receipt.balance.read == receipt.balance.kept == 44
    assert dict(tables["incident_counts"].groupby("month")["incidents"].sum()) == {
        "2016-08": 140, "2016-10": 110, "2016-11": 120,
    }  # fmt: skip


# --- editions ------------------------------------------------------------------------------------------------------


def test_an_edition_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    path = write_csv(tmp_path / "x.csv", [IDMC_ROW])
    with pytest.raises(BadParameter) as refused:
        receive([path], "fivew", DAY, new_project(tmp_path / "p"), producer="A", edition="cod2016")
    assert "cod2015, cod2018, cod2021, cod_drc2025" in str(refused.value)


@pytest.mark.parametrize("edition", ["cod2015", "cod2018", "cod2021"])
def test_the_drc_matrix_has_no_place_in_an_edition_of_mali(tmp_path, edition):
    with pytest.raises(BadData, match=f"inconnu.*{edition}"):
        tables_of(tmp_path, "fivew_drc", [drc_row()], edition=edition)


def test_every_cercle_of_2018_lies_where_its_namesake_of_2015_does():
    for code, name in NAMES["cod2018"].items():
        assert places.name_of(where("cod2018", code)) == name
    assert len({where("cod2018", c) for c in NAMES["cod2018"]}) == 50
