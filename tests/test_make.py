"""`make` is a thin door: what users give travels as data and never runs, and the environment is made only once."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import projects
import pytest

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


def with_make(project: Path) -> Path:
    """The project, with the Makefile and an environment that is ready: the python of these tests."""
    shutil.copy(projects.ROOT / "Makefile", project)
    commands = project / ".venv" / "bin"
    commands.mkdir(parents=True)
    python = commands / "python"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    (project / ".venv" / ".ready").touch()
    return project


def make(project: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=project,
        env=projects.environment(**changes),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
    )


@pytest.fixture
def kept(project):
    return with_make(project)


def test_make_alone_prints_one_line_per_command(tmp_path):
    shutil.copy(projects.ROOT / "Makefile", tmp_path)
    done = make(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert all(line.startswith("  make ") for line in lines)
    named = [line.split()[1] for line in lines]
    assert len(named) == len(set(named))
    assert {
        "help",
        "bulletin",
        "gbvims",
        "report",
        "all",
        "year",
        "bundle",
        "data",
        "list",
        "texts",
        "test",
        "test-full",
        "lint",
        "lock",
    } <= set(named)
    assert make(tmp_path, "help").stdout == done.stdout
    assert not (tmp_path / ".venv").exists(), "help needs no environment"


def test_a_command_that_make_does_not_have_is_told_in_french(tmp_path):
    shutil.copy(projects.ROOT / "Makefile", tmp_path)
    done = make(tmp_path, "bulettin", "REGION=gao")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("Cette commande n’existe pas.") and "No rule" not in done.stderr


@pytest.mark.parametrize(
    "variable", ["REGION", "MONTH", "AS_OF", "PRODUCT", "PERIOD", "AUDIENCE", "NATURE", "ENGINE", "JOBS"]
)
@pytest.mark.parametrize(
    "attack",
    [
        pytest.param("$(shell touch pwned)", id="make-function"),
        pytest.param("${shell touch pwned}", id="make-function-with-braces"),
        pytest.param("`touch pwned`", id="backticks"),
        pytest.param("$$(touch pwned)", id="shell-substitution"),
        pytest.param("x; touch pwned", id="semicolon"),
        pytest.param("x' ; touch pwned ; '", id="single-quotes"),
        pytest.param('x" ; touch pwned ; "', id="double-quotes"),
        pytest.param("x\ntouch pwned", id="a-new-line"),
        pytest.param("x | touch pwned #", id="pipe"),
    ],
)
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_what_users_give_never_runs(tmp_path, variable, attack, way):
    project = with_make(tmp_path)
    # An answer without a build: the command that make would start says what it was given.
    python = project / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\nenv | grep -c "^VEILLE_" > started\nexit 2\n', encoding="utf-8")
    given = {"REGION": "gao", "MONTH": "2016-10", "PRODUCT": "bulletin", variable: attack}
    if way == "argument":
        done = make(project, "report", *(f"{name}={value}" for name, value in given.items()))
    else:
        done = make(project, "report", **given)
    assert not list(project.rglob("pwned")), "it ran"
    assert done.returncode == 2
    assert (project / "started").exists(), done.stderr


@pytest.mark.parametrize(
    "variable", ["REGION", "AS_OF", *(pytest.param(name, marks=pytest.mark.full) for name in ("MONTH", "PRODUCT"))]
)
def test_the_command_refuses_in_words_what_make_handed_over(kept, variable):
    given = {"REGION": "gao", "MONTH": "2016-10", "PRODUCT": "bulletin", variable: "$(shell touch pwned)"}
    done = make(kept, "report", *(f"{name}={value}" for name, value in given.items()))
    assert done.returncode == 2
    assert "touch pwned" in done.stderr, "it arrives as it was typed"
    assert "Traceback" not in done.stderr
    assert not list(kept.rglob("pwned"))


def test_make_bulletin_makes_the_bulletin_and_keeps_the_environment(kept):
    before = sorted((p.name, p.stat().st_mtime_ns) for p in (kept / ".venv").rglob("*"))
    done = make(kept, "bulletin", "REGION=gao", "MONTH=2016-10")
    assert done.returncode == 0, done.stderr
    assert "reports/bulletin/gao/2016-10/" in done.stdout
    assert (kept / "reports" / "bulletin" / "gao" / "2016-10" / "manifest.json").is_file()
    assert sorted((p.name, p.stat().st_mtime_ns) for p in (kept / ".venv").rglob("*")) == before
    assert "installation" not in done.stderr


def test_every_name_of_the_period_is_understood(kept):
    for name in ("MONTH", "PERIOD"):
        done = make(kept, "bulletin", "REGION=gao", f"{name}=2016-13")
        assert done.returncode == 2 and "Période impossible : 2016-13." in done.stderr


@pytest.mark.parametrize("period", ["2017-06", "2017-Q2", "2017"])
def test_make_gbvims_asks_for_the_product_and_the_period_as_given(tmp_path, period):
    project = with_make(tmp_path)
    python = project / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$VEILLE_PRODUCT $VEILLE_REGION $VEILLE_PERIOD $VEILLE_AUDIENCE" "$@"\n')
    done = make(project, "gbvims", "REGION=mali", f"PERIOD={period}", "AUDIENCE=public")
    assert done.stdout == f"gbvims mali {period} public -m veille build\n", done.stderr


@pytest.mark.parametrize(
    ("asked", "handed"),
    [
        pytest.param(["all", "PERIOD=2017-Q2", "JOBS=3"], "2017-Q2 3  -m veille all\n", id="a-period"),
        pytest.param(["year", "YEAR=2017", "AUDIENCE=both"], "2017  both -m veille year\n", id="a-year"),
    ],
)
def test_make_asks_for_many_reports_as_given(tmp_path, asked, handed):
    project = with_make(tmp_path)
    python = project / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$VEILLE_PERIOD $VEILLE_JOBS $VEILLE_AUDIENCE" "$@"\n')
    done = make(project, *asked)
    assert done.stdout == handed, done.stderr


def test_make_turns_every_refusal_into_two(kept):
    done = make(kept, "bulletin", "REGION=goa", "MONTH=2016-10")
    assert done.returncode == 2
    assert "Région inconnue : goa. Vouliez-vous dire gao ?" in done.stderr


def test_an_unfinished_environment_is_made_again(tmp_path):
    """The mark is written last: without it the folder is not used. (The installation itself is stopped at once.)"""
    project = with_make(tmp_path)
    (project / ".venv" / ".ready").unlink()
    (project / ".venv" / "half").touch()
    done = make(project, "list", "PYTHON=false")
    assert done.returncode == 2 and "Premier lancement" in done.stderr
    assert not (project / ".venv" / "half").exists()


def test_an_old_python_is_told(tmp_path):
    shutil.copy(projects.ROOT / "Makefile", tmp_path)
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    done = make(tmp_path, "list", f"PYTHON={old}")
    assert done.returncode == 2 and "Python 3.11" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_clean_removes_what_can_be_made_again_and_nothing_else(kept, real):
    shutil.copytree(real, kept / "reports" / "bulletin" / "gao" / "2016-10")
    raw = projects.sealed(kept / "data" / "raw")
    done = make(kept, "clean")
    assert done.returncode == 0, done.stderr
    assert projects.sealed(kept / "data" / "raw") == raw
    assert not any((kept / name).exists() for name in ("reports", "data/processed", "data/example", ".veille"))
    assert (kept / "params").is_dir() and (kept / ".venv" / ".ready").is_file()
