"""Warm kernels and cold ones, side by side: the same bytes, and what a kernel's start costs.

`python bench/pairs.py [N]`: N reports of the example's year, drawn at random, each made with a warm and with a cold kernel, all in
random order.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

import page

from veille.build import many, report, warm
from veille.project import Project

YEAR, SEED = "2017", 26
WAYS = ("warm", "cold")


def bytes_of(folder: Path) -> dict[str, str]:
    """sha256 of every file of a report."""
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


def main(count: int) -> None:
    """Make them, print, and write the section of the page."""
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as name:
        root = Path(name)
        for folder in ("notebooks", "params", "requirements"):
            shutil.copytree(page.ROOT / folder, root / folder)
        asked = many.plan(Project(root), YEAR, whole_year=True, audience="both", nature="example", again=True).plans
        rng = random.Random(SEED)
        drawn = rng.choices([p for p in asked if not p.product.frames], k=count)
        turns = [(n, way) for n in range(count) for way in WAYS]
        rng.shuffle(turns)
        made: dict[tuple[int, str], dict[str, str]] = {}
        spent: dict[str, list[float]] = {way: [] for way in WAYS}
        with warm.kept():
            report.build(drawn[0])  # the server starts
            for n, way in turns:
                warm._is_kept = way == "warm"
                start = time.perf_counter()
                made[n, way] = bytes_of(report.build(drawn[n]).folder)
                spent[way].append(time.perf_counter() - start)
    different = [drawn[n] for n in range(count) if made[n, "warm"] != made[n, "cold"]]
    page.write(
        "pairs",
        [
            f"Commit {page.commit()}. {count} rapports de {YEAR} tirés au sort, chacun fait avec un noyau chaud et avec un noyau froid, dans un ordre tiré au sort : {len(different)} aux octets différents. Un rapport : {page.spread(spent['warm'])} à chaud, {page.spread(spent['cold'])} à froid, {page.ratio(spent['warm'], spent['cold'])}.",
        ],
    )
    if different:
        sys.exit(
            f"Octets différents : {', '.join(sorted({f'{p.product.name} {p.area.code} {p.period}' for p in different}))}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
