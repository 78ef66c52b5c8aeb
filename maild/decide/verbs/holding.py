"""An answer on its way: hold it while it has not left, and let a held one go (pure).

What an answer brought about is taken back with it: the clocks that it stopped run again, and the ticket
stands where it stood before. Orders above it (``#prendre``, ``#assigner``) are acts of their own and stay.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from maild import instants
from maild.decide.decision import Amend, ReleaseLetters, StopClocks, StopLetters, TakeInCharge
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text, Tickets
from maild.decide.verbs import charge
from maild.decide.verbs.status import ENDED, already, named
from maild.decide.verbs.undo import still_is, typed
from parsers.commands import command_key
from storage.records import HELD_BY, Changed, OutboxState, OwedLetter, Status

# What an answer may change of a ticket, and what it changes where nobody had it in hand.
_ANSWERED, _TAKEN = ("status", "wake_at", "scope"), ("assignee", "taken_at")
_LEFT = (OutboxState.SENT, OutboxState.UNCERTAIN)
_ACTS = frozenset(command_key(name) for one in (charge.TAKE, charge.ASSIGN) for name in one.names)

# ---------------------------------------------------------------------- stop


def _stop(order: Order) -> Outcome | Refusal:
    waiting = [one for one in order.here.handling.answers if _waiting(one, order)]
    mine = [one for one in waiting if one.actor.casefold() == order.agent.address.casefold()]
    stopped = mine or waiting
    if not stopped:
        return _too_late(order)
    whole = [one for one in stopped if not _left(one) and not _leaving(one, order)]
    restore = {name: value for one in reversed(whole) for name, value in _before(one, order).items()}
    restart = tuple(row for one in whole for row in _restarted(one, order))
    letters = tuple(letter.id for one in stopped for letter in _waiting(one, order))
    line = " ".join(_told(order, one) for one in stopped)
    line += order.say(_SAID, "stands", status=_stands(order, restore)) if "status" in restore else ""
    line += order.say(_SAID, "runs") if restart else ""
    change = StopLetters(letters=letters, restart=restart, restore=tuple(restore.items()))
    return Outcome(line=line, changes=(change,))


def _waiting(answer: Changed, order: Order) -> tuple[OwedLetter, ...]:
    """Its letters that can still be held; a courier's claim that is over holds none of them."""
    on_its_way = (OutboxState.READY, OutboxState.CLAIMED)
    return tuple(one for one in answer.letters if one.state in on_its_way and not _is_sent_now(one, order))


def _is_sent_now(letter: OwedLetter, order: Order) -> bool:
    until = letter.next_at if letter.state is OutboxState.CLAIMED else None
    return until is not None and until > order.facts.now


def _leaving(answer: Changed, order: Order) -> bool:
    return any(_is_sent_now(one, order) for one in answer.letters)


def _left(answer: Changed) -> tuple[OwedLetter, ...]:
    return tuple(one for one in answer.letters if one.state in _LEFT)


def _before(answer: Changed, order: Order) -> dict[str, Any]:
    """The columns as they were before the answer; what somebody has changed since then stays."""
    before, after = _changed(answer, order)
    acted = _beside(answer) & _ACTS
    names = _ANSWERED if acted else (*_ANSWERED, *_TAKEN)
    ticket = order.here.ticket
    given = {n: typed(n, before[n]) for n in names if n in before and still_is(ticket, n, after[n])}
    if acted and "status" in given:
        given["status"] = Status.TAKEN.value
    return {name: value for name, value in given.items() if value != getattr(ticket, name)}


def _restarted(answer: Changed, order: Order) -> tuple[int, ...]:
    """The messages whose clocks the answer stopped, unless another act would have stopped them since."""
    later = any(one.state in _LEFT and one.created_at > answer.at for one in order.here.handling.given)
    if later or _beside(answer) & _ACTS:
        return ()
    told = (json.loads(event.detail) for event in answer.events if event.kind == "clock_stopped")
    return tuple(row for one in told for row in one["messages"])


def _beside(answer: Changed) -> frozenset[str]:
    """The verbs that stood above it."""
    told = (json.loads(event.detail) for event in answer.events if event.kind == "command")
    return frozenset(verb for one in told for verb in str(one["verbs"]).split())


