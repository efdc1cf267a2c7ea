"""Reports: one after the other with ordinary kernels, with warm ones, and in several processes.

The same reports each time, in turns, so that all three meet the same machine; ratios are those of the medians.
`python bench/reports.py [REPETITIONS] [REPORTS]`. Wall time is that of a person who waits; CPU time is that of all processes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WAYS = {
    "alone": "une commande par rapport",
    "cold": "un processus, noyaux ordinaires",
    "warm": "un processus, noyaux préchauffés",
    "parallel": f"veille year, {os.cpu_count()} cœurs",
}


def make(way: str, project: Path, count: int) -> None:
    """Make `count` example reports in a process of its own: what is measured."""
    from veille.build import many, report, warm
    from veille.project import Project

    plans = many.plan(Project(project), "2017", whole_year=True, nature="example").plans
    plans = [p for p in plans if not p.product.frames][:: max(1, len(plans) // count)][:count]
    if way == "alone":
        for p in plans:
            command = ["build", p.product.name, p.area.code, str(p.period), "--nature", "example"]
            subprocess.run([sys.executable, "-m", "veille", *command], cwd=project, check=True, capture_output=True)
    elif way == "parallel":
        assert not any(o.problem for o in many.run(plans))
    else:
        with warm.kept() if way == "warm" else contextlib.nullcontext():
            for p in plans:
                report.build(p)


def measured(way: str, project: Path, count: int) -> tuple[float, float]:
    """Seconds of wall and of CPU, of the process and everything below it."""
    shutil.rmtree(project / "reports", ignore_errors=True)
    before, start = os.times(), time.perf_counter()
    subprocess.run([sys.executable, __file__, "--make", way, str(project), str(count)], check=True)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, cpu


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):6.2f} s ({min(values):.2f} à {max(values):.2f})"


def main(times: int, count: int) -> None:
    """Print the table of measures, per report."""
    print(f"{count} rapports d’exemple, {times} répétitions, {os.cpu_count()} cœurs ; secondes par rapport")
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as folder:
        project = Path(folder)
        for name in ("notebooks", "params", "requirements"):
            shutil.copytree(ROOT / name, project / name)
        subprocess.run(
            [sys.executable, "-m", "veille", "data", "--nature", "example"],
            cwd=project,
            check=True,
            capture_output=True,
        )
        walls: dict[str, list[float]] = {way: [] for way in WAYS}
        cpus: dict[str, list[float]] = {way: [] for way in WAYS}
        for _ in range(times):
            for way in WAYS:
                wall, cpu = measured(way, project, count)
                walls[way].append(wall / count)
                cpus[way].append(cpu / count)
    first = statistics.median(walls["alone"])
    for way, title in WAYS.items():
        ratio = first / statistics.median(walls[way])
        print(f"  {title:<34} attente {spread(walls[way])}  processeur {spread(cpus[way])}  {ratio:.1f} fois")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, int(sys.argv[2]) if len(sys.argv) > 2 else 12)
