"""Files received: read as text, column by column, in the forms that are stated; everything else is refused unquoted."""

from __future__ import annotations

import contextlib
import struct
import traceback
import zipfile
from datetime import date, datetime
from functools import cache

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from incidents import (
    GOOD_ROWS,
    KOBO_ROW,
    decide,
    deposit,
    fivew_row,
    good_row,
    kobo,
    new_project,
    part_of,
    random_cases,
    several_kobo,
    snapshot_of,
    tables_of,
    write,
    write_csv,
    write_workbook,
    write_xlsx,
)

from veille.codes import code_list
from veille.errors import BadData
from veille.sources import decisions, reading, registry, snapshots
from veille.sources.formats import Format, declared, parse

FORMATS = ("kobo_incidents", "dtm_stocks", "fivew", *GOOD_ROWS)
SHEET = "Monitoring de protection"
COVERAGE = ["mois", "region", "cercle", "communes_suivies", "communes_couvertes", "moniteurs"]


_OPEN = contextlib.ExitStack()


@cache
def _con():
    """One DuckDB for every file that is read here: opening one costs a quarter of a reading."""
    return _OPEN.enter_context(reading.connection())


def read_frame(path, format_name):
    """One file as a frame, every row of it or none, as `reading.read_frame` reads it."""
    return reading.strict(reading.read(_con(), path, format_name)).frame()


def read(format_name, folder, rows, **options):
    return read_frame(write(format_name, folder, rows, **options), format_name)


def read_snapshot(snapshot) -> int:
    """How many rows of a snapshot enter, when its papers are true."""
    with reading.connection() as con:
        return registry.read(con, snapshot).kept


@pytest.fixture(scope="module")
def con():
    """One DuckDB for the tests that read a file leniently: its faults are counted, its other rows come in."""
    with reading.connection() as con:
        yield con


def refusal(format_name, folder, rows, **options) -> str:
    with pytest.raises(BadData) as refused:
        read(format_name, folder, rows, **options)
    return str(refused.value)


# --- the sheet --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_good_file_of_every_format_is_read(tmp_path, format_name):
    df = read(format_name, tmp_path, [good_row(format_name)])
    assert len(df) == 1
    fmt = declared(format_name)
    ours = {c.to for c in fmt.columns if c.to} | {c.original for c in fmt.columns if c.original}
    assert set(df.columns) == {"row"} | ours | {repeat.name for repeat in fmt.repeats}


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_missing_column_is_refused_by_name(tmp_path, format_name):
    row = good_row(format_name)
    needed = [c.header for c in declared(format_name).columns if c.kind != "I" and not c.optional]
    assert len(needed) > 3
    for missing in needed:
        path = write_csv(tmp_path / "x.csv", [row], header=[name for name in row if name != missing])
        with pytest.raises(BadData, match="colonne absente") as refused:
            read_frame(path, format_name)
        assert f"colonne absente : {missing}." in refused.value.message


@pytest.mark.parametrize("format_name", ["kobo_incidents", "fivew"])
def test_a_partner_may_leave_out_what_identifies_people_one_column_or_all(tmp_path, format_name):
    row = good_row(format_name)
    identifying = [c.header for c in declared(format_name).columns if c.kind == "I"]
    assert len(identifying) > 1
    whole = read(format_name, tmp_path, [row])
    for absent in ([identifying[0]], identifying):
        header = [name for name in row if name not in absent]
        assert read(format_name, tmp_path, [row], header=header).equals(whole)


def test_what_identifies_people_is_declared_by_name_all_the_same(tmp_path):
    row = good_row("kobo_incidents")
    header = [name.replace("recit/description", "recit/temoignage") for name in row]
    message = refusal("kobo_incidents", tmp_path, [row], header=header)
    assert "colonne non déclarée : recit/temoignage" in message


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_column_that_nobody_declared_is_refused_by_name(tmp_path, format_name):
    row = good_row(format_name)
    message = refusal(format_name, tmp_path, [row | {"telephone": "x"}], header=[*row, "telephone"])
    assert "colonne non déclarée : telephone" in message


def test_a_nearly_right_column_name_is_refused_by_the_declared_one(tmp_path):
    row = GOOD_ROWS["monitoring_coverage"]
    message = refusal("monitoring_coverage", tmp_path, [row], header=["mois", "region", "cercles", *COVERAGE[3:]])
    assert "colonne absente : cercle." in message and "cercles" not in message


@pytest.mark.parametrize(
    "first_line",
    [
        pytest.param("moisa DIALLO;Gao;Gao;7;5;12", id="a-name-near-a-column-s"),
        pytest.param("DIALLO;region;cercle;communes_suivies;communes_couvertes;moniteurs", id="one-cell-of-a-header"),
        pytest.param("DIALLO;region;Gao;7;5;12", id="one-word-of-the-header-among-data"),
    ],
)
def test_a_first_line_that_may_be_data_is_not_repeated(tmp_path, first_line):
    path = tmp_path / "x.csv"
    path.write_text(first_line + "\n", encoding="utf-8")
    with pytest.raises(BadData) as refused:
        read_frame(path, "monitoring_coverage")
    assert "DIALLO" not in str(refused.value) and "mois" in str(refused.value)


