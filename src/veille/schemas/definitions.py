"""The definition of every column of every canonical table: loaded from `tables/*.yml`, checked, and frozen.

What is written once there is read by all the others: the contracts of the tables, the data dictionary, the XLSForm,
the Excel templates, the HXL row of an export. A definition that is wrong is our fault, and stops here with its file and its key.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import BuildFailed, UnknownName
from ..yamls import load

# Core hashtags of HXL 1.1. Attributes are free; a tag is one of these and any number of `+attribute`.
HASHTAGS = frozenset(
    """access activity adm1 adm2 adm3 adm4 adm5 affected beneficiary capacity cause channel contact country crisis
    currency date description event frequency geo group impact indicator inneed item loc meta modality need operations
    org output population reached region respondee sector service severity status subsector targeted value""".split()
)
_HXL = re.compile(r"#([a-z][a-z0-9]*)((?:\+[a-z][a-z0-9_]*)*)")

Type = Literal["text", "int", "decimal", "date", "month", "quarter", "datetime", "yes_no", "code", "codes"]
NUMBERS = ("int", "decimal")
DATES = ("date", "datetime", "month")


class Words(BaseModel):
    """The same words in both languages; neither may be blank."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fr: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Column(BaseModel):
    """One column: what it holds, who may see it, what people read above it.

    `codes` names a list of `veille.codes`; a column of type `codes` holds several of them, one space between two.
    `min` and `max` bound a number, `max: today` a date (told to the person who fills it in; a contract has no clock).
    `origin` (`from` in the file) is the column of the data model. `sensitivity`: P may be published, R stays inside and
    only its aggregates leave, I identifies someone: it is listed to say that it is refused, and never stored.
    `computed`: worked out from other columns, so nobody is asked for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Type
    codes: str = ""
    unit: str = ""
    required: bool = False
    min: int | None = None
    max: int | Literal["today"] | None = None
    pattern: str = ""
    sensitivity: Literal["P", "R", "I"]
    refused: bool = False
    computed: bool = False
    hxl: str
    label: Words
    help: Words | None = None
    origin: str = Field("", alias="from")

    @model_validator(mode="after")
    def _holds_together(self) -> Column:
        tag = _HXL.fullmatch(self.hxl)
        attributes = tag[2].split("+")[1:] if tag else []
        bounds_numbers = self.type in NUMBERS
        for holds, rule in (
            ((self.type in ("code", "codes")) == bool(self.codes), "codes : pour les types code et codes seulement"),
            (self.refused == (self.sensitivity == "I"), "refused : pour la classe I, et elle seule"),
            (not (self.refused and self.required), "required : jamais pour une colonne refusée"),
            (tag is not None and tag[1] in HASHTAGS, "hxl : mot-clé hors de la liste de base"),
            (len(attributes) == len(set(attributes)), "hxl : attribut répété"),
            (self.min is None or bounds_numbers, "min : pour un nombre seulement"),
            (
                self.max is None or (self.max == "today" and self.type in DATES) or bounds_numbers,
                "max : pour un nombre, ou today pour une date",
            ),
            (not self.pattern or self.type == "text", "pattern : pour un texte seulement"),
            (_compiles(self.pattern), "pattern : expression illisible"),
        ):
            if not holds:
                raise ValueError(rule)
        return self


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


class Rule(BaseModel):
    """Something true in every row: the sum of some columns is at most the sum of others (or: two dates in order).

    It is tested only where every column of `at_most` and at least one of `sum` are given; a blank among `sum` counts
    for nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sum: tuple[str, ...] = Field(min_length=1)
    at_most: tuple[str, ...] = Field(min_length=1)
    message: Words


