"""The GBVIMS statistics against the world: incidents that a reader can count by hand, wrong countings, sums that must hold.

Nobody here exists. What is expected is written as numbers, or counted anew from rows and files, never with the package's views.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from unittest import mock

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from incidents import ONE_ANSWER, PARAMS, random_cases
from test_gbv_sources import INTERVIEW, taken, workbook

from veille.codes import code_list
from veille.disclosure import rules
from veille.example import gbv_calibration, gbv_tables, gbv_world, gbvims_recorder
from veille.indicators import count, gbv
from veille.schemas.definitions import table as definition
from veille.sources import reading
from veille.tables.built import store
from veille.tables.contracts import CONTRACTS, check, dtype, empty

TOTAL, RAPES = "gbv_incidents_reported", "gbv_rapes_reported"
CROSSED = f"{TOTAL}.sex=female.majority=child"
Cubes = dict[tuple[str, str, str], int]  # key, place, period
YEAR = ("mali", "2017")


# --- counting ---------------------------------------------------------------------------------------------------------


def counted(tables: dict[str, pd.DataFrame]) -> tuple[Cubes, dict[tuple[str, str, str], dict[str, int]]]:
    """Every GBVIMS count of canonical tables, by address, and what each organisation gave to it."""
    with mock.patch.object(count, "MEASURES", gbv.MEASURES), reading.connection() as con:
        for name in CONTRACTS:
            store(con, name, tables.get(name, empty(name)), name)
        df = count.count(con, PARAMS)
        gave = count.contributions(con, PARAMS)
    assert not df.duplicated(["key", "place", "period"]).any() and (df["value"] >= 0).all()
    return dict(zip(zip(df["key"], df["place"], df["period"], strict=True), df["value"], strict=True)), gave


def codes(cubes: Cubes, indicator: str, dimension: str, place: str = "mali", period: str = "2017") -> dict[str, int]:
    """One breakdown at a place and period: code -> count, without its zeros."""
    stem = f"{indicator}.{dimension}="
    found = {
        k.removeprefix(stem): n for (k, p, t), n in cubes.items() if k.startswith(stem) and (p, t) == (place, period)
    }
    return {code: n for code, n in found.items() if n and "." not in code}


def framed(name: str, rows: list[dict]) -> pd.DataFrame:
    """Rows of a canonical table, which keep its contract."""
    kept = definition(name).kept
    df = pd.DataFrame(rows, columns=list(kept), dtype=object).astype({c: dtype(spec) for c, spec in kept.items()})
    return check(name, df)


# --- sixty incidents that are counted by hand ---------------------------------------------------------------------------

# Three organisations, the twelve months of 2017. `day` is that of the interview and `late` the days since the incident;
# `reg`: Gao, Mopti, Tombouctou; `-`: no answer. Not counted: 4, 31 and 58 (no consent), 9 and 37 (another GBVIMS
# organisation has them), 18 and 49 (no GBV). Counted all the same: 12, 44 and 53, told to an organisation outside GBVIMS.
ROWS = """
n  o day   reg late age sex type mar sta stg dis chi tim pla pra mon abd rep pri num pag rel occ frm   hea psy pol leg she liv chp con
1  A 01-15 M   90   17  F   P    di  rt  pr  n   n   a   ch  n   n   n   n   n   9   18  ip  ot  po    a   p   u   d   r   u   r   y
2  A 01-24 G   4    31  F   R    wi  re  pr  n   n   e   ch  n   n   n   n   n   1   61  nr  o2  co    a   p   x   d   p   r   x   y
3  B 01-09 G   3    11  F   R    si  re  nd  n   sc  e   ro  y   y   n   n   u   3   61  ip  o2  se    p   r   r   u   r   d   r   y
4  B 01-18 G   14   16  M   F    ma  rt  rf  n   ov  e   ch  y   y   n   n   y   2   18  pc  o1  co    a   p   u   r   u   d   x   n
5  C 01-27 G   31   40  F   S    ma  re  nd  n   n   e   bf  n   n   n   n   n   1   26  of  o2  co    p   r   u   r   p   d   x   y
6  A 02-12 G   0    25  F   R    ma  re  nd  n   n   e   ma  n   n   t   n   n   2   26  of  ot  co    u   x   x   d   x   r   x   y
7  A 02-21 T   4    19  F   S    di  re  rf  ph  n   m   bf  y   y   n   n   n   2   41  fr  o1  se    r   x   x   r   x   d   x   y
8  B 02-03 G   2    20  F   R    ma  re  nd  n   n   e   ph  n   u   t   n   n   3   61  fr  o1  co    a   d   r   r   x   r   x   y
9  B 02-15 G   1    63  F   E    ma  re  rf  ph  n   a   ma  y   n   n   g   n   3   18  ip  o1  se+he d   x   u   d   x   u   x   y
10 C 02-24 G   1    20  M   P    wi  re  pr  me  n   a   bf  n   y   n   n   y   1   26  ip  un  se    r   x   x   x   r   d   x   y
11 A 03-09 M   90   49  F   F    wi  re  nd  n   n   e   ch  n   n   n   n   y   3   41  of  ot  se    x   x   r   r   p   u   x   y
12 A 03-18 M   14   16  F   D    ma  re  nd  n   us  e   ma  y   n   n   o   n   1   61  ip  ot  po    r   p   u   u   p   x   p   y
13 B 03-27 M   2    15  F   F    ma  re  rf  n   n   a   bf  n   n   n   n   n   9   41  pc  un  se    r   x   r   x   p   r   r   y
14 B 03-12 M   1    18  F   F    ma  id  nd  n   n   m   ch  y   n   n   n   y   1   26  pc  ot  se+he u   d   u   d   r   u   r   y
15 C 03-21 G   5    13  F   D    si  re  rf  me  n   e   ch  n   n   n   n   u   2   41  ip  o2  he    d   p   u   r   u   r   r   y
16 A 04-03 M   30   25  F   P    ma  rt  pr  me  n   m   ro  n   n   n   n   y   9   18  fr  o2  se+he u   p   u   r   r   u   x   y
17 A 04-15 M   2    63  F   D    ma  rt  nd  n   n   a   ma  n   n   n   n   n   1   26  ip  un  po    p   p   d   d   u   x   x   y
18 B 04-24 M   14   40  M   N    ma  id  pr  n   n   e   bf  n   n   n   n   u   1   41  un  ot  po    p   x   u   r   x   d   x   y
19 B 04-09 G   90   49  F   P    si  id  po  me  n   m   ph  n   n   n   n   n   2   41  ip  o2  se+he x   r   d   d   r   u   x   y
20 C 04-18 T   4    17  M   P    ma  id  pr  ph  ov  m   bf  n   n   n   n   n   1   26  of  ot  se+he a   p   r   r   p   u   r   y
21 A 05-27 G   6    7   F   S    si  re  nd  me  sc  a   ma  n   n   n   n   y   1   26  ip  o2  se    p   d   d   d   p   u   x   y
22 A 05-12 M   5    11  F   R    si  rt  po  n   n   m   ma  y   u   -   n   u   1   26  un  o1  po    d   x   x   x   x   x   x   y
23 B 05-21 G   14   13  F   S    si  rt  pr  n   n   m   bf  n   y   n   n   n   3   26  nr  o2  co    d   p   x   u   r   r   u   y
24 B 05-03 G   0    16  F   P    wi  rt  pr  n   us  e   ch  n   y   n   n   n   1   18  nr  ot  po    u   r   d   r   x   u   x   y
25 C 05-15 M   30   20  M   D    di  rt  rf  ph  n   e   bf  n   n   n   n   y   3   18  re  un  po    p   r   r   r   x   d   x   y
26 A 06-24 G   -    -   -   P    -   -   -   -   -   -   -   -   -   -   -   -   -   -   -   -   -     -   -   -   -   -   -   -   y
27 A 06-09 T   -    -   F   R    wi  re  nd  ph  n   a   ch  y   n   n   n   u   1   26  ip  un  he    r   p   x   r   p   x   x   y
28 B 06-18 G   31   49  F   S    di  re  nd  n   n   e   bf  n   n   n   n   y   1   26  ip  o1  se    p   x   u   r   p   r   x   y
29 B 06-27 G   2    19  M   S    wi  re  nd  n   n   a   bf  n   n   n   n   n   1   41  fr  o2  po    p   d   u   r   r   r   x   y
30 C 06-12 T   5    17  F   R    di  re  fl  n   ov  e   ro  n   n   n   n   u   1   26  nr  ot  se    u   p   r   u   x   u   u   y
31 A 07-21 G   31   7   M   S    si  re  rf  n   sc  e   bf  n   y   t   n   y   9   26  nr  o1  se+he p   x   u   u   x   u   u   n
32 A 07-03 M   15   49  F   P    ma  re  po  n   n   e   ro  n   n   n   n   y   2   61  ip  un  he    d   p   u   x   u   x   x   y
33 B 07-15 T   4    25  F   R    ma  re  nd  n   n   e   ma  n   n   o   n   n   2   61  of  o1  he    a   d   u   d   x   u   x   y
34 B 07-24 M   6    20  F   R    wi  re  nd  ph  n   e   ma  n   n   t   n   u   3   41  nr  o1  se+he u   p   u   x   p   u   x   y
35 C 07-09 G   14   11  F   P    si  re  nd  n   ov  a   ph  n   n   n   n   u   2   61  ip  o1  co    u   x   x   d   r   u   x   y
36 A 08-18 T   2    19  F   E    ma  re  nd  n   n   e   ro  n   n   n   n   n   3   61  of  un  po    a   d   u   r   u   x   x   y
37 A 08-27 G   1    50  F   E    ma  re  po  ph  n   a   ch  n   n   n   g   n   1   61  nr  ot  se    d   d   u   r   u   r   x   y
38 B 08-12 M   6    7   M   P    si  id  po  n   n   a   ph  y   n   n   n   n   1   41  re  o2  se    p   r   d   r   u   d   x   y
39 B 08-21 M   3    49  M   D    ma  rt  po  n   n   a   ma  n   y   n   n   y   1   41  un  ot  co    p   p   x   x   u   x   x   y
40 C 08-03 T   31   15  F   F    ma  rt  po  me  ov  e   ma  n   n   n   n   y   1   26  ip  o1  co    r   x   u   r   u   d   x   y
41 A 09-15 M   15   16  M   P    di  rt  nd  ph  n   e   ch  y   n   n   n   n   2   26  ip  o1  se    -   -   d   r   x   d   x   y
42 A 09-24 T   0    19  F   P    ma  re  fl  me  n   m   ma  n   n   n   n   n   1   -   -   -   po    r   x   x   x   p   x   x   y
43 B 09-09 G   2    16  F   S    wi  id  po  n   sc  e   ma  n   n   n   n   -   1   18  ip  o1  -     r   p   u   u   u   r   p   y
44 B 09-18 T   4    18  F   R    si  re  nd  n   n   m   ma  y   y   n   o   n   1   26  ip  ot  he    u   p   u   r   p   r   x   y
45 C 09-27 G   6    31  F   R    di  id  rf  me  n   e   ch  y   n   n   n   n   1   26  ip  ot  se    p   p   u   d   x   x   x   y
46 A 10-12 T   31   11  -   E    si  id  fl  n   ov  e   ma  n   n   n   n   n   3   26  ip  ot  se    p   p   d   u   x   r   p   y
47 A 10-21 T   15   11  F   R    si  re  nd  n   sc  -   -   n   u   n   n   y   2   26  un  un  co    a   x   x   u   x   x   x   y
48 B 10-03 T   14   20  F   P    -   -   -   ph  n   m   bf  n   y   n   n   n   1   26  ip  o1  se    r   p   u   d   r   u   x   y
49 B 10-15 G   90   25  F   N    di  id  po  n   n   a   ma  n   y   n   n   y   1   41  ip  o2  se    a   x   r   d   u   r   x   y
50 C 10-24 G   15   31  F   R    wi  id  fl  n   n   e   ro  y   n   n   n   n   2   26  fr  o2  co    x   p   u   x   r   r   x   y
51 A 11-09 G   0    31  F   P    ma  id  pr  -   n   a   ch  n   n   n   n   n   -   26  ip  o2  se    r   x   d   u   x   u   x   y
52 A 11-18 G   4    25  F   R    ma  rt  nd  me  n   e   ro  n   y   n   -   n   1   26  un  o2  po    r   x   u   r   x   u   x   y
53 B 11-27 G   14   17  F   F    wi  id  po  me  us  m   ro  y   n   n   o   y   3   26  ip  o1  he    r   x   u   x   u   u   p   y
54 B 11-12 T   4    19  F   F    wi  re  nd  n   n   e   ma  n   n   n   n   u   2   26  of  o1  se    x   r   d   x   x   r   x   y
55 C 11-21 T   2    11  F   S    si  re  rf  me  us  a   bf  n   n   t   n   y   1   26  un  o2  se    p   p   u   r   p   r   x   y
56 A 12-03 T   1    31  M   R    di  re  rf  me  n   e   ch  n   u   n   n   u   9   26  of  ot  se+he d   p   x   d   x   r   x   y
57 A 12-15 T   1    17  F   S    ma  rt  nd  me  n   m   ch  n   n   n   n   n   1   61  fr  o1  se+he r   d   u   r   x   r   r   y
58 B 12-24 G   90   19  F   R    wi  re  rf  n   n   e   ro  n   n   n   n   n   1   61  fr  o1  se    p   x   d   x   x   u   x   n
59 B 12-09 M   6    20  F   E    si  re  fl  n   n   a   ch  n   n   n   n   n   9   26  nr  ot  po    x   d   d   x   u   d   x   y
60 C 12-18 G   2    25  M   D    ma  id  nd  n   n   a   ro  y   n   n   n   y   1   41  ip  un  se    a   p   u   x   r   d   x   y
"""
# Column -> header of the workbook, and what its short forms stand for there.
WORDS: dict[str, tuple[str, dict[str, str]]] = {
    "reg": ("INCIDENT COUNTY", {"G": "Gao", "M": "Mopti", "T": "Tombouctou"}),
    "sex": ("SEX", {"F": "F", "M": "M"}),
    "type": ("GBV TYPE", {"R": "Rape", "S": "Sexual Assault", "P": "Physical Assault", "F": "Forced Marriage", "D": "denial_of_resources", "E": "psychological_emotional_abuse", "N": "Non-GBV"}),
    "mar": ("CIVIL / MARITAL STATUS", {"si": "Single", "ma": "Married / Cohabitating", "di": "Divorced / Separated", "wi": "Widowed"}),
    "sta": ("DISPLACEMENT STATUS AT REPORT", {"re": "Resident", "id": "IDP", "rt": "Returnee"}),
    "stg": ("STAGE OF DISPLACEMENT AT INCIDENT", {"nd": "Not Displaced / Home Community", "pr": "Pre-displacement", "fl": "During Flight", "rf": "During Refuge", "po": "Post-displacement"}),
    "dis": ("PERSON WITH DISABILITY?", {"n": "No", "ph": "Physical disability", "me": "Mental disability"}),
    "chi": ("UNACCOMPANIED OR SEPARATED CHILD?", {"n": "No", "us": "Unaccompanied Minor", "sc": "Separated Child", "ov": "Other Vulnerable Child"}),
    "tim": ("INCIDENT TIME OF DAY", {"m": "Morning (sunrise to noon)", "a": "Afternoon (noon to sunset)", "e": "Evening/Night (sunset to sunrise)"}),
    "pla": ("INCIDENT LOCATION", {"ch": "client_home", "ph": "perpetrator_home", "bf": "bush_forest", "ro": "road", "ma": "market"}),
    "pra": ("HARMFUL TRADITIONAL PRACTICE", {"n": "No", "y": "Pratique locale 1"}),
    "mon": ("MONEY, GOODS, BENEFITS AND / OR SERVICES EXCHANGED ?", {"n": "No", "y": "Yes", "u": "Unknown"}),
    "abd": ("TYPE OF ABDUCTION", {"n": "None", "t": "Trafficked", "o": "Other Abduction / Kidnapping"}),
    "rep": ("PREVIOUSLY REPORTED THIS INCIDENT?", {"n": "No", "g": "Yes-GBVIMS Org / Agency", "o": "Yes-Non GBVIMS Org / Agency"}),
    "pri": ("PREVIOUS GBV INCIDENTS?", {"n": "No", "y": "Yes", "u": "Unknown"}),
    "num": ("No. ALLEGED PRIMARY PERPETRATOR(S)", {"1": "1", "2": "2", "3": "3", "9": "More than 3"}),
    "pag": ("ALLEGED PERPETRATOR AGE GROUP", {"18": "Age 18 - 25", "26": "Age 26 - 40", "41": "Age 41 - 60", "61": "Age 61 & Older"}),
    "rel": ("ALLEGED PERPETRATOR - SURVIVOR RELATIONSHIP", {"ip": "Intimate Partner / Former Partner", "pc": "Primary caregiver", "of": "Family other than spouse or caregiver", "fr": "Family Friend / Neighbor", "nr": "No relation", "re": "Other resident community member", "un": "Unknown"}),
    "occ": ("ALLEGED PERPETRATOR OCCUPATION", {"o1": "Occupation 1", "o2": "Occupation 2", "un": "Unemployed", "ot": "Other"}),
    "con": ("CONSENT GIVEN", {"y": "Yes", "n": "No"}),
}  # fmt: skip
FROM = {"se": "Self Referral / First Point of Contact", "he": "Health / Medical Services", "co": "Community or camp leader", "po": "Police / Other Security Actor"}  # fmt: skip
SERVICES = {
    "hea": "HEALTH / MEDICAL SERVICES",
    "psy": "PSYCHOSOCIAL SERVICES",
    "pol": "POLICE / OTHER SECURITY ACTOR",
    "leg": "LEGAL ASSISTANCE SERVICES",
    "she": "SAFE HOUSE / SHELTER",
    "liv": "LIVELIHOODS PROGRAM",
    "chp": "CHILD PROTECTION SERVICES / EDUCATION SERVICES",
}
OUTCOMES = {
    "r": "Referred",
    "p": "Service provided by your agency",
    "a": "Services already received from another agency",
    "d": "Referral declined by survivor",
    "u": "Service unavailable",
    "x": "Service not applicable",
}


def cells_of(row: dict[str, str]) -> dict[str, object]:
    """One row of the recorder, in its words."""
    out: dict[str, object] = {header: words.get(row[short]) for short, (header, words) in WORDS.items()}
    out |= {header: OUTCOMES.get(row[short]) for short, header in SERVICES.items()}
    out["REFERRED TO YOU FROM?"] = " & ".join(FROM[one] for one in row["frm"].split("+") if one in FROM) or None
    interview = date.fromisoformat(f"2017-{row['day']}")
    incident = None if row["late"] == "-" else interview - timedelta(days=int(row["late"]))
    # A birthday a month before the incident: no more and no less than the age.
    birth = None if incident is None else (incident - timedelta(days=30)).replace(day=1)
    birth = birth and birth.replace(year=birth.year - int(row["age"]))
    days = {INTERVIEW: interview, "DATE OF INCIDENT": incident, "DATE OF BIRTH": birth}
    return out | {header: day and day.isoformat() for header, day in days.items()}


@pytest.fixture(scope="module")
def sixty(tmp_path_factory) -> Cubes:
    """What is counted of the sixty, received as three workbooks."""
    names, *lines = (line.split() for line in ROWS.strip().splitlines())
    rows = [dict(zip(names, line, strict=True)) for line in lines]
    assert len(rows) == 60
    parts: dict[str, list[pd.DataFrame]] = defaultdict(list)
    for letter in "ABC":
        own = [cells_of(row) | {"INCIDENT ID": f"I-{row['n']}", "REPORTING AGENCY CODE": f"ORG-{letter}"} for row in rows if row["o"] == letter]  # fmt: skip
        path = workbook(tmp_path_factory.mktemp("sixty") / f"{letter}.xlsx", own)
        tables, balance = taken("gbvims_recorder", path, partner=f"org_{letter.lower()}", day=date(2018, 1, 31))
        assert balance.read == len(own) and not balance.refused
        for name, df in tables.items():
            parts[name].append(df)
    cubes, gave = counted({name: pd.concat(some, ignore_index=True) for name, some in parts.items()})
    assert gave[TOTAL, "mali", "2017"] == {"org_a": 22, "org_b": 19, "org_c": 12}
    return cubes


# Declared table -> its counts for the country and 2017, zeros left out.
BY_HAND: dict[str, dict[str, int]] = {
    "gbv_incidents": {"": 53},
    "gbv_organisations": {"": 3},
    "gbv_incidents_by_class": {"sexual": 24, "other": 29},
    "gbv_incidents_by_type": {"rape": 15, "sexual_assault": 9, "physical_assault": 14, "forced_marriage": 6, "denial_of_resources": 6, "psychological_emotional_abuse": 3},
    "gbv_survivors_by_sex": {"female": 42, "male": 9, "unknown": 2},
    "gbv_survivors_by_majority": {"child": 21, "adult": 30, "unknown": 2},
    "gbv_survivors_by_age": {"age_0_11": 8, "age_12_17": 13, "age_18_over": 30, "unknown": 2},
    "gbv_survivors_by_sex_and_majority": {
        "female.majority=child": 17, "female.majority=adult": 24, "female.majority=unknown": 1,
        "male.majority=child": 3, "male.majority=adult": 6, "unknown.majority=child": 1, "unknown.majority=unknown": 1,
    },
    "gbv_survivors_by_displacement_status": {"resident": 28, "idp": 11, "returnee": 12, "unknown": 2},
    "gbv_survivors_by_marital_status": {"single": 13, "married_cohabitating": 19, "divorced_separated": 8, "widowed": 11, "unknown": 2},
    "gbv_survivors_by_displacement_stage": {"not_displaced": 23, "pre_displacement": 8, "during_flight": 5, "during_refuge": 7, "post_displacement": 8, "unknown": 2},
    "gbv_survivors_by_vulnerability": {"with_disability": 20, "unaccompanied_minor": 4, "separated_child": 4, "other_vulnerable_child": 5},
    "gbv_incidents_by_context": {"intimate_partner_violence": 22, "child_sexual_abuse": 9, "early_marriage": 3, "possible_sexual_exploitation": 5, "possible_sexual_slavery": 5, "harmful_traditional_practice": 13},
    "gbv_incidents_by_delay": {"days_0_3": 18, "days_4_5": 10, "days_6_14": 10, "weeks_2_month_1": 6, "over_1_month": 7, "unknown": 2},
    "gbv_incidents_by_time_of_day": {"morning": 12, "afternoon": 14, "evening_night": 25, "unknown": 2},
    "gbv_incidents_by_place_type": {"client_home": 13, "perpetrator_home": 4, "bush_forest": 11, "road": 9, "market": 14, "unknown": 2},
    "gbv_rapes": {"": 15},
    "gbv_rapes_by_window": {"in_time": 4, "later": 10, "unknown": 1},
    "gbv_rapes_by_delay": {"days_0_3": 4, "days_4_5": 6, "days_6_14": 2, "weeks_2_month_1": 2, "unknown": 1},
    "gbv_rapes_with_health_by_delay": {"days_0_3": 1, "days_4_5": 1, "days_6_14": 1, "unknown": 1},
    "gbv_perpetrators_by_number": {"one": 26, "two": 11, "three": 9, "four_or_more": 5, "unknown": 2},
    # What the survivor does not know is an answer here; a question left open is none, and these lists do not add up.
    "gbv_perpetrators_by_relationship": {"intimate_partner": 22, "primary_caregiver": 2, "other_family": 8, "friend_neighbour": 6, "other_resident": 2, "no_relation": 6, "unknown": 5},
    "gbv_perpetrators_by_age": {"age_18_25": 5, "age_26_40": 27, "age_41_60": 10, "age_61_over": 9},
    "gbv_perpetrators_by_occupation": {"occupation_1": 14, "occupation_2": 14, "unemployed": 9, "other": 14},
    "gbv_prior_violence": {"": 14},
    "gbv_first_contacts": {"": 24},
    "gbv_referred_from": {"self_referral": 24, "health": 13, "community_leader": 10, "police": 11},
    "gbv_services_provided": {"health": 12, "psychosocial": 22, "shelter": 13, "child_protection": 4},
    "gbv_service_needs": {"health": 38, "psychosocial": 37, "security": 40, "legal": 40, "shelter": 35, "livelihoods": 42, "child_protection": 13},
    "gbv_service_results": {
        "health.result=obtained": 25, "health.result=declined": 5, "health.result=unavailable": 8,
        "psychosocial.result=obtained": 29, "psychosocial.result=declined": 8,
        "security.result=obtained": 7, "security.result=declined": 10, "security.result=unavailable": 23,
        "legal.result=obtained": 20, "legal.result=declined": 12, "legal.result=unavailable": 8,
        "shelter.result=obtained": 25, "shelter.result=unavailable": 10,
        "livelihoods.result=obtained": 16, "livelihoods.result=declined": 10, "livelihoods.result=unavailable": 16,
        "child_protection.result=obtained": 11, "child_protection.result=unavailable": 2,
    },
    "gbv_service_outcomes": {
        "health.outcome=referred": 13, "health.outcome=provided": 12, "health.outcome=declined": 5, "health.outcome=unavailable": 8,
        "psychosocial.outcome=referred": 7, "psychosocial.outcome=provided": 22, "psychosocial.outcome=declined": 8,
        "security.outcome=referred": 7, "security.outcome=declined": 10, "security.outcome=unavailable": 23,
        "legal.outcome=referred": 20, "legal.outcome=declined": 12, "legal.outcome=unavailable": 8,
        "shelter.outcome=referred": 12, "shelter.outcome=provided": 13, "shelter.outcome=unavailable": 10,
        "livelihoods.outcome=referred": 16, "livelihoods.outcome=declined": 10, "livelihoods.outcome=unavailable": 16,
        "child_protection.outcome=referred": 7, "child_protection.outcome=provided": 4, "child_protection.outcome=unavailable": 2,
    },
}  # fmt: skip


def of(cubes: Cubes, measure: gbv.Measure, place: str, period: str) -> dict[str, int]:
    """The counts of one declared table, zeros left out, by what their key has after the first dimension's name."""
    stem = measure.indicator + "".join(f".{name}=" for name, _ in measure.dimensions[:1])
    names = [name for name, _ in measure.dimensions]
    out = {}
    for (k, p, t), n in cubes.items():
        its = [part.partition("=")[0] for part in k.split(".")[1:]]
        if (p, t) == (place, period) and k.startswith(stem) and its == names and k.split(".")[0] == measure.indicator:
            out[k.removeprefix(stem)] = int(n)
    return {code: n for code, n in out.items() if n}


