"""Withhold what the rules withhold, for all declared tables of a version together, and the past with them.

Cubes in, safe numbers out. What is hidden, and why, is decided once per data version and audience, never per report.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from ..errors import DisclosureRefused
from ..formats import plain
from ..indicators.registry import BY_NAME
from ..periods import kind_of
from ..places import Area
from . import pattern, system
from .rules import KINDS, LEVELS, Rules, Sensitive, sensitive
from .safe import Address, SafeNumber, clear
from .system import Past

# Why a number is hidden. R1, R2, R6: it is sensitive itself.
COMPLEMENT, COVERAGE, TABLE, FROZEN, WIDER = "complement", "coverage", "R11", "past", "cluster"
Sheet = tuple[str, str, str, str]  # table, level, area, period: what a page prints as one table


@dataclass(frozen=True)
class Protected:
    """The safe numbers of one audience; for the inside: why each hidden one is, and what the audit has to prove.

    `carried` are numbers printed again as they were: a revision of them would tell late records.
    """

    numbers: list[SafeNumber]
    reasons: dict[Address, str]
    sensitive: dict[Address, Sensitive]
    withdrawn: tuple[Sheet, ...]
    carried: frozenset[Address]
    loose: frozenset[Address]
    unusual: frozenset[Address]

    sheets: dict[Address, Sheet]
    late: dict[Address, int]

    @property
    def hidden(self) -> set[Address]:
        """Every address that is not printed."""
        return set(self.reasons)


def protect(
    cubes: pd.DataFrame,
    rules: Rules,
    audience: str,
    areas: Mapping[str, Area],
    *,
    wider: Protected | None = None,
    past: Past | None = None,
    behind: Mapping[Address, Mapping[str, int]] | None = None,
    withdraw: Collection[Sheet] = (),
    solved: pattern.Known | None = None,
) -> Protected:
    """The safe numbers of every declared count for one audience; a hidden cell keeps its row, without its value.

    `wider`: what a wider circle of members reads; the public reads nothing that is hidden there, or members could
    subtract one edition from the other. `behind`: what each organisation gave to each cell (R2, insiders).
    `withdraw`: tables that are not printed whatever their share. `solved`: what an earlier try can spare this one. Raises DisclosureRefused when nothing can protect a
    sensitive number.
    """
    past = past or Past()
    cubes = as_printed(cubes, past)
    asked = zip(cubes["table"], cubes["level"], cubes["period"], strict=True)
    allowed = [rules.is_for(table, level, period, audience) for table, level, period in asked]
    seen = cubes[pd.Series(allowed, index=cubes.index, dtype=bool)]
    found = sensitive(seen, rules, audience, behind)
    rows = {(c.key, c.place, c.period): c for c in seen.itertuples(index=False)}
    frozen = {a for a, c in rows.items() if not past.is_fresh(a, c.value)}
    reasons: dict[Address, str] = {}
    for address, c in rows.items():
        if address in frozen:
            if not past.was_printed(address):
                reasons[address] = FROZEN
        elif c.is_partial_zero and not rules.is_printed(c.table):
            reasons[address] = COVERAGE
        elif wider and address in wider.reasons:
            reasons[address] = WIDER
    sheets = _sheets(rows, rules, areas, past)
    withdrawn: dict[Sheet, None] = dict.fromkeys(withdraw)
    fixed = dict(reasons)
    # What is too bare by its sensitive cells alone needs no search for company.
    withdrawn |= dict.fromkeys(_too_bare(sheets, {*found, *fixed}, fixed, rules))
    solved = {} if solved is None else solved
    made = system.build(seen, rules, audience, areas, found, past, set(fixed), behind)
    while True:
        fixed |= {a: TABLE for a, which in sheets.items() if which in withdrawn and a not in fixed}
        made.hide(fixed)
        answer = pattern.find(made.problem, solved)
        hidden = {
            a for (a, is_now), yes in zip(made.cells, answer.hidden, strict=False) if yes and (is_now or a in frozen)
        }
        more = [w for w in _too_bare(sheets, hidden, fixed, rules) if w not in withdrawn]
        if not more:
            break
        # The finest of an indicator first: once they are gone, a coarser one may need to hide less.
        finest: dict[str, tuple] = {}
        for w in more:
            stem = BY_NAME[w[0]].indicator
            finest[stem] = min(finest.get(stem, _fineness(w)), _fineness(w))
        withdrawn |= dict.fromkeys(w for w in more if _fineness(w) == finest[BY_NAME[w[0]].indicator])
    if answer.failed:
        raise DisclosureRefused(
            f"{len(answer.failed)} nombres sensibles ne peuvent pas être protégés ({audience}) : rien n’est publié.",
            "Voyez veille disclosure explain ; un total toujours imprimé ou une diffusion passée les découvre.",
        )
    for address in hidden:
        reasons[address] = fixed.get(address) or (found[address].rule if address in found else COMPLEMENT)
    carried = frozenset(a for a in reasons if past.was_printed(a) and a not in frozen)
    numbers = [
        _safe(c, past.prints[a][-1].value if a in carried else c.value, a in reasons and a not in carried)
        for a, c in rows.items()
    ]
    return Protected(
        numbers,
        reasons,
        found,
        tuple(withdrawn),
        carried,
        frozenset(made.loose),
        frozenset(made.unusual),
        sheets,
        made.late,
    )


def as_printed(cubes: pd.DataFrame, past: Past) -> pd.DataFrame:
    """Counts as they stand for an audience: late records wait for a revision of their period (R8)."""
    if not past.prints:
        return cubes
    addresses = zip(cubes["key"], cubes["place"], cubes["period"], cubes["value"], strict=True)
    values = [int(n) if past.is_fresh(a := (k, p, t), int(n)) else past.prints[a][-1].value for k, p, t, n in addresses]
    return cubes.assign(value=values)


def _sheets(rows: Mapping[Address, tuple], rules: Rules, areas: Mapping[str, Area], past: Past) -> dict[Address, Sheet]:
    """The table of a page that each cell stands in; not those that are always printed, nor those of the past."""
    country = next(area.code for area in areas.values() if area.is_country)
    home = {area.code: area.code for area in areas.values()}
    for area in sorted(areas.values(), key=lambda area: area.is_country, reverse=True):
        for region in area.regions:
            home |= dict.fromkeys([str(region.place), *map(str, region.cercles)], area.code)
    return {
        address: (c.table, c.level, country if rules.tables[c.table].sheet == "country" else home[c.place], c.period)
        for address, c in rows.items()
        if not rules.is_printed(c.table) and address not in past.prints
    }


def _fineness(sheet: Sheet) -> tuple[int, int, int]:
    """Less for a table with more breakdowns, of shorter periods, of smaller places."""
    table, level, _, period = sheet
    return -len(BY_NAME[table].dimensions), KINDS.index(kind_of(period)), LEVELS.index(level)


def _too_bare(
    sheets: Mapping[Address, Sheet], hidden: set[Address], fixed: Mapping[Address, str], rules: Rules
) -> list[Sheet]:
    """Tables with too large a hidden share to be read (R11): they are not printed at all.

    Zeros where coverage is partial do not count: nothing is withheld there, nothing is known.
    """
    found: dict[Sheet, list[bool]] = {}
    for address, which in sheets.items():
        if fixed.get(address) != COVERAGE:
            found.setdefault(which, []).append(address in hidden)
    return [
        which
        for which, is_hidden in found.items()
        if not all(is_hidden) and sum(is_hidden) * 100 > rules.of(which[0]).hidden_share * len(is_hidden)
    ]


def _safe(cell: tuple, value: int, is_hidden: bool) -> SafeNumber:
    measure = BY_NAME[cell.table]
    return clear(
        key=cell.key,
        place=cell.place,
        period=cell.period,
        value="" if is_hidden else plain(value),
        unit=cell.unit,
        status="not_published" if is_hidden else cell.status,
        table=cell.table,
        query=measure.name,
        caveat=measure.caveat,
    )


def printed_elsewhere(figures: pd.DataFrame) -> list[SafeNumber]:
    """Figures that others have printed, as safe numbers of place `mali`: key `printed.<id>`, caveat = the document.

    They are public already. Nothing says how they were verified, so they stay unverified.
    """
    out = []
    for f in figures.itertuples(index=False):
        missing = pd.isna(f.value)
        unit = {"reported cases": "cases", "cases": "cases"}.get(f.unit, f.unit)
        out.append(
            clear(
                key=f"printed.{f.figure_id}",
                place="mali",
                period=f"{f.start_date}/{f.end_date}" if f.end_date else f.start_date,
                value="" if missing else plain(f.value),
                unit=unit,
                status="not_received" if missing else "unverified",
                table="printed_figures",
                query="printed",
                caveat=f"Tel qu’imprimé : {f.document}",
            )
        )
    return out
