"""The Word file of a document: real headings, lists, captions and tables, to be edited by people.

Figures are pictures with alt text. The same document gives the same bytes.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_TAB_ALIGNMENT
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from . import pdf, zips
from .document import Block, Runs

FONT, FALLBACK = "Calibri", "Carlito"
INK, SOFT, BLUE, RUST, RULE = "1D2939", "5B6675", "0B5CAB", "9A4322", "D9DDE3"
PALE_BLUE, PALE_RUST = "E9F1F9", "FBF1EC"
LANGUAGES = {"fr": "fr-FR", "en": "en-GB"}

MARGIN_MM = 20
TEXT_WIDTH_PT = (210 - 2 * MARGIN_MM) * 72 / 25.4
TWIPS = 20  # in a point

# Paragraph styles: name -> based on, size, colour, bold, points before and after, kept with the next.
STYLES = {
    "Normal": (None, 10.5, INK, False, 0, 6, False),
    "Title": (None, 24, INK, True, 0, 0, True),
    "Subtitle": (None, 20, INK, False, 0, 6, True),
    "Heading 1": (None, 15, INK, True, 20, 6, True),
    "Heading 2": (None, 12, INK, True, 14, 4, True),
    "Caption": (None, 10.5, INK, False, 10, 3, True),
    "Header": (None, 8.5, SOFT, False, 0, 6, False),
    "Footer": (None, 8.5, SOFT, False, 0, 0, False),
    "Veille Meta": ("Normal", 9.5, SOFT, False, 0, 1, False),
    "Veille Lede": ("Normal", 13, INK, False, 10, 12, False),
    "Veille Note": ("Normal", 8.5, SOFT, False, 4, 8, False),
    "Veille Cell": ("Normal", 9.5, INK, False, 2, 2, False),
    "Veille Key": ("Normal", 20, INK, True, 0, 0, True),
    "Veille Box": ("Normal", 10, INK, False, 2, 4, False),
    "Veille Space": ("Normal", 4, INK, False, 0, 2, False),
}

# The table style: rules between rows, a stronger one under the header.
TABLE_STYLE = f"""
<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="VeilleTable">
  <w:name w:val="Veille Table"/><w:basedOn w:val="TableNormal"/><w:uiPriority w:val="59"/><w:qFormat/>
  <w:tblPr>
    <w:tblBorders>
      <w:bottom w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/>
      <w:insideH w:val="single" w:sz="4" w:space="0" w:color="{RULE}"/>
    </w:tblBorders>
    <w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar>
  </w:tblPr>
  <w:tblStylePr w:type="firstRow">
    <w:rPr><w:b/></w:rPr>
    <w:tcPr>
      <w:tcBorders><w:bottom w:val="single" w:sz="8" w:space="0" w:color="{INK}"/></w:tcBorders>
    </w:tcPr>
  </w:tblStylePr>
</w:style>"""


@dataclass(frozen=True)
class Look:
    """How a run of text is drawn; what is not said is left to the paragraph's style."""

    bold: bool = False
    italic: bool = False
    colour: str | None = None
    size: float | None = None


def render(document: dict, out: Path) -> None:
    """Write `document` as a Word file to `out`. Raises BuildFailed when a figure cannot be drawn."""
    word = docx.Document(io.BytesIO(_styled(LANGUAGES.get(document["lang"], LANGUAGES["fr"]))))
    _set_properties(word, document)
    _set_page(word, document)
    labels = pdf.LABELS.get(document["lang"], pdf.LABELS["fr"])
    for block in document["blocks"]:
        _write_block(word, word, block, labels)
    buffer = io.BytesIO()
    word.save(buffer)
    out.write_bytes(zips.normalised(buffer.getvalue()))


# ---- the file ---------------------------------------------------------------------------------------------


