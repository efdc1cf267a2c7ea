"""The document model: plain dictionaries that every renderer reads, and nothing else.

A **run** is a piece of text inside a line:

=========  ==========================================================================================
`text`     ``{"t": "text", "s": "…"}``
`num`      ``{"t": "num", "key": "k@place@period", "value": "67", "display": "67", "status": "mixed"}``:
           a registered number. `value` is empty when nothing may be or can be shown (`n.p.`, `n.d.`)
`const`    ``{"t": "const", "name": "trend_months", "s": "12"}``: a constant of the parameters
`strong`, `em`, `soft`, `warn`  ``{"t": "strong", "runs": […]}``
`link`     ``{"t": "link", "href": "https://…", "runs": […]}``; ``#name`` leads to an anchor of the same document
`anchor`   ``{"t": "anchor", "name": "preuve-a", "runs": […]}``: where a link of the document leads; letters and hyphens
=========  ==========================================================================================

A **block** is a piece of page (`kind`):

* ``heading``: level (2 or 3), text
* ``paragraph``: runs · ``list``: ordered, items (each a list of runs)
* ``cover``: org, title, subtitle, meta (a list of lines, each runs), chips (strings), lede (runs)
* ``keyfigures``: items, each {number, label, note: runs, warn: bool}
* ``table``: number, name (slug), title (runs), columns [{label, align, hxl}],
  rows [{kind: body | group | subtotal | total, cells: [runs, …]}], notes (list of runs).
  A `group` row has one cell that spans the table
* ``figure``: number, name (slug), title, subtitle (runs), svg, svg_narrow (text; narrow for phones), alt (runs),
  notes (list of runs), table (the table behind it, or None), beside (a table block printed at its side, or None)
* ``contents``: items, each {text, page}: the headings of level 2 that follow; filled in when the document is whole
* ``note``: style (info | warn | todo), title, blocks (paragraphs and lists)

A **document** is {schema, lang, title, subtitle, org, chips, header, footer, caveat, fixed_date, blocks}. `caveat`, if it is
not empty, goes with every printed page and every sheet; it holds no digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

SCHEMA = 1
MIME = "application/vnd.veille.block+json"  # what a notebook shows a block as
Run = dict
Runs = list[dict]
Block = dict


NARROW = "\u202f"
_BEFORE = re.compile(r" (?=[;:!?%»])")
_AFTER = re.compile(r"(?<=[«]) ")


def typography(text: str) -> str:
    """Narrow no-break spaces where French wants them, and the curly apostrophe."""
    return _AFTER.sub(NARROW, _BEFORE.sub(NARROW, text)).replace("'", "’").replace("n° ", "n°" + NARROW)


def text(value: str) -> Run:
    """A plain piece of text."""
    return {"t": "text", "s": value}


def const(name: str, value: str) -> Run:
    """A constant of the parameters, shown as such with French typography: it is not a finding."""
    return {"t": "const", "name": name, "s": typography(value)}


def link(href: str, *parts: str | Run | Runs) -> Run:
    """A link: to an address, or (`#name`) to an anchor of the document."""
    return {"t": "link", "href": href, "runs": runs(*parts)}


def anchor(name: str, *parts: str | Run | Runs) -> Run:
    """Where links of the document lead."""
    return {"t": "anchor", "name": name, "runs": runs(*parts)}


def anchor_name(text: str) -> str:
    """A name for an anchor: letters and hyphens, because digits outside numbers are looked at."""
    return "".join(chr(ord("a") + int(c)) if c.isdigit() else c if c.isalnum() else "-" for c in text.lower())


def _wrap(kind: str, *parts: str | Run | Runs) -> Run:
    return {"t": kind, "runs": runs(*parts)}


def strong(*parts: str | Run | Runs) -> Run:
    """Emphasis that carries weight."""
    return _wrap("strong", *parts)


def em(*parts: str | Run | Runs) -> Run:
    """Emphasis in italics."""
    return _wrap("em", *parts)


def soft(*parts: str | Run | Runs) -> Run:
    """Secondary text."""
    return _wrap("soft", *parts)


def warn(*parts: str | Run | Runs) -> Run:
    """Text that warns: what is missing, unverified or synthetic."""
    return _wrap("warn", *parts)


def runs(*parts: str | Run | Runs) -> Runs:
    """Strings, runs and lists of runs as one flat list of runs."""
    out: Runs = []
    for part in parts:
        if isinstance(part, str):
            if part:
                out.append(text(part))
        elif isinstance(part, dict):
            out.append(part)
        else:
            out.extend(runs(*part))
    return out


def plain(parts: Iterable[Run]) -> str:
    """The text of runs, as it is read aloud or copied out."""
    out = []
    for run in parts:
        if run["t"] in ("text", "const"):
            out.append(run["s"])
        elif run["t"] == "num":
            out.append(run["display"])
        else:
            out.append(plain(run["runs"]))
    return "".join(out)


def numbers_in(parts: Iterable[Run]) -> Iterator[Run]:
    """The registered numbers of runs, in reading order."""
    for run in parts:
        if run["t"] == "num":
            yield run
        elif "runs" in run:
            yield from numbers_in(run["runs"])


def runs_of(block: Block) -> Iterator[Runs]:
    """Every list of runs in a block, in reading order; the alt text last."""
    kind = block["kind"]
    if kind == "paragraph":
        yield block["runs"]
    elif kind == "list":
        yield from block["items"]
    elif kind == "cover":
        yield from block["meta"]
        yield block["lede"]
    elif kind == "keyfigures":
        for item in block["items"]:
            yield from (item["number"], item["label"], item["note"])
    elif kind == "table":
        yield block["title"]
        for row in block["rows"]:
            yield from row["cells"]
        yield from block["notes"]
    elif kind == "figure":
        yield block["title"]
        yield block["subtitle"]
        if block.get("table"):
            yield from runs_of(block["table"])
        if block.get("beside"):
            yield from runs_of(block["beside"])
        yield from block["notes"]
        yield block["alt"]
    elif kind == "note":
        for inner in block["blocks"]:
            yield from runs_of(inner)


def numbers_of(blocks: Iterable[Block]) -> Iterator[Run]:
    """Every registered number of a document's blocks, in reading order, with repetitions."""
    for block in blocks:
        for line in runs_of(block):
            yield from numbers_in(line)


def heading(value: str, level: int = 2) -> Block:
    """A section's title."""
    return {"kind": "heading", "level": level, "text": typography(value)}


def paragraph(*parts: str | Run | Runs) -> Block:
    """A paragraph."""
    return {"kind": "paragraph", "runs": runs(*parts)}


def bullet_list(items: Iterable[Runs], *, ordered: bool = False) -> Block:
    """A list, one entry per runs."""
    return {"kind": "list", "ordered": ordered, "items": [runs(item) for item in items]}


def contents() -> Block:
    """The table of contents."""
    return {"kind": "contents", "items": []}


def with_contents(blocks: list[Block]) -> list[Block]:
    """The blocks, with the headings that follow it in the table of contents."""
    headings = [{"text": b["text"], "page": ""} for b in blocks if b["kind"] == "heading" and b["level"] == 2]
    return [{**b, "items": headings} if b["kind"] == "contents" else b for b in blocks]


def note(title: str, *blocks: Block, style: str = "info") -> Block:
    """A box: `info`, `warn`, or `todo` where people still have to write."""
    return {"kind": "note", "style": style, "title": title, "blocks": list(blocks)}
