"""The top of the page: what this is, for whom, the month in three sentences, and the key figures."""

from __future__ import annotations

from ..codes import code_list, label
from ..disclosure.safe import SafeNumber
from ..indicators.registry import key
from ..periods import day, day_name
from ..published import Edition
from ..render.document import Runs, soft, strong, warn
from .shown import Shown
from .words import agree, counted, joined, say

INCIDENTS = "protection_incidents"
AUDIENCES = {
    "cluster": "Diffusion restreinte aux membres du Cluster Protection",
    "public": "Diffusion publique",
}


def _verification(edition: Edition, total: SafeNumber) -> Runs:
    """« , dont 10 non vérifiés », or the plain word that nothing says what was verified."""
    unverified = edition.number(key(INCIDENTS, {"verification": "unverified"}))
    if unverified.status == "not_received":
        return say(" ; la source n’indique pas lesquels ont été vérifiés.")
    if not unverified.is_shown or unverified.value == "0":
        return say(".")
    return say(", dont ", strong(say(unverified, " non " + agree(unverified, "vérifié", "vérifiés"))), ".")


def _coverage_clause(edition: Edition, covered: SafeNumber, before: SafeNumber) -> Runs:
    """Whether the month before can be compared: both numbers, both coverages, and a direction only if they agree."""
    previous = edition.period.shift(-1)
    if not covered.is_shown or not before.is_shown:
        return say(" ; la couverture du monitoring n’ayant pas été reçue, l’évolution est à lire avec prudence.")
    if covered.value != before.value:
        return say(
            " ; ",
            counted(before, "commune était couverte", "communes étaient couvertes"),
            f" en {previous.bare_name()}, ",
            covered,
            f" en {edition.period.bare_name()} : les deux nombres ne se comparent pas directement.",
        )
    change = edition.number("protection_incidents_change_pct")
    if change.is_shown:
        return say(
            ", pour la même couverture (",
            counted(covered, "commune", "communes"),
            ") : ",
            "+" if not change.value.startswith("-") else "",
            change,
            ".",
        )
    return say(", pour la même couverture (", counted(covered, "commune", "communes"), ").")


def sentence_on_month(edition: Edition) -> Runs:
    """The finding of the month, in what can and cannot be claimed."""
    total = edition.number(INCIDENTS)
    if not total.is_shown:
        return say(
            f"Aucun incident de protection n’a été reçu pour {edition.period.name()} : ce bulletin ne dit rien du nombre d’incidents."
        )
    out = say(
        strong(counted(total, "incident", "incidents")),
        " de protection ",
        agree(total, "a été rapporté", "ont été rapportés"),
        f" en {edition.period.name()}",
        _verification(edition, total),
    )
    ranked = sorted(
        ((edition.number(key(INCIDENTS, {"category": c})), c) for c in code_list("incident_category")),
        key=lambda pair: -int(pair[0].value) if pair[0].is_shown else 1,
    )
    n, category = ranked[0]
    if n.is_shown and n.value != "0":
        part = edition.number(key("protection_incidents_share_pct", {"category": category}))
        name = label("incident_category", category).lower()
        out += say(
            f" Première catégorie : {name}, ",
            counted(n, "incident", "incidents"),
            *((" (", part, ")") if part.is_shown else ()),
            ".",
        )
    share = edition.number(key("protection_incidents_share_pct", {"of": "mali"}))
    national = edition.number(INCIDENTS, "mali")
    if share.is_shown and not edition.area.is_country:
        out += say(
            f" La {edition.area.titles[edition.lang]} compte ",
            share,
            " des ",
            national,
            " incidents rapportés ce mois-là dans les cercles relevés du pays.",
        )
    elif edition.area.is_country:
        out += say(" Ils viennent des seuls cercles relevés : voir le tableau pour les régions sans données.")
    previous = edition.period.shift(-1)
    before = edition.number(INCIDENTS, period=previous)
    if before.is_shown:
        out += say(
            f" En {previous.bare_name()} : ",
            counted(before, "incident", "incidents"),
            _coverage_clause(
                edition, edition.number("communes_covered"), edition.number("communes_covered", period=previous)
            ),
        )
    else:
        out += say(
            f" Le mois {'d’' if previous.bare_name()[0] in 'ao' else 'de '}{previous.bare_name()} n’a pas été reçu : aucune évolution n’est donnée."
        )
    return out


