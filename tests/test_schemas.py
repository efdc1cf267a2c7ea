"""One definition per column, and what is written from it: dictionary, XLSForm, Excel templates, data package."""

from __future__ import annotations

import csv
import io
import json
import re
import warnings
from collections import Counter
from collections.abc import Callable
from itertools import product

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
import yaml
from hypothesis import given
from hypothesis import strategies as st
from incidents import PARAMS, ROOT, SHARED, random_cases

from veille.codes import code_list, from_form, mapping
from veille.disclosure import safe
from veille.errors import BuildFailed, UnknownName
from veille.places import Place, ancestors, areas, gazetteer, name_of, resolve
from veille.schemas import datapackage, definitions, dictionary, forms, numbers, template, xlsform
from veille.sources import formats, reading
from veille.tables.contracts import keeps

TABLES = definitions.tables()
COLUMNS = [pytest.param(t, c, id=f"{t.name}.{n}") for t in TABLES.values() for n, c in t.columns.items()]


def model() -> dict:
    path = SHARED / "reference" / "data_model.yaml"
    if not path.exists():
        pytest.skip("the data model is not on this machine")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# --- the definitions against the data model ------------------------------------------------------------------------


def test_every_table_of_the_data_model_is_defined_once():
    ours = Counter(t.data_model for t in TABLES.values() if t.data_model)
    assert ours == Counter(t["name"] for t in model()["tables"])
    assert {t.name for t in TABLES.values() if not t.data_model} == {
        "incident_services",
        "incident_counts",
        "coverage",
        "published_figures",
        "population",
        "country_displacement",
    }
    assert len(TABLES) == 29


def test_every_column_of_the_data_model_has_its_counterpart_or_the_reason_why_not():
    accounted = 0
    for theirs in model()["tables"]:
        (ours,) = (t for t in TABLES.values() if t.data_model == theirs["name"])
        used = {c.origin for c in ours.columns.values() if c.origin} | set(ours.left_out)
        assert used == {c[0] for c in theirs["columns"]}, ours.name
        accounted += len(used)
    assert accounted == 249


def test_sensitivity_is_that_of_the_data_model_except_where_a_day_becomes_a_month():
    changed = set()
    for theirs in model()["tables"]:
        (ours,) = (t for t in TABLES.values() if t.data_model == theirs["name"])
        classes = {c[0]: c[3] for c in theirs["columns"]}
        changed |= {
            f"{ours.name}.{n}" for n, c in ours.columns.items() if c.origin and c.sensitivity != classes[c.origin]
        }
    assert changed == {"incidents.month", "alerts.month"}


# data model list -> ours, and the codes of theirs that ours does not have yet
LISTS = {
    "sexe": ("sex", set()),
    "sexe_agrege": ("person", {"inconnu"}),
    "age_vbg": ("age_band", set()),
    "age_auteur_vbg": ("perpetrator_age", set()),
    "population": ("displacement_status", set()),
    "verification": ("verification", set()),
    "source_saisie": ("entry_source", set()),
    "categorie_incident": ("incident_category", {"violences_sexuelles_conflit"}),
    "type_incident": ("incident_type", set()),
    "auteur": ("perpetrator", set()),
    "type_vbg": ("gbv_type", set()),
    "contexte_vbg": ("gbv_context", set()),
    "delai_vbg": ("delay", set()),
    "etat_matrimonial": ("marital_status", set()),
    "phase_deplacement": ("displacement_stage", set()),
    "moment_jour": ("time_of_day", set()),
    "lien_auteur": ("perpetrator_relationship", set()),
    "service_vbg": ("service", set()),
    "issue_service": ("referral_outcome", set()),
    "violation_mrm": ("mrm_violation", set()),
    "statut_mrm": ("mrm_status", set()),
    "type_mouvement": ("movement_type", {"refugie_exterieur", "nouveau_deplacement", "deplacement_temporaire"}),
    "statut_activite": ("activity_status", set()),
    "domaine": ("funding_subsector", set()),
    "engin": ("explosive", set()),
    "statut_victime": ("casualty", set()),
    "qualite_victime": ("casualty_quality", set()),
    "niveau_matrice": ("matrix_level", set()),
    "priorite_matrice": ("matrix_priority", set()),
    "statut_recommandation": ("recommendation_status", set()),
    "constat_evaluation": ("finding_type", set()),
    "cotation_indicateur": ("rating", set()),
}


