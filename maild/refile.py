"""What an operator asks of a mail in quarantine: read it again, or leave it unread for good.

Stands above ``ingest`` and is called by the command line, beside a running daemon: that one never touches
such a mail, and what happens here is one transaction. Nothing is ever deleted. What does not fit is a value,
``Refused`` or ``isolate.Failure``; raises ``isolate.NoWorker`` and ``storage.database.Unavailable``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from maild import apply, ingest
from maild.apply import Applied
from maild.decide import message
from maild.decide.decision import Disposition
from maild.decide.facts import Scan, TicketFacts
from maild.ingest import Budgets, Office
from maild.isolate import Failure
from parsers.mail import ParsedMail
from storage.records import Event, KeptMail, Quarantined, SightingState
from storage.store import Transaction

OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why nothing was done."""

    why: str


def retry(item: Quarantined, office: Office) -> Applied | Failure | Refused:
    """Read the mail in a worker process; what was read goes on the plain ticket that stands for it."""
    if item.state is not SightingState.QUARANTINED:
        return Refused(why="it was discarded")
    with office.store.read() as tx:
        (kept,) = tx.kept((item.sighting_id,))
    if not kept.content:
        return Refused(why="its bytes were erased")
    found = office.worker.read(kept.content)
    if isinstance(found, Failure):
        return found
    scans = ingest.scanned([found], office)
    with office.store.write() as tx:
        return _put(tx, item, kept, found, scans, office)


def _put(
    tx: Transaction,
    item: Quarantined,
    kept: KeptMail,
    mail: ParsedMail,
    scans: Mapping[str, Scan],
    office: Office,
) -> Applied | Refused:
    if not _is_there(tx, item):
        return Refused(why="somebody else has just settled it")
    budgets = Budgets(tx=tx, policy=office.policy, now=office.now())
    facts = ingest.gather(tx, kept, mail, budgets, office, scans)
    state = tx.states((item.ticket_id,))[item.ticket_id]
    plain = TicketFacts(ticket=state.ticket, participants=state.participants, running=state.running)
    facts = replace(facts, tickets={**facts.tickets, item.ticket_id: plain})
    decision = message.reread(mail, item.message_row, item.ticket_id, facts, office.policy)
    if decision.disposition is Disposition.DUPLICATE:
        place = office.policy.desk.number(decision.ticket) if decision.ticket else "no ticket"
        return Refused(why=f"the same mail was filed meanwhile, on {place}: discard this one")
    return apply.apply(tx, decision, kept, mail, facts, policy=office.policy, paper=office.paper)


def discard(item: Quarantined, office: Office) -> Refused | None:
    """Leave the mail unread: it is no longer in quarantine, its ticket and its bytes stay as they are."""
    with office.store.write() as tx:
        if not _is_there(tx, item):
            return Refused(why="it was discarded" if item.state is SightingState.DISCARDED else "it is gone")
        tx.settle(item.sighting_id, SightingState.DISCARDED, item.message_row, item.reason)
        detail = json.dumps({"reason": item.reason}, ensure_ascii=False)
        told = Event(
            ticket_id=item.ticket_id, at=office.now(), kind="discarded", actor=OPERATOR, cause=item.mail_id,
            detail=detail,
        )  # fmt: skip
        tx.add_events((told,))
    return None


def _is_there(tx: Transaction, item: Quarantined) -> bool:
    """Still in quarantine, now that nobody else can write."""
    found = tx.quarantine(mail_id=item.mail_id)
    return any(one.state is SightingState.QUARANTINED for one in found)
