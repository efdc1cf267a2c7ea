"""5W matrices -> activities: who does what, where, when."""

from __future__ import annotations

import re

import pandas as pd

from ..errors import BadData
from ..places import Place, ancestors, gazetteer
from ..sources.files import ROW_COLUMN
from ..sources.reading import LARGEST_REFUSED_SHARE, Fault, Reading, frame, same
from ..sources.registry import Received
from ..sources.snapshots import PER_FILE, Snapshot
from . import harmonise
from .built import Built, iso, refuse_rows

REPEATED = "répétées mot pour mot"
SAME_ACTIVITY = "d’une organisation déjà citée au même lieu, dans le même domaine, aux mêmes dates"
_COMMUNE = re.compile(r"([A-Z]{2}\d{4})(?:\d\d|ZS\d\d)")  # a commune, or a health zone of DRC, after its cercle


def _words(reading: Reading, nth: int) -> str:
    """In SQL, the rows of the nth file of a snapshot (`n`, as `registry.receive` numbers them) and a digest of their words.

    Class I is left out because the file that is kept does not hold it: a row repeats another, or not, on both days.
    """
    hidden = {same(name) for c in reading.format.identifying for name in (c.header, *c.also)} | {ROW_COLUMN}
    header = reading.grid.header
    cells = ", ".join(f"coalesce(c{i}, '')" for i, name in enumerate(header) if same(name) not in hidden)
    row = f"c{header.index(ROW_COLUMN)}::BIGINT" if ROW_COLUMN in header else reading.line
    numbered = f"SELECT row_number() OVER () - 1 AS n, * FROM {reading.grid.sql}"
    return f"SELECT {row} + {nth * PER_FILE} AS n, md5(concat_ws(chr(31), {cells})) AS words FROM ({numbered})"


def _is_inside(commune: str, cercle: Place, listed: set[Place]) -> bool:
    """Whether a commune's code lies in a cercle: as the gazetteer says, else as the code itself tells.

    `listed` are the cercles whose communes the gazetteer holds (north and centre, cod2015): a code that it does not know
    there is wrong.
    """
    if named := gazetteer().get(Place(cercle.edition, commune)):
        return named.level == 3 and named.parent == cercle
    parts = _COMMUNE.fullmatch(commune)
    return bool(parts) and parts[1] == cercle.pcode and cercle not in listed


def _communes(df: pd.DataFrame, cercles: pd.Series, snapshot: Snapshot, header: str) -> tuple[pd.Series, list[Fault]]:
    """The commune's code per row, None where it lies in another cercle: a name that two cercles share gets the wrong code.

    Raises BadData when that is not an exception: the file is then in another edition.
    """
    listed = {named.parent for named in gazetteer().values() if named.level == 3}
    given = list(zip(df["commune_pcode"], cercles, strict=True))
    inside = {
        pair: _is_inside(pair[0], Place(snapshot.pcode_edition, pair[1]), listed) for pair in set(given) if pair[0]
    }
    wrong = [row for row, pair in zip(df["row"], given, strict=True) if not inside.get(pair, True)]
    if len(wrong) > df["commune_pcode"].notna().sum() * LARGEST_REFUSED_SHARE:
        raise _contradiction(snapshot, "le code de commune n’est pas dans ce cercle", wrong)
    faults = [Fault("commune d’un autre cercle", header, "", len(wrong), tuple(wrong))] if wrong else []
    return pd.Series([pair[0] if inside.get(pair) else None for pair in given], index=df.index, dtype=object), faults


def _contradiction(snapshot: Snapshot, what: str, rows: list[int]) -> BadData:
    return BadData(
        f"{snapshot.label} : {what} (édition {snapshot.pcode_edition}), {snapshot.rows_named(rows)}.",
        "Faites corriger ces lignes, ou vérifiez l’édition des P-codes (--edition).",
    )


def _check_codes(df: pd.DataFrame, cercles: pd.Series, snapshot: Snapshot) -> None:
    """Raise BadData where a code is not that of the name beside it, in the edition of the file."""
    edition = snapshot.pcode_edition
    regions = {c: ancestors(Place(edition, c))[-1].pcode for c in set(cercles)}
    for column, right, what in (
        ("cercle_pcode", cercles, "le code du cercle n’est pas celui de son nom"),
        ("region_pcode", cercles.map(regions), "le code de la région n’est pas celui de son cercle"),
    ):
        wrong = [
            row
            for row, given, code in zip(df["row"], df[column], right, strict=True)
            if given is not None and given != code
        ]
        if wrong:
            raise _contradiction(snapshot, what, wrong)


def _subsectors(df: pd.DataFrame, cluster_only: str) -> pd.Series:
    """The sub-sector per row; `unspecified` in a file whose rows all say the name of the cluster and nothing more."""
    says_nothing = bool(cluster_only) and set(df["subsector"]) == {cluster_only}
    return df["subsector"].map(lambda code: "unspecified" if says_nothing else code)


def build(received: Received, snapshot: Snapshot) -> Built:
    """One row per organisation, sub-sector, place and dates. Repetitions are one activity, and counted.

    A row whose end precedes its start is refused: it says nothing about when. A commune's code that lies in another cercle
    is set aside: the name, code and region of the cercle agree. Raises BadData where these three do not.
    """
    con, (first, *_) = received.con, received.readings
    words = " UNION ALL ".join(_words(one, nth) for nth, one in enumerate(received.readings))
    con.execute(f"CREATE OR REPLACE TEMP TABLE worded AS FROM {received.table} JOIN ({words}) USING (n)")
    headers = {c.to: c.header for c in first.format.kept}
    rule = "la fin précède le début"
    refused = refuse_rows(con, "worded", "dated", {rule: "end_date < start_date"}, {rule: headers["end_date"]})
    df = frame(con, "dated").sort_values("row", kind="stable", ignore_index=True)
    cercles = harmonise.places_by_name(df, "cercle_name", snapshot, 2)
    harmonise.check_region(df, "region_name", cercles, snapshot)
    _check_codes(df, cercles, snapshot)
    communes, set_aside = _communes(df, cercles, snapshot, headers["commune_pcode"])
    rows = pd.DataFrame(
        {
            "organisation": df["organisation"],
            "edition": snapshot.pcode_edition,
            "pcode": cercles,
            "commune_pcode": communes,
            "subsector": _subsectors(df, str(first.format.extras.get("cluster_only", ""))),
            "start_date": iso(df["start_date"]),
            "end_date": iso(df["end_date"]),
        },
        dtype=object,
    )
    told = rows[~df["words"].duplicated()]
    once = told.drop_duplicates(ignore_index=True)
    left_out = {REPEATED: len(rows) - len(told), SAME_ACTIVITY: len(told) - len(once)}
    return Built({"activities": once}, left_out, refused, tuple(set_aside))
