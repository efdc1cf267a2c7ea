"""Open a spreadsheet as a grid of text: CSV or XLSX, told by its bytes, guarded against what breaks or deceives.

Nothing is guessed about values here. A file that cannot be opened as a table is refused with what to do, and none of
its content is repeated.
"""

from __future__ import annotations

import csv
import glob
import io
import re
import unicodedata
import zipfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from ..errors import BadData

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

LARGEST_XLSX = 300 * 2**20  # bytes once unpacked: a workbook of 349 KB has been seen to ask for 490 MB
# A part of a workbook that is larger than this shrinks 10 or 20 times in its archive; hundreds of times is a bomb.
LARGEST_PLAIN_PART, LARGEST_RATIO = 2 * 2**20, 150
LARGEST_CELL = 131_072  # characters
LARGEST_RUN = 2**19  # bytes without a tag in the XML of a workbook: a cell of Excel has 32,767 characters at most
LAST_ROW = 2**20  # of a sheet, in Excel
# A reader of sheets makes a cell of every place up to the last one that is filled: one far away asks for gigabytes.
LARGEST_AREA, LARGEST_AREA_PER_CELL = 5_000_000, 50
MOST_COLUMNS = 2_000
ERROR = "#N/A"  # what stands for every cell that shows an error: as a value, calamine gives nothing
LARGEST_READ_APART = 32 * 2**20  # bytes of a text file that Python reads record by record
LARGEST_LINE = 2**20  # bytes of one record of a CSV file
HEAD = 2**20  # bytes read to find the header
# Blank lines, which move row numbers, are looked for up to this size; no machine writes them, people edit small files.
LARGEST_LOOKED = 64 * 2**20
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
BLANKS = ("", "<Null>")  # the second is what ArcGIS exports for an empty cell
ROW_COLUMN = "_ligne"  # of a cut: the number of the row in the file received


@dataclass(frozen=True)
class Lost:
    """Of the `total` rows of a repeat's sheet that hold anything, those that belong to no row of the main one."""

    repeat: str
    where: str
    rows: tuple[int, ...]
    total: int


class Parted(NamedTuple):
    """How a text file is written: what parts cells, how many times in a record, and what ends a line."""

    by: str
    times: int
    end: str


NOT_PARTED = Parted("", 0, "")


@dataclass(frozen=True)
class Page:
    """A sheet of a workbook as text: `rows` below its header, the first of which Excel numbers `first_row`."""

    path: Path
    sheet: str
    header: tuple[str, ...]
    rows: list[list[str]]
    first_row: int
    lost: tuple[Lost, ...] = ()
    parted: Parted = NOT_PARTED

    @property
    def where(self) -> str:
        """« export.xlsx, feuille « Données » », as errors say it."""
        return _where(self.path, self.sheet)


@dataclass(frozen=True)
class Grid:
    """A table of text in DuckDB: `sql` is what follows FROM, its columns `c0`…; `header` their names.

    `first_row` is the number that Excel shows for the first data row; `numbered` gives that number for each
    record (counted from 0 below the header), or None while no blank line moves it. `lost`: for each repeat that was
    folded into the rows, what belongs to none of them. `parted`: how a text
    file is written.
    """

    path: Path
    sheet: str
    sql: str
    header: tuple[str, ...]
    first_row: int
    numbers: Callable[[Sequence[int]], list[int]]
    second: tuple[str, ...]
    lost: tuple[Lost, ...] = ()
    parted: Parted = NOT_PARTED

    @property
    def where(self) -> str:
        """« export.xlsx, feuille « Données » », as errors say it."""
        return _where(self.path, self.sheet)


def _where(path: Path, sheet: str) -> str:
    return path.name + (f", feuille « {sheet} »" if sheet else "")


def refuse(path: Path, what: str, then: str) -> BadData:
    """The error of a file that cannot be opened."""
    return BadData(f"{path.name} : {what}", then)


