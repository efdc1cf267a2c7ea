"""The workbook of a document: one sheet per table, numbers as numbers, and the key of each of them.

No text ever runs: people's texts are written as strings, whatever they begin with.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from ..formats import HIDDEN, NOT_RECEIVED
from ..schemas.numbers import PRINTED
from . import zips
from .document import Block, Run, numbers_in, plain
from .pdf import LABELS, full_title, longest_texts

INK, SOFT, BLUE, RUST, RULE, PALE = "#1d2939", "#5b6675", "#0b5cab", "#9a4322", "#d9dde3", "#f1f4f8"

WORDS = {
    "fr": {
        "readme": "Lisez-moi",
        "keys": "Clés",
        "sheets": "Feuilles",
        "signs": "Signes",
        "not_received": "aucune donnée reçue ; ce n’est pas un zéro",
        "hidden": "non publié, pour protéger les personnes",
        "keys_title": "Clé de chaque nombre des feuilles, telle qu’elle figure dans numbers.csv",
        "keys_columns": ["Feuille", "Cellule", "Clé", "Valeur", "Affichage"],
        "page": "Page &P sur &N",
    },
    "en": {
        "readme": "Read me",
        "keys": "Keys",
        "sheets": "Sheets",
        "signs": "Signs",
        "not_received": "no data received; this is not a zero",
        "hidden": "not published, to protect people",
        "keys_title": "Key of each number of the sheets, as in numbers.csv",
        "keys_columns": ["Sheet", "Cell", "Key", "Value", "Display"],
        "page": "Page &P of &N",
    },
}

WIDEST, NARROWEST = 60, 9  # of a column, in characters


@dataclass
class Book:
    """A workbook being written: its document, its words, the formats and the keys met so far."""

    file: xlsxwriter.Workbook
    document: dict
    words: dict
    formats: dict = field(default_factory=dict)
    keys: list[tuple[str, str, Run]] = field(default_factory=list)

    def style(self, **properties):
        """One format per set of properties, made once."""
        name = tuple(sorted(properties.items()))
        if name not in self.formats:
            base = {"font_name": "Calibri", "font_size": 10, "font_color": INK, "valign": "top"}
            self.formats[name] = self.file.add_format(base | properties)
        return self.formats[name]

    @property
    def chips(self) -> str:
        """« Brouillon · Exemple », or nothing."""
        return " · ".join(self.document["chips"])


def render(document: dict, out: Path, hxl: bool = True) -> None:
    """Write the tables of `document` as a workbook to `out`; `hxl` adds the row of HXL tags."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    words = WORDS.get(document["lang"], WORDS["fr"])
    with xlsxwriter.Workbook(buffer, options) as file:
        file.set_properties(
            {
                "title": full_title(document),
                "author": document["org"],
                "keywords": " · ".join(document["chips"]),
                "created": datetime.fromisoformat(document["fixed_date"][:10]),
            }
        )
        book = Book(file, document, words)
        readme = _add_sheet(book, words["readme"])
        tables = list(tables_of(document))
        names = sheet_names([table["name"] for _, table in tables], reserved=[words["readme"], words["keys"]])
        _write_readme(book, readme, [(name, title) for name, (title, _) in zip(names, tables, strict=True)])
        for name, (title, table) in zip(names, tables, strict=True):
            _write_table(book, name, title, table, hxl=hxl)
        _write_keys(book, hxl=hxl)
    out.write_bytes(zips.normalised(buffer.getvalue()))


def tables_of(document: dict) -> Iterator[tuple[str, Block]]:
    """Every table with its full title, in reading order: those printed, and those behind figures."""
    labels = LABELS.get(document["lang"], LABELS["fr"])
    for block in document["blocks"]:
        if block["kind"] == "table":
            yield _numbered(labels["table"], block), block
        if block["kind"] == "figure":
            for table in (block.get("beside"), block.get("table")):
                if table and table.get("number"):
                    yield _numbered(labels["table"], table), table
                elif table:
                    title = {"number": block["number"], "title": table["title"] or block["title"]}
                    yield _numbered(labels["figure"], title), table


def _numbered(word: str, block: Block) -> str:
    title = plain(block["title"])
    return f"{word} {block['number']}. {title}" if block.get("number") else title


def sheet_names(wanted: list[str], reserved: list[str]) -> list[str]:
    """Names that Excel accepts: at most 31 characters, none of []:*?/\\, unique whatever the case."""
    taken = {name.casefold() for name in reserved} | {"history"}
    out = []
    for name in wanted:
        base = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", name).strip(" '")[:31].strip(" '") or "table"
        chosen, n = base, 1
        while chosen.casefold() in taken:
            n += 1
            chosen = f"{base[: 31 - len(f' {n}')]} {n}"
        taken.add(chosen.casefold())
        out.append(chosen)
    return out


