"""Counts by place and period: the same as counting by hand, and nothing where nothing was received."""

from __future__ import annotations

from collections import Counter, defaultdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import (
    DTM_ROW,
    PARAMS,
    canonical,
    coverage_row,
    fivew_row,
    incident_row,
    kobo,
    random_cases,
    tables_of,
)

from veille import places
from veille.codes import code_list, mapping
from veille.disclosure import rules
from veille.indicators.count import cubes
from veille.indicators.registry import MEASURES
from veille.tables.contracts import check

GAO, ANSONGO, BOUREM, MENAKA = "ML0701", "ML0702", "ML0703", "ML0704"  # cod2015
AUGUST, SEPTEMBER = "2016-08", "2016-09"


def cells(tables, *, partial: bool = True) -> dict[tuple[str, str, str], int]:
    """(key, place, period) -> count; without the zeros that partial coverage forbids when `partial` is False."""
    df = cubes(tables, PARAMS)
    assert not df.duplicated(["key", "place", "period"]).any()
    return {(r.key, r.place, r.period): int(r.value) for r in df.itertuples() if partial or not r.is_partial_zero}


# --- by hand ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def august():
    """Three incidents in Gao, two in Ménaka, none in Ansongo, nothing from Bourem."""
    incidents = [
        incident_row(1, GAO, AUGUST, verification_class="verified", women_people=2, girls_people=1, killed_people=1),
        incident_row(2, GAO, AUGUST, incident_type="assault", category="integrity", entry_source="flash", men_people=4),
        incident_row(3, GAO, AUGUST, perpetrator_class="armed_groups"),
        incident_row(4, MENAKA, AUGUST, verification_class="verified", perpetrator_class="armed_groups", boys_people=0),
        incident_row(5, MENAKA, AUGUST, incident_type="explosive_ordnance", category="integrity", killed_people=3),
    ]
    coverage = [coverage_row(c, AUGUST) for c in (GAO, ANSONGO, MENAKA)] + [coverage_row(BOUREM, AUGUST, covered=False)]
    services = [("INC-1", "health", "referred"), ("INC-1", "legal", "referred"), ("INC-5", "health", "assisted")]
    return cubes(canonical(incidents, coverage, services=services), PARAMS)


@pytest.mark.parametrize(
    ("key", "place", "value"),
    [
        pytest.param("protection_incidents", "gao", 5, id="the-zone"),
        pytest.param("protection_incidents", "mali", 5, id="the-country"),
        pytest.param("protection_incidents", "cod2021:ML07", 3, id="the-region-of-Gao"),
        pytest.param("protection_incidents", "cod2021:ML10", 2, id="the-region-of-Ménaka"),
        pytest.param("protection_incidents", "cod2015:ML0701", 3, id="the-cercle-of-Gao"),
        pytest.param("protection_incidents", "cod2015:ML0702", 0, id="Ansongo-reported-and-had-none"),
        pytest.param("protection_incidents", "cod2015:ML0703", None, id="Bourem-did-not-report"),
        pytest.param("protection_incidents", "mopti", None, id="nothing-from-Mopti"),
        pytest.param("protection_incidents.verification=verified", "gao", 2, id="verified"),
        pytest.param("protection_incidents.verification=unverified", "gao", 3, id="unverified"),
        pytest.param("protection_incidents.category=property", "gao", 3, id="property"),
        pytest.param("protection_incidents.category=integrity", "gao", 2, id="integrity"),
        pytest.param("protection_incidents.category=property.verification=verified", "gao", 2, id="verified-property"),
        pytest.param("protection_incidents.entry_source=flash", "gao", 1, id="flash"),
        pytest.param("protection_incidents.perpetrator_class=armed_groups", "gao", 2, id="armed-groups"),
        pytest.param("protection_incidents.perpetrator_class=unknown", "gao", 3, id="no-answer-is-unknown"),
        pytest.param("protection_incidents.category=property", "cod2015:ML0701", None, id="no-category-per-cercle"),
        pytest.param("victims_people", "gao", 7, id="victims"),
        pytest.param("victims_people.person=women", "gao", 2, id="women"),
        pytest.param("victims_people.person=boys", "gao", 0, id="an-answered-zero"),
        pytest.param("victims_people.harm=killed", "gao", 4, id="killed"),
        pytest.param("child_victims_people", "gao", 1, id="children"),
        pytest.param("incidents_without_victim_answer", "gao", 2, id="incidents-without-an-answer"),
        pytest.param("explosive_incidents", "gao", 1, id="explosive"),
        pytest.param("explosive_victims_people.harm=killed", "gao", 3, id="killed-by-explosives"),
        pytest.param("cases_referred", "gao", 1, id="one-case-with-two-referrals"),
        pytest.param("cases_referred.service=health", "gao", 1, id="referred-to-health"),
        pytest.param("cases_assisted.service=health", "gao", 1, id="assisted-by-health"),
        pytest.param("communes_covered", "gao", 9, id="communes-covered"),
        pytest.param("communes_followed", "gao", 12, id="communes-followed"),
        pytest.param("monitors", "gao", 8, id="monitors"),
    ],
)
def test_five_incidents_counted_by_hand(august, key, place, value):
    found = august[(august["key"] == key) & (august["place"] == place) & (august["period"] == AUGUST)]["value"]
    assert found.tolist() == ([] if value is None else [value])


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("cod2015:ML0701", id="one-of-three-verified"),
        pytest.param("gao", id="two-of-five-verified"),
        pytest.param("cod2015:ML0702", id="nothing-to-verify"),
    ],
)
def test_no_count_of_the_forms_tells_by_its_status_where_the_unverified_ones_are(august, place):
    found = august[(august["key"] == "protection_incidents") & (august["place"] == place)]["status"]
    assert found.tolist() == ["mixed"]


