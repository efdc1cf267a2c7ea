"""Data versions: which snapshots make one, its id, and the candidate of safe tables made from it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from .digests import together
from .errors import BadData, BadParameter
from .project import PACKAGE, Project
from .sources import snapshots
from .sources.snapshots import Snapshot

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from .disclosure import judge, ledger
    from .disclosure.safe import Address, SafeNumber
    from .disclosure.system import Past
    from .sources.balance import Balance
    from .strategy.values import Given

# What decides a number besides the snapshots: a change in any of these is another data version.
CODE = (
    "sources",
    "tables",
    "indicators",
    "disclosure",
    "codes",
    "gazetteer",
    "schemas",
    "frames",
    "strategy/frames.py",
    "strategy/values.py",
    "strategy/spans.py",
    "strategy/computed.py",
    "places.py",
    "periods.py",
    "formats.py",
    "versions.py",
    "yamls.py",
)
RULES = ("places.yml", "disclosure.yml", "corrections.yml", "aliases.csv")
# What decides a canonical row: a change in any of these makes every part anew, a change elsewhere none.
CODE_OF_PARTS = tuple(
    name for name in CODE if name not in ("indicators", "disclosure", "formats.py", "versions.py", "strategy/spans.py")
)

# Sources of figures that others printed.
PRINTED = ("reference_figures", "gbv_published")

# Of the versions of a nature, how many keep their tables on disk: a command that has planned its reports still reads them.
KEPT = 4

Say = Callable[[str], None]


@dataclass(frozen=True)
class Version:
    """One cut of the data: snapshots of one nature received by `as_of` (the newest of all when None)."""

    project: Project
    nature: str
    as_of: date | None
    snapshots: tuple[Snapshot, ...]
    id: str

    @property
    def newest_received(self) -> date | None:
        """The last day on which something of this version arrived."""
        return max((s.received for s in self.snapshots if s.nature == self.nature), default=None)


def _files(root: Path) -> list[Path]:
    found = [root] if root.is_file() else [p for p in root.rglob("*") if p.is_file()]
    return sorted(p for p in found if p.suffix in {".py", ".yml", ".csv", ".geojson"})


def _digest_of_code(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in names:
        for path in _files(PACKAGE / name):
            digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _digest_of_rules(project: Project) -> str:
    digest = hashlib.sha256(_digest_of_code(CODE).encode())
    for name in RULES:
        path = project.params / name
        digest.update(name.encode() + b"\0" + (path.read_bytes() if path.is_file() else b"") + b"\0")
    return digest.hexdigest()


def current(project: Project, nature: str, as_of: date | None = None) -> Version:
    """The data version of one nature as of a day. It may hold no snapshot at all.

    Its id is the first 12 hex digits of a sha256 over the nature, the snapshots, the rules and the code that counts.
    """
    chosen = tuple(snapshots.newest(project, nature, as_of))
    if nature == "example" and chosen:
        # What others have printed is public, and no data: the example stands beside it too.
        chosen += tuple(s for s in snapshots.newest(project, "real", None) if s.source in PRINTED)
    parts = [nature, *(s.digest for s in chosen), _digest_of_rules(project)]
    return Version(project, nature, as_of, chosen, hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12])


def ensure_example(project: Project, say: Say) -> None:
    """Generate the example data when they are missing or were made by another generator."""
    from . import example

    root = project.raw("example")
    project.work.mkdir(exist_ok=True)
    with FileLock(project.work / "example.lock"):
        if not example.is_current(root):
            say("Données d’exemple : génération (une fois, quelques secondes)…")
            example.generate(root)


def _digest_of_part(snapshot: Snapshot, code: str) -> str:
    parts = [snapshot.nature, snapshot.digest, snapshot.decisions.digest, code]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _part(version: Version, snapshot: Snapshot, code: str, say: Say) -> tuple[Path, bool]:
    """The folder of the canonical rows that one snapshot gives, and whether they had to be made."""
    from .sources.reading import connection
    from .tables import build

    project = version.project
    folder = project.part(version.nature, snapshot.stream)
    target = folder / f"{snapshot.received}-{_digest_of_part(snapshot, code)}"
    if (target / "balance.json").is_file():
        return target, False
    say(f"Lecture de {snapshot.label}…")
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder))
    try:
        with connection(project.spill) as con:
            made = build.part(con, snapshot)
            for name, table in made.tables.items():
                con.execute(f"COPY {table} TO '{(draft / name).as_posix()}.parquet' (FORMAT parquet)")
        balance = json.dumps(made.balance.to_dict(), ensure_ascii=False, indent=1, sort_keys=True)
        (draft / "balance.json").write_text(balance + "\n", encoding="utf-8", newline="\n")
        shutil.rmtree(target, ignore_errors=True)
        os.replace(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for older in folder.glob(f"{snapshot.received}-*"):
        if older != target:
            shutil.rmtree(older, ignore_errors=True)
    return target, True


def balances(version: Version, say: Say = lambda line: None) -> dict[str, Balance]:
    """The balance of every snapshot of a version, by its label; made first where it is missing."""
    from .sources.balance import Balance

    code = _digest_of_code(CODE_OF_PARTS)
    out = {}
    for snapshot in version.snapshots:
        folder, _ = _part(version, snapshot, code, say)
        out[snapshot.label] = Balance.from_dict(json.loads((folder / "balance.json").read_text(encoding="utf-8")))
    return out


@dataclass(frozen=True)
class _Counted:
    """All counts of a version, what each organisation gave to each, and the canonical tables that pages print rows of.

    `contributors`: who gave GBV data, by month (restricted). `strategy`: values of the indicators of the frames.
    """

    cubes: pd.DataFrame
    behind: dict[Address, dict[str, int]]
    printed: dict[str, pd.DataFrame]
    contributors: dict[str, list[str]]
    strategy: list[Given]


def _count(version: Version, say: Say) -> _Counted:
    """Count a version. Its rows stay in files of their own."""
    import duckdb

    from .indicators.count import contributions, count, strategy
    from .sources.reading import connection
    from .tables import build, gbv

    code = _digest_of_code(CODE_OF_PARTS)
    folder = version.project.tables(version.nature, version.id)
    try:
        parts = []
        for snapshot in version.snapshots:
            made, _ = _part(version, snapshot, code, say)
            parts.append(
                (snapshot, {f.stem: f"read_parquet('{f.as_posix()}')" for f in sorted(made.glob("*.parquet"))})
            )
        say("Comptage : toutes les tables, tous les mois…")
        with connection(version.project.spill) as con:
            build.assemble(con, parts)
            _write_rows(con, folder, sorted({name for _, tables in parts for name in tables}))
            printed = {name: build.fetch(con, name) for name in ("recommendations", "published_figures")}
            counted = count(con, version.project.params)
            behind = contributions(con, version.project.params)
            return _Counted(counted, behind, printed, gbv.contributors(con), strategy(con))
    except duckdb.IOException as error:
        # DuckDB words a full disk in its own way.
        raise OSError(errno.ENOSPC, "no space left") from error
    finally:
        shutil.rmtree(version.project.spill, ignore_errors=True)


def _write_rows(con: duckdb.DuckDBPyConnection, folder: Path, names: list[str]) -> None:
    """Keep the canonical rows beside the candidate, as Parquet: restricted, git-ignored, never read by a notebook."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        for name in names:
            con.execute(f"COPY {name} TO '{(draft / name).as_posix()}.parquet' (FORMAT parquet)")
        os.replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _records(tables: dict) -> dict[str, list[dict]]:
    rows = tables["recommendations"].sort_values(["area", "issued_date", "recommendation_id"], kind="stable")
    return {
        "recommendations": [
            {k: v for k, v in row.items() if k != "recommendation_id"} for row in rows.to_dict("records")
        ]
    }


