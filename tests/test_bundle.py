"""An evaluator, years later, without the data, the network or the project: the bundle verifies, and tells every change."""

from __future__ import annotations

import ast
import csv
import dataclasses
import hashlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import projects
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veille import bundle, formats, products, versions
from veille.build import stage
from veille.bundle import again, verify
from veille.disclosure.safe import SafeTables
from veille.errors import BadData, BadParameter, BuildFailed, UnknownName

REAL = ("bulletin", "gao", "2016-10")
EXAMPLE = ("bulletin", "gao", "2017-06")


def taken_over(folder: Path, shared: Path) -> Path:
    """A project of the test's own, with the texts and the finished reports of the shared one."""
    projects.new(folder, warm=shared)
    for name in ("params/texts", "reports"):
        shutil.copytree(shared / name, folder / name, ignore=shutil.ignore_patterns("qualite"))
    return folder


def bundled(project: Path, *arguments: str) -> Path:
    """The zip that `veille bundle` writes."""
    done = projects.here(project, "bundle", *arguments)
    assert done.returncode == 0, done.stderr
    return project / done.stdout.split("  ")[0]


@pytest.fixture(scope="module")
def home(tmp_path_factory, shared, real, example) -> Path:
    """A project with both reports. Tests that change something take one of their own."""
    return taken_over(tmp_path_factory.mktemp("dossier") / "projet", shared)


@pytest.fixture(scope="module")
def zips(home) -> dict[str, Path]:
    return {"real": bundled(home, *REAL), "example": bundled(home, *EXAMPLE)}


@pytest.fixture
def mine(tmp_path, shared, real, example) -> Path:
    return taken_over(tmp_path / "projet", shared)


def unpacked(archive: Path, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def files(zips) -> dict[str, bytes]:
    """The files of the bundle of October 2016, in memory."""
    with zipfile.ZipFile(zips["real"]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def run(folder: Path, *options: str, **changes: str) -> subprocess.CompletedProcess:
    """`python verify.py` as an evaluator runs it: nothing of ours on the path."""
    options = options or ("-I", "-S")
    environment = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ} | changes
    return subprocess.run(
        [sys.executable, *options, "verify.py"], cwd=folder, env=environment, capture_output=True, timeout=60
    )


def flipped(content: bytes, at: int, bits: int = 1) -> bytes:
    changed = bytearray(content)
    changed[at] ^= bits
    return bytes(changed)


def listed_again(files: dict[str, bytes]) -> dict[str, bytes]:
    """After a change: the manifest, the seals and the list as somebody would write them who hides it."""
    files = dict(files)
    manifest = json.loads(files[verify.MANIFEST])
    report = sorted(n for n in files if n.startswith("report/") and n != verify.MANIFEST)
    manifest["outputs"] = {
        n.removeprefix("report/"): {"sha256": verify.digest(files[n]), "bytes": len(files[n])} for n in report
    }
    files[verify.MANIFEST] = verify.as_json(manifest)
    entries = {n: {"sha256": verify.digest(c), "bytes": len(c)} for n, c in sorted(files.items()) if n != verify.LIST}
    contents = {"schema_version": 1, "files": entries}
    files[verify.LIST] = verify.as_json({**contents, "seal": verify.seal_of(contents)})
    return files


# ---- it verifies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["real", "example"])
def test_a_bundle_verifies_with_python_alone(zips, tmp_path, which):
    folder = unpacked(zips[which], tmp_path / "vide")
    before = projects.sealed(folder)
    done = run(folder)
    said = done.stdout.decode("utf-8", "replace")
    assert (done.returncode, done.stderr) == (0, b""), said
    assert said.count("conforme  ") == len(verify.CHECKS) and "Tout est conforme." in said
    assert "nombres refaits à partir des tables sûres" in said and "nombres relus" in said
    assert verify.digest((folder / verify.LIST).read_bytes()) in said
    assert projects.sealed(folder) == before, "verifying writes nothing"


def test_the_fingerprint_that_is_noted_is_the_one_that_verify_prints(mine):
    said = projects.here(mine, "bundle", *REAL).stdout
    with zipfile.ZipFile(mine / said.split("  ")[0]) as archive:
        assert f"Empreinte à noter ailleurs : {verify.digest(archive.read(verify.LIST))}" in said


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "ascii"])
def test_a_console_that_lacks_a_sign_does_not_stop_it(zips, tmp_path, encoding):
    folder = unpacked(zips["real"], tmp_path / "vide")
    good = run(folder, "-S", PYTHONIOENCODING=encoding)
    assert (good.returncode, good.stderr) == (0, b"") and b"Tout est conforme." in good.stdout
    numbers = folder / "report" / "numbers.csv"
    numbers.write_bytes(flipped(numbers.read_bytes(), 200))
    bad = run(folder, "-S", PYTHONIOENCODING=encoding)
    assert bad.returncode == 1 and b"report/numbers.csv" in bad.stdout and b"Traceback" not in bad.stderr


def test_it_is_run_from_anywhere(zips, tmp_path):
    folder = unpacked(zips["real"], tmp_path / "un dossier, là")
    done = subprocess.run([sys.executable, "-I", folder / "verify.py"], cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0


def test_verify_needs_the_standard_library_of_python_3_9_and_nothing_else():
    source = Path(verify.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {
        (alias.name if isinstance(node, ast.Import) else node.module).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= set(sys.stdlib_module_names)
    assert not imported & {"socket", "urllib", "http", "subprocess", "ctypes", "importlib"}
    assert all(node.level == 0 for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    assert "strict=" not in source  # of zip: Python 3.10


# ---- every change is told ---------------------------------------------------------------------------------------


def named(files: dict[str, bytes], name: str) -> bool:
    return any(re.match(re.escape(name) + r"[ ,]", line) for line in verify.verify(files)[1])


def test_a_flipped_byte_in_each_file_is_named(files):
    chance = random.Random(1)
    for name, content in files.items():
        for at in {0, len(content) - 1, chance.randrange(len(content))}:
            assert named({**files, name: flipped(content, at)}, name), (name, at)


def test_no_byte_of_the_list_itself_can_be_changed(files):
    content = files[verify.LIST]
    for at in range(0, len(content), 3):
        assert named({**files, verify.LIST: flipped(content, at, 1 << at % 8)}, verify.LIST), at


def test_each_missing_file_is_named(files):
    for name in files:
        assert named({n: c for n, c in files.items() if n != name}, name), name


@pytest.mark.parametrize("name", ["report/autre.html", "safe/tables/autre.csv", "note.txt", ".cache", "params/x/y.yml"])
def test_an_added_file_is_named(zips, tmp_path, name):
    folder = unpacked(zips["real"], tmp_path / "vide")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"")
    done = run(folder)
    assert done.returncode == 1 and f"{name} : en trop".encode() in done.stdout


def test_an_added_link_to_a_folder_is_named(zips, tmp_path):
    folder = unpacked(zips["real"], tmp_path / "vide")
    (folder / "safe" / "lien").symlink_to(tmp_path, target_is_directory=True)
    done = run(folder)
    assert done.returncode == 1 and b"safe/lien : en trop" in done.stdout


def test_a_script_alone_says_to_unpack_everything(zips, tmp_path):
    shutil.copy(verify.__file__, tmp_path)
    done = run(tmp_path)
    assert done.returncode == 1 and "Décompressez tout" in done.stdout.decode("utf-8", "replace")


@pytest.mark.full
@pytest.mark.parametrize("which", ["real", "example"])
def test_any_flipped_byte_is_named_by_the_script_itself(zips, tmp_path, which):
    folder = unpacked(zips[which], tmp_path / "vide")
    chance = random.Random(2)
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    for path in paths:
        content = path.read_bytes()
        path.write_bytes(flipped(content, chance.randrange(len(content)), 1 << chance.randrange(8)))
        done = run(folder)
        name = path.relative_to(folder).as_posix()
        assert done.returncode == 1 and name.encode() in done.stdout + done.stderr, name
        path.write_bytes(content)
    assert run(folder).returncode == 0 and len(paths) >= 30


@pytest.mark.full
def test_the_script_tells_its_own_damage(zips, tmp_path):
    """Wherever one bit is turned in it, it does not say that all is well."""
    folder = unpacked(zips["real"], tmp_path / "vide")
    content = (folder / "verify.py").read_bytes()
    chance = random.Random(3)
    for _ in range(250):
        at, bit = chance.randrange(len(content)), chance.randrange(8)
        (folder / "verify.py").write_bytes(flipped(content, at, 1 << bit))
        done = run(folder)
        assert done.returncode == 1 and b"verify.py" in done.stdout + done.stderr, (at, bit)


# ---- what is changed together with every list ---------------------------------------------------------------------


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


def csv_of(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()


def shown(rows: list[list[str]]) -> int:
    return next(n for n, row in enumerate(rows[1:], 1) if row[3])


def replaced(column: str, by: str) -> Callable[[list[list[str]]], None]:
    def change(rows: list[list[str]]) -> None:
        rows[shown(rows)][verify.COLUMNS.index(column)] = by

    return change


NUMBERS = [
    pytest.param(replaced("value", "999"), "value est « 999 », les tables sûres donnent « 67 »", id="a-value"),
    pytest.param(replaced("display", "68"), "display est « 68 »", id="its-writing"),
    pytest.param(replaced("status", "verified"), "status est « verified »", id="its-status"),
    pytest.param(replaced("unit", "people"), "unit est « people »", id="its-unit"),
    pytest.param(replaced("table", "victims"), "table est « victims »", id="its-table"),
    pytest.param(replaced("query", "victims"), "query est « victims »", id="its-query"),
    pytest.param(replaced("caveat", "vérifié"), "caveat est « vérifié »", id="its-caveat"),
    pytest.param(lambda rows: rows.append(rows[-1]), "en double", id="a-row-twice"),
    pytest.param(lambda rows: rows.insert(1, rows.pop()), "un autre ordre", id="another-order"),
    pytest.param(lambda rows: rows.pop(shown(rows)), "numbers.csv", id="a-row-fewer"),
    pytest.param(
        lambda rows: rows.append(["zzz", "gao", "2016-09", "", "", "n.d.", "not_received", "", "", ""]),
        "",
        id="a-row-more",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), NUMBERS)
def test_a_number_changed_together_with_every_list_is_found(files, change, said):
    rows = rows_of(files[verify.NUMBERS])
    change(rows)
    _, wrong = verify.verify(listed_again({**files, verify.NUMBERS: csv_of(rows)}))
    assert wrong and wrong[0].startswith("report/") and said in "\n".join(wrong), wrong


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b' value="67"', b' value="68"', id="the-value-behind"),
        pytest.param(b">67<", b">68<", id="the-words"),
        pytest.param(b"protection_incidents@gao@2016-10", b"protection_incidents@gao@2016-11", id="the-key"),
    ],
)
def test_a_number_of_the_page_changed_together_with_every_list_is_found(files, old, new):
    page = next(name for name in files if name.endswith(".html"))
    assert old in files[page]
    _, wrong = verify.verify(listed_again({**files, page: files[page].replace(old, new, 1)}))
    assert wrong and wrong[0].startswith(page), wrong


def test_a_page_by_another_engine_is_not_read_and_that_is_said(files):
    manifest = json.loads(files[verify.MANIFEST])
    for check in manifest["checks"]:
        if check["name"] == "numbers of the page are registered":
            check["result"] = "not run (Quarto page); blocks checked"
    done, wrong = verify.verify(listed_again({**files, verify.MANIFEST: verify.as_json(manifest)}))
    assert wrong == [] and "ne sont pas relus ici" in done[-1]


def test_a_safe_table_changed_with_the_list_is_found_by_its_seal(files):
    name = "safe/tables/incidents.csv"
    _, wrong = verify.verify(listed_again({**files, name: files[name].replace(b",67,", b",68,")}))
    assert [line.split(" : ")[0] for line in wrong] == [name]


@pytest.mark.parametrize("field", ["version", "nature", "audience"])
def test_safe_tables_of_another_report_are_found(files, field):
    meta = {**json.loads(files[verify.SEALS]), field: "autre"}
    meta["seal"] = verify.seal_of(meta)
    content = verify.as_json(meta)
    _, wrong = verify.verify(listed_again({**files, verify.SEALS: content}))
    assert "ne sont pas celles du rapport" in wrong[0]
    manifest = json.loads(files[verify.MANIFEST])
    manifest["inputs"]["candidate.json"] = verify.digest(content)
    _, wrong = verify.verify(listed_again({**files, verify.SEALS: content, verify.MANIFEST: verify.as_json(manifest)}))
    assert wrong == [f"safe/candidate.json : {field} n’est pas celle de report/manifest.json."]


def test_parameters_changed_with_the_list_are_found_by_the_manifest(files):
    name = "params/disclosure.yml"
    _, wrong = verify.verify(listed_again({**files, name: files[name] + b"\n"}))
    assert wrong == [f"{name} : n’est pas celui de report/manifest.json."]


def test_whoever_changes_everything_is_told_by_the_fingerprint_alone(files):
    """The limit that the guide states."""
    rows = rows_of(files["safe/tables/incidents.csv"])
    printed = {tuple(row[:3]) for row in rows_of(files[verify.NUMBERS])}
    row = next(r for r in rows[1:] if r[3] and tuple(r[:3]) not in printed)
    row[3] = "999"
    changed = {**files, "safe/tables/incidents.csv": csv_of(rows)}
    meta = json.loads(files[verify.SEALS])
    meta["files"]["tables/incidents.csv"] = verify.digest(changed["safe/tables/incidents.csv"])
    meta["seal"] = verify.seal_of(meta)
    changed[verify.SEALS] = verify.as_json(meta)
    manifest = json.loads(files[verify.MANIFEST])
    manifest["inputs"]["candidate.json"] = verify.digest(changed[verify.SEALS])
    changed = listed_again({**changed, verify.MANIFEST: verify.as_json(manifest)})
    assert verify.verify(changed)[1] == []
    assert verify.digest(changed[verify.LIST]) != verify.digest(files[verify.LIST])


@pytest.mark.parametrize("name", [verify.MANIFEST, verify.SEALS, verify.DECLARED, verify.NUMBERS, verify.LIST])
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff", b'{"files": 7}', b"[" * 100_000])
def test_what_cannot_be_read_is_a_sentence(files, name, content):
    changed = {**files, name: content}
    if name not in (verify.MANIFEST, verify.LIST):
        changed = listed_again(changed)
    _, wrong = verify.verify(changed)
    assert wrong and all(re.match(r"[A-Za-z0-9_+./*-]+(, ligne \d+ \(.*\))? : ", line) for line in wrong), wrong


# ---- the same rules, written twice ------------------------------------------------------------------------------


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=5) | st.integers(-(10**12), 10**12),
    st.sampled_from(["people", "percent", ""]),
    st.sampled_from(["verified", "unverified", "mixed", "not_received", "not_published"]),
)
def test_numbers_are_written_as_the_programme_writes_them(value, unit, status):
    for text in (formats.plain(Decimal(value)), ""):
        assert verify.display(text, unit, status) == formats.display(text, unit, status)


