"""A command that the system ends at once is spoken of all the same; one that is asked to stop ends as it was asked."""

from __future__ import annotations

import os
import pty
import shlex
import signal
import subprocess
import sys

import projects
import pytest
from processes import alive, below, until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a command has no process apart")

SAID = "Le système a arrêté la commande ({}), souvent faute de mémoire ; rien n’a été remplacé à moitié."


def apart(code: str, debug: bool = False) -> list[str]:
    """The command that runs a function guarded."""
    lines = f"import os, signal, sys, time\nfrom veille import guard\ndef command():\n    {code}\nguard.run(command, debug={debug})"
    return [sys.executable, "-c", lines]


def ended(code: str, debug: bool = False) -> subprocess.CompletedProcess:
    return subprocess.run(apart(code, debug), capture_output=True, text=True, check=False)


def start(code: str, **options: object) -> tuple[subprocess.Popen, int]:
    """A guarded function that runs now, and its process."""
    running = subprocess.Popen(
        apart(code),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test runner may ignore Ctrl-C; a terminal does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        **options,
    )
    assert running.stdout.readline() == "runs\n"
    (child,) = below(running.pid)
    return running, child


@pytest.mark.parametrize("code", [0, 1, 3, 130])
def test_it_ends_with_the_code_of_the_command(code):
    done = ended(f"print('said'); print('told', file=sys.stderr); sys.exit({code})")
    assert (done.returncode, done.stdout, done.stderr) == (code, "said\n", "told\n")


@pytest.mark.parametrize("name", ["SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS"])
def test_a_death_is_said_in_french_and_nothing_else_is(name):
    """As a library does that finds no memory: it writes past Python, then it aborts."""
    done = ended(f"os.write(2, b'memory allocation failed'); os.kill(os.getpid(), signal.{name})")
    first, second = done.stderr.splitlines()
    assert done.returncode == 1 and first == SAID.format(name)
    assert second == "Fermez d’autres programmes et relancez ; --debug montre ce qu’en dit le système."


def test_what_a_library_writes_is_shown_with_debug_only():
    assert "a word" not in ended("os.write(2, b'a word')").stderr
    assert "a word" in ended("os.write(2, b'a word')", debug=True).stderr


def test_without_a_standard_error_it_runs_all_the_same():
    line = " ".join(shlex.quote(word) for word in apart("print('said'); sys.exit(3)"))
    done = subprocess.run(["sh", "-c", f"{line} 2>&-"], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "said\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_stops_its_command_and_ends_the_same_way(number):
    running, child = start("print('runs', flush=True); time.sleep(60)")
    running.send_signal(number)
    _, said = running.communicate(timeout=10)
    assert (running.returncode, said) == (-number, "") and not alive(child)


COUNTS = (
    "signal.signal(signal.SIGINT, lambda *_: print('stop', flush=True)); print('runs', flush=True); time.sleep(1.5)"
)


def test_an_interrupt_of_this_process_alone_reaches_the_command():
    running, _ = start(COUNTS)
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=10) == ("stop\n", "")


def test_an_interrupt_from_the_terminal_reaches_the_command_once():
    """The terminal gives Ctrl-C to both: handed on, it would interrupt the clearing up after the first."""
    ours, theirs = pty.openpty()

    def take() -> None:
        os.setsid()
        import fcntl
        import termios

        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)

    running = subprocess.Popen(apart(COUNTS), stdin=theirs, stdout=subprocess.PIPE, text=True, preexec_fn=take)
    assert running.stdout.readline() == "runs\n"
    os.write(ours, b"\x03")
    assert running.communicate(timeout=10)[0] == "stop\n" and running.returncode == 0
    os.close(ours)
    os.close(theirs)


def test_the_command_does_not_outlive_the_process_that_waits():
    running, child = start("print('runs', flush=True); time.sleep(60)")
    running.kill()
    running.wait()
    until(lambda: not alive(child), 10)


# ---- a report -----------------------------------------------------------------------------------------------------


def test_a_build_that_the_system_kills_leaves_the_report_before(with_report):
    project = with_report
    before = projects.sealed(project / "reports")
    running = projects.start(project, "build", "bulletin", "gao", "2016-10", "--again")
    until(lambda: list((project / ".veille").glob("draft-*/stage/context.json")))
    os.kill(below(running.pid)[0], signal.SIGKILL)
    done = projects.finish(running)
    assert done.returncode == 1 and done.stderr.splitlines()[-2] == SAID.format("SIGKILL")
    assert projects.sealed(project / "reports") == before
    assert projects.here(project, "build", "bulletin", "gao", "2016-10", "--again").returncode == 0
    assert projects.sealed(project / "reports") == before and not list((project / ".veille").glob("draft-*"))


@pytest.mark.full
def test_memory_that_runs_out_leaves_the_report_before(with_report):
    """Wherever it runs out (commands, sockets, kernel, figures, layout): a clear message, nothing half-written."""
    project, failed = with_report, 0
    before = projects.sealed(project / "reports")
    for megabytes in (80, 100, 150, 250, 292, 308, 320, 340, 600):
        command = ["prlimit", f"--as={megabytes}000000", sys.executable, "-m", "veille"]
        command += ["build", "bulletin", "gao", "2016-10", "--again"]
        done = subprocess.run(command, cwd=project, env=projects.environment(), capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        # Threads take addresses as they come: near the edge the same limit sometimes does.
        assert done.returncode in (0, 1) and "Traceback" not in done.stderr, megabytes
        assert done.returncode == 0 or len(done.stderr.splitlines()) == 2, done.stderr
        assert projects.sealed(project / "reports") == before, megabytes
        failed += done.returncode
    assert failed >= 4  # with less than 250 MB nothing can be drawn
    assert projects.veille(project, "build", "bulletin", "gao", "2016-10", "--again").returncode == 0
    assert projects.sealed(project / "reports") == before and not list((project / ".veille").glob("draft-*"))
