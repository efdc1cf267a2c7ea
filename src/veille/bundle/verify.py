"""Verify the folder around this file: the bundle of one report of `veille`, unpacked. Run: python verify.py

Standard library of Python 3.9 or later; no network, no other programme, nothing is written. In this order:

1. every file is the one that CONTENTS.json lists (sha256 and size); none is missing, none was added;
2. report/ is what its manifest.json says;
3. the safe tables are the sealed ones, and those the report was made from; so are the texts and parameters;
4. numbers.csv is made again from the safe tables, row by row, with the writing that readers see, and compared;
5. every number of the HTML page is read and compared with what was made again.

Whoever changes a file and every list that names it, down to the safe tables, is not found out by this: compare the
fingerprint that is printed at the end with the one noted when the bundle was made. Messages are French. Exit code 0 when
all is well, 1 otherwise.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from html.parser import HTMLParser
from pathlib import Path

LIST = "CONTENTS.json"
MANIFEST = "report/manifest.json"
NUMBERS = "report/numbers.csv"
SEALS = "safe/candidate.json"
DECLARED = "indicators.json"
SAFE_COLUMNS = ("key", "place", "period", "value", "unit", "status", "table", "query", "caveat")
COLUMNS = ("key", "place", "period", "value", "unit", "display", "status", "table", "query", "caveat")
NARROW_SPACE, MINUS = "\u202f", "\u2212"

Files = dict  # name -> bytes
Rows = dict  # (key, place, period) -> {column: text}


class Differs(Exception):
    """What was found wrong: each line begins with the name of a file."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def digest(content: bytes) -> str:
    """sha256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def seal_of(meta: dict) -> str:
    """The seal of a JSON object: over everything it says, except the seal itself."""
    rest = {name: value for name, value in meta.items() if name != "seal"}
    return digest(json.dumps(rest, ensure_ascii=False, sort_keys=True).encode())


def as_json(content: object) -> bytes:
    """The one way in which our lists are written: any other byte is a change."""
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


# --- 1. the files --------------------------------------------------------------------------------------------------


def read_all(folder: Path) -> Files:
    """Every file below a folder, by its path with slashes. A link is read as what it leads to."""
    found = {}
    for above, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names + [f for f in folders if os.path.islink(os.path.join(above, f))]):
            path = Path(above, name)
            try:
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
            except OSError:
                found[path.relative_to(folder).as_posix()] = b""
    return found


def check_files(files: Files) -> str:
    """Every file against the list, and the list against its own seal."""
    if LIST not in files:
        raise Differs([f"{LIST} : manque. Décompressez tout le dossier, puis lancez verify.py dans ce dossier."])
    wrong = []
    try:
        listed = json.loads(files[LIST].decode("utf-8"))
        entries = {str(name): (said["sha256"], said["bytes"]) for name, said in listed["files"].items()}
        if as_json(listed) != files[LIST] or listed["seal"] != seal_of(listed):
            wrong.append(f"{LIST} : a été modifié (son sceau n’est pas le bon).")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Differs([f"{LIST} : a été modifié (illisible)."]) from None
    wrong += [f"{name} : manque." for name in sorted(set(entries) - set(files))]
    added = sorted(set(files) - set(entries) - {LIST})
    wrong += [f"{name} : en trop, ce fichier n’est pas du dossier." for name in added]
    for name in sorted(set(entries) & set(files)):
        if (digest(files[name]), len(files[name])) != entries[name]:
            wrong.append(f"{name} : a été modifié (sha256 ou taille).")
    if wrong:
        raise Differs(wrong)
    return f"{len(entries)} fichiers : empreintes et tailles de {LIST}, rien ne manque, rien en trop"


# --- 2 and 3. the report, the safe tables, what people wrote ---------------------------------------------------------


def below(files: Files, folder: str) -> set[str]:
    """The names of the files of a folder, from that folder on."""
    return {name[len(folder) :] for name in files if name.startswith(folder)}


def check_report(files: Files) -> str:
    """The artefacts against manifest.json."""
    outputs = json.loads(files[MANIFEST])["outputs"]
    here = below(files, "report/") - {"manifest.json"}
    wrong = [f"report/{name} : manque, {MANIFEST} l’annonce." for name in sorted(set(outputs) - here)]
    wrong += [f"report/{name} : en trop, {MANIFEST} ne l’annonce pas." for name in sorted(here - set(outputs))]
    for name in sorted(here & set(outputs)):
        content = files["report/" + name]
        if (digest(content), len(content)) != (outputs[name]["sha256"], outputs[name]["bytes"]):
            wrong.append(f"report/{name} : n’est pas celui de {MANIFEST}.")
    if wrong:
        raise Differs(wrong)
    return f"report/ : {len(here)} fichiers, ceux de manifest.json"


def check_safe(files: Files) -> str:
    """The safe tables against their seals, and against the manifest of the report."""
    manifest, meta = json.loads(files[MANIFEST]), json.loads(files[SEALS])
    wrong = []
    if meta["seal"] != seal_of(meta):
        wrong.append(f"{SEALS} : son sceau n’est pas le bon.")
    if digest(files[SEALS]) != manifest["inputs"]["candidate.json"]:
        wrong.append(f"{SEALS} : ces tables sûres ne sont pas celles du rapport ({MANIFEST}, inputs).")
    for name in ("version", "nature", "audience"):
        if meta[name] != manifest[name]:
            wrong.append(f"{SEALS} : {name} n’est pas celle de {MANIFEST}.")
    sealed, here = meta["files"], below(files, "safe/") - {"candidate.json"}
    wrong += [f"safe/{name} : manque, ou n’est pas scellé." for name in sorted(set(sealed) ^ here)]
    for name in sorted(here & set(sealed)):
        if digest(files["safe/" + name]) != sealed[name]:
            wrong.append(f"safe/{name} : n’est pas la table scellée dans {SEALS}.")
    if wrong:
        raise Differs(wrong)
    return f"safe/ : {len(here)} fichiers scellés, version {meta['version']}, diffusion « {meta['audience']} » : ceux du rapport"


def check_inputs(files: Files) -> str:
    """What people wrote and decided, and the notebook, against the manifest."""
    inputs = json.loads(files[MANIFEST])["inputs"]
    here = sorted(name for name in files if name.startswith(("params/", "notebooks/", "reports/")))
    wrong = [f"{name} : n’est pas celui de {MANIFEST}." for name in here if inputs.get(name) != digest(files[name])]
    # A cited report: the numbers are those that its own manifest seals.
    for name in here:
        if name.startswith("reports/") and name.endswith("/numbers.csv"):
            cited = json.loads(files.get(name[: -len("numbers.csv")] + "manifest.json", b"{}"))
            if cited.get("outputs", {}).get("numbers.csv", {}).get("sha256") != digest(files[name]):
                wrong.append(f"{name} : n’est pas celui du manifeste de ce rapport cité.")
    if wrong:
        raise Differs(wrong)
    return f"params/, notebooks/, reports/ : {len(here)} fichiers, ceux du rapport"


# --- 4. numbers.csv, made again --------------------------------------------------------------------------------------


def display(value: str, unit: str, status: str) -> str:
    """What a reader sees: « 45 766 », « 61 % », « n.d. », « n.p. »."""
    if status == "not_published":
        return "n.p."
    if status == "not_received" or value == "":
        return "n.d."
    if unit == "yes_no":
        return "oui" if value == "1" else "non"
    whole, _, decimals = format(Decimal(value).quantize(Decimal("0.001"), ROUND_HALF_EVEN), ",f").partition(".")
    text = whole.replace(",", NARROW_SPACE).replace("-", MINUS)
    if decimals.strip("0"):
        text += "," + decimals.rstrip("0")
    return text + (NARROW_SPACE + "%" if unit == "percent" else "")


def read_rows(content: bytes, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The rows of a CSV file with exactly these columns."""
    rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    if tuple(next(rows, ())) != columns:
        raise ValueError
    for row in rows:
        if len(row) != len(columns):
            raise ValueError
        yield dict(zip(columns, row))


