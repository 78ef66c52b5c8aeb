"""``#transfert``: what an agent hands on is the request of whoever wrote it (pure; DESIGN section 6).

At the top of the forward itself, or in answer to what the desk wrote about one that became a ticket. Nothing
of the agent's own words leaves: they stand above the forwarded mail, on the ticket. He is told whom it has
chosen, and names another one where that is wrong.
"""

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from maild.decide import consequences, relays
from maild.decide.case import Case
from maild.decide.decision import (
    OPENED,
    AddParticipants,
    Change,
    HandOver,
    RememberIds,
    SendReceipt,
    WithholdReceipt,
)
from maild.decide.facts import Reach, TicketFacts
from maild.decide.novelty import News
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text
from maild.decide.policy import Policy
from maild.decide.verbs.status import OPEN, already
from parsers.addresses import Address, read_addresses
from parsers.commands import CommandBlock
from parsers.forwarded import Forwarded, forwarded
from parsers.language import detect_language
from parsers.mail import ParsedMail
from parsers.subject import base_subject
from storage.records import OutboxState, Spoken

_GOES = (OutboxState.READY, OutboxState.CLAIMED, OutboxState.SENT, OutboxState.UNCERTAIN, OutboxState.HELD)
LONGEST_NAME = 200


def authors(block: CommandBlock, mails: Iterable[ParsedMail], policy: Policy) -> tuple[str, ...]:
    """The addresses, case folded, of whoever may be the requester: those that the lines name, and the authors
    of what these mails hand on."""
    named = (who for line in block.commands if (who := _named(line.argument)))
    read = (found.author for mail in mails if (found := _handed_on(mail, policy)))
    return tuple(dict.fromkeys(one.key for one in (*named, *read)))


def _handed_on(mail: ParsedMail, policy: Policy) -> Forwarded | None:
    return forwarded(mail, ours=policy.desk.addresses, zone=ZoneInfo(policy.desk.timezone))


def _named(argument: str) -> Address | None:
    """The one mailbox that a line names."""
    found = read_addresses(argument)
    if len(found) != 1 or "." not in found[0].address.partition("@")[2]:
        return None
    return Address(found[0].name[:LONGEST_NAME], found[0].address)


def _transfer(order: Order) -> Outcome | Refusal:
    return _fresh(order) if order.state is None else _handed_over(order)


def _author(order: Order, mail: ParsedMail | None) -> tuple[Address, Forwarded | None] | Refusal:
    """Whose request it is, and what the forward says of it."""
    found = _handed_on(mail, order.policy) if mail is not None else None
    if not order.line.argument:
        return (found.author, found) if found else Refusal(line=order.say(_SAID, "unread"))
    who = _named(order.line.argument)
    if who is None:
        return Refusal(line=order.say(_SAID, "address", given=order.line.argument))
    if order.policy.desk.receives(who.address):
        return Refusal(line=order.say(_SAID, "desk", given=who.address))
    # Whoever is named by hand is known by the name that the forward gives him.
    same = found is not None and found.author.key == who.key
    return (found.author if found is not None and same else who), found


# ---------------------------------------------------------------------- a ticket of its own


def _fresh(order: Order) -> Outcome | Refusal:
    chosen = _author(order, order.case.mail)
    if isinstance(chosen, Refusal):
        return chosen
    who, found = chosen
    case = _as_from(order.case, who, found, order.words)
    opening = consequences.opened(case)
    clock = consequences.clock(opening.team, opening.category, case.facts, case.policy, first=True)
    original = (found.message_id,) if found is not None and found.message_id else ()
    changes: tuple[Change, ...] = (
        opening,
        AddParticipants(people=((who, "requester"),)),
        RememberIds(message_ids=tuple(id_ for id_ in original if id_ not in order.case.mail.references)),
        clock,
        _in_thread(consequences.receipt(case, opening.language, clock), original),
        *consequences.told(who.key, opening.team, clock, case.facts, case.policy),
    )
    line = order.say(_SAID, "opened", who=_written(who), opened=OPENED)
    return Outcome(line=line, changes=changes)


def _as_from(case: Case, who: Address, found: Forwarded | None, words: str) -> Case:
    """The mail as if its author had written it to the desk: so rules, language and gate look at it."""
    text = found.text if found is not None else words
    reach = case.facts.reach.get(who.key, Reach())
    mail = replace(
        case.mail,
        sender=who,
        reply_to=(),
        subject=base_subject(found.subject if found is not None else case.mail.subject),
        text=text,
        reply_text=text,
        language=detect_language(text),
    )
    facts = replace(case.facts, spent=reach.spent, muted=reach.muted, spoken="", answered=None)
    return replace(case, mail=mail, new=News(text=text, opening=text), facts=facts)


def _in_thread(
    receipt: SendReceipt | WithholdReceipt, original: tuple[str, ...]
) -> SendReceipt | WithholdReceipt:
    """A receipt for somebody who has not got the agent's mail answers his own one, where its id is known."""
    return replace(receipt, parents=original) if isinstance(receipt, SendReceipt) else receipt