def test_cells_beyond_the_header_are_refused_with_their_rows(tmp_path):
    path = tmp_path / "x.csv"
    lines = [
        ";".join(COVERAGE),
        "2016-10;Gao;Gao;7;5;12",
        "2016-10;Gao;Bourem;5;5;9;99;x",
        "2016-10;Gao;Ansongo;7;7;8;;",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(BadData, match="dépassent l’en-tête, ligne 3"):  # blank cells say nothing
        read_frame(path, "monitoring_coverage")


def test_a_column_that_stands_twice_is_refused_and_not_renamed(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(";".join([*COVERAGE, "cercle"]) + "\n2016-10;Gao;Gao;7;5;12;Kidal\n", encoding="utf-8")
    with pytest.raises(BadData, match="deux fois"):
        read_frame(path, "monitoring_coverage")


def test_a_column_without_a_name_is_refused_by_its_place(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "mois;region;cercle;;communes_suivies;communes_couvertes;moniteurs\n2016-10;Gao;Gao;x;7;5;12\n",
        encoding="utf-8",
    )
    with pytest.raises(BadData, match=r"\(colonne 4 sans nom\)"):
        read_frame(path, "monitoring_coverage")


def test_the_order_of_columns_does_not_matter(tmp_path):
    row = GOOD_ROWS["monitoring_coverage"]
    df = read("monitoring_coverage", tmp_path, [row], header=list(reversed(COVERAGE)))
    assert df.loc[0, ["communes_followed", "communes_covered", "monitors"]].tolist() == [7, 5, 12]


def test_row_numbers_are_those_that_excel_shows(tmp_path):
    rows = [kobo(_uuid=f"u{n}", id_incident=f"I{n}") for n in range(4)]
    rows[2]["incident/date_incident"] = "hier"
    assert "colonne incident/date_incident : valeur refusée, ligne 4." in refusal("kobo_incidents", tmp_path, rows)


def test_blank_rows_are_left_out_but_still_counted_in_row_numbers(tmp_path):
    rows = [GOOD_ROWS["monitoring_coverage"], {}, GOOD_ROWS["monitoring_coverage"] | {"moniteurs": "douze"}]
    assert "ligne 4" in refusal("monitoring_coverage", tmp_path, rows)
    assert read("monitoring_coverage", tmp_path, rows[:1] * 1 + [{}, rows[0]])["row"].tolist() == [2, 4]


def test_the_hxl_row_is_no_data_and_rows_are_numbered_below_it(tmp_path):
    path = write("fivew", tmp_path, [fivew_row(), fivew_row(Cercle="Bourem")])
    assert "#tag0" in path.read_text(encoding="utf-8").splitlines()[1]
    df = read_frame(path, "fivew")
    assert df["row"].tolist() == [3, 4] and df["cercle_name"].tolist() == ["Gao", "Bourem"]


def test_data_where_the_hxl_row_is_expected_is_not_lost(tmp_path):
    path = write_csv(tmp_path / "x.csv", [fivew_row(), fivew_row(Cercle="Bourem")])
    with pytest.raises(BadData, match="la ligne HXL manque"):
        read_frame(path, "fivew")


@pytest.mark.parametrize(
    ("texts", "blank_line_below", "numbers"),
    [
        pytest.param(["a", "b", "c"], None, [2, 3, 4], id="none"),
        pytest.param(["a", "b", "c"], 1, [3, 4, 5], id="a-blank-line-under-the-header"),
        pytest.param(["a", "b", "c"], 2, [2, 4, 5], id="a-blank-line"),
        pytest.param(["a\nb", "c", "d"], None, [2, 3, 4], id="a-cell-of-two-lines-is-one-row"),
        pytest.param(["a\n\nb", "c", "d"], None, [2, 3, 4], id="a-blank-line-inside-a-cell"),
        pytest.param(["a\n\nb", "c", "d"], 4, [2, 4, 5], id="one-inside-a-cell-and-one-below-it"),
        pytest.param(["a\nb", "c", "d"], 4, [2, 3, 5], id="a-cell-of-two-lines-and-a-blank-line"),
    ],
)
def test_rows_of_a_text_file_are_numbered_as_excel_shows_them(con, tmp_path, texts, blank_line_below, numbers):
    path = write_csv(tmp_path / "x.csv", [GOOD_ROWS["recommendations"] | {"texte": t} for t in texts], delimiter=";")
    lines = path.read_bytes().splitlines(keepends=True)
    if blank_line_below:
        lines.insert(blank_line_below, b"\r\n")
    path.write_bytes(b"".join(lines))
    found = reading.read(con, path, "recommendations").frame()
    assert found["row"].tolist() == numbers and found["text"].tolist() == texts


def test_more_than_five_rows_at_fault_are_counted_and_the_first_five_named(tmp_path):
    rows = [GOOD_ROWS["monitoring_coverage"] | {"moniteurs": "x"}] * 7
    assert "7 lignes (2, 3, 4, 5, 6…)" in refusal("monitoring_coverage", tmp_path, rows)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_blank_in_a_required_column_is_refused_with_its_row(tmp_path, format_name):
    required = [c.header for c in declared(format_name).columns if c.required]
    assert required
    hxl = bool(declared(format_name).hxl)
    first = 3 if hxl else 2
    rows = [good_row(format_name)] + [good_row(format_name) | {header: ""} for header in required]
    path = write_csv(tmp_path / "x.csv", rows + rows[:1] * (5 * len(required)), hxl=hxl)
    # One after the other in one file, and few enough for the others to come in…
    found = reading.read(_con(), path, format_name).refused
    assert {(fault.words, fault.rows) for fault in found} == {
        (f"colonne {header} : case vide", (n,)) for n, header in enumerate(required, first + 1)
    }
    # … and in a file that is refused for it.
    path = write_csv(tmp_path / "y.csv", [rows[0], rows[-1]], hxl=hxl)
    with pytest.raises(BadData, match="case vide") as refused:
        read_frame(path, format_name)
    assert f"colonne {required[-1]} : case vide, ligne {first + 1}." in refused.value.message


def test_words_that_pandas_takes_for_missing_are_words(tmp_path):
    for word in ("NA", "null", "None", "NaN"):
        df = read("recommendations", tmp_path, [GOOD_ROWS["recommendations"] | {"texte": word}])
        assert df.loc[0, "text"] == word


# --- values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("03/04/2025", date(2025, 4, 3), id="the-third-of-April-in-French-order"),
        pytest.param("2025-04-03", date(2025, 4, 3), id="iso"),
        pytest.param("31/12/2016", date(2016, 12, 31), id="the-last-day"),
        pytest.param("29/02/2016", date(2016, 2, 29), id="a-leap-day"),
        pytest.param(datetime(2025, 4, 3), date(2025, 4, 3), id="a-real-excel-date"),
    ],
)
def test_a_date_is_read_in_the_french_order(tmp_path, written, meant):
    path = tmp_path / "x.xlsx"
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"default_date_format": "dd/mm/yyyy"})
    page = book.add_worksheet(SHEET)
    row = kobo(date_incident=written)
    page.write_row(0, 0, list(row))
    page.write_row(1, 0, list(row.values()))
    book.close()
    assert read_frame(path, "kobo_incidents").loc[0, "occurred_date"] == meant


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("12/31/2016", id="month-first"),
        pytest.param("29/02/2017", id="a-day-that-was-not"),
        pytest.param("3/4/2025", id="one-digit"),
        pytest.param("03/04/25", id="a-year-of-two-digits"),
        pytest.param("03-04-2025", id="hyphens-in-french-order"),
        pytest.param("2025/04/03", id="slashes-in-iso-order"),
        pytest.param("avril 2025", id="words"),
        pytest.param("2016-08-01T10:30:00", id="an-hour"),
        pytest.param("00:00:00", id="an-hour-alone"),
        pytest.param(45000, id="excel-s-number-of-days"),
    ],
)
def test_a_date_in_another_form_is_refused(tmp_path, written):
    message = refusal("kobo_incidents", tmp_path, [kobo(date_incident=written)])
    assert "colonne incident/date_incident : valeur refusée, ligne 2." in message and "14/06/2017" in message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("05", 5, id="05-as-amss-prints-it"),
        pytest.param("00", 0, id="00"),
        pytest.param("1 234", 1234, id="a-space"),
        pytest.param("1\u202f234", 1234, id="a-narrow-space"),
        pytest.param("1\u00a0234", 1234, id="a-no-break-space"),
        pytest.param(" 7 ", 7, id="spaces-around"),
        pytest.param("1\u2009234", 1234, id="a-thin-space"),
        pytest.param("12.0", 12, id="a-float-from-excel"),
    ],
)
def test_a_count_is_read_in_its_usual_forms(tmp_path, written, meant):
    df = read("monitoring_coverage", tmp_path, [GOOD_ROWS["monitoring_coverage"] | {"moniteurs": written}])
    assert df.loc[0, "monitors"] == meant


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("12.5", id="half-a-person"),
        pytest.param("2,5", id="a-decimal-comma"),
        pytest.param("1,234", id="an-english-comma"),
        pytest.param("1.000", id="a-point-between-thousands"),
        pytest.param("12.000.000", id="two-points-between-thousands"),
        pytest.param("-3", id="fewer-than-nobody"),
        pytest.param("+3", id="a-sign"),
        pytest.param("3 4", id="two-numbers"),
        pytest.param("1 23", id="a-space-that-parts-no-thousands"),
        pytest.param("１２", id="wide-digits"),
        pytest.param("1e3", id="an-exponent"),
        pytest.param("douze", id="a-word"),
        pytest.param("12 moniteurs", id="a-unit"),
        pytest.param("<5", id="less-than"),
        pytest.param("~10", id="about"),
        pytest.param("10-20", id="a-range"),
        pytest.param("n.d.", id="not-known"),
        pytest.param("NaN", id="not-a-number"),
        pytest.param("inf", id="infinity"),
        pytest.param("-", id="a-dash"),
        pytest.param("=1+1", id="a-formula"),
    ],
)
def test_a_count_in_another_form_is_refused(tmp_path, written):
    message = refusal("monitoring_coverage", tmp_path, [GOOD_ROWS["monitoring_coverage"] | {"moniteurs": written}])
    assert "colonne moniteurs : valeur refusée, ligne 2." in message and "un nombre entier" in message


