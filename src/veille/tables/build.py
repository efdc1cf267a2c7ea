"""Snapshots -> canonical tables, checked. Each snapshot makes its part, once; a data version is its parts put together.

Adding a source is adding a line to `BUILDERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd

from ..digits import stray
from ..errors import BadData
from ..places import Place, reporting
from ..schemas import forms
from ..schemas.definitions import tables as definitions
from ..sources import registry
from ..sources.balance import Balance
from ..sources.reading import connection, too_many
from ..sources.registry import Received
from ..sources.snapshots import Snapshot, adds_up
from . import displacement, entered, gbv, gbv_recorder, harmonise, incidents, population, presence
from .built import Built, Tables, check_keys, iso, refuse_rows, store
from .contracts import CONTRACTS, check_table, dtype, empty


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
            f"{snapshot.label} : la somme des cercles n’est pas le total imprimé, {snapshot.rows_named(sorted(set(wrong)))}.",
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


def _recommendations(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """One row per recommendation, with what became of it. Its words are printed as they are: no number in them."""
    numbered = [
        row
        for row, *words in zip(df["row"], df["text"], df["follow_up"], strict=True)
        if any(stray(w or "") for w in words)
    ]
    if numbered:
        raise BadData(
            f"{snapshot.label} : un nombre dans le texte ou la suite d’une recommandation, {snapshot.rows_named(numbered)}.",
            "Écrivez-le en toutes lettres, ou laissez le bulletin le donner avec sa source.",
        )
    return {
        "recommendations": pd.DataFrame(
            {
                "recommendation_id": df["recommendation_id"],
                "area": df["area"],
                "issued_date": iso(df["issued_date"]),
                "text": df["text"],
                "recipient": df["recipient"],
                "due_date": iso(df["due_date"]),
                "status": df["status"],
                "follow_up": df["follow_up"],
                "follow_up_date": iso(df["follow_up_date"]),
            },
            dtype=object,
        )
    }


def _alerts(received: Received, snapshot: Snapshot) -> Built:
    """One row per alert; where it points to stays at cercle level, and inside. A follow-up before its alert is refused."""
    rule = "la suite précède l’alerte"
    header = next((c.header for c in received.readings[0].format.kept if c.to == "follow_up_date"), "")
    columns = {rule: header} if header else {}
    rules = dict.fromkeys(columns, "follow_up_date < issued_date")
    refused = refuse_rows(received.con, received.table, "in_order", rules, columns)
    df = replace(received, table="in_order").frame().sort_values("row", kind="stable", ignore_index=True)
    followed = df["follow_up"].notna() & (df["follow_up"] != "sans_suite")
    rows = pd.DataFrame(
        {
            "alert_id": df["alert_id"],
            "month": [f"{d:%Y-%m}" for d in df["issued_date"]],
            "edition": snapshot.pcode_edition,
            "pcode": harmonise.places_by_name(df, "cercle_name", snapshot, 2),
            "alert_nature": df["alert_nature"],
            "is_followed_up": followed.astype(bool),
        }
    )
    check_keys("alerts", rows, df["row"], snapshot)
    return Built({"alerts": rows}, refused=refused)


def _published_figures(df: pd.DataFrame, snapshot: Snapshot) -> Tables:
    """Printed figures, as they are."""
    return {
        "published_figures": df.assign(
            value=df["value"].astype(float), start_date=iso(df["start_date"]), end_date=iso(df["end_date"])
        )
    }


def _of_frame(make: Callable[[pd.DataFrame, Snapshot], Tables]) -> Callable[[Received, Snapshot], Built]:
    """A builder of small files: from a frame to frames, and every row counts. Raises BadData for a key that stands twice."""

    def build(received: Received, snapshot: Snapshot) -> Built:
        df = received.frame()
        made = make(df, snapshot)
        for name, rows in made.items():
            if "row" in df and len(rows) == len(df):  # each row of a file makes one, in their order
                check_keys(name, rows, df["row"], snapshot)
        return Built(made)

    return build


BUILDERS: dict[str, Callable[[Received, Snapshot], Built]] = {
    "kobo_incidents": incidents.build,
    "amss_incidents": _of_frame(_incident_counts),
    "monitoring_coverage": _of_frame(_coverage),
    "dtm_stocks": _of_frame(displacement.dtm),
    "unhcr_idps": _of_frame(displacement.unhcr_idps),
    "unhcr_demographics": displacement.unhcr_demographics,
    "unhcr_population": _of_frame(displacement.unhcr_population),
    "unhcr_solutions": _of_frame(displacement.unhcr_solutions),
    "unhcr_asylum_applications": _of_frame(displacement.unhcr_asylum_applications),
    "unhcr_asylum_decisions": displacement.unhcr_asylum_decisions,
    "idmc": _of_frame(displacement.idmc),
    "population": population.build,
    "fivew": presence.build,
    "fivew_drc": presence.build,
    "recommendations": _of_frame(_recommendations),
    "alerts": _alerts,
    "reference_figures": _of_frame(_published_figures),
    "gbv_published": _of_frame(_published_figures),
    "gbv_tables": gbv.build,
    "gbvims_recorder": gbv_recorder.build,
    **dict.fromkeys(forms.names(), entered.build),
}


# Of a table, rows that come in and of which something has to be known: what is said -> the SQL that is true of them.
NOTED = {
    "activities": {
        "sans début ni fin : elles ne comptent qu’entre les dates d’autres activités reçues, "
        "dans aucun mois s’il n’y en a pas": "start_date IS NULL AND end_date IS NULL"
    }
}


@dataclass(frozen=True)
class Part:
    """What one snapshot gives: its canonical tables, by the name of their DuckDB table, and its balance."""

    snapshot: Snapshot
    tables: dict[str, str]
    balance: Balance


def part(
    con: duckdb.DuckDBPyConnection, snapshot: Snapshot, received: Received | None = None, name: str = "part"
) -> Part:
    """Read, build and count one snapshot. Raises BadData for the first file, place or rule that does not hold.

    `received`: what was read already, when a file is being received and its papers do not exist yet.
    """
    got = received or registry.read(con, snapshot, f"{name}_received")
    built = BUILDERS[snapshot.source](got, snapshot)
    refused, set_aside = (registry.by_file(faults, snapshot) for faults in (built.refused, built.set_aside))
    too_many(snapshot.label, refused, sum(f.count for f in refused), got.kept)
    tables = {}
    for table, rows in built.tables.items():
        if isinstance(rows, pd.DataFrame):
            store(con, table, rows, f"{name}_{table}")
        else:
            con.execute(f"DROP TABLE IF EXISTS {name}_{table}")
            con.execute(f"ALTER TABLE {rows} RENAME TO {name}_{table}")
        check_table(con, table, f"{name}_{table}")
        tables[table] = f"{name}_{table}"
    noted = {
        said: con.execute(f"SELECT count(*) FROM {made} WHERE {sql}").fetchone()[0]
        for table, made in tables.items()
        for said, sql in NOTED.get(table, {}).items()
    }
    return Part(snapshot, tables, Balance.of(got, built.left_out, refused, set_aside, noted))


def assemble(con: duckdb.DuckDBPyConnection, parts: Sequence[tuple[Snapshot, Mapping[str, str]]]) -> None:
    """Every canonical table of a data version, as tables or views of `con` with their own names, checked.

    `parts` holds, for each snapshot, the SQL that each of its tables is read from. Raises BadData where rows that
    are good one by one contradict each other.
    """
    for name in CONTRACTS:
        sources = [
            f"SELECT * FROM {tables[name]}{_superseded(name, n, parts)}"
            for n, (_, tables) in enumerate(parts)
            if name in tables
        ]
        if sources:
            con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(sources)}")
        else:
            store(con, name, empty(name), name)
    if _rows(con, "coverage"):
        store(con, "coverage", _once(fetch(con, "coverage")), "coverage_once")
        con.execute("CREATE OR REPLACE TEMP VIEW coverage AS FROM coverage_once")
    if _rows(con, "movements"):
        store(con, "movements", displacement.finest(fetch(con, "movements")), "movements_finest")
        con.execute("CREATE OR REPLACE TEMP VIEW movements AS FROM movements_finest")
    for name in {name for _, tables in parts for name in tables}:
        check_table(con, name, name)


def _once(coverage: pd.DataFrame) -> pd.DataFrame:
    """Coverage with one word per cercle and month.

    Two sources may cover a month, under the codes of either edition: what forms say of it comes before what a printed
    table shows; of two that say as much, the edition of the areas.
    """
    cercles = [
        str(reporting(Place(e, p)) or Place(e, p)) for e, p in zip(coverage["edition"], coverage["pcode"], strict=True)
    ]
    ranked = coverage.assign(cercle=cercles, ours=coverage["edition"] == harmonise.REPORTING_EDITION)
    ranked = ranked.sort_values(["has_rows", "ours"], ascending=False, kind="stable")
    chosen = ranked.groupby(["month", "cercle"])["edition"].transform("first")
    ranked = ranked[ranked["edition"] == chosen].drop_duplicates(["month", "edition", "pcode"])
    return ranked.sort_values(["month", "edition", "pcode"], kind="stable")[list(coverage.columns)]


def _rows(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def _superseded(name: str, n: int, parts: Sequence[tuple[Snapshot, Mapping[str, str]]]) -> str:
    """The condition that leaves out the months of which a newer file of the same series speaks."""
    snapshot = parts[n][0]
    if not adds_up(snapshot.source):
        return ""
    by = registry.SOURCES[snapshot.source].format.newest_by
    newer = [t[name] for s, t in parts[n + 1 :] if s.stream == snapshot.stream and name in t]
    return " WHERE " + " AND ".join(f"{by} NOT IN (SELECT {by} FROM {t})" for t in newer) if newer else ""


def fetch(con: duckdb.DuckDBPyConnection, name: str, table: str = "") -> pd.DataFrame:
    """A canonical table as the frame that its contract describes."""
    spec = definitions()[name].kept
    order = f" ORDER BY {', '.join(definitions()[name].key)}" if definitions()[name].key else ""
    result = con.execute(f"SELECT {', '.join(spec)} FROM {table or name}{order}")
    rows = result.fetchall()
    if not rows:
        return empty(name)
    columns = list(zip(*rows, strict=True))
    return pd.DataFrame(
        {
            c: pd.Series(list(values), dtype=object).astype(dtype(s))
            for (c, s), values in zip(spec.items(), columns, strict=True)
        }
    )


def build(snapshots: Sequence[Snapshot], spill: Path | None = None) -> Tables:
    """Every canonical table of a data version as frames, in the order of `CONTRACTS`; empty where nothing was received.

    Raises BadData for the first file, place or rule that does not hold.
    """
    with connection(spill) as con:
        parts = [part(con, snapshot, name=f"part{n}") for n, snapshot in enumerate(snapshots)]
        assemble(con, [(p.snapshot, p.tables) for p in parts])
        given = {name for p in parts for name in p.tables}
        return {name: fetch(con, name) if name in given else empty(name) for name in CONTRACTS}
