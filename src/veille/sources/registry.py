"""Which sources exist, how each is read, and the canonical table that it feeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from ..errors import BadData
from . import published, sheets
from .snapshots import Snapshot, verify


@dataclass(frozen=True)
class Source:
    """One format received. `read` takes a path and returns one row per data row."""

    name: str
    table: str
    read: Callable


def _declared(name: str, table: str) -> Source:
    return Source(name, table, lambda path: sheets.read(path, name))


SOURCES = {
    source.name: source
    for source in (
        _declared("kobo_incidents", "incidents"),
        _declared("amss_incidents", "incident_counts"),
        _declared("monitoring_coverage", "coverage"),
        _declared("dtm_stocks", "movements"),
        _declared("unhcr_idps", "movements"),
        _declared("fivew", "activities"),
        _declared("recommendations", "recommendations"),
        _declared("alerts", "alerts"),
        Source("reference_figures", "published_figures", published.read_figures),
        Source("gbv_published", "published_figures", published.read_gbv_totals),
    )
}


def read(snapshot: Snapshot) -> pd.DataFrame:
    """All rows of a snapshot, checked against its papers.

    Raises BadData when the source is unknown, a file changed since it was received, or its rows are not those
    that the papers announce.
    """
    if snapshot.source not in SOURCES:
        raise BadData(f"{snapshot.source} : source inconnue.", f"Sources lues : {', '.join(sorted(SOURCES))}.")
    verify(snapshot)
    frames = []
    for file in snapshot.files:
        frame = SOURCES[snapshot.source].read(file.path)
        if len(frame) != file.rows:
            raise BadData(
                f"{snapshot.source}/{snapshot.received}/{file.path.name} : {len(frame)} lignes lues, {file.rows} annoncées.",
                "Vérifiez source.yml et le fichier reçu.",
            )
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
