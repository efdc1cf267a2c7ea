"""Which processes run, for tests that must leave none behind (Linux)."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def _status(pid: int) -> list[str]:
    """State, parent…; raises OSError when there is no such process."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be noticed does not."""
    try:
        return _status(pid)[0] != "Z"
    except OSError:
        return False


def below(pid: int) -> list[int]:
    """Every running process that descends from one."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(_status(int(folder.name))[1])
        except OSError:
            continue
    found = [child for child, parent in parents.items() if parent == pid and alive(child)]
    return found + [p for child in found for p in below(child)]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait for a condition."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not come about"
        time.sleep(0.01)
