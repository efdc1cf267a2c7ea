"""The GBVIMS summaries: month, quarter and year, for the country; totals and types for its regions.

Reported cases only: the caveat stands on every page, its short form under every figure. Declined by the survivor is never
counted as a gap; contexts are never summed.
"""

from __future__ import annotations

from collections.abc import Iterable

from .. import places
from ..codes import code_list, label
from ..disclosure.safe import SafeNumber
from ..indicators.gbv import CAVEAT, INCIDENTS, RAPES
from ..indicators.measure import UNANSWERED
from ..indicators.registry import key
from ..periods import Period
from ..products import GBV_CAVEAT
from ..published import Edition
from ..render.document import Block, Runs, bullet_list, const, heading, note, paragraph, soft, strong, warn
from . import theme
from .charts import across, bar_figure, by_size, draw_line, draw_parts
from .cover import cover_of, key_item
from .parts import column, figure, nothing_received, row, table, too_few
from .sections import sources_of
from .shown import Shown
from .words import agree, counted, joined, named, say, spelled

ORGANISATIONS = "gbv_organisations_reporting"
NEEDS = "gbv_service_needs"
UNANSWERED_LABEL = "Sans réponse"
# Types as the heads of narrow columns.
HEADS = {
    "rape": "Viol",
    "sexual_assault": "Agr. sexuelle",
    "physical_assault": "Agr. physique",
    "forced_marriage": "Mar. forcé",
    "denial_of_resources": "Déni",
    "psychological_emotional_abuse": "Psychol.",
}
CLASSES = ("sexual", "other")
PEOPLE = {
    "women": ("female", "adult"),
    "girls": ("female", "child"),
    "men": ("male", "adult"),
    "boys": ("male", "child"),
}
ORDERED = ("age_band", "majority", "delay", "time_of_day", "perpetrator_age", "perpetrator_number")
# Here `unknown` is what the survivor answered; a question left open is in no line.
ASKED_OF_MANY = ("perpetrator_relationship", "perpetrator_age", "perpetrator_occupation")
# Printed by others, with their source: what this edition is set beside.
PUBLISHED = (
    ("gbv_cases_reported", "2012-01-01", "2016-12-31", "Cas déclarés, cinq ans jusqu’en décembre 2016"),
    ("gbv_cases_reported", "2016-01-01", "2016-12-31", "Cas déclarés en 2016"),
    ("gbv_cases_reported_gbvims", "2017-01-01", "2017-03-31", "Cas déclarés au GBVIMS, premier trimestre 2017"),
    ("gbv_cases_reported", "2017-01-01", "2017-12-31", "Cas déclarés en 2017"),
    ("gbv_cases_reported", "2012-01-01", "2017-12-31", "Cas déclarés, six ans jusqu’en décembre 2017"),
)
# The sources behind a page; what others printed stands in the years of the country only.
RECEIVED, PRINTED = {"gbv_tables", "gbvims_recorder"}, {"gbv_published", "reference_figures"}
# Where services reach, as others printed it: the data received do not say.
COVERAGE = (
    (
        "gbv-localities-without-services",
        "2016-01-01/2016-12-31",
        "Localités des régions affectées sans services de qualité",
    ),
    (
        "share_localities_without_adequate_gbv_services_north_centre_min-201701-201712",
        "2017-01-01/2017-12-31",
        "Localités du nord et du centre sans services adéquats, au moins",
    ),
)
OF_2016 = (
    ("printed.gbv-sexual-2016", "Violence sexuelle", "violence_class", "sexual"),
    ("printed.gbv-rape-2016", "dont viol", "gbv_type", "rape"),
    ("printed.gbv-sexual-assault-2016", "dont agression sexuelle", "gbv_type", "sexual_assault"),
    ("printed.gbv-physical-2016", "Agression physique", "gbv_type", "physical_assault"),
    ("printed.gbv-psychological-2016", "Violences psychologiques", "gbv_type", "psychological_emotional_abuse"),
    ("printed.gbv-female-2016", "Femmes et filles", "sex", "female"),
)


def _of(dimension: str, code: str, stem: str = INCIDENTS) -> str:
    return key(stem, {dimension: code})


def _share(dimension: str, code: str, stem: str = INCIDENTS) -> str:
    return key(f"{stem}_share_pct", {dimension: code})


def _in(period: Period) -> str:
    """« en juin 2017 », « au 2e trimestre 2017 », « en 2017 »."""
    names = {"month": f"en {period.name()}", "quarter": f"au {period.name()}", "year": f"en {period.year}"}
    return names[period.kind]


# --- the top of the page ------------------------------------------------------------------------------------------------


def _lede(edition: Edition) -> Runs:
    total, reporters = edition.number(INCIDENTS), edition.number(ORGANISATIONS)
    if not total.is_shown:
        return say(f"Le nombre de cas déclarés {_in(edition.period)} n’est pas publié pour cette édition.")
    out = say(
        strong(counted(total, "cas", "cas")),
        " de VBG ",
        agree(total, "a été déclaré", "ont été déclarés"),
        f" {_in(edition.period)}",
    )
    if reporters.is_shown:
        out += say(" à ", counted(reporters, "organisation", "organisations"), " utilisant le GBVIMS")
    else:
        out += say(" aux organisations utilisant le GBVIMS")
    sexual, part = edition.number(_of("violence_class", "sexual")), edition.number(_share("violence_class", "sexual"))
    if sexual.is_shown:
        out += say(" ; la violence sexuelle en compte ", sexual, *((" (", part, ")") if part.is_shown else ()))
    before = edition.period.shift(-1)
    earlier, then = edition.number(INCIDENTS, period=before), edition.number(ORGANISATIONS, period=before)
    if earlier.is_shown:
        out += say(f". {_in(before)[0].upper()}{_in(before)[1:]} : ", counted(earlier, "cas", "cas"))
    if earlier.is_shown and then.is_shown and reporters.is_shown:
        same = then.value == reporters.value
        out += say(
            ", pour autant d’organisations" if same else say(", pour ", counted(then, "organisation", "organisations"))
        )
    return say(*out, ". Ces nombres disent qui est venu déclarer, pas combien de violences ont été commises.")


