"""The data-quality report: its counts worked out by hand, what it asks of whom, and that no value of a row is in it."""

from __future__ import annotations

import re
from datetime import date
from html import unescape

import duckdb
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from incidents import (
    DTM_ROW,
    GOOD_ROWS,
    decide,
    deposit,
    fivew_row,
    good_row,
    kobo,
    new_project,
    random_cases,
    write,
    write_csv,
    write_xlsx,
)
from qualities import PRODUCER, bad_month, months, report, take

from veille import cli
from veille.errors import BadData, BadParameter, UnknownName
from veille.periods import Period
from veille.places import gazetteer
from veille.render import quality as page
from veille.render.quality_words import percent, spans, todo
from veille.schemas import template
from veille.sources import formats, quality, quality_changes, reading, registry
from veille.sources.balance import Balance
from veille.sources.files import put
from veille.sources.quality_facts import Quality, shown_partner
from veille.sources.receive import receive


def month(text: str) -> Period:
    year, number = text.split("-")
    return Period(int(year), int(number), 1)


def asked(q: Quality) -> str:
    """Everything that the report asks for, on one line."""
    return told(" | ".join(f"{t.what} {t.why} {t.whom}" for t in todo(q)))


def told(html: str) -> str:
    """The text of a page, without its style, on one line."""
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<(style|title)>.*?</\1>", "", html, flags=re.S).replace("<wbr>", ""))
    return " ".join(unescape(text).replace("\u202f", " ").replace("\u00a0", " ").split())


@pytest.fixture
def project(tmp_path):
    return new_project(tmp_path / "p")


def measured(project, source="kobo_incidents", day=None) -> Quality:
    """The counts of the newest snapshot of a source, or of a day."""
    return quality.of_stored(project, quality.find(project, source, day and date.fromisoformat(day), "real"))


def of_rows(project, source: str, day: str, *rows: dict) -> Quality:
    """The counts of rows received on a day, after what was received before."""
    deposit(project.raw("real"), source, day, list(rows))
    return measured(project, source, day)


# --- against the snapshot before ----------------------------------------------------------------------------------

BEFORE = [
    *(report(f"jan{n}", "2017-01-10") for n in range(3)),
    *(report(f"fev{n}", "2017-02-10") for n in range(4)),
    *(report(f"mar{n}", "2017-03-10") for n in range(3)),
]
AFTER = [
    report("jan0", "2017-01-10", femmes=2),  # changed
    *(report(f"jan{n}", "2017-01-10") for n in (1, 2)),
    report("fev0", "2017-02-10", statut_verification="non_verifie"),  # changed
    *(report(f"fev{n}", "2017-02-10") for n in (1, 2, 3)),
    # The three rows of March are gone.
    report("tard", "2017-02-20", sent=70),  # new, and its month was over
    report("avr0", "2017-04-10"),
    report("avr1", "2017-04-12"),
]


@pytest.fixture
def second(project):
    """Ten rows, then ten others: March is gone, two rows changed, three are new, one of them late."""
    take(project, BEFORE, "2017-04-05")
    return take(project, AFTER, "2017-05-05")


def test_ten_rows_then_ten_others(project, second):
    c = measured(project).comparison
    assert (c.received, c.has_key) == (date(2017, 4, 5), True)
    assert (c.total.same, c.total.changed, c.total.new, c.total.vanished) == (5, 2, 3, 3)
    by = {str(p.period): (p.before, p.same, p.changed, p.vanished, p.new, p.now) for p in c.by_period}
    assert by == {
        "2017-01": (3, 2, 1, 0, 0, 3),
        "2017-02": (4, 3, 1, 0, 1, 5),
        "2017-03": (3, 0, 0, 3, 0, 0),
        "2017-04": (0, 0, 0, 0, 2, 2),
    }
    assert [(str(p.period), p.vanished) for p in c.lost] == [("2017-03", 3)] and c.is_history_lost
    assert [(str(p.period), p.new) for p in c.closed()] == [("2017-01", 0), ("2017-02", 1), ("2017-03", 0)]


def test_a_release_that_lost_history_shouts_with_its_months(second):
    html = second.quality.read_text(encoding="utf-8")
    alarm = told(html[html.index('class="alarm"') - 5 : html.index("<h1>")])
    assert alarm.startswith(
        "Historique perdu 1 mois entier manque (mars 2017) : 3 lignes sur les 10 reçues le 5 avril 2017"
    )
    assert html.index('class="alarm"') < html.index("<h1>"), "the banner comes first"
    words = told(html)
    assert "n’en faites aucun bulletin avant la réponse de l’expéditeur" in words
    assert (
        "Réclamer un export complet. 1 mois entier manque (mars 2017)" in words and f"Auprès de : {PRODUCER}" in words
    )
    assert "mars 2017 perdu 3 0 0 3 0 0" in words


def test_a_trial_says_the_same_and_keeps_nothing(project, tmp_path):
    take(project, BEFORE, "2017-04-05")
    tried = take(project, AFTER, "2017-05-05", dry_run=True)
    assert tried.stored is None and tried.quality == project.quality("kobo_incidents", "essai")
    words = told(tried.quality.read_text(encoding="utf-8"))
    assert "Historique perdu" in words and "essai du 5 mai 2017" in words and "Ne pas déposer ce fichier" in words
    assert not project.quality("kobo_incidents", "2017-05-05").exists()


