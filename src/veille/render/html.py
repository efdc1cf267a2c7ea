"""HTML: blocks to markup, and the whole page through nbconvert with our own template.

One file, readable without script, no remote reference. Every text is escaped here; nothing else writes markup.
"""

from __future__ import annotations

import base64
import re
from copy import copy
from functools import cache, lru_cache
from html import escape

from ..project import PACKAGE
from .document import Block, Runs, plain

FONTS = PACKAGE / "render" / "fonts"
LABELS = {
    "fr": {"figure": "Figure", "table": "Tableau", "data": "Voir les données", "contents": "Sommaire"},
    "en": {"figure": "Figure", "table": "Table", "data": "See the data", "contents": "Contents"},
}
SIGN = {"not_received": "aucune donnée reçue", "not_published": "non publié"}


@lru_cache(maxsize=10_000)  # pages say the same words
def slug(text: str) -> str:
    """An id from a heading, made of ASCII letters."""
    from ..places import fold

    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-") or "section"


def runs_html(parts: Runs) -> str:
    """Runs as inline markup. A number is `<data>` with its value and key."""
    out = []
    for run in parts:
        kind = run["t"]
        if kind == "text":
            out.append(escape(run["s"], quote=False))
        elif kind == "const":
            out.append(f'<span data-const="{escape(run["name"])}">{escape(run["s"], quote=False)}</span>')
        elif kind == "num":
            sign = SIGN.get(run["status"])
            hint = f' class="sign" title="{sign}"' if sign else ""
            out.append(
                f'<data value="{escape(run["value"])}" data-key="{escape(run["key"])}"{hint}>{escape(run["display"], quote=False)}</data>'
            )
        elif kind == "link" and run["href"].startswith("#"):
            out.append(f'<a href="{escape(run["href"])}">{runs_html(run["runs"])}</a>')
        elif kind == "anchor":
            out.append(f'<span id="{escape(run["name"])}">{runs_html(run["runs"])}</span>')
        elif kind == "link":
            out.append(f'<a href="{escape(run["href"])}" rel="noreferrer">{runs_html(run["runs"])}</a>')
        elif kind in ("strong", "em"):
            out.append(f"<{kind}>{runs_html(run['runs'])}</{kind}>")
        else:
            out.append(f'<span class="{escape(kind)}">{runs_html(run["runs"])}</span>')
    return "".join(out)


def _table(block: Block, lang: str, *, caption: bool = True) -> str:
    columns = block["columns"]
    head = "".join(f'<th scope="col"{_right(c)}>{escape(c["label"], quote=False)}</th>' for c in columns)
    body = []
    for row in block["rows"]:
        cells = row["cells"]
        if row["kind"] == "group":
            body.append(
                f'<tr class="group"><th scope="rowgroup" colspan="{len(columns)}">{runs_html(cells[0])}</th></tr>'
            )
            continue
        first = f'<th scope="row"{_classes(cells[0])}>{runs_html(cells[0])}</th>'
        rest = "".join(
            f'<td data-label="{escape(c["label"])}"{_classes(cell, c)}>{runs_html(cell)}</td>'
            for c, cell in zip(columns[1:], cells[1:], strict=True)
        )
        kind = f' class="{row["kind"]}"' if row["kind"] != "body" else ""
        body.append(f"<tr{kind}>{first}{rest}</tr>")
    number = f'<span class="no">{LABELS[lang]["table"]}\u00a0{block["number"]}.</span> ' if block.get("number") else ""
    title = f"<caption>{number}{runs_html(block['title'])}</caption>" if caption else ""
    label = escape(plain(block["title"]))
    notes = "".join(f'<p class="src">{runs_html(n)}</p>' for n in block["notes"])
    # Words do not fit side by side on a phone: a table with several columns of them becomes one card per row there.
    texts = any(c["align"] == "left" for c in columns[1:])
    shape = ' class="cards"' if texts else ' class="slim"' if len(columns) <= 3 else ""
    return (
        f'<div class="tw" role="region" tabindex="0" aria-label="{label}"><table{shape}>{title}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>{notes}"
    )


SHORT = 15  # characters that stay on one line, and beside others on a phone
NOTHING = "–"


def _classes(cell: Runs, column: dict | None = None) -> str:
    """How a cell behaves: `r` at the right, `s` short, `z` a dash, which a phone does not show."""
    said = plain(cell)
    names = ["r"] if column and column["align"] == "right" else []
    names += ["s"] if 0 < len(said) <= SHORT else []
    names += ["z"] if column and said == NOTHING else []
    return f' class="{" ".join(names)}"' if names else ""


def _right(column: dict) -> str:
    return ' class="r"' if column["align"] == "right" else ""


def _svg(svg: str, alt: str, css: str, ident: str) -> str:
    """An inline SVG with its alternative text; ids made unique on the page."""
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{ident}-\1"', svg)
    svg = re.sub(r'(href="#|url\(#)([^")]+)', rf"\1{ident}-\2", svg)
    width = re.search(r'width="([\d.]+)pt"', svg)
    limit = f' style="max-width:{round(float(width[1]) * 1.6)}px"' if width else ""
    return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" class="{css}"{limit} ', 1)


