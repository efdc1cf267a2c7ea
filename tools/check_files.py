"""What may not enter git: notebook outputs, large files, restricted rows, anything that is generated.

    python tools/check_files.py              all files that git tracks
    python tools/check_files.py FILE…        these files (what pre-commit gives)
    python tools/check_files.py --strip FILE…   empty these notebooks of their outputs

Standard library only: it must run before anything is installed. Messages are French; exit code 1 when a file is refused.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

LARGEST = 1_500_000  # bytes
LARGEST_PART = 64 * 2**20  # bytes of one part of a workbook, once unpacked
HEADER_ROWS = 10  # a template may print a title above its header
GENERATED = ("reports/", "data/example/", "data/processed/")
PUBLIC_RELEASES = "data/processed/releases/public/"  # the only generated files that may be committed
# Invented rows and the names of columns: tests and the package may hold them.
MAY_NAME_COLUMNS = ("tests/", "src/")
SHEETS = (".xlsx", ".xlsm")
TEXTS = (".csv", ".tsv")
SIGNATURES = {
    "un export KoBo": frozenset({"_submission_time", "_uuid"}),
    "un enregistreur d’incidents GBVIMS": frozenset({"survivor code", "incident id"}),
}
_RESTRICTED = re.compile(r"^\s*sensitivity\s*:\s*['\"]?restricted\b", re.M | re.I)
_LETTERS = re.compile(r"[A-Z]+")


class Unreadable(Exception):
    """A spreadsheet whose header cannot be read: it may hold anything, so it is refused."""


def git(*arguments: str, cwd: Path) -> str:
    """What git prints. Raises OSError or CalledProcessError where there is no repository."""
    return subprocess.run(
        ["git", *arguments], cwd=cwd, capture_output=True, encoding="utf-8", check=True
    ).stdout  # fmt: skip


def top(cwd: Path) -> Path:
    """The root of the repository around a folder; the folder itself where there is none."""
    try:
        return Path(git("rev-parse", "--show-toplevel", cwd=cwd).strip())
    except (OSError, subprocess.CalledProcessError):
        return cwd


def tracked(root: Path) -> list[str]:
    """Every file that git tracks or that is staged, as `a/b/c`."""
    return [name for name in git("ls-files", "-z", cwd=root).split("\0") if name]


# --- headers of spreadsheets ----------------------------------------------------------------------------------------


def _column(reference: str) -> int:
    number = 0
    for letter in _LETTERS.match(reference)[0]:
        number = number * 26 + ord(letter) - 64
    return number


def _part(archive: zipfile.ZipFile, name: str) -> io.BytesIO:
    if archive.getinfo(name).file_size > LARGEST_PART:
        raise Unreadable
    content = archive.read(name)
    if b"<!DOCTYPE" in content[:4096]:
        raise Unreadable
    return io.BytesIO(content)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _shared_strings(archive: zipfile.ZipFile) -> list[str]:
    name = "xl/sharedStrings.xml"
    if name not in archive.namelist():
        return []
    out = []
    for _, element in ElementTree.iterparse(_part(archive, name)):
        if _tag(element) == "si":
            out.append("".join(t.text or "" for t in element.iter() if _tag(t) == "t"))
            element.clear()
    return out


def _sheet_rows(archive: zipfile.ZipFile, name: str, shared: list[str]) -> Iterator[list[str]]:
    found = 0
    for _, row in ElementTree.iterparse(_part(archive, name)):
        if _tag(row) != "row":
            continue
        cells = []
        for cell in (c for c in row if _tag(c) == "c"):
            text = "".join(t.text or "" for t in cell.iter() if _tag(t) in ("v", "t"))
            cells.append(shared[int(text)] if cell.get("t") == "s" and text else text)
        yield cells
        row.clear()
        found += 1
        if found == HEADER_ROWS:
            return


def xlsx_headers(path: Path) -> list[list[str]]:
    """The first rows of every sheet, hidden ones too."""
    try:
        with zipfile.ZipFile(path) as archive:
            shared = _shared_strings(archive)
            sheets = sorted(n for n in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n))
            return [row for name in sheets for row in _sheet_rows(archive, name, shared)]
    except (OSError, zipfile.BadZipFile, ElementTree.ParseError, ValueError, IndexError, KeyError, RuntimeError):
        raise Unreadable from None


def csv_headers(path: Path) -> list[list[str]]:
    """The first rows of a delimited file, cut at each usual delimiter."""
    start = path.read_bytes()[: 2**18]
    encodings = ("utf-16",) if start[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "latin-1")
    for encoding in encodings:
        try:
            text = start.decode(encoding, errors="ignore" if encoding == "utf-16" else "strict")
            break
        except UnicodeDecodeError:
            continue
    rows = []
    for delimiter in (",", ";", "\t", "|"):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            rows += [row for row, _ in zip(reader, range(HEADER_ROWS), strict=False)]
        except csv.Error:
            continue
    return rows


def signature(rows: Iterable[list[str]]) -> str:
    """What a header gives away, or nothing. KoBo may print groups before a name: `meta/_uuid`."""
    for row in rows:
        names = {re.sub(r"\s+", " ", cell.rpartition("/")[2]).strip().casefold() for cell in row}
        for what, needed in SIGNATURES.items():
            if needed <= names or needed <= {name.replace("_", " ") for name in names}:
                return what
    return ""


# --- the rules ------------------------------------------------------------------------------------------------------


def _is_generated(name: str) -> bool:
    return name.startswith(GENERATED) and not name.startswith(PUBLIC_RELEASES)


def _is_restricted(root: Path, name: str) -> bool:
    path = PurePosixPath(name)
    if path.parts[:2] != ("data", "raw"):
        return False
    if "restricted" in path.parts[2:-1]:
        return True
    for folder in path.parents:
        papers = root / folder / "source.yml"
        if papers.is_file():
            return bool(_RESTRICTED.search(papers.read_text(encoding="utf-8", errors="replace")))
    return False


def notebook_is_stripped(path: Path) -> bool:
    """Whether no code cell holds an output or an execution count. Raises ValueError when it is not a notebook."""
    cells = json.loads(path.read_text(encoding="utf-8")).get("cells", [])
    return not any(c.get("outputs") or c.get("execution_count") is not None for c in cells)


def strip(path: Path) -> bool:
    """Empty a notebook of its outputs and execution counts; whether anything changed."""
    if notebook_is_stripped(path):
        return False
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


def problem(root: Path, name: str) -> str:
    """Why a file may not be committed, and what to do; nothing when it may. Never quotes what is in it."""
    if _is_generated(name):
        return "fichier produit par veille : il se refait, il n’entre pas dans git. Retirez-le : git rm --cached."
    if _is_restricted(root, name):
        return (
            "dépôt restreint : ni ses fichiers ni ses papiers n’entrent dans git. "
            "Retirez-le (git rm --cached), gardez-le sur le poste, et prévenez le coordinateur s’il a été envoyé."
        )
    path = root / name
    if path.is_symlink() or not path.is_file():
        return ""
    if path.stat().st_size > LARGEST:
        return "plus de 1,5 Mo : ce fichier alourdirait chaque clone. Réduisez-le, ou gardez-le hors de git."
    kind = path.suffix.lower()
    if kind == ".ipynb":
        try:
            clean = notebook_is_stripped(path)
        except (ValueError, AttributeError):
            return "carnet illisible. Remettez la dernière version bonne : git checkout."
        return "" if clean else f"carnet avec des sorties. Videz-le : python tools/check_files.py --strip {name}"
    if kind in (*SHEETS, *TEXTS) and not name.startswith(MAY_NAME_COLUMNS):
        try:
            found = signature(xlsx_headers(path) if kind in SHEETS else csv_headers(path))
        except Unreadable:
            return "classeur illisible : on ne sait pas ce qu’il contient. Gardez-le hors de git."
        if found:
            return (
                f"ses colonnes sont celles d’{found} : des lignes sur des personnes. "
                "Placez-le dans un dossier restricted/ du dépôt ; il n’entre pas dans git."
            )
    return ""


def main(arguments: list[str]) -> int:
    """Check what was asked for; 1 when a file is refused (or was stripped, so that it is added again)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    cwd = Path.cwd()
    root = top(cwd)
    if arguments[:1] == ["--strip"]:
        changed = [name for name in arguments[1:] if strip(Path(name))]
        for name in changed:
            print(f"{name} : sorties retirées", file=sys.stderr)
        return 1 if changed else 0
    try:
        names = [_inside(root, cwd / a) for a in arguments] if arguments else tracked(root)
    except (OSError, subprocess.CalledProcessError):
        print("Ce dossier n’est pas un dépôt git ; donnez des noms de fichiers.", file=sys.stderr)
        return 2
    refused = [(name, why) for name in sorted(names) if (why := problem(root, name))]
    for name, why in refused:
        print(f"{name} : {why}", file=sys.stderr)
    if refused:
        print(f"{len(refused)} fichier(s) refusé(s) sur {len(names)}.", file=sys.stderr)
    return 1 if refused else 0


def _inside(root: Path, path: Path) -> str:
    # The folder is resolved, the last name is not: a link is judged where it stands.
    real = path.parent.resolve() / path.name
    try:
        return real.relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
