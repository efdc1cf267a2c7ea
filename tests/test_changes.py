"""A report is made again when something that it shows has changed, and only then."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import projects
import pytest
import yaml

from veille import asked
from veille.build import changes, code, packet, stage
from veille.build.stage import Plan
from veille.disclosure.safe import SafeNumber, SafeTables, clear
from veille.errors import BuildFailed
from veille.project import PACKAGE, Project

pytestmark = pytest.mark.usefixtures("warm_kernels")
NOTEBOOK = "notebooks/bulletin.ipynb"
AREAS = ("gao", "mopti", "tombouctou", "kidal", "mali")
CURRENT = "À jour : rien de ce que montre ce rapport n’a changé."
HEAVY = {"pandas", "numpy", "duckdb", "matplotlib", "papermill", "jupyter_client", "nbformat", "typst", "docx", "xlsxwriter"}  # fmt: skip


@pytest.fixture
def project(with_report) -> Path:
    return with_report


def plan(project: Path) -> Plan:
    return stage.plan(Project(project), "bulletin", "gao", "2016-10")


def cells(project: Path, change: Callable[[list[dict]], object]) -> None:
    """Change the cells of the bulletin's notebook."""
    path = project / NOTEBOOK
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content["cells"])
    path.write_text(json.dumps(content, indent=3), encoding="utf-8")


def code_cell(among: list[dict]) -> int:
    """The place of the first cell of code after the parameters."""
    return [n for n, c in enumerate(among) if c["cell_type"] == "code"][1]


def test_a_report_that_was_just_made_is_as_it_would_be_made(project):
    assert changes.since(plan(project)) == []


# ---- form is not change -------------------------------------------------------------------------------------------


def _commented(among: list[dict]) -> None:
    cell = among[code_cell(among)]
    cell["source"] = ["# une remarque\n", "\n", *cell["source"], "  # une autre"]


def _renamed(among: list[dict]) -> None:
    for n, cell in enumerate(among):
        cell["id"], cell["metadata"]["editable"] = f"autre-{n}", True


@pytest.mark.parametrize("change", [_commented, _renamed], ids=["comments-in-a-cell", "ids-and-metadata"])
def test_the_form_of_a_notebook_is_no_change(project, change):
    cells(project, change)
    assert changes.since(plan(project)) == []


