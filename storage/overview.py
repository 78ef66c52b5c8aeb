"""How the desk stands now: what a wall shows of the ledger, in a few bounded questions.

Stands beside ``store``, asked by the board each few seconds: what is over and done costs nothing, however
much of it there is. Raises ``database.Unavailable``.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select, text

from storage import troubles
from storage.records import Maildrop, StandingTrouble, Status
from storage.store import CLOCK, SIGHTING, TICKET, TicketState, Transaction

# Nobody reads more on a wall; how many more there are is counted.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCount:
    """The open tickets of a team ("" for none): all, those nobody has taken, those that wait for somebody
    else, those whose clock runs; of these, as the last sweep left them, near their limit or past it."""

    team: str
    open: int = 0
    untaken: int = 0
    waiting: int = 0
    running: int = 0
    near: int = 0
    breached: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What happened since the day began: people who wrote and opened a ticket; first mails that were taken in
    charge, those in time, and answers to later mails. Spam is none of it, nor what is only presumed."""

    arrived: int = 0
    taken: int = 0
    in_time: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """``nearest``: the tickets whose clocks run, the nearest limit first, MOST_SHOWN at most. ``unfiled``:
    mails that are kept and not yet on a ticket, by the maildrop's name."""

    nearest: tuple[TicketState, ...] = ()
    teams: tuple[TeamCount, ...] = ()
    today: Today = Today()
    maildrops: tuple[Maildrop, ...] = ()
    unfiled: dict[str, int]
    troubles: tuple[StandingTrouble, ...] = ()


def overview(tx: Transaction, *, since: datetime, most: int = MOST_SHOWN) -> Overview:
    """The desk at this instant; ``since``: when its day began, aware UTC."""
    drops = tx.maildrops()
    return Overview(
        nearest=_nearest(tx, most),
        teams=_teams(tx),
        today=_today(tx, since),
        maildrops=drops,
        unfiled=_unfiled(tx, drops),
        troubles=troubles.standing(tx),
    )


def _nearest(tx: Transaction, most: int) -> tuple[TicketState, ...]:
    order = select(TICKET.c.id).where(TICKET.c.due_at.is_not(None)).order_by(TICKET.c.due_at).limit(most)
    numbers = tx.connection.execute(order).scalars().all()
    states = tx.states(numbers)
    return tuple(states[number] for number in numbers)


def _teams(tx: Transaction) -> tuple[TeamCount, ...]:
    # As the index has it, word for word: that of the open ones.
    is_open = text("(status = 'new' OR status = 'taken' OR status = 'waiting')")
    runs = TICKET.c.due_at.is_not(None)
    counted = {
        "open": func.count(),
        "untaken": func.count().filter(TICKET.c.status == Status.NEW.value),
        "waiting": func.count().filter(TICKET.c.status == Status.WAITING.value),
        "running": func.count().filter(runs),
        "near": func.count().filter(and_(runs, TICKET.c.near_limit, ~TICKET.c.breached)),
        "breached": func.count().filter(and_(runs, TICKET.c.breached)),
    }
    columns = [count.label(name) for name, count in counted.items()]
    rows = tx.connection.execute(select(TICKET.c.team, *columns).where(is_open).group_by(TICKET.c.team))
    return tuple(TeamCount(**row._mapping) for row in rows)


def _today(tx: Transaction, since: datetime) -> Today:
    """Read from the clocks, which know each mail of a person and the act that answered it."""
    # Looked up one by one: for a join PostgreSQL would rather read every ticket that there is.
    status = select(TICKET.c.status).where(TICKET.c.id == CLOCK.c.ticket_id).scalar_subquery()
    desks = and_(CLOCK.c.team == "", status != Status.SPAM.value)
    arrived = select(func.count()).where(desks, CLOCK.c.first, CLOCK.c.started_at >= since)
    stopped = select(
        func.count().filter(CLOCK.c.first).label("taken"),
        func.count().filter(and_(CLOCK.c.first, CLOCK.c.stopped_at <= CLOCK.c.due_at)).label("in_time"),
        func.count().filter(~CLOCK.c.first).label("answered"),
    ).where(desks, ~CLOCK.c.presumed, CLOCK.c.stopped_at >= since)
    row = tx.connection.execute(stopped).one()
    return Today(arrived=tx.connection.execute(arrived).scalar() or 0, **row._mapping)


def _unfiled(tx: Transaction, drops: tuple[Maildrop, ...]) -> dict[str, int]:
    # Written out: SQLite takes a partial index only for a condition that it can read.
    waits = (
        select(SIGHTING.c.maildrop_id, func.count().label("mails"))
        .where(text("state = 'received'"))
        .group_by(SIGHTING.c.maildrop_id)
    )
    names = {drop.id: drop.name for drop in drops}
    return {names[row.maildrop_id]: row.mails for row in tx.connection.execute(waits)}
