"""A phone call in the same register as the mail: logged on its ticket, or with a ticket of its own (pure).

Whoever logs a call has taken it: its ticket is in his hands from that instant, and no clock of the mail
promise runs for it (DESIGN 7: the phone has objectives of its own, counted from what is logged here). On a
ticket that there is, a call answers what its requester wrote before. The words below stay inside; the subject
of the mail is that of the ticket, and so the one thing that its requester may read.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from maild.decide import consequences
from maild.decide.autoresponse import nobody_reads_at
from maild.decide.decision import (
    AddParticipants,
    Amend,
    Change,
    LogCall,
    SendCallReceipt,
    StopClocks,
    TakeInCharge,
)
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text, said
from maild.decide.verbs.status import OPEN, already
from parsers.addresses import Address, bare_addresses, read_addresses
from parsers.commands import command_key, named_values
from parsers.moments import find_moment, read_duration
from storage.records import Call, Status

LONGEST = timedelta(days=1)
LONGEST_NAME = 200
_OVER = (Status.MERGED, Status.SPAM)
_KEYS = {
    "waited": "attente|attendu|wait|waited|waiting|wachttijd|wartezeit",
    "lasted": "duree|duration|lasted|duur|dauer",
    "first_call": "premier-appel|premierappel|first-call|firstcall|eerste-oproep|erster-anruf",
    "at": "a|heure|at|time|om|um|uur|uhr",
    "receipt": "recu|accuse|receipt|bevestiging|bestatigung",
}
_BY_KEY = {key: name for name, keys in _KEYS.items() for key in keys.split("|")}
_YES_NO = {
    **dict.fromkeys("oui o yes y ja j true 1".split(), True),
    **dict.fromkeys("non no n nee neen nein false 0".split(), False),
}
# "premier appel=oui", as it is said.
_TWO_WORDS = re.compile(
    r"\b(premier|first|eerste|erster)\s+(?=(?:appel|call|oproep|anruf)\s?[=＝])", re.IGNORECASE
)
_NOTHING = ("0", "0s", "0m", "0min", "0 s", "0 m", "0 min", "aucune", "none", "geen", "keine")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the line says. ``who``: an address, or a name or number alone."""

    who: Address
    call: Call
    receipt: bool


def _call(order: Order) -> Outcome | Refusal:
    read = _read(order)
    if isinstance(read, Refusal):
        return read
    return _on_ticket(order, read) if order.state is not None else _fresh(order, read)


# ---------------------------------------------------------------------- what is logged


def _fresh(order: Order, said_: _Said) -> Outcome | Refusal:
    """A ticket of its own, taken by whoever logs it."""
    who, call = said_.who, said_.call
    if not who.name and not who.address:
        return _refused(order, "who")
    language = order.policy.desk.languages[0]
    subject = order.case.mail.subject.strip() or said(_SUBJECT, "call", language)
    ticket = consequences.opened_for(who, order.case, subject=subject, language=language)
    changes: tuple[Change, ...] = (
        replace(ticket, arrived_at=call.at),
        *((AddParticipants(people=((who, "requester"),)),) if who.address else ()),
        LogCall(call=call),
        TakeInCharge(agent=order.agent.address, at=call.at),
        *_outcome(order, said_, to=who, language=language),
    )
    what = "solved" if call.first_call else "opened"
    line = order.say(_SAID, what, who=who.name or who.address, agent=order.agent.name)
    return Outcome(line=line, changes=changes)


def _on_ticket(order: Order, said_: _Said) -> Outcome | Refusal:
    """One more contact about a ticket: an answer to what its requester wrote before."""
    here, call = order.here, said_.call
    ticket = here.ticket
    if ticket.status in _OVER:
        return already(order)
    if said_.who.address and said_.who.key not in here.participants | {ticket.requester_address.casefold()}:
        return Refusal(line=order.say(_SAID, "stranger", who=said_.who.address))
    if said_.receipt and not ticket.requester_address:
        return _refused(order, "receipt")
    to = Address(ticket.requester_name, ticket.requester_address)
    changes: tuple[Change, ...] = (
        LogCall(call=call),
        TakeInCharge(agent=ticket.assignee or order.hand, at=call.at),
        StopClocks(at=call.at, by=order.agent.address, act="call"),
        *_outcome(order, said_, to=to, language=ticket.language),
    )
    return Outcome(line=order.say(_SAID, "logged"), changes=changes)


