"""Entry templates: what a partner types into the workbook that veille gives comes back as that table's rows, all of it."""

from __future__ import annotations

import csv
import random
import re
import warnings
from datetime import date, datetime

import openpyxl
import pandas as pd
import pytest
from incidents import new_project

from veille import versions
from veille.errors import BadData, BadParameter
from veille.schemas import forms, template
from veille.schemas.definitions import table
from veille.sources.receive import receive, sort_out
from veille.strategy.frames import every_indicator, frame
from veille.tables import build, entered
from veille.tables.contracts import breaches

TABLES = [name.removeprefix(forms.PREFIX) for name in forms.names()]
DAY = date(2017, 7, 5)
ROWS = 40


@pytest.fixture
def project(tmp_path):
    return new_project(tmp_path / "p")


def _cell(owner, name, n, luck, edition):
    """(what a person types, what it must come back as) for one cell of row `n`."""
    spec = owner.asked[name]
    listed = template.entries(owner.name, name, edition)
    if name == "edition":
        return {"cod2015": listed_text(owner, name, "cod2015"), "cod2021": listed_text(owner, name, "cod2021")}[
            edition
        ], edition
    if name == "commune_pcode" and not listed:
        return None, None
    if spec.type == "codes":
        texts = luck.sample(sorted(listed), luck.randint(1, min(3, len(listed))))
        return " ; ".join(texts), " ".join(sorted({str(listed[t]) for t in texts}))
    if listed:
        text = luck.choice(sorted(listed))
        return text, listed[text]
    if not spec.required and luck.random() < 0.2:
        return None, None
    match spec.type:
        case "int":
            low = max(spec.min or 0, 0)
            value = luck.randint(low, min(low + 50, spec.max if isinstance(spec.max, int) else low + 50))
            return value, value
        case "decimal":
            value = luck.choice([0.5, 12.25, 40.0])
            return value, value
        case "date":
            day = date(2016, 1, 1).replace(month=luck.randint(1, 12), day=luck.randint(1, 28))
            return datetime(day.year, day.month, day.day), day.isoformat()
        case "datetime":
            moment = datetime(2016, luck.randint(1, 12), luck.randint(1, 28), luck.randint(0, 23), 30)
            return moment, moment.isoformat(timespec="seconds")
        case "month":
            return (m := f"2016-{luck.randint(1, 12):02}"), m
        case "quarter":
            return (q := f"2016-Q{luck.randint(1, 4)}"), q
    return (t := _text(name, spec, n)), t


def listed_text(owner, name, code):
    return next(text for text, c in template.entries(owner.name, name).items() if c == code)


def _text(name, spec, n):
    """A text that fits the column's pattern; different in every row, so that keys are."""
    for candidate in (
        f"Texte {n} éà",
        f"t{n}",
        f"2016-B{1 + n % 6}",
        f"3.{1 + n % 9}-i{n}",
        f"A1.{n}-i1",
        "2016-04",
        "5",
        "total",
        f"document: Procès-verbal {n}, juin",
    ):
        if not spec.pattern or re.search(spec.pattern, candidate):
            return candidate
    raise AssertionError(f"no text for {name}")


def _rows(owner, luck):
    """Rows as typed, and as they must come back; keys all different, no rule broken (checked by the contract's own SQL)."""
    typed, meant, keys = [], [], set()
    n = 0
    while len(typed) < ROWS and n < 40 * ROWS:
        n += 1
        edition = luck.choice(["cod2015", "cod2015", "cod2021"])
        cells = {c: _cell(owner, c, n, luck, edition) for c in owner.asked}
        if "commune_pcode" in cells and edition == "cod2021":
            cells["commune_pcode"] = (None, None)
            if owner.asked["commune_pcode"].required:
                continue
        if owner.name == "indicator_values":
            cells |= _value_of_an_indicator(luck)
        row = {c: v for c, (_, v) in cells.items()}
        key = tuple(row[c] for c in owner.key) if owner.key else tuple(map(str, row.values()))
        if key in keys or any(_breaks(rule, row) for rule in owner.rules):
            continue
        keys.add(key)
        typed.append({c: t for c, (t, _) in cells.items()})
        meant.append(row)
    return typed, meant


