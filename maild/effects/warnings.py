"""What people of the desk are told as time passes: one letter each for all that one look has found.

Written for ``sweep``, in the transaction that records that they know: so nothing is told twice, whatever dies
when, and a daemon that was down for long sends no flood. Raises what the ledger raises.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from maild import compose
from maild.assembly import Letter
from maild.compose import Line, Stationery
from maild.decide import silence, warnings
from maild.decide.policy import Policy
from maild.decide.warnings import Way
from maild.effects import letters
from maild.effects.work import NO_TICKET, as_json, marker_of, owe_letter
from parsers.addresses import Address
from storage.records import Clock, Event, MessageKind, Ticket
from storage.store import Transaction

CAUSE = "timer:sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """In whose name, on what paper and when people are told."""

    policy: Policy
    paper: Stationery
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A ticket in a letter. ``about``: what the letter is owed for, where it is the first of it."""

    ticket: Ticket
    line: Line
    about: str


# (address, language) of each, and the tickets that stand in his letter.
_Letters = dict[tuple[str, str], list[_Entry]]


def warn(tx: Transaction, way: Way, reached: Iterable[tuple[Ticket, Clock]], circle: Circle) -> None:
    """Tell whoever has these tickets of the share that their clocks have reached."""
    told = sorted(reached, key=lambda pair: (pair[1].due_at, pair[1].id))
    nearest: dict[int, tuple[Ticket, Clock]] = {}
    for ticket, clock in told:
        nearest.setdefault(ticket.id, (ticket, clock))
    people = {
        number: warnings.hearers(ticket, way, circle.now, circle.policy)
        for number, (ticket, _) in nearest.items()
    }
    addressed: _Letters = {}
    for number, (ticket, clock) in nearest.items():
        line = _line(ticket, circle.policy, due_at=clock.due_at, at=clock.started_at, first=clock.first)
        for person in people[number]:
            about = f"{way.value}:{clock.id}"
            addressed.setdefault(person, []).append(_Entry(ticket=ticket, line=line, about=about))
    if way is Way.DIGEST:
        _send(tx, compose.warning, MessageKind.WARNING, addressed, circle, is_list=True)
    else:
        _send(tx, partial(compose.alert, stage=way.value), MessageKind.ALERT, addressed, circle)
    tx.add_events([_event(t, c, way, [a for a, _ in people[t.id]], circle.now) for t, c in told])


def _event(ticket: Ticket, clock: Clock, way: Way, to: Sequence[str], now: datetime) -> Event:
    detail = {"share": clock.warned, "by": way.value, "due_at": clock.due_at, "first": clock.first, "to": to}
    return Event(
        ticket_id=ticket.id, at=now, kind="warned", actor="clock", cause=CAUSE, detail=as_json(detail)
    )


def remind(tx: Transaction, tickets: Iterable[Ticket], circle: Circle) -> None:
    """Tell whoever has these tickets that nothing happens to them any more."""
    addressed: _Letters = {}
    events = []
    for ticket in tickets:
        since = silence.left_alone_since(ticket)
        entry = _Entry(
            ticket=ticket, line=_line(ticket, circle.policy, at=since), about=f"silent:{ticket.id}"
        )
        people = warnings.hearers(ticket, None, circle.now, circle.policy)
        for person in people:
            addressed.setdefault(person, []).append(entry)
        detail = as_json({"since": since, "to": [address for address, _ in people]})
        events.append(
            Event(
                ticket_id=ticket.id, at=circle.now, kind="silent", actor="clock", cause=CAUSE, detail=detail
            )
        )
    _send(tx, compose.silent, MessageKind.WARNING, addressed, circle)
    tx.add_events(events)


def _send(
    tx: Transaction,
    write: Callable[..., Letter],
    kind: MessageKind,
    addressed: _Letters,
    circle: Circle,
    *,
    is_list: bool = False,
) -> None:
    """A letter each. One about a single ticket is that ticket's mail, and a reply to it works like one to the
    notification; whoever answers a list names the tickets that he means."""
    for (address, language), theirs in addressed.items():
        only = theirs[0].ticket if len(theirs) == 1 and not is_list else None
        key = only.key if only else NO_TICKET
        post = letters.post_of_no_ticket(
            Address("", address), language, now=circle.now, policy=circle.policy, key=key
        )
        marker = {"marker": marker_of(post)} if only else {}
        letter = write(circle.paper, tickets=[one.line for one in theirs], **marker, **post)
        owed = f"{theirs[0].about}:{circle.now.isoformat()}:{address}"
        owe_letter(tx, letter, kind, owed=owed, cause=CAUSE, ticket=only.id if only else None, now=circle.now)


def _line(
    ticket: Ticket,
    policy: Policy,
    *,
    at: datetime,
    due_at: datetime | None = None,
    first: bool = True,
) -> Line:
    return Line(
        number=policy.desk.number(ticket.id),
        subject=ticket.subject,
        requester=Address(ticket.requester_name, ticket.requester_address),
        due_at=due_at,
        at=at,
        first=first,
    )
