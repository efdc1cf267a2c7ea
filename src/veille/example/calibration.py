"""The numbers the example must reproduce: printed ones, and plausible ones around them.

Sources: the strategy of March 2017 (650 incidents in 53 communes from July to December 2016: 56 % in the
zone of Gao, 29 % Tombouctou, 12 % Mopti) and the AMSS/UNHCR monthly reports of August to November 2016.
July and December 2016 share the 187 incidents that remain; 2017 is invented.
"""

from __future__ import annotations

ZONES: dict[str, tuple[str, ...]] = {
    "gao": ("ML0701", "ML0702", "ML0703", "ML0704"),
    "tombouctou": ("ML0601", "ML0602", "ML0603", "ML0604", "ML0605"),
    "mopti": ("ML0501", "ML0502", "ML0503", "ML0504", "ML0505", "ML0506", "ML0507", "ML0508"),
    "kidal": ("ML0801", "ML0802", "ML0803", "ML0804"),
}
MONTHS = tuple(f"2016-{m:02d}" for m in range(7, 13)) + tuple(f"2017-{m:02d}" for m in range(1, 13))

# Incidents by cercle. A cercle that is absent was not monitored that month; 0 was monitored and quiet.
INCIDENTS_BY_CERCLE: dict[str, dict[str, int]] = {
    "2016-07": {"ML0601": 8, "ML0604": 5, "ML0605": 6, "ML0602": 3, "ML0603": 6, "ML0701": 19, "ML0703": 6,
                "ML0702": 18, "ML0704": 5, "ML0506": 7, "ML0507": 2, "ML0501": 3},
    "2016-08": {"ML0601": 5, "ML0604": 2, "ML0605": 8, "ML0602": 2, "ML0603": 6, "ML0701": 30, "ML0703": 15,
                "ML0702": 34, "ML0704": 13, "ML0801": 1, "ML0506": 16, "ML0502": 1, "ML0508": 2, "ML0507": 4,
                "ML0501": 1},
    "2016-09": {"ML0601": 10, "ML0604": 9, "ML0605": 7, "ML0602": 9, "ML0603": 6, "ML0701": 17, "ML0703": 11,
                "ML0702": 11, "ML0704": 2, "ML0801": 7, "ML0804": 1, "ML0506": 1, "ML0501": 2},
    "2016-10": {"ML0601": 12, "ML0604": 5, "ML0605": 8, "ML0602": 0, "ML0603": 9, "ML0701": 34, "ML0703": 3,
                "ML0702": 27, "ML0704": 3, "ML0801": 2, "ML0804": 0, "ML0803": 0, "ML0802": 0, "ML0506": 5,
                "ML0507": 1, "ML0501": 1},
    "2016-11": {"ML0601": 9, "ML0604": 6, "ML0605": 6, "ML0602": 1, "ML0603": 10, "ML0701": 22, "ML0703": 6,
                "ML0702": 28, "ML0704": 8, "ML0801": 7, "ML0804": 0, "ML0506": 6, "ML0501": 11},
    "2016-12": {"ML0601": 9, "ML0604": 6, "ML0605": 6, "ML0602": 2, "ML0603": 8, "ML0701": 23, "ML0703": 5,
                "ML0702": 17, "ML0704": 7, "ML0801": 1, "ML0506": 6, "ML0508": 1, "ML0507": 2, "ML0501": 6},
    # Two months of 2017 are fixed for the zone of Gao only; its neighbours are drawn.
    "2017-05": {"ML0701": 31, "ML0702": 24, "ML0703": 6, "ML0704": 9},
    "2017-06": {"ML0701": 28, "ML0702": 22, "ML0703": 4, "ML0704": 8},
}

