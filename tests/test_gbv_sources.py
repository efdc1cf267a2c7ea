"""GBV as organisations send it: monthly tables and Incident Recorder workbooks. Every row and every number is invented."""

from __future__ import annotations

import csv
import hashlib
import re
import traceback
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import projects
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from incidents import SHARED, new_project, random_cases, write_csv, write_xlsx

from veille import versions
from veille.codes import code_list
from veille.errors import BadData
from veille.render import quality as quality_report
from veille.sources import quality, reading, receive, registry, snapshots
from veille.sources.files import ROW_COLUMN
from veille.sources.formats import declared
from veille.sources.snapshots import RawFile, Snapshot
from veille.tables import build, gbv, gbv_recorder

DAY = date(2017, 7, 5)
SECRET = "ZQX"  # in every cell that identifies somebody, and in whatever is wrong


def snapshot(source: str, *paths: Path, partner: str = "org_a", day: date = DAY, edition: str = "cod2021") -> Snapshot:
    """A snapshot of these files, as it is before its papers are written."""
    files = tuple(RawFile(path, "", 0) for path in paths)
    return Snapshot(source, "real", day, "", partner, "", "", "restricted", "", edition, files, "", partner)


def taken(source: str, *paths: Path, **given: object) -> tuple[dict[str, pd.DataFrame], object]:
    """The canonical tables of files as they were received, and the balance of their rows."""
    one = snapshot(source, *paths, **given)
    with reading.connection() as con:
        part = build.part(con, one, registry.receive(con, one))
        return {name: reading.frame(con, table) for name, table in part.tables.items()}, part.balance


def adds_up(balance) -> bool:
    """Whether every row read is kept, left out for a reason, or refused by one rule."""
    # Each row of these tests breaks one rule at most.
    assert sum(f.count for f in balance.refused) == balance.refused_rows
    return balance.read == balance.kept + balance.refused_rows + sum(balance.left_out.values())


def refused(source: str, *paths: Path, **given: object) -> str:
    """The message of a refusal, which repeats nothing of the file, and neither does its traceback."""
    with pytest.raises(BadData) as error:
        taken(source, *paths, **given)
    assert SECRET.lower() not in "".join(traceback.format_exception(error.value)).lower()
    return str(error.value)


# --- monthly tables: what is read -----------------------------------------------------------------------------------

HEADER = ["Organisation", "Mois", "Région", "Statistique", "Modalité", "Effectif"]
TYPES = ("rape", "sexual_assault", "physical_assault", "forced_marriage", "denial_of_resources", "psychological_emotional_abuse")  # fmt: skip


def line(statistic: str, category: str, number: object, *, month="2017-05", region="Gao", organisation="ORG-A") -> dict:
    """One row of a monthly table, in the words that people read; `health.unavailable` has a sector and an outcome."""
    entry = code_list("gbv_statistic")[statistic]
    lists = ["gbv_category", *(entry[k] for k in ("breakdown", "beside") if k in entry)]
    words = {code: e["fr"] for name in lists for code, e in code_list(name).items()}
    if "." in category:
        sector, category = category.split(".")
        words[category] = f"{code_list('service')[sector]['fr']} : {words[category]}"
    return dict(
        zip(HEADER, [organisation, month, region, entry["fr"], words.get(category, category), number], strict=True)
    )


def table(path: Path, rows: list[dict], header: list[str] = HEADER) -> Path:
    """A workbook of these rows, as an organisation sends it."""
    return write_xlsx(path, "Données", rows, header=header)


