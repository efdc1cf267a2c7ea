"""Every error raised on purpose: who can act, the exit code, and what to do next.

Messages are French, as their readers are. They name a file, a sheet, a row number, a column or a rule;
never a value from the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class VeilleError(Exception):
    """Anything `veille` refuses to do. `exit_code` is the command's; `next_step` says what to do now."""

    exit_code = 1

    def __init__(self, message: str, next_step: str = "") -> None:
        self.message, self.next_step = message, next_step
        super().__init__(f"{message}\n{next_step}" if next_step else message)


class BuildFailed(VeilleError):
    """A report could not be made although its parameters and data are good: our fault."""

    exit_code = 1


class BadParameter(VeilleError):
    """The command was asked for something that does not exist."""

    exit_code = 2


class BadData(VeilleError):
    """A file received, or a text written by people, cannot be used as it is."""

    exit_code = 3


class DisclosureRefused(VeilleError):
    """A number would be published that has not been cleared."""

    exit_code = 4


class ConsentMissing(VeilleError):
    """An organisation that gave data has not agreed that this audience reads what is made of them. Names it: for the inside."""

    exit_code = 4


class Interrupted(VeilleError):
    """A person stopped a command that makes several things: those that are finished stay."""

    exit_code = 130


def near(given: str, known: Iterable[str]) -> str:
    """« Vouliez-vous dire … ? » with the nearest known names, or nothing when none is near."""
    found = get_close_matches(given.lower(), sorted(known), n=3, cutoff=0.6)
    return f"Vouliez-vous dire {' ou '.join(found)} ?" if found else ""


class UnknownName(BadParameter):
    """A name was given that is not one of the known ones. `what` is a French noun with its agreement."""

    def __init__(self, what: str, given: str, known: Iterable[str], *, feminine: bool = False) -> None:
        known = sorted(known)
        # A name that is typed by a person may be anything: show a short, printable form only.
        shown = "".join(c for c in given if c.isprintable())[:40]
        unknown = "inconnue" if feminine else "inconnu"
        hint = near(given, known)
        message = f"{what} {unknown} : {shown}." + (f" {hint}" if hint else "")
        super().__init__(message, "" if hint else f"Valeurs possibles : {', '.join(known)}.")