# Incidents by zone and month of 2017; None where the whole zone was out of reach.
INCIDENTS_BY_ZONE_2017: dict[str, tuple[int | None, ...]] = {
    "gao": (66, 58, 73, 64, 70, 62, 55, 47, 59, 76, 84, 68),
    "tombouctou": (27, 33, 24, 30, 36, 29, 22, 18, 31, 38, 45, 34),
    "mopti": (8, 10, 9, 13, 14, 17, 16, 21, 24, 29, 33, 40),
    "kidal": (4, None, None, 2, 3, 5, 1, None, 6, 9, 3, 2),
}
SHARE_OF_ZONE: dict[str, int] = {
    "ML0701": 40, "ML0702": 36, "ML0703": 10, "ML0704": 14,
    "ML0601": 28, "ML0602": 14, "ML0603": 24, "ML0604": 16, "ML0605": 18,
    "ML0501": 22, "ML0502": 10, "ML0503": 12, "ML0504": 4, "ML0505": 7, "ML0506": 24, "ML0507": 15, "ML0508": 6,
    "ML0801": 70, "ML0802": 5, "ML0803": 10, "ML0804": 15,
}
# Months of 2017 without any monitor, besides those of a whole zone.
NOT_MONITORED_2017: dict[str, frozenset[str]] = {
    "ML0502": frozenset({"2017-01"}),
    "ML0503": frozenset({"2017-01", "2017-02"}),
    "ML0504": frozenset({"2017-01", "2017-02", "2017-03", "2017-04", "2017-08", "2017-09"}),
    "ML0505": frozenset({"2017-01", "2017-02", "2017-03", "2017-04", "2017-05"}),
    "ML0508": frozenset({"2017-01", "2017-08", "2017-09"}),
    "ML0604": frozenset({"2017-07"}),
    "ML0802": frozenset(MONTHS) - {"2017-06", "2017-10", "2017-11"},
    "ML0803": frozenset(MONTHS) - {"2017-04", "2017-06", "2017-09", "2017-10"},
    "ML0804": frozenset({"2017-07", "2017-12"}),
}

# Communes that monitoring follows (last two figures of the P-code), the seat first. All 23 in the zone of Gao.
FOLLOWED: dict[str, str] = {
    "ML0701": "03 02 04 05 06 01 07", "ML0702": "01 04 07 02 03 06 05", "ML0703": "02 01 05 03 04",
    "ML0704": "03 01 04 02",
    "ML0601": "06 01 02 03 04", "ML0602": "05 04 10 03 06 07", "ML0603": "08 16 04 14 06 03 12",
    "ML0604": "08 03 01 07 06", "ML0605": "07 08 05 04 03 02",
    "ML0501": "09 05 04 14 06 15", "ML0502": "01 18 08 07", "ML0503": "01 02 03 09", "ML0504": "07 05",
    "ML0505": "03 05 06", "ML0506": "06 09 08 13 04 03", "ML0507": "11 05 01 06 12", "ML0508": "08 01 02 10",
    "ML0801": "02 01", "ML0802": "01", "ML0803": "01 03", "ML0804": "03 01",
}
# How many of them, from the first, reported an incident in the second half of 2016: 53 communes.
REPORTING_2016: dict[str, int] = {
    "ML0701": 7, "ML0702": 7, "ML0703": 5, "ML0704": 3,
    "ML0601": 4, "ML0602": 3, "ML0603": 4, "ML0604": 4, "ML0605": 4,
    "ML0501": 2, "ML0502": 1, "ML0506": 3, "ML0507": 2, "ML0508": 1,
    "ML0801": 2, "ML0804": 1,
}
# Communes out of reach in the zone of Gao where the number is fixed: 23 of 23 in May, 20 of 23 in June 2017.
OUT_OF_REACH: dict[tuple[str, str], frozenset[str]] = {
    **{("2017-05", cercle): frozenset() for cercle in ZONES["gao"]},
    ("2017-06", "ML0701"): frozenset({"ML070101"}),
    ("2017-06", "ML0702"): frozenset({"ML070205"}),
    ("2017-06", "ML0703"): frozenset({"ML070304"}),
    ("2017-06", "ML0704"): frozenset(),
}
MONITORS: dict[str, int] = {
    "ML0701": 6, "ML0702": 5, "ML0703": 3, "ML0704": 3,
    "ML0601": 4, "ML0602": 2, "ML0603": 3, "ML0604": 2, "ML0605": 3,
    "ML0501": 3, "ML0502": 1, "ML0503": 2, "ML0504": 1, "ML0505": 1, "ML0506": 3, "ML0507": 2, "ML0508": 1,
    "ML0801": 2, "ML0802": 1, "ML0803": 1, "ML0804": 1,
}
