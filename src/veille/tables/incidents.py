"""Protection incidents: one row per incident, from the rows of the monitoring form. Written in SQL: rows may be millions."""

from __future__ import annotations

import pandas as pd

from ..codes import code_list, mapping
from ..sources.files import put
from ..sources.registry import Received
from ..sources.snapshots import Snapshot
from . import harmonise
from .built import Built, find_faulty
from .contracts import PEOPLE, breaches

COUNTS = (*PEOPLE, "killed_people", "injured_people")
AMBIGUOUS = "même _uuid, contenus différents : on ne sait lequel est bon"
# KoBo's own status says whether a form was accepted, never whether an incident happened.
# What two exports of one submission may differ in: its place in them, and what became of it meanwhile.
_TOLD_APART = ("row", "n", "validation_status", "original_type")
_APPROVED = "validation_status IS DISTINCT FROM 'validation_status_not_approved'"


def _codes(con, name: str, attribute: str) -> str:
    """A DuckDB table (code, value) of one attribute of a code list; its name."""
    table = f"codes_{name}_{attribute}"
    df = pd.DataFrame(list(mapping(name, attribute).items()), columns=["code", "value"], dtype=object)
    put(con, df, table, "code::VARCHAR AS code, value::VARCHAR AS value")
    return table


def _typologies(con) -> None:
    """(label, generation): the labels of the three lists that AMSS and UNHCR used, as they were printed."""
    entries = [e for e in code_list("incident_typology").values() if "incident_type" in e]
    rows = [(e["fr"].replace(*marks), e["version"]) for e in entries for marks in (("’", "'"), ("'", "’"))]
    df = pd.DataFrame(rows, columns=["label", "version"], dtype=object).drop_duplicates()
    put(con, df, "typology_labels")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE typologies AS SELECT label, list(version ORDER BY version) AS versions FROM typology_labels GROUP BY label"
    )


def _services(con, counted: str) -> None:
    """Incident × service × outcome: from the two questions, and from the repeat of the forms that ask one by one."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE answered AS "
        f"SELECT incident_id, services_referred, services_assisted, services_followed FROM {counted} "
        "WHERE coalesce(len(services_referred), len(services_assisted), len(services_followed)) IS NOT NULL"
    )
    pairs = [
        f"SELECT incident_id, unnest(services_{outcome}) AS service, '{outcome}' AS outcome FROM answered"
        for outcome in ("referred", "assisted")
    ]
    pairs.append("SELECT incident_id, unnest(services_followed, recursive := true) FROM answered")
    con.execute(f"CREATE OR REPLACE TEMP TABLE built_services AS {' UNION '.join(pairs)}")


def _number(con, sql: str) -> int:
    return con.execute(f"SELECT count(*) FROM {sql}").fetchone()[0]


def _find_repeated(con, rows: str) -> None:
    """`twice`: rows whose _uuid stands in several, with whether these say the same thing."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE twice AS SELECT * FROM {rows} "
        f"SEMI JOIN (SELECT uuid FROM {rows} GROUP BY uuid HAVING count(*) > 1) USING (uuid)"
    )
    names = [r[0] for r in con.execute("DESCRIBE twice").fetchall()]
    content = ", ".join(f"{n} := {n}" for n in names if n not in _TOLD_APART)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE several AS SELECT uuid FROM twice GROUP BY uuid "
        f"HAVING count(DISTINCT struct_pack({content})) > 1"
    )


def _find_replaced(con, rows: str) -> None:
    """`replaced`: rows of incidents of which another row has the last word.

    A flash report and the documented report that follows carry one incident id: they are one incident, and the
    documented report is the one that counts (002 V.2); of two of a kind, the last one sent.
    """
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE shared AS SELECT n, incident_id, entry_source, submitted_at, uuid FROM {rows} "
        f"SEMI JOIN (SELECT incident_id FROM {rows} GROUP BY incident_id HAVING count(*) > 1) USING (incident_id)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE replaced AS SELECT n FROM (SELECT n, row_number() OVER (PARTITION BY incident_id "
        "ORDER BY entry_source = 'documented' DESC, submitted_at DESC, uuid DESC) AS rank FROM shared) WHERE rank > 1"
    )


