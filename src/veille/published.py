"""THE ONLY DOOR a notebook may use: the safe numbers, reviewed texts and names of one edition of a report.

Inside a build it reads a staged folder and nothing else; the process can open no other file of the project.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

import yaml

from . import asked, periods, places, texts
from .disclosure.safe import SafeNumber, SafeTables
from .errors import BadData, BadParameter, BuildFailed
from .periods import Period
from .places import Area, Place, Region

STAGE_VARIABLE = "VEILLE_STAGE"
READS_VARIABLE = "VEILLE_READS"  # the file in which a build has the questions noted
TREND_MONTHS = 12


@dataclass
class Edition:
    """One report: what it covers, for whom, and the only numbers and texts it may show."""

    product: str
    title: str
    area: Area
    period: Period
    audience: str
    lang: str
    nature: str
    as_of: str
    _tables: SafeTables
    texts: texts.Texts | None
    status: tuple[str, ...]
    folder: Path
    _noted: set[asked.Question] = field(default_factory=set)
    _notes: TextIO | None = None
    _counters: dict[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Edition {self.product} {self.area.code} {self.period} {self.audience}>"

    def _ask(self, *question: str) -> Any:
        """The answer to a question, which is noted for the build: what a page was made from is what it asked."""
        if question not in self._noted:
            self._noted.add(question)
            if self._notes:
                self._notes.write(json.dumps(question, ensure_ascii=False) + "\n")
        return asked.answer(self._tables, question)

    @property
    def is_example(self) -> bool:
        """Whether the data are synthetic."""
        return self.nature == "example"

    @property
    def version(self) -> str:
        """The id of the data version."""
        return self._tables.meta["version"]

    @property
    def received(self) -> str:
        """The last day on which something of this version arrived, ISO."""
        return self._tables.meta["received"]

    @property
    def sources(self) -> list[dict]:
        """The snapshots behind this version: title, producer, covers, received."""
        return self._ask("sources")

    def number(self, key: str, place: str | Place | None = None, period: Period | str | None = None) -> SafeNumber:
        """One number; of the report's own place and period when they are not given."""
        return self._ask("number", key, str(place or self.area.code), str(period or self.period))

    def printed_before(self, number: SafeNumber) -> str:
        """What was printed of a number in an earlier release, where it is another value now; else nothing (R8)."""
        return self._ask("printed_before", number.address) if number.is_shown else ""

    def has(self, key: str, place: str | Place | None = None, period: Period | str | None = None) -> bool:
        """Whether a number was received and may be printed."""
        return self.number(key, place, period).is_shown

    def wider(self, table: str) -> Edition | None:
        """The same page for the country, where the rules declare that it stands in for a table that is not printed here (R11).

        None when that is not declared, or nothing of the table is printed there either.
        """
        if self.area.is_country or f"{table}@country" not in self._ask("falls_back", table):
            return None
        country = next(a for a in places.areas(self.folder).values() if a.is_country)
        if not self._ask("shows", table, country.code, str(self.period)):
            return None
        return replace(self, area=country)

    def periods(self, key: str, place: str | Place | None = None) -> list[str]:
        """The periods that a number exists for, oldest first."""
        return self._ask("periods", key, str(place or self.area.code))

    def records(self, name: str) -> list[dict]:
        """Reviewed rows that stand beside the numbers, of one kind."""
        return self._ask("records", name)

    def latest(self, key: str, place: str | Place | None = None) -> SafeNumber | None:
        """The newest number of a stock whose day is not after the period's end."""
        days = [p for p in self.periods(key, place) if p <= self.period.end.isoformat()]
        return self.number(key, place, days[-1]) if days else None

    def trend(self) -> list[Period]:
        """The months of the trend, oldest first; the last one is the report's."""
        return self.period.last(TREND_MONTHS)

    def contact(self) -> dict[str, str]:
        """Who answers about this page: name and shared mailbox."""
        try:
            given = yaml.safe_load((self.folder / "contacts.yml").read_text(encoding="utf-8"))
            return {"name": str(given["name"]), "email": str(given["email"])}
        except (OSError, yaml.YAMLError, KeyError, TypeError):
            raise BadData("contacts.yml : fichier absent ou illisible.", "Il donne name et email.") from None

    def region_name(self, region: Region) -> str:
        """« Région de Ménaka »."""
        return region.labels[self.lang]

    def cercle_name(self, place: Place) -> str:
        """« Ansongo »."""
        return places.name_of(place)

    def recommendations(self) -> list[dict]:
        """Reviewed recommendations of this area issued by the end of the period, newest first."""
        return self._ask("recommendations", self.area.code, self.period.end.isoformat())

    def next_number(self, kind: str) -> int:
        """The running number of figures or tables on the page."""
        self._counters[kind] = self._counters.get(kind, 0) + 1
        return self._counters[kind]


def _stage(product: str, **parameters: str) -> Path:
    """The staged folder of a build; outside one (Quarto, an open notebook), stage it now."""
    given = os.environ.get(STAGE_VARIABLE)
    if given:
        return Path(given)
    from .build.stage import prepare_for_notebook

    return prepare_for_notebook(product, **parameters)


def open_edition(
    product: str, *, region: str, period: str, as_of: str = "", audience: str = "cluster", lang: str = "fr"
) -> Edition:
    """The edition that a notebook's parameters ask for.

    Raises BadParameter for an unknown area or period, BuildFailed when the staged folder is not sealed.
    """
    folder = _stage(product, region=region, period=period, as_of=as_of, audience=audience, lang=lang)
    try:
        context = json.loads((folder / "context.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise BuildFailed("Le dossier préparé pour le carnet manque.", "Passez par veille build.") from None
    wanted = {"product": product, "region": region, "period": period, "audience": audience, "lang": lang}
    if any(context[name] != value for name, value in wanted.items()):
        raise BadParameter(
            "Le carnet demande une autre édition que celle qui a été préparée.", "Passez par veille build."
        )
    safe = SafeTables.read(folder / "safe")
    if (safe.meta["audience"], safe.meta["nature"]) != (audience, context["nature"]):
        raise BuildFailed(
            "Les tables sûres préparées ne sont pas celles de cette édition.", "Refaites-les : veille data."
        )
    written = texts.load(folder / "texts.md", context["sections"], context["text_name"])
    return Edition(
        product,
        context["title"],
        places.area(region, folder),
        periods.parse(period),
        audience,
        lang,
        context["nature"],
        as_of,
        safe,
        written,
        tuple(context["status"]),
        folder,
        # By lines: a kernel is ended without being asked to close its files.
        _notes=open(os.environ[READS_VARIABLE], "a", encoding="utf-8", buffering=1)
        if READS_VARIABLE in os.environ
        else None,
    )
