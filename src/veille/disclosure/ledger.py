"""The ledger: what each audience was ever given. Append-only, chained by hash, public facts only.

`data/processed/releases/<audience>/ledger.jsonl` holds one line per release or import, and a last line that counts them;
beside it, one folder each with the frozen safe tables. Lines are written in one canonical form, so that a changed byte
anywhere is found. Writing the file anew under its name is the one commit point: before it, nothing was released.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import BadData, DisclosureRefused
from ..indicators.registry import Measure, declared
from ..periods import parse
from ..project import Project
from .safe import AUDIENCES, Address, Fact, SafeTables

FILE, FACTS = "ledger.jsonl", "facts.csv"
START = "0" * 64
COLUMNS = ("key", "place", "period", "value")


@dataclass(frozen=True)
class Entry:
    """One line: a release of a data version, or what others had printed before (`kind` "import", release 0).

    `revised`: the periods that it opened again. `carried`: how its tables repeat older numbers. `seal`: sha256 of what its
    folder holds.
    """

    number: int
    kind: str
    day: str
    version: str
    document: str
    revised: tuple[str, ...]
    carried: tuple[Address, ...]
    folder: str
    seal: str
    previous: str

    def content(self) -> dict:
        """What is hashed."""
        return {
            "carried": [list(a) for a in self.carried],
            "day": self.day,
            "document": self.document,
            "folder": self.folder,
            "kind": self.kind,
            "number": self.number,
            "previous": self.previous,
            "revised": list(self.revised),
            "seal": self.seal,
            "version": self.version,
        }

    @property
    def hash(self) -> str:
        """sha256 of its content; the next line repeats it."""
        return hashlib.sha256(_canonical(self.content()).encode()).hexdigest()


@dataclass(frozen=True)
class Ledger:
    """All entries of one audience, checked, and the facts that they made public, oldest first."""

    audience: str
    entries: tuple[Entry, ...]
    facts: tuple[Fact, ...]

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return self.entries[-1].hash if self.entries else START

    @property
    def releases(self) -> list[Entry]:
        """The releases, oldest first; imports left out."""
        return [e for e in self.entries if e.kind == "release"]


def _canonical(content: dict) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _text(entries: tuple[Entry, ...]) -> str:
    lines = [_canonical({**e.content(), "hash": e.hash}) for e in entries]
    end = {"audience_entries": len(entries), "head": entries[-1].hash if entries else START}
    return "\n".join([*lines, _canonical(end)]) + "\n"


def _broken(path: Path, what: str) -> DisclosureRefused:
    return DisclosureRefused(
        f"Registre des diffusions altéré ({path.parent.name}/{path.name}) : {what}. Rien n’est publié.",
        "Reprenez le registre d’une sauvegarde, avec la personne qui a diffusé en dernier ; ne le corrigez pas à la main.",
    )


def read(project: Project, audience: str) -> Ledger:
    """The ledger of an audience, empty when nothing was released.

    Raises DisclosureRefused when a byte of it, or of what it froze, is not the one that was written.
    """
    path = project.releases(audience) / FILE
    if not path.exists():
        if path.parent.is_dir() and any(f.is_dir() and not f.name.startswith(".") for f in path.parent.iterdir()):
            raise _broken(path, "il manque, et des diffusions sont là")
        return Ledger(audience, (), ())
    entries: list[Entry] = []
    try:
        given = path.read_bytes().decode("utf-8")
        *lines, _ = given.split("\n")[:-1]
        for line in lines:
            content = json.loads(line)
            content.pop("hash")
            content["revised"] = tuple(content["revised"])
            content["carried"] = tuple((k, p, t) for k, p, t in content["carried"])
            entries.append(Entry(**content))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise _broken(path, "ligne illisible") from None
    # Written again from what was read, it must be the same: no byte is without meaning.
    if _text(tuple(entries)) != given:
        raise _broken(path, "une ligne n’est pas celle qui fut écrite")
    previous = START
    for number, entry in enumerate(entries, start=1):
        if entry.number != number or entry.previous != previous:
            raise _broken(path, f"la ligne {number} ne suit pas la précédente")
        previous = entry.hash
    facts: list[Fact] = []
    known: dict[Address, Fact] = {}
    for entry in entries:
        # A number counts as printed anew when it is new, its period was open, or others had printed another; else it repeats.
        for fact in _facts_of(project.releases(audience), entry, path):
            before = known.get(fact.address)
            other = before is not None and before.release == 0 and fact.value not in (None, before.value)
            if before is None or other or fact.address[2] in entry.revised and fact.address not in entry.carried:
                facts.append(fact)
                known[fact.address] = fact
    return Ledger(audience, tuple(entries), tuple(facts))


def _facts_of(root: Path, entry: Entry, path: Path) -> list[Fact]:
    folder = root / entry.folder
    sealed = folder / (FACTS if entry.kind == "import" else "candidate.json")
    try:
        content = sealed.read_bytes()
    except OSError:
        raise _broken(path, f"le dossier {entry.folder} manque") from None
    if hashlib.sha256(content).hexdigest() != entry.seal:
        raise _broken(path, f"le dossier {entry.folder} n’est pas celui qui fut figé")
    if entry.kind == "import":
        rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
        return [Fact((r["key"], r["place"], r["period"]), int(r["value"]), 0) for r in rows]
    try:
        tables = SafeTables.read(folder)
    except Exception:
        raise _broken(path, f"les tables de {entry.folder} ont changé") from None
    return [
        Fact((n.key, n.place, n.period), int(n.value) if n.is_shown else None, entry.number)
        for n in tables
        if isinstance(declared(n.key), Measure)
    ]


def _append(project: Project, ledger: Ledger, entry: Entry, draft: Path) -> None:
    """Put a folder in its place, then the ledger with one line more: the commit point."""
    root = project.releases(ledger.audience)
    target = root / entry.folder
    shutil.rmtree(target, ignore_errors=True)  # of a release that was interrupted before its commit point
    os.replace(draft, target)
    new = root / f".{FILE}.new"
    with open(new, "w", encoding="utf-8", newline="\n") as file:
        file.write(_text((*ledger.entries, entry)))
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, root / FILE)


def _draft(project: Project, audience: str) -> Path:
    root = project.releases(audience)
    root.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=".draft-", dir=root))


def freeze(project: Project, ledger: Ledger, candidate: Path, day: str) -> Entry:
    """Freeze a candidate as the next release of an audience. Whoever calls has checked that it may be.

    Raises DisclosureRefused when the candidate was judged against another past.
    """
    seal = candidate / "candidate.json"
    meta = json.loads(seal.read_text(encoding="utf-8"))
    if meta["audience"] != ledger.audience or meta["nature"] != "real" or meta["verdict"]["result"] != "pass":
        raise DisclosureRefused("Ce candidat ne peut pas être diffusé.", "Refaites-le : veille data.")
    if meta["ledger"] != ledger.head:
        raise DisclosureRefused(
            "Ce candidat a été jugé avant la dernière diffusion.", "Refaites-le (veille data), puis veille release."
        )
    number = len(ledger.entries) + 1
    draft = _draft(project, ledger.audience)
    try:
        shutil.copytree(candidate, draft, dirs_exist_ok=True)
        SafeTables.read(draft)
        entry = Entry(
            number,
            "release",
            day,
            meta["version"],
            "",
            tuple(meta["revised"]),
            tuple((k, p, t) for k, p, t in meta["carried"]),
            f"{number:04d}-{meta['version']}",
            hashlib.sha256(seal.read_bytes()).hexdigest(),
            ledger.head,
        )
        _append(project, ledger, entry, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return entry


def add_printed(project: Project, ledger: Ledger, path: Path, document: str, day: str) -> Entry:
    """Enter what others had printed before the ledger began, from a CSV file with the columns `COLUMNS`.

    Raises BadData for another header, an unknown key, or what is not a count; nothing is written then.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise BadData(f"{path.name} : fichier illisible.", "Un CSV en UTF-8 est attendu.") from None
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise BadData(f"{path.name} : colonnes attendues : {', '.join(COLUMNS)}.", "Corrigez l’en-tête.")
    seen: set[Address] = set()
    for line, row in enumerate(rows, start=2):
        address = (row["key"], row["place"], row["period"])
        if not isinstance(declared(row["key"]), Measure):
            raise BadData(f"{path.name}, ligne {line}, colonne key : clé non déclarée.", "Voyez docs/indicators.md.")
        if not (row["value"] or "").isdecimal() or not (row["value"] or "").isascii():
            raise BadData(f"{path.name}, ligne {line}, colonne value : un nombre entier est attendu.", "Corrigez-le.")
        if address in seen:
            raise BadData(f"{path.name}, ligne {line} : ce nombre y est déjà.", "Gardez une seule des deux lignes.")
        if row["period"].count("-") < 2:
            parse(row["period"])
        seen.add(address)
    if any(f.address in seen for f in ledger.facts):
        raise BadData(
            f"{path.name} : un de ces nombres est déjà au registre.",
            "N’importez que ce qui fut imprimé avant la première diffusion, une seule fois.",
        )
    number = len(ledger.entries) + 1
    draft = _draft(project, ledger.audience)
    try:
        with open(draft / FACTS, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(sorted([row[c] for c in COLUMNS] for row in rows))
        seal = hashlib.sha256((draft / FACTS).read_bytes()).hexdigest()
        folder = f"{number:04d}-imprime"
        entry = Entry(number, "import", day, "", document, (), (), folder, seal, ledger.head)
        _append(project, ledger, entry, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return entry


def of_all(project: Project) -> dict[str, Ledger]:
    """The ledger of each audience."""
    return {audience: read(project, audience) for audience in AUDIENCES}


def reopened(periods: set[str], last: str, now: str) -> frozenset[str]:
    """The periods that a release of the day `now` opens again: those whose quarter or year has ended since the last one."""
    out = set()
    for text in periods:
        if text.count("-") > 1:  # a stock of one day is never revised
            continue
        period = parse(text)
        quarter = f"{period.year}-Q{(period.first + 2) // 3}"
        ends = {parse(str(period.year)).end.isoformat()} | (
            {parse(quarter).end.isoformat()} if period.months < 12 else set()
        )
        if any(last <= end < now for end in ends):
            out.add(text)
    return frozenset(out)