@pytest.mark.parametrize("value", [12.5, "12,5"])
def test_half_a_victim_in_a_workbook_is_refused(tmp_path, value):
    assert "victimes/femmes : valeur refusée" in refusal("kobo_incidents", tmp_path, [kobo(femmes=value)])


@pytest.mark.parametrize(
    ("written", "meant"), [("oui", True), ("Oui", True), ("1", True), ("non", False), ("no", False), (0, False)]
)
def test_yes_and_no_are_read(tmp_path, written, meant):
    assert read("kobo_incidents", tmp_path, [kobo(refere=written)]).loc[0, "is_referred"] is meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("type_incident", "vole", id="a-misspelt-type"),
        pytest.param("type_incident", "VOL", id="a-label-in-capitals"),
        pytest.param("type_incident", "theft", id="our-code-for-theirs"),
        pytest.param("type_incident", "Theft", id="an-english-label"),
        pytest.param("type_incident", "Atteinte à la vie", id="a-heading-of-2020-that-holds-several-types"),
        pytest.param("statut_verification", "verified", id="our-code-for-an-answer"),
        pytest.param("population_affectee", "host", id="our-code-for-a-group"),
        pytest.param("statut_verification", "oui", id="an-answer-of-another-question"),
        pytest.param("services_referes", "sante,psychosocial", id="a-comma-between-codes"),
        pytest.param("auteur_presume", "bandits civil_communaute", id="two-codes-where-one-is-asked"),
    ],
)
def test_an_unknown_code_is_refused_with_its_column(tmp_path, name, value):
    message = refusal("kobo_incidents", tmp_path, [kobo(**{name: value})])
    assert "code inconnu, ligne 2." in message and name in message and value not in message


def test_a_code_of_the_form_and_the_label_that_people_read_mean_the_same(tmp_path):
    answers = {
        "type_rapport": "entry_source",
        "type_incident": "incident_type",
        "auteur_presume": "perpetrator",
        "population_affectee": "population_group",
        "statut_verification": "verification",
    }
    rows, expected = [], []
    for name, codes in answers.items():
        for code, entry in code_list(codes).items():
            rows += [kobo(**{name: entry["form"]}), kobo(**{name: entry["fr"]})]
            expected += [(name, code)] * 2
    path = write_csv(tmp_path / "x.csv", rows)
    df = read_frame(path, "kobo_incidents")
    ours = {c.header.rsplit("/", 1)[-1]: c.to for c in declared("kobo_incidents").columns}
    found = [(name, df.loc[n, ours[name]]) for n, (name, _) in enumerate(expected)]
    assert found == expected


def test_the_labels_of_the_printed_typologies_are_read_where_they_mean_one_type(tmp_path):
    entries = [e for e in code_list("incident_typology").values() if "incident_type" in e]
    meant = {}
    for e in entries:
        meant.setdefault(e["fr"], set()).add(e["incident_type"])
    plain = {label: types.pop() for label, types in meant.items() if len(types) == 1}
    assert {e["version"] for e in entries} == {"amss_2016", "amss_2018"} and len(plain) > 30  # 2020: headings alone
    path = write_csv(tmp_path / "x.csv", [kobo(type_incident=label) for label in plain])
    assert read_frame(path, "kobo_incidents")["incident_type"].tolist() == list(plain.values())


def test_the_text_of_the_cell_is_kept_beside_its_code(tmp_path):
    path = write_csv(tmp_path / "x.csv", [kobo(type_incident=t) for t in ("vol", "Vol", " Tortures ")])
    df = read_frame(path, "kobo_incidents")
    assert df["incident_type"].tolist() == ["theft", "theft", "torture"]
    assert df["original_type"].tolist() == ["vol", "Vol", "Tortures"]


@pytest.mark.parametrize("label", ["Protection", "Protection/VBG"])
def test_where_a_template_has_its_own_list_only_its_words_are_read(tmp_path, label):
    known = {str(e["sector"]) for e in code_list("subsector").values() if "sector" in e}
    assert label in known and "Violences basées sur le genre" not in known
    assert len(read("fivew", tmp_path, [fivew_row(Cluster=label)])) == 1
    assert "code inconnu" in refusal("fivew", tmp_path, [fivew_row(Cluster="Violences basées sur le genre")])


def test_several_services_are_read_as_several_codes(tmp_path):
    df = read("kobo_incidents", tmp_path, [kobo(services_referes="sante psychosocial")])
    assert df.loc[0, "services_referred"] == ("health", "psychosocial")


# What each format says of things that have happened: (column, on the day of reception, after it).
HAPPENED = [
    ("kobo_incidents", "incident/date_incident", "2017-01-05", "2017-01-06"),
    ("kobo_incidents", "incident/date_collecte", "05/01/2017", "06/01/2017"),
    ("kobo_incidents", "_submission_time", "2017-01-05T23:59:00", "2017-01-06T00:30:00"),
    ("dtm_stocks", "Date de référence", "2017-01-05", "2017-01-06"),
    ("unhcr_idps", "reference_date", "2017-01-05", "2017-12-31"),
    ("amss_incidents", "month", "2017-01", "2017-02"),
    ("monitoring_coverage", "mois", "2017-01", "2018-01"),
    ("alerts", "emise_le", "05/01/2017", "05/02/2017"),
    ("alerts", "suite_le", "05/01/2017", "06/01/2017"),
    ("recommendations", "date_emise", "05/01/2017", "01/05/2017"),
    ("recommendations", "date_suite", "05/01/2017", "06/01/2017"),
]


@pytest.mark.parametrize(
    ("format_name", "header", "then", "later"), HAPPENED, ids=[f"{f} {h}" for f, h, *_ in HAPPENED]
)
def test_what_happened_cannot_be_later_than_the_day_it_was_received(con, tmp_path, format_name, header, then, later):
    rows = [good_row(format_name) | {header: then}] * 4 + [good_row(format_name) | {header: later}]
    path = write_csv(tmp_path / "x.csv", rows)
    found = reading.read(con, path, format_name, until=date(2017, 1, 5))
    assert [(f.column, f.rule, f.rows) for f in found.refused] == [(header, "date postérieure à la réception", (6,))]
    assert found.kept == 4