def cover_of_gbv(edition: Edition) -> Shown:
    """The top of a summary, with the period in a few sentences."""
    return cover_of(edition, "Sous-cluster VBG", lede=_lede(edition))


def caveat_on_gbv(edition: Edition) -> Shown:
    """What these numbers are, and are not: a condition of their use."""
    return Shown(note("À lire avec ces chiffres", paragraph(say(GBV_CAVEAT)), style="warn"))


def _part_item(edition: Edition, dimension: str, code: str, said: str) -> dict:
    """A share as a key figure, with its count; the count where the share is not printed."""
    part, n = edition.number(_share(dimension, code)), edition.number(_of(dimension, code))
    if part.is_shown:
        return key_item(say(part), say(said), counted(n, "cas", "cas"))
    what = say("non publié") if n.status == "not_published" else say("des cas déclarés")
    return key_item(say(n), say(said), what if n.is_shown or n.status == "not_published" else say("non reçu"))


def key_figures_of_gbv(edition: Edition) -> Shown:
    """Cases, with the period before; sexual violence; women and girls; children; organisations."""
    before = edition.period.shift(-1)
    total, earlier = edition.number(INCIDENTS), edition.number(INCIDENTS, period=before)
    reporters, then = edition.number(ORGANISATIONS), edition.number(ORGANISATIONS, period=before)
    items = [
        key_item(
            say(total),
            say("cas déclarés"),
            say(earlier, f" {_in(before)}")
            if earlier.is_shown
            else say(f"période précédente : non {'reçue' if earlier.status == 'not_received' else 'publiée'}"),
        ),
        _part_item(edition, "violence_class", "sexual", "violence sexuelle"),
    ]
    if edition.area.is_country:
        items += [
            _part_item(edition, "sex", "female", "femmes et filles"),
            _part_item(edition, "majority", "child", "moins de dix-huit ans"),
            key_item(
                say(reporters),
                say("organisations comptées"),
                say(then, f" {_in(before)}") if then.is_shown else say("période précédente : non reçue"),
                is_warning=then.is_shown and then.value != reporters.value,
            ),
        ]
    return Shown({"kind": "keyfigures", "items": items})


def revisions(edition: Edition) -> Shown:
    """What was printed before and is another number now: « Mai : 245 (publié : 238) », where it may be told (R8)."""
    about = [edition.period, *(p for some in edition.period.divisions() for p in some), edition.period.shift(-1)]
    lines = []
    for period in dict.fromkeys(about):
        now = edition.number(INCIDENTS, period=period)
        before = edition.printed_before(now)
        if before:
            lines.append(
                say(
                    f"{period.name()[0].upper()}{period.name()[1:]} : ",
                    now,
                    " (publié : ",
                    const(f"printed_before:{now.address}", before),
                    ")",
                )
            )
    return Shown(paragraph(strong(say("Révisions. ")), joined(lines, last=" ; "), say("."))) if lines else Shown()


# --- trend --------------------------------------------------------------------------------------------------------------


def _periods_of_trend(edition: Edition) -> list[Period]:
    """Twelve months for a month; eight quarters for a quarter; the months of a year, its quarters for a region."""
    if edition.period.kind == "month":
        return edition.trend()
    if edition.period.kind == "quarter":
        return edition.period.last(8)
    quarters, months = edition.period.divisions()
    return months if edition.area.is_country else quarters


def _tick(period: Period, *, wide: bool) -> str:
    if period.kind == "quarter":
        return f"T{(period.first + 2) // 3}"
    return period.short_name() if wide else period.bare_name()[0].upper()


def _reporters_of(edition: Edition) -> str:
    """Whose number of organisations it is: how many report in one zone would point at them, so a zone shows the country's."""
    return "Organisations comptées" + ("" if edition.area.is_country else ", tout le pays")


def _draw_trend(edition: Edition, periods: list[Period], width: float, size: float) -> str:
    wide = width > 5
    numbers = [edition.number(INCIDENTS, period=p) for p in periods]
    reporters = [edition.number(ORGANISATIONS, "mali", p) for p in periods]
    rows = 2 if any(n.is_shown for n in reporters) else 1
    drawn = theme.canvas(width, 2.5 if rows == 2 else 2.1, size, f"gbv-trend-{'w' if wide else 'n'}")
    heights = [2.6, 0.35][:rows]
    panels = theme.stacked(drawn, 0.055 if wide else 0.09, 0.17, 0.985, 0.9, heights, gap=0.5)
    draw_line(panels[0], numbers, size, every_label=wide or len(periods) <= 8)
    panels[0].floor(theme.LINE)
    if rows == 2:
        panels[1].scale(across(len(periods)))
        for i, n in enumerate(reporters):
            panels[1].write_number(i, 0.2, n, ha="center", va="bottom", fontsize=size - 1, color=theme.SOFT)
    for panel, title, above in zip(panels, ("Cas déclarés", _reporters_of(edition)), (1.05, 1.5), strict=False):
        panel.title(title, above, color=theme.INK, fontsize=size, fontweight=600)
    panels[-1].names_below(
        f"{_tick(p, wide=wide)}\n{p.year}" if p.first == 1 or i == 0 else _tick(p, wide=wide)
        for i, p in enumerate(periods)
    )
    return theme.svg(drawn)


