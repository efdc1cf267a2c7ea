"""What a notebook is given: a folder with the safe tables, the areas, the text, and what it was asked for."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from .. import periods, places, texts, versions
from ..disclosure.safe import SafeTables
from ..errors import BadData, BadParameter, ConsentMissing, UnknownName
from ..periods import Period
from ..products import Product, product
from ..project import Project, find
from ..schemas import datapackage
from ..strategy import decided, evidence, followup
from ..versions import Say, Version

NATURES = ("real", "example")


@dataclass(frozen=True)
class Kept(Version):
    """A data version of which only the safe tables are left: no snapshot, but the day of the last one."""

    received: date = date.min

    @property
    def newest_received(self) -> date:
        return self.received


@dataclass(frozen=True)
class Plan:
    """One report to make: everything is checked, and the data version is chosen."""

    project: Project
    product: Product
    area: places.Area
    period: Period
    audience: str
    lang: str
    as_of: str
    version: Version
    safe: Path

    @property
    def parameters(self) -> dict[str, str]:
        """What the notebook gets."""
        return {
            "region": self.area.code,
            "period": str(self.period),
            "as_of": self.as_of,
            "audience": self.audience,
            "lang": self.lang,
        }

    @cached_property
    def text_path(self) -> Path:
        """Where people write for this report."""
        return self.project.texts / self.product.name / self.area.code / f"{self.period}.md"

    @cached_property
    def target(self) -> Path:
        """`reports/[exemple/]<product>/<place>/<period>[+public][+en][+asof-D]/`."""
        name = (
            str(self.period)
            + ("+public" if self.audience == "public" else "")
            + (f"+{self.lang}" if self.lang != "fr" else "")
        )
        name += f"+asof-{self.as_of}" if self.as_of else ""
        root = self.project.reports / "exemple" if self.version.nature == "example" else self.project.reports
        return root / self.product.name / self.area.code / name

    @property
    def stem(self) -> str:
        """The artefacts' file name, without its ending."""
        return f"{self.product.name}_{self.area.code}_{self.period}"


def without_data(plan_: Plan) -> Plan:
    """The same report for a machine that has no data: it names no file received, and no folder of this machine."""
    given, nowhere = plan_.version, Project(Path())
    version = Kept(nowhere, given.nature, given.as_of, (), given.id, given.newest_received)
    return replace(plan_, project=nowhere, version=version, safe=Path())


def one_of(what: str, given: str, known: tuple[str, ...], *, feminine: bool = False) -> str:
    """The given name when it is a known one. Raises UnknownName otherwise."""
    if given not in known:
        raise UnknownName(what, given, known, feminine=feminine)
    return given


def place_and_period(name: str, region: str, period: str, command: str) -> tuple[str, str]:
    """The area and the period that are asked for; the area may be left out for a product that has only one.

    Raises UnknownName for an unknown product, BadParameter where something is missing.
    """
    asked = product(name)
    is_single = len(asked.areas) == 1
    if region and not period and (is_single or region[0].isdigit()):  # one word was given: the period
        region, period = "", region
    if is_single and not region:
        region = asked.areas[0]
    if not (region and period):
        missing = [name for name, given in (("ZONE", region), ("PÉRIODE", period)) if not given]
        somewhere = region or next(
            a for a in (*asked.areas, "gao", "mali") if asked.kinds_for(a)[:1] == asked.period_kinds[:1]
        )
        example = {"month": "2017-06", "quarter": "2017-Q2", "year": "2017"}[asked.kinds_for(somewhere)[0]]
        words = f"{name} {example}" if is_single else f"{name} {somewhere} {example}"
        raise BadParameter(
            f"Il manque un paramètre : {' et '.join(missing)}.",
            f"Par exemple : veille {command} {words} ; avec make : {'' if is_single else f'REGION={somewhere} '}PERIOD={example}.",
        )
    return region, period