def _outcome(order: Order, said_: _Said, *, to: Address, language: str) -> tuple[Change, ...]:
    """What was solved at the first call is resolved, and who asks for a receipt has one sent."""
    solved = bool(said_.call.first_call)
    was = order.here.ticket.status if order.state is not None else Status.NEW
    resolved = (Amend(values=(("status", Status.RESOLVED.value), ("wake_at", None))),)
    receipt = (SendCallReceipt(to=to, language=language, called_at=said_.call.at, solved=solved),)
    return (*(resolved if solved and was in OPEN else ()), *(receipt if said_.receipt else ()))


# ---------------------------------------------------------------------- what is written


def _read(order: Order) -> _Said | Refusal:
    values = named_values(_TWO_WORDS.sub(r"\1-", order.line.argument))
    found: dict[str, str] = {}
    for key, value in values.named:
        name = _BY_KEY.get(key)
        if name is None or name in found:
            return _refused(order, "key", given=key)
        found[name] = value
    who = _caller(order, values.rest)
    call = _logged(order, found)
    receipt = _flag(found.get("receipt", "non"))
    if who is None:
        return _refused(order, "who")
    if isinstance(call, str) or receipt is None:
        return _refused(order, "value", given=call if isinstance(call, str) else found["receipt"])
    if receipt and order.state is None and (not who.address or nobody_reads_at(who.address)):
        return _refused(order, "receipt")
    return _Said(who=who, call=call, receipt=receipt)


def _caller(order: Order, written: str) -> Address | None:
    """Who called: nobody where nothing is written, None where that cannot be one caller."""
    addresses = {address.casefold() for address in bare_addresses(written)}
    if not addresses:
        name = " ".join(written.strip("\"'<>() \u00a0").split())
        return None if "@" in name or len(name) > LONGEST_NAME else Address(name, "")
    if len(addresses) > 1 or not (found := read_addresses(written)):
        return None
    name = "" if "@" in found[0].name else found[0].name[:LONGEST_NAME]
    return None if order.policy.desk.receives(found[0].address) else Address(name, found[0].address)


def _logged(order: Order, found: dict[str, str]) -> Call | str:
    """The call, or the value that is not understood."""
    waited, lasted = (_seconds(found.get(name, "")) for name in ("waited", "lasted"))
    first = _flag(found["first_call"]) if "first_call" in found else None
    at = _instant(order, found["at"]) if "at" in found else order.at
    unread = {
        "waited": waited is None and "waited" in found,
        "lasted": lasted is None and "lasted" in found,
        "first_call": first is None and "first_call" in found,
        "at": at is None,
    }
    wrong = next((name for name, is_wrong in unread.items() if is_wrong), "")
    if wrong or at is None:
        return found[wrong]
    return Call(at=at, agent=order.agent.address, waited=waited, lasted=lasted, first_call=first)


def _seconds(written: str) -> int | None:
    """How long; a bare number is in minutes, as the telephone counts."""
    if written.casefold() in _NOTHING:
        return 0
    span = read_duration(f"{written} min" if written.isdecimal() else written)
    return None if span is None or span > LONGEST else round(span.total_seconds())


def _instant(order: Order, written: str) -> datetime | None:
    """An hour of today that is past, by the desk's own clock."""
    found = find_moment(f"aujourd'hui {written}", order.at, order.policy.desk.timezone)
    return found.at if found is not None and found.has_time and found.at <= order.at else None


def _flag(written: str) -> bool | None:
    return _YES_NO.get(command_key(written))


def _refused(order: Order, why: str, **given: str) -> Refusal:
    example = said(_SAID, "example", order.agent.language, verb=order.line.verb)
    return Refusal(line=order.say(_SAID, why, **given) + "\n" + example)


