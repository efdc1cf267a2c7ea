"""Makes reports beside a Dask worker, from staged folders: `python -m veille.build.remote FOLDER`, started by `relay.py`.

It has no data: what it gets is the notebook, the safe tables and the texts of each report, each file by the sha256 of
its content, and only those that it does not have yet. It sends the artefacts back; the manifest is the coordinator's.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from ..errors import BuildFailed
from ..project import Project
from ..versions import Say
from . import many, packet, relay, report, sandbox, warm
from .many import Outcome
from .report import Checked
from .stage import Plan

STAGE, NOTEBOOK = "stage", "notebook"  # the folders of what is sent
KEPT = 3600  # seconds that a file stays which no report asked for


@dataclass(frozen=True)
class Order:
    """One report to make: its plan without data, and the sha256 of each file of its draft folder."""

    plan: Plan
    files: dict[str, str]
    code: str
    debug: bool


@dataclass(frozen=True)
class Answer:
    """What became of an order. `missing` are files that have to be sent; nothing was made then."""

    outcome: Outcome | None = None
    missing: frozenset[str] = frozenset()
    files: dict[str, bytes] = field(default_factory=dict)
    checked: Checked | None = None


def digest(content: bytes) -> str:
    """The address of a file."""
    return hashlib.sha256(content).hexdigest()


def environment(names: Iterable[str], code: str) -> dict[str, str]:
    """What must be the same on two machines for the same bytes to come out."""
    return {
        "Python": platform.python_version(),
        "système": f"{platform.system()} {platform.machine()}",
        "programme veille": code[:12],
        "isolation des carnets": "Landlock" if sandbox.abi() else "plus faible",
        **packet.installed(names),
    }


class _Store:
    """The files that were received, by their sha256; read back only when they are still what they were."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def add(self, contents: Iterable[bytes]) -> None:
        for content in contents:
            (self._folder / digest(content)).write_bytes(content)

    def get(self, name: str) -> bytes | None:
        try:
            content = (self._folder / name).read_bytes()
        except OSError:
            return None
        if digest(content) != name:
            return None
        os.utime(self._folder / name)
        return content

    def names(self) -> frozenset[str]:
        return frozenset(p.name for p in self._folder.iterdir())

    def forget(self) -> None:
        """Remove what no report asked for in a while: it may be of a data version that is gone."""
        for path in self._folder.iterdir():
            if time.time() - path.stat().st_mtime > KEPT:
                path.unlink()


def _make(order: Order, sent: Iterable[bytes], root: Path, store: _Store, code: str) -> Answer:
    project = Project(root)
    plan = replace(order.plan, project=project, version=replace(order.plan.version, project=project))
    made: dict[str, bytes] = {}
    checked: list[Checked] = []
    missing: list[str] = []

    def work(say: Say) -> None:
        if code != order.code or packet.code_digest() != order.code:
            raise BuildFailed(
                "Le programme a changé sur un worker pendant la construction.", "Redémarrez les workers, puis relancez."
            )
        with packet.disk_errors(), packet.draft(project) as draft:
            store.forget()
            store.add(sent)
            found = {name: store.get(sha256) for name, sha256 in order.files.items()}
            missing.extend(order.files[name] for name, content in found.items() if content is None)
            if missing:
                return
            for name, content in found.items():
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                (draft / name).write_bytes(content)
            out, notebook = draft / "packet", draft / NOTEBOOK / plan.product.notebook
            checked.append(report.make(plan, notebook, draft / STAGE, out, draft / "scratch", say=say))
            made.update((p.name, p.read_bytes()) for p in sorted(out.iterdir()))

    outcome = many.attempt(order.plan, order.debug, work)
    return Answer(outcome, frozenset(missing), made, checked[0] if checked else None)


def _listen(channel: BinaryIO, requests: SimpleQueue) -> None:
    """Take requests until the Dask worker ends, however that comes about; then this process ends too."""
    try:
        while True:
            requests.put(relay.receive(channel))
    except (OSError, EOFError):
        os.kill(os.getpid(), signal.SIGTERM)  # interrupts the main thread: it clears its draft away
        time.sleep(many.GRACE)
        os._exit(1)


def main(root: Path) -> None:
    """Answer requests, one after the other, until the Dask worker ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # The two ends of the pipes are ours alone: nothing that is printed or read elsewhere may meet them.
    answers, channel = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    code, store = packet.code_digest(), _Store(root / "files")
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(channel, requests), daemon=True).start()
    with warm.kept():
        while True:
            asked, sent = pickle.loads(requests.get())
            if isinstance(asked, Order):
                answer: object = _make(asked, sent, root, store, code)
            else:
                answer = environment(asked, code), store.names()
            relay.send(answers, pickle.dumps(answer))


if __name__ == "__main__":
    # Run by its name, so that what it sends back is of the same classes as in the process that reads it.
    from veille.build import remote

    remote.main(Path(sys.argv[1]).resolve())
