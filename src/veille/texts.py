"""The texts that people write: one Markdown file per report, read through a small closed renderer.

Headings (`##` names a section), paragraphs, lists, emphasis and links; everything else is refused. A number is
written `{{key}}` and takes its value from the safe tables, or stands in the front matter with its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from .digits import stray
from .errors import BadData
from .products import Section
from .render.document import heading

if TYPE_CHECKING:
    from markdown_it.token import Token

PLACEHOLDER = "À rédiger"
_NUMBER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_ALLOWED = {
    "paragraph_open",
    "paragraph_close",
    "inline",
    "bullet_list_open",
    "bullet_list_close",
    "ordered_list_open",
    "ordered_list_close",
    "list_item_open",
    "list_item_close",
    "heading_open",
    "heading_close",
}
_IN_LIST = {"list_item_open", "list_item_close", "paragraph_open", "paragraph_close", "inline"}
_INLINE = {
    "text",
    "softbreak",
    "hardbreak",
    "em_open",
    "em_close",
    "strong_open",
    "strong_close",
    "link_open",
    "link_close",
    "text_special",
}
_NAMES = {
    "html_block": "du HTML",
    "html_inline": "du HTML",
    "image": "une image",
    "fence": "un bloc de code",
    "code_block": "un bloc de code",
    "code_inline": "du code",
    "blockquote_open": "une citation",
    "hr": "un filet",
    "table_open": "un tableau",
    "heading_open": "un titre",
}

CHECKLIST = {
    "no_village": "aucun village, site ou axe n’est nommé",
    "date_reduced_to_week": "la date est ramenée à la semaine",
    "no_identifying_detail": "aucun détail ne permet de reconnaître une personne ou une source",
}


@dataclass(frozen=True)
class Texts:
    """One parsed file. `sections` holds the blocks of each heading.

    Besides the document model's runs, they may hold `{"t": "key", "key": …, "line": …}`, a number of the safe tables, and
    `{"t": "quoted", "s": …, "source": …}`, a number quoted from elsewhere.
    """

    name: str
    front: dict
    sections: dict[str, list[dict]] = field(default_factory=dict)

    def keys(self) -> list[tuple[str, int]]:
        """The numbers asked for, each with the line of its paragraph."""
        return [
            (r["key"], r["line"])
            for blocks in self.sections.values()
            for b in blocks
            for r in _runs_of(b)
            if r["t"] == "key"
        ]


def _runs_of(block: dict) -> list[dict]:
    lines = [block["runs"]] if block["kind"] == "paragraph" else block["items"]
    out: list[dict] = []

    def walk(runs: list[dict]) -> None:
        for run in runs:
            out.append(run)
            walk(run.get("runs", []))

    for line in lines:
        walk(line)
    return out


def _spoken(runs: list[dict]) -> list[str]:
    """The literal words of runs; a registered or quoted number becomes a mark that joins with nothing."""
    out: list[str] = []
    for run in runs:
        out += _spoken(run["runs"]) if "runs" in run else [run["s"] if run["t"] == "text" else "\u241f"]
    return out


class _Parser:
    """Turns markdown-it's tokens into blocks of the document model, or refuses them with a line number."""

    def __init__(self, name: str, first_line: int, quoted: dict[str, str]) -> None:
        self.name, self.first_line, self.quoted = name, first_line, quoted
        phrases = sorted(quoted, key=len, reverse=True)
        self.marks = re.compile("|".join([*(rf"(?<!\w){re.escape(p)}(?!\w)" for p in phrases), _NUMBER.pattern]))

    def refuse(self, line: int, what: str, next_step: str) -> BadData:
        return BadData(f"{self.name}, ligne {line} : {what}.", next_step)

    def line(self, token: Token) -> int:
        return self.first_line + (token.map[0] if token.map else 0) + 1

    def text(self, value: str, line: int) -> list[dict]:
        runs: list[dict] = []
        at = 0
        for found in self.marks.finditer(value):
            runs += self.literal(value[at : found.start()], line)
            if found[0] in self.quoted:
                runs.append({"t": "quoted", "s": found[0], "source": self.quoted[found[0]]})
            else:
                runs.append({"t": "key", "key": found[1], "line": line})
            at = found.end()
        return runs + self.literal(value[at:], line)

    def by_hand(self, line: int) -> BadData:
        return self.refuse(
            line,
            "un nombre est écrit à la main",
            "Écrivez {{clé}} (voir numbers.csv du dernier brouillon), ou citez-le mot pour mot avec sa source dans l’en-tête (numbers).",
        )

    def literal(self, value: str, line: int) -> list[dict]:
        if stray(value):
            raise self.by_hand(line)
        return [{"t": "text", "s": value}] if value else []

    def inline(self, token: Token) -> list[dict]:
        line = self.line(token)
        stack: list[list[dict]] = [[]]
        opened: list[dict] = []
        for child in token.children or []:
            if child.type not in _INLINE:
                raise self.refuse(
                    line,
                    f"élément refusé : {_NAMES.get(child.type, 'mise en forme inconnue')}",
                    "Gardez titres, listes, emphase et liens.",
                )
            if child.type in ("text", "text_special"):
                stack[-1] += self.text(child.content, line)
            elif child.type in ("softbreak", "hardbreak"):
                stack[-1].append({"t": "text", "s": " "})
            elif child.type.endswith("_open"):
                run: dict = {
                    "t": {"em_open": "em", "strong_open": "strong", "link_open": "link"}[child.type],
                    "runs": [],
                }
                if run["t"] == "link":
                    run["href"] = str(child.attrGet("href"))
                    if not re.match(r"(https?://|mailto:)", run["href"]):
                        raise self.refuse(
                            line, "ce lien ne mène pas à une adresse http ou mailto", "Corrigez l’adresse."
                        )
                opened.append(run)
                stack.append(run["runs"])
            else:
                stack.pop()
                stack[-1].append(opened.pop())
        # Two harmless pieces may make a number side by side: the line is read as a whole too.
        whole = "".join(_spoken(stack[0]))
        if stray(whole):
            raise self.by_hand(line)
        return stack[0]

    def blocks(self, source: str, levels: tuple[str, ...]) -> list[tuple[dict, int]]:
        """The blocks of a source, each with its line; headings of the given levels are blocks too."""
        from markdown_it import MarkdownIt

        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)
        out: list[tuple[dict, int]] = []
        at = 0
        while at < len(tokens):
            token = tokens[at]
            line = self.line(token)
            if token.type not in _ALLOWED:
                raise self.refuse(
                    line,
                    f"élément refusé : {_NAMES.get(token.type, 'mise en forme inconnue')}",
                    "Gardez titres, listes, emphase et liens.",
                )
            if token.type == "heading_open":
                if token.tag not in levels:
                    raise self.refuse(
                        line,
                        "ce niveau de titre n’est pas admis",
                        f"Niveaux admis : {', '.join('#' * int(t[1]) for t in levels)}.",
                    )
                out.append((heading(tokens[at + 1].content.strip(), int(token.tag[1])), line))
                at += 3
            elif token.type == "paragraph_open":
                out.append(({"kind": "paragraph", "runs": self.inline(tokens[at + 1])}, line))
                at += 3
            else:
                end = next(
                    i
                    for i in range(at, len(tokens))
                    if tokens[i].type == token.type.replace("open", "close") and tokens[i].level == token.level
                )
                inner = tokens[at + 1 : end]
                if any(t.type.endswith("list_open") for t in inner):
                    raise self.refuse(line, "une liste dans une liste", "Gardez un seul niveau.")
                strange = [t for t in inner if t.type not in _IN_LIST]
                if strange:
                    what = _NAMES.get(strange[0].type, "mise en forme inconnue")
                    raise self.refuse(self.line(strange[0]), f"élément refusé : {what}", "Gardez une liste simple.")
                items = [self.inline(t) for t in inner if t.type == "inline"]
                out.append(({"kind": "list", "ordered": token.type == "ordered_list_open", "items": items}, line))
                at = end + 1
        return out


