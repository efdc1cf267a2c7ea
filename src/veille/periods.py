"""Months, quarters and years: parsing, order, days, and their names in French."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from .errors import BadParameter

MONTHS_FR = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)
MONTHS_FR_SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
_FORMS = {
    "month": re.compile(r"(\d{4})-(\d{2})"),
    "quarter": re.compile(r"(\d{4})-Q([1-4])"),
    "year": re.compile(r"(\d{4})"),
}
_EXPECTED = {"month": "un mois (2017-06)", "quarter": "un trimestre (2017-Q2)", "year": "une année (2017)"}


@dataclass(frozen=True, order=True)
class Period:
    """A calendar month, quarter or year. `first` is the number of its first month (1-12)."""

    year: int
    first: int
    months: int

    @property
    def kind(self) -> str:
        """`month`, `quarter` or `year`."""
        return {1: "month", 3: "quarter", 12: "year"}[self.months]

    @property
    def start(self) -> date:
        """Its first day."""
        return date(self.year, self.first, 1)

    @property
    def end(self) -> date:
        """Its last day."""
        last = self.first + self.months - 1
        return date(self.year, last, monthrange(self.year, last)[1])

    def __str__(self) -> str:
        if self.kind == "month":
            return f"{self.year:04d}-{self.first:02d}"
        if self.kind == "quarter":
            return f"{self.year:04d}-Q{(self.first + 2) // 3}"
        return f"{self.year:04d}"

    def shift(self, steps: int) -> Period:
        """The period `steps` of the same kind later (earlier when negative)."""
        index = (self.year * 12 + self.first - 1) + steps * self.months
        return Period(index // 12, index % 12 + 1, self.months)

    def last(self, count: int) -> list[Period]:
        """The `count` periods that end with this one, oldest first."""
        return [self.shift(k) for k in range(1 - count, 1)]

    def each_month(self) -> list[Period]:
        """Its months, oldest first; a month is its own."""
        return [Period(self.year, first, 1) for first in range(self.first, self.first + self.months)]

    def divisions(self) -> list[list[Period]]:
        """The ways to cut it into shorter periods, the longest first: a year into quarters, then into months."""
        return [
            [Period(self.year, first, months) for first in range(self.first, self.first + self.months, months)]
            for months in (3, 1)
            if months < self.months
        ]

    def name(self) -> str:
        """« juin 2017 », « 2e trimestre 2017 » or « année 2017 »."""
        if self.kind == "month":
            return f"{MONTHS_FR[self.first - 1]} {self.year}"
        if self.kind == "quarter":
            number = (self.first + 2) // 3
            return f"{'1er' if number == 1 else f'{number}e'} trimestre {self.year}"
        return f"année {self.year}"

    def the_name(self) -> str:
        """As after « pour »: « juin 2017 », « le 2e trimestre 2017 », « l’année 2017 »."""
        return {"month": "", "quarter": "le ", "year": "l’"}[self.kind] + self.name()

    def bare_name(self) -> str:
        """The name without its year: « juin »."""
        return MONTHS_FR[self.first - 1] if self.kind == "month" else self.name()

    def short_name(self) -> str:
        """« juin », « sept. »: for axes."""
        return MONTHS_FR_SHORT[self.first - 1] if self.kind == "month" else str(self)


def expected(kinds: Sequence[str]) -> str:
    """How periods of these kinds are written: « un mois (2017-06) ou un trimestre (2017-Q2) »."""
    *first, last = [_EXPECTED[kind] for kind in kinds]
    return f"{', '.join(first)} ou {last}" if first else last


def parse(text: str, *, kinds: Sequence[str] = tuple(_FORMS)) -> Period:
    """A period of one of these kinds, from `2017-06`, `2017-Q2` or `2017`.

    Raises BadParameter when the form or the calendar does not allow it.
    """
    for name, form in _FORMS.items():
        found = form.fullmatch(text.strip())
        if not found or name not in kinds:
            continue
        year = int(found[1])
        first = int(found[2]) if name == "month" else 3 * int(found[2]) - 2 if name == "quarter" else 1
        if not 1 <= first <= 12 or not 2000 <= year <= 2100:
            break
        return Period(year, first, {"month": 1, "quarter": 3, "year": 12}[name])
    shown = "".join(c for c in text if c.isprintable())[:40]
    raise BadParameter(f"Période impossible : {shown}.", f"Écrivez {expected(kinds)}.")


def is_of(text: str, kind: str) -> bool:
    """Whether a period, as it is written, is of this kind; a day is of none."""
    return bool(_FORMS[kind].fullmatch(text))


@lru_cache(maxsize=10_000)  # asked for each of hundreds of thousands of cells
def kind_of(period: str) -> str:
    """`month`, `quarter` or `year` of a period as tables write it; `day` for the day of a stock."""
    return next((kind for kind, form in _FORMS.items() if form.fullmatch(period)), "day")


def day(text: str, what: str = "Date") -> date:
    """A day from `2017-07-15`. Raises BadParameter otherwise."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        shown = "".join(c for c in text if c.isprintable())[:40]
        raise BadParameter(
            f"{what} impossible : {shown}.", "Écrivez année-mois-jour, par exemple 2017-07-15."
        ) from None


def day_name(value: date) -> str:
    """« 15 juillet 2017 », « 1er août 2017 »."""
    number = "1er" if value.day == 1 else str(value.day)
    return f"{number} {MONTHS_FR[value.month - 1]} {value.year}"
