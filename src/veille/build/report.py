"""Make one report: stage, run, render, check, move in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .. import versions
from ..digests import sha256, together
from ..errors import BuildFailed, UnknownName
from ..render.document import SCHEMA, Block, typography, with_contents
from ..versions import Say
from . import artefacts, changes, execute, numbers, packet, quarto, stage
from .stage import Plan

ENGINES = ("veille", "quarto")
_AUDITED = {"pass": "passed"}  # a candidate that the audit refused is never written: another word is a fault of ours


@dataclass(frozen=True)
class Made:
    """A finished report: where it is, and what it weighs."""

    plan: Plan
    folder: Path

    @property
    def page(self) -> Path:
        """The HTML file."""
        return self.folder / f"{self.plan.stem}.html"


def _lower_first(text: str) -> str:
    return text[0].lower() + text[1:]


def _document(plan: Plan, blocks: list[Block]) -> dict:
    covers = [b for b in blocks if b["kind"] == "cover"]
    if len(covers) != 1:
        raise BuildFailed(
            f"{plan.product.notebook} : il faut une couverture, et une seule.",
            "Appelez present.cover une fois dans le carnet.",
        )
    cover = covers[0]
    blocks = with_contents(blocks)
    example = " · EXEMPLE, données synthétiques" if plan.version.nature == "example" else ""
    scope = {"cluster": "diffusion restreinte", "public": "diffusion publique"}[plan.audience]
    return {
        "schema": SCHEMA,
        "lang": plan.lang,
        "title": cover["title"],
        "subtitle": cover["subtitle"],
        "org": cover["org"],
        "chips": cover["chips"],
        "header": cover["org"],
        "footer": f"{cover['title']} · {plan.area.titles[plan.lang]} · {plan.period.name()} · {scope}{example}",
        "cite": typography(
            f"Pour citer : Cluster Protection Mali, {cover['title']}, {plan.area.titles[plan.lang]} ({_lower_first(plan.area.details[plan.lang])}), {plan.period.name()}. Brouillon, version {plan.version.id}{', données d’exemple' if plan.version.nature == 'example' else ''} : ne pas citer."
        ),
        "caveat": plan.product.caveat,
        "nature": plan.version.nature,
        "fixed_date": plan.version.newest_received.isoformat(),
        "blocks": blocks,
    }


def _notebook(plan: Plan) -> Path:
    return plan.project.notebooks / plan.product.notebook


def _inputs(plan: Plan) -> dict[str, str]:
    """sha256 per input. The files of a restricted source have one together: their names are those of their senders."""
    root = plan.project.root
    paths = [
        _notebook(plan),
        plan.text_path,
        plan.project.params / "places.yml",
        plan.project.params / "disclosure.yml",
        plan.project.params / "contacts.yml",
    ]
    if plan.product.frames:
        paths += stage.written_about_frame(plan)
    restricted: dict[str, list[Path]] = {}
    for snapshot in plan.version.snapshots:
        files = [file.path for file in snapshot.files]
        if snapshot.sensitivity == "public":
            paths += files
        else:
            folder = plan.project.raw(plan.version.nature) / snapshot.source
            restricted.setdefault(folder.relative_to(root).as_posix(), []).extend(files)
    named = {p.relative_to(root).as_posix(): p for p in paths}
    notes = plan.project.digests
    out = packet.hash_inputs({**named, "candidate.json": plan.safe / "candidate.json"}, notes)
    return out | {name: together(sha256(p, notes) for p in files if p.is_file()) for name, files in restricted.items()}


def _cited(plan: Plan, say: Say) -> Callable[[str], None]:
    """Builds a cited report that is missing, from the data of the report that cites it."""

    def make(name: str) -> None:
        product, area, period = name.split("/")
        say(f"Rapport cité absent : {name}. Construction…")
        asked = {"as_of": plan.as_of, "audience": plan.audience, "nature": plan.version.nature}
        build(stage.plan(plan.project, product, area, period, **asked, say=say), say=say)

    return make


def _render(plan: Plan, document: dict, executed: object, folder: Path, engine: str, scratch: Path) -> None:
    # Imported here: a refused parameter answers before any renderer is loaded.
    from ..render import docx, html, pdf, xlsx

    page = folder / f"{plan.stem}.html"
    if engine == "quarto":
        quarto.render(executed, document, page, scratch)
    else:
        page.write_text(html.render(document, executed), encoding="utf-8", newline="\n")
    pdf.render(document, folder / f"{plan.stem}.pdf")
    xlsx.render(document, folder / f"{plan.stem}.xlsx")
    docx.render(document, folder / f"{plan.stem}.docx")


@dataclass(frozen=True)
class Prepared:
    """What a report is made from: sha256 of every input before anything is made, and what its safe tables say of themselves.

    `given` is the seal of the tables that the notebook gets: those of the data version, with those of its frame. `by` is
    what makes the report besides its data.
    """

    inputs: dict[str, str]
    given: dict[str, str]
    meta: dict
    by: dict


@dataclass(frozen=True)
class Checked:
    """What is known of a packet that was made and checked: what its manifest says of that, and what the page asked for."""

    checks: tuple[str, ...]
    isolation: str
    has_text: bool
    asked: changes.Asked


def prepare(plan: Plan, staged: Path, engine: str = "veille", say: Say = lambda line: None) -> Prepared:
    """Write the staged folder of a report. Needs the data, as `finish` does and `make` does not.

    Raises BuildFailed, BadData (a text), or ConsentMissing.
    """
    if not _notebook(plan).is_file():
        raise BuildFailed(
            f"Carnet absent : notebooks/{plan.product.notebook}.", "Remettez-le (git checkout notebooks)."
        )
    if stage.written(plan) is None and plan.text_path.is_file():
        say(
            f"Le texte {'/'.join(plan.text_path.parts[-3:])} est écrit pour l’autre nature de données : il n’est pas repris."
        )
    if plan.product.frames:
        stage.tables(plan, _cited(plan, say))
    before, by = _inputs(plan), changes.made_by(plan, engine)
    stage.fill(plan, staged)
    given = packet.hash_inputs({"candidate.json": staged / "safe" / "candidate.json"})
    return Prepared(before, given, versions.meta(staged / "safe"), by)


def make(
    plan: Plan,
    notebook: Path,
    staged: Path,
    out: Path,
    scratch: Path,
    *,
    engine: str = "veille",
    say: Say = lambda line: None,
) -> Checked:
    """Make every artefact of a report in `out`, from its staged folder and its notebook alone, and check them all.

    Needs no data: of the plan's project it uses the folder for work only. Raises BuildFailed, BadData, or
    DisclosureRefused (a number that is not registered).
    """
    out.mkdir()
    text = stage.staged_text(plan, staged)
    say("Carnet : exécution…")
    executed = execute.run(notebook, plan.parameters, staged, scratch, plan.project.work)
    blocks = execute.blocks_of(executed, plan.product.notebook)
    safe = stage.SafeTables.read(staged / "safe")
    from ..render import pdf

    found = numbers.register(blocks, safe, plan.lang)
    document = pdf.with_pages(_document(plan, blocks))
    say("Mise en page : HTML, PDF, XLSX, DOCX…")
    _render(plan, document, executed, out, engine, scratch)
    numbers_csv = numbers.to_csv(found, plan.area.code, str(plan.period), plan.lang)
    (out / "numbers.csv").write_text(numbers_csv, encoding="utf-8", newline="\n")
    page = (out / f"{plan.stem}.html").read_text(encoding="utf-8")
    if engine == "veille":
        numbers.check_html(page, found, blocks, safe, plan.lang, text)
    checked = artefacts.check(out, plan.stem, document, found, safe, text)
    isolation = (scratch / "isolation.txt").read_text(encoding="utf-8")
    return Checked(tuple(checked), isolation, text is not None, changes.answered(safe, execute.questions(scratch)))


def finish(plan: Plan, out: Path, given: Prepared, done: Checked, engine: str = "veille") -> Made:
    """Write the manifest of a packet that was made, and put it in its place.

    Raises BuildFailed when a promised artefact is missing, or an input changed meanwhile.
    """
    promised = [f"{plan.stem}.{kind}" for kind in plan.product.artefacts]
    missing = [name for name in promised if not (out / name).is_file() or not (out / name).stat().st_size]
    if missing:
        raise BuildFailed(f"Il manque au bulletin : {', '.join(missing)}.", "Relancez avec --debug.")
    if _inputs(plan) != given.inputs or changes.made_by(plan, engine) != given.by:
        raise BuildFailed("Un fichier d’entrée a changé pendant la construction ; rien n’a été remplacé.", "Relancez.")
    packet.write_manifest(
        out,
        {
            "product": plan.product.name,
            "parameters": plan.parameters,
            "nature": plan.version.nature,
            "synthetic": plan.version.nature == "example",
            "audience": plan.audience,
            "version": plan.version.id,
            "received": plan.version.newest_received.isoformat(),
            "verdict": given.meta["verdict"],
            "inputs": given.inputs | given.given,
            "received_rows": {s["source"]: s["balance"] for s in given.meta["sources"] if "balance" in s},
            "code_digest": packet.code_digest(_notebook(plan)),
            "locked_versions": packet.locked_versions(plan.project.root),
            "git_commit": packet.git_commit(plan.project.root),
            "checks": [
                {"name": "inputs unchanged during the run", "result": "passed"},
                {"name": "promised artefacts", "result": "passed"},
                {
                    "name": "numbers of the page are registered",
                    "result": "passed" if engine == "veille" else "not run (Quarto page); blocks checked",
                },
                *({"name": name, "result": "passed"} for name in done.checks),
                {"name": "notebook process isolation", "result": done.isolation},
                {"name": "texts written by people", "result": "present" if done.has_text else "missing: draft only"},
                {"name": "joint disclosure audit", "result": _AUDITED[given.meta["verdict"]["result"]]},
            ],
        },
    )
    note = changes.record(plan, given.by, done.asked)
    packet.move_in(out, plan.target, plan.project)
    note()
    return Made(plan, plan.target)


def build(plan: Plan, *, engine: str = "veille", say: Say = lambda line: None) -> Made:
    """Make the report of a plan and put it in its place.

    Raises BuildFailed, BadData (a text), DisclosureRefused (a number that is not registered), or ConsentMissing; the
    previous report is intact in each case.
    """
    if engine not in ENGINES:
        raise UnknownName("Moteur", engine, ENGINES)
    if engine == "quarto":
        quarto.find()
    with packet.disk_errors(), packet.draft(plan.project) as draft:
        staged, out, scratch = draft / "stage", draft / "packet", draft / "scratch"
        given = prepare(plan, staged, engine, say)
        done = make(plan, _notebook(plan), staged, out, scratch, engine=engine, say=say)
        shutil.rmtree(scratch, ignore_errors=True)
        return finish(plan, out, given, done, engine)
