"""The closed grammar of digits that may stand on a page without being a registered number.

Dates, periods, places' codes, numbers of figures and tables, version ids. Everything else with a digit in it is a
number, and a number must be registered (architecture, decision 5).
"""

from __future__ import annotations

import re

_MONTH = r"(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre|janv\.|févr\.|avr\.|juil\.|sept\.|oct\.|nov\.|déc\.)(?!\w)"
_SP = r"[ \u00a0\u202f]"
_DAY = r"(?:1er|[12]?\d|3[01])"
_YEAR = r"20[0-3]\d"
# What is counted: after one of these words, 2016 is a number and not a year.
_COUNTED = r"(?:personnes|incidents|cas|victimes|ménages|déplacé|communes|enfants|femmes|hommes|filles|garçons|morts|blessé|tué|retourné|rapatrié|réfugié|moniteurs|organisations|alertes|cercles|régions|axes|villages|fois|jours|semaines|mois)"

ALLOWED = re.compile(
    "|".join(
        (
            rf"(?<!\d){_DAY}(?:{_SP}(?:au|et|-|–){_SP}{_DAY})?{_SP}{_MONTH}(?:{_SP}{_YEAR})?(?!\d)",  # 5 au 11 juin 2017
            rf"(?<![\d.,]){_YEAR}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?(?!\d)",  # 2017-06, 2017-06-30
            rf"(?<![\d.,]){_YEAR}-Q[1-4](?!\d)",
            rf"(?:1er|2e|3e|4e){_SP}trimestre",
            rf"(?<![0-9A-Za-z])T[1-4](?:{_SP}{_YEAR})?(?![0-9A-Za-z])",  # a quarter on an axis
            rf"n°{_SP}\d+{_SP}/{_SP}{_YEAR}",  # n° 6 / 2017
            rf"(?:[Ff]igure|[Tt]ableau){_SP}\d+",
            r"(?<![0-9A-Za-z])ML(?:\d\d){1,3}(?![0-9A-Za-z])",  # P-codes
            r"cod20(?:15|21)",
            r"(?<![0-9A-Za-z])(?:[345]W|G5)(?![0-9A-Za-z])",  # the matrix; the G5 Sahel
            r"(?:[Ss]ous-objectif [1-5]|[Aa]xe A[1-3])(?![0-9A-Za-z.,])",  # of the two frames
            rf"[Rr]ésolutions?{_SP}\d{{3,4}}(?!\d)",  # of the Security Council
            r"(?<![0-9a-f])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12}(?![0-9a-f])",  # version ids: letters and digits
            rf"(?<!\d{_SP})(?<![\d.,]){_YEAR}(?:[-–]{_YEAR})?(?![\d.,]?\d)(?!{_SP}(?:\d|%|{_COUNTED}))",  # a year, a span of years
        )
    )
)
_WORD = re.compile(r"\S+")

# Numbers in French words, and signs that could stand for a hidden number or mark it: a file may repeat those of its
# document, and add none. People write them in their texts ("deux sources"): alone they are no reason to refuse.
# "Un" and "une" are articles.
IN_WORDS = (
    r"(?<![^\W\d_])(?:(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize|trente"
    r"|quarante|cinquante|soixante|septante|huitante|nonante|mille)|(?:vingt|cent|million|milliard|zéro|douzaine"
    r"|dizaine|vingtaine|centaine|millier)s?)+(?![^\W\d_])"
)
MARKS = "(?:(?<!n)°|[*†‡§¶‖ªº^~…\u02b0-\u02ff\u1d2c-\u1d6a])"  # « n° 6 / 2017 » is none
_SIGNIFICANT = re.compile(f"{IN_WORDS}|{MARKS}", re.IGNORECASE)


def stray(text: str) -> list[str]:
    """The words of `text` with digits that the grammar does not allow, in order."""
    return [word for word in _WORD.findall(ALLOWED.sub(" ", text)) if any(c.isnumeric() for c in word)]


def in_words(text: str) -> list[str]:
    """Numbers written in words, and marks, in order."""
    return [found.casefold() for found in _SIGNIFICANT.findall(text)]