def test_a_status_is_the_same_when_every_incident_of_a_cercle_is_verified():
    rows = [incident_row(n, GAO, AUGUST, verification_class="verified") for n in range(3)]
    df = cubes(canonical(rows, [coverage_row(GAO, AUGUST)]), PARAMS)
    assert df[df["key"] == "protection_incidents"]["status"].unique().tolist() == ["mixed"]
    of_the_answer = df[df["key"] == "protection_incidents.verification=verified"]["status"]
    assert of_the_answer.unique().tolist() == ["verified"]


# --- no data is not zero ------------------------------------------------------------------------------------------


def test_where_nothing_was_received_there_is_not_a_single_cell():
    assert cells(canonical()) == {}


def test_an_uncovered_cercle_has_no_cell_and_a_covered_one_has_zero():
    found = cells(canonical(coverage=[coverage_row(GAO, AUGUST), coverage_row(ANSONGO, AUGUST, covered=False)]))
    assert found["protection_incidents", "cod2015:ML0701", AUGUST] == 0
    assert ("protection_incidents", "cod2015:ML0702", AUGUST) not in found
    assert ("protection_incidents", "cod2015:ML0701", SEPTEMBER) not in found


OF_THE_FORMS = (
    "protection_incidents.category=life",
    "victims_people.person=girls",
    "explosive_incidents",
    "child_victims_people",
    "cases_referred",
)


@pytest.mark.parametrize(
    ("covered", "is_zero"),
    [
        pytest.param([GAO, ANSONGO, BOUREM], True, id="all-three-cercles-reported"),
        pytest.param([GAO, ANSONGO], False, id="one-did-not"),
        pytest.param([], False, id="none-did"),
    ],
)
def test_what_forms_say_is_a_printable_zero_only_where_every_cercle_reported(covered, is_zero):
    rows = [incident_row(1, GAO, AUGUST)] if covered else []
    found = cells(canonical(rows, [coverage_row(c, AUGUST) for c in covered]), partial=False)
    assert [(key, "cod2021:ML07", AUGUST) in found for key in OF_THE_FORMS] == [is_zero] * 5


def test_an_answered_zero_is_no_printable_zero_where_another_cercle_sent_no_forms():
    rows = [incident_row(1, GAO, AUGUST, women_people=5, boys_people=0)]
    found = cells(canonical(rows, [coverage_row(ANSONGO, AUGUST, has_rows=False)]), partial=False)
    assert found["victims_people.person=women", "gao", AUGUST] == 5
    assert ("victims_people.person=boys", "gao", AUGUST) not in found


