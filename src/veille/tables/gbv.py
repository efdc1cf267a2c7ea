"""GBV as its organisations send it: monthly tables that identify nobody, one number per row.

Counting rules are those of domain.md, section 1. An answer is compared by its letters and digits only, in French or in
English, with the words of the lists in `codes/`; one that is none of them refuses its row, and is never quoted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

from ..codes import code_list, label
from ..errors import BadData, BuildFailed
from ..places import fold
from ..schemas.definitions import table
from ..sources.reading import Fault
from ..sources.registry import Received
from ..sources.snapshots import Snapshot
from . import harmonise
from .built import Built

if TYPE_CHECKING:
    import duckdb

TOTAL, INCOMPLETE, NEEDED = "total", "incomplete", "needed"
NOT_GBV = "non_gbv"
SEXUAL = ("rape", "sexual_assault")
MINORS = ("age_0_11", "age_12_17")
COUNTRY = frozenset({"mali", "ensemble du pays", "national", "pays entier"})


# --- what is written, and what it means -----------------------------------------------------------------------------


def plain(text: str) -> str:
    """A label as it is compared: `Married/Cohabitating` and `married / cohabitating` are one, `Viol` and `viol` too."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(c for c in bare if not unicodedata.combining(c))))


@cache
def meanings(name: str) -> dict[str, str]:
    """What an answer may say -> our code, for one list: codes, labels in both languages, words of the recorder."""
    found: dict[str, str] = {}
    for code, entry in code_list(name).items():
        for words in (code, entry["form"], entry["fr"], entry["en"], *entry.get("recorder", ())):
            if found.setdefault(plain(words), code) != code:
                raise BuildFailed(f"codes/{name}.yml : un libellé a deux codes, dont {code}.", "Corrigez la liste.")
    return found


@cache
def categories(statistic: str) -> dict[str, str]:
    """What « Modalité » may say -> our code, for one statistic: its list, its total, a missing answer.

    Referrals have a sector and an outcome: « Santé : indisponible » -> `health.unavailable`.
    """
    entry, common = code_list("gbv_statistic")[statistic], meanings("gbv_category")
    found = {words: code for words, code in common.items() if code == TOTAL}
    if "breakdown" not in entry:
        return found
    unanswered = {words: code for words, code in common.items() if code == INCOMPLETE}
    listed = meanings(entry["breakdown"])
    if "by" not in entry:
        return found | unanswered | listed | (meanings(entry["beside"]) if "beside" in entry else {})
    outcomes = listed | unanswered | {words: code for words, code in common.items() if code == NEEDED}
    return found | {
        f"{sector} {outcome}": f"{to}.{code}"
        for sector, to in meanings(entry["by"]).items()
        for outcome, code in outcomes.items()
    }


def lines() -> list[tuple[str, str]]:
    """Every line of a month's table as people read it, (statistique, modalité), in the order of the lists."""
    out = []
    for entry in code_list("gbv_statistic").values():
        names = [label("gbv_category", TOTAL)]
        if "breakdown" in entry:
            parts = [e["fr"] for e in code_list(entry["breakdown"]).values()] + [label("gbv_category", INCOMPLETE)]
            if "by" in entry:
                parts.append(label("gbv_category", NEEDED))
                parts = [f"{e['fr']} : {part}" for e in code_list(entry["by"]).values() for part in parts]
            beside = [e["fr"] for e in code_list(entry["beside"]).values()] if "beside" in entry else []
            names += parts + beside
        out += [(entry["fr"], name) for name in names]
    return out


# --- refusing rows --------------------------------------------------------------------------------------------------


def column_of(df: pd.DataFrame, values: Iterable[object]) -> pd.Series:
    """Values beside the rows of a frame, as they are: pandas would turn None into something else."""
    return pd.Series(list(values), index=df.index, dtype=object)


def meant(df: pd.DataFrame, column: str, read: Callable[[str], object]) -> pd.Series:
    """What the texts of a column mean, None for a blank; each different text is read once."""
    found = {text: read(text) for text in set(df[column]) - {None}}
    return column_of(df, map(found.get, df[column]))


def refuse(
    df: pd.DataFrame, faults: list[Fault], broken: pd.Series, rule: str, column: str = "", expected: str = ""
) -> pd.DataFrame:
    """The rows that do not break a rule; those that do are noted in `faults`."""
    broken = broken.astype(bool)
    rows = df.loc[broken, "row"].tolist()
    if rows:
        faults.append(Fault(rule, column, expected, len(rows), tuple(rows)))
    return df[~broken]


def once(df: pd.DataFrame, key: list[str], faults: list[Fault], rule: str) -> tuple[pd.DataFrame, int]:
    """Rows that stand once: exact repetitions are left out and counted, those that contradict each other refused."""
    content = [c for c in df.columns if c != "row"]
    different = df.drop_duplicates(content)
    alone = refuse(different, faults, different.duplicated(key, keep=False), rule)
    return alone, len(df) - len(different)


