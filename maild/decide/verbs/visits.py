"""A technician on site: ``#intervention QUI QUAND OÙ``, which invites, moves, and is called off (pure).

The visit that stands on a ticket is moved by a second order. ``cancelled`` and ``cancel`` are for
``#annuler``.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from maild.decide import visits
from maild.decide.autoresponse import nobody_reads_at
from maild.decide.decision import SendVisit, StopClocks, TakeInCharge
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, Text, Tickets, said
from parsers.addresses import Address
from parsers.folding import folded
from parsers.moments import begins_with_time, find_moment, read_duration
from parsers.signature import without_signature
from storage.records import Status, Visit, VisitState

USUAL = timedelta(hours=1)
LONGEST = timedelta(hours=24)
# Whoever plans further ahead has mistaken the year.
FARTHEST = timedelta(days=366)
_OPEN = (Status.NEW, Status.TAKEN, Status.WAITING)

_LASTS = re.compile(r"[\s,;(]*\b(?:dur[ée]e|duration|duur|dauer)\s{0,3}[=:]\s{0,3}", re.IGNORECASE)
# A duration has at most so many words: "1 h 30".
_WORDS = 3
_LINK = re.compile(r"<(?:mailto|tel):[^<>\s]{1,300}>", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'@]{1,64}@[^\s<>()\[\]:;,\"'@]{1,255}")
_BEFORE = " \t\u00a0,;:.-–—@"
_AROUND = " \t\u00a0,;:.-–—@<>()[]\"'«»"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a line says: who, from when on, for how long (None: nobody said), where."""

    who: str
    at: datetime
    lasts: timedelta | None
    where: str


def _dispatch(order: Order) -> Outcome | Refusal:
    ticket, policy = order.here.ticket, order.policy
    if ticket.status not in _OPEN:
        return Refusal(line=order.say(_SAID, "ended", status=ticket.status.value))
    plan = _plan(order.line.argument, order.facts.arrived_at, order.facts.now, policy.desk.timezone)
    if isinstance(plan, str):
        return Refusal(line=order.say(_SAID, plan, examples=_examples(order)))
    before = visits.standing(order.here, order.facts.now)
    who = _technician(order, plan.who, before)
    if isinstance(who, Refusal):
        return who
    return _sent(order, _visit(order, plan, who, before), before)


def _sent(order: Order, visit: Visit, before: Visit | None) -> Outcome:
    now, agent = order.facts.now, order.agent.address
    invited = SendVisit(visit=visit, before=before, requester=_requester(order, visit))
    changes = (
        TakeInCharge(agent=order.here.ticket.assignee or agent, at=now),
        StopClocks(at=now, by=agent, act="intervention"),
        invited,
    )
    return Outcome(line=_told(order, invited, "planned" if before is None else "moved"), changes=changes)


def _visit(order: Order, plan: _Plan, who: Address, before: Visit | None) -> Visit:
    """The visit from now on; what a second order does not say stays as it was."""
    usual = before.ends_at - before.starts_at if before else USUAL
    words = without_signature(order.words, order.case.sender.name).strip()
    return Visit(
        id=before.id if before else 0,
        ticket_id=before.ticket_id if before else order.here.ticket.id,
        uid=before.uid if before else "",
        sequence=before.sequence + 1 if before else 0,
        technician=who.address,
        technician_name=who.name,
        place=plan.where or (before.place if before else ""),
        description=words or (before.description if before else ""),
        starts_at=plan.at,
        ends_at=plan.at + (plan.lasts or usual),
        ordered_by=order.agent.address,
        state=VisitState.ASKED.value,
    )


# ---------------------------------------------------------------------- what the line says


