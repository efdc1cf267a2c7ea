"""Canaries: a marked value in every restricted or identifying cell, and a fault at every stage.

No byte on disk outside `data/`, and nothing printed, may hold one. What is marked is read from the schemas: a new column
is covered as soon as it is declared. Three things cannot hold a mark in a good file:

* a closed list, a place, a day, a number or a cell of a fixed form: a mark there is a wrong cell, and the wrong files
  below put one in each of them. Of the three days that a recorder gives to look at, only the birth is a mark: nothing
  else bears that day;
* the numbers of class R: they are counted, and what leaves of them is the business of the disclosure tests;
* the words of a recommendation: they are the reviewed public wording, and are printed.

Who sent a file is told to the person who received it: such a name may stand in what `receive`, `quality` and `data` say,
and in the quality report of that source, which is for the inside; nowhere else.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import projects
import pytest
import xlsxwriter
import yaml
from incidents import DTM_ROW, GOOD_ROWS, KOBO_ROW, fivew_row, write, write_workbook
from test_gbv_sources import WORKBOOK
from test_real_files import drc_row

from veille.codes import code_list
from veille.project import Project
from veille.schemas import definitions, forms, template
from veille.sources import formats, receive
from veille.sources.formats import Column, Format

WORD = "CANARI"
BIRTH = "1931-03-29"
# Identifying columns that are looked at once, in a fixed form.
FORMED = {"gbvims_recorder": ("DATE OF INTERVIEW", "DATE OF INCIDENT", "DATE OF BIRTH", "AGE")}
# Text of restricted sources that is received, and that no table takes over.
UNUSED = {"alerts": ("recipient", "follow_up")}
# The reviewed public wording: printed on purpose.
PRINTED = {"recommendations": ("text", "follow_up")}

# --- what is marked ---------------------------------------------------------------------------------------------


def kind_of(fmt: Format, column: Column) -> str:
    """`I`, `R`, or neither: as the format says, or else the table that it feeds.

    What a restricted source says that no table takes over is restricted too.
    """
    spec = definitions.table(fmt.table).columns.get(column.to or "")
    inside = fmt.papers["sensitivity"] == "restricted" and (not column.to or column.to in UNUSED.get(fmt.name, ()))
    return column.kind or (spec.sensitivity if spec else "") or ("R" if inside else "")


def is_free(fmt: Format, column: Column) -> bool:
    """Whether a good row may hold any text there."""
    if column.type != "text" or column.header in FORMED.get(fmt.name, ()):
        return False
    if column.kind or not column.to or column.to in UNUSED.get(fmt.name, ()):
        return True
    spec = definitions.table(fmt.table).columns.get(column.to)
    return bool(spec) and spec.type == "text" and not spec.pattern and column.to not in PRINTED.get(fmt.table, ())


def is_sender(fmt: Format, column: Column) -> bool:
    return bool(column.to) and column.to in (fmt.partner_column, "organisation")


def mark(fmt: Format, column: Column, row: int | str = "") -> str:
    """The value of a cell: it tells its class (`N` for the name of who sent it), its format and its column."""
    kind = "N" if is_sender(fmt, column) else kind_of(fmt, column) or "P"
    name = re.sub(r"[^A-Za-z0-9]+", "_", column.to or column.header.rsplit("/", 1)[-1])[:40].strip("_")
    return f"{WORD}-{kind}-{fmt.name}-{name}" + (f"-{row}" if row != "" and kind != "N" else "")


def marked(fmt: Format) -> list[Column]:
    """The columns of a format that hold a mark in a good file."""
    return [
        c
        for c in fmt.columns
        if kind_of(fmt, c) in ("R", "I") and is_free(fmt, c) and not (c.optional and kind_of(fmt, c) == "R")
    ]


READABLE = [formats.declared(n) for n in receive.readable() if n in formats.names()]
MARKED = {fmt.name: fmt for fmt in READABLE if marked(fmt)}
# Those without a free cell too, for wrong cells.
RESTRICTED = {fmt.name: fmt for fmt in READABLE if any(kind_of(fmt, c) in ("R", "I") for c in fmt.columns)}


def typed(owner: definitions.Table, name: str, row: int) -> object:
    """A good cell of an entry template; blank where nothing need be said."""
    spec = owner.asked[name]
    if name == "edition":
        return code_list("edition")["cod2015"]["fr"]
    if not spec.required:
        return None
    if owner.name == "indicator_values" and name in ("frame", "part"):  # what goes with the indicator of the row
        return {"frame": code_list("indicator_frame")["strategy_2017"]["fr"], "part": "total"}[name]
    if listed := list(template.entries(owner.name, name)):
        return listed[row % len(listed)] if name in owner.key else listed[0]
    if spec.type in ("int", "decimal"):
        return max(spec.min or 0, 1)
    day = f"2016-10-{1 + row % 28:02}"
    if spec.type in ("date", "datetime"):
        return day if spec.type == "date" else f"{day} 10:00:00"
    if spec.type in ("month", "quarter"):
        return {"month": "2016-10", "quarter": "2016-Q4"}[spec.type]
    texts = [f"Texte {'x' * (row + 1)}", f"t{row}", f"2016-B{1 + row % 6}", f"3.1-i{row}", f"A1.{row}-i1", "gao"]
    texts += ["2016-04", "5", "total"]
    return next(t for t in texts if not spec.pattern or re.search(spec.pattern, t))


def base(fmt: Format, row: int) -> dict[str, object]:
    """A row that is right in every column, of Gao and October 2016 where it can be."""
    if fmt.name.startswith(forms.PREFIX):
        owner = definitions.table(fmt.table)
        return {owner.asked[n].label.fr: typed(owner, n, row) for n in owner.asked}
    if fmt.name == "kobo_incidents":
        days = {"incident/date_incident": "2016-10-05", "incident/date_collecte": "2016-10-06"}
        days["_submission_time"] = "2016-10-07T10:00:00"
        return KOBO_ROW | days | {"_uuid": f"u{row}", "_id": row + 1, "_index": row + 1, "_tags": None}
    if fmt.name == "gbvims_recorder":
        days = {"DATE OF INTERVIEW": "2016-10-20", "DATE OF INCIDENT": "2016-10-12", "DATE OF BIRTH": BIRTH}
        return WORKBOOK | days
    if fmt.name == "gbv_tables":
        total = (code_list("gbv_statistic")["new_incidents"]["fr"], code_list("gbv_category")["total"]["fr"])
        month = f"{2016 - row // 10}-{10 - row % 10:02}"
        return dict(zip((c.header for c in fmt.columns), ("ORG-A", month, "Gao", *total, 7), strict=True))
    special = {"fivew": fivew_row(), "fivew_drc": drc_row(), "dtm_stocks": DTM_ROW}
    return dict(special.get(fmt.name) or GOOD_ROWS[fmt.name])


def good(fmt: Format, number: int = 4) -> list[dict[str, object]]:
    """Rows that are good, with a mark in every cell that can hold one."""
    rows = []
    for n in range(number):
        row = base(fmt, n)
        rows.append(row | {c.header: mark(fmt, c, n) for c in marked(fmt) if c.header in row or not c.optional})
    return rows


def files(folder: Path, made: Iterable[tuple[str, str, list[dict], dict]]) -> list[list[str]]:
    """The command that receives each of these files, outside any project."""
    out: list[list[str]] = []
    for n, (label, source, rows, options) in enumerate(made):
        day = date(2016, 12, 5) + timedelta(sum(source in command for command in out))
        inside = folder / f"{n:03}-{label}"
        inside.mkdir(parents=True)
        path = write(source, inside, rows, **options)
        producer = [] if formats.declared(source).partner_column else ["--producer", "ORG-A"]
        out.append(["receive", str(path), "--source", source, "--received", str(day), *producer])
    return out


def good_files(folder: Path, sources: Iterable[str] | None = None) -> list[list[str]]:
    return files(folder, ((n, n, good(formats.declared(n)), {}) for n in (MARKED if sources is None else sources)))


def closed(fmt: Format) -> list[Column]:
    """The columns of which a mark is a wrong cell, whatever their class."""
    return [c for c in fmt.columns if (c.to or c.header in FORMED.get(fmt.name, ())) and not is_free(fmt, c)]


def refused_files(folder: Path, sources: Iterable[str], *, one_by_one: bool = False) -> list[list[str]]:
    """Good rows, and a last one with a mark in every cell that must hold something else; `one_by_one`: in one, of class R or I."""
    made = []
    for fmt in map(formats.declared, sources):
        rows = good(fmt, 30)
        wrong = {c.header: mark(fmt, c, "faux") for c in closed(fmt) if c.header in rows[0]}
        inside = [c.header for c in closed(fmt) if c.header in wrong and kind_of(fmt, c) in ("R", "I")]
        last = [{h: wrong[h]} for h in inside] if one_by_one else [wrong]
        made += [(fmt.name, fmt.name, [*rows, good(fmt, 31)[-1] | cells], {}) for cells in last]
    return files(folder, made)


def bad_files(folder: Path, sources: Iterable[str]) -> list[list[str]]:
    """Files in another form than the one declared: a column too many or too few, no header, a column of wrong cells."""
    made = []
    for fmt in map(formats.declared, sources):
        rows = good(fmt)
        header = list(rows[0])
        made.append(("extra", fmt.name, [r | {"Nom de la victime": f"{WORD}-I-{fmt.name}-nom"} for r in rows], {}))
        # Without its header, the first row stands in its place.
        texts = [{str(v): r[h] for h, v in rows[0].items() if v not in (None, "")} for r in rows[1:]]
        made.append(("headless", fmt.name, texts, {}))
        needed = next((c.header for c in fmt.columns if c.required and c.header in header), header[0])
        made.append(("fewer", fmt.name, rows, {"header": [h for h in header if h != needed]}))
        all_wrong = {c.header: mark(fmt, c, "faux") for c in closed(fmt) if c.header in header}
        made.append(("all-wrong", fmt.name, [r | all_wrong for r in rows], {}))
        owner = definitions.table(fmt.table)
        if fmt.name.startswith(forms.PREFIX):
            for name, spec in owner.columns.items():
                if spec.refused:
                    told = [r | {spec.label.fr: f"{WORD}-I-{fmt.name}-{name}"} for r in rows]
                    made.append((f"refused-{name}", fmt.name, told, {}))
    commands = files(folder, made)
    for n, how in enumerate(("truncated", "latin", "sheet")):
        inside = folder / f"broken-{how}"
        inside.mkdir()
        path = write("kobo_incidents", inside, good(MARKED["kobo_incidents"]))
        if how == "truncated":
            path.write_bytes(path.read_bytes()[: 3000 + n])
        elif how == "latin":
            path = path.with_suffix(".csv")
            path.write_bytes(f"start;récit\n2016;{WORD}-I-récit\n".encode("latin-1"))
        else:
            write_workbook(path, {"Feuil1": good(MARKED["kobo_incidents"]), "Feuil2": good(MARKED["alerts"])})
        commands.append(
            ["receive", str(path), "--source", "kobo_incidents", "--received", "2016-12-05", "--producer", "A"]
        )
    return commands


# What the everyday suite breaks; the long one breaks every source.
SOME = ("kobo_incidents", "gbvims_recorder", "template_mine_victims")

# --- where a mark is looked for ---------------------------------------------------------------------------------

_MARK = re.compile(rb"canari[-_][a-z0-9_-]+|" + b"|".join((rb"1931-0?3-29", rb"29/0?3/1931")), re.IGNORECASE)


def _in_base64(text: str) -> list[bytes]:
    """What `text` becomes in base64, wherever it begins."""
    out = []
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + text.encode())
        out.append(coded[(0, 2, 3)[before] : -4])
    return out


_CODED = [c for text in (f"{WORD}-R-", f"{WORD}-I-", f"{WORD}-N-", f"{WORD}-P-", BIRTH) for c in _in_base64(text)]
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


def marks(content: bytes, depth: int = 3) -> set[str]:
    """Every mark in these bytes: as text, in UTF-16, in base64, inside archives and streams."""
    found = {m.decode().lower() for m in _MARK.findall(content)}
    if b"\0" in content:
        found |= {m.decode().lower() for m in _MARK.findall(content.replace(b"\0", b""))}
    found |= {f"base64 {coded.decode()}" for coded in _CODED if coded in content}
    return found.union(*(marks(part, depth - 1) for part in _parts(content))) if depth else found


def _parts(content: bytes) -> Iterable[bytes]:
    if content.startswith(b"PK\x03\x04"):
        # Entry by entry, not by its directory, which a file that was cut short has lost.
        for start in (m.start() for m in re.finditer(b"PK\x03\x04", content)):
            method, name, extra = (int.from_bytes(content[start + n : start + n + 2], "little") for n in (8, 26, 28))
            begin = start + 30 + name + extra
            yield content[start + 30 : begin]
            yield _inflated(content[begin:], -15) if method == 8 else content[begin:]
    elif content.startswith(b"\x1f\x8b"):
        yield _inflated(content, 31)
    elif content.startswith(b"PAR1"):
        yield _parquet(content)
    elif content.startswith(b"%PDF"):
        yield from (_inflated(packed, 15) for packed in _STREAM.findall(content))
        if shutil.which("pdftotext"):  # letters may stand there as numbers of glyphs
            yield subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True).stdout


def _inflated(packed: bytes, bits: int) -> bytes:
    """What these bytes begin with, unpacked."""
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj(bits).decompress(packed)
    return b""


def _parquet(content: bytes) -> bytes:
    """Its cells as text: they are packed. One that cannot be read may hold anything."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder) / "x.parquet"
        path.write_bytes(content)
        try:
            return str(con.execute(f"SELECT * FROM read_parquet('{path.as_posix()}')").fetchall()).encode()
        except duckdb.Error:
            return f"{WORD}-unreadable".encode()


