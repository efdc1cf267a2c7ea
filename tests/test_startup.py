"""The command answers at once: what is heavy is loaded by the command that needs it."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"pandas", "numpy", "duckdb", "matplotlib", "papermill", "nbconvert", "typst", "highspy", "rich.progress", "docx"}  # fmt: skip


def test_the_command_line_loads_nothing_heavy():
    code = "import sys, veille.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
