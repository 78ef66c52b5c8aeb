"""Past mail through today's flow: a state that was lost, made anew from the mailbox or from files.

Stands above the receivers, beside ``daemon``; ``maild replay`` calls it, and ``foresight``, which wants to
know what would become of such mail. Mail is taken in the order of its arrival, each at its own instant, by
the same flow as on its first day. Nothing is sent, and nothing on a server changes: folders are opened
read-only (EXAMINE, RFC 9051 6.3.3). Raises what ``receive.mailbox`` and ``ingest`` raise; of what was begun
nothing is then left.
"""

import heapq
import mailbox as formats
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

from maild import ingest
from maild import office as offices
from maild.apply import Applied
from maild.arrival import Arrival, Source
from maild.config import Config, ImapMaildrop
from maild.decide import threads
from maild.ingest import Office
from maild.oauth import access
from maild.receive import intake, mailbox
from maild.receive.mailbox import Mailbox, NoFolder, Sized
from parsers.mail import parse_mail
from storage import backup, database, outbox, privacy
from storage.records import Lease, Maildrop
from storage.store import Store, Transaction

HOLDER = "replay"
# Why nothing that this state would owe may leave.
WITHHELD = "rebuilt: what was owed left with the state that was lost, or is too old"
_LONG = timedelta(days=365)
_LONG_AGO = datetime.fromtimestamp(0, UTC)
_HEADER = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A mail of the past, with its place in a maildrop. ``uid``: the server's, or the number of a file;
    ``where``: by which a person finds it again."""

    where: str
    maildrop: str
    source: Source
    uidvalidity: int
    uid: int
    arrived_at: datetime
    content: bytes


@dataclass(slots=True, kw_only=True)
class Rebuilt:
    """What came of it, counted as it goes."""

    mails: int = 0
    tickets: int = 0
    withheld: int = 0
    knows_erased: bool = True


@dataclass(slots=True)
class Now:
    """The time, which goes on from mail to mail."""

    at: datetime = _LONG_AGO

    def __call__(self) -> datetime:
        """The instant of the mail that is being taken, or of the latest before it."""
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One mail of the past and what came of it; None: it is kept, and was not filed."""

    mail_id: str
    applied: Applied | None


@dataclass(slots=True, kw_only=True)
class Filing:
    """Mail of the past, filed one by one, under leases of maildrops that nobody else has.

    ``adopting``: tickets take the keys that our tokens in answers to them show.
    """

    office: Office
    now: Now
    adopting: bool = True
    places: dict[str, tuple[Maildrop, Lease]] = field(default_factory=dict)
    adopted: set[int] = field(default_factory=set)

    def file(self, one: Past) -> Filed:
        """File a mail at its own instant, which is then the office's."""
        # Time goes on, whatever a file says of its own.
        self.now.at = max(self.now.at, one.arrived_at)
        if one.maildrop not in self.places:
            self.places[one.maildrop] = _open_place(one, self.office.store)
        drop, lease = self.places[one.maildrop]
        if self.adopting:
            _adopt_key(one.content, self.office, self.adopted)
        arrival = Arrival(
            content=one.content, uid=one.uid, arrived_at=one.arrived_at, source=one.source,
            mail_id=ingest.new_mail_id(self.now.at),
        )  # fmt: skip
        (kept,) = ingest.keep([arrival], drop, one.uidvalidity, lease, self.office)
        for tries in range(ingest.MOST_TRIES):
            # What is read alone may need another try; nobody comes back for it here.
            found = ingest.file([replace(kept, tries=tries)], lease, self.office)
            if found:
                return Filed(mail_id=arrival.mail_id, applied=found[0])
        return Filed(mail_id=arrival.mail_id, applied=None)

    def end(self, tx: Transaction) -> None:
        """Give the leases back."""
        for _, lease in self.places.values():
            tx.release_lease(lease, now=self.now.at)


Told = Callable[[], None]  # called once a mail
Expected = Callable[[int], None]  # called with how many more mails there are


def _nobody(_: int) -> None:
    """Nobody waits."""


