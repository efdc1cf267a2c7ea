"""Releases: one commit point, a chain that tells a changed byte, and late records that nobody can subtract out (R8)."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from datetime import date
from pathlib import Path

import pytest
from incidents import GOOD_ROWS, deposit, kobo, new_project

from veille import versions
from veille.disclosure import ledger
from veille.disclosure.safe import SafeNumber, SafeTables
from veille.errors import BadData, BadParameter, DisclosureRefused
from veille.project import Project

CERCLES = ("Gao", "Ansongo", "Bourem", "Ménaka")


def incidents(month: str, counts: dict[str, int], start: int = 0) -> list[dict]:
    """Incidents of one month in the cercle of Gao, so many of each type."""
    kinds = [kind for kind, n in counts.items() for _ in range(n)]
    return [
        kobo(
            _uuid=f"{month}-{start + i}",
            id_incident=f"I{month}-{start + i}",
            type_incident=kind,
            date_incident=f"{month}-03",
            start=f"{month}-04T08:00:00.000",
            end=f"{month}-04T08:30:00.000",
            _submission_time=f"{month}-04T10:00:00",
        )
        for i, kind in enumerate(kinds)
    ]


def receive(project: Project, day: str, rows: list[dict], months: list[str]) -> None:
    deposit(project.raw("real"), "kobo_incidents", day, rows)
    cover = [GOOD_ROWS["monitoring_coverage"] | {"mois": m, "cercle": c} for m in months for c in CERCLES]
    deposit(project.raw("real"), "monitoring_coverage", day, cover)


JANUARY = incidents("2017-01", {"vol": 19, "coups_blessures": 9, "enlevement": 7})
FEBRUARY = incidents("2017-02", {"vol": 30, "coups_blessures": 12, "enlevement": 8})
MARCH = incidents("2017-03", {"vol": 25, "coups_blessures": 11, "enlevement": 9})
LATE = incidents("2017-01", {"vol": 1}, 100)
MUCH_LATER = incidents("2017-02", {"enlevement": 6}, 200)
BY = "protection_incidents.category="


@pytest.fixture(scope="module")
def year(tmp_path_factory) -> Project:
    """Three releases: January; February, with one theft of January that came late; the quarter's end, with six more."""
    project = new_project(tmp_path_factory.mktemp("releases") / "p")
    received = [
        ("2017-02-05", JANUARY, ["2017-01"]),
        ("2017-03-05", JANUARY + LATE + FEBRUARY, ["2017-01", "2017-02"]),
        ("2017-04-05", JANUARY + LATE + FEBRUARY + MUCH_LATER + MARCH, ["2017-01", "2017-02", "2017-03"]),
    ]
    for day, rows, months in received:
        receive(project, day, rows, months)
    for day, _, _ in received:
        for audience in ("cluster", "public"):
            versions.release(project, date.fromisoformat(day), audience)
    return project


def released(project: Project, audience: str = "cluster") -> list[dict[tuple[str, str, str], SafeNumber]]:
    """The numbers of each release."""
    out = []
    for entry in ledger.read(project, audience).releases:
        tables = SafeTables.read(project.releases(audience) / entry.folder)
        out.append({(n.key, n.place, n.period): n for n in tables})
    return out


def test_what_was_released_is_released_again_as_it_was(year):
    first, second, _ = released(year)
    assert first and all(second[a].value == n.value for a, n in first.items())
    assert second["protection_incidents", "gao", "2017-01"].display() == "35"  # the late one waits


def test_late_records_enter_at_the_quarter_s_end_where_no_difference_tells_them(year):
    _, second, third = released(year)
    assert third["protection_incidents", "gao", "2017-01"].display() == "36"  # plain totals are printed, always
    # February: six abductions came late, 8 are 14 now: enough of them to say so.
    assert (second[BY + "liberty", "gao", "2017-02"].display(), third[BY + "liberty", "gao", "2017-02"].display()) == ("8", "14")  # fmt: skip
    # January: one theft came late. No edition says 19 and then 20.
    assert second[BY + "property", "gao", "2017-01"].display() == "19"
    assert third[BY + "property", "gao", "2017-01"].display() == "19"


