"""Answers given outside maild: found in a Sent folder, or sent to the desk in copy (pure; DESIGN section 6).

Judges for ``message.decide``. Such an answer is on the ticket and stops the clock at its own instant; it is
never relayed, because the requester has it.
"""

from maild.decide import consequences
from maild.decide.case import Case
from maild.decide.decision import Change, Decision, Disposition, StopClocks, TakeInCharge
from maild.decide.facts import TicketFacts
from storage.records import MessageKind


def sent(case: Case) -> Decision:
    """What lies in a folder of sent mail, and is none of our own letters."""
    if case.ticket is None:
        return Decision(
            disposition=Disposition.IGNORED,
            kind=MessageKind.OUTSIDE_ANSWER,
            direction="out",
            reasons=("a sent mail that answers no ticket",),
        )
    return answered(case, case.ticket)


def answered(case: Case, state: TicketFacts) -> Decision:
    """An answer to somebody who takes part is an act; to others it is only shown."""
    by, at = case.sender.key, case.facts.arrived_at
    agent = case.policy.agent(by)
    changes: list[Change] = [consequences.remembered(case, state.ticket.id)]
    if case.others & state.participants:
        changes += [
            TakeInCharge(agent=agent.address if agent else "", at=at),
            StopClocks(at=at, by=by, act="outside_answer"),
        ]
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.OUTSIDE_ANSWER,
        direction="out",
        ticket=state.ticket.id,
        changes=tuple(changes),
    )
