"""Hostile files: what breaks, deceives or overloads whoever reads it, and what must become of each.

`KINDS` holds them by name. A kind writes a file from a seed and says what must happen to it: `Read`, with numbers that
were counted while the file was typed, or `Refused`, with the words, columns and rows that the refusal must name. Nothing
here asks the code under test what is right. Where the fault was put into a file, `control` is the same file without it.

Every invented value carries `MARK` (`PERSON` where it identifies somebody) or is the number `SECRET`: none may be printed.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import re
import socket
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random

import xlsxwriter
from incidents import DTM_ROW, GOOD_ROWS, fivew_row, kobo

MARK, PERSON, SECRET = "ZQX", "ZQXP", 7701377
RECEIVED = date(2017, 7, 5)

# (P-code, month or day) -> (rows, a number that any change of any count changes)
Counts = dict[tuple[str, str], tuple[int, int]]


@dataclass(frozen=True)
class Read:
    """Comes in right: what its canonical table must say, how many rows were read, which were refused and why."""

    counts: Counts
    rows: int
    refused: tuple[tuple[str, int], ...] = ()  # (words of the rule or column, number of the row)


@dataclass(frozen=True)
class Refused:
    """Does not come in: the words that the refusal says (one of several in a tuple) and the rows that it names."""

    says: tuple[str | tuple[str, ...], ...] = ()
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class Case:
    """One hostile file (or several), how it is received, and what must happen."""

    paths: tuple[Path, ...]
    source: str
    expected: Read | Refused | tuple[Read | Refused, ...]
    control: Case | None = None
    edition: str = ""
    meanwhile: Callable[[str], None] = lambda line: None  # what happens to the file while it is being received


KINDS: dict[str, Callable[[Random, Path], Case]] = {}


def kind(make: Callable[[Random, Path], Case]) -> Callable[[Random, Path], Case]:
    """Enter a kind under its name."""
    KINDS[make.__name__.replace("_", "-")] = make
    return make


# --- files that are right in every cell, and what they say ------------------------------------------------------

CERCLES = {  # name: region, P-code of 2015, P-code of 2021
    "Gao": ("Gao", "ML0701", "ML0703"),
    "Ansongo": ("Gao", "ML0702", "ML0701"),
    "Bourem": ("Gao", "ML0703", "ML0702"),
    "Kidal": ("Kidal", "ML0801", "ML0802"),
    "Abeïbara": ("Kidal", "ML0803", "ML0801"),
    "Tessalit": ("Kidal", "ML0804", "ML0803"),
    "Tin-Essako": ("Kidal", "ML0802", "ML0804"),
    "Tombouctou": ("Tombouctou", "ML0601", "ML0605"),
    "Diré": ("Tombouctou", "ML0602", "ML0601"),
    "Goundam": ("Tombouctou", "ML0603", "ML0602"),
    "Gourma-Rharous": ("Tombouctou", "ML0604", "ML0603"),
    "Niafunké": ("Tombouctou", "ML0605", "ML0604"),
    "Mopti": ("Mopti", "ML0501", "ML0506"),
    "Douentza": ("Mopti", "ML0506", "ML0504"),
    "Ténenkou": ("Mopti", "ML0508", "ML0507"),
}
ACCENTED = ("Abeïbara", "Diré", "Niafunké", "Ténenkou")
REGION_CODES = {"Gao": "ML07", "Kidal": "ML08", "Tombouctou": "ML06", "Mopti": "ML05"}
SHEETS = {"kobo_incidents": "Monitoring de protection", "dtm_stocks": "Stocks", "template_movements": "Données"}
# The columns that hold counts: the first one counts most in what `Counts` compares.
NUMBERS = {
    "kobo_incidents": tuple(f"victimes/{n}" for n in ("femmes", "hommes", "filles", "garcons", "tues", "blesses")),
    "monitoring_coverage": ("moniteurs", "communes_couvertes", "communes_suivies"),
    "dtm_stocks": ("Individus", "Ménages", "Femmes", "Hommes", "Filles", "Garçons"),
    "template_movements": ("Personnes", "Ménages", "Femmes", "Hommes", "Filles (moins de 18 ans)"),
    "amss_incidents": ("incidents",),
    "fivew": ("Total No. atteintes",),
    "alerts": (),
}
COLUMNS = {  # what the table calls these numbers, in the same order
    "kobo_incidents": ("incidents", "month", [f"{n}_people" for n in "women men girls boys killed injured".split()]),
    "monitoring_coverage": ("coverage", "month", ["monitors", "communes_covered", "communes_followed"]),
    "dtm_stocks": ("movements", "reference_date", ["people", "households", *(f"{n}_people" for n in "women men girls boys".split())]),
    "template_movements": ("movements", "reference_date", ["people", "households", "women_people", "men_people", "girls_people"]),
    "amss_incidents": ("incident_counts", "month", ["incidents"]),
    "fivew": ("activities", "start_date", []),
    "alerts": ("alerts", "month", []),
}  # fmt: skip
PLACES = {
    "kobo_incidents": "lieu/cercle",
    "monitoring_coverage": "cercle",
    "dtm_stocks": "Cercle",
    "template_movements": "Cercle, ou région",
    "amss_incidents": "cercle",
    "fivew": "Cercle",
    "alerts": "cercle",
}
DAYS = {
    "kobo_incidents": ("incident/date_incident", "incident/date_collecte"),
    "dtm_stocks": ("Date de référence",),
    "template_movements": ("Date de référence",),
    "fivew": ("Date début", "Date fin"),
    "alerts": ("emise_le", "suite_le"),
}
MONTHS = {"monitoring_coverage": "mois", "amss_incidents": "month"}
CODES = {
    "kobo_incidents": ("incident/type_incident", "incident/auteur_presume", "verification/statut_verification"),
    "dtm_stocks": ("Type de mouvement",),
    "template_movements": ("Type de mouvement",),
    "fivew": ("Cluster",),
    "alerts": ("nature", "verification"),
}
# Text that comes in or is read past: anything may stand there.
TEXTS = {
    "kobo_incidents": ("identification/id_incident", "recit/description", "lieu/localite"),
    "dtm_stocks": ("Round", "Source"),
    "fivew": ("Activités", "Project Title", "HRP"),
    "alerts": ("destinataire", "alerte_id"),
    "amss_incidents": ("report", "printed_in"),
    "monitoring_coverage": ("region",),
}
# Who sent a row: the quality report names them.
PARTNERS = {"fivew": "Organisation Accronyme", "kobo_incidents": "identification/organisation"}
KEYS = {"kobo_incidents": "_uuid", "fivew": "Organisation Accronyme", "alerts": "alerte_id"}
TAGS = {"fivew": True}
LIGHT = ("monitoring_coverage", "dtm_stocks", "alerts", "fivew", "template_movements")
ANY = (*LIGHT, *LIGHT, "amss_incidents", "kobo_incidents")  # forms take four times as long as tables


@dataclass
class Sheet:
    """One file that is right in every cell: `rows` as they are meant, `shown` where another text stands for a cell."""

    source: str
    rows: list[dict[str, object]]
    places: list[tuple[str, str]]  # of each row: P-code, month or day
    shown: dict[tuple[int, str], object] = field(default_factory=dict)
    edition: str = ""
    french_days: bool = False

    @property
    def header(self) -> list[str]:
        return list(self.rows[0])

    @property
    def first(self) -> int:
        """The number that Excel gives to the first row of data."""
        return 3 if self.source in TAGS else 2

    def at(self, row: int) -> int:
        return row + self.first

    def cell(self, row: int, column: str) -> object:
        return self.shown.get((row, column), self.rows[row].get(column))

    def grid(self) -> list[list[object]]:
        """Header, tags where the format wants them, rows."""
        tags = [[f"#tag{i}" for i in range(len(self.header))]] if self.source in TAGS else []
        return [self.header, *tags, *([self.cell(i, c) for c in self.header] for i in range(len(self.rows)))]

    def counts(self, without: Iterable[int] = ()) -> Counts:
        """What the canonical table must say of these rows."""
        out: Counts = {}
        for i, (row, place) in enumerate(zip(self.rows, self.places, strict=True)):
            if i not in set(without):
                worth = sum(
                    (row[c] or 0) * 1000**k for k, c in enumerate(NUMBERS[self.source]) if COLUMNS[self.source][2]
                )
                rows, number = out.get(place, (0, 0))
                out[place] = (rows + 1, number + worth)
        return out

    def read(self, without: Iterable[int] = (), refused: tuple[tuple[str, int], ...] = (), more: int = 0) -> Read:
        """What must happen when everything comes in but the rows `without`; `more` rows of the file are no rows of ours."""
        return Read(self.counts(without), len(self.rows) + more, refused)

    def text(self, value: object) -> str:
        if isinstance(value, datetime):
            return value.isoformat(sep=" ")
        if isinstance(value, date):
            return value.strftime("%d/%m/%Y") if self.french_days else value.isoformat()
        return "" if value is None else str(value)

    def lines(self, delimiter: str = ";", end: str = "\n") -> list[str]:
        """The lines of a CSV file, with their ends."""
        out = []
        for row in self.grid():
            line = io.StringIO()
            csv.writer(line, delimiter=delimiter, lineterminator=end).writerow([self.text(v) for v in row])
            out.append(line.getvalue())
        return out

    def csv(self, path: Path, *, delimiter: str = ";", end: str = "\n", encoding: str = "utf-8") -> Path:
        path.write_bytes("".join(self.lines(delimiter, end)).encode(encoding))
        return path

    def xlsx(self, path: Path, change: Callable | None = None, **options: object) -> Path:
        """A workbook; `change(book, page)` is called before it is closed."""
        default = {"strings_to_urls": False, "strings_to_numbers": False, "strings_to_formulas": False}
        book = xlsxwriter.Workbook(str(path), default | {"default_date_format": "dd/mm/yyyy"} | options)
        page = book.add_worksheet(SHEETS.get(self.source, "Feuil1"))
        for r, row in enumerate(self.grid()):
            for c, value in enumerate(row):
                if value is not None:
                    page.write(r, c, value)
        if change:
            change(book, page)
        book.close()
        return path

    def write(self, rng: Random, folder: Path, name: str = "export") -> Path:
        """CSV or XLSX, as its senders may send it."""
        path = new(folder)
        return self.csv(path / f"{name}.csv") if rng.random() < 0.5 else self.xlsx(path / f"{name}.xlsx")

    def good(self, rng: Random, folder: Path) -> Case:
        """The control: this file with nothing wrong in it."""
        right = replace(self, shown={})
        return Case((right.write(rng, folder),), self.source, right.read(), edition=self.edition)


def new(folder: Path) -> Path:
    """A folder of its own, so that every file may have the name that it likes."""
    path = folder / f"f{len(list(folder.iterdir()))}"
    path.mkdir()
    return path


def _kobo(rng: Random, n: int, name: str, day: date, edition: str) -> dict[str, object]:
    women, men, girls, boys = (rng.randint(1, 4) for _ in range(4))
    return kobo(
        organisation="ONG fictive",
        deviceid=f"{PERSON}-appareil",
        localite=f"{PERSON} localité",
        description=f"{PERSON} récit",
        source_information=f"{PERSON} source",
        _submitted_by=f"{PERSON}_compte",
        region=CERCLES[name][0],
        cercle=name,
        date_incident=day,
        date_collecte=day,
        type_incident=rng.choice(["vol", "viol", "menace", "torture"]),
        femmes=women,
        hommes=men,
        filles=girls,
        garcons=boys,
        tues=rng.randint(0, 1),
        blesses=rng.randint(0, 1),
        _uuid=f"{MARK.lower()}-{n:04}-{rng.getrandbits(32):08x}",
        id_incident=f"{MARK}-{n}",
        _submission_time="2017-06-30T10:00:00",
        _id=n + 1,
        _index=n + 1,
    ) | {"start": f"{day}T08:00:00.000", "end": f"{day}T08:30:00.000"}


def _coverage(rng: Random, n: int, name: str, day: date, edition: str) -> dict[str, object]:
    followed = rng.randint(3, 9)
    return dict(GOOD_ROWS["monitoring_coverage"]) | {
        "mois": f"{day:%Y-%m}",
        "region": CERCLES[name][0],
        "cercle": name,
        "communes_suivies": followed,
        "communes_couvertes": rng.randint(1, followed),
        "moniteurs": rng.randint(1, 30),
    }


def _dtm(rng: Random, n: int, name: str, day: date, edition: str) -> dict[str, object]:
    region, here, there = CERCLES[name]
    women, men, girls, boys = (rng.randint(1, 300) for _ in range(4))
    return dict(DTM_ROW) | {
        "Date de référence": day,
        "Round": f"{MARK} R{n}",
        "Région": region,
        "Code région": REGION_CODES[region],
        "Cercle": name,
        "Code cercle": there if edition == "cod2021" else here,
        "Ménages": rng.randint(1, 4),
        "Individus": women + men + girls + boys,
        "Femmes": women,
        "Hommes": men,
        "Filles": girls,
        "Garçons": boys,
        "Source": f"{MARK} source",
    }


def _movements(rng: Random, n: int, name: str, day: date, edition: str) -> dict[str, object]:
    women, men, girls = (rng.randint(1, 300) for _ in range(3))
    code = CERCLES[name][2 if edition == "cod2021" else 1]
    return {
        "Date de référence": day,
        "Édition des P-codes": edition or "cod2015",
        "Cercle, ou région": code,
        "Type de mouvement": "Déplacés internes",
        "Ménages": rng.randint(1, 3),
        "Personnes": women + men + girls,
        "Femmes": women,
        "Hommes": men,
        "Filles (moins de 18 ans)": girls,
        "Garçons (moins de 18 ans)": 0,
    }


def _fivew(rng: Random, n: int, name: str, day: date, edition: str) -> dict[str, object]:
    region, here, there = CERCLES[name]
    row = {
        "Organisation Accronyme": f"ORG-{n}",
        "admin1Pcod": REGION_CODES[region],
        "Region": region,
        "admin2Pcod": there if edition == "cod2021" else here,
        "Cercle": name,
        "admin3Pcod": "",
        "Cluster": rng.choice(["Protection", "Protection/VBG", "Protection/Enfance"]),
        "Date début": day,
        "Date fin": day + timedelta(rng.randint(1, 90)),
        "Activités": f"{MARK} activité",
        "Village": f"{PERSON} village",
        "Remarques": f"{PERSON} remarque",
        "Total No. atteintes": rng.randint(1, 900),
    }
    return fivew_row() | row


def _alerts(rng: Random, n: int, name: str, day: date, edition: str) -> dict[str, object]:
    row = {"alerte_id": f"{MARK}-{n}", "emise_le": day, "cercle": name, "destinataire": f"{MARK} destinataire"}
    nature = rng.choice(["incident", "mouvement", "risque"])
    return dict(GOOD_ROWS["alerts"]) | row | {"nature": nature, "suite_le": day + timedelta(1)}


_ROWS = {
    "kobo_incidents": _kobo,
    "monitoring_coverage": _coverage,
    "dtm_stocks": _dtm,
    "template_movements": _movements,
    "fivew": _fivew,
    "alerts": _alerts,
}


def sheet(rng: Random, *sources: str, rows: int = 0, names: tuple[str, ...] = (), edition: str = "") -> Sheet:
    """A file of one of these sources, right in every cell; its first rows lie in the cercles `names`."""
    source = rng.choice(sources or ANY)
    if source == "amss_incidents":
        return _amss(rng)
    total = rows or rng.randint(12, 20)
    days = [date(2016, 1, 1) + timedelta(rng.randint(0, 27)) for _ in range(total)]
    if source == "monitoring_coverage":
        edition = ""
    out = Sheet(source, [], [], edition=edition, french_days=rng.random() < 0.5)
    pairs = [(name, month) for month in range(12) for name in CERCLES]
    rng.shuffle(pairs)
    for name in reversed(names):
        found = next(p for p in pairs if p[0] == name)
        pairs.remove(found)
        pairs.insert(0, found)
    for n, (name, month) in enumerate(pairs[:total]):
        day = days[n].replace(month=month + 1)
        out.rows.append(_ROWS[source](rng, n, name, day, edition))
        code = CERCLES[name][2 if edition == "cod2021" else 1]
        by_month = COLUMNS[source][1] == "month"
        out.places.append((code, f"{day:%Y-%m}" if by_month else day.isoformat()))
    return out


def _amss(rng: Random) -> Sheet:
    """A printed table: its totals are those of its rows."""
    out = Sheet("amss_incidents", [], [])
    for month in rng.sample(range(1, 13), 2):
        names = rng.sample(list(CERCLES), 7)
        counts = {name: rng.randint(0, 60) for name in names}
        for name in names:
            region = sum(n for other, n in counts.items() if CERCLES[other][0] == CERCLES[name][0])
            row = {"month": f"2016-{month:02}", "report": f"{MARK} N°", "region": CERCLES[name][0], "cercle": name}
            row |= {"incidents": counts[name], "region_total": region, "grand_total": sum(counts.values())}
            out.rows.append(dict(GOOD_ROWS["amss_incidents"]) | row | {"printed_in": f"{MARK} rapport"})
            out.places.append((CERCLES[name][1], f"2016-{month:02}"))
    return out


def spoiled(rng: Random, folder: Path, faulty: Sheet, column: str, bad: Callable[[], object], rule: str) -> Case:
    """The same fault in one row, which is refused, or in more than a fifth of them, which refuse the file."""
    good = faulty.good(rng, folder)
    many = rng.random() < 0.3
    rows = sorted(rng.sample(range(len(faulty.rows)), len(faulty.rows) // 5 + 2 if many else 1))
    faulty.shown |= {(i, column): bad() for i in rows}
    numbers = tuple(faulty.at(i) for i in rows)
    expected = Refused((column, rule), numbers[:5]) if many else faulty.read(rows, ((rule, numbers[0]),))
    typed = any(isinstance(faulty.shown[i, column], bool | float | datetime | time) for i in rows)
    path = faulty.xlsx(new(folder) / "export.xlsx") if typed else faulty.write(rng, folder)
    return Case((path,), faulty.source, expected, good)


def parts(path: Path, **changes: Callable[[bytes], bytes] | bytes | None) -> Path:
    """Rewrite the parts of a workbook: `sheet1`, `workbook`, `strings`, `rels`; or any by its name."""
    names = {
        "sheet1": "xl/worksheets/sheet1.xml",
        "workbook": "xl/workbook.xml",
        "strings": "xl/sharedStrings.xml",
        "rels": "xl/_rels/workbook.xml.rels",
        "styles": "xl/styles.xml",
        "core": "docProps/core.xml",
    }
    with zipfile.ZipFile(path) as archive:
        content = {i.filename: archive.read(i) for i in archive.infolist()}
    for short, change in changes.items():
        name = names.get(short, short)
        if change is None:
            del content[name]
        else:
            content[name] = change(content[name]) if callable(change) else change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def swap(old: bytes, by: bytes) -> Callable[[bytes], bytes]:
    """A change of one place of a part, which must be there."""

    def change(data: bytes) -> bytes:
        assert old in data, old
        return data.replace(old, by, 1)

    return change


def append_rows(rows: bytes) -> Callable[[bytes], bytes]:
    return swap(b"</sheetData>", rows + b"</sheetData>")


def cell_of(data: bytes, reference: str) -> re.Match:
    found = re.search(rb'<c r="%s"[^>]*?(?:/>|>.*?</c>)' % reference.encode(), data)
    assert found, reference
    return found


def with_cell(reference: str, xml: bytes) -> Callable[[bytes], bytes]:
    """A change of the XML of one cell."""
    return lambda data: data.replace(cell_of(data, reference)[0], xml, 1)


def letters(column: int) -> str:
    return xlsxwriter.utility.xl_col_to_name(column)


# --- encodings --------------------------------------------------------------------------------------------------


@kind
def old_encodings(rng: Random, folder: Path) -> Case:
    one = sheet(rng, *LIGHT[:-1], "kobo_incidents", names=(rng.choice(ACCENTED),))
    codec = rng.choice(["latin-1", "cp1252", "mac_roman", "cp850", "cp437", "iso8859-15", "cp500"])
    path = one.csv(new(folder) / "export.csv", encoding=codec)
    return Case((path,), one.source, Refused(("UTF-8",)), one.good(rng, folder))


@kind
def utf_16_and_utf_32(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    codec = rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
    path = one.csv(new(folder) / "export.csv", encoding=codec)
    return Case((path,), one.source, Refused(("UTF-8",)), one.good(rng, folder))


@kind
def a_byte_order_mark(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    delimiter = rng.choice(";,\t")
    path = one.csv(new(folder) / "export.csv", delimiter=delimiter, end="\r\n", encoding="utf-8-sig")
    return Case((path,), one.source, one.read())


@kind
def bytes_that_are_no_text(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "alerts", "fivew", "kobo_incidents", "dtm_stocks")
    good = one.good(rng, folder)
    row, column = rng.randrange(len(one.rows)), rng.choice(TEXTS[one.source])
    if rng.random() < 0.5:  # beyond the first 64 KB, which is as far as a hasty look goes
        one.shown[0, TEXTS[one.source][0]] = MARK + "x" * 70_000
    one.shown[row, column] = f"{MARK}@@{MARK}"
    bad = rng.choice([b"\xed\xa0\x80", b"\xc0\xaf", b"\xff", b"\xf8\x88\x80\x80\x80", b"\xe9", b"\xc3"])
    path = one.csv(new(folder) / "export.csv")
    path.write_bytes(path.read_bytes().replace(b"@@", bad, 1))
    return Case((path,), one.source, Refused(("UTF-8",)), good)


@kind
def names_encoded_twice(rng: Random, folder: Path) -> Case:
    name = rng.choice(ACCENTED)
    twice = name.encode().decode("cp1252")
    if rng.random() < 0.5:
        one = sheet(rng, "alerts", "fivew", "kobo_incidents")
        return spoiled(rng, folder, one, TEXTS[one.source][0], lambda: f"{MARK} {twice}", "valeur refusée")
    one = sheet(rng, *LIGHT[:-1], "kobo_incidents", names=(name,))
    good = one.good(rng, folder)
    one.shown[0, PLACES[one.source]] = twice
    return Case((one.write(rng, folder),), one.source, Refused(("cercle inconnu",), (one.at(0),)), good)


@kind
def accents_in_two_pieces(rng: Random, folder: Path) -> Case:
    """Macs write é as e and an accent: the same word."""
    one = sheet(rng, names=(rng.choice(ACCENTED),))
    if rng.random() < 0.5:
        path = new(folder) / "export.csv"
        path.write_text(unicodedata.normalize("NFD", "".join(one.lines())), encoding="utf-8")
    else:
        for i, row in enumerate(one.rows):
            one.shown |= {(i, c): unicodedata.normalize("NFD", v) for c, v in row.items() if isinstance(v, str)}
        path = one.xlsx(new(folder) / "export.xlsx")
    return Case((path,), one.source, one.read())


@kind
def invisible_characters_around_cells(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    unseen = ["\u200b", "\ufeff", "\u00a0", "\u202f", "\u2007", " ", "\t", "\n", "\r\n"]
    for i in range(len(one.rows)):
        for column in (PLACES[one.source], *NUMBERS[one.source], *CODES.get(one.source, ())):
            if rng.random() < 0.4 and one.rows[i].get(column) not in (None, ""):
                one.shown[i, column] = f"{rng.choice(unseen)}{one.rows[i][column]}{rng.choice(unseen)}"
    return Case((one.write(rng, folder),), one.source, one.read())


@kind
def invisible_characters_inside_cells(rng: Random, folder: Path) -> Case:
    unseen = rng.choice(["\u200b", "\u200d", "\u200e", "\u200f", "\u202e", "\u00ad", "\ufeff", "\u2060"])
    one = sheet(rng, "dtm_stocks", "alerts", "fivew", "kobo_incidents")
    if rng.random() < 0.6:
        column = rng.choice(CODES[one.source])
        return spoiled(rng, folder, one, column, lambda: f"{MARK[0]}{unseen}{MARK}", "code inconnu")
    good = one.good(rng, folder)
    row, column = rng.randrange(len(one.rows)), PLACES[one.source]
    name = str(one.rows[row][column])
    cut = rng.randint(1, len(name) - 1)
    one.shown[row, column] = name[:cut] + unseen + name[cut:]
    return Case((one.write(rng, folder),), one.source, Refused(("inconnu",), (one.at(row),)), good)


@kind
def letters_and_digits_of_other_alphabets(rng: Random, folder: Path) -> Case:
    alike = str.maketrans({"a": "а", "o": "о", "e": "е", "i": "і", "c": "с", "p": "р", "s": "ѕ"})
    what = rng.choice(["place", "code", "count", "day"])
    digits = rng.choice(["٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９", "०१२३४५६७८९"])
    other = str.maketrans("0123456789", digits)
    if what == "place":
        one = sheet(rng)
        good = one.good(rng, folder)
        row, column = rng.randrange(len(one.rows)), PLACES[one.source]
        one.shown[row, column] = str(one.rows[row][column]).translate(alike | other)
        if one.source == "template_movements":  # a template refuses rows, not the file
            expected: Read | Refused = one.read([row], (("lieu inconnu", one.at(row)),))
        else:
            expected = Refused(("inconnu",), (one.at(row),))
        return Case((one.write(rng, folder),), one.source, expected, good)
    if what == "code":
        one = sheet(rng, "dtm_stocks", "alerts", "fivew", "kobo_incidents")
        column = CODES[one.source][0]
        return spoiled(rng, folder, one, column, lambda: "protection incident vol pdi"[rng.randint(0, 9) :].translate(alike), "code inconnu")  # fmt: skip
    if what == "day":
        one = sheet(rng, "dtm_stocks", "alerts", "fivew", "kobo_incidents")
        column = DAYS[one.source][0]
        return spoiled(rng, folder, one, column, lambda: "2016-08-01".translate(other), "valeur refusée")
    one = sheet(rng, "monitoring_coverage", "dtm_stocks", "fivew", "kobo_incidents")
    column = rng.choice(NUMBERS[one.source])
    return spoiled(rng, folder, one, column, lambda: str(SECRET).translate(other), "valeur refusée")


# --- the text file as such --------------------------------------------------------------------------------------


@kind
def separators(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    path = new(folder) / "export.csv"
    if rng.random() < 0.5:
        for i in range(len(one.rows)):
            for column in TEXTS.get(one.source, ())[-1:]:
                one.shown[i, column] = f"{MARK} un, deux ; trois | quatre\tcinq, {i}"
        return Case((one.csv(path, delimiter=rng.choice(";,\t|")),), one.source, one.read())
    one.csv(path, delimiter=rng.choice(":^~!\x1f"))
    return Case((path,), one.source, Refused(("l’en-tête attendu",)), good)


@kind
def quotes_and_line_ends_inside_cells(rng: Random, folder: Path) -> Case:
    """Rows keep the numbers that Excel shows, whatever stands in their cells."""
    one = sheet(rng, "alerts", "fivew", "kobo_incidents", "amss_incidents")
    for i in range(len(one.rows)):
        for column in TEXTS[one.source][:2]:
            if rng.random() < 0.5:
                ends = [rng.choice(["\n", "\r\n", "\n\n"]) for _ in range(3)]
                one.shown[i, column] = f'{MARK} "{i}"; a,{ends[0]}b"{ends[1]};"";{ends[2]}{rng.random()}'
    if one.source == "amss_incidents":
        return Case((one.csv(new(folder) / "export.csv"),), one.source, one.read())
    return spoiled(rng, folder, one, DAYS[one.source][0], lambda: f"{MARK}", "valeur refusée")


@kind
def line_ends(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    path = new(folder) / "export.csv"
    which = rng.choice(["\n", "\r\n", "\r", "mixed", "none at the end"])
    if which == "mixed":
        lines = one.lines()
        for i in rng.sample(range(len(lines)), 3):
            lines[i] = lines[i].replace("\n", rng.choice(["\r\n", "\r"]))
        path.write_bytes("".join(lines).encode())
        return Case((path,), one.source, (one.read(), Refused(("fins de ligne",))), one.good(rng, folder))
    one.csv(path, end="\n" if which == "none at the end" else which)
    if which == "none at the end":
        path.write_bytes(path.read_bytes().rstrip(b"\n"))
    return Case((path,), one.source, one.read())


@kind
def a_quote_that_is_not_closed(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    lines = one.lines()
    row = rng.randrange(one.first - 1, len(lines))
    cells = lines[row].split(";")
    column = rng.randrange(len(cells) - 1)
    cells[column] = '"' + (cells[column] or MARK)
    lines[row] = ";".join(cells)
    path = new(folder) / "export.csv"
    path.write_text("".join(lines), encoding="utf-8", newline="")
    return Case((path,), one.source, Refused(("guillemet",)), one.good(rng, folder))


@kind
def two_quotes_that_swallow_rows(rng: Random, folder: Path) -> Case:
    """A quote at the start of a cell and another rows below: everything between them is one cell, where rows vanish."""
    one = sheet(rng)
    free = [by for by in ";,\t|" if not any(by in one.text(cell) for row in one.grid() for cell in row)]
    by, end = rng.choice(free), rng.choice(["\n", "\n", "\r\n", "\r"])
    lines = [line.rstrip("\n").split(";") for line in one.lines()]
    at = rng.randrange(len(one.header))  # of a word, a number or a day: whatever stands in it, rows are gone
    first = rng.randrange(one.first - 1, len(lines) - 4)
    last = first + rng.randint(1, 3)
    lines[first][at] = '"' + lines[first][at]
    lines[last][at] += '"'
    path = new(folder) / "export.csv"
    path.write_text(end.join(by.join(line) for line in lines) + end, encoding="utf-8", newline="")
    expected = Refused(("guillemet", one.header[at], "lignes entières"), (first + 1,))
    return Case((path,), one.source, expected, one.good(rng, folder))


@kind
def a_file_cut_in_the_middle_of_a_row(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    lines = one.lines()
    kept = rng.randrange(one.first + 2, len(lines))
    last = lines[kept]
    cut = rng.randint(1, last.rstrip("\n").rindex(";"))
    path = new(folder) / "export.csv"
    path.write_text("".join(lines[:kept]) + last[:cut], encoding="utf-8", newline="")
    return Case((path,), one.source, Refused(("coupé",), (kept + 1,)), one.good(rng, folder))


@kind
def a_file_cut_at_the_end_of_a_row(rng: Random, folder: Path) -> Case:
    """Nothing in the file shows it: the balance says fewer rows, and the comparison with the last snapshot must shout."""
    one = sheet(rng, *LIGHT, "kobo_incidents")
    kept = rng.randint(5, len(one.rows) - 1)
    path = new(folder) / "export.csv"
    path.write_text("".join(one.lines()[: kept + one.first - 1]), encoding="utf-8", newline="")
    return Case((path,), one.source, Read(one.counts(range(kept, len(one.rows))), kept))


@kind
def nul_bytes(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    path = one.csv(new(folder) / "export.csv")
    content = path.read_bytes()
    at = rng.randrange(len(content))
    path.write_bytes(content[:at] + b"\0" * rng.randint(1, 9) + content[at:])
    return Case((path,), one.source, Refused(("UTF-8",)), one.good(rng, folder))


@kind
def blank_lines_and_trailing_separators(rng: Random, folder: Path) -> Case:
    """Blank lines move the numbers of rows, and are no rows."""
    one = sheet(rng, "dtm_stocks", "alerts", "template_movements", "kobo_incidents")
    bad, column = rng.randrange(len(one.rows)), DAYS[one.source][0]
    one.shown[bad, column] = MARK
    lines, number, at = one.lines(), 0, {}
    more = ";" * rng.choice([0, 0, 1, 3])
    width = len(one.header)
    out = []
    for i, line in enumerate(lines):
        while i and rng.random() < 0.3:
            out.append(rng.choice(["", ";" * (width - 1) + more, " ;" * (width - 1) + " " + more]))
        at[i - 1] = len(out) + 1
        out.append(line.rstrip("\n") + more)
    assert number == 0
    path = new(folder) / "export.csv"
    path.write_text("\n".join(out) + "\n" * rng.randint(0, 3), encoding="utf-8", newline="")
    return Case((path,), one.source, one.read([bad], (("valeur refusée", at[bad]),)), one.good(rng, folder))


@kind
def rows_of_nothing_but_spaces(rng: Random, folder: Path) -> Case:
    one = sheet(rng, *LIGHT[:-1], "kobo_incidents")
    blank = {c: rng.choice([" ", "\u00a0", "\t", "\u202f ", "  "]) for c in one.header}
    grid = one.grid()
    for _ in range(rng.randint(1, 2)):
        grid.insert(rng.randrange(one.first, len(grid)), list(blank.values()))
    path = new(folder) / "export.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";", lineterminator="\n").writerows([one.text(v) for v in row] for row in grid)
    return Case((path,), one.source, one.read())


@kind
def nothing_inside(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    path = new(folder) / "export.csv"
    blank = ";" * (len(one.header) - 1) + "\n"
    heading = "".join(one.lines()[: one.first - 1]).encode()
    choices = [
        b"",
        b"\xef\xbb\xbf",
        b"\n\n\n",
        b" \n",
        blank.encode() * 3,
        heading,
        heading + blank.encode() * 4,
        b"\r\n",
    ]
    which = rng.randrange(len(choices) + 2)
    if which < len(choices):
        path.write_bytes(choices[which])
    else:
        path = path.with_suffix(".xlsx")
        empty = replace(one, rows=one.rows[:1])
        empty.xlsx(path)
        keep = (
            rb"<sheetData/>" if which == len(choices) else rb'<sheetData><row r="1"><c r="A1" s="0"/></row></sheetData>'
        )
        parts(path, sheet1=lambda data: re.sub(rb"<sheetData>.*</sheetData>", keep, data, flags=re.S))
    expected = Refused((("aucune ligne", "l’en-tête attendu", "la ligne HXL manque"),))
    return Case((path,), one.source, expected, one.good(rng, folder))


@kind
def cells_of_ten_megabytes(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "alerts", "fivew", "kobo_incidents", "dtm_stocks")
    good = one.good(rng, folder)
    row, column = rng.randrange(len(one.rows)), rng.choice(TEXTS[one.source])
    size = rng.choice([200_000, 2 * 2**20, 10 * 2**20])
    random = rng.random() < 0.5
    big = (MARK.encode() + rng.randbytes(size // 2).hex().encode()) if random else MARK.encode() * (size // 3)
    one.shown[row, column] = f"{MARK}@@"
    if rng.random() < 0.5:
        path = one.xlsx(new(folder) / "export.xlsx")
        reference = f"{letters(one.header.index(column))}{one.at(row)}"
        if rng.random() < 0.5:
            inline = b'<c r="%s" t="inlineStr"><is><t>%s</t></is></c>' % (reference.encode(), big)
            parts(path, sheet1=with_cell(reference, inline))
        else:
            parts(path, strings=swap(f"{MARK}@@".encode(), big))
        return Case((path,), one.source, Refused(("démesuré",)), good)
    path = one.csv(new(folder) / "export.csv")
    size = max(len(big), 2**20 + 1)
    big = (big * (size // len(big) + 1))[:size]
    quoted = rng.choice([b"", b'"'])
    path.write_bytes(path.read_bytes().replace(f"{MARK}@@".encode(), quoted + big + quoted, 1))
    return Case((path,), one.source, Refused(("démesurée",), (one.at(row),)), good)


@kind
def cells_beyond_the_header(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    row, far = rng.randrange(len(one.rows)), rng.choice([1, 3, 500, 9_000])
    if rng.random() < 0.5:
        path = new(folder) / "export.csv"
        lines = one.lines()
        lines[one.at(row) - 1] = lines[one.at(row) - 1].rstrip("\n") + ";" * far + MARK + "\n"
        path.write_text("".join(lines), encoding="utf-8", newline="")
    else:
        path = one.xlsx(new(folder) / "export.xlsx", lambda b, p: p.write(one.at(row) - 1, len(one.header) + far, MARK))
    return Case((path,), one.source, Refused(("dépassent l’en-tête",), (one.at(row),)), good)


@kind
def forty_thousand_columns(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    if rng.random() < 0.5:
        number = rng.choice([3_000, 40_000])
        name = rng.choice(["", "c"])
        path = new(folder) / "export.csv"
        extra = "".join(f";{name}{i if name else ''}" for i in range(number))
        lines = one.lines()
        lines[0] = lines[0].rstrip("\n") + extra + "\n"
        lines[1:] = [line.rstrip("\n") + ";" * number + "\n" for line in lines[1:]]
        path.write_text("".join(lines), encoding="utf-8", newline="")
        return Case((path,), one.source, Refused((f"{len(one.header) + number} colonnes",)), good)
    far = rng.randint(3_000, 16_383)
    path = one.xlsx(new(folder) / "export.xlsx", lambda b, p: p.write(0, far, "x"))
    return Case((path,), one.source, Refused((f"{far + 1} colonnes",)), good)


# --- the header and the rows that are none ----------------------------------------------------------------------


@kind
def lines_above_the_header(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    width = len(one.header)
    above = rng.choice(
        ["sep=;", "", f"{MARK} : situation au 30 juin", ";" * (width - 1), ";".join(["Communes"] * width)]
    )
    path = new(folder) / "export.csv"
    if rng.random() < 0.6:
        path.write_text("".join([above + "\n" * rng.randint(1, 2), *one.lines()]), encoding="utf-8", newline="")
    else:
        path = path.with_suffix(".xlsx")
        book = xlsxwriter.Workbook(str(path))
        page = book.add_worksheet(SHEETS.get(one.source, "Feuil1"))
        page.write(0, 0, above or " ")
        for r, row in enumerate(one.grid(), 1 + rng.randint(0, 2)):
            page.write_row(r, 0, [one.text(v) for v in row])
        book.close()
    expected = Refused((("l’en-tête attendu", "aucune ligne d’en-tête"),))
    return Case((path,), one.source, expected, one.good(rng, folder))


@kind
def a_total_under_the_rows(rng: Random, folder: Path) -> Case:
    one = sheet(rng, *LIGHT, "kobo_incidents")
    good = one.good(rng, folder)
    n = len(one.rows)
    sums = {c: sum(row[c] or 0 for row in one.rows) for c in NUMBERS[one.source]}
    label = rng.choice(["Total", "TOTAL", "Total général", "Ensemble", "Somme"])
    which = rng.choice(["in the first column", "nowhere", "as the place"])
    total = dict.fromkeys(one.header, None) | sums
    if which == "in the first column" or not sums:
        total[one.header[0]] = label
    elif which == "as the place":
        total = one.rows[-1] | sums | {PLACES[one.source]: label}
        if one.source in KEYS:
            total[KEYS[one.source]] = f"{MARK}-total"
    longer = replace(one, rows=[*one.rows, total], places=[*one.places, ("", "")])
    path = longer.write(rng, folder)
    if total[PLACES[one.source]] == label and one.source != "template_movements":
        return Case((path,), one.source, Refused(("cercle inconnu",), (longer.at(n),)), good)
    return Case((path,), one.source, longer.read([n], (("", longer.at(n)),)), good)


@kind
def the_header_again_among_the_rows(rng: Random, folder: Path) -> Case:
    """Two months pasted one under the other, each with its header."""
    one = sheet(rng, *LIGHT, "kobo_incidents")
    at = rng.randint(1, len(one.rows) - 1)
    again = {c: c for c in one.header}
    rows, places = list(one.rows), list(one.places)
    rows.insert(at, again)
    places.insert(at, ("", ""))
    longer = replace(one, rows=rows, places=places)
    path = longer.write(rng, folder)
    return Case((path,), one.source, longer.read([at], (("", longer.at(at)),)), one.good(rng, folder))


@kind
def columns_in_another_order_and_headers_with_stray_spaces(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    order = rng.sample(one.header, len(one.header))

    def stray(name: str) -> str:
        name = unicodedata.normalize(rng.choice(["NFC", "NFD"]), name)
        inside = rng.choice([" ", "  ", "\u00a0", "\n"])
        return rng.choice(["", " ", "\u00a0"]) + name.replace(" ", inside) + rng.choice(["", " ", "\u202f", "\t"])

    moved = replace(one, rows=[{c: row[c] for c in order} for row in one.rows])
    grid = moved.grid()
    grid[0] = [stray(name) for name in order]
    path = new(folder)
    if rng.random() < 0.5:
        path /= "export.csv"
        with open(path, "w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, delimiter=";", lineterminator="\n")
            out.writerows([moved.text(v) for v in row] for row in grid)
    else:
        path = moved.xlsx(path / "export.xlsx", lambda b, p: p.write_row(0, 0, grid[0]))
    return Case((path,), one.source, one.read())


@kind
def headers_missing_renamed_or_twice(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    header = list(one.header)
    needed = [c for c in (PLACES[one.source], *NUMBERS[one.source], *DAYS.get(one.source, ())) if c in header]
    column = rng.choice(needed)
    which = rng.choice(["capitals", "misspelt", "twice", "removed", "blank"])
    grid = one.grid()
    says: tuple[str | tuple[str, ...], ...] = (("colonne absente", "l’en-tête attendu"),)
    if which == "capitals":
        grid[0] = [name.upper() for name in header]
        if grid[0] == header:
            which = "misspelt"
    if which == "twice":
        for row in grid:
            row.append(row[header.index(column)])
        says = ("deux fois",)
    elif which == "removed":
        for row in grid:
            del row[header.index(column)]
    elif which in ("misspelt", "blank"):
        grid[0][header.index(column)] = "" if which == "blank" else column[:-1] + "ss"
    path = new(folder) / "export.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";", lineterminator="\n").writerows([one.text(v) for v in row] for row in grid)
    return Case((path,), one.source, Refused(says), good)


@kind
def columns_that_nobody_declared(rng: Random, folder: Path) -> Case:
    """They are refused by name; the name is short, and does nothing to the screen on which it is printed."""
    one = sheet(rng)
    good = one.good(rng, folder)
    names = ["telephone", "'); DROP TABLE rows; --", '"; DELETE', "=HYPERLINK(1)", "c0", "_odd", "row", "x" * 100_000]
    names += ["\x1b[2Jtelephone", "\x1b]0;x\x07", "tele\u202ephone", "nom\rfaux"]
    several = [f"colonne en trop {i}" for i in range(800)]
    extra = rng.choice([*([name] for name in names), several])
    grid = one.grid()
    grid[0] += extra
    for row in grid[1:]:
        row += [MARK] * len(extra)
    path = new(folder) / "export.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";", lineterminator="\n").writerows([one.text(v) for v in row] for row in grid)
    return Case((path,), one.source, Refused(("colonne non déclarée",)), good)


@kind
def hashtag_rows(rng: Random, folder: Path) -> Case:
    which = rng.choice(["optional", "missing", "where there is none", "twice"])
    if which == "missing":
        one = sheet(rng, "fivew")
        path = new(folder) / "export.csv"
        lines = one.lines()
        path.write_text("".join([lines[0], *lines[2:]]), encoding="utf-8")
        return Case((path,), one.source, Refused(("la ligne HXL manque",)), one.good(rng, folder))
    sources = {"optional": ("template_movements", "kobo_incidents"), "twice": ("fivew", "template_movements")}
    one = sheet(rng, *sources.get(which, ("monitoring_coverage", "dtm_stocks", "alerts")))
    grid = one.grid()
    tags = [f"#adm{i}+name" for i in range(len(one.header))]
    grid.insert(1, tags)
    if which == "twice" and one.source not in TAGS:
        grid.insert(1, tags)
    path = new(folder) / "export.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";", lineterminator="\n").writerows([one.text(v) for v in row] for row in grid)
    if which == "optional":
        return Case((path,), one.source, one.read())
    at = 2 if which == "where there is none" else 3
    return Case((path,), one.source, one.read(refused=(("", at),), more=1), one.good(rng, folder))


# --- values -----------------------------------------------------------------------------------------------------


@kind
def numbers_as_people_type_them(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "dtm_stocks", "template_movements", "monitoring_coverage", "kobo_incidents", "amss_incidents")
    for i, row in enumerate(one.rows):
        for column in NUMBERS[one.source]:
            n = int(row[column] or 0)
            parted = f"{n:,}".replace(",", rng.choice([" ", "\u00a0", "\u202f", "\u2009"]))
            one.shown[i, column] = rng.choice([parted, f"0{n}" if n < 10 else str(n), f"{n}.0", f" {n} ", f"{n}\u00a0"])
    if one.source == "dtm_stocks":
        big = rng.randrange(len(one.rows))
        one.rows[big]["Individus"] = 1_234_567
        one.shown[big, "Individus"] = "1" + rng.choice(" \u00a0\u202f") + "234" + rng.choice(" \u00a0\u202f") + "567"
    return Case((one.write(rng, folder),), one.source, one.read())


def _wrong_number(rng: Random, folder: Path, bad: list[object]) -> Case:
    one = sheet(rng, "monitoring_coverage", "dtm_stocks", "template_movements", "fivew", "kobo_incidents")
    return spoiled(rng, folder, one, rng.choice(NUMBERS[one.source]), lambda: rng.choice(bad), "valeur refusée")


@kind
def negative_and_fractional_counts(rng: Random, folder: Path) -> Case:
    texts = [f"-{SECRET}", f"−{SECRET}", f"({SECRET})", f"{SECRET},5", f"{SECRET}.25", f"{SECRET} ½", "¼", "0,5"]
    return _wrong_number(rng, folder, rng.choice([texts, [-float(SECRET), SECRET + 0.5, 1 / 3]]))


@kind
def numbers_in_other_forms(rng: Random, folder: Path) -> Case:
    texts = [
        f"{SECRET}%",
        "12 %",
        "1e3",
        "1E+05",
        "0x1F",
        "7.701.377",
        "7,701,377",
        "1'234",
        "'12",
        "1_000",
        "12 34",
        "1 23",
    ]
    texts += [
        f"{SECRET} personnes",
        f"~{SECRET}",
        f"<{SECRET}",
        f"{SECRET}+",
        f"+{SECRET}",
        "10-20",
        "5/7",
        "douze",
        "1 000 0",
    ]
    texts += [f"{MARK}", "n.d.", "?", "-", "oui", "∞", "NaN", "inf", "1.000", "12.000.000", "XII", "5 (dont 2 enfants)"]
    return _wrong_number(rng, folder, texts)


@kind
def numbers_beyond_reason(rng: Random, folder: Path) -> Case:
    texts = ["1" + "0" * n for n in (15, 18, 19, 30, 400)] + [
        "9" * 16,
        "9 999 999 999 999 999 999",
        "18446744073709551616",
    ]
    return _wrong_number(rng, folder, rng.choice([texts, [1e15, 1e18, 1e300, 1.7e308]]))


@kind
def true_and_false_as_counts(rng: Random, folder: Path) -> Case:
    return _wrong_number(rng, folder, rng.choice([[True], [False], ["VRAI", "FAUX", "true", "oui"]]))


@kind
def dates_and_hours_as_counts(rng: Random, folder: Path) -> Case:
    return _wrong_number(rng, folder, [datetime(2016, 5, rng.randint(1, 28)), time(10, 30), datetime(1905, 1, 1)])


@kind
def words_for_nothing(rng: Random, folder: Path) -> Case:
    """`NA` is a word where words stand, and no number, no day, no place."""
    word = rng.choice(["NA", "N/A", "null", "None", "NaN", "nan", "NULL", "n/a", "#N/A N/A", "<NA>"])
    which = rng.choice(["text", "number", "day", "place"])
    if which == "text":
        one = sheet(rng, "fivew", "alerts", "kobo_incidents")
        row = rng.randrange(len(one.rows))
        one.shown[row, TEXTS[one.source][0]] = word
        return Case((one.write(rng, folder),), one.source, one.read())
    if which == "number":
        return _wrong_number(rng, folder, [word])
    one = sheet(rng, "dtm_stocks", "alerts", "fivew", "kobo_incidents")
    if which == "day":
        return spoiled(rng, folder, one, DAYS[one.source][0], lambda: word, "valeur refusée")
    good = one.good(rng, folder)
    row = rng.randrange(len(one.rows))
    one.shown[row, PLACES[one.source]] = word
    return Case((one.write(rng, folder),), one.source, Refused(("cercle inconnu",), (one.at(row),)), good)


@kind
def days_typed_as_excel_dates(rng: Random, folder: Path) -> Case:
    """In either calendar: Excel for Mac counted from 1904."""
    one = sheet(rng, *DAYS)
    path = one.xlsx(new(folder) / "export.xlsx", date_1904=rng.random() < 0.5)
    return Case((path,), one.source, one.read())


@kind
def days_in_french_order(rng: Random, folder: Path) -> Case:
    """03/04 is the third of April."""
    one = sheet(rng, *DAYS)
    one.french_days = True
    for i in range(len(one.rows)):
        for column in DAYS[one.source]:
            one.shown[i, column] = one.rows[i][column].strftime("%d/%m/%Y")
    if rng.random() < 0.5:
        column = DAYS[one.source][0]
        return spoiled(rng, folder, one, column, lambda: f"{rng.randint(1, 12):02}/{rng.randint(13, 28)}/2016", "valeur refusée")  # fmt: skip
    return Case((one.write(rng, folder),), one.source, one.read())


@kind
def serial_numbers_for_days(rng: Random, folder: Path) -> Case:
    one = sheet(rng, *DAYS)
    number = rng.choice([42583, "42583", 42583.5, 40000, 41121, "41121", 20160801, "20160801", 1470009600])
    return spoiled(rng, folder, one, DAYS[one.source][0], lambda: number, "valeur refusée")


@kind
def days_and_months_that_are_not(rng: Random, folder: Path) -> Case:
    if rng.random() < 0.25:
        one = sheet(rng, "monitoring_coverage")
        bad = [
            "2016-13",
            "2016-00",
            "13/2016",
            "06-2016",
            "2016-6",
            "juin 2016",
            "2016-06-02",
            "2016/06",
            "2016",
            "06/16",
        ]
        return spoiled(rng, folder, one, "mois", lambda: rng.choice(bad), "valeur refusée")
    one = sheet(rng, *DAYS)
    bad = ["31/02/2016", "2016-02-30", "2016-13-01", "30/02/2016", "29/02/2015", "00/01/2016", "32/01/2016", "01/08/16"]
    bad += [
        "1 août 2016",
        "août 2016",
        "2016-08",
        "2016",
        "2016-08-01 10:30",
        "2016-08-01T23:59:59",
        "10:30",
        "01.08.2016",
    ]
    bad += [
        "01-08-2016",
        "2016/08/01",
        "1/8/2016",
        "le 01/08/2016",
        "01/08/2016 ?",
        "20160801T",
        "0000-00-00",
        "2016-W31-1",
    ]
    typed: list[object] = [datetime(2016, 8, 1, 10, 30), time(10, 30)]
    return spoiled(
        rng, folder, one, DAYS[one.source][0], lambda: rng.choice(rng.choice([bad, typed])), "valeur refusée"
    )


@kind
def days_of_another_century(rng: Random, folder: Path) -> Case:
    """A year mistyped, or 29/02/1900, which exists in Excel only: nothing was received about such days."""
    one = sheet(rng, *DAYS)
    column = DAYS[one.source][0]
    if rng.random() < 0.3:
        good = one.good(rng, folder)
        row, serial = rng.randrange(len(one.rows)), rng.choice([1, 59, 60, 61, 366])

        def change(book, page) -> None:
            style = book.add_format({"num_format": "dd/mm/yyyy"})
            page.write_number(one.at(row) - 1, one.header.index(column), serial, style)

        path = one.xlsx(new(folder) / "export.xlsx", change)
        return Case((path,), one.source, one.read([row], ((column, one.at(row)),)), good)
    bad = rng.choice(["1816-08-01", "0216-08-01", "0016-08-01", "01/08/1016", "1916-08-01"])
    return spoiled(rng, folder, one, column, lambda: bad, column)


@kind
def days_to_come(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "kobo_incidents", "dtm_stocks", "template_movements", "alerts", "monitoring_coverage")
    later = RECEIVED + timedelta(rng.choice([1, 30, 365, 30_000]))
    if one.source == "monitoring_coverage":
        return spoiled(
            rng, folder, one, "mois", lambda: f"{rng.randint(2018, 2099)}-01", "date postérieure à la réception"
        )
    column = rng.choice(DAYS[one.source])
    return spoiled(rng, folder, one, column, lambda: one.text(later), "date postérieure à la réception")


@kind
def an_end_before_its_start(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "fivew", "kobo_incidents", "alerts")
    end, rule = {
        "fivew": ("Date fin", "la fin précède le début"),
        "kobo_incidents": ("incident/date_collecte", "date de collecte antérieure à l’incident"),
        "alerts": ("suite_le", "la suite précède l’alerte"),
    }[one.source]
    good = one.good(rng, folder)
    row = rng.randrange(len(one.rows))
    start = one.rows[row][DAYS[one.source][0]]
    one.shown[row, end] = one.text(start - timedelta(rng.choice([1, 40, 400])))
    says = f"colonne {end} : {rule}"
    return Case((one.write(rng, folder),), one.source, one.read([row], ((says, one.at(row)),)), good)


@kind
def one_uuid_with_two_contents(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "kobo_incidents")
    good = one.good(rng, folder)
    first, second = sorted(rng.sample(range(len(one.rows)), 2))
    one.shown[second, "_uuid"] = one.rows[first]["_uuid"]
    rule = "même _uuid, contenus différents"
    expected = one.read([first, second], ((rule, one.at(first)), (rule, one.at(second))))
    return Case((one.write(rng, folder),), one.source, expected, good)


@kind
def one_form_sent_twice(rng: Random, folder: Path) -> Case:
    """The same row again, its identifiers in capitals or with spaces, in the same file or another one."""
    one = sheet(rng, "kobo_incidents")
    first = rng.randrange(len(one.rows))
    again = dict(one.rows[first]) | {"_id": 999, "_index": 999}
    again["_uuid"] = rng.choice([str.upper, lambda u: f" {u} ", lambda u: u + "\u200b", lambda u: u])(again["_uuid"])
    if rng.random() < 0.5:
        longer = replace(one, rows=[*one.rows, again], places=[*one.places, ("", "")])
        return Case((longer.write(rng, folder),), one.source, longer.read([len(one.rows)]))
    other = replace(one, rows=[again], places=[("", "")])
    paths = (one.write(rng, folder, "juin"), other.write(rng, folder, "juillet"))
    return Case(paths, one.source, Read(one.counts(), len(one.rows) + 1))


@kind
def formulas_and_commands_in_text(rng: Random, folder: Path) -> Case:
    """Words where words stand, whatever they would do elsewhere."""
    one = sheet(rng, "fivew", "alerts", "kobo_incidents", "amss_incidents")
    words = ['=HYPERLINK("http://x";"y")', "+33612345678", "@SUM(A1:A9)", "-1+1", "=cmd|' /C calc'!A0", "\t=1+1"]
    words += ["'); DROP TABLE rows; --", '" OR 1=1 --', "$(rm -rf /)", "`id`", "{{7*7}}", "${jndi:ldap://x}", "%s%s%n"]
    words += [
        "<script>alert(1)</script>",
        "\\copy x to 'y'",
        "../../etc/passwd",
        "NULL); --",
        "\x07\x1b[2J",
        "'",
        '"',
        "\\",
        ";;",
    ]
    for i in range(len(one.rows)):
        for column in TEXTS[one.source]:
            if rng.random() < 0.5:
                one.shown[i, column] = f"{rng.choice(words)}{MARK}{i}"
        if one.source in PARTNERS:
            one.shown[i, PARTNERS[one.source]] = f"{rng.choice(words)}{i}"
    path = one.csv(new(folder) / "export.csv") if rng.random() < 0.7 else one.xlsx(new(folder) / "export.xlsx")
    return Case((path,), one.source, one.read())


@kind
def formulas_and_commands_where_codes_stand(rng: Random, folder: Path) -> Case:
    words = ["=1+1", "'); DROP TABLE rows; --", "' OR '1'='1", "@SUM(A1)", "\\", "{{7*7}}", "'", "NULL"]
    one = sheet(rng, *CODES)
    if rng.random() < 0.5:
        column = rng.choice(CODES[one.source])
        return spoiled(rng, folder, one, column, lambda: f"{rng.choice(words)}{MARK}", "code inconnu")
    if one.source == "template_movements":
        return spoiled(rng, folder, one, PLACES[one.source], lambda: f"{rng.choice(words)}{MARK}", "lieu inconnu")
    good = one.good(rng, folder)
    row = rng.randrange(len(one.rows))
    one.shown[row, PLACES[one.source]] = f"{rng.choice(words)}{MARK}"
    return Case((one.write(rng, folder),), one.source, Refused(("cercle inconnu",), (one.at(row),)), good)


@kind
def unknown_codes(rng: Random, folder: Path) -> Case:
    one = sheet(rng, *CODES)
    words = [MARK, "autre chose", "1", "Vol Viol", "vol,viol", "VOL ?", "idp", "theft", "Protection / VBG", "oui"]
    column = rng.choice(CODES[one.source])
    return spoiled(rng, folder, one, column, lambda: rng.choice(words), "code inconnu")


@kind
def codes_of_the_other_edition(rng: Random, folder: Path) -> Case:
    """Both editions give the same code to different cercles: a code counts with its edition and the name beside it."""
    source, declared = rng.choice(["dtm_stocks", "fivew"]), rng.choice(["cod2015", "cod2021"])
    other = {"cod2015": "cod2021", "cod2021": "cod2015"}[declared]
    one = sheet(rng, source, edition=other)
    good = Case((one.write(rng, folder),), source, one.read(), edition=other)
    return Case((one.write(rng, folder),), source, Refused(("code du cercle", declared)), good, edition=declared)


@kind
def codes_of_their_own_edition(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "dtm_stocks", "fivew", "template_movements", edition=rng.choice(["cod2015", "cod2021"]))
    return Case((one.write(rng, folder),), one.source, one.read(), edition=one.edition)


@kind
def other_spellings_of_a_place(rng: Random, folder: Path) -> Case:
    also = {"Tin-Essako": "Tinessako", "Gourma-Rharous": "Rharous", "Tombouctou": "Timbuktu", "Tessalit": "Tessalite"}
    one = sheet(rng, *LIGHT[:-1], "kobo_incidents", "amss_incidents", names=("Tin-Essako", "Diré"))
    for i, row in enumerate(one.rows):
        name = str(row[PLACES[one.source]])
        bare = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
        ways = [
            name.upper(),
            name.lower(),
            bare,
            bare.upper(),
            name.replace("-", " "),
            f" {name}",
            also.get(name, name),
        ]
        one.shown[i, PLACES[one.source]] = rng.choice(ways)
    return Case((one.write(rng, folder),), one.source, one.read())


@kind
def a_region_that_is_not_the_cercle_s(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "dtm_stocks", "fivew", "kobo_incidents", "amss_incidents")
    column = {"dtm_stocks": "Région", "fivew": "Region", "kobo_incidents": "lieu/region", "amss_incidents": "region"}
    good = one.good(rng, folder)
    row = rng.randrange(len(one.rows))
    one.shown[row, column[one.source]] = "Kayes"
    return Case(
        (one.write(rng, folder),), one.source, Refused(("région n’est pas celle du cercle",), (one.at(row),)), good
    )


@kind
def sums_that_are_not_the_printed_total(rng: Random, folder: Path) -> Case:
    one = _amss(rng)
    good = one.good(rng, folder)
    row = rng.randrange(len(one.rows))
    column = rng.choice(["incidents", "region_total", "grand_total"])
    one.shown[row, column] = int(one.rows[row][column]) + rng.choice([1, 9, 100])
    return Case((one.write(rng, folder),), one.source, Refused(("n’est pas le total imprimé",)), good)


@kind
def the_same_place_and_month_twice(rng: Random, folder: Path) -> Case:
    """One of the two is wrong, and nobody can tell which."""
    one = sheet(rng, "monitoring_coverage", "dtm_stocks", "template_movements", "alerts")
    good = one.good(rng, folder)
    first, second = sorted(rng.sample(range(len(one.rows)), 2))
    again = dict(one.rows[first])
    for column in NUMBERS[one.source][:1]:
        again[column] = int(again[column]) + 1
    if one.source == "alerts":
        again = dict(one.rows[second]) | {"alerte_id": one.rows[first]["alerte_id"]}
    one.rows[second] = again
    numbers = (one.at(first), one.at(second))
    if one.source == "template_movements":
        rule = "même clé"
        return Case(
            (one.write(rng, folder),), one.source, one.read([first, second], tuple((rule, n) for n in numbers)), good
        )
    return Case((one.write(rng, folder),), one.source, Refused(("répété",), numbers), good)


# --- workbooks --------------------------------------------------------------------------------------------------


@kind
def hidden_sheets(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "monitoring_coverage", "dtm_stocks", "alerts", "kobo_incidents")
    state = rng.choice([b"hidden", b"veryHidden"])
    path = new(folder) / "export.xlsx"
    if rng.random() < 0.5:  # the data are hidden, something else is shown
        one.xlsx(path, lambda book, page: book.add_worksheet("Lisez-moi").write(0, 0, MARK))
        parts(path, workbook=swap(b'sheetId="1"', b'sheetId="1" state="%s"' % state))
        expected = Refused((("masquée", "l’en-tête attendu", "aucune ligne"),))
        return Case((path,), one.source, expected, one.good(rng, folder))
    other = sheet(rng, one.source).grid()

    def add(book, page) -> None:
        hidden = book.add_worksheet("Ancien")
        for r, row in enumerate(other):
            hidden.write_row(r, 0, [one.text(v) for v in row])

    one.xlsx(path, add)
    parts(path, workbook=swap(b'sheetId="2"', b'sheetId="2" state="%s"' % state))
    return Case((path,), one.source, one.read())


@kind
def several_sheets(rng: Random, folder: Path) -> Case:
    one = sheet(rng, "monitoring_coverage", "alerts", "kobo_incidents", "amss_incidents")
    good = one.good(rng, folder)

    def add(book, page) -> None:
        which = rng.choice(["data", "chart", "notes", "many"])
        if which == "chart":
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": [page.get_name(), 1, 1, 3, 1]})
            book.add_chartsheet("Graphique").set_chart(chart)
            return
        for n in range(200 if which == "many" else 1):
            name = rng.choice(["Feuil2", "Suite (2)", f"{'x' * 28}"]) if which != "many" else f"Feuille numéro {n}"
            book.add_worksheet(name).write_row(0, 0, one.header if which == "data" else [MARK])

    path = one.xlsx(new(folder) / "export.xlsx", add)
    return Case((path,), one.source, Refused((("feuilles visibles", "feuille non déclarée"),)), good)


@kind
def merged_cells(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    path = one.xlsx(new(folder) / "export.xlsx")
    row, column = rng.randint(1, len(one.rows)), rng.randrange(len(one.header) - 1)
    area = rng.choice([f"A1:{letters(column + 1)}1", f"{letters(column)}{row}:{letters(column)}{row + 1}", "A500:B500"])
    merged = b'<mergeCells count="1"><mergeCell ref="%s"/></mergeCells>' % area.encode()
    parts(path, sheet1=swap(b"</sheetData>", b"</sheetData>" + merged))
    if rng.random() < 0.3:
        prefixed(path)
    return Case((path,), one.source, Refused(("fusionnées",)), good)


def prefixed(path: Path) -> None:
    """The same sheet as some programs write it: every tag with a prefix."""

    def change(data: bytes) -> bytes:
        data = re.sub(rb"<(/?)(?=[a-zA-Z])", rb"<\1x:", data)
        return data.replace(b'xmlns="', b'xmlns:x="', 1)

    parts(path, sheet1=change)


@kind
def formulas_without_a_result(rng: Random, folder: Path) -> Case:
    one = sheet(
        rng, "monitoring_coverage", "dtm_stocks", "fivew", "template_movements", "kobo_incidents", "amss_incidents"
    )
    good = one.good(rng, folder)
    row, column = rng.randrange(len(one.rows)), rng.choice(NUMBERS[one.source])
    c = one.header.index(column)
    reference = f"{letters(c)}{one.at(row)}"
    which = rng.choice(["computed by nobody", "no value", "empty value", "shared", "prefixed"])
    if which == "computed by nobody":  # a library wrote the formula, and 0 as its result
        path = one.xlsx(
            new(folder) / "export.xlsx", lambda book, page: page.write_formula(one.at(row) - 1, c, "=SUM(1,2)")
        )
        return Case((path,), one.source, Refused(("formules",)), good)
    path = one.xlsx(new(folder) / "export.xlsx")
    xml = {
        "no value": b"<f>1+1</f>",
        "empty value": rng.choice([b"<f>1+1</f><v></v>", b"<f>1+1</f><v/>", b"<f>1+1</f>\n<v />"]),
        "shared": b'<f t="shared" si="0"/>',
        "prefixed": b"<f>1+1</f>",
    }[which]
    parts(path, sheet1=with_cell(reference, b'<c r="%s">%s</c>' % (reference.encode(), xml)))
    if which == "prefixed":
        prefixed(path)
    return Case((path,), one.source, Refused(("formules",)), good)


@kind
def formulas_with_their_result_and_locked_sheets(rng: Random, folder: Path) -> Case:
    """What Excel computed counts, and a sheet protected against typing can be read."""
    one = sheet(rng, "monitoring_coverage", "dtm_stocks", "template_movements", "amss_incidents", "kobo_incidents")

    def change(book, page) -> None:
        for row in range(len(one.rows)):
            column = rng.choice(NUMBERS[one.source])
            value = one.rows[row][column] or 0
            page.write_formula(one.at(row) - 1, one.header.index(column), f"={value}*1", None, value)
        page.protect("motdepasse")
        page.write_comment(0, 0, MARK)
        page.freeze_panes(1, 0)
        page.autofilter(0, 0, len(one.rows), len(one.header) - 1)
        page.set_row(2, None, None, {"hidden": True})

    path = one.xlsx(new(folder) / "export.xlsx", change)
    parts(path, workbook=swap(b' fullCalcOnLoad="1"', b""))
    return Case((path,), one.source, one.read())


@kind
def error_cells(rng: Random, folder: Path) -> Case:
    """#N/A and its kin are no numbers, no days and no names."""
    one = sheet(rng, "monitoring_coverage", "dtm_stocks", "alerts", "fivew", "kobo_incidents")
    good = one.good(rng, folder)
    columns = [*NUMBERS[one.source], *DAYS.get(one.source, ()), PLACES[one.source], *CODES.get(one.source, ())]
    row, column = rng.randrange(len(one.rows)), rng.choice(columns)
    error = rng.choice(["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"])
    c = one.header.index(column)
    if rng.random() < 0.5:
        one.shown[row, column] = error
        path = one.write(rng, folder)
    else:
        path = one.xlsx(new(folder) / "export.xlsx")
        reference = f"{letters(c)}{one.at(row)}"
        formula = rng.choice([b"", b"<f>1/0</f>"])
        xml = b'<c r="%s" t="e">%s<v>%s</v></c>' % (reference.encode(), formula, error.encode())
        parts(path, sheet1=with_cell(reference, xml), workbook=swap(b' fullCalcOnLoad="1"', b""))
    rule = "code inconnu" if column in CODES.get(one.source, ()) else "valeur refusée"
    return Case((path,), one.source, one.read([row], ((rule, one.at(row)),)), good)


