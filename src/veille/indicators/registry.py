"""Every declared statistical table. A page may show a number only if a line here says what it means.

`sql` counts one table in DuckDB. It returns `place`, `period`, one column per dimension, `value`, and `verified`
(how many of them are verified; NULL where verification does not apply). Tables it may read: the canonical ones, and
`members` (place, level, edition, pcode), `covered` (cercle-months that reported, with `has_rows`), `months`, `whole_years`
(of which every month was received), `strategy_people` (period, indicator, value).
"""

from __future__ import annotations

from functools import lru_cache

from ..codes import mapping
from . import gbv
from .measure import UNANSWERED, Difference, Measure, Share, key

__all__ = [
    "BY_NAME",
    "DIFFERENCES",
    "MEASURES",
    "SHARES",
    "UNANSWERED",
    "Difference",
    "Measure",
    "Share",
    "declared",
    "key",
]


REPORTED = "Incidents rapportés aux moniteurs ; une baisse peut venir d’un moindre monitoring."
PEOPLE_REPORTED = "Personnes citées dans les incidents rapportés ; réponses manquantes non comptées."


def _rows(value: str, dimensions: dict[str, str] | None = None, where: str = "true") -> str:
    """Incidents are summed by cercle and month first, then cercles into places: each row is looked at once."""
    columns = "".join(f", {sql} AS {name}" for name, sql in (dimensions or {}).items())
    names = "".join(f", c.{name}" for name in dimensions or {})
    return (
        f"SELECT m.place, c.month AS period{names}, sum(c.value) AS value, sum(c.verified) AS verified\n"
        f"FROM (SELECT i.edition, i.pcode, i.month{columns}, {value} AS value,\n"
        f"             sum(({value_of_row(value)}) * (i.verification_class = 'verified')::INT) AS verified\n"
        f"      FROM incidents i WHERE {where} GROUP BY ALL) c JOIN members m USING (edition, pcode)\nGROUP BY ALL"
    )


def value_of_row(value: str) -> str:
    """What one incident adds to a sum or a count: for the verified part of it."""
    return "1" if value.startswith("count") else value.removeprefix("sum(").removesuffix(")")


_VICTIMS = (
    "coalesce(i.women_people, 0) + coalesce(i.men_people, 0) + coalesce(i.girls_people, 0) + coalesce(i.boys_people, 0)"
)
_CHILDREN = "coalesce(i.girls_people, 0) + coalesce(i.boys_people, 0)"
_ANY_VICTIM_ANSWER = "coalesce(i.women_people, i.men_people, i.girls_people, i.boys_people) IS NOT NULL"
_EXPLOSIVE = "i.incident_type IN ({})".format(", ".join(f"'{c}'" for c in mapping("incident_type", "explosive")))


def _by_person(select: str) -> str:
    unpivot = " UNION ALL BY NAME ".join(
        f"SELECT edition, pcode, month, verification_class, '{p}' AS person, {p}_people AS people FROM incidents"
        for p in ("women", "men", "girls", "boys")
    )
    return (
        f"SELECT m.place, i.month AS period, i.person, sum(i.people) AS value,\n"
        f"       sum(i.people * (i.verification_class = 'verified')::INT) AS verified\n"
        f"FROM ({unpivot}) i JOIN members m USING (edition, pcode)\nWHERE i.people IS NOT NULL AND {select}\nGROUP BY ALL"
    )


def _harm(where: str) -> str:
    unpivot = " UNION ALL BY NAME ".join(
        f"SELECT edition, pcode, month, verification_class, incident_type, '{h}' AS harm, {h}_people AS people FROM incidents"
        for h in ("killed", "injured")
    )
    return (
        f"SELECT m.place, i.month AS period, i.harm, sum(i.people) AS value,\n"
        f"       sum(i.people * (i.verification_class = 'verified')::INT) AS verified\n"
        f"FROM ({unpivot}) i JOIN members m USING (edition, pcode)\nWHERE i.people IS NOT NULL AND {where}\nGROUP BY ALL"
    )


def _services(outcome: str) -> str:
    return (
        "SELECT m.place, i.month AS period, s.service, count(*) AS value, NULL::BIGINT AS verified\n"
        "FROM incident_services s JOIN incidents i USING (incident_id) JOIN members m USING (edition, pcode)\n"
        f"WHERE s.outcome = '{outcome}'\nGROUP BY ALL"
    )


