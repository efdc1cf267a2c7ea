"""The rules of `params/disclosure.yml`, validated, and which quantities they make sensitive (R1, R2, R6).

Thresholds, finest place and audience per data set; every table that a page may use, with its levels, periods and
coarser fall-backs. Source: design of R1-R11; seed 002, V.2 (ne pas nuire; source of information confidential).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from ..errors import BadData
from ..indicators.registry import BY_NAME, UNANSWERED, Measure, key
from ..periods import kind_of
from ..yamls import Twice, load_once
from .safe import AUDIENCES, Address

if TYPE_CHECKING:
    import pandas as pd

Audience = Literal["cluster", "public"]
Kind = Literal["day", "month", "quarter", "year"]
Level = Literal["cercle", "region", "area", "country"]
KINDS = ("day", "month", "quarter", "year")
LEVELS = ("cercle", "region", "area", "country")


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _per_audience(given: object) -> object:
    """One value stands for both audiences; `none` for nobody."""
    if given == "none":
        return {}
    return given if isinstance(given, dict) else dict.fromkeys(AUDIENCES, given)


def _listed(given: object) -> object:
    return tuple(given) if isinstance(given, list) else given


# A threshold of 0 or 1 would hide nothing, and say that it protects.
Threshold = Annotated[dict[Audience, Annotated[int, Field(ge=2)]], BeforeValidator(_per_audience)]


class Organisations(_Closed):
    """R2: at least so many organisations behind a cell, and none with more than so many per cent of it.

    `least_for_totals` holds for the plain total of a region or zone, where it is given.
    """

    least: int = Field(ge=2)
    share: int = Field(ge=1, le=100)
    least_for_totals: int = Field(default=0, ge=0)

    def least_behind(self, measure: Measure, level: str) -> int:
        """How many are needed behind a cell of a declared table."""
        is_total = not measure.dimensions and level != "country"
        return self.least_for_totals if is_total and self.least_for_totals else self.least


class Dataset(_Closed):
    """Rules of one data set. An empty `threshold` means that nothing in it is about people."""

    label: str
    decided_by: Literal["coordinator", "signatories", "ctfmr"]
    threshold: Threshold
    plain: Literal["printed", "country", "protected"] = "protected"
    unanswered: Literal["printed", "protected"] = "protected"
    finest: Level
    audiences: Annotated[tuple[Audience, ...], BeforeValidator(_listed)]
    crossed: int = Field(default=2, ge=0)
    base: int = Field(default=20, ge=1)
    hidden_share: int = Field(default=30, ge=1, le=100)
    organisations: dict[Audience, Organisations] = Field(default_factory=dict)


class Table(_Closed):
    """Where and when one declared table exists, and what stands in for it."""

    dataset: str
    levels: dict[Kind, Annotated[tuple[Level, ...], BeforeValidator(_listed)]]
    sheet: Literal["area", "country"] = "area"
    neutral: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    falls_back: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()

    @property
    def every_level(self) -> set[str]:
        """The levels at which it exists for some kind of period."""
        return {level for some in self.levels.values() for level in some}

    def exists(self, level: str, period: str) -> bool:
        """Whether it has cells of a level for a period (`2017-06`, `2017-Q2`, `2017`, a day)."""
        return level in self.levels.get(kind_of(period), ())


class Rules(_Closed):
    """All rules of one installation."""

    datasets: dict[str, Dataset]
    tables: dict[str, Table]

    @model_validator(mode="after")
    def _agree(self) -> Rules:
        for name, table in self.tables.items():
            where = f"tables > {name}"
            if name not in BY_NAME:
                raise ValueError(f"{where} : aucun comptage de ce nom")
            if table.dataset not in self.datasets:
                raise ValueError(f"{where} > dataset : ensemble absent de datasets")
            dataset, measure = self.datasets[table.dataset], BY_NAME[name]
            if any(LEVELS.index(level) < LEVELS.index(dataset.finest) for level in table.every_level):
                raise ValueError(f"{where} > levels : niveau plus fin que {dataset.finest} (R3)")
            if len(measure.dimensions) > dataset.crossed:
                raise ValueError(f"{where} : plus de {dataset.crossed} ventilations croisées (R4)")
            if set(table.neutral) - {d for d, _ in measure.dimensions}:
                raise ValueError(f"{where} > neutral : ventilation que la table n’a pas")
            for other in table.falls_back:
                stem, _, level = other.partition("@")
                if stem not in self.tables or (level and level not in self.tables[stem].every_level):
                    raise ValueError(f"{where} > falls_back : table ou niveau non déclaré")
                if stem == name and not level:
                    raise ValueError(f"{where} > falls_back : une table ne se remplace pas elle-même")
        missing = [name for name in BY_NAME if name not in self.tables]
        if missing:
            raise ValueError(f"tables > {missing[0]} : table non déclarée")
        return self

    def of(self, table: str) -> Dataset:
        """The rules of a declared table."""
        return self.datasets[self.tables[table].dataset]

    def is_printed(self, table: str) -> bool:
        """Whether its cells are always printed: not about people, or plain totals of published practice."""
        dataset = self.of(table)
        return not dataset.threshold or (dataset.plain == "printed" and not BY_NAME[table].dimensions)

    def inferred(self, key_: str, table: str, audience: str) -> int:
        """What a reader takes a hidden number for that cannot be 0: the threshold, or nothing where rules do not tell."""
        dataset = self.of(table)
        is_told = dataset.threshold and not (dataset.unanswered == "printed" and key_.endswith(f"={UNANSWERED}"))
        return dataset.threshold[audience] if is_told else 0

    def is_anchored(self, table: str, level: str) -> bool:
        """Whether its cells are printed unless they are sensitive themselves: national totals, which hide nobody else."""
        return self.of(table).plain == "country" == level and not BY_NAME[table].dimensions

    def is_for(self, table: str, level: str, period: str, audience: str) -> bool:
        """Whether this audience may see the table at this level, for this kind of period."""
        return audience in self.of(table).audiences and self.tables[table].exists(level, period)


def load(params: Path) -> Rules:
    """The rules in force. Raises BadData when the file has an unknown key, a missing one, one twice, or a bad value."""
    path = params / "disclosure.yml"
    again = "Comparez à la version d’origine (git diff params/disclosure.yml)."
    try:
        return Rules.model_validate(load_once(path.read_text(encoding="utf-8")))
    except Twice as twice:
        raise BadData(f"{path.name} : déclaré deux fois ({twice}).", "Gardez une seule des deux.") from None
    except ValidationError as error:
        found = error.errors()[:3]
        where = "; ".join(
            " > ".join(map(str, e["loc"])) or str(e.get("ctx", {}).get("error", "datasets, tables")) for e in found
        )
        raise BadData(f"{path.name} : règle invalide ({where}).", again) from None
    except (OSError, yaml.YAMLError):
        raise BadData(
            f"{path.name} : fichier absent ou illisible.",
            "Remettez la version d’origine (git checkout params/disclosure.yml).",
        ) from None


@dataclass(frozen=True)
class Sensitive:
    """Why a quantity is sensitive, and the threshold that it must seem able to reach."""

    rule: str
    threshold: int


def sensitive(
    cubes: pd.DataFrame,
    rules: Rules,
    audience: str,
    behind: Mapping[Address, Mapping[str, int]] | None = None,
) -> dict[Address, Sensitive]:
    """Every sensitive quantity of the counts that an audience may see.

    R1: from 1 to T - 1. R2: too few organisations behind it, or one with too much of it (`behind`: what each gave to each
    cell). R6: the only category of a line of T or more that is not empty.
    """
    found: dict[Address, Sensitive] = {}
    for name, cells in cubes.groupby("table", sort=False):
        dataset = rules.of(name)
        if rules.is_printed(name) or audience not in dataset.audiences:
            continue
        threshold = dataset.threshold[audience]
        rows = [c for c in cells.itertuples(index=False) if rules.tables[name].exists(c.level, c.period)]
        if dataset.unanswered == "printed":  # a question that nobody answered tells nothing of a person
            rows = [c for c in rows if not c.key.endswith(f"={UNANSWERED}")]
        organisations = dataset.organisations.get(audience)
        for c in rows:
            address = (c.key, c.place, c.period)
            if 0 < c.value < threshold:
                found[address] = Sensitive("R1", threshold)
            elif c.value and organisations:
                gave = [n for n in (behind or {}).get(address, {}).values() if n]
                if (
                    len(gave) < organisations.least_behind(BY_NAME[name], c.level)
                    or max(gave) * 100 > organisations.share * c.value
                ):
                    found[address] = Sensitive("R2", threshold)
        for address in _alone_in_line(name, rows, rules.tables[name].neutral, threshold):
            found.setdefault(address, Sensitive("R6", threshold))
    return found


def by_organisation(behind: Mapping[Address, Mapping[str, int]] | None) -> dict[str, dict[Address, int]]:
    """What each organisation gave to each cell, from what each cell was given; in the order of their names."""
    out: dict[str, dict[Address, int]] = {}
    for address, gave in (behind or {}).items():
        for organisation, n in gave.items():
            out.setdefault(organisation, {})[address] = n
    return dict(sorted(out.items()))


def _alone_in_line(name: str, rows: list, neutral: tuple[str, ...], threshold: int) -> list[Address]:
    """Cells that hold the whole of their line, T or more: everybody in it is known to be so."""
    measure = BY_NAME[name]
    lines: dict[tuple, list] = {}
    for c in rows:
        codes = dict(part.split("=", 1) for part in c.key.split(".")[1:])
        for dimension, _ in measure.dimensions:
            if dimension not in neutral and dimension in measure.adds_up:
                rest = {d: v for d, v in codes.items() if d != dimension}
                lines.setdefault((c.place, c.period, dimension, key(measure.indicator, rest)), []).append(c)
    out = []
    for line in lines.values():
        filled = [c for c in line if c.value]
        if len(filled) == 1 and len(line) > 1 and filled[0].value >= threshold:
            out.append((filled[0].key, filled[0].place, filled[0].period))
    return out
