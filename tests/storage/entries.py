"""What the tests write into a ledger, with as few words as each needs."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from storage import outbox
from storage.records import KeptMail, Maildrop, MessageKind, NewMail, Stage, StoredFile
from storage.store import Transaction

NOON = datetime(2024, 11, 25, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_numbers = count(1)


def new_mail(uid: int, content: bytes = b"", *, at: datetime = NOON) -> NewMail:
    """A mail about to be kept; its bytes are its own unless given."""
    content = content or f"mail {uid}".encode()
    digest = hashlib.sha256(content).hexdigest()
    return NewMail(mail_id=f"mail{next(_numbers)}", uid=uid, arrived_at=at, content=content, sha256=digest)


def inbox(tx: Transaction, name: str = "support") -> Maildrop:
    """A maildrop."""
    return tx.maildrop(name, "inbox")


def keep(tx: Transaction, *uids: int, uidvalidity: int = 1, name: str = "support") -> tuple[KeptMail, ...]:
    """Mails with these UIDs, kept and not filed."""
    return tx.keep(inbox(tx, name), uidvalidity, [new_mail(uid) for uid in uids])


def ticket(tx: Transaction, **values: object) -> int:
    """A ticket; its number."""
    row: dict[str, object] = {
        "key": f"key{next(_numbers):013}", "subject": "Imprimante", "requester_name": "Jean",
        "requester_address": "jean@ecole.test", "status": "new", "language": "fr", "arrived_at": NOON,
        "created_at": NOON, "category": "", "team": "desk", "priority": "", "scope": "", "assignee": "",
        "due_at": NOON + DAY, "taken_at": None, "acked_at": None, "near_limit": False, "breached": False,
        "backlog": False, "merged_into": None,
    }  # fmt: skip
    return tx.open_ticket(row | values)


def message(tx: Transaction, number: int | None, kept: KeptMail, **values: object) -> int:
    """The message of a kept mail; its row."""
    row: dict[str, object] = {
        "mail_id": kept.mail_id, "ticket_id": number, "raw_id": kept.raw_id,
        "message_id": f"{kept.mail_id}@ecole.test", "digest": kept.sha256, "direction": "in",
        "kind": "request", "sender_name": "Jean", "sender_address": "jean@ecole.test",
        "subject": "Imprimante", "sent_at": NOON, "arrived_at": NOON, "created_at": NOON, "text": "Bonjour",
        "language": "fr", "thread_reason": "new", "verdicts": "[]", "reasons": "[]",
    }  # fmt: skip
    return tx.add_message(row | values)


def stored_file(sha256: str = "f" * 64, **values: Any) -> StoredFile:
    """A file that came with a message."""
    made: dict[str, Any] = {
        "filename": "a.pdf", "content_type": "application/pdf", "size": 3, "content_id": "", "inline": False,
    }  # fmt: skip
    return StoredFile(sha256=sha256, **(made | values))


def clock(tx: Transaction, number: int, row: int, *, at: datetime = NOON, **values: object) -> None:
    """The clock of a message."""
    made: dict[str, object] = {
        "ticket_id": number, "message_id": row, "first": True, "started_at": at, "near_at": at + 19 * HOUR,
        "due_at": at + DAY, "next_at": at + 19 * HOUR, "stage": Stage.RUNNING.value, "stopped_at": None,
        "stopped_by": "", "presumed": False,
    }  # fmt: skip
    tx.start_clock(made | values)


def owe(tx: Transaction, owed: str = "", **values: Any) -> None:
    """A mail that we owe."""
    number = next(_numbers)
    entry: dict[str, Any] = {
        "owed": owed or f"receipt:{number}", "mail_id": f"mail{number}", "ticket_id": None,
        "kind": MessageKind.RECEIPT, "recipient": "jean@ecole.test", "message_id": f"{number}@etnic.test",
        "subject": "Accusé", "content": b"From: x\r\n\r\nBonjour", "sha256": "0" * 64, "now": NOON,
    }  # fmt: skip
    outbox.owe(tx, **(entry | values))
