"""Threads that people repair: tickets that are merged or linked.

One of the effects of ``apply``. Whatever is moved, both stories tell it.
"""

from maild.decide.decision import Link, Merge
from maild.effects import clocks
from maild.effects.work import Work
from storage import repair
from storage.records import Status


def merge(work: Work, merged: Merge) -> None:
    """The ticket ends in another one: its clocks count there, its people take part there."""
    tx, into = work.tx, merged.into
    messages = repair.move_clocks(tx, work.here, into)
    people = repair.join(tx, work.here, into)
    work.changed |= {"status": Status.MERGED.value, "merged_into": into, "wake_at": None}
    work.derived |= clocks.shown(tx, work.here)
    tx.change_ticket(into, **clocks.shown(tx, into))
    work.tell("merged", work.actor, into=into)
    work.tell_of(into, "absorbed", work.actor, ticket=work.here, messages=messages, people=people)
    work.say("ticket.merged", ticket=work.number, into=into)


def link(work: Work, linked: Link) -> None:
    """Two tickets know of each other; of what was known nothing is told."""
    if work.tx.link(work.here, linked.other):
        work.tell("linked", work.actor, other=linked.other)
        work.tell_of(linked.other, "linked", work.actor, other=work.here)
