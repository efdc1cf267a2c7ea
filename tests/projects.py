"""Small copies of the project for tests: real files, real commands, in a folder that a test may break."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
import yaml

from veille import cli
from veille.project import find

ROOT = Path(__file__).resolve().parents[1]

TEXT = """---
product: bulletin
place: gao
period: "2017-06"
nature: example
written_by: "chargé de l’IM, Gao"
numbers:
  - {text: "près de 40 axes", source: "Compte rendu de coordination, juin 2017"}
checklist:
  no_village: true
  date_reduced_to_week: true
  no_identifying_detail: true
---

## Faits saillants

- **Le mois reste tendu.** {{protection_incidents}} incidents ont été rapportés.
- Les équipes ont suivi *près de 40 axes*, selon la [coordination](https://example.org/).
- Trois communes n’ont pas été couvertes.

## Contexte

La saison de soudure a accru les déplacements vers les marchés.

## Incidents majeurs

Attaque à main armée contre des commerçants, cercle de Gao, semaine du 5 au 11 juin.
"""


def _link(source: str, target: str) -> None:
    """A hard link where the file system allows it: nothing in a project writes into a finished file."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def new(folder: Path, warm: Path | None = None) -> Path:
    """A project in `folder`: parameters, notebooks, the real data received, the lock; no text, no report.

    `warm` is a project whose example data and safe tables are taken over, so that nothing is counted twice.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("notebooks", "requirements"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*_files", ".ipynb_checkpoints"))
    shutil.copytree(ROOT / "params", folder / "params", ignore=shutil.ignore_patterns("texts"))
    shutil.copytree(ROOT / "data" / "raw", folder / "data" / "raw", ignore=shutil.ignore_patterns("restricted"))
    if warm is not None:
        for name in ("data/example", "data/processed", ".veille/matplotlib"):
            if (warm / name).is_dir():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copytree(
                    warm / name, folder / name, copy_function=_link, ignore=shutil.ignore_patterns(".draft-*")
                )
    return folder


def environment(**changes: str) -> dict[str, str]:
    """The environment of a person who has set nothing of ours."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("VEILLE_", "MAKE", "MFLAGS"))}
    return {**ours, **changes}


def start(project: Path, *arguments: str, **changes: str) -> subprocess.Popen:
    """`veille …` in a project, running."""
    return subprocess.Popen(
        [sys.executable, "-m", "veille", *arguments],
        cwd=project,
        env=environment(**changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def veille(project: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess:
    """`veille …` in a project, finished."""
    return finish(start(project, *arguments, **changes))


def here(project: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess:
    """`veille …` in a project, finished, without a process of its own: most of a refusal's time is its start."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.dict(os.environ, environment(**changes), clear=True),
        contextlib.chdir(project),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        find.cache_clear()
        try:
            cli.run(list(arguments))
        except SystemExit as stop:
            code = stop.code or 0
        finally:
            find.cache_clear()
    return subprocess.CompletedProcess(("veille", *arguments), code, out.getvalue(), err.getvalue())


# The long suite says the same of a process of its own.
EITHER = pytest.mark.parametrize(
    "veille", [pytest.param(here, id="here"), pytest.param(veille, id="apart", marks=pytest.mark.full)]
)


def finish(running: subprocess.Popen) -> subprocess.CompletedProcess:
    """What a running command said, and its exit code."""
    # Only for what hangs: the first build makes the whole example, which takes minutes where the machine is shared.
    out, err = running.communicate(timeout=900)
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


def packet(project: Path, area: str, period: str, product: str = "bulletin") -> Path | None:
    """The report of an area and a month, real or example; None when it was not built."""
    for root in (project / "reports", project / "reports" / "exemple"):
        if (root / product / area / period / "manifest.json").is_file():
            return root / product / area / period
    return None


def receive(
    project: Path,
    source: str,
    name: str,
    content: bytes,
    *,
    rows: int,
    nature: str = "real",
    edition: str = "",
    **said: str,
) -> Path:
    """A file received on 2026-11-30, with papers that tell its sha256, and what else they say."""
    root = project / "data" / ("raw" if nature == "real" else "example")
    folder = root / source / "2026-11-30"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(content)
    papers = {
        "source": source,
        "nature": nature,
        "title": "Dépôt d’essai",
        "producer": "Essai",
        "covers": "2016-10",
        "received": "2026-11-30",
        "sharing": "essai",
        "sensitivity": "restricted",
        "zero_means": "sans objet",
        "pcode_edition": edition,
        "files": [{"name": name, "sha256": hashlib.sha256(content).hexdigest(), "rows": rows}],
    } | said
    (folder / "source.yml").write_text(yaml.safe_dump(papers, allow_unicode=True), encoding="utf-8")
    return folder / name


def sealed(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by its path."""
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }
