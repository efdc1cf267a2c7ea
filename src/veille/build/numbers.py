"""`numbers.csv`, and the check that every number on a page is one of its rows (architecture, decision 5)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from itertools import groupby

from ..codes import code_list, label
from ..digits import in_words, stray
from ..disclosure.safe import SafeNumber, SafeTables
from ..errors import DisclosureRefused
from ..indicators.registry import MEASURES
from ..published import TREND_MONTHS
from ..render import html
from ..render.document import Block, numbers_of, plain, runs_of, typography
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
    """What a page may print as a constant: parameters, the papers of the sources, numbers quoted with their source.

    As pages print them: with French typography.
    """
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
    return {name: typography(value) for name, value in out.items()}


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


# What a page is made of. Anything else (a script, a picture, a form) may hold a number that nobody reads back.
TAGS = frozenset(
    "html head meta title style body header main footer nav section div span p h1 h2 h3 h4 b strong em i a br ul ol li sup sub "
    "table caption thead tbody tr th td data details summary figure figcaption "
    "svg g text tspan title desc path use defs rect circle ellipse line polyline polygon pattern clippath".split()
)
# Digits of these are the layout of a drawing; of everything else they are looked at.
DRAWN = frozenset(
    "d x y x1 x2 y1 y2 cx cy r rx ry dx dy width height points transform viewbox version xmlns xmlns:xlink offset "
    "fill fill-opacity opacity stroke stroke-width stroke-opacity stroke-dasharray stroke-dashoffset stroke-miterlimit "
    "font-size font-weight patternunits patterntransform".split()
)
_DRAWN_STYLE = re.compile(r"(?:\s*[a-z-]+\s*:\s*[\w#.,%() +-]*;?)*")
_ID = re.compile(r"#?(?:f\d{1,2}n?-)?[a-z][0-9a-f]{10}")  # of a path that matplotlib draws again and again
_VIEWPORT = "width=device-width,initial-scale=1"


@dataclass
class Known:
    """What a page may repeat: lines that are heard, texts, ids and addresses, styles."""

    lines: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    styles: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, blocks: list[Block]) -> Known:
        """That of a page with these blocks."""
        lines = {plain(runs) for block in blocks for runs in runs_of(block)} | set(strings(blocks))
        return cls(
            {line.strip() for line in lines},
            {name for line in lines for name in (line, html.slug(line), f"#{html.slug(line)}")},
            {html.page_css()},
        )


def strings(value: object) -> Iterator[str]:
    """Every text in blocks, and those of their drawings."""
    if isinstance(value, str):
        if value.startswith("<svg"):
            yield from (unescape(piece) for piece in re.findall(r">([^<>]+)<", value))
        else:
            yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
        # Texts side by side are one text of the page.
        texts = [run["s"] if isinstance(run, dict) and run.get("t") == "text" else None for run in value]
        for is_text, side_by_side in groupby(texts, lambda text: text is not None):
            if is_text:
                yield "".join(side_by_side)


class Walker(HTMLParser):
    """Walks a page or a drawing: registered numbers are checked, the digits that remain are collected."""

    VOID = {"meta", "br", "path", "use", "rect", "circle"}
    # Two of these are two lines: "12" in a cell and "juin" in the next are no date.
    LINES = {"td", "th", "p", "li", "text", "div", "caption", "h1", "h2", "h3", "tr", "summary", "title", "desc"}

    def __init__(self, found: Register, constants: dict[str, str], known: Known, lang: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found, self.constants, self.known, self.lang = found, constants, known, lang
        self.stack: list[tuple[str, str, str]] = []  # tag, kind, name
        self.inside: list[str] = []
        self.drawing = 0  # how many drawings we are in: ticks of a scale stand nowhere else
        self.ticks: list[int] = []
        self.cell: list[str] = []  # the texts of a table's cell; a hidden number is told by its sign
        self.problems: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in TAGS:
            self.problems.append(f"élément {tag}")
        if len(given) != len(attrs):
            self.problems.append(f"attribut en double ({tag})")
        self.drawing += tag == "svg"
        for name, value in given.items():
            if value and self._is_strange(tag, name, value):
                self.problems.append(f"attribut {name}")
        kind, name = "", ""
        if "data-key" in given:
            kind, name = "key", given["data-key"] or ""
            number = self.found.get(name)
            if number is None or (tag == "data" and given != self._written(number)):
                self.problems.append(name)
        elif "data-const" in given:
            kind, name = "const", given["data-const"] or ""
        elif "data-tick" in given:
            kind = "tick"
        elif tag == "style":
            kind = "style"
        if tag in ("td", "th"):
            self.cell = []
        if tag == "svg":
            self.text.append(" ")  # a drawing begins: its first word does not join the line above
        if tag in self.VOID:
            return
        self.stack.append((tag, kind, name))
        if kind:
            self.inside.append("")

    def _written(self, number: SafeNumber) -> dict[str, str]:
        """The attributes of a registered number: hidden ones are all alike."""
        sign = html.SIGN.get(number.status)
        return {"value": number.value, "data-key": number.address} | ({"class": "sign", "title": sign} if sign else {})

    def _is_strange(self, tag: str, name: str, value: str) -> bool:
        """Whether an attribute has a number that is neither layout nor a line of the page."""
        if self.drawing and (name in DRAWN or (name == "style" and _DRAWN_STYLE.fullmatch(value))):
            return False
        if name in ("data-key", "data-const") or (name == "value" and tag == "data"):
            return False  # compared with what is registered
        if (tag, name) == ("meta", "content"):
            return value != _VIEWPORT and bool(stray(value) or in_words(value))
        if name in ("colspan", "tabindex", "charset"):
            return not re.fullmatch(r"\d{1,2}|utf-8", value)
        if name in ("id", "href"):
            is_known = value in self.known.names or (self.drawing and _ID.fullmatch(value))
            is_number = not any(c.isalpha() for c in value)
            return (is_number or not is_known) and any(c.isnumeric() for c in value)
        if name not in SPOKEN:
            return bool(stray(value))
        if value.strip() in self.known.lines and any(c.isalpha() for c in value):
            return False  # a line of the page, not a number of one of its cells
        return bool(stray(value) or in_words(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        if not self.stack or self.stack[-1][0] != tag:
            self.problems.append(f"élément {tag} mal fermé")
            return
        closed, kind, name = self.stack.pop()
        if closed == "svg":
            self.drawing -= 1
            self._close_scale()
        if tag in ("td", "th"):
            self._close_cell()
        if not kind:
            self.text.append("\n" if tag in self.LINES else " " if tag == "tspan" else "")
            return
        content = self.inside.pop()
        number = self.found.get(name)
        if kind == "key":
            if number is None or content.strip() != number.display(self.lang):
                self.problems.append(name)
            elif number.status == "not_published":  # what was not received may stand beside what it would be of
                self.cell.append("")
        elif kind == "const" and self.constants.get(name) != content:
            self.problems.append(f"constante {name}")
        elif kind == "tick":
            tick = content.replace("\u202f", "").strip()
            if self.drawing and tick.isdecimal():
                self.ticks.append(int(tick))
            else:
                self.problems.append("graduation")
        elif kind == "style" and content not in self.known.styles:
            self.problems.append("style")
        self.text.append("\u241f")  # a registered number stood here: digits on both sides do not join

    def _close_scale(self) -> None:
        """The ticks of a drawing are 0, one step, two steps…: a bar's label is no tick."""
        step = self.ticks[1] if len(self.ticks) > 1 else 1
        if self.ticks != [i * step for i in range(len(self.ticks))] or str(step).rstrip("0") not in ("1", "2", "5"):
            self.problems.append("graduation")
        self.ticks = []

    def _close_cell(self) -> None:
        """A cell whose number is not published has its sign and nothing else: a second sign would tell why."""
        if "" in self.cell and any(text.strip() for text in self.cell):
            self.problems.append("signe d’une cellule")
        self.cell = []

    def handle_comment(self, data: str) -> None:
        if stray(data) or in_words(data):
            self.problems.append("commentaire")

    def handle_decl(self, decl: str) -> None:
        if decl.casefold() != "doctype html":
            self.problems.append("déclaration")

    def handle_pi(self, data: str) -> None:
        self.problems.append("instruction")

    unknown_decl = handle_pi

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.inside[-1] += data
            return
        self.text.append(data)
        if data:
            self.cell.append(data)
        if in_words(data) and data.strip() not in self.known.lines:
            self.problems.append("nombre en lettres, ou signe")

    def close(self) -> None:
        """The end: what was opened must have been closed, or a text could hide in it."""
        super().close()
        if self.stack:
            self.problems.append(f"élément {self.stack[-1][0]} non fermé")


def check_html(
    page: str, found: Register, blocks: list[Block], safe: SafeTables, lang: str, text: Texts | None = None
) -> None:
    """Raise DisclosureRefused unless every number of the page is registered, key and writing, and no digit is left."""
    walker = Walker(found, constants(safe, text), Known.of(blocks), lang)
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
