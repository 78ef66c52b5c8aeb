"""Threads that people repair, tickets that are merged, linked or split, and what they take back.

One of the effects of ``apply``. Whatever is moved, both stories tell it.
"""

from dataclasses import replace

from maild.decide import sla
from maild.decide.decision import AddParticipants, HandOver, Link, Merge, SplitOff, StartClock, Undo
from maild.effects import clocks
from maild.effects.opening import LONGEST_ADDRESS, add_people, write_ticket
from maild.effects.work import Work
from storage import handling, outbox, repair
from storage.outbox import Act
from storage.records import Clock, Status
from storage.repair import SPLIT


def merge(work: Work, merged: Merge) -> None:
    """The ticket ends in another one: its clocks count there, its people take part there."""
    tx, into = work.tx, merged.into
    messages = repair.move_clocks(tx, work.here, into)
    people = repair.join(tx, work.here, into)
    work.changed |= {"status": Status.MERGED.value, "merged_into": into, "wake_at": None}
    work.derived |= clocks.shown(tx, work.here)
    _reckon(work, into, work.here)
    tx.change_ticket(into, touched_at=work.facts.now)
    work.tell("merged", work.actor, into=into)
    work.tell_of(into, "absorbed", work.actor, ticket=work.here, messages=messages, people=people)
    work.say("ticket.merged", ticket=work.number, into=into)


def _reckon(work: Work, number: int, *merged: int) -> None:
    """The clocks that came to another ticket stand still or run like its own; it shows what is left."""
    status = work.tx.states((number,))[number].ticket.status
    waits, at = status is Status.WAITING, work.facts.arrived_at
    line = (*handling.line_of(work.tx, number), *merged)
    clocks.hold_or_go_on(work.tx, line, waits=waits, at=at, policy=work.policy)
    work.tx.change_ticket(number, **clocks.shown(work.tx, number))


def link(work: Work, linked: Link) -> None:
    """Two tickets know of each other; of what was known nothing is told."""
    if work.tx.link(work.here, linked.other):
        work.tell("linked", work.actor, other=linked.other)
        work.tell_of(linked.other, "linked", work.actor, other=work.here)


def split(work: Work, off: SplitOff) -> None:
    """A mail of the ticket, with its clock, its files and its references, becomes a ticket of its own."""
    tx, here = work.tx, work.here
    opening = replace(off.opening, status=Status.TAKEN if off.taken else Status.NEW)
    clock = repair.clock_of(tx, off.message)
    stopped = clock.stopped_at if clock else None
    number, _ = write_ticket(
        work, opening, due_at=None, acknowledged=False, assignee=off.assignee,
        taken_at=(stopped or work.facts.now) if off.taken else None,
    )  # fmt: skip
    add_people(work, number, off.people)
    repair.move_message(tx, off.message, number)
    repair.move_reference(tx, off.own_id, off.lies, number)
    tx.add_references(number, tuple(id_ for id_ in off.ids if id_ != off.own_id))
    if clock is not None:
        anew = _as_first(clock, off.clock, work)
        repair.begin_anew(tx, anew, number, next_at=off.clock.next_at)
    tx.change_ticket(number, **clocks.shown(tx, number))
    work.derived |= clocks.shown(tx, here)
    work.opened = number
    work.tell("split", work.actor, into=number, mail=off.mail_id)
    opened = {"links": [here], "reason": SPLIT, "mail": off.mail_id}
    work.tell_of(number, "opened", off.opening.requester.address, **opened)
    work.say("ticket.split", ticket=work.number, into=number, mail=off.mail_id)


def _as_first(clock: Clock, first: StartClock, work: Work) -> Clock:
    """The clock of a mail by the limits of its new ticket, and later by what it has stood still until now."""
    on = sla.resumed(clock, work.facts.arrived_at, work.policy)
    anew = replace(on, near_at=first.near_at, due_at=first.due_at, span=first.span, desk=first.desk, paused=0)
    return sla.later(anew, on.paused, work.policy) if on.desk is first.desk else anew


def hand_over(work: Work, handed: HandOver) -> None:
    """The ticket is somebody else's; whoever it was taken for takes part in it no longer."""
    before, requester = work.before.ticket, handed.requester
    work.changed |= {
        "requester_name": requester.name, "requester_address": requester.address[:LONGEST_ADDRESS],
        "language": handed.language, "standing": handed.standing, "entity": handed.entity,
    }  # fmt: skip
    if handed.subject:
        work.changed["subject"] = work.subject = handed.subject
    repair.leave(work.tx, work.here, (before.requester_address.casefold(), requester.key))
    add_people(work, work.here, AddParticipants(people=((requester, "requester"),)))
    work.tell("handed_over", work.actor, to=requester.address, instead_of=before.requester_address)


def undo(work: Work, undone: Undo) -> None:
    """Take back what one cause brought about, on each ticket that it touched."""
    tx = work.tx
    for number in undone.letters:
        outbox.intervene(tx, number, Act.DROP, by=work.actor, now=work.facts.now)
    for other in undone.unlink:
        repair.unlink(tx, work.here, other)
    for released in undone.released:
        repair.move_clocks(tx, work.here, released.ticket, only=released.messages)
        repair.leave(tx, work.here, released.people)
    tx.restart_clocks(undone.restart)
    columns = {number: dict(values) for number, values in undone.columns}
    handling.withdraw(tx, undone.of, {work.here, *columns})
    # What is restored is no change that could be undone in its turn.
    work.derived |= columns.get(work.here, {}) | clocks.shown(tx, work.here)
    others = {*columns, *(released.ticket for released in undone.released)} - {work.here}
    for number in others:
        # Whatever its status is again: the sweep looks, and finds out.
        looks = {"touched_at": work.facts.now, "look_at": work.facts.now}
        tx.change_ticket(number, **columns.get(number, {}), **looks)
        _reckon(work, number)
    for number in sorted({work.here, *others, *undone.unlink}):
        work.tell_of(number, "undone", work.actor, of=undone.of, restored=columns.get(number, {}))