def markdown(source: str, name: str) -> list[dict]:
    """The prose of a notebook's Markdown cell as blocks. Raises BadData for numbers, HTML and other refused elements."""
    parser = _Parser(name, 0, {})
    blocks = [block for block, _ in parser.blocks(source, ("h2", "h3"))]
    for block in blocks:
        if block["kind"] == "heading" and stray(block["text"]):
            raise BadData(
                f"{name} : un nombre est écrit dans un titre.", "Les nombres viennent des tables, jamais du Markdown."
            )
    return blocks


def line(source: str, name: str, number: int, quoted: dict[str, str]) -> list[dict]:
    """One paragraph as runs, numbers as keys or quoted with their source. Raises BadData with the line."""
    parser = _Parser(name, number - 1, quoted)
    out: list[dict] = []
    for block, at in parser.blocks(source, ()):
        if block["kind"] != "paragraph":
            raise parser.refuse(at, "un paragraphe est attendu", "Écrivez des phrases, sans titre ni liste.")
        out += ([{"t": "text", "s": " "}] if out else []) + block["runs"]
    return out


def is_unwritten(blocks: list[dict]) -> bool:
    """Whether a section is empty or still holds the form's placeholder."""
    return not any(_is_written(block) for block in blocks)


def _is_written(block: dict) -> bool:
    words = " ".join(r.get("s", "x") for r in _runs_of(block)).strip()
    return bool(words) and words.rstrip(". ") != PLACEHOLDER


