"""What may not enter git: notebook outputs, large files, rows about people (class R or I), anything that is generated.

    python tools/check_files.py                 all files that git tracks, as they are staged
    python tools/check_files.py FILE…           these files, as they are staged (what pre-commit gives)
    python tools/check_files.py --objects       every object of the repository: history, branches, tags, stashes, leftovers
    python tools/check_files.py --strip FILE…   empty these notebooks of their outputs

Rows are known by their header, wherever it hides: delimited text, workbook, JSON, Parquet, web page, archive. A page or
a programme that only names the columns passes, because no row of data stands below. The columns that identify are those
of `src/veille/schemas`: there is no second list.

Standard library only: it must run before anything is installed. Messages are French and quote no value; exit code 1
when something is refused.
"""

from __future__ import annotations

import base64
import bz2
import csv
import gzip
import html
import io
import json
import lzma
import math
import re
import subprocess
import sys
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath
from typing import BinaryIO

SCHEMAS = Path(__file__).resolve().parents[1] / "src" / "veille" / "schemas"
LARGEST = 1_500_000  # bytes of a file that git tracks
LARGEST_PART = 64 * 2**20  # bytes of one object, or of one part of an archive once unpacked
LARGEST_ARCHIVE = 4 * LARGEST_PART  # bytes of all its parts
DEEPEST = 4  # an archive in an archive
GENERATED = ("reports/", "data/example/", "data/processed/")
PUBLIC_RELEASES = "data/processed/releases/public/"  # the only generated files that may be committed
DELIMITED = (".csv", ".tsv", ".tab")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")

# What KoBo (and ODK) add to every export; two of them in one header are enough.
KOBO = (
    "_uuid", "_submission_time", "_validation_status", "_submitted_by", "formhub/uuid", "meta/instanceID", "instanceID",
    "_xform_id_string", "_submission__uuid", "_submission__submission_time", "_submission__validation_status",
    "_submission__submitted_by", "_parent_table_name", "SubmissionDate", "SubmitterID",
)  # fmt: skip
# Survivor and incident together are enough too.
RECORDER_KEY = frozenset({"incident_id", "survivor_code"})
# A whole canary. The generator's own source has a brace where the number goes.
CANARY = re.compile(r"CANARI-[A-Za-z0-9][A-Za-z0-9-]*(?![A-Za-z0-9{-])")
# An agreement in params/consent.yml, outside a comment.
AGREEMENT = re.compile(r"^(?!\s*#).*\borganisation\b", re.M)
# A form as KoBo sends it: its identifier is filled in.
SENT_FORM = re.compile(r"<(?:\w+:)?instanceID\b[^>]*>\s*uuid:[0-9a-fA-F]{8}-")


class Unreadable(Exception):
    """An archive or a workbook that cannot be read whole: it may hold anything, so it is refused."""


class Broken(Exception):
    """A definition of `src/veille/schemas` that this file cannot read: nothing can be judged without it."""


@dataclass(frozen=True)
class Rule:
    """Why a header is refused. `needs_rows`: an empty form with this header may be committed.

    `is_first`: only a header counts, not a line within a table (a dictionary of columns names them one per line).
    """

    said: str
    needs_rows: bool = False
    is_first: bool = False


FROM_KOBO = Rule("ses colonnes sont celles d’un export KoBo : des lignes sur des personnes")
FROM_RECORDER = Rule("ses colonnes sont celles d’un enregistreur d’incidents GBVIMS : des lignes sur des personnes")
IDENTIFIES = Rule("une de ses colonnes identifie une personne ou une source (classe I)", is_first=True)
STAYS_INSIDE = Rule("ses colonnes sont celles d’une table restreinte (classe R)", needs_rows=True, is_first=True)
NAMES_MEMBERS = "il nomme les organisations qui servent des survivant(e)s : ces accords restent dans l’installation"
IS_CANARY = "il contient une chaîne témoin (CANARI-…) : des lignes restreintes ou d’exemple y ont été copiées"
IS_SENT_FORM = "c’est un formulaire KoBo rempli (XML)"
UNREAD = (
    "classeur ou archive illisible (chiffré, abîmé, trop grand ou d’un type inconnu) : on ne sait pas ce qu’il contient"
)
RESTRICTED = "dépôt restreint : ni ses fichiers ni ses papiers n’entrent dans git"
NO_PAPERS = "dépôt sans papiers (source.yml) : on ne sait pas s’il est restreint"
NAMES_CANARY = "son nom contient une chaîne témoin (CANARI-…)"
IS_GENERATED = "fichier produit par veille : il se refait, il n’entre pas dans git"


# --- names of columns -----------------------------------------------------------------------------------------------


def plain(name: str) -> str:
    """A name without case, accents, spaces and signs: `SURVIVOR CODE` and `survivor_code` are one name."""
    if not name.isascii():
        name = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


@dataclass(frozen=True, eq=False)
class Definition:
    """One format received or one canonical table.

    `classes` gives the class of each column (P, R, I); `coded` are the columns that hold a code of a list. `headers`
    and `company` go from a plain name to its column: the headers in full, and every name that a column goes by.
    """

    classes: dict[str, str]
    coded: frozenset[str]
    headers: dict[str, str]
    company: dict[str, str]

    @property
    def needed(self) -> int:
        """How many columns make a header recognisable: half of them, at least three, at most six."""
        return max(3, min(6, math.ceil(len(self.classes) / 2)))


