"""How a number is written: French typography, percent, and the two signs for what is not shown."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_decimal

NARROW_SPACE = "\u202f"
YES_NO = {"fr": {"1": "oui", "0": "non"}, "en": {"1": "yes", "0": "no"}}
HIDDEN = {"fr": "n.p.", "en": "n.p."}
NOT_RECEIVED = {"fr": "n.d.", "en": "n.a."}


def plain(value: Decimal | int | float | str) -> str:
    """A plain decimal with a point and no trailing zeros: what `numbers.csv` holds."""
    text = format(Decimal(str(value)).normalize(), "f")
    return "0" if text == "-0" else text


def display(value: str, unit: str, status: str, lang: str = "fr") -> str:
    """What a reader sees for one number: « 45 766 », « 61 % », « n.d. », « n.p. ».

    `value` is a plain decimal, empty when there is none; `unit` and `status` as in `numbers.csv`.
    """
    if status == "not_published":
        return HIDDEN[lang]
    if status == "not_received" or value == "":
        return NOT_RECEIVED[lang]
    if unit == "yes_no":
        return YES_NO[lang][value]
    text = format_decimal(Decimal(value), locale=lang)
    # Babel groups from four digits on; the sign of a difference is a real minus.
    text = text.replace("\u00a0", NARROW_SPACE).replace("-", "\u2212")
    return f"{text}{NARROW_SPACE}%" if unit == "percent" else text