def safe_numbers(files: Files) -> Rows:
    """Every number of the safe tables, by its address."""
    out = {}
    for name in sorted(files):
        if name.startswith("safe/tables/"):
            try:
                out.update({(r["key"], r["place"], r["period"]): r for r in read_rows(files[name], SAFE_COLUMNS)})
            except ValueError:
                raise Differs([f"{name} : table illisible."]) from None
    return out


def made_again(address: tuple[str, str, str], safe: Rows, declared: dict) -> dict[str, str]:
    """One row of numbers.csv, from the safe tables. A number that is not there was not received."""
    row = safe.get(address)
    if row is None:
        stem, *dimensions = address[0].split(".")
        spec = declared.get(".".join([stem, *(d.partition("=")[0] for d in dimensions)]), {})
        named = {name: spec.get(name, "") for name in ("unit", "table", "query", "caveat")}
        row = {**dict(zip(("key", "place", "period"), address)), "value": "", "status": "not_received", **named}
    return {**row, "display": display(row["value"], row["unit"], row["status"])}


def rebuilt(files: Files) -> dict[str, dict[str, str]]:
    """What numbers.csv must say, by `key@place@period`, in the order of the file. Differs unless the file says just that."""
    asked = json.loads(files[MANIFEST])["parameters"]
    safe, declared = safe_numbers(files), json.loads(files[DECLARED])
    given = list(read_rows(files[NUMBERS], COLUMNS))
    wrong, rows = [], {}
    for line, row in enumerate(given, start=2):
        address = (row["key"], row["place"], row["period"])
        again = rows[address] = made_again(address, safe, declared)
        for column in COLUMNS:
            if row[column] != again[column]:
                where = f"{NUMBERS}, ligne {line} ({'@'.join(address)})"
                wrong.append(f"{where} : {column} est « {row[column]} », les tables sûres donnent « {again[column]} ».")
    own = (asked["region"], asked["period"])
    order = sorted(rows, key=lambda address: (address[1:] != own, address))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([rows[address][column] for column in COLUMNS] for address in order)
    if not wrong and buffer.getvalue().encode() != files[NUMBERS]:
        wrong.append(f"{NUMBERS} : des lignes en double, ou dans un autre ordre.")
    if wrong:
        raise Differs(wrong)
    return {"@".join(address): rows[address] for address in order}


