"""The contract of each canonical table, made from its definition: what it accepts, what it refuses, and in what words.

`check` judges a frame and `check_table` a table of DuckDB; every case here goes through both.
"""

from __future__ import annotations

import re
import subprocess
import sys

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import random_cases

from veille.codes import code_list
from veille.errors import BadData
from veille.schemas import definitions
from veille.tables import contracts
from veille.tables.contracts import CONTRACTS, PEOPLE, check, check_table, dtype, empty

TABLES = definitions.tables()
CON = duckdb.connect(config={"threads": 1})
SQL_TYPES = {"int": "BIGINT", "decimal": "DOUBLE", "yes_no": "BOOLEAN"}
# One text for each pattern of the definitions.
FITTING = {
    r"^ML\d\d$": "ML07",
    r"^ML(\d\d)?$": "ML",
    r"^ML\d{4}$": "ML0701",
    r"^ML(\d\d){1,2}$": "ML0701",
    r"^ML\d{6}$": "ML070103",
    # Places of other countries too: a territory, a health zone of DRC.
    r"^[A-Z]{2}\d{4}$": "CD5405",
    r"^[A-Z]{2}\d{4}(\d\d|ZS\d\d)$": "CD5405ZS04",
    r"^[A-Z]{2}(\d\d){0,2}$": "ML07",
    r"^[A-Z]{2}(\d\d){1,3}$": "ML070103",
    r"^[A-Z][A-Z0-9]{2}$": "MLI",
    r"^[a-z][a-z_]*$": "gao",
    r"^[a-z0-9_]+$": "jeu_1",
    r"^[0-9a-f]{64}$": "0" * 64,
    r"^([1-5]|transversal)$": "transversal",
    r"^A?\d\.\d{1,2}-i\d{1,2}$": "A1.1-i1",
    r"^A?\d\.\d{1,2}-i\d{1,2}(-[a-z]+)?$": "A1.1-i1",
    r"^[a-z_]+$": "total",
    r"^(document: ?\S.{9,}|rapport: ?[a-z_]+/[a-z_]+/\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?|https://\S+\.\S+)$": "rapport:gbvims/mali/2017",
    r"^\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$": "2017-Q2",
    r"^\d{4}-(B[1-6]|\d\d-\d\d)$": "2017-B3",
}
GOOD = {
    "date": "2017-06-14",
    "month": "2017-06",
    "quarter": "2017-Q2",
    "datetime": "2017-06-14T10:00:00",
    "decimal": 1.0,
    "yes_no": True,
}


def good_value(spec: definitions.Column) -> object:
    """A value that the column accepts."""
    if spec.codes:
        codes = list(code_list(spec.codes))
        return codes[0] if spec.type == "code" else " ".join(codes[:2])
    if spec.type == "int":
        return max(spec.min or 0, 1)
    return GOOD.get(spec.type) or (FITTING[spec.pattern] if spec.pattern else "texte")


def good_row(table: str, /, **changes: object) -> dict[str, object]:
    return {c: good_value(spec) for c, spec in TABLES[table].kept.items()} | changes


def frame(table: str, *rows: dict[str, object]) -> pd.DataFrame:
    """Rows as a frame of the types of the contract."""
    kept = TABLES[table].kept
    return pd.DataFrame({c: pd.Series([row[c] for row in rows], dtype=dtype(kept[c])) for c in kept})


def load(table: str, df: pd.DataFrame, *, compact: bool = False) -> duckdb.DuckDBPyConnection:
    """The same rows as table `rows` of DuckDB; compact: text as ENUM and whole numbers as INTEGER."""
    kept, columns = TABLES[table].kept, []
    for c in df.columns:
        kind = SQL_TYPES.get(kept[c].type, "VARCHAR") if c in kept else "VARCHAR"
        if compact and kind == "VARCHAR" and df[c].notna().any():
            kind = f"ENUM ({', '.join(repr(v) for v in sorted(set(df[c].dropna())))})"
        columns.append(f'"{c}" {"INTEGER" if compact and kind == "BIGINT" else kind}')
    CON.execute(f"CREATE OR REPLACE TABLE rows ({', '.join(columns)})")
    if len(df):
        CON.register("df", df)
        CON.execute("INSERT INTO rows SELECT * FROM df")
        CON.unregister("df")
    return CON


