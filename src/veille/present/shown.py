"""What a notebook cell displays: one bundle, HTML for the page and blocks for every other renderer."""

from __future__ import annotations

from ..render.document import MIME, Block
from ..render.html import blocks_html


class Shown:
    """Blocks of a page, displayed by Jupyter as HTML and as data."""

    def __init__(self, *blocks: Block) -> None:
        self.blocks = list(blocks)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        return {"text/html": blocks_html(self.blocks), MIME: {"blocks": self.blocks}}

    def __repr__(self) -> str:
        return f"<Shown: {', '.join(b['kind'] for b in self.blocks)}>"
