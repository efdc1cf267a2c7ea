"""Cubes from ten thousand to ten million incidents, beside one DuckDB script; and the time of a report on each.

`python bench/cubes.py [REPETITIONS] [SIZES…]`. Rows are invented by DuckDB, the same each time. Each measure is a process
of its own, in turns; its clock starts once its libraries are loaded. Both ways read the same Parquet files, and their counts
must be equal: the bench stops otherwise. Reports are built from what the whole path of the data (counts, protection, audit)
makes of the example when its incidents are replaced by invented ones.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import page

ROOT = Path(__file__).resolve().parents[1]
SIZES = (10_000, 1_000_000, 10_000_000)
REPORT = ("bulletin", "gao", "2017-06")
BYTES = 315  # of a row of the export as it is stored, on the average of those that `kobo.py` invents

# Of a hundred incidents.
CATEGORIES = {"property": 52, "integrity": 26, "liberty": 9, "life": 8, "movement": 3, "services": 2}

# --- invented rows ------------------------------------------------------------------------------------------------


def _quoted(values: list[str]) -> str:
    return "[" + ", ".join(f"'{v}'" for v in values) + "]"


def _draw(salt: int, below: int) -> str:
    """A whole number from 0, the same for the same row."""
    return f"(hash(i * 64 + {salt}) % {below})::INT"


def _one_of(values: list[str], salt: int) -> str:
    return f"list_extract({_quoted(values)}, 1 + {_draw(salt, len(values))})"


def invent(folder: Path, rows: int, coverage: str) -> None:
    """`incidents.parquet` and `incident_services.parquet`: `rows` incidents over the cercles and months of `coverage`."""
    from veille.codes import code_list, mapping

    types: dict[str, list[str]] = {}
    for code, category in mapping("incident_type", "category").items():
        types.setdefault(category, []).append(code)
    drawn = [types[name][n % len(types[name])] for name, weight in CATEGORIES.items() for n in range(weight)]
    categories = [name for name, weight in CATEGORIES.items() for _ in range(weight)]
    people = [
        f"CASE WHEN {_draw(20, 20)} < 3 OR {_draw(21 + n, 25)} = 0 THEN NULL "
        f"ELSE greatest({_draw(31 + n, 8)} - {4 + n // 2}, 0) + (hash(i) % 4 = {n})::INT END::BIGINT AS {who}_people"
        for n, who in enumerate(("men", "women", "boys", "girls"))
    ]
    with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": folder.as_posix()}) as con:
        # Fewer in Gao, which the report is about.
        con.execute(
            "CREATE TABLE cells AS SELECT row_number() OVER (ORDER BY pcode LIKE 'ML07%', hash(month || pcode || copy)) - 1 AS n, month, edition, pcode\n"
            "FROM (SELECT *, unnest(range(CASE WHEN pcode LIKE 'ML07%' THEN 1 ELSE 3 END)) AS copy\n"
            f"      FROM '{coverage}' WHERE is_covered AND has_rows)"
        )
        number = con.execute("SELECT count(*) FROM cells").fetchone()[0]
        # A few places and months have several times the incidents of others.
        cell = f"floor({number} * pow(hash(i * 64 + 1) % 1000003 / 1000003, 1.8))::INT"
        con.execute(
            f"""
            COPY (
              SELECT 'PM-' || lpad(i::VARCHAR, 8, '0') AS incident_id, month, edition, pcode,
                     CASE WHEN {_draw(2, 5)} > 0 THEN pcode || '0' || (1 + {_draw(3, 5)}) END AS commune_pcode,
                     incident_type, category, incident_type AS original_type, NULL::VARCHAR AS typology_version,
                     CASE WHEN {_draw(5, 10)} = 0 THEN 'flash' ELSE 'documented' END AS entry_source,
                     CASE WHEN {_draw(6, 10)} < 7 THEN 'verified' ELSE 'unverified' END AS verification_class,
                     CASE WHEN {_draw(7, 20)} > 0 THEN {_one_of(list(code_list("perpetrator_class")), 8)} END AS perpetrator_class,
                     CASE WHEN {_draw(9, 20)} > 0 THEN {_one_of(list(code_list("population_group")), 10)} END AS population_group,
                     women_people, men_people, girls_people, boys_people,
                     CASE WHEN category = 'life' THEN men_people ELSE 0 END AS killed_people,
                     CASE WHEN {_draw(11, 5)} = 0 THEN women_people ELSE 0 END AS injured_people,
                     {_draw(12, 10)} < 3 AS is_referred
              FROM (SELECT i, {cell} AS n, list_extract({_quoted(drawn)}, 1 + {_draw(4, 100)}) AS incident_type,
                           list_extract({_quoted(categories)}, 1 + {_draw(4, 100)}) AS category, {", ".join(people)}
                    FROM range({rows}) t(i)) JOIN cells USING (n)
            ) TO '{(folder / "incidents.parquet").as_posix()}' (FORMAT parquet)
            """
        )
        # Three incidents in ten are referred, to one service or two; most of them are assisted by the first.
        first, second = (_one_of(list(code_list("service"))[n::2], 13 + n) for n in (0, 1))
        referred = f"FROM range({rows}) t(i) WHERE {_draw(12, 10)} < 3"
        ident = "'PM-' || lpad(i::VARCHAR, 8, '0') AS incident_id"
        con.execute(
            f"""
            COPY (
              SELECT {ident}, {first} AS service, 'referred' AS outcome {referred}
              UNION ALL SELECT {ident}, {second}, 'referred' {referred} AND {_draw(15, 2)} = 0
              UNION ALL SELECT {ident}, {first}, 'assisted' {referred} AND {_draw(16, 3)} > 0
            ) TO '{(folder / "incident_services.parquet").as_posix()}' (FORMAT parquet)
            """
        )


# --- one DuckDB script --------------------------------------------------------------------------------------------

# What somebody would write who wants the tables of incidents: one query each, incidents joined to the places they count in.
_PEOPLE = "coalesce(women_people, 0) + coalesce(men_people, 0) + coalesce(girls_people, 0) + coalesce(boys_people, 0)"
_ANSWERED = "coalesce(women_people, men_people, girls_people, boys_people) IS NOT NULL"
_JOINED = "FROM incidents JOIN members USING (edition, pcode)"


def _by(columns: str, value: str = "count(*)", where: str = "true") -> str:
    dims = f"{columns}, " if columns else ""
    return f"SELECT place, month, {dims}{value} {_JOINED} WHERE {where} GROUP BY ALL"


def _with_years(several: dict[str, str], where: str = "true") -> str:
    """Months and their sums by year."""
    each = ", ".join(f"{value} AS {name}" for name, value in several.items())
    sums = ", ".join(f"sum({name})" for name in several)
    monthly = f"SELECT place, month, {each} {_JOINED} WHERE {where} GROUP BY ALL"
    return f"WITH m AS ({monthly}) FROM m UNION ALL SELECT place, left(month, 4), {sums} FROM m GROUP BY ALL"


def _sums(*several: str) -> dict[str, str]:
    return {who: f"sum({who}_people)" for who in several}


def _cases(outcome: str) -> str:
    chosen = f"(FROM incident_services WHERE outcome = '{outcome}')"
    return f"SELECT place, month, count(*) {_JOINED} SEMI JOIN {chosen} USING (incident_id) GROUP BY ALL"


def _services(outcome: str) -> str:
    joined = f"{_JOINED} JOIN incident_services USING (incident_id)"
    return f"SELECT place, month, service, count(*) {joined} WHERE outcome = '{outcome}' GROUP BY ALL"


SCRIPT = {
    "incidents": _with_years({"n": "count(*)"}),
    "incidents_by_verification": _by("verification_class"),
    "incidents_by_entry_source": _by("entry_source"),
    "incidents_by_category": _by("category"),
    "incidents_by_category_verification": _by("category, verification_class"),
    "incidents_by_perpetrator_class": _by("coalesce(perpetrator_class, 'unknown')"),
    "victims": _with_years({"n": f"sum({_PEOPLE})"}, _ANSWERED),
    "victims_by_person": _with_years(_sums("women", "men", "girls", "boys")),
    "victims_by_harm": _with_years(_sums("killed", "injured")),
    "victims_by_population_group": _by("coalesce(population_group, 'unknown')", f"sum({_PEOPLE})", _ANSWERED),
    "incidents_without_victim_answer": _with_years({"n": "count(*)"}, f"NOT ({_ANSWERED})"),
    "child_victims": _with_years({"n": "sum(coalesce(girls_people, 0) + coalesce(boys_people, 0))"}, _ANSWERED),
    "explosive_incidents": _by("", where="incident_type = 'explosive_ordnance'"),
    "explosive_victims_by_harm": _by(
        "", ", ".join(_sums("killed", "injured").values()), "incident_type = 'explosive_ordnance'"
    ),
    "cases_referred": _cases("referred"),
    "cases_assisted": _cases("assisted"),
    "cases_referred_by_service": _services("referred"),
    "cases_assisted_by_service": _services("assisted"),
}
# Tables of which a column is a code: what its columns are.
TURNED = {
    "victims_by_person": ("women", "men", "girls", "boys"),
    "victims_by_harm": ("killed", "injured"),
    "explosive_victims_by_harm": ("killed", "injured"),
}


# --- what a measuring process does ----------------------------------------------------------------------------------


def _done(seconds: float, **more: object) -> None:
    # Of this process alone: what getrusage says begins with the memory of the one that started it.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"seconds": seconds, "mib": int(status["VmHWM"].split()[0]) / 1024, **more}))


def _script(folder: Path) -> None:
    start = time.perf_counter()
    with duckdb.connect(config={"temp_directory": (folder / "spill").as_posix()}) as con:
        con.execute("SET enable_progress_bar = false")
        for name in ("incidents", "incident_services", "members"):
            con.execute(f"CREATE VIEW {name} AS FROM '{(folder / name).as_posix()}.parquet'")
        found = {name: con.execute(query).fetchall() for name, query in SCRIPT.items()}
    spent = time.perf_counter() - start
    (folder / "script.json").write_text(json.dumps(found, default=int))
    _done(spent)


def _invented(name: str):
    """The papers of a snapshot that nobody sent."""
    from datetime import date

    from veille.sources.snapshots import Snapshot

    words = ("Mesure", "Mesure", "", "", "restricted", "")
    return Snapshot(name, "example", date(2018, 1, 5), *words, "cod2015", (), "")


def _cubes(folder: Path) -> None:
    from veille.indicators.count import count
    from veille.sources.reading import connection
    from veille.tables import build

    tables = {n: f"read_parquet('{(folder / n).as_posix()}.parquet')" for n in ("incidents", "incident_services")}
    coverage = {"coverage": f"read_parquet('{(folder / 'coverage').as_posix()}.parquet')"}
    start = time.perf_counter()
    with connection(folder / "spill") as con:
        build.assemble(con, [(_invented("kobo_incidents"), tables), (_invented("monitoring_coverage"), coverage)])
        assembled = time.perf_counter() - start
        counted = count(con, ROOT / "params")
    spent = time.perf_counter() - start
    kept = counted[counted["value"] != 0]
    cells = zip(*(kept[c] for c in ("table", "key", "place", "level", "period", "value")), strict=True)
    (folder / "cubes.json").write_text(json.dumps([[*cell[:-1], int(cell[-1])] for cell in cells]))
    _done(spent, checked=assembled, cells=len(counted))


def _data(folder: Path) -> None:
    """The candidate of a project, as `veille data` makes it; how much of that is counting, and how much protection."""
    from veille import versions
    from veille.disclosure import judge
    from veille.disclosure.safe import SafeTables
    from veille.project import Project

    spent = {}

    def clocked(name: str, step):
        def run(*given, **named):
            start = time.perf_counter()
            try:
                return step(*given, **named)
            finally:
                spent[name] = time.perf_counter() - start

        return run

    versions._count, judge.judge = clocked("counting", versions._count), clocked("protection", judge.judge)
    version = versions.current(Project(folder), "example")
    start = time.perf_counter()
    safe = SafeTables.read(versions.candidate(version, "cluster"))
    total = time.perf_counter() - start
    numbers = list(safe)
    _done(total, **spent, numbers=len(numbers), shown=sum(n.is_shown for n in numbers))


def _report(folder: Path) -> None:
    """A report, and how much of its time is the reading of bytes of files for their sha256."""
    from veille.build import changes, code, packet, report, stage
    from veille.digests import sha256 as real
    from veille.project import Project
    from veille.sources import snapshots

    spent = []

    def clocked(*given: Path) -> str:
        start = time.perf_counter()
        try:
            return real(*given)
        finally:
            spent.append(time.perf_counter() - start)

    for module in (snapshots, report, packet, code, changes):
        module.sha256 = clocked
    start = time.perf_counter()
    report.build(stage.plan(Project(folder), *REPORT, nature="example"))
    _done(time.perf_counter() - start, hashing=sum(spent))


STEPS = {"script": _script, "cubes": _cubes, "data": _data, "report": _report}


# --- the whole ------------------------------------------------------------------------------------------------------


def measured(step: str, folder: Path) -> dict[str, float]:
    """What a step says of itself, in a process of its own: seconds, and the most memory that it held (MiB)."""
    done = subprocess.run([sys.executable, __file__, "--step", step, str(folder)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    shutil.rmtree(folder / "spill", ignore_errors=True)
    return json.loads(done.stdout.splitlines()[-1])


def check_same(folder: Path) -> int:
    """Exit unless the script and veille counted the same, cell by cell; how many cells are not zero."""
    from veille.disclosure import rules
    from veille.indicators.registry import BY_NAME, key

    declared = rules.load(ROOT / "params").tables
    ours: dict[str, dict] = {}
    levels = dict(duckdb.sql(f"SELECT DISTINCT place, level FROM '{folder}/members.parquet'").fetchall())
    for table, name, place, _, period, value in json.loads((folder / "cubes.json").read_text()):
        ours.setdefault(table, {})[name, place, period] = value
    total = 0
    for table, rows in json.loads((folder / "script.json").read_text()).items():
        names = [name for name, _ in BY_NAME[table].dimensions]
        if table in TURNED:
            pairs = ((row[:2], zip(TURNED[table], row[2:], strict=True)) for row in rows)
            rows = [[*where, code, value] for where, several in pairs for code, value in several]
        theirs = {
            (key(BY_NAME[table].indicator, dict(zip(names, codes, strict=True))), place, period): value
            for place, period, *codes, value in rows
            # Of 2016 some months only were received: it is no year of the cubes.
            if value and period != "2016" and declared[table].exists(levels[place], period)
        }
        if theirs != ours[table]:
            sys.exit(f"{table} : les comptes diffèrent.")
        total += len(theirs)
    return total


def new_project(folder: Path) -> Path:
    """An installation with the example."""
    from veille import versions
    from veille.project import Project

    for name in ("notebooks", "params", "requirements"):
        shutil.copytree(ROOT / name, folder / name)
    versions.ensure_example(Project(folder), print)
    versions.balances(versions.current(Project(folder), "example"))
    return folder


def part(folder: Path, source: str) -> tuple[Path, Path]:
    """Of a source of the example of a project: the file received last, and the folder of its canonical rows."""
    from veille import versions
    from veille.project import Project

    version = versions.current(Project(folder), "example")
    (snapshot,) = (s for s in version.snapshots if s.source == source)
    digest = versions._digest_of_part(snapshot, versions._digest_of_code(versions.CODE_OF_PARTS))
    return snapshot.files[0].path, version.project.part("example", source) / f"{snapshot.received}-{digest}"


def put_in(folder: Path, rows: int, made: Path) -> None:
    """The invented incidents in the place of those of the example: a file received of their size, and their canonical rows.

    The file is never read, but for its sha256: zeros do.
    """
    from veille.digests import sha256

    received, before = part(folder, "kobo_incidents")
    papers = received.parent / "source.yml"
    told, was = papers.read_text(encoding="utf-8"), sha256(received)
    received.write_bytes(b"")
    os.truncate(received, rows * BYTES)
    papers.write_text(told.replace(was, sha256(received)), encoding="utf-8")
    _, target = part(folder, "kobo_incidents")
    os.replace(before, target)
    for name in ("incidents", "incident_services"):
        os.replace(made / f"{name}.parquet", target / f"{name}.parquet")


def compare(times: int, folder: Path, rows: int) -> list[str]:
    """Both ways of counting, as a row of the page."""
    runs: dict[str, list[dict]] = {"script": [], "cubes": []}
    for _ in range(times):
        for step, of_step in runs.items():
            of_step.append(measured(step, folder))
    cells = check_same(folder)
    script, cubes = ([run["seconds"] for run in of_step] for of_step in runs.values())
    checks = statistics.median(run["checked"] for run in runs["cubes"])
    memory = max(run["mib"] for run in runs["cubes"])
    return [
        page.number(rows),
        page.number(cells),
        page.spread(script),
        f"{page.spread(cubes)}, dont contrôle {page.decimal(checks)} s",
        page.ratio(cubes, script),
        f"{memory:.0f} Mio",
    ]


def reports(times: int, projects: dict[int, Path]) -> list[list[str]]:
    """What the safe tables of each project cost, and then a report on them, as rows of the page."""
    data = {rows: measured("data", project) for rows, project in projects.items()}
    for project in projects.values():
        measured("report", project)  # what is noted once, and asked of the disk for the first time
    runs: dict[int, list[dict]] = {rows: [] for rows in projects}
    for _ in range(times):
        for rows, project in projects.items():
            runs[rows].append(measured("report", project))
    first = [run["seconds"] for run in next(iter(runs.values()))]
    out = []
    for rows, several in runs.items():
        whole = [run["seconds"] for run in several]
        hashing = statistics.median(run["hashing"] for run in several)
        out.append(
            [
                page.number(rows),
                f"{page.decimal(data[rows]['seconds'])} s, dont comptage {page.decimal(data[rows]['counting'])} s",
                f"{data[rows]['mib']:.0f} Mio",
                f"{page.spread(whole)}, dont sha256 des entrées {page.decimal(hashing)} s",
                page.ratio(whole, first),
            ]
        )
    return out


def main(times: int, sizes: tuple[int, ...]) -> None:
    """Measure, print, and write the section of the page."""
    from veille.places import memberships

    counted, projects = [], {}
    with tempfile.TemporaryDirectory(prefix="veille-bench-") as work:
        example = new_project(Path(work) / "example")
        coverage = part(example, "monitoring_coverage")[1] / "coverage.parquet"
        for rows in sizes:
            folder = Path(work) / str(rows)
            folder.mkdir()
            invent(folder, rows, coverage.as_posix())
            shutil.copy(coverage, folder)
            with duckdb.connect() as con:
                con.execute(
                    "COPY (SELECT r[1] AS place, r[2] AS level, r[3] AS edition, r[4] AS pcode FROM UNNEST(?) AS m(r))\n"
                    f"TO '{folder.as_posix()}/members.parquet'",
                    [[list(member) for member in memberships(ROOT / "params")]],
                )
            counted.append(compare(times, folder, rows))
            projects[rows] = shutil.copytree(example, Path(work) / f"project-{rows}")
            put_in(projects[rows], rows, folder)
        made = reports(times, projects)
    page.write(
        "cubes",
        [
            f"Commit {page.commit()}, {page.machine()}. {times} répétitions en alternance : médiane, et entre parenthèses la plus petite et la plus grande. Les deux lisent les mêmes fichiers Parquet, et chaque nombre est le même.",
            "",
            *page.table(
                ["incidents", "nombres égaux, autres que zéro", "un script DuckDB, une requête par table", "veille : contrôle des lignes, puis cubes", "rapport des médianes", "mémoire de veille"],
                counted,
            ),
            "",
            f"But à dix millions : 1,5 ×, moins de 2 Gio. Le rapport {'/'.join(REPORT)}, selon ce qui est derrière ses tables (but : 1,1 ×) ; « tables sûres » : une fois par version des données.",
            "",
            *page.table(["incidents", "tables sûres, une fois", "mémoire", "un rapport", "rapport des médianes"], made),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        STEPS[sys.argv[2]](Path(sys.argv[3]))
    else:
        given = [int(word) for word in sys.argv[1:]]
        main(given[0] if given else 5, tuple(given[1:]) or SIZES)
