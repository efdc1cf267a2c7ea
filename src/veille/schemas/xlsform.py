"""The protection-monitoring form for KoBo (XLSForm, French), written from the definitions.

An export of this form has the columns of `kobo_incidents.yml`, and only those. Three questions and one device id are of class I:
monitors need them to follow a case, they stay on the KoBo server, and the reader drops them by rule.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..codes import code_list
from ..places import Place, fold, gazetteer
from ..render import zips
from .definitions import Column, Rule, Table, table

TITLE = "Monitoring de protection"  # KoBo names the sheet of its export after it
EDITION = "cod2015"
MENAKA = Place("cod2015", "ML0704")  # a region since 2016; still a cercle of Gao in this edition
LABEL, HINT, MESSAGE = "label::Français (fr)", "hint::Français (fr)", "constraint_message::Français (fr)"
SURVEY = (
    "type",
    "name",
    LABEL,
    HINT,
    "required",
    "constraint",
    MESSAGE,
    "relevant",
    "choice_filter",
    "appearance",
    "hxl",
)
CHOICES = ("list_name", "name", LABEL, "region", "cercle")
STAYS = "Reste sur le serveur KoBo : retiré à la réception, jamais transmis."


@dataclass(frozen=True)
class Question:
    """One question. `column` is what it feeds, `table.column`; "" for a technical or class R/I question.

    `type` and `codes` are those of the form where it asks for more detail than the canonical column keeps (a day
    where the table has a month). `label` and `hint` replace the column's.
    """

    name: str
    column: str = ""
    type: str = ""
    codes: str = ""
    label: str = ""
    hint: str = ""
    required: bool | None = None
    constraint: str = ""
    message: str = ""
    relevant: str = ""
    choice_filter: str = ""
    hxl: str = ""


_NOT_AFTER_TODAY = (". <= today()", "La date ne peut pas être dans le futur.")
_NOT_BEFORE = (
    "(${date_incident} = '' or . >= ${date_incident}) and . <= today()",
    "La collecte ne peut ni précéder l’incident, ni être dans le futur.",
)

GROUPS: dict[str, tuple[str, tuple[Question, ...]]] = {
    "identification": (
        "Identification",
        (
            Question("organisation", type="text", label="Organisation", hint="Sigle ; jamais publié.", required=True, hxl="#org+prog"),
            Question("type_rapport", "incidents.entry_source"),
            Question("id_incident", "incidents.incident_id"),
        ),
    ),
    "lieu": (
        "Lieu",
        (
            Question("region", "incidents.pcode", type="select_one", codes="region", label="Région", hint="Ménaka est une région depuis 2016.", hxl="#adm1+name"),
            Question("cercle", "incidents.pcode", type="select_one", codes="cercle", label="Cercle", hint="La liste suit la région choisie.", choice_filter="region = ${region}", hxl="#adm2+name"),
            Question("commune", "incidents.commune_pcode", type="select_one", codes="commune", hint="Laissez vide si elle n’est pas connue.", choice_filter="cercle = ${cercle}", hxl="#adm3+name"),
            Question("localite", type="text", label="Localité", hint=STAYS, required=False),
        ),
    ),
    "incident": (
        "Incident",
        (
            Question("date_incident", "incidents.month", type="date", label="Date de l’incident", hint="Jour où l’incident a eu lieu, pas celui où il a été rapporté.", constraint=_NOT_AFTER_TODAY[0], message=_NOT_AFTER_TODAY[1], hxl="#date+occurred"),
            Question("date_collecte", type="date", label="Date de collecte", hint="Jour de l’entretien.", required=False, constraint=_NOT_BEFORE[0], message=_NOT_BEFORE[1], hxl="#date+reported"),
            Question("type_incident", "incidents.incident_type", hint="Le fait principal, un seul."),
            Question("auteur_presume", "incidents.perpetrator_class", codes="perpetrator", label="Auteur présumé", hint="D’après les personnes interrogées ; sans nom."),
            Question("population_affectee", "incidents.population_group"),
        ),
    ),
    "victimes": (
        "Victimes",
        (
            Question("femmes", "incidents.women_people"),
            Question("hommes", "incidents.men_people"),
            Question("filles", "incidents.girls_people"),
            Question("garcons", "incidents.boys_people"),
            Question("tues", "incidents.killed_people"),
            Question("blesses", "incidents.injured_people"),
        ),
    ),
    "verification": (
        "Vérification",
        (
            Question("statut_verification", "incidents.verification_class", codes="verification", label="L’incident est-il vérifié ?", hint="Sans réponse, il compte comme non vérifié.", required=False),
        ),
    ),
    "suivi": (
        "Suivi",
        (
            Question("refere", "incidents.is_referred", label="La victime a-t-elle été référée vers un service ?"),
            Question("services_referes", "incident_services.service", type="select_multiple", label="Services vers lesquels elle a été référée", required=False, relevant="${refere} = 'oui'", hxl="#service+type+referred"),
            Question("services_assistes", "incident_services.outcome", type="select_multiple", codes="service", label="Services qui l’ont assistée", required=False, relevant="${refere} = 'oui'", hxl="#service+type+assisted"),
        ),
    ),
    "recit": (
        "Récit",
        (
            Question("description", type="text", label="Récit de l’incident", hint=f"Sans nom ni détail qui identifie. {STAYS}", required=False),
            Question("source_information", type="text", label="Source de l’information", hint=STAYS, required=False),
        ),
    ),
}  # fmt: skip

# What KoBo's own application fills in, without asking anybody.
TECHNICAL = ("start", "end", "deviceid")
# Questions that identify somebody: listed so that the test knows them, and no other can slip in.
CLASS_I = ("deviceid", "localite", "description", "source_information")


def _with_communes() -> str:
    """The regions whose communes the gazetteer lists, as a test: elsewhere the question does not appear."""
    cercles = {row["cercle"] for row in places() if row["list_name"] == "commune"}
    regions = {row["region"] for row in places() if row["list_name"] == "cercle" and row["name"] in cercles}
    return " or ".join(f"${{region}} = '{region}'" for region in sorted(regions))


def _column(question: Question) -> Column | None:
    if not question.column:
        return None
    name, column = question.column.split(".")
    return table(name).columns[column]


def _type(question: Question, column: Column | None) -> str:
    codes = question.codes or (column.codes if column else "")
    form = (
        question.type
        or {
            "text": "text",
            "int": "integer",
            "decimal": "decimal",
            "date": "date",
            "yes_no": "select_one",
            "code": "select_one",
            "codes": "select_multiple",
        }[column.type if column else "text"]
    )
    if form.startswith("select"):
        return f"{form} {codes or 'oui_non'}"
    return form


def _asked_as() -> dict[str, str]:
    """Column of `incidents` -> the question that asks for it as it is."""
    return {
        q.column.split(".")[1]: q.name
        for _, questions in GROUPS.values()
        for q in questions
        if q.column.startswith("incidents.") and not q.type
    }


def _within(rule: Rule, column: str) -> str:
    """The rule as a constraint on one of the columns of its sum: tested only once every limit is answered."""
    asked = _asked_as()
    blank = " or ".join(f"${{{asked[c]}}} = ''" for c in rule.at_most)
    others = [f"coalesce(${{{asked[c]}}}, 0)" for c in rule.sum if c != column]
    return f"({blank} or {' + '.join(['.', *others])} <= {' + '.join(f'${{{asked[c]}}}' for c in rule.at_most)})"


def _constraint(question: Question, incidents: Table) -> tuple[str, str]:
    """XPath constraint and its French message, from the bounds and rules of the definition."""
    if question.constraint:
        return question.constraint, question.message
    column = _column(question)
    if column is None or question.type:
        return "", ""
    tests, messages = [], []
    if column.min is not None:
        tests.append(f". >= {column.min}")
        messages.append("Nombre entier, zéro ou plus." if column.min == 0 else f"Au moins {column.min}.")
    name = question.column.split(".")[1]
    for rule in incidents.rules:
        if question.column.startswith("incidents.") and name in rule.sum:
            tests.append(_within(rule, name))
            messages.append(rule.message.fr)
    return " and ".join(tests), " ".join(messages)


def _label(question: Question) -> str:
    column = _column(question)
    return question.label or (column.label.fr if column else "")


def labels() -> dict[str, tuple[str, str]]:
    """`group/question`, as KoBo heads a column with XML names -> the labels of the group and of the question."""
    return {
        f"{name}/{question.name}": (label, _label(question))
        for name, (label, questions) in GROUPS.items()
        for question in questions
    }


def _row(question: Question, incidents: Table) -> dict[str, str]:
    column = _column(question)
    required = column.required if question.required is None and column else bool(question.required)
    constraint, message = _constraint(question, incidents)
    help_ = column.help.fr if column and column.help and not question.label else ""
    return {
        "type": _type(question, column),
        "name": question.name,
        LABEL: _label(question),
        HINT: question.hint or help_,
        "required": "yes" if required else "",
        "constraint": constraint,
        MESSAGE: message,
        "relevant": _with_communes() if question.name == "commune" else question.relevant,
        "choice_filter": question.choice_filter,
        "hxl": question.hxl or (column.hxl if column else ""),
    }


def survey() -> list[dict[str, str]]:
    """The rows of the sheet `survey`, in order; keys are those of `SURVEY`, missing ones are blank."""
    incidents = table("incidents")
    rows: list[dict[str, str]] = [{"type": name, "name": name} for name in TECHNICAL]
    for name, (label, questions) in GROUPS.items():
        rows.append({"type": "begin_group", "name": name, LABEL: label, "appearance": "field-list"})
        rows += [_row(question, incidents) for question in questions]
        rows.append({"type": "end_group"})
    return rows


def choice_name(name: str) -> str:
    """A place as a choice is named: no accent, no space; the reader's `resolve` finds the place again."""
    return fold(name).replace(" ", "_")