def test_every_declared_statistic_is_counted_by_hand_somewhere_below():
    assert list(BY_HAND) == [m.name for m in gbv.MEASURES]


@pytest.mark.parametrize("measure", gbv.MEASURES, ids=lambda m: m.name)
def test_sixty_incidents_are_counted_as_by_hand(sixty, measure):
    assert of(sixty, measure, *YEAR) == BY_HAND[measure.name]


REGIONS = {"cod2021:ML07": (7, 7, 3, 5), "cod2021:ML05": (5, 4, 5, 1), "cod2021:ML06": (1, 3, 5, 7)}


def test_sixty_incidents_by_month_quarter_and_region(sixty):
    months = [sixty[TOTAL, "mali", f"2017-{m:02d}"] for m in range(1, 13)]
    assert months == [4, 4, 5, 4, 5, 5, 4, 4, 5, 4, 5, 4]
    assert [sixty[TOTAL, "mali", f"2017-Q{q}"] for q in (1, 2, 3, 4)] == [13, 14, 13, 13]
    for region, quarters in REGIONS.items():
        assert [sixty[TOTAL, region, f"2017-Q{q}"] for q in (1, 2, 3, 4)] == list(quarters)
        assert sixty[TOTAL, region, "2017"] == sum(quarters)
        assert (TOTAL, region, "2017-03") not in sixty, "the month is national"
    # Where nobody sent anything, nothing is counted.
    assert {place for _, place, _ in sixty} == {*REGIONS, "mali", "gao", "mopti", "tombouctou"}
    assert codes(sixty, TOTAL, "gbv_type", "cod2021:ML05") == {"rape": 2, "physical_assault": 5, "forced_marriage": 3, "denial_of_resources": 4, "psychological_emotional_abuse": 1}  # fmt: skip
    assert codes(sixty, TOTAL, "violence_class", "cod2021:ML06", "2017-Q4") == {"sexual": 4, "other": 3}


