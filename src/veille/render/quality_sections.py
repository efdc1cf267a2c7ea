"""The sections of the data-quality report, as markup. Every text is escaped in `esc`; nothing else writes markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby

from ..periods import Period, day_name
from ..places import fold
from ..sources.quality_facts import (
    ADMITTED,
    ALIAS,
    BEFORE,
    CODE,
    DELAYS,
    EXACT,
    FOLDED,
    LATE_DAYS,
    LOST_SHARE,
    MONTHS,
    PARTIAL_ROWS,
    PARTIAL_UNITS,
    Change,
    Comparison,
    Coverage,
    Filled,
    Quality,
    Refused,
    Unit,
)
from .quality_words import (
    PLURALS,
    band,
    filled_percent,
    first_of,
    joined,
    moved,
    number,
    numbers,
    partial,
    percent,
    rows,
    rule,
    some,
    spans,
    typography,
    units,
)

UNITS = 40  # rows of the table of partners
SPELLINGS = 60
OLDEST = 60  # months in the table of all months
# What a blank share looks like besides its number: from 95, 80, 50, 20 % filled on, and below.
_TINTS = (95, 80, 50, 20)
_WAYS = {
    EXACT: "telle quelle",
    FOLDED: "accents, casse, traits d’union",
    ALIAS: "alias du répertoire",
    ADMITTED: "params/aliases.csv",
    CODE: "code",
    "": "hors du répertoire",
}


def esc(text: str) -> str:
    """A text as it stands in the page."""
    return escape(typography(text), quote=True)


def para(text: str, css: str = "") -> str:
    """A paragraph."""
    return f'<p class="{css}">{esc(text)}</p>' if css else f"<p>{esc(text)}</p>"


def _table(
    label: str,
    head: Sequence[str],
    body: Sequence[tuple[str, Sequence[str]]],
    *,
    css: str = "",
    left: Sequence[int] = (),
    total: bool = False,
) -> str:
    """A table whose first column heads its rows; `head` and cells are markup, `left` the columns of words.

    `body` holds (class of the row, cells). It scrolls inside its own frame where a screen is narrower than it is.
    """
    names = [re.sub(r"<[^>]+>", " ", h).strip() for h in head]
    side = ["" if i in left or not i else ' class="r"' for i in range(len(head))]
    lines = []
    for n, (kind, cells) in enumerate(body):
        kind = "total" if total and n == len(body) - 1 else kind
        first = f'<th scope="row">{cells[0]}</th>'
        rest = "".join(
            c if c.startswith("<td") else f'<td data-label="{names[i]}"{side[i]}>{c}</td>'
            for i, c in enumerate(cells[1:], 1)
        )
        lines.append(f"<tr{_class(kind)}>{first}{rest}</tr>")
    tops = "".join(f'<th scope="col"{side[i]}>{h}</th>' for i, h in enumerate(head))
    return (
        f'<div class="tw" role="region" tabindex="0" aria-label="{esc(label)}"><table{_class(css)}>'
        f"<thead><tr>{tops}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""


def _code(column: str) -> str:
    """The name of a column; on a narrow screen it breaks after `_` or `/`."""
    breakable = esc(column).replace("_", "_<wbr>").replace("/", "/<wbr>")
    return f"<code>{breakable}</code>"


def _n(value: int) -> str:
    return number(value) if value else '<span class="soft">0</span>'


# --- rows ---------------------------------------------------------------------------------------------------------


def balance(q: Quality) -> str:
    """Rows read = kept + left out by reason + refused, one line each."""
    b = q.balance
    body = [("", ["Lignes lues", number(b.read)])]
    body += [("", [f"− {esc(reason)}", number(n)]) for reason, n in b.left_out.items() if n]
    body.append(("", ["− refusées par une règle", number(b.refused_rows)]))
    body.append(("", ["= gardées", number(b.kept)]))
    out = sum(b.left_out.values())
    parts = [
        some(b.kept, "gardée", "gardées"),
        some(out, "laissée de côté", "laissées de côté"),
        some(b.refused_rows, "refusée", "refusées"),
    ]
    said = f"{some(b.read, 'lue', 'lues')} = {' + '.join(parts)}."
    noted = "".join(para(f"{some(n, 'gardée', 'gardées')} {esc(what)}.") for what, n in b.noted.items() if n)
    return para(said) + _table("Bilan des lignes", ["Bilan", "Lignes"], body, css="slim sums", total=True) + noted


def faults(q: Quality) -> str:
    """Rows refused and cells set aside, by rule, with the numbers of their rows."""
    out = ""
    if q.refused:
        several = sum(one.fault.count for one in q.refused) > q.balance.refused_rows
        out += para(
            f"{some(q.balance.refused_rows, 'ligne n’entre', 'lignes n’entrent')} pas. Les numéros sont ceux qu’Excel affiche."
            + (" Une ligne qui enfreint deux règles compte dans les deux." if several else "")
        )
        out += _rules("Lignes refusées par règle", q.refused, "Lignes")
    if q.aside:
        out += (
            f"<h3>Cases laissées vides</h3>{para('Leur contenu n’est pas lisible ; la ligne compte, sans cette case.')}"
        )
        out += _rules("Cases laissées vides", q.aside, "Cases")
    return out


def _rules(label: str, faults: Sequence[Refused], unit: str) -> str:
    with_senders = any(one.partners for one in faults)
    head = ["Règle", unit, "Numéros des lignes", *(["Envoyées par"] if with_senders else [])]
    body = [
        (
            "",
            [
                esc(rule(one)),
                number(one.fault.count),
                f'<span class="nums">{esc(numbers(one.fault.rows, one.fault.count))}</span>',
                *([esc(_senders(one))] if with_senders else []),
            ],
        )
        for one in faults
    ]
    return _table(label, head, body, css="cards", left=(2, 3))


def _senders(one: Refused) -> str:
    told = sum(one.partners.values())
    names = first_of([f"{name} ({number(n)})" for name, n in one.partners.items()])
    return f"{names}, pour les {number(told)} premières" if told < one.fault.count and names else names


# --- against the snapshot before ----------------------------------------------------------------------------------

_CHANGES = ("Avant", "Inchangées", "Modifiées", "Disparues", "Refusées", "Nouvelles", "Après")


def comparison(q: Quality) -> str:
    """What became of the rows of the snapshot before, in total and by month."""
    c = q.comparison
    if c is None:
        if q.is_before_unreadable and q.before:
            return para(f"Le dépôt du {day_name(q.before)} ne se relit plus : la comparaison est impossible.")
        return ""
    t = c.total
    told = [(t.same, "inchangée"), (t.changed, "modifiée"), (t.new, "nouvelle"), (t.vanished, "disparue")]
    told = [(n, word) for n, word in told if c.has_key or word != "modifiée"]
    said = f"{joined([some(n, word, f'{word}s') for n, word in told])}."
    if t.refused:
        said += f" {some(t.refused, 'ligne gardée la dernière fois est refusée', 'lignes gardées la dernière fois sont refusées')} aujourd’hui."
    how = (
        f"Les lignes se reconnaissent à leur clé ({joined(q.twice.key)}) ; répétées à l’identique, elles comptent une fois."
        if c.has_key
        else "Cette source n’a pas de clé : une ligne corrigée compte comme une disparue et une nouvelle ; répétée à l’identique, une fois."
    )
    shown = [p for p in c.by_period if p.moves] if c.by_period else []
    calm = len(c.by_period) - len(shown)
    body = [("lost" if p in c.lost else "", _change(p, c)) for p in reversed(shown)]
    body.append(("", ["Total", *_change(t, c)[1:]]))
    hidden = [*([] if c.has_key else ["Modifiées"]), *([] if t.refused else ["Refusées"])]
    first = "Lignes" if not c.by_period else "Mois" if _has_months(c.by_period) else "Période"
    heads = [first, *(h for h in _CHANGES if h not in hidden)]
    out = para(said) + para(how, "src")
    if c.lost:
        out += f'<p class="warn"><b>{esc(f"Perdu : {spans(p.period for p in c.lost if p.period)}.")}</b></p>'
    out += _table(
        "Lignes par mois, avant et maintenant", heads, body, css=f"months{' keyed' if c.has_key else ''}", total=True
    )
    if c.by_period and calm:
        out += para(f"{some(calm, 'mois n’a pas changé', 'mois n’ont pas changé')}.", "src")
    if any(p.changed != p.changed_from for p in c.by_period):
        out += para(
            "Des lignes modifiées ont changé de mois : elles quittent « avant » dans l’un et entrent dans l’autre.",
            "src",
        )
    if c.gone:
        out += para(f"Partenaires qui n’ont plus aucune ligne : {first_of(c.gone, 20)}.", "warn")
    return out


def _has_months(several: Sequence[Change]) -> bool:
    return all(p.period is None or p.period.months == 1 for p in several)


def _change(p: Change, c: Comparison) -> list[str]:
    name = "Sans date" if p.period is None else p.period.name()
    label = f'{esc(name)} <b class="warn">perdu</b>' if p in c.lost else esc(name)
    gone = f'<b class="warn">{number(p.vanished)}</b>' if p.vanished and c.missing else _n(p.vanished)
    changed = [_n(p.changed)] if c.has_key else []
    refused = [_n(p.refused)] if c.total.refused else []
    return [label, number(p.before), _n(p.same), *changed, gone, *refused, _n(p.new), number(p.now)]


# --- who and when -------------------------------------------------------------------------------------------------


def _month(period: Period) -> str:
    short = period.short_name() if period.months == 1 else f"T{(period.first + 2) // 3}"
    return f'{esc(short)}<br><span class="y">{period.year}</span>'


def coverage_title(q: Quality) -> str:
    """What the section on coverage can tell of this source."""
    c = q.coverage
    if c is None or (c.what == "partner" and not c.axis):
        return "Qui a envoyé"
    if not c.what:
        return "Lignes par mois"
    return (
        "Qui a envoyé, quels mois sont partiels"
        if c.what == "partner"
        else "Ce qui est renseigné, quels mois sont partiels"
    )


def coverage(q: Quality) -> str:
    """Who sent rows, who is late, which months are partial."""
    c = q.coverage
    return (_reported(c, q) if c and c.axis else _senders_now(c, q) if c else "") + _peers(q)


def _senders_now(c: Coverage, q: Quality) -> str:
    """Rows per partner, before and now, where no month says when they were sent."""
    before = {fold(name): n for name, n in q.comparison.sent.items()} if q.comparison else {}
    now = {u.name: u.earlier for u in c.units[:UNITS]}
    gone = dict.fromkeys(q.comparison.gone, 0) if q.comparison else {}
    body = []
    for name, n in (now | gone).items():
        last = '<b class="warn">0</b>' if name in gone else number(n)
        body.append(("", [esc(name), *([_n(before.get(fold(name), 0))] if before else []), last]))
    heads = ["Partenaire", *(["Lignes avant", "Lignes maintenant"] if before else ["Lignes"])]
    left = len(c.units) - UNITS
    more = para(f"Et {some(left, 'autre', 'autres')}.", "src") if left > 0 else ""
    return para(f"{units(c.what, len(c.units))}.") + _table("Lignes par partenaire", heads, body, css="slim") + more


def _reported(c: Coverage, q: Quality) -> str:
    out = ""
    if c.units and c.judged:
        out += para(
            f"{_sent(c)} pour {c.judged.name()}, {'dernier mois fini' if c.judged.months == 1 else 'dernière période finie'} du fichier."
        )
    if c.late and c.judged:
        what = "En retard :" if c.what == "partner" else "Sans information :"
        out += f'<p class="warn"><b>{esc(what)}</b> {esc(first_of(c.late, 20))}.</p>'
    if c.silent:
        out += para(f"Rien depuis plus de {BEFORE} mois : {first_of(c.silent, 20)}.")
    if c.partial:
        items = "".join(
            f"<li><b>{esc(p.period.name())}</b>{esc(f' : {partial(p, c.what)}')}</li>" for p in reversed(c.partial)
        )
        out += f"<p>{esc('Mois partiels :')}</p><ul>{items}</ul>"
    if c.axis[-1].shift(1).end < q.snapshot.received:
        out += para(f"Le fichier s’arrête en {c.axis[-1].name()}.")
    return out + _matrix(c)


def _sent(c: Coverage) -> str:
    assert c.judged is not None
    at = c.axis.index(c.judged)
    there = sum(1 for u in c.units if u.rows[at])
    what = PLURALS[c.what] if len(c.units) > 1 else PLURALS[c.what][:-1]
    verb = (
        ("ont envoyé des lignes", "a envoyé des lignes")
        if c.what == "partner"
        else ("ont une information", "a une information")
    )
    return f"{number(there)} des {number(len(c.units))} {what} {verb[there < 2]}"


def _matrix(c: Coverage) -> str:
    """Rows per partner (or place) and month; a late one's empty month stands out."""
    judged = c.axis.index(c.judged) if c.judged else -1
    head = [{"partner": "Partenaire", "": "Mois"}.get(c.what, c.what.capitalize()), *map(_month, c.axis)]
    missing = "en retard" if c.what == "partner" else "manque"
    body = [("", _unit(u, judged, missing if u.name in c.late else "")) for u in _first_units(c)]
    if c.units:
        there = [sum(1 for u in c.units if u.rows[i]) for i in range(len(c.axis))]
        body.append(("subtotal", [esc(PLURALS[c.what].capitalize()), *map(_n, there)]))
    body.append(("subtotal", ["Lignes", *map(_n, c.rows)]))
    left = len(c.units) - UNITS
    out = f'<div class="fromright">{_table("Lignes envoyées par mois", head, body, css="grid")}</div>'
    if left > 0:
        out += para(f"Les {UNITS} premiers ; {some(left, 'autre suit', 'autres suivent')}.", "src")
    if c.unnamed:
        out += para(f"{rows(c.unnamed)} d’un lieu qui n’a pas été reconnu.", "src")
    return out


