"""Every number on a page is one of the report's own: a page that says another is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

import projects
import pytest

from veille.build import execute, numbers, stage
from veille.disclosure.safe import SafeTables
from veille.errors import DisclosureRefused
from veille.project import Project
from veille.render import html


@dataclass(frozen=True)
class Built:
    """A page as a build makes it, with what the check is given."""

    page: str
    found: dict
    blocks: list
    safe: SafeTables

    def check(self, page: str) -> None:
        numbers.check_html(page, self.found, self.blocks, self.safe, "fr")


@pytest.fixture(scope="module")
def built(tmp_path_factory, shared, example) -> Built:
    """The example bulletin of June 2017, up to its page, in this process; only its notebook runs in another."""
    root = projects.new(tmp_path_factory.mktemp("page") / "projet", warm=shared)
    plan = stage.plan(Project(root), "bulletin", "gao", "2017-06")
    stage.fill(plan, root / "stage")
    executed = execute.run(
        plan.project.notebooks / "bulletin.ipynb", plan.parameters, root / "stage", root / "scratch", root / "work"
    )
    blocks = execute.blocks_of(executed, "bulletin.ipynb")
    safe = SafeTables.read(plan.safe)
    cover = next(b for b in blocks if b["kind"] == "cover")
    document = {
        "lang": "fr",
        "title": cover["title"],
        "subtitle": cover["subtitle"],
        "org": cover["org"],
        "chips": cover["chips"],
        "header": cover["org"],
        "footer": "essai",
        "cite": "essai",
        "nature": "example",
        "blocks": blocks,
    }
    return Built(html.render(document, executed), numbers.register(blocks, safe, "fr"), blocks, safe)


DATA = re.compile(r'<data [^>]*data-key="(protection_incidents@gao@2017-06)"[^>]*value="(\d+)"[^>]*>([^<]*)</data>')


def tampered(page: str, pattern: str | re.Pattern, replacement: str) -> str:
    """The page with its first match replaced; the test is void if there is none."""
    out, times = re.subn(pattern, replacement, page, count=1)
    assert times == 1 and out != page
    return out


def test_the_page_as_built_passes(built):
    built.check(built.page)
    assert len(built.found) > 50


CHANGES = {
    "another text in a registered number": (DATA, r'<data data-key="\1" value="\2">9\3</data>'),
    "words around a registered number": (DATA, r'<data data-key="\1" value="\2">environ \3</data>'),
    "another value behind the text": (DATA, r'<data data-key="\1" value="9\2">\3</data>'),
    "no value behind the text": (DATA, r'<data data-key="\1">\3</data>'),
    "the key of another number": (DATA, r'<data data-key="victims_people@gao@2017-06" value="\2">\3</data>'),
    "a key that no table has": (DATA, r'<data data-key="invented@gao@2017-06" value="\2">\3</data>'),
    "the same key of another month": (DATA, r'<data data-key="protection_incidents@gao@2017-04" value="\2">\3</data>'),
    "no key at all": (DATA, r"<b>\3</b>"),
    "a number in a paragraph": ("</p>", " Il y a eu 12 cas.</p>"),
    "a number alone in a paragraph": ("</p>", "</p><p>12</p>"),
    "a number with a narrow space": ("</p>", " 12\u202f345 personnes</p>"),
    "a percentage": ("</p>", " soit 12 %</p>"),
    "a decimal": ("</p>", " soit 2016,5</p>"),
    "a number as an entity": ("</p>", " &#49;&#50; cas</p>"),
    "a number across elements": ("</p>", " <i>1</i><i>2</i> cas</p>"),
    "a number in a title": ("</h1>", " : 12 cas</h1>"),
    "a number in the title of the window": ("</title>", " 12 cas</title>"),
    "a number in a table cell": (r"(<tr[^>]*><th scope=\"row\">)", r"\g<1>12 "),
    "a number in a caption": ("</caption>", " 12 cas</caption>"),
    "a number in a summary": ("</summary>", " 12 cas</summary>"),
    "a number in an alternative text": (r'aria-label="(Carte[^"]*)"', r'aria-label="\1 12 cas de plus."'),
    "a number in a tooltip": ("<p>", '<p title="12 cas">'),
    "a number in an image's alternative text": ("</p>", '</p><img alt="12 cas" src="data:image/png;base64,AA=="/>'),
    "a number drawn in a figure": (r"(<svg [^>]*>)", r'\1<text x="1" y="1">12</text>'),
    "a drawn number with another text": (
        r'(<text[^>]*data-key="[^"]+"[^>]*>)([^<]+)</text>',
        r"\g<1>9\2</text>",
    ),
    "a title inside a figure": (r"(<svg [^>]*>)", r"\1<title>12 cas</title>"),
    "a tick of the axis with words": (r"(<text[^>]*data-tick[^>]*>)([^<]+)", r"\g<1>\2 cas"),
    "a constant that was changed": (r'(data-const="trend_months"[^>]*>)12<', r"\g<1>13<"),
    "a constant that nobody declared": ("</p>", ' <span data-const="invented">12</span></p>'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_page_that_was_changed_is_refused(built, change):
    page = tampered(built.page, *CHANGES[change])
    with pytest.raises(DisclosureRefused) as refused:
        built.check(page)
    assert refused.value.exit_code == 4
    assert "12" not in refused.value.message and "Aucun fichier n’a été remplacé" in refused.value.next_step


def test_dates_periods_and_numbers_of_figures_are_no_numbers_to_register(built):
    said = "Le 5 juin 2017, du 5 au 11 juin 2017, 2017-06, figure 3, tableau 2, n° 6 / 2017, cod2015, ML0701, 2016-2017"
    built.check(tampered(built.page, "</p>", f" {said}</p>"))


def test_a_block_with_a_number_that_is_not_the_safe_tables_is_refused(built):
    """The other formats are made from blocks: they are checked before anything is rendered."""
    number = next(iter(built.found.values()))
    for change in ({"value": "999"}, {"display": "999"}, {"key": "invented@gao@2017-06", "value": "1"}):
        run = {
            "t": "num",
            "key": number.address,
            "value": number.value,
            "display": number.display("fr"),
            "status": number.status,
            "unit": number.unit,
            **change,
        }
        with pytest.raises(DisclosureRefused):
            numbers.register([{"kind": "paragraph", "runs": [run]}], built.safe, "fr")


def test_numbers_csv_is_what_the_page_shows_and_no_more(built):
    shown = set(re.findall(r'data-key="([^"]+)"', built.page))
    assert shown <= set(built.found)
    rows = numbers.to_csv(built.found, "gao", "2017-06", "fr").splitlines()
    assert len(rows) == len(built.found) + 1
