"""The texts that people write: what the form accepts, and what it refuses with a line number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import random_cases

from veille import products, texts
from veille.errors import BadData

SECTIONS = products.PRODUCTS["bulletin"].headings("month")
HEAD = "---\nproduct: bulletin\nnumbers: []\n---\n"  # four lines: the first line of the body is line 5
CONFIRMED = "---\nnumbers: []\nchecklist:\n  no_village: true\n  date_reduced_to_week: true\n  no_identifying_detail: true\n---\n"


def parse(body: str, head: str = HEAD) -> texts.Texts:
    return texts.parse(head + body, "gao/2017-06.md", SECTIONS)


def highlight(body: str, head: str = HEAD) -> list[dict]:
    return parse(f"## Faits saillants\n\n{body}\n", head).sections["highlights"]


def words_of(blocks: list[dict]) -> str:
    """Everything that a reader would see, keys aside."""

    def walk(runs):
        for run in runs:
            yield run.get("s", "")
            yield from walk(run.get("runs", []))

    lines = [line for b in blocks for line in ([b["runs"]] if b["kind"] == "paragraph" else b["items"])]
    return " ".join("".join(walk(line)) for line in lines)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("L’accès s’est dégradé.", id="a-sentence"),
        pytest.param("Une **alerte** et une *crainte*.", id="emphasis"),
        pytest.param("- un point\n- un autre", id="a-list"),
        pytest.param("1. d’abord\n2. ensuite", id="a-numbered-list"),
        pytest.param("Voir [le rapport](https://reliefweb.int/report/5).", id="a-link"),
        pytest.param("Écrire à [nous](mailto:cluster@example.org).", id="an-address"),
        pytest.param("Depuis le 5 juin 2017, en 2016 comme en 2017-Q2.", id="dates"),
        pytest.param("Un texte\nsur deux lignes.", id="two-lines"),
        pytest.param("On compte {{protection_incidents}} incidents.", id="a-registered-number"),
        pytest.param("Part : {{ protection_incidents_share_pct.category=property }}.", id="a-key-with-underscores"),
        pytest.param("À Ansongo {{protection_incidents@cod2015:ML0702@2017-06}}.", id="a-key-of-another-place"),
    ],
)
def test_plain_prose_with_lists_emphasis_links_and_keys_is_accepted(body):
    assert highlight(body)


@pytest.mark.parametrize(
    ("body", "what"),
    [
        pytest.param("<div>x</div>", "HTML", id="an-html-block"),
        pytest.param("Un <b>mot</b>", "HTML", id="inline-html"),
        pytest.param("<!-- caché -->", "HTML", id="an-html-comment"),
        pytest.param("<script>alert()</script>", "HTML", id="a-script"),
        pytest.param("![carte](carte.png)", "image", id="an-image"),
        pytest.param("```\nx\n```", "code", id="a-fenced-block"),
        pytest.param("    x = y", "code", id="an-indented-block"),
        pytest.param("Un `mot`", "code", id="inline-code"),
        pytest.param("> une source a dit", "citation", id="a-quotation"),
        pytest.param("***", "filet", id="a-rule"),
        pytest.param("| a | b |\n|---|---|\n| c | d |", "tableau", id="a-table"),
        pytest.param("- un\n  - deux", "liste dans une liste", id="a-nested-list"),
        pytest.param("1. un\n   - deux", "liste dans une liste", id="a-nested-list-of-two-kinds"),
        pytest.param("# Grand titre", "niveau de titre", id="a-first-level-heading"),
        pytest.param("### Petit titre", "niveau de titre", id="a-third-level-heading"),
        pytest.param("Grand titre\n===========", "niveau de titre", id="an-underlined-heading"),
        pytest.param("## Autre rubrique", "rubrique inconnue", id="an-unknown-section"),
        pytest.param("Il y a eu 12 incidents.", "nombre", id="a-number-by-hand"),
        pytest.param("- un point\n- 45 766 personnes", "nombre", id="a-number-in-a-list"),
        pytest.param("Une hausse de **25** %", "nombre", id="a-number-in-bold"),
        pytest.param("[12 morts](https://example.org)", "nombre", id="a-number-in-a-link"),
        pytest.param("4&#53; personnes", "nombre", id="a-number-as-an-entity"),
        pytest.param("**2017**2016 morts", "nombre", id="two-years-that-make-a-number-side-by-side"),
        pytest.param("4\\5 personnes", "nombre", id="a-number-with-a-backslash"),
        pytest.param("[x](ftp://example.org)", "http ou mailto", id="a-link-that-is-no-web-address"),
        pytest.param("[x](relatif.html)", "http ou mailto", id="a-relative-link"),
    ],
)
def test_what_is_not_prose_is_refused_where_it_stands(body, what):
    with pytest.raises(BadData, match=what) as refused:
        highlight(body)
    line = re.search(r"gao/2017-06\.md, ligne (\d+) :", refused.value.message)
    assert int(line[1]) == (8 if body.startswith("- un point") else 7)  # the second point of a list stands a line lower


@pytest.mark.parametrize(
    ("item", "what", "line"),
    [
        pytest.param("- a\n  ```\n  b\n  ```", "code", 8, id="a-fenced-block"),
        pytest.param("- a\n\n      b", "code", 9, id="an-indented-block"),
        pytest.param("- <div>brut</div>", "HTML", 7, id="an-html-block"),
        pytest.param("- > cité", "citation", 7, id="a-quotation"),
        pytest.param("- ## titre", "titre", 7, id="a-heading"),
        pytest.param("- a\n\n  ***", "filet", 9, id="a-rule"),
        pytest.param("- a\n\n  | x | y |\n  |---|---|\n  | b | c |", "tableau", 9, id="a-table"),
    ],
)
def test_a_point_of_a_list_holds_prose_and_nothing_else(item, what, line):
    with pytest.raises(BadData, match=rf"ligne {line} : .*{what}"):
        highlight(item)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        pytest.param("## Faits saillants\n\n12 morts\n", 7, id="third-line-of-the-body"),
        pytest.param(
            "## Faits saillants\n\nTexte.\n\nTexte.\n\n- a\n- b\n- 12 morts\n", 13, id="third-point-of-a-list"
        ),
        pytest.param("## Faits saillants\n\nTexte.\n\n## Contexte\n\n<b>x</b>\n", 11, id="in-the-second-section"),
        pytest.param("Avant tout titre\n", 5, id="text-before-the-first-heading"),
        pytest.param("## Inconnue\n", 5, id="an-unknown-heading"),
    ],
)
def test_the_line_named_is_the_line_in_the_file(body, line):
    with pytest.raises(BadData, match=rf"ligne {line} :"):
        parse(body)


def test_what_a_person_wrote_is_not_repeated_in_the_refusal():
    with pytest.raises(BadData) as refused:
        highlight("Le 12 au village de Zqxwv <b>Zqxwv</b>")
    assert "Zqxwv" not in str(refused.value)


def test_a_key_is_kept_with_its_line_and_the_words_around_it():
    found = parse("## Faits saillants\n\nOn compte {{ protection_incidents }} incidents.\n")
    assert found.keys() == [("protection_incidents", 7)]
    assert found.sections["highlights"][0]["runs"][0] == {"t": "text", "s": "On compte "}


# --- numbers quoted from elsewhere ------------------------------------------------------------------------------


QUOTING = '---\nnumbers:\n  - {text: "68 contraintes", source: "Stratégie de protection, mars 2017"}\n---\n'


def test_a_number_quoted_word_for_word_with_its_source_is_accepted():
    assert words_of(highlight("OCHA relève 68 contraintes d’accès.", QUOTING)) == "OCHA relève 68 contraintes d’accès."


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(QUOTING, "OCHA relève 68 obstacles.", id="not-word-for-word"),
        pytest.param(QUOTING, "OCHA relève 68 contraintes et 3 attaques.", id="another-number-beside-it"),
        pytest.param('---\nnumbers:\n  - {text: "68 contraintes"}\n---\n', "68 contraintes.", id="no-source"),
        pytest.param(
            '---\nnumbers:\n  - {text: "68 contraintes", source: ""}\n---\n', "68 contraintes.", id="empty-source"
        ),
        pytest.param('---\nnumbers:\n  - {text: "68 axes", source: }\n---\n', "68 axes.", id="a-source-left-blank"),
        pytest.param('---\nnumbers:\n  - {text: "5", source: x}\n---\n', "555 morts.", id="a-part-of-a-number"),
        pytest.param('---\nnumbers:\n  - {source: "x"}\n---\n', "68 contraintes.", id="no-text"),
        pytest.param("---\nnumbers: 5\n---\n", "Texte.", id="numbers-is-no-list"),
        pytest.param("---\nnumbers: [\n---\n", "Texte.", id="broken-yaml"),
        pytest.param("---\n- a\n---\n", "Texte.", id="the-header-is-a-list"),
        pytest.param("", "Texte.", id="no-header"),
    ],
)
def test_a_number_without_its_exact_text_and_source_is_refused(head, body):
    with pytest.raises(BadData):
        highlight(body, head)


# --- major incidents --------------------------------------------------------------------------------------------


MAJOR = "## Incidents majeurs\n\nDans le cercle d’Ansongo, une attaque a visé des commerçants.\n"


def test_major_incidents_wait_for_three_confirmations():
    assert parse(MAJOR, CONFIRMED).sections["major_incidents"]


@pytest.mark.parametrize("item", list(texts.CHECKLIST))
@pytest.mark.parametrize("answer", ["false", "", "oui peut-être", "1"])
def test_one_confirmation_short_is_refused(item, answer):
    head = CONFIRMED.replace(f"{item}: true", f"{item}: {answer}")
    with pytest.raises(BadData, match="liste de contrôle") as refused:
        parse(MAJOR, head)
    assert texts.CHECKLIST[item] in refused.value.message


def test_no_checklist_at_all_is_refused():
    with pytest.raises(BadData, match="liste de contrôle"):
        parse(MAJOR)


def test_a_checklist_of_another_shape_is_refused():
    with pytest.raises(BadData):
        parse(MAJOR, "---\nnumbers: []\nchecklist: [no_village]\n---\n")


def test_other_sections_need_no_checklist():
    assert highlight("L’accès s’est dégradé.")


def test_a_fresh_form_is_readable_and_says_that_nobody_has_written_yet():
    form = texts.form("bulletin", "gao", "2017-06", "example", products.PRODUCTS["bulletin"].sections)
    found = texts.parse(form, "gao/2017-06.md", SECTIONS)
    assert list(found.sections) == list(SECTIONS)
    assert all(texts.is_unwritten(blocks) for blocks in found.sections.values())
    assert found.front["checklist"] == dict.fromkeys(texts.CHECKLIST, False)


def test_a_text_below_the_placeholder_is_written_and_the_placeholder_is_not_printed():
    blocks = highlight(f"{texts.PLACEHOLDER}.\n\nL’accès s’est dégradé.")
    assert not texts.is_unwritten(blocks) and words_of(blocks) == "L’accès s’est dégradé."


def test_a_file_that_nobody_has_begun_is_nothing_and_another_encoding_is_refused(tmp_path):
    assert texts.load(tmp_path / "absent.md", SECTIONS) is None
    (tmp_path / "latin.md").write_bytes((HEAD + "## Faits saillants\n\nÉté\n").encode("latin-1"))
    with pytest.raises(BadData, match="UTF-8"):
        texts.load(tmp_path / "latin.md", SECTIONS)


def test_line_ends_and_the_byte_order_mark_of_windows_change_nothing(tmp_path):
    content = HEAD + "## Faits saillants\n\nL’accès s’est dégradé.\n"
    (tmp_path / "unix.md").write_bytes(content.encode())
    (tmp_path / "windows.md").write_bytes(content.replace("\n", "\r\n").encode())
    (tmp_path / "notepad.md").write_bytes(content.encode("utf-8-sig"))
    unix, windows, notepad = (texts.load(tmp_path / f"{n}.md", SECTIONS) for n in ("unix", "windows", "notepad"))
    assert unix.sections == windows.sections == notepad.sections


# --- properties -------------------------------------------------------------------------------------------------

WORD = st.text("abcdefghijklmnopqrstuvwxyzàâçéèêîôûœÉÀ’«»,;:.!?()%", min_size=1, max_size=12)
PARAGRAPH = st.lists(WORD, min_size=1, max_size=12).map(" ".join)


@given(st.lists(PARAGRAPH, min_size=1, max_size=4))
@random_cases(80)
def test_any_text_without_digits_and_markup_parses_and_keeps_its_words(paragraphs):
    blocks = highlight("\n\n".join(paragraphs))
    assert words_of(blocks).split() == " ".join(paragraphs).split()


@given(st.text("3456789 *_.,-–[]()`<>#&;:\\\n\tx", min_size=1, max_size=40).filter(lambda s: re.search(r"\d", s)))
@random_cases(300)
def test_no_arrangement_of_marks_brings_a_bare_digit_onto_the_page(body):
    try:
        blocks = highlight(body)
    except BadData:
        return
    assert not re.search(r"\d", words_of(blocks))


@given(st.text(max_size=60))
@random_cases(200)
def test_any_text_at_all_is_either_parsed_or_refused_in_words(body):
    try:
        highlight(body)
    except BadData as refused:
        assert refused.message and refused.next_step


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param("Il y a 12 incidents.", id="a-number"),
        pytest.param("## Les 12 incidents", id="a-number-in-a-heading"),
        pytest.param("<b>x</b>", id="html"),
        pytest.param("# Titre", id="a-first-level-heading"),
        pytest.param("`x`", id="code"),
    ],
)
def test_a_notebook_s_prose_follows_the_same_rules(cell):
    with pytest.raises(BadData):
        texts.markdown(cell, "bulletin.ipynb")


def test_a_notebook_s_prose_may_have_headings_of_two_levels():
    blocks = texts.markdown("## Méthode\n\n### Couverture\n\nTexte.", "bulletin.ipynb")
    assert [b["kind"] for b in blocks] == ["heading", "heading", "paragraph"]