_LOOKED_AT: dict[bytes, frozenset[str]] = {}


def _marks_of(content: bytes) -> frozenset[str]:
    """The marks of a file. Most files of a project are those of the one before it: the same bytes hold the same marks."""
    digest = hashlib.sha256(content).digest()
    if digest not in _LOOKED_AT:
        _LOOKED_AT[digest] = frozenset(marks(content))
    return _LOOKED_AT[digest]


def below(folder: Path) -> dict[str, set[str]]:
    """The files below a folder that hold a mark, in their name or in their bytes."""
    out = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found = marks(name.encode())
        if path.is_file() and not path.is_symlink():
            found |= _marks_of(path.read_bytes())
        if found:
            out[name] = found
    return out


@dataclass
class Place:
    """A project, and the folders that its commands take for home and for temporary files."""

    root: Path
    home: Path
    temporary: Path

    def run(self, *commands: list[str], debug: bool = False, dies: str = "") -> Said:
        """These commands in one real process, one after the other; `dies` is the function in which it is killed."""
        with tempfile.TemporaryDirectory() as folder:  # not on a disk that fills
            codes = Path(folder) / "codes.json"
            environment = projects.environment(
                HOME=str(self.home), TMPDIR=str(self.temporary), **({"VEILLE_DEBUG": "1"} if debug else {})
            )
            done = subprocess.run(
                [sys.executable, "-c", DRIVER, str(codes), dies, json.dumps(commands)],
                cwd=self.root, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=240,
            )  # fmt: skip
            given = json.loads(codes.read_text()) if codes.is_file() else []
        return Said(given, done.stdout, done.stderr, done.returncode)


