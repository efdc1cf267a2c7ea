"""A jupyter_client kernel provisioner that forks kernels from a process which has imported already what they import.

Half of a report's time is the start of its kernel: Python, IPython, pandas, matplotlib. A kernel specification asks for
warm kernels in its `kernel_provisioner` (docs/decisions/0026-warm-kernels.md). Where a process cannot be forked safely
(anything but Linux), and whenever the server is lost, an ordinary kernel is started: same notebook, same bytes.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from threading import Lock

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from traitlets import Bool, List, Unicode

NAME = "veille-warm"
GROUP = KernelProvisionerFactory.GROUP_NAME
# Variables that Python and its packages read when they start or are imported: a kernel that wants other values than
# the server began with cannot be forked from it.
READ_AT_START = (
    "PYTHON",
    "MPL",
    "OPENBLAS_",
    "OMP_",
    "MKL_",
    "LANG",
    "LC_",
    "TZ",
    "JUPYTER_PLATFORM_DIRS",
    "LD_",
    "PYDEVD_",
)
ANSWERS_WITHIN = 60  # seconds; importing takes one or two, on a busy machine a few more
DIES_WITHIN = 2  # seconds after SIGKILL


class ServerLost(Exception):
    """The server ended, does not answer, or may not fork."""


class Server:
    """One running fork server, seen from the process that started it."""

    def __init__(self, preload: tuple[str, ...], environment: dict[str, str]) -> None:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "veille.build.fork_server", str(theirs.fileno()), *preload]
        with theirs:
            # A session of its own: Ctrl-C is for us, and we end it by closing the socket.
            self._process = subprocess.Popen(
                command,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.settimeout(ANSWERS_WITHIN)
        self._channel, self._lines, self._lock = ours, ours.makefile("r", encoding="utf-8"), Lock()
        try:
            if self._answer()["threads"] != 1:
                raise ServerLost("several threads after the imports")
        except ServerLost:
            self.stop()
            raise

    def _answer(self) -> dict:
        try:
            found = json.loads(self._lines.readline())
        except (OSError, ValueError):
            raise ServerLost from None
        if "error" in found:
            raise ServerLost(found["error"])
        return found

    def ask(self, **request: object) -> dict:
        """The answer to one request. Raises ServerLost."""
        with self._lock:
            try:
                self._channel.sendall(json.dumps(request).encode() + b"\n")
                return self._answer()
            except OSError:
                raise ServerLost from None
            except BaseException:
                # Interrupted: an answer under way would be taken for that of the next request.
                self._channel.close()
                raise

    def stop(self) -> None:
        """End the server and every kernel forked from it."""
        self._lines.close()
        self._channel.close()
        try:
            self._process.wait(DIES_WITHIN)
        except subprocess.TimeoutExpired:  # its kernels are killed with it
            self._process.kill()
            self._process.wait()


class Forked:
    """A forked kernel, with what a provisioner asks of a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, server: Server, pid: int) -> None:
        self._server, self.pid, self.returncode = server, pid, None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs. A kernel does not outlive its server."""
        if self.returncode is None:
            try:
                self.returncode = self._server.ask(poll=self.pid)["code"]
            except ServerLost:
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float = float("inf")) -> int | None:
        """The exit code, as soon as it has ended; None if it has not within `timeout` seconds."""
        limit = time.monotonic() + timeout
        while self.poll() is None and time.monotonic() < limit:
            time.sleep(0.002)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended: its number may be another process's by then."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


_servers: dict[tuple, Server | None] = {}  # None: it could not be started, and would not be another time
_is_kept = False


@contextmanager
def kept() -> Iterator[None]:
    """While it lasts, kernels of this process that may be warm are; the first of them starts the server."""
    global _is_kept
    before, _is_kept = _is_kept, True
    try:
        yield
    finally:
        _is_kept = before
        if not before:
            stop()


def stop() -> None:
    """End all servers of this process."""
    while _servers:
        if server := _servers.popitem()[1]:
            server.stop()


def _started(preload: tuple[str, ...], environment: dict[str, str]) -> Server | None:
    try:
        return Server(preload, environment)
    except (ServerLost, OSError):
        return None


def _fork(command: list[str], preload: tuple[str, ...], environment: dict[str, str], folder: str) -> Forked | None:
    """The kernel that a command starts, forked; None where that cannot be done."""
    if not sys.platform.startswith("linux") or command[:2] != [sys.executable, "-m"]:
        return None
    at_start = tuple(sorted((k, v) for k, v in environment.items() if k.startswith(READ_AT_START)))
    key = (os.getpid(), preload, at_start)
    for _ in range(2):  # a server that was lost is replaced
        server = _servers.get(key) if key in _servers else _started(preload, environment)
        _servers[key] = server
        if server is None:
            return None
        try:
            made = server.ask(command=command[2:], environment=environment, folder=folder)
        except ServerLost:
            server.stop()
            del _servers[key]
            continue
        return Forked(server, made["pid"])
    return None


class WarmProvisioner(LocalProvisioner):
    """Forks a kernel whose command is `python -m MODULE …`; starts it in the ordinary way where it cannot.

    In a kernel specification: `"metadata": {"kernel_provisioner": {"provisioner_name": "veille-warm", "config": {"preload":
    ["ipykernel.kernelapp", "pandas"]}}}`.
    """

    preload = List(Unicode(), help="The modules that every kernel imports; none of them may start a thread.").tag(
        config=True
    )
    always = Bool(
        True, help="Warm in any process; otherwise only within `kept()`: one kernel alone gains nothing."
    ).tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: object) -> KernelConnectionInfo:
        """Fork the kernel, or launch it with its command."""
        process = None
        if self.always or _is_kept:
            environment = dict(kwargs.get("env") or os.environ)
            process = _fork(cmd, tuple(self.preload), environment, str(kwargs.get("cwd") or os.getcwd()))
        if process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.cwd = process, process.pid, kwargs.get("cwd") or os.getcwd()
        self.pgid = process.pid  # it begins by opening a session
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill, and stay for the few milliseconds until it is gone: the caller would look again only after a tenth of a second."""
        process = self.process
        await super().kill(restart)
        if isinstance(process, Forked):
            process.wait(DIES_WITHIN)


def register() -> None:
    """Make the provisioner known to this process, for a package that is on the path without being installed."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners.setdefault(NAME, EntryPoint(NAME, f"{__name__}:{WarmProvisioner.__name__}", GROUP))
