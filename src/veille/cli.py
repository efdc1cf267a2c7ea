"""The commands. Catches what is raised on purpose, says it in French, and gives the exit code; nothing else."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand, TyperGroup

from . import guard
from .codes import code_list
from .errors import BadParameter, Interrupted, VeilleError, near
from .products import PRODUCTS

if TYPE_CHECKING:
    from .build.stage import Plan
    from .sources.balance import Balance

# What typer writes around our words, some of it without gettext.
_FRENCH = {
    "Usage: ": "Utilisation : ",
    "Arguments:": "Arguments :",
    "Options:": "Options :",
    "Commands:": "Commandes :",
    "Show this message and exit.": "Montre cette aide",
    "COMMAND [ARGS]...": "COMMANDE…",
    "[required]": "[obligatoire]",
    "[default: ": "[par défaut : ",
    "<str>": "<mot>",
}


class _FrenchHelp:
    """A command whose whole help is in French."""

    def get_help(self, ctx: typer.Context) -> str:
        text = super().get_help(ctx)
        for english, french in _FRENCH.items():
            text = text.replace(english, french)
        return text


class _Command(_FrenchHelp, TyperCommand):
    pass


class _Group(_FrenchHelp, TyperGroup):
    pass


def _commands(words: str, **options: bool) -> typer.Typer:
    return typer.Typer(cls=_Group, no_args_is_help=True, rich_markup_mode=None, help=words, **options)


app = _commands(
    "veille : bulletins de protection et synthèses, à partir de données versionnées.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
texts_app = _commands("Les textes que les personnes écrivent.")
disclosure_app = _commands("Ce qui n’est pas publié, et pourquoi (pour l’intérieur).")
ledger_app = _commands("Le registre de ce qui a été diffusé.")
_GROUPS = {"texts": texts_app, "disclosure": disclosure_app, "ledger": ledger_app}
for _name, _group in _GROUPS.items():
    app.add_typer(_group, name=_name)

CURRENT = "À jour : rien de ce que montre ce rapport n’a changé."
_EDITIONS = ", ".join(code_list("edition"))

# `make` passes its variables through the environment: they are never part of a shell command.
Product_ = Annotated[
    str,
    typer.Argument(
        help=f"Produit : {', '.join(PRODUCTS)}", metavar="PRODUIT", envvar="VEILLE_PRODUCT", show_envvar=False
    ),
]
Region = Annotated[
    str,
    typer.Argument(
        help="Zone : gao, mopti, tombouctou, kidal, mali", metavar="ZONE", envvar="VEILLE_REGION", show_envvar=False
    ),
]
Period = Annotated[
    str,
    typer.Argument(
        help="Période : 2017-06, 2017-Q2 ou 2017", metavar="PÉRIODE", envvar="VEILLE_PERIOD", show_envvar=False
    ),
]
AsOf = Annotated[
    str, typer.Option("--as-of", help="Données reçues à ce jour (2017-07-15)", envvar="VEILLE_AS_OF", show_envvar=False)
]
Audience = Annotated[
    str, typer.Option("--audience", help="cluster ou public", envvar="VEILLE_AUDIENCE", show_envvar=False)
]
Lang = Annotated[str, typer.Option("--lang", help="Langue de la page", envvar="VEILLE_LANG", show_envvar=False)]
Nature = Annotated[
    str,
    typer.Option(
        "--nature", help="real ou example ; par défaut le réel s’il existe", envvar="VEILLE_NATURE", show_envvar=False
    ),
]
Engine = Annotated[
    str, typer.Option("--engine", help="veille ou quarto (HTML)", envvar="VEILLE_ENGINE", show_envvar=False)
]
Again = Annotated[
    bool,
    typer.Option("--again", help="Refait même si rien n’a changé", envvar="VEILLE_AGAIN", show_envvar=False),
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Montre la trace en cas d’erreur", envvar="VEILLE_DEBUG", show_envvar=False)
]


def _say(line: str) -> None:
    """Progress and remarks: on stderr, and the steps only for a person who watches."""
    if not line.endswith("…") or sys.stderr.isatty():
        print(line, file=sys.stderr, flush=True)


def _open_in_browser(page: Path) -> None:
    import webbrowser

    with suppress(Exception):  # a machine without a browser still has the file, whose path is printed
        webbrowser.open(page.as_uri())


def _planned(command: str, product: str, region: str, period: str, **asked: str) -> Plan:
    """The report that a command asks for, the data chosen; the area may be left out where there is only one."""
    from .build import stage
    from .project import find

    region, period = stage.place_and_period(product, region, period, command)
    return stage.plan(find(), product, region, period, **asked, say=_say)


@app.command()
def build(
    product: Product_,
    region: Region = "",
    period: Period = "",
    as_of: AsOf = "",
    audience: Audience = "cluster",
    lang: Lang = "fr",
    nature: Nature = "",
    engine: Engine = "veille",
    again: Again = False,
    open_: Annotated[
        bool, typer.Option("--open", help="Ouvre la page à la fin", envvar="VEILLE_OPEN", show_envvar=False)
    ] = False,
    debug: Debug = False,
) -> None:
    """Fait un rapport : HTML, PDF, XLSX, DOCX, numbers.csv, manifest.json."""
    from .build import packet

    with packet.disk_errors():
        plan = _planned("build", product, region, period, as_of=as_of, audience=audience, lang=lang, nature=nature)
        from .build import changes, stage

        stage.require_consent(plan)
        is_current = not again and not changes.since(plan, engine)
    if is_current:
        _say(f"{CURRENT} --again le refait.")
    else:
        from .build import report

        report.build(plan, engine=engine, say=_say)
    print(f"{_relative(plan.target)}/")
    for path in sorted(plan.target.iterdir()):
        print(f"  {path.name}  {_size(path.stat().st_size)}")
    if open_:
        _open_in_browser(plan.target / f"{plan.stem}.html")


@app.command()
def why(
    product: Product_,
    region: Region = "",
    period: Period = "",
    as_of: AsOf = "",
    audience: Audience = "cluster",
    nature: Nature = "",
    debug: Debug = False,
) -> None:
    """Dit ce qui a changé depuis qu’un rapport a été fait, ou que rien n’a changé."""
    from .build import changes, packet

    with packet.disk_errors():
        plan = _planned("why", product, region, period, as_of=as_of, audience=audience, lang="fr", nature=nature)
        found = changes.since(plan)
    for line in found or [CURRENT]:
        print(line)


Readers = Annotated[
    str, typer.Option("--audience", help="cluster, public ou both", envvar="VEILLE_AUDIENCE", show_envvar=False)
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", metavar="<nbr>", help="Rapports à la fois ; 0 : les cœurs", envvar="VEILLE_JOBS", show_envvar=False
    ),
]

Scheduler = Annotated[
    str,
    typer.Option(
        "--scheduler",
        help="Sur une grappe Dask : tcp://hôte:8786, ou tls://",
        envvar="VEILLE_SCHEDULER",
        show_envvar=False,
    ),
]


@app.command("all")
def all_(
    period: Period,
    audience: Readers = "cluster",
    nature: Nature = "",
    as_of: AsOf = "",
    jobs: Jobs = 0,
    again: Again = False,
    scheduler: Scheduler = "",
    debug: Debug = False,
) -> None:
    """Fait tous les rapports d’une période : chaque produit, chaque zone."""
    _many(period, False, audience, nature, as_of, jobs, again, scheduler, debug)


@app.command("year")
def year_(
    year: Annotated[
        str, typer.Argument(help="Année : 2017", metavar="ANNÉE", envvar="VEILLE_PERIOD", show_envvar=False)
    ],
    audience: Readers = "cluster",
    nature: Nature = "",
    as_of: AsOf = "",
    jobs: Jobs = 0,
    again: Again = False,
    scheduler: Scheduler = "",
    debug: Debug = False,
) -> None:
    """Fait tous les rapports d’une année : mois, trimestres, année."""
    _many(year, True, audience, nature, as_of, jobs, again, scheduler, debug)


def _many(
    period: str,
    whole_year: bool,
    audience: str,
    nature: str,
    as_of: str,
    jobs: int,
    again: bool,
    scheduler: str,
    debug: bool,
) -> None:
    import time

    from .build import board, many, packet
    from .errors import BuildFailed
    from .project import find

    if jobs < 0:
        raise BadParameter(f"Rapports à la fois refusés : {jobs}.", "Donnez un nombre, ou 0 pour autant que de cœurs.")
    start = time.monotonic()
    with packet.disk_errors():
        asked = many.plan(
            find(), period, whole_year=whole_year, audience=audience, nature=nature, as_of=as_of, again=again, say=_say
        )
    with board.bar(len(asked.plans)) as watch:
        how = {"jobs": jobs, "debug": debug, "again": again, "watch": watch}
        try:
            if scheduler:
                from .build import cluster

                outcomes = cluster.run(asked.plans, scheduler, say=_say, **how)
            else:
                outcomes = many.run(asked.plans, **how)
        except KeyboardInterrupt:
            raise Interrupted(
                "Interrompu : les rapports finis restent, aucun n’est fait à moitié.",
                "Relancez sans tout refaire (AGAIN, --again) : la commande continue."
                if again
                else "Relancez la même commande : elle continue.",
            ) from None
    for line in board.table(asked, outcomes):
        print(line)
    print(board.count(asked, outcomes, time.monotonic() - start))
    for outcome in outcomes:
        for line in (*outcome.remarks, outcome.trace):
            if line:
                print(line, file=sys.stderr)
    failed = sum(bool(o.problem) for o in outcomes)
    if failed:
        raise BuildFailed(
            f"{failed} rapport(s) sur {len(outcomes)} n’ont pas été faits ; les autres sont entiers.",
            "Le tableau dit lesquels, et pourquoi ; relancez-les un par un avec veille build.",
        )


@app.command()
def bundle(
    product: Product_,
    region: Annotated[
        str,
        typer.Argument(
            help="Zone ; inutile pour un produit qui n’en a qu’une",
            metavar="[ZONE]",
            envvar="VEILLE_REGION",
            show_envvar=False,
            show_default=False,
        ),
    ] = "",
    period: Annotated[
        str,
        typer.Argument(
            help="Période : 2017-06, 2017-Q2 ou 2017",
            metavar="PÉRIODE",
            envvar="VEILLE_PERIOD",
            show_envvar=False,
            show_default=False,
        ),
    ] = "",
    as_of: AsOf = "",
    audience: Audience = "cluster",
    lang: Lang = "fr",
    nature: Nature = "",
    debug: Debug = False,
) -> None:
    """Fait le dossier de l’évaluateur d’un rapport construit : un zip qui se vérifie sans veille et sans les données."""
    from . import bundle as bundles
    from .build import packet

    with packet.disk_errors():
        plan = _planned("bundle", product, region, period, as_of=as_of, audience=audience, lang=lang, nature=nature)
        made = bundles.make(plan, _say)
    print(f"{_relative(made.path)}  {_size(made.path.stat().st_size)}, {made.files} fichiers")
    print(f"Empreinte à noter ailleurs : {made.fingerprint}")


@app.command()
def rebuild(
    path: Annotated[Path, typer.Argument(help="Le zip, ou le dossier décompressé", metavar="DOSSIER")],
    out: Annotated[str, typer.Option("--out", help="Garde le rapport refait dans ce dossier, nouveau")] = "",
    debug: Debug = False,
) -> None:
    """Refait le rapport d’un dossier de l’évaluateur à partir de ses tables sûres, et compare chaque fichier."""
    from .build import packet
    from .bundle import again
    from .errors import BuildFailed

    with packet.disk_errors():
        same = again.rebuild(path, Path(out) if out else None, _say)
    for name, is_same in same.items():
        print(f"  {'identique' if is_same else 'DIFFÉRENT'}  {name}")
    if not all(same.values()):
        raise BuildFailed(
            f"{sum(not s for s in same.values())} fichier(s) du rapport ne se refont pas à l’identique.",
            "Sous un autre système, la mise en page peut différer ; numbers.csv, jamais. Comparez avec --out.",
        )


def _relative(path: Path) -> str:
    return os.path.relpath(path) if Path.cwd() in path.parents else str(path)


def _size(octets: int) -> str:
    return f"{max(1, round(octets / 1024))} Ko"


@app.command()
def data(as_of: AsOf = "", nature: Nature = "", debug: Debug = False) -> None:
    """Lit les fichiers reçus, compte, et écrit les tables sûres (candidat)."""
    from . import periods, versions
    from .build import packet
    from .project import find

    project = find()
    day = periods.day(as_of, "Date AS_OF") if as_of else None
    with packet.disk_errors():
        for kind in (nature,) if nature else ("real", "example"):
            if kind == "example":
                versions.ensure_example(project, _say)
            version = versions.current(project, kind, day)
            if not version.snapshots:
                print(f"{kind} : aucune donnée reçue à cette date")
                continue
            _print_balances(versions.balances(version, _say))
            for audience in ("cluster", "public"):
                folder = versions.candidate(version, audience, _say)
                seal = versions.meta(folder)
                word = {"pass": "PASS"}[seal["verdict"]["result"]]
                sources = len({s.source for s in version.snapshots})
                print(f"{kind} {audience} : version {version.id}, {sources} sources, verdict {word}")


def _print_balances(balances: dict[str, Balance]) -> None:
    """One line per snapshot, then the whole: rows read = kept + left out + refused."""
    sums = {name: 0 for name in ("read", "kept", "left_out", "refused")}
    for label, balance in [*balances.items(), ("ensemble", None)]:
        if balance:
            sums = {name: sums[name] + n for name, n in balance.summary().items()}
        n = balance.summary() if balance else sums
        print(
            f"  {label:<38} {n['read']:>8} lues = {n['kept']} gardées + {n['left_out']} laissées de côté + {n['refused']} refusées"
        )


@app.command()
def release(
    as_of: Annotated[
        str,
        typer.Option("--as-of", help="Données reçues à ce jour (2017-07-15)", envvar="VEILLE_AS_OF", show_envvar=False),
    ],
    audience: Audience = "cluster",
    debug: Debug = False,
) -> None:
    """Fige les tables sûres d’un jour et les inscrit au registre des diffusions : ce qui est diffusé ne se reprend pas."""
    from . import periods, versions
    from .build import packet
    from .build.stage import one_of
    from .disclosure.safe import AUDIENCES
    from .project import find

    one_of("Diffusion", audience, AUDIENCES, feminine=True)
    with packet.disk_errors():
        folder, is_new = versions.release(find(), periods.day(as_of, "Date AS_OF"), audience, _say)
    print(f"{'diffusé' if is_new else 'déjà diffusé'} ({audience}) : {_relative(folder)}/")


@disclosure_app.command("explain")
def disclosure_explain(
    product: Product_,
    region: Region,
    period: Period,
    as_of: AsOf = "",
    audience: Audience = "cluster",
    nature: Nature = "",
    debug: Debug = False,
) -> None:
    """Dit, pour l’intérieur, ce qu’un rapport n’imprime pas, quelle règle le masque et ce qui se lit à la place."""
    from . import places
    from .build import packet, stage
    from .disclosure import explain, rules
    from .disclosure.safe import SafeTables
    from .project import find

    project = find()
    with packet.disk_errors():
        plan = stage.plan(project, product, region, period, as_of=as_of, audience=audience, nature=nature, say=_say)
    notes = project.protection(plan.version.nature, plan.version.id, audience)
    areas, in_force = places.areas(project.params), rules.load(project.params)
    for line in explain.explain(
        notes, SafeTables.read(plan.safe), in_force, areas, plan.area, str(plan.period), audience
    ):
        print(line)


@app.command("evidence")
def evidence_(
    product: Product_,
    period: Period,
    audience: Audience = "cluster",
    nature: Nature = "",
    debug: Debug = False,
) -> None:
    """Dit ce que devient chaque preuve citée : confirmée, révisée depuis, ou dont le rapport manque."""
    from .build import packet, stage
    from .strategy import evidence

    with packet.disk_errors():
        plan = _planned("evidence", product, "", period, audience=audience, nature=nature)
        if not plan.product.frames:
            raise BadParameter(
                f"{plan.product.title} : ce rapport ne cite pas de preuves.", "Prenez evaluation ou followup."
            )
        stood = stage.evidence_of(plan)
    for line in evidence.lines(stood):
        print(line)


@ledger_app.command("import")
def ledger_import(
    file: Annotated[Path, typer.Argument(help="CSV : key, place, period, value", metavar="FICHIER")],
    document: Annotated[str, typer.Option("--document", help="Le document où ces nombres sont imprimés")],
    printed: Annotated[
        str, typer.Option("--printed", help="Jour de parution, à défaut le dernier jour couvert (2016-11-30)")
    ],
    audience: Audience = "public",
    debug: Debug = False,
) -> None:
    """Inscrit au registre ce qui fut imprimé avant lui : ces nombres sont publics, veille en tient compte."""
    from . import periods
    from .build import packet
    from .build.stage import one_of
    from .disclosure import ledger
    from .disclosure.safe import AUDIENCES
    from .project import find

    one_of("Diffusion", audience, AUDIENCES, feminine=True)
    day = periods.day(printed, "Date de parution").isoformat()
    project = find()
    with packet.disk_errors():
        entry = ledger.add_printed(project, ledger.read(project, audience), file, document, day)
    print(f"inscrit ({audience}) : {_relative(project.releases(audience) / entry.folder)}/")


@ledger_app.command("check")
def ledger_check(debug: Debug = False) -> None:
    """Vérifie le registre des diffusions : chaque ligne, et chaque table figée."""
    from .disclosure import ledger
    from .project import find

    for audience, book in ledger.of_all(find()).items():
        print(f"{audience} : {len(book.entries)} inscriptions, dernière empreinte {book.head[:12]}")


@app.command("list")
def list_(debug: Debug = False) -> None:
    """Produits, zones et périodes qui ont des données."""
    from . import places, versions
    from .build import stage
    from .disclosure.safe import SafeTables
    from .project import find

    project = find()
    versions.ensure_example(project, _say)
    for product in PRODUCTS.values():
        print(f"{product.name} — {product.title}")
        for kind, word in (("real", "données réelles"), ("example", "données d’exemple")):
            version = versions.current(project, kind)
            if not version.snapshots:
                continue
            safe = SafeTables.read(versions.candidate(version, "cluster", _say))
            print(f"  {word}")
            for code in product.areas or places.areas(project.params):
                known = stage.periods_with_data(safe, product, code)
                label = places.area(code, project.params).labels["fr"]
                print(f"    {code:<11} {label:<22} {stage.spans(known) if known else 'aucune période'}")


@app.command()
def receive(
    files: Annotated[list[Path], typer.Argument(help="Fichiers reçus, ou leur dossier", metavar="FICHIER…")],
    source: Annotated[str, typer.Option("--source", help="kobo, fivew, dtm_stocks… (veille sources les liste)")],
    received: Annotated[str, typer.Option("--received", help="Jour de réception (2017-07-05)")],
    producer: Annotated[str, typer.Option("--producer", help="Qui a produit ces fichiers (sigle)")] = "",
    edition: Annotated[str, typer.Option("--edition", help=f"Édition des P-codes : {_EDITIONS}")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Contrôle et bilan seulement, sans rien déposer")] = False,
    debug: Debug = False,
) -> None:
    """Contrôle des fichiers reçus, dit ce qui entre, et les dépose avec leurs papiers."""
    from . import periods
    from .build import packet
    from .project import find
    from .sources import receive as intake

    day = periods.day(received, "Date de réception")
    with packet.disk_errors():
        for name, by, paths in intake.sort_out(files, source, producer):
            with _progress(len(paths) + 3) as say:
                receipt = intake.receive(
                    paths, name, day, find(), producer=by, edition=edition, dry_run=dry_run, say=say
                )
            for line in receipt.lines():
                print(line)
            if receipt.quality:
                print(f"Rapport de qualité : {_relative(receipt.quality)}")
            if receipt.stored is None:
                print("Essai seulement : rien n’a été déposé.")
            else:
                print(f"{'Déposé' if receipt.is_new else 'Déjà reçu, rien à faire'} : {_relative(receipt.stored)}/")


@app.command()
def quality(
    source: Annotated[str, typer.Argument(help="Source, ou série d’un partenaire", metavar="SOURCE")],
    received: Annotated[
        str, typer.Argument(help="Jour de réception ; sans lui, le dernier", metavar="JOUR", show_default=False)
    ] = "",
    nature: Nature = "",
    debug: Debug = False,
) -> None:
    """Refait le rapport de qualité d’un dépôt reçu."""
    from . import periods
    from .build import packet
    from .project import find
    from .render import quality as report
    from .sources import quality as measures

    project = find()
    day = periods.day(received, "Jour de réception") if received else None
    with packet.disk_errors(), _progress(3) as say:
        snapshot = measures.find(project, source, day, nature)
        print(_relative(report.write(project, measures.of_stored(project, snapshot, say))))


@app.command()
def sources(debug: Debug = False) -> None:
    """Liste les sources que veille receive sait lire."""
    from .sources import formats
    from .sources import receive as intake

    for name in intake.readable():
        print(f"{name:<22} {formats.declared(name).papers['title']}")
    for family, several in sorted(intake.families().items()):
        print(f"{family:<22} l’une de : {', '.join(several)}, d’après l’en-tête")


@contextmanager
def _progress(steps: int) -> Iterator[Callable[[str], None]]:
    """A bar on stderr, for a person who watches; each step says what runs now."""
    if not sys.stderr.isatty():
        yield lambda line: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=steps)

        def say(line: str) -> None:
            bar.update(task, description=line, advance=1)

        yield say


@app.command()
def indicators(debug: Debug = False) -> None:
    """Décrit chaque indicateur et sa requête (docs/indicators.md)."""
    from .indicators.catalogue import markdown
    from .project import find

    print(markdown(find().params), end="")


def _new_workbook(given: str, name: str) -> Path:
    """Where a workbook is to be written; never over a file that is there already."""
    path = Path(given or name)
    if path.suffix.lower() != ".xlsx":
        raise BadParameter("Le nom du classeur finit par .xlsx.", f"Par exemple : {name}.")
    if not path.parent.is_dir():
        raise BadParameter("Le dossier indiqué pour le classeur n’existe pas.", "Créez-le, ou choisissez-en un autre.")
    if path.exists():
        raise BadParameter(f"{path.name} existe déjà.", "Donnez un autre nom : un fichier n’est jamais remplacé.")
    return path


@app.command()
def form(
    out: Annotated[str, typer.Argument(help="Classeur à écrire", metavar="SORTIE.xlsx", show_default=False)] = "",
    debug: Debug = False,
) -> None:
    """Écrit le formulaire de monitoring pour KoBo (XLSForm)."""
    from .build import packet
    from .schemas import xlsform

    path = _new_workbook(out, "formulaire_monitoring.xlsx")
    with packet.disk_errors():
        xlsform.write(path)
    print(path)


@app.command()
def template(
    table: Annotated[
        str, typer.Argument(help="Table ; sans elle, la liste des tables", metavar="TABLE", show_default=False)
    ] = "",
    out: Annotated[str, typer.Argument(help="Classeur à écrire", metavar="SORTIE.xlsx", show_default=False)] = "",
    debug: Debug = False,
) -> None:
    """Écrit le modèle de saisie Excel d’une table, pour qui n’a pas KoBo."""
    from .build import packet
    from .schemas import definitions
    from .schemas import template as workbook

    if not table:
        for name, spec in definitions.tables().items():
            print(f"{name:<20} {spec.title.fr}")
        return
    path = _new_workbook(out, f"saisie_{definitions.table(table).name}.xlsx")
    with packet.disk_errors():
        workbook.write(path, table)
    print(path)


@app.command()
def dictionary(debug: Debug = False) -> None:
    """Décrit chaque colonne de chaque table, et les listes de codes (docs/dictionary.md)."""
    from .schemas.dictionary import markdown

    print(markdown(), end="")


@texts_app.command("new")
def texts_new(product: Product_, region: Region, period: Period, nature: Nature = "", debug: Debug = False) -> None:
    """Crée le formulaire où écrire faits saillants, contexte, incidents majeurs, plaidoyer."""
    from . import texts
    from .build import stage
    from .project import find

    project = find()
    plan = stage.plan(project, product, region, period, nature=nature, say=_say)
    path = plan.text_path
    if path.exists():
        raise BadParameter(f"{_relative(path)} existe déjà.", "Ouvrez-le et continuez ; il n’est jamais remplacé.")
    path.parent.mkdir(parents=True, exist_ok=True)
    form = texts.form(
        plan.product.name,
        plan.area.code,
        str(plan.period),
        plan.version.nature,
        plan.product.sections_of(plan.period.kind),
    )
    with open(path, "x", encoding="utf-8", newline="\n") as file:
        file.write(form)
    print(_relative(path))


INTERRUPTED = 130
_USAGE = {
    "NoSuchOption": "Option inconnue",
    "MissingParameter": "Il manque un paramètre",
    "BadParameter": "Valeur refusée",
}


def _is_usage(error: Exception) -> bool:
    """Whether typer refused the command line. Its base class has no stable public name: go by typer.BadParameter's."""
    return isinstance(error, typer.BadParameter.__mro__[1])


