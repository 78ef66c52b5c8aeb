"""A folder beside the inbox: read within the inbox's session, a maildrop of its own, never changed.

Stands under ``sent`` and ``junk``, over ``intake``. A folder that does not exist is said once and passed
over, one that another process reads is left to it; what the server does wrong ends the session.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from maild import ingest, log
from maild.arrival import Source
from maild.receive import intake, vigil
from maild.receive.intake import Session
from maild.receive.mailbox import NoFolder, Selected
from maild.receive.uids import Uids

_log = log.get("maild.receive.beside")


def take_in(session: Session, folder: str, source: Source) -> None:
    """Take in what is new in a folder, if it is there, and come back to the inbox."""
    with opened(session, folder, source) as there:
        if there is not None:
            compare(there, source)
            session.busy_until = max(session.busy_until, there.busy_until)


@contextmanager
def opened(session: Session, folder: str, source: Source) -> Iterator[Session | None]:
    """The session as it is in that folder, which is ``NAME/FOLDER`` in the ledger; None where it is not to be
    read. Afterwards the inbox is open again."""
    selected = None if folder in session.missing else _select(session, folder)
    if selected is None:
        yield None
        return
    try:
        yield _begun(session, folder, source, selected)
    finally:
        again = session.mailbox.select(session.station.drop.folder)
        session.news = session.news or again.exists != session.counted


def _select(session: Session, folder: str) -> Selected | None:
    try:
        return session.mailbox.select(folder, readonly=True)
    except NoFolder as error:
        session.missing.add(folder)
        _log.warning("maildrop.no_folder", maildrop=session.station.name, folder=folder, reason=str(error))
        session.mailbox.select(session.station.drop.folder)
        return None


def _begun(session: Session, folder: str, source: Source, selected: Selected) -> Session | None:
    station = session.station
    with station.office.store.write() as tx:
        maildrop = tx.maildrop(f"{station.name}/{folder}", source.value)
        lease = tx.take_lease(maildrop.id, holder=station.holder, now=session.now, ttl=vigil.LEASE_TTL)
        known = Uids(tx.known_uids(maildrop.id, selected.uidvalidity))
        renumbered = tx.was_renumbered(maildrop.id, selected.uidvalidity)
    if lease is None:
        return None
    return replace(
        session, selected=selected, maildrop=maildrop, lease=lease, known=known, renumbered=renumbered,
        seen_uid=None,
    )  # fmt: skip


def compare(there: Session, source: Source) -> None:
    """One whole comparison of the folder, written down as such."""
    office, now = there.station.office, there.now
    ingest.file_unfiled(office, there.lease, is_closing=lambda: there.station.bell.is_closing)
    intake.take_in(there, seen_at=now, source=source)
    with office.store.write() as tx:
        tx.note_poll(
            there.maildrop.id,
            uidvalidity=there.selected.uidvalidity,
            at=there.now,
            seen_uid=there.seen_uid,
        )
