"""Digits: which may stand on a page without being a registered number, and how a number is written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import random_cases

from veille import formats
from veille.digits import in_words, stray

NARROW = "\u202f"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("le 15 juillet 2017", id="a-day"),
        pytest.param("le 1er août 2017", id="the-first"),
        pytest.param("du 5 au 11 juin 2017", id="a-week"),
        pytest.param("les 5 et 6 juin", id="two-days"),
        pytest.param("le 15\u00a0juillet\u00a02017", id="no-break-spaces"),
        pytest.param("juin 2017", id="a-month"),
        pytest.param("2017-06", id="a-month-in-short"),
        pytest.param("reçu le 2017-06-30.", id="an-iso-day"),
        pytest.param("2017-Q2", id="a-quarter"),
        pytest.param("au 2e trimestre", id="a-quarter-in-words"),
        pytest.param("en 2016 et 2017", id="years"),
        pytest.param("2020-2022", id="a-span-of-years"),
        pytest.param("Figure 3 et tableau 12", id="figures-and-tables"),
        pytest.param("n° 6 / 2017", id="the-number-of-a-bulletin"),
        pytest.param("ML0701 (cod2015)", id="a-place-s-code-with-its-edition"),
        pytest.param("la matrice 5W", id="the-name-of-the-matrix"),
        pytest.param("version 3fa90c12de45", id="a-version"),
        pytest.param("aucun chiffre", id="no-digit"),
    ],
)
def test_a_date_a_code_or_a_version_is_not_a_number(text):
    assert stray(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("45 766 personnes", ["45", "766"], id="a-count"),
        pytest.param(f"45{NARROW}766 personnes", ["45", "766"], id="a-count-with-its-french-space"),
        pytest.param("soit 61 %", ["61"], id="a-percentage"),
        pytest.param("2,5%", ["2,5%"], id="a-decimal"),
        pytest.param("de 2 à 3 morts", ["2", "3"], id="two-counts"),
        pytest.param("2 017 incidents", ["2", "017"], id="a-count-that-reads-like-a-year"),
        pytest.param("12017", ["12017"], id="a-year-inside-a-count"),
        pytest.param("2017,5", ["2017,5"], id="a-year-with-a-decimal"),
        pytest.param("2017 %", ["2017"], id="a-year-with-a-percent-sign"),
        pytest.param("2017-13", ["-13"], id="a-month-that-does-not-exist"),
        pytest.param("le 32 juin", ["32"], id="a-day-that-does-not-exist"),
        pytest.param("12e trimestre", ["1"], id="a-quarter-that-does-not-exist"),
        pytest.param("6W", ["6W"], id="another-matrix"),
        pytest.param("ML07011", ["ML07011"], id="a-code-with-half-a-level"),
        pytest.param("123456789012", ["123456789012"], id="twelve-digits-are-no-version"),
        pytest.param("٤٥ personnes", ["٤٥"], id="arabic-digits"),
        pytest.param("４５ personnes", ["４５"], id="wide-digits"),
        pytest.param("x5y", ["x5y"], id="a-digit-inside-a-word"),
        pytest.param("12 maisons incendiées", ["12"], id="houses-that-begin-like-May"),
        pytest.param("3 mairies occupées", ["3"], id="town-halls-that-begin-like-May"),
        pytest.param("5 marsouins", ["5"], id="porpoises-that-begin-like-March"),
        pytest.param("③ morts", ["③"], id="a-digit-in-a-circle"),
        pytest.param("½ des ménages", ["½"], id="a-half"),
        pytest.param("10² m", ["10²"], id="a-power"),
        pytest.param("1950 personnes déplacées", ["1950"], id="people-as-many-as-a-past-year"),
        pytest.param("2016 personnes déplacées", ["2016"], id="people-as-many-as-a-year-of-ours"),
    ],
)
def test_every_other_digit_is_a_number(text, found):
    assert stray(text) == found


@given(
    st.integers(0, 10**9) | st.integers(1900, 2100), st.sampled_from(["personnes", "incidents", "%", "tués", "ménages"])
)
@random_cases(150)
def test_a_count_in_front_of_a_noun_is_always_found(count, noun):
    assert stray(f"On relève {count} {noun}.") != []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Il y a eu douze cas.", ["douze"], id="a-word"),
        pytest.param("VINGT-DEUX cas", ["vingt", "deux"], id="two-words-in-capitals"),
        pytest.param("une centaine de milliers", ["centaine", "milliers"], id="about-how-many"),
        pytest.param("n.p.* et 45†", ["*", "†"], id="marks"),
        pytest.param("n.p.ᵃ", ["ᵃ"], id="a-raised-letter"),
        pytest.param("un incident, une commune", [], id="an-article-is-no-number"),
        pytest.param("deuxième centre, des récents, n° 6", [], id="words-that-hold-a-number"),
    ],
)
def test_numbers_in_words_and_marks_are_seen(text, found):
    assert in_words(text) == found


# --- how a number is written ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "status", "shown"),
    [
        pytest.param("45766", "people", "verified", f"45{NARROW}766", id="thousands-have-a-narrow-space"),
        pytest.param("1234.5", "people", "mixed", f"1{NARROW}234,5", id="a-decimal-comma"),
        pytest.param("-398", "people", "unverified", "\u2212398", id="a-real-minus"),
        pytest.param("61", "percent", "verified", f"61{NARROW}%", id="a-percent-sign-with-its-space"),
        pytest.param("-33", "percent", "verified", f"\u221233{NARROW}%", id="a-fall"),
        pytest.param("0", "incidents", "unverified", "0", id="zero-is-zero"),
        pytest.param("", "incidents", "not_received", "n.d.", id="nothing-received"),
        pytest.param("", "incidents", "not_published", "n.p.", id="not-published"),
        pytest.param("", "percent", "not_published", "n.p.", id="a-hidden-percentage-has-no-percent-sign"),
        pytest.param("1234567", "usd", "verified", f"1{NARROW}234{NARROW}567", id="millions"),
        pytest.param("999", "people", "verified", "999", id="no-space-below-a-thousand"),
    ],
)
def test_a_number_is_written_as_french_readers_expect(value, unit, status, shown):
    assert formats.display(value, unit, status) == shown


def test_a_hidden_number_is_never_written_even_when_its_value_slipped_in():
    assert formats.display("2", "incidents", "not_published") == "n.p."
    assert formats.display("2", "incidents", "not_received") == "n.d."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(100, "100", id="no-exponent"),
        pytest.param(2.50, "2.5", id="no-trailing-zero"),
        pytest.param("-0", "0", id="no-negative-zero"),
        pytest.param(Decimal("1E+3"), "1000", id="exponent-written-out"),
        pytest.param(45766.0, "45766", id="a-whole-number"),
    ],
)
def test_the_plain_form_has_a_point_and_nothing_superfluous(value, text):
    assert formats.plain(value) == text


@given(st.integers(-(10**9), 10**9))
@random_cases(100)
def test_a_written_whole_number_reads_back_as_itself(number):
    shown = formats.display(formats.plain(number), "people", "verified")
    assert int(shown.replace(NARROW, "").replace("\u2212", "-")) == number
