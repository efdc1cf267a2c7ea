"""What a page about a frame is given beside the safe tables of its data version: status, ratings, findings, evidence.

Numbers of people are never made here; what is counted are indicators, findings and editions of reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ..codes import code_list
from ..disclosure import given
from ..disclosure.rules import Rules
from ..disclosure.safe import SafeTables
from ..formats import display, plain
from ..periods import Period, kind_of, parse
from ..products import PRODUCTS, Product
from ..project import Project
from . import computed, decided, evidence, spans, values
from .decided import Decided, Register
from .frames import Frame, Indicator, Result, frame

Numbers = list
COUNTRY = given.PLACE


@dataclass(frozen=True)
class Asked:
    """One page about a frame: of a year (evaluation), of two months, or of a quarter of the workplan."""

    project: Project
    product: Product
    frame: Frame
    period: Period
    nature: str
    audience: str

    @property
    def span(self) -> str:
        """The span that the page is about, as keys name it."""
        return spans.span(*spans.two_months(self.period)) if self.period.kind == "month" else str(self.period)

    @property
    def to_date(self) -> str:
        """From January to the end of it."""
        return str(self.period) if self.period.kind == "year" else spans.span(*spans.to_date(self.period))

    @property
    def days(self) -> tuple[tuple[date, date], ...]:
        """The span, from January to its end, and the year: as days."""
        near = spans.two_months(self.period) if self.period.kind == "month" else (self.period.start, self.period.end)
        return near, spans.to_date(self.period), (date(self.period.year, 1, 1), date(self.period.year, 12, 31))


def frame_of(product: Product, period: Period) -> Frame:
    """The frame that a product speaks of for a kind of period."""
    return frame(product.frames[period.kind])


def is_joined(safe: SafeTables) -> bool:
    """Whether these safe tables are already those of a page about a frame."""
    return "frame" in safe.records


def has_values(safe: SafeTables, year: int, of: Frame) -> bool:
    """Whether a value of an indicator of the frame was received for a year."""
    ours = {given.address_of(i) for i in of.indicators.values()}
    return any(safe.is_received(key, str(year)) for key in ours)


def periods_with_values(safe: SafeTables, product: Product, kind: str) -> list[Period]:
    """The periods of one kind in the years of a frame of which a value was received."""
    spoken_of = frame(product.frames[kind])
    years = [Period(year, 1, 12) for year in spoken_of.years if has_values(safe, year, spoken_of)]
    if kind == "year":
        return years
    return [p for year in years for p in year.divisions()[("quarter", "month").index(kind)]]


def _editions(project: Project, nature: str, audience: str, safe: SafeTables) -> dict[str, list[Period]]:
    """The editions of each product that a released version holds, one per area; of the example, those it could make.

    Nothing released, nothing said: what was shared before veille is typed by people.
    """
    from ..disclosure import ledger

    tables: list[SafeTables] = [safe]
    if nature == "real":
        book = ledger.read(project, audience)
        tables = [SafeTables.read(project.releases(audience) / e.folder) for e in book.releases]
    out: dict[str, list[Period]] = {}
    for name in {product for product, _ in computed.FROM_EDITIONS.values()}:
        product = PRODUCTS[name]
        found = {
            (place, period)
            for some in tables
            for key, place, period in some.addresses()
            if key == product.lead and kind_of(period) in product.period_kinds and some.get(key, place, period).is_shown
        }
        areas = {"bulletin": ("gao", "mopti", "tombouctou", "kidal"), "gbvims": (COUNTRY,)}[name]
        out[name] = [parse(p) for area, p in sorted(found) if area in areas]
    return out


def _computed(asked: Asked, safe: SafeTables, rules: Rules) -> list:
    """Values that veille counts in editions, over the spans of the page."""
    if asked.frame.code != "strategy_2017":
        return []
    editions = _editions(asked.project, asked.nature, asked.audience, safe)
    named = zip((asked.span, asked.to_date, str(asked.period.year)), asked.days, strict=True)
    made = {
        (one.id, value.part, name): (one, name, value)
        for name, days in named
        for one, value in computed.of_editions(editions, *days)
    }
    rule = rules.datasets[given.PEOPLE]
    numbers = given.indicator_numbers(made.values(), rule, asked.audience, computed=True)
    typed = [safe.get(n.key, n.place, n.period) for n in numbers]
    return numbers + given.again([n for n in typed if n.is_shown], given.STEM, given.TYPED)


def _text(one: Indicator, value: Decimal | None) -> str:
    return "" if value is None else display(plain(value), given.UNITS[one.unit], "verified")


def _record(one: Indicator, said: Decided, safe: SafeTables, noted: dict, period: str) -> dict:
    """What stands beside the value of one indicator: of a year, or of its months so far."""
    number = safe.get(given.address_of(one), COUNTRY, period)
    value = Decimal(number.value) if number.is_shown else None
    rating = values.rating(value, said.target, one.unit)
    if number.status == "not_published":
        rating = ""  # hidden: neither « sans donnée » nor a rating, which would tell it
    elif one.unit == "category":
        rating = "no_target" if any(part for ident, part in noted if ident == one.id) else "no_data"
    notes = noted.get((one.id, ""), {})
    whole_year = kind_of(period) == "year"  # what is known of a year says more than its first months know
    return {
        "id": one.id,
        "baseline": _text(one, said.baseline),
        "baseline_source": said.baseline_source,
        "target": _text(one, said.target),
        "target_source": said.target_source,
        "status": said.status,
        "justification": said.justification,
        "rating": rating,
        "direction": notes.get("direction", "") if whole_year else "",
        "is_whole": notes.get("is_whole", True) or not whole_year,
        "is_verified": notes.get("is_verified", False),
        "has_regions": notes.get("has_regions", False),
        "proofs": [p for p in dict.fromkeys([said.proof, *notes.get("proofs", [])]) if p],
        "how": computed.HOW.get(one.id, "")
        if number.query == "computed" or "veille" in notes.get("proofs", [])
        else "",
        "parts": sorted({part for ident, part in noted if ident == one.id and part}),
    }


def _counts(frame_: Frame, records: dict[str, dict]) -> dict[str, int]:
    """How many indicators are in each state: in all, and by goal. A share of an indicator is not one of them."""
    out: dict[str, int] = {}
    for goal in (None, *frame_.goals):
        mine = [records[i.id] for i in (goal.indicators if goal else frame_.indicators.values()) if not i.of]
        head = f"goal={goal.id}." if goal else ""
        out[head.rstrip(".")] = len(mine)
        out[f"{head}has=value"] = sum(r["rating"] != "no_data" for r in mine)
        out[f"{head}has=target"] = sum(bool(r["target"]) for r in mine)
        for name, codes in (("status", "indicator_status"), ("rating", "rating")):
            for code in code_list(codes):
                out[f"{head}{name}={code}"] = sum(r[name] == code for r in mine)
    return out


def _late(result: Result, period: Period, records: dict[str, dict]) -> bool:
    """Whether a result was due by the end of a period and is not signed as done."""
    if not result.due or result.due > period.end.isoformat():
        return False
    return any(records[i.id]["status"] != "done" for i in result.indicators)


def _findings(register: Register, stood: Iterable[evidence.Stood]) -> tuple[list[dict], list[dict], dict[str, str]]:
    """Findings and their evidence as records, and the words in them that a page prints as they are."""
    words: dict[str, str] = {f"quoted:{text}": text for text in register.quoted}
    lines: list[dict] = []
    by_finding: dict[str, list[evidence.Stood]] = {}
    for s in stood:
        by_finding.setdefault(s.finding, []).append(s)
    out = []
    for f in register.findings:
        refs = []
        for n, s in enumerate(by_finding.get(f.id, ()), start=1):
            ref = f"{f.id}-{n}"
            shown = s.report.displays.get(s.cited.address, "") if s.report else "valeur à relire"
            line = {
                "ref": ref,
                "finding": f.id,
                "kind": "number",
                "state": s.state,
                "address": s.cited.address,
                "report": s.cited.report,
                "manifest": s.report.manifest[: evidence.SHORT] if s.report else s.cited.manifest,
                "version": s.report.version if s.report else s.cited.version,
            }
            lines.append(line)
            refs.append(ref)
            words |= {
                # Only what a report of this audience prints: what somebody typed may be hidden here.
                f"cited:{ref}": shown,
                f"report:{ref}": s.cited.report,
                f"manifest:{ref}": line["manifest"],
                f"version:{ref}": line["version"],
                f"address:{ref}": s.cited.address,
            }
        for n, source in enumerate(f.sources, start=len(refs) + 1):
            ref = f"{f.id}-{n}"
            lines.append({"ref": ref, "finding": f.id, "kind": "source", "state": evidence.SOUND})
            words[f"source_of:{ref}"] = source
            refs.append(ref)
        words |= {f"finding:{f.id}": f.id, **{f"ref:{ref}": ref for ref in refs}}
        if f.recipient:
            words[f"to:{f.id}"] = f.recipient
        out.append(
            {
                "id": f.id,
                "type": f.type,
                "goal": f.goal,
                "criterion": f.criterion,
                "area": f.area,
                "runs": f.text,
                "indicators": list(f.indicators),
                "refs": refs,
                "to": f.recipient,
                "by": f.by,
                "decision": f.decision,
                "response": f.response or [],
                "is_flagged": any(s.state in evidence.FLAGGED for s in by_finding.get(f.id, ())),
            }
        )
    return out, lines, words


def _proof(text: str) -> str:
    """A proof as it is printed: « rapport gbvims/mali/2017 », or what the document is."""
    kind, _, what = text.partition(":")
    return text if not what or kind == "https" else what.strip() if kind == "document" else f"{kind} {what.strip()}"


def _words(frame_: Frame, records: dict[str, dict]) -> dict[str, str]:
    """The words of a frame, and of what was decided of it, that a page prints as they are: they may hold digits."""
    words = {"frame:title": frame_.title, "frame:source": frame_.source}
    for goal in frame_.goals:
        words[f"goal:{goal.id}"] = goal.title
        for result in goal.results:
            words |= {
                f"result_id:{result.id}": result.id,
                f"result:{result.id}": result.title,
                f"owners:{result.id}": ", ".join(result.owners),
                f"deadline:{result.id}": result.deadline,
                f"verification:{result.id}": ", ".join(result.verification),
                **{f"does:{result.id}:{n}": what for n, what in enumerate(result.does)},
            }
            for a in result.activities:
                words |= {
                    f"activity_id:{a.id}": a.id,
                    f"activity:{a.id}": a.title,
                    f"leads:{a.id}": ", ".join(a.leads) or "non dit",
                    f"quarters_note:{a.id}": a.quarters_note,
                }
            for i in result.indicators:
                r = records[i.id]
                words |= {f"id:{i.id}": i.id, f"indicator:{i.id}": i.title, f"note:{i.id}": i.note}
                words |= {
                    f"{n}:{i.id}": r[n]
                    for n in ("baseline", "target", "baseline_source", "target_source", "justification", "how")
                }
                words |= {f"proof:{i.id}:{n}": _proof(p) for n, p in enumerate(r["proofs"])}
                words |= {f"part:{i.id}:{code}": label for code, label in i.parts.items()}
    return {name: text for name, text in words.items() if text}


def join(asked: Asked, safe: SafeTables, rules: Rules, make: Callable[[str], None] | None = None) -> SafeTables:
    """The safe tables of a version with what people decided and wrote about a frame.

    `make` builds a cited report that is missing. Raises BadData, with file and line, for what does not hold.
    """
    params: Path = asked.project.params
    said = decided.decided(params, asked.frame, asked.nature)
    register = decided.findings(params, asked.frame, asked.nature)
    safe = given.joined(safe, _computed(asked, safe, rules), {})
    year = asked.period.year
    noted = {(r["indicator"], r["part"]): r for r in safe.records.get("indicator_values", []) if r["year"] == year}
    records = {
        one.id: _record(one, said.get(one.id, Decided()), safe, noted, asked.to_date)
        for one in asked.frame.indicators.values()
    }
    stood = evidence.graph(asked.project, asked.nature, asked.audience, register, safe, make=make)
    findings, lines, words = _findings(register, stood)
    tally = {f"type={t}": sum(f["type"] == t for f in findings) for t in code_list("finding_type")}
    tally |= {"": len(findings), "evidence=flagged": sum(f["is_flagged"] for f in findings)}
    numbers = given.counts(_counts(asked.frame, records), str(asked.period))
    numbers += given.counts(tally, str(asked.period), stem="strategy_findings", unit="findings")
    activities = [a for r in asked.frame.results for a in r.activities]
    if activities:
        due = {"": len(activities), "state=due": sum(str(asked.period) in a.quarters for a in activities)}
        numbers += given.counts(due, str(asked.period), stem="strategy_activities", unit="activities")
    words |= _words(asked.frame, records)
    cited = evidence.reports(stood)
    for n, r in enumerate(cited):
        words |= {
            f"cited_report:{n}": r.name,
            f"cited_version:{n}": r.version,
            f"cited_manifest:{n}": r.manifest[: evidence.SHORT],
            f"cited_received:{n}": ", ".join(r.received),
        }
    words |= {f"consulted:{n}": f"{who} : {people}" for n, (who, people) in enumerate(register.consulted)}
    extra = {
        "frame": [{"code": asked.frame.code, "span": asked.span, "to_date": asked.to_date}],
        "followup": list(records.values()),
        "late": [{"result": r.id} for r in asked.frame.results if _late(r, asked.period, records)],
        "findings": findings,
        "judgements": [
            {"criterion": j.criterion, "runs": j.text, "findings": list(j.findings)} for j in register.judgements
        ],
        "evidence": lines,
        "cited": [{"n": n} for n in range(len(cited))],
        "constants": [{"name": name, "text": text} for name, text in words.items()],
    }
    return given.joined(safe, numbers, extra)
