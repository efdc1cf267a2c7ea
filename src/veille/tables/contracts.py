"""What each canonical table promises, written from its definition. Breaches are counted by rule, never quoted.

`check` judges a frame, `check_table` a table of DuckDB of any size: the same rules, the same counts, the same words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, NoReturn

import pandas as pd
import pandera.pandas as pa

from ..codes import code_list
from ..errors import BadData
from ..schemas.definitions import NUMBERS, Column, Rule, Table, tables

if TYPE_CHECKING:
    import duckdb

PEOPLE = ("women_people", "men_people", "girls_people", "boys_people")

Counts = dict[tuple[str, str], int]  # (column, rule) -> how many rows break it; "" for a rule of the whole row

ABSENT, UNKNOWN, ORDER, KIND = "colonne absente", "colonne inconnue", "colonnes dans un autre ordre", "autre type"
BLANK, UNLISTED, MISSHAPEN = "case vide", "valeur hors de la liste", "forme inattendue"
LOW, HIGH, REPEATED = "moins que le minimum", "plus que le maximum", "clé répétée"

# What stands in a text column of each type, and what is said where something else does.
_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
FORMS = {
    "month": (r"\d{4}-(0[1-9]|1[0-2])", "mois attendu, écrit AAAA-MM"),
    "quarter": (r"\d{4}-Q[1-4]", "trimestre attendu, écrit AAAA-Qn"),
    "date": (_DAY, "date attendue, écrite AAAA-MM-JJ"),
    # One form only, so that two of them compare as text.
    "datetime": (_DAY + r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\d", "date et heure attendues, écrites AAAA-MM-JJThh:mm:ss"),
}
_SQL_TYPES = {"int": ("BIGINT", "INTEGER"), "decimal": ("DOUBLE",), "yes_no": ("BOOLEAN",)}


# --- one definition -> one contract --------------------------------------------------------------------------------


def dtype(spec: Column) -> str:
    """The pandas type of a column: counts may be blank, a yes or no that is required may not; the rest is text."""
    if spec.type == "yes_no":
        return "bool" if spec.required else "boolean"
    return {"int": "Int64", "decimal": "float64"}.get(spec.type, "object")


def _fits(pattern: re.Pattern, values: pd.Series) -> pd.Series:
    """Whether each value is text of that form, whole: « $ » alone would let a line break through."""
    fit = {v: isinstance(v, str) and pattern.fullmatch(v) is not None for v in values.unique()}
    return values.map(fit).astype(bool)


def _several(codes: frozenset[str], values: pd.Series) -> pd.Series:
    """Whether each value is codes of the list, one space between them."""
    fit = {v: isinstance(v, str) and codes.issuperset(v.split(" ")) for v in values.unique()}
    return values.map(fit).astype(bool)


def _is_listed(codes: frozenset[str], values: pd.Series) -> pd.Series:
    """Whether each value is a code of the list."""
    return values.isin(codes)


def _text_rule(spec: Column) -> tuple[Callable[[pd.Series], pd.Series], str] | None:
    """What a text must be: a code of its list, the form of its type, its pattern; and what is said. Digits are 0 to 9."""
    if spec.type == "code":
        return partial(_is_listed, frozenset(code_list(spec.codes))), UNLISTED
    if spec.type == "codes":
        return partial(_several, frozenset(code_list(spec.codes))), UNLISTED
    form, said = FORMS.get(spec.type, (spec.pattern, MISSHAPEN))
    return (partial(_fits, re.compile(form, re.ASCII)), said) if form else None


def _text_checks(spec: Column) -> list[pa.Check]:
    rule = _text_rule(spec)
    return [pa.Check(rule[0], error=rule[1])] if rule else []


def _bounds(spec: Column) -> list[pa.Check]:
    # No clock here: `max: today` is a rule for the person who fills in a form, not for a file read years later.
    low = [] if spec.min is None else [pa.Check.ge(spec.min, error=LOW)]
    high = [pa.Check.le(spec.max, error=HIGH)] if isinstance(spec.max, int) else []
    return low + high


def keeps(rule: Rule, df: pd.DataFrame) -> pd.Series:
    """Whether each row keeps a rule; it is judged only where every limit, and one column of the sum, is given."""
    parts, limits = df[list(rule.sum)], df[list(rule.at_most)]
    judged = parts.notna().any(axis=1) & limits.notna().all(axis=1)
    # Days and months come one by one, and compare as text.
    total, limit = (
        side.iloc[:, 0][judged] if side.shape[1] == 1 else side[judged].sum(axis=1) for side in (parts, limits)
    )
    kept = pd.Series(True, index=df.index)
    kept[judged] = (total <= limit).astype(bool)
    return kept


def _is_alone(key: tuple[str, ...], df: pd.DataFrame) -> pd.Series:
    """Whether no other row has the key of this one; a key with a blank is counted as a blank only."""
    names = list(key)
    return ~(df.duplicated(names, keep=False) & df[names].notna().all(axis=1))


def _said_of(rule: Rule) -> str:
    return rule.message.fr.rstrip(". ")


def _said_of_key(table: Table) -> str:
    return f"{REPEATED} ({', '.join(table.key)})"


def _contract(table: Table) -> pa.DataFrameSchema:
    checks = [pa.Check(partial(keeps, rule), error=_said_of(rule)) for rule in table.rules]
    if table.key:
        checks.append(pa.Check(partial(_is_alone, table.key), error=_said_of_key(table)))
    columns = {
        name: pa.Column(
            dtype(spec),
            _bounds(spec) if spec.type in NUMBERS else _text_checks(spec),
            nullable=not spec.required,
        )
        for name, spec in table.kept.items()
    }
    return pa.DataFrameSchema(columns, checks=checks, strict=True, name=table.name)


class _Contracts(Mapping[str, pa.DataFrameSchema]):
    """The contract of every definition, by name, made when it is first asked for: a command needs a few of them."""

    def __init__(self) -> None:
        self._made: dict[str, pa.DataFrameSchema] = {}

    def __getitem__(self, name: str) -> pa.DataFrameSchema:
        if name not in self._made:
            self._made[name] = _contract(tables()[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(tables())

    def __len__(self) -> int:
        return len(tables())


CONTRACTS: Mapping[str, pa.DataFrameSchema] = _Contracts()


@cache
def _nothing(name: str) -> pd.DataFrame:
    return pd.DataFrame({c: pd.Series(dtype=dtype(spec)) for c, spec in tables()[name].kept.items()})


def empty(name: str) -> pd.DataFrame:
    """A canonical table without a row, which keeps its contract."""
    return _nothing(name).copy()


# --- judging -------------------------------------------------------------------------------------------------------


def _structure(table: Table, found: Mapping[str, str], accepted: Mapping[str, Iterable[str]]) -> Counts:
    """Columns that are missing, unknown, of another type or in another order; nothing else is judged before these."""
    faults: Counts = {(c, ABSENT): 1 for c in table.kept if c not in found}
    faults |= {(c, UNKNOWN): 1 for c in found if c not in table.kept}
    faults |= {(c, KIND): 1 for c, kind in found.items() if c in accepted and kind not in accepted[c]}
    if not faults and list(found) != list(table.kept):
        faults["", ORDER] = 1
    return faults


def _refuse(name: str, faults: Counts) -> NoReturn:
    broken = "; ".join(f"{column} {rule}".strip() + f" : {number}" for (column, rule), number in sorted(faults.items()))
    raise BadData(f"Table {name} : règle non tenue ({broken}).", "Corrigez le fichier reçu, ou signalez la règle.")


def check(name: str, df: pd.DataFrame) -> pd.DataFrame:
    """Return `df` if it keeps its contract; otherwise raise BadData with the number of rows per broken rule.

    Text columns are objects with None where nothing was given, whatever pandas made of them on the way.
    """
    texts = [c for c in df.columns if isinstance(df[c].dtype, pd.StringDtype) or df[c].dtype == object]
    df = df.assign(**{c: df[c].astype(object).where(df[c].notna(), None) for c in texts})
    table = tables()[name]
    found = {str(c): str(kind) for c, kind in df.dtypes.items()}
    if faults := _structure(table, found, {c: (dtype(spec),) for c, spec in table.kept.items()}):
        _refuse(name, faults)
    try:
        CONTRACTS[name].validate(df.reset_index(drop=True), lazy=True)  # failures are counted by row, once each
    except pa.errors.SchemaErrors as error:
        _refuse(name, _counts(error.failure_cases))
    return df


def _counts(cases: pd.DataFrame) -> Counts:
    """Pandera's failure cases as counts: a rule of the whole row fails once, whatever is listed per column."""
    whole = cases["schema_context"] == "DataFrameSchema"
    cases = cases.assign(
        column=cases["column"].where(~whole, ""), check=cases["check"].replace("not_nullable", BLANK)
    ).drop_duplicates(["column", "check", "index"])
    return {key: int(n) for key, n in cases.groupby(["column", "check"]).size().items()}


