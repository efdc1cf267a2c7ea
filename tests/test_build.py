"""A build gives a whole report on the right counts, or leaves everything as it was."""

from __future__ import annotations

import csv
import hashlib
import html
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pikepdf
import projects
import pytest
import yaml
from python_calamine import CalamineWorkbook

from veille import digests, versions
from veille.build import execute, packet

pytestmark = pytest.mark.usefixtures("warm_kernels")
ARTEFACTS = ("html", "pdf", "xlsx", "docx")


def numbers(folder: Path) -> dict[tuple[str, str, str], dict]:
    with open(folder / "numbers.csv", encoding="utf-8", newline="") as file:
        return {(r["key"], r["place"], r["period"]): r for r in csv.DictReader(file)}


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def page(folder: Path) -> str:
    return next(folder.glob("*.html")).read_text(encoding="utf-8")


def reports(project: Path) -> list[str]:
    """Every folder below `reports/` that holds a file."""
    root = project / "reports"
    return sorted({p.parent.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file()})


def leaves(project: Path) -> list[str]:
    """What is left of drafts: nothing, after any build that ended by itself."""
    return sorted(p.name for p in (project / ".veille").glob("draft-*"))


def until(condition: Callable[[], object], running: subprocess.Popen, seconds: float = 60) -> None:
    """Wait for a moment of a running build."""
    limit = time.monotonic() + seconds
    while not condition():
        assert running.poll() is None and time.monotonic() < limit, "the build did not come that far"
        time.sleep(0.005)


# ---- what a report holds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "place", "value"),
    [
        pytest.param("protection_incidents", "gao", "67", id="the-zone"),
        pytest.param("protection_incidents", "cod2015:ML0701", "34", id="gao"),
        pytest.param("protection_incidents", "cod2015:ML0703", "3", id="bourem"),
        pytest.param("protection_incidents", "cod2015:ML0702", "27", id="ansongo"),
        pytest.param("protection_incidents", "cod2015:ML0704", "3", id="menaka"),
        pytest.param("protection_incidents_share_pct.of=mali", "gao", "61", id="share-of-the-country"),
        pytest.param("protection_incidents", "mali", "110", id="the-country"),
    ],
)
def test_october_2016_prints_what_was_reported_in_the_zone_of_gao(real, key, place, value):
    row = numbers(real)[key, place, "2016-10"]
    assert (row["value"], row["status"]) == (value, "unverified")
    assert f'data-key="{key}@{place}@2016-10"' in page(real)


def test_numbers_csv_keeps_its_contract(real, example):
    for folder, period in ((real, "2016-10"), (example, "2017-06")):
        content = (folder / "numbers.csv").read_bytes()
        assert content.startswith(b"key,place,period,value,unit,display,status,table,query,caveat\n")
        assert b"\r" not in content
        rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
        addresses = [(r["key"], r["place"], r["period"]) for r in rows]
        assert len(set(addresses)) == len(addresses)
        own = [(r["place"], r["period"]) == ("gao", period) for r in rows]
        assert own == sorted(own, reverse=True), "the report's own numbers come first"
        assert all(re.fullmatch(r"-?\d+(\.\d+)?|", r["value"]) for r in rows)
        assert {r["status"] for r in rows} <= {"verified", "unverified", "mixed", "not_received", "not_published"}
        assert all((r["value"] == "") == (r["status"] in ("not_received", "not_published")) for r in rows)


