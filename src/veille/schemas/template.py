"""Excel entry templates: for partners without KoBo, one workbook per canonical table, written from its definition.

Three sheets: what to know, the rows to fill in (French labels, then HXL tags), the lists behind the drop-downs. What
a person sees in a list is text; `entries` gives back the code that each text stands for.
"""

from __future__ import annotations

import io
import re
from datetime import date, datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from ..codes import code_list, label, mapping
from ..places import LEVELS, gazetteer
from ..render import zips
from ..strategy.frames import every_indicator
from .definitions import Column, Rule, Table
from .definitions import table as definition
from .forms import DATA, INDICATOR, PLACES

README, LISTS = "Lisez-moi", "Listes"
LABELS_ROW, HXL_ROW, FIRST_ROW, ROWS = 0, 1, 2, 1000  # counted from 0; ROWS may be filled in
YES_NO = {"Oui": True, "Non": False}
FIRST_DAY = date(2000, 1, 1)
TITLE_MAX, MESSAGE_MAX = 32, 255  # what Excel accepts in the box beside a cell
NOTHING = f"{LISTS}!$A$10000"  # an empty cell, below every list
KINDS = {
    "text": "Texte",
    "int": "Nombre entier",
    "decimal": "Nombre",
    "date": "Date (jour/mois/année)",
    "month": "Mois, écrit 2017-06",
    "quarter": "Trimestre, écrit 2017-Q2",
    "datetime": "Date et heure",
    "yes_no": "Oui ou non",
    "code": "Un choix de la liste",
    "codes": "Un ou plusieurs choix de la liste, séparés par « ; »",
}


def _places(pattern: str, edition: str) -> dict[str, str]:
    """« ML0701 Gao » -> ML0701: the places of one edition whose code fits the pattern, and the country if it does."""
    fit = [n for n in gazetteer().values() if n.place.edition == edition and re.search(pattern, n.place.pcode)]
    several = len({n.level for n in fit}) > 1
    is_mali = mapping("edition", "country").get(edition) == "ML"
    country = {"ML Ensemble du pays": "ML"} if is_mali and re.search(pattern, "ML") else {}
    return country | {
        f"{n.place.pcode} {n.name}" + (f" ({LEVELS[n.level]})" if several else ""): n.place.pcode
        for n in sorted(fit, key=lambda n: n.place)
    }


def entries(name: str, column: str, edition: str = "cod2015") -> dict[str, object]:
    """Text of a drop-down -> what it stands for, in the order of the list; empty where a column has no list.

    Places are those of `edition`: the same code names other places in another.
    """
    spec = definition(name).asked[column]
    if spec.type == "yes_no":
        return dict(YES_NO)
    if spec.codes:
        return {entry["fr"]: code for code, entry in code_list(spec.codes).items()}
    if (name, column) == INDICATOR:
        return {f"{ident} {one.title}": ident for ident, one in every_indicator().items()}
    if column in PLACES and "edition" in definition(name).columns:
        return _places(spec.pattern, edition)
    return {}


class _Lists:
    """The sheet of lists being written: one column per list, each named once, and the range of each."""

    def __init__(self, sheet, head) -> None:
        self.sheet, self.head = sheet, head
        self.ranges: dict[tuple[str, ...], str] = {}

    def range(self, title: str, texts: tuple[str, ...]) -> str:
        """The absolute range that holds these texts; written when it is the first time."""
        if texts not in self.ranges:
            c = len(self.ranges)
            self.sheet.write_string(0, c, title, self.head)
            for r, text in enumerate(texts, start=1):
                self.sheet.write_string(r, c, text)
            self.sheet.set_column(c, c, min(60, max(len(t) for t in (title, *texts)) + 2))
            letter = xl_col_to_name(c)
            self.ranges[texts] = f"{LISTS}!${letter}$2:${letter}${len(texts) + 1}"
        return self.ranges[texts]