def organisation_of(df: pd.DataFrame, snapshot: Snapshot) -> str:
    """The organisation that a snapshot comes from, as its series is named. Raises BadData when it names several."""
    named = {re.sub(r"[^a-z0-9]+", "_", fold(name)).strip("_") for name in set(df["organisation"])}
    if len(named) > 1 or (snapshot.partner and named - {snapshot.partner}):
        raise BadData(
            f"{snapshot.label} : les fichiers nomment une autre organisation, ou plusieurs.",
            "Un fichier par organisation est attendu.",
        )
    return named.pop() if named else snapshot.partner


# --- monthly tables -------------------------------------------------------------------------------------------------

Cell = tuple[str, str]  # statistic, category


def _cell(written: str) -> Cell:
    """`incidents_by_type.rape` as a cell."""
    statistic, _, category = written.partition(".")
    return statistic, category


@dataclass(frozen=True)
class Rule:
    """Numbers that must agree wherever they are given: the sum of `parts` is `whole`, or (`at_most`) no more than it.

    Where a part is not available, the sum of the others is still no more than the whole. `unanswered` counts where it
    is given, and may be left out.
    """

    said: str
    parts: tuple[Cell, ...]
    whole: Cell
    at_most: bool = False
    unanswered: Cell | None = None

    def is_broken(self, numbers: dict[Cell, int]) -> bool:
        """Whether these numbers contradict each other."""
        if self.whole not in numbers or not any(part in numbers for part in self.parts):
            return False
        given = [numbers[part] for part in self.parts if part in numbers]
        total = sum(given) + (numbers.get(self.unanswered, 0) if self.unanswered else 0)
        is_exact = not self.at_most and len(given) == len(self.parts)
        return total != numbers[self.whole] if is_exact else total > numbers[self.whole]

    def cells(self) -> tuple[Cell, ...]:
        """Every cell that it looks at."""
        return (*self.parts, self.whole, *((self.unanswered,) if self.unanswered else ()))


def _partitions() -> Iterator[Rule]:
    """The categories of a statistic that asks one question are its total: one incident, one survivor, one answer."""
    for statistic, entry in code_list("gbv_statistic").items():
        if "adds_to" not in entry:
            continue
        parts = tuple((statistic, code) for code in code_list(entry["breakdown"]) if code != NOT_GBV)
        said = f"la somme de « {entry['fr']} » n’est pas le total"
        own, whole = (statistic, TOTAL), _cell(entry["adds_to"])
        yield Rule(said, parts, whole, unanswered=(statistic, INCOMPLETE))
        yield Rule(said, parts, own, unanswered=(statistic, INCOMPLETE))
        yield Rule(said, (own,), whole)


def _fixed() -> Iterator[Rule]:
    """Sums and limits between statistics. Contexts overlap: each has its limit, and they are never summed."""
    violence, age = ("sexual_violence", TOTAL), "survivors_by_age"
    types = tuple(("incidents_by_type", code) for code in SEXUAL)
    yield Rule("la violence sexuelle n’est pas la somme des viols et des agressions sexuelles", types, violence)
    yield Rule(
        "les enfants ne sont pas la somme de leurs deux groupes d’âge",
        tuple((age, band) for band in MINORS),
        (age, "age_0_17"),
    )
    for sector in code_list("service"):
        outcomes = ("referred", "provided", "declined", "unavailable")
        yield Rule(
            f"le besoin de « {label('service', sector)} » n’est pas référés + fournis + déclinés + indisponibles",
            tuple(("new_referrals", f"{sector}.{outcome}") for outcome in outcomes),
            ("new_referrals", f"{sector}.{NEEDED}"),
        )
    for context in ("child_sexual_abuse", "possible_sexual_exploitation", "possible_sexual_slavery"):
        cell = ("incidents_by_context", context)
        said = f"« {label('gbv_context', context)} » dépasse la violence sexuelle"
        yield Rule(said, (cell,), violence, at_most=True)
    yield Rule(
        "les mariages précoces dépassent les mariages forcés",
        (("incidents_by_context", "early_marriage"),),
        ("incidents_by_type", "forced_marriage"),
        at_most=True,
    )
    for band in code_list("delay"):
        yield Rule(
            "les viols vus par un service de santé dépassent les viols du même délai",
            (("rapes_with_health_by_delay", band),),
            ("rapes_by_delay", band),
            at_most=True,
        )


@cache
def rules() -> tuple[Rule, ...]:
    """Everything that must agree within one month and region, beside that no number exceeds the incidents."""
    return (*_partitions(), *_fixed())


