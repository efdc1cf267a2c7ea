"""Leaks planted in the files of random reports, and their clean twins: the same build without the leak.

Five kinds of the ten are of files: a total in prose, a count of hidden cells, a chart from raw rows, a hidden sheet, two
signs. (Those of the tables themselves are in test_leaks.py.) A case draws a report, a place in it, a number and a way to
write it; the checks are those of a build. What is left out, because nothing in a file can tell it from what it may say:

* a number in words in the blocks of a notebook or in people's texts: « deux sources » is a sentence (in a file, a word
  that its document does not say is found);
* a count that reads as a year or a date with nothing counted beside it (« en 2016 », « le 12 juin »);
* the length of a bar or the height of a point: a drawing has no text there, only geometry;
* the look of a sign (bold, another grey), and numbers hidden in widths, colours or ids of a file;
* a registered number in a sentence about something else.
"""

from __future__ import annotations

import copy
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import documents
import pikepdf
import pytest
from planted import Report, run_of

from veille.build import artefacts
from veille.errors import BuildFailed, DisclosureRefused
from veille.render import document as d
from veille.render import docx, pdf, xlsx, zips

EVERY_DAY, EVERY = range(2), range(100)
REPORTS = 10  # each case takes one of these: they are rendered once

WORDS = dict(
    enumerate("zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split())
)
DIGITS = {
    "wide": "０１２３４５６７８９",
    "arabic": "٠١٢٣٤٥٦٧٨٩",
    "bold": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗",
    "superscript": "⁰¹²³⁴⁵⁶⁷⁸⁹",
    "subscript": "₀₁₂₃₄₅₆₇₈₉",
}


def grouped(n: int, space: str) -> str:
    return f"{n:,}".replace(",", space)


def written(n: int, rng: random.Random, *, words: bool) -> str:
    """A number in one of the ways that a leak may write it."""
    ways = [
        str(n),
        str(n),
        grouped(n, "\u202f"),
        grouped(n, "\u00a0"),
        grouped(n, "."),
        "\u200b".join(str(n)),
        f"{n},5",
        f"{n}\u202f%",
    ]
    ways += [str(n).translate(str.maketrans("0123456789", digits)) for digits in DIGITS.values()]
    ways += [chr(0x2460 + n - 1)] * (1 <= n <= 20) + [chr(0x2160 + n - 1)] * (1 <= n <= 12)
    if words and 2 <= n <= 16:
        ways += [WORDS[n], WORDS[n].upper()] * 3
    return rng.choice(ways)


TOTALS = (
    "Il y a eu {} incidents.",
    "Soit {} victimes au total.",
    "Le total est de {} cas.",
    "dont {} femmes et filles",
    "Total : {}",
)
COUNTS = (
    "{} cellules ne sont pas publiées.",
    "Valeurs masquées : {}",
    "{} catégories cachées",
    "dont {} petits nombres",
)


@dataclass
class Case:
    """One draw: a report, what is said in it, and whether it is the leak or its twin."""

    report: Report
    rng: random.Random
    folder: Path
    leak: bool
    sentences: tuple[str, ...] = TOTALS
    number: int = field(init=False)

    def __post_init__(self) -> None:
        low = self.rng.random() < 0.5
        n = self.rng.randint(2, 16) if low else self.rng.randint(17, 9999)
        # Years are left out: « en 2016 » is no count.
        self.number = self.report.hidden if self.sentences is COUNTS else n if not 2000 <= n <= 2039 else n + 100

    def said(self, *, words: bool = False) -> str:
        """A sentence with the number; the twin says it without."""
        sentence, number = self.rng.choice(self.sentences), written(self.number, self.rng, words=words)
        return sentence.format(number if self.leak else "des")

    # ---- the three ways to plant -----------------------------------------------------------------------------

    def blocks(self, change: Callable[[list[d.Block]], object]) -> None:
        """In the blocks, as a faulty notebook would."""
        blocks = copy.deepcopy(self.report.blocks)
        change(blocks)
        if self.leak:
            self.report.check_blocks(blocks)
        else:
            self.report.check_all(blocks, self.folder)

    def page(self, page: str) -> None:
        self.report.check_page(page)

    def other(self, kind: str, change: Callable[[dict], object], twin: Callable[[dict], object] | None = None) -> None:
        """In a file that says something else than its document: a faulty renderer. The twin says what its document does."""
        document = copy.deepcopy(self.report.paged)
        (change if self.leak else twin or change)(document)
        path = self.folder / f"other-{kind}.{kind}"
        {"pdf": pdf, "xlsx": xlsx, "docx": docx}[kind].render(document, path)
        self.report.check_file(path, None if self.leak else document)

    def parts(self, kind: str, change: Callable[[dict[str, str]], object]) -> None:
        """In the parts of an office file; the twin is the same archive, written again."""
        path = self.folder / f"parts-{kind}.{kind}"
        with zipfile.ZipFile(self.report.file(kind)) as archive:
            parts = {name: archive.read(name).decode("utf-8", "surrogateescape") for name in archive.namelist()}
        before = dict(parts)
        if self.leak:
            change(parts)
            assert parts != before, "nothing was planted"
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, data.encode("utf-8", "surrogateescape"))
        path.write_bytes(zips.normalised(path.read_bytes()))
        self.report.check_file(path)

    def objects(self, change: Callable[[pikepdf.Pdf], object]) -> None:
        """In the objects of a PDF; the twin is the same PDF, saved again."""
        path = self.folder / "objects.pdf"
        with pikepdf.open(self.report.file("pdf")) as file:
            if self.leak:
                change(file)
            file.save(path, object_stream_mode=pikepdf.ObjectStreamMode.disable, fix_metadata_version=False)
        self.report.check_file(path)


