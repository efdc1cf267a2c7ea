"""What the documents say is true: links, paths, commands, messages."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
import typer
import yaml

from veille import periods, places, products, texts
from veille.build import stage
from veille.cli import app
from veille.disclosure.safe import AUDIENCES
from veille.errors import UnknownName, VeilleError
from veille.indicators.registry import DIFFERENCES, MEASURES, SHARES
from veille.sources import registry, snapshots

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "guide"
DOCS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
# What a build, a form or an officer makes: named in the documents, absent from a clone.
MADE = (
    "params/corrections.yml",
    "reports/",
    "data/example/",
    "data/processed",
    ".venv",
    "params/texts/bulletin/gao/2016-10.md",
)


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _prose(path: Path) -> str:
    return FENCE.sub("", _read(path))


def _spans(path: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", _prose(path))


def _command_lines(path: Path) -> list[str]:
    """Commands of shell blocks, and inline code that begins with one."""
    blocks = [body for kind, body in FENCE.findall(_read(path)) if kind in ("sh", "powershell")]
    lines = [line.partition(" #")[0].strip() for body in blocks for line in body.splitlines()]
    spans = [s for s in _spans(path) if re.match(r"(make|veille|python3?|\.venv\S+) ", s)]
    return [line for line in lines + spans if line]


# --- links and paths ------------------------------------------------------------------------------------------------


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", _prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}


@pytest.mark.parametrize("path", DOCS, ids=_id)
def test_relative_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(path)):
        if re.match(r"[a-z]+:", target) or target == "https://…":
            continue
        name, _, anchor = unquote(target).partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


@pytest.mark.parametrize("path", DOCS, ids=_id)
def test_project_paths_in_backticks_exist(path):
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name not in ("reports",)}
    for span in _spans(path):
        first = span.split("/")[0]
        if "/" not in span or first not in folders or re.search(r"[<>… ]", span) or span.startswith(MADE):
            continue
        assert list(ROOT.glob(span.rstrip("/"))), span


@pytest.mark.parametrize("path", DOCS, ids=_id)
def test_documents_name_no_folder_of_one_machine(path):
    assert not re.search(r"(?<![\w.])/(?:home|root|work|tmp|usr|opt|Users)/|[A-Z]:\\", _read(path))


# --- commands -------------------------------------------------------------------------------------------------------


@cache
def _makefile() -> str:
    return _read(ROOT / "Makefile")


@pytest.mark.parametrize("path", DOCS, ids=_id)
def test_make_targets_and_variables_exist(path):
    targets = set(re.findall(r"^([a-z][a-z-]*):", _makefile(), re.M))
    variables = set(re.findall(r"^override ([A-Z_]+) :=", _makefile(), re.M))
    for line in [line for line in _command_lines(path) if line.startswith("make ")]:
        words = shlex.split(line)[1:]
        assert {w for w in words if "=" not in w} <= targets, line
        assert {w.split("=")[0] for w in words if "=" in w} <= variables, line


@pytest.mark.parametrize("path", DOCS, ids=_id)
def test_veille_commands_are_understood(path):
    for line in _command_lines(path):
        words = shlex.split(line.replace("\\", "/"))
        if Path(words[0]).stem != "veille" or "…" in line:
            continue
        command, arguments = typer.main.get_command(app), words[1:]
        assert arguments, line
        if "--help" in arguments:
            arguments.remove("--help")
        context = command.make_context("veille", list(arguments) or ["list"], resilient_parsing=not arguments)
        while hasattr(command, "commands") and arguments:
            command = command.commands.get(arguments.pop(0))
            assert command is not None, line
        if arguments:
            # Parsing only: nothing is built.
            command.make_context(command.name, arguments, parent=context)


@pytest.mark.parametrize("path", DOCS, ids=_id)
def test_scripts_and_lists_of_requirements_exist(path):
    for line in _command_lines(path):
        for word in shlex.split(line.replace("\\", "/")):
            if word.endswith((".py", ".txt", ".csv")) and "…" not in word:
                assert (ROOT / word).is_file(), line


# --- the guide against the code -------------------------------------------------------------------------------------


@cache
def _said() -> str:
    """Every piece of text in the code, and a few messages that are put together when they are raised."""
    out = [_makefile()]
    for path in sorted((ROOT / "src" / "veille").rglob("*.py")):
        for node in ast.walk(ast.parse(_read(path))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                out.append(node.value)
    one_of = stage.one_of
    raised = (
        lambda: places.area("goa", ROOT / "params"),
        lambda: products.product("bulletn"),
        lambda: periods.parse("2016-13", kinds=("month",)),
        lambda: periods.day("hier", "Date AS_OF"),
        lambda: one_of("Diffusion", "tous", AUDIENCES, feminine=True),
        lambda: one_of("Langue", "en", ("fr",), feminine=True),
        lambda: one_of("Nature de données", "vrai", stage.NATURES, feminine=True),
    )
    for raises in raised:
        with pytest.raises(VeilleError) as caught:
            raises()
        out.append(str(caught.value))
    done = subprocess.run(
        [sys.executable, "-m", "veille", "buid"], capture_output=True, encoding="utf-8", cwd=ROOT, check=False
    )
    return "\n".join([*out, done.stderr])


def _quoted() -> list[str]:
    return re.findall(r"^> (.+)$", _read(GUIDE / "erreurs.md"), re.M)


@pytest.mark.parametrize("message", _quoted())
def test_each_message_of_the_guide_is_one_of_the_programme(message):
    for piece in message.split("…"):
        piece = piece.strip(" .,:()")
        assert piece in _said(), piece


def test_example_of_a_text_is_accepted_and_its_keys_are_declared():
    page = _read(GUIDE / "textes.md")
    ((_, example),) = [block for block in FENCE.findall(page) if block[0] == "markdown"]
    front = "---\nchecklist: {no_village: true, date_reduced_to_week: true, no_identifying_detail: true}\n---\n"
    parsed = texts.parse(front + example, "textes.md", products.product("bulletin").headings("month"))
    assert set(parsed.sections) == {"highlights", "context", "major_incidents"}
    stems = {entry.indicator for entry in (*MEASURES, *SHARES, *DIFFERENCES)}
    keys = re.findall(r"\{\{([a-z_]+)[.@}]", page)
    assert keys and set(keys) <= stems


def test_headings_and_checklist_of_the_guide_are_those_of_the_form():
    page = _read(GUIDE / "textes.md")
    for section in products.product("bulletin").sections:
        assert f"| {section.heading} | {section.hint} |" in page
    for item in texts.CHECKLIST:
        assert f"`{item}`" in page


def test_guide_names_every_source_and_every_field_of_the_papers():
    page = _read(GUIDE / "donnees-recues.md")
    assert [name for name in registry.SOURCES if f"`{name}`" not in page] == []
    assert [name for name in snapshots.REQUIRED if f"`{name}`" not in page] == []


def test_example_of_papers_has_every_field(tmp_path):
    ((_, example),) = [b for b in FENCE.findall(_read(GUIDE / "donnees-recues.md")) if b[0] == "yaml"]
    papers = tmp_path / "kobo_incidents" / "2017-07-05" / "source.yml"
    papers.parent.mkdir(parents=True)
    papers.write_text(example, encoding="utf-8")
    assert snapshots._load(papers, "real").sensitivity == "restricted"


def test_guide_names_every_area():
    known = set(places.areas(ROOT / "params"))
    assert {name for name in known if f"`{name}`" in _read(GUIDE / "mois-im.md")} == known
    assert all(
        f"`{name}`" in _read(ROOT / "README.md") or f"REGION={name}" in _read(ROOT / "README.md") for name in known
    )


def test_every_decision_is_listed_with_its_title():
    folder = ROOT / "docs" / "decisions"
    index = _read(folder / "README.md")
    for path in sorted(folder.glob("[0-9]*.md")):
        number, title = re.match(r"# (\d{4}) · (.+)\n", _read(path)).groups()
        assert f"| [{number}]({path.name}) | {title} |" in index
        assert path.name.startswith(number)
        assert [w for w in ("**Context.**", "**Choice.**", "**Consequence.**") if w not in _read(path)] == []


def test_unknown_name_is_a_bad_parameter():
    assert UnknownName("Région", "goa", ["gao"]).exit_code == 2


def test_hooks_are_local_and_their_scripts_exist():
    given = yaml.safe_load(_read(ROOT / ".pre-commit-config.yaml"))
    assert {repo["repo"] for repo in given["repos"]} == {"local"}
    for hook in given["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        assert [w for w in hook["entry"].split() if w.endswith(".py") and not (ROOT / w).is_file()] == []
