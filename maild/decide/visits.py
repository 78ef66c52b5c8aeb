"""What becomes of a technician's visit: which one stands, and what is answered to its invitation (pure).

Asked by the command that orders one (``verbs.visits``) and by the judges. An answer is known by the signed
UID of the invitation, and by nothing else that its calendar says: it is shown on the ticket, whoever has this
in hand is told, and it stops no clock, starts none and reopens nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from maild import instants
from maild.decide import consequences, identity
from maild.decide.automatic import filed_aside
from maild.decide.case import Case
from maild.decide.decision import AnswerVisit, Change, Decision, Disposition, Notify, Tell
from maild.decide.facts import TicketFacts
from maild.decide.order import Sentences, said
from maild.decide.person import changed_copy, noted, person
from maild.decide.policy import Policy
from maild.decide.tokens import Purpose
from parsers.calendar import CalendarReply, Participation, ReplyMethod
from storage.records import MessageKind, Visit, VisitState

_LANGUAGES = ("fr", "nl", "de", "en")
# Of what stands around the calendar, which programs fill with the whole appointment once more.
_MOST_LINES, _MOST_TEXT = 10, 1_000
_SETTLED = (Participation.ACCEPTED, Participation.DECLINED, Participation.TENTATIVE)


def standing(state: TicketFacts, now: datetime) -> Visit | None:
    """The visit that is to come or goes on; None where none is ordered, or it is over or called off."""
    ahead = (v for v in state.handling.visits if v.state != VisitState.CANCELLED and v.ends_at > now)
    return max(ahead, key=lambda visit: visit.id, default=None)


def when(visit: Visit, policy: Policy, language: str, *, whole: bool = False) -> str:
    """When it begins, in words of the language; ``whole``: and when it ends."""
    known, zone = language if language in _LANGUAGES else "en", policy.desk.timezone
    if whole:
        return instants.span(visit.starts_at, visit.ends_at, zone, known)
    return instants.deadline(visit.starts_at, zone, known)


def day_of(visit: Visit, policy: Policy) -> date:
    """Its day, where the desk is."""
    return visit.starts_at.astimezone(ZoneInfo(policy.desk.timezone)).date()


# ---------------------------------------------------------------------- an answer by calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What was answered (a key of ``_SAID``), by whom, and whether it counts. ``why``: why it does not."""

    said: str
    reply: CalendarReply
    visit: Visit
    actor: str
    column: str
    why: str = ""


def answered(case: Case) -> Decision:
    """Shown on the ticket, also on one that is closed, and told; the state is kept where one of the two who
    were invited answers the invitation that stands."""
    state = case.ticket
    if state is None:
        return filed_aside(case, MessageKind.VISIT_ANSWER)
    if (copy := changed_copy(case)) is not None:
        return copy
    answer = _answer(case, state)
    changes: list[Change] = [consequences.remembered(case, state.ticket.id)]
    if answer is not None:
        proposed = answer.reply.proposed_at
        changes.append(
            AnswerVisit(visit=answer.visit.id, actor=case.sender.key, answer=_kept(answer.reply),
                        column=answer.column, proposed_at=proposed)
        )  # fmt: skip
    changes += _told(case, state, answer)
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.VISIT_ANSWER,
        ticket=state.ticket.id,
        changes=tuple(changes),
        reasons=(f"it changes nothing: {answer.why}",) if answer is not None and answer.why else (),
    )


def _answer(case: Case, state: TicketFacts) -> _Answer | None:
    """Which visit it is about, and what it says; None where no such visit is known."""
    reply, uid = case.mail.calendar, case.mail.calendar_uid.casefold()
    known = (v for t in case.facts.tickets.values() for v in t.handling.visits if v.uid.casefold() == uid)
    visit = next(known, None)
    if reply is None or visit is None:
        return None
    column = _column(case, state, visit)
    why = _objection(case, reply, visit, column)
    actor = _named(case, state, visit, column)
    kept = column if not why and _means(reply) in _STATES else ""
    return _Answer(said=_means(reply), reply=reply, visit=visit, actor=actor, column=kept, why=why)


def _column(case: Case, state: TicketFacts, visit: Visit) -> str:
    """Where the sender's answer is kept, by his own address: what the calendar says of him proves nothing."""
    if case.sender.key == visit.technician.casefold():
        return "state"
    return "requester_state" if case.sender.key == state.ticket.requester_address.casefold() else ""


def _objection(case: Case, reply: CalendarReply, visit: Visit, column: str) -> str:
    """Why it changes nothing (a key of ``_SAID``); "" where it does."""
    if not column or identity.dmarc(case.mail, case.policy) == "fail":
        return "stranger"
    if visit.state == VisitState.CANCELLED:
        return "off"
    return "old" if reply.sequence < visit.sequence else ""


def _means(reply: CalendarReply) -> str:
    if reply.method is ReplyMethod.COUNTER:
        return "counter"
    if reply.method is ReplyMethod.REFRESH:
        return "refresh"
    return reply.participation.value if reply.participation in _SETTLED else "unclear"


