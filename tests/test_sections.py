"""Sections of a bulletin: what is shown of a list, in which order, and what a look means."""

from __future__ import annotations

import re
from pathlib import Path

from veille.present import theme


def rows_of(page: str) -> list[list[str]]:
    """The cells of the table of recommendations, as text."""
    body = page.partition('aria-label="Recommandations en cours')[2].partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [re.findall(r"<t[hd].*?</t[hd]>", row) for row in body.split("</tr>") if row]
    return [[" ".join(re.sub(r"<[^>]+>", "", cell).split()) for cell in row] for row in rows]


def test_a_bar_is_pale_where_the_verified_part_is_withheld(example):
    """In June 2017 nothing of the split of the one printed category may be read."""
    page = next(Path(example).glob("*.html")).read_text(encoding="utf-8")
    figure = re.search(r"<figure(?:(?!</figure>).)*Incidents par catégorie, juin 2017.*?</figure>", page, re.DOTALL)[0]
    assert "part vérifiée non publiée)" in figure and "foncé" not in figure
    assert theme.MIST in figure and theme.BLUE not in figure


def test_the_latest_ones_come_first_and_the_page_says_that_there_are_more(example):
    """By hand from the example's register: Gao, issued by 30 June 2017, still under way, due before 13 January 2018."""
    page = next(Path(example).glob("*.html")).read_text(encoding="utf-8")
    rows = rows_of(page)
    due = [re.sub(r"\s", " ", r[2]) for r in rows]
    assert due == [
        "19 août 2016", "7 septembre 2016", "15 novembre 2016", "8 janvier 2017",
        "22 janvier 2017", "28 février 2017", "4 mai 2017", "16 mai 2017",
    ]  # fmt: skip
    assert all("en retard" in r[3] for r in rows)
    assert "Les plus en retard d’abord" in page