def test_no_reader_of_all_editions_can_subtract_a_late_record_out(year):
    for audience in ("cluster", "public"):
        editions = released(year, audience)
        for before, after in zip(editions, editions[1:], strict=False):
            for address, number in after.items():
                old = before.get(address)
                if old and old.is_shown and number.is_shown and "." in address[0] and number.unit != "percent":
                    assert abs(int(number.value) - int(old.value)) not in (1, 2), address


def test_the_ledger_says_what_is_public_and_nothing_more(year):
    for audience in ("cluster", "public"):
        text = (year.releases(audience) / ledger.FILE).read_text(encoding="utf-8")
        for line in text.splitlines()[:-1]:
            assert set(json.loads(line)) == {"carried", "day", "document", "folder", "hash", "kind", "number", "previous", "revised", "seal", "version"}  # fmt: skip
        book = ledger.read(year, audience)
        assert [e.revised for e in book.entries] == [(), (), ("2017-01", "2017-02")]


def test_a_released_day_is_read_again_and_never_judged_again(year, monkeypatch):
    def judged(*_, **__):
        raise AssertionError("judged again")

    monkeypatch.setattr("veille.disclosure.judge.judge", judged)
    version = versions.current(year, "real", date(2017, 3, 5))
    folder = versions.candidate(version, "cluster")
    assert folder.parent == year.releases("cluster")
    assert SafeTables.read(folder).meta["version"] == version.id


@pytest.mark.full
def test_the_notes_of_what_was_released_stay_when_its_rows_go(year, tmp_path, monkeypatch):
    """The next release is judged by them."""
    shutil.copytree(year.root, tmp_path / "p")
    project = Project(tmp_path / "p")
    monkeypatch.setattr(versions, "KEPT", 1)
    receive(project, "2017-05-05", JANUARY + LATE + FEBRUARY + MUCH_LATER + MARCH, ["2017-01", "2017-02", "2017-03"])
    newest = versions.current(project, "real")
    versions.candidate(newest, "cluster")
    assert [p.name for p in project.tables("real", newest.id).parent.iterdir()] == [newest.id]
    for entry in ledger.read(project, "cluster").releases:
        assert project.cubes("real", entry.version).is_file()


def test_the_public_never_reads_before_the_members(fresh):
    with pytest.raises(BadParameter, match="pas encore été diffusée aux membres"):
        versions.release(fresh, date(2017, 2, 5), "public")
    assert not (fresh.releases("public") / ledger.FILE).exists()
    for audience in ("cluster", "public"):
        assert versions.release(fresh, date(2017, 2, 5), audience)[1] is True


def test_the_same_version_is_released_once_and_time_does_not_go_back(year):
    before = (year.releases("cluster") / ledger.FILE).read_bytes()
    assert versions.release(year, date(2017, 4, 5), "cluster")[1] is False
    with pytest.raises(BadParameter, match="2017-04-05"):
        receive(year, "2017-03-20", JANUARY + LATE + FEBRUARY + MARCH[:1], ["2017-01", "2017-02"])
        try:
            versions.release(year, date(2017, 3, 20), "cluster")
        finally:
            for source in ("kobo_incidents", "monitoring_coverage"):
                shutil.rmtree(year.raw("real") / source / "2017-03-20")
    assert (year.releases("cluster") / ledger.FILE).read_bytes() == before


# --- a ledger that was touched ------------------------------------------------------------------------------------


@pytest.fixture
def copy(year, tmp_path) -> Project:
    shutil.copytree(year.releases("cluster"), tmp_path / "data" / "processed" / "releases" / "cluster")
    return Project(tmp_path)


