"""One definition per column of a safe number: what it is called, its HXL tag, what it holds.

Read by the data package of the safe tables and by the HXL row of the workbook's sheet of numbers. `numbers.csv` itself
keeps its plain contract: a header, then rows.
"""

from __future__ import annotations

# The columns of a safe table, in the order of `disclosure.safe.COLUMNS` (tested); `enum` of the states comes from there.
FIELDS: dict[str, dict] = {
    "key": {"title": "Clé", "hxl": "#indicator+code", "required": True, "description": "Indicateur, puis .dimension=code pour une ventilation."},
    "place": {"title": "Lieu", "hxl": "#geo+code", "required": True, "description": "Zone de params/places.yml, ou édition:P-code. Un P-code sans son édition ne désigne rien."},
    "period": {"title": "Période", "hxl": "#date", "required": True, "description": "Mois (2017-06), trimestre (2017-Q2), année (2017) ou jour."},
    "value": {"title": "Valeur", "hxl": "#indicator+value+num", "type": "number", "description": "Vide quand elle n’est pas reçue ou pas publiée ; vide n’est pas zéro."},
    "unit": {"title": "Unité", "hxl": "#indicator+unit", "description": "Ce qui est compté : incidents, people, percent…"},
    "status": {"title": "État", "hxl": "#status", "required": True, "description": "not_received : rien n’a été reçu ; not_published : masqué pour protéger les personnes."},
    "table": {"title": "Table", "hxl": "#meta+table", "required": True, "description": "Table déclarée dont vient le nombre (docs/indicators.md)."},
    "query": {"title": "Calcul", "hxl": "#meta+method", "description": "Mesure, part ou différence qui l’a produit."},
    "caveat": {"title": "À savoir", "hxl": "#meta+caveat", "description": "À reprendre avec le nombre."},
}  # fmt: skip

# What a page adds to a number: where it stands, its whole address (key@place@period), what a reader sees.
PRINTED: dict[str, str] = {
    "sheet": "#meta+sheet",
    "cell": "#meta+cell",
    "address": "#indicator+id",
    "value": FIELDS["value"]["hxl"],
    "display": "#indicator+value+text",
}
