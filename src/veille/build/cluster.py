"""The same reports on a Dask cluster: its workers make them from staged folders, this machine keeps the data.

Coordinated from here: one report per worker at a time, each worker known by name, so that it gets only files that it does
not have, and so that the report of a worker that is lost is given to another. Versions are compared before anything is sent.
See docs/decisions/0027-cluster.md.
"""

from __future__ import annotations

import importlib
import ipaddress
import logging
import pickle
import re
import secrets
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from threading import Event
from typing import TYPE_CHECKING

from ..errors import BadParameter, BuildFailed
from ..versions import Say
from . import many, packet, relay, remote, report, stage
from .many import Outcome
from .stage import Plan

if TYPE_CHECKING:
    from distributed import Client, Future

LIVES = 3  # workers that one report may lose before it is given up
CONNECT = 10  # seconds to reach the scheduler, at first and when the link breaks
COMPARE = 120  # seconds for a worker to say its versions: importing takes two, on a cold disk more
PATIENCE = 20  # seconds that the first workers wait for the others: these may be busy with somebody else's reports
ALONE = 60  # seconds without any worker, or without a word of the scheduler; one that is started again takes two
TRANSFER = 30  # seconds to fetch a report that was made
ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):\d{1,5}")
LOST = "La liaison avec le scheduler est perdue : ce rapport n’est pas fait. Relancez."
NOBODY = "Il n’y a plus de worker : ce rapport n’est pas fait. Redémarrez-en un, puis relancez."


class _Lost(Exception):
    """The scheduler, or every worker, is gone; the message is that of each report that is left."""


