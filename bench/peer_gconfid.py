"""Our patterns against those of G-Confid (Statistics Canada, GPL) for the same sensitive cells.

`python bench/peer_gconfid.py /path/to/python-with-gconfid`, by hand. The peer has an environment and a process of its own:
nothing of it is imported here. Sixty tables: ten unequal regions by six types, with their margins.

What G-Confid can be asked: that each sensitive cell may go up by its `Sensitivity`, no cell moving by more than its
`TotalNoise` either way. For [0, T] that is a move by the farther of the two ends; the way back then leads to the other.
Its room is said in two ways: `value`, what stands there, so that no cell falls below nothing and none more than doubles (a
move that is longer than that is cut by G-Confid itself); `wide`, T for a sensitive cell.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

# The random tables and the audit are those of the tests; they are found only once their folder is on the path.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from tables_of_sums import Table, audit, random_counts, with_margins

from veille.disclosure import pattern
from veille.disclosure.pattern import FREE, HIDDEN, Pattern

TABLES, REGIONS, TYPES = 60, 10, 6
COSTS = (("SIZE", "SIZE"), ("DIGITS", "INFORMATION"), ("SIZE", "INVERSE"))

# Run by the peer's Python: tables on stdin, for each the numbers of the hidden cells on stdout, null when it gave up.
PEER = """
import contextlib, json, logging, sys, warnings
warnings.simplefilter("ignore")
with contextlib.redirect_stdout(sys.stderr):
    import gconfid, pandas, time
    logging.disable(logging.CRITICAL)
    start, answers = time.process_time(), []
    asked = json.load(sys.stdin)
    for table in asked["tables"]:
        cells = pandas.DataFrame(table["cells"])
        sums = pandas.DataFrame(table["sums"], columns=["ConstraintId", "CellId", "Coefficient"])
        one = gconfid.Suppression(
            incell=cells, inconstraint=sums, outsuppress="pandas", constraint_scale=1, cost_function1=asked["costs"][0],
            cost_function2=asked["costs"][1], cost_var1="Weight", cost_var2="Weight",
        )
        out = one.outsuppress
        answers.append(None if out is None else [int(c) - 1 for c in out.CellId[out.OutStatus == "X"]])
print(json.dumps({"seconds": time.process_time() - start, "hidden": answers}))
"""


def tables(incidents: float) -> list[Table]:
    """Sixty months (or years) of about as many incidents."""
    mean = incidents / (REGIONS * TYPES)
    return [with_margins(random_counts(np.random.default_rng(n), (REGIONS, TYPES), mean)) for n in range(TABLES)]


def as_asked(table: Table, threshold: int, room: str) -> dict:
    """A table as G-Confid takes it; it has no way to let a zero move."""
    need = table.need(threshold)
    noise = np.where((need > 0) & (room == "wide"), threshold, table.value)
    status = np.where(need > 0, "S", np.where(table.value > 0, "V", "P"))
    farther = np.where(need > 0, np.maximum(table.value, threshold - table.value), 0)
    return {
        "cells": {
            "CellId": list(range(1, len(need) + 1)),
            "TotalNoise": np.maximum(noise, 0.001).tolist(),
            "Sensitivity": [float(x) for x in np.minimum(farther, np.maximum(noise, 0.001))],
            "Status": status.tolist(),
            "Type": ["C"] * len(need),
            "Weight": table.weight.tolist(),
        },
        "sums": [[k + 1, c + 1, s] for k, (cells, signs) in enumerate(table.sums) for c, s in zip(cells, signs, strict=True)],
    }  # fmt: skip


def extra(some: list[Table], threshold: int, hidden: list[np.ndarray]) -> int:
    """How many complementary cells."""
    return sum(int((mask & (t.need(threshold) == 0)).sum()) for t, mask in zip(some, hidden, strict=True))


def judged(some: list[Table], threshold: int, hidden: list[np.ndarray]) -> str:
    """Complementary cells, their weight (what each costs), and what our audit says."""
    weight, exact, short, sensitive = 0.0, 0, 0, 0
    for table, mask in zip(some, hidden, strict=True):
        need = table.need(threshold)
        findings = audit(table.value, table.sums, Pattern(mask), need)
        weight += float(table.weight[mask & (need == 0)].sum())
        sensitive += len(findings)
        exact += sum(f.is_exact for f in findings.values())
        short += sum(not f.is_safe for f in findings.values())
    cells = extra(some, threshold, hidden)
    return f"{cells} complementary cells (weight {weight:.0f}); of {sensitive} sensitive, {exact} exact, {short} too narrow"


def peer(python: str, some: list[Table], threshold: int, room: str, costs: tuple[str, str]) -> tuple[list, float]:
    """What G-Confid hides in each table (None: it gave up), and its seconds."""
    asked = {"tables": [as_asked(t, threshold, room) for t in some], "costs": costs}
    done = subprocess.run([python, "-c", PEER], input=json.dumps(asked), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"G-Confid: {done.stderr[-2000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    masks = [None if h is None else np.isin(np.arange(len(t.value)), h) for t, h in zip(some, answer["hidden"], strict=True)]  # fmt: skip
    return masks, answer["seconds"]


def completed(table: Table, threshold: int, hidden: np.ndarray) -> np.ndarray:
    """G-Confid's pattern, all of it kept, with what ours must add for every sensitive cell to be safe."""
    problem = table.problem(threshold)
    problem.state = np.where(hidden, HIDDEN, FREE)
    return pattern.find(problem).hidden


def main(python: str) -> None:
    """Print both, side by side."""
    for incidents, threshold in ((200, 5), (200, 10), (2400, 5)):
        some = tables(incidents)
        begun = time.process_time()
        ours = [pattern.find(t.problem(threshold)).hidden for t in some]
        print(f"{TABLES} tables of {len(some[0].value)} cells, about {incidents} incidents, threshold {threshold}")
        print(f"  ours: {judged(some, threshold, ours)}; {time.process_time() - begun:.1f} s with the audit")
        for room in ("value", "wide"):
            for costs in COSTS:
                theirs, seconds = peer(python, some, threshold, room, costs)
                kept = [k for k, mask in enumerate(theirs) if mask is not None]
                both = [some[k] for k in kept]
                patterns = {
                    "alone": [theirs[k] for k in kept],
                    "completed": [completed(some[k], threshold, theirs[k]) for k in kept],
                }
                mine = extra(both, threshold, [ours[k] for k in kept])
                print(
                    f"  gconfid, room {room}, {'+'.join(costs)}: {seconds:.1f} s; {TABLES - len(kept)} tables given up"
                )
                for what, masks in patterns.items():
                    other = extra(both, threshold, masks)
                    print(f"    {what}: {judged(both, threshold, masks)}; ours / theirs {mine}/{other} = {mine / max(1, other):.2f}")  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python bench/peer_gconfid.py /path/to/python-with-gconfid")
    main(sys.argv[1])