def figure_of_gbv_trend(edition: Edition) -> Shown:
    """Cases period by period, with the number of organisations beside: more cases may be more organisations."""
    periods = _periods_of_trend(edition)
    numbers = {p: edition.number(INCIDENTS, period=p) for p in periods}
    shown = {p: n for p, n in numbers.items() if n.is_shown}
    if len(shown) < 2:
        return Shown(paragraph(soft(say("Évolution : moins de deux périodes publiées, rien n’est comparé."))))
    low, high = (end(shown.values(), key=lambda n: int(n.value)) for end in (min, max))
    each = {"month": "mois", "quarter": "trimestre"}[periods[0].kind]
    title = say("De ", low, " à ", high, f" cas déclarés par {each}")
    rows = [row(p.name(), n, edition.number(ORGANISATIONS, "mali", p)) for p, n in numbers.items()]
    columns = [
        column(each.capitalize(), "#date"),
        column("Cas déclarés", "#affected+incidents", right=True),
        column(_reporters_of(edition), "#org+num", right=True),
    ]
    behind = table(edition, "evolution", say(f"Cas déclarés, {each} par {each}"), columns, rows, numbered=False)
    drawn = theme.both_widths(lambda width, size: _draw_trend(edition, periods, width, size))
    alt = say("Courbe des cas déclarés : ", joined([say(f"{p.name()} ", n) for p, n in numbers.items()]), ".")
    advice = "Une hausse peut venir d’organisations ou de services plus nombreux. "
    subtitle = say(f"Cas déclarés par mois de déclaration, {periods[0].name()} à {periods[-1].name()}")
    return Shown(figure(edition, "evolution", title, subtitle, drawn, alt, [say(advice + CAVEAT)], behind))


# --- breakdowns -----------------------------------------------------------------------------------------------------------


def _lines(edition: Edition, dimension: str, codes: str, stem: str = INCIDENTS) -> list[tuple[str, SafeNumber]]:
    """The codes of a breakdown, what was not answered last: largest first, but for bands, which keep their order."""
    ranked = by_size(edition, stem, dimension, codes)
    if codes in ORDERED:
        ranked.sort(key=lambda line: list(code_list(codes)).index(line[0]))
    return sorted(ranked, key=lambda line: line[0] == UNANSWERED)


def _numbers(edition: Edition, dimension: str, codes: str, stem: str = INCIDENTS) -> list[SafeNumber]:
    return [n for _, n in _lines(edition, dimension, codes, stem)]


def _breakdown(
    edition: Edition, dimension: str, codes: str, title: str, name: str, *, stem: str = INCIDENTS,
    notes: Iterable[Runs] = (), label_: str = "", numbered: bool = True,
) -> Block | None:  # fmt: skip
    """A table of one breakdown, with its shares where they are declared; None where nothing of it is printed."""
    lines = _lines(edition, dimension, codes, stem)
    if all(n.value == "0" for _, n in lines):
        return paragraph(say(f"{title} : aucun cas déclaré."))
    if _tells_nothing([line for line in lines if line[1].value != "0"]):
        return None
    shares = {code: edition.number(_share(dimension, code, stem)) for code, _ in lines}
    with_share = any(n.is_shown for n in shares.values())
    rows = [
        row(
            say(UNANSWERED_LABEL) if code == UNANSWERED and codes not in ASKED_OF_MANY else named(codes, code),
            n,
            *((shares[code] if shares[code].is_shown and code != UNANSWERED else "",) if with_share else ()),
        )
        for code, n in lines
        if n.value != "0"
    ]
    nobody = [named(codes, code) for code, n in lines if n.value == "0" and code != UNANSWERED]
    if nobody:
        notes = [*notes, say("Aucun cas déclaré : ", joined(nobody, last=", "), ".")]
    columns = [column(label_ or title, "#indicator+label"), column("Cas", "#affected+incidents", right=True)]
    if with_share:
        columns.append(column("Part", "#indicator+pct", right=True))
    return table(edition, name, say(title), columns, rows, [*notes, say(CAVEAT)], numbered=numbered)


def figure_of_gbv_types(edition: Edition) -> Shown:
    """Cases by type: exactly one type per case, so that the types add up."""
    behind = _breakdown(
        edition, "gbv_type", "gbv_type_counted", "Cas par type de VBG", "types", label_="Type", numbered=False
    )
    if behind is None:
        return _classes(edition)
    lines = [(c, n) for c, n in _lines(edition, "gbv_type", "gbv_type_counted") if n.value != "0"]
    top, n = lines[0]
    part = edition.number(_share("gbv_type", top))
    title = say(
        f"{label('gbv_type_counted', top)} : ",
        counted(n, "cas", "cas"),
        *((", ", part, " du total") if part.is_shown else ()),
    )
    bars = [(UNANSWERED_LABEL if c == UNANSWERED else spelled("gbv_type_counted", c), n, None) for c, n in lines]
    notes = [say("Un seul type par cas : le premier oui de la classification. " + CAVEAT)]
    return bar_figure(edition, "types", bars, title, say(f"Cas par type, {edition.period.name()}"), notes, behind)


def _classes(edition: Edition) -> Shown:
    """Sexual violence and the other types: what is printed where the types are not."""
    found = _breakdown(
        edition, "violence_class", "violence_class", "Violence sexuelle et autres types", "classes", label_="Type"
    )
    numbers = _numbers(edition, "violence_class", "violence_class")
    return Shown(found) if found else Shown(*_not_told(edition, {"Types de VBG": numbers}))


def table_of_gbv_profile(edition: Edition) -> Shown:
    """Who the survivors are: sex, age, and where they are displaced; for the year, more."""
    year = edition.period.kind == "year"
    ages = ("age_band", "age_band", "Âge à l’incident", "age")
    if edition.period.kind == "month" or not any(n.is_shown for _, n in _lines(edition, "age_band", "age_band")):
        ages = ("majority", "majority", "Enfants et adultes", "age")
    wanted = [("sex", "sex", "Sexe", "sexe"), ages]
    if edition.period.kind != "month":
        wanted.append(("displacement_status", "displacement_status", "Statut de déplacement", "statut"))
    if year:
        wanted.append(("marital_status", "marital_status", "État matrimonial", "etat_matrimonial"))
        wanted.append(("displacement_stage", "displacement_stage", "Phase de déplacement à l’incident", "phase"))
    blocks: list[Block] = []
    rows: list[dict] = []
    absent: Absent = {}
    for dimension, codes, title, _ in wanted:
        lines = [(c, n) for c, n in _lines(edition, dimension, codes) if n.value != "0"]
        if _tells_nothing(lines):
            absent |= {title: [n for _, n in lines]} if lines else {}
            continue
        rows.append({"kind": "group", "cells": [say(title)]})
        for code, n in lines:
            part = edition.number(_share(dimension, code))
            text = say(UNANSWERED_LABEL) if code == UNANSWERED else named(codes, code)
            rows.append(row(text, n, part if part.is_shown and code != UNANSWERED else ""))
    if rows:
        columns = [
            column("Survivant(e)s", "#affected+label"),
            column("Cas", "#affected+incidents", right=True),
            column("Part", "#indicator+pct", right=True),
        ]
        blocks.append(table(edition, "profil", say("Survivant(e)s des cas déclarés"), columns, rows, [say(CAVEAT)]))
    if edition.period.kind != "month":
        crossed = _age_and_sex(edition)
        blocks += crossed
        if not crossed:
            absent["Âge et sexe croisés"] = []
    return Shown(*blocks, *_not_told(edition, absent))


def _age_and_sex(edition: Edition) -> list[Block]:
    """Women, men, girls and boys where recorders gave every case; elsewhere n.d., and why. Nothing where nothing is printed."""
    ages = tuple(code_list("majority"))
    cells = {s: [edition.number(key(INCIDENTS, {"sex": s, "majority": a})) for a in ages] for s in code_list("sex")}
    every = [n for some in cells.values() for n in some]
    if every[0].status == "not_received":
        why = " ; les tableaux mensuels des organisations ne les croisent pas, seuls les enregistreurs d’incidents le permettent."
        return [paragraph(soft(say("Âge et sexe croisés : ", every[0], why)))]
    if not any(n.is_shown for n in every):
        return []
    rows = [
        row(say(UNANSWERED_LABEL) if s == UNANSWERED else named("sex", s), *some, edition.number(_of("sex", s)))
        for s, some in cells.items()
        if any(n.value != "0" for n in some)
    ]
    whole = [edition.number(_of("majority", a)) for a in ages]
    rows.append(row("Ensemble", *whole, edition.number(INCIDENTS), kind="total"))
    heads = ("Moins de dix-huit ans", "Dix-huit ans et plus", UNANSWERED_LABEL)
    columns = [
        column("Sexe", "#affected+label"),
        *(column(head, f"#affected+{age}", right=True) for head, age in zip(heads, ages, strict=True)),
        column("Ensemble", "#affected+incidents", right=True),
    ]
    what = say("Survivant(e)s par sexe et âge à l’incident")
    behind = table(edition, "age_sexe", what, columns, rows, [say(CAVEAT)], numbered=False)
    people = [(label("person", who), cells[s][ages.index(a)], None) for who, (s, a) in PEOPLE.items()]
    most = max((n for n in people if n[1].is_shown), key=lambda line: int(line[1].value), default=None)
    title = say(f"{most[0]} : ", counted(most[1], "cas", "cas")) if most else what
    subtitle = say(f"Cas par sexe et âge à l’incident, {edition.period.name()}")
    return bar_figure(edition, "age_sexe", people, title, subtitle, [say(CAVEAT)], behind).blocks


Absent = dict[str, list[SafeNumber]]  # what a page does not tell -> the numbers that it would have told


def _tells_nothing(lines: list[tuple[str, SafeNumber]]) -> bool:
    """Whether a breakdown has no printed answer: the number of those who did not answer says nothing alone."""
    answered = [n for code, n in lines if code != UNANSWERED]
    return not any(n.is_shown for n in answered or [n for _, n in lines])


def _not_told(edition: Edition, absent: Absent) -> list[Block]:
    """One sentence for what was not received, one for what is not printed; not a table of n.d. or n.p."""
    gone = [what for what, numbers in absent.items() if numbers and all(n.status == "not_received" for n in numbers)]
    kept = [what for what in absent if what not in gone]
    blocks: list[Block] = []
    if gone:
        blocks.append(
            paragraph(soft(say(f"{_listed(gone)} : n.d., aucune organisation n’en a donné {_in(edition.period)}.")))
        )
    if kept:
        blocks.append(too_few(edition, _listed(kept)))
    return blocks


