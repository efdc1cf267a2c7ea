"""The invented survivors behind the GBV example: the monthly tables and the incident recorder are two views of them.

Nobody here exists. One incident is one survivor; what was not answered is None.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from random import Random
from typing import Any

from . import gbv_calibration as calibration
from .world import draw

SEXUAL = ("rape", "sexual_assault")
NEED = ("referred", "provided", "declined", "unavailable")

# --- how often each answer is given, by type of violence where it differs ---------------------------------------------

# First and last year of age -> weight.
AGES: dict[str, dict[tuple[int, int], float]] = {
    "rape": {(4, 11): 10, (12, 17): 34, (18, 49): 52, (50, 74): 4},
    "sexual_assault": {(1, 11): 22, (12, 17): 30, (18, 49): 44, (50, 74): 4},
    "physical_assault": {(5, 11): 2, (12, 17): 10, (18, 49): 78, (50, 74): 10},
    "forced_marriage": {(9, 11): 3, (12, 17): 67, (18, 39): 30},
    "denial_of_resources": {(6, 11): 1, (12, 17): 8, (18, 49): 78, (50, 74): 13},
    "psychological_emotional_abuse": {(8, 11): 1, (12, 17): 9, (18, 49): 80, (50, 74): 10},
    "non_gbv": {(12, 17): 10, (18, 49): 80, (50, 74): 10},
}
# First and last day from the incident to the interview -> weight: most rapes are told too late for the first care.
DELAYS = {(0, 3): 31, (4, 5): 9, (6, 14): 18, (15, 30): 16, (31, 400): 26}
DELAYS_OF_RAPES = {(0, 3): 27, (4, 5): 8, (6, 14): 16, (15, 30): 18, (31, 400): 31}
_PARTNER = {"intimate_partner": 62, "other_family": 17, "friend_neighbour": 6, "other_resident": 5, "housemate": 3, "other": 3, "no_relation": 3, "unknown": 1}  # fmt: skip
RELATIONSHIPS: dict[str, dict[str, float]] = {
    "rape": {"no_relation": 28, "friend_neighbour": 16, "unknown": 14, "other_resident": 13, "other_family": 10, "intimate_partner": 8, "other_displaced": 4, "employer": 3, "teacher": 2, "schoolmate": 1, "service_provider": 1},
    "sexual_assault": {"other_family": 24, "friend_neighbour": 19, "no_relation": 16, "intimate_partner": 11, "other_resident": 11, "primary_caregiver": 6, "unknown": 5, "schoolmate": 3, "teacher": 3, "employer": 2},
    "forced_marriage": {"other_family": 46, "primary_caregiver": 41, "intimate_partner": 7, "other_resident": 4, "other": 2},
}  # fmt: skip
PLACES = {"client_home": 54, "perpetrator_home": 15, "bush_forest": 7, "road": 7, "garden_field": 4, "school": 3, "market": 2.5, "streamside": 2, "perpetrator_friend_home": 2, "unfinished_house": 1, "guest_house": 0.7, "latrine": 0.5, "other": 1.3}  # fmt: skip
STATUS = {
    True: {"resident": 61, "idp": 17, "returnee": 11, "repatriated": 7, "refugee": 1, "unknown": 2},  # north and centre
    False: {"resident": 88, "idp": 7, "returnee": 1, "refugee": 2, "foreign_national": 1, "unknown": 1},
}
STAGES: dict[str, dict[str, float]] = {
    "resident": {"not_displaced": 93, "post_displacement": 4, "unknown": 3},
    "idp": {"during_refuge": 48, "pre_displacement": 21, "during_flight": 15, "post_displacement": 12, "unknown": 4},
    "elsewhere": {"post_displacement": 46, "during_return_transit": 18, "during_refuge": 22, "pre_displacement": 8, "unknown": 6},
}  # fmt: skip
ANSWERS: dict[str, dict[str, float]] = {
    "time_of_day": {"evening_night": 43, "afternoon": 30, "morning": 22, "unknown": 5},
    "perpetrator_number": {"one": 81, "two": 9, "three": 5, "four_or_more": 4, "unknown": 1},
    "perpetrator_age": {"age_26_40": 47, "age_18_25": 23, "age_41_60": 19, "age_12_17": 4, "age_61_over": 3, "unknown": 4},
    "perpetrator_occupation": {"occupation_1": 24, "occupation_2": 15, "other": 14, "unemployed": 13, "occupation_3": 12, "occupation_4": 7, "unknown": 6, "occupation_5": 5, "unlisted": 4},
    "former_perpetrator": {"no": 62, "yes": 30, "unknown": 8},
    "prior_gbv": {"no": 67, "yes": 25, "unknown": 8},
    "disability": {"none": 93, "physical": 4, "mental": 1.5, "unspecified": 1, "both": 0.5},
    "previously_reported": {"no": 95, "other_organisation": 5},
}  # fmt: skip
REFERRED_FROM = {"self_referral": 54, "community_leader": 12, "health": 9, "psychosocial": 6, "other_humanitarian": 6, "police": 4, "other_government": 3, "teacher": 2, "legal": 2, "safe_house": 1, "other": 1}  # fmt: skip
# Questions that stay without an answer -> how often (percent). Those of dates are in `_draft`.
BLANK = {
    "marital_status": 3,
    "displacement_status": 2,
    "displacement_stage": 4,
    "time_of_day": 3,
    "place_type": 2,
    "disability": 5,
    "child_vulnerability": 4,
    "previously_reported": 3,
    "prior_gbv": 5,
    "perpetrator_number": 2,
    "perpetrator_age": 5,
    "perpetrator_relationship": 3,
    "perpetrator_occupation": 6,
    "former_perpetrator": 5,
    "referred_from": 3,
}
WITHOUT_OUTCOME = 3  # percent of survivors for whom a sector's column is blank
# Services that some types call for, and regions where there are fewer of them: the draw leans this way.
CALLS_FOR = {
    ("health", "rape"): 9,
    ("health", "sexual_assault"): 3,
    ("health", "physical_assault"): 3,
    ("legal", "denial_of_resources"): 2,
    ("legal", "rape"): 2,
    ("livelihoods", "denial_of_resources"): 4,
    ("shelter", "forced_marriage"): 3,
}
REMOTE = {"ML08": 3, "ML10": 3, "ML06": 1.5, "ML07": 1.3, "ML09": 0.5}


@dataclass(frozen=True)
class Incident:
    """One invented incident: answers are our codes, as of the lists that the recorder has.

    `age` is known where both dates are, as in the recorder. `outcomes` holds one answer per sector that has one.
    `entered`: the day on which its organisation had it at last; `at_first`: answers that were other ones before that day.
    """

    number: int
    organisation: str
    month: str
    region: str
    interviewed: date
    delay: int | None
    age: int | None
    kind: str
    sex: str
    has_consent: bool
    marital_status: str | None
    displacement_status: str | None
    displacement_stage: str | None
    disability: str | None
    child_vulnerability: str | None
    time_of_day: str | None
    place_type: str | None
    practice: bool
    goods_exchanged: str
    abduction: str
    previously_reported: str | None
    prior_gbv: str | None
    perpetrator_number: str | None
    perpetrator_sex: str
    perpetrator_age: str | None
    perpetrator_relationship: str | None
    perpetrator_occupation: str | None
    former_perpetrator: str | None
    referred_from: tuple[str, ...] | None
    outcomes: dict[str, str]
    entered: date | None = None
    at_first: tuple[tuple[str, Any], ...] = ()

    @property
    def is_counted(self) -> bool:
        """Whether it is a new incident of GBV that may be counted."""
        is_known = self.previously_reported == "gbvims_organisation"
        return self.has_consent and not is_known and self.kind != "non_gbv"

    def known_on(self, day: date) -> Incident | None:
        """What its organisation would have said of it that day; None when it did not have it yet."""
        if self.entered is None or day >= self.entered:
            return self
        return replace(self, **dict(self.at_first)) if self.at_first else None


@cache
def incidents() -> tuple[Incident, ...]:
    """Every invented incident of 2016 and 2017, by organisation, month and day."""
    rng = Random("veille example: gbv")
    drafts = [
        draft
        for year in calibration.YEARS
        for group in (_counted(rng, year), _not_counted(rng, year))
        for draft in _with_outcomes(rng, year, group)
    ]
    drafts.sort(key=lambda d: (d["organisation"], d["interviewed"], d["region"]))
    return tuple(_revised(rng, [Incident(number, **draft) for number, draft in enumerate(drafts, start=1)]))


def of(organisation: str) -> tuple[Incident, ...]:
    """Those of one organisation, by its letter."""
    return tuple(i for i in incidents() if i.organisation == organisation)


# --- where and when, which type, who ----------------------------------------------------------------------------------


def _slots(rng: Random, month: str, count: int) -> list[tuple[str, str, str]]:
    """(month, organisation, region) of that many incidents, where organisations worked that month."""
    at_work = [o for o in calibration.ORGANISATIONS if o.reports(month)]
    weights = {(o.letter, region): w for o in at_work for region, w in o.regions.items()}
    return [(month, *where) for where in rng.choices(list(weights), list(weights.values()), k=count)]


def _months(year: str) -> list[str]:
    return [month for month in calibration.MONTHS if month.startswith(year)]


def _counted(rng: Random, year: str) -> list[dict[str, Any]]:
    """The incidents that count: as many of each month, type and sex as calibrated."""
    slots = [slot for month in _months(year) for slot in _slots(rng, month, calibration.COUNTED[month])]
    kinds = [kind for kind, count in calibration.TYPES[year].items() for _ in range(count)]
    rng.shuffle(kinds)
    pairs = list(zip(slots, kinds, strict=True))
    sexes = ["female"] * len(pairs)
    for months, others in calibration.NOT_FEMALE.items():
        free = [i for i, (slot, _) in enumerate(pairs) if slot[0] in months]
        for sex, count in others.items() if free else ():
            chosen = pick(rng, free, count, lambda i: 0.05 if pairs[i][1] in (*SEXUAL, "forced_marriage") else 1)
            for i in chosen:
                sexes[i] = sex
            free = [i for i in free if sexes[i] == "female"]
    return [_draft(rng, *slot, kind, sex) for (slot, kind), sex in zip(pairs, sexes, strict=True)]


def _not_counted(rng: Random, year: str) -> list[dict[str, Any]]:
    """Those that no table counts: no consent, known to another GBVIMS organisation, no GBV."""
    out = []
    for why, count in calibration.NOT_COUNTED[year].items():
        for month in rng.choices(_months(year), k=count):
            ((_, organisation, region),) = _slots(rng, month, 1)
            kind = "non_gbv" if why == "non_gbv" else draw(rng, calibration.TYPES[year])
            draft = _draft(rng, month, organisation, region, kind, "male" if rng.random() < 0.04 else "female")
            if why == "reported_before":
                draft["previously_reported"] = "gbvims_organisation"
            out.append(draft | {"has_consent": why != "refused"})
    return out


def pick(rng: Random, items: Sequence[Any], count: int, weight: Callable[[Any], float]) -> list[Any]:
    """That many different items, the heavier ones more often."""
    return sorted(items, key=lambda item: rng.random() ** (1 / weight(item)), reverse=True)[:count]


# --- what was answered ------------------------------------------------------------------------------------------------


def _draft(rng: Random, month: str, organisation: str, region: str, kind: str, sex: str) -> dict[str, Any]:
    """Every answer about one survivor but the outcomes of services."""
    year, number = map(int, month.split("-"))
    delay = None if rng.random() < 0.025 else rng.randint(*draw(rng, DELAYS_OF_RAPES if kind == "rape" else DELAYS))
    years = rng.randint(*draw(rng, AGES[kind]))
    age = None if delay is None or rng.random() < 0.03 else years
    status = draw(rng, STATUS[region in calibration.NORTH])
    answers = {name: draw(rng, weights) for name, weights in ANSWERS.items()}
    relationship = draw(rng, RELATIONSHIPS.get(kind, _PARTNER))
    if relationship == "intimate_partner" and years < 13:
        relationship = "other_family"
    is_child = years < 18
    vulnerable = {"no": 70, "other_vulnerable_child": 16, "separated_child": 9, "unaccompanied_minor": 5}
    source = draw(rng, REFERRED_FROM)
    another = draw(rng, REFERRED_FROM)
    is_sent_twice = "self_referral" not in (source, another) and source != another and rng.random() < 0.15
    is_sexual = kind in SEXUAL
    answers |= {
        "marital_status": _marital_status(rng, years, kind, relationship),
        "displacement_status": status,
        "displacement_stage": draw(rng, STAGES.get(status, STAGES["elsewhere"])),
        "child_vulnerability": draw(rng, vulnerable) if is_child else "no",
        "place_type": draw(rng, PLACES),
        "perpetrator_relationship": relationship,
        "referred_from": (source, another) if is_sent_twice else (source,),
    }
    for name, percent in BLANK.items():
        if rng.random() * 100 < percent:
            answers[name] = None
    is_alone = answers["perpetrator_number"] in ("one", None)
    return answers | {
        "organisation": organisation,
        "month": month,
        "region": region,
        "interviewed": date(year, number, rng.randint(1, monthrange(year, number)[1])),
        "delay": delay,
        "age": age,
        "kind": kind,
        "sex": sex,
        "has_consent": True,
        "practice": kind == "sexual_assault" and years < 12 and rng.random() < 0.5,
        "goods_exchanged": "yes" if is_sexual and years > 11 and rng.random() < 0.07 else "no",
        "abduction": draw(rng, {"other": 5, "forced_conscription": 1}) if is_sexual and rng.random() < 0.03 else "none",
        "perpetrator_sex": draw(rng, {"male": 95, "female": 4} if is_alone else {"male": 92, "both": 6}),
    }


def _marital_status(rng: Random, years: int, kind: str, relationship: str) -> str:
    if kind != "forced_marriage" and years < 15:
        return "single"
    if relationship == "intimate_partner":
        return draw(rng, {"married_cohabitating": 84, "divorced_separated": 13, "single": 3})
    if kind == "forced_marriage":
        return draw(rng, {"married_cohabitating": 58, "single": 42})
    if years < 20:
        return draw(rng, {"single": 74, "married_cohabitating": 26})
    return draw(rng, {"married_cohabitating": 52, "single": 24, "divorced_separated": 13, "widowed": 10, "unknown": 1})


def _with_outcomes(rng: Random, year: str, drafts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same, each with its outcomes, so that needs and gaps over all of them are those calibrated."""
    for draft in drafts:
        draft["outcomes"] = {}
    for sector, (need, gap) in calibration.NEEDED[year].items():
        possible = drafts
        if sector == "child_protection":
            possible = [d for d in drafts if d["age"] is not None and d["age"] < 18]
        wanted = min(round(len(drafts) * need / 100), len(possible))
        needing = pick(rng, possible, wanted, lambda d, s=sector: CALLS_FOR.get((s, d["kind"]), 1))
        without = pick(rng, needing, round(wanted * gap / 100), lambda d: REMOTE.get(d["region"], 1))
        places = {id(d): "needed" for d in needing} | {id(d): "unavailable" for d in without}
        for draft in drafts:
            outcome = _outcome(rng, sector, draft, places.get(id(draft), "none"))
            if outcome:
                draft["outcomes"][sector] = outcome
    return drafts


