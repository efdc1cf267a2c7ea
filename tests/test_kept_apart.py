"""Rows about people never enter git: not staged, not in history, not under another name, not packed in something else.

Every row here is invented. Canaries are put together, so that this file holds none.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import xlsxwriter
import yaml

from veille.schemas import definitions, template, xlsform

ROOT = Path(__file__).resolve().parents[1]
CHECK = ROOT / "tools" / "check_files.py"
SCHEMAS = ROOT / "src" / "veille" / "schemas"
sys.path.insert(0, str(CHECK.parent))
import check_files  # noqa: E402 (the tool is a script beside the package, not a part of it)

SECRET = "Aminata-inventée"  # stands for every value: no message may quote it
CANARY = "CANARI-" + "RECIT-000123"
PUBLIC = "source: unhcr_idps\nsensitivity: public\n"


# --- a repository ---------------------------------------------------------------------------------------------------


class Repository:
    """A repository in a folder of the test, with git's own commands and the tool as people run it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")
        for key, value in {"user.name": "Essai", "user.email": "essai@example.org", "gc.auto": "0"}.items():
            self.git("config", key, value)

    def git(self, *arguments: str) -> str:
        out = subprocess.run(
            ["git", *arguments], cwd=self.root, capture_output=True, encoding="utf-8", env=ENVIRONMENT, check=True
        )
        return out.stdout

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add(self, name: str, content: bytes | str = b"") -> Path:
        path = self.root / name if (self.root / name).exists() else self.write(name, content)
        self.git("add", "--force", name)
        return path

    def commit(self, message: str = "Un commit") -> None:
        self.git("commit", "--quiet", "--no-verify", "--allow-empty", "--message", message)

    def check(self, *arguments: str, folder: str = ".") -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, str(CHECK), *arguments],
            cwd=self.root / folder,
            capture_output=True,
            encoding="utf-8",
            env=ENVIRONMENT,
            check=False,
        )
        return done.returncode, done.stderr


# Nobody's own settings, and not the repository of these tests when git runs them from a hook.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
ENVIRONMENT |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path / "depot")


# --- the ways a table is written ------------------------------------------------------------------------------------

KOBO = ["start", "lieu/cercle", "femmes", "_id", "_uuid", "_submission_time", "_validation_status", "_submitted_by"]
KOBO_ROWS = [["2017-06-01", "Gao", "1", str(n), f"u-{n}", "2017-06-02", "", SECRET] for n in range(3)]
RECORDER = ["INCIDENT ID", "SURVIVOR CODE", "CASE MANAGER CODE", "DATE OF INTERVIEW", "SEX", "GBV TYPE"]
RECORDER_ROWS = [[f"I-{n}", SECRET, "CM-1", "2017-06-01", "F", "Rape"] for n in range(3)]
FIVEW = ["Organisation Accronyme", "Region", "Cercle", "Village", "Activités"]
FIVEW_ROWS = [["ONG", "Gao", "Ansongo", SECRET, "Écoute"]] * 2
ALERTS = ["alerte_id", "emise_le", "nature", "cercle", "verification", "destinataire", "suite", "suite_le"]
ALERTS_ROWS = [["AL-1", "2017-06-01", "incident", "Ansongo", "verifie", "EHP", SECRET, ""]] * 2


def text(header: list[str], rows: list[list[str]], delimiter: str = ",", quote: str = "", end: str = "\n") -> str:
    lines = [delimiter.join(f"{quote}{cell}{quote}" for cell in line) for line in (header, *rows)]
    return end.join(lines) + end


def records(header: list[str], rows: list[list[str]]) -> list[dict[str, str]]:
    return [dict(zip(header, row, strict=True)) for row in rows]


