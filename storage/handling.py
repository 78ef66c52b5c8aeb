"""What agents do with tickets: who takes part, what they answered, changed, asked of teams and ordered.

Stands beside ``store`` and ``outbox``; asked for an agent's mail only, so that the many mails of others cost
nothing of it. Raises ``database.Unavailable``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, bindparam, delete, func, insert, select, text, update
from sqlmodel import SQLModel

from storage.records import (
    Call,
    Consultation,
    EarlierTicket,
    Given,
    HeldFile,
    MessageKind,
    OutboxState,
    Participant,
    Spoken,
    Status,
    Ticket,
    Visit,
    Written,
)
from storage.store import (
    ATTACHMENT,
    CLOCK,
    MESSAGE,
    OUTBOX,
    PARTICIPANT,
    RAW,
    TICKET,
    Transaction,
    in_parts,
    row_of,
    ticket_record,
)
from storage.tables import CallRow, ConsultationRow, VisitRow

CONSULTATION, VISIT, CALL = (
    SQLModel.metadata.tables[str(row.__tablename__)] for row in (ConsultationRow, VisitRow, CallRow)
)
# Of a person's earlier tickets an agent reads the last few.
FEW = 5
# Among so many of his mails: whoever writes much more is a program.
_LOOKED_AT = 50
# A list that a person asks for is read in a mail, which says how many more there are.
MOST_LISTED = 1000
# A story is read in a mail: so many of its mails, and so many characters of each.
MOST_WRITTEN = 200
_MOST_TOLD = 20_000
# What a person says to the desk: the mails that an answer answers.
_SAID = (MessageKind.REQUEST.value, MessageKind.REPLY.value)
# A reply names so many of the mails before it (RFC 5322 3.6.4 sets no bound, servers do).
_MOST_SPOKEN = 20


def participants(tx: Transaction, ticket_id: int) -> tuple[Participant, ...]:
    """Who takes part in a ticket, the requester first."""
    rows = tx.connection.execute(select(PARTICIPANT).where(PARTICIPANT.c.ticket_id == ticket_id))
    found = (Participant(address=row.address, name=row.name, role=row.role) for row in rows)
    return tuple(sorted(found, key=lambda one: (one.role != "requester", one.address)))


def line_of(tx: Transaction, ticket_id: int) -> tuple[int, ...]:
    """The ticket and those that were merged into it, however often, itself first."""
    line, latest = [ticket_id], [ticket_id]
    while latest:
        merged = select(TICKET.c.id).where(TICKET.c.merged_into.in_(latest)).order_by(TICKET.c.id)
        latest = [number for number in tx.connection.execute(merged).scalars() if number not in line]
        line += latest
    return tuple(line)


def spoken(tx: Transaction, *tickets: int) -> tuple[Spoken, ...]:
    """The last mails of people on these tickets, in the order in which they came."""
    rows = tx.connection.execute(
        select(
            MESSAGE.c.id,
            MESSAGE.c.message_id,
            MESSAGE.c.sender_address,
            MESSAGE.c.arrived_at,
            MESSAGE.c.text,
            MESSAGE.c.mail_id,
            MESSAGE.c.kind,
            MESSAGE.c.ticket_id,
        )
        .where(MESSAGE.c.ticket_id.in_(tickets), MESSAGE.c.kind.in_(_SAID))
        .order_by(MESSAGE.c.id.desc())
        .limit(_MOST_SPOKEN)
    ).all()
    return tuple(
        Spoken(
            message_row=row.id, message_id=row.message_id, sender=row.sender_address,
            arrived_at=row.arrived_at, text=row.text, mail_id=row.mail_id,
            opened=row.kind == MessageKind.REQUEST.value, ticket=row.ticket_id,
        )
        for row in reversed(rows)
    )  # fmt: skip


def given(tx: Transaction, *tickets: int) -> tuple[Given, ...]:
    """What agents answered on these tickets, by the outbox, in the order of writing; then what was answered
    outside maild, whose ``outbox_id`` is 0."""
    rows = tx.connection.execute(
        select(
            OUTBOX.c.id, OUTBOX.c.mail_id, OUTBOX.c.recipient, OUTBOX.c.state, OUTBOX.c.created_at,
            MESSAGE.c.sender_address,
        )
        .outerjoin(MESSAGE, MESSAGE.c.mail_id == OUTBOX.c.mail_id)
        .where(OUTBOX.c.ticket_id.in_(tickets), OUTBOX.c.kind == MessageKind.RELAY.value)
        .order_by(OUTBOX.c.id)
    )  # fmt: skip
    outside = tx.connection.execute(
        select(MESSAGE.c.mail_id, MESSAGE.c.sender_address, MESSAGE.c.arrived_at)
        .where(MESSAGE.c.ticket_id.in_(tickets), MESSAGE.c.kind == MessageKind.OUTSIDE_ANSWER.value)
        .order_by(MESSAGE.c.id)
    )
    relayed = tuple(
        Given(
            outbox_id=row.id, cause=row.mail_id, agent=row.sender_address or "", recipient=row.recipient,
            state=OutboxState(row.state), created_at=row.created_at,
        )
        for row in rows
    )  # fmt: skip
    elsewhere = tuple(
        Given(
            outbox_id=0, cause=row.mail_id, agent=row.sender_address, recipient="", state=OutboxState.SENT,
            created_at=row.arrived_at,
        )
        for row in outside
    )  # fmt: skip
    return (*relayed, *elsewhere)


def earlier(tx: Transaction, address: str, *, before: int | None = None) -> tuple[EarlierTicket, ...]:
    """The last tickets that somebody wrote about, newest first; ``before``: another one than this."""
    rows = tx.connection.execute(_EARLIER, {"wanted": address, "before": before or 0})
    return tuple(
        EarlierTicket(id=row[0], subject=row[1], status=row[2], arrived_at=row[3]) for row in rows.all()
    )


# Built once: this is asked for every new ticket.
_LATELY = (
    select(MESSAGE.c.ticket_id, MESSAGE.c.kind)
    .where(MESSAGE.c.sender_address == bindparam("wanted"))
    .order_by(MESSAGE.c.id.desc())
    .limit(_LOOKED_AT)
    .subquery("lately")
)
_EARLIER = (
    select(TICKET.c.id, TICKET.c.subject, TICKET.c.status, TICKET.c.arrived_at)
    .join(_LATELY, _LATELY.c.ticket_id == TICKET.c.id)
    .where(_LATELY.c.kind == MessageKind.REQUEST.value, TICKET.c.id != bindparam("before"))
    .order_by(TICKET.c.id.desc())
    .limit(FEW)
)


def in_hand(tx: Transaction, *, assignee: str, teams: tuple[str, ...]) -> tuple[Ticket, ...]:
    """What an agent has in hand and what his teams have not taken, the nearest limit first."""
    own = TICKET.c.assignee == assignee
    nobody = (TICKET.c.assignee == "") & TICKET.c.team.in_(teams)
    # As the index has it, word for word: that of the open ones.
    is_open = text("(status = 'new' OR status = 'taken' OR status = 'waiting')")
    rows = tx.connection.execute(
        select(TICKET)
        .where(is_open, own | nobody)
        .order_by(TICKET.c.due_at.is_(None), TICKET.c.due_at, TICKET.c.id)
        .limit(MOST_LISTED)
    )
    return tuple(map(ticket_record, rows))


def written(tx: Transaction, ticket_ids: Iterable[int]) -> tuple[Written, ...]:
    """The last mails that came in on these tickets, in the order in which they came; long texts are cut."""
    rows = tx.connection.execute(
        select(
            MESSAGE.c.mail_id, MESSAGE.c.kind, MESSAGE.c.sender_name, MESSAGE.c.sender_address,
            MESSAGE.c.subject, MESSAGE.c.arrived_at, func.substr(MESSAGE.c.text, 1, _MOST_TOLD).label("text"),
            MESSAGE.c.thread_reason, MESSAGE.c.reasons, MESSAGE.c.verdicts,
        )
        .where(MESSAGE.c.ticket_id.in_(tuple(ticket_ids)))
        .order_by(MESSAGE.c.id.desc())
        .limit(MOST_WRITTEN)
    ).all()  # fmt: skip
    found = (Written(**(row._asdict() | {"kind": MessageKind(row.kind)})) for row in reversed(rows))
    return tuple(sorted(found, key=lambda one: one.arrived_at))


def held_files(tx: Transaction, ticket_ids: Iterable[int]) -> tuple[HeldFile, ...]:
    """The files on these tickets that stay with the desk, in the order in which they were
    written down: their numbers, which a mail that is read late does not change."""
    rows = tx.connection.execute(
        select(
            RAW.c.sha256.label("mail"), MESSAGE.c.sender_address.label("sender"), ATTACHMENT.c.filename,
            ATTACHMENT.c.content_type, ATTACHMENT.c.size, ATTACHMENT.c.sha256, ATTACHMENT.c.held,
        )
        .join(MESSAGE, MESSAGE.c.id == ATTACHMENT.c.message_id)
        .join(RAW, RAW.c.id == MESSAGE.c.raw_id)
        .where(MESSAGE.c.ticket_id.in_(tuple(ticket_ids)), ATTACHMENT.c.held != "")
        .order_by(ATTACHMENT.c.id)
    )  # fmt: skip
    return tuple(HeldFile(**row._asdict()) for row in rows)


def _first(column: Any) -> ScalarSelect[Any]:
    return select(func.min(column)).where(column.is_not(None)).scalar_subquery()


# The first of an index, whatever the planner guesses: of "not later than now" PostgreSQL guesses, once the
# statement is prepared, that a third of all tickets are, and walks through them until it has found one.
_FIRST_STILL = select(_first(TICKET.c.wake_at), _first(TICKET.c.look_at))


def has_still(tx: Transaction, *, now: datetime) -> bool:
    """Whether a ticket wakes now, or is to be looked at."""
    return any(first is not None and first <= now for first in tx.connection.execute(_FIRST_STILL).one())


def waking(tx: Transaction, *, now: datetime, limit: int) -> tuple[Ticket, ...]:
    """Waiting tickets whose time has come, taken in hand; those that another process has are left to it."""
    due = select(TICKET).where(TICKET.c.wake_at <= now).order_by(TICKET.c.wake_at, TICKET.c.id)
    return _in_hand(tx, due, limit)


def unattended(tx: Transaction, *, now: datetime, limit: int, resolved: bool = False) -> tuple[Ticket, ...]:
    """Tickets to be looked at now because nobody has for long, those that are resolved or all others; as
    ``waking``."""
    due = select(TICKET).where(
        TICKET.c.look_at <= now,
        TICKET.c.status == Status.RESOLVED.value if resolved else TICKET.c.status != Status.RESOLVED.value,
    )
    return _in_hand(tx, due.order_by(TICKET.c.look_at, TICKET.c.id), limit)


def _in_hand(tx: Transaction, due: Select[Any], limit: int) -> tuple[Ticket, ...]:
    rows = tx.connection.execute(due.limit(limit).with_for_update(skip_locked=True))
    return tuple(map(ticket_record, rows))


# ---------------------------------------------------------------------- consultations


def consultations(tx: Transaction, ticket_id: int) -> tuple[Consultation, ...]:
    """Which teams were asked about a ticket, in the order of asking."""
    return consultations_of(tx, (ticket_id,))[ticket_id]


def consultations_of(tx: Transaction, ticket_ids: Sequence[int]) -> dict[int, tuple[Consultation, ...]]:
    """Ticket -> which teams were asked about it, in the order of asking."""
    # A team's clock began when the team was asked.
    its_clock = and_(
        CLOCK.c.ticket_id == CONSULTATION.c.ticket_id,
        CLOCK.c.team == CONSULTATION.c.team,
        CLOCK.c.started_at == CONSULTATION.c.asked_at,
    )
    found: dict[int, list[Consultation]] = {number: [] for number in ticket_ids}
    for part in in_parts(ticket_ids):
        rows = tx.connection.execute(
            select(CONSULTATION, MESSAGE.c.mail_id, CLOCK.c.due_at)
            .outerjoin(MESSAGE, MESSAGE.c.id == CONSULTATION.c.answer_id)
            .outerjoin(CLOCK, its_clock)
            .where(CONSULTATION.c.ticket_id.in_(part))
            .order_by(CONSULTATION.c.id)
        )
        for row in rows:
            made = Consultation(
                id=row.id, team=row.team, asked_by=row.asked_by, asked_at=row.asked_at,
                answered_at=row.answered_at, answer=row.mail_id or "", due_at=row.due_at,
            )  # fmt: skip
            found[row.ticket_id].append(made)
    return {number: tuple(asked) for number, asked in found.items()}


def consult(tx: Transaction, ticket_id: int, *, team: str, asked_by: str, at: datetime) -> int:
    """A team was asked; returns the row's number."""
    made = tx.connection.execute(
        insert(CONSULTATION).values(ticket_id=ticket_id, team=team, asked_by=asked_by, asked_at=at)
    )
    return row_of(made)


