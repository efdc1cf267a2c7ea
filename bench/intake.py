"""Receiving: how long veille takes to receive and harmonise a KoBo export, beside what DuckDB needs to read it as text.

Each measure runs in a process of its own, in turn with the other, so that both meet the same machine; the ratio is that of
the medians. `python bench/intake.py [REPETITIONS]`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import page

ROOT = page.ROOT
SIZES = (10_000, 100_000, 1_000_000)

_COUNT = """
import duckdb, json, resource, sys, time
start = time.perf_counter()
con = duckdb.connect()
con.execute('SET enable_progress_bar = false')
con.execute("SELECT \\"lieu/cercle\\", \\"incident/type_incident\\", count(*) FROM read_csv(?, all_varchar = true, delim = ';') GROUP BY ALL", [sys.argv[1]]).fetchall()
print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
_TABLE = """
import duckdb, json, resource, sys, time
start = time.perf_counter()
con = duckdb.connect()
con.execute('SET enable_progress_bar = false')
con.execute("CREATE TABLE t AS FROM read_csv(?, all_varchar = true, delim = ';')", [sys.argv[1]])
con.execute("SELECT \\"lieu/cercle\\", \\"incident/type_incident\\", count(*) FROM t GROUP BY ALL").fetchall()
print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
_RECEIVE = """
import json, resource, sys, time, shutil
from datetime import date
from pathlib import Path
from veille.project import Project
from veille.sources import receive
from veille.tables import build
project = Project(Path(sys.argv[2]))
start = time.perf_counter()
got = receive.receive([Path(sys.argv[1])], sys.argv[3], date(2024, 1, 5), project, producer='Mesure', edition=sys.argv[4])
spent = time.perf_counter() - start
print(json.dumps([spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, got.balance.read, got.balance.kept]))
"""


def run(script: str, *arguments: str) -> list[float]:
    """The line of JSON that a measuring process prints."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def new_project(folder: Path) -> Path:
    """An empty installation."""
    (folder / "notebooks").mkdir(parents=True)
    (folder / "params").mkdir()
    for name in ("places.yml", "disclosure.yml"):
        (folder / "params" / name).write_bytes((ROOT / "params" / name).read_bytes())
    return folder


def main(times: int) -> None:
    """Measure, print, and write the section of the page."""
    rows_ = []
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as work:
        folder = Path(work)
        for rows in SIZES:
            path = folder / f"kobo-{rows}.csv"
            subprocess.run([sys.executable, "bench/kobo.py", str(path), str(rows)], check=True, cwd=ROOT)
            counts, tables, ours, memory = [], [], [], []
            for turn in range(times):
                counts.append(run(_COUNT, str(path))[0])
                tables.append(run(_TABLE, str(path))[0])
                project = new_project(folder / f"p{rows}-{turn}")
                got = run(_RECEIVE, str(path), str(project), "kobo_incidents", "")
                ours.append(got[0])
                memory.append(got[1])
                shutil.rmtree(project)
            size = f"{page.number(rows)} ({path.stat().st_size / 2**20:.0f} Mio)"
            told = [page.spread(v) for v in (ours, counts, tables)]
            rows_.append([size, *told, page.ratio(ours, counts), page.ratio(ours, tables), f"{max(memory):.0f} Mio"])
            path.unlink()
        matrix = ROOT.parent / "shared" / "data" / "presence" / "mali_5w_dec2023_protection_hxl.csv"
        real = ""
        if matrix.is_file():
            spent = [
                run(_RECEIVE, str(matrix), str(new_project(folder / f"w{n}")), "fivew", "cod2021")[0]
                for n in range(times)
            ]
            real = f"La matrice 5W du Mali de décembre 2023, 5 760 lignes : {page.spread(spent)}."
    page.write(
        "intake",
        [
            f"Commit {page.commit()}, {page.machine()}. {times} répétitions en alternance.",
            "",
            *page.table(
                ["lignes d’un export KoBo", "veille : recevoir, contrôler, harmoniser, déposer", "DuckDB : lire comme texte et compter", "DuckDB : charger tout le texte, puis compter", "rapport au premier", "rapport au second", "mémoire de veille"],
                rows_,
            ),
            *(["", real] if real else []),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
