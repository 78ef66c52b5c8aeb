"""Find what is new in an open folder, and ingest it.

Stands between ``mailbox`` and ``ingest``; ``imap`` and ``beside`` use it for their folders. New is what has
no sighting under this UIDVALIDITY, whatever a person has done with it. Mails are fetched in batches, in
the order of their UIDs; what is gone meanwhile is passed over, and what the server cannot give keeps no other
mail waiting (``doubt``). Raises what ``mailbox`` and ``ingest`` raise.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from maild import ingest, isolate, log, steps
from maild.arrival import Arrival, Source
from maild.bell import Bell
from maild.effects import letters
from maild.health import Health
from maild.ingest import Office
from maild.line import Line
from maild.oauth.access import Access
from maild.receive import renumbered
from maild.receive.doubt import Doubts, Folder
from maild.receive.mailbox import Mailbox, Selected, Sized
from maild.receive.uids import Uids
from maild.steps import Step
from storage.records import Lease, Maildrop

_log = log.get("maild.receive.intake")

# Batches this large cost a third of single fetches and keep memory small (measured: notes, section 2).
BATCH_MAILS = 50
BATCH_BYTES = 4 << 20
LARGE = isolate.LARGE
# So few mails, each smaller than this, are fetched with their sizes in one command.
FEW_MAILS = 8
FEW_BYTES = 128 << 10
# Of the body of a mail over the limit this much is kept, the rest stays on the server.
OVERSIZE_BYTES = 64 << 10
# What reached a junk folder so long before the last comparison had a part in it, whatever the two clocks say.
JUDGED = timedelta(days=1)
_BLANK_LINE = re.compile(rb"\n\r?\n")
# After mail has come, more is likely: for so long the server is asked often.
BUSY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One configured mailbox and all that watching it needs; built in ``daemon``.

    ``drop`` is ``config.ImapMaildrop``; ``filed`` is called when mail has been filed.
    """

    name: str
    drop: Any
    key: Callable[[], str | Access]
    office: Office
    holder: str
    bell: Bell
    filed: Callable[[], None]
    max_message: int
    line: Line
    health: Health = field(default_factory=Health)
    doubts: Doubts = field(default_factory=Doubts)


@dataclass(slots=True, kw_only=True)
class Session:
    """A connection to the mailbox, and what is known of the folder while it lasts."""

    station: Station
    mailbox: Mailbox
    selected: Selected
    maildrop: Maildrop
    lease: Lease
    known: Uids
    # Mail of the folder is known by numbers of before as well.
    renumbered: bool
    busy_until: datetime
    polled_at: datetime
    missing: set[str] = field(default_factory=set)
    unmarked: bool = False
    counted: int = -1
    # The highest UID of the last comparison after which everything was taken in.
    seen_uid: int | None = None
    news: bool = False

    def has_news(self) -> bool:
        """The number of mails has changed since they were last compared."""
        said = self.mailbox.exists()
        return self.news or (said is not None and said != self.counted)

    @property
    def folder(self) -> Folder:
        """The open folder, as long as its numbers hold."""
        return self.maildrop.id, self.selected.uidvalidity

    def asking_for(self, uids: Sequence[int]) -> AbstractContextManager[None]:
        """If the server cannot answer, these mails are in doubt."""
        return self.station.doubts.in_hand(self.folder, uids, self.now)

    @property
    def now(self) -> datetime:
        """The daemon's time."""
        return self.station.office.now()


def take_in(session: Session, *, seen_at: datetime, source: Source = Source.INBOX) -> int:
    """Fetch and ingest every mail without a sighting, in the order of their UIDs; returns how many."""
    there = session.mailbox.uids()
    session.counted, session.news = len(there), False
    new = session.known.unknown(there)
    if session.maildrop.uidvalidity != session.selected.uidvalidity:
        new = _begin(session, new, source)
    if session.renumbered and len(new) > FEW_MAILS:
        new = _not_known_again(session, new)
    session.station.doubts.keep_only(session.folder, new)
    order = session.station.doubts.order(session.folder, new, session.now)
    if order.waiting:
        _tell_of_waiting(session, order.waiting)
    for part in (order.plain, *([uid] for uid in order.alone)):
        if not _take(session, part, seen_at, source):
            return len(new)
    session.seen_uid = max(there, default=None)
    return len(new) - len(order.waiting)


