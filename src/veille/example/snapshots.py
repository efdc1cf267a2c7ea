"""How an example snapshot reaches its folder: the days of receipt, the file, and its source.yml."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml

FIRST_DAY = date(2016, 7, 1)
CREATED = datetime(2017, 1, 1)  # written into every workbook: the example never reads the clock
PRODUCER = "Générateur d’exemples de veille (données d’exemple, synthétiques)"
SHARING = "Libre : données d’exemple, synthétiques ; ne décrivent ni lieu, ni fait, ni organisation réels"


def monthly(day: int) -> tuple[date, ...]:
    """The thirteen days of receipt, January 2017 to January 2018, on the same day of the month."""
    return tuple(date(2017, m, day) for m in range(1, 13)) + (date(2018, 1, day),)


def month_end_before(received: date) -> date:
    """The last day of the month before the day of receipt: what an export covers."""
    return received.replace(day=1) - timedelta(days=1)


def _everything(received: date) -> str:
    return f"{FIRST_DAY} to {month_end_before(received)}"


@dataclass(frozen=True)
class Source:
    """One example source: its papers, its whole history, and how an export of it is written.

    `history()` gives everything the source will ever hold; `write(history, received, path)` writes what
    had been submitted before that day and returns the number of data rows. `partner`: whose series it is, where each
    producer has its own; `covers(received)`: the period of an export, where it does not hold everything.
    """

    reader: str
    title: str
    file: str
    sensitivity: str
    zero_means: str
    received: tuple[date, ...]
    history: Callable[[], Any]
    write: Callable[[Any, date, Path], int]
    partner: str = ""
    covers: Callable[[date], str] = _everything
    edition: str = "cod2015"

    @property
    def stream(self) -> str:
        """The folder of its series: the source, and the partner where each has its own."""
        return f"{self.reader}.{self.partner}" if self.partner else self.reader


def write_snapshot(root: Path, source: Source, history: Any, received: date) -> None:
    """Write one export and its source.yml below `root/<series>/<received>/`."""
    folder = root / source.stream / received.isoformat()
    folder.mkdir(parents=True)
    path = folder / source.file
    rows = source.write(history, received, path)
    papers = {
        "source": source.reader,
        **({"partner": source.partner} if source.partner else {}),
        "nature": "example",
        "title": source.title,
        "producer": PRODUCER,
        "covers": source.covers(received),
        "received": received,
        "sharing": SHARING,
        "sensitivity": source.sensitivity,
        "pcode_edition": source.edition,
        "files": [{"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rows": rows}],
        "zero_means": source.zero_means,
    }
    text = yaml.safe_dump(papers, sort_keys=False, allow_unicode=True, width=1000)
    (folder / "source.yml").write_text(text, encoding="utf-8", newline="\n")


def write_csv(path: Path, headers: list[list[str]], rows: Iterable[Iterable[Any]], delimiter: str) -> int:
    """Write a UTF-8 CSV with its header rows; return the number of data rows."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        out.writerows(headers)
        data = list(rows)
        out.writerows(data)
    return len(data)


def open_workbook(path: Path, title: str) -> xlsxwriter.Workbook:
    """A new workbook that says in its properties that it is synthetic; same bytes on every run."""
    book = xlsxwriter.Workbook(str(path), {"strings_to_urls": False})
    book.set_properties(
        {
            "title": f"EXEMPLE : {title}",
            "subject": "Données d’exemple, synthétiques",
            "author": PRODUCER,
            "comments": "Données d’exemple, synthétiques : aucune ligne ne décrit un fait réel.",
            "created": CREATED,
        }
    )
    return book