def rebuild(past: Iterator[Past], config: Config, directory: Path, told: Told = lambda: None) -> Rebuilt:
    """Make a state in ``directory`` from mails in the order of their arrival.

    Raises:
        FileExistsError: where ``directory`` exists and is not empty.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise FileExistsError(f"{directory} is not empty, and nothing is written over: name another folder")
    unfinished = directory.with_name(f"{directory.name}.unfinished")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    made = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    try:
        unfinished.mkdir(mode=0o700, parents=True)
        done = _rebuilt(past, config, unfinished / "maild.db", told)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        backup.copy_sqlite(unfinished / "maild.db", directory / "maild.db")
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        # Nothing of it is in them: the copy comes whole, and last.
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise
    shutil.rmtree(unfinished, ignore_errors=True)
    return done


def _rebuilt(past: Iterator[Past], config: Config, file: Path, told: Told) -> Rebuilt:
    ledger = database.open_database(f"sqlite:///{file}")
    try:
        database.upgrade(ledger)
        knows = _know_erased(config, Store(database=ledger))
        done = _take_all(past, config, Store(database=ledger), told)
        done.knows_erased = knows
    finally:
        ledger.close()
    return done


def _know_erased(config: Config, store: Store) -> bool:
    """Mails of people who were forgotten are not taken in again: the state that there is knows their digests.

    False where there is none that could be asked.
    """
    former = database.open_database(config.state.database)
    try:
        if database.current(former) != database.head():
            return False
        with Store(database=former).read() as tx:
            found = privacy.stones(tx)
    except database.Unavailable:
        return False
    finally:
        former.close()
    with store.write() as tx:
        privacy.set_stones(tx, found)
    return True


def _take_all(past: Iterator[Past], config: Config, store: Store, told: Told) -> Rebuilt:
    done, now = Rebuilt(), Now()
    with offices.opened(config, store, now) as office:
        filing = Filing(office=office, now=now)
        for one in past:
            filing.file(one)
            done.mails += 1
            told()
    with store.write() as tx:
        done.withheld = outbox.withhold_all(tx, WITHHELD)
        # What lies among junk was told of by the state that was lost.
        for left in tx.untold(before=datetime.now(UTC)).values():
            tx.told(left)
        done.tickets = sum(1 for _ in tx.tickets())
        filing.end(tx)
    return done


def _adopt_key(content: bytes, office: Office, adopted: set[int]) -> None:
    """Letters that people have bear tokens of the lost state: a ticket takes the key that answers to it show.

    The key is signed by us, and named in an answer to a mail of the ticket. So agents' answers are theirs
    again, and tokens that are out in the world stay worth what they were.
    """
    clues = threads.clues(parse_mail(content), office.policy)
    keys = {token.key for token in clues.tokens}
    if not keys:
        return
    with office.store.write() as tx:
        unknown = keys - tx.tickets_by_key(tuple(keys)).keys()
        tickets = (
            {t for ids in tx.tickets_by_reference(clues.ids).values() for t in ids} if unknown else set()
        )
        if len(unknown) == 1 and len(tickets) == 1 and not tickets & adopted:
            (key,), (ticket,) = unknown, tickets
            tx.change_ticket(ticket, key=key)
            adopted.add(ticket)


def _open_place(one: Past, store: Store) -> tuple[Maildrop, Lease]:
    with store.write() as tx:
        drop = tx.maildrop(one.maildrop, one.source.value)
        lease = tx.take_lease(drop.id, holder=HOLDER, now=datetime.now(UTC), ttl=_LONG)
        if lease is None:
            raise RuntimeError("a ledger that nobody else knows has a lease")
        return tx.begin(drop, one.uidvalidity, None, ()), lease


# ---------------------------------------------------------------------- from the mailbox


def from_maildrops(
    config: Config,
    stack: ExitStack,
    missing: list[str],
    *,
    names: Collection[str] = (),
    expected: Expected = _nobody,
) -> Iterator[Past]:
    """Every mail of every IMAP maildrop: the folder itself, where filed mail went, sent folders, and junk.

    Args:
        stack: closes the connections, one a folder, when the mails are read.
        missing: folders that are not there are named in it.
        names: of the maildrops; all where there are none.
        expected: hears how many mails there are.
    """
    readings = []
    for name, drop in config.maildrop.items():
        if not isinstance(drop, ImapMaildrop) or (names and name not in names):
            continue
        away = [(f"{name}/{drop.done}", drop.done, Source.INBOX)] if drop.after == "move" else []
        sent = [(f"{name}/{folder}", folder, Source.SENT) for folder in drop.sent]
        junk = [(f"{name}/{drop.junk}", drop.junk, Source.JUNK)] if drop.junk else []
        key = access.key_to(drop, config.state.directory)
        for place, folder, source in [(name, drop.folder, Source.INBOX), *away, *sent, *junk]:
            there = mailbox.connect(drop, key())
            stack.enter_context(closing(there))
            try:
                uidvalidity = there.select(folder, readonly=True).uidvalidity
            except NoFolder:
                missing.append(f"{name}: {folder}")
                continue
            readings.append(_from_folder(there, place, source, uidvalidity, expected))
    return heapq.merge(*readings, key=lambda one: one.arrived_at)


def _from_folder(
    there: Mailbox, place: str, source: Source, uidvalidity: int, expected: Expected
) -> Iterator[Past]:
    now = datetime.now(UTC)
    sizes = sorted(there.sizes(there.uids()), key=lambda mail: (mail.received_at or now, mail.uid))
    expected(len(sizes))
    for batch in intake.batches(iter(sizes)):
        contents = _contents(there, batch)
        for mail in batch:
            if mail.uid in contents:
                yield Past(
                    where=f"{place}, UID {mail.uid}", maildrop=place, source=source,
                    uidvalidity=uidvalidity, uid=mail.uid,
                    arrived_at=min(mail.received_at or now, now), content=contents[mail.uid],
                )  # fmt: skip


def _contents(there: Mailbox, batch: Sequence[Sized]) -> dict[int, bytes]:
    if len(batch) > 1 or batch[0].size <= intake.LARGE:
        return there.contents([mail.uid for mail in batch])
    content = there.large_content(batch[0].uid, batch[0].size)
    return {} if content is None else {batch[0].uid: content}


# ---------------------------------------------------------------------- from files


def from_files(paths: Sequence[Path], stack: ExitStack, expected: Expected = _nobody) -> Iterator[Past]:
    """Every mail in files, folders of files, Maildirs and mbox files, in the order of arrival.

    When a mail arrived its topmost Received says (RFC 5321 4.4), else its Date, else the file.

    Args:
        stack: closes the mbox files when the mails are read.
        expected: hears how many mails there are.
    """
    found: list[tuple[datetime, str, Callable[[], bytes]]] = []
    for path in paths:
        for file, where, read in _mails(path, stack):
            found.append((_arrived_at(read(), file), where, read))
            expected(1)
    # Read a second time when its turn comes: the whole of it would not fit into memory.
    for number, (at, where, read) in enumerate(sorted(found, key=lambda one: one[0]), 1):
        yield Past(
            where=where, maildrop="files", source=Source.INBOX, uidvalidity=1, uid=number, arrived_at=at,
            content=read(),
        )  # fmt: skip


def _mails(path: Path, stack: ExitStack) -> Iterator[tuple[Path, str, Callable[[], bytes]]]:
    """The file of each mail, by which a person finds it, and how it is read."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not _is_of_maildir_alone(file):
                yield from _mails(file, stack)
    elif _begins(path).startswith(b"From "):
        box = stack.enter_context(closing(formats.mbox(path, create=False)))
        for number, key in enumerate(box.iterkeys(), 1):
            yield path, f"{path}, mail {number}", partial(_of_mbox, box, key)
    elif _begins(path).strip():
        yield path, str(path), path.read_bytes


def _is_of_maildir_alone(file: Path) -> bool:
    """What a server keeps in a Maildir for itself; its mails lie a folder deeper, in ``cur`` and ``new``."""
    is_unfinished = file.parent.name == "tmp" and (file.parent.parent / "cur").is_dir()
    return is_unfinished or (file.parent / "cur").is_dir()


def _begins(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(1024)


def _of_mbox(box: formats.mbox, key: str) -> bytes:
    return bytes(box.get_bytes(key))


def _arrived_at(content: bytes, file: Path) -> datetime:
    # The header is enough, and most of a mail is not header.
    mail = parse_mail(content[:_HEADER])
    stamp = mail.header("received").rpartition(";")[2]
    written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return min(_instant(stamp) or mail.date or written, datetime.now(UTC))


def _instant(stamp: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(stamp.strip())
    except (ValueError, TypeError, OverflowError):
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