# --- the same sixty, counted by other SQL -------------------------------------------------------------------------------

# Short forms of the sixty -> codes, question by question; what is not here was not answered.
SHORT = {
    "sex": "F female M male",
    "mar": "si single ma married_cohabitating di divorced_separated wi widowed",
    "sta": "re resident id idp rt returnee",
    "stg": "nd not_displaced pr pre_displacement fl during_flight rf during_refuge po post_displacement",
    "tim": "m morning a afternoon e evening_night",
    "pla": "ch client_home ph perpetrator_home bf bush_forest ro road ma market",
    "num": "1 one 2 two 3 three 9 four_or_more",
    "pag": "18 age_18_25 26 age_26_40 41 age_41_60 61 age_61_over",
    "rel": "ip intimate_partner pc primary_caregiver of other_family fr friend_neighbour nr no_relation re other_resident un unknown",
    "occ": "o1 occupation_1 o2 occupation_2 un unemployed ot other",
    "typ": "R rape S sexual_assault P physical_assault F forced_marriage D denial_of_resources E psychological_emotional_abuse",
    "frm": "se self_referral he health co community_leader po police",
    "sector": "hea health psy psychosocial pol security leg legal she shelter liv livelihoods chp child_protection",
    "outcome": "r referred p provided d declined u unavailable",
}
KEPT = """
CREATE VIEW kept AS SELECT * REPLACE (nullif(late, '-')::INT AS late, nullif(age, '-')::INT AS age),
  CASE WHEN late = '-' THEN 'unknown' WHEN late::INT < 4 THEN 'days_0_3' WHEN late::INT < 6 THEN 'days_4_5'
       WHEN late::INT < 15 THEN 'days_6_14' WHEN late::INT < 31 THEN 'weeks_2_month_1' ELSE 'over_1_month' END AS delay,
  CASE WHEN late = '-' THEN 'unknown' WHEN age::INT < 12 THEN 'age_0_11' WHEN age::INT < 18 THEN 'age_12_17' ELSE 'age_18_over' END AS band,
  CASE WHEN late = '-' THEN 'unknown' WHEN age::INT < 18 THEN 'child' ELSE 'adult' END AS major
FROM sixty WHERE con = 'y' AND rep <> 'g' AND typ <> 'N';
CREATE VIEW services AS SELECT s.code AS service, o.code AS outcome FROM (UNPIVOT kept ON hea, psy, pol, leg, she, liv, chp INTO NAME sector VALUE outcome) u
JOIN short s ON s.question = 'sector' AND s.short = u.sector JOIN short o ON o.question = 'outcome' AND o.short = u.outcome
"""


