"""What people decide and write about a frame: baselines, targets, status, findings, judgements. Read strictly, never generated.

`params/targets/<frame>.yml` and `params/findings/<frame>.yml`; those of the example stand in a folder `exemple` beside
them. Every refusal says the file, the line and what to do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import yaml

from .. import texts
from ..codes import code_list
from ..errors import BadData, VeilleError, near
from ..schemas.definitions import table
from ..yamls import LOADER, Twice, load_once
from .frames import Frame, Indicator

EXAMPLE = "exemple"
_NOTHING = (None, "")


@dataclass(frozen=True)
class Decided:
    """What was decided of one indicator: where it started, what was aimed at, and the status that the group signs."""

    baseline: Decimal | None = None
    baseline_source: str = ""
    target: Decimal | None = None
    target_source: str = ""
    status: str = "not_reported"
    justification: str = ""
    proof: str = ""


@dataclass(frozen=True)
class Cited:
    """A number in a named report: `report` is `product/area/period`; `value` as it was read there.

    `manifest` and `version` say which build of the report: its manifest's sha256 (the first twelve digits are enough)
    and its data version; empty where nobody noted them.
    """

    report: str
    key: str
    place: str
    period: str
    value: str
    manifest: str
    version: str
    line: int

    @property
    def address(self) -> str:
        """`key@place@period`."""
        return f"{self.key}@{self.place}@{self.period}"


@dataclass(frozen=True)
class Finding:
    """One finding, typed by people: what it says and what it stands on."""

    id: str
    type: str
    goal: str  # a goal of the frame, or « transversal »
    criterion: str
    area: str
    text: list[dict]
    indicators: tuple[str, ...]
    numbers: tuple[Cited, ...]
    sources: tuple[str, ...]  # documents, interviews and workshops, as they are printed
    line: int
    recipient: str = ""
    by: str = ""
    decision: str = ""
    response: list[dict] | None = None


@dataclass(frozen=True)
class Judgement:
    """What is said of one criterion, and the findings that it stands on."""

    criterion: str
    text: list[dict]
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Register:
    """All that people wrote about a frame. `quoted`: numbers taken from elsewhere, with their source."""

    name: str
    findings: tuple[Finding, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    consulted: tuple[tuple[str, str], ...] = ()  # who was consulted, and how many
    quoted: Mapping[str, str] = field(default_factory=dict)


class _Page:
    """A file that people wrote, and the line of everything in it."""

    def __init__(self, path: Path) -> None:
        self.name = "/".join(path.parts[-2:])
        try:
            source = path.read_text(encoding="utf-8-sig")
            self.given = load_once(source) or {}
            self.nodes = yaml.compose(source, Loader=LOADER)
        except OSError:
            raise BadData(
                f"{self.name} : fichier absent ou illisible.", f"Remettez-le (git checkout {self.name})."
            ) from None
        except Twice as found:
            raise BadData(f"{self.name} : une clé est écrite deux fois ({found}).", "Gardez la bonne.") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f", ligne {mark.line + 1}" if mark else ""
            raise BadData(
                f"{self.name}{where} : le fichier ne se lit pas.",
                "Vérifiez les deux-points, les guillemets et le retrait des lignes.",
            ) from None
        if not isinstance(self.given, dict):
            raise BadData(f"{self.name} : le fichier ne se lit pas.", "Il commence par frame et nature.")

    def line(self, *steps: str | int) -> int:
        """The line on which something stands."""
        node = self.nodes
        for step in steps:
            if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            elif isinstance(node, yaml.MappingNode):
                found = [(k, v) for k, v in node.value if getattr(k, "value", None) == str(step)]
                if not found:
                    break
                if step == steps[-1]:
                    return found[0][0].start_mark.line + 1
                node = found[0][1]
        return node.start_mark.line + 1 if node else 1

    def refuse(self, problem: str, remedy: str, *steps: str | int) -> BadData:
        return BadData(f"{self.name}, ligne {self.line(*steps)} : {problem}.", remedy)

    def mapping(self, given: object, known: Iterable[str], *steps: str | int) -> dict:
        """A mapping with known keys only."""
        known = list(known)
        if given in _NOTHING:
            return {}
        if not isinstance(given, dict):
            raise self.refuse("une liste de champs est attendue ici", f"Champs : {', '.join(known)}.", *steps)
        for name in given:
            if str(name) not in known:
                hint = near(str(name), known)
                raise self.refuse("champ inconnu", hint or f"Champs : {', '.join(known)}.", *steps, str(name))
        return given

    def items(self, name: str) -> list:
        """A list, or nothing."""
        given = self.given.get(name)
        if given in _NOTHING:
            return []
        if not isinstance(given, list):
            raise self.refuse("une liste est attendue", "Chaque élément commence par un tiret.", name)
        return given

    def one_of(self, value: object, known: Iterable[str], what: str, *steps: str | int) -> str:
        """A word of a list."""
        known = list(known)
        if str(value) not in known:
            hint = near(str(value), known) if value not in _NOTHING else ""
            raise self.refuse(f"{what} inconnu(e)", hint or f"Choix : {', '.join(known)}.", *steps)
        return str(value)

    def words(self, value: object) -> str:
        return "" if value is None else " ".join(str(value).split())

    def runs(self, value: object, quoted: Mapping[str, str], *steps: str | int) -> list[dict]:
        """A text as runs: a number in it is a key, or quoted with its source."""
        try:
            return texts.line(self.words(value), self.name, self.line(*steps), dict(quoted))
        except VeilleError as error:
            raise BadData(error.message, error.next_step) from None

    def day(self, value: object, *steps: str | int) -> str:
        """A day, `2017-11-14`."""
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            raise self.refuse("un jour est attendu", "Écrivez-le 2017-11-14.", *steps) from None


def path(params: Path, folder: str, frame: str, nature: str) -> Path:
    """Where the file of a frame stands: what was decided of real data, or of the example."""
    return params / folder / (EXAMPLE if nature == "example" else "") / f"{frame}.yml"


def _head(page: _Page, frame: Frame, nature: str, known: Iterable[str]) -> None:
    page.mapping(page.given, ["frame", "nature", *known])
    for name, value in (("frame", frame.code), ("nature", nature)):
        if page.given.get(name) != value:
            raise page.refuse(f"{name} n’est pas {value}", f"Écrivez {name} : {value}.", name)


def _value(page: _Page, one: Indicator, given: object, *steps: str | int) -> Decimal | None:
    """A value in the unit of its indicator."""
    if given in _NOTHING:
        return None
    if isinstance(given, bool):  # YAML reads « oui » as text and yes as true
        given = int(given)
    try:
        value = Decimal(str(given).replace(",", "."))
    except InvalidOperation:
        raise page.refuse("un nombre est attendu", "Laissez vide ce que personne n’a fixé.", *steps) from None
    if one.unit == "percent" and not 0 <= value <= 100:
        raise page.refuse("un pourcentage hors de 0 à 100", "Corrigez-le.", *steps)
    if one.unit == "yes_no" and value not in (0, 1):
        raise page.refuse("une réponse autre que 1 (oui) ou 0 (non)", "Écrivez 1 ou 0.", *steps)
    if one.unit in ("number", "category") and (value < 0 or value != value.to_integral_value()):
        raise page.refuse("un nombre négatif ou à virgule pour ce qui se compte", "Écrivez un nombre entier.", *steps)
    return value


def decided(params: Path, frame: Frame, nature: str) -> dict[str, Decided]:
    """Baseline, target and status of the indicators that somebody wrote about. Raises BadData with the line and the remedy."""
    page = _Page(path(params, "targets", frame.code, nature))
    _head(page, frame, nature, ["indicators"])
    fields = list(Decided.__dataclass_fields__)
    out = {}
    for ident, given in (page.given.get("indicators") or {}).items():
        where = ("indicators", str(ident))
        if str(ident) not in frame.indicators:
            hint = near(str(ident), frame.indicators)
            raise page.refuse("cet indicateur n’est pas du cadre", hint or "Reprenez son code du cadre.", *where)
        one = frame.indicators[str(ident)]
        given = page.mapping(given, fields, *where)
        status = page.one_of(
            given.get("status") or "not_reported", code_list("indicator_status"), "statut", *where, "status"
        )
        made = Decided(
            _value(page, one, given.get("baseline"), *where, "baseline"),
            page.words(given.get("baseline_source")),
            _value(page, one, given.get("target"), *where, "target"),
            page.words(given.get("target_source")),
            status,
            page.words(given.get("justification")),
            page.words(given.get("proof")),
        )
        for name, value, source in (
            ("baseline", made.baseline, made.baseline_source),
            ("target", made.target, made.target_source),
        ):
            if value is not None and not source:
                raise page.refuse(
                    "une valeur sans sa source", f"Écrivez {name}_source : qui l’a fixée, où, quand.", *where
                )
        if made.proof and not re.search(table("indicator_values").columns["proof"].pattern, made.proof):
            raise page.refuse(
                "une preuve qui ne mène nulle part",
                "Écrivez document: titre, date, lieu ; rapport: produit/zone/période ; ou une adresse https.",
                *where,
                "proof",
            )
        if status != "not_reported" and not made.justification:
            raise page.refuse("un statut sans sa justification", "Dites en une phrase ce qui le fonde.", *where)
        if made.justification:
            page.runs(made.justification, {}, *where, "justification")
        out[one.id] = made
    return out


_FINDING = "id type sub_objective criterion area text evidence to by response".split()
_NUMBER = "report key place period value manifest version".split()
_KINDS = "indicator report document interview workshop".split()


def _sources(page: _Page, entry: dict, *steps: str | int) -> str:
    """A document, an interview or a workshop as it is printed: who by category, when, and its reference."""
    if "document" in entry:
        given = page.mapping(entry, ["document", "date", "where"], *steps)
        title, day, where = page.words(given["document"]), given.get("date"), page.words(given.get("where"))
        if not title or day in _NOTHING:
            raise page.refuse(
                "un document sans titre ou sans date", "Écrivez document, date, et where (où il est classé).", *steps
            )
        return f"{title}, {page.words(day)}" + (f", {where}" if where else "")
    kind = "interview" if "interview" in entry else "workshop"
    given = page.mapping(entry, [kind, "date", "reference"], *steps)
    who, reference = page.words(given[kind]), page.words(given.get("reference"))
    if not who or not reference:
        raise page.refuse(
            "un entretien ou un atelier sans rôle ou sans référence",
            "Écrivez le rôle (jamais un nom), date et reference.",
            *steps,
        )
    word = {"interview": "Entretien", "workshop": "Atelier"}[kind]
    return f"{word} : {who}, {page.day(given.get('date'), *steps, 'date')} ({reference})"


def _cited(page: _Page, entry: dict, *steps: str | int) -> Cited:
    given = page.mapping(entry, _NUMBER, *steps)
    missing = [n for n in ("report", "key", "value") if given.get(n) in _NOTHING]
    if missing:
        raise page.refuse(
            f"un nombre cité sans {', '.join(missing)}",
            "Il faut le rapport (produit/zone/période), la clé de son numbers.csv et la valeur lue.",
            *steps,
        )
    parts = str(given["report"]).split("/")
    if len(parts) != 3:
        raise page.refuse("le rapport s’écrit produit/zone/période", "Par exemple gbvims/mali/2017.", *steps, "report")
    return Cited(
        str(given["report"]),
        str(given["key"]),
        str(given.get("place") or parts[1]),
        str(given.get("period") or parts[2]),
        str(given["value"]),
        str(given.get("manifest") or ""),
        str(given.get("version") or ""),
        page.line(*steps),
    )


def _finding(page: _Page, n: int, given: object, frame: Frame, quoted: Mapping[str, str]) -> Finding:
    where = ("findings", n)
    given = page.mapping(given, _FINDING, *where)
    for name in ("id", "type", "sub_objective", "text", "evidence"):
        if given.get(name) in _NOTHING:
            raise page.refuse(f"un constat sans {name}", "Ce champ est obligatoire.", *where)
    kind = page.one_of(given["type"], code_list("finding_type"), "type de constat", *where, "type")
    goals = [*(g.id for g in frame.goals), "transversal"]
    goal = page.one_of(given["sub_objective"], goals, "sous-objectif", *where, "sub_objective")
    criterion = ""
    if given.get("criterion"):
        criterion = page.one_of(given["criterion"], code_list("evaluation_criterion"), "critère", *where, "criterion")
    indicators, numbers, sources = [], [], []
    if not isinstance(given["evidence"], list):
        raise page.refuse("les preuves sont une liste", "Chaque preuve commence par un tiret.", *where, "evidence")
    for k, entry in enumerate(given["evidence"]):
        at = (*where, "evidence", k)
        if not isinstance(entry, dict) or not set(entry) & set(_KINDS):
            raise page.refuse("une preuve d’aucune sorte connue", f"Choix : {', '.join(_KINDS)}.", *at)
        if "indicator" in entry:
            ident = str(page.mapping(entry, ["indicator"], *at)["indicator"])
            if ident not in frame.indicators:
                hint = near(ident, frame.indicators)
                raise page.refuse("cet indicateur n’est pas du cadre", hint or "Reprenez son code du cadre.", *at)
            indicators.append(ident)
        elif "report" in entry:
            numbers.append(_cited(page, entry, *at))
        else:
            sources.append(_sources(page, entry, *at))
    is_advice = kind == "recommendation"
    response = page.mapping(given.get("response"), ["decision", "text", "date"], *where, "response")
    if is_advice and (given.get("to") in _NOTHING or given.get("by") in _NOTHING):
        raise page.refuse("une recommandation sans destinataire ou sans échéance", "Écrivez to et by.", *where)
    return Finding(
        str(given["id"]),
        kind,
        goal,
        criterion,
        page.words(given.get("area")) or "mali",
        page.runs(given["text"], quoted, *where, "text"),
        tuple(indicators),
        tuple(numbers),
        tuple(sources),
        page.line(*where),
        page.words(given.get("to")),
        page.day(given["by"], *where, "by") if is_advice else "",
        page.one_of(
            response.get("decision") or "pending", code_list("response_decision"), "décision", *where, "response"
        )
        if is_advice
        else "",
        page.runs(response["text"], quoted, *where, "response") if response.get("text") else None,
    )


def findings(params: Path, frame: Frame, nature: str) -> Register:
    """Everything that people wrote about a frame. Raises BadData with the line and the remedy."""
    page = _Page(path(params, "findings", frame.code, nature))
    _head(page, frame, nature, ["numbers", "consulted", "findings", "judgements"])
    quoted: dict[str, str] = {}
    for n, entry in enumerate(page.items("numbers")):
        entry = page.mapping(entry, ["text", "source"], "numbers", n)
        if not entry.get("text") or not entry.get("source"):
            raise page.refuse("un nombre cité sans texte ou sans source", "Écrivez les deux.", "numbers", n)
        quoted[str(entry["text"])] = str(entry["source"])
    made = [_finding(page, n, f, frame, quoted) for n, f in enumerate(page.items("findings"))]
    idents = [f.id for f in made]
    for n, f in enumerate(made):
        if idents.index(f.id) != n:
            raise page.refuse(
                "un identifiant de constat est écrit deux fois", "Donnez-lui un autre identifiant.", "findings", n
            )
    judged = []
    for n, entry in enumerate(page.items("judgements")):
        where = ("judgements", n)
        entry = page.mapping(entry, ["criterion", "text", "findings"], *where)
        criterion = page.one_of(entry.get("criterion"), code_list("evaluation_criterion"), "critère", *where)
        stands = [str(f) for f in entry.get("findings") or []]
        if not entry.get("text") or not stands:
            raise page.refuse(
                "un jugement sans texte ou sans constat", "Un jugement s’appuie sur des constats.", *where
            )
        for f in stands:
            if f not in idents:
                raise page.refuse(
                    "un jugement cite un constat qui n’existe pas", near(f, idents) or "Corrigez l’identifiant.", *where
                )
        judged.append(Judgement(criterion, page.runs(entry["text"], quoted, *where, "text"), tuple(stands)))
    consulted = []
    for n, entry in enumerate(page.items("consulted")):
        entry = page.mapping(entry, ["category", "people"], "consulted", n)
        consulted.append((page.words(entry.get("category")), str(entry.get("people") or "")))
    return Register(page.name, tuple(made), tuple(judged), tuple(consulted), quoted)
