"""Where a ticket stands: waiting, resolved, open again, closed, spam (pure).

Waiting is no act: the first clock goes on, others stand still where ``policy.sla.pause`` says so. Resolving
and closing are. The requester hears that his ticket is resolved, in a letter that says how to reopen it; that
it is closed only where the agent has words for him; that it was taken for spam never.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from maild import instants
from maild.decide import relays, sla
from maild.decide.decision import Amend, Brief, Change, StopClocks, TakeInCharge
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, Text, Tickets
from maild.decide.verbs.status import ENDED, OPEN, already, if_ended
from parsers.moments import begins_with_time, find_moment, read_duration
from storage.records import Status

# A day without a time: then its agents begin to read.
MORNING = 7
_YEAR = 366
_FOR = re.compile(r"(?:pendant|pour|durant|for|gedurende|voor|für|während)\s+", re.IGNORECASE)

# ---------------------------------------------------------------------- wait


def _wait(order: Order) -> Outcome | Refusal:
    if refused := if_ended(order):
        return refused
    until = _until(order) if order.line.argument else None
    if isinstance(until, Refusal):
        return until
    line = order.say(_SAID, "until", until=_told(order, until)) if until else order.say(_SAID, "waits")
    return Outcome(line=line + _pace(order), changes=(_stands(Status.WAITING, until),))


def _pace(order: Order) -> str:
    """Which clock goes on while it waits, and which stands still."""
    running = [one for one in order.here.running if one.team or not order.answers]
    still = [one for one in running if one.paused_at or sla.pauses(one, order.at, order.policy)]
    due = min((one.due_at for one in running if one not in still and not one.team), default=None)
    over = due is not None and due <= order.at
    return "".join(
        (
            order.say(_SAID, "over" if over else "runs", due=_told(order, due)) if due else "",
            order.say(_SAID, "still") if any(not one.team for one in still) else "",
            *(order.say(_SAID, "team_still", team=one.team) for one in still if one.team),
        )
    )


def _is_time(argument: str) -> bool:
    """Whether it begins with a span or a day, such as "3 jours" or "24 novembre", and not with a ticket.

    "3" alone may be either, and is asked about; nobody lets a ticket wait for more days than a year has.
    """
    if argument.isdecimal():
        return int(argument) <= _YEAR
    return begins_with_time(argument)


def _until(order: Order) -> datetime | Refusal:
    """When it wakes: after a span, or at an instant, both counted from when the agent wrote."""
    written, zone = order.line.argument, order.policy.desk.timezone
    span = read_duration(_FOR.sub("", written, count=1))
    if span is not None:
        return order.at + span
    moment = find_moment(written, order.at, zone)
    if moment is None:
        return Refusal(line=order.say(_SAID, "unclear", written=written))
    at = moment.at if moment.has_time else moment.at.astimezone(ZoneInfo(zone)).replace(hour=MORNING)
    if at <= order.facts.now:
        return Refusal(line=order.say(_SAID, "past", at=_told(order, at)))
    return at.astimezone(order.at.tzinfo)


def _told(order: Order, at: datetime) -> str:
    return instants.deadline(at, order.policy.desk.timezone, order.agent.language)


def _stands(status: Status, wake_at: datetime | None = None) -> Amend:
    return Amend(values=(("status", status.value), ("wake_at", wake_at)))


# ---------------------------------------------------------------------- resolved, closed


def _resolve(order: Order) -> Outcome | Refusal:
    if order.here.ticket.status is Status.RESOLVED:
        return already(order)
    return if_ended(order) or _with_letter(order, Status.RESOLVED, "resolve")


def _close(order: Order) -> Outcome | Refusal:
    ticket = order.here.ticket
    if ticket.status not in (*OPEN, Status.RESOLVED, Status.OUT_OF_SCOPE):
        return already(order)
    if order.words.strip():
        return _with_letter(order, Status.CLOSED, "close")
    in_hand = TakeInCharge(agent=ticket.assignee or order.hand, at=order.at)
    is_taken = ticket.assignee and ticket.taken_at
    changes: tuple[Change, ...] = (
        *((in_hand,) if ticket.status in OPEN and not is_taken else ()),
        StopClocks(at=order.at, by=order.agent.address, act="close"),
        _stands(Status.CLOSED),
    )
    return Outcome(line=order.say(_SAID, "closed"), changes=changes)


def _with_letter(order: Order, status: Status, act: str) -> Outcome | Refusal:
    """The requester hears of it, with the agent's words if there are any."""
    sent = relays.relay(order.case, order.agent, order.here, order.words, notice=status.value, act=act)
    if sent.refused:
        return Refusal(line="\n".join(sent.lines))
    line = order.say(_SAID, f"{status.value}_told")
    return Outcome(line="\n".join((line, *sent.lines)), changes=(*sent.changes, _stands(status)))