class Table(BaseModel):
    """One canonical table. `row` says what one row is; `data_model` and `left_out` tie it to the data model.

    `left_out` gives, for each column of the data model that has no counterpart here, the reason in French.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: Words
    row: Words
    key: tuple[str, ...]
    data_model: str = ""
    columns: dict[str, Column]
    rules: tuple[Rule, ...] = ()
    left_out: dict[str, str] = {}

    @model_validator(mode="after")
    def _names_its_own_columns(self) -> Table:
        kept = {name for name, column in self.columns.items() if not column.refused}
        named = {*self.key, *(c for rule in self.rules for c in (*rule.sum, *rule.at_most))}
        tags = [c.hxl for c in self.columns.values()]
        origins = [c.origin for c in self.columns.values() if c.origin]
        for holds, rule in (
            (named <= kept, f"key, rules : colonne absente ou refusée : {', '.join(sorted(named - kept))}"),
            (
                all(re.fullmatch(r"[a-z][a-z0-9_]*", n) for n in self.columns),
                "columns : nom en minuscules et _ attendu",
            ),
            (len(tags) == len(set(tags)), "hxl : deux colonnes ont le même mot-clé"),
            (len(origins) == len(set(origins)), "from : deux colonnes viennent de la même"),
            (not set(origins) & set(self.left_out), "left_out : colonne qui a pourtant un équivalent"),
            (bool(self.data_model) or not (origins or self.left_out), "data_model : manque"),
            (
                all(self.columns[c].required for c in self.key if c in kept),
                "key : toute colonne de la clé est required",
            ),
            (
                all(self._compares(rule) for rule in self.rules if {*rule.sum, *rule.at_most} <= kept),
                "rules : des nombres, ou deux dates de même type",
            ),
        ):
            if not holds:
                raise ValueError(rule)
        return self

    def _compares(self, rule: Rule) -> bool:
        types = [self.columns[c].type for c in (*rule.sum, *rule.at_most)]
        two_dates = len(types) == 2 and types[0] == types[1] and types[0] in (*DATES, "quarter")
        return two_dates or set(types) <= set(NUMBERS)

    @property
    def kept(self) -> dict[str, Column]:
        """The columns that may enter: all but class I."""
        return {name: column for name, column in self.columns.items() if not column.refused}

    @property
    def asked(self) -> dict[str, Column]:
        """The columns that a person fills in: those that may enter, but for what is computed from them."""
        return {name: column for name, column in self.kept.items() if not column.computed}


def parse(text: str, file: str) -> Table:
    """One definition. Raises BuildFailed naming the file and the key when it breaks a rule."""
    try:
        given = load(text)
    except yaml.YAMLError as error:
        line = getattr(error, "problem_mark", None)
        where = f", ligne {line.line + 1}" if line else ""
        raise BuildFailed(f"{file}{where} : YAML illisible.", "Corrigez la définition.") from None
    if not isinstance(given, dict):
        raise BuildFailed(f"{file} : définition vide ou mal formée.", "Corrigez la définition.")
    try:
        table = Table.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'table'} ({_said(e)})" for e in error.errors()[:5])
        raise BuildFailed(f"{file} : {faults}.", "Corrigez la définition.") from None
    if f"{table.name}.yml" != file:
        raise BuildFailed(f"{file} : name n’est pas le nom du fichier.", "Corrigez la définition.")
    for name, column in table.columns.items():
        if column.codes and not _is_list(column.codes):
            raise BuildFailed(
                f"{file} : columns.{name}.codes : liste absente de veille/codes.",
                "Ajoutez la liste, ou corrigez son nom.",
            )
    return table


def _said(fault: dict) -> str:
    return {
        "missing": "clé absente",
        "extra_forbidden": "clé inconnue",
        "string_too_short": "vide",
        "literal_error": "valeur hors de la liste",
    }.get(fault["type"]) or str(fault.get("ctx", {}).get("error", "valeur d’une autre forme"))


def _is_list(name: str) -> bool:
    # That a list can be read is tested; reading them all here would slow down every command.
    named = re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None
    return named and files("veille.codes").joinpath(f"{name}.yml").is_file()


@cache
def names() -> tuple[str, ...]:
    """The name of every canonical table, which is that of its file, in alphabetical order."""
    found = (f.name for f in files(__package__).joinpath("tables").iterdir())
    return tuple(sorted(name.removesuffix(".yml") for name in found if name.endswith(".yml")))


@cache
def tables() -> dict[str, Table]:
    """Every canonical table, by name, in alphabetical order."""
    return {name: _read(name) for name in names()}


@cache
def _read(name: str) -> Table:
    path = files(__package__).joinpath("tables", f"{name}.yml")
    return parse(path.read_text(encoding="utf-8"), path.name)


def table(name: str) -> Table:
    """One table. Raises UnknownName with the nearest name otherwise."""
    if name not in names():
        raise UnknownName("Table", name, names(), feminine=True)
    return _read(name)
