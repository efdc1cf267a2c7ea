"""The GBVIMS summaries of the example: the caveat wherever a number stands, and nobody's name anywhere."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import projects
import pypdfium2
import pytest
from python_calamine import CalamineWorkbook

from veille import periods, places, present, versions
from veille.build import stage
from veille.disclosure.safe import SafeTables
from veille.products import product
from veille.project import Project
from veille.published import Edition
from veille.render.document import plain

# A condition of use, word for word (sharing protocol; domain.md 1.5): written here so that no change of it goes unseen.
CAVEAT = (
    "Ces données proviennent uniquement des cas de VBG déclarés aux prestataires de services utilisant le GBVIMS, avec le "
    "consentement éclairé des survivant(e)s. Elles ne reflètent ni l’incidence totale ni la prévalence des VBG au Mali et ne "
    "doivent pas servir à un suivi de cas. Toute utilisation ou citation requiert l’accord préalable du sous-cluster VBG et "
    "doit reprendre cette mention."
)
SHORT = "Cas déclarés uniquement ; ne reflète pas la prévalence."
# Area and period -> how many pages its PDF may have. Of a zone, a year has its totals, classes and types only.
EDITIONS = {
    ("mali", "2017-06"): (1, 2),
    ("mali", "2017-Q2"): (3, 5),
    ("mali", "2017"): (6, 12),
    ("gao", "2017"): (2, 6),
}


def bare(text: str) -> str:
    """A text without spaces of any kind, hyphens (a page breaks words at them) or case."""
    return re.sub(r"[\s\u00a0\u202f\u00ad‐-]+", "", text).casefold()


EVERY_DAY = (("mali", "2017-Q2"),)
PARAMS = [pytest.param(e, id="-".join(e), marks=() if e in EVERY_DAY else pytest.mark.full) for e in EDITIONS]


@pytest.fixture(scope="module", params=PARAMS)
def edition(request, report, example) -> tuple[Path, tuple[int, int]]:
    """One summary, built where the example data stand already, and how long it may be."""
    return report(*request.param, "gbvims"), EDITIONS[request.param]


def one(folder: Path, kind: str) -> Path:
    (path,) = folder.glob(f"*.{kind}")
    return path


def pdf_pages(folder: Path) -> list[str]:
    file = pypdfium2.PdfDocument(one(folder, "pdf"))
    try:
        return [page.get_textpage().get_text_range() for page in file]
    finally:
        file.close()


def members(path: Path) -> dict[str, str]:
    """What a workbook or a document holds, file by file, without its tags."""
    with zipfile.ZipFile(path) as archive:
        texts = {n: archive.read(n).decode("utf-8", "replace") for n in archive.namelist()}
    return {name: html.unescape(re.sub(r"<[^>]+>", "", text)) for name, text in texts.items()}


def test_it_passes_through_the_gate_and_is_marked_as_an_example(edition):
    folder, _ = edition
    said = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    checks = {c["name"]: c["result"] for c in said["checks"]}
    assert checks["joint disclosure audit"] == "passed"
    assert said["synthetic"] and said["nature"] == "example" and "exemple" in folder.parts
    assert {p.suffix for p in folder.iterdir()} == {".html", ".pdf", ".xlsx", ".docx", ".csv", ".json"}


def test_the_caveat_is_in_the_page_and_under_every_figure(edition):
    text = one(edition[0], "html").read_text(encoding="utf-8")
    assert bare(CAVEAT) in bare(html.unescape(re.sub(r"<[^>]+>", "", text)))
    figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
    assert figures and all(bare(SHORT) in bare(html.unescape(figure)) for figure in figures)


def test_the_caveat_is_on_every_page_in_every_sheet_and_in_the_footer(edition):
    folder, _ = edition
    book = CalamineWorkbook.from_path(str(one(folder, "xlsx")))
    for name in book.sheet_names:
        cells = [str(cell) for row in book.get_sheet_by_name(name).to_python() for cell in row]
        assert any(bare(CAVEAT) in bare(cell) for cell in cells), name
    feet = {n: text for n, text in members(one(folder, "docx")).items() if re.fullmatch(r"word/footer\d+\.xml", n)}
    assert feet and all(bare(CAVEAT) in bare(text) for text in feet.values())
    pages = pdf_pages(folder)
    assert pages and all(bare(CAVEAT) in bare(page) for page in pages)
    figures = one(folder, "html").read_text(encoding="utf-8").count("<figure")
    assert bare("".join(pages)).count(bare(SHORT)) >= figures
    assert bare("".join(members(one(folder, "docx")).values())).count(bare(SHORT)) >= figures


def test_no_artefact_names_an_organisation(edition):
    folder, _ = edition
    texts = {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir() if p.suffix in (".html", ".csv", ".json")}
    for kind in ("xlsx", "docx"):
        with zipfile.ZipFile(one(folder, kind)) as archive:
            texts |= {f"{kind}/{n}": archive.read(n).decode("utf-8", "replace") for n in archive.namelist()}
        texts[kind] = " ".join(members(one(folder, kind)).values())
    with pikepdf.open(one(folder, "pdf")) as file:
        texts["pdf info"] = " ".join(map(str, file.docinfo.values()))
        with file.open_metadata() as metadata:
            texts["pdf metadata"] = str(metadata)
    texts["pdf"] = " ".join(pdf_pages(folder))
    # « organisation exemple », « organisation_exemple », in any case and however it is spaced.
    assert not [name for name, text in texts.items() if re.search(r"organisation[\W_]*exemple", text, re.IGNORECASE)]


def test_it_is_light_and_as_long_as_its_kind(edition):
    folder, (least, most) = edition
    assert one(folder, "html").stat().st_size < 300_000
    with pikepdf.open(one(folder, "pdf")) as file:
        assert least <= len(file.pages) <= most


# --- every edition of both years, drawn from the tables and not laid out ------------------------------------------------

MONTHS = [f"{y}-{m:02d}" for y in (2016, 2017) for m in range(1, 13)]
LONGER = [*(f"{y}-Q{q}" for y in (2016, 2017) for q in range(1, 5)), "2016", "2017"]
OTHERS = {"publies", "strategie", "versions"}  # tables that hold nothing of what was received, or no number


def drawn(shared: Path, audience: str, wanted: tuple[str, ...] = ()) -> Iterator[tuple[Edition, list[dict]]]:
    """Every edition of an audience, or those of some periods, with its blocks: the cells of the notebook, one after the other."""
    project, summary = Project(shared), product("gbvims")
    tables = SafeTables.read(versions.candidate(versions.current(project, "example"), audience))
    notebook = json.loads((projects.ROOT / "notebooks" / "gbvims.ipynb").read_text(encoding="utf-8"))
    cells = [("".join(c["source"]), c["cell_type"]) for c in notebook["cells"]][2:]
    for area in ("mali", "gao", "mopti", "tombouctou"):
        known = stage.periods_with_data(tables, summary, area)
        assert known == (MONTHS if area == "mali" else []) + LONGER
        for period in wanted or known:
            edition = Edition(
                "gbvims", summary.title, places.area(area, project.params), periods.parse(period), audience, "fr", "example", "",
                tables, None, (), project.params,
            )  # fmt: skip
            names = {"present": present, "edition": edition, "later": ("quarter", "year")}
            blocks: list[dict] = []
            for source, kind in cells:
                blocks += [{"kind": "heading"}] if kind == "markdown" else eval(source, names).blocks
            yield edition, blocks


def faults(blocks: list[dict]) -> list[str]:
    """What a reader would stumble over: a heading over nothing, a table or a figure of n.p. only, or without its caveat."""
    out = [f"rien sous {one}" for one, two in zip(blocks, [*blocks[1:], {"kind": "heading"}], strict=True) if one["kind"] == two["kind"] == "heading" and two.get("level", 2) == 2]  # fmt: skip
    for block in blocks:
        if block["kind"] not in ("table", "figure") or block["name"] in OTHERS:
            continue
        if not any(bare(SHORT) in bare(plain(one)) for one in block["notes"]):
            out.append(f"{block['name']} : sans mention")
        table = block if block["kind"] == "table" else block["table"]
        numbers = [
            run for row in (table or {}).get("rows", ()) for cell in row["cells"] for run in cell if run["t"] == "num"
        ]
        if table and not any(run["value"] for run in numbers):
            out.append(f"{block['name']} : rien que n.p.")
    return out


ALL = [pytest.param(audience, (), id=audience, marks=pytest.mark.full) for audience in ("cluster", "public")]


@pytest.mark.parametrize(("audience", "wanted"), [pytest.param("cluster", ("2017",), id="some"), *ALL])
def test_every_edition_of_both_years_can_be_read(shared, example, audience, wanted):
    each = drawn(shared, audience, wanted)
    found = {f"{e.area.code} {e.period}": wrong for e, blocks in each if (wrong := faults(blocks))}
    assert found == {}


def test_what_others_published_stands_in_the_years_with_its_source(shared, example):
    """9 943 + 2 882 = 12 825, and the 758 of the first quarter: as others printed them, never as a count of ours."""
    years = {str(e.period): blocks for e, blocks in drawn(shared, "cluster", ("2016", "2017")) if e.area.is_country}
    tables = {y: next(b for b in blocks if b.get("name") == "publies") for y, blocks in years.items()}
    said = {y: [[bare(plain(cell)) for cell in row["cells"]] for row in t["rows"]] for y, t in tables.items()}
    assert {row[1]: row[2] for row in said["2017"][:-1]}.keys() == {"9943", "2164", "758", "2882", "12825"}
    assert {row[1] for row in said["2016"][:-1]} == {"9943", "2164"}, "nothing that was printed of a later year"
    assert all(row[2] for rows in said.values() for row in rows), "each with its source"
    assert any("9943+2882=12825" in bare(plain(note)) for note in tables["2017"]["notes"])
