"""One IMAP mailbox, typed: the only door to imapclient.

Stands under ``imap`` and ``sent``. It reads without a trace (``BODY.PEEK[]``, RFC 9051 6.4.5), names
messages by UID alone (lists of ints), and gives each command a time-out. After anything that it raises
the connection is of no use and must be dropped:

``Unreachable`` the server did not answer, or went away; try again later.
``LoginRefused`` (an ``Unreachable``) the password or token is wrong; try again slowly.
``NoFolder`` (an ``Unreachable``) the folder does not exist or may not be opened.
"""

import imaplib
import math
import re
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from maild.bell import is_readable
from maild.line import Line, hang_up
from maild.oauth import bearer as tokens
from maild.oauth import sasl
from maild.oauth.access import Access
from maild.oauth.bearer import Bearer
from maild.oauth.sasl import Showing

# A connection that is not made by then will not be made.
CONNECT_SECONDS = 15.0
# The kernel gives a dead peer up after this, where it can be asked to.
_KEEP_IDLE_SECONDS = 60
# A sender whose bytes are not acknowledged for so long is cut off: keep-alive alone waits for silence.
_USER_TIMEOUT_MS = 120_000
_PART = 1 << 20
# RFC 7162 section 4: a server need not read commands of more than 8192 octets; a UID has ten digits at most.
_UIDS_AT_ONCE = 700
# The answer to SEARCH is one line, and imaplib gives up after a million bytes: a mailbox of 90,000 mails with
# long numbers would never be read. This holds six million.
imaplib._MAXLINE = 64 << 20  # type: ignore[attr-defined]
_SIZES = ("RFC822.SIZE", "INTERNALDATE", "FLAGS")
_MESSAGE_ID = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
# RFC 5530 3: the server says that it is its own trouble, and that it passes.
_TEMPORARY = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\b", re.IGNORECASE)

# Exchange says so at the first command where a program may log in, and may not open this mailbox.
_NOT_CONNECTED = "authenticated but not connected"


class Unreachable(Exception):
    """The server did not answer, answered nonsense, or went away."""