def _first_units(c: Coverage) -> list[Unit]:
    late = [u for u in c.units if u.name in c.late]
    others = [u for u in c.units if u.name not in c.late]
    return [*late, *others][:UNITS]


def _unit(unit: Unit, judged: int, missing: str) -> list[str]:
    cells = ['<td class="r h5">0</td>' if missing and i == judged else _n(n) for i, n in enumerate(unit.rows)]
    return [esc(unit.name) + (f' <b class="warn">{missing}</b>' if missing else ""), *cells]


def _peers(q: Quality) -> str:
    if not q.peers:
        return ""
    body = [
        (
            "",
            [
                esc(p.name),
                esc(p.until or "non dit"),
                esc(day_name(p.received)),
                '<b class="warn">en retard</b>' if p.is_late else "",
            ],
        )
        for p in q.peers
    ]
    heads = ["Partenaire", "Dernière période", "Dernier dépôt", "État"]
    return "<h3>Les autres partenaires</h3>" + _table(
        "Les autres partenaires", heads, body, css="cards", left=(1, 2, 3)
    )


def late(q: Quality) -> str:
    """Rows that came after their month was told, and days from event to submission."""
    out, c = "", q.comparison
    closed = c.closed() if c else []
    new = [p for p in closed if p.new]
    if c and c.by_period:
        if new:
            count = sum(p.new for p in new)
            out += para(
                f"{some(count, 'nouvelle ligne porte', 'nouvelles lignes portent')} sur un mois déjà fini le {day_name(c.received)}, "
                f"jour du dépôt précédent : {moved(new)}. Les nombres déjà publiés de ces mois bougent."
            )
        else:
            out += para(f"Aucune nouvelle ligne ne porte sur un mois déjà fini le {day_name(c.received)}.")
        others = [p for p in closed if not p.new and p.period]
        if others and c.has_key:
            said = spans(p.period for p in others if p.period)
            out += para(f"Sans nouvelle ligne, mais avec d’autres changements : {said}.")
    d = q.delays
    if d is None or not sum(d.bands):
        return out
    whole = sum(d.bands)
    late = sum(d.bands[DELAYS.index(LATE_DAYS) + 1 :])
    out += f"<h3>{esc('De l’événement à l’envoi')}</h3>"
    out += para(f"{percent(late, whole)} des lignes sont arrivées plus de {LATE_DAYS} jours après l’événement.")
    body = [
        (
            "",
            [
                esc(band(i)),
                number(n),
                esc(percent(n, whole)),
                f'<td class="bar"><span style="width:{round(100 * n / whole)}%"></span></td>',
            ],
        )
        for i, n in enumerate(d.bands)
    ]
    out += _table("Délai d’envoi", ["Délai", "Lignes", "Part", '<span class="vh">Barre</span>'], body, css="slim bars")
    if d.before:
        out += para(f"{some(d.before, 'ligne envoyée', 'lignes envoyées')} avant l’événement, refusées.", "src")
    several = [(p, n, of_) for p, (n, of_) in d.late_by.items()]
    if len(several) > 1 and late:
        several = sorted(several, key=lambda one: -one[1] / one[2])[:10]
        body = [("", [esc(p), number(of_), _n(n), esc(percent(n, of_))]) for p, n, of_ in several]
        heads = ["Partenaire", "Lignes", f"Plus de {LATE_DAYS} jours", "Part"]
        out += _table("Lignes tardives par partenaire", heads, body, css="slim")
    return out


