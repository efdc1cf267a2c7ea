"""How papermill talks to the kernel: UNIX sockets in a private folder, so that reports built side by side never race
for a port and nothing listens on the network. TCP on loopback where UNIX sockets do not exist or paths are too long.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from queue import Empty

import zmq
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

from . import warm

LONGEST_SOCKET = 100  # a UNIX socket's path holds 107 bytes; the kernel adds a short suffix
AGAIN = 5  # milliseconds; ZeroMQ's own is 100, and a warm kernel listens after 50
_SUFFIX = len("/kernel-ipc-5")


class PromptClient(AsyncKernelClient):
    """A client that is ready as soon as a kernel has answered and its outputs are heard.

    The usual one then listens for a fifth of a second more, in case something is still said; the kernel itself says when it
    has finished.
    """

    def start_channels(self, *given: bool, **named: bool) -> None:
        """As usual, but that a socket on which the kernel does not listen yet is looked for again after milliseconds."""
        self.context.setsockopt(zmq.RECONNECT_IVL, AGAIN)
        super().start_channels(*given, **named)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel is ready. Raises RuntimeError when it died, or is not within `timeout` seconds."""
        limit = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answers():
            if not await self.parent.is_alive():
                raise RuntimeError("the kernel died before it answered")
            if time.monotonic() > limit:
                raise RuntimeError(f"the kernel did not answer within {timeout} seconds")

    async def _answers(self) -> bool:
        """Whether the kernel answers one request, and is heard to finish it: else its outputs are not connected yet."""
        asked = self.kernel_info()
        try:
            while (await self.get_shell_msg(timeout=1))["parent_header"].get("msg_id") != asked:
                pass
            while True:
                heard = await self.get_iopub_msg(timeout=0.2)
                is_ours = heard["parent_header"].get("msg_id") == asked
                if is_ours and heard["content"].get("execution_state") == "idle":
                    return True
        except Empty:
            return False


class LocalKernelManager(AsyncKernelManager):
    """A kernel manager whose connection file and sockets stand in `JUPYTER_RUNTIME_DIR`, one folder per kernel."""

    def __init__(self, **settings: object) -> None:
        warm.register()
        folder = Path(os.environ["JUPYTER_RUNTIME_DIR"])
        ours: dict[str, object] = {"connection_file": str(folder / "kernel.json"), "client_factory": PromptClient}
        if uses_sockets(folder):
            ours |= {"transport": "ipc", "ip": str(folder / "kernel-ipc")}
        super().__init__(**{**ours, **settings})


def private_folder() -> Path:
    """A short new folder for connection files and sockets, open to this user only."""
    return Path(tempfile.mkdtemp(prefix="veille-"))


def uses_sockets(folder: Path) -> bool:
    """Whether this system can put the kernel's sockets in `folder`."""
    return not sys.platform.startswith("win") and len(os.fsencode(folder)) + _SUFFIX <= LONGEST_SOCKET
