"""What each canonical table promises: columns, codes, ranges. Breaches are counted by rule, never quoted."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from ..codes import code_list
from ..errors import BadData

_MONTH = pa.Check.str_matches(r"^\d{4}-(0[1-9]|1[0-2])$")
_PCODE = pa.Check.str_matches(r"^ML(\d\d){1,3}$")
_EDITION = pa.Check.isin(["cod2015", "cod2021"])


def _codes(name: str, *, nullable: bool = False) -> pa.Column:
    return pa.Column(object, pa.Check.isin(list(code_list(name))), nullable=nullable)


def _count(*, nullable: bool = True) -> pa.Column:
    return pa.Column("Int64", pa.Check.ge(0), nullable=nullable)


def _text(check: pa.Check | None = None, *, nullable: bool = False) -> pa.Column:
    return pa.Column(object, check, nullable=nullable)


_PLACE = {"edition": _text(_EDITION), "pcode": _text(_PCODE)}

PEOPLE = ("women_people", "men_people", "girls_people", "boys_people")


def _killed_within_victims(df: pd.DataFrame) -> pd.Series:
    total = df[list(PEOPLE)].sum(axis=1, min_count=len(PEOPLE))  # only where all four were answered
    harmed = df[["killed_people", "injured_people"]].sum(axis=1, min_count=1)
    return (harmed <= total) | total.isna() | harmed.isna()


CONTRACTS: dict[str, pa.DataFrameSchema] = {
    "incidents": pa.DataFrameSchema(
        {
            "incident_id": pa.Column(object, unique=True),
            "month": _text(_MONTH),
            **_PLACE,
            "commune_pcode": _text(_PCODE, nullable=True),
            "incident_type": _codes("incident_type"),
            "category": _codes("incident_category"),
            "entry_source": _codes("entry_source"),
            "verification_class": _codes("verification_class"),
            "perpetrator_class": _codes("perpetrator_class", nullable=True),
            "population_group": _codes("population_group", nullable=True),
            **{name: _count() for name in (*PEOPLE, "killed_people", "injured_people")},
            "is_referred": pa.Column("boolean", nullable=True),
        },
        checks=pa.Check(_killed_within_victims, error="killed and injured exceed victims"),
        strict=True,
        name="incidents",
    ),
    "incident_services": pa.DataFrameSchema(
        {
            "incident_id": _text(),
            "service": _codes("service"),
            "outcome": _text(pa.Check.isin(["referred", "assisted"])),
        },
        strict=True,
        unique=["incident_id", "service", "outcome"],
        name="incident_services",
    ),
    "incident_counts": pa.DataFrameSchema(
        {
            "month": _text(_MONTH),
            **_PLACE,
            "verification_class": _codes("verification_class"),
            "incidents": _count(nullable=False),
        },
        strict=True,
        unique=["month", "edition", "pcode", "verification_class"],
        name="incident_counts",
    ),
    "coverage": pa.DataFrameSchema(
        {
            "month": _text(_MONTH),
            **_PLACE,
            "is_covered": pa.Column(bool),
            "has_rows": pa.Column(bool),
            "communes_followed": _count(),
            "communes_covered": _count(),
            "monitors": _count(),
        },
        checks=pa.Check(
            lambda df: (
                (df["communes_covered"] <= df["communes_followed"])
                | df["communes_covered"].isna()
                | df["communes_followed"].isna()
            ),
            error="more communes covered than followed",
        ),
        strict=True,
        unique=["month", "edition", "pcode"],
        name="coverage",
    ),
    "movements": pa.DataFrameSchema(
        {
            "reference_date": _text(pa.Check.str_matches(r"^\d{4}-\d{2}-\d{2}$")),
            **_PLACE,
            "movement_type": _codes("movement_type"),
            "households": _count(),
            "people": _count(nullable=False),
            **{name: _count() for name in PEOPLE},
        },
        checks=pa.Check(
            lambda df: (df["people"] >= df["households"]) | df["households"].isna(),
            error="fewer people than households",
        ),
        strict=True,
        unique=["reference_date", "edition", "pcode", "movement_type"],
        name="movements",
    ),
    "activities": pa.DataFrameSchema(
        {
            "organisation": _text(),
            **_PLACE,
            "commune_pcode": _text(_PCODE, nullable=True),
            "subsector": _codes("subsector"),
            "start_date": _text(nullable=True),
            "end_date": _text(nullable=True),
        },
        strict=True,
        name="activities",
    ),
    "recommendations": pa.DataFrameSchema(
        {
            "recommendation_id": pa.Column(object, unique=True),
            "area": _text(),
            "issued_date": _text(),
            "text": _text(),
            "recipient": _codes("recipient"),
            "due_date": _text(nullable=True),
            "status": _codes("recommendation_status"),
            "follow_up": _text(nullable=True),
            "follow_up_date": _text(nullable=True),
        },
        strict=True,
        name="recommendations",
    ),
    "alerts": pa.DataFrameSchema(
        {
            "alert_id": pa.Column(object, unique=True),
            "month": _text(_MONTH),
            **_PLACE,
            "alert_nature": _codes("alert_nature"),
            "is_followed_up": pa.Column(bool),
        },
        strict=True,
        name="alerts",
    ),
    "published_figures": pa.DataFrameSchema(
        {
            "figure_id": pa.Column(object, unique=True),
            "value": pa.Column(float, nullable=True),
            "unit": _text(),
            "start_date": _text(),
            "end_date": _text(nullable=True),
            "area": _text(),
            "printed": _text(),
            "document": _text(),
        },
        strict=True,
        name="published_figures",
    ),
}


def check(name: str, df: pd.DataFrame) -> pd.DataFrame:
    """Return `df` if it keeps its contract; otherwise raise BadData with the number of rows per broken rule.

    Text columns are objects with None where nothing was given, whatever pandas made of them on the way.
    """
    texts = [c for c in df.columns if isinstance(df[c].dtype, pd.StringDtype) or df[c].dtype == object]
    df = df.assign(**{c: df[c].astype(object).where(df[c].notna(), None) for c in texts})
    try:
        return CONTRACTS[name].validate(df, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        # A rule over several columns fails once per row, whatever pandera lists per column.
        whole = cases["schema_context"] == "DataFrameSchema"
        cases = pd.concat([cases[~whole], cases[whole].assign(column="").drop_duplicates(["check", "index"])])
        counts = cases.groupby([cases["column"].fillna(""), cases["check"].astype(str)], dropna=False).size()
        broken = "; ".join(f"{column} {rule} : {number}" for (column, rule), number in counts.items())
        raise BadData(
            f"Table {name} : règle non tenue ({broken}).", "Corrigez le fichier reçu, ou signalez la règle."
        ) from None