def _cases(outcome: str) -> str:
    # An incident counts once, however many services: those that have one are found, not joined and told apart again.
    return (
        "SELECT m.place, c.month AS period, sum(c.cases) AS value, NULL::BIGINT AS verified\n"
        "FROM (SELECT edition, pcode, month, count(*) AS cases FROM incidents\n"
        f"      SEMI JOIN (FROM incident_services WHERE outcome = '{outcome}') USING (incident_id) GROUP BY ALL) c\n"
        "JOIN members m USING (edition, pcode)\nGROUP BY ALL"
    )


def _coverage(column: str) -> str:
    return (
        f"SELECT m.place, c.month AS period, sum(c.{column}) AS value, NULL::BIGINT AS verified\n"
        f"FROM coverage c JOIN members m USING (edition, pcode)\nWHERE c.{column} IS NOT NULL\nGROUP BY ALL"
    )


def _stock(value: str, dimension: str = "") -> str:
    dim = f", {dimension}" if dimension else ""
    return (
        f"SELECT m.place, v.reference_date AS period{dim}, sum({value}) AS value, NULL::BIGINT AS verified\n"
        "FROM movements v JOIN members m USING (edition, pcode)\nWHERE v.movement_type = '{type}'\nGROUP BY ALL"
    )


# Activities of other countries are received too: they neither count nor tell which months a matrix of Mali speaks of.
_OURS = "(FROM activities SEMI JOIN members USING (edition, pcode))"
_ONGOING = (
    f"(SELECT t.month, a.* FROM {_OURS} a JOIN months t\n"
    "   ON (a.start_date IS NULL OR a.start_date <= last_day(strptime(t.month || '-01', '%Y-%m-%d'))::VARCHAR)\n"
    "  AND (a.end_date IS NULL OR a.end_date >= t.month || '-01')\n"
    f"  AND t.month >= (SELECT min(substr(start_date, 1, 7)) FROM {_OURS})\n"
    f"  AND t.month <= (SELECT max(substr(end_date, 1, 7)) FROM {_OURS})) a"
)


def _activities(value: str, dimension: str = "", where: str = "true") -> str:
    dim = f", a.{dimension}" if dimension else ""
    return (
        f"SELECT m.place, a.month AS period{dim}, {value} AS value, NULL::BIGINT AS verified\n"
        f"FROM {_ONGOING} JOIN members m USING (edition, pcode)\nWHERE {where}\nGROUP BY ALL"
    )


# Communes first, then the matrix: incidents may be millions, communes with one in a month are some hundreds.
_UNSERVED = (
    "SELECT m.place, i.month AS period, count(DISTINCT i.commune_pcode) AS value, NULL::BIGINT AS verified\n"
    "FROM (SELECT DISTINCT month, edition, pcode, commune_pcode FROM incidents WHERE commune_pcode IS NOT NULL) i\n"
    "JOIN members m USING (edition, pcode)\n"
    f"WHERE EXISTS (SELECT 1 FROM {_ONGOING} WHERE a.month = i.month AND a.edition = i.edition)\n"
    f"  AND NOT EXISTS (SELECT 1 FROM {_ONGOING} WHERE a.month = i.month AND a.edition = i.edition AND a.commune_pcode = i.commune_pcode)\nGROUP BY ALL"
)

# The register is one list for the country: a month that has an alert somewhere was received everywhere.
_ALERTS = (
    "SELECT m.place, t.month AS period, {value} AS value, NULL::BIGINT AS verified\n"
    "FROM (SELECT DISTINCT month FROM alerts) t CROSS JOIN members m\n"
    "LEFT JOIN alerts a ON a.month = t.month AND a.edition = m.edition AND a.pcode = m.pcode\nGROUP BY ALL"
)

_TOTALS = (
    "SELECT m.place, t.month AS period, sum(t.incidents) AS value,\n"
    "       sum(t.incidents * (t.verification_class = 'verified')::INT) AS verified\n"
    "FROM incident_totals t JOIN members m USING (edition, pcode)\nGROUP BY ALL"
)


