"""The evidence graph: claim -> number -> report -> data version. What was revised since, or is gone, is said.

A cited number is looked up twice: in the report as it was cited, and in the data version of today. Where nothing but
the build of the report changed, nothing is flagged.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ..disclosure.safe import SafeTables
from ..errors import BadData
from ..project import Project
from .decided import Cited, Finding, Register

# What may be said of a cited number.
SOUND, REBUILT, REVISED, MISSING, WITHHELD = "sound", "rebuilt", "revised", "missing", "withheld"
FLAGGED = (REVISED, MISSING)
SHORT = 12  # digits of a sha256 that people copy


@dataclass(frozen=True)
class Report:
    """A report that is there: its manifest's sha256, data version, what was received behind it, and every number that it prints."""

    name: str
    manifest: str
    version: str
    numbers: dict[str, str]  # address -> value
    displays: dict[str, str]
    received: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stood:
    """One cited number, and what became of it. `now`: what today's data version says, "" when it says nothing."""

    finding: str
    cited: Cited
    state: str
    now: str
    report: Report | None


def folder_of(project: Project, nature: str, report: str, audience: str) -> Path:
    """Where a report is, when it was built."""
    product, area, period = report.split("/")
    root = project.reports / "exemple" if nature == "example" else project.reports
    return root / product / area / (period + ("+public" if audience == "public" else ""))


def read(folder: Path, name: str) -> Report | None:
    """A built report, or None when it is not there (or not whole)."""
    try:
        content = (folder / "manifest.json").read_bytes()
        manifest = json.loads(content)
        with open(folder / "numbers.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError):
        return None
    where = [(f"{r['key']}@{r['place']}@{r['period']}", r) for r in rows]
    return Report(
        name,
        hashlib.sha256(content).hexdigest(),
        manifest["version"],
        {a: r["value"] for a, r in where},
        {a: r["display"] for a, r in where},
        tuple(sorted({_series(name) for name in manifest.get("inputs", {}) if name.startswith("data/")})),
    )


def _series(name: str) -> str:
    """The series, and the day, of a file received: « kobo_incidents », « amss_incidents/2026-11-21 »."""
    return "/".join(name.split("/")[2:4])


def _same(a: str, b: str) -> bool:
    try:
        return Decimal(a.replace("\u202f", "").replace(" ", "").replace(",", ".")) == Decimal(b)
    except InvalidOperation:
        return a == b


def _refuse(register: Register, cited: Cited, problem: str, remedy: str) -> BadData:
    return BadData(f"{register.name}, ligne {cited.line} : {problem}.", remedy)


def _check(
    register: Register, finding: Finding, cited: Cited, report: Report | None, safe: SafeTables, audience: str
) -> Stood:
    now = safe.get(cited.key, cited.place, cited.period)
    value = now.value if now.is_shown else ""
    is_unread = report is None or not report.numbers.get(cited.address)
    # Findings are written with the members' edition in view: what the public does not read is no fault of theirs.
    if is_unread and (now.status == "not_published" or (audience == "public" and report is not None)):
        return Stood(finding.id, cited, WITHHELD, "", report)
    if report is None:
        return Stood(finding.id, cited, MISSING, value, None)
    is_the_cited = not cited.manifest or report.manifest.startswith(cited.manifest)
    if is_the_cited:
        if cited.version and cited.version != report.version:
            raise _refuse(
                register,
                cited,
                "le nombre est cité d’une autre version des données que celle de ce rapport",
                "Reprenez la version (version) dans manifest.json du rapport que vous avez lu.",
            )
        if cited.address not in report.numbers:
            raise _refuse(
                register,
                cited,
                "le rapport cité n’imprime pas ce nombre",
                "Reprenez key, place et period d’une ligne de son numbers.csv.",
            )
        if not _same(cited.value, report.numbers[cited.address]):
            if cited.manifest:
                raise _refuse(
                    register,
                    cited,
                    "la valeur citée n’est pas celle que ce rapport imprime",
                    "Recopiez la valeur (colonne value) de numbers.csv.",
                )
            return Stood(finding.id, cited, REVISED, value or report.numbers[cited.address], report)
    if not _same(cited.value, value):
        return Stood(finding.id, cited, REVISED, value, report)
    return Stood(finding.id, cited, SOUND if is_the_cited else REBUILT, value, report)


def graph(
    project: Project,
    nature: str,
    audience: str,
    register: Register,
    safe: SafeTables,
    *,
    make: Callable[[str], None] | None = None,
) -> list[Stood]:
    """Every cited number of a register, and what became of it, in the order of the findings.

    `make` builds a report that is not there, and of which no build was cited. Raises BadData, with the line, where a
    number is not in the report that is cited, or is of another version.
    """
    reports: dict[str, Report | None] = {}
    out = []
    for finding in register.findings:
        for cited in finding.numbers:
            if cited.report not in reports:
                folder = folder_of(project, nature, cited.report, audience)
                found = read(folder, cited.report)
                if found is None and make and not any(c.manifest for c in _all(register) if c.report == cited.report):
                    make(cited.report)
                    found = read(folder, cited.report)
                reports[cited.report] = found
            out.append(_check(register, finding, cited, reports[cited.report], safe, audience))
    return out


def _all(register: Register) -> Iterable[Cited]:
    return (c for f in register.findings for c in f.numbers)


def reports(stood: Iterable[Stood]) -> list[Report]:
    """The reports that a register stands on, each once."""
    return list({s.report.name: s.report for s in stood if s.report}.values())


def read_for(project: Project, nature: str, audience: str, register: Register) -> list[Path]:
    """What is read of the reports that a register cites, where they are there: the manifest, and the numbers printed."""
    names = dict.fromkeys(c.report for c in _all(register))
    folders = [folder_of(project, nature, name, audience) for name in names]
    found = [folder / name for folder in folders for name in ("manifest.json", "numbers.csv")]
    return [path for path in found if path.is_file()]


WORDS = {
    SOUND: "confirmé",
    REBUILT: "confirmé, rapport refait depuis",
    REVISED: "RÉVISÉ DEPUIS",
    MISSING: "RAPPORT ABSENT",
    WITHHELD: "non publié dans cette édition",
}


def lines(stood: Iterable[Stood]) -> list[str]:
    """One line per cited number: finding, state, report, key, and the data version; then how many no longer hold."""
    stood = list(stood)
    out = [
        f"{s.finding:<8} {WORDS[s.state]:<32} {s.cited.report:<24} {s.cited.key}"
        + (f"  version {s.report.version}, manifeste {s.report.manifest[:SHORT]}" if s.report else "")
        for s in stood
    ]
    for r in reports(stood):
        out.append(f"{r.name} · version {r.version} · dépôts : {', '.join(r.received) or 'non dits'}")
    flagged = len({s.finding for s in stood if s.state in FLAGGED})
    return [*out, f"{len(stood)} nombres cités ; constats à revoir : {flagged}."]