def _client(address: str, debug: bool) -> Client:
    """Raises BadParameter for an address that is none, BuildFailed when Dask is not installed or nobody answers."""
    if not ADDRESS.fullmatch(address):
        raise BadParameter("Adresse du scheduler impossible.", "Par exemple : tcp://10.0.0.5:8786, ou tls://….")
    try:
        import dask
        from distributed import Client
    except ImportError:
        raise BuildFailed(
            "Dask n’est pas installé : --scheduler en a besoin.",
            "Installez-le : python -m pip install --require-hashes -r requirements/cluster.txt",
        ) from None
    if not debug:  # what goes wrong is said by us, once
        logging.getLogger("distributed").setLevel(logging.CRITICAL + 1)
    dask.config.set(
        {
            "distributed.comm.timeouts.connect": f"{CONNECT}s",
            "distributed.admin.large-graph-warning-threshold": "1GB",  # tables are sent once per worker
        }
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions: compared below
            return Client(address, timeout=CONNECT, set_as_default=False, name="veille")
    except (OSError, ValueError) as error:
        raise BuildFailed(
            "Le scheduler ne répond pas à cette adresse.",
            "Est-il démarré (dask scheduler) ? L’adresse, le port, le pare-feu et les certificats (tls://) sont-ils bons ?",
        ) from error


def _is_open(address: str) -> bool:
    """Whether what is sent could be read on the way: not encrypted, and not within this machine."""
    host = address.partition("://")[2].rpartition(":")[0].strip("[]")
    with suppress(ValueError):
        return address.startswith("tcp:") and not ipaddress.ip_address(host).is_loopback
    return address.startswith("tcp:") and host != "localhost"


def _differences(theirs: dict[str, str], ours: dict[str, str]) -> str:
    """« pandas 3.0.1 au lieu de 3.0.2, … »"""
    names = [name for name in ours if theirs.get(name) != ours[name]]
    said = [f"{name} {theirs.get(name, 'absent')} au lieu de {ours[name]}" for name in names[:5]]
    return ", ".join(said) + ("…" if len(names) > 5 else "")


@dataclass
class _Newcomer:
    """A worker that has not said its versions yet: it imports our part first, then it is asked."""

    imported: Future
    asked: Future | None = None
    has: frozenset[str] = frozenset()


class _Crew:
    """The workers of a cluster: which may be given reports, and which files each of them has."""

    def __init__(self, client: Client, names: Iterable[str]) -> None:
        self._client = client
        self.code = packet.code_digest()
        self._names = sorted({*names, "dask", "distributed"})
        self._ours = remote.environment(self._names, self.code)
        self._new: dict[str, _Newcomer] = {}
        self._heard = self._seen = time.monotonic()
        self.ready: dict[str, set[str]] = {}
        self.refused: dict[str, str] = {}
        self.news = Event()

    def ask(
        self, address: str, request: object, sent: Iterable[bytes], limit: float, *, is_first: bool = False
    ) -> Future:
        """A request under way to one worker, and to no other, with the files that it lacks."""
        return self._submit(address, relay.ask, pickle.dumps((request, sent)), limit, is_first)

    def _submit(self, address: str, function: Callable, *given: object) -> Future:
        key = f"veille-{secrets.token_hex(8)}"
        future = self._client.submit(function, *given, key=key, workers=[address], allow_other_workers=False)
        future.add_done_callback(lambda _: self.news.set())
        return future

    def look(self) -> None:
        """Who is there now; the versions of those who come are compared. Raises _Lost."""
        here = self._here()
        if here is None:
            return
        for known in (self._new, self.ready, self.refused):
            for address in set(known) - here:
                del known[address]
        for address in here - self._new.keys() - self.ready.keys() - self.refused.keys():
            # A worker that has no veille would not survive a message that names it.
            imported = self._submit(address, importlib.import_module, relay.__name__)
            self._new[address] = _Newcomer(imported)
        for address, new in list(self._new.items()):
            wrong = self._wrong(address, new)
            if wrong is not None:
                del self._new[address]
                if wrong:
                    self.refused[address] = wrong
                else:
                    self.ready[address] = set(new.has)
        if self.ready or self._new:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > ALONE:
            raise _Lost(NOBODY)

    def _here(self) -> set[str] | None:
        """The workers that the scheduler has; None when it does not answer now. Raises _Lost when it is gone."""
        while self._client.status == "connecting":  # the link broke: Dask looks for it for CONNECT seconds, or closes
            self._new.clear()
            self.ready.clear()  # every request under way is gone
            time.sleep(0.1)
        if self._client.status != "running":
            raise _Lost(LOST)
        try:
            here = set(self._client.sync(self._client.scheduler.ncores, callback_timeout=CONNECT))
        except Exception:  # whatever Dask raises of a scheduler that goes away
            if time.monotonic() - self._heard > ALONE:
                raise _Lost(LOST) from None
            time.sleep(0.1)
            return None
        self._heard = time.monotonic()
        return here

    def _wrong(self, address: str, new: _Newcomer) -> str | None:
        """What is wrong with a worker, "" when nothing is; None while it is being asked."""
        if new.asked is None and new.imported.done():
            if new.imported.status != "finished":
                return "veille n’y est pas installé"
            new.asked = self.ask(address, self._names, (), COMPARE, is_first=True)
        elif new.asked is not None and new.asked.done():
            try:
                reply = new.asked.result(timeout=TRANSFER)
                if not reply.content:
                    return "le programme n’y démarre pas"
                theirs, new.has = pickle.loads(reply.content)
                return _differences(theirs, self._ours)
            except Exception as error:
                return f"pas de réponse ({type(error).__name__})"
        return None

    def compare(self) -> None:
        """Wait until the workers have said their versions. Raises BuildFailed when one differs, or there is none; _Lost.

        One that is busy is not waited for: nothing is sent to it before it has answered.
        """
        self.look()
        limit = time.monotonic() + PATIENCE
        while self._new and not (self.ready and time.monotonic() > limit):
            self.news.wait(0.5)
            self.news.clear()
            self.look()
        if self.refused:
            said = " ; ".join(f"{address} ({wrong})" for address, wrong in sorted(self.refused.items()))
            raise BuildFailed(
                f"Des workers ne sont pas installés comme cette machine : {said}.",
                "Installez-y la même version de veille et les mêmes paquets (requirements/cluster.txt), puis redémarrez-les.",
            )
        if not self.ready:
            raise BuildFailed("Le scheduler n’a aucun worker.", "Démarrez-en : dask worker ADRESSE --nthreads 1.")


@dataclass
class _Job:
    """A report that is being made: what it is made from, and the worker that has it now."""

    number: int
    order: remote.Order
    files: dict[str, bytes]
    given: report.Prepared
    remarks: tuple[str, ...]
    worker: str = ""
    future: Future | None = None
    losses: int = 0


class _Run:
    """The reports of one call of `run`."""

    def __init__(self, crew: _Crew, asked: list[Plan], limit: float, debug: bool, anew: bool) -> None:
        self.crew, self.asked, self.limit, self.debug, self.anew = crew, asked, limit, debug, anew
        self.outcomes: dict[int, Outcome] = {}
        self.making: list[_Job] = []
        self.again: deque[_Job] = deque()

    def prepare(self, number: int) -> _Job | None:
        """What is sent for a report, drawn up here; None when it cannot be made: its outcome says why, or need not be."""
        plan = self.asked[number]
        out: list[_Job] = []

        def work(say: Say) -> None:
            if not self.anew and many.is_current(plan):
                return
            with packet.disk_errors(), packet.draft(plan.project) as draft:
                given = report.prepare(plan, draft / remote.STAGE, say=say)
                paths = [p for p in (draft / remote.STAGE).rglob("*") if p.is_file()]
                files = {p.relative_to(draft).as_posix(): p.read_bytes() for p in paths}
            notebook = plan.project.notebooks / plan.product.notebook
            files[f"{remote.NOTEBOOK}/{notebook.name}"] = notebook.read_bytes()
            names = {name: remote.digest(content) for name, content in files.items()}
            order = remote.Order(stage.without_data(plan), names, self.crew.code, self.debug)
            out.append(_Job(number, order, files, given, ()))

        done = many.attempt(plan, self.debug, work)
        if not out:
            self.outcomes[number] = done
            return None
        return replace(out[0], remarks=done.remarks)

    def give(self, job: _Job, worker: str) -> None:
        """Send a report to a worker, with the files that it does not have."""
        has = self.crew.ready[worker]
        lacking = {job.order.files[name]: content for name, content in job.files.items()}
        sent = [content for sha256, content in lacking.items() if sha256 not in has]
        has.update(lacking)
        job.worker, job.future = worker, self.crew.ask(worker, job.order, sent, self.limit)
        self.making.append(job)

    def collect(self) -> None:
        """Take in what is made; what a lost worker had waits for another."""
        for job in list(self.making):
            is_gone = job.worker not in self.crew.ready
            if not job.future.done() and not is_gone:
                continue
            self.making.remove(job)
            reply = None if is_gone else self._reply(job.future)
            with suppress(Exception):  # of a link that is gone
                job.future.cancel()
            if reply is None or not (reply.content or reply.is_late):
                self._lose(job)
            elif reply.is_late:
                problem = f"Délai dépassé ({self.limit:.0f} s). Relancez ce rapport seul, avec --debug."
                self.outcomes[job.number] = Outcome(self.asked[job.number], problem)
            else:
                self._take(job, pickle.loads(reply.content))

    def _reply(self, future: Future) -> relay.Reply | None:
        """What came back; None when nothing did: the worker or the scheduler is gone, or Dask gave up."""
        with suppress(Exception):
            return future.result(timeout=TRANSFER) if future.status == "finished" else None
        return None

    def _lose(self, job: _Job) -> None:
        job.losses += 1
        if job.losses < LIVES:
            self.again.append(job)
            return
        problem = f"Ce rapport a arrêté {LIVES} workers, le dernier à l’adresse {job.worker}. Relancez-le seul, sur cette machine."
        self.outcomes[job.number] = Outcome(self.asked[job.number], problem)

    def _take(self, job: _Job, answer: remote.Answer) -> None:
        if answer.missing:  # its folder was cleared: it gets them again
            if job.worker in self.crew.ready:
                self.crew.ready[job.worker] -= answer.missing
            self._lose(job)
            return
        plan = self.asked[job.number]
        done = replace(answer.outcome, plan=plan)
        if answer.checked:
            kept = many.attempt(plan, self.debug, lambda say: self._keep(plan, job, answer))
            done = replace(kept, remarks=(*done.remarks, *kept.remarks))
        self.outcomes[job.number] = replace(done, remarks=(*job.remarks, *done.remarks))

    def _keep(self, plan: Plan, job: _Job, answer: remote.Answer) -> None:
        """Put a report that came back in its place, with its manifest. Raises BuildFailed."""
        promised = {f"{plan.stem}.{kind}" for kind in plan.product.artefacts} | {"numbers.csv"}
        if set(answer.files) != promised:
            raise BuildFailed("Un worker a renvoyé d’autres fichiers que ceux du rapport.", "Relancez avec --debug.")
        with packet.disk_errors(), packet.draft(plan.project) as draft:
            out = draft / "packet"
            out.mkdir()
            for name, content in answer.files.items():
                (out / name).write_bytes(content)
            report.finish(plan, out, job.given, answer.checked)

    def step(self, waiting: deque[int], jobs: int) -> None:
        """Give every free worker a report, then take in what is made. Raises _Lost."""
        self.crew.look()
        self.collect()
        busy = {job.worker for job in self.making}
        for worker in sorted(self.crew.ready.keys() - busy):
            job = None
            while job is None and (self.again or waiting) and not (jobs and len(self.making) >= jobs):
                job = self.again.popleft() if self.again else self.prepare(waiting.popleft())
            if job:
                self.give(job, worker)


@contextmanager
def _connected(address: str, debug: bool) -> Iterator[Client]:
    client = _client(address, debug)
    try:
        yield client
    finally:
        # What still runs on a worker ends there by itself; nobody waits for it.
        with suppress(Exception):
            client.close(timeout=2)


def run(
    plans: Iterable[Plan],
    address: str,
    *,
    jobs: int = 0,
    limit: float = many.TIME_LIMIT,
    debug: bool = False,
    again: bool = True,
    watch: Callable[[list[Plan], int], None] = lambda running, left: None,
    say: Say = lambda line: None,
) -> list[Outcome]:
    """Make the reports on the workers of the scheduler at `address`, `jobs` at a time (as many as workers when 0).

    What `many.run` promises holds: what became of each, in their order; one that fails does not stop the others; whole
    reports only. The report of a worker that is lost is given to another, up to three times. When the scheduler is lost, so
    are the reports that are left; those that came back are whole. Raises BadParameter or BuildFailed before anything is
    sent: no such address, no worker, a worker whose versions are not ours.
    """
    asked = list(plans)
    if _is_open(address):
        say("La liaison avec la grappe n’est pas chiffrée : sur un réseau privé seulement, sinon tls://.")
    with _connected(address, debug) as client:
        crew = _Crew(client, packet.locked_versions(asked[0].project.root) if asked else ())
        here = _Run(crew, asked, limit, debug, again)
        try:
            crew.compare()
            for wave in many.waves(asked):
                waiting = deque(wave)
                while waiting or here.again or here.making:
                    here.step(waiting, jobs)
                    watch([asked[job.number] for job in here.making], len(asked) - len(here.outcomes))
                    if here.making or not crew.ready:
                        crew.news.wait(0.5)
                        crew.news.clear()
        except _Lost as lost:
            here.outcomes |= {n: Outcome(p, str(lost)) for n, p in enumerate(asked) if n not in here.outcomes}
        late = [f"{worker} ({wrong})" for worker, wrong in sorted(crew.refused.items())]
        if late:
            say(f"Workers arrivés en route et laissés de côté, car installés autrement : {' ; '.join(late)}.")
    return [here.outcomes[n] for n in range(len(asked))]