def test_printed_counts_have_no_breakdown_not_even_zeros():
    counts = [
        {"month": AUGUST, "edition": "cod2015", "pcode": GAO, "verification_class": "unverified", "incidents": 30}
    ]
    found = cells(canonical(coverage=[coverage_row(GAO, AUGUST, has_rows=False)], counts=counts))
    assert found["protection_incidents", "gao", AUGUST] == 30
    about_rows = {key for key, _, _ in found} - {"protection_incidents"}
    assert not {
        key
        for key in about_rows
        if key.startswith(("protection", "victims", "child", "explosive", "cases", "incidents"))
    }


def test_a_printed_count_and_the_forms_of_the_same_cercle_and_month_are_counted_once():
    counts = [{"month": AUGUST, "edition": "cod2015", "pcode": c, "verification_class": "unverified", "incidents": 30} for c in (GAO, MENAKA)]  # fmt: skip
    coverage = [coverage_row(GAO, AUGUST), coverage_row(MENAKA, AUGUST, has_rows=False)]
    found = cells(canonical([incident_row(1, GAO, AUGUST)], coverage, counts))
    assert found["protection_incidents", "cod2021:ML07", AUGUST] == 1  # what the forms say
    assert found["protection_incidents", "cod2021:ML10", AUGUST] == 30  # what only the printed table says
    assert found["protection_incidents", "gao", AUGUST] == 31


def test_a_month_without_answers_on_victims_has_no_victims_rather_than_none():
    found = cells(canonical([incident_row(1, GAO, AUGUST)], [coverage_row(GAO, SEPTEMBER)]))
    assert found["protection_incidents", "gao", AUGUST] == 1
    assert ("victims_people", "gao", AUGUST) not in found


# --- two editions of codes ------------------------------------------------------------------------------------------


def of_2021(name: str) -> str:
    """The code of 2021 of a cercle."""
    return places.resolve(name, "cod2021", 2).pcode


@pytest.mark.parametrize(
    ("edition", "menaka", "zone", "country"),
    [pytest.param("cod2018", 1, 4, 50, id="2018"), pytest.param("cod2021", 4, 7, 53, id="2021")],
)
def test_every_cercle_of_another_edition_counts_where_its_ground_lies_and_nowhere_else(edition, menaka, zone, country):
    cercles = [n.place for n in places.gazetteer().values() if n.place.edition == edition and n.level == 2]
    rows = [incident_row(n, c.pcode, AUGUST, edition=edition) for n, c in enumerate(cercles)]
    found = {place: value for (key, place, _), value in cells(canonical(rows)).items() if key == "protection_incidents"}
    expected = Counter(str(places.reporting(c)) for c in cercles)
    assert len(expected) == 50 and expected.total() == country and expected["cod2015:ML0704"] == menaka
    assert {place: value for place, value in found.items() if place.startswith("cod2015:")} == expected
    assert (found["mali"], found["gao"], found["cod2021:ML07"], found["cod2021:ML10"]) == (country, zone, 3, menaka)


def test_a_form_with_codes_of_2021_never_counts_in_the_cercle_that_had_its_code_in_2015(tmp_path):
    assert of_2021("Gao") == BOUREM  # the same string
    found = cells(tables_of(tmp_path, "kobo_incidents", [kobo(cercle="Gao")], edition="cod2021"))
    told = {place for key, place, _ in found if key == "protection_incidents"}
    assert told == {"cod2015:ML0701", "cod2021:ML07", "gao", "mali"}


def test_two_editions_add_up_in_the_places_that_they_share():
    rows = [incident_row(1, GAO, AUGUST), incident_row(2, of_2021("Gao"), AUGUST, edition="cod2021")]
    found = cells(canonical([*rows, incident_row(3, of_2021("Tidermène"), AUGUST, edition="cod2021")]))
    told = {place: value for (key, place, _), value in found.items() if key == "protection_incidents"}
    assert told == {"cod2015:ML0701": 2, "cod2015:ML0704": 1, "cod2021:ML07": 2, "cod2021:ML10": 1, "gao": 3, "mali": 3}