def said_of(judge) -> str:
    """What stands between the brackets of the refusal; nothing where there is none."""
    try:
        judge()
    except BadData as refused:
        found = re.fullmatch(r"Table (\w+) : règle non tenue \((.+)\)\.", refused.message)
        assert found and refused.next_step, refused.message
        return found[2]
    return ""


def both(table: str, df: pd.DataFrame, *, compact: bool = False) -> str:
    """What both judges say of the same rows."""
    said = said_of(lambda: check(table, df))
    assert said_of(lambda: check_table(load(table, df, compact=compact), table, "rows")) == said
    return said


# --- one contract per definition -----------------------------------------------------------------------------------


def test_every_table_has_a_contract_with_the_columns_that_may_enter_in_their_order():
    assert list(CONTRACTS) == list(TABLES) and len(CONTRACTS) == 29
    for name, table in TABLES.items():
        contract = CONTRACTS[name].columns
        assert list(contract) == [c for c, spec in table.columns.items() if spec.sensitivity != "I"]
        assert {c for c, spec in contract.items() if not spec.nullable} == {
            c for c, spec in table.kept.items() if spec.required
        }


def test_a_name_that_is_no_table_has_no_contract():
    assert "incidens" not in CONTRACTS and "incidents" in CONTRACTS


def test_the_contract_of_incidents_is_the_one_that_a_person_would_write():
    contract = CONTRACTS["incidents"]
    assert {name: str(spec.dtype) for name, spec in contract.columns.items()} == {
        **dict.fromkeys(
            "incident_id month edition pcode commune_pcode incident_type category original_type typology_version "
            "entry_source verification_class perpetrator_class population_group".split(),
            "object",
        ),
        **dict.fromkeys((*PEOPLE, "killed_people", "injured_people"), "Int64"),
        "is_referred": "boolean",
    }
    assert [str(CONTRACTS["coverage"].columns[c].dtype) for c in ("is_covered", "has_rows")] == ["bool", "bool"]
    assert str(CONTRACTS["published_figures"].columns["value"].dtype) == "float64"
    assert contract.strict and [c.error for c in contract.checks] == [
        "Les tués et les blessés ne peuvent pas dépasser le nombre de victimes",
        "clé répétée (incident_id)",
    ]


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_accepts_a_good_row_and_no_row_at_all(name):
    optional = {c: None for c, spec in TABLES[name].kept.items() if not spec.required}
    for df in (frame(name, good_row(name)), frame(name, good_row(name, **optional)), empty(name)):
        pd.testing.assert_frame_equal(check(name, df), df)
        check_table(load(name, df), name, "rows")
        check_table(load(name, df, compact=True), name, "rows")


def test_nobody_can_fill_an_empty_table_for_the_others():
    mine = empty("alerts")
    mine["alert_id"] = ["A-1"]
    assert len(empty("alerts")) == 0


def test_contracts_are_made_when_they_are_asked_for():
    """Importing the module must not read the definitions: a command that counts nothing does not pay for them."""
    code = "from veille.schemas import definitions; import veille.tables.contracts as c; assert not c.CONTRACTS._made; assert not definitions.tables.cache_info().currsize"
    subprocess.run([sys.executable, "-c", code], check=True)


# --- what each rule refuses ----------------------------------------------------------------------------------------


