"""sha256 of files and of several files together."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

RESTED = 5  # seconds: the clock of a disk counts in ticks, and a file may change twice in one


def sha256(path: Path) -> str:
    """Of the bytes of a file. One that has rested for a while is read once in a process.

    Its size, both its times and its number on the disk must be the same: the time of change cannot be set back.
    """
    found = path.stat()
    if time.time() - found.st_ctime > RESTED:
        return _rested(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    return _read(path)


def _read(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=10_000)
def _rested(path: Path, *stamp: int) -> str:
    return _read(path)


def together(digests: Iterable[str]) -> str:
    """One sha256 in the place of several: of these, sorted, one per line. It does not tell how many they were."""
    return hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()
