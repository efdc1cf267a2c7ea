"""KoBo exports: however a person asks for one, the same submissions give the same tables, and nothing else comes in.

The exports are written here as KoBo's formpack writes them, from the form's own survey: its headers, its order, its blanks.
"""

from __future__ import annotations

import csv
import json
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from incidents import new_project

from veille import versions
from veille.codes import code_list
from veille.errors import BadData
from veille.schemas import xlsform
from veille.sources import formats, headers, reading
from veille.sources.receive import receive
from veille.tables import build

DAY = date(2017, 7, 5)
SELECTS, NAMES, GROUPS, KINDS = ("both", "summary", "details"), ("xml", "labels"), ("groups", "bare"), ("xlsx", "csv")
FORMS = [(s, n, g, k) for s in SELECTS for n in NAMES for g in GROUPS for k in KINDS]
IDS = ["-".join(form) for form in FORMS]
ADDED = (
    "_id",
    "_uuid",
    "_submission_time",
    "_validation_status",
    "_status",
    "_submitted_by",
    "__version__",
    "meta/rootUuid",
)
STATUS = {
    "": "",
    "validation_status_approved": "Approved",
    "validation_status_not_approved": "Not Approved",
    "validation_status_on_hold": "On Hold",
}
SECRET = "ZQX-CANARI"  # stands in every answer of class I


# --- what people answered -----------------------------------------------------------------------------------------


CHOICES = xlsform.choices()


def options(name: str) -> list[dict[str, str]]:
    return [c for c in CHOICES if c["list_name"] == name]


def _places() -> list[tuple[str, str, str]]:
    """(region, cercle, commune or ""), every choice of the three lists."""
    regions = {c["name"]: c["region"] for c in options("cercle")}
    communes = [(regions[c["cercle"]], c["cercle"], c["name"]) for c in options("commune")]
    without = [(region, cercle, "") for cercle, region in regions.items()]
    return communes + without


def submissions() -> list[dict[str, object]]:
    """One per place, in turn every choice of every list and every set of services; some sent twice, refused or unanswered."""
    cycle = {
        n: [c["name"] for c in options(n)]
        for n in ("entry_source", "incident_type", "perpetrator", "population_group", "verification")
    }
    services = [c["name"] for c in options("service")]
    out = []
    for k, (region, cercle, commune) in enumerate(_places()):
        # One in five was asked about no service at all: KoBo leaves every cell of these questions blank.
        referred, assisted = ([s for i, s in enumerate(services) if (k * by >> i) & 1] for by in (1, 3))
        helped = k % 5 != 0 and bool(referred or assisted)
        out.append(
            {
                "start": "2017-06-14T08:00:00.000+00:00",
                "end": "2017-06-14T08:30:00.000+00:00",
                "deviceid": f"collect:{SECRET}",
                "organisation": "Organisation fictive",
                "type_rapport": cycle["entry_source"][k % len(cycle["entry_source"])],
                "id_incident": f"INC-{k}",
                "region": region,
                "cercle": cercle,
                "commune": commune,
                "localite": SECRET,
                "date_incident": "2017-06-12",
                "date_collecte": "2017-06-13" if k % 3 else "",
                "type_incident": cycle["incident_type"][k % len(cycle["incident_type"])],
                "auteur_presume": cycle["perpetrator"][k % len(cycle["perpetrator"])] if k % 7 else "",
                "population_affectee": cycle["population_group"][k % len(cycle["population_group"])],
                "femmes": str(k % 4),
                "hommes": "1",
                "filles": "0" if k % 6 else "",
                "garcons": str(k % 3),
                "tues": "0",
                "blesses": "1" if k % 2 else "",
                "statut_verification": cycle["verification"][k % len(cycle["verification"])] if k % 9 else "",
                "refere": "oui" if helped else "non",
                "services_referes": " ".join(reversed(referred)) if helped else "",
                "services_assistes": " ".join(assisted) if helped else "",
                "description": f"{SECRET}\nsur deux lignes ; « entre guillemets » \"droits\"",
                "source_information": SECRET,
                "_id": 4000 + k,
                "_uuid": f"uuid-{k}",
                "_submission_time": "2017-06-14T09:12:33",
                "_validation_status": list(STATUS)[k % len(STATUS)],
                "_status": "submitted_via_web",
                "_submitted_by": SECRET,
                "__version__": "vFictive",
                "meta/rootUuid": f"uuid:uuid-{k}",
            }
        )  # fmt: skip
    return [*out, dict(out[2]), dict(out[7])]