# --- columns, places, duplicates ----------------------------------------------------------------------------------


def completeness(q: Quality) -> str:
    """How much of each column is filled in, by month."""
    f = q.filled
    if not sum(f.rows):
        return ""
    full = [name for c, name in enumerate(f.columns) if f.share(c) == 1]
    gaps = [c for c, name in enumerate(f.columns) if name not in full]
    by = f", par mois ({q.when})" if len([p for p in f.periods if p]) > 1 else ""
    out = para(f"Part des cases remplies, en pour cent{by}.") if gaps else ""
    if gaps:
        out += _heat(f, gaps)
    if full:
        always = "Toujours remplies" if gaps else "Toutes les colonnes sont toujours remplies"
        out += para(f"{always} : {joined(full)}.", "src" if gaps else "")
    if q.filled.choices & {f.columns[c] for c in gaps}:
        names = joined([f.columns[c] for c in gaps if f.columns[c] in f.choices])
        out += para(f"Choix multiples, où une case vide veut dire qu’aucun choix n’a été fait : {names}.", "src")
    return out + (_all_months(f, gaps) if gaps else "")


def _groups(f: Filled) -> list[tuple[str, list[int]]]:
    """The columns of the heat table: the last months, what is before them, and all rows."""
    dated = [i for i, p in enumerate(f.periods) if p]
    shown, before = dated[-MONTHS:], dated[:-MONTHS]
    out = [('sans<br><span class="y">date</span>', [i]) for i, p in enumerate(f.periods) if p is None and dated]
    if before:
        out.append(("avant", before))
    if len(dated) > 1:
        out += [(_month(p), [i]) for i in shown if (p := f.periods[i])]
    return [*out, ("<b>tout</b>", list(range(len(f.periods))))]