def with_dates(path: Path, sheet: str, header: list[str], rows: list[dict]) -> Path:
    """The same, where days are dates as Excel keeps them."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = sheet
    book.active.append(header)
    for row in rows:
        book.active.append([row[name] for name in header])
    book.save(path)
    return path


def types(*numbers: int, total: int | None = None, **where: str) -> list[dict]:
    """The total of a month and its six types."""
    all_ = [line("new_incidents", "total", sum(numbers) if total is None else total, **where)]
    return all_ + [line("incidents_by_type", code, n, **where) for code, n in zip(TYPES, numbers, strict=True)]


def numbers(tables: dict[str, pd.DataFrame]) -> dict[tuple[str, str, str, str], int | None]:
    """(month, region, statistic, category) -> number, or None where none is available."""
    df = tables["gbv_aggregates"]
    people = [None if pd.isna(n) else int(n) for n in df["people"]]
    return dict(
        zip(zip(df["month"], df["region_pcode"], df["statistic"], df["category"], strict=True), people, strict=True)
    )


def test_the_24_statistics_are_read_back_from_the_words_that_people_see(tmp_path):
    rows = [
        dict(zip(HEADER, ["ORG-A", "2017-05", "Gao", statistic, category, 0], strict=True))
        for statistic, category in gbv.lines()
    ]
    tables, balance = taken("gbv_tables", table(tmp_path / "t.xlsx", rows))
    df = tables["gbv_aggregates"]
    assert balance.kept == balance.read == len(rows) == len(df) == 240
    assert list(df["statistic"].drop_duplicates()) == list(code_list("gbv_statistic"))
    assert set(df.loc[df["statistic"] == "survivors_by_age", "category"]) == {
        "total", "age_0_11", "age_12_17", "age_18_over", "unknown", "incomplete", "age_0_17", "age_10_19", "age_50_over",
    }  # fmt: skip
    assert len(df[df["statistic"] == "new_referrals"]) == 1 + 7 * 8
    assert set(df["organisation"]) == {"org_a"} and set(df["edition"]) == {"cod2021"}
    assert set(df["region_pcode"]) == {"ML07"}


@pytest.mark.parametrize(
    ("statistic", "category"),
    [
        pytest.param("incidents par TYPE", "viol", id="case"),
        pytest.param("Incidents  par type", "Rape", id="english"),
        pytest.param("incidents_by_type", "rape", id="our-codes"),
        pytest.param("incidents_type", "Viol / Pénétration", id="the-recorder-s-words"),
    ],
)
def test_words_are_compared_by_their_letters_in_both_languages(tmp_path, statistic, category):
    row = line("incidents_by_type", "rape", 3) | {"Statistique": statistic, "Modalité": category}
    tables, _ = taken("gbv_tables", table(tmp_path / "t.xlsx", [row]))
    assert numbers(tables) == {("2017-05", "ML07", "incidents_by_type", "rape"): 3}


def test_a_sector_and_an_outcome_are_one_category_however_they_are_joined(tmp_path):
    words = ("Santé : Indisponible", "sante - indisponible", "Health / Service unavailable")
    for i, text in enumerate(words):
        row = line("new_referrals", "health.unavailable", 2) | {"Modalité": text}
        tables, _ = taken("gbv_tables", table(tmp_path / f"{i}.xlsx", [row]))
        assert numbers(tables) == {("2017-05", "ML07", "new_referrals", "health.unavailable"): 2}


def test_no_data_is_not_zero(tmp_path):
    rows = [line("new_incidents", "total", 7), line("incidents_by_type", "rape", None), line("incidents_by_type", "sexual_assault", 0)]  # fmt: skip
    tables, balance = taken("gbv_tables", table(tmp_path / "t.xlsx", rows))
    assert balance.kept == 3
    assert numbers(tables) == {
        ("2017-05", "ML07", "new_incidents", "total"): 7,
        ("2017-05", "ML07", "incidents_by_type", "rape"): None,
        ("2017-05", "ML07", "incidents_by_type", "sexual_assault"): 0,
    }


def test_a_row_of_hashtags_may_stand_below_the_header(tmp_path):
    rows = types(1, 0, 2, 0, 0, 0)
    plain = write_csv(tmp_path / "plain.csv", rows, delimiter=";")
    tagged = write_csv(tmp_path / "tagged.csv", rows, delimiter=";", hxl=True)
    assert numbers(taken("gbv_tables", plain)[0]) == numbers(taken("gbv_tables", tagged)[0])


def test_a_month_that_excel_took_for_a_day_is_that_month_and_no_other_day_is_one(tmp_path):
    may = {"month": date(2017, 5, 1)}
    regions = ("Gao", "Mopti", "Kidal", "Ségou", "Sikasso")
    rows = [line("new_incidents", "total", 7, region=region, **may) for region in regions]
    rows.append(line("new_incidents", "total", 9, month=date(2017, 5, 2), region="Koulikoro"))
    path = with_dates(tmp_path / "t.xlsx", "Données", HEADER, rows)
    tables, balance = taken("gbv_tables", path)
    assert set(tables["gbv_aggregates"]["month"]) == {"2017-05"} and len(tables["gbv_aggregates"]) == 5
    assert [(f.column, f.rows) for f in balance.refused] == [("Mois", (7,))]


@pytest.mark.parametrize("region", ["Mali", "Ensemble du pays", "national"])
def test_a_number_of_the_whole_country_has_its_own_code(tmp_path, region):
    tables, _ = taken("gbv_tables", table(tmp_path / "t.xlsx", types(1, 0, 0, 0, 0, 0, region=region)))
    assert set(tables["gbv_aggregates"]["region_pcode"]) == {"ML"}


def test_gao_and_menaka_are_two_regions_unless_the_older_edition_is_named(tmp_path):
    path = table(tmp_path / "t.xlsx", types(1, 0, 0, 0, 0, 0) + types(2, 0, 0, 0, 0, 0, region="Ménaka"))
    assert set(taken("gbv_tables", path)[0]["gbv_aggregates"]["region_pcode"]) == {"ML07", "ML10"}
    assert "région inconnu" in refused("gbv_tables", path, edition="cod2015")


# --- monthly tables: what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["Cercle", "Commune", "Village", "Nom de la survivante"])
def test_a_place_below_the_region_or_any_other_column_is_refused_by_name(tmp_path, column):
    rows = [row | {column: SECRET} for row in types(1, 0, 0, 0, 0, 0)]
    message = refused("gbv_tables", table(tmp_path / "t.xlsx", rows, [*HEADER, column]))
    assert f"colonne non déclarée : {column}." in message


GOOD = types(4, 3, 2, 1, 0, 0) + [line("sexual_violence", "total", 7), line("prior_gbv", "total", 2)]


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        pytest.param({"Statistique": f"{SECRET} par type"}, "Statistique", "statistique inconnue", id="statistic"),
        pytest.param({"Modalité": SECRET}, "Modalité", "la modalité n’est pas de la liste", id="category"),
        pytest.param({"Modalité": "Féminin"}, "Modalité", "la modalité n’est pas de la liste", id="of-another-list"),
        pytest.param({"Modalité": "Santé : Référé"}, "Modalité", "la modalité n’est pas de la liste", id="no-sector"),
        pytest.param({"Effectif": -1}, "Effectif", "valeur refusée", id="negative"),
        pytest.param({"Effectif": 1.5}, "Effectif", "valeur refusée", id="half-a-person"),
        pytest.param({"Effectif": "<5"}, "Effectif", "valeur refusée", id="a-sign-for-a-small-number"),
        pytest.param({"Effectif": f"{SECRET} 3"}, "Effectif", "valeur refusée", id="words"),
        pytest.param({"Mois": "mai 2017"}, "Mois", "valeur refusée", id="month"),
        pytest.param({"Mois": "2017-08"}, "Mois", "date postérieure à la réception", id="a-month-to-come"),
        pytest.param({"Modalité": None}, "Modalité", "case vide", id="no-category"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_alone_and_counted(tmp_path, row, column, rule):
    bad = line("incidents_by_type", "non_gbv", 1) | row
    tables, balance = taken("gbv_tables", table(tmp_path / "t.xlsx", [*GOOD, bad]))
    (fault,) = balance.refused
    assert (fault.column, fault.count, fault.rows) == (column, 1, (len(GOOD) + 2,)) and fault.rule.startswith(rule)
    assert adds_up(balance) and balance.kept == len(GOOD) == len(tables["gbv_aggregates"])
    assert SECRET not in "\n".join(balance.lines()) + repr(balance)


def test_a_file_with_many_wrong_rows_is_in_another_form_and_refused(tmp_path):
    rows = types(4, 3, 2, 1, 0, 0) + [line("survivors_by_sex", "female", 1) | {"Modalité": SECRET}] * 3
    assert "la modalité n’est pas de la liste de sa statistique, 3 lignes (9, 10, 11)" in refused(
        "gbv_tables", table(tmp_path / "t.xlsx", rows)
    )


def test_the_same_line_twice_counts_once_and_two_different_ones_not_at_all(tmp_path):
    again = [line("prior_gbv", "total", 2), line("first_contact", "total", 5), line("first_contact", "total", 6)]
    tables, balance = taken("gbv_tables", table(tmp_path / "t.xlsx", [*GOOD, *again]))
    assert balance.left_out == {"répétées mot pour mot": 1}
    assert [(f.rule[:34], f.rows) for f in balance.refused] == [("même mois, région, statistique et ", (12, 13))]
    assert adds_up(balance) and balance.kept == len(tables["gbv_aggregates"]) == len(GOOD)


def test_an_unknown_region_is_refused_with_the_nearest_name(tmp_path):
    message = refused("gbv_tables", table(tmp_path / "t.xlsx", types(1, 0, 0, 0, 0, 0, region="Goa")))
    assert "région inconnu(e)" in message and "gao" in message.lower()
    refused("gbv_tables", table(tmp_path / "u.xlsx", types(1, 0, 0, 0, 0, 0, region=f"{SECRET} camp")))


def test_a_file_without_a_single_good_row_is_refused(tmp_path):
    rows = [line("prior_gbv", "total", 1) | {"Statistique": SECRET}]
    assert "statistique inconnue, ligne 2" in refused("gbv_tables", table(tmp_path / "t.xlsx", rows))


def test_a_file_that_names_two_organisations_is_refused(tmp_path):
    path = table(
        tmp_path / "t.xlsx", types(1, 0, 0, 0, 0, 0) + types(1, 0, 0, 0, 0, 0, region="Mopti", organisation="ZQX B")
    )
    assert "ou plusieurs" in refused("gbv_tables", path)
    with pytest.raises(BadData, match="nomme 2 organisations"):
        receive.sort_out([path], "gbv_tables")


def test_a_file_of_another_organisation_than_its_series_is_refused(tmp_path):
    path = table(tmp_path / "t.xlsx", types(1, 0, 0, 0, 0, 0, organisation="ZQX B"))
    assert "nomment une autre organisation" in refused("gbv_tables", path, partner="org_a")


def test_an_organisation_is_one_however_it_spells_itself(tmp_path):
    path = table(tmp_path / "t.xlsx", types(1, 0, 0, 0, 0, 0, organisation="Org A") + types(1, 0, 0, 0, 0, 0, region="Mopti", organisation="ORG-A"))  # fmt: skip
    assert set(taken("gbv_tables", path)[0]["gbv_aggregates"]["organisation"]) == {"org_a"}


# --- monthly tables: numbers that must agree ------------------------------------------------------------------------


def several(statistic: str, **given: int) -> list[dict]:
    """Some categories of one statistic."""
    return [line(statistic, category.replace("__", "."), n) for category, n in given.items()]


TEN = line("new_incidents", "total", 10)
SEX, AGE, DELAY = "survivors_by_sex", "survivors_by_age", "incidents_by_delay"
BANDS = {"days_0_3": 4, "days_4_5": 1, "days_6_14": 2, "weeks_2_month_1": 1, "over_1_month": 1, "unknown": 1}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(types(4, 3, 2, 1, 0, 0), id="types-make-the-total"),
        pytest.param([*types(4, 3, 2, 1, 0, 0), line("incidents_by_type", "non_gbv", 90)], id="what-is-not-gbv-is-beside"),
        pytest.param([TEN, *several("incidents_by_type", rape=4, sexual_assault=3)], id="types-not-all-given"),
        pytest.param([TEN, *several("incidents_by_type", rape=4), line("sexual_violence", "total", 4)], id="assaults-not-given"),
        pytest.param([TEN, *several(SEX, female=8, male=1, unknown=0, incomplete=1)], id="with-missing-answers"),
        pytest.param([TEN, *several(SEX, female=8, male=1, unknown=1)], id="without-missing-answers"),
        pytest.param([TEN, *several(AGE, age_0_11=1, age_12_17=3, age_18_over=5, unknown=1, age_0_17=4, age_10_19=6, age_50_over=2)], id="overlapping-ages-are-apart"),
        pytest.param([TEN, *several(DELAY, **BANDS)], id="delays"),
        pytest.param([TEN, *several("incidents_by_context", intimate_partner_violence=9, early_marriage=8, harmful_traditional_practice=10)], id="contexts-overlap"),
        pytest.param([TEN, *several("new_referrals", health__referred=1, health__provided=4, health__declined=1, health__unavailable=2, health__needed=8, health__not_applicable=2)], id="needed"),
        pytest.param([TEN, *several("perpetrators_by_relationship", intimate_partner=8, other_family=7)], id="several-perpetrators"),
        pytest.param([TEN, line("new_incidents", "total", None, region="Mali")], id="a-line-of-the-country-left-blank"),
        pytest.param([*several(SEX, female=8, male=1, unknown=1)], id="no-total-to-compare-with"),
    ],
)  # fmt: skip
def test_a_table_that_agrees_with_itself_is_taken_whole(tmp_path, rows):
    tables, balance = taken("gbv_tables", table(tmp_path / "t.xlsx", rows))
    assert balance.kept == balance.read == len(rows) == len(tables["gbv_aggregates"])


@pytest.mark.parametrize(
    ("rows", "said", "where"),
    [
        pytest.param(types(4, 3, 2, 1, 0, 0, total=11), "« Incidents par type » n’est pas le total", "7 lignes (2, 3, 4, 5, 6…)", id="types-one-short"),
        pytest.param(types(4, 3, 2, 1, 0, 0, total=9), "« Incidents par type » n’est pas le total", "7 lignes", id="types-one-over"),
        pytest.param([TEN, *several("incidents_by_type", rape=6, sexual_assault=5)], "« Incidents par type » n’est pas le total", "3 lignes (2, 3, 4)", id="part-of-the-types-over"),
        pytest.param([*types(4, 3, 2, 1, 0, 0), line("sexual_violence", "total", 10)], "la violence sexuelle n’est pas la somme", "3 lignes (3, 4, 9)", id="every-type-counted-as-sexual-violence"),
        pytest.param([TEN, *several(SEX, female=8, male=1, unknown=0)], "« Survivant(e)s par sexe » n’est pas le total", "4 lignes", id="sex-one-short"),
        pytest.param([TEN, *several(SEX, female=8, male=1, unknown=1, incomplete=1)], "« Survivant(e)s par sexe » n’est pas le total", "5 lignes", id="sex-with-answers-missing-over"),
        pytest.param([TEN, *several(AGE, age_0_11=1, age_12_17=3, age_18_over=5, unknown=0)], "« Survivant(e)s par âge » n’est pas le total", "5 lignes", id="ages-one-short"),
        pytest.param([TEN, *several(AGE, age_0_11=1, age_12_17=3, age_18_over=5, unknown=1, age_0_17=5)], "les enfants ne sont pas la somme", "3 lignes (3, 4, 7)", id="children"),
        pytest.param([TEN, *several(DELAY, **BANDS | {"days_0_3": 5})], "« Incidents par délai de déclaration » n’est pas le total", "7 lignes", id="day-4-counted-twice"),
        pytest.param([TEN, line(SEX, "total", 9)], "« Survivant(e)s par sexe » n’est pas le total", "2 lignes (2, 3)", id="a-total-of-its-own"),
        pytest.param([*types(4, 3, 2, 1, 0, 0), *several("rapes_by_delay", **BANDS)], "« Viols par délai de déclaration » n’est pas le total", "7 lignes", id="rapes-by-delay"),
        pytest.param([TEN, *several("rapes_by_delay", days_0_3=2), *several("rapes_with_health_by_delay", days_0_3=3)], "dépassent les viols du même délai", "2 lignes (3, 4)", id="more-rapes-seen-than-reported"),
        pytest.param([TEN, *several("new_referrals", health__referred=1, health__provided=4, health__declined=1, health__unavailable=2, health__needed=7)], "le besoin de « Santé » n’est pas", "5 lignes", id="needed-without-declined"),
        pytest.param([TEN, line("sexual_violence", "total", 7), *several("incidents_by_context", possible_sexual_exploitation=8)], "dépasse la violence sexuelle", "2 lignes (3, 4)", id="no-counted-as-yes"),
        pytest.param([TEN, *several("incidents_by_type", forced_marriage=1), *several("incidents_by_context", early_marriage=2)], "les mariages précoces dépassent", "2 lignes (3, 4)", id="early-marriage"),
        pytest.param([TEN, line("prior_gbv", "total", 11)], "un nombre dépasse celui des nouveaux incidents", "2 lignes (2, 3)", id="more-than-all"),
        pytest.param([TEN, line("new_incidents", "total", 3, region="Mali")], "pour le pays et pour des régions", "ligne 2", id="the-country-and-a-region"),
    ],
)  # fmt: skip
def test_a_table_that_contradicts_itself_is_refused_whole_with_its_rows(tmp_path, rows, said, where):
    message = refused("gbv_tables", table(tmp_path / "t.xlsx", rows))
    assert said in message and f", {where}" in message


def test_months_and_regions_are_judged_apart(tmp_path):
    rows = types(4, 3, 2, 1, 0, 0) + types(1, 0, 0, 0, 0, 0, region="Mopti") + types(0, 0, 5, 0, 0, 0, month="2017-06")
    assert len(taken("gbv_tables", table(tmp_path / "t.xlsx", rows))[0]["gbv_aggregates"]) == 21
    rows[8] = line("incidents_by_type", "rape", 2, region="Mopti")
    assert "« Incidents par type »" in refused("gbv_tables", table(tmp_path / "u.xlsx", rows))


SUM_OF_TYPES = next(r for r in gbv.rules() if r.parts[0] == ("incidents_by_type", "rape") and len(r.parts) == 6)


@random_cases(300)
@given(counts=st.lists(st.none() | st.integers(0, 9), min_size=6, max_size=6), total=st.integers(0, 60))
def test_a_sum_is_judged_exactly_when_all_is_given_and_as_a_limit_otherwise(counts, total):
    given_ = {cell: n for cell, n in zip(SUM_OF_TYPES.parts, counts, strict=True) if n is not None}
    found = SUM_OF_TYPES.is_broken(given_ | {SUM_OF_TYPES.whole: total})
    assert found == (
        bool(given_) and (sum(given_.values()) > total or (len(given_) == 6 and sum(given_.values()) != total))
    )


# --- monthly tables: three organisations, two months, a month that is revised ---------------------------------------


def send(project, folder: Path, organisation: str, day: str, rows: list[dict]):
    path = table(folder / f"{organisation}-{day}.xlsx", [row | {"Organisation": organisation} for row in rows])
    return receive.receive([path], "gbv_tables", date.fromisoformat(day), project, producer=organisation)


def test_three_organisations_and_two_months_with_one_month_revised(tmp_path):
    project = new_project(tmp_path / "p")
    may, june = {"month": "2017-05"}, {"month": "2017-06"}
    send(project, tmp_path, "ORG A", "2017-06-05", types(2, 1, 3, 0, 0, 1, **may))
    send(
        project,
        tmp_path,
        "ORG B",
        "2017-06-06",
        types(1, 0, 0, 0, 2, 0, **may) + types(0, 1, 0, 0, 0, 0, region="Mopti", **may),
    )
    send(project, tmp_path, "ORG C", "2017-06-07", types(0, 0, 4, 1, 0, 0, **may))
    send(project, tmp_path, "ORG A", "2017-07-03", types(1, 1, 1, 1, 1, 1, **june) + types(3, 1, 3, 0, 0, 1, **may))
    send(project, tmp_path, "ORG B", "2017-07-04", types(0, 0, 0, 0, 0, 0, **june))

    def rapes(as_of: str) -> list[tuple[str, str, str, int]]:
        found = build.build(snapshots.newest(project, "real", date.fromisoformat(as_of)))["gbv_aggregates"]
        df = found[(found["statistic"] == "incidents_by_type") & (found["category"] == "rape")]
        return sorted(df[["month", "region_pcode", "organisation", "people"]].itertuples(index=False, name=None))

    before = [("2017-05", "ML05", "org_b", 0), ("2017-05", "ML07", "org_a", 2), ("2017-05", "ML07", "org_b", 1), ("2017-05", "ML07", "org_c", 0)]  # fmt: skip
    assert rapes("2017-06-30") == before
    # May of one organisation is revised, with June; the others keep theirs; a month with zeros is a month reported.
    after = [("2017-05", "ML07", "org_a", 3) if row[:3] == ("2017-05", "ML07", "org_a") else row for row in before]
    assert rapes("2017-07-31") == sorted([*after, ("2017-06", "ML07", "org_a", 1), ("2017-06", "ML07", "org_b", 0)])
    df = build.build(snapshots.newest(project, "real", None))["gbv_aggregates"]
    totals = df[(df["statistic"] == "new_incidents") & (df["month"] == "2017-05") & (df["region_pcode"] == "ML07")]
    assert (totals["people"].sum(), totals["organisation"].nunique()) == (8 + 3 + 5, 3)


def test_what_readers_are_given_does_not_tell_who_sent_tables_nor_how_many_did(tmp_path):
    project = new_project(tmp_path / "p")
    for n, organisation in enumerate(("ORG A", "ORG B", "ORG C"), 5):
        send(project, tmp_path, organisation, f"2017-06-0{n}", types(n, 1, 0, 0, 0, 0))
    version = versions.current(project, "real")
    assert len(version.snapshots) == 3
    for audience in ("cluster", "public"):
        given_ = versions.candidate(version, audience)
        (source,) = versions.meta(given_)["sources"]
        assert source["source"] == "gbv_tables" and len(source["sha256"]) == 1
        text = "".join(p.read_text(encoding="utf-8") for p in given_.rglob("*") if p.is_file())
        assert not [f.sha256 for s in version.snapshots for f in s.files if f.sha256 in text]
        assert not re.search(r"org[ _-][abc]\b", text, re.I)


def test_a_revised_month_replaces_every_region_of_that_month(tmp_path):
    project = new_project(tmp_path / "p")
    send(project, tmp_path, "ORG A", "2017-06-05", types(2, 0, 0, 0, 0, 0) + types(1, 0, 0, 0, 0, 0, region="Mopti"))
    send(project, tmp_path, "ORG A", "2017-07-03", types(3, 0, 0, 0, 0, 0))
    df = build.build(snapshots.newest(project, "real", None))["gbv_aggregates"]
    assert set(df["region_pcode"]) == {"ML07"} and df["people"].max() == 3


def test_tables_are_restricted_from_the_first_moment(tmp_path):
    stored = send(new_project(tmp_path / "p"), tmp_path, "ORG A", "2017-06-05", types(2, 0, 0, 0, 0, 0)).stored
    assert stored.parent.name == "gbv_tables.org_a" and (stored / ".gitignore").read_text(encoding="utf-8") == "*\n"


# --- Incident Recorder: the workbook --------------------------------------------------------------------------------

WORKBOOK = {
    "INCIDENT ID": "I-1",
    "SURVIVOR CODE": f"{SECRET}-code",
    "CASE MANAGER CODE": f"{SECRET}-agent",
    "DATE OF INTERVIEW": "2017-06-20",
    "DATE OF INCIDENT": "2017-06-20",
    "DATE OF BIRTH": "1990-01-01",
    "SEX": "F",
    "ETHNICITY": f"{SECRET}-ethnie",
    "COUNTRY OF ORIGIN": f"{SECRET}-pays",
    "CIVIL / MARITAL STATUS": "Single",
    "DISPLACEMENT STATUS AT REPORT": "IDP",
    "PERSON WITH DISABILITY?": "No",
    "UNACCOMPANIED OR SEPARATED CHILD?": "No",
    "STAGE OF DISPLACEMENT AT INCIDENT": "During Refuge",
    "INCIDENT TIME OF DAY": "Morning (sunrise to noon)",
    "INCIDENT LOCATION": "Client's Home",
    "INCIDENT COUNTY": "Gao",
    "INCIDENT DISTRICT": f"{SECRET}-district",
    "INCIDENT CAMP / TOWN": f"{SECRET}-village",
    "GBV TYPE": "Physical Assault",
    "HARMFUL TRADITIONAL PRACTICE": "No",
    "MONEY, GOODS, BENEFITS AND / OR SERVICES EXCHANGED ?": "No",
    "TYPE OF ABDUCTION": "None",
    "PREVIOUSLY REPORTED THIS INCIDENT?": "No",
    "PREVIOUS GBV INCIDENTS?": "No",
    "No. ALLEGED PRIMARY PERPETRATOR(S)": 1,
    "ALLEGED PERPETRATOR SEX": "M",
    "PREVIOUS INCIDENT WITH THIS PERPETRATOR": "No",
    "ALLEGED PERPETRATOR AGE GROUP": "Age 26 - 40",
    "ALLEGED PERPETRATOR - SURVIVOR RELATIONSHIP": "No relation",
    "ALLEGED PERPETRATOR OCCUPATION": "Occupation 1",
    "REFERRED TO YOU FROM?": "Self Referral / First Point of Contact",
    "SAFE HOUSE / SHELTER": "Service not applicable",
    "HEALTH / MEDICAL SERVICES": "Referred",
    "PSYCHOSOCIAL SERVICES": "Service provided by your agency",
    "WANTS LEGAL ACTION?": "No",
    "LEGAL ASSISTANCE SERVICES": "Service unavailable",
    "POLICE / OTHER SECURITY ACTOR": "Referral declined by survivor",
    "LIVELIHOODS PROGRAM": "Services already received from another agency",
    "CHILD PROTECTION SERVICES / EDUCATION SERVICES": None,
    "CONSENT GIVEN": "Yes",
    "REPORTING AGENCY CODE": "ORG-A",
}
IDENTIFYING = [c.header for c in declared("gbvims_recorder").identifying]
TYPE, MONEY, PRACTICE = (
    "GBV TYPE",
    "MONEY, GOODS, BENEFITS AND / OR SERVICES EXCHANGED ?",
    "HARMFUL TRADITIONAL PRACTICE",
)
INTERVIEW, INCIDENT, BIRTH = "DATE OF INTERVIEW", "DATE OF INCIDENT", "DATE OF BIRTH"
RELATION = "ALLEGED PERPETRATOR - SURVIVOR RELATIONSHIP"


def workbook(path: Path, rows: list[dict], header: list[str] | None = None) -> Path:
    """A recorder with these rows: its sheet of lists comes with it. Rows without an identifier are numbered."""
    filled = [WORKBOOK | {"INCIDENT ID": f"I-{n}"} | row for n, row in enumerate(rows, 1)]
    return write_xlsx(path, "Incident Data", filled, header=header or list(WORKBOOK))


def incidents(path: Path, rows: list[dict], **given: object) -> pd.DataFrame:
    """The incidents that these rows make."""
    return taken("gbvims_recorder", workbook(path, rows), **given)[0]["gbv_incidents"]


def test_the_42_headers_are_those_of_the_published_recorder():
    names = [c.header for c in declared("gbvims_recorder").columns if not c.optional]
    assert names == list(WORKBOOK) and len(names) == 42
    path = SHARED / "data" / "gbv" / "gbvims_incident_recorder_columns.csv"
    if path.exists():
        with open(path, encoding="utf-8", newline="") as file:
            assert [row["column"] for row in csv.DictReader(file)] == names


def test_a_row_becomes_codes_and_nothing_that_identifies(tmp_path):
    tables, balance = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{}]))
    (row,) = tables["gbv_incidents"].drop(columns="gbv_id").to_dict("records")
    assert {k: None if v is None or v is pd.NA else v for k, v in row.items()} == {
        "has_consent": True,
        "report_month": "2017-06",
        "delay": "days_0_3",
        "edition": "cod2021",
        "region_pcode": "ML07",
        "cercle_pcode": None,
        "gbv_type": "physical_assault",
        "contexts": None,
        "sex": "female",
        "age_band": "age_18_over",
        "overlapping_ages": None,
        "marital_status": "single",
        "displacement_status": "idp",
        "disability": "no",
        "child_vulnerability": "no",
        "displacement_stage": "during_refuge",
        "time_of_day": "morning",
        "place_type": "client_home",
        "perpetrator_number": "one",
        "perpetrator_sex": "male",
        "perpetrator_age": "age_26_40",
        "perpetrator_relationship": "no_relation",
        "perpetrator_occupation": "occupation_1",
        "previously_reported": "no",
        "prior_gbv": "no",
        "is_first_contact": True,
        "referred_from": "self_referral",
        "organisation": "org_a",
    }
    services = tables["gbv_services"]
    assert dict(zip(services["service"], services["outcome"], strict=True)) == {
        "shelter": "not_applicable",
        "health": "referred",
        "psychosocial": "provided",
        "legal": "unavailable",
        "security": "declined",
        "livelihoods": "already_received",
    }, "no answer, no row"
    assert set(services["gbv_id"]) == set(tables["gbv_incidents"]["gbv_id"])
    assert set(services["report_month"]) == {"2017-06"}
    assert (balance.read, balance.kept) == (1, 1)


FRENCH = {
    "SEX": "Féminin",
    "CIVIL / MARITAL STATUS": "Mariée / En concubinage",
    "DISPLACEMENT STATUS AT REPORT": "PDIP",
    "PERSON WITH DISABILITY?": "Handicap physique",
    "UNACCOMPANIED OR SEPARATED CHILD?": "Non",
    "STAGE OF DISPLACEMENT AT INCIDENT": "En cours de fuite",
    "INCIDENT TIME OF DAY": "Soir / Nuit (coucher au lever du soleil)",
    "INCIDENT LOCATION": "Domicile de l'auteur",
    TYPE: "Déni de ressources, d'opportunités ou de services",
    PRACTICE: "Non",
    MONEY: "Non",
    "TYPE OF ABDUCTION": "Aucun",
    "PREVIOUSLY REPORTED THIS INCIDENT?": "Oui - Non utilisateur du GBVIMS",
    "PREVIOUS GBV INCIDENTS?": "Oui",
    "No. ALLEGED PRIMARY PERPETRATOR(S)": "Plus de 3",
    "ALLEGED PERPETRATOR SEX": "Masculin",
    "ALLEGED PERPETRATOR AGE GROUP": "61 ans et Plus",
    RELATION: "Partenaire intime / Ex-partenaire",
    "REFERRED TO YOU FROM?": "Leader du camp ou de la communauté",
    "HEALTH / MEDICAL SERVICES": "Service non disponible",
    "CONSENT GIVEN": "Oui",
}


def test_french_answers_are_read_as_well(tmp_path):
    (row,) = incidents(tmp_path / "r.xlsx", [FRENCH]).to_dict("records")
    names = (
        "sex marital_status displacement_status disability child_vulnerability displacement_stage time_of_day place_type gbv_type "
        "contexts previously_reported prior_gbv perpetrator_number perpetrator_age perpetrator_relationship referred_from"
    ).split()
    assert [row[name] for name in names] == (
        "female married_cohabitating idp yes no during_flight evening_night perpetrator_home denial_of_resources "
        "intimate_partner_violence other_organisation yes four_or_more age_61_over intimate_partner community_leader"
    ).split()
    assert not row["is_first_contact"]


def test_a_missing_answer_stays_missing(tmp_path):
    optional = set(WORKBOOK) - {
        "INCIDENT ID",
        INTERVIEW,
        "INCIDENT COUNTY",
        TYPE,
        "CONSENT GIVEN",
        "REPORTING AGENCY CODE",
    }
    tables, _ = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", [dict.fromkeys(optional)]))
    (row,) = tables["gbv_incidents"].to_dict("records")
    given_ = {k for k, v in row.items() if not pd.isna(v)}
    assert given_ == {
        "gbv_id", "has_consent", "report_month", "edition", "region_pcode", "gbv_type", "organisation",
        "delay", "sex", "age_band",
    }  # fmt: skip
    assert (row["delay"], row["sex"], row["age_band"]) == ("unknown", "unknown", "unknown")
    assert tables["gbv_services"].empty


def test_every_word_of_the_lists_means_one_code():
    lists = {e[k] for e in code_list("gbv_statistic").values() for k in ("breakdown", "beside", "by") if k in e}
    for name in {*lists, *gbv_recorder.ANSWERS.values(), *gbv_recorder.SEVERAL.values(), "perpetrator_occupation", "gbv_statistic", "gbv_category"}:  # fmt: skip
        assert set(gbv.meanings(name).values()) == set(code_list(name)), name


# --- Incident Recorder: delays, ages, contexts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, "days_0_3"), (3, "days_0_3"), (4, "days_4_5"), (5, "days_4_5"), (6, "days_6_14"), (14, "days_6_14"),
     (15, "weeks_2_month_1"), (30, "weeks_2_month_1"), (31, "over_1_month"), (400, "over_1_month")],
)  # fmt: skip
def test_each_day_is_in_one_band_and_day_4_is_not_within_72_hours(days, band):
    assert gbv_recorder.delay_band(days) == band


def test_no_day_and_no_age_is_without_a_band():
    assert {gbv_recorder.delay_band(days) for days in range(1000)} == set(code_list("delay")) - {"unknown"}
    assert Counter(gbv_recorder.age_band(years) for years in range(101)) == {"age_0_11": 12, "age_12_17": 6, "age_18_over": 83}  # fmt: skip


AGES = {
    "2005-06-21": ("age_0_11", "age_0_17 age_10_19"),  # 11, the day before a birthday
    "2005-06-20": ("age_12_17", "age_0_17 age_10_19"),  # 12 that day
    "2007-06-21": ("age_0_11", "age_0_17"),  # 9
    "1999-06-21": ("age_12_17", "age_0_17 age_10_19"),  # 17, the day before a birthday
    "1999-06-20": ("age_18_over", "age_10_19"),  # 18 that day
    "1997-06-21": ("age_18_over", "age_10_19"),  # 19: an adult
    "1997-06-20": ("age_18_over", None),  # 20
    "1967-06-21": ("age_18_over", None),  # 49
    "1967-06-20": ("age_18_over", "age_50_over"),  # 50
    "2017-06-20": ("age_0_11", "age_0_17"),  # born that day
    None: ("unknown", None),
}


def test_age_is_that_of_the_day_of_the_incident_and_not_of_the_interview(tmp_path):
    rows = [{INTERVIEW: "2017-07-01", INCIDENT: "2017-06-20", BIRTH: birth} for birth in AGES]
    df = incidents(tmp_path / "r.xlsx", rows)
    found = [(band, None if pd.isna(more) else more) for band, more in df[["age_band", "overlapping_ages"]].values]
    assert dict(zip(AGES, found, strict=True)) == AGES


def test_born_on_29_february_a_year_older_on_1_march():
    born = date(2000, 2, 29)
    assert [gbv_recorder.age_at(born, d) for d in (date(2018, 2, 28), date(2018, 3, 1), date(2020, 2, 29))] == [
        17,
        18,
        20,
    ]


@random_cases(60)
@given(birth=st.dates(date(1950, 1, 1), date(2010, 1, 1)), days=st.integers(0, 9_000))
def test_age_counts_the_birthdays_that_passed(birth, days):
    incident = birth + timedelta(days=days)
    passed = [
        day for n in range(1, days + 1) if (day := birth + timedelta(days=n)).strftime("%m-%d") == birthday(birth, day)
    ]
    assert gbv_recorder.age_at(birth, incident) == len(passed)


def birthday(birth: date, day: date) -> str:
    """When a birthday falls in the year of a day: that of 29 February on 1 March, where there is none."""
    is_leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    return "03-01" if (birth.month, birth.day) == (2, 29) and not is_leap else f"{birth:%m-%d}"


def test_an_age_stands_in_for_a_date_of_birth(tmp_path):
    header = [*WORKBOOK, "AGE"]
    rows = [{BIRTH: None, "AGE": 17}, {BIRTH: None, "AGE": "18"}, {BIRTH: "1990-01-01", "AGE": None}, {BIRTH: None, "AGE": None}]  # fmt: skip
    path = workbook(tmp_path / "r.xlsx", rows, header)
    bands = taken("gbvims_recorder", path)[0]["gbv_incidents"]["age_band"]
    assert list(bands) == ["age_12_17", "age_18_over", "age_18_over", "unknown"]


CHILD, ADULT = {BIRTH: "2002-06-21"}, {BIRTH: "1990-01-01"}
RAPE, ASSAULT, MARRIAGE = {TYPE: "Rape"}, {TYPE: "Sexual Assault"}, {TYPE: "Forced Marriage"}
ABDUCTION = "TYPE OF ABDUCTION"
PARTNER = {RELATION: "Intimate Partner / Former Partner"}


CONTEXTS = [
    pytest.param(PARTNER, "intimate_partner_violence", id="partner"),
    pytest.param(PARTNER | {TYPE: "Non-GBV"}, None, id="partner-but-not-gbv"),
    pytest.param(RAPE | CHILD, "child_sexual_abuse", id="rape-of-a-child"),
    pytest.param(ASSAULT | CHILD, "child_sexual_abuse", id="sexual-assault-of-a-child"),
    pytest.param(RAPE | ADULT, None, id="rape-of-an-adult"),
    pytest.param(RAPE | {BIRTH: None}, None, id="rape-age-not-known"),
    pytest.param(CHILD, None, id="physical-assault-of-a-child"),
    pytest.param(MARRIAGE | CHILD, "early_marriage", id="marriage-of-a-child"),
    pytest.param(MARRIAGE | ADULT, None, id="marriage-of-an-adult"),
    pytest.param(RAPE | {MONEY: "Yes"}, "possible_sexual_exploitation", id="money"),
    pytest.param(RAPE | {MONEY: "No"}, None, id="money-no-is-not-yes"),
    pytest.param(RAPE | {MONEY: "Non"}, None, id="money-non-is-not-yes"),
    pytest.param(RAPE | {MONEY: "Unknown"}, None, id="money-unknown-is-not-yes"),
    pytest.param(RAPE | {MONEY: None}, None, id="money-not-answered"),
    pytest.param({MONEY: "Yes"}, None, id="money-without-sexual-violence"),
    pytest.param(ASSAULT | {ABDUCTION: "Trafficked"}, "possible_sexual_slavery", id="trafficked"),
    pytest.param(RAPE | {ABDUCTION: "Autre enlèvement"}, "possible_sexual_slavery", id="other-abduction"),
    pytest.param(RAPE | {ABDUCTION: "None"}, None, id="abduction-none"),
    pytest.param(RAPE | {ABDUCTION: None}, None, id="abduction-not-answered"),
    pytest.param({ABDUCTION: "Trafficked"}, None, id="trafficked-without-sexual-violence"),
    pytest.param({PRACTICE: "Pratique locale 1"}, "harmful_traditional_practice", id="practice"),
    pytest.param({PRACTICE: "No"}, None, id="practice-no-is-not-yes"),
    pytest.param({PRACTICE: "NON"}, None, id="practice-non-is-not-yes"),
    pytest.param({PRACTICE: "Aucune"}, None, id="practice-none"),
    pytest.param({PRACTICE: "N/A"}, None, id="practice-not-applicable"),
    pytest.param({PRACTICE: None}, None, id="practice-not-answered"),
    pytest.param({PRACTICE: "Pratique locale 1", TYPE: "Non-GBV"}, None, id="practice-but-not-gbv"),
    pytest.param(
        RAPE | CHILD | PARTNER | {MONEY: "Yes", ABDUCTION: "Other Abduction/Kidnapping", PRACTICE: "Pratique 2"},
        "intimate_partner_violence child_sexual_abuse possible_sexual_exploitation possible_sexual_slavery harmful_traditional_practice",
        id="several-at-once",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def contexts(tmp_path_factory) -> dict[str, object]:
    """What each row gives, by its name: one file holds them all."""
    found = incidents(tmp_path_factory.mktemp("contexts") / "r.xlsx", [one.values[0] for one in CONTEXTS])
    return dict(zip([one.id for one in CONTEXTS], found["contexts"], strict=True))


@pytest.mark.parametrize(("row", "expected"), CONTEXTS)
def test_contexts_are_derived_and_no_is_not_yes(request, contexts, row, expected):
    found = contexts[request.node.callspec.id]
    assert (None if pd.isna(found) else found) == expected


def test_sexual_violence_is_rape_and_sexual_assault_and_no_other_type(tmp_path):
    kinds = ["Rape", "Sexual Assault", "Physical Assault", "Forced Marriage", "Psychological / Emotional Abuse", "Non-GBV",
             "Denial of Resources, Opportunities or Services"]  # fmt: skip
    df = incidents(tmp_path / "r.xlsx", [{TYPE: kind} for kind in kinds])
    assert sum(df["gbv_type"].isin(gbv.SEXUAL)) == 2 and set(df["gbv_type"]) == set(code_list("gbv_type"))


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        pytest.param("Referred & Service unavailable", "referred", id="primero-joins-them"),
        pytest.param("Service unavailable & Referral declined by survivor", "unavailable", id="a-gap-is-not-hidden"),
        pytest.param("Service provided by your agency & Referred", "provided", id="provided"),
        pytest.param("No, Referral declined by survivor", "declined", id="an-older-wording"),
    ],
)
def test_a_sector_has_one_outcome_so_that_needs_add_up(tmp_path, text, outcome):
    tables, _ = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{"HEALTH / MEDICAL SERVICES": text}]))
    services = tables["gbv_services"]
    assert list(services.loc[services["service"] == "health", "outcome"]) == [outcome]


def test_where_a_survivor_came_from_may_be_several_places(tmp_path):
    text = "Health / Medical Services & Self Referral / First Point of Contact"
    (row,) = incidents(tmp_path / "r.xlsx", [{"REFERRED TO YOU FROM?": text}]).to_dict("records")
    assert (row["referred_from"], row["is_first_contact"]) == ("health self_referral", True)


def test_perpetrators_are_a_number_or_words(tmp_path):
    codes = {1: "one", "2": "two", 3: "three", 4: "four_or_more", "More than 3": "four_or_more", 0: None, "Unknown": "unknown"}  # fmt: skip
    df = incidents(tmp_path / "r.xlsx", [{"No. ALLEGED PRIMARY PERPETRATOR(S)": given_} for given_ in codes])
    assert [None if pd.isna(found) else found for found in df["perpetrator_number"]] == list(codes.values())


def test_an_occupation_of_no_list_is_an_answer_whose_words_are_not_kept(tmp_path):
    df = incidents(tmp_path / "r.xlsx", [{"ALLEGED PERPETRATOR OCCUPATION": f"{SECRET} du village"}])
    assert list(df["perpetrator_occupation"]) == ["unlisted"]


# --- Incident Recorder: what is refused, left out, never kept -------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        pytest.param({"INCIDENT ID": None}, "INCIDENT ID", "case vide", id="no-identifier"),
        pytest.param({INTERVIEW: None}, INTERVIEW, "date illisible, absente ou impossible", id="no-interview"),
        pytest.param({INTERVIEW: f"{SECRET} juin"}, INTERVIEW, "date illisible, absente ou impossible", id="interview-words", marks=pytest.mark.full),
        pytest.param({INTERVIEW: 42906}, INTERVIEW, "date illisible, absente ou impossible", id="interview-serial", marks=pytest.mark.full),
        pytest.param({INTERVIEW: "1900-01-01"}, INTERVIEW, "date illisible, absente ou impossible", id="interview-excel-zero"),
        pytest.param({INTERVIEW: "2017-07-06", INCIDENT: "2017-07-06"}, INTERVIEW, "date postérieure à la réception", id="interview-to-come"),
        pytest.param({INCIDENT: f"{SECRET} hier"}, INCIDENT, "date illisible ou impossible", id="incident-words"),
        pytest.param({INCIDENT: "31/02/2017"}, INCIDENT, "date illisible ou impossible", id="31-february", marks=pytest.mark.full),
        pytest.param({INCIDENT: "1900-01-01", BIRTH: None}, INCIDENT, "date illisible ou impossible", id="incident-excel-zero", marks=pytest.mark.full),
        pytest.param({INCIDENT: "2017-06-21"}, INCIDENT, "l’incident est postérieur à l’entretien", id="reversed"),
        pytest.param({BIRTH: f"{SECRET} 1990"}, BIRTH, "date illisible", id="birth-words"),
        pytest.param({BIRTH: "2017-06-21"}, BIRTH, "âge impossible à l’incident", id="born-after-the-incident"),
        pytest.param({BIRTH: "1900-01-01"}, BIRTH, "âge impossible à l’incident", id="birth-excel-zero", marks=pytest.mark.full),
        pytest.param({TYPE: None}, TYPE, "case vide", id="no-type"),
        pytest.param({TYPE: f"{SECRET} violence"}, TYPE, "code inconnu", id="unknown-type"),
        pytest.param({TYPE: "Child Marriage"}, TYPE, "code inconnu", id="a-context-for-a-type", marks=pytest.mark.full),
        pytest.param({TYPE: "Rape & Physical Assault"}, TYPE, "plus d’un type", id="two-types"),
        pytest.param({TYPE: "Viol, Agression physique"}, TYPE, "plus d’un type", id="two-types-in-french", marks=pytest.mark.full),
        pytest.param({"INCIDENT COUNTY": None}, "INCIDENT COUNTY", "case vide", id="no-region"),
        pytest.param({"REPORTING AGENCY CODE": None}, "REPORTING AGENCY CODE", "case vide", id="no-agency"),
        pytest.param({"SEX": SECRET}, "SEX", "code inconnu", id="sex"),
        pytest.param({MONEY: f"{SECRET} francs"}, MONEY, "code inconnu", id="money"),
        pytest.param({RELATION: SECRET}, RELATION, "code inconnu", id="relationship", marks=pytest.mark.full),
        pytest.param({"HEALTH / MEDICAL SERVICES": f"Referred & {SECRET}"}, "HEALTH / MEDICAL SERVICES", "code inconnu", id="outcome"),
        pytest.param({"REFERRED TO YOU FROM?": SECRET}, "REFERRED TO YOU FROM?", "code inconnu", id="referred-from"),
    ],
)  # fmt: skip
def test_a_row_that_breaks_a_rule_is_refused_by_it_and_the_others_enter(tmp_path, row, column, rule):
    tables, balance = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{}] * 9 + [row]))
    (fault,) = balance.refused
    assert (fault.column, fault.count, fault.rows) == (column, 1, (11,)) and fault.rule.startswith(rule)
    assert adds_up(balance) and balance.kept == len(tables["gbv_incidents"]) == 9
    assert SECRET not in repr(balance) + "".join(t.to_csv() for t in tables.values())


def test_one_identifier_is_one_incident_or_none_when_its_rows_differ(tmp_path):
    same = {"INCIDENT ID": "I-9"}
    other_survivor = [{"INCIDENT ID": "I-8"}, {"INCIDENT ID": "I-8", "SURVIVOR CODE": f"{SECRET}-autre"}]
    tables, balance = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{}] * 20 + [same, same, *other_survivor]))
    assert balance.left_out == {"répétées mot pour mot": 2}, "the ninth row of the workbook has that identifier too"
    (fault,) = balance.refused
    assert (fault.column, fault.rule) == ("INCIDENT ID", "même identifiant, contenus différents")
    assert fault.rows == (9, 24, 25), "the eighth row of the workbook has that identifier too"
    assert adds_up(balance) and balance.kept == len(tables["gbv_incidents"]) == 19


def test_two_workbooks_may_number_their_incidents_alike(tmp_path):
    paths = [workbook(tmp_path / f"{name}.xlsx", [{"INCIDENT COUNTY": name}]) for name in ("Gao", "Mopti")]
    df = taken("gbvims_recorder", *paths)[0]["gbv_incidents"]
    assert list(df["region_pcode"]) == ["ML07", "ML05"] and df["gbv_id"].nunique() == 2


def test_without_consent_a_row_is_counted_and_that_is_all(tmp_path):
    wrong = [
        {
            "CONSENT GIVEN": answer,
            "INCIDENT COUNTY": f"{SECRET} lieu",
            TYPE: SECRET,
            INTERVIEW: SECRET,
            "INCIDENT ID": "I-1",
        }
        for answer in ("No", "Non", "no", None, "", "peut-être", "0")
    ]
    tables, balance = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{}, *wrong, {}]))
    assert balance.left_out["sans consentement : jamais gardées"] == 7 and not balance.refused and adds_up(balance)
    assert len(tables["gbv_incidents"]) == 2 and all(tables["gbv_incidents"]["has_consent"])


def test_a_workbook_without_any_consent_gives_no_incident_and_no_error(tmp_path):
    tables, balance = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{"CONSENT GIVEN": "No"}] * 3))
    assert (balance.read, balance.kept, len(tables["gbv_incidents"]), len(tables["gbv_services"])) == (3, 0, 0, 0)


def test_incidents_that_another_organisation_has_stay_in_with_their_code(tmp_path):
    asked = "PREVIOUSLY REPORTED THIS INCIDENT?"
    words = ["No", "Yes-GBVIMS Org / Agency", "Yes-Non GBVIMS Org / Agency", "Oui - Utilisateur du GBVIMS", None]
    df = incidents(tmp_path / "r.xlsx", [{asked: text} for text in words])
    found = [None if pd.isna(v) else v for v in df["previously_reported"]]
    assert found == ["no", "gbvims_organisation", "other_organisation", "gbvims_organisation", None]


def test_an_unknown_region_refuses_the_workbook_unquoted(tmp_path):
    assert "région inconnu(e)" in refused(
        "gbvims_recorder", workbook(tmp_path / "r.xlsx", [{"INCIDENT COUNTY": SECRET}])
    )


def test_a_workbook_of_two_agencies_is_refused(tmp_path):
    path = workbook(tmp_path / "r.xlsx", [{}, {"REPORTING AGENCY CODE": f"{SECRET} B"}])
    assert "ou plusieurs" in refused("gbvims_recorder", path)


@pytest.mark.parametrize("column", ["INCIDENT ID", INTERVIEW])
def test_what_is_looked_at_once_must_be_there_once(tmp_path, column):
    path = workbook(tmp_path / "r.xlsx", [{}], [c for c in WORKBOOK if c != column])
    assert f"colonne absente : {column}." in refused("gbvims_recorder", path)


@pytest.mark.parametrize(
    "column", ["SURVIVOR CODE", "CASE MANAGER CODE", "ETHNICITY", "INCIDENT CAMP / TOWN", "INCIDENT DISTRICT"]
)
def test_an_organisation_may_remove_the_other_columns_that_identify(tmp_path, column):
    path = workbook(tmp_path / "r.xlsx", [{}], [c for c in WORKBOOK if c != column])
    assert len(taken("gbvims_recorder", path)[0]["gbv_incidents"]) == 1


def test_columns_that_veille_writes_are_nobody_else_s(tmp_path):
    header = [*WORKBOOK, "_delai"]
    assert "colonne non déclarée : _delai" in refused("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{}], header))


@pytest.mark.parametrize("text", ["2017-06-20", "2017-06-20T00:00:00", "20/06/2017", "20-Jun-2017"])
def test_a_day_is_read_in_the_forms_that_recorders_write(text):
    assert gbv_recorder.day(text) == date(2017, 6, 20)


@pytest.mark.parametrize(
    "text", ["06/20/2017", "20.06.2017", "20-Jui-2017", "20 juin 2017", "2017", "42906", "", None, "٢٠/٠٦/٢٠١٧"]
)
def test_no_other_form_of_a_day_is_guessed(text):
    assert gbv_recorder.day(text) is None


def test_days_that_excel_stores_as_dates_are_read(tmp_path):
    days = {INTERVIEW: date(2017, 6, 20), INCIDENT: date(2017, 6, 16), BIRTH: date(1999, 6, 17)}
    path = with_dates(tmp_path / "r.xlsx", "Incident Data", list(WORKBOOK), [WORKBOOK | days])
    (row,) = taken("gbvims_recorder", path)[0]["gbv_incidents"].to_dict("records")
    assert (row["report_month"], row["delay"], row["age_band"]) == ("2017-06", "days_4_5", "age_12_17")


# --- Incident Recorder: a month worked by hand ----------------------------------------------------------------------


def on(incident: str, interview: str = "2017-06-20", **more: str) -> dict:
    return {INTERVIEW: interview, INCIDENT: incident, **more}


# 32 rows. Consent missing: rows 29 to 31. Refused: row 32, reversed. So 28 incidents, of which row 27 is not GBV and row 28
# is with another GBVIMS organisation already.
MONTH = [
    # 10 rapes: delays of 0, 3, 4, 5, 6, 14, 15, 30, 31 days, and one not known
    on("2017-06-20") | RAPE,
    on("2017-06-17") | RAPE,
    on("2017-06-16") | RAPE,
    on("2017-06-15") | RAPE,
    on("2017-06-14") | RAPE,
    on("2017-06-06") | RAPE,
    on("2017-06-05") | RAPE,
    on("2017-05-21") | RAPE,
    on("2017-05-20") | RAPE,
    {INCIDENT: None} | RAPE,
    # 5 sexual assaults: of ages 11, 12, 17, 18 and not known
    on("2017-06-20") | ASSAULT | {BIRTH: "2005-06-21"},
    on("2017-06-20") | ASSAULT | {BIRTH: "2005-06-20"},
    on("2017-06-20") | ASSAULT | {BIRTH: "1999-06-21"},
    on("2017-06-20") | ASSAULT | {BIRTH: "1999-06-20"},
    on("2017-06-20") | ASSAULT | {BIRTH: None},
    # 2 forced marriages, one of a child of 13
    on("2017-06-20") | MARRIAGE | {BIRTH: "2003-07-01"},
    on("2017-06-20") | MARRIAGE,
    # 9 others: 4 men or boys, 3 by a partner, in two regions and two months
    on("2017-06-20", SEX="M"),
    on("2017-06-20", SEX="M") | {BIRTH: "2010-01-01"},
    on("2017-06-20", SEX="M"),
    on("2017-06-20", SEX="M"),
    on("2017-06-20") | PARTNER,
    on("2017-06-20") | PARTNER | {"INCIDENT COUNTY": "Mopti"},
    on("2017-06-20") | PARTNER | {"INCIDENT COUNTY": "Mopti"},
    on("2017-05-31", "2017-05-31") | {TYPE: "Psychological / Emotional Abuse"},
    on("2017-05-31", "2017-06-01") | {TYPE: "Denial of Resources, Opportunities or Services"},
    on("2017-06-20") | {TYPE: "Non-GBV"},
    on("2017-06-20") | RAPE | {"PREVIOUSLY REPORTED THIS INCIDENT?": "Yes-GBVIMS Org / Agency"},
    on("2017-06-20") | {"CONSENT GIVEN": "No"},
    on("2017-06-20") | {"CONSENT GIVEN": None, "INCIDENT COUNTY": SECRET},
    on("2017-06-20") | {"CONSENT GIVEN": "Non", TYPE: SECRET},
    on("2017-06-21"),
]


def test_a_month_worked_by_hand(tmp_path):
    tables, balance = taken("gbvims_recorder", workbook(tmp_path / "r.xlsx", MONTH))
    assert (balance.read, balance.kept, balance.refused_rows) == (32, 28, 1) and adds_up(balance)
    assert balance.left_out == {"sans consentement : jamais gardées": 3, "répétées mot pour mot": 0}
    assert [f.rows for f in balance.refused] == [(33,)]
    df = tables["gbv_incidents"]
    assert len(df) == 28 and df["gbv_id"].is_unique
    counted = df[(df["gbv_type"] != "non_gbv") & (df["previously_reported"] != "gbvims_organisation")]
    assert dict(Counter(counted["gbv_type"])) == {
        "rape": 10, "sexual_assault": 5, "forced_marriage": 2, "physical_assault": 7,
        "psychological_emotional_abuse": 1, "denial_of_resources": 1,
    }  # fmt: skip
    assert dict(Counter(counted.loc[counted["gbv_type"] == "rape", "delay"])) == {
        "days_0_3": 2, "days_4_5": 2, "days_6_14": 2, "weeks_2_month_1": 2, "over_1_month": 1, "unknown": 1,
    }  # fmt: skip
    # Unknown: no date of birth, or no date of incident. Children: 11, 12, 17, 13 and a boy of 7.
    assert dict(Counter(counted["age_band"])) == {"age_0_11": 2, "age_12_17": 3, "age_18_over": 19, "unknown": 2}
    assert dict(Counter(counted["sex"])) == {"female": 22, "male": 4}
    assert dict(Counter(c for s in counted["contexts"].dropna() for c in s.split())) == {
        "intimate_partner_violence": 3, "child_sexual_abuse": 3, "early_marriage": 1,
    }  # fmt: skip
    assert dict(Counter(counted["region_pcode"])) == {"ML07": 24, "ML05": 2}
    # Counted by the month of the interview: an incident of 31 May told on 1 June is of June.
    assert dict(Counter(counted["report_month"])) == {"2017-06": 25, "2017-05": 1}
    assert SECRET not in "".join(t.to_csv() for t in tables.values()) + repr(balance)


# --- Incident Recorder: what is stored ------------------------------------------------------------------------------


def stored(path: Path, target: Path) -> tuple[Snapshot, str]:
    """The snapshot of what is stored of a workbook: its cut, with what is written at reception beside it; and its text."""
    first = snapshot("gbvims_recorder", path)
    hidden = {reading.same(column) for column in IDENTIFYING}
    with reading.connection() as con:
        (one,) = registry.receive(con, first).readings
        one.write_text(target, [(i, h) for i, h in enumerate(one.grid.header) if reading.same(h) not in hidden])
        beside = gbv_recorder.written_at_reception(one, DAY).astype({ROW_COLUMN: str})
        cut = pd.read_csv(target, sep=";", dtype=str, keep_default_na=False)
        cut.merge(beside, on=ROW_COLUMN, how="left").to_csv(target, sep=";", index=False)
        rows, wrong = one.read - one.without_consent, one.refused_rows
    content = target.read_bytes()
    file = RawFile(target, hashlib.sha256(content).hexdigest(), rows, wrong)
    return replace(first, files=(file,)), content.decode()


def test_what_is_stored_gives_the_same_incidents_without_a_date_a_code_or_a_place(tmp_path):
    more = [
        {"INCIDENT ID": "I-2"},
        {"INCIDENT ID": "I-3"},
        {"INCIDENT ID": "I-11"} | MONTH[10],
        {BIRTH: f"{SECRET} 1990"},
        {"INCIDENT COUNTY": None},
    ]
    path = workbook(tmp_path / "r.xlsx", [*MONTH, *more])
    received, balance = taken("gbvims_recorder", path)
    kept, text = stored(path, tmp_path / "cut.csv")
    assert SECRET not in text and "2017-06-20" not in text and "1990-01-01" not in text and "I-11" not in text
    assert not set(text.partition("\n")[0].split(";")) & set(IDENTIFYING)
    with reading.connection() as con:
        part = build.part(con, kept)
        tables = {name: reading.frame(con, table) for name, table in part.tables.items()}
    assert part.balance.kept == balance.kept and part.balance.refused_rows == balance.refused_rows
    assert part.balance.left_out["répétées mot pour mot"] == balance.left_out["répétées mot pour mot"] == 1
    for name in ("gbv_incidents", "gbv_services"):
        assert tables[name].drop(columns="gbv_id").equals(received[name].drop(columns="gbv_id")), name
    with reading.connection() as con:
        again = build.part(con, kept)
        assert reading.frame(con, again.tables["gbv_incidents"]).equals(tables["gbv_incidents"])


def test_identifiers_are_drawn_at_random(tmp_path):
    path = workbook(tmp_path / "r.xlsx", [{}, {}])
    first, second = (taken("gbvims_recorder", path)[0]["gbv_incidents"]["gbv_id"] for _ in range(2))
    assert not set(first) & set(second) and all(len(i) == 16 for i in first)


def test_a_cut_without_its_delays_is_not_read_as_if_they_were_unknown(tmp_path):
    (tmp_path / "cut").mkdir()
    with reading.connection() as con:
        (one,) = registry.receive(con, snapshot("gbvims_recorder", workbook(tmp_path / "r.xlsx", [{}]))).readings
        hidden = {reading.same(c) for c in IDENTIFYING}
        names = [(i, h) for i, h in enumerate(one.grid.header) if reading.same(h) not in hidden]
        one.write_text(tmp_path / "cut" / "r.csv", names)
    assert "déposé sans _identifiant, _mois_rapport" in refused("gbvims_recorder", tmp_path / "cut" / "r.csv")


def test_a_newer_workbook_replaces_the_months_that_it_speaks_of(tmp_path):
    one = snapshot(
        "gbvims_recorder",
        workbook(tmp_path / "a.xlsx", [on("2017-05-02", "2017-05-02"), on("2017-06-02", "2017-06-02")]),
    )
    two = snapshot(
        "gbvims_recorder", workbook(tmp_path / "b.xlsx", [on("2017-06-02", "2017-06-02")] * 3), day=date(2017, 8, 5)
    )
    with reading.connection() as con:
        parts = [
            build.part(con, s, registry.receive(con, s, f"received{n}"), name=f"part{n}")
            for n, s in enumerate((one, two))
        ]
        build.assemble(con, [(p.snapshot, p.tables) for p in parts])
        df, services = (reading.frame(con, name) for name in ("gbv_incidents", "gbv_services"))
    assert dict(Counter(df["report_month"])) == {"2017-05": 1, "2017-06": 3}
    assert set(services["gbv_id"]) == set(df["gbv_id"])


# --- Incident Recorder: from the workbook to the tables -------------------------------------------------------------

# Columns of the rows below, in this order; the others are those of `WORKBOOK`.
GIVEN = (INTERVIEW, INCIDENT, BIRTH, "SEX", TYPE, "INCIDENT COUNTY", "HEALTH / MEDICAL SERVICES", "PSYCHOSOCIAL SERVICES", "CONSENT GIVEN")  # fmt: skip
HAD, SENT, NONE_THERE, NO_NEED = (
    "Service provided by your agency",
    "Referred",
    "Service unavailable",
    "Service not applicable",
)
QUARTER = [
    (date(2017, 4, 3), date(2017, 4, 1), date(2000, 1, 1), "F", "Rape", "Gao", SENT, HAD, "Yes"),
    (date(2017, 4, 10), date(2017, 4, 5), date(1990, 5, 5), "F", "Physical Assault", "Gao", NO_NEED, HAD, "Yes"),
    (date(2017, 4, 30), date(2017, 3, 1), date(1985, 1, 1), "M", "Denial of Resources, Opportunities or Services", "Mopti", NO_NEED, None, "Yes"),
    (date(2017, 5, 2), date(2017, 4, 30), date(2003, 6, 6), "F", "Sexual Assault", "Gao", NONE_THERE, HAD, "Yes"),
    (date(2017, 5, 2), date(2017, 5, 2), date(2003, 6, 6), "F", "Forced Marriage", "Mopti", None, None, "No"),
    (date(2017, 5, 31), date(2017, 5, 31), None, "F", "Rape", "Gao", HAD, SENT, "Yes"),
    (date(2017, 6, 1), date(2017, 5, 31), date(2004, 2, 2), "F", "Forced Marriage", "Mopti", SENT, HAD, "Yes"),
    (date(2017, 6, 15), date(2017, 6, 14), date(1995, 2, 2), "F", "Rape", "Gao", HAD, HAD, "Yes"),
    (date(2017, 6, 15), date(2017, 6, 16), date(1995, 2, 2), "F", "Rape", "Gao", HAD, HAD, "Yes"),  # reversed
    (date(2017, 6, 20), date(2017, 6, 20), date(1995, 2, 2), "F", "Psychological / Emotional Abuse", "Mopti", NO_NEED, HAD, "Yes"),
]  # fmt: skip


def recorder(path: Path) -> Path:
    """The workbook of a quarter as Excel saves it: days are dates, the lists stand in a sheet of their own, hidden."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    book.active.title = "Lists"
    book.active.append(["GBV TYPE", *TYPES])
    book.active.sheet_state = "hidden"
    page = book.create_sheet("1. Incident Data")
    page.append(list(WORKBOOK))
    for cell in page[1]:
        cell.font = Font(bold=True)
    for n, given_ in enumerate(QUARTER, 1):
        row = WORKBOOK | {"INCIDENT ID": f"{SECRET}-{n}"} | dict(zip(GIVEN, given_, strict=True))
        page.append(list(row.values()))
    page.freeze_panes = "A2"
    book.active = 1
    book.save(path)
    return path


