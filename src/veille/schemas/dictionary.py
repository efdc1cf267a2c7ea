"""`docs/dictionary.md`, written from the definitions: every column, its class, its list, and the lists themselves."""

from __future__ import annotations

from importlib.resources import files

from ..yamls import load
from .definitions import Column, Table, tables

TYPES = {
    "text": "texte",
    "int": "entier",
    "decimal": "nombre",
    "date": "date",
    "month": "mois",
    "quarter": "trimestre",
    "datetime": "date et heure",
    "yes_no": "oui/non",
    "code": "code",
    "codes": "codes",
}
UNITS = {
    "people": "personnes",
    "incidents": "incidents",
    "households": "ménages",
    "communes": "communes",
    "organisations": "organisations",
    "facilities": "structures",
    "violations": "violations",
    "villages": "villages",
    "items": "engins",
    "m2": "m²",
    "usd": "USD",
    "percent": "pour cent",
}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _type(column: Column) -> str:
    words = [TYPES[column.type]]
    words += [f"[{column.codes}](#liste-{column.codes})"] if column.codes else []
    words += [f"en {UNITS[column.unit]}"] if column.unit else []
    return " ".join(words)


def _rule(column: Column) -> str:
    """Required, bounds, form: what a value must be."""
    if column.refused:
        return "refusée"
    parts = ["obligatoire"] if column.required else []
    parts += [f"≥ {column.min}"] if column.min is not None else []
    parts += ["pas dans le futur"] if column.max == "today" else []
    parts += [f"≤ {column.max}"] if isinstance(column.max, int) else []
    parts += [f"`{_cell(column.pattern)}`"] if column.pattern else []
    parts += ["calculée"] if column.computed else []
    return ", ".join(parts)


def _section(table: Table) -> list[str]:
    model = f" ; modèle de données : `{table.data_model}`" if table.data_model else ""
    key = ", ".join(f"`{c}`" for c in table.key) or "aucune"
    lines = ["", f"## {table.name}", "", f"{table.title.fr}. Une ligne : {table.row.fr}.", ""]
    lines += [f"Clé : {key}{model}.", ""]
    lines += ["| colonne | libellé | type | règle | classe | HXL | à savoir |", "|---|---|---|---|---|---|---|"]
    for name, c in table.columns.items():
        help_ = _cell(c.help.fr) if c.help else ""
        lines.append(
            f"| `{name}` | {_cell(c.label.fr)} | {_type(c)} | {_rule(c)} | {c.sensitivity} | `{c.hxl}` | {help_} |"
        )
    lines += ["", *(f"- {rule.message.fr}" for rule in table.rules)] if table.rules else []
    if table.left_out:
        lines += ["", "Du modèle de données, non repris ici :", ""]
        lines += [f"- `{column}` : {reason}" for column, reason in table.left_out.items()]
    return lines


def _list(name: str) -> list[str]:
    given = load(files("veille.codes").joinpath(f"{name}.yml").read_text(encoding="utf-8"))
    lines = ["", f"### Liste {name}", "", f"Version {given['version']}. {given['source']}.", ""]
    attributes = [
        a for a in ("version", "letter", "category", "incident_type") if any(a in e for e in given["codes"].values())
    ]
    heads = {"version": "génération", "letter": "lettre", "category": "catégorie", "incident_type": "type harmonisé"}
    titles = ["code", "dans les formulaires", "français", "anglais", *(heads[a] for a in attributes)]
    lines += [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    for code, e in given["codes"].items():
        form = f"`{e['form']}`" if "form" in e else ""
        cells = [
            f"`{code}`",
            form,
            _cell(e["fr"]),
            _cell(e["en"]),
            *(f"`{e[a]}`" if a in e else "" for a in attributes),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def lists() -> list[str]:
    """Every code list of the package, by name."""
    return sorted(f.name[:-4] for f in files("veille.codes").iterdir() if f.name.endswith(".yml"))


def markdown() -> str:
    """The data dictionary, in French: the canonical tables, then the code lists."""
    lines = [
        "# Dictionnaire des données",
        "",
        "Écrit à partir de `src/veille/schemas/tables/` et de `src/veille/codes/` par `veille.schemas.dictionary` ; ne se",
        "modifie pas à la main. Classe P : peut être publiée. R : reste à l’intérieur, seuls ses agrégats sortent.",
        "I : identifie une personne ou une source ; la colonne n’est citée que pour dire qu’elle est refusée, jamais conservée.",
        "« Calculée » : déduite d’autres colonnes. Le contrat de chaque table est fait de ces règles, sauf « pas dans le futur »,",
        "qui se contrôle à la saisie.",
        "",
        f"{len(tables())} tables, {sum(len(t.columns) for t in tables().values())} colonnes, {len(lists())} listes.",
    ]  # fmt: skip
    for table in tables().values():
        lines += _section(table)
    lines += ["", "# Listes de codes"]
    for name in lists():
        lines += _list(name)
    return "\n".join(lines) + "\n"
