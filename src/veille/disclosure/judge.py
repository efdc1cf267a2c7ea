"""From counts to what may be printed, for both audiences: protect, audit, and withdraw what the audit still finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from ..errors import DisclosureRefused
from ..places import Area
from .audit import Verdict, audit
from .derive import derive
from .protect import Protected, Sheet, protect
from .rules import Rules, by_organisation
from .safe import AUDIENCES, Address, Fact, SafeNumber
from .system import Past

_TIMES = 8
# A reader who knows the rules may work a number out whatever is withdrawn, where totals are always printed: then the others
# are held off, and the notes for the inside say so.
_TIMES_WITH_THE_RULES = 4


@dataclass(frozen=True)
class History:
    """What one audience was given before: the facts of its ledger, and the counts behind them as of those days."""

    facts: Sequence[Fact] = ()
    past: Past = field(default_factory=Past)


@dataclass(frozen=True)
class Judged:
    """The numbers of one audience, with the protection and the verdict that stand behind them (for the inside).

    `holds_off_the_rules`: whether one who knows the rules works out no more than others.
    """

    numbers: list[SafeNumber]
    protected: Protected
    verdict: Verdict
    holds_off_the_rules: bool


def judge(
    cubes: pd.DataFrame,
    rules: Rules,
    areas: Mapping[str, Area],
    *,
    history: Mapping[str, History] | None = None,
    behind: Mapping[Address, Mapping[str, int]] | None = None,
) -> dict[str, Judged]:
    """What each audience may read of one version. Members are judged first: the public reads no more than they do.

    Raises DisclosureRefused when the audit still finds a sensitive number: nothing is printed then.
    """
    # Texts as plain objects: pandas gives those of its own type out one by one, slowly.
    cubes = cubes.astype({name: object for name in cubes.columns if cubes[name].dtype == "str"})
    out: dict[str, Judged] = {}
    wider: Protected | None = None
    for audience in AUDIENCES:
        before = (history or {}).get(audience, History())
        withdraw: list[Sheet] = []
        solved: dict = {}
        for turn in range(_TIMES):
            made = protect(
                cubes,
                rules,
                audience,
                areas,
                wider=wider,
                past=before.past,
                behind=behind,
                withdraw=withdraw,
                solved=solved,
            )
            numbers = made.numbers + derive(made.numbers, dict(areas), rules)
            verdict = audit(
                numbers,
                {a: s.threshold for a, s in made.sensitive.items() if not _is_past(a, before)},
                rules,
                areas,
                facts=before.facts,
                carried=made.carried,
                revised=before.past.revised,
                loose=made.loose,
                unusual=made.unusual,
                insiders=by_organisation(behind),
                late=made.late,
                audience=audience if turn < _TIMES_WITH_THE_RULES else "",
            )
            if verdict.is_pass:
                break
            withdraw = [*made.withdrawn, *sorted({made.sheets[a] for a in verdict.short if a in made.sheets})]
        else:
            raise DisclosureRefused(
                f"L’audit trouve encore des nombres qui se déduisent ({audience}) : rien n’est publié.",
                "Les tables restent celles du dernier candidat ; signalez-le avec ce message.",
            )
        wider = made
        out[audience] = Judged(numbers, made, verdict, turn < _TIMES_WITH_THE_RULES)
    return out


def _is_past(address: Address, before: History) -> bool:
    # Judged when it was printed, and printed still: nothing can take it back.
    return before.past.was_printed(address) and address[2] not in before.past.revised