def test_the_code_lists_are_those_of_the_data_model():
    theirs = {name: {str(code) for code in codes} for name, codes in model()["codes"].items()}
    assert set(theirs) == set(LISTS)
    for name, (ours, lacking) in LISTS.items():
        assert set(from_form(ours)) == theirs[name] - lacking, name


# --- what may enter, and what people read of it --------------------------------------------------------------------


def test_no_table_keeps_what_identifies_someone():
    identifying = {(t.name, n) for t in TABLES.values() for n, c in t.columns.items() if c.sensitivity == "I"}
    assert len(identifying) == 13
    assert not {(t.name, n) for t in TABLES.values() for n in t.kept} & identifying


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_column_can_be_read_by_people_in_both_languages(table, column):
    assert column.label.fr and column.label.en
    for words in (column.label, column.help):
        assert words is None or not re.search(r"\w'\w", words.fr), "French apostrophe"


def test_labels_of_a_table_can_be_told_apart():
    for table in TABLES.values():
        labels = [c.label.fr for c in table.columns.values()]
        assert len(labels) == len(set(labels)), table.name


# --- a definition that is wrong ------------------------------------------------------------------------------------

GOOD = {
    "name": "wells",
    "title": {"fr": "Puits", "en": "Wells"},
    "row": {"fr": "un puits", "en": "one well"},
    "key": ["well_id"],
    "columns": {
        "well_id": {
            "type": "text",
            "required": True,
            "sensitivity": "P",
            "hxl": "#loc+id",
            "label": {"fr": "Puits", "en": "Well"},
        },
        "sex": {
            "type": "code",
            "codes": "sex",
            "sensitivity": "P",
            "hxl": "#affected+sex",
            "label": {"fr": "Sexe", "en": "Sex"},
        },
    },
}


def parsed(change) -> definitions.Table:
    given = json.loads(json.dumps(GOOD))
    change(given)
    return definitions.parse(yaml.safe_dump(given, allow_unicode=True), "wells.yml")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param(lambda t: t["columns"]["sex"].update(colour="red"), "columns.sex.colour", id="unknown-key"),
        pytest.param(
            lambda t: t["columns"]["sex"]["label"].pop("en"), "columns.sex.label.en", id="label-in-one-language"
        ),
        pytest.param(lambda t: t["columns"]["sex"]["label"].update(fr=""), "columns.sex.label.fr", id="blank-label"),
        pytest.param(lambda t: t["columns"]["sex"].update(codes="sexes"), "columns.sex.codes", id="no-such-list"),
        pytest.param(lambda t: t["columns"]["sex"].update(codes=""), "columns.sex", id="code-without-list"),
        pytest.param(lambda t: t["columns"]["sex"].update(hxl="#person+sex"), "columns.sex", id="not-a-core-hashtag"),
        pytest.param(lambda t: t["columns"]["sex"].update(hxl="affected"), "columns.sex", id="no-hash"),
        pytest.param(lambda t: t["columns"]["sex"].update(hxl="#affected+f+f"), "columns.sex", id="attribute-twice"),
        pytest.param(lambda t: t["columns"]["sex"].update(hxl="#loc+id"), "hxl", id="one-tag-for-two-columns"),
        pytest.param(lambda t: t["columns"]["sex"].update(sensitivity="I"), "columns.sex", id="class-I-not-refused"),
        pytest.param(lambda t: t["columns"]["sex"].update(refused=True), "columns.sex", id="refused-without-class-I"),
        pytest.param(
            lambda t: t["columns"]["sex"].update(sensitivity="X"), "columns.sex.sensitivity", id="no-such-class"
        ),
        pytest.param(lambda t: t["columns"]["sex"].update(min=0), "columns.sex", id="bounds-of-a-code"),
        pytest.param(lambda t: t["columns"]["well_id"].update(pattern="("), "columns.well_id", id="unreadable-pattern"),
        pytest.param(
            lambda t: t["columns"]["sex"].update(codes="../tables/incidents"),
            "columns.sex.codes",
            id="a-path-for-a-list",
        ),
        pytest.param(
            lambda t: t["columns"]["sex"].update(planned=True), "columns.sex.planned", id="no-column-waits-for-later"
        ),
        pytest.param(
            lambda t: t.update(rules=[{"sum": ["sex"], "at_most": ["well_id"], "message": {"fr": "a", "en": "a"}}]),
            "rules",
            id="a-rule-that-compares-words",
        ),
        pytest.param(lambda t: t.update(key=["well"]), "key", id="key-that-is-no-column"),
        pytest.param(lambda t: t.update(key=["sex"]), "key", id="key-that-may-be-blank"),
        pytest.param(lambda t: t["columns"]["sex"].update({"from": "sexe"}), "data_model", id="from-nowhere"),
        pytest.param(lambda t: t.update(name="puits"), "name", id="another-name"),
    ],
)
def test_a_wrong_definition_stops_with_its_file_and_key(change, named):
    assert parsed(lambda t: None).name == "wells"
    with pytest.raises(BuildFailed) as refused:
        parsed(change)
    assert refused.value.message.startswith("wells.yml") and named in refused.value.message