ROWS = submissions()
FOLLOWED = [
    {"parent": n, "service": s["name"], "issue": o["form"]}
    for n in range(1, len(ROWS), 4)
    for s, o in zip(options("service"), list(code_list("service_outcome").values()) * 4, strict=False)
]


# --- what KoBo writes ---------------------------------------------------------------------------------------------


class Field:
    """One question of the form, or one column that KoBo adds, with its group."""

    def __init__(self, row: dict[str, str], path: tuple[dict[str, str], ...]) -> None:
        self.name, self.kind, _, self.list = (row["name"], *row["type"].partition(" "))
        self.path, self.row = (*path, row), row
        self.options = options(self.list) if self.list else []
        if self.list == "service_outcome":
            self.options = [{"name": e["form"], xlsform.LABEL: e["fr"]} for e in code_list(self.list).values()]

    def header(self, names: str, groups: str, by: str) -> str:
        said = [row.get(xlsform.LABEL) or row["name"] if names == "labels" else row["name"] for row in self.path]
        return by.join(said) if groups == "groups" else said[-1]

    def columns(self, selects: str, names: str, groups: str, by: str) -> list[tuple[str, str]]:
        """(header, choice or "") of each of its columns."""
        head = self.header(names, groups, by)
        if self.kind != "select_multiple":
            return [(head, "")]
        label = xlsform.LABEL if names == "labels" else "name"
        each = [(f"{head}{by}{o[label]}", o["name"]) for o in self.options]
        return [(head, "")] * (selects != "details") + each * (selects != "summary")

    def cell(self, answer: str, choice: str, names: str) -> object:
        if self.name == "_validation_status" and names == "labels":
            return STATUS[answer]
        if choice:
            return "" if not answer else "1" if choice in answer.split() else "0"
        if names == "xml" or not self.options:
            return answer
        labels = {o["name"]: o[xlsform.LABEL] for o in self.options}
        return " ".join(labels[a] for a in str(answer).split())


@cache
def fields() -> list[Field]:
    group, out = (), []
    for row in xlsform.survey():
        if row["type"] == "begin_group":
            group = (row,)
        elif row["type"] == "end_group":
            group = ()
        else:
            out.append(Field(row, group))
    return out + [Field({"name": n, "type": "text"}, ()) for n in ADDED]


def grid(rows, asked, selects="both", names="xml", groups="groups", by="/", hxl=True, extra=()) -> list[list[object]]:
    """The sheet as rows: headers, hashtags where the form has some, submissions, and what KoBo numbers them by."""
    columns = [(f, h, c) for f in asked for h, c in f.columns(selects, names, groups, by)]
    tags, seen = [], set()
    for field, _, _ in columns:  # the first column of a question has its tag
        tags.append("" if field in seen else field.row.get("hxl", ""))
        seen.add(field)
    out = [[h for _, h, _ in columns] + ["_index", *extra]]
    if hxl and any(tags):
        out.append([*tags, *[""] * (1 + len(extra))])
    for n, row in enumerate(rows, 1):
        line = [f.cell(row[f.name], c, names) for f, _, c in columns]
        out.append([*line, n, *(row[e] for e in extra)])
    return out


def followed(rows=None, **how) -> list[list[object]]:
    """The sheet of the repeat `suivi_services`, with the columns that KoBo copies from the parent."""
    path = tuple({"name": n, xlsform.LABEL: t} for n, t in (("suivi", "Suivi"), ("suivi_services", "Services suivis")))
    asked = [
        Field({"name": "service", "type": "select_one service", xlsform.LABEL: "Service"}, path),
        Field({"name": "issue", "type": "select_one service_outcome", xlsform.LABEL: "Issue"}, path),
    ]
    extra = ["_parent_table_name", "_parent_index", *(f"_submission_{n}" for n in ADDED)]
    given = [
        r
        | {"_parent_table_name": xlsform.TITLE, "_parent_index": r["parent"] + 1}
        | {f"_submission_{n}": ROWS[r["parent"]][n] for n in ADDED}
        for r in (FOLLOWED if rows is None else rows)
    ]
    return grid(given, asked, extra=extra, **{k: v for k, v in how.items() if k in ("names", "groups", "by")})


