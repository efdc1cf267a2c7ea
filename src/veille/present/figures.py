"""Figures: each shows one idea, says its finding in the title, and keeps its table behind it."""

from __future__ import annotations

from ..codes import code_list, label
from ..disclosure.safe import SafeNumber
from ..indicators.registry import key
from ..periods import Period
from ..places import Place
from ..published import Edition
from ..render.document import Block, const, paragraph
from . import maps, theme
from .charts import across, bar_figure, by_size, draw_line
from .parts import (
    SHORT_CAVEAT,
    column,
    figure,
    is_any_shown,
    not_in_this_audience,
    nothing_received,
    row,
    table,
    too_few_here,
)
from .shown import Shown
from .words import counted, elided, joined, say

BORDERS = (
    "Les frontières, noms et désignations figurant sur cette carte n’impliquent ni reconnaissance ni acceptation officielle "
    "par l’Organisation des Nations Unies."
)
INCIDENTS = "protection_incidents"


# --- places ---------------------------------------------------------------------------------------------------------


def _head(period: Period) -> str:
    """The name of a period above a column: « Juin », « Année 2017 »."""
    return (period.short_name() if period.kind == "month" else period.name()).capitalize()


def _table_of_cercles(edition: Edition) -> Block:
    """Incidents per cercle with a subtotal per region: month before, month, and share where the base allows it."""
    now, before = edition.period, edition.period.shift(-1)
    share = key("protection_incidents_share_pct", {"of": edition.area.code})
    several = len(edition.area.regions) > 1
    rows: list[dict] = []
    silent: list[str] = []

    def line(name: str, place: Place, kind: str = "body") -> dict:
        part = edition.number(share, place)
        return row(
            name,
            edition.number(INCIDENTS, place, before),
            edition.number(INCIDENTS, place),
            part if part.is_shown else "",
            kind=kind,
        )

    for region in edition.area.regions:
        received = [c for c in region.cercles if edition.has(INCIDENTS, c) or edition.has(INCIDENTS, c, before)]
        if not received:
            silent.append(edition.region_name(region))
            continue
        rows.append({"kind": "group", "cells": [say(edition.region_name(region))]})
        rows += [line(edition.cercle_name(c), c) for c in (received if edition.area.is_country else region.cercles)]
        if several and len(region.cercles) > 1:
            rows.append(line("Sous-total", region.place, "subtotal"))
    whole = all(edition.has(INCIDENTS, c) for c in edition.area.cercles)
    name = "Total" if whole else "Total des cercles reçus"
    rows.append(row(name, edition.number(INCIDENTS, period=before), edition.number(INCIDENTS), "", kind="total"))
    columns = [
        column("Cercle", "#adm2+name"),
        column(_head(before), "#affected+incidents+previous", right=True),
        column(_head(now), "#affected+incidents", right=True),
        column("Part", "#indicator+pct", right=True),
    ]
    notes = (
        [say(f"Aucune donnée reçue : {', '.join(name[0].lower() + name[1:] for name in silent)}.")] if silent else []
    )
    if now.kind == "year" and not any(edition.has(INCIDENTS, c, before) for c in edition.area.cercles):
        columns.pop(1)  # a year of which nothing was received: no column of blanks
        for r in rows:
            r["cells"] = r["cells"][:1] + r["cells"][2:]
    if not any(edition.has(share, c) for c in edition.area.cercles):
        # Too few incidents for a percentage: no column of blanks.
        columns.pop()
        for r in rows:
            r["cells"] = r["cells"][: len(columns)]
        notes.append(say("Trop peu d’incidents pour donner des pourcentages."))
    return table(edition, "incidents_par_cercle", say("Incidents par cercle"), columns, rows, notes)