@pytest.mark.parametrize("text", ["", "- a", "name: [", "name: wells"])
def test_a_definition_that_is_no_definition_is_refused(text):
    with pytest.raises(BuildFailed, match=r"wells\.yml"):
        definitions.parse(text, "wells.yml")


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def check_junk(path: str, junk: object) -> None:
    def change(table):
        *parents, last = path.split(".")
        for parent in parents:
            table = table[parent]
        table[last] = junk

    try:
        assert parsed(change).name == "wells"
    except BuildFailed as refused:
        assert refused.message.startswith("wells.yml")


PATHS = st.sampled_from(["columns", "key", "title", "rules", "left_out", "columns.sex", "columns.sex.codes"])


@random_cases(50)
@given(path=PATHS, junk=YAML)
def test_whatever_stands_in_a_definition_it_is_read_or_refused(path, junk):
    check_junk(path, junk)


@pytest.mark.full
@random_cases(150)
@given(path=PATHS, junk=YAML)
def test_whatever_else_stands_in_a_definition_it_is_read_or_refused(path, junk):
    check_junk(path, junk)


def test_a_misspelt_table_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="incidents"):
        definitions.table("incidens")


def test_a_table_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        TABLES["incidents"].name = "other"


# --- code lists and the typology -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", dictionary.lists())
def test_a_code_list_says_where_it_comes_from_and_can_be_read_back(name):
    given = yaml.safe_load((ROOT / "src" / "veille" / "codes" / f"{name}.yml").read_text(encoding="utf-8"))
    assert isinstance(given["version"], str) and given["source"]
    entries = given["codes"]
    assert all(isinstance(code, str) and re.fullmatch(r"[a-z][a-z0-9_]*", code) for code in entries)
    assert all(isinstance(e[a], str) and e[a] for e in entries.values() for a in ("fr", "en"))
    forms = [e["form"] for e in entries.values() if "form" in e]
    assert all(isinstance(f, str) for f in forms) and len(forms) == len(set(forms))
    if name != "incident_typology":  # one label of two generations is two entries there
        labels = [e["fr"] for e in entries.values()]
        assert len(labels) == len(set(labels))
        assert not any(" " in f for f in forms), "a choice of a select_multiple holds no space"


TYPOLOGY = code_list("incident_typology")


def test_every_label_of_the_three_typologies_leads_to_a_type_or_a_category():
    assert Counter(e["version"] for e in TYPOLOGY.values()) == {"amss_2016": 22, "amss_2018": 38, "amss_2020": 7}
    assert set(code_list("typology_version")) == {e["version"] for e in TYPOLOGY.values()}
    for entry in TYPOLOGY.values():
        assert ("incident_type" in entry) != ("category" in entry)
        assert entry.get("incident_type", "other") in code_list("incident_type")
        assert entry.get("category", "other") in code_list("incident_category")


def test_the_printed_list_of_march_2018_is_mapped_line_by_line():
    path = SHARED / "data" / "reference" / "amss_incident_typology_mars2018_TRANSCRIBED.csv"
    if not path.exists():
        pytest.skip("the transcribed list is not on this machine")
    with open(path, encoding="utf-8", newline="") as file:
        printed = {(r["category_code"], r["incident_type_fr"]) for r in csv.DictReader(file)}
    ours = {(e["letter"], e["fr"]) for e in TYPOLOGY.values() if e["version"] == "amss_2018"}
    assert len(printed) == 25 and printed <= ours