def write(path: Path, **sheets: list[list[object]]) -> Path:
    """A workbook of these sheets, or a CSV of the first: cells as text between quotes, `;` between them."""
    if path.suffix == ".csv":
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL).writerows(next(iter(sheets.values())))
        return path
    with xlsxwriter.Workbook(path, {"strings_to_numbers": False, "strings_to_urls": False}) as book:
        for name, lines in sheets.items():
            page = book.add_worksheet(name)
            for n, line in enumerate(lines):
                page.write_row(n, 0, line)
    return path


def export(folder: Path, form=FORMS[0], rows=None, by="/", hxl=True, **more) -> Path:
    """An export in one of the forms that KoBo offers."""
    selects, names, groups, kind = form
    lines = grid(ROWS if rows is None else rows, fields(), selects, names, groups, by, hxl)
    return write(folder / f"export.{kind}", **{xlsform.TITLE: lines}, **more)


def take(folder: Path, path: Path, source: str = "kobo"):
    """(receipt, canonical tables read from what was stored, everything stored as bytes)."""
    project = new_project(folder / "p")
    receipt = receive([path], source, DAY, project, producer="Partenaire fictif")
    tables = build.build(versions.current(project, "real").snapshots)
    stored = b"".join(p.read_bytes() for p in sorted((folder / "p").rglob("*")) if p.is_file())
    filled = {n: t.sort_values(list(t)).reset_index(drop=True) for n, t in tables.items() if len(t)}
    assert set(filled) <= {"incidents", "incident_services"}
    return receipt, {n: filled.get(n, tables[n]) for n in ("incidents", "incident_services")}, stored


def refusal(path: Path, source: str = "kobo_incidents") -> BadData:
    with pytest.raises(BadData) as refused:
        reading.read_frame(path, source)
    assert SECRET not in str(refused.value)
    return refused.value


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """What the default export gives: XML names, groups, answers and choices, XLSX."""
    folder = tmp_path_factory.mktemp("first")
    return take(folder, export(folder))


# --- every form of an export --------------------------------------------------------------------------------------


def test_the_submissions_cover_every_choice_of_every_list():
    for field in fields():
        chosen = {a for row in ROWS for a in str(row[field.name]).split()}
        assert {o["name"] for o in field.options} <= chosen, field.name
    assert len(ROWS) > 60


def test_the_default_export_counts_what_was_answered(first):
    receipt, tables, _ = first
    refused, out = list(STATUS).index("validation_status_not_approved"), {"infirme", "rejete"}
    counted = [r for k, r in enumerate(ROWS[:-2]) if k % len(STATUS) != refused and r["statut_verification"] not in out]
    assert receipt.balance.read == len(ROWS) and not receipt.balance.refused_rows
    assert receipt.balance.left_out["envoyées deux fois (même _uuid)"] == 2
    assert set(tables["incidents"]["incident_id"]) == {r["id_incident"] for r in counted}
    ours = {e["form"]: code for code, e in code_list("service").items()}
    expected = {
        (r["id_incident"], ours[s], outcome)
        for r in counted
        for question, outcome in (("services_referes", "referred"), ("services_assistes", "assisted"))
        for s in r[question].split()
    }
    assert {tuple(row) for row in tables["incident_services"].values} == expected


# Every value of every choice stands in the three of every day; the long suite tries all that go together.
EVERY_DAY = {5, 10, 23}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, id=name, marks=() if n in EVERY_DAY else pytest.mark.full)
        for n, (form, name) in enumerate(zip(FORMS, IDS, strict=True))
    ],
)
def test_an_export_in_any_form_gives_the_same_tables_and_stores_nothing_that_identifies(tmp_path, first, form):
    receipt, tables, stored = take(tmp_path, export(tmp_path, form))
    assert receipt.balance == first[0].balance
    for name, expected in first[1].items():
        pd.testing.assert_frame_equal(tables[name], expected)
    assert SECRET.encode() not in stored


@pytest.mark.parametrize("names", NAMES)
def test_a_point_between_groups_and_an_export_without_hashtags_change_nothing(tmp_path, first, names):
    path = export(tmp_path, ("both", names, "groups", "csv"), by=".", hxl=False)
    _, tables, _ = take(tmp_path, path)
    assert all(tables[name].equals(expected) for name, expected in first[1].items())