def is_workbook(path: Path) -> bool:
    """Whether the bytes are those of an XLSX workbook. Raises BadData for what cannot be a table at all."""
    try:
        with open(path, "rb") as file:
            head = file.read(65536)
    except OSError:
        raise refuse(path, "fichier illisible.", "Vérifiez ses droits, la clé ou le réseau où il se trouve.") from None
    if head.startswith(_OLE):
        raise refuse(
            path,
            "classeur protégé par un mot de passe, ou d’un format ancien (.xls).",
            "Ouvrez-le dans Excel, retirez la protection, enregistrez-le en .xlsx.",
        )
    if head.startswith(_ZIP):
        return True
    if path.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
        raise refuse(
            path,
            "classeur illisible.",
            "Ouvrez-le dans Excel, enregistrez-le en .xlsx et recommencez, ou redemandez-le à l’expéditeur.",
        )
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head:
        raise refuse(path, "le fichier n’est pas en UTF-8 (UTF-16 ?).", "Enregistrez-le en « CSV UTF-8 ».")
    if head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html", b"<?xml", b"{", b"[")):
        raise refuse(path, "ce n’est pas un tableau (page web, XML ou JSON).", "Redemandez l’export en CSV ou en XLSX.")
    return False


# --- workbooks --------------------------------------------------------------------------------------------------


def cell(value: object) -> str:
    """The text of a cell, as it is compared: NFC, without spaces around; dates in ISO form."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "vrai" if value else "faux"  # an answer, never a count
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = unicodedata.normalize("NFC", str(value)).strip()
    return "" if text in BLANKS else text


def _guard(path: Path, archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    names = [item.filename for item in entries]
    if "EncryptedPackage" in names or any(item.flag_bits & 1 for item in entries):
        raise refuse(
            path, "classeur protégé par un mot de passe.", "Retirez le mot de passe dans Excel et enregistrez."
        )
    is_bomb = any(i.file_size > max(LARGEST_PLAIN_PART, i.compress_size * LARGEST_RATIO) for i in entries)
    if is_bomb or sum(item.file_size for item in entries) > LARGEST_XLSX or len(entries) > 10_000:
        raise refuse(
            path,
            "classeur démesuré une fois décompressé.",
            "Demandez un export sans images ni feuilles inutiles, ou en CSV.",
        )
    if len(set(names)) < len(names):
        raise refuse(
            path, "classeur illisible (archive double).", "Ouvrez-le dans Excel, enregistrez-le et recommencez."
        )
    if any(name.endswith("vbaProject.bin") for name in names):
        raise refuse(path, "le classeur contient des macros.", "Demandez un fichier .xlsx sans macros.")
    if any("externalLinks/" in name for name in names):
        raise refuse(
            path, "le classeur dépend d’un autre fichier.", "Rompez les liaisons dans Excel, puis enregistrez."
        )
    if "xl/workbook.xml" not in names:
        raise refuse(path, "classeur illisible : ce n’est pas un .xlsx.", "Ouvrez-le, enregistrez-le en .xlsx.")
    for item in entries:
        if item.filename.lower().endswith((".xml", ".rels")):
            _look_through(path, archive, item)


_DECLARED = re.compile(rb"<!(?!--|\[CDATA\[)")
# A cell that holds something, and where it is; nothing where it does not say so.
_FILLED = re.compile(rb'<(?:\w+:)?c(?:\s+r\s*=\s*["\']([A-Za-z]+)(\d+)["\'])?(?=[\s>])[^<>]*(?<!/)>')


def _look_through(path: Path, archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> None:
    """Refuse, before any library opens it, a part of a workbook that would take all the memory or declares entities.

    Its bytes are read to the end, so that a size or a sum that is not the declared one is found as well.
    """
    again = "Redemandez un export fait par Excel ou KoBo."
    is_sheet = item.filename.lower().startswith("xl/worksheets/")
    cells, last_row, last_column, rest = 0, 0, 0, b""
    with archive.open(item) as part:
        while piece := part.read(LARGEST_RUN):
            if len(piece) == LARGEST_RUN and b"<" not in piece:
                near = f", vers la ligne {last_row}" if last_row else ""
                raise refuse(path, f"une case démesurée{near}.", "Une case d’Excel a 32 767 caractères au plus.")
            # What follows the last « < » may be cut: it is looked at with the next piece.
            whole, opening, rest = (rest + piece).rpartition(b"<")
            if len(piece) < LARGEST_RUN:
                whole, opening, rest = whole + opening + rest, b"", b""
            rest = opening + rest
            if _DECLARED.search(whole):
                raise refuse(path, "le classeur contient une déclaration interdite.", again)
            if is_sheet and (found := _FILLED.findall(whole)):
                cells += len(found)
                last_row = max(last_row, *(int(row or LAST_ROW + 1) for row in {row for _, row in found}))
                last_column = max(last_column, *map(_column_number, {letters for letters, _ in found}))
    area = last_row * last_column
    if last_row > LAST_ROW:
        raise _unreadable(path)
    if area > LARGEST_AREA and area > cells * LARGEST_AREA_PER_CELL:
        raise refuse(
            path,
            f"une case remplie loin de toutes les autres, vers la ligne {last_row}, colonne {last_column}.",
            "Effacez-la (Ctrl+Fin y mène), ou copiez les données dans un classeur neuf.",
        )


def _column_number(letters: bytes) -> int:
    """AB -> 28."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The path, inside the archive, of the XML of a sheet."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    rels = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target", "") for r in rels}
    for node in book.iter():
        if node.tag.endswith("}sheet") and node.get("name") == sheet:
            rid = next((v for k, v in node.attrib.items() if k.endswith("}id")), "")
            target = targets.get(rid, "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return ""


_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>]")
_NO_RESULT = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f(?:\s[^<>]*)?/>)\s*(?:</(?:\w+:)?c>|<(?:\w+:)?v\s*(?:/>|>\s*</))"
)


