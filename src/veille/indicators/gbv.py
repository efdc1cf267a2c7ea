"""The GBVIMS statistics: what is counted of monthly tables and of recorder rows, and which of them are printed.

Counting rules (domain.md 1.1 to 1.4; Primero, `gbv_statistics`): only incidents with consent, by month of report; those
already reported to another GBVIMS organisation and those that are no GBV are left out everywhere; a question without an
answer is its own category (`unknown`), so that the categories of one question always add up to the incidents.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..codes import code_list
from .measure import UNANSWERED, Measure, Share

INCIDENTS, RAPES = "gbv_incidents_reported", "gbv_rapes_reported"
CAVEAT = "Cas déclarés uniquement ; ne reflète pas la prévalence."
OVERLAPPING = "Plusieurs réponses possibles : les lignes ne s’additionnent pas. " + CAVEAT
# Care or a referral, as Primero counts it: what was had elsewhere is neither, and the monthly tables leave it out too.
HEALTH = ("referred", "provided")
OUTCOMES = ("referred", "provided", "declined", "unavailable")
# Not one of the 24: monthly tables give age and sex apart, and only rows cross them.
CROSSED = "survivors_by_sex_and_age"

# --- one table of counts from two kinds of source -------------------------------------------------------------------

_COUNTED = "i.has_consent AND i.gbv_type <> 'non_gbv' AND i.previously_reported IS DISTINCT FROM 'gbvims_organisation'"
_ROWS = "SELECT i.report_month AS month, i.edition, i.region_pcode AS pcode, i.organisation"

# statistic -> what names the category of a row; what the rows must be, beside the rules above.
_OF_ROWS: dict[str, tuple[str, str]] = {
    "prior_gbv": ("'total'", "i.prior_gbv = 'yes'"),
    "first_contact": ("'total'", "i.is_first_contact"),
    "survivors_by_sex": ("i.sex", "true"),
    "survivors_by_age": ("i.age_band", "true"),
    "survivors_by_marital_status": ("i.marital_status", "true"),
    "survivors_by_displacement_status": ("i.displacement_status", "true"),
    "survivors_by_displacement_stage": ("i.displacement_stage", "true"),
    "incidents_by_type": ("i.gbv_type", "true"),
    "incidents_by_time_of_day": ("i.time_of_day", "true"),
    "incidents_by_delay": ("i.delay", "true"),
    "incidents_by_place_type": ("i.place_type", "true"),
    "perpetrators_by_number": ("i.perpetrator_number", "true"),
    "rapes_by_delay": ("i.delay", "i.gbv_type = 'rape'"),
    "rapes_with_health_by_delay": (
        "i.delay",
        "i.gbv_type = 'rape' AND i.gbv_id IN (SELECT gbv_id FROM gbv_services WHERE service = 'health' "
        f"AND outcome IN {HEALTH})",
    ),
    "perpetrators_by_relationship": ("i.perpetrator_relationship", "true"),
    "perpetrators_by_age": ("i.perpetrator_age", "true"),
    "perpetrators_by_occupation": ("i.perpetrator_occupation", "true"),
    "vulnerable_survivors": ("i.child_vulnerability", "i.child_vulnerability <> 'no'"),
    CROSSED: (f"coalesce(i.sex, '{UNANSWERED}') || '.' || i.age_band", "true"),
}


def _selects() -> Iterator[str]:
    """Counts of the rows of recorders, statistic by statistic, as the monthly tables give them."""
    # A month whose incidents all count elsewhere is a month reported: zero, as a monthly table says it.
    yield (
        f"{_ROWS}, 'new_incidents' AS statistic, 'total' AS category, count(*) FILTER ({_COUNTED}) AS people\n"
        "FROM gbv_incidents i WHERE i.has_consent GROUP BY ALL"
    )
    for statistic, (category, where) in _OF_ROWS.items():
        yield (
            f"{_ROWS}, '{statistic}' AS statistic, {category} AS category, count(*) AS people\n"
            f"FROM gbv_incidents i WHERE {_COUNTED} AND {where} GROUP BY ALL"
        )
    yield (
        f"{_ROWS}, 'vulnerable_survivors' AS statistic, 'with_disability' AS category, count(*) AS people\n"
        f"FROM gbv_incidents i WHERE {_COUNTED} AND i.disability = 'yes' GROUP BY ALL"
    )
    for statistic, column in (("incidents_by_context", "contexts"), ("referred_from", "referred_from")):
        yield (
            f"{_ROWS}, '{statistic}' AS statistic, c.category, count(*) AS people\n"
            f"FROM gbv_incidents i, (SELECT unnest(string_split(i.{column}, ' ')) AS category) c\n"
            f"WHERE {_COUNTED} GROUP BY ALL"
        )
    yield (
        f"{_ROWS}, 'new_referrals' AS statistic, s.service || '.' || s.outcome AS category, count(*) AS people\n"
        f"FROM gbv_incidents i JOIN gbv_services s USING (gbv_id) WHERE {_COUNTED} AND s.outcome IN {OUTCOMES} GROUP BY ALL"
    )


# Statistics that ask one question: its categories, and those without an answer, are all incidents (or all rapes).
PARTITIONS: dict[str, tuple[str, str]] = {
    statistic: tuple(entry["adds_to"].split("."))
    for statistic, entry in code_list("gbv_statistic").items()
    if "adds_to" in entry
}


def _known(statistic: str) -> tuple[str, ...]:
    """The categories of a partition that are answers."""
    listed = code_list(code_list("gbv_statistic")[statistic]["breakdown"])
    return tuple(code for code in listed if code not in (UNANSWERED, "non_gbv"))


def views() -> Iterator[str]:
    """The statements that make `gbv_cells` (month, edition, pcode, organisation, statistic, category, people), `gbv_spans`
    (month, period: the month itself, and the quarter and year of which every month was received) and `gbv_crossed` (the
    periods of which every case came as a row).

    Where an organisation's month came as rows, its monthly table of the same month is the same thing a second time. A
    month and region for which it gives no number of new incidents counts in nothing.
    """
    rows = "\nUNION ALL BY NAME ".join(_selects())
    yield (
        "CREATE OR REPLACE TEMP TABLE gbv_given AS SELECT month, edition, region_pcode AS pcode, organisation, statistic, category, people\n"
        "FROM gbv_aggregates ANTI JOIN (SELECT DISTINCT report_month AS month, organisation FROM gbv_incidents) USING (month, organisation)\n"
        f"WHERE people IS NOT NULL\nUNION ALL BY NAME {rows}"
    )
    keys = "month, edition, pcode, organisation"
    yield (
        f"CREATE OR REPLACE TEMP TABLE gbv_whole AS SELECT {keys}, people FROM gbv_given\n"
        "WHERE statistic = 'new_incidents' AND category = 'total'"
    )
    answers = [(statistic, category) for statistic in PARTITIONS for category in _known(statistic)]
    listed = ", ".join(f"('{statistic}', '{category}')" for statistic, category in answers)
    wholes = ", ".join(f"('{s}', '{whole}', '{category}')" for s, (whole, category) in PARTITIONS.items())
    partitions = ", ".join(f"'{s}'" for s in PARTITIONS)
    # Delays of rapes count where the number of rapes is given, and rapes with health where those of the same delay are and hold
    # them: what an organisation leaves blank must not make a part larger than its whole. A service provided is the outcome
    # « provided »: read twice, it would be two numbers of one thing, and the protection would not know that they are one.
    health = "rapes_with_health_by_delay"
    yield (
        "CREATE OR REPLACE TEMP TABLE gbv_cells AS\n"
        f"WITH given AS (FROM gbv_given SEMI JOIN gbv_whole USING ({keys})),\n"
        f"whole AS (SELECT {keys}, w.statistic, people FROM given g JOIN (VALUES {wholes}) w(statistic, of_statistic, of_category)\n"
        "          ON g.statistic = w.of_statistic AND g.category = w.of_category),\n"
        f"answered AS (FROM given SEMI JOIN whole USING ({keys}, statistic) WHERE (statistic, category) IN (VALUES {listed})),\n"
        f"parts AS (SELECT {keys}, statistic, category, people FROM answered\n"
        f"UNION ALL BY NAME SELECT {keys}, statistic, '{UNANSWERED}' AS category, w.people - coalesce(a.people, 0) AS people\n"
        f"FROM whole w LEFT JOIN (SELECT {keys}, statistic, sum(people) AS people FROM answered GROUP BY ALL) a USING ({keys}, statistic))\n"
        f"SELECT {keys}, statistic, category, people FROM given\n"
        f"WHERE statistic NOT IN ({partitions}, '{health}', 'services_provided') AND category <> 'incomplete'\n"
        "UNION ALL BY NAME FROM parts\n"
        f"UNION ALL BY NAME SELECT {keys}, h.statistic, category, h.people FROM given h JOIN parts p USING ({keys}, category)\n"
        f"WHERE h.statistic = '{health}' AND p.statistic = 'rapes_by_delay' AND h.people <= p.people\n"
        f"UNION ALL BY NAME SELECT {keys}, 'services_provided' AS statistic, split_part(category, '.', 1) AS category, people FROM given\n"
        "WHERE statistic = 'new_referrals' AND split_part(category, '.', 2) = 'provided'"
    )
    yield (
        "CREATE OR REPLACE TEMP TABLE gbv_spans AS WITH came AS (SELECT DISTINCT month FROM gbv_whole)\n"
        "SELECT month, month AS period FROM came\n"
        "UNION ALL BY NAME SELECT month, period FROM (SELECT month, substr(month, 1, 4) || '-Q' || ((substr(month, 6)::INT + 2) // 3) AS period,\n"
        "  count(*) OVER (PARTITION BY substr(month, 1, 4), (substr(month, 6)::INT + 2) // 3) AS n FROM came) WHERE n = 3\n"
        "UNION ALL BY NAME SELECT month, period FROM (SELECT month, substr(month, 1, 4) AS period,\n"
        "  count(*) OVER (PARTITION BY substr(month, 1, 4)) AS n FROM came) WHERE n = 12"
    )
    yield (
        "CREATE OR REPLACE TEMP TABLE gbv_crossed AS SELECT DISTINCT period FROM gbv_spans ANTI JOIN (\n"
        "SELECT period FROM gbv_spans JOIN gbv_whole w USING (month)\n"
        "WHERE w.people > 0 AND (w.month, w.organisation) NOT IN (SELECT (report_month, organisation) FROM gbv_incidents)) USING (period)"
    )


# --- the declared tables --------------------------------------------------------------------------------------------


def _sum(statistic: str, columns: dict[str, str] | None = None, where: str = "true") -> str:
    named = "".join(f", {sql} AS {name}" for name, sql in (columns or {}).items())
    return (
        f"SELECT m.place, s.period{named}, g.organisation, sum(g.people) AS value, NULL::BIGINT AS verified\n"
        "FROM gbv_cells g JOIN gbv_spans s USING (month) JOIN members m USING (edition, pcode)\n"
        f"WHERE g.statistic = '{statistic}' AND {where}\nGROUP BY ALL"
    )


def _plain(
    name: str, indicator: str, meaning: str, statistic: str, where: str = "g.category = 'total'", **more
) -> Measure:
    sql = _sum(statistic, where=where)
    return Measure(name, indicator, "incidents", meaning, CAVEAT, sql, by_organisation=True, **more)


def _by(
    name: str, meaning: str, statistic: str, dimension: str, codes: str, *, indicator: str = INCIDENTS,
    category: str = "g.category", overlapping: bool = False, **more,
) -> Measure:  # fmt: skip
    """One breakdown: of one question, whose categories add up, or of several possible answers."""
    listed = ", ".join(f"'{code}'" for code in code_list(codes))
    sql = _sum(statistic, {dimension: category}, f"{category} IN ({listed})")
    adds_up = () if overlapping else (dimension,)
    caveat = OVERLAPPING if overlapping else CAVEAT
    return Measure(
        name, indicator, "incidents", meaning, caveat, sql, ((dimension, codes),), "own", adds_up=adds_up,
        by_organisation=True, **more,
    )  # fmt: skip


def _case(of: dict[str, tuple[str, ...]]) -> str:
    """SQL that puts categories together: code -> categories."""
    whens = " ".join(f"WHEN g.category IN ({', '.join(map(repr, many))}) THEN '{code}'" for code, many in of.items())
    return f"CASE {whens} END"


VIOLENCE = {
    "sexual": ("rape", "sexual_assault"),
    "other": ("physical_assault", "forced_marriage", "denial_of_resources", "psychological_emotional_abuse"),
    UNANSWERED: (UNANSWERED,),
}
MAJORITY = {"child": ("age_0_11", "age_12_17"), "adult": ("age_18_over",), UNANSWERED: (UNANSWERED,)}


# Three days: the window of emergency contraception and of prophylaxis against HIV.
WINDOW = {
    "in_time": ("days_0_3",),
    "later": ("days_4_5", "days_6_14", "weeks_2_month_1", "over_1_month"),
    UNANSWERED: (UNANSWERED,),
}


def _parts(
    name: str, of: dict[str, tuple[str, ...]], dimension: str, indicator: str = INCIDENTS
) -> dict[str, tuple[str, ...]]:
    """Of a coarse breakdown, the codes of the finer one that make each of its own."""
    return {f"{name}={c}": tuple(f"{indicator}.{dimension}={part}" for part in many) for c, many in of.items()}


RESULTS = {"obtained": ("referred", "provided"), "declined": ("declined",), "unavailable": ("unavailable",)}


_OUTCOME = _AGE = "split_part(g.category, '.', 2)"
MEASURES: tuple[Measure, ...] = (
    _plain("gbv_incidents", INCIDENTS, "Cas de VBG déclarés, avec consentement", "new_incidents"),
    Measure(
        "gbv_organisations",
        "gbv_organisations_reporting",
        "organisations",
        "Organisations dont les données sont comptées",
        "Une hausse des cas peut venir d’organisations plus nombreuses.",
        "SELECT m.place, s.period, count(DISTINCT g.organisation) AS value, NULL::BIGINT AS verified\n"
        "FROM gbv_whole g JOIN gbv_spans s USING (month) JOIN members m USING (edition, pcode)\nGROUP BY ALL",
    ),
    _by("gbv_incidents_by_class", "Violence sexuelle (viol et agression sexuelle) et autres types", "incidents_by_type",
        "violence_class", "violence_class", category=_case(VIOLENCE), parts=_parts("violence_class", VIOLENCE, "gbv_type")),
    _by("gbv_incidents_by_type", "Cas par type de VBG, un seul par cas", "incidents_by_type", "gbv_type", "gbv_type_counted"),
    _by("gbv_survivors_by_sex", "Survivant(e)s par sexe", "survivors_by_sex", "sex", "sex"),
    _by("gbv_survivors_by_majority", "Survivant(e)s enfants (moins de 18 ans) et adultes", "survivors_by_age", "majority",
        "majority", category=_case(MAJORITY), parts=_parts("majority", MAJORITY, "age_band")),
    _by("gbv_survivors_by_age", "Survivant(e)s par âge à l’incident", "survivors_by_age", "age_band", "age_band"),
    Measure(
        "gbv_survivors_by_sex_and_majority",
        INCIDENTS,
        "incidents",
        "Survivant(e)s par sexe et âge croisés, où chaque cas est venu d’un enregistreur",
        "Les tableaux mensuels ne croisent pas l’âge et le sexe. " + CAVEAT,
        _sum(CROSSED, {"sex": "split_part(g.category, '.', 1)", "majority": _case(MAJORITY).replace("g.category", _AGE)},
             "s.period IN (FROM gbv_crossed)"),
        (("sex", "sex"), ("majority", "majority")),
        "own",
        adds_up=("sex", "majority"),
        by_organisation=True,
    ),
    _by("gbv_survivors_by_displacement_status", "Survivant(e)s par statut de déplacement", "survivors_by_displacement_status",
        "displacement_status", "displacement_status"),
    _by("gbv_survivors_by_marital_status", "Survivant(e)s par état matrimonial", "survivors_by_marital_status",
        "marital_status", "marital_status"),
    _by("gbv_survivors_by_displacement_stage", "Survivant(e)s par phase de déplacement à l’incident",
        "survivors_by_displacement_stage", "displacement_stage", "displacement_stage"),
    _by("gbv_survivors_by_vulnerability", "Survivant(e)s de groupes vulnérables", "vulnerable_survivors", "vulnerability",
        "gbv_vulnerability", overlapping=True, within=(INCIDENTS,)),
    _by("gbv_incidents_by_context", "Cas par contexte", "incidents_by_context", "context", "gbv_context",
        overlapping=True, within=(INCIDENTS,)),
    _by("gbv_incidents_by_delay", "Cas par délai entre l’incident et sa déclaration", "incidents_by_delay", "delay", "delay"),
    _by("gbv_incidents_by_time_of_day", "Cas par moment de la journée", "incidents_by_time_of_day", "time_of_day", "time_of_day"),
    _by("gbv_incidents_by_place_type", "Cas par type de lieu", "incidents_by_place_type", "place_type", "incident_place_counted"),
    _plain("gbv_rapes", RAPES, "Viols déclarés", "incidents_by_type", "g.category = 'rape'",
           parts={"": (f"{INCIDENTS}.gbv_type=rape",)}, within=(INCIDENTS,)),
    _by("gbv_rapes_by_window", "Viols déclarés dans les trois jours, ou plus tard", "rapes_by_delay", "window", "rape_window",
        category=_case(WINDOW), indicator=RAPES, parts=_parts("window", WINDOW, "delay", RAPES)),
    _by("gbv_rapes_by_delay", "Viols par délai de déclaration", "rapes_by_delay", "delay", "delay", indicator=RAPES),
    _by("gbv_rapes_with_health_by_delay", "Viols pris en charge ou référés en santé, par délai", "rapes_with_health_by_delay",
        "delay", "delay", indicator="gbv_rapes_with_health", within=(RAPES,)),
    _by("gbv_perpetrators_by_number", "Cas par nombre d’auteurs principaux", "perpetrators_by_number", "perpetrator_number",
        "perpetrator_number"),
    _by("gbv_perpetrators_by_relationship", "Cas par lien avec l’auteur", "perpetrators_by_relationship",
        "perpetrator_relationship", "perpetrator_relationship", overlapping=True, within=(INCIDENTS,)),
    _by("gbv_perpetrators_by_age", "Cas par âge de l’auteur", "perpetrators_by_age", "perpetrator_age", "perpetrator_age",
        overlapping=True, within=(INCIDENTS,)),
    _by("gbv_perpetrators_by_occupation", "Cas par profession de l’auteur", "perpetrators_by_occupation",
        "perpetrator_occupation", "perpetrator_occupation", overlapping=True, within=(INCIDENTS,)),
    _plain("gbv_prior_violence", "gbv_prior_violence", "Cas de survivant(e)s ayant déjà subi une VBG", "prior_gbv", within=(INCIDENTS,)),
    _plain("gbv_first_contacts", "gbv_first_contacts", "Cas dont l’organisation est le premier contact", "first_contact", within=(INCIDENTS,)),
    _by("gbv_referred_from", "Cas référés par d’autres", "referred_from", "referred_from", "referral_source",
        indicator="gbv_referred_in", overlapping=True, within=(INCIDENTS,)),
    _by("gbv_services_provided", "Services fournis par l’organisation, par secteur", "services_provided", "service", "service",
        indicator="gbv_services_provided", overlapping=True, within=(INCIDENTS,),
        parts={f"service={s}": (f"gbv_service_needs.service={s}.outcome=provided",) for s in code_list("service")}),
    _by("gbv_service_needs", "Besoins de service : référés, fournis, déclinés ou indisponibles", "new_referrals", "service",
        "service", indicator="gbv_service_needs", category=f"CASE WHEN split_part(g.category, '.', 2) IN {OUTCOMES} THEN split_part(g.category, '.', 1) END",
        overlapping=True, within=(INCIDENTS,)),
    Measure(
        "gbv_service_results",
        "gbv_service_needs",
        "incidents",
        "Besoins de service : servis (référés ou fournis), déclinés, indisponibles",
        "Un service décliné est le choix de la personne ; un service indisponible est un manque. " + CAVEAT,
        _sum("new_referrals", {"service": "split_part(g.category, '.', 1)", "result": _case(RESULTS).replace("g.category", _OUTCOME)},
             f"{_OUTCOME} IN {OUTCOMES}"),
        (("service", "service"), ("result", "service_result")),
        "own",
        adds_up=("result",),
        parts={
            f"service={s}.result={r}": tuple(f"gbv_service_needs.service={s}.outcome={o}" for o in many)
            for s in code_list("service")
            for r, many in RESULTS.items()
        },
        by_organisation=True,
    ),
    Measure(
        "gbv_service_outcomes",
        "gbv_service_needs",
        "incidents",
        "Besoins de service par issue",
        "Un service décliné est le choix de la personne ; un service indisponible est un manque. " + CAVEAT,
        _sum("new_referrals", {"service": "split_part(g.category, '.', 1)", "outcome": "split_part(g.category, '.', 2)"},
             f"split_part(g.category, '.', 2) IN {OUTCOMES}"),
        (("service", "service"), ("outcome", "service_need")),
        "own",
        adds_up=("outcome",),
        by_organisation=True,
    ),
)  # fmt: skip


def _share(name: str, dimension: str, codes: str, meaning: str) -> Share:
    return Share(
        name,
        f"{INCIDENTS}_share_pct",
        f"{INCIDENTS}.{dimension}={{code}}",
        INCIDENTS,
        ((dimension, codes),),
        "",
        meaning,
    )


SHARES: tuple[Share, ...] = (
    _share("gbv_share_by_class", "violence_class", "violence_class", "Part de la violence sexuelle et des autres types"),
    _share("gbv_share_by_type", "gbv_type", "gbv_type_counted", "Part du type"),
    _share("gbv_share_by_sex", "sex", "sex", "Part des femmes et filles, des hommes et garçons"),
    _share("gbv_share_by_majority", "majority", "majority", "Part des enfants et des adultes"),
    _share("gbv_share_by_age", "age_band", "age_band", "Part du groupe d’âge"),
    _share("gbv_share_by_context", "context", "gbv_context", "Part des cas où le contexte s’applique ; ne fait jamais 100 %"),
    _share("gbv_share_by_delay", "delay", "delay", "Part du délai de déclaration"),
    _share("gbv_share_by_displacement_status", "displacement_status", "displacement_status", "Part du statut"),
    Share("gbv_rapes_share_by_delay", f"{RAPES}_share_pct", f"{RAPES}.delay={{code}}", RAPES, (("delay", "delay"),), "",
          "Part des viols déclarés dans ce délai"),
    Share("gbv_rapes_with_health_share", "gbv_rapes_with_health_share_pct", "gbv_rapes_with_health.delay={code}",
          f"{RAPES}.delay={{code}}", (("delay", "delay"),), "", "Part des viols de ce délai pris en charge ou référés en santé"),
    Share("gbv_service_gap", "gbv_service_gap_pct", "gbv_service_needs.service={code}.result=unavailable",
          "gbv_service_needs.service={code}", (("service", "service"),), "", "Part des besoins restés sans service (indisponible)"),
)  # fmt: skip