def figure_of_places(edition: Edition) -> Shown:
    """Map of incidents per cercle, with the table and a subtotal per region at its side."""
    numbers = {c: edition.number(INCIDENTS, c) for c in edition.area.cercles}
    received = {c: n for c, n in numbers.items() if n.is_shown}
    if not received:
        return Shown(nothing_received(edition, "Incidents par cercle"))
    ranked = sorted(received.items(), key=lambda item: -int(item[1].value))
    largest = max(1, int(ranked[0][1].value))
    country = edition.area.is_country
    drawing: tuple[str, str | None]
    if country:
        drawing = theme.both_widths(lambda width, size: maps.draw(edition, numbers, largest, width, size))
    else:
        drawing = maps.draw(edition, numbers, largest, theme.HALF_IN, 9), None
    drawn = {c: n for c, n in numbers.items() if n.is_shown or not country}
    total = edition.number(INCIDENTS)
    name = edition.cercle_name(ranked[0][0])
    if len(received) > 1 and ranked[0][1].value == total.value != "0":
        title = say("Tous les incidents rapportés viennent du cercle ", elided(name), " (", ranked[0][1], ")")
    elif ranked[0][1].value == "0":
        title = say("Aucun incident rapporté dans les cercles couverts")
    elif len(ranked) > 1 and ranked[0][1].value == ranked[1][1].value:
        title = say(
            f"Cercles de {name} et de {edition.cercle_name(ranked[1][0])} : ",
            ranked[0][1],
            " incidents chacun, sur ",
            total,
        )
    else:
        title = say(f"Le cercle {elided(name)} compte ", ranked[0][1], " des ", counted(total, "incident", "incidents"))
    alt = say(
        "Carte des incidents par cercle : ",
        joined([say(edition.cercle_name(c) + " ", n) for c, n in drawn.items()]),
        ".",
    )
    signs = ["hachuré : région sans aucune donnée"] if country else []
    if any(n.status == "not_received" for n in numbers.values()):
        signs.append("disque hachuré : cercle sans données")
    if any(n.value == "0" for n in numbers.values()):
        signs.append("anneau vide : zéro incident rapporté")
    legend = f"La surface du disque est proportionnelle au nombre{''.join(f' ; {s}' for s in signs)}. "
    notes = [say(legend + "Fond : Natural Earth. " + BORDERS)]
    subtitle = say(f"Incidents par cercle, {edition.period.name()}")
    table_ = _table_of_cercles(edition)
    if country:
        notes.append(
            say("La carte n’écrit ni les plus petits nombres ni ceux qui n’y ont pas de place : voir le tableau.")
        )
        return Shown(figure(edition, "carte", title, subtitle, drawing, alt, notes, None), table_)
    return Shown(figure(edition, "carte", title, subtitle, drawing, alt, notes, None, table_))


# --- trend ----------------------------------------------------------------------------------------------------------


def _draw_coverage(panel: theme.Panel, numbers: list[SafeNumber], size: float) -> None:
    """Communes covered, month by month, as bars with their number."""
    most = max(int(n.value) for n in numbers if n.is_shown)
    panel.scale(across(len(numbers)), (0, most * 1.45))
    for i, n in enumerate(numbers):
        tall = int(n.value) if n.is_shown else 0
        panel.column(i, tall, 0.62, color=theme.BLUE if i == len(numbers) - 1 else theme.PALE, linewidth=0)
        panel.write_number(i, tall + most * 0.06, n, ha="center", va="bottom", fontsize=size - 1, color=theme.SOFT)


def _draw_trend(edition: Edition, months: list[Period], width: float, size: float) -> str:
    """Incidents as a line; communes covered and monitors under it, month by month, where they were received."""
    wide = width > 5
    covered = [edition.number("communes_covered", period=m) for m in months]
    monitors = [edition.number("monitors", period=m) for m in months]
    with_coverage = any(n.is_shown for n in covered)
    tall = (3.5 if wide else 3.7) if with_coverage else 2.1
    drawn = theme.canvas(width, tall, size, f"trend-{edition.area.code}-{'w' if wide else 'n'}")
    foot, top, heights = (0.11, 0.93, [2.6, 1.15, 0.3]) if with_coverage else (0.2, 0.88, [2.6])
    panels = theme.stacked(drawn, 0.055 if wide else 0.09, foot, 0.985, top, heights, gap=0.42)
    draw_line(panels[0], [edition.number(INCIDENTS, period=m) for m in months], size, every_label=wide)
    if with_coverage:
        _draw_coverage(panels[1], covered, size)
        panels[2].scale(across(len(months)))
        for i, n in enumerate(monitors):
            panels[2].write_number(i, 0.25, n, ha="center", va="bottom", fontsize=size - 1, color=theme.SOFT)
    titles = (("Incidents rapportés", 1.05), ("Communes couvertes", 1.03), ("Moniteurs", 1.5))
    for panel, (title, above) in zip(panels, titles, strict=False):
        panel.title(title, above, color=theme.INK, fontsize=size, fontweight=600)
    for panel in panels[:2]:
        panel.floor(theme.SOFT)
    names = [m.short_name() if wide else m.bare_name()[0].upper() for m in months]
    panels[-1].names_below(
        f"{n}\n{m.year}" if m.first == 1 or i == 0 else n for i, (n, m) in enumerate(zip(names, months, strict=True))
    )
    return theme.svg(drawn)