def _described(version: Version, balance: dict[str, Balance], audience: str) -> list[dict]:
    """What pages and manifests say of each source. Partners who each send their files are one source, and not named.

    The balance of a restricted source stays out of what is for the public, and its files have one sha256 together: their
    number would tell how many organisations sent one.
    """
    out = []
    for source in dict.fromkeys(s.source for s in version.snapshots):
        several = [s for s in version.snapshots if s.source == source]
        newest = max(several, key=lambda s: s.received)
        given = {
            "source": source,
            "title": newest.title,
            "producer": "Membres du Cluster Protection" if newest.partner else newest.producer,
            "covers": newest.covers,
            "received": newest.received.isoformat(),
            "sharing": newest.sharing,
            "zero_means": newest.zero_means,
            "sha256": _hashes(several),
        }
        if audience == "cluster" or newest.sensitivity == "public":
            sums = [balance[s.label].summary() for s in several]
            given["balance"] = {name: sum(one[name] for one in sums) for name in sums[0]}
        out.append(given)
    return out


def _hashes(several: list[Snapshot]) -> list[str]:
    each = [f.sha256 for s in several for f in s.files]
    return each if all(s.sensitivity == "public" for s in several) else [together(each)]


def _write_cubes(version: Version, counted: pd.DataFrame) -> None:
    """Keep the counts themselves: a later release is judged together with what this one hid (restricted)."""
    import duckdb

    target = version.project.cubes(version.nature, version.id)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    with duckdb.connect() as con:
        con.register("counted", counted)
        con.execute(f"COPY counted TO '{draft.as_posix()}' (FORMAT parquet)")
    os.replace(draft, target)