def _value_of_an_indicator(luck):
    """A value that goes with the unit of its indicator: typed, and as it must come back."""
    one = luck.choice([i for i in every_indicator().values() if i.unit != "category"])
    name = "strategy_2017" if one.id in frame("strategy_2017").indicators else "hct_2020"
    base = luck.randint(1, 60) if one.unit == "percent" else None
    top = luck.randint(0, base) if base else None
    value = {"percent": None, "yes_no": luck.randint(0, 1), "number": luck.randint(0, 400)}[one.unit]
    part = luck.choice(["total", *one.parts])
    typed = luck.choice([one.id, f"{one.id} {one.title}"])  # from the list, or by hand
    return {
        "frame": (listed_text(table("indicator_values"), "frame", name), name),
        "indicator_id": (typed, one.id),
        "part": (part, part),
        "numerator": (top, top),
        "denominator": (base, base),
        "value": (value, value),
    }


def _breaks(rule, row):
    parts, limits = [row.get(c) for c in rule.sum], [row.get(c) for c in rule.at_most]
    if None in limits or all(p is None for p in parts):
        return False
    if isinstance(parts[0], str):
        return parts[0] > limits[0]
    return sum(p or 0 for p in parts) > sum(limits)


def fill(path, name, rows):
    """Type rows into the real template, as a person does, and save it as Excel does."""
    template.write(path, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl drops what it does not know of conditional formats
        book = openpyxl.load_workbook(path)
        sheet = book[template.DATA]
        for r, row in enumerate(rows, start=template.FIRST_ROW + 1):
            for c, value in enumerate(row.values(), start=1):
                if value is not None:
                    sheet.cell(r, c, value)
        book.save(path)
    return path


def came_back(project, name):
    snapshots = versions.current(project, "real").snapshots
    df = build.build(snapshots)[name]
    owner = table(name)
    return sorted(
        [
            tuple(None if pd.isna(v) else v for v in row)
            for row in df[list(owner.asked)].itertuples(index=False, name=None)
        ],
        key=str,
    )


# Every day a third of them; that a good file of each comes in, tests/test_canaries.py says every day.
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full if n % 3 else ()) for n, name in enumerate(TABLES)]
)
def test_a_filled_template_comes_back_without_loss(project, tmp_path, name):
    owner, luck = table(name), random.Random(name)
    typed, meant = _rows(owner, luck)
    assert len(typed) >= 10
    path = fill(tmp_path / "saisie.xlsx", name, typed)
    receipt = receive([path], f"template_{name}", DAY, project, producer="ONG fictive")
    assert (receipt.balance.read, receipt.balance.kept, receipt.balance.refused_rows) == (len(typed), len(typed), 0)
    assert receipt.stored.parent.name == f"template_{name}.ong_fictive"
    expected = [tuple(row.values()) for row in meant]
    assert came_back(project, name) == sorted(expected, key=str)


@pytest.mark.parametrize("delimiter", [";", pytest.param(",", marks=pytest.mark.full), "\t"])
def test_the_same_rows_as_csv_come_back_too(project, tmp_path, delimiter):
    owner = table("movements")
    typed, meant = _rows(owner, random.Random("csv"))
    path = tmp_path / "saisie.csv"
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        out = csv.writer(file, delimiter=delimiter)
        out.writerow([spec.label.fr for spec in owner.asked.values()])
        for row in typed:
            out.writerow([v.strftime("%d/%m/%Y") if isinstance(v, datetime) else v for v in row.values()])
    receive([path], "template_movements", DAY, project, producer="ONG fictive")
    assert came_back(project, "movements") == sorted((tuple(row.values()) for row in meant), key=str)


def alerts(*rows):
    """Typed rows of the register of alerts, good in every column but what is given."""
    owner = table("alerts")
    typed, _ = _rows(owner, random.Random(1))
    return [dict(typed[i], **given) for i, given in enumerate(rows)]


def test_a_template_finds_its_table_by_its_header(tmp_path):
    path = fill(tmp_path / "saisie.xlsx", "alerts", alerts({}, {}))
    assert sort_out([path], "template", "ONG fictive") == [("template_alerts", "ONG fictive", [path])]


