"""The GBVIMS summaries of the example: the caveat wherever a number stands, and nobody's name anywhere."""

from __future__ import annotations

import html
import json
import re
import zipfile
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from python_calamine import CalamineWorkbook

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


EVERY_DAY = (("mali", "2017-06"), ("mali", "2017-Q2"))
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