def figure_of_trend(edition: Edition) -> Shown:
    """Twelve months of incidents, with communes covered and monitors under them: a fall may be a fall in monitoring."""
    months = edition.trend()
    incidents = {m: edition.number(INCIDENTS, period=m) for m in months}
    shown = {m: n for m, n in incidents.items() if n.is_shown}
    if len(shown) < 2:
        return Shown(nothing_received(edition, "Évolution : moins de deux mois ont été reçus"))
    low = min(shown.values(), key=lambda n: int(n.value))
    high = max(shown.values(), key=lambda n: int(n.value))
    if len(shown) < 4:
        title = joined(
            [
                say(n, f" incidents en {m.name()}" if n.value not in ("0", "1") else f" incident en {m.name()}")
                for m, n in shown.items()
            ]
        )
    else:
        title = say(
            "Entre ",
            low,
            " et ",
            high,
            " incidents par mois reçu ; ",
            edition.number(INCIDENTS),
            f" en {edition.period.name()}",
        )
    rows = [
        row(
            m.name(),
            incidents[m],
            edition.number("communes_covered", period=m),
            edition.number("communes_followed", period=m),
            edition.number("monitors", period=m),
        )
        for m in months
    ]
    columns = [
        column("Mois", "#date"),
        column("Incidents", "#affected+incidents", right=True),
        column("Communes couvertes", "#loc+covered", right=True),
        column("Communes suivies", "#loc+followed", right=True),
        column("Moniteurs", "#capacity+monitors", right=True),
    ]
    behind = table(
        edition,
        "evolution_12_mois",
        say("Incidents et couverture du monitoring, mois par mois"),
        columns,
        rows,
        numbered=False,
    )
    wide, narrow = theme.both_widths(lambda width, size: _draw_trend(edition, months, width, size))
    alt = say(
        "Courbe des incidents : ",
        joined([say(m.name() + " ", n) for m, n in incidents.items()]),
        ". ",
        "Communes couvertes et nombre de moniteurs : voir le tableau des données.",
    )
    with_coverage = any(edition.has("communes_covered", period=m) for m in months)
    advice = "Lire les incidents avec la couverture, qui varie d’un mois à l’autre. " if with_coverage else ""
    notes = [say(advice + SHORT_CAVEAT)]
    missing = [m for m in months if m not in shown]
    if missing:
        notes.insert(
            0, say("n.d. : aucune donnée reçue pour ce mois. Reçus : ", joined([say(m.name()) for m in shown]), ".")
        )
    if not with_coverage:
        notes.insert(0, say("Ni les communes couvertes ni le nombre de moniteurs n’ont été reçus pour ces mois."))
    subtitle = say(
        "Incidents rapportés, communes couvertes et moniteurs, ",
        const("trend_months", str(len(months))),
        f" mois jusqu’en {edition.period.name()}",
    )
    return Shown(figure(edition, "evolution", title, subtitle, (wide, narrow), alt, notes, behind))


def figure_of_categories(edition: Edition) -> Shown:
    """Incidents by category, the unverified part hatched."""
    ranked = by_size(edition, INCIDENTS, "category", "incident_category")
    if all(n.status == "not_received" for _, n in ranked):
        return Shown(nothing_received(edition, "Catégories d’incidents"))
    if not is_any_shown(n for _, n in ranked):
        return too_few_here(edition, "Catégories d’incidents", "incidents_by_category", figure_of_categories)
    ranked = [(c, n) for c, n in ranked if n.value != "0"] + [(c, n) for c, n in ranked if n.value == "0"]
    part = {c: edition.number(key(INCIDENTS, {"category": c, "verification": "unverified"})) for c, _ in ranked}
    sure = {c: edition.number(key(INCIDENTS, {"category": c, "verification": "verified"})) for c, _ in ranked}
    share = {c: edition.number(key("protection_incidents_share_pct", {"category": c})) for c, _ in ranked}
    top, n = ranked[0]
    name = label("incident_category", top)
    if share[top].is_shown:
        title = say(f"{name} : ", n, " incidents, ", share[top], " du total")
    else:
        title = say(f"{name} : ", counted(n, "incident", "incidents"), " sur ", edition.number(INCIDENTS))
    rows = [
        row(label("incident_category", c), n, sure[c], part[c], share[c] if share[c].is_shown else "")
        for c, n in ranked
    ]
    rows.append(
        row(
            "Total",
            edition.number(INCIDENTS),
            edition.number(key(INCIDENTS, {"verification": "verified"})),
            edition.number(key(INCIDENTS, {"verification": "unverified"})),
            "",
            kind="total",
        )
    )
    columns = [
        column("Catégorie", "#event+category"),
        column("Incidents", "#affected+incidents", right=True),
        column("Vérifiés", "#affected+verified", right=True),
        column("Non vérifiés", "#affected+unverified", right=True),
        column("Part", "#indicator+pct", right=True),
    ]
    behind = table(edition, "typologie", say("Incidents par catégorie d’atteinte"), columns, rows, numbered=False)
    bars = [(label("incident_category", c, short=True), n, part[c]) for c, n in ranked if n.value != "0"]
    notes = [
        say(
            "Les violences sexuelles signalées aux moniteurs ne figurent qu’à l’intérieur de l’intégrité physique et psychique ; elles ne s’ajoutent pas aux chiffres du GBVIMS. "
            + SHORT_CAVEAT
        )
    ]
    zero = [label("incident_category", c, short=True).lower() for c, n in ranked if n.value == "0"]
    if zero:
        notes.insert(0, say(f"Aucun incident rapporté : {', '.join(zero)}."))
    return bar_figure(
        edition,
        "typologie",
        bars,
        title,
        say(f"Incidents par catégorie, {edition.period.name()}{_looks([u for _, n, u in bars if n.is_shown])}"),
        notes,
        behind,
    )