def _plan(argument: str, arrived_at: datetime, now: datetime, zone: str) -> _Plan | str:
    """What is ordered, or the sentence that says why it cannot be."""
    text, lasts = _parted(_LINK.sub("", argument))
    if lasts is not None and not timedelta() < lasts <= LONGEST:
        return "lasts"
    moment = find_moment(text, arrived_at, zone)  # "demain" is the day after it was written
    if moment is None:
        return "when"
    if not moment.has_time:
        return "hour"
    if moment.at <= now:
        return "past"
    if moment.at > now + FARTHEST:
        return "far"
    who, where = text[: moment.start].strip(_AROUND), text[moment.end :].strip().lstrip(_BEFORE).rstrip(" ,;")
    return _Plan(who=who, at=moment.at, lasts=lasts, where=where)


def _parted(argument: str) -> tuple[str, timedelta | None]:
    """The line without its duration, and this: None where none is written, 0 where it is not understood."""
    written = _LASTS.search(argument)
    if written is None:
        return argument, None
    words = argument[written.end() :].split()
    for count in range(min(_WORDS, len(words)), 0, -1):
        lasts = read_duration(" ".join(words[:count]).strip(_AROUND))
        if lasts is not None:
            rest = " ".join(words[count:])
            return f"{argument[: written.start()]} {rest}".strip(), lasts
    return argument[: written.start()], timedelta()


def _technician(order: Order, who: str, before: Visit | None) -> Address | Refusal:
    """Who goes: any address, an agent by his name, or who was to go before."""
    address = _ADDRESS.search(who)
    if address is not None:
        return _at(order, address[0].strip("."), _ADDRESS.sub("", who).strip(_AROUND))
    found = order.policy.called(who)
    if len(found) == 1:
        return Address(found[0].name, found[0].address)
    if found:
        names = ", ".join(agent.address for agent in found)
        return Refusal(line=order.say(_SAID, "several", who=who, names=names))
    if not who and before is not None:
        return Address(before.technician_name, before.technician)
    return Refusal(line=order.say(_SAID, "who" if who else "nobody", who=who, examples=_examples(order)))


def _at(order: Order, address: str, name: str) -> Address | Refusal:
    """Somebody by his address; an agent by the name that the desk knows him by."""
    if order.policy.desk.receives(address):
        return Refusal(line=order.say(_SAID, "desk", who=address))
    if address.casefold() == order.here.ticket.requester_address.casefold():
        return Refusal(line=order.say(_SAID, "requester", who=address))
    agent = order.policy.agent(address)
    return Address(agent.name, agent.address) if agent else Address(name, address)


def _requester(order: Order, visit: Visit) -> Address | None:
    """Who is visited, where a letter reaches him."""
    ticket = order.here.ticket
    address = Address(ticket.requester_name, ticket.requester_address)
    unread = nobody_reads_at(address.address) or order.policy.desk.receives(address.address)
    return (
        None
        if "@" not in address.address or unread or address.key == visit.technician.casefold()
        else address
    )


# ---------------------------------------------------------------------- calling it off


def cancel(order: Order) -> Outcome | Refusal:
    """Call off the visit that stands on the ticket."""
    standing = visits.standing(order.here, order.facts.now)
    if standing is None:
        return Refusal(line=order.say(_SAID, "none"))
    return cancelled(order, standing)


def cancelled(order: Order, visit: Visit) -> Outcome:
    """Call off a visit, which must not be called off already: whoever was invited hears of it."""
    off = replace(visit, state=VisitState.CANCELLED.value, sequence=visit.sequence + 1)
    sent = SendVisit(visit=off, before=visit, requester=_requester(order, visit))
    return Outcome(line=_told(order, sent, "cancelled"), changes=(sent,))


def means_visit(argument: str) -> bool:
    """Whether ``#annuler`` names the visit: ``#annuler intervention``, ``#cancel visit``."""
    word = folded(argument).strip(_AROUND).removeprefix("l'").removeprefix("la ").removeprefix("the ")
    return word in _CALLED


# ---------------------------------------------------------------------- what its author reads


