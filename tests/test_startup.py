"""The command answers at once: what is heavy is loaded by the command that needs it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

import projects
import pytest

HEAVY = {"pandas", "numpy", "duckdb", "matplotlib", "papermill", "nbconvert", "typst", "highspy", "rich.progress", "docx"}  # fmt: skip


def test_the_command_line_loads_nothing_heavy():
    code = "import sys, veille.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()


@pytest.mark.skipif(os.name != "posix", reason="the time of children is POSIX's")
def test_help_takes_less_than_a_third_of_a_second_of_the_processor():
    def spent() -> float:
        before = os.times()
        assert projects.veille(projects.ROOT, "--help").returncode == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert statistics.median(spent() for _ in range(5)) < 0.3
