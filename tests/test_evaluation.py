"""The reports about a frame, as they are read: every indicator once, every claim tied to its evidence, every link alive."""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pikepdf
import projects
import pypdfium2
import pytest

from veille.strategy.frames import frame

STRATEGY, WORKPLAN = frame("strategy_2017"), frame("hct_2020")
pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def evaluation(report) -> Path:
    """The evaluation of the example year; the reports that it cites are built when they are missing."""
    return report("mali", "2017", "evaluation")


def one(folder: Path, kind: str) -> Path:
    (path,) = folder.glob(f"*.{kind}")
    return path


def page_of(folder: Path) -> str:
    return one(folder, "html").read_text(encoding="utf-8")


def codes_in_results(page: str) -> list[str]:
    """The codes that stand in the tables of results, in order."""
    tables = re.findall(
        r"<caption>(?:(?!</caption>).)*indicateurs, valeur et statut</caption>.*?</table>", page, re.DOTALL
    )
    found = []
    for table in tables:
        rows = re.findall(r'<th[^>]*scope="row"[^>]*>(.*?)</th>', table, re.DOTALL)
        found += [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in rows]
    return found


def links(page: str) -> set[str]:
    return set(re.findall(r'href="#([^"]+)"', page))


def test_every_indicator_of_the_strategy_stands_once_in_the_evaluation(evaluation):
    page = page_of(evaluation)
    assert codes_in_results(page) == list(STRATEGY.indicators)
    assert "Sans cible" in page and "Sans donnée" in page and ">Atteint<" not in page  # no rating without a target


def test_every_indicator_and_share_of_the_workplan_stands_once_in_its_follow_up(report):
    folder = report("mali", "2020-Q3", "followup")
    page = page_of(folder)
    assert codes_in_results(page) == list(WORKPLAN.indicators)
    said = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert said["nature"] == "real" and "exemple" not in folder.parts  # nothing received, nothing invented
    assert "Sans donnée" in page and ">n.d.</data>" in page
    due = re.search(r"Activités dues ce trimestre</caption>(.*?)</table>", page, re.DOTALL)[1]
    shown = re.findall(r'data-const="activity_id:(A[\d.]+-a\d)"', due)
    assert shown == [a.id for r in WORKPLAN.results for a in r.activities if "2020-Q3" in a.quarters]


def test_the_follow_up_of_two_months_knows_nothing_of_later_months(report):
    page = page_of(report("mali", "2017-06", "followup"))
    assert codes_in_results(page) == list(STRATEGY.indicators)
    addresses = set(re.findall(r'data-key="(strategy_indicator[^"]*@mali@[^"]+)"', page))
    assert {a.rpartition("@")[2] for a in addresses} <= {
        "2017-05-01/2017-06-30", "2017-01-01/2017-06-30", "2017-06"}  # fmt: skip
    assert "à l’année" in page  # what counts people is not printed within the year


def test_every_link_leads_somewhere_and_the_contents_name_every_part(evaluation):
    page = page_of(evaluation)
    idents = re.findall(r'\bid="([^"]+)"', page)
    assert links(page) <= set(idents) and len(idents) == len(set(idents))
    headings = re.findall(r'<h2 id="([^"]+)">', page)
    contents = re.search(r'<nav class="toc".*?</nav>', page, re.DOTALL)[0]
    assert re.findall(r'href="#([^"]+)"', contents) == headings and len(headings) > 12
    assert len(links(page)) > 68 + 20  # each code to its sheet, each reference to its line


def test_a_status_that_no_value_bears_out_is_marked(evaluation):
    rows = re.findall(r"<tr>.*?</tr>", page_of(evaluation), re.DOTALL)
    marked = {
        re.search(r"[1-5]\.\d-i\d", text)[0]: found[0]
        for row in rows
        if (
            found := re.findall(r"Réalisé[^,]*(sans donnée reçue|valeur nulle)", text := re.sub(r"<[^>]+>|, ", "", row))
        )
    }
    assert marked["1.4-i1"] == "sans donnée reçue" and marked["2.3-i1"] == "valeur nulle"
    assert not {"1.1-i1", "1.5-i2", "5.1-i1"} & set(marked)  # a value, or a status that says so itself


