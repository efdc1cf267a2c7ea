"""Invented KoBo exports of any size, in the real layout: what `make bench` measures on."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from veille.codes import code_list
from veille.sources.formats import declared

CERCLES = (("Gao", "Gao"), ("Gao", "Ansongo"), ("Gao", "Bourem"), ("Ménaka", "Ménaka"), ("Tombouctou", "Diré"),
           ("Tombouctou", "Goundam"), ("Mopti", "Koro"), ("Mopti", "Douentza"), ("Kidal", "Kidal"))  # fmt: skip
WORDS = "Récit inventé pour la mesure, deux phrases sans personne ; la seconde a un point-virgule."


def _one_of(several: list[str], salt: int) -> str:
    listed = ", ".join("'" + s.replace("'", "''") + "'" for s in several)
    return f"list_extract([{listed}], 1 + (hash(i * 31 + {salt}) % {len(several)})::INT)"


def _forms(name: str) -> list[str]:
    return [e["form"] for e in code_list(name).values()]


def write(path: Path, rows: int) -> None:
    """An export of `rows` rows, `;` between quoted cells: one in fifty sent twice, one in twenty a flash that was documented.

    The same number of rows gives the same bytes.
    """
    day = "(DATE '2016-01-01' + (hash(i * 7) % 700)::INT)"
    place = "(hash(i * 13) % 9)::INT"
    values = {
        "start": f"strftime({day}, '%Y-%m-%d') || 'T08:00:00.000+00:00'",
        "end": f"strftime({day}, '%Y-%m-%d') || 'T08:30:00.000+00:00'",
        "deviceid": "'ee.kobotoolbox.org:' || substr(md5((i % 200)::VARCHAR), 1, 16)",
        "identification/organisation": "'Organisation ' || (hash(i) % 12)",
        "identification/type_rapport": "CASE WHEN i % 20 = 0 THEN 'flash' ELSE 'documente' END",
        "identification/id_incident": "'INC-' || CASE WHEN i % 20 = 0 THEN i + 1 ELSE i END",
        "lieu/region": f"list_extract([{', '.join(repr(r) for r, _ in CERCLES)}], 1 + {place})",
        "lieu/cercle": f"list_extract([{', '.join(repr(c) for _, c in CERCLES)}], 1 + {place})",
        "lieu/localite": "'Localité ' || (hash(i * 3) % 900)",
        "incident/date_incident": f"strftime({day}, '%Y-%m-%d')",
        "incident/date_collecte": f"strftime({day} + 1, '%Y-%m-%d')",
        "incident/type_incident": _one_of(_forms("incident_type"), 1),
        "incident/auteur_presume": _one_of(_forms("perpetrator"), 2),
        "incident/population_affectee": _one_of(_forms("population_group"), 3),
        **{
            f"victimes/{who}": f"(hash(i * 5 + {n}) % 4)"
            for n, who in enumerate(("femmes", "hommes", "filles", "garcons"))
        },
        "victimes/tues": "0",
        "victimes/blesses": "0",
        "verification/statut_verification": _one_of(["", *_forms("verification")], 4),
        "suivi/refere": _one_of(["oui", "non"], 5),
        "suivi/services_referes": _one_of(["", "sante", "sante psychosocial"], 6),
        "recit/description": f"'{WORDS}'",
        "recit/source_information": "'source ' || (i % 40)",
        "_id": "i",
        "_uuid": "uuid",
        "_submission_time": f"strftime({day} + 2, '%Y-%m-%d') || 'T09:12:33'",
        "_validation_status": _one_of(["", "validation_status_approved", "validation_status_on_hold"], 7),
        "_status": "'submitted_via_web'",
        "_submitted_by": "'compte_' || (i % 30)",
        "__version__": "'vInvente'",
        "_index": "i + 1",
    }
    columns = [
        c.header
        for c in declared("kobo_incidents").columns
        if "/" in c.header or c.header in values or c.header.startswith("_")
    ]
    listed = ", ".join(f'({values.get(h, chr(39) * 2)})::VARCHAR AS "{h}"' for h in dict.fromkeys(columns))
    con = duckdb.connect(config={"threads": 2})
    con.execute(
        f"COPY (SELECT {listed} FROM (SELECT i, md5(i::VARCHAR) AS uuid FROM "
        f"(SELECT CASE WHEN n % 50 = 49 THEN n - 1 ELSE n END AS i FROM range({rows}) t(n)))) "
        f"TO '{path.as_posix()}' (FORMAT csv, HEADER, DELIMITER ';', FORCE_QUOTE *)"
    )
    con.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
