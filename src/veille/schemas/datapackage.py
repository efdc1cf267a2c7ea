"""`datapackage.json`: what the tables of a folder of safe tables are, for any tool that reads Data Packages."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath

from ..disclosure.safe import COLUMNS, STATUSES
from ..errors import BuildFailed
from .numbers import FIELDS


def _field(name: str) -> dict:
    given = FIELDS[name]
    constraints = {"required": True} if given.get("required") else {}
    if name == "status":
        constraints["enum"] = list(STATUSES)
    return {
        "name": name,
        "type": given.get("type", "string"),
        "title": given["title"],
        "description": given["description"],
        "hxl": given["hxl"],
        **({"constraints": constraints} if constraints else {}),
    }


def _resource(path: str, content: bytes) -> dict:
    return {
        "name": PurePosixPath(path).stem,
        "type": "table",
        "path": path,
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


def describe(meta: dict, tables: dict[str, bytes]) -> dict:
    """The data package of a folder of safe tables: its version, nature and audience, and one resource per table.

    `meta` is what the candidate says of itself, `tables` the bytes of each CSV by its path in the folder; nothing else
    decides the package. Raises BuildFailed when there is no table: a package of nothing is not one.
    """
    if not tables:
        raise BuildFailed("Ce dossier ne contient aucune table sûre.", "Refaites-les : veille data.")
    version, nature, audience = meta["version"], meta["nature"], meta["audience"]
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
        "resources": [_resource(path, content) for path, content in sorted(tables.items())],
    }