def test_nothing_lost_no_banner(project):
    take(project, BEFORE, "2017-04-05")
    html = take(project, [*BEFORE, report("avr0", "2017-04-10")], "2017-05-05").quality.read_text(encoding="utf-8")
    assert 'class="alarm"' not in html
    assert "Rien de ce qui avait été reçu le 5 avril 2017 n’a disparu." in told(html)


@pytest.mark.parametrize(
    ("gone", "is_lost"), [pytest.param(5, False, id="one-in-twenty-may-go"), pytest.param(6, True, id="more-is-lost")]
)
def test_one_row_in_twenty_may_vanish_from_a_month_that_stays(project, gone, is_lost):
    rows = [report(f"u{n}", "2017-01-10") for n in range(100)]
    of_rows(project, "kobo_incidents", "2017-02-05", *rows)
    c = of_rows(project, "kobo_incidents", "2017-03-05", *rows[gone:]).comparison
    assert (c.missing, c.lost, c.is_history_lost) == (gone, (), is_lost)


def test_the_same_rows_in_another_order_or_twice_are_the_same_rows(project):
    take(project, BEFORE, "2017-04-05")
    take(project, [*reversed(BEFORE), BEFORE[4]], "2017-05-05")
    c = measured(project).comparison
    assert (c.total.same, c.total.changed, c.total.new, c.total.vanished) == (10, 0, 0, 0)


def test_a_row_that_moved_to_another_month_is_one_row_that_changed(project):
    take(project, BEFORE, "2017-04-05")
    take(project, [*BEFORE[:-1], report("mar2", "2017-01-20", sent=60)], "2017-05-05")
    c = measured(project).comparison
    assert (c.total.same, c.total.changed, c.total.new, c.total.vanished) == (9, 1, 0, 0)
    by = {str(p.period): (p.before, p.changed_from, p.changed, p.now) for p in c.by_period}
    assert by["2017-01"] == (3, 0, 1, 4) and by["2017-03"] == (3, 1, 0, 2)


def test_a_row_that_is_refused_now_has_not_vanished(project):
    take(project, [*BEFORE, *(report(f"b{n}", "2017-01-11") for n in range(10))], "2017-04-05")
    wrong = [report(f"fev{n}", "2017-02-10", femmes="deux") for n in range(4)]
    take(project, [*BEFORE[:3], *wrong, *BEFORE[7:], *(report(f"b{n}", "2017-01-11") for n in range(10))], "2017-05-05")
    c = measured(project).comparison
    assert (c.total.same, c.total.refused, c.total.vanished, c.is_history_lost) == (16, 4, 0, False)


def test_without_a_key_a_corrected_row_is_no_loss(project):
    rows = [fivew_row(**{"Organisation Accronyme": f"ORG-{n}"}) for n in range(8)]
    of_rows(project, "fivew", "2017-01-05", *rows)
    changed = [row | {"Activités": "Autre activité"} for row in rows[:3]]
    q = of_rows(project, "fivew", "2017-02-05", *changed, *rows[3:])
    c = q.comparison
    assert (c.has_key, c.total.same, c.total.new, c.total.vanished, c.missing) == (False, 5, 3, 3, 0)
    assert not c.is_history_lost and c.sent == {f"ORG-{n}": 1 for n in range(8)} and c.gone == ()
    assert "Cette source n’a pas de clé" in told(page.page(q))


def test_without_a_key_rows_that_nothing_replaces_are_lost(project):
    rows = [fivew_row(**{"Organisation Accronyme": f"ORG-{n}"}) for n in range(8)]
    of_rows(project, "fivew", "2017-01-05", *rows)
    q = of_rows(project, "fivew", "2017-02-05", *rows[:7])
    assert (q.comparison.missing, q.comparison.is_history_lost, q.comparison.gone) == (1, True, ("ORG-7",))


def test_a_file_of_its_own_months_is_compared_for_these_months_only(project, tmp_path):
    folder, day = tmp_path, {"Mois": "2017-01", "Édition des P-codes": "cod2015", "Cercle": "ML0701"}

    def sent(received, *rows):
        path = write_xlsx(folder / f"{received}.xlsx", template.DATA, list(rows))
        receive([path], "template_coverage", date.fromisoformat(received), project, producer="ONG A")
        return measured(project, "template_coverage.ong_a", received)

    counts = {"Communes suivies": 7, "Communes couvertes": 5, "Moniteurs": 3}
    sent("2017-02-05", day | counts, day | counts | {"Cercle": "ML0702"})
    february = sent("2017-03-05", day | counts | {"Mois": "2017-02"})
    assert february.comparison is None and "Aucun dépôt précédent ne parle des mêmes mois" in told(page.page(february))
    again = sent("2017-04-05", day | counts | {"Communes couvertes": 4})
    c = again.comparison
    assert (c.received, c.total.before, c.total.changed, c.total.vanished) == (date(2017, 2, 5), 2, 1, 1)


def test_a_snapshot_before_that_cannot_be_read_any_more_is_told(project):
    stored = take(project, BEFORE, "2017-04-05").stored
    for path in stored.glob("*.csv"):
        path.write_bytes(path.read_bytes() + b"\n")
    got = take(project, AFTER, "2017-05-05")
    words = told(got.quality.read_text(encoding="utf-8"))
    assert "Remettre en état le dépôt du 5 avril 2017." in words and "ne se relit plus" in words