class LoginRefused(Unreachable):
    """The server knows us not: wrong user, password or token; ``remedy`` is "" where nobody knows one."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}; {remedy}" if remedy else what)


class NoFolder(Unreachable):
    """The folder cannot be opened."""


class Drop(Protocol):
    """What is needed to reach a mailbox; ``config.ImapMaildrop`` has it."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def tls(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def timeout(self) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """A folder as it was opened. ``keywords``: the server keeps flags of our own (RFC 9051 7.1)."""

    folder: str
    uidvalidity: int
    exists: int
    keywords: bool
    readonly: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """What is known of a mail before its bytes are fetched. ``received_at``: INTERNALDATE, UTC."""

    uid: int
    size: int
    received_at: datetime | None
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """A logged-in session; of one thread only."""

    client: IMAPClient
    capabilities: frozenset[str]
    line: Line
    bearer: Bearer | None = None

    def select(self, folder: str, *, readonly: bool = False) -> Selected:
        """Open a folder.

        Raises:
            NoFolder: where it does not exist or may not be opened.
            Unreachable: where the server is gone.
        """
        try:
            with self._exchange():
                said: dict[bytes, Any] = self.client.select_folder(folder, readonly=readonly)
        except Unreachable as error:
            if isinstance(error.__cause__, imaplib.IMAP4.abort | OSError):
                raise
            if _NOT_CONNECTED in str(error) and self.bearer is not None:
                refused = sasl.refusal(self.bearer, f"folder {folder}", str(error))
                raise LoginRefused(refused.what, refused.remedy) from error
            raise NoFolder(f"{folder}: {error}") from error
        permanent = said.get(b"PERMANENTFLAGS", ())
        return Selected(
            folder=folder,
            uidvalidity=int(said[b"UIDVALIDITY"]),
            exists=int(said.get(b"EXISTS") or 0),
            keywords=b"\\*" in permanent,
            readonly=readonly,
        )

    def uids(self) -> list[int]:
        """Every UID of the folder, ascending: one SEARCH, whatever the size."""
        with self._exchange():
            return sorted(int(uid) for uid in self.client.search("ALL"))

    def undeleted(self) -> list[int]:
        r"""Those without \Deleted, which a person has set, or a ``move`` that may not expunge."""
        with self._exchange():
            return sorted(int(uid) for uid in self.client.search("UNDELETED"))

    def exists(self) -> int | None:
        """How many mails the server last said there are, if it said so beside the answer to another command.

        Any answer may carry the news (RFC 9051 7.4.1); what is not asked for here would be lost, and
        neither IDLE nor NOOP says it twice.
        """
        said = self.client._imap.untagged_responses.pop("EXISTS", None)
        return int(said[-1]) if said and said[-1] else None

    def sizes(self, uids: Sequence[int]) -> list[Sized]:
        """Size and INTERNALDATE of these mails; those that are gone are missing."""
        return [_sized(uid, item) for uid, item in self._fetch(uids, _SIZES)]

    def whole(self, uids: Sequence[int], most: int) -> tuple[list[Sized], dict[int, bytes]]:
        """Sizes, instants, and the bytes of those smaller than ``most``: one command for a few mails."""
        answers = list(self._fetch(uids, [*_SIZES, f"BODY.PEEK[]<0.{most}>"]))
        bodies = {
            uid: content
            for uid, item in answers
            if (content := item.get(b"BODY[]<0>")) is not None and len(content) < most
        }
        return [_sized(uid, item) for uid, item in answers], bodies

    def contents(self, uids: Sequence[int]) -> dict[int, bytes]:
        """The raw bytes of these mails; those that are gone are missing (never empty)."""
        found = ((uid, item.get(b"BODY[]")) for uid, item in self._fetch(uids, ["BODY.PEEK[]"]))
        return {uid: content for uid, content in found if content is not None}

    def large_content(self, uid: int, size: int, most: int | None = None) -> bytes | None:
        """A big mail in parts of 1 MiB, so that memory stays near its size; None: it is gone.

        Args:
            size: what the server says of it, which may be an estimate: it ends where there is no more.
            most: stop when so many bytes of its beginning are there.
        """
        parts, got = list[bytes](), 0
        while most is None or got < most:
            part = self._part(uid, got)
            if part is None and (not parts or got < size):
                return None
            parts.append(part or b"")
            got += len(part or b"")
            if len(part or b"") < _PART:
                break
            if got > 2 * size + _PART:
                raise Unreachable(f"UID {uid}: the server gives more than it says that there is: {size}")
        return b"".join(parts)

    def _part(self, uid: int, start: int) -> bytes | None:
        answers = (item for _, item in self._fetch([uid], [f"BODY.PEEK[]<{start}.{_PART}>"]))
        parts = (v for item in answers for k, v in item.items() if k.startswith(b"BODY[]") and v is not None)
        return next(parts, None)

    def _fetch(self, uids: Sequence[int], items: Sequence[str]) -> Iterator[tuple[int, dict[bytes, Any]]]:
        """The answers about these mails, in their order, asked for in as many commands as they need; those
        that are gone are missing."""
        for part in _parts(uids):
            with self._exchange():
                answers: dict[int, dict[bytes, Any]] = self.client.fetch(part, items)
            yield from ((uid, answers[uid]) for uid in part if uid in answers)

    def answered(self) -> frozenset[int]:
        """The mails that bear \\Answered: one SEARCH, whatever the size of the folder."""
        with self._exchange():
            return frozenset(int(uid) for uid in self.client.search("ANSWERED"))

    def find(self, message_id: str) -> list[int]:
        """The mails of the open folder with this Message-ID."""
        with self._exchange():
            return [int(uid) for uid in self.client.search(["HEADER", "Message-ID", message_id])]

    def message_ids(self, uids: Sequence[int]) -> dict[int, str]:
        """What these mails have as Message-ID, as it is written there; "" where they have none."""
        found = (
            (uid, next((v for k, v in item.items() if k.startswith(b"BODY[")), b""))
            for uid, item in self._fetch(uids, [_MESSAGE_ID])
        )
        return {
            uid: (field or b"").decode("ascii", "replace").partition(":")[2].strip() for uid, field in found
        }

    def flags(self, uids: Sequence[int]) -> dict[int, frozenset[str]]:
        """The flags of these mails, system flags and keywords."""
        return {uid: _flags(item) for uid, item in self._fetch(uids, ["FLAGS"])}

    def add_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None:
        """Set flags; a mail that is gone is no error."""
        for part in _parts(uids) if flags else ():
            with self._exchange():
                self.client.add_flags(part, list(flags), silent=True)

    def remove_flags(self, uids: Sequence[int], flags: Sequence[str]) -> None:
        """Clear flags that we set."""
        for part in _parts(uids) if flags else ():
            with self._exchange():
                self.client.remove_flags(part, list(flags), silent=True)

    def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails by MOVE (RFC 6851), else by COPY, \\Deleted and UID EXPUNGE (RFC 4315).

        Without these the \\Deleted stays: EXPUNGE would throw away what people have only marked so far.
        """
        for part in _parts(uids):
            with self._exchange():
                self._move(part, folder)

    def _move(self, uids: list[int], folder: str) -> None:
        if "MOVE" in self.capabilities:
            self.client.move(uids, folder)
            return
        self.client.copy(uids, folder)
        self.client.delete_messages(uids, silent=True)
        if "UIDPLUS" in self.capabilities:
            self.client.uid_expunge(uids)

    def has_folder(self, folder: str) -> bool:
        """The folder exists."""
        with self._exchange():
            return bool(self.client.folder_exists(folder))

    def special(self, use: str) -> str:
        """The folder that the server names for a use, such as "Sent" (RFC 6154); "" where it names none."""
        with self._exchange():
            folders = self.client.list_folders()
        marked = (str(name) for flags, _, name in folders if f"\\{use}".encode() in flags)
        return next(marked, "")

    def create_folder(self, folder: str) -> None:
        """Make a folder."""
        with self._exchange():
            self.client.create_folder(folder)

    def noop(self) -> bool:
        """Ask for news (RFC 9051 6.1.2); True when the number of mails has changed."""
        with self._exchange():
            answer = self.client.noop()
        return _tells_of_mail(answer[1])

    def idle(self, seconds: float, wake: int) -> bool:
        """Wait for news by IDLE (RFC 2177), for a while, or until ``wake`` becomes readable.

        The answer to IDLE may arrive together with the news, and then sits in a buffer where ``poll``
        does not see it: it is looked at first. Whoever returns from here must compare UIDs.

        Returns:
            True when the server said something.
        """
        with self._exchange():
            spoken = self._begin_to_idle() or self._is_buffered()
        if not spoken:
            server = self.client.socket().fileno()
            spoken = server in is_readable((server, wake), seconds)
        with self._exchange():
            self.client.idle_done()
        return spoken

    def _begin_to_idle(self) -> bool:
        """True where the server had news before it agreed, which imapclient takes for a refusal."""
        connection, news = self.client._imap, False
        self.client._idle_tag = connection._command("IDLE")
        while (said := connection._get_response()) is not None:
            if not said.startswith(b"*"):
                raise Unreachable(f"IDLE: {said.decode('utf-8', 'replace')}")
            news = True
        return news

    @contextmanager
    def _exchange(self) -> Iterator[None]:
        with _said_plainly(), self.line.exchange(lambda: hang_up(self.client.socket())):
            yield

    def _is_buffered(self) -> bool:
        connection, reader = self.client.socket(), getattr(self.client._imap, "file", None)
        if reader is None or not hasattr(reader, "peek"):
            return False
        connection.setblocking(False)
        try:
            return bool(reader.peek(1))
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            connection.setblocking(True)
            connection.settimeout(self.client._timeout.read)

    def certificate(self) -> Mapping[str, Any]:
        """What the server showed and we accepted (``ssl.SSLSocket.getpeercert``); empty without TLS."""
        connection = self.client.socket()
        return (connection.getpeercert() or {}) if isinstance(connection, ssl.SSLSocket) else {}

    def close(self) -> None:
        """Say goodbye where the server still listens; the socket is closed in any case."""
        try:
            self.client.logout()
        except (IMAPClientError, OSError):
            # A server that forgot its BYE (RFC 9051 6.1.3) leaves a socket that is closed already.
            with suppress(OSError):
                self.client.shutdown()


def _parts(uids: Sequence[int]) -> Iterator[list[int]]:
    for at in range(0, len(uids), _UIDS_AT_ONCE):
        yield list(uids[at : at + _UIDS_AT_ONCE])


def _sized(uid: int, item: dict[bytes, Any]) -> Sized:
    received = item.get(b"INTERNALDATE")
    aware = isinstance(received, datetime) and received.tzinfo is not None
    return Sized(
        uid=uid,
        size=int(item.get(b"RFC822.SIZE") or 0),
        received_at=received.astimezone(UTC) if aware and received else None,
        flags=_flags(item),
    )


def _flags(item: dict[bytes, Any]) -> frozenset[str]:
    return frozenset(flag.decode("ascii", "replace") for flag in item.get(b"FLAGS", ()))


def _tells_of_mail(lines: Any) -> bool:
    return any(re.search(rb"EXISTS|RECENT|EXPUNGE", str(line).upper().encode()) for line in lines or ())


def connect(
    drop: Drop,
    key: str | Access,
    *,
    context: Callable[[], ssl.SSLContext] | None = None,
    line: Line | None = None,
) -> Mailbox:
    """Connect, secure and log in.

    Args:
        line: what cuts an exchange that lasts too long; without one nothing does.
        key: the password, read afresh at each login, so that it may be changed while the daemon runs; or the
            access to tokens, of which one that was kept is tried first, and a new one where it is refused.
        context: TLS settings, for tests; by default the system's authorities and the host's name count.

    Raises:
        LoginRefused: the server refuses user and password.
        Unreachable: anything else; the message says what and where.
    """
    begin = partial(
        _entered, drop, context=context or ssl.create_default_context, line=line or Line(math.inf)
    )
    if isinstance(key, str):
        return begin(key)
    while True:
        # Before we connect: a token server may be slow, and mail servers hang up on whoever says nothing.
        bearer = _bearer(key)
        try:
            return begin(bearer)
        except LoginRefused:
            key.discard()
            if bearer.is_new:
                raise


