"""Read a file received, column by column, in the forms that its format states; everything else is refused by rule.

Nothing is guessed. The file becomes a DuckDB table of typed rows at any size; a cell in another form refuses its row
(or is set aside, where the format says so), and is counted by rule with the number of its row, never quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from ..codes import code_list
from ..errors import BadData
from . import files, headers, kobo
from .decisions import Correction
from .files import ROW_COLUMN, Grid, rows_named
from .formats import DELIMITERS, KOBO, Column, Format, Repeat, declared
from .headers import Layout
from .headers import same as same

# A file where more of the rows than this break a rule is not a file with faults: it is in another form, and refused.
LARGEST_REFUSED_SHARE = 0.2
SHOWN = 200  # row numbers kept per rule
_SPACE = "' \t\n\r\u00a0\u202f\u2007\u200b\ufeff'"
_BROKEN = "'#N/A', '#REF!', '#VALUE!', '#VALEUR!', '#DIV/0!', '#NAME?', '#NOM?', '#NUM!', '#NOMBRE!', '#NULL!', '#NUL!'"
_TWICE_ENCODED = "Ã[\u0080-\u00bf]|â€"

EXPECTED = {
    "text": "du texte",
    "place": "un nom de lieu",
    "int": "un nombre entier",
    "decimal": "un nombre",
    "date": "une date (2017-06-14 ou 14/06/2017), depuis 1950",
    "month": "un mois (2017-06), depuis 1950",
    "quarter": "un trimestre (2017-Q2)",
    "datetime": "une date et une heure, depuis 1950",
    "yes_no": "oui ou non",
    "code": "un code de la liste",
    "codes": "des codes de la liste",
}


@dataclass(frozen=True)
class Fault:
    """One rule that some rows do not keep. `rows` are the first of them, as Excel numbers them.

    `file` is the name of theirs, where several were received together.
    """

    rule: str
    column: str
    expected: str
    count: int
    rows: tuple[int, ...]
    file: str = ""

    @property
    def words(self) -> str:
        """« colonne victimes/femmes : valeur refusée », or the rule alone when it is about a whole row."""
        said = f"colonne {self.column} : {self.rule}" if self.column else self.rule
        return f"{said} ({self.file})" if self.file else said


@dataclass(frozen=True)
class Reading:
    """What a file holds: the table `table` of `con`, one typed row per row that enters, with its number `row`.

    `read` counts the data rows of the file; `refused` says which do not enter (a row may break several rules:
    `kept` counts those that break none); `set_aside` says which cells were left blank. Columns are ours, `None` for a blank.
    """

    con: duckdb.DuckDBPyConnection
    format: Format
    path: Path
    where: str
    table: str
    read: int
    kept: int
    refused: tuple[Fault, ...]
    set_aside: tuple[Fault, ...]
    without_consent: int
    grid: Grid
    corrected: frozenset[int] = frozenset()
    line: str = "n"
    keep: str = "true"
    is_marked: bool = False

    @property
    def refused_rows(self) -> int:
        """How many rows break a rule; a row may break several."""
        return self.read - self.without_consent - self.kept

    def frame(self) -> pd.DataFrame:
        """All rows as plain Python values; for the formats whose files are small."""
        return frame(self.con, self.table)

    def write_text(self, target: Path, columns: Sequence[tuple[int, str]], beside: pd.DataFrame | None = None) -> None:
        """Write some columns of the grid as they stand, rows without consent left out.

        `columns` holds (place in the grid, header). The result is read again by the same format; where rows no longer
        stand where they stood, or the cut is read otherwise than the file, a first column gives the number of each in
        the file received. `beside` holds, by that number, what is stored in the place of cells that are not kept.
        """
        rows = (
            ", ".join(f'c{i} AS "{name.replace(chr(34), chr(34) * 2)}"' for i, name in columns)
            + f" FROM {self.grid.sql}"
        )
        if self.is_moved:
            numbered = f"SELECT row_number() OVER () - 1 AS n, * FROM {self.grid.sql}"
            rows = f"{self.line} AS {ROW_COLUMN}, {rows.removesuffix(self.grid.sql)}({numbered}) WHERE {self.keep}"
            if beside is not None:
                files.put(self.con, beside, "beside")
                rows = f"* FROM (SELECT {rows}) LEFT JOIN beside USING ({ROW_COLUMN}) ORDER BY {ROW_COLUMN}"
        self.con.execute(
            f"COPY (SELECT {rows}) TO {_literal(target.as_posix())} (FORMAT csv, HEADER, DELIMITER ';')"
        ).fetchall()

    @property
    def is_moved(self) -> bool:
        """Whether a row of the cut stands at another place than in the file received (rows left out, lines above it), or
        the cut must be told from it: repeats folded into their rows, questions of which it has the choices only."""
        return self.is_marked or bool(self.format.consent) or self.line != "n + 2" or not self.keep.startswith("n >= 0")


def frame(con: duckdb.DuckDBPyConnection, table: str) -> pd.DataFrame:
    """A DuckDB table as a frame of plain Python values, None for a blank, in the order of its files."""
    result = con.execute(f"SELECT * FROM {table}")
    names = [d[0] for d in result.description]
    columns = list(zip(*result.fetchall(), strict=True)) or [()] * len(names)
    data = {
        name: pd.Series([tuple(v) if isinstance(v, list) else v for v in values], dtype=object)
        for name, values in zip(names, columns, strict=True)
    }
    return pd.DataFrame(data)


@contextmanager
def connection(spill: Path | None = None, memory: str = "700MB") -> Iterator[duckdb.DuckDBPyConnection]:
    """A private DuckDB in memory; what does not fit spills into `spill`, which is inside the project."""
    if spill:
        spill.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"memory_limit": memory})
    try:
        con.execute("SET TimeZone = 'UTC'")
        # The first would clean every cell ahead of the few that need it: `coalesce` is what keeps reading fast.
        # The second would make a join of each list of error words, for cells that a test before it rules out.
        con.execute("SET disabled_optimizers = 'common_subexpressions,in_clause'")
        con.execute("SET autoinstall_known_extensions = false")
        con.execute(f"SET temp_directory = '{(spill.as_posix() if spill else '').replace(chr(39), chr(39) * 2)}'")
        yield con
    finally:
        con.close()


def _layout(fmt: Format, header: Sequence[str]) -> Layout:
    return headers.layout(fmt.columns, header, accepted)


def _best(fmt: Format, heads: dict[str, list[list[str]]]) -> str:
    """The delimiter under which most declared columns are found."""
    return max(
        heads,
        key=lambda d: (len(_layout(fmt, heads[d][0]).found) if heads[d] else 0, len(heads[d][0]) if heads[d] else 0),
    )


def _text_grid(con: duckdb.DuckDBPyConnection, path: Path, fmt: Format, name: str) -> Grid:
    heads = files.text_heads(path, DELIMITERS)
    delimiter = _best(fmt, heads)
    if not heads[delimiter]:
        raise BadData(f"{path.name} : aucune ligne d’en-tête.", "Vérifiez que le bon fichier a été déposé.")
    header, *rest = heads[delimiter]
    if files.has_open_header(path):
        return files.sheet_grid(con, files.text_page(path, delimiter), name)
    return files.text_grid(path, delimiter, header, rest[0] if rest else ())


def _sheet_of(book: files.Workbook, fmt: Format) -> str:
    names = (fmt.sheet, *fmt.extras.get("sheets", ())) if fmt.sheet else ()
    for name in names:
        if name in book.visible:
            return name
    if fmt.sheet:
        raise BadData(
            f"{book.path.name} : la feuille « {fmt.sheet} » manque ou est masquée.",
            f"Feuilles visibles : {headers.listed(book.visible)}.",
        )
    if len(book.visible) != 1:
        raise BadData(
            f"{book.path.name} : le classeur a {len(book.visible)} feuilles visibles.",
            "Gardez une seule feuille, celle des données.",
        )
    return book.visible[0]


def open_grid(con: duckdb.DuckDBPyConnection, path: Path, fmt: Format, name: str) -> Grid:
    """A file as a grid of text, whatever its kind."""
    if files.is_workbook(path):
        book = files.workbook(path)
        if fmt.family == KOBO:
            page = files.page(book, kobo.main_sheet(book, fmt), fmt.header_row)
            return files.sheet_grid(con, kobo.folded(book, page, fmt, accepted), name)
        return files.sheet_grid(con, files.page(book, _sheet_of(book, fmt), fmt.header_row), name)
    return _text_grid(con, path, fmt, name)


def check_header(grid: Grid, fmt: Format) -> dict[str, int]:
    """Where each declared column stands in a file. Raises BadData for a column that is missing, undeclared, or there twice."""
    return _checked(grid, fmt).at


def _checked(grid: Grid, fmt: Format) -> Layout:
    return headers.check(
        grid.where, fmt.columns, grid.header, accepted, fmt.name, [grid.header[i] for i in _folded(grid, fmt).values()]
    )


def _folded(grid: Grid, fmt: Format) -> dict[str, int]:
    """The repeats that were folded into a column, now or when a cut was stored -> the place of that column."""
    now = {one.repeat for one in grid.lost}
    return {
        r.name: grid.header.index(r.sheet)
        for r in fmt.repeats
        if r.sheet in grid.header and (r.name in now or ROW_COLUMN in grid.header)
    }


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def accepted(column: Column) -> dict[str, str]:
    """What a cell of a coded column may hold -> our code: the code that forms use, or the label that people read."""
    if column.values:
        return dict(column.values)
    found = forms(column)
    if column.attribute == "form":
        for code, entry in code_list(column.codes).items():
            for label in (entry["fr"], entry.get("short_fr")):
                # A label that is another entry's code keeps meaning that code.
                if label:
                    found.setdefault(label, code)
    if column.codes == "incident_type" and column.attribute == "form":
        found = _typologies() | found
    return found


def forms(column: Column) -> dict[str, str]:
    """The codes that forms use -> ours, without their labels."""
    entries = code_list(column.codes).items()
    return {str(entry.get(column.attribute, code)): code for code, entry in entries}


def _typologies() -> dict[str, str]:
    """The labels of the three generations of the AMSS/UNHCR typology -> our type; those that mean one type only."""
    meant: dict[str, set[str]] = {}
    for entry in code_list("incident_typology").values():
        if "incident_type" in entry:
            meant.setdefault(entry["fr"], set()).add(entry["incident_type"])
    return {label: next(iter(types)) for label, types in meant.items() if len(types) == 1}


YES, NO = ("oui", "yes", "1", "true", "vrai"), ("non", "no", "0", "false", "faux")


class _Enums:
    """Code lists as DuckDB types: a text becomes its place in the list, and the place our code."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con

    def code(self, column: Column, *several: str) -> str:
        return self.meant(f"forms {column.codes or column.header} {column.attribute}", accepted(column), *several)

    def meant(self, name: str, known: Mapping[str, str], *several: str) -> str:
        """What the first of several texts that is in a list means; NULL when none is. A name stands for one list only."""
        quoted = '"' + name.replace('"', '""') + '"'
        self.con.execute(f"CREATE TYPE IF NOT EXISTS {quoted} AS ENUM ({', '.join(map(_literal, known))})")
        codes = f"[{', '.join(map(_literal, known.values()))}]"
        cast = f"coalesce({', '.join(f'TRY_CAST({x} AS {quoted})' for x in several)})"
        return f"list_extract({codes}, enum_code({cast}) + 1)"

    def yes_no(self, *several: str) -> str:
        forms = [form for word in (*YES, *NO) for form in dict.fromkeys((word, word.capitalize(), word.upper()))]
        self.con.execute(f"CREATE TYPE IF NOT EXISTS yes_no AS ENUM ({', '.join(map(_literal, forms))})")
        meant = f"[{', '.join('true' if form.lower() in YES else 'false' for form in forms)}]"
        cast = f"coalesce({', '.join(f'TRY_CAST({x} AS yes_no)' for x in several)})"
        return f"list_extract({meant}, enum_code({cast}) + 1)"


