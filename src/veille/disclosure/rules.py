"""The rules of `params/disclosure.yml`, validated: thresholds, finest place and audience per data set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import BadData

Audience = Literal["cluster", "public"]
LEVELS = ("cercle", "region", "area", "country")


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dataset(_Closed):
    """Rules of one data set. `plain_threshold` replaces `threshold` for tables without breakdown."""

    threshold: int = Field(ge=0)
    plain_threshold: int | None = Field(default=None, ge=0)
    finest: Literal["cercle", "region", "area", "country"]
    audiences: tuple[Audience, ...]


class Percent(_Closed):
    """R7: the smallest base of a published percentage."""

    min_base: int = Field(ge=1)


class Rules(_Closed):
    """All rules of one installation."""

    percent: Percent
    datasets: dict[str, Dataset]


def load(params: Path) -> Rules:
    """The rules in force. Raises BadData when the file has an unknown key, a missing one or an impossible value."""
    path = params / "disclosure.yml"
    try:
        return Rules.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        where = "; ".join(" > ".join(map(str, e["loc"])) for e in error.errors()[:3])
        raise BadData(
            f"{path.name} : règle invalide ({where}).",
            "Comparez à la version d’origine (git diff params/disclosure.yml).",
        ) from None
    except (OSError, yaml.YAMLError):
        raise BadData(
            f"{path.name} : fichier absent ou illisible.",
            "Remettez la version d’origine (git checkout params/disclosure.yml).",
        ) from None