def appended(case: Case, said: str) -> None:
    """A remark after the end of a PDF, or before its last objects."""
    raw = case.report.file("pdf").read_bytes()
    at = case.rng.choice([len(raw), raw.rfind(b"xref\n")])
    path = case.folder / "appended.pdf"
    path.write_bytes(raw[:at] + (f"\n% {case.number} cas\n".encode() if case.leak else b"") + raw[at:])
    case.report.check_file(path)


def at_random(case: Case, text: str, pattern: str, new: str) -> str:
    """The text with one match of a pattern, anywhere in it, replaced; `new` may name groups."""
    found = list(re.finditer(pattern, text))
    chosen = case.rng.choice(found)
    return (
        text[: chosen.start()]
        + chosen.expand(new.replace("\\", "\\\\").replace("\\\\g<", "\\g<"))
        + text[chosen.end() :]
    )


# ---- a sentence in blocks -------------------------------------------------------------------------------------


def one(blocks: list[d.Block], kind: str) -> d.Block:
    return next(b for b in blocks if b["kind"] == kind)


def numbered(case: Case, kind: str) -> None:
    """A count in the place of « Tableau 1 »."""
    case.blocks(lambda blocks: one(blocks, kind).update(number=20 + case.number if case.leak else 1))


def split(case: Case, said: str) -> list[d.Run]:
    """The same sentence over two runs, one of them in bold."""
    at = case.rng.randrange(1, len(said))
    return [d.text(said[:at]), d.strong(said[at:])]


IN_BLOCKS: dict[str, Callable[[Case, list[d.Block], str], object]] = {
    "a paragraph": lambda c, b, s: b.insert(c.rng.randrange(1, len(b)), d.paragraph(s)),
    "two runs": lambda c, b, s: b.insert(c.rng.randrange(1, len(b)), d.paragraph(split(c, s))),
    "a paragraph beside a number": lambda c, b, s: b.append(d.paragraph(run_of(c.report.some(shown=True)), " cas. ", s)),
    "a list": lambda c, b, s: one(b, "list")["items"].append(d.runs(d.em(s))),
    "a link": lambda c, b, s: b.append(d.paragraph(d.link("https://example.org/", s))),
    "a heading": lambda c, b, s: b.append(d.heading(s)),
    "the title of a box": lambda c, b, s: b.append(d.note(s, d.paragraph("À lire."))),
    "a box": lambda c, b, s: one(b, "note")["blocks"].append(d.paragraph(d.soft(s))),
    "the cover": lambda c, b, s: one(b, "cover")["meta"].append(d.runs(s)),
    "the lede": lambda c, b, s: one(b, "cover")["lede"].append(d.text(" " + s)),
    "a key figure's label": lambda c, b, s: c.rng.choice(one(b, "keyfigures")["items"]).update(label=d.runs(s)),
    "a key figure": lambda c, b, s: c.rng.choice(one(b, "keyfigures")["items"]).update(number=d.runs(s)),
    "the title of a table": lambda c, b, s: one(b, "table")["title"].append(d.text(" " + s)),
    "a column": lambda c, b, s: c.rng.choice(one(b, "table")["columns"]).update(label=s),
    "a note of a table": lambda c, b, s: one(b, "table")["notes"].append(d.runs(s)),
    "a first cell": lambda c, b, s: c.rng.choice(one(b, "table")["rows"])["cells"].__setitem__(0, d.runs(s)),
    "a note of a figure": lambda c, b, s: one(b, "figure")["notes"].append(d.runs(s)),
    "the title of a figure": lambda c, b, s: one(b, "figure").update(title=d.runs(s)),
    "an alternative text": lambda c, b, s: one(b, "figure")["alt"].append(d.text(" " + s)),
}  # fmt: skip

# ---- a sentence on the page -----------------------------------------------------------------------------------