def _value(name: str, spec: Column) -> str:
    """A column in SQL, as pandas sees it: a number that is none is blank, sums do not overflow, an ENUM is its text."""
    if spec.type == "decimal":
        return f"nullif(\"{name}\", 'NaN'::DOUBLE)"
    return f'"{name}"::HUGEINT' if spec.type == "int" else f'"{name}"::VARCHAR'


def _broken_rule(rule: Rule, columns: Mapping[str, Column]) -> str:
    """The SQL that is true of the rows that break a rule, exactly where `keeps` is not."""
    parts, limits = ([_value(c, columns[c]) for c in side] for side in (rule.sum, rule.at_most))
    # One column stands alone: it may be a date. Limits that are blank make the comparison NULL, which is not counted.
    total = parts[0] if len(parts) == 1 else " + ".join(f"coalesce({p}, 0)" for p in parts)
    given = " OR ".join(f"{p} IS NOT NULL" for p in parts)
    return f"({given}) AND {total} > {' + '.join(limits)}"


def breaches(name: str) -> dict[str, str]:
    """Each rule of a canonical table, as it is said -> the SQL that is true of the rows that break it."""
    table = tables()[name]
    return {_said_of(rule): _broken_rule(rule, table.kept) for rule in table.rules}


def _broken_rows(table: Table) -> dict[tuple[str, str], str]:
    """(column, rule) -> the SQL that is true of the rows that break it: blanks, bounds, rules of the whole row."""
    out = {}
    for name, spec in table.kept.items():
        value = _value(name, spec) if spec.type == "decimal" else f'"{name}"'
        if spec.required:
            out[name, BLANK] = f"{value} IS NULL"
        if spec.min is not None:
            out[name, LOW] = f"{value} < {spec.min}"
        if isinstance(spec.max, int):
            out[name, HIGH] = f"{value} > {spec.max}"
    return out | {("", said): broken for said, broken in breaches(table.name).items()}