def test_the_form_of_code_is_no_change():
    plain = 'def f(a):\n    """Says."""\n    return {"a": a, "b": 2}\n'
    formed = '# why\ndef f(\n    a,\n):\n    """Says it better."""\n\n    return {\n        "a": a,  # first\n        "b": 2,\n    }\n'
    other = plain.replace("2", "3")
    a, b, c = (code.normal(code.ast.parse(text)) for text in (plain, formed, other))
    assert a == b != c


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A copy of the package, taken for the package."""
    folder = tmp_path / PACKAGE.name
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", folder)
    return folder


@pytest.mark.parametrize(
    ("name", "before", "after", "said"),
    [
        pytest.param("present/words.py", "\ndef ", "\n# Why.\n\n\ndef ", [], id="a-comment"),
        pytest.param("sources/kobo.py", "", "\nOTHER = 1\n", [], id="a-reader-of-files", marks=pytest.mark.full),
        pytest.param("cli.py", "", "\nOTHER = 1\n", [], id="the-command"),
        pytest.param("present/words.py", "", "\nOTHER = 1\n", ["code : present/words.py"], id="a-module-of-pages", marks=pytest.mark.full),
        pytest.param("formats.py", "", "\nOTHER = 1\n", ["code : formats.py"], id="a-module-that-pages-import"),
        pytest.param("render/pdf.py", "", "\nOTHER = 1\n", ["code : render/pdf.py"], id="a-renderer", marks=pytest.mark.full),
        pytest.param("build/numbers.py", "", "\nOTHER = 1\n", ["code : build/numbers.py"], id="a-check", marks=pytest.mark.full),
        pytest.param("codes/sex.yml", "", "\n# autre\n", ["code : codes/sex.yml"], id="a-list-of-labels", marks=pytest.mark.full),
        pytest.param(
            "render/templates/veille/index.html.j2", "", "\n", ["code : render/templates/veille/index.html.j2"],
            id="a-template",
        ),
    ],
)  # fmt: skip
def test_of_the_code_what_a_page_runs_through_counts(project, package, name, before, after, said):
    asked_for = plan(project)
    assert changes.since(asked_for) == []
    text = (package / name).read_text(encoding="utf-8")
    (package / name).write_text(text.replace(before, after, 1) if before else text + after, encoding="utf-8")
    assert changes.since(asked_for) == said


# ---- what is said to have changed ---------------------------------------------------------------------------------


def _contact(project: Path) -> None:
    path = project / "params" / "contacts.yml"
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(given | {"name": "Autre"}, allow_unicode=True), encoding="utf-8")


def _text(project: Path) -> None:
    path = project / "params" / "texts" / "bulletin" / "gao" / "2016-10.md"
    path.parent.mkdir(parents=True)
    path.write_text("écrit", encoding="utf-8")


def _prose(project: Path) -> None:
    def change(among: list[dict]) -> None:
        next(c for c in among if c["cell_type"] == "markdown")["source"] = ["## Autre titre"]

    cells(project, change)


def _more_cells(project: Path) -> None:
    cells(project, lambda among: among.append({"cell_type": "markdown", "metadata": {}, "source": ["## Fin"]}))


def _damaged(project: Path) -> None:
    path = project / "reports/bulletin/gao/2016-10/bulletin_gao_2016-10.html"
    path.write_bytes(path.read_bytes() + b" ")


def _emptied(project: Path) -> None:
    (project / ".veille/made/bulletin/gao/2016-10.json").write_text("")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(_contact, "texte : params/contacts.yml", id="contact"),
        pytest.param(_text, "texte : params/texts/bulletin/gao/2016-10.md", id="text"),
        pytest.param(_prose, "carnet bulletin.ipynb : cellule 4", id="prose"),
        pytest.param(_more_cells, "carnet bulletin.ipynb : des cellules en plus ou en moins", id="cells"),
        pytest.param(_damaged, "fichier : bulletin_gao_2016-10.html manque ou a été modifié", id="damaged"),
        pytest.param(
            lambda p: (p / "reports/bulletin/gao/2016-10/numbers.csv").unlink(),
            "fichier : numbers.csv manque ou a été modifié",
            id="lost",
        ),
        pytest.param(
            lambda p: shutil.rmtree(p / "reports"), "fichier : bulletin_gao_2016-10.docx manque ou a été modifié", id="gone"
        ),
        pytest.param(_emptied, "construit sans que ses entrées soient notées", id="forgotten"),
    ],
)  # fmt: skip
def test_what_has_changed_is_named(project, change, said):
    change(project)
    assert changes.since(plan(project))[0] == said


def test_the_cell_that_changed_is_named_by_its_number(project):
    def change(among: list[dict]) -> None:
        at = code_cell(among)
        among[at]["source"] = ["edition.title"]
        numbers.append(at + 1)

    numbers: list[int] = []
    cells(project, change)
    assert changes.since(plan(project)) == [f"carnet bulletin.ipynb : cellule {numbers[0]}"]


def test_another_package_is_named_with_both_versions(project, tmp_path, monkeypatch):
    before = packet.locked_versions(project)["typst"]
    (tmp_path / "site" / "typst-0.0.1.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert changes.since(plan(project)) == [f"paquet : typst {before} → 0.0.1"]


def test_another_engine_is_another_parameter(project):
    assert changes.since(plan(project), "quarto") == ["paramètre : engine"]


# ---- data ---------------------------------------------------------------------------------------------------------


def with_another(tables: SafeTables, address: tuple[str, str, str]) -> list[SafeNumber]:
    """The numbers, one of them with another caveat: whatever its value, the page would print something else."""
    fields = ("key", "place", "period", "value", "unit", "status", "table", "query")
    return [
        clear(**{name: getattr(n, name) for name in fields}, caveat="autre")
        if (n.key, n.place, n.period) == address
        else n
        for n in tables
    ]


def test_a_page_is_concerned_by_the_numbers_that_it_asked_for_and_by_no_other(project, tmp_path):
    asked_for = plan(project)
    tables = SafeTables.read(asked_for.safe)
    kept = json.loads(changes.path_of(asked_for).read_text(encoding="utf-8").splitlines()[1])["answers"]
    questions = {tuple(q[1:-1]) for q in kept if q[0] == "number"}
    every = list(tables.addresses())
    rng = random.Random(20161001)
    shown, others = ([a for a in every if (a in questions) is is_asked] for is_asked in (True, False))
    assert len(shown) > 10 and len(others) > 100
    for n, address in enumerate([*rng.sample(shown, 6), *rng.sample(others, 6)]):
        SafeTables(with_another(tables, address), tables.meta, tables.records).write(tmp_path / str(n))
        said = changes.since(replace(asked_for, safe=tmp_path / str(n)))
        if address in questions:
            assert len(said) == 1 and said[0].startswith("données : ") and " · ".join(address) in said[0]
        else:
            assert said == []


def test_every_number_of_the_page_was_asked_for(project):
    """What the page prints of its own place stands among the questions: nothing reaches it by another way."""
    kept = json.loads(changes.path_of(plan(project)).read_text(encoding="utf-8").splitlines()[1])["answers"]
    questions = {tuple(q[1:4]) for q in kept if q[0] == "number"}
    lines = (project / "reports/bulletin/gao/2016-10/numbers.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert lines and {tuple(line.split(",")[:3]) for line in lines} <= questions


def test_a_day_of_receipt_alone_makes_nothing_again(project, tmp_path):
    """The same numbers, received again the month after: the page says when it was made, and stays."""
    asked_for = plan(project)
    tables = SafeTables.read(asked_for.safe)
    later = [s | {"received": "2026-12-31", "covers": "2016", "sha256": ["0"]} for s in tables.meta["sources"]]
    meta = tables.meta | {"version": "0123456789ab", "received": "2026-12-31", "sources": later}
    SafeTables(list(tables), meta, tables.records).write(tmp_path / "later")
    assert changes.since(replace(asked_for, safe=tmp_path / "later")) == []
    renamed = [s | {"title": f"{s['title']} (revu)"} for s in later]
    SafeTables(list(tables), meta | {"sources": renamed}, tables.records).write(tmp_path / "renamed")
    assert changes.since(replace(asked_for, safe=tmp_path / "renamed")) == ["données : sources, 1 ligne (sources)"]


def test_a_number_printed_before_and_revised_is_another_answer(project):
    tables = SafeTables.read(plan(project).safe)
    address = "protection_incidents@gao@2016-10"
    revised = SafeTables(list(tables), tables.meta | {"printed_before": {address: "66"}}, tables.records)
    for question in (("printed_before", address), ("about",)):
        assert asked.digest(tables, question) != asked.digest(revised, question)
    other = ("printed_before", "protection_incidents@mopti@2016-10")
    assert asked.digest(tables, other) == asked.digest(revised, other)


@pytest.mark.parametrize(
    ("question", "files"),
    [
        pytest.param(("number", "protection_incidents", "gao", "2016-10"), ["tables/incidents.csv"], id="there"),
        pytest.param(("number", "protection_incidents", "gao", "1999-01"), ["tables/incidents.csv"], id="not-received"),
        pytest.param(("number", "printed.x", "gao", "1999"), ["tables/printed_figures.csv"], id="printed-elsewhere"),
        pytest.param(("number", "nobody_knows", "gao", "2016-10"), ["*"], id="not-declared"),
        pytest.param(("periods", "protection_incidents", "gao"), ["tables/incidents.csv"], id="periods"),
        pytest.param(("records", "recommendations"), ["records.json"], id="records"),
        pytest.param(("sources",), ["candidate.json"], id="sources"),
    ],
)
def test_each_question_looks_into_the_file_that_would_answer_it(project, question, files):
    assert asked.files_of(SafeTables.read(plan(project).safe), [question]) == files


# ---- the commands -------------------------------------------------------------------------------------------------


def test_nothing_to_do_starts_nothing_and_loads_nothing_heavy(project):
    before = projects.sealed(project / "reports")
    line = "import sys, veille.cli as c\ntry: c.run(['build', 'bulletin', 'gao', '2016-10'])\nexcept SystemExit: pass\nprint('MODULES', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", line], cwd=project, env=projects.environment(), capture_output=True, text=True, check=True)  # fmt: skip
    said, _, modules = done.stdout.partition("MODULES")
    assert "bulletin_gao_2016-10.pdf" in said and CURRENT.removesuffix(".") in done.stderr
    assert HEAVY & set(modules.split()) == set()
    assert projects.sealed(project / "reports") == before


def test_why_says_what_the_next_build_does(project):
    assert projects.here(project, "why", "bulletin", "gao", "2016-10").stdout.strip() == CURRENT
    _contact(project)
    assert projects.here(project, "why", "bulletin", "gao", "2016-10").stdout.strip() == "texte : params/contacts.yml"
    assert projects.here(project, "why", "bulletin", "mopti", "2016-10").stdout.strip() == "jamais construit ici"
    stamp = (project / "reports/bulletin/gao/2016-10/manifest.json").stat().st_mtime_ns
    done = projects.here(project, "build", "bulletin", "gao", "2016-10")
    assert (done.returncode, CURRENT in done.stderr) == (0, False)
    assert (project / "reports/bulletin/gao/2016-10/manifest.json").stat().st_mtime_ns != stamp
    assert projects.here(project, "why", "bulletin", "gao", "2016-10").stdout.strip() == CURRENT


@pytest.mark.full
def test_again_makes_the_same_bytes_again(project):
    before = projects.sealed(project / "reports")
    stamp = (project / "reports/bulletin/gao/2016-10/manifest.json").stat().st_mtime_ns
    assert projects.here(project, "build", "bulletin", "gao", "2016-10", "--again").returncode == 0
    assert (project / "reports/bulletin/gao/2016-10/manifest.json").stat().st_mtime_ns != stamp
    assert projects.sealed(project / "reports") == before


def test_code_that_changes_while_a_report_is_made_stops_it(project, package):
    """The inputs are digested before the notebook runs, and once more at the end."""
    from veille.build import report as build_report

    said: list[str] = []

    def meanwhile(line: str) -> None:
        said.append(line)
        if line.startswith("Mise en page"):
            with open(package / "present" / "words.py", "a", encoding="utf-8") as file:
                file.write("\nOTHER = 1\n")

    before = projects.sealed(project / "reports")
    with pytest.raises(BuildFailed, match="a changé pendant la construction"):
        build_report.build(plan(project), say=meanwhile)
    assert projects.sealed(project / "reports") == before and len(said) == 2


@pytest.mark.full
def test_one_more_incident_makes_again_the_reports_that_show_it(tmp_path, shared):
    """One more incident in the cercle of Gao in October 2016: 67 become 68, 110 become 111."""
    project = projects.new(tmp_path / "project", shared)
    for period in ("2016-08", "2016-10"):
        done = projects.veille(project, "all", period, "--nature", "real")
        assert "Faits : 5" in done.stdout, done.stdout + done.stderr
    made = {
        p.parent.parent.name: p.stat().st_mtime_ns for p in project.glob("reports/bulletin/*/2016-10/manifest.json")
    }
    folder = project / "data" / "raw" / "amss_incidents" / "2026-11-21"
    text = (folder / "incidents_par_cercle_2016.csv").read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if line.startswith("2016-10,N°004,Gao,Gao,34,64,"))
    lines[at] = lines[at].replace(",34,64,", ",35,65,")
    month = [line.replace(",110,", ",111,").replace("Gao,Bourem,03,64", "Gao,Bourem,03,65").replace("Gao,Ansongo,27,64", "Gao,Ansongo,27,65") if line.startswith("2016-10") else line for line in lines]  # fmt: skip
    content = "".join(month).encode()
    papers = yaml.safe_load((folder / "source.yml").read_text(encoding="utf-8"))  # as before: pages name them
    said = {name: papers[name] for name in ("title", "producer", "covers", "sharing", "sensitivity", "zero_means")}
    projects.receive(project, "amss_incidents", "incidents.csv", content, rows=44, edition="cod2015", **said)
    said = projects.veille(project, "why", "bulletin", "gao", "2016-10")
    assert "protection_incidents · gao · 2016-10" in said.stdout, said.stderr
    done = projects.veille(project, "all", "2016-10", "--nature", "real")
    assert done.returncode == 0, done.stderr
    stamps = {
        p.parent.parent.name: p.stat().st_mtime_ns for p in project.glob("reports/bulletin/*/2016-10/manifest.json")
    }
    again = {area for area in made if stamps[area] != made[area]}
    # Every bulletin of the month says what part of the country's incidents its own are: « 61 % of 110 ».
    showing = {a for a in made if ">111<" in (project / f"reports/bulletin/{a}/2016-10/bulletin_{a}_2016-10.html").read_text("utf-8")}  # fmt: skip
    assert again == showing and "gao" in again
    done = projects.veille(project, "all", "2016-08", "--nature", "real")  # its table changed too: not a number of it
    assert "Faits : 0" in done.stdout and "à jour : 5" in done.stdout, done.stdout + done.stderr


def test_a_clock_that_jumps_changes_nothing(project):
    """Inputs go by their bytes; a finished file goes by its stamp being the same, never by its being older."""
    asked_for = plan(project)
    for path in (*(project / "params").rglob("*.yml"), *(project / "data" / "raw").rglob("*.csv"), project / NOTEBOOK):
        os.utime(path, (4_000_000_000, 4_000_000_000))
    assert changes.since(asked_for) == changes.since(plan(project)) == []


@pytest.mark.full
def test_two_runs_at_once_leave_whole_reports(tmp_path, shared, report):
    """Both make what both find missing; each report is moved in whole, and the third run finds nothing to do."""
    project = projects.new(tmp_path / "project", shared)
    both = [projects.start(project, "all", "2016-10", "--nature", "real") for _ in range(2)]
    for done in map(projects.finish, both):
        assert done.returncode == 0, done.stderr
    # What one command each makes, which other tests read too.
    alone = {f"bulletin/{area}/2016-10/{name}": sha256 for area in AREAS for name, sha256 in projects.sealed(report(area, "2016-10")).items()}  # fmt: skip
    assert projects.sealed(project / "reports") == alone
    assert "Faits : 0 ; à jour : 5" in projects.veille(project, "all", "2016-10", "--nature", "real").stdout