def cover_of(edition: Edition, org: str, *said: str, lede: Runs, span: str = "") -> Shown:
    """The top of any page: who signs, title, place and period, what is said of it, the day of the data, some sentences.

    `span`: the days that it is about, where they are not its period.
    """
    area, period = edition.area, edition.period
    title = area.titles[edition.lang]
    received = say(
        f"Données reçues au {day_name(day(edition.received))}",
        *((" · ", warn("chiffres d’exemple, synthétiques")) if edition.is_example else ()),
    )
    return Shown(
        {
            "kind": "cover",
            "org": f"{org} · Mali",
            "title": edition.title,
            "subtitle": f"{title[0].upper()}{title[1:]}, {span or period.name()}",
            "meta": [say(" · ".join([area.details[edition.lang], *said, AUDIENCES[edition.audience]])), received],
            "chips": list(edition.status),
            "lede": lede,
        }
    )


def cover(edition: Edition) -> Shown:
    """The top of a bulletin: its number in the year, and the month in a few sentences."""
    issue = f"n° {edition.period.first} / {edition.period.year}"
    return cover_of(edition, "Cluster Protection", issue, lede=sentence_on_month(edition))


def key_item(number: Runs, label_: Runs, note: Runs, *, is_warning: bool = False) -> dict:
    """One key figure: its number, what it counts, its comparison or gap; `is_warning` where it is to be read with care."""
    return {"number": number, "label": label_, "note": note, "warn": is_warning}


def _verified_item(share: SafeNumber, sure: SafeNumber, unsure: SafeNumber) -> dict:
    """The share verified; the count where the base is too small for a share; the word where nothing says."""
    if share.is_shown:
        return key_item(say(share), say("des incidents vérifiés"), say(sure, " vérifiés, ", unsure, " non vérifiés"))
    if sure.is_shown:
        label_ = agree(sure, "incident vérifié", "incidents vérifiés")
        note = (
            say(unsure, " non ", agree(unsure, "vérifié", "vérifiés"))
            if unsure.is_shown
            else say("trop peu pour un pourcentage")
        )
        return key_item(say(sure), say(label_), note)
    received = sure.status != "not_received"
    note = say("non publié") if received else say("vérification non reçue")
    return key_item(say(sure), say("incidents vérifiés"), note, is_warning=not received)


def key_figures(edition: Edition) -> Shown:
    """Five key figures, each with its comparison or its gap."""
    previous = edition.period.shift(-1)
    total, before = edition.number(INCIDENTS), edition.number(INCIDENTS, period=previous)
    covered, followed = edition.number("communes_covered"), edition.number("communes_followed")
    verified = edition.number(key("protection_incidents_share_pct", {"verification": "verified"}))
    sure, unsure = (edition.number(key(INCIDENTS, {"verification": v})) for v in ("verified", "unverified"))
    victims = edition.number("victims_people")
    by_person = {c: edition.number(key("victims_people", {"person": c})) for c in code_list("person")}
    if all(n.is_shown for n in by_person.values()):
        people = joined([say(n, "\u00a0" + label("person", c).lower()) for c, n in by_person.items()], last=", ")
    else:
        people = say("répartition non publiée")
    idps = edition.latest("idps_people")
    items = [
        key_item(
            say(total),
            say("incidents rapportés"),
            say(before, f" en {previous.bare_name()}")
            if before.is_shown
            else say(f"{previous.bare_name()} : non reçu"),
            is_warning=not before.is_shown,
        ),
        key_item(
            say(covered, soft(say(" / ", followed))) if covered.is_shown else say(covered),
            say("communes couvertes"),
            say("communes suivies par le monitoring")
            if covered.value == followed.value and covered.is_shown
            else say("couverture incomplète")
            if covered.is_shown
            else say("couverture non reçue"),
            is_warning=covered.value != followed.value or not covered.is_shown,
        ),
        _verified_item(verified, sure, unsure),
        key_item(
            say(victims),
            say("victimes citées"),
            people if victims.is_shown else say("non reçu"),
            is_warning=not victims.is_shown,
        ),
        key_item(
            say(idps) if idps else say(edition.number("idps_people")),
            say("déplacés internes"),
            say(f"stock au {day_name(day(idps.period))}") if idps else say("aucun stock reçu à cette date"),
            is_warning=idps is None,
        ),
    ]
    return Shown({"kind": "keyfigures", "items": items})
