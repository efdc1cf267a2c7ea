"""Bad input is told in French, in one or few lines, with its exit code, and leaves everything as it was."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import zipfile

import projects
import pytest
import typer
import yaml
from python_calamine import CalamineWorkbook

from veille import cli, places, texts
from veille.build import stage
from veille.errors import BadParameter
from veille.products import PRODUCTS
from veille.schemas import definitions

CANARY = "Kouakourou-Zeta-7431"
ALERTS = "alerte_id;emise_le;nature;cercle;verification;destinataire;suite;suite_le"


def refused(done, code: int, *said: str) -> None:
    """The exit code, the words, and what no message may hold."""
    assert done.returncode == code, (done.returncode, done.stderr)
    for words in said:
        assert words in done.stderr, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr and ".py" not in done.stderr
    assert CANARY not in done.stderr and len(done.stderr.strip().splitlines()) <= 4, done.stderr


@projects.EITHER
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(
            ("bulletin", "goa", "2016-10"), ["Région inconnue : goa. Vouliez-vous dire gao ?"], id="region-misspelt"
        ),
        pytest.param(
            ("bulletin", "xyz", "2016-10"), ["Région inconnue : xyz.", "Valeurs possibles : gao, kidal"], id="region"
        ),
        pytest.param(
            ("buletin", "gao", "2016-10"), ["Produit inconnu : buletin. Vouliez-vous dire bulletin ?"], id="product"
        ),
        pytest.param(
            ("bulletin", "gao", "2016-13"), ["Période impossible : 2016-13.", "un mois (2017-06)"], id="month-13"
        ),
        pytest.param(("bulletin", "gao", "2016-00"), ["Période impossible : 2016-00."], id="month-0"),
        pytest.param(("bulletin", "gao", "octobre"), ["Période impossible : octobre."], id="a-word"),
        pytest.param(("bulletin", "gao", "2016-Q4"), ["Période impossible : 2016-Q4."], id="a-quarter-for-a-month"),
        pytest.param(
            ("bulletin", "gao", "2031-01", "--nature", "real"),
            ["Période à venir : janvier 2031.", "données réelles : 2016-08, 2016-10 à 2016-11"],
            id="future-month",
        ),
        pytest.param(
            ("bulletin", "gao", "2016-09", "--nature", "real"),
            ["Aucune donnée pour", "septembre 2016", "données réelles : 2016-08, 2016-10 à 2016-11"],
            id="month-without-data",
        ),
        pytest.param(
            ("bulletin", "gao", "2016-10", "--as-of", "2016-02-30"), ["Date AS_OF impossible : 2016-02-30."], id="as-of"
        ),
        pytest.param(
            ("bulletin", "gao", "2016-10", "--as-of", "2016-12-01", "--nature", "real"),
            ["Aucune donnée reçue à cette date."],
            id="before-anything-came",
        ),
        pytest.param(
            ("bulletin", "gao", "2016-10", "--audience", "publique"),
            ["Diffusion inconnue : publique. Vouliez-vous dire public ?"],
            id="audience",
        ),
        pytest.param(("bulletin", "gao", "2016-10", "--lang", "en"), ["Langue inconnue : en."], id="language"),
        pytest.param(("bulletin", "gao", "2016-10", "--nature", "reel"), ["Nature de données inconnue"], id="nature"),
        pytest.param(("bulletin", "gao", "2016-10", "--engine", "word"), ["Moteur inconnu : word."], id="engine"),
        pytest.param(("bulletin", "gao", "2016-10", "--asof", "x"), ["Option inconnue : --asof"], id="option"),
        pytest.param(("bulletin", "gao"), ["Il manque un paramètre : PÉRIODE"], id="nothing-given"),
        pytest.param(("bulletin", "../../etc", "2016-10"), ["Région inconnue"], id="a-path"),
        pytest.param(("bulletin", "gao", "2016-10/../../x"), ["Période impossible"], id="a-path-as-a-month"),
        pytest.param(("bulletin", "gao\n; rm -rf /", "2016-10"), ["Région inconnue"], id="a-command"),
    ],
)
def test_a_bad_parameter_is_told(veille, shared, real, arguments, said):
    refused(veille(shared, "build", *arguments), 2, *said)


def test_an_unknown_command_names_the_known_ones(shared):
    refused(projects.veille(shared, "biuld", "bulletin"), 2, "Commande inconnue", "build", "ledger")


@pytest.mark.parametrize(
    # Where there is one area only, one word is the period.
    ("product", "given"),
    [(p.name, area) for p in PRODUCTS.values() for area in (("",) if p.areas else ("", "gao", "mali"))],
)
def test_the_example_of_a_missing_parameter_can_be_typed(product, given):
    with pytest.raises(BadParameter) as refusal:
        stage.place_and_period(product, given, "", "build")
    command, _, with_make = refusal.value.next_step.removeprefix("Par exemple : ").partition(" ; avec make : ")
    words = command.split()
    area, period = stage.place_and_period(product, *(words[3:] if len(words) == 5 else ("", words[3])), "build")
    assert words[:3] == ["veille", "build", product] and given in ("", area)
    assert str(stage.period_for(PRODUCTS[product], area, period)) == period
    assert f"PERIOD={period}." in with_make


def test_an_option_that_is_refused_is_named(shared):
    refused(projects.here(shared, "all", "2016-10", "--jobs", "deux"), 2, "Valeur refusée : --jobs.")


def test_a_file_in_the_place_of_a_folder_is_told(project):
    (project / "reports").write_text("", encoding="utf-8")
    refused(projects.here(project, "build", "bulletin", "gao", "2016-10"), 1, "Un fichier et un dossier du projet")


def test_fewer_than_no_reports_at_a_time_is_told(shared):
    refused(projects.veille(shared, "all", "2016-10", "--jobs", "-1"), 2, "Rapports à la fois refusés : -1.", "0 pour")


@projects.EITHER
def test_quarto_that_is_missing_is_told(veille, shared, real, tmp_path):
    if shutil.which("quarto"):
        pytest.skip("Quarto is installed here: its absence cannot be tried")
    refused(
        veille(shared, "build", "bulletin", "gao", "2016-10", "--engine", "quarto"),
        2,
        "Quarto n’est pas installé",
    )


@projects.EITHER
def test_a_folder_that_is_no_project_is_told(veille, tmp_path):
    done = veille(tmp_path, "build", "bulletin", "gao", "2016-10", VEILLE_ROOT=str(tmp_path))
    refused(done, 2, "Aucun projet veille", "params/")


@projects.EITHER
def test_debug_shows_the_trace_and_the_same_exit_code(veille, shared, real):
    done = veille(shared, "build", "bulletin", "goa", "2016-10", "--debug")
    assert done.returncode == 2 and "Traceback" in done.stderr and "Région inconnue" in done.stderr


# ---- data that cannot be used --------------------------------------------------------------------------------


def test_a_raw_file_that_changed_since_it_came_is_refused_even_when_it_was_counted(project):
    path = next((project / "data" / "raw" / "amss_incidents").glob("*/*.csv"))
    path.write_bytes(path.read_bytes().replace(b",34,", b",35,", 1))
    done = projects.veille(project, "build", "bulletin", "gao", "2016-10")
    refused(done, 3, f"{path.name} : le fichier a changé depuis sa réception (sha256 différent)", "remettez l’original")
    assert not (project / "reports").exists()


@projects.EITHER
def test_a_raw_file_that_is_gone_is_refused(veille, project):
    path = next((project / "data" / "raw" / "amss_incidents").glob("*/*.csv"))
    path.unlink()
    refused(veille(project, "build", "bulletin", "gao", "2016-10"), 3, f"{path.name} : fichier absent")


def not_a_workbook() -> bytes:
    return f"<html>{CANARY}</html>".encode()


def truncated_workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", f"<workbook>{CANARY}")
    return buffer.getvalue()


@projects.EITHER
@pytest.mark.parametrize(
    ("source", "name", "content", "said"),
    [
        pytest.param(
            "alerts",
            "alertes.csv",
            b"alerte_id;emise_le;nature;verification;destinataire;suite;suite_le\nA1;2016-10-03;incident;;;;\n",
            ["alertes.csv : colonne absente : cercle"],
            id="a-missing-column",
        ),
        pytest.param(
            "alerts",
            "alertes.csv",
            f"{ALERTS};{CANARY.lower()}\nA1;2016-10-03;incident;Gao;;;;;\n".replace(
                CANARY.lower(), "remarque"
            ).encode(),
            ["alertes.csv : colonne non déclarée : remarque"],
            id="a-column-too-many",
        ),
        pytest.param(
            "alerts",
            "alertes.csv",
            f"{ALERTS}\nA1;2016-10-03;{CANARY};Gao;;;;\n".encode(),
            ["alertes.csv, colonne nature : code inconnu, ligne 2"],
            id="an-unknown-code",
        ),
        pytest.param(
            "alerts",
            "alertes.csv",
            f"{ALERTS}\nA1;{CANARY};incident;Gao;;;;\n".encode(),
            ["alertes.csv, colonne emise_le : valeur refusée, ligne 2"],
            id="no-date",
        ),
        pytest.param(
            "alerts",
            "alertes.csv",
            f"{ALERTS}\nA1;2016-10-03;incident;{CANARY};;;;\n".encode(),
            ["ligne"],
            id="an-unknown-place",
        ),
        pytest.param(
            "alerts",
            "alertes.csv",
            f"{ALERTS}\nA1;2016-10-03;incident;Ménaka {CANARY};;;;\n".encode("latin-1"),
            ["alertes.csv : le fichier n’est pas en UTF-8"],
            id="another-encoding",
        ),
        pytest.param(
            "kobo_incidents",
            "monitoring.xlsx",
            not_a_workbook(),
            ["monitoring.xlsx : classeur illisible", "Ouvrez-le dans Excel"],
            id="no-workbook-at-all",
        ),
        pytest.param(
            "kobo_incidents",
            "monitoring.xlsx",
            truncated_workbook(),
            ["monitoring.xlsx : classeur illisible"],
            id="a-torn-workbook",
        ),
    ],
)
def test_a_file_received_that_cannot_be_read_is_told_without_its_values(veille, project, source, name, content, said):
    projects.receive(project, source, name, content, rows=1)
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    refused(done, 3, *said)
    assert not (project / "reports").exists()


@projects.EITHER
def test_papers_that_cannot_be_read_are_told(veille, project):
    path = projects.receive(project, "alerts", "alertes.csv", b"x", rows=1)
    (path.parent / "source.yml").write_text(f"title: {CANARY}\n", encoding="utf-8")
    refused(veille(project, "build", "bulletin", "gao", "2016-10"), 3, "alerts/2026-11-30/source.yml", "il manque")


@projects.EITHER
def test_another_number_of_rows_than_announced_is_told(veille, project):
    content = f"{ALERTS}\nA1;2016-10-03;incident;Gao;;;;\n".encode()
    projects.receive(project, "alerts", "alertes.csv", content, rows=2)
    refused(veille(project, "build", "bulletin", "gao", "2016-10"), 3, "1 lignes lues, 2 annoncées")


@projects.EITHER
def test_an_example_file_never_passes_for_a_real_one(veille, project):
    path = projects.receive(project, "alerts", "alertes.csv", b"x", rows=1)
    papers = yaml.safe_load((path.parent / "source.yml").read_text(encoding="utf-8"))
    papers["nature"] = "example"
    (path.parent / "source.yml").write_text(yaml.safe_dump(papers, allow_unicode=True), encoding="utf-8")
    refused(veille(project, "build", "bulletin", "gao", "2016-10"), 3, "n’est pas de nature « real »")


# ---- texts ---------------------------------------------------------------------------------------------------


FRONT = 'product: bulletin\nplace: gao\nperiod: "2016-10"\nnature: real\nnumbers: []'


def write(project, body: str, *, front: str = FRONT) -> None:
    path = project / "params" / "texts" / "bulletin" / "gao" / "2016-10.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\n{front}\n---\n\n{body}\n", encoding="utf-8")


@projects.EITHER
@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(f"## Contexte\n\n<b>{CANARY}</b>", ["ligne 11", "du HTML"], id="raw-html"),
        pytest.param(f"## Contexte\n\n<script>alert('{CANARY}')</script>", ["ligne 11", "du HTML"], id="script"),
        pytest.param(
            f"## Contexte\n\nIl y a eu 12 cas à {CANARY[:-5]}.",
            ["ligne 11", "un nombre est écrit à la main", "{{clé}}"],
            id="a-number-by-hand",
        ),
        pytest.param("## Contexte\n\n![carte](x.png)", ["ligne 11", "une image"], id="an-image"),
        pytest.param("## Contexte\n\n[ici](ftp://example.org/)", ["ligne 11"], id="a-link-that-runs"),
        pytest.param(f"## {CANARY[:-5]}\n\nTexte.", ["ligne 9 : rubrique inconnue"], id="an-unknown-section"),
        pytest.param("## Contexte\n\n```\ncode\n```", ["un bloc de code"], id="code"),
        pytest.param(
            "## Incidents majeurs\n\nUne attaque, cercle de Gao.",
            ["la liste de contrôle des incidents majeurs n’est pas confirmée"],
            id="major-incidents-without-the-checklist",
        ),
    ],
)
def test_a_text_that_is_not_admitted_is_told_with_its_line(veille, project, body, said):
    write(project, body)
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    refused(done, 3, "bulletin/gao/2016-10.md", *said)
    assert not (project / "reports").exists()


@projects.EITHER
def test_a_text_that_was_written_for_another_report_is_told(veille, project):
    write(project, "## Contexte\n\nTexte.", front=FRONT.replace("gao", "mopti"))
    refused(veille(project, "build", "bulletin", "gao", "2016-10"), 3, "bulletin/gao/2016-10.md", "en-tête")


@projects.EITHER
def test_a_key_that_no_table_has_is_told(veille, project):
    write(project, "## Contexte\n\n{{protection_incident}} incidents.")
    done = veille(project, "build", "bulletin", "gao", "2016-10")
    refused(done, 3, "bulletin/gao/2016-10.md, ligne 11", "clé")


@projects.EITHER
def test_the_form_is_made_once_parses_and_leaves_the_sections_to_write(veille, project):
    done = veille(project, "texts", "new", "bulletin", "gao", "2016-10")
    assert (done.returncode, done.stdout) == (0, "params/texts/bulletin/gao/2016-10.md\n"), done.stderr
    path = project / done.stdout.strip()
    form = path.read_bytes()
    parsed = texts.load(path, PRODUCTS["bulletin"].headings("month"))
    assert parsed.front["nature"] == "real" and all(texts.is_unwritten(b) for b in parsed.sections.values())
    assert set(parsed.sections) == set(PRODUCTS["bulletin"].headings("month"))

    again = veille(project, "texts", "new", "bulletin", "gao", "2016-10")
    refused(again, 2, "existe déjà", "jamais remplacé")
    assert path.read_bytes() == form


# That a build says what it made, tests/test_make.py and tests/test_build.py say every day.
@pytest.mark.full
def test_a_build_on_the_form_as_it_was_made_is_quiet_and_leaves_the_sections_to_write(project):
    assert projects.veille(project, "texts", "new", "bulletin", "gao", "2016-10").returncode == 0
    built = projects.veille(project, "build", "bulletin", "gao", "2016-10")
    assert (built.returncode, built.stderr) == (0, ""), "a build is quiet when all is well"
    lines = built.stdout.splitlines()
    assert lines[0] == "reports/bulletin/gao/2016-10/"
    for name in ("bulletin_gao_2016-10.html", "numbers.csv", "manifest.json"):
        assert any(line.startswith(f"  {name}  ") and line.endswith(" Ko") for line in lines)
    page = next(projects.packet(project, "gao", "2016-10").glob("*.html")).read_text(encoding="utf-8")
    assert page.count("À rédiger") >= len(PRODUCTS["bulletin"].sections)


def test_a_text_saved_by_windows_is_read_like_any_other(project):
    path = project / "params" / "texts" / "bulletin" / "gao" / "2016-10.md"
    path.parent.mkdir(parents=True)
    path.write_bytes(f"---\n{FRONT}\n---\n\n## Contexte\n\nTexte.\n".replace("\n", "\r\n").encode())
    assert texts.load(path, PRODUCTS["bulletin"].headings("month")).sections["context"]


# ---- what the commands say when all is well --------------------------------------------------------------------


@projects.EITHER
def test_list_names_products_places_and_months(veille, shared, real, example):
    done = veille(shared, "list")
    assert done.returncode == 0, done.stderr
    assert "bulletin — Bulletin de protection" in done.stdout
    for area in ("gao", "mopti", "tombouctou", "kidal", "mali"):
        assert f"    {area} " in done.stdout
    assert "données réelles" in done.stdout and "2016-08, 2016-10 à 2016-11" in done.stdout
    assert "données d’exemple" in done.stdout and "2016-07 à 2017-12" in done.stdout


@pytest.mark.full
def test_an_example_is_announced_in_one_line(example_project):
    done = projects.veille(example_project, "build", "bulletin", "gao", "2017-06")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("\n") == 1 and "données d’exemple, synthétiques" in done.stderr
    assert done.stdout.startswith("reports/exemple/bulletin/gao/2017-06/\n")


def test_building_never_changes_what_was_received(shared, real, example):
    for path in sorted((shared / "data" / "raw").rglob("*")):
        if path.is_file():
            original = projects.ROOT / path.relative_to(shared)
            assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(original.read_bytes()).digest()


def test_help_is_french_and_names_the_commands(shared):
    done = projects.veille(shared, "--help")
    assert done.returncode == 0
    for word in ("build", "data", "list", "texts", "bulletins de protection"):
        assert word in done.stdout
    # What each command does is told whole.
    assert "..." not in done.stdout.partition("Commandes :")[2] and "manifest.json." in done.stdout


def test_no_command_s_help_has_an_english_word():
    def helps(command, context):
        yield command.get_help(context)
        for name, inner in getattr(command, "commands", {}).items():
            yield from helps(inner, type(context)(inner, info_name=name, parent=context))

    whole = typer.main.get_command(cli.app)
    texts = list(helps(whole, typer.Context(whole, info_name="veille")))
    assert len(texts) > 20
    english = {"usage", "arguments:", "options:", "commands", "command", "show", "this", "message", "and", "exit", "the", "required", "default", "str", "int", "text"}  # fmt: skip
    for text in texts:
        assert not english & set(re.findall(r"[\w]+:?", text.lower())), text


def test_help_of_receive_names_every_edition_of_the_gazetteer(shared):
    words = " ".join(projects.veille(shared, "receive", "--help").stdout.split())
    known = sorted({place.edition for place in places.gazetteer()})
    assert f"Édition des P-codes : {', '.join(known)}" in words


# ---- what is written for those who collect data: no project is needed -----------------------------------------------


@projects.EITHER
@pytest.mark.parametrize(
    ("arguments", "name", "sheets"),
    [
        pytest.param(("form",), "formulaire_monitoring.xlsx", ["survey", "choices", "settings"], id="form"),
        pytest.param(("form", "mon formulaire.XLSX"), "mon formulaire.XLSX", ["survey", "choices", "settings"], id="form-named"),
        pytest.param(("template", "incidents"), "saisie_incidents.xlsx", ["Lisez-moi", "Données", "Listes"], id="template"),
        pytest.param(("template", "alerts", "alertes.xlsx"), "alertes.xlsx", ["Lisez-moi", "Données", "Listes"], id="template-named"),
    ],
)  # fmt: skip
def test_a_form_or_a_template_is_written_once_and_never_over_another_file(veille, tmp_path, arguments, name, sheets):
    done = veille(tmp_path, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{name}\n", "")
    assert [p.name for p in tmp_path.iterdir()] == [name]
    written = (tmp_path / name).read_bytes()
    assert CalamineWorkbook.from_filelike(io.BytesIO(written)).sheet_names == sheets
    refused(veille(tmp_path, *arguments), 2, f"{name} existe déjà.", "un fichier n’est jamais remplacé")
    assert (tmp_path / name).read_bytes() == written


@projects.EITHER
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("template", "incidens"), ["Table inconnue : incidens. Vouliez-vous dire incidents"], id="table-misspelt"),
        pytest.param(("template", "xyz"), ["Table inconnue : xyz.", "Valeurs possibles : activities, alerts"], id="table"),
        pytest.param(("template", "incidents", "incidents.xls"), ["finit par .xlsx"], id="another-format"),
        pytest.param(("form", "absent/formulaire.xlsx"), ["n’existe pas"], id="a-folder-that-is-not-there"),
    ],
)  # fmt: skip
def test_a_workbook_that_cannot_be_written_is_told(veille, tmp_path, arguments, said):
    refused(veille(tmp_path, *arguments), 2, *said)
    assert not list(tmp_path.iterdir())


@projects.EITHER
def test_template_without_a_table_lists_them_with_their_french_title(veille, tmp_path):
    done = veille(tmp_path, "template")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(definitions.tables())
    for name, table in definitions.tables().items():
        assert re.search(rf"^{name} +{re.escape(table.title.fr)}$", done.stdout, re.M), name


@projects.EITHER
def test_the_dictionary_is_printed_as_it_stands_in_the_documents(veille, tmp_path):
    done = veille(tmp_path, "dictionary")
    assert done.stdout == (projects.ROOT / "docs" / "dictionary.md").read_text(encoding="utf-8")
