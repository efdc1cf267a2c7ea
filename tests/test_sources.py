"""Files received: read as text, column by column, in the forms that are stated; everything else is refused unquoted."""

from __future__ import annotations

import struct
import traceback
import zipfile
from datetime import date, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from incidents import (
    GOOD_ROWS,
    KOBO_ROW,
    deposit,
    fivew_row,
    good_row,
    kobo,
    new_project,
    random_cases,
    tables_of,
    write,
    write_csv,
    write_xlsx,
)

from veille.errors import BadData
from veille.sources import registry, sheets, snapshots
from veille.sources.sheets import declared

FORMATS = ("kobo_incidents", "dtm_stocks", "fivew", *GOOD_ROWS)
SHEET = "Monitoring de protection"
COVERAGE = ["mois", "region", "cercle", "communes_suivies", "communes_couvertes", "moniteurs"]


def read(format_name, folder, rows, **options):
    return sheets.read(write(format_name, folder, rows, **options), format_name)


def refusal(format_name, folder, rows, **options) -> str:
    with pytest.raises(BadData) as refused:
        read(format_name, folder, rows, **options)
    return str(refused.value)


# --- the sheet --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_good_file_of_every_format_is_read(tmp_path, format_name):
    df = read(format_name, tmp_path, [good_row(format_name)])
    assert len(df) == 1
    assert set(df.columns) == {"row"} | {c.to for c in declared(format_name).columns if c.to}


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_missing_column_is_refused_by_name(tmp_path, format_name):
    row = good_row(format_name)
    for column in declared(format_name).columns:
        header = [name for name in row if name != column.header]
        message = refusal(format_name, tmp_path, [row], header=header)
        assert f"colonne absente : {column.header}." in message


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
        sheets.read(path, "monitoring_coverage")
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
        sheets.read(path, "monitoring_coverage")


def test_a_column_that_stands_twice_is_refused_and_not_renamed(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(";".join([*COVERAGE, "cercle"]) + "\n2016-10;Gao;Gao;7;5;12;Kidal\n", encoding="utf-8")
    with pytest.raises(BadData, match="deux fois"):
        sheets.read(path, "monitoring_coverage")


def test_a_column_without_a_name_is_refused_by_its_place(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        "mois;region;cercle;;communes_suivies;communes_couvertes;moniteurs\n2016-10;Gao;Gao;x;7;5;12\n",
        encoding="utf-8",
    )
    with pytest.raises(BadData, match=r"\(colonne 4 sans nom\)"):
        sheets.read(path, "monitoring_coverage")


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
    df = sheets.read(path, "fivew")
    assert df["row"].tolist() == [3, 4] and df["cercle_name"].tolist() == ["Gao", "Bourem"]


def test_data_where_the_hxl_row_is_expected_is_not_lost(tmp_path):
    path = write_csv(tmp_path / "x.csv", [fivew_row(), fivew_row(Cercle="Bourem")])
    with pytest.raises(BadData, match="la ligne HXL manque"):
        sheets.read(path, "fivew")


def test_more_than_five_rows_at_fault_are_counted_and_the_first_five_named(tmp_path):
    rows = [GOOD_ROWS["monitoring_coverage"] | {"moniteurs": "x"}] * 7
    assert "7 lignes (2, 3, 4, 5, 6…)" in refusal("monitoring_coverage", tmp_path, rows)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_blank_in_a_required_column_is_refused_with_its_row(tmp_path, format_name):
    required = [c.header for c in declared(format_name).columns if c.required]
    assert required
    for header in required:
        message = refusal(format_name, tmp_path, [good_row(format_name), good_row(format_name) | {header: ""}])
        assert f"colonne {header} : case vide, ligne {4 if format_name == 'fivew' else 3}." in message


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
    assert sheets.read(path, "kobo_incidents").loc[0, "occurred_date"] == meant


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
    assert "valeur refusée" in message and "14/06/2017" in message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("05", 5, id="05-as-amss-prints-it"),
        pytest.param("00", 0, id="00"),
        pytest.param("1 234", 1234, id="a-space"),
        pytest.param("1\u202f234", 1234, id="a-narrow-space"),
        pytest.param("1\u00a0234", 1234, id="a-no-break-space"),
        pytest.param(" 7 ", 7, id="spaces-around"),
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
        pytest.param("type_incident", "Vol", id="a-label-for-a-code"),
        pytest.param("type_incident", "theft", id="our-code-for-theirs"),
        pytest.param("statut_verification", "oui", id="an-answer-of-another-question"),
        pytest.param("services_referes", "sante,psychosocial", id="a-comma-between-codes"),
        pytest.param("auteur_presume", "bandits civil_communaute", id="two-codes-where-one-is-asked"),
    ],
)
def test_an_unknown_code_is_refused_with_its_column(tmp_path, name, value):
    message = refusal("kobo_incidents", tmp_path, [kobo(**{name: value})])
    assert "code inconnu, ligne 2." in message and name in message and value not in message


def test_several_services_are_read_as_several_codes(tmp_path):
    df = read("kobo_incidents", tmp_path, [kobo(services_referes="sante psychosocial")])
    assert df.loc[0, "services_referred"] == ("health", "psychosocial")