def test_within_the_year_a_status_is_not_held_against_what_comes_later(report):
    page = page_of(report("mali", "2017-06", "followup"))
    assert "À ce jour, les groupes" in page and "sans donnée reçue" not in page and "valeur nulle" not in page


def plain(text: str) -> str:
    """The text with ordinary spaces."""
    return " ".join(text.split())


def test_the_pdf_has_bookmarks_page_numbers_and_its_length(evaluation):
    with pikepdf.open(one(evaluation, "pdf")) as file, file.open_outline() as outline:
        titles = [plain(str(item.title)) for top in outline.root for item in (top, *top.children)]
    pages = pypdfium2.PdfDocument(one(evaluation, "pdf"))
    texts = [plain(page.get_textpage().get_text_range()) for page in pages]
    assert 20 <= len(texts) <= 40
    first = texts[0]
    for title in ("Résumé", "Recommandations", "Annexe : preuves"):
        assert any(title in t for t in titles)
        number = int(re.search(rf"{title}\s+(\d+)", first)[1])
        assert title in texts[number - 1]


def test_it_is_light_enough_for_a_phone(evaluation):
    assert one(evaluation, "html").stat().st_size < 1_000_000


def test_each_claim_is_tied_to_a_number_of_a_named_report(evaluation):
    page = page_of(evaluation)
    annex = re.search(r"Preuves\s: constat, nombre, rapport, version</caption>(.*?)</table>", page, re.DOTALL)[1]
    assert "gbvims/mali/2017" in annex and "bulletin/gao/2017-06" in annex and "révisé" not in annex
    said = json.loads((evaluation / "manifest.json").read_text(encoding="utf-8"))
    cited = [name for name in said["inputs"] if name.startswith("reports/")]
    assert len(cited) == 6 and "params/findings/exemple/strategy_2017.yml" in said["inputs"]


def test_an_example_is_marked_on_every_page_of_the_evaluation(evaluation):
    pages = pypdfium2.PdfDocument(one(evaluation, "pdf"))
    assert all("EXEMPLE" in page.get_textpage().get_text_range() for page in pages)


def test_the_bundle_verifies_offline_and_names_a_flipped_byte(evaluation, shared, tmp_path):
    done = projects.veille(shared, "bundle", "evaluation", "2017", "--nature", "example")
    assert done.returncode == 0, done.stderr
    (path,) = (shared / "reports" / "exemple" / "dossiers").glob("evaluation_*.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path)

    def verify() -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-I", "verify.py"], cwd=tmp_path, capture_output=True, text=True, env={}, check=False
        )

    done = verify()
    assert done.returncode == 0, done.stdout + done.stderr
    cited = next((tmp_path / "reports").rglob("numbers.csv"))
    content = bytearray(cited.read_bytes())
    content[-2] ^= 1
    cited.write_bytes(content)
    done = verify()
    assert done.returncode == 1 and cited.relative_to(tmp_path).as_posix() in done.stdout + done.stderr


def test_the_command_says_what_becomes_of_the_evidence(evaluation, shared):
    done = projects.veille(shared, "evidence", "evaluation", "2017", "--nature", "example")
    assert done.returncode == 0, done.stderr
    assert "C-301" in done.stdout and done.stdout.strip().endswith("constats à revoir : 0.")
    refused = projects.veille(shared, "evidence", "bulletin", "2017-06")
    assert refused.returncode == 2


def test_a_year_that_the_frame_does_not_cover_is_refused(shared, real):
    done = projects.veille(shared, "build", "evaluation", "2016")
    assert done.returncode == 2 and "2017" in done.stderr
