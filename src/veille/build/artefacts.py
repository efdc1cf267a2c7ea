"""The numbers of every file of a report: PDF, workbook, Word file (architecture, decision 5).

The document model is checked first: each of its digits is a registered number, a constant, a tick of a drawing, or
matches the grammar of `digits.py`. Each file is then read back from its bytes and must say what the model says: the
same digits and signs in the same order, and none elsewhere (properties, alternative texts, hidden parts).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

from ..digits import IN_WORDS, MARKS, in_words, stray
from ..disclosure.safe import SafeTables
from ..errors import BuildFailed, DisclosureRefused
from ..formats import HIDDEN, NOT_RECEIVED
from ..published import TREND_MONTHS
from ..render import pdf, xlsx, zips
from ..render.document import Block, Runs, numbers_in, plain, runs_of
from ..render.html import NOTHING
from ..schemas.numbers import PRINTED
from ..texts import Texts
from . import numbers

MODEL, PDF, XLSX, DOCX = "Document", "PDF", "Classeur (XLSX)", "Fichier Word (DOCX)"


def _refuse(artefact: str, where: str) -> None:
    raise DisclosureRefused(
        f"{artefact}, {where} : un nombre n’est pas du registre, ou pas à sa place.",
        "Aucun fichier n’a été remplacé ; signalez ce message.",
    )


def _foreign(artefact: str, what: str) -> None:
    raise DisclosureRefused(
        f"{artefact} : {what} n’a pas sa place dans un bulletin.",
        "Aucun fichier n’a été remplacé ; signalez ce message.",
    )


# ---- what is compared ---------------------------------------------------------------------------------------

_SIGNS = "|".join(re.escape(sign) for sign in sorted({*HIDDEN.values(), *NOT_RECEIVED.values()}))
_FIGURES = re.compile(rf"{_SIGNS}|{IN_WORDS}|{MARKS}|(?<=\d)[.,](?=\d)|[%‰<>≤≥−+]|[^\W_A-Za-zÀ-ÖØ-öø-ÿ]", re.IGNORECASE)
# Where a PDF breaks a word over two lines, readers do not tell a hyphen of its own from one of the line: "dix-sept".
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad\ufffe](?=[^\W\d_])")


def figures_of(text: str) -> list[str]:
    """The digits of a text one by one, with decimal marks, percents, comparisons, the signs for what is not shown, marks,
    and the numbers written in words.

    Spaces are left out: no reader of PDFs agrees with another about them.
    """
    found = _FIGURES.findall(_HYPHEN.sub("", text))
    return [f.casefold() for f in found if len(f) > 1 or f.isnumeric() or not f.isalpha() or in_words(f)]


@dataclass(frozen=True)
class Piece:
    """A stretch of what a file prints, in reading order."""

    text: str
    drawn: bool = False  # a drawing: its labels have no reading order
    repeats: tuple[str, ...] = ()  # what a page may begin with when this stretch runs over to it


def _tables_words(block: Block, labels: dict, paper: bool) -> Iterator[Piece]:
    title = plain(block["title"])
    caption = f"{labels['table']} {block['number']}. {title}" if block.get("number") else title
    heads = " ".join(column["label"] for column in block["columns"])
    groups = [plain(row["cells"][0]) for row in block["rows"] if row["kind"] == "group"]
    again = tuple(dict.fromkeys([heads, *(f"{heads} {group}" for group in groups)]))
    notes = [Piece(plain(note)) for note in block["notes"]]
    notes_first = paper and pdf.is_long(block)
    yield Piece(caption)
    if notes_first:
        yield from notes
    yield Piece(heads)
    for row in block["rows"]:
        cells = row["cells"][:1] if row["kind"] == "group" else row["cells"]
        yield Piece(" ".join(plain(cell) for cell in cells), repeats=again)
    if not notes_first:
        yield from notes


def _printed(block: Block, labels: dict, paper: bool) -> Iterator[Piece]:
    """What the PDF (`paper`) or the Word file prints of a block."""
    kind = block["kind"]
    if kind == "heading":
        yield Piece(block["text"])
    elif kind == "cover":
        yield Piece(f"{block['title']} {block['subtitle']}")
        yield from (Piece(plain(line)) for line in [*block["meta"], block["lede"]])
    elif kind == "contents":
        if paper and block["items"]:
            yield Piece(labels["contents"])
            yield from (Piece(f"{item['text']} {item['page']}") for item in block["items"])
    elif kind == "list":
        for i, item in enumerate(block["items"], start=1):
            yield Piece(f"{i}. {plain(item)}" if paper and block["ordered"] else plain(item))
    elif kind == "table":
        yield from _tables_words(block, labels, paper)
    elif kind == "figure":
        yield Piece(f"{labels['figure']} {block['number']}. {plain(block['title'])} {plain(block['subtitle'])}")
        if paper:
            yield Piece(" ".join(drawn_texts(block["svg"])), drawn=True)
        yield from (Piece(plain(note)) for note in block["notes"])
        for table in (block.get("beside"), block.get("table") if block.get("table_in_pdf") else None):
            if table:
                yield from _tables_words(table, labels, paper)
    elif kind == "note":
        yield Piece(block["title"])
        for inner in block["blocks"]:
            yield from _printed(inner, labels, paper)
    else:
        yield from (Piece(plain(runs)) for runs in runs_of(block))


def printed(document: dict, *, paper: bool) -> list[Piece]:
    """All that the PDF (`paper`) or the Word file prints between headers and footers, in reading order."""
    labels = pdf.LABELS.get(document["lang"], pdf.LABELS["fr"])
    out = [piece for block in document["blocks"] for piece in _printed(block, labels, paper)]
    if paper and not any(block["kind"] == "cover" for block in document["blocks"]):
        out.insert(0, Piece(f"{document['title']} {document['subtitle']}"))
    return out


def drawn_texts(svg: str) -> list[str]:
    """The labels of a drawing."""
    return ["".join(element.itertext()) for element in ElementTree.fromstring(svg).iter() if _name(element) == "text"]


def _letters(text: str) -> str:
    """All of a text but its spaces."""
    return "".join(text.split())


def _page_that_differs(pages: list[list[str]], pieces: list[Piece]) -> int | None:
    """The first page whose digits are not those of the pieces, counted from 1; None when all agree."""
    wanted: list[str] = []
    drawn: list[tuple[int, int]] = []
    again: list[tuple[int, int, list[list[str]]]] = []
    for piece in pieces:
        start = len(wanted)
        wanted += figures_of(piece.text)
        if piece.drawn:
            drawn.append((start, len(wanted)))
        if piece.repeats:
            again.append((start, len(wanted), [figures_of(text) for text in piece.repeats]))

    def agree(got: list[str], start: int) -> bool:
        expected = wanted[start : start + len(got)]
        for first, last in drawn:
            a, b = first - start, last - start
            if a >= 0 and b <= len(got):
                expected[a:b], got = sorted(expected[a:b]), [*got[:a], *sorted(got[a:b]), *got[b:]]
        return got == expected

    reached = 0

    def fits(i: int, start: int) -> bool:
        nonlocal reached
        reached = max(reached, i)
        if i == len(pages):
            return start == len(wanted)
        headings = [head for first, last, heads in again if first <= start <= last for head in heads if head]
        for head in [[], *headings] if i else [[]]:
            rest = pages[i][len(head) :]
            if pages[i][: len(head)] == head and agree(rest, start) and fits(i + 1, start + len(rest)):
                return True
        return False

    return None if fits(0, 0) else min(reached + 1, len(pages))


# ---- what a document says, in one piece ------------------------------------------------------------------------


def _one(text: str) -> str:
    return " ".join(text.split())


@dataclass
class Said:
    """Every line that a document says, and its links: what titles, properties and alternative texts may repeat."""

    lines: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)

    def is_strange(self, text: str | None) -> bool:
        """Whether a text has a number and is none of the lines, nor the beginning of one that was cut."""
        text = _one(text or "")
        if not text or text in self.lines or not (stray(text) or in_words(text)):
            return False
        return not (len(text) > 90 and any(line.startswith(text) for line in self.lines))


def _all_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        if block["kind"] == "note":
            yield from _all_blocks(block["blocks"])
        if block["kind"] == "figure":
            yield from (block[name] for name in ("table", "beside") if block.get(name))


def _words_of(block: Block) -> list[str]:
    """The texts of a block that are no runs."""
    words = [block.get("text"), block.get("org"), block.get("title"), block.get("subtitle")]
    words = [word for word in words if isinstance(word, str)] + list(block.get("chips") or [])
    words += [item["text"] for item in block["items"]] if block["kind"] == "contents" else []
    for column in block.get("columns") or []:
        words += [column["label"], re.sub(r"^#adm[1-5]\b", "", column["hxl"] or "")]
    return words


def _links(runs: Runs) -> Iterator[str]:
    for run in runs:
        if run["t"] == "link":
            yield run["href"]
        yield from _links(run.get("runs") or [])


TEXTS = ("title", "subtitle", "org", "header", "footer", "caveat", "cite")


def said(document: dict) -> Said:
    """What a document says."""
    out = Said()
    lines = [document.get(name, "") for name in TEXTS]
    chips = " · ".join(document["chips"])
    lines += [*document["chips"], chips, pdf.full_title(document), f"{document['subtitle']} · {chips}"]
    for block in _all_blocks(document["blocks"]):
        words = _words_of(block)
        lines += words
        if block["kind"] == "cover":
            lines.append(f"{block['title']}{block['subtitle']}")  # the bookmark of a title of two lines
        for runs in runs_of(block):
            lines.append(plain(runs))
            out.links |= set(_links(runs))
        if block["kind"] == "figure":
            lines.append(pdf.alt_text(block))
    lines += [title for title, _ in xlsx.tables_of(document)]
    out.lines = {_one(line) for line in lines}
    return out


# ---- the model ------------------------------------------------------------------------------------------------


def _outside_numbers(runs: Runs, known: dict[str, str]) -> str:
    """The text of runs without its registered numbers and constants."""
    out = []
    for run in runs:
        if run["t"] == "text":
            out.append(run["s"])
        elif run["t"] in ("num", "const"):
            if run["t"] == "const" and known.get(run["name"]) != run["s"]:
                _refuse(MODEL, f"constante {run['name']}")
            out.append("\u241f")  # digits on both sides do not join
        else:
            out.append(_outside_numbers(run["runs"], known))
    return "".join(out)


def check_model(document: dict, found: numbers.Register, safe: SafeTables, text: Texts | None = None) -> None:
    """Raise DisclosureRefused unless every digit of the document is registered, a constant, a tick, or grammar.

    The registered numbers themselves were checked by `numbers.register`.
    """
    known = numbers.constants(safe, text)
    _check_order(document["blocks"])
    for name in TEXTS:
        if stray(document.get(name, "")):
            _refuse(MODEL, name)
    for word in document["chips"]:
        if stray(word):
            _refuse(MODEL, "mentions de la couverture")
    for block in _all_blocks(document["blocks"]):
        kind = block["kind"]
        if any(stray(word) for word in _words_of(block)):
            _refuse(MODEL, f"titre ou colonne ({kind})")
        if any(stray(_outside_numbers(runs, known)) for runs in runs_of(block)):
            _refuse(MODEL, f"texte ({kind})")
        if kind == "table":
            _check_cells(block)
        name = re.sub(rf"(?<!\d){TREND_MONTHS}_mois|[345]w", "", block.get("name") or "")
        if any(c.isnumeric() for c in name):
            _refuse(MODEL, f"nom ({kind})")
        for svg in [block["svg"], block.get("svg_narrow")] if kind == "figure" else []:
            if svg:
                _check_drawing(svg, block["number"], found, known, document["lang"])


_GAPS = 3


def _check_order(blocks: list[Block]) -> None:
    """Figures and tables are numbered in reading order, and lines of the table of contents by their page: no count there.

    A notebook that makes a table and does not show it leaves a gap, which is no leak.
    """
    for kind in ("figure", "table"):
        given = [b["number"] for b in _all_blocks(blocks) if b["kind"] == kind and b.get("number") is not None]
        if given != sorted(set(given)) or (given and given[-1] > len(given) + _GAPS):
            _refuse(MODEL, f"numéro ({kind})")
    pages = [item["page"] for b in blocks if b["kind"] == "contents" for item in b["items"] if item["page"]]
    if not all(page.isdecimal() for page in pages) or [int(page) for page in pages] != sorted(map(int, pages)):
        _refuse(MODEL, "sommaire")


def _check_cells(table: Block) -> None:
    """A number that is not published has its sign and nothing beside it; no other sign stands in a column of numbers."""
    for row in table["rows"]:
        for column, cell in zip(table["columns"], row["cells"], strict=False):
            registered = list(numbers_in(cell))
            if any(number["display"] == HIDDEN for number in registered) and len(cell) > 1:
                _refuse(MODEL, f"signe d’une cellule ({table['name']})")
            said = plain(cell).strip()
            is_sign = sum(c.isalpha() for c in said) < 3 or in_words(said)
            if column["align"] == "right" and not registered and said not in ("", NOTHING) and is_sign:
                _refuse(MODEL, f"signe d’une cellule ({table['name']})")


def _check_drawing(svg: str, number: int, found: numbers.Register, known: dict[str, str], lang: str) -> None:
    walker = numbers.Walker(found, known, numbers.Known(set(numbers.strings({"svg": svg}))), lang)
    walker.feed(svg)
    walker.close()
    if walker.problems or any(stray(line) for line in "".join(walker.text).split("\n")):
        _refuse(MODEL, f"dessin de la figure {number}")


# ---- PDF ------------------------------------------------------------------------------------------------------

_STREAM = re.compile(rb"stream\r?\n.*?endstream", re.S)
_STRING = re.compile(rb"\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\([^()]*\))*\))*)\)|(?<!<)<([0-9A-Fa-f\s]*)>(?!>)", re.S)
_ESCAPE = re.compile(rb"\\(\d{1,3}|\r?\n|.)", re.S)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
# Where links lead, ids of header cells, dates of the file, the program: written by Typst, not by the document.
_BY_TYPST = re.compile(r"(?:[^\W\d]+, )?page \d{1,3}|U\d+x\d+y\d+|D:\d{14}(?:Z|[+-]\d\d'\d\d'?)?|Typst \d+(?:\.\d+)*")
_XMP = re.compile(rb"<\?xpacket begin.*?<\?xpacket end[^>]*>", re.S)
_XMP_BY_TYPST = {
    "CreatorTool",
    "Producer",
    "ModifyDate",
    "CreateDate",
    "part",
    "NPages",
    "InstanceID",
    "DocumentID",
    "PDFVersion",
}


# The names of what Typst writes, and of what drawings may ask of it; any other may keep a number: private data, layers,
# labels of pages, streams that nothing shows.
_PDF_NAMES = frozenset(
    "A Action Alt Annot Annots Art Ascent Author BBox BM BaseFont BitsPerComponent BitsPerSample Block BlockQuote Border BorderColor "
    "BorderStyle BorderThickness Bounds C0 C1 CA CFF CIDFontType0 CIDFontType0C CIDFontType2 CIDSet CIDSystemInfo CIDToGIDMap CMap CS "
    "CapHeight Caption Catalog Circle Code ColSpan ColorSpace Column Contents Coords Count CreationDate Creator CropBox DW DW2 Datetime "
    "Decimal Decode DecodeParms DescendantFonts Descent Dest Device DeviceCMYK DeviceGray DeviceRGB Direction Disc DisplayDocTitle Div "
    "Document Domain Em Encode Encoding ExtGState Extend F Figure Filter First Flags FlateDecode Font FontBBox FontDescriptor FontFile "
    "FontFile2 FontFile3 FontName Form Formula Function FunctionType Functions G Group H H1 H2 H3 H4 H5 H6 Headers Height I ICCBased ID "
    "IDTree Identity Identity-H Image ImageB ImageC ImageI ImageMask Index Info Interpolate ItalicAngle K Kids L L2R LBody LI LZWDecode "
    "Lang Last Layout Lbl Length Limits LineHeight Link List ListNumbering LowerRoman Luminosity MCID MCR MarkInfo Marked Matrix "
    "MediaBox Metadata ModDate MissingWidth N NS Names Namespace Namespaces Next NonStruct None Normal Note NumberFormat Nums O OBJR Obj "
    "Ordering Outlines P PDF Page Pages PaintType Parent ParentTree ParentTreeNextKey Part Pattern PatternType Pg Placement Predictor "
    "Prev ProcSet Producer QuadPoints Quote R Range Rect Reference Registry Resources RoleMap Root Rotate Row RowSpan S SMask Scope Sect Shading "
    "ShadingType Size Solid Span Square StemV Strong StructElem StructParent StructParents StructTreeRoot Subtype Supplement Suspects T "
    "TBody TD TFoot TH THead TOC TOCI TR Table Tabs Terms Text TextDecorationColor TextDecorationThickness TextDecorationType "
    "TilingType Title ToUnicode Transparency Trapped Type Type0 Type1C URI Underline UpperRoman V ViewerPreferences W W2 WMode Width "
    "WritingMode XML XObject XStep XYZ YStep ca sRGB".split()
)
_PDF_NAME = re.compile(rb"/([^\s/<>\[\](){}%]*)")
_PDF_RESOURCE = re.compile(r"[A-Z]{6}\+[\w-]+|[a-zA-Z]{1,2}\d{1,4}")  # fonts, colours, patterns: named by Typst
_TRAILER = re.compile(rb"trailer\s*<<.*>>\s*startxref\s+\d+\s+%%EOF\s*", re.S)
_SPOKEN_IN_PAGE = re.compile(rb"/(?:ActualText|Alt|E)\s*[(<].{0,4000}?BDC", re.S)


def _check_names(raw: bytes) -> None:
    """A PDF has the objects that Typst writes and no other; nothing stands between them, nor after them."""
    end = raw.rfind(b"trailer")
    if end < 0 or not _TRAILER.fullmatch(raw[end:]):
        _foreign(PDF, "ce qui suit la fin du fichier")
    bare = _STRING.sub(b" ", _STREAM.sub(b" ", raw))
    for name in set(_PDF_NAME.findall(bare)):
        known = name.decode("latin-1")
        if known not in _PDF_NAMES and not _PDF_RESOURCE.fullmatch(known):
            _foreign(PDF, "un objet de plus")
    remarks = re.findall(rb"%[^\r\n]*", bare)[2:-1]  # the head of a PDF is two of them, its end is one
    if any(c in b"0123456789" for remark in remarks for c in remark):
        _foreign(PDF, "une remarque")


def _check_spoken_in_pages(raw: bytes) -> None:
    """No page has a number that is read aloud in place of what it shows (Typst does so for hyphens)."""
    for stream in _STREAM.findall(raw):
        content = stream.partition(b"\n")[2]
        try:
            content = zlib.decompressobj().decompress(content)
        except zlib.error:
            pass  # written as it is
        for found in _SPOKEN_IN_PAGE.findall(content):
            if any(stray(text) or in_words(text) for text in _strings(found)):
                _foreign(PDF, "un texte lu à la place d’un autre")


def _unescaped(found: re.Match) -> bytes:
    code = found[1]
    if code.isdigit():
        return bytes([int(code, 8) & 255])
    return b"" if code.endswith(b"\n") else _ESCAPED.get(code, code)


def _strings(objects: bytes) -> Iterator[str]:
    """Every string of a PDF's objects: titles, alternative texts, bookmarks, notes, names."""
    for literal, hexadecimal in _STRING.findall(objects):
        if hexadecimal:
            digits = bytes(hexadecimal.translate(None, b" \r\n\t"))
            data = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
        else:
            data = _ESCAPE.sub(_unescaped, literal)
        if data[:2] == b"\xfe\xff":
            yield data[2:].decode("utf-16-be", "replace")
        elif data[:3] == b"\xef\xbb\xbf":
            yield data[3:].decode("utf-8", "replace")
        else:
            yield data.decode("latin-1")