# Rows as (key, content): few keys and contents, so that they meet.
ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=12)
MONTH_OF = ["2017-01", "2017-01", "2017-02", None]


@pytest.mark.full
@given(now=ROWS, before=ROWS, refused=st.sets(st.integers(0, 6)))
@random_cases(200)
def test_every_row_of_both_sides_is_told_once(now, before, refused):
    with duckdb.connect() as con:
        for name, rows in (("quality_now", now), ("quality_before", before)):
            df = pd.DataFrame(
                [(k, 10 * k + c, MONTH_OF[c]) for k, c in rows], columns=["key", "content", "period"], dtype=object
            )
            put(con, df, name, "key::UBIGINT AS key, content::UBIGINT AS content, period::VARCHAR AS period")
        put(con, pd.DataFrame({"key": sorted(refused)}), "quality_refused", "key::UBIGINT AS key")
        found = quality_changes.changes(con)
    here, there = set(now), set(before)
    assert sum(c.now for c in found) == len(here) and sum(c.before for c in found) == len(there)
    assert sum(c.same for c in found) == len(here & there)
    new, gone = here - there, there - here
    pairs = sum(min(sum(k == key for k, _ in new), sum(k == key for k, _ in gone)) for key in {k for k, _ in new})
    assert sum(c.changed for c in found) == sum(c.changed_from for c in found) == pairs
    assert sum(c.new for c in found) == len(new) - pairs
    assert sum(c.vanished + c.refused for c in found) == len(gone) - pairs
    for change in found:
        at = [c for c, text in enumerate(MONTH_OF) if text == (str(change.period) if change.period else None)]
        assert change.now == sum(c in at for _, c in here) and change.before == sum(c in at for _, c in there)
    if not refused:
        assert sum(c.refused for c in found) == 0


@given(luck=st.randoms(use_true_random=False))
@random_cases(2)
def test_random_pairs_of_files_add_up(tmp_path_factory, luck):
    check_pair(tmp_path_factory, luck)


@pytest.mark.full
@given(luck=st.randoms(use_true_random=False))
@random_cases(25)
def test_more_random_pairs_of_files_add_up(tmp_path_factory, luck):
    check_pair(tmp_path_factory, luck)


def check_pair(tmp_path_factory, luck) -> None:
    project = new_project(tmp_path_factory.mktemp("p"))
    ids = [f"A-{n}" for n in range(12)]
    totals = []
    for day in ("2017-05-05", "2017-06-05"):
        rows = [
            GOOD_ROWS["alerts"]
            | {
                "alerte_id": name,
                "emise_le": f"{luck.randint(1, 28):02d}/{luck.choice(['03', '04'])}/2017",
                "suite_le": "",
            }
            for name in luck.sample(ids, luck.randint(1, 12))
        ]
        totals.append(len(rows))
        q = of_rows(project, "alerts", day, *rows)
    c = q.comparison
    assert c.total.new + c.total.same + c.total.changed == totals[1]
    assert c.total.vanished + c.total.same + c.total.changed_from == totals[0]
    assert sum(p.before for p in c.by_period) == totals[0] and sum(p.now for p in c.by_period) == totals[1]


# --- rows ---------------------------------------------------------------------------------------------------------


def test_the_balance_adds_up_on_the_page(project):
    rows = [report(f"u{n}", "2017-01-10") for n in range(6)]
    rows += [rows[0], report("v", "2017-01-10", _validation_status="validation_status_not_approved")]
    rows += [report("w", "2017-01-10", femmes="deux")]
    words = told(take(project, rows, "2017-02-05").quality.read_text(encoding="utf-8"))
    assert "9 lues = 6 gardées + 2 laissées de côté + 1 refusée." in words
    assert (
        "Lignes lues 9 − envoyées deux fois (même _uuid) 1 − non approuvées dans KoBo 1 − refusées par une règle 1 = gardées 6"
        in words
    )


def test_refused_rows_have_the_numbers_that_excel_shows_and_their_senders(project):
    rows = [report(f"u{n}", "2017-01-10", organisation=("ONG A", "ONG B")[n % 2]) for n in range(20)]
    for at in (3, 4, 8):  # rows 5, 6 and 10 of the sheet: the header is row 1
        rows[at] = rows[at] | {"victimes/femmes": "deux"}
    take(project, rows, "2017-02-05")
    (one,) = measured(project).refused
    assert (one.fault.column, one.fault.rows, one.partners) == ("victimes/femmes", (5, 6, 10), {"ONG A": 2, "ONG B": 1})
    words = told(project.quality("kobo_incidents", "2017-02-05").read_text(encoding="utf-8"))
    assert "colonne victimes/femmes : valeur refusée 3 5, 6, 10 ONG A (2) et ONG B (1)" in words
    assert "Faire corriger 3 lignes. Colonne victimes/femmes : valeur refusée." in words


def test_rows_refused_by_the_table_have_senders_too(project):
    rows = [report(f"u{n}", "2017-01-10", organisation=f"ONG {n}") for n in range(8)]
    rows[2] = rows[2] | {"incident/date_collecte": "2016-12-01"}
    take(project, rows, "2017-02-05")
    (one,) = measured(project).refused
    assert (one.fault.rule, one.fault.rows, one.partners) == (
        "date de collecte antérieure à l’incident",
        (4,),
        {"ONG 2": 1},
    )