# ---------------------------------------------------------------------- a ticket that there is


def _handed_over(order: Order) -> Outcome | Refusal:
    """The ticket that an agent's forward became: of its author, while nobody has been answered."""
    here, ticket = order.here, order.here.ticket
    first = next(iter(here.handling.spoken), None)
    if first is None or not _is_handed_on(first, order):
        return Refusal(line=order.say(_SAID, "own", who=ticket.requester_address))
    if ticket.status not in OPEN:
        return already(order)
    if any(given.state in _GOES for given in here.handling.given):
        return Refusal(line=order.say(_SAID, "answered", who=ticket.requester_address))
    if relays.has_words(order.case, order.agent, here, order.words):
        return Refusal(line=order.say(_SAID, "words"))
    chosen = _author(order, order.facts.mails.get(first.mail_id))
    if isinstance(chosen, Refusal):
        return chosen
    who, found = chosen
    if who.key == ticket.requester_address.casefold():
        return Refusal(line=order.say(_SAID, "same", who=_written(who)))
    return _given_to(order, here, who, found)


def _is_handed_on(first: Spoken, order: Order) -> bool:
    return first.opened and order.policy.agent(first.sender) is not None


def _given_to(order: Order, here: TicketFacts, who: Address, found: Forwarded | None) -> Outcome:
    case = _as_from(order.case, who, found, "")
    known = consequences.standing_of(who.address, case)
    spoken = case.mail.language
    language = spoken if found is not None and spoken in case.policy.desk.languages else here.ticket.language
    handed = HandOver(
        requester=who,
        language=language,
        subject=base_subject(found.subject) if found is not None else "",
        standing=known.status,
        entity=known.entity,
    )
    receipt = _receipt(case, here, language, found)
    line = order.say(_SAID, "handed", who=_written(who))
    return Outcome(line=line, changes=(handed, *receipt))


def _receipt(case: Case, here: TicketFacts, language: str, found: Forwarded | None) -> tuple[Change, ...]:
    """The acknowledgement that the ticket's first one was not; none where somebody has acted already."""
    clock = next((one for one in here.running if not one.team), None)
    if clock is None:
        return ()
    limits = consequences.clock(here.ticket.team, here.ticket.category, case.facts, case.policy, first=True)
    receipt = consequences.receipt(case, language, replace(limits, due_at=clock.due_at))
    return (_in_thread(receipt, (found.message_id,) if found is not None and found.message_id else ()),)


def _written(who: Address) -> str:
    return f"{who.name} <{who.address}>" if who.name else who.address