def check_pdf(path: Path, document: dict) -> None:
    """Raise DisclosureRefused unless a PDF prints the document's digits, page by page, and has none elsewhere."""
    import pypdfium2

    raw = path.read_bytes()
    objects = _STREAM.sub(b" ", raw[: raw.rfind(b"trailer")])  # after it: two ids of bytes
    # Objects that cannot be read here, or that no report has.
    for mark, what in (
        (b"/ObjStm", "un objet comprimé"),
        (b"/EmbeddedFile", "un fichier joint"),
        (b"/Filespec", "un fichier joint"),
        (b"/FileAttachment", "un fichier joint"),
        (b"/JavaScript", "un script"),
        (b"/AcroForm", "un formulaire"),
    ):
        if mark in objects:
            _foreign(PDF, what)
    if re.search(rb"/Subtype\s*/Image", objects) and not any("<image" in b.get("svg", "") for b in document["blocks"]):
        _foreign(PDF, "une image")
    said_there = said(document)
    for text in _strings(objects):
        if text not in said_there.links and said_there.is_strange(_BY_TYPST.sub(" ", text)):
            _refuse(PDF, "propriétés ou textes de remplacement")
    for packet in _XMP.findall(raw):
        for element in ElementTree.fromstring(packet).iter():
            if _name(element) not in _XMP_BY_TYPST and said_there.is_strange(element.text):
                _refuse(PDF, "propriétés")
    file = pypdfium2.PdfDocument(raw)
    try:
        if file.count_attachments():
            _foreign(PDF, "un fichier joint")
        texts = [page.get_textpage().get_text_range() for page in file]
    finally:
        file.close()
    _check_names(raw)
    _check_spoken_in_pages(raw)
    head = figures_of(f"{document['header'] or document['org']} {' '.join(document['chips'])}")
    pages = []
    for i, text in enumerate(texts, start=1):
        page = figures_of(text)
        foot = figures_of(f"{document['footer']} {i} / {len(texts)} {document.get('caveat') or ''}")
        if len(page) < len(head) + len(foot) or page[: len(head)] != head or page[-len(foot) :] != foot:
            _refuse(PDF, f"page {i}, en-tête ou pied")
        pages.append(page[len(head) : -len(foot)])
    wrong = _page_that_differs(pages, printed(document, paper=True))
    if wrong:
        _refuse(PDF, f"page {wrong}")


