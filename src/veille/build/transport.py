"""How papermill talks to the kernel: UNIX sockets in a private folder, so that reports built side by side never race
for a port and nothing listens on the network. TCP on loopback where UNIX sockets do not exist or paths are too long.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager

from . import warm

LONGEST_SOCKET = 100  # a UNIX socket's path holds 107 bytes; the kernel adds a short suffix
_SUFFIX = len("/kernel-ipc-5")


class LocalKernelManager(AsyncKernelManager):
    """A kernel manager whose connection file and sockets stand in `JUPYTER_RUNTIME_DIR`, one folder per kernel."""

    def __init__(self, **settings: object) -> None:
        warm.register()
        folder = Path(os.environ["JUPYTER_RUNTIME_DIR"])
        ours: dict[str, object] = {"connection_file": str(folder / "kernel.json")}
        if uses_sockets(folder):
            ours |= {"transport": "ipc", "ip": str(folder / "kernel-ipc")}
        super().__init__(**{**ours, **settings})


def private_folder() -> Path:
    """A short new folder for connection files and sockets, open to this user only."""
    return Path(tempfile.mkdtemp(prefix="veille-"))


def uses_sockets(folder: Path) -> bool:
    """Whether this system can put the kernel's sockets in `folder`."""
    return not sys.platform.startswith("win") and len(os.fsencode(folder)) + _SUFFIX <= LONGEST_SOCKET
