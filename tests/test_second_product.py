"""A new report type is a notebook and a line of the registry; nothing else has to know of it."""

from __future__ import annotations

import json

import jsonschema
import nbformat

from veille import products
from veille.build import packet, report, stage
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
        period_kind="month",
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
