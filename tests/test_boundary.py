"""The process that runs a notebook can read what it is given and write its draft, nothing else.

Every attack here is a real cell in a real kernel, against a real secret beside the staged folder. They go through
`execute.run`: what its static rules do not see must be refused by the kernel.
"""

from __future__ import annotations

import ast
import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import projects
import pytest

from veille.build import execute, sandbox, stage
from veille.errors import BuildFailed
from veille.project import Project

SECRET = "Kouakourou-7431-secret"
LANDLOCK = sandbox.abi()


def needs(version: int, what: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(LANDLOCK < version, reason=f"this kernel's Landlock ({LANDLOCK}) does not hold {what}")


# name -> what the cell tries; `found` is what it got hold of. Modules come in by ways that the static rules do not see.
ATTACKS = {
    "open": "found = of['open'](SECRET).read()",
    "pathlib": "found = get('pathlib').Path(SECRET).read_text()",
    "os.open": "found = os.read(os.open(SECRET, os.O_RDONLY), 99).decode()",
    "mmap": "found = get('mmap').mmap(os.open(SECRET, os.O_RDONLY), 0, access=1).read().decode()",
    "duckdb read_text": "found = get('duckdb').sql(f\"select content from read_text('{SECRET}')\").fetchall()",
    "duckdb read_csv": "found = get('duckdb').sql(f\"select * from read_csv('{SECRET}', header=false)\").fetchall()",
    "duckdb glob": "found = get('duckdb').sql(f\"select file from glob('{FOLDER}/*')\").fetchall(); refused = not found",
    "pandas": "found = get('pandas').read_csv(SECRET, header=None).to_csv()",
    "cat": "found = get('subprocess').run(['cat', SECRET], capture_output=True, check=True).stdout.decode()",
    "shell": "found = get('subprocess').run(f'cat < {SECRET}', shell=True, capture_output=True, check=True).stdout.decode()",
    "os.system": "found = '' if os.system(f'cat {SECRET} > {SCRATCH}/taken.txt') else 'taken'; refused = not found",
    "fork": """
        pid = os.fork()
        if pid == 0:
            try:
                os.open(SECRET, os.O_RDONLY)
                os._exit(0)
            except OSError:
                os._exit(7)
        refused = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    """,
    "symlink": "os.symlink(SECRET, f'{SCRATCH}/link'); found = of['open'](f'{SCRATCH}/link').read()",
    "symlink to the folder": "os.symlink(FOLDER, f'{SCRATCH}/folder'); found = os.listdir(f'{SCRATCH}/folder')",
    "hard link": "os.link(SECRET, f'{SCRATCH}/hard'); found = of['open'](f'{SCRATCH}/hard').read()",
    "rename into the draft": "os.rename(SECRET, f'{SCRATCH}/moved'); found = of['open'](f'{SCRATCH}/moved').read()",
    "proc root": "found = of['open'](f'/proc/self/root{SECRET}').read()",
    "proc cwd": "os.chdir(FOLDER); found = of['open']('incidents.csv').read()",
    "dot dot": "found = of['open'](f'{SCRATCH}/../../data/processed/tables/incidents.csv').read()",
    "libc": """
        libc = get('ctypes').CDLL(None, use_errno=True)
        descriptor = libc.open(SECRET.encode(), 0)
        refused = descriptor < 0 and get('ctypes').get_errno() == 13
    """,
    "list the folder": "found = os.listdir(FOLDER)",
    "the memory of the parent": "found = of['open'](f'/proc/{os.getppid()}/environ').read()",
    "write into the tables": "of['open'](f'{FOLDER}/planted.csv', 'w').write('x'); found = 'written'",
    "change the tables": "of['open'](SECRET, 'a').write('x'); found = 'written'",
    "truncate the tables": "os.truncate(SECRET, 0); found = 'emptied'",
    "remove the tables": "os.remove(SECRET); found = 'removed'",
    "write into the staged folder": "of['open'](f'{STAGE}/context.json', 'a').write(' '); found = 'written'",
    "write into the temporary folder": "of['open']('/tmp/veille-planted', 'w').write('x'); found = 'written'",
    "write into the environment": "of['open'](present.__file__, 'a').write('#'); found = 'written'",
    "give the reports a file": "os.mkdir(f'{PROJECT}/reports'); found = 'written'",
    "connect": "found = get('socket').create_connection(('127.0.0.1', PORT), timeout=5).recv(99).decode()",
    "listen": "found = str(get('socket').create_server(('127.0.0.1', 0)).getsockname())",
    "signal the parent": "os.kill(os.getppid(), 0); found = 'signalled'",
}
NEEDED = {
    "connect": (4, "connections"),
    "listen": (4, "connections"),
    "signal the parent": (6, "signals"),
    "truncate the tables": (3, "truncation"),
}

SETUP = """
from veille import present, published
of = published.__builtins__
get = of["__import__"]("importlib").import_module
os, json = get("os"), get("json")
outcomes = {}
"""
CELL = """
found, refused = "", False
try:
{attack}
except BaseException as error:
    outcomes[{name!r}] = type(error).__name__
else:
    outcomes[{name!r}] = "refused" if refused else "GOT " + str(found)
"""
GIVEN = """
outcomes["read what it is given"] = json.loads(of["open"](f"{STAGE}/context.json").read())["product"]
of["open"](f"{SCRATCH}/own.txt", "w").write("own")
outcomes["write its draft"] = of["open"](f"{SCRATCH}/own.txt").read()
of["open"](f"{SCRATCH}/outcomes.json", "w").write(json.dumps(outcomes))
"""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory, shared, real):
    """Every attack in one kernel: outcome by name, the executed notebook, its scratch folder, the secret."""
    if not LANDLOCK:
        pytest.skip("this kernel has no Landlock: only the weaker audit hook holds here")
    root = projects.new(tmp_path_factory.mktemp("attaque") / "projet", warm=shared)
    project = Project(root)
    secret = root / "data" / "processed" / "tables" / "incidents.csv"
    secret.write_text(SECRET, encoding="utf-8")
    scratch = root / ".veille" / "draft"
    plan = stage.plan(project, "bulletin", "gao", "2016-10")
    stage.fill(plan, root / ".veille" / "stage")
    listener = socket.create_server(("127.0.0.1", 0))
    values = {
        "SECRET": str(secret),
        "FOLDER": str(secret.parent),
        "SCRATCH": str(scratch),
        "STAGE": str(root / ".veille" / "stage"),
        "PROJECT": str(root),
        "PORT": listener.getsockname()[1],
    }
    named = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    cells = [nbformat.v4.new_code_cell("region = 'gao'", metadata={"tags": ["parameters"]})]
    cells.append(nbformat.v4.new_code_cell(SETUP + named))
    for name, attack in ATTACKS.items():
        body = textwrap.indent(textwrap.dedent(attack).strip(), "    ")
        cells.append(nbformat.v4.new_code_cell(CELL.format(attack=body, name=name)))
    cells.append(nbformat.v4.new_code_cell(GIVEN))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = root / "notebooks" / "attaque.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), path)
    with listener:
        executed = execute.run(path, plan.parameters, root / ".veille" / "stage", scratch, project.work)
    outcomes = json.loads((scratch / "outcomes.json").read_text(encoding="utf-8"))
    return outcomes, executed, scratch, secret


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[needs(*NEEDED[n])] if n in NEEDED else [], id=n.replace(" ", "-")) for n in ATTACKS],
)
def test_a_cell_cannot(attacked, name):
    outcomes, _, _, _ = attacked
    assert not outcomes[name].startswith("GOT"), outcomes[name]
    assert outcomes[name] in (
        "refused",
        "PermissionError",
        "OSError",  # a hard link across a boundary is « another device » to Landlock
        "CalledProcessError",
        "IOException",
        "CatalogException",
        "InvalidInputException",
    ), outcomes[name]


