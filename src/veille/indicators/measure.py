"""What a declared table is, what is derived from it, and how a number is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..codes import code_list

UNANSWERED = "unknown"  # the code of a question without an answer, in every breakdown that has one


def key(indicator: str, dimensions: dict[str, str]) -> str:
    """`protection_incidents`, or `protection_incidents.category=property.verification=verified`."""
    return ".".join([indicator, *(f"{name}={code}" for name, code in dimensions.items())])


@dataclass(frozen=True)
class Measure:
    """One declared table: an indicator, its breakdown, and how it is counted.

    `indicator` is the stem of its keys; `dimensions` maps a dimension to its code list. Where and for whom it exists
    stands in `params/disclosure.yml`. `grid` says where nothing counted means zero: `counts` (covered cercle-months),
    `rows` (covered, and rows were received), `own` (where the table has a cell at all), or "" (nowhere).

    `by_organisation`: the query has a column `organisation` before `value`: what each gave counts for R2, and is never printed.

    What a reader may add up: `adds_up` names the dimensions whose codes are exclusive and complete, so that they give
    the number without that dimension; `parts`, other keys that add up to this number, by what its key has after the
    indicator (`""` for a plain number); `within`, other numbers that hold
    this one (for a breakdown, the same codes of them when they have that breakdown); `usually_within`, numbers that hold it
    in practice, though not by definition: a reader takes that for granted where nothing printed denies it;
    `covered_by_codes`: its codes may overlap but leave nobody out; `usually_apart`, dimensions whose codes leave people out
    and do not overlap, in practice: together they are at most the number without that dimension.
    """

    name: str
    indicator: str
    unit: str
    meaning: str
    caveat: str
    sql: str
    dimensions: tuple[tuple[str, str], ...] = ()
    grid: str = ""
    adds_up: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    usually_within: tuple[str, ...] = ()
    covered_by_codes: bool = False
    usually_apart: tuple[str, ...] = ()
    by_organisation: bool = False


@dataclass(frozen=True)
class Share:
    """A whole percent of two safe counts, of which `{code}` stands for the code of its own breakdown, if it has one.

    `of` is "" for two numbers of the same place; else `part` is that of a place, `whole` of the place it is a share of.
    """

    name: str
    indicator: str
    part: str
    whole: str
    dimensions: tuple[tuple[str, str], ...]
    of: str
    meaning: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what its key has after the indicator."""
        return tuple(name for name, _ in self.dimensions) or (("of",) if self.of else ())

    def codes(self) -> tuple[str, ...]:
        """The codes of its breakdown; one empty code when it has none."""
        return tuple(code_list(self.dimensions[0][1])) if self.dimensions else ("",)

    def key(self, code: str) -> str:
        """Its key for a code."""
        return key(self.indicator, {self.dimensions[0][0]: code} if self.dimensions else {})


@dataclass(frozen=True)
class Difference:
    """A difference between two safe counts of the same place, at two periods."""

    name: str
    indicator: str
    unit: str
    of: str
    kind: str
    meaning: str