def _and_year(monthly: str, dimension: str = "") -> str:
    """Months, and the years of which every month was received: their sum."""
    dim = f", {dimension}" if dimension else ""
    return (
        f"WITH monthly AS ({monthly})\nSELECT place, period{dim}, value, verified FROM monthly\n"
        f"UNION ALL SELECT place, y.year AS period{dim}, sum(value) AS value, sum(verified) AS verified\n"
        "FROM monthly JOIN whole_years y ON y.year = substr(period, 1, 4) GROUP BY ALL"
    )


MEASURES: tuple[Measure, ...] = (
    Measure(
        "incidents",
        "protection_incidents",
        "incidents",
        "Incidents de protection rapportés",
        REPORTED,
        _and_year(_TOTALS),
        grid="counts",
    ),
    Measure(
        "incidents_by_verification",
        "protection_incidents",
        "incidents",
        "Incidents, vérifiés ou non",
        REPORTED,
        _rows("count(*)", {"verification": "i.verification_class"}),
        (("verification", "verification_class"),),
        "rows",
        adds_up=("verification",),
    ),
    Measure(
        "incidents_by_entry_source",
        "protection_incidents",
        "incidents",
        "Incidents documentés, ou signalés par rapport flash",
        REPORTED,
        _rows("count(*)", {"entry_source": "i.entry_source"}),
        (("entry_source", "entry_source"),),
        "rows",
        adds_up=("entry_source",),
    ),
    Measure(
        "incidents_by_category",
        "protection_incidents",
        "incidents",
        "Incidents par catégorie d’atteinte",
        REPORTED,
        _rows("count(*)", {"category": "i.category"}),
        (("category", "incident_category"),),
        "rows",
        adds_up=("category",),
    ),
    Measure(
        "incidents_by_category_verification",
        "protection_incidents",
        "incidents",
        "Incidents par catégorie, vérifiés ou non",
        REPORTED,
        _rows("count(*)", {"category": "i.category", "verification": "i.verification_class"}),
        (("category", "incident_category"), ("verification", "verification_class")),
        "rows",
        adds_up=("category", "verification"),
    ),
    Measure(
        "incidents_by_perpetrator_class",
        "protection_incidents",
        "incidents",
        "Incidents par classe d’auteurs présumés",
        "Auteurs tels que déclarés par les victimes ou témoins ; présumés, jamais établis.",
        _rows("count(*)", {"perpetrator_class": "coalesce(i.perpetrator_class, 'unknown')"}),
        (("perpetrator_class", "perpetrator_class"),),
        "rows",
        adds_up=("perpetrator_class",),
    ),
    Measure(
        "victims",
        "victims_people",
        "people",
        "Victimes citées dans les incidents",
        PEOPLE_REPORTED,
        _and_year(_rows(f"sum({_VICTIMS})", where=_ANY_VICTIM_ANSWER)),
        grid="rows",
    ),
    Measure(
        "victims_by_person",
        "victims_people",
        "people",
        "Victimes : femmes, hommes, filles, garçons",
        PEOPLE_REPORTED,
        _and_year(_by_person("true"), "person"),
        (("person", "person"),),
        "rows",
        adds_up=("person",),
    ),
    Measure(
        "victims_by_harm",
        "victims_people",
        "people",
        "Personnes tuées et blessées",
        PEOPLE_REPORTED,
        _and_year(_harm("true"), "harm"),
        (("harm", "harm"),),
        "rows",
        # The form refuses more killed and wounded than victims; a row that leaves victims blank may still hold some.
        usually_apart=("harm",),
    ),
    Measure(
        "victims_by_population_group",
        "victims_people",
        "people",
        "Victimes par groupe de population",
        PEOPLE_REPORTED,
        _rows(f"sum({_VICTIMS})", {"population_group": "coalesce(i.population_group, 'unknown')"}, _ANY_VICTIM_ANSWER),
        (("population_group", "population_group"),),
        "rows",
        adds_up=("population_group",),
    ),
    Measure(
        "incidents_without_victim_answer",
        "incidents_without_victim_answer",
        "incidents",
        "Incidents sans réponse sur les victimes",
        REPORTED,
        _and_year(_rows("count(*)", where=f"NOT ({_ANY_VICTIM_ANSWER})")),
        grid="rows",
        within=("protection_incidents",),
    ),
    Measure(
        "child_victims",
        "child_victims_people",
        "people",
        "Enfants victimes (filles et garçons)",
        PEOPLE_REPORTED,
        _and_year(_rows(f"sum({_CHILDREN})", where=_ANY_VICTIM_ANSWER)),
        grid="rows",
        parts={"": ("victims_people.person=girls", "victims_people.person=boys")},
        within=("victims_people",),
    ),
    Measure(
        "explosive_incidents",
        "explosive_incidents",
        "incidents",
        "Incidents impliquant une mine, un EEI ou un reste explosif",
        REPORTED,
        _rows("count(*)", where=_EXPLOSIVE),
        grid="rows",
        within=("protection_incidents.category=integrity",),
    ),
    Measure(
        "explosive_victims_by_harm",
        "explosive_victims_people",
        "people",
        "Personnes tuées et blessées par une mine, un EEI ou un reste explosif",
        PEOPLE_REPORTED,
        _harm(_EXPLOSIVE),
        (("harm", "harm"),),
        "rows",
        within=("victims_people",),
    ),
    Measure(
        "cases_referred",
        "cases_referred",
        "cases",
        "Cas référés vers au moins un service",
        "Un cas peut être référé vers plusieurs services.",
        _cases("referred"),
        grid="rows",
        within=("protection_incidents",),
    ),
    Measure(
        "cases_assisted",
        "cases_assisted",
        "cases",
        "Cas assistés par au moins un service",
        "Un cas peut être assisté par plusieurs services.",
        _cases("assisted"),
        grid="rows",
        within=("protection_incidents",),
        usually_within=("cases_referred",),
    ),
    Measure(
        "cases_referred_by_service",
        "cases_referred",
        "cases",
        "Cas référés par service",
        "Un cas peut être référé vers plusieurs services.",
        _services("referred"),
        (("service", "service"),),
        "rows",
        within=("cases_referred",),
        covered_by_codes=True,
    ),
    Measure(
        "cases_assisted_by_service",
        "cases_assisted",
        "cases",
        "Cas assistés par service",
        "Un cas peut être assisté par plusieurs services.",
        _services("assisted"),
        (("service", "service"),),
        "rows",
        within=("cases_assisted",),
        covered_by_codes=True,
        usually_within=("cases_referred",),
    ),
    Measure(
        "communes_followed",
        "communes_followed",
        "communes",
        "Communes suivies par le monitoring",
        "",
        _coverage("communes_followed"),
    ),
    Measure(
        "communes_covered",
        "communes_covered",
        "communes",
        "Communes d’où un relevé est parvenu dans le mois",
        "",
        _coverage("communes_covered"),
    ),
    Measure(
        "monitors",
        "monitors",
        "monitors",
        "Moniteurs actifs dans le mois",
        "",
        _coverage("monitors"),
    ),
    *(
        Measure(
            f"{name}_stock",
            name,
            "people",
            meaning,
            "Stock à un jour donné ; ne s’additionne pas d’un mois à l’autre.",
            _stock("v.people").replace("{type}", kind),
        )
        for name, kind, meaning in (
            ("idps_people", "idp", "Déplacés internes"),
            ("returned_idps_people", "returned_idp", "Déplacés retournés, cumul"),
            ("repatriated_people", "repatriated", "Rapatriés, cumul"),
        )
    ),
    Measure(
        "idp_cercles_assessed",
        "idp_cercles_assessed",
        "cercles",
        "Cercles évalués lors du relevé",
        "",
        _stock("1")
        .replace("sum(1)", "count(DISTINCT m.cercle)")
        .replace("{type}", "idp")
        .replace("WHERE", "WHERE m.cercle <> '' AND"),
    ),
    Measure(
        "organisations_present",
        "organisations_present",
        "organisations",
        "Organisations avec une activité de protection en cours",
        "Selon la matrice 5W reçue.",
        _activities("count(DISTINCT a.organisation)"),
    ),
    Measure(
        "communes_with_activity",
        "communes_with_activity",
        "communes",
        "Communes avec au moins une activité de protection en cours",
        "Selon la matrice 5W reçue.",
        _activities("count(DISTINCT a.commune_pcode)"),
    ),
    Measure(
        "communes_with_activity_by_subsector",
        "communes_with_activity",
        "communes",
        "Communes avec une activité en cours, par domaine",
        "Selon la matrice 5W reçue.",
        _activities("count(DISTINCT a.commune_pcode)", "subsector"),
        (("subsector", "subsector"),),
    ),
    Measure(
        "communes_in_place",
        "communes_in_place",
        "communes",
        "Communes de la zone",
        "Nomenclature OCHA 2015.",
        "SELECT m.place, t.month AS period, count(*) AS value, NULL::BIGINT AS verified\n"
        "FROM communes c JOIN members m USING (edition, pcode) CROSS JOIN months t GROUP BY ALL",
    ),
    Measure(
        "communes_with_incidents_without_activity",
        "communes_with_incidents_without_activity",
        "communes",
        "Communes où des incidents sont rapportés sans activité de protection en cours",
        "Selon le monitoring et la matrice 5W reçus.",
        _UNSERVED,
    ),
    Measure(
        "alerts_issued",
        "alerts_issued",
        "alerts",
        "Alertes émises",
        "",
        _ALERTS.replace("{value}", "count(a.alert_id)"),
    ),
    Measure(
        "alerts_followed_up",
        "alerts_followed_up",
        "alerts",
        "Alertes suivies d’une évaluation, d’une réponse ou d’un plaidoyer",
        "",
        _ALERTS.replace("{value}", "coalesce(sum(a.is_followed_up::INT), 0)"),
    ),
    Measure(
        "strategy_people",
        "strategy_people",
        "people",
        "Indicateurs de la stratégie qui comptent des personnes",
        "Déclaré par les responsables de l’indicateur, ou compté par veille.",
        "SELECT 'mali' AS place, period, indicator, value, NULL::BIGINT AS verified FROM strategy_people",
        (("indicator", "people_indicator"),),
    ),
    *gbv.MEASURES,
)