def answers(question: str, where: str = "true", *, open_counts: bool = True) -> str:
    """How many gave each answer to a question, those who gave none under `unknown` (unless they count in nothing)."""
    join = "LEFT JOIN" if open_counts else "JOIN"
    return f"SELECT coalesce(s.code, 'unknown'), count(*) FROM kept k {join} short s ON s.question = '{question}' AND s.short = k.{question} WHERE {where} GROUP BY ALL"


BY_SQL = {
    "gbv_incidents": "SELECT '', count(*) FROM kept",
    "gbv_organisations": "SELECT '', count(DISTINCT o) FROM kept",
    "gbv_incidents_by_class": "SELECT CASE WHEN typ IN ('R', 'S') THEN 'sexual' ELSE 'other' END, count(*) FROM kept GROUP BY ALL",
    "gbv_incidents_by_type": answers("typ"),
    "gbv_survivors_by_sex": answers("sex"),
    "gbv_survivors_by_majority": "SELECT major, count(*) FROM kept GROUP BY ALL",
    "gbv_survivors_by_age": "SELECT band, count(*) FROM kept GROUP BY ALL",
    "gbv_survivors_by_sex_and_majority": "SELECT concat(CASE sex WHEN 'F' THEN 'female' WHEN 'M' THEN 'male' ELSE 'unknown' END, '.majority=', major), count(*) FROM kept GROUP BY ALL",
    "gbv_survivors_by_displacement_status": answers("sta"),
    "gbv_survivors_by_marital_status": answers("mar"),
    "gbv_survivors_by_displacement_stage": answers("stg"),
    "gbv_survivors_by_vulnerability": """
        SELECT 'with_disability', count(*) FROM kept WHERE dis IN ('ph', 'me') UNION ALL
        SELECT CASE chi WHEN 'us' THEN 'unaccompanied_minor' WHEN 'sc' THEN 'separated_child' ELSE 'other_vulnerable_child' END, count(*)
        FROM kept WHERE chi IN ('us', 'sc', 'ov') GROUP BY ALL""",
    "gbv_incidents_by_context": """
        SELECT 'intimate_partner_violence', count(*) FROM kept WHERE rel = 'ip' UNION ALL
        SELECT 'child_sexual_abuse', count(*) FROM kept WHERE typ IN ('R', 'S') AND major = 'child' UNION ALL
        SELECT 'early_marriage', count(*) FROM kept WHERE typ = 'F' AND major = 'child' UNION ALL
        SELECT 'possible_sexual_exploitation', count(*) FROM kept WHERE typ IN ('R', 'S') AND mon = 'y' UNION ALL
        SELECT 'possible_sexual_slavery', count(*) FROM kept WHERE typ IN ('R', 'S') AND abd IN ('t', 'o') UNION ALL
        SELECT 'harmful_traditional_practice', count(*) FROM kept WHERE pra = 'y'""",
    "gbv_incidents_by_delay": "SELECT delay, count(*) FROM kept GROUP BY ALL",
    "gbv_incidents_by_time_of_day": answers("tim"),
    "gbv_incidents_by_place_type": answers("pla"),
    "gbv_rapes": "SELECT '', count(*) FROM kept WHERE typ = 'R'",
    "gbv_rapes_by_window": """
        SELECT CASE delay WHEN 'days_0_3' THEN 'in_time' WHEN 'unknown' THEN 'unknown' ELSE 'later' END, count(*)
        FROM kept WHERE typ = 'R' GROUP BY ALL""",
    "gbv_rapes_by_delay": "SELECT delay, count(*) FROM kept WHERE typ = 'R' GROUP BY ALL",
    "gbv_rapes_with_health_by_delay": "SELECT delay, count(*) FROM kept WHERE typ = 'R' AND hea IN ('r', 'p') GROUP BY ALL",
    "gbv_perpetrators_by_number": answers("num"),
    "gbv_perpetrators_by_relationship": answers("rel", open_counts=False),
    "gbv_perpetrators_by_age": answers("pag", open_counts=False),
    "gbv_perpetrators_by_occupation": answers("occ", open_counts=False),
    "gbv_prior_violence": "SELECT '', count(*) FROM kept WHERE pri = 'y'",
    "gbv_first_contacts": "SELECT '', count(*) FROM kept WHERE frm LIKE '%se%'",
    "gbv_referred_from": "SELECT s.code, count(*) FROM (SELECT unnest(string_split(frm, '+')) AS one FROM kept) k JOIN short s ON s.question = 'frm' AND s.short = k.one GROUP BY ALL",
    "gbv_services_provided": "SELECT service, count(*) FROM services WHERE outcome = 'provided' GROUP BY ALL",
    "gbv_service_needs": "SELECT service, count(*) FROM services GROUP BY ALL",
    "gbv_service_results": "SELECT concat(service, '.result=', CASE WHEN outcome IN ('referred', 'provided') THEN 'obtained' ELSE outcome END), count(*) FROM services GROUP BY ALL",
    "gbv_service_outcomes": "SELECT concat(service, '.outcome=', outcome), count(*) FROM services GROUP BY ALL",
}  # fmt: skip


@pytest.fixture(scope="module")
def by_sql() -> dict[str, dict[str, int]]:
    """The sixty as they are written above, in a database that knows nothing of the package."""
    names, *lines_ = (line.split() for line in ROWS.strip().splitlines())
    sixty_ = pd.DataFrame(lines_, columns=["typ" if name == "type" else name for name in names])  # noqa: F841 (read by DuckDB)
    words = [(question, *pair) for question, text in SHORT.items() for pair in zip(text.split()[::2], text.split()[1::2], strict=True)]  # fmt: skip
    with duckdb.connect() as con:
        con.execute("CREATE TABLE sixty AS FROM sixty_")
        con.execute("CREATE TABLE short (question VARCHAR, short VARCHAR, code VARCHAR)")
        con.executemany("INSERT INTO short VALUES (?, ?, ?)", words)
        con.execute(KEPT)
        return {name: dict(con.execute(sql).fetchall()) for name, sql in BY_SQL.items()}


