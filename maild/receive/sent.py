"""Answers given outside maild: copies in the folders of sent mail, and \\Answered on the mail itself.

Stands beside ``imap`` and works within its session, between two looks at the inbox. What the server does
wrong ends the session, as in ``imap``.
"""

from datetime import datetime

from maild import log
from maild.arrival import Source
from maild.effects.clocks import presume_answered
from maild.receive import beside
from maild.receive.intake import Session

_log = log.get("maild.receive.sent")


def look(session: Session) -> None:
    """Find answers of people: in every folder of sent mail, then by flag."""
    for folder in session.station.drop.sent:
        beside.take_in(session, folder, Source.SENT)
    look_for_answered(session)


def look_for_answered(session: Session) -> None:
    """\\Answered stops the clock at the moment it is first seen, and is told as presumed.

    Nobody knows when the answer was given: it answers that mail and those before it, not what came after.
    """
    store, policy = session.station.office.store, session.station.office.policy
    # The server first: mostly it says none, and then nobody reads through all that is open.
    answered = session.mailbox.answered()
    if not answered:
        return
    with store.read() as tx:
        running = tx.running_uids(session.maildrop.id, session.selected.uidvalidity)
    latest: dict[int, datetime] = {}
    for ticket, started in (running[uid] for uid in answered & running.keys()):
        latest[ticket] = max(started, latest.get(ticket, started))
    if not latest:
        return
    with store.write() as tx:
        for ticket, begun in sorted(latest.items()):
            poll = f"poll:{session.station.name}"
            if presume_answered(tx, ticket, begun=begun, at=session.now, mail_id=poll, policy=policy):
                _log.info("sla.met", ticket=ticket, act="answered_flag", maildrop=session.station.name)