def test_numbers_that_were_not_received_are_those_of_the_safe_tables():
    declared = json.loads(verify.as_json(bundle.declared_units()))
    nothing = SafeTables([], {}, {})
    keys = [".".join([stem, *(f"{n}=x" for n in names)]) for stem, *names in (s.split(".") for s in declared)]
    for key in [*keys, "unknown", "protection_incidents.unknown=x"]:
        expected = nothing.get(key, "gao", "2017-06")
        row = verify.made_again((key, "gao", "2017-06"), {}, declared)
        assert row == {name: getattr(expected, name) for name in verify.SAFE_COLUMNS} | {"display": expected.display()}
    assert len(keys) > 50


# ---- what is in it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["real", "example"])
def test_a_bundle_holds_what_the_notebook_was_given_and_nothing_restricted(home, zips, which):
    with zipfile.ZipFile(zips[which]) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    folders = {name.split("/")[0] for name in content if "/" in name}
    assert folders == {"report", "safe", "params", "notebooks", "requirements", "fonts"}
    assert {n for n in content if "/" not in n} == {"LISEZMOI.txt", "verify.py", verify.LIST, verify.DECLARED}
    manifest = json.loads(content[verify.MANIFEST])
    safe = home / "data" / "processed" / "candidate" / which / manifest["version"] / "cluster"
    assert {n.removeprefix("safe/"): verify.digest(c) for n, c in content.items() if n.startswith("safe/")} == (
        projects.sealed(safe)
    )
    params = {"params/places.yml", "params/disclosure.yml", "params/contacts.yml"}
    text = {"params/texts/bulletin/gao/2017-06.md"} if which == "example" else set()
    assert {n for n in content if n.startswith("params/")} == params | text
    assert {"fonts/OFL.txt", "fonts/VeilleSans-Regular.ttf", "requirements/run.txt"} <= set(content)
    received = {hashlib.sha256(p.read_bytes()).hexdigest() for p in (home / "data").glob("[re]*/**/*") if p.is_file()}
    assert not received & {verify.digest(c) for c in content.values()}