def _region_of(cercle: Place, region: str) -> str:
    return "menaka" if cercle == MENAKA else choice_name(region)


def places() -> list[dict[str, str]]:
    """Regions, cercles and communes of the gazetteer, each with the parent that its list is filtered by."""
    known = {p: n for p, n in gazetteer().items() if p.edition == EDITION}
    regions, cercles, communes = ([n for n in known.values() if n.level == level] for level in (1, 2, 3))
    rows = [{"list_name": "region", "name": choice_name(n.name), LABEL: n.name} for n in regions]
    rows.append({"list_name": "region", "name": "menaka", LABEL: known[MENAKA].name})
    rows += [
        {
            "list_name": "cercle",
            "name": choice_name(n.name),
            LABEL: n.name,
            "region": _region_of(n.place, known[n.parent].name),
        }
        for n in cercles
    ]
    rows += [
        {
            "list_name": "commune",
            "name": choice_name(n.name),
            LABEL: n.name,
            "cercle": choice_name(known[n.parent].name),
        }
        for n in communes
    ]
    return rows


def choices() -> list[dict[str, str]]:
    """The rows of the sheet `choices`: code lists by their form code, yes and no, then the places."""
    used = {row["type"].split()[1]: None for row in survey() if row["type"].startswith("select")}
    rows = [{"list_name": "oui_non", "name": n, LABEL: n.capitalize()} for n in ("oui", "non")]
    for name in used:
        if name not in ("oui_non", "region", "cercle", "commune"):
            rows += [{"list_name": name, "name": e["form"], LABEL: e["fr"]} for e in code_list(name).values()]
    return rows + places()


