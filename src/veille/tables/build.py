"""Snapshots of one data version -> all canonical tables, checked. Adding a source is adding a line."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ..digits import stray
from ..errors import BadData
from ..places import Place, crosswalk, gazetteer
from ..sources import registry
from ..sources.snapshots import Snapshot
from . import harmonise, incidents
from .contracts import CONTRACTS, PEOPLE, check

Tables = dict[str, pd.DataFrame]


def _iso(values: pd.Series) -> list[str | None]:
    return [None if v is None else v.isoformat() for v in values]


def _incident_counts(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Printed tables: counts by cercle, whose sums must be the totals printed beside them.

    The tables do not say what was verified, so everything counts as unverified (002 V.2). A cercle in the table was
    covered that month, even when it prints 00.
    """
    pcode = harmonise.places_by_name(df, "cercle_name", snapshot, 2)
    harmonise.check_region(df, "region_name", pcode, snapshot)
    wrong: list[int] = []
    for by, total in ((["month", "region_name"], "region_total_incidents"), (["month"], "grand_total_incidents")):
        for _, group in df.groupby(by):
            if set(group[total]) != {group["incidents"].sum()}:
                wrong += list(group["row"])
    if wrong:
        raise BadData(
            f"{snapshot.source}/{snapshot.received} : la somme des cercles n’est pas le total imprimé, {harmonise.rows_named(sorted(set(wrong)))}.",
            "Comparez au rapport imprimé ; si le rapport lui-même est faux, laissez ce mois de côté et notez-le dans source.yml.",
        )
    place = {
        "month": df["month"],
        "edition": snapshot.pcode_edition,
        "pcode": pcode,
    }
    nothing = pd.Series([pd.NA] * len(df), dtype="Int64")
    return {
        "incident_counts": pd.DataFrame(
            {**place, "verification_class": "unverified", "incidents": df["incidents"].astype("Int64")}
        ),
        "coverage": pd.DataFrame(
            {
                **place,
                "is_covered": True,
                "has_rows": False,
                "communes_followed": nothing,
                "communes_covered": nothing,
                "monitors": nothing,
            }
        ),
    }