@pytest.mark.parametrize(("which", "marked"), [("real", False), ("example", True)])
def test_the_read_me_says_what_it_is(zips, which, marked):
    with zipfile.ZipFile(zips[which]) as archive:
        said = archive.read("LISEZMOI.txt").decode("utf-8")
    assert ("DONNÉES D’EXEMPLE" in said) is marked
    assert "python verify.py" in said and "Diffusion restreinte aux membres du Cluster Protection." in said
    assert f"veille build bulletin gao {'2017-06 --nature example' if marked else '2016-10'}\n" in said
    assert zips[which].parent.relative_to(zips[which].parents[3 if marked else 2]).as_posix() == (
        "reports/exemple/dossiers" if marked else "reports/dossiers"
    )


@pytest.mark.parametrize("which", ["real", "example"])
def test_the_archive_is_plain_sorted_and_dated_by_the_data(zips, which):
    with zipfile.ZipFile(zips[which]) as archive:
        parts = archive.infolist()
        day = json.loads(archive.read(verify.MANIFEST))["received"]
    names = [part.filename for part in parts]
    assert names == sorted(set(names)) and len({n.lower() for n in names}) == len(names)
    for part in parts:
        assert re.fullmatch(r"[A-Za-z0-9_+.-]+(/[A-Za-z0-9_+.-]+)*", part.filename)
        assert ".." not in part.filename and not part.filename.startswith(("/", "\\")) and len(part.filename) < 100
        assert (part.date_time, part.external_attr >> 16) == ((*map(int, day.split("-")), 0, 0, 0), 0o100644)