@dataclass(frozen=True)
class Said:
    """The exit codes of some commands, and all that they printed."""

    codes: list[int]
    out: bytes
    err: bytes
    code: int


DRIVER = """
import importlib, json, os, signal, sys
codes, dies, commands = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
from veille import cli
if dies:
    module, _, name = dies.rpartition(".")
    def die(*given, **more):
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(importlib.import_module(module), name, die)
done = []
for command in commands:
    try:
        cli.run(command)
        done.append(0)
    except SystemExit as stop:
        done.append(stop.code or 0)
    open(codes, "w").write(json.dumps(done))
"""


# Those who send GBV data agreed to every release.
AGREED = "role: consolidating\nagreements:\n" + "".join(
    f"- {{organisation: {receive.partner_of(mark(fmt, column))}, audiences: [cluster, public], until: 2099-12-31, reference: x}}\n"
    for fmt in map(formats.declared, ("gbv_tables", "gbvims_recorder"))
    for column in fmt.columns
    if column.to == fmt.partner_column
)


def new(folder: Path, warm: Path | None = None) -> Place:
    """A project of the agency that consolidates; what `warm` received and counted comes with it."""
    if warm:
        shutil.copytree(warm, folder / "projet", symlinks=True)
    else:
        projects.new(folder / "projet")
        (folder / "projet" / "params" / "consent.yml").write_text(AGREED, encoding="utf-8")
    place = Place(folder / "projet", folder / "maison", folder / "t")
    place.home.mkdir()
    place.temporary.mkdir()
    return place


