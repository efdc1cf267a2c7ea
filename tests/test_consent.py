"""No GBV number leaves before every organisation behind it agreed; who is missing is said inside, and written nowhere."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import projects
import pytest
import yaml
from incidents import GOOD_ROWS, PARAMS, deposit, kobo, monthly_table, new_project, write_xlsx

from veille import consent, products, versions
from veille.build import stage
from veille.consent import Agreement, Protocol
from veille.errors import BadData, ConsentMissing
from veille.periods import parse
from veille.project import Project
from veille.sources import receive
from veille.tables.gbv import contributors

DAY = date(2017, 7, 5)
REFERENCE = "Accord signé le 2017-01-15"


def agreement(organisation: str, *audiences: str, until: str = "2018-12-31") -> dict:
    return {
        "organisation": organisation,
        "audiences": list(audiences or ("cluster", "public")),
        "until": until,
        "reference": REFERENCE,
    }


# --- the file -------------------------------------------------------------------------------------------------------

GOOD = '{organisation: org_a, audiences: [cluster, public], until: 2018-12-31, reference: "Accord n° 1"}'


def written(folder: Path, text: str) -> Path:
    path = folder / "params" / "consent.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_that_is_shipped_names_nobody():
    assert consent.load(PARAMS / "consent.yml") == Protocol(role="member", agreements=())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("# rien\n", id="a-comment"),
        pytest.param("role: member\nagreements:\n", id="a-list-without-entries"),
    ],
)
def test_a_file_that_says_nothing_is_a_member_without_agreements(tmp_path, text):
    assert consent.load(written(tmp_path, text)) == Protocol()


def test_no_file_is_a_member_without_agreements(tmp_path):
    assert consent.load(tmp_path / "consent.yml") == Protocol()


@pytest.mark.parametrize("until", ["2018-12-31", '"2018-12-31"'])
def test_agreements_are_read_as_they_are_written(tmp_path, until):
    text = f"role: consolidating\nagreements:\n  - {GOOD.replace('2018-12-31', until)}\n"
    assert consent.load(written(tmp_path, text)) == Protocol(
        role="consolidating",
        agreements=(
            Agreement(
                organisation="org_a",
                audiences=("cluster", "public"),
                until=date(2018, 12, 31),
                reference="Accord n° 1",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("rôle: member", "rôle : clé inconnue", id="unknown-key"),
        pytest.param("role: chef", "role : valeur inconnue", id="unknown-role"),
        pytest.param("agreements: oui", "agreements : valeur refusée", id="no-list"),
        pytest.param("agreements: [oui]", "agreements > 1 : valeur refusée", id="no-agreement"),
        pytest.param(f"agreements: [{GOOD[:-1]}, note: x}}]", "agreements > 1 > note : clé inconnue", id="unknown-key-of-one"),
        pytest.param(f"agreements: [{GOOD}, {{organisation: org_b}}]", "agreements > 2 > until : il manque", id="keys-missing"),
        pytest.param(f"agreements: [{GOOD}, {GOOD}]", "agreements > accord 2 : organisation déclarée deux fois", id="twice"),
        pytest.param(f"agreements: [{GOOD.replace('org_a', 'ORG-A')}]", "agreements > 1 > organisation : valeur refusée", id="no-series"),
        pytest.param(f"agreements: [{GOOD.replace('org_a', '')}]", "agreements > 1 > organisation : valeur refusée", id="nobody"),
        pytest.param(f"agreements: [{GOOD.replace('2018-12-31', '2018-02-30')}]", "agreements > 1 > until : valeur refusée", id="no-such-day"),
        pytest.param(f"agreements: [{GOOD.replace('2018-12-31', '31/12/2018')}]", "agreements > 1 > until : valeur refusée", id="a-day-in-another-form"),
        pytest.param(f"agreements: [{GOOD.replace('2018-12-31', '2018')}]", "agreements > 1 > until : valeur refusée", id="a-year"),
        pytest.param(f"agreements: [{GOOD.replace('public', 'bailleurs')}]", "agreements > 1 > audiences > 2 : valeur inconnue", id="unknown-audience"),
        pytest.param(f"agreements: [{GOOD.replace('[cluster, public]', '[]')}]", "agreements > 1 > audiences : valeur refusée", id="for-nobody"),
        pytest.param(f"agreements: [{GOOD.replace('[cluster, public]', 'cluster')}]", "agreements > 1 > audiences : valeur refusée", id="no-list-of-audiences"),
        pytest.param(f"agreements: [{GOOD.replace('Accord n° 1', '')}]", "agreements > 1 > reference : valeur refusée", id="no-reference"),
        pytest.param("role: member\nrole: consolidating", "déclaré deux fois (role, ligne 2)", id="a-key-twice"),
        pytest.param("[role]", "role, agreements : valeur refusée", id="a-list-for-the-file"),
        pytest.param("oui", "role, agreements : valeur refusée", id="a-word-for-the-file"),
        pytest.param("role: [", "fichier illisible", id="no-yaml"),
        pytest.param("? [a]\n: b", "fichier illisible", id="a-list-for-a-key"),
        pytest.param("role: !!int x", "fichier illisible", id="a-tag-that-does-not-hold"),
        pytest.param("[" * 3000, "fichier illisible", id="too-deep"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_refused_with_the_place_in_it(tmp_path, text, said):
    with pytest.raises(BadData) as refused:
        consent.load(written(tmp_path, text + "\n"))
    assert said in str(refused.value) and str(refused.value).startswith("params/consent.yml : ")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = written(tmp_path, "")
    path.write_bytes("role: membre\xe9".encode("latin-1"))
    with pytest.raises(BadData, match="fichier illisible"):
        consent.load(path)


def test_a_faulty_file_stops_the_reception_of_rows_about_survivors(tmp_path):
    project = new_project(tmp_path / "p")
    written(project.root, "role: chef\n")
    file = write_xlsx(tmp_path / "r.xlsx", "Incident Data", [{"a": 1}])
    with pytest.raises(BadData, match="role : valeur inconnue"):
        receive.receive([file], "gbvims_recorder", DAY, project, producer="ORG-A")


# --- whose agreement is missing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "audience", "day", "expected"),
    [
        pytest.param(agreement("org_a"), "cluster", "2017-07-05", [], id="it-holds"),
        pytest.param(agreement("org_a"), "cluster", "2018-12-31", [], id="its-last-day-counts"),
        pytest.param(agreement("org_a"), "cluster", "2019-01-01", ["org_a"], id="expired"),
        pytest.param(agreement("org_a", "cluster"), "public", "2017-07-05", ["org_a"], id="for-members-is-not-for-the-public"),
        pytest.param(agreement("org_a", "public"), "cluster", "2017-07-05", ["org_a"], id="nor-the-other-way-round"),
        pytest.param(agreement("org_ab"), "cluster", "2017-07-05", ["org_a"], id="of-another-organisation"),
    ],
)  # fmt: skip
def test_an_agreement_serves_one_organisation_its_audiences_and_its_time(given, audience, day, expected):
    agreements = [Agreement.model_validate(given)]
    assert consent.missing(agreements, ["org_a"], audience, date.fromisoformat(day)) == expected
    assert consent.missing(agreements, [], audience, date.fromisoformat(day)) == []


# --- the two doors --------------------------------------------------------------------------------------------------

SUMMARY = products.Product(
    name="summary",
    notebook="summary.ipynb",
    title="Synthèse d’essai",
    period_kinds=("month", "quarter"),
    lead="protection_incidents",
    needs_consent=True,
)


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> Path:
    """A project where ORG-A gave GBV data for May and June, ORG-B for June, ORG-C for June a cell that is not available."""
    folder = tmp_path_factory.mktemp("consent")
    project = new_project(folder / "p")
    shutil.copy(PARAMS / "contacts.yml", project.params)
    (project.notebooks / SUMMARY.notebook).write_text("{}", encoding="utf-8")
    months = ("2017-05", "2017-06")
    rows = [
        kobo(_uuid=f"{m}-{n}", id_incident=f"{m}-{n}", date_incident=f"{m}-03", start=f"{m}-04T08:00:00.000",
             end=f"{m}-04T08:30:00.000", _submission_time=f"{m}-04T10:00:00")
        for m in months for n in range(20)
    ]  # fmt: skip
    deposit(project.raw("real"), "kobo_incidents", str(DAY), rows)
    cover = [GOOD_ROWS["monitoring_coverage"] | {"mois": m} for m in months]
    deposit(project.raw("real"), "monitoring_coverage", str(DAY), cover)
    sent = {"ORG-A": {"2017-05": 12, "2017-06": 0}, "ORG-B": {"2017-06": 9}, "ORG-C": {"2017-06": None}}
    for organisation, numbers in sent.items():
        file = monthly_table(folder, organisation, numbers)
        receive.receive([file], "gbv_tables", DAY, project, producer=organisation)
    versions.candidate(versions.current(project, "real"), "cluster")
    return project.root


@pytest.fixture
def project(ready, tmp_path, monkeypatch) -> Project:
    monkeypatch.setitem(products.PRODUCTS, "summary", SUMMARY)
    shutil.copytree(ready, tmp_path / "p")
    return Project(tmp_path / "p")


def agreed(project: Project, *agreements: dict) -> None:
    text = yaml.safe_dump({"role": "member", "agreements": list(agreements)}, allow_unicode=True)
    written(project.root, text)


def staged(project: Project, period: str = "2017-06", **asked: str) -> list[str]:
    """What a notebook of that edition would be given."""
    plan = stage.plan(project, "summary", "gao", period, nature="real", **asked)
    folder = project.root / "stage"
    try:
        stage.fill(plan, folder)
        return sorted(p.name for p in folder.iterdir())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


GIVEN = ["contacts.yml", "context.json", "places.yml", "safe"]


def test_contributors_are_noted_by_month_and_nowhere_but_inside(project):
    version = versions.current(project, "real")
    expected = {"2017-05": ["org_a"], "2017-06": ["org_a", "org_b"]}
    assert [versions.contributors(version, audience) for audience in ("cluster", "public")] == [expected] * 2
    for audience in ("cluster", "public"):
        for path in project.candidate("real", version.id, audience).rglob("*"):
            assert not path.is_file() or b"org_" not in path.read_bytes()


def test_rows_of_a_recorder_are_a_contribution_and_so_is_a_zero():
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE gbv_aggregates AS SELECT '2017-05' AS month, 'org_b' AS organisation, NULL::INTEGER AS people"
        )
        con.execute("INSERT INTO gbv_aggregates VALUES ('2017-06', 'org_b', 0)")
        con.execute(
            "CREATE TABLE gbv_incidents AS SELECT unnest(['2017-05', '2017-06', '2017-06']) AS report_month, 'org_a' AS organisation"
        )
        assert contributors(con) == {"2017-05": ["org_a"], "2017-06": ["org_a", "org_b"]}


def test_an_edition_without_the_agreement_of_one_contributor_is_refused_and_writes_no_name(project):
    agreed(project, agreement("org_a"))
    before = projects.sealed(project.root)
    done = projects.here(project.root, "build", "summary", "gao", "2017-06", "--nature", "real")
    assert done.returncode == 4 and done.stdout == ""
    assert done.stderr.splitlines() == [
        "Données de VBG : il manque l’accord, valable le 2017-07-05, pour la diffusion « cluster », de : org_b.",
        "Obtenez-le par écrit et notez-le dans params/consent.yml, ou retirez leurs dépôts. Ces noms restent à l’intérieur.",
    ]
    after = projects.sealed(project.root)
    assert {name: seal for name, seal in after.items() if not name.endswith(".lock")} == {
        name: seal for name, seal in before.items() if not name.endswith(".lock")
    }


def test_an_edition_with_every_agreement_is_made(project):
    agreed(project, agreement("org_a"), agreement("org_b"))
    assert staged(project) == GIVEN
    assert staged(project, audience="public") == GIVEN


def test_an_agreement_for_members_does_not_serve_the_public(project):
    agreed(project, agreement("org_a"), agreement("org_b", "cluster"))
    assert staged(project) == GIVEN
    with pytest.raises(ConsentMissing, match="« public », de : org_b"):
        staged(project, audience="public")


def test_an_expired_agreement_does_not_serve(project):
    agreed(project, agreement("org_a", until="2017-07-04"), agreement("org_b", until="2017-07-05"))
    with pytest.raises(ConsentMissing, match="de : org_a"):
        staged(project)


def test_the_day_that_counts_is_the_one_of_the_version(project):
    agreed(project, agreement("org_a", until="2017-07-05"), agreement("org_b", until="2017-07-05"))
    assert staged(project, as_of="2017-07-05") == GIVEN
    with pytest.raises(ConsentMissing, match="valable le 2017-07-06"):
        staged(project, as_of="2017-07-06")


def test_a_contributor_of_another_month_does_not_matter(project):
    agreed(project, agreement("org_a"))
    assert staged(project, "2017-05") == GIVEN


def test_a_longer_period_asks_the_contributors_of_all_its_months(project):
    plan = stage.plan(project, "summary", "gao", "2017-05", nature="real")
    agreed(project, agreement("org_b"))
    for period, without in (("2017-05", "org_a"), ("2017-06", "org_a"), ("2017-Q2", "org_a"), ("2017", "org_a")):
        months = [str(m) for m in parse(period).each_month()]
        with pytest.raises(ConsentMissing, match=f"de : {without}\\."):
            consent.require(plan.version, "cluster", versions.contributors(plan.version, "cluster"), months)
    consent.require(plan.version, "cluster", versions.contributors(plan.version, "cluster"), ["2017-07"])


def test_a_product_that_needs_no_consent_is_not_asked(project, monkeypatch):
    monkeypatch.setitem(products.PRODUCTS, "summary", replace(SUMMARY, needs_consent=False))
    assert staged(project) == GIVEN


def test_a_notebook_opened_by_hand_is_refused_without_the_names(project, monkeypatch):
    monkeypatch.setattr(stage, "find", lambda: project)
    with pytest.raises(ConsentMissing) as refused:
        stage.prepare_for_notebook("summary", region="gao", period="2017-06", nature="real")
    assert "org_" not in str(refused.value) and refused.value.__suppress_context__


def test_notes_that_are_gone_let_nothing_pass(project):
    agreed(project, agreement("org_a"), agreement("org_b"))
    version = versions.current(project, "real")
    project.protection("real", version.id, "cluster").unlink()
    with pytest.raises(BadData, match="notes de protection"):
        staged(project)


@pytest.mark.parametrize("audience", ["cluster", "public"])
def test_a_release_asks_every_contributor_of_every_month(project, audience):
    if audience == "public":
        agreed(project, agreement("org_a"), agreement("org_b", "cluster"))
        versions.release(project, DAY, "cluster")
    else:
        agreed(project, agreement("org_a"))
    done = projects.here(project.root, "release", "--as-of", str(DAY), "--audience", audience)
    assert done.returncode == 4 and done.stdout == ""
    assert f"« {audience} », de : org_b." in done.stderr and "retirez leurs dépôts" in done.stderr
    assert not project.releases(audience).exists() or not [p for p in project.releases(audience).rglob("*.csv")]
    agreed(project, agreement("org_a"), agreement("org_b"))
    assert projects.here(project.root, "release", "--as-of", str(DAY), "--audience", audience).returncode == 0


def test_tables_frozen_elsewhere_are_not_asked_again(project):
    agreed(project, agreement("org_a"), agreement("org_b"))
    versions.release(project, DAY, "cluster")
    shutil.rmtree(project.root / "data" / "processed" / "protection")
    agreed(project)
    assert staged(project, as_of=str(DAY)) == GIVEN
    with pytest.raises(ConsentMissing):
        staged(project)


def test_the_example_brings_its_own_agreements(project):
    agreed(project, agreement("org_a"), agreement("org_b"))
    assert consent.path(project, "real") == project.params / "consent.yml"
    assert consent.path(project, "example") == project.root / "data" / "example" / "consent.yml"
    version = replace(versions.current(project, "real"), nature="example", as_of=date(2017, 7, 15))
    with pytest.raises(ConsentMissing, match="org_a, org_b"):
        consent.require(version, "cluster", {"2017-06": ["org_b", "org_a"]})
    consent.path(project, "example").parent.mkdir()
    shutil.copy(project.params / "consent.yml", consent.path(project, "example"))
    consent.require(version, "cluster", {"2017-06": ["org_b", "org_a"]})


def test_an_agreement_changes_no_number(project):
    before = versions.current(project, "real").id
    agreed(project, agreement("org_a"), agreement("org_b"))
    assert versions.current(project, "real").id == before


def test_the_notes_hold_nothing_else_of_an_organisation(project):
    version = versions.current(project, "real")
    notes = json.loads(project.protection("real", version.id, "cluster").read_text(encoding="utf-8"))
    del notes["contributors"]
    assert "org_" not in json.dumps(notes)
