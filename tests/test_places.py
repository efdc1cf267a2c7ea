"""Places: two editions of codes that disagree, names as people write them, areas that never count a cercle twice."""

from __future__ import annotations

from collections import Counter, defaultdict

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from incidents import PARAMS, kobo, random_cases, tables_of

from veille import places
from veille.errors import BadData, UnknownName
from veille.places import Place, resolve

CERCLES_2015 = {
    n.name: n.place.pcode for n in places.gazetteer().values() if (n.place.edition, n.level) == ("cod2015", 2)
}
CERCLES_2021 = {
    n.name: n.place.pcode for n in places.gazetteer().values() if (n.place.edition, n.level) == ("cod2021", 2)
}


# --- two editions -----------------------------------------------------------------------------------------------


def test_the_gazetteer_holds_the_places_that_ocha_counts():
    levels = Counter((n.place.edition, n.level) for n in places.gazetteer().values())
    # 2015: 9 regions, 50 cercles; 2021: 10 regions, 53 cercles. Communes: Mopti 108, Tombouctou 52, Gao 23, Kidal 10.
    assert levels == {
        ("cod2015", 1): 9,
        ("cod2015", 2): 50,
        ("cod2021", 1): 10,
        ("cod2021", 2): 53,
        ("cod2015", 3): 193,
        # 2018: the names of 2021 in order, and Ménaka still a cercle. DRC: three provinces of another country.
        ("cod2018", 1): 9,
        ("cod2018", 2): 50,
        ("cod_drc2025", 1): 3,
        ("cod_drc2025", 2): 10,
    }
    communes = Counter(n.place.pcode[:4] for n in places.gazetteer().values() if n.level == 3)
    assert communes == {"ML05": 108, "ML06": 52, "ML07": 23, "ML08": 10}


def test_most_cercles_have_another_code_in_the_other_edition():
    shared = CERCLES_2015.keys() & CERCLES_2021.keys()
    assert len(shared) == 50
    assert sum(CERCLES_2015[name] != CERCLES_2021[name] for name in shared) == 42
    # Nara's 2021 code is inferred (and the same): without it, 42 of 49 differ.


def test_a_join_by_bare_code_succeeds_and_is_wrong_for_most():
    by_code_2015 = {code: name for name, code in CERCLES_2015.items()}
    by_code_2021 = {code: name for name, code in CERCLES_2021.items()}
    joined = by_code_2015.keys() & by_code_2021.keys()
    assert len(joined) == 49  # all of 2015 but ML0704
    assert sum(by_code_2015[code] == by_code_2021[code] for code in joined) == 8


@pytest.mark.parametrize(
    ("code", "in_2015", "in_2021"),
    [
        pytest.param("ML0501", "Mopti", "Bandiagara", id="ML0501"),
        pytest.param("ML0701", "Gao", "Ansongo", id="ML0701"),
        pytest.param("ML0802", "Tin-Essako", "Kidal", id="ML0802"),
    ],
)
def test_the_same_string_names_two_cercles(code, in_2015, in_2021):
    assert places.name_of(Place("cod2015", code)) == in_2015
    assert places.name_of(Place("cod2021", code)) == in_2021
    assert Place("cod2015", code) != Place("cod2021", code)


def test_region_codes_do_not_change_and_menaka_is_new():
    regions = {}
    for named in places.gazetteer().values():
        if named.level == 1:
            regions.setdefault(named.place.edition, {})[named.place.pcode] = named.name
    assert regions["cod2015"].items() <= regions["cod2021"].items()
    assert regions["cod2021"].items() - regions["cod2015"].items() == {("ML10", "Ménaka")}
    assert regions["cod2021"]["ML09"] == "Bamako"  # ISO 3166-2's ML-9 is Ménaka: not to be mixed


