"""`datapackage.json`: what the tables of a folder of safe tables are, for any tool that reads Data Packages."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ..disclosure.safe import COLUMNS, STATUSES
from ..errors import BuildFailed

FILE = "datapackage.json"

# One definition per column of a safe table; the order is that of `safe.COLUMNS` (tested).
FIELDS: dict[str, dict] = {
    "key": {"title": "Clé", "hxl": "#indicator+code", "required": True, "description": "Indicateur, puis .dimension=code pour une ventilation."},
    "place": {"title": "Lieu", "hxl": "#geo+code", "required": True, "description": "Zone de params/places.yml, ou édition:P-code. Un P-code sans son édition ne désigne rien."},
    "period": {"title": "Période", "hxl": "#date", "required": True, "description": "Mois (2017-06), trimestre (2017-Q2), année (2017) ou jour."},
    "value": {"title": "Valeur", "hxl": "#indicator+value+num", "type": "number", "description": "Vide quand elle n’est pas reçue ou pas publiée ; vide n’est pas zéro."},
    "unit": {"title": "Unité", "hxl": "#indicator+unit", "description": "Ce qui est compté : incidents, people, percent…"},
    "status": {"title": "État", "hxl": "#status", "required": True, "enum": list(STATUSES), "description": "not_received : rien n’a été reçu ; not_published : masqué pour protéger les personnes."},
    "table": {"title": "Table", "hxl": "#meta+table", "required": True, "description": "Table déclarée dont vient le nombre (docs/indicators.md)."},
    "query": {"title": "Calcul", "hxl": "#meta+method", "description": "Mesure, part ou différence qui l’a produit."},
    "caveat": {"title": "À savoir", "hxl": "#meta+caveat", "description": "À reprendre avec le nombre."},
}  # fmt: skip


def _field(name: str) -> dict:
    given = FIELDS[name]
    constraints = {k: given[k] for k in ("required", "enum") if k in given}
    return {
        "name": name,
        "type": given.get("type", "string"),
        "title": given["title"],
        "description": given["description"],
        "hxl": given["hxl"],
        **({"constraints": constraints} if constraints else {}),
    }


def _resource(path: Path) -> dict:
    content = path.read_bytes()
    return {
        "name": path.stem,
        "type": "table",
        "path": f"tables/{path.name}",
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True, "header": True},
        "schema": {
            "fields": [_field(name) for name in COLUMNS],
            "missingValues": [""],
            "primaryKey": ["key", "place", "period"],
        },
    }


def describe(folder: Path) -> dict:
    """The data package of a folder of safe tables: its version, nature and audience, and one resource per table.

    Nothing but the folder decides it. Raises BuildFailed when the folder holds no safe table.
    """
    try:
        meta = json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
        version, nature, audience = meta["version"], meta["nature"], meta["audience"]
    except (OSError, ValueError, KeyError):
        raise BuildFailed("Ce dossier n’est pas un dossier de tables sûres.", "Refaites-les : veille data.") from None
    paths = sorted((folder / "tables").glob("*.csv"))
    if not paths:
        raise BuildFailed("Ce dossier ne contient aucune table sûre.", "Refaites-les : veille data.")
    example = nature != "real"
    return {
        "name": f"veille-{audience}-{version}",
        "title": f"{'EXEMPLE SYNTHÉTIQUE. ' if example else ''}Tables sûres de veille, édition {audience}, version {version}",
        "description": "Nombres qui ont passé les règles de protection. Chacun se cite avec son état et sa mention « à savoir »."
        + (" Données inventées : à ne pas citer." if example else ""),
        "version": version,
        "profile": "data-package",
        "keywords": ["Mali", "protection", nature, audience],
        "sources": [
            {"title": s["title"], **({"description": s["covers"]} if isinstance(s.get("covers"), str) else {})}
            for s in meta.get("sources", [])
        ],
        "resources": [_resource(path) for path in paths],
    }
