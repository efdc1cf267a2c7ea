"""Displaced people: stocks by cercle or region on a day (DTM, UNHCR), and totals by country and year (UNHCR, IDMC)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import permutations

import pandas as pd

from ..codes import code_list, from_form
from ..errors import BadData
from ..places import Place, gazetteer, ground
from ..sources.registry import Received
from ..sources.snapshots import Snapshot
from . import harmonise
from .built import Built, Tables, iso, refuse_rows
from .contracts import PEOPLE

COUNTRY = "MLI"
# Ménaka is a region since 2016: before, it lay in the region of Gao, whose number is then that of another ground.
MENAKA_SINCE = 2016
_ABROAD = "hors du Mali : leurs villes ne sont pas des lieux du Mali"
_HOSTED = "réfugiés et demandeurs d’asile au Mali : comptés par pays d’origine et d’asile"
_RETURNED = "retours : un flux de l’année, non un stock"
_DISPERSED = "déplacés sans région (dispersés dans le pays)"


def _stocks(df: pd.DataFrame, pcode: pd.Series, **columns: object) -> Tables:
    """Rows of `movements`; what is not given is blank."""
    blank = pd.Series([pd.NA] * len(df), index=df.index, dtype="Int64")
    given = {"pcode": pcode, "movement_type": "idp", **dict.fromkeys(("households", *PEOPLE), blank), **columns}
    order = ("reference_date", "edition", "pcode", "movement_type", "households", "people", *PEOPLE)
    return {"movements": pd.DataFrame({name: given[name] for name in order})}


def dtm(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Stocks by cercle. The code counts only together with the edition and the name that it stands for."""
    by_name = harmonise.places_by_name(df, "cercle_name", snapshot, 2)
    wrong = [row for row, named, code in zip(df["row"], by_name, df["cercle_pcode"], strict=True) if named != code]
    if wrong:
        raise BadData(
            f"{snapshot.label} : le code du cercle n’est pas celui de son nom dans l’édition "
            f"{snapshot.pcode_edition}, {snapshot.rows_named(wrong)}.",
            "Deux éditions donnent le même code à des cercles différents : indiquez la bonne dans source.yml (pcode_edition).",
        )
    harmonise.check_region(df, "region_name", by_name, snapshot)
    return _stocks(
        df,
        by_name,
        reference_date=iso(df["reference_date"]),
        edition=snapshot.pcode_edition,
        movement_type=df["movement_type"],
        **{name: df[name].astype("Int64") for name in ("households", "people", *PEOPLE)},
    )


def _regions(df: pd.DataFrame, snapshot: Snapshot) -> pd.Series:
    """Regions as UNHCR writes them: « Gao : Region », « Kayes : R+¬gion », « Bamako : District », « Segou »."""
    bare = df.assign(region_name=df["region_name"].str.replace(r"\s*:\s*(?:District|R\S*gion)$", "", regex=True))
    return harmonise.places_by_name(bare, "region_name", snapshot, 1)


