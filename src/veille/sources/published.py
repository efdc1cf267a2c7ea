"""Figures that others have printed: kept with the literal text and the document, never recomputed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import yaml

from ..errors import BadData
from ..yamls import load
from . import reading

COLUMNS = ["figure_id", "value", "unit", "start_date", "end_date", "area", "printed", "document"]


def read_figures(path: Path) -> pd.DataFrame:
    """The figures printed in the cluster's documents; one row per figure, columns `COLUMNS`.

    `value` is None where the document says that there is no information.
    """
    try:
        given = load(path.read_text(encoding="utf-8"))
        rows = [
            (
                f["id"],
                f["value"],
                f["unit"],
                date.fromisoformat(f["period"][0]),
                date.fromisoformat(f["period"][1]) if f["period"][1] else None,
                f["area"],
                f["printed"],
                given["documents"][f["document"]],
            )
            for f in given["figures"]
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        raise BadData(
            f"{path.name} : fichier de chiffres imprimés illisible.", "Comparez-le à sa version d’origine."
        ) from None
    return pd.DataFrame(rows, columns=COLUMNS, dtype=object)


def read_gbv_totals(path: Path) -> pd.DataFrame:
    """Published totals of reported GBV cases; same columns. The id holds the indicator and its period."""
    df = reading.read_frame(path, "gbv_published")
    return pd.DataFrame(
        {
            "figure_id": [
                f"{i}-{s:%Y%m}-{e:%Y%m}"
                for i, s, e in zip(df["indicator"], df["start_date"], df["end_date"], strict=True)
            ],
            "value": df["value"],
            "unit": df["unit"],
            "start_date": df["start_date"],
            "end_date": df["end_date"],
            "area": "Mali",
            "printed": df["value"].astype(str),
            "document": df["printed_in"],
        },
        dtype=object,
    )
