"""Deterministic synthetic data in the real source formats: the example twin of `data/raw`."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ..project import PACKAGE

if TYPE_CHECKING:
    from .snapshots import Source

STAMP = ".complete"
_READ = ("example/*.py", "gazetteer/places.csv", "codes/*.yml", "frames/*.yml", "schemas/tables/indicator_values.yml")


def sources() -> tuple[Source, ...]:
    """Every invented source. Those who write them are imported here: a command looks first whether they are written already."""
    from . import (
        alerts,
        dtm_stocks,
        fivew,
        gbv_tables,
        kobo_incidents,
        monitoring_coverage,
        recommendations,
        strategy_values,
    )

    some = (kobo_incidents, monitoring_coverage, dtm_stocks, fivew, recommendations, alerts, strategy_values)
    return (*(s.SOURCE for s in some), *gbv_tables.SOURCES)


def digest() -> str:
    """sha256 over everything that decides the example's bytes: this package's code, the gazetteer, the code lists."""
    found = hashlib.sha256()
    for pattern in _READ:
        for path in sorted(PACKAGE.glob(pattern)):
            text = path.read_bytes().replace(b"\r\n", b"\n")  # the same on a Windows check-out
            found.update(f"{path.relative_to(PACKAGE).as_posix()} {len(text)}\n".encode() + text)
    return found.hexdigest()


def is_current(root: Path) -> bool:
    """Whether `root` holds a whole example, made by this very code."""
    try:
        return (root / STAMP).read_text(encoding="ascii").strip() == digest()
    except (OSError, UnicodeDecodeError):
        return False


def _agreed(letter: str) -> dict[str, object]:
    """The agreement of one invented organisation, for both audiences."""
    return {
        "organisation": f"organisation_exemple_{letter.lower()}",
        "audiences": ["cluster", "public"],
        "until": "2018-12-31",
        "reference": "Accord d’exemple, inventé",
    }


def generate(root: Path) -> None:
    """Write the whole example twin of data/raw below `root` (= <project>/data/example).

    Written aside and renamed into place: what `root` holds is whole or absent, whenever a run is stopped.
    An older example is replaced.
    """
    from . import gbv_calibration
    from .snapshots import write_snapshot

    root = Path(root)
    draft, old = (root.with_name(f".{root.name}.{os.getpid()}.{part}") for part in ("new", "old"))
    for leftover in (draft, old):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        for source in sources():
            history = source.history()
            for received in source.received:
                write_snapshot(draft, source, history, received)
        consent = {"role": "member", "agreements": [_agreed(o.letter) for o in gbv_calibration.ORGANISATIONS]}
        (draft / "consent.yml").write_text(
            yaml.safe_dump(consent, allow_unicode=True, sort_keys=False), encoding="utf-8", newline="\n"
        )
        (draft / STAMP).write_text(digest() + "\n", encoding="ascii", newline="\n")
        if root.exists():
            root.rename(old)
        draft.rename(root)
    except OSError:
        if not is_current(root):  # another run may have finished first: its bytes are the same
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