def _outcome(rng: Random, sector: str, draft: dict[str, Any], place: str) -> str | None:
    if place == "unavailable":
        return place
    if place == "needed":
        if rng.random() * 100 < calibration.DECLINED.get(sector, calibration.DECLINED_ELSEWHERE):
            return "declined"
        (organisation,) = (o for o in calibration.ORGANISATIONS if o.letter == draft["organisation"])
        return "provided" if sector in organisation.offers and rng.random() < 0.85 else "referred"
    if rng.random() * 100 < WITHOUT_OUTCOME:
        return None
    return "already_received" if rng.random() < 0.12 else "not_applicable"


# --- what was known later ---------------------------------------------------------------------------------------------

REVISED_MAY = date(2017, 7, 24)  # organisation C sends its May 2017 again: seven more incidents, one type corrected
REVISED_QUARTER = date(2017, 7, 6)  # organisation D sends its first quarter again: two answers corrected, no new case


def _revised(rng: Random, made: list[Incident]) -> list[Incident]:
    """The same incidents, some of which came to their organisation late, or were corrected by it."""
    may = [i for i in made if i.is_counted and (i.organisation, i.month) == ("C", "2017-05")]
    quarter = [i for i in made if i.is_counted and i.organisation == "D" and "2017-01" <= i.month <= "2017-03"]
    late = pick(rng, [i for i in may if i.kind != "physical_assault"], 7, lambda _: 1)
    changes = {i.number: replace(i, entered=REVISED_MAY) for i in late}
    corrected = (
        (may, REVISED_MAY, ("kind", "psychological_emotional_abuse")),
        (quarter, REVISED_QUARTER, ("kind", "denial_of_resources")),
    )
    for group, day, (name, before) in corrected:
        one = next(i for i in group if i.kind == "physical_assault")
        changes[one.number] = replace(one, entered=day, at_first=((name, before),))
    other = next(i for i in quarter if i.displacement_status == "idp" and i.number not in changes)
    changes[other.number] = replace(other, entered=REVISED_QUARTER, at_first=(("displacement_status", "resident"),))
    return [changes.get(i.number, i) for i in made]


def by_month_and_region(some: Sequence[Incident]) -> dict[tuple[str, str], list[Incident]]:
    """Incidents in groups."""

    def where(incident: Incident) -> tuple[str, str]:
        return incident.month, incident.region

    return {key: list(group) for key, group in groupby(sorted(some, key=where), key=where)}


def day_of(incident: Incident) -> date | None:
    """The day of the incident itself."""
    return None if incident.delay is None else incident.interviewed - timedelta(days=incident.delay)
