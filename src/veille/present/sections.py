"""Tables and boxes of the bulletin: movements, children and mines, GBV, response, recommendations, method."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from ..codes import code_list, label, mapping
from ..indicators.registry import key
from ..periods import day, day_name
from ..products import GBV_CAVEAT
from ..published import Edition
from ..render.document import Block, bullet_list, const, heading, note, paragraph, soft, strong, warn
from .parts import column, is_any_shown, nothing_received, row, table, too_few_here
from .shown import Shown
from .words import agree, counted, say


def sentence_on_entry_source(edition: Edition) -> Shown:
    """Documented reports and flash reports, apart: a flash report may still change."""
    documented, flash = (
        edition.number(key("protection_incidents", {"entry_source": c})) for c in ("documented", "flash")
    )
    if documented.status == flash.status == "not_received":
        return Shown(nothing_received(edition, "Rapports documentés et rapports flash"))
    # A month that prints neither says so once; the sign of a hidden number ends with its own point.
    split = (
        say("Rapports documentés : ", documented, " ; rapports flash, pas encore documentés : ", flash)
        if documented.is_shown or flash.is_shown
        else say("Rapports documentés et rapports flash, pas encore documentés : répartition non publiée.")
    )
    stop = "." if flash.is_shown else ""
    may_change = f"{stop} Un rapport flash peut être complété, corrigé ou infirmé le mois suivant."
    return Shown(paragraph([*split, *say(may_change)]))


def table_of_population_groups(edition: Edition) -> Shown:
    """Victims by population group."""
    rows = [
        (label("population_group", c), edition.number(key("victims_people", {"population_group": c})))
        for c in code_list("population_group")
    ]
    if all(n.status == "not_received" for _, n in rows):
        return Shown(nothing_received(edition, "Groupes de population"))
    if sum(n.is_shown and n.value != "0" for _, n in rows) < 2:
        return too_few_here(edition, "Groupes de population", "victims_by_population_group", table_of_population_groups)
    shown = [row(text, n) for text, n in rows if n.value != "0"]
    notes = (
        [say("Aucune victime citée : ", ", ".join(t.lower() for t, n in rows if n.value == "0") + ".")]
        if any(n.value == "0" for _, n in rows)
        else []
    )
    return Shown(
        table(
            edition,
            "victimes_par_groupe",
            say("Victimes par groupe de population"),
            [column("Groupe", "#affected+group"), column("Victimes", "#affected+people", right=True)],
            shown,
            notes,
        )
    )


def table_of_movements(edition: Edition) -> Shown:
    """Stocks of displaced, returned and repatriated people, each with its day."""
    rows: list[dict] = []
    days = set()
    for stem, name in (
        ("idps_people", "idp"),
        ("returned_idps_people", "returned_idp"),
        ("repatriated_people", "repatriated"),
    ):
        newest = edition.latest(stem)
        if newest is None:
            continue
        earlier = [p for p in edition.periods(stem) if p < newest.period]
        before = edition.number(stem, period=earlier[-1]) if earlier else None
        change = edition.number("idps_people_difference", period=newest.period) if stem == "idps_people" else None
        sign = (
            "+"
            if change is not None and change.is_shown and not change.value.startswith("-") and change.value != "0"
            else ""
        )
        days.add(newest.period)
        rows.append(
            row(
                label("movement_type", name),
                day_name(day(newest.period)),
                newest,
                say(before, soft(say(f" au {day_name(day(before.period))}"))) if before else "",
                say(sign, change) if change is not None and change.is_shown else "",
            )
        )
    if not rows:
        return Shown(
            paragraph(
                soft(
                    say(
                        f"Mouvements de population : aucun stock reçu à une date antérieure ou égale à fin {edition.period.name()}."
                    )
                )
            )
        )
    columns = [
        column("Population", "#affected+type"),
        column("Jour du stock", "#date"),
        column("Personnes", "#affected+ind", right=True),
        column("Stock précédent", "#affected+ind+previous", right=True),
        column("Écart", "#affected+ind+difference", right=True),
    ]
    notes = [
        say(
            "Un stock de déplacés compte les personnes présentes un jour donné ; l’écart entre deux stocks n’est pas un nombre de nouveaux déplacés. Déplacés et retournés ne s’additionnent pas. "
            "Retours et rapatriements : nombres cumulés, révisables à la baisse ; leur écart n’est pas calculé."
        )
    ]
    assessed = edition.number("idp_cercles_assessed", period=max(days))
    if assessed.is_shown:
        notes.append(
            say(
                "Déplacés internes : ",
                counted(assessed, "cercle évalué", "cercles évalués"),
                " lors du dernier relevé.",
            )
        )
    return Shown(table(edition, "mouvements", say("Déplacés internes, retournés et rapatriés"), columns, rows, notes))


def sentence_on_children(edition: Edition) -> Shown:
    """Children named as victims, in one number; grave violations belong to the MRM."""
    children = edition.number("child_victims_people")
    if children.status == "not_received":
        return Shown(nothing_received(edition, "Enfants victimes"))
    if not children.is_shown:
        return too_few_here(edition, "Enfants victimes", "child_victims", sentence_on_children)
    if children.value == "0":
        return Shown(paragraph(say("Aucun enfant n’est cité comme victime dans les incidents du mois.")))
    return Shown(
        paragraph(
            say(
                strong(counted(children, "enfant", "enfants")),
                " ",
                agree(children, "est cité", "sont cités"),
                " comme ",
                agree(children, "victime", "victimes"),
                " dans les incidents du mois, filles et garçons. Les violations graves des droits de l’enfant relèvent du MRM et ne sont pas comptées ici.",
            )
        )
    )


def sentence_on_mines(edition: Edition) -> Shown:
    """Explosive ordnance: incidents, killed and injured, in aggregates."""
    incidents = edition.number("explosive_incidents")
    if incidents.status == "not_received":
        return Shown(nothing_received(edition, "Mines, engins explosifs improvisés et restes explosifs"))
    if not incidents.is_shown:
        return too_few_here(
            edition, "Mines, engins explosifs improvisés et restes explosifs", "explosive_incidents", sentence_on_mines
        )
    if incidents.value == "0":
        return Shown(
            paragraph(
                say(
                    "Aucun incident impliquant une mine, un engin explosif improvisé ou un reste explosif n’a été rapporté aux moniteurs."
                )
            )
        )
    killed, injured = (edition.number(key("explosive_victims_people", {"harm": h})) for h in ("killed", "injured"))
    return Shown(
        paragraph(
            say(
                "Mines, engins explosifs improvisés et restes explosifs, selon les moniteurs : ",
                incidents,
                agree(incidents, " incident", " incidents"),
                " ; personnes tuées : ",
                killed,
                " ; blessées : ",
                injured,
                ". La base des victimes de mines du groupe LAMH fait référence.",
            )
        )
    )


def box_on_gbv(edition: Edition) -> Shown:
    """GBV under its own rules: where figures come from, what has been printed, and nothing from the monitors."""
    blocks: list[Block] = [paragraph(say(GBV_CAVEAT))]
    printed = edition.number("printed.gbv-cases-2016", "mali", "2016-01-01/2016-12-31")
    if printed.is_shown and edition.period.end >= date(2016, 12, 31):
        blocks.append(
            paragraph(
                say(
                    "Repère publié, pour tout le pays : ",
                    printed,
                    " cas déclarés en 2016 (Stratégie de protection, mars 2017). Aucun chiffre du mois n’est donné ici : "
                    "voir les synthèses GBVIMS.",
                )
            )
        )
    else:
        blocks.append(paragraph(say("Aucun chiffre du mois n’est donné ici : voir les synthèses GBVIMS.")))
    return Shown(note("Cas déclarés uniquement", *blocks, style="warn"))


def table_of_referrals(edition: Edition) -> Shown:
    """Cases referred and assisted, by service."""
    referred, assisted = edition.number("cases_referred"), edition.number("cases_assisted")
    if referred.status == assisted.status == "not_received":
        return Shown(nothing_received(edition, "Cas référés et assistés"))
    by_service = {
        c: (
            edition.number(key("cases_referred", {"service": c})),
            edition.number(key("cases_assisted", {"service": c})),
        )
        for c in code_list("service")
    }
    if not is_any_shown(n for pair in by_service.values() for n in pair):
        totals = say(
            "Cas référés : ",
            referred,
            " ; cas assistés : ",
            assisted,
            ". Trop peu de cas pour les répartir par service.",
        )
        return Shown(paragraph(totals))
    rows = [row(label("service", c), *pair) for c, pair in by_service.items()]
    rows.append(row("Cas, tous services", referred, assisted, kind="total"))
    columns = [
        column("Service", "#service+type"),
        column("Référés", "#service+referred", right=True),
        column("Assistés", "#service+received", right=True),
    ]
    notes = [
        say(
            "Un cas peut être référé vers plusieurs services : les lignes ne s’additionnent pas. Un cas référé non assisté peut attendre, avoir décliné ou n’avoir pas trouvé le service."
        )
    ]
    return Shown(table(edition, "referencements", say("Cas référés et assistés par service"), columns, rows, notes))


def table_of_presence(edition: Edition) -> Shown:
    """5W: organisations, communes with ongoing activity by domain, and the gaps."""
    organisations = edition.number("organisations_present")
    if organisations.status == "not_received":
        return Shown(nothing_received(edition, "Présence et activités (5W)"))
    covered, total = edition.number("communes_with_activity"), edition.number("communes_in_place")
    unserved = edition.number("communes_with_incidents_without_activity")
    parts = [counted(organisations, "organisation a", "organisations ont"), say(" une activité de protection en cours")]
    if covered.is_shown and total.is_shown:
        parts += [say(", dans ", covered, " des ", counted(total, "commune", "communes"))]
    sentence = say(*parts, ".")
    if unserved.is_shown and unserved.value != "0":
        sentence += say(
            " Des incidents sont rapportés dans ",
            strong(counted(unserved, "commune", "communes")),
            " sans activité en cours.",
        )
    elif unserved.status == "not_published":
        sentence += say(" Communes avec incidents et sans activité en cours : ", unserved, ".")
    blocks: list[Block] = [paragraph(sentence)]
    rows = {
        c: (label("subsector", c), edition.number(key("communes_with_activity", {"subsector": c})))
        for c in code_list("subsector")
    }
    shown = [row(text, n) for text, n in rows.values() if n.is_shown]
    if shown and covered.is_shown:
        absent = [rows[c][0].lower() for c in mapping("subsector", "group") if not rows[c][1].is_shown]
        if rows["unspecified"][1].is_shown:
            absent = []  # the matrix does not say of some activities which group they are: none is known to be absent
        notes = [
            say(
                "Selon la matrice 5W reçue. ",
                f"Aucune activité en cours déclarée : {', '.join(absent)}." if absent else "",
            )
        ]
        blocks.append(
            table(
                edition,
                "activites_5w",
                say("Communes avec une activité de protection en cours, par domaine"),
                [column("Domaine", "#subsector"), column("Communes", "#loc+num", right=True)],
                shown,
                notes,
            )
        )
    return Shown(*blocks)


def sentence_on_alerts(edition: Edition) -> Shown:
    """Alerts issued in the month, and those that were followed up."""
    issued, followed = edition.number("alerts_issued"), edition.number("alerts_followed_up")
    if issued.status == "not_received":
        return Shown(nothing_received(edition, "Alertes"))
    if issued.value == "0":
        return Shown(paragraph(say(f"Aucune alerte émise pour {edition.area.with_article} dans le mois.")))
    return Shown(
        paragraph(
            say(
                counted(issued, "alerte émise", "alertes émises"),
                " dans le mois ; ",
                followed,
                " ",
                agree(followed, "suivie", "suivies"),
                " d’une évaluation, d’une réponse ou d’un plaidoyer.",
            )
        )
    )


_UNDER_WAY = ("open", "ongoing", "partial")
_RECOMMENDATIONS = 8  # as many as half a page holds
_NOT_ALL = "Les plus en retard d’abord ; les autres recommandations du relevé n’ont pas de place ici."


def table_of_recommendations(edition: Edition) -> Shown:
    """To whom, by when, and what became of it: late ones first, then open ones, then those closed in the last six months.

    Where there are more than the page has room for, it says that they are not all there.
    """
    since = edition.period.shift(-6).start.isoformat()
    told = [
        r
        for r in edition.recommendations()
        if r["status"] in _UNDER_WAY or (r["follow_up_date"] or r["issued_date"]) >= since
    ]

    def is_late(r: dict) -> bool:
        # What is known of it is of the day that the caption names: so is being late.
        return r["status"] in _UNDER_WAY and (r["due_date"] or "9") <= edition.received

    def urgency(r: dict) -> tuple[bool, str, bool]:
        return not is_late(r), r["due_date"] if is_late(r) else "", r["status"] not in _UNDER_WAY

    rows = sorted(told, key=urgency)[:_RECOMMENDATIONS]
    if not rows:
        return Shown(nothing_received(edition, "Recommandations"))
    lines = []
    for r in rows:
        state = label("recommendation_status", r["status"])
        outcome = say(
            strong(say(state[0].upper() + state[1:])),
            warn(say(", en retard")) if is_late(r) else "",
            f". {r['follow_up']}" if r["follow_up"] else "",
        )
        lines.append(
            row(
                r["text"],
                label("recipient", r["recipient"]),
                day_name(day(r["due_date"])) if r["due_date"] else "sans échéance",
                outcome,
            )
        )
    columns = [
        column("Recommandation", "#description"),
        column("À qui", "#org+dest"),
        column("Échéance", "#date+due"),
        column("Suite donnée", "#status"),
    ]
    return Shown(
        table(
            edition,
            "recommandations",
            say(
                f"Recommandations en cours ou closes depuis moins de six mois, situation au {day_name(day(edition.received))}"
            ),
            columns,
            lines,
            [say(_NOT_ALL)] if len(rows) < len(told) else [],
        )
    )


def sources_of(edition: Edition, only: Collection[str] = ()) -> Block:
    """The table of what was received, when, and what zero means in it; of some sources only, when they are named."""
    sources = [
        row(
            [const(f"source:{s['source']}:title", s["title"])],
            [const(f"source:{s['source']}:producer", s["producer"])],
            day_name(day(s["received"])),
            [const(f"source:{s['source']}:zero_means", s["zero_means"])],
        )
        for s in edition.sources
        if not only or s["source"] in only
    ]
    return table(
        edition,
        "versions",
        say(f"Données derrière {'cette synthèse' if only else 'ce bulletin'}"),
        [
            column("Source", "#meta+source"),
            column("Producteur", "#org"),
            column("Reçu le", "#date+received"),
            column("Ce que zéro veut dire", "#meta+zero"),
        ],
        sources,
    )


def method(edition: Edition) -> Shown:
    """Method, limits, definitions, acronyms, contacts and data version."""
    contact = edition.contact()
    silent = edition.number("communes_covered").status == "not_received"
    limits = [
        say(
            strong("Couverture. "),
            "Les incidents sont ceux que des moniteurs ont pu rapporter. Ils ne mesurent pas toutes les violations ; un mois avec moins de communes couvertes en montre moins."
            + (" Pour ce mois, ni les communes couvertes ni le nombre de moniteurs n’ont été reçus." if silent else ""),
        ),
        say(
            strong("Vérification. "),
            "Elle vient de la question prévue dans le formulaire, jamais du statut technique de l’outil de collecte. Sans réponse, un incident est non vérifié. "
            "Les incidents infirmés ou rejetés ne sont pas comptés.",
        ),
        say(
            strong("Doublons. "),
            "Un rapport flash documenté ensuite est un seul incident ; un formulaire reçu deux fois est compté une fois.",
        ),
        say(
            strong("Comparaisons. "),
            "Quand la couverture diffère, les deux nombres et les deux couvertures sont donnés, sans pourcentage ni tendance.",
        ),
        say(
            strong("Protection des personnes. "),
            "Les petits effectifs croisés ne sont pas publiés, ni d’autres nombres qui permettraient de les déduire, d’un tableau, d’une zone ou d’un mois à l’autre (n.p.) ; aucun lieu plus fin que le cercle n’est nommé. Aucune donnée reçue s’écrit n.d. ; ce n’est pas zéro.",
        ),
    ]
    definitions = [
        say(
            strong(say("Incident : ")),
            "un événement, à une date et en un lieu, où au moins une personne a subi une atteinte à ses droits.",
        ),
        say(strong(say("Violation : ")), "un droit atteint ; un incident peut en comporter plusieurs."),
        say(
            strong(say("Victime : ")),
            "une personne qui a subi l’atteinte ; un incident peut en compter plusieurs, ou aucune qui soit citée.",
        ),
    ]
    acronyms = say(
        "5W : qui fait quoi, où, quand, pour qui · AMSS : Association malienne pour la survie au Sahel · DTM : matrice de suivi des déplacements · "
        "EEI : engin explosif improvisé · GBVIMS : système de gestion des informations sur les VBG · HCR : Haut-Commissariat des Nations Unies pour les réfugiés · "
        "LAMH : lutte antimines humanitaire · MINUSMA : mission des Nations Unies au Mali · MRM : mécanisme de surveillance et de communication de l’information · UNFPA : Fonds des Nations Unies pour la population · VBG : violences basées sur le genre"
    )
    origin = (
        [
            warn(
                say(
                    "Données d’exemple, synthétiques : aucune personne ni aucun événement n’y est décrit. Les totaux d’août à novembre 2016 reprennent ceux que l’AMSS et le HCR ont publiés. "
                )
            )
        ]
        if edition.is_example
        else []
    )
    return Shown(
        bullet_list(limits),
        heading("Définitions", 3),
        bullet_list(definitions),
        heading("Sigles", 3),
        paragraph(soft(acronyms)),
        heading("Contacts", 3),
        paragraph(
            say(
                f"{contact['name']} : ",
                {"t": "link", "href": f"mailto:{contact['email']}", "runs": say(contact["email"])},
                ". Pour une question sur un chiffre, citez sa clé, donnée dans numbers.csv.",
            )
        ),
        heading("Données et version", 3),
        sources_of(edition),
        paragraph(
            origin,
            soft(
                say(
                    f"Version des données : {edition.version}. Chaque nombre de la page est enregistré, avec sa clé, dans numbers.csv."
                )
            ),
        ),
    )
