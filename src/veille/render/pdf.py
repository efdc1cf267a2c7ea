"""The PDF of a document: tagged, accessible (PDF/UA-1), set by Typst, the same bytes every time.

The template is `report.typ`; the document reaches it as JSON, never as Typst source.
Typst starts threads: a process that has rendered must not be forked afterwards.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from math import ceil
from pathlib import Path

from ..errors import BuildFailed
from .document import Block, plain

HERE = Path(__file__).parent
TEMPLATE = HERE / "report.typ"
FONTS = HERE / "fonts"
FAMILY = "Veille Sans"

# The only words of the renderers: everything else is the document's.
LABELS = {
    "fr": {"figure": "Figure", "table": "Tableau", "contents": "Sommaire"},
    "en": {"figure": "Figure", "table": "Table", "contents": "Contents"},
}

# A longer table may run over two pages: kept whole, it would leave half a page white. A longer row as well.
LINES_KEPT_TOGETHER, LINES_OF_A_ROW = 18, 12

# About how many characters of a table fit across the page, and across the side of a figure.
PAGE_CHARACTERS, SIDE_CHARACTERS = 90, 42

# Scales that drawings may take to fit the pages, the white that is no reason to shrink them, and A4.
SCALES = ("1", "0.92", "0.85")
WHITE_ALLOWED_PT, LONELY_PT = 60, 130
PAGE_HEIGHT_PT = 842 - 46 * 72 / 25.4  # without the margins of report.typ

# Text editors leave these in texts; no page can show them.
_CONTROLS = {code: " " for code in (*range(0x20), 0x7F)}

_IMAGE = b"""\
#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg", width: float(sys.inputs.width) * 1pt)
"""


def with_pages(document: dict) -> dict:
    """The document with the page of each heading in its table of contents; the same where it has none."""
    if not any(block["kind"] == "contents" for block in document["blocks"]):
        return document
    inputs = _inputs(document)
    scale = _best_scale(document, inputs)
    found = [p for p in _query("<heading-at>", inputs, scale) if p["level"] == 2]
    # Page numbers move nothing: the scale that was found holds for the whole.
    blocks = [
        {**b, "items": [{**i, "page": str(p["page"])} for i, p in zip(b["items"], found, strict=True)]}
        if b["kind"] == "contents"
        else b
        for b in document["blocks"]
    ]
    return {**document, "blocks": blocks, "scale": scale}


def render(document: dict, out: Path) -> None:
    """Write `document` as a PDF to `out`. Raises BuildFailed when it cannot be set."""
    inputs = _inputs(document)
    scale = document.get("scale") or _best_scale(document, inputs)
    out.write_bytes(_compile(_at(scale), inputs, format="pdf", pdf_standards="ua-1"))


@lru_cache(maxsize=64)  # the check of a Word file draws its pictures again
def rasterise(svg: str, width_pt: float, ppi: int = 160) -> bytes:
    """An SVG drawn `width_pt` points wide as a PNG on white, with the same fonts as the PDF."""
    inputs = {"svg": svg_with_font(svg), "width": f"{width_pt:.3f}"}
    return _compile(_IMAGE, inputs, format="png", ppi=ppi)


def numbers_shown(document: dict) -> list[tuple[str, str]]:
    """(key, display) of every registered number that the PDF prints, as Typst itself reports them."""
    return [(number["key"], number["display"]) for number in _query("<number>", _inputs(document))]


def svg_width(svg: str) -> float:
    """The width an SVG asks for, in points; pixels and bare numbers count as CSS pixels."""
    opening = re.search(r"<svg\b[^>]*>", svg)
    tag = opening.group() if opening else ""
    if found := re.search(r"""\bwidth=["']([\d.]+)\s*(pt|px|in|mm|cm)?["']""", tag):
        points = {"pt": 1, "px": 0.75, None: 0.75, "in": 72, "mm": 72 / 25.4, "cm": 72 / 2.54}
        return float(found[1]) * points[found[2]]
    if found := re.search(r"""\bviewBox=["'][\d.\-]+[\s,]+[\d.\-]+[\s,]+([\d.]+)""", tag):
        return float(found[1])  # matplotlib's user units are points
    return 0.0


def svg_height(svg: str) -> float:
    """The height of an SVG drawn at its natural width, in points."""
    box = re.search(r"""\bviewBox=["'][\d.\-]+[\s,]+[\d.\-]+[\s,]+([\d.]+)[\s,]+([\d.]+)""", svg)
    return svg_width(svg) * float(box[2]) / float(box[1]) if box and float(box[1]) else 0.0


def svg_with_font(svg: str) -> str:
    """The SVG with our font at its root, which texts that say `font-family: inherit` take over."""
    opening = re.search(r"<svg\b[^>]*>", svg)
    if not opening or "font-family" in opening.group():
        return svg
    return svg.replace("<svg", f'<svg font-family="{FAMILY}"', 1)


def column_widths(table: Block, room: int = PAGE_CHARACTERS) -> list[float | None]:
    """How a table's columns share its width: None takes what it needs, the others share the rest.

    `room` is the number of characters that fit beside each other. Short columns spread over the whole
    width, so that no number stands far from its name; next to long texts they take what they need, and
    the texts share by the square root of their length.
    """
    longest = longest_texts(table)
    if sum(longest) + 2 * len(longest) <= room:
        return [n + 2.0 for n in longest]
    is_text = [c["align"] == "left" and n > 16 for c, n in zip(table["columns"], longest, strict=True)]
    if not any(is_text):
        is_text[0] = True
    return [round(min(n, 160) ** 0.5, 2) if text else None for text, n in zip(is_text, longest, strict=True)]


def is_long(table: Block) -> bool:
    """Whether a table across the page may run over to the next."""
    return sum(printed_lines(table)) > LINES_KEPT_TOGETHER


def printed_lines(table: Block, room: int = PAGE_CHARACTERS) -> list[int]:
    """About how many lines each row takes."""
    longest, widths = longest_texts(table), column_widths(table, room)
    left = room - sum(n + 2 for n, width in zip(longest, widths, strict=True) if width is None)
    one = left / sum(width or 0 for width in widths)
    rooms = [n if width is None else max(width * one - 2, 1) for n, width in zip(longest, widths, strict=True)]
    return [
        max(ceil(len(plain(cell)) / n) or 1 for cell, n in zip(row["cells"], rooms, strict=True))
        if row["kind"] != "group"
        else 1
        for row in table["rows"]
    ]


def longest_texts(table: Block) -> list[int]:
    """The number of characters of each column's longest cell, its label included."""
    longest = [len(column["label"]) for column in table["columns"]]
    for row in table["rows"]:
        if row["kind"] != "group":
            for i, cell in enumerate(row["cells"]):
                longest[i] = max(longest[i], len(plain(cell)))
    return longest


def alt_text(figure: Block) -> str:
    """What a figure says to people who do not see it; its title where nothing better was written."""
    return plain(figure["alt"]).strip() or plain(figure["title"])


def full_title(document: dict) -> str:
    """Title and subtitle as one line, for the properties of a file."""
    return " · ".join(part for part in (document["title"], document["subtitle"]) if part)


def one_line(text: str) -> str:
    """The text without line breaks, tabs and other control characters."""
    return text.translate(_CONTROLS)


def _inputs(document: dict) -> dict[str, str]:
    """The document as the template reads it: with what its layout needs, without what paper does not show."""
    labels = LABELS.get(document["lang"], LABELS["fr"])
    blocks = [_block_for_template(block) for block in _with_whole_outline(document)]
    header = document["header"] or document["org"]
    more = {"header": header, "blocks": blocks, "labels": labels, "full_title": full_title(document)}
    return {"document": json.dumps(_cleaned({**document, **more}), ensure_ascii=False)}


def _best_scale(document: dict, inputs: dict[str, str]) -> str:
    """The largest scale of the drawings that leaves little white at the foot of pages.

    A figure is never cut: one that just misses its page leaves it half empty. Smaller drawings are shorter
    by a known height; a document that becomes shorter by more than that has lost white, which is what counts.
    A last page of a few lines counts as white too.
    """
    drawn = sum(svg_height(block["svg"]) for block in document["blocks"] if block["kind"] == "figure")
    length = {}
    for scale in SCALES if drawn else SCALES[:1]:
        (end,) = _query("<end>", inputs, scale)
        length[scale] = (end["page"] - 1) * PAGE_HEIGHT_PT + end["y"] + (1 - float(scale)) * drawn
        if end["page"] > 1 and end["y"] < LONELY_PT:
            length[scale] += 2 * WHITE_ALLOWED_PT
    good_enough = min(length.values()) + WHITE_ALLOWED_PT
    return next(scale for scale in SCALES if length[scale] <= good_enough)


def _cleaned(value):
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return value


def _with_whole_outline(document: dict) -> list[Block]:
    """The blocks, starting with a first-level title and never skipping a level: PDF/UA wants both."""
    blocks = list(document["blocks"])
    if not any(block["kind"] == "cover" for block in blocks):
        cover = {"kind": "cover", "org": document["header"], "title": document["title"]}
        blocks.insert(0, {**cover, "subtitle": document["subtitle"], "meta": [], "chips": [], "lede": []})
    level, out = 1, []
    for block in blocks:
        if block["kind"] == "heading":
            level = max(2, min(block["level"], level + 1))
            block = {**block, "level": level}
        out.append(block)
    return out


def _block_for_template(block: Block) -> Block:
    if block["kind"] == "table":
        return _table_for_template(block)
    if block["kind"] == "figure":
        printed = {
            "svg": svg_with_font(block["svg"]),
            "svg_width": svg_width(block["svg"]) or 480,
            "alt_text": alt_text(block),
            "table": block.get("table") if block.get("table_in_pdf") else None,
            "beside": block.get("beside"),
        }
        for name, room in (("table", PAGE_CHARACTERS), ("beside", SIDE_CHARACTERS)):
            printed[name] = printed[name] and _table_for_template(printed[name], room)
        return {**{k: v for k, v in block.items() if k != "svg_narrow"}, **printed}
    if block["kind"] == "note":
        return {**block, "blocks": [_block_for_template(inner) for inner in block["blocks"]]}
    return block


def _table_for_template(table: Block, room: int = PAGE_CHARACTERS) -> Block:
    return {
        **table,
        "number": table.get("number"),
        "widths": column_widths(table, room),
        "rows": [
            {**row, "whole": lines <= LINES_OF_A_ROW}
            for row, lines in zip(table["rows"], printed_lines(table, room), strict=True)
        ],
        "long": is_long(table),
        # Two or three short columns do not spread over a page: no number stands far from its name.
        "slim": room == PAGE_CHARACTERS
        and len(table["columns"]) <= 3
        and all(c["align"] == "right" for c in table["columns"][1:]),
    }


@cache
def _fonts():
    """Our fonts, and those inside the Typst wheel for the rare letter that ours lack; never the system's."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FONTS)])


def _at(scale: str) -> bytes:
    """The document at one scale of its drawings."""
    return f'#import "/{TEMPLATE.name}": report\n#report({scale})\n'.encode()


def _query(label: str, inputs: dict[str, str], scale: str = SCALES[0]) -> list:
    """What the template says under a label."""
    import typst

    try:
        compiler = typst.Compiler(_at(scale), root=TEMPLATE.parent, font_paths=_fonts(), sys_inputs=inputs)
        return json.loads(compiler.query(label, field="value"))
    except RuntimeError as e:  # queries do not raise the finer TypstError
        raise _failed(e) from None


def _compile(source: bytes, inputs: dict[str, str], **options) -> bytes:
    """Run Typst. Its own messages may quote the text of a report: only their kind is passed on."""
    import typst

    try:
        return typst.compile(source, root=TEMPLATE.parent, font_paths=_fonts(), sys_inputs=inputs, **options)
    except RuntimeError as e:
        raise _failed(e) from None


def _failed(error: RuntimeError) -> BuildFailed:
    return BuildFailed("La mise en page (Typst) a échoué.", _advice(str(error)))


def _advice(message: str) -> str:
    """What can be done about a refusal of Typst, without quoting it."""
    if "could not be displayed" in message or "cannot be displayed" in message:
        return "Un caractère du texte n’existe dans aucune police livrée (émoji, symbole rare) : remplacez-le."
    if "SVG" in message or "svg" in message or "image" in message:
        return "Une figure n’est pas un dessin SVG lisible : signalez-le aux responsables de veille."
    return "Relancez avec --debug et signalez-le aux responsables de veille."