@pytest.mark.parametrize("measure", gbv.MEASURES, ids=lambda m: m.name)
def test_sixty_incidents_are_counted_as_by_other_sql(sixty, by_sql, measure):
    assert of(sixty, measure, *YEAR) == {code: n for code, n in by_sql[measure.name].items() if n}


# --- countings that are wrong -------------------------------------------------------------------------------------------

# Key -> what is right, and what the sixty would give if they were counted in that wrong way.
WRONG = [
    pytest.param(f"{TOTAL}.context=possible_sexual_exploitation", 5, 24, id="money-no-counted-as-yes"),
    pytest.param(f"{TOTAL}.context=possible_sexual_exploitation", 5, 9, id="money-without-sexual-violence"),
    pytest.param(f"{TOTAL}.context=possible_sexual_slavery", 5, 23, id="abduction-none-counted-as-yes"),
    pytest.param(f"{TOTAL}.context=harmful_traditional_practice", 13, 52, id="practice-no-counted-as-yes"),
    pytest.param(f"{TOTAL}.context=early_marriage", 3, 6, id="marriage-at-18-and-over-counted-as-early"),
    pytest.param(f"{TOTAL}.context=child_sexual_abuse", 9, 21, id="any-violence-against-a-child"),
    pytest.param(f"{TOTAL}.gbv_type=forced_marriage", 6, 3, id="early-marriage-is-a-context-not-a-type"),
    pytest.param(f"{TOTAL}.delay=days_0_3", 18, 25, id="day-4-within-72-hours"),
    pytest.param(f"{TOTAL}.delay=days_4_5", 10, 3, id="day-4-lost-to-its-band"),
    pytest.param(f"{RAPES}.delay=days_0_3", 4, 8, id="rapes-day-4-within-72-hours"),
    pytest.param("gbv_rapes_with_health.delay=days_0_3", 1, 2, id="with-health-day-4-or-received-elsewhere"),
    pytest.param(f"{TOTAL}.age_band=age_18_over", 30, 1, id="ages-18-to-49-lost"),
    pytest.param(f"{TOTAL}.age_band=age_18_over", 30, 8, id="ages-20-to-49-lost"),
    pytest.param(f"{TOTAL}.majority=child", 21, 28, id="19-year-olds-taken-for-children"),
    pytest.param(f"{TOTAL}.violence_class=sexual", 24, 53, id="every-type-is-sexual-violence"),
    pytest.param(f"{TOTAL}.violence_class=sexual", 24, 15, id="rapes-only"),
    pytest.param(TOTAL, 53, 56, id="without-consent"),
    pytest.param(TOTAL, 53, 55, id="twice-among-gbvims-organisations"),
    pytest.param(TOTAL, 53, 50, id="told-outside-gbvims-left-out"),
    pytest.param(f"{TOTAL}.gbv_type=psychological_emotional_abuse", 3, 5, id="types-of-incidents-counted-elsewhere"),
    pytest.param(f"{TOTAL}.sex=female", 42, 44, id="missing-answers-spread"),
    pytest.param(f"{TOTAL}.sex=unknown", 2, 0, id="missing-answers-dropped"),
    pytest.param("gbv_service_needs.service=health", 38, 46, id="already-received-is-no-need"),
    pytest.param("gbv_service_needs.service=shelter.result=unavailable", 10, 0, id="a-gap-that-is-not-shown"),
    pytest.param("gbv_service_needs.service=security.result=unavailable", 23, 33, id="declined-is-no-gap"),
]


@pytest.mark.parametrize(("key", "right", "wrong"), WRONG)
def test_wrong_countings_give_other_numbers(sixty, key, right, wrong):
    assert sixty[key, *YEAR] == right != wrong


def test_the_month_is_that_of_the_report_and_not_of_the_incident(sixty):
    by_incident = {"2016-10": 1, "2016-12": 2, "2017-01": 3, "2017-06": 4, "2017-09": 6}
    assert not [period for _, _, period in sixty if period.startswith("2016")]
    found = {month: sixty.get((TOTAL, "mali", month), 0) for month in by_incident}
    assert found == {"2016-10": 0, "2016-12": 0, "2017-01": 4, "2017-06": 5, "2017-09": 5}
    assert not [month for month, n in by_incident.items() if found[month] == n]


# --- random incidents: sums that must hold ------------------------------------------------------------------------------

SEND_TABLES, SEND_ROWS, SEND_BOTH = ("org_a", "org_b"), ("org_c",), ("org_d",)
# Canonical column -> list, for answers that may be missing; those that may not are drawn apart.
OPTIONAL = {
    "marital_status": "marital_status",
    "displacement_status": "displacement_status",
    "displacement_stage": "displacement_stage",
    "child_vulnerability": "child_vulnerability",
    "disability": "yes_no_unknown",
    "time_of_day": "time_of_day",
    "place_type": "incident_place",
    "perpetrator_number": "perpetrator_number",
    "perpetrator_relationship": "perpetrator_relationship",
    "perpetrator_age": "perpetrator_age",
    "perpetrator_occupation": "perpetrator_occupation",
    "previously_reported": "previously_reported",
    "prior_gbv": "yes_no_unknown",
}
REQUIRED = {"gbv_type": "gbv_type", "sex": "sex", "age_band": "age_band", "delay": "delay"}
NEEDED = ("referred", "provided", "declined", "unavailable")
Incident = dict[str, object]


def draw_incident(rng: Random, number: int, month: str, organisation: str) -> Incident:
    """One invented incident with its answers and outcomes; any of them may be missing."""
    one: Incident = {c: rng.choice(list(code_list(name))) for c, name in REQUIRED.items()}
    for column, name in OPTIONAL.items():
        one[column] = None if rng.random() < 0.15 else rng.choice(list(code_list(name)))
    some = [c for c in code_list("gbv_context") if rng.random() < 0.2]
    sources = [] if rng.random() < 0.1 else rng.sample(list(code_list("referral_source")), rng.choice((1, 1, 2)))
    outcomes = {s: rng.choice(list(code_list("referral_outcome"))) for s in code_list("service") if rng.random() < 0.8}
    one |= {"contexts": " ".join(some) or None, "referred_from": " ".join(sorted(sources)) or None}
    one |= {"is_first_contact": "self_referral" in sources if sources else pd.NA, "outcomes": outcomes}
    one |= {"has_consent": rng.random() > 0.1, "report_month": month, "organisation": organisation}
    return one | {
        "gbv_id": f"{number:016x}",
        "edition": "cod2021",
        "region_pcode": rng.choice(("ML05", "ML07", "ML10")),
    }


def is_counted(one: Incident) -> bool:
    return (
        bool(one["has_consent"])
        and one["previously_reported"] != "gbvims_organisation"
        and one["gbv_type"] != "non_gbv"
    )


def lines_of(one: Incident) -> list[tuple[str, str]]:
    """The lines of a monthly table in which a counted incident stands."""
    outcomes: dict[str, str] = one["outcomes"]
    out = [("new_incidents", "total"), *((s, one[column] or "incomplete") for s, column in ONE_ANSWER.items())]
    out += [("prior_gbv", "total")] * (one["prior_gbv"] == "yes")
    out += [("first_contact", "total")] * (one["is_first_contact"] is True)
    out += [("vulnerable_survivors", str(one["child_vulnerability"] or "incomplete"))]
    out += [("vulnerable_survivors", "with_disability")] * (one["disability"] == "yes")
    for statistic, column in (("incidents_by_context", "contexts"), ("referred_from", "referred_from")):
        out += [(statistic, code) for code in (one[column] or "").split()]
    if one["gbv_type"] == "rape":
        out.append(("rapes_by_delay", one["delay"]))
        out += [("rapes_with_health_by_delay", one["delay"])] * (outcomes.get("health") in ("referred", "provided"))
    out += [("services_provided", s) for s, outcome in outcomes.items() if outcome == "provided"]
    out += [("new_referrals", f"{s}.{outcomes.get(s, 'incomplete')}") for s in code_list("service")]
    return out + [("new_referrals", f"{s}.needed") for s, outcome in outcomes.items() if outcome in NEEDED]


def lines() -> list[tuple[str, str]]:
    return [cell for cell, _, _ in gbv_tables.lines()]


def table_rows(some: list[Incident], months: list[str], blank: set[tuple[str, str]]) -> list[dict]:
    """The monthly tables of one organisation: zeros written, blanks where it cannot give a line."""
    found = Counter(
        (one["report_month"], one["region_pcode"], *line) for one in some if is_counted(one) for line in lines_of(one)
    )
    keys = ("month", "edition", "region_pcode", "statistic", "category", "organisation", "people")
    return [
        dict(zip(keys, (month, "cod2021", region, *line, some_name, pd.NA if line in blank else found[month, region, *line]), strict=True))
        for some_name in {str(one["organisation"]) for one in some}
        for month in months
        for region in ("ML05", "ML07", "ML10")
        for line in lines()
    ]  # fmt: skip


