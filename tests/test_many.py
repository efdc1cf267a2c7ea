"""Many reports at once are the reports that one command each would make; one that fails harms no other."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import projects
import pytest
from processes import alive, below, until

from veille.build import board, many, stage, variables
from veille.errors import BadParameter, UnknownName
from veille.products import PRODUCTS
from veille.project import Project

pytestmark = pytest.mark.full  # each starts several processes

AREAS = ["gao", "mopti", "tombouctou", "kidal", "mali"]


def named(plans) -> list[tuple[str, str, str, str]]:
    return [(p.product.name, p.area.code, str(p.period), p.version.nature) for p in plans]


def whole(project: Path) -> dict[str, dict[str, str]]:
    """Every finished report, and its bytes."""
    root = project / "reports"
    return {p.parent.relative_to(root).as_posix(): projects.sealed(p.parent) for p in root.rglob("manifest.json")}


# ---- what is due --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "due"),
    [
        pytest.param(
            "2016-10",
            [*(("bulletin", area, "2016-10", "real") for area in AREAS), ("gbvims", "mali", "2016-10", "example")],
            id="real-where-it-is-received",
        ),
        pytest.param(
            "2017-06",
            [
                *(("bulletin", area, "2017-06", "example") for area in AREAS),
                ("gbvims", "mali", "2017-06", "example"),
                ("followup", "mali", "2017-06", "example"),
            ],
            id="a-month-that-ends-two",
        ),
        pytest.param(
            "2017-05",
            [*(("bulletin", area, "2017-05", "example") for area in AREAS), ("gbvims", "mali", "2017-05", "example")],
            id="a-month-in-between",
        ),
        pytest.param(
            "2017-Q2",
            [("gbvims", area, "2017-Q2", "example") for area in AREAS if area != "kidal"],
            id="a-quarter",
        ),
        pytest.param(
            "2017",
            [
                *(("gbvims", area, "2017", "example") for area in AREAS if area != "kidal"),
                ("evaluation", "mali", "2017", "example"),
            ],
            id="a-year-alone",
        ),
    ],
)
def test_what_is_due_for_a_period(example_project, period, due):
    assert named(many.plan(Project(example_project), period).plans) == due


def test_a_year_holds_its_months_quarters_and_itself(example_project):
    project = Project(example_project)
    year = named(many.plan(project, "2017", whole_year=True).plans)
    parts = [str(p) for kind in ("month", "quarter", "year") for p in many._of_year(2017, kind)]
    one_by_one = [one for part in parts for one in _or_nothing(project, part)]
    assert sorted(year) == sorted(one_by_one) and len(year) > 80


def _or_nothing(project: Project, period: str) -> list[tuple[str, str, str, str]]:
    try:
        return named(many.plan(project, period).plans)
    except BadParameter:
        return []


def test_each_plan_is_the_one_that_the_single_command_would_make(example_project):
    project = Project(example_project)
    for period in ("2016-10", "2017-06", "2017"):
        for made in many.plan(project, period).plans:
            assert made == stage.plan(project, made.product.name, made.area.code, period)


def test_what_is_left_out_is_said(example_project):
    skipped = many.plan(Project(example_project), "2017-Q2").skipped
    assert {(s.product.name, s.area, s.why) for s in skipped} == {("gbvims", "kidal", "aucune donnée")}


def test_both_audiences_are_asked_for_in_one_word(example_project):
    plans = many.plan(Project(example_project), "2017-Q2", audience="both").plans
    assert [p.audience for p in plans] == ["cluster"] * 4 + ["public"] * 4
    assert len({p.target for p in plans}) == 8


@pytest.mark.parametrize(
    ("asked", "refusal", "words"),
    [
        pytest.param({"asked": "2031-01"}, BadParameter, "Aucun rapport à faire pour janvier 2031", id="nothing"),
        pytest.param({"asked": "2017-13"}, BadParameter, "Période impossible", id="period"),
        pytest.param({"asked": "2017-06", "whole_year": True}, BadParameter, "2017-06", id="not-a-year"),
        pytest.param({"asked": "2017-06", "audience": "tous"}, UnknownName, "Diffusion inconnue", id="audience"),
        pytest.param({"asked": "2017-06", "nature": "vrai"}, UnknownName, "Nature", id="nature"),
        pytest.param({"asked": "2017-06", "as_of": "hier"}, BadParameter, "Date AS_OF", id="day"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(example_project, asked, refusal, words):
    with pytest.raises(refusal, match=words):
        many.plan(Project(example_project), **asked)


def test_every_product_can_say_what_is_due(example_project):
    assert {p.product.name for p in many.plan(Project(example_project), "2017", whole_year=True).plans} == set(PRODUCTS)


# ---- making them --------------------------------------------------------------------------------------------------


def test_a_failing_report_among_good_ones(project, real):
    """Five real bulletins, byte for byte those of the single command, and one notebook that fails."""
    broken = project / "notebooks" / "gbvims.ipynb"
    content = json.loads(broken.read_text(encoding="utf-8"))
    content["cells"][2]["source"] = ["[][1]"]
    broken.write_text(json.dumps(content), encoding="utf-8")
    done = projects.veille(project, "all", "2016-10", "--jobs", "2")
    assert done.returncode == 1
    assert "1 rapport(s) sur 6 n’ont pas été faits" in done.stderr and "Traceback" not in done.stderr
    failed = [line for line in done.stdout.splitlines() if line.startswith("échoué")]
    assert len(failed) == 1 and "gbvims" in failed[0] and "2016-10 : gbvims.ipynb, cellule 3 : IndexError" in failed[0]
    made = whole(project)
    assert sorted(made) == sorted(f"bulletin/{area}/2016-10" for area in AREAS)
    assert made["bulletin/gao/2016-10"] == projects.sealed(real)
    assert "Faits : 5 ; à jour : 0 ; laissés de côté : 0 ; échoués : 1." in done.stdout
    assert not list((project / ".veille").glob("draft-*"))


@pytest.mark.full
def test_in_parallel_and_one_by_one_give_the_same_bytes(example_project, shared, report):
    """One by one are the reports that other tests read too, each made by a command of its own."""
    shutil.copytree(shared / "params" / "texts", example_project / "params" / "texts", dirs_exist_ok=True)
    done = projects.veille(example_project, "all", "2017-06")
    assert done.returncode == 0, done.stderr
    together = whole(example_project)
    asked = {("bulletin", area) for area in AREAS} | {("gbvims", "mali"), ("followup", "mali")}
    assert {f"exemple/{product}/{area}/2017-06" for product, area in asked} <= set(together)
    for name, made in together.items():  # those that the follow-up cites too
        _, product, area, period = name.split("/")
        assert made == projects.sealed(report(area, period, product)), name


@pytest.mark.full
def test_two_runs_at_once_do_not_harm_each_other(project, real):
    running = [projects.start(project, "all", "2016-10", "--nature", "real", "--jobs", "2") for _ in range(2)]
    done = [projects.finish(r) for r in running]
    assert [d.returncode for d in done] == [0, 0], "\n".join(d.stderr for d in done)
    assert whole(project)["bulletin/gao/2016-10"] == projects.sealed(real) and len(whole(project)) == 5
    assert not list((project / ".veille").glob("draft-*"))


@pytest.fixture
def two(project) -> list[stage.Plan]:
    """Two plans of real bulletins."""
    return list(many.plan(Project(project), "2016-10", nature="real").plans[:2])


def test_a_report_that_takes_too_long_is_ended_and_named(two):
    (outcome,) = many.run(two[:1], limit=0.2)
    assert outcome.problem.startswith("Délai dépassé") and outcome.plan == two[0]
    assert not two[0].target.exists()
    until(lambda: not multiprocessing.active_children(), 5)


def test_a_worker_that_dies_costs_its_report_only(two):
    killed: list[int] = []

    def watch(running: list[stage.Plan], left: int) -> None:
        if not killed:
            (worker,) = multiprocessing.active_children()
            killed.append(worker.pid)
            worker.kill()

    first, second = many.run(two, jobs=1, watch=watch)
    assert "Le processus s’est arrêté" in first.problem and not two[0].target.exists()
    assert second.problem == "" and (two[1].target / "manifest.json").is_file()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are read from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.full)])
def test_interrupted_it_leaves_whole_reports_and_no_process(project, real, number):
    running = subprocess.Popen(
        [sys.executable, "-m", "veille", "all", "2016-10", "--nature", "real", "--jobs", "2"],
        cwd=project,
        env=projects.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A terminal gives Ctrl-C to the whole group; a test runner may ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        start_new_session=True,
    )
    try:
        until(lambda: whole(project), 60)
        started = below(running.pid)
        if number == signal.SIGINT:
            os.killpg(running.pid, number)
        else:
            running.kill()
        _, said = running.communicate(timeout=30)
    finally:
        running.kill()
    assert len(started) >= 4, "two workers and their servers"
    until(lambda: not any(alive(pid) for pid in started), 10)
    made = whole(project)
    assert 1 <= len(made) < 5
    for name, sealed in made.items():
        assert len(sealed) == 6, name
    assert made.get("bulletin/gao/2016-10", projects.sealed(real)) == projects.sealed(real)
    if number == signal.SIGINT:
        assert running.returncode == 130 and "Traceback" not in said
        assert "Interrompu : les rapports finis restent" in said and "Relancez la même commande" in said
        assert not list((project / ".veille").glob("draft-*"))


# ---- what a person sees -------------------------------------------------------------------------------------------


def test_the_table_says_what_was_made_left_out_and_why_it_failed(example_project):
    asked = many.plan(Project(example_project), "2017", whole_year=True)
    outcomes = [
        many.Outcome(p, "bulletin.ipynb, cellule 5 : IndexError." if named([p])[0][:3] == ("bulletin", "gao", "2017-03") else "")
        for p in asked.plans
    ]  # fmt: skip
    lines = [" ".join(line.split()) for line in board.table(asked, outcomes)]
    assert "fait bulletin gao cluster exemple 2017-01 à 2017-02, 2017-04 à 2017-12" in lines
    assert "fait gbvims mali cluster exemple 2017-01 à 2017-12, 2017-Q1 à 2017-Q4, 2017" in lines
    assert "laissé bulletin kidal cluster 2017-02 à 2017-03, 2017-08 : aucune donnée" in lines
    assert lines[-1] == "échoué bulletin gao cluster exemple 2017-03 : bulletin.ipynb, cellule 5 : IndexError."
    assert board.count(asked, outcomes, 100).endswith("échoués : 1. En 1 min 40 s.")


def test_the_bar_says_what_runs_and_what_is_left_and_only_on_a_terminal(two, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for screen, words in ((Terminal(), "bulletin mopti 2016-10"), (io.StringIO(), "")):
        monkeypatch.setattr(sys, "stderr", screen)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")
        with board.bar(2) as watch:
            watch(two, 1)
        assert words in screen.getvalue() and ("1/2" in screen.getvalue()) is bool(words)


def test_a_worker_takes_one_core(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with variables.set_to(many.ONE_THREAD):
        assert {os.environ[name] for name in many.ONE_THREAD} == {"1"}
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_what_only_some_systems_have_is_not_needed_to_start():
    """Windows has no fork, no SIGKILL, no sessions: everything is imported without them."""
    code = """
import os, signal, time
for module, names in ((os, ["fork", "setsid", "killpg", "sched_getaffinity", "getsid"]), (signal, ["SIGKILL"]), (time, ["tzset"])):
    for name in names:
        delattr(module, name)
from veille.build import board, execute, fork_server, many, warm
print(many.cores() > 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