@pytest.mark.parametrize(
    ("covered", "is_zero"),
    [
        pytest.param([("cod2021", "ML0703"), ("cod2021", "ML0701"), ("cod2021", "ML0702")], True, id="all-three-of-2021"),
        pytest.param([("cod2021", "ML0703"), ("cod2015", ANSONGO), ("cod2015", BOUREM)], True, id="one-of-2021-and-two-of-2015"),
        pytest.param([("cod2021", "ML0703"), ("cod2015", GAO), ("cod2015", BOUREM)], False, id="Gao-twice-and-no-Ansongo"),
    ],
)  # fmt: skip
def test_a_region_has_reported_when_each_of_its_cercles_has_in_whichever_edition(covered, is_zero):
    rows = [incident_row(1, GAO, AUGUST)]
    tables = canonical(rows, [coverage_row(code, AUGUST, edition=edition) for edition, code in covered])
    found = cells(tables, partial=False)
    assert (("protection_incidents.category=life", "cod2021:ML07", AUGUST) in found) is is_zero


def test_a_printed_count_of_2015_and_the_forms_of_2021_of_one_cercle_and_month_are_counted_once():
    counts = [
        {"month": AUGUST, "edition": "cod2015", "pcode": GAO, "verification_class": "unverified", "incidents": 30}
    ]
    coverage = [coverage_row(GAO, AUGUST, has_rows=False), coverage_row(of_2021("Gao"), AUGUST, edition="cod2021")]
    found = cells(canonical([incident_row(1, of_2021("Gao"), AUGUST, edition="cod2021")], coverage, counts))
    assert found["protection_incidents", "cod2015:ML0701", AUGUST] == 1
    assert found["protection_incidents", "gao", AUGUST] == 1
    assert found["protection_incidents.category=life", "gao", AUGUST] == 0  # the forms came: others were none


def test_an_activity_does_not_serve_the_commune_that_had_its_code_in_the_other_edition():
    bamba = "ML070301"  # of Bourem in 2015; the same string lies in Gao in 2021
    tables = canonical([incident_row(1, BOUREM, AUGUST, commune_pcode=bamba)], [coverage_row(BOUREM, AUGUST)])
    served = {"organisation": "ORG-A", "edition": "cod2021", "pcode": of_2021("Gao"), "commune_pcode": bamba}
    when = {"subsector": "gbv", "start_date": "2016-08-01", "end_date": "2016-12-31"}
    tables["activities"] = check("activities", pd.DataFrame([served | when], dtype=object))
    # Nothing says which commune of one edition is which of the other: the matrix does not tell, and none is counted.
    assert ("communes_with_incidents_without_activity", "gao", AUGUST) not in cells(tables)


# --- many random worlds -------------------------------------------------------------------------------------------

LEAVES = (GAO, ANSONGO, BOUREM, MENAKA, "ML0801", "ML0501", "ML0601")
ANSWER = st.one_of(st.none(), st.integers(0, 6))
CATEGORY = mapping("incident_type", "category")


@st.composite
def answered(draw):
    """One incident with every answer that a form allows, in Python's own values."""
    kind = draw(st.sampled_from(["theft", "assault", "murder", "explosive_ordnance", "abduction", "rape"]))
    people = {p: draw(ANSWER) for p in ("women_people", "men_people", "girls_people", "boys_people")}
    total = sum(v or 0 for v in people.values())
    all_four = all(v is not None for v in people.values())
    return {
        "pcode": draw(st.sampled_from(LEAVES)),
        "month": draw(st.sampled_from([AUGUST, SEPTEMBER])),
        "incident_type": kind,
        "category": CATEGORY[kind],
        "entry_source": draw(st.sampled_from(["documented", "flash"])),
        "verification_class": draw(st.sampled_from(["verified", "unverified"])),
        "perpetrator_class": draw(st.sampled_from([None, *code_list("perpetrator_class")])),
        "population_group": draw(st.sampled_from([None, *code_list("population_group")])),
        **people,
        "killed_people": draw(st.one_of(st.none(), st.integers(0, total if all_four else 3))),
        "injured_people": draw(st.just(0) if all_four else ANSWER),
        "services": draw(st.sets(st.tuples(st.sampled_from(["health", "legal"]), st.sampled_from(["referred", "assisted"])))),
    }  # fmt: skip


