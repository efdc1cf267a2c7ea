"""French wording of safe numbers: typography, agreement, lists. Selects and words; never calculates."""

from __future__ import annotations

from ..codes import code_list, label
from ..digits import stray
from ..disclosure.safe import SafeNumber
from ..render.document import Run, Runs, const, runs, typography


def say(*parts: str | Run | Runs | SafeNumber) -> Runs:
    """Strings, runs and safe numbers as runs, with French typography in the strings."""
    return runs(*(num(p) if isinstance(p, SafeNumber) else typography(p) if isinstance(p, str) else p for p in parts))


def num(number: SafeNumber, lang: str = "fr") -> Run:
    """A registered number, as a run."""
    return {
        "t": "num",
        "key": number.address,
        "value": number.value,
        "display": number.display(lang),
        "status": number.status,
    }


def is_one(number: SafeNumber) -> bool:
    """Whether the noun after it stays singular (French: 0 and 1)."""
    return number.value in ("0", "1")


def agree(number: SafeNumber, singular: str, plural: str) -> str:
    """The noun or participle that goes with a number."""
    return singular if is_one(number) else plural


def counted(number: SafeNumber, singular: str, plural: str) -> Runs:
    """« 62 incidents », with a no-break space."""
    return say(number, "\u00a0" + agree(number, singular, plural))


def joined(parts: list[Runs], last: str = " et ") -> Runs:
    """« a, b et c »; parts that may hold commas themselves are set apart by `last=" ; "` throughout."""
    out: Runs = []
    between = last if ";" in last else ", "
    for i, part in enumerate(parts):
        out += say("" if i == 0 else last if i == len(parts) - 1 else between, part)
    return out


def elided(word: str, before: str = "de") -> str:
    """« de juin », « d’août »: the small word elided before a vowel."""
    vowel = word[:1].lower() in "aeiouyéèêàâîôû"
    return f"{before[:-1]}’{word}" if vowel else f"{before} {word}"


def named(codes: str, code: str) -> Runs:
    """The label of a code; one with digits in it (« 12 à 17 ans ») is a constant of its list."""
    text = label(codes, code)
    return [const(f"label:{codes}:{code}", text)] if stray(text) else say(text)


def spelled(codes: str, code: str) -> str:
    """The label of a code in letters only, for drawings."""
    entry = code_list(codes)[code]
    return entry.get("spelled_fr") or entry.get("short_fr") or entry["fr"]