def _source(lists: _Lists, table: Table, column: str, spec: Column) -> str:
    """The formula of a drop-down; the list of places follows the edition written on the same row.

    An edition whose places the gazetteer does not hold (communes of cod2021) gets an empty list, never another's; so does
    a row whose edition is not written yet.
    """
    if spec.codes or spec.type == "yes_no" or (table.name, column) == INDICATOR:
        return "=" + lists.range(
            spec.codes or (column if spec.type == "text" else "oui_non"), tuple(entries(table.name, column))
        )
    written = f"${xl_col_to_name(list(table.asked).index('edition'))}{FIRST_ROW + 1}"
    formula = NOTHING
    for edition in reversed(code_list("edition")):
        if found := tuple(entries(table.name, column, edition)):
            formula = (
                f'IF({written}="{label("edition", edition)}",{lists.range(f"{column} {edition}", found)},{formula})'
            )
    return f"={formula}"


def _year_and(cell: str, rest: str) -> str:
    """Seven characters: a year, a hyphen, and the rest that a formula tests."""
    return f'=AND(LEN({cell})=7,ISNUMBER(VALUE(LEFT({cell},4))),MID({cell},5,1)="-",{rest.format(cell=cell)})'


def _bounds(spec: Column) -> tuple[dict, str]:
    if isinstance(spec.max, int):
        low = 0 if spec.min is None else spec.min
        return {"criteria": "between", "minimum": low, "maximum": spec.max}, f"de {low} à {spec.max}"
    if spec.min is not None:
        return {"criteria": ">=", "value": spec.min}, "zéro ou plus" if spec.min == 0 else f"au moins {spec.min}"
    return {"criteria": "between", "minimum": -1e15, "maximum": 1e15}, "sans texte ni unité"


def _check(spec: Column, cell: str) -> tuple[dict, str]:
    """What Excel refuses in the cells of a column without a list, and the French message that says why."""
    if spec.type in ("int", "decimal"):
        bounds, words = _bounds(spec)
        kind = "integer" if spec.type == "int" else "decimal"
        return {"validate": kind, **bounds}, f"{KINDS[spec.type]} attendu, {words}. Laissez vide si ce n’est pas connu."
    if spec.type in ("date", "datetime"):
        past = spec.max == "today"
        until = "=TODAY()" if past else date(2100, 1, 1)
        words = "Date attendue, par exemple 14/06/2017" + (", pas dans le futur." if past else ".")
        return {"validate": "date", "criteria": "between", "minimum": FIRST_DAY, "maximum": until}, words
    if spec.type == "month":
        inside = "VALUE(RIGHT({cell},2))>=1,VALUE(RIGHT({cell},2))<=12"
        formula = _year_and(cell, inside)
        if spec.max == "today":
            formula = formula[:-1] + f',{cell}<=TEXT(YEAR(TODAY()),"0000")&"-"&TEXT(MONTH(TODAY()),"00"))'
        return {"validate": "custom", "value": formula}, "Mois attendu, écrit 2017-06, pas dans le futur."
    if spec.type == "quarter":
        inside = 'MID({cell},6,1)="Q",VALUE(RIGHT({cell},1))>=1,VALUE(RIGHT({cell},1))<=4'
        return {"validate": "custom", "value": _year_and(cell, inside)}, "Trimestre attendu, écrit 2017-Q2."
    return {"validate": "any"}, ""


def _kind(name: str, column: str) -> str:
    spec = definition(name).asked[column]
    return KINDS["code"] if spec.type == "text" and entries(name, column) else KINDS[spec.type]


def _validation(lists: _Lists, table: Table, column: str) -> dict:
    """The options of one column's data validation: what is refused, and the two boxes that a person may see."""
    spec = table.asked[column]
    cell = f"{xl_col_to_name(list(table.asked).index(column))}{FIRST_ROW + 1}"
    if entries(table.name, column):
        check = {"validate": "list", "source": _source(lists, table, column, spec)}
        refusal = "Choisissez dans la liste."
    else:
        check, refusal = _check(spec, cell)
    asked = f"{'Obligatoire. ' if spec.required else ''}{_kind(table.name, column)}. "
    boxes = {
        "input_title": spec.label.fr.split(" (")[0][:TITLE_MAX],
        "input_message": (asked + (spec.help.fr if spec.help else ""))[:MESSAGE_MAX],
        "error_title": "Valeur refusée",
        "error_message": refusal[:MESSAGE_MAX],
    }
    if spec.type == "codes" or column == "commune_pcode":
        # Several choices in one cell, or a commune that the gazetteer does not list: shown, but not refused.
        boxes |= {"error_type": "information", "error_title": "Hors de la liste"}
    return check | boxes