_SCALAR = r"(?:\"([^\"]*)\"|'([^']*)'|([^,}\]\n]*))"
_KEY = re.compile(r"\s+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'#-].*?))\s*:(?=\s|$)(.*)")


def _given(body: str, key: str) -> list[str]:
    """The value of a key of a definition, or the items of its list."""
    found = re.search(rf"(?<![\w-]){key}:\s*(?:\[((?:\"[^\"]*\"|[^\]\"])*)\]|((?:\n\s*- .*)+)|{_SCALAR})", body)
    if found is None:
        return []
    flow, block, *scalar = found.groups()
    items = flow if flow is not None else re.sub(r"\n\s*- (.*)", r"\1,", block) if block else ""
    many = ["".join(groups).strip() for groups in re.findall(_SCALAR, items)] if items else scalar
    return [value.strip() for value in many if value]


def columns_of(text: str, file: str) -> dict[str, str]:
    """Header -> what the definition says of it, for every `columns:` of a schema (those of repeat groups too).

    Raises Broken where a line is not one of a mapping, or when there is no column.
    """
    found: dict[str, str] = {}
    outer = inner = -1
    header = ""
    for number, line in enumerate(text.splitlines(), 1):
        depth = len(line) - len(line.lstrip())
        if not line.strip() or line[depth] == "#":
            continue
        if depth <= outer:
            outer = -1
        if re.fullmatch(r"\s*columns:\s*(#.*)?", line):
            outer, inner = depth, -1
        elif outer >= 0:
            inner = depth if inner < 0 else inner
            if depth > inner:
                found[header] += "\n" + line
                continue
            key = _KEY.fullmatch(line)
            if key is None:
                raise Broken(f"{file}, ligne {number}")
            header = key[1] or key[2] or key[3]
            found[header] = key[4]
    if not found:
        raise Broken(file)
    return found


def definition(path: Path) -> Definition:
    """A schema as the rules need it. Columns of a restricted format are of class R where nothing else is said."""
    text = path.read_text(encoding="utf-8")
    is_table = path.parent.name == "tables"
    is_restricted = not is_table and re.search(r"^\s+sensitivity:\s*[\"']?restricted", text, re.M)
    classes, coded, headers, company = {}, set(), {}, {}
    for header, body in columns_of(text, path.name).items():
        if header.startswith("_") or header in ("start", "end"):
            continue  # KoBo's own: see KOBO
        given = _given(body, "sensitivity" if is_table else "class")
        classes[header] = given[0] if given else "R" if is_restricted else "P"
        if _given(body, "type")[:1] in (["code"], ["codes"]):
            coded.add(header)
        label = body.partition("label:")[2]
        also = [*_given(body, "from"), *_given(body, "also"), *_given(label, "fr")[:1], *_given(label, "en")[:1]]
        for name in [header, *also] if is_table else [header]:
            headers.setdefault(plain(name), header)
        for name in [header, *also, header.rpartition("/")[2]]:
            company.setdefault(plain(name), header)
    return Definition(classes, frozenset(coded), headers, company)


@cache
def definitions() -> tuple[Definition, ...]:
    """Every format received and every canonical table. Raises Broken when one cannot be read."""
    paths = sorted([*SCHEMAS.glob("*.yml"), *SCHEMAS.glob("tables/*.yml")])
    if not paths:
        raise Broken("src/veille/schemas")
    return tuple(map(definition, paths))


@cache
def recorder() -> tuple[str, ...]:
    """The 42 headers of the GBVIMS Incident Recorder; four of them in one header are enough."""
    path = SCHEMAS / "gbvims_recorder.yml"
    if not path.is_file():
        raise Broken(path.name)
    columns = columns_of(path.read_text(encoding="utf-8"), path.name)
    return tuple(header for header, body in columns.items() if _given(body, "optional") != ["true"])


@dataclass(frozen=True)
class Names:
    """The names that are looked for, all plain. `kept`: those of columns that some format or table keeps; `alone`:
    identifying names of several words, which need no neighbour to be understood."""

    kobo: frozenset[str]
    recorder: frozenset[str]
    kept: frozenset[str]
    alone: frozenset[str]
    every: frozenset[str]


@cache
def names() -> Names:
    """All of them, from the list above and the definitions."""
    kobo, of_recorder = frozenset(map(plain, KOBO)), frozenset(map(plain, recorder()))
    by_class = defaultdict(set)
    for d in definitions():
        for name, column in d.company.items():
            by_class[d.classes[column]].add(name)
    kept = frozenset(by_class["P"] | by_class["R"])
    alone = frozenset(name for name in by_class["I"] - kept if "_" in name)
    return Names(kobo, of_recorder, kept, alone, (kobo | of_recorder | kept | by_class["I"]) - {""})


@lru_cache(maxsize=2**17)
def known(cell: str) -> frozenset[str]:
    """The known names that a cell may stand for: it whole, what follows its last group (`meta/_uuid`), and what R made
    of it (`X_uuid`)."""
    if len(cell) > 120 or cell.lstrip()[:1] == "'" or re.search(r"[`{}\[\]=*\"]", cell):
        return frozenset()  # a value, or a line of code
    whole = plain(cell)
    return names().every & {whole, whole.removeprefix("x_"), plain(cell.rpartition("/")[2])}