def consolidating(root: Path):
    """A project of the agency that consolidates what the members of the GBVIMS send."""
    project = new_project(root)
    (project.params / "consent.yml").write_text("role: consolidating\n", encoding="utf-8")
    return project


def counted(project) -> tuple[dict, dict]:
    """Incidents by month, region and type, and services by month, sector and outcome, of the newest data version."""
    version = versions.current(project, "real")
    versions.candidate(version, "cluster")
    folder = project.tables("real", version.id)
    with reading.connection() as con:
        incidents_, services = (
            reading.frame(con, f"read_parquet('{(folder / name).as_posix()}.parquet')")
            for name in ("gbv_incidents", "gbv_services")
        )
    assert set(services["gbv_id"]) <= set(incidents_["gbv_id"]) and incidents_["gbv_id"].is_unique
    return (
        dict(Counter(incidents_[["report_month", "region_pcode", "gbv_type"]].itertuples(index=False, name=None))),
        dict(Counter(services[["report_month", "service", "outcome"]].itertuples(index=False, name=None))),
    )


# Ten rows, one without consent, one whose incident follows its interview.
BY_TYPE = {
    ("2017-04", "ML07", "rape"): 1,
    ("2017-04", "ML07", "physical_assault"): 1,
    ("2017-04", "ML05", "denial_of_resources"): 1,
    ("2017-05", "ML07", "sexual_assault"): 1,
    ("2017-05", "ML07", "rape"): 1,
    ("2017-06", "ML05", "forced_marriage"): 1,
    ("2017-06", "ML07", "rape"): 1,
    ("2017-06", "ML05", "psychological_emotional_abuse"): 1,
}
# The five other sectors have the answers of `WORKBOOK`, in each of the eight incidents; child protection has none.
BY_OUTCOME = {
    ("2017-04", "health", "referred"): 1,
    ("2017-04", "health", "not_applicable"): 2,
    ("2017-04", "psychosocial", "provided"): 2,
    ("2017-05", "health", "unavailable"): 1,
    ("2017-05", "health", "provided"): 1,
    ("2017-05", "psychosocial", "provided"): 1,
    ("2017-05", "psychosocial", "referred"): 1,
    ("2017-06", "health", "referred"): 1,
    ("2017-06", "health", "provided"): 1,
    ("2017-06", "health", "not_applicable"): 1,
    ("2017-06", "psychosocial", "provided"): 3,
} | {
    (month, service, outcome): n
    for month, n in (("2017-04", 3), ("2017-05", 2), ("2017-06", 3))
    for service, outcome in (
        ("shelter", "not_applicable"), ("legal", "unavailable"), ("security", "declined"), ("livelihoods", "already_received"),
    )
}  # fmt: skip