def test_the_first_fifty_numbers_and_how_many_more(project):
    rows = [report(f"u{n}", "2017-01-10", femmes="deux" if n < 60 else 1) for n in range(400)]
    words = told(take(project, rows, "2017-02-05").quality.read_text(encoding="utf-8"))
    shown = re.search(r"valeur refusée 60 ((?:\d+, )*\d+) et 10 autres", words)
    assert shown and [int(n) for n in shown[1].split(", ")] == list(range(2, 52))


def test_a_cell_set_aside_is_told_and_its_row_counts(project, monkeypatch):
    given = formats.declared("monitoring_coverage")
    columns = tuple(c if c.to != "monitors" else type(c)(**(c.__dict__ | {"set_aside": True})) for c in given.columns)
    fmt = type(given)(**(given.__dict__ | {"columns": columns}))
    monkeypatch.setattr(formats, "declared", lambda name: fmt)
    rows = [
        GOOD_ROWS["monitoring_coverage"] | {"mois": m, "moniteurs": "vingt" if m == "2016-11" else "20"}
        for m in months("2016-10", 6)
    ]
    q = of_rows(project, "monitoring_coverage", "2017-05-05", *rows)
    assert [(a.fault.column, a.fault.rows) for a in q.aside] == [("moniteurs", (3,))] and q.balance.kept == 6
    assert "Faire préciser 1 case." in told(page.page(q))


# --- what is filled in --------------------------------------------------------------------------------------------


def test_completeness_by_column_and_month(project):
    rows = [
        report("a", "2017-01-10", commune="Gounzoureye"),
        report("b", "2017-01-11", commune=None),
        report("c", "2017-01-12", commune=None),
        report("d", "2017-02-10", commune="Gounzoureye", femmes=None),
    ]
    q = (take(project, rows, "2017-03-05"), measured(project))[1]
    f = q.filled
    assert f.periods == (month("2017-01"), month("2017-02")) and f.rows == (3, 1)
    assert f.filled[f.columns.index("commune")] == (1, 1) and f.filled[f.columns.index("femmes")] == (3, 0)
    assert f.filled[f.columns.index("_uuid")] == (3, 1)
    words = told(page.page(q))
    assert "commune 33 100 50" in words and "femmes 100 0 75" in words and "Lignes 3 1 4" in words
    assert "Toujours remplies : organisation, type_rapport, id_incident" in words


def test_columns_that_are_dropped_or_identify_people_are_not_shown(project):
    q = (take(project, [report("a", "2017-01-10")], "2017-03-05"), measured(project))[1]
    assert not {"deviceid", "localite", "description", "source_information", "_id", "_notes", "_submitted_by"} & set(
        q.filled.columns
    )


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(1, 1, "100"), (999, 1000, "99"), (1, 1000, "<1"), (0, 5, "0"), (0, 0, "–"), (1, 3, "33")],
)
def test_a_share_is_whole_or_nil_only_when_it_is(part, whole, shown):
    from veille.render.quality_sections import _cell

    assert unescape(re.sub(r"<[^>]+>", "", _cell(part, whole))) == shown


def test_more_months_than_a_year_are_grouped_and_shown_one_by_one(project):
    rows = [report(m, f"{m}-10", commune=None) for m in months("2015-11", 16)]
    words = told(take(project, rows, "2017-03-05").quality.read_text(encoding="utf-8"))
    assert "avant mars 2016 avr. 2016" in words and "Les 16 mois, un par ligne" in words
    assert "févr. 2017 1 0" in words and "nov. 2015 1 0" in words


def test_a_column_that_emptied_is_to_be_checked(project):
    rows = [
        report(f"{m}-{n}", f"{m}-10", commune=None if m == "2017-04" else "Gounzoureye")
        for m in months("2017-01", 4)
        for n in range(10)
    ]
    take(project, rows, "2017-05-05")
    assert "« commune » (0 % en avril 2017, 100 % avant)" in asked(measured(project))


# --- places -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", sorted({place.edition for place in gazetteer()}))
def test_a_region_is_told_in_whichever_edition_it_stands(project, edition):
    deposit(project.raw("real"), "unhcr_idps", "2017-01-05", [good_row("unhcr_idps")], edition="cod2015")
    told_ = quality._Places(quality.find(project, "unhcr_idps", None, "real")).told
    names = {n.name for n in gazetteer().values() if (n.place.edition, n.level) == (edition, 1)}
    assert names and {told_(name, 1)[:2] for name in names} == {("exact", name) for name in names}