def test_an_older_export_has_notes_and_tags_and_no_root_identifier(tmp_path, first):
    """KoBo added `meta/rootUuid` in December 2025 and left notes and tags out in September 2026."""
    lines = grid(ROWS, fields())
    gone = lines[0].index("meta/rootUuid")
    older = [line[:gone] + line[gone + 1 :] for line in lines]
    older = [
        [*line, *(("_notes", "_tags") if n == 0 else ("", "") if n == 1 else (SECRET, SECRET))]
        for n, line in enumerate(older)
    ]
    _, tables, stored = take(tmp_path, write(tmp_path / "x.xlsx", **{xlsform.TITLE: older}))
    assert all(tables[name].equals(expected) for name, expected in first[1].items())
    assert SECRET.encode() not in stored


def test_numbers_and_dates_may_be_those_of_excel(tmp_path, first):
    """`xls_types_as_text` off: KoBo writes numbers as numbers, days as days, zeros and ones as numbers."""
    lines = grid(ROWS, fields())
    typed = {
        i
        for i, h in enumerate(lines[0])
        if h.startswith("victimes/") or h.startswith("suivi/services_") and h.count("/") == 2
    }
    days = {i for i, h in enumerate(lines[0]) if h.startswith("incident/date_")}
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(xlsform.TITLE)
        for n, line in enumerate(lines):
            for i, value in enumerate(line):
                if n > 1 and value and i in typed:
                    value = int(value)
                if n > 1 and value and i in days:
                    value = date.fromisoformat(value)
                page.write(n, i, value)
    _, tables, _ = take(tmp_path, path)
    assert all(tables[name].equals(expected) for name, expected in first[1].items())


# --- sheets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sheet",
    [
        pytest.param("Feuil1", id="renamed-by-a-person"),
        pytest.param("Monitoring de protection NRC ..."[:31], id="a-longer-title-cut-by-kobo"),
    ],
)
def test_the_only_sheet_is_found_by_its_header_whatever_its_name(tmp_path, sheet):
    path = write(tmp_path / "x.xlsx", **{sheet: grid(ROWS[:60], fields())})
    assert len(reading.read_frame(path, "kobo_incidents")) == 60


def test_another_visible_sheet_is_refused_by_name(tmp_path):
    path = export(tmp_path, **{"suivi_cas": [["nom"], [SECRET]]})
    refused = refusal(path)
    assert "feuille non déclarée : suivi_cas" in refused.message and "repeats" in refused.next_step


def test_where_no_sheet_has_the_name_of_the_form_none_is_chosen(tmp_path):
    path = write(tmp_path / "x.xlsx", Feuil1=grid(ROWS[:60], fields()), Feuil2=[["nom"]])
    assert "manque ou est masquée" in refusal(path).message


# --- columns ------------------------------------------------------------------------------------------------------


def changed(lines: list[list[object]], header: str, to: str = "", cells: object = None) -> list[list[object]]:
    """The sheet with a column renamed, or (`to` blank) left out; or with its cells replaced by what `cells` makes of a row."""
    at = lines[0].index(header)
    out = [list(line) for line in lines]
    for n, line in enumerate(out):
        if cells is not None:
            line[at] = cells(n, line[at]) if n > 1 else line[at]
        elif not to:
            line.pop(at)
        elif n == 0:
            line[at] = to
    return out


def added(lines: list[list[object]], header: str, value: object = SECRET) -> list[list[object]]:
    return [[*line, header if n == 0 else "" if n == 1 else value] for n, line in enumerate(lines)]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("suivi/services_referes/eau", id="a-choice-that-the-list-does-not-have"),
        pytest.param("suivi/services_referes/other", id="an-other-choice"),
        pytest.param("lieu/position", id="a-geopoint"),
        pytest.param("lieu/_position_latitude", id="a-latitude"),
        pytest.param("_geolocation", id="the-place-of-the-phone"),
        pytest.param("recit/photo_URL", id="the-address-of-a-photo"),
        pytest.param("meta/instanceID", id="what-another-server-adds"),
        pytest.param("suivi_services", id="a-repeat-in-the-main-sheet"),
    ],
)
def test_a_column_that_nobody_declared_is_refused_by_name(tmp_path, header):
    path = write(tmp_path / "x.csv", rows=added(grid(ROWS, fields()), header))
    assert f"colonne non déclarée : {header}." in refusal(path).message