def _told(order: Order, sent: SendVisit, done: str) -> str:
    visit, language = sent.visit, order.agent.language
    line = order.say(
        _SAID,
        done,
        who=visit.technician_name or visit.technician,
        when=visits.when(visit, order.policy, language, whole=True),
        where=f", {visit.place}" if visit.place else "",
    )
    away = order.policy.agent(visit.technician)
    day = visits.day_of(visit, order.policy)
    notes = (
        *(("unheard",) if sent.requester is None else ()),
        *(("away",) if away is not None and not away.is_present(day) and done != "cancelled" else ()),
    )
    return " ".join((line, *(said(_SAID, note, language, who=visit.technician_name) for note in notes)))


def _examples(order: Order) -> str:
    """Three of the ways in which it is written, none of them past."""
    verb, day = order.line.verb, order.facts.now + timedelta(days=7)
    who = next((a.name.split()[0] for a in order.policy.agents if a.name), "Paul")
    return said(_SAID, "examples", order.agent.language, verb=verb, who=who, day=f"{day:%Y-%m-%d}")


_SAID: Sentences = {
    "planned": {
        "fr": "#{verb}\u00a0: fait, {who} est attendu le {when}{where}\u00a0; une invitation est partie pour "
        "{number}",
        "nl": "#{verb}: gedaan, {who} wordt verwacht op {when}{where}; voor {number} is een uitnodiging "
        "vertrokken",
        "de": "#{verb}: erledigt, {who} wird erwartet am {when}{where}; zu {number} ist eine Einladung "
        "unterwegs",
        "en": "#{verb}: done, {who} is expected on {when}{where}; an invitation for {number} has left",
    },
    "moved": {
        "fr": "#{verb}\u00a0: fait, l’intervention pour {number} est déplacée\u00a0: {who} est attendu le "
        "{when}{where}",
        "nl": "#{verb}: gedaan, de interventie voor {number} is verplaatst: {who} wordt verwacht op "
        "{when}{where}",
        "de": "#{verb}: erledigt, der Einsatz zu {number} ist verschoben: {who} wird erwartet am "
        "{when}{where}",
        "en": "#{verb}: done, the visit for {number} is moved: {who} is expected on {when}{where}",
    },
    "cancelled": {
        "fr": "#{verb}\u00a0: fait, l’intervention de {who} (le {when}) pour {number} est annulée\u00a0; les "
        "personnes invitées en sont averties",
        "nl": "#{verb}: gedaan, de interventie van {who} ({when}) voor {number} is geannuleerd; wie was "
        "uitgenodigd, krijgt bericht",
        "de": "#{verb}: erledigt, der Einsatz von {who} ({when}) zu {number} ist abgesagt; wer eingeladen "
        "war, erfährt davon",
        "en": "#{verb}: done, the visit of {who} ({when}) for {number} is cancelled; whoever was invited is "
        "told",
    },
    "unheard": {
        "fr": "Le demandeur n’a pas d’adresse qui reçoive l’invitation\u00a0: prévenez-le.",
        "nl": "De aanvrager heeft geen adres voor de uitnodiging: verwittig hem zelf.",
        "de": "Der Anfragende hat keine Adresse für die Einladung: Sagen Sie ihm selbst Bescheid.",
        "en": "The requester has no address that could get the invitation: tell them yourself.",
    },
    "away": {
        "fr": "Attention\u00a0: {who} est absent ce jour-là.",
        "nl": "Let op: {who} is die dag afwezig.",
        "de": "Achtung: {who} ist an diesem Tag abwesend.",
        "en": "Mind that {who} is away on that day.",
    },
    "ended": {
        "fr": "#{verb}\u00a0: {number} est « {status} », personne n’a été invité\u00a0; écrivez d’abord "
        "#rouvrir",
        "nl": "#{verb}: {number} is '{status}', niemand is uitgenodigd; schrijf eerst #reopen",
        "de": "#{verb}: {number} ist „{status}“, niemand wurde eingeladen; schreiben Sie zuerst #reopen",
        "en": "#{verb}: {number} is {status}, nobody was invited; write #reopen first",
    },
    "when": {
        "fr": "#{verb}\u00a0: je n’ai pas compris quand, personne n’a été invité. Par exemple\u00a0:\n"
        "{examples}",
        "nl": "#{verb}: ik heb niet begrepen wanneer, niemand is uitgenodigd. Bijvoorbeeld:\n{examples}",
        "de": "#{verb}: Der Zeitpunkt ist unklar, niemand wurde eingeladen. Zum Beispiel:\n{examples}",
        "en": "#{verb}: it is not clear when, and nobody was invited. For example:\n{examples}",
    },
    "hour": {
        "fr": "#{verb}\u00a0: à quelle heure\u00a0? Personne n’a été invité. Par exemple\u00a0:\n{examples}",
        "nl": "#{verb}: om hoe laat? Niemand is uitgenodigd. Bijvoorbeeld:\n{examples}",
        "de": "#{verb}: Um wie viel Uhr? Niemand wurde eingeladen. Zum Beispiel:\n{examples}",
        "en": "#{verb}: at what time? Nobody was invited. For example:\n{examples}",
    },
    "past": {
        "fr": "#{verb}\u00a0: ce moment est passé, personne n’a été invité. Par exemple\u00a0:\n{examples}",
        "nl": "#{verb}: dat moment is voorbij, niemand is uitgenodigd. Bijvoorbeeld:\n{examples}",
        "de": "#{verb}: Dieser Zeitpunkt ist vorbei, niemand wurde eingeladen. Zum Beispiel:\n{examples}",
        "en": "#{verb}: that moment is past, and nobody was invited. For example:\n{examples}",
    },
    "far": {
        "fr": "#{verb}\u00a0: ce moment est dans plus d’un an, personne n’a été invité. Par exemple\u00a0:\n"
        "{examples}",
        "nl": "#{verb}: dat is over meer dan een jaar, niemand is uitgenodigd. Bijvoorbeeld:\n{examples}",
        "de": "#{verb}: Das ist in mehr als einem Jahr, niemand wurde eingeladen. Zum Beispiel:\n{examples}",
        "en": "#{verb}: that is more than a year ahead, and nobody was invited. For example:\n{examples}",
    },
    "lasts": {
        "fr": "#{verb}\u00a0: je n’ai pas compris la durée (24 h au plus), personne n’a été invité. Par "
        "exemple\u00a0:\n{examples}",
        "nl": "#{verb}: de duur is niet duidelijk (hoogstens 24 u), niemand is uitgenodigd. Bijvoorbeeld:\n"
        "{examples}",
        "de": "#{verb}: Die Dauer ist unklar (höchstens 24 Std.), niemand wurde eingeladen. Zum Beispiel:\n"
        "{examples}",
        "en": "#{verb}: it is not clear for how long (24 h at most), and nobody was invited. For example:\n"
        "{examples}",
    },
    "who": {
        "fr": "#{verb}\u00a0: «\u00a0{who}\u00a0» n’est ni un agent ni une adresse, personne n’a été invité. "
        "Par exemple\u00a0:\n{examples}",
        "nl": "#{verb}: '{who}' is geen agent en geen adres, niemand is uitgenodigd. Bijvoorbeeld:\n"
        "{examples}",
        "de": "#{verb}: „{who}“ ist weder ein Agent noch eine Adresse, niemand wurde eingeladen. Zum "
        "Beispiel:\n{examples}",
        "en": "#{verb}: “{who}” is neither an agent nor an address, and nobody was invited. For example:\n"
        "{examples}",
    },
    "nobody": {
        "fr": "#{verb}\u00a0: qui doit y aller\u00a0? Personne n’a été invité. Par exemple\u00a0:\n"
        "{examples}",
        "nl": "#{verb}: wie moet erheen? Niemand is uitgenodigd. Bijvoorbeeld:\n{examples}",
        "de": "#{verb}: Wer soll hingehen? Niemand wurde eingeladen. Zum Beispiel:\n{examples}",
        "en": "#{verb}: who is to go? Nobody was invited. For example:\n{examples}",
    },
    "several": {
        "fr": "#{verb}\u00a0: «\u00a0{who}\u00a0» peut être {names}\u00a0; personne n’a été invité, écrivez "
        "l’adresse",
        "nl": "#{verb}: '{who}' kan {names} zijn; niemand is uitgenodigd, schrijf het adres",
        "de": "#{verb}: „{who}“ kann {names} sein; niemand wurde eingeladen, schreiben Sie die Adresse",
        "en": "#{verb}: “{who}” may be {names}; nobody was invited, write the address",
    },
    "desk": {
        "fr": "#{verb}\u00a0: {who} est l’adresse du service desk lui-même, personne n’a été invité",
        "nl": "#{verb}: {who} is het adres van de servicedesk zelf, niemand is uitgenodigd",
        "de": "#{verb}: {who} ist die Adresse des Service Desk selbst, niemand wurde eingeladen",
        "en": "#{verb}: {who} is the desk's own address, nobody was invited",
    },
    "requester": {
        "fr": "#{verb}\u00a0: {who} est le demandeur de {number} lui-même, personne n’a été invité",
        "nl": "#{verb}: {who} is zelf de aanvrager van {number}, niemand is uitgenodigd",
        "de": "#{verb}: {who} hat {number} selbst angefragt, niemand wurde eingeladen",
        "en": "#{verb}: {who} is the requester of {number}, nobody was invited",
    },
    "none": {
        "fr": "#{verb}\u00a0: aucune intervention n’est prévue pour {number}, rien n’a changé",
        "nl": "#{verb}: voor {number} is geen interventie gepland, er is niets gewijzigd",
        "de": "#{verb}: zu {number} ist kein Einsatz geplant, nichts wurde geändert",
        "en": "#{verb}: no visit is planned for {number}, nothing changed",
    },
    "examples": {
        "fr": "#{verb} {who} demain 14h Rue de Bruxelles 5, Namur\n#{verb} {who} {day} 9:30 Athénée royal "
        "durée=2h\n#{verb} paul@exemple.be lundi prochain 10h Bureau 214",
        "nl": "#{verb} {who} morgen 14u Brusselstraat 5, Namen\n#{verb} {who} {day} 9:30 Atheneum duur=2u\n"
        "#{verb} paul@voorbeeld.be volgende maandag 10u Kantoor 214",
        "de": "#{verb} {who} morgen 14 Uhr Brüsseler Straße 5, Eupen\n#{verb} {who} {day} 9:30 Athenäum "
        "Dauer=2h\n#{verb} paul@beispiel.be nächsten Montag 10 Uhr Büro 214",
        "en": "#{verb} {who} tomorrow 14:00 Rue de Bruxelles 5, Namur\n#{verb} {who} {day} 9:30 Main school "
        "duration=2h\n#{verb} paul@example.org next Monday 10:00 Room 214",
    },
}

DISPATCH = Command(
    names=(
        "intervention", "dispatch", "interventions", "technicien", "technician", "visite", "visit",
        "sur-place", "on-site", "interventie", "bezoek", "einsatz", "besuch",
    ),
    usage={"fr": "#intervention QUI QUAND OÙ [durée=2h]", "en": "#dispatch WHO WHEN WHERE [duration=2h]"},
    help={
        "fr": "envoyer un technicien sur place, ou déplacer son passage",
        "nl": "een technicus ter plaatse sturen, of zijn bezoek verplaatsen",
        "de": "einen Techniker vor Ort schicken oder seinen Besuch verschieben",
        "en": "send a technician on site, or move the visit",
    },
    run=_dispatch,
    text=Text.OWN,
    settles="visit",
    tickets=Tickets.FIRST,
    is_own=begins_with_time,  # "24 novembre 14h" moves the visit of this ticket
)  # fmt: skip
_CALLED = frozenset(
    {*DISPATCH.names, "rdv", "rendez-vous", "invitation", "afspraak", "termin", "appointment"}
)