def test_the_crosswalk_leads_every_cercle_to_its_namesake_and_menaka_to_its_region():
    crosswalk = places.crosswalk()
    assert len(crosswalk) == 50
    assert crosswalk[Place("cod2015", "ML0704")] == Place("cod2021", "ML10")
    others = {a: b for a, b in crosswalk.items() if a.pcode != "ML0704"}
    assert all(places.name_of(a) == places.name_of(b) for a, b in others.items())
    assert len(set(crosswalk.values())) == 50  # nobody's ground is counted twice


def test_every_cercle_of_2021_lies_in_one_of_2015_its_namesake_or_menaka():
    menaka = {code for code in CERCLES_2021.values() if code.startswith("ML10")}
    assert len(menaka) == 4
    for name, code in CERCLES_2021.items():
        inside = places.reporting(Place("cod2021", code))
        assert inside == Place("cod2015", "ML0704" if code in menaka else CERCLES_2015[name])


def test_every_cercle_of_2018_lies_in_its_namesake_of_2015():
    cercles = {n.name: n.place for n in places.gazetteer().values() if (n.place.edition, n.level) == ("cod2018", 2)}
    assert cercles.keys() == CERCLES_2015.keys()
    assert {name: places.reporting(place).pcode for name, place in cercles.items()} == CERCLES_2015
    assert cercles["Ménaka"].pcode == "ML0704" and cercles["Gao"].pcode == CERCLES_2021["Gao"]


def test_no_place_of_another_country_lies_in_an_area_of_mali():
    congo = [n.place for n in places.gazetteer().values() if n.place.edition == "cod_drc2025"]
    assert congo and not any(places.reporting(place) for place in congo)
    assert "cod_drc2025" not in {edition for _, _, edition, _, _ in places.memberships(PARAMS)}


def test_a_cercle_of_2015_lies_in_itself_and_a_code_of_no_cercle_nowhere():
    assert all(places.reporting(Place("cod2015", c)) == Place("cod2015", c) for c in CERCLES_2015.values())
    assert places.reporting(Place("cod2021", "ML0799")) is None
    assert places.reporting(Place("cod1998", "ML0701")) is None  # an edition that is not: no bare code


def test_every_place_hangs_from_a_place_of_its_own_edition():
    for named in places.gazetteer().values():
        assert len(places.ancestors(named.place)) == named.level - 1
        assert {p.edition for p in places.ancestors(named.place)} <= {named.place.edition}


def test_every_cercle_of_2015_has_a_seat_inside_mali():
    seats = places.seats()
    assert {p.pcode for p in seats} == set(CERCLES_2015.values())
    assert all(-12.5 < lon < 4.5 and 10 < lat < 25.1 for lon, lat in seats.values())


# --- names ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "edition", "level", "code"),
    [
        pytest.param("Ménaka", "cod2015", 2, "ML0704", id="with-its-accent"),
        pytest.param("Menaka", "cod2015", 2, "ML0704", id="without-accent"),
        pytest.param("MENAKA", "cod2015", 2, "ML0704", id="in-capitals"),
        pytest.param("Me\u0301naka", "cod2015", 2, "ML0704", id="accent-as-a-mark-of-its-own"),
        pytest.param("MÃ©naka", "cod2021", 1, "ML10", id="read-in-the-wrong-encoding"),
        pytest.param("Timbuktu ", "cod2021", 1, "ML06", id="english-with-a-space-behind"),
        pytest.param("Timbuktu ", "cod2015", 2, "ML0601", id="english-for-the-cercle"),
        pytest.param("Koulikouro", "cod2021", 1, "ML02", id="a-vowel-too-many"),
        pytest.param("Tenenkou", "cod2015", 2, "ML0508", id="Tenenkou"),
        pytest.param("Tin Essako", "cod2015", 2, "ML0802", id="space-for-a-hyphen"),
        pytest.param("Tin-Essako", "cod2015", 2, "ML0802", id="with-its-hyphen"),
        pytest.param("Tinessako", "cod2015", 2, "ML0802", id="in-one-word"),
        pytest.param("gourma  rharous", "cod2015", 2, "ML0604", id="two-spaces"),
        pytest.param("Niafounké", "cod2015", 2, "ML0605", id="as-amss-prints-it"),
        pytest.param("Abeibara", "cod2015", 2, "ML0803", id="as-amss-prints-it-too"),
        pytest.param("Segou", "cod2021", 1, "ML04", id="as-unhcr-prints-it"),
        pytest.param("N’tillit", "cod2015", 3, "ML070105", id="a-curled-apostrophe"),
    ],
)
def test_a_name_as_people_write_it_is_found(written, edition, level, code):
    assert resolve(written, edition, level) == Place(edition, code)