# What a page may hold: the twin puts words there.
ON_THE_PAGE: dict[str, tuple[str, str]] = {
    "a paragraph": (r"</p>", " {}</p>"),
    "a paragraph of its own": (r"</p>|</figure>", r"\g<0><p>{}</p>"),
    "white text": (r"</p>", '<span class="blanc" hidden>{}</span></p>'),
    "small text": (r"</p>", "<sup>{}</sup></p>"),
    "a cell": (r"</td>", r"</td><td>{}</td>"),
    "the title of the window": (r"</title>", " {}</title>"),
    "a heading": (r"</h[123]>", r" {}\g<0>"),
    "a caption": (r"</caption>", " {}</caption>"),
    "a summary": (r"</summary>", " {}</summary>"),
    "a footer": (r"</footer>", "<p>{}</p></footer>"),
    "a drawing": (r"</svg>", '<text x="1" y="9">{}</text></svg>'),
    "a description of a drawing": (r"</svg>", "<desc>{}</desc></svg>"),
    "two lines of a drawing": (r"</svg>", '<text x="1"><tspan>Soit</tspan><tspan>{}</tspan></text></svg>'),
    "a comment": (r"</p>", "<!-- {} --></p>"),
    "a tooltip": (r"<p>", '<p title="{}">'),
    "an attribute that is heard": (r"<(p|h2|table)(?= |>)", r'<\g<1> aria-description="{}"'),
    "a label": (r"<table", '<table aria-label="{}"'),
    "a label of a cell": (r'data-label="[^"]*"', 'data-label="{}"'),
    "a property of the page": (r"</title>", '</title><meta name="description" content="{}">'),
    "a property without name": (r"</title>", '</title><meta property="og:title" content="{}">'),
}
# What no page may hold, whatever it says, or only digits tell: the twin is the page as it was built.
OFF_THE_PAGE: dict[str, tuple[str, str]] = {
    "an attribute that machines read": (r"<(p|h2|table|td)(?= |>)", r'<\g<1> data-n="{n}"'),
    "a value that is heard": (r"<(p|h2|table)(?= |>)", r'<\g<1> aria-valuenow="{n}"'),
    "the start of a list": (r"<ul>(.*?)</ul>", r'<ol start="{n}">\g<1></ol>'),
    "an id": (r"<p>", '<p id="n{n}">'),
    "an id that is a number": (r"<p>", '<p id="{n}">'),
    "an address": (r"</p>", ' <a href="https://example.org/?n={n}">source</a></p>'),
    "content in style": (r"</style>", 'p::after{{content:"{s}"}}</style>'),
    "a counter in style": (r"</style>", "body{{counter-reset:n {n}}}p::after{{content:counter(n)}}</style>"),
    "a second style": (r"</head>", '<style>.z::before{{content:"{s}"}}</style></head>'),
    "style of an element": (r"<p>", "<p style=\"--n:'{n}'\">"),
    "a script": (r"</body>", '<script type="application/json">{{"n":{n}}}</script></body>'),
    "a picture": (r"</p>", '</p><img alt="" src="data:image/svg+xml,%3Ctext%3E{n}%3C/text%3E">'),
    "a form": (r"</p>", '</p><input value="{n}">'),
    "an instruction": (r"</p>", "</p><?n {n}?>"),
    "a declaration": (r"</p>", "</p><![CDATA[{n}]]>"),
    "a number split over elements": (r"</p>", " <i>{n0}</i><i>{n1}</i> cas</p>"),
    "a number as entities": (r"</p>", " {e} cas</p>"),
    "a constant left open": (r"</p>", '<span data-const="trend_months"><br>{n} cas</p>'),
    "a constant": (r"</p>", ' <span data-const="trend_months">{n}</span></p>'),
    "an element that is not closed": (r"</p>", f'<span data-tick="">{"<b>" * 40}{{n}} cas</p>'),
    "a cell and a month": (r"</tr>", "<td>{d}</td><td>juin 2017</td></tr>"),
    "a key that no table has": (r"</p>", ' <data value="{n}" data-key="invented@gao@2017-06">{n}</data></p>'),
    "a text in a frame": (r"</p>", '</p><iframe srcdoc="{n}"></iframe>'),
}


def on_the_page(case: Case, where: str) -> None:
    pattern, new = ON_THE_PAGE[where]
    said = case.said(words=True)
    case.page(at_random(case, case.report.page, pattern, new.replace("{}", said)))


def off_the_page(case: Case, where: str) -> None:
    pattern, new = OFF_THE_PAGE[where]
    n = str(case.number)
    fields = {
        "n": n,
        "s": case.said(),
        "n0": n[:1],
        "n1": n[1:] or "0",
        "e": "".join(f"&#{ord(x)};" for x in n),
        "d": 1 + case.number % 28,
    }
    page = case.report.page
    case.page(at_random(case, page, pattern, new.format(**fields)) if case.leak else page)


# ---- a sentence in the PDF, the Word file and the workbook -------------------------------------------------------


def _annotation(file: pikepdf.Pdf, said: str) -> None:
    page = file.pages[0]
    entry = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FreeText, Rect=[0, 0, 9, 9], Contents=said)
    page.Annots = file.make_indirect(pikepdf.Array([*page.get("/Annots", []), file.make_indirect(entry)]))


def _drawn(file: pikepdf.Pdf, said: str) -> None:
    """A text over a page, in a mode that nobody sees."""
    page = file.pages[0]
    page.Resources.Font["/Fz"] = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    page.contents_add(f"BT 3 Tr /Fz 8 Tf 50 400 Td ({said}) Tj ET".encode("latin-1", "replace"))


def _spoken(file: pikepdf.Pdf, said: str) -> None:
    """A text that is read aloud in place of another: inside a page's own stream."""
    file.pages[0].contents_add(b"/Span <</ActualText (%s)>> BDC EMC" % said.encode("latin-1", "replace"))


IN_OBJECTS: dict[str, Callable[[pikepdf.Pdf, str, int], object]] = {
    "a subject": lambda f, s, n: f.docinfo.__setitem__("/Subject", s),
    "a property of its own": lambda f, s, n: f.docinfo.__setitem__("/Total", str(n)),
    "an attachment": lambda f, s, n: f.attachments.__setitem__("donnees.csv", f"cas\n{n}\n".encode()),
    "a note": lambda f, s, n: _annotation(f, s),
    "a text that nobody sees": lambda f, s, n: _drawn(f, f"{n} cas"),
    "a text that is read aloud": lambda f, s, n: _spoken(f, f"{n} cas"),
    "private data": lambda f, s, n: f.Root.__setitem__("/PieceInfo", pikepdf.Dictionary(V=pikepdf.Dictionary(Private=n))),
    "a stream that no page shows": lambda f, s, n: f.Root.__setitem__("/Total", f.make_stream(str(n).encode())),
    "a layer": lambda f, s, n: f.Root.__setitem__("/OCProperties", pikepdf.Dictionary(OCGs=pikepdf.Array([f.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=s))]))),
    "the labels of pages": lambda f, s, n: f.Root.__setitem__("/PageLabels", pikepdf.Dictionary(Nums=[0, pikepdf.Dictionary(S=pikepdf.Name.D, St=n)])),
}  # fmt: skip

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
XML = '<?xml version="1.0" encoding="UTF-8"?>'