def test_two_bundles_of_one_report_are_the_same_bytes(mine, zips):
    for path in mine.rglob("*"):
        if path.is_file() and path.stat().st_nlink == 1:
            os.utime(path, (1_000_000_000, 1_000_000_000))
    again = bundled(mine, *REAL)
    assert again.read_bytes() == zips["real"].read_bytes()
    assert bundled(mine, *REAL).read_bytes() == zips["real"].read_bytes(), "the second one replaces the first"


@pytest.mark.full
def test_a_process_of_its_own_writes_the_same_bytes(mine, zips):
    done = projects.veille(mine, "bundle", *EXAMPLE, TZ="Pacific/Auckland", LC_ALL="C", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    assert (mine / done.stdout.split("  ")[0]).read_bytes() == zips["example"].read_bytes()


@pytest.mark.full
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("bulletin", "gao", "2016-10", "--audience", "public"), id="public"),
        pytest.param(("bulletin", "mali", "2016-10", "--as-of", "2026-11-21"), id="as-of"),
        pytest.param(("gbvims", "mali", "2017-Q2"), id="gbvims"),
        pytest.param(("gbvims", "mali", "2017", "--audience", "public"), id="gbvims-public"),
    ],
)
def test_any_report_has_its_bundle(mine, tmp_path, arguments):
    built = projects.here(mine, "build", *arguments)
    assert built.returncode == 0, built.stderr
    archive = bundled(mine, *arguments)
    folder = unpacked(archive, tmp_path / "vide")
    done = run(folder)
    assert done.returncode == 0, done.stdout.decode()
    audience = "public" if "public" in arguments else "cluster"
    assert json.loads((folder / "safe" / "candidate.json").read_text(encoding="utf-8"))["audience"] == audience
    assert ("+public" in archive.name, "+asof-2026-11-21" in archive.name) == (
        audience == "public",
        "--as-of" in arguments,
    )


