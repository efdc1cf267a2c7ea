"""Many reports at once: which are due, and making them in several processes, each with its own warm kernels."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from multiprocessing.connection import Connection, wait

from .. import guard, periods, places, versions
from ..disclosure.safe import AUDIENCES, SafeTables
from ..errors import BadParameter, VeilleError
from ..periods import Period
from ..products import PRODUCTS, Product
from ..project import Project
from ..strategy import followup
from ..versions import Say, Version
from . import changes, stage
from .relay import ONE_THREAD
from .stage import Plan

READERS = (*AUDIENCES, "both")
TIME_LIMIT = 600  # seconds for one report: one that takes longer is stuck
GRACE = 5  # seconds for a worker to clear up after itself


@dataclass(frozen=True)
class Skipped:
    """An edition that was asked for and is not made, and why, in French."""

    product: Product
    area: str
    period: Period
    audience: str
    why: str


@dataclass(frozen=True)
class Asked:
    """What is due among what was asked for: to be made, left aside, and `current`: made already, and nothing has changed."""

    plans: tuple[Plan, ...]
    skipped: tuple[Skipped, ...]
    current: tuple[Plan, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """One report that was made, or why it was not; `trace` is for `--debug`."""

    plan: Plan
    problem: str = ""
    remarks: tuple[str, ...] = ()
    trace: str = ""


# ---- what is due --------------------------------------------------------------------------------------------------


def is_edition(product: Product, period: Period) -> bool:
    """Whether a product has an edition of this period at all, data or not.

    A report about a frame has those of its frame's years; its monthly edition looks at two months, so every second month.
    """
    if not product.frames:
        return True
    return period.year in followup.frame_of(product, period).years and (period.kind != "month" or period.first % 2 == 0)


def due(product: Product, area: str, period: Period, safe: SafeTables, version: Version) -> bool:
    """Whether an edition has something to report: of a frame, a value of its indicators received for that year."""
    if not product.frames:
        return str(period) in stage.periods_with_data(safe, product, area)
    is_past = version.newest_received is None or period.start <= version.newest_received
    return is_past and followup.has_values(safe, period.year, followup.frame_of(product, period))


def _of_year(year: int, kind: str) -> list[Period]:
    whole = Period(year, 1, 12)
    return {"year": [whole], "quarter": whole.divisions()[0], "month": whole.each_month()}[kind]


def plan(
    project: Project,
    asked: str,
    *,
    whole_year: bool = False,
    audience: str = "cluster",
    nature: str = "",
    as_of: str = "",
    again: bool = False,
    say: Say = lambda line: None,
) -> Asked:
    """Every report of a period, or of all periods of a year: products × areas × audiences. The data are counted here, once.

    Real where a real snapshot covers the period, else the example; `again` makes those too of which nothing has changed.
    Raises BadParameter for an unknown name, and where nothing at all is due.
    """
    when = periods.parse(asked, kinds=("year",) if whole_year else ("month", "quarter", "year"))
    stage.one_of("Diffusion", audience, READERS, feminine=True)
    if nature:
        stage.one_of("Nature de données", nature, stage.NATURES, feminine=True)
    day = periods.day(as_of, "Date AS_OF") if as_of else None
    plans: list[Plan] = []
    skipped: list[Skipped] = []
    counted = list(_counted(project, (nature,) if nature else stage.NATURES, day, say))
    for reader in AUDIENCES if audience == "both" else (audience,):
        folders = [(version, versions.candidate(version, reader, say)) for version in counted]
        known = [(version, safe, SafeTables.read(safe)) for version, safe in folders]
        for product, area, period in _editions(project, when, whole_year):
            if reader not in product.audiences:
                skipped.append(Skipped(product, area.code, period, reader, "pas pour cette diffusion"))
                continue
            for version, safe, tables in known:
                if due(product, area.code, period, tables, version):
                    plans.append(Plan(project, product, area, period, reader, "fr", as_of, version, safe))
                    break
            else:
                skipped.append(Skipped(product, area.code, period, reader, "aucune donnée"))
    if not plans:
        raise BadParameter(f"Aucun rapport à faire pour {when.the_name()}.", "veille list montre ce qui a des données.")
    examples = sum(p.version.nature == "example" for p in plans)
    if examples and not nature:
        say(
            f"{examples} rapport(s) sur {len(plans)} sans données réelles : faits avec les données d’exemple, synthétiques, et marqués comme tels."
        )
    current = set() if again else _current(project, plans)
    left = tuple(p for n, p in enumerate(plans) if n not in current)
    return Asked(left, tuple(skipped), tuple(plans[n] for n in sorted(current)))


def _current(project: Project, plans: list[Plan]) -> set[int]:
    """Those that are made already, and would be the same again. A report about a frame cites others: it waits for them."""
    around = changes.environment(project)
    found = {n for n, p in enumerate(plans) if is_current(p, around)}
    if any(n not in found for n, p in enumerate(plans) if not p.product.frames):
        found -= {n for n, p in enumerate(plans) if p.product.frames}
    return found


def is_current(asked: Plan, around: Mapping[str, object] | None = None) -> bool:
    """Whether a report is made already, and would be the same again; never, where an agreement is missing."""
    try:
        if changes.since(asked, around=around):
            return False
        stage.require_consent(asked)
    except VeilleError:  # making it says why, and names it
        return False
    return True


def _counted(project: Project, natures: Iterable[str], day: date | None, say: Say) -> Iterator[Version]:
    """The data version of each nature that has one."""
    for nature in natures:
        if nature == "example":
            versions.ensure_example(project, say)
        version = versions.current(project, nature, day)
        if version.snapshots:
            yield version


def _editions(project: Project, when: Period, whole_year: bool) -> Iterator[tuple[Product, places.Area, Period]]:
    """Every edition that exists of the periods that are asked for, whether it is due or not."""
    for product in PRODUCTS.values():
        for area in product.areas or places.areas(project.params):
            for kind in product.kinds_for(area):
                for period in _of_year(when.year, kind) if whole_year else [when] if when.kind == kind else []:
                    if is_edition(product, period):
                        yield product, places.area(area, project.params), period


# ---- making them --------------------------------------------------------------------------------------------------


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def waves(asked: list[Plan]) -> list[list[int]]:
    """Which reports are made first, and which then: those about a frame cite the others."""
    return [[n for n, p in enumerate(asked) if bool(p.product.frames) is is_last] for is_last in (False, True)]


def _build(asked: Plan, again: bool, say: Say) -> None:
    from . import report

    # Cited by one about a frame, or made meanwhile by another command: it is looked at again.
    if again or not is_current(asked):
        report.build(asked, say=say)


def attempt(asked: Plan, debug: bool, work: Callable[[Say], object]) -> Outcome:
    """What becomes of a report, or of a part of its making: `work` is given where to say things."""
    remarks: list[str] = []
    problem = trace = ""
    try:
        work(remarks.append)
    except VeilleError as error:
        problem, trace = " ".join(str(error).split("\n")), traceback.format_exc()
    except Exception as error:  # said, not swallowed: a report that fails does not stop the others
        problem, trace = f"Erreur inattendue ({type(error).__name__}).", traceback.format_exc()
    return Outcome(asked, problem, tuple(r for r in remarks if not r.endswith("…")), trace if debug else "")


def _work(channel: Connection, parent: int, debug: bool) -> None:
    """A worker: make the reports that come in, one after the other, until there are no more."""
    from . import warm

    # Ctrl-C reaches every process of a terminal; the parent decides what it means, and asks with SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if sys.platform.startswith("linux"):
        guard.die_with(parent, signal.SIGTERM)
    with warm.kept(), suppress(EOFError, BrokenPipeError):
        while (given := channel.recv()) is not None:
            asked, again = given
            channel.send(attempt(asked, debug, lambda say, plan=asked, again=again: _build(plan, again, say)))


class _Worker:
    """One process that makes reports, and the report that it makes now."""

    def __init__(self, debug: bool) -> None:
        from . import variables

        # Spawned: a fork of this process, which has counted with threads, would copy their locks.
        context = multiprocessing.get_context("spawn")
        self.channel, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, os.getpid(), debug))
        with _interrupts_ignored(), variables.set_to(ONE_THREAD):
            self.process.start()
        theirs.close()
        self.plan: Plan | None = None
        self.is_lost = False
        self._since = 0.0

    def give(self, asked: Plan, again: bool) -> None:
        """Have it make a report; only where something has changed, unless it is to be made again."""
        self.plan, self._since = asked, time.monotonic()
        with suppress(OSError):  # it died: `outcome` says so
            self.channel.send((asked, again))

    def outcome(self, limit: float) -> Outcome | None:
        """What became of its report; None while it is being made."""
        asked = self.plan
        if asked is None:
            return None
        with suppress(EOFError, OSError):
            if self.channel.poll():
                return replace(self.channel.recv(), plan=asked)
        self.is_lost = True
        if not self.process.is_alive():
            return Outcome(
                asked, f"Le processus s’est arrêté (code {self.process.exitcode}). Relancez ce rapport seul."
            )
        if time.monotonic() - self._since > limit:
            return Outcome(asked, f"Délai dépassé ({limit:.0f} s). Relancez ce rapport seul, avec --debug.")
        self.is_lost = False
        return None


def _end(workers: Iterable[_Worker], *, politely: bool) -> None:
    """End workers and their kernels. They clear their drafts away when they can."""
    ending = list(workers)
    for worker in ending:
        if politely:
            with suppress(OSError):
                worker.channel.send(None)
        else:
            worker.process.terminate()
    limit = time.monotonic() + GRACE
    for worker in ending:
        worker.process.join(max(0, limit - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.channel.close()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ctrl-C waits: for a process that is started meanwhile from its first instruction on, for this one until the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run(
    plans: Iterable[Plan],
    *,
    jobs: int = 0,
    limit: float = TIME_LIMIT,
    debug: bool = False,
    again: bool = True,
    watch: Callable[[list[Plan], int], None] = lambda running, left: None,
) -> list[Outcome]:
    """Make the reports, `jobs` at a time (as many as there are cores when 0); what became of each, in their order.

    `watch` is told what runs now and how many are not finished. A report that fails does not stop the others; one that
    takes more than `limit` seconds is ended. Reports about a frame come last: they cite the others. Not `again`: a report of which
    nothing has changed meanwhile is left as it is. Interrupted, it ends every process that it started, and leaves whole
    reports only.
    """
    asked = list(plans)
    outcomes: dict[int, Outcome] = {}
    workers: list[_Worker] = []
    making: dict[_Worker, int] = {}
    is_over = False
    try:
        for wave in waves(asked):
            waiting = deque(wave)
            while waiting or making:
                while waiting and len(making) < (jobs or cores()):
                    worker = next((w for w in workers if w not in making), None)
                    if worker is None:
                        workers.append(worker := _Worker(debug))
                    making[worker] = waiting.popleft()
                    worker.give(asked[making[worker]], again)
                watch([asked[n] for n in making.values()], len(asked) - len(outcomes))
                wait([end for w in making for end in (w.channel, w.process.sentinel)], timeout=0.5)
                for worker in list(making):
                    if found := worker.outcome(limit):
                        outcomes[making.pop(worker)] = found
                        if worker.is_lost:
                            workers.remove(worker)
                            _end([worker], politely=False)
        is_over = True
    finally:
        with _interrupts_ignored():
            _end(workers, politely=is_over)
    return [outcomes[n] for n in range(len(asked))]