def number_format(value: str, display: str, lang: str) -> str | None:
    """The Excel format that shows `value` as `display`; None when no format can, and the text must stand.

    French groups of thousands are written into the format: Excel's own would follow the reader's system.
    """
    point = "," if lang == "fr" else "."
    group = r"\s" if lang == "fr" else ","
    shape = rf"([^\d+\-−]*)([+\-−]?)(\d(?:[\d{group}]*\d)?)(?:{re.escape(point)}(\d+))?(\D*)"
    found = re.fullmatch(shape, display)
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not found or not number.is_finite():
        return None
    head, sign, whole, fraction, tail = found.groups(default="")
    shown = Decimal(re.sub(group, "", whole) + ("." + fraction if fraction else ""))
    if abs(abs(number) - shown) > Decimal("0.5").scaleb(-len(fraction)):
        return None
    if (number < 0) != (sign in ("-", "−")) and shown != 0:
        return None

    def quoted(text: str) -> str:
        return '"' + text.replace('"', "") + '"' if text else ""

    decimals = "." + "0" * len(fraction) if fraction else ""

    def section(groups: str) -> str:
        return quoted(head) + quoted(sign) + groups + decimals + quoted(tail)

    if lang != "fr":
        groups = ["#,##0"] * 3
    else:
        space = '"\u202f"'
        groups = ["0", f"#{space}##0", f"#{space}###{space}##0"]
    if number < 0:
        size = 0 if shown < 1000 else 1 if shown < 1_000_000 else 2
        return f"{section(groups[size]).replace(quoted(sign), '', 1)};{section(groups[size])}"
    if len(set(groups)) == 1:
        return section(groups[0])
    return f"[<1000]{section(groups[0])};[<1000000]{section(groups[1])};{section(groups[2])}"


def _add_sheet(book: Book, name: str):
    sheet = book.file.add_worksheet(name)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.7)
    # In headers and footers "&" begins a code; Excel allows 255 characters.
    texts = book.document["header"], book.chips, f"{book.document['subtitle']} · {book.chips}".strip(" ·")
    left, right, foot = (text[:100].replace("&", "&&") for text in texts)
    sheet.set_header(f"&L{left}&R{right}")
    sheet.set_footer(f"&L{foot}&R{book.words['page']}")
    return sheet