PARTING = " \u00a0\u202f\u2009"  # between thousands
_WHOLE = "regexp_full_match({x}, '[0-9]{{1,15}}')"
_PARTED = "regexp_full_match({x}, '([0-9]{{1,15}}|[0-9]{{1,3}}([" + PARTING + "][0-9]{{3}}){{1,4}})(\\.0)?')"
_DECIMAL = (
    "regexp_full_match({x}, '-?([0-9]{{1,15}}|[0-9]{{1,3}}(["
    + PARTING
    + "][0-9]{{3}}){{1,4}})(\\.[0-9]+|,[0-9]{{1,2}}|,[0-9]{{4,}})?')"
)
_ISO_DAY = "regexp_full_match({x}, '(19[5-9][0-9]|20[0-9]{{2}})-[0-9]{{2}}-[0-9]{{2}}([T ]00:00:00(\\.0+)?)?')"
_MOMENT = "regexp_full_match({x}, '(19[5-9][0-9]|20[0-9]{{2}})-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\\.[0-9]+)?)?(Z|[+-][0-9]{{2}}:?[0-9]{{2}})?')"


_LOCAL = (
    "regexp_full_match({x}, '(19[5-9][0-9]|20[0-9]{{2}})-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}')"
)


def typed(enums: _Enums, column: Column, x: str) -> str:
    """The SQL value of a cell whose text is `x`; NULL when it is blank or not in the column's form."""
    match column.type:
        case "text" | "place":
            return x
        case "int":
            cut = f"split_part(regexp_replace({x}, '[{PARTING}]', '', 'g'), '.', 1)"
            return (
                f"CASE WHEN {_WHOLE.format(x=x)} THEN CAST({x} AS BIGINT) "
                f"WHEN {_PARTED.format(x=x)} THEN CAST({cut} AS BIGINT) END"
            )
        case "decimal":
            cut = f"replace(regexp_replace({x}, '[{PARTING}]', '', 'g'), ',', '.')"
            return f"CASE WHEN {_DECIMAL.format(x=x)} THEN CAST({cut} AS DOUBLE) END"
        case "date":
            return (
                f"CASE WHEN {_ISO_DAY.format(x=x)} THEN TRY_CAST(left({x}, 10) AS DATE) "
                f"WHEN regexp_full_match({x}, '[0-9]{{2}}/[0-9]{{2}}/(19[5-9][0-9]|20[0-9]{{2}})') "
                f"THEN CAST(try_strptime({x}, '%d/%m/%Y') AS DATE) END"  # French order, as the templates say
            )
        case "month":
            # Excel turns 2017-06 into its first day; no other day is a month.
            said = f"regexp_full_match({x}, '(19[5-9][0-9]|20[0-9]{{2}})-(0[1-9]|1[0-2])(-01([T ]00:00:00(\\.0+)?)?)?')"
            return f"CASE WHEN {said} THEN left({x}, 7) END"
        case "quarter":
            return f"CASE WHEN regexp_full_match({x}, '[0-9]{{4}}-Q[1-4]') THEN {x} END"
        case "datetime":
            # Without an offset it is UTC, as KoBo writes it; an offset is taken into account, never dropped.
            return (
                f"CASE WHEN {_LOCAL.format(x=x)} THEN TRY_CAST({x} AS TIMESTAMP) "
                f"WHEN {_MOMENT.format(x=x)} THEN timezone('UTC', TRY_CAST({x} AS TIMESTAMPTZ)) END"
            )
        case "yes_no":
            return enums.yes_no(x)
        case "code":
            return enums.code(column, x)
        case "codes":
            return _several(enums, column, x)
    raise AssertionError(column.type)