def refusal(cells: Iterable[str]) -> Rule | None:
    """The rule that a header breaks, or None."""
    different = set(cells)
    found = {forms for cell in different if (forms := known(cell))}
    if not found or len(different) < 2:
        return None
    if sum(not forms.isdisjoint(names().kobo) for forms in found) >= 2:
        return FROM_KOBO
    as_recorder = [forms & names().recorder for forms in found]
    if sum(map(bool, as_recorder)) >= 4 or RECORDER_KEY <= frozenset().union(*as_recorder):
        return FROM_RECORDER
    if any(not forms.isdisjoint(names().alone) for forms in found):
        return IDENTIFIES
    return _by_company(frozenset().union(*found)) if len(found) >= 3 else None


def _by_company(found: frozenset[str]) -> Rule | None:
    """What the columns together say: `nom` beside the columns of a victim, not beside those of a region."""
    company = [(d, {d.company[name] for name in found & d.company.keys()}) for d in definitions()]
    most = max(len(columns) for _, columns in company)
    best = [d for d, columns in company if len(columns) == most]
    for d, columns in company:
        refused = {name for name in found & d.company.keys() if d.classes[d.company[name]] == "I"}
        if len(columns) >= 3 and refused and (best == [d] or refused - names().kept):
            return IDENTIFIES
    full = [(d, {d.headers[name] for name in found & d.headers.keys()}) for d in definitions()]
    most = max(len(columns) for _, columns in full)
    nearest = [(d, columns) for d, columns in full if len(columns) == most]
    # Codes alone are the lists that a blank form carries with it.
    is_inside = all(
        most >= d.needed and "R" in {d.classes[c] for c in columns} and columns - d.coded for d, columns in nearest
    )
    return STAYS_INSIDE if is_inside else None


# --- is it a table? -------------------------------------------------------------------------------------------------


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_data(row: Sequence[str]) -> bool:
    """Something is written that is neither an HXL row, nor a rule of a drawn table, nor more names of columns."""
    cells = [c.strip() for c in row if c.strip(" -:=+─═━")]
    return bool(cells) and not all(c[0] == "#" for c in cells) and sum(bool(known(c)) for c in cells) * 2 < len(cells)


def _is_code(row: Sequence[str]) -> bool:
    """A line of a programme: most of its cells hold signs that a value seldom has."""
    cells = [c for c in row if c.strip()]
    return sum(bool(re.search(r"[`{}=\"]", c)) for c in cells) * 2 >= len(cells)