# ---- office files: what they share -------------------------------------------------------------------------------


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _parts(path: Path, artefact: str, known: re.Pattern) -> dict[str, bytes]:
    """The parts of an office file; one that no report has is refused: comments, attachments, custom properties."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        for name in names:
            if not known.fullmatch(name):
                kind = re.sub(r"\d+", "", name.rpartition("/")[2]) or "sans nom"
                _foreign(artefact, f"la partie {kind}")
        if len(set(names)) != len(names):
            _foreign(artefact, "une partie en double")
        if zips.normalised(path.read_bytes()) != path.read_bytes():
            _foreign(artefact, "un commentaire d’archive")  # or dates, or bytes between two parts
        parts = {name: archive.read(name) for name in names}
    for name in [name for name in names if name.endswith((".xml", ".rels"))]:
        # What a reader of XML passes over: comments, instructions, declarations, text between two elements.
        if b"<!" in parts[name] or parts[name].count(b"<?") > 1:
            _foreign(artefact, "un commentaire")
        if any((element.tail or "").strip() for element in ElementTree.fromstring(parts[name]).iter()):
            _foreign(artefact, "un texte hors de sa place")
    return parts


# What office programs count and number by themselves.
_PROPERTIES_BY_PROGRAM = {
    "TotalTime", "Pages", "Words", "Characters", "DocSecurity", "Lines", "Paragraphs", "CharactersWithSpaces",
    "AppVersion", "revision", "i4",
}  # fmt: skip
_MIDNIGHT = "T00:00:00Z"


def _check_properties(artefact: str, parts: dict[str, bytes], allowed: Callable[[str], bool]) -> None:
    for name in [name for name in parts if name.startswith("docProps/")]:
        for element in ElementTree.fromstring(parts[name]).iter():
            text = (element.text or "").removesuffix(_MIDNIGHT)
            if _name(element) not in _PROPERTIES_BY_PROGRAM and not allowed(text):
                _refuse(artefact, "propriétés")


def _check_links(artefact: str, parts: dict[str, bytes], links: set[str]) -> None:
    """What a file points to outside itself: links of the document, and nothing else."""
    for name in [name for name in parts if name.endswith(".rels")]:
        for relation in ElementTree.fromstring(parts[name]):
            if relation.get("TargetMode") == "External" and relation.get("Target") not in links:
                _foreign(artefact, "un lien")


# ---- Word file ------------------------------------------------------------------------------------------------------

_DOCX_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core)\.xml|word/_rels/document\.xml\.rels"
    r"|word/(?:document|fontTable|footer1|header1|numbering|settings|styles|webSettings|theme/theme1)\.xml"
    r"|word/media/image\d+\.png"
)
_SPOKEN = {"descr", "title", "author", "instr", "name", "tooltip", "anchor", "history", "docLocation"}
# Names of pictures are written by python-docx.
_NAMED_BY_PROGRAM = {"cNvPr": re.compile(r"image\d*\.png")}
# What our Word files are made of. Anything else (deleted text, notes, boxes, fields) may keep a number.
_WORD_ELEMENTS = frozenset(
    "document body hdr ftr p pPr pStyle pBdr top left bottom right keepNext spacing jc ind numPr ilvl numId r rPr rStyle b i "
    "color sz t tab br hyperlink fldSimple tbl tblPr tblStyle tblW tblBorders tblLook tblGrid gridCol tr trPr cantSplit "
    "tblHeader tc tcPr tcW gridSpan tcBorders shd sectPr headerReference footerReference pgSz pgMar cols docGrid "
    "drawing inline extent docPr cNvGraphicFramePr graphicFrameLocks graphic graphicData pic nvPicPr cNvPr cNvPicPr blipFill "
    "blip stretch fillRect spPr xfrm off ext prstGeom".split()
)
# Written by python-docx, the same in every report of a language.
_SAME_PARTS = (
    "docProps/app.xml", "word/fontTable.xml", "word/settings.xml", "word/styles.xml", "word/theme/theme1.xml",
    "word/webSettings.xml",
)  # fmt: skip
_ORDERED_LISTS = {"num", "abstractNumId", "lvlOverride"}  # one more for each


@cache
def _empty_word_file(lang: str) -> dict[str, bytes]:
    """The parts of a Word file that says nothing."""
    from ..render import docx

    words = dict.fromkeys((*TEXTS, "org"), "")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.docx"
        docx.render({**words, "lang": lang, "chips": [], "blocks": [], "fixed_date": "2000-01-01"}, path)
        return _parts(path, DOCX, _DOCX_PARTS)


def _shapes_of_lists(part: bytes) -> set[tuple]:
    """How lists are numbered. Each ordered list begins again at 1."""
    elements = ElementTree.fromstring(part).iter()
    found = {(_name(e), *sorted(e.attrib.values())) for e in elements if _name(e) not in _ORDERED_LISTS}
    return found - {("startOverride", "1")}


def _check_pictures(parts: dict[str, bytes], document: dict) -> None:
    """Each picture is the drawing of its figure, and there is no other."""
    from ..render import docx

    links = {r.get("Id"): r.get("Target") for r in ElementTree.fromstring(parts["word/_rels/document.xml.rels"])}
    blips = [e for e in ElementTree.fromstring(parts["word/document.xml"]).iter() if _name(e) == "blip"]
    shown = [links.get(value) for e in blips for key, value in e.attrib.items() if key.endswith("}embed")]
    drawn = [docx.picture(block)[0] for block in document["blocks"] if block["kind"] == "figure"]
    if [parts.get(f"word/{name}") for name in shown] != drawn:
        _foreign(DOCX, "une image")
    if {name for name in parts if name.startswith("word/media/")} != {f"word/{name}" for name in shown}:
        _foreign(DOCX, "une image")


def _word_text(part: bytes) -> str:
    """All the text of a part of a Word file, hidden and deleted text too."""
    out = []
    for element in ElementTree.fromstring(part).iter():
        name = _name(element)
        if name in ("p", "tab", "br", "tc"):
            out.append(" ")
        out.append(element.text or "")
    return "".join(out)


def check_docx(path: Path, document: dict) -> None:
    """Raise DisclosureRefused unless a Word file prints the document's digits in order, and has none elsewhere."""
    parts = _parts(path, DOCX, _DOCX_PARTS)
    said_there = said(document)

    def allowed(text: str) -> bool:
        return not said_there.is_strange(text)

    _check_properties(DOCX, {"docProps/core.xml": parts["docProps/core.xml"]}, allowed)
    _check_links(DOCX, parts, said_there.links)
    empty = _empty_word_file(document["lang"])
    for name in _SAME_PARTS:
        if parts[name] != empty[name]:
            _refuse(DOCX, "réglages")
    if not _shapes_of_lists(parts["word/numbering.xml"]) <= _shapes_of_lists(empty["word/numbering.xml"]):
        _refuse(DOCX, "réglages")
    _check_pictures(parts, document)
    for name in ("document", "header1", "footer1"):
        for element in ElementTree.fromstring(parts[f"word/{name}.xml"]).iter():
            kind = _name(element)
            if kind not in _WORD_ELEMENTS:
                _foreign(DOCX, f"l’élément {kind}")
            by_program = _NAMED_BY_PROGRAM.get(kind)
            for key, value in element.attrib.items():
                if key.rpartition("}")[2] in _SPOKEN and not (by_program and by_program.fullmatch(value)):
                    if not allowed(value):
                        _refuse(DOCX, "texte de remplacement ou champ")
    chips = " · ".join(document["chips"]).upper()
    for name, text, where in (
        ("header1", f"{document['header'] or document['org']} {chips}", "en-tête"),
        ("footer1", f"{document['footer']} 1 / 1 {document.get('caveat') or ''}", "pied de page"),
    ):
        if _letters(_word_text(parts[f"word/{name}.xml"])) != _letters(pdf.one_line(text)):
            _refuse(DOCX, where)
    wanted = [piece.text for piece in printed(document, paper=False)]
    if _letters(_word_text(parts["word/document.xml"])) != _letters(pdf.one_line("".join(wanted))):
        _refuse(DOCX, "texte")