def _several(enums: _Enums, column: Column, x: str) -> str:
    """Our codes, in alphabetical order, of a cell that holds codes of the form parted by a space, or labels.

    Labels have spaces themselves: the longest that fits is read, and the cell is refused unless nothing is left over.
    """
    words, known = forms(column), accepted(column)
    by_word = f"list_transform(string_split({x}, ' '), lambda v: {enums.meant(f'words {column.codes}', words, 'v')})"
    in_order = f"list_filter({sorted(set(words.values()))}, lambda c: list_contains(w, c))"
    parted = f"list_transform([{by_word}], lambda w: CASE WHEN list_count(w) = len(w) THEN {in_order} END)[1]"
    longest_first = "|".join(re.escape(text) for text in sorted(known, key=len, reverse=True))
    labels = f"regexp_extract_all({x}, {_literal(f'({longest_first})(?: |$)')}, 1)"
    by_label = f"list_transform({labels}, lambda v: {enums.code(column, 'v')})"
    whole = f"CASE WHEN {x} <> '' AND array_to_string({labels}, ' ') = {x} THEN {by_label} END"
    return f"coalesce({parted}, list_sort(list_distinct({whole})))"


def clean(x: str) -> str:
    """The text of a cell: NFC, without spaces of any kind around; NULL when nothing is left."""
    return f"nullif(trim(nfc_normalize({x}), {_SPACE}), '')"


