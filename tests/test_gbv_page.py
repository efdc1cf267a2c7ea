"""What a page of the GBVIMS summary says of the numbers that it is given, and what it leaves out where they are not printed."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from incidents import PARAMS, monthly_table, new_project
from test_gbv_sources import BIRTH, INCIDENT, INTERVIEW, workbook
from test_gbv_statistics import SERVICES

from veille import places, present, versions
from veille.codes import code_list
from veille.disclosure.safe import SafeTables, clear
from veille.periods import parse
from veille.published import Edition
from veille.render.document import plain
from veille.sources import receive

DAY = date(2017, 7, 5)
BORN = {"girls": "2003-01-01", "boys": "2003-01-01", "women": "1990-01-01", "men": "1990-01-01"}


def recorder_of(folder: Path, organisation: str, people: dict[str, int], april_only: dict[str, int]) -> Path:
    """The workbook of a quarter: each month has as many of each as is said, and April some more."""
    rows = [
        {"INCIDENT ID": f"{month}-{who}-{n}", "REPORTING AGENCY CODE": organisation, "SEX": "F" if who in ("girls", "women") else "M",
         INTERVIEW: f"2017-{month}-10", INCIDENT: f"2017-{month}-09", BIRTH: BORN[who]}
        for month in ("04", "05", "06") for who in BORN
        for n in range(people.get(who, 0) + (april_only.get(who, 0) if month == "04" else 0))
    ]  # fmt: skip
    return workbook(folder / f"{organisation}.xlsx", rows)


def profile(
    tmp_path: Path, people: dict[str, int], *, few: dict[str, int] | None = None, tables: bool = False
) -> tuple[list[str], dict[str, list[str]]]:
    """What stands in paragraphs, and each table's rows, of the survivors of a quarter that three organisations gave."""
    project = new_project(tmp_path / "p")
    shutil.copy(PARAMS / "contacts.yml", project.params)
    agreements = [
        {"organisation": f"org_{x}", "audiences": ["cluster"], "until": "2018-12-31", "reference": "Accord"}
        for x in "abcd"
    ]
    text = yaml.safe_dump({"role": "consolidating", "agreements": agreements})
    (project.params / "consent.yml").write_text(text, encoding="utf-8")
    for organisation in ("ORG-A", "ORG-B", "ORG-C"):
        file = recorder_of(tmp_path, organisation, people, few or {} if organisation == "ORG-A" else {})
        receive.receive([file], "gbvims_recorder", DAY, project, producer=organisation)
    if tables:
        file = monthly_table(tmp_path, "ORG-D", dict.fromkeys(("2017-04", "2017-05", "2017-06"), 20))
        receive.receive([file], "gbv_tables", DAY, project, producer="ORG-D")
    folder, _ = versions.release(project, DAY, "cluster")
    return told(present.table_of_gbv_profile(edition_of("mali", "2017-Q2", SafeTables.read(folder))).blocks)


def edition_of(area: str, period: str, tables: SafeTables) -> Edition:
    return Edition(
        "gbvims", "Synthèse GBVIMS", places.area(area, PARAMS), parse(period), "cluster", "fr", "real", "",
        tables, None, (), PARAMS,
    )  # fmt: skip


def told(blocks: list[dict]) -> tuple[list[str], dict[str, list[str]]]:
    """What stands in paragraphs, and the rows of each table, those behind figures too."""
    said = [bare(b["runs"]) for b in blocks if b["kind"] == "paragraph"]
    tables = [t for b in blocks for t in (b, b.get("table") or {}) if t.get("kind") == "table"]
    return said, {t["name"]: [" ".join(bare(c) for c in r["cells"]) for r in t["rows"]] for t in tables}


def bare(runs: list) -> str:
    return plain(runs).replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.full
def test_age_and_sex_stand_crossed_where_recorders_gave_every_case(tmp_path):
    said, tables = profile(tmp_path, {"women": 6, "girls": 4, "men": 3, "boys": 2})
    assert tables["age_sexe"] == ["Féminin 36 54 0 90", "Masculin 18 27 0 45", "Ensemble 54 81 0 135"]
    assert not [line for line in said if "sexe" in line]


def test_two_boys_are_found_in_no_cell_and_worked_out_of_none(tmp_path):
    said, tables = profile(tmp_path, {"women": 6, "girls": 4, "men": 3}, few={"boys": 2})
    assert "age_sexe" not in tables
    assert any("âge et sexe croisés" in line.lower() and line.endswith("non publié ce trimestre.") for line in said)


