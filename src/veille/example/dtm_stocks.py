"""The DTM workbook: displaced, returned and repatriated people by cercle, as of the last day of each month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime
from pathlib import Path
from random import Random

from ..places import Place, name_of
from .calibration import MONTHS, ZONES
from .snapshots import Source, month_end_before, monthly, open_workbook
from .world import EDITION, form

SHEET = "Stocks"
COLUMNS = (
    "Date de référence",
    "Round",
    "Région",
    "Code région",
    "Cercle",
    "Code cercle",
    "Type de mouvement",
    "Ménages",
    "Individus",
    "Femmes",
    "Hommes",
    "Filles",
    "Garçons",
    "Source",
)
FIRST_ROUND = 27
# People in the whole country, one figure per month of calibration.MONTHS. Printed ones: 36 690 displaced at the
# end of 2016, 45 766 in February and 38 172 in December 2017; 487 011 returned and 56 594 repatriated in January 2017.
NATIONAL: dict[str, tuple[int, ...]] = {
    "idp": (
        36_762,
        33_042,
        34_103,
        35_218,
        36_094,
        36_690,
        40_743,
        45_766,
        47_112,
        48_907,
        49_640,
        48_255,
        45_891,
        43_460,
        41_975,
        40_318,
        39_204,
        38_172,
    ),
    "returned_idp": (
        461_520,
        466_118,
        470_903,
        475_244,
        480_156,
        483_870,
        487_011,
        488_690,
        490_223,
        492_871,
        494_506,
        496_112,
        497_390,
        499_064,
        500_718,
        502_145,
        503_962,
        505_277,
    ),
    "repatriated": (
        51_702,
        52_483,
        53_551,
        54_620,
        55_389,
        56_012,
        56_594,
        57_408,
        57_951,
        58_604,
        59_117,
        59_825,
        60_388,
        60_912,
        61_544,
        62_170,
        62_703,
        63_239,
    ),
}
# Displaced people in the zone of Gao, same months; 15 269 in May 2017.
IDPS_IN_GAO_ZONE = (
    9_841,
    9_208,
    9_655,
    10_130,
    10_618,
    10_944,
    12_236,
    14_087,
    14_520,
    14_933,
    15_269,
    14_871,
    14_205,
    13_640,
    13_017,
    12_566,
    12_208,
    11_905,
)
SHARES: dict[str, dict[str, int]] = {
    "gao": {"ML0701": 27, "ML0702": 19, "ML0703": 8, "ML0704": 46},
    "idp": {
        "ML0601": 12,
        "ML0602": 6,
        "ML0603": 9,
        "ML0604": 14,
        "ML0605": 6,
        "ML0501": 11,
        "ML0502": 3,
        "ML0503": 2,
        "ML0504": 1,
        "ML0505": 2,
        "ML0506": 9,
        "ML0507": 4,
        "ML0508": 3,
        "ML0801": 2,
        "ML0803": 1,
        "ML0804": 1,
        "ML0402": 5,
        "ML0405": 4,
        "ML0406": 1,
        "ML0201": 2,
        "ML0205": 4,
        "ML0107": 1,
        "ML0307": 2,
        "ML0901": 8,
    },
    "returned_idp": {
        "ML0601": 17,
        "ML0602": 11,
        "ML0603": 14,
        "ML0604": 9,
        "ML0605": 10,
        "ML0701": 16,
        "ML0702": 5,
        "ML0703": 4,
        "ML0704": 2,
        "ML0501": 4,
        "ML0506": 4,
        "ML0507": 1,
        "ML0508": 2,
        "ML0801": 1,
    },
    "repatriated": {
        "ML0601": 14,
        "ML0602": 3,
        "ML0603": 22,
        "ML0604": 12,
        "ML0605": 11,
        "ML0701": 9,
        "ML0702": 6,
        "ML0704": 13,
        "ML0506": 4,
        "ML0508": 3,
        "ML0801": 2,
        "ML0804": 1,
    },
}
NO_SEX_OR_AGE = frozenset({"2016-07", "2016-10", "2017-03", "2017-09"})
NOT_ASSESSED: dict[str, frozenset[str]] = {
    "2016-08": frozenset({"ML0803", "ML0804"}),
    "2016-10": frozenset({"ML0801", "ML0803", "ML0804"}),
    "2017-04": frozenset({"ML0803"}),
    "2017-08": frozenset({"ML0801", "ML0803", "ML0804", "ML0504"}),
    "2017-10": frozenset({"ML0508"}),
}
TYPED_REGIONS = {
    "Tombouctou": ("Timbuktu ", "TOMBOUCTOU", "Tombouctou "),
    "Ménaka": ("Menaka", "MENAKA"),
    "Ségou": ("Segou",),
    "Koulikoro": ("Koulikouro",),
}


def history() -> list[list]:
    """Every row of every round, in the order of COLUMNS; None where sex and age were not collected."""
    rng = Random("veille example: dtm")
    rows = []
    for k, month in enumerate(MONTHS):
        day = date(int(month[:4]), int(month[5:]), monthrange(int(month[:4]), int(month[5:]))[1])
        for kind, totals in NATIONAL.items():
            for cercle, people in sorted(_stocks(rng, kind, totals[k], IDPS_IN_GAO_ZONE[k]).items()):
                if cercle not in NOT_ASSESSED.get(month, ()):
                    rows.append(
                        [
                            day,
                            FIRST_ROUND + k,
                            *_names(rng, cercle),
                            form("movement_type", kind),
                            *_people(rng, people, month),
                            "DNDS" if kind == "repatriated" else "DTM",
                        ]
                    )
    return rows


def _stocks(rng: Random, kind: str, national: int, idps_in_gao_zone: int) -> dict[str, int]:
    """cercle -> people, adding up to the country's figure (and, for displaced people, to that of the zone of Gao)."""
    if kind != "idp":
        return _share_out(rng, national, SHARES[kind])
    in_zone = _share_out(rng, idps_in_gao_zone, SHARES["gao"])
    return in_zone | _share_out(rng, national - idps_in_gao_zone, SHARES["idp"])