def _p(said: str, look: str = "") -> str:
    return f"<w:p><w:r>{look and f'<w:rPr>{look}</w:rPr>'}<w:t>{said}</w:t></w:r></w:p>"


def put(name: str, pattern: str, new: str) -> Callable[[Case, dict[str, str], str], None]:
    """A change of one part of an office file, at a random place."""

    def change(case: Case, parts: dict[str, str], said: str) -> None:
        parts[name] = at_random(case, parts[name], pattern, new.replace("{}", said).replace("{n}", str(case.number)))

    return change


def add(name: str, content: str) -> Callable[[Case, dict[str, str], str], None]:
    def change(case: Case, parts: dict[str, str], said: str) -> None:
        parts[name] = content.replace("{}", said).replace("{n}", str(case.number))

    return change


BODY = "word/document.xml"
IN_WORD: dict[str, Callable[[Case, dict[str, str], str], None]] = {
    "a paragraph": put(BODY, r"<w:sectPr", _p("{}") + "<w:sectPr"),
    "white text": put(BODY, r"<w:sectPr", _p("{}", '<w:color w:val="FFFFFF"/>') + "<w:sectPr"),
    "a text that nobody sees": put(BODY, r"<w:sectPr", _p("{}", "<w:vanish/>") + "<w:sectPr"),
    "a run of a cell": put(BODY, r"</w:p></w:tc>", "<w:r><w:t>{}</w:t></w:r></w:p></w:tc>"),
    "a digit of a number": put(BODY, r"(<w:t[^>]*>)(\d+)(</w:t>)", r"\g<1>\g<2>{n}\g<3>"),
    "the header": put("word/header1.xml", r"</w:p>", "<w:r><w:t>{}</w:t></w:r></w:p>"),
    "the footer": put("word/footer1.xml", r"</w:p>", "<w:r><w:t>{}</w:t></w:r></w:p>"),
    "a footnote": add("word/footnotes.xml", f"{XML}<w:footnotes {WORD}>{_p('{}')}</w:footnotes>"),
    "a comment": add("word/comments.xml", f"{XML}<w:comments {WORD}>{_p('{}')}</w:comments>"),
    "an attachment": add("word/embeddings/donnees.xlsx", "{n}"),
    "a property": put("docProps/core.xml", r"<dc:subject/>", "<dc:subject>{}</dc:subject>"),
    "a property of the program": put("docProps/app.xml", r"<Words>\d+", "<Words>{n}"),
    "an own property": add("docProps/custom.xml", "<p>{}</p>"),
    "the description of a table": put(BODY, r"</w:tblPr>", '<w:tblDescription w:val="{}"/></w:tblPr>'),
    "the caption of a table": put(BODY, r"</w:tblPr>", '<w:tblCaption w:val="{}"/></w:tblPr>'),
    "a bookmark": put(BODY, r"<w:p>", '<w:p><w:bookmarkStart w:id="9" w:name="n{n}"/><w:bookmarkEnd w:id="9"/>'),
    "a deleted text": put(BODY, r"<w:sectPr", '<w:p><w:del w:id="9"><w:r><w:delText>{}</w:delText></w:r></w:del></w:p><w:sectPr'),
    "a remark of the source": put(BODY, r"<w:p>", "<!-- {n} --><w:p>"),
    "a text between elements": put(BODY, r"</w:p><w:p>", "</w:p>{}<w:p>"),
    "an alternative text": put(BODY, r'descr="', 'descr="{} '),
    "a field": put("word/footer1.xml", r'w:instr="', 'w:instr="QUOTE {n} '),
    "the sign of a list": put("word/numbering.xml", r'<w:lvlText w:val="[^"]*"', '<w:lvlText w:val="{n} %1"'),
    "the start of a list": put("word/numbering.xml", r'<w:start w:val="\d+"', '<w:start w:val="{n}7"'),
    "the name of a style": put("word/styles.xml", r'<w:name w:val="', '<w:name w:val="{n} '),
    "a setting": put("word/settings.xml", r"</w:settings>", '<w:docVars><w:docVar w:name="n" w:val="{n}"/></w:docVars></w:settings>'),
    "a picture": lambda c, p, s: p.update({name: p[name] + str(c.number) for name in p if name.startswith("word/media/")}),
    "a symbol": put(BODY, r"</w:p>", "<w:r><w:sym w:font='Arial' w:char='F03{n}'/></w:r></w:p>"),
}  # fmt: skip

SHARED, BOOK, SHEET = "xl/sharedStrings.xml", "xl/workbook.xml", "xl/worksheets/sheet2.xml"
IN_SHEETS: dict[str, Callable[[Case, dict[str, str], str], None]] = {
    "a text of a cell": put(SHARED, r"(<t[^>]*>)([^<]+)(</t>)", r"\g<1>\g<2> {}\g<3>"),
    "a text in no cell": put(SHARED, r"</sst>", "<si><t>{}</t></si></sst>"),
    "a number of a cell": put(SHEET, r"(<v>)(\d+)(</v></c>)(?=<c|</row)", r"\g<1>{n}9\g<3>"),
    "a cell more": put(SHEET, r"</row>", '<c r="Z9"><v>{n}</v></c></row>'),
    "a header": put(SHEET, r"<oddHeader>", "<oddHeader>&amp;C{}"),
    "a property": put("docProps/core.xml", r"</cp:core", "<dc:subject>{}</dc:subject></cp:core"),
    "a property of the program": put("docProps/app.xml", r"<vt:i4>\d+", "<vt:i4>{n}7"),
    "a remark of the source": put(SHEET, r"<row ", "<!-- {n} --><row "),
    "a part more": add("xl/comments1.xml", f"{XML}<comments><t>{{}}</t></comments>"),
}


