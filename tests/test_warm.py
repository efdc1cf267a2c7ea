"""A warm kernel is an ordinary one that starts sooner: the same bytes, nothing of the report before it, nothing left behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import nbformat
import projects
import pytest
from processes import alive, below, until

from veille.build import execute, transport, warm
from veille.errors import BadParameter, BuildFailed

# Each starts kernels and servers: the long suite.
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="warm kernels are Linux's"),
]

# What one report can leave behind: a variable, a module's attribute, a style, an environment variable, a file, a draw.
LEAKS = """
from veille import present, published
leaked = 1
present.leaked = 1
present.theme.matplotlib.rcParams["font.size"] = 99
present.theme.INK = "leaked"
published.os.environ["LEAKED"] = "1"
published.Path(published.os.environ["TMPDIR"], "leaked").write_text("1")
published.Path(published.os.environ["MPLCONFIGDIR"]).name
"""
LOOKS = """
from veille import present, published
print([
    "leaked" in dir(),
    "leaked" in dir(present),
    present.theme.matplotlib.rcParams["font.size"],
    present.theme.INK,
    present.theme.matplotlib.get_backend(),
    "LEAKED" in published.os.environ,
    sorted(p.name for p in published.Path(published.os.environ["TMPDIR"]).glob("leaked")),
    sorted(n for n in published.os.environ if not n.startswith("JPY_")),
    published.os.environ["TZ"],
    hash("veille"),
    region,
])
"""
WHO = "from veille import published\nprint([published.os.getpid(), published.os.getppid(), published.os.getsid(0)])"


def runner(root: Path):
    """A function that executes a small notebook, given as its cells, and returns what it printed."""

    def run(*cells: str, name: str = "essai") -> str:
        folder = root / name
        (folder / "stage").mkdir(parents=True, exist_ok=True)
        parameters = nbformat.v4.new_code_cell('region = ""', metadata={"tags": ["parameters"]})
        notebook = nbformat.v4.new_notebook(cells=[parameters, *map(nbformat.v4.new_code_cell, cells)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / "essai.ipynb")
        shutil.rmtree(folder / "scratch", ignore_errors=True)
        done = execute.run(
            folder / "essai.ipynb", {"region": name}, folder / "stage", folder / "scratch", root / "work"
        )
        return "".join(o["text"] for c in done.cells for o in c.get("outputs", []) if o["output_type"] == "stream")

    return run


@pytest.fixture
def run(tmp_path):
    return runner(tmp_path)


@pytest.fixture
def kept():
    with warm.kept():
        yield
    assert not warm._servers


def server() -> warm.Server:
    """The one server that runs."""
    (found,) = warm._servers.values()
    return found


# ---- a kernel like any other --------------------------------------------------------------------------------------


def test_kernels_are_forked_from_one_server_each_in_its_own_session(run, kept):
    first, second = (json.loads(run(WHO)) for _ in range(2))
    assert first[1] == second[1] == server()._process.pid
    assert first[0] != second[0] and first[0] == first[2] and second[0] == second[2]
    assert not alive(first[0]) and not alive(second[0])


def test_the_server_has_one_thread_before_and_after_its_forks(run, kept):
    for _ in range(2):
        run(WHO)
        status = Path(f"/proc/{server()._process.pid}/status").read_text(encoding="utf-8")
        assert "Threads:\t1\n" in status


def test_a_kernel_does_not_hold_the_line_between_its_server_and_the_build(run, kept):
    # The folder's own descriptor is gone when it has been read: `realpath` minds no broken link.
    look = "from veille import published\nprint([published.os.path.realpath(f'/proc/self/fd/{n}').rpartition('/')[2] for n in published.os.listdir('/proc/self/fd')])"
    held = json.loads(run(look).replace("'", '"'))
    lines = [os.readlink(fd) for fd in Path(f"/proc/{server()._process.pid}/fd").iterdir()]
    sockets = {name for name in lines if name.startswith("socket:")}
    assert len(sockets) == 1 and sockets & set(held) == set()


def test_a_server_with_a_thread_is_not_used(tmp_path, monkeypatch, run):
    (tmp_path / "with_thread.py").write_text("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n")  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    with pytest.raises(warm.ServerLost, match="several threads"):
        warm.Server(("with_thread",), environment)
    with pytest.raises(warm.ServerLost):
        warm.Server(("no_such_module",), environment)


def test_without_being_asked_to_stay_warm_no_server_is_started(run):
    assert json.loads(run(WHO))[1] == os.getpid()
    assert not warm._servers


def test_nothing_leaks_from_one_report_to_the_next(run, kept):
    run(LEAKS, name="avant")
    after = run(LOOKS, name="apres")
    assert json.loads(run(WHO))[1] == server()._process.pid
    warm.stop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "_is_kept", False)
        cold = run(LOOKS, name="apres")
    assert after == cold


def test_a_warm_kernel_is_restricted_as_any_other(run, kept, tmp_path):
    said = {}
    for way in ("warm", "cold"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(warm, "_is_kept", way == "warm")
            for attempt in ("Path('/etc/passwd').read_text()", f"Path({str(tmp_path / 'x')!r}).write_text('x')"):
                with pytest.raises(BuildFailed, match="cellule 2 : PermissionError"):
                    run(f"from veille import published\npublished.{attempt}")
            said[way] = (tmp_path / "essai" / "scratch" / "isolation.txt").read_text(encoding="utf-8")
    assert said["warm"] == said["cold"]


def test_our_messages_come_through(run, kept):
    cell = "from veille import published\npublished.periods.parse('2016-13')"
    with pytest.raises(BadParameter, match="Période impossible : 2016-13"):
        run(cell)


def test_the_time_limit_holds(run, kept, monkeypatch):
    run(WHO)
    monkeypatch.setattr(execute, "TIME_LIMIT", 2)
    with pytest.raises(BuildFailed, match="CellTimeoutError"):
        run("while True: pass")
    assert below(server()._process.pid) == []


def test_any_jupyter_tool_can_use_the_provisioner(tmp_path, monkeypatch):
    """A kernel specification of somebody else's, ipykernel's own command, and nbclient."""
    import nbclient

    folder = tmp_path / "kernels" / "chaud"
    folder.mkdir(parents=True)
    spec = {
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Chaud",
        "language": "python",
        "metadata": {
            "kernel_provisioner": {"provisioner_name": warm.NAME, "config": {"preload": ["ipykernel.kernelapp"]}}
        },
    }
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    warm.register()
    try:
        pids = []
        for _ in range(2):
            cell = nbformat.v4.new_code_cell("import os; print(os.getppid())")
            done = nbclient.execute(nbformat.v4.new_notebook(cells=[cell]), kernel_name="chaud")
            pids.append(int(done.cells[0].outputs[0]["text"]))
        assert pids == [server()._process.pid] * 2
    finally:
        warm.stop()


def test_the_package_declares_the_provisioner():
    declared = tomllib.loads((projects.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    points = declared["project"]["entry-points"][warm.GROUP]
    assert EntryPoint(warm.NAME, points[warm.NAME], warm.GROUP).load() is warm.WarmProvisioner


# ---- what goes wrong ----------------------------------------------------------------------------------------------


def test_where_there_is_no_safe_fork_the_kernel_is_an_ordinary_one(run, kept, monkeypatch):
    monkeypatch.setattr(warm.sys, "platform", "darwin")
    assert json.loads(run(WHO))[1] == os.getpid()
    assert not warm._servers


def test_a_server_that_cannot_start_costs_one_attempt(run, kept, monkeypatch):
    tried = []
    monkeypatch.setattr(warm, "Server", lambda *given: tried.append(given) or (_ for _ in ()).throw(warm.ServerLost))
    for _ in range(2):
        assert json.loads(run(WHO))[1] == os.getpid()
    assert len(tried) == 1


def test_a_killed_kernel_is_named_and_the_next_report_is_whole(run, kept):
    with pytest.raises(BuildFailed, match="n’a pas pu être exécuté"):
        run("from veille import published\npublished.os.kill(published.os.getpid(), 9)")
    assert json.loads(run(WHO))[1] == server()._process.pid


def test_a_server_that_died_is_replaced(run, kept):
    run(WHO)
    first = server()._process
    first.kill()
    first.wait()
    assert json.loads(run(WHO))[1] == server()._process.pid != first.pid


def test_a_server_that_dies_under_a_report_is_an_error_and_the_next_report_is_whole(run, kept):
    run(WHO)
    lost = server()._process
    threading.Timer(1.0, lost.kill).start()
    with pytest.raises(BuildFailed, match="n’a pas pu être exécuté"):
        run("from veille import published\nwhile True: pass")
    assert json.loads(run(WHO))[1] == server()._process.pid != lost.pid


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param("raise SystemExit(3)", "died before it answered", id="it-dies"),
        pytest.param("import time; time.sleep(60)", "did not answer within 1 seconds", id="it-hangs"),
    ],
)
def test_a_kernel_that_does_not_start_is_an_error_and_no_process(tmp_path, monkeypatch, code, words):
    import nbclient

    folder = tmp_path / "kernels" / "muet"
    folder.mkdir(parents=True)
    spec = {"argv": ["python", "-c", code, "{connection_file}"], "display_name": "Muet", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    sockets = transport.private_folder()
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(sockets))
    before = set(below(os.getpid()))
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(),
        kernel_name="muet",
        kernel_manager_class=transport.LocalKernelManager,
        startup_timeout=1,
    )
    with pytest.raises(RuntimeError, match=words), client.setup_kernel():
        pass
    until(lambda: set(below(os.getpid())) <= before, 10)
    shutil.rmtree(sockets)


APART = """
import sys
sys.path.insert(0, {tests!r})
import test_warm
from pathlib import Path
from veille.build import warm
run = test_warm.runner(Path({folder!r}))
with warm.kept():
    run(test_warm.WHO)
    print("warm", flush=True)
    run({cell!r})