def _bearer(access: Access) -> Bearer:
    try:
        return access.bearer()
    except tokens.Refused as error:
        raise LoginRefused(error.what, error.remedy) from error
    except tokens.Unreachable as error:
        raise Unreachable(str(error)) from error


def _entered(
    drop: Drop, shown: str | Bearer, *, context: Callable[[], ssl.SSLContext], line: Line
) -> Mailbox:
    with _said_plainly(f"{drop.host}:{drop.port}: "):
        client = _secured(drop, context)
        _keep_alive(client.socket())
        with line.exchange(lambda: hang_up(client.socket())):
            _log_in(client, drop, shown)
            found = _capabilities(client)
        bearer = shown if isinstance(shown, Bearer) else None
        return Mailbox(client=client, capabilities=found, line=line, bearer=bearer)


def _capabilities(client: IMAPClient) -> frozenset[str]:
    return frozenset(c.decode("ascii", "replace").upper() for c in client.capabilities())


def _log_in(client: IMAPClient, drop: Drop, shown: str | Bearer) -> None:
    if isinstance(shown, Bearer):
        _show(client, drop, shown)
        return
    try:
        client.login(drop.user, shown)
    except LoginError as error:
        client.shutdown()
        _is_refusal(error, drop)
        raise LoginRefused(f"{drop.host}:{drop.port} refused {drop.user}: {_text(error)}") from error


def _show(client: IMAPClient, drop: Drop, bearer: Bearer) -> None:
    where = f"{drop.host}:{drop.port}"
    offered = (name.removeprefix("AUTH=") for name in _capabilities(client) if name.startswith("AUTH="))
    how = sasl.mechanism(offered)
    if not how:
        client.shutdown()
        refused = sasl.no_way(where)
        raise LoginRefused(refused.what, refused.remedy)
    showing = Showing(how, bearer, host=drop.host, port=drop.port)
    try:
        client.sasl_login(how, showing)
    except LoginError as error:
        client.shutdown()
        _is_refusal(error, drop)
        refused = sasl.refusal(bearer, where, _text(error), showing.error)
        # Not the error: its traceback may show what was said.
        raise LoginRefused(refused.what, refused.remedy) from None


def _is_refusal(error: LoginError, drop: Drop) -> None:
    """Raises Unreachable where it is none: imapclient calls it so as well when the connection broke, or when
    the server cannot look just now."""
    if isinstance(error.__context__, imaplib.IMAP4.abort) or _TEMPORARY.search(_text(error)):
        raise Unreachable(f"{drop.host}:{drop.port}: {_text(error)}") from error


def _secured(drop: Drop, context: Callable[[], ssl.SSLContext]) -> IMAPClient:
    seconds = drop.timeout.total_seconds()
    implicit = drop.tls == "implicit"
    client = IMAPClient(
        drop.host,
        drop.port,
        ssl=implicit,
        ssl_context=context() if implicit else None,
        timeout=SocketTimeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
    )
    client.normalise_times = False
    if drop.tls == "starttls":
        client.starttls(context())
    return client


def _keep_alive(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEP_IDLE_SECONDS)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _USER_TIMEOUT_MS)


@contextmanager
def _said_plainly(where: str = "") -> Iterator[None]:
    try:
        yield
    except Unreachable:
        raise
    # imaplib raises its own errors for what the server says, OSError for the wire, and ValueError or
    # KeyError out of answers that make no sense: all of them end the connection.
    except (IMAPClientError, imaplib.IMAP4.error, OSError, ValueError, KeyError, AttributeError) as error:
        raise Unreachable(f"{where}{_text(error)}") from error


def _text(error: Exception) -> str:
    said = error.args[0] if error.args and not isinstance(error, OSError) else error
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return text or type(error).__name__