# ---- what is refused --------------------------------------------------------------------------------------------


def refused(project: Path, *arguments: str, code: int = 4) -> str:
    done = projects.here(project, "bundle", *arguments)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) <= 4
    assert not list((project / "reports").rglob("*.zip"))
    return done.stderr


def test_a_report_that_is_not_built_is_refused_with_the_command_that_makes_it(mine):
    said = refused(mine, "bulletin", "mopti", "2017-06", "--audience", "public", code=2)
    assert "Ce rapport n’est pas encore construit" in said
    assert "veille build bulletin mopti 2017-06 --audience public --nature example" in said


@pytest.mark.parametrize("name", ["bulletin_gao_2016-10.html", "numbers.csv", "bulletin_gao_2016-10.pdf"])
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_packet_that_was_changed_is_refused(mine, name, how):
    path = mine / "reports" / "bulletin" / "gao" / "2016-10" / name
    path.write_bytes(flipped(path.read_bytes(), 40)) if how == "changed" else path.unlink()
    said = refused(mine, *REAL)
    what = "n’est pas celui de" if how == "changed" else "manque,"
    assert f"Le dossier n’est pas fait : report/{name} : {what} report/manifest.json" in said
    assert "veille build bulletin gao 2016-10 --again\n" in said


def test_a_file_beside_the_packet_is_refused(mine):
    (mine / "reports" / "bulletin" / "gao" / "2016-10" / "notes.txt").write_text("x", encoding="utf-8")
    assert "report/notes.txt : en trop, report/manifest.json ne l’annonce pas." in refused(mine, *REAL)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"outputs": 7}'])
def test_a_manifest_that_cannot_be_read_is_refused(mine, content):
    (mine / "reports" / "bulletin" / "gao" / "2016-10" / "manifest.json").write_bytes(content)
    assert "manifest.json" in refused(mine, *REAL)


def change(project: Path, name: str) -> None:
    """One line more; a new file, since finished ones are linked."""
    path = project / name
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content + b"\n")


@pytest.mark.parametrize(
    ("asked", "name", "said"),
    [
        (REAL, "params/contacts.yml", "params/contacts.yml a changé"),
        (EXAMPLE, "params/texts/bulletin/gao/2017-06.md", "2017-06.md a changé"),
        (REAL, "notebooks/bulletin.ipynb", "le programme ou le carnet a changé"),
    ],
)
def test_what_changed_since_the_report_was_built_is_refused(mine, asked, name, said):
    change(mine, name)
    assert said in refused(mine, *asked)


def test_a_lock_of_other_versions_is_refused(mine):
    lock = mine / "requirements" / "run.txt"
    lock.write_text(re.sub(r"^duckdb==\S+", "duckdb==0.0.1", lock.read_text(encoding="utf-8"), flags=re.M))
    assert "requirements/run.txt" in refused(mine, *REAL)