# ---------------------------------------------------------------------- open again, spam


def _reopen(order: Order) -> Outcome | Refusal:
    ticket = order.here.ticket
    if ticket.status not in ENDED:
        return already(order)
    values = {"status": Status.TAKEN.value, "assignee": ticket.assignee or order.hand}
    taken = () if ticket.taken_at else (("taken_at", order.at),)
    act = StopClocks(at=order.at, by=order.agent.address, act="reopen")
    # Whoever was taken for a spammer has waited until now.
    answers = (act,) if ticket.status is Status.SPAM else ()
    return Outcome(
        line=order.say(_SAID, "reopened"),
        changes=(*answers, Amend(values=(*values.items(), *taken)), *_told_again(order)),
    )


def _told_again(order: Order) -> tuple[Brief, ...]:
    """Whoever had it hears that a colleague has opened it again."""
    owner = order.policy.agent(order.here.ticket.assignee)
    if owner is None or owner == order.agent or not owner.is_present(order.policy.desk.day(order.facts.now)):
        return ()
    told = ((owner.address, owner.language),)
    return (Brief(recipients=told, reason="reopened", by=order.agent.name, words=order.note),)


def _spam(order: Order) -> Outcome | Refusal:
    if order.here.ticket.status in (Status.SPAM, Status.MERGED):
        return already(order)
    # Nobody was answered by that: should it be a person's mail after all, a later act counts instead.
    stopped = StopClocks(at=order.at, by=order.agent.address, act="spam", presumed=True)
    return Outcome(line=order.say(_SAID, "spam"), changes=(stopped, _stands(Status.SPAM)))


