"""The invented world behind the forms: what monitoring covered, and which incidents happened where and when."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from dataclasses import dataclass
from datetime import date
from random import Random

from ..codes import code_list
from ..places import Place
from . import calibration

EDITION = "cod2015"
REGION_FORM = {"ML05": "mopti", "ML06": "tombouctou", "ML07": "gao", "ML08": "kidal"}
EXCLUDED = {"refuted": 20, "rejected": 11, "not_approved": 17}

# Relative frequency of each type of incident (our code), and what is more frequent in some zones.
TYPES: dict[str, float] = {
    "theft": 16,
    "armed_robbery": 14,
    "extortion": 11,
    "looting": 6,
    "illegal_taxation": 3,
    "property_damage": 3,
    "unlawful_occupation": 2,
    "arson": 1.5,
    "assault": 11,
    "threat": 8,
    "explosive_ordnance": 2.5,
    "torture": 1.4,
    "rape": 1.3,
    "sexual_assault": 1.1,
    "forced_marriage": 0.9,
    "child_labour": 0.7,
    "attempted_rape": 0.5,
    "early_marriage": 0.4,
    "murder": 5.5,
    "killing": 1.5,
    "abduction": 3,
    "arbitrary_arrest": 2,
    "unlawful_confinement": 1.4,
    "disappearance": 1,
    "forced_recruitment": 0.7,
    "denial_of_services": 0.9,
    "discrimination": 0.4,
    "forced_displacement": 0.8,
    "movement_restriction": 0.7,
    "other": 0.6,
}
MORE_OF: dict[str, dict[str, float]] = {
    "mopti": {"murder": 1.8, "explosive_ordnance": 1.6, "threat": 1.3, "forced_displacement": 2},
    "kidal": {"explosive_ordnance": 2, "arbitrary_arrest": 2.5},
    "gao": {"armed_robbery": 1.2},
    "tombouctou": {"theft": 1.2},
}
PERPETRATORS: dict[str, dict[str, float]] = {
    "gao": {
        "bandits": 46,
        "unknown": 20,
        "signatory_armed_group": 12,
        "community_member": 9,
        "non_signatory_armed_group": 4,
        "self_defence_militia": 3,
        "extremist_group": 3,
        "national_forces": 2,
        "authority": 1,
    },
    "tombouctou": {
        "bandits": 50,
        "unknown": 22,
        "community_member": 9,
        "signatory_armed_group": 7,
        "extremist_group": 5,
        "national_forces": 4,
        "authority": 2,
        "international_forces": 1,
    },
    "mopti": {
        "unknown": 28,
        "bandits": 24,
        "extremist_group": 16,
        "self_defence_militia": 13,
        "community_member": 12,
        "national_forces": 6,
        "authority": 1,
    },
    "kidal": {
        "signatory_armed_group": 34,
        "unknown": 30,
        "bandits": 20,
        "extremist_group": 8,
        "international_forces": 3,
        "community_member": 5,
    },
}
GROUPS = {"host": 74, "idp": 8, "returnee": 9, "repatriated": 4, "refugee": 2, "asylum_seeker": 0.5, "unknown": 2.5}


@dataclass(frozen=True)
class Incident:
    """One invented incident. `fate` is `counted`, or why its reports must not count in the end."""

    number: int
    zone: str
    cercle: Place
    commune: Place
    day: date
    kind: str
    perpetrator: str
    group: str
    fate: str

    @property
    def region_form(self) -> str:
        """The region as the form codes it: Ménaka is a region of its own."""
        return "menaka" if self.cercle.pcode == "ML0704" else REGION_FORM[self.cercle.pcode[:4]]


def followed(cercle: str) -> tuple[str, ...]:
    """P-codes of the communes that monitoring follows in a cercle, the seat first."""
    return tuple(cercle + figures for figures in calibration.FOLLOWED[cercle].split())


def zone_of(cercle: str) -> str:
    """The reporting zone of a cercle."""
    return next(zone for zone, cercles in calibration.ZONES.items() if cercle in cercles)


def is_monitored(month: str, cercle: str) -> bool:
    """Whether at least one monitor worked in that cercle that month."""
    if month < "2017":
        return cercle in calibration.INCIDENTS_BY_CERCLE[month]
    if calibration.INCIDENTS_BY_ZONE_2017[zone_of(cercle)][int(month[5:]) - 1] is None:
        return False
    return month not in calibration.NOT_MONITORED_2017.get(cercle, frozenset())


def covered() -> dict[tuple[str, str], tuple[str, ...]]:
    """(month, cercle) -> the communes that monitors covered; no entry where there was no monitor at all."""
    rng = Random("veille example: coverage")
    found = {}
    for month in calibration.MONTHS:
        for cercle in calibration.FOLLOWED:
            if not is_monitored(month, cercle):
                continue
            seat, *others = followed(cercle)
            missed = {c for c in others if rng.random() < _missed_pct(month, cercle, c) / 100}
            missed = calibration.OUT_OF_REACH.get((month, cercle), missed)
            found[month, cercle] = (seat, *(c for c in others if c not in missed))
    return found


def _missed_pct(month: str, cercle: str, commune: str) -> int:
    if month < "2017" and commune not in _reporting_2016(cercle):
        return 50
    return 6 if zone_of(cercle) == "gao" else 12


def _reporting_2016(cercle: str) -> tuple[str, ...]:
    return followed(cercle)[: calibration.REPORTING_2016.get(cercle, 0)]


def counts() -> dict[tuple[str, str], int]:
    """(month, cercle) -> incidents that count in the end, for every monitored cercle and month."""
    rng = Random("veille example: counts")
    found: dict[tuple[str, str], int] = {}
    for month in calibration.MONTHS:
        fixed = calibration.INCIDENTS_BY_CERCLE.get(month, {})
        for zone, cercles in calibration.ZONES.items():
            monitored = [c for c in cercles if is_monitored(month, c)]
            if set(monitored) <= set(fixed):
                drawn = Counter({c: fixed[c] for c in monitored})
            else:
                total = calibration.INCIDENTS_BY_ZONE_2017[zone][int(month[5:]) - 1]
                drawn = Counter(rng.choices(monitored, [calibration.SHARE_OF_ZONE[c] for c in monitored], k=total))
            found.update({(month, c): drawn[c] for c in monitored})
    return found


def incidents() -> list[Incident]:
    """Every invented incident, by date: those that count, and a few whose reports are refuted or refused."""
    rng = Random("veille example: incidents")
    reach = covered()
    slots = [slot for slot, count in counts().items() for _ in range(count)]
    places = [*zip(slots, _communes(rng, slots, reach), strict=True)]
    fates = ["counted"] * len(places) + [fate for fate, count in EXCLUDED.items() for _ in range(count)]
    # A refused report comes from a place and month where others do count.
    places += [rng.choice(places) for _ in range(len(fates) - len(places))]
    drawn = sorted(
        ((_day(rng, slot[0]), slot[1], commune, fate) for (slot, commune), fate in zip(places, fates, strict=True)),
        key=lambda one: one[0],
    )
    return [_incident(rng, number, *one) for number, one in enumerate(drawn, start=1)]


def _communes(rng: Random, slots: list[tuple[str, str]], reach: dict[tuple[str, str], tuple[str, ...]]) -> list[str]:
    """A covered commune for each slot, the seat more often; in 2016 each of the 53 communes at least once."""
    chosen: dict[int, str] = {}
    for cercle in calibration.REPORTING_2016:
        for commune in _reporting_2016(cercle):
            free = [
                i
                for i, slot in enumerate(slots)
                if slot[0] < "2017" and slot[1] == cercle and i not in chosen and commune in reach[slot]
            ]
            chosen[rng.choice(free)] = commune
    for i, (month, cercle) in enumerate(slots):
        possible = [c for c in reach[month, cercle] if month >= "2017" or c in _reporting_2016(cercle)]
        weights = [1 / (1 + followed(cercle).index(c)) ** 0.7 for c in possible]
        drawn = rng.choices(possible, weights)[0]
        chosen.setdefault(i, drawn)
    return [chosen[i] for i in range(len(slots))]


def _day(rng: Random, month: str) -> date:
    year, number = int(month[:4]), int(month[5:])
    return date(year, number, rng.randint(1, monthrange(year, number)[1]))


def draw(rng: Random, weights: dict[str, float]) -> str:
    """One key, as often as its weight says."""
    return rng.choices(list(weights), list(weights.values()))[0]


def _incident(rng: Random, number: int, day: date, cercle: str, commune: str, fate: str) -> Incident:
    zone = zone_of(cercle)
    more = MORE_OF[zone]
    kind = draw(rng, {k: w * more.get(k, 1) for k, w in TYPES.items()})
    perpetrator = draw(rng, PERPETRATORS[zone])
    group = draw(rng, GROUPS)
    return Incident(number, zone, Place(EDITION, cercle), Place(EDITION, commune), day, kind, perpetrator, group, fate)


def form(codes: str, code: str) -> str:
    """The code that the form uses for one of ours."""
    return code_list(codes)[code]["form"]