def test_the_flat_list_names_the_types_as_the_2016_reports_do():
    flat = {e["fr"]: e["incident_type"] for e in TYPOLOGY.values() if e["version"] == "amss_2016"}
    assert flat["Occupation illicite des biens immobiliers"] == "unlawful_occupation"
    assert flat["Attaque à main armée"] == "armed_robbery" and flat["Viol"] == "rape"


def test_sexual_violence_stays_under_the_rules_of_gbv_whatever_the_generation():
    gbv = mapping("incident_type", "gbv")
    sexual = [
        e for e in TYPOLOGY.values() if re.search("viol$|sexuel|mutilation|mariage|lévirat|harcèlement", e["fr"], re.I)
    ]
    assert len(sexual) == 15
    assert all(e.get("gbv") or gbv.get(e.get("incident_type")) for e in sexual)


def test_there_are_24_gbv_statistics_8_grave_violations_15_risks_and_58_products():
    assert len(code_list("gbv_statistic")) == 24
    assert sum(mapping("mrm_violation", "grave").values()) == 8
    assert len(code_list("protection_risk")) == 15
    assert list(from_form("product")) == [f"A{n:02d}" for n in range(1, 59)]
    assert set(mapping("gbv_statistic", "breakdown").values()) <= set(dictionary.lists())


def test_the_types_added_for_the_typology_have_a_category():
    assert set(mapping("incident_type", "category")) == set(code_list("incident_type"))
    assert set(mapping("incident_type", "category").values()) <= set(code_list("incident_category"))


# --- the dictionary ------------------------------------------------------------------------------------------------


def test_the_dictionary_is_current():
    written = (ROOT / "docs" / "dictionary.md").read_text(encoding="utf-8")
    assert written == dictionary.markdown(), (
        'python -c "from pathlib import Path; from veille.schemas import dictionary; '
        "Path('docs/dictionary.md').write_text(dictionary.markdown(), encoding='utf-8')\""
    )
    for table in TABLES.values():
        assert f"\n## {table.name}\n" in written
    for name in dictionary.lists():
        assert f"\n### Liste {name}\n" in written
    for target in re.findall(r"\(#liste-(\w+)\)", written):
        assert f"### Liste {target}\n" in written


# --- the XLSForm ---------------------------------------------------------------------------------------------------

SURVEY = xlsform.survey()
CHOICES = xlsform.choices()
QUESTIONS = [q for _, questions in xlsform.GROUPS.values() for q in questions]
KOBO = formats.declared("kobo_incidents").columns


def headers() -> list[str]:
    """The columns of an export of the form, before those that KoBo adds: group/question."""
    group, found = "", []
    for row in SURVEY:
        if row["type"] == "begin_group":
            group = row["name"] + "/"
        elif row["type"] == "end_group":
            group = ""
        else:
            found.append(group + row["name"])
    return found


def choices_of(name: str) -> list[dict[str, str]]:
    return [c for c in CHOICES if c["list_name"] == name]


def test_an_export_of_the_form_has_the_columns_that_the_reader_declares():
    added_by_kobo = {"_id", "_uuid", "_submission_time", "_validation_status", "_notes", "_status", "_submitted_by"}
    added_by_kobo |= {"__version__", "_tags", "meta/rootUuid", "_index"}
    assert headers() == [c.header for c in KOBO if c.header not in added_by_kobo]
    assert xlsform.settings()["form_title"] == formats.declared("kobo_incidents").sheet


def test_pyxform_accepts_the_form_without_a_warning(tmp_path):
    from pyxform.xls2xform import convert

    xlsform.write(tmp_path / "form.xlsx")
    result = convert(str(tmp_path / "form.xlsx"), validate=False)
    assert result.warnings == []
    assert f'version="{xlsform.settings()["version"]}"' in result.xform
    for header in headers():
        assert f'nodeset="/data/{header}"' in result.xform