def _broken(table: Table, rule: Rule) -> str:
    """A formula true on the rows that break a rule; they turn red, because no cell is wrong alone."""
    letter = {c: f"${xl_col_to_name(i)}{FIRST_ROW + 1}" for i, c in enumerate(table.asked)}
    limits = ",".join(letter[c] for c in rule.at_most)
    given = ",".join(letter[c] for c in rule.sum)
    return f"=AND(COUNT({given})>0,COUNT({limits})={len(rule.at_most)},SUM({given})>SUM({limits}))"


def _readme(sheet, table: Table, bold, wrap) -> None:
    lines = [
        (table.title.fr, bold),
        (f"Une ligne : {table.row.fr}.", None),
        ("", None),
        (f"1. Remplissez la feuille « {DATA} » à partir de la ligne {FIRST_ROW + 1}. Ne changez ni les en-têtes, ni la deuxième ligne (HXL).", None),
        (f"2. Choisissez dans les listes déroulantes ; elles sont sur la feuille « {LISTS} ».", None),
        ("3. Laissez vide ce qui n’est pas connu. Zéro veut dire que la réponse est zéro.", None),
        ("4. N’ajoutez aucune colonne : ni nom, ni contact, ni village, ni récit. Un fichier qui en contient est refusé.", None),
        ("5. Les lignes qui passent en rouge ne tiennent pas une règle :", None),
        *((f"     {rule.message.fr}", None) for rule in table.rules),
        ("", None),
        ("Colonnes (* : obligatoire)", bold),
    ]  # fmt: skip
    if not table.rules:
        lines = [line for line in lines if not line[0].startswith("5.")]
    for r, (text, style) in enumerate(lines):
        sheet.write_string(r, 0, text, style)
    for r, (name, spec) in enumerate(table.asked.items(), start=len(lines)):
        sheet.write_string(r, 0, spec.label.fr + (" *" if spec.required else ""), wrap)
        sheet.write_string(r, 1, _kind(table.name, name), wrap)
        sheet.write_string(r, 2, spec.help.fr if spec.help else "", wrap)
    sheet.set_column(0, 0, 40)
    sheet.set_column(1, 1, 26)
    sheet.set_column(2, 2, 80)
    sheet.hide_gridlines(2)


def write(path: Path, table: str) -> None:
    """Write the entry template of one canonical table. The same definition gives the same bytes.

    Columns of class I and computed columns are absent. Raises UnknownName for a table that does not exist.
    """
    spec = definition(table)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"title": spec.title.fr, "created": datetime(2017, 1, 1)})
        bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        head = book.add_format({"bold": True, "bg_color": "#d9e6f5", "border": 1, "text_wrap": True, "valign": "top"})
        tag = book.add_format({"font_color": "#5b6675", "italic": True, "border": 1})
        wrong = book.add_format({"bg_color": "#f6cccc"})
        styles = {
            "date": book.add_format({"num_format": "dd/mm/yyyy"}),
            "datetime": book.add_format({"num_format": "dd/mm/yyyy hh:mm"}),
            "int": book.add_format({"num_format": "0"}),
            "decimal": book.add_format({"num_format": "0.##########"}),
        }
        as_text = book.add_format({"num_format": "@"})  # 2017-06 stays 2017-06
        readme, data, lists = (book.add_worksheet(n) for n in (README, DATA, LISTS))
        _readme(readme, spec, bold, wrap)
        listed = _Lists(lists, bold)
        for c, (name, column) in enumerate(spec.asked.items()):
            data.set_column(c, c, max(14, min(30, len(column.label.fr) + 2)), styles.get(column.type, as_text))
            data.write_string(LABELS_ROW, c, column.label.fr, head)
            data.write_string(HXL_ROW, c, column.hxl, tag)
            data.data_validation(FIRST_ROW, c, FIRST_ROW + ROWS - 1, c, _validation(listed, spec, name))
        for rule in spec.rules:
            data.conditional_format(
                FIRST_ROW, 0, FIRST_ROW + ROWS - 1, len(spec.asked) - 1,
                {"type": "formula", "criteria": _broken(spec, rule), "format": wrong},
            )  # fmt: skip
        data.freeze_panes(FIRST_ROW, 0)
        data.activate()
    path.write_bytes(zips.normalised(buffer.getvalue()))