def _looks(unverified: list[SafeNumber]) -> str:
    """What the looks of the bars mean, of those that are drawn."""
    looks = []
    if any(n.is_shown for n in unverified):
        looks += ["foncé : vérifiés", "hachuré : non vérifiés"]
    if not all(n.is_shown for n in unverified):
        looks.append("pâle : part vérifiée non publiée")
    return f" ({' ; '.join(looks)})" if looks else ""


def figure_of_victims(edition: Edition) -> Shown:
    """Victims: women, men, girls, boys."""
    rows = [(label("person", c), edition.number(key("victims_people", {"person": c}))) for c in code_list("person")]
    total = edition.number("victims_people")
    if total.status == "not_received":
        return Shown(nothing_received(edition, "Victimes"))
    if not is_any_shown(n for _, n in rows):
        return Shown(paragraph(say("Victimes citées : ", total, ". La répartition n’est pas publiée.")))
    children = edition.number("child_victims_people")
    when = {"month": "du mois", "year": "de l’année"}[edition.period.kind]
    title = say(counted(total, "victime citée", "victimes citées"), f" dans les incidents {when}")
    if children.is_shown:
        title += say(", dont ", counted(children, "enfant", "enfants"))
    killed, injured = (edition.number(key("victims_people", {"harm": h})) for h in ("killed", "injured"))
    silent = edition.number("incidents_without_victim_answer")
    lines = [row(text, n) for text, n in rows]
    lines += [
        row("Total", total, kind="total"),
        {"kind": "group", "cells": [say("Parmi elles")]},
        row("Personnes tuées", killed),
        row("Personnes blessées", injured),
    ]
    behind = table(
        edition,
        "victimes",
        say("Victimes par sexe et âge"),
        [column("Victimes", "#affected+label"), column("Personnes", "#affected+people", right=True)],
        lines,
        numbered=False,
    )
    notes = [say("Personnes tuées : ", killed, " ; blessées : ", injured, "." if injured.is_shown else "")]
    if silent.value != "0":
        notes.append(
            say("Incidents sans réponse sur les victimes, non comptés ici : ", silent, "." if silent.is_shown else "")
        )
    return bar_figure(
        edition,
        "victimes",
        [(t, n, None) for t, n in rows],
        title,
        say(f"Femmes, hommes, filles, garçons, {edition.period.name()}"),
        notes,
        behind,
    )


def figure_of_perpetrators(edition: Edition) -> Shown:
    """Alleged perpetrators, in five classes, never crossed with anything else."""
    if edition.audience == "public":
        return Shown(not_in_this_audience("Auteurs présumés"))
    ranked = by_size(edition, INCIDENTS, "perpetrator_class", "perpetrator_class")
    if all(n.status == "not_received" for _, n in ranked):
        return Shown(nothing_received(edition, "Auteurs présumés"))
    if not is_any_shown(n for _, n in ranked):
        return too_few_here(edition, "Auteurs présumés", "incidents_by_perpetrator_class", figure_of_perpetrators)
    share = {c: edition.number(key("protection_incidents_share_pct", {"perpetrator_class": c})) for c, _ in ranked}
    top, n = ranked[0]
    title = say(
        f"{label('perpetrator_class', top)} : ",
        counted(n, "incident", "incidents"),
        *((", ", share[top], " du total") if share[top].is_shown else ()),
    )
    rows = [row(label("perpetrator_class", c), n, share[c] if share[c].is_shown else "") for c, n in ranked]
    behind = table(
        edition,
        "auteurs_presumes",
        say("Incidents par classe d’auteurs présumés"),
        [
            column("Classe", "#cause+actor"),
            column("Incidents", "#affected+incidents", right=True),
            column("Part", "#indicator+pct", right=True),
        ],
        rows,
        numbered=False,
    )
    notes = [
        say(
            "Auteurs présumés, tels que déclarés par les victimes ou les témoins ; rien n’est établi. Classes larges, jamais croisées avec un lieu plus fin."
        )
    ]
    return bar_figure(
        edition,
        "auteurs",
        [(label("perpetrator_class", c), n, None) for c, n in ranked],
        title,
        say(f"Incidents par classe, {edition.period.name()}"),
        notes,
        behind,
    )