@pytest.mark.parametrize(
    ("written", "level"),
    [
        pytest.param("Gaoo", 2, id="a-letter-too-many"),
        pytest.param("Ga", 2, id="a-letter-too-few"),
        pytest.param("Bourem, Gao", 2, id="two-names"),
        pytest.param("ML0701", 2, id="a-code"),
        pytest.param("Gao", 4, id="a-level-that-does-not-exist"),
        pytest.param("", 2, id="nothing"),
        pytest.param("Ménaka", 1, id="a-region-that-did-not-exist-in-2015"),
    ],
)
def test_a_name_that_is_nearly_right_is_not_guessed(written, level):
    assert resolve(written, "cod2015", level) is None


@given(st.sampled_from(sorted(CERCLES_2015)), st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=3))
@random_cases(60)
def test_letters_added_to_a_name_never_find_a_place_by_resemblance(name, extra):
    assume(places.fold(name + extra) not in places._index("cod2015", 2))
    assert resolve(name + extra, "cod2015", 2) is None


@given(st.sampled_from(sorted(CERCLES_2015)), st.booleans(), st.booleans(), st.sampled_from(["-", " ", "  ", "\u00a0"]))
@random_cases(60)
def test_case_accents_and_hyphens_never_change_the_place(name, is_upper, is_bare, between):
    written = name.upper() if is_upper else name
    written = places.fold(written) if is_bare else written
    assert resolve(written.replace("-", between), "cod2015", 2) == Place("cod2015", CERCLES_2015[name])


@pytest.mark.parametrize(
    ("name", "parents"),
    [
        pytest.param("Bamba", {"ML0507": "ML050701", "ML0703": "ML070301"}, id="Bamba-of-Koro-and-of-Bourem"),
        pytest.param("Tilemsi", {"ML0603": "ML060314", "ML0701": "ML070107"}, id="Tilemsi-of-Goundam-and-of-Gao"),
    ],
)
def test_communes_that_share_a_name_need_their_cercle(name, parents):
    assert resolve(name, "cod2015", 3) is None
    for parent, code in parents.items():
        assert resolve(name, "cod2015", 3, within=Place("cod2015", parent)) == Place("cod2015", code)
    assert resolve(name, "cod2015", 3, within=Place("cod2015", "ML0801")) is None


def test_a_misspelt_cercle_in_a_file_gets_the_nearest_name_and_its_row_but_is_not_quoted(tmp_path):
    with pytest.raises(BadData) as refused:
        tables_of(tmp_path, "kobo_incidents", [kobo(), kobo(_uuid="u2", id_incident="I2", cercle="Ansongoo")])
    assert "ansongo " in refused.value.next_step and refused.value.message.endswith(", ligne 3.")
    assert "params/aliases.csv" in refused.value.next_step  # where somebody may admit it
    assert "Ansongoo" not in str(refused.value) and "ansongoo" not in str(refused.value)


@given(st.text("bcdfghjklmnpqrstvwxz", min_size=6, max_size=14).map("zq".__add__))
@random_cases(15)
def test_a_name_that_nobody_knows_is_never_quoted(tmp_path_factory, name):
    with pytest.raises(BadData) as refused:
        tables_of(tmp_path_factory.mktemp("p"), "kobo_incidents", [kobo(cercle=name)])
    assert name not in str(refused.value)


