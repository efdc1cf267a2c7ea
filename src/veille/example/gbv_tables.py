"""The monthly tables of each GBV organisation: its incidents counted, one number per line, as the sharing protocol asks.

Written from the invented incidents by the rules of domain.md 1.4, and not with the code that reads such tables: the two
must agree all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cache, partial
from pathlib import Path

from ..codes import code_list, label
from ..places import Place, name_of
from . import gbv_calibration as calibration
from . import gbv_world as world
from .gbv_calibration import ORGANISATIONS, Organisation
from .gbv_world import Incident
from .snapshots import Source, write_csv

HEADER = ["Organisation", "Mois", "Région", "Statistique", "Modalité", "Effectif"]
Cell = tuple[str, str]  # statistic, category

# --- days of deposit --------------------------------------------------------------------------------------------------

LATE = {("A", "2017-09"): "2017-10"}  # a table that came with that of a later month
# Months sent again, on a day of their own or with what was due that day.
SENT_AGAIN: dict[str, dict[date, tuple[str, ...]]] = {
    "C": {world.REVISED_MAY: ("2017-05",)},
    "D": {world.REVISED_QUARTER: ("2017-01", "2017-02", "2017-03")},
}


def deposits(organisation: Organisation) -> dict[date, list[str]]:
    """Day of receipt -> months that came: 2016 in January 2017, then each month, or quarter, in the month after it."""
    found: dict[date, list[str]] = {}
    for month in filter(organisation.reports, calibration.MONTHS):
        year, number = map(int, LATE.get((organisation.letter, month), month).split("-"))
        last = 12 if year == 2016 else number if organisation.is_monthly else -(-number // 3) * 3
        day = date(year + last // 12, last % 12 + 1, organisation.deposit_day)
        found.setdefault(day, []).append(month)
    for day, months in SENT_AGAIN.get(organisation.letter, {}).items():
        found[day] = [*months, *found.get(day, [])]
    return dict(sorted(found.items()))


# --- counting ---------------------------------------------------------------------------------------------------------

# Statistics that ask one question, and the answer that they count.
ASKED = {
    "survivors_by_sex": "sex",
    "survivors_by_marital_status": "marital_status",
    "survivors_by_displacement_status": "displacement_status",
    "survivors_by_displacement_stage": "displacement_stage",
    "incidents_by_type": "kind",
    "incidents_by_time_of_day": "time_of_day",
    "incidents_by_place_type": "place_type",
    "perpetrators_by_number": "perpetrator_number",
    "perpetrators_by_relationship": "perpetrator_relationship",
    "perpetrators_by_age": "perpetrator_age",
    "perpetrators_by_occupation": "perpetrator_occupation",
}
VULNERABLE_CHILD = ("unaccompanied_minor", "separated_child", "other_vulnerable_child")
DISABLED = ("physical", "mental", "both", "unspecified")
# Contexts are derived: an answer that misses makes none of them, and nobody counts it.
NOT_AVAILABLE = frozenset({("incidents_by_context", "incomplete")})


def delay(days: int | None) -> str:
    """The band of a delay in days; day 4 is in one band only."""
    if days is None:
        return "unknown"
    bands = ((3, "days_0_3"), (5, "days_4_5"), (14, "days_6_14"), (30, "weeks_2_month_1"))
    return next((band for last, band in bands if days <= last), "over_1_month")


def ages(years: int | None) -> Iterator[str]:
    """The age band, then the groups that overlap it."""
    if years is None:
        yield "unknown"
        return
    yield "age_0_11" if years < 12 else "age_12_17" if years < 18 else "age_18_over"
    overlapping = {"age_0_17": years < 18, "age_10_19": 10 <= years <= 19, "age_50_over": years >= 50}
    yield from (group for group, is_in in overlapping.items() if is_in)


def contexts(one: Incident) -> Iterator[str]:
    """The contexts that its answers make."""
    is_child, is_sexual = one.age is not None and one.age < 18, one.kind in world.SEXUAL
    found = {
        "intimate_partner_violence": one.perpetrator_relationship == "intimate_partner",
        "child_sexual_abuse": is_sexual and is_child,
        "early_marriage": one.kind == "forced_marriage" and is_child,
        "possible_sexual_exploitation": is_sexual and one.goods_exchanged == "yes",
        "possible_sexual_slavery": is_sexual and one.abduction != "none",
        "harmful_traditional_practice": one.practice,
    }
    return (context for context, applies in found.items() if applies)


def _cells(one: Incident) -> Iterator[Cell]:
    """The lines of the table in which one incident counts, each once."""
    yield "new_incidents", "total"
    if one.prior_gbv == "yes":
        yield "prior_gbv", "total"
    for statistic, answer in ASKED.items():
        yield statistic, getattr(one, answer) or "incomplete"
        yield statistic, "total"
    yield from (("survivors_by_age", group) for group in ("total", *ages(one.age)))
    yield from (("incidents_by_delay", group) for group in ("total", delay(one.delay)))
    is_disabled, is_vulnerable_child = one.disability in DISABLED, one.child_vulnerability in VULNERABLE_CHILD
    yield "vulnerable_survivors", one.child_vulnerability or "incomplete"
    if is_disabled:
        yield "vulnerable_survivors", "with_disability"
    if is_disabled or is_vulnerable_child:
        yield "vulnerable_survivors", "total"
    if one.kind in world.SEXUAL:
        yield "sexual_violence", "total"
    if one.kind == "rape":
        yield from (("rapes_by_delay", group) for group in ("total", delay(one.delay)))
        if one.outcomes.get("health") in ("provided", "referred"):
            yield from (("rapes_with_health_by_delay", group) for group in ("total", delay(one.delay)))
    if found := list(contexts(one)):
        yield from (("incidents_by_context", context) for context in ("total", *found))
    yield from _contact(one)
    yield from _services(one)


def _contact(one: Incident) -> Iterator[Cell]:
    """Who sent her: a total counts those sent by somebody."""
    if one.referred_from is None:
        yield "referred_from", "incomplete"
        return
    if "self_referral" in one.referred_from:
        yield "first_contact", "total"
    else:
        yield "referred_from", "total"
    yield from (("referred_from", source) for source in one.referred_from)


def _services(one: Incident) -> Iterator[Cell]:
    """Outcomes by sector; totals count incidents with at least one service provided, or at least one referral."""
    for sector in code_list("service"):
        outcome = one.outcomes.get(sector)
        yield "new_referrals", f"{sector}.{outcome or 'incomplete'}"
        if outcome in world.NEED:
            yield "new_referrals", f"{sector}.needed"
        if outcome == "provided":
            yield "services_provided", sector
    found = set(one.outcomes.values())
    if not found:
        yield "services_provided", "incomplete"
    if "provided" in found:
        yield "services_provided", "total"
    if "referred" in found:
        yield "new_referrals", "total"


def counts(some: Iterable[Incident]) -> Counter[Cell]:
    """The numbers of one table; a cell that is not in it is zero."""
    found: Counter[Cell] = Counter()
    for one in some:
        if one.is_counted:
            found.update(_cells(one))
        elif one.kind == "non_gbv" and one.has_consent:
            found["incidents_by_type", "non_gbv"] += 1
    return found


# --- writing ----------------------------------------------------------------------------------------------------------


@cache
def lines() -> tuple[tuple[Cell, str, str], ...]:
    """Every line of a table: its cell, and the words of its statistic and of its category."""
    out = []
    for statistic, entry in code_list("gbv_statistic").items():
        names = {"total": label("gbv_category", "total")}
        if "breakdown" in entry:
            parts = {code: e["fr"] for code, e in code_list(entry["breakdown"]).items()}
            parts["incomplete"] = label("gbv_category", "incomplete")
            if "by" in entry:
                parts["needed"] = label("gbv_category", "needed")
                sectors = code_list(entry["by"]).items()
                parts = {f"{s}.{code}": f"{e['fr']} : {name}" for s, e in sectors for code, name in parts.items()}
            names |= parts
        if "beside" in entry:
            names |= {code: e["fr"] for code, e in code_list(entry["beside"]).items()}
        out += [((statistic, code), entry["fr"], name) for code, name in names.items()]
    return tuple(out)


def _rows(organisation: Organisation, some: Sequence[Incident], months: Iterable[str]) -> Iterator[tuple]:
    """One row per month, region and line: zeros are written, what the organisation does not know is blank."""
    groups = world.by_month_and_region(some)
    for month in months:
        for pcode in sorted(organisation.regions):
            numbers = counts(groups.get((month, pcode), ()))
            where = organisation.name, month, name_of(Place(calibration.EDITION, pcode))
            for cell, statistic, category in lines():
                is_unknown = cell in NOT_AVAILABLE or cell[0] in organisation.cannot_give
                yield *where, statistic, category, "" if is_unknown else numbers[cell]


def write(organisation: Organisation, history: Sequence[Incident], received: date, path: Path) -> int:
    """Write what an organisation sent that day, as it knew it then."""
    known = [i for i in (one.known_on(received) for one in history) if i]
    return write_csv(path, [HEADER], _rows(organisation, known, deposits(organisation)[received]), ";")


def covers(organisation: Organisation, received: date) -> str:
    """The months that came that day."""
    months = deposits(organisation)[received]
    return f"{min(months)} to {max(months)}"


SOURCES = tuple(
    Source(
        reader="gbv_tables",
        partner=one.partner,
        title="VBG : tableau mensuel non identifiant d’une organisation (données d’exemple, synthétiques)",
        file="EXEMPLE_tableau_VBG.csv",
        sensitivity="restricted",
        zero_means="Aucun cas déclaré avec consentement à cette organisation ce mois-là ; une case vide ou une ligne absente : non disponible. Ne prouve pas l’absence de violences.",
        received=tuple(deposits(one)),
        history=partial(world.of, one.letter),
        write=partial(write, one),
        covers=partial(covers, one),
        edition=calibration.EDITION,
    )
    for one in ORGANISATIONS
)
