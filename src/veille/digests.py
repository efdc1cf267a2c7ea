"""sha256 of files and of several files together."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

RESTED = 5  # seconds: the clock of a disk counts in ticks, and a file may change twice in one
LARGE = 1 << 20  # octets: the digest of a smaller file is read faster than looked up

Stamp = tuple[int, ...]


def sha256(path: Path, notes: Path | None = None) -> str:
    """Of the bytes of a file. One that has rested for a while is read once in a process.

    Its size, both its times and its number on the disk must be the same: the time of change cannot be set back. `notes`
    is a file that remembers those of large files by the same marks, for the commands that follow.
    """
    found = path.stat()
    if time.time() - found.st_ctime <= RESTED:
        return _read(path)
    # The time of change is that of creation on Windows: a command that follows reads there again.
    if notes is None or found.st_size < LARGE or os.name == "nt":
        return _rested(path, *_stamp(found))
    return _noted(path, notes, *_stamp(found))


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev


def _read(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=10_000)
def _rested(path: Path, *stamp: int) -> str:
    return _read(path)


@lru_cache(maxsize=10_000)
def _noted(path: Path, notes: Path, *stamp: int) -> str:
    known = _known(notes).get(str(path), [])
    if known[:-1] == list(stamp):
        return known[-1]
    digest = _read(path)
    if _stamp(path.stat()) == stamp:
        _note(notes, path, [*stamp, digest])
    return digest


def _known(notes: Path) -> dict[str, list]:
    """What was noted; nothing where that cannot be read: the files are, then."""
    with suppress(OSError, ValueError):
        known = json.loads(notes.read_text(encoding="utf-8"))
        if isinstance(known, dict) and all(isinstance(v, list) for v in known.values()):
            return known
    return {}


def _note(notes: Path, path: Path, entry: list) -> None:
    """Of two commands at once, one may forget what the other noted: that file is read once more."""
    known = {name: noted for name, noted in _known(notes).items() if os.path.isfile(name)}
    draft = notes.with_name(f".{notes.name}-{os.getpid()}")
    with suppress(OSError):  # a disk that is full or locked costs time, nothing else
        notes.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(known | {str(path): entry}, indent=1) + "\n", encoding="utf-8")
        os.replace(draft, notes)


def together(digests: Iterable[str]) -> str:
    """One sha256 in the place of several: of these, sorted, one per line. It does not tell how many they were."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