def test_a_declared_geopoint_is_dropped_by_rule_and_never_stored(tmp_path):
    given = {
        "table": "incidents",
        "family": "kobo",
        "columns": {
            "lieu/cercle": {"to": "cercle_name", "type": "place", "required": True},
            "lieu/position": {"class": "I"},
            "lieu/_position_latitude": {"class": "I"},
            "_geolocation": {"class": "I"},
        },
    }
    fmt = formats.parse("x", given)
    lines = [["lieu/cercle", "lieu/position", "lieu/_position_latitude", "_geolocation"], ["Gao", *[SECRET] * 3]]
    with reading.connection() as con:
        found = reading.read(con, write(tmp_path / "x.csv", rows=lines), fmt)
        assert list(found.frame().columns) == ["row", "cercle_name"] and fmt.is_cut


def test_a_question_exported_under_two_of_its_names_is_refused(tmp_path):
    path = write(tmp_path / "x.csv", rows=added(grid(ROWS, fields()), "Cercle"))
    assert "deux fois" in refusal(path).message
    path = write(tmp_path / "y.csv", rows=added(grid(ROWS, fields()), "suivi/services_referes/Santé", "0"))
    assert "deux fois" in refusal(path).message


def test_a_name_that_may_be_two_questions_is_refused_with_both(tmp_path):
    columns = {h: {"to": h[0], "labels": ["Groupe", "Total"]} for h in ("a/total_f", "b/total_h")}
    fmt = formats.parse("x", {"table": "incidents", "family": "kobo", "columns": columns})
    with pytest.raises(BadData, match="ambigu : Total \\(a/total_f ou b/total_h\\)") as refused:
        headers.check("x.csv", fmt.columns, ["Total", "a/total_f", "b/total_h"], reading.accepted, "x")
    assert "noms de groupes" in refused.value.next_step


def test_no_name_of_the_form_stands_for_two_questions():
    names = [headers.same(n) for c in formats.declared("kobo_incidents").columns for n in (c.header, *c.also)]
    assert len(set(names)) == len(names)


def test_a_choice_without_its_column_is_refused_where_nothing_else_tells_the_answer(tmp_path):
    for selects, is_refused in (("details", True), ("both", False)):
        lines = [[*line] for line in grid([r | {"services_referes": ""} for r in ROWS], fields(), selects)]
        path = write(tmp_path / f"{selects}.csv", rows=changed(lines, "suivi/services_referes/sante"))
        if is_refused:
            assert "colonne absente : suivi/services_referes/sante." in refusal(path).message
        else:
            assert len(reading.read_frame(path, "kobo_incidents")) == len(ROWS)


def test_a_cut_stays_readable_when_its_list_gets_a_choice(tmp_path):
    """Columns of choices only, stored before the form had one of them."""
    folder = tmp_path / "p"
    receipt, tables, _ = take(
        tmp_path, export(tmp_path, ("details", "xml", "groups", "csv"), [r | {"services_referes": ""} for r in ROWS])
    )
    (path,) = folder.rglob("export.csv")
    lines = list(csv.reader(path.open(encoding="utf-8"), delimiter=";"))
    older = write(tmp_path / "older.csv", rows=changed(lines, "suivi/services_referes/sante"))
    assert lines[0][0] == "_ligne" and len(reading.read_frame(older, "kobo_incidents")) == len(ROWS)


# --- several answers ----------------------------------------------------------------------------------------------


def lenient(folder: Path, lines: list[list[object]]):
    """(kept, faults, frame) of a file of which a few rows break a rule."""
    with reading.connection() as con:
        found = reading.read(con, write(folder / "x.csv", rows=lines), "kobo_incidents")
        assert all(SECRET not in f.words for f in found.refused)
        return found.kept, [(f.column, f.rule, f.rows) for f in found.refused], found.frame()


def test_a_row_whose_answer_is_not_that_of_its_choices_is_refused_by_rule(tmp_path):
    lines = changed(grid(ROWS, fields()), "suivi/services_referes", cells=lambda n, v: "sante" if n == 2 else v)
    kept, faults, _ = lenient(tmp_path, lines)
    rule = "la réponse n’est pas celle des colonnes de ses choix"
    assert kept == len(ROWS) - 1 and faults == [("suivi/services_referes", rule, (3,))]


