"""The door: a mail server hands mail in, by LMTP (RFC 2033) or SMTP (RFC 5321). The one way to aiosmtpd.

Stands at the head of the flow, beside ``imap``. "250" is said when the raw bytes are durable, never before;
filing comes behind it, so that no reader of mails keeps a server waiting. Whatever is wrong with us is 4xx:
the mail stays in its queue and comes again, and is then another sighting of one message. The door is open
while its lease is held; what ends that closes it, and ``vigil`` opens it again. One thread with a loop of
its own talks; what touches the ledger runs in others.
"""

import asyncio
import ipaddress
import math
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiosmtpd import lmtp, smtp

from maild import ingest, log, steps
from maild.arrival import Arrival, Envelope, Hop, Source, trace_lines
from maild.bell import Bell
from maild.config import DoorMaildrop
from maild.ingest import Office
from maild.receive import replies, vigil
from maild.receive.mailbox import Unreachable
from maild.receive.vigil import LEASE_TTL, StandBy
from maild.steps import Step
from storage.database import Unavailable
from storage.records import DOOR_EPOCH, Lease, Maildrop
from storage.store import LeaseLost

_log = log.get("maild.receive.lmtp")

# RFC 5321 4.5.3.2.7: a server waits at least so long for the next command.
IDLE_SECONDS = 300.0
# RFC 5321 4.5.3.1 asks for lines of 512 and 1000 octets; paths and programs that write longer ones exist.
LONGEST_COMMAND = 2048
LONGEST_LINE = 4 << 20
# RFC 5321 4.5.3.1.8 asks for as many.
MOST_RECIPIENTS = 100
# A server opens twenty at a time (Postfix), and gives up for minutes where it is turned away.
MOST_CONVERSATIONS = 50
# So many mails are being taken at once, the others wait: each may need three times the largest in memory.
MOST_IN_HAND = 4
# What was in hand at the end may need this long, and then what was kept to be filed: less than the daemon
# waits for its receivers.
PARTING_SECONDS, LAST_FILING_SECONDS = 4.0, 2.0
# After trouble with the ledger, what is kept and not filed is tried again.
AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One configured door and all that serving it needs; built in ``daemon``.

    ``filed`` is called when mail has been filed; ``max_message``: octets of the largest mail.
    """

    name: str
    drop: DoorMaildrop
    office: Office
    holder: str
    bell: Bell
    filed: Callable[[], None]
    max_message: int


def watch(door: Door) -> None:
    """Stand open until the bell closes; every fault is logged once and waited out."""
    vigil.watch(door.name, door.bell, partial(_serve, door))


def catch_up(door: Door) -> int:
    """File what was kept and not filed, without opening; returns how many mails that were.

    Raises:
        StandBy: another process has the door.
    """
    with _leased(door) as (_, lease):
        return ingest.file_unfiled(door.office, lease)


def _serve(door: Door) -> None:
    with _leased(door) as (maildrop, lease):
        asyncio.run(_stand_open(door, maildrop, lease))


async def _stand_open(door: Door, maildrop: Maildrop, lease: Lease) -> None:
    await Reception(door, maildrop, lease).stand_open()


@contextmanager
def _leased(door: Door) -> Iterator[tuple[Maildrop, Lease]]:
    with door.office.store.write() as tx:
        maildrop = tx.maildrop(door.name, Source.DOOR.value)
        lease = tx.take_lease(maildrop.id, holder=door.holder, now=door.office.now(), ttl=LEASE_TTL)
    steps.reached(Step.LEASED)
    if lease is None:
        raise StandBy(f"{door.name} is served by another process")
    try:
        yield maildrop, lease
    finally:
        vigil.release(lease, door.name, door.office)


# ---------------------------------------------------------------------- the door while it is open


class Reception:
    """One lease, one listener, and the conversations that are going on; the hooks that aiosmtpd calls."""

    def __init__(self, door: Door, maildrop: Maildrop, lease: Lease) -> None:
        self.door, self.maildrop, self.lease = door, maildrop, lease
        self.host = socket.gethostname()
        self.admitted = [ipaddress.ip_network(each) for each in door.drop.allow]
        self.loop = asyncio.get_running_loop()
        self.conversations: set[Conversation] = set()
        self.room = asyncio.Semaphore(MOST_IN_HAND)
        self.is_closing = False
        self._quiet, self._unfiled = asyncio.Event(), asyncio.Event()
        self._over: asyncio.Future[None] = self.loop.create_future()
        self._file_until = math.inf
        self._is_well = True

    async def stand_open(self) -> None:
        """Listen, until the bell closes or something ends it.

        Raises:
            Unreachable: nobody can listen there now.
            LeaseLost: another process has the door.
        """
        listener = await self._listen()
        self.loop.add_reader(self.door.bell.fileno(), self._rung)
        self._unfiled.set()  # what a death left behind
        beside = [self._beside(self._renew_on()), self._beside(self._file_on())]
        _log.info(
            "door.open", maildrop=self.door.name, kind=self.door.drop.kind, listen=self.door.drop.listen
        )
        try:
            await self._over
        finally:
            self.loop.remove_reader(self.door.bell.fileno())
            listener.close()
            await self._part()
            await self._end(beside)
            _log.info("door.closed", maildrop=self.door.name)

    async def _listen(self) -> asyncio.Server:
        drop = self.door.drop
        make = partial(Lmtp if drop.kind == "lmtp" else Conversation, self)
        try:
            if drop.socket is None:
                return await self.loop.create_server(make, drop.host, drop.port)
            _refuse_if_served(str(drop.socket))
            listener = await self.loop.create_unix_server(make, drop.socket)
            drop.socket.chmod(0o660)
            return listener
        except OSError as error:
            raise Unreachable(f"cannot listen at {drop.listen}: {error.strerror or error}") from error

    def _rung(self) -> None:
        self.door.bell.silence()
        if self.door.bell.is_closing and not self._over.done():
            self._over.set_result(None)

    def _beside(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self.loop.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._give_up(error)

    def _give_up(self, error: BaseException) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    # ------------------------------------------------------------------ beside the conversations

    async def _renew_on(self) -> None:
        """Hold the lease, and say that the door is open: what `status` takes for a good poll."""
        while not self.door.bell.is_closing:
            await asyncio.to_thread(self._renew)
            await asyncio.sleep(LEASE_TTL.total_seconds() / 3)

    def _renew(self) -> None:
        now = self.door.office.now()
        try:
            with self.door.office.store.write() as tx:
                lease = tx.take_lease(self.maildrop.id, holder=self.door.holder, now=now, ttl=LEASE_TTL)
                if lease is not None and lease.epoch == self.lease.epoch:
                    tx.note_open(self.maildrop.id, at=now)
        except Unavailable as error:
            self._tell(error)
            return
        if lease is None or lease.epoch != self.lease.epoch:
            raise LeaseLost(f"{self.door.name} was taken over")
        self.lease = lease

    async def _file_on(self) -> None:
        """File what is kept, each time that there is something, and once more at the end."""
        is_last = False
        while not is_last:
            await self._unfiled.wait()
            self._unfiled.clear()
            is_last = self._file_until < math.inf
            await asyncio.to_thread(self._file)

    def _file(self) -> None:
        try:
            count = ingest.file_unfiled(
                self.door.office, self.lease, is_closing=lambda: time.monotonic() > self._file_until
            )
        except Unavailable as error:
            self._tell(error)
            self.loop.call_soon_threadsafe(self.loop.call_later, AGAIN_SECONDS, self._unfiled.set)
            return
        self._is_well = True
        if count:
            self.door.filed()

    def _tell(self, error: Unavailable) -> None:
        """Once, until it is well again: every mail that is refused meanwhile has a line of its own."""
        if self._is_well:
            _log.warning("door.in_trouble", maildrop=self.door.name, reason=str(error))
        self._is_well = False

    # ------------------------------------------------------------------ the end

    async def _part(self) -> None:
        """What is in hand is finished, the others are told to come again (RFC 5321 3.8)."""
        self.is_closing = True
        for conversation in tuple(self.conversations):
            if not conversation.is_in_hand:
                conversation.part()
        try:
            async with asyncio.timeout(PARTING_SECONDS):
                while self.conversations:
                    self._quiet.clear()
                    await self._quiet.wait()
        except TimeoutError:
            # It was promised nothing: what it still sends comes again.
            for conversation in tuple(self.conversations):
                conversation.cut()

    async def _end(self, beside: "Sequence[asyncio.Task[None]]") -> None:
        renewing, filing = beside
        renewing.cancel()
        self._file_until = time.monotonic() + LAST_FILING_SECONDS
        self._unfiled.set()
        await asyncio.gather(renewing, filing, return_exceptions=True)
        if self.door.drop.socket is not None:
            self.door.drop.socket.unlink(missing_ok=True)

    def left(self, conversation: "Conversation") -> None:
        """A conversation is over."""
        self.conversations.discard(conversation)
        self._quiet.set()

    # ------------------------------------------------------------------ what is said, hook by hook

    def refusal(self, peer: object) -> str:
        """Why nothing will be said to this client, "" when it is welcome."""
        if self.is_closing:
            return replies.CLOSING
        if len(self.conversations) > MOST_CONVERSATIONS:
            return replies.CROWDED
        return "" if self._is_admitted(peer) else replies.NOT_ADMITTED

    def _is_admitted(self, peer: object) -> bool:
        if not (text := _ip_of(peer)):
            return True  # a socket of this machine is guarded by its permissions
        address = ipaddress.ip_address(text)
        return address.is_loopback or any(address in network for network in self.admitted)

    async def handle_EHLO(  # noqa: N802
        self, _server: object, session: smtp.Session, _envelope: object, name: str, said: list[str]
    ) -> list[str]:
        """What is offered; aiosmtpd hands its own part of it over."""
        session.host_name = name
        return [*said[:-1], *(f"250-{word}" for word in replies.EXTENSIONS), said[-1]]

    async def handle_MAIL(  # noqa: N802
        self, _server: object, _session: object, envelope: smtp.Envelope, sender: str, options: list[str]
    ) -> str:
        """Whoever it is from; "<>" is a report that nobody wants to hear back about (RFC 5321 4.5.5)."""
        if not sender.isprintable():
            return replies.BAD_SENDER
        envelope.mail_from = sender
        envelope.mail_options.extend(options)
        return replies.SENDER_NOTED

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: smtp.Envelope, recipient: str, options: list[str]
    ) -> str:
        """To the desk, and to nobody else."""
        if not recipient.isprintable():
            return replies.BAD_RECIPIENT
        if not self.door.office.policy.desk.receives(recipient):
            _log.info("door.refused", maildrop=self.door.name, recipient=recipient)
            return replies.not_the_desk(recipient)
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return replies.MOST_RECIPIENTS_REACHED
        envelope.rcpt_tos.append(recipient)
        envelope.rcpt_options.extend(options)
        return replies.RECIPIENT_IS_DESK

    async def handle_DATA(  # noqa: N802
        self, _server: object, session: smtp.Session, envelope: smtp.Envelope
    ) -> str:
        """The mail is ours when this has answered 250, and not before."""
        arrival = self._arrival(session, envelope)
        try:
            await asyncio.to_thread(self._keep, arrival)
        except (Unavailable, LeaseLost) as error:
            _log.warning("message.not_kept", maildrop=self.door.name, reason=str(error))
            if isinstance(error, LeaseLost):
                self._give_up(error)
            return replies.NOT_KEPT
        except Exception as error:  # noqa: BLE001  (a fault of ours must not give the mail up)
            return await self.handle_exception(error)
        _log.info(
            "message.accepted", mail_id=arrival.mail_id, maildrop=self.door.name, size=len(arrival.content),
            sender=envelope.mail_from, recipients=envelope.rcpt_tos,
        )  # fmt: skip
        return replies.kept(arrival.mail_id)

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: aiosmtpd itself would say 500, and the server would give the mail up."""
        _log.error("door.failed", maildrop=self.door.name, exc_info=error)
        return replies.NOT_KEPT

    def _arrival(self, session: smtp.Session, envelope: smtp.Envelope) -> Arrival:
        now = self.door.office.now()
        name, content = ingest.new_mail_id(now), envelope.original_content or b""
        sender = "" if envelope.mail_from in {None, "<>"} else str(envelope.mail_from)
        said = Envelope(sender=sender, recipients=tuple(envelope.rcpt_tos))
        hop = Hop(
            named=session.host_name or "", peer=_ip_of(session.peer), host=self.host,
            protocol=self._protocol(session, envelope),
        )  # fmt: skip
        above = trace_lines(said, hop, mail_id=name, at=now)
        return Arrival(
            content=above + content, uid=0, arrived_at=now, mail_id=name, source=Source.DOOR, envelope=said
        )

    def _protocol(self, session: smtp.Session, envelope: smtp.Envelope) -> str:
        # The registry of RFC 3848, with RFC 6531 4.3.
        wide, kind = "UTF8" if envelope.smtp_utf8 else "", self.door.drop.kind.upper()
        return f"{wide}{kind}" if wide or kind == "LMTP" else "ESMTP" if session.extended_smtp else kind

    def _keep(self, arrival: Arrival) -> None:
        ingest.keep([arrival], self.maildrop, DOOR_EPOCH, self.lease, self.door.office)
        # From here, and not from the loop: the client may be gone, and what is kept is to be filed.
        self.loop.call_soon_threadsafe(self._unfiled.set)