def _counted_before(project: Project, entry: ledger.Entry, say: Say) -> dict[tuple[str, str, str], int]:
    """All counts as they were at a release; counted again from the files of that day when they were not kept."""
    import duckdb

    path = project.cubes("real", entry.version)
    if not path.is_file():
        then = current(project, "real", date.fromisoformat(entry.day))
        _write_cubes(replace(then, id=entry.version), _count(then, say).cubes)
    with duckdb.connect() as con:
        rows = con.execute(f"SELECT key, place, period, value FROM read_parquet('{path.as_posix()}')").fetchall()
    return {(k, p, t): int(n) for k, p, t, n in rows}


def _history(version: Version, books: dict[str, ledger.Ledger], say: Say) -> dict[str, judge.History]:
    """What each audience was given before. Members read the public editions too."""
    from .disclosure import judge, ledger
    from .disclosure.system import Past, Print

    if version.nature != "real":
        return {}
    day = _day(version)
    counts = {e.version: _counted_before(version.project, e, say) for book in books.values() for e in book.releases}
    out = {}
    for audience, book in books.items():
        facts = list(book.facts)
        if audience == "cluster":
            mine = {f.address for f in facts if f.value is not None}
            facts += [f for f in books["public"].facts if f.release == 0 and f.address not in mine]
        version_of = {e.number: e.version for e in book.entries}
        prints: dict[tuple[str, str, str], list[Print]] = {}
        for fact in sorted(facts, key=lambda f: f.release):
            hidden = fact.value is None
            value = counts[version_of[fact.release]].get(fact.address) if hidden else fact.value
            if value is not None:
                prints.setdefault(fact.address, []).append(Print(fact.release, value, not hidden))
        last = max((e.day for e in book.releases), default="")
        revised = ledger.reopened({a[2] for a, p in prints.items() if p[-1].release}, last, day)
        past = Past({a: tuple(p) for a, p in prints.items()}, revised)
        out[audience] = judge.History([f for f in facts if f.address in prints], past)
    return out


def _printed_before(past: Past, numbers: list[SafeNumber]) -> dict[str, str]:
    """What an earlier release printed of the numbers that are another value now, by address: both are public (R8)."""
    out = {}
    for n in numbers:
        prints = past.prints.get((n.key, n.place, n.period), ())
        if prints and prints[-1].release and prints[-1].printed and n.is_shown and str(prints[-1].value) != n.value:
            out[n.address] = str(prints[-1].value)
    return out


def _day(version: Version) -> str:
    """The day that a version speaks of: its AS_OF, or the last day on which something of it arrived."""
    return (version.as_of or version.newest_received).isoformat()


