"""Watch one IMAP mailbox: find what is new, ingest it, and mark what was filed.

Stands at the head of the flow. New is what has no sighting under this UIDVALIDITY; IDLE only shortens the
wait, and every wake-up compares all UIDs. Marking is a reconciliation, repeated at each pass, not an event.
Whatever goes wrong with the server ends the session; ``vigil`` connects again with back-off and jitter.
A full disk or a busy database ends the pass, nothing else: the mail is still on the server.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial

from maild import ingest, log, steps
from maild.arrival import Source
from maild.config import ConfigError
from maild.decide import marks
from maild.receive import intake, junk, sent, vigil
from maild.receive import mailbox as mail_server
from maild.receive.intake import Session, Station
from maild.receive.mailbox import LoginRefused, Mailbox, Unreachable
from maild.receive.uids import Uids
from maild.receive.vigil import LEASE_TTL, StandBy
from maild.steps import Step
from storage.records import Mark
from storage.store import LeaseLost

_log = log.get("maild.receive.imap")

# Dovecot holds each IDLE notification back for half a second: while mail flows, asking is quicker.
ASK_EVERY = 0.07
# No wait is longer, whatever `poll` says: all UIDs are compared this often, and IDLE is renewed, far below
# RFC 2177's 29 minutes and every NAT's patience.
LONGEST_WAIT = 60.0
MARKS_AT_ONCE = 500


# ---------------------------------------------------------------------- connect, watch, connect again


def watch(station: Station) -> None:
    """Serve the mailbox until the bell closes; every fault is logged once and waited out."""
    vigil.watch(station.name, station.bell, partial(with_session, station, _serve))


def with_session(station: Station, work: Callable[[Session], None]) -> None:
    """Connect, open the folder, take the lease, do the work, and say goodbye.

    How the server met us is noted for the alarm.
    """
    who, now = f"maildrop {station.name}", station.office.now
    try:
        _with_session(station, work)
    except (LoginRefused, ConfigError) as error:
        station.health.refused(who, str(error), now())
        raise
    except Unreachable as error:
        station.health.lost(who, str(error), now())
        raise


def _with_session(station: Station, work: Callable[[Session], None]) -> None:
    mailbox = mail_server.connect(station.drop, station.key(), line=station.line)
    try:
        session = _open(station, mailbox)
        _log.info(
            "maildrop.connected", maildrop=station.name, uidvalidity=session.selected.uidvalidity,
            idle="IDLE" in mailbox.capabilities, keywords=session.selected.keywords, known=len(session.known),
        )  # fmt: skip
        try:
            work(session)
        finally:
            vigil.release(session.lease, station.name, station.office)
    finally:
        mailbox.close()


def _open(station: Station, mailbox: Mailbox) -> Session:
    drop, now = station.drop, station.office.now()
    if drop.after == "move" and not mailbox.has_folder(drop.done):
        mailbox.create_folder(drop.done)
    # Exchange lets a program log in, and refuses it here.
    selected = mailbox.select(drop.folder)
    station.health.well(f"maildrop {station.name}", now)
    with station.office.store.write() as tx:
        maildrop = tx.maildrop(station.name, Source.INBOX.value)
        lease = tx.take_lease(maildrop.id, holder=station.holder, now=now, ttl=LEASE_TTL)
        known = Uids(tx.known_uids(maildrop.id, selected.uidvalidity))
        renumbered = tx.was_renumbered(maildrop.id, selected.uidvalidity)
    steps.reached(Step.LEASED)
    if lease is None:
        raise StandBy(f"{station.name} is served by another process")
    if maildrop.uidvalidity not in (None, selected.uidvalidity):
        _log.warning("maildrop.uidvalidity_changed", maildrop=station.name, uidvalidity=selected.uidvalidity)
    return Session(
        station=station, mailbox=mailbox, selected=selected, maildrop=maildrop, lease=lease, known=known,
        renumbered=renumbered, busy_until=now, polled_at=now,
    )  # fmt: skip


def _serve(session: Session) -> None:
    """Pass after pass, until the bell closes."""
    bell = session.station.bell
    one_pass(session, seen_at=session.now)
    while not bell.is_closing:
        if not _wait(session):
            # Nothing new was said, so there is time: marks never delay a receipt.
            if session.unmarked:
                settle_marks(session)
            continue
        seen_at = session.now
        bell.silence()
        if session.now - session.polled_at >= session.station.drop.poll:
            one_pass(session, seen_at=seen_at)
        else:
            _look(session, seen_at)


def _wait(session: Session) -> bool:
    """Sleep until there may be something to do; False when nothing was said while we asked."""
    bell, drop = session.station.bell, session.station.drop
    left = (drop.poll - (session.now - session.polled_at)).total_seconds()
    if session.has_news():
        return True
    if session.now < session.busy_until:
        rang = bell.wait(ASK_EVERY)
        return session.mailbox.noop() or rang or left <= 0
    if left <= 0:
        return True
    seconds = min(left, LONGEST_WAIT)
    if drop.idle and "IDLE" in session.mailbox.capabilities:
        session.mailbox.idle(seconds, bell.fileno())
    else:
        bell.wait(seconds)
    return True


# ---------------------------------------------------------------------- one pass


def one_pass(session: Session, *, seen_at: datetime) -> None:
    """Everything that a poll owes: new mail, answers given outside, what lies among junk, marks."""
    _renew(session)
    # A search sees the folder as the last command left it (RFC 9051 7.4.1): let the server look first.
    session.mailbox.noop()
    count = ingest.file_unfiled(
        session.station.office, session.lease, is_closing=lambda: session.station.bell.is_closing
    )
    count += intake.take_in(session, seen_at=seen_at)
    sent.look(session)
    junk.look(session)
    settle_marks(session)
    session.polled_at = session.now
    with session.station.office.store.write() as tx:
        tx.note_poll(
            session.maildrop.id,
            uidvalidity=session.selected.uidvalidity,
            at=session.polled_at,
            seen_uid=session.seen_uid,
        )
    steps.reached(Step.POLLED)
    _log.debug("maildrop.polled", maildrop=session.station.name, new=count)


def _look(session: Session, seen_at: datetime) -> None:
    """The short pass between two polls: new mail; marks when there is none."""
    _renew(session)
    if intake.take_in(session, seen_at=seen_at) == 0:
        settle_marks(session)


def _renew(session: Session) -> None:
    if session.lease.expires_at - session.now > LEASE_TTL / 2:
        return
    with session.station.office.store.write() as tx:
        lease = tx.take_lease(
            session.maildrop.id, holder=session.station.holder, now=session.now, ttl=LEASE_TTL
        )
    if lease is None or lease.epoch != session.lease.epoch:
        raise LeaseLost(f"{session.station.name} was taken over")
    session.lease = lease


# ---------------------------------------------------------------------- marks


def settle_marks(session: Session) -> None:
    """Bring the marks on the server to what the ledger says, for every copy that may differ."""
    store, session.unmarked = session.station.office.store, False
    while True:
        with store.read() as tx:
            dirty = tx.marks(session.maildrop.id, session.selected.uidvalidity, limit=MARKS_AT_ONCE)
        if not dirty:
            return
        steps.reached(Step.MARKING)
        settled = _place(session, dirty)
        steps.reached(Step.MARKED)
        with store.write() as tx:
            tx.marked(settled)
        steps.reached(Step.RECORDED)
        if len(dirty) < MARKS_AT_ONCE:
            return


def _place(session: Session, dirty: Sequence[Mark]) -> list[Mark]:
    raised = [m.uid for m in dirty if marks.is_raised(m)]
    present = session.mailbox.flags(raised)
    markings = [
        marks.marking(m, present.get(m.uid, frozenset()), keywords=session.selected.keywords) for m in dirty
    ]
    for flags, uids in _grouped((m.add, m.mark.uid) for m in markings):
        session.mailbox.add_flags(uids, flags)
    for flags, uids in _grouped((m.remove, m.mark.uid) for m in markings):
        session.mailbox.remove_flags(uids, flags)
    if session.station.drop.after == "move":
        _move(session, markings)
    return [m.mark for m in markings]


def _grouped(pairs: Iterator[tuple[tuple[str, ...], int]]) -> list[tuple[tuple[str, ...], list[int]]]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for flags, uid in pairs:
        if flags:
            groups.setdefault(flags, []).append(uid)
    return list(groups.items())


def _move(session: Session, markings: Sequence[marks.Marking]) -> None:
    """File away what is here; on what was filed away before, set the marks where it lies now."""
    here = set(session.mailbox.undeleted())
    uids = [m.mark.uid for m in markings if m.mark.uid in here]
    session.mailbox.move(uids, session.station.drop.done)
    away = [
        m
        for m in markings
        if m.mark.uid not in here and (m.mark.stage is not None or m.remove) and m.mark.message_id
    ]
    if not away:
        return
    session.mailbox.select(session.station.drop.done)
    try:
        for marking in away:
            found = session.mailbox.find(marking.mark.message_id)
            session.mailbox.add_flags(found, marking.add)
            session.mailbox.remove_flags(found, marking.remove)
    finally:
        session.mailbox.select(session.station.drop.folder)