def _figure(block: Block, lang: str) -> str:
    alt = plain(block["alt"])
    ident = f"f{block['number']}"
    if block.get("svg_narrow"):
        drawing = _svg(block["svg"], alt, "wide", ident) + _svg(block["svg_narrow"], alt, "narrow", f"{ident}n")
    else:
        drawing = _svg(block["svg"], alt, "any", ident)
    head = (
        f'<figcaption><span class="no">{LABELS[lang]["figure"]}\u00a0{block["number"]}</span><b>{runs_html(block["title"])}</b>'
        f'<span class="what">{runs_html(block["subtitle"])}</span></figcaption>'
    )
    notes = "".join(f'<p class="src">{runs_html(n)}</p>' for n in block["notes"])
    behind = (
        f"<details><summary>{LABELS[lang]['data']}</summary>{_table(block['table'], lang)}</details>"
        if block.get("table")
        else ""
    )
    figure = f"<figure>{head}{drawing}{notes}{behind}</figure>"
    if block.get("beside"):
        return f'<div class="two">{figure}<div>{_table(block["beside"], lang)}</div></div>'
    return figure


def _cover(block: Block, lang: str) -> str:
    meta = "".join(f'<p class="sub">{runs_html(line)}</p>' for line in block["meta"])
    return (
        f"<h1>{escape(block['title'], quote=False)}<br>{escape(block['subtitle'], quote=False)}</h1>{meta}"
        f'<p class="lede">{runs_html(block["lede"])}</p>'
    )


def _keys(block: Block, lang: str) -> str:
    items = "".join(
        f'<div><span class="n">{runs_html(i["number"])}</span><span class="l">{runs_html(i["label"])}</span>'
        f'<span class="d{" w" if i["warn"] else ""}">{runs_html(i["note"])}</span></div>'
        for i in block["items"]
    )
    return f'<div class="keys">{items}</div>'


def _list(block: Block, lang: str) -> str:
    tag = "ol" if block["ordered"] else "ul"
    return f"<{tag}>{''.join(f'<li>{runs_html(i)}</li>' for i in block['items'])}</{tag}>"


def _note(block: Block, lang: str) -> str:
    inner = "".join(block_html(b, lang) for b in block["blocks"])
    return f'<div class="note {escape(block["style"])}"><p class="nt"><b>{escape(block["title"], quote=False)}</b></p>{inner}</div>'


CONTENTS = '<nav class="toc"></nav>'  # where the table of contents comes, once the page is whole


def _contents(block: Block, lang: str) -> str:
    if not block["items"]:
        return CONTENTS
    items = "".join(
        f'<li><a href="#{slug(i["text"])}">{escape(i["text"], quote=False)}</a></li>' for i in block["items"]
    )
    word = LABELS[lang]["contents"]
    return f'<nav class="toc" aria-label="{word}"><details><summary>{word}</summary><ol>{items}</ol></details></nav>'


def block_html(block: Block, lang: str = "fr") -> str:
    """One block as markup."""
    kind = block["kind"]
    if kind == "heading":
        level = 2 if block["level"] == 2 else 3
        return f'<h{level} id="{slug(block["text"])}">{escape(block["text"], quote=False)}</h{level}>'
    if kind == "paragraph":
        return f"<p>{runs_html(block['runs'])}</p>"
    if kind == "contents":
        return _contents(block, lang)
    return {"table": _table, "figure": _figure, "cover": _cover, "keyfigures": _keys, "list": _list, "note": _note}[
        kind
    ](block, lang)


def blocks_html(blocks: list[Block], lang: str = "fr") -> str:
    """Several blocks, one after the other."""
    return "".join(block_html(b, lang) for b in blocks)


@cache
def font_faces() -> str:
    """The two weights of the page's font, embedded."""
    faces = []
    for weight, name in (("400", "Regular"), ("600 700", "SemiBold")):
        data = base64.b64encode((FONTS / f"VeilleSans-{name}.woff2").read_bytes()).decode()
        faces.append(
            f"@font-face{{font-family:'Veille Sans';font-weight:{weight};src:url(data:font/woff2;base64,{data}) format('woff2')}}"
        )
    return "".join(faces)


@cache
def page_css() -> str:
    """The style of every page; no page has another."""
    css = (PACKAGE / "render" / "templates" / "veille" / "page.css").read_text(encoding="utf-8")
    return font_faces() + re.sub(r"\n\s*", "", css)


@cache
def _exporter():
    from nbconvert import TemplateExporter
    from traitlets.config import Config

    # Not HTMLExporter: it parses the finished page once more and writes it anew, for parts that ours has not.
    exporter = TemplateExporter(
        template_name="veille",
        template_file="index.html.j2",
        extra_template_basedirs=[str(PACKAGE / "render" / "templates")],
        config=Config({"TemplateExporter": {"preprocessors": [], "default_preprocessors": [], "enabled": True}}),
    )
    exporter.environment.filters["blocks_html"] = blocks_html
    return exporter


def _as_shown(notebook):
    """The notebook with what the template shows of its outputs alone: nbconvert copies it twice, to the last run of a text."""
    shown = copy(notebook)
    shown.cells = [copy(cell) for cell in notebook.cells]
    for cell in shown.cells:
        if "outputs" in cell:
            cell.outputs = [
                type(notebook)(output, data=type(notebook)({"text/html": output.data["text/html"]}))
                for output in cell.outputs
            ]
    return shown


def render(document: dict, notebook: object) -> str:
    """The page of an executed notebook, through nbconvert and `templates/veille`.

    Cells come with their displayed bundles (`text/html` made by `blocks_html`); headings of Markdown cells are
    already blocks of `document`, in the same order.
    """
    resources = {"veille": {"document": document, "css": page_css()}}
    body, _ = _exporter().from_notebook_node(_as_shown(notebook), resources=resources)
    for block in document["blocks"]:
        if block["kind"] == "contents":
            body = body.replace(CONTENTS, _contents(block, document["lang"]), 1)
    return body