def _coverage(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """One row per cercle and month that reported; a blank number of communes covered means that nothing came."""
    counts = {name: df[name].astype("Int64") for name in ("communes_followed", "communes_covered", "monitors")}
    return {
        "coverage": pd.DataFrame(
            {
                "month": df["month"],
                "edition": snapshot.pcode_edition,
                "pcode": harmonise.places_by_name(df, "cercle_name", snapshot, 2),
                "is_covered": (counts["communes_covered"] > 0).fillna(False).astype(bool),
                "has_rows": True,
                **counts,
            }
        )
    }


def _dtm(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Stocks by cercle. The code counts only together with the edition and the name that it stands for."""
    by_name = harmonise.places_by_name(df, "cercle_name", snapshot, 2)
    wrong = [str(r) for r, named, code in zip(df["row"], by_name, df["cercle_pcode"], strict=True) if named != code]
    if wrong:
        raise BadData(
            f"{snapshot.source}/{snapshot.received} : le code du cercle n’est pas celui de son nom dans l’édition "
            f"{snapshot.pcode_edition}, {len(wrong)} ligne(s) : {', '.join(wrong[:5])}.",
            "Deux éditions donnent le même code à des cercles différents : indiquez la bonne dans source.yml (pcode_edition).",
        )
    harmonise.check_region(df, "region_name", by_name, snapshot)
    counts = {name: df[name].astype("Int64") for name in ("households", "people", *PEOPLE)}
    return {
        "movements": pd.DataFrame(
            {
                "reference_date": _iso(df["reference_date"]),
                "edition": snapshot.pcode_edition,
                "pcode": by_name,
                "movement_type": df["movement_type"],
                **counts,
            }
        )
    }


def _unhcr_idps(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Stocks of displaced people by region. Names come as « Gao : Region », « Kayes : R+¬gion », « Bamako : District »."""
    bare = df.assign(region_name=df["region_name"].str.replace(r"\s*:\s*(?:District|R\S*gion)$", "", regex=True))
    nothing = pd.Series([pd.NA] * len(df), dtype="Int64")
    return {
        "movements": pd.DataFrame(
            {
                "reference_date": _iso(df["reference_date"]),
                "edition": snapshot.pcode_edition,
                "pcode": harmonise.places_by_name(bare, "region_name", snapshot, 1),
                "movement_type": "idp",
                "households": nothing,
                "people": df["people"].astype("Int64"),
                **dict.fromkeys(PEOPLE, nothing),
            }
        )
    }


def _activities(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """One row per organisation, activity and commune; exact repetitions of a row are one activity."""
    cercle = harmonise.places_by_name(df, "cercle_name", snapshot, 2)
    communes = gazetteer()
    edition = snapshot.pcode_edition
    wrong = {
        "le code du cercle n’est pas celui de son nom": [],
        "le code de commune n’est pas dans ce cercle": [],
        "la fin précède le début": [],
    }
    for row, place, given, commune, start, end in zip(
        df["row"], cercle, df["cercle_pcode"], df["commune_pcode"], df["start_date"], df["end_date"], strict=True
    ):
        named = communes.get(Place(edition, commune)) if commune else None
        if given is not None and given != place:
            wrong["le code du cercle n’est pas celui de son nom"].append(row)
        if commune is not None and (named is None or named.level != 3 or named.parent.pcode != place):
            wrong["le code de commune n’est pas dans ce cercle"].append(row)
        if start is not None and end is not None and end < start:
            wrong["la fin précède le début"].append(row)
    for what, rows_ in wrong.items():
        if rows_:
            raise BadData(
                f"{snapshot.source}/{snapshot.received} : {what} (édition {edition}), {harmonise.rows_named(rows_)}.",
                "Faites corriger ces lignes, ou vérifiez l’édition des P-codes dans source.yml.",
            )
    rows = pd.DataFrame(
        {
            "organisation": df["organisation"],
            "edition": snapshot.pcode_edition,
            "pcode": cercle,
            "commune_pcode": df["commune_pcode"],
            "subsector": df["subsector"],
            "start_date": _iso(df["start_date"]),
            "end_date": _iso(df["end_date"]),
        },
        dtype=object,
    )
    return {"activities": rows.drop_duplicates(ignore_index=True)}


def _recommendations(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """One row per recommendation, with what became of it. Its words are printed as they are: no number in them."""
    numbered = [
        str(r)
        for r, *words in zip(df["row"], df["text"], df["follow_up"], strict=True)
        if any(stray(w or "") for w in words)
    ]
    if numbered:
        raise BadData(
            f"{snapshot.source}/{snapshot.received} : un nombre dans le texte ou la suite d’une recommandation, ligne(s) : {', '.join(numbered[:5])}.",
            "Écrivez-le en toutes lettres, ou laissez le bulletin le donner avec sa source.",
        )
    return {
        "recommendations": pd.DataFrame(
            {
                "recommendation_id": df["recommendation_id"],
                "area": df["area"],
                "issued_date": _iso(df["issued_date"]),
                "text": df["text"],
                "recipient": df["recipient"],
                "due_date": _iso(df["due_date"]),
                "status": df["status"],
                "follow_up": df["follow_up"],
                "follow_up_date": _iso(df["follow_up_date"]),
            },
            dtype=object,
        )
    }


def _alerts(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """One row per alert; where it points to stays at cercle level, and inside."""
    followed = df["follow_up"].notna() & (df["follow_up"] != "sans_suite")
    return {
        "alerts": pd.DataFrame(
            {
                "alert_id": df["alert_id"],
                "month": [f"{d:%Y-%m}" for d in df["issued_date"]],
                "edition": snapshot.pcode_edition,
                "pcode": harmonise.places_by_name(df, "cercle_name", snapshot, 2),
                "alert_nature": df["alert_nature"],
                "is_followed_up": followed.astype(bool),
            }
        )
    }


def _published_figures(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Printed figures, as they are."""
    return {
        "published_figures": df.assign(
            value=df["value"].astype(float), start_date=_iso(df["start_date"]), end_date=_iso(df["end_date"])
        )
    }


BUILDERS: dict[str, Callable[[pd.DataFrame, Snapshot], Tables]] = {
    "kobo_incidents": incidents.build,
    "amss_incidents": _incident_counts,
    "monitoring_coverage": _coverage,
    "dtm_stocks": _dtm,
    "unhcr_idps": _unhcr_idps,
    "fivew": _activities,
    "recommendations": _recommendations,
    "alerts": _alerts,
    "reference_figures": _published_figures,
    "gbv_published": _published_figures,
}


def _empty(name: str) -> pd.DataFrame:
    columns = CONTRACTS[name].columns
    return pd.DataFrame({c: pd.Series(dtype=spec.dtype.type if spec.dtype else object) for c, spec in columns.items()})


def build(snapshots: list[Snapshot]) -> Tables:
    """Every canonical table of a data version, in the order of `CONTRACTS`; empty where nothing was received.

    Raises BadData for the first file, place or rule that does not hold.
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in CONTRACTS}
    for snapshot in snapshots:
        df = registry.read(snapshot)
        for name, part in BUILDERS[snapshot.source](df, snapshot).items():
            parts[name].append(part)
    tables = {name: pd.concat(some, ignore_index=True) if some else _empty(name) for name, some in parts.items()}
    # Two sources may cover a month: what forms say of it comes before what a printed table shows.
    coverage = tables["coverage"].sort_values("has_rows", kind="stable")
    tables["coverage"] = coverage.drop_duplicates(["month", "edition", "pcode"], keep="last").sort_index()
    tables["movements"] = _finest(tables["movements"])
    return {name: check(name, df) for name, df in tables.items()}


def _finest(movements: pd.DataFrame) -> pd.DataFrame:
    """Stocks without the regions that another source gives by cercle for the same day and people: never added."""
    keys = list(zip(movements["reference_date"], movements["movement_type"], strict=True))
    regions = [
        crosswalk()[Place(e, p)].pcode[:4] if len(p) == 6 else p
        for e, p in zip(movements["edition"], movements["pcode"], strict=True)
    ]
    by_cercle = {(*k, r) for k, r, p in zip(keys, regions, movements["pcode"], strict=True) if len(p) == 6}
    keep = [len(p) == 6 or (*k, r) not in by_cercle for k, r, p in zip(keys, regions, movements["pcode"], strict=True)]
    return movements[pd.Series(keep, index=movements.index, dtype=bool)].reset_index(drop=True)
