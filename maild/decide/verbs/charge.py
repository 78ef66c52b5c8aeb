"""Whose ticket it is and where it stands: take, assign, wait, resolve, reopen, close, classify (pure)."""

from maild.decide.decision import Change, StopClocks, TakeInCharge
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, Text
from storage.records import Status

_OPEN = (Status.NEW, Status.TAKEN, Status.WAITING)


def _take(order: Order) -> Outcome | Refusal:
    ticket = order.here.ticket
    if ticket.status not in _OPEN:
        return Refusal(line=order.say(_SAID, "ended", status=ticket.status.value))
    changes: tuple[Change, ...] = (
        TakeInCharge(agent=order.agent.address, at=order.facts.now),
        StopClocks(at=order.facts.now, by=order.agent.address, act="take"),
    )
    return Outcome(line=order.say(_SAID, "take", agent=order.agent.name), changes=changes)


def _note(order: Order) -> Outcome | Refusal:
    return Outcome(line=order.say(_SAID, "note"))


_SAID: Sentences = {
    "take": {
        "fr": "#{verb}\u00a0: fait, {number} est pris en charge par {agent}",
        "nl": "#{verb}: gedaan, {number} is in behandeling bij {agent}",
        "de": "#{verb}: erledigt, {number} wird von {agent} bearbeitet",
        "en": "#{verb}: done, {number} is taken in charge by {agent}",
    },
    "note": {
        "fr": "#{verb}\u00a0: votre texte est gardé comme note interne sur {number}",
        "nl": "#{verb}: uw tekst is als interne nota bij {number} bewaard",
        "de": "#{verb}: Ihr Text liegt als interne Notiz bei {number}",
        "en": "#{verb}: your text is kept as an internal note on {number}",
    },
    "ended": {
        "fr": "#{verb}\u00a0: {number} est « {status} », rien n’a changé",
        "nl": "#{verb}: {number} is '{status}', er is niets gewijzigd",
        "de": "#{verb}: {number} ist „{status}“, nichts wurde geändert",
        "en": "#{verb}: {number} is {status}, nothing changed",
    },
}

TAKE = Command(
    names=("prendre", "take", "prends", "pris", "prise-en-charge"),
    usage={"fr": "#prendre", "en": "#take"},
    help={
        "fr": "prendre le ticket en charge",
        "nl": "het ticket in behandeling nemen",
        "de": "das Ticket übernehmen",
        "en": "take the ticket in charge",
    },
    run=_take,
    settles="hands",
)
NOTE = Command(
    names=("note", "notes", "nota", "notiz", "interne", "internal"),
    usage={"fr": "#note", "en": "#note"},
    help={
        "fr": "tout le texte qui suit reste interne",
        "nl": "alle tekst hieronder blijft intern",
        "de": "der ganze Text darunter bleibt intern",
        "en": "everything below stays internal",
    },
    run=_note,
    text=Text.NOTE,
)
