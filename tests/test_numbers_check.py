"""Every number in a report's files is one of its own: a page, PDF, workbook or Word file that says another is refused."""

from __future__ import annotations

import copy
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import documents
import pikepdf
import projects
import pytest

from veille.build import artefacts, execute, numbers, report, stage
from veille.disclosure.safe import SafeTables
from veille.errors import BuildFailed, DisclosureRefused
from veille.project import Project
from veille.render import document as d
from veille.render import docx, pdf, xlsx, zips


@dataclass(frozen=True)
class Built:
    """A report's files as a build makes them, with what the check is given."""

    folder: Path
    document: dict
    found: dict
    blocks: list
    safe: SafeTables
    text: object

    @property
    def page(self) -> str:
        return (self.folder / f"{STEM}.html").read_text(encoding="utf-8")

    def check(self, page: str) -> None:
        numbers.check_html(page, self.found, self.blocks, self.safe, "fr", self.text)

    def check_model(self, document: dict) -> None:
        artefacts.check_model(document, self.found, self.safe, self.text)

    def copy(self, kind: str, folder: Path) -> Path:
        return Path(shutil.copy(self.folder / f"{STEM}.{kind}", folder / f"copy.{kind}"))


STEM = "bulletin_gao_2017-06"


@pytest.fixture(scope="module")
def built(tmp_path_factory, shared, example) -> Built:
    """The example bulletin of June 2017, all its files, in this process; only its notebook runs in another."""
    root = projects.new(tmp_path_factory.mktemp("page") / "projet", warm=shared)
    shutil.copytree(shared / "params" / "texts", root / "params" / "texts")
    plan = stage.plan(Project(root), "bulletin", "gao", "2017-06")
    stage.fill(plan, root / "stage")
    executed = execute.run(
        plan.project.notebooks / "bulletin.ipynb", plan.parameters, root / "stage", root / "scratch", root / "work"
    )
    blocks = execute.blocks_of(executed, "bulletin.ipynb")
    safe = SafeTables.read(plan.safe)
    document = report._document(plan, blocks)
    folder = root / "packet"
    folder.mkdir()
    report._render(plan, document, executed, folder, "veille", root / "scratch")
    return Built(folder, document, numbers.register(blocks, safe, "fr"), blocks, safe, stage.written(plan))


DATA = re.compile(r'<data (?=[^>]*data-key="(protection_incidents@gao@2017-06)")[^>]*value="(\d+)"[^>]*>([^<]*)</data>')


def tampered(page: str, pattern: str | re.Pattern, replacement: str) -> str:
    """The page with its first match replaced; the test is void if there is none."""
    out, times = re.subn(pattern, replacement, page, count=1)
    assert times == 1 and out != page
    return out


def test_the_page_as_built_passes(built):
    built.check(built.page)
    assert len(built.found) > 50


