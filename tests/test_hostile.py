"""Every kind of hostile file is read right, or refused with what to do: no value printed, nothing stored, nothing crashed.

One file per kind every day, 25 of each in the long suite. `tests/hostile.py` makes the files and says what must happen.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import tempfile
import time
import traceback
from pathlib import Path
from random import Random

import pytest
from hostile import COLUMNS, KINDS, MARK, PERSON, RECEIVED, SECRET, Case, Counts, Read, Refused
from incidents import new_project

from veille.errors import BadData, BadParameter, VeilleError
from veille.project import Project
from veille.sources import snapshots
from veille.sources.reading import connection
from veille.sources.receive import Receipt, receive, sort_out
from veille.tables import build

pytestmark = pytest.mark.timeout(300)  # nobody waits for a pipe
VARIATIONS = range(1, 26)
LONGEST = 4_000  # characters of a message that somebody still reads
# Faults of the code under test, each with its report: the day one is mended, its test says so.
KNOWN: dict[str, str] = {}


_MEMORY = Path("/dev/shm")
# In memory where there is room: thousands of small folders are made and removed.
ROOM = (
    str(_MEMORY)
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2**31 and os.access(_MEMORY, os.W_OK)
    else None
)


@pytest.fixture
def folder():
    """A folder that is gone after the test: some of these files are large."""
    with tempfile.TemporaryDirectory(prefix="hostile-", dir=ROOM) as name:
        yield Path(name)


def make(kind: str, number: int, folder: Path) -> Case:
    """One variation of a kind; the same one on every machine."""
    inside = folder / "files"
    inside.mkdir(parents=True)
    return KINDS[kind](Random(f"{kind} {number}"), inside)


def take(case: Case, project: Project, **given: bool) -> Receipt:
    """Receive the files of a case as the command does."""
    ((source, producer, paths),) = sort_out(case.paths, case.source, "Partenaire")
    more = {"producer": producer, "edition": case.edition, "say": case.meanwhile}
    return receive(paths, source, RECEIVED, project, **more, **given)


def said_of(error: BaseException) -> str:
    """Everything that a person may see of an error: its words, its notes, its trace."""
    return "".join(traceback.format_exception(error))


def stored_counts(project: Project, case: Case) -> tuple[Counts, object]:
    """What the snapshot that was stored says when it is read again, and its balance."""
    (snapshot,) = snapshots.received(project, "real")
    table, when, numbers = COLUMNS[case.source]
    worth = " + ".join(f"coalesce({n}, 0)::HUGEINT * {1000**k}" for k, n in enumerate(numbers)) or "0"
    with connection() as con:
        part = build.part(con, snapshot)
        rows = con.execute(
            f"SELECT pcode, {when}, count(*), sum({worth})::VARCHAR FROM {part.tables[table]} GROUP BY ALL"
        ).fetchall()
    return {(pcode, str(period)): (n, int(number)) for pcode, period, n, number in rows}, part.balance


def check_nothing_is_printed(text: str) -> None:
    assert MARK.lower() not in text.lower() and str(SECRET) not in text, "a value is printed"
    assert len(text) <= LONGEST, f"{len(text)} characters: {text[:300]}"
    unseen = {c for c in text if not c.isprintable() and c not in "\n\u00a0\u202f"}
    assert not unseen, f"control characters: {unseen}"


def check_nothing_is_told_elsewhere(project: Project) -> None:
    """What identifies somebody is on no disk; other values are in the file stored, and nowhere else."""
    raw = project.raw("real")
    for path in (p for p in project.root.rglob("*") if p.is_file()):
        content = path.read_bytes()
        assert PERSON.encode() not in content, path
        assert path.is_relative_to(raw) or MARK.encode() not in content, path
        assert path.suffix != ".html" or b"<script>alert" not in content, path


def check_read(receipt: Receipt, expected: Read, case: Case, project: Project) -> None:
    balance = receipt.balance
    found, again = stored_counts(project, case)
    assert found == expected.counts
    assert balance.read == expected.rows
    assert balance.read == balance.kept + sum(balance.left_out.values()) + balance.refused_rows
    assert (again.read, again.kept, again.refused_rows) == (balance.read, balance.kept, balance.refused_rows)
    assert balance.refused_rows == len({row for _, row in expected.refused})
    for words, row in expected.refused:
        assert any(words in fault.words and row in fault.rows for fault in balance.refused), (words, row)
    check_nothing_is_printed("\n".join(receipt.lines()))
    check_nothing_is_told_elsewhere(project)


def check_refused(error: VeilleError, expected: Refused, case: Case, project: Project) -> None:
    text = str(error)
    for words in expected.says:
        several = (words,) if isinstance(words, str) else words
        assert any(w in text for w in several), f"{words!r} not in {text!r}"
    for row in expected.rows:
        assert re.search(rf"\b{row}\b", text), f"row {row} not in {text!r}"
    names = [p.name.strip() for p in case.paths] + [case.source]
    assert any(name in text for name in names), f"no file in {text!r}"
    assert error.next_step
    assert not list(project.raw("real").rglob("*")), "something was stored"
    assert not project.intake.exists(), "a draft was left"


SECONDS, MEGABYTES = 2, 300  # that a refusal may take, beside what the process had before
ADDRESSES = 6 * 2**30  # bytes: a file that asks for more meets its end here, and not that of the machine
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _memory(what: str) -> float:
    """Megabytes of this process, as Linux counts them: VmRSS (now) or VmHWM (at most)."""
    found = re.search(rf"{what}:\s+(\d+) kB", _STATUS.read_text()) if _STATUS.exists() else None
    return int(found[1]) / 1024 if found else 0.0


def outcome(case: Case, project: Project) -> Receipt | VeilleError:
    """What the command ends with. Anything but these two errors is a crash, and is raised here.

    Refusing takes little time and memory. Time is the processor's: the clock of a busy machine says nothing.
    """
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, limits[1]))
    if _CLEAR.exists():
        _CLEAR.write_text("5")  # forget the highest memory until now
    before, start = _memory("VmRSS"), time.process_time()
    try:
        return take(case, project)
    except (BadData, BadParameter) as error:
        spent, growth = time.process_time() - start, _memory("VmHWM") - before
        assert spent <= SECONDS, f"{spent:.1f} s of processor to refuse"
        assert growth <= MEGABYTES, f"{growth:.0f} MB to refuse"
        return error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def judge(case: Case, root: Path) -> None:
    """The file is read right, or refused as it should be; where several ends are right, one of them."""
    project = new_project(root)
    result = outcome(case, project)
    several = case.expected if isinstance(case.expected, tuple) else (case.expected,)
    if isinstance(result, Receipt):
        right = [e for e in several if isinstance(e, Read)]
        assert right, f"read, and should have been refused: {result.lines()}"
        check_read(result, right[0], case, project)
        return
    right = [e for e in several if isinstance(e, Refused)]
    assert right, f"refused, and should have been read: {said_of(result)}"
    check_nothing_is_printed(said_of(result) if len(said_of(result)) <= LONGEST else str(result))
    assert MARK.lower() not in said_of(result).lower()
    check_refused(result, right[0], case, project)


def judge_control(case: Case, root: Path) -> None:
    """The same file without its fault is read: no test passes because everything is refused."""
    if case.control is None:
        several = case.expected if isinstance(case.expected, tuple) else (case.expected,)
        assert any(isinstance(e, Read) for e in several) and not any(e.refused for e in several if isinstance(e, Read))
        return
    receipt = take(case.control, new_project(root), dry_run=True)
    assert isinstance(case.control.expected, Read)
    assert receipt.balance.read == case.control.expected.rows and not receipt.balance.refused_rows


def kinds() -> list:
    return [
        pytest.param(kind, id=kind, marks=[pytest.mark.xfail(strict=True, reason=KNOWN[kind])] if kind in KNOWN else [])
        for kind in KINDS
    ]


def test_there_are_more_kinds_than_were_asked_for():
    assert len(KINDS) >= 40 and set(KNOWN) <= set(KINDS)


@pytest.mark.parametrize("kind", kinds())
def test_a_hostile_file_is_read_right_or_refused(kind, folder):
    judge(make(kind, 0, folder), folder / "project")


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_file_without_its_fault_is_read(kind, folder):
    judge_control(make(kind, 0, folder), folder / "control")


def judge_many(kind: str) -> None:
    """Twenty-five variations of one kind."""
    for number in VARIATIONS:
        with tempfile.TemporaryDirectory(prefix="hostile-", dir=ROOM) as name:
            inside = Path(name)
            case = make(kind, number, inside)
            try:
                judge_control(case, inside / "control")
                judge(case, inside / "project")
            except Exception as error:
                error.add_note(f"{kind}, variation {number}, {[p.name for p in case.paths]}, {case.source}")
                raise
            except BaseException as error:  # a panic of a library is no Exception
                raise AssertionError(f"{kind}, variation {number}: {type(error).__name__}") from error


# The other half is in test_hostile_more.py: two workers share the time.
@pytest.mark.full
@pytest.mark.parametrize("kind", kinds()[::2])
def test_twenty_five_files_of_each_kind(kind):
    judge_many(kind)
