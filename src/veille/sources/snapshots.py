"""Snapshots: what was received, when, with which papers; which of them make a data version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from ..errors import BadData
from ..project import Project

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


@dataclass(frozen=True)
class RawFile:
    """One file of a snapshot, with the sha256 and the number of data rows noted when it was received."""

    path: Path
    sha256: str
    rows: int


@dataclass(frozen=True)
class Snapshot:
    """Everything a source had sent by one day, and its papers (`source.yml`, whose sha256 is `papers`)."""

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

    @property
    def digest(self) -> str:
        """What the data version remembers of it: source, day and the bytes of its files."""
        lines = [f"{f.path.name} {f.sha256}" for f in self.files]
        return hashlib.sha256(
            "\n".join([self.source, self.received.isoformat(), self.papers, *lines]).encode()
        ).hexdigest()


def sha256(path: Path) -> str:
    """Of the bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(papers: Path, nature: str) -> Snapshot:
    where = f"{papers.parent.parent.name}/{papers.parent.name}/source.yml"
    try:
        given = yaml.safe_load(papers.read_text(encoding="utf-8"))
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
            tuple(RawFile(papers.parent / f["name"], str(f["sha256"]).lower(), int(f["rows"])) for f in given["files"]),
            sha256(papers),
        )
    except (OSError, yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError):
        raise BadData(f"{where} : papiers illisibles.", "Comparez-les à ceux d’un autre dépôt de data/raw.") from None
    if snapshot.nature != nature:
        raise BadData(
            f"{where} : ce dépôt n’est pas de nature « {nature} ».",
            "Les données réelles vont dans data/raw, les données d’exemple dans data/example ; elles ne se mêlent jamais.",
        )
    if papers.parent.parent.name != snapshot.source:
        raise BadData(f"{where} : la source n’est pas celle du dossier.", "Le dossier porte le nom de la source.")
    if papers.parent.name != snapshot.received.isoformat():
        raise BadData(f"{where} : la date de réception n’est pas celle du dossier.", "Corrigez l’une des deux.")
    return snapshot


def received(project: Project, nature: str) -> Iterator[Snapshot]:
    """Every snapshot of one nature, by source then day. Raises BadData for unreadable papers."""
    for papers in sorted(project.raw(nature).glob("*/*/source.yml")):
        yield _load(papers, nature)


def newest(project: Project, nature: str, as_of: date | None) -> list[Snapshot]:
    """The newest snapshot of each source received by `as_of` (of all, when None), in the order of sources."""
    chosen: dict[str, Snapshot] = {}
    for snapshot in received(project, nature):
        if as_of is None or snapshot.received <= as_of:
            chosen[snapshot.source] = snapshot
    return [chosen[source] for source in sorted(chosen)]


def verify(snapshot: Snapshot) -> None:
    """Raise BadData unless every file is there with the bytes that were received."""
    for file in snapshot.files:
        where = f"{snapshot.source}/{snapshot.received}/{file.path.name}"
        if not file.path.is_file():
            raise BadData(f"{where} : fichier absent.", "Remettez le fichier reçu, sans le modifier.")
        if sha256(file.path) != file.sha256:
            raise BadData(
                f"{where} : le fichier a changé depuis sa réception (sha256 différent).",
                "Un fichier reçu ne se modifie pas : remettez l’original, ou déposez la nouvelle version "
                "dans un dossier à sa propre date de réception.",
            )