def parse(content: str, name: str, sections: dict[str, str]) -> Texts:
    """One text file. `sections` maps the slugs that the product knows to their headings.

    Raises BadData, with the line, for raw HTML and other refused elements, a number written by hand, an unknown
    section, or major incidents without the three confirmations.
    """
    found = re.match(r"---\n(.*?)\n---\n", content, re.S)
    if not found:
        raise BadData(
            f"{name} : l’en-tête (entre deux lignes ---) manque.", "Repartez du formulaire : veille texts new."
        )
    try:
        front = yaml.safe_load(found[1]) or {}
        quoted = {str(n["text"] or ""): str(n["source"] or "") for n in front.get("numbers") or []}
        checklist = dict(front.get("checklist") or {})
        if "" in quoted or "" in quoted.values():
            raise ValueError
    except (yaml.YAMLError, TypeError, KeyError, ValueError, AttributeError):
        raise BadData(
            f"{name} : en-tête illisible.", "Chaque nombre cité s’écrit avec son texte (text) et sa source (source)."
        ) from None
    parser = _Parser(name, content[: found.end()].count("\n"), quoted)
    by_heading = {heading: slug for slug, heading in sections.items()}
    out: dict[str, list[dict]] = {}
    slug = ""
    for block, line in parser.blocks(content[found.end() :], ("h2",)):
        if block["kind"] == "heading":
            if block["text"] not in by_heading:
                raise parser.refuse(line, "rubrique inconnue", f"Rubriques : {', '.join(sections.values())}.")
            slug = by_heading[block["text"]]
            out.setdefault(slug, [])
        elif not slug:
            raise parser.refuse(
                line, "du texte précède la première rubrique", "Commencez par un titre « ## » du formulaire."
            )
        elif _is_written(block):
            out[slug].append(block)
    if not is_unwritten(out.get("major_incidents", [])):
        unconfirmed = [meaning for item, meaning in CHECKLIST.items() if checklist.get(item) is not True]
        if unconfirmed:
            raise BadData(
                f"{name} : la liste de contrôle des incidents majeurs n’est pas confirmée ({'; '.join(unconfirmed)}).",
                "Relisez le texte, puis mettez ces points à true dans l’en-tête.",
            )
    return Texts(name, front, out)


def load(path: Path, sections: dict[str, str], name: str = "") -> Texts | None:
    """The parsed file, or None when nobody has begun it. `name` is what errors call it."""
    if not path.is_file():
        return None
    try:
        content = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise BadData(f"{path.name} : le texte n’est pas en UTF-8.", "Enregistrez-le en UTF-8.") from None
    return parse(content, name or "/".join(path.parts[-3:]), sections)


def form(product: str, place: str, period: str, nature: str, sections: Iterable[Section]) -> str:
    """The form to write in: front matter, then one heading per section with what is expected as a comment."""
    lines = [
        "---",
        f"product: {product}",
        f"place: {place}",
        f'period: "{period}"',
        f"nature: {nature}          # real ou example : ne se mêlent jamais",
        'written_by: ""          # une fonction (chargé de l’IM, Gao), jamais un nom',
        "# Un nombre s’écrit {{clé}} : il prend sa valeur des tables. Les clés sont dans numbers.csv du dernier brouillon.",
        "# Un nombre d’une autre source se cite ici mot pour mot :",
        '#   - {text: "deux mots et le nombre", source: "Rapport, date"}',
        "numbers: []",
        "# Incidents majeurs : confirmez chaque point (true) avant de les écrire.",
        "checklist:",
        *(f"  {item}: false          # {meaning}" for item, meaning in CHECKLIST.items()),
        "# Ce qui est attendu :",
        *(f"#   {s.heading} : {s.hint}" for s in sections),
        "---",
    ]
    for section in sections:
        lines += ["", f"## {section.heading}", "", f"{PLACEHOLDER}."]
    return "\n".join(lines) + "\n"
