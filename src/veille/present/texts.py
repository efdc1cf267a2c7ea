"""What people write: their sections, with numbers taken from the safe tables, or the box that waits for them."""

from __future__ import annotations

from ..errors import BadData
from ..published import Edition
from ..render.document import Block, Run, Runs, const, typography
from ..texts import is_unwritten
from .parts import to_write
from .shown import Shown
from .words import num


def _run(edition: Edition, run: dict, file: str) -> Run:
    """One run of what people wrote; `file` is what an error calls their file."""
    if run["t"] == "text":
        return {"t": "text", "s": typography(run["s"])}
    if run["t"] == "quoted":
        return {
            "t": "em",
            "runs": [const(f"quoted:{run['s']}", run["s"]), {"t": "text", "s": f" ({typography(run['source'])})"}],
        }
    if run["t"] != "key":
        return {**run, "runs": [_run(edition, r, file) for r in run["runs"]]}
    name, *where = run["key"].split("@")
    found = edition.number(name, *where)
    if found.status == "not_received":
        raise BadData(
            f"{file}, ligne {run['line']} : la clé demandée n’existe pas ou n’a pas été reçue pour ce rapport.",
            "Prenez une clé de numbers.csv (clé, ou clé@lieu@période).",
        )
    return num(found)


def _runs(edition: Edition, runs: list[dict]) -> Runs:
    return [_run(edition, r, edition.texts.name) for r in runs]


def read_runs(edition: Edition, found: list[dict]) -> Runs:
    """The runs of a finding or a judgement, with its numbers taken from the safe tables."""
    return [_run(edition, run, "Constats") for run in found]


def _block(edition: Edition, block: dict) -> Block:
    if block["kind"] == "paragraph":
        return {"kind": "paragraph", "runs": _runs(edition, block["runs"])}
    return {**block, "items": [_runs(edition, item) for item in block["items"]]}


def written(edition: Edition, section: str, heading: str) -> Shown:
    """One section that people write; « À rédiger » while nobody has."""
    blocks = edition.texts.sections.get(section, []) if edition.texts else []
    if is_unwritten(blocks):
        return Shown(to_write(heading))
    return Shown(*(_block(edition, b) for b in blocks))
