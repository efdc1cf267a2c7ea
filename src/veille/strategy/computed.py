"""What veille counts itself of a frame, and how: from the tables received, and from the editions that were released."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from .. import periods
from ..periods import Period
from .frames import Indicator, frame
from .values import COUNTRY, Given, Value

if TYPE_CHECKING:
    import duckdb

# Indicator -> how it is counted, in French: it stands on the page.
FROM_TABLES = {
    "1.4-i1": "Éditions de la matrice de protection reçues.",
    "2.2-i1": "Victimes de la base du groupe LAMH, par date d’accident.",
    "2.2-i2": "Victimes de la base du groupe LAMH dont l’assistance est notée.",
    "4.2-i1": "Reçu sur requis (FTS), domaine protection de l’enfance, au dernier jour de consultation.",
}
FROM_EDITIONS = {
    "1.1-i1": ("bulletin", "Bulletins de protection, par zone et par mois."),
    "3.4-i1": ("gbvims", "Synthèses GBVIMS nationales."),
}
PARTS = {"month": "monthly", "quarter": "quarterly", "year": "annual"}
HOW = FROM_TABLES | {ident: how for ident, (_, how) in FROM_EDITIONS.items()}
PROOF = "veille"


def _given(ident: str, period: str, value: object, top: object = None, base: object = None) -> Given:
    def number(x: object) -> Decimal | None:
        return None if x is None else Decimal(str(x))

    return Given(ident, "", periods.parse(period), COUNTRY, number(value), number(top), number(base), True, PROOF)


def from_tables(con: duckdb.DuckDBPyConnection) -> list[Given]:
    """What the canonical tables of `con` give. A table that was not received gives nothing, not zero."""
    out = []
    # « 2017-B3 » is the third two months of a year, and counts at its end; a day counts in its month.
    rows = con.execute(
        "SELECT month, count(*) FROM (SELECT DISTINCT matrix_edition, CASE WHEN matrix_edition LIKE '%-B_' THEN\n"
        "  printf('%s-%02d', substr(matrix_edition, 1, 4), 2 * substr(matrix_edition, 7)::INT)\n"
        "  ELSE substr(matrix_edition, 1, 7) END AS month FROM protection_matrix) GROUP BY month ORDER BY month"
    ).fetchall()
    out += [_given("1.4-i1", month, n) for month, n in rows]
    rows = con.execute(
        "SELECT substr(accident_date, 1, 4) AS year, count(*), count(*) FILTER (is_assisted), count(is_assisted)\n"
        "FROM mine_victims GROUP BY year ORDER BY year"
    ).fetchall()
    for year, registered, assisted, answered in rows:
        out.append(_given("2.2-i1", year, registered))
        if answered:
            out.append(_given("2.2-i2", year, assisted))
    rows = con.execute(
        "SELECT year::VARCHAR, received_usd, required_usd FROM funding WHERE subsector = 'child_protection'\n"
        "  AND received_usd IS NOT NULL AND required_usd > 0 QUALIFY as_of = max(as_of) OVER (PARTITION BY year) ORDER BY year"
    ).fetchall()
    out += [_given("4.2-i1", year, None, min(got, asked), asked) for year, got, asked in rows]
    return out


def instead(received: Iterable[Given], counted: Iterable[Given]) -> list[Given]:
    """Values received, but for what veille counts itself in the same year."""
    counted = list(counted)
    ours = {(g.indicator, g.period.year) for g in counted}
    return [g for g in received if (g.indicator, g.period.year) not in ours] + counted


def of_editions(editions: Mapping[str, Iterable[Period]], start: date, end: date) -> list[tuple[Indicator, Value]]:
    """The editions of each product whose period lies between two days, as values of the indicators that count them.

    `editions`: product -> the period of each edition, one for each area. A product without any gives nothing.
    """
    out = []
    for ident, (product, _) in FROM_EDITIONS.items():
        one = frame("strategy_2017").indicators[ident]
        every = list(editions.get(product, ()))
        if not every:
            continue
        mine = [p for p in every if start <= p.start and p.end <= end]
        months = (end.year - start.year) * 12 + end.month - start.month + 1

        def value(part: str, n: int, ident: str = ident, months: int = months) -> Value:
            return Value(ident, part, start, end, Decimal(n), months, months, 0, True, (PROOF,))

        out.append((one, value("", len(mine))))
        out += [
            (one, value(part, sum(p.kind == kind for p in mine))) for kind, part in PARTS.items() if part in one.parts
        ]
    return out
