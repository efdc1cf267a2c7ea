"""Reports made on a Dask cluster are those of this machine; whoever is lost on the way costs time, never a report."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import projects
import pytest
from processes import alive, below, until
from python_calamine import CalamineWorkbook

from veille.build import cluster, many, remote, stage
from veille.errors import BadParameter, BuildFailed
from veille.project import PACKAGE, Project

pytest.importorskip("distributed")
pytestmark = pytest.mark.full  # each starts several processes

PATH = os.environ.get("PYTHONPATH", "")


class Grid:
    """A scheduler and workers, each a process of its own, as a person starts them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: dict[subprocess.Popen, Path] = {}
        found = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--scheduler-file", str(found))
        until(lambda: found.is_file() and found.read_text(encoding="utf-8").strip().endswith("}"), 60)
        self.address = json.loads(found.read_text(encoding="utf-8"))["address"]

    def _start(self, role: str, *arguments: str, **changes: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{role}", "--host", "127.0.0.1", "--no-dashboard"]
        with open(self._log(role), "wb") as log:
            return subprocess.Popen(
                [*command, *arguments],
                cwd=self.folder,
                env=projects.environment(PYTHONPATH=PATH) | changes,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _log(self, role: str) -> Path:
        return self.folder / f"{role}-{len(self.workers)}.log"

    def work(self, **changes: str) -> subprocess.Popen:
        """One worker more, and the folder where it may write."""
        local = self.folder / f"worker-{len(self.workers)}"
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(local))
        log = self._log("worker")
        worker = self._start("worker", self.address, *options, **changes)
        until(lambda: b"Registered to" in log.read_bytes(), 60)
        self.workers[worker] = local
        return worker

    def end(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@contextmanager
def started(folder: Path) -> Iterator[Grid]:
    folder.mkdir()
    grid = Grid(folder)
    try:
        yield grid
    finally:
        grid.end()


@pytest.fixture
def grid(tmp_path) -> Iterator[Grid]:
    """A scheduler without workers."""
    with started(tmp_path / "grappe") as grid:
        yield grid


def whole(project: Path) -> dict[str, dict[str, str]]:
    """Every finished report, and its bytes."""
    root = project / "reports"
    return {p.parent.relative_to(root).as_posix(): projects.sealed(p.parent) for p in root.rglob("manifest.json")}


def bulletins(project: Path) -> list[stage.Plan]:
    """Five real bulletins."""
    return list(many.plan(Project(project), "2016-10", nature="real", again=True).plans)


def children(worker: subprocess.Popen) -> list[int]:
    return below(worker.pid)


# ---- what comes back, and what was sent ---------------------------------------------------------------------------


def test_the_same_bytes_come_back_and_no_row_went_out(example_project, shared, report, grid):
    for name in ("bulletin", "gbvims", "followup"):
        shutil.copytree(shared / "params" / "texts" / name, example_project / "params" / "texts" / name)
    asked = [("gao", "2016-10", "bulletin"), ("gao", "2017-06", "bulletin"), ("mali", "2017-Q2", "gbvims"), ("mali", "2017-06", "followup")]  # fmt: skip
    plans = [stage.plan(Project(example_project), p, a, w) for a, w, p in asked]
    for _ in range(2):
        grid.work()
    seen: list[str] = []

    def watch(running: list[stage.Plan], left: int) -> None:
        seen.extend(p.product.name for p in running)

    outcomes = cluster.run(plans, grid.address, watch=watch)
    assert [(o.plan, o.problem) for o in outcomes] == [(p, "") for p in plans]
    made = {p.stem: projects.sealed(p.target) for p in plans}
    assert made == {plan.stem: projects.sealed(report(*one)) for plan, one in zip(plans, asked, strict=True)}
    assert seen[-1] == "followup", "those about a frame come last: they cite the others"
    assert not list((example_project / ".veille").glob("draft-*"))
    # On the workers' disks there are the staged folders' files, by their hash, and nothing else.
    staged = set()
    for number, plan in enumerate(plans):
        stage.fill(plan, grid.folder / f"stage-{number}")
        staged |= set(projects.sealed(grid.folder / f"stage-{number}").values())
        staged |= set(projects.sealed(example_project / "notebooks").values())
    received = max((example_project / "data" / "example" / "kobo_incidents").rglob("*.xlsx"))
    cells = CalamineWorkbook.from_path(str(received)).get_sheet_by_index(0).to_python()
    rows = {str(cell).encode() for row in cells[1:] for cell in row if len(str(cell)) > 30}
    assert rows
    for local in grid.workers.values():
        (files,) = local.rglob("veille/files")
        assert {p.name for p in files.iterdir()} == set(projects.sealed(files).values()) <= staged
        others = {p for p in local.rglob("*") if p.is_file() and files not in p.parents}
        assert {p.parent.name for p in others if "veille" in p.parts} <= {"matplotlib"}
        contents = b"\n".join(p.read_bytes() for p in local.rglob("*") if p.is_file())
        assert [row for row in rows if row in contents] == []


def test_a_file_is_sent_once(project, grid, monkeypatch):
    grid.work()
    sent: list[int] = []
    ask = cluster._Crew.ask

    def weighed(self, address: str, request: object, files: list[bytes], *rest, **options):
        sent.append(sum(map(len, files)))
        return ask(self, address, request, files, *rest, **options)

    monkeypatch.setattr(cluster._Crew, "ask", weighed)
    first, second = cluster.run(bulletins(project)[:2], grid.address)
    assert first.problem == second.problem == ""
    assert sent[0] == 0 and sent[2] < sent[1] / 5
    cluster.run(bulletins(project)[:1], grid.address)
    assert sent[3:] == [0, 0], "nor by the next command"


def test_a_file_that_is_not_what_it_was_is_sent_again_and_an_old_one_goes(tmp_path):
    store = remote._Store(tmp_path / "files")
    store.add([b"one", b"two", b"three"])
    one, two, three = map(remote.digest, (b"one", b"two", b"three"))
    (tmp_path / "files" / two).write_bytes(b"2")
    os.utime(tmp_path / "files" / three, (0, 0))
    store.forget()
    assert [store.get(name) for name in (one, two, three)] == [b"one", None, None]
    assert store.names() == {one, two}


def test_a_plan_that_travels_names_no_file_received_and_no_folder(example_project):
    plan = stage.plan(Project(example_project), "bulletin", "gao", "2017-06")
    sent = pickle.dumps(stage.without_data(plan)).decode("latin-1")
    names = {file.path.name for snapshot in plan.version.snapshots for file in snapshot.files}
    assert names and [name for name in (*names, str(example_project), "snapshots.Snapshot") if name in sent] == []


# ---- versions first -----------------------------------------------------------------------------------------------


def _other_code(folder: Path) -> str:
    shutil.copytree(PACKAGE, folder / "veille", ignore=shutil.ignore_patterns("__pycache__"))
    with open(folder / "veille" / "periods.py", "a", encoding="utf-8") as file:
        file.write("# another day\n")
    return "programme veille"


def _other_package(folder: Path) -> str:
    papers = folder / "papermill-1.0.dist-info"
    papers.mkdir(parents=True)
    (papers / "METADATA").write_text("Metadata-Version: 2.1\nName: papermill\nVersion: 1.0\n", encoding="utf-8")
    return "papermill 1.0 au lieu de"


def _nothing(folder: Path) -> str:
    (folder / "veille").mkdir(parents=True)
    (folder / "veille" / "__init__.py").write_text("", encoding="utf-8")
    return "veille n’y est pas installé"


@pytest.mark.parametrize("other", [_other_code, _other_package, _nothing])
def test_a_worker_with_other_versions_is_named_before_anything_is_sent(project, grid, tmp_path, other):
    words = other(tmp_path / "autre")
    grid.work()
    wrong = grid.work(PYTHONPATH=os.pathsep.join(filter(None, [str(tmp_path / "autre"), PATH])))
    with pytest.raises(BuildFailed, match="ne sont pas installés comme cette machine") as refused:
        cluster.run(bulletins(project), grid.address)
    assert words in refused.value.message and refused.value.message.count("tcp://") == 1
    assert not whole(project) and not [p for local in grid.workers.values() for p in local.rglob("veille/files/*")]
    assert wrong.poll() is None


# ---- faults -------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_while_it_works_costs_no_report(project, real, grid):
    workers = [grid.work(), grid.work()]
    gone: list[int] = []

    def watch(running: list[stage.Plan], left: int) -> None:
        if not gone and len(running) == 2 and left <= 4:
            gone.extend([workers[0].pid, *children(workers[0])])
            workers[0].kill()

    outcomes = cluster.run(bulletins(project), grid.address, watch=watch)
    assert len(gone) >= 2, "the worker, its child, and mostly the server of kernels"
    assert [o.problem for o in outcomes] == [""] * 5
    made = whole(project)
    assert len(made) == 5 and made["bulletin/gao/2016-10"] == projects.sealed(real)
    workers[0].wait()
    until(lambda: not any(alive(pid) for pid in gone), 20)
    assert not list((project / ".veille").glob("draft-*"))


def test_a_report_that_stops_its_workers_is_given_up_and_named(project, grid):
    worker = grid.work()

    def watch(running: list[stage.Plan], left: int) -> None:
        for pid in children(worker) if running else ():
            os.kill(pid, signal.SIGKILL)

    (outcome,) = cluster.run(bulletins(project)[:1], grid.address, watch=watch)
    assert outcome.problem.startswith("Ce rapport a arrêté 3 workers, le dernier à l’adresse tcp://127.0.0.1:")
    assert not whole(project)


def test_a_report_that_takes_too_long_is_ended_and_named(project, grid):
    worker = grid.work()
    late, other = cluster.run(bulletins(project)[:2], grid.address, limit=0.2)
    assert late.problem.startswith("Délai dépassé") and other.problem.startswith("Délai dépassé")
    assert not whole(project) and worker.poll() is None
    again = cluster.run(bulletins(project)[:2], grid.address)
    assert [o.problem for o in again] == ["", ""], "the worker works on"


def test_a_scheduler_that_vanishes_leaves_whole_reports_and_the_next_run_repairs(project, real, grid):
    grid.work()
    running = projects.start(project, "all", "2016-10", "--nature", "real", "--scheduler", grid.address)
    try:
        until(lambda: whole(project), 90)
        grid.scheduler.kill()
        done = projects.finish(running)
    finally:
        running.kill()
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "rapport(s) sur 5 n’ont pas été faits ; les autres sont entiers" in done.stderr
    assert "La liaison avec le scheduler est perdue" in done.stdout
    made = whole(project)
    assert 1 <= len(made) < 5 and all(len(sealed) == 6 for sealed in made.values())
    assert not list((project / ".veille").glob("draft-*"))
    again = projects.veille(project, "all", "2016-10", "--nature", "real")
    assert again.returncode == 0, again.stderr
    assert len(whole(project)) == 5 and whole(project)["bulletin/gao/2016-10"] == projects.sealed(real)


def test_a_scheduler_that_does_not_answer_any_more_is_given_up(project, grid, monkeypatch):
    monkeypatch.setattr(cluster, "CONNECT", 1)
    monkeypatch.setattr(cluster, "ALONE", 3)
    grid.work()

    def watch(running: list[stage.Plan], left: int) -> None:
        if left == 4:
            grid.scheduler.send_signal(signal.SIGSTOP)

    outcomes = cluster.run(bulletins(project), grid.address, watch=watch)
    assert [bool(o.problem) for o in outcomes] == [False, True, True, True, True]
    assert {o.problem for o in outcomes[1:]} == {cluster.LOST} and len(whole(project)) == 1


def test_a_worker_that_joins_with_other_versions_is_left_out_and_said(project, grid, tmp_path):
    grid.work()
    _other_package(tmp_path / "autre")
    late: list[subprocess.Popen] = []

    def watch(running: list[stage.Plan], left: int) -> None:
        if not late:
            late.append(grid.work(PYTHONPATH=os.pathsep.join(filter(None, [str(tmp_path / "autre"), PATH]))))

    said: list[str] = []
    outcomes = cluster.run(bulletins(project), grid.address, watch=watch, say=said.append)
    assert [o.problem for o in outcomes] == [""] * 5
    assert len(said) == 1 and "laissés de côté" in said[0] and "papermill 1.0" in said[0]


def test_a_failing_report_does_not_stop_the_others(project, grid):
    grid.work()
    notebook = project / "notebooks" / "bulletin.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"][2]["source"] = ["[][1]"]
    bad, good = bulletins(project)[:2]
    shutil.copytree(project / "notebooks", project / "autres")
    notebook.write_text(json.dumps(content), encoding="utf-8")
    (failed,) = cluster.run([bad], grid.address)
    assert failed.problem.startswith("bulletin.ipynb, cellule 3 : IndexError") and not bad.target.exists()
    shutil.copy(project / "autres" / "bulletin.ipynb", notebook)
    (made,) = cluster.run([good], grid.address)
    assert made.problem == "" and (good.target / "manifest.json").is_file()


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [
        pytest.param("10.0.0.5:8786", BadParameter, "Adresse du scheduler impossible", id="no-scheme"),
        pytest.param("tcp://", BadParameter, "Adresse du scheduler impossible", id="no-host"),
        pytest.param("tcp://127.0.0.1:9", BuildFailed, "Le scheduler ne répond pas", id="nobody-there"),
    ],
)
def test_an_address_where_no_scheduler_is(project, address, kind, words):
    with pytest.raises(kind, match=words):
        cluster.run(bulletins(project), address)


def test_a_scheduler_without_workers(project, grid):
    with pytest.raises(BuildFailed, match="aucun worker"):
        cluster.run(bulletins(project), grid.address)


def test_without_dask_the_command_says_how_to_install_it(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = projects.here(project, "all", "2016-10", "--nature", "real", "--scheduler", "tcp://127.0.0.1:8786")
    assert done.returncode == 1 and "--require-hashes -r requirements/cluster.txt" in done.stderr


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("tcp://127.0.0.1:8786", False),
        ("tcp://[::1]:8786", False),
        ("tcp://localhost:8786", False),
        ("tls://10.0.0.5:8786", False),
        ("tcp://10.0.0.5:8786", True),
        ("tcp://grappe.example.org:8786", True),
    ],
)
def test_an_open_link_is_told(address, is_open):
    assert cluster._is_open(address) is is_open