# ---- a hidden sheet, and what hides like one ----------------------------------------------------------------------


def _sheet_more(state: str) -> Callable[[Case, dict[str, str], str], None]:
    """A whole sheet of raw counts, known to the workbook, the way a program writes it."""

    def change(case: Case, parts: dict[str, str], said: str) -> None:
        n = sum(name.startswith("xl/worksheets/") for name in parts) + 1
        rows = "".join(
            f'<row r="{i}"><c r="A{i}"><v>{case.rng.randint(1, 9999)}</v></c></row>'
            for i in range(1, case.rng.randint(2, 9))
        )
        main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        parts[f"xl/worksheets/sheet{n}.xml"] = (
            f'{XML}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
        )
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
        rels = "xl/_rels/workbook.xml.rels"
        parts[rels] = parts[rels].replace(
            "</Relationships>",
            f'<Relationship Id="rId99" Type="{kind}" Target="worksheets/sheet{n}.xml"/></Relationships>',
        )
        parts[BOOK] = parts[BOOK].replace(
            "</sheets>", f'<sheet name="brut" sheetId="{n}" {state} r:id="rId99"/></sheets>'
        )

    return change


HIDDEN_SHEETS: dict[str, Callable[[Case, dict[str, str], str], None]] = {
    "a hidden sheet": _sheet_more('state="hidden"'),
    "a very hidden sheet": _sheet_more('state="veryHidden"'),
    "a sheet more": _sheet_more(""),
    "a sheet that was hidden": put(BOOK, r"<sheet ", '<sheet state="hidden" '),
    "a sheet that was hidden well": put(BOOK, r"<sheet ", '<sheet state="veryHidden" '),
    "a sheet that no index names": add("xl/worksheets/sheet99.xml", f"{XML}<worksheet/>"),
    "a hidden row of counts": put(SHEET, r"</sheetData>", '<row r="400" hidden="1"><c r="A400"><v>{n}</v></c></row></sheetData>'),
    "a row of no height": put(SHEET, r"</sheetData>", '<row r="400" ht="0" customHeight="1"><c r="A400"><v>{n}</v></c></row></sheetData>'),
    "a row that was hidden": put(SHEET, r'<row r="\d+"', r'\g<0> hidden="1"'),
    "a column that was hidden": put(SHEET, r"<col ", '<col hidden="1" '),
    "a column far away": put(SHEET, r"</row>", '<c r="XFD9"><v>{n}</v></c></row>'),
    "a defined name": put(BOOK, r"</definedNames>", '<definedName name="total">{n}</definedName></definedNames>'),
    "a hidden name": put(BOOK, r"</definedNames>", '<definedName name="_t" hidden="1">{n}</definedName></definedNames>'),
    "a remark about a name": put(BOOK, r"<definedName ", '<definedName comment="{n} cas" '),
    "a comment": add("xl/comments1.xml", f"{XML}<comments><t>{{}}</t></comments>"),
    "a threaded comment": add("xl/threadedComments/threadedComment1.xml", f"{XML}<ThreadedComments><t>{{}}</t></ThreadedComments>"),
    "a property": put("docProps/core.xml", r"</cp:core", "<dc:description>{}</dc:description></cp:core"),
    "an own property": add("docProps/custom.xml", "<p>{n}</p>"),
    "a property of the program": put("docProps/app.xml", r"<vt:i4>\d+", "<vt:i4>{n}7"),
    "a picture": add("xl/media/image1.png", "{n}"),
    "a cache of a pivot table": add("xl/pivotCache/pivotCacheRecords1.xml", f'{XML}<r><n v="{{n}}"/></r>'),
    "a link to another workbook": add("xl/externalLinks/externalLink1.xml", f"{XML}<externalLink><v>{{n}}</v></externalLink>"),
    "a formula": put(SHEET, r'(<c r="[B-Z]\d+" s="\d+">)<v>', r"\g<1><f>{n}*1</f><v>"),
    "a formula's text": put(SHEET, r'(<c r="[B-Z]\d+" s="\d+")>(<v>)', r'\g<1> t="str">\g<2>'),
    "a number in white": put(SHEET, r"</sheetData>", '<row r="400"><c r="A400" s="1"><v>{n}</v></c></row></sheetData>'),
    "a message at a cell": put(SHEET, r"<pageMargins", '<dataValidations><dataValidation sqref="A1" prompt="{n}"/></dataValidations><pageMargins'),
    "a colour by condition": put(SHEET, r"<pageMargins", '<conditionalFormatting sqref="A1"><cfRule type="cellIs"><formula>{n}</formula></cfRule></conditionalFormatting><pageMargins'),
    "a format that says it": put("xl/styles.xml", r'formatCode="', 'formatCode="&quot;{n}&quot;'),
    "a format of no cell": put("xl/styles.xml", r"(<numFmts[^>]*>)", r'\g<1><numFmt numFmtId="199" formatCode="&quot;{n}&quot;"/>'),
    "the name of a style": put("xl/styles.xml", r'<cellStyle name="Normal"', '<cellStyle name="n{n}"'),
    "a text in no cell": put(SHARED, r"</sst>", "<si><t>{}</t></si></sst>"),
    "a reading aid": put(SHARED, r"</si>", '<rPh sb="0" eb="1"><t>{n}</t></rPh></si>'),
    "a remark of the source": put(BOOK, r"<sheets>", "<!-- {n} --><sheets>"),
    "a text between cells": put(SHEET, r"</row>", "{n}</row>"),
    "the tip of a link": put("xl/worksheets/sheet1.xml", r"<hyperlink ", '<hyperlink tooltip="{} {n}" '),
    "a header": put(SHEET, r"<oddHeader>", "<oddHeader>&amp;C{n} cas"),
}  # fmt: skip