@pytest.mark.full
def test_one_organisation_that_sent_tables_leaves_age_and_sex_apart(tmp_path):
    said, tables = profile(tmp_path, {"women": 6, "girls": 4, "men": 3, "boys": 2}, tables=True)
    assert "age_sexe" not in tables and "profil" in tables
    why = "Âge et sexe croisés : n.d. ; les tableaux mensuels des organisations ne les croisent pas"
    assert [line for line in said if line.startswith(why)]


# --- pages of numbers that are given ----------------------------------------------------------------------------------

TOTAL, NEEDS, REPORTING = "gbv_incidents_reported", "gbv_service_needs", "gbv_organisations_reporting"
HIDDEN = "n.p."


def page(area: str, period: str, numbers: dict[str, object]) -> Edition:
    """An edition of numbers and nothing else: `key@place`, or `key@place@period` where it is another period."""
    made = []
    for address, value in numbers.items():
        key, place, when = (*address.split("@"), period)[:3]
        fields = dict.fromkeys(("table", "query", "caveat"), "") | {"key": key, "place": place, "period": when}
        fields |= {"unit": "percent" if "_pct" in key else "incidents"}
        hidden = value == HIDDEN
        made.append(
            clear(**fields, value="" if hidden else str(value), status="not_published" if hidden else "unverified")
        )
    return edition_of(area, period, SafeTables(made, {"received": "2018-01-13", "version": "0" * 12}, {}))


def needs(sector: str, *became: object) -> dict[str, object]:
    names = (f"{NEEDS}.service={sector}", *(f"{NEEDS}.service={sector}.result={r}" for r in ("obtained", "declined", "unavailable")))  # fmt: skip
    return dict(zip((f"{name}@mali" for name in names), became, strict=True))


def test_the_cascade_draws_what_is_printed_of_the_needs_and_leaves_the_rest_white():
    numbers = needs("health", 400, 320, 20, 60) | needs("legal", 200, 120, HIDDEN, HIDDEN) | needs("shelter", HIDDEN, 50, HIDDEN, HIDDEN)  # fmt: skip
    numbers["gbv_service_gap_pct.service=health@mali"] = 15
    drawn, table = present.figure_of_gbv_services(page("mali", "2017-Q2", numbers)).blocks
    assert bare(drawn["title"]) == "Santé : 15 % des besoins restent sans service"
    for svg in (drawn["svg"], drawn["svg_narrow"]):
        assert "result=obtained@mali@2017-Q2" in svg and "service=legal.result=declined" not in svg
        assert "Non publié" in svg and "service=shelter" not in svg, "of a need that is not printed nothing is drawn"
    assert told([table])[1]["services"][0] == "Santé 400 320 20 60 15 %"
    assert told([table])[1]["services"][3] == "Assistance juridique 200 120 n.p. n.p. "
    whole = present.figure_of_gbv_services(page("mali", "2017-Q2", needs("health", 400, 320, 20, 60))).blocks[0]
    assert "Non publié" not in whole["svg"]


def test_needs_without_what_became_of_them_are_drawn_as_needs():
    hidden = dict.fromkeys(needs("health", 1, 2, 3, 4), HIDDEN) | {f"{NEEDS}.service=health@mali": 400}
    drawn, table = present.figure_of_gbv_services(page("mali", "2017", hidden)).blocks
    assert bare(drawn["title"]) == "Besoins de service et suites, par secteur"
    assert told([table])[1]["services"][0] == "Santé 400 " and len(table["columns"]) == 3


def by_place(code: str, *numbers: object) -> dict[str, object]:
    keys = (TOTAL, *(f"{TOTAL}.violence_class={c}" for c in ("sexual", "other")), f"{TOTAL}.gbv_type=rape")
    return {f"{key}@{code}": n for key, n in zip(keys, numbers, strict=True)}


def test_where_regions_are_not_printed_the_zones_are():
    regions = {k: v for code in ("ML05", "ML07", "ML10") for k, v in by_place(f"cod2021:{code}", *[HIDDEN] * 4).items()}
    zones = by_place("gao", 647, 241, 406, 45) | by_place("mopti", 500, 171, 329, 53) | by_place("kidal", *[HIDDEN] * 4)
    said, tables = told(present.table_of_gbv_regions(page("mali", "2017", regions | zones)).blocks)
    assert said == ["Cas par région : non publié cette année."]
    assert tables["zones"] == [
        "Zone de Gao 647 241 406",
        "Région de Mopti 500 171 329",
        "Région de Kidal n.p. n.p. n.p.",
    ]
    assert tables["types_par_region"][0].startswith("Zone de Gao 45 n.d.")
    # Where regions tell as much, zones add nothing.
    regions = by_place("cod2021:ML05", 500, 171, 329, 53) | by_place("cod2021:ML07", 527, 200, 327, 30)
    said, tables = told(present.table_of_gbv_regions(page("mali", "2017", regions | zones)).blocks)
    assert not said and tables.keys() == {"regions", "types_par_region"}
    assert tables["types_par_region"][0].startswith("Région de Gao 30")