def _ip_of(peer: object) -> str:
    """The client's IP address without a zone, "" where it came by a socket of this machine."""
    return str(peer[0]).partition("%")[0] if isinstance(peer, tuple) else ""


def _refuse_if_served(path: str) -> None:
    """A socket that nobody serves any more may be replaced, another program's may not."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        if client.connect_ex(path) == 0:
            raise OSError("another program listens there")


# ---------------------------------------------------------------------- one client


class Conversation(smtp.SMTP):
    """One client by SMTP; ``Lmtp`` is the same with one reply a recipient after the data."""

    line_length_limit = LONGEST_LINE
    command_size_limit = LONGEST_COMMAND
    by_recipient = False

    def __init__(self, reception: Reception) -> None:
        self.reception = reception
        self.is_in_hand = False
        self._answers = 0
        super().__init__(
            reception, data_size_limit=reception.door.max_message, enable_SMTPUTF8=True,
            hostname=reception.host, ident="LMTP maild" if self.by_recipient else "ESMTP maild",
            timeout=IDLE_SECONDS, loop=reception.loop,
        )  # fmt: skip
        # The library's own table is one for all connections: a new one takes from the others what EHLO added.
        self.command_size_limits = defaultdict(lambda: LONGEST_COMMAND)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is at the door."""
        super().connection_made(transport)
        self.reception.conversations.add(self)
        if self._handler_coroutine is not None:
            # A client that goes without a word is no error of ours.
            self._handler_coroutine.add_done_callback(lambda task: task.cancelled() or task.exception())

    def connection_lost(self, error: Exception | None) -> None:
        """And is gone."""
        super().connection_lost(error)
        self.reception.left(self)

    def _timeout_cb(self) -> None:
        self.part(replies.SILENT)

    async def _handle_client(self) -> None:
        peer = self.session.peer if self.session else None
        if refusal := self.reception.refusal(peer):
            _log.warning("door.turned_away", maildrop=self.reception.door.name, peer=str(peer), reply=refusal)
            self.part(refusal)
            return
        await super()._handle_client()

    async def push(self, status: str | bytes) -> None:
        """Say a reply: with its enhanced code, and after LMTP's data as often as there are recipients."""
        line = status.decode() if isinstance(status, bytes) else status
        line = replies.for_each(replies.enhanced(line), self._answers)
        await super().push(line)
        if self.is_in_hand and line.startswith("354"):
            recipients = len(self.envelope.rcpt_tos) if self.envelope else 1
            self._answers = recipients if self.by_recipient else 1

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """The mail itself, when there is room for it."""
        async with self.reception.room:
            self.is_in_hand = True
            try:
                await super().smtp_DATA(arg)
            finally:
                self.is_in_hand, self._answers = False, 0
        if self.reception.is_closing:
            self.part()

    def part(self, reply: str = replies.CLOSING) -> None:
        """Say why it is over, and end it."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.write(f"{reply}\r\n".encode())
            self.transport.close()

    def cut(self) -> None:
        """End it without a word."""
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()


class Lmtp(Conversation, lmtp.LMTP):
    """One client by LMTP (RFC 2033): LHLO for EHLO, and one reply a recipient after the data."""

    by_recipient = True
