"""The evaluator's bundle: one report with all that is needed to verify it, years later, without a row about a person.

A zip of the packet, the safe tables it was made from, what people wrote and decided, the locked versions, the typeface,
and `verify.py`, which needs nothing but Python. See docs/decisions/0024 and docs/guide/dossier-evaluateur.md.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path

from .. import consent, versions
from ..build import packet, stage
from ..build.stage import Plan
from ..disclosure.safe import SafeTables
from ..errors import BadParameter, BuildFailed, DisclosureRefused
from ..indicators.registry import DIFFERENCES, MEASURES, SHARES
from ..project import PACKAGE
from ..versions import Say
from . import verify

SCHEMA_VERSION = 1
# What leaves of `params/`: an input of a report that is in neither list stops the bundle until somebody decides.
CARRIED = (
    "params/places.yml",
    "params/disclosure.yml",
    "params/contacts.yml",
    "params/targets/",
    "params/findings/",
    "params/texts/",
    "notebooks/",
    "reports/",  # of the reports that are cited: the manifest, and the numbers that they print
)
# Keys of restricted rows, admitted spellings of senders, names of organisations.
INSIDE = ("params/corrections.yml", "params/aliases.csv", "params/consent.yml")
LOCK = "requirements/run.txt"
_NAME = re.compile(r"[A-Za-z0-9_+.-]+(/[A-Za-z0-9_+.-]+)*")
Files = dict[str, bytes]


def is_plain(name: str) -> bool:
    """Whether every system takes a file name as it is, inside the folder where it is unpacked."""
    return bool(_NAME.fullmatch(name)) and ".." not in name


@dataclass(frozen=True)
class Made:
    """A finished bundle: where it is, how many files it holds, and the sha256 of its list, to be noted when it is handed over."""

    path: Path
    files: int
    fingerprint: str


def target(plan: Plan) -> Path:
    """`reports/[exemple/]dossiers/<product>_<place>_<period>[+public][+asof-D].zip`."""
    name = f"{plan.product.name}_{plan.area.code}_{plan.target.name}.zip"
    return plan.project.bundles(plan.version.nature) / name


def _build_command(plan: Plan) -> str:
    words = ["veille build", plan.product.name, plan.area.code, str(plan.period)]
    words += ["--as-of", plan.as_of] if plan.as_of else []
    words += ["--audience", plan.audience] if plan.audience != "cluster" else []
    words += ["--lang", plan.lang] if plan.lang != "fr" else []
    words += ["--nature", plan.version.nature] if plan.version.nature == "example" else []
    return " ".join(words)


def _refuse_unless(is_so: bool, what: str, plan: Plan) -> None:
    if not is_so:
        raise DisclosureRefused(
            f"Le dossier n’est pas fait : {what}.",
            f"Refaites le rapport, puis le dossier : {_build_command(plan)} --again",
        )


def _packet(plan: Plan) -> Files:
    """The files of a report that was built. Raises BadParameter when there is none, DisclosureRefused when it was changed."""
    folder = plan.target
    if not (folder / "manifest.json").is_file():
        raise BadParameter(
            f"Ce rapport n’est pas encore construit : {plan.product.title}, {plan.area.titles['fr']}, {plan.period.name()}.",
            f"Construisez-le d’abord : {_build_command(plan)}",
        )
    files = {f"report/{name}": content for name, content in verify.read_all(folder).items()}
    try:
        verify.check_report(files)
    except verify.Differs as differs:
        _refuse_unless(False, differs.lines[0].rstrip("."), plan)
    except (ValueError, KeyError, TypeError, AttributeError):
        _refuse_unless(False, f"{verify.MANIFEST} : illisible", plan)
    return files


def _check_same(plan: Plan, manifest: dict) -> None:
    """The report is the one that is asked for, made by this programme, from these data and these installed versions."""
    asked = {"product": plan.product.name, "parameters": plan.parameters, "audience": plan.audience}
    same = all(manifest.get(name) == value for name, value in asked.items())
    _refuse_unless(same, "le rapport à cette place est celui d’autres paramètres", plan)
    data = (manifest.get("version"), manifest.get("nature")) == (plan.version.id, plan.version.nature)
    _refuse_unless(data, "le rapport est d’une autre version des données", plan)
    candidate = packet.hash_inputs({"candidate.json": plan.safe / "candidate.json"})
    tables = candidate.items() <= manifest.get("inputs", {}).items() and bool(candidate)
    _refuse_unless(tables, "les tables sûres ne sont plus celles du rapport", plan)
    code = packet.code_digest(plan.project.notebooks / plan.product.notebook)
    _refuse_unless(manifest.get("code_digest") == code, "le programme ou le carnet a changé depuis", plan)


def _lock(plan: Plan, manifest: dict) -> bytes:
    """The lock, when the report was made with the versions that it names."""
    path = plan.project.root / LOCK
    content = path.read_bytes() if path.is_file() else b""
    pins = set(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", content.decode("utf-8"), re.M))
    used = {(name, version) for name, version in manifest.get("locked_versions", {}).items()}
    _refuse_unless(bool(used) and used <= pins, f"le rapport n’est pas fait avec les versions de {LOCK}", plan)
    return content


def _written(plan: Plan, manifest: dict) -> Files:
    """The notebook, the text and the parameters that the manifest names, if they may leave and are still the same."""
    out: Files = {}
    text = plan.text_path.relative_to(plan.project.root).as_posix()
    for name, seal in sorted(manifest["inputs"].items()):
        if name.startswith("data/") or name == "candidate.json" or name in INSIDE:
            continue  # received files stay inside, even those that are public: the manifest holds their sha256
        if not name.startswith(CARRIED):
            raise BuildFailed(
                f"{name} : on ne sait pas si ce fichier peut sortir ; le dossier n’est pas fait.",
                "Dites-le dans src/veille/bundle (CARRIED ou INSIDE), puis relancez.",
            )
        if name == text and stage.written(plan) is None:
            continue  # it is about the other nature of data: nothing of it is in the report
        path = plan.project.root / name
        content = path.read_bytes() if path.is_file() else b""
        _refuse_unless(verify.digest(content) == seal, f"{name} a changé depuis la construction du rapport", plan)
        out[name] = content
    return out


def _safe(plan: Plan) -> Files:
    """The sealed tables, and nothing that lies beside them. Raises BuildFailed when a seal is broken."""
    folder = plan.safe
    sealed = SafeTables.read(folder).meta["files"]
    return {f"safe/{name}": (folder / name).read_bytes() for name in ["candidate.json", *sealed]}


def declared_units() -> dict[str, dict[str, str]]:
    """What is printed of a number that was not received, by its key without the codes: as `SafeTables.get` has it."""
    out: dict[str, dict[str, str]] = {}

    def add(stem: str, names: tuple[str, ...], unit: str, table: str, caveat: str) -> None:
        out.setdefault(
            ".".join([stem, *names]), {"unit": unit, "table": table, "query": table, "caveat": caveat}
        )  # the first line wins, as in the registry

    for m in MEASURES:
        add(m.indicator, tuple(n for n, _ in m.dimensions), m.unit, m.name, m.caveat)
    for s in SHARES:
        add(s.indicator, tuple(s.names), "percent", s.name, s.meaning)
    for d in DIFFERENCES:
        add(d.indicator, (), d.unit, d.name, d.meaning)
    return out


def _collect(plan: Plan) -> Files:
    report = _packet(plan)
    manifest = json.loads(report[verify.MANIFEST])
    _check_same(plan, manifest)
    fonts = PACKAGE / "render" / "fonts"
    files = {
        **report,
        **_safe(plan),
        **_written(plan, manifest),
        LOCK: _lock(plan, manifest),
        verify.DECLARED: verify.as_json(declared_units()),
        **{f"fonts/{path.name}": path.read_bytes() for path in sorted(fonts.iterdir()) if path.is_file()},
        "verify.py": resources.files(__package__).joinpath("verify.py").read_bytes(),
        "LISEZMOI.txt": _read_me(plan, manifest).encode(),
    }
    if strange := [name for name in files if not is_plain(name)]:
        raise BuildFailed(f"{len(strange)} nom(s) de fichier que tous les systèmes n’acceptent pas.", "Signalez-le.")
    contents = {
        "schema_version": SCHEMA_VERSION,
        "files": {name: {"sha256": verify.digest(content), "bytes": len(content)} for name, content in files.items()},
    }
    return {**files, verify.LIST: verify.as_json({**contents, "seal": verify.seal_of(contents)})}


def _read_me(plan: Plan, manifest: dict) -> str:
    nature = "DONNÉES D’EXEMPLE, SYNTHÉTIQUES : rien n’est réel." if manifest["synthetic"] else "Données réelles."
    scope = {"cluster": "Diffusion restreinte aux membres du Cluster Protection.", "public": "Diffusion publique."}
    made_with = manifest["environment"]
    commit = manifest.get("git_commit") or "inconnu (le projet n’était pas un dépôt git)"
    return f"""DOSSIER DE L’ÉVALUATEUR
{plan.product.title}, {plan.area.titles["fr"]}, {plan.period.name()}
{nature} {scope[plan.audience]}