def build(received: Received, snapshot: Snapshot) -> Built:
    """`incidents` (one row per incident that counts) and `incident_services` (incident × service × outcome).

    An incident without an answer to the verification question is unverified. Refuted and rejected incidents are left
    out. Rows that contradict themselves are refused by rule. Raises BadData for an unknown place.
    """
    con, rows = received.con, received.table
    harmonise.find_places(
        con,
        rows,
        snapshot,
        [("cercle_name", 2, "pcode", None), ("commune_name", 3, "commune_pcode", "pcode")],
        region="region_code",
    )
    _find_repeated(con, rows)
    sent, collected = "date d’incident postérieure à l’envoi", "date de collecte antérieure à l’incident"
    rules = {
        sent: "occurred_date > CAST(submitted_at AS DATE)",
        collected: "collected_date < occurred_date",
        AMBIGUOUS: "uuid IN (SELECT uuid FROM several)",
        **breaches("incidents"),
    }
    headers = {c.to: c.header for c in received.readings[0].format.kept}
    columns = {sent: headers["occurred_date"], collected: headers["collected_date"]}
    refused = find_faulty(con, rows, rules, columns)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE again AS SELECT n FROM twice ANTI JOIN faulty USING (n) "
        "QUALIFY n < max(n) OVER (PARTITION BY uuid)"
    )
    con.execute("CREATE OR REPLACE TEMP VIEW gone AS FROM faulty UNION ALL FROM again")
    approved = f"(SELECT * FROM {rows} ANTI JOIN gone USING (n) WHERE {_APPROVED})"
    _find_replaced(con, approved)
    verification, perpetrator, category = (
        _codes(con, *names)
        for names in (("verification", "class"), ("perpetrator", "class"), ("incident_type", "category"))
    )
    _typologies(con)
    years = "CASE WHEN year(occurred_date) <= 2017 THEN 'amss_2016' WHEN year(occurred_date) <= 2019 THEN 'amss_2018' ELSE 'amss_2020' END"
    # NOT IN: of an anti join, DuckDB would rather hold the rows than the few that go.
    counted = (
        f"(SELECT * FROM {approved} WHERE n NOT IN (FROM replaced)) a "
        f"JOIN {verification} v ON v.code = coalesce(verification, 'unverified') AND v.value <> 'excluded'"
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE built_incidents AS
        SELECT incident_id, strftime(occurred_date, '%Y-%m') AS month, '{snapshot.pcode_edition}' AS edition,
               pcode, commune_pcode, incident_type, c.value AS category, original_type,
               CASE WHEN t.versions IS NULL THEN NULL WHEN list_contains(t.versions, {years}) THEN {years}
                    ELSE t.versions[1] END AS typology_version,
               entry_source, v.value AS verification_class, p.value AS perpetrator_class, population_group,
               {", ".join(COUNTS)}, is_referred
        FROM {counted}
        JOIN places_found f ON {harmonise.same_names(("cercle_name", "commune_name", "region_code"), "a", "f")}
        LEFT JOIN {perpetrator} p ON p.code = perpetrator LEFT JOIN {category} c ON c.code = incident_type
        LEFT JOIN typologies t ON t.label = original_type
        """
    )
    _services(con, counted)
    good, once = _number(con, rows) - _number(con, "faulty"), _number(con, "again")
    accepted = _number(con, approved)
    last = accepted - _number(con, "replaced")
    left_out = {
        "envoyées deux fois (même _uuid)": once,
        "non approuvées dans KoBo": good - once - accepted,
        "remplacées par un rapport plus complet du même incident": accepted - last,
        "incidents infirmés ou rejetés": last - _number(con, "built_incidents"),
    }
    return Built({"incidents": "built_incidents", "incident_services": "built_services"}, left_out, refused)
