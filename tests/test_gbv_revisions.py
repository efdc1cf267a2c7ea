"""What was printed of GBV and is another number now: the old one stays, or both are said, where nobody is told (R8)."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml
from incidents import PARAMS, monthly_table, new_project

from veille import places, versions
from veille.disclosure.safe import SafeTables
from veille.periods import parse
from veille.present import revisions
from veille.project import Project
from veille.published import Edition
from veille.render.document import plain
from veille.sources import receive

APRIL, MAY, JUNE = "2017-04", "2017-05", "2017-06"
ADDRESS = "gbv_incidents_reported@mali@2017-05"


def sent(project: Project, folder: Path, day: str, numbers: dict[str, dict[str, int]]) -> None:
    for organisation, months in numbers.items():
        (folder / day).mkdir(exist_ok=True)
        file = monthly_table(folder / day, organisation, months)
        receive.receive([file], "gbv_tables", date.fromisoformat(day), project, producer=organisation)


@pytest.fixture
def project(tmp_path) -> Project:
    """Three organisations sent April and May by the fifth of June, and the cluster was given them."""
    project = new_project(tmp_path / "p")
    shutil.copy(PARAMS / "contacts.yml", project.params)
    agreements = [
        {"organisation": f"org_{x}", "audiences": ["cluster", "public"], "until": "2018-12-31", "reference": "Accord"}
        for x in "abc"
    ]
    text = yaml.safe_dump({"role": "member", "agreements": agreements})
    (project.params / "consent.yml").write_text(text, encoding="utf-8")
    numbers = {"ORG-A": {APRIL: 60, MAY: 61}, "ORG-B": {APRIL: 50, MAY: 49}, "ORG-C": {APRIL: 40, MAY: 41}}
    sent(project, tmp_path, "2017-06-05", numbers)
    versions.release(project, date(2017, 6, 5), "cluster")
    return project


def released(project: Project, day: str) -> SafeTables:
    folder, _ = versions.release(project, date.fromisoformat(day), "cluster")
    return SafeTables.read(folder)


def said(project: Project, tables: SafeTables, period: str) -> str:
    """The line on revisions of an edition."""
    edition = Edition(
        "gbvims", "Synthèse GBVIMS", places.area("mali", project.params), parse(period), "cluster", "fr", "real", "",
        tables, None, (), project.root,
    )  # fmt: skip
    return " ".join(plain(block["runs"]) for block in revisions(edition).blocks).replace("\u202f", " ")


def test_before_the_quarter_ends_a_late_number_waits(project, tmp_path):
    sent(project, tmp_path, "2017-06-20", {"ORG-A": {MAY: 68}})
    tables = released(project, "2017-06-20")
    assert tables.get("gbv_incidents_reported", "mali", MAY).value == "151"
    assert said(project, tables, MAY) == ""


def test_once_the_quarter_has_ended_both_numbers_are_said(project, tmp_path):
    """61 + 49 + 41 = 151 was printed; seven more came: 158, and the quarter is the sum of its revised months."""
    sent(project, tmp_path, "2017-07-05", {"ORG-A": {MAY: 68, JUNE: 55}, "ORG-B": {JUNE: 52}, "ORG-C": {JUNE: 44}})
    tables = released(project, "2017-07-05")
    may, quarter = (tables.get("gbv_incidents_reported", "mali", p) for p in (MAY, "2017-Q2"))
    assert (may.value, quarter.value) == ("158", str(150 + 158 + 151))
    assert tables.meta["printed_before"][ADDRESS] == "151"
    assert said(project, tables, "2017-Q2") == "Révisions. Mai 2017 : 158 (publié : 151)."
    assert said(project, tables, JUNE) == "Révisions. Mai 2017 : 158 (publié : 151)."
    assert said(project, tables, APRIL) == ""


def test_a_difference_that_would_tell_of_two_people_is_told_to_nobody(project, tmp_path):
    """Two late cases: the difference is under the threshold, so the month stays as printed, and the quarter goes with it."""
    sent(project, tmp_path, "2017-07-05", {"ORG-A": {MAY: 63, JUNE: 55}, "ORG-B": {JUNE: 52}, "ORG-C": {JUNE: 44}})
    tables = released(project, "2017-07-05")
    shown = {
        p: n.value for p in (APRIL, MAY, JUNE, "2017-Q2") if (n := tables.get("gbv_incidents_reported", "mali", p))
    }
    assert shown[MAY] in ("", "151")
    known = [int(shown[p]) for p in (APRIL, MAY, JUNE) if shown[p]]
    assert not (shown["2017-Q2"] and len(known) == 3 and int(shown["2017-Q2"]) - sum(known) == 2)
    assert not tables.meta.get("printed_before") and said(project, tables, "2017-Q2") == ""