def test_how_each_name_of_a_place_was_told(project):
    decide(
        project.root,
        "aliases.csv",
        "edition,niveau,graphie,pcode,par,le\ncod2015,2,Cercle de Ménaka,ML0704,A. Fictif,2017-01-01\n",
    )
    tombouctou = {"region": "Tombouctou"}
    rows = [
        report("a", "2017-01-10", cercle="Gao"),
        report("b", "2017-01-10", cercle="GAO "),
        report("c", "2017-01-10", cercle="gao"),
        report("d", "2017-01-10", cercle="Timbuktu", **tombouctou),
        report("e", "2017-01-10", cercle="Gourma Rharous", **tombouctou),
        report("f", "2017-01-10", cercle="cercle de menaka"),
    ]
    take(project, rows, "2017-03-05")
    q = measured(project)
    cercle = next(m for m in q.places if m.column == "cercle")
    assert cercle.ways == {"exact": (1, 1), "folded": (3, 3), "alias": (1, 1), "admitted": (1, 1)}
    assert [(s.text, s.place, s.how) for s in cercle.spellings] == [
        ("Timbuktu", "Tombouctou", "alias"),
        ("cercle de menaka", "Ménaka", "admitted"),
    ]
    assert next(m for m in q.places if m.column == "commune").blank == 6 if len(q.places) == 3 else True
    assert "cercle de menaka Ménaka params/aliases.csv 1" in told(page.page(q))


def test_a_name_that_only_the_source_s_own_rule_knows_is_counted_and_not_shown(project, tmp_path):
    row = {"Mois": "2017-01", "Édition des P-codes": "cod2015", "Cercle": "ML0701 Gao"}
    counts = {"Communes suivies": 7, "Communes couvertes": 5, "Moniteurs": 3}
    rows = [row | counts | {"Mois": m} for m in months("2016-08", 6)]
    rows[2] = rows[2] | {"Cercle": "ZQX-CANARI"}
    path = write_xlsx(tmp_path / "saisie.xlsx", template.DATA, rows)
    got = receive([path], "template_coverage", date(2017, 3, 5), project, producer="ONG A")
    assert got.balance.refused_rows == 1
    html = got.quality.read_text(encoding="utf-8")
    assert "ZQX" not in html and "1 ligne d’un lieu qui n’a pas été reconnu." in told(html)


# --- twice, and late ----------------------------------------------------------------------------------------------


def test_duplicates_are_told_by_their_kind(project):
    rows = [report(f"u{n}", "2017-01-10") for n in range(14)]
    rows += [rows[0], rows[0], rows[1]]  # three copies
    rows += [report("u2", "2017-01-10", femmes=9)]  # one key, two contents
    take(project, rows, "2017-03-05")
    q = measured(project)
    assert (q.twice.key, q.twice.copies, q.twice.contradicting) == (("_uuid",), 3, 2)
    words = told(page.page(q))
    assert "Même clé (_uuid), même contenu 3 lignes en trop" in words
    assert "Même clé (_uuid), contenus différents 2 lignes" in words


def test_flash_reports_that_nobody_documented(project):
    flash = {"type_rapport": "flash"}
    rows = [
        report("a", "2017-01-10", **flash),
        report("a2", "2017-01-10", id_incident="I-a"),  # documented since
        report("b", "2017-01-10", organisation="ONG B", **flash),  # 22 January is more than 30 days before 5 March
        report("c", "2017-02-20", **flash),  # waiting, not overdue
        report("d", "2017-01-31", sent=3, **flash),  # sent on 3 February, exactly 30 days before: not overdue yet
    ]
    take(project, rows, "2017-03-05")
    f = measured(project).flash
    assert (f.documented, f.waiting, f.overdue, f.overdue_by) == (1, 3, 1, {"ONG B": 1})


def test_delays_by_band(project):
    delays = (0, 7, 8, 30, 31, 90, 91, 200)
    rows = [report(f"u{d}", "2016-06-01", sent=d, organisation="ONG A" if d < 31 else "ONG B") for d in delays]
    take(project, rows, "2017-03-05")
    d = measured(project).delays
    assert d.bands == (2, 2, 2, 2) and d.before == 0
    assert d.late_by == {"ONG A": (0, 4), "ONG B": (4, 4)}
    assert "50 % des lignes sont arrivées plus de 30 jours après l’événement." in told(page.page(measured(project)))


def test_new_rows_of_a_month_that_was_over_are_counted_by_month(project):
    take(project, BEFORE, "2017-04-05")
    late = [
        report("t1", "2017-03-20", sent=20),
        report("t2", "2017-03-31", sent=10),
        report("t3", "2017-01-31", sent=70),
    ]
    rows = [*BEFORE, *late, report("t4", "2017-04-02", sent=10)]
    words = told(take(project, rows, "2017-05-05").quality.read_text(encoding="utf-8"))
    said = "3 nouvelles lignes portent sur un mois déjà fini le 5 avril 2017, jour du dépôt précédent : mars 2017 (2) et janvier 2017 (1)."
    assert said in words and "Décider si les bulletins déjà parus sont révisés." in words


# --- who reported -------------------------------------------------------------------------------------------------


def sent_by(partner: str, *which: str, count: int = 2) -> list[dict]:
    return [report(f"{partner}-{m}-{n}", f"{m}-10", organisation=partner) for m in which for n in range(count)]


def test_who_is_late_and_who_is_silent(project):
    six = months("2016-11", 6)  # November 2016 to April 2017
    rows = [
        *sent_by("À l’heure", *six),
        *sent_by("En retard", *six[:5]),
        *sent_by("Depuis février", "2017-02"),
        *sent_by("Muette", "2016-11", "2016-12"),
        *sent_by("Ouverte", *six[:5], "2017-05"),  # nothing for April, but something in May: not late
    ]
    take(project, rows, "2017-05-20")
    c = measured(project).coverage
    assert c.judged == month("2017-04")
    assert (c.late, c.silent) == (("Depuis février", "En retard"), ("Muette",))
    words = asked(measured(project))
    assert (
        "Relancer 2 partenaires en retard. Rien pour avril 2017, mais quelque chose dans les trois mois d’avant."
        in words
    )
    assert "Auprès de : Depuis février et En retard" in words