def consulted(tx: Transaction, consultation_id: int, *, answer: int, at: datetime) -> None:
    """The team answered; ``answer``: the message that says what."""
    tx.connection.execute(
        update(CONSULTATION)
        .where(CONSULTATION.c.id == consultation_id)
        .values(answer_id=answer, answered_at=at)
    )


def withdraw(tx: Transaction, cause: str, tickets: Collection[int]) -> None:
    """What this mail asked of a team about these tickets was never asked: neither the question nor its clock
    is left."""
    asked = tx.connection.execute(
        select(CLOCK.c.id, CLOCK.c.ticket_id, CLOCK.c.team, CLOCK.c.started_at)
        .join(MESSAGE, MESSAGE.c.id == CLOCK.c.message_id)
        .where(MESSAGE.c.mail_id == cause, CLOCK.c.team != "", CLOCK.c.ticket_id.in_(tickets))
    ).all()
    for row in asked:
        tx.connection.execute(
            delete(CONSULTATION).where(
                CONSULTATION.c.ticket_id == row.ticket_id,
                CONSULTATION.c.team == row.team,
                CONSULTATION.c.asked_at == row.started_at,
            )
        )
        tx.connection.execute(delete(CLOCK).where(CLOCK.c.id == row.id))


# ---------------------------------------------------------------------- visits