@pytest.mark.parametrize(
    ("format_name", "header"),
    [
        pytest.param("recommendations", "echeance", id="a-recommendation-is-due-later"),
        pytest.param("fivew", "Date fin", id="an-activity-ends-later"),
        pytest.param("fivew", "Date début", id="an-activity-is-planned"),
    ],
)
def test_what_is_planned_may_be_later(con, tmp_path, format_name, header):
    row = good_row(format_name) | {header: "31/12/2019"}
    path = write_csv(tmp_path / "x.csv", [row], hxl=bool(declared(format_name).hxl))
    assert reading.read(con, path, format_name, until=date(2017, 1, 5)).kept == 1


@pytest.mark.parametrize("month", ["2016-13", "10-2016", "2016-1", "octobre 2016", "2016-10-02", "2016-10-01T06:00:00"])
def test_a_month_in_another_form_is_refused(tmp_path, month):
    assert "un mois (2017-06)" in refusal("amss_incidents", tmp_path, [GOOD_ROWS["amss_incidents"] | {"month": month}])


@pytest.mark.parametrize("ending", ["csv", "quoted", "xlsx", "header-of-two-lines"])
def test_what_arcgis_writes_for_an_empty_cell_is_an_empty_cell(tmp_path, ending):
    rows = [good_row("monitoring_coverage") | {"mois": f"2016-0{n}"} for n in (1, 2)]
    rows[1]["moniteurs"] = "<Null>"
    if ending == "xlsx":
        path = write_xlsx(tmp_path / "x.xlsx", "Données", rows)
    else:
        path = write_csv(tmp_path / "x.csv", rows, delimiter=";")
        text = path.read_text(encoding="utf-8")
        text = text.replace("<Null>", '"<Null>"') if ending == "quoted" else text
        text = text.replace("moniteurs", '"moniteurs\n"') if ending == "header-of-two-lines" else text
        path.write_text(text, encoding="utf-8")
    df = read_frame(path, "monitoring_coverage")
    assert list(df["monitors"]) == [12, None]


# --- files ------------------------------------------------------------------------------------------------------


def kobo_file(folder):
    return write_xlsx(folder / "x.xlsx", SHEET, [dict(KOBO_ROW)])


def not_a_workbook(folder):
    (folder / "x.xlsx").write_bytes(b"<html>Veuillez vous connecter</html>")
    return folder / "x.xlsx"


def half_a_workbook(folder):
    path = kobo_file(folder)
    path.write_bytes(path.read_bytes()[:3000])
    return path


def empty_file(folder):
    (folder / "x.xlsx").touch()
    return folder / "x.xlsx"


def archive_of_something_else(folder):
    with zipfile.ZipFile(folder / "x.xlsx", "w") as archive:
        archive.writestr("photo.txt", "x")
    return folder / "x.xlsx"


def workbook_that_declares_half_a_gigabyte(folder):
    path = kobo_file(folder)
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")  # the first entry of the central directory
    struct.pack_into("<I", content, at + 24, 512 * 2**20)
    path.write_bytes(bytes(content))
    return path


def workbook_with_macros(folder):
    path = kobo_file(folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"macro")
    return path


def workbook_with_a_hidden_sheet(folder):
    return write_xlsx(folder / "x.xlsx", SHEET, [dict(KOBO_ROW)], hidden=True)


def workbook_without_the_sheet(folder):
    return write_workbook(folder / "x.xlsx", {"Feuil1": [dict(KOBO_ROW)], "Feuil2": [dict(KOBO_ROW)]})


def workbook_with_a_sheet_of_somebody_s_own(folder):
    return write_workbook(folder / "x.xlsx", {SHEET: [dict(KOBO_ROW)], "Tri croisé": [{"Gao": "3"}]})


def workbook_with_an_empty_sheet(folder):
    return write_xlsx(folder / "x.xlsx", SHEET, [], header=[])


@pytest.mark.parametrize(
    ("make", "what"),
    [
        pytest.param(not_a_workbook, "classeur illisible", id="a-login-page"),
        pytest.param(half_a_workbook, "classeur illisible", id="half-a-download"),
        pytest.param(empty_file, "classeur illisible", id="an-empty-file"),
        pytest.param(archive_of_something_else, "classeur illisible", id="an-archive-of-something-else"),
        pytest.param(workbook_that_declares_half_a_gigabyte, "démesuré", id="a-zip-bomb"),
        pytest.param(workbook_with_macros, "macros", id="macros"),
        pytest.param(workbook_with_a_hidden_sheet, "manque ou est masquée", id="a-hidden-sheet"),
        pytest.param(workbook_without_the_sheet, "manque ou est masquée", id="another-sheet"),
        pytest.param(workbook_with_a_sheet_of_somebody_s_own, "feuille non déclarée : Tri croisé", id="one-sheet-more"),
        pytest.param(workbook_with_an_empty_sheet, "aucune ligne d’en-tête", id="an-empty-sheet"),
    ],
)
def test_a_workbook_that_cannot_be_trusted_is_refused_with_what_to_do(tmp_path, make, what):
    with pytest.raises(BadData, match=what) as refused:
        read_frame(make(tmp_path), "kobo_incidents")
    assert refused.value.next_step and "x.xlsx" in refused.value.message


def test_a_csv_in_another_encoding_is_refused_and_a_byte_order_mark_is_not(tmp_path):
    path = write("monitoring_coverage", tmp_path, [GOOD_ROWS["monitoring_coverage"] | {"cercle": "Ménaka"}])
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadData, match="UTF-8"):
        read_frame(path, "monitoring_coverage")
    path.write_bytes(text.encode("utf-8-sig"))
    assert read_frame(path, "monitoring_coverage").loc[0, "cercle_name"] == "Ménaka"


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("format_name", ["monitoring_coverage", "amss_incidents", "fivew"])
def test_the_header_tells_the_delimiter(tmp_path, format_name, delimiter):
    row = good_row(format_name) | {"printed_in": "un, deux ; trois | quatre", "Activités": "un, deux ; trois | quatre"}
    header = list(good_row(format_name))
    path = write_csv(tmp_path / "x.csv", [row], delimiter=delimiter, header=header, hxl=bool(declared(format_name).hxl))
    df = read_frame(path, format_name)
    assert df.loc[0, "cercle_name"] == "Gao"
    assert all(df[c].tolist() == ["un, deux ; trois | quatre"] for c in {"printed_in", "activity"} & set(df.columns))


def test_the_sheet_of_a_form_may_have_the_name_that_the_partner_gave_to_the_form(tmp_path):
    path = write_xlsx(tmp_path / "x.xlsx", "Suivi des incidents", [dict(KOBO_ROW)])
    assert read_frame(path, "kobo_incidents")["incident_id"].tolist() == ["INC-1"]
    with pytest.raises(BadData, match="la feuille « Stocks » manque ou est masquée"):
        read_frame(path, "dtm_stocks")


@pytest.mark.parametrize("name", ["export.csv", "export.XLSX", "export"])
def test_a_workbook_is_told_by_its_bytes_whatever_its_name(tmp_path, name):
    path = kobo_file(tmp_path).rename(tmp_path / name)
    assert read_frame(path, "kobo_incidents")["incident_id"].tolist() == ["INC-1"]