@pytest.mark.parametrize("month", ["2016-13", "10-2016", "2016-1", "octobre 2016", "2016-10-01"])
def test_a_month_in_another_form_is_refused(tmp_path, month):
    assert "un mois (2017-06)" in refusal("amss_incidents", tmp_path, [GOOD_ROWS["amss_incidents"] | {"month": month}])


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
    return write_xlsx(folder / "x.xlsx", "Feuil1", [dict(KOBO_ROW)])


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
        pytest.param(workbook_with_an_empty_sheet, "aucune ligne d’en-tête", id="an-empty-sheet"),
    ],
)
def test_a_workbook_that_cannot_be_trusted_is_refused_with_what_to_do(tmp_path, make, what):
    with pytest.raises(BadData, match=what) as refused:
        sheets.read(make(tmp_path), "kobo_incidents")
    assert refused.value.next_step and "x.xlsx" in refused.value.message


def test_a_csv_in_another_encoding_is_refused_and_a_byte_order_mark_is_not(tmp_path):
    path = write("monitoring_coverage", tmp_path, [GOOD_ROWS["monitoring_coverage"] | {"cercle": "Ménaka"}])
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadData, match="UTF-8"):
        sheets.read(path, "monitoring_coverage")
    path.write_bytes(text.encode("utf-8-sig"))
    assert sheets.read(path, "monitoring_coverage").loc[0, "cercle_name"] == "Ménaka"


def test_a_csv_with_another_delimiter_is_refused(tmp_path):
    path = write_csv(tmp_path / "x.csv", [GOOD_ROWS["monitoring_coverage"]], delimiter=",")
    with pytest.raises(BadData, match="n’est pas l’en-tête attendu") as refused:
        sheets.read(path, "monitoring_coverage")
    assert refused.value.next_step == f"Colonnes attendues : {', '.join(COVERAGE)}."


def test_a_quotation_mark_that_never_closes_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f'{";".join(COVERAGE)}\n2016-10;"{"x" * 140000};Gao;7;5;12\n', encoding="utf-8")
    with pytest.raises(BadData, match="guillemet"):
        sheets.read(path, "monitoring_coverage")


def test_an_empty_csv_is_refused(tmp_path):
    (tmp_path / "x.csv").touch()
    with pytest.raises(BadData, match="aucune ligne d’en-tête"):
        sheets.read(tmp_path / "x.csv", "monitoring_coverage")


# --- what an error may say --------------------------------------------------------------------------------------

TYPED = [(name, c.header) for name in FORMATS for c in declared(name).columns if c.to and c.type != "text"]
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


@given(st.sampled_from(TYPED), MARKER)
@random_cases(150)
def test_no_refusal_ever_shows_what_stood_in_the_cell(tmp_path_factory, typed, marker):
    format_name, header = typed
    with pytest.raises(BadData) as refused:
        read(
            format_name, tmp_path_factory.mktemp("x"), [good_row(format_name), good_row(format_name) | {header: marker}]
        )
    assert header in refused.value.message
    shown = "".join(traceback.format_exception(refused.value))
    assert marker not in shown and marker.lower() not in shown.lower()


@pytest.mark.parametrize(("format_name", "header"), PLACES, ids=[" ".join(p) for p in PLACES])
def test_an_unknown_place_is_refused_without_being_shown(tmp_path, format_name, header):
    with pytest.raises(BadData) as refused:
        tables_of(tmp_path, format_name, [good_row(format_name) | {header: UNHEARD_OF}])
    shown = "".join(traceback.format_exception(refused.value)).lower()
    assert "zqx" not in shown and "76 12" not in shown


IDENTIFYING = [
    ("kobo_incidents", "deviceid"),
    ("kobo_incidents", "identification/organisation"),
    ("kobo_incidents", "lieu/localite"),
    ("kobo_incidents", "recit/description"),
    ("kobo_incidents", "recit/source_information"),
    ("kobo_incidents", "_notes"),
    ("kobo_incidents", "_submitted_by"),
    ("fivew", "Village"),
    ("fivew", "Remarques"),
    ("fivew", "Bailleur de fond"),
]


@pytest.mark.parametrize(("format_name", "header"), IDENTIFYING, ids=[" ".join(p) for p in IDENTIFYING])
def test_what_identifies_people_or_sources_never_comes_in(tmp_path, format_name, header):
    row = good_row(format_name) | {header: "ZQX marqueur"}
    df = read(format_name, tmp_path, [row])
    assert "ZQX" not in df.to_csv()
    tables = tables_of(tmp_path / "project", format_name, [row])
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
        registry.read(one(project))


def test_a_file_that_went_missing_is_refused(project):
    (papers(project).parent / "amss_incidents.csv").unlink()
    with pytest.raises(BadData, match="fichier absent"):
        registry.read(one(project))


@pytest.mark.parametrize("announced", [0, 2])
def test_rows_that_are_not_those_announced_are_refused(tmp_path, announced):
    project = new_project(tmp_path / "p")
    deposit(project.raw("real"), "alerts", "2017-01-05", [good_row("alerts")], announced=announced)
    with pytest.raises(BadData, match=f"1 lignes lues, {announced} annoncées"):
        registry.read(one(project))


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
        registry.read(one(project))


def test_a_snapshot_in_the_folder_of_another_source_is_refused(project):
    papers(project).parent.parent.rename(project.raw("real") / "alerts")
    with pytest.raises(BadData, match="source n’est pas celle du dossier"):
        one(project)