WORLD = st.tuples(
    st.lists(answered(), max_size=25),
    st.dictionaries(st.tuples(st.sampled_from(LEAVES), st.sampled_from([AUGUST, SEPTEMBER])), st.booleans(), max_size=14),
)  # fmt: skip


def in_all_places(pcode: str) -> list[tuple[str, str]]:
    return [(place, level) for place, level, edition, leaf, _ in places.memberships(PARAMS) if (edition, leaf) == ("cod2015", pcode)]  # fmt: skip


def contributions(incident: dict) -> list[tuple[str, int]]:
    """What one incident adds, key by key, as a person would write it down."""
    i = incident
    people = {p: i[f"{p}_people"] for p in ("women", "men", "girls", "boys")}
    answers = [v for v in people.values() if v is not None]
    out = [
        ("protection_incidents", 1),
        (f"protection_incidents.verification={i['verification_class']}", 1),
        (f"protection_incidents.entry_source={i['entry_source']}", 1),
        (f"protection_incidents.category={i['category']}", 1),
        (f"protection_incidents.category={i['category']}.verification={i['verification_class']}", 1),
        (f"protection_incidents.perpetrator_class={i['perpetrator_class'] or 'unknown'}", 1),
    ]
    if answers:
        out.append(("victims_people", sum(answers)))
        out.append((f"victims_people.population_group={i['population_group'] or 'unknown'}", sum(answers)))
        out.append(("child_victims_people", (people["girls"] or 0) + (people["boys"] or 0)))
    else:
        out.append(("incidents_without_victim_answer", 1))
    out += [(f"victims_people.person={p}", v) for p, v in people.items() if v is not None]
    for harm in ("killed", "injured"):
        if i[f"{harm}_people"] is not None:
            out.append((f"victims_people.harm={harm}", i[f"{harm}_people"]))
            if i["incident_type"] == "explosive_ordnance":
                out.append((f"explosive_victims_people.harm={harm}", i[f"{harm}_people"]))
    if i["incident_type"] == "explosive_ordnance":
        out.append(("explosive_incidents", 1))
    for outcome in ("referred", "assisted"):
        services = {s for s, o in i["services"] if o == outcome}
        out += [(f"cases_{outcome}", 1)] * bool(services) + [(f"cases_{outcome}.service={s}", 1) for s in services]
    return out


def by_hand(world) -> dict[tuple[str, str, str], int]:
    """Every count above zero, and every answered zero, in plain Python."""
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for incident in world[0]:
        for place, level in in_all_places(incident["pcode"]):
            for key, value in contributions(incident):
                if level != "cercle" or key == "protection_incidents":
                    found[key, place, incident["month"]] += value
    return dict(found)


COUNTED_HERE = ("protection_incidents", "victims_people", "child_victims_people", "incidents_without_victim_answer", "explosive_incidents", "explosive_victims_people", "cases_referred", "cases_assisted")  # fmt: skip


def as_tables(world):
    incidents, coverage = world
    rows = [
        incident_row(n, i["pcode"], i["month"], **{k: (pd.NA if v is None and k.endswith("_people") else v) for k, v in i.items() if k not in ("pcode", "month", "services")})
        for n, i in enumerate(incidents)
    ]  # fmt: skip
    services = [(f"INC-{n}", s, o) for n, i in enumerate(incidents) for s, o in sorted(i["services"])]
    return canonical(rows, [coverage_row(c, m, covered=v) for (c, m), v in coverage.items()], services=services)


