"""Random reports for leaks planted in files: invented numbers, every kind of block, all files rendered once."""

from __future__ import annotations

import random
from functools import cached_property
from pathlib import Path

import documents
import nbformat

from veille.build import artefacts, numbers
from veille.codes import code_list, label
from veille.disclosure.safe import SafeNumber, SafeTables, clear
from veille.render import document as d
from veille.render import docx, html, pdf, xlsx

STEM = "bulletin"
PLACES = {"gao": "Gao", "mopti": "Mopti", "tombouctou": "Tombouctou", "segou": "Ségou", "mali": "Mali"}
MONTHS = {"2016-11": "novembre 2016", "2017-02": "février 2017", "2017-06": "juin 2017", "2018-03": "mars 2018"}
SENTENCES = (
    "Les relevés couvrent toute la zone.",
    "La saison des pluies limite l’accès aux marchés.",
    "Trois communes n’ont pas été couvertes.",
    "La tendance sur douze mois est à lire avec prudence.",
    "Un incident vérifié l’a été par deux sources indépendantes.",
)


def run_of(number: SafeNumber) -> d.Run:
    """A registered number in a line, as the presentations write it."""
    return {"t": "num", "key": number.address, "value": number.value, "display": number.display(), "status": number.status}  # fmt: skip


class Report:
    """One random report: its safe numbers, blocks, document, and its four files in `folder`."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.rng = random.Random(seed)
        self.folder = folder
        self.place, self.period = self.rng.choice(list(PLACES)), self.rng.choice(list(MONTHS))
        self.codes = self.rng.sample(list(code_list("incident_category")), k=5)
        self.rows = {code: [self._number(code, i) for i in range(3)] for code in self.codes}
        # Something is hidden and something was not received, whatever the draw.
        self.rows[self.codes[0]][1] = self._number(self.codes[0], 1, "not_published")
        self.rows[self.codes[1]][2] = self._number(self.codes[1], 2, "not_received")
        self.safe = SafeTables([n for row in self.rows.values() for n in row], {"sources": []}, {})
        self.blocks = self._blocks()
        self.document = self.document_of(self.blocks)
        self.found = numbers.register(self.blocks, self.safe, "fr")

    def _number(self, code: str, column: int, status: str = "") -> SafeNumber:
        key = f"{('protection_incidents', 'victims_people', 'protection_incidents_share')[column]}.category={code}"
        status = status or self.rng.choices(["verified", "mixed", "not_published"], weights=(5, 3, 2))[0]
        value = str(self.rng.choice((self.rng.randint(5, 99), self.rng.randint(100, 9999)))) if column < 2 else str(self.rng.randint(0, 100))  # fmt: skip
        unit = ("incidents", "people", "percent")[column]
        fields = {"table": "t", "query": "q", "caveat": "", "unit": unit, "status": status}
        return clear(key=key, place=self.place, period=self.period, value=value if status in ("verified", "mixed") else "", **fields)  # fmt: skip

    @property
    def numbers(self) -> list[SafeNumber]:
        return [n for row in self.rows.values() for n in row]

    def some(self, *, shown: bool) -> SafeNumber:
        """One of the numbers, shown or hidden."""
        return self.rng.choice([n for n in self.numbers if n.is_shown == shown and n.status != "not_received"])

    @property
    def hidden(self) -> int:
        """How many cells are hidden: what no file may say."""
        return sum(n.status == "not_published" for n in self.numbers)

    # ---- the blocks ------------------------------------------------------------------------------------------

    def svg(self, width: int) -> str:
        """Bars from safe numbers, with a scale."""
        bars = "".join(
            f'<text x="200" y="{20 + i * 24}" text-anchor="end">{label("incident_category", code)}</text>'
            f'<text x="216" y="{20 + i * 24}" data-key="{row[0].address}">{row[0].display()}</text>'
            for i, (code, row) in enumerate(self.rows.items())
        )
        ticks = "".join(f'<text x="{i * 40}" y="150" data-tick="">{i * 50}</text>' for i in range(4))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="160pt" viewBox="0 0 475 160">'
            f'<rect x="3" y="4" width="80" height="12" fill="#0b5cab"/><g style="font-family: inherit; font-size: 11px">{bars}{ticks}</g></svg>'
        )

    def _table(self, name: str, title: str, number: int | None) -> d.Block:
        columns = [documents.column("Catégorie", "left", "#crisis+type"), *(documents.column(c) for c in ("Incidents", "Victimes", "Part"))]  # fmt: skip
        rows = [documents.row(PLACES[self.place], kind="group")]
        rows += [documents.row(label("incident_category", code), *map(run_of, row)) for code, row in self.rows.items()]
        return documents.table(number, name, title, columns, rows, notes=("n.d. : aucune donnée reçue ; n.p. : non publié, pour protéger les personnes.",))  # fmt: skip

    def _blocks(self) -> list[d.Block]:
        def say() -> str:
            return self.rng.choice(SENTENCES)

        first = self.rows[self.codes[2]]
        cover = {
            "kind": "cover", "org": "Cluster Protection Mali", "title": "Bulletin de protection",
            "subtitle": f"{PLACES[self.place]}, {MONTHS[self.period]}", "chips": ["Brouillon", "Exemple"],
            "meta": [d.runs("Diffusion restreinte · n° 6 / 2017")], "lede": d.runs(d.strong(run_of(first[0]), " incidents"), " rapportés."),
        }  # fmt: skip
        keys = {"kind": "keyfigures", "items": [{"number": d.runs(run_of(n)), "label": d.runs("dont la vie"), "note": d.runs(say()), "warn": False} for n in first]}  # fmt: skip
        figure = documents.figure(1, "categories", "Incidents par catégorie", MONTHS[self.period], self.svg(475), "Barres par catégorie.", table=self._table("donnees", "Données", None), notes=("Incidents rapportés.",))  # fmt: skip
        figure["svg_narrow"] = self.svg(260)
        parts = [
            [d.heading("Faits saillants"), d.paragraph(say(), " Soit ", run_of(first[1]), " victimes."), d.bullet_list([d.runs(say()), d.runs(say())])],
            [d.heading("Typologie"), figure],
            [d.heading("Tableaux"), self._table("incidents", "Incidents par catégorie", 1)],
            [d.heading("Méthode"), d.note("Comment lire", d.paragraph(say()))],
        ]  # fmt: skip
        self.rng.shuffle(parts)
        return [cover, keys, d.contents(), *(block for part in parts for block in part)]

    def document_of(self, blocks: list[d.Block]) -> dict:
        title, name = "Bulletin de protection", PLACES[self.place]
        whole = documents.document(d.with_contents(blocks))
        more = {"subtitle": f"{name}, {MONTHS[self.period]}", "footer": f"{title} · {name} · {MONTHS[self.period]}", "cite": f"Pour citer : {title}, {name}. Brouillon, version 3fa90c12de45.", "caveat": "", "nature": "example"}  # fmt: skip
        return {**whole, **more}

    # ---- the files -------------------------------------------------------------------------------------------

    def page_of(self, blocks: list[d.Block], document: dict) -> str:
        """The page that a notebook with one cell per block gives."""
        cells = [
            nbformat.v4.new_code_cell(
                "", outputs=[nbformat.v4.new_output("display_data", data={"text/html": html.block_html(b)})]
            )
            for b in d.with_contents(blocks)
        ]
        return html.render(document, nbformat.v4.new_notebook(cells=cells))

    @cached_property
    def page(self) -> str:
        return self.page_of(self.blocks, self.document)

    @cached_property
    def paged(self) -> dict:
        """The document with its table of contents filled in."""
        return pdf.with_pages(self.document)

    def file(self, kind: str) -> Path:
        """A rendered file, made when it is first asked for."""
        path = self.folder / f"{STEM}.{kind}"
        if not path.is_file():
            {"pdf": pdf, "xlsx": xlsx, "docx": docx}[kind].render(self.paged, path)
        return path

    # ---- the checks of a build -----------------------------------------------------------------------------------

    def check_page(self, page: str) -> None:
        numbers.check_html(page, self.found, self.blocks, self.safe, "fr")

    def check_file(self, path: Path, document: dict | None = None) -> None:
        """Read one file back, alone in its name, against the report's document or another."""
        assert len(artefacts.check(path.parent, path.stem, document or self.paged, self.found, self.safe)) == 1

    def check_blocks(self, blocks: list[d.Block], **changed: object) -> None:
        """What a build does with the blocks of a notebook, in its order."""
        found = numbers.register(blocks, self.safe, "fr")
        document = {**self.document_of(blocks), **changed}
        artefacts.check_model(document, found, self.safe)
        numbers.check_html(self.page_of(blocks, document), found, blocks, self.safe, "fr")

    def check_all(self, blocks: list[d.Block], folder: Path) -> None:
        """A whole build, files too: for clean twins."""
        found = numbers.register(blocks, self.safe, "fr")
        document = pdf.with_pages(self.document_of(blocks))
        numbers.check_html(self.page_of(blocks, document), found, blocks, self.safe, "fr")
        for kind, renderer in (("pdf", pdf), ("xlsx", xlsx), ("docx", docx)):
            renderer.render(document, folder / f"{STEM}.{kind}")
        assert len(artefacts.check(folder, STEM, document, found, self.safe)) == 3