def row_frames(some: list[Incident]) -> dict[str, pd.DataFrame]:
    """The same as rows of recorders; consent is asked at reception, and asked again."""
    services = [
        {"gbv_id": one["gbv_id"], "service": s, "outcome": outcome, "report_month": one["report_month"]}
        for one in some
        for s, outcome in one["outcomes"].items()
    ]
    kept = definition("gbv_incidents").kept
    rows = [{c: one.get(c) for c in kept} for one in some]
    return {"gbv_incidents": framed("gbv_incidents", rows), "gbv_services": framed("gbv_services", services)}


def random_world(seed: int) -> tuple[list[Incident], dict[str, set[tuple[str, str]]], dict[str, pd.DataFrame]]:
    """Incidents over a year and a half, what two organisations cannot give, and what came of both.

    2017 is whole; of 2016, one month of the last quarter was sent by nobody.
    """
    rng = Random(seed)
    months = ["2016-10", "2016-12", *(f"2017-{m:02d}" for m in range(1, 13))]
    made: list[Incident] = []
    for organisation in (*SEND_TABLES, *SEND_ROWS, *SEND_BOTH):
        for month in months:
            for _ in range(rng.choice((1, 2, 4))):
                made.append(draw_incident(rng, len(made), month, organisation))
    # One is sure to count each month, so that rows cannot leave a month out.
    for month in months:
        sure = draw_incident(rng, len(made), month, SEND_ROWS[0])
        made.append(sure | {"has_consent": True, "previously_reported": "no", "gbv_type": "rape"})
    blanks = {organisation: random_blanks(rng) for organisation in SEND_TABLES} | {SEND_BOTH[0]: set()}
    rows: list[dict] = []
    for organisation, blank in blanks.items():
        rows += table_rows([one for one in made if one["organisation"] == organisation], months, blank)
    tables = {"gbv_aggregates": framed("gbv_aggregates", rows)}
    tables |= row_frames([one for one in made if one["organisation"] in (*SEND_ROWS, *SEND_BOTH)])
    return made, blanks, tables


def random_blanks(rng: Random) -> set[tuple[str, str]]:
    """Whole statistics that an organisation cannot give, and single lines."""
    whole = [s for s in code_list("gbv_statistic") if s != "new_incidents" and rng.random() < 0.2]
    return {line for line in lines() if line[0] in whole or (line[0] != "new_incidents" and rng.random() < 0.05)}


def tree(cubes: Cubes) -> dict[tuple[str, str], dict[str, int]]:
    out: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for (key, place, period), n in cubes.items():
        out[place, period][key] = int(n)
    return out


def keys_of(measure: gbv.Measure) -> list[str]:
    found = [measure.indicator]
    for name, codes_ in measure.dimensions:
        found = [f"{key}.{name}={code}" for key in found for code in code_list(codes_)]
    return found


def broken_sums(cubes: Cubes) -> list[str]:
    """Every sum that a reader could make and that does not hold."""
    out = []
    for (place, period), n in tree(cubes).items():
        for m in gbv.MEASURES:
            keys = [key for key in keys_of(m) if key in n]
            if not keys:
                continue
            if len(m.dimensions) == 1 and m.adds_up and m.indicator in n and sum(n[k] for k in keys) != n[m.indicator]:
                out.append(f"{m.name} {place} {period}: the parts are not the whole")
            for after, parts in m.parts.items():
                whole = f"{m.indicator}.{after}".rstrip(".")
                if whole in n and all(part in n for part in parts) and sum(n[p] for p in parts) != n[whole]:
                    out.append(f"{whole} {place} {period}: not the sum of {parts}")
            for key in keys:
                for stem in m.within:
                    same = key.replace(m.indicator, stem, 1)
                    holder = same if same in n else stem
                    if holder in n and n[key] > n[holder]:
                        out.append(f"{key} {place} {period}: more than {holder}")
        for one, other in (("sex", "majority"), ("majority", "sex")):
            for code in code_list(one):
                parts = [tuple(sorted((f"{one}={code}", f"{other}={c}"), reverse=True)) for c in code_list(other)]
                some = [n[f"{TOTAL}.{'.'.join(part)}"] for part in parts if f"{TOTAL}.{'.'.join(part)}" in n]
                if some and sum(some) != n[f"{TOTAL}.{one}={code}"]:
                    out.append(f"{one}={code} {place} {period}: not the sum over {other}")
        for service in code_list("service"):
            need = f"gbv_service_needs.service={service}"
            for split, of_ in (("result", ("obtained", "declined", "unavailable")), ("outcome", NEEDED)):
                if f"{need}.{split}={of_[0]}" in n and sum(n[f"{need}.{split}={one}"] for one in of_) != n[need]:
                    out.append(f"{need} {place} {period}: not the sum of its {split}s")
        if period in ("2016", "2016-Q4", "2016-11"):
            out.append(f"{period}: a month of it was sent by nobody")
    return out


def quarters_and_regions(cubes: Cubes) -> list[str]:
    """Every number of a longer period or of the country that is not the sum of the shorter ones or of its regions."""
    out = []
    shorter = {f"2017-Q{q}": [f"2017-{3 * q - 2 + i:02d}" for i in range(3)] for q in (1, 2, 3, 4)}
    shorter["2017"] = list(shorter)
    regions = {place for _, place, _ in cubes if ":" in place}
    for (key, place, period), n in cubes.items():
        if key == "gbv_organisations_reporting":
            continue
        parts = [cubes.get((key, place, part)) for part in shorter.get(period, ())]
        known = [part for part in parts if part is not None]
        if known and sum(known) != n and (place == "mali" or len(known) == len(parts)):
            out.append(f"{key} {place} {period}: {n} is not the sum {known} of its parts in time")
        of_regions = [cubes[key, region, period] for region in regions if (key, region, period) in cubes]
        if place == "mali" and of_regions and sum(of_regions) != n:
            out.append(f"{key} {period}: {n} is not the sum {of_regions} of its regions")
    return out


def check_world(seed: int) -> None:
    made, _, tables = random_world(seed)
    cubes, gave = counted(tables)
    assert broken_sums(cubes) == []
    assert quarters_and_regions(cubes) == []
    # Where everything came as rows, age and sex are crossed too.
    only_rows, _ = counted({name: tables[name] for name in ("gbv_incidents", "gbv_services")})
    assert broken_sums(only_rows) == quarters_and_regions(only_rows) == []
    assert CROSSED in {k for k, _, p in only_rows if p == "2017"} and CROSSED not in {k for k, _, _ in cubes}
    # What organisations gave is every cell, and nothing else.
    by_organisation = {key for m in gbv.MEASURES if m.by_organisation for key in keys_of(m)}
    cells = {address: n for address, n in cubes.items() if address[0] in by_organisation and n}
    assert {address: sum(of_.values()) for address, of_ in gave.items() if sum(of_.values())} == cells
    # Exclusions hold, and whoever sends both tables and rows is counted once.
    for period in ("2016-10", "2016-12", "2017-07", "2017-Q3", "2017"):
        months = {f"2017-{m:02d}" for m in (7, 8, 9)} if period == "2017-Q3" else None
        some = [o for o in made if is_counted(o) and (o["report_month"] in months if months else str(o["report_month"]).startswith(period))]  # fmt: skip
        assert cubes[TOTAL, "mali", period] == len(some)
        from_each = {name: n for name, n in gave[TOTAL, "mali", period].items() if n}
        assert from_each == Counter(str(o["organisation"]) for o in some)
    assert cubes["gbv_organisations_reporting", "mali", "2017"] == 4


@random_cases(1)
@given(seed=st.integers(0, 10**9))
def test_sums_hold_in_any_world(seed):
    check_world(seed)


@pytest.mark.full
@random_cases(60)
@given(seed=st.integers(0, 10**9))
def test_sums_hold_in_many_worlds(seed):
    check_world(seed)


# --- what is not given, what is given twice -----------------------------------------------------------------------------


def incident(number: int, month: str, organisation: str, **answers: object) -> Incident:
    """One incident that counts, a woman's, without any answer that is not asked for."""
    one = dict.fromkeys((*OPTIONAL, "contexts", "referred_from")) | {"is_first_contact": pd.NA, "outcomes": {}}
    one |= {"gbv_type": "physical_assault", "sex": "female", "age_band": "age_18_over", "delay": "days_0_3"}
    one |= {"has_consent": True, "report_month": month, "organisation": organisation, "gbv_id": f"{number:016x}"}
    return one | {"edition": "cod2021", "region_pcode": "ML07"} | answers


MAY = ["2017-04", "2017-05", "2017-06"]


def month_of(organisation: str, number: int = 4, month: str = "2017-05", **answers: object) -> list[Incident]:
    first = hash_of(organisation, month)
    return [incident(first + n, month, organisation, **answers) for n in range(number)]


@cache
def hash_of(organisation: str, month: str) -> int:
    """Where the identifiers of an organisation's month begin."""
    return (ord(organisation[-1]) * 100 + int(month[-2:])) * 1000


def quarter(organisation: str) -> list[Incident]:
    return [one for month in MAY for one in month_of(organisation, month=month)]