@pytest.mark.parametrize("which", ["real", "example"])
def test_a_report_is_a_whole_packet_and_its_manifest_is_true(request, shared, which):
    folder = request.getfixturevalue(which)
    stem = {"real": "bulletin_gao_2016-10", "example": "bulletin_gao_2017-06"}[which]
    names = {p.name for p in folder.iterdir()}
    assert names == {f"{stem}.{kind}" for kind in ARTEFACTS} | {"numbers.csv", "manifest.json"}
    said = manifest(folder)
    jsonschema.validate(said, packet.schema())
    assert said["nature"] == which and said["synthetic"] is (which == "example")
    assert set(said["outputs"]) == names - {"manifest.json"}
    for name, output in said["outputs"].items():
        content = (folder / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (output["sha256"], output["bytes"])


@pytest.mark.parametrize("which", ["real", "example"])
def test_the_manifest_hashes_every_input(request, shared, which):
    said = manifest(request.getfixturevalue(which))
    candidate = shared / "data" / "processed" / "candidate" / which / said["version"] / "cluster" / "candidate.json"
    for name, sha256 in said["inputs"].items():
        path = candidate if name == "candidate.json" else shared / name
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256, name
        else:  # a restricted source; where each partner has a series, every deposit of all of them
            folders = [path] if path.is_dir() else sorted(path.parent.glob(f"{path.name}.*"))
            papers = [yaml.safe_load(p.read_text(encoding="utf-8")) for f in folders for p in f.glob("*/source.yml")]
            counted = [max(papers, key=lambda p: p["received"])] if path.is_dir() else papers
            assert digests.together(f["sha256"] for p in counted for f in p["files"]) == sha256, name
    received = {
        p.name.partition(".")[0] for p in (shared / "data" / {"real": "raw"}.get(which, which)).iterdir() if p.is_dir()
    }
    if which == "example":
        received |= set(versions.PRINTED)  # what others printed is public, and stands beside the example
    assert {n.split("/")[2] for n in said["inputs"] if n.startswith("data/")} == received
    assert {"notebooks/bulletin.ipynb", "params/places.yml", "params/disclosure.yml"} <= set(said["inputs"])
    assert ("params/texts/bulletin/gao/2017-06.md" in said["inputs"]) == (which == "example")


def test_the_manifest_says_how_the_notebook_was_held(real):
    checks = {c["name"]: c["result"] for c in manifest(real)["checks"]}
    assert checks["notebook process isolation"].startswith(("landlock", "audit hook"))
    assert checks["texts written by people"] == "missing: draft only"
    assert checks["joint disclosure audit"] == "passed"


def test_a_real_report_says_what_was_not_received(real):
    found = numbers(real)
    for key in ("communes_covered", "monitors", "victims_people", "idps_people"):
        row = found[key, "gao", "2016-10"]
        assert (row["value"], row["display"], row["status"]) == ("", "n.d.", "not_received")
    text = page(real)
    words = re.sub(r"<[^>]+>", "", text[text.index("<main") :])
    for section in ("Victimes", "Auteurs présumés", "Mouvements de population", "Enfants et mines", "Réponse"):
        after = words[words.rindex(section) :][:700]
        assert re.search(r"reçu|À rédiger", after), section
    assert "À rédiger" in words
    assert "exemple" not in words.lower()


def test_an_example_report_is_marked_everywhere(example):
    assert example.parts[-4:-1] == ("exemple", "bulletin", "gao")
    said = manifest(example)
    assert said["synthetic"] and said["nature"] == "example"
    text = page(example)
    assert 'class="chip">Exemple' in text and "chiffres d’exemple, synthétiques" in text
    book = example / "bulletin_gao_2017-06.xlsx"
    sheets = len(CalamineWorkbook.from_path(str(book)).sheet_names)
    with zipfile.ZipFile(book) as archive:
        marked = [
            n
            for n in archive.namelist()
            if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", n)
            and "Exemple" in re.search(r"<oddHeader>.*?</oddHeader>", archive.read(n).decode())[0]
        ]
    assert sheets > 5 and len(marked) == sheets
    with zipfile.ZipFile(example / "bulletin_gao_2017-06.docx") as archive:
        headers = [archive.read(n).decode() for n in archive.namelist() if re.fullmatch(r"word/header\d+\.xml", n)]
    assert headers and all("EXEMPLE" in h for h in headers)


def test_every_page_of_an_example_pdf_is_marked(example):
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", example / "bulletin_gao_2017-06.pdf", "-"], capture_output=True, check=True)
    pages = done.stdout.decode().split("\f")[:-1]
    assert all("EXEMPLE" in p and "données synthétiques" in p for p in pages)


def test_a_bulletin_is_short_and_light(example):
    with pikepdf.open(example / "bulletin_gao_2017-06.pdf") as file:
        assert 4 <= len(file.pages) <= 8
    assert (example / "bulletin_gao_2017-06.html").stat().st_size <= 150 * 1024
    assert (example / "bulletin_gao_2017-06.pdf").stat().st_size <= 300 * 1024


def test_a_page_has_no_script_and_no_remote_reference(real, example):
    for folder in (real, example):
        text = page(folder)
        assert "<script" not in text and "javascript:" not in text
        assert not re.search(r"\son[a-z]+=", text[text.index("<body") :])
        assert "default-src 'none'" in text
        assert not re.findall(r"""(?:src|srcset|action|poster)=["'](?!data:)""", text)
        assert not re.findall(r"""url\((?!data:|#|['"]?#)""", text)


@pytest.mark.full
@pytest.mark.parametrize(
    "which",
    [
        pytest.param(("gao", "2016-10"), id="real"),
        pytest.param(("gao", "2017-06"), id="example"),
        pytest.param(("mali", "2017-Q2", "gbvims"), id="gbvims"),
        pytest.param(("mali", "2017-06", "followup"), id="followup", marks=pytest.mark.full),
        pytest.param(("mali", "2017", "evaluation"), id="evaluation", marks=pytest.mark.full),
    ],
)
def test_no_line_can_begin_with_a_sign_of_french_punctuation(report, which):
    (page,) = report(*which).glob("*.html")
    text = re.sub(r"<(style|title)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    words = re.sub(r"</?(?:a|b|strong|em|i|span|data|sup|abbr)\b[^>]*>", "", text)  # these break no line
    lines = html.unescape(re.sub(r"<[^>]*>", "\n", words))
    assert " : " not in lines and "\u202f: " in lines
    assert re.findall(r".{0,20} [;:!?%»].{0,20}|« .{0,20}", lines) == []


def test_a_text_of_the_example_never_enters_a_real_bulletin(project, real, shared):
    text = project / "params" / "texts" / "bulletin" / "gao" / "2016-10.md"
    text.parent.mkdir(parents=True)
    text.write_text(projects.TEXT.replace("2017-06", "2016-10"), encoding="utf-8")
    done = projects.veille(project, "build", "bulletin", "gao", "2016-10")
    assert done.returncode == 0, done.stderr
    assert page(projects.packet(project, "gao", "2016-10")) == page(real)


def test_a_text_is_printed_with_its_number_from_the_tables(example):
    value = numbers(example)["protection_incidents", "gao", "2017-06"]["display"]
    words = re.sub(r"<[^>]+>", "", page(example))
    assert f"Le mois reste tendu. {value} incidents ont été rapportés." in words


@pytest.mark.full
@pytest.mark.parametrize(("area", "value"), [("tombouctou", None), ("mopti", None), ("kidal", None), ("mali", "110")])
def test_every_area_has_its_real_bulletin(report, area, value):
    folder = report(area, "2016-10")
    row = numbers(folder)["protection_incidents", area, "2016-10"]
    assert row["value"].isdigit() and (value is None or row["value"] == value)
    assert len(list(folder.iterdir())) == len(ARTEFACTS) + 2
    jsonschema.validate(manifest(folder), packet.schema())


@pytest.mark.full
@pytest.mark.parametrize("area", ["tombouctou", "mopti", "kidal", "mali"])
def test_every_area_has_its_example_bulletin(report, area):
    folder = report(area, "2017-06")
    assert "exemple" in folder.parts
    with pikepdf.open(next(folder.glob("*.pdf"))) as file:
        assert 4 <= len(file.pages) <= 8
    assert next(folder.glob("*.html")).stat().st_size <= 150 * 1024
    assert next(folder.glob("*.pdf")).stat().st_size <= 300 * 1024


def test_october_adds_up_from_the_zones(shared, real):
    """The zones and the country of one month come from the same cercles."""
    version = manifest(real)["version"]
    folder = shared / "data" / "processed" / "candidate" / "real" / version / "cluster" / "tables"
    with open(folder / "incidents.csv", encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["key"] == "protection_incidents" and r["period"] == "2016-10"]
    of = {r["place"]: int(r["value"]) for r in rows if r["value"]}
    assert of["mali"] == sum(n for place, n in of.items() if re.fullmatch(r"cod2015:ML\d{4}", place)) == 110
    assert of["gao"] == 67


# ---- what goes wrong --------------------------------------------------------------------------------------------


@pytest.fixture
def built(project, shared, real):
    """A project with the report of October 2016 in its place, and that report's bytes."""
    target = project / "reports" / "bulletin" / "gao" / "2016-10"
    shutil.copytree(real, target)
    return project, target, projects.sealed(target)


@projects.EITHER
def test_a_failing_cell_is_named_and_the_previous_report_stays(veille, built):
    project, target, before = built
    notebook = project / "notebooks" / "bulletin.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    at = next(i for i, c in enumerate(content["cells"], 1) if "present.key_figures(edition)" in "".join(c["source"]))
    content["cells"][at - 1]["source"] = ["present.key_figures(edition.sources[0]['sharing'][999])"]
    notebook.write_text(json.dumps(content), encoding="utf-8")
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    assert done.returncode == 1
    assert f"bulletin.ipynb, cellule {at} : IndexError" in done.stderr
    assert "intact" in done.stderr and "Traceback" not in done.stderr
    assert projects.sealed(target) == before and leaves(project) == []


@projects.EITHER
def test_a_broken_text_is_refused_and_the_previous_report_stays(veille, built):
    project, target, before = built
    text = project / "params" / "texts" / "bulletin" / "gao" / "2016-10.md"
    text.parent.mkdir(parents=True)
    text.write_text("## Faits saillants\n\nsans en-tête\n", encoding="utf-8")
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    assert done.returncode == 3
    assert "bulletin/gao/2016-10.md : l’en-tête" in done.stderr
    assert projects.sealed(target) == before and leaves(project) == []


@projects.EITHER
def test_a_notebook_that_shows_anything_but_a_block_is_refused(veille, built):
    project, target, before = built
    notebook = project / "notebooks" / "bulletin.ipynb"
    content = json.loads(notebook.read_text(encoding="utf-8"))
    content["cells"][4]["source"] = ["edition.number('protection_incidents').value"]
    notebook.write_text(json.dumps(content), encoding="utf-8")
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    assert done.returncode == 1 and "bulletin.ipynb, cellule 5" in done.stderr
    assert "67" not in done.stderr
    assert projects.sealed(target) == before


def change_an_input(project: Path) -> None:
    with open(project / "params" / "places.yml", "a", encoding="utf-8") as file:
        file.write("# changed meanwhile\n")


def changed_here(project: Path, monkeypatch) -> subprocess.CompletedProcess:
    """A build in this process; the input changes when its inputs are staged and its notebook is about to run."""
    run = execute.run

    def meanwhile(*given, **more):
        assert list((project / ".veille").glob("draft-*/stage/context.json"))
        change_an_input(project)
        return run(*given, **more)

    monkeypatch.setattr(execute, "run", meanwhile)
    return projects.here(project, "build", "bulletin", "gao", "2016-10")


def changed_apart(project: Path, monkeypatch) -> subprocess.CompletedProcess:
    """The same from outside, while a build of its own runs."""
    running = projects.start(project, "build", "bulletin", "gao", "2016-10")
    until(lambda: list((project / ".veille").glob("draft-*/stage/context.json")), running)
    change_an_input(project)
    return projects.finish(running)


@pytest.mark.parametrize(
    "changed", [pytest.param(changed_here, id="here"), pytest.param(changed_apart, id="apart", marks=pytest.mark.full)]
)
def test_an_input_that_changes_during_the_run_is_refused(built, monkeypatch, changed):
    project, target, before = built
    done = changed(project, monkeypatch)
    assert (project / "params" / "places.yml").read_text(encoding="utf-8").endswith("# changed meanwhile\n")
    assert done.returncode == 1
    assert "Un fichier d’entrée a changé pendant la construction" in done.stderr
    assert projects.sealed(target) == before and leaves(project) == []


@pytest.mark.parametrize(
    "moment",
    [
        # Every day the one that is soonest reached: what must hold after it is the same.
        pytest.param("draft-*/stage/context.json", id="before-the-notebook"),
        pytest.param("draft-*/packet/*.pdf", id="while-writing", marks=pytest.mark.full),
        pytest.param("draft-*/packet/manifest.json", id="just-before-the-move", marks=pytest.mark.full),
    ],
)
def test_a_killed_build_leaves_the_old_report_or_the_new_one(built, moment):
    project, target, before = built
    (target / "manifest.json").write_text(
        (target / "manifest.json").read_text(encoding="utf-8") + "\n", encoding="utf-8"
    )  # the old report is told from the new one
    old = projects.sealed(target)
    running = projects.start(project, "build", "bulletin", "gao", "2016-10")
    until(lambda: list((project / ".veille").glob(moment)), running)
    running.send_signal(signal.SIGKILL)
    projects.finish(running)
    assert projects.sealed(target) in (old, before)
    assert reports(project) == ["bulletin/gao/2016-10"]
    # Nothing that it left behind (a lock, a draft) stands in the way of the next one.
    done = projects.here(project, "build", "bulletin", "gao", "2016-10")
    assert done.returncode == 0, done.stderr
    assert projects.sealed(target) == before
    # The next build takes away what the killed one left behind.
    assert reports(project) == ["bulletin/gao/2016-10"] and leaves(project) == []


def test_an_interrupted_build_says_so_and_leaves_nothing(built):
    project, target, before = built
    command = [sys.executable, "-m", "veille", "build", "bulletin", "gao", "2016-10"]
    running = subprocess.Popen(
        command,
        cwd=project,
        env=projects.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test runner may ignore Ctrl-C; a terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    until(lambda: list((project / ".veille").glob("draft-*/stage/context.json")), running)
    running.send_signal(signal.SIGINT)
    done = projects.finish(running)
    assert done.returncode == 130
    assert "Interrompu ; rien n’a été remplacé." in done.stderr and "Traceback" not in done.stderr
    assert projects.sealed(target) == before and leaves(project) == []


@pytest.mark.parametrize(
    ("veille", "free"),
    [
        pytest.param(projects.veille, 0, id="nothing-left", marks=pytest.mark.full),
        pytest.param(projects.veille, 100, id="hardly-anything-left", marks=pytest.mark.full),
        pytest.param(projects.veille, 350, id="enough-to-begin", marks=pytest.mark.full),
        pytest.param(projects.here, 350, id="enough-to-begin-here"),
    ],
)
def test_a_full_disk_is_a_sentence_and_the_previous_report_stays(small_disk, shared, real, veille, free):
    project = projects.new(small_disk / "projet", warm=None)
    for name in ("data/processed/candidate/real", "data/processed/tables/real", ".veille/matplotlib"):
        shutil.copytree(shared / name, project / name)
    target = project / "reports" / "bulletin" / "gao" / "2016-10"
    shutil.copytree(real, target)
    before = projects.sealed(target)
    left = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(b"\0" * (left - free * 1024))
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    assert done.returncode == 1, done.stderr
    assert "Disque plein" in done.stderr and "Libérez de la place" in done.stderr
    assert "Traceback" not in done.stderr
    assert projects.sealed(target) == before and reports(project) == ["bulletin/gao/2016-10"]


@projects.EITHER
def test_a_disk_that_fills_while_counting_is_a_sentence_too(veille, small_disk):
    project = projects.new(small_disk / "projet", warm=None)
    left = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(b"\0" * (left - 20 * 1024))
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    assert done.returncode == 1
    assert "Disque plein" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.full
def test_two_builds_of_one_report_at_the_same_time_both_succeed(built):
    project, target, before = built
    running = [projects.start(project, "build", "bulletin", "gao", "2016-10") for _ in range(2)]
    done = [projects.finish(r) for r in running]
    assert [d.returncode for d in done] == [0, 0], "\n".join(d.stderr for d in done)
    assert projects.sealed(target) == before
    assert reports(project) == ["bulletin/gao/2016-10"] and leaves(project) == []


def test_quarto_makes_the_page_where_it_is_installed(built):
    if not shutil.which("quarto"):
        pytest.skip("Quarto is not installed: ENGINE=quarto was not tried")
    project, target, _ = built
    done = projects.veille(project, "build", "bulletin", "gao", "2016-10", "--engine", "quarto")
    assert done.returncode == 0, done.stderr
    page = (target / "bulletin_gao_2016-10.html").read_text(encoding="utf-8")
    assert 'data-key="protection_incidents@gao@2016-10"' in page and "Répartition géographique" in page
    assert not list(target.glob("*_files")), "one file, without a folder beside it"
