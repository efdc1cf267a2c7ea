"""The Word file and the workbook: real structure, numbers as numbers, text that never runs, same bytes."""

from __future__ import annotations

import re
import shutil
import zipfile
from datetime import UTC, datetime

import documents
import docx as python_docx
import pytest
from documents import NBSP, NNBSP
from docx.oxml.ns import qn
from python_calamine import CalamineWorkbook

from veille.render import document as d
from veille.render import docx, xlsx


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sample and the hostile document, as Word files and as workbooks."""
    out = tmp_path_factory.mktemp("office")
    for name in ("sample", "hostile"):
        docx.render(getattr(documents, name)(), out / f"{name}.docx")
        xlsx.render(getattr(documents, name)(), out / f"{name}.xlsx")
    return out


# ---- Word -------------------------------------------------------------------------------------------------


@pytest.fixture()
def word(folder):
    return python_docx.Document(str(folder / "sample.docx"))


def paragraphs_with(word, style: str) -> list[str]:
    return [p.text for p in word.paragraphs if p.style.name == style]


def test_headings_are_real_headings(word):
    headings = [block for block in documents.sample()["blocks"] if block["kind"] == "heading"]
    assert paragraphs_with(word, "Title") == ["Bulletin de protection"]
    assert paragraphs_with(word, "Subtitle") == ["Zone de Gao, juin 2017"]
    assert paragraphs_with(word, "Heading 1") == [b["text"] for b in headings if b["level"] == 2]
    assert paragraphs_with(word, "Heading 2") == [b["text"] for b in headings if b["level"] == 3]


def test_pictures_have_alt_text_and_their_natural_width(word):
    figures = [block for block in documents.sample()["blocks"] if block["kind"] == "figure"]
    drawn = [shape._inline.docPr for shape in word.inline_shapes]
    assert [properties.get("descr") for properties in drawn] == [d.plain(block["alt"]) for block in figures]
    assert [round(shape.width.pt) for shape in word.inline_shapes] == [240, 475, 475]


def test_tables_repeat_their_header_and_say_it_is_one(word):
    tables = [table for table in word.tables if table.style.name == "Veille Table"]
    assert len(tables) == 3
    for table in tables:
        first, *others = table._tbl.tr_lst
        assert first.trPr.find(qn("w:tblHeader")) is not None
        assert all(row.trPr.find(qn("w:tblHeader")) is None for row in others)
        assert all(run.bold for cell in table.rows[0].cells for p in cell.paragraphs for run in p.runs)


def test_groups_span_the_table_and_totals_are_bold(word):
    table = next(t for t in word.tables if t.style.name == "Veille Table")
    texts = [[cell.text for cell in row.cells] for row in table.rows]
    assert texts[0] == ["Cercle", "Mai", "Juin", "Part"]
    assert texts[1] == ["Région de Gao"] * 4  # one merged cell
    assert texts[-1] == ["Total", "70", "62", f"100{NNBSP}%"]
    assert all(cell.paragraphs[0].runs[0].bold for cell in table.rows[-1].cells)


def test_captions_name_figures_and_tables(word):
    assert paragraphs_with(word, "Caption") == [
        "Figure 1. Gao et Ansongo comptent quatre incidents sur cinq",
        "Tableau 1. Incidents par cercle",
        "Figure 2. Entre 41 et 92 incidents par mois ; en juin, 20 communes couvertes sur 23",
        "Figure 3. Plus de la moitié des incidents portent atteinte à la propriété",
        "Tableau 2. Personnes déplacées et retournées, par commune",
        "Tableau 3. Recommandations et suites données",
    ]


def test_each_numbered_list_starts_again(word):
    numbered = [p._p.pPr.numPr.numId.val for p in word.paragraphs if p.style.name == "List Number"]
    assert len(numbered) == 4
    assert len(set(numbered)) == 2
    assert len(paragraphs_with(word, "List Bullet")) == 3  # two more stand in a box


def test_links_are_links(word):
    targets = {rel.target_ref for rel in word.part.rels.values() if rel.is_external}
    assert targets == {"https://exemple.org/methode", "https://exemple.org/donnees"}


def test_header_and_footer_carry_the_marks_and_the_page(word):
    section = word.sections[0]
    assert section.header.paragraphs[0].text == "Cluster Protection · Mali\tBROUILLON · EXEMPLE"
    fields = [f.get(qn("w:instr")).strip() for f in section.footer._element.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]
    assert section.footer.paragraphs[0].text.startswith("Bulletin de protection · zone de Gao · juin 2017")


def test_what_is_to_be_written_stands_in_a_dashed_box(folder):
    body = part(folder / "sample.docx", "word/document.xml")
    assert body.count('w:val="dashed"') == 4
    assert "À rédiger" in body


def test_language_and_dates_are_the_document_s(word, folder):
    properties = word.core_properties
    assert properties.created == properties.modified == datetime(2017, 7, 15, tzinfo=UTC)
    assert (properties.author, properties.language) == ("Cluster Protection Mali", "fr-FR")
    assert properties.title == "Bulletin de protection · Zone de Gao, juin 2017"
    assert 'w:lang w:val="fr-FR"' in part(folder / "sample.docx", "word/styles.xml")


def test_empty_blocks_leave_no_trace_in_office_files(tmp_path):
    empty = documents.table(None, "vide", "Rien reçu", [documents.column("Cercle", "left")], [])
    blocks = [{"kind": "keyfigures", "items": []}, empty, d.bullet_list([]), d.note("", style="info")]
    document = {**documents.document(blocks), "header": "", "chips": [], "subtitle": ""}
    docx.render(document, tmp_path / "empty.docx")
    xlsx.render(document, tmp_path / "empty.xlsx")
    assert "Rien reçu" in part(tmp_path / "empty.docx", "word/document.xml")
    assert CalamineWorkbook.from_path(str(tmp_path / "empty.xlsx")).sheet_names == [
        "Lisez-moi",
        "vide",
        "Clés",
    ]


def test_no_text_is_lost_or_interpreted_in_word(folder):
    body = part(folder / "hostile.docx", "word/document.xml")
    shown = re.sub(r"<[^>]+>", "", body).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    for typed in documents.MARKUP:
        assert typed in shown


# ---- workbook ---------------------------------------------------------------------------------------------


@pytest.fixture()
def book(folder):
    return CalamineWorkbook.from_path(str(folder / "sample.xlsx"))


def rows_of(book, name: str) -> list[list]:
    return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def test_there_is_a_sheet_per_table_between_the_readme_and_the_keys(book):
    assert book.sheet_names == [
        "Lisez-moi",
        "incidents-par-cercle",
        "evolution",
        "deplaces-par-commune",
        "recommandations",
        "Clés",
    ]


def test_the_readme_says_what_this_is_and_leads_to_every_sheet(book, folder):
    cells = [cell for row in rows_of(book, "Lisez-moi") for cell in row if cell != ""]
    assert cells[:3] == ["Bulletin de protection", "Zone de Gao, juin 2017", "Brouillon · Exemple"]
    for words in (
        "n.d.",
        "n.p.",
        "non publié, pour protéger les personnes",
        "Tableau 1. Incidents par cercle",
    ):
        assert words in cells
    assert "Figure 2. Incidents rapportés par mois" in cells  # the table behind a figure
    links = re.findall(r'location="([^"]+)"', part(folder / "sample.xlsx", "xl/worksheets/sheet1.xml"))
    assert links == [f"'{name}'!A1" for name in book.sheet_names[1:]]


def test_a_table_has_title_notes_header_tags_and_numbers(book):
    rows = rows_of(book, "incidents-par-cercle")
    assert rows[0][0] == "Tableau 1. Incidents par cercle (Brouillon · Exemple)"
    assert rows[1][0].startswith(f"n.d.{NNBSP}: aucune donnée reçue")
    assert rows[2] == ["Cercle", "Mai", "Juin", "Part"]
    assert rows[3] == ["#adm2+name", "#affected+may", "#affected+june", ""]
    assert rows[4] == ["Région de Gao", "", "", ""]
    assert rows[6] == ["Ansongo", 24.0, 22.0, 35.5]
    assert rows[11] == ["Andéramboukane", "n.d.", "n.p.", "n.p."]
    assert all(isinstance(cell, float) for cell in rows[6][1:])


def test_tags_are_left_out_where_there_are_none_or_on_demand(book, tmp_path):
    assert rows_of(book, "evolution")[2:4] == [["Mois", "Incidents"], ["juillet 2016", 58.0]]
    xlsx.render(documents.sample(), tmp_path / "plain.xlsx", hxl=False)
    plain = CalamineWorkbook.from_path(str(tmp_path / "plain.xlsx"))
    for name in ("incidents-par-cercle", "Clés"):
        assert not any("#" in str(cell) for row in rows_of(plain, name) for cell in row)
    assert len(rows_of(plain, "Clés")) == len(rows_of(book, "Clés")) - 1


def test_the_keys_name_the_number_of_each_cell(book):
    keys = rows_of(book, "Clés")
    assert keys[2] == ["Feuille", "Cellule", "Clé", "Valeur", "Affichage"]
    assert keys[3] == ["#meta+sheet", "#meta+cell", "#indicator+id", "#indicator+value+num", "#indicator+value+text"]
    by_cell = {(row[0], row[1]): row[2:] for row in keys[4:]}
    assert by_cell["incidents-par-cercle", "D7"] == [
        "protection_incidents.cercle=ansongo.share@gao@2017-06",
        35.5,
        f"35,5{NNBSP}%",
    ]
    assert by_cell["incidents-par-cercle", "C12"][1:] == ["", "n.p."]
    tables = [table for _, table in xlsx.tables_of(documents.sample())]
    assert len(by_cell) == len(list(d.numbers_of(tables)))
    sheet = rows_of(book, "deplaces-par-commune")
    for (name, cell), (_, value, _) in by_cell.items():
        if name == "deplaces-par-commune":
            assert sheet[int(cell[1:]) - 1]["ABCD".index(cell[0])] == value


def test_text_never_runs_in_the_workbook(folder):
    book = CalamineWorkbook.from_path(str(folder / "hostile.xlsx"))
    name = book.sheet_names[1]
    cells = [row[0] for row in rows_of(book, name)]
    for typed in documents.FORMULAS:
        assert typed in cells
    with zipfile.ZipFile(folder / "hostile.xlsx") as archive:
        sheets = [archive.read(part).decode() for part in archive.namelist() if "worksheets/sheet" in part]
    assert sheets and not any("<f>" in sheet or "<f " in sheet for sheet in sheets)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        pytest.param(["a", "A", "a"], ["a", "A 2", "a 3"], id="excel-ignores-case"),
        pytest.param(["Clés", "HISTORY"], ["Clés 2", "HISTORY 2"], id="reserved"),
        pytest.param(["a/b:c?[d]*\\e"], ["a b c  d   e"], id="forbidden-letters"),
        pytest.param(["x" * 40, "x" * 40], ["x" * 31, "x" * 29 + " 2"], id="too-long"),
        pytest.param(["''", ""], ["table", "table 2"], id="nothing-left"),
    ],
)
def test_names_of_sheets_are_valid_and_unique(wanted, given):
    assert xlsx.sheet_names(wanted, reserved=["Lisez-moi", "Clés"]) == given


SPACE = f'"{NNBSP}"'


@pytest.mark.parametrize(
    ("value", "display", "lang", "shape"),
    [
        pytest.param(
            "62",
            "62",
            "fr",
            f"[<1000]0;[<1000000]#{SPACE}##0;#{SPACE}###{SPACE}##0",
            id="french-thousands-whatever-the-system",
        ),
        pytest.param(
            "35.46",
            f"35,5{NBSP}%",
            "fr",
            f'[<1000]0.0"{NBSP}%";[<1000000]#{SPACE}##0.0"{NBSP}%";#{SPACE}###{SPACE}##0.0"{NBSP}%"',
            id="a-share-keeps-its-decimals-and-sign",
        ),
        pytest.param("-12", "−12", "fr", '0;"−"0', id="negative"),
        pytest.param("-1234", f"-1{NNBSP}234", "fr", f'#{SPACE}##0;"-"#{SPACE}##0', id="negative-thousands"),
        pytest.param("15269", "15,269", "en", "#,##0", id="english"),
        pytest.param("0.84", f"84{NBSP}%", "fr", None, id="another-number-than-the-one-displayed"),
        pytest.param("12", "−12", "fr", None, id="another-sign"),
        pytest.param("20", "20 / 23", "fr", None, id="two-numbers"),
        pytest.param("x", "x", "fr", None, id="no-number"),
    ],
)
def test_a_number_is_shown_in_excel_as_on_the_page(value, display, lang, shape):
    assert xlsx.number_format(value, display, lang) == shape


# ---- both -------------------------------------------------------------------------------------------------


def part(path, name: str) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode()


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_nothing_in_the_archive_comes_from_the_clock(kind, folder):
    with zipfile.ZipFile(folder / f"sample.{kind}") as archive:
        names = archive.namelist()
        assert names == sorted(names) and names[0] == "[Content_Types].xml"
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    dates = re.findall(r"<dcterms:\w+ [^>]*>([^<]+)<", part(folder / f"sample.{kind}", "docProps/core.xml"))
    assert dates == ["2017-07-15T00:00:00Z"] * 2


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_the_same_document_gives_the_same_bytes(kind, folder, tmp_path):
    first = (folder / f"sample.{kind}").read_bytes()
    module = {"docx": docx, "xlsx": xlsx}[kind]
    module.render(documents.sample(), tmp_path / f"again.{kind}")
    assert (tmp_path / f"again.{kind}").read_bytes() == first
    assert documents.render_elsewhere(kind, tmp_path) == first


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_opens_both(folder, tmp_path):
    import subprocess

    # One start for both: it takes longer than they do.
    sources = [shutil.copy(folder / f"sample.{kind}", tmp_path / f"{kind}.{kind}") for kind in ("docx", "xlsx")]
    subprocess.run(["soffice", "--headless", "--convert-to", "pdf", "--outdir", tmp_path, *sources], check=True)
    for kind in ("docx", "xlsx"):
        assert (tmp_path / f"{kind}.pdf").stat().st_size > 10_000, kind