def test_a_recorder_received_by_the_consolidating_agency_is_counted_as_by_hand(tmp_path):
    project = consolidating(tmp_path / "p")
    path = recorder(tmp_path / "r.xlsx")
    ((source, organisation, paths),) = receive.sort_out([path], "gbvims_recorder")
    assert organisation == "ORG-A"
    receipt = receive.receive(paths, source, DAY, project, producer=organisation)
    assert receipt.balance.summary() == {"read": 10, "kept": 8, "left_out": 1, "refused": 1}
    assert "période : 2017-04 to 2017-06" in receipt.lines()[0]
    assert yaml.safe_load((receipt.stored / "source.yml").read_text(encoding="utf-8"))["covers"] == "2017-04 to 2017-06"
    assert counted(project) == (BY_TYPE, BY_OUTCOME)
    kept = [p for p in project.root.rglob("*") if p.is_file()]
    assert receipt.stored.name == "2017-07-05" and not [p for p in kept if SECRET.encode() in p.read_bytes()]


@projects.EITHER
def test_the_same_through_the_commands(veille, tmp_path):
    project = consolidating(tmp_path / "p")
    path = str(recorder(tmp_path / "r.xlsx"))
    given_ = ("receive", path, "--source", "gbvims_recorder", "--received", "2017-07-05")
    done = veille(project.root, *given_)
    assert done.returncode == 0, done.stderr
    assert "gbvims_recorder.org_a/2017-07-05, période : 2017-04 to 2017-06" in done.stdout
    assert "10 lignes lues = 8 gardées + 1 laissées de côté + 1 refusées" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    made = veille(project.root, "data", "--nature", "real")
    assert made.returncode == 0, made.stderr
    assert counted(project) == (BY_TYPE, BY_OUTCOME)
    assert "Déjà reçu" in veille(project.root, *given_).stdout


