"""What runs inside a Dask worker: it hands requests to one child process, and hands back what comes.

A Dask worker is full of threads: nothing is made there, nothing is forked from it. The child (`remote.py`) is started by
exec, kept until the worker ends, and ends with it: its standard input closes. This module imports nothing heavy.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Timer
from typing import BinaryIO

# Who makes reports has one core; what it calls must not take the others.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_LENGTH = struct.Struct(">Q")


def send(channel: BinaryIO, content: bytes) -> None:
    """One message into a pipe."""
    channel.write(_LENGTH.pack(len(content)))
    channel.write(content)
    channel.flush()


def receive(channel: BinaryIO) -> bytes:
    """The next message of a pipe. Raises EOFError when the other end closed."""
    head = channel.read(_LENGTH.size)
    size = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    content = channel.read(size)
    if len(head) < _LENGTH.size or len(content) < size:
        raise EOFError
    return content


@dataclass(frozen=True)
class Reply:
    """What a child answered; `content` is empty when it died (`code`), or was ended because it took too long."""

    content: bytes = b""
    code: int = 0
    is_late: bool = False


class _Child:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "veille.build.remote", str(folder)],
            cwd=folder,
            env=os.environ | ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C in the worker's terminal is the worker's; the child follows it
        )
        self._is_late = False

    def _end_late(self) -> None:
        self._is_late = True
        self._process.kill()

    def ask(self, request: bytes, limit: float) -> Reply:
        timer = Timer(limit, self._end_late)
        timer.start()
        try:
            send(self._process.stdin, request)
            return Reply(receive(self._process.stdout))
        except (OSError, EOFError):
            return Reply(code=self._process.wait(), is_late=self._is_late)
        finally:
            timer.cancel()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()


_child: _Child | None = None
_lock = Lock()  # one report at a time, whatever the worker's threads


def ask(request: bytes, limit: float, is_first: bool = False) -> Reply:
    """The child's answer to a request: a Dask task. `is_first` starts another child, from the programme as it is now.

    It never raises: Dask would write what it was given into its log.
    """
    global _child
    from distributed import get_worker

    with _lock:
        if _child and (is_first or not _child.is_alive):
            _child.end()
            _child = None
        try:
            if _child is None:
                # Dask removes this folder when the worker ends, or at the next start where it was killed.
                _child = _Child(Path(get_worker().local_directory) / "veille")
            return _child.ask(request, limit)
        except Exception as error:
            print(f"veille: {type(error).__name__}", file=sys.stderr)
            return Reply(code=1)