def _write_readme(book: Book, sheet, sheets: list[tuple[str, str]]) -> None:
    """The first sheet: what this is, the signs, and a way to every sheet."""
    document, words = book.document, book.words
    covers = [block for block in document["blocks"] if block["kind"] == "cover"]
    cover = covers[0] if covers else {"meta": [], "lede": []}
    title, soft = book.style(bold=True, font_size=18), book.style(font_color=SOFT)
    strong, link = book.style(bold=True), book.style(font_color=BLUE, underline=1)
    wrapped = book.style(text_wrap=True)
    sheet.set_column(0, 0, 32, wrapped)
    sheet.set_column(1, 1, 100, wrapped)

    row = 0
    for text, style in (
        (document["title"], title),
        (document["subtitle"], book.style(font_size=14)),
        (book.chips, book.style(bold=True, font_color=RUST)),
        *[(plain(line), soft) for line in cover["meta"]],
    ):
        if text:
            sheet.write_string(row, 0, text, style)
            if row < 2:
                sheet.set_row(row, (26, 20)[row])
            row += 1
    if cover["lede"]:
        text = plain(cover["lede"])
        row += 1
        lede = book.style(font_size=12, text_wrap=True)
        sheet.merge_range(row, 0, row, 1, "", lede)
        sheet.write_string(row, 0, text, lede)
        sheet.set_row(row, 17 * (1 + len(text) // 120))
        row += 1

    if document.get("caveat"):
        _write_note(book, sheet, row + 1, document["caveat"], [32, 100])
        row += 2
    row += 1
    sheet.write_string(row, 0, words["signs"], strong)
    lang = document["lang"] if document["lang"] in HIDDEN else "fr"
    for sign, meaning in ((NOT_RECEIVED[lang], "not_received"), (HIDDEN[lang], "hidden")):
        row += 1
        sheet.write_string(row, 0, sign)
        sheet.write_string(row, 1, words[meaning])

    row += 2
    sheet.write_string(row, 0, words["sheets"], strong)
    for name, text in [*sheets, (words["keys"], words["keys_title"])]:
        row += 1
        sheet.write_url(row, 0, "internal:'" + name.replace("'", "''") + "'!A1", link, string=name)
        sheet.write_string(row, 1, text)


def _write_table(book: Book, name: str, title: str, table: Block, *, hxl: bool) -> None:
    """One table: title, notes, header, HXL tags, rows."""
    sheet = _add_sheet(book, name)
    columns = table["columns"]
    full = f"{title} ({book.chips})" if book.chips else title
    sheet.write_string(0, 0, full, book.style(bold=True, font_size=13))
    widths = [min(max(n + 3, NARROWEST), WIDEST) for n in longest_texts(table)]
    for i, width in enumerate(widths):
        sheet.set_column(i, i, width)

    row = 1
    for text in notes_of(book.document, table):
        _write_note(book, sheet, row, text, widths)
        row += 1
    row = max(row, 2)

    for i, column in enumerate(columns):
        look = {"align": column["align"], "valign": "bottom", "bottom": 2, "bottom_color": INK}
        sheet.write_string(row, i, column["label"], book.style(bold=True, text_wrap=True, **look))
    sheet.repeat_rows(row)
    if hxl and any(column["hxl"] for column in columns):
        row += 1
        for i, column in enumerate(columns):
            tag = book.style(font_size=8, italic=True, font_color=SOFT, align=column["align"])
            sheet.write_string(row, i, column["hxl"], tag)
    sheet.freeze_panes(row + 1, 0)
    for line in table["rows"]:
        row += 1
        _write_row(book, sheet, name, row, line, columns)
        # Office suites do not all size rows by themselves: a long text gets the lines that it needs.
        lines = max(
            1 + len(plain(cell)) // max(width - 2, 1) for cell, width in zip(line["cells"], widths, strict=False)
        )
        if lines > 1 and line["kind"] != "group":
            sheet.set_row(row, 15 * lines)


def notes_of(document: dict, table: Block) -> list[str]:
    """What stands under the title of a sheet: the notes of its table, and what goes with every sheet."""
    return [*(plain(note) for note in table["notes"]), *filter(None, [document.get("caveat")])]


def _write_note(book: Book, sheet, row: int, text: str, widths: list[int]) -> None:
    """A note over the width of the table, as high as it needs."""
    style = book.style(font_size=9, font_color=SOFT, text_wrap=True)
    if len(widths) > 1:
        sheet.merge_range(row, 0, row, len(widths) - 1, "", style)
    sheet.write_string(row, 0, text, style)
    sheet.set_row(row, 13 * (1 + len(text) // max(sum(widths), 1)))


def _write_row(book: Book, sheet, name: str, row: int, line: dict, columns: list[dict]) -> None:
    weight = {"bottom": 1, "bottom_color": RULE, "valign": "top"}
    if line["kind"] != "body":
        weight |= {"bold": True}
    if line["kind"] == "group":
        weight |= {"bg_color": PALE}
        for i in range(1, len(columns)):
            sheet.write_blank(row, i, None, book.style(**weight))
    if line["kind"] == "total":
        weight |= {"top": 2, "top_color": INK}
    for i, cell in enumerate(line["cells"]):
        align = {"align": "left" if line["kind"] == "group" else columns[i]["align"]}
        _write_cell(book, sheet, row, i, cell, weight | align)
        book.keys += [(name, xl_rowcol_to_cell(row, i), number) for number in numbers_in(cell)]


def _write_cell(book: Book, sheet, row: int, i: int, cell: list[Run], look: dict) -> None:
    """One cell: a number where it is exactly one number that may be shown, text everywhere else."""
    alone = cell[0] if len(cell) == 1 and cell[0]["t"] == "num" else None
    if alone and alone["value"] != "":
        shape = number_format(alone["value"], alone["display"], book.document["lang"])
        if shape:
            sheet.write_number(row, i, float(alone["value"]), book.style(**look, num_format=shape))
            return
    if alone and alone["value"] == "":
        look = look | {"font_color": SOFT}
    text = plain(cell)
    wrap = {"text_wrap": True} if len(text) > WIDEST - 3 else {}
    if text:
        sheet.write_string(row, i, text, book.style(**look, **wrap))
    else:
        sheet.write_blank(row, i, None, book.style(**look))


def _write_keys(book: Book, *, hxl: bool) -> None:
    """The last sheet: which registered number stands in which cell, under the HXL tags of the safe numbers."""
    sheet = _add_sheet(book, book.words["keys"])
    head = book.style(bold=True, bottom=2, bottom_color=INK)
    sheet.write_string(0, 0, book.words["keys_title"], book.style(bold=True, font_size=13))
    if book.document.get("caveat"):
        sheet.write_string(1, 0, book.document["caveat"], book.style(font_size=9, font_color=SOFT))
    for i, (label, width) in enumerate(zip(book.words["keys_columns"], (32, 10, 70, 14, 14), strict=True)):
        sheet.set_column(i, i, width)
        sheet.write_string(2, i, label, head)
    sheet.repeat_rows(2)
    first = 3
    if hxl:
        for i, tag in enumerate(PRINTED.values()):
            sheet.write_string(first, i, tag, book.style(font_size=8, italic=True, font_color=SOFT))
        first += 1
    sheet.freeze_panes(first, 0)
    plain_style, right = book.style(), book.style(align="right")
    for row, (name, cell, number) in enumerate(book.keys, start=first):
        for i, text in enumerate((name, cell, number["key"])):
            sheet.write_string(row, i, text, plain_style)
        if number["value"] != "":
            sheet.write_number(row, 3, float(number["value"]), right)
        sheet.write_string(row, 4, number["display"], right)