def test_a_form_exported_as_text_reads_like_its_workbook(tmp_path):
    rows = [kobo(refere="oui", services_referes="sante psychosocial"), kobo(femmes=None, commune="N’tillit")]
    as_text = read_frame(write_csv(tmp_path / "x.txt", rows), "kobo_incidents")
    assert as_text.equals(read_frame(write_xlsx(tmp_path / "x.xlsx", SHEET, rows), "kobo_incidents"))


def old_workbook(folder):
    (folder / "x.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    return folder / "x.xls"


def login_page(folder):
    (folder / "x.csv").write_text("<!DOCTYPE html><html>Veuillez vous connecter</html>", encoding="utf-8")
    return folder / "x.csv"


def answer_of_a_server(folder):
    (folder / "x.csv").write_text('{"detail": "Informations invalides"}', encoding="utf-8")
    return folder / "x.csv"


def text_in_two_bytes(folder):
    path = write("monitoring_coverage", folder, [GOOD_ROWS["monitoring_coverage"]])
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    return path


def text_cut_short(folder):
    path = write("monitoring_coverage", folder, [GOOD_ROWS["monitoring_coverage"]] * 3)
    path.write_bytes(path.read_bytes()[:-9])
    return path


def text_named_as_a_workbook(folder):
    return write("monitoring_coverage", folder, [GOOD_ROWS["monitoring_coverage"]]).rename(folder / "x.xlsx")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        pytest.param(old_workbook, "mot de passe, ou d’un format ancien", id="a-locked-or-old-workbook"),
        pytest.param(login_page, "ce n’est pas un tableau", id="a-login-page"),
        pytest.param(answer_of_a_server, "ce n’est pas un tableau", id="an-answer-of-a-server"),
        pytest.param(text_in_two_bytes, "n’est pas en UTF-8", id="utf-16"),
        pytest.param(text_cut_short, "il manque des cases, ligne 4 du fichier", id="half-a-download"),
        pytest.param(text_named_as_a_workbook, "classeur illisible", id="a-text-that-says-it-is-a-workbook"),
    ],
)
def test_what_is_no_table_of_text_is_refused_with_what_to_do(tmp_path, make, what):
    path = make(tmp_path)
    with pytest.raises(BadData, match=what) as refused:
        read_frame(path, "monitoring_coverage")
    assert refused.value.next_step and path.name in refused.value.message


@pytest.mark.parametrize("delimiter", [":", "^", " "])
def test_a_csv_with_another_delimiter_is_refused(tmp_path, delimiter):
    path = write_csv(tmp_path / "x.csv", [GOOD_ROWS["monitoring_coverage"]], delimiter=delimiter)
    with pytest.raises(BadData, match="n’est pas l’en-tête attendu") as refused:
        read_frame(path, "monitoring_coverage")
    assert refused.value.next_step == f"Colonnes attendues : {', '.join(COVERAGE)}."


def test_a_quotation_mark_that_never_closes_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f'{";".join(COVERAGE)}\n2016-10;"{"x" * 140000};Gao;7;5;12\n', encoding="utf-8")
    with pytest.raises(BadData, match="guillemet"):
        read_frame(path, "monitoring_coverage")


def test_an_empty_csv_is_refused(tmp_path):
    (tmp_path / "x.csv").touch()
    with pytest.raises(BadData, match="aucune ligne d’en-tête"):
        read_frame(tmp_path / "x.csv", "monitoring_coverage")


# --- some rows are refused, the others come in --------------------------------------------------------------------


def ten_coverages(bad: int) -> list[dict]:
    """Ten cercle-months, the last of which hold a word where a number is expected."""
    row = GOOD_ROWS["monitoring_coverage"]
    return [row | {"communes_couvertes": str(n)} for n in range(10 - bad)] + [row | {"moniteurs": "douze"}] * bad


def test_one_bad_row_in_ten_is_refused_by_its_number_and_the_nine_others_come_in(con, tmp_path):
    rows = ten_coverages(1)
    rows.insert(3, rows.pop())
    found = reading.read(con, write("monitoring_coverage", tmp_path, rows), "monitoring_coverage")
    assert (found.read, found.kept, found.refused_rows) == (10, 9, 1)
    (fault,) = found.refused
    assert (fault.rule, fault.column, fault.count, fault.rows) == ("valeur refusée", "moniteurs", 1, (5,))
    assert fault.words == "colonne moniteurs : valeur refusée" and fault.expected == "Attendu : un nombre entier."
    df = found.frame()
    assert df["row"].tolist() == [2, 3, 4, 6, 7, 8, 9, 10, 11] and df["communes_covered"].tolist() == list(range(9))


@pytest.mark.parametrize(("bad", "comes_in"), [(0, True), (1, True), (2, True), (3, False), (10, False)])
def test_a_fifth_of_the_rows_may_be_refused_and_not_one_more(con, tmp_path, bad, comes_in):
    path = write("monitoring_coverage", tmp_path, ten_coverages(bad))
    if comes_in:
        assert reading.read(con, path, "monitoring_coverage").kept == 10 - bad
        return
    with pytest.raises(BadData, match=rf"colonne moniteurs : valeur refusée, {bad} lignes \({12 - bad}, ") as refused:
        reading.read(con, path, "monitoring_coverage")
    assert refused.value.next_step == "Attendu : un nombre entier."


def test_a_row_that_breaks_three_rules_is_one_row_refused(con, tmp_path):
    rows = several_kobo(10)
    rows[4] |= {"incident/type_incident": "vole", "victimes/femmes": "une", "lieu/cercle": ""}
    found = reading.read(con, write_csv(tmp_path / "x.csv", rows), "kobo_incidents")
    assert found.refused_rows == 1 and {f.column: f.rows for f in found.refused} == {
        "lieu/cercle": (6,),
        "incident/type_incident": (6,),
        "victimes/femmes": (6,),
    }


@pytest.mark.parametrize(
    ("bad", "announced", "said"),
    [
        pytest.param(0, 0, None, id="none"),
        pytest.param(1, 1, None, id="one-as-announced"),
        pytest.param(1, 2, None, id="fewer-than-announced"),
        pytest.param(1, 0, "ligne 11", id="one-that-nobody-announced"),
        pytest.param(2, 1, r"2 lignes \(10, 11\)", id="one-more-than-announced"),
    ],
)
def test_no_more_rows_are_refused_than_the_papers_announce(tmp_path, bad, announced, said):
    snapshot = snapshot_of(tmp_path, "monitoring_coverage", ten_coverages(bad), refused=announced)
    if said is None:
        assert read_snapshot(snapshot) == 10 - bad
        return
    with pytest.raises(BadData, match=f"^monitoring_coverage/2017-01-05/.*moniteurs : valeur refusée, {said}"):
        read_snapshot(snapshot)


def test_every_row_read_is_in_the_balance_once(tmp_path):
    rows = several_kobo(10)
    rows[1]["victimes/femmes"] = "une"
    rows[2]["victimes/tues"] = 7
    df, balance = part_of(tmp_path, "kobo_incidents", [*rows, rows[0]], refused=1)
    assert df["incident_id"].tolist() == [f"I{n}" for n in (0, 3, 4, 5, 6, 7, 8, 9)]
    assert balance.lines()[0].strip() == "11 lignes lues = 8 gardées + 1 laissées de côté + 2 refusées"
    assert [line.strip() for line in balance.lines()[1:]] == [
        "laissées de côté : 1 envoyées deux fois (même _uuid)",
        "refusées : colonne victimes/femmes : valeur refusée, ligne 3",
        "refusées : Les tués et les blessés ne peuvent pas dépasser le nombre de victimes, ligne 4",
    ]
    assert balance.summary() == {"read": 11, "kept": 8, "left_out": 1, "refused": 2}
    assert type(balance).from_dict(balance.to_dict()) == balance


