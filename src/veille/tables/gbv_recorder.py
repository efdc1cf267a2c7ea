"""GBV incidents, from the workbook of the GBVIMS Incident Recorder: what may be kept of each, one row per incident.

Dates, codes and ages are looked at once, at reception; month, delay and age group stand in their place ever after. The
rules of contexts, delays and ages are those of domain.md, 1.1 to 1.4.
"""

from __future__ import annotations

import re
import secrets
from datetime import date
from functools import partial

import pandas as pd

from ..codes import code_list
from ..errors import BadData
from ..schemas.definitions import table
from ..sources.files import ROW_COLUMN
from ..sources.formats import declared
from ..sources.headers import same
from ..sources.reading import Fault, Reading, clean, frame
from ..sources.registry import Received
from ..sources.snapshots import PER_FILE, Snapshot
from . import harmonise
from .built import Built
from .gbv import MINORS, NOT_GBV, SEXUAL, column_of, meanings, meant, once, organisation_of, plain, refuse

RECORDER = "gbvims_recorder"


# --- what is worked out before identities are dropped ---------------------------------------------------------------

# The last day of each band, counted from the incident to the interview: no day is in two bands, none is in none.
DELAYS = ((3, "days_0_3"), (5, "days_4_5"), (14, "days_6_14"), (30, "weeks_2_month_1"))
AGES = ((11, "age_0_11"), (17, "age_12_17"))
OVERLAPPING = {"age_0_17": range(18), "age_10_19": range(10, 20), "age_50_over": range(50, 200)}
OLDEST = 110  # years; Excel's zero is 1900, and no survivor's date of birth
FIRST_YEAR = 2006  # of GBVIMS

# What can be wrong with the columns that are looked at once: code (stored) -> column, rule.
FAULTS = {
    "no_id": ("INCIDENT ID", "case vide"),
    "same_id": ("INCIDENT ID", "même identifiant, contenus différents"),
    "interview": ("DATE OF INTERVIEW", "date illisible, absente ou impossible"),
    "future": ("DATE OF INTERVIEW", "date postérieure à la réception"),
    "incident": ("DATE OF INCIDENT", "date illisible ou impossible"),
    "reversed": ("DATE OF INCIDENT", "l’incident est postérieur à l’entretien"),
    "birth": ("DATE OF BIRTH", "date illisible"),
    "age": ("DATE OF BIRTH", "âge impossible à l’incident"),
}
# The columns of class I that are looked at, once, and are in no table: what they are called here.
LOOKED_AT = {
    "incident": "INCIDENT ID",
    "survivor": "SURVIVOR CODE",
    "interview_day": "DATE OF INTERVIEW",
    "incident_day": "DATE OF INCIDENT",
    "birth_day": "DATE OF BIRTH",
    "age": "AGE",
}
# The columns written in their place, and ours.
WRITTEN = {c.header: c.to for c in declared(RECORDER).columns if c.header.startswith("_") and c.to}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = (
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)([T ]00:00:00)?",
    r"(?P<day>\d\d)/(?P<month>\d\d)/(?P<year>\d{4})",
    r"(?P<day>\d\d?)-(?P<month>[A-Za-z]{3})-(?P<year>\d{4})",
)


def day(text: str | None) -> date | None:
    """A day as recorders write it: Excel's own, `14/06/2017`, or Primero's `14-Jun-2017`; None when it is none of them."""
    for form in _DAYS:
        if found := re.fullmatch(form, text or "", re.ASCII):
            month = found["month"].lower()
            try:
                number = _MONTHS.index(month) + 1 if month.isalpha() else int(month)
                return date(int(found["year"]), number, int(found["day"]))
            except ValueError:
                return None
    return None


def delay_band(days: int) -> str:
    """The band of a delay in days, from the incident (0: the same day) to the interview."""
    return next((band for last, band in DELAYS if days <= last), "over_1_month")


def age_at(birth: date, incident: date) -> int:
    """Age in full years on the day of the incident; born on 29 February, a year older on 1 March."""
    return incident.year - birth.year - ((incident.month, incident.day) < (birth.month, birth.day))


def age_band(years: int) -> str:
    """The reporting band of an age; every age has one, and only one."""
    return next((band for last, band in AGES if years <= last), "age_18_over")


