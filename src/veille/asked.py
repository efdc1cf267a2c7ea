"""What a page may ask of the safe tables of its edition, and the answers.

A page asks through `published` only, and each question is noted: a report is made again when an answer is another one,
and not when something else of the data has changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, is_dataclass

from .disclosure.safe import SafeNumber, SafeTables
from .indicators.registry import declared

Question = tuple[str, ...]  # what is asked, then about what

RECORDS, ABOUT, ALL = "records.json", "candidate.json", "*"
PRINTED = "printed."  # the keys of figures that others printed
# What a candidate says of a source that changes with every file received. It tells when a page was made, not what it says:
# alone, it is no reason to make the page again.
_OF_THE_DAY = ("received", "covers", "sha256", "balance")


def number(tables: SafeTables, key: str, place: str, period: str) -> SafeNumber:
    """One number."""
    return tables.get(key, place, period)


def periods(tables: SafeTables, key: str, place: str) -> list[str]:
    """The periods that a number exists for in a place, oldest first."""
    return tables.periods(key, place)


def shows(tables: SafeTables, table: str, place: str, period: str) -> bool:
    """Whether any number of a table may be printed for a place and period."""
    return any((n.place, n.period) == (place, period) and n.is_shown for n in tables.of_table(table))


def records(tables: SafeTables, name: str) -> list[dict]:
    """Reviewed rows of one kind, in order; none where there are none."""
    return tables.records.get(name, [])


def recommendations(tables: SafeTables, area: str, until: str) -> list[dict]:
    """Reviewed recommendations of an area issued by a day, newest first."""
    rows = [r for r in records(tables, "recommendations") if r["area"] == area and r["issued_date"] <= until]
    return sorted(rows, key=lambda r: (r["issued_date"], r["text"]), reverse=True)


def printed_before(tables: SafeTables, address: str) -> str:
    """What was printed of a number in an earlier release, where it is another value now; else nothing (R8)."""
    return tables.meta.get("printed_before", {}).get(address, "")


def falls_back(tables: SafeTables, table: str) -> list[str]:
    """What the rules declare to stand in for a table that is not printed (R11)."""
    return tables.meta.get("falls_back", {}).get(table, [])


def sources(tables: SafeTables) -> list[dict]:
    """The snapshots behind a version: title, producer, covers, received."""
    return tables.meta["sources"]


def about(tables: SafeTables) -> dict:
    """All that a candidate says of itself and that a page may ask for: one look tells whether any of it changed."""
    said = {name: tables.meta.get(name) for name in ("printed_before", "falls_back")}
    lasting = [{k: v for k, v in s.items() if k not in _OF_THE_DAY} for s in tables.meta["sources"]]
    return said | {"sources": lasting}


ANSWERS = {
    f.__name__: f
    for f in (number, periods, shows, records, recommendations, printed_before, falls_back, sources, about)
}  # fmt: skip


def answer(tables: SafeTables, question: Question) -> object:
    """The answer to one question."""
    return ANSWERS[question[0]](tables, *question[1:])


def digest(tables: SafeTables, question: Question) -> str:
    """A short digest of the answer, without what only tells the day of the data."""
    found = about(tables)["sources"] if question == ("sources",) else answer(tables, question)
    text = json.dumps(asdict(found) if is_dataclass(found) else found, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def table_of(question: Question) -> str:
    """The table that a question is about, as `docs/indicators.md` names it; empty for one that is about none."""
    kind, about = question[0], question[1] if len(question) > 1 else ""
    if kind in ("number", "periods"):
        if about.startswith(PRINTED):
            return "printed_figures"
        spec = declared(about)
        return spec.name if spec else ""
    return about if kind in ("shows", "falls_back") else ""


def files_of(tables: SafeTables, asked: Iterable[Question]) -> list[str]:
    """The files of a sealed folder that hold the answers to some questions, whether they exist or not.

    `ALL` stands among them for a number that no table is declared for, and that was not received: it may come in any.
    """
    out = set()
    for kind, *about in asked:
        if kind in ("records", "recommendations"):
            out.add(RECORDS)
        elif kind in ("number", "periods", "shows"):
            out |= {f"tables/{name}.csv" if name else ALL for name in _tables(tables, kind, *about)}
        else:
            out.add(ABOUT)
    return sorted(out)


def _tables(tables: SafeTables, kind: str, name: str, *where: str) -> set[str]:
    if kind == "shows":
        return {name}
    # A number stands in the table that its row names; one that was not received would stand in the one declared.
    stood = [where] if kind == "number" else [(*where, p) for p in tables.periods(name, *where)]
    found = {tables.get(name, *address).table for address in stood}
    return (found | {table_of((kind, name))}) - {""} or {""}
