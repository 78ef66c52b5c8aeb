"""What kind of ticket it is, and how pressing (pure). Neither is an act: no clock stops.

A category brings its team and its priority where the ticket has none of its own. Its limit counts for the
clocks that start from then on: the limit of a clock that runs was promised in the receipt.
"""

from collections.abc import Mapping

from maild.decide.consequences import recipients_of
from maild.decide.decision import Amend, Brief
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, Tickets
from maild.decide.policy import Category, Policy
from maild.decide.rules import DEFAULT_TEAM
from maild.decide.verbs.status import already
from parsers.folding import folded
from storage.records import Status

# The first of each row is what is kept.
_PRIORITIES = (
    ("haute", "high", "hoog", "hoch", "urgent", "urgente", "dringend", "haut"),
    ("normale", "normal", "normaal", "moyenne", "medium"),
    ("basse", "low", "laag", "niedrig", "faible", "bas"),
)
_CATEGORIES = (
    ("incident", "incidents", "panne", "storing", "störung", "vorfall"),
    ("demande", "request", "service-request", "demande-de-service", "aanvraag", "verzoek", "anfrage"),
)
# Fewer letters than this are the beginning of too much.
_LEAST = 3


def _priority(order: Order) -> Outcome | Refusal:
    if order.here.ticket.status is Status.MERGED:
        return already(order)
    own = {c.priority for c in order.policy.categories} | {r.priority for r in order.policy.rules}
    found = _read(order.line.argument, _words(_PRIORITIES, own - {""}))
    if not found:
        return _unknown(order, "priority", tuple(row[0] for row in _PRIORITIES))
    line = order.say(_SAID, "priority", value=found)
    return Outcome(line=line, changes=(Amend(values=(("priority", found),)),))


def _category(order: Order) -> Outcome | Refusal:
    if order.here.ticket.status is Status.MERGED:
        return already(order)
    known = categories(order.policy)
    found = known.get(_read(order.line.argument, _words(_CATEGORIES, set(known))))
    if found is None:
        return _unknown(order, "category", tuple(known))
    values = _with(order, found)
    line = order.say(_SAID, "category", value=found.name)
    line += order.say(_SAID, "its_team", value=values["team"]) if "team" in values else ""
    line += order.say(_SAID, "its_priority", value=values["priority"]) if "priority" in values else ""
    return Outcome(line=line, changes=(Amend(values=tuple(values.items())), *_told(order, values)))


def categories(policy: Policy) -> Mapping[str, Category]:
    """Every category by its name: those of the configuration, and the two that there are without it."""
    named = {row[0]: Category(name=row[0]) for row in _CATEGORIES}
    return named | {category.name: category for category in policy.categories}


def _with(order: Order, category: Category) -> dict[str, str]:
    """The category, and of what follows from it what the ticket has not got."""
    ticket = order.here.ticket
    values = {"category": category.name}
    if category.team not in ("", ticket.team) and ticket.team in ("", DEFAULT_TEAM):
        values["team"] = category.team
    if category.priority and not ticket.priority:
        values["priority"] = category.priority
    return values


def _told(order: Order, values: dict[str, str]) -> tuple[Brief, ...]:
    """A ticket that nobody has in hand comes to another team: they hear of it."""
    if "team" not in values or order.here.ticket.assignee:
        return ()
    people = recipients_of(values["team"], order.facts, order.policy)
    others = tuple(one for one in people if one[0].casefold() != order.agent.address.casefold())
    brief = Brief(recipients=others, reason="handed", by=order.agent.name, words=order.note)
    return (brief,) if others else ()


def _words(rows: tuple[tuple[str, ...], ...], names: set[str]) -> dict[str, str]:
    """Each word, folded -> the value; a name of the desk's own beats our words."""
    words = {_key(word): row[0] for row in rows for word in row}
    return words | {_key(name): name for name in names}


def _read(written: str, words: Mapping[str, str]) -> str:
    """The value of a word or of a beginning that only one value has; "" for none."""
    wanted = _key(written.rstrip(".,;:!"))
    begun = {value for word, value in words.items() if len(wanted) >= _LEAST and word.startswith(wanted)}
    return words.get(wanted, begun.pop() if len(begun) == 1 else "")


def _key(word: str) -> str:
    return "-".join(folded(word).split())


def _unknown(order: Order, what: str, choices: tuple[str, ...]) -> Refusal:
    values = {"written": order.line.argument, "choices": ", ".join(choices), "first": choices[0]}
    return Refusal(line=order.say(_SAID, f"no_{what}" if order.line.argument else f"which_{what}", **values))