def test_an_organisation_that_cannot_give_a_statistic_counts_as_unanswered():
    cannot = {line for line in lines() if line[0] in ("survivors_by_age", "incidents_by_delay")}
    some = table_rows(quarter("org_a"), MAY, set()) + table_rows(quarter("org_b"), MAY, cannot)
    cubes, _ = counted({"gbv_aggregates": framed("gbv_aggregates", some)})
    assert codes(cubes, TOTAL, "age_band", period="2017-Q2") == {"age_18_over": 12, "unknown": 12}
    assert codes(cubes, TOTAL, "delay", period="2017-Q2") == {"days_0_3": 12, "unknown": 12}
    assert codes(cubes, TOTAL, "majority", period="2017-05") == {"adult": 4, "unknown": 4}
    assert codes(cubes, TOTAL, "sex", period="2017-05") == {"female": 8}


def test_a_month_without_the_number_of_new_incidents_counts_in_nothing():
    blank = {("new_incidents", "total")}
    some = table_rows(quarter("org_a"), MAY, set()) + table_rows(quarter("org_b"), MAY, blank)
    cubes, _ = counted({"gbv_aggregates": framed("gbv_aggregates", some)})
    assert cubes[TOTAL, "mali", "2017-Q2"] == cubes[f"{TOTAL}.sex=female", "mali", "2017-Q2"] == 12
    assert cubes["gbv_organisations_reporting", "mali", "2017-Q2"] == 1


def test_delays_of_rapes_without_the_number_of_rapes_count_in_nothing():
    rapes = [one | {"gbv_type": "rape", "outcomes": {"health": "provided"}} for one in quarter("org_b")]
    for missing, left in ((("incidents_by_type", "rape"), 0), (("rapes_by_delay", "days_0_3"), 12)):
        blank = {line for line in lines() if line == missing}
        cubes, _ = counted({"gbv_aggregates": framed("gbv_aggregates", table_rows(rapes, MAY, blank))})
        assert (
            cubes.get((RAPES, "mali", "2017-Q2"), 0)
            == left
            == sum(codes(cubes, RAPES, "delay", period="2017-Q2").values())
        )
        assert codes(cubes, "gbv_rapes_with_health", "delay", period="2017-Q2") == {}


def test_rapes_with_health_never_exceed_the_rapes_of_their_delay():
    # All four rapes came within three days; the table says of a fifth that it was seen, and leaves blank whose delay is unknown.
    some = [one | {"gbv_type": "rape"} for one in month_of("org_a")]
    rows = table_rows(some, ["2017-05"], {("rapes_by_delay", "unknown")})
    for row in rows:
        if row["region_pcode"] == "ML07" and row["statistic"] == "rapes_with_health_by_delay":
            row["people"] = {"days_0_3": 3, "unknown": 1}.get(row["category"], 0)
    months = [row | {"month": month} for month in MAY for row in rows]
    cubes, _ = counted({"gbv_aggregates": framed("gbv_aggregates", months)})
    assert codes(cubes, RAPES, "delay", period="2017-Q2") == {"days_0_3": 12}
    assert codes(cubes, "gbv_rapes_with_health", "delay", period="2017-Q2") == {"days_0_3": 9}


def test_rows_without_consent_count_in_nothing_wherever_they_come_from():
    both = [*quarter("org_b"), *quarter("org_a")]
    refused = [one | {"has_consent": False, "gbv_id": f"{n:016x}"} for n, one in enumerate(both)]
    cubes, gave = counted(row_frames(quarter("org_a") + refused))
    assert gave[TOTAL, "mali", "2017-Q2"] == {"org_a": 12} and cubes[TOTAL, "mali", "2017-Q2"] == 12
    assert cubes["gbv_organisations_reporting", "mali", "2017-Q2"] == 1
    cubes, _ = counted(row_frames(refused))
    assert cubes == {}


@pytest.mark.parametrize("sent", ["tables", "rows"])
def test_a_quarter_with_a_month_that_nobody_sent_does_not_exist(sent):
    some = [one for one in quarter("org_a") if one["report_month"] != "2017-05"]
    rows = framed("gbv_aggregates", table_rows(some, ["2017-04", "2017-06"], set()))
    cubes, _ = counted({"gbv_aggregates": rows} if sent == "tables" else row_frames(some))
    assert {period for _, _, period in cubes} == {"2017-04", "2017-06"}


def test_whoever_sends_tables_and_rows_for_a_month_is_counted_once():
    # Its May came as rows, with one incident more; its April and June as tables.
    april_to_june = framed("gbv_aggregates", table_rows(quarter("org_a"), MAY, set()))
    cubes, gave = counted({"gbv_aggregates": april_to_june} | row_frames(month_of("org_a", 5)))
    assert [cubes[TOTAL, "mali", period] for period in (*MAY, "2017-Q2")] == [4, 5, 4, 13]
    assert gave[TOTAL, "mali", "2017-Q2"] == {"org_a": 13}
    # Another organisation's rows take nothing away from it.
    cubes, gave = counted({"gbv_aggregates": april_to_june} | row_frames(month_of("org_b", 5)))
    assert gave[TOTAL, "mali", "2017-05"] == {"org_a": 4, "org_b": 5}


def test_age_and_sex_are_crossed_only_where_every_case_came_as_a_row():
    rows = row_frames(quarter("org_a") + [one | {"age_band": "age_12_17"} for one in quarter("org_c")])
    of_b = framed("gbv_aggregates", table_rows(quarter("org_b"), MAY, set()))
    cubes, gave = counted(rows)
    assert (cubes[CROSSED, "mali", "2017-Q2"], cubes[f"{TOTAL}.sex=female.majority=adult", "mali", "2017-Q2"]) == (
        12,
        12,
    )
    assert gave[CROSSED, "mali", "2017-Q2"] == {"org_c": 12}
    assert not [address for address in cubes if address[0] == CROSSED and address[1:] != ("mali", "2017-Q2")], "R3, R11"
    mixed, _ = counted(rows | {"gbv_aggregates": of_b})
    assert mixed[f"{TOTAL}.sex=female", "mali", "2017-Q2"] == 36 and CROSSED not in {key for key, _, _ in mixed}
    # One who reports by table that it has no case takes nothing away; nor does a table of a month that came as rows.
    none = of_b.assign(people=of_b["people"] * 0)
    twice = framed("gbv_aggregates", table_rows(quarter("org_a"), MAY, set()))
    for tables in (none, twice):
        again, _ = counted(rows | {"gbv_aggregates": tables})
        assert again[CROSSED, "mali", "2017-Q2"] == 12


@pytest.mark.parametrize("sent", ["tables", "rows"])
def test_a_month_whose_incidents_all_count_elsewhere_is_a_month_reported(sent):
    known = [one | {"previously_reported": "gbvims_organisation"} for one in month_of("org_a")]
    some = known + [one for one in quarter("org_a") if one["report_month"] != "2017-05"]
    rows = framed("gbv_aggregates", table_rows(some, MAY, set()))
    cubes, _ = counted({"gbv_aggregates": rows} if sent == "tables" else row_frames(some))
    assert [cubes[TOTAL, "mali", period] for period in (*MAY, "2017-Q2")] == [4, 0, 4, 8]
    assert cubes["gbv_organisations_reporting", "mali", "2017-05"] == 1


# --- the example: tables and rows of the same survivors -------------------------------------------------------------------


def tables_of_example(letter: str, months: list[str]) -> pd.DataFrame:
    """The monthly tables of one invented organisation, as its generator counts them."""
    (organisation,) = (o for o in gbv_calibration.ORGANISATIONS if o.letter == letter)
    groups = gbv_world.by_month_and_region(gbv_world.of(letter))
    rows = []
    for month in months:
        for region in sorted(organisation.regions):
            numbers = gbv_tables.counts(groups.get((month, region), ()))
            where = {"month": month, "edition": "cod2021", "region_pcode": region}
            rows += [
                where | {"statistic": statistic, "category": category, "organisation": f"organisation_exemple_{letter.lower()}",
                         "people": numbers[statistic, category]}
                for statistic, category in lines() if (statistic, category) not in gbv_tables.NOT_AVAILABLE
            ]  # fmt: skip
    return framed("gbv_aggregates", rows)


@pytest.mark.full
def test_tables_and_rows_of_the_same_incidents_give_the_same_counts(tmp_path):
    months = [f"2017-{m:02d}" for m in range(1, 13)]
    path = tmp_path / "EXEMPLE_enregistreur.xlsx"
    gbvims_recorder.write_recorder(path, "C", months)
    rows, balance = taken("gbvims_recorder", path, partner="organisation_exemple_c", day=date(2018, 1, 31))
    assert not balance.refused and len(rows["gbv_incidents"]) > 250
    from_rows, gave = counted(rows)
    tables = {"gbv_aggregates": tables_of_example("C", months)}
    from_tables, gave_tables = counted(tables)
    crossed = {a: n for a, n in from_rows.items() if ".sex=" in a[0] and ".majority=" in a[0]}
    assert crossed and not crossed.keys() & from_tables.keys(), "tables give age and sex apart"
    rest = {a: n for a, n in from_rows.items() if n and a not in crossed}
    assert rest == {a: n for a, n in from_tables.items() if n}
    assert {p for _, _, p in from_rows} == {p for _, _, p in from_tables} >= {"2017", "2017-Q1", "2017-12"}
    both, gave_both = counted(tables | rows)
    assert both == from_rows and gave_both == gave