# A format of no real source: what a declaration may say.
VISITS = parse(
    "visits",
    {
        "table": "alerts",
        "consent": "has_consent",
        "columns": {
            "accord": {"to": "has_consent", "type": "yes_no"},
            "jour": {"to": "day", "type": "date", "required": True, "also": ["Date de la visite", "visite/jour"]},
            "distance": {"to": "distance", "type": "decimal", "set_aside": True},
            "remarque": {"to": "remark", "optional": True},
        },
    },
)


def visits(con, folder, *rows: tuple, header=("accord", "jour", "distance"), fmt: Format = VISITS):
    path = write_csv(folder / "x.csv", [dict(zip(header, row, strict=True)) for row in rows])
    return reading.read(con, path, fmt)


def test_a_cell_that_may_be_set_aside_is_left_blank_and_counted_and_its_row_counts(con, tmp_path):
    found = visits(con, tmp_path, ("oui", "2017-01-01", "loin"), ("oui", "2017-01-02", "2,5"))
    assert found.kept == 2 and not found.refused
    assert [(f.column, f.rule, f.rows) for f in found.set_aside] == [("distance", "valeur refusée", (2,))]
    assert found.frame()["distance"].tolist() == [None, 2.5]


def test_a_row_without_consent_never_comes_in_whatever_else_it_holds(con, tmp_path):
    rows = [("oui", "2017-01-01", "1"), ("non", "2017-01-02", "2"), ("", "2017-01-03", "3"), ("non", "hier", "4")]
    found = visits(con, tmp_path, *rows)
    assert (found.read, found.kept, found.without_consent, found.refused_rows) == (4, 1, 3, 0)
    assert found.frame()["row"].tolist() == [2]


@pytest.mark.parametrize("header", ["jour", "Date de la visite", "visite/jour", "Date  de la\nvisite"])
def test_a_column_is_found_under_each_of_its_names(con, tmp_path, header):
    found = visits(con, tmp_path, ("oui", "2017-01-01", "1"), header=("accord", header, "distance"))
    assert found.frame()["day"].tolist() == [date(2017, 1, 1)]


def test_a_column_under_two_of_its_names_is_refused(con, tmp_path):
    row = ("oui", "2017-01-01", "1", "2017-02-02")
    with pytest.raises(BadData, match="deux fois"):
        visits(con, tmp_path, row, header=("accord", "jour", "distance", "visite/jour"))


def test_an_optional_column_may_be_absent_and_is_blank(con, tmp_path):
    assert visits(con, tmp_path, ("oui", "2017-01-01", "1")).frame()["remark"].tolist() == [None]
    with_it = visits(con, tmp_path, ("oui", "2017-01-01", "1", "x"), header=("accord", "jour", "distance", "remarque"))
    assert with_it.frame()["remark"].tolist() == ["x"]


# --- what people decided -------------------------------------------------------------------------------------------

CORRECTION = """\
- source: monitoring_coverage
  key: {mois: 2016-10, cercle: Gao}
  column: communes_couvertes
  from: 5
  to: 4
  reason: Ansongo compté deux fois, confirmé par le point focal
  by: chargé de l’IM
  received: 2017-01-05
"""
BOUREM = GOOD_ROWS["monitoring_coverage"] | {"cercle": "Bourem", "communes_couvertes": "3"}


def covered(root, *rows: dict, text: str = CORRECTION, day: str = "2017-01-05") -> list[int]:
    """The communes covered of each row, once the corrections apply."""
    decide(root, "corrections.yml", text)
    snapshot = snapshot_of(
        root, "monitoring_coverage", list(rows) or [good_row("monitoring_coverage"), BOUREM], day=day
    )
    with reading.connection() as con:
        return registry.read(con, snapshot).frame()["communes_covered"].tolist()


def test_a_correction_changes_one_cell_and_never_the_file(tmp_path):
    assert covered(tmp_path) == [4, 3]
    (file,) = tmp_path.rglob("monitoring_coverage.csv")
    assert "2016-10;Gao;Gao;7;5;12" in file.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("day", "until", "applies"),
    [
        pytest.param("2017-01-04", "", False, id="received-the-day-before"),
        pytest.param("2017-01-05", "", True, id="received-that-day"),
        pytest.param("2018-01-05", "", True, id="a-year-later-the-export-still-holds-it"),
        pytest.param("2017-02-04", "2017-02-05", True, id="the-day-before-the-source-mended-it"),
        pytest.param("2017-02-05", "2017-02-05", False, id="the-day-the-source-mended-it"),
    ],
)
def test_a_correction_holds_from_its_first_file_until_the_source_mends_it(tmp_path, day, until, applies):
    text = CORRECTION + (f"  until: {until}\n" if until else "")
    assert covered(tmp_path, text=text, day=day) == [4 if applies else 5, 3]


def test_a_correction_whose_cell_has_changed_stops_without_quoting_it(tmp_path):
    with pytest.raises(BadData, match="correction 1 : la case ne contient plus la valeur corrigée") as refused:
        covered(tmp_path, good_row("monitoring_coverage") | {"communes_couvertes": "6"})
    assert "colonne communes_couvertes" in refused.value.message and "until" in refused.value.next_step
    assert "6" not in str(refused.value)


def test_a_correction_whose_row_is_gone_stops(tmp_path):
    with pytest.raises(BadData, match="correction 1 : sa ligne n’est plus dans monitoring_coverage"):
        covered(tmp_path, BOUREM)


def test_a_correction_of_another_source_is_nobody_s_concern_here(tmp_path):
    assert covered(tmp_path, text=CORRECTION.replace("source: monitoring_coverage", "source: alerts")) == [5, 3]


@pytest.mark.parametrize(
    ("change", "meant"),
    [
        pytest.param(("from: 5\n  to: 4", "from: 5\n  to: ''"), [None, 3], id="a-cell-emptied"),
        pytest.param(("cercle: Gao", "cercle: Bourem"), None, id="the-same-value-in-another-row"),
        pytest.param(("{mois: 2016-10, cercle: Gao}", "{mois: 2016-10}"), None, id="two-rows-that-differ"),
    ],
)
def test_a_correction_says_exactly_which_cell_it_is_about(tmp_path, change, meant):
    text = CORRECTION.replace(*change)
    assert text != CORRECTION
    if meant is not None:
        assert covered(tmp_path, text=text) == meant
        return
    with pytest.raises(BadData, match="ne contient plus la valeur corrigée"):
        covered(tmp_path, text=text)


def test_a_blank_cell_can_be_filled(tmp_path):
    blank = good_row("monitoring_coverage") | {"communes_couvertes": ""}
    assert covered(tmp_path, blank, text=CORRECTION.replace("from: 5", "from:")) == [4]


def test_what_a_correction_writes_is_read_like_any_cell(tmp_path):
    with pytest.raises(BadData, match="communes_couvertes : valeur refusée, ligne 2"):
        covered(tmp_path, text=CORRECTION.replace("to: 4", "to: quatre"))