def settings() -> dict[str, str]:
    """The sheet `settings`. The version is a digest of the questions and choices: it changes exactly when they do."""
    content = json.dumps([survey(), choices()], ensure_ascii=False, sort_keys=True)
    return {
        "form_title": TITLE,
        "form_id": "veille_monitoring_protection",
        "version": "v" + hashlib.sha256(content.encode()).hexdigest()[:10],
        "default_language": "Français (fr)",
        "style": "pages",
        # Bamba and Tilemsi are communes of two cercles each.
        "allow_choice_duplicates": "yes",
    }


def write(path: Path) -> None:
    """Write the XLSForm to `path`. The same definitions give the same bytes."""
    buffer = io.BytesIO()
    import xlsxwriter

    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"title": TITLE, "created": datetime(2017, 1, 1)})
        head = book.add_format({"bold": True})
        for name, columns, rows in (
            ("survey", SURVEY, survey()),
            ("choices", CHOICES, choices()),
            ("settings", tuple(settings()), [settings()]),
        ):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for c, column in enumerate(columns):
                sheet.write_string(0, c, column, head)
                for r, row in enumerate(rows, start=1):
                    if row.get(column):
                        sheet.write_string(r, c, row[column])
            sheet.set_column(0, len(columns) - 1, 24)
    path.write_bytes(zips.normalised(buffer.getvalue()))
