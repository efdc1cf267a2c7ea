"""Protection incidents: one row per incident, from the rows of the monitoring form."""

from __future__ import annotations

import pandas as pd

from ..codes import mapping
from ..errors import BadData
from ..sources.snapshots import Snapshot
from . import harmonise
from .contracts import PEOPLE

COUNTS = (*PEOPLE, "killed_people", "injured_people")


def _one_row_per_incident(df: pd.DataFrame) -> pd.DataFrame:
    """Drop rows sent twice, then keep each incident's last word.

    The same form exported twice has the same `_uuid`. A flash report and the documented report that follows carry
    one incident id: they are one incident, and the documented report is the one that counts (002 V.2).
    """
    df = df.drop_duplicates("uuid", keep="last")
    df = df[df["validation_status"] != "validation_status_not_approved"]
    rank = df.assign(is_documented=df["entry_source"] == "documented")
    return (
        rank.sort_values(["is_documented", "submitted_at", "uuid"], kind="stable")
        .drop_duplicates("incident_id", keep="last")
        .drop(columns="is_documented")
    )


def left_out(df: pd.DataFrame) -> dict[str, int]:
    """How many rows of an export do not count, by reason; with the incidents that do, they make all rows read."""
    once = df.drop_duplicates("uuid", keep="last")
    approved = once[once["validation_status"] != "validation_status_not_approved"]
    last = _one_row_per_incident(df)
    classes = last["verification"].fillna("unverified").map(mapping("verification", "class"))
    return {
        "envoyées deux fois (même _uuid)": len(df) - len(once),
        "non approuvées dans KoBo": len(once) - len(approved),
        "remplacées par un rapport plus complet du même incident": len(approved) - len(last),
        "incidents infirmés ou rejetés": int((classes == "excluded").sum()),
    }


def build(df: pd.DataFrame, snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """`incidents` (one row per incident that counts) and `incident_services` (incident × service × outcome).

    An incident without an answer to the verification question is unverified. Refuted and rejected incidents are left
    out. Raises BadData for an unknown place.
    """
    df = df.copy()
    df["pcode"] = harmonise.places_by_name(df, "cercle_name", snapshot, 2)
    harmonise.check_region(df, "region_code", df["pcode"], snapshot)
    df["commune_pcode"] = harmonise.places_by_name(df, "commune_name", snapshot, 3, within=df["pcode"])
    late = [r for r, d, s in zip(df["row"], df["occurred_date"], df["submitted_at"], strict=True) if d > s.date()]
    if late:
        raise BadData(
            f"{snapshot.source}/{snapshot.received} : date d’incident postérieure à l’envoi, {len(late)} ligne(s) : "
            f"{', '.join(map(str, late[:5]))}.",
            "Faites corriger la date par le partenaire.",
        )
    df = _one_row_per_incident(df)
    verification = df["verification"].fillna("unverified").map(mapping("verification", "class"))
    df = df.assign(verification_class=verification)[verification != "excluded"].sort_values(
        "incident_id", kind="stable"
    )
    incidents = pd.DataFrame(
        {
            "incident_id": df["incident_id"],
            "month": pd.Series([f"{d:%Y-%m}" for d in df["occurred_date"]], index=df.index, dtype=object),
            "edition": snapshot.pcode_edition,
            "pcode": df["pcode"],
            "commune_pcode": df["commune_pcode"],
            "incident_type": df["incident_type"],
            "category": df["incident_type"].map(mapping("incident_type", "category")),
            "entry_source": df["entry_source"],
            "verification_class": df["verification_class"],
            "perpetrator_class": df["perpetrator"].map(mapping("perpetrator", "class"), na_action="ignore"),
            "population_group": df["population_group"],
            **{name: df[name].astype("Int64") for name in COUNTS},
            "is_referred": df["is_referred"].astype("boolean"),
        }
    ).reset_index(drop=True)
    services = [
        (incident, service, outcome)
        for incident, referred, assisted in zip(
            df["incident_id"], df["services_referred"], df["services_assisted"], strict=True
        )
        for outcome, several in (("referred", referred), ("assisted", assisted))
        for service in sorted(set(several or ()))
    ]
    return {
        "incidents": incidents,
        "incident_services": pd.DataFrame(services, columns=["incident_id", "service", "outcome"], dtype=object),
    }