CHANGES = {
    "another text in a registered number": (DATA, r'<data data-key="\1" value="\2">9\3</data>'),
    "words around a registered number": (DATA, r'<data data-key="\1" value="\2">environ \3</data>'),
    "another value behind the text": (DATA, r'<data data-key="\1" value="9\2">\3</data>'),
    "no value behind the text": (DATA, r'<data data-key="\1">\3</data>'),
    "the key of another number": (DATA, r'<data data-key="victims_people@gao@2017-06" value="\2">\3</data>'),
    "a key that no table has": (DATA, r'<data data-key="invented@gao@2017-06" value="\2">\3</data>'),
    "the same key of another month": (DATA, r'<data data-key="protection_incidents@gao@2017-04" value="\2">\3</data>'),
    "no key at all": (DATA, r"<b>\3</b>"),
    "a number in a paragraph": ("</p>", " Il y a eu 12 cas.</p>"),
    "a number alone in a paragraph": ("</p>", "</p><p>12</p>"),
    "a number with a narrow space": ("</p>", " 12\u202f345 personnes</p>"),
    "a percentage": ("</p>", " soit 12 %</p>"),
    "a decimal": ("</p>", " soit 2016,5</p>"),
    "a number as an entity": ("</p>", " &#49;&#50; cas</p>"),
    "a number across elements": ("</p>", " <i>1</i><i>2</i> cas</p>"),
    "a number in a title": ("</h1>", " : 12 cas</h1>"),
    "a number in the title of the window": ("</title>", " 12 cas</title>"),
    "a number in a table cell": (r"(<tr[^>]*><th scope=\"row\">)", r"\g<1>12 "),
    "a number in a caption": ("</caption>", " 12 cas</caption>"),
    "a number in a summary": ("</summary>", " 12 cas</summary>"),
    "a number in an alternative text": (r'aria-label="(Carte[^"]*)"', r'aria-label="\1 12 cas de plus."'),
    "a number in a tooltip": ("<p>", '<p title="12 cas">'),
    "a number in an image's alternative text": ("</p>", '</p><img alt="12 cas" src="data:image/png;base64,AA=="/>'),
    "a number drawn in a figure": (r"(<svg [^>]*>)", r'\1<text x="1" y="1">12</text>'),
    "a drawn number with another text": (
        r'(<text[^>]*data-key="[^"]+"[^>]*>)([^<]+)</text>',
        r"\g<1>9\2</text>",
    ),
    "a title inside a figure": (r"(<svg [^>]*>)", r"\1<title>12 cas</title>"),
    "a description inside a figure": (r"(<svg [^>]*>)", r"\1<desc>12 cas</desc>"),
    "a description that is heard": ("<p>", '<p aria-description="12 cas">'),
    "a property of the page": ("</title>", '</title><meta name="description" content="12 cas">'),
    "a comment of the source": ("</p>", "</p><!-- 12 cas -->"),
    "a tick of the axis with words": (r"(<text[^>]*data-tick[^>]*>)([^<]+)", r"\g<1>\2 cas"),
    "a constant that was changed": (r'(data-const="trend_months"[^>]*>)12<', r"\g<1>13<"),
    "a constant that nobody declared": ("</p>", ' <span data-const="invented">12</span></p>'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_page_that_was_changed_is_refused(built, change):
    page = tampered(built.page, *CHANGES[change])
    with pytest.raises(DisclosureRefused) as refused:
        built.check(page)
    assert refused.value.exit_code == 4
    assert "12" not in refused.value.message and "Aucun fichier n’a été remplacé" in refused.value.next_step


def test_dates_periods_and_numbers_of_figures_are_no_numbers_to_register(built):
    said = "Le 5 juin 2017, du 5 au 11 juin 2017, 2017-06, figure 3, tableau 2, n° 6 / 2017, cod2015, ML0701, 2016-2017"
    built.check(tampered(built.page, "</p>", f" {said}</p>"))


def test_a_block_with_a_number_that_is_not_the_safe_tables_is_refused(built):
    """The other formats are made from blocks: they are checked before anything is rendered."""
    number = next(iter(built.found.values()))
    for change in ({"value": "999"}, {"display": "999"}, {"key": "invented@gao@2017-06", "value": "1"}):
        run = {
            "t": "num",
            "key": number.address,
            "value": number.value,
            "display": number.display("fr"),
            "status": number.status,
            "unit": number.unit,
            **change,
        }
        with pytest.raises(DisclosureRefused):
            numbers.register([{"kind": "paragraph", "runs": [run]}], built.safe, "fr")


def test_numbers_csv_is_what_the_page_shows_and_no_more(built):
    shown = set(re.findall(r'data-key="([^"]+)"', built.page))
    assert shown <= set(built.found)
    rows = numbers.to_csv(built.found, "gao", "2017-06", "fr").splitlines()
    assert len(rows) == len(built.found) + 1


# ---- the model, and the files made from it -------------------------------------------------------------------------


def refused(check: Callable[[], None]) -> DisclosureRefused:
    with pytest.raises(DisclosureRefused) as caught:
        check()
    assert caught.value.exit_code == 4
    assert "Aucun fichier n’a été remplacé" in caught.value.next_step
    assert "4817" not in str(caught.value)
    return caught.value


def test_all_files_as_built_pass(built):
    assert artefacts.check(built.folder, STEM, built.document, built.found, built.safe, built.text) == [
        "numbers of the PDF are registered",
        "numbers of the workbook are registered",
        "numbers of the Word file are registered",
    ]


def _first(blocks: list, kind: str) -> dict:
    return next(b for b in blocks if b["kind"] == kind)


MODEL_CHANGES: dict[str, Callable[[dict], object]] = {
    "a raw count in prose": lambda m: m["blocks"].append(d.paragraph("Il y a eu 4817 cas.")),
    "a share with a decimal in prose": lambda m: m["blocks"].append(d.paragraph("soit 45,2 %")),
    "a count in a note": lambda m: m["blocks"].append(d.note("À savoir", d.paragraph("4817 cas"))),
    "another sign for hidden cells": lambda m: m["blocks"].append(d.paragraph("<5")),
    "a count in a heading": lambda m: m["blocks"].append(d.heading("4817 cas")),
    "a count in the footer": lambda m: m.update(footer="4817 cas"),
    "a count among the marks of the cover": lambda m: m["chips"].append("4817 cas"),
    "a count as a constant": lambda m: m["blocks"].append(d.paragraph(d.const("trend_months", "4817"))),
    "a constant that nobody declared": lambda m: m["blocks"].append(d.paragraph(d.const("invented", "4817"))),
    "a count in an alternative text": lambda m: _first(m["blocks"], "figure")["alt"].append(d.text(" 4817 cas")),
    "a count in a drawing": lambda m: _first(m["blocks"], "figure").update(
        svg=re.sub(r"(<svg [^>]*>)", r'\1<text x="1" y="1">4817</text>', _first(m["blocks"], "figure")["svg"])
    ),
    "a count in the title of a drawing": lambda m: _first(m["blocks"], "figure").update(
        svg=re.sub(r"(<svg [^>]*>)", r"\1<title>4817 cas</title>", _first(m["blocks"], "figure")["svg"])
    ),
    "a count in the narrow drawing": lambda m: _first(m["blocks"], "figure").update(
        svg_narrow='<svg xmlns="http://www.w3.org/2000/svg"><text>4817</text></svg>'
    ),
    "a count as the name of a sheet": lambda m: _first(m["blocks"], "table").update(name="incidents_4817"),
    "a count in the label of a column": lambda m: _first(m["blocks"], "table")["columns"][0].update(label="4817 cas"),
    "a count in a tag of a column": lambda m: _first(m["blocks"], "table")["columns"][0].update(hxl="#affected+n4817"),
}


@pytest.mark.parametrize("change", MODEL_CHANGES)
def test_a_document_with_a_number_of_its_own_is_refused(built, change):
    """Whatever the engine of the page: the blocks are the source of all files."""
    model = copy.deepcopy(built.document)
    built.check_model(model)
    MODEL_CHANGES[change](model)
    refused(lambda: built.check_model(model))


# ---- PDF ---------------------------------------------------------------------------------------------------------

TEMPLATE_CHANGES = {
    "a text that the template adds": ("doc.blocks.map", "[4817 incidents]\n  doc.blocks.map"),
    "a text that nobody sees": ("doc.blocks.map", "text(fill: white, size: 1pt)[4817]\n  doc.blocks.map"),
    "a text that only machines read": ("doc.blocks.map", "[#hide[x]#text(white)[½]]\n  doc.blocks.map"),
    "a text at the foot of each page": ("text(doc.footer)", 'text(doc.footer + " 4817")'),
    "a text in the header of each page": ("text(doc.header)", 'text("4817 " + doc.header)'),
    "an accuracy of its own": ("{ text(run.display) }", '{ text(run.display.replace("45", "45,2")) }'),
    "another sign for hidden cells": (
        'if run.value == "" { text(fill: soft, run.display) }',
        'if run.value == "" { text(fill: soft, "<5") }',
    ),
    "one sign for what was not received and what is hidden": (
        'if run.value == "" { text(fill: soft, run.display) }',
        'if run.value == "" { text(fill: soft, "n.p.") }',
    ),
    "numbers left out": ("{ text(run.display) }", '{ text("") }'),
    "an alternative text": ("alt: b.alt_text", 'alt: b.alt_text + " 4817 cas"'),
    "a bookmark": ("heading(level: b.level, text(b.text))", 'heading(level: b.level, text(b.text + " 4817"))'),
    "a property": ("author: doc.org", 'author: doc.org, keywords: ("4817 cas",)'),
}


def _with_gaps(built: Built) -> dict:
    """A document with both signs, and few pages: it is set many times."""
    row = documents.row("Lieu", documents.num("n", "45"), documents.hidden("h"), documents.not_received("r"))
    columns = [documents.column("Lieu", "left"), *(documents.column(x) for x in ("a", "b", "c"))]
    table = documents.table(1, "signes", "Les deux signes", columns, [row])
    figure = next(b for b in built.blocks if b["kind"] == "figure")
    blocks = [built.blocks[0], d.heading("Un"), d.paragraph("Soit ", documents.num("n", "45"), " cas."), table, figure]
    return {**built.document, "blocks": [b for b in blocks if b["kind"] != "keyfigures"]}


def test_a_pdf_of_the_template_passes(built, tmp_path):
    pdf.render(_with_gaps(built), tmp_path / "a.pdf")
    artefacts.check_pdf(tmp_path / "a.pdf", _with_gaps(built))


@pytest.mark.parametrize("change", TEMPLATE_CHANGES)
def test_a_pdf_of_a_changed_template_is_refused(built, tmp_path, monkeypatch, change):
    old, new = TEMPLATE_CHANGES[change]
    source = pdf.TEMPLATE.read_text(encoding="utf-8")
    assert old in source
    (tmp_path / "report.typ").write_text(source.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(pdf, "TEMPLATE", tmp_path / "report.typ")
    document = _with_gaps(built)
    pdf.render(document, tmp_path / "a.pdf")
    refused(lambda: artefacts.check_pdf(tmp_path / "a.pdf", document))


def _attach(file: pikepdf.Pdf) -> None:
    file.attachments["donnees.csv"] = b"commune,cas\nGao,4817\n"


def _note(file: pikepdf.Pdf) -> None:
    note = {"/Type": "/Annot", "/Subtype": "/Text", "/Rect": [0, 0, 9, 9], "/Contents": "4817 cas"}
    entry = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=note["/Rect"], Contents=note["/Contents"]
    )
    file.pages[0].Annots = file.make_indirect(pikepdf.Array([entry]))


def _xmp(file: pikepdf.Pdf) -> None:
    raw = file.Root.Metadata.read_bytes()
    file.Root.Metadata.write(raw.replace(b"<dc:format>", b"<dc:rights>4817 cas</dc:rights><dc:format>"))


PDF_CHANGES: dict[str, Callable[[pikepdf.Pdf], object]] = {
    "an embedded file": _attach,
    "a note on a page": _note,
    "a subject": lambda file: file.docinfo.__setitem__("/Subject", "4817 cas"),
    "a property in XMP": _xmp,
    "a page more": lambda file: file.pages.append(file.pages[0]),
    "a page less": lambda file: file.pages.__delitem__(1),
    "a script": lambda file: file.Root.__setitem__(
        "/OpenAction", pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(4817)")
    ),
}


def _save(file: pikepdf.Pdf, path: Path) -> None:
    options = {"object_stream_mode": pikepdf.ObjectStreamMode.disable, "compress_streams": False}
    file.save(path, **options, fix_metadata_version=False)


def test_a_pdf_that_was_only_saved_again_passes(built, tmp_path):
    with pikepdf.open(built.folder / f"{STEM}.pdf") as file:
        _save(file, tmp_path / "a.pdf")
    artefacts.check_pdf(tmp_path / "a.pdf", built.document)


@pytest.mark.parametrize("change", PDF_CHANGES)
def test_a_pdf_with_a_leak_outside_its_text_is_refused(built, tmp_path, change):
    with pikepdf.open(built.folder / f"{STEM}.pdf") as file:
        PDF_CHANGES[change](file)
        _save(file, tmp_path / "a.pdf")
    refused(lambda: artefacts.check_pdf(tmp_path / "a.pdf", built.document))


def test_a_pdf_whose_objects_are_compressed_is_refused_since_they_are_not_read(built, tmp_path):
    with pikepdf.open(built.folder / f"{STEM}.pdf") as file:
        file.save(tmp_path / "a.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)
    refused(lambda: artefacts.check_pdf(tmp_path / "a.pdf", built.document))


def test_a_table_over_several_pages_repeats_its_header_and_the_name_of_its_group(tmp_path):
    columns = [documents.column("Commune 2016", "left"), documents.column("2016-10"), documents.column("2017")]
    rows = []
    for group in range(4):
        rows.append(documents.row(f"Région en 201{group}", kind="group"))
        for i in range(30):
            number = documents.num(f"k{group}{i}", str(i * 37 % 1200))
            rows.append(documents.row("Lieu", number, documents.hidden(f"h{group}{i}")))
    table = documents.table(1, "longue", "Une longue table", columns, rows, notes=("Note de 2016.",))
    model = {**documents.document([d.heading("Un"), table, d.paragraph("Fin.")]), "cite": ""}
    pdf.render(model, tmp_path / "a.pdf")
    artefacts.check_pdf(tmp_path / "a.pdf", model)


def test_every_kind_of_block_agrees_with_its_files(tmp_path):
    model = {**documents.sample(), "cite": ""}
    for kind, renderer in (("pdf", pdf), ("xlsx", xlsx), ("docx", docx)):
        renderer.render(model, tmp_path / f"a.{kind}")
        getattr(artefacts, f"check_{kind}")(tmp_path / f"a.{kind}", model)


# ---- office files ---------------------------------------------------------------------------------------------------


def rewrite(path: Path, changes: dict[str, Callable[[str], str]], more: dict[str, str] | None = None) -> None:
    """Change parts of an office file, and add some: an archive like those of a build, in all but that."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, change in changes.items():
        before = parts[name].decode()
        parts[name] = change(before).encode()
        assert parts[name].decode() != before, name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, **(more or {})}.items():
            archive.writestr(name, data)
    path.write_bytes(zips.normalised(path.read_bytes()))


def once(pattern: str, new: str) -> Callable[[str], str]:
    return lambda text: re.sub(pattern, new, text, count=1)


LEAK = "<w:p><w:r><w:t>4817 cas</w:t></w:r></w:p>"
XML = '<?xml version="1.0" encoding="UTF-8"?>'
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
NUMBER_IN_A_TABLE = r"(<w:tc>.*?<w:t[^>]*>)(\d+)(</w:t>)"

DOCX_CHANGES: dict[str, tuple] = {
    "a raw count in prose": ({"word/document.xml": once(r"<w:sectPr", LEAK + "<w:sectPr")},),
    "a count that nobody sees": (
        {
            "word/document.xml": once(
                r"<w:sectPr", LEAK.replace("<w:r>", "<w:r><w:rPr><w:vanish/></w:rPr>") + "<w:sectPr"
            )
        },
    ),
    "a number of a table changed": ({"word/document.xml": once(NUMBER_IN_A_TABLE, r"\g<1>9\2\3")},),
    "a share with a decimal": ({"word/document.xml": once(r"(<w:t[^>]*>\d+)(\u202f%</w:t>)", r"\1,2\2")},),
    "another sign for hidden cells": ({"word/document.xml": once(r"(<w:t[^>]*>)n\.[pd]\.(</w:t>)", r"\1&lt;5\2")},),
    "a number in the footer": ({"word/footer1.xml": once(r"(<w:t[^>]*>)", r"\g<1>4817 ")},),
    "a number in the header": ({"word/header1.xml": once(r"(<w:t[^>]*>)", r"\g<1>4817 ")},),
    "a document property": ({"docProps/core.xml": once(r"<dc:subject/>", "<dc:subject>4817 cas</dc:subject>")},),
    "the name of a company": ({"docProps/app.xml": once(r"<Company/>", "<Company>4817 cas</Company>")},),
    "an alternative text": ({"word/document.xml": once(r'descr="', 'descr="4817 cas ')},),
    "the title of a picture": ({"word/document.xml": once(r' descr="', ' title="4817 cas" descr="')},),
    "the name of a picture": ({"word/document.xml": once(r'(<wp:docPr [^>]*name=")', r"\g<1>4817 ")},),
    "a field": ({"word/footer1.xml": once(r'w:instr="', 'w:instr="QUOTE 4817 ')},),
    "a comment": ({}, {"word/comments.xml": f"{XML}<w:comments {WORD}>{LEAK}</w:comments>"}),
    "a footnote": ({}, {"word/footnotes.xml": f"{XML}<w:footnotes {WORD}>{LEAK}</w:footnotes>"}),
    "an attachment": ({}, {"word/embeddings/donnees.xlsx": "4817"}),
    "a property of one's own": ({}, {"docProps/custom.xml": "<p>4817</p>"}),
    "a variable": (
        {
            "word/settings.xml": once(
                r"</w:settings>", '<w:docVars><w:docVar w:name="n" w:val="4817"/></w:docVars></w:settings>'
            )
        },
    ),
    "a link that is not the document's": (
        {
            "word/_rels/document.xml.rels": once(
                r"</Relationships>",
                '<Relationship Id="rId99" Type="x" TargetMode="External" Target="https://example.org/4817"/></Relationships>',
            )
        },
    ),
}


@pytest.mark.parametrize("change", DOCX_CHANGES)
def test_a_word_file_with_a_leak_is_refused(built, tmp_path, change):
    path = built.copy("docx", tmp_path)
    rewrite(path, *DOCX_CHANGES[change])
    refused(lambda: artefacts.check_docx(path, built.document))


SHARED, BOOK, SHEET = "xl/sharedStrings.xml", "xl/workbook.xml", "xl/worksheets/sheet2.xml"
NUMBER = r'(<c r="[B-Z]\d+" s="\d+"><v>)(\d+)(</v>)'

XLSX_CHANGES: dict[str, tuple] = {
    "a sheet that was hidden": ({BOOK: once(r'(sheetId="2") ', r'\1 state="hidden" ')},),
    "a sheet that was hidden well": ({BOOK: once(r'(sheetId="2") ', r'\1 state="veryHidden" ')},),
    "another number in a cell": ({SHEET: once(NUMBER, r"\g<1>9\2\3")},),
    "a decimal behind the number shown": ({SHEET: once(NUMBER, r"\1\2.2\3")},),
    "a number of another cell": ({SHEET: lambda t: re.sub(NUMBER, r"\g<1>0\3", t)},),
    "a number in an empty place": (
        {SHEET: once(r"</row></sheetData>", '<c r="H9"><v>4817</v></c></row></sheetData>')},
    ),
    "a formula": ({SHEET: once(r'(<c r="[B-Z]\d+" s="\d+">)<v>', r"\1<f>4817*1</f><v>")},),
    "a count written as text": ({SHARED: once(r"(<si><t[^>]*>)Gao(</t>)", r"\1Gao 4817\2")},),
    "another sign for hidden cells": ({SHARED: lambda t: re.sub(r"(<t[^>]*>)n\.[pd]\.(</t>)", r"\1&lt;5\2", t)},),
    "a text in no cell": ({SHARED: once(r"</sst>", "<si><t>4817 cas</t></si></sst>")},),
    "a row that was hidden": ({SHEET: once(r'<row r="6"', '<row r="6" hidden="1"')},),
    "a column that was hidden": ({SHEET: once(r'<col min="1"', '<col hidden="1" min="1"')},),
    "a defined name": (
        {BOOK: once(r"</definedNames>", '<definedName name="total">4817</definedName></definedNames>')},
    ),
    "a message at a cell": (
        {
            SHEET: once(
                r"<pageMargins",
                '<dataValidations><dataValidation sqref="A1" prompt="4817"/></dataValidations><pageMargins',
            )
        },
    ),
    "a footer": ({SHEET: once(r"<oddFooter>", "<oddFooter>&amp;L4817 cas")},),
    "the tip of a link": ({"xl/worksheets/sheet1.xml": once(r"<hyperlink ", '<hyperlink tooltip="4817 cas" ')},),
    "a number format with words": ({"xl/styles.xml": once(r'formatCode="', 'formatCode="&quot;4817 sur &quot;')},),
    "a document property": ({"docProps/core.xml": once(r"</cp:core", "<dc:subject>4817 cas</dc:subject></cp:core")},),
    "a comment": ({}, {"xl/comments1.xml": f"{XML}<comments><t>4817</t></comments>"}),
    "a property of one's own": ({}, {"docProps/custom.xml": "<p>4817</p>"}),
    "a sheet that no index names": ({}, {"xl/worksheets/sheet99.xml": f"{XML}<worksheet/>"}),
}


@pytest.mark.parametrize("change", XLSX_CHANGES)
def test_a_workbook_with_a_leak_is_refused(built, tmp_path, change):
    path = built.copy("xlsx", tmp_path)
    rewrite(path, *XLSX_CHANGES[change])
    refused(lambda: artefacts.check_xlsx(path, built.document))


@pytest.mark.parametrize("hidden", [True, False])
def test_a_sheet_of_counts_that_the_renderer_adds_is_refused(built, tmp_path, monkeypatch, hidden):
    write_keys = xlsx._write_keys

    def and_counts(book, *, hxl):
        write_keys(book, hxl=hxl)
        sheet = book.file.add_worksheet("brut")
        sheet.write_number(0, 0, 4817)
        if hidden:
            sheet.very_hidden()

    monkeypatch.setattr(xlsx, "_write_keys", and_counts)
    xlsx.render(built.document, tmp_path / "a.xlsx")
    error = refused(lambda: artefacts.check_xlsx(tmp_path / "a.xlsx", built.document))
    assert ("masquée" in str(error)) == hidden


def test_a_comment_that_the_renderer_adds_is_refused(built, tmp_path, monkeypatch):
    write_table = xlsx._write_table

    def and_comment(book, name, title, table, *, hxl):
        write_table(book, name, title, table, hxl=hxl)
        book.file.get_worksheet_by_name(name).write_comment("A1", "4817 cas")

    monkeypatch.setattr(xlsx, "_write_table", and_comment)
    xlsx.render(built.document, tmp_path / "a.xlsx")
    refused(lambda: artefacts.check_xlsx(tmp_path / "a.xlsx", built.document))


@pytest.mark.parametrize("kind", ["pdf", "xlsx", "docx"])
def test_a_file_that_cannot_be_read_back_is_our_fault(built, tmp_path, kind):
    (tmp_path / f"{STEM}.{kind}").write_bytes(b"nothing of the sort")
    with pytest.raises(BuildFailed, match="ne se relit pas"):
        artefacts.check(tmp_path, STEM, built.document, built.found, built.safe, built.text)


def test_a_leak_in_any_file_leaves_the_previous_report_in_place(example_project, monkeypatch):
    """In the build itself: exit code 4, nothing replaced, no draft left."""
    plan = stage.plan(Project(example_project), "bulletin", "gao", "2017-06")
    plan.target.mkdir(parents=True)
    (plan.target / "manifest.json").write_text("{}", encoding="utf-8")
    before = projects.sealed(example_project / "reports")
    write = xlsx._write_keys

    def and_counts(book, *, hxl):
        write(book, hxl=hxl)
        book.file.add_worksheet("brut").hide()

    monkeypatch.setattr(xlsx, "_write_keys", and_counts)
    refused(lambda: report.build(plan))
    assert projects.sealed(example_project / "reports") == before