@cache
def _styled(language: str) -> bytes:
    """An empty file with our styles: making it takes longer than writing a table."""
    word = docx.Document()
    _drop_ballast(word)
    _set_styles(word, language)
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def _drop_ballast(word) -> None:
    """Leave out of python-docx's template what no report uses: a picture of it, ninety table styles."""
    for owner in (word.part.package, word.part):
        for rel_id, rel in list(owner.rels.items()):
            if rel.reltype.endswith(("thumbnail", "stylesWithEffects", "customXml")):
                del owner.rels[rel_id]
            elif rel.reltype.endswith("fontTable"):
                _name_fallback(rel.target_part)
    styles = word.styles.element
    for style in styles.findall(qn("w:style")):
        if style.get(qn("w:type")) == "table" and style.get(qn("w:styleId")) != "TableNormal":
            styles.remove(style)


def _name_fallback(font_table) -> None:
    """Name the free font of the same widths, for systems without ours."""
    ours = f'<w:font w:name="{FONT}">'.encode()
    font_table._blob = font_table.blob.replace(ours, ours + f'<w:altName w:val="{FALLBACK}"/>'.encode())


def _set_styles(word, language: str) -> None:
    defaults = word.styles.element.find(qn("w:docDefaults"))
    lang = next(defaults.iter(qn("w:lang")))
    lang.set(qn("w:val"), language)
    settings = word.settings.element
    settings.find(qn("w:themeFontLang")).set(qn("w:val"), language)
    if language.startswith("fr"):
        settings.find(qn("w:decimalSymbol")).set(qn("w:val"), ",")
        settings.find(qn("w:listSeparator")).set(qn("w:val"), ";")
    for setting in settings.iter(qn("w:compatSetting")):
        if setting.get(qn("w:name")) == "compatibilityMode":
            setting.set(qn("w:val"), "15")  # or Word opens the file as one of an older version
    for name, (base, size, colour, bold, before, after, keep) in STYLES.items():
        if name in word.styles:
            style = word.styles[name]
        else:
            style = word.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = word.styles[base]
        _set_font(style)
        style.font.size, style.font.bold = Pt(size), bold
        style.font.color.rgb = RGBColor.from_string(colour)
        form = style.paragraph_format
        form.space_before, form.space_after, form.keep_with_next = Pt(before), Pt(after), keep
        form.line_spacing = 1.0 if size > 13 or name in ("Veille Cell", "Veille Note", "Caption") else 1.12
    for name in ("Title", "Subtitle"):
        properties = word.styles[name].element
        for odd in [*properties.iter(qn("w:pBdr")), *properties.rPr.iter(qn("w:spacing"))]:
            odd.getparent().remove(odd)
    word.styles["Subtitle"].font.italic = False
    link = word.styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER)
    link.font.color.rgb, link.font.underline = RGBColor.from_string(BLUE), True
    word.styles.element.append(parse_xml(TABLE_STYLE))


def _set_font(style) -> None:
    """Our font in every script, and none of the theme's."""
    style.font.name = FONT
    fonts = style.element.rPr.rFonts
    fonts.attrib.clear()
    for script in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{script}"), FONT)


def _set_properties(word, document: dict) -> None:
    properties = word.core_properties
    day = datetime.fromisoformat(document["fixed_date"][:10])
    properties.title = _fit(pdf.full_title(document))
    properties.author = properties.last_modified_by = _fit(document["org"])
    properties.created = properties.modified = day
    properties.keywords = _fit(" · ".join(document["chips"]))
    properties.language = LANGUAGES.get(document["lang"], LANGUAGES["fr"])
    properties.comments = ""


def _fit(text: str) -> str:
    """Word's properties hold at most 255 characters."""
    return pdf.one_line(text)[:255]