_ERROR = re.compile(rb'<(?:\w+:)?c\s+r\s*=\s*["\']([A-Za-z]+)(\d+)["\'][^<>]*?\st\s*=\s*["\']e["\']')


def _scan(path: Path, archive: zipfile.ZipFile, sheet: str) -> dict[int, set[int]]:
    """Look for what a reader of values does not see: row -> columns, from 1, of the cells that show an error (#N/A).

    Raises BadData for merged cells, and for formulas whose result was never computed.
    """
    errors: dict[int, set[int]] = {}
    part = _part_of(archive, sheet)
    if part not in archive.namelist():
        raise _unreadable(path)
    where = f"{path.name}, feuille « {sheet} »"
    # Programs that write formulas without computing them leave zeros, and ask Excel to compute when it opens the file.
    never_computed = re.search(rb"""fullCalcOnLoad\s*=\s*["'](?:1|true)""", archive.read("xl/workbook.xml"))
    with archive.open(part) as stream:
        tail = b""
        while chunk := stream.read(2**20):
            text = tail + chunk
            if _MERGED.search(text):
                raise BadData(
                    f"{where} : des cellules sont fusionnées.",
                    "Annulez la fusion dans Excel : chaque case doit porter sa propre valeur.",
                )
            if _NO_RESULT.search(text) or (never_computed and _FORMULA.search(text)):
                raise BadData(
                    f"{where} : des formules n’ont pas de résultat enregistré.",
                    "Ouvrez le classeur dans Excel, enregistrez-le, ou collez les valeurs à la place des formules.",
                )
            for letters, row in _ERROR.findall(text):
                errors.setdefault(int(row), set()).add(_column_number(letters))
            tail = text[-256:]
    return errors


