"""Receive files: read and check them whole, say what enters, and store them with their papers in one step.

A file is never edited and never overwritten. The same file received twice changes nothing; another file is another
snapshot, on its own day. What identifies people, and rows without consent, are not stored: of a file that holds any, a cut
is kept, with the sha256 of what was received (docs/decisions/0013).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import yaml
from filelock import FileLock

from .. import consent
from ..codes import code_list
from ..digests import sha256
from ..errors import BadData, BadParameter, DisclosureRefused, UnknownName
from ..places import fold
from ..project import Project
from ..render import quality as quality_report
from ..schemas import forms
from ..tables import build as tables
from ..tables import gbv_recorder
from . import decisions, formats, quality, reading, registry
from .balance import Balance
from .files import ROW_COLUMN, put
from .quality_rows import WHEN
from .snapshots import PER_FILE, RawFile, Snapshot

_NOT_RECEIVED = ("reference_figures",)  # typed by the project itself, from its own documents

# What is worked out once, at reception, from cells that are not kept: bands in the place of dates and ages.
_BESIDE = {gbv_recorder.RECORDER: gbv_recorder.written_at_reception}
# Rows about survivors come only to the agency that consolidates them for the sub-cluster (001 VI; the sharing protocol).
_CONSOLIDATING_ONLY = (gbv_recorder.RECORDER,)

_PAPERS = ("source.yml", ".gitignore")  # what a snapshot's folder holds beside its files

Say = Callable[[str], None]


@dataclass(frozen=True)
class Receipt:
    """What came in: the snapshot and its balance; where it was stored, or None for a dry run; its data-quality report."""

    snapshot: Snapshot
    balance: Balance
    stored: Path | None
    is_new: bool
    quality: Path | None = None

    def lines(self) -> list[str]:
        """The receipt as it is read."""
        return [f"{self.snapshot.label}, période : {self.snapshot.covers}", *self.balance.lines()]


def readable() -> list[str]:
    """The sources whose files can be received."""
    return sorted(n for n in registry.SOURCES if n in tables.BUILDERS and n not in _NOT_RECEIVED)


def families() -> dict[str, list[str]]:
    """Names that stand for several sources (`kobo`), told apart by their header."""
    found: dict[str, list[str]] = {}
    for name in readable():
        if name in formats.names() and (family := formats.declared(name).family):
            found.setdefault(family, []).append(name)
    return found


def _source(given: str, path: Path) -> str:
    """The source of a file: the one that was named, or the one of that family whose header it has."""
    given = forms.ALSO.get(given, given)
    if given in readable():
        return given
    if given not in families():
        raise UnknownName("Source", given, [*readable(), *families(), *forms.ALSO], feminine=True)
    if len(families()[given]) == 1:
        return families()[given][0]  # its own reader says better what is wrong
    fits = [name for name in families()[given] if _fits(path, name)]
    if len(fits) != 1:
        what = "plusieurs sources ont" if fits else "aucune source n’a"
        raise BadData(
            f"{path.name} : {what} cet en-tête parmi « {given} ».",
            f"Indiquez la source : {', '.join(families()[given])}.",
        )
    return fits[0]


def _fits(path: Path, name: str) -> bool:
    with reading.connection() as con:
        try:
            fmt = formats.declared(name)
            reading.check_header(reading.open_grid(con, path, fmt, "look"), fmt)
        except BadData:
            return False
    return True


def _listed(given: Sequence[Path]) -> list[Path]:
    """The files, those of a folder in its place: spreadsheets and text files, in the order of their names."""
    out: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith((".", "~$")))
            if not inside:
                raise BadParameter(f"Dossier vide : {path.name}.", "Vérifiez le chemin.")
            out += inside
        else:
            out.append(path)
    missing = [f.name for f in out if not f.is_file()]
    if missing or not out:
        raise BadParameter(f"Fichier absent : {', '.join(missing) or 'aucun fichier donné'}.", "Vérifiez le chemin.")
    names = [_stored_name(f) for f in out]
    if twice := [f.name for f, name in zip(out, names, strict=True) if names.count(name) > 1]:
        raise BadParameter(f"Deux fichiers portent le même nom : {', '.join(twice)}.", "Renommez l’un des deux.")
    if reserved := [f.name for f, name in zip(out, names, strict=True) if name in _PAPERS]:
        raise BadParameter(f"{reserved[0]} : ce nom est réservé aux papiers d’un dépôt.", "Renommez le fichier.")
    return sorted(out, key=lambda f: f.name)


def _stored_name(path: Path) -> str:
    return path.name.lower()


def _covers(con, got: registry.Received, made: tables.Part) -> str:
    """The first and last day, month or year of the rows; of what they make, where it is told from cells that are not kept."""
    for table in (got.table, *made.tables.values()):
        columns = {r[0] for r in con.execute(f"DESCRIBE {table}").fetchall()}
        for column in (*WHEN, "year"):
            if column in columns:
                low, high = con.execute(f"SELECT min({column}), max({column}) FROM {table}").fetchone()
                if low is not None:
                    return f"{str(low)[:10]} to {str(high)[:10]}"
    return "non précisée"


def _papers(snapshot: Snapshot, balance: Balance) -> str:
    given = {
        "source": snapshot.source,
        **({"partner": snapshot.partner} if snapshot.partner else {}),
        "nature": snapshot.nature,
        "title": snapshot.title,
        "producer": snapshot.producer,
        "covers": snapshot.covers,
        "received": snapshot.received.isoformat(),
        "sharing": snapshot.sharing,
        "sensitivity": snapshot.sensitivity,
        "pcode_edition": snapshot.pcode_edition,
        "files": [_file_papers(f) for f in snapshot.files],
        **({"without_consent": snapshot.without_consent} if snapshot.without_consent else {}),
        "balance": balance.summary(),
        "zero_means": snapshot.zero_means,
    }
    return yaml.safe_dump(given, allow_unicode=True, sort_keys=False, width=110)


def _file_papers(file: RawFile) -> dict:
    given = {"name": file.path.name, "sha256": file.sha256, "rows": file.rows}
    if file.refused:
        given["refused"] = file.refused
    if file.received != file.sha256:
        given["received_sha256"] = file.received
    return given


def partner_of(producer: str) -> str:
    """A producer's name as a series is named: `NRC Mali` -> `nrc_mali`."""
    return re.sub(r"[^a-z0-9]+", "_", fold(producer)).strip("_")