def leaks(place: Place, *said: Said) -> dict[str, list[str]]:
    """Every mark where none may be: by file, or `printed`."""
    found = {f"maison/{n}": m for n, m in below(place.home).items()}
    found |= {f"t/{n}": m for n, m in below(place.temporary).items()}
    for name, several in below(place.root).items():
        if name.startswith("data/"):
            safe = name.startswith(("data/processed/candidate/", "data/processed/releases/"))
            several = {m for m in several if safe or _identifies(m)}
        if name.startswith(("reports/qualite/", "params/consent.yml")):
            several = {m for m in several if not _is_sender(m)}
        found[name] = several
    for one in said:
        found["printed"] = found.get("printed", set()) | {m for m in marks(one.out + one.err) if not _is_sender(m)}
    return {name: sorted(m) for name, m in found.items() if m}


def _identifies(found: str) -> bool:
    return found.startswith(("canari-i-", "canari_i_", "1931", "29/", "base64"))


def _is_sender(found: str) -> bool:
    return found.startswith(("canari-n-", "canari_n_"))


# --- the look-out itself ----------------------------------------------------------------------------------------


def _hidden_in(how: str, value: str) -> bytes:
    buffer = io.BytesIO()
    if how == "workbook cut short":
        return _hidden_in("workbook", value)[:-200]
    if how == "workbook":
        with xlsxwriter.Workbook(buffer) as book:
            book.add_worksheet().write(0, 0, value)
    elif how in ("archive", "archive in an archive"):
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            inner = _hidden_in("workbook", value) if how != "archive" else value.encode()
            archive.writestr("a", inner)
    elif how == "name in an archive":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{value}.txt", "")
    elif how == "PDF":
        packed = zlib.compress(f"BT ({value}) Tj ET".encode())
        return b"%PDF-1.7\n1 0 obj\n<< /Filter /FlateDecode >>\nstream\n" + packed + b"\nendstream\nendobj\n"
    return (
        buffer.getvalue()
        or {
            "text": lambda: f"avant {value} après".encode(),
            "lower case": lambda: value.lower().encode(),
            "UTF-16": lambda: value.encode("utf-16"),
            "UTF-16 BE": lambda: value.encode("utf-16-be"),
            "base64": lambda: base64.b64encode(f"x{value}".encode()),
            "base64, two on": lambda: base64.b64encode(f"xy{value}".encode()),
            "gzip": lambda: gzip.compress(value.encode()),
        }[how]()
    )