def test_a_blank_answer_beside_a_choice_is_refused_too(tmp_path):
    lines = changed(grid(ROWS, fields()), "suivi/services_assistes/sante", cells=lambda n, v: "1" if n == 2 else v)
    assert [f[2] for f in lenient(tmp_path, lines)[1]] == [(3,)]


@pytest.mark.parametrize("cell", [SECRET, "2", "Santé", "n/a"])
def test_a_choice_is_a_yes_a_no_or_blank(tmp_path, cell):
    lines = grid(ROWS, fields(), "details")
    kept, faults, _ = lenient(
        tmp_path, changed(lines, "suivi/services_referes/sante", cells=lambda n, v: cell if n == 2 else v)
    )
    assert kept == len(ROWS) - 1
    assert faults == [("suivi/services_referes", "colonne d’un choix ni 0 ni 1", (3,))]


def test_choices_may_be_said_true_and_false(tmp_path, first):
    said = {"0": "False", "1": "True"}
    lines = [[*line] for line in grid(ROWS, fields(), "details")]
    each = [i for i, h in enumerate(lines[0]) if h.count("/") == 2]
    for line in lines[2:]:
        for i in each:
            line[i] = said.get(line[i], "")
    _, tables, _ = take(tmp_path, write(tmp_path / "x.csv", rows=lines))
    assert all(tables[name].equals(expected) for name, expected in first[1].items())


def test_a_choice_that_the_form_did_not_have_yet_is_blank_beside_the_others(tmp_path):
    """KoBo exports all versions of a form together: what a version does not ask stays blank in its rows."""
    row = ROWS[0] | {"refere": "oui", "services_referes": "sante psychosocial"}
    lines = changed(grid([row] * 9, fields(), "details"), "suivi/services_referes/juridique", cells=lambda n, v: "")
    _, faults, df = lenient(tmp_path, lines)
    assert not faults and set(df["services_referred"]) == {("health", "psychosocial")}


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        pytest.param("Soutien psychosocial Santé", ("health", "psychosocial"), id="labels-with-spaces"),
        pytest.param(
            "Sécurité et police Moyens d’existence", ("livelihoods", "security"), id="two-labels-of-several-words"
        ),
        pytest.param("sante juridique", ("health", "legal"), id="codes"),
        pytest.param(" Santé ", ("health",), id="spaces-around"),
        pytest.param("Soutien psychosocial Sant", None, id="the-end-of-a-label-is-missing"),
        pytest.param("Soutien Santé", None, id="half-a-label"),
        pytest.param("SoutienSanté", None, id="a-label-inside-a-word"),
        pytest.param("Santé, Hébergement", None, id="a-comma"),
        pytest.param("Santé et autre chose", None, id="something-left-over"),
    ],
)
def test_labels_in_one_cell_are_read_whole_or_refused(tmp_path, cell, codes):
    lines = grid(ROWS, fields(), "summary", "labels")
    header = next(h for h in lines[0] if h.startswith("Suivi/Services vers"))
    kept, faults, df = lenient(tmp_path, changed(lines, header, cells=lambda n, v: cell if n == 2 else v))
    if codes:
        assert not faults and df.loc[0, "services_referred"] == codes
    else:
        assert faults == [("suivi/services_referes", "code inconnu", (3,))]


def test_the_longest_label_that_fits_is_read(monkeypatch, tmp_path):
    lists = {"santé": "a", "mentale": "b", "santé mentale": "c", "police": "d"}
    monkeypatch.setattr(reading, "accepted", lambda column: lists)
    monkeypatch.setattr(reading, "forms", lambda column: {"x": "a"})
    with reading.connection() as con:
        sql = reading.typed(reading._Enums(con), formats.Column("q", "q", "codes", "essai"), "t")
        texts = ["santé mentale police", "santé police", "mentale santé", "santé mental"]
        found = [con.execute(f"SELECT {sql} FROM (SELECT ?::VARCHAR AS t)", [t]).fetchone()[0] for t in texts]
    assert found == [["c", "d"], ["a", "d"], ["a", "b"], None]


# --- KoBo's own columns -------------------------------------------------------------------------------------------