def faults_of(name: str) -> dict[str, tuple[object, str]]:
    """For every column that has a rule, one value that breaks it and what is said."""
    out = {}
    for c, spec in TABLES[name].kept.items():
        if spec.type in ("code", "codes"):
            out[c] = ("zzz", "valeur hors de la liste")
        elif spec.type in contracts.FORMS:
            out[c] = ("2017-13-32", contracts.FORMS[spec.type][1])
        elif spec.pattern:
            out[c] = ("?", "forme inattendue")
        elif spec.min is not None:
            out[c] = (spec.min - 1, "moins que le minimum")
    return out


@pytest.mark.parametrize("name", list(TABLES))
def test_a_value_that_breaks_the_rule_of_its_column_is_counted_in_french(name):
    faults = faults_of(name)
    rows = [good_row(name, **{column: value}) for column, (value, _) in faults.items()]
    said = both(name, frame(name, *rows, *rows, good_row(name)), compact=True)
    assert {f"{column} {rule} : 2" for column, (_, rule) in faults.items()} <= set(said.split("; "))
    assert not re.search(r"zzz|2017|\?|-1", said)


@pytest.mark.parametrize("name", list(TABLES))
def test_what_is_required_cannot_be_blank(name):
    # A yes or no that is required has no blank in pandas: the frame is of another type.
    required = [c for c, spec in TABLES[name].kept.items() if spec.required and spec.type != "yes_no"]
    said = both(name, frame(name, *(good_row(name, **{column: None}) for column in required)))
    assert {f"{column} case vide : 1" for column in required} <= set(said.split("; "))


def test_a_required_yes_or_no_without_answer_is_refused_by_both():
    df = frame("coverage", good_row("coverage"))
    assert (
        said_of(lambda: check("coverage", df.assign(is_covered=pd.array([None], "boolean"))))
        == "is_covered autre type : 1"
    )
    con = load("coverage", df)
    con.execute("UPDATE rows SET is_covered = NULL")
    assert said_of(lambda: check_table(con, "coverage", "rows")) == "is_covered case vide : 1"


@pytest.mark.parametrize("name", [n for n, t in TABLES.items() if t.key])
def test_a_key_stands_once(name):
    row = good_row(name)
    key = ", ".join(TABLES[name].key)
    assert both(name, frame(name, row, row, row)) == f"clé répétée ({key}) : 3"
    # Half a key is the same as none: it is a blank, and nothing more.
    blank = good_row(name, **dict.fromkeys(TABLES[name].key, None))
    assert "clé répétée" not in both(name, frame(name, blank, blank))


def test_an_activity_may_stand_twice_for_it_has_no_key():
    assert both("activities", frame("activities", good_row("activities"), good_row("activities"))) == ""


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [
        pytest.param("incidents", "pcode", "ML0701\n", id="a-line-break-after-a-code"),
        pytest.param("incidents", "pcode", "ML٠٧٠١", id="digits-of-another-script"),
        pytest.param("incidents", "pcode", "ML07", id="a-region-for-a-cercle"),
        pytest.param("incidents", "pcode", " ML0701", id="a-space-before"),
        pytest.param("incidents", "pcode", "", id="nothing-is-no-code"),
        pytest.param("incidents", "month", "2017-00", id="month-0"),
        pytest.param("incidents", "month", "2017-6", id="one-digit"),
        pytest.param("incidents", "month", "2017-06-14", id="a-day-for-a-month"),
        pytest.param("mrm_violations", "quarter", "2017-Q5", id="a-fifth-quarter"),
        pytest.param("movements", "reference_date", "14/06/2017", id="a-day-as-people-write-it"),
        pytest.param("movements", "reference_date", "2017-06-32", id="the-32nd"),
        pytest.param("meetings", "held_at", "2017-06-14", id="a-day-without-hour"),
        pytest.param("meetings", "held_at", "2017-06-14T24:00:00", id="hour-24"),
        pytest.param("incidents", "incident_type", "vol", id="the-code-of-the-form"),
        pytest.param("gbv_incidents", "contexts", "zzz", id="an-unknown-context"),
        pytest.param("places", "level", 4, id="a-level-below-communes"),
        pytest.param("funding", "year", 1999, id="the-last-century"),
    ],
)
def test_a_value_of_another_form_is_refused(name, column, value):
    assert f"{column} " in both(name, frame(name, good_row(name, **{column: value})))


