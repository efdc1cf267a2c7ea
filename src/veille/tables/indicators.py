"""What a value of an indicator must hold: an indicator of a frame, and a value of its unit."""

from __future__ import annotations

import math

import pandas as pd

from .. import periods
from ..codes import code_list
from ..errors import VeilleError
from ..products import PRODUCTS
from ..strategy.frames import Indicator, every_indicator, frame, nearest
from ..strategy.values import TOTAL


def _is_given(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _unit(one: Indicator, row: dict) -> tuple[str, str] | None:
    """What is wrong with the value of a row, and the remedy."""
    value, top, base = (row[name] for name in ("value", "numerator", "denominator"))
    if one.unit == "percent":
        if _is_given(value) and not 0 <= value <= 100:
            return "un pourcentage hors de 0 à 100", "Écrivez le pourcentage, ou son numérateur et son dénominateur."
        if _is_given(top) != _is_given(base):
            return "un numérateur sans dénominateur, ou l’inverse", "Donnez les deux, ou le pourcentage seul."
        if _is_given(top) and (top < 0 or base <= 0 or top > base):
            return "un numérateur plus grand que son dénominateur, ou un dénominateur nul", "Vérifiez les deux nombres."
        if _is_given(top) and _is_given(value) and abs(value - 100 * top / base) > 0.5:
            return "un pourcentage qui n’est pas celui du numérateur et du dénominateur", "Corrigez l’un des trois."
        return None
    if _is_given(top) or _is_given(base):
        return "un numérateur ou un dénominateur pour un indicateur qui n’est pas un pourcentage", "Laissez-les vides."
    if one.unit == "yes_no" and _is_given(value) and value not in (0, 1):
        return "une réponse autre que 1 (oui) ou 0 (non)", "Écrivez 1 ou 0."
    if _is_given(value) and (value < 0 or value != int(value)):
        return "un nombre négatif ou à virgule pour ce qui se compte", "Écrivez un nombre entier."
    return None


def _points_nowhere(proof: str | None) -> bool:
    """Whether a proof names a report of veille that cannot exist."""
    if not proof or not proof.startswith("rapport:"):
        return False
    product, area, period = proof.removeprefix("rapport:").strip().split("/")
    if product not in PRODUCTS:
        return True
    try:
        return periods.parse(period).kind not in PRODUCTS[product].kinds_for(area)
    except VeilleError:
        return True


def _parts(one: Indicator) -> tuple[str, ...]:
    """What a value may be of: the whole, or a part that the frame asks for."""
    return tuple(code_list("assistance_type")) if one.unit == "category" else (TOTAL, *one.parts)


def check(df: pd.DataFrame) -> list[tuple[str, str, list[int]]]:
    """The rows that do not hold: what is wrong, what to do, and their numbers. Each row once, by the first rule it breaks."""
    found: dict[tuple[str, str], list[int]] = {}
    known = every_indicator()
    for row in df.to_dict("records"):
        ident = row["indicator_id"]
        one = known.get(ident)
        if one is None:
            near = nearest(str(ident))
            what = "un indicateur qui n’est d’aucun cadre"
            problem = (
                what,
                f"Le plus proche : {near}." if near else "Les codes sont dans la liste déroulante du modèle.",
            )
        elif ident not in frame(row["frame"]).indicators:
            problem = ("un indicateur d’un autre cadre", "Choisissez le cadre de cet indicateur.")
        elif row["part"] not in (parts := _parts(one)):
            problem = ("une part que le cadre ne demande pas", f"Parts de cet indicateur : {', '.join(parts)}.")
        elif _points_nowhere(row["proof"]):
            problem = (
                "une preuve qui ne mène nulle part",
                "Écrivez rapport:produit/zone/période, document: titre et date, ou une adresse.",
            )
        else:
            problem = _unit(one, row)
        if problem:
            found.setdefault(problem, []).append(row["row"])
    return [(what, remedy, rows) for (what, remedy), rows in found.items()]