def heads_a_table(
    rule: Rule, above: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]], sure: bool
) -> bool:
    """Whether a row that breaks a rule is really a header. `sure`: the file is a table, not a page or a programme.

    `above` is the nearest row above that is not blank, `below` the few that follow.
    """
    if rule.is_first and _filled(above) * 2 >= _filled(row):
        return False
    below = [r for r in below if _filled(r)][:10]
    data = [r for r in below if _is_data(r)]
    if sure:
        return bool(data) or not rule.needs_rows
    alike = [r for r in data if max(2, len(row) // 2) <= len(r) <= len(row) + 1 and not _is_code(r)]
    return bool(data) and len(alike) * 2 >= len(data)


def _of_rows(rows: list[list[str]], *, sure: bool) -> Iterator[Rule]:
    above: list[str] = []
    for i, row in enumerate(rows):
        rule = refusal(row)
        if rule and heads_a_table(rule, above, row, rows[i + 1 : i + 30], sure):
            yield rule
        above = row if _filled(row) else above


# --- rows of a text -------------------------------------------------------------------------------------------------

USUAL = ",;\t|"
UNUSUAL = "│¦^~:!§#@&%$\x01\x02\x03\x1c\x1d\x1e\x1f"
SPACES = "  "  # columns that are aligned
_ALIGNED = re.compile(r" {2,}|\t")
_OF_KOBO = re.compile("|".join(map(re.escape, KOBO)), re.I)
csv.field_size_limit(2**27)


def _cut(line: str, delimiter: str) -> list[str]:
    """A line in cells. Quotes are those of a CSV: `"a", "b"` of a programme, with its space, is not one."""
    if delimiter == SPACES:
        return _ALIGNED.split(line.strip())
    if '"' not in line:
        return line.split() if delimiter == " " else line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _delimiters(line: str) -> Iterator[str]:
    usual = [d for d in USUAL if d in line]
    yield from usual
    yield from (d for d in UNUSUAL if line.count(d) >= 2)
    if not usual and _OF_KOBO.search(line):  # as R writes a table, or a frame that is printed
        words = line.split()
        if sum(map(bool, map(known, (word.strip('"') for word in words)))) * 2 > len(words):
            yield " "  # in a sentence most words are not columns
    if SPACES in line.strip():
        yield SPACES


@lru_cache(maxsize=2**16)
def _headers(line: str) -> tuple[tuple[str, Rule], ...]:
    """Delimiters by which a line is a refused header. Most lines of a history come back in many files."""
    return tuple((d, rule) for d in _delimiters(line) if (rule := refusal(_cut(line, d))))


def _logical(lines: list[str], start: int) -> tuple[str, int]:
    """A line with those that follow while a quote is open, and the number of the next one."""
    if lines[start].count('"') % 2:
        for end in range(start + 1, min(start + 20, len(lines))):
            if lines[end].count('"') % 2:
                return " ".join(lines[start : end + 1]), end + 1
    return lines[start], start + 1


def _of_delimited(text: str, *, sure: bool) -> Iterator[Rule]:
    lines = re.split(r"\r\n|\r|\n", text)
    nearest = ""  # the line above that is not blank
    for i, line in enumerate(lines):
        for header, after in {(line, i + 1), _logical(lines, i)} if '"' in line else [(line, i + 1)]:
            for delimiter, rule in _headers(header):
                below = [_cut(_logical(lines, k)[0], delimiter) for k in range(after, min(after + 40, len(lines)))]
                # A header with nothing below it, at the top of a file, is a table that is still empty.
                is_empty = not any(map(_filled, below)) and sum(map(bool, lines[:i])) <= 2
                if heads_a_table(rule, _cut(nearest, delimiter), _cut(header, delimiter), below, sure or is_empty):
                    yield rule
        nearest = line if line.strip() else nearest


_MARK = re.compile(r"<(/?)(?:[\w.-]+:)?(row|tr|table-row|c|td|th|table-cell|tc|cell)\b([^<>]*)>", re.I)
_ROW_MARKS = ("row", "tr", "table-row")


def _of_markup(text: str, shared: Sequence[str] = ()) -> list[list[str]]:
    """The rows of the tables of a web page, a sheet of a workbook or a document: `shared` are the workbook's strings."""
    rows: list[list[str]] = []
    start, is_shared = -1, False

    def close(end: int) -> None:
        nonlocal start
        if start >= 0 and rows:
            said = html.unescape(re.sub(r"<[^>]*>", "", text[start:end])).strip()
            if is_shared and said.isdigit():
                said = shared[int(said)] if int(said) < len(shared) else ""
            rows[-1].append(said)
        start = -1

    for mark in _MARK.finditer(text):
        is_end, tag, attributes = mark[1] == "/", mark[2].lower(), mark[3]
        close(mark.start())
        if tag in _ROW_MARKS:
            if not is_end:
                rows.append([])
        elif not is_end and rows:
            is_shared = bool(re.search(r"""\bt=["']s["']""", attributes))
            if attributes.endswith("/"):
                rows[-1].append("")
            else:
                start = mark.end()
    return rows


def shared_strings(text: str) -> list[str]:
    """The strings of a workbook, which its cells call by number; a string may be in several runs."""
    return [
        html.unescape("".join(re.findall(r"<(?:\w+:)?t(?:\s[^>]*)?>([^<]*)<", item)))
        for item in re.findall(r"<(?:\w+:)?si\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?si>)", text, re.S)
    ]


def _json_values(text: str) -> list[object]:
    """What a JSON text holds, or each of its lines; nothing when it is no JSON."""
    try:
        return [json.loads(text)]
    except (ValueError, RecursionError):
        pass
    found = []
    for line in text.splitlines():
        if line[:1] in ("{", "["):
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError):
                continue
    return found


def _holds_value(value: object) -> bool:
    """Not what describes a column: a value, a list, or values by row number."""
    return not isinstance(value, dict) or (bool(value) and all(key.isdigit() for key in value))


def _of_json(text: str) -> Iterator[Rule | str]:
    """Rules that the objects and rows of a JSON break, and the longer texts that it holds."""
    left = _json_values(text)
    while left:
        value = left.pop()
        if isinstance(value, dict):
            rule = refusal(key for key, held in value.items() if _holds_value(held))
            if rule:
                yield rule
            rows = [v for v in value.values() if isinstance(v, list) and v and isinstance(v[0], list)]
            for header in (v for v in value.values() if isinstance(v, list) and rows):
                yield from _of_rows([[c for c in header if isinstance(c, str)], *map(_as_text, rows[0][:3])], sure=True)
            left.extend(value.values())
        elif isinstance(value, list):
            if value and all(isinstance(item, str) for item in value):
                yield "".join(value)
                continue
            if value and all(isinstance(item, list) and any(isinstance(c, str) for c in item) for item in value[:30]):
                yield from _of_rows(list(map(_as_text, value)), sure=True)
            left.extend(item for item in value if isinstance(item, dict | list | str))
        elif isinstance(value, str) and "\n" in value:
            yield value


def _as_text(row: Sequence[object]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


def decoded(content: bytes) -> str | None:
    """The text of a file, or None when it is no text. Marks of byte order are dropped wherever they stand."""
    starts = (
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    )
    encoding = next((name for start, name in starts if content.startswith(start)), "utf-8")
    sample = content[:4096]
    if encoding == "utf-8" and b"\0" in sample:
        first, second = (sample[start::2].count(0) / (len(sample) // 2 or 1) for start in (0, 1))
        if max(first, second) < 0.6 or min(first, second) > 0.1:
            return None
        encoding = "utf-16-le" if second > first else "utf-16-be"
    try:
        text = content.decode(encoding, errors="strict" if encoding == "utf-8" else "replace")
    except UnicodeDecodeError:
        strange = sum(sample.count(bytes([n])) for n in (*range(9), *range(14, 27), 127))
        if strange * 50 > len(sample):
            return None
        text = content.decode("latin-1")
    return re.sub("[\ufeff\ufffe\u200b\u2060\u00ad]", "", text)


# --- archives and files that are not text ---------------------------------------------------------------------------


def _zip_parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        if (
            max((p.file_size for p in parts), default=0) > LARGEST_PART
            or sum(p.file_size for p in parts) > LARGEST_ARCHIVE
        ):
            raise Unreadable
        for part in parts:
            if not part.is_dir():
                yield part.filename, archive.read(part)


def _tar_parts(content: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
        for part in archive:
            if part.isfile():
                yield part.name, archive.extractfile(part).read()


def _unpacked(opened: BinaryIO) -> Iterator[tuple[str, bytes]]:
    content = opened.read(LARGEST_ARCHIVE + 1)
    if len(content) > LARGEST_ARCHIVE:
        raise Unreadable
    yield "", content


def _refused_unread(content: bytes) -> Iterator[tuple[str, bytes]]:
    raise Unreadable
    yield


# First bytes -> how its parts are read. What this language cannot open is refused: old Office files, 7z, rar, zstd, lz4.
PACKED = {
    b"PK\x03\x04": _zip_parts,
    b"PK\x05\x06": _zip_parts,
    b"\x1f\x8b\x08": lambda content: _unpacked(gzip.GzipFile(fileobj=io.BytesIO(content))),
    b"BZh91AY&SY": lambda content: _unpacked(bz2.BZ2File(io.BytesIO(content))),
    b"\xfd7zXZ\0": lambda content: _unpacked(lzma.LZMAFile(io.BytesIO(content))),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _refused_unread,
    b"7z\xbc\xaf\x27\x1c": _refused_unread,
    b"Rar!\x1a\x07": _refused_unread,
    b"\x28\xb5\x2f\xfd": _refused_unread,
    b"\x04\x22\x4d\x18": _refused_unread,
}


def _parts(content: bytes) -> Iterator[tuple[str, bytes]] | None:
    """The parts of an archive or a workbook, by name; None when it is neither."""
    for start, read in PACKED.items():
        if content.startswith(start):
            return read(content)
    if content.startswith(b"PARE") and content.endswith(b"PARE"):  # Parquet, encrypted
        return _refused_unread(content)
    if content[257:262] == b"ustar":
        return _tar_parts(content)
    if b"PK\x05\x06" in content[-70_000:] and b"PK\x01\x02" in content and zipfile.is_zipfile(io.BytesIO(content)):
        return _zip_parts(content)
    return None


def _of_archive(parts: Iterator[tuple[str, bytes]], depth: int) -> Iterator[str]:
    if depth >= DEEPEST:
        raise Unreadable
    try:
        held = list(parts)
    except (
        OSError,
        EOFError,
        ValueError,
        KeyError,
        RuntimeError,
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
    ):
        raise Unreadable from None
    inside = dict(held)
    if any(name.endswith(("workbook.bin", "EncryptedPackage")) for name in inside):
        raise Unreadable
    strings = next((c for c in inside.values() if re.search(rb"<(?:\w+:)?sst\b", c[:1000])), b"")
    shared = shared_strings(decoded(strings) or "")
    for name, content in held:
        if CANARY.search(name):
            yield IS_CANARY
        if shared and name.lower().endswith(".xml"):
            yield from _of_part(decoded(content) or "", shared)
        else:
            yield from findings(content, name, depth + 1)


def _of_part(text: str, shared: list[str]) -> Iterator[str]:
    """A part of a workbook, whose cells call its strings by number."""
    if "<!DOCTYPE" in text[:4096]:
        raise Unreadable
    if CANARY.search(text):
        yield IS_CANARY
    yield from (rule.said for rule in _of_rows(_of_markup(text, shared), sure=True))


def _begins(content: bytes, name: str) -> bool:
    """Whether a name stands in a binary file, in one or two bytes per letter, and not as the end of a longer word."""
    return any(
        form in content and re.search(rb"(?<![a-z0-9_])(?<![a-z0-9_]\0)" + re.escape(form), content)
        for form in (name.encode(), name.encode("utf-16-le"))
    )


def _of_binary(content: bytes) -> Iterator[str]:
    """Names of columns in a file that is no text: a database, a frame of pandas, R, Stata or SPSS, a Parquet footer."""
    visible = content.replace(b"\0", b"")  # text in two bytes per letter
    if CANARY.search(visible.decode("latin-1")):
        yield IS_CANARY
    lower = content.lower()
    if sum(_begins(lower, name.lower()) for name in KOBO if not name.isalpha()) >= 2:
        yield FROM_KOBO.said
    if sum(_begins(lower, name.lower()) for name in recorder() if len(name) > 10) >= 4:
        yield FROM_RECORDER.said
    if content[-4:] == b"PAR1":
        footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
        # Each name follows its length in bytes.
        texts = (footer[i + 1 : i + 1 + n].decode("utf-8", "replace") for i, n in enumerate(footer) if 1 < n <= 120)
        rule = refusal(["", *(text for text in texts if text.isprintable())])
        if rule:
            yield rule.said
    elif content.startswith(b"SQLite format 3\0"):
        for said in re.findall(rb"CREATE TABLE[^(]{1,200}\(([^)]{1,20000})", content, re.I):
            rule = refusal(
                c.split()[0].strip("\"'`[]") for c in said.decode("utf-8", "replace").split(",") if c.split()
            )
            if rule:
                yield rule.said


# --- one content ----------------------------------------------------------------------------------------------------

_BASE64 = re.compile(r"[A-Za-z0-9+/]{60,}+(?:\s{1,3}[A-Za-z0-9+/]{60,}+)*+(?:\s{1,3}[A-Za-z0-9+/]+)?")


def _of_text(text: str, name: str, depth: int) -> Iterator[str]:
    if CANARY.search(text):
        yield IS_CANARY
    if SENT_FORM.search(text):
        yield IS_SENT_FORM
    if PurePosixPath(name).name == "consent.yml" and AGREEMENT.search(text):
        yield NAMES_MEMBERS
    start = text.lstrip()[:1]
    if start in ("{", "["):
        for found in _of_json(text):
            if isinstance(found, Rule):
                yield found.said
            elif depth < DEEPEST:
                yield from _of_text(found, "", depth + 1)
    if "<" in text and re.search(r"</(?:\w+:)?(?:row|tr|table-row)>", text, re.I):
        if "<!DOCTYPE" in text[:4096] and depth and name.endswith(".xml"):
            raise Unreadable
        yield from (rule.said for rule in _of_rows(_of_markup(text), sure=True))
    yield from (rule.said for rule in _of_delimited(text, sure=name.lower().endswith(DELIMITED)))
    if depth < DEEPEST:
        for block in _BASE64.finditer(text):
            letters = "".join(block[0].split())
            if len(letters) >= 120:
                # Its last bytes too: a workbook that lacks one does not open.
                whole = letters if len(letters) % 4 != 1 else letters[:-1]
                yield from findings(base64.b64decode(whole + "=" * (-len(whole) % 4)), "", depth + 1)


def findings(content: bytes, name: str, depth: int = 0) -> Iterator[str]:
    """Why a content may not be in git, whatever its name says it is; nothing when it may. No value is quoted.

    Raises Unreadable when it cannot be known.
    """
    parts = _parts(content)
    if parts is not None:
        yield from _of_archive(parts, depth)
    elif name.lower().endswith(WORKBOOKS) and not content.lstrip().startswith(b"<"):
        raise Unreadable
    text = decoded(content) if parts is None else None
    if text is not None:
        yield from _of_text(text, name, depth)
    else:
        yield from _of_binary(content)


def why_not(content: bytes, name: str) -> list[str]:
    """The findings, each once; what cannot be read is one."""
    try:
        return list(dict.fromkeys(findings(content, name)))
    except Unreadable:
        return [UNREAD]


def where_it_is(why: list[str], paths: Iterable[str]) -> list[str]:
    """Without what is allowed there. Recommendations and alerts are released row by row, their text reviewed."""
    if all(path.startswith(PUBLIC_RELEASES) for path in paths):
        return [said for said in why if said != STAYS_INSIDE.said]
    return why


# --- notebooks ------------------------------------------------------------------------------------------------------


def notebook_is_stripped(content: bytes) -> bool:
    """Whether no code cell holds an output or an execution count. Raises ValueError when it is not a notebook."""
    cells = json.loads(content.decode("utf-8")).get("cells", [])
    return not any(c.get("outputs") or c.get("execution_count") is not None for c in cells)


def strip(path: Path) -> bool:
    """Empty a notebook of its outputs and execution counts; whether anything changed."""
    content = path.read_bytes()
    if notebook_is_stripped(content):
        return False
    notebook = json.loads(content.decode("utf-8"))
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            cell["outputs"], cell["execution_count"] = [], None
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


# --- rules about places ---------------------------------------------------------------------------------------------


def is_generated(name: str) -> bool:
    """Whether veille makes that file again; only what is released to the public may be committed."""
    return name.startswith(GENERATED) and not name.startswith(PUBLIC_RELEASES)


def say_public(papers: bytes) -> bool:
    """Whether the papers of a deposit say that its rows may be published. Anything else is restricted."""
    said = re.findall(r"^\s*sensitivity\s*:\s*['\"]?(\w+)", papers.decode("utf-8-sig", "replace"), re.M)
    return bool(said) and all(value.lower() == "public" for value in said)


def misplaced(name: str, papers: bool | None) -> str:
    """Why a file may not be where it is, or nothing. `papers`: what the nearest papers of its deposit say
    (`say_public`), None where there are none."""
    folders = PurePosixPath(name).parts[:-1]
    if CANARY.search(name):
        return NAMES_CANARY
    if is_generated(name):
        return IS_GENERATED
    if folders[:2] == ("data", "raw"):
        if papers is False or "restricted" in folders:
            return RESTRICTED
        if papers is None and len(folders) >= 4:
            return NO_PAPERS
    return ""


# --- git ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Object:
    """One object of git. `content` is None when it is too large to be read."""

    sha: str
    kind: str
    size: int
    content: bytes | None


def git(*arguments: str, cwd: Path) -> str:
    """What git prints. Raises OSError or CalledProcessError where there is no repository."""
    return subprocess.run(
        ["git", *arguments], cwd=cwd, capture_output=True, encoding="utf-8", errors="surrogateescape", check=True
    ).stdout  # fmt: skip


def top(cwd: Path) -> Path:
    """The root of the repository around a folder; the folder itself where there is none."""
    try:
        return Path(git("rev-parse", "--show-toplevel", cwd=cwd).strip())
    except (OSError, subprocess.CalledProcessError):
        return cwd


def staged(root: Path) -> dict[str, list[str]]:
    """Path -> objects of every file in the index (several during a merge). Links and submodules are left out."""
    found = defaultdict(list)
    for entry in git("ls-files", "--stage", "-z", cwd=root).split("\0"):
        about, _, name = entry.partition("\t")
        if about.startswith("100"):
            found[name].append(about.split()[1])
    return found


def every_object(root: Path) -> list[str]:
    """Every object that the repository holds, reachable or not; what names the files comes before the files."""
    order = {"commit": 0, "tag": 0, "tree": 1, "blob": 2}
    listed = git(
        "cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objecttype) %(objectname)", cwd=root
    )
    return [line.split()[1] for line in sorted(listed.splitlines(), key=lambda line: order[line.split()[0]])]


def objects(root: Path, shas: Iterable[str]) -> Iterator[Object]:
    """These objects, in that order: one process, read as it comes."""
    with tempfile.TemporaryFile() as wanted:
        wanted.write("".join(f"{sha}\n" for sha in shas).encode())
        wanted.seek(0)
        command = ["git", "--no-replace-objects", "cat-file", "--batch", "--buffer"]
        with subprocess.Popen(command, cwd=root, stdin=wanted, stdout=subprocess.PIPE) as running:
            while line := running.stdout.readline():
                sha, kind, *rest = line.decode().split()
                if not rest:
                    continue  # missing: a partial clone
                size = int(rest[0])
                content = running.stdout.read(size) if size <= LARGEST_PART else None
                left = 0 if content is not None else size
                while left:
                    left -= len(running.stdout.read(min(left, 2**20)))
                running.stdout.read(1)
                yield Object(sha, kind, size, content)
        if running.returncode:
            raise subprocess.CalledProcessError(running.returncode, command)


def tree_entries(tree: Object) -> list[tuple[str, str, str]]:
    """Mode, name and object of each entry of a tree."""
    found, at, width = [], 0, len(tree.sha) // 2
    while at < len(tree.content):
        end = tree.content.index(b"\0", at)
        mode, _, name = tree.content[at:end].partition(b" ")
        at = end + 1 + width
        found.append((mode.decode(), name.decode("utf-8", "surrogateescape"), tree.content[end + 1 : at].hex()))
    return found


# --- what is staged -------------------------------------------------------------------------------------------------


def _papers_on_the_way(root: Path, name: str, known_papers: dict[str, bool]) -> bool | None:
    """What the nearest papers say, on disk and as staged; the more careful of the two."""
    for folder in PurePosixPath(name).parents:
        path = (folder / "source.yml").as_posix()
        said = [known_papers[path]] if path in known_papers else []
        if (root / path).is_file():
            said.append(say_public((root / path).read_bytes()))
        if said:
            return all(said)
    return None


def problem(name: str, size: int, content: bytes | None, papers: bool | None) -> str:
    """Why a file may not be committed, and what to do; nothing when it may. Never quotes what is in it."""
    out = "Retirez-le : git rm --cached."
    place = misplaced(name, papers)
    if place == RESTRICTED:
        return f"{place}. {out} Gardez-le sur le poste, et prévenez le coordinateur s’il a été envoyé."
    if place in (IS_GENERATED, NAMES_CANARY):
        return f"{place}. {out}"
    if size > LARGEST or content is None:
        return "plus de 1,5 Mo : ce fichier alourdirait chaque clone. Réduisez-le, ou gardez-le hors de git."
    if name.lower().endswith(".ipynb"):
        try:
            clean = notebook_is_stripped(content)
        except (ValueError, AttributeError):
            return "carnet illisible. Remettez la dernière version bonne : git checkout."
        if not clean:
            return f"carnet avec des sorties. Videz-le : python tools/check_files.py --strip {name}"
    why = where_it_is(why_not(content, name), [name])
    if NAMES_MEMBERS in why:
        return f"{NAMES_MEMBERS}. Remettez celui qui ne nomme personne : git restore --staged {name}"
    if why:
        return f"{' ; '.join(why)}. {out} Déposez-le par « veille receive », ou gardez-le hors de git."
    if place:
        return f"{place}. Ajoutez ses papiers, ou retirez-le : git rm --cached."
    return ""


def refused_files(root: Path, asked: list[str] | None) -> tuple[list[tuple[str, str]], int]:
    """The refused ones among these files, as staged (as they are on disk when git does not track them), or among all
    that git tracks; and how many were looked at. Raises CalledProcessError outside a repository, for all files."""
    try:
        index = staged(root)
    except (OSError, subprocess.CalledProcessError):
        if asked is None:
            raise
        index = {}
    chosen = sorted(index if asked is None else set(asked))
    papers = {name: shas for name, shas in index.items() if re.fullmatch(r"data/raw/(.*/)?source\.yml", name)}
    names_of = defaultdict(set)
    for name in (*papers, *chosen):
        for sha in index.get(name, ()):
            names_of[sha].add(name)
    held = [o for o in objects(root, names_of)] if names_of else []
    said = {name: say_public(o.content or b"") for o in held for name in names_of[o.sha] if name in papers}
    contents = [(name, o.size, o.content) for o in held for name in names_of[o.sha] if name in set(chosen)]
    for name in chosen:
        path = root / name
        if name not in index and path.is_file() and not path.is_symlink():
            contents.append((name, path.stat().st_size, path.read_bytes()))
    refused = {}
    for name, size, content in contents:
        why = problem(name, size, content, _papers_on_the_way(root, name, said))
        if why:
            refused[name] = why
    return sorted(refused.items()), len(chosen)


# --- every object ---------------------------------------------------------------------------------------------------


@dataclass
class History:
    """What was read of the objects: trees and their roots, a name for each object, papers, and what was refused."""

    trees: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    roots: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    public: dict[str, bool] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def name(self, sha: str, name: str) -> None:
        """Remember what an object is called; a name that says that it is a table is worth more than another."""
        if sha not in self.names or name.lower().endswith((*DELIMITED, *WORKBOOKS)):
            self.names[sha] = name

    def add(self, o: Object) -> None:
        """Judge one object and remember what the others need."""
        if o.content is None:
            self.refused[o.sha].append(UNREAD)
        elif o.kind == "tree":
            self.trees[o.sha] = tree_entries(o)
            for _, name, sha in self.trees[o.sha]:
                self.name(sha, name)
        else:
            if o.kind == "commit":
                self.name(o.sha, "message d’un commit")
                self.roots.add(o.content[5:].split(b"\n", 1)[0].decode())
            elif o.kind == "tag":
                self.name(o.sha, "message d’une étiquette")
            elif self.names.get(o.sha) == "source.yml":
                self.public[o.sha] = say_public(o.content)
            self.refused[o.sha] += why_not(o.content, self.names.get(o.sha, ""))

    def places(self, index: dict[str, list[str]]) -> dict[str, set[str]]:
        """Object -> every path that a commit or the index gives it; objects at a forbidden path join the refused."""
        found = defaultdict(set)
        left: list[tuple[str, str, bool | None]] = [(root, "", None) for root in self.roots]
        seen = set(left)
        while left:
            tree, folder, papers = left.pop()
            entries = self.trees.get(tree, ())
            if folder.startswith("data/raw/"):
                for _, name, sha in entries:
                    papers = self.public.get(sha, False) if name == "source.yml" else papers
            for mode, name, sha in entries:
                path = folder + name
                if mode == "40000":
                    below = (sha, path + "/", papers)
                    left += [below] if below not in seen else []
                    seen.add(below)
                elif mode.startswith("100"):
                    found[sha].add(path)
                    self._judge_place(sha, path, papers)
        for path, shas in index.items():
            beside = ((folder / "source.yml").as_posix() for folder in PurePosixPath(path).parents)
            papers = next((all(self.public.get(sha, False) for sha in index[p]) for p in beside if p in index), True)
            for sha in shas:
                found[sha].add(path)
                self._judge_place(sha, path, papers)
        return found

    def _judge_place(self, sha: str, path: str, papers: bool | None) -> None:
        why = misplaced(path, papers)
        if why and why not in self.refused[sha]:
            self.refused[sha].append(why)


def refused_objects(root: Path) -> tuple[list[tuple[str, str]], int]:
    """Every refused object of the repository, by path and id, with the rule; and how many were read."""
    index, history, every = staged(root), History(), every_object(root)
    for path, shas in index.items():
        for sha in shas:
            history.name(sha, PurePosixPath(path).name)
    for o in objects(root, every):
        history.add(o)
    places = history.places(index)
    lines = []
    for sha, why in history.refused.items():
        at = sorted(places.get(sha, ())) or [history.names.get(sha, "sans chemin connu")]
        why = where_it_is(why, at)
        if why:
            more = f" et {len(at) - 3} autre(s) chemin(s)" if len(at) > 3 else ""
            lines.append((f"{', '.join(at[:3])}{more} (objet {sha[:12]})", " ; ".join(why)))
    return sorted(lines), len(every)


# --- the command ----------------------------------------------------------------------------------------------------

WHAT_TO_DO = """\
N’envoyez rien (ni push, ni copie du dossier), et prévenez le coordinateur : effacer le fichier ne suffit pas.
  1. Pour voir où il se cache : git log --all --reflog --oneline --find-object=OBJET
  2. S’il n’a été qu’ajouté (git add) ou remisé (git stash) : git rm --cached FICHIER, ou git stash drop.
     S’il est dans un commit : faites réécrire l’historique (git filter-repo), avec la personne qui tient le dépôt.
  3. Puis effacez ce qui reste : git reflog expire --expire=now --all, et git gc --prune=now"""


def _printed(text: str) -> str:
    """A line for a terminal: a name that quotes a canary is cut, one that is no text is shown as it can be."""
    return CANARY.sub("CANARI-…", text).encode("utf-8", "replace").decode("utf-8").replace("\n", "?")


def main(arguments: list[str]) -> int:
    """Check what was asked for; 1 when something is refused (or was stripped, so that it is added again), 2 when
    nothing can be checked."""
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
    everything = arguments == ["--objects"]
    try:
        if everything:
            refused, count = refused_objects(root)
        else:
            refused, count = refused_files(root, [_inside(root, cwd / a) for a in arguments] or None)
    except (OSError, subprocess.CalledProcessError):
        print("Ce dossier n’est pas un dépôt git ; donnez des noms de fichiers.", file=sys.stderr)
        return 2
    except Broken as error:
        print(f"Définition illisible ({error}) : rien n’a été contrôlé. Corrigez src/veille/schemas.", file=sys.stderr)
        return 2
    for name, why in refused:
        print(_printed(f"{name} : {why}"), file=sys.stderr)
    if refused:
        print(f"{len(refused)} {'objet(s)' if everything else 'fichier(s)'} refusé(s) sur {count}.", file=sys.stderr)
    if refused and everything:
        print(WHAT_TO_DO, file=sys.stderr)
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
