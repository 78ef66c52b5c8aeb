"""What the report reads: the clocks and the calls that began in one span, by their index, and nothing else.

Stands beside ``handling``; asked by ``maild.report``. However much there is outside the span, it is not
touched. Spam is in none of it. Raises ``database.Unavailable``.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import bindparam, select

from storage.handling import CALL
from storage.records import Call, Status, TimedMail
from storage.store import CLOCK, MESSAGE, RAW, TICKET, Transaction

_AT_ONCE = 1000

# The specialist teams' own clocks are no promise to a requester.
_TIMED = (
    select(
        CLOCK.c.ticket_id.label("ticket"), MESSAGE.c.mail_id, RAW.c.sha256, CLOCK.c.first,
        CLOCK.c.started_at, CLOCK.c.due_at, CLOCK.c.stopped_at, CLOCK.c.presumed, TICKET.c.status,
        TICKET.c.team, TICKET.c.category, TICKET.c.entity, CLOCK.c.desk, CLOCK.c.paused, CLOCK.c.paused_at,
    )
    .join(TICKET, TICKET.c.id == CLOCK.c.ticket_id)
    .join(MESSAGE, MESSAGE.c.id == CLOCK.c.message_id)
    .join(RAW, RAW.c.id == MESSAGE.c.raw_id)
    .where(
        CLOCK.c.started_at >= bindparam("since"), CLOCK.c.started_at < bindparam("until"),
        CLOCK.c.team == "", TICKET.c.status != Status.SPAM.value,
    )
    .order_by(CLOCK.c.started_at, CLOCK.c.id)
)  # fmt: skip
_CALLS = (
    select(CALL.c.ticket_id, CALL.c.at, CALL.c.agent, CALL.c.waited, CALL.c.lasted, CALL.c.first_call)
    .join(TICKET, TICKET.c.id == CALL.c.ticket_id)
    .where(
        CALL.c.at >= bindparam("since"), CALL.c.at < bindparam("until"), TICKET.c.status != Status.SPAM.value
    )
    .order_by(CALL.c.at, CALL.c.id)
)


def timed(tx: Transaction, *, since: datetime, until: datetime) -> Iterator[TimedMail]:
    """Every mail of a person whose clock began in a span, in the order of arrival.

    Args:
        since: aware; ``until`` is not part of the span.
    """
    span = {"since": since, "until": until}
    rows = tx.connection.execute(_TIMED.execution_options(yield_per=_AT_ONCE), span)
    for row in rows:
        yield TimedMail(**(row._asdict() | {"status": Status(row.status)}))


def calls(tx: Transaction, *, since: datetime, until: datetime) -> tuple[tuple[int, Call], ...]:
    """(ticket, call) of a span, in the order of their instants."""
    rows = tx.connection.execute(_CALLS, {"since": since, "until": until})
    return tuple(
        (
            row.ticket_id,
            Call(at=row.at, agent=row.agent, waited=row.waited, lasted=row.lasted, first_call=row.first_call),
        )
        for row in rows
    )