def visits(tx: Transaction, ticket_id: int) -> tuple[Visit, ...]:
    """The visits of a ticket, and of those that were merged into it, in the order of ordering."""
    line = line_of(tx, ticket_id)
    rows = tx.connection.execute(select(VISIT).where(VISIT.c.ticket_id.in_(line)).order_by(VISIT.c.id))
    return tuple(Visit(**row._mapping) for row in rows)


def visits_of(tx: Transaction, ticket_ids: Sequence[int]) -> dict[int, list[Visit]]:
    """Ticket -> its visits, for each of these."""
    found: dict[int, list[Visit]] = {number: [] for number in ticket_ids}
    rows = tx.connection.execute(select(VISIT).where(VISIT.c.ticket_id.in_(ticket_ids)).order_by(VISIT.c.id))
    for row in rows:
        found[row.ticket_id].append(Visit(**row._mapping))
    return found


def plan_visit(tx: Transaction, values: Mapping[str, Any]) -> int:
    """Write a new visit; returns its row's number."""
    made = tx.connection.execute(insert(VISIT).values(**values))
    return row_of(made)


def change_visit(tx: Transaction, visit_id: int, **values: Any) -> None:
    """Change columns of a visit."""
    tx.connection.execute(update(VISIT).where(VISIT.c.id == visit_id).values(**values))


# ---------------------------------------------------------------------- calls


def log_call(tx: Transaction, ticket_id: int, call: Call) -> None:
    """Write down a phone contact."""
    tx.connection.execute(
        insert(CALL).values(
            ticket_id=ticket_id, at=call.at, agent=call.agent, waited=call.waited, lasted=call.lasted,
            first_call=call.first_call,
        )
    )  # fmt: skip


def calls(tx: Transaction, *, since: datetime, until: datetime) -> tuple[tuple[int, Call], ...]:
    """(ticket, call) of a span, in the order of their instants."""
    rows = tx.connection.execute(
        select(CALL).where(CALL.c.at >= since, CALL.c.at < until).order_by(CALL.c.at)
    )
    return tuple(
        (
            row.ticket_id,
            Call(at=row.at, agent=row.agent, waited=row.waited, lasted=row.lasted, first_call=row.first_call),
        )
        for row in rows
    )
