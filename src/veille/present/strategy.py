"""A frame on a page: what was promised, what was done, what people found. Selects and words; never calculates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..codes import code_list, label
from ..disclosure.given import COUNTED, STEM, TYPED, address_of
from ..disclosure.safe import SafeNumber
from ..periods import day, day_name
from ..published import Edition
from ..render.document import (
    Block,
    Runs,
    anchor,
    anchor_name,
    bullet_list,
    const,
    contents,
    heading,
    link,
    note,
    paragraph,
    runs,
    soft,
    strong,
    warn,
)
from ..strategy import evidence
from ..strategy.frames import Activity, Frame, Goal, Indicator, Result, frame
from . import theme
from .cover import cover_of, key_item
from .figures import figure_of_trend
from .parts import column, figure, row, table
from .shown import Shown
from .texts import read_runs
from .words import agree, counted, joined, say

UNITS = {"number": "#", "percent": "%", "yes_no": "O/N", "category": "cat."}
NOT_SET = "–"
DONE, PARTLY, NOT_DONE, NOT_REPORTED = "done", "partly_done", "not_done", "not_reported"


# --- what the edition holds -----------------------------------------------------------------------------------------


def _frame(edition: Edition) -> Frame:
    return frame(edition.records("frame")[0]["code"])


def _span(edition: Edition, name: str) -> str:
    return edition.records("frame")[0][name]


def _noted(edition: Edition) -> dict[str, dict]:
    """What was decided and noted of each indicator."""
    return {r["id"]: r for r in edition.records("followup")}


def _told(edition: Edition, name: str) -> Runs:
    """Words of the frame, or of people: printed as they are, digits and all. Nothing where there are none."""
    if not hasattr(edition, "_words"):
        edition._words = {c["name"]: c["text"] for c in edition.records("constants")}
    return [const(name, edition._words[name])] if name in edition._words else []


def _count(edition: Edition, tail: str = "", goal: str = "", stem: str = COUNTED) -> SafeNumber:
    head = f"goal={goal}" if goal else ""
    return edition.number(".".join(part for part in (stem, head, tail) if part))


def _of_frame(indicator: Indicator) -> str:
    return f"fiche-{anchor_name(indicator.id)}"


# --- the top of the page --------------------------------------------------------------------------------------------


def span_name(edition: Edition) -> str:
    """« mai et juin 2017 », « 3e trimestre 2020 », « année 2017 »."""
    if edition.period.kind != "month":
        return edition.period.name()
    before = edition.period.shift(-1)
    first = before.bare_name() if before.year == edition.period.year else before.name()
    return f"{first} et {edition.period.name()}"


def _lede(edition: Edition) -> Runs:
    whole, valued = _count(edition), _count(edition, "has=value")
    out = say(
        strong(counted(valued, "indicateur", "indicateurs")),
        " sur ",
        whole,
        " ",
        agree(valued, "a une valeur", "ont une valeur"),
        ". ",
    )
    if valued.value == "0":
        return say(
            "Aucune valeur n’a été reçue pour les ",
            whole,
            " indicateurs de ce cadre : cette page dit ce qui est dû, et ce qui manque.",
        )
    signed = [_count(edition, f"status={s}") for s in (DONE, PARTLY, NOT_DONE)]
    if all(n.value == "0" for n in signed):
        out += say("Aucun statut n’a encore été signé. ")
    else:
        out += say(
            "À ce jour, les groupes responsables en signent ",
            signed[0],
            " comme réalisés, ",
            signed[1],
            " comme partiellement réalisés, ",
            signed[2],
            " comme non réalisés. ",
        )
    targets = _count(edition, "has=target")
    if targets.value == "0":
        out += say("Ni valeur de départ ni cible n’ont été fixées : la cotation est « sans cible ».")
    else:
        out += say("Une cible est fixée pour ", counted(targets, "indicateur", "indicateurs"), ".")
    return out


def cover_of_strategy(edition: Edition) -> Shown:
    """The top of a page about a frame: what it follows, and where it stands in a few sentences."""
    made = cover_of(edition, "Cluster Protection", span=span_name(edition), lede=_lede(edition))
    made.blocks[0]["meta"].insert(0, say(_told(edition, "frame:title")))
    return made


def key_figures_of_strategy(edition: Edition) -> Shown:
    """Indicators with a value, signed status, findings, and what no longer holds."""
    whole = _count(edition)
    found = edition.number("strategy_findings")
    flagged = edition.number("strategy_findings.evidence=flagged")
    signed = {s: _count(edition, f"status={s}") for s in code_list("indicator_status")}
    items = [
        key_item(
            say(_count(edition, "has=value"), soft(say(" / ", whole))),
            say("indicateurs avec une valeur"),
            say(_count(edition, "rating=no_data"), " sans donnée"),
        ),
        key_item(
            say(signed[DONE]),
            say("signés « réalisé »"),
            say(signed[PARTLY], " en partie, ", signed[NOT_DONE], " non réalisés"),
        ),
        key_item(
            say(signed[NOT_REPORTED]),
            say("sans statut signé"),
            say("non renseignés"),
            is_warning=signed[NOT_REPORTED].value != "0",
        ),
        key_item(
            say(_count(edition, "has=target")),
            say("avec une cible"),
            say("les autres : « sans cible »"),
            is_warning=_count(edition, "has=target").value == "0",
        ),
    ]
    if edition.period.kind == "quarter":
        activities, due = edition.number("strategy_activities"), edition.number("strategy_activities.state=due")
        items.append(
            key_item(
                say(due, soft(say(" / ", activities))),
                say("activités dues ce trimestre"),
                say("selon le plan de travail"),
            )
        )
    else:
        unsure = flagged.value != "0"
        items.append(
            key_item(
                say(found),
                say("constats écrits"),
                say(flagged, " dont une preuve a changé")
                if unsure
                else say("toutes les preuves tiennent")
                if found.value != "0"
                else say("aucun encore"),
                is_warning=unsure or found.value == "0",
            )
        )
    return Shown({"kind": "keyfigures", "items": items})


def table_of_contents(edition: Edition) -> Shown:
    """The table of contents; filled in when the whole page is known."""
    return Shown(contents())


# --- indicators -----------------------------------------------------------------------------------------------------


def _value(edition: Edition, one: Indicator, period: str, part: str = "") -> SafeNumber:
    return edition.number(address_of(one, part), edition.area.code, period)


def _remarks(edition: Edition, one: Indicator, noted: dict, value: SafeNumber) -> Runs:
    """What a reader has to know of a value, in a few words."""
    said = []
    if noted["how"]:
        said.append("compté par veille")
    elif value.is_shown and not noted["is_verified"]:
        said.append("non vérifié")
    if value.is_shown and not noted["is_whole"]:
        said.append("année incomplète")
    if value.is_shown and noted["has_regions"]:
        said.append("somme de régions")
    if one.liptako_gourma:
        said.append("Liptako-Gourma")
    return say(soft(say(" · ", " · ".join(said)))) if said else []


def _name(edition: Edition, one: Indicator, noted: dict, value: SafeNumber) -> Runs:
    title = runs("part : " if one.of else "", _told(edition, f"indicator:{one.id}"))
    return say(title, soft(say(f" ({UNITS[one.unit]})")), _remarks(edition, one, noted, value))


def _code(edition: Edition, one: Indicator) -> Runs:
    """Its code, which leads to its sheet where the page has them."""
    code = _told(edition, f"id:{one.id}")
    return [link(f"#{_of_frame(one)}", code)] if edition.period.kind == "year" else code


def _is_annual(edition: Edition, one: Indicator) -> bool:
    """Whether an indicator counts people, and is therefore not printed within its year."""
    return one.people and edition.period.kind != "year"


def _rating(noted: dict) -> str:
    return label("rating", noted["rating"]) if noted["rating"] else "n.p."


def _parts_line(edition: Edition, one: Indicator, period: str) -> Runs:
    """« dont mensuels 12, trimestriels 4 »: the breakdown that the document asks for, on a line of its own."""
    codes = list(one.parts) or (list(code_list("assistance_type")) if one.unit == "category" else [])
    numbers = [(code, _value(edition, one, period, code)) for code in codes]
    if all(n.status == "not_received" for _, n in numbers):
        return []

    def name(code: str) -> Runs:
        return _told(edition, f"part:{one.id}:{code}") if one.parts else say(label("assistance_type", code))

    return joined([say(name(code), "\u00a0: ", n) for code, n in numbers if n.status != "not_received"], last=" ; ")


def _rows_of(edition: Edition, result: Result, period: str) -> list[dict]:
    noted = _noted(edition)
    rows = []
    for one in result.indicators:
        n = noted[one.id]
        value = _value(edition, one, period)
        parts = _parts_line(edition, one, period)
        name = _name(edition, one, n, value)
        if parts:
            name = say(name, soft(say(" — ", parts)))
        rows.append(
            row(
                _code(edition, one),
                name,
                _told(edition, f"baseline:{one.id}") or NOT_SET,
                _told(edition, f"target:{one.id}") or NOT_SET,
                NOT_SET if one.unit == "category" else "à l’année" if _is_annual(edition, one) else value,
                label("trend", n["direction"]) if n["direction"] else NOT_SET,
                _signed(edition, one, n["status"], value),
                NOT_SET if _is_annual(edition, one) else _rating(n),
            )
        )
    return rows


def _signed(edition: Edition, one: Indicator, status: str, value: SafeNumber) -> Runs | str:
    """The status that was signed; for the whole year, also whether its value says otherwise, or none was received.

    Within the year the status is that of the day, and may stand on what comes later.
    """
    if one.of:
        return ""
    words = label("indicator_status", status, short=True)
    if edition.period.kind != "year" or status not in (DONE, PARTLY) or one.unit == "category":
        return words
    if value.status == "not_received":
        return say(words, warn(say(", sans donnée reçue")))
    return say(words, warn(say(", valeur nulle"))) if value.value == "0" else words


_COLUMNS = (
    column("Code", "#indicator+code"),
    column("Indicateur", "#indicator+name"),
    column("Départ", "#indicator+baseline", right=True),
    column("Cible", "#indicator+target", right=True),
    column("Valeur", "#indicator+value", right=True),
    column("Sens", "#indicator+trend"),
    column("Statut signé", "#status"),
    column("Cotation", "#indicator+rating"),
)


def _result_line(edition: Edition, result: Result) -> Runs:
    """« 1.1 Monitoring … (CP ; échéance : Sept. 2017) »."""
    owners, deadline = _told(edition, f"owners:{result.id}"), _told(edition, f"deadline:{result.id}")
    about = joined([say(p) for p in (owners, say("échéance : ", deadline) if deadline else []) if p], last=" ; ")
    out = say(_told(edition, f"result_id:{result.id}"), " ", _told(edition, f"result:{result.id}"))
    return say(out, soft(say(" (", about, ")"))) if about else out


def _table_of_results(edition: Edition, goal: Goal, period: str) -> Block:
    rows: list[dict] = []
    for result in goal.results:
        rows.append({"kind": "group", "cells": [_result_line(edition, result)]})
        rows += _rows_of(edition, result, period)
    name = "resultats_" + anchor_name(goal.id)
    words = _frame(edition).words
    title = say(f"{words['goal']} {goal.id} : indicateurs, valeur et statut")
    notes = [
        say(
            "# : nombre ; % : pourcentage ; O/N : oui ou non ; cat. : répartition. – : non fixé, ou pas de sens à donner. "
            "Un flux s’additionne, un stock garde son dernier état, un pourcentage divise des sommes. ",
            (
                "Le code mène à la fiche : justification et preuves."
                if edition.period.kind == "year"
                else "« À l’année » : personnes touchées, publié pour l’année seulement."
            ),
        )
    ]
    return table(edition, name, title, list(_COLUMNS), rows, notes)


# --- findings -------------------------------------------------------------------------------------------------------

KINDS = {
    "result": "Résultats",
    "good_practice": "Bonnes pratiques",
    "obstacle": "Obstacles",
    "failure": "Échecs",
    "lesson": "Leçons",
}


def _refs(edition: Edition, found: dict) -> Runs:
    """The evidence of a finding: each reference leads to its line in the annex."""
    links = [_code(edition, _frame(edition).indicators[i]) for i in found["indicators"]]
    links += [[link(f"#preuve-{anchor_name(ref)}", _told(edition, f"ref:{ref}"))] for ref in found["refs"]]
    return joined([runs(one) for one in links], last=", ") if links else []


def _where(edition: Edition, found: dict) -> str:
    from .. import places

    if found["area"] == edition.area.code:
        return ""
    return f"{places.area(found['area'], edition.folder).labels[edition.lang]} : "


def _finding(edition: Edition, found: dict) -> Runs:
    flag = say(" ", warn(say("une preuve a changé depuis"))) if found["is_flagged"] else []
    return say(
        [anchor(f"constat-{anchor_name(found['id'])}", [strong(_told(edition, f"finding:{found['id']}"))])],
        " ",
        _where(edition, found),
        read_runs(edition, found["runs"]),
        soft(say(" [", _refs(edition, found), "]")),
        flag,
    )


def _findings(edition: Edition, goal: str, kinds: Iterable[str] = tuple(KINDS)) -> list[Block]:
    every = [f for f in edition.records("findings") if f["goal"] == goal]
    out: list[Block] = []
    for kind in kinds:
        mine = [f for f in every if f["type"] == kind]
        if mine:
            out += [paragraph(strong(say(KINDS[kind]))), bullet_list([_finding(edition, f) for f in mine])]
    return out


def goal(edition: Edition, ident: str) -> Shown:
    """A sub-objective: where it stands, its indicators, what worked and what did not."""
    one = next(g for g in _frame(edition).goals if g.id == ident)
    words = _frame(edition).words
    whole, valued = _count(edition, goal=ident), _count(edition, "has=value", ident)
    done, partly, not_done = (_count(edition, f"status={s}", ident) for s in (DONE, PARTLY, NOT_DONE))
    said = say(
        _told(edition, f"goal:{ident}"), ". ",
        strong(counted(valued, "indicateur", "indicateurs")), " sur ", whole, agree(valued, " a une valeur", " ont une valeur"),
        " ; ", done, agree(done, " est signé réalisé, ", " sont signés réalisés, "), partly, " en partie, ", not_done, " non.",
    )  # fmt: skip
    found = _findings(edition, ident)
    period = _span(edition, "to_date")
    nothing = [paragraph(soft(say("Aucun constat n’a été écrit pour cette partie.")))]
    return Shown(
        heading(f"{words['goal']} {ident} : {_short(one)}"),
        paragraph(said),
        *_planned(edition, one),
        _table_of_results(edition, one, period),
        *_quarters(edition, one),
        *_unfinished(edition, one),
        *_without_data(edition, one),
        *(found or nothing),
    )


def _planned(edition: Edition, one: Goal) -> list[Block]:
    """What the plan said would be done, result by result."""
    lines = [
        say(
            strong(_told(edition, f"result_id:{r.id}")),
            " ",
            joined([say(_told(edition, f"does:{r.id}:{n}")) for n in range(len(r.does))], last=" ; "),
            ".",
        )
        for r in one.results
        if r.does
    ]
    return [paragraph(strong(say("Ce que le plan prévoyait"))), bullet_list(lines)] if lines else []


def _unfinished(edition: Edition, one: Goal) -> list[Block]:
    """What is signed as done in part, or not done, and why."""
    noted = _noted(edition)
    rows = [
        row(
            _code(edition, i),
            _told(edition, f"indicator:{i.id}"),
            label("indicator_status", noted[i.id]["status"], short=True),
            _told(edition, f"justification:{i.id}"),
        )
        for status in (NOT_DONE, PARTLY)
        for i in one.indicators
        if noted[i.id]["status"] == status
    ]
    if not rows:
        return []
    columns = [
        column("Code", "#indicator+code"),
        column("Indicateur", "#indicator+name"),
        column("Statut signé", "#status"),
        column("Pourquoi", "#description"),
    ]
    title = say(f"{_frame(edition).words['goal']} {one.id} : ce qui n’est pas fait, ou pas entièrement")
    return [
        table(
            edition,
            f"pourquoi_{anchor_name(one.id)}",
            title,
            columns,
            rows,
            [say("Tel que le groupe responsable le justifie en signant.")],
        )
    ]


def _quarters(edition: Edition, one: Goal) -> list[Block]:
    """The indicators that were reported by quarter or by month, quarter by quarter: where they went within the year."""
    quarters = edition.period.divisions()[0] if edition.period.kind == "year" else []
    rows = []
    for i in one.indicators:
        numbers = [_value(edition, i, str(q)) for q in quarters]
        if sum(n.is_shown for n in numbers) > 1:
            rows.append(
                row(
                    _code(edition, i),
                    say(_told(edition, f"indicator:{i.id}"), soft(say(f" ({UNITS[i.unit]})"))),
                    *numbers,
                )
            )
    if not rows:
        return []
    columns = [column("Code", "#indicator+code"), column("Indicateur", "#indicator+name")]
    columns += [
        column(f"T{(q.first + 2) // 3}", f"#indicator+value+t{'abcd'[q.first // 3]}", right=True) for q in quarters
    ]
    notes = [
        say(
            "Flux : ce qui a été fait dans le trimestre ; stock et oui ou non : l’état à sa fin. n.d. : rien n’a été rapporté pour ce trimestre, ce qui n’est pas zéro."
        )
    ]
    title = say(f"{_frame(edition).words['goal']} {one.id} : trimestre par trimestre")
    return [table(edition, f"trimestres_{anchor_name(one.id)}", title, columns, rows, notes)]


def _without_data(edition: Edition, one: Goal) -> list[Block]:
    """Who owes which indicator that nobody reported."""
    noted = _noted(edition)
    lines = []
    for r in one.results:
        missing = [i for i in r.indicators if noted[i.id]["rating"] == "no_data" and not i.of]
        if missing:
            owners = _told(edition, f"owners:{r.id}")
            names = joined(
                [say(_code(edition, i), " ", _told(edition, f"indicator:{i.id}")) for i in missing], last=" ; "
            )
            lines.append(say(names, soft(say(" (", owners, ")")) if owners else ""))
    return [note("Sans donnée", bullet_list(lines), style="warn")] if lines else []


_SHORT = {
    "1": "environnement protecteur",
    "2": "mines, conflits, calamités",
    "3": "violences basées sur le genre",
    "4": "enfants",
    "5": "protection transversale",
    "A1": "leadership et plaidoyer",
    "A2": "vulnérabilités et résilience",
    "A3": "qualité de l’assistance",
}


def _short(one: Goal) -> str:
    return _SHORT[one.id]


def figure_of_status(edition: Edition) -> Shown:
    """Signed status per goal, as bars that add up to its indicators."""
    goals = _frame(edition).goals
    statuses = list(code_list("indicator_status"))
    numbers = {g.id: {s: _count(edition, f"status={s}", g.id) for s in statuses} for g in goals}
    words = _frame(edition).words["goal"]
    if all(n.value == "0" for g in goals for s, n in numbers[g.id].items() if s != NOT_REPORTED):
        return Shown(paragraph(soft(say("Aucun statut n’a été signé : il n’y a rien à dessiner."))))

    def name(g: Goal) -> str:
        return f"{_short(g)[0].upper()}{_short(g)[1:]}"

    def draw(width: float, size: float) -> str:
        wide = width > 5
        tall = (0.42 if wide else 0.62) * len(goals) + 0.55
        drawn = theme.canvas(width, tall, size, f"status-{'w' if wide else 'n'}")
        panel = theme.Panel(drawn, left=0.33 if wide else 0.0)
        high = max(sum(int(n.value) for n in numbers[g.id].values()) for g in goals)
        panel.scale((0, high * 1.02), (len(goals) - 0.4, -1.15))
        looks = {
            DONE: {"color": theme.BLUE}, PARTLY: {"color": theme.PALE},
            NOT_DONE: {"facecolor": "white", "edgecolor": theme.RUST, "hatch": "/////", "linewidth": 0.8},
            NOT_REPORTED: {"facecolor": "white", "edgecolor": theme.LINE, "linewidth": 0.8},
        }  # fmt: skip
        thick = 0.56 if wide else 0.4
        for i, g in enumerate(goals):
            y = i if wide else i + 0.14
            panel.write(
                -high * 0.02 if wide else 0,
                i if wide else i - 0.16,
                name(g),
                ha="right" if wide else "left",
                va="center" if wide else "bottom",
            )
            left = 0
            for s in statuses:
                n = numbers[g.id][s]
                if n.value == "0":
                    continue
                panel.bar(y, int(n.value), thick, left, **looks[s])
                style = {"color": "white" if s == DONE else theme.INK, "fontweight": 600}
                if "hatch" in looks[s]:
                    style["bbox"] = {"facecolor": "white", "linewidth": 0, "pad": 1.2}
                panel.write_number(left + int(n.value) / 2, y, n, ha="center", va="center_baseline", **style)
                left += int(n.value)
        at = 0.0
        for s in statuses:
            panel.bar(-0.85, high * 0.022, 0.26, at, **looks[s])
            panel.write(
                at + high * 0.032,
                -0.85,
                label("indicator_status", s, short=True),
                va="center_baseline",
                fontsize=size - 1,
                color=theme.SOFT,
            )
            at += high * (0.07 + 0.0155 * len(label("indicator_status", s, short=True)) * (1 if wide else 1.12))
        return theme.svg(drawn)

    done = _count(edition, f"status={DONE}")
    rows = [row(f"{words} {g.id} : {_short(g)}", *numbers[g.id].values()) for g in goals]
    behind = table(
        edition, "statuts", say("Indicateurs par statut signé"),
        [column(words, "#indicator+group"), *(column(label("indicator_status", s), f"#indicator+{s.replace('_', '')}", right=True) for s in statuses)],
        rows, numbered=False,
    )  # fmt: skip
    alt = say(
        "Barres : ",
        joined(
            [
                say(
                    f"{name(g)} ",
                    joined(
                        [say(label("indicator_status", s).lower(), " ", n) for s, n in numbers[g.id].items()], last=", "
                    ),
                )
                for g in goals
            ],
            last=" ; ",
        ),
        ".",
    )
    return Shown(
        figure(
            edition, "statuts_par_sous_objectif",
            say(counted(done, "indicateur est signé réalisé", "indicateurs sont signés réalisés"), " sur ", _count(edition)),
            say("Nombre d’indicateurs par statut, tel que le groupe responsable le signe"),
            theme.both_widths(draw), alt,
            [say("Un statut n’est pas une cotation : il se lit contre l’échéance du plan, avec sa justification (fiches en annexe).")],
            behind,
        )
    )  # fmt: skip


# --- follow-up ------------------------------------------------------------------------------------------------------


def _late(edition: Edition) -> list[Result]:
    ids = [r["result"] for r in edition.records("late")]
    return [r for r in _frame(edition).results if r.id in ids]


def table_of_moves(edition: Edition) -> Shown:
    """What was reported for the span itself: what moved."""
    span, to_date = _span(edition, "span"), _span(edition, "to_date")
    noted = _noted(edition)
    rows = []
    for one in _frame(edition).indicators.values():
        value = _value(edition, one, span)
        if not value.is_shown or value.value == "0":
            continue
        rows.append(
            row(
                _code(edition, one),
                _name(edition, one, noted[one.id], value),
                value,
                _value(edition, one, to_date),
                label("indicator_status", noted[one.id]["status"]),
            )
        )
    if not rows:
        return Shown(paragraph(soft(say(f"Aucune valeur reçue pour {span_name(edition)}."))))
    columns = [
        column("Code", "#indicator+code"),
        column("Indicateur", "#indicator+name"),
        column("Sur la période", "#indicator+value", right=True),
        column("Depuis janvier", "#indicator+value+cumulative", right=True),
        column("Statut signé", "#status"),
    ]
    notes = [
        say(
            "Les indicateurs donnés par trimestre ou par an n’ont pas de valeur sur deux mois ; ceux qui comptent des personnes touchées ne sont publiés que pour l’année."
        )
    ]
    return Shown(
        table(
            edition,
            "ce_qui_a_bouge",
            say("Ce qui a été rapporté sur la période"),
            columns,
            rows,
            notes if edition.period.kind == "month" else [],
        )
    )


def table_of_delays(edition: Edition) -> Shown:
    """Results whose day is past and that are not signed as done."""
    late = _late(edition)
    if not late:
        return Shown(paragraph(say("Aucun résultat dont l’échéance est passée n’attend de signature.")))
    noted = _noted(edition)
    rows = []
    for r in late:
        missing = [i for i in r.indicators if noted[i.id]["status"] != DONE]
        rows.append(
            row(
                say(_told(edition, f"result_id:{r.id}"), " ", _told(edition, f"result:{r.id}")),
                say(_told(edition, f"deadline:{r.id}")),
                say(_told(edition, f"owners:{r.id}")),
                joined(
                    [
                        say(_code(edition, i), " ", label("indicator_status", noted[i.id]["status"]).lower())
                        for i in missing
                    ],
                    last=" ; ",
                ),
            )
        )
    columns = [
        column("Résultat", "#indicator+group"),
        column("Échéance", "#date+due"),
        column("Responsable", "#org"),
        column("Non signés « réalisé »", "#status"),
    ]
    return Shown(table(edition, "en_retard", say("Échéance passée, pas entièrement réalisé"), columns, rows))


def _activity(edition: Edition, a: Activity) -> Runs:
    return say(_told(edition, f"activity_id:{a.id}"), " ", _told(edition, f"activity:{a.id}"))


def table_of_activities(edition: Edition) -> Shown:
    """The activities of a workplan that are due in a quarter, with their leads and what their indicators say."""
    span = _span(edition, "span")
    rows = []
    for result in _frame(edition).results:
        due = [a for a in result.activities if str(edition.period) in a.quarters]
        if due:
            rows.append({"kind": "group", "cells": [_result_line(edition, result)]})
        for a in due:
            mine = [i for i in result.indicators if i.activity == a.id and not i.of]
            told = joined([say(_code(edition, i), "\u00a0: ", _value(edition, i, span)) for i in mine], last=" ; ")
            detail = _told(edition, f"quarters_note:{a.id}")
            rows.append(
                row(
                    say(_activity(edition, a), soft(say(" (", detail, ")")) if detail else ""),
                    say(_told(edition, f"leads:{a.id}")),
                    told or "aucun indicateur",
                )
            )
    if not rows:
        return Shown(paragraph(say("Aucune activité n’est due ce trimestre selon le plan de travail.")))
    columns = [
        column("Activité", "#activity+name"),
        column("Chefs de file", "#org+lead"),
        column("Indicateurs du trimestre", "#indicator+value"),
    ]
    return Shown(table(edition, "activites_dues", say("Activités dues ce trimestre"), columns, rows))


def table_of_liptako(edition: Edition) -> Shown:
    """What the workplan asks of the Liptako-Gourma: its indicators, and the shares asked for."""
    to_date = _span(edition, "to_date")
    every = _frame(edition).indicators.values()
    mine = [i for i in every if i.liptako_gourma or (i.of and i.id.endswith("-lg"))]
    if not mine:
        return Shown()
    noted = _noted(edition)
    rows = []
    for i in mine:
        name = _name(edition, i, noted[i.id], _value(edition, i, to_date))
        if i.of:
            name = say(_told(edition, f"indicator:{i.of}"), " — ", name)
        rows.append(row(_code(edition, i), name, _value(edition, i, to_date)))
    columns = [
        column("Code", "#indicator+code"),
        column("Indicateur", "#indicator+name"),
        column("Depuis janvier", "#indicator+value", right=True),
    ]
    return Shown(table(edition, "liptako_gourma", say("Part et mesures du Liptako-Gourma"), columns, rows))


def findings_of_kinds(edition: Edition, *kinds: str) -> Shown:
    """Findings of some kinds, whatever their goal."""
    found = [f for f in edition.records("findings") if f["type"] in kinds]
    if not found:
        return Shown(paragraph(soft(say("Aucun constat de cette sorte n’a été écrit."))))
    return Shown(bullet_list([_finding(edition, f) for f in found]))


def all_goals(edition: Edition) -> Shown:
    """Every indicator of the frame, by goal."""
    period = _span(edition, "to_date")
    blocks: list[Block] = []
    for one in _frame(edition).goals:
        words = _frame(edition).words["goal"]
        blocks += [
            heading(f"{words} {one.id} : {_short(one)}", 3),
            _table_of_results(edition, one, period),
        ]
    return Shown(*blocks)


# --- the evaluation -------------------------------------------------------------------------------------------------


def criteria(edition: Edition) -> Shown:
    """The questions of the DAC and of ALNAP, each with the judgement that people wrote and the findings behind it."""
    judged = {j["criterion"]: j for j in edition.records("judgements")}
    blocks: list[Block] = []
    for code, entry in code_list("evaluation_criterion").items():
        blocks.append(heading(entry["fr"], 3))
        blocks.append(paragraph(soft(say(entry["question"]))))
        found = judged.get(code)
        if not found:
            blocks.append(paragraph(warn(say("Aucun jugement n’a été écrit pour ce critère."))))
            continue
        stands = joined(
            [[link(f"#constat-{anchor_name(f)}", _told(edition, f"finding:{f}"))] for f in found["findings"]], last=", "
        )
        blocks.append(paragraph(say(read_runs(edition, found["runs"]), soft(say(" [", stands, "]")))))
    return Shown(*blocks)


def cross_cutting(edition: Edition) -> Shown:
    """Funding, access, presence and the State: what the strategy printed, and what was found."""
    printed = {
        name: edition.number(f"printed.{name}", "mali", period)
        for name, period in (
            ("funding-2014", "2014-01-01/2014-12-31"),
            ("funding-2015", "2015-01-01/2015-12-31"),
            ("funding-2015-bis", "2015-01-01/2015-12-31"),
            ("funding-2016", "2016-01-01/2016-12-31"),
            ("access-constraints-2016", "2016-01-01/2016-12-31"),
            ("protection-actors-2016", "2016-01-01/2016-12-31"),
            ("protection-actors-national-2016", "2016-01-01/2016-12-31"),
        )
    }
    rows = [
        row("Financement reçu du HRP, protection, 2014", printed["funding-2014"], "Stratégie, chapitre IV"),
        row(
            "Financement reçu du HRP, protection, 2015",
            # One sign, where the document's figures are not there: two would be read as two numbers.
            say(printed["funding-2015"], " ou ", printed["funding-2015-bis"])
            if printed["funding-2015-bis"].is_shown
            else printed["funding-2015"],
            "Stratégie : deux chiffres dans le même document",
        ),
        row("Financement reçu du HRP, protection, 2016", printed["funding-2016"], "Stratégie, chapitres III et IV"),
        row(
            "Contraintes d’accès humanitaire, nord et centre, 2016",
            printed["access-constraints-2016"],
            "Stratégie, chapitre III (OCHA)",
        ),
        row(
            "Acteurs de protection présents, nord et centre, 2016",
            printed["protection-actors-2016"],
            "Stratégie, chapitre III",
        ),
        row("dont acteurs nationaux", printed["protection-actors-national-2016"], "Stratégie, chapitre III"),
    ]
    columns = [
        column("Mesure", "#indicator+name"),
        column("Imprimé", "#indicator+value", right=True),
        column("Source", "#meta+source"),
    ]
    state = [i for i in _frame(edition).indicators.values() if i.result == "1.9"]
    period = _span(edition, "to_date")
    about = joined(
        [say(_told(edition, f"indicator:{i.id}"), "\u00a0: ", _value(edition, i, period)) for i in state], last=" ; "
    )
    blocks = [
        table(
            edition,
            "transversal",
            say("Ce que la stratégie imprime de ses conditions de départ"),
            columns,
            rows,
            [
                say(
                    "Chiffres publiés, d’une autre source que veille ; aucun n’est de la même mesure qu’un indicateur du cadre, aucun ne sert donc de valeur de départ."
                )
            ],
        ),
        note(
            "Deux chiffres pour une année",
            paragraph(
                say(
                    "Pour 2015, la stratégie donne ",
                    printed["funding-2015"],
                    " à un endroit et ",
                    printed["funding-2015-bis"],
                    " à un autre. Les deux sont repris ; rien ne permet de choisir.",
                )
            ),
            style="warn",
        ),
        paragraph(say("Implication de l’État et des acteurs de développement. ", about, ".")) if about else None,
        *_findings(edition, "transversal"),
    ]
    return Shown(*(b for b in blocks if b))


def table_of_advice(edition: Edition) -> Shown:
    """Recommendations: to whom, by when, on what, and what the advisory group answered."""
    found = [f for f in edition.records("findings") if f["type"] == "recommendation"]
    if not found:
        return Shown(paragraph(soft(say("Aucune recommandation n’a été écrite."))))
    rows = []
    for f in found:
        answer = say(strong(say(label("response_decision", f["decision"]))))
        if f["response"]:
            answer = say(answer, ". ", read_runs(edition, f["response"]))
        rows.append(
            row(
                [anchor(f"constat-{anchor_name(f['id'])}", _told(edition, f"finding:{f['id']}"))],
                say(
                    read_runs(edition, f["runs"]),
                    soft(say(" [", _refs(edition, f), "]")),
                    say(" ", warn(say("une preuve a changé depuis"))) if f["is_flagged"] else "",
                ),
                say(_told(edition, f"to:{f['id']}")),
                day_name(day(f["by"])),
                answer,
            )
        )
    columns = [
        column("Réf.", "#meta+id"),
        column("Recommandation", "#need+recommendation"),
        column("À qui", "#org+dest"),
        column("Pour le", "#date+due"),
        column("Réponse du GCS", "#status+response"),
    ]
    return Shown(table(edition, "recommandations", say("Recommandations et réponse du GCS"), columns, rows))


# What an evaluation would want to know, and the source that would tell it.
NOT_ALWAYS_RECEIVED = {
    "violations graves des droits de l’enfant (MRM)": "template_mrm_violations",
    "gestion de cas de protection de l’enfance (CPIMS+)": "template_cpims_indicators",
    "base des victimes de mines (LAMH)": "template_mine_victims",
    "matrices de protection": "template_protection_matrix",
    "financement (FTS)": "template_funding",
}


def year_in_figures(edition: Edition) -> Shown:
    """The year in incidents, victims and children, in one table of safe numbers; what was not received says so."""
    lines = [
        ("Incidents de protection rapportés", edition.number("protection_incidents")),
        ("Victimes citées", edition.number("victims_people")),
        *(
            (f"dont {label('person', c).lower()}", edition.number(f"victims_people.person={c}"))
            for c in code_list("person")
        ),
        *((f"dont {label('harm', c).lower()}", edition.number(f"victims_people.harm={c}")) for c in code_list("harm")),
        ("Enfants victimes, filles et garçons", edition.number("child_victims_people")),
        ("Cas de VBG déclarés au GBVIMS, avec consentement", edition.number("gbv_incidents_reported")),
    ]
    idps = edition.latest("idps_people")
    if idps:
        lines.append((f"Déplacés internes, stock au {day_name(day(idps.period))}", idps))
    rows = [row(text, n) for text, n in lines]
    columns = [column("Mesure", "#indicator+name"), column("Pour l’année", "#indicator+value", right=True)]
    notes = [
        say(
            "Incidents et victimes : rapportés aux moniteurs, dans les cercles et les mois couverts ; non exhaustif. Les lignes ne s’additionnent pas. "
            "Le total d’une année n’est donné que si chacun de ses mois a été reçu. Catégories d’atteinte et engins explosifs : publiés au mois, dans les bulletins."
        )
    ]
    received = {s["source"] for s in edition.sources}
    absent = [what for what, source in NOT_ALWAYS_RECEIVED.items() if source not in received]
    nothing = [paragraph(soft(say("Aucune donnée reçue dans cette version : ", " ; ".join(absent), ".")))]
    title = say("L’année en chiffres, pour tout le pays")
    return Shown(table(edition, "annee_en_chiffres", title, columns, rows, notes), *(nothing if absent else []))


def figure_of_year(edition: Edition) -> Shown:
    """Incidents month by month over the year, with the coverage of monitoring."""
    return figure_of_trend(replace(edition, period=edition.period.each_month()[-1]))


# --- annexes --------------------------------------------------------------------------------------------------------


def table_of_sheets(edition: Edition) -> Shown:
    """One line per indicator: how it is verified, what the status stands on, the proofs received."""
    noted = _noted(edition)
    blocks: list[Block] = []
    for one in _frame(edition).goals:
        rows: list[dict] = []
        for result in one.results:
            rows.append(
                {
                    "kind": "group",
                    "cells": [
                        say(_told(edition, f"result_id:{result.id}"), " ", _told(edition, f"result:{result.id}"))
                    ],
                }
            )
            for i in result.indicators:
                n = noted[i.id]
                period = _span(edition, "to_date")
                typed = edition.number(address_of(i).replace(STEM, TYPED, 1), edition.area.code, period)
                about = [
                    _told(edition, f"how:{i.id}"),
                    say("valeur saisie : ", typed) if n["how"] and typed.is_shown and typed.query == "received" else [],
                    say("départ : ", _told(edition, f"baseline_source:{i.id}")) if n["baseline"] else [],
                    say("cible : ", _told(edition, f"target_source:{i.id}")) if n["target"] else [],
                    _told(edition, f"note:{i.id}"),
                    say(warn(say("rattachement à l’activité incertain"))) if i.attached else [],
                ]
                proofs = [
                    _told(edition, f"proof:{i.id}:{k}") for k in range(len(n["proofs"])) if n["proofs"][k] != "veille"
                ]
                rows.append(
                    row(
                        [anchor(_of_frame(i), _told(edition, f"id:{i.id}"))],
                        say(_told(edition, f"justification:{i.id}") or ("" if i.of else "aucune")),
                        joined([say(p) for p in about if p], last=" ; "),
                        _proofs(proofs),
                    )
                )
        verification = {r.id: _told(edition, f"verification:{r.id}") for r in one.results if r.verification}
        prescribed = joined(
            [say(_told(edition, f"result_id:{r}"), " ", v) for r, v in verification.items()], last=" ; "
        )
        notes = [say("Moyens de vérification prévus : ", prescribed, ".")] if verification else []
        words = _frame(edition).words["goal"]
        title = say(f"Fiches des indicateurs, {words.lower()} {one.id}")
        columns = [
            column("Code", "#indicator+code"),
            column("Justification du statut", "#description"),
            column("Comment, et d’où", "#meta+method"),
            column("Preuves reçues", "#meta+source"),
        ]
        blocks.append(table(edition, "fiches_" + anchor_name(one.id), title, columns, rows, notes))
    return Shown(*blocks)


PROOFS_SHOWN = 2


def _proofs(proofs: list[Runs]) -> Runs:
    """The first proofs; the others are in the data."""
    if not proofs:
        return say("aucune")
    shown = joined([runs(p) for p in proofs[:PROOFS_SHOWN]], last=" ; ")
    return say(shown, " ; et d’autres (tables sûres)") if len(proofs) > PROOFS_SHOWN else shown


def table_of_evidence(edition: Edition, *kinds: str) -> Shown:
    """Claim, number, report, data version: one line per piece of evidence, and whether it still holds.

    `kinds`: of the findings of some kinds only, those that the page shows.
    """
    shown = {f["id"] for f in edition.records("findings") if not kinds or f["type"] in kinds}
    lines = [e for e in edition.records("evidence") if e["finding"] in shown]
    if not lines:
        return Shown(paragraph(soft(say("Aucune preuve n’est citée."))))
    rows = []
    for e in lines:
        ref = e["ref"]
        first = [anchor(f"preuve-{anchor_name(ref)}", _told(edition, f"ref:{ref}"))]
        claim = [link(f"#constat-{anchor_name(e['finding'])}", _told(edition, f"finding:{e['finding']}"))]
        if e["kind"] == "source":
            rows.append(row(first, claim, say(_told(edition, f"source_of:{ref}")), "", ""))
            continue
        now = edition.number(*e["address"].split("@"))
        said = (
            say(strong(say(now)))
            if e["state"] in ("sound", "rebuilt", "withheld")
            else say(warn(say(_told(edition, f"cited:{ref}"))), " ; aujourd’hui ", now)
        )
        state = evidence.WORDS[e["state"]].lower()
        rows.append(
            row(
                first,
                claim,
                say(said, " ", soft(say(_told(edition, f"address:{ref}")))),
                say(
                    _told(edition, f"report:{ref}"),
                    soft(
                        say(
                            " · version ",
                            _told(edition, f"version:{ref}") or "inconnue",
                            " · manifeste ",
                            _told(edition, f"manifest:{ref}") or "inconnu",
                        )
                    ),
                ),
                say(warn(say(state))) if e["state"] in evidence.FLAGGED else state,
            )
        )
    columns = [
        column("Réf.", "#meta+id"),
        column("Constat", "#meta+claim"),
        column("Ce qui est cité", "#indicator+value"),
        column("Où", "#meta+source"),
        column("État", "#status"),
    ]
    notes = [
        say(
            "Un nombre cité est relu dans le rapport et dans la version des données de cette page ; ce qui a changé est signalé ici et à côté du constat."
        )
    ]
    return Shown(table(edition, "preuves", say("Preuves : constat, nombre, rapport, version"), columns, rows, notes))


def consulted(edition: Edition) -> Shown:
    """The people consulted, by category."""
    lines = [_told(edition, f"consulted:{n}") for n in range(99) if _told(edition, f"consulted:{n}")]
    if not lines:
        return Shown(paragraph(soft(say("Personnes consultées : rien n’a été écrit."))))
    return Shown(
        paragraph(
            say(
                strong(say("Personnes consultées, par catégorie.")),
                " ",
                joined([say(x) for x in lines], last=" ; "),
                ".",
            )
        )
    )


def method_of_strategy(edition: Edition) -> Shown:
    """Where values come from, how they are added up, and what this page does not know."""
    sources = [s for s in edition.sources if s["source"] == "template_indicator_values"]
    lines = [
        say(
            "Cadre : ",
            _told(edition, "frame:source"),
            ". Les indicateurs sont les siens, avec leurs codes ; il ne donne ni valeur de départ ni cible.",
        ),
        say(
            "Valeurs : saisies par les groupes responsables, avec leur preuve ; « compté par veille » où le système compte lui-même (éditions de rapports, matrices, victimes de mines, financement). Une valeur sans vérification est marquée."
        ),
        say(
            "Addition : un flux s’additionne, un stock garde son dernier état, un pourcentage divise la somme des numérateurs par celle des dénominateurs, un oui ou non garde le dernier ; nombres et pourcentages ne se mêlent jamais. Une valeur annuelle ou trimestrielle vaut pour les mois qu’elle couvre ; une période manquante est dite, jamais comptée pour zéro."
        ),
        say(
            "Statut : déclaré et signé par le groupe responsable, contre l’échéance du plan. Cotation : valeur sur cible, seulement où une cible est fixée avec sa source. Sens : second semestre contre premier, quand les deux sont entiers."
        ),
        say(
            "Personnes : ce qui compte des personnes touchées ou exposées n’est publié que pour l’année, sous les règles de protection (n.p. où le nombre est petit)."
        ),
        say(
            "Constats, jugements et recommandations : écrits par des personnes, avec leurs preuves ; le système n’en invente aucun et signale ceux dont la preuve a changé."
        ),
    ]
    if not sources:
        lines.append(say(warn(say("Aucun fichier de valeurs n’a été reçu dans cette version des données."))))
    blocks = [bullet_list(lines)]
    contact = edition.contact()
    blocks.append(
        paragraph(
            soft(
                say(
                    f"Version des données {edition.version}, reçues au {day_name(day(edition.received))}. Questions : {contact['name']}, ",
                    [link(f"mailto:{contact['email']}", say(contact["email"]))],
                    ".",
                )
            )
        )
    )
    return Shown(*blocks)


def table_of_versions(edition: Edition) -> Shown:
    """Every source of the data version: what it is, what it covers, when it was received."""
    rows = [
        row(
            say([const(f"source:{s['source']}:title", s["title"])]),
            s["received"],
        )
        for s in edition.sources
    ]
    columns = [column("Source", "#meta+source"), column("Reçue le", "#date+received")]
    blocks = [table(edition, "sources", say(f"Sources de la version {edition.version}"), columns, rows)]
    cited = [
        row(*(_told(edition, f"cited_{name}:{c['n']}") for name in ("report", "version", "manifest", "received")))
        for c in edition.records("cited")
    ]
    if cited:
        columns = [
            column("Rapport", "#meta+report"),
            column("Version", "#meta+version"),
            column("Manifeste", "#meta+hash"),
            column("Dépôts derrière lui", "#meta+source"),
        ]
        notes = [
            say(
                "Les dépôts des organisations sont nommés par leur série ; leurs fichiers et leurs empreintes sont dans le manifeste du rapport."
            )
        ]
        blocks.append(
            table(edition, "rapports_cites", say("Rapports sur lesquels cette page s’appuie"), columns, cited, notes)
        )
    return Shown(*blocks)
