"""`numbers.csv`, and the check that every number on a page is one of its rows (architecture, decision 5)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from html.parser import HTMLParser

from ..codes import code_list, label
from ..digits import stray
from ..disclosure.safe import SafeNumber, SafeTables
from ..errors import DisclosureRefused
from ..indicators.registry import MEASURES
from ..published import TREND_MONTHS
from ..render.document import Block, numbers_of, plain, runs_of
from ..texts import Texts

COLUMNS = ("key", "place", "period", "value", "unit", "display", "status", "table", "query", "caveat")
Register = dict[str, SafeNumber]
# Attributes that people hear or read.
SPOKEN = (
    "aria-label",
    "aria-description",
    "aria-valuetext",
    "aria-roledescription",
    "alt",
    "title",
    "xlink:title",
    "placeholder",
    "summary",
    "label",
    "content",
    "data-label",
)


def constants(safe: SafeTables, text: Texts | None) -> dict[str, str]:
    """What a page may print as a constant: parameters, the papers of the sources, numbers quoted with their source."""
    out = {"trend_months": str(TREND_MONTHS)}
    for codes in sorted({codes for measure in MEASURES for _, codes in measure.dimensions}):
        out |= {f"label:{codes}:{code}": label(codes, code) for code in code_list(codes)}
    out |= {f"printed_before:{address}": value for address, value in safe.meta.get("printed_before", {}).items()}
    out |= {f"caveat:{n.address}": n.caveat.partition(" : ")[2] for n in safe.of_table("printed_figures")}
    out |= {entry["name"]: entry["text"] for entry in safe.records.get("constants", [])}
    for source in safe.meta["sources"]:
        for name in ("title", "producer", "zero_means"):
            out[f"source:{source['source']}:{name}"] = source[name]
    for quoted in (text.front.get("numbers") or []) if text else []:
        out[f"quoted:{quoted['text']}"] = str(quoted["text"])
    return out


def register(blocks: Iterable[Block], safe: SafeTables, lang: str) -> Register:
    """Every number that the blocks show, by address, as the safe tables know it.

    Raises DisclosureRefused when a block shows a value or a writing that is not the safe tables'.
    """
    found: Register = {}
    for run in numbers_of(blocks):
        key, place, period = run["key"].split("@")
        number = safe.get(key, place, period)
        if run["value"] != number.value or run["display"] != number.display(lang):
            raise DisclosureRefused(
                f"Le nombre {run['key']} ne vient pas des tables sûres.",
                "Refaites les tables (veille data), puis le bulletin.",
            )
        found[run["key"]] = number
    return found


def to_csv(found: Register, area: str, period: str, lang: str) -> str:
    """The text of `numbers.csv`: the report's own place and period first, then by key, place and period."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for n in sorted(found.values(), key=lambda n: ((n.place, n.period) != (area, period), n.key, n.place, n.period)):
        writer.writerow(
            [n.key, n.place, n.period, n.value, n.unit, n.display(lang), n.status, n.table, n.query, n.caveat]
        )
    return buffer.getvalue()


class Walker(HTMLParser):
    """Walks a page or a drawing: registered numbers are checked, the digits that remain are collected."""

    VOID = {"meta", "br", "link", "img", "path", "use", "hr", "input", "rect"}

    def __init__(self, found: Register, known: dict[str, str], spoken: set[str], lang: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found, self.known, self.spoken, self.lang = found, known, spoken, lang
        self.stack: list[tuple[str, str, str]] = []  # tag, kind, name
        self.inside: list[str] = []
        self.drawing = 0  # how many drawings we are in: ticks of a scale stand nowhere else
        self.problems: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in SPOKEN if tag != "meta" or given.get("name") not in ("viewport", None) else ():
            value = given.get(name) or ""
            if value not in self.spoken and stray(value):
                self.problems.append(f"attribut {name}")
        if tag in self.VOID:
            return
        kind, name = "", ""
        if "data-key" in given:
            kind, name = "key", given["data-key"] or ""
            number = self.found.get(name)
            if number is None or (tag == "data" and given.get("value") != number.value):
                self.problems.append(name)
        elif "data-const" in given:
            kind, name = "const", given["data-const"] or ""
        elif "data-tick" in given:
            kind = "tick"
        elif tag in ("style", "script"):
            kind = "style"
        self.stack.append((tag, kind, name))
        self.drawing += tag == "svg"
        if tag == "svg":
            self.text.append(" ")  # a drawing begins: its first word does not join the line above
        if kind:
            self.inside.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID or not self.stack:
            return
        closed, kind, name = self.stack.pop()
        self.drawing -= closed == "svg"
        if not kind:
            self.text.append(
                " " if tag in ("td", "th", "p", "li", "text", "tspan", "div", "caption", "h1", "h2", "h3") else ""
            )
            return
        content = self.inside.pop()
        number = self.found.get(name)
        if kind == "key" and (number is None or content.strip() != number.display(self.lang)):
            self.problems.append(name)
        elif kind == "const" and self.known.get(name) != content:
            self.problems.append(f"constante {name}")
        elif kind == "tick" and not (self.drawing and content.replace("\u202f", "").strip().isdigit()):
            self.problems.append("graduation")
        self.text.append("\u241f")  # a registered number stood here: digits on both sides do not join

    def handle_comment(self, data: str) -> None:
        if stray(data):
            self.problems.append("commentaire")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.inside[-1] += data
        else:
            self.text.append(data)


def check_html(
    page: str, found: Register, blocks: list[Block], safe: SafeTables, lang: str, text: Texts | None = None
) -> None:
    """Raise DisclosureRefused unless every number of the page is registered, key and writing, and no digit is left."""
    spoken = {plain(runs) for block in blocks for runs in runs_of(block)} | {
        plain(b["alt"]) for b in blocks if b["kind"] == "figure"
    }
    walker = Walker(found, constants(safe, text), spoken, lang)
    walker.feed(page)
    walker.close()
    left = [word for line in "".join(walker.text).split("\n") for word in stray(line)]
    if walker.problems:
        raise DisclosureRefused(
            f"Nombre de la page absent du registre, ou écrit autrement : {walker.problems[0]}.",
            "Aucun fichier n’a été remplacé ; signalez cette clé.",
        )
    if left:
        raise DisclosureRefused(
            f"{len(left)} nombre(s) sans clé sur la page.",
            "Aucun fichier n’a été remplacé ; un nombre ne s’écrit pas à la main.",
        )