# ---- workbook -------------------------------------------------------------------------------------------------------

_XLSX_PARTS = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|docProps/(?:app|core)\.xml|xl/_rels/workbook\.xml\.rels"
    r"|xl/(?:sharedStrings|styles|workbook|theme/theme1)\.xml|xl/worksheets/sheet\d+\.xml"
)
_WORKBOOK_ELEMENTS = {
    "workbook", "fileVersion", "workbookPr", "bookViews", "workbookView", "sheets", "sheet", "definedNames",
    "definedName", "calcPr",
}  # fmt: skip
_SHEET_ELEMENTS = {
    "worksheet", "sheetPr", "pageSetUpPr", "dimension", "sheetViews", "sheetView", "pane", "selection",
    "sheetFormatPr", "cols", "col", "sheetData", "row", "c", "v", "mergeCells", "mergeCell", "hyperlinks",
    "hyperlink", "pageMargins", "pageSetup", "headerFooter", "oddHeader", "oddFooter",
}  # fmt: skip
_BUILTIN_FORMATS = {"0": "General", "1": "0", "2": "0.00", "3": "#,##0", "4": "#,##0.00"}


@dataclass(frozen=True)
class _Cell:
    """A cell with something in it: a text, or a number and the format it is shown in."""

    ref: str
    text: str | None
    number: str = ""
    shape: str = ""