def _plain(raw: str) -> str:
    """The same, where most cells have nothing to clean: ASCII without a space around, then letters with an accent in one sign."""
    is_ascii = f"strlen({raw}) = length({raw}) AND left({raw}, 1) > ' ' AND right({raw}, 1) > ' '"
    is_neat = f"regexp_full_match({raw}, '[!-~À-ÿ’]([ -~À-ÿ’]*[!-~À-ÿ’])?')"
    return f"CASE WHEN {is_ascii} OR {is_neat} THEN {raw} ELSE {clean(raw)} END"


def _value(enums: _Enums, column: Column, raw: str) -> str:
    """The value of a cell as it stands in the file. Cleaning costs more than reading: only what needs it is cleaned."""
    if column.type in ("text", "place"):
        return _plain(raw)
    if column.type == "code":
        return enums.code(column, raw, clean(raw))
    if column.type == "yes_no":
        return enums.yes_no(raw, clean(raw))
    at_once = typed(enums, column, raw)
    return f"CASE WHEN {raw} IS NULL THEN NULL ELSE coalesce({at_once}, {typed(enums, column, clean(raw))}) END"


def _is_bad(column: Column, raw: str) -> str:
    """Whether a cell holds something that its column, whose value is known by now, does not accept."""
    if column.type in ("text", "place"):
        broken = f"starts_with({column.to}, '#') AND {column.to} IN ({_BROKEN})"
        twice = f" OR regexp_matches({column.to}, '{_TWICE_ENCODED}')" if column.type == "text" else ""
        return f"coalesce({broken}{twice}, false)"
    return f"CASE WHEN {column.to} IS NOT NULL OR {raw} IS NULL THEN false ELSE {clean(raw)} IS NOT NULL END"


def _is_odd(column: Column, raw: str) -> str:
    """Whether a cell may be bad: true of every bad cell, and quick to tell."""
    if column.type == "place":
        return f"coalesce(starts_with({column.to}, '#'), false)"
    if column.type == "text":
        return f"coalesce(starts_with({column.to}, '#') OR contains({column.to}, 'Ã') OR contains({column.to}, 'â€'), false)"
    return f"({column.to} IS NULL AND coalesce({raw}, '') <> '')"


def _original(enums: _Enums, column: Column, raw: str, is_label: bool) -> str:
    """The text of a coded cell as it was answered. Where KoBo wrote labels in place of codes, the code of the label."""
    if not is_label:
        return _plain(raw)
    entries = code_list(column.codes).values()
    codes = {e["fr"]: str(e[column.attribute]) for e in entries if column.attribute in e}
    return f"coalesce({enums.meant(f'labels {column.codes}', codes, clean(raw))}, {clean(raw)})"


@dataclass(frozen=True)
class _Choices:
    """A question with a column per choice: our code of each -> the column that reads its cell as a yes or no, the cell."""

    cells: dict[str, tuple[str, str]]

    @property
    def chosen(self) -> str:
        """Our codes of what was chosen, in alphabetical order; NULL when nothing was.

        A blank beside a 0 or a 1 is a choice that the form did not have yet.
        """
        listed = ", ".join(f"CASE WHEN {flag} THEN {_literal(code)} END" for code, (flag, _) in self.cells.items())
        some = " OR ".join(f"coalesce({flag}, false)" for flag, _ in self.cells.values())
        return f"CASE WHEN {some} THEN list_sort(list_filter([{listed}], lambda v: v IS NOT NULL)) END"

    @property
    def is_strange(self) -> str:
        """Whether a cell is neither a yes, a no nor blank."""
        return " OR ".join(
            f"CASE WHEN {flag} IS NOT NULL OR {cell} IS NULL THEN false ELSE {clean(cell)} IS NOT NULL END"
            for flag, cell in self.cells.values()
        )


_FLAG = Column("choice", "choice", "yes_no")


def _flagged(enums: _Enums, sql: str, found: Layout) -> tuple[str, dict[str, _Choices]]:
    """The grid with a yes or no for each cell of a choice; `sql` itself where no question has a column per choice."""
    if not found.choices:
        return sql, {}
    places = {i for cells in found.choices.values() for i in cells.values()}
    flags = ", ".join(f"{_value(enums, _FLAG, f'c{i}')} AS f{i}" for i in sorted(places))
    by_question = {
        header: _Choices({code: (f"f{i}", f"c{i}") for code, i in cells.items()})
        for header, cells in found.choices.items()
    }
    return f"(SELECT *, {flags} FROM {sql})", by_question


