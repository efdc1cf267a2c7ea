"""Which column of a file is which declared one: by its header, or one of the other names that it may come under."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import BadData
from .files import ROW_COLUMN
from .formats import Column

SEPARATORS = ("/", ".")  # that KoBo may put between a question and its choice

# What a cell of a coded column may hold -> our code.
Accepted = Callable[[Column], Mapping[str, str]]


@dataclass(frozen=True)
class Layout:
    """Where each declared column stands, by its declared header.

    `choices`: for a question exported with a column per choice, our code of each choice -> its place. `labelled`: the
    columns that stand under the label of their question, so that KoBo wrote labels in their cells too.
    """

    at: dict[str, int]
    choices: dict[str, dict[str, int]]
    labelled: frozenset[str]

    @property
    def found(self) -> frozenset[str]:
        """The declared headers whose answers are in the file, in one form or another."""
        return frozenset((*self.at, *self.choices))


def same(header: str) -> str:
    """A header as it is compared: NFC, spaces and line ends as one space, one kind of apostrophe."""
    return " ".join(unicodedata.normalize("NFC", header).replace("’", "'").split())


def _names(column: Column) -> tuple[str, ...]:
    return (column.header, *column.also)


def _choice_names(column: Column, accepted: Accepted) -> dict[str, str]:
    """Header of a choice, as it is compared -> our code: `question/choice`, by their names or by their labels."""
    if column.type != "codes":
        return {}
    return {
        same(f"{name}{by}{text}"): code
        for text, code in accepted(column).items()
        for name in _names(column)
        for by in SEPARATORS
    }


def layout(columns: Sequence[Column], header: Sequence[str], accepted: Accepted) -> Layout:
    """Where the declared columns stand; the first place of each, when it stands twice."""
    first: dict[str, int] = {}
    for i, name in enumerate(header):
        first.setdefault(same(name), i)
    at, choices, labelled = {}, {}, set()
    for column in columns:
        name = next((n for n in map(same, _names(column)) if n in first), None)
        if name is not None:
            at[column.header] = first[name]
        parts = {code: first[n] for n, code in _choice_names(column, accepted).items() if n in first}
        if parts:
            choices[column.header] = parts
        if name in map(same, column.labels):
            labelled.add(column.header)
    return Layout(at, choices, frozenset(labelled))


def check(
    where: str,
    columns: Sequence[Column],
    header: Sequence[str],
    accepted: Accepted,
    schema: str,
    others: Sequence[str] = (),
) -> Layout:
    """The layout of a header that holds every declared column and no other; `others` may stand in it as well.

    Raises BadData for another header, a column that is missing, undeclared, there twice, or that may be two columns.
    """
    found = layout(columns, header, accepted)
    if len(found.found) * 2 < len([c for c in columns if not (c.optional or c.kind == "I")]):
        # Not our header at all, perhaps a row of data: nothing of it is repeated.
        raise BadData(
            f"{where} : la première ligne n’est pas l’en-tête attendu.",
            f"Colonnes attendues : {', '.join(c.header for c in columns)}.",
        )
    missing = _missing(columns, header, found, accepted)
    if missing:
        raise BadData(
            f"{where} : colonne absente : {listed(missing)}.",
            "Redemandez l’export complet, sans supprimer ni renommer de colonne.",
        )
    owners = _owners(columns, accepted)
    known = {*owners, *map(same, others), ROW_COLUMN}
    strangers = [name or f"(colonne {i + 1} sans nom)" for i, name in enumerate(header) if same(name) not in known]
    if strangers:
        raise BadData(
            f"{where} : colonne non déclarée : {listed(strangers)}.",
            f"Retirez-la du fichier, ou déclarez-la dans schemas/{schema}.yml.",
        )
    for name in header:
        several = owners.get(same(name), [])
        if len({h for h, _ in several}) > 1:
            raise BadData(
                f"{where} : nom de colonne ambigu : {name} ({' ou '.join(sorted(h for h, _ in several))}).",
                "Redemandez l’export avec les noms de groupes ou les noms XML, ou renommez cette colonne.",
            )
    told = [owners[same(name)][0] for name in header if same(name) in owners]
    if len({same(name) for name in header}) < len(header) or len(set(told)) < len(told):
        raise BadData(f"{where} : un nom de colonne figure deux fois.", "Redemandez l’export d’origine.")
    return found


def _owners(columns: Sequence[Column], accepted: Accepted) -> dict[str, list[tuple[str, str]]]:
    """Each name that a column may come under -> what it stands for: (declared header, code of a choice or "")."""
    owners: dict[str, list[tuple[str, str]]] = {}
    for column in columns:
        names = dict.fromkeys(map(same, _names(column)), "") | _choice_names(column, accepted)
        for name, code in names.items():
            owners.setdefault(name, []).append((column.header, code))
    return owners


def _missing(columns: Sequence[Column], header: Sequence[str], found: Layout, accepted: Accepted) -> list[str]:
    """Declared columns that are not there. What identifies people may be missing: a partner who removed it did well."""
    out = []
    for column in columns:
        if column.header not in found.found:
            out += [] if column.optional or column.kind == "I" else [column.header]
        elif column.header not in found.at and ROW_COLUMN not in header:
            # Nothing but the columns of its choices tells the answer: all of them must be there. (A cut that was
            # stored before a choice was added to its list is read as it is.)
            first = {code: text for text, code in reversed(accepted(column).items())}
            out += [f"{column.header}/{t}" for code, t in first.items() if code not in found.choices[column.header]]
    return out


def listed(names: Sequence[str]) -> str:
    """Names written by somebody else, as a message may repeat them: the first ten, and how many there are."""
    more = f"… ({len(names)} en tout)" if len(names) > 10 else ""
    return ", ".join(map(shown, names[:10])) + more


def shown(name: str) -> str:
    """A name written by somebody else, as a message may repeat it: printable, and not too long."""
    printable = "".join(c for c in name if c.isprintable())
    return printable if len(printable) <= 60 else printable[:60] + "…"