@pytest.mark.parametrize("value", [f"{WORD}-R-kobo_incidents-incident_id-1", f"{WORD}-I-fivew-Village-1", BIRTH])
@pytest.mark.parametrize(
    "how",
    ["text", "lower case", "UTF-16", "UTF-16 BE", "base64", "base64, two on", "gzip", "workbook", "archive"]
    + ["archive in an archive", "name in an archive", "PDF", "workbook cut short"],
)
def test_a_mark_is_found_wherever_it_hides(how, value):
    assert marks(_hidden_in(how, value))
    assert not marks(_hidden_in(how, "Canarienvögel 1931-04-29"))


def test_a_mark_among_reports_is_found_and_one_among_rows_is_not_a_leak(tmp_path):
    place = new(tmp_path)
    assert leaks(place) == {}
    value = f"{WORD}-R-alerts-alert_id-1"
    with duckdb.connect() as con:
        path = tmp_path / "x.parquet"
        con.execute(f"COPY (SELECT '{value}' AS a FROM range(3)) TO '{path.as_posix()}' (COMPRESSION zstd)")
    put = {
        "reports/bulletin/a.xlsx": _hidden_in("workbook", value),
        "reports/bulletin/a.pdf": _hidden_in("PDF", value),
        ".veille/draft-1/x.parquet": path.read_bytes(),
        "notebooks/x.ipynb": _hidden_in("text", value),
        "data/processed/candidate/real/v/cluster/x.csv": _hidden_in("text", value),
        "data/processed/releases/public/1/x.csv": _hidden_in("text", value),
        "data/processed/tables/x.csv": _hidden_in("text", value.replace("-R-", "-I-")),
    }
    kept = {
        "data/raw/alerts/2016-12-05/alerts.csv": _hidden_in("text", value),
        "reports/qualite/x/qualite.html": _hidden_in("text", value.replace("-R-", "-N-")),
    }
    for name, content in (put | kept).items():
        (place.root / name).parent.mkdir(parents=True, exist_ok=True)
        (place.root / name).write_bytes(content)
    (place.temporary / f"{value}.txt").touch()
    (place.home / "x").write_bytes(_hidden_in("UTF-16", value))
    printed = Said([0], b"", _hidden_in("text", value), 0)
    assert set(leaks(place, printed)) == {*put, f"t/{value}.txt", "maison/x", "printed"}