def check_numbers(files: Files) -> str:
    """numbers.csv against the safe tables."""
    rows = rebuilt(files)
    shown = sum(row["value"] != "" for row in rows.values())
    return f"numbers.csv : {len(rows)} nombres refaits à partir des tables sûres, {shown} avec une valeur : identiques"


# --- 5. the page -----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Reads the numbers of a page: each element with a key, its value where it has one, and its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.numbers: list[list] = []  # key, value or None, words
        self.inside: list[str] = []  # the tags that are open within the number being read

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "data-key" in given:
            self.numbers.append([given["data-key"] or "", given.get("value") if tag == "data" else None, ""])
            self.inside = [tag]
        elif self.inside:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.numbers[-1][2] += data


def check_page(files: Files) -> str:
    """Every number of the HTML pages against what was made again: none changed, none more, none fewer."""
    checks = {check["name"]: check["result"] for check in json.loads(files[MANIFEST])["checks"]}
    pages = sorted(name for name in files if name.startswith("report/") and name.endswith(".html"))
    if not pages or checks.get("numbers of the page are registered") != "passed":
        return "page HTML : absente, ou faite par un autre moteur ; ses nombres ne sont pas relus ici"
    rows, wrong, read = rebuilt(files), [], 0
    for name in pages:
        page = Page()
        page.feed(files[name].decode("utf-8"))
        page.close()
        read += len(page.numbers)
        for key, value, words in page.numbers:
            row = rows.get(key)
            if row is None:
                wrong.append(f"{name} : {key} n’est pas dans numbers.csv.")
            elif words.strip() != row["display"] or value not in (None, row["value"]):
                wrong.append(f"{name} : {key} est « {words.strip()} », les tables sûres donnent « {row['display']} ».")
        absent = sorted(set(rows) - {key for key, _, _ in page.numbers})
        wrong += [f"{name} : {key} manque, numbers.csv le donne." for key in absent]
    if wrong:
        raise Differs(wrong)
    return f"page HTML : {read} nombres relus, chacun celui des tables sûres"


# --- all of it -------------------------------------------------------------------------------------------------------

CHECKS: tuple[tuple[str, Callable[[Files], str]], ...] = (
    (LIST, check_files),
    (MANIFEST, check_report),
    (SEALS, check_safe),
    (MANIFEST, check_inputs),
    (NUMBERS, check_numbers),
    ("report/*.html", check_page),
)


def verify(files: Files) -> tuple[list[str], list[str]]:
    """What was checked, and what is wrong. Where a file is not the listed one, nothing else is judged."""
    done: list[str] = []
    for about, check in CHECKS:
        try:
            done.append(check(files))
        except Differs as differs:
            return done, differs.lines
        except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, csv.Error) as error:
            return done, [f"{about} : illisible ou incomplet ({type(error).__name__})."]
    return done, []


def main(folder: Path) -> str:
    """Print what was checked; the last words when something is wrong, nothing otherwise."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a sign prints another one; it does not stop
            stream.reconfigure(errors="replace")
    files = read_all(folder)
    done, wrong = verify(files)
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    if LIST in files and own.encode() not in files[LIST] and not any(line.startswith("verify.py") for line in wrong):
        # A damaged script may take any file for a wrong one: what it says of itself does not go through its checks.
        wrong.append(f"verify.py : n’est pas celui de {LIST} ; le reste de ce contrôle ne vaut rien.")
    for line in done:
        print("  conforme   " + line)
    for line in wrong:
        print("  DIFFÉRENT  " + line)
    if wrong:
        return f"{len(wrong)} différence(s) : ce dossier n’est pas, ou n’est plus, celui qui fut remis."
    print("Le PDF, le classeur et le document Word ne sont comparés qu’à leur empreinte.")
    print(f"Empreinte du dossier ({LIST}) : {digest(files[LIST])}")
    print("Comparez-la à celle qui fut notée à la remise : c’est elle qui prouve que rien ne fut refait.")
    print("Tout est conforme.")
    return ""


if __name__ != "veille.bundle.verify":  # runs unless the project itself reads it, also when this line was damaged
    sys.exit(main(Path(__file__).resolve().parent) or 0)
