"""Reports, beside what a user would run instead: papermill, nbconvert and WeasyPrint as commands, one process per core.

`python bench/reports.py [REPETITIONS] [REPORTS]`: everything in turns, so that all meet the same machine; ratios are those
of the medians. WeasyPrint stands apart (its libraries are the system's): named by `VEILLE_WEASYPRINT`, or on the path; where
it is missing, the others go without a PDF, which is to their advantage, and the page says so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import page

from veille.build import changes, many
from veille.build.stage import Plan
from veille.project import Project

ROOT = page.ROOT
BIN = Path(sys.executable).parent
WEASYPRINT = os.environ.get("VEILLE_WEASYPRINT") or shutil.which("weasyprint") or ""
YEAR = "2017"
CORES = os.cpu_count() or 1


def veille(project: Path, *words: str) -> subprocess.CompletedProcess:
    """A command, finished."""
    return subprocess.run(
        [sys.executable, "-m", "veille", *words], cwd=project, check=True, capture_output=True, text=True
    )


def by_commands(p: Plan, folder: Path) -> None:
    """One report as its notebook's author would make it: papermill, then HTML, then PDF."""
    stem = folder / f"{p.stem}-{p.audience}"
    asked = [word for name, value in p.parameters.items() for word in ("-p", name, value)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    notebook = p.project.notebooks / p.product.notebook
    steps = [
        [BIN / "papermill", notebook, f"{stem}.ipynb", *asked],
        [BIN / "jupyter", "nbconvert", "--to", "html", "--log-level", "ERROR", f"{stem}.ipynb"],
    ]
    if WEASYPRINT:
        steps.append([WEASYPRINT, "-q", f"{stem}.html", f"{stem}.pdf"])
    for step in steps:
        subprocess.run(step, cwd=p.project.root, env=env, check=True, capture_output=True)


def loop(plans: list[Plan]) -> None:
    """The same reports by commands, one process per core."""
    with tempfile.TemporaryDirectory(prefix="veille-loop-") as folder, ThreadPoolExecutor(CORES) as pool:
        list(pool.map(lambda p: by_commands(p, Path(folder)), plans))


def local(plans: list[Plan], jobs: int) -> None:
    """The same reports by veille, whether anything changed or not."""
    failed = [o.problem for o in many.run(plans, jobs=jobs) if o.problem]
    assert not failed, failed


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """A Dask scheduler and workers on this machine; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="veille-dask-") as folder:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
        running = [subprocess.Popen([BIN / "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--dashboard-address", "127.0.0.1:0"], **quiet)]  # fmt: skip
        time.sleep(3)
        running += [subprocess.Popen([BIN / "dask", "worker", address, "--nthreads", "1", "--dashboard-address", "127.0.0.1:0", "--local-directory", folder], **quiet) for _ in range(workers)]  # fmt: skip
        try:
            time.sleep(5)
            yield address
        finally:
            for one in reversed(running):
                one.terminate()
                one.wait()


def on_cluster(plans: list[Plan], address: str) -> None:
    """The same reports by the workers of a scheduler."""
    from veille.build import cluster as grid

    failed = [o.problem for o in grid.run(plans, address) if o.problem]
    assert not failed, failed


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def processor(work: Callable[[], object]) -> float:
    """Seconds of processor of the commands that a work starts."""
    before = os.times()
    work()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def in_turns(times: int, **works: Callable[[], object]) -> dict[str, list[float]]:
    """Seconds of each work, `times` times, one after the other in each round."""
    out: dict[str, list[float]] = {name: [] for name in works}
    for n in range(times):
        for name, work in works.items():
            out[name].append(timed(work))
            if sys.stderr.isatty():
                print(f"\r{n + 1}/{times} {name}: {out[name][-1]:.1f} s   ", end="", file=sys.stderr)
    return out


def one_more_incident(root: Path) -> str:
    """Which of ten real bulletins are made again when one more incident of Gao arrives for October 2016, in a sentence."""
    months = ("2016-08", "2016-10")
    for month in months:
        veille(root, "all", month, "--nature", "real")
    before = next((root / "data" / "raw" / "amss_incidents").iterdir())
    after = shutil.copytree(before, before.with_name("2026-12-01"))
    papers, table = after / "source.yml", after / "incidents_par_cercle_2016.csv"
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    for n, line in enumerate(lines):
        if line.startswith("2016-10"):  # 34 and 64 are of Gao, its region and the country follow
            line = line.replace(",110,", ",111,").replace(",34,64,", ",35,65,")
            lines[n] = line.replace("Gao,Bourem,03,64", "Gao,Bourem,03,65").replace(
                "Gao,Ansongo,27,64", "Gao,Ansongo,27,65"
            )
    was = hashlib.sha256(table.read_bytes()).hexdigest()
    table.write_text("".join(lines), encoding="utf-8", newline="")
    told = papers.read_text(encoding="utf-8").replace(was, hashlib.sha256(table.read_bytes()).hexdigest())
    papers.write_text(told.replace("received: '2026-11-21'", "received: '2026-12-01'"), encoding="utf-8")
    said = []
    for month in months:
        made = [line.split() for line in veille(root, "all", month, "--nature", "real").stdout.splitlines()]
        done = ", ".join(words[2] for words in made if words[:2] == ["fait", "bulletin"])
        said.append(f"de {month}, {done or 'aucun'}")
    return f"Un incident de plus dans le cercle de Gao en octobre 2016 (chiffre inventé) ; bulletins refaits : {' ; '.join(said)}."


def sizes(project: Path) -> list[list[str]]:
    """KB of the HTML and PDF of every product that was made: median and most."""
    rows = []
    for folder in sorted((project / "reports" / "exemple").iterdir()):
        told = []
        for kind in ("html", "pdf"):
            some = [p.stat().st_size / 1024 for p in folder.rglob(f"*.{kind}")]
            told += [f"{statistics.median(some):.0f}", f"{max(some):.0f}"]
        rows.append([folder.name, str(len(list(folder.rglob("manifest.json")))), *told])
    return rows


def main(times: int, count: int) -> None:
    """Measure, print, and write the section of the page."""
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as folder:
        root = Path(folder)
        for name in ("notebooks", "params", "requirements"):
            shutil.copytree(ROOT / name, root / name)
        shutil.copytree(ROOT / "data" / "raw", root / "data" / "raw", ignore=shutil.ignore_patterns("restricted"))
        veille(root, "data", "--nature", "example")
        project = Project(root)
        asked = many.plan(project, YEAR, whole_year=True, audience="both", nature="example", again=True).plans
        simple = [p for p in asked if not p.product.frames]
        some = simple[:: max(1, len(simple) // count)][:count]
        one = next(p for p in simple if (p.product.name, p.area.code, str(p.period)) == ("bulletin", "gao", "2017-06"))
        words = ("build", "bulletin", "gao", "2017-06", "--nature", "example", "--again")

        single = in_turns(times, ours=lambda: veille(root, *words), theirs=lambda: by_commands(one, root))
        year = ("year", YEAR, "--nature", "example", "--audience", "both")
        many_ = in_turns(
            times,
            ours=lambda: local(some, CORES),
            alone=lambda: local(some, 1),
            theirs=lambda: loop(some),
            year=lambda: veille(root, *year, "--again"),  # stops here if a report fails
        )
        with cluster(CORES) as address:
            on_cluster(some[:CORES], address)  # the workers import once, as those of a cluster have
            dask = in_turns(times, ours=lambda: on_cluster(some, address), local=lambda: local(some, CORES))
        again: list[float] = []
        spent = [processor(lambda: again.append(timed(lambda: veille(root, *year)))) for _ in range(times)]
        helped = [processor(lambda: veille(root, "--help")) for _ in range(times)]
        assert not any(changes.since(p) for p in asked)
        weights = sizes(root)
        shown = one_more_incident(root)

    n = len(some)
    pdf = "" if WEASYPRINT else " (sans PDF : WeasyPrint n’est pas installé)"
    per = {name: [v / (len(asked) if name == "year" else n) for v in values] for name, values in many_.items()}
    rows = [
        ["un bulletin, tous ses fichiers, commande à froid", page.spread(single["ours"]), f"papermill, nbconvert, WeasyPrint{pdf} : {page.spread(single['theirs'])}", page.ratio(single["ours"], single["theirs"]), "≤ 0,6 ×"],
        [f"{n} rapports de {YEAR}, {CORES} processus, par rapport", page.spread(per["ours"]), f"la même boucle, une commande par cœur{pdf} : {page.spread(per['theirs'])}", page.ratio(per["ours"], per["theirs"]), ""],
        [f"l’année {YEAR} entière, {len(asked)} rapports, par rapport", f"{page.spread(per['year'])} ; {statistics.median(many_['year']):.0f} s en tout", "la même boucle", page.ratio(per["year"], per["theirs"]), "≤ 0,17 × (un sixième)"],
        ["la même, rien n’a changé", f"{page.spread(again)} ; processeur : {page.spread(spent)}", "", "", "≤ 0,7 s"],
        ["veille --help, processeur", page.spread(helped), "", "", "≤ 0,3 s"],
        ["1 → 2 processus", page.spread(many_["ours"]), f"un seul : {page.spread(many_['alone'])}", page.ratio(many_["alone"], many_["ours"]), "≥ 1,7 ×"],
        [f"Dask, {CORES} workers sur cette machine", page.spread(dask["ours"]), f"sans Dask : {page.spread(dask['local'])}", page.ratio(dask["ours"], dask["local"]), "≤ 1,3 ×"],
    ]  # fmt: skip
    page.write(
        "reports",
        [
            f"Commit {page.commit()}, {page.machine()}. {times} répétitions en alternance : médiane, et entre parenthèses la plus petite et la plus grande. Données d’exemple.",
            "",
            *page.table(["mesure", "veille", "à côté", "rapport des médianes", "but"], rows),
            "",
            shown,
            "",
            f"Poids des rapports de {YEAR}, en Kio (but : bulletins, 150 en HTML et 300 en PDF) :",
            "",
            *page.table(
                ["produit", "rapports", "HTML, médiane", "HTML, au plus", "PDF, médiane", "PDF, au plus"], weights
            ),
        ],
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, int(sys.argv[2]) if len(sys.argv) > 2 else 24)