@pytest.mark.parametrize(
    ("written", "is_kept"),
    [
        pytest.param(lambda a, b: a, True, id="one"),
        pytest.param(lambda a, b: f"{a} {b}", True, id="two-and-a-space"),
        pytest.param(lambda a, b: f"{a};{b}", False, id="as-in-a-workbook"),
        pytest.param(lambda a, b: f"{a}  {b}", False, id="two-spaces"),
        pytest.param(lambda a, b: f"{a} zzz", False, id="one-of-the-list-and-one-not"),
        pytest.param(lambda a, b: "", False, id="nothing"),
        pytest.param(lambda a, b: None, True, id="no-answer"),
    ],
)
def test_several_codes_in_a_cell_are_all_of_the_list(written, is_kept):
    value = written(*list(code_list("gbv_context"))[:2])
    said = both("gbv_incidents", frame("gbv_incidents", good_row("gbv_incidents", contexts=value)))
    assert said == ("" if is_kept else "contexts valeur hors de la liste : 1")


def test_a_number_that_is_no_number_is_a_blank_in_both():
    row = good_row("indicator_values", value=None, denominator=float("nan"))
    assert both("indicator_values", frame("indicator_values", row)) == ""
    con = load("indicator_values", frame("indicator_values", row))
    con.execute("UPDATE rows SET denominator = 'NaN'")
    check_table(con, "indicator_values", "rows")


# --- rules of the whole row ----------------------------------------------------------------------------------------

HARM = "Les tués et les blessés ne peuvent pas dépasser le nombre de victimes : 1"


@pytest.mark.parametrize(
    ("people", "killed", "injured", "is_kept"),
    [
        pytest.param((1, 1, 0, 0), 1, 1, True, id="as-many-as-victims"),
        pytest.param((1, 1, 0, 0), 2, 1, False, id="one-more-than-victims"),
        pytest.param((0, 0, 0, 0), 1, 0, False, id="one-killed-of-nobody"),
        pytest.param((1, 1, 0, None), 2, 1, True, id="three-answers-of-four"),
        pytest.param((1, 0, 0, 0), 2, None, False, id="killed-alone-exceed"),
        pytest.param((1, 0, 0, 0), None, 2, False, id="injured-alone-exceed"),
        pytest.param((0, 0, 0, 0), None, None, True, id="no-answer-on-harm"),
        pytest.param((10**9, 10**9, 10**9, 10**9), 2 * 10**9, 2 * 10**9, True, id="sums-larger-than-an-INTEGER"),
    ],
)
def test_harmed_people_are_among_the_victims(people, killed, injured, is_kept):
    row = good_row("incidents", **dict(zip(PEOPLE, people, strict=True)), killed_people=killed, injured_people=injured)
    assert both("incidents", frame("incidents", row), compact=True) == ("" if is_kept else HARM)


def test_a_rule_is_not_judged_where_nothing_of_its_sum_was_answered():
    row = good_row("incidents", women_people=-9, killed_people=None, injured_people=None)
    assert both("incidents", frame("incidents", row)) == "women_people moins que le minimum : 1"


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        pytest.param("movements", {"households": 2}, "Il ne peut pas y avoir plus de ménages que de personnes : 1", id="more-households-than-people"),
        pytest.param("movements", {"households": None}, "", id="households-not-known"),
        pytest.param("coverage", {"communes_covered": 2}, "Les communes couvertes ne peuvent pas dépasser les communes suivies : 1", id="more-covered-than-followed"),
        pytest.param("coverage", {"communes_covered": 2, "communes_followed": None}, "", id="followed-not-known"),
        pytest.param("activities", {"end_date": "2017-06-13"}, "La fin ne peut pas précéder le début : 1", id="ends-before-it-begins"),
        pytest.param("activities", {"end_date": None}, "", id="still-going-on"),
        pytest.param("activities", {"start_date": None}, "", id="begun-nobody-knows-when"),
        pytest.param("meetings", {"minutes_at": "2017-06-14T09:59:59"}, "Le compte rendu ne peut pas précéder la réunion : 1", id="minutes-a-second-early"),
        pytest.param("meetings", {"state_actors": 2, "invited_at": "2017-06-15T10:00:00"}, "Les services de l’État ne peuvent pas dépasser les organisations présentes : 1; L’invitation ne peut pas suivre la réunion : 1", id="two-rules-at-once"),
    ],
)  # fmt: skip
def test_rows_that_contradict_themselves_are_told_in_the_words_of_the_rule(name, changes, said):
    assert both(name, frame(name, good_row(name, **changes))) == said