def _cut(one: reading.Reading, target: Path, received: date) -> RawFile:
    """Write what may be kept of a file: its rows with consent, without the columns of class I, as they stood."""
    grid, fmt = one.grid, one.format
    hidden = {reading.same(n) for c in fmt.identifying for n in (c.header, *c.also)}
    names = [(i, h) for i, h in enumerate(grid.header) if reading.same(h) not in hidden and h != ROW_COLUMN]
    path = target / f"{one.path.stem}.csv"
    beside = _BESIDE.get(fmt.name) if ROW_COLUMN not in grid.header else None
    one.write_text(path, names, beside(one, received) if beside else None)
    return RawFile(path, sha256(path), one.read - one.without_consent, one.refused_rows, sha256(one.path))


def _with_written(con, got: registry.Received, received: date) -> registry.Received:
    """The same rows, with what is stored in the place of cells that are not kept: months, delays, ages."""
    write = _BESIDE.get(got.snapshot.source)
    if write is None or any(ROW_COLUMN in one.grid.header for one in got.readings):
        return got
    ours = {c.header: c.to for c in got.readings[0].format.kept}
    for i, one in enumerate(got.readings):
        beside = write(one, received)
        put(con, beside.assign(n=beside[ROW_COLUMN] + i * PER_FILE), f"written_{i}")
    written = [name for name in beside.columns if name != ROW_COLUMN]
    several = " UNION ALL ".join(f"FROM written_{i}" for i in range(len(got.readings)))
    con.execute(
        f"CREATE OR REPLACE TEMP VIEW rows_written AS SELECT r.* EXCLUDE ({', '.join(ours[h] for h in written)}), "
        + ", ".join(f'w."{h}" AS {ours[h]}' for h in written)
        + f" FROM {got.table} r LEFT JOIN ({several}) w USING (n)"
    )
    return replace(got, table="rows_written")