def _contradictions(df: pd.DataFrame) -> dict[str, set[int]]:
    """What is said -> the rows that do not agree, over all months and regions of numbers that are given."""
    found: dict[str, set[int]] = {}
    for _, group in df.groupby(["month", "region_pcode"], sort=True):
        cells = list(zip(group["statistic"], group["category"], strict=True))
        numbers = dict(zip(cells, map(int, group["people"]), strict=True))
        rows = dict(zip(cells, group["row"], strict=True))
        for rule in rules():
            if rule.is_broken(numbers):
                found.setdefault(rule.said, set()).update(rows[c] for c in rule.cells() if c in rows)
        incidents = ("new_incidents", TOTAL)
        over = [c for c, n in numbers.items() if n > numbers.get(incidents, n) and c[1] != NOT_GBV]
        if over:
            said = "un nombre dépasse celui des nouveaux incidents"
            found.setdefault(said, set()).update(rows[c] for c in (*over, incidents))
    return found


def _agree(df: pd.DataFrame, snapshot: Snapshot) -> None:
    """Raise BadData for a table that contradicts itself: which of its numbers is wrong, only its organisation knows."""
    given = df[df["people"].notna()]
    if found := _contradictions(given):
        said, rows = next(iter(found.items()))
        raise BadData(
            f"{snapshot.label} : {said}, {snapshot.rows_named(sorted(rows))}.",
            "Faites corriger le tableau par l’organisation ; une question sans réponse va dans « Sans réponse ».",
        )
    is_country = given["region_pcode"] == "ML"
    keys = list(zip(given["month"], given["statistic"], strict=True))
    of_country = {key for key, whole in zip(keys, is_country, strict=True) if whole}
    both = [
        row for row, key, whole in zip(given["row"], keys, is_country, strict=True) if not whole and key in of_country
    ]
    if both:
        raise BadData(
            f"{snapshot.label} : la même statistique pour le pays et pour des régions, {snapshot.rows_named(both)}.",
            "Gardez les régions, ou le pays si la région n’est pas connue ; l’un et l’autre compteraient deux fois.",
        )


def _places(df: pd.DataFrame, snapshot: Snapshot) -> pd.Series:
    """The P-code of each row's region, ML for the country. Raises BadData for a name that is neither."""
    is_country = meant(df, "region_name", lambda name: plain(name) in COUNTRY).astype(bool)
    pcode = harmonise.places_by_name(df[~is_country], "region_name", snapshot, 1)
    return pcode.reindex(df.index).mask(is_country, "ML")


def build(received: Received, snapshot: Snapshot) -> Built:
    """`gbv_aggregates`: one row per month, region, statistic and category of one organisation.

    A row in other words than those of the lists is refused. Raises BadData for an unknown region, a second
    organisation, or a table that contradicts itself.
    """
    faults: list[Fault] = []
    df = received.frame()
    organisation = organisation_of(df, snapshot)
    known = meanings("gbv_statistic")
    df = df.assign(statistic=meant(df, "statistic_label", lambda text: known.get(plain(text))))
    df = refuse(df, faults, df["statistic"].isna(), "statistique inconnue", "Statistique", "Attendu : l’une des 24.")
    pairs = list(zip(df["statistic"], df["category_label"], strict=True))
    found = {(statistic, text): categories(statistic).get(plain(text)) for statistic, text in set(pairs)}
    df = df.assign(category=column_of(df, map(found.get, pairs)))
    said = "la modalité n’est pas de la liste de sa statistique"
    df = refuse(df, faults, df["category"].isna(), said, "Modalité", "Attendu : un libellé de cette liste.")
    df = df.assign(region_pcode=_places(df, snapshot))
    key = ["month", "region_pcode", "statistic", "category"]
    said = "même mois, région, statistique et modalité, nombres différents"
    df, repeated = once(df[["row", *key, "people"]], key, faults, said)
    _agree(df, snapshot)
    df = df.assign(edition=snapshot.pcode_edition, organisation=organisation, people=df["people"].astype("Int64"))
    return Built(
        {"gbv_aggregates": df[list(table("gbv_aggregates").kept)].reset_index(drop=True)},
        {"répétées mot pour mot": repeated},
        tuple(faults),
    )


def contributors(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Organisations behind the GBV data of each month, in the canonical tables of `con`: who must have agreed.

    A zero is data; a number that is not available is none.
    """
    rows = con.execute(
        """
        SELECT month, list_sort(list_distinct(array_agg(organisation))) FROM (
            SELECT month, organisation FROM gbv_aggregates WHERE people IS NOT NULL
            UNION ALL SELECT report_month, organisation FROM gbv_incidents
        ) GROUP BY month ORDER BY month
        """
    ).fetchall()
    return dict(rows)
