"""Technicians on site: the invitations that go to them and to whom they visit, and what is answered.

One of the effects of ``apply``. Each is invited alone, so that nobody learns the other's address: the
calendars that a visit makes have one UID and one SEQUENCE, but each its own ATTENDEE (RFC 5545 3.8.4.7).
"""

from dataclasses import asdict, replace
from typing import Any, Literal

from maild import compose
from maild.decide import relays, tokens
from maild.decide.decision import AnswerVisit, SendVisit
from maild.decide.tokens import Purpose
from maild.effects.work import Work
from parsers.addresses import Address
from parsers.calendar import Invitation, write_calendar
from parsers.subject import base_subject
from storage import handling
from storage.records import MessageKind, Visit, VisitState

# As a calendar shows it; the letter around it has the sentences.
_WORD = {"fr": "Intervention", "nl": "Interventie", "de": "Einsatz", "en": "Visit"}


def send(work: Work, change: SendVisit) -> None:
    """Write the visit down, then invite, move or call off each of those whom it concerns."""
    before, visit = change.before, _written(work, change)
    if before is not None and before.technician.casefold() != visit.technician.casefold():
        called_off = replace(before, sequence=visit.sequence, state=VisitState.CANCELLED.value)
        _to_technician(work, called_off, change.requester, moved=False)
        _to_technician(work, visit, change.requester, moved=False)
    else:
        _to_technician(work, visit, change.requester, moved=before is not None)
    if change.requester is not None:
        _to_requester(work, visit, change.requester, moved=before is not None)


def _written(work: Work, change: SendVisit) -> Visit:
    """The visit with its row and its UID; the story has it, and that it can be undone."""
    before, visit = change.before, change.visit
    if before is None:
        visit = replace(visit, uid=_uid(work))
        values = {name: value for name, value in asdict(visit).items() if name != "id"}
        visit = replace(visit, id=handling.plan_visit(work.tx, values))
    else:
        values = {n: v for n, v in asdict(visit).items() if n not in ("id", "ticket_id", "uid")}
        handling.change_visit(work.tx, visit.id, **values)
    done = "cancelled" if visit.state == VisitState.CANCELLED else "planned" if before is None else "moved"
    if done != "cancelled":
        work.visit = visit.id
    work.tell(
        f"visit_{done}", work.actor, visit=visit.id, sequence=visit.sequence, technician=visit.technician,
        starts_at=visit.starts_at, ends_at=visit.ends_at, place=visit.place,
    )  # fmt: skip
    return visit


def _uid(work: Work) -> str:
    """Signed for the desk itself: whoever is invited has it, and it gives no power to any of them."""
    work.letters += 1
    desk = work.policy.desk
    serial = f"{work.cause}{work.letters}"
    return f"{tokens.sign(desk.secrets, Purpose.VISIT, work.key, desk.address, serial)}@{desk.domain}"


def _to_technician(work: Work, visit: Visit, requester: Address | None, *, moved: bool) -> None:
    agent = work.policy.agent(visit.technician)
    language = agent.language if agent else work.policy.desk.languages[0]
    # The mail of the agent who ordered it, and what that answers, are none of his.
    to = Address(visit.technician_name, visit.technician)
    post = work.post(Purpose.VISIT, to, language, beside=())
    ticket = work.before.ticket
    visited = requester or Address(ticket.requester_name, ticket.requester_address)
    words = (visit.description, f"{visited.name} <{visited.address}>" if visited.address else visited.name)
    _owe(work, visit, visited, post, "\n\n".join(filter(None, words)), moved=moved, for_technician=True)


def _to_requester(work: Work, visit: Visit, requester: Address, *, moved: bool) -> None:
    thread = relays.thread_of(work.before, work.policy)
    post = work.post(Purpose.RELAY, requester, work.before.ticket.language, answers=thread)
    _owe(work, visit, requester, post, visit.technician_name, moved=moved, for_technician=False)


def _owe(
    work: Work,
    visit: Visit,
    requester: Address,
    post: dict[str, Any],
    words: str,
    *,
    moved: bool,
    for_technician: bool,
) -> None:
    """One letter. ``words``: what the entry in the calendar says besides its time and place."""
    method: Literal["REQUEST", "CANCEL"] = "CANCEL" if visit.state == VisitState.CANCELLED else "REQUEST"
    letter = compose.invitation(
        work.paper, number=work.number, subject=work.subject, starts_at=visit.starts_at,
        ends_at=visit.ends_at, place=visit.place, description=visit.description, requester=requester,
        technician=Address(visit.technician_name, visit.technician),
        method=method, cancelled=method == "CANCEL", moved=moved,
        for_technician=for_technician, calendar=_calendar(work, visit, post, method, words), **post,
    )  # fmt: skip
    to: Address = post["to"]
    owed = f"visit:{visit.uid}:{visit.sequence}:{to.key}"
    work.owe(letter, MessageKind.INVITATION, owed, held=work.facts.may_have_left)
    work.tell("invited", work.actor, to=to.address, method=method, sequence=visit.sequence)


def _calendar(
    work: Work, visit: Visit, post: dict[str, Any], method: Literal["REQUEST", "CANCEL"], words: str
) -> bytes:
    desk = work.policy.desk
    topic = base_subject(work.subject)
    title = f"[{work.number}] {_WORD.get(post['language'], _WORD['en'])}"
    return write_calendar(
        Invitation(
            uid=visit.uid, sequence=visit.sequence, method=method, starts_at=visit.starts_at,
            ends_at=visit.ends_at, zone=desk.timezone, summary=f"{title}: {topic}" if topic else title,
            description=words, location=visit.place, organizer=Address(desk.name, desk.address),
            attendees=(post["to"],), stamp=work.facts.now,
        )
    )  # fmt: skip


def answered(work: Work, change: AnswerVisit) -> None:
    """What somebody said to an invitation: kept where he is one of the two, and told by the story."""
    if change.column:
        handling.change_visit(work.tx, change.visit, **{change.column: change.answer})
    proposed = {"proposed_at": change.proposed_at} if change.proposed_at else {}
    kept = bool(change.column)
    work.tell("visit_answered", change.actor, visit=change.visit, answer=change.answer, kept=kept, **proposed)