# --- areas ------------------------------------------------------------------------------------------------------


def test_mali_is_its_fifty_cercles_and_gao_four_with_menaka():
    areas = places.areas(PARAMS)
    assert len(areas["mali"].cercles) == 50 == len(set(areas["mali"].cercles))
    assert sorted(places.name_of(c) for c in areas["gao"].cercles) == ["Ansongo", "Bourem", "Gao", "Ménaka"]
    assert [r.code for r in areas["gao"].regions] == ["region_gao", "region_menaka"]
    assert {code: len(area.cercles) for code, area in areas.items()} == {
        "gao": 4,
        "mopti": 8,
        "tombouctou": 5,
        "kidal": 4,
        "mali": 50,
    }


def test_every_cercle_belongs_to_exactly_one_region():
    regions = {region.code: region for area in places.areas(PARAMS).values() for region in area.regions}
    held = Counter(c for region in regions.values() for c in region.cercles)
    assert set(held.values()) == {1}
    assert {c.pcode for c in held} == set(CERCLES_2015.values())


def test_a_region_holds_the_cercles_whose_ground_it_covers():
    crosswalk = places.crosswalk()
    for area in places.areas(PARAMS).values():
        for region in area.regions:
            assert {crosswalk[c].pcode[:4] for c in region.cercles} == {region.place.pcode}


def test_no_place_counts_a_leaf_twice():
    rows = places.memberships(PARAMS)
    assert len(set(rows)) == len(rows)
    leaves = Counter((place, edition, code) for place, _, edition, code, _ in rows)
    assert set(leaves.values()) == {1}
    for place, cercles in (
        ("mali", {"cod2015": 50, "cod2018": 50, "cod2021": 53}),
        ("gao", {"cod2015": 4, "cod2018": 4, "cod2021": 7}),
    ):
        assert Counter(e for p, _, e, code, _ in rows if p == place and len(code) == 6) == cercles
    assert Counter(level for place, level in {(p, lv) for p, lv, *_ in rows}) == {
        "cercle": 50,
        "region": 10,
        "area": 4,
        "country": 1,
    }


def test_the_leaves_of_other_editions_are_those_of_2015_through_the_crosswalk_and_never_by_their_code():
    inside = defaultdict(set)
    for place, _, edition, code, cercle in places.memberships(PARAMS):
        if cercle:
            assert cercle == places.reporting(Place(edition, code)).pcode
            inside[place, edition].add(cercle)
        else:
            # A region, or the country, for the sources that stop there.
            assert len(code) == 4 or (place == "mali" and code == "ML")
    for (place, edition), cercles in inside.items():
        assert cercles == inside[place, "cod2015"], edition
    (bourem,) = (r for r in places.memberships(PARAMS) if r[0] == "cod2015:ML0703" and r[2] == "cod2021")
    assert bourem == ("cod2015:ML0703", "cercle", "cod2021", "ML0702", "ML0703")


def test_an_unknown_area_gets_the_nearest_name():
    with pytest.raises(UnknownName, match="goa. Vouliez-vous dire gao"):
        places.area("goa", PARAMS)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda given: given["regions"]["region_gao"]["cercles"]["pcodes"].append("ML0799"), id="a-cercle-that-is-not"),
        pytest.param(lambda given: given["regions"]["region_menaka"]["place"].update(edition="cod2015"), id="a-region-of-the-other-edition"),
        pytest.param(lambda given: given["areas"]["gao"]["regions"].append("region_oubliee"), id="a-region-that-is-not-declared"),
        pytest.param(lambda given: given.pop("regions"), id="no-regions"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_areas_stops_with_the_file_s_name(tmp_path, change):
    given = yaml.safe_load((PARAMS / "places.yml").read_text(encoding="utf-8"))
    change(given)
    (tmp_path / "places.yml").write_text(yaml.safe_dump(given, allow_unicode=True), encoding="utf-8")
    with pytest.raises(BadData, match="places.yml"):
        places.areas(tmp_path)
