"""Disclosure, measured: random series and tables, what an outsider and each organisation can work out, sizes and times.

`python bench/disclosure.py N` (or `make bench-disclosure N=200`): N series of twelve months, five times as many single
tables. Each seed is one line of `.veille/bench-disclosure.jsonl`; a run that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
# The random systems are those of the tests; they are found only once their folder is on the path, hence the imports below it.
sys.path.insert(0, str(ROOT / "tests"))

from tables_of_sums import Series, audit, random_counts, with_margins  # noqa: E402

from veille.disclosure import pattern  # noqa: E402
from veille.disclosure.reader import Finding  # noqa: E402

LOG = ROOT / ".veille" / "bench-disclosure.jsonl"


def told(findings: dict[int, Finding]) -> list[int]:
    """Sensitive numbers; of them recoverable exactly, and with an interval short of [0, T]."""
    return [len(findings), sum(f.is_exact for f in findings.values()), sum(not f.is_safe for f in findings.values())]


def one_series(seed: int) -> dict:
    """Twelve months with year to date, quarters and late records; every fourth with four organisations as insiders."""
    rng = np.random.default_rng(seed)
    organisations = 4 if seed % 4 == 0 else 0
    series = Series(int(rng.integers(2, 5)), int(rng.integers(2, 5)), int(rng.choice([3, 5, 10])), rng, organisations)
    mean, start = float(rng.choice([3, 8, 20])), time.perf_counter()
    longest = 0.0
    for month in range(1, 13):
        begun = time.perf_counter()
        series.month(month, mean)
        longest = max(longest, time.perf_counter() - begun)
    inside = [told(series.findings(np.array(o))) for o in series.owns]
    return {
        "outside": told(series.findings()),
        "inside": [sum(x) for x in zip(*inside, strict=True)] if inside else [0, 0, 0],
        "failed": series.failed,
        "hidden": series.hidden(),
        "alone": series.hidden_table_by_table(),
        "cells": int(sum(t.size for t in series.printable)),
        "longest": longest,
        "seconds": time.perf_counter() - start,
    }


def one_table(seed: int) -> dict:
    """One to three dimensions."""
    rng = np.random.default_rng(seed)
    dimensions = int(rng.integers(1, 4))
    shape = tuple(rng.integers(2, [30, 12, 6][dimensions - 1] + 1, size=dimensions))
    table, threshold = (
        with_margins(random_counts(rng, shape, float(rng.choice([2, 5, 20])))),
        int(rng.choice([3, 5, 10])),
    )
    start = time.perf_counter()
    problem = table.problem(threshold)
    found = pattern.find(problem)
    findings = audit(table.value, table.sums, found, problem.need)
    return {"outside": told(findings), "failed": len(found.failed), "seconds": time.perf_counter() - start}


def one_release(mean: float) -> tuple[float, int, int]:
    """1,260 cells (20 regions or totals, 6 types, 9 weeks …): protect and audit; seconds, sensitive, hidden."""
    table = with_margins(random_counts(np.random.default_rng(1), (20, 5, 9), mean))
    start = time.perf_counter()
    problem = table.problem(5)
    found = pattern.find(problem)
    findings = audit(table.value, table.sums, found, problem.need)
    assert all(f.is_safe for f in findings.values())
    return time.perf_counter() - start, len(findings), int(found.hidden.sum())


def national_year() -> tuple[float, float, int, float]:
    """Twelve months of 71 places by 14 types, totals included: seconds to protect, to audit; cells; MiB."""
    protecting = auditing = 0.0
    cells = 0
    for month in range(12):
        table = with_margins(random_counts(np.random.default_rng(month), (70, 13), 6))
        problem = table.problem(5)
        start = time.perf_counter()
        found = pattern.find(problem)
        between = time.perf_counter()
        assert all(f.is_safe for f in audit(table.value, table.sums, found, problem.need).values())
        protecting += between - start
        auditing += time.perf_counter() - between
        cells += len(table.value)
    return protecting, auditing, cells, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def printed() -> dict[tuple[str, str], dict[str, str]]:
    """Of the example's counts about people, how many each edition prints: (edition, audience) -> share and numbers."""
    from veille import versions
    from veille.disclosure import rules
    from veille.disclosure.safe import SafeTables
    from veille.indicators.registry import BY_NAME
    from veille.periods import kind_of
    from veille.project import find

    project = find(ROOT)
    versions.ensure_example(project, print)
    version = versions.current(project, "example")
    in_force = rules.load(project.params)
    out: dict[tuple[str, str], dict[str, str]] = {}
    for audience in ("cluster", "public"):
        found: dict[str, list[bool]] = {}
        for n in SafeTables.read(versions.candidate(version, audience)):
            if n.table not in BY_NAME or not in_force.of(n.table).threshold:
                continue
            where = "pays" if n.place == "mali" else "zones et régions"
            name = f"GBVIMS, {kind_of(n.period)}, {where}" if n.table.startswith("gbv") else f"bulletin, {where}"
            found.setdefault(name, []).append(n.is_shown)
        for name, some in sorted(found.items()):
            out[name, audience] = {"share": f"{100 * sum(some) / len(some):.0f} %", "of": f"{sum(some)}/{len(some)}"}
    return out