def test_the_form_is_written_with_the_same_bytes(tmp_path):
    xlsform.write(tmp_path / "a.xlsx")
    xlsform.write(tmp_path / "b.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "a.xlsx", read_only=True)
    assert book.sheetnames == ["survey", "choices", "settings"]


def test_every_question_feeds_a_canonical_column_or_is_dropped_by_rule():
    given = yaml.safe_load((ROOT / "src/veille/schemas/kobo_incidents.yml").read_text(encoding="utf-8"))["columns"]
    dropped = {h.rsplit("/", 1)[-1] for h, e in given.items() if e.get("class") == "I"}
    for question in QUESTIONS:
        if question.column:
            table, column = question.column.split(".")
            assert not TABLES[table].columns[column].refused
    elsewhere = {q.name for q in QUESTIONS if not q.column}
    assert elsewhere == {"organisation", "date_collecte", "localite", "description", "source_information"}
    assert set(xlsform.CLASS_I) == dropped & {h.rsplit("/", 1)[-1] for h in headers()}
    for row in SURVEY:
        if row["name" if "name" in row else "type"] in {"localite", "description", "source_information"}:
            assert "Reste sur le serveur KoBo" in row[xlsform.HINT] and not row["hxl"] and not row["required"]


def test_every_column_that_a_person_fills_in_is_asked_by_the_form():
    asked = {q.column for q in QUESTIONS}
    missing = {n for n, c in TABLES["incidents"].asked.items() if f"incidents.{n}" not in asked}
    assert missing == {"edition", "original_type", "typology_version"}


def test_the_choices_of_the_form_are_read_back_by_the_source():
    for row in SURVEY:
        if row["type"].startswith("select"):
            assert choices_of(row["type"].split()[1]), row["name"]
    for column in KOBO:
        if column.codes:
            (row,) = (r for r in SURVEY if r.get("name") == column.header.rsplit("/", 1)[-1])
            assert {c["name"] for c in choices_of(row["type"].split()[1])} == set(from_form(column.codes))


def test_places_cascade_and_every_one_is_found_again_by_its_name():
    regions, cercles, communes = (choices_of(n) for n in ("region", "cercle", "commune"))
    assert (len(regions), len(cercles), len(communes)) == (10, 50, 193)
    assert {c["region"] for c in cercles} == {r["name"] for r in regions}
    found = {c["name"]: resolve(c["name"], "cod2015", 2) for c in cercles}
    assert len(set(found.values())) == 50 and None not in found.values()
    assert {found[c["name"]] for c in cercles if c["region"] == "menaka"} == {Place("cod2015", "ML0704")}
    resolved = [resolve(c["name"], "cod2015", 3, found[c["cercle"]]) for c in communes]
    assert len(set(resolved)) == 193 and None not in resolved
    assert all(
        re.fullmatch(r"[a-z0-9_]+", c["name"]) for c in CHOICES if c["list_name"] in ("region", "cercle", "commune")
    )


def test_the_regions_of_the_form_are_those_of_the_reports():
    """A cercle chosen under a region belongs to that region in params/places.yml too."""
    regions = {r.code: set(r.cercles) for a in areas(PARAMS).values() for r in a.regions}
    for cercle in choices_of("cercle"):
        assert resolve(cercle["name"], "cod2015", 2) in regions[f"region_{cercle['region']}"]


def test_the_commune_is_asked_only_where_communes_are_known():
    (row,) = (r for r in SURVEY if r.get("name") == "commune")
    known = set(re.findall(r"'(\w+)'", row["relevant"]))
    assert known == {"gao", "menaka", "kidal", "mopti", "tombouctou"}


def in_python(constraint: str) -> Callable[[object, dict[str, object]], bool]:
    """An XPath constraint of the form as a function: the few operators that it uses mean the same in Python."""
    text = re.sub(r"\$\{(\w+)\}", r"answers['\1']", constraint)
    text = re.sub(r"(?<![<>=])=(?!=)", "==", text)
    text = re.sub(r"(?<![\w'.])\.(?![\w.])", "this", text)
    code = compile(text, "constraint", "eval")
    scope = {"__builtins__": {}, "coalesce": lambda a, b: b if a == "" else a}
    return lambda this, answers: bool(eval(code, scope, {"this": this, "answers": answers}))


def test_the_form_accepts_exactly_the_victims_that_the_contract_accepts():
    """Every combination of no answer, 0, 1 and 2 in the six questions: 4,096 forms."""
    columns = {
        "femmes": "women_people",
        "hommes": "men_people",
        "filles": "girls_people",
        "garcons": "boys_people",
        "tues": "killed_people",
        "blesses": "injured_people",
    }
    forms = [dict(zip(columns, values, strict=True)) for values in product(("", 0, 1, 2), repeat=6)]
    rules = {r["name"]: in_python(r["constraint"]) for r in SURVEY if r.get("name") in columns}
    accepted = [all(rules[n](value, form) for n, value in form.items() if value != "") for form in forms]
    rows = pd.DataFrame(
        {c: pd.array([pd.NA if f[n] == "" else f[n] for f in forms], "Int64") for n, c in columns.items()}
    )
    assert accepted == keeps(TABLES["incidents"].rules[0], rows).tolist()
    assert 0 < sum(accepted) < len(forms)


def test_no_count_is_negative_and_no_date_is_in_the_future():
    rows = {r["name"]: r for r in SURVEY if "name" in r}
    for name in ("femmes", "hommes", "filles", "garcons", "tues", "blesses"):
        assert not in_python(rows[name]["constraint"])(-1, dict.fromkeys(rows, ""))
        assert rows[name]["type"] == "integer" and rows[name][xlsform.MESSAGE]
    for name in ("date_incident", "date_collecte"):
        assert ". <= today()" in rows[name]["constraint"]
    assert ". >= ${date_incident}" in rows["date_collecte"]["constraint"]


def test_an_answer_that_the_reader_requires_is_required_by_the_form():
    rows = {r["name"]: r for r in SURVEY if "name" in r}
    for column in KOBO:
        name = column.header.rsplit("/", 1)[-1]
        if column.required and name in rows:
            assert rows[name]["required"] == "yes", name


def test_an_export_of_the_filled_form_is_read_without_loss(tmp_path):
    """One row per choice of each list, as KoBo writes it, through the source that receives it."""
    rows = {r["name"]: r for r in SURVEY if "name" in r}
    longest = max(len(choices_of(r["type"].split()[1])) for r in rows.values() if r["type"].startswith("select"))
    added = {"_uuid": "u{}", "_submission_time": "2017-07-01T10:00:00"}
    path = tmp_path / "export.xlsx"
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False}) as book:
        sheet = book.add_worksheet(xlsform.TITLE)
        sheet.write_row(0, 0, [c.header for c in KOBO])
        for k in range(longest):
            for c, column in enumerate(KOBO):
                row = rows.get(column.header.rsplit("/", 1)[-1])
                if row is None:
                    value = added.get(column.header, "").format(k)
                elif row["type"].startswith("select"):
                    options = choices_of(row["type"].split()[1])
                    value = options[k % len(options)]["name"]
                else:
                    value = {"integer": k, "date": "2017-06-14", "text": f"texte {k}"}.get(row["type"], "")
                sheet.write(k + 1, c, value)
    df = reading.read_frame(path, "kobo_incidents")
    assert len(df) == longest
    assert set(df["incident_type"]) == set(code_list("incident_type"))
    assert set(df["perpetrator"]) == set(code_list("perpetrator"))
    assert {s for several in df["services_referred"] for s in several} == set(code_list("service"))
    assert {resolve(n, "cod2015", 2) for n in df["cercle_name"]} == {
        p for p, n in gazetteer().items() if p.edition == "cod2015" and n.level == 2
    }
    assert not {"localite", "description", "source_information", "deviceid"} & set(df.columns)


# --- the Excel templates -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Every template, written and opened once."""
    folder = tmp_path_factory.mktemp("templates")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # XlsxWriter only warns when Excel would refuse a rule
        for name in TABLES:
            template.write(folder / f"{name}.xlsx", name)
    return {name: openpyxl.load_workbook(folder / f"{name}.xlsx") for name in TABLES}


def validations(book) -> dict[str, object]:
    """French label of a column -> its validation."""
    sheet = book[template.DATA]
    found = {}
    for rule in sheet.data_validations.dataValidation:
        (area,) = rule.sqref.ranges
        assert (area.min_row, area.max_row) == (3, 1002) and area.min_col == area.max_col
        found[sheet.cell(1, area.min_col).value] = rule
    return found


def listed(book, reference: str) -> list[str]:
    """The texts of `Listes!$A$2:$A$9`."""
    sheet, cells = reference.split("!")
    return [row[0].value for row in book[sheet][cells.replace("$", "")]]


@pytest.mark.parametrize("name", list(TABLES))
def test_a_template_asks_for_what_may_enter_and_nothing_else(books, name):
    book, table = books[name], TABLES[name]
    assert book.sheetnames == ["Lisez-moi", "Données", "Listes"]
    assert all(sheet.sheet_state == "visible" for sheet in book)
    rows = list(book["Données"].iter_rows(min_row=1, max_row=2, values_only=True))
    assert rows[0] == tuple(c.label.fr for c in table.asked.values())
    assert rows[1] == tuple(c.hxl for c in table.asked.values())
    assert book["Données"].max_row == 2
    identifying = {c.label.fr for c in table.columns.values() if c.refused}
    seen = {str(v) for sheet in book for row in sheet.iter_rows(values_only=True) for v in row if v is not None}
    assert not identifying & seen
    computed = {c.label.fr for c in table.columns.values() if c.computed}
    assert not computed & set(rows[0])