def test_a_zone_of_one_region_has_no_section_of_its_regions():
    edition = page("mopti", "2017-Q2", by_place("mopti", 123, 44, 79, 7))
    assert present.section(edition, "Régions", present.table_of_gbv_regions).blocks == []


def test_a_zone_shows_how_many_organisations_report_in_the_country_beside_its_trend():
    quarters = {f"{TOTAL}@gao@2017-Q{q}": 150 + q for q in (1, 2)} | {
        f"{REPORTING}@mali@2017-Q{q}": 8 + q for q in (1, 2)
    }
    (drawn,) = present.figure_of_gbv_trend(page("gao", "2017-Q2", quarters)).blocks
    assert "Organisations comptées, tout le pays" in drawn["svg"] and f"{REPORTING}@mali@2017-Q1" in drawn["svg"]
    assert told([drawn])[1]["evolution"][-1] == "2e trimestre 2017 152 10"
    assert "organisations ou de services plus nombreux" in bare(drawn["notes"][0])


def test_a_first_period_is_compared_with_nothing_and_still_says_what_it_is_not():
    edition = page("mali", "2016-01", {f"{TOTAL}@mali": 158, f"{REPORTING}@mali": 8})
    (said,) = told(present.figure_of_gbv_trend(edition).blocks)[0]
    assert said == "Évolution : moins de deux périodes publiées, rien n’est comparé."
    (cover,) = present.cover_of_gbv(edition).blocks
    assert bare(cover["lede"]).endswith("disent qui est venu déclarer, pas combien de violences ont été commises.")


def test_the_years_stand_beside_each_other_with_their_sexual_violence_and_their_organisations():
    numbers = {f"{TOTAL}@gao@{y}": n for y, n in (("2016", 548), ("2017", 647))}
    numbers |= {f"{TOTAL}.violence_class=sexual@gao@{y}": n for y, n in (("2016", 196), ("2017", 241))}
    numbers |= {f"{REPORTING}@mali@{y}": n for y, n in (("2016", 8), ("2017", 9))}
    _, tables = told(present.table_of_gbv_years(page("gao", "2017", numbers)).blocks)
    assert tables["annees"] == ["2016 548 196 n.d. 8", "2017 647 241 n.d. 9"]


def breakdown(dimension: str, value: object, *codes: str) -> dict[str, object]:
    return {f"{TOTAL}.{dimension}={code}@mali": value for code in codes}


def test_what_nobody_gave_is_n_d_and_what_is_hidden_is_not_published():
    numbers = {f"{TOTAL}@mali": 700} | breakdown("sex", HIDDEN, "female", "male") | breakdown("sex", 2, "unknown")
    numbers |= (
        breakdown("majority", 300, "child") | breakdown("majority", 400, "adult") | breakdown("majority", 0, "unknown")
    )
    said, tables = told(present.table_of_gbv_profile(page("mali", "2017-Q2", numbers)).blocks)
    assert tables["profil"] == ["Enfants et adultes", "Enfants (moins de 18 ans) 300 ", "Adultes (18 ans et plus) 400 "]
    assert said[0].startswith("Âge et sexe croisés : n.d. ; ")
    # Two who did not answer are no table: nothing is known of the others.
    assert said[1:] == [
        "Statut de déplacement : n.d., aucune organisation n’en a donné au 2e trimestre 2017.",
        "Sexe : non publié ce trimestre.",
    ]


def test_a_year_says_in_two_sentences_what_it_does_not_tell():
    numbers = breakdown("time_of_day", HIDDEN, "morning", "afternoon", "evening_night", "unknown")
    numbers |= breakdown("perpetrator_number", HIDDEN, "one", "two", "three", "four_or_more", "unknown")
    said, tables = told(present.tables_of_gbv_year(page("mali", "2017", numbers)).blocks)
    assert (
        not tables and said[1].startswith("Groupes vulnérables, type de lieu, lien avec l’auteur") and "n.d." in said[1]
    )
    assert said[2] == "Moment de la journée et nombre d’auteurs principaux : non publié cette année."


