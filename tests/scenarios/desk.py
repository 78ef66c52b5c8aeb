"""One service desk for one story: its configuration, its mailbox, the server that takes its letters.

A story happens at an instant of its own, in November 2024, and time passes only where the story says so. It
lies in the past because Dovecot gives no mail an INTERNALDATE of the future.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, text

from maild import config as configuration
from maild import daemon
from maild.config import Config
from storage import database, outbox
from storage.records import Event, StoredMessage, Ticket
from storage.store import Store, Transaction
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Letter, Sink

DESK = "support@etnic.test"
ADMIN = "admin@etnic.test"
ANNE = "anne@etnic.test"
JEAN = "Jean Dupont <jean@ecole.test>"
# Monday, 25 November 2024, 14:32 in Brussels.
MONDAY = datetime(2024, 11, 25, 13, 32, tzinfo=UTC)
REQUEST = (
    "Bonjour,\n\nDepuis ce matin, mon imprimante ne fonctionne plus et je ne peux pas travailler."
    " Pouvez-vous m'aider ?\n\nMerci d'avance,\nJean Dupont\n"
)
Tables = Mapping[str, Any]


def mail(
    message_id: str = "",
    *,
    sender: str = JEAN,
    subject: str = "Imprimante en panne",
    body: str = REQUEST,
    to: str = DESK,
    at: datetime | None = MONDAY,
    **headers: Any,
) -> bytes:
    """A mail as a server delivers it; ``headers`` name themselves with ``_`` for ``-``, ids without <>."""
    lines = {"From": sender, "To": to, "Subject": subject}
    lines |= {"Date": f"{at:%a, %d %b %Y %H:%M:%S +0000}"} if at else {}
    lines |= {"Message-ID": f"<{message_id}>"} if message_id else {}
    lines |= {"MIME-Version": "1.0", "Content-Type": "text/plain; charset=utf-8"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    top = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{top}\r\n{body}".replace("\r\n", "\n").replace("\n", "\r\n").encode()


def quoted(*ids: str) -> str:
    """Message-IDs as a References header has them."""
    return " ".join(f"<{id_}>" for id_ in ids)


def reply(
    message_id: str, to: EmailMessage, body: str, *, sender: str = JEAN, subject: str = "", **headers: Any
) -> bytes:
    """A person's answer to one of our letters, as a mail client writes it."""
    was = re.sub(r"^Re: ", "", str(to["Subject"]))
    parent = str(to["Message-ID"])
    references = " ".join(f"{to['References'] or ''} {parent}".split())
    threading: dict[str, Any] = {"In_Reply_To": parent, "References": references}
    return mail(
        message_id, sender=sender, subject=subject or f"Re: {was}", body=body, **(threading | headers)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why a mail is where it is, as ``maild why`` tells it."""

    ticket: int | None
    reason: str
    verdicts: dict[str, tuple[bool, int | None, str]]
    reasons: tuple[str, ...]

    def held(self) -> list[str]:
        """The signals that held."""
        return [signal for signal, (holds, _, _) in self.verdicts.items() if holds]


@dataclass(slots=True, kw_only=True)
class Desk:
    """The desk of one story. ``now`` is its clock."""

    folder: Path
    mailbox: Mailbox
    sink: Sink
    database: str = ""
    now: datetime = MONDAY
    changes: dict[str, Any] = field(default_factory=dict)
    journal: io.StringIO = field(default_factory=io.StringIO)
    former: list[Tables] = field(default_factory=list)
    # Every desk of the story that is told, for what holds at the end of each.
    opened: ClassVar["list[Desk]"] = []

    def __post_init__(self) -> None:
        """Be known to whoever looks at the end."""
        self.opened.append(self)

    # --- what the operator does

    def configure(self, **tables: Any) -> None:
        """Change settings: a table's name (``maildrop`` for the one there is) and its new values."""
        self.former.append(self.settings())
        for name, values in tables.items():
            if isinstance(values, list):
                self.changes[name] = values
            else:
                self.changes[name] = {**self.changes.get(name, {}), **values}

    def settings(self) -> Tables:
        """Every table of the configuration."""
        tables: dict[str, Any] = {
            "desk": {
                "name": "ETNIC Service Desk", "address": DESK, "phone": "02 800 10 10",
                "secret": "0123456789abcdef0123456789", "administrators": [ADMIN],
            },
            "state": {"directory": str(self.folder / "var")},
            "maildrop": {
                "kind": "imap", "host": self.mailbox.host, "port": self.mailbox.port, "tls": "none",
                "user": self.mailbox.user, "password": self.mailbox.password, "poll": "1s", "timeout": "10s",
            },
            "submission": {"host": self.sink.host, "port": self.sink.port, "tls": "none", "timeout": "10s"},
            "agent": [{"name": "Anne", "address": ANNE}],
        }  # fmt: skip
        if self.database:
            tables["state"]["database"] = self.database
        for name, values in self.changes.items():
            tables[name] = values if isinstance(values, list) else tables.get(name, {}) | values
        tables["maildrop.support"] = tables.pop("maildrop")
        return tables

    def ever_configured(self) -> list[Tables]:
        """The configuration now, and each that there was before in this story."""
        return [*self.former, self.settings()]

    @property
    def file(self) -> Path:
        """config.toml, written afresh."""
        path = self.folder / "config.toml"
        path.write_text(_toml(self.settings()))
        path.chmod(0o600)
        return path

    def config(self) -> Config:
        """The configuration in force."""
        return configuration.load(self.file, {})

    def once(self) -> bool:
        """One pass of everything, as ``maild run --once`` makes it."""
        return daemon.once(self.config(), lambda: self.now)

    def later(self, **span: float) -> None:
        """Time passes."""
        self.now += timedelta(**span)

    # --- what people do

    def receive(
        self, *contents: bytes, at: datetime | None = None, flags: Iterable[str] = (), folder: str = "INBOX"
    ) -> None:
        """Mails reach the mailbox, now or ``at`` an instant."""
        self.mailbox.append_all(contents, folder=folder, at=at or self.now, flags=flags)

    def flags(self) -> list[set[str]]:
        """The flags of the mails in the mailbox, in their order."""
        return [set(flags) for _, flags in sorted(self.mailbox.flags().items())]

    def letters(self, to: str = "", about: str = "") -> list[EmailMessage]:
        """What the desk sent, to one address if one is named, with ``about`` in the subject."""
        kept = [letter.message for letter in self.sent(to)]
        return [one for one in kept if about in str(one["Subject"])]

    def sent(self, to: str = "") -> list[Letter]:
        """The same, with their envelopes."""
        return [one for one in self.sink.letters if not to or to in one.recipients]

    # --- what the ledger says

    @contextmanager
    def ledger(self) -> Iterator[Transaction]:
        """Look into the ledger."""
        opened = database.open_database(self.config().state.database)
        try:
            with Store(database=opened).read() as tx:
                yield tx
        finally:
            opened.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Do to the ledger what only a test may do."""
        opened = database.open_database(self.config().state.database)
        try:
            with opened.write() as connection:
                yield connection
        finally:
            opened.close()

    def tickets(self) -> list[Ticket]:
        """Every ticket, by number."""
        with self.ledger() as tx:
            return list(tx.tickets())

    def standing(self) -> list[Ticket]:
        """Every ticket as it stands, whoever has looked at it since."""
        return [replace(ticket, touched_at=None, look_at=None) for ticket in self.tickets()]

    def thread(self, ticket: int) -> list[StoredMessage]:
        """The messages of a ticket, in and out."""
        with self.ledger() as tx:
            return tx.messages([ticket])[ticket]

    def kinds(self, ticket: int) -> list[str]:
        """What the mails of a ticket are, those that came in first."""
        thread = self.thread(ticket)
        return [m.kind for way in ("in", "out") for m in thread if m.direction == way]

    def links(self, ticket: int) -> set[int]:
        """The tickets that this one is linked with."""
        with self.ledger() as tx:
            return set(tx.links([ticket])[ticket])

    def story(self, ticket: int) -> list[Event]:
        """The events of a ticket."""
        with self.ledger() as tx:
            return list(tx.events(ticket_id=ticket))

    def why(self, message_id: str) -> Explained:
        """Why a mail that came in is where it is."""
        with self.ledger() as tx:
            found = [m for m in tx.find_messages(message_id) if "/" not in m.mail_id]
        (message,) = found
        verdicts = {v["signal"]: (v["holds"], v["ticket"], v["why"]) for v in json.loads(message.verdicts)}
        return Explained(
            ticket=message.ticket_id,
            reason=message.thread_reason,
            verdicts=verdicts,
            reasons=tuple(json.loads(message.reasons)),
        )

    def number_of(self, message_id: str) -> int:
        """The ticket of a mail that came in."""
        found = self.why(message_id).ticket
        assert found is not None
        return found

    def outbox(self) -> dict[str, int]:
        """How many of our letters are in each state."""
        with self.ledger() as tx:
            return outbox.counts(tx)

    def rows(self, query: str) -> list[Any]:
        """The answer to a question that only the tables can answer."""
        with self.ledger() as tx:
            return list(tx.connection.execute(text(query)))

    # --- what the log says

    def log(self, event: str = "") -> list[dict[str, Any]]:
        """The log's lines, or those of one event."""
        lines = [json.loads(line) for line in self.journal.getvalue().splitlines()]
        return [line for line in lines if not event or line["event"] == event]

    def faults(self) -> list[dict[str, Any]]:
        """Lines that no good day has: a traceback, or an error."""
        return [line for line in self.log() if "exception" in line or line["level"] in ("error", "critical")]


def _toml(tables: Tables) -> str:
    return "\n".join(_table(name, values) for name, values in tables.items())


def _table(name: str, values: Any) -> str:
    if isinstance(values, list):
        return "\n".join(f"[[{name}]]\n{_keys(each)}" for each in values)
    return f"[{name}]\n{_keys(values)}"


def _keys(values: Mapping[str, object]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in values.items())


def _value(value: object) -> str:
    # What JSON calls a text, a number, a list or a truth is the same in TOML; only tables are not.
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)