def check_counts(world) -> None:
    found = {k: v for k, v in cells(as_tables(world)).items() if k[0].split(".")[0] in COUNTED_HERE}
    expected = by_hand(world)
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
    # What is there and zero: an answered zero, or a place where at least one cercle reported that month.
    reported = {(place, month) for (c, month), v in world[1].items() if v for place, _ in in_all_places(c)}
    assert all(k in expected or k[1:] in reported for k, v in found.items() if v == 0)
    # And the other way round: wherever a cercle reported, the total is there.
    assert all(("protection_incidents", place, month) in found for place, month in reported)


@given(WORLD)
@random_cases(4)
def test_every_count_is_the_one_that_counting_by_hand_gives(world):
    check_counts(world)


@pytest.mark.full
@given(WORLD)
@random_cases(18)
def test_every_count_is_the_one_that_counting_by_hand_gives_in_more_worlds(world):
    check_counts(world)


def check_sums(world) -> None:
    found = cells(as_tables(world))
    keys = {key for key, _, _ in found if key.split(".")[0] in COUNTED_HERE}
    for area in places.areas(PARAMS).values():
        for month in (AUGUST, SEPTEMBER):
            for key in keys:
                parts = [found.get((key, str(region.place), month)) for region in area.regions]
                assert found.get((key, area.code, month), 0) == sum(p or 0 for p in parts)
                assert ((key, area.code, month) in found) == any(p is not None for p in parts)
            total = found.get(("protection_incidents", area.code, month), 0)
            for dimension, codes in {"verification": "verification_class", "entry_source": "entry_source", "category": "incident_category", "perpetrator_class": "perpetrator_class"}.items():  # fmt: skip
                split = [
                    found.get((f"protection_incidents.{dimension}={c}", area.code, month), 0) for c in code_list(codes)
                ]
                assert sum(split) == total


@given(WORLD)
@random_cases(2)
def test_regions_add_up_to_their_area_and_parts_to_their_whole(world):
    check_sums(world)


@pytest.mark.full
@given(WORLD)
@random_cases(9)
def test_regions_add_up_to_their_area_and_parts_to_their_whole_in_more_worlds(world):
    check_sums(world)


def check_zeros(world) -> None:
    from_forms = {m.name for m in MEASURES if m.grid == "rows"}
    covered = {(c, month) for (c, month), v in world[1].items() if v}
    leaves = {}
    for place, _, edition, leaf, _ in places.memberships(PARAMS):
        if edition == "cod2015":
            leaves.setdefault(place, set()).add(leaf)
    for r in cubes(as_tables(world), PARAMS).itertuples():
        if r.value or not ("=" in r.key or r.table in from_forms):
            assert not r.is_partial_zero
        else:  # even where somebody answered zero: others were not asked
            assert r.is_partial_zero != all((c, r.period) in covered for c in leaves[r.place])


@given(WORLD)
@random_cases(2)
def test_a_zero_from_the_forms_is_marked_unless_the_whole_place_reported(world):
    check_zeros(world)


@pytest.mark.full
@given(WORLD)
@random_cases(9)
def test_a_zero_from_the_forms_is_marked_unless_the_whole_place_reported_in_more_worlds(world):
    check_zeros(world)


# --- stocks and activities ----------------------------------------------------------------------------------------


def test_stocks_of_two_cercles_add_up_and_say_how_many_were_assessed(tmp_path):
    rows = [DTM_ROW, DTM_ROW | {"Cercle": "Ménaka", "Code cercle": "ML0704", "Individus": 500, "Ménages": 90}]
    found = cells(tables_of(tmp_path, "dtm_stocks", rows))
    assert found["idps_people", "gao", "2016-12-31"] == 560
    assert found["idps_people", "cod2021:ML07", "2016-12-31"] == 60
    assert found["idps_people", "cod2021:ML10", "2016-12-31"] == 500
    assert found["idp_cercles_assessed", "gao", "2016-12-31"] == 2
    assert ("returned_idps_people", "gao", "2016-12-31") not in found