def test_services_provided_stand_once_where_the_cascade_tells_them():
    hidden = {f"gbv_services_provided.service={s}@mali": HIDDEN for s in code_list("service")}
    told_there = {f"{NEEDS}.service=health.outcome=provided@mali": 495}
    for numbers, is_said in ((hidden, True), (hidden | told_there, False)):
        said, _ = told(present.tables_of_gbv_year(page("mali", "2017", numbers)).blocks)
        assert any("services fournis" in line.lower() for line in said) == is_said


def test_zero_is_said_and_is_neither_n_d_nor_n_p():
    numbers = breakdown("context", 0, *code_list("gbv_context"))
    assert told(present.table_of_gbv_contexts(page("mali", "2017-Q2", numbers)).blocks) == (
        ["Contextes des cas déclarés : aucun cas déclaré."], {},
    )  # fmt: skip


def test_rapes_without_their_delay_are_still_counted():
    numbers = {"gbv_rapes_reported@mali": 57} | {
        f"gbv_rapes_reported.delay={d}@mali": HIDDEN for d in code_list("delay")
    }
    said, _ = told(present.figure_of_gbv_delays(page("mali", "2017-Q2", numbers)).blocks)
    assert said == [
        "Viols déclarés : 57.",
        "Cas par délai de déclaration : n.d., aucune organisation n’en a donné au 2e trimestre 2017.",
        "Viols par délai de déclaration : non publié ce trimestre.",
    ]


def test_what_the_survivor_did_not_know_of_the_perpetrator_is_an_answer():
    numbers = {f"{TOTAL}.perpetrator_age={c}@mali": 20 for c in code_list("perpetrator_age")}
    _, tables = told(present.tables_of_gbv_year(page("mali", "2017", numbers)).blocks)
    assert tables["auteurs_age"][-1] == "Inconnu 20"


def test_a_page_names_the_sources_of_its_own_numbers():
    sources = [{"source": s, "title": s, "producer": "", "received": "2018-01-13", "zero_means": "", "covers": "", "nature": "real"} for s in ("gbv_tables", "gbv_published")]  # fmt: skip
    for area, period, expected in (("mali", "2017", 2), ("mali", "2017-Q2", 1), ("gao", "2017", 1)):
        edition = page(area, period, {})
        edition._tables.meta["sources"] = sources
        (table,) = (b for b in present.method_of_gbv(edition).blocks if b["kind"] == "table")
        assert len(table["rows"]) == expected, (area, period)


# --- what two tables say together -------------------------------------------------------------------------------------


@pytest.mark.full
def test_two_who_were_referred_are_not_what_is_left_of_the_services_provided(tmp_path):
    """Services provided are the outcome « provided » under another name: with it, 72 obtained less 70 provided are two."""
    project = new_project(tmp_path / "p")
    shutil.copy(PARAMS / "contacts.yml", project.params)
    agreements = [{"organisation": f"org_{x}", "audiences": ["cluster"], "until": "2018-12-31", "reference": "Accord"} for x in "abc"]  # fmt: skip
    (project.params / "consent.yml").write_text(
        yaml.safe_dump({"role": "consolidating", "agreements": agreements}), encoding="utf-8"
    )
    provided, referred = "Service provided by your agency", "Referred"
    for x in "ABC":
        rows = []
        for month in range(1, 13):
            last = "Service unavailable" if month % 2 else "Referral declined by survivor"
            late = [referred] * 2 * (x == "A" and month == 4)
            for n, (shelter, others) in enumerate(
                zip([provided, provided, last, *late], [referred, provided, last, *late], strict=True)
            ):
                days = {INTERVIEW: f"2017-{month:02d}-10", INCIDENT: f"2017-{month:02d}-09", BIRTH: "1990-01-01"}
                services = dict.fromkeys(SERVICES.values(), others) | {SERVICES["she"]: shelter}
                rows.append({"INCIDENT ID": f"{month}-{n}", "REPORTING AGENCY CODE": f"ORG-{x}"} | days | services)
        file = workbook(tmp_path / f"{x}.xlsx", rows)
        receive.receive([file], "gbvims_recorder", date(2018, 1, 31), project, producer=f"ORG-{x}")
    tables = SafeTables.read(versions.release(project, date(2018, 1, 31), "cluster")[0])
    shelter = f"{NEEDS}.service=shelter"
    for period in ("2017", "2017-Q2"):
        needed, obtained, provided = (
            tables.get(key, "mali", period)
            for key in (shelter, f"{shelter}.result=obtained", "gbv_services_provided.service=shelter")
        )
        assert needed.value == {"2017": "110", "2017-Q2": "29"}[period]
        assert not (obtained.is_shown and provided.is_shown), (obtained.value, provided.value)
