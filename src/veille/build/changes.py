"""What a finished report was made from, and what of it has changed since (docs/decisions/0028-only-what-changed.md).

Beside each report, in the work folder: its parameters, the texts and names it was given, cells, code, packages, and every
question that the page asked of the safe tables, with a digest of the answer. No value is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .. import asked
from ..asked import Question
from ..digests import sha256
from ..disclosure.safe import SafeTables
from ..project import Project
from . import code, packet, stage
from .stage import Plan

FORMAT = 1
_NAMED = 4  # of a list of changes, those that are named
# The names of a question's answer, for a person.
_KINDS = {
    "number": "nombre",
    "periods": "périodes reçues de",
    "shows": "table imprimée ou non :",
    "records": "relevé",
    "recommendations": "recommandations",
    "printed_before": "imprimé auparavant de",
    "falls_back": "repli de",
    "sources": "sources",
}


def path_of(plan: Plan) -> Path:
    """Where what is known of a report is kept: below the work folder, as the report stands below `reports/`."""
    return plan.project.work / "made" / plan.target.relative_to(plan.project.reports).with_suffix(".json")


def _sha256(path: Path) -> str:
    return sha256(path) if path.is_file() else ""


def made_by(plan: Plan, engine: str, around: Mapping[str, object] | None = None) -> dict[str, object]:
    """What makes a report, besides its data; `around` is `environment(…)` where that is known."""
    files = {
        "params/places.yml": plan.project.params / "places.yml",
        "params/contacts.yml": plan.project.params / "contacts.yml",
        f"params/texts/{'/'.join(plan.text_path.parts[-3:])}": plan.text_path,
    }
    return {
        "parameters": {**plan.parameters, "nature": plan.version.nature, "engine": engine},
        "texts": {name: _sha256(path) for name, path in files.items()},
        "cells": code.cells(plan.project.notebooks / plan.product.notebook),
        **(around or environment(plan.project)),
    }


def environment(project: Project) -> dict[str, dict[str, str]]:
    """The code and the packages that every report is made by."""
    return {
        "code": code.digests(project.work),
        "packages": {
            **packet.locked_versions(project.root),
            "python": f"{platform.python_version()} {platform.system()} {platform.machine()}",
        },
    }


@lru_cache(maxsize=8)
def _sealed(folder: Path, day: int) -> dict:
    """What a sealed folder says of itself."""
    return json.loads((folder / "candidate.json").read_text(encoding="utf-8"))


def _meta(plan: Plan) -> dict:
    return _sealed(plan.safe, (plan.safe / "candidate.json").stat().st_mtime_ns)


def _data(plan: Plan, names: list[str]) -> dict[str, str]:
    """A digest of each file of the safe tables that a report has read; of all that goes in, for one about a frame."""
    meta = _meta(plan)
    if plan.product.frames:
        return {asked.ABOUT: meta["seal"], **{name: _sha256(plan.project.root / name) for name in names}}
    special = {
        asked.ABOUT: lambda: asked.digest(SafeTables((), meta, {}), ("about",)),
        asked.ALL: lambda: _digest_of(meta["files"]),
    }
    return {name: special[name]() if name in special else meta["files"].get(name, "") for name in names}


def _digest_of(part: object) -> str:
    return hashlib.sha256(json.dumps(part, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Asked:
    """What a page asked of its safe tables: the files that hold the answers, and each question with a digest of its own."""

    names: list[str]
    answers: list[list[str]]


def answered(safe: SafeTables, questions: Path) -> Asked:
    """What a page asked, from what its kernel has noted."""
    lines = questions.read_text(encoding="utf-8").splitlines() if questions.is_file() else []
    every: list[Question] = [tuple(json.loads(line)) for line in lines]
    return Asked(asked.files_of(safe, every), [[*q, asked.digest(safe, q)] for q in every])


def record(plan: Plan, by: Mapping[str, object], found: Asked) -> Callable[[], None]:
    """Work out what a report was made from; call what is returned once the report is in its place."""
    names = found.names
    if plan.product.frames:  # of all tables, with what people wrote: they say which reports are cited
        names = [p.relative_to(plan.project.root).as_posix() for p in stage.written_about_frame(plan)]
    data = _data(plan, names)

    def write() -> None:
        outputs = {p.name: _stamp(p) for p in sorted(plan.target.iterdir())}
        head = {"format": FORMAT, "by": _digest_of(by), "names": names, "data": data, "outputs": outputs}
        _write(path_of(plan), head, {"by": by, "answers": found.answers})

    return write


def _write(path: Path, head: dict, rest: dict) -> None:
    lines = (json.dumps(part, ensure_ascii=False, sort_keys=True) for part in (head, rest))
    packet.replace_text(path, "\n".join(lines) + "\n")


def _stamp(path: Path | str) -> list[int]:
    """What changes whenever a file is written: compared for being the same, never for being older."""
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns]


def since(plan: Plan, engine: str = "veille", around: Mapping[str, object] | None = None) -> list[str]:
    """What has changed since a report was made, in French, one line each; nothing when it is what would be made again.

    Of the data, only the answers that the page was given count. Raises BuildFailed for a notebook that cannot be read.
    """
    path = path_of(plan)
    try:
        with open(path, encoding="utf-8") as file:
            head, rest = json.loads(file.readline()), file.readline()
        if head["format"] != FORMAT:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        return ["jamais construit ici" if not plan.target.is_dir() else "construit sans que ses entrées soient notées"]
    folder = str(plan.target)
    out = [f"fichier : {name} manque ou a été modifié" for name, stamp in head["outputs"].items() if not _is(f"{folder}/{name}", stamp)]  # fmt: skip
    by = made_by(plan, engine, around)
    if _digest_of(by) != head["by"]:
        out += _differences(by, json.loads(rest)["by"], plan)
    data = _data(plan, head["names"])
    if data != head["data"]:
        known = json.loads(rest)
        safe = stage.tables(plan)
        changed = [tuple(q) for *q, then in known["answers"] if asked.digest(safe, tuple(q)) != then]
        out += _of_data(changed)
        if not changed:  # the next look is a quick one again
            _write(path, head | {"data": data}, known)
    return out


def _is(path: str, stamp: list[int]) -> bool:
    with suppress(OSError):
        return _stamp(path) == stamp
    return False


def _differences(now: dict, then: dict, plan: Plan) -> list[str]:
    out = []
    for part, word in (("parameters", "paramètre"), ("texts", "texte"), ("code", "code")):
        names = [n for n in sorted(now[part].keys() | then[part].keys()) if now[part].get(n) != then[part].get(n)]
        if names:
            out.append(f"{word} : {_some(names)}")
    if now["cells"] != then["cells"]:
        pairs = list(zip(now["cells"], then["cells"], strict=False))
        numbers = [str(n) for n, (a, b) in enumerate(pairs, 1) if a != b]
        said = f"cellule {_some(numbers)}" if numbers else "des cellules en plus ou en moins"
        if len(now["cells"]) != len(then["cells"]):
            said = "des cellules en plus ou en moins"
        out.append(f"carnet {plan.product.notebook} : {said}")
    for name in sorted(now["packages"].keys() | then["packages"].keys()):
        a, b = (side["packages"].get(name, "absent") for side in (then, now))
        if a != b:
            out.append(f"paquet : {name} {a} → {b}")
    return out


def _some(names: list[str]) -> str:
    """« a, b, c, d et 3 autres »."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" et {more} autre{'s' if more > 1 else ''}" if more > 0 else "")


def _of_data(changed: list[Question]) -> list[str]:
    """One line per table: how many answers are others, and which."""
    by_table: dict[str, list[str]] = {}
    for question in changed:
        kind, about = question[0], question[1:]
        name = asked.table_of(question) or _KINDS[kind]
        said = (
            " · ".join(about) if kind in ("number", "printed_before") else f"{_KINDS[kind]} {' · '.join(about)}".strip()
        )
        by_table.setdefault(name, []).append(said)
    return [f"données : {name}, {len(some)} ligne{'s' if len(some) > 1 else ''} ({_some(some)})" for name, some in sorted(by_table.items())]  # fmt: skip
