"""Read spreadsheets as text, then column by column through the parser that its schema states.

Nothing is guessed: a date, a number or a code is read in the forms that the schema lists, and a value in
another form is refused, counted by rule with its row numbers, and never quoted.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd
import yaml
from python_calamine import CalamineWorkbook

from ..codes import from_form
from ..errors import BadData

LARGEST_XLSX = 300 * 2**20  # bytes once unpacked: a workbook of 349 KB has been seen to ask for 490 MB
LARGEST_CELL = 131_072  # characters
_NUMBER = re.compile(r"-?(?:[0-9]+|[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+)(?:\.0)?")
_SPACES = str.maketrans("", "", "\u00a0\u202f ")


@dataclass(frozen=True)
class Column:
    """One declared column of a format received. `to` is our name for it; None when it is dropped by rule."""

    header: str
    to: str | None
    type: str
    codes: str
    attribute: str
    required: bool


@dataclass(frozen=True)
class Format:
    """A declared format: its sheet (XLSX), delimiter (CSV), whether an HXL row follows the header, its columns,
    and what its papers say by default."""

    name: str
    sheet: str
    delimiter: str
    hxl: bool
    columns: tuple[Column, ...]
    papers: dict[str, str]


@cache
def declared(name: str) -> Format:
    """The format described in `schemas/<name>.yml`."""
    given = yaml.safe_load(files("veille.schemas").joinpath(f"{name}.yml").read_text(encoding="utf-8"))
    columns = tuple(
        Column(
            header,
            entry.get("to"),
            entry.get("type", "text"),
            entry.get("codes", ""),
            entry.get("attribute", "form"),
            entry.get("required", False),
        )
        for header, entry in given["columns"].items()
    )
    return Format(
        name,
        given.get("sheet", ""),
        given.get("delimiter", ","),
        given.get("hxl", False),
        columns,
        given.get("papers", {}),
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    return unicodedata.normalize("NFC", str(value)).strip()


def _xlsx_rows(path: Path, sheet: str) -> list[list[str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > LARGEST_XLSX:
                raise BadData(
                    f"{path.name} : classeur démesuré une fois décompressé.",
                    "Demandez un export sans images ni feuilles inutiles.",
                )
            if any(item.filename.endswith("vbaProject.bin") for item in archive.infolist()):
                raise BadData(
                    f"{path.name} : le classeur contient des macros.", "Demandez un fichier .xlsx sans macros."
                )
            if any("externalLinks/" in item.filename for item in archive.infolist()):
                raise BadData(
                    f"{path.name} : le classeur dépend d’un autre fichier.",
                    "Rompez les liaisons dans Excel, puis enregistrez.",
                )
            if any(
                b"<!DOCTYPE" in archive.open(item).read(1024)
                for item in archive.infolist()
                if item.filename.endswith(".xml")
            ):
                raise BadData(
                    f"{path.name} : le classeur contient une déclaration interdite.",
                    "Redemandez un export fait par Excel ou KoBo.",
                )
        book = CalamineWorkbook.from_path(str(path))
    except BadData:
        raise
    except Exception:
        raise BadData(
            f"{path.name} : classeur illisible.",
            "Ouvrez-le dans Excel, enregistrez-le en .xlsx et recommencez, ou redemandez-le à l’expéditeur.",
        ) from None
    visible = [s.name for s in book.sheets_metadata if str(s.visible).endswith("Visible")]
    if sheet not in visible:
        raise BadData(
            f"{path.name} : la feuille « {sheet} » manque ou est masquée.", f"Feuilles visibles : {', '.join(visible)}."
        )
    return [[_cell(v) for v in row] for row in book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)]


def _csv_rows(path: Path, delimiter: str) -> list[list[str]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadData(f"{path.name} : le fichier n’est pas en UTF-8.", "Enregistrez-le en « CSV UTF-8 ».") from None
    csv.field_size_limit(LARGEST_CELL)  # other libraries raise it for the whole process
    try:
        return [[_cell(v) for v in row] for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)]
    except csv.Error:
        raise BadData(
            f"{path.name} : une case démesurée, ou un guillemet qui n’est pas fermé.", "Redemandez l’export d’origine."
        ) from None


def _date(value: str) -> date:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}(T00:00:00)?", value):
        return date.fromisoformat(value[:10])
    if re.fullmatch(r"\d{2}/\d{2}/\d{4}", value):  # French order, as the templates say
        day, month, year = value.split("/")
        return date(int(year), int(month), int(day))
    raise ValueError


def _integer(value: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise ValueError
    return int(value.translate(_SPACES).split(".")[0])


def _month(value: str) -> str:
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise ValueError
    return value


def _datetime(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _yes_no(value: str) -> bool:
    return {"oui": True, "yes": True, "1": True, "non": False, "no": False, "0": False}[value.lower()]


def _parser(column: Column) -> Callable[[str], object]:
    if column.type == "code":
        known = from_form(column.codes, column.attribute)
        return known.__getitem__
    if column.type == "codes":
        several = from_form(column.codes)
        return lambda value: tuple(several[v] for v in value.split())
    return {
        "text": str,
        "int": _integer,
        "date": _date,
        "month": _month,
        "yes_no": _yes_no,
        "datetime": _datetime,
    }[column.type]


_EXPECTED = {
    "int": "un nombre entier",
    "date": "une date (2017-06-14 ou 14/06/2017)",
    "month": "un mois (2017-06)",
    "datetime": "une date et une heure",
    "yes_no": "oui ou non",
    "code": "un code de la liste",
    "codes": "des codes de la liste",
}


def _rows_named(rows: list[int]) -> str:
    shown = ", ".join(map(str, rows[:5])) + ("…" if len(rows) > 5 else "")
    return f"ligne {shown}" if len(rows) == 1 else f"{len(rows)} lignes ({shown})"


def read(path: Path, format_name: str) -> pd.DataFrame:
    """One row per data row of the file, one column per declared column kept, plus `row` (its line in the file).

    Blank cells are None. Raises BadData when the file cannot be read, a declared column is missing, a column
    is not declared, or a value is not in its column's form: it names file, sheet, column and rows.
    """
    fmt = declared(format_name)
    where = path.name + (f", feuille « {fmt.sheet} »" if fmt.sheet else "")
    rows = _xlsx_rows(path, fmt.sheet) if fmt.sheet else _csv_rows(path, fmt.delimiter)
    if not rows:
        raise BadData(f"{where} : aucune ligne d’en-tête.", "Vérifiez que le bon fichier a été déposé.")
    header = [h for h in rows[0]]
    while header and header[-1] == "":
        header.pop()
    known = {c.header for c in fmt.columns}
    if len(known & set(header)) * 2 < len(known):
        # Not our header at all, perhaps a row of data: nothing of it is repeated.
        raise BadData(
            f"{where} : la première ligne n’est pas l’en-tête attendu.",
            f"Colonnes attendues : {', '.join(c.header for c in fmt.columns)}.",
        )
    missing = [c.header for c in fmt.columns if c.header not in header]
    if missing:
        raise BadData(
            f"{where} : colonne absente : {', '.join(missing)}.",
            "Redemandez l’export complet, sans supprimer ni renommer de colonne.",
        )
    strangers = [h or f"(colonne {i + 1} sans nom)" for i, h in enumerate(header) if h not in known]
    if strangers:
        raise BadData(
            f"{where} : colonne non déclarée : {', '.join(strangers)}.",
            f"Retirez-la du fichier, ou déclarez-la dans schemas/{format_name}.yml.",
        )
    if len(set(header)) < len(header):
        raise BadData(f"{where} : un nom de colonne figure deux fois.", "Redemandez l’export d’origine.")
    first = 2 if fmt.hxl else 1
    if fmt.hxl and (len(rows) < 2 or any(v and not v.startswith("#") for v in rows[1])):
        raise BadData(
            f"{where} : la ligne HXL manque sous l’en-tête.", "Redemandez le modèle avec ses deux lignes d’en-tête."
        )
    data = [(number, row) for number, row in enumerate(rows[first:], first + 1) if any(row[: len(header)])]
    beyond = [number for number, row in data if any(row[len(header) :])]
    if beyond:
        raise BadData(
            f"{where} : des cases dépassent l’en-tête, {_rows_named(beyond)}.",
            "Un séparateur ou un guillemet manque sans doute dans ces lignes.",
        )
    frame: dict[str, list] = {"row": [number for number, _ in data]}
    for column in fmt.columns:
        if column.to is None:
            continue
        at, parse = header.index(column.header), _parser(column)
        values: list[object] = []
        refused: list[int] = []
        blank: list[int] = []
        for number, row in data:
            raw = row[at] if at < len(row) else ""
            if raw == "":
                values.append(None)
                if column.required:
                    blank.append(number)
                continue
            try:
                values.append(parse(raw))
            except (KeyError, ValueError):
                values.append(None)
                refused.append(number)
        if refused:
            what = "code inconnu" if column.type.startswith("code") else "valeur refusée"
            listed = f" {column.codes}" if column.codes else ""
            raise BadData(
                f"{where}, colonne {column.header} : {what}, {_rows_named(refused)}.",
                f"Attendu : {_EXPECTED[column.type]}{listed}.",
            )
        if blank:
            raise BadData(
                f"{where}, colonne {column.header} : case vide, {_rows_named(blank)}.", "Cette colonne est obligatoire."
            )
        frame[column.to] = values
    return pd.DataFrame(frame, dtype=object)
