"""`docs/indicators.md`, written from the registry: what each number means, and the query that counts it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..disclosure import rules
from .registry import DIFFERENCES, MEASURES, SHARES, key

LEVELS = {"cercle": "cercle", "region": "région", "area": "zone", "country": "pays"}
GRIDS = {
    "counts": "dans chaque cercle et mois couverts",
    "rows": "dans chaque cercle et mois couverts dont les fiches ont été reçues",
    "own": "là où le tableau a au moins un nombre : zéro déclaré",
    "": "jamais : une valeur absente n’a pas été reçue",
}


KINDS = {"day": "au jour", "month": "par mois", "quarter": "par trimestre", "year": "par année"}


def _where(levels: Mapping[str, tuple[str, ...]]) -> str:
    """« pays, par mois ; région, pays, par trimestre »."""
    return " ; ".join(f"{', '.join(LEVELS[level] for level in some)}, {KINDS[kind]}" for kind, some in levels.items())


def markdown(params: Path) -> str:
    """The catalogue of indicators, in French, in the order of the registry."""
    declared = rules.load(params).tables
    lines = [
        "# Indicateurs",
        "",
        "Écrit à partir du registre par `veille indicators` ; ne se modifie pas à la main. Un nombre ne peut être imprimé que s’il",
        "est déclaré ici. Son adresse est `clé@lieu@période` ; la colonne `table` de numbers.csv renvoie aux titres ci-dessous.",
    ]
    for m in MEASURES:
        breakdown = key(m.indicator, {name: "…" for name, _ in m.dimensions})
        lines += ["", f"## {m.name}", "", f"{m.meaning}.", "", f"- clé : `{breakdown}`, en {m.unit}"]
        lines += (
            [f"- ventilation : {', '.join(f'{name} (liste {codes})' for name, codes in m.dimensions)}"]
            if m.dimensions
            else []
        )
        lines += [
            f"- niveaux : {_where(declared[m.name].levels)} ; règles : `{declared[m.name].dataset}` de params/disclosure.yml"
        ]
        lines += [f"- zéro : {GRIDS[m.grid]}"]
        lines += [f"- à savoir : {m.caveat}"] if m.caveat else []
        lines += ["", "```sql", m.sql, "```"]
    lines += [
        "",
        "# Nombres dérivés",
        "",
        "Calculés après protection, à partir de nombres publiables seulement (règle R7).",
        "",
    ]
    for s in SHARES:
        name = key(s.indicator, dict.fromkeys(s.names, "…"))
        lines.append(f"- `{name}` ({s.name}) : {s.meaning}, en pour cent entiers.")
    lines += [f"- `{d.indicator}` ({d.name}) : {d.meaning}." for d in DIFFERENCES]
    return "\n".join(lines) + "\n"
