"""The kernel that runs a report's notebook: import what notebooks use, restrict the process, then listen.

Started by papermill through `kernels/veille/kernel.json`. `VEILLE_SANDBOX` names the folders it may read and write.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path


def main() -> None:
    """Run one restricted IPython kernel."""
    given = json.loads(os.environ["VEILLE_SANDBOX"])
    write = [Path(p) for p in given["write"]]
    # What the kernel says goes to its draft folder, never to the officer's screen: it could quote a value.
    try:
        log = os.open(write[0] / "kernel.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # Imported before the restriction: caches are filled, and nothing has started a thread yet.
    from ipykernel.kernelapp import IPKernelApp

    from .. import present, published  # noqa: F401  (warm for the notebook's own import)
    from . import sandbox

    enforced = sandbox.restrict([Path(p) for p in given["read"]], write, listens=given.get("listens", True))
    (write[0] / "isolation.txt").write_text(enforced, encoding="utf-8")
    app = IPKernelApp.instance()
    app.config.HistoryManager.enabled = False  # a database of what was typed: nobody types here
    try:
        app.initialize()
        app.start()
    except Exception:  # memory, most often: half of its threads run, and an orderly end would wait for the others
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    main()
