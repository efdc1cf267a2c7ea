"""The user's own Quarto as another HTML engine: it renders a copy of the executed notebook."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from pathlib import Path

import nbformat

from ..errors import BadParameter, BuildFailed


def find() -> str:
    """The Quarto command on the PATH. Raises BadParameter when there is none."""
    found = shutil.which("quarto")
    if not found:
        raise BadParameter(
            "ENGINE=quarto : Quarto n’est pas installé.",
            "Installez Quarto (quarto.org, ou pip install quarto-cli), ou laissez le moteur par défaut.",
        )
    return found


def render(executed: nbformat.NotebookNode, document: dict, page: Path, scratch: Path) -> None:
    """Render a copy of the executed notebook to one HTML file with Quarto.

    The copy carries its title; the notebook is not run again. Raises BuildFailed when Quarto fails.
    """
    folder = scratch / "quarto"
    folder.mkdir()
    notebook = copy.deepcopy(executed)
    front = f'---\ntitle: "{document["title"]}"\nsubtitle: "{document["subtitle"]} · {" · ".join(document["chips"])}"\nlang: {document["lang"]}\n---'
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata["tags"] = ["remove-input"]
    notebook.cells.insert(0, nbformat.v4.new_raw_cell(front))
    nbformat.write(notebook, folder / "report.ipynb")
    command = [
        find(),
        "render",
        "report.ipynb",
        "--to",
        "html",
        "--no-execute",
        "-M",
        "embed-resources:true",
        "-M",
        "echo:false",
    ]
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    made = folder / "report.html"
    if done.returncode or not made.is_file():
        raise BuildFailed(
            "Quarto n’a pas pu mettre la page en forme ; rien n’a été remplacé.",
            "Essayez « quarto check », ou laissez le moteur par défaut.",
        )
    shutil.copyfile(made, page)