@pytest.mark.parametrize("name", list(TABLES))
def test_a_drop_down_holds_every_code_of_its_list(books, name):
    book, rules = books[name], validations(books[name])
    for column, spec in TABLES[name].asked.items():
        rule, texts = rules[spec.label.fr], template.entries(name, column)
        if spec.codes:
            assert rule.type == "list" and listed(book, rule.formula1) == [
                e["fr"] for e in code_list(spec.codes).values()
            ]
            assert list(texts.values()) == list(code_list(spec.codes))
        elif spec.type == "yes_no":
            assert listed(book, rule.formula1) == ["Oui", "Non"]
        elif (name, column) == forms.INDICATOR:
            assert listed(book, rule.formula1) == list(texts) and len(texts) == 68 + 54 + 10
        elif texts:
            nothing = book["Listes"][template.NOTHING.split("!")[1].replace("$", "")]
            assert template.NOTHING in rule.formula1 and nothing.value is None  # any other edition, or none written yet
            ranges = dict(re.findall(r'="([^"]+)",(Listes![$A-Z\d]+:[$A-Z\d]+)', rule.formula1))
            for edition, entry in code_list("edition").items():
                places_ = list(template.entries(name, column, edition))
                assert (listed(book, ranges.pop(entry["fr"])) if places_ else []) == places_
            assert not ranges


@pytest.mark.parametrize("name", list(TABLES))
def test_numbers_and_dates_are_checked_in_french(books, name):
    for label, rule in validations(books[name]).items():
        spec = next(c for c in TABLES[name].asked.values() if c.label.fr == label)
        assert len(rule.formula1 or "") <= 255 and len(rule.prompt) <= 255 and len(rule.promptTitle) <= 32
        assert rule.prompt.startswith("Obligatoire") == spec.required
        expected = {"int": "whole", "decimal": "decimal", "date": "date", "datetime": "date"}
        expected |= {"month": "custom", "quarter": "custom"}
        if spec.type in expected:
            assert rule.type == expected[spec.type] and "attendu" in rule.error
        if spec.min is not None:
            assert rule.formula1 == str(spec.min)


def test_a_place_of_a_list_is_read_back_with_its_name_and_only_in_its_edition():
    for edition in ("cod2015", "cod2021"):
        for text, pcode in template.entries("incidents", "pcode", edition).items():
            place = Place(edition, pcode)
            assert text == f"{pcode} {name_of(place)}" and gazetteer()[place].level == 2
    assert template.entries("incidents", "pcode")["ML0701 Gao"] == "ML0701"
    assert template.entries("incidents", "pcode", "cod2021")["ML0701 Ansongo"] == "ML0701"
    communes = template.entries("incidents", "commune_pcode")
    assert len(communes) == 193 and all(ancestors(Place("cod2015", p)) for p in communes.values())
    assert template.entries("gbv_aggregates", "region_pcode")["ML Ensemble du pays"] == "ML"
    assert "ML" not in template.entries("mrm_violations", "region_pcode").values()
    assert {len(p) for p in template.entries("movements", "pcode").values()} == {4, 6}


