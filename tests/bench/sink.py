"""A cheap SMTP server in a process of its own, which takes everything and remembers it.

Stands at the far end of the bench: the floor and the daemon submit their receipts to it. It speaks to raw
sockets with PIPELINING (RFC 2920), because a library server costs more CPU a mail than what is measured. The
bench talks to it by lines on its standard input: ``count``, ``dump PATH``, ``reset``; it leaves at the end
of its input. A broken connection is closed and forgotten; anything else that goes wrong ends the process,
and the bench with it.
"""

import contextlib
import json
import selectors
import socket
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Self

from tests.bench.automatic import Receipt

EXTENSIONS = ("sink", "PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES")
EHLO = "".join(f"250-{each}\r\n" for each in EXTENSIONS).encode() + b"250 SMTPUTF8\r\n"


# --- the process --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Session:
    """One client: what it has sent and not yet been answered, and the mail in hand."""

    connection: socket.socket
    pending: bytes = b""
    recipients: list[str] = field(default_factory=list)
    in_text: bool = False


@dataclass(slots=True)
class Accepted:
    """A mail taken: the instant of its 250, in seconds of the epoch, its recipients and its bytes."""

    at: float
    recipients: list[str]
    content: bytes


class Sink:
    """The server: one loop over all sockets and the bench's orders."""

    def __init__(self) -> None:
        self.accepted: list[Accepted] = []
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.selector.register(self.listener, selectors.EVENT_READ, self._connect)
        self.selector.register(sys.stdin.buffer, selectors.EVENT_READ, self._order)
        self.running = True

    def serve(self) -> None:
        """Answers until the standard input ends."""
        say(str(self.listener.getsockname()[1]))
        while self.running:
            for key, _ in self.selector.select():
                key.data()

    def _connect(self) -> None:
        connection, _ = self.listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(connection=connection)
        self.selector.register(connection, selectors.EVENT_READ, partial(self._read, session))
        connection.sendall(b"220 sink ESMTP\r\n")

    def _read(self, session: Session) -> None:
        try:
            received = session.connection.recv(1 << 18)
            if received:
                session.pending += received
                answers = self._answers(session)
                if answers:
                    session.connection.sendall(answers)
        except OSError:
            received = b""
        if not received:
            self._close(session)

    def _close(self, session: Session) -> None:
        with contextlib.suppress(KeyError):
            self.selector.unregister(session.connection)
        session.connection.close()

    def _answers(self, session: Session) -> bytes:
        answers = b""
        while True:
            end = b"\r\n.\r\n" if session.in_text else b"\r\n"
            taken, found, rest = session.pending.partition(end)
            if not found:
                return answers
            session.pending = rest
            answers += self._keep(session, taken) if session.in_text else self._command(session, taken)

    def _keep(self, session: Session, taken: bytes) -> bytes:
        content = taken.replace(b"\r\n..", b"\r\n.") + b"\r\n"
        self.accepted.append(Accepted(at=time.time(), recipients=session.recipients, content=content))
        session.in_text, session.recipients = False, []
        return b"250 2.0.0 taken as %d\r\n" % len(self.accepted)

    @staticmethod
    def _command(session: Session, line: bytes) -> bytes:
        verb = line[:4].upper()
        if verb == b"EHLO":
            return EHLO
        if verb == b"RCPT":
            session.recipients.append(line.partition(b"<")[2].partition(b">")[0].decode("utf-8", "replace"))
        elif verb == b"DATA":
            session.in_text = True
            return b"354 go ahead\r\n"
        elif verb == b"RSET":
            session.recipients = []
        elif verb == b"QUIT":
            return b"221 2.0.0 bye\r\n"
        return b"250 2.0.0 ok\r\n"

    def _order(self) -> None:
        words = sys.stdin.buffer.readline().decode().split()
        if not words:
            self.running = False
        elif words[0] == "count":
            say(str(len(self.accepted)))
        elif words[0] == "reset":
            self.accepted.clear()
            say("0")
        else:
            self._dump(Path(words[1]))
            say(str(len(self.accepted)))

    def _dump(self, path: Path) -> None:
        with path.open("w", encoding="ascii") as file:
            for mail in self.accepted:
                row = {"at": mail.at, "to": mail.recipients, "content": b64encode(mail.content).decode()}
                file.write(json.dumps(row) + "\n")


def say(line: str) -> None:
    """One line to the bench."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


# --- the bench's side ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """A mail that the sink took: the instant of the 250 in seconds of the epoch, and the mail itself."""

    at: float
    recipients: tuple[str, ...]
    content: bytes
    message_id: str
    in_reply_to: str
    subject: str

    def receipt(self) -> Receipt:
        """As the second wave needs it, with the text of its plain part."""
        return Receipt(
            message_id=self.message_id,
            in_reply_to=self.in_reply_to,
            recipient=self.recipients[0],
            subject=self.subject,
            text=plain_text(message_from_bytes(self.content)),
            content=self.content,
            date=datetime.fromtimestamp(self.at, UTC),
        )


def caught(at: float, recipients: list[str], content: bytes) -> Caught:
    """The mail with its identifiers read (without ``<>``) and its subject decoded and unfolded."""
    headers, _, _ = content.partition(b"\r\n\r\n")
    message = message_from_bytes(headers + b"\r\n\r\n")
    subject = str(make_header(decode_header(message["Subject"] or "")))
    return Caught(
        at=at,
        recipients=tuple(recipients),
        content=content,
        message_id=(message["Message-ID"] or "").strip().strip("<>"),
        in_reply_to=(message["In-Reply-To"] or "").strip().strip("<>"),
        subject=" ".join(subject.split()),
    )


def plain_text(message: Message) -> str:
    """The first text/plain part, decoded; line feeds alone."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            packed = part.get_payload(decode=True)
            if isinstance(packed, bytes):
                return packed.decode(part.get_content_charset("utf-8"), "replace").replace("\r\n", "\n")
    return ""


class SinkProcess:
    """The sink as the bench holds it: started at entry, gone at exit."""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.sink"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()

    def count(self) -> int:
        """How many mails have been taken since the last reset."""
        return int(self._ask("count"))

    def reset(self) -> None:
        """Forgets every mail."""
        self._ask("reset")

    def mails(self, scratch: Path) -> list[Caught]:
        """Every mail taken since the last reset, in the order of their 250s.

        ``scratch``: a file to pass them in.
        """
        self._ask(f"dump {scratch}")
        rows = (json.loads(line) for line in scratch.read_text("ascii").splitlines())
        mails = [caught(row["at"], row["to"], b64decode(row["content"])) for row in rows]
        scratch.unlink()
        return mails

    def _ask(self, order: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the SMTP sink is gone")
        return line


if __name__ == "__main__":
    Sink().serve()
