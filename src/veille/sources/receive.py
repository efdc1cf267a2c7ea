"""Receive files: read and check them whole, say what enters, and store them with their papers in one step.

A file is never edited and never overwritten. The same file received twice changes nothing; another file is another
snapshot, on its own day.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
import yaml

from ..errors import BadData, BadParameter, UnknownName
from ..project import Project
from ..tables import build as tables
from ..tables import incidents
from . import registry, sheets
from .snapshots import RawFile, Snapshot, sha256

# The last columns that say when: the first one that a source has gives the months that it covers.
_WHEN = ("occurred_date", "month", "reference_date", "issued_date", "start_date", "end_date")


@dataclass(frozen=True)
class Balance:
    """What came in: rows read = rows kept + rows left out by reason; where it was stored, or None for a dry run."""

    source: str
    read: int
    left_out: dict[str, int]
    covers: str
    stored: Path | None
    is_new: bool

    @property
    def kept(self) -> int:
        """Rows that count."""
        return self.read - sum(self.left_out.values())

    def lines(self) -> list[str]:
        """The balance as it is read."""
        out = [f"{self.source} : {self.read} lignes lues, {self.kept} gardées", f"  période : {self.covers}"]
        return out + [f"  {count} {reason}" for reason, count in self.left_out.items() if count]


def _covers(df: pd.DataFrame) -> str:
    for column in _WHEN:
        if column in df.columns:
            days = sorted(str(v)[:10] for v in df[column] if v is not None)
            if days:
                return f"{days[0]} to {days[-1]}"
    return "non précisée"


def _papers(snapshot: Snapshot) -> str:
    given = {
        "source": snapshot.source,
        "nature": snapshot.nature,
        "title": snapshot.title,
        "producer": snapshot.producer,
        "covers": snapshot.covers,
        "received": snapshot.received.isoformat(),
        "sharing": snapshot.sharing,
        "sensitivity": snapshot.sensitivity,
        "pcode_edition": snapshot.pcode_edition,
        "files": [{"name": f.path.name, "sha256": f.sha256, "rows": f.rows} for f in snapshot.files],
        "zero_means": snapshot.zero_means,
    }
    return yaml.safe_dump(given, allow_unicode=True, sort_keys=False, width=110)


def _left_out(source: str, df: pd.DataFrame, built: dict[str, pd.DataFrame]) -> dict[str, int]:
    if source == "kobo_incidents":
        return incidents.left_out(df)
    if source == "fivew":
        return {"répétées mot pour mot": len(df) - len(built["activities"])}
    return {}


def receive(
    files: Sequence[Path],
    source: str,
    received: date,
    project: Project,
    *,
    producer: str,
    edition: str = "",
    dry_run: bool = False,
) -> Balance:
    """Check files as one snapshot of a source, and store them below `data/raw` unless `dry_run`.

    Raises UnknownName for a source that nobody reads, BadParameter when that day already holds other files, BadData for
    the first file, column, place or rule that does not hold. Nothing is stored then.
    """
    readable = {name for name in registry.SOURCES if name in tables.BUILDERS and name != "reference_figures"}
    if source not in readable:
        raise UnknownName("Source", source, readable, feminine=True)
    missing = [f.name for f in files if not f.is_file()]
    if missing or not files:
        raise BadParameter(f"Fichier absent : {', '.join(missing) or 'aucun fichier donné'}.", "Vérifiez le chemin.")
    if len({f.name for f in files}) < len(files):
        raise BadParameter("Deux fichiers portent le même nom.", "Renommez l’un des deux.")
    defaults = sheets.declared(source).papers
    raw = [RawFile(f, sha256(f), 0) for f in sorted(files, key=lambda f: f.name)]
    frames = [registry.SOURCES[source].read(f.path) for f in raw]
    if not any(len(df) for df in frames):
        raise BadData(f"{raw[0].path.name} : aucune ligne de données.", "Vérifiez que le bon export a été envoyé.")
    counted = tuple(replace(f, rows=len(df)) for f, df in zip(raw, frames, strict=True))
    df = pd.concat(frames, ignore_index=True)
    snapshot = Snapshot(
        source,
        "real",
        received,
        defaults["title"],
        producer,
        _covers(df),
        defaults["sharing"],
        defaults["sensitivity"],
        defaults["zero_means"],
        edition or defaults["pcode_edition"],
        counted,
        "",
    )
    built = tables.build([snapshot])
    target = project.raw("real") / source / received.isoformat()
    balance = Balance(source, len(df), _left_out(source, df, built), snapshot.covers, target, is_new=True)
    if target.exists():
        given = yaml.safe_load((target / "source.yml").read_text(encoding="utf-8"))
        if {f["name"]: f["sha256"] for f in given["files"]} == {f.path.name: f.sha256 for f in counted}:
            return replace(balance, is_new=False)
        raise BadParameter(
            f"{source}/{received} : d’autres fichiers ont déjà été reçus ce jour-là.",
            "Un dépôt ne se remplace pas : donnez à celui-ci sa propre date de réception (--received).",
        )
    if dry_run:
        return replace(balance, stored=None)
    project.work.mkdir(exist_ok=True)
    draft = project.work / f"receive-{os.getpid()}-{source}"
    try:
        draft.mkdir()
        for f in counted:
            shutil.copyfile(f.path, draft / f.path.name)
        (draft / "source.yml").write_text(_papers(snapshot), encoding="utf-8", newline="\n")
        if snapshot.sensitivity == "restricted":
            # Git never sees it, whatever is added by hand.
            (draft / ".gitignore").write_text("*\n", encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return balance