def test_a_report_of_another_data_version_is_refused(mine):
    change(mine, "params/disclosure.yml")
    assert "une autre version des données" in refused(mine, *REAL)


def test_safe_tables_that_were_made_again_are_refused(mine):
    """Sealed, and of the same version, but not those of the report."""
    folder = next((mine / "data" / "processed" / "candidate" / "real").glob("*/cluster"))
    meta = json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
    meta["carried"] = ["x"]
    meta["seal"] = verify.seal_of(meta)
    (folder / "candidate.json").unlink()
    (folder / "candidate.json").write_bytes(verify.as_json(meta))
    assert "les tables sûres ne sont plus celles du rapport" in refused(mine, *REAL)


def test_every_organisation_behind_the_gbv_tables_must_have_agreed(mine, monkeypatch):
    """The safe tables of a version hold all its GBV numbers, whatever the report is about."""
    monkeypatch.setattr(versions, "contributors", lambda version, audience: {"2016-01": ["org_sans_accord"]})
    assert "il manque l’accord" in refused(mine, *REAL)


def test_an_input_that_nobody_decided_on_stops_the_bundle(mine):
    plan = SimpleNamespace(text_path=mine / "params/texts/x.md", project=SimpleNamespace(root=mine))
    with pytest.raises(BuildFailed, match="params/nouveau.yml : on ne sait pas si ce fichier peut sortir"):
        bundle._written(plan, {"inputs": {"params/nouveau.yml": "0" * 64}})


@pytest.mark.parametrize("name", bundle.INSIDE)
def test_what_stays_inside_is_left_out(mine, name):
    plan = SimpleNamespace(text_path=mine / "params/texts/x.md", project=SimpleNamespace(root=mine))
    inputs = {name: "0" * 64, "data/raw/alerts": "0" * 64, "candidate.json": "0" * 64}
    assert bundle._written(plan, {"inputs": inputs}) == {}


def test_the_area_may_be_left_out_when_there_is_only_one(monkeypatch):
    single = dataclasses.replace(products.PRODUCTS["bulletin"], name="seul", areas=("mali",), period_kinds=("year",))
    monkeypatch.setitem(products.PRODUCTS, "seul", single)
    assert stage.place_and_period("seul", "2017", "", "bundle") == ("mali", "2017")
    assert stage.place_and_period("seul", "", "2017", "bundle") == ("mali", "2017")
    assert stage.place_and_period("seul", "mali", "2017", "bundle") == ("mali", "2017")
    assert stage.place_and_period("bulletin", "gao", "2017-06", "bundle") == ("gao", "2017-06")
    with pytest.raises(BadParameter, match="PÉRIODE"):
        stage.place_and_period("seul", "", "", "bundle")
    for given_ in (("gao", ""), ("2017-06", ""), ("", "2017-06"), ("", "")):
        with pytest.raises(BadParameter, match="veille bundle bulletin gao 2017-06"):
            stage.place_and_period("bulletin", *given_, "bundle")
    with pytest.raises(UnknownName):
        stage.place_and_period("buletin", "gao", "2017-06", "bundle")


# ---- made again, without the data ---------------------------------------------------------------------------------