def _take(session: Session, uids: Sequence[int], seen_at: datetime, source: Source) -> bool:
    """Fetch and ingest these mails; False where that was broken off because the daemon ends."""
    sizes: Iterable[Sized] = ()
    bodies: dict[int, bytes] = {}
    if len(uids) > FEW_MAILS:
        sizes = _sizes(session, uids)
    elif uids:
        # While mail flows it comes one by one: size and bytes in one command save a round trip each.
        with session.asking_for(uids):
            sizes, bodies = session.mailbox.whole(uids, FEW_BYTES)
    for batch in batches(iter(sizes)):
        if session.station.bell.is_closing:
            return False
        _take_batch(session, batch, bodies, seen_at, source)
    return True


def _sizes(session: Session, uids: Sequence[int]) -> Iterator[Sized]:
    """Many at once; what is in doubt by itself, and not at all while it has to wait."""
    order = session.station.doubts.order(session.folder, uids, session.now)
    many = (order.plain[at : at + 500] for at in range(0, len(order.plain), 500))
    for part in (*many, *([uid] for uid in order.alone)):
        with session.asking_for(part):
            found = session.mailbox.sizes(part)
        yield from found


def _tell_of_waiting(session: Session, uids: Sequence[int]) -> None:
    """What the server cannot give is in the log once, and in a letter to the administrators once a day."""
    office, name = session.station.office, session.maildrop.name
    untold = session.station.doubts.untold(session.folder, uids)
    for uid, doubt in untold.items():
        _log.error("message.unfetchable", maildrop=name, uid=uid, reason=doubt.why)
    if not untold:
        return
    first, now = next(iter(untold)), session.now
    details = (
        f"UID {first} of folder {session.selected.folder}: {untold[first].why}. It is asked for again within "
        "the hour, and no other mail waits for it; `maild reconcile` names it as missing. Look at it with a "
        "mail program: where that can read it, move it out of the folder and back."
    )
    with office.store.write() as tx:
        letters.owe_trouble(
            tx, about=f"unfetchable:{name}:{now:%Y%m%d}", headline=f"A mail in {name} cannot be fetched",
            details=details, cause=f"poll:{session.station.name}", now=now, policy=office.policy,
            paper=office.paper,
        )  # fmt: skip


def _not_known_again(session: Session, uids: list[int]) -> list[int]:
    """What has to be fetched of mail that may have been filed under another number."""
    if not session.station.doubts.allow_haste(session.folder):
        return uids
    with session.station.doubts.in_haste(session.folder):
        known = renumbered.know_again(
            session.mailbox, session.maildrop, session.selected.uidvalidity, uids, session.lease,
            session.station.office, lambda: session.station.bell.is_closing,
        )  # fmt: skip
    session.known.add(known)
    session.unmarked = session.unmarked or bool(known)
    return [uid for uid in uids if uid not in known]


def _begin(session: Session, uids: Sequence[int], source: Source) -> list[int]:
    """Begin with the folder: on the very first look leave out what is older than the operator's start, and
    when the server gives all mail new numbers, leave the same out again. Returns what is to be taken in."""
    since, old = _older(session, uids, source)
    with session.station.office.store.write() as tx:
        tx.check_lease(session.lease)
        session.maildrop = tx.begin(session.maildrop, session.selected.uidvalidity, since, old)
        steps.reached(Step.BEGINNING)
    skipped = {uid for uid, _, _ in old}
    session.known.add(skipped)
    _log.info("maildrop.begun", maildrop=session.maildrop.name, skipped=len(skipped), since=since)
    return [uid for uid in uids if uid not in skipped]