# ---- a chart from raw rows -------------------------------------------------------------------------------------------


def raw_label(text: str, more: str = "") -> str:
    return f'<text x="300" y="30"{more}>{text}</text></svg>'


def _svg(case: Case, way: str) -> str:
    """What a chart drawn from rows has in it, just before its end; the twin's comes from the safe tables."""
    shown, hidden, n = (
        case.report.some(shown=True),
        case.report.some(shown=False),
        written(case.number, case.rng, words=False),
    )
    if not case.leak:
        return raw_label(shown.display(), f' data-key="{shown.address}"')
    return {
        "a label without key": raw_label(n),
        "a label of two lines": raw_label(f"<tspan>Vie</tspan> <tspan>{n}</tspan>"),
        "the value of a hidden number": raw_label(n, f' data-key="{hidden.address}"'),
        "a value beside a hidden number": raw_label(f"{hidden.display()} ({n})", f' data-key="{hidden.address}"'),
        "another value of a number": raw_label(f"{shown.display()}{case.number}", f' data-key="{shown.address}"'),
        "a key that no table has": raw_label(n, ' data-key="incidents.raw@gao@2017-06"'),
        "a tick that is a value": raw_label(str(case.number), ' data-tick=""'),
        "a constant that is a value": raw_label(str(case.number), ' data-const="trend_months"'),
        "a title": f"<title>{n}</title></svg>",
        "a description": f"<desc>Vie : {n}</desc></svg>",
        "a tooltip": f'<g aria-label="Vie : {case.number}"></g></svg>',
        "data of an element": f'<rect x="1" y="1" width="9" height="9" data-value="{case.number}"/></svg>',
        "a remark": f"<!-- {case.number} --></svg>",
        "a style": f'<style>text::after{{content:"{case.number}"}}</style></svg>',
        "a style of an element": f"<text style=\"--n: '{case.number}'\">Vie</text></svg>",
        "a picture": f'<image href="data:image/svg+xml,{case.number}" width="9" height="9"/></svg>',
        "another language": f"<foreignObject><p>{case.number}</p></foreignObject></svg>",
        "a text left out": f'<defs><text id="n">{n}</text></defs></svg>',
        "an id": f'<g id="n{case.number}"></g></svg>',
        "a transparent label": raw_label(n, ' fill-opacity="0"'),
    }[way]


CHARTS = (
    "a label without key", "a label of two lines", "the value of a hidden number", "a value beside a hidden number",
    "another value of a number", "a key that no table has", "a tick that is a value", "a constant that is a value", "a title",
    "a description", "a tooltip", "data of an element", "a remark", "a style", "a style of an element", "a picture",
    "another language", "a text left out", "an id", "a transparent label",
)  # fmt: skip
# Raw numbers that are drawn, for the files that show a drawing without its markup.
DRAWN = ("a label without key", "a label of two lines", "a transparent label", "a tick that is a value")


def chart_in_blocks(case: Case, way: str) -> None:
    svg, wide = _svg(case, way), case.rng.random() < 0.7

    def change(blocks: list[d.Block]) -> None:
        figure = one(blocks, "figure")
        name = "svg" if wide else "svg_narrow"
        figure[name] = figure[name].replace("</svg>", svg)

    case.blocks(change)


def chart_on_the_page(case: Case, way: str) -> None:
    case.page(at_random(case, case.report.page, "</svg>", _svg(case, way)))


def chart_in_file(case: Case, kind: str) -> None:
    # The picture of a Word file has no text: a label that nobody sees is not in it.
    svg = _svg(case, case.rng.choice([way for way in DRAWN if (kind, way) != ("docx", "a transparent label")]))

    def change(document: dict) -> None:
        figure = one(document["blocks"], "figure")
        figure["svg"] = figure["svg"].replace("</svg>", svg)

    case.other(kind, change)


def table_behind(case: Case, way: str) -> None:
    """The table behind a chart: raw counts in its cells, as text or under a key that is hidden."""
    shown, hidden = case.report.some(shown=True), case.report.some(shown=False)
    raw = {
        "text": d.text(written(case.number, case.rng, words=False)),
        "hidden": {**run_of(hidden), "value": str(case.number), "display": str(case.number)},
        "key": {**run_of(shown), "key": "raw@gao@2017-06", "value": str(case.number), "display": str(case.number)},
        "value": {**run_of(shown), "value": f"{shown.value}9"},
        "words": d.text("douze"),
    }[way]

    def change(blocks: list[d.Block]) -> None:
        rows = [r for r in one(blocks, "figure")["table"]["rows"] if r["kind"] == "body"]
        case.rng.choice(rows)["cells"][case.rng.randint(1, 3)] = [raw if case.leak else run_of(shown)]

    case.blocks(change)


# ---- two signs -----------------------------------------------------------------------------------------------------

