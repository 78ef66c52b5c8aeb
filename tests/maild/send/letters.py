"""A letter to be carried, and the settings to carry it with."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from storage.records import MessageKind, OutboxEntry
from tests.maild.decide.cases import NOON

RETRY = (timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=1))


def entry(**values: Any) -> OutboxEntry:
    """A receipt that was claimed for the first time."""
    made: dict[str, Any] = {
        "id": 1,
        "mail_id": "m",
        "ticket_id": 1001,
        "kind": MessageKind.RECEIPT,
        "recipient": "jean@ecole.test",
        "message_id": "r@etnic.test",
        "content": b"From: a@b\r\nSubject: x\r\n\r\n.Bonjour.\r\n..\r\n",
        "attempts": 1,
        "created_at": NOON,
        "due_at": NOON,
    }
    return OutboxEntry(**(made | values))


def submission(port: int = 0, **values: Any) -> Any:
    """As much of the configuration as sending looks at."""
    made: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "tls": "none", "user": "", "timeout": timedelta(seconds=5),
        "retry": RETRY, "give_up": timedelta(hours=48), "per_minute": 30, "per_day": 10_000,
    }  # fmt: skip
    return SimpleNamespace(**(made | values))
