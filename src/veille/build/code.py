"""The code that a report runs through, without what is only form: a comment or a line break makes no report anew."""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from ..digests import sha256
from ..project import PACKAGE
from .packet import replace_text

# What makes a page of safe tables, and everything that it imports.
ROOTS = ("veille.published", "veille.present", "veille.build.report", "veille.build.kernel", "veille.build.sandbox")
# Where imports are not followed: the counting behind the tables, which is compared as data, and how processes are started,
# which changes no byte (tested).
OTHERS = ("sources", "versions", "consent", "disclosure.ledger", "disclosure.rules", "build.warm")
FILES = ("build", "codes", "frames", "gazetteer", "render")  # the folders of the package whose other files a page uses
_NAME = PACKAGE.name


def _is_other(module: str) -> bool:
    name = module.removeprefix(f"{_NAME}.")
    return any(name == other or name.startswith(f"{other}.") for other in OTHERS)


def _path(module: str) -> Path | None:
    path = PACKAGE.joinpath(*module.split(".")[1:])
    if path.is_dir():
        path = path / "__init__"
    path = path.with_suffix(".py")
    return path if path.is_file() else None


def normal(tree: ast.AST) -> str:
    """What code does, as text: no comment, no layout, no docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _imports(tree: ast.AST, module: str, is_package: bool) -> list[str]:
    """The modules of the package that a module imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            base = ".".join([*up, node.module] if node.module else up)
            found |= {base, *(f"{base}.{a.name}" for a in node.names)}
    return sorted(m for m in found if m.split(".")[0] == _NAME)


def _at(module: str, digest: str) -> str:
    return hashlib.sha256(f"{module} {sys.version_info[:2]} {digest}".encode()).hexdigest()


def digests(work: Path) -> dict[str, str]:
    """A digest of each module and file that a page is made by, by its path in the package.

    What was worked out for a file is kept in `work` under the sha256 of its bytes: only a file that changed is read again.
    """
    kept_in = work / "code.json"
    known: dict[str, list] = {}
    with suppress(OSError, ValueError):
        known = json.loads(kept_in.read_text(encoding="utf-8"))
    used: dict[str, list] = {}
    out: dict[str, str] = {}
    waiting, seen = list(ROOTS), set(ROOTS)
    while waiting:
        module = waiting.pop()
        if (path := _path(module)) is None:
            continue
        at = _at(module, sha256(path))
        if at not in known:
            content = path.read_bytes()
            at = _at(module, hashlib.sha256(content).hexdigest())  # of what is parsed, should the file change just now
            tree = ast.parse(content)
            imported = _imports(tree, module, path.name == "__init__.py")
            known[at] = [hashlib.sha256(normal(tree).encode()).hexdigest()[:16], imported]
        used[at] = known[at]
        out[path.relative_to(PACKAGE).as_posix()] = known[at][0]
        for found in known[at][1]:
            if found not in seen and not _is_other(found):
                seen.add(found)
                waiting.append(found)
    for folder in FILES:
        for path in sorted(p for p in (PACKAGE / folder).rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")):
            out[path.relative_to(PACKAGE).as_posix()] = sha256(path)[:16]
    if used != known or not kept_in.is_file():
        replace_text(kept_in, json.dumps(used))
    return dict(sorted(out.items()))


def cells(notebook: Path) -> list[str]:
    """A digest of each cell of a notebook: of what its code does, or of its prose. Raises what `json` and `ast` raise."""
    return list(_cells(notebook.read_bytes()))


@lru_cache(maxsize=16)
def _cells(notebook: bytes) -> tuple[str, ...]:
    out = []
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        said = normal(ast.parse(source)) if cell["cell_type"] == "code" else source
        tags = ",".join(cell.get("metadata", {}).get("tags", []))
        out.append(hashlib.sha256(f"{cell['cell_type']}\n{tags}\n{said}".encode()).hexdigest()[:16])
    return tuple(out)