def _cell(part: int, whole: int, *, is_choice: bool = False) -> str:
    """A share of filled cells: 100 and 0 only when it is so; its tint only repeats the number.

    No tint where a blank is an answer.
    """
    if not whole:
        return '<td class="r soft">–</td>'
    tint = 1 + sum(100 * part < limit * whole for limit in _TINTS)
    text = esc(filled_percent(part, whole))
    return f'<td class="r {"soft" if is_choice else f"h{tint}"}">{text}</td>'


def _heat(f: Filled, gaps: Sequence[int]) -> str:
    groups = _groups(f)
    body = [
        (
            "",
            [
                _code(f.columns[c]),
                *(_cell(*f.sums(c, *at), is_choice=f.columns[c] in f.choices) for _, at in groups),
            ],
        )
        for c in gaps
    ]
    body.append(("subtotal", ["Lignes", *(_n(sum(f.rows[i] for i in at)) for _, at in groups)]))
    table = _table("Remplissage par colonne et par mois", ["Colonne", *(h for h, _ in groups)], body, css="grid heat")
    return f'<div class="fromright">{table}</div>' if len(groups) > 1 else table


def _all_months(f: Filled, gaps: Sequence[int]) -> str:
    """All months, one per row, where the first table does not show each of them."""
    dated = [i for i, p in enumerate(f.periods) if p]
    if len(dated) <= MONTHS:
        return ""
    body = []
    for year, several in groupby(reversed(dated[-OLDEST:]), lambda i: f.periods[i].year if f.periods[i] else 0):
        for i in several:
            p = f.periods[i]
            name = f"{p.short_name()} {year}" if p else ""
            body.append(
                (
                    "",
                    [
                        esc(name),
                        number(f.rows[i]),
                        *(_cell(f.filled[c][i], f.rows[i], is_choice=f.columns[c] in f.choices) for c in gaps),
                    ],
                )
            )
    heads = ["Mois", "Lignes", *(_code(f.columns[c]) for c in gaps)]
    table = _table("Remplissage, tous les mois", heads, body, css="grid heat tall")
    left = len(dated) - OLDEST
    older = para(f"Et {some(left, 'mois plus ancien', 'mois plus anciens')}.", "src") if left > 0 else ""
    return f"<details><summary>{esc(f'Les {len(body)} mois, un par ligne')}</summary>{table}{older}</details>"