OTHER_SIGNS = (
    "<5", "< 5", "1–4", "0-4", "≤ 4", "moins de 5", "n.p.*", "n.p.†", "n.p.¹", "n.p. (1)", "n.p.ᵃ", "n.p.…", "*", "†", "…", "n.d.",
    "n.p.°", "N.P.*", "n.p.‡", "moins de cinq", "n.p. deux", "n.s.", "–", "(n.p.)", "n.p. secret",
)  # fmt: skip
# A file of which only figures are compared (PDF) does not tell these from words.
WORDS_ONLY = ("n.s.", "(n.p.)", "n.p. secret", "–")


def _sign_runs(blocks: list[d.Block], *, behind: bool) -> list[d.Runs]:
    """The cells of tables that are hidden; those of tables behind figures too, where a file shows them."""
    tables = [b for b in blocks if b["kind"] == "table"]
    tables += [b["table"] for b in blocks if b["kind"] == "figure" and behind]
    return [
        cell
        for t in tables
        for r in t["rows"]
        for cell in r["cells"]
        if cell and cell[0].get("status") == "not_published"
    ]


def signs_in_blocks(case: Case, way: str) -> None:
    sign, mark = (
        case.rng.choice([s for s in OTHER_SIGNS if s != "n.d."]),
        case.rng.choice(["*", "†", " (a)", "…", "¹", " secondaire", "<"]),
    )

    def change(blocks: list[d.Block]) -> None:
        if not case.leak:
            return
        cell = case.rng.choice(_sign_runs(blocks, behind=True))
        if way == "display":
            cell[0]["display"] = sign
        elif way == "text":
            cell[:] = [d.text(case.rng.choice(["*", "†", "<5", "…", "moins de cinq", "–5", "(a)", "x"]))]
        elif way == "value":
            cell[0].update(value=str(case.number), display=str(case.number))
        elif way == "received":
            cell[0].update(status="not_received", display="n.d.")
        elif way == "after":
            cell.append(d.soft(mark))
        else:
            cell.insert(0, d.text(mark))

    case.blocks(change)


SIGN_ON_PAGE = r'<td[^>]*><data [^>]*title="non publié"[^>]*>n\.p\.</data></td>'
SIGN_CHANGES: dict[str, tuple[str, str]] = {
    "another text": (">n.p.</data>", ">{}</data>"),
    "a mark after": ("</data>", "</data>{mark}"),
    "a raised mark": ("</data>", "</data><sup>{mark}</sup>"),
    "words after": ("</data>", "</data> (complément)"),
    "a letter before": ("<data ", "c <data "),
    "another tooltip": ('title="non publié"', 'title="non publié : trop petit"'),
    "no tooltip": (' title="non publié"', ""),
    "another class": ('class="sign"', 'class="sign second"'),
    "a style": ("<data ", '<data style="color:red" '),
    "an attribute": ("<data ", '<data data-rule="complement" '),
    "an id": ("<data ", '<data id="second" '),
    "a value": ('value=""', 'value="3"'),
    "the sign of what was not received": (">n.p.</data>", ">n.d.</data>"),
    "no key": ("<data ", "<i "),
    "a second element": ("</data>", "</data><data value=\"\" data-key=\"{key}\" class=\"sign\" title=\"non publié\">n.p.*</data>"),
}  # fmt: skip


def signs_on_the_page(case: Case, way: str) -> None:
    old, new = SIGN_CHANGES[way]
    page, found = case.report.page, list(re.finditer(SIGN_ON_PAGE, case.report.page))
    chosen = case.rng.choice(found)
    mark, sign = case.rng.choice("*†‡…°ᵃ¹"), case.rng.choice([s for s in OTHER_SIGNS if s[0] != "<"])
    changed = chosen[0].replace(
        old, new.replace("{mark}", mark).replace("{}", sign).replace("{key}", case.report.some(shown=False).address), 1
    )
    assert changed != chosen[0]
    case.page(page[: chosen.start()] + changed + page[chosen.end() :] if case.leak else page)


def signs_in_file(case: Case, kind: str) -> None:
    signs = [s for s in OTHER_SIGNS if kind != "pdf" or s not in WORDS_ONLY]
    sign = case.rng.choice(signs)

    def change(document: dict) -> None:
        if case.leak:
            case.rng.choice(_sign_runs(document["blocks"], behind=kind == "xlsx"))[0]["display"] = sign

    case.other(kind, change)


# ---- the kinds ---------------------------------------------------------------------------------------------------


def _sentence_plants() -> list[tuple[str, Callable[[Case], None]]]:
    """Every place in every file where a sentence may be planted."""
    out: list[tuple[str, Callable[[Case], None]]] = []
    for name, plant in IN_BLOCKS.items():
        out.append(
            (f"blocks: {name}", lambda c, plant=plant: (lambda said: c.blocks(lambda b: plant(c, b, said)))(c.said()))
        )
    for kind in ("table", "figure"):
        out.append((f"blocks: the number of a {kind}", lambda c, kind=kind: numbered(c, kind)))
    for name in ON_THE_PAGE:
        out.append((f"page: {name}", lambda c, name=name: on_the_page(c, name)))
    for name in OFF_THE_PAGE:
        out.append((f"page: {name}", lambda c, name=name: off_the_page(c, name)))
    for kind in ("pdf", "docx", "xlsx"):
        # A workbook prints tables only, and a PDF or Word file no label of a sheet.
        names = [
            n
            for n in IN_BLOCKS
            if kind != "xlsx"
            or n in ("the cover", "the lede", "the title of a table", "a column", "a note of a table", "a first cell")
        ]
        out += [
            (f"{kind}: {name}", lambda c, kind=kind, name=name: in_file(c, kind, name))
            for name in names
            if (kind, name) != ("docx", "an alternative text")
        ]
    for name, plant in IN_OBJECTS.items():
        out.append(
            (
                f"pdf objects: {name}",
                lambda c, plant=plant: (lambda s: c.objects(lambda f: plant(f, s, c.number)))(c.said()),
            )
        )
    out.append(("pdf: a remark of the source", lambda c: appended(c, c.said())))
    for kind, plants in (("docx", IN_WORD), ("xlsx", IN_SHEETS)):
        for name, plant in plants.items():
            out.append(
                (
                    f"{kind} parts: {name}",
                    lambda c, kind=kind, plant=plant: (lambda s: c.parts(kind, lambda p: plant(c, p, s)))(
                        c.said(words=True)
                    ),
                )
            )
    return out


