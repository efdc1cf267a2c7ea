"""Make the report of a bundle again, from its safe tables, and compare: same programme, same versions, same bytes.

For whoever has this programme at the commit of the report, and not the data. The project is a folder that is made for it
from the bundle and removed afterwards. The notebook must be the programme's own: no code of a bundle is ever run.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from datetime import date
from pathlib import Path

from .. import periods, places, products
from ..build import packet, report, stage
from ..build.stage import Plan
from ..errors import BadData, BadParameter, BuildFailed
from ..project import PACKAGE, Project
from ..versions import Say
from . import LOCK, Files, is_plain, verify


def read(path: Path) -> Files:
    """The files of a bundle, unpacked or not. Raises BadParameter when there is none, BadData when it does not verify."""
    if path.is_dir():
        files = verify.read_all(path)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    else:
        raise BadParameter("Ce n’est pas un dossier de l’évaluateur.", "Donnez le zip, ou le dossier décompressé.")
    _, wrong = verify.verify(files)
    if not all(map(is_plain, files)):
        wrong = ["un nom de fichier mènerait ailleurs."]
    if wrong:
        raise BadData(f"Le dossier ne se vérifie pas : {wrong[0]}", "Lancez verify.py, qui dit tout ce qui diffère.")
    return files


def _lay_out(files: Files, manifest: dict, root: Path) -> Plan:
    """The bundle as a small project, and the plan of its report."""
    for name, content in files.items():
        if name.startswith(("params/", "notebooks/", "requirements/", "safe/", "reports/")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    project, asked = Project(root), manifest["parameters"]
    day = date.fromisoformat(asked["as_of"]) if asked["as_of"] else None
    received = date.fromisoformat(manifest["received"])
    version = stage.Kept(project, manifest["nature"], day, (), manifest["version"], received)
    # The agreements were asked when the bundle was made; who gave data is not in it.
    notes = project.protection(version.nature, version.id, asked["audience"])
    notes.parent.mkdir(parents=True)
    notes.write_text('{"contributors": {}}', encoding="utf-8")
    return Plan(
        project,
        products.product(manifest["product"]),
        places.area(asked["region"], project.params),
        periods.parse(asked["period"]),
        asked["audience"],
        asked["lang"],
        asked["as_of"],
        version,
        root / "safe",
    )


def _check_programme(plan: Plan, manifest: dict) -> None:
    """The programme and the installed versions are those of the report: another one could give anything."""
    given = plan.project.notebooks / plan.product.notebook
    own = PACKAGE.parents[1] / "notebooks" / plan.product.notebook
    is_own = own.is_file() and given.is_file() and own.read_bytes() == given.read_bytes()
    if not is_own or packet.code_digest(own) != manifest["code_digest"]:
        commit = manifest.get("git_commit")
        raise BuildFailed(
            "Ce rapport fut fait par une autre version de veille.",
            f"Placez veille à son commit : git checkout {commit}" if commit else "Son commit n’est pas noté.",
        )
    here, then = packet.locked_versions(plan.project.root), manifest["locked_versions"]
    if others := sorted(name for name in then.keys() | here.keys() if then.get(name) != here.get(name)):
        raise BuildFailed(
            f"Ce rapport fut fait avec d’autres versions de : {', '.join(others[:5])}{'…' if len(others) > 5 else ''}.",
            f"Installez celles du dossier : python -m pip install --require-hashes -r {LOCK}",
        )


def rebuild(path: Path, out: Path | None = None, say: Say = lambda line: None) -> dict[str, bool]:
    """Each artefact of the report, and whether the one made again is the same, byte for byte.

    `out` is where the new ones are kept, a folder that does not exist yet. Raises what `read` and a build raise, and
    BuildFailed when the programme or the installed versions are others.
    """
    if out is not None and out.exists():
        raise BadParameter(f"{out.name} existe déjà.", "Donnez un autre nom : rien n’est jamais remplacé.")
    files = read(path)
    manifest = json.loads(files[verify.MANIFEST])
    root = Path(tempfile.mkdtemp(prefix="veille-refait-"))
    try:
        plan = _lay_out(files, manifest, root)
        _check_programme(plan, manifest)
        checks = {check["name"]: check["result"] for check in manifest["checks"]}
        is_ours = checks.get("numbers of the page are registered") == "passed"
        made = report.build(plan, engine="veille" if is_ours else "quarto", say=say)
        again = verify.read_all(made.folder)
        if out is not None:
            shutil.copytree(made.folder, out)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return {name: again.get(name) == files[f"report/{name}"] for name in sorted(manifest["outputs"])}