def _select(con: duckdb.DuckDBPyConnection, grid: Grid, fmt: Format, found: Layout, until: date | None) -> str:
    """One SELECT over the grid: typed columns, and sets of bits, one bit per kept column, that say which of `RULES` are broken."""
    enums, at = _Enums(con), found.at
    sql, choices = _flagged(enums, grid.sql, found)
    values, odd, bits = [], [], {name: [] for name in _sets(found)}
    for n, column in enumerate(fmt.kept):
        several = choices.get(column.header)
        if column.header not in at and not several:
            values.append(f"NULL::{SQL[column.type]} AS {column.to}")
            values += [f"NULL::VARCHAR AS {column.original}"] if column.original else []
            continue
        if several:
            answers = f"chosen{n}" if column.header in at else column.to
            values.append(f"{several.chosen} AS {answers}, {several.is_strange} AS strange{n}")
            bits["_strange"].append((n, f"strange{n}"))
            odd.append(f"strange{n}")
        if column.header not in at:
            if column.required:
                bits["_blank"].append((n, f"{column.to} IS NULL"))
                odd.append(f"{column.to} IS NULL")
            continue
        raw = f"c{at[column.header]}"
        values.append(f"{_value(enums, column, raw)} AS {column.to}")
        if column.original:
            values.append(f"{_original(enums, column, raw, column.header in found.labelled)} AS {column.original}")
        bits["_bad"].append((n, _is_bad(column, raw)))
        odd.append(_is_odd(column, raw))
        if several:
            apart = f"coalesce({column.to}, []) <> coalesce(chosen{n}, [])"
            bits["_apart"].append((n, f"NOT strange{n} AND NOT {_is_bad(column, raw)} AND {apart}"))
            odd.append(apart)
        if column.required:
            odd.append(f"{column.to} IS NULL")
            bits["_blank"].append((n, f"CASE WHEN {column.to} IS NOT NULL THEN false ELSE {clean(raw)} IS NULL END"))
        if until and column.to in NOT_AFTER_RECEPTION and column.type in _AFTER:
            late = f"coalesce({column.to} > {_AFTER[column.type](until)}, false)"
            bits["_late"].append((n, late))
            odd.append(late)
    # Most rows break no rule: which ones a row breaks is worked out only where a quick look finds something odd.
    sets = ", ".join(
        f"CASE WHEN _odd THEN {' | '.join(f'(({test})::BIGINT << {n})' for n, test in tests) or '0'} ELSE 0 END::BIGINT AS {name}"
        for name, tests in bits.items()
    )
    required = [c.to for c in fmt.kept if c.required and c.header in at]
    # A line of nothing but separators is no row. Looked at only where every obligatory cell is blank.
    blanks = f"trim(concat({', '.join(f'c{i}' for i in range(len(grid.header)))}), {_SPACE}) = ''"
    empty = (
        f"CASE WHEN {' OR '.join(f'{name} IS NOT NULL' for name in required) or 'false'} THEN false ELSE {blanks} END"
    )
    looked = f"SELECT *, CASE WHEN {' OR '.join(odd) or 'false'} THEN true ELSE false END AS _odd"
    quoted = _may_swallow(grid, {at[c.header] for c in fmt.kept if c.header in at and c.type not in ("text", "place")})
    number = f", CAST(c{grid.header.index(ROW_COLUMN)} AS BIGINT) AS row" if ROW_COLUMN in grid.header else ""
    lists = {name: _listed(enums, repeat, grid, fmt) for repeat in fmt.repeats for name in [repeat.name]}
    names = ", ".join(fmt.names)
    values += [f"{sql_} AS {name}" for name, sql_ in lists.items()]
    inner = f"SELECT {', '.join(values)}, {', '.join(f'c{i}' for i in range(len(grid.header)))} FROM {sql}"
    return f"SELECT {names}, {sets}, {empty} AS _empty, {quoted} AS _quoted{number} FROM ({looked} FROM ({inner}))"


def _may_swallow(grid: Grid, never_text: set[int]) -> str:
    """Whether a row of a text file has a cell with a line break and as many separators as a row: quick to tell.

    In the columns `never_text` such a cell is odd. A cut is not looked at: its file was, when it was received.
    """
    separator, most, end = grid.parted
    if not most or ROW_COLUMN in grid.header:
        return "false"
    tests: dict[bool, list[str]] = {True: [], False: []}
    for i in range(len(grid.header)):
        as_many = f"strlen(c{i}) - strlen(replace(c{i}, '{separator}', '')) >= {most}"
        tests[i in never_text].append(f"(strlen(c{i}) > {most} AND contains(c{i}, chr({ord(end)})) AND {as_many})")
    odd = f"(_odd AND ({' OR '.join(tests[True]) or 'false'}))"
    # As the condition of a CASE, each test is made only where those before it leave a doubt.
    return f"CASE WHEN {' OR '.join([*tests[False], odd])} THEN true ELSE false END"