def test_months_that_are_not_whole(project):
    five = months("2016-12", 5)  # December 2016 to April 2017
    rows = [r for p in ("A", "B", "C") for r in sent_by(p, *five, count=4)]
    rows = [
        r
        for r in rows
        if not (r["identification/organisation"] == "C" and r["incident/date_incident"][:7] == "2017-03")
    ]
    rows = [r for r in rows if not (r["incident/date_incident"][:7] == "2017-02" and not r["_uuid"].endswith("0"))]
    rows = [r for r in rows if r["incident/date_incident"][:7] != "2017-01"]
    rows += sent_by("A", "2017-05", count=1)
    take(project, rows, "2017-05-20")
    c = measured(project).coverage
    assert {str(p.period): (p.is_open, p.units, p.rows) for p in c.partial} == {
        "2017-01": (False, (0, 3), (0, 10)),
        "2017-02": (False, None, (3, 12)),
        "2017-03": (False, (2, 3), None),
        "2017-05": (True, (1, 3), (1, 10)),
    }
    words = asked(measured(project))
    assert (
        "Mars 2017 (2 partenaires, 3 d’habitude), février 2017 (3 lignes, 12 d’habitude) et janvier 2017 (aucune ligne)."
        in words
    )


def test_a_cercle_whose_row_says_that_nothing_came_has_no_coverage(project):
    good = GOOD_ROWS["monitoring_coverage"]
    rows = [good | {"mois": m, "cercle": c} for m in months("2017-01", 4) for c in ("Gao", "Ansongo", "Bourem")]
    rows[-1] = rows[-1] | {"communes_couvertes": "", "moniteurs": ""}
    rows[-2] = rows[-2] | {"communes_couvertes": "0"}  # nothing covered is an answer
    q = of_rows(project, "monitoring_coverage", "2017-05-05", *rows)
    assert (q.coverage.what, q.coverage.late) == ("cercle", ("Bourem",))
    assert "Faire compléter 1 cercle : Bourem." in asked(q)


def test_two_spellings_are_one_partner_and_what_is_no_name_is_not_shown(project):
    rows = [
        *sent_by("Conseil Norvégien", "2017-01", count=3),
        *sent_by("CONSEIL NORVEGIEN", "2017-02", count=1),
        *sent_by("Appeler le 76 12 34 56", "2017-01", count=1),
    ]
    take(project, rows, "2017-03-05")
    assert [(u.name, u.rows) for u in measured(project).coverage.units] == [
        ("Conseil Norvégien", (3, 1)),
        ("(nom illisible)", (1, 0)),
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ONG-12", "ONG-12"),
        ("Association 2000", "Association 2000"),
        (None, "(sans nom)"),
        ("a@b.ml", "(nom illisible)"),
        ("x" * 41, "(nom illisible)"),
        ("tél. 76123456", "(nom illisible)"),
        ("76.12.34.56", "(nom illisible)"),
    ],
)
def test_what_may_be_shown_as_a_partner(name, shown):
    assert shown_partner(name) == shown


def test_the_other_partners_of_a_template_are_told_from_their_papers(project, tmp_path):
    row = {"Mois": "2017-04", "Édition des P-codes": "cod2015", "Cercle": "ML0701", "Communes suivies": 7, "Communes couvertes": 5, "Moniteurs": 3}  # fmt: skip
    for producer, last in (("ONG A", "2017-04"), ("ONG B", "2017-03"), ("ONG C", "2017-04")):
        path = write_xlsx(tmp_path / f"{producer}.xlsx", template.DATA, [row | {"Mois": last}])
        receive([path], "template_coverage", date(2017, 5, 5), project, producer=producer)
    q = measured(project, "template_coverage.ong_a")
    assert [(p.name, p.until, p.is_late) for p in q.peers] == [("ONG B", "2017-03", True), ("ONG C", "2017-04", False)]
    assert "Relancer 1 partenaire en retard." in asked(q) and "Auprès de : ONG B" in asked(q)


# --- for every source ---------------------------------------------------------------------------------------------

ROWS_OF = {**{name: [row] for name, row in GOOD_ROWS.items()}, "fivew": [fivew_row()], "dtm_stocks": [DTM_ROW], "kobo_incidents": [kobo()]}  # fmt: skip


@pytest.mark.parametrize("source", sorted(ROWS_OF))
def test_every_source_has_a_report_without_empty_sections(project, source):
    html = page.page(of_rows(project, source, "2026-01-05", *ROWS_OF[source]))
    for section in re.findall(r"<section id=[^>]*>(.*?)</section>", html, flags=re.S):
        assert told(re.sub(r"<h2>.*?</h2>", "", section)), section[:80]
    assert "Noms de lieux" not in html or source not in ("recommendations", "gbv_published")
    assert ("De l’événement à l’envoi" in html) == (source == "kobo_incidents")
    assert "<h2>Comparaison" not in html and "<h2>Lignes refusées" not in html