# --- good files, wrong files, then everything that is made of them ----------------------------------------------


@pytest.fixture(scope="module")
def received(tmp_path_factory) -> tuple[Place, Said]:
    """A project that received a good file of every source with something to mark, in one process."""
    folder = tmp_path_factory.mktemp("c")
    place = new(folder)
    said = place.run(*good_files(folder / "envoi"))
    return place, said


def test_every_restricted_column_that_can_hold_a_mark_holds_one_and_came_in(received):
    place, said = received
    assert said.codes == [0] * len(MARKED), said.err.decode()
    assert {
        "kobo_incidents",
        "gbv_tables",
        "gbvims_recorder",
        "fivew",
        "fivew_drc",
        "alerts",
        "recommendations",
    } <= set(MARKED)
    there = {re.sub(r"-\d+$", "", m) for found in below(place.root / "data" / "raw").values() for m in found}
    for fmt in MARKED.values():
        for column in marked(fmt):
            expected = mark(fmt, column).lower()
            assert (expected in there) == (kind_of(fmt, column) == "R"), expected


def test_what_is_received_leaves_no_mark_outside_data_and_no_identity_at_all(received):
    place, said = received
    assert leaks(place, said) == {}


def wrong_cells(folder: Path, sources: Iterable[str], **how: bool) -> None:
    place = new(folder)
    commands = refused_files(folder / "envoi", sources, **how)
    said = place.run(*commands, debug=True)
    assert set(said.codes) <= {0, 3} and len(said.codes) == len(commands), said.err.decode()
    assert said.out.count(b" + 1 refus") >= len(commands) // 2, said.out.decode()
    assert leaks(place, said) == {}


def other_forms(folder: Path, sources: Iterable[str]) -> None:
    place = new(folder)
    commands = bad_files(folder / "envoi", sources)
    said = place.run(*commands, debug=True)
    taken = [Path(c[1]).parent.name for c, code in zip(commands, said.codes, strict=True) if code != 3]
    assert taken == [], said.out.decode()
    assert said.err.count(b"Traceback") >= len(commands)
    assert leaks(place, said) == {}


def test_a_wrong_cell_is_never_quoted(tmp_path):
    wrong_cells(tmp_path, SOME)


def test_a_file_of_another_form_is_never_quoted(tmp_path):
    other_forms(tmp_path, SOME)


@pytest.mark.full
def test_no_wrong_cell_of_any_source_is_ever_quoted(tmp_path):
    wrong_cells(tmp_path, RESTRICTED, one_by_one=True)


@pytest.mark.full
def test_no_file_of_another_form_of_any_source_is_ever_quoted(tmp_path):
    other_forms(tmp_path, RESTRICTED)


BUILD = ["build", "bulletin", "gao", "2016-10", "--again"]
BUNDLE = ["bundle", *BUILD[1:4]]
DATA = ["data", "--nature", "real"]
RELEASE = ["release", "--as-of", "2026-11-21"]
QUALITY = [
    ["quality", "kobo_incidents"],
    ["quality", "gbv_tables"],
    ["quality", "gbvims_recorder"],
    ["quality", "fivew"],
]


@pytest.fixture(scope="module")
def counted(received, tmp_path_factory) -> tuple[Place, Said]:
    """The same project, after everything that is made of what was received."""
    place = new(tmp_path_factory.mktemp("d"), received[0].root)
    public = ["--audience", "public"]
    said = place.run(DATA, BUILD, BUNDLE, *QUALITY[:2], RELEASE, [*RELEASE, *public], ["ledger", "check"], debug=True)
    return place, said


def test_what_is_made_of_the_rows_holds_no_mark(counted):
    place, said = counted
    assert set(said.codes) == {0}, said.err.decode()
    made = {p.relative_to(place.root).parts[:3] for p in place.root.rglob("*") if p.is_file()}
    assert ("reports", "dossiers", "bulletin_gao_2016-10.zip") in made
    assert ("reports", "bulletin", "gao") in made and ("data", "processed", "releases") in made
    assert leaks(place, said) == {}