def test_dates_as_enum_are_compared_as_dates():
    df = frame("activities", *(good_row("activities", start_date=s, end_date=e) for s, e in (("2017-09-01", "2017-10-01"), ("2016-01-01", "2016-01-02"))))  # fmt: skip
    con = load("activities", df)
    backwards = "ENUM ('2017-10-01', '2017-09-01', '2016-01-02', '2016-01-01')"
    for column in ("start_date", "end_date"):
        con.execute(f"ALTER TABLE rows ALTER {column} TYPE {backwards}")
    check_table(con, "activities", "rows")


WELLS = """
name: wells
title: {fr: Puits, en: Wells}
row: {fr: un puits, en: one well}
key: [well_id]
columns:
  well_id: {type: text, required: true, sensitivity: P, hxl: "#loc+id", label: {fr: Puits, en: Well}}
  depth: {type: decimal, required: true, min: 1, max: 90, sensitivity: P, hxl: "#loc+depth", label: {fr: Profondeur, en: Depth}}
  water: {type: decimal, sensitivity: P, hxl: "#loc+water", label: {fr: Eau, en: Water}}
  dug: {type: quarter, sensitivity: P, hxl: "#date+start", label: {fr: Creusé, en: Dug}}
  dried: {type: quarter, sensitivity: P, hxl: "#date+end", label: {fr: Tari, en: Dried}}
rules:
  - {sum: [water], at_most: [depth], message: {fr: Trop d’eau., en: Too much water.}}
  - {sum: [dug], at_most: [dried], message: {fr: Tari avant., en: Dried before.}}
"""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({}, "", id="good"),
        pytest.param({"depth": 90.0, "water": 90.0}, "", id="full"),
        pytest.param({"depth": 90.5}, "depth plus que le maximum : 1", id="half-a-metre-too-deep"),
        pytest.param({"depth": 0.5, "water": None}, "depth moins que le minimum : 1", id="too-shallow"),
        pytest.param({"depth": float("nan"), "water": 1.0}, "depth case vide : 1", id="a-depth-that-is-no-number"),
        pytest.param({"depth": 2.0, "water": float("nan")}, "", id="water-that-is-no-number"),
        pytest.param({"depth": 2.0, "water": 2.5}, "Trop d’eau : 1", id="more-water-than-depth"),
        pytest.param({"dug": "2017-Q4", "dried": "2017-Q3"}, "Tari avant : 1", id="quarters-in-order"),
    ],
)
def test_a_definition_that_comes_later_needs_no_code(monkeypatch, changes, said):
    monkeypatch.setitem(TABLES, "wells", definitions.parse(WELLS, "wells.yml"))
    monkeypatch.setattr(CONTRACTS, "_made", {})
    df = frame("wells", good_row("wells", **changes))
    assert both("wells", df) == said
    nan = load("wells", df)
    nan.execute("UPDATE rows SET depth = coalesce(depth, 'NaN'), water = coalesce(water, 'NaN')")
    assert said_of(lambda: check_table(nan, "wells", "rows")) == said