def periods_with_data(safe: SafeTables, product_: Product, area: str) -> list[str]:
    """The periods for which the product has something to report in an area: months, then quarters, then years."""
    if product_.frames:
        return [str(p) for kind in product_.kinds_for(area) for p in followup.periods_with_values(safe, product_, kind)]
    known = [p for p in safe.periods(product_.lead, area) if safe.get(product_.lead, area, p).is_shown]
    return [p for kind in product_.kinds_for(area) for p in known if periods.is_of(p, kind)]


def period_for(product_: Product, area: str, text: str) -> Period:
    """The period that is asked for. Raises BadParameter where the product is not made for that kind of period there."""
    when = periods.parse(text, kinds=product_.period_kinds)
    here = product_.kinds_for(area)
    if when.kind not in here:
        raise BadParameter(
            f"{product_.title} : l’édition d’{periods.expected([when.kind])} n’existe que pour {', '.join(product_.areas_by_kind[when.kind])}.",
            f"Pour {area}, écrivez {periods.expected(here)}.",
        )
    return when


def _plan_of_frame(made: Callable[[str], Plan | None], chosen: Product, when: Period, nature: str, say: Say) -> Plan:
    """A report about a frame: with the data that have values of its indicators, else with real ones, and nothing to show."""
    spoken_of = followup.frame_of(chosen, when)
    if when.year not in spoken_of.years:
        raise BadParameter(
            f"{spoken_of.title} ne porte pas sur {when.the_name()}.",
            f"Années du cadre : {', '.join(map(str, spoken_of.years))}.",
        )
    plans = [p for kind in ((nature,) if nature else NATURES) if (p := made(kind))]
    for one in plans:
        if followup.has_values(SafeTables.read(one.safe), when.year, spoken_of):
            if one.version.nature == "example" and not nature:
                say(
                    f"Aucune donnée réelle pour {when.the_name()} : ce rapport est fait avec les données d’exemple, synthétiques, et marqué comme tel."
                )
            return one
    if not plans:
        raise BadParameter(
            "Aucune donnée reçue à cette date.", "Choisissez une période passée, ou une date AS_OF plus tardive."
        )
    say("Aucune valeur d’indicateur reçue : le rapport le dit, indicateur par indicateur.")
    return plans[0]


def plan(
    project: Project,
    name: str,
    region: str,
    period: str,
    *,
    as_of: str = "",
    audience: str = "cluster",
    lang: str = "fr",
    nature: str = "",
    say: Say = lambda line: None,
) -> Plan:
    """Check the parameters and choose the data: real if a real snapshot covers the period, else the example.

    Raises BadParameter for an unknown name, an impossible or future period, or one without data.
    """
    chosen = product(name)
    area = places.area(region, project.params)
    if chosen.areas and area.code not in chosen.areas:
        raise UnknownName("Région", region, chosen.areas, feminine=True)
    when = period_for(chosen, area.code, period)
    one_of("Diffusion", audience, chosen.audiences, feminine=True)
    one_of("Langue", lang, chosen.languages, feminine=True)
    if nature:
        one_of("Nature de données", nature, NATURES, feminine=True)
    day = periods.day(as_of, "Date AS_OF") if as_of else None

    def of_nature(kind: str) -> Plan | None:
        if kind == "example":
            versions.ensure_example(project, say)
        version = versions.current(project, kind, day)
        if not version.snapshots or (version.newest_received and when.start > version.newest_received):
            return None
        safe = versions.candidate(version, audience, say)
        return Plan(project, chosen, area, when, audience, lang, as_of, version, safe)

    if chosen.frames:
        return _plan_of_frame(of_nature, chosen, when, nature, say)
    available: dict[str, list[str]] = {}
    is_ahead, hidden = True, False
    for kind in (nature,) if nature else NATURES:
        if kind == "example":
            versions.ensure_example(project, say)
        version = versions.current(project, kind, day)
        if not version.snapshots:
            continue
        if version.newest_received and when.start > version.newest_received:
            available[kind] = []
            continue
        is_ahead = False
        safe = versions.candidate(version, audience, say)
        tables = SafeTables.read(safe)
        hidden = hidden or tables.get(chosen.lead, area.code, str(when)).status == "not_published"
        available[kind] = periods_with_data(tables, chosen, area.code)
        if str(when) in available[kind]:
            if kind == "example" and not nature:
                say(
                    f"Aucune donnée réelle pour {when.the_name()} : ce rapport est fait avec les données d’exemple, synthétiques, et marqué comme tel."
                )
            return Plan(project, chosen, area, when, audience, lang, as_of, version, safe)
    if not available:
        raise BadParameter(
            "Aucune donnée reçue à cette date.", "Choisissez une date AS_OF plus tardive, ou laissez-la vide."
        )
    listed = []
    for kind in available:
        version = versions.current(project, kind, day)
        known = available[kind] or periods_with_data(
            SafeTables.read(versions.candidate(version, audience, say)), chosen, area.code
        )
        word = {"real": "données réelles", "example": "données d’exemple"}[kind]
        listed.append(f"{word} : {spans(known)}" if known else f"{word} : aucune période")
    nothing = f"Aucune donnée pour {area.with_article}, {when.name()}."
    if hidden:
        nothing = f"Des données sont reçues pour {area.with_article}, {when.name()}, mais rien ne peut en être publié."
    problem = f"Période à venir : {when.name()}." if is_ahead else nothing
    raise BadParameter(problem, "Périodes disponibles — " + " ; ".join(listed) + ".")


