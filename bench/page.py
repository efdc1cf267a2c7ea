"""What was measured, in `docs/benchmarks.md`: one section per bench, between two marks that each bench rewrites."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"


def machine() -> str:
    """What the measures were made on, in one line."""
    cpu = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) // 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return f"{platform.system()} {platform.machine()}, {cpu or 'processeur inconnu'}, {os.cpu_count()} cœurs, {memory} Gio, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def commit() -> str:
    """The commit that was measured."""
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "inconnu"


def decimal(value: float) -> str:
    """« 2,31 »."""
    return format(value, ".2f").replace(".", ",")


def number(value: int) -> str:
    """« 10 000 »."""
    return f"{value:,}".replace(",", " ")


def spread(values: Sequence[float], unit: str = "s") -> str:
    """« 2,31 s (2,20 à 2,45) »: the median, and the least and the most."""
    middle, least, most = map(decimal, (statistics.median(values), min(values), max(values)))
    return f"{middle} {unit} ({least} à {most})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """« 0,45 × »: of the medians."""
    return f"{decimal(statistics.median(ours) / statistics.median(theirs))} ×"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table."""
    return [f"| {' | '.join(head)} |", f"|{'|'.join('---' for _ in head)}|", *(f"| {' | '.join(r)} |" for r in rows)]


def write(section: str, lines: Sequence[str]) -> None:
    """Print lines, and put them in the place of those of the same section."""
    text = "\n".join(lines)
    print(text)
    whole = PAGE.read_text(encoding="utf-8")
    marks = rf"(<!-- {section} -->\n).*?(<!-- /{section} -->)"
    assert re.search(marks, whole, re.S), f"docs/benchmarks.md has no section {section}"
    PAGE.write_text(re.sub(marks, lambda m: f"{m[1]}{text}\n{m[2]}", whole, flags=re.S), encoding="utf-8", newline="\n")
