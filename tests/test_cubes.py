"""Cubes of many incidents: counted with little memory, and equal to counts written by hand from the same rows."""

from __future__ import annotations

from collections import Counter
from datetime import date

import duckdb
import pytest
from incidents import PARAMS

from veille.indicators.count import count
from veille.places import memberships
from veille.sources.reading import connection
from veille.sources.snapshots import Snapshot
from veille.tables import build

ROWS = 600_000
MEMORY = "96MB"


def invented(name: str) -> Snapshot:
    """The papers of a snapshot that nobody sent."""
    words = ("Fictif", "Test", "", "", "restricted", "")
    return Snapshot(name, "real", date(2018, 1, 5), *words, "cod2015", (), "")


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Incidents of every month of 2017 in four cercles of two regions, as Parquet, and what was covered."""
    folder = tmp_path_factory.mktemp("rows")
    with duckdb.connect() as con:
        con.execute(
            f"""
            COPY (SELECT 'PM-' || md5(i::VARCHAR) AS incident_id, printf('2017-%02d', 1 + hash(i) % 12) AS month,
                         'cod2015' AS edition, list_extract(['ML0701', 'ML0702', 'ML0704', 'ML0601'], 1 + (hash(i + 1) % 4)::INT) AS pcode,
                         pcode || '01' AS commune_pcode, t[1] AS incident_type, t[2] AS category, t[1] AS original_type,
                         NULL::VARCHAR AS typology_version, 'documented' AS entry_source,
                         CASE WHEN hash(i + 3) % 3 = 0 THEN 'unverified' ELSE 'verified' END AS verification_class,
                         CASE WHEN i % 5 > 0 THEN 'community' END AS perpetrator_class,
                         CASE WHEN i % 7 > 0 THEN 'idp' END AS population_group,
                         nullif(hash(i + 4) % 5, 4)::BIGINT AS women_people, nullif(hash(i + 5) % 3, 2)::BIGINT AS men_people,
                         (hash(i + 6) % 2)::BIGINT AS girls_people, NULL::BIGINT AS boys_people,
                         0::BIGINT AS killed_people, girls_people AS injured_people, i % 3 = 0 AS is_referred
                  FROM (SELECT i, CASE WHEN hash(i + 2) % 4 = 0 THEN ['assault', 'integrity'] ELSE ['theft', 'property'] END AS t
                        FROM range({ROWS}) r(i))) TO '{folder}/incidents.parquet' (FORMAT parquet);
            COPY (SELECT 'PM-' || md5(i::VARCHAR) AS incident_id, unnest(['health', 'legal']) AS service, 'referred' AS outcome
                  FROM range(0, {ROWS}, 3) r(i)) TO '{folder}/incident_services.parquet' (FORMAT parquet);
            COPY (SELECT DISTINCT month, edition, pcode, true AS is_covered, true AS has_rows, 7::BIGINT AS communes_followed,
                         6::BIGINT AS communes_covered, 5::BIGINT AS monitors
                  FROM '{folder}/incidents.parquet') TO '{folder}/coverage.parquet' (FORMAT parquet)
            """
        )
    return folder


@pytest.fixture(scope="module")
def cells(rows, tmp_path_factory):
    """(key, place, period) -> count, by the way of every data version."""
    of_source = {"kobo_incidents": ("incidents", "incident_services"), "monitoring_coverage": ("coverage",)}
    parts = [
        (invented(source), {name: f"read_parquet('{rows}/{name}.parquet')" for name in names})
        for source, names in of_source.items()
    ]
    with connection(tmp_path_factory.mktemp("spill"), memory=MEMORY) as con:
        build.assemble(con, parts)
        counted = count(con, PARAMS)
    return {(c.key, c.place, c.period): c.value for c in counted.itertuples()}


_VICTIMS = "coalesce(women_people, 0) + coalesce(men_people, 0) + girls_people"


@pytest.mark.full
def test_these_rows_do_not_fit_in_that_memory(rows):
    with connection(memory=MEMORY) as con, pytest.raises(duckdb.OutOfMemoryException):
        con.execute(f"CREATE TABLE held AS FROM '{rows}/incidents.parquet'")


@pytest.mark.full
@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        pytest.param("protection_incidents", "count(*)", "true", id="incidents"),
        pytest.param("protection_incidents.category=property", "count(*)", "category = 'property'", id="category"),
        pytest.param(
            "protection_incidents.category=integrity.verification=verified",
            "count(*)",
            "category = 'integrity' AND verification_class = 'verified'",
            id="category-and-verification",
        ),
        pytest.param(
            "protection_incidents.perpetrator_class=unknown", "count(*)", "perpetrator_class IS NULL", id="no-perpetrator"
        ),
        pytest.param("victims_people", f"sum({_VICTIMS})", "true", id="victims"),
        pytest.param("victims_people.person=women", "sum(women_people)", "true", id="women"),
        pytest.param("victims_people.harm=injured", "sum(injured_people)", "true", id="injured"),
        pytest.param(
            "victims_people.population_group=unknown", f"sum({_VICTIMS})", "population_group IS NULL", id="no-group"
        ),
        pytest.param("cases_referred", "count(*)", "is_referred", id="cases-with-two-services-count-once"),
        pytest.param("cases_referred.service=legal", "count(*)", "is_referred", id="cases-by-service"),
    ],
)  # fmt: skip
def test_many_incidents_are_counted_exactly_with_little_memory(rows, cells, key, value, where):
    query = f"SELECT pcode, month, {value} FROM '{rows}/incidents.parquet' WHERE {where} GROUP BY ALL"
    leaves = duckdb.execute(query).fetchall()
    assert len(leaves) == 4 * 12
    sums = Counter()
    for place, _, edition, pcode, _ in memberships(PARAMS):
        for leaf, month, number in leaves:
            if (edition, pcode) == ("cod2015", leaf):
                sums[place, month] += number
                sums[place, "2017"] += number
    found = {(place, period): n for (k, place, period), n in cells.items() if k == key}
    assert found == {address: sums[address] for address in found}
    assert {("gao", "2017-03"), ("mali", "2017-12")} <= set(found)
