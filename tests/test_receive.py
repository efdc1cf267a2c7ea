"""Receiving files: what enters is checked whole, counted, and stored with its papers in one step."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from incidents import good_row, kobo, new_project, write, write_xlsx

from veille import versions
from veille.errors import BadData, BadParameter, UnknownName
from veille.sources import snapshots
from veille.sources.receive import receive

DAY = date(2017, 7, 5)
SHEET = "Monitoring de protection"


@pytest.fixture
def project(tmp_path):
    return new_project(tmp_path / "p")


@pytest.fixture
def export(tmp_path):
    """Seven rows: three incidents that count, one sent twice, one refused in KoBo, a flash then its report, one refuted."""
    rows = [
        kobo(_uuid="u1", id_incident="INC-1"),
        kobo(_uuid="u1", id_incident="INC-1"),
        kobo(_uuid="u2", id_incident="INC-2", _validation_status="validation_status_not_approved"),
        kobo(_uuid="u3", id_incident="INC-3", type_rapport="flash"),
        kobo(_uuid="u4", id_incident="INC-3"),
        kobo(_uuid="u5", id_incident="INC-5", statut_verification="infirme"),
        kobo(_uuid="u6", id_incident="INC-6"),
    ]
    return write_xlsx(tmp_path / "export.xlsx", SHEET, rows)


def take(project, path, source="kobo_incidents", day=DAY, **given):
    return receive([path], source, day, project, producer="Partenaire fictif", **given)


def test_every_row_read_is_kept_or_left_out_for_a_reason(project, export):
    balance = take(project, export)
    assert balance.read == 7 and balance.kept == 3
    assert balance.left_out == {
        "envoyées deux fois (même _uuid)": 1,
        "non approuvées dans KoBo": 1,
        "remplacées par un rapport plus complet du même incident": 1,
        "incidents infirmés ou rejetés": 1,
    }


def test_what_was_received_is_what_the_next_count_reads(project, export):
    stored = take(project, export).stored
    (snapshot,) = versions.current(project, "real").snapshots
    snapshots.verify(snapshot)
    assert (snapshot.source, snapshot.received, snapshot.files[0].rows) == ("kobo_incidents", DAY, 7)
    assert (stored / "export.xlsx").read_bytes() == export.read_bytes()


def test_restricted_files_are_out_of_git_s_sight_from_the_first_moment(project, export):
    stored = take(project, export).stored
    assert yaml.safe_load((stored / "source.yml").read_text(encoding="utf-8"))["sensitivity"] == "restricted"
    assert (stored / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_trial_says_the_same_and_stores_nothing(project, export):
    balance = take(project, export, dry_run=True)
    assert balance.kept == 3 and balance.stored is None
    assert not list(project.raw("real").rglob("*.xlsx"))


def test_the_same_file_twice_changes_nothing(project, export):
    first = take(project, export)
    before = {p: p.read_bytes() for p in first.stored.iterdir()}
    second = take(project, export)
    assert first.is_new and not second.is_new
    assert {p: p.read_bytes() for p in first.stored.iterdir()} == before


def test_another_file_of_the_same_day_is_never_an_overwrite(project, export, tmp_path):
    stored = take(project, export).stored
    before = (stored / "export.xlsx").read_bytes()
    other = write_xlsx(tmp_path / "autre.xlsx", SHEET, [kobo()])
    with pytest.raises(BadParameter, match="d’autres fichiers"):
        take(project, other)
    assert (stored / "export.xlsx").read_bytes() == before
    assert take(project, other, day=date(2017, 7, 6)).is_new


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(kobo(cercle="ZQX-CANARI"), "cercle inconnu", id="unknown-place"),
        pytest.param(kobo(type_incident="zqx_canari"), "code inconnu", id="unknown-code"),
        pytest.param(kobo(femmes="ZQX-CANARI"), "valeur refusée", id="not-a-number"),
    ],
)
def test_a_file_that_is_wrong_anywhere_leaves_nothing_behind(project, tmp_path, row, said):
    path = write_xlsx(tmp_path / "export.xlsx", SHEET, [kobo(), row])
    with pytest.raises(BadData) as refused:
        take(project, path)
    assert said in str(refused.value) and "ZQX" not in str(refused.value) and "zqx" not in str(refused.value)
    assert not list(project.raw("real").rglob("*"))
    assert not list(project.work.glob("receive-*"))


def test_a_source_that_nobody_reads_gets_a_guess(project, export):
    with pytest.raises(UnknownName, match="kobo_incidents"):
        take(project, export, source="kobo_incident")


def test_a_plain_template_is_received_too(project, tmp_path):
    path = write("monitoring_coverage", tmp_path, [good_row("monitoring_coverage")])
    balance = take(project, path, source="monitoring_coverage")
    assert balance.read == balance.kept == 1