# --- columns that are not the promised ones ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda df: df.drop(columns="month"), "month colonne absente : 1", id="one-is-missing"),
        pytest.param(lambda df: df.assign(locality="x"), "locality colonne inconnue : 1", id="one-of-class-I"),
        pytest.param(lambda df: df[["month", "alert_id", *df.columns[2:]]], "colonnes dans un autre ordre : 1", id="two-changed-places"),
        pytest.param(lambda df: df.drop(columns="month").assign(mois="2017-06", pcode="?"), "mois colonne inconnue : 1; month colonne absente : 1", id="and-then-nothing-else-is-judged"),
    ],
)  # fmt: skip
def test_columns_are_those_of_the_definition(change, said):
    assert both("alerts", change(frame("alerts", good_row("alerts")))) == said


@pytest.mark.parametrize(
    ("name", "column", "kind"),
    [
        pytest.param("movements", "reference_date", "DATE", id="a-day-is-text"),
        pytest.param("movements", "people", "DOUBLE", id="people-are-whole"),
        pytest.param("movements", "people", "HUGEINT", id="a-sum-that-nobody-cast"),
        pytest.param("movements", "people", "VARCHAR", id="a-number-is-no-text"),
        pytest.param("coverage", "is_covered", "INTEGER", id="yes-is-not-one"),
        pytest.param("published_figures", "value", "DECIMAL(18,3)", id="a-decimal-is-a-double"),
    ],
)
def test_types_are_those_of_the_definition(name, column, kind):
    con = load(name, frame(name, good_row(name)))
    con.execute(f"ALTER TABLE rows ALTER {column} TYPE {kind}")
    assert said_of(lambda: check_table(con, name, "rows")) == f"{column} autre type : 1"


@pytest.mark.parametrize(
    ("column", "values"),
    [
        pytest.param("people", [1], id="a-count-that-could-not-be-blank"),
        pytest.param("people", [1.0], id="a-count-with-decimals"),
        pytest.param("pcode", [701], id="a-number-for-a-text"),
    ],
)
def test_a_frame_of_another_type_is_refused(column, values):
    df = frame("movements", good_row("movements")).assign(**{column: values})
    assert said_of(lambda: check("movements", df)) == f"{column} autre type : 1"


def test_a_text_column_that_holds_something_else_is_refused_without_quoting_it():
    df = frame("movements", good_row("movements", pcode=8712))
    assert said_of(lambda: check("movements", df)) == "pcode forme inattendue : 1"


def test_text_as_pandas_3_makes_it_is_accepted_and_blanks_become_none():
    df = frame("incidents", good_row("incidents", commune_pcode=None)).astype({"pcode": "str", "commune_pcode": "str"})
    checked = check("incidents", df)
    assert checked["commune_pcode"].tolist() == [None] and checked["pcode"].dtype == object


def test_rows_are_counted_one_by_one_whatever_their_index():
    df = frame("alerts", *(good_row("alerts", alert_id=f"A-{n}", pcode="?") for n in range(3)))
    df.index = [7, 7, 7]
    assert said_of(lambda: check("alerts", df)) == "pcode forme inattendue : 3"
    good = df.assign(pcode="ML0701")
    assert list(check("alerts", good).index) == [7, 7, 7]


def test_a_view_and_a_name_that_needs_quotes_are_judged_too():
    con = load("alerts", frame("alerts", good_row("alerts")))
    con.execute('CREATE VIEW "mes alertes" AS SELECT * FROM rows')
    check_table(con, "alerts", "mes alertes")
    con.execute('DROP VIEW "mes alertes"')


# --- both judges agree ---------------------------------------------------------------------------------------------

WRONG = {
    "int": st.sampled_from([None, -1, 0, 2, 3, 4, 1999, 2101, 10**12]),
    "decimal": st.sampled_from([None, -0.5, 0.0, float("nan"), float("inf")]),
    "yes_no": st.sampled_from([True, False]),
}
TEXTS = st.sampled_from(
    [None, "", "zzz", "2017-06-13", "2018-01-01", "2017-07", "ML0702", "ML0701\n", "a b", "é", "I-2"]
)


