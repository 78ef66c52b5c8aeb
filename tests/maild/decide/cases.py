"""The desk, the facts and the mails that the tables of this folder are made of."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from maild.arrival import Source
from maild.decide import tokens
from maild.decide.commands import Result
from maild.decide.decision import Decision
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Agent, Desk, Policy
from maild.decide.tokens import Purpose
from parsers.mail import ParsedMail, parse_mail
from storage.records import Clock, Stage, Status, Ticket

NOON = datetime(2024, 11, 25, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DESK = "support@etnic.test"
JEAN, ANNE, STRANGER = "jean@ecole.test", "anne@etnic.test", "marc@ailleurs.test"
SECRET = b"0123456789abcdef0123456789abcdef"
KEY = tokens.ticket_key(b"a ticket's")
OTHER_KEY = tokens.ticket_key(b"another one")


def policy(**changes: Any) -> Policy:
    """A desk with one agent, who must prove herself by token or dmarc."""
    desk: dict[str, Any] = {"name": "ETNIC", "address": DESK, "aliases": ("helpdesk@etnic.test",)}
    desk |= {"secrets": (SECRET,), "administrators": ("admin@etnic.test",)}
    values: dict[str, Any] = {
        "desk": Desk(**(desk | changes.pop("desk", {}))),
        "agents": (Agent(name="Anne", address=ANNE),),
        "trusted_authserv_ids": ("mx.etnic.test",),
    }
    return Policy(**(values | changes))


def mail(
    body: str = "Bonjour, mon imprimante ne marche plus.\n",
    *,
    sender: str = JEAN,
    subject: str = "Imprimante",
    to: str = DESK,
    message_id: str = "m1@ecole.test",
    **headers: str,
) -> ParsedMail:
    """A mail, parsed from its bytes; ``headers`` name themselves with ``_`` for ``-``."""
    lines = {"From": sender, "To": to, "Subject": subject, "Message-ID": f"<{message_id}>"}
    lines |= {"Date": "Mon, 25 Nov 2024 12:00:00 +0000", "Content-Type": "text/plain; charset=utf-8"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    top = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return parse_mail(f"{top}\r\n{body}".encode())


def ticket(number: int = 1001, **values: Any) -> Ticket:
    """A ticket of Jean's."""
    made: dict[str, Any] = {
        "id": number, "key": KEY if number == 1001 else OTHER_KEY, "subject": "Imprimante",
        "requester_name": "Jean", "requester_address": JEAN, "status": Status.NEW, "language": "fr",
        "arrived_at": NOON - HOUR, "created_at": NOON - HOUR, "team": "desk", "due_at": NOON + DAY,
    }  # fmt: skip
    return Ticket(**(made | values))


def clock(**values: Any) -> Clock:
    """A clock that runs since noon."""
    made: dict[str, Any] = {
        "id": 1, "ticket_id": 1001, "message_id": 1, "first": True, "started_at": NOON,
        "near_at": NOON + 19 * HOUR, "due_at": NOON + DAY, "stage": Stage.RUNNING,
        "span": 86_400,
    }  # fmt: skip
    return Clock(**(made | values))


def state(number: int = 1001, *people: str, **values: Any) -> TicketFacts:
    """A ticket and who takes part in it."""
    return TicketFacts(ticket=ticket(number, **values), participants=frozenset(people or (JEAN,)))


def facts(*states: TicketFacts, **values: Any) -> Facts:
    """What the ledger knows: these tickets, and by what their mails are found."""
    made: dict[str, Any] = {
        "now": NOON, "arrived_at": NOON, "mail_id": "m", "maildrop": "support", "source": Source.INBOX,
        "tickets": {s.ticket.id: s for s in states}, "by_key": {s.ticket.key: s.ticket.id for s in states},
    }  # fmt: skip
    return Facts(**(made | values))


def references(**tickets: int) -> Mapping[str, tuple[int, ...]]:
    """Message-IDs of ecole.test and their tickets."""
    return {f"{name}@ecole.test": (number,) for name, number in tickets.items()}


def of(made: Decision | Result, *kinds: type) -> list[Any]:
    """The changes of these kinds that a mail or its commands bring about."""
    return [change for change in made.changes if isinstance(change, kinds)]


def token(purpose: Purpose = Purpose.RECEIPT, *, key: str = KEY, to: str = JEAN, serial: str = "s1") -> str:
    """A token that the desk signed."""
    return tokens.sign((SECRET,), purpose, key, to, serial)
