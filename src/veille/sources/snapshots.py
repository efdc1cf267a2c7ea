"""Snapshots: what was received, when, with which papers; which of them make a data version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import groupby
from pathlib import Path

import yaml

from ..digests import sha256
from ..errors import BadData
from ..project import Project
from ..yamls import load
from . import decisions
from .decisions import NOTHING, Decisions
from .files import rows_named
from .formats import names, newest_by

REQUIRED = (
    "source",
    "nature",
    "title",
    "producer",
    "covers",
    "received",
    "sharing",
    "sensitivity",
    "files",
    "zero_means",
)


# The rows of the nth file of a snapshot (from 0) are numbered from n times this on: with one file, as in the file.
PER_FILE = 1 << 40


@dataclass(frozen=True)
class RawFile:
    """One file of a snapshot, as noted when it was received: sha256, data rows, how many of them were refused.

    `received` is the sha256 of the file that arrived: another one when what is kept is a cut without class I.
    """

    path: Path
    sha256: str
    rows: int
    refused: int = 0
    received: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Everything a source had sent by one day, and its papers (`source.yml`, whose sha256 is `papers`).

    `partner` tells apart the series of several producers; `without_consent` counts the rows that were never kept.
    """

    source: str
    nature: str
    received: date
    title: str
    producer: str
    covers: str
    sharing: str
    sensitivity: str
    zero_means: str
    pcode_edition: str
    files: tuple[RawFile, ...]
    papers: str
    partner: str = ""
    without_consent: int = 0
    decisions: Decisions = NOTHING

    @property
    def stream(self) -> str:
        """The series it belongs to, and its folder: the source, and the partner where each has its own."""
        return f"{self.source}.{self.partner}" if self.partner else self.source

    @property
    def label(self) -> str:
        """How errors name it: `kobo_incidents/2017-07-05`."""
        return f"{self.stream}/{self.received}"

    @property
    def digest(self) -> str:
        """What the data version remembers of it: source, day and the bytes of its files."""
        lines = [f"{f.path.name} {f.sha256}" for f in self.files]
        return hashlib.sha256(
            "\n".join([self.source, self.received.isoformat(), self.papers, *lines]).encode()
        ).hexdigest()

    def rows_named(self, rows: Sequence[int], count: int | None = None) -> str:
        """« ligne 4 », or « 7 lignes (2, 3, 4, 5, 6…) », each with its file where there are several.

        `count` when only the first ones are given.
        """
        if len(self.files) < 2:
            return rows_named(rows, count)
        total = len(rows) if count is None else count
        shown = [(self.files[row // PER_FILE].path.name, row % PER_FILE) for row in rows[:5]]
        if total == 1:
            return f"ligne {shown[0][1]} de {shown[0][0]}"
        each = (f"{name} : {', '.join(str(row) for _, row in some)}" for name, some in groupby(shown, lambda s: s[0]))
        return f"{total} lignes ({' ; '.join(each)}{'…' if total > 5 else ''})"


@lru_cache(maxsize=2_000)  # of each series, papers are read for every audience and nature
def _said(text: str) -> object:
    return load(text)


def _load(papers: Path, nature: str, decided: Decisions = NOTHING) -> Snapshot:
    where = f"{papers.parent.parent.name}/{papers.parent.name}/source.yml"
    try:
        given = _said(papers.read_text(encoding="utf-8"))
        missing = [name for name in REQUIRED if name not in given]
        if missing:
            raise BadData(f"{where} : il manque {', '.join(missing)}.", "Complétez ce fichier avant de continuer.")
        snapshot = Snapshot(
            given["source"],
            given["nature"],
            date.fromisoformat(str(given["received"])),
            given["title"],
            given["producer"],
            str(given["covers"]),
            given["sharing"],
            given["sensitivity"],
            given["zero_means"],
            given.get("pcode_edition", ""),
            tuple(
                RawFile(
                    papers.parent / f["name"],
                    str(f["sha256"]).lower(),
                    int(f["rows"]),
                    int(f.get("refused", 0)),
                    str(f.get("received_sha256", f["sha256"])).lower(),
                )
                for f in given["files"]
            ),
            sha256(papers),
            given.get("partner", ""),
            int(given.get("without_consent", 0)),
            decided,
        )
    except (OSError, yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError):
        raise BadData(f"{where} : papiers illisibles.", "Comparez-les à ceux d’un autre dépôt de data/raw.") from None
    if snapshot.nature != nature:
        raise BadData(
            f"{where} : ce dépôt n’est pas de nature « {nature} ».",
            "Les données réelles vont dans data/raw, les données d’exemple dans data/example ; elles ne se mêlent jamais.",
        )
    if papers.parent.parent.name != snapshot.stream:
        raise BadData(f"{where} : la source n’est pas celle du dossier.", "Le dossier porte le nom de la source.")
    if papers.parent.name != snapshot.received.isoformat():
        raise BadData(f"{where} : la date de réception n’est pas celle du dossier.", "Corrigez l’une des deux.")
    return snapshot


def received(project: Project, nature: str) -> Iterator[Snapshot]:
    """Every snapshot of one nature, by series then day. Raises BadData for unreadable papers."""
    decided = decisions.load(project.params)
    for papers in sorted(project.raw(nature).glob("*/*/source.yml")):
        yield _load(papers, nature, decided)


def newest(project: Project, nature: str, as_of: date | None) -> list[Snapshot]:
    """What makes a data version: of each series received by `as_of` (of all, when None), the newest snapshot.

    Where a file holds only its own months (`newest_by`), every snapshot of the series: the newest that speaks of a
    month holds for that month. In the order of series, then of days.
    """
    chosen: dict[str, list[Snapshot]] = {}
    for snapshot in received(project, nature):
        if as_of is None or snapshot.received <= as_of:
            series = chosen.setdefault(snapshot.stream, [])
            if series and not adds_up(snapshot.source):
                series.clear()
            series.append(snapshot)
    return [snapshot for stream in sorted(chosen) for snapshot in chosen[stream]]


def adds_up(source: str) -> bool:
    """Whether the files of a source each hold only some months."""
    return source in names() and bool(newest_by(source))


def verify(snapshot: Snapshot, notes: Path | None = None) -> None:
    """Raise BadData unless every file is there with the bytes that were received.

    Without `notes` (`digests.sha256`), every byte is read.
    """
    for file in snapshot.files:
        where = f"{snapshot.label}/{file.path.name}"
        if not file.path.is_file():
            raise BadData(f"{where} : fichier absent.", "Remettez le fichier reçu, sans le modifier.")
        if sha256(file.path, notes) != file.sha256:
            raise BadData(
                f"{where} : le fichier a changé depuis sa réception (sha256 différent).",
                "Un fichier reçu ne se modifie pas : remettez l’original, ou déposez la nouvelle version "
                "dans un dossier à sa propre date de réception.",
            )
