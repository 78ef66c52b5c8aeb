"""A letter did not arrive, and nobody will try again: the ticket shows it, and somebody hears of it.

Stands beside ``outbox``, within the transaction that settles the letter: both are durable, or neither. What
was meant for a requester is told to the agent whose ticket it is, else to the team; what was meant for the
desk's own people, to the administrators, once a day for each address; what was meant for them, to the log
alone. So the failure of a telling is told one step further, and never back. A letter that cannot be written
is logged, and the ticket shows the failure all the same.
"""

import json
from datetime import datetime, timedelta

from maild import compose, log
from maild.arrival import Source
from maild.decide.consequences import recipients_of
from maild.decide.facts import Facts
from maild.effects import letters
from maild.effects.work import owe_letter
from maild.ingest import Office
from parsers.addresses import Address
from storage import outbox
from storage.database import is_unavailable
from storage.outbox import Settlement
from storage.records import Event, MessageKind, OutboxEntry, OutboxState, Ticket
from storage.store import Transaction

_log = log.get("maild.send.undelivered")

# What a person waits for an answer to, or has asked; everything else is for the desk itself.
OUTWARD = frozenset(
    {MessageKind.RECEIPT, MessageKind.RELAY, MessageKind.INVITATION, MessageKind.CONSULTATION}
)
DAY, MOST_A_DAY = timedelta(days=1), 50
LOST = frozenset({OutboxState.FAILED, OutboxState.UNCERTAIN})


def tell(tx: Transaction, entry: OutboxEntry, settlement: Settlement, office: Office) -> None:
    """Mark the ticket of a letter that is lost, or may be, and tell whom it concerns."""
    if settlement.state not in LOST:
        return
    _mark(tx, entry, settlement)
    try:
        with tx.savepoint():
            _write(tx, entry, settlement, office)
    except Exception as error:
        if is_unavailable(error):
            raise
        # A template of the operator's that fails must not make us send again what was refused.
        _log.exception("undelivered.untold", outbox=entry.id, mail_id=entry.mail_id)


def _mark(tx: Transaction, entry: OutboxEntry, settlement: Settlement) -> None:
    detail = {
        "outbox": entry.id, "kind": entry.kind, "to": entry.recipient, "state": settlement.state,
        "reply": settlement.reply,
    }  # fmt: skip
    tx.add_events(
        [
            Event(
                ticket_id=entry.ticket_id, at=settlement.at, kind="undelivered", actor="maild",
                cause=entry.mail_id, detail=json.dumps(detail, ensure_ascii=False),
            )
        ]
    )  # fmt: skip
    if settlement.state is OutboxState.FAILED:
        outbox.unacknowledge(tx, entry)


def _write(tx: Transaction, entry: OutboxEntry, settlement: Settlement, office: Office) -> None:
    if entry.kind is MessageKind.TROUBLE:
        return
    state = tx.states((entry.ticket_id,)).get(entry.ticket_id) if entry.ticket_id is not None else None
    told = 0
    if entry.kind in OUTWARD and state is not None:
        told = _tell_agents(tx, entry, settlement, state.ticket, office)
    if told == 0:
        _tell_administrators(tx, entry, settlement, office)


def _tell_agents(
    tx: Transaction, entry: OutboxEntry, settlement: Settlement, ticket: Ticket, office: Office
) -> int:
    """A letter to each who hears of this ticket; how many there are."""
    policy, now = office.policy, settlement.at
    facts = Facts(now=now, arrived_at=now, mail_id=entry.mail_id, maildrop="", source=Source.INBOX)
    people = recipients_of(ticket.team, facts, policy, assignee=ticket.assignee)
    others = [(a, language) for a, language in people if _may_be_told(tx, a, entry, now)]
    for address, language in others:
        # A reply to it works like one to the notification: it is that ticket's mail.
        post = letters.post_of_no_ticket(
            Address("", address), language, now=now, policy=policy, key=ticket.key
        )
        letter = compose.undelivered(
            office.paper, number=policy.desk.number(ticket.id), subject=ticket.subject,
            address=entry.recipient, kind=entry.kind.value, reply=settlement.reply,
            uncertain=settlement.state is OutboxState.UNCERTAIN, **post,
        )  # fmt: skip
        owed = f"undelivered:{entry.id}:{now.isoformat()}:{address}"
        owe_letter(tx, letter, MessageKind.ALERT, owed=owed, cause=entry.mail_id, ticket=ticket.id, now=now)
    return len(others)


def _may_be_told(tx: Transaction, address: str, entry: OutboxEntry, now: datetime) -> bool:
    """Not at the address that failed; and after an outage of days nobody gets a letter for each receipt."""
    so_far = outbox.written(tx, [address], MessageKind.ALERT, since=now - DAY)
    return address.casefold() != entry.recipient.casefold() and sum(so_far.values()) < MOST_A_DAY


def _tell_administrators(tx: Transaction, entry: OutboxEntry, settlement: Settlement, office: Office) -> None:
    about = f"undelivered:{entry.recipient}:{settlement.at:%Y%m%d}"
    number = f"{office.policy.desk.number(entry.ticket_id)}: " if entry.ticket_id is not None else ""
    letters.owe_trouble(
        tx, about=about, headline=f"Mail to {entry.recipient} does not arrive",
        details=f"{number}{entry.kind.value} {entry.id}: {settlement.reply}. See `maild outbox list`.",
        cause=entry.mail_id, now=settlement.at, policy=office.policy, paper=office.paper,
    )  # fmt: skip
