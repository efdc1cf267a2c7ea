"""Invented documents for the tests of the renderers: every kind of block and of run, in realistic French.

Nothing here was observed: names of places are real, every number is made up.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import veille
from veille.render import document as d

NNBSP, NBSP = "\u202f", "\u00a0"

# What a person may type, and a renderer must print as it stands.
MARKUP = [
    '#panic("arrêt")',
    "*étoiles* et _soulignés_",
    "$x^2$",
    "@renvoi",
    "// commentaire",
    "/* bloc */",
    "<étiquette>",
    "= titre",
    "`code`",
    "\\u{41}",
    '#import "secret.typ": *',
    "<b>gras</b> &amp; {{clé}}",
]
FORMULAS = [
    "=1+1",
    "+33 1 23",
    "-5 communes",
    "@SOMME(A1)",
    "\t=2+2",
    "\r=3+3",
    '=HYPERLINK("https://exemple.org")',
]


def num(key: str, value: str, display: str = "", status: str = "verified") -> d.Run:
    """A registered number; `value` is empty where nothing may be shown."""
    shown = display or value
    return {"t": "num", "key": f"{key}@gao@2017-06", "value": value, "display": shown, "status": status}


def percent(key: str, value: str) -> d.Run:
    """A registered share, worded in French."""
    return num(key, value, value.replace(".", ",") + NNBSP + "%")


def not_received(key: str) -> d.Run:
    """A number for which nothing was received."""
    return num(key, "", "n.d.", "not_received")


def hidden(key: str) -> d.Run:
    """A number that is not published."""
    return num(key, "", "n.p.", "not_published")


def link(href: str, *parts: str | d.Run) -> d.Run:
    """A link."""
    return {"t": "link", "href": href, "runs": d.runs(*parts)}


def column(label: str, align: str = "right", hxl: str = "") -> dict:
    """A column of a table."""
    return {"label": label, "align": align, "hxl": hxl}


def row(*cells: str | d.Run | d.Runs, kind: str = "body") -> dict:
    """A row of a table; each cell is a string, a run or runs."""
    return {"kind": kind, "cells": [d.runs(cell) for cell in cells]}


def table(
    number: int | None, name: str, title: str, columns: list[dict], rows: list[dict], notes: tuple = ()
) -> d.Block:
    """A table."""
    return {
        "kind": "table",
        "number": number,
        "name": name,
        "title": d.runs(title),
        "columns": columns,
        "rows": rows,
        "notes": [d.runs(note) for note in notes],
    }


def map_svg(width: int = 240) -> str:
    """A small drawing that stands for a map: circles and labels that carry keys."""
    places = [
        ("Gao", 28, 92, 112, 17),
        ("Ansongo", 22, 130, 146, 15),
        ("Ménaka", 8, 172, 118, 9),
        ("Bourem", 4, 78, 72, 6),
    ]
    circles = "".join(
        f'<circle cx="{x}" cy="{y}" r="{r}" fill="#0b5cab" fill-opacity=".8"/>'
        f'<text x="{x + r + 4}" y="{y + 4}" data-key="incidents.cercle={name.lower()}@gao@2017-06">{name} {n}</text>'
        for name, n, x, y, r in places
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{width * 190 // 240}pt" viewBox="0 0 240 190">'
        '<rect width="240" height="190" fill="#f2f1ec"/>'
        '<path d="M52 24 L118 62 L222 58 L236 150 L110 172 L44 120 L72 98 Z" fill="#e9f1f9" stroke="#0b5cab"/>'
        f'<g style="font-family: inherit; font-size: 11px; font-weight: 600" fill="#1d2939">{circles}</g></svg>'
    )


def trend_svg(width: int = 475) -> str:
    """A small line over twelve months; the last point is labelled and carries its key."""
    counts = [58, 92, 41, 67, 64, 47, 52, 49, 55, 66, 70, 62]
    points = [(30 + i * 36, 140 - n) for i, n in enumerate(counts)]
    path = "M" + " L".join(f"{x} {y}" for x, y in points)
    months = [
        "juil.",
        "août",
        "sept.",
        "oct.",
        "nov.",
        "déc.",
        "janv.",
        "févr.",
        "mars",
        "avr.",
        "mai",
        "juin",
    ]
    ticks = "".join(
        f'<text x="{x}" y="160" text-anchor="middle">{m}</text>' for (x, _), m in zip(points, months, strict=True)
    )
    last_x, last_y = points[-1]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{width * 170 // 475}pt" viewBox="0 0 475 170">'
        '<path d="M30 140 H440 M30 90 H440 M30 40 H440" stroke="#d9dde3" fill="none"/>'
        f'<path d="{path}" fill="none" stroke="#0b5cab" stroke-width="2"/>'
        f'<circle cx="{last_x}" cy="{last_y}" r="4" fill="#0b5cab"/>'
        f'<g style="font-family: inherit; font-size: 11px" fill="#5b6675">{ticks}</g>'
        f'<text x="{last_x + 8}" y="{last_y + 4}" style="font-family: inherit; font-size: 12px; font-weight: 600" '
        'fill="#0b5cab" data-key="protection_incidents@gao@2017-06">62</text></svg>'
    )


def bars_svg() -> str:
    """Four bars with their labels and counts."""
    bars = [
        ("Propriété (vol, extorsion, attaque armée)", 35),
        ("Intégrité physique et psychique", 15),
        ("Vie", 7),
        ("Liberté", 5),
    ]
    drawn = "".join(
        f'<text x="210" y="{19 + i * 24}" text-anchor="end" fill="#1d2939">{label}</text>'
        f'<rect x="216" y="{8 + i * 24}" width="{n * 6}" height="15" fill="#0b5cab"/>'
        f'<text x="{222 + n * 6}" y="{19 + i * 24}" font-weight="600" fill="#1d2939" data-key="incidents.category={i}@gao@2017-06">{n}</text>'
        for i, (label, n) in enumerate(bars)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="475pt" height="104pt" viewBox="0 0 475 104">'
        f'<g style="font-family: inherit; font-size: 11px">{drawn}</g></svg>'
    )


def figure(number: int, name: str, title: str, subtitle: str, svg: str, alt: str, **more) -> d.Block:
    """A figure; `more` may hold notes, table, beside."""
    return {
        "kind": "figure",
        "number": number,
        "name": name,
        "title": d.runs(title),
        "subtitle": d.runs(subtitle),
        "svg": svg,
        "svg_narrow": svg,
        "alt": d.runs(alt),
        "notes": [d.runs(note) for note in more.pop("notes", ())],
        "table": None,
        "beside": None,
        **more,
    }


def _cover() -> d.Block:
    return {
        "kind": "cover",
        "org": "Cluster Protection · Mali",
        "title": "Bulletin de protection",
        "subtitle": "Zone de Gao, juin 2017",
        "meta": [
            d.runs(
                f"Régions de Gao et de Ménaka · n°{NBSP}6 / 2017 · diffusion restreinte aux membres du Cluster Protection"
            ),
            d.runs("Données reçues au 15 juillet 2017 · ", d.warn("chiffres d’exemple, synthétiques")),
        ],
        "chips": ["Brouillon", "Exemple"],
        "lede": d.runs(
            d.strong(num("protection_incidents", "62"), " incidents"),
            " de protection ont été rapportés en juin, dont ",
            num("protection_incidents.verification=unverified", "10"),
            f" non vérifiés. Plus de la moitié portent atteinte à la propriété. En mai{NNBSP}: ",
            num("protection_incidents.previous", "70"),
            f" incidents{NNBSP}; cette évolution est à interpréter avec prudence, ",
            num("communes_covered", "20"),
            " communes étant couvertes contre ",
            num("communes_covered.previous", "23"),
            ".",
        ),
    }


def _key_figures() -> d.Block:
    def item(number, label, note, warn=False):
        return {"number": d.runs(number), "label": d.runs(label), "note": d.runs(note), "warn": warn}

    return {
        "kind": "keyfigures",
        "items": [
            item(
                num("protection_incidents", "62"),
                "incidents rapportés",
                [num("protection_incidents.previous", "70"), d.text(" en mai")],
            ),
            item(
                [num("communes_covered", "20"), d.soft(" / ", d.const("communes", "23"))],
                "communes couvertes",
                "3 sans relevé en juin",
                True,
            ),
            item(percent("verified_pct", "84"), "vérifiés", "52 vérifiés, 10 non vérifiés"),
            item(num("victims", "143"), "victimes", "38 femmes, 71 hommes, 16 filles, 18 garçons"),
            item(num("idps", "15269", f"15{NNBSP}269"), "déplacés internes", "stock au 31 mai 2017"),
        ],
    }


def table_by_cercle(number: int = 1) -> d.Block:
    """A small table with groups, a subtotal, n.d., n.p. and a total."""

    def body(name, before, now, share):
        slug = f"protection_incidents.cercle={name.lower()}"
        return row(
            name,
            num(slug + ".previous", before) if before else not_received(slug + ".previous"),
            num(slug, now) if now else hidden(slug),
            percent(slug + ".share", share) if share else hidden(slug + ".share"),
        )

    return table(
        number,
        "incidents-par-cercle",
        "Incidents par cercle",
        [
            column("Cercle", "left", "#adm2+name"),
            column("Mai", hxl="#affected+may"),
            column("Juin", hxl="#affected+june"),
            column("Part", hxl=""),
        ],
        [
            row("Région de Gao", kind="group"),
            body("Gao", "31", "28", "45"),
            body("Ansongo", "24", "22", "35.5"),
            body("Bourem", "6", "4", "6"),
            row("Sous-total", num("s1", "61"), num("s2", "54"), percent("s3", "87"), kind="subtotal"),
            row("Région de Ménaka", kind="group"),
            body("Ménaka", "9", "8", "13"),
            body("Andéramboukane", "", "", ""),
            row("Total", num("t1", "70"), num("t2", "62"), percent("t3", "100"), kind="total"),
        ],
        notes=(f"n.d.{NNBSP}: aucune donnée reçue. n.p.{NNBSP}: non publié, pour protéger les personnes.",),
    )


def long_table(number: int = 2, rows: int = 42) -> d.Block:
    """A table that does not fit a page, with groups; counts above one thousand."""
    out = []
    for i in range(rows):
        if i % 14 == 0:
            out.append(row(f"Région invention {i // 14 + 1}", kind="group"))
        idps = 1200 + 317 * i
        shown = f"{idps:,}".replace(",", NNBSP)
        out.append(
            row(
                f"Commune {i + 1:02d}",
                num(f"idps.commune={i}", str(idps), shown),
                num(f"returns.commune={i}", str(i * 7)),
                "DTM",
            )
        )
    out.append(
        row(
            "Ensemble",
            num("idps", "331533", f"331{NNBSP}533"),
            num("returns", "6027", f"6{NNBSP}027"),
            "DTM",
            kind="total",
        )
    )
    columns = [
        column("Commune", "left", "#adm3+name"),
        column("Déplacés", hxl="#affected+idps"),
        column("Retours", hxl="#affected+returns"),
        column("Source", "left"),
    ]
    return table(
        number,
        "deplaces-par-commune",
        "Personnes déplacées et retournées, par commune",
        columns,
        out,
        notes=("Source : relevés inventés.",),
    )


def text_table(number: int = 3) -> d.Block:
    """A table of sentences: recommendations and what became of them."""
    columns = [
        column("N°", "left"),
        column("Recommandation", "left"),
        column("Adressée à", "left"),
        column("Suite donnée", "left"),
    ]
    rows = [
        row(
            "1",
            "Renforcer la présence dissuasive sur les axes de foire du cercle d’Ansongo, surtout les jours de marché.",
            "MINUSMA",
            "En cours depuis mai",
        ),
        row(
            "2",
            "Rétablir un point focal dans les trois communes sans relevé.",
            "Cluster régional",
            d.warn("Échéance dépassée"),
        ),
        row(
            "3",
            "Étendre la prise en charge psychosociale aux femmes déplacées d’Andéramboukane.",
            "Sous-cluster VBG",
            "Prévue en août",
        ),
    ]
    return table(number, "recommandations", "Recommandations et suites données", columns, rows)


def trend_table() -> d.Block:
    """The table behind the trend: the PDF does not print it, the spreadsheet holds it."""
    months = [("juillet 2016", "58"), ("août 2016", "92"), ("mai 2017", "70"), ("juin 2017", "62")]
    rows = [row(m, num(f"trend.{i}", n)) for i, (m, n) in enumerate(months)]
    return table(None, "evolution", "Incidents rapportés par mois", [column("Mois", "left"), column("Incidents")], rows)


def sample() -> dict:
    """A bulletin of a few pages with every kind of block and of run."""
    blocks = [
        _cover(),
        _key_figures(),
        d.heading("Faits saillants et contexte"),
        d.note(
            "À rédiger",
            d.paragraph("Un brouillon le signale ; un bulletin publié ne peut pas le laisser vide."),
            style="todo",
        ),
        d.paragraph(
            "Le mois de juin a été marqué par des ",
            d.strong("vols de bétail"),
            " et des ",
            d.em("extorsions"),
            " sur les axes de foire. Les relevés couvrent les ",
            d.const("trend_months", "12"),
            " derniers mois ; les cercles d’Ansongo et de Gao concentrent l’essentiel des incidents rapportés. ",
            d.soft("Les comptes portent sur les incidents, non sur les personnes. "),
            d.warn("Trois communes sont sans relevé."),
        ),
        d.bullet_list(
            [
                d.runs(
                    "Des hommes armés non identifiés ont intercepté des véhicules de transport entre Gao et Ansongo."
                ),
                d.runs(
                    "Les points focaux signalent ",
                    num("referrals", "12"),
                    " orientations vers des services de santé.",
                ),
                d.runs("La saison des pluies limite l’accès à Bourem."),
            ]
        ),
        d.heading("Répartition géographique"),
        figure(
            1,
            "carte",
            "Gao et Ansongo comptent quatre incidents sur cinq",
            "Incidents par cercle, juin 2017",
            map_svg(),
            f"Carte{NNBSP}: Gao 28 incidents, Ansongo 22, Ménaka 8, Bourem 4.",
            notes=(
                "La surface du cercle est proportionnelle au nombre. Les frontières, noms et désignations figurant sur cette carte "
                "n’impliquent ni reconnaissance ni acceptation officielle par l’Organisation des Nations Unies.",
            ),
            beside=table_by_cercle(),
        ),
        d.heading("Évolution sur 12 mois"),
        figure(
            2,
            "tendance",
            "Entre 41 et 92 incidents par mois ; en juin, 20 communes couvertes sur 23",
            "Incidents rapportés, juillet 2016 – juin 2017",
            trend_svg(),
            "Courbe sur douze mois : un maximum de 92 incidents en août 2016, 62 en juin 2017.",
            table=trend_table(),
            notes=("Aucune évolution n’est affirmée quand la couverture change.",),
        ),
        d.heading("Typologie des incidents"),
        figure(
            3,
            "types",
            "Plus de la moitié des incidents portent atteinte à la propriété",
            "Incidents par catégorie, juin 2017",
            bars_svg(),
            "Barres : propriété 35, intégrité 15, vie 7, liberté 5.",
        ),
        d.heading("Violences basées sur le genre", 3),
        d.note(
            "Violences basées sur le genre",
            d.paragraph(
                "Ces données proviennent uniquement des cas de VBG déclarés aux prestataires de services utilisant le GBVIMS, avec le "
                "consentement éclairé des survivant(e)s. Elles ne reflètent ni l’incidence totale ni la prévalence des VBG au Mali."
            ),
            style="warn",
        ),
        d.note(
            "Comment lire ces chiffres",
            d.paragraph("Un incident vérifié l’a été par ", d.const("sources", "deux"), " sources indépendantes."),
            d.bullet_list(
                [
                    d.runs("Un tiret n’est pas un zéro."),
                    d.runs("Voir la ", link("https://exemple.org/methode", "note de méthode"), "."),
                ]
            ),
        ),
        d.heading("Déplacements de population"),
        d.paragraph(
            "Le tableau suivant reprend les communes évaluées ; les effectifs sont ceux de la dernière évaluation reçue."
        ),
        long_table(),
        d.heading("Recommandations"),
        text_table(),
        d.bullet_list(
            [
                d.runs("Renforcer la présence dissuasive sur les axes de foire. ", d.soft("MINUSMA")),
                d.runs(
                    "Rétablir un point focal dans les trois communes sans relevé. ",
                    d.soft("Cluster régional"),
                ),
            ],
            ordered=True,
        ),
        d.heading("Sources et limites", 3),
        d.paragraph(
            "Sources : ",
            link("https://exemple.org/donnees", "jeu de données d’exemple"),
            f", n°{NBSP}6. Cœur, œuvre, naïve, « où » : tout s’affiche.",
        ),
        d.bullet_list([d.runs("Première limite."), d.runs("Seconde limite.")], ordered=True),
    ]
    return document(blocks)


def hostile() -> dict:
    """People's texts that look like Typst, HTML or formulas, in every place where text may stand."""
    cells = [row(text, text, num("k", "1")) for text in [*MARKUP, *FORMULAS]]
    columns = [column("=Libellé", "left", "#meta"), column("#let x = 1", "left"), column("*n*")]
    items = [
        {"number": d.runs(num("k", "1")), "label": d.runs(text), "note": d.runs(text), "warn": False}
        for text in MARKUP[:7]
    ]
    cover = {
        **_cover(),
        "title": "=TITRE(1)",
        "subtitle": "#sous-titre",
        "lede": d.runs(*MARKUP),
        "meta": [d.runs(m) for m in MARKUP[:2]],
    }
    blocks = [
        cover,
        {"kind": "keyfigures", "items": items},
        d.heading("@titre <fin> #panic()"),
        *[d.paragraph(text) for text in MARKUP],
        d.bullet_list([d.runs(text) for text in MARKUP]),
        d.note("#note", d.paragraph(*MARKUP), style="warn"),
        table(1, "=feuille[1]/a:b?*", "=1+1", columns, [row("*groupe*", kind="group"), *cells], notes=MARKUP[:3]),
        table(2, "=FEUILLE[1]/a:b?*", "@même nom", columns, cells[:1]),
        figure(1, "f", "$titre$", "*sous*", map_svg(), "#alt", notes=MARKUP[:2]),
    ]
    return {
        **document(blocks),
        "org": "#org",
        "header": "@org *x*",
        "footer": "= pied // x",
        "chips": ["#puce", "*2*"],
    }


