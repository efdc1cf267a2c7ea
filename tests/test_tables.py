"""Rows received -> one row per thing that counts: copies, flash and documented reports, verification, printed sums."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import (
    DTM_ROW,
    GOOD_ROWS,
    PARAMS,
    fivew_row,
    good_row,
    kobo,
    part_of,
    random_cases,
    several_kobo,
    snapshot_of,
    tables_of,
)

from veille.errors import BadData
from veille.indicators.count import cubes
from veille.sources.balance import Balance
from veille.tables import build
from veille.tables.contracts import CONTRACTS

REPORT = "type_rapport"
STATUS = "statut_verification"


def counted(folder, *rows) -> pd.DataFrame:
    """The incidents that count when these forms were received."""
    return tables_of(folder, "kobo_incidents", list(rows))["incidents"]


# --- one row per incident -----------------------------------------------------------------------------------------


def test_a_form_exported_twice_counts_once(tmp_path):
    assert len(counted(tmp_path, kobo(), kobo(_id=2, _index=2))) == 1


def test_two_incidents_are_two_even_when_all_their_answers_agree(tmp_path):
    assert len(counted(tmp_path, kobo(), kobo(_uuid="u2", id_incident="INC-2"))) == 2


def test_a_flash_report_and_the_documented_one_are_one_incident(tmp_path):
    flash = kobo(_uuid="f", type_rapport="flash", statut_verification="non_verifie", type_incident="menace", femmes=3)
    full = kobo(_uuid="d", _submission_time="2016-08-20T10:00:00", type_incident="coups_blessures", femmes=2)
    df = counted(tmp_path, flash, full)
    assert df[["entry_source", "incident_type", "verification_class", "women_people"]].values.tolist() == [
        ["documented", "assault", "verified", 2]
    ]


def test_the_documented_report_counts_even_when_the_flash_arrives_after_it(tmp_path):
    full = kobo(_uuid="d", _submission_time="2016-08-03T10:00:00", type_incident="coups_blessures")
    flash = kobo(_uuid="f", type_rapport="flash", _submission_time="2016-09-30T10:00:00", type_incident="menace")
    df = counted(tmp_path, full, flash)
    assert df["entry_source"].tolist() == ["documented"] and df["incident_type"].tolist() == ["assault"]


def test_of_two_documented_reports_the_later_one_counts(tmp_path):
    first = kobo(_uuid="a", _submission_time="2016-08-03T10:00:00", type_incident="vol")
    then = kobo(_uuid="b", _submission_time="2016-08-09T10:00:00", type_incident="pillage")
    assert counted(tmp_path, then, first)["incident_type"].tolist() == ["looting"]


def test_a_flash_report_that_nobody_documented_counts_as_flash(tmp_path):
    assert counted(tmp_path, kobo(type_rapport="flash"))["entry_source"].tolist() == ["flash"]


def test_when_the_full_form_was_not_approved_the_flash_report_stands(tmp_path):
    flash = kobo(_uuid="f", type_rapport="flash", type_incident="menace", statut_verification=None)
    full = kobo(_uuid="d", _validation_status="validation_status_not_approved", _submission_time="2016-08-20T10:00:00")
    df = counted(tmp_path, flash, full)
    assert df[["entry_source", "incident_type", "verification_class"]].values.tolist() == [
        ["flash", "threat", "unverified"]
    ]


@pytest.mark.parametrize("status", ["validation_status_not_approved", "Not Approved"])
def test_a_form_that_was_not_approved_does_not_count(tmp_path, status):
    df = counted(tmp_path, kobo(), kobo(_uuid="u2", id_incident="I2", _validation_status=status))
    assert df["incident_id"].tolist() == ["INC-1"]


def test_hours_with_and_without_a_zone_are_put_on_one_clock(tmp_path):
    first = kobo(_uuid="a", _submission_time="2016-08-09T01:00:00+02:00", type_incident="vol")  # 23:00 the day before
    then = kobo(_uuid="b", _submission_time="2016-08-09T00:00:00", type_incident="pillage")
    assert counted(tmp_path, first, then)["incident_type"].tolist() == ["looting"]


def check_order(tmp_path_factory, order) -> None:
    rows = [
        kobo(_uuid="a"),
        kobo(_uuid="b", type_rapport="flash", _submission_time="2016-09-01T00:00:00", type_incident="menace"),
        kobo(_uuid="c", id_incident="I2", type_rapport="flash"),
        kobo(_uuid="d", id_incident="I2", type_incident="pillage", _submission_time="2016-08-09T00:00:00"),
        kobo(_uuid="e", id_incident="I3", statut_verification="infirme"),
    ]
    df = counted(tmp_path_factory.mktemp("x"), *[rows[i] for i in order])
    assert df[["incident_id", "incident_type"]].values.tolist() == [["I2", "looting"], ["INC-1", "theft"]]


@given(st.permutations(range(5)))
@random_cases(2)
def test_the_order_of_rows_in_the_export_changes_nothing(tmp_path_factory, order):
    check_order(tmp_path_factory, order)


@pytest.mark.full
@given(st.permutations(range(5)))
@random_cases(10)
def test_the_order_of_rows_in_the_export_changes_nothing_in_more_orders(tmp_path_factory, order):
    check_order(tmp_path_factory, order)


# --- verification -------------------------------------------------------------------------------------------------


# Cases that are rows of one file are counted together: a file costs more than its rows.
def test_only_the_form_s_own_answer_makes_an_incident_verified(tmp_path):
    expected = {
        "verifie": "verified",
        "en_cours": "unverified",
        "non_verifie": "unverified",
        None: "unverified",
        "infirme": None,  # did not happen
        "rejete": None,  # out of scope
    }
    rows = [kobo(_uuid=f"u-{a}", id_incident=f"I-{a}", statut_verification=a) for a in expected]
    df = counted(tmp_path, *rows)
    found = dict(zip(df["incident_id"], df["verification_class"], strict=True))
    assert found == {f"I-{answer}": said for answer, said in expected.items() if said}


def test_kobo_s_own_status_never_makes_an_incident_verified(tmp_path):
    statuses = ("validation_status_approved", "validation_status_on_hold", None, "Approved")
    cases = list(itertools.product(statuses, (None, "non_verifie", "en_cours")))
    rows = [
        kobo(_uuid=f"u{n}", id_incident=f"I{n}", statut_verification=answer, _validation_status=status)
        for n, (status, answer) in enumerate(cases)
    ]
    df = counted(tmp_path, *rows)
    assert set(df["incident_id"]) == {f"I{n}" for n in range(12)}
    assert df["verification_class"].tolist() == ["unverified"] * 12


def test_a_status_that_kobo_does_not_have_is_refused(tmp_path):
    with pytest.raises(BadData, match="_validation_status : code inconnu, ligne 2"):
        counted(tmp_path, kobo(_validation_status="verifie"))


def test_an_incident_refuted_by_its_documented_report_leaves_with_its_flash_report(tmp_path):
    flash = kobo(_uuid="f", type_rapport="flash", statut_verification="non_verifie")
    full = kobo(_uuid="d", statut_verification="infirme", _submission_time="2016-08-20T10:00:00")
    assert counted(tmp_path, flash, full, kobo(_uuid="u", id_incident="I2"))["incident_id"].tolist() == ["I2"]


@pytest.mark.parametrize("answer", ["infirme", "rejete"])
def test_an_export_of_which_nothing_counts_gives_an_empty_table(tmp_path, answer):
    df = counted(tmp_path, kobo(statut_verification=answer))
    assert len(df) == 0 and list(df.columns) == list(CONTRACTS["incidents"].columns)


# --- answers ------------------------------------------------------------------------------------------------------


def test_an_incident_keeps_its_place_month_category_and_class(tmp_path):
    (row,) = counted(tmp_path, kobo(commune="Soni Ali Ber", auteur_presume="groupe_extremiste")).to_dict("records")
    expected = {
        "month": "2016-08",
        "edition": "cod2015",
        "pcode": "ML0701",
        "commune_pcode": "ML070106",
        "category": "property",
        "perpetrator_class": "armed_groups",
        "population_group": "host",
        "entry_source": "documented",
    }
    assert {name: row[name] for name in expected} == expected


def test_the_month_is_that_of_the_event_not_of_its_arrival(tmp_path):
    df = counted(tmp_path, kobo(date_incident="31/08/2016", _submission_time="2016-11-15T10:00:00"))
    assert df["month"].tolist() == ["2016-08"]


def test_the_type_of_the_form_is_kept_beside_the_harmonised_one_and_follows_no_printed_list(tmp_path):
    df = counted(tmp_path, kobo(type_incident="coups_blessures"))
    assert df[["incident_type", "original_type", "typology_version"]].values.tolist() == [
        ["assault", "coups_blessures", None]
    ]


def test_the_words_of_the_file_and_the_list_that_they_come_from_are_kept(tmp_path):
    of_the_form = "Mine, engin explosif improvisé ou reste explosif"
    cases = [
        ("Extorsion", 2016, ("extortion", "Extorsion", "amss_2016")),
        ("Extorsion", 2018, ("extortion", "Extorsion", "amss_2018")),
        ("extorsion", 2018, ("extortion", "extorsion", None)),  # the form's own code
        ("Tortures", 2018, ("torture", "Tortures", "amss_2018")),
        ("Tortures", 2016, ("torture", "Tortures", "amss_2018")),  # a label of 2018 for an event of 2016
        (of_the_form, 2018, ("explosive_ordnance", of_the_form, None)),
    ]
    rows = [
        kobo(_uuid=f"u{n}", id_incident=f"I{n}", type_incident=written, date_incident=f"{year}-08-01")
        | {"_submission_time": f"{year}-08-03T10:00:00"}
        for n, (written, year, _) in enumerate(cases)
    ]
    df = tables_of(tmp_path, "kobo_incidents", rows, day="2019-01-05")["incidents"]
    found = df[["incident_id", "incident_type", "original_type", "typology_version"]].values.tolist()
    assert {i: tuple(kept) for i, *kept in found} == {f"I{n}": kept for n, (*_, kept) in enumerate(cases)}


def test_no_answer_is_not_zero(tmp_path):
    df = counted(tmp_path, kobo(femmes=None, auteur_presume=None, population_affectee=None, refere=None))
    assert df.loc[0, ["women_people", "perpetrator_class", "population_group", "is_referred"]].isna().all()
    assert df.loc[0, "men_people"] == 0


def test_a_date_after_the_form_was_sent_is_refused_with_its_row(tmp_path):
    with pytest.raises(BadData, match=r"postérieure à l’envoi, ligne 3\."):
        counted(tmp_path, kobo(), kobo(_uuid="u2", id_incident="I2", date_incident="2016-08-04"))


def test_a_date_on_the_day_the_form_was_sent_is_accepted(tmp_path):
    assert len(counted(tmp_path, kobo(date_incident="2016-08-03"))) == 1


def test_more_harmed_than_victims_is_refused_only_where_all_four_were_answered(tmp_path):
    names = ("femmes", "hommes", "filles", "garcons", "tues", "blesses")
    refused = {
        "one more than victims": (1, 1, 0, 0, 2, 1),
        "one killed of nobody": (0, 0, 0, 0, 1, 0),
        "killed alone exceed": (1, 0, 0, 0, 2, None),
    }
    kept = {
        "as many as victims": (1, 1, 0, 0, 1, 1),
        "three answers of four": (1, 1, 0, None, 2, 1),
        "no answer": (None, None, None, None, 2, 1),
        "no answer on harm": (1, 0, 0, 0, None, None),
    }
    cases = [
        kobo(_uuid=case, id_incident=case, **dict(zip(names, n, strict=True))) for case, n in (refused | kept).items()
    ]
    df, balance = part_of(tmp_path, "kobo_incidents", [*cases, *several_kobo(8)])
    assert set(df["incident_id"]) == {*kept, *(f"I{n}" for n in range(8))}
    (fault,) = balance.refused
    assert fault.rule == "Les tués et les blessés ne peuvent pas dépasser le nombre de victimes"
    assert (fault.count, fault.rows) == (3, (2, 3, 4))


def test_a_file_of_one_row_with_more_harmed_than_victims_is_refused(tmp_path):
    said = (
        "^kobo_incidents/2017-01-05, Les tués et les blessés ne peuvent pas dépasser le nombre de victimes, ligne 2\\."
    )
    with pytest.raises(BadData, match=said):
        counted(tmp_path, kobo(femmes=1, hommes=1, filles=0, garcons=0, tues=2, blesses=1))


def test_a_negative_count_is_refused_by_column_and_row_and_not_shown(tmp_path):
    with pytest.raises(BadData, match="victimes/femmes : valeur refusée, ligne 2") as refused:
        counted(tmp_path, kobo(femmes=-37))
    assert "37" not in str(refused.value)


# --- rows that contradict themselves -------------------------------------------------------------------------------

CONTRADICTIONS = {
    "Les tués et les blessés ne peuvent pas dépasser le nombre de victimes": {"femmes": 1, "tues": 1, "blesses": 1},
    "date d’incident postérieure à l’envoi": {"date_incident": "2016-08-04"},
    "date de collecte antérieure à l’incident": {"date_collecte": "2016-07-31"},
}


@pytest.mark.parametrize(("said", "answers"), CONTRADICTIONS.items(), ids=[*CONTRADICTIONS])
def test_a_row_that_contradicts_itself_is_refused_by_its_number_and_the_nine_others_count(tmp_path, said, answers):
    rows = several_kobo(10)
    rows[6] = kobo(_uuid="u6", id_incident="I6", **answers)
    df, balance = part_of(tmp_path, "kobo_incidents", rows)
    assert df["incident_id"].tolist() == [f"I{n}" for n in range(10) if n != 6]
    (fault,) = balance.refused
    assert (fault.rule, fault.count, fault.rows) == (said, 1, (8,))
    assert (balance.read, balance.kept, balance.refused_rows, sum(balance.left_out.values())) == (10, 9, 1, 0)


def test_a_row_that_breaks_two_rules_is_refused_once(tmp_path):
    rows = several_kobo(10)
    rows[0] |= {"incident/date_collecte": "2016-07-31", "victimes/tues": 5}
    _, balance = part_of(tmp_path, "kobo_incidents", rows)
    assert (balance.kept, balance.refused_rows, sum(f.count for f in balance.refused)) == (9, 1, 1)


def test_a_form_collected_on_the_day_of_its_incident_or_without_a_day_counts(tmp_path):
    rows = [kobo(date_collecte="2016-08-01"), kobo(_uuid="u2", id_incident="I2", date_collecte=None)]
    assert len(counted(tmp_path, *rows)) == 2


@pytest.mark.parametrize(
    ("bad", "comes_in"), [pytest.param(2, True, id="a-fifth"), pytest.param(3, False, id="more-than-a-fifth")]
)
def test_more_than_a_fifth_of_rows_that_contradict_themselves_refuse_the_file(tmp_path, bad, comes_in):
    rows = [*several_kobo(10 - bad), *(kobo(_uuid=f"b{n}", id_incident=f"B{n}", tues=9) for n in range(bad))]
    if comes_in:
        assert part_of(tmp_path, "kobo_incidents", rows)[1].kept == 8
        return
    with pytest.raises(BadData, match=r"^kobo_incidents/2017-01-05, Les tués .* victimes, 3 lignes \(9, 10, 11\)\."):
        part_of(tmp_path, "kobo_incidents", rows)


def test_two_forms_of_one_uuid_that_differ_are_both_refused_for_nobody_knows_which_is_right(tmp_path):
    twice = [kobo(_uuid="d", id_incident="D", femmes=n) for n in (1, 2)]
    df, balance = part_of(tmp_path, "kobo_incidents", [twice[0], *several_kobo(9), twice[1]])
    assert df["incident_id"].tolist() == [f"I{n}" for n in range(9)]
    (fault,) = balance.refused
    assert fault.rule.startswith("même _uuid, contenus différents") and (fault.count, fault.rows) == (2, (2, 12))


def test_any_difference_that_comes_in_makes_two_copies_differ(tmp_path):
    changes = [
        {"femmes": None},  # an answer and none
        {"commune": "Soni Ali Ber"},  # a place and none
        {"cercle": "Bourem"},  # two places
        {"_submission_time": "2016-08-04T10:00:00"},  # two hours
        {"services_referes": "sante"},  # a service and none
    ]
    twice = [kobo(_uuid=f"d{n}", id_incident=f"D{n}", **c) for n, change in enumerate(changes) for c in ({}, change)]
    df, balance = part_of(tmp_path, "kobo_incidents", [*several_kobo(40), *twice])
    assert balance.refused_rows == 10 and balance.kept == 40
    assert set(df["incident_id"]) == {f"I{n}" for n in range(40)}


def test_a_difference_in_what_never_comes_in_makes_no_difference(tmp_path):
    # Two exports of one submission may fall before and after its approval: the later word holds.
    changes = [{"_id": 9}, {"_validation_status": None}, {"localite": "Autre localité fictive"}, {"description": "Autre récit"}]  # fmt: skip
    rows = [kobo(_uuid=f"d{n}", id_incident=f"D{n}", **c) for n, change in enumerate(changes) for c in ({}, change)]
    df, balance = part_of(tmp_path, "kobo_incidents", rows)
    assert balance.kept == 4 and balance.left_out["envoyées deux fois (même _uuid)"] == 4
    assert sorted(df["incident_id"]) == ["D0", "D1", "D2", "D3"]


def test_services_are_counted_once_per_incident_service_and_outcome(tmp_path):
    row = kobo(services_referes="sante sante psychosocial", services_assistes="sante")
    assert sorted(
        tables_of(tmp_path, "kobo_incidents", [row])["incident_services"].itertuples(index=False, name=None)
    ) == [
        ("INC-1", "health", "assisted"),
        ("INC-1", "health", "referred"),
        ("INC-1", "psychosocial", "referred"),
    ]


def test_an_incident_that_does_not_count_leaves_no_service_behind(tmp_path):
    tables = tables_of(
        tmp_path,
        "kobo_incidents",
        [kobo(), kobo(_uuid="u2", id_incident="I2", statut_verification="rejete", services_referes="sante")],
    )
    assert len(tables["incident_services"]) == 0  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.integers(0, 14),  # the incident
            st.sampled_from(["documente", "flash"]),
            st.sampled_from(["verifie", "en_cours", "non_verifie", "infirme", "rejete", None]),
            st.sampled_from(["validation_status_approved", "validation_status_not_approved", None]),
            st.integers(1, 25),  # the day it was sent
        ),
        min_size=1,
        max_size=36,
    )
)
@random_cases(3)  # many incidents in each: a file costs more than its rows
def test_incidents_that_count_are_those_that_a_person_would_keep(tmp_path_factory, forms):
    check_counted(tmp_path_factory, forms)


@pytest.mark.full
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.sampled_from(["documente", "flash"]),
            st.sampled_from(["verifie", "en_cours", "non_verifie", "infirme", "rejete", None]),
            st.sampled_from(["validation_status_approved", "validation_status_not_approved", None]),
            st.integers(1, 25),
        ),
        min_size=1,
        max_size=12,
    )
)
@random_cases(40)
def test_incidents_that_count_are_those_that_a_person_would_keep_in_more_cases(tmp_path_factory, forms):
    check_counted(tmp_path_factory, forms)


def check_counted(tmp_path_factory, forms) -> None:
    rows = [
        kobo(
            _uuid=f"u{n:02d}",
            id_incident=f"I{incident}",
            type_rapport=kind,
            statut_verification=answer,
            _validation_status=validation,
            _submission_time=f"2016-08-{day:02d}T10:{n:02d}:00",
        )
        for n, (incident, kind, answer, validation, day) in enumerate(forms)
    ]
    rows.append(kobo(_uuid="always", id_incident="I99"))
    kept = {"I99": "verified"}
    for incident, several in itertools.groupby(sorted(enumerate(forms), key=lambda f: f[1][0]), key=lambda f: f[1][0]):
        approved = [(n, f) for n, f in several if f[3] != "validation_status_not_approved"]
        full = [(n, f) for n, f in approved if f[1] == "documente"]
        if approved:
            _, last = max(full or approved, key=lambda f: (f[1][4], f[0]))
            if last[2] not in ("infirme", "rejete"):
                kept[f"I{incident}"] = "verified" if last[2] == "verifie" else "unverified"
    df = counted(tmp_path_factory.mktemp("x"), *rows)
    assert dict(zip(df["incident_id"], df["verification_class"], strict=True)) == kept


def test_an_export_without_a_single_row_gives_empty_tables(tmp_path):
    tables = tables_of(tmp_path, "kobo_incidents", [])
    assert len(tables["incidents"]) == 0 and list(tables["incidents"].columns) == list(CONTRACTS["incidents"].columns)


# --- printed tables -----------------------------------------------------------------------------------------------

# AMSS/UNHCR monthly report no 3, September 2016, typed from the printed table.
SEPTEMBER = {
    "Tombouctou": {"Tombouctou": 10, "Gourma-Rharous": 9, "Niafunké": 7, "Diré": 9, "Goundam": 6},
    "Gao": {"Gao": 17, "Bourem": 11, "Ansongo": 11},
    "Ménaka": {"Ménaka": 2},
    "Kidal": {"Kidal": 7, "Tessalit": 1},
    "Mopti": {"Douentza": 1, "Mopti": 2},
}


def september(grand_total: int) -> list[dict]:
    return [
        GOOD_ROWS["amss_incidents"]
        | {
            "month": "2016-09",
            "region": region,
            "cercle": cercle,
            "incidents": f"{n:02d}",
            "region_total": str(sum(cercles.values())),
            "grand_total": str(grand_total),
        }
        for region, cercles in SEPTEMBER.items()
        for cercle, n in cercles.items()
    ]


def test_the_september_table_that_still_totals_august_s_140_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"n’est pas le total imprimé, 13 lignes \(2, 3, 4, 5, 6…\)\."):
        tables_of(tmp_path, "amss_incidents", september(140))


def test_the_september_table_with_its_own_93_is_accepted(tmp_path):
    tables = tables_of(tmp_path, "amss_incidents", september(93))
    assert tables["incident_counts"]["incidents"].sum() == 93 and len(tables["incident_counts"]) == 13


def test_a_region_total_that_its_cercles_do_not_make_is_refused(tmp_path):
    rows = september(93)
    rows[5]["incidents"], rows[9]["incidents"] = "18", "06"  # the country still adds up, Gao and Kidal do not
    with pytest.raises(BadData, match=r"n’est pas le total imprimé, 5 lignes \(7, 8, 9, 11, 12\)\."):
        tables_of(tmp_path, "amss_incidents", rows)


@pytest.mark.parametrize("total", ["region_total", "grand_total"])
def test_a_total_that_is_not_the_same_on_every_row_is_refused(tmp_path, total):
    gao = GOOD_ROWS["amss_incidents"] | {"incidents": "30"}  # 30 and 4 make the 34 that the first row prints
    bourem = gao | {"cercle": "Bourem", "incidents": "4"} | {total: "140"}
    with pytest.raises(BadData, match=r"n’est pas le total imprimé, 2 lignes \(2, 3\)\."):
        tables_of(tmp_path, "amss_incidents", [gao, bourem])


def test_a_cercle_printed_twice_in_a_month_is_refused(tmp_path):
    half = GOOD_ROWS["amss_incidents"] | {"incidents": "17"}
    with pytest.raises(
        BadData, match=r"clé répétée \(Mois, Édition des P-codes, Cercle, Vérification\), 2 lignes \(2, 3\)"
    ):
        tables_of(tmp_path, "amss_incidents", [half, half])


# --- coverage -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "is_covered"),
    [
        pytest.param("5", True, id="five-communes-reported"),
        pytest.param("0", False, id="none-reported"),
        pytest.param("", False, id="nothing-came"),
    ],
)
def test_a_cercle_is_covered_when_a_commune_reported(tmp_path, covered, is_covered):
    row = GOOD_ROWS["monitoring_coverage"] | {"communes_couvertes": covered}
    df = tables_of(tmp_path, "monitoring_coverage", [row])["coverage"]
    assert df["is_covered"].tolist() == [is_covered] and df["communes_covered"].isna().tolist() == [covered == ""]


def test_more_communes_covered_than_followed_is_refused(tmp_path):
    with pytest.raises(BadData, match="Les communes couvertes ne peuvent pas dépasser les communes suivies : 1"):
        tables_of(tmp_path, "monitoring_coverage", [GOOD_ROWS["monitoring_coverage"] | {"communes_couvertes": "8"}])


# --- population movement ------------------------------------------------------------------------------------------


def test_a_code_of_the_edition_of_its_file_is_kept_with_it(tmp_path):
    df = tables_of(tmp_path, "dtm_stocks", [DTM_ROW])["movements"]
    assert df[["edition", "pcode"]].values.tolist() == [["cod2015", "ML0701"]]


def test_a_code_of_2021_is_kept_with_its_edition(tmp_path):
    df = tables_of(tmp_path, "dtm_stocks", [DTM_ROW | {"Code cercle": "ML0703"}], edition="cod2021")["movements"]
    assert df[["edition", "pcode"]].values.tolist() == [["cod2021", "ML0703"]]


@pytest.mark.parametrize(
    ("edition", "code"),
    [
        pytest.param("cod2015", "ML0703", id="2021-code-in-a-2015-file"),
        pytest.param("cod2021", "ML0701", id="2015-code-in-a-2021-file"),
        pytest.param("cod2021", "ML0799", id="a-code-of-no-cercle"),
    ],
)
def test_a_code_that_is_not_the_one_of_its_name_in_the_file_s_edition_is_refused(tmp_path, edition, code):
    row = DTM_ROW | {"Code cercle": code}  # the cercle of Gao
    with pytest.raises(BadData, match=rf"celui de son nom dans l’édition {edition}, ligne 2\.") as refused:
        tables_of(tmp_path, "dtm_stocks", [row], edition=edition)
    assert "source.yml" in refused.value.next_step


IN_2021 = {
    "fivew": fivew_row(admin2Pcod="ML0703", admin3Pcod="ML070301"),
    "dtm_stocks": DTM_ROW | {"Code cercle": "ML0703"},
}
BY_CERCLE = {
    "kobo_incidents": "incidents",
    "amss_incidents": "incident_counts",
    "monitoring_coverage": "coverage",
    "dtm_stocks": "movements",
    "fivew": "activities",
    "alerts": "alerts",
}


@pytest.mark.parametrize(("source", "table"), BY_CERCLE.items(), ids=[*BY_CERCLE])
def test_a_name_is_resolved_in_the_edition_of_its_file(tmp_path, source, table):
    for edition, row, code in (
        ("cod2015", good_row(source), "ML0701"),
        ("cod2021", IN_2021.get(source, good_row(source)), "ML0703"),
    ):
        df = tables_of(tmp_path / edition, source, [row], edition=edition)[table]
        assert df[["edition", "pcode"]].values.tolist() == [[edition, code]]


@pytest.mark.parametrize("source", BY_CERCLE)
def test_a_cercle_of_2021_alone_is_unknown_in_a_file_of_2015(tmp_path, source):
    header = (
        "Cercle" if source in ("fivew", "dtm_stocks") else "lieu/cercle" if source == "kobo_incidents" else "cercle"
    )
    with pytest.raises(BadData, match="cercle inconnu.*cod2015"):
        tables_of(tmp_path, source, [good_row(source) | {header: "Tidermène"}])


@pytest.mark.parametrize("change", [{"admin2Pcod": "ML0701"}, {"admin3Pcod": "ML070103"}])
def test_an_activity_of_2021_with_a_code_of_2015_is_refused(tmp_path, change):
    with pytest.raises(BadData, match=r"\(édition cod2021\), ligne 3\."):
        tables_of(tmp_path, "fivew", [IN_2021["fivew"] | change], edition="cod2021")


@pytest.mark.parametrize("region", ["Gao", "Ménaka"])
def test_cercles_of_the_region_of_menaka_lie_in_gao_too(tmp_path, region):
    row = kobo(region=region, cercle="Andéramboukane")
    df = tables_of(tmp_path, "kobo_incidents", [row], edition="cod2021")["incidents"]
    assert df["pcode"].tolist() == ["ML1002"]
    with pytest.raises(BadData, match="la région n’est pas celle du cercle, ligne 2"):
        tables_of(tmp_path / "kidal", "kobo_incidents", [row | {"lieu/region": "Kidal"}], edition="cod2021")


def test_a_region_and_its_cercle_on_one_day_are_not_added(tmp_path):
    regions = [GOOD_ROWS["unhcr_idps"] | {"location": f"{name} : Region"} for name in ("Gao", "Kidal")]
    several = [
        snapshot_of(tmp_path, "unhcr_idps", regions, edition="cod2021"),
        snapshot_of(tmp_path, "dtm_stocks", [DTM_ROW, DTM_ROW | {"Type de mouvement": "pdi", "Date de référence": "2016-11-30"}]),
    ]  # fmt: skip
    for order in (several, several[::-1]):
        df = build.build(order)["movements"]
        found = sorted(df[["reference_date", "pcode", "people"]].itertuples(index=False, name=None))
        assert found == [("2016-11-30", "ML0701", 60), ("2016-12-31", "ML0701", 60), ("2016-12-31", "ML08", 8571)]


def test_a_region_and_its_cercles_of_2021_on_one_day_are_not_added(tmp_path):
    regions = [GOOD_ROWS["unhcr_idps"] | {"location": f"{name} : Region"} for name in ("Gao", "Menaka", "Kidal")]
    cercle = DTM_ROW | {"Région": "Ménaka", "Cercle": "Inékar", "Code cercle": "ML1003"}
    several = [
        snapshot_of(tmp_path, "unhcr_idps", regions, edition="cod2021"),
        snapshot_of(tmp_path, "dtm_stocks", [cercle], edition="cod2021"),
    ]
    assert sorted(build.build(several)["movements"]["pcode"]) == ["ML07", "ML08", "ML1003"]


def test_fewer_people_than_households_is_refused(tmp_path):
    with pytest.raises(BadData, match="Il ne peut pas y avoir plus de ménages que de personnes : 1"):
        tables_of(tmp_path, "dtm_stocks", [DTM_ROW | {"Ménages": 61}])


def test_two_stocks_of_one_cercle_and_day_are_refused(tmp_path):
    with pytest.raises(BadData, match=r"clé répétée \(.*Type de mouvement\), 2 lignes \(2, 3\)"):
        tables_of(tmp_path, "dtm_stocks", [DTM_ROW, DTM_ROW])


def test_regions_as_unhcr_writes_them_are_found(tmp_path):
    written = {
        "Gao : Region": "ML07",
        "Kayes : R+¬gion": "ML01",  # broken letters
        "Bamako : District": "ML09",
        "Menaka : Region": "ML10",  # a region of 2021
        "Segou": "ML04",  # without its accent
    }
    rows = [GOOD_ROWS["unhcr_idps"] | {"location": text, "people": str(1000 + n)} for n, text in enumerate(written)]
    df = tables_of(tmp_path, "unhcr_idps", rows, edition="cod2021")["movements"]
    assert dict(zip(df["people"], df["pcode"], strict=True)) == {1000 + n: c for n, c in enumerate(written.values())}


# --- who does what where ------------------------------------------------------------------------------------------


def test_exact_copies_of_an_activity_are_one_and_others_stay(tmp_path):
    rows = [fivew_row(), fivew_row(), fivew_row(**{"Organisation Accronyme": "ORG-B"}), fivew_row(Cluster="Protection")]
    assert len(tables_of(tmp_path, "fivew", rows)["activities"]) == 3


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("ML100101", id="of-the-other-edition"),
        pytest.param("ML060314", id="of-another-cercle"),
        pytest.param("ML0701", id="a-cercle-s-code"),
    ],
)
def test_a_code_that_is_no_commune_of_the_cercle_is_refused(tmp_path, code):
    with pytest.raises(BadData, match=r"code de commune n’est pas dans ce cercle \(édition cod2015\), ligne 4\."):
        tables_of(tmp_path, "fivew", [fivew_row(), fivew_row(admin3Pcod=code)])


BACKWARDS = {"Date fin": "31/07/2016"}


def test_an_activity_that_ends_before_it_begins_is_refused_and_the_nine_others_count(tmp_path):
    rows = [fivew_row(**{"Organisation Accronyme": f"ORG-{n}"}) for n in range(10)]
    rows[4] |= BACKWARDS
    df, balance = part_of(tmp_path, "fivew", rows)
    assert df["organisation"].tolist() == [f"ORG-{n}" for n in range(10) if n != 4]
    (fault,) = balance.refused
    assert (fault.words, fault.rows, balance.kept) == ("colonne Date fin : la fin précède le début", (7,), 9)


def test_a_matrix_whose_activities_end_before_they_begin_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"^fivew/2017-01-05, colonne Date fin : la fin précède le début, ligne 3\."):
        tables_of(tmp_path, "fivew", [fivew_row(**BACKWARDS)])


@pytest.mark.parametrize(
    "dates",
    [
        pytest.param({"Date fin": "01/08/2016"}, id="one-day"),
        pytest.param({"Date fin": ""}, id="no-end"),
        pytest.param({"Date début": ""}, id="no-beginning"),
    ],
)
def test_an_activity_of_one_day_or_without_a_limit_is_kept(tmp_path, dates):
    assert len(tables_of(tmp_path, "fivew", [fivew_row(**dates)])["activities"]) == 1


def test_activities_without_any_date_are_told_to_count_in_no_month(tmp_path):
    rows = [fivew_row(**{"Date début": "", "Date fin": "", "Organisation Accronyme": f"ORG-{n}"}) for n in range(3)]
    _, balance = part_of(tmp_path / "none", "fivew", [*rows, fivew_row(**{"Date début": ""})])
    assert balance.read == balance.kept == 4
    (line,) = (text for text in balance.lines() if "à savoir" in text)
    assert line.startswith("  gardées, à savoir : 3 sans début ni fin") and "dans aucun mois" in line
    assert Balance.from_dict(balance.to_dict()) == balance
    df = cubes(tables_of(tmp_path / "all", "fivew", rows), PARAMS)
    assert "organisations_present" not in set(df["key"])


def test_an_activity_without_a_commune_is_kept_without_one(tmp_path):
    assert tables_of(tmp_path, "fivew", [fivew_row(admin3Pcod="")])["activities"]["commune_pcode"].tolist() == [None]


# --- two columns that contradict each other -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "row", "what"),
    [
        pytest.param("amss_incidents", GOOD_ROWS["amss_incidents"] | {"region": "Kidal"}, "région", id="region-of-a-printed-table"),
        pytest.param("kobo_incidents", kobo(region="Mopti"), "région", id="region-of-a-form"),
        pytest.param("dtm_stocks", DTM_ROW | {"Région": "Kidal"}, "région", id="region-of-a-stock"),
        pytest.param("fivew", fivew_row(admin2Pcod="ML0703"), "code du cercle", id="cercle-code-of-an-activity"),
    ],
)  # fmt: skip
def test_a_row_whose_columns_name_two_places_is_refused(tmp_path, source, row, what):
    with pytest.raises(BadData, match=rf"{what} n’est pas .*, ligne {3 if source == 'fivew' else 2}\."):
        tables_of(tmp_path, source, [row])


@pytest.mark.parametrize("region", ["Gao", "Ménaka"])
def test_menaka_lies_in_gao_and_is_a_region_too(tmp_path, region):
    df = counted(tmp_path, kobo(region=region, cercle="Ménaka"))
    assert df["pcode"].tolist() == ["ML0704"]


# --- the rest -----------------------------------------------------------------------------------------------------


def test_alerts_without_sequel_are_not_followed_up(tmp_path):
    rows = [
        GOOD_ROWS["alerts"] | {"alerte_id": f"A-{n}", "suite": s}
        for n, s in enumerate(["evaluation", "sans_suite", ""])
    ]
    assert tables_of(tmp_path, "alerts", rows)["alerts"]["is_followed_up"].tolist() == [True, False, False]


def test_a_recommendation_that_stands_twice_is_refused(tmp_path):
    with pytest.raises(BadData, match=r"clé répétée \(Identifiant de la recommandation\), 2 lignes \(2, 3\)"):
        tables_of(tmp_path, "recommendations", [GOOD_ROWS["recommendations"]] * 2)


@pytest.mark.parametrize("column", ["texte", "suite"])
def test_a_number_in_the_words_of_a_recommendation_is_refused_with_its_row(tmp_path, column):
    with pytest.raises(BadData, match=r", ligne 2\.") as refused:
        tables_of(tmp_path, "recommendations", [GOOD_ROWS["recommendations"] | {column: "Protéger 412 ménages"}])
    assert "412" not in str(refused.value)


def test_where_nothing_was_received_every_table_is_there_and_empty():
    tables = build.build([])
    assert set(tables) == set(CONTRACTS) and all(len(df) == 0 for df in tables.values())
    assert all(list(tables[name].columns) == list(CONTRACTS[name].columns) for name in CONTRACTS)


@given(st.sampled_from(["femmes", "hommes", "filles", "garcons", "tues", "blesses"]), st.integers(10**6, 10**9))
@random_cases(4)
def test_a_broken_rule_is_counted_and_the_value_is_not_shown(tmp_path_factory, name, value):
    with pytest.raises(BadData) as refused:
        counted(tmp_path_factory.mktemp("x"), kobo(**{name: -value}))
    assert str(value) not in str(refused.value)