@pytest.mark.parametrize("column", ["recit/description", "lieu/quartier"])
def test_a_correction_of_what_identifies_people_or_of_no_column_is_refused(tmp_path, column):
    text = f"- {{source: kobo_incidents, key: {{_uuid: uuid-1}}, column: {column}, from: x, to: y, reason: r, by: b, received: 2017-01-05}}"
    decide(tmp_path, "corrections.yml", text)
    with pytest.raises(BadData, match=f"correction 1 : colonne inconnue : {column}"):
        read_snapshot(snapshot_of(tmp_path, "kobo_incidents", [kobo()]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("x: 1", "une liste de corrections est attendue", id="no-list"),
        pytest.param("- [", "YAML illisible", id="broken"),
        pytest.param(CORRECTION + "- {}", "correction 2 : il manque source, key, column, from, to, reason, by, received", id="empty"),
        pytest.param(CORRECTION.replace("  by: chargé de l’IM\n", ""), "correction 1 : il manque by", id="nobody-decided"),
        pytest.param(CORRECTION.replace("  from: 5\n", ""), "correction 1 : il manque from", id="what-it-was-is-not-said"),
        pytest.param(CORRECTION.replace("received: 2017-01-05", "received: hier"), "correction 1 : `key` est une liste", id="no-day"),
        pytest.param(CORRECTION.replace("{mois: 2016-10, cercle: Gao}", "Gao"), "correction 1 : `key` est une liste", id="no-key"),
    ],
)  # fmt: skip
def test_a_correction_that_is_not_complete_is_refused_by_its_place(tmp_path, text, said):
    with pytest.raises(BadData, match=f"params/corrections.yml.*{said}"):
        covered(tmp_path, text=text)


ALIASES = "edition,niveau,graphie,pcode,par,le\n"


@pytest.mark.parametrize(
    ("line", "written", "code"),
    [
        pytest.param("cod2015,2,Gao-ville,ML0701,CG,2017-01-05", "Gao-ville", "ML0701", id="admitted"),
        pytest.param("cod2015,2,Gao-ville,ML0701,CG,2017-01-05", "GAO  VILLE", "ML0701", id="admitted-in-any-case"),
        pytest.param("cod2015,2,Gao-ville,ML0701,CG,2017-01-05", "Gao-villes", None, id="one-letter-more"),
        pytest.param("cod2021,2,Gao-ville,ML0703,CG,2017-01-05", "Gao-ville", None, id="in-the-other-edition"),
        pytest.param("cod2015,3,Gao-ville,ML070103,CG,2017-01-05", "Gao-ville", None, id="for-a-commune"),
        pytest.param("cod2015,2,Bourem,ML0701,CG,2017-01-05", "Bourem", "ML0703", id="a-known-name-keeps-its-place"),
    ],
)
def test_a_spelling_counts_once_somebody_admitted_it(tmp_path, line, written, code):
    decide(tmp_path, "aliases.csv", ALIASES + line + "\n")
    rows = [GOOD_ROWS["alerts"] | {"cercle": written}]
    if code:
        assert tables_of(tmp_path, "alerts", rows)["alerts"]["pcode"].tolist() == [code]
        return
    with pytest.raises(BadData, match="cercle inconnu") as refused:
        tables_of(tmp_path, "alerts", rows)
    assert "params/aliases.csv" in refused.value.next_step


def test_a_commune_that_was_admitted_still_lies_in_its_own_cercle(tmp_path):
    decide(tmp_path, "aliases.csv", ALIASES + "cod2015,3,Tilemsy,ML060314,CG,2017-01-05\n")  # of Goundam
    with pytest.raises(BadData, match="commune inconnu"):
        tables_of(tmp_path, "kobo_incidents", [kobo(cercle="Gao", commune="Tilemsy")])


def test_admitted_spellings_as_excel_saves_them_are_read(tmp_path):
    decide(
        tmp_path, "aliases.csv", "\ufeff" + (ALIASES + "cod2015,2,Gao-ville,ML0701,CG,2017-01-05\n").replace(",", ";")
    )
    rows = [GOOD_ROWS["alerts"] | {"cercle": "Gao-ville"}]
    assert tables_of(tmp_path, "alerts", rows)["alerts"]["pcode"].tolist() == ["ML0701"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("cod2015,2,Gaa,ML0799,CG,2017-01-05", "ce P-code n’existe pas", id="a-place-that-is-not"),
        pytest.param("cod2015,1,Gaa,ML0701,CG,2017-01-05", "ce P-code n’existe pas à ce niveau", id="a-cercle-as-a-region"),
        pytest.param("cod2021,2,Gaa,ML0704,CG,2017-01-05", "ce P-code n’existe pas", id="a-code-of-the-other-edition"),
        pytest.param("cod2015,2,Gaa,ML0701,,2017-01-05", "qui l’admet", id="nobody-admitted-it"),
        pytest.param("cod2015,2,,ML0701,CG,2017-01-05", "il manque la graphie", id="no-spelling"),
        pytest.param("cod2015,2,Gaa,ML0701,CG", "colonnes attendues", id="a-cell-too-few"),
        pytest.param("cod2015,2,Gaa,ML0701,CG,2017-01-05,x", "colonnes attendues", id="a-cell-too-many"),
        pytest.param("cod2015,2,GAO VILLE,ML0703,CG,2017-01-05", "désigne déjà un autre lieu", id="two-places"),
    ],
)  # fmt: skip
def test_a_spelling_that_cannot_be_admitted_is_refused_by_its_line(tmp_path, line, said):
    decide(tmp_path, "aliases.csv", f"{ALIASES}cod2015,2,Gao-ville,ML0701,CG,2017-01-05\n{line}\n")
    with pytest.raises(BadData, match=f"params/aliases.csv, ligne 3 : .*{said}"):
        decisions.load(tmp_path / "params")


def test_the_line_of_a_spelling_is_the_one_that_excel_shows_even_below_a_blank_one(tmp_path):
    decide(tmp_path, "aliases.csv", f"{ALIASES}\ncod2015,2,Gaa,ML0799,CG,2017-01-05\n")
    with pytest.raises(BadData, match="params/aliases.csv, ligne 3 : "):
        decisions.load(tmp_path / "params")


# --- what an error may say --------------------------------------------------------------------------------------

# Names of places are held against the gazetteer later: PLACES, below.
TYPED = [
    (name, c.header) for name in FORMATS for c in declared(name).columns if c.to and c.type not in ("text", "place")
]
PLACES = [
    ("kobo_incidents", "lieu/cercle"),
    ("kobo_incidents", "lieu/commune"),
    ("kobo_incidents", "lieu/region"),
    ("amss_incidents", "region"),
    ("amss_incidents", "cercle"),
    ("monitoring_coverage", "cercle"),
    ("dtm_stocks", "Région"),
    ("dtm_stocks", "Cercle"),
    ("dtm_stocks", "Code cercle"),
    ("unhcr_idps", "location"),
    ("fivew", "Cercle"),
    ("fivew", "admin2Pcod"),
    ("fivew", "admin3Pcod"),
    ("alerts", "cercle"),
]
UNHEARD_OF = "ZQX 76 12 34 56"
MARKER = st.text("BCDFGHJKLMNPQRSTVWXZ0123456789 +éù'/", min_size=8, max_size=20).map(lambda s: f"ZQX{s}XQZ")


