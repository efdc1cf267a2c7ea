"""The workbook of a KoBo export: one sheet named after the form, and one per repeat group, folded into their parents' rows.

What KoBo writes is in its formpack: `_index` numbers the rows of a sheet, `_parent_index` says to which row of the
parent's sheet a row of a repeat belongs. CSV exports have no repeat at all: KoBo leaves them out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from ..errors import BadData
from . import files, headers
from .files import Lost, Page, Workbook
from .formats import Format, Repeat

HASHTAG = re.compile(r"#[A-Za-z][\w+ ]*")
ROW = "row"  # in a folded cell: the number of the row in its own sheet
_CUT = 31  # characters of the name of a sheet


def _as_named(name: str) -> tuple[str, ...]:
    """What KoBo makes of a name for a sheet: no `[]:*?/\\`, no apostrophe at an end, « ... » when it is cut."""
    clean = re.sub(r"^'|'$", "_", re.sub(r"[\[\]:*?/\\]", "_", name))
    return (name, clean, clean[:_CUT], clean[: _CUT - 3] + "..." if len(clean) > _CUT else clean)


def is_hashtags(row: Sequence[str]) -> bool:
    """Whether a row holds HXL hashtags and nothing else: KoBo writes them below the header of each sheet."""
    filled = [v for v in row if v]
    return bool(filled) and all(HASHTAG.fullmatch(v) for v in filled)


def main_sheet(book: Workbook, fmt: Format) -> str:
    """The sheet of the submissions: by its name, or the only one that is left beside the repeats.

    Raises BadData when it is hidden or cannot be told, and for a sheet that is neither it nor a declared repeat.
    """
    path = book.path.name
    repeats = {n for r in fmt.repeats for n in _as_named(r.sheet)}
    unseen = [n for n in book.hidden if n in repeats]
    if unseen:
        raise BadData(f"{path} : la feuille « {unseen[0]} » est masquée.", "Affichez-la, ou redemandez l’export.")
    others = [n for n in book.visible if n not in repeats]
    named = [n for n in _as_named(fmt.sheet) if n in others]
    alone = others if len(others) == 1 and not set(_as_named(fmt.sheet)) & set(book.hidden) else []
    if not named and not alone:
        raise BadData(
            f"{path} : la feuille « {fmt.sheet} » manque ou est masquée.",
            f"Feuilles visibles : {headers.listed(book.visible)}.",
        )
    main = (named or alone)[0]
    strangers = [n for n in others if n != main]
    if strangers:
        raise BadData(
            f"{path} : feuille non déclarée : {headers.listed(strangers)}.",
            f"Retirez-la du classeur, ou déclarez-la (repeats) dans schemas/{fmt.name}.yml.",
        )
    return main


def folded(book: Workbook, page: Page, fmt: Format, accepted: headers.Accepted) -> Page:
    """The submissions with one more column per repeat whose sheet is there: its rows, as JSON, in the row of their parent.

    Only the columns that come in are folded; what identifies people stays behind. Raises BadData for the header of a
    repeat as for any other.
    """
    sheets = {r: next((n for n in _as_named(r.sheet) if n in book.visible), "") for r in fmt.repeats}
    if not any(sheets.values()):
        return page
    mine = headers.check(page.where, fmt.columns, page.header, accepted, fmt.name).at
    for repeat, sheet in sheets.items():
        if sheet:
            page = _fold(page, mine, files.page(book, sheet, 1), repeat, fmt.name, accepted)
    return page


def _fold(
    page: Page, mine: dict[str, int], child: Page, repeat: Repeat, schema: str, accepted: headers.Accepted
) -> Page:
    theirs = headers.check(child.where, repeat.columns, child.header, accepted, schema).at
    if "_index" not in mine:
        raise BadData(
            f"{page.where} : colonne absente : _index.", "Elle relie les feuilles : redemandez l’export complet."
        )
    rows = list(enumerate(child.rows, child.first_row))
    if rows and is_hashtags(rows[0][1]):
        rows = rows[1:]
    parents: dict[str, list[int]] = {}
    for n, row in enumerate(page.rows):
        if index := _at(row, mine["_index"]):  # hashtags and blank lines have none
            parents.setdefault(index, []).append(n)
    found: dict[int, list[dict[str, object]]] = {}
    lost = []
    for number, row in rows:
        if not any(row):
            continue
        parent = parents.get(_at(row, theirs["_parent_index"]), [])
        if len(parent) != 1 or not _is_its_own(row, theirs, page.rows[parent[0]], mine):
            lost.append(number)
            continue
        cells = {c.header: _at(row, theirs[c.header]) for c in repeat.kept if c.header in theirs}
        found.setdefault(parent[0], []).append({ROW: number} | cells)
    width = len(page.header)
    texts = {n: json.dumps(several, ensure_ascii=False) for n, several in found.items()}
    wider = [[*row[:width], *[""] * (width - len(row)), texts.get(n, "")] for n, row in enumerate(page.rows)]
    total = len(lost) + sum(map(len, found.values()))
    return replace(
        page,
        header=(*page.header, repeat.sheet),
        rows=wider,
        lost=(*page.lost, Lost(repeat.name, child.where, tuple(lost), total)),
    )


def _at(row: Sequence[str], place: int) -> str:
    return row[place] if place < len(row) else ""


def _is_its_own(row: Sequence[str], theirs: dict[str, int], parent: Sequence[str], mine: dict[str, int]) -> bool:
    """Whether a row of a repeat and its parent name the same submission; where one does not say, the index decides."""
    if "_submission__uuid" not in theirs or "_uuid" not in mine:
        return True
    said, own = _at(row, theirs["_submission__uuid"]), _at(parent, mine["_uuid"])
    return not said or not own or said == own