SHARES: tuple[Share, ...] = (
    Share(
        "incidents_share_of_area",
        "protection_incidents_share_pct",
        "protection_incidents",
        "protection_incidents",
        (),
        "area",
        "Part du cercle ou de la région dans la zone",
    ),
    Share(
        "incidents_share_of_country",
        "protection_incidents_share_pct",
        "protection_incidents",
        "protection_incidents",
        (),
        "mali",
        "Part de la zone dans le pays",
    ),
    Share(
        "incidents_share_by_category",
        "protection_incidents_share_pct",
        "protection_incidents.category={code}",
        "protection_incidents",
        (("category", "incident_category"),),
        "",
        "Part de la catégorie",
    ),
    Share(
        "incidents_share_by_verification",
        "protection_incidents_share_pct",
        "protection_incidents.verification={code}",
        "protection_incidents",
        (("verification", "verification_class"),),
        "",
        "Part vérifiée et non vérifiée",
    ),
    Share(
        "incidents_share_by_perpetrator_class",
        "protection_incidents_share_pct",
        "protection_incidents.perpetrator_class={code}",
        "protection_incidents",
        (("perpetrator_class", "perpetrator_class"),),
        "",
        "Part de la classe d’auteurs présumés",
    ),
    *gbv.SHARES,
)

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "incidents_change",
        "protection_incidents_change_pct",
        "percent",
        "protection_incidents",
        "change_same_coverage",
        "Variation en un mois, seulement quand les mêmes nombres de communes ont été couverts",
    ),
    Difference(
        "idps_difference",
        "idps_people_difference",
        "people",
        "idps_people",
        "stock_difference",
        "Différence entre deux stocks ; ce n’est pas un flux",
    ),
)


BY_NAME = {m.name: m for m in MEASURES}


@lru_cache(maxsize=50_000)  # asked for each number, place and period
def declared(name: str) -> Measure | Share | Difference | None:
    """The table that a key belongs to; None for a key that no line here declares."""
    stem, *dimensions = name.split(".")
    names = tuple(d.partition("=")[0] for d in dimensions)
    for measure in MEASURES:
        if measure.indicator == stem and tuple(n for n, _ in measure.dimensions) == names:
            return measure
    for share in SHARES:
        if share.indicator == stem and share.names == names:
            return share
    return next((d for d in DIFFERENCES if d.indicator == stem and not names), None)
