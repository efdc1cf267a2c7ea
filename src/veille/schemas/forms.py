"""The entry template of a canonical table as a format received: its headers are the French labels of the columns."""

from __future__ import annotations

from ..errors import UnknownName
from . import definitions
from .definitions import Table, table

PREFIX = "template_"
# Written by veille itself, or by the people who decide: nobody sends them as a template.
# GBV comes as monthly tables that identify nobody (`gbv_tables`), never row by row.
NOT_SENT = (
    "datasets",
    "findings",
    "indicators",
    "places",
    "products",
    "published_figures",
    "population",
    "country_displacement",
    "gbv_aggregates",
    "gbv_incidents",
    "gbv_services",
    "incident_services",
)
DATA = "Données"  # the sheet that is filled in
PLACES = ("pcode", "region_pcode", "cercle_pcode", "commune_pcode")
INDICATOR = ("indicator_values", "indicator_id")  # its list is that of the frames
# What people call a template.
ALSO = {"indicators": "template_indicator_values"}
# The column by which a partner's file holds only its own months, or days: the newest file that speaks of one holds.
PERIODS = ("month", "quarter", "period", "reference_date")


def names() -> tuple[str, ...]:
    """Every template that may be received: `template_alerts`…"""
    return tuple(PREFIX + name for name in definitions.names() if name not in NOT_SENT)


def _column(owner: Table, name: str) -> dict[str, object]:
    spec = owner.asked[name]
    # Several choices in one cell stand apart by « ; », and places come with their name: the builder reads both.
    kind = "place" if spec.type == "codes" or name in PLACES or (owner.name, name) == INDICATOR else spec.type
    return {
        "to": name,
        "type": kind,
        "codes": spec.codes if kind == "code" else "",
        "required": spec.required,
        "also": [name],
    }


def given(name: str) -> dict[str, object]:
    """What a schema file would say of the template `name`. Raises UnknownName for a table that has none."""
    if name not in names():
        raise UnknownName("Modèle", name, names())
    owner = table(name.removeprefix(PREFIX))
    restricted = any(spec.sensitivity == "R" for spec in owner.asked.values())
    by = next((c for c in PERIODS if c in owner.asked), "")
    return {
        "table": owner.name,
        "sheet": DATA,
        "hxl": "optional",
        "family": "template",
        "per_partner": True,
        "newest_by": by,
        "key": list(owner.key),
        "papers": {
            "title": f"{owner.title.fr}, modèle de saisie",
            "sharing": "Usage interne du Cluster Protection ; agrégats seulement"
            if restricted
            else "Cluster Protection",
            "sensitivity": "restricted" if restricted else "public",
            "pcode_edition": "",
            "zero_means": "Zéro : la réponse est zéro. Une case vide : pas de réponse. Une ligne absente : rien n’est dit.",
        },
        "columns": {owner.asked[c].label.fr: _column(owner, c) for c in owner.asked},
    }