def _shapes(styles: bytes) -> list[str]:
    """The number format of each style of a workbook."""
    root = ElementTree.fromstring(styles)
    own = {e.get("numFmtId"): e.get("formatCode") for e in root.iter() if _name(e) == "numFmt"}
    (cells,) = [e for e in root if _name(e) == "cellXfs"]
    return [own.get(xf.get("numFmtId")) or _BUILTIN_FORMATS.get(xf.get("numFmtId"), "?") for xf in cells]


def _check_styles(styles: bytes) -> None:
    """Styles have no words of their own, and no number format but those of cells (compared below)."""
    root = ElementTree.fromstring(styles)
    used = {xf.get("numFmtId") for part in root if _name(part) == "cellXfs" for xf in part}
    for element in root.iter():
        kind = _name(element)
        if kind == "numFmt" and element.get("numFmtId") not in used:
            _foreign(XLSX, "un format de nombre sans cellule")
        if kind in ("name", "cellStyle") and stray(element.get("val") or element.get("name") or ""):
            _foreign(XLSX, "un style")
        if kind in ("dxf", "ext", "extLst"):
            _foreign(XLSX, "un style")


def _cells(root: ElementTree.Element, texts: list[str], shapes: list[str], where: str) -> list[_Cell]:
    out = []
    for cell in root.iter():
        if _name(cell) in ("row", "col") and cell.get("hidden") not in (None, "0", "false"):
            _foreign(XLSX, f"une ligne ou une colonne masquée ({where})")
        if _name(cell) != "c":
            continue
        value = next((e.text or "" for e in cell if _name(e) == "v"), None)
        if value is None:
            continue
        kind = cell.get("t", "n")
        if kind == "s":
            if texts[int(value)]:
                out.append(_Cell(cell.get("r", ""), texts[int(value)]))
        elif kind == "n":
            out.append(_Cell(cell.get("r", ""), None, value, shapes[int(cell.get("s", "0"))]))
        else:
            _foreign(XLSX, f"une cellule calculée ({where})")
    return out