def spans(known: list[str]) -> str:
    """Periods as a reader lists them: « 2016-08, 2016-10 à 2016-12, 2016-Q4 »."""
    out: list[list[str]] = []
    for p in known:
        if out and str(periods.parse(out[-1][-1]).shift(1)) == p:
            out[-1].append(p)
        else:
            out.append([p])
    return ", ".join(s[0] if len(s) == 1 else f"{s[0]} à {s[-1]}" for s in out)


def written(plan_: Plan) -> texts.Texts | None:
    """The text that people wrote for this report, checked; None when there is none, or it is of the other nature.

    Raises BadData where the file breaks a rule, or a section does not have its number of points.
    """
    found = texts.load(plan_.text_path, plan_.product.headings(plan_.period.kind))
    if found is None:
        return None
    here = {"product": plan_.product.name, "place": plan_.area.code, "period": str(plan_.period)}
    wrong = [name for name, value in here.items() if str(found.front.get(name)) != value]
    if wrong or found.front.get("nature") not in NATURES:
        raise BadData(
            f"{found.name} : l’en-tête n’est pas celui de ce rapport ({', '.join(wrong or ['nature'])}).",
            "Corrigez ces lignes : elles disent pour quel rapport et quelles données le texte est écrit.",
        )
    if found.front["nature"] != plan_.version.nature:
        return None
    for section in plan_.product.sections_of(plan_.period.kind):
        blocks = found.sections.get(section.slug, [])
        if section.points is None or texts.is_unwritten(blocks):
            continue
        low, high = section.points
        count = sum(len(b["items"]) for b in blocks if b["kind"] == "list")
        if not low <= count <= high:
            raise BadData(
                f"{found.name}, rubrique « {section.heading} » : {count} point(s).",
                f"Écrivez une liste de {low} à {high} points.",
            )
    return found


def staged_text(plan_: Plan, folder: Path) -> texts.Texts | None:
    """The text that a staged folder holds, already checked; None when there is none."""
    headings = plan_.product.headings(plan_.period.kind)
    return texts.load(folder / "texts.md", headings, "/".join(plan_.text_path.parts[-3:]))


def status(plan_: Plan) -> list[str]:
    """The words that mark every page of this draft."""
    return ["Brouillon", "Exemple"] if plan_.version.nature == "example" else ["Brouillon"]


def frame_asked(plan_: Plan) -> followup.Asked:
    """What a report about a frame asks for."""
    spoken_of = followup.frame_of(plan_.product, plan_.period)
    return followup.Asked(plan_.project, plan_.product, spoken_of, plan_.period, plan_.version.nature, plan_.audience)