def unhcr_idps(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Stocks of displaced people by region, typed from UNHCR's table."""
    return _stocks(
        df,
        _regions(df, snapshot),
        reference_date=iso(df["reference_date"]),
        edition=snapshot.pcode_edition,
        people=df["people"].astype("Int64"),
    )


def unhcr_demographics(received: Received, snapshot: Snapshot) -> Built:
    """Stocks of displaced people by region of Mali at the end of each year; everybody else is left out, by reason.

    Several rows of one region and year (towns, camps) are parts of one number. Raises BadData for a region that is
    not known.
    """
    df = received.frame()
    idps = df["population_type"] == "IDP"
    reasons = {
        _ABROAD: df["asylum_iso3"] != COUNTRY,
        _RETURNED: df["population_type"].isin(["RET", "RDP"]),
        _HOSTED: ~idps | (df["origin_iso3"] != COUNTRY),
        _DISPERSED: df["region_name"].str.startswith("Dispersed"),
    }
    left_out, kept = {}, pd.Series(True, index=df.index)
    for reason, is_out in reasons.items():
        left_out[reason] = int((kept & is_out).sum())
        kept &= ~is_out
    df = df[kept].reset_index(drop=True)
    tables = []
    for is_before in (True, False):
        part = df[(df["year"] < MENAKA_SINCE) == is_before].reset_index(drop=True)
        edition = "cod2015" if is_before else snapshot.pcode_edition
        part = part.assign(edition=edition, pcode=_regions(part, replace(snapshot, pcode_edition=edition)))
        tables.append(part.groupby(["year", "edition", "pcode"], as_index=False)["people"].sum())
    stocks = pd.concat(tables, ignore_index=True)
    day = [date(int(year), 12, 31).isoformat() for year in stocks["year"]]
    people = stocks["people"].astype("Int64")
    return Built(
        _stocks(stocks, stocks["pcode"], reference_date=day, edition=stocks["edition"], people=people), left_out
    )


def finest(movements: pd.DataFrame) -> pd.DataFrame:
    """Stocks of which none holds another: a region leaves when its day and people are also given within it.

    The same number of two files (the same place, day and people) is one number, in whichever edition. Raises BadData
    where two editions give different numbers for one ground on one day: they would be added.
    """
    once = movements.drop_duplicates(ignore_index=True)
    places = [Place(e, p) for e, p in zip(once["edition"], once["pcode"], strict=True)]
    is_region = [p not in gazetteer() or gazetteer()[p].level == 1 for p in places]
    several: dict[tuple, list[int]] = {}
    for n, key in enumerate(zip(once["reference_date"], once["movement_type"], strict=True)):
        several.setdefault(key, []).append(n)
    out: set[int] = set()
    for rows in several.values():
        for n, m in permutations(rows, 2):
            here, there = ground(places[n]), ground(places[m])
            if is_region[n] and there and there <= here and (not is_region[m] or there < here):
                out.add(n)
            elif here and here == there and is_region[n] == is_region[m] and places[n].edition < places[m].edition:
                if once["people"][n] != once["people"][m]:
                    raise BadData(
                        f"Déplacés, {once['reference_date'][n]} : deux éditions des P-codes donnent deux nombres au même lieu.",
                        "Gardez pour ce jour une seule des deux sources : leurs nombres seraient additionnés.",
                    )
                out.add(m)
    return once.drop(index=sorted(out)).reset_index(drop=True)


# --- totals by country ---------------------------------------------------------------------------------------------


def _totals(
    df: pd.DataFrame, columns: dict[str, str | pd.Series], unit: str | pd.Series, *, keep_zero: bool
) -> pd.DataFrame:
    """Rows of `country_displacement` from a table of numbers (`columns`: column -> its measure, or that of each row).

    Numbers of the same measure, year, countries and unit are added: they are parts of one total. A blank has no row, and
    no more has a 0 unless `keep_zero`: UNHCR's 0 means nobody, or not available.
    """
    long = pd.concat(
        [
            pd.DataFrame(
                {
                    "reference_year": df["year"],
                    "measure": measure,
                    "origin_iso3": df["origin_iso3"],
                    "asylum_iso3": df["asylum_iso3"],
                    "unit": unit,
                    "value": pd.to_numeric(df[column]).astype("Int64"),
                }
            )
            for column, measure in columns.items()
        ],
        ignore_index=True,
    )
    given = long[long["value"].notna() & (keep_zero | (long["value"] > 0))]
    keys = [c for c in long if c != "value"]
    out = given.groupby(keys, as_index=False, sort=True)["value"].sum()
    return out.astype({"reference_year": "Int64", "value": "Int64"})


def _measures(*columns: str) -> dict[str, str]:
    """Columns of a file -> our measures, by the list `country_measure`."""
    return {column: from_form("country_measure")[column] for column in columns}


def unhcr_population(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """People of concern to UNHCR at the end of each year, by country of origin and of asylum."""
    columns = _measures("refugees", "asylum_seekers", "idps", "stateless", "ooc", "oip", "hst")
    return {"country_displacement": _totals(df, columns, "people", keep_zero=False)}


def unhcr_solutions(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Returns, resettlement and naturalisation in each year."""
    columns = _measures("returned_refugees", "returned_idps", "resettlement", "naturalisation")
    return {"country_displacement": _totals(df, columns, "people", keep_zero=False)}


def unhcr_asylum_applications(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Claims lodged in each year, by stage; the stages that UNHCR mixes, or does not name, are one measure."""
    stages = {e["stage"]: code for code, e in code_list("country_measure").items() if "stage" in e}
    measure = df["stage"].map(lambda stage: stages.get(stage, "asylum_other_stage"))
    return {"country_displacement": _totals(df, {"applied": measure}, df["unit"], keep_zero=False)}


def unhcr_asylum_decisions(received: Received, snapshot: Snapshot) -> Built:
    """Decisions of each year. A row whose decisions do not make its own total is refused."""
    parts = ("dec_recognized", "dec_other", "dec_rejected", "dec_closed")
    rule = {"la somme des décisions n’est pas le total de la ligne": f"{' + '.join(parts)} <> dec_total"}
    refused = refuse_rows(received.con, received.table, "decided", rule)
    df = replace(received, table="decided").frame()
    table = _totals(df, _measures(*parts), df["unit"], keep_zero=False)
    return Built({"country_displacement": table}, refused=refused)


def idmc(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """New displacements of each year (a flow) and people displaced at its end (a stock), by conflict and violence."""
    at_home = df.assign(asylum_iso3=df["origin_iso3"])
    flow = _totals(at_home, _measures("new_displacement"), "displacements", keep_zero=True)
    stock = _totals(at_home, _measures("total_displacement"), "people", keep_zero=True)
    return {"country_displacement": pd.concat([flow, stock], ignore_index=True)}
