"""Where things are: the only module that knows folder names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import BadParameter

PACKAGE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Project:
    """The folders of one installation, below the folder that holds `params/` and `notebooks/`."""

    root: Path

    @property
    def notebooks(self) -> Path:
        """One notebook per product."""
        return self.root / "notebooks"

    @property
    def params(self) -> Path:
        """What people decide and write."""
        return self.root / "params"

    @property
    def texts(self) -> Path:
        """The texts that people write, `<product>/<place>/<period>.md`."""
        return self.params / "texts"

    @property
    def reports(self) -> Path:
        """Finished reports only; never a draft."""
        return self.root / "reports"

    @property
    def work(self) -> Path:
        """Drafts of reports, and locks, on the same file system as `reports`; git-ignored. Never a row."""
        return self.root / ".veille"

    def raw(self, nature: str) -> Path:
        """Files as received, of one nature: `real` or `example`."""
        return self.root / "data" / ("raw" if nature == "real" else "example")

    def tables(self, nature: str, version: str) -> Path:
        """Canonical rows of one data version: restricted, git-ignored."""
        return self.root / "data" / "processed" / "tables" / nature / version

    def part(self, nature: str, stream: str) -> Path:
        """Canonical rows that each snapshot of a series gives: restricted, git-ignored."""
        return self.root / "data" / "processed" / "parts" / nature / stream

    @property
    def spill(self) -> Path:
        """Where counting spills what does not fit in memory: inside, git-ignored, removed at the end."""
        return self.root / "data" / "processed" / "spill"

    @property
    def digests(self) -> Path:
        """The sha256 of large files, as they were last read: inside, because it names files received."""
        return self.root / "data" / "processed" / "digests.json"

    @property
    def intake(self) -> Path:
        """Where a file received is drawn up before it is stored: inside, because a command that is killed leaves it."""
        return self.root / "data" / "processed" / "intake"

    def quality(self, stream: str, received: str) -> Path:
        """The data-quality report of one snapshot: for the inside."""
        return self.reports / "qualite" / stream / received / "qualite.html"

    def bundles(self, nature: str) -> Path:
        """What is handed to evaluators: one zip per report, beside the reports of the same nature."""
        return (self.reports / "exemple" if nature == "example" else self.reports) / "dossiers"

    def protection(self, nature: str, version: str, audience: str) -> Path:
        """Why each number of a candidate is hidden: for the inside, git-ignored."""
        return self.root / "data" / "processed" / "protection" / nature / version / f"{audience}.json"

    def cubes(self, nature: str, version: str) -> Path:
        """All counts of one data version, nothing withheld: restricted, git-ignored."""
        return self.root / "data" / "processed" / "protection" / nature / version / "counts.parquet"

    def releases(self, audience: str) -> Path:
        """The ledger of one audience, and the safe tables that it froze. Only those of `public` may enter git."""
        return self.root / "data" / "processed" / "releases" / audience

    def candidate(self, nature: str, version: str, audience: str) -> Path:
        """Safe tables of one data version and audience, before their release."""
        return self.root / "data" / "processed" / "candidate" / nature / version / audience


@cache
def find(start: str | None = None) -> Project:
    """The project around the current folder, or the one `VEILLE_ROOT` names.

    Raises BadParameter when no folder above holds both `params/places.yml` and `notebooks/`.
    """
    given = os.environ.get("VEILLE_ROOT")
    here = Path(start or given or os.getcwd()).resolve()
    candidates = [here] if given else [here, *here.parents, PACKAGE.parents[1]]
    for folder in candidates:
        if (folder / "params" / "places.yml").is_file() and (folder / "notebooks").is_dir():
            return Project(folder)
    raise BadParameter(
        "Aucun projet veille dans ce dossier ni au-dessus.",
        "Placez-vous dans le dossier du projet (celui qui contient params/ et notebooks/), "
        "ou indiquez-le par VEILLE_ROOT.",
    )