_SAID: Sentences = {
    "priority": {
        "fr": "#{verb}\u00a0: fait, la priorité de {number} est «\u00a0{value}\u00a0»",
        "nl": "#{verb}: gedaan, de prioriteit van {number} is '{value}'",
        "de": "#{verb}: erledigt, die Priorität von {number} ist „{value}“",
        "en": "#{verb}: done, the priority of {number} is '{value}'",
    },
    "category": {
        "fr": "#{verb}\u00a0: fait, {number} est de catégorie «\u00a0{value}\u00a0»",
        "nl": "#{verb}: gedaan, {number} is van categorie '{value}'",
        "de": "#{verb}: erledigt, {number} gehört zur Kategorie „{value}“",
        "en": "#{verb}: done, {number} is of category '{value}'",
    },
    "its_team": {
        "fr": ", équipe {value}",
        "nl": ", team {value}",
        "de": ", Team {value}",
        "en": ", team {value}",
    },
    "its_priority": {
        "fr": ", priorité {value}",
        "nl": ", prioriteit {value}",
        "de": ", Priorität {value}",
        "en": ", priority {value}",
    },
    "no_priority": {
        "fr": "#{verb}\u00a0: «\u00a0{written}\u00a0» n’est pas une priorité, rien n’a changé\u00a0; "
        "écrivez par "
        "exemple #priorité {first} ({choices})",
        "nl": "#{verb}: '{written}' is geen prioriteit, er is niets gewijzigd; schrijf bijvoorbeeld "
        "#priority "
        "{first} ({choices})",
        "de": "#{verb}: „{written}“ ist keine Priorität, nichts wurde geändert; schreiben Sie zum Beispiel "
        "#priority {first} ({choices})",
        "en": "#{verb}: '{written}' is no priority, nothing changed; write for example #priority {first} "
        "({choices})",
    },
    "which_priority": {
        "fr": "#{verb}\u00a0: laquelle\u00a0? Rien n’a changé\u00a0; écrivez par exemple #priorité {first} "
        "({choices})",
        "nl": "#{verb}: welke? Er is niets gewijzigd; schrijf bijvoorbeeld #priority {first} ({choices})",
        "de": "#{verb}: welche? Nichts wurde geändert; schreiben Sie zum Beispiel #priority {first} "
        "({choices})",
        "en": "#{verb}: which one? Nothing changed; write for example #priority {first} ({choices})",
    },
    "no_category": {
        "fr": "#{verb}\u00a0: «\u00a0{written}\u00a0» n’est pas une catégorie, rien n’a changé\u00a0; "
        "écrivez par "
        "exemple #catégorie {first} ({choices})",
        "nl": "#{verb}: '{written}' is geen categorie, er is niets gewijzigd; schrijf bijvoorbeeld "
        "#category "
        "{first} ({choices})",
        "de": "#{verb}: „{written}“ ist keine Kategorie, nichts wurde geändert; schreiben Sie zum Beispiel "
        "#category {first} ({choices})",
        "en": "#{verb}: '{written}' is no category, nothing changed; write for example #category {first} "
        "({choices})",
    },
    "which_category": {
        "fr": "#{verb}\u00a0: laquelle\u00a0? Rien n’a changé\u00a0; écrivez par exemple #catégorie {first} "
        "({choices})",
        "nl": "#{verb}: welke? Er is niets gewijzigd; schrijf bijvoorbeeld #category {first} ({choices})",
        "de": "#{verb}: welche? Nichts wurde geändert; schreiben Sie zum Beispiel #category {first} "
        "({choices})",
        "en": "#{verb}: which one? Nothing changed; write for example #category {first} ({choices})",
    },
}

CATEGORY = Command(
    names=("catégorie", "category", "kategorie", "classer", "classify"),
    usage={"fr": "#catégorie incident|demande", "en": "#category incident|request"},
    help={
        "fr": "classer le ticket\u00a0: incident, demande ou une catégorie de la configuration",
        "nl": "het ticket indelen: incident, aanvraag of een categorie van de configuratie",
        "de": "das Ticket einordnen: Störung, Anfrage oder eine Kategorie der Konfiguration",
        "en": "sort the ticket: incident, request or a category of the configuration",
    },
    run=_category,
    tickets=Tickets.FIRST,
)
PRIORITY = Command(
    names=("priorité", "priority", "prio", "prioriteit", "priorität"),
    usage={"fr": "#priorité haute|normale|basse", "en": "#priority high|normal|low"},
    help={
        "fr": "donner une priorité au ticket\u00a0; le délai continue",
        "nl": "het ticket een prioriteit geven; de termijn loopt door",
        "de": "dem Ticket eine Priorität geben; die Frist läuft weiter",
        "en": "give the ticket a priority; its clock goes on",
    },
    run=_priority,
    tickets=Tickets.FIRST,
    is_own=lambda argument: argument.isdecimal() and len(argument) == 1,
)
