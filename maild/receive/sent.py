"""Answers given outside maild: copies in the folders of sent mail, and \\Answered on the mail itself.

Stands beside ``imap`` and works within its session, between two looks at the inbox. A folder of sent mail
is a maildrop of its own, ``NAME/FOLDER``, read and never changed. A folder that does not exist is said
once and passed over; what the server does wrong ends the session, as in ``imap``.
"""

from dataclasses import replace

from maild import apply, ingest, log
from maild.arrival import Source
from maild.receive import intake, vigil
from maild.receive.intake import Session
from maild.receive.mailbox import NoFolder

_log = log.get("maild.receive.sent")


def look(session: Session) -> None:
    """Find answers of people: in every folder of sent mail, then by flag."""
    for folder in session.station.drop.sent:
        if folder not in session.missing:
            _look_into(session, folder)
    _look_for_answered(session)


def _look_into(session: Session, folder: str) -> None:
    try:
        selected = session.mailbox.select(folder, readonly=True)
    except NoFolder as error:
        session.missing.add(folder)
        _log.warning("maildrop.no_folder", maildrop=session.station.name, folder=folder, reason=str(error))
        session.mailbox.select(session.station.drop.folder)
        return
    try:
        store, now = session.station.office.store, session.now
        with store.write() as tx:
            maildrop = tx.maildrop(f"{session.station.name}/{folder}", Source.SENT.value)
            lease = tx.take_lease(maildrop.id, holder=session.station.holder, now=now, ttl=vigil.LEASE_TTL)
            known = tx.known_uids(maildrop.id, selected.uidvalidity)
        if lease is None:
            return
        there = replace(
            session, selected=selected, maildrop=maildrop, lease=lease, known=known, seen_uid=None
        )
        ingest.file_unfiled(there.station.office, lease, is_closing=lambda: there.station.bell.is_closing)
        intake.take_in(there, seen_at=now, source=Source.SENT)
        session.busy_until = max(session.busy_until, there.busy_until)
        with store.write() as tx:
            tx.note_poll(
                maildrop.id, uidvalidity=selected.uidvalidity, at=session.now, seen_uid=there.seen_uid
            )
    finally:
        again = session.mailbox.select(session.station.drop.folder)
        session.news = session.news or again.exists != session.counted


def _look_for_answered(session: Session) -> None:
    """\\Answered stops the clock at the moment it is first seen, and is told as presumed."""
    store = session.station.office.store
    with store.read() as tx:
        running = tx.running_uids(session.maildrop.id, session.selected.uidvalidity)
    flags = session.mailbox.flags(sorted(running))
    tickets = sorted({running[uid] for uid, found in flags.items() if "\\Answered" in found})
    if not tickets:
        return
    with store.write() as tx:
        for ticket in tickets:
            if apply.presume_answered(tx, ticket, at=session.now, mail_id=f"poll:{session.station.name}"):
                _log.info("sla.met", ticket=ticket, act="answered_flag", maildrop=session.station.name)
