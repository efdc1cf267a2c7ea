"""The words of the data-quality report: numbers and months as they are read, the verdict, and what to ask of whom."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..formats import NARROW_SPACE, display
from ..periods import MONTHS_FR, Period, day_name
from ..sources.quality_facts import (
    BEFORE,
    DELAYS,
    EMPTIED,
    HARDLY,
    LATE_DAYS,
    USUAL_ROWS,
    Change,
    Partial,
    Quality,
    Refused,
)

LISTED = 6  # names or months in one sentence
NUMBERS = 50  # numbers of rows shown for a rule
_BEFORE = re.compile(r" (?=[;:!?%»])")
_AFTER = re.compile(r"(?<=«) ")
_DAY = re.compile(rf"\b(\d\d?|1er) (?={'|'.join(MONTHS_FR)})")
PLURALS = {"partner": "partenaires", "région": "régions", "cercle": "cercles", "commune": "communes", "lieu": "lieux"}
SINGULARS = {"partner": "partenaire"}


@dataclass(frozen=True)
class Task:
    """One thing to do: what, why, who is asked or does it (« Auprès de : ORG-01 »), and the section that shows it."""

    what: str
    why: str
    whom: str
    section: str


def typography(text: str) -> str:
    """Narrow no-break spaces where French wants them, a day that stays with its month, the curly apostrophe."""
    spaced = _AFTER.sub(NARROW_SPACE, _BEFORE.sub(NARROW_SPACE, text)).replace("'", "’")
    return _DAY.sub("\\1\u00a0", spaced)


def number(value: int) -> str:
    """« 1 516 »."""
    return display(str(value), "count", "verified")


def some(count: int, one: str, many: str) -> str:
    """« 1 ligne », « 1 516 lignes »."""
    return f"{number(count)}\u00a0{one if count < 2 else many}"


def rows(count: int) -> str:
    """« 3 lignes »."""
    return some(count, "ligne", "lignes")


def percent(part: float, whole: float) -> str:
    """A whole percent; « moins de 1 % » rather than a zero that is none, « 99 % » rather than a whole that is none."""
    if not whole:
        return "0 %"
    share = 100 * part / whole
    if 0 < share < 1:
        return "moins de 1 %"
    return f"{99 if 99 < share < 100 else round(share)} %"


def filled_percent(part: int, whole: int) -> str:
    """How much is filled in, in whole percents: 100 only when nothing is blank, 0 only when all is."""
    return "<1" if 0 < 100 * part < whole else str(100 * part // max(1, whole))


def joined(parts: Sequence[str], last: str = " et ") -> str:
    """« a, b et c »."""
    return last.join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def first_of(parts: Sequence[str], shown: int = LISTED) -> str:
    """« a, b et c », or the first ones « et 4 autres »."""
    if len(parts) <= shown + 1:
        return joined(parts)
    return f"{', '.join(parts[:shown])} et {len(parts) - shown} autres"


def of(word: str) -> str:
    """« de juin », « d’août »."""
    return f"d’{word}" if word[:1].lower() in "aeiouyéèêàâîôû" else f"de {word}"


def spans(periods: Iterable[Period]) -> str:
    """« janvier à mars 2017, juin 2017 »: periods that follow each other as one span."""
    ordered = sorted(set(periods))
    runs = []
    for _, run in groupby(enumerate(ordered), lambda one: (one[1].months, one[1].shift(-one[0]))):
        inside = [p for _, p in run]
        first, last = inside[0], inside[-1]
        if first == last:
            runs.append(first.name())
        else:
            start = first.name().removesuffix(f" {first.year}") if first.year == last.year else first.name()
            runs.append(f"{start} {'et' if len(inside) == 2 else 'à'} {last.name()}")
    return first_of(runs)


def counted(several: Mapping[str, int]) -> str:
    """« ORG-01 (7), ORG-02 (5) »."""
    return first_of([f"{name} ({number(count)})" for name, count in several.items()])


def numbers(found: Sequence[int], count: int) -> str:
    """Numbers of rows as Excel shows them: the first ones « et 12 autres »."""
    shown = ", ".join(map(str, found[:NUMBERS]))
    left = count - len(found[:NUMBERS])
    return f"{shown} et {some(left, 'autre', 'autres')}" if left else shown


def rule(one: Refused) -> str:
    """« colonne victimes/femmes : valeur refusée », with the file when there are several."""
    return one.fault.words


def units(what: str, count: int) -> str:
    """« 2 partenaires », « 1 cercle »."""
    return some(count, SINGULARS.get(what, what), PLURALS[what])


def partial(one: Partial, what: str) -> str:
    """Why a month is not whole: « 2 partenaires, 3 d’habitude »."""
    if one.is_open:
        return "pas encore fini à la réception"
    if one.rows and not one.rows[0]:
        return "aucune ligne"
    why = []
    if one.units:
        why.append(f"{units(what, one.units[0])}, {number(one.units[1])} d’habitude")
    if one.rows:
        why.append(f"{rows(one.rows[0])}, {number(one.rows[1])} d’habitude")
    return " ; ".join(why)


def has_lost(q: Quality) -> bool:
    """Whether the red banner stands."""
    return q.comparison is not None and q.comparison.is_history_lost


def loss(q: Quality) -> str:
    """What history was lost: « 2 mois entiers manquent (mars et avril 2017) : 31 lignes sur les 412 reçues le … »."""
    c = q.comparison
    assert c is not None
    went = f"{rows(c.missing)} sur les {number(c.total.before)} reçues le {day_name(c.received)}"
    if not c.lost:
        return f"{went} {'n’y est' if c.missing == 1 else 'n’y sont'} plus."
    periods = [p.period for p in c.lost if p.period]
    words = ("mois entier", "mois entiers") if periods[0].months == 1 else ("période entière", "périodes entières")
    return f"{some(len(periods), *words)} {'manque' if len(periods) == 1 else 'manquent'} ({spans(periods)}) : {went}."


def verdict(q: Quality) -> str:
    """The report in a sentence or two."""
    c = q.comparison
    if has_lost(q):
        return "Ce dépôt a perdu de l’historique : n’en faites aucun bulletin avant la réponse de l’expéditeur."
    refused, entered = q.balance.refused_rows, q.balance.read - q.balance.refused_rows
    if refused:
        said = f"{number(entered)} des {rows(q.balance.read)} se lisent ; {some(refused, 'ligne est', 'lignes sont')} à faire corriger."
    else:
        said = "Toutes les lignes se lisent, aucune n’est refusée."
    if c is None:
        if q.is_before_unreadable:
            return f"{said} Le dépôt précédent ne se relit plus."
        first = (
            "Aucun dépôt précédent ne parle des mêmes mois." if q.before else "C’est le premier dépôt de cette série."
        )
        return f"{said} {first}"
    day = day_name(c.received)
    if c.missing:
        return f"{said} {some(c.missing, 'ligne reçue', 'lignes reçues')} le {day} {'a' if c.missing == 1 else 'ont'} disparu."
    if c.total.vanished:
        return f"{said} {some(c.total.vanished, 'ligne', 'lignes')} du {day} ne s’y {'trouve' if c.total.vanished == 1 else 'trouvent'} plus à l’identique, mais autant de nouvelles les remplacent."
    return f"{said} Rien de ce qui avait été reçu le {day} n’a disparu."


def hardly_filled(q: Quality) -> list[tuple[str, str]]:
    """Columns of which most cells are blank, or that have emptied in the last whole month: (column, what is seen)."""
    out, filled = [], q.filled
    over = [i for i, p in enumerate(filled.periods) if p and p.end < q.snapshot.received]
    for c, name in enumerate(filled.columns):
        if name in filled.choices or not sum(filled.rows):
            continue
        everywhere = filled.sums(c)
        if filled.share(c) < HARDLY:
            out.append((name, f"remplie à {filled_percent(*everywhere)} %" if everywhere[0] else "vide"))
        elif len(over) > BEFORE and filled.rows[over[-1]] >= USUAL_ROWS:
            last, rest, period = over[-1], over[:-1], filled.periods[over[-1]]
            if filled.share(c, *rest) - filled.share(c, last) > EMPTIED and period:
                before = filled_percent(*filled.sums(c, *rest))
                out.append((name, f"{filled_percent(*filled.sums(c, last))} % en {period.name()}, {before} % avant"))
    return out


def moved(changes: Sequence[Change]) -> str:
    """« mai 2017 (13), avril 2017 (3) »: new rows per month, the last month first."""
    late = [c for c in reversed(changes) if c.new and c.period]
    return first_of([f"{c.period.name()} ({number(c.new)})" for c in late if c.period])


def _ask(who: str) -> str:
    return f"Auprès de : {who}"


def todo(q: Quality, *, trial: bool = False) -> list[Task]:
    """What the officer should ask, of whom; the gravest first."""
    sender = _ask(q.snapshot.producer)
    return [*_lost(q, sender, trial), *_refused(q, sender), *_reports(q, sender), *_late_rows(q), *_blanks(q, sender)]


def _lost(q: Quality, sender: str, trial: bool) -> list[Task]:
    out, c = [], q.comparison
    if c is None:
        if q.is_before_unreadable and q.before:
            what = f"Remettre en état le dépôt du {day_name(q.before)}."
            out.append(
                Task(
                    what,
                    "Il ne se relit plus : rien ne dit si ce fichier a perdu des lignes.",
                    "Par vous",
                    "comparaison",
                )
            )
        return out
    day = day_name(c.received)
    if c.is_history_lost:
        out.append(Task("Réclamer un export complet.", loss(q), sender, "comparaison"))
        if trial:
            out.append(Task("Ne pas déposer ce fichier en attendant.", "", "Par vous", "comparaison"))
        else:
            why = "Le plus récent remplace les autres dans tous les bulletins : sortez-le de data/raw."
            out.append(Task("Mettre ce dépôt de côté en attendant.", why, "Par vous", "comparaison"))
    elif c.missing:
        why = f"Elles étaient dans le dépôt du {day} : supprimées exprès, ou perdues ?"
        out.append(
            Task(f"Demander pourquoi {some(c.missing, 'ligne a', 'lignes ont')} disparu.", why, sender, "comparaison")
        )
    if c.gone:
        why = f"Il n’en reste aucune ligne ; le dépôt du {day} en avait."
        out.append(Task(f"Demander ce que sont devenues les lignes de {first_of(c.gone)}.", why, sender, "comparaison"))
    return out


def _refused(q: Quality, sender: str) -> list[Task]:
    out = []
    for kind, faults, section in (("corriger", q.refused, "refus"), ("préciser", q.aside, "refus")):
        for one in faults[:LISTED]:
            what = rows(one.fault.count) if kind == "corriger" else some(one.fault.count, "case", "cases")
            why = f"{rule(one)[:1].upper()}{rule(one)[1:]}. {one.fault.expected}".strip()
            if kind == "préciser":
                why += " La ligne compte, la case reste vide."
            out.append(
                Task(f"Faire {kind} {what}.", why, _ask(counted(one.partners)) if one.partners else sender, section)
            )
        if len(faults) > LISTED:
            left = len(faults) - LISTED
            out.append(Task(f"Et {some(left, 'autre règle', 'autres règles')} à faire {kind}.", "", sender, section))
    return out


def _reports(q: Quality, sender: str) -> list[Task]:
    out, c = [], q.coverage
    if c and c.late and c.judged:
        kind = "mois" if c.judged.months == 1 else "périodes"
        why = f"Rien pour {c.judged.name()}, mais quelque chose dans les trois {kind} d’avant."
        who = units(c.what, len(c.late))
        if c.what == "partner":
            out.append(Task(f"Relancer {who} en retard.", why, _ask(first_of(c.late, 10)), "couverture"))
        else:
            out.append(Task(f"Faire compléter {who} : {first_of(c.late, 10)}.", why, sender, "couverture"))
    late = [p.name for p in q.peers if p.is_late]
    if late:
        why = "Leur dernier fichier s’arrête avant celui-ci."
        out.append(
            Task(
                f"Relancer {some(len(late), 'partenaire', 'partenaires')} en retard.",
                why,
                _ask(first_of(late, 10)),
                "couverture",
            )
        )
    if c and (several := [p for p in reversed(c.partial) if not p.is_open]):
        said = [f"{p.period.name()} ({partial(p, c.what)})" for p in several]
        one = len(said) == 1
        out.append(
            Task(
                "Présenter ce mois comme partiel." if one else "Présenter ces mois comme partiels.",
                f"{first_of(said, 4)[:1].upper()}{first_of(said, 4)[1:]}.",
                "Par vous, dans le bulletin",
                "couverture",
            )
        )
    return out


def _late_rows(q: Quality) -> list[Task]:
    out, c = [], q.comparison
    closed = [p for p in c.closed() if p.new] if c and not has_lost(q) else []
    if c and closed:
        new = sum(p.new for p in closed)
        why = f"{some(new, 'nouvelle ligne porte', 'nouvelles lignes portent')} sur des mois déjà finis le {day_name(c.received)} : {moved(closed)}."
        out.append(Task("Décider si les bulletins déjà parus sont révisés.", why, "Avec la coordination", "tard"))
    if q.flash and q.flash.overdue:
        why = f"Envoyées il y a plus de {LATE_DAYS} jours, sans rapport documenté depuis."
        what = f"Faire documenter {some(q.flash.overdue, 'alerte flash', 'alertes flash')}."
        out.append(Task(what, why, _ask(counted(q.flash.overdue_by) or q.snapshot.producer), "doublons"))
    return out


def _blanks(q: Quality, sender: str) -> list[Task]:
    found = hardly_filled(q)
    if not found:
        return []
    said = first_of([f"« {name} » ({seen})" for name, seen in found])
    why = f"{said}. Normal si la question ne se pose que dans certains cas."
    one = len(found) == 1
    what = f"Vérifier {some(len(found), 'colonne', 'colonnes')} peu {'remplie' if one else 'remplies'}."
    return [Task(what, why, sender, "remplissage")]


def band(at: int) -> str:
    """« 8 à 30 jours », « plus de 90 jours »."""
    if at == len(DELAYS):
        return f"plus de {DELAYS[-1]} jours"
    return f"{DELAYS[at - 1] + 1 if at else 0} à {DELAYS[at]} jours"
