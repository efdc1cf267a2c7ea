"""A command runs in a process of its own, so that one which the system ends at once can still be spoken of.

Memory that runs out ends a process without a word, or with one of a library: the system kills it, a layout engine written
in Rust aborts. What then has to be said is said by the process that waits (docs/decisions/0031-a-process-that-waits.md).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_FROM_THE_TERMINAL = 0x80  # SI_KERNEL: the whole group got the signal, the child too
_ENDED_ON_PURPOSE = {"SIGINT", "SIGTERM", "SIGHUP"}


def die_with(parent: int, number: int) -> None:
    """Have the system send this process a signal when its parent ends, however that comes about (Linux)."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)


def run(command: Callable[[], None], *, debug: bool) -> None:
    """Run a command in a child of this process, and end as it ended. It has to be called before any thread is started.

    Where the child dies of anything but a request to stop, say so in French and exit with 1. Unless `debug`, what
    libraries write past Python to the standard error goes nowhere. Without fork, or not on Linux: run the command here.
    """
    if sys.stderr is None:  # closed (2>&-): the next file to be opened would take its place
        sys.stderr = open(os.devnull, "w", encoding="utf-8")
    if not sys.platform.startswith("linux"):
        command()
        return
    heeded = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, heeded)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        die_with(parent, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if not debug:
            _quieten()
        command()
        return
    code = _ended(child, heeded)
    if code >= 0:
        sys.exit(code)
    name = signal.Signals(-code).name
    if name in _ENDED_ON_PURPOSE:
        signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.kill(parent, -code)
    print(
        f"Le système a arrêté la commande ({name}), souvent faute de mémoire ; rien n’a été remplacé à moitié.\nFermez d’autres programmes et relancez ; --debug montre ce qu’en dit le système.",
        file=sys.stderr,
    )
    sys.exit(1)


def _ended(child: int, heeded: set[signal.Signals]) -> int:
    """The exit code of the child, negative for a signal. Meanwhile it is handed on whatever is asked of this process alone."""
    while True:
        came = signal.sigwaitinfo(heeded)
        if came.si_signo == signal.SIGCHLD:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
        elif came.si_code != _FROM_THE_TERMINAL:
            os.kill(child, came.si_signo)


def _quieten() -> None:
    """Keep the standard error for what Python writes."""
    ours = os.dup(sys.stderr.fileno())
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)
    sys.stderr = open(ours, "w", buffering=1, encoding="utf-8", errors="replace")