def test_a_thousand_flipped_bytes_are_a_thousand_refusals(copy):
    path = copy.releases("cluster") / ledger.FILE
    original, chance = path.read_bytes(), random.Random(1)
    for _ in range(1000):
        at, bit = chance.randrange(len(original)), 1 << chance.randrange(8)
        path.write_bytes(original[:at] + bytes([original[at] ^ bit]) + original[at + 1 :])
        with pytest.raises(DisclosureRefused, match="altéré"):
            ledger.read(copy, "cluster")
    path.write_bytes(original)
    assert len(ledger.read(copy, "cluster").entries) == 3


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(lambda root, lines: [*lines[:1], *lines[2:]], id="a-line-taken-out"),
        pytest.param(lambda root, lines: lines[:2], id="the-end-cut-off"),
        pytest.param(lambda root, lines: lines[:-1], id="the-last-line-cut-off"),
        pytest.param(lambda root, lines: [lines[1], lines[0], *lines[2:]], id="two-lines-swapped"),
        pytest.param(lambda root, lines: [lines[0], *lines], id="a-line-twice"),
        pytest.param(lambda root, lines: [lines[0].replace(",", ", ", 1), *lines[1:]], id="a-space-added"),
        pytest.param(lambda root, lines: [], id="emptied"),
        pytest.param(lambda root, lines: [*lines, ""], id="a-line-break-added"),
        pytest.param(lambda root, lines: shutil.rmtree(next(root.glob("0002-*"))) or lines, id="a-release-taken-away"),
        pytest.param(lambda root, lines: next(root.glob("0002-*/tables/incidents.csv")).write_text("") or None or lines, id="a-table-emptied"),
        pytest.param(lambda root, lines: shutil.copy(next(root.glob("0001-*/candidate.json")), next(root.glob("0002-*"))) and lines, id="another-release-s-seal"),
    ],
)  # fmt: skip
def test_a_ledger_that_is_not_the_one_that_was_written_is_refused(copy, attack):
    root = copy.releases("cluster")
    lines = attack(root, (root / ledger.FILE).read_text(encoding="utf-8").splitlines())
    text = "\n".join(lines) + "\n" if lines else ""
    (root / ledger.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(DisclosureRefused, match="altéré") as refused:
        ledger.read(copy, "cluster")
    assert refused.value.exit_code == 4


def test_a_ledger_that_is_gone_is_not_an_empty_one(copy):
    (copy.releases("cluster") / ledger.FILE).unlink()
    with pytest.raises(DisclosureRefused, match="il manque"):
        ledger.read(copy, "cluster")


# --- the commit point ---------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(tmp_path) -> Project:
    project = new_project(tmp_path / "p")
    receive(project, "2017-02-05", JANUARY, ["2017-01"])
    return project


@pytest.mark.parametrize("stop_at", [1, 2], ids=["before-the-folder", "before-the-ledger"])
def test_a_release_that_is_interrupted_released_nothing_and_can_be_done_again(fresh, monkeypatch, stop_at):
    day = date(2017, 2, 5)
    versions.candidate(versions.current(fresh, "real", day), "cluster")
    replace, calls = os.replace, []

    def full(source, target):
        if fresh.releases("cluster") in Path(target).parents:
            calls.append(target)
            if len(calls) == stop_at:
                raise OSError(errno.ENOSPC, "no space left")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        versions.release(fresh, day, "cluster")
    monkeypatch.undo()
    assert not (fresh.releases("cluster") / ledger.FILE).exists()
    if stop_at == 1:
        assert ledger.read(fresh, "cluster").entries == ()
    for left in fresh.releases("cluster").iterdir():
        assert left.name.startswith(".") or stop_at == 2
    for left in fresh.releases("cluster").glob("[0-9]*"):
        shutil.rmtree(left)
    assert versions.release(fresh, day, "cluster")[1] is True
    assert len(ledger.read(fresh, "cluster").entries) == 1


def test_a_candidate_that_was_judged_before_the_last_release_is_judged_again(fresh):
    day = date(2017, 2, 5)
    old = versions.candidate(versions.current(fresh, "real", date(2017, 2, 6)), "cluster")
    stale = SafeTables.read(old).meta["ledger"]
    versions.release(fresh, day, "cluster")
    book = ledger.read(fresh, "cluster")
    assert book.head != stale
    shutil.copytree(old, fresh.root / "kept")
    with pytest.raises(DisclosureRefused, match="avant la dernière diffusion"):
        ledger.freeze(fresh, book, fresh.root / "kept", "2017-02-07")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"nature": "example"}, id="invented"),
        pytest.param({"audience": "public"}, id="another-audience", marks=pytest.mark.full),
        pytest.param({"verdict": {"result": "provisional"}}, id="no-verdict", marks=pytest.mark.full),
    ],
)
def test_invented_data_another_audience_and_no_verdict_are_never_released(fresh, change):
    folder = versions.candidate(versions.current(fresh, "real", date(2017, 2, 5)), "cluster")
    path = folder / "candidate.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(DisclosureRefused):
        ledger.freeze(fresh, ledger.read(fresh, "cluster"), folder, "2017-02-05")
    assert not (fresh.releases("cluster") / ledger.FILE).exists()