def _check_quotes(con: duckdb.DuckDBPyConnection, grid: Grid, raw: str) -> None:
    """Raise BadData for the first cell that holds whole rows of its file: nothing else would tell that they are missing."""
    if not con.execute(f"SELECT count(*) FROM {raw} WHERE _quoted").fetchone()[0]:
        return
    cells = ", ".join(f"c{i}" for i in range(len(grid.header)))
    con.execute(
        f"SELECT n, {cells} FROM (SELECT row_number() OVER () - 1 AS n, * FROM {grid.sql}) "
        f"SEMI JOIN (SELECT rowid AS n FROM {raw} WHERE _quoted) USING (n) ORDER BY n"
    )
    while several := con.fetchmany(1000):
        for n, *row in several:
            place = files.swallowing(row, grid.parted)
            if place is not None:
                (number,) = grid.numbers([n])
                raise BadData(
                    f"{grid.where}, colonne {grid.header[place]}, ligne {number} : la case contient des lignes entières.",
                    "Un guillemet en trop les réunit sans doute : redemandez l’export d’origine.",
                )


def _listed(enums: _Enums, repeat: Repeat, grid: Grid, fmt: Format) -> str:
    """The rows of a repeat that were folded into a cell, typed, each with its number and what it breaks: NULL without them."""
    kept = {n: c for n, c in enumerate(repeat.kept)}
    if repeat.name not in _folded(grid, fmt):
        return f"NULL::STRUCT({', '.join(f'{c.to} {SQL[c.type]}' for c in kept.values())})[]"
    cell = f"c{_folded(grid, fmt)[repeat.name]}"
    shape = json.dumps([{kobo.ROW: "BIGINT"} | {c.header: "VARCHAR" for c in kept.values()}], ensure_ascii=False)
    raws = {n: f"r[{_literal(c.header)}]" for n, c in kept.items()}
    read_ = ", ".join(f"v{n} := {_value(enums, c, raws[n])}, t{n} := {clean(raws[n])}" for n, c in kept.items())
    bad = " | ".join(f"((s.v{n} IS NULL AND s.t{n} IS NOT NULL)::BIGINT << {n})" for n in kept)
    blank = " | ".join(f"((s.t{n} IS NULL)::BIGINT << {n})" for n, c in kept.items() if c.required) or "0"
    ours = ", ".join(f"{c.to} := s.v{n}" for n, c in kept.items())
    return (
        f"list_transform(list_transform(from_json(nullif({cell}, ''), {_literal(shape)}), "
        f"lambda r: struct_pack(n := r[{_literal(kobo.ROW)}], {read_})), "
        f"lambda s: struct_pack(n := s.n, kept := struct_pack({ours}), _bad := {bad}, _blank := {blank}))"
    )


def _good(repeat: Repeat) -> str:
    """Of the rows of a repeat, those that break no rule, each once."""
    good = f"list_filter({repeat.name}, lambda r: r._bad = 0 AND r._blank = 0)"
    return f"list_sort(list_distinct(list_transform({good}, lambda r: r.kept))) AS {repeat.name}"


SQL = {
    "text": "VARCHAR",
    "place": "VARCHAR",
    "int": "BIGINT",
    "decimal": "DOUBLE",
    "date": "DATE",
    "month": "VARCHAR",
    "quarter": "VARCHAR",
    "datetime": "TIMESTAMP",
    "yes_no": "BOOLEAN",
    "code": "VARCHAR",
    "codes": "VARCHAR[]",
}
# What has happened cannot lie after the day on which it was received.
_AFTER = {
    "date": lambda day: f"DATE '{day}'",
    "month": lambda day: f"'{day:%Y-%m}'",
    "datetime": lambda day: f"TIMESTAMP '{day} 23:59:59.999999'",  # UTC, which is the hour of Mali
}
NOT_AFTER_RECEPTION = frozenset(
    "month occurred_date collected_date reference_date issued_date follow_up_date submitted_at".split()
)


def _check_hxl(grid: Grid, fmt: Format) -> int:
    """How many rows below the header are hashtags: 1 or 0."""
    is_hxl = kobo.is_hashtags(grid.second)
    if fmt.hxl == "required" and not is_hxl:
        raise BadData(
            f"{grid.where} : la ligne HXL manque sous l’en-tête.",
            "Redemandez le modèle avec ses deux lignes d’en-tête.",
        )
    return int(is_hxl)


# A set of bits -> the rule that rows break, and what was expected. The last two are about columns that stand for a choice.
RULES = {
    "_bad": ("valeur refusée", ""),
    "_blank": ("case vide", "Cette colonne est obligatoire."),
    "_late": ("date postérieure à la réception", "Attendu : une date passée."),
    "_strange": ("colonne d’un choix ni 0 ni 1", "Attendu : 0, 1 ou rien dans chaque colonne question/choix."),
    "_apart": ("la réponse n’est pas celle des colonnes de ses choix", "Redemandez l’export d’origine."),
}


def _sets(found: Layout) -> list[str]:
    return list(RULES) if found.choices else [name for name in RULES if name not in ("_strange", "_apart")]


def _said_of(column: Column, bits: str) -> tuple[str, str]:
    rule, expected = RULES[bits]
    if bits != "_bad":
        return rule, expected
    return "code inconnu" if column.type.startswith("code") else rule, _expected(column)