def zipped(files: dict[str, bytes], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.full
def test_the_report_is_made_again_from_its_safe_tables_byte_for_byte(zips, tmp_path):
    """In an empty folder: neither the project's data nor its parameters are there."""
    done = projects.veille(tmp_path, "rebuild", str(zips["real"]), "--out", "refait", VEILLE_ROOT=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("identique  ") == 5 and "DIFFÉRENT" not in done.stdout
    with zipfile.ZipFile(zips["real"]) as archive:
        for name in ("bulletin_gao_2016-10.html", "bulletin_gao_2016-10.pdf", "numbers.csv"):
            assert (tmp_path / "refait" / name).read_bytes() == archive.read(f"report/{name}")
    assert [p.name for p in tmp_path.iterdir()] == ["refait"]


@pytest.mark.full
@pytest.mark.parametrize("arguments", [EXAMPLE, ("gbvims", "mali", "2017-Q2")], ids=["bulletin", "gbvims"])
def test_any_report_is_made_again(mine, tmp_path, arguments):
    assert projects.here(mine, "build", *arguments).returncode == 0
    folder = unpacked(bundled(mine, *arguments), tmp_path / "vide")
    before = projects.sealed(folder)
    done = projects.here(folder, "rebuild", ".")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("identique  ") == 5
    assert projects.sealed(folder) == before


@pytest.mark.full
def test_what_is_made_again_differently_is_named(files, tmp_path):
    """A Word file that nobody built, with its lists in order: only making it again tells."""
    name = "report/bulletin_gao_2016-10.docx"
    changed = listed_again({**files, name: files[name] + b"x"})
    done = projects.here(tmp_path, "rebuild", str(zipped(changed, tmp_path / "x.zip")))
    assert done.returncode == 1
    assert "DIFFÉRENT  bulletin_gao_2016-10.docx" in done.stdout and done.stdout.count("identique") == 4
    assert "1 fichier(s) du rapport ne se refont pas à l’identique." in done.stderr


def manifest_with(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    manifest = json.loads(files[verify.MANIFEST]) | changes
    return listed_again({**files, verify.MANIFEST: verify.as_json(manifest)})


def test_another_programme_does_not_make_it_again(files, tmp_path):
    path = zipped(manifest_with(files, code_digest="0" * 64, git_commit="a" * 40), tmp_path / "x.zip")
    with pytest.raises(BuildFailed, match="git checkout a{40}"):
        again.rebuild(path)


def test_other_installed_versions_do_not_make_it_again(files, tmp_path):
    versions_ = json.loads(files[verify.MANIFEST])["locked_versions"] | {"typst": "0.0.1"}
    with pytest.raises(BuildFailed, match="autres versions de : typst"):
        again.rebuild(zipped(manifest_with(files, locked_versions=versions_), tmp_path / "x.zip"))


def test_a_notebook_of_a_bundle_is_never_run(files, tmp_path):
    """Even when its digest is the right one for it."""
    name = "notebooks/bulletin.ipynb"
    own = tmp_path / "bulletin.ipynb"
    own.write_bytes(files[name] + b"\n")
    inputs = json.loads(files[verify.MANIFEST])["inputs"] | {name: verify.digest(own.read_bytes())}
    digest = again.packet.code_digest(own)
    changed = manifest_with({**files, name: own.read_bytes()}, inputs=inputs, code_digest=digest)
    with pytest.raises(BuildFailed, match="une autre version de veille"):
        again.rebuild(zipped(changed, tmp_path / "x.zip"))


@pytest.mark.parametrize("name", ["params/../../x", "../x", "/x", "params\\x"])
def test_a_name_that_leads_elsewhere_is_refused(files, tmp_path, name):
    with pytest.raises(BadData, match="mènerait ailleurs"):
        again.rebuild(zipped(listed_again({**files, name: b"x"}), tmp_path / "x.zip"))


def test_what_is_not_a_bundle_is_refused(files, tmp_path):
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(BadParameter, match="pas un dossier de l’évaluateur"):
        again.rebuild(tmp_path / "notes.txt")
    with pytest.raises(BadData, match="CONTENTS.json : manque"):
        again.rebuild(tmp_path)
    with pytest.raises(BadParameter, match="existe déjà"):
        again.rebuild(tmp_path, tmp_path)


@pytest.mark.full
def test_a_released_version_is_no_draft(mine):
    assert projects.here(mine, "release", "--as-of", "2026-11-21").returncode == 0
    asked = (*REAL, "--as-of", "2026-11-21")
    assert projects.here(mine, "build", *asked).returncode == 0
    done = projects.here(mine, "bundle", *asked)
    assert done.returncode == 0 and "brouillon" not in done.stderr, done.stderr
    assert "brouillon" in projects.here(mine, "build", *REAL).stderr + projects.here(mine, "bundle", *REAL).stderr