def overlapping_ages(years: int) -> str | None:
    """The overlapping groups that hold an age, one space between two; they are counted apart."""
    return " ".join(group for group, years_ in OVERLAPPING.items() if years in years_) or None


def _years(birth: date | None, incident: date | None, age: str | None) -> int | None:
    """Age at the incident, from the date of birth, or as the recorder gives it; None when it is not known."""
    if birth and incident:
        return age_at(birth, incident)
    return int(age) if age and re.fullmatch(r"\d{1,3}", age, re.ASCII) else None


def _seen(row: dict[str, str | None], received: date) -> dict[str, str | None]:
    """Month, delay and ages of one row, or what is wrong with its dates."""
    interview, incident, birth = (day(row[name]) for name in ("interview_day", "incident_day", "birth_day"))
    years = _years(birth, incident, row["age"])
    is_old = bool(interview and incident and age_at(incident, interview) > OLDEST)
    wrong = {
        "no_id": row["incident"] is None,
        "interview": interview is None or interview.year < FIRST_YEAR,
        "future": interview is not None and interview > received,
        "incident": (row["incident_day"] is not None and incident is None) or is_old,
        "reversed": bool(interview and incident and incident > interview),
        "birth": row["birth_day"] is not None and birth is None,
        "age": (years is None and row["age"] is not None) or (years is not None and not 0 <= years <= OLDEST),
    }
    fault = next((code for code, is_so in wrong.items() if is_so), None)
    if fault:
        return {"fault": fault}
    return {
        "report_month": f"{interview:%Y-%m}",
        "delay": delay_band((interview - incident).days) if incident else "unknown",
        "age_band": "unknown" if years is None else age_band(years),
        "overlapping_ages": None if years is None else overlapping_ages(years),
    }


def _identities(one: Reading) -> pd.DataFrame:
    """The columns of `LOOKED_AT` of the rows that enter, in memory only, with the number of each row."""
    header = [same(name) for name in one.grid.header]
    texts = [
        f"{clean(f'c{header.index(column)}')} AS {name}" if column in header else f"NULL::VARCHAR AS {name}"
        for name, column in LOOKED_AT.items()
    ]
    numbered = f"SELECT row_number() OVER () - 1 AS n, * FROM {one.grid.sql}"
    looked_at = f"SELECT {one.line} AS row, {', '.join(texts)} FROM ({numbered})"
    return frame(one.con, f"({looked_at}) SEMI JOIN {one.table} USING (row) ORDER BY row")


def _several_contents(identities: pd.DataFrame, answers: pd.DataFrame) -> pd.Series:
    """Whether the code of a row's incident stands for several contents in its file: one incident is one survivor."""
    whole = identities.merge(answers, on="row").drop(columns="row")
    content = pd.Series(list(whole.itertuples(index=False, name=None)), index=whole.index, dtype=object)
    return content.groupby(whole["incident"]).transform("nunique").gt(1)


def written_at_reception(one: Reading, received: date) -> pd.DataFrame:
    """What is stored of a workbook in the place of codes, dates and ages: one row per row that enters, by its number.

    Columns: `_ligne`, then those of the format that begin with « _ ». Identifiers are drawn at random, one per incident,
    here and once: a workbook that is read twice gives other ones, what is stored keeps its own.
    Raises BadData without the column of incidents or that of interviews.
    """
    header = set(map(same, one.grid.header))
    if missing := [c for c in (LOOKED_AT["incident"], LOOKED_AT["interview_day"]) if c not in header]:
        raise BadData(
            f"{one.where} : colonne absente : {', '.join(missing)}.",
            "Redemandez le classeur complet : ces colonnes sont lues une fois et ne sont pas gardées.",
        )
    identities = _identities(one)
    rows = [_seen(row, received) for row in identities.to_dict("records")]
    drawn = {code: secrets.token_hex(8) for code in identities["incident"].dropna().unique()}
    out = {to: column_of(identities, (row.get(to) for row in rows)) for to in WRITTEN.values()}
    out["gbv_id"] = column_of(identities, map(drawn.get, identities["incident"]))
    contradicted = _several_contents(identities, one.frame())
    out["fault"] = out["fault"].mask(contradicted.to_numpy(), "same_id")
    return pd.DataFrame({ROW_COLUMN: identities["row"], **{header: out[to] for header, to in WRITTEN.items()}})