def test_a_template_without_its_partner_is_refused(project, tmp_path):
    path = fill(tmp_path / "saisie.xlsx", "alerts", alerts({}))
    with pytest.raises(BadParameter, match="--producer"):
        receive([path], "template_alerts", DAY, project, producer="")


def test_two_partners_of_the_same_day_are_two_series_that_add_up(project, tmp_path):
    rows = alerts({}, {}, {}, {})
    for partner, some in (("ONG A", rows[:1]), ("ONG B", rows[1:])):
        receive([fill(tmp_path / f"{partner}.xlsx", "alerts", some)], "template_alerts", DAY, project, producer=partner)
    assert len(came_back(project, "alerts")) == 4


def test_of_two_files_of_a_partner_the_newer_holds_for_the_months_it_speaks_of(project, tmp_path):
    may = alerts({"month": "2017-05"}, {"month": "2017-05"})
    june = alerts({}, {}, {"month": "2017-06"})[2:]
    may_again = alerts({"month": "2017-05"})
    for day, rows in ((date(2017, 6, 5), may), (date(2017, 7, 5), june), (date(2017, 7, 9), may_again)):
        path = fill(tmp_path / f"{day}.xlsx", "alerts", rows)
        receive([path], "template_alerts", day, project, producer="ONG A")
    column = list(table("alerts").asked).index("month")
    assert sorted(r[column] for r in came_back(project, "alerts")) == ["2017-05", "2017-06"]


def test_a_column_that_somebody_added_is_refused_by_its_name(project, tmp_path):
    path = fill(tmp_path / "saisie.xlsx", "alerts", alerts({}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path)
        sheet = book[template.DATA]
        sheet.cell(1, sheet.max_column + 1, "Téléphone")
        book.save(path)
    with pytest.raises(BadData, match="colonne non déclarée : Téléphone"):
        receive([path], "template_alerts", DAY, project, producer="ONG A")


def test_rows_that_contradict_each_other_are_all_refused_and_repetitions_are_one(project, tmp_path):
    rows = alerts(*[{}] * 12)
    key = table("alerts").key[0]
    rows.append(dict(rows[0]))  # word for word
    rows.append(dict(rows[1], **{c: v for c, v in rows[2].items() if c != key}))  # same key, another content
    path = fill(tmp_path / "saisie.xlsx", "alerts", rows)
    balance = receive([path], "template_alerts", DAY, project, producer="ONG A").balance
    assert balance.left_out == {"répétées mot pour mot": 1}
    assert balance.refused_rows == 2 and balance.kept == 11
    assert balance.refused[0].rows == (4, 16) and "contenus différents" in balance.refused[0].rule


def test_a_bare_code_of_another_edition_is_not_taken_for_a_place(project, tmp_path):
    rows = alerts(
        *[{"edition": listed_text(table("alerts"), "edition", "cod2021"), "pcode": "ML0701 Gao"}] * 1, *[{}] * 9
    )
    path = fill(tmp_path / "saisie.xlsx", "alerts", rows)
    balance = receive([path], "template_alerts", DAY, project, producer="ONG A").balance
    assert balance.kept == 9 and balance.refused[0].rows == (3,)
    assert "lieu inconnu dans l’édition de sa ligne" in balance.refused[0].rule


def test_a_rule_of_the_table_refuses_its_row(project, tmp_path):
    owner = table("movements")
    typed, _ = _rows(owner, random.Random(3))
    typed[4] |= {"households": 60, "people": 3}
    path = fill(tmp_path / "saisie.xlsx", "movements", typed)
    balance = receive([path], "template_movements", DAY, project, producer="ONG A").balance
    assert balance.refused[0].rule in breaches("movements") and balance.refused[0].rows == (7,)
    assert balance.kept == len(typed) - 1


def test_every_computed_column_that_must_hold_something_is_computed():
    for name in TABLES:
        for column, spec in table(name).kept.items():
            assert not (spec.computed and spec.required and (name, column) not in entered.COMPUTED), (name, column)