# What is kept of an answer; who proposes another time has not agreed to this one.
_STATES = {
    "accepted": VisitState.ACCEPTED,
    "declined": VisitState.DECLINED,
    "tentative": VisitState.TENTATIVE,
    "counter": VisitState.TENTATIVE,
}


def _kept(reply: CalendarReply) -> str:
    if reply.participation is Participation.DECLINED:
        return VisitState.DECLINED.value
    means = _means(reply)
    return _STATES[means].value if means in _STATES else means


def _named(case: Case, state: TicketFacts, visit: Visit, column: str) -> str:
    if column == "state":
        return visit.technician_name or visit.technician
    name = state.ticket.requester_name if column else ""
    return name or case.sender.address


# ---------------------------------------------------------------------- an answer in words


def written(case: Case) -> Decision:
    """What a technician who is no agent writes: an internal note, told to who has the ticket in hand."""
    state = case.ticket
    if state is None or case.sender.key == state.ticket.requester_address.casefold():
        return person(case)
    why = "it answers the invitation of a technician: an internal note"
    return noted(case, state.ticket.id, told_of_words(case, state), why=why)


def told_of_words(case: Case, state: TicketFacts) -> tuple[Change, ...]:
    """Who hears of a technician's words; nobody where the mail answers no invitation of his own."""
    his = (t for t in case.clues.id_tokens if t.purpose is Purpose.VISIT)
    if not any(token.is_for(case.sender.address) for token in his):
        return ()
    visits = (v for v in state.handling.visits if v.technician.casefold() == case.sender.key)
    visit = max(visits, key=lambda one: one.id, default=None)
    name = (visit.technician_name if visit else "") or case.sender.name or case.sender.address
    files = ", ".join(file.filename or file.content_type for file in case.mail.attachments)
    people = _hearers(case, state, visit)
    return _telling(
        case, people, lambda one: said(_SAID, "wrote", one, who=name),
        lambda one: (case.new.text, *((said(_SAID, "files", one, names=files),) if files else ())),
    )  # fmt: skip


# ---------------------------------------------------------------------- who hears of it


def _told(case: Case, state: TicketFacts, answer: _Answer | None) -> tuple[Change, ...]:
    people = _hearers(case, state, answer.visit if answer else None)
    if answer is None:
        who = case.sender.address
        return _telling(
            case, people, lambda one: said(_SAID, "lost", one, who=who), lambda one: _comment(case)
        )
    return _telling(
        case, people, lambda one: _headline(answer, one, case.policy), lambda one: _lines(case, answer, one)
    )


def _hearers(case: Case, state: TicketFacts, visit: Visit | None) -> tuple[tuple[str, str], ...]:
    """(address, language) of who has the ticket in hand, else of who ordered the visit, else of the team."""
    names = (state.ticket.assignee, visit.ordered_by if visit else "")
    return consequences.hearers(
        names, state.ticket.team, case.facts, case.policy, without=case.sender.key, one_knows=True
    )


def _telling(
    case: Case,
    people: tuple[tuple[str, str], ...],
    headline: Callable[[str], str],
    lines: Callable[[str], tuple[str, ...]],
) -> tuple[Change, ...]:
    """A letter in the language of each; who has had as many as one can read finds it in the digest."""
    flooded = case.facts.flooded
    told = tuple(
        Tell(recipients=(one,), headline=headline(one[1]), lines=lines(one[1]))
        for one in people
        if one[0].casefold() not in flooded
    )
    later = tuple(address for address, _ in people if address.casefold() in flooded)
    digest = (Notify(recipients=(), due_at=None, in_digest=later),) if later else ()
    return (*told, *digest)


def _headline(answer: _Answer, language: str, policy: Policy) -> str:
    return said(_SAID, answer.said, language, who=answer.actor, when=when(answer.visit, policy, language))


def _lines(case: Case, answer: _Answer, language: str) -> tuple[str, ...]:
    """What the answer says besides, why it does not count, and what may be done."""
    return (
        *_proposal(answer, language, case.policy),
        *_comment(case),
        *((said(_SAID, answer.why, language, who=case.sender.address),) if answer.why else ()),
        *((said(_SAID, "again", language),) if answer.said == "declined" and not answer.why else ()),
    )


def _proposal(answer: _Answer, language: str, policy: Policy) -> tuple[str, ...]:
    at = answer.reply.proposed_at
    if at is None:
        return ()
    local = at.astimezone(ZoneInfo(policy.desk.timezone))
    words = instants.deadline(at, policy.desk.timezone, language if language in _LANGUAGES else "en")
    return (said(_SAID, "proposed", language, when=words, written=f"{local:%Y-%m-%d %H:%M}"),)


def _comment(case: Case) -> tuple[str, ...]:
    """What he says besides: in the calendar, else the beginning of what stands around it."""
    comment = case.mail.calendar.comment if case.mail.calendar else ""
    lines = (comment or case.new.text[:_MOST_TEXT]).strip().splitlines()
    return tuple(f"> {line}" for line in lines[:_MOST_LINES] if line.strip())