def sort_out(given: Sequence[Path], source: str, producer: str = "") -> list[tuple[str, str, list[Path]]]:
    """Files and folders as (source, producer, files): what each snapshot is to be made of.

    `source` may be a family (`kobo`); where files name their partner themselves, each partner makes one snapshot.
    Raises UnknownName for a source that nobody reads, BadParameter for a missing file, BadData for one without its header.
    """
    groups: dict[tuple[str, str], list[Path]] = {}
    for path in _listed(given):
        name = _source(source, path)
        groups.setdefault((name, _producer(path, name, producer)), []).append(path)
    return [(name, by, paths) for (name, by), paths in groups.items()]


def _producer(path: Path, source: str, given: str) -> str:
    fmt = formats.declared(source) if source in formats.names() else None
    if fmt is None or not fmt.partner_column:
        return given or "Cluster Protection Mali"
    with reading.connection() as con:
        one = reading.read(con, path, fmt)
        found = [r[0] for r in con.execute(f"SELECT DISTINCT {fmt.partner_column} FROM {one.table}").fetchall()]
    if len(found) != 1:
        raise BadData(
            f"{one.where} : le fichier nomme {len(found)} organisations.", "Un fichier par organisation est attendu."
        )
    return str(found[0])


def receive(
    given: Sequence[Path],
    source: str,
    received: date,
    project: Project,
    *,
    producer: str,
    edition: str = "",
    dry_run: bool = False,
    say: Say = lambda line: None,
) -> Receipt:
    """Check files as one snapshot of a source, and store them below `data/raw` unless `dry_run`.

    `source` may be a family (`kobo`). Raises UnknownName for a source that nobody reads, BadParameter when that day
    already holds other files, BadData for the first file, column, place or rule that does not hold. Nothing is stored then.
    """
    paths = _listed(given)
    if received > date.today():
        raise BadParameter("La date de réception est dans le futur.", "Donnez le jour où les fichiers sont arrivés.")
    source = _source(source, paths[0])
    fmt = formats.declared(source)
    if source in _CONSOLIDATING_ONLY and consent.role(project) != "consolidating":
        raise DisclosureRefused(
            f"{source} : réservé à l’agence qui consolide les données des membres du GBVIMS.",
            "Demandez le tableau mensuel (gbv_tables), ou déclarez cette agence dans params/consent.yml (role: consolidating).",
        )
    if fmt.is_cut and len({p.stem.lower() for p in paths}) < len(paths):
        raise BadParameter(
            f"Deux fichiers portent le même nom, à l’extension près : {', '.join(p.name for p in paths)}.",
            "Renommez l’un des deux.",
        )
    partner = partner_of(producer) if fmt.per_partner else ""
    if fmt.per_partner and not partner:
        raise BadParameter(
            f"{source} : il manque le partenaire.", "Indiquez-le : --producer « Sigle de l’organisation »."
        )
    defaults = fmt.papers
    edition = edition or defaults.get("pcode_edition", "")
    if edition and edition not in code_list("edition"):
        raise BadParameter(
            f"{source} : édition des P-codes inconnue.", f"Éditions : {', '.join(code_list('edition'))}."
        )
    snapshot = Snapshot(
        source,
        "real",
        received,
        defaults["title"],
        producer,
        "",
        defaults["sharing"],
        defaults["sensitivity"],
        defaults["zero_means"],
        edition,
        tuple(RawFile(p, "", 0) for p in paths),
        "",
        partner,
        decisions=decisions.load(project.params),
    )
    stamps = _stamps(paths)
    target = project.raw("real") / snapshot.stream / received.isoformat()
    same = _already(target, paths)
    project.work.mkdir(exist_ok=True)
    try:
        with reading.connection(project.spill) as con:
            got = registry.receive(con, snapshot, say=say)
            if not got.read:
                raise BadData(f"{paths[0].name} : aucune ligne de données.", "Vérifiez que le bon export a été envoyé.")
            snapshot = replace(snapshot, without_consent=got.without_consent)
            say("Contrôle des lieux, des codes et des doublons…")
            made = tables.part(con, snapshot, got)
            snapshot = replace(snapshot, covers=_covers(con, got, made))
            say("Rapport de qualité…")
            seen = replace(_with_written(con, got, received), snapshot=snapshot)
            measured = quality.measure(project, seen, made.balance)
            if same or dry_run:
                report = quality_report.write(project, measured, trial=dry_run)
                return Receipt(snapshot, made.balance, target if same else None, is_new=not same, quality=report)
            say("Dépôt…")
            with _draft(project) as draft:
                each = zip(snapshot.files, _or_none(got), strict=True)
                kept = [_keep(f.path, one, draft, received) for f, one in each]
                if not got.readings:
                    kept = [replace(f, rows=got.read) for f in kept]
                snapshot = replace(snapshot, files=tuple(kept))
                (draft / "source.yml").write_text(_papers(snapshot, made.balance), encoding="utf-8", newline="\n")
                if snapshot.sensitivity == "restricted":
                    # Git never sees it, whatever is added by hand.
                    (draft / ".gitignore").write_text("*\n", encoding="utf-8")
                if _stamps(paths) != stamps:
                    raise _changed(paths)
                report = quality_report.write(project, measured)
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(draft, target)
    except Exception:
        if _stamps(paths) != stamps:
            raise _changed(paths) from None
        raise
    finally:
        shutil.rmtree(project.spill, ignore_errors=True)
    return Receipt(snapshot, made.balance, target, is_new=True, quality=report)