for _app in (app, *_GROUPS.values()):
    for _command in _app.registered_commands:
        _command.cls = _Command
        # Whole: typer would cut it in a list of commands.
        _command.short_help = _command.callback.__doc__.splitlines()[0]


def _usage(error: Exception, arguments: list[str]) -> str:
    """typer's English usage errors, in French: what is missing or unknown, and the nearest command."""
    parameter = getattr(error, "param", None)
    option = next((o for o in getattr(parameter, "opts", ()) if o.startswith("-")), "")
    name = (
        getattr(error, "option_name", "")
        or option
        or getattr(parameter, "metavar", "")
        or getattr(parameter, "name", "")
    )
    words = next((_USAGE[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in _USAGE), "")
    if words:
        return f"{words}{f' : {name}' if name else ''}.\nVoyez : veille --help"
    commands = [command.name or command.callback.__name__ for command in app.registered_commands] + [*_GROUPS]
    hint = near(arguments[0], commands) if arguments else ""
    return f"Commande inconnue. {hint}\nCommandes : {', '.join(commands)}."


def is_debugged(arguments: list[str]) -> bool:
    """Whether traces are to be shown."""
    return "--debug" in arguments or os.environ.get("VEILLE_DEBUG", "") not in ("", "0")


def main() -> None:
    """The `veille` command: `run`, in a process that may die."""
    guard.run(run, debug=is_debugged(sys.argv[1:]))


def run(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 build failed, 2 bad parameter, 3 bad data, 4 disclosure refused or an agreement missing."""
    # What is imported and planned is needed to the end: looking for garbage in it is a tenth of a command that has nothing to do.
    gc.set_threshold(100_000)
    # typer's pydantic would look into every installed package for plugins: none is ours.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    arguments = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may not be UTF-8
            stream.reconfigure(encoding="utf-8", errors="replace")
    debug = is_debugged(arguments)
    try:
        # typer turns Ctrl-C into a value that it returns.
        code = app(args=arguments, prog_name="veille", standalone_mode=False)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
    except VeilleError as error:
        if debug:
            traceback.print_exc()
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except typer.Exit as stop:
        sys.exit(stop.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        print("Interrompu ; rien n’a été remplacé.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except MemoryError:
        if debug:
            traceback.print_exc()
        print("La mémoire manque ; rien n’a été remplacé.\nFermez d’autres programmes et relancez.", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        if _is_usage(error):
            print(_usage(error, arguments), file=sys.stderr)
            sys.exit(2)
        if debug:
            traceback.print_exc()
        print(
            f"Erreur inattendue ({type(error).__name__}) ; rien n’a été remplacé.\nRelancez avec --debug et signalez la trace.",
            file=sys.stderr,
        )
        sys.exit(1)
