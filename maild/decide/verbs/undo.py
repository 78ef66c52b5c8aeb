"""``#annuler``: the last change of a ticket is taken back, while nothing of it has left the house (pure).

What is to be taken back is read from the stories: each fact tells what it has changed. Whoever takes back
twice goes one change further back.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from maild import instants
from maild.decide import relays
from maild.decide.decision import Change, Released, Tell, Undo
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text, Tickets, said
from maild.decide.verbs import visits
from storage.records import Changed, Event, MessageKind, OutboxState, OwedLetter, Ticket, Visit

_LEFT: Final = (OutboxState.SENT, OutboxState.UNCERTAIN, OutboxState.CLAIMED)
_WAITS: Final = (OutboxState.READY, OutboxState.HELD, OutboxState.FAILED)
# What only the desk's own people have read; an invitation is called off by another letter.
_INSIDE: Final = (MessageKind.ANSWER, MessageKind.NOTIFICATION, MessageKind.INVITATION)
_INSTANTS: Final = ("taken_at", "wake_at", "acked_at", "arrived_at")


def _undo(order: Order) -> Outcome | Refusal:
    if visits.means_visit(order.line.argument):
        return visits.cancel(order)
    done = order.here.handling.changed
    if done is None:
        return Refusal(line=order.say(_SAID, "nothing"))
    act = _named(done, order)
    if why := _objection(order, done):
        return Refusal(line=order.say(_SAID, why[0], act=act, which=why[1]))
    undone = _undone(order, done)
    called_off = _called_off(order, done)
    lines = (order.say(_SAID, "done", act=act), *_as_before(order, undone))
    off = (called_off.line,) if called_off else ()
    changes: tuple[Change, ...] = (*(called_off.changes if called_off else ()), undone, *_told(order, done))
    return Outcome(line=" ".join((*lines, *off)), changes=changes)


# ---------------------------------------------------------------------- why not


def _objection(order: Order, done: Changed) -> tuple[str, str] | None:
    """The sentence that says why nothing is taken back, and what it names."""
    if order.line.argument.strip():
        return "alone", ""
    if relays.has_words(order.case, order.agent, order.here, order.words):
        return "words", ""
    kinds = {event.kind for event in done.events}
    if parted := next((e for e in done.events if e.kind == "split"), None):
        return "split", order.policy.desk.number(_detail(parted)["into"])
    if "handed_over" in kinds:
        return "handed", ""
    if left := list(filter(_has_left, done.letters)):
        return "left", "; ".join(_letter(one, order) for one in left)
    if outside := next((e for e in done.events if _is_outside(e)), None):
        return "outside", _when(outside.at, order)
    if "absorbed" in kinds and any(mail.arrived_at > done.at for mail in order.here.handling.spoken):
        return "since", ""
    return None


def _has_left(letter: OwedLetter) -> bool:
    """Somebody outside the desk reads it, or a team that cannot be told to forget it."""
    return letter.state in _LEFT and letter.kind not in _INSIDE


def _is_outside(event: Event) -> bool:
    return event.kind == "message_added" and _detail(event).get("kind") == MessageKind.OUTSIDE_ANSWER


def _letter(letter: OwedLetter, order: Order) -> str:
    at = letter.sent_at or letter.created_at
    return f"{letter.recipient} ({_when(at, order)})"


def _when(at: datetime, order: Order) -> str:
    language = order.agent.language if order.agent.language in ("fr", "nl", "de", "en") else "en"
    return instants.deadline(at, order.policy.desk.timezone, language)


# ---------------------------------------------------------------------- what is taken back


def _undone(order: Order, done: Changed) -> Undo:
    facts = [(event, _detail(event)) for event in done.events]
    here = order.here.ticket.id
    return Undo(
        of=done.cause,
        columns=tuple(_columns(order, done)),
        restart=tuple(
            row
            for event, told in facts
            # What is spam again, and was opened for a while, has no clock that runs.
            if event.kind == "clock_stopped" and told.get("act") != "reopen"
            for row in told.get("messages", ())
        ),
        letters=tuple(
            one.id for one in done.letters if one.state in _WAITS and one.kind is not MessageKind.ANSWER
        ),
        unlink=tuple(
            told["other"] for event, told in facts if (event.kind, event.ticket_id) == ("linked", here)
        ),
        released=tuple(
            Released(ticket=told["ticket"], messages=tuple(told["messages"]), people=tuple(told["people"]))
            for event, told in facts
            if event.kind == "absorbed"
        ),
    )


def _columns(order: Order, done: Changed) -> Iterator[tuple[int, tuple[tuple[str, Any], ...]]]:
    """The columns of each ticket as they were; what somebody has changed since then stays."""
    for event in done.events:
        if event.kind == "changed" and event.ticket_id is not None:
            told = _detail(event)
            before, after = told["before"], told["after"]
            if event.ticket_id == order.here.ticket.id:
                before = {
                    name: old
                    for name, old in before.items()
                    if still_is(order.here.ticket, name, after[name])
                }
            yield event.ticket_id, tuple((name, typed(name, old)) for name, old in before.items())


def still_is(ticket: Ticket, name: str, told: object) -> bool:
    """Whether a column still has the value that the story tells."""
    return bool(json.loads(json.dumps(getattr(ticket, name), default=str)) == told)


def typed(name: str, told: Any) -> Any:
    """A value as the story tells it, as the column has it."""
    return datetime.fromisoformat(told) if name in _INSTANTS and isinstance(told, str) else told


def _as_before(order: Order, undone: Undo) -> Iterator[str]:
    """What is again as it was, in sentences."""
    language, here = order.agent.language, order.here.ticket.id
    restored = dict(next((values for number, values in undone.columns if number == here), ()))
    if "status" in restored:
        yield said(_SAID, "status", language, number=order.number, status=str(restored["status"]))
    for released in undone.released:
        other = order.policy.desk.number(released.ticket)
        yield said(_SAID, "released", language, other=other)
    if undone.letters:
        yield said(_SAID, "dropped", language)


def _called_off(order: Order, done: Changed) -> Outcome | None:
    visit = next((one for one in order.here.handling.visits if done.visit and one.id == done.visit), None)
    return visits.cancelled(order, visit) if isinstance(visit, Visit) else None


def _told(order: Order, done: Changed) -> Iterator[Tell]:
    """Whoever of the desk has read of it hears that it is taken back."""
    read = [
        one.recipient for one in done.letters if one.kind is MessageKind.NOTIFICATION and one.state in _LEFT
    ]
    for address in dict.fromkeys(read):
        agent = order.policy.agent(address)
        language = agent.language if agent else order.policy.desk.languages[0]
        if address != order.agent.address.casefold():
            headline = said(_SAID, "recalled", language, number=order.number, agent=order.agent.name)
            yield Tell(recipients=((address, language),), headline=headline)


# ---------------------------------------------------------------------- in words


def _named(done: Changed, order: Order) -> str:
    """What it was and when: by its commands, else an answer, else a change."""
    verbs = next((str(_detail(e).get("verbs", "")) for e in done.events if e.kind == "command"), "")
    called = " ".join(f"#{verb}" for verb in verbs.split())
    answered = any(event.kind == "relayed" for event in done.events)
    name = called or said(_SAID, "answer" if answered else "change", order.agent.language)
    return f"{name} ({_when(done.at, order)})"


def _detail(event: Event) -> dict[str, Any]:
    detail: dict[str, Any] = json.loads(event.detail)
    return detail


_SAID: Sentences = {
    "done": {
        "fr": "#{verb}\u00a0: fait, {act} sur {number} est annulé.",
        "nl": "#{verb}: gedaan, {act} op {number} is ongedaan gemaakt.",
        "de": "#{verb}: erledigt, {act} auf {number} ist rückgängig gemacht.",
        "en": "#{verb}: done, {act} on {number} is undone.",
    },
    "status": {
        "fr": "{number} est de nouveau «\u00a0{status}\u00a0».",
        "nl": "{number} is weer '{status}'.",
        "de": "{number} ist wieder „{status}“.",
        "en": "{number} is {status} again.",
    },
    "released": {
        "fr": "{other} est de nouveau un ticket à lui.",
        "nl": "{other} is weer een ticket op zich.",
        "de": "{other} ist wieder ein eigenes Ticket.",
        "en": "{other} is a ticket of its own again.",
    },
    "dropped": {
        "fr": "Ce qui attendait de partir ne partira pas.",
        "nl": "Wat klaarstond om te vertrekken, vertrekt niet.",
        "de": "Was noch auf den Versand wartete, wird nicht gesendet.",
        "en": "What was waiting to leave does not leave.",
    },
    "recalled": {
        "fr": "{agent} est revenu sur ce dont nous vous avions averti pour {number}.",
        "nl": "{agent} heeft ongedaan gemaakt wat wij u over {number} meldden.",
        "de": "{agent} hat rückgängig gemacht, was wir Ihnen zu {number} gemeldet hatten.",
        "en": "{agent} has undone what we told you about {number}.",
    },
    "answer": {"fr": "la réponse", "nl": "het antwoord", "de": "die Antwort", "en": "the answer"},
    "change": {"fr": "le changement", "nl": "de wijziging", "de": "die Änderung", "en": "the change"},
    "nothing": {
        "fr": "#{verb}\u00a0: il n’y a rien à annuler sur {number}",
        "nl": "#{verb}: er is niets ongedaan te maken op {number}",
        "de": "#{verb}: auf {number} gibt es nichts rückgängig zu machen",
        "en": "#{verb}: there is nothing to undo on {number}",
    },
    "alone": {
        "fr": "#{verb}\u00a0: rien n’a changé\u00a0; cette commande annule le dernier changement de {number} "
        "et s’écrit seule\u00a0: #annuler (ou\u00a0: #annuler intervention)",
        "nl": "#{verb}: er is niets gewijzigd; deze opdracht maakt de laatste wijziging van {number} "
        "ongedaan en staat alleen: #undo (of: #undo visit)",
        "de": "#{verb}: nichts wurde geändert; dieser Befehl macht die letzte Änderung von {number} "
        "rückgängig und steht allein: #undo (oder: #undo visit)",
        "en": "#{verb}: nothing changed; this command undoes the last change of {number} and stands alone: "
        "#undo (or: #undo visit)",
    },
    "words": {
        "fr": "#{verb}\u00a0: rien n’a changé ni n’a été envoyé\u00a0; écrivez #annuler seul, et votre texte "
        "dans un autre message",
        "nl": "#{verb}: er is niets gewijzigd of verzonden; schrijf #undo alleen, en uw tekst in een ander "
        "bericht",
        "de": "#{verb}: nichts wurde geändert oder gesendet; schreiben Sie #undo allein und Ihren Text in "
        "einer anderen Nachricht",
        "en": "#{verb}: nothing changed and nothing was sent; write #undo alone, and your text in another "
        "mail",
    },
    "left": {
        "fr": "#{verb}\u00a0: {act} ne s’annule plus, rien n’a changé\u00a0: un message est parti à {which}",
        "nl": "#{verb}: {act} kan niet meer ongedaan worden gemaakt, er is niets gewijzigd: een bericht is "
        "vertrokken naar {which}",
        "de": "#{verb}: {act} lässt sich nicht mehr rückgängig machen, nichts wurde geändert: eine "
        "Nachricht ging an {which}",
        "en": "#{verb}: {act} can be undone no more, nothing changed: a mail has left for {which}",
    },
    "outside": {
        "fr": "#{verb}\u00a0: la dernière action sur {number} est une réponse donnée hors de maild ({which})"
        "\u00a0; elle est partie, rien n’a changé",
        "nl": "#{verb}: het laatste op {number} is een antwoord buiten maild ({which}); het is vertrokken, "
        "er is niets gewijzigd",
        "de": "#{verb}: das Letzte auf {number} ist eine Antwort außerhalb von maild ({which}); sie ist "
        "gesendet, nichts wurde geändert",
        "en": "#{verb}: the last thing on {number} is an answer given outside maild ({which}); it has left, "
        "nothing changed",
    },
    "split": {
        "fr": "#{verb}\u00a0: une séparation ne s’annule pas, rien n’a changé\u00a0; répondez au ticket "
        "séparé, s’il est du même demandeur\u00a0: #fusionner (le numéro est {which})",
        "nl": "#{verb}: een afsplitsing wordt niet ongedaan gemaakt, er is niets gewijzigd; antwoord op het "
        "afgesplitste ticket {which}, als het van dezelfde aanvrager is: #merge",
        "de": "#{verb}: eine Abtrennung wird nicht rückgängig gemacht, nichts wurde geändert; antworten Sie "
        "auf das abgetrennte Ticket {which}, wenn es von derselben Person ist: #merge",
        "en": "#{verb}: a split is not undone, nothing changed; reply to the ticket split off, {which}, if "
        "it is of the same requester: #merge",
    },
    "handed": {
        "fr": "#{verb}\u00a0: le choix d’un demandeur ne s’annule pas, rien n’a changé\u00a0; indiquez le "
        "bon, par exemple\u00a0: #transfert jean.dupont@example.org",
        "nl": "#{verb}: de keuze van een aanvrager wordt niet ongedaan gemaakt, er is niets gewijzigd; noem "
        "de juiste, bijvoorbeeld: #forward jan@example.org",
        "de": "#{verb}: die Wahl eines Anfragenden wird nicht rückgängig gemacht, nichts wurde geändert; "
        "nennen Sie den richtigen, zum Beispiel: #forward jan@example.org",
        "en": "#{verb}: the choice of a requester is not undone, nothing changed; name the right one, for "
        "example: #forward jan@example.org",
    },
    "since": {
        "fr": "#{verb}\u00a0: {act} ne s’annule plus, rien n’a changé\u00a0: un message est arrivé depuis. "
        "#détacher lui donne un ticket à lui",
        "nl": "#{verb}: {act} kan niet meer ongedaan worden gemaakt, er is niets gewijzigd: er kwam "
        "intussen een bericht. #split geeft het een eigen ticket",
        "de": "#{verb}: {act} lässt sich nicht mehr rückgängig machen, nichts wurde geändert: inzwischen "
        "kam eine Nachricht. #split gibt ihr ein eigenes Ticket",
        "en": "#{verb}: {act} can be undone no more, nothing changed: a mail has come since. #split gives "
        "it a ticket of its own",
    },
}

UNDO = Command(
    names=("annuler", "undo", "annule", "défaire", "cancel", "ongedaan-maken", "rückgängig"),
    usage={"fr": "#annuler", "en": "#undo"},
    help={
        "fr": "annuler le dernier changement du ticket, tant que rien n’est parti",
        "nl": "de laatste wijziging van het ticket ongedaan maken, zolang niets vertrokken is",
        "de": "die letzte Änderung des Tickets rückgängig machen, solange nichts gesendet ist",
        "en": "undo the last change of the ticket, while nothing has left",
    },
    run=_undo,
    text=Text.OWN,
    asks=frozenset({Ask.LAST_CHANGE}),
    settles="status hands",
    tickets=Tickets.FIRST,
)