MARK = "ZQXCANARI"


def marked(source: str, row: dict, number: int) -> dict:
    """A row with a marker in every column that may hold any text; partners keep a name."""
    fmt = formats.declared(source)
    free = {
        c.header
        for c in fmt.columns
        if c.to is None
        or c.kind == "I"
        or (
            c.type == "text"
            and c.to
            not in ("organisation", "area", "indicator", "population", "region_pcode", "cercle_pcode", "commune_pcode")
        )
    }
    return {
        name: f"{MARK}{'AB'[number]}" if name in free and name != "_index" else value for name, value in row.items()
    }


@pytest.mark.parametrize("source", sorted(ROWS_OF))
def test_no_value_of_a_row_is_on_the_page(project, source):
    # Numbers of people and amounts are markers too: they are read, and told by nothing.
    numbers = {c.header: "987654" for c in formats.declared(source).columns if c.type == "int"}
    row = ROWS_OF[source][0] | {k: v for k, v in numbers.items() if k in ROWS_OF[source][0]}
    if source == "amss_incidents":
        row |= {"incidents": "987654", "region_total": "987654", "grand_total": "987654"}
    if source == "kobo_incidents":
        row |= {"victimes/tues": 0, "victimes/blesses": 0}
    if source == "dtm_stocks":
        row |= {"Femmes": "987654", "Hommes": "0", "Filles": "0", "Garçons": "0"}
    of_rows(project, source, "2026-01-05", marked(source, row, 0))
    html = page.page(of_rows(project, source, "2026-02-05", marked(source, row, 1)))
    assert MARK.lower() not in html.lower() and "987654" not in re.sub(r"\D", "", told(html))


def test_no_value_of_a_refused_row_is_on_the_page(project):
    rows = [
        report(f"{MARK}{n}", "2017-01-10", id_incident=f"{MARK}-{n}", organisation=f"76 12 34 56 {MARK}")
        for n in range(20)
    ]
    rows[1] |= {"victimes/femmes": MARK}
    rows[2] |= {"incident/type_incident": MARK}
    rows[3] |= {"incident/date_collecte": "2011-11-11"}
    got = take(project, rows, "2017-02-05")
    html = got.quality.read_text(encoding="utf-8")
    assert got.balance.refused_rows == 3 and MARK not in html and "2011" not in html and "76 12" not in html


def test_refusals_of_consent_are_one_total_and_nothing_else(project, monkeypatch):
    given = yaml.safe_load("""
        table: alerts
        consent: has_consent
        key: [alert_id]
        papers: {title: Essai avec consentement, sharing: essai, sensitivity: restricted, pcode_edition: cod2015, zero_means: essai}
        columns:
          accord: {to: has_consent, type: yes_no}
          alerte_id: {to: alert_id, required: true}
          emise_le: {to: issued_date, type: date, required: true}
          nature: {to: alert_nature, type: code, codes: alert_nature, required: true}
          cercle: {to: cercle_name, type: place, required: true}
          suite: {to: follow_up}
    """)
    fmt = formats.parse("alerts", given)
    monkeypatch.setattr(formats, "declared", lambda name: fmt)
    names = [f"A-{n}" for n in range(9)]

    def sent(received, refusing):
        rows = [
            {"accord": "non" if n in refusing else "oui", "alerte_id": n, "emise_le": f"10/0{1 + i // 3}/2017", "nature": "incident", "cercle": "Gao", "suite": ""}
            for i, n in enumerate(names)
        ]  # fmt: skip
        path = write_csv(project.root / f"{received}.csv", rows)
        return receive([path], "alerts", date.fromisoformat(received), project, producer=PRODUCER)

    sent("2017-04-05", {"A-0"})
    got = sent("2017-05-05", {"A-0", "A-3", "A-4", "A-5"})  # all of February withdrew
    first = got.quality.read_bytes()
    q = measured(project, "alerts")
    assert q.balance.read == 9 and q.balance.left_out == {"sans consentement : jamais gardées": 4}
    assert q.comparison.by_period == () and q.comparison.lost == () and q.comparison.total.vanished == 3
    words = told(first.decode())
    assert "− sans consentement : jamais gardées 4" in words and "jamais par lieu ni par mois" in words
    comparison = first.decode().split('id="comparaison"')[1].split("</section>")[0]
    assert "2017" not in told(comparison), "no month beside what went"
    page.write(project, q)
    assert got.quality.read_bytes() == first, "the stored cut tells the same, its refusals included"


# --- the page and the command -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    return bad_month(tmp_path_factory.mktemp("qualite") / "p")


def test_the_page_is_one_small_file_that_asks_for_nothing(bad):
    html = bad[1].read_text(encoding="utf-8")
    assert len(html.encode()) < 200_000
    assert "default-src 'none'" in html and "<script" not in html and "<link" not in html
    assert not re.findall(r"(?:src|href)=\"(?!#)", html) and "http" not in html.replace("http-equiv", "")
    assert '<html lang="fr">' in html and "Interne : ne pas diffuser" in told(html)
    name = " ".join(re.findall(r"<title>(.*?)</title>", html)[0].split())
    assert name == "Qualité des données : Incidents de protection, export KoBo — reçu le 5 juin 2017"
    for ident in re.findall(r'href="#([^"]+)"', html):
        assert f'id="{ident}"' in html
    assert re.findall(r'<section id="([^"]+)"', html)[0] == "a-faire"


