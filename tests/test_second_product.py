"""A new report type is a notebook and a line of the registry; nothing else has to know of it."""

from __future__ import annotations

import json

import jsonschema
import nbformat
import pytest

from veille import products
from veille.build import packet, report, stage
from veille.disclosure.safe import SafeTables, clear
from veille.errors import BadParameter
from veille.project import Project

CELLS = (
    'region = "gao"\nperiod = "2016-10"\nas_of = ""\naudience = "cluster"\nlang = "fr"',
    "from veille import present, published\n\n"
    'edition = published.open_edition("point", region=region, period=period, as_of=as_of, audience=audience, lang=lang)',
    "present.cover(edition)",
    "## Où en est-on",
    "present.figure_of_places(edition)",
    'present.written(edition, "analysis", "Analyse")',
)


def test_a_second_product_takes_one_notebook_and_one_line(project, monkeypatch):
    cells = [nbformat.v4.new_markdown_cell(c) if c.startswith("## ") else nbformat.v4.new_code_cell(c) for c in CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), project / "notebooks" / "point.ipynb")
    point = products.Product(
        name="point",
        notebook="point.ipynb",
        title="Point de situation",
        period_kinds=("month",),
        lead="protection_incidents",
        areas=("gao", "mali"),
        sections=(products.Section("analysis", "Analyse", "ce que les chiffres ne disent pas"),),
    )
    monkeypatch.setitem(products.PRODUCTS, "point", point)

    made = report.build(stage.plan(Project(project), "point", "gao", "2016-10"))

    assert made.folder == project / "reports" / "point" / "gao" / "2016-10"
    stem = "point_gao_2016-10"
    assert {p.name for p in made.folder.iterdir()} == {
        *(f"{stem}.{kind}" for kind in ("html", "pdf", "xlsx", "docx")),
        "numbers.csv",
        "manifest.json",
    }
    said = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    jsonschema.validate(said, packet.schema())
    assert said["product"] == "point" and "notebooks/point.ipynb" in said["inputs"]
    page = made.page.read_text(encoding="utf-8")
    assert "À rédiger" in page
    assert "Point de situation" in page and "Bulletin de protection" not in page
    assert 'data-key="protection_incidents@gao@2016-10"' in page


SUMMARY = products.Product(
    name="summary",
    notebook="summary.ipynb",
    title="Synthèse d’essai",
    period_kinds=("month", "quarter", "year"),
    lead="protection_incidents",
    areas_by_kind={"month": ("mali",)},
)


@pytest.mark.parametrize(
    ("area", "period"),
    [("mali", "2017-06"), ("mali", "2017-Q2"), ("mali", "2017"), ("gao", "2017-Q2"), ("gao", "2017")],
)
def test_a_product_may_have_several_kinds_of_period(area, period):
    assert str(stage.period_for(SUMMARY, area, period)) == period


def test_a_kind_that_an_area_does_not_have_is_refused_with_those_it_has(project, monkeypatch):
    monkeypatch.setitem(products.PRODUCTS, "summary", SUMMARY)
    with pytest.raises(BadParameter) as refused:
        stage.plan(Project(project), "summary", "gao", "2017-06")
    assert refused.value.exit_code == 2
    assert str(refused.value).splitlines() == [
        "Synthèse d’essai : l’édition d’un mois (2017-06) n’existe que pour mali.",
        "Pour gao, écrivez un trimestre (2017-Q2) ou une année (2017).",
    ]


def test_periods_with_data_are_those_that_the_area_has_months_first():
    months = ["2016-10", "2016-11", "2016-12"]
    numbers = [
        clear(key=SUMMARY.lead, place=place, period=period, value="7", unit="incidents", status="", table="", query="", caveat="")
        for place in ("gao", "mali")
        for period in (*months, "2016-Q4", "2016", "2016-12-31")
    ]  # fmt: skip
    safe = SafeTables(numbers, {}, {})
    assert stage.periods_with_data(safe, SUMMARY, "gao") == ["2016-Q4", "2016"]
    known = stage.periods_with_data(safe, SUMMARY, "mali")
    assert known == [*months, "2016-Q4", "2016"]
    assert stage.spans(known) == "2016-10 à 2016-12, 2016-Q4, 2016"