def test_the_attacker_reads_what_it_is_given_and_writes_its_draft(attacked):
    """The attacks fail because they are refused, not because nothing works in there."""
    outcomes, _, scratch, _ = attacked
    assert outcomes["read what it is given"] == "bulletin"
    assert outcomes["write its draft"] == "own"
    assert (scratch / "isolation.txt").read_text(encoding="utf-8") == f"landlock abi {LANDLOCK}"


def test_the_secret_is_nowhere_and_whole(attacked):
    _, executed, scratch, secret = attacked
    assert secret.read_text(encoding="utf-8") == SECRET
    assert SECRET not in nbformat.writes(executed)
    for path in scratch.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert SECRET.encode() not in path.read_bytes(), path.name
    assert not Path("/tmp/veille-planted").exists()
    assert sorted(p.name for p in secret.parent.iterdir() if p.is_file()) == ["incidents.csv"]


def test_no_library_that_reads_files_is_loaded_before_a_cell_asks(shared, real):
    """Without Landlock the audit hook refuses DuckDB at its import: it must not be there already."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from veille import present, published; print('duckdb' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env=projects.environment(),
    )
    assert done.stdout.strip() == "False"


# ---- the restriction itself ------------------------------------------------------------------------------------


def python(code: str, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=projects.environment(),
        timeout=60,
    )


@pytest.mark.skipif(not LANDLOCK, reason="this kernel has no Landlock")
def test_the_restriction_is_refused_when_a_thread_would_stay_free(tmp_path):
    done = python(
        """
        import sys, threading
        from pathlib import Path
        from veille.build import sandbox
        stop = threading.Event()
        threading.Thread(target=stop.wait, daemon=True).start()
        try:
            sandbox.restrict([], [Path(sys.argv[1])])
        except OSError as error:
            print("refused:", error)
        finally:
            stop.set()
        """,
        tmp_path,
    )
    assert done.stdout.startswith("refused:"), done.stderr


@pytest.mark.skipif(not LANDLOCK, reason="this kernel has no Landlock")
def test_a_restriction_cannot_be_widened(tmp_path):
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret.txt").write_text(SECRET, encoding="utf-8")
    done = python(
        """
        import sys
        from pathlib import Path
        from veille.build import sandbox
        root = Path(sys.argv[1])
        sandbox.restrict([], [root / "inside"])
        try:
            sandbox.restrict([root], [root])
        except OSError:
            pass
        try:
            print((root / "secret.txt").read_text())
        except PermissionError:
            print("refused")
        """,
        tmp_path,
    )
    assert done.stdout.strip() == "refused", done.stderr


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param("open(secret)", id="open"),
        pytest.param("open(secret, 'w')", id="write"),
        pytest.param("pathlib.Path(secret).read_text()", id="pathlib"),
        pytest.param("os.open(secret, os.O_RDONLY)", id="os.open"),
        pytest.param("os.symlink(secret, inside + '/link') or open(inside + '/link')", id="symlink"),
        pytest.param("open(given, 'w')", id="write-what-is-only-to-read"),
        pytest.param("subprocess.run(['cat', secret], check=True)", id="subprocess"),
        pytest.param("os.system('cat ' + secret)", id="os.system"),
        pytest.param("os.fork()", id="fork"),
        pytest.param("__import__('duckdb')", id="duckdb"),
        pytest.param("__import__('socket').create_connection(('127.0.0.1', 9))", id="connect"),
        pytest.param("os.open(given, os.O_WRONLY)", id="os.open-to-write"),
        pytest.param("__import__('io').FileIO(pathlib.Path(secret)).read()", id="FileIO-of-a-Path"),
        pytest.param("os.link(secret, inside + '/h') or open(inside + '/h').read()", id="hard-link"),
        pytest.param("os.rename(secret, inside + '/m') or open(inside + '/m').read()", id="rename"),
        pytest.param("os.remove(secret)", id="remove"),
        pytest.param("os.truncate(secret, 0)", id="truncate"),
        pytest.param("os.mkdir(str(root / 'x'))", id="mkdir"),
        pytest.param("os.listdir(str(root))", id="listdir"),
        pytest.param("__import__('ctypes').CDLL(None).open(secret.encode(), 0)", id="libc"),
    ],
)
def test_where_there_is_no_landlock_the_audit_hook_refuses(tmp_path, attack):
    for name in ("inside", "given"):
        (tmp_path / name).mkdir()
    (tmp_path / "given" / "table.csv").write_text("given", encoding="utf-8")
    (tmp_path / "secret.txt").write_text(SECRET, encoding="utf-8")
    done = python(
        """
        import os, pathlib, subprocess, sys
        from pathlib import Path
        from veille.build import sandbox
        root = Path(sys.argv[1])
        secret, inside, given = str(root / "secret.txt"), str(root / "inside"), str(root / "given" / "table.csv")
        sandbox._audit([*sandbox.system_paths(), root / "given"], [root / "inside"])
        assert open(given).read() == "given"
        open(inside + "/own.txt", "w").write("own")
        try:
            got = eval(sys.argv[2])
        except PermissionError as error:
            print("refused:", error)
        else:
            print("GOT", got)
        """,
        tmp_path,
        attack,
    )
    assert done.stdout.startswith("refused: veille:"), done.stdout + done.stderr
    assert (tmp_path / "secret.txt").read_text(encoding="utf-8") == SECRET


# ---- the rules that say early, and in words, what a notebook may hold ----------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param("import pandas as pd", "import non admis (pandas)", id="pandas"),
        pytest.param("from pathlib import Path", "import non admis (pathlib.Path)", id="pathlib"),
        pytest.param("import veille.sources.sheets", "import non admis (veille.sources.sheets)", id="our-own-sources"),
        pytest.param("from veille import versions", "import non admis (veille.versions)", id="another-room"),
        pytest.param(
            "from veille.published import os", "import non admis (veille.published.os)", id="through-the-door"
        ),
        pytest.param("def f():\n    return 1", "ne définit pas de fonction", id="def"),
        pytest.param("f = lambda: 1", "ne définit pas de fonction", id="lambda"),
        pytest.param("class A:\n    pass", "ne définit pas de fonction", id="class"),
        pytest.param("open('x')", "n’ouvre pas de fichier", id="open"),
        pytest.param("__import__('os')", "n’ouvre pas de fichier", id="import-by-hand"),
        pytest.param("eval('1')", "n’ouvre pas de fichier", id="eval"),
        pytest.param("présent(", "ne se lit pas", id="not-python"),
        pytest.param("%load_ext autoreload", "ne se lit pas", id="magic"),
        pytest.param("!cat secret", "ne se lit pas", id="shell"),
    ],
)
def test_a_cell_that_does_more_than_tell_is_named(source, said):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("## Titre"), nbformat.v4.new_code_cell(source)]
    )
    with pytest.raises(BuildFailed) as refused:
        execute.check_rules(notebook, "essai.ipynb")
    assert refused.value.message.startswith("essai.ipynb, cellule 2 : ")
    assert said in refused.value.message


def test_every_notebook_of_the_project_keeps_the_rules():
    for path in sorted((projects.ROOT / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        execute.check_rules(notebook, path.name)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert cell.outputs == [] and cell.execution_count is None, path.name
                assert len(ast.parse(cell.source).body) <= 6, "one call per cell"


def test_the_machine_running_the_tests_is_told(request):
    """Says on the terminal what was really tested here."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.write_line(
            f"Landlock ABI {LANDLOCK} on {os.uname().release if hasattr(os, 'uname') else sys.platform}"
        )
