"""A decision under way: what its effects share, and how a letter or a fact of the story is put down.

Stands under the other effects. Raises what the ledger raises.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from maild.assembly import Letter
from maild.compose import Stationery
from maild.decide import tokens
from maild.decide.decision import Decision
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Policy
from maild.decide.tokens import Purpose
from parsers.addresses import Address
from parsers.mail import ParsedMail
from storage import outbox
from storage.records import Event, KeptMail, MessageKind
from storage.store import Transaction

NO_TICKET = tokens.NO_TICKET


@dataclass(slots=True, kw_only=True)
class Work:
    """One decision under way: the only thing here that changes, and it ends with the call.

    ``cause``: the mail id, or what else the story names. ``kept``: the mail itself; None where no mail came.
    ``changed``: columns of the ticket, written once at the end; ``derived``: those of them that follow from
    its clocks, which nobody undoes. ``opened``: the number of the ticket that begins; ``visit``: the row of
    the one that it ordered or moved. ``elsewhere``: the mail belongs to another ticket, or to none.
    """

    tx: Transaction
    decision: Decision
    mail: ParsedMail
    facts: Facts
    policy: Policy
    paper: Stationery
    cause: str
    actor: str
    kept: KeptMail | None = None
    ticket: int | None = None
    key: str = NO_TICKET
    subject: str = ""
    message: int = 0
    opened: int | None = None
    changed: dict[str, Any] = field(default_factory=dict)
    derived: dict[str, Any] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    said: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    letters: int = 0
    visit: int = 0
    elsewhere: bool = False

    @property
    def number(self) -> str:
        """The ticket's number as people write it, "" where there is none."""
        return "" if self.ticket is None else self.policy.desk.number(self.ticket)

    @property
    def before(self) -> TicketFacts:
        """The ticket as it was.

        Raises:
            ValueError: it is only being opened.
        """
        if self.ticket is None or self.ticket not in self.facts.tickets:
            raise ValueError("this change needs a ticket that there is")
        return self.facts.tickets[self.ticket]

    @property
    def here(self) -> int:
        """The ticket's number.

        Raises:
            ValueError: there is none.
        """
        if self.ticket is None:
            raise ValueError("this change needs a ticket")
        return self.ticket

    @property
    def once(self) -> str:
        """What makes a letter the only one of its kind: one mail may order on many tickets."""
        return f"{self.cause}:{self.ticket}" if self.elsewhere else self.cause

    def tell(self, fact: str, actor: str, /, **detail: object) -> None:
        """Add a fact to the ticket's story."""
        self.tell_of(self.ticket, fact, actor, **detail)

    def tell_of(self, ticket: int | None, fact: str, actor: str, /, **detail: object) -> None:
        """Add a fact to the story of another ticket that this decision touches."""
        self.events.append(
            Event(
                ticket_id=ticket, at=self.facts.now, kind=fact, actor=actor, cause=self.cause,
                detail=as_json(detail),
            )
        )  # fmt: skip

    def say(self, event: str, /, **keys: object) -> None:
        """Let the log say it once it is durable."""
        self.said.append((event, keys))

    def post(
        self,
        purpose: Purpose,
        to: Address,
        language: str,
        *,
        serial: str = "",
        key: str = "",
        answers: tuple[str, ...] | None = None,
        beside: tuple[str, ...] | None = None,
    ) -> dict[str, Any]:
        """Addresses, signed id, signed header and threading of a letter that answers this mail.

        Args:
            serial: of its token; made of the cause where there is none.
            key: of the ticket that it is about, where that is another one.
            answers: Message-IDs of a thread whose last it answers, where that is not this mail.
            beside: Message-IDs of a thread in which it answers none: its reader has none of them.
        """
        self.letters += 1
        key, serial = key or self.key, serial or f"{self.cause}{self.letters}"
        secrets_, desk = self.policy.desk.secrets, self.policy.desk
        token = tokens.sign(secrets_, purpose, key, to.address, serial)
        local, _, domain = desk.address.rpartition("@")
        parent, before = self._threading(answers, beside)
        return {
            "to": to,
            "language": language,
            "now": self.facts.now,
            "message_id": f"{token}@{desk.domain}",
            "signature": tokens.sign(secrets_, Purpose.SELF, key, to.address, serial),
            "parent_id": parent,
            "parent_references": before,
            "reply_to": f"{local}+{token}@{domain}" if desk.plus_addresses else "",
        }

    def _threading(
        self, answers: tuple[str, ...] | None, beside: tuple[str, ...] | None
    ) -> tuple[str, tuple[str, ...]]:
        if beside is not None:
            return "", beside
        if answers is not None:
            return (answers[-1], answers[:-1]) if answers else ("", ())
        return self.mail.message_id, self.mail.references

    def owe(
        self,
        letter: Letter,
        kind: MessageKind,
        owed: str,
        *,
        suppressed: str = "",
        held: str = "",
        not_before: datetime | None = None,
    ) -> None:
        """Put a finished letter into the outbox; see ``storage.outbox.owe``."""
        owe_letter(
            self.tx, letter, kind, owed=owed, cause=self.cause, ticket=self.ticket, now=self.facts.now,
            suppressed=suppressed, held=held, not_before=not_before,
        )  # fmt: skip
        self.say("outbox.queued", ticket=self.number, kind=kind.value, to=letter.recipient)


def owe_letter(
    tx: Transaction,
    letter: Letter,
    kind: MessageKind,
    *,
    owed: str,
    cause: str,
    ticket: int | None,
    now: datetime,
    suppressed: str = "",
    held: str = "",
    not_before: datetime | None = None,
) -> None:
    """Put a finished letter into the outbox; see ``storage.outbox.owe``."""
    outbox.owe(
        tx, owed=owed, mail_id=cause, ticket_id=ticket, kind=kind, recipient=letter.recipient,
        message_id=letter.message_id, subject=letter.subject, content=letter.content,
        sha256=hashlib.sha256(letter.content).hexdigest(), now=now, suppressed=suppressed, held=held,
        not_before=not_before,
    )  # fmt: skip


def marker_of(post: Mapping[str, Any]) -> str:
    """The token of a letter, which stands once more below its separator line."""
    return str(post["message_id"]).partition("@")[0]


def as_json(value: object) -> str:
    """A detail of the story as it is kept."""
    return json.dumps(value, ensure_ascii=False, default=str)


def megabytes(size: int) -> int:
    """Bytes as people speak of them."""
    return max(1, round(size / 1_000_000))