def _set_page(word, document: dict) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(MARGIN_MM)
    section.top_margin, section.bottom_margin = Mm(25), Mm(20)
    section.header_distance = section.footer_distance = Mm(10)
    for name in ("Header", "Footer"):
        tabs = word.styles[name].paragraph_format.tab_stops
        tabs.clear_all()
        tabs.add_tab_stop(Pt(TEXT_WIDTH_PT), WD_TAB_ALIGNMENT.RIGHT)
    header, footer = section.header.paragraphs[0], section.footer.paragraphs[0]
    _add_text(header, (document["header"] or document["org"]) + "\t")
    _add_text(header, " · ".join(document["chips"]).upper(), Look(bold=True, colour=RUST))
    _set_border(header, f'<w:bottom w:val="single" w:sz="4" w:space="4" w:color="{RULE}"/>')
    _add_text(footer, document["footer"] + "\t")
    _add_field(footer, "PAGE")
    _add_text(footer, " / ")
    _add_field(footer, "NUMPAGES")
    if document.get("caveat"):
        _add_text(section.footer.add_paragraph(), document["caveat"], Look(colour=SOFT, size=7))


def _set_border(paragraph: Paragraph, side: str) -> None:
    borders = parse_xml(f"<w:pBdr {nsdecls('w')}>{side}</w:pBdr>")
    paragraph._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _add_field(paragraph: Paragraph, name: str) -> None:
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), f" {name} ")
    run = paragraph.add_run("1")
    field.append(run._r)
    paragraph._p.append(field)


# ---- lines of text ----------------------------------------------------------------------------------------


# python-docx looks a style up by its name among all, and each place for a child among all that could follow: that is most of
# the time that a file takes. What is written a thousand times is therefore appended, in the order that Word's schema wants.
_tag = cache(qn)


def _append(parent, tag: str, **attributes: str):
    """A new last child of an element."""
    child = parent.makeelement(_tag(tag), {_tag(f"w:{name}"): value for name, value in attributes.items()})
    parent.append(child)
    return child


def _new_paragraph(place, style: str = "") -> Paragraph:
    """A paragraph at the end of the document or of a cell."""
    paragraph = place.add_paragraph()
    return _in_style(paragraph, style) if style else paragraph


def _in_style(paragraph: Paragraph, style: str) -> Paragraph:
    """An empty paragraph, in a style."""
    _append(_append(paragraph._p, "w:pPr"), "w:pStyle", val=style.replace(" ", ""))  # its id
    return paragraph


def _keep_with_next(paragraph) -> None:
    """Keep the element of a paragraph that has a style on the page of what follows."""
    paragraph.pPr.insert(1, paragraph.makeelement(_tag("w:keepNext")))


def _add_text(paragraph: Paragraph, text: str, look: Look = Look(), parent=None) -> None:
    """A piece of text at the end of a paragraph, or of a link inside it. Of controls, tabs are kept."""
    run = _append(paragraph._p if parent is None else parent, "w:r")
    if parent is not None or look != Look():
        properties = _append(run, "w:rPr")
        if parent is not None:
            _append(properties, "w:rStyle", val="Hyperlink")
        if look.bold:
            _append(properties, "w:b")
        if look.italic:
            _append(properties, "w:i")
        if look.colour:
            _append(properties, "w:color", val=look.colour)
        if look.size:
            _append(properties, "w:sz", val=str(round(2 * look.size)))  # in half points
    for n, part in enumerate(text.split("\t")):
        if n:
            _append(run, "w:tab")
        if said := pdf.one_line(part):
            written = _append(run, "w:t")
            written.text = said
            if said != said.strip():
                written.set(_tag("xml:space"), "preserve")


def _add_runs(
    paragraph: Paragraph, runs: Runs, look: Look = Look(), parent=None, soft_size: float | None = None
) -> None:
    """Runs at the end of a paragraph, or of a link inside it."""
    for run in runs:
        kind = run["t"]
        if kind in ("text", "const"):
            _add_text(paragraph, run["s"], look, parent)
        elif kind == "num":
            hidden = run["value"] == ""
            _add_text(paragraph, run["display"], replace(look, colour=SOFT) if hidden else look, parent)
        elif kind == "link":
            _add_runs(paragraph, run["runs"], look, _link(paragraph, run["href"]))
        else:
            inner = {
                "strong": replace(look, bold=True),
                "em": replace(look, italic=True),
                "soft": replace(look, colour=SOFT, size=soft_size or look.size),
                "warn": replace(look, colour=RUST, bold=True),
                "anchor": look,
            }[kind]
            _add_runs(paragraph, run["runs"], inner, parent, soft_size)


