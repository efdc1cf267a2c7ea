"""`SafeNumber` and `SafeTables`: the only numbers that pages accept. They can be made only here.

A number comes into being when a cell has passed the rules (`protect`), or when a sealed folder written from such
cells is read back (`SafeTables.read`).
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal

from ..errors import BuildFailed
from ..formats import display
from ..indicators.registry import Difference, Share, declared

COLUMNS = ("key", "place", "period", "value", "unit", "status", "table", "query", "caveat")
STATUSES = ("verified", "unverified", "mixed", "not_received", "not_published")
PACKAGE = "datapackage.json"  # describes the tables for other tools; sealed like them, never read here
_HEAD = ",".join(COLUMNS).encode()
_SEAL = object()

Address = tuple[str, str, str]  # key, place, period
AUDIENCES: tuple[Literal["cluster", "public"], ...] = ("cluster", "public")


@dataclass(frozen=True, init=False)
class SafeNumber:
    """One number that may be printed for one audience.

    `value` is a plain decimal, empty when it was not received or is not published; `status` is one of `STATUSES`.
    """

    key: str
    place: str
    period: str
    value: str
    unit: str
    status: str
    table: str
    query: str
    caveat: str

    def __init__(self, *, seal: object = None, **fields: str) -> None:
        # Before anything is set: a number that exists cannot be changed by a second call either.
        if seal is not _SEAL or set(fields) != set(COLUMNS):
            raise TypeError("SafeNumber is made by veille.disclosure only")
        for name in COLUMNS:
            object.__setattr__(self, name, fields[name])

    @property
    def address(self) -> str:
        """`key@place@period`: what an element of a page carries."""
        return f"{self.key}@{self.place}@{self.period}"

    @property
    def is_shown(self) -> bool:
        """Whether there is a value to print."""
        return self.value != ""

    def display(self, lang: str = "fr") -> str:
        """What a reader sees."""
        return display(self.value, self.unit, self.status, lang)


@dataclass(frozen=True)
class Fact:
    """What a ledger says of one number: at which release, printed with this value or with the sign of hidden ones (None).

    Release 0: printed by others before the ledger began.
    """

    address: Address
    value: int | None
    release: int = 1


def clear(**fields: str) -> SafeNumber:
    """A number that has passed the rules. Called by `protect` and `derive` only (tested)."""
    return SafeNumber(**fields, seal=_SEAL)


def _digest(meta: dict) -> str:
    """Over what a candidate says of itself: audience, nature and version cannot be swapped by hand."""
    return hashlib.sha256(json.dumps(meta, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _json(content: object) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _records(lines: Iterable[str]) -> Iterator[str]:
    """One text per record of a CSV file: a line, or several where a quoted text has line breaks.

    Raises ValueError for a quoted text that does not end.
    """
    begun = ""
    for line in lines:
        record = f"{begun}\n{line}" if begun else line
        begun = record if '"' in record and record.count('"') % 2 else ""
        if not begun:
            yield record
    if begun:
        raise ValueError


def _addressed(content: bytes, indicator: str = "") -> Iterator[tuple[Address, str]]:
    """The lines of a table, each with its address. Raises BuildFailed for what `write` has not written.

    Also where a line is not of the indicator, if one is given: it would not be found where its key says it stands.
    """
    try:
        *lines, end = content.decode("utf-8").split("\n")
        if end:
            raise ValueError
        plain, broken = f"{indicator},", f"{indicator}."
        for line in _records(lines) if b'"' in content else lines:
            key, place, period, _ = line.split(",", 3)  # an address needs no quotes
            if indicator and not line.startswith((plain, broken)):
                raise ValueError
            yield (key, place, period), line
    except ValueError:
        raise _changed() from None


def _indicator(key: str) -> str:
    """What a key begins with; all keys of a table begin the same."""
    return key.partition(".")[0]


def _changed() -> BuildFailed:
    return BuildFailed("Les tables sûres manquent ou ont été modifiées.", "Refaites-les : veille data.")


class SafeTables:
    """All safe numbers of one data version and audience, by (key, place, period)."""

    def __init__(self, numbers: Iterable[SafeNumber], meta: dict, records: dict[str, list[dict]]) -> None:
        # By the indicator of their keys. Of a folder that is read, the files of an indicator wait until somebody asks for
        # it, and a number is a line of text until then: a page asks for a few of many.
        self._numbers: dict[str, dict[Address, SafeNumber | str]] = {}
        self._by_table: dict[str, list[Address]] = {}
        self._waiting: dict[str, dict[str, bytes]] = {}  # by indicator, the lines of each of its tables
        self.meta, self.records = meta, records
        for n in numbers:
            address = n.key, n.place, n.period
            self._numbers.setdefault(_indicator(n.key), {})[address] = n
            self._by_table.setdefault(n.table, []).append(address)

    def _of(self, indicator: str) -> dict[Address, SafeNumber | str]:
        """The numbers of an indicator, by address."""
        if indicator in self._waiting:
            found = {table: dict(_addressed(lines, indicator)) for table, lines in self._waiting[indicator].items()}
            for table, numbers in found.items():
                self._numbers[indicator] |= numbers
                self._by_table[table] = list(numbers)
            del self._waiting[indicator]  # last: what cannot be read is refused each time it is asked for
        return self._numbers.get(indicator, {})

    def _keep(self, table: str, lines: bytes) -> None:
        """A table of a folder. Its lines are sorted: where the first and the last are of one indicator, all are.

        With quotes, what looks like a line may be the end of a caveat.
        """
        first, last = (_indicator(line.split(b",", 1)[0].decode()) for line in (lines, lines[:-1].rpartition(b"\n")[2]))
        if first == last and b'"' not in lines:
            self._numbers.setdefault(first, {})
            self._waiting.setdefault(first, {})[table] = lines
            return
        for address, line in _addressed(lines):
            self._numbers.setdefault(_indicator(address[0]), {})[address] = line
            self._by_table.setdefault(table, []).append(address)

    def _number(self, address: Address) -> SafeNumber:
        numbers = self._of(_indicator(address[0]))
        found = numbers[address]
        if isinstance(found, str):
            try:
                (row,) = csv.reader([found])
                fields = dict(zip(COLUMNS, row, strict=True))
            except (ValueError, csv.Error):  # sealed, but not written by `write`
                raise _changed() from None
            numbers[address] = found = SafeNumber(**fields, seal=_SEAL)
        return found

    def __iter__(self) -> Iterator[SafeNumber]:
        return (self._number(address) for address in self.addresses())

    def __len__(self) -> int:
        return sum(len(self._of(indicator)) for indicator in self._numbers)

    def addresses(self) -> Iterator[Address]:
        """Where there are numbers, shown or not: one indicator after the other."""
        return chain.from_iterable(self._of(indicator) for indicator in list(self._numbers))

    def __repr__(self) -> str:
        return f"<SafeTables of {len(self)} numbers, version {self.meta.get('version', '?')}>"

    @cached_property
    def _periods(self) -> dict[str, dict[tuple[str, str], list[str]]]:
        """By indicator; filled as they are asked for."""
        return {}

    def is_received(self, key: str, period: str) -> bool:
        """Whether there is a number of a key and period, in whatever place."""
        return any((k, p) == (key, period) for k, _, p in self._of(_indicator(key)))

    def get(self, key: str, place: str, period: str) -> SafeNumber:
        """One number; a number that is not there was not received, and says so."""
        if (key, place, period) in self._of(_indicator(key)):
            return self._number((key, place, period))
        spec = declared(key)
        unit = "percent" if isinstance(spec, Share) else spec.unit if spec else ""
        name = spec.name if spec else ""
        caveat = "" if spec is None else spec.meaning if isinstance(spec, Share | Difference) else spec.caveat
        return SafeNumber(
            key=key,
            place=place,
            period=period,
            value="",
            unit=unit,
            status="not_received",
            table=name,
            query=name,
            caveat=caveat,
            seal=_SEAL,
        )

    def periods(self, key: str, place: str) -> list[str]:
        """The periods that a number exists for, oldest first."""
        indicator = _indicator(key)
        if indicator not in self._periods:
            of_key: dict[tuple[str, str], list[str]] = {}
            for k, where, period in self._of(indicator):
                of_key.setdefault((k, where), []).append(period)
            self._periods[indicator] = of_key
        return sorted(self._periods[indicator].get((key, place), []))

    def of_table(self, name: str) -> Iterator[SafeNumber]:
        """The numbers of one table."""
        for indicator in [i for i, tables in self._waiting.items() if name in tables]:
            self._of(indicator)
        return (self._number(address) for address in self._by_table.get(name, ()))

    def write(self, folder: Path, describe: Callable[[dict, dict[str, bytes]], dict] | None = None) -> None:
        """One CSV per table, the reviewed records as JSON, and `candidate.json` that seals them all.

        `describe` turns what the tables say of themselves and their bytes into a data package, written beside them.
        """
        (folder / "tables").mkdir(parents=True)
        by_table: dict[str, list[SafeNumber]] = {}
        for number in self:
            by_table.setdefault(number.table, []).append(number)
        written: dict[str, bytes] = {}
        for name in sorted(by_table):
            path = folder / "tables" / f"{name}.csv"
            with open(path, "w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(COLUMNS)
                for n in sorted(by_table[name], key=lambda n: (n.key, n.place, n.period)):
                    writer.writerow([getattr(n, c) for c in COLUMNS])
            written[f"tables/{name}.csv"] = path.read_bytes()
        documents = {"records.json": self.records}
        if describe and written:
            documents[PACKAGE] = describe(self.meta, dict(written))
        for name, content in documents.items():
            written[name] = _json(content)
            (folder / name).write_bytes(written[name])
        seals = {name: hashlib.sha256(content).hexdigest() for name, content in written.items()}
        meta = {**self.meta, "files": seals}
        meta["seal"] = _digest(meta)
        (folder / "candidate.json").write_bytes(_json(meta))

    @classmethod
    def read(cls, folder: Path) -> SafeTables:
        """A sealed folder. Raises BuildFailed when a file is missing or is not the one that was sealed."""
        try:
            meta = json.loads((folder / "candidate.json").read_text(encoding="utf-8"))
            if meta.pop("seal") != _digest(meta):
                raise ValueError
            read = cls((), meta, {})
            for name, seal in meta["files"].items():
                content = (folder / name).read_bytes()
                if hashlib.sha256(content).hexdigest() != seal:
                    raise ValueError
                if name == PACKAGE:
                    continue
                if name == "records.json":
                    read.records = json.loads(content)
                    continue
                head, lines = content.split(b"\n", 1)
                if head != _HEAD:
                    raise ValueError
                read._keep(Path(name).stem, lines)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise _changed() from None
        return read