_SAID: Sentences = {
    "until": {
        "fr": "#{verb}\u00a0: fait, {number} est en attente jusqu’au {until}, puis revient de lui-même",
        "nl": "#{verb}: gedaan, {number} is in de wacht tot {until} en komt dan vanzelf terug",
        "de": "#{verb}: erledigt, {number} wartet bis {until} und kommt dann von selbst zurück",
        "en": "#{verb}: done, {number} is waiting until {until}, then it comes back by itself",
    },
    "waits": {
        "fr": "#{verb}\u00a0: fait, {number} est en attente d’un message du demandeur ou d’une commande",
        "nl": "#{verb}: gedaan, {number} wacht op een bericht van de aanvrager of op een opdracht",
        "de": "#{verb}: erledigt, {number} wartet auf eine Nachricht des Anfragenden oder einen Befehl",
        "en": "#{verb}: done, {number} is waiting for a mail of the requester or for a command",
    },
    "runs": {
        "fr": "\u00a0; le délai continue de courir jusqu’au {due}, car attendre n’est pas répondre",
        "nl": "; de termijn loopt door tot {due}, want wachten is geen antwoord",
        "de": "; die Frist läuft weiter bis {due}, denn Warten ist keine Antwort",
        "en": "; the clock goes on until {due}, because waiting is no answer",
    },
    "over": {
        "fr": "\u00a0; le délai, dépassé depuis le {due}, ne s’arrête pas, car attendre n’est pas répondre",
        "nl": "; de termijn, overschreden sinds {due}, staat niet stil, want wachten is geen antwoord",
        "de": "; die Frist, überschritten seit {due}, ruht nicht, denn Warten ist keine Antwort",
        "en": "; the clock, over since {due}, does not stop, because waiting is no answer",
    },
    "still": {
        "fr": "\u00a0; le délai de la prochaine réponse est suspendu tant que le ticket attend",
        "nl": "; de termijn van het volgende antwoord staat stil zolang het ticket wacht",
        "de": "; die Frist der nächsten Antwort ruht, solange das Ticket wartet",
        "en": "; the clock of the next answer stands still while the ticket waits",
    },
    "team_still": {
        "fr": "\u00a0; le délai de l’équipe {team} est suspendu",
        "nl": "; de termijn van het team {team} staat stil",
        "de": "; die Frist des Teams {team} ruht",
        "en": "; the clock of the team {team} stands still",
    },
    "unclear": {
        "fr": "#{verb}\u00a0: «\u00a0{written}\u00a0» n’a pas été compris, rien n’a changé\u00a0; écrivez "
        "par exemple "
        "#attente 2j, #attente lundi 9h, #attente 24/11, ou #attente seul",
        "nl": "#{verb}: '{written}' is niet begrepen, er is niets gewijzigd; schrijf bijvoorbeeld #wait 2d, "
        "#wait maandag 9u, #wait 24/11, of alleen #wait",
        "de": "#{verb}: „{written}“ wurde nicht verstanden, nichts wurde geändert; schreiben Sie zum "
        "Beispiel "
        "#wait 2d, #wait Montag 9 Uhr, #wait 24/11, oder nur #wait",
        "en": "#{verb}: '{written}' was not understood, nothing changed; write for example #wait 2d, "
        "#wait monday 9:00, #wait 24/11, or #wait alone",
    },
    "past": {
        "fr": "#{verb}\u00a0: le {at} est passé, rien n’a changé\u00a0; écrivez par exemple #attente 2j ou "
        "#attente demain 9h",
        "nl": "#{verb}: {at} is voorbij, er is niets gewijzigd; schrijf bijvoorbeeld #wait 2d of #wait "
        "morgen 9u",
        "de": "#{verb}: {at} ist vorbei, nichts wurde geändert; schreiben Sie zum Beispiel #wait 2d oder "
        "#wait "
        "morgen 9 Uhr",
        "en": "#{verb}: {at} has passed, nothing changed; write for example #wait 2d or #wait tomorrow 9:00",
    },
    "resolved_told": {
        "fr": "#{verb}\u00a0: fait, {number} est résolu et le demandeur en est averti\u00a0; tant que ce "
        "message "
        "n’est pas parti, #stop le retient",
        "nl": "#{verb}: gedaan, {number} is opgelost en de aanvrager krijgt bericht; zolang dat niet "
        "vertrokken "
        "is, houdt #stop het tegen",
        "de": "#{verb}: erledigt, {number} ist gelöst, und der Anfragende erfährt es; solange das nicht "
        "abgegangen ist, hält #stop es zurück",
        "en": "#{verb}: done, {number} is resolved and the requester is told; until that has left, #stop "
        "holds it",
    },
    "closed_told": {
        "fr": "#{verb}\u00a0: fait, {number} est clôturé et votre texte part au demandeur\u00a0; tant "
        "qu’il n’est "
        "pas parti, #stop le retient",
        "nl": "#{verb}: gedaan, {number} is afgesloten en uw tekst gaat naar de aanvrager; zolang die niet "
        "vertrokken is, houdt #stop hem tegen",
        "de": "#{verb}: erledigt, {number} ist abgeschlossen, und Ihr Text geht an den Anfragenden; "
        "solange er "
        "nicht abgegangen ist, hält #stop ihn zurück",
        "en": "#{verb}: done, {number} is closed and your text goes to the requester; until it has left, "
        "#stop "
        "holds it",
    },
    "closed": {
        "fr": "#{verb}\u00a0: fait, {number} est clôturé\u00a0; rien n’est envoyé au demandeur",
        "nl": "#{verb}: gedaan, {number} is afgesloten; er wordt niets naar de aanvrager gestuurd",
        "de": "#{verb}: erledigt, {number} ist abgeschlossen; an den Anfragenden wird nichts gesendet",
        "en": "#{verb}: done, {number} is closed; nothing is sent to the requester",
    },
    "reopened": {
        "fr": "#{verb}\u00a0: fait, {number} est de nouveau ouvert et pris en charge",
        "nl": "#{verb}: gedaan, {number} is heropend en in behandeling",
        "de": "#{verb}: erledigt, {number} ist wieder offen und übernommen",
        "en": "#{verb}: done, {number} is open again and taken in charge",
    },
    "spam": {
        "fr": "#{verb}\u00a0: fait, {number} est indésirable et ne compte plus\u00a0; rien n’est envoyé, "
        "#rouvrir "
        "le reprend",
        "nl": "#{verb}: gedaan, {number} is ongewenst en telt niet meer mee; er wordt niets verzonden, "
        "#reopen "
        "haalt het terug",
        "de": "#{verb}: erledigt, {number} ist unerwünscht und zählt nicht mehr; nichts wird gesendet, "
        "#reopen "
        "holt es zurück",
        "en": "#{verb}: done, {number} is spam and no longer counts; nothing is sent, #reopen brings it back",
    },
}

