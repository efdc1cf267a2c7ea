"""The data-quality report of one snapshot, for the information-management officer: one page, inside, offline.

It shows what `sources.quality` counted and nothing else: the verdict, what to ask of whom, then section by section.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..periods import day_name
from ..project import PACKAGE, Project
from ..sources.quality_facts import Quality
from . import quality_sections as sections
from .html import font_faces
from .quality_sections import esc, para
from .quality_words import Task, has_lost, loss, number, of, percent, todo, verdict

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)


def write(project: Project, q: Quality, *, trial: bool = False) -> Path:
    """Write the report of a snapshot; of a file that was only tried, in the folder of trials. Replaces the one before."""
    path = project.quality(q.snapshot.stream, "essai" if trial else q.snapshot.received.isoformat())
    if q.snapshot.nature == "example":
        path = project.reports / "exemple" / path.relative_to(project.reports)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".html")
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page(q, trial=trial))
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
    return path


def page(q: Quality, *, trial: bool = False) -> str:
    """The whole page. The same counts give the same bytes."""
    tasks = todo(q, trial=trial)
    every = [
        ("bilan", "Bilan des lignes", sections.balance(q)),
        ("refus", "Lignes refusées", sections.faults(q)),
        ("comparaison", "Comparaison avec le dépôt précédent", sections.comparison(q)),
        ("couverture", sections.coverage_title(q), sections.coverage(q)),
        ("tard", "Arrivées tardives", sections.late(q)),
        ("remplissage", "Remplissage des colonnes", sections.completeness(q)),
        ("lieux", "Noms de lieux", sections.places(q)),
        ("doublons", "Doublons", sections.duplicates(q)),
    ]
    there = [(ident, heading, body) for ident, heading, body in every if body]
    css = "".join(
        (PACKAGE / "render" / "templates" / "veille" / name).read_text(encoding="utf-8")
        for name in ("page.css", "quality.css")
    )
    example = q.snapshot.nature == "example"
    chips = [*(["Exemple"] if example else []), *(["Essai"] if trial else []), "Interne : ne pas diffuser"]
    labels = "".join(f'<span class="chip">{esc(c)}</span>' for c in chips)
    nav = "".join(f'<li><a href="#{ident}">{esc(heading)}</a></li>' for ident, heading, _ in there)
    told = (f'<section id="{ident}"><h2>{esc(heading)}</h2>{body}</section>' for ident, heading, body in there)
    style = font_faces() + re.sub(r"\n\s*", "", css)
    internal = "Interne : ne pas diffuser. Ce rapport nomme des partenaires ; il ne contient aucune valeur d’une ligne."
    return (
        f'<!doctype html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="referrer" content="no-referrer">\n<title>{esc(title(q, trial=trial))}</title>\n'
        f"<style>{style}</style>\n</head>\n"
        f'<body class="quality{" example" if example else ""}">\n'
        f'<header class="top"><div class="wrap"><span>{esc("Cluster Protection · Mali")}</span><span class="chips">'
        f"{labels}</span></div></header>\n"
        f'<main class="wrap">{_alarm(q)}{_head(q, trial)}{_keys(q)}{_tasks(tasks, {i for i, *_ in there})}'
        f'<nav aria-label="Sections"><ul>{nav}</ul></nav>\n'
        + "\n".join(told)
        + f'\n<section id="methode"><h2>Ce que disent ces nombres</h2>{sections.method(q)}</section>\n</main>\n'
        f'<footer><div class="wrap">{para(internal)}</div></footer>\n</body>\n</html>\n'
    )


def title(q: Quality, *, trial: bool = False) -> str:
    """« Qualité des données : Incidents de protection, export KoBo — reçu le 5 juillet 2017 »."""
    what = f"{q.title}, {q.snapshot.producer}" if q.snapshot.partner else q.title
    day = day_name(q.snapshot.received)
    return f"Qualité des données : {what} — {f'essai du {day}' if trial else f'reçu le {day}'}"


def _alarm(q: Quality) -> str:
    c = q.comparison
    if not has_lost(q) or c is None:
        return ""
    link = f'<p class="go"><a href="#comparaison">{esc("Voir les mois")}</a></p>' if c.by_period else ""
    return (
        f'<div class="alarm" role="note" aria-label="Alerte"><p><b>Historique perdu</b></p>{para(loss(q))}{link}</div>'
    )


def _head(q: Quality, trial: bool) -> str:
    s = q.snapshot
    name, _, rest = title(q, trial=trial).partition(" : ")
    what, _, day = rest.rpartition(" — ")
    periods = [one for one in q.filled.periods if one]
    lines = [s.producer]
    if periods:
        first, last = min(periods), max(periods)
        lines.append(f"lignes {of(first.name())} à {last.name()}" if first != last else f"lignes {of(first.name())}")
    if q.comparison:
        lines.append(f"comparé au dépôt du {day_name(q.comparison.received)}")
    if trial:
        lines.append("essai : rien n’a été déposé")
    return (
        f'<h1><span class="kicker">{esc(name)}\u202f:</span> {esc(what)} <span class="when">— {esc(day)}</span></h1>'
        f"{para(' · '.join(lines), 'sub')}{para(verdict(q), 'lede')}"
    )


def _keys(q: Quality) -> str:
    b, c = q.balance, q.comparison
    out = sum(b.left_out.values())
    facts = [
        (b.read, "lue", "lues", "", False),
        (b.kept, "gardée", "gardées", percent(b.kept, b.read), False),
        (b.refused_rows, "refusée", "refusées", "à faire corriger" if b.refused_rows else "", b.refused_rows > 0),
    ]
    if c:
        day = day_name(c.received)
        facts.append((c.total.new, "nouvelle", "nouvelles", f"depuis le {day}", False))
        facts.append((c.total.vanished, "disparue", "disparues", f"du dépôt du {day}", c.missing > 0))
    else:
        facts.insert(2, (out, "laissée de côté", "laissées de côté", "voir le bilan" if out else "", False))
    items = "".join(
        f'<div><span class="n{" w" if warn else ""}">{number(n)}</span> <span class="l">{esc(one if n < 2 else many)}</span>'
        f'<span class="d">{esc(note)}</span></div>'
        for n, one, many, note, warn in facts
    )
    return f'<div class="keys k{len(facts)}">{items}</div>'


def _tasks(tasks: Sequence[Task], there: set[str]) -> str:
    if not tasks:
        return f'<section id="a-faire"><h2>À faire</h2>{para("Rien à demander : ce dépôt se lit sans faute et n’a rien perdu.")}</section>'
    items = "".join(
        f'<li><b>{esc(task.what)}</b> {esc(task.why)}<span class="who">{esc(task.whom)}'
        + (f'<span class="go"> · <a href="#{task.section}">voir</a></span>' if task.section in there else "")
        + "</span></li>"
        for task in tasks
    )
    return f'<section id="a-faire"><h2>À faire</h2><ol class="tasks">{items}</ol></section>'
