"""The probe: a mail from the desk to itself, through its real submission server, looked for in its mailbox.

Stands beside the daemon, under ``doctor --probe``. It bears the signed header of our own mails, with a
serial that no letter has (``tokens.Token.is_probe``): a daemon that meets it makes no ticket of it. What
happens to it is a value; a mailbox that goes away meanwhile is ``maild.receive.mailbox.Unreachable``.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parsedate_to_datetime

from maild.decide import tokens
from maild.decide.policy import Desk
from maild.decide.tokens import Purpose
from maild.receive.mailbox import Mailbox
from parsers.mail import ParsedMail, parse_mail
from storage.records import MessageKind, OutboxEntry

# What is longer is no probe.
_MOST_BYTES = 1 << 18
# Instants of IMAP and RFC 5322 know whole seconds.
_SECOND = timedelta(seconds=1)
_SUBJECT = "maild : essai de la boîte, rien à faire / a test of the mailbox, nothing to do"
_TEXT = (
    "Ce mail vient de « maild doctor --probe ». On peut le supprimer.\n"
    "This mail comes from `maild doctor --probe`. It can be deleted.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A mail to ourselves. ``token`` stands in its header X-Maild; ``sent_at`` is aware UTC."""

    to: str
    message_id: str
    token: str
    content: bytes
    sent_at: datetime

    @property
    def entry(self) -> OutboxEntry:
        """As a courier takes it."""
        return OutboxEntry(
            id=0, mail_id="", ticket_id=None, kind=MessageKind.OWN_COPY, recipient=self.to,
            message_id=self.message_id, content=self.content, attempts=0, created_at=self.sent_at,
            due_at=self.sent_at,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """A probe that came back: where, when we saw it, when the server says that it came (INTERNALDATE)."""

    probe: Probe
    folder: str
    seen_at: datetime
    received_at: datetime | None
    mail: ParsedMail

    @property
    def kept_its_id(self) -> bool:
        """It still has the Message-ID that we gave it."""
        return self.mail.message_id == self.probe.message_id

    @property
    def kept_its_mark(self) -> bool:
        """It still has the header by which we know our own mail."""
        return self.probe.token in self.mail.header("X-Maild")

    @property
    def authserv_ids(self) -> tuple[str, ...]:
        """Who wrote its Authentication-Results (RFC 8601 2.5), the topmost first; a result is no name."""
        first = (value.split(";")[0].split() for value in self.mail.authentication_results)
        return tuple(dict.fromkeys(words[0] for words in first if words and "=" not in words[0]))

    @property
    def skew_of_mailbox(self) -> timedelta:
        """How far the mailbox's clock is from ours, as far as that can be told."""
        return skew(self.received_at or self.seen_at, self.probe.sent_at, self.seen_at)

    @property
    def skew_of_submission(self) -> timedelta:
        """The same of the server that took it from us: it wrote the lowest Received (RFC 5321 4.4)."""
        return skew(self._taken_at() or self.seen_at, self.probe.sent_at, self.seen_at)

    def _taken_at(self) -> datetime | None:
        received = self.mail.fields.all("received")
        try:
            at = parsedate_to_datetime(received[-1].decode("ascii", "replace").rpartition(";")[2].strip())
        except (IndexError, ValueError, TypeError):
            return None
        return at.astimezone(UTC) if at.tzinfo else None


def skew(said: datetime, sent_at: datetime, seen_at: datetime) -> timedelta:
    """How far an instant lies outside the span in which it must lie: negative where it is too early."""
    if said < sent_at - _SECOND:
        return said - sent_at
    return max(timedelta(0), said - seen_at - _SECOND)


def written(desk: Desk, to: str, now: datetime) -> Probe:
    """A mail from the desk to an address of its own.

    Args:
        now: aware UTC.
    """
    serial = f"{tokens.PROBE}{secrets.token_hex(6)}"
    token = tokens.sign(desk.secrets, Purpose.SELF, tokens.NO_TICKET, desk.address, serial)
    message_id = f"{token}@{desk.address.rpartition('@')[2]}"
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = desk.address, to, _SUBJECT
    mail["Date"], mail["Message-ID"] = format_datetime(now), f"<{message_id}>"
    # RFC 3834 section 5: nobody's absence notice shall answer it.
    mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"] = "auto-generated", "All"
    mail["X-Maild"] = f"<{token}>"
    mail.set_content(_TEXT, cte="quoted-printable")
    return Probe(to=to, message_id=message_id, token=token, content=bytes(mail), sent_at=now)


def plus_address(address: str) -> str:
    """An address below the desk's own, as replies come to with ``plus_addresses`` (RFC 5233)."""
    local, _, domain = address.rpartition("@")
    return f"{local}+{tokens.PROBE}{secrets.token_hex(2)}@{domain}"


@dataclass(slots=True, kw_only=True)
class Watch:
    """The folders of a mailbox in which something may come back; ``begun`` before anything is sent.

    Args:
        now: aware UTC.
    """

    mailbox: Mailbox
    folders: Sequence[str]
    now: Callable[[], datetime]
    known: dict[str, set[int]] = field(default_factory=dict)

    def begun(self) -> "Watch":
        """Knows what lies there already; a folder that does not exist is left out."""
        for folder in self.folders:
            if self.mailbox.has_folder(folder):
                self.mailbox.select(folder, readonly=True)
                self.known[folder] = set(self.mailbox.uids())
        return self

    def found(self, probes: Sequence[Probe]) -> Iterator[Back]:
        """Those that have come since the last look."""
        for folder, known in self.known.items():
            self.mailbox.select(folder, readonly=True)
            fresh = [uid for uid in self.mailbox.uids() if uid not in known]
            known.update(fresh)
            yield from self._of(folder, fresh, probes)

    def _of(self, folder: str, uids: Sequence[int], probes: Sequence[Probe]) -> Iterator[Back]:
        if not uids:
            return
        sizes, contents = self.mailbox.whole(uids, _MOST_BYTES)
        received = {sized.uid: sized.received_at for sized in sizes}
        for uid, content in contents.items():
            mail = parse_mail(content)
            for probe in probes:
                if mail.message_id == probe.message_id or probe.token in mail.header("X-Maild"):
                    yield Back(
                        probe=probe,
                        folder=folder,
                        seen_at=self.now(),
                        received_at=received.get(uid),
                        mail=mail,
                    )


def awaited(
    watch: Watch, probes: Sequence[Probe], *, until: datetime, pause: Callable[[], object]
) -> Mapping[str, Back]:
    """The probes that come back until an instant, by their address; looks again after each ``pause``."""
    back: dict[str, Back] = {}
    while True:
        for one in watch.found(probes):
            back.setdefault(one.probe.to, one)
        if len(back) == len(probes) or watch.now() >= until:
            return back
        pause()