WAIT = Command(
    names=("attente", "wait", "attendre", "en-attente", "waiting", "pause", "wachten", "warten"),
    usage={"fr": "#attente [2j|DATE]", "en": "#wait [2d|DATE]"},
    help={
        "fr": "mettre en attente, jusqu’à un moment ou sans échéance",
        "nl": "in de wacht zetten, tot een moment of zonder einde",
        "de": "warten lassen, bis zu einem Zeitpunkt oder ohne Ende",
        "en": "let it wait, until a moment or without end",
    },
    run=_wait,
    settles="status",
    tickets=Tickets.FIRST,
    is_own=_is_time,
)
RESOLVED = Command(
    names=("résolu", "resolved", "résolue", "résoudre", "resolve", "solved", "opgelost", "gelöst"),
    usage={"fr": "#résolu", "en": "#resolved"},
    help={
        "fr": "déclarer résolu et en avertir le demandeur, avec votre texte",
        "nl": "opgelost verklaren en de aanvrager verwittigen, met uw tekst",
        "de": "für gelöst erklären und es dem Anfragenden mitteilen, mit Ihrem Text",
        "en": "declare it resolved and tell the requester, with your text",
    },
    run=_resolve,
    text=Text.OWN,
    settles="status",
    tickets=Tickets.ALONE,
)
REOPEN = Command(
    names=("rouvrir", "reopen", "réouvrir", "rouvre", "heropenen", "heropen", "wieder-öffnen"),
    usage={"fr": "#rouvrir", "en": "#reopen"},
    help={
        "fr": "reprendre un ticket terminé",
        "nl": "een afgesloten ticket heropenen",
        "de": "ein beendetes Ticket wieder öffnen",
        "en": "open a ticket again that has ended",
    },
    run=_reopen,
    settles="status",
    tickets=Tickets.ALONE,
)
CLOSE = Command(
    names=("clore", "close", "clôturer", "clôture", "clos", "closed", "fermer", "sluiten", "schließen"),
    usage={"fr": "#clore", "en": "#close"},
    help={
        "fr": "clôturer\u00a0; le demandeur n’en reçoit un message que si vous écrivez un texte",
        "nl": "afsluiten; de aanvrager krijgt alleen bericht als u een tekst schrijft",
        "de": "abschließen; der Anfragende erhält nur eine Nachricht, wenn Sie einen Text schreiben",
        "en": "close it; the requester gets a mail only if you write a text",
    },
    run=_close,
    text=Text.OWN,
    settles="status",
    tickets=Tickets.ALONE,
)
SPAM = Command(
    names=("spam", "junk", "indésirable", "pourriel", "ongewenst", "unerwünscht"),
    usage={"fr": "#spam", "en": "#spam"},
    help={
        "fr": "écarter un message indésirable\u00a0; personne n’en est averti et il ne compte plus",
        "nl": "ongewenste mail opzij zetten; niemand krijgt bericht en ze telt niet meer mee",
        "de": "unerwünschte Post beiseitelegen; niemand erfährt es, und sie zählt nicht mehr",
        "en": "set unwanted mail aside; nobody is told, and it no longer counts",
    },
    run=_spam,
    text=Text.NOTE,
    settles="status",
    tickets=Tickets.ALONE,
)
