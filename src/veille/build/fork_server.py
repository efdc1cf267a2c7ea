"""The process from which warm kernels are forked: it imports modules once, then forks one kernel per request.

`python -m veille.build.fork_server DESCRIPTOR MODULE…`, where DESCRIPTOR is one end of a socket pair. Requests and answers
are lines of JSON. It draws nothing, opens no data and starts no thread: a fork copies only the thread that forks, and
would copy the locks of the others as they stand. When the other end closes, it ends its kernels and itself.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import suppress

from ..guard import die_with


def threads() -> int:
    """How many threads this process has."""
    return len(os.listdir("/proc/self/task"))


def _become(request: dict, parent: int, set_by_imports: dict[str, str]) -> None:
    """Run the module of a request in this new process, as `python -m` would, and end."""
    code = 1
    try:
        os.setsid()
        die_with(parent, signal.SIGKILL)
        os.environ.clear()
        os.environ.update(set_by_imports | request["environment"])
        os.environ["JPY_PARENT_PID"] = str(parent)  # a kernel watches the process that started it
        os.chdir(request["folder"])
        time.tzset()
        tempfile.tempdir = None  # looked up again, in the new environment
        if "numpy" in sys.modules:  # Python's own generator seeds itself anew after a fork; this one does not
            sys.modules["numpy"].random.seed()
        sys.argv = request["command"]
        gc.enable()
        runpy.run_module(request["command"][0], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()  # to where the module has sent its stderr
    finally:
        # Not through the exit of the server whose copy this is.
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _launch(request: dict, channel: socket.socket, running: set[int], set_by_imports: dict[str, str]) -> dict:
    if threads() != 1:
        return {"error": "several threads before the fork"}
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        os.close(channel.detach())  # a notebook could answer in the server's name; `close` would wait for its reader
        _become(request, parent, set_by_imports)
    running.add(pid)
    return {"pid": pid}


def _poll(pid: int, running: set[int]) -> dict:
    """The exit code of a kernel, negative for a signal; null while it runs."""
    if pid not in running:
        return {"code": -signal.SIGKILL}
    done, status = os.waitpid(pid, os.WNOHANG)
    if not done:
        return {"code": None}
    running.remove(pid)
    return {"code": os.waitstatus_to_exitcode(status)}


def serve(channel: socket.socket, set_by_imports: dict[str, str]) -> None:
    """Answer requests until the other end closes; then end every kernel that still runs."""
    running: set[int] = set()
    with channel.makefile("r", encoding="utf-8") as requests:
        for line in requests:
            request = json.loads(line)
            if "command" in request:
                answer = _launch(request, channel, running, set_by_imports)
            else:
                answer = _poll(int(request["poll"]), running)
            try:
                channel.sendall(json.dumps(answer).encode() + b"\n")
            except OSError:
                break
    for pid in running:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


def main() -> None:
    """Import, then serve."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    # What is collected before a fork leaves holes that both processes would then write into.
    gc.disable()
    before = dict(os.environ)
    for name in sys.argv[2:]:
        importlib.import_module(name)
    # What was imported is never garbage: left alone, its memory stays shared with every kernel.
    gc.freeze()
    channel.sendall(json.dumps({"ready": True, "threads": threads()}).encode() + b"\n")
    # A module that is imported already does not set its variables again: a kernel takes them over.
    serve(channel, {k: v for k, v in os.environ.items() if k not in before})


if __name__ == "__main__":
    main()