@projects.EITHER
def test_elsewhere_a_recorder_is_refused_and_nothing_of_it_is_stored(veille, tmp_path):
    project = new_project(tmp_path / "p")
    path = str(recorder(tmp_path / "r.xlsx"))
    done = veille(project.root, "receive", path, "--source", "gbvims_recorder", "--received", "2017-07-05")
    assert done.returncode == 4 and "réservé à l’agence" in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert not [p for folder in ("data", ".veille") for p in (project.root / folder).rglob("*") if p.is_file()]


def test_the_report_of_a_recorder_has_its_months_and_tells_two_people_apart(tmp_path):
    project = consolidating(tmp_path / "p")
    june = [on("2017-06-02", "2017-06-02")] * 3  # three incidents whose answers are all the same
    first = workbook(tmp_path / "a.xlsx", [on("2017-05-02", "2017-05-02"), *june])
    second = workbook(tmp_path / "b.xlsx", [*june[:2], on("2017-06-02", "2017-06-02") | RAPE, {"CONSENT GIVEN": "No"}])
    found = []
    for path, day in ((first, "2017-07-05"), (second, "2017-08-05")):
        receipt = receive.receive([path], "gbvims_recorder", date.fromisoformat(day), project, producer="ORG-A")
        page = receipt.quality.read_bytes()
        again = quality.of_stored(project, quality.find(project, "gbvims_recorder", date.fromisoformat(day), "real"))
        # What is read again of what is stored gives the page of the first day, word for word.
        assert quality_report.page(again).encode() == page
        found.append(again)
    one, two = found
    assert one.filled.rows == (1, 3) and one.twice.copies == 0 == two.twice.copies
    total = two.comparison.total
    assert (total.same, total.new, total.vanished) == (2, 1, 1)
