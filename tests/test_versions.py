"""Data versions: which snapshots make one, and what makes it another."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date

import pytest
from incidents import GOOD_ROWS, decide, deposit, fivew_row, kobo, new_project

from veille import versions
from veille.disclosure.safe import PACKAGE as PACKAGE_OF_TABLES
from veille.disclosure.safe import SafeTables
from veille.errors import BadData, BadParameter, BuildFailed
from veille.project import PACKAGE

AMSS = GOOD_ROWS["amss_incidents"]
ALERT = GOOD_ROWS["alerts"]
ALIASES = "edition,niveau,graphie,pcode,par,le\ncod2015,2,Gao-ville,ML0701,chargé de l’IM,2017-01-05\n"
CORRECTION = """\
- source: monitoring_coverage
  key: {mois: 2016-10, cercle: Gao}
  column: communes_couvertes
  from: 5
  to: 4
  reason: compté deux fois
  by: chargé de l’IM
  received: 2017-01-05
"""


@pytest.fixture
def project(tmp_path):
    """Printed incidents received in January and February, alerts in January."""
    project = new_project(tmp_path / "p")
    deposit(project.raw("real"), "amss_incidents", "2017-01-05", [AMSS])
    deposit(project.raw("real"), "amss_incidents", "2017-02-05", [AMSS, AMSS | {"month": "2016-11"}])
    deposit(project.raw("real"), "alerts", "2017-01-20", [ALERT])
    return project


def received(version) -> dict[str, str]:
    return {s.source: s.received.isoformat() for s in version.snapshots}


# --- which snapshots ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        pytest.param(None, {"alerts": "2017-01-20", "amss_incidents": "2017-02-05"}, id="today-the-newest-of-all"),
        pytest.param("2017-02-05", {"alerts": "2017-01-20", "amss_incidents": "2017-02-05"}, id="the-day-of-receipt-counts"),
        pytest.param("2017-02-04", {"alerts": "2017-01-20", "amss_incidents": "2017-01-05"}, id="the-day-before-it-does-not"),
        pytest.param("2017-01-19", {"amss_incidents": "2017-01-05"}, id="before-any-alert"),
        pytest.param("2017-01-04", {}, id="before-anything"),
    ],
)  # fmt: skip
def test_a_version_holds_the_newest_snapshot_of_each_source_received_by_its_day(project, as_of, expected):
    version = versions.current(project, "real", date.fromisoformat(as_of) if as_of else None)
    assert received(version) == expected
    newest = version.newest_received
    assert (newest.isoformat() if newest else None) == max(expected.values(), default=None)


def test_nothing_received_is_no_version_to_count(project):
    with pytest.raises(BadParameter, match="Aucune donnée reçue"):
        versions.candidate(versions.current(project, "real", date(2016, 1, 1)), "cluster")


# --- the id -------------------------------------------------------------------------------------------------------


def version_id(project, nature="real", as_of=None) -> str:
    return versions.current(project, nature, as_of).id


def test_an_id_is_twelve_hex_digits(project):
    assert re.fullmatch(r"[0-9a-f]{12}", version_id(project))


def test_the_same_inputs_have_the_same_id_wherever_they_lie(project, tmp_path):
    shutil.copytree(project.root, tmp_path / "ailleurs")
    assert version_id(type(project)(tmp_path / "ailleurs")) == version_id(project) == version_id(project)


def test_days_between_two_receipts_share_their_version(project):
    assert (
        version_id(project, as_of=date(2017, 2, 5))
        == version_id(project, as_of=date(2017, 6, 30))
        == version_id(project)
    )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda p: deposit(p.raw("real"), "fivew", "2017-02-05", [fivew_row()]), id="one-more-source"),
        pytest.param(lambda p: deposit(p.raw("real"), "alerts", "2017-03-05", [ALERT]), id="one-more-snapshot-even-of-the-same-bytes"),
        pytest.param(lambda p: shutil.rmtree(p.raw("real") / "alerts"), id="a-source-taken-away"),
        pytest.param(lambda p: rule(p, "disclosure.yml", "threshold: 3", "threshold: 4"), id="a-threshold"),
        pytest.param(lambda p: rule(p, "places.yml", "ML0704", "ML0701"), id="a-cercle-in-another-zone"),
        pytest.param(lambda p: decide(p.root, "corrections.yml", CORRECTION), id="a-correction"),
        pytest.param(lambda p: decide(p.root, "aliases.csv", ALIASES), id="a-spelling-that-was-admitted"),
    ],
)  # fmt: skip
def test_another_input_is_another_version(project, change):
    before = version_id(project)
    change(project)
    assert version_id(project) != before


def test_a_decision_taken_back_is_the_version_of_before(project):
    before = version_id(project)
    decide(project.root, "aliases.csv", ALIASES)
    (project.params / "aliases.csv").unlink()
    assert version_id(project) == before


def test_a_decision_that_cannot_be_read_stops_every_version(project):
    decide(project.root, "corrections.yml", "x: 1")
    with pytest.raises(BadData, match="params/corrections.yml"):
        version_id(project)


# --- parts: what one snapshot gives, made once ----------------------------------------------------------------------


def test_a_decision_makes_the_rows_that_were_read_before_it_anew(tmp_path):
    project = new_project(tmp_path / "p")
    deposit(project.raw("real"), "alerts", "2017-01-20", [ALERT, ALERT | {"alerte_id": "A-2", "cercle": "Gao-ville"}])

    def kept() -> int:
        return versions.balances(versions.current(project, "real"))["alerts/2017-01-20"].kept

    with pytest.raises(BadData, match="cercle inconnu"):
        kept()
    decide(project.root, "aliases.csv", ALIASES)
    assert kept() == 2
    (project.params / "aliases.csv").unlink()
    with pytest.raises(BadData, match="cercle inconnu"):
        kept()


def test_a_correction_changes_the_number_and_the_version_that_gives_it(project):
    deposit(project.raw("real"), "monitoring_coverage", "2017-01-05", [GOOD_ROWS["monitoring_coverage"]])

    def communes() -> str:
        folder = versions.candidate(versions.current(project, "real"), "cluster")
        return SafeTables.read(folder).get("communes_covered", "cod2015:ML0701", "2016-10").display()

    before = communes()
    decide(project.root, "corrections.yml", CORRECTION)
    assert (before, communes()) == ("5", "4")


@pytest.mark.full
def test_only_the_newest_versions_keep_what_was_made_of_their_rows(project, monkeypatch):
    """An older one comes back when it is asked for, with the same bytes."""
    monkeypatch.setattr(versions, "KEPT", 2)
    deposit(project.raw("real"), "monitoring_coverage", "2017-01-05", [GOOD_ROWS["monitoring_coverage"]])
    first = versions.current(project, "real")
    folder = versions.candidate(first, "cluster")
    before = {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    ids = [first.id]
    for value in ("4", "3"):
        decide(project.root, "corrections.yml", CORRECTION.replace("to: 4", f"to: {value}"))
        versions.candidate(versions.current(project, "real"), "cluster")
        ids.append(version_id(project))
    made = project.root / "data" / "processed"
    for what in ("candidate", "tables", "protection"):
        assert {p.name for p in (made / what / "real").iterdir()} == set(ids[1:]), what
    decide(project.root, "corrections.yml", "")
    assert versions.candidate(versions.current(project, "real"), "cluster") == folder
    assert {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_the_balance_of_every_snapshot_is_told_once_it_was_read(project):
    balances = versions.balances(versions.current(project, "real"))
    assert {label: (b.read, b.kept) for label, b in balances.items()} == {
        "alerts/2017-01-20": (1, 1),
        "amss_incidents/2017-02-05": (2, 2),
    }
    assert not list(project.root.rglob(".draft-*"))


def rule(project, name: str, old: str, new: str) -> None:
    path = project.params / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_papers_that_name_another_edition_are_another_version(project):
    before = version_id(project)
    papers = project.raw("real") / "alerts" / "2017-01-20" / "source.yml"
    papers.write_text(papers.read_text(encoding="utf-8").replace("cod2015", "cod2021"), encoding="utf-8")
    assert version_id(project) != before


def test_a_new_file_on_the_same_day_is_another_version(project):
    before = version_id(project)
    shutil.rmtree(project.raw("real") / "alerts")
    deposit(project.raw("real"), "alerts", "2017-01-20", [ALERT | {"cercle": "Bourem"}])
    assert version_id(project) != before


def test_the_same_rows_of_another_nature_are_another_version(project):
    for source, day, rows in (
        ("amss_incidents", "2017-02-05", [AMSS, AMSS | {"month": "2016-11"}]),
        ("alerts", "2017-01-20", [ALERT]),
    ):
        deposit(project.raw("example"), source, day, rows, nature="example")
    real, example = versions.current(project, "real"), versions.current(project, "example")
    assert [[f.sha256 for f in s.files] for s in real.snapshots] == [
        [f.sha256 for f in s.files] for s in example.snapshots
    ]
    assert real.id != example.id
    before_all = date(2016, 1, 1)  # nothing received: still two versions
    assert version_id(project, "real", before_all) != version_id(project, "example", before_all)


def test_texts_and_reports_do_not_change_a_version(project):
    before = version_id(project)
    project.texts.mkdir(parents=True)
    (project.texts / "gao.md").write_text("x", encoding="utf-8")
    (project.params / "contacts.yml").write_text("x: 1", encoding="utf-8")
    project.reports.mkdir()
    assert version_id(project) == before


def test_every_piece_of_code_that_decides_a_number_is_in_the_id():
    assert {"sources", "tables", "indicators", "disclosure", "codes", "gazetteer", "schemas", "places.py", "periods.py", "formats.py"} <= set(versions.CODE)  # fmt: skip
    assert all((PACKAGE / name).exists() for name in versions.CODE)


# --- natures never meet -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "nature"),
    [
        pytest.param("real", "example", id="invented-rows-among-the-real-ones"),
        pytest.param("example", "real", id="real-rows-among-the-invented-ones"),
        pytest.param("real", "réelle", id="a-nature-that-does-not-exist"),
    ],
)
def test_a_snapshot_of_the_other_nature_is_refused(project, folder, nature):
    deposit(project.raw(folder), "fivew", "2017-02-05", [fivew_row()], nature=nature)
    with pytest.raises(BadData, match="n’est pas de nature"):
        versions.current(project, folder)


# --- the candidate ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    """Twenty-four incidents, two murders and three assaults among them, counted for both audiences."""
    project = new_project(tmp_path_factory.mktemp("counted") / "p")
    kinds = ["meurtre"] * 2 + ["coups_blessures"] * 3 + ["vol"] * 19
    rows = [kobo(_uuid=f"u{n}", id_incident=f"I{n}", type_incident=kind) for n, kind in enumerate(kinds)]
    deposit(project.raw("real"), "kobo_incidents", "2017-01-05", rows)
    cover = [GOOD_ROWS["monitoring_coverage"] | {"mois": "2016-08", "cercle": c} for c in ("Gao", "Ansongo", "Bourem", "Ménaka")]  # fmt: skip
    deposit(project.raw("real"), "monitoring_coverage", "2017-01-05", cover)
    version = versions.current(project, "real")
    return project, {a: versions.candidate(version, a) for a in ("cluster", "public")}


def test_from_received_rows_to_safe_numbers(counted):
    _, folders = counted
    tables = SafeTables.read(folders["cluster"])
    expected = {
        "protection_incidents": "24",
        "protection_incidents.category=property": "19",
        "protection_incidents.category=life": "n.p.",  # two
        "protection_incidents.category=integrity": "n.p.",  # three: without them the two would be 24 - 19 - 3
        "protection_incidents.category=liberty": "0",
        "protection_incidents_share_pct.category=property": "79\u202f%",  # 19 of 24
        "protection_incidents_share_pct.category=integrity": "n.p.",
        "protection_incidents.perpetrator_class=unidentified_armed": "n.p.",  # all 24 of one class (R6)
    }
    assert {key: tables.get(key, "gao", "2016-08").display() for key in expected} == expected


def test_the_public_edition_has_no_perpetrator(counted):
    _, folders = counted
    public = SafeTables.read(folders["public"])
    assert public.get("protection_incidents", "gao", "2016-08").display() == "24"
    assert not [n.key for n in public if "perpetrator" in n.key]
    assert public.meta["audience"] == "public" and public.meta["nature"] == "real"


def test_a_candidate_s_folder_and_contents_carry_their_version(counted):
    project, folders = counted
    for audience, folder in folders.items():
        assert folder == project.candidate("real", version_id(project), audience)
        assert SafeTables.read(folder).meta["version"] == version_id(project)


def test_a_raw_file_that_changed_stops_even_a_version_that_was_counted(counted, tmp_path):
    project, _ = counted
    shutil.copytree(project.root, tmp_path / "p")
    copy = type(project)(tmp_path / "p")
    version = versions.current(copy, "real")
    file = version.snapshots[0].files[0].path
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(BadData, match="changé depuis sa réception"):
        versions.candidate(version, "cluster")


def test_counting_again_gives_the_same_bytes(counted):
    project, folders = counted
    before = {p.name: p.read_bytes() for p in folders["cluster"].rglob("*") if p.is_file()}
    versions.candidate(versions.current(project, "real"), "cluster", again=True)
    assert {p.name: p.read_bytes() for p in folders["cluster"].rglob("*") if p.is_file()} == before


def test_a_candidate_carries_a_data_package_that_frictionless_accepts(counted):
    import frictionless

    _, folders = counted
    for audience, folder in folders.items():
        report = frictionless.validate(str(folder / PACKAGE_OF_TABLES))
        assert report.valid, report.flatten(["type", "note"])
        given = json.loads((folder / PACKAGE_OF_TABLES).read_text(encoding="utf-8"))
        assert {r["path"] for r in given["resources"]} == {f"tables/{p.name}" for p in (folder / "tables").iterdir()}
        assert sum(task.stats["rows"] for task in report.tasks) == len(SafeTables.read(folder))
        assert audience in given["keywords"] and given["version"] in given["name"]


def test_the_data_package_is_sealed_and_a_candidate_that_has_none_is_read(counted, tmp_path):
    _, folders = counted
    shutil.copytree(folders["cluster"], tmp_path / "changed")
    path = tmp_path / "changed" / PACKAGE_OF_TABLES
    path.write_bytes(path.read_bytes().replace(b"cluster", b"public "))
    with pytest.raises(BuildFailed, match="modifiées"):
        SafeTables.read(tmp_path / "changed")
    tables = SafeTables.read(folders["cluster"])
    SafeTables(tables, {"version": "abc"}, tables.records).write(tmp_path / "older")
    assert not (tmp_path / "older" / PACKAGE_OF_TABLES).exists()
    assert len(SafeTables.read(tmp_path / "older")) == len(tables)


def test_nothing_but_safe_tables_is_left_in_the_candidate(counted):
    project, folders = counted
    for folder in folders.values():
        assert {p.suffix for p in folder.rglob("*") if p.is_file()} == {".csv", ".json"}
        text = "".join(p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file())
        assert "I23" not in text and "u23" not in text and "Récit" not in text and "ML070103" not in text
    assert not list(project.root.rglob(".draft-*"))
