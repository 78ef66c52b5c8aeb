"""Tickets to which nothing happens any more (pure; DESIGN section 7).

Asked by ``effects.attendance`` whenever somebody touches a ticket, and by ``sweep`` for the few whose time
has come: one that was taken in charge is brought back to mind, one that was resolved is closed.
"""

from datetime import datetime

from maild.decide.decision import Amend, Change, Note
from maild.decide.policy import Sla
from storage.records import MessageKind, Status, Ticket

# Mail that no person wrote, or that was here before: it leaves a ticket as forgotten as it was.
_NOBODYS = frozenset(
    {
        MessageKind.BOUNCE,
        MessageKind.AUTO_REPLY,
        MessageKind.LIST,
        MessageKind.DISPOSITION_NOTICE,
        MessageKind.COPY,
        MessageKind.OWN_COPY,
    }
)


def is_of_a_person(kind: MessageKind) -> bool:
    """Whether a mail of this kind that comes in says that somebody minds its ticket."""
    return kind not in _NOBODYS


def look_at_once(status: Status, at: datetime) -> datetime | None:
    """When the sweep looks at a ticket that changes beside a decision's own: it finds out what is to do."""
    return at if status in (Status.TAKEN, Status.RESOLVED) else None


def look_at(status: Status, since: datetime, sla: Sla) -> datetime | None:
    """When to look at a ticket that stands so and was left alone since then; None for never."""
    after = {Status.TAKEN: sla.silent_after, Status.RESOLVED: sla.close_after}
    return since + after[status] if status in after else None


def left_alone_since(ticket: Ticket) -> datetime:
    """When somebody last minded a ticket, as far as is known."""
    return ticket.touched_at or ticket.taken_at or ticket.created_at


def closed(ticket: Ticket) -> tuple[Change, ...]:
    """Nobody came back to it: what was resolved is over, and nobody is written to."""
    since = left_alone_since(ticket).isoformat()
    return (
        Amend(values=(("status", Status.CLOSED.value),)),
        Note(kind="closed", actor="clock", detail=(("status", Status.CLOSED.value), ("since", since))),
    )