# --- the example, counted a second time -----------------------------------------------------------------------------------


def sent(folder: Path) -> Counter[tuple[str, str, str, str]]:
    """Year or quarter, statistic, category (their words) -> the country's number, straight from the files of organisations.

    Of a month, the newest file is the one that counts. An empty cell adds nothing.
    """
    out: Counter[tuple[str, str, str, str]] = Counter()
    for organisation in sorted(folder.glob("gbv_tables.*")):
        months: dict[str, list[list[str]]] = {}
        for path in sorted(organisation.glob("*/*.csv")):
            with open(path, encoding="utf-8-sig", newline="") as file:
                _, *rows = csv.reader(file, delimiter=";")
            fresh: dict[str, list[list[str]]] = defaultdict(list)
            for row in rows:
                fresh[row[1]].append(row)
            months |= fresh
        for month, rows in months.items():
            if month.startswith("2017"):
                spans = ("2017", f"2017-Q{(int(month[5:]) + 2) // 3}")
                for _, _, _, statistic, category, number in rows:
                    for span in spans:
                        out[organisation.name, span, statistic, category] += int(number or 0)
    return out


# Declared table -> the statistic of which it is a breakdown, in the words of the files.
WORDS_OF: dict[str, str] = {
    "gbv_incidents_by_type": "Incidents par type",
    "gbv_survivors_by_sex": "Survivant(e)s par sexe",
    "gbv_survivors_by_age": "Survivant(e)s par âge",
    "gbv_survivors_by_displacement_status": "Survivant(e)s par statut de déplacement",
    "gbv_survivors_by_marital_status": "Survivant(e)s par état matrimonial",
    "gbv_survivors_by_displacement_stage": "Survivant(e)s par phase de déplacement",
    "gbv_survivors_by_vulnerability": "Survivant(e)s de groupes vulnérables",
    "gbv_incidents_by_context": "Incidents par contexte",
    "gbv_incidents_by_delay": "Incidents par délai de déclaration",
    "gbv_incidents_by_time_of_day": "Incidents par moment de la journée",
    "gbv_incidents_by_place_type": "Incidents par type de lieu",
    "gbv_rapes_by_delay": "Viols par délai de déclaration",
    "gbv_rapes_with_health_by_delay": "Viols pris en charge ou référés en santé, par délai",
    "gbv_perpetrators_by_number": "Incidents par nombre d’auteurs principaux",
    "gbv_perpetrators_by_relationship": "Incidents par lien avec l’auteur",
    "gbv_perpetrators_by_age": "Incidents par âge de l’auteur",
    "gbv_perpetrators_by_occupation": "Incidents par profession de l’auteur",
    "gbv_referred_from": "Incidents référés par d’autres",
    "gbv_services_provided": "Services fournis, par secteur",
}
# Those of several possible answers, or of some incidents only: nothing in them is what is left of the incidents.
NOT_ADDED = {
    "gbv_survivors_by_vulnerability",
    "gbv_incidents_by_context",
    "gbv_rapes_with_health_by_delay",
    "gbv_perpetrators_by_relationship",
    "gbv_perpetrators_by_age",
    "gbv_perpetrators_by_occupation",
    "gbv_referred_from",
    "gbv_services_provided",
}
REFERRED = "Nouveaux référencements, par secteur et issue"
RESULT_WORDS = {
    "obtained": ("Référé", "Fourni par l’organisation"),
    "declined": ("Décliné par la survivante",),
    "unavailable": ("Indisponible",),
}


class Second:
    """The second computation: numbers of one period."""

    def __init__(self, numbers: Counter[tuple[str, str, str, str]], period: str) -> None:
        self.cells: Counter[tuple[str, str]] = Counter()
        for (_, span, statistic, category), n in numbers.items():
            if span == period:
                self.cells[statistic, category] += n
        self.organisations = len({name for name, span, _, _ in numbers if span == period})
        self.all = self.cells["Nouveaux incidents", "Total"]
        self.rapes = self.cells["Incidents par type", "Viol"]

    def breakdown(self, measure: gbv.Measure) -> dict[str, int]:
        """A breakdown: what is not an answer is what is left of the incidents, or of the rapes."""
        statistic, ((_, list_),) = WORDS_OF[measure.name], measure.dimensions
        words = {code: entry["fr"] for code, entry in (code_list(list_) | code_list("vulnerable_group")).items()}
        words = {code: word for code, word in words.items() if code in code_list(list_)}
        out = {code: self.cells[statistic, word] for code, word in words.items()}
        if measure.name not in NOT_ADDED:
            del out["unknown"]
            out["unknown"] = (self.rapes if "rapes" in measure.name else self.all) - sum(out.values())
        return out

    def services(self, result: str) -> dict[str, int]:
        return {
            service: sum(self.cells[REFERRED, f"{entry['fr']} : {word}"] for word in RESULT_WORDS[result])
            for service, entry in code_list("service").items()
        }

    def of(self, measure: gbv.Measure) -> dict[str, int]:
        """The counts of a declared table, by what its key has after the name of its first dimension."""
        plain = {
            "gbv_incidents": self.all,
            "gbv_organisations": self.organisations,
            "gbv_rapes": self.rapes,
            "gbv_prior_violence": self.cells["Incidents de survivant(e)s ayant déjà subi une VBG", "Total"],
            "gbv_first_contacts": self.cells["Incidents dont l’organisation est le premier contact", "Total"],
        }
        if measure.name in plain:
            return {"": plain[measure.name]}
        if measure.name in WORDS_OF:
            return self.breakdown(measure)
        if measure.name == "gbv_incidents_by_class":
            sexual = self.cells["Incidents de violence sexuelle (viol et agression sexuelle)", "Total"]
            total = sum(self.cells["Incidents par type", e["fr"]] for c, e in code_list("gbv_type").items() if c != "non_gbv")  # fmt: skip
            return {"sexual": sexual, "other": total - sexual, "unknown": self.all - total}
        if measure.name == "gbv_survivors_by_majority":
            age = "Survivant(e)s par âge"
            child, adult = self.cells[age, "Enfants (0 à 17 ans)"], self.cells[age, "18 ans et plus"]
            children = self.cells[age, "0 à 11 ans"] + self.cells[age, "12 à 17 ans"]
            assert child == children
            return {"child": children, "adult": adult, "unknown": self.all - children - adult}
        if measure.name == "gbv_rapes_by_window":
            words = {c: e["fr"] for c, e in code_list("delay").items() if c != "unknown"}
            told = {c: self.cells["Viols par délai de déclaration", word] for c, word in words.items()}
            in_time = told.pop("days_0_3")
            later = sum(told.values())
            return {"in_time": in_time, "later": later, "unknown": self.rapes - in_time - later}
        if measure.name == "gbv_survivors_by_sex_and_majority":
            return {}  # the files give age and sex apart
        if measure.name == "gbv_service_needs":
            found = {s: self.cells[REFERRED, f"{e['fr']} : Besoin (référé, fourni, décliné ou indisponible)"] for s, e in code_list("service").items()}  # fmt: skip
            assert found == {s: sum(self.services(result)[s] for result in RESULT_WORDS) for s in found}
            return found
        if measure.name == "gbv_service_results":
            return {f"{s}.result={r}": n for r in RESULT_WORDS for s, n in self.services(r).items()}
        assert measure.name == "gbv_service_outcomes"
        words = {"referred": "Référé", "provided": "Fourni par l’organisation"} | {c: RESULT_WORDS[c][0] for c in ("declined", "unavailable")}  # fmt: skip
        return {
            f"{s}.outcome={code}": self.cells[REFERRED, f"{entry['fr']} : {word}"]
            for s, entry in code_list("service").items()
            for code, word in words.items()
        }


@pytest.mark.parametrize("period", ["2017", *(pytest.param(f"2017-Q{q}", marks=pytest.mark.full) for q in range(1, 5))])
def test_the_year_of_the_example_counted_a_second_time_from_the_files(example_twice, period):
    cubes, numbers = example_twice
    second, tables = Second(numbers, period), rules.load(PARAMS).tables
    seen = 0
    for measure in gbv.MEASURES:
        found = of(cubes, measure, "mali", period)
        if not tables[measure.name].exists("country", period):
            assert not found
            continue
        assert found == {code: n for code, n in second.of(measure).items() if n}, measure.name
        seen += bool(found)
    assert seen == {"2017": len(gbv.MEASURES) - 1}.get(period, 16), "all but age and sex crossed"


@pytest.fixture(scope="module")
def example_twice(shared, example) -> tuple[Cubes, Counter[tuple[str, str, str, str]]]:
    """The counts of the canonical rows of the example version, and the numbers of its files."""
    (rows,) = (shared / "data" / "processed" / "tables" / "example").glob("*/gbv_aggregates.parquet")
    with reading.connection() as con:
        con.execute(f"CREATE TEMP TABLE kept AS FROM read_parquet('{rows.as_posix()}')")
        df = reading.frame(con, "kept")
    kinds = {c: dtype(spec) for c, spec in definition("gbv_aggregates").kept.items()}
    cubes, _ = counted({"gbv_aggregates": df.astype(kinds)})
    return cubes, sent(shared / "data" / "example")