def break_cell(place: Place) -> None:
    """The notebook raises, with the numbers that it has in hand in its message."""
    path = place.root / "notebooks" / "bulletin.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    cell = next(c for c in content["cells"] if "present.key_figures(edition)" in "".join(c["source"]))
    cell["source"] = ["raise ValueError(str(edition.tables.numbers)[:9999] + str(edition.tables.records))"]
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.full
def test_a_cell_that_fails_prints_no_mark(counted, tmp_path):
    place = new(tmp_path, counted[0].root)
    break_cell(place)
    said = place.run(BUILD, debug=True)
    assert said.codes == [1] and b"cellule" in said.err and b"ValueError" in said.err
    assert leaks(place, said) == {}


# Where a command is killed, after it has read the rows.
KILLS = {
    "receive": (
        "veille.sources.registry.receive",
        "veille.sources.quality.measure",
        "veille.sources.receive._papers",
        "veille.render.quality.write",
    ),
    "data": (
        "veille.tables.build.part",
        "veille.versions._write_rows",
        "veille.indicators.count.count",
        "veille.versions._write_cubes",
        "veille.versions._write_protection",
    ),
    "build": (
        "veille.build.execute.run",
        "veille.build.execute.blocks_of",
        "veille.build.packet.move_in",
    ),
    "bundle": ("veille.bundle.verify.verify", "veille.bundle._zip"),
    "release": ("veille.disclosure.ledger.freeze",),
    "quality": ("veille.render.quality.write",),
}


def killed(place: Place, dies: str, command: list[str]) -> None:
    """A killed command leaves no mark behind."""
    said = place.run(command, debug=True, dies=dies)
    assert (said.codes, said.code) == ([], -signal.SIGKILL), said.err.decode()
    assert leaks(place, said) == {}


@pytest.mark.full
def test_a_reception_that_is_killed_leaves_no_mark_behind(tmp_path):
    """The next one sweeps away what it left."""
    place = new(tmp_path)
    (command,) = good_files(tmp_path / "envoi", ["gbvims_recorder"])
    killed(place, "veille.sources.receive._papers", command)
    left = Project(place.root).intake
    assert [p for p in left.rglob("*") if p.is_file()], "nothing was being drawn up"
    said = place.run(command)
    assert said.codes == [0] and not left.exists(), said.err.decode()
    assert leaks(place, said) == {}


@pytest.mark.full
@pytest.mark.parametrize(
    ("source", "dies"),
    [("kobo_incidents", dies) for dies in KILLS["receive"]]
    + [(source, "veille.sources.receive._papers") for source in ("alerts", "gbv_tables", "template_mine_victims")],
)
def test_a_reception_killed_anywhere_leaves_no_mark_behind(tmp_path, source, dies):
    (command,) = good_files(tmp_path / "envoi", [source])
    killed(new(tmp_path), dies, command)


COMMANDS = {"data": DATA, "build": BUILD, "bundle": BUNDLE, "release": RELEASE, "quality": QUALITY[0]}


@pytest.fixture(scope="module")
def built(counted, tmp_path_factory) -> Place:
    """The same, with a report of the safe tables that the release has made again: a bundle wants one."""
    place = new(tmp_path_factory.mktemp("e"), counted[0].root)
    assert place.run(BUILD).codes == [0]
    return place


@pytest.mark.full
@pytest.mark.parametrize(("stage", "dies"), [(s, d) for s in COMMANDS for d in KILLS[s]])
def test_a_command_killed_anywhere_leaves_no_mark_behind(request, received, counted, tmp_path, stage, dies):
    if stage == "bundle":
        place = new(tmp_path, request.getfixturevalue("built").root)
    else:
        place = new(tmp_path, received[0].root if stage in ("data", "release") else counted[0].root)
    killed(place, dies, COMMANDS[stage])


EACH = pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])


@pytest.mark.full
@EACH
def test_every_command_says_nothing_of_a_row(received, tmp_path, debug):
    place = new(tmp_path, received[0].root)
    given = good_files(tmp_path / "envoi")
    again = [["2016-12-06" if word == "2016-12-05" else word for word in command] for command in given]
    commands = [["receive", "--dry-run", *again[0][1:]], *again, DATA, BUILD, BUNDLE, *QUALITY, RELEASE]
    commands += [["ledger", "check"], ["sources"], ["indicators"], ["dictionary"]]
    said = place.run(*([*c, *(["--debug"] if debug else [])] for c in commands))
    assert said.codes == [0] * len(commands), said.err.decode()
    assert leaks(place, said) == {}