def _older(
    session: Session, uids: Sequence[int], source: Source
) -> tuple[datetime | None, list[tuple[int, str, datetime]]]:
    start, first = session.station.drop.start, session.maildrop.uidvalidity is None
    since = session.maildrop.since
    if first and isinstance(start, date):
        since = first_instant(start)
    if source is Source.JUNK and session.maildrop.polled_at is not None:
        # Nothing else is known of what was left there: it was judged, and nobody needs to hear of it again.
        since = session.maildrop.polled_at - JUDGED
    if since is None and not (first and start == "now"):
        return None, []
    dated = [(s, s.received_at or session.now) for s in _sizes(session, uids)]
    if since is None:
        # By the server's clock, not by ours: whatever is there now lies before the start.
        since = max((at for _, at in dated), default=None)
        since = since + timedelta(seconds=1) if since else None
    old = [(s.uid, at) for s, at in dated if since is not None and at < since]
    return since, [(uid, ingest.new_mail_id(session.now), at) for uid, at in old]


def first_instant(day: date) -> datetime:
    """The beginning of a day, in UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def batches(mails: Iterator[Sized]) -> Iterator[list[Sized]]:
    """Parts of at most 50 mails and 4 MiB; a large mail is alone in its part."""
    batch: list[Sized] = []
    for mail in mails:
        full = len(batch) >= BATCH_MAILS or sum(m.size for m in batch) + mail.size > BATCH_BYTES
        if batch and (full or mail.size > LARGE):
            yield batch
            batch = []
        batch.append(mail)
        if mail.size > LARGE:
            yield batch
            batch = []
    if batch:
        yield batch


def _take_batch(
    session: Session, batch: Sequence[Sized], bodies: dict[int, bytes], seen_at: datetime, source: Source
) -> None:
    arrivals = _arrivals(session, batch, bodies, source)
    for arrival in arrivals:
        _log.info(
            "message.fetched", mail_id=arrival.mail_id, maildrop=session.maildrop.name, uid=arrival.uid,
            size=len(arrival.content), seen_at=seen_at,
        )  # fmt: skip
    if not arrivals:
        return
    steps.reached(Step.FETCHED)
    ingest.ingest(
        arrivals, session.maildrop, session.selected.uidvalidity, session.lease, session.station.office
    )
    session.known.add(arrival.uid for arrival in arrivals)
    session.busy_until = session.now + BUSY
    session.unmarked = True
    session.station.filed()


def _arrivals(
    session: Session, batch: Sequence[Sized], bodies: dict[int, bytes], source: Source
) -> list[Arrival]:
    now = session.now
    here = {mail.uid: bodies[mail.uid] for mail in batch if mail.uid in bodies}
    rest = [mail for mail in batch if mail.uid not in here]
    with session.asking_for([mail.uid for mail in rest]):
        contents = here | (_contents(session, rest) if rest else {})
    session.station.doubts.clear(session.folder, [mail.uid for mail in batch])
    return [
        Arrival(
            content=contents[mail.uid], uid=mail.uid, arrived_at=min(mail.received_at or now, now),
            mail_id=ingest.new_mail_id(now), source=source,
            whole_size=mail.size if _is_over_limit(session, mail) else None, flags=mail.flags,
        )
        for mail in batch
        if mail.uid in contents
    ]  # fmt: skip


def _contents(session: Session, batch: Sequence[Sized]) -> dict[int, bytes]:
    if len(batch) > 1 or batch[0].size <= LARGE:
        return session.mailbox.contents([mail.uid for mail in batch])
    mail = batch[0]
    over = _is_over_limit(session, mail)
    content = session.mailbox.large_content(mail.uid, mail.size, OVERSIZE_BYTES if over else None)
    if content is None:
        return {}
    if over:
        content = beginning(content)
        _log.warning(
            "message.oversize",
            maildrop=session.maildrop.name,
            uid=mail.uid,
            size=mail.size,
            kept=len(content),
        )
    return {mail.uid: content}


def _is_over_limit(session: Session, mail: Sized) -> bool:
    # What comes in one command with others is kept whole, however small the limit.
    return mail.size > max(session.station.max_message, LARGE)


def beginning(content: bytes) -> bytes:
    """The header block and the first 64 KiB of the body (RFC 5322 2.1)."""
    blank = _BLANK_LINE.search(content)
    return content[: (blank.end() if blank else 0) + OVERSIZE_BYTES]