_SUBJECT: Sentences = {
    "call": {
        "fr": "Appel téléphonique",
        "nl": "Telefonische oproep",
        "de": "Telefonanruf",
        "en": "Phone call",
    },
}
_SAID: Sentences = {
    "opened": {
        "fr": "#{verb}\u00a0: fait, l’appel de {who} est noté et pris en charge par {agent}",
        "nl": "#{verb}: gedaan, de oproep van {who} is genoteerd en in behandeling bij {agent}",
        "de": "#{verb}: erledigt, der Anruf von {who} ist notiert und von {agent} übernommen",
        "en": "#{verb}: done, the call of {who} is logged and taken in charge by {agent}",
    },
    "solved": {
        "fr": "#{verb}\u00a0: fait, l’appel de {who} est noté, résolu au premier appel par {agent}",
        "nl": "#{verb}: gedaan, de oproep van {who} is genoteerd, bij de eerste oproep opgelost door {agent}",
        "de": "#{verb}: erledigt, der Anruf von {who} ist notiert, beim ersten Anruf von {agent} gelöst",
        "en": "#{verb}: done, the call of {who} is logged, solved at the first call by {agent}",
    },
    "logged": {
        "fr": "#{verb}\u00a0: fait, l’appel est noté sur {number}",
        "nl": "#{verb}: gedaan, de oproep is genoteerd bij {number}",
        "de": "#{verb}: erledigt, der Anruf ist bei {number} notiert",
        "en": "#{verb}: done, the call is logged on {number}",
    },
    "stranger": {
        "fr": "#{verb}\u00a0: {who} ne participe pas à {number}, rien n’a été exécuté\u00a0; envoyez "
        "#{verb} dans un nouveau message",
        "nl": "#{verb}: {who} neemt niet deel aan {number}, niets uitgevoerd; stuur #{verb} in een nieuw "
        "bericht",
        "de": "#{verb}: {who} ist an {number} nicht beteiligt, nichts wurde ausgeführt; senden Sie #{verb} "
        "in einer neuen Nachricht",
        "en": "#{verb}: {who} takes no part in {number}, nothing was run; send #{verb} in a new mail",
    },
    "who": {
        "fr": "#{verb}\u00a0: qui a appelé\u00a0? Donnez une adresse, ou un nom ou un numéro",
        "nl": "#{verb}: wie heeft gebeld? Geef één adres, of een naam of een nummer",
        "de": "#{verb}: wer hat angerufen? Geben Sie eine Adresse oder einen Namen oder eine Nummer an",
        "en": "#{verb}: who called? Give one address, or a name or a number",
    },
    "key": {
        "fr": "#{verb}\u00a0: «\u00a0{given}=\u00a0» est inconnu ou écrit deux fois, rien n’a été exécuté",
        "nl": "#{verb}: '{given}=' is onbekend of staat er twee keer, niets uitgevoerd",
        "de": "#{verb}: „{given}=“ ist unbekannt oder steht zweimal da, nichts wurde ausgeführt",
        "en": "#{verb}: '{given}=' is unknown or written twice, nothing was run",
    },
    "value": {
        "fr": "#{verb}\u00a0: je n’ai pas compris «\u00a0{given}\u00a0» (une durée de 24 h au plus, une "
        "heure passée de ce jour, oui ou non), rien n’a été exécuté",
        "nl": "#{verb}: '{given}' is niet duidelijk (een duur van hoogstens 24 u, een uur van vandaag dat "
        "voorbij is, ja of nee), niets uitgevoerd",
        "de": "#{verb}: „{given}“ ist unklar (eine Dauer von höchstens 24 Std., eine vergangene Uhrzeit von "
        "heute, ja oder nein), nichts wurde ausgeführt",
        "en": "#{verb}: '{given}' is not clear (a duration of 24 h at most, a time of today that is past, "
        "yes or no), nothing was run",
    },
    "receipt": {
        "fr": "#{verb}\u00a0: il n’y a pas d’adresse à laquelle envoyer un reçu, rien n’a été exécuté",
        "nl": "#{verb}: er is geen adres om een bevestiging naar te sturen, niets uitgevoerd",
        "de": "#{verb}: es gibt keine Adresse für eine Bestätigung, nichts wurde ausgeführt",
        "en": "#{verb}: there is no address to send a receipt to, nothing was run",
    },
    "example": {
        "fr": "Par exemple\u00a0: #{verb} jean@exemple.be attente=3m durée=4m premier-appel=oui à=14:05 "
        "reçu=oui",
        "nl": "Bijvoorbeeld: #{verb} jan@voorbeeld.be wachttijd=3m duur=4m eerste-oproep=ja om=14:05 "
        "bevestiging=ja",
        "de": "Zum Beispiel: #{verb} hans@beispiel.be Wartezeit=3m Dauer=4m erster-Anruf=ja um=14:05 "
        "Bestätigung=ja",
        "en": "For example: #{verb} john@example.org wait=3m duration=4m first-call=yes at=14:05 receipt=yes",
    },
}

CALL = Command(
    names=("appel", "call", "telephone", "phone", "oproep", "anruf"),
    usage={
        "fr": "#appel ADRESSE attente=3m durée=4m premier-appel=oui",
        "en": "#call ADDRESS wait=3m duration=4m first-call=yes",
    },
    help={
        "fr": "noter un appel, aussi dans un nouveau message\u00a0; le texte reste interne",
        "nl": "een oproep noteren, ook in een nieuw bericht; de tekst blijft intern",
        "de": "einen Anruf notieren, auch in einer neuen Nachricht; der Text bleibt intern",
        "en": "log a phone call, also in a new mail; the text stays internal",
    },
    run=_call,
    text=Text.NOTE,
    fresh=True,
    asks=frozenset({Ask.PERSON}),
)
