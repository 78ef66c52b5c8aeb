"""Answers given outside maild: found in a Sent folder, or sent to the desk in copy (pure; DESIGN section 6).

Judges for ``message.decide``. Such an answer is on the ticket and stops the clock at its own instant; it is
never relayed, because the requester has it.
"""

from dataclasses import replace

from maild.arrival import Source
from maild.decide import consequences, copies
from maild.decide.case import Case
from maild.decide.decision import Change, Decision, Disposition, Recognise, StopClocks, TakeInCharge
from maild.decide.facts import Facts, TicketFacts
from maild.decide.person import changed_copy, person
from maild.decide.policy import Agent
from parsers.addresses import read_addresses
from storage.records import MessageKind, Twin

# As what a mail of the desk's own people may have been taken before its copy lay in Sent.
_NOT_PROVEN = (MessageKind.REPLY, MessageKind.NOTE)


def sent(case: Case) -> Decision:
    """What lies in a folder of sent mail, or is proven to come from the desk's own address, and is none of
    our own letters."""
    if case.ticket is None and case.facts.source is not Source.SENT:
        return person(case)
    if (twin := copies.twin(case.mail, case.facts)) is not None:
        return _recognised(case, twin)
    if case.ticket is None:
        return _left_in_sent("a sent mail that answers no ticket")
    if case.sender.key in case.ticket.participants - consequences.staff(case.ticket, case.policy):
        return person(case)  # somebody has put it there by mistake
    if case.mail.auto_submitted:
        return _of_a_program(case, case.ticket)
    return answered(case, case.ticket)


def is_told_by(twin: Twin, facts: Facts) -> bool:
    """A copy in Sent may tell more than was known of a mail that reached the desk without proof."""
    return facts.source is Source.SENT and twin.ticket_id is not None and twin.kind in _NOT_PROVEN


def _recognised(case: Case, twin: Twin) -> Decision:
    """It reached the desk in copy before, where it proved nothing: in Sent it needs no further proof."""
    again, state = copies.duplicate(twin), case.ticket
    if state is None or case.facts.survivor(twin.ticket_id or 0) != state or not _is_of_desk(case):
        return again
    answers = audience(case, state) and not case.mail.auto_submitted
    if not answers and twin.kind == MessageKind.NOTE:
        return again
    act = (*consequences.addressed(case, state), *_act(case, state)) if answers else ()
    return replace(
        again,
        kind=MessageKind.OUTSIDE_ANSWER,
        ticket=state.ticket.id,
        changes=(Recognise(message=twin.id, kind=MessageKind.OUTSIDE_ANSWER), *act),
        reasons=(*again.reasons, "its copy in Sent shows that it was written at the desk"),
    )


def _is_of_desk(case: Case) -> bool:
    return case.sender.key in case.policy.desk.addresses or author(case) is not None


def unreadable(why: str) -> Decision:
    """What is sent was not sent to us: if nobody can read it, nobody waits for us."""
    return _left_in_sent(f"in a folder of sent mail, and cannot be read: {why}")


def _left_in_sent(why: str) -> Decision:
    return Decision(
        disposition=Disposition.IGNORED, kind=MessageKind.OUTSIDE_ANSWER, direction="out", reasons=(why,)
    )


def _of_a_program(case: Case, state: TicketFacts) -> Decision:
    """An absence notice or a confirmation of reading that left in the desk's name: nobody has acted."""
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.DISPOSITION_NOTICE if case.mail.is_mdn else MessageKind.AUTO_REPLY,
        direction="out",
        ticket=state.ticket.id,
        reasons=(f"sent by a program: {case.mail.auto_reason}",),
        changes=(consequences.remembered(case, state.ticket.id),),
    )


def answered(case: Case, state: TicketFacts) -> Decision:
    """An answer to somebody who takes part is an act; to others it is only shown."""
    if (again := copy_of_answer(case)) is not None:
        return again
    changes: list[Change] = [consequences.remembered(case, state.ticket.id)]
    if audience(case, state):
        changes += [*consequences.addressed(case, state), *_act(case, state)]
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.OUTSIDE_ANSWER,
        direction="out",
        ticket=state.ticket.id,
        changes=tuple(changes),
    )


def copy_of_answer(case: Case) -> Decision | None:
    """It is on its ticket already, and was changed on its way; None where it is not."""
    twin = copies.changed_copy(case.mail, case.facts)
    return changed_copy(case) if twin is not None and twin.kind == MessageKind.OUTSIDE_ANSWER else None


def audience(case: Case, state: TicketFacts) -> frozenset[str]:
    """Whom of the ticket it answers: its people, without those of the desk, who are only told of it."""
    return case.others & (state.participants - consequences.staff(state, case.policy))


def is_aside(case: Case, state: TicketFacts, author: str) -> bool:
    """Others than the desk and its author read it, and nobody who asked: a talk among colleagues."""
    return case.goes_beyond(author) and not audience(case, state)


def _act(case: Case, state: TicketFacts) -> tuple[Change, ...]:
    ticket, at, agent = state.ticket, case.facts.arrived_at, author(case)
    stopped = StopClocks(at=at, by=agent.address if agent else case.sender.key, act="outside_answer")
    # Whoever has the ticket keeps it, and what people have made of it since then stands.
    assigned = agent.address if agent and not ticket.assignee else ""
    if ticket.taken_at is not None and ticket.taken_at <= at and not assigned:
        return (stopped,)
    return TakeInCharge(agent=assigned, at=at), stopped


def author(case: Case) -> Agent | None:
    """The agent who wrote it: in his own name, or on behalf of the desk (Sender, RFC 5322 3.6.2)."""
    names = (case.sender, *read_addresses(case.mail.header("Sender")))
    return next((agent for one in names if (agent := case.policy.agent(one.address))), None)