1. Ce que c’est

Un rapport, et tout ce qu’il faut pour le vérifier plus tard, sans réseau et sans le projet qui l’a fait. Ce dossier ne
contient aucune ligne sur une personne. Il contient toutes les tables sûres de cette version pour cette diffusion, plus
que le rapport n’en imprime : il se transmet aux mêmes lecteurs que le rapport, à personne d’autre.

  report/            le rapport tel qu’il fut construit, numbers.csv et manifest.json
  safe/              les tables sûres : les nombres qui ont passé les règles de protection, scellés
  params/            les zones, les règles de protection, le contact, et le texte que des personnes ont écrit
  reports/           de chaque rapport cité, son manifeste et ses nombres (s’il y en a)
  notebooks/         le carnet qui raconte le rapport
  requirements/      les versions exactes des logiciels employés
  fonts/             la police de caractères et sa licence
  indicators.json    l’unité et la mise en garde de chaque indicateur
  verify.py          le contrôle
  CONTENTS.json      l’empreinte (sha256) et la taille de chaque fichier

2. Vérifier

Il faut Python 3.9 ou plus récent, rien d’autre. Décompressez tout dans un dossier vide, ouvrez-y un terminal :

  python verify.py          (Windows : py verify.py ; Linux et macOS : python3 verify.py)

