"""The registry of products: one entry each. A new report type is a notebook, a line here, and a test."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import UnknownName


@dataclass(frozen=True)
class Section:
    """A text that people write: its heading on the page, what is expected in it, and how many points (if counted)."""

    slug: str
    heading: str
    hint: str
    points: tuple[int, int] | None = None


@dataclass(frozen=True)
class Product:
    """One report type.

    `lead` is the number without which there is nothing to report; `sections` are the texts that people write;
    `artefacts` is what a build promises; `areas` limits where it is made (all areas of `params/places.yml` when empty).
    """

    name: str
    notebook: str
    title: str
    period_kind: str
    lead: str
    areas: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ("cluster", "public")
    languages: tuple[str, ...] = ("fr",)
    artefacts: tuple[str, ...] = ("html", "pdf", "xlsx", "docx")
    sections: tuple[Section, ...] = ()

    @property
    def headings(self) -> dict[str, str]:
        """slug -> heading."""
        return {s.slug: s.heading for s in self.sections}


PRODUCTS: dict[str, Product] = {
    product.name: product
    for product in (
        Product(
            name="bulletin",
            notebook="bulletin.ipynb",
            title="Bulletin de protection",
            period_kind="month",
            lead="protection_incidents",
            sections=(
                Section(
                    "highlights",
                    "Faits saillants",
                    "une liste de trois à cinq points, le plus important d’abord",
                    (3, 5),
                ),
                Section("context", "Contexte", "sécurité, accès, politique ; ce qui explique le mois"),
                Section(
                    "major_incidents",
                    "Incidents majeurs",
                    "deux à quatre types d’incidents ; cercle et semaine seulement",
                ),
                Section("response", "Réponse", "ce que les membres ont fait, ce qui manque"),
                Section("advocacy", "Plaidoyer", "ce qui a été porté, auprès de qui, avec quel résultat"),
            ),
        ),
    )
}


def product(name: str) -> Product:
    """One product. Raises UnknownName with the nearest name."""
    if name not in PRODUCTS:
        raise UnknownName("Produit", name, PRODUCTS)
    return PRODUCTS[name]