def test_stocks_of_the_four_cercles_of_menaka_are_those_of_one_cercle_of_2015(tmp_path):
    names = {"Ménaka": "ML1001", "Andéramboukane": "ML1002", "Inékar": "ML1003", "Tidermène": "ML1004"}
    rows = [DTM_ROW | {"Région": "Ménaka", "Cercle": name, "Code cercle": code} for name, code in names.items()]
    found = cells(tables_of(tmp_path, "dtm_stocks", rows, edition="cod2021"))
    assert found["idps_people", "cod2015:ML0704", "2016-12-31"] == 4 * 60
    assert found["idps_people", "gao", "2016-12-31"] == found["idps_people", "cod2021:ML10", "2016-12-31"] == 4 * 60
    assert found["idp_cercles_assessed", "gao", "2016-12-31"] == 1  # as its four cercles of 2015 are counted


def test_stocks_of_two_days_are_never_added(tmp_path):
    rows = [DTM_ROW, DTM_ROW | {"Date de référence": "30/11/2016", "Individus": 70}]
    found = cells(tables_of(tmp_path, "dtm_stocks", rows))
    assert found["idps_people", "gao", "2016-12-31"] == 60 and found["idps_people", "gao", "2016-11-30"] == 70
    assert {period for key, _, period in found if key == "idps_people"} == {"2016-11-30", "2016-12-31"}


@pytest.fixture(scope="module")
def presence(tmp_path_factory):
    """A in Gao (one commune) August to December; B in Gao and Ménaka from October to November, and twice in Gao."""
    rows = [
        fivew_row(),
        fivew_row(**{"Organisation Accronyme": "ORG-B", "Date début": "15/10/2016", "Date fin": "30/11/2016"}),
        fivew_row(**{"Organisation Accronyme": "ORG-B", "Cluster": "Protection", "Date début": "15/10/2016", "Date fin": "30/11/2016"}),
        fivew_row(**{"Organisation Accronyme": "ORG-B", "Cercle": "Menaka", "admin2Pcod": "ML0704", "admin3Pcod": "", "Date début": "15/10/2016", "Date fin": "30/11/2016"}),
    ]  # fmt: skip
    tables = canonical(
        [incident_row(1, GAO, "2016-10", commune_pcode="ML070103"), incident_row(2, GAO, "2016-10", commune_pcode="ML070101")],
        [coverage_row(GAO, month) for month in ("2016-07", "2016-08", "2016-10", "2016-12", "2017-01")],
    )  # fmt: skip
    tables["activities"] = tables_of(tmp_path_factory.mktemp("x"), "fivew", rows)["activities"]
    return cells(tables)


@pytest.mark.parametrize(
    ("key", "place", "month", "value"),
    [
        pytest.param("organisations_present", "gao", "2016-08", 1, id="A-in-August"),
        pytest.param("organisations_present", "gao", "2016-10", 2, id="A-and-B-in-October"),
        pytest.param("organisations_present", "cod2015:ML0704", "2016-10", 1, id="B-in-Ménaka"),
        pytest.param("organisations_present", "gao", "2016-12", 1, id="A-alone-in-December"),
        pytest.param("organisations_present", "gao", "2016-07", None, id="before-the-matrix-begins"),
        pytest.param("organisations_present", "gao", "2017-01", None, id="after-the-matrix-ends"),
        pytest.param("communes_with_activity", "gao", "2016-10", 1, id="one-commune-however-many-activities"),
        pytest.param("communes_with_activity.subsector=gbv", "gao", "2016-10", 1, id="gbv-in-one-commune"),
        pytest.param(
            "communes_with_incidents_without_activity", "gao", "2016-10", 1, id="one-commune-without-activity"
        ),
        pytest.param("communes_in_place", "gao", "2016-10", 23, id="communes-of-Gao-with-Ménaka"),
    ],
)
def test_presence_counted_by_hand(presence, key, place, month, value):
    assert presence.get((key, place, month)) == value


# --- the registry -------------------------------------------------------------------------------------------------


def test_every_declared_table_says_what_it_means_and_only_cercles_of_totals():
    assert len({m.name for m in MEASURES}) == len(MEASURES)
    keys = [(m.indicator, tuple(n for n, _ in m.dimensions)) for m in MEASURES]
    assert len(set(keys)) == len(keys)
    assert all(m.meaning and m.unit for m in MEASURES)
    assert all("cercle" not in rules.load(PARAMS).tables[m.name].every_level for m in MEASURES if m.dimensions)