# --- what others had printed --------------------------------------------------------------------------------------


def printed(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "imprime.csv"
    path.write_text("\n".join(["key,place,period,value", *rows]) + "\n", encoding="utf-8")
    return path


def test_numbers_that_others_printed_are_public_facts(fresh, tmp_path):
    book = ledger.read(fresh, "public")
    ledger.add_printed(fresh, book, printed(tmp_path, "protection_incidents,gao,2017-01,35", f"{BY}liberty,gao,2017-01,7"), "Bulletin de janvier", "2017-01-31")  # fmt: skip
    assert [(f.release, f.value) for f in ledger.read(fresh, "public").facts] == [(0, 35), (0, 7)]
    versions.release(fresh, date(2017, 2, 5), "cluster")
    (only,) = released(fresh)
    assert only["protection_incidents", "gao", "2017-01"].display() == "35"
    assert only[BY + "liberty", "gao", "2017-01"].display() == "7"


def test_a_number_that_others_counted_otherwise_does_not_tell_who_was_missing(fresh, tmp_path):
    """They printed 8 abductions, we count 7: printing 7 would say that one was taken back."""
    book = ledger.read(fresh, "public")
    ledger.add_printed(
        fresh, book, printed(tmp_path, f"{BY}liberty,gao,2017-01,8"), "Bulletin de janvier", "2017-01-31"
    )
    versions.release(fresh, date(2017, 2, 5), "cluster")
    (only,) = released(fresh)
    assert only[BY + "liberty", "gao", "2017-01"].display() in ("8", "n.p.")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param("inconnu,gao,2017-01,8", "ligne 2, colonne key", id="a-key-that-nothing-declares"),
        pytest.param("protection_incidents,gao,2017-01,huit", "ligne 2, colonne value", id="a-number-in-words"),
        pytest.param("protection_incidents,gao,2017-01,-8", "ligne 2, colonne value", id="below-zero"),
        pytest.param("protection_incidents,gao,2017-01,8\nprotection_incidents,gao,2017-01,9", "ligne 3", id="twice"),
    ],
)
def test_a_bad_line_of_printed_numbers_is_refused_and_nothing_is_written(fresh, tmp_path, row, said):
    with pytest.raises(BadData, match=said):
        ledger.add_printed(fresh, ledger.read(fresh, "public"), printed(tmp_path, row), "x", "2017-01-31")
    assert not fresh.releases("public").exists() or not list(fresh.releases("public").iterdir())


def test_a_printed_number_is_entered_once(fresh, tmp_path):
    path = printed(tmp_path, "protection_incidents,gao,2017-01,35")
    ledger.add_printed(fresh, ledger.read(fresh, "public"), path, "x", "2017-01-31")
    with pytest.raises(BadData, match="déjà au registre"):
        ledger.add_printed(fresh, ledger.read(fresh, "public"), path, "x", "2017-01-31")


@pytest.mark.parametrize(
    ("last", "now", "opened"),
    [
        pytest.param("2017-02-05", "2017-03-05", "", id="within-a-quarter"),
        pytest.param("2017-03-05", "2017-04-05", "2017-01 2017-02 2017-Q1", id="a-quarter-has-ended"),
        pytest.param("2017-04-05", "2017-05-05", "", id="only-once"),
        pytest.param(
            "2017-03-31", "2017-04-05", "2017-01 2017-02 2017-Q1", id="a-release-of-its-last-day-came-before-its-end"
        ),
        pytest.param("2017-12-05", "2018-01-05", "2017-01 2017-02 2017-Q1", id="a-year-has-ended"),
    ],
)
def test_which_periods_a_release_opens_again(last, now, opened):
    known = {"2017-01", "2017-02", "2017-Q1", "2016-12", "2017-01-31"}
    assert ledger.reopened(known, last, now) == set(opened.split())
