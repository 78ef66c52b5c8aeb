"""Tickets on which nothing moves: they wake at their date, are brought back to mind, or close by themselves.

The second part of a sweep. Each ticket is looked at under a lock of its own row, so that two processes never
tell of the same one.
"""

from dataclasses import dataclass
from datetime import datetime

from maild import apply, log
from maild.decide import silence
from maild.decide.waking import woken
from maild.effects.warnings import Circle, remind
from maild.ingest import Office, known
from storage import handling
from storage.records import Ticket
from storage.store import Transaction

_log = log.get("maild.sweep")

# So many in one transaction; each is looked at by itself.
AT_ONCE = 100
# A letter a person for each such part.
REMIND_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """How many tickets woke, had fallen silent, and closed."""

    woken: int = 0
    silent: int = 0
    closed: int = 0


def look_after(office: Office) -> Still:
    """Do what is due for tickets that stand still."""
    with office.store.read() as tx:
        if not handling.has_still(tx, now=office.now()):
            return Still()
    return Still(woken=_wake(office), silent=_remind(office), closed=_close(office))


def _wake(office: Office) -> int:
    """Tickets that waited until now come back to whoever has them, each in a letter of its own."""
    count = 0
    while True:
        with office.store.write() as tx:
            due = handling.waking(tx, now=office.now(), limit=AT_ONCE)
            for ticket in due:
                _wake_one(tx, ticket, office)
        count += len(due)
        if len(due) < AT_ONCE:
            return count


def _wake_one(tx: Transaction, ticket: Ticket, office: Office) -> None:
    facts = known(tx, (ticket.id,), office)
    changes = woken(facts.tickets[ticket.id], facts, office.policy)
    apply.act(
        tx, changes, facts, ticket=ticket.id, actor="clock", policy=office.policy, paper=office.paper,
        by_person=False,
    )  # fmt: skip
    _log.info("ticket.woken", ticket=ticket.id, until=ticket.wake_at)


def _remind(office: Office) -> int:
    """Tickets that were taken and then forgotten: whoever has them hears of it, and again after as long."""
    silent = 0
    while True:
        with office.store.write() as tx:
            now = office.now()
            due = handling.unattended(tx, now=now, limit=REMIND_AT_ONCE)
            forgotten = [ticket for ticket in due if _looks_at(tx, ticket, now, office)]
            if forgotten:
                remind(tx, forgotten, Circle(policy=office.policy, paper=office.paper, now=now))
        silent += len(forgotten)
        for ticket in forgotten:
            _log.info("ticket.silent", ticket=ticket.id, since=silence.left_alone_since(ticket))
        if len(due) < REMIND_AT_ONCE:
            return silent


def _looks_at(tx: Transaction, ticket: Ticket, now: datetime, office: Office) -> bool:
    """Whether it is forgotten; what was touched since its look was noted is looked at later."""
    at = silence.look_at(ticket.status, silence.left_alone_since(ticket), office.policy.sla)
    is_forgotten = at is not None and at <= now
    tx.change_ticket(ticket.id, look_at=now + office.policy.sla.silent_after if is_forgotten else at)
    return is_forgotten


def _close(office: Office) -> int:
    """Resolved tickets to which nobody came back close by themselves."""
    closed = 0
    while True:
        with office.store.write() as tx:
            due = handling.unattended(tx, now=office.now(), limit=AT_ONCE, resolved=True)
            closed += sum(_close_one(tx, ticket, office) for ticket in due)
        if len(due) < AT_ONCE:
            return closed


def _close_one(tx: Transaction, ticket: Ticket, office: Office) -> bool:
    now, since = office.now(), silence.left_alone_since(ticket)
    at = silence.look_at(ticket.status, since, office.policy.sla)
    if at is not None and at > now:
        tx.change_ticket(ticket.id, look_at=at)
        return False
    facts = known(tx, (ticket.id,), office)
    apply.act(
        tx, silence.closed(ticket), facts, ticket=ticket.id, actor="clock", policy=office.policy,
        paper=office.paper, by_person=False,
    )  # fmt: skip
    _log.info("ticket.closed", ticket=ticket.id, since=since)
    return True