def _same_number(written: str, value: str) -> bool:
    try:
        return Decimal(written) == Decimal(value)
    except InvalidOperation:
        return False


def _same_cell(cell: _Cell, runs: Runs, lang: str) -> bool:
    """Whether a cell shows what its runs say: a registered number as this number, in the format that shows it."""
    if cell.text is not None:
        return _one(cell.text) == _one(plain(runs))
    if len(runs) != 1 or runs[0]["t"] != "num" or runs[0]["value"] == "":
        return False
    number = runs[0]
    shape = xlsx.number_format(number["value"], number["display"], lang)
    return _same_number(cell.number, number["value"]) and cell.shape == shape


def _check_table(cells: list[_Cell], title: str, table: Block, document: dict, where: str) -> list[tuple]:
    """Compare a sheet with its table, cell by cell; return where its registered numbers stand."""
    chips = " · ".join(document["chips"])
    heads = [column["label"] for column in table["columns"]]
    tags = [column["hxl"] for column in table["columns"]]
    words = [f"{title} ({chips})" if chips else title, *xlsx.notes_of(document, table), *heads, *tags]
    wanted = [[{"t": "text", "s": word}] for word in words if word]
    wanted += [cell for row in table["rows"] for cell in row["cells"] if plain(cell)]
    if len(cells) != len(wanted):
        _refuse(XLSX, where)
    keys = []
    for cell, runs in zip(cells, wanted, strict=True):
        if not _same_cell(cell, runs, document["lang"]):
            _refuse(XLSX, f"{where}, cellule {cell.ref}")
        keys += [(cell.ref, number) for number in numbers_in(runs)]
    return keys


