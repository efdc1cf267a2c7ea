"""The page in a real Chromium, as a reader opens it: one file, offline, on a laptop and on a phone.

Skipped where Chromium or axe-core is missing, unless VEILLE_BROWSER=required (`.ci/run` sets it): then it fails.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from qualities import bad_month

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "browser" / "node_modules" / "axe-core" / "axe.min.js"
LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 812}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
REPORTS = [
    pytest.param(("gao", "2017-06"), id="gao-2017-06-example"),
    pytest.param(("gao", "2016-10"), id="gao-2016-10-real", marks=pytest.mark.full),
    pytest.param(("mali", "2017-06"), id="mali-2017-06-example", marks=pytest.mark.full),
    pytest.param(("mali", "2016-10"), id="mali-2016-10-real", marks=pytest.mark.full),
    pytest.param(("kidal", "2016-10"), id="kidal-2016-10-real", marks=pytest.mark.full),
    pytest.param(("tombouctou", "2017-06"), id="tombouctou-2017-06-example", marks=pytest.mark.full),
]
BOTH = pytest.mark.parametrize("size", [pytest.param(LAPTOP, id="1280"), pytest.param(PHONE, id="375")])
# Every day each size and each scheme; the long suite takes all that go together.
SEEN = pytest.mark.parametrize(
    ("size", "scheme"),
    [
        pytest.param(LAPTOP, "light", id="1280-light"),
        pytest.param(PHONE, "dark", id="375-dark"),
        pytest.param(LAPTOP, "dark", id="1280-dark", marks=pytest.mark.full),
        pytest.param(PHONE, "light", id="375-light", marks=pytest.mark.full),
    ],
)


def missing(what: str) -> None:
    if os.environ.get("VEILLE_BROWSER") == "required":
        pytest.fail(f"VEILLE_BROWSER=required, and {what}")
    pytest.skip(f"{what}: the page was not tried in a browser")


@pytest.fixture(scope="module")
def chromium():
    path = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    if path is None:
        missing("no chromium on the PATH")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.is_file():
        missing("axe-core is not installed (cd tests/browser && npm ci)")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(params=REPORTS)
def address(request, report) -> str:
    """The page of a report, copied nowhere: opened from where it was built."""
    return next(report(*request.param).glob("*.html")).as_uri()


@pytest.fixture
def opened(chromium, address):
    """`opened(size, …)` is the page in a fresh context, with what it said and what it asked for."""
    contexts = []

    def visit(size: dict, **options):
        context = chromium.new_context(viewport=size, **options)
        contexts.append(context)
        page = context.new_page()
        page.said, page.asked = [], []
        page.on(
            "console", lambda m: page.said.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda e: page.said.append(f"error: {e}"))
        page.on("request", lambda r: page.asked.append(r.url))
        page.goto(address, wait_until="load")
        page.wait_for_timeout(100)
        return page

    yield visit
    for context in contexts:
        context.close()


@BOTH
def test_the_page_is_no_wider_than_the_screen_is_quiet_and_asks_for_nothing(opened, address, size):
    page = opened(size)
    wide = page.evaluate(
        """() => {
            const root = document.scrollingElement;
            return [root.scrollWidth, root.clientWidth];
        }"""
    )
    assert wide[0] <= wide[1], f"{wide[0]} px of content on {wide[1]} px"
    assert page.said == []
    assert [u for u in page.asked if not u.startswith("data:")] == [address]


@BOTH
def test_nothing_scrolls_sideways_when_the_tables_behind_the_figures_are_open(opened, size):
    page = opened(size)
    for summary in page.locator("summary").all():
        summary.click()
    wide = page.evaluate("() => [document.scrollingElement.scrollWidth, document.scrollingElement.clientWidth]")
    assert wide[0] <= wide[1]
    assert page.said == []


@SEEN
def test_axe_finds_no_violation(opened, axe, size, scheme):
    page = opened(size, bypass_csp=True, color_scheme=scheme)
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
    page.evaluate(axe)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    told = [
        f"{v['id']} ({v['impact']}): {v['help']} — {len(v['nodes'])} × {v['nodes'][0]['target']} "
        f"{v['nodes'][0]['html'][:160]} {v['nodes'][0].get('failureSummary', '')[:300]}"
        for v in found
    ]
    assert told == [], "\n".join(told)


def test_the_page_reads_without_script(opened):
    page = opened(PHONE, java_script_enabled=False)
    words = page.locator("main").inner_text()
    for heading in ("Chiffres clés", "Répartition géographique", "Évolution sur douze mois", "Méthode"):
        assert heading in words
    assert len(words) > 3000
    first = page.locator("summary").first
    if first.count():
        table = page.locator("details table").first
        assert not table.is_visible()
        first.click()
        assert table.is_visible()


def test_on_a_phone_no_text_is_smaller_than_11_px(opened):
    """Text drawn in a figure counts at the size it is shown, not at the size it is written."""
    page = opened(PHONE)
    small = page.evaluate(
        """() => {
            document.querySelectorAll('details').forEach(d => { d.open = true; });
            const small = [];
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const text = walker.currentNode.textContent.trim();
                const element = walker.currentNode.parentElement;
                if (!text || element.closest('style, script, title, desc')) continue;
                const box = element.getBoundingClientRect();
                if (!box.width || !box.height || getComputedStyle(element).visibility === 'hidden') continue;
                let size = parseFloat(getComputedStyle(element).fontSize);
                if (element instanceof SVGElement) {
                    const matrix = element.getScreenCTM();
                    size *= Math.sqrt(Math.abs(matrix.a * matrix.d - matrix.b * matrix.c));
                }
                if (size < 10.95) small.push(`${size.toFixed(1)} px: ${text.slice(0, 40)}`);
            }
            return small;
        }"""
    )
    assert small == []


def test_a_figure_speaks_to_those_who_do_not_see_it(opened):
    page = opened(LAPTOP)
    figures = page.evaluate(
        """() => [...document.querySelectorAll('svg')].map(s => [s.getAttribute('role'), s.getAttribute('aria-label')])"""
    )
    assert figures and all(role == "img" and label and len(label) > 20 for role, label in figures)
    assert page.evaluate("() => document.documentElement.lang") == "fr"
    assert page.title()


class TestQualityReport:
    """The data-quality report of a month where everything went wrong: the same demands, on another page."""

    @pytest.fixture(scope="class")
    @staticmethod
    def quality(tmp_path_factory) -> Path:
        return bad_month(tmp_path_factory.mktemp("qualite") / "p")[1]

    @pytest.fixture
    @staticmethod
    def address(quality) -> str:
        return quality.as_uri()

    @BOTH
    def test_no_wider_than_the_screen_quiet_and_asks_for_nothing(self, opened, address, size):
        test_the_page_is_no_wider_than_the_screen_is_quiet_and_asks_for_nothing(opened, address, size)

    @BOTH
    def test_nothing_scrolls_sideways_when_all_months_are_shown(self, opened, size):
        test_nothing_scrolls_sideways_when_the_tables_behind_the_figures_are_open(opened, size)

    @SEEN
    def test_axe_finds_no_violation(self, opened, axe, size, scheme):
        test_axe_finds_no_violation(opened, axe, size, scheme)

    def test_on_a_phone_no_text_is_smaller_than_11_px(self, opened):
        test_on_a_phone_no_text_is_smaller_than_11_px(opened)

    def test_what_is_lost_stands_on_the_first_screen_of_a_phone(self, opened):
        page = opened(PHONE, java_script_enabled=False)
        box = page.locator(".alarm").bounding_box()
        assert box and box["y"] + box["height"] < PHONE["height"] / 2
        assert page.locator("#a-faire li").count() >= 5
