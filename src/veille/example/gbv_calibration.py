"""The numbers that the GBV example must reproduce: printed ones, and plausible ones around them. Organisations are invented.

Sources: the strategy of March 2017 (2 164 cases in 2016, 99 % women and girls, types and gaps in services), the GBV
bulletin of January-March 2017 (758 cases, 93 %) and the annual bulletin (2 882 cases in 2017). The strategy prints 35 %
of sexual violence and 8 + 29 % for its two parts; here the parts are reproduced, and their sum is 37 %.
"""

from __future__ import annotations

from dataclasses import dataclass, field

EDITION = "cod2021"  # the edition in which Ménaka is a region; Taoudénit is in none that is known
YEARS = ("2016", "2017")
NORTH = frozenset({"ML05", "ML06", "ML07", "ML08", "ML10"})

# Incidents that count, by month of report. May 2017 was 238 until one organisation sent seven more.
COUNTED: dict[str, int] = {
    "2016-01": 158,
    "2016-02": 163,
    "2016-03": 171,
    "2016-04": 174,
    "2016-05": 180,
    "2016-06": 169,
    "2016-07": 172,
    "2016-08": 181,
    "2016-09": 185,
    "2016-10": 196,
    "2016-11": 209,
    "2016-12": 206,
    "2017-01": 246,
    "2017-02": 239,
    "2017-03": 273,
    "2017-04": 231,
    "2017-05": 245,
    "2017-06": 238,
    "2017-07": 219,
    "2017-08": 207,
    "2017-09": 221,
    "2017-10": 252,
    "2017-11": 268,
    "2017-12": 243,
}
MONTHS = tuple(COUNTED)
# Beside them: no consent, known to another GBVIMS organisation, not GBV.
NOT_COUNTED: dict[str, dict[str, int]] = {
    "2016": {"refused": 152, "reported_before": 70, "non_gbv": 21},
    "2017": {"refused": 199, "reported_before": 93, "non_gbv": 27},
}
TYPES: dict[str, dict[str, int]] = {
    "2016": {
        "rape": 173,
        "sexual_assault": 628,
        "physical_assault": 631,
        "psychological_emotional_abuse": 346,
        "forced_marriage": 147,
        "denial_of_resources": 239,
    },
    "2017": {
        "rape": 259,
        "sexual_assault": 778,
        "physical_assault": 807,
        "psychological_emotional_abuse": 490,
        "forced_marriage": 231,
        "denial_of_resources": 317,
    },
}
# Men and boys, and survivors whose sex was not noted; all others are women and girls.
NOT_FEMALE: dict[tuple[str, ...], dict[str, int]] = {
    MONTHS[:12]: {"male": 14, "unknown": 7},
    MONTHS[12:15]: {"male": 50, "unknown": 3},
    MONTHS[15:]: {"male": 112, "unknown": 19},
}
# Percent of survivors who needed a service, and of those, percent for whom there was none. Need is referred + provided
# + declined + unavailable. The strategy prints four of the gaps of 2016 and the need of livelihoods.
NEEDED: dict[str, dict[str, tuple[float, float]]] = {
    "2016": {
        "health": (66, 13),
        "psychosocial": (90, 4),
        "security": (48, 63),
        "legal": (55, 57),
        "shelter": (30, 26),
        "livelihoods": (25, 44),
        "child_protection": (20, 31),
    },
    "2017": {
        "health": (68, 14),
        "psychosocial": (91, 5),
        "security": (46, 60),
        "legal": (54, 55),
        "shelter": (31, 28),
        "livelihoods": (27, 41),
        "child_protection": (21, 29),
    },
}
DECLINED = {"security": 22, "legal": 19}  # percent of those who could have had it; elsewhere:
DECLINED_ELSEWHERE = 6


@dataclass(frozen=True)
class Organisation:
    """An invented member of the GBVIMS: where it works (region -> share of its cases), what it offers itself.

    `is_monthly`: in 2017 it sends each month in the next; the others send each quarter, which keeps deposits few.
    `cannot_give`: statistics that its own files do not hold; blank in its tables.
    """

    letter: str
    regions: dict[str, int]
    offers: frozenset[str]
    deposit_day: int
    is_monthly: bool = False
    first_month: str = "2016-01"
    silent: frozenset[str] = field(default_factory=frozenset)
    cannot_give: frozenset[str] = field(default_factory=frozenset)

    @property
    def name(self) -> str:
        """How its files name it."""
        return f"Organisation exemple {self.letter}"

    @property
    def partner(self) -> str:
        """How its series of deposits is named."""
        return f"organisation_exemple_{self.letter.lower()}"

    def reports(self, month: str) -> bool:
        """Whether it sent anything for that month: a month without a table is no month without cases."""
        return month >= self.first_month and month not in self.silent


_CARE = frozenset({"health", "psychosocial"})
_HELP = frozenset({"psychosocial", "livelihoods"})
ORGANISATIONS: tuple[Organisation, ...] = (
    Organisation("A", {"ML07": 10, "ML05": 7, "ML06": 6, "ML10": 4}, _CARE, 8, is_monthly=True),
    Organisation("B", {"ML09": 10, "ML02": 5, "ML01": 3}, frozenset({"psychosocial", "legal"}), 11),
    Organisation("C", {"ML05": 9, "ML07": 8, "ML04": 6, "ML03": 3}, _HELP, 9, is_monthly=True),
    Organisation("D", {"ML06": 9, "ML07": 5, "ML10": 3}, frozenset({"psychosocial", "child_protection"}), 6),
    Organisation("E", {"ML09": 9, "ML03": 6, "ML01": 6}, _CARE | {"shelter"}, 12),
    Organisation(
        "F",
        {"ML05": 8, "ML04": 7},
        frozenset({"psychosocial"}),
        10,
        silent=frozenset({"2017-07", "2017-08", "2017-09"}),
    ),
    Organisation("G", {"ML07": 7, "ML06": 6, "ML08": 4}, _CARE, 13),
    Organisation(
        "H",
        {"ML09": 8, "ML02": 4},
        frozenset({"psychosocial", "shelter", "legal"}),
        5,
        cannot_give=frozenset({"perpetrators_by_occupation", "survivors_by_displacement_stage"}),
    ),
    Organisation("I", {"ML05": 7, "ML06": 6, "ML04": 5}, _HELP, 7, first_month="2017-01"),
)
