"""Run a notebook through papermill in a restricted kernel, and read back what it displayed."""

from __future__ import annotations

import ast
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat

from .. import errors
from ..errors import BadData, BuildFailed, VeilleError
from ..published import READS_VARIABLE, STAGE_VARIABLE
from ..render.document import MIME, Block
from ..texts import markdown
from . import transport, variables

TIME_LIMIT = 180  # seconds for one cell: a report that takes longer is stuck
KERNEL = "veille"
ALLOWED_IMPORTS = {"veille.published", "veille.present"}


def imports_of(source: str) -> set[str]:
    """The modules that a cell imports, `veille.present` for `from veille import present`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {f"{module}.{a.name}" for a in node.names}
    return found


def check_rules(notebook: nbformat.NotebookNode, name: str) -> None:
    """Refuse a notebook that does more than tell: other imports, functions, file reads.

    The process is restricted anyway; this says early, and in words, what a notebook may hold.
    """
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        try:
            tree = ast.parse(cell.source)
            strangers = imports_of(cell.source) - ALLOWED_IMPORTS
        except SyntaxError:
            raise BuildFailed(f"{name}, cellule {number} : le code ne se lit pas.", "Corrigez la cellule.") from None
        if strangers:
            raise BuildFailed(
                f"{name}, cellule {number} : import non admis ({', '.join(sorted(strangers))}).",
                "Un carnet n’importe que veille.published et veille.present.",
            )
        if any(
            isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda) for n in ast.walk(tree)
        ):
            raise BuildFailed(
                f"{name}, cellule {number} : un carnet ne définit pas de fonction.", "Placez-la dans veille.present."
            )
        if any(
            isinstance(n, ast.Call)
            and isinstance(n.func, ast.Name)
            and n.func.id in ("open", "exec", "eval", "__import__")
            for n in ast.walk(tree)
        ):
            raise BuildFailed(
                f"{name}, cellule {number} : un carnet n’ouvre pas de fichier.", "Passez par veille.published."
            )


def questions(scratch: Path) -> Path:
    """Where the page's questions to the safe tables are noted."""
    return scratch / "questions.jsonl"


@contextmanager
def _environment(scratch: Path, stage: Path, work: Path, sockets: Path) -> Iterator[None]:
    """The variables of the kernel: nothing of the user's configuration, one thread, fixed clock zone and hashes."""
    matplotlib = work / "matplotlib"
    matplotlib.mkdir(parents=True, exist_ok=True)
    here = str(Path(__file__).resolve().parent)
    ours = {
        "JUPYTER_PATH": here,
        "JUPYTER_RUNTIME_DIR": str(sockets),
        "JUPYTER_CONFIG_DIR": str(scratch),
        "JUPYTER_DATA_DIR": str(scratch / "data"),
        "IPYTHONDIR": str(scratch),
        "TMPDIR": str(scratch),
        "MPLCONFIGDIR": str(matplotlib),
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "JUPYTER_PLATFORM_DIRS": "1",
        STAGE_VARIABLE: str(stage),
        READS_VARIABLE: str(questions(scratch)),
        "VEILLE_SANDBOX": json.dumps(
            {
                "read": [str(stage)],
                "write": [str(scratch), str(sockets)],
                "listens": not transport.uses_sockets(sockets),
            }
        ),
    }
    with variables.set_to(ours):
        yield


def _our_error(name: str, value: str) -> VeilleError | None:
    """The error that our own code raised in a cell, with its French message; None for any other."""
    kind = getattr(errors, name, None)
    if not (isinstance(kind, type) and issubclass(kind, VeilleError)):
        return None
    message, _, next_step = value.partition("\n")
    # A subclass with a constructor of its own comes back as its plain parent: same exit code, same words.
    base = next(c for c in kind.__mro__ if "__init__" not in vars(c) or c is VeilleError)
    found = base(message, next_step)
    return found


def run(notebook: Path, parameters: dict[str, str], stage: Path, scratch: Path, work: Path) -> nbformat.NotebookNode:
    """The executed notebook. `scratch` is the only folder that its process may write.

    Raises BuildFailed naming the product's notebook and the cell; the message of an error that is ours passes through.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    source = nbformat.read(notebook, as_version=4)
    check_rules(source, notebook.name)
    sockets = transport.private_folder()
    with _environment(scratch, stage, work, sockets):
        import papermill
        from papermill.exceptions import PapermillExecutionError

        for name in ("traitlets", "papermill", "nbclient"):  # what goes wrong is said by us, once
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

        try:
            executed = papermill.execute_notebook(
                str(notebook),
                None,  # what a page shows is read from memory
                parameters=parameters,
                kernel_name=KERNEL,
                progress_bar=False,
                log_output=False,
                request_save_on_cell_execute=False,
                execution_timeout=TIME_LIMIT,
                start_timeout=TIME_LIMIT,
                kernel_manager_class=transport.LocalKernelManager,
                shutdown_kernel="immediate",  # nothing of a kernel is needed after its last cell
            )
        except PapermillExecutionError as error:
            ours = _our_error(error.ename, error.evalue)
            if ours is not None:
                raise ours from error
            # papermill has injected one cell after the parameters: count as the author does.
            number = error.cell_index + 1 - (1 if error.cell_index > 1 else 0)
            raise BuildFailed(
                f"{notebook.name}, cellule {number} : {error.ename}. Le bulletin précédent est intact.",
                "Relancez avec --debug pour la trace, ou signalez cette cellule.",
            ) from error
        except (RuntimeError, TimeoutError) as error:
            failure = BuildFailed(
                f"{notebook.name} : le carnet n’a pas pu être exécuté ({type(error).__name__}). Le bulletin précédent est intact.",
                "Relancez ; si la mémoire manque, fermez d’autres programmes. --debug montre la trace.",
            )
            log = scratch / "kernel.log"
            if log.is_file():  # shown with --debug only
                failure.add_note(log.read_text(encoding="utf-8", errors="replace")[-4000:])
            raise failure from error
        finally:
            shutil.rmtree(sockets, ignore_errors=True)
    return executed


def blocks_of(executed: nbformat.NotebookNode, name: str) -> list[Block]:
    """The blocks of a page, in order: prose of Markdown cells and what the code cells displayed.

    Gives each Markdown cell its blocks (`metadata.veille_blocks`) for the HTML template. Raises BuildFailed for an
    output that is not one of our bundles.
    """
    out: list[Block] = []
    number = 0
    for cell in executed.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            continue
        number += 1
        if cell.cell_type == "markdown":
            try:
                blocks = markdown(cell.source, f"{name}, cellule {number}")
            except BadData as error:
                raise BuildFailed(error.message, error.next_step) from None
            cell.metadata["veille_blocks"] = blocks
            out += blocks
        elif cell.cell_type == "code":
            for output in cell.outputs:
                if MIME not in output.get("data", {}):
                    raise BuildFailed(
                        f"{name}, cellule {number} : la cellule affiche autre chose qu’un bloc.",
                        "Un carnet n’affiche que ce que rend veille.present.",
                    )
                out += output["data"][MIME]["blocks"]
    return out