def _listed(parts: list[str]) -> str:
    """« A, b et c »."""
    parts = [parts[0], *(part[0].lower() + part[1:] for part in parts[1:])]
    return ", ".join(parts[:-1]) + (" et " if len(parts) > 1 else "") + parts[-1]


def table_of_gbv_contexts(edition: Edition) -> Shown:
    """Contexts are derived and overlap: each is a share of the cases, they are never summed."""
    notes = [say("Plusieurs contextes peuvent s’appliquer à un cas, ou aucun : ils ne s’additionnent pas.")]
    found = _breakdown(
        edition, "context", "gbv_context", "Contextes des cas déclarés", "contextes", notes=notes, label_="Contexte"
    )
    return (
        Shown(found)
        if found
        else Shown(*_not_told(edition, {"Contextes": _numbers(edition, "context", "gbv_context")}))
    )


def _window(edition: Edition, rapes: SafeNumber) -> Block:
    """Rapes declared within three days and later, in a sentence: what stands in for a delay that is not printed."""
    in_time, later = (edition.number(_of("window", w, RAPES)) for w in ("in_time", "later"))
    if not (in_time.is_shown and later.is_shown):
        return paragraph(say("Viols déclarés : ", rapes, "."))
    return paragraph(
        say(
            strong(say(in_time, " des ", counted(rapes, "viol", "viols"))),
            " ont été déclarés dans les trois jours, la fenêtre de la contraception d’urgence et de la prophylaxie contre le VIH ; ",
            later,
            " plus tard. ",
            CAVEAT,
        )
    )


def figure_of_gbv_delays(edition: Edition) -> Shown:
    """Rapes by delay of report against the window of three days, and whether health care was reached."""
    rapes = edition.number(RAPES)
    in_time, care = (
        edition.number(_of("delay", "days_0_3", RAPES)),
        edition.number("gbv_rapes_with_health.delay=days_0_3"),
    )
    general = _breakdown(edition, "delay", "delay", "Cas par délai de déclaration", "delais", label_="Délai")
    absent: Absent = {} if general else {"Cas par délai de déclaration": _numbers(edition, "delay", "delay")}
    blocks: list[Block] = [general] if general else []
    if not in_time.is_shown:
        absent["Viols par délai de déclaration"] = _numbers(edition, "delay", "delay", RAPES)
        if rapes.is_shown:
            blocks.append(_window(edition, rapes))
        return Shown(*blocks, *_not_told(edition, absent))
    part, reached = (
        edition.number(_share("delay", "days_0_3", RAPES)),
        edition.number("gbv_rapes_with_health_share_pct.delay=days_0_3"),
    )
    title = say(
        in_time,
        " des ",
        counted(rapes, "viol", "viols"),
        " sont déclarés dans les trois jours",
        *((" (", part, ")") if part.is_shown else ()),
    )
    lines = [
        (c, edition.number(_of("delay", c, RAPES)), edition.number(_of("delay", c, "gbv_rapes_with_health")))
        for c in code_list("delay")
    ]
    lines = [line for line in lines if not (line[0] == UNANSWERED and line[1].value == "0")]
    rows = [row(say(UNANSWERED_LABEL) if c == UNANSWERED else named("delay", c), n, h) for c, n, h in lines]
    columns = [
        column("Délai", "#indicator+delay"),
        column("Viols", "#affected+incidents", right=True),
        column("Avec santé", "#service+health", right=True),
    ]
    behind = table(
        edition,
        "viols_delais",
        say("Viols par délai, et ceux pris en charge ou référés en santé"),
        columns,
        rows,
        numbered=False,
    )
    notes = [say("Trois jours : la fenêtre de la contraception d’urgence et de la prophylaxie contre le VIH. ")]
    if care.is_shown:
        notes[0] += say(
            "Parmi ceux déclarés à temps, pris en charge ou référés en santé : ",
            care,
            *((" (", reached, ")") if reached.is_shown else ()),
            ". ",
        )
    notes[0] += say(CAVEAT)
    bars = [(UNANSWERED_LABEL if c == UNANSWERED else spelled("delay", c), n, None) for c, n, _ in lines]
    made = bar_figure(
        edition,
        "viols_delais",
        bars,
        title,
        say(f"Viols par délai entre l’incident et sa déclaration, {edition.period.name()}"),
        notes,
        behind,
    )
    return Shown(*blocks, *_not_told(edition, absent), *made.blocks)


RESULTS = {"obtained": "Référés ou fournis", "declined": "Déclinés", "unavailable": "Indisponibles"}
SPLIT = {"referred": "dont référés", "provided": "dont fournis"}