"""


@pytest.mark.parametrize("end", ["normal", "SIGINT", "SIGTERM", "SIGKILL"])
def test_no_process_is_left_behind(tmp_path, end):
    cell = "1" if end == "normal" else "from veille import published\nwhile True: pass"
    code = APART.format(tests=str(Path(__file__).parent), folder=str(tmp_path), cell=cell)
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    started: list[int] = []

    def deep() -> bool:
        """Whether server and kernel run."""
        started[:] = below(running.pid)
        return len(started) == 2

    try:
        assert running.stdout.readline() == "warm\n", running.stderr.read()
        if end != "normal":
            until(deep)
            time.sleep(0.3)
            running.send_signal(getattr(signal, end))
        running.communicate(timeout=30)
    finally:
        running.kill()
    assert end != "normal" or running.returncode == 0
    until(lambda: not any(alive(pid) for pid in started), 5)


# ---- the same bytes -----------------------------------------------------------------------------------------------

REPORTS = [("bulletin", "gao", "2016-10"), ("bulletin", "gao", "2017-06"), ("gbvims", "mali", "2017-Q2")]


def made(project: Path, product: str, area: str, period: str) -> dict[str, str]:
    done = projects.here(project, "build", product, area, period)
    assert done.returncode == 0, done.stderr
    found = projects.packet(project, area, period, product)
    out = projects.sealed(found)
    shutil.rmtree(found)
    return out


def test_warm_and_cold_give_the_same_bytes(example_project, report, kept):
    text = example_project / "params" / "texts"
    shutil.copytree(projects.ROOT / "params" / "texts" / "gbvims", text / "gbvims")
    (text / "bulletin" / "gao").mkdir(parents=True)
    (text / "bulletin" / "gao" / "2017-06.md").write_text(projects.TEXT, encoding="utf-8")
    for product, area, period in REPORTS:
        cold = projects.sealed(report(area, period, product))
        assert made(example_project, product, area, period) == cold
    assert server()


@pytest.mark.full
def test_twenty_pairs_in_random_order_give_the_same_bytes(example_project):
    order = [(way, of) for of in (*REPORTS, ("bulletin", "kidal", "2016-10"), ("followup", "mali", "2017-06")) for way in ("warm", "cold") * 4]  # fmt: skip
    random.Random(26).shuffle(order)
    seen: dict[tuple, set[str]] = {}
    with warm.kept(), pytest.MonkeyPatch.context() as patch:
        for way, of in order:
            patch.setattr(warm, "_is_kept", way == "warm")
            seen.setdefault(of, set()).add(json.dumps(made(example_project, *of), sort_keys=True))
    assert {of: len(kinds) for of, kinds in seen.items()} == dict.fromkeys(seen, 1)