def places(q: Quality) -> str:
    """How names of places were told, and the spellings that took an alias."""
    if not q.places:
        return ""
    ways = [w for w in _WAYS if any(w in m.ways for m in q.places)]
    body = []
    for m in q.places:
        cells = [_way(*m.ways[w]) if w in m.ways else '<span class="soft">–</span>' for w in ways]
        body.append(("", [_code(m.column), *cells, _n(m.blank)]))
    heads = ["Colonne", *(esc(_WAYS[w]) for w in ways), "cases vides"]
    out = para(
        "Comment chaque nom a été reconnu : nombre de graphies, et de lignes entre parenthèses. Aucun nom n’est deviné."
    )
    out += _table("Noms de lieux reconnus", heads, body, css="cards")
    spellings = {(s.text, s.place, s.level, s.how): 0 for m in q.places for s in m.spellings}
    for m in q.places:
        for s in m.spellings:
            spellings[s.text, s.place, s.level, s.how] += s.rows
    if spellings:
        body = [
            ("", [esc(text), esc(place), esc("répertoire" if how == ALIAS else "params/aliases.csv"), number(n)])
            for (text, place, _, how), n in sorted(spellings.items())[:SPELLINGS]
        ]
        out += "<h3>Graphies admises comme alias</h3>"
        out += _table("Graphies admises", ["Graphie", "Désigne", "Admise par", "Lignes"], body, css="slim", left=(1, 2))
        left = len(spellings) - SPELLINGS
        out += para(f"Et {some(left, 'autre graphie', 'autres graphies')}.", "src") if left > 0 else ""
    return out