def test_rows_that_break_a_rule_turn_red(books):
    for name, table in TABLES.items():
        formats = books[name]["Données"].conditional_formatting
        assert sum(len(area.rules) for area in formats) == len(table.rules), name
    (rules,) = (area.rules for area in books["coverage"]["Données"].conditional_formatting)
    assert rules[0].formula == ["AND(COUNT($E3)>0,COUNT($D3)=1,SUM($E3)>SUM($D3))"]


def test_a_template_is_written_with_the_same_bytes(tmp_path):
    for name in ("incidents", "coverage", "gbv_aggregates"):
        template.write(tmp_path / "a.xlsx", name)
        template.write(tmp_path / "b.xlsx", name)
        assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with pytest.raises(UnknownName):
        template.write(tmp_path / "c.xlsx", "incident")


# --- the data package ----------------------------------------------------------------------------------------------

ROWS = [
    ["protection_incidents", "gao", "2017-06", "67", "incidents", "mixed", "incidents", "incidents", "Avec prudence"],
    [
        "protection_incidents",
        "cod2015:ML0701",
        "2017-06",
        "",
        "incidents",
        "not_published",
        "incidents",
        "incidents",
        "",
    ],
    ["protection_incidents.share", "gao", "2017-06", "61.5", "percent", "verified", "incidents", "share", "a, « b »"],
]


META = {"version": "0123456789ab", "nature": "real", "audience": "cluster", "sources": [{"title": "Monitoring", "covers": "2017-06"}]}  # fmt: skip


def package(folder, rows=ROWS, **meta):
    """A table of these rows, and beside it the data package that describes it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([safe.COLUMNS, *rows])
    content = text.getvalue().encode()
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "incidents.csv").write_bytes(content)
    given = datapackage.describe(META | meta, {"tables/incidents.csv": content})
    (folder / safe.PACKAGE).write_text(json.dumps(given, ensure_ascii=False), encoding="utf-8")
    return folder


def report_of(folder):
    import frictionless

    return frictionless.validate(str(folder / safe.PACKAGE))


def test_frictionless_accepts_the_package_of_safe_tables(tmp_path):
    report = report_of(package(tmp_path / "candidate"))
    assert report.valid, report.flatten(["type", "note"])
    assert report.stats["tasks"] == 1 and report.tasks[0].stats["rows"] == 3


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        pytest.param(5, "perhaps", "constraint-error", id="a-status-that-does-not-exist"),
        pytest.param(3, "sixty", "type-error", id="a-value-that-is-no-number"),
        pytest.param(1, "", "constraint-error", id="no-place"),
    ],
)
def test_frictionless_sees_a_table_that_is_not_safe_as_described(tmp_path, column, value, fault):
    row = list(ROWS[0])
    row[column] = value
    report = report_of(package(tmp_path / "candidate", [row, *ROWS[1:]]))
    assert fault in [t for (t,) in report.flatten(["type"])]


def test_frictionless_sees_a_table_changed_after_its_description(tmp_path):
    folder = package(tmp_path / "candidate")
    assert report_of(folder).valid
    table = folder / "tables" / "incidents.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("67", "76"), encoding="utf-8")
    assert not report_of(folder).valid


def test_the_package_describes_the_columns_of_a_safe_table():
    assert tuple(numbers.FIELDS) == safe.COLUMNS
    (resource,) = datapackage.describe(META, {"tables/incidents.csv": b""})["resources"]
    (status,) = (f for f in resource["schema"]["fields"] if f["name"] == "status")
    assert status["constraints"]["enum"] == list(safe.STATUSES)


def test_every_column_of_a_safe_number_has_its_own_tag():
    tags = [field["hxl"] for field in numbers.FIELDS.values()]
    for several in (tags, list(numbers.PRINTED.values())):
        assert len(several) == len(set(several))
        assert {re.match(r"#(\w+)", tag)[1] for tag in several} <= definitions.HASHTAGS


def test_an_invented_package_says_so_and_the_same_tables_give_the_same_package():
    tables = {"tables/incidents.csv": b"key\n"}
    real, example = (datapackage.describe(META | {"nature": nature}, tables) for nature in ("real", "example"))
    assert example["title"].startswith("EXEMPLE SYNTHÉTIQUE")
    assert "EXEMPLE" not in json.dumps(real, ensure_ascii=False)
    assert datapackage.describe(META, tables) == real


def test_a_package_of_no_table_is_refused():
    with pytest.raises(BuildFailed):
        datapackage.describe(META, {})