def figure_of_gbv_services(edition: Edition) -> Shown:
    """The referral cascade by sector: needed, then referred or provided, declined, unavailable.

    The year tells what was referred from what was provided; the quarter, where few organisations provide, does not.
    """
    sectors = tuple(code_list("service"))
    needs = {s: edition.number(_of("service", s, NEEDS)) for s in sectors}
    if all(n.status == "not_received" for n in needs.values()):
        return Shown(nothing_received(edition, "Besoins de service"))
    if not any(n.is_shown for n in needs.values()):
        return Shown(too_few(edition, "Besoins de service"))
    gap = {s: edition.number(_of("service", s, "gbv_service_gap_pct")) for s in sectors}
    became = _became(edition, "result", tuple(RESULTS))
    split = _became(edition, "outcome", tuple(SPLIT))
    rows = [
        row(label("service", s), n, *_in_order(became[s], split[s]), gap[s] if gap[s].is_shown else "")
        for s, n in needs.items()
    ]
    heads = _in_order(list(RESULTS.items()) if became["health"] else [], list(SPLIT.items()) if split["health"] else [])
    columns = [
        column("Secteur", "#service+type"),
        column("Besoins", "#service+needed", right=True),
        *(column(head, f"#service+{code}", right=True) for code, head in heads),
        column("Manque", "#indicator+pct", right=True),
    ]
    notes = [
        say(
            "Besoin = référé + fourni par l’organisation + décliné + indisponible. Décliné : le choix de la personne, jamais un manque. "
            "Manque = indisponible / besoin. " + CAVEAT
        )
    ]
    what = say("Besoins de service et suites, par secteur")
    behind = table(edition, "services", what, columns, rows, notes)
    bars = [(label("service", s), n, became[s]) for s, n in needs.items() if n.is_shown]
    worst = max((n for n in gap.items() if n[1].is_shown), key=lambda line: int(line[1].value), default=None)
    title = say(f"{label('service', worst[0])} : ", worst[1], " des besoins restent sans service") if worst else what
    said = list(RESULTS.values()) if became["health"] else []
    drawn = theme.both_widths(
        lambda width, size: draw_parts("services", bars, said, (0, 2, 3)[: len(said)], width, size)
    )
    alt = [
        say(
            text,
            ", besoins ",
            n,
            *(run for h, part in zip(said, some, strict=True) for run in say(f", {h.lower()} ", part)),
        )
        for text, n, some in bars
    ]
    subtitle = say(f"Besoins de service et ce qu’ils sont devenus, {edition.period.name()}")
    alt_text = say("Barres : ", joined(alt, last=" ; "), ".")
    return Shown(figure(edition, "cascade", title, subtitle, drawn, alt_text, [say(CAVEAT)], None), behind)


def _became(edition: Edition, dimension: str, codes: tuple[str, ...]) -> dict[str, list[SafeNumber]]:
    """What the needs of each sector became; nothing where no number of it is printed."""
    found = {s: [edition.number(key(NEEDS, {"service": s, dimension: c})) for c in codes] for s in code_list("service")}
    return found if any(n.is_shown for some in found.values() for n in some) else dict.fromkeys(found, [])


def _in_order(became: list, split: list) -> list:
    """Referred or provided, then how much of each, then the others."""
    return [*became[:1], *split, *became[1:]]


Named = tuple[str, str]  # what a place is called, and its code


def table_of_gbv_regions(edition: Edition) -> Shown:
    """Regions: totals, with sexual violence and other types where they are printed; for the year, the types.

    Where these are not printed by region, they may be by zone: coarser, and declared with them. An edition of one region
    has said it all already.
    """
    if len(edition.area.regions) == 1:
        return Shown()
    regions = [(region.labels[edition.lang], str(region.place)) for region in edition.area.regions]
    regions = [line for line in regions if edition.number(INCIDENTS, line[1]).status != "not_received"]
    if not regions:
        return Shown(nothing_received(edition, "Régions"))
    zones = _zones(edition) if edition.area.is_country else []
    total = ("Pays" if edition.area.is_country else "Ensemble", edition.area.code)
    blocks: list[Block] = []
    is_by_zone = not _has_classes(edition, regions) and any(edition.has(INCIDENTS, place) for _, place in zones)
    if any(edition.has(INCIDENTS, place) for _, place in regions):
        note = say("Une région sans organisation qui déclare n’a pas de ligne. " + CAVEAT)
        at = " : tableau suivant" if is_by_zone and _has_classes(edition, zones) else ""
        blocks.append(_by_place(edition, "regions", "Région", "par région", regions, total, [note], at))
    else:
        blocks.append(too_few(edition, "Cas par région"))
    if is_by_zone:
        notes = [say(" ".join([*_made_of(edition), CAVEAT]))]
        blocks.append(_by_place(edition, "zones", "Zone", "par zone", zones, None, notes))
    if edition.period.kind == "year":
        blocks.append(_types_by_place(edition, regions, zones))
    return Shown(*blocks)


def _areas(edition: Edition) -> list[places.Area]:
    """The zones of the country, in the order of `places.yml`."""
    return [area for area in places.areas(edition.folder).values() if not area.is_country]


def _made_of(edition: Edition) -> list[str]:
    """« Zone de Gao : régions de Gao et de Ménaka. »"""
    several = [(a.labels[edition.lang], a.details[edition.lang]) for a in _areas(edition) if len(a.regions) > 1]
    return [f"{name} : {detail[0].lower()}{detail[1:]}." for name, detail in several]


def _zones(edition: Edition) -> list[Named]:
    zones = [(area.labels[edition.lang], area.code) for area in _areas(edition)]
    return [line for line in zones if edition.number(INCIDENTS, line[1]).status != "not_received"]


def _has_classes(edition: Edition, some: list[Named]) -> bool:
    """Whether sexual violence is told from the other types in one of these places."""
    return any(edition.has(_of("violence_class", c), place) for c in CLASSES for _, place in some)


def _by_place(
    edition: Edition,
    name: str,
    head: str,
    by: str,
    some: list[Named],
    whole: Named | None,
    notes: list[Runs],
    instead: str = "",
) -> Block:
    """Totals of places, with sexual violence and other types where they are printed; `instead`: where else they are."""
    with_classes = _has_classes(edition, some)

    def line(text: str, place: str, kind: str = "body") -> dict:
        classes = (edition.number(_of("violence_class", c), place) for c in CLASSES)
        return row(text, edition.number(INCIDENTS, place), *(classes if with_classes else ()), kind=kind)

    rows = [line(*one) for one in some] + ([line(*whole, kind="total")] if whole else [])
    columns = [column(head, "#adm1+name"), column("Cas déclarés", "#affected+incidents", right=True)]
    if with_classes:
        columns.append(column("Violence sexuelle", "#affected+sexual", right=True))
        columns.append(column("Autres types", "#affected+other", right=True))
    else:
        where = f"par zone{instead}" if instead else f"non publiés {by} pour cette période"
        notes = [say(f"Violence sexuelle et autres types : {where}."), *notes]
    return table(edition, name, say(f"Cas déclarés {by}, {edition.period.name()}"), columns, rows, notes)


def _types_by_place(edition: Edition, regions: list[Named], zones: list[Named]) -> Block:
    """Types by region (year), or by zone; neither where too much of the table would be hidden."""
    for head, by, some in (("Région", "région", regions), ("Zone", "zone", zones)):
        found = {place: [edition.number(_of("gbv_type", c), place) for c in HEADS] for _, place in some}
        if any(n.is_shown for numbers in found.values() for n in numbers):
            rows = [row(name, *found[place]) for name, place in some]
            columns = [
                column(head, "#adm1+name"),
                *(column(type_, "#affected+incidents", right=True) for type_ in HEADS.values()),
            ]
            title = say(f"Types de VBG par {by}, {edition.period.name()}")
            return table(edition, "types_par_region", title, columns, rows, [say(CAVEAT)])
    return too_few(edition, "Types par région")


def tables_of_gbv_year(edition: Edition) -> Shown:
    """What only a year can show: vulnerable groups, time, place, perpetrators, first contact, services provided."""
    blocks: list[Block] = []
    overlapping = [say("Plusieurs réponses possibles : les lignes ne s’additionnent pas.")]
    absent: Absent = {}
    for dimension, codes, title, name, stem, notes in (
        ("vulnerability", "gbv_vulnerability", "Groupes vulnérables", "vulnerables", INCIDENTS, overlapping),
        ("time_of_day", "time_of_day", "Moment de la journée", "moments", INCIDENTS, []),
        ("place_type", "incident_place_counted", "Type de lieu", "lieux", INCIDENTS, []),
        ("perpetrator_number", "perpetrator_number", "Nombre d’auteurs principaux", "auteurs_nombre", INCIDENTS, []),
        ("perpetrator_relationship", "perpetrator_relationship", "Lien avec l’auteur", "auteurs_lien", INCIDENTS, overlapping),
        ("perpetrator_age", "perpetrator_age", "Âge de l’auteur", "auteurs_age", INCIDENTS, overlapping),
        ("perpetrator_occupation", "perpetrator_occupation", "Profession de l’auteur", "auteurs_profession", INCIDENTS, overlapping),
        ("referred_from", "referral_source", "Comment les cas sont arrivés", "arrives_par", "gbv_referred_in", overlapping),
        ("service", "service", "Services fournis par les organisations", "services_fournis", "gbv_services_provided", overlapping),
    ):  # fmt: skip
        if stem == "gbv_services_provided" and any(_became(edition, "outcome", tuple(SPLIT)).values()):
            continue  # they stand among what needs became
        found = _breakdown(edition, dimension, codes, title, name, stem=stem, notes=notes, label_=title)
        if found:
            blocks.append(found)
        else:
            absent[title] = _numbers(edition, dimension, codes, stem)
    prior, first = edition.number("gbv_prior_violence"), edition.number("gbv_first_contacts")
    blocks.insert(
        0,
        paragraph(
            say(
                "Survivant(e)s ayant déjà subi une VBG : ",
                prior,
                " ; cas dont l’organisation est le premier contact : ",
                first,
                "." if first.is_shown else "",
            )
        ),
    )
    return Shown(*blocks, *_not_told(edition, absent))


# --- beside what others published ----------------------------------------------------------------------------------------


def table_of_gbv_years(edition: Edition) -> Shown:
    """The years received beside each other, and the totals that others printed, with their source."""
    years = sorted({p for p in edition.periods(INCIDENTS) if len(p) == 4 and p <= str(edition.period)})
    sexual = (_of("violence_class", "sexual"), _share("violence_class", "sexual"))
    rows = [
        row(
            year,
            edition.number(INCIDENTS, period=year),
            *(edition.number(k, period=year) for k in sexual),
            edition.number(ORGANISATIONS, "mali", year),
        )
        for year in years
    ]
    columns = [
        column("Année", "#date+year"),
        column("Cas déclarés", "#affected+incidents", right=True),
        column("Violence sexuelle", "#affected+sexual", right=True),
        column("Part", "#indicator+pct", right=True),
        column(_reporters_of(edition), "#org+num", right=True),
    ]
    advice = "D’une année à l’autre, le nombre d’organisations et les localités couvertes changent : une hausse n’est pas une hausse des violences. "
    blocks: list[Block] = [table(edition, "annees", say("Années reçues"), columns, rows, [say(advice + CAVEAT)])]
    if edition.area.is_country:
        blocks += _published(edition)
    return Shown(*blocks)


def _month(day_: str) -> str:
    """A day as the ids of published figures name its month: `201612`."""
    return day_[:7].replace("-", "")