def _changed(answer: Changed, order: Order) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The columns that its mail has changed, before and after."""
    here = [e for e in answer.events if (e.kind, e.ticket_id) == ("changed", order.here.ticket.id)]
    told = json.loads(here[0].detail) if here else {"before": {}, "after": {}}
    return told["before"], told["after"]


def _stands(order: Order, restore: Mapping[str, Any]) -> str:
    return named(Status(restore["status"]), order.agent.language)


def _told(order: Order, answer: Changed) -> str:
    left = _left(answer)
    values = {"agent": _name(order, answer), "at": _at(order, answer.at), "left": _letters(order, left)}
    return order.say(_SAID, "partly" if left else "held", **values)


def _too_late(order: Order) -> Refusal:
    """Nothing is on its way: why not, and when what there was has left."""
    answers = order.here.handling.answers
    if not answers:
        return Refusal(line=order.say(_SAID, "none"))
    last = answers[-1]
    values = {"agent": _name(order, last), "at": _at(order, last.at), "left": _letters(order, _left(last))}
    if _leaving(last, order):
        return Refusal(line=order.say(_SAID, "leaving", **values))
    if any(one.state is OutboxState.HELD for one in last.letters):
        return Refusal(line=order.say(_SAID, "already", **values))
    return Refusal(line=order.say(_SAID, "left" if _left(last) else "none", **values))


# ---------------------------------------------------------------------- send


def _send(order: Order) -> Outcome | Refusal:
    if order.here.ticket.status in (Status.CLOSED, Status.SPAM, Status.MERGED):
        return already(order)
    held = [one for one in order.here.handling.answers if _held(one, order)]
    if not held:
        return _not_held(order)
    answer = held[-1]
    _, after = _changed(answer, order)
    agent = order.here.ticket.assignee or str(after.get("assignee", "")) or order.hand
    ended = {name: typed(name, after[name]) for name in ("status", "scope") if name in after}
    stands = Amend(values=tuple(ended.items())) if ended.get("status") in set(ENDED) else None
    line = order.say(_SAID, "sent", agent=_name(order, answer), at=_at(order, answer.at))
    line += order.say(_SAID, "stands", status=_stands(order, ended)) if stands else ""
    changes = (
        ReleaseLetters(letters=tuple(one.id for one in _held(answer, order))),
        TakeInCharge(agent=agent, at=order.at),
        StopClocks(at=order.at, by=order.agent.address, act="answer"),
        *((stands,) if stands else ()),
    )
    return Outcome(line=line, changes=changes)


def _held(answer: Changed, order: Order) -> tuple[OwedLetter, ...]:
    """Its letters that an agent holds; what a budget or an operator holds is not for agents to release."""
    return tuple(
        one
        for one in answer.letters
        if one.state is OutboxState.HELD
        and one.reply.startswith(HELD_BY)
        and order.policy.agent(one.reply.removeprefix(HELD_BY)) is not None
    )


def _not_held(order: Order) -> Refusal:
    answers = order.here.handling.answers
    other = [one for answer in answers for one in answer.letters if one.state is OutboxState.HELD]
    if other:
        return Refusal(line=order.say(_SAID, "by_others", why=other[-1].reply, letter=str(other[-1].id)))
    return Refusal(line=order.say(_SAID, "nothing_held"))


# ---------------------------------------------------------------------- in words


def _name(order: Order, answer: Changed) -> str:
    agent = order.policy.agent(answer.actor)
    return agent.name if agent else answer.actor


def _at(order: Order, at: datetime) -> str:
    return instants.deadline(at, order.policy.desk.timezone, order.agent.language)


def _letters(order: Order, letters: tuple[OwedLetter, ...]) -> str:
    return "; ".join(f"{one.recipient} ({_at(order, one.sent_at or one.created_at)})" for one in letters)


_SAID: Sentences = {
    "held": {
        "fr": "#{verb}\u00a0: fait, la réponse de {agent} du {at} est retenue\u00a0; elle ne partira que "
        "par "
        "#envoyer.",
        "nl": "#{verb}: gedaan, het antwoord van {agent} van {at} wordt tegengehouden; het vertrekt "
        "alleen met "
        "#send.",
        "de": "#{verb}: erledigt, die Antwort von {agent} vom {at} ist zurückgehalten; sie geht nur mit "
        "#send ab.",
        "en": "#{verb}: done, the answer of {agent} of {at} is held; it leaves only by #send.",
    },
    "partly": {
        "fr": "#{verb}\u00a0: la réponse de {agent} du {at} était déjà partie à {left}\u00a0; le reste "
        "est retenu "
        "et ne partira que par #envoyer.",
        "nl": "#{verb}: het antwoord van {agent} van {at} was al vertrokken naar {left}; de rest wordt "
        "tegengehouden en vertrekt alleen met #send.",
        "de": "#{verb}: die Antwort von {agent} vom {at} war schon abgegangen an {left}; der Rest ist "
        "zurückgehalten und geht nur mit #send ab.",
        "en": "#{verb}: the answer of {agent} of {at} had left already for {left}; the rest is held and "
        "leaves "
        "only by #send.",
    },
    "stands": {
        "fr": " {number} est «\u00a0{status}\u00a0».",
        "nl": " {number} is '{status}'.",
        "de": " {number} ist „{status}“.",
        "en": " {number} is '{status}'.",
    },
    "runs": {
        "fr": " Son délai court de nouveau.",
        "nl": " De termijn loopt opnieuw.",
        "de": " Die Frist läuft wieder.",
        "en": " Its clock runs again.",
    },
    "none": {
        "fr": "#{verb}\u00a0: aucune réponse n’attend de partir sur {number}, rien n’a changé",
        "nl": "#{verb}: er wacht geen antwoord om te vertrekken op {number}, er is niets gewijzigd",
        "de": "#{verb}: auf {number} wartet keine Antwort auf den Versand, nichts wurde geändert",
        "en": "#{verb}: no answer waits to leave on {number}, nothing changed",
    },
    "left": {
        "fr": "#{verb}\u00a0: trop tard, la réponse de {agent} est partie à {left}\u00a0; rien n’a changé",
        "nl": "#{verb}: te laat, het antwoord van {agent} is vertrokken naar {left}; er is niets gewijzigd",
        "de": "#{verb}: zu spät, die Antwort von {agent} ist abgegangen an {left}; nichts wurde geändert",
        "en": "#{verb}: too late, the answer of {agent} has left for {left}; nothing changed",
    },
    "leaving": {
        "fr": "#{verb}\u00a0: trop tard, la réponse de {agent} du {at} part à l’instant\u00a0; rien n’a "
        "changé",
        "nl": "#{verb}: te laat, het antwoord van {agent} van {at} vertrekt op dit moment; er is niets "
        "gewijzigd",
        "de": "#{verb}: zu spät, die Antwort von {agent} vom {at} geht gerade ab; nichts wurde geändert",
        "en": "#{verb}: too late, the answer of {agent} of {at} is leaving just now; nothing changed",
    },
    "already": {
        "fr": "#{verb}\u00a0: la réponse de {agent} du {at} est déjà retenue\u00a0; #envoyer la fait partir",
        "nl": "#{verb}: het antwoord van {agent} van {at} wordt al tegengehouden; #send laat het vertrekken",
        "de": "#{verb}: die Antwort von {agent} vom {at} ist schon zurückgehalten; #send lässt sie abgehen",
        "en": "#{verb}: the answer of {agent} of {at} is held already; #send lets it leave",
    },
    "sent": {
        "fr": "#{verb}\u00a0: fait, la réponse de {agent} du {at} part maintenant.",
        "nl": "#{verb}: gedaan, het antwoord van {agent} van {at} vertrekt nu.",
        "de": "#{verb}: erledigt, die Antwort von {agent} vom {at} geht jetzt ab.",
        "en": "#{verb}: done, the answer of {agent} of {at} leaves now.",
    },
    "nothing_held": {
        "fr": "#{verb}\u00a0: aucune réponse n’est retenue sur {number}, rien n’a changé\u00a0; pour "
        "répondre, "
        "écrivez votre texte sans commande",
        "nl": "#{verb}: er wordt geen antwoord tegengehouden op {number}, er is niets gewijzigd; schrijf "
        "uw tekst "
        "zonder opdracht om te antwoorden",
        "de": "#{verb}: auf {number} ist keine Antwort zurückgehalten, nichts wurde geändert; schreiben "
        "Sie Ihren "
        "Text ohne Befehl, um zu antworten",
        "en": "#{verb}: no answer is held on {number}, nothing changed; to answer, write your text "
        "without a "
        "command",
    },
    "by_others": {
        "fr": "#{verb}\u00a0: la réponse est retenue pour une autre raison ({why})\u00a0; un "
        "administrateur la "
        "libère par maild outbox release {letter}",
        "nl": "#{verb}: het antwoord wordt om een andere reden tegengehouden ({why}); een beheerder geeft "
        "het vrij "
        "met maild outbox release {letter}",
        "de": "#{verb}: die Antwort ist aus einem anderen Grund zurückgehalten ({why}); ein Administrator "
        "gibt sie "
        "frei mit maild outbox release {letter}",
        "en": "#{verb}: the answer is held for another reason ({why}); an administrator releases it by "
        "maild "
        "outbox release {letter}",
    },
}

STOP = Command(
    names=("stop", "hold", "retenir", "halte", "tegenhouden", "zurückhalten"),
    usage={"fr": "#stop", "en": "#stop"},
    help={
        "fr": "retenir une réponse qui n’est pas encore partie",
        "nl": "een antwoord tegenhouden dat nog niet vertrokken is",
        "de": "eine Antwort zurückhalten, die noch nicht abgegangen ist",
        "en": "hold an answer that has not left yet",
    },
    run=_stop,
    text=Text.NOTE,
    asks=frozenset({Ask.ANSWERS}),
    settles="status hands",
    tickets=Tickets.ALONE,
)
SEND = Command(
    names=("envoyer", "send", "envoie", "libérer", "release", "verzenden", "senden"),
    usage={"fr": "#envoyer", "en": "#send"},
    help={
        "fr": "faire partir la réponse que #stop a retenue",
        "nl": "het antwoord laten vertrekken dat #stop tegenhield",
        "de": "die Antwort abgehen lassen, die #stop zurückgehalten hat",
        "en": "let the answer leave that #stop has held",
    },
    run=_send,
    text=Text.NOTE,
    asks=frozenset({Ask.ANSWERS}),
    settles="status hands",
    tickets=Tickets.ALONE,
)