def _link(paragraph: Paragraph, href: str):
    """A hyperlink at the end of a paragraph; None for what is not an address of the web or of mail."""
    if not href.startswith(("https://", "http://", "mailto:")):
        return None
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(href, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    paragraph._p.append(link)
    return link


# ---- blocks -----------------------------------------------------------------------------------------------


def _write_block(word, place, block: Block, labels: dict) -> None:
    """One block at the end of `place`: the document, or the cell of a box."""
    kind = block["kind"]
    if kind == "heading":
        style = "Heading 1" if block["level"] <= 2 else "Heading 2"
        _add_text(_new_paragraph(place, style), block["text"])
    elif kind == "paragraph":
        _add_runs(_new_paragraph(place), block["runs"])
    elif kind == "list":
        _write_list(word, place, block)
    elif kind == "cover":
        _write_cover(word, block)
    elif kind == "keyfigures":
        _write_keyfigures(word, block)
    elif kind == "table":
        _write_table(word, block, labels)
    elif kind == "figure":
        _write_figure(word, block, labels)
    elif kind == "note":
        _write_box(word, block, labels)


def _write_list(word, place, block: Block) -> None:
    """A list; each numbered list starts again at 1."""
    number = _new_numbering(word) if block["ordered"] else None
    for item in block["items"]:
        paragraph = _new_paragraph(place, "List Number" if block["ordered"] else "List Bullet")
        if number is not None:
            properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_ilvl().val = 0
            properties.get_or_add_numId().val = number
        _add_runs(paragraph, item)


def _new_numbering(word) -> int:
    style_number = word.styles["List Number"].element.pPr.numPr.numId.val
    numbering = word.part.numbering_part.element
    model = numbering.num_having_numId(style_number).abstractNumId.val
    number = numbering.add_num(model)
    number.add_lvlOverride(ilvl=0).add_startOverride(1)
    return number.numId


def _write_cover(word, block: Block) -> None:
    _add_text(_new_paragraph(word, "Title"), block["title"])
    if block["subtitle"]:
        _add_text(_new_paragraph(word, "Subtitle"), block["subtitle"])
    for line in block["meta"]:
        _add_runs(_new_paragraph(word, "Veille Meta"), line)
    if block["lede"]:
        _add_runs(_new_paragraph(word, "Veille Lede"), block["lede"])


def _write_keyfigures(word, block: Block) -> None:
    """At most five in a row, and rows of even length."""
    items = block["items"]
    if not items:
        return
    rows = -(-len(items) // 5)
    columns = -(-len(items) // rows)
    table = _new_table(word, [1.0] * columns, "TableNormal")
    _set_table_borders(table, top=("single", 12, INK), bottom=("single", 4, RULE))
    for start in range(0, len(items), columns):
        cells = _add_row(table)
        for cell, item in zip(cells, items[start : start + columns], strict=False):
            _add_runs(_first_paragraph(cell, "Veille Key"), item["number"], soft_size=12)
            _add_runs(_new_paragraph(cell, "Veille Meta"), item["label"], Look(colour=INK))
            note = Look(colour=RUST if item["warn"] else None)
            _add_runs(_new_paragraph(cell, "Veille Note"), item["note"], note)
    _new_paragraph(word, "Veille Space")


def _caption(word, label: str, block: Block) -> None:
    paragraph = _new_paragraph(word, "Caption")
    if block.get("number"):
        _add_text(paragraph, f"{label} {block['number']}. ", Look(colour=SOFT))
    _add_runs(paragraph, block["title"], Look(bold=True))


def _write_notes(word, notes: list[Runs]) -> None:
    for note in notes:
        _add_runs(_new_paragraph(word, "Veille Note"), note)


def picture(figure: Block) -> tuple[bytes, float]:
    """A figure's drawing as a picture, and its width in points."""
    width = min(pdf.svg_width(figure["svg"]) or TEXT_WIDTH_PT, TEXT_WIDTH_PT)
    return pdf.rasterise(figure["svg"], width), width


def _write_figure(word, block: Block, labels: dict) -> None:
    """Caption, picture with its alt text, notes; then the table that the page prints at its side."""
    _caption(word, labels["figure"], block)
    if block["subtitle"]:
        subtitle = _new_paragraph(word, "Veille Meta")
        _keep_with_next(subtitle._p)
        _add_runs(subtitle, block["subtitle"])
    drawn, width = picture(block)
    paragraph = word.add_paragraph()
    paragraph.paragraph_format.keep_with_next = bool(block["notes"])
    shape = paragraph.add_run().add_picture(io.BytesIO(drawn), width=Pt(width))
    properties = shape._inline.docPr
    properties.set("name", f"{labels['figure']} {block['number']}")
    properties.set("descr", pdf.one_line(pdf.alt_text(block)))
    _write_notes(word, block["notes"])
    if block.get("beside"):
        _write_table(word, block["beside"], labels)
    if block.get("table") and block.get("table_in_pdf"):
        _write_table(word, block["table"], labels)


def _write_table(word, block: Block, labels: dict) -> None:
    """Caption, a table whose header row repeats on each page, notes."""
    _caption(word, labels["table"], block)
    columns = block["columns"]
    table = _new_table(word, _shares(block), "VeilleTable")
    for cell, column in zip(_add_row(table, header=True), columns, strict=True):
        _add_text(_cell_paragraph(cell, column), column["label"], Look(bold=True))
    for line in block["rows"]:
        cells = _add_row(table)
        look = Look() if line["kind"] == "body" else Look(bold=True)
        if line["kind"] == "group":
            whole = cells[0].merge(cells[-1]) if len(cells) > 1 else cells[0]
            paragraph = _first_paragraph(whole, "Veille Cell")
            paragraph.paragraph_format.space_before = Pt(6)
            _keep_with_next(paragraph._p)
            _add_runs(paragraph, line["cells"][0], look)
            continue
        for cell, column, runs in zip(cells, columns, line["cells"], strict=True):
            _add_runs(_cell_paragraph(cell, column), runs, look)
            if line["kind"] == "total":
                _set_cell_borders(cell, top=("single", 8, INK))
    if not pdf.is_long(block):
        for paragraph in list(table._tbl.iter(qn("w:p")))[: -len(columns)]:
            if paragraph.find(f"{_tag('w:pPr')}/{_tag('w:keepNext')}") is None:
                _keep_with_next(paragraph)
    if block["notes"]:
        _write_notes(word, block["notes"])
    else:
        _new_paragraph(word, "Veille Space")


BOXES = {
    "info": (PALE_BLUE, {"left": ("single", 24, BLUE)}, None),
    "warn": (PALE_RUST, {"left": ("single", 24, RUST)}, None),
    "todo": (None, {side: ("dashed", 8, RUST) for side in ("top", "left", "bottom", "right")}, RUST),
}


def _write_box(word, block: Block, labels: dict) -> None:
    """A box is a table of one cell: Word draws it everywhere, and people can write in it."""
    fill, borders, colour = BOXES.get(block["style"], BOXES["info"])
    table = _new_table(word, [1.0], "TableNormal")
    cell = _add_row(table)[0]
    _set_cell_borders(cell, **borders)
    if fill:
        shade = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')
        cell._tc.get_or_add_tcPr().append(shade)
    if block["title"]:
        title = _first_paragraph(cell, "Veille Box")
        _keep_with_next(title._p)
        _add_text(title, block["title"], Look(bold=True, colour=colour))
    for inner in block["blocks"]:
        _write_block(word, cell, inner, labels)
    paragraphs = cell.paragraphs
    if len(paragraphs) > 1 and not paragraphs[0].text:
        cell._tc.remove(paragraphs[0]._p)
    if colour:
        for run in cell._tc.iter(qn("w:r")):
            properties = run.get_or_add_rPr()
            if properties.find(qn("w:color")) is None:
                properties.get_or_add_color().val = RGBColor.from_string(colour)
    _new_paragraph(word, "Veille Space")


# ---- tables -----------------------------------------------------------------------------------------------


def _shares(block: Block) -> list[float]:
    """The share of the width of each column, from what the PDF does and the length of the texts."""
    widths = pdf.column_widths(block)
    needs = [(n + 2) * 5.2 / TEXT_WIDTH_PT for n in pdf.longest_texts(block)]
    taken = sum(need for need, width in zip(needs, widths, strict=True) if width is None)
    whole = sum(width for width in widths if width is not None)
    left = max(1 - taken, 0.3) / whole
    return [need if width is None else left * width for need, width in zip(needs, widths, strict=True)]


def _new_table(word, shares: list[float], style: str) -> Table:
    """A table without rows over the width of the page, its columns in proportion to `shares`."""
    table = word.add_table(rows=0, cols=len(shares))
    properties = table._tbl.tblPr
    properties.style = style
    whole = sum(shares)
    for column, share in zip(table._tbl.tblGrid.gridCol_lst, shares, strict=True):
        column.set(qn("w:w"), str(round(TEXT_WIDTH_PT * TWIPS * share / whole)))
    width = properties.find(qn("w:tblW"))
    width.set(qn("w:type"), "pct")
    width.set(qn("w:w"), "5000")
    look = properties.find(qn("w:tblLook"))
    look.attrib.clear()
    look.set(qn("w:val"), "0620" if style == "VeilleTable" else "0600")  # first row apart, no bands
    for flag in ("firstRow", "lastRow", "firstColumn", "lastColumn", "noHBand", "noVBand"):
        is_on = flag.startswith("no") or (flag == "firstRow" and style == "VeilleTable")
        look.set(qn(f"w:{flag}"), "1" if is_on else "0")
    return table


def _add_row(table: Table, *, header: bool = False) -> list[_Cell]:
    """A row that does not break over pages; `header` repeats it on each page and tells readers so."""
    row = _append(table._tbl, "w:tr")
    properties = _append(row, "w:trPr")
    _append(properties, "w:cantSplit")
    if header:
        _append(properties, "w:tblHeader")
    for column in table._tbl.tblGrid:
        cell = _append(row, "w:tc")
        _append(_append(cell, "w:tcPr"), "w:tcW", type="dxa", w=column.get(_tag("w:w")))
        _append(cell, "w:p")
    return [_Cell(cell, table) for cell in row.tc_lst]


def _first_paragraph(cell: _Cell, style: str) -> Paragraph:
    return _in_style(cell.paragraphs[0], style)


def _cell_paragraph(cell: _Cell, column: dict) -> Paragraph:
    paragraph = _first_paragraph(cell, "Veille Cell")
    if column["align"] in ("right", "center"):
        _append(paragraph._p.pPr, "w:jc", val=column["align"])
    return paragraph


def _borders(tag: str, sides: dict[str, tuple[str, int, str]]):
    lines = [
        f'<w:{side} w:val="{sides[side][0]}" w:sz="{sides[side][1]}" w:space="0" w:color="{sides[side][2]}"/>'
        for side in ("top", "left", "bottom", "right")  # the order that Word's schema wants
        if side in sides
    ]
    return parse_xml(f"<w:{tag} {nsdecls('w')}>{''.join(lines)}</w:{tag}>")


def _set_cell_borders(cell: _Cell, **sides: tuple[str, int, str]) -> None:
    cell._tc.get_or_add_tcPr().append(_borders("tcBorders", sides))


def _set_table_borders(table: Table, **sides: tuple[str, int, str]) -> None:
    properties = table._tbl.tblPr
    properties.insert(list(properties).index(properties.find(qn("w:tblLook"))), _borders("tblBorders", sides))