@st.composite
def frames(draw) -> tuple[str, pd.DataFrame]:
    """A table and a few rows of it, good but for what is changed at random."""
    name = draw(st.sampled_from(list(TABLES)))
    kept = TABLES[name].kept
    rows = [good_row(name) for _ in range(draw(st.integers(1, 4)))]
    for number, row in enumerate(rows):
        for column in TABLES[name].key:
            if kept[column].type == "text" and not kept[column].pattern and draw(st.booleans()):
                row[column] = f"I-{number}"
    for _ in range(draw(st.integers(0, 8))):
        column = draw(st.sampled_from(list(kept)))
        draw(st.sampled_from(rows))[column] = draw(WRONG.get(kept[column].type, TEXTS))
    df = frame(name, *rows)
    shape = draw(st.integers(0, 11))
    if shape == 0:
        df = df.drop(columns=draw(st.sampled_from(list(kept))))
    elif shape == 1:
        df = df.assign(autre="x")
    elif shape == 2:
        df = df[draw(st.permutations(list(kept)))]
    return name, df


def check_alike(case) -> None:
    name, df = case
    said = both(name, df)
    assert bool(said) == (sum(int(n) for n in re.findall(r" : (\d+)", said)) > 0)


@given(frames())
@random_cases(20)
def test_a_frame_and_the_same_rows_in_duckdb_are_judged_alike(case):
    check_alike(case)


@pytest.mark.full
@given(frames())
@random_cases(150)
def test_a_frame_and_the_same_rows_in_duckdb_are_judged_alike_in_more_cases(case):
    check_alike(case)


@pytest.mark.full
@pytest.mark.parametrize("compact", [False, True])
def test_two_wrong_rows_in_a_million_are_named(compact):
    """However the values are kept: the check reads the different ones, not the rows."""
    con = duckdb.connect(config={"threads": 1, "memory_limit": "500MB"})
    con.execute(MILLION)
    if compact:
        con.execute("ALTER TABLE rows ALTER incident_type TYPE ENUM ('theft', 'murder', 'rape')")
    check_table(con, "incidents", "rows")
    con.execute("UPDATE rows SET pcode = '?', killed_people = 99 WHERE incident_id IN ('INC-7', 'INC-8')")
    assert said_of(lambda: check_table(con, "incidents", "rows")) == f"{HARM[:-4]} : 2; pcode forme inattendue : 2"


MILLION = """
CREATE TABLE rows AS SELECT
    'INC-' || i AS incident_id,
    '20' || (16 + i % 5) || '-' || lpad((1 + i % 12)::VARCHAR, 2, '0') AS month,
    'cod2015' AS edition,
    'ML070' || (1 + i % 4) AS pcode,
    CASE WHEN i % 3 = 0 THEN 'ML07010' || (1 + i % 7) END AS commune_pcode,
    ['theft', 'murder', 'rape'][1 + i % 3] AS incident_type,
    ['property', 'life', 'integrity'][1 + i % 3] AS category,
    ['vol', 'meurtre', 'viol'][1 + i % 3] AS original_type,
    NULL::VARCHAR AS typology_version,
    ['documented', 'flash'][1 + i % 2] AS entry_source,
    ['verified', 'unverified'][1 + i % 2] AS verification_class,
    CASE WHEN i % 5 > 0 THEN 'armed_groups' END AS perpetrator_class,
    ['host', 'idp'][1 + i % 2] AS population_group,
    i % 7 AS women_people, i % 5 AS men_people, i % 4 AS girls_people, i % 3 AS boys_people,
    0::BIGINT AS killed_people,
    CASE WHEN i % 2 = 0 THEN 0::BIGINT END AS injured_people,
    i % 2 = 0 AS is_referred
FROM range(1000000) r(i)
"""