def papers(place: Place, source: str) -> Path:
    return next((place.root / "data" / "raw").glob(f"{source}*/*/source.yml"))


def spoil(place: Place, source: str, how: str) -> None:
    """A stored snapshot is not what it was."""
    given = papers(place, source)
    said = yaml.safe_load(given.read_text(encoding="utf-8"))
    path = given.parent / said["files"][0]["name"]
    if how == "papers":
        given.write_text(f"title: {WORD}-R-{source}-papiers\nfiles: [", encoding="utf-8")
    elif how == "bytes":
        path.write_bytes(path.read_bytes()[:-5])
    else:  # resealed by hand: its rows are read again
        if path.suffix == ".xlsx":
            path.unlink()
            rows = good(formats.declared(source))
            header = list(rows[0])
            bad = [
                r | {c.header: mark(formats.declared(source), c, "faux") for c in closed(formats.declared(source))}
                for r in rows
            ]
            rows = (
                bad
                if how == "cells"
                else [dict(zip(map(str, rows[0].values()), r.values(), strict=False)) for r in rows]
            )
            made = write(source, path.parent, rows, header=header if how == "cells" else None)
            made.rename(path) if made != path else None
        else:
            lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
            wrong = [re.sub(r"2016|Gao", f"{WORD}-R-{source}-faux", line) for line in lines[1:]]
            path.write_text("".join(lines[:1] + wrong if how == "cells" else lines[1:]), encoding="utf-8")
        said["files"][0]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        given.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")


@pytest.mark.full
@EACH
@pytest.mark.parametrize("how", ["papers", "bytes", "cells", "header"])
def test_a_snapshot_that_was_spoiled_is_never_quoted(received, tmp_path, how, debug):
    for n, source in enumerate(("kobo_incidents", "gbvims_recorder", "alerts") if debug else SOME[:1]):
        place = new(tmp_path / str(n), received[0].root)
        spoil(place, source, how)
        said = place.run(DATA, ["quality", source], debug=debug)
        # Of a file that was resealed, wrong rows may be refused one by one.
        assert len(said.codes) == 2 and (how == "cells" or said.codes[0]), said.err.decode()
        assert leaks(place, said) == {}, source


@pytest.mark.full
@EACH
@pytest.mark.parametrize("text", ["rules: [", "rules: 7\n", ""], ids=["unreadable", "wrong", "empty"])
def test_rules_that_cannot_be_read_stop_everything_in_silence(received, tmp_path, text, debug):
    place = new(tmp_path, received[0].root)
    (place.root / "params" / "disclosure.yml").write_text(text, encoding="utf-8")
    said = place.run(DATA, RELEASE, debug=debug)
    assert 0 not in said.codes and len(said.codes) == 2
    assert leaks(place, said) == {}


@pytest.mark.full
def test_a_cell_that_fails_prints_no_mark_without_debug_either(counted, tmp_path):
    place = new(tmp_path, counted[0].root)
    break_cell(place)
    said = place.run(BUILD)
    assert said.codes == [1]
    assert leaks(place, said) == {}


@pytest.mark.full
@pytest.mark.parametrize("free", [0, 40, 300], ids=lambda n: f"{n}-KB")
def test_a_disk_that_fills_leaves_no_mark_where_it_stopped(received, counted, small_disk, tmp_path, free):
    stopped = 0
    for n, (warm, commands) in enumerate(
        (
            (None, good_files(tmp_path / "envoi", SOME)),
            (received[0].root, [DATA, RELEASE]),
            (counted[0].root, [BUILD, *QUALITY]),
        )
    ):
        place = new(small_disk / str(n), warm)
        if n == 2:
            shutil.rmtree(place.root / "reports")
        room = shutil.disk_usage(small_disk).free - free * 1024
        (small_disk / "ballast").write_bytes(b"\0" * room)
        said = place.run(*commands, debug=bool(free % 8))
        assert len(said.codes) == len(commands), said.err.decode()
        stopped += any(said.codes)
        assert leaks(place, said) == {}
        (small_disk / "ballast").unlink()
        shutil.rmtree(small_disk / str(n))
    assert stopped