@contextmanager
def _draft(project: Project) -> Iterator[Path]:
    """A folder to draw a snapshot up in, gone afterwards whatever happens; what a killed command left there goes first."""
    with FileLock(project.work / "intake.lock"):
        shutil.rmtree(project.intake, ignore_errors=True)
        project.intake.parent.mkdir(parents=True, exist_ok=True)
        project.intake.mkdir(mode=0o700)
        draft = project.intake / "draft"
        draft.mkdir()
        try:
            yield draft
        finally:
            shutil.rmtree(project.intake, ignore_errors=True)


def _stamps(paths: Sequence[Path]) -> list[tuple[int, ...]]:
    """What changes when somebody writes into a file while it is being received."""
    out = []
    for path in paths:
        try:
            found = path.stat()
            out.append((found.st_ino, found.st_size, found.st_mtime_ns))
        except OSError:
            out.append(())
    return out


def _changed(paths: Sequence[Path]) -> BadData:
    return BadData(
        f"{', '.join(p.name for p in paths)} : le fichier a changé ou disparu pendant sa réception.",
        "Rien n’est déposé. Recommencez quand plus personne n’y écrit.",
    )


def _or_none(got: registry.Received) -> Iterable[reading.Reading | None]:
    return got.readings or [None] * len(got.snapshot.files)


def _keep(path: Path, one: reading.Reading | None, draft: Path, received: date) -> RawFile:
    """The file as it is stored: the bytes that were received, or a cut where these hold what may not be kept."""
    if one is not None and one.format.is_cut:
        return _cut(one, draft, received)
    target = draft / path.name
    shutil.copyfile(path, target)
    digest = sha256(target)
    return RawFile(target, digest, one.read if one else 0, one.refused_rows if one else 0, digest)


def _already(target: Path, paths: Sequence[Path]) -> bool:
    """Whether these very files were received on that day. Raises BadParameter when others were."""
    if not target.exists():
        return False
    noted = yaml.safe_load((target / "source.yml").read_text(encoding="utf-8"))
    before = sorted(f.get("received_sha256", f["sha256"]) for f in noted["files"])
    if before == sorted(sha256(p) for p in paths):
        return True
    raise BadParameter(
        f"{target.parent.name}/{target.name} : d’autres fichiers ont déjà été reçus ce jour-là.",
        "Un dépôt ne se remplace pas : donnez à celui-ci sa propre date de réception (--received).",
    )
