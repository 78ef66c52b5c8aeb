"""A ticket whose waiting is over (pure; DESIGN section 6).

Asked by ``sweep`` for the few tickets whose time has come.
"""

from maild.decide.consequences import recipients_of
from maild.decide.decision import Amend, Brief, Change, Note
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Policy
from storage.records import Status


def woken(state: TicketFacts, facts: Facts, policy: Policy) -> tuple[Change, ...]:
    """It stands where it stood before it waited, and whoever has it hears of it.

    A ticket that no longer waits has nothing to wake from.
    """
    ticket = state.ticket
    if ticket.status is not Status.WAITING:
        return (Amend(values=(("wake_at", None),)),)
    status = Status.TAKEN if ticket.taken_at else Status.NEW
    administrators = tuple((address, policy.desk.languages[0]) for address in policy.desk.administrators)
    people = recipients_of(ticket.team, facts, policy, assignee=ticket.assignee) or administrators
    return (
        Amend(values=(("status", status.value), ("wake_at", None))),
        Note(kind="woken", actor="clock", detail=(("status", status.value),)),
        *((Brief(recipients=people, reason="woken"),) if people else ()),
    )