_SAID: Sentences = {
    "accepted": {
        "fr": "{who} a accepté l’intervention du {when}",
        "nl": "{who} heeft de interventie van {when} aanvaard",
        "de": "{who} hat den Einsatz am {when} zugesagt",
        "en": "{who} has accepted the visit of {when}",
    },
    "declined": {
        "fr": "{who} a refusé l’intervention du {when}",
        "nl": "{who} heeft de interventie van {when} geweigerd",
        "de": "{who} hat den Einsatz am {when} abgelehnt",
        "en": "{who} has declined the visit of {when}",
    },
    "tentative": {
        "fr": "{who} a répondu «\u00a0peut-être\u00a0» à l’intervention du {when}",
        "nl": "{who} heeft ‘misschien’ geantwoord op de interventie van {when}",
        "de": "{who} hat den Einsatz am {when} unter Vorbehalt zugesagt",
        "en": "{who} has answered “maybe” to the visit of {when}",
    },
    "counter": {
        "fr": "{who} propose un autre moment que le {when} pour l’intervention",
        "nl": "{who} stelt een ander moment voor dan {when} voor de interventie",
        "de": "{who} schlägt für den Einsatz am {when} einen anderen Zeitpunkt vor",
        "en": "{who} proposes another time for the visit of {when}",
    },
    "refresh": {
        "fr": "{who} demande de recevoir à nouveau l’invitation à l’intervention du {when}",
        "nl": "{who} vraagt de uitnodiging voor de interventie van {when} opnieuw",
        "de": "{who} bittet noch einmal um die Einladung zum Einsatz am {when}",
        "en": "{who} asks for the invitation to the visit of {when} once more",
    },
    "unclear": {
        "fr": "{who} a répondu à l’invitation du {when} sans l’accepter ni la refuser",
        "nl": "{who} heeft op de uitnodiging van {when} geantwoord zonder ze te aanvaarden of te weigeren",
        "de": "{who} hat auf die Einladung zum {when} geantwortet, ohne zu- oder abzusagen",
        "en": "{who} has answered the invitation of {when}, neither accepting nor declining it",
    },
    "lost": {
        "fr": "{who} a répondu à une invitation qui n’est plus connue",
        "nl": "{who} heeft geantwoord op een uitnodiging die niet meer bekend is",
        "de": "{who} hat auf eine Einladung geantwortet, die nicht mehr bekannt ist",
        "en": "{who} has answered an invitation that is no longer known",
    },
    "proposed": {
        "fr": "Moment proposé\u00a0: {when}. Pour l’accepter, répondez\u00a0: #intervention {written}",
        "nl": "Voorgesteld moment: {when}. Antwoord om het te aanvaarden: #intervention {written}",
        "de": "Vorgeschlagen: {when}. Um zuzustimmen, antworten Sie: #intervention {written}",
        "en": "Proposed: {when}. To agree, reply: #dispatch {written}",
    },
    "again": {
        "fr": "Choisissez un autre moment ou une autre personne\u00a0: répondez #intervention QUI QUAND OÙ",
        "nl": "Kies een ander moment of iemand anders: antwoord #intervention WIE WANNEER WAAR",
        "de": "Wählen Sie einen anderen Zeitpunkt oder jemand anderen: antworten Sie #intervention WER WANN "
        "WO",
        "en": "Choose another time or somebody else: reply #dispatch WHO WHEN WHERE",
    },
    "old": {
        "fr": "Cette réponse porte sur un rendez-vous qui a changé depuis\u00a0: elle ne change rien.",
        "nl": "Dit antwoord gaat over een afspraak die intussen gewijzigd is: het verandert niets.",
        "de": "Diese Antwort gilt einem Termin, der inzwischen geändert ist: Sie ändert nichts.",
        "en": "This answers an appointment that has changed since: it changes nothing.",
    },
    "off": {
        "fr": "Cette intervention est annulée\u00a0: la réponse ne change rien.",
        "nl": "Deze interventie is geannuleerd: het antwoord verandert niets.",
        "de": "Dieser Einsatz ist abgesagt: Die Antwort ändert nichts.",
        "en": "This visit was cancelled: the answer changes nothing.",
    },
    "stranger": {
        "fr": "{who} n’est ni le technicien ni le demandeur, ou ne l’a pas prouvé\u00a0: la réponse ne "
        "change rien.",
        "nl": "{who} is niet de technicus en niet de aanvrager, of heeft dat niet bewezen: het antwoord "
        "verandert niets.",
        "de": "{who} ist weder der Techniker noch der Anfragende, oder hat es nicht bewiesen: Die Antwort "
        "ändert nichts.",
        "en": "{who} is neither the technician nor the requester, or has not proven it: the answer changes "
        "nothing.",
    },
    "wrote": {
        "fr": "{who} a écrit au sujet de son intervention",
        "nl": "{who} heeft geschreven over de interventie",
        "de": "{who} hat über den Einsatz geschrieben",
        "en": "{who} has written about the visit",
    },
    "files": {
        "fr": "Pièces jointes (dans la boîte de messagerie)\u00a0: {names}",
        "nl": "Bijlagen (in de mailbox): {names}",
        "de": "Anlagen (im Postfach): {names}",
        "en": "Attachments (in the mailbox): {names}",
    },
}