def test_a_submission_that_was_refused_in_kobo_never_counts(tmp_path):
    refused = ("validation_status_not_approved", "Not Approved", "Not approved")
    counts = ("validation_status_on_hold", "On Hold", "Approved", "")
    given = [*refused, *counts]
    rows = [r | {"statut_verification": "verifie"} for r in ROWS[:7]]
    seen = iter(given)
    lines = changed(grid(rows, fields()), "_validation_status", cells=lambda n, v: next(seen))
    _, tables, _ = take(tmp_path, write(tmp_path / "x.csv", rows=lines))
    assert next(seen, None) is None
    assert sorted(tables["incidents"]["incident_id"]) == sorted(r["id_incident"] for r in rows[len(refused) :])


def test_a_status_that_nobody_knows_does_not_let_a_submission_through(tmp_path):
    lines = changed(grid(ROWS, fields()), "_validation_status", cells=lambda n, v: "Rejetée" if n == 2 else v)
    assert lenient(tmp_path, lines)[1] == [("_validation_status", "code inconnu", (3,))]


def test_the_label_of_a_type_is_the_answer_of_the_form_and_not_of_a_printed_list(first):
    """« Vol » heads a type of the AMSS list too: in an export with labels it stands for the form's own choice."""
    incidents = first[1]["incidents"]
    assert set(incidents["original_type"]) <= {e["form"] for e in code_list("incident_type").values()}
    assert incidents["typology_version"].isna().all()


# --- repeats ------------------------------------------------------------------------------------------------------


# Every day each of the two names, and a file with groups and one without.
@pytest.mark.parametrize(
    ("names", "groups"),
    [
        pytest.param(n, g, marks=() if i == j else pytest.mark.full)
        for i, n in enumerate(NAMES)
        for j, g in enumerate(GROUPS)
    ],
)
def test_services_asked_one_by_one_add_to_the_others(tmp_path, first, names, groups):
    path = export(tmp_path, ("both", names, groups, "xlsx"), suivi_services=followed(names=names, groups=groups))
    receipt, tables, stored = take(tmp_path, path)
    assert receipt.balance.read == len(ROWS) and not receipt.balance.refused
    services, outcomes = ({e["form"]: code for code, e in code_list(n).items()} for n in ("service", "service_outcome"))
    counted = set(first[1]["incidents"]["incident_id"])
    expected = {tuple(row) for row in first[1]["incident_services"].values} | {
        (ROWS[r["parent"]]["id_incident"], services[r["service"]], outcomes[r["issue"]])
        for r in FOLLOWED
        if ROWS[r["parent"]]["id_incident"] in counted
    }
    assert {tuple(row) for row in tables["incident_services"].values} == expected
    assert len(expected) > len(first[1]["incident_services"])
    assert tables["incidents"].equals(first[1]["incidents"])
    assert SECRET.encode() not in stored


def test_what_is_stored_of_a_repeat_is_its_answers_beside_those_of_its_form(tmp_path):
    take(tmp_path, export(tmp_path, suivi_services=followed()))
    (path,) = (tmp_path / "p").rglob("export.csv")
    header, *lines = csv.reader(path.open(encoding="utf-8"), delimiter=";")
    cells = [json.loads(line[header.index("suivi_services")]) for line in lines if line[header.index("suivi_services")]]
    assert sum(map(len, cells)) == len(FOLLOWED)
    assert {key for several in cells for one in several for key in one} == {
        "row",
        "suivi/suivi_services/service",
        "suivi/suivi_services/issue",
    }


def repeated(folder: Path, lines: list[list[object]]):
    """(services that enter, faults) of the default export with this sheet of the repeat."""
    with reading.connection() as con:
        path = export(folder, suivi_services=lines)
        found = reading.read(con, path, "kobo_incidents")
        assert found.kept == found.read == len(ROWS)
        entered = [one for several in found.frame()["services_followed"] for one in several or ()]
        return len(entered), [(f.words, f.count, f.rows) for f in found.refused]


ORPHAN = "feuille suivi_services : ligne d’aucun formulaire"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> int:
    """How many services enter when no row of the repeat breaks a rule."""
    entered, none = repeated(tmp_path_factory.mktemp("whole"), followed())
    assert not none
    return entered


