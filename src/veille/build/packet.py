"""A report is a packet: made in a draft folder, checked against what was promised, moved in one rename."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

from filelock import FileLock, Timeout

from ..digests import sha256
from ..errors import BuildFailed
from ..project import PACKAGE, Project

SCHEMA_VERSION = 1
_EXCHANGE = 2
_AT_FDCWD = -100


@contextmanager
def draft(project: Project) -> Iterator[Path]:
    """A fresh folder for one build, removed afterwards whatever happens. Never below `reports/`.

    A build that was killed leaves its folder behind: the next one removes those that nobody holds.
    """
    project.work.mkdir(exist_ok=True)
    _sweep(project.work)
    folder = project.work / f"draft-{secrets.token_hex(4)}"
    # The lock comes first: a draft folder that nobody holds belongs to a build that is dead.
    try:
        with FileLock(folder.with_suffix(".lock")):
            folder.mkdir(mode=0o700)
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        folder.with_suffix(".lock").unlink(missing_ok=True)


def _sweep(work: Path) -> None:
    for folder in work.glob("draft-*/"):
        lock = folder.with_suffix(".lock")
        try:
            with FileLock(lock, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (Timeout, OSError):
            continue
        lock.unlink(missing_ok=True)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two folders in one step of the file system (Linux); False where that does not exist."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    return libc.renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _EXCHANGE) == 0


def _sync(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with open(path, "rb+") as file:
                os.fsync(file.fileno())


def move_in(folder: Path, target: Path, project: Project) -> None:
    """Put a finished packet in its place; a reader sees the old one or the new one, never half of each."""
    target.parent.mkdir(parents=True, exist_ok=True)
    _sync(folder)
    with FileLock(project.work / f"target-{re.sub(r'[^a-z0-9]+', '-', str(target.relative_to(project.reports)))}.lock"):
        if not target.exists():
            os.replace(folder, target)
        elif not _exchange(folder, target):
            aside = folder.with_name(folder.name + "-old")
            os.replace(target, aside)
            os.replace(folder, target)
            shutil.rmtree(aside, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def disk_errors() -> Iterator[None]:
    """A full or read-only disk as a sentence; the previous report stays."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BuildFailed(
                "Disque plein : le bulletin n’a pas été fait, le précédent est intact.",
                "Libérez de la place (au moins 200 Mo) et relancez.",
            ) from error
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise BuildFailed(
                "Écriture refusée dans le dossier du projet ; rien n’a été remplacé.",
                "Vérifiez les droits du dossier, ou fermez le fichier ouvert dans Word ou Excel.",
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            raise BuildFailed(
                "Un fichier et un dossier du projet ont échangé leur place ; rien n’a été remplacé.",
                "reports, .veille et data sont des dossiers : déplacez le fichier qui porte ce nom.",
            ) from error
        raise


def code_digest(notebook: Path | None = None) -> str:
    """Of the package, the notebook and the templates: what made the report, besides data and locked versions.

    Without a notebook, of the package alone.
    """
    import hashlib

    digest = hashlib.sha256()
    for path in sorted(p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    if notebook:
        digest.update(notebook.read_bytes())
    return digest.hexdigest()


def locked_versions(root: Path) -> dict[str, str]:
    """Installed versions of the packages that the lock names."""
    lock = root / "requirements" / "run.txt"
    text = lock.read_text(encoding="utf-8") if lock.is_file() else ""
    return installed(sorted(set(re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.M))))


def installed(names: Iterable[str]) -> dict[str, str]:
    """The version of each package that is installed."""
    here = _installed()
    return {name: here[_normal(name)] for name in names if _normal(name) in here}


def _installed() -> dict[str, str]:
    """The version of every installed package by its normalised name, as the names of their folders say it.

    `importlib.metadata` opens a file of each; a build that has nothing to do would wait for that alone.
    """
    out: dict[str, str] = {}
    for folder in reversed(sys.path):
        with suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.endswith(".dist-info"):
                    package, _, version = name.removesuffix(".dist-info").rpartition("-")
                    out[_normal(package)] = version
    return out


def _normal(package: str) -> str:
    """« Jupyter_Client » and « jupyter-client » are one package."""
    return re.sub(r"[-_.]+", "-", package).lower()


def git_commit(root: Path) -> str:
    """Informational: the commit of the checkout, empty when there is none."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def hash_inputs(paths: dict[str, Path], notes: Path | None = None) -> dict[str, str]:
    """sha256 per input, by its name in the manifest; `notes` as in `digests.sha256`."""
    return {name: sha256(path, notes) for name, path in sorted(paths.items()) if path.is_file()}


def schema() -> dict:
    """The JSON Schema of `manifest.json`."""
    return json.loads(resources.files(__package__).joinpath("manifest.schema.json").read_text(encoding="utf-8"))


def write_manifest(folder: Path, content: dict) -> None:
    """`manifest.json` with the sha256 and size of every artefact of the folder."""
    outputs = {
        p.name: {"sha256": sha256(p), "bytes": p.stat().st_size} for p in sorted(folder.iterdir()) if p.is_file()
    }
    full = {
        "schema_version": SCHEMA_VERSION,
        **content,
        "outputs": outputs,
        "environment": {
            "python": platform.python_version(),
            "system": platform.system(),
            "machine": platform.machine(),
        },
    }
    (folder / "manifest.json").write_text(
        json.dumps(full, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
