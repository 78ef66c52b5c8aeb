"""Mail of a person who needs us: a ticket, or the next turn of one (pure; DESIGN section 4).

The judge for ``message.decide`` of whatever nobody else claims: in doubt somebody is waiting for us.
"""

from maild.decide import classify, consequences, copies
from maild.decide.case import Case
from maild.decide.decision import Change, Decision, Disposition, Note, SetStatus
from maild.decide.facts import TicketFacts
from storage.records import MessageKind, Status


def person(case: Case) -> Decision:
    """A new matter, or one more mail on a ticket."""
    if (copy := changed_copy(case)) is not None:
        return copy
    return _request(case) if case.ticket is None else _reply(case, case.ticket)


def changed_copy(case: Case) -> Decision | None:
    """The same mail as one that is on a ticket, changed on its way: shown, and nothing comes of it; None
    where it is no such mail."""
    twin = copies.changed_copy(case.mail, case.facts)
    if twin is None or twin.ticket_id is None:
        return None
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.COPY,
        ticket=twin.ticket_id,
        thread_reason="copy",
        reasons=("the same mail, changed on its way: kept beside the first",),
        changes=(consequences.remembered(case, twin.ticket_id),),
    )


def noted(case: Case, ticket: int, heard: tuple[Change, ...], *, why: str) -> Decision:
    """An internal note on a ticket, whoever wrote it; ``heard``: who is told."""
    return changed_copy(case) or Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.NOTE,
        ticket=ticket,
        changes=(consequences.remembered(case, ticket), *heard),
        reasons=(why,),
    )


def _request(case: Case) -> Decision:
    opened = consequences.opened(case)
    clock = consequences.clock(opened.team, opened.category, case.facts, case.policy, first=True)
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.REQUEST,
        reasons=opened.why,
        changes=(
            opened,
            consequences.everybody(case.mail, case.policy),
            consequences.remembered(case, None),
            clock,
            consequences.receipt(case, opened.language, clock),
            *consequences.told(case.sender.key, opened.team, clock, case.facts, case.policy),
        ),
    )


def _reply(case: Case, state: TicketFacts) -> Decision:
    ticket, facts, policy = state.ticket, case.facts, case.policy
    changes: list[Change] = [
        consequences.remembered(case, ticket.id),
        *consequences.new_people(case.mail, state, policy),
    ]
    if ticket.status in (Status.RESOLVED, Status.OUT_OF_SCOPE) and classify.is_bare_thanks(case.new.text):
        note = Note(kind="thanked", actor=case.sender.key)
        return _replied(ticket.id, (*changes, note), ("thanks do not reopen",))
    if ticket.status in (Status.RESOLVED, Status.WAITING, Status.OUT_OF_SCOPE):
        changes.append(SetStatus(status=Status.TAKEN, why="the requester wrote again"))
    # The promise is made once: whoever writes again before it is kept is owed a next answer.
    is_promised = any(clock.first for clock in state.running)
    first = ticket.taken_at is None and not is_promised
    clock = consequences.clock(ticket.team, ticket.category, facts, policy, first=first)
    told = consequences.told(case.sender.key, ticket.team, clock, facts, policy, assignee=ticket.assignee)
    return _replied(ticket.id, (*changes, clock, *told), ())


def _replied(ticket: int, changes: tuple[Change, ...], reasons: tuple[str, ...]) -> Decision:
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.REPLY,
        ticket=ticket,
        changes=changes,
        reasons=reasons,
    )
