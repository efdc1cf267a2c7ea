"""The registry of products: one entry each. A new report type is a notebook, a line here, and a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .errors import UnknownName

# A condition of use of GBV figures (sharing protocol; domain 1.5). No digit in it.
GBV_CAVEAT = (
    "Ces données proviennent uniquement des cas de VBG déclarés aux prestataires de services utilisant le GBVIMS, avec le consentement éclairé des "
    "survivant(e)s. Elles ne reflètent ni l’incidence totale ni la prévalence des VBG au Mali et ne doivent pas servir à un suivi de cas. Toute utilisation "
    "ou citation requiert l’accord préalable du sous-cluster VBG et doit reprendre cette mention."
)


@dataclass(frozen=True)
class Section:
    """A text that people write: its heading on the page, what is expected in it, and how many points (if counted)."""

    slug: str
    heading: str
    hint: str
    points: tuple[int, int] | None = None
    period_kinds: tuple[str, ...] = ()  # the editions that have it: all when empty


@dataclass(frozen=True)
class Product:
    """One report type.

    `lead` is the number without which there is nothing to report; `sections` are the texts that people write;
    `artefacts` is what a build promises; `areas` limits where it is made (all areas of `params/places.yml` when empty).
    `period_kinds`: `month`, `quarter`, `year`; `areas_by_kind` limits where the editions of one kind are made.
    `caveat` goes with every printed page and every sheet. `needs_consent`: refused unless every organisation that gave data agreed that this audience reads it.
    `frames`: for a report about a frame, which one each kind of period speaks of.
    """

    name: str
    notebook: str
    title: str
    period_kinds: tuple[str, ...]
    lead: str
    areas: tuple[str, ...] = ()
    areas_by_kind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    audiences: tuple[str, ...] = ("cluster", "public")
    languages: tuple[str, ...] = ("fr",)
    artefacts: tuple[str, ...] = ("html", "pdf", "xlsx", "docx")
    sections: tuple[Section, ...] = ()
    needs_consent: bool = False
    caveat: str = ""
    frames: Mapping[str, str] = field(default_factory=dict)

    def sections_of(self, kind: str) -> tuple[Section, ...]:
        """The texts that people write for the editions of one kind of period."""
        return tuple(s for s in self.sections if not s.period_kinds or kind in s.period_kinds)

    def headings(self, kind: str) -> dict[str, str]:
        """slug -> heading, for the editions of one kind of period."""
        return {s.slug: s.heading for s in self.sections_of(kind)}

    def kinds_for(self, area: str) -> tuple[str, ...]:
        """The kinds of period that it is made for in one area."""
        return tuple(k for k in self.period_kinds if area in self.areas_by_kind.get(k, (area,)))


PRODUCTS: dict[str, Product] = {
    product.name: product
    for product in (
        Product(
            name="bulletin",
            notebook="bulletin.ipynb",
            title="Bulletin de protection",
            period_kinds=("month",),
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
        Product(
            name="gbvims",
            notebook="gbvims.ipynb",
            title="Synthèse GBVIMS",
            period_kinds=("month", "quarter", "year"),
            areas_by_kind={"month": ("mali",)},
            lead="gbv_incidents_reported",
            needs_consent=True,
            caveat=GBV_CAVEAT,
            sections=(
                Section(
                    "highlights", "À retenir", "une liste de deux à quatre points, le plus important d’abord", (2, 4)
                ),
                Section(
                    "recommendations",
                    "Recommandations",
                    "à qui, pour quand ; ce que les chiffres permettent de demander",
                    period_kinds=("quarter", "year"),
                ),
            ),
        ),
        Product(
            name="followup",
            notebook="followup.ipynb",
            title="Suivi de la stratégie",
            period_kinds=("month", "quarter"),
            lead="strategy_indicators",
            areas=("mali",),
            frames={"month": "strategy_2017", "quarter": "hct_2020"},
            sections=(
                Section("blockages", "Ce qui bloque", "obstacles rencontrés, et par qui ils peuvent être levés"),
                Section("proposals", "Propositions", "ce qui est proposé au GCS : décision, responsable, échéance"),
            ),
        ),
        Product(
            name="evaluation",
            notebook="evaluation.ipynb",
            title="Évaluation de la stratégie",
            period_kinds=("year",),
            lead="strategy_indicators",
            areas=("mali",),
            frames={"year": "strategy_2017"},
            needs_consent=True,
            sections=(
                Section("summary", "Résumé", "une page et demie : résultats, réussites, obstacles, échecs, suites"),
                Section(
                    "possible",
                    "Ce que la communauté humanitaire peut faire",
                    "une lecture réaliste de ses possibilités et de celles des services de l’État",
                ),
                Section(
                    "next_strategy",
                    "Pour la prochaine stratégie",
                    "ce qui est à amender, et la transition vers le développement et les autorités",
                ),
            ),
        ),
    )
}


def product(name: str) -> Product:
    """One product. Raises UnknownName with the nearest name."""
    if name not in PRODUCTS:
        raise UnknownName("Produit", name, PRODUCTS)
    return PRODUCTS[name]