@dataclass(frozen=True)
class Workbook:
    """An open workbook: its visible sheets and the others, and the rows of each as text."""

    path: Path
    book: CalamineWorkbook
    visible: tuple[str, ...]
    hidden: tuple[str, ...]

    def rows(self, sheet: str) -> Iterable[list[str]]:
        """Every row of a sheet, from the first cell of the sheet on."""
        with _readable(self.path):
            with zipfile.ZipFile(self.path) as archive:
                errors = _scan(self.path, archive, sheet)
            page = self.book.get_sheet_by_name(sheet)
            first = page.start[1] + 1 if page.start else 1
            for n, row in enumerate(page.iter_rows(), 1):
                for column in errors.get(n, ()):
                    row[column - first] = ERROR
                yield [cell(v) for v in row] if row.count("") < len(row) else []


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever a damaged workbook makes a library raise is one refusal. A panic of calamine is not even an Exception."""
    try:
        yield
    except (BadData, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException:
        raise _unreadable(path) from None


def _unreadable(path: Path) -> BadData:
    return refuse(
        path,
        "classeur illisible.",
        "Ouvrez-le dans Excel, enregistrez-le en .xlsx et recommencez, ou redemandez-le à l’expéditeur.",
    )


def _has_its_name(path: Path) -> bool:
    return path.suffix.lower() in (".xlsx", ".xlsm")


def _from_bytes(path: Path) -> CalamineWorkbook:
    with open(path, "rb") as file:
        return CalamineWorkbook.from_filelike(file)


def workbook(path: Path) -> Workbook:
    """Open a workbook. Raises BadData when it is damaged, protected, oversized, or holds macros or outside links."""
    with _readable(path):
        with zipfile.ZipFile(path) as archive:
            _guard(path, archive)
        # By its path, calamine would take export.xls for an old workbook whatever its bytes are.
        book = CalamineWorkbook.from_path(str(path)) if _has_its_name(path) else _from_bytes(path)
        sheets = {s.name: s.visible == SheetVisibleEnum.Visible for s in book.sheets_metadata}
        if len(sheets) < len(book.sheets_metadata):
            raise _unreadable(path)
    visible, hidden = (tuple(n for n, shown in sheets.items() if shown is seen) for seen in (True, False))
    return Workbook(path, book, visible, hidden)


def page(book: Workbook, sheet: str, header_row: int) -> Page:
    """The rows of a sheet below its header. Raises BadData when it has none, or cells beyond it."""
    rows = list(book.rows(sheet))
    where = _where(book.path, sheet)
    if len(rows) < header_row:
        raise BadData(f"{where} : aucune ligne d’en-tête.", "Vérifiez que le bon fichier a été déposé.")
    header = list(rows[header_row - 1])
    while header and header[-1] == "":
        header.pop()
    if not header:
        raise BadData(f"{where} : aucune ligne d’en-tête.", "Vérifiez que le bon fichier a été déposé.")
    _check_width(where, header)
    data = rows[header_row:]
    while data and not any(data[-1]):  # a sheet that was formatted to its end
        data.pop()
    width = len(header)
    beyond = [n for n, row in enumerate(data, header_row + 1) if any(row[width:])]
    if len(beyond) * 2 > len(data):
        raise BadData(
            f"{where} : la ligne {header_row} n’est pas l’en-tête attendu.",
            "Retirez les lignes qui le précèdent, ou donnez un nom à chaque colonne.",
        )
    if beyond:
        raise _beyond(where, beyond, "Effacez ces cases, ou donnez un nom à leur colonne.")
    oversized = [n for n, row in enumerate(data, header_row + 1) if any(len(v) > LARGEST_CELL for v in row)]
    if oversized:
        raise BadData(f"{where} : une case démesurée, ligne {oversized[0]}.", "Redemandez l’export d’origine.")
    return Page(book.path, sheet, tuple(header), data, header_row + 1)


def sheet_grid(con: duckdb.DuckDBPyConnection, page: Page, name: str) -> Grid:
    """A sheet as the DuckDB table `name`."""
    import pandas as pd

    data, first = page.rows, page.first_row
    columns = {f"c{i}": [row[i] if i < len(row) else "" for row in data] for i in range(len(page.header))}
    frame = pd.DataFrame({k: pd.Series(v, dtype=object) for k, v in columns.items()})
    put(con, frame, name)
    second = tuple(data[0][: len(page.header)]) if data else ()

    def numbers(ordinals: Sequence[int]) -> list[int]:
        return [o + first for o in ordinals]

    return Grid(page.path, page.sheet, name, page.header, first, numbers, second, page.lost, page.parted)


def put(con: duckdb.DuckDBPyConnection, frame: pd.DataFrame, table: str, columns: str = "*") -> None:
    """A frame as the DuckDB table `table`; `columns` is what is selected of it."""
    con.execute("SELECT 1").fetchall()  # a result that nobody read to its end would refuse the next line
    con.register("_frame", frame)
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {columns} FROM _frame").fetchall()
    finally:
        con.unregister("_frame")


def _beyond(where: str, rows: list[int], then: str) -> BadData:
    return BadData(f"{where} : des cases dépassent l’en-tête, {rows_named(rows)}.", then)


def _check_width(where: str, header: Sequence[str]) -> None:
    if len(header) > MOST_COLUMNS:
        raise BadData(f"{where} : {len(header)} colonnes.", "Vérifiez que le bon fichier a été déposé.")


def rows_named(rows: Sequence[int], count: int | None = None) -> str:
    """« ligne 4 », or « 7 lignes (2, 3, 4, 5, 6…) »: `count` when only the first ones are given."""
    total = len(rows) if count is None else count
    shown = ", ".join(map(str, rows[:5])) + ("…" if total > 5 else "")
    return f"ligne {shown}" if total == 1 else f"{total} lignes ({shown})"


# --- text files -------------------------------------------------------------------------------------------------


def text_heads(path: Path, delimiters: Iterable[str]) -> dict[str, list[list[str]]]:
    """For each delimiter, the first records of a text file (at most three), as they would be read with it."""
    with open(path, "rb") as file:
        raw = file.read(HEAD)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(raw) < HEAD or error.start < len(raw) - 4:
            raise _not_utf8(path) from None
        text = raw[: error.start].decode("utf-8-sig")
    csv.field_size_limit(HEAD)  # other libraries set it for the whole process
    found: dict[str, list[list[str]]] = {}
    for delimiter in delimiters:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            first, *others = (next(reader, None) for _ in range(6))
            records = [row for row in (first, *others) if row] if first else []
        except csv.Error:
            records = []
        found[delimiter] = [[cell(v.replace("\ufeff", "")) for v in row] for row in records[:3]]
    return found


def has_open_header(path: Path) -> bool:
    """Whether the first line of a text file ends inside quotes: its header goes on below."""
    with open(path, "rb") as file:
        first = re.split(rb"[\r\n]", file.readline(HEAD), maxsplit=1)[0]
    return first.count(b'"') % 2 == 1


def _not_utf8(path: Path) -> BadData:
    return refuse(path, "le fichier n’est pas en UTF-8.", "Enregistrez-le en « CSV UTF-8 ».")


def _quoted(path: Path) -> str:
    """A path for `read_csv`: in a name that browsers give, `export[1].csv`, it would see a pattern of other files."""
    return "'" + glob.escape(path.as_posix()).replace("'", "''") + "'"


def _blank_records(path: Path, delimiter: str) -> list[int]:
    """For each blank line, how many records stand between the header and it. Blank lines are not records."""
    if path.stat().st_size > LARGEST_LOOKED:
        return []
    content = path.read_bytes()
    if not any(b in content for b in (b"\n\n", b"\n\r\n", b"\r\r")):
        return []
    del content
    csv.field_size_limit(LARGEST_CELL)
    out, records = [], -1
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.reader(file, delimiter=delimiter):
            if not row:
                out.append(max(records, 0))
            else:
                records += 1
    return out


def text_grid(path: Path, delimiter: str, header: Sequence[str], second: Sequence[str]) -> Grid:
    """The records of a text file below its header. Nothing is read yet: `sql` reads the file."""
    _check_width(path.name, header)
    width = len(header)
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    sql = (
        f"read_csv({_quoted(path)}, auto_detect = false, header = true, delim = '{delimiter}', quote = '\"', "
        f"escape = '\"', columns = {{{columns}}}, strict_mode = true, null_padding = false, "
        f"max_line_size = {LARGEST_LINE}, nullstr = {list(BLANKS)}, compression = 'none', hive_partitioning = false)"
    )

    def numbers(ordinals: Sequence[int]) -> list[int]:
        blanks = _blank_records(path, delimiter) if ordinals else []
        return [o + 2 + bisect_right(blanks, o) for o in ordinals]

    names = list(header)
    while names and names[-1] == "":
        names.pop()
    return Grid(
        path, "", sql, tuple(names), 2, numbers, tuple(second), parted=Parted(delimiter, width - 1, _line_end(path))
    )


def text_page(path: Path, delimiter: str) -> Page:
    """The same records, read one by one: for a header that has a line break in it, which DuckDB would take for rows.

    Raises BadData for records of another width than the header, and for a file too large to be read so.
    """
    again = "Redemandez l’export en XLSX, ou mettez l’en-tête sur une seule ligne."
    if path.stat().st_size > LARGEST_READ_APART:
        raise refuse(path, "un nom de colonne tient sur plusieurs lignes.", again)
    csv.field_size_limit(LARGEST_CELL)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file, delimiter=delimiter, strict=True)
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except csv.Error:
        raise refuse(
            path, "un guillemet mal placé, ou qui n’est pas fermé.", "Redemandez l’export d’origine."
        ) from None
    _check_width(path.name, header)
    rows = [["" if v in BLANKS else v for v in row] for row in rows]
    names = [cell(v) for v in header]
    while names and names[-1] == "":
        names.pop()
    beyond = [n for n, row in enumerate(rows, 2) if any(row[len(header) :])]
    if beyond:
        raise _beyond(path.name, beyond, "Un séparateur ou un guillemet manque sans doute dans ces lignes.")
    short = [n for n, row in enumerate(rows, 2) if row and len(row) < len(header)]
    if short:
        raise refuse(path, f"il manque des cases, {rows_named(short)}.", "Redemandez l’export d’origine.")
    return Page(path, "", tuple(names), rows, 2, parted=Parted(delimiter, len(header) - 1, _line_end(path)))


def _line_end(path: Path) -> str:
    with open(path, "rb") as file:
        return "\n" if b"\n" in file.read(HEAD) else "\r"


def swallowing(row: Sequence[str | None], parted: Parted) -> int | None:
    """The place of a cell that holds whole rows of its file, which two stray quotation marks made one cell; None without.

    Without its quotes, such a cell would be the end of a row, rows, and the start of another.
    """
    for place, value in enumerate(row):
        lines = re.split(r"[\r\n]+", value or "")
        if len(lines) == 1 or (value or "").count(parted.by) != parted.times * (len(lines) - 1):
            continue
        is_prose = not re.search(rf"{re.escape(parted.by)}[^ \r\n]", value or "")  # it has a space behind its commas
        if lines[-1].count(parted.by) == place and not is_prose:
            return place
    return None


_LINE = re.compile(r"CSV Error on Line: (\d+)")


def explain(path: Path, error: duckdb.Error) -> BadData:
    """What DuckDB found wrong in a text file, in French and without the line that it quotes."""
    text = str(error)
    found = _LINE.search(text)
    line = f", ligne {found[1]} du fichier" if found else ""
    if "unicode" in text or "utf-8" in text.lower():
        return _not_utf8(path)
    if "unterminated quote" in text:
        return refuse(path, f"un guillemet qui n’est pas fermé{line}.", "Redemandez l’export d’origine.")
    if "Maximum line size" in text or "line size" in text.lower():
        return refuse(
            path, f"une case démesurée, ou un guillemet qui n’est pas fermé{line}.", "Redemandez l’export d’origine."
        )
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    if counts and int(counts[2]) > int(counts[1]):
        return refuse(
            path,
            f"des cases dépassent l’en-tête{line}.",
            "Un séparateur ou un guillemet manque sans doute dans cette ligne.",
        )
    if counts:
        return refuse(
            path, f"il manque des cases{line} : le fichier est sans doute coupé.", "Redemandez l’export d’origine."
        )
    return refuse(
        path,
        "le fichier texte n’est pas régulier (fins de ligne mélangées, guillemets).",
        "Redemandez l’export d’origine, sans l’ouvrir ni l’enregistrer dans un autre logiciel.",
    )