def _rows_of(one: Reading, received: date) -> pd.DataFrame:
    """The rows of one workbook, or of what was stored of it, with month, delay and ages."""
    df, stored = one.frame(), ROW_COLUMN in one.grid.header
    there = [header for header in WRITTEN if header in one.grid.header]
    if stored and len(there) < len(WRITTEN):
        raise BadData(
            f"{one.where} : déposé sans {', '.join(h for h in WRITTEN if h not in there)}.",
            "Déposez de nouveau le classeur d’origine avec veille receive.",
        )
    if there and not stored:
        raise BadData(f"{one.where} : colonne non déclarée : {', '.join(there)}.", "Retirez-la du fichier.")
    if stored:
        return df
    seen = written_at_reception(one, received).rename(columns={ROW_COLUMN: "row", **WRITTEN})
    return df.drop(columns=list(WRITTEN.values())).merge(seen, on="row")


# --- one row per incident, one per incident and sector --------------------------------------------------------------

# Our column -> the list of its answers. A blank is a missing answer, shown as such by whoever counts.
ANSWERS = {
    "gbv_type": "gbv_type",
    "sex": "sex",
    "marital_status": "marital_status",
    "displacement_status": "displacement_status",
    "disability": "disability",
    "child_vulnerability": "child_vulnerability",
    "displacement_stage": "displacement_stage",
    "time_of_day": "time_of_day",
    "place_type": "incident_place",
    "perpetrator_number": "perpetrator_number",
    "perpetrator_sex": "perpetrator_sex",
    "perpetrator_age": "perpetrator_age",
    "perpetrator_relationship": "perpetrator_relationship",
    "previously_reported": "previously_reported",
    "prior_gbv": "yes_no_unknown",
    "goods_exchanged": "yes_no_unknown",
    "abduction": "abduction",
}
# The same, for questions that several answers may have.
SEVERAL = {"referred_from": "referral_source"} | dict.fromkeys(code_list("service"), "referral_outcome")
# Of two outcomes in one sector (Primero joins them), the first of these: a service that was had is no gap, and one that
# was nowhere to be had is one, whatever else was declined.
OUTCOMES = ("provided", "referred", "unavailable", "declined", "already_received", "not_applicable")
NO_PRACTICE = frozenset(map(plain, ("no", "non", "none", "aucun", "aucune", "false", "faux", "0")))
NO_ANSWER = frozenset(map(plain, ("unknown", "inconnu", "inconnue", "n/a", "not applicable", "sans objet", "-")))


def _header(column: str) -> str:
    return next(c.header for c in declared(RECORDER).columns if c.to == column)


def _several(text: str, known: dict[str, str]) -> list[str | None]:
    """The codes of the answers in a cell, None for one of no list; Primero joins several with « & »."""
    if plain(text) in known:
        return [known[plain(text)]]
    return [known.get(plain(part)) for part in re.split(r"\s+&\s+|;|\n", text) if part.strip()]


def _number(text: str) -> str | None:
    """How many perpetrators, as the list says it: recorders give a number too, and 0 where nothing was answered."""
    if not re.fullmatch(r"\d{1,3}", text):
        return text
    return None if int(text) == 0 else text if int(text) <= 3 else "4+"


def _is_practice(text: str) -> bool:
    """Whether a harmful traditional practice is named: the list is the sub-cluster's, and « no » is not one."""
    return plain(text) not in NO_PRACTICE | NO_ANSWER | {""}


def contexts(row: dict[str, object]) -> str | None:
    """The contexts of one incident, derived; several may apply. A missing answer and a « no » make none of them."""
    kind, is_minor = row["gbv_type"], row["age_band"] in MINORS
    is_sexual = kind in SEXUAL
    found = {
        "intimate_partner_violence": row["perpetrator_relationship"] == "intimate_partner",
        "child_sexual_abuse": is_sexual and is_minor,
        "early_marriage": kind == "forced_marriage" and is_minor,
        "possible_sexual_exploitation": is_sexual and row["goods_exchanged"] == "yes",
        "possible_sexual_slavery": is_sexual and row["abduction"] not in (None, "none"),
        "harmful_traditional_practice": row["practice"] is True,
    }
    return " ".join(c for c, applies in found.items() if applies and kind != NOT_GBV) or None