def _misfits(con: duckdb.DuckDBPyConnection, table: Table, quoted: str) -> Counts:
    """Rows whose text is not of its list or form. Each different text is judged once."""
    out: Counts = {}
    for name, spec in table.kept.items():
        rule = None if spec.type in NUMBERS else _text_rule(spec)
        if not rule:
            continue
        query = f'SELECT "{name}", count(*) FROM {quoted} WHERE "{name}" IS NOT NULL GROUP BY ALL'
        found = con.execute(query).fetchall()
        values = pd.Series([value for value, _ in found], dtype=object)
        fits, said = rule
        out[name, said] = sum(n for (_, n), is_kept in zip(found, fits(values), strict=True) if not is_kept)
    return out


def _repeated(con: duckdb.DuckDBPyConnection, table: Table, quoted: str) -> Counts:
    """Rows that share their key with another."""
    if not table.key:
        return {}
    names = [f'"{c}"' for c in table.key]
    given = " AND ".join(f"{c} IS NOT NULL" for c in names)
    groups = f"SELECT count(*) AS n FROM {quoted} WHERE {given} GROUP BY {', '.join(names)} HAVING n > 1"
    (number,) = con.execute(f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({groups})").fetchone()
    return {("", _said_of_key(table)): number}


def check_table(con: duckdb.DuckDBPyConnection, name: str, table: str) -> None:
    """Raise BadData, as `check` does, unless the table or view `table` of DuckDB keeps the contract `name`.

    Rows are counted where they are: only the different texts of a column come to Python, whatever the size.
    Text may be VARCHAR or ENUM, days and months are text, whole numbers BIGINT or INTEGER.
    """
    promised, quoted = tables()[name], '"' + table.replace('"', '""') + '"'
    found = {c: kind.partition("(")[0] for c, kind, *_ in con.execute(f"DESCRIBE {quoted}").fetchall()}
    accepted = {c: _SQL_TYPES.get(spec.type, ("VARCHAR", "ENUM")) for c, spec in promised.kept.items()}
    if faults := _structure(promised, found, accepted):
        _refuse(name, faults)
    broken = _broken_rows(promised)
    counts = con.execute(f"SELECT {', '.join(f'count_if({sql})' for sql in broken.values())} FROM {quoted}").fetchone()
    faults = dict(zip(broken, counts, strict=True))
    faults |= _misfits(con, promised, quoted) | _repeated(con, promised, quoted)
    if faults := {rule: number for rule, number in faults.items() if number}:
        _refuse(name, faults)
