"""What the officer is told, inside, about what a report does not print; and what is entered from before the ledger."""

from __future__ import annotations

import csv
from datetime import date

import pytest
from incidents import PARAMS, ROOT, new_project
from test_ledger import JANUARY, incidents, receive

from veille import places, versions
from veille.disclosure import explain, ledger, rules
from veille.disclosure.safe import SafeTables
from veille.errors import BadData

IN_FORCE, AREAS = rules.load(PARAMS), places.areas(PARAMS)


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> list[str]:
    """Gao, January: two abductions among thirty; nothing else is small."""
    project = new_project(tmp_path_factory.mktemp("explain") / "p")
    rows = incidents("2017-01", {"vol": 19, "coups_blessures": 9, "enlevement": 2})
    receive(project, "2017-02-05", rows, ["2017-01"])
    version = versions.current(project, "real", date(2017, 2, 5))
    tables = SafeTables.read(versions.candidate(version, "cluster"))
    notes = project.protection("real", version.id, "cluster")
    return list(explain.explain(notes, tables, IN_FORCE, AREAS, AREAS["gao"], "2017-01", "cluster"))


def test_each_hidden_number_has_its_reason_and_what_to_read_instead(told):
    text = "\n".join(told)
    assert told[0].startswith("POUR L’INTÉRIEUR")
    start = told.index("Incidents par catégorie d’atteinte, pour la zone (incidents_by_category)")
    block = told[start : told.index("", start)]
    assert "  Atteintes à la liberté et à la sécurité : effectif plus petit que le seuil de 3 (R1)" in block
    assert "  Atteintes à l’intégrité physique ou psychique : permettrait de calculer un nombre sensible" in block
    assert block[-1].startswith("  à lire à la place : Incidents")
    assert "Atteintes à la propriété" not in "\n".join(block)  # nineteen thefts are printed
    assert "  Individus armés non identifiés : toute la ligne tombe dans cette seule modalité (R6)" in text


def test_no_hidden_count_is_told_even_inside(told):
    """The rule is named, the number is not: what is printed on a screen is copied."""
    import re

    assert not [line for line in told if re.search(r"\b(2|9|11)\b", line.replace("2017", ""))]


def test_reasons_that_are_not_on_this_machine_are_asked_for(tmp_path):
    with pytest.raises(BadData, match="ne sont pas sur cette machine"):
        list(explain.explain(tmp_path / "no.json", None, IN_FORCE, AREAS, AREAS["gao"], "2017-01", "cluster"))


def test_the_tables_of_2016_are_entered_before_anything_is_released(tmp_path):
    project = new_project(tmp_path / "p")
    path = ROOT / "params" / "printed" / "amss_2016.csv"
    ledger.add_printed(project, ledger.read(project, "public"), path, "AMSS/HCR 2016", "2016-11-30")
    facts = ledger.read(project, "public").facts
    october = {f.address[1]: f.value for f in facts if f.address[2] == "2016-10"}
    # As printed (N°004): Ansongo 27, Bourem 3, Gao 34, Ménaka 3; 110 in all.
    assert [october[f"cod2015:ML070{n}"] for n in (2, 3, 1, 4)] == [27, 3, 34, 3]
    assert october["mali"] == 110 == sum(n for place, n in october.items() if place != "mali")
    assert all(f.release == 0 for f in facts)


def test_what_is_entered_is_what_the_project_s_own_snapshot_says():
    with open(ROOT / "params" / "printed" / "amss_2016.csv", encoding="utf-8", newline="") as file:
        printed = {(r["place"], r["period"]): int(r["value"]) for r in csv.DictReader(file)}
    snapshot = next((ROOT / "data" / "raw" / "amss_incidents").glob("*/incidents_par_cercle_2016.csv"))
    with open(snapshot, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for month in ("2016-08", "2016-10", "2016-11"):
        total = sum(int(r["incidents"]) for r in rows if r["month"] == month)
        assert printed["mali", month] == total


def test_releasing_after_an_import_keeps_what_was_printed(tmp_path):
    project = new_project(tmp_path / "p")
    receive(project, "2017-02-05", JANUARY, ["2017-01"])
    path = ROOT / "params" / "printed" / "amss_2016.csv"
    ledger.add_printed(project, ledger.read(project, "public"), path, "AMSS/HCR 2016", "2016-11-30")
    versions.release(project, date(2017, 2, 5), "cluster")
    versions.release(project, date(2017, 2, 5), "public")
    book = ledger.read(project, "public")
    assert [e.kind for e in book.entries] == ["import", "release"]
    assert {f.release for f in book.facts if f.address[2] == "2016-10"} == {0}