@pytest.mark.parametrize(
    ("header", "value", "said"),
    [
        pytest.param("_parent_index", "99999", ORPHAN, id="no-such-form"),
        pytest.param("_parent_index", "", ORPHAN, id="no-form-named"),
        pytest.param("_submission__uuid", "un-autre", ORPHAN, id="the-index-of-one-form-and-the-uuid-of-another"),
        pytest.param("suivi/suivi_services/service", SECRET, "colonne suivi/suivi_services/service (feuille suivi_services) : code inconnu", id="an-unknown-service"),
        pytest.param("suivi/suivi_services/issue", "", "colonne suivi/suivi_services/issue (feuille suivi_services) : case vide", id="no-outcome"),
    ],
)  # fmt: skip
def test_a_row_of_a_repeat_that_breaks_a_rule_is_refused_alone_with_its_own_number(
    tmp_path, whole, header, value, said
):
    lines = changed(followed(), header, cells=lambda n, v: value if n == 5 else v)
    entered, faults = repeated(tmp_path, lines)
    assert entered == whole - 1
    assert faults == [(said, 1, (6,))]


def test_two_exports_pasted_one_below_the_other_leave_no_row_of_a_repeat_its_form(tmp_path):
    doubled = grid(ROWS, fields())
    path = write(tmp_path / "x.xlsx", **{xlsform.TITLE: doubled + doubled[2:]}, suivi_services=followed())
    assert "ligne d’aucun formulaire" in refusal(path).message


def test_a_repeat_of_which_most_rows_are_refused_is_in_another_form(tmp_path):
    lines = changed(followed(), "suivi/suivi_services/service", cells=lambda n, v: SECRET)
    refused = refusal(export(tmp_path, suivi_services=lines))
    assert "feuille « suivi_services »" in refused.message and "code inconnu" in refused.message


def test_a_column_of_a_repeat_that_nobody_declared_is_refused_by_name(tmp_path):
    refused = refusal(export(tmp_path, suivi_services=added(followed(), "suivi/suivi_services/nom")))
    assert "feuille « suivi_services » : colonne non déclarée : suivi/suivi_services/nom." in refused.message


def test_a_hidden_repeat_is_not_left_out_in_silence(tmp_path):
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, lines in ((xlsform.TITLE, grid(ROWS, fields())), ("suivi_services", followed())):
            page = book.add_worksheet(name)
            for n, line in enumerate(lines):
                page.write_row(n, 0, line)
        page.hide()
    assert "la feuille « suivi_services » est masquée" in refusal(path).message


def test_a_repeat_needs_the_index_of_its_forms(tmp_path):
    lines = changed(grid(ROWS, fields()), "_index")
    path = write(tmp_path / "x.xlsx", **{xlsform.TITLE: lines}, suivi_services=followed())
    assert "colonne absente : _index" in refusal(path).message


# --- text files ---------------------------------------------------------------------------------------------------


def test_a_label_on_two_lines_is_one_column_of_a_csv(tmp_path, first):
    """People put line breaks into labels; KoBo writes them into the header as they are."""
    lines = grid(ROWS, fields(), "both", "labels")
    at = lines[0].index("Lieu/Localité")
    lines[0][at] = "Lieu/\nLocalité"
    path = write(tmp_path / "x.csv", rows=lines)
    assert "colonne non déclarée" in refusal(path).message  # another name is another column…
    lines[0][at] = "Lieu/Localité"
    lines[0] = [h.replace("de l’incident", "de\nl’incident") for h in lines[0]]
    _, tables, stored = take(tmp_path, write(tmp_path / "y.csv", rows=lines))  # …but a line break is a space
    assert all(tables[name].equals(expected) for name, expected in first[1].items())
    assert SECRET.encode() not in stored


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param('"2016-10";"Gao";"Gao";"7";"5";"12";"de trop"', "dépassent l’en-tête, ligne 3", id="cells-beyond"),
        pytest.param('"2016-10";"Gao";"Gao";"7"', "il manque des cases, ligne 3", id="cells-missing"),
        pytest.param('"2016-10";"Gao" x;"Gao";"7";"5";"12"', "guillemet", id="text-after-a-quotation-mark"),
        pytest.param('"2016-10";"Gao', "guillemet", id="a-quotation-mark-that-never-closes"),
    ],
)
def test_below_a_header_on_two_lines_nothing_is_lost_in_silence(tmp_path, line, said):
    path = tmp_path / "x.csv"
    header = 'mois;region;cercle;communes_suivies;communes_couvertes;"moniteurs\n"'
    path.write_bytes("\r\n".join([header, "2016-10;Gao;Gao;7;5;12", line, ""]).encode())
    with pytest.raises(BadData, match=said):
        reading.read_frame(path, "monitoring_coverage")
