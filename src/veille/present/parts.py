"""The blocks that presentations share: tables, figures, notes, and the honest sentence when nothing came."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..disclosure.safe import SafeNumber
from ..published import Edition
from ..render.document import Block, Runs, heading, note, paragraph, soft
from .shown import Shown
from .words import say

SIGNS = "n.d. : aucune donnée reçue ; n.p. : non publié, pour protéger les personnes."
SHORT_CAVEAT = "Incidents rapportés aux moniteurs ; non exhaustif."


def column(label: str, hxl: str = "", *, right: bool = False) -> dict:
    """A table's column."""
    return {"label": label, "align": "right" if right else "left", "hxl": hxl}


def row(*cells: str | Runs | SafeNumber, kind: str = "body") -> dict:
    """A table's row; a number keeps its key."""
    return {"kind": kind, "cells": [say(cell) for cell in cells]}


def signs_used(cells: Iterable[dict]) -> list[Runs]:
    """The line that explains n.d. and n.p., only where one of them stands in the table."""
    shown = {run.get("display") for line in cells for cell in line["cells"] for run in cell if run["t"] == "num"}
    return [say(SIGNS)] if shown & {"n.d.", "n.p."} else []


def table(
    edition: Edition,
    name: str,
    title: Runs,
    columns: list[dict],
    rows: list[dict],
    notes: list[Runs] | None = None,
    *,
    numbered: bool = True,
) -> Block:
    """A table block, numbered in reading order unless it stands behind a figure."""
    return {
        "kind": "table",
        "number": edition.next_number("table") if numbered else None,
        "name": name,
        "title": title,
        "columns": columns,
        "rows": rows,
        "notes": [*(notes or []), *signs_used(rows)],
    }


def figure(
    edition: Edition,
    name: str,
    title: Runs,
    subtitle: Runs,
    svg: tuple[str, str | None],
    alt: Runs,
    notes: list[Runs],
    behind: Block | None,
    beside: Block | None = None,
) -> Block:
    """A figure block: its finding, what is drawn, two widths of the same drawing, and the table behind it."""
    return {
        "kind": "figure",
        "number": edition.next_number("figure"),
        "name": name,
        "title": title,
        "subtitle": subtitle,
        "svg": svg[0],
        "svg_narrow": svg[1],
        "alt": alt,
        "notes": notes,
        "table": behind,
        "beside": beside,
    }


def section(
    edition: Edition,
    title: str,
    draw: Callable[..., Shown],
    *given: str,
    kinds: tuple[str, ...] = (),
    country: bool = False,
) -> Shown:
    """A part of the page with its heading, only in the editions that have it: of some kinds of period, or of the country.

    `given` is what `draw` wants beside the edition.
    """
    if (kinds and edition.period.kind not in kinds) or (country and not edition.area.is_country):
        return Shown()
    blocks = draw(edition, *given).blocks
    return Shown(heading(title), *blocks) if blocks else Shown()


def nothing_received(edition: Edition, what: str) -> Block:
    """« Aucune donnée reçue », said once, without a box."""
    return paragraph(soft(say(f"{what} : aucune donnée reçue pour {edition.period.the_name()}.")))


def too_few(edition: Edition, what: str) -> Block:
    """Received, and not printed. Why (too small, or beside something small) is not said: R5."""
    when = {"month": "ce mois-ci", "quarter": "ce trimestre", "year": "cette année"}[edition.period.kind]
    return paragraph(soft(say(f"{what} : non publié {when}.")))


WHOLE_COUNTRY = "Pour tout le pays : "


def too_few_here(edition: Edition, what: str, table: str, draw: Callable[[Edition], Shown]) -> Shown:
    """Received and not printed; then, where the rules declare it beforehand, the same for the country (R11)."""
    wider = edition.wider(table)
    if wider is None:
        return Shown(too_few(edition, what))
    blocks = draw(wider).blocks
    for block in blocks:
        for part in (block, block.get("table") or {}):
            for text in ("title", "runs"):
                if isinstance(part.get(text), list):
                    part[text] = say(WHOLE_COUNTRY, part[text])
    return Shown(too_few(edition, what), *blocks)


def is_any_shown(numbers: Iterable[SafeNumber]) -> bool:
    """Whether one of these numbers may be printed and is not zero: there is something to draw."""
    return any(n.is_shown and n.value != "0" for n in numbers)


def not_in_this_audience(what: str) -> Block:
    """What an edition may not show, said plainly."""
    return paragraph(soft(say(f"{what} : non publié dans cette édition.")))


def to_write(section: str) -> Block:
    """The dashed box where people still have to write."""
    return note(
        "À rédiger",
        paragraph(
            say(f"Rubrique « {section} » : un brouillon le signale ; un bulletin publié ne peut pas la laisser vide.")
        ),
        style="todo",
    )
