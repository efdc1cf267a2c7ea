"""The same inputs give the same bytes: in another folder, time zone, locale, and with another hash seed."""

from __future__ import annotations

import json
from pathlib import Path

import projects
import pytest

ELSEWHERE = {
    "TZ": "Pacific/Auckland",
    "LANG": "fr_FR.UTF-8",
    "LC_ALL": "C",
    "PYTHONHASHSEED": "4242",
    "HOME": "/nonexistent",
    "COLUMNS": "40",
    "SOURCE_DATE_EPOCH": "1",
}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A fresh project in a folder with a long name, accents and a space; nothing was generated or counted in it yet."""
    root = tmp_path_factory.mktemp("ailleurs") / "un dossier nommé plus longuement, partagé" / "veille"
    projects.new(root)
    text = root / "params" / "texts" / "bulletin" / "gao" / "2017-06.md"
    text.parent.mkdir(parents=True)
    text.write_text(projects.TEXT, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("month", "fixture"), [("2016-10", "real"), pytest.param("2017-06", "example", marks=pytest.mark.full)]
)
def test_two_builds_give_the_same_bytes(request, elsewhere, month, fixture):
    first = request.getfixturevalue(fixture)
    done = projects.veille(elsewhere, "build", "bulletin", "gao", month, "--nature", fixture, **ELSEWHERE)
    assert (done.returncode, done.stderr) == (0, ""), "a build is quiet when all is well"
    second = projects.packet(elsewhere, "gao", month)
    names = sorted(p.name for p in first.iterdir())
    assert sorted(p.name for p in second.iterdir()) == names and len(names) == 6
    differing = [n for n in names if (first / n).read_bytes() != (second / n).read_bytes()]
    assert differing == []


def test_no_artefact_knows_where_or_by_whom_it_was_made(shared, real, example):
    for folder in (real, example):
        for path in folder.iterdir():
            content = path.read_bytes()
            for trace in (str(shared).encode(), b"/tmp/", f"{Path.home()}/".encode(), b"site-packages"):
                assert trace not in content, (path.name, trace)


def test_the_manifest_names_versions_of_the_lock(real):
    said = json.loads((real / "manifest.json").read_text(encoding="utf-8"))
    lock = (projects.ROOT / "requirements" / "run.txt").read_text(encoding="utf-8").lower()
    for name in ("papermill", "nbconvert", "typst", "duckdb", "pandas"):
        assert f"{name}=={said['locked_versions'][name]}" in lock