def document(blocks: list[d.Block]) -> dict:
    """A document around blocks, with the head of the sample bulletin."""
    return {
        "schema": d.SCHEMA,
        "lang": "fr",
        "title": "Bulletin de protection",
        "subtitle": "Zone de Gao, juin 2017",
        "org": "Cluster Protection Mali",
        "chips": ["Brouillon", "Exemple"],
        "header": "Cluster Protection · Mali",
        "footer": "Bulletin de protection · zone de Gao · juin 2017",
        "fixed_date": "2017-07-15",
        "blocks": blocks,
    }


def render_elsewhere(renderer: str, folder: Path) -> bytes:
    """The sample rendered by another process, in another folder, time zone, locale and hash seed."""
    out = folder / f"elsewhere.{renderer}"
    code = (
        "import sys, documents; from pathlib import Path; "
        f"from veille.render import {renderer}; {renderer}.render(documents.sample(), Path(sys.argv[1]))"
    )
    paths = [str(Path(veille.__file__).parents[1]), str(Path(__file__).parent)]
    surroundings = {
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "4242",
        "SOURCE_DATE_EPOCH": "1",
    }
    env = os.environ | surroundings | {"PYTHONPATH": os.pathsep.join(paths)}
    subprocess.run([sys.executable, "-c", code, str(out)], cwd=folder, env=env, check=True)
    return out.read_bytes()
