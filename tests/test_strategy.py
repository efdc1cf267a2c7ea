"""Frames, values, ratings, what people decide, and the evidence behind claims: cases worked out by hand."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given as cases
from hypothesis import strategies as st
from incidents import new_project, random_cases

from veille import periods
from veille.disclosure import given
from veille.disclosure.rules import load as rules
from veille.disclosure.safe import SafeTables, clear
from veille.errors import BadData, BuildFailed, UnknownName
from veille.project import Project
from veille.schemas.definitions import table
from veille.sources.receive import receive
from veille.strategy import computed, decided, evidence, followup, frames, spans, values
from veille.strategy.values import Given
from veille.tables import indicators

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT.parent / "shared" / "reference"
STRATEGY, WORKPLAN = frames.frame("strategy_2017"), frames.frame("hct_2020")
UNITS = {"#": "number", "%": "percent", "O/N": "yes_no", "cat": "category"}
NATURES = {"flux": "flow", "stock": "stock", "ratio": "ratio", "etat": "state", "ventilation": "breakdown"}


# --- frames ---------------------------------------------------------------------------------------------------------


def test_the_frames_hold_what_their_documents_hold():
    assert len(STRATEGY.goals) == 5 and len(list(STRATEGY.results)) == 20 and len(STRATEGY.indicators) == 68
    main = [i for i in WORKPLAN.indicators.values() if not i.of]
    assert len(WORKPLAN.goals) == 3 and len(list(WORKPLAN.results)) == 7 and len(main) == 54
    assert len(WORKPLAN.indicators) - len(main) == 10
    assert sum(i.id.endswith("-lg") for i in WORKPLAN.indicators.values()) == 8
    assert sum(len(r.activities) for r in WORKPLAN.results) == 25
    assert not set(STRATEGY.indicators) & set(WORKPLAN.indicators)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference transcriptions lie beside the project, not in it")
def test_every_indicator_is_the_one_of_the_document_with_its_unit_and_nature():
    def told(path, goals, results):
        out = {}
        for g in yaml.safe_load((REFERENCE / path).read_text(encoding="utf-8"))[goals]:
            for r in g[results]:
                for i in r["indicateurs"]:
                    out[i["id"]] = (UNITS[i["unite"]], NATURES[i["nature"]], r["id"])
                    out |= {s["id"]: (UNITS[s["unite"]], "ratio", r["id"]) for s in i.get("sous_mesures", [])}
        return out

    for frame, found in (
        (STRATEGY, told("logframe_2017.yaml", "sous_objectifs", "resultats")),
        (WORKPLAN, told("workplan_2020_2022.yaml", "axes", "objectifs")),
    ):
        assert {i.id: (i.unit, i.nature, i.result) for i in frame.indicators.values()} == found


def test_a_frame_that_loses_an_indicator_says_which():
    given_ = yaml.safe_load(files("veille.frames").joinpath("strategy_2017.yml").read_text(encoding="utf-8"))
    result = next(r for g in given_["goals"] for r in g["results"] if r["id"] == "3.4")
    result["indicators"] = [i for i in result["indicators"] if i["id"] != "3.4-i2"]
    with pytest.raises(BuildFailed, match=r"indicators : 67 au lieu de 68.*manque 3\.4-i2"):
        frames.parse(given_)


def test_an_unknown_indicator_gets_its_nearest():
    assert frames.nearest("3.4i1") == "3.4-i1"
    with pytest.raises(UnknownName, match=r"3\.4-i9.*Vouliez-vous dire"):
        STRATEGY.find("3.4-i9")


def test_what_counts_people_is_the_list_that_the_rules_protect():
    codes = yaml.safe_load(files("veille.codes").joinpath("people_indicator.yml").read_text(encoding="utf-8"))["codes"]
    assert {e["form"] for e in codes.values()} == {
        i.id for i in frames.every_indicator().values() if i.people and i.unit == "number"
    }
    assert all(frames.every_indicator()[e["form"]].code == code for code, e in codes.items())


# --- adding up ------------------------------------------------------------------------------------------------------


def one(ident, period, value=None, *, region="ML", part="", top=None, base=None, sure=True):
    def number(x):
        return None if x is None else Decimal(str(x))

    return Given(
        ident, part, periods.parse(period), region, number(value), number(top), number(base), sure, "document: x"
    )


def over(ident, given_, start="2017-01-01", end="2017-12-31", part=""):
    return values.over(
        frames.every_indicator()[ident], part, given_, date.fromisoformat(start), date.fromisoformat(end)
    )


FLOW, STOCK, RATIO, STATE = "1.1-i2", "1.8-i1", "3.1-i4", "4.1-i1"


@pytest.mark.parametrize(
    ("ident", "rows", "value", "months"),
    [
        pytest.param(FLOW, [("2017-01", 5), ("2017-02", 7)], 12, 2, id="a-flow-is-a-sum"),
        pytest.param(
            FLOW, [("2017-01", 5), ("2017-Q1", 20), ("2017-04", 3)], 23, 4, id="a-quarter-stands-for-its-months"
        ),
        pytest.param(FLOW, [("2017-Q1", 20), ("2017", 90)], 90, 12, id="a-year-stands-for-all"),
        pytest.param(FLOW, [("2017-01", None), ("2017-02", 7)], 7, 1, id="a-blank-is-no-answer"),
        pytest.param(FLOW, [("2017-01", 0)], 0, 1, id="a-zero-is-an-answer"),
        pytest.param(FLOW, [], None, 0, id="nothing-is-not-zero"),
        pytest.param(FLOW, [("2016-12", 9)], None, 0, id="another-year-does-not-count"),
        pytest.param(STOCK, [("2017-Q1", 14), ("2017-Q3", 17)], 17, 6, id="a-stock-is-its-last-state"),
        pytest.param(STOCK, [("2017-Q1", 14), ("2017-Q4", None)], 14, 3, id="a-blank-does-not-undo-a-stock"),
        pytest.param(STATE, [("2017-Q1", 0), ("2017-Q2", 1)], 1, 6, id="a-state-is-its-last-answer"),
    ],
)
def test_each_nature_adds_up_in_its_own_way(ident, rows, value, months):
    found = over(ident, [one(ident, p, v) for p, v in rows])
    assert (found.value, found.months) == (value, months)


def test_percentages_divide_sums_and_are_never_averaged():
    rows = [one(RATIO, "2017-Q1", top=10, base=20), one(RATIO, "2017-Q2", top=30, base=80)]
    assert over(RATIO, rows).value == 40  # 40 of 100; the mean of 50 and 37.5 would say 44
    assert (
        over(RATIO, [one(RATIO, "2017-Q1", 50), one(RATIO, "2017-Q2", 38)]).value == 38
    )  # the last one that was given
    apart = [one(RATIO, "2017", 50, region="ML07"), one(RATIO, "2017", 20, region="ML06")]
    assert over(RATIO, apart).value is None  # two regions, no base: nothing can be said of both
    together = [one(RATIO, "2017", top=5, base=10, region="ML07"), one(RATIO, "2017", top=10, base=50, region="ML06")]
    assert over(RATIO, together).value == 25


def test_the_country_stands_for_its_regions_and_regions_are_added():
    regions = [one(FLOW, "2017-01", 4, region="ML07"), one(FLOW, "2017-01", 6, region="ML06")]
    found = over(FLOW, regions)
    assert (found.value, found.regions) == (10, 2)
    assert over(FLOW, [*regions, one(FLOW, "2017-01", 11)]).value == 11
    assert over(STATE, [one(STATE, "2017", 1, region="ML07"), one(STATE, "2017", 0, region="ML06")]).value == 0


def test_a_span_holds_only_what_lies_in_it_and_a_part_is_not_the_whole():
    rows = [one(FLOW, f"2017-{m:02d}", m) for m in range(1, 13)]
    assert over(FLOW, rows, "2017-05-01", "2017-06-30").value == 11
    assert over(FLOW, rows, "2017-01-01", "2017-06-30").value == 21
    assert (
        over(FLOW, [one(FLOW, "2017-Q2", 30)], "2017-05-01", "2017-06-30").value is None
    )  # a quarter is not two months
    assert over("3.4-i1", [one("3.4-i1", "2017", 4, part="quarterly")]).value is None
    assert over("3.4-i1", [one("3.4-i1", "2017", 4, part="quarterly")], part="quarterly").value == 4


def test_one_unverified_value_makes_the_sum_unverified():
    assert over(FLOW, [one(FLOW, "2017-01", 1), one(FLOW, "2017-02", 1)]).is_verified
    assert not over(FLOW, [one(FLOW, "2017-01", 1), one(FLOW, "2017-02", 1, sure=False)]).is_verified


@cases(st.dictionaries(st.integers(1, 12), st.integers(0, 500), min_size=1))
@random_cases(150)
def test_quarters_add_up_to_the_year_and_months_to_the_date(months):
    rows = [one(FLOW, f"2017-{m:02d}", v) for m, v in months.items()]
    year = over(FLOW, rows)
    assert year.value == sum(months.values()) and year.is_whole == (len(months) == 12)
    spans_ = [periods.parse(f"2017-Q{n}") for n in (1, 2, 3, 4)]
    quarters = [over(FLOW, rows, q.start.isoformat(), q.end.isoformat()) for q in spans_]
    assert sum((q.value or 0) for q in quarters) == year.value
    told = {name: v.value for i, name, v in spans.of(rows) if i.id == FLOW}
    assert told["2017"] == told["2017-01-01/2017-12-31"] == year.value


@pytest.mark.parametrize(
    ("value", "target", "unit", "code"),
    [
        (100, 100, "number", "achieved"),
        (140, 100, "number", "achieved"),
        (99, 100, "number", "mostly_achieved"),
        (75, 100, "number", "mostly_achieved"),
        (74, 100, "number", "partly_achieved"),
        (50, 100, "percent", "partly_achieved"),
        (49, 100, "percent", "low"),
        (25, 100, "number", "low"),
        (24, 100, "number", "not_achieved"),
        (0, 100, "number", "not_achieved"),
        (1, 1, "yes_no", "achieved"),
        (0, 1, "yes_no", "not_achieved"),
        (3, None, "number", "no_target"),
        (None, 12, "number", "no_data"),
        (None, None, "number", "no_data"),
    ],
)
def test_the_rating_is_that_of_the_value_against_the_target(value, target, unit, code):
    def number(x):
        return None if x is None else Decimal(x)

    assert values.rating(number(value), number(target), unit) == code


@pytest.mark.parametrize(
    ("rows", "goes"),
    [
        ({"2017-Q1": 1, "2017-Q2": 2, "2017-Q3": 3, "2017-Q4": 4}, "rising"),
        ({"2017-Q1": 4, "2017-Q2": 4, "2017-Q3": 4, "2017-Q4": 4}, "steady"),
        ({"2017-Q1": 4, "2017-Q2": 4, "2017-Q3": 1, "2017-Q4": 1}, "falling"),
        ({"2017-Q1": 4, "2017-Q2": 4, "2017-Q3": 1}, ""),  # a missing quarter is no fall
        ({"2017": 9}, ""),
    ],
)
def test_a_flow_goes_somewhere_only_when_both_halves_are_whole(rows, goes):
    assert values.direction(STRATEGY.indicators[FLOW], [one(FLOW, p, v) for p, v in rows.items()], 2017) == goes


def test_editions_are_counted_within_their_span_and_nothing_is_said_of_none():
    every = [periods.parse(p) for p in ("2017-01", "2017-02", "2017-Q1", "2017", "2016-12")]
    found = {
        (i.id, v.part): v.value for i, v in computed.of_editions({"gbvims": every}, date(2017, 1, 1), date(2017, 3, 31))
    }
    assert found[("3.4-i1", "")] == 3 and found[("3.4-i1", "monthly")] == 2 and found[("3.4-i1", "annual")] == 0
    assert ("1.1-i1", "") not in found


# --- what is received -----------------------------------------------------------------------------------------------


def row(**changes):
    base = {
        "row": 3, "frame": "strategy_2017", "indicator_id": FLOW, "part": "total", "period": "2017-06", "numerator": None,
        "denominator": None, "value": 12.0, "proof": "document: Compte rendu de juin",
    }  # fmt: skip
    return base | changes


@pytest.mark.parametrize(
    ("changes", "rule", "remedy"),
    [
        ({"indicator_id": "1.1-i22"}, "d’aucun cadre", "Le plus proche : 1.1-i2"),
        ({"frame": "hct_2020"}, "d’un autre cadre", "Choisissez le cadre"),
        ({"indicator_id": RATIO, "value": 120.0}, "hors de 0 à 100", "pourcentage"),
        ({"indicator_id": RATIO, "value": None, "numerator": 9.0, "denominator": 4.0}, "plus grand que", "Vérifiez"),
        ({"indicator_id": RATIO, "value": None, "numerator": 9.0}, "sans dénominateur", "les deux"),
        (
            {"indicator_id": RATIO, "value": 80.0, "numerator": 1.0, "denominator": 4.0},
            "qui n’est pas celui",
            "Corrigez",
        ),
        ({"value": 2.5}, "à virgule", "nombre entier"),
        ({"value": -1.0}, "négatif", "nombre entier"),
        ({"numerator": 1.0, "denominator": 2.0}, "qui n’est pas un pourcentage", "vides"),
        ({"indicator_id": STATE, "value": 2.0}, "autre que 1 (oui) ou 0 (non)", "1 ou 0"),
        ({"part": "monthly"}, "part que le cadre ne demande pas", "total"),
        ({"proof": "rapport:gbvims/gao/2017-06"}, "ne mène nulle part", "rapport:produit"),
        ({"proof": "rapport:bulletins/gao/2017-06"}, "ne mène nulle part", "rapport:produit"),
    ],
)
def test_a_value_that_does_not_hold_is_refused_with_its_remedy(changes, rule, remedy):
    good = row(row=4)
    ((said, advice, rows),) = indicators.check(pd.DataFrame([row(**changes), good], dtype=object))
    assert rows == [3] and rule in said and remedy in advice
    assert "12" not in said + advice and "120" not in said + advice


def test_good_values_pass():
    good = [
        row(),
        row(indicator_id=RATIO, value=None, numerator=1.0, denominator=4.0),
        row(indicator_id=RATIO, value=25.0),
        row(indicator_id="3.4-i1", part="monthly", value=3.0, proof="rapport:gbvims/mali/2017-Q2"),
        row(frame="hct_2020", indicator_id="A1.1-i1-lg", value=40.0, proof="https://example.org/note.pdf"),
        row(indicator_id="2.2-i3", part="medical", value=7.0, proof=None),
        row(value=None),
    ]
    assert indicators.check(pd.DataFrame(good, dtype=object)) == []


def test_values_are_received_by_the_name_that_people_use(tmp_path):
    project = new_project(tmp_path / "p")
    owner = table("indicator_values")
    cells = {
        "frame": "Stratégie du cluster 2017", "indicator_id": FLOW, "part": "total", "period": "2017-06", "edition": "COD 2015",
        "region_pcode": "ML", "numerator": "", "denominator": "", "value": "12", "proof": "document: Compte rendu de juin",
        "given_by": "CP", "is_verified": "Oui",
    }  # fmt: skip
    path = tmp_path / "valeurs.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, delimiter=";")
        out.writerow([owner.asked[c].label.fr for c in owner.asked])
        out.writerow([cells[c] for c in owner.asked])
        out.writerow([(cells | {"indicator_id": "9.9-i9", "period": "2017-05"})[c] for c in owner.asked])
        for month in range(1, 5):
            out.writerow([(cells | {"period": f"2017-0{month}"})[c] for c in owner.asked])
    from veille.sources.receive import sort_out

    ((source, producer, paths),) = sort_out([path], "indicators")
    assert source == "template_indicator_values"
    receipt = receive(paths, source, date(2017, 7, 5), project, producer=producer)
    told = "\n".join(receipt.lines())
    assert "d’aucun cadre" in told and "9.9" not in told
    assert receipt.balance.summary()["kept"] == 5 and receipt.balance.summary()["refused"] == 1


def test_small_percentages_of_people_are_not_printed():
    rule = rules(ROOT / "params").datasets[given.PEOPLE]
    one_ = STRATEGY.indicators["4.1-i2"]

    def shown(top, base, audience="cluster"):
        value = values.over(one_, "", [one("4.1-i2", "2017", top=top, base=base)], date(2017, 1, 1), date(2017, 12, 31))
        (number,) = given.indicator_numbers([(one_, "2017", value)], rule, audience)
        return number.display()

    assert shown(30, 60) == "50\u202f%"
    assert shown(4, 60) == "n.p." and shown(57, 60) == "n.p."  # four children, or three that were not
    assert shown(20, 40) == "n.p."  # a base under fifty
    assert shown(7, 60, "public") == "n.p." and shown(7, 60) == "12\u202f%"
    assert shown(0, 60) == "0\u202f%"


# --- what people decide and write -------------------------------------------------------------------------------------

TARGETS = "frame: strategy_2017\nnature: real\nindicators:\n  {}\n"
FINDINGS = """frame: strategy_2017
nature: real
findings:
  - id: C-1
    type: result
    sub_objective: "1"
    text: "Un constat."
    evidence:
      - indicator: 1.1-i1