Le contrôle compare chaque fichier à son empreinte, les tables sûres à leur sceau, puis refait numbers.csv à partir des
tables sûres, ligne à ligne, et relit chaque nombre de la page HTML. Il nomme tout fichier changé, manquant ou ajouté.
Code de sortie 0 : tout est conforme ; 1 : sinon. Un fichier ajouté par votre système (.DS_Store, Thumbs.db,
desktop.ini) est nommé aussi : effacez-le et relancez.

Ce qu’il ne prouve pas : qui referait tout, tables, sceaux et listes, ne serait pas découvert. Comparez donc l’empreinte
que verify.py affiche à celle qui fut notée le jour de la remise, dans un autre document. Il ne dit pas non plus que les
nombres sont vrais : il dit que ce sont ceux des tables sûres.

3. Refaire le rapport avec veille

  version des données : {manifest["version"]}, dernier dépôt reçu le {manifest["received"]}
  veille              : commit {commit}
                        empreinte du programme et du carnet : {manifest["code_digest"]}
  logiciels           : requirements/run.txt
  construit sous      : Python {made_with["python"]}, {made_with["system"]} {made_with["machine"]}

Placez veille à ce commit et installez ces versions dans son environnement
(python -m pip install --require-hashes -r requirements/run.txt). Puis, sans aucune donnée reçue :

  veille rebuild DOSSIER

refait le rapport à partir des tables sûres d’ici, et compare chaque fichier. Sous le même système, ils sont les mêmes à l’octet
près ; sous un autre, la mise en page peut différer, numbers.csv non. Faites-le d’un dossier dont l’empreinte est la bonne.

Qui détient aussi les données reçues refait tout, tables sûres comprises :

  {_build_command(plan)}
"""


def _zip(files: Files, day: date) -> bytes:
    """The same files give the same bytes: sorted names, the day of the data, one permission, one compression."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            part = zipfile.ZipInfo(name, date_time=(max(day.year, 1980), day.month, day.day, 0, 0, 0))
            part.compress_type = zipfile.ZIP_DEFLATED
            part.create_system = 3  # with the permission below: a plain file that everybody may read
            part.external_attr = 0o100644 << 16
            archive.writestr(part, files[name], compresslevel=6)
    return out.getvalue()


def make(plan: Plan, say: Say = lambda line: None) -> Made:
    """Write the bundle of a report that is built. What does not verify is never written.

    Raises BadParameter when the report is not built, DisclosureRefused when it is not, or no longer, what its manifest and
    its safe tables say, ConsentMissing when an organisation behind any GBV table of the version has not agreed: all of
    them are in the bundle, whatever the report is about.
    """
    with packet.draft(plan.project) as draft:
        return _make(plan, stage.with_tables(plan, draft / "safe"), draft, say)


def _make(plan: Plan, given: Plan, draft: Path, say: Say) -> Made:
    """`given`: the plan with the safe tables that the notebook was given."""
    files = _collect(given)
    consent.require(plan.version, plan.audience, versions.contributors(plan.version, plan.audience))
    done, wrong = verify.verify(files)
    _refuse_unless(not wrong, "".join(wrong[:1]).rstrip("."), plan)
    if plan.version.nature == "real" and plan.project.releases(plan.audience) not in plan.safe.parents:
        say(
            "Ces tables sûres ne figurent pas au registre des diffusions (veille release) : ce dossier est celui d’un brouillon."
        )
    path = target(plan)
    made = draft / path.name
    with open(made, "wb") as file:
        file.write(_zip(files, date.fromisoformat(json.loads(files[verify.MANIFEST])["received"])))
        file.flush()
        os.fsync(file.fileno())
    path.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, path)
    return Made(path, len(files), verify.digest(files[verify.LIST]))