def _faults(
    con: duckdb.DuckDBPyConnection, fmt: Format, grid: Grid, raw: str, sets: Sequence[str]
) -> tuple[list[Fault], list[Fault]]:
    """The rules that rows break, in the order of columns; those that refuse a row, and those that set a cell aside."""
    counts = con.execute(
        f"SELECT {', '.join(sets)}, count(*) FROM {raw} WHERE ({' | '.join(sets)}) <> 0 GROUP BY ALL"
    ).fetchall()
    refused, aside = [], []
    for n, column in enumerate(fmt.kept):
        for i, bits in enumerate(sets):
            count = sum(row[-1] for row in counts if row[i] >> n & 1)
            if not count:
                continue
            rule, expected = _said_of(column, bits)
            found = con.execute(
                f"SELECT n FROM {raw} WHERE ({bits} >> {n}) & 1 = 1 ORDER BY n LIMIT {SHOWN}"
            ).fetchall()
            rows = _row_numbers(grid, [f[0] for f in found])
            (aside if bits == "_bad" and column.set_aside else refused).append(
                Fault(rule, column.header, expected, count, tuple(rows))
            )
    return refused, aside


ORPHAN = "ligne d’aucun formulaire"
_ITS_OWN = "Attendu : dans _parent_index, le _index d’une seule ligne de la feuille principale, et son _uuid."


def _repeat_faults(con: duckdb.DuckDBPyConnection, grid: Grid, repeat: Repeat, raw: str) -> list[Fault]:
    """The rules that rows of a repeat break, with their numbers in their own sheet: those rows do not come in, and theirs
    do. Raises BadData when they are so many that the sheet must be in another form.
    """
    broken = con.execute(
        f"SELECT r.n, r._bad, r._blank FROM (SELECT unnest({repeat.name}) AS r FROM {raw}) "
        "WHERE (r._bad | r._blank) <> 0 ORDER BY r.n"
    ).fetchall()
    faults = []
    for n, column in enumerate(repeat.kept):
        for i, bits in ((1, "_bad"), (2, "_blank")):
            rows = tuple(row[0] for row in broken if row[i] >> n & 1)
            if rows:
                rule, expected = _said_of(column, bits)
                where = f"{column.header} (feuille {repeat.sheet})"
                faults.append(Fault(rule, where, expected, len(rows), rows[:SHOWN]))
    for one in grid.lost:
        if one.repeat == repeat.name:
            if one.rows:
                rule = f"feuille {repeat.sheet} : {ORPHAN}"
                faults.append(Fault(rule, "", _ITS_OWN, len(one.rows), one.rows[:SHOWN]))
            too_many(one.where, faults, len(broken) + len(one.rows), one.total)
    return faults


def _expected(column: Column) -> str:
    return f"Attendu : {EXPECTED[column.type]}{f' {column.codes}' if column.codes else ''}."


def _row_numbers(grid: Grid, ordinals: list[int]) -> list[int]:
    return ordinals if ROW_COLUMN in grid.header else grid.numbers(ordinals)


def _corrected(
    con: duckdb.DuckDBPyConnection,
    grid: Grid,
    fmt: Format,
    at: dict[str, int],
    corrections: Sequence[Correction],
) -> tuple[Grid, frozenset[int]]:
    """The grid with the cells that people corrected, and the positions of the corrections whose row is in it.

    Raises BadData when the row is there but its cell no longer holds what was corrected.
    """
    cells: dict[int, list[tuple[str, str]]] = {}
    found = set()
    for one in corrections:
        where = f"params/corrections.yml, correction {one.position}"
        named = {c.header: c for c in fmt.columns if c.header in at}
        unknown = [h for h in (one.column, *(h for h, _ in one.key)) if h not in named or named[h].kind == "I"]
        if unknown:
            raise BadData(f"{where} : colonne inconnue : {', '.join(unknown)}.", "Reprenez l’en-tête du fichier reçu.")
        row = " AND ".join(f"{clean(f'c{at[h]}')} = {_literal(v)}" for h, v in one.key)
        here = f"coalesce({clean(f'c{at[one.column]}')}, '') = {_literal(one.was)}"
        rows, same_ = con.execute(f"SELECT count(*), count(*) FILTER ({here}) FROM {grid.sql} WHERE {row}").fetchone()
        if rows != same_:
            raise BadData(
                f"{where} : la case ne contient plus la valeur corrigée ({grid.where}, colonne {one.column}).",
                "La source a changé : vérifiez la ligne, puis donnez un jour de fin (until) à cette correction ou changez-la.",
            )
        if rows:
            found.add(one.position)
            cells.setdefault(at[one.column], []).append((row, _literal(one.becomes)))
    if not cells:
        return grid, frozenset(found)
    replaced = ", ".join(
        f"CASE {' '.join(f'WHEN {row} THEN {becomes}' for row, becomes in several)} ELSE c{i} END AS c{i}"
        for i, several in cells.items()
    )
    return replace(grid, sql=f"(SELECT * REPLACE ({replaced}) FROM {grid.sql})"), frozenset(found)


def all_found(readings: Sequence[Reading], corrections: Sequence[Correction]) -> None:
    """Raise BadData when the row of a correction is in none of the files: the source has changed."""
    found = frozenset().union(*(r.corrected for r in readings))
    for one in corrections:
        if one.position not in found:
            raise BadData(
                f"params/corrections.yml, correction {one.position} : sa ligne n’est plus dans {one.source}.",
                "La source a changé : donnez un jour de fin (until) à cette correction, ou retirez-la.",
            )


def too_many(where: str, faults: list[Fault] | tuple[Fault, ...], refused: int, read: int) -> None:
    """Raise BadData when so many rows are refused that the file must be in another form."""
    if faults and refused > read * LARGEST_REFUSED_SHARE:
        worst = max(faults, key=lambda f: f.count)
        raise BadData(f"{where}, {worst.words}, {rows_named(worst.rows, worst.count)}.", worst.expected)