def frame(header: list[str], rows: list[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=header)


def workbook(header: list[str], rows: list[list[str]] = (), title: str = "", **options) -> bytes:
    """A workbook whose rows are in a hidden second sheet."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **options}) as book:
        book.add_worksheet("Lisez-moi").write(0, 0, "Mode d’emploi")
        hidden = book.add_worksheet("Data")
        hidden.hide()
        lines = [[title]] * bool(title) + [header, *rows]
        for number, line in enumerate(lines):
            for place, cell in enumerate(line):
                hidden.write_string(number, place, cell)
    return buffer.getvalue()


def document(header: list[str], rows: list[list[str]]) -> bytes:
    import docx

    made = docx.Document()
    table = made.add_table(rows=0, cols=len(header))
    for line in (header, *rows):
        for cell, said in zip(table.add_row().cells, line, strict=True):
            cell.text = said
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def open_document(header: list[str], rows: list[list[str]]) -> bytes:
    cells = "".join(
        "<table:table-row>"
        + "".join(f"<table:table-cell><text:p>{c}</text:p></table:table-cell>" for c in line)
        + "</table:table-row>"
        for line in (header, *rows)
    )
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": f"<o>{cells}</o>"})


def zipped(parts: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def locked(content: bytes) -> bytes:
    """The archive as one made with a password says that it is: its bit of encryption is set."""
    out = bytearray(content)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        out[out.index(mark) + at] |= 1
    return bytes(out)


def tarred(name: str, content: bytes, mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        about = tarfile.TarInfo(name)
        about.size = len(content)
        archive.addfile(about, io.BytesIO(content))
    return buffer.getvalue()


def parquet(header: list[str], rows: list[list[str]], folder: Path) -> bytes:
    path = folder / "made.parquet"
    df = frame(header, rows)  # noqa: F841 (duckdb reads it by its name)
    duckdb.execute(f"COPY df TO '{path.as_posix()}' (FORMAT parquet)")
    return path.read_bytes()


def database(header: list[str], rows: list[list[str]], folder: Path) -> bytes:
    path = folder / "made.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        columns = ", ".join(f'"{name}" TEXT' for name in header)
        connection.execute(f"CREATE TABLE t ({columns})")
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(header))})", rows)
    connection.close()
    return path.read_bytes()


def notebook(source: str = "", outputs: list = (), count: int | None = None) -> str:
    lines = source.splitlines(keepends=True)
    cell = {"cell_type": "code", "source": lines, "metadata": {}, "outputs": list(outputs), "execution_count": count}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)


CSV = text(KOBO, KOBO_ROWS)
FROM_KOBO, FROM_RECORDER, IDENTIFIES = "export KoBo", "GBVIMS", "classe I"
STAYS_INSIDE, WITNESS, UNREAD = "classe R", "chaîne témoin", "illisible"
RESTRICTED, GENERATED, NO_PAPERS = "dépôt restreint", "fichier produit", "sans papiers"

# What is refused staged, then in the history, then in the history once it has been deleted: name -> (content, why).
ATTACKS: dict[str, tuple[bytes | str | Callable[[Path], bytes], str]] = {
    # KoBo, in every kind of delimited text
    "a/comma.csv": (CSV, FROM_KOBO),
    "a/header-alone.csv": (text(KOBO, []), FROM_KOBO),
    "a/semicolon-quoted-bom.csv": ("\ufeff" + text(KOBO, KOBO_ROWS, ";", '"'), FROM_KOBO),
    "a/tab.tsv": (text(KOBO, KOBO_ROWS, "\t"), FROM_KOBO),
    "a/pipe-and-no-extension": (text(KOBO, KOBO_ROWS, "|"), FROM_KOBO),
    "a/caret.txt": (text(KOBO, KOBO_ROWS, "^"), FROM_KOBO),
    "a/written-by-r.txt": (text(KOBO, KOBO_ROWS, " ", '"'), FROM_KOBO),
    "a/read-by-r.csv": (CSV.replace(",_", ",X_").replace("/", "."), FROM_KOBO),
    "a/aligned.log": (frame(KOBO, KOBO_ROWS).drop(columns="_validation_status").to_string(index=False), FROM_KOBO),
    "a/old-mac-lines.txt": (text(KOBO, KOBO_ROWS, ",", end="\r"), FROM_KOBO),
    "a/utf-16.csv": (text(KOBO, KOBO_ROWS, "\t").encode("utf-16"), FROM_KOBO),
    "a/utf-16-without-its-mark.dat": (text(KOBO, KOBO_ROWS, ";").encode("utf-16-be"), FROM_KOBO),
    "a/latin-1.txt": (text(["Région", *KOBO], [["Ségou", *row] for row in KOBO_ROWS]).encode("latin-1"), FROM_KOBO),
    "a/third-line-under-a-title.txt": ("Export du mois, Gao\n\n" + CSV * 40, FROM_KOBO),
    "a/names-split-by-a-mark.txt": (CSV.replace("_uuid", "_uu\ufeffid").replace("_sub", "_s\u200bub"), FROM_KOBO),
    "a/a-header-on-two-lines.txt": (
        text(["Nombre de\nfemmes", *KOBO], [["1", *row] for row in KOBO_ROWS], ";", '"'),
        FROM_KOBO,
    ),
    "a/renamed.png": (CSV, FROM_KOBO),
    "a/labels.csv": (
        text(["Région", "Nombre de femmes", "_id", "_uuid", "_submission_time"], [["Gao", "1", "7", "u", SECRET]], ";"),
        FROM_KOBO,
    ),
    "a/repeat-group.csv": (
        text(["age", "_parent_table_name", "_parent_index", "_submission__uuid"], [["9", "m", "1", SECRET]]),
        FROM_KOBO,
    ),
    "tests/in-the-tests.csv": (CSV * 2, FROM_KOBO),
    "src/veille/in-the-package.csv": (CSV * 3, FROM_KOBO),
    "docs/a-page.md": (text(KOBO, [["---"] * len(KOBO), *KOBO_ROWS], " | "), FROM_KOBO),
    # KoBo, elsewhere
    "b/records.json": (json.dumps(records(KOBO, KOBO_ROWS), indent=2), FROM_KOBO),
    "b/api-names.json": (json.dumps({"results": [{"formhub/uuid": "f", "meta/instanceID": SECRET}]}), FROM_KOBO),
    "b/lines.jsonl": ("\n".join(map(json.dumps, records(KOBO, KOBO_ROWS))), FROM_KOBO),
    "b/map.geojson": (
        json.dumps({"type": "F", "features": [{"properties": r} for r in records(KOBO, KOBO_ROWS)]}),
        FROM_KOBO,
    ),
    "b/split-by-pandas.json": (frame(KOBO, KOBO_ROWS).to_json(orient="split"), FROM_KOBO),
    "b/by-column.json": (frame(KOBO, KOBO_ROWS).to_json(), FROM_KOBO),
    "b/page.html": (frame(KOBO, KOBO_ROWS).to_html(), FROM_KOBO),
    "b/pasted.ipynb": (notebook(f'donnees = """\n{CSV}"""\n'), FROM_KOBO),
    "b/instance.xml": (
        f"<data><meta><instanceID>{'uuid'}:0a1b2c3d-0000-4000-8000-000000000000</instanceID></meta><nom>{SECRET}</nom></data>",
        "formulaire KoBo rempli",
    ),
    "b/dump.sql": (f"INSERT INTO t ({', '.join(KOBO)}) VALUES ({', '.join(KOBO_ROWS[0])});\n" * 3, FROM_KOBO),
    "b/base64.txt": (base64.encodebytes((CSV * 3).encode()), FROM_KOBO),
    # Base64 of several lengths: the last bytes are written with or without signs of padding.
    **{
        f"b/attached-{n}.html": (
            b"<a href='data:;base64," + base64.b64encode(workbook(KOBO, KOBO_ROWS, title="x" * n)) + b"'>x</a>",
            FROM_KOBO,
        )
        for n in (1, 20, 300)
    },
    # workbooks, documents, archives
    "c/workbook.xlsx": (workbook(KOBO, KOBO_ROWS), FROM_KOBO),
    "c/strings-in-the-cells.xlsx": (workbook(KOBO, KOBO_ROWS, in_memory=False, constant_memory=True), FROM_KOBO),
    "c/under-a-title.xlsx": (workbook(KOBO, title="Export du mois"), FROM_KOBO),
    "c/renamed.bin": (workbook(KOBO, KOBO_ROWS), FROM_KOBO),
    "c/no-extension": (workbook(RECORDER, RECORDER_ROWS), FROM_RECORDER),
    "c/table.docx": (document(KOBO, KOBO_ROWS), FROM_KOBO),
    "c/sheet.ods": (open_document(KOBO, KOBO_ROWS), FROM_KOBO),
    "c/behind-a-picture.png": (b"\x89PNG\r\n\x1a\n" + b"\x07" * 99 + zipped({"a.csv": CSV}), FROM_KOBO),
    "c/archive.zip": (zipped({"juin/export.xlsx": workbook(KOBO, KOBO_ROWS)}), FROM_KOBO),
    "c/archive.tar.gz": (tarred("juin/export.csv", CSV.encode()), FROM_KOBO),
    "c/archive.tar": (tarred("juin/export.xlsx", workbook(KOBO, KOBO_ROWS), "w"), FROM_KOBO),
    "c/zip-in-tar": (tarred("a.zip", zipped({"b.csv.gz": gzip.compress(CSV.encode())})), FROM_KOBO),
    "c/export.csv.gz": (gzip.compress(CSV.encode()), FROM_KOBO),
    "c/export.csv.bz2": (bz2.compress(CSV.encode()), FROM_KOBO),
    "c/export.csv.xz": (lzma.compress(CSV.encode()), FROM_KOBO),
    "c/kobo.parquet": (lambda folder: parquet(KOBO, KOBO_ROWS, folder), FROM_KOBO),
    "c/recorder-renamed.dat": (lambda folder: parquet(RECORDER, RECORDER_ROWS, folder), FROM_RECORDER),
    "c/pickled.pkl.gz": (gzip.compress(pickle.dumps(frame(RECORDER, RECORDER_ROWS))), FROM_RECORDER),
    "c/kobo.sqlite": (lambda folder: database(KOBO, KOBO_ROWS, folder), FROM_KOBO),
    # Incident Recorder
    "d/recorder.csv": (text(RECORDER, RECORDER_ROWS), FROM_RECORDER),
    "d/recorder.xlsx": (workbook(RECORDER, RECORDER_ROWS, "GBVIMS"), FROM_RECORDER),
    "d/four-of-the-42.txt": (
        text(["AGE", "gbv type", "Consent_Given", "SEX", "INCIDENT CAMP / TOWN"], [["9", "x", "oui", "F", SECRET]] * 2),
        FROM_RECORDER,
    ),
    "d/quoted-comma.csv": (
        f'"MONEY, GOODS, BENEFITS AND / OR SERVICES EXCHANGED ?",SEX,ETHNICITY,GBV TYPE\nnon,F,{SECRET},Rape\n',
        FROM_RECORDER,
    ),
    # columns that identify, as our own definitions name them
    "e/survivor.csv": (text(["mois", "survivor_code"], [["2017-06", SECRET]]), IDENTIFIES),
    "e/in-french.txt": (text(["Code", "Date de naissance", "Sexe"], [["1", SECRET, "F"]] * 2, ";"), IDENTIFIES),
    "e/of-the-form.csv": (text(["lieu/cercle", "lieu/localite"], [["Gao", SECRET]]), IDENTIFIES),
    "e/village-of-an-incident.txt": (
        text(["region", "cercle", "localite", "femmes"], [["Gao", "Ansongo", SECRET, "1"]] * 2, ";"),
        IDENTIFIES,
    ),
    "e/fivew.csv": (text(FIVEW, [["#org", "#adm1", "#adm2", "#loc", "#activity"], *FIVEW_ROWS]), IDENTIFIES),
    "e/fivew.xlsx": (workbook(FIVEW, FIVEW_ROWS), IDENTIFIES),
    "e/name-of-a-victim.json": (
        json.dumps(
            [{"casualty": "tue", "accident_date": "2017-06-01", "explosive": "eei", "age_band": "18", "name": SECRET}]
        ),
        IDENTIFIES,
    ),
    "e/incidents.parquet": (
        lambda folder: parquet(
            ["month", "pcode", "narrative", "category"], [["2017-06", "ML0701", SECRET, "vie"]], folder
        ),
        IDENTIFIES,
    ),
    # rows that stay inside, as our own definitions name them
    "f/alerts.csv": (text(ALERTS, ALERTS_ROWS, ";"), STAYS_INSIDE),
    "f/incidents.parquet": (
        lambda folder: parquet(
            list(definitions.table("incidents").kept), [[SECRET] * len(definitions.table("incidents").kept)], folder
        ),
        STAYS_INSIDE,
    ),
    "f/a-template-once-filled.xlsx": (
        workbook([c.label.fr for c in definitions.table("gbv_incidents").asked.values()], [[SECRET] * 3]),
        STAYS_INSIDE,
    ),
    # canaries
    "g/note.md": (f"Vu sur place : {CANARY}.\n", WITNESS),
    "g/code.py": (f"x = {CANARY!r}\n", WITNESS),
    "g/utf-16.txt": (f"Vu : {CANARY}".encode("utf-16"), WITNESS),
    "g/picture.png": (b"\x89PNG\r\n\x1a\n\0\0" + bytes(range(32)) * 9 + CANARY.encode() + b"\0", WITNESS),
    "g/workbook.xlsx": (workbook(["a"], [[CANARY]]), WITNESS),
    f"g/{CANARY}.txt": ("rien", WITNESS),
    # what cannot be read
    "h/password.zip": (locked(zipped({"a.csv": "a,b\n"})), UNREAD),
    "h/archive.7z": (b"7z\xbc\xaf\x27\x1c\0\4" + b"\1" * 40, UNREAD),
    "h/old-workbook.bin": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, UNREAD),
    "h/broken.xlsx": ("pas un classeur", UNREAD),
    "h/cut.gz": (gzip.compress(os.urandom(900))[:-40], UNREAD),
    "h/unpacks-too-far.xlsx": (zipped({"xl/worksheets/sheet1.xml": b" " * (64 * 2**20 + 1)}), UNREAD),
    # places
    "data/raw/cpims/2017-07-05/source.yml": ("source: cpims\nsensitivity:   'restricted'   # protocole\n", RESTRICTED),
    "data/raw/cpims/2017-07-05/part/enfants.csv": (f"a,b\n{SECRET},1\n", RESTRICTED),
    "data/raw/kobo/2017-07-05/restricted/a.txt": ("x", RESTRICTED),
    "data/raw/inconnu/2017-07-05/a.csv": ("a,b\n1,2\n", NO_PAPERS),
    "reports/bulletin/gao/2016-10/numbers.csv": ("key\n", GENERATED),
    "data/example/alerts/2017-06-05/a.csv": ("a\n", GENERATED),
    "data/processed/candidate/real/0/a.csv": ("a\n", GENERATED),
}


@pytest.fixture(scope="module")
def attacked(tmp_path_factory) -> dict[str, str]:
    """What the tool says of all attacks at once: staged, committed, and deleted by a later commit."""
    folder = tmp_path_factory.mktemp("attaques")
    made = Repository(folder / "depot")
    for name, (content, _) in ATTACKS.items():
        made.write(name, content(folder) if callable(content) else content)
    made.git("add", "--force", "--all")
    staged = made.check(*ATTACKS)
    made.commit()
    made.git("rm", "--quiet", "-r", ".")
    made.commit("Effacé")
    deleted = made.check("--objects")
    assert staged[0] == deleted[0] == 1
    return {"staged": staged[1], "deleted": deleted[1]}


def _shown(name: str) -> str:
    return name.replace(CANARY, "CANARI-…")


def _line_of(said: str, name: str) -> str:
    return next((line for line in said.splitlines() if line.startswith((f"{_shown(name)} ", f"{_shown(name)},"))), "")


@pytest.mark.parametrize("name", ATTACKS, ids=_shown)
def test_refused_when_staged(attacked, name):
    assert ATTACKS[name][1] in _line_of(attacked["staged"], name)


@pytest.mark.parametrize("name", ATTACKS, ids=_shown)
def test_refused_in_the_history_even_once_deleted(attacked, name):
    # Contents that are the same are one object, named by all its paths.
    named = [line for line in attacked["deleted"].splitlines() if _shown(name) in line.partition(" (objet ")[0]]
    assert any(ATTACKS[name][1] in line for line in named), attacked["deleted"]


def test_messages_say_what_to_do_and_quote_no_value(attacked):
    for said in attacked.values():
        assert SECRET not in said and CANARY not in said
    assert all("git rm --cached" in line for line in attacked["staged"].splitlines()[:-1])
    assert "git log --all --reflog --oneline --find-object" in attacked["deleted"]
    assert "git gc --prune=now" in attacked["deleted"]


# --- the corners of a repository ------------------------------------------------------------------------------------


def _on_another_branch(r: Repository) -> None:
    r.git("switch", "--quiet", "--create", "essai")
    r.add("export.csv", CSV)
    r.commit()
    r.git("switch", "--quiet", "main")


def _under_a_tag_alone(r: Repository) -> None:
    _on_another_branch(r)
    r.git("tag", "--annotate", "v1", "essai", "--message", "Essai")
    r.git("branch", "--quiet", "-D", "essai")
    r.git("reflog", "expire", "--expire=now", "--all")


def _a_tag_of_a_file(r: Repository) -> None:
    r.write("x", CSV)
    r.git("tag", "--annotate", "v1", r.git("hash-object", "-w", "x").strip(), "--message", "Essai")


def _in_a_stash(r: Repository) -> None:
    r.add("export.csv", CSV)
    r.git("stash", "--quiet")


def _in_a_stash_of_untracked_files(r: Repository) -> None:
    r.write("export.csv", CSV)
    r.git("stash", "--quiet", "--include-untracked")


def _added_then_taken_back(r: Repository) -> None:
    r.add("export.csv", CSV)
    r.git("rm", "--quiet", "--cached", "export.csv")


def _in_a_commit_that_was_amended(r: Repository) -> None:
    r.add("export.csv", CSV)
    r.commit()
    r.git("rm", "--quiet", "--cached", "export.csv")
    r.git("commit", "--quiet", "--amend", "--allow-empty", "--message", "Corrigé")


def _in_a_pack(r: Repository) -> None:
    r.add("export.csv", CSV)
    r.commit()
    r.git("rm", "--quiet", "export.csv")
    r.commit()
    r.git("gc", "--quiet")


def _in_a_note(r: Repository) -> None:
    r.write("x", CSV)
    r.git("notes", "add", "--file", "x", "HEAD")


def _in_the_message_of_a_commit(r: Repository) -> None:
    r.commit(f"Vu sur place : {CANARY}")


def _in_the_message_of_a_tag(r: Repository) -> None:
    r.git("tag", "--annotate", "v1", "--message", CSV)


def _staged_only(r: Repository) -> None:
    r.add("export.csv", CSV)


def _renamed_then_deleted(r: Repository) -> None:
    r.add("export.csv", CSV)
    r.commit()
    r.git("mv", "export.csv", "photo.png")
    r.commit()
    r.git("rm", "--quiet", "photo.png")
    r.commit()


CORNERS = [
    pytest.param(_on_another_branch, "export.csv (objet ", id="another-branch"),
    pytest.param(_under_a_tag_alone, "export.csv (objet ", id="annotated-tag"),
    pytest.param(_a_tag_of_a_file, "sans chemin connu (objet ", id="annotated-tag-of-a-file"),
    pytest.param(_in_a_stash, "export.csv (objet ", id="stash"),
    pytest.param(_in_a_stash_of_untracked_files, "export.csv (objet ", id="stash-of-untracked-files"),
    pytest.param(_added_then_taken_back, "sans chemin connu (objet ", id="added-then-taken-back"),
    pytest.param(_in_a_commit_that_was_amended, "export.csv (objet ", id="amended-commit"),
    pytest.param(_in_a_pack, "export.csv (objet ", id="pack"),
    pytest.param(_in_a_note, "(objet ", id="git-note"),
    pytest.param(_in_the_message_of_a_commit, "message d’un commit (objet ", id="message-of-a-commit"),
    pytest.param(_in_the_message_of_a_tag, "message d’une étiquette (objet ", id="message-of-a-tag"),
    pytest.param(_staged_only, "export.csv (objet ", id="staged-only"),
    pytest.param(_renamed_then_deleted, "export.csv, photo.png (objet ", id="renamed-then-deleted"),
]


@pytest.mark.parametrize(("hide", "named"), CORNERS)
def test_no_corner_of_a_repository_hides_it(repository, hide, named):
    repository.add("lisez-moi.md", "Bonjour.\n")
    repository.commit()
    assert repository.check("--objects") == (0, "")
    hide(repository)
    code, said = repository.check("--objects")
    assert code == 1
    assert named in said and SECRET not in said


def test_what_is_erased_for_good_is_no_longer_refused(repository):
    """The steps that the message gives really end it."""
    repository.commit()
    _added_then_taken_back(repository)
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    assert repository.check("--objects") == (0, "")


def test_an_innocent_copy_elsewhere_does_not_hide_a_forbidden_path(repository):
    repository.add("a.csv", "a\n1\n")
    repository.add("data/processed/tables/real/0/a.csv", "a\n1\n")
    repository.commit()
    code, said = repository.check("--objects")
    assert code == 1 and "data/processed/tables/real/0/a.csv" in said and GENERATED in said


def test_a_deposit_that_became_public_was_restricted_before(repository):
    papers = "data/raw/cpims/2017-07-05/source.yml"
    repository.add(papers, "sensitivity: restricted\n")
    repository.add("data/raw/cpims/2017-07-05/a.csv", "a\n1\n")
    repository.commit()
    repository.write(papers, "sensitivity: public\n")
    repository.git("add", papers)
    repository.commit()
    code, said = repository.check("--objects")
    assert code == 1 and said.count(RESTRICTED) == 2


@pytest.mark.parametrize("papers", ["sensitivity: restricted", "sensitivity: interne", "title: sans classe", ""])
def test_papers_that_do_not_say_public_are_restricted(repository, papers):
    repository.add("data/raw/cpims/2017-07-05/source.yml", f"source: cpims\n{papers}\n")
    repository.add("data/raw/cpims/2017-07-05/a.csv", b"a,b\n")
    code, said = repository.check()
    assert code == 1 and said.count(RESTRICTED) == 2


CONSENT = "params/consent.yml"
MEMBER = "{organisation: org_a, audiences: [cluster], until: 2018-12-31, reference: Accord}"


@pytest.mark.parametrize(
    "agreements",
    [
        pytest.param(f"agreements:\n  - {MEMBER}\n", id="one-line-each"),
        pytest.param(f"agreements: [{MEMBER}]\n", id="one-line"),
        pytest.param("agreements:\n- reference: Accord n#1\n  organisation: org_a\n", id="one-key-a-line"),
    ],
)
def test_agreements_that_name_an_organisation_do_not_enter_git(repository, agreements):
    shipped = (ROOT / CONSENT).read_text(encoding="utf-8")
    repository.add(CONSENT, shipped)
    repository.add("docs/accord.yml", f"agreements: [{MEMBER}]\n")
    repository.commit()
    assert repository.check() == repository.check("--objects") == (0, "")
    repository.write(CONSENT, shipped.replace("agreements: []\n", agreements))
    repository.git("add", CONSENT)
    code, said = repository.check(CONSENT)
    assert code == 1 and "organisations" in said and "org_a" not in said
    repository.commit()
    repository.write(CONSENT, shipped)
    repository.git("add", CONSENT)
    repository.commit()
    assert repository.check() == (0, "")
    code, said = repository.check("--objects")
    assert code == 1 and CONSENT in said


# --- what git does not see, and what the hook stops -----------------------------------------------------------------


def _received(repository: Repository) -> list[str]:
    """A clone after a month of work: our .gitignore, a restricted deposit as it is received, tables and reports."""
    shutil.copy(ROOT / ".gitignore", repository.root)
    shutil.copytree(ROOT / "tools", repository.root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(SCHEMAS, repository.root / "src/veille/schemas", ignore=shutil.ignore_patterns("__pycache__"))
    deposit = "data/raw/kobo_incidents/2017-07-05"
    forbidden = {
        f"{deposit}/.gitignore": "*\n",  # as the command writes it: see test_receive.py
        f"{deposit}/source.yml": "source: kobo_incidents\nsensitivity: restricted\n",
        f"{deposit}/export.xlsx": workbook(KOBO, KOBO_ROWS),
        "data/raw/gbvims/2017-07-05/restricted/a.csv": "a\n1\n",
        "data/processed/tables/real/0/incidents.csv": "a\n1\n",
        "data/example/alerts/2017-06-05/a.csv": "a\n1\n",
        "reports/bulletin/gao/2017-06/bulletin.html": "<p>Bonjour</p>",
    }
    for name, content in forbidden.items():
        repository.write(name, content)
    return list(forbidden)


def test_git_add_does_not_see_what_is_restricted_or_generated(repository):
    forbidden = _received(repository)
    repository.git("add", "--all")
    seen = repository.git("ls-files").splitlines()
    assert "tools/check_files.py" in seen
    assert set(seen) & set(forbidden) == set()
    assert repository.check() == (0, "")


def test_what_is_added_by_force_stops_at_the_hook_and_in_ci(repository):
    """The hook of .pre-commit-config.yaml, run by git as pre-commit runs it: the names that are staged."""
    forbidden = _received(repository)
    given = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    (entry,) = [hook["entry"] for hook in given["repos"][0]["hooks"] if hook["id"] == "check-files"]
    command = entry.replace("python ", f"{shlex.quote(sys.executable)} ", 1)
    hook = repository.write(
        ".git/hooks/pre-commit", f"#!/bin/sh\ngit diff --cached --name-only -z --diff-filter=d | xargs -0 {command}\n"
    )
    hook.chmod(0o755)
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "Le projet")
    repository.git("add", "--force", *forbidden)
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        repository.git("commit", "--quiet", "--message", "Un oubli")
    assert [name for name in forbidden if name not in stopped.value.stderr] == []
    repository.commit("Sans le hook")
    code, said = repository.check("--objects")
    assert code == 1
    assert [name for name in forbidden if name not in said] == []


def test_what_counts_is_what_is_staged_not_what_is_on_the_disk(repository):
    repository.add("a.csv", CSV)
    repository.write("a.csv", "a\n1\n")
    assert repository.check("a.csv")[0] == 1
    repository.git("add", "a.csv")
    repository.write("a.csv", CSV)
    assert repository.check("a.csv") == (0, "")


def test_ci_reads_every_object_before_anything_else():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.endswith("tools/check_files.py --objects")]
    assert "set -euo pipefail" in lines[:at]
    assert not [line for line in lines[:at] if line.lstrip().startswith(("make ", "(cd "))]


# --- what passes ----------------------------------------------------------------------------------------------------


def _form(folder: Path) -> bytes:
    xlsform.write(folder / "form.xlsx")
    return (folder / "form.xlsx").read_bytes()


def _templates(folder: Path) -> bytes:
    for name in definitions.tables():
        template.write(folder / f"{name}.xlsx", name)
    return zipped({p.name: p.read_bytes() for p in folder.glob("*.xlsx")})


INNOCENTS: dict[str, bytes | str | Callable[[Path], bytes]] = {
    "src/columns.py": f"KOBO = (\n    {KOBO!r}\n)\nRECORDER = {RECORDER!r}\nSETS = {set(KOBO[4:])!r}\n".replace(
        "'", '"'
    ),
    "tests/rows.py": "ROW = {\n" + "".join(f'    "{name}": "x",\n' for name in (*KOBO, *RECORDER)) + "}\n",
    "tests/calls.py": "kobo(_uuid=a, _submission_time=b), kobo(_uuid=c, _submission_time=d)\n" * 3,
    "src/query.sql": f"SELECT {', '.join(KOBO[3:])}\nFROM export\nWHERE _uuid IS NOT NULL;\n",
    "docs/prose.md": "KoBo ajoute _id, _uuid, _submission_time, _validation_status et d’autres colonnes.\n\nElles sont retirées.\n",
    "tests/prose.py": 'SAID = {\n    "a.md": "KoBo ajoute _id, _uuid, _submission_time, _status et d’autres.",\n'
    '    "b.md": "Un, deux, trois.",\n    "c.md": f"{x}, {y}",\n    "d.md": "rien, ou presque",\n}\n',
    "docs/ticks.md": "KoBo ajoute `_uuid`, `_submission_time`, `_submitted_by`.\n\n* un\n* deux, trois\n",
    "docs/dictionary.csv": "colonne,libellé\n" + "".join(f"{name},Colonne {name}\n" for name in (*KOBO, *RECORDER)),
    "docs/recorder.txt": "\n".join(RECORDER) + "\n",
    "docs/schema.json": json.dumps({"properties": {name: {"type": "string"} for name in (*KOBO, *RECORDER)}}),
    "docs/form.xml": "<data><meta><instanceID/></meta></data>\n<bind calculate=\"concat('uuid:', uuid())\"/>\n",
    "docs/form.xlsx": _form,
    "docs/templates.zip": _templates,
    "src/generator.py": 'narrative = f"CANARI-' + 'RECIT-{number:06d}"\nassert "CANARI-" not in page\n',
    "data/raw/unhcr_idps/2026-11-21/source.yml": PUBLIC,
    "data/raw/unhcr_idps/2026-11-21/a.csv": "reference_date,population,location,people\n2016-12-31,IDP,Gao : Region,20\n",
    "data/processed/releases/public/a.csv": "key,place,period,value,unit\nincidents,gao,2017-06,12,incidents\n",
    "data/processed/releases/public/records.json": json.dumps(
        {"recommendations": [dict.fromkeys(definitions.table("recommendations").kept, "x")]}
    ),
    "docs/counts.csv": "mois;region;cercle;femmes;hommes;filles;garcons;incidents\n2017-06;Gao;Ansongo;1;2;3;4;5\n",
    "docs/places.csv": "edition,pcode,level,name,parent_pcode\ncod2015,ML07,1,Gao,ML\n",
    "params/one-of-two-columns.csv": "_uuid,commune\nu,Gao\n",
    "params/empty.csv": "",
    "params/crédits.txt": "Police : OFL ; cartes : Natural Earth\n",
    "docs/random.bin": bytes(range(256)) * 64,
    "docs/numbers.gz": gzip.compress(b"key,value\na,1\n"),
    "docs/hashes.txt": "\n".join(f"    --hash=sha256:{n:064x} \\" for n in range(9)),
    "notebooks/stripped.ipynb": notebook("from veille import published\n"),
}


def test_files_that_only_name_columns_pass_everywhere(repository, tmp_path):
    for name, content in INNOCENTS.items():
        if callable(content):
            folder = tmp_path / Path(name).stem
            folder.mkdir()
            content = content(folder)
        repository.write(name, content)
    repository.git("add", "--force", "--all")
    assert repository.check(*INNOCENTS) == (0, "")
    repository.commit()
    assert repository.check("--objects") == (0, "")


@pytest.mark.full
def test_this_repository_passes():
    here = Repository.__new__(Repository)
    here.root = ROOT
    assert here.check() == (0, "")
    assert here.check("--objects") == (0, "")


# --- one definition -------------------------------------------------------------------------------------------------

DEFINED = sorted([*SCHEMAS.glob("*.yml"), *SCHEMAS.glob("tables/*.yml")])


def _columns(given: dict) -> dict[str, dict]:
    groups = [given, *given.get("repeats", {}).values()]
    return {name: entry or {} for group in groups for name, entry in group["columns"].items()}


@pytest.mark.parametrize("path", DEFINED, ids=lambda p: p.relative_to(SCHEMAS).as_posix())
def test_schemas_are_read_as_yaml_reads_them(path):
    """The tool has no YAML library: it must find the same columns, classes and names all the same."""
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    columns = _columns(given)
    read = check_files.columns_of(path.read_text(encoding="utf-8"), path.name)
    assert list(read) == list(columns)
    found = check_files.definition(path)
    is_restricted = given.get("papers", {}).get("sensitivity") == "restricted"
    for header, entry in columns.items():
        if header in found.classes:
            default = "R" if is_restricted else "P"
            assert found.classes[header] == entry.get("sensitivity", entry.get("class", default)), header
            label = entry.get("label", {})
            for name in [
                header,
                entry.get("from", ""),
                *entry.get("also", ()),
                label.get("fr", ""),
                label.get("en", ""),
            ]:
                assert not name or check_files.plain(name) in found.company, name
        else:
            assert header.startswith("_") or header in ("start", "end")


@pytest.mark.parametrize("path", DEFINED, ids=lambda p: p.relative_to(SCHEMAS).as_posix())
def test_every_identifying_column_is_refused_among_its_neighbours(path):
    columns = _columns(yaml.safe_load(path.read_text(encoding="utf-8")))
    identifying = [n for n, c in columns.items() if "I" in (c.get("class"), c.get("sensitivity"))]
    for name in (n for n in identifying if not n.startswith("_")):  # KoBo's own come together: see KOBO
        neighbours = [n for n in columns if n not in identifying][:6]
        assert check_files.refusal([*neighbours, name]) is not None, name


def test_a_definition_that_cannot_be_read_stops_everything(repository):
    _received(repository)
    (repository.root / "src/veille/schemas/alerts.yml").write_text("columns:\n  - alerte_id\n", encoding="utf-8")
    repository.git("add", "tools")
    done = subprocess.run(
        [sys.executable, "tools/check_files.py"],
        cwd=repository.root,
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 2 and "Définition illisible (alerts.yml, ligne 2)" in done.stderr


@pytest.mark.skipif(not (ROOT.parent / "shared" / "data").is_dir(), reason="the real public files are not here")
def test_real_headers_of_the_field_are_those_of_the_tool():
    columns = pd.read_csv(ROOT.parent / "shared/data/gbv/gbvims_incident_recorder_columns.csv")
    assert tuple(columns["column"]) == check_files.recorder()
    real = (ROOT.parent / "shared/data/presence/mali_5w_dec2023_protection_hxl.csv").read_bytes()
    assert check_files.why_not(real, "5w.csv") == [check_files.IDENTIFIES.said], "its villages and remarks"


# --- notebooks, sizes, and the command ------------------------------------------------------------------------------

OTHERS = {
    "outputs": ("notebooks/a.ipynb", notebook("", [{"output_type": "stream", "text": "7"}]), "carnet avec des sorties"),
    "execution-count": ("notebooks/a.ipynb", notebook("", [], 3), "carnet avec des sorties"),
    "not-a-notebook": ("notebooks/a.ipynb", "{", "carnet illisible"),
    "large": ("docs/film.bin", b"0" * 1_500_001, "1,5 Mo"),
}


@pytest.mark.parametrize(("name", "content", "why"), OTHERS.values(), ids=OTHERS)
def test_notebooks_with_outputs_and_large_files_are_refused(repository, name, content, why):
    repository.add(name, content)
    code, said = repository.check()
    assert code == 1 and name in said and why in said


def test_only_the_files_given_are_checked_from_any_folder(repository):
    repository.add("params/bad.csv", CSV)
    repository.add("params/good.csv", b"a\n")
    assert repository.check("good.csv", folder="params") == (0, "")
    assert "params/bad.csv" in repository.check("bad.csv", "good.csv", folder="params")[1]


def test_an_untracked_or_deleted_file_is_nobodys_concern(repository):
    repository.write("draft.csv", CSV)
    repository.add("gone.csv", b"a\n").unlink()
    assert repository.check() == (0, "")


def test_an_untracked_file_that_is_named_is_checked_on_the_disk(repository, tmp_path):
    repository.write("draft.csv", CSV)
    assert repository.check("draft.csv")[0] == 1
    (tmp_path / "elsewhere.csv").write_text(CSV, encoding="utf-8")
    assert repository.check(str(tmp_path / "elsewhere.csv"))[0] == 1


def test_strip_empties_a_notebook_and_then_leaves_it_alone(repository):
    path = repository.add("a.ipynb", notebook("", [{"output_type": "stream", "text": "7"}], 3))
    assert repository.check("--strip", "a.ipynb")[0] == 1
    once = path.read_bytes()
    assert repository.check("--strip", "a.ipynb") == (0, "") and path.read_bytes() == once
    repository.git("add", "a.ipynb")
    assert repository.check() == (0, "")


@pytest.mark.parametrize("arguments", [(), ("--objects",)])
def test_outside_a_repository_nothing_can_be_checked(tmp_path, arguments):
    done = subprocess.run(
        [sys.executable, str(CHECK), *arguments],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT | {"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)},
        check=False,
    )
    assert done.returncode == 2 and "pas un dépôt git" in done.stderr
