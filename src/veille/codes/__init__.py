"""Code lists: one YAML each, with French and English labels and the code that forms use."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ..yamls import load


@cache
def code_list(name: str) -> dict[str, dict]:
    """The entries of one list, in their printed order: code -> labels and attributes.

    A list may start `from` another, `without` some of its codes.
    """
    given = load(files(__package__).joinpath(f"{name}.yml").read_text(encoding="utf-8"))
    inherited = code_list(given["from"]) if "from" in given else {}
    return {c: e for c, e in inherited.items() if c not in given.get("without", ())} | given["codes"]


@cache
def from_form(name: str, attribute: str = "form") -> dict[str, str]:
    """The code that a form or workbook uses -> our code. `attribute` names another column of the list (`sector`)."""
    return {entry[attribute]: code for code, entry in code_list(name).items()}


def label(name: str, code: str, lang: str = "fr", *, short: bool = False) -> str:
    """What people read for a code; the short form where there is one."""
    entry = code_list(name)[code]
    return entry.get(f"short_{lang}", entry[lang]) if short else entry[lang]


@cache
def mapping(name: str, attribute: str) -> dict[str, object]:
    """code -> one attribute, for the codes that carry it (`category`, `class`, `gbv`, …)."""
    return {code: entry[attribute] for code, entry in code_list(name).items() if attribute in entry}