def read(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    fmt: Format | str,
    *,
    until: date | None = None,
    name: str = "rows",
    corrections: Sequence[Correction] = (),
) -> Reading:
    """Read one file of a format into the table `name` of `con`.

    `until` is the day it was received: what has happened cannot be later. Raises BadData when the file cannot be
    opened, a declared column is missing, a column is not declared, or more than a fifth of the rows are refused:
    it names file, sheet, column and rows, and what was expected.
    """
    fmt = declared(fmt) if isinstance(fmt, str) else fmt
    grid = open_grid(con, path, fmt, f"{name}_text")
    found = _checked(grid, fmt)
    at = found.at
    skip = _check_hxl(grid, fmt) if fmt.hxl and ROW_COLUMN not in grid.header else 0
    mended, corrected = _corrected(con, grid, fmt, at, corrections)
    raw = f"{name}_raw"
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE {raw}_all AS {_select(con, mended, fmt, found, until)}").fetchall()
    except duckdb.OutOfMemoryException:
        raise BadData(f"{path.name} : fichier trop grand pour la mémoire.", "Découpez-le par année.") from None
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise files.explain(path, error) from None
    _check_quotes(con, grid, f"{raw}_all")
    # A row without consent is neither judged nor placed: it is counted, for the whole file, and that is all.
    consent = f"coalesce({fmt.consent}, false)" if fmt.consent else "true"
    data = f"{raw}_all WHERE rowid >= {skip} AND NOT _empty"
    total, without = con.execute(f"SELECT count(*), count(*) FILTER (NOT {consent}) FROM {data}").fetchone()
    is_cut = ROW_COLUMN in grid.header
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW {raw} AS SELECT *, {'row' if is_cut else 'rowid'} AS n FROM {data} AND {consent}"
    )
    sets = _sets(found)
    refused, aside = _faults(con, fmt, grid, raw, sets)
    must = sum(1 << n for n, c in enumerate(fmt.kept) if not c.set_aside)
    good = " AND ".join(f"(_bad & {must}) = 0" if name == "_bad" else f"{name} = 0" for name in sets)
    (kept,) = con.execute(f"SELECT count(*) FILTER ({good}) FROM {raw}").fetchone()
    too_many(grid.where, refused, total - without - kept, max(total - without, 1))
    line = "n" if is_cut else _line(con, grid, raw)
    for repeat in fmt.repeats:
        refused += _repeat_faults(con, grid, repeat, raw) if repeat.name in _folded(grid, fmt) else []
    lists = {repeat.name: _good(repeat) for repeat in fmt.repeats if repeat.name in _folded(grid, fmt)}
    names = ", ".join(lists.get(n, n) for n in fmt.names)
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {line} AS row, {names} FROM {raw} WHERE {good}")
    keep = [f"n >= {skip}", f"({_not_empty(grid, fmt, at)})"]
    if fmt.consent:
        asked = next(c for c in fmt.kept if c.to == fmt.consent)
        keep.append(f"coalesce({_value(_Enums(con), asked, f'c{at[asked.header]}')}, false)")
    return Reading(
        con=con,
        format=fmt,
        path=path,
        where=grid.where,
        table=name,
        read=total,
        kept=kept,
        refused=tuple(refused),
        set_aside=tuple(aside),
        without_consent=without,
        grid=grid,
        corrected=corrected,
        line=line,
        keep=" AND ".join(keep),
        is_marked=bool(_folded(grid, fmt)) or not found.choices.keys() <= at.keys(),
    )


def _not_empty(grid: Grid, fmt: Format, at: dict[str, int]) -> str:
    """Whether a record holds anything; the cells that are never blank come first, and settle it."""
    first = [at[c.header] for c in fmt.kept if c.required and c.header in at]
    others = [i for i in range(len(grid.header)) if i not in first]
    return " OR ".join(f"coalesce(trim(c{i}, {_SPACE}), '') <> ''" for i in [*first, *others])


def _line(con: duckdb.DuckDBPyConnection, grid: Grid, raw: str) -> str:
    """In SQL, the number that Excel shows for the record `n`: its place, moved by the blank lines above it."""
    if grid.sheet:
        return f"n + {grid.first_row}"
    last = con.execute(f"SELECT max(n) FROM {raw}").fetchone()[0]
    if last is None or grid.numbers([last]) == [last + 2]:
        return "n + 2"
    pairs = pd.DataFrame({"record": range(last + 1), "number": grid.numbers(range(last + 1))})
    files.put(con, pairs, f"{raw}_numbers")
    con.execute(f"CREATE OR REPLACE TEMP MACRO {raw}_line(o) AS (SELECT number FROM {raw}_numbers WHERE record = o)")
    return f"{raw}_line(n)"


def strict(reading: Reading) -> Reading:
    """The reading, or BadData for the first rule that a row breaks."""
    if reading.refused:
        first = reading.refused[0]
        raise BadData(f"{reading.where}, {first.words}, {rows_named(first.rows, first.count)}.", first.expected)
    return reading


def read_frame(path: Path, fmt: Format | str, until: date | None = None) -> pd.DataFrame:
    """One file as a frame, every row of it or none: raises BadData for the first rule that a row breaks."""
    with connection() as con:
        return strict(read(con, path, fmt, until=until)).frame()
