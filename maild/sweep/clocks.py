"""Clocks that are due: each stage is recorded once and shown by marks, each share told once.

The first part of a sweep: due clocks -> ``decide.warnings`` -> the ledger, letters included.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from maild import log, steps
from maild.decide import teams, warnings
from maild.decide.facts import TicketFacts
from maild.decide.warnings import Looked, Way
from maild.effects import consultations
from maild.effects.warnings import CAUSE, Circle, warn
from maild.effects.work import owe_letter
from maild.ingest import Office
from maild.steps import Step
from storage import outbox
from storage.records import Clock, Event, MessageKind, Stage
from storage.store import TicketState, Transaction

_log = log.get("maild.sweep")

# A letter a person for each such part: a first start on a mailbox of years sends a few, not a flood.
AT_ONCE = 5000


def advance(office: Office) -> tuple[int, int]:
    """Bring every clock up to now; returns how many of the desk's came near their limit, and reached it."""
    near = breached = 0
    with office.store.read() as tx:
        # Most sweeps find nothing, and wait for nobody who writes.
        if not tx.has_clocks_due(now=office.now()):
            return near, breached
    while True:
        with office.store.write() as tx:
            due = tx.clocks_due(now=office.now(), limit=AT_ONCE)
            stages = _advance(tx, due, office)
            steps.reached(Step.SWEEPING)
        steps.reached(Step.SWEPT)
        near += stages.count(Stage.NEAR)
        breached += stages.count(Stage.BREACHED)
        if len(due) < AT_ONCE:
            return near, breached


def _advance(tx: Transaction, due: Sequence[Clock], office: Office) -> list[Stage]:
    """The new stages of the desk's own clocks."""
    if not due:
        return []
    now, policy = office.now(), office.policy
    looked = [warnings.look(clock, now, policy) for clock in due]
    heard = tx.heard(one.clock.ticket_id for one in looked if one.way)
    tx.advance_clocks([(one.clock.id, one.clock.stage, one.next_at, one.clock.warned) for one in looked])
    for found in looked:
        if found.clock.team and found.advanced:
            _remind(tx, found.clock, now, office)
    ours = [found for found in looked if not found.clock.team]
    _mark(tx, [found.clock for found in ours if found.advanced], now)
    _tell(tx, warnings.news(ours, heard), Circle(policy=policy, paper=office.paper, now=now))
    return [found.clock.stage for found in ours if found.advanced]


def _mark(tx: Transaction, came: Sequence[Clock], now: datetime) -> None:
    """What everybody sees of a stage: on the ticket, in its story, on the mail."""
    tx.unmark([clock.message_id for clock in came])
    tx.show_limits({clock.ticket_id: clock.stage is Stage.BREACHED for clock in _worst_last(came)})
    tx.add_events([_event(clock, now) for clock in came])
    for clock in came:
        name = "sla.breached" if clock.stage is Stage.BREACHED else "sla.near"
        _log.info(name, ticket=clock.ticket_id, due_at=clock.due_at)


def _worst_last(came: Iterable[Clock]) -> list[Clock]:
    return sorted(came, key=lambda clock: clock.stage is Stage.BREACHED)


def _event(clock: Clock, now: datetime) -> Event:
    detail = json.dumps({"due_at": clock.due_at, "first": clock.first}, default=str)
    kind = "breached" if clock.stage is Stage.BREACHED else "near_limit"
    return Event(ticket_id=clock.ticket_id, at=now, kind=kind, actor="clock", cause=CAUSE, detail=detail)


def _tell(tx: Transaction, looked: Sequence[Looked], circle: Circle) -> None:
    tickets = tx.numbered({one.clock.ticket_id for one in looked})
    for way in Way:
        told = [(tickets[one.clock.ticket_id], one.clock) for one in looked if one.way is way]
        if told:
            warn(tx, way, told, circle)
        for ticket, clock in told:
            _log.info("sla.warned", ticket=ticket.id, by=way.value, share=clock.warned, due_at=clock.due_at)


def _remind(tx: Transaction, clock: Clock, now: datetime, office: Office) -> None:
    """A specialist team's own limit: whoever waits for the team hears of it, and who leads it.

    The promise to the requester is the desk's: neither the ticket nor the mail is marked for it.
    """
    state, stage = _survivor(tx, clock.ticket_id), clock.stage
    if state.ticket.status not in teams.OPEN:
        return  # nobody waits for an answer any more
    known = TicketFacts(ticket=state.ticket, participants=state.participants)
    for owed, letter in consultations.reminders(tx, known, clock, stage, now, office.policy, office.paper):
        if not outbox.is_owed(tx, owed):
            owe_letter(tx, letter, MessageKind.ALERT, owed=owed, cause=CAUSE, ticket=state.ticket.id, now=now)
    detail = json.dumps({"team": clock.team, "due_at": clock.due_at}, default=str)
    kind = "team_breached" if stage is Stage.BREACHED else "team_near_limit"
    event = Event(ticket_id=state.ticket.id, at=now, kind=kind, actor="clock", cause=CAUSE, detail=detail)
    tx.add_events([event])
    _log.info("sla.team", ticket=state.ticket.id, team=clock.team, stage=stage.value, due_at=clock.due_at)


def _survivor(tx: Transaction, number: int) -> TicketState:
    """The ticket, or what it was merged into: a team's clock stays with the ticket of which it was asked."""
    state, seen = tx.states((number,))[number], set[int]()
    while (into := state.ticket.merged_into) is not None and into not in seen:
        seen.add(into)
        state = tx.states((into,))[into]
    return state