@kind
def locked_and_old_workbooks(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    path = one.xlsx(new(folder) / rng.choice(["export.xlsx", "export.xls", "export.csv"]))
    which = rng.choice(["ole", "encrypted entry"])
    if which == "ole":
        path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + rng.randbytes(rng.choice([16, 512, 20_000])))
        return Case((path,), one.source, Refused(("mot de passe",)), good)
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        start = content.index(signature) + at
        struct.pack_into("<H", content, start, struct.unpack_from("<H", content, start)[0] | 1)
    path.write_bytes(bytes(content))
    return Case((path,), one.source, Refused(("mot de passe",)), good)


@kind
def other_archives_and_workbooks(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    which = rng.choice(["ods", "xlsb", "docx", "csv in a zip", "empty zip"])
    path = new(folder) / f"export.{rng.choice(['ods', 'xlsx', 'csv', 'zip', which[:4].strip()])}"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if which == "ods":
            cells = "".join(
                "<table:table-row>"
                + "".join(f"<table:table-cell office:value-type='string'><text:p>{one.text(v)}</text:p></table:table-cell>" for v in row)
                + "</table:table-row>"
                for row in ([c.replace("<", "") for c in one.header], *one.grid()[1:])
            )  # fmt: skip
            spaces = " ".join(
                f"xmlns:{n}='urn:oasis:names:tc:opendocument:xmlns:{n}:1.0'" for n in ("office", "table", "text")
            )
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
            manifest = "<manifest:manifest xmlns:manifest='urn:oasis:names:tc:opendocument:xmlns:manifest:1.0'/>"
            archive.writestr("META-INF/manifest.xml", manifest)
            archive.writestr(
                "content.xml",
                f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name='Feuille1'>"
                f"{cells}</table:table></office:spreadsheet></office:body></office:document-content>",
            )
        elif which == "xlsb":
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("xl/workbook.bin", rng.randbytes(200))
        elif which == "docx":
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("word/document.xml", f"<w>{MARK}</w>")
        elif which == "csv in a zip":
            archive.writestr("export.csv", "".join(one.lines()))
    return Case((path,), one.source, Refused((("illisible", "UTF-8", "aucune ligne", "l’en-tête attendu"),)), good)


@kind
def truncated_and_broken_workbooks(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    path = one.xlsx(new(folder) / "export.xlsx")
    which = rng.choice(["cut", "bytes", "xml", "xml cut", "index", "no strings", "no sheet", "no rels", "no workbook"])
    content = path.read_bytes()
    if which == "cut":
        path.write_bytes(content[: rng.randrange(10, len(content) - 1)])
    elif which == "bytes":  # in the middle of the sheet's own bytes
        at = content.index(b"xl/worksheets/sheet1.xml") + 200
        path.write_bytes(content[:at] + rng.randbytes(40) + content[at + 40 :])
    elif which == "xml":
        parts(path, sheet1=swap(b"</row>", b"</rov>"))
        # Nothing is lost by it: who reads every row all the same is right.
        return Case((path,), one.source, (one.read(), Refused(("illisible",))), good)
    elif which == "xml cut":
        parts(path, sheet1=lambda data: data[: rng.randrange(data.index(b"<sheetData>"), len(data) - 30)])
    elif which == "index":
        parts(path, sheet1=lambda data: re.sub(rb't="s"><v>\d+</v>', b't="s"><v>999999</v>', data, count=1))
    else:
        name = {"no strings": "strings", "no sheet": "sheet1", "no rels": "rels", "no workbook": "workbook"}[which]
        parts(path, **{name: None})
    return Case((path,), one.source, Refused(("illisible",)), good)


@kind
def a_million_empty_rows(rng: Random, folder: Path) -> Case:
    """Formatted to its end, as Excel leaves a sheet: no row more than those that were typed."""
    one = sheet(rng, "monitoring_coverage", "alerts", "amss_incidents")
    path = one.xlsx(new(folder) / "export.xlsx")
    first = one.at(len(one.rows))
    row = rng.choice([b'<row r="%d"/>', b'<row r="%d" ht="15"/>', b'<row r="%d"><c r="A%d" s="0"/></row>'])
    last = rng.choice([60_000, 60_000, 60_000, 60_000, 300_000, 1_048_576])
    rows = b"".join(row % ((n,) * row.count(b"%d")) for n in range(first, last + 1))
    parts(path, sheet1=append_rows(rows))
    return Case((path,), one.source, one.read())


@kind
def a_cell_at_the_end_of_the_sheet(rng: Random, folder: Path) -> Case:
    """One cell far away makes a reader ask for memory for every place before it."""
    one = sheet(rng)
    good = one.good(rng, folder)
    path = one.xlsx(new(folder) / "export.xlsx")
    column, row = rng.choice(
        [("XFD", 1_048_576), ("A", 1_048_576), ("ZZ", 900_000), ("XFD", 30_000), ("A", 4_294_967_295), ("ZZZZZZZ", 40)]
    )
    reference = f"{column}{row}".encode()
    value = rng.choice([b"><v>7</v></c>", b' t="inlineStr"><is><t> </t></is></c>', b' t="str"><v>ZQX</v></c>'])
    how = rng.choice(["said", "said in other quotes", "not said"])
    cell = b'<c r="%s"' % reference + value
    if how == "said in other quotes":
        cell = b"<c r = '%s'" % reference + value
    elif how == "not said":
        cell = b"<c" + value
    lie = swap(b'<dimension ref="', b'<dimension ref="A1:B2" x="')
    parts(path, sheet1=append_rows(b'<row r="%d">%s</row>' % (row, cell)))
    if rng.random() < 0.3:
        parts(path, sheet1=lie)
    return Case((path,), one.source, Refused((("loin de toutes les autres", "illisible"),)), good)


def declare(path: Path, part: str, size: int) -> None:
    """Make an archive lie about the size of a part."""
    content = bytearray(path.read_bytes())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        length = struct.unpack_from("<H", content, at + 28)[0]
        if bytes(content[at + 46 : at + 46 + length]) == part.encode():
            struct.pack_into("<I", content, at + 24, size)
            struct.pack_into("<I", content, struct.unpack_from("<I", content, at + 42)[0] + 22, size)
        at += 4
    path.write_bytes(bytes(content))


@kind
def bombs(rng: Random, folder: Path) -> Case:
    """A few hundred kilobytes that unpack to hundreds of megabytes, whether or not the archive says so."""
    one = sheet(rng)
    good = one.good(rng, folder)
    path = one.xlsx(new(folder) / "export.xlsx")
    which = rng.choice(
        ["declared", "lying", "comment", "spaces", "one string", "strings", "picture", "entries", "rows"]
    )
    size = rng.choice([40, 90]) * 2**20
    filler = rng.choice([b"Z", b" ", b"0"]) * size
    if which == "declared":
        declare(path, "xl/worksheets/sheet1.xml", 512 * 2**20)
    elif which == "lying":
        parts(path, sheet1=lambda data: data + b"<!--" + filler + b"-->")
        declare(path, "xl/worksheets/sheet1.xml", rng.choice([1000, 20_000]))
    elif which == "comment":
        parts(path, sheet1=lambda data: data + b"<!--" + filler + b"-->")
    elif which == "spaces":
        parts(path, sheet1=append_rows(b" " * size))
    elif which == "one string":
        parts(path, strings=swap(b"</t>", filler + b"</t>"))
    elif which == "strings":
        parts(path, strings=swap(b"</sst>", b"<si><t>ZQX</t></si>" * (size // 19) + b"</sst>"))
    elif which == "picture":
        parts(path, **{"xl/media/image1.png": filler})
    elif which == "entries":
        parts(path, **{f"xl/media/{n}.png": b"x" for n in range(10_001)})
    else:
        parts(path, sheet1=append_rows(b"<row><c><v>7</v></c></row>" * (size // 26)))
    return Case((path,), one.source, Refused((("démesuré", "illisible"),)), good)


@kind
def declarations_of_entities(rng: Random, folder: Path) -> Case:
    """DOCTYPE and ENTITY, in any part, however far from its beginning."""
    one = sheet(rng)
    good = one.good(rng, folder)
    path = one.xlsx(new(folder) / "export.xlsx")
    laughs = b"".join(b'<!ENTITY l%d "%s">' % (i, (b"&l%d;" % (i - 1) if i else b"ha") * 10) for i in range(10))
    secret = b'<!ENTITY l9 SYSTEM "file:///etc/passwd">'
    declared = b"<!DOCTYPE x [" + rng.choice([laughs, secret, b'<!ENTITY % p SYSTEM "http://x/y"> %p;', b""]) + b"]>"
    padding = rng.choice([b"", b" " * 5_000, b"<!--" + b"x" * 600_000 + b"-->"])
    part = rng.choice(["sheet1", "workbook", "strings", "rels", "styles", "core"])
    parts(path, **{part: lambda data: data.replace(b"?>", b"?>" + padding + declared, 1)})
    if part in ("workbook", "rels"):
        end = {"workbook": b"</workbook>", "rels": b"</Relationships>"}[part]
        parts(path, **{part: swap(end, b"<x>&l9;</x>" + end)})
    return Case((path,), one.source, Refused((("déclaration interdite", "démesurée", "illisible"),)), good)


@kind
def tags_inside_tags(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    path = one.xlsx(new(folder) / "export.xlsx")
    depth = rng.choice([2_000, 100_000, 600_000])
    nested = b"<a>" * depth + b"</a>" * depth
    part, end = rng.choice(
        [
            ("sheet1", b"</worksheet>"),
            ("workbook", b"</workbook>"),
            ("rels", b"</Relationships>"),
            ("strings", b"</sst>"),
        ]
    )
    parts(path, **{part: swap(end, nested + end)})
    return Case((path,), one.source, (one.read(), Refused((("démesuré", "illisible"),))), one.good(rng, folder))


@kind
def macros_links_and_odd_archives(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    good = one.good(rng, folder)
    path = one.xlsx(new(folder) / "export.xlsx")
    which = rng.choice(["macros", "links", "twice", "absolute", "same sheet twice"])
    if which == "macros":
        parts(path, **{"xl/vbaProject.bin": rng.randbytes(100)})
        return Case((path,), one.source, Refused(("macros",)), good)
    if which == "links":
        parts(path, **{"xl/externalLinks/externalLink1.xml": b"<externalLink/>"})
        return Case((path,), one.source, Refused(("dépend d’un autre fichier",)), good)
    if which == "same sheet twice":
        name = re.search(rb'<sheet name="[^"]*"', zipfile.ZipFile(path).read("xl/workbook.xml"))[0]
        parts(path, workbook=swap(b"<sheets>", b"<sheets>" + name + b' sheetId="9" state="hidden" r:id="rId1"/>'))
        return Case((path,), one.source, Refused(("illisible",)), good)
    if which == "twice":
        with zipfile.ZipFile(path) as archive:
            data = archive.read("xl/worksheets/sheet1.xml")
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr("xl/worksheets/sheet1.xml", data.replace(b"<v>1</v>", b"<v>2</v>"))
        return Case((path,), one.source, Refused(("illisible",)), good)
    outside = {"/etc/zqx-dehors": b"x", "../../zqx-dehors": b"x", "..\\zqx-dehors": b"x", "C:\\zqx-dehors": b"x"}
    parts(path, **outside)
    return Case((path,), one.source, (one.read(), Refused(("illisible",))), good)


# --- the file as such -------------------------------------------------------------------------------------------


@kind
def wrong_extensions(rng: Random, folder: Path) -> Case:
    """A file is told by its bytes; a text that says it is a workbook is refused."""
    one = sheet(rng)
    if rng.random() < 0.5:
        name = rng.choice(
            ["export.csv", "export.txt", "export", "export.XLSX", "export.xls", "export.pdf", "export.xlsm"]
        )
        return Case((one.xlsx(new(folder) / "x").rename(folder / name),), one.source, one.read())
    if rng.random() < 0.5:
        name = rng.choice(
            ["export.txt", "export.dat", "export", "export.CSV", "export.tsv", "export.csv.gz", "x.zst", "e.parquet"]
        )
        return Case((one.csv(new(folder) / name),), one.source, one.read())
    path = one.csv(new(folder) / rng.choice(["export.xlsx", "export.xls", "EXPORT.XLSX", "export.xlsm"]))
    return Case((path,), one.source, Refused(("illisible",)), one.good(rng, folder))


@kind
def pages_pictures_and_packed_files(rng: Random, folder: Path) -> Case:
    one = sheet(rng)
    text = "".join(one.lines()).encode()
    html = f"<!DOCTYPE html><html><table><tr><td>{MARK}</td></tr></table></html>".encode()
    things = {
        "export.xls": rng.choice([html, b"<html>" + text, b'<?xml version="1.0"?><Workbook/>', b"\t\n <table>" + text]),
        "export.csv": rng.choice(
            [html, b"\xef\xbb\xbf" + html, b'{"detail": "ZQX"}', b"[]", b'<?xml version="1.0"?><x/>']
        ),
        "page.csv": b"<!-- ZQX -->" + html,
        "x.csv.gz": gzip.compress(text),
        "x.csv.bz2": bz2.compress(text),
        "x.csv.xz": lzma.compress(text),
        "x.pdf": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + text,
        "x.png": b"\x89PNG\r\n\x1a\n" + rng.randbytes(300),
        "x.csv": rng.randbytes(2000),
        "x.db": b"SQLite format 3\0" + bytes(100),
        "x.parquet": b"PAR1" + rng.randbytes(50) + b"PAR1",
    }
    name = rng.choice(list(things))
    path = new(folder) / name
    path.write_bytes(things[name])
    says = (("UTF-8", "tableau", "illisible", "l’en-tête attendu", "aucune ligne"),)
    return Case((path,), one.source, Refused(says), one.good(rng, folder))


NAMES = (
    "l'export d'avril",
    "export[1]",
    "a*b",
    "a?b",
    "export (1)",
    "été àé",
    "-rf",
    "'); DROP TABLE x; --",
    'a"b',
    "a;b",
    "x" * 180,
)
NAMES += (
    "mois=2017",
    " export ",
    "{0}",
    "%s",
    "a\nb",
    "a\x1b[31mb",
    "a\u202eb",
    "$HOME",
    "~",
    ".cache.csv",
    "a,b",
    "нет",
    "🙂",
    "#x",
)


@kind
def names_of_files(rng: Random, folder: Path) -> Case:
    """`export[1].csv` is the file of that name, and not the pattern that some reader sees in it."""
    one = sheet(rng, *LIGHT, "kobo_incidents")
    inside = new(folder) / rng.choice(["a", "l'été 2017", "mois=2017", "[x]", "a b"])
    inside.mkdir()
    name = rng.choice(NAMES)
    decoy = sheet(rng, one.source)
    for other in ("export1", "a1b", "axb"):
        decoy.csv(inside / f"{other}.csv")
    path = one.csv(inside / f"{name}.csv") if rng.random() < 0.7 else one.xlsx(inside / f"{name}.xlsx")
    return Case((path,), one.source, one.read())


@kind
def two_files_whose_names_meet(rng: Random, folder: Path) -> Case:
    """Stored side by side, neither takes the place of the other, nor of the papers."""
    which = rng.choice(["same stem", "case", "papers"])
    if which == "papers":
        one = sheet(rng, "monitoring_coverage", "alerts", "dtm_stocks")
        path = one.csv(new(folder) / rng.choice(["source.yml", ".gitignore", "SOURCE.YML"]))
        return Case((path,), one.source, (one.read(), Refused(("nom",))))
    one = sheet(rng, "kobo_incidents", rows=20)
    cut = rng.randint(5, 15)
    halves = (replace(one, rows=one.rows[:cut]), replace(one, rows=one.rows[cut:]))
    for half, start in zip(halves, (0, cut), strict=True):
        half.places = one.places[start : start + len(half.rows)]
    inside = new(folder)
    first = halves[0].csv(inside / "export.csv")
    second = halves[1].xlsx(inside / "export.xlsx") if which == "same stem" else halves[1].csv(inside / "EXPORT.csv")
    return Case((first, second), one.source, (Read(one.counts(), 20), Refused(("nom",))))


@kind
def what_is_no_file(rng: Random, folder: Path) -> Case:
    """Folders, pipes, devices, links to nowhere: said at once, and nobody waits for a pipe."""
    one = sheet(rng, *LIGHT)
    good = one.csv(new(folder) / "export.csv")
    path = new(folder) / "x.csv"
    which = rng.choice(["folder", "pipe", "device", "nowhere", "loop", "socket", "folder of pipes", "link", "absent"])
    if which in ("folder", "folder of pipes"):
        path.mkdir()
        if which == "folder of pipes":
            os.mkfifo(path / "y.csv")
    elif which == "pipe":
        os.mkfifo(path)
    elif which == "device":
        path.symlink_to(rng.choice(["/dev/zero", "/dev/tty", "/dev/null"]))
    elif which == "nowhere":
        path.symlink_to(path.parent / "absent.csv")
    elif which == "loop":
        path.symlink_to(path)
    elif which == "socket":
        here = os.getcwd()
        os.chdir(path.parent)  # the address of a socket is short
        try:
            socket.socket(socket.AF_UNIX).bind(path.name)
        finally:
            os.chdir(here)
    elif which == "link":
        path.symlink_to(good)
        return Case((path,), one.source, one.read())
    return Case((path,), one.source, Refused((("absent", "vide"),)), Case((good,), one.source, one.read()))


@kind
def files_that_go_or_change_meanwhile(rng: Random, folder: Path) -> Case:
    """What is stored is what was checked, or nothing is."""
    one = sheet(rng, *LIGHT, "kobo_incidents")
    path = one.write(rng, folder)
    good = one.good(rng, folder)
    step = rng.choice(["Lecture", "Dépôt", "Dépôt"])
    change = rng.choice(["gone", "changed", "longer"])
    before = path.read_bytes()

    def meanwhile(line: str) -> None:
        if line.startswith(step):
            if change == "gone":
                path.unlink()
            elif change == "longer":
                path.write_bytes(before + before.splitlines(keepends=True)[-1])
            else:
                path.write_bytes(before[: len(before) // 2])

    return Case((path,), one.source, (one.read(), Refused()), good, meanwhile=meanwhile)


@kind
def files_that_may_not_be_read(rng: Random, folder: Path) -> Case:
    one = sheet(rng, *LIGHT)
    path = one.write(rng, folder)
    good = one.good(rng, folder)
    if os.geteuid():
        path.chmod(0)
    else:  # root reads everything, but what the kernel keeps
        path.unlink()
        path.symlink_to(rng.choice(["/proc/self/mem", "/proc/sys/vm/compact_memory"]))
    return Case((path,), one.source, Refused(("lisible", "droits")), good)