def test_the_same_snapshot_gives_the_same_bytes(bad):
    project, path = bad
    first = path.read_bytes()
    page.write(project, measured(project))
    assert path.read_bytes() == first and not list(path.parent.glob("*.tmp")) and len(list(path.parent.iterdir())) == 1


def test_nothing_of_a_file_s_text_can_become_markup(project):
    rows = [report(f"u{m}", f"{m}-10", organisation="<b>ONG & fils</b>") for m in months("2017-01", 3)]
    html = take(project, rows, "2017-05-05").quality.read_text(encoding="utf-8")
    assert "&lt;b&gt;ONG &amp; fils&lt;/b&gt;" in html and "<b>ONG" not in html


def test_the_command_rewrites_the_report_of_a_stored_snapshot(project, second, monkeypatch, capsys):
    monkeypatch.setenv("VEILLE_ROOT", str(project.root))
    monkeypatch.chdir(project.root)
    first = second.quality.read_bytes()
    second.quality.unlink()
    cli.run(["quality", "kobo_incidents"])
    assert second.quality.read_bytes() == first
    assert capsys.readouterr().out.strip() == "reports/qualite/kobo_incidents/2017-05-05/qualite.html"


def test_a_snapshot_that_does_not_exist_is_told(project, second):
    with pytest.raises(UnknownName, match="kobo_incidents"):
        quality.find(project, "kobo_incident", None, "")
    with pytest.raises(BadParameter, match="rien n’a été reçu le 2017-05-06"):
        quality.find(project, "kobo_incidents", date(2017, 5, 6), "")
    assert quality.find(project, "kobo_incidents", None, "").received == date(2017, 5, 5)
    assert quality.find(project, "kobo_incidents", date(2017, 4, 5), "").received == date(2017, 4, 5)


def test_a_stored_snapshot_that_has_changed_is_refused(project, second):
    for path in second.stored.glob("*.csv"):
        path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(BadData, match="a changé depuis sa réception"):
        measured(project)


def test_received_twice_the_report_is_made_again(project, second):
    first = second.quality.read_bytes()
    second.quality.unlink()
    path = project.root / "recus" / "2017-05-05" / "export.xlsx"
    again = receive([path], "kobo_incidents", date(2017, 5, 5), project, producer=PRODUCER)
    assert not again.is_new and again.quality.read_bytes() == first


def test_the_report_of_an_example_lies_with_the_examples(project):
    deposit(project.raw("example"), "alerts", "2017-01-05", [GOOD_ROWS["alerts"]], nature="example")
    q = quality.of_stored(project, quality.find(project, "alerts", None, ""))
    path = page.write(project, q)
    assert path == project.root / "reports" / "exemple" / "qualite" / "alerts" / "2017-01-05" / "qualite.html"
    assert 'body class="quality example"' in path.read_text(encoding="utf-8")


def test_the_counts_of_a_balance_that_was_stored_without_its_refusals_are_whole():
    snapshot = type("S", (), {"without_consent": 3})()
    got = registry.Received(None, snapshot, "t", 10, 10, (), (), 0)
    whole = quality._whole(Balance(10, 9, 1, {}, (), ()), got)
    assert (whole.read, whole.kept, whole.left_out) == (13, 9, {"sans consentement : jamais gardées": 3})


@pytest.mark.parametrize(
    ("periods", "said"),
    [
        (["2017-03"], "mars 2017"),
        (["2017-03", "2017-04"], "mars et avril 2017"),
        (["2016-12", "2017-01"], "décembre 2016 et janvier 2017"),
        (["2016-07", "2016-08", "2016-09", "2017-03"], "juillet à septembre 2016 et mars 2017"),
    ],
)
def test_months_that_follow_each_other_are_said_as_one_span(periods, said):
    assert spans(month(p) for p in periods) == said


@pytest.mark.parametrize(
    ("part", "said"), [(0, "0 %"), (1, "moins de 1 %"), (995, "99 %"), (1000, "100 %"), (25, "2 %")]
)
def test_a_percent_is_whole_or_nil_only_when_it_is(part, said):
    assert percent(part, 1000) == said


def test_rows_are_read_with_the_reader_s_own_functions(project, tmp_path):
    """The report finds who sent a refused row by the text of its file: in a CSV with blank lines too."""
    rows = [report(f"u{n}", "2017-01-10", organisation=f"ONG {n}") for n in range(12)]
    rows[6] |= {"victimes/femmes": "deux"}
    path = write("kobo_incidents", tmp_path, rows)
    text = write_csv(tmp_path / "x.csv", rows, delimiter=";").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "y.csv").write_text("".join([*text[:4], "\n", *text[4:]]), encoding="utf-8")
    for file, line in ((path, 8), (tmp_path / "x.csv", 8), (tmp_path / "y.csv", 9)):
        with reading.connection() as con:
            one = reading.read(con, file, "kobo_incidents")
            (fault,) = one.refused
            assert fault.rows == (line,)
            found = con.execute(
                f"SELECT line, partner FROM ({quality.numbered(one, 'c3 AS partner')}) WHERE line = {line}"
            ).fetchall()
            assert found == [(line, "ONG 6")]
