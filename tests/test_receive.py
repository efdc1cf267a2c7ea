"""Receiving files: what enters is checked whole, counted, and stored with its papers in one step."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from incidents import good_row, kobo, new_project, write, write_xlsx

from veille import digests, versions
from veille.errors import BadData, BadParameter, DisclosureRefused, UnknownName
from veille.schemas import template
from veille.sources import snapshots
from veille.sources.receive import receive, sort_out

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
    balance = take(project, export).balance
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
    assert snapshot.files[0].received == digests.sha256(export) != snapshot.files[0].sha256
    (balance,) = versions.balances(versions.current(project, "real")).values()
    assert balance.read == 7 and balance.kept == 3
    assert [p.name for p in stored.iterdir() if p.suffix == ".csv"] == ["export.csv"]


def test_what_identifies_people_is_not_stored(project, tmp_path):
    """Class I: the place, the story, who told it, the phone and the account that sent it."""
    marks = {
        "localite": "ZQX-UN",
        "description": "ZQX-DEUX",
        "source_information": "ZQX-TROIS",
        "deviceid": "ZQX-QUATRE",
        "_submitted_by": "ZQX-CINQ",
        "_notes": "ZQX-SIX",
    }
    path = write_xlsx(tmp_path / "export.xlsx", SHEET, [kobo(**marks), kobo(_uuid="u2", id_incident="INC-2", **marks)])
    stored = take(project, path).stored
    versions.balances(versions.current(project, "real"))
    on_disk = [p for p in project.root.rglob("*") if p.is_file()]
    assert stored in {p.parent for p in on_disk}
    assert not [p for p in on_disk if b"ZQX" in p.read_bytes()]


def test_a_file_that_identifies_nobody_is_kept_byte_for_byte(project, tmp_path):
    path = write("monitoring_coverage", tmp_path, [good_row("monitoring_coverage")])
    stored = take(project, path, source="monitoring_coverage").stored
    assert (stored / path.name).read_bytes() == path.read_bytes()


def test_rows_that_break_a_rule_are_refused_by_rule_and_the_others_come_in(project, tmp_path):
    rows = [kobo(_uuid=f"u{n}", id_incident=f"INC-{n}") for n in range(20)]
    rows[3] |= kobo(_uuid="u3", id_incident="INC-3", femmes="beaucoup")
    rows[7] |= kobo(_uuid="u7", id_incident="INC-7", femmes=1, tues=9)
    path = write_xlsx(tmp_path / "export.xlsx", SHEET, rows)
    receipt = take(project, path)
    assert (receipt.balance.read, receipt.balance.kept, receipt.balance.refused_rows) == (20, 18, 2)
    assert [(f.column, f.rows) for f in receipt.balance.refused] == [("victimes/femmes", (5,)), ("", (9,))]
    papers = yaml.safe_load((receipt.stored / "source.yml").read_text(encoding="utf-8"))
    assert papers["files"][0]["rows"] == 20 and papers["files"][0]["refused"] == 1
    assert papers["balance"] == {"read": 20, "kept": 18, "left_out": 0, "refused": 2}
    (again,) = versions.balances(versions.current(project, "real")).values()
    assert (again.kept, again.refused) == (18, receipt.balance.refused)


def test_row_numbers_outlive_the_cut(project, tmp_path):
    """Blank lines above it, and a file that came as CSV: the number is still the one that the sender sees."""
    path = tmp_path / "export.csv"
    header = list(kobo())
    lines = [header, *(list(kobo(_uuid=f"u{n}", id_incident=f"INC-{n}").values()) for n in range(9))]
    lines.append(list(kobo(_uuid="u9", id_incident="INC-9", femmes="douze").values()))
    text = [";".join("" if v is None else str(v) for v in line) for line in lines]
    path.write_text("\n".join([text[0], "", *text[1:4], "", "", *text[4:]]) + "\n", encoding="utf-8")
    receipt = take(project, path)
    assert receipt.balance.refused[0].rows == (14,)
    (again,) = versions.balances(versions.current(project, "real")).values()
    assert again.refused[0].rows == (14,)


def test_files_of_a_folder_are_one_snapshot_and_their_rows_add_up(project, tmp_path):
    folder = tmp_path / "juillet"
    folder.mkdir()
    for n in range(3):
        write_xlsx(folder / f"e{n}.xlsx", SHEET, [kobo(_uuid=f"u{n}", id_incident=f"INC-{n}")])
    (folder / ".DS_Store").write_bytes(b"x")
    ((source, _, paths),) = sort_out([folder], "kobo_incidents")
    receipt = receive(paths, source, DAY, project, producer="Partenaire fictif")
    assert receipt.balance.read == receipt.balance.kept == 3
    assert len(receipt.snapshot.files) == 3


def test_the_same_rows_in_two_files_are_counted_once(project, tmp_path):
    for n in range(2):
        write_xlsx(tmp_path / f"e{n}.xlsx", SHEET, [kobo(_uuid="u1", id_incident="INC-1")])
    balance = receive(sorted(tmp_path.glob("e*.xlsx")), "kobo_incidents", DAY, project, producer="P").balance
    assert balance.kept == 1 and balance.left_out["envoyées deux fois (même _uuid)"] == 1


def test_of_several_files_every_fault_names_its_own(project, tmp_path):
    for name in ("a", "b"):
        rows = [kobo(_uuid=f"{name}{n}", id_incident=f"INC-{name}{n}") for n in range(20)]
        rows[3] |= kobo(_uuid=f"{name}3", id_incident=f"INC-{name}3", femmes="beaucoup")
        rows[5 if name == "a" else 7] |= {"victimes/femmes": 1, "victimes/tues": 9}
        write_xlsx(tmp_path / f"{name}.xlsx", SHEET, rows)
    paths = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    receipt = receive(paths, "kobo_incidents", DAY, project, producer="Partenaire fictif")
    found = [(f.file, f.column, f.rows) for f in receipt.balance.refused]
    assert found == [
        ("a.xlsx", "victimes/femmes", (5,)),
        ("b.xlsx", "victimes/femmes", (5,)),
        ("a.xlsx", "", (7,)),
        ("b.xlsx", "", (9,)),
    ]
    assert (receipt.balance.read, receipt.balance.kept, receipt.balance.refused_rows) == (40, 36, 4)
    assert "refusées : colonne victimes/femmes : valeur refusée (b.xlsx), ligne 5" in "\n".join(receipt.lines())
    assert receipt.quality.read_text(encoding="utf-8").count("b.xlsx") >= 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param([("b", 0)], "ligne 2 de b.xlsx.", id="one"),
        pytest.param([("a", 1), ("b", 0), ("b", 2)], "3 lignes (a.xlsx : 3 ; b.xlsx : 2, 4).", id="several"),
    ],
)
def test_of_several_files_an_unknown_place_names_its_file(project, tmp_path, wrong, said):
    for name in ("a", "b"):
        places = ["ZQX-CANARI" if (name, n) in wrong else "Gao" for n in range(6)]
        rows = [kobo(_uuid=f"{name}{n}", id_incident=f"INC-{name}{n}", cercle=c) for n, c in enumerate(places)]
        write_xlsx(tmp_path / f"{name}.xlsx", SHEET, rows)
    with pytest.raises(BadData) as refused:
        receive(sorted(tmp_path.glob("*.xlsx")), "kobo_incidents", DAY, project, producer="Partenaire fictif")
    assert said in str(refused.value) and "ZQX" not in str(refused.value)


def test_a_row_refused_in_one_file_takes_none_of_another_with_it(project, tmp_path):
    """Rows of two templates have the same numbers."""
    counts = {"Communes suivies": 7, "Communes couvertes": 5, "Moniteurs": 3}
    for name, cercle in (("a", "ML0701 Gao"), ("b", "ML0702 Ansongo")):
        rows = [
            {"Mois": f"2016-0{n}", "Édition des P-codes": "cod2015", "Cercle": cercle} | counts for n in range(1, 8)
        ]
        rows[2]["Cercle"] = "Lieu fictif" if name == "a" else cercle
        write_xlsx(tmp_path / f"{name}.xlsx", template.DATA, rows)
    balance = receive(sorted(tmp_path.glob("*.xlsx")), "template_coverage", DAY, project, producer="ONG A").balance
    assert (balance.read, balance.kept, balance.refused_rows) == (14, 13, 1)
    assert [(f.file, f.rows) for f in balance.refused] == [("a.xlsx", (4,))]


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "vide").mkdir()
    with pytest.raises(BadParameter, match="Dossier vide"):
        sort_out([tmp_path / "vide"], "kobo_incidents")


def test_what_has_not_happened_yet_was_not_received(project, export):
    with pytest.raises(BadParameter, match="dans le futur"):
        take(project, export, day=date(2999, 1, 1))


def test_a_date_after_the_reception_is_refused(project, tmp_path):
    rows = [good_row("monitoring_coverage") for _ in range(9)] + [good_row("monitoring_coverage") | {"mois": "2017-08"}]
    for n, row in enumerate(rows[:-1]):
        row["mois"] = f"2016-{n + 1:02}"
    balance = take(project, write("monitoring_coverage", tmp_path, rows), source="monitoring_coverage").balance
    assert (balance.kept, balance.refused[0].rule, balance.refused[0].rows) == (
        9,
        "date postérieure à la réception",
        (11,),
    )


def test_a_stop_in_the_middle_leaves_the_deposit_as_it_was(project, export, monkeypatch):
    """The papers are the last thing written, and one rename puts all in place: a full disk before it leaves nothing."""
    from veille.sources import receive as module

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_papers", full)
    with pytest.raises(OSError):
        take(project, export)
    assert not list(project.raw("real").rglob("*")) and not project.intake.exists()


def test_only_what_changed_is_read_again(project, export, tmp_path):
    take(project, export)
    path = write("monitoring_coverage", tmp_path, [good_row("monitoring_coverage")])
    take(project, path, source="monitoring_coverage")
    said: list[str] = []
    versions.balances(versions.current(project, "real"), said.append)
    assert len(said) == 2
    said.clear()
    take(project, write_xlsx(tmp_path / "suite.xlsx", SHEET, [kobo()]), day=date(2017, 8, 5))
    versions.balances(versions.current(project, "real"), said.append)
    assert said == ["Lecture de kobo_incidents/2017-08-05…"]


def test_restricted_files_are_out_of_git_s_sight_from_the_first_moment(project, export):
    stored = take(project, export).stored
    assert yaml.safe_load((stored / "source.yml").read_text(encoding="utf-8"))["sensitivity"] == "restricted"
    assert (stored / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_trial_says_the_same_and_stores_nothing(project, export):
    receipt = take(project, export, dry_run=True)
    assert receipt.balance.kept == 3 and receipt.stored is None
    assert not list(project.raw("real").rglob("*.xlsx"))


def test_the_same_file_twice_changes_nothing(project, export):
    first = take(project, export)
    before = {p: p.read_bytes() for p in first.stored.iterdir()}
    second = take(project, export)
    assert first.is_new and not second.is_new
    assert {p: p.read_bytes() for p in first.stored.iterdir()} == before


def test_another_file_of_the_same_day_is_never_an_overwrite(project, export, tmp_path):
    stored = take(project, export).stored
    before = (stored / "export.csv").read_bytes()
    other = write_xlsx(tmp_path / "autre.xlsx", SHEET, [kobo()])
    with pytest.raises(BadParameter, match="d’autres fichiers"):
        take(project, other)
    assert (stored / "export.csv").read_bytes() == before
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
    assert not project.intake.exists()


def test_a_source_that_nobody_reads_gets_a_guess(project, export):
    with pytest.raises(UnknownName, match="kobo_incidents"):
        take(project, export, source="kobo_incident")


def test_a_plain_template_is_received_too(project, tmp_path):
    path = write("monitoring_coverage", tmp_path, [good_row("monitoring_coverage")])
    balance = take(project, path, source="monitoring_coverage").balance
    assert balance.read == balance.kept == 1


def test_a_recorder_comes_only_to_the_agency_that_consolidates(project, tmp_path):
    path = tmp_path / "recorder.xlsx"
    path.write_bytes(b"whatever it holds")
    with pytest.raises(DisclosureRefused, match="réservé à l’agence") as refused:
        receive([path], "gbvims_recorder", DAY, project, producer="ONG A")
    assert refused.value.exit_code == 4 and not list(project.raw("real").rglob("*"))