def run(kind: str, job: Callable[[int], dict], seeds: range) -> list[dict]:
    """The result of each seed; those of the log are not done again."""
    LOG.parent.mkdir(exist_ok=True)
    done = [json.loads(line) for line in LOG.read_text().splitlines()] if LOG.exists() else []
    known = {d["seed"]: d for d in done if d["kind"] == kind}
    left = [s for s in seeds if s not in known]
    with multiprocessing.Pool(os.cpu_count()) as pool, open(LOG, "a") as log:
        for seed, result in zip(left, pool.imap(job, left), strict=True):
            known[seed] = {"kind": kind, "seed": seed, **result}
            log.write(json.dumps(known[seed]) + "\n")
            log.flush()
            if sys.stderr.isatty():
                print(f"\r{kind} {seed + 1}/{len(seeds)} ", end="", file=sys.stderr)
    return [known[s] for s in seeds]


def main(number: int) -> None:
    """Print the table of measures."""
    print(f"Protection : {number} séries de 12 mois, {5 * number} tableaux, {os.cpu_count()} cœurs")
    for kind, job, seeds in (("séries", one_series, range(number)), ("tableaux", one_table, range(5 * number))):
        results = run(kind, job, seeds)
        sensitive, exact, short = (sum(r["outside"][k] for r in results) for k in range(3))
        print(
            f"{kind} : {sensitive} nombres sensibles, {exact} retrouvés exactement, {short} trop serrés, {sum(r['failed'] for r in results)} sans solution"
        )
        seconds = [r["seconds"] for r in results]
        print(f"  {statistics.median(seconds):.2f} s (médiane), {max(seconds):.2f} s au plus")
        if kind == "séries":
            some = [r for r in results if r["inside"][0]]
            sensitive, exact, short = (sum(r["inside"][k] for r in some) for k in range(3))
            print(
                f"  de l’intérieur ({len(some)} séries) : {sensitive} nombres, {exact} retrouvés, {short} trop serrés"
            )
            ours, alone = sum(r["hidden"] for r in results), sum(r["alone"] for r in results)
            print(
                f"  cases masquées : {ours} sur {sum(r['cells'] for r in results)} ; {ours / alone:.2f} fois ce que masque la méthode tableau par tableau, qui fuit"
            )
            print(f"  un mois : {max(r['longest'] for r in results):.1f} s au plus")
    for mean in (40.0, 10.0, 3.0):
        seconds, sensitive, hidden = one_release(mean)
        print(f"1 260 cases, {sensitive} sensibles, {hidden} masquées : {seconds:.1f} s, protection et audit")
    for (name, audience), share in printed().items():
        print(f"imprimé, {name}, {audience} : {share['share']} ({share['of']})")
    protecting, auditing, cells, memory = national_year()
    print(
        f"{cells} cases d’une année : protection {protecting:.1f} s, audit {auditing:.1f} s, {memory:.0f} Mio au plus"
    )


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("VEILLE_BENCH_N", "200")
    if not (asked.isascii() and asked.isdecimal() and int(asked)):
        sys.exit("N : un nombre de séries, par exemple make bench-disclosure N=200.")
    main(int(asked))
