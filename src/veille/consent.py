"""Who agreed to what: the sharing protocol of GBV data, as this installation keeps it (`params/consent.yml`).

What is made of such data is read by an audience with the written agreement of every organisation that gave some (domain
1.5; docs/decisions/0021). Their names are for the inside: on the terminal of the officer, in no artefact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from .errors import BadData, ConsentMissing
from .project import Project
from .yamls import Twice, load_once

if TYPE_CHECKING:
    from .versions import Version

FILE = "consent.yml"
_WHAT = {"extra_forbidden": "clé inconnue", "missing": "il manque", "literal_error": "valeur inconnue"}


def _listed(given: object) -> object:
    """A list as a tuple; a key without a value is an empty list."""
    return () if given is None else tuple(given) if isinstance(given, list) else given


def _day(given: object) -> object:
    return date.fromisoformat(given) if isinstance(given, str) else given


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Agreement(_Closed):
    """One organisation (by the name of its series), who may read what is made of its data, and the last day of that."""

    organisation: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    audiences: Annotated[tuple[Literal["cluster", "public"], ...], BeforeValidator(_listed), Field(min_length=1)]
    until: Annotated[date, BeforeValidator(_day)]
    reference: Annotated[str, Field(min_length=1)]


class Protocol(_Closed):
    """What this installation is in the sharing protocol, and the agreements that it holds."""

    role: Literal["member", "consolidating"] = "member"
    agreements: Annotated[tuple[Agreement, ...], BeforeValidator(_listed)] = ()

    @field_validator("agreements")
    @classmethod
    def _once_each(cls, agreements: tuple[Agreement, ...]) -> tuple[Agreement, ...]:
        names = [a.organisation for a in agreements]
        for position, name in enumerate(names, start=1):
            if name in names[: position - 1]:
                raise ValueError(f"accord {position} : organisation déclarée deux fois")
        return agreements


def path(project: Project, nature: str) -> Path:
    """Where the agreements about the data of one nature are: the example brings its own."""
    return (project.params if nature == "real" else project.raw(nature)) / FILE


@lru_cache(maxsize=8)  # every report of a year asks
def _protocol(text: str) -> Protocol:
    given = load_once(text)
    return Protocol() if given is None else Protocol.model_validate(given)


def load(file: Path) -> Protocol:
    """The protocol as a file says it; a member without agreements when there is none.

    Raises BadData, with the place in the file, for an unknown key or audience, an impossible day, an organisation twice.
    """
    where = f"{file.parent.name}/{file.name}"
    if not file.is_file():
        return Protocol()
    try:
        return _protocol(file.read_text(encoding="utf-8"))
    except Twice as twice:
        raise BadData(f"{where} : déclaré deux fois ({twice}).", "Gardez une seule des deux.") from None
    except ValidationError as error:
        found = " ; ".join(_said(e) for e in error.errors()[:3])
        raise BadData(
            f"{where} : rôle ou accord invalide ({found}).",
            "Un accord : organisation (nom de sa série), audiences (cluster, public), until (2018-12-31), reference.",
        ) from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        raise BadData(f"{where} : fichier illisible.", "Vérifiez l’indentation et les guillemets.") from None


def _said(error: Mapping) -> str:
    """« agreements > 2 > until : valeur refusée »: the second agreement of the list."""
    names = [str(part + 1) if isinstance(part, int) else part for part in error["loc"]]
    place = " > ".join("".join(c for c in name if c.isprintable())[:40] for name in names) or "role, agreements"
    if error["type"] == "value_error" and error["loc"] == ("agreements",):
        return f"{place} > {error['ctx']['error']}"
    return f"{place} : {_WHAT.get(error['type'], 'valeur refusée')}"


def role(project: Project) -> str:
    """What this installation is in the sharing protocol: `member` or `consolidating`. Raises BadData (see `load`)."""
    return load(path(project, "real")).role


def missing(agreements: Iterable[Agreement], contributors: Iterable[str], audience: str, day: date) -> list[str]:
    """The organisations that gave data without an agreement for this audience that holds on this day, by name."""
    agreed = {a.organisation for a in agreements if audience in a.audiences and day <= a.until}
    return sorted(set(contributors) - agreed)


def require(
    version: Version, audience: str, contributors: Mapping[str, Iterable[str]], months: Collection[str] | None = None
) -> None:
    """Let an edition of these months pass (of every month, when None), or raise ConsentMissing.

    `contributors`: the organisations behind the GBV data, by month. Agreements must hold on the version's own day.
    """
    gave = {name for month, names in contributors.items() if months is None or month in months for name in names}
    if not gave:
        return
    file = path(version.project, version.nature)
    day = version.as_of or version.newest_received
    if without := missing(load(file).agreements, gave, audience, day):
        raise ConsentMissing(
            f"Données de VBG : il manque l’accord, valable le {day}, pour la diffusion « {audience} », de : {', '.join(without)}.",
            f"Obtenez-le par écrit et notez-le dans {file.parent.name}/{file.name}, ou retirez leurs dépôts. Ces noms restent à l’intérieur.",
        )