def tables(plan_: Plan, make: Callable[[str], None] | None = None) -> SafeTables:
    """The safe tables that a report may show: those of its data version, with its frame's where it has one.

    `make` builds a report that is cited and missing. Raises BadData for what people wrote and that does not hold.
    """
    safe = SafeTables.read(plan_.safe)
    if not plan_.product.frames or followup.is_joined(safe):
        return safe
    from ..disclosure import rules

    return followup.join(frame_asked(plan_), safe, rules.load(plan_.project.params), make)


def written_about_frame(plan_: Plan) -> list[Path]:
    """What people decided and wrote about a frame, and the manifests of the reports that they cite."""
    asked = frame_asked(plan_)
    written = [decided.path(plan_.project.params, f, asked.frame.code, asked.nature) for f in ("targets", "findings")]
    register = decided.findings(plan_.project.params, asked.frame, asked.nature)
    return written + evidence.read_for(plan_.project, asked.nature, asked.audience, register)


def evidence_of(plan_: Plan) -> list[evidence.Stood]:
    """Every number that the findings about a frame cite, and what became of it."""
    asked = frame_asked(plan_)
    register = decided.findings(plan_.project.params, asked.frame, asked.nature)
    return evidence.graph(plan_.project, asked.nature, asked.audience, register, tables(plan_))


def with_tables(plan_: Plan, folder: Path) -> Plan:
    """The same plan with the safe tables that its notebook is given, written below `folder` where its frame adds to them."""
    if not plan_.product.frames:
        return plan_
    tables(plan_).write(folder, datapackage.describe)
    return replace(plan_, safe=folder)


def require_consent(plan_: Plan) -> None:
    """Raises ConsentMissing where a product needs the agreement of organisations, and that of one is missing."""
    if plan_.product.needs_consent:
        from .. import consent

        gave = versions.contributors(plan_.version, plan_.audience)
        consent.require(plan_.version, plan_.audience, gave, [str(m) for m in plan_.period.each_month()])


def fill(plan_: Plan, folder: Path, make: Callable[[str], None] | None = None) -> None:
    """Write the staged folder: `safe/`, `places.yml`, `contacts.yml`, `context.json`, and `texts.md` if there is one.

    The door through which everything passes that a notebook may see. Raises ConsentMissing before anything is written.
    """
    require_consent(plan_)
    folder.mkdir(parents=True)
    if plan_.product.frames:
        tables(plan_, make).write(folder / "safe", datapackage.describe)
    for path in sorted(plan_.safe.rglob("*")) if not plan_.product.frames else ():
        if path.is_file():  # one by one: a full disk shows as itself
            target = folder / "safe" / path.relative_to(plan_.safe)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    for name in ("places.yml", "contacts.yml"):
        if not (plan_.project.params / name).is_file():
            raise BadData(f"params/{name} : fichier absent.", f"Remettez-le (git checkout params/{name}).")
        shutil.copyfile(plan_.project.params / name, folder / name)
    if written(plan_) is not None:
        (folder / "texts.md").write_bytes(plan_.text_path.read_bytes())
    context = {
        "product": plan_.product.name,
        **plan_.parameters,
        "title": plan_.product.title,
        "nature": plan_.version.nature,
        "status": status(plan_),
        "sections": plan_.product.headings(plan_.period.kind),
        "text_name": "/".join(plan_.text_path.parts[-3:]),
    }
    (folder / "context.json").write_text(
        json.dumps(context, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )


def prepare_for_notebook(name: str, **parameters: str) -> Path:
    """Stage a notebook that is opened outside a build (Jupyter, `quarto render`); removed when the process ends.

    Raises what `plan` and `fill` raise.
    """
    project = find()
    asked = dict(parameters)
    made = plan(project, name, asked.pop("region"), asked.pop("period"), **asked)
    project.work.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="stage-", dir=project.work))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        fill(made, folder / "stage")
    except ConsentMissing:
        # What a notebook raises is kept among its outputs: no names there.
        raise ConsentMissing(
            "Il manque l’accord d’une organisation au moins pour cette diffusion.", "veille build dit lesquelles."
        ) from None
    return folder / "stage"