"""


def params(tmp_path: Path, folder: str, text: str) -> Path:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "strategy_2017.yml").write_text(text, encoding="utf-8")
    return tmp_path


def test_the_forms_of_the_project_are_read_and_decide_nothing():
    for frame in (STRATEGY, WORKPLAN):
        for nature in ("real", "example"):
            said = decided.decided(ROOT / "params", frame, nature)
            assert all(d.target is None and d.baseline is None for d in said.values())  # no invented target
        assert all(d == decided.Decided() for d in decided.decided(ROOT / "params", frame, "real").values())
        assert decided.findings(ROOT / "params", frame, "real").findings == ()


def test_what_was_decided_is_read(tmp_path):
    text = TARGETS.format(
        '1.1-i1: {baseline: 3, baseline_source: "Bilan 2016", target: 12, target_source: "GCS, mars", status: done, justification: "Tous parus."}'
    )
    found = decided.decided(params(tmp_path, "targets", text), STRATEGY, "real")["1.1-i1"]
    assert (found.baseline, found.target, found.status) == (3, 12, "done")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1.1-i99: {target: 3, target_source: x}", "ligne 4 : cet indicateur n’est pas du cadre"),
        ("1.1-i1: {target: 3}", "ligne 4 : une valeur sans sa source"),
        ("1.1-i1: {target: douze, target_source: x}", "ligne 4 : un nombre est attendu"),
        ("1.1-i1: {target: 2.5, target_source: x}", "à virgule"),
        ("3.1-i4: {target: 120, target_source: x}", "hors de 0 à 100"),
        ("4.1-i1: {target: 2, target_source: x}", "1 (oui) ou 0 (non)"),
        ("1.1-i1: {status: fini}", "statut inconnu"),
        ("1.1-i1: {status: done}", "un statut sans sa justification"),
        ('1.1-i1: {status: done, justification: "12 rapports."}', "un nombre est écrit à la main"),
        ("1.1-i1: {cible: 3}", "champ inconnu"),
        ("1.1-i1: {target: 1, target: 2}", "écrite deux fois"),
        ("1.1-i1: {target: ", "ne se lit pas"),
    ],
)
def test_a_target_that_does_not_hold_is_refused_with_its_line(tmp_path, line, said):
    with pytest.raises(BadData) as error:
        decided.decided(params(tmp_path, "targets", TARGETS.format(line)), STRATEGY, "real")
    assert said in error.value.message and error.value.next_step


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("type: result", "type: success", "ligne 5 : type de constat inconnu"),
        ('"1"', '"7"', "sous-objectif inconnu"),
        ("      - indicator: 1.1-i1", "      - indicator: 1.1-i9", "cet indicateur n’est pas du cadre"),
        ("      - indicator: 1.1-i1", "      - photo: x", "une preuve d’aucune sorte connue"),
        ("      - indicator: 1.1-i1", "      - {report: gbvims/mali/2017, key: x}", "un nombre cité sans value"),
        ("      - indicator: 1.1-i1", "      - {report: gbvims, key: x, value: 1}", "s’écrit produit/zone/période"),
        ("      - indicator: 1.1-i1", "      - {interview: Un rôle, date: 2017-11-14}", "sans référence"),
        ("      - indicator: 1.1-i1", "      - {interview: Un rôle, date: hier, reference: E1}", "un jour est attendu"),
        ("      - indicator: 1.1-i1", "      - {document: Rapport}", "sans titre ou sans date"),
        ("Un constat.", "Il y en a 47 de plus.", "ligne 7 : un nombre est écrit à la main"),
        ("Un constat.", "<b>Un constat.</b>", "élément refusé"),
        ("type: result", "type: recommendation", "sans destinataire ou sans échéance"),
        ("id: C-1", "id: ", "un constat sans id"),
        ("nature: real", "nature: example", "nature n’est pas real"),
    ],
)
def test_a_finding_that_does_not_hold_is_refused_with_its_line(tmp_path, old, new, said):
    assert decided.findings(params(tmp_path, "findings", FINDINGS), STRATEGY, "real").findings[0].id == "C-1"
    with pytest.raises(BadData) as error:
        decided.findings(params(tmp_path, "findings", FINDINGS.replace(old, new, 1)), STRATEGY, "real")
    assert said in error.value.message and error.value.next_step
    assert "47" not in str(error.value)


def test_a_judgement_stands_on_findings_that_exist(tmp_path):
    text = FINDINGS + "judgements:\n  - {criterion: impact, text: Bien., findings: [C-2]}\n"
    with pytest.raises(BadData, match="un jugement cite un constat qui n’existe pas"):
        decided.findings(params(tmp_path, "findings", text), STRATEGY, "real")


# --- evidence ---------------------------------------------------------------------------------------------------------


def number(key, value, place="gao", period="2017-06"):
    return clear(
        key=key,
        place=place,
        period=period,
        value=value,
        unit="incidents",
        status="mixed",
        table="t",
        query="q",
        caveat="",
    )


def report_of(project: Project, numbers, version="aaaaaaaaaaaa", name="bulletin/gao/2017-06"):
    """A built report: its manifest and the numbers that it prints. The sha256 of the manifest."""
    folder = project.reports / name
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "numbers.csv", "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(["key", "place", "period", "value", "unit", "display", "status", "table", "query", "caveat"])
        out.writerows([n.key, n.place, n.period, n.value, n.unit, n.display(), n.status, "t", "q", ""] for n in numbers)
    manifest = json.dumps({"version": version, "n": len(numbers)}).encode()
    (folder / "manifest.json").write_bytes(manifest)
    return hashlib.sha256(manifest).hexdigest()


def register(tmp_path, *cited: str) -> decided.Register:
    entries = "".join(f"      - {{{c}}}\n" for c in cited)
    text = FINDINGS.replace("      - indicator: 1.1-i1\n", entries)
    return decided.findings(params(tmp_path / "params", "findings", text), STRATEGY, "real")


@pytest.fixture
def place(tmp_path):
    return Project(tmp_path / "projet")


def states(place, tmp_path, safe, *cited):
    return [
        s.state for s in evidence.graph(place, "real", "cluster", register(tmp_path, *cited), SafeTables(safe, {}, {}))
    ]


CITED = "report: bulletin/gao/2017-06, key: protection_incidents, value: 67"


def test_a_claim_is_sound_rebuilt_revised_or_without_its_report(place, tmp_path):
    now = [number("protection_incidents", "67")]
    assert states(place, tmp_path, now, CITED) == ["missing"]
    seal = report_of(place, now)
    assert states(place, tmp_path, now, CITED) == ["sound"]
    assert states(place, tmp_path, now, f"{CITED}, version: aaaaaaaaaaaa, manifest: {seal[:12]}") == ["sound"]
    assert states(place, tmp_path, now, f"{CITED}, version: bbbbbbbbbbbb, manifest: 123456789abc") == ["rebuilt"]
    later = [number("protection_incidents", "68")]
    assert states(place, tmp_path, later, f"{CITED}, manifest: {seal[:12]}") == ["revised"]
    hidden = [clear(key="protection_incidents", place="gao", period="2017-06", value="", unit="incidents",
                    status="not_published", table="t", query="q", caveat="")]  # fmt: skip
    assert states(place, tmp_path, hidden, CITED) == ["revised"]


def test_what_somebody_typed_is_not_printed_where_it_is_hidden(place, tmp_path):
    hidden = clear(key="protection_incidents", place="gao", period="2017-06", value="", unit="incidents",
                   status="not_published", table="t", query="q", caveat="")  # fmt: skip
    for there in ([], [hidden]):
        if there:
            report_of(place, there, name="bulletin/gao/2017-06+public")
        stood = evidence.graph(place, "real", "public", register(tmp_path, CITED), SafeTables([hidden], {}, {}))
        assert [s.state for s in stood] == ["withheld"]
        _, lines, words = followup._findings(register(tmp_path, CITED), stood)
        assert "67" not in json.dumps([lines, words])


@pytest.mark.parametrize(
    ("cited", "said"),
    [
        ("report: bulletin/gao/2017-06, key: alerts_issued, value: 3", "n’imprime pas ce nombre"),
        (CITED + ", version: bbbbbbbbbbbb", "d’une autre version"),
        (CITED.replace("67", "66") + ", manifest: {seal}", "n’est pas celle que ce rapport imprime"),
    ],
)
def test_a_number_that_its_report_does_not_print_is_refused_with_the_line(place, tmp_path, cited, said):
    seal = report_of(place, [number("protection_incidents", "67")])
    with pytest.raises(BadData, match=rf"ligne 9 : .*{said}"):
        states(place, tmp_path, [number("protection_incidents", "67")], cited.format(seal=seal[:12]))


def test_one_incident_more_in_a_cercle_flags_exactly_the_claims_that_stand_on_it(place, tmp_path):
    def counts(gao_cercle: int):
        other, tombouctou = 30, 41
        return [
            number("protection_incidents", str(gao_cercle), "cod2015:ML0701"),
            number("protection_incidents", str(other), "cod2015:ML0702"),
            number("protection_incidents", str(gao_cercle + other)),
            number("protection_incidents", str(tombouctou), "tombouctou"),
            number("protection_incidents", str(gao_cercle + other + tombouctou), "mali"),
        ]

    before, after = counts(20), counts(21)
    cited = [
        f"report: bulletin/gao/2017-06, key: protection_incidents, place: '{n.place}', value: {n.value}" for n in before
    ]
    report_of(place, before)
    assert states(place, tmp_path, before, *cited) == ["sound"] * 5
    assert states(place, tmp_path, after, *cited) == ["revised", "sound", "revised", "sound", "revised"]
    told = evidence.lines(
        evidence.graph(place, "real", "cluster", register(tmp_path, *cited), SafeTables(after, {}, {}))
    )
    assert sum("RÉVISÉ DEPUIS" in line for line in told) == 3 and told[-1].endswith("constats à revoir : 1.")


def test_a_missing_report_is_built_unless_one_build_of_it_was_cited(place, tmp_path):
    built = []

    def make(name):
        built.append(name)
        report_of(place, [number("protection_incidents", "67")])

    safe = SafeTables([number("protection_incidents", "67")], {}, {})
    pinned = register(tmp_path, f"{CITED}, manifest: 123456789abc")
    assert [s.state for s in evidence.graph(place, "real", "cluster", pinned, safe, make=make)] == ["missing"]
    assert not built
    assert [s.state for s in evidence.graph(place, "real", "cluster", register(tmp_path, CITED), safe, make=make)] == [
        "sound"
    ]
    assert built == ["bulletin/gao/2017-06"]