def test_every_format_has_columns_that_are_more_than_text():
    assert {name for name, _ in TYPED} == set(FORMATS) and len(TYPED) > 40


def check_refusal(con, tmp_path_factory, typed, marker) -> None:
    format_name, header = typed
    rows = [good_row(format_name), good_row(format_name) | {header: marker}]
    path = write_csv(tmp_path_factory.mktemp("x") / "x.csv", rows, hxl=bool(declared(format_name).hxl))
    with pytest.raises(BadData) as refused:
        reading.read(con, path, format_name)
    assert header in refused.value.message
    shown = "".join(traceback.format_exception(refused.value))
    assert marker not in shown and marker.lower() not in shown.lower()


@given(st.sampled_from(TYPED), MARKER)
@random_cases(8)
def test_no_refusal_ever_shows_what_stood_in_the_cell(con, tmp_path_factory, typed, marker):
    check_refusal(con, tmp_path_factory, typed, marker)


@pytest.mark.full
@given(st.sampled_from(TYPED), MARKER)
@random_cases(40)
def test_no_refusal_ever_shows_what_stood_in_the_cell_in_more_columns(con, tmp_path_factory, typed, marker):
    check_refusal(con, tmp_path_factory, typed, marker)


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_column_that_refuses_a_row_names_itself_and_the_row_and_never_the_cell(con, tmp_path, format_name):
    headers = [header for name, header in TYPED if name == format_name]
    good = [good_row(format_name)] * (4 * len(headers))
    hxl = bool(declared(format_name).hxl)
    rows = [*good, *(good_row(format_name) | {header: UNHEARD_OF} for header in headers)]
    found = reading.read(con, write_csv(tmp_path / "x.csv", rows, hxl=hxl), format_name)
    first = len(good) + (3 if hxl else 2)
    assert {f.column: f.rows for f in found.refused} == {header: (first + n,) for n, header in enumerate(headers)}
    assert found.kept == len(good) and "ZQX" not in repr(found.refused) and "76 12" not in repr(found.refused)


@pytest.mark.parametrize(("format_name", "header"), PLACES, ids=[" ".join(p) for p in PLACES])
def test_an_unknown_place_is_refused_without_being_shown(tmp_path, format_name, header):
    with pytest.raises(BadData) as refused:
        tables_of(tmp_path, format_name, [good_row(format_name) | {header: UNHEARD_OF}])
    shown = "".join(traceback.format_exception(refused.value)).lower()
    assert "zqx" not in shown and "76 12" not in shown


IDENTIFYING = [(name, c.header) for name in FORMATS for c in declared(name).columns if c.kind == "I"]
RESTRICTED = [("kobo_incidents", "identification/organisation"), ("fivew", "Bailleur de fond")]


def test_what_identifies_people_or_sources_is_declared_so():
    assert set(IDENTIFYING) >= {
        ("kobo_incidents", "deviceid"),
        ("kobo_incidents", "lieu/localite"),
        ("kobo_incidents", "recit/description"),
        ("kobo_incidents", "recit/source_information"),
        ("kobo_incidents", "_notes"),
        ("kobo_incidents", "_submitted_by"),
        ("fivew", "Village"),
        ("fivew", "Remarques"),
    }


@pytest.mark.parametrize("format_name", sorted({name for name, _ in IDENTIFYING}))
def test_what_identifies_people_or_sources_never_comes_in(tmp_path, format_name):
    row = good_row(format_name) | {h: f"ZQX {h}" for name, h in IDENTIFYING if name == format_name}
    assert "ZQX" not in read(format_name, tmp_path, [row]).to_csv()
    tables = tables_of(tmp_path / "project", format_name, [row])
    assert all("ZQX" not in table.to_csv() for table in tables.values())


@pytest.mark.parametrize(("format_name", "header"), RESTRICTED, ids=[" ".join(p) for p in RESTRICTED])
def test_who_sent_or_paid_is_in_no_canonical_table(tmp_path, format_name, header):
    tables = tables_of(tmp_path, format_name, [good_row(format_name) | {header: "ZQX marqueur"}])
    assert all("ZQX" not in table.to_csv() for table in tables.values())


# --- snapshots and their papers ---------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    project = new_project(tmp_path / "p")
    deposit(project.raw("real"), "amss_incidents", "2017-01-05", [good_row("amss_incidents")])
    return project


def papers(project):
    return project.raw("real") / "amss_incidents" / "2017-01-05" / "source.yml"


def one(project):
    (snapshot,) = snapshots.received(project, "real")
    return snapshot


def test_a_file_with_one_changed_byte_is_refused(project):
    file = papers(project).parent / "amss_incidents.csv"
    file.write_bytes(file.read_bytes().replace(b"34", b"35", 1))
    with pytest.raises(BadData, match="changé depuis sa réception"):
        read_snapshot(one(project))


def test_a_file_that_went_missing_is_refused(project):
    (papers(project).parent / "amss_incidents.csv").unlink()
    with pytest.raises(BadData, match="fichier absent"):
        read_snapshot(one(project))


@pytest.mark.parametrize("announced", [0, 2])
def test_rows_that_are_not_those_announced_are_refused(tmp_path, announced):
    project = new_project(tmp_path / "p")
    deposit(project.raw("real"), "alerts", "2017-01-05", [good_row("alerts")], announced=announced)
    with pytest.raises(BadData, match=f"1 lignes lues, {announced} annoncées"):
        read_snapshot(one(project))


@pytest.mark.parametrize("missing", snapshots.REQUIRED)
def test_papers_with_a_line_missing_are_refused_by_its_name(project, missing):
    given_papers = yaml.safe_load(papers(project).read_text(encoding="utf-8"))
    del given_papers[missing]
    papers(project).write_text(yaml.safe_dump(given_papers), encoding="utf-8")
    with pytest.raises(BadData, match=f"il manque {missing}"):
        one(project)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("- a\n- b\n", id="a-list"),
        pytest.param("source: [", id="broken"),
        pytest.param("juste du texte", id="a-sentence"),
    ],
)
def test_papers_that_cannot_be_read_are_refused(project, text):
    papers(project).write_text(text, encoding="utf-8")
    with pytest.raises(BadData, match="source.yml"):
        one(project)


def test_papers_whose_day_is_not_their_folder_s_are_refused(project):
    papers(project).parent.rename(papers(project).parent.with_name("2017-02-05"))
    with pytest.raises(BadData, match="date de réception"):
        one(project)


def test_a_source_that_nobody_reads_is_refused_with_those_that_are(tmp_path):
    project = new_project(tmp_path / "p")
    folder = deposit(project.raw("real"), "alerts", "2017-01-05", [good_row("alerts")])
    text = (folder / "source.yml").read_text(encoding="utf-8")
    (folder / "source.yml").write_text(text.replace("source: alerts", "source: rumeurs"), encoding="utf-8")
    folder.parent.rename(folder.parent.with_name("rumeurs"))
    with pytest.raises(BadData, match="amss_incidents"):
        read_snapshot(one(project))


def test_a_snapshot_in_the_folder_of_another_source_is_refused(project):
    papers(project).parent.parent.rename(project.raw("real") / "alerts")
    with pytest.raises(BadData, match="source n’est pas celle du dossier"):
        one(project)