def _write_protection(version: Version, audience: str, judged: judge.Judged, gave: dict[str, list[str]]) -> None:
    """Keep, for the inside, why each number is hidden and who gave GBV data, by month: restricted, git-ignored.

    Never read by a notebook.
    """
    target = version.project.protection(version.nature, version.id, audience)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = judged.protected
    rows = [[*address, why] for address, why in sorted(made.reasons.items())]
    content = {
        "hidden": rows,
        "withdrawn": sorted(made.withdrawn),
        "sensitive": judged.verdict.sensitive,
        "holds_off_the_rules": judged.holds_off_the_rules,
        "contributors": gave,
    }
    draft = target.with_suffix(".draft")
    draft.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    os.replace(draft, target)


def _make(version: Version, audiences: tuple[str, ...], say: Say) -> None:
    # Imported here: a build with nothing to count starts without pandas, DuckDB and pandera.
    from .disclosure import given, judge, ledger, protect, rules
    from .disclosure.safe import SafeTables
    from .places import areas
    from .schemas import datapackage
    from .strategy import spans

    project = version.project
    in_force = rules.load(project.params)
    counted = _count(version, say)
    balance = balances(version)
    say("Protection : tous les tableaux, toutes les zones, tous les mois ensemble, puis l’audit…")
    books = ledger.of_all(project) if version.nature == "real" else {}
    history = _history(version, books, say)
    judged = judge.judge(counted.cubes, in_force, areas(project.params), history=history, behind=counted.behind)
    _write_cubes(version, counted.cubes)
    for audience in audiences:
        target = project.candidate(version.nature, version.id, audience)
        numbers = judged[audience].numbers + protect.printed_elsewhere(counted.printed["published_figures"])
        numbers += given.indicator_numbers(spans.of(counted.strategy), in_force.datasets[given.PEOPLE], audience)
        _write_protection(version, audience, judged[audience], counted.contributors)
        meta = {
            "version": version.id,
            "nature": version.nature,
            "audience": audience,
            "received": version.newest_received.isoformat() if version.newest_received else "",
            "sources": _described(version, balance, audience),
            # What follows from it is public (R10); how many numbers are sensitive, or hidden, is not.
            "ledger": books[audience].head if books else ledger.START,
            "revised": sorted(history[audience].past.revised) if history else [],
            "carried": sorted(judged[audience].protected.carried),
            "falls_back": {name: list(t.falls_back) for name, t in in_force.tables.items() if t.falls_back},
            "printed_before": _printed_before(history[audience].past, judged[audience].numbers) if history else {},
            "verdict": {"rules": [f"R{n}" for n in range(1, 12)], "result": "pass"},
        }
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
        try:
            SafeTables(numbers, meta, _records(counted.printed) | spans.records(counted.strategy, audience)).write(
                draft, datapackage.describe
            )
            if target.exists():
                shutil.rmtree(target)
            os.replace(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def candidate(version: Version, audience: str, say: Say = lambda line: None, *, again: bool = False) -> Path:
    """The folder of safe tables of a version and audience; made first when it is missing.

    Raises BadParameter when nothing at all was received by that day.
    """
    if not version.snapshots:
        raise BadParameter(
            "Aucune donnée reçue à cette date.", "Choisissez une date AS_OF plus tardive, ou laissez-la vide."
        )
    target = version.project.candidate(version.nature, version.id, audience)
    version.project.work.mkdir(exist_ok=True)
    if frozen := _released_on(version, audience):
        return frozen
    with FileLock(version.project.work / f"candidate-{version.nature}-{version.id}.lock"):
        # The bytes are checked even when the tables exist: a raw file that changed must stop every build.
        for snapshot in version.snapshots:
            snapshots.verify(snapshot, version.project.digests)
        if again or not (target / "candidate.json").is_file() or not _is_of_this_past(version, audience, target):
            _make(version, ("cluster", "public"), say)
            _forget_older(version)
    return target


def _forget_older(version: Version) -> None:
    """Remove what was made of all but the newest versions: rows about people stay no longer than they serve.

    It is made again when it is asked for. The notes of a version that was released stay: the next release is judged by them.
    """
    from .disclosure import ledger

    project, nature = version.project, version.nature
    made = {}
    for root in (project.candidate(nature, version.id, "").parent, project.tables(nature, version.id).parent):
        for folder in root.iterdir():
            made[folder.name] = max(made.get(folder.name, 0), folder.stat().st_mtime_ns)
    released = {e.version for book in ledger.of_all(project).values() for e in book.entries}
    for older in sorted(made, key=made.get)[:-KEPT]:
        notes = [] if older in released else [project.cubes(nature, older).parent]
        for folder in (project.tables(nature, older), *notes, project.candidate(nature, older, "")):
            shutil.rmtree(folder, ignore_errors=True)


def _released_on(version: Version, audience: str) -> Path | None:
    """The frozen tables of the day that is asked for: what was released is read again, never judged again."""
    if version.nature != "real" or version.as_of is None:
        return None
    from .disclosure import ledger

    book = ledger.read(version.project, audience)
    found = [e for e in book.releases if e.day == version.as_of.isoformat()]
    return version.project.releases(audience) / found[0].folder if found else None


def contributors(version: Version, audience: str) -> dict[str, list[str]]:
    """The organisations behind the GBV data of a candidate, by month: for the inside.

    Nobody, for tables that were frozen on another machine: they were asked at the release. Raises BadData when the notes
    of a candidate made here are gone.
    """
    notes = version.project.protection(version.nature, version.id, audience)
    if not notes.is_file() and _released_on(version, audience):
        return {}
    try:
        return _contributors(notes, notes.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError):
        raise BadData(
            "Les notes de protection de cette version manquent : on ne sait plus qui a donné des données de VBG.",
            "Effacez le dossier data/processed/candidate et relancez : elles s’écrivent avec les tables.",
        ) from None


@lru_cache(maxsize=4)
def _contributors(notes: Path, written: int) -> dict[str, list[str]]:
    return json.loads(notes.read_text(encoding="utf-8"))["contributors"]


def _is_of_this_past(version: Version, audience: str, folder: Path) -> bool:
    """Whether a candidate was judged with all that was released since."""
    if version.nature != "real":
        return True
    from .disclosure import ledger

    return meta(folder).get("ledger") == ledger.read(version.project, audience).head


def release(project: Project, as_of: date, audience: str, say: Say = lambda line: None) -> tuple[Path, bool]:
    """Freeze what an audience may read of the real data received by a day, and enter it in the ledger.

    The only way in which anything is ever released. The folder of the frozen tables, and whether it is new: the same
    version is not released twice. Members first: what the public reads must be part of what they were judged with. Raises
    BadParameter for a day before the last release or without data, or a public release before that of the members,
    DisclosureRefused when the candidate may not be released, ConsentMissing when an organisation that gave GBV data to any
    of its months has not agreed.
    """
    from .disclosure import ledger

    project.work.mkdir(exist_ok=True)
    with FileLock(project.work / f"release-{audience}.lock"):
        book = ledger.read(project, audience)
        version = current(project, "real", as_of)
        done = next((e for e in book.releases if e.version == version.id), None)
        if done:
            return project.releases(audience) / done.folder, False
        last = max((e.day for e in book.releases), default="")
        if as_of.isoformat() <= last:
            raise BadParameter(
                f"Une diffusion plus récente existe ({last}).",
                "Une diffusion suit l’ordre du temps : donnez un jour plus tardif.",
            )
        if audience == "public" and version.id not in {e.version for e in ledger.read(project, "cluster").releases}:
            raise BadParameter(
                "Cette version n’a pas encore été diffusée aux membres.",
                f"Les membres lisent aussi l’édition publique : veille release --as-of {as_of} --audience cluster, d’abord.",
            )
        folder = candidate(version, audience, say)
        from . import consent

        consent.require(version, audience, contributors(version, audience))
        entry = ledger.freeze(project, book, folder, as_of.isoformat())
        return project.releases(audience) / entry.folder, True


def meta(folder: Path) -> dict:
    """What a candidate says of itself."""
    return json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