def _share_out(rng: Random, total: int, shares: dict[str, int]) -> dict[str, int]:
    """Whole numbers in about these proportions that add up to the total; the largest takes the rest."""
    weights = {c: share * rng.uniform(0.97, 1.03) for c, share in shares.items()}
    scale = total / sum(weights.values())
    out = {c: int(weight * scale) for c, weight in weights.items()}
    out[max(shares, key=shares.get)] += total - sum(out.values())
    return out


def _names(rng: Random, cercle: str) -> list[str]:
    """Region, its code, cercle, its code. Ménaka is typed as a region but keeps the codes of 2015."""
    region = "Ménaka" if cercle == "ML0704" else name_of(Place(EDITION, cercle[:4]))
    if region in TYPED_REGIONS and rng.random() < 0.08:
        region = rng.choice(TYPED_REGIONS[region])
    return [region, cercle[:4], name_of(Place(EDITION, cercle)), cercle]


def _people(rng: Random, people: int, month: str) -> list[int | None]:
    """Households, people, women, men, girls, boys."""
    households = max(1, int(people / rng.uniform(4.8, 5.7)))
    if month in NO_SEX_OR_AGE:
        return [households, people, None, None, None, None]
    women, men, girls = (int(people * share * rng.uniform(0.96, 1.04)) for share in (0.27, 0.21, 0.27))
    return [households, people, women, men, girls, people - women - men - girls]


def write(rows: list[list], received: date, path: Path) -> int:
    """Write the rounds up to the end of the month before: a page to read, the stocks, and a hidden draft."""
    book = open_workbook(path, "DTM, stocks de population")
    as_day = book.add_format({"num_format": "dd/mm/yyyy"})
    notes = book.add_worksheet("Lisez-moi")
    notes.write_column(
        0,
        0,
        [
            "DONNÉES D’EXEMPLE, SYNTHÉTIQUES : aucune ligne ne décrit une situation réelle.",
            "Feuille « Stocks » : personnes présentes au jour de référence, par cercle et type de mouvement.",
            "Un stock a son jour : la différence de deux stocks n’est pas un flux. Les retours sont cumulés.",
            "Ne pas additionner les déplacés et les retournés. Codes : OCHA, édition 2015.",
            "Cercle absent d’un passage : non évalué, et non zéro.",
        ],
    )
    sheet = book.add_worksheet(SHEET)
    sheet.write_row(0, 0, COLUMNS)
    due = [row for row in rows if row[0] <= month_end_before(received)]
    for r, (day, *values) in enumerate(due, start=1):
        sheet.write_datetime(r, 0, datetime(day.year, day.month, day.day), as_day)
        for c, value in enumerate(values, start=1):
            if value is not None:
                sheet.write(r, c, value)
    draft = book.add_worksheet("Brouillon")
    draft.hide()
    draft.write_row(0, 0, ["à vérifier ???", "ancien total", "NE PAS UTILISER"])
    for r in range(1, 9):
        draft.write_row(r, 0, [f"ligne {r}", 99_999 * r, "#REF", "copie du passage précédent"])
    notes.activate()
    book.close()
    return len(due)


assert set(SHARES["gao"]) == set(ZONES["gao"])

SOURCE = Source(
    reader="dtm_stocks",
    title="DTM : stocks de déplacés, retournés et rapatriés par cercle (données d’exemple, synthétiques)",
    file="EXEMPLE_DTM_stocks.xlsx",
    sensitivity="public",
    zero_means="Personne n’a été enregistré au jour de référence ; un cercle absent n’a pas été évalué.",
    received=monthly(12),
    history=history,
    write=write,
)
