"""An SMTP server that accepts, refuses, stalls or vanishes on order, and remembers what it took.

    sink.script(Reply(stage="rcpt", say="451 4.3.0 later"), Reply(stage="dot", say="keep-and-drop"))
    ...
    (letter,) = sink.wait_for(1)

It runs in a thread of the test's own process.
"""

import asyncio
import hmac
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.peers.certificate import Certificate
from tests.peers.child import LOOPBACK, free_port

Stage = Literal["ehlo", "auth", "mail", "rcpt", "data", "dot", "quit"]
Tls = Literal["none", "starttls", "implicit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to do instead of accepting, at one stage of one exchange.

    `say` is an SMTP reply, or "drop" (close without a word; nothing is kept) or, at the dot, "keep-and-drop"
    (the mail is kept, the client never hears so). `pause` is in seconds and comes first. `match` narrows it
    down to one sender ("mail"), one recipient ("rcpt") or a text in the content ("dot").
    """

    stage: Stage
    say: str
    pause: float = 0
    match: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that the server kept."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    at: datetime
    clock: float  # time.monotonic() at the same moment, which every process on a Linux machine shares
    confirmed: bool  # False: the client never saw the 250

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return BytesParser(_class=EmailMessage, policy=default).parsebytes(self.content)

    @property
    def message_id(self) -> str:
        """Without <>."""
        return str(self.message["Message-ID"] or "").strip().strip("<>")


@dataclass(slots=True)
class _Script:
    """Replies that are still to be given, in order; used from two threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: deque[tuple[Reply, Iterator[int]]] = field(default_factory=deque)

    def add(self, reply: Reply) -> None:
        with self.lock:
            self.waiting.append((reply, iter(range(reply.times))))

    def take(self, stage: Stage, text: str) -> Reply | None:
        with self.lock:
            for entry in list(self.waiting):
                reply, left = entry
                if reply.stage != stage or reply.match not in text:
                    continue
                if next(left, None) is not None:
                    return reply
                self.waiting.remove(entry)
        return None


class Sink:
    """One server on a loopback port; `stop` begins an outage, `start` ends it."""

    def __init__(
        self,
        *,
        tls: Tls = "none",
        certificate: Certificate | None = None,
        login: tuple[str, str] | None = None,
        size_limit: int = 35_000_000,
    ) -> None:
        """`login` is the user and password that it asks for; `tls` needs a certificate."""
        self.host = LOOPBACK
        self.port = free_port()
        self.tls = tls
        self.letters: list[Letter] = []  # kept, in order
        self.clients: set[object] = set()  # address and port of each connection that has said EHLO
        self._script = _Script()
        self._news = threading.Condition()
        self._controller: Controller | None = None
        self._login = login
        self._implicit = certificate.server_context() if certificate and tls == "implicit" else None
        self._options: dict[str, Any] = {"data_size_limit": size_limit, "ident": "a sink for tests"}
        # Otherwise aiosmtpd asks the resolver for its own name at each connection.
        self._options["server_hostname"] = "sink.etnic.test"
        if certificate and tls == "starttls":
            self._options |= {"tls_context": certificate.server_context(), "require_starttls": True}
        if login:
            self._options |= {"authenticator": self._authenticate, "auth_required": True}
            # aiosmtpd knows of TLS only where it began it itself.
            self._options |= {"auth_require_tls": tls == "starttls"}

    def start(self) -> None:
        """Listens; on the same port as before."""
        self._controller = _Controller(
            self._handler(), hostname=self.host, port=self.port, ssl_context=self._implicit, **self._options
        )
        self._controller.start()

    def _handler(self) -> "Handler":
        return Handler(self)

    def stop(self) -> None:
        """Stops listening and drops whoever is connected."""
        if self._controller:
            self._controller.stop(no_assert=True)
            self._controller = None

    def script(self, *replies: Reply) -> None:
        """Each reply is given `times` times, to the first exchanges that it fits; then all is accepted."""
        for reply in replies:
            self._script.add(reply)

    def wait_for(self, count: int, *, seconds: float = 20) -> list[Letter]:
        """The mails kept so far, as soon as there are `count` of them; TimeoutError otherwise."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.letters) >= count, seconds):
                raise TimeoutError(f"{len(self.letters)} of {count} mails came within {seconds} s")
            return list(self.letters)

    def take(self, stage: Stage, text: str) -> Reply | None:
        """For the server's own use: the reply that is due at this stage."""
        return self._script.take(stage, text)

    def keep(self, envelope: Envelope, *, confirmed: bool) -> None:
        """For the server's own use: this mail is now ours."""
        content = envelope.original_content or b""
        recipients = tuple(str(each) for each in envelope.rcpt_tos)
        letter = Letter(
            sender=envelope.mail_from or "",
            recipients=recipients,
            content=content,
            at=datetime.now(UTC),
            clock=time.monotonic(),
            confirmed=confirmed,
        )
        with self._news:
            self.letters.append(letter)
            self._news.notify_all()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        if self._login is None or not isinstance(given, LoginPassword):
            return AuthResult(success=False, handled=False)
        user, password = self._login
        right = hmac.compare_digest(given.login, user.encode())
        right &= hmac.compare_digest(given.password, password.encode())
        # "Not handled": aiosmtpd gives the refusal itself (RFC 4954 section 6: 535).
        return AuthResult(success=right, handled=False)


class Handler:
    """aiosmtpd's hooks: each asks the script first."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        said = await _played(server, self.sink.take("ehlo", hostname))
        session.host_name = hostname
        self.sink.clients.add(session.peer)
        return [said] if said else responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await _played(server, self.sink.take("mail", address or ""))
        if not said.startswith(("4", "5")):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return said or "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        said = await _played(server, self.sink.take("rcpt", address))
        if not said.startswith(("4", "5")):
            envelope.rcpt_tos.append(address)
        return said or "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self.sink.take("dot", (envelope.original_content or b"").decode("latin-1"))
        if reply and reply.say == "keep-and-drop":
            self.sink.keep(envelope, confirmed=False)
        said = await _played(server, reply)
        if not said.startswith(("4", "5")):
            self.sink.keep(envelope, confirmed=True)
        return said or "250 2.0.0 OK queued"


class _Server(SMTP):
    """aiosmtpd has no hook before the 354, at AUTH and at QUIT."""

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        reply = self.event_handler.sink.take("auth", arg)
        if reply is None:
            await super().smtp_AUTH(arg)
        else:
            await self.push(await _played(self, reply))

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        reply = self.event_handler.sink.take("quit", "")
        if reply is None:
            await super().smtp_QUIT(arg)
        else:
            await self.push(await _played(self, reply))

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        reply = self.event_handler.sink.take("data", "")
        if reply is None:
            await super().smtp_DATA(arg)
        else:
            await self.push(await _played(self, reply))


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


async def _played(server: SMTP, reply: Reply | None) -> str:
    """The reply to give, "" for the usual one; CancelledError, which ends the session, once it is dropped."""
    if reply is None:
        return ""
    await asyncio.sleep(reply.pause)
    if reply.say in {"drop", "keep-and-drop"}:
        if isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        raise asyncio.CancelledError("dropped by the script")
    return reply.say