def _published(edition: Edition) -> list[Block]:
    lines = []
    sums = {}
    for name, start, end, said in PUBLISHED:
        n = edition.number(f"printed.{name}-{_month(start)}-{_month(end)}", "mali", f"{start}/{end}")
        if n.is_shown and end <= edition.period.end.isoformat():
            sums[start, end] = n
            source = n.caveat.removeprefix("Tel qu’imprimé : ")
            lines.append(row(said, n, [const(f"caveat:{n.address}", source)]))
    for name, period, said in COVERAGE:
        n = edition.number(f"printed.{name}", "mali", period)
        if n.is_shown and period.startswith(str(edition.period)):
            lines.append(row(said, n, [const(f"caveat:{n.address}", n.caveat.removeprefix("Tel qu’imprimé : "))]))
    if not lines:
        return []
    columns = [
        column("Chiffre publié", "#indicator"),
        column("Cas ou part", "#affected+incidents", right=True),
        column("Source", "#meta+source"),
    ]
    notes = [say("Chiffres imprimés par d’autres, repris tels quels.")]
    parts = [
        sums.get(("2012-01-01", "2016-12-31")),
        sums.get(("2017-01-01", "2017-12-31")),
        sums.get(("2012-01-01", "2017-12-31")),
    ]
    if all(parts):
        notes.append(say("Ils s’accordent : ", parts[0], " + ", parts[1], " = ", parts[2], "."))
    blocks: list[Block] = [table(edition, "publies", say("Ce qui a été publié"), columns, lines, notes)]
    if str(edition.period) == "2016":
        blocks += _beside_the_strategy(edition)
    return blocks


def _beside_the_strategy(edition: Edition) -> list[Block]:
    """The shares that the strategy of 2017 prints for 2016, beside those of the rows: its inconsistency is not mended."""
    rows = []
    for name, said, dimension, code in OF_2016:
        printed = edition.number(name, "mali", "2016-01-01/2016-12-31")
        if printed.is_shown:
            rows.append(row(said, printed, edition.number(_share(dimension, code))))
    if not rows:
        return []
    columns = [
        column("Part des cas de 2016", "#indicator"),
        column("Stratégie de 2017", "#indicator+pct+printed", right=True),
        column("Données reçues", "#indicator+pct", right=True),
    ]
    notes = [
        say(
            "La Stratégie imprime une part de violence sexuelle plus petite que la somme de ses deux parts (viol, agression sexuelle) ; "
            "aucun arrondi ne l’explique. Les deux sont données telles quelles."
        )
    ]
    return [
        table(
            edition,
            "strategie",
            say("Les parts de 2016, telles que publiées et telles que reçues"),
            columns,
            rows,
            notes,
        )
    ]


def method_of_gbv(edition: Edition) -> Shown:
    """Counting rules, coverage, protection, definitions, version."""
    contact = edition.contact()
    rules = [
        say(strong("Ce qui est compté. "), "Les cas déclarés avec consentement éclairé au partage, au mois de leur déclaration. Un cas est un(e) survivant(e) et un incident."),
        say(strong("Ce qui ne l’est pas. "), "Les cas déjà déclarés à une autre organisation du GBVIMS, partout de la même manière ; ce que la classification dit n’être pas une VBG ; les cas sans consentement, que personne ne transmet."),
        say(strong("Types. "), "Un seul par cas : viol, agression sexuelle, agression physique, mariage forcé, déni de ressources, violences psychologiques ; le premier oui. Violence sexuelle = viol + agression sexuelle."),
        say(strong("Sans réponse. "), "Une question sans réponse est montrée à part, jamais répartie sur les autres ; une organisation qui ne peut pas donner une statistique y compte pour sans réponse."),
        say(strong("Périodes. "), "Un trimestre est la somme de ses mois tels que révisés, une année celle de ses trimestres, dans la même version des données. Un trimestre ou une année dont un mois n’a pas été reçu n’est pas donné."),
        say(strong("Protection. "), "Un petit nombre, un nombre venu de trop peu d’organisations, et tout ce qui permettrait de les calculer, ne sont pas publiés (n.p.), d’un tableau, d’une région ou d’une période à l’autre. Le mois est national ; les auteurs, contextes, états matrimoniaux et handicaps aussi. Aucune organisation n’est nommée."),
        say(strong("Couverture. "), "La part des localités couvertes n’est pas dans les données reçues ; le sous-cluster VBG la publie avec son bulletin annuel."),
    ]  # fmt: skip
    address = say(
        f"{contact['name']} : ",
        {"t": "link", "href": f"mailto:{contact['email']}", "runs": say(contact["email"])},
        ". Toute demande d’utilisation dit qui, pourquoi, quoi, et jusqu’à quand.",
    )
    version = paragraph(
        warn(say("Données d’exemple, synthétiques : aucune personne ni aucun événement n’y est décrit. "))
        if edition.is_example
        else [],
        soft(
            say(
                f"Version des données : {edition.version}. Chaque nombre de la page est enregistré, avec sa clé, dans numbers.csv."
            )
        ),
    )
    if edition.period.kind == "month":  # one or two pages: the quarter and the year say the rest
        kept = (rules[0], rules[1], rules[3], rules[5])
        return Shown(bullet_list(kept), paragraph(address), version)
    return Shown(
        bullet_list(rules),
        heading("Contacts", 3),
        paragraph(address),
        heading("Données et version", 3),
        sources_of(
            edition, only=RECEIVED | (PRINTED if edition.period.kind == "year" and edition.area.is_country else set())
        ),
        version,
    )