_SAID: Sentences = {
    "opened": {
        "fr": "#{verb}\u00a0: fait, {opened} est ouvert. Demandeur\u00a0: {who}. Si ce n’est pas la bonne "
        "personne, répondez #transfert et son adresse.",
        "nl": "#{verb}: gedaan, {opened} is geopend. Aanvrager: {who}. Is dat niet de juiste persoon, "
        "antwoord dan #forward met het adres.",
        "de": "#{verb}: erledigt, {opened} ist eröffnet. Anfragende Person: {who}. Ist das die falsche, "
        "antworten Sie mit #forward und der Adresse.",
        "en": "#{verb}: done, {opened} is open. Requester: {who}. If this is not the right person, reply "
        "#forward and the address.",
    },
    "handed": {
        "fr": "#{verb}\u00a0: fait. Demandeur de {number}\u00a0: {who}. Si ce n’est pas la bonne personne, "
        "répondez #transfert et son adresse.",
        "nl": "#{verb}: gedaan. Aanvrager van {number}: {who}. Is dat niet de juiste persoon, antwoord dan "
        "#forward met het adres.",
        "de": "#{verb}: erledigt. Anfragende Person von {number}: {who}. Ist das die falsche, antworten Sie "
        "mit #forward und der Adresse.",
        "en": "#{verb}: done. Requester of {number}: {who}. If this is not the right person, reply #forward "
        "and the address.",
    },
    "unread": {
        "fr": "#{verb}\u00a0: l’auteur du message transféré ne se lit pas avec certitude, rien n’a été "
        "ouvert ni changé\u00a0; transférez-le de nouveau avec son adresse, par exemple\u00a0: #transfert "
        "jean.dupont@example.org",
        "nl": "#{verb}: de auteur van het doorgestuurde bericht is niet met zekerheid te lezen, er is niets "
        "geopend of gewijzigd; stuur het opnieuw door met het adres, bijvoorbeeld: #forward jan@example.org",
        "de": "#{verb}: der Autor der weitergeleiteten Nachricht ist nicht sicher zu lesen, nichts wurde "
        "eröffnet oder geändert; leiten Sie sie noch einmal mit der Adresse weiter, zum Beispiel: #forward "
        "jan@example.org",
        "en": "#{verb}: the author of the forwarded mail cannot be read for certain, nothing was opened or "
        "changed; forward it again with the address, for example: #forward jan@example.org",
    },
    "address": {
        "fr": "#{verb}\u00a0: «\u00a0{given}\u00a0» n’est pas une adresse, rien n’a été ouvert ni "
        "changé\u00a0; par exemple\u00a0: #transfert jean.dupont@example.org",
        "nl": "#{verb}: '{given}' is geen adres, er is niets geopend of gewijzigd; bijvoorbeeld: #forward "
        "jan@example.org",
        "de": "#{verb}: „{given}“ ist keine Adresse, nichts wurde eröffnet oder geändert; zum Beispiel: "
        "#forward jan@example.org",
        "en": "#{verb}: '{given}' is no address, nothing was opened or changed; for example: #forward "
        "jan@example.org",
    },
    "desk": {
        "fr": "#{verb}\u00a0: {given} est une adresse du service desk, rien n’a été ouvert ni changé\u00a0; "
        "indiquez celle de la personne",
        "nl": "#{verb}: {given} is een adres van de servicedesk, er is niets geopend of gewijzigd; noem dat "
        "van de persoon",
        "de": "#{verb}: {given} ist eine Adresse des Service Desk, nichts wurde eröffnet oder geändert; "
        "nennen Sie die der Person",
        "en": "#{verb}: {given} is an address of the desk, nothing was opened or changed; name the person's",
    },
    "own": {
        "fr": "#{verb}\u00a0: {number} n’est pas un message transféré par un agent\u00a0: {who} l’a écrit, "
        "rien n’a changé\u00a0; pour un autre message, transférez-le au service desk avec #transfert",
        "nl": "#{verb}: {number} is geen bericht dat een medewerker doorstuurde: {who} schreef het, er is "
        "niets gewijzigd; stuur een ander bericht met #forward door naar de servicedesk",
        "de": "#{verb}: {number} ist keine von einem Agenten weitergeleitete Nachricht: {who} hat sie "
        "geschrieben, nichts wurde geändert; leiten Sie eine andere mit #forward an den Service Desk weiter",
        "en": "#{verb}: {number} is no mail that an agent forwarded: {who} wrote it, nothing changed; "
        "forward another mail to the desk with #forward",
    },
    "answered": {
        "fr": "#{verb}\u00a0: {who} a déjà reçu une réponse sur {number}, rien n’a changé\u00a0; transférez "
        "le message de nouveau, avec #transfert et la bonne adresse",
        "nl": "#{verb}: {who} kreeg al antwoord op {number}, er is niets gewijzigd; stuur het bericht "
        "opnieuw door, met #forward en het juiste adres",
        "de": "#{verb}: {who} hat auf {number} schon eine Antwort, nichts wurde geändert; leiten Sie die "
        "Nachricht noch einmal weiter, mit #forward und der richtigen Adresse",
        "en": "#{verb}: {who} has been answered on {number}, nothing changed; forward the mail again, with "
        "#forward and the right address",
    },
    "words": {
        "fr": "#{verb}\u00a0: rien n’a changé ni n’a été envoyé\u00a0; écrivez #transfert seul, puis votre "
        "réponse dans un autre message",
        "nl": "#{verb}: er is niets gewijzigd of verzonden; schrijf #forward alleen, en uw antwoord in een "
        "ander bericht",
        "de": "#{verb}: nichts wurde geändert oder gesendet; schreiben Sie #forward allein und Ihre Antwort "
        "in einer anderen Nachricht",
        "en": "#{verb}: nothing changed and nothing was sent; write #forward alone, and your answer in "
        "another mail",
    },
    "same": {
        "fr": "#{verb}\u00a0: {who} est déjà le demandeur de {number}, rien n’a changé\u00a0; pour un autre, "
        "par exemple\u00a0: #transfert jean.dupont@example.org",
        "nl": "#{verb}: {who} is al de aanvrager van {number}, er is niets gewijzigd; voor een ander, "
        "bijvoorbeeld: #forward jan@example.org",
        "de": "#{verb}: {who} ist schon die anfragende Person von {number}, nichts wurde geändert; für eine "
        "andere zum Beispiel: #forward jan@example.org",
        "en": "#{verb}: {who} is the requester of {number} already, nothing changed; for another one, for "
        "example: #forward jan@example.org",
    },
}

TRANSFER = Command(
    names=(
        "transfert",
        "forward",
        "transférer",
        "transfère",
        "transfer",
        "fwd",
        "overdragen",
        "übergeben",
    ),
    usage={"fr": "#transfert", "en": "#forward"},
    help={
        "fr": "l’auteur du message transféré est le demandeur",
        "nl": "de auteur van het doorgestuurde bericht is de aanvrager",
        "de": "der Autor der weitergeleiteten Nachricht ist die anfragende Person",
        "en": "the author of the forwarded mail is the requester",
    },
    run=_transfer,
    text=Text.OWN,
    fresh=True,
    asks=frozenset({Ask.MAIL, Ask.AUTHOR}),
    settles="status hands",
)
