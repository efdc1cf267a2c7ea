"""Rows that partners type into the entry template of a canonical table: they come back as that table's rows."""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

from ..codes import mapping
from ..places import Place, gazetteer, resolve
from ..schemas import forms, template
from ..schemas.definitions import Column, Table, table
from ..sources.reading import Fault
from ..sources.registry import Received
from ..sources.snapshots import Snapshot
from . import indicators
from .built import Built, refuse_rows, store
from .contracts import breaches

# What a table's rows must hold beyond its contract: their frame -> the rows that break each rule, and what to do.
CHECKS: dict[str, Callable[[pd.DataFrame], list[tuple[str, str, list[int]]]]] = {"indicator_values": indicators.check}

# Columns that nobody is asked for, and what they follow from. The others stay blank until a later step writes them.
COMPUTED: dict[tuple[str, str], Callable[[pd.DataFrame], pd.Series]] = {
    ("incidents", "category"): lambda df: df["incident_type"].map(mapping("incident_type", "category")),
    ("coverage", "is_covered"): lambda df: df["communes_covered"].map(lambda n: n is not None and n > 0),
    ("coverage", "has_rows"): lambda df: pd.Series(True, index=df.index),
}
_DAYS = ("date", "datetime")


def _place(text: str, edition: str, spec: Column, listed: dict[str, object]) -> str | None:
    """A place as it was chosen from the list, or typed: its code in that edition, or its name. None when it is neither."""
    if text in listed:
        return str(listed[text])
    if text in listed.values() or Place(edition, text) in gazetteer():
        return text
    if re.fullmatch(r"[A-Z]{2}\d{6}", text) and re.search(spec.pattern, text):
        # A commune that the gazetteer does not list is told by the cercle in its code.
        return text if Place(edition, text[:6]) in gazetteer() else None
    levels = [level for level in (1, 2, 3) if any(len(str(c)) == 2 + 2 * level for c in listed.values())]
    found = {p.pcode for level in levels if (p := resolve(text, edition, level))}
    return found.pop() if len(found) == 1 else None


def _several(text: str, listed: dict[str, object]) -> str | None:
    """Choices parted by « ; » as codes parted by a space; None when one is not in the list."""
    codes = {str(c): str(c) for c in listed.values()} | {t: str(c) for t, c in listed.items()}
    chosen = [codes.get(part.strip()) for part in text.split(";") if part.strip()]
    return None if None in chosen else " ".join(sorted(set(chosen)))


def _read_cells(df: pd.DataFrame, owner: Table) -> dict[str, list[int]]:
    """Turn places and several choices into codes, in place; rule -> rows where a cell is neither."""
    wrong: dict[str, list[int]] = {}
    for name, spec in owner.asked.items():
        if (owner.name, name) == forms.INDICATOR:
            listed = template.entries(owner.name, name)
            df[name] = pd.Series([listed.get(text, text) for text in df[name]], index=df.index, dtype=object)
        if name not in forms.PLACES and spec.type != "codes":
            continue
        values: list[str | None] = []
        for row, text, edition in zip(
            df["row"], df[name], df["edition"] if "edition" in df else [""] * len(df), strict=True
        ):
            value = None
            if text is not None:
                listed = template.entries(owner.name, name, edition or "cod2015")
                value = _several(text, listed) if spec.type == "codes" else _place(text, edition or "", spec, listed)
                if value is None:
                    what = (
                        "choix hors de la liste" if spec.type == "codes" else "lieu inconnu dans l’édition de sa ligne"
                    )
                    wrong.setdefault(f"colonne {spec.label.fr} : {what}", []).append(row)
            values.append(value)
        df[name] = pd.Series(values, index=df.index, dtype=object)
    return wrong


def _text(value: object, spec: Column) -> object:
    if value is None or spec.type not in _DAYS:
        return value
    return value.isoformat(timespec="seconds") if spec.type == "datetime" else value.isoformat()


def build(received: Received, snapshot: Snapshot) -> Built:
    """The canonical table of a template: one row per row typed, exact repetitions once.

    Rows are refused, by rule, when a place or a choice is not of its list, when two rows have the same key and say
    different things, or when a rule of the table is broken.
    """
    owner = table(snapshot.source.removeprefix(forms.PREFIX))
    df = received.frame()
    wrong = _read_cells(df, owner)
    refused = [Fault(rule, "", "Choisissez dans la liste.", len(rows), tuple(rows)) for rule, rows in wrong.items()]
    df = df[~df["row"].isin({r for rows in wrong.values() for r in rows})].reset_index(drop=True)
    for rule, remedy, rows in CHECKS[owner.name](df) if owner.name in CHECKS else ():
        refused.append(Fault(rule, "", remedy, len(rows), tuple(rows)))
        df = df[~df["row"].isin(rows)].reset_index(drop=True)
    for name, spec in owner.kept.items():
        if spec.computed:
            make = COMPUTED.get((owner.name, name))
            df[name] = make(df).astype(object) if make else None
        df[name] = pd.Series([_text(v, spec) for v in df[name]], index=df.index, dtype=object)
    names = list(owner.kept)
    contents = df[names].apply(lambda r: tuple(None if v is None else str(v) for v in r), axis=1) if len(df) else []
    keys = df[list(owner.key)].apply(tuple, axis=1) if owner.key and len(df) else contents
    said: dict[tuple, set[tuple]] = {}
    for key, content in zip(keys, contents, strict=True):
        said.setdefault(key, set()).add(content)
    contradicts = pd.Series([len(said[key]) > 1 for key in keys], index=df.index, dtype=bool)
    if contradicts.any():
        rows = tuple(df["row"][contradicts])
        labels = ", ".join(owner.columns[c].label.fr for c in owner.key)
        refused.append(Fault(f"même clé ({labels}), contenus différents", "", "", len(rows), rows))
    agreed = df[~contradicts]
    once = agreed[~agreed.duplicated(names)]
    con = received.con
    store(con, owner.name, once, "entered", extra='CAST("row" AS BIGINT) AS row, CAST("n" AS BIGINT) AS n')
    refused += refuse_rows(con, "entered", "entered_good", breaches(owner.name))
    con.execute("ALTER TABLE entered_good DROP COLUMN row")
    return Built({owner.name: "entered_good"}, {"répétées mot pour mot": len(agreed) - len(once)}, tuple(refused))
