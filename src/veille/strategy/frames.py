"""The frames: goals, results, activities and indicators, as the documents promise them.

A frame is data of the package, `frames/<code>.yml`. It says neither baseline nor target: the documents give none, and what
people decide later stands in `params/targets/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from ..errors import BuildFailed, UnknownName
from ..yamls import load

NAMES = ("strategy_2017", "hct_2020")
CONTINUOUS = "Continue"


@dataclass(frozen=True)
class Indicator:
    """One indicator of a frame.

    `unit`: number, percent, yes_no or category; `nature`: flow (added up over a period), stock (the last known state),
    ratio (numerators over denominators), state (done or not) or breakdown. `parts`: the breakdown that the document
    asks for, code -> label. `people`: it counts people who were harmed or are at risk. `of`: the indicator that it is a
    share of, for a sub-measure.
    """

    id: str
    title: str
    unit: str
    nature: str
    result: str
    goal: str
    activity: str = ""
    of: str = ""
    parts: dict[str, str] = field(default_factory=dict, hash=False)
    people: bool = False
    liptako_gourma: bool = False
    note: str = ""
    attached: str = ""

    @property
    def code(self) -> str:
        """Its id as a key holds it: « s3_4_i1 », « a1_1_i1 »."""
        code = self.id.lower().replace(".", "_").replace("-", "_")
        return code if code[0].isalpha() else f"s{code}"


@dataclass(frozen=True)
class Activity:
    """One activity of a workplan, and the quarters in which it is due (`2020-Q3`)."""

    id: str
    title: str
    leads: tuple[str, ...]
    others: tuple[str, ...]
    quarters: tuple[str, ...]
    quarters_note: str = ""


@dataclass(frozen=True)
class Result:
    """One expected result (an objective of the workplan), its owners, and the day by which it is due, if there is one."""

    id: str
    title: str
    indicators: tuple[Indicator, ...]
    activities: tuple[Activity, ...] = ()
    does: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    verification: tuple[str, ...] = ()
    deadline: str = ""
    due: str = ""


@dataclass(frozen=True)
class Goal:
    """A sub-objective of the strategy, or an axis of the workplan."""

    id: str
    title: str
    results: tuple[Result, ...]

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The indicators of all its results, in the order of the document."""
        return tuple(i for r in self.results for i in r.indicators)


@dataclass(frozen=True)
class Frame:
    """One document's frame. `words` are its own words for a goal and a result."""

    code: str
    title: str
    source: str
    words: dict[str, str]
    years: tuple[int, ...]
    goals: tuple[Goal, ...]
    totals: dict[str, int]

    @property
    def results(self) -> Iterator[Result]:
        """Every result, in order."""
        return (r for g in self.goals for r in g.results)

    @property
    def indicators(self) -> dict[str, Indicator]:
        """Every indicator and sub-measure by its id, in the order of the document."""
        return {i.id: i for g in self.goals for i in g.indicators}

    def find(self, ident: str) -> Indicator:
        """One indicator. Raises UnknownName with the nearest ids."""
        known = self.indicators
        if ident not in known:
            raise UnknownName("Indicateur", ident, known)
        return known[ident]


def _indicator(given: dict, result: str, goal: str) -> Indicator:
    return Indicator(**{**given, "id": str(given["id"]), "result": result, "goal": goal})


def _result(given: dict, goal: str) -> Result:
    ident = str(given["id"])
    return Result(
        ident,
        given["title"],
        tuple(_indicator(i, ident, goal) for i in given["indicators"]),
        tuple(
            Activity(
                a["id"],
                a["title"],
                tuple(a["leads"]),
                tuple(a["others"]),
                tuple(a["quarters"]),
                a.get("quarters_note", ""),
            )
            for a in given.get("activities", [])
        ),
        tuple(given.get("does", ())),
        tuple(given.get("owners", ())),
        tuple(given.get("verification", ())),
        given.get("deadline", {}).get("text", ""),
        given.get("deadline", {}).get("day", ""),
    )


def parse(given: dict) -> Frame:
    """The frame that a file describes. Raises BuildFailed when it does not hold what its document holds."""
    goals = tuple(
        Goal(str(g["id"]), g["title"], tuple(_result(r, str(g["id"])) for r in g["results"])) for g in given["goals"]
    )
    made = Frame(
        given["code"], given["title"], given["source"], given["words"], tuple(given["years"]), goals, given["totals"]
    )
    every = [i for g in goals for i in g.indicators]
    counted = {
        "goals": len(goals),
        "results": sum(1 for _ in made.results),
        "activities": sum(len(r.activities) for r in made.results),
        "indicators": sum(not i.of for i in every),
        "sub_measures": sum(bool(i.of) for i in every),
    }
    wrong = [name for name, n in counted.items() if given["totals"][name] != n]
    if wrong or len(made.indicators) != len(every):
        what = ", ".join(f"{name} : {counted[name]} au lieu de {given['totals'][name]}" for name in wrong)
        raise BuildFailed(
            f"Cadre {made.code} : {what or 'un code d’indicateur est écrit deux fois'}{_missing(made)}.",
            "Remettez le cadre tel que le document le donne (git checkout src/veille/frames).",
        )
    return made


def _missing(frame: Frame) -> str:
    """Which numbers are missing in the series of each result: « ; manque 3.4-i2 »."""
    absent = []
    for result in frame.results:
        numbers = [int(i.id.rpartition("-i")[2]) for i in result.indicators if not i.of]
        absent += [f"{result.id}-i{n}" for n in range(1, max(numbers, default=0)) if n not in numbers]
    return f" ; manque {', '.join(absent)}" if absent else ""


@cache
def frame(name: str) -> Frame:
    """One frame. Raises UnknownName."""
    if name not in NAMES:
        raise UnknownName("Cadre", name, NAMES)
    return parse(load(files("veille.frames").joinpath(f"{name}.yml").read_text(encoding="utf-8")))


@cache
def every_indicator() -> dict[str, Indicator]:
    """The indicators of all frames: their ids do not meet."""
    return {ident: i for name in NAMES for ident, i in frame(name).indicators.items()}


def nearest(ident: str, name: str = "") -> str:
    """The id that one may have meant, or nothing."""
    known = frame(name).indicators if name else every_indicator()
    return next(iter(get_close_matches(ident, list(known), n=1, cutoff=0.6)), "")