def in_file(case: Case, kind: str, name: str) -> None:
    said = case.said(words=True)
    case.other(kind, lambda document: IN_BLOCKS[name](case, document["blocks"], said))


KINDS: dict[str, tuple[tuple[str, ...], list[tuple[str, Callable[[Case], None]]]]] = {
    "a total in prose": (TOTALS, _sentence_plants()),
    "a count of hidden cells": (COUNTS, _sentence_plants()),
    "a chart from raw rows": (
        TOTALS,
        [(f"blocks: {way}", lambda c, way=way: chart_in_blocks(c, way)) for way in CHARTS]
        + [(f"page: {way}", lambda c, way=way: chart_on_the_page(c, way)) for way in CHARTS]
        + [(kind, lambda c, kind=kind: chart_in_file(c, kind)) for kind in ("pdf", "docx") for _ in range(5)]
        + [(f"behind: {way}", lambda c, way=way: table_behind(c, way)) for way in ("text", "hidden", "key", "value", "words")],
    ),
    "a hidden sheet": (
        TOTALS,
        [(name, lambda c, plant=plant: (lambda s: c.parts("xlsx", lambda p: plant(c, p, s)))(c.said())) for name, plant in HIDDEN_SHEETS.items()],
    ),
    "two signs": (
        TOTALS,
        [(f"blocks: {way}", lambda c, way=way: signs_in_blocks(c, way)) for way in ("display", "text", "value", "received", "after", "before")]
        + [(f"page: {way}", lambda c, way=way: signs_on_the_page(c, way)) for way in SIGN_CHANGES]
        + [(kind, lambda c, kind=kind: signs_in_file(c, kind)) for kind in ("pdf", "docx", "xlsx") for _ in range(5)],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def reports(tmp_path_factory) -> Callable[[int], Report]:
    """Random reports, rendered when they are first asked for."""
    made: dict[int, Report] = {}

    def report(seed: int) -> Report:
        if seed not in made:
            made[seed] = Report(seed, tmp_path_factory.mktemp(f"report{seed}"))
        return made[seed]

    return report


def check(kind: str, seed: int, reports: Callable[[int], Report], folder: Path) -> None:
    """One leak of a kind is refused, and its clean twin passes. Each way to plant takes its turn, in another order."""
    sentences, plants = KINDS[kind]
    turns = random.Random(kind).sample(range(len(plants)), len(plants))
    name, plant = plants[turns[seed % len(plants)]]
    for leak in (True, False):
        case = Case(reports(seed % REPORTS), random.Random(f"{kind} {seed}"), folder, leak, sentences)
        if leak:
            with pytest.raises((DisclosureRefused, BuildFailed)):
                plant(case)
                print(f"NOT FOUND {kind} {seed}: {name}")
        else:
            plant(case)


def with_words(value: object, rng: random.Random, name: str = "") -> object:
    """A document with a number in words, or a mark, in each of its texts."""
    if isinstance(value, dict):
        return {k: v if k in NO_TEXTS else with_words(v, rng, k) for k, v in value.items()}
    if isinstance(value, list):
        return [with_words(inner, rng, name) for inner in value]
    if not isinstance(value, str) or not value.strip():
        return value
    words = value.split(" ")
    words.insert(
        rng.randrange(len(words) + 1),
        rng.choice(("vingt-deux", "quatorze", "deux*", "mille…", "dix-sept", "cinquante")),
    )
    return " ".join(words)


NO_TEXTS = (
    "kind", "t", "key", "value", "display", "status", "href", "align", "style", "name", "lang", "svg", "svg_narrow", "hxl",
    "fixed_date", "schema", "page", "org", "header",
)  # fmt: skip


@pytest.mark.parametrize("seed", EVERY_DAY)
def test_words_and_marks_that_a_document_says_are_no_leak_in_its_files(seed, tmp_path):
    """People may write « dix-sept » anywhere, and a PDF may break it over two lines."""
    said = with_words(documents.sample(), random.Random(seed))
    document = {**said, "cite": "", "caveat": "Les cinq* régions."}
    for kind, renderer in (("pdf", pdf), ("xlsx", xlsx), ("docx", docx)):
        renderer.render(document, tmp_path / f"a.{kind}")
        getattr(artefacts, f"check_{kind}")(tmp_path / f"a.{kind}", document)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", EVERY_DAY)
def test_every_leak_planted_in_a_file_is_found_and_its_clean_twin_passes(kind, seed, reports, tmp_path):
    check(kind, seed, reports, tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_leaks_planted_in_files_are_found_and_no_clean_twin_is_refused(kind, reports, tmp_path):
    for seed in EVERY:
        check(kind, seed, reports, tmp_path)