def _check_keys(cells: list[_Cell], keys: list[tuple], document: dict, where: str) -> None:
    """The last sheet: the address, value and writing of each number of the others, and nothing else."""
    words = xlsx.WORDS.get(document["lang"], xlsx.WORDS["fr"])
    caveat = filter(None, [document.get("caveat")])
    wanted: list = [words["keys_title"], *caveat, *words["keys_columns"], *PRINTED.values()]
    for name, ref, number in keys:
        value = [Decimal(number["value"])] if number["value"] != "" else []
        wanted += [name, ref, number["key"], *value, number["display"]]
    if len(cells) != len(wanted):
        _refuse(XLSX, where)
    for cell, expected in zip(cells, wanted, strict=True):
        is_number = isinstance(expected, Decimal)
        if is_number != (cell.text is None) or not (
            _same_number(cell.number, str(expected)) if is_number else cell.text == expected
        ):
            _refuse(XLSX, f"{where}, cellule {cell.ref}")


def check_xlsx(path: Path, document: dict) -> None:
    """Raise DisclosureRefused unless each cell of a workbook is the document's, and no digit stands elsewhere."""
    parts = _parts(path, XLSX, _XLSX_PARTS)
    said_there = said(document)
    words = xlsx.WORDS.get(document["lang"], xlsx.WORDS["fr"])
    tables = list(xlsx.tables_of(document))
    names = xlsx.sheet_names([table["name"] for _, table in tables], reserved=[words["readme"], words["keys"]])
    names = [words["readme"], *names, words["keys"]]
    quoted = {f"'{name}'" for name in names} | set(names)

    def allowed(text: str) -> bool:
        sheet = text.rpartition("!")[0]
        return (
            text in [*names, *words.values()]
            or (sheet in quoted and text.endswith("!Print_Titles"))
            or not said_there.is_strange(text)
        )

    book = ElementTree.fromstring(parts["xl/workbook.xml"])
    sheets = []
    for element in book.iter():
        name = _name(element)
        if name not in _WORKBOOK_ELEMENTS:
            _foreign(XLSX, f"l’élément {name}")
        if name == "definedName" and set(element.attrib) - {"name", "localSheetId"}:
            _foreign(XLSX, "un nom défini")
        if name == "sheet":
            sheets.append(element.get("name"))
            if element.get("state", "visible") != "visible":
                _foreign(XLSX, "une feuille masquée")
        if name == "definedName":
            sheet, _, rows = (element.text or "").rpartition("!")
            titles = element.get("name") == "_xlnm.Print_Titles" and re.fullmatch(r"\$\d+:\$\d+", rows)
            if not titles or sheet not in quoted:
                _foreign(XLSX, "un nom défini")
    if sheets != names or len([name for name in parts if name.startswith("xl/worksheets/")]) != len(names):
        _foreign(XLSX, "une feuille de plus")
    # What the program counts by itself: sheets, and rows that are printed again on each page.
    counts = [e.text for e in ElementTree.fromstring(parts["docProps/app.xml"]).iter() if _name(e) == "i4"]
    if counts != [str(len(names)), str(sum(_name(element) == "definedName" for element in book.iter()))]:
        _refuse(XLSX, "propriétés")
    _check_properties(XLSX, parts, allowed)
    _check_links(XLSX, parts, said_there.links)
    _check_styles(parts["xl/styles.xml"])
    texts = [
        "".join(e.text or "" for e in entry.iter() if _name(e) == "t")
        for entry in ElementTree.fromstring(parts["xl/sharedStrings.xml"])
    ]
    shapes = _shapes(parts["xl/styles.xml"])
    keys: list[tuple] = []
    used: set[str] = set()
    shown: set[str] = set()
    for i, name in enumerate(names):
        where = f"feuille {i + 1}"
        root = ElementTree.fromstring(parts[f"xl/worksheets/sheet{i + 1}.xml"])
        for element in root.iter():
            kind = _name(element)
            if kind not in _SHEET_ELEMENTS:
                _foreign(XLSX, f"l’élément {kind} ({where})")
            if kind in ("oddHeader", "oddFooter"):
                for piece in re.split(r"&[LCR]", (element.text or "").replace("&P", "").replace("&N", "")):
                    if not allowed(piece.replace("&&", "&")):
                        _refuse(XLSX, f"{where}, en-tête ou pied")
            if kind == "hyperlink":
                place = element.get("location", "").rpartition("!")
                told = (element.get("display", ""), element.get("tooltip", ""))
                if place[0] not in quoted or place[2] != "A1" or not all(map(allowed, told)):
                    _refuse(XLSX, f"{where}, lien")
        cells = _cells(root, texts, shapes, where)
        used |= {cell.text for cell in cells if cell.text is not None}
        shown |= {cell.shape for cell in cells if cell.text is None}
        if i == 0:
            for cell in cells:
                if cell.text is None or not allowed(cell.text):
                    _refuse(XLSX, f"{where}, cellule {cell.ref}")
        elif i < len(names) - 1:
            title, table = tables[i - 1]
            found = _check_table(cells, title, table, document, where)
            keys += [(name, ref, number) for ref, number in found]
        else:
            _check_keys(cells, keys, document, where)
    if set(texts) - used - {""}:
        _foreign(XLSX, "un texte qui n’est dans aucune cellule")
    if set(shapes) - shown - {"General"}:
        _foreign(XLSX, "un format de nombre sans cellule")


def check(
    folder: Path, stem: str, document: dict, found: numbers.Register, safe: SafeTables, text: Texts | None = None
) -> list[str]:
    """Check the model, then every file made from it; return what was checked, for the manifest."""
    check_model(document, found, safe, text)
    done = []
    for kind, name, verify in (
        ("pdf", "PDF", check_pdf),
        ("xlsx", "workbook", check_xlsx),
        ("docx", "Word file", check_docx),
    ):
        if not (folder / f"{stem}.{kind}").is_file():
            continue
        try:
            verify(folder / f"{stem}.{kind}", document)
        except (ElementTree.ParseError, zipfile.BadZipFile, LookupError, ValueError, RuntimeError) as e:
            raise BuildFailed(f"{stem}.{kind} : le fichier construit ne se relit pas.", "Relancez avec --debug.") from e
        done.append(f"numbers of the {name} are registered")
    return done