def _read_answers(df: pd.DataFrame, faults: list[Fault]) -> pd.DataFrame:
    """The rows whose answers are of their lists, as codes; the others are refused by column."""
    said = "plus d’un type : un seul est attendu, le premier oui de la classification"
    df = refuse(df, faults, meant(df, "gbv_type", _has_two_types), said, _header("gbv_type"))
    df = df.assign(perpetrator_number=meant(df, "perpetrator_number", _number))
    for column, name in ANSWERS.items():
        codes = meant(df, column, partial(_code, meanings(name)))
        df = _refuse_unknown(df.assign(**{column: codes}), faults, codes == "", column, name)
    for column, name in SEVERAL.items():
        codes = meant(df, column, partial(_several, known=meanings(name)))
        unknown = column_of(df, (None in (some or ()) for some in codes))
        df = _refuse_unknown(df.assign(**{column: codes}), faults, unknown, column, name)
    return df


def _code(known: dict[str, str], text: str) -> str:
    return known.get(plain(text), "")


def _refuse_unknown(df: pd.DataFrame, faults: list[Fault], unknown: pd.Series, column: str, name: str) -> pd.DataFrame:
    return refuse(df, faults, unknown, "code inconnu", _header(column), f"Attendu : un code de la liste {name}.")


def _has_two_types(text: str) -> bool:
    """Whether a cell names more than one type: one whose name has a comma in it is still one."""
    types = meanings("gbv_type")
    parts = [] if plain(text) in types else _several(re.sub(r"[,/+]", ";", text), types)
    return len(parts) - parts.count(None) > 1


def _worked_out(df: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns of an incident that follow from several answers, or from words that are not kept."""
    occupations = meanings("perpetrator_occupation")
    has_practice = df.assign(practice=meant(df, "practice", _is_practice))
    return {
        "sex": column_of(df, (sex or "unknown" for sex in df["sex"])),
        "disability": meant(df, "disability", lambda d: {"none": "no", "unknown": d}.get(d, "yes")),
        "perpetrator_occupation": meant(
            df, "perpetrator_occupation", lambda text: occupations.get(plain(text), "unlisted")
        ),
        "contexts": column_of(df, map(contexts, has_practice.to_dict("records"))),
        "is_first_contact": column_of(
            df, ("self_referral" in codes if codes else None for codes in df["referred_from"])
        ),
        "referred_from": column_of(df, (" ".join(sorted(set(codes or ()))) or None for codes in df["referred_from"])),
    }


def _services(df: pd.DataFrame) -> pd.DataFrame:
    """One row per incident and sector that has an answer."""
    rows = [
        (gbv_id, sector, min(codes, key=OUTCOMES.index), month)
        for sector in code_list("service")
        for gbv_id, month, codes in zip(df["gbv_id"], df["report_month"], df[sector], strict=True)
        if codes
    ]
    return pd.DataFrame(rows, columns=list(table("gbv_services").kept), dtype=object)


def build(received: Received, snapshot: Snapshot) -> Built:
    """`gbv_incidents` (one row per incident with consent) and `gbv_services` (incident × sector).

    Incidents that another GBVIMS organisation has already, and those that are not GBV, stay in with their code: whoever
    counts leaves them out. Raises BadData for an unknown region, a second organisation, a missing column.
    """
    faults: list[Fault] = []
    parts = [_rows_of(one, snapshot.received) for one in received.readings]
    parts = [df.assign(row=df["row"] + n * PER_FILE) for n, df in enumerate(parts)]
    df = pd.concat(parts, ignore_index=True).astype(object)
    df = df.where(df.notna(), None)
    organisation = organisation_of(df, snapshot)
    for code, (column, rule) in FAULTS.items():
        df = refuse(df, faults, df["fault"] == code, rule, column)
    df = refuse(df, faults, df["gbv_id"].isna() | df["report_month"].isna(), "refusée à la réception")
    df, repeated = once(df, ["gbv_id"], faults, FAULTS["same_id"][1])
    df = _read_answers(df, faults).reset_index(drop=True)
    df = df.assign(
        region_pcode=harmonise.places_by_name(df, "region_name", snapshot, 1),
        cercle_pcode=None,
        edition=snapshot.pcode_edition,
        organisation=organisation,
        **_worked_out(df),
    )
    return Built(
        {"gbv_incidents": df[list(table("gbv_incidents").kept)], "gbv_services": _services(df)},
        {"répétées mot pour mot": repeated},
        tuple(faults),
    )
