"""The formats that are received, as `schemas/<name>.yml` declares them. A new format is a new file there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files

from ..errors import BuildFailed
from ..schemas import forms
from ..yamls import load

TYPES = frozenset("text place int decimal date month quarter datetime yes_no code codes".split())
DELIMITERS = (";", ",", "\t", "|")
KOBO = "kobo"  # the family of the forms that KoBo exports


@dataclass(frozen=True)
class Column:
    """One declared column of a format received.

    `to` is our name for it, None when it is dropped by rule; `also` are the other headers that it may come under (the
    label of a question, its name without the group); those of them that are `labels` say that cells hold labels too.
    `kind` is `I` for what identifies somebody: it is never kept, not even in the file that is stored. `set_aside`: an
    unreadable cell leaves its row in, blank and counted. `original`: our name for the text of the cell as it stood, kept
    beside its code. `values`: what a cell may hold -> our code, for a list that only this format has.
    """

    header: str
    to: str | None = None
    type: str = "text"
    codes: str = ""
    attribute: str = "form"
    required: bool = False
    kind: str = ""
    also: tuple[str, ...] = ()
    set_aside: bool = False
    optional: bool = False
    original: str = ""
    labels: tuple[str, ...] = ()
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Repeat:
    """A repeat group of a form, exported to a sheet of its own; `_parent_index` ties its rows to the `_index` of theirs.

    `name` is ours, for the list of its rows that each row of the main sheet comes with.
    """

    name: str
    sheet: str
    columns: tuple[Column, ...]

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns that come in, under our names."""
        return tuple(c for c in self.columns if c.to)


@dataclass(frozen=True)
class Format:
    """A declared format.

    `sheet` is the sheet of a workbook that holds the rows (the only visible one when blank); `hxl` says whether a
    row of hashtags follows the header: "required", "optional" or "". `table` is the canonical table it feeds; `key`
    names the columns (ours) that tell one row from another; `consent` the yes/no column without which a row is never
    kept; `per_partner`: each producer's files are a series of their own, named in
    `partner_column` (ours) where the file says it itself; `newest_by`: the column of months for which
    the newest file that speaks of a month holds (otherwise the newest file holds everything).
    """

    name: str
    table: str
    columns: tuple[Column, ...]
    papers: dict[str, str]
    sheet: str = ""
    header_row: int = 1
    hxl: str = ""
    family: str = ""
    key: tuple[str, ...] = ()
    consent: str = ""
    per_partner: bool = False
    partner_column: str = ""
    newest_by: str = ""
    repeats: tuple[Repeat, ...] = ()
    extras: dict[str, object] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[Column, ...]:
        """The columns that come in, under our names."""
        return tuple(c for c in self.columns if c.to)

    @property
    def names(self) -> tuple[str, ...]:
        """Our names for what comes in, in order; the lists of the repeats come last."""
        return (*(n for c in self.kept for n in (c.to, c.original) if n), *(r.name for r in self.repeats))

    @property
    def identifying(self) -> tuple[Column, ...]:
        """The columns of class I: read past, never kept."""
        return tuple(c for c in self.columns if c.kind == "I")

    @property
    def is_cut(self) -> bool:
        """Whether the file stored is a cut of the file received, because that one holds what may not be kept."""
        return bool(self.identifying or self.consent)


def _column(header: str, given: dict) -> Column:
    kind = given.get("type", "text")
    if kind not in TYPES:
        raise BuildFailed(f"Format : type inconnu pour la colonne {header}.", "Corrigez schemas/.")
    # A list that only this format has: what a cell may hold -> our code.
    values = tuple((str(text), str(code)) for text, code in given.get("values", {}).items())
    return Column(
        header,
        given.get("to"),
        kind,
        given.get("codes", ""),
        given.get("attribute", "form"),
        bool(given.get("required", False)),
        given.get("class", ""),
        tuple(given.get("also", ())),
        bool(given.get("set_aside", False)),
        bool(given.get("optional", False)),
        given.get("original", ""),
        values=values,
    )


def _kobo(columns: dict[str, dict], labels: dict[str, tuple[str, ...]]) -> tuple[Column, ...]:
    """The columns of a form, with every name that a KoBo export may give them.

    People choose XML names or labels, with the groups or without, and what stands between groups. `labels` holds the
    groups' labels and the question's, by the XML name; a column may say them itself.
    """
    out = []
    for header, entry in columns.items():
        entry = entry or {}
        path = tuple(entry.get("labels", labels.get(header, ())))
        said = ("/".join(path), ".".join(path), path[-1]) if path else ()
        named = (header.replace("/", "."), header.rpartition("/")[2])
        also = dict.fromkeys(n for n in (*entry.get("also", ()), *named, *said) if n != header)
        out.append(replace(_column(header, entry), also=tuple(also), labels=said))
    return tuple(out)


def _columns(given: dict, columns: dict[str, dict]) -> tuple[Column, ...]:
    if given.get("family") == KOBO:
        from ..schemas import xlsform

        return _kobo(columns, xlsform.labels() if given.get("form") == "xlsform" else {})
    return tuple(_column(header, entry or {}) for header, entry in columns.items())


def parse(name: str, given: dict) -> Format:
    """The format that a schema file describes."""
    hxl = given.get("hxl", "")
    known = {
        "table",
        "sheet",
        "header_row",
        "hxl",
        "family",
        "key",
        "consent",
        "per_partner",
        "partner_column",
        "newest_by",
        "repeats",
        "form",
    }
    return Format(
        name,
        given["table"],
        _columns(given, given["columns"]),
        given.get("papers", {}),
        given.get("sheet", ""),
        int(given.get("header_row", 1)),
        "required" if hxl is True else hxl or "",
        given.get("family", ""),
        tuple(given.get("key", ())),
        given.get("consent", ""),
        bool(given.get("per_partner", False) or given.get("partner_column")),
        given.get("partner_column", ""),
        given.get("newest_by", ""),
        tuple(
            Repeat(repeat, entry["sheet"], _columns(given, entry["columns"]))
            for repeat, entry in given.get("repeats", {}).items()
        ),
        {k: v for k, v in given.items() if k not in known | {"columns", "papers"}},
    )


@cache
def _described(name: str) -> dict:
    if name.startswith(forms.PREFIX):
        return forms.given(name)
    return load(files("veille.schemas").joinpath(f"{name}.yml").read_text(encoding="utf-8"))


@cache
def declared(name: str) -> Format:
    """The format described in `schemas/<name>.yml`, or written from a canonical table's definition (`template_*`)."""
    return parse(name, _described(name))


def newest_by(name: str) -> str:
    """The column of months of which a later file has the say, without what the other columns are; empty for none."""
    return _described(name).get("newest_by", "")


@cache
def names() -> tuple[str, ...]:
    """Every declared format: those of the schema files, then the entry templates of the canonical tables."""
    folder = files("veille.schemas")
    return (
        tuple(sorted(f.name.removesuffix(".yml") for f in folder.iterdir() if f.name.endswith(".yml"))) + forms.names()
    )