def _way(names: int, count: int) -> str:
    return f"{number(names)} <span class=soft>({number(count)})</span>"


def duplicates(q: Quality) -> str:
    """Rows that repeat or contradict others; flash reports and what followed them."""
    t, body = q.twice, []
    if t.copies:
        what = f"Même clé ({joined(t.key)}), même contenu" if t.key else "Identiques dans toutes les colonnes reprises"
        body.append((esc(what), some(t.copies, "ligne en trop", "lignes en trop"), "une seule compte"))
    if t.contradicting:
        what = f"Même clé ({joined(t.key)}), contenus différents"
        body.append((esc(what), rows(t.contradicting), "voir les lignes refusées" if q.refused else "à vérifier"))
    if q.flash:
        f = q.flash
        body.append(
            (
                "Alertes flash suivies d’un rapport documenté",
                some(f.documented, "incident", "incidents"),
                "un seul incident",
            )
        )
        body.append(
            (
                "Alertes flash sans rapport documenté",
                some(f.waiting, "incident", "incidents"),
                f"dont {number(f.overdue)} depuis plus de {LATE_DAYS} jours",
            )
        )
    if not body:
        key = f" (clé : {joined(t.key)})" if t.key else ""
        return para(f"Aucune ligne n’est répétée{key}.")
    lines = [("", [what, esc(count), esc(then)]) for what, count, then in body]
    return _table("Doublons", ["Ce qui se répète", "Nombre", "Suite donnée"], lines, css="cards", left=(1, 2))


# --- method -------------------------------------------------------------------------------------------------------


def method(q: Quality) -> str:
    """What the numbers mean, with their thresholds."""
    c, items = q.comparison, []
    items.append(
        "Remplissage : lignes où la case contient quelque chose, sur les lignes qui se lisent. 100 veut dire toutes, 0 aucune."
    )
    if c:
        key = "qui ont la même clé" if c.has_key else "identiques"
        items.append(
            f"Comparaison : deux lignes {key} sont la même ligne. L’historique est dit perdu si un mois entier manque, "
            f"ou plus de {percent(LOST_SHARE, 1)} des lignes d’avant."
        )
    if q.coverage and q.coverage.axis:
        items.append(
            f"{'En retard' if q.coverage.what == 'partner' else 'Sans information'} : rien pour le dernier mois fini, mais quelque chose dans un des {BEFORE} mois d’avant. "
            f"Mois partiel : moins de {percent(PARTIAL_UNITS, 1)} des envois d’un mois habituel (la médiane), "
            f"ou moins de {percent(PARTIAL_ROWS, 1)} de ses lignes. Moins de lignes peut aussi être une baisse réelle."
        )
    if q.delays:
        items.append(
            f"Délai : jours entre la date de l’événement et celle de l’envoi ; au-delà de {DELAYS[-1]} jours, une seule classe."
        )
    if q.snapshot.without_consent or any("consentement" in reason for reason in q.balance.left_out):
        items.append("Consentement : les refus sont comptés en tout, jamais par lieu ni par mois.")
    return f"<ul>{''.join(f'<li>{esc(i)}</li>' for i in items)}</ul>"
