"""The audit names what the tables do not bear out, on both databases, and nothing where all is well."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from storage import audit
from storage.records import OutboxState, SightingState
from storage.store import Store, Transaction
from tests.storage.entries import NOON, inbox, keep, message, owe, ticket


def file(tx: Transaction, uid: int, *, acked: bool = True, **values: Any) -> int:
    """A mail that came, with its message, its ticket and its receipt; the ticket's number."""
    (kept,) = keep(tx, uid)
    number = ticket(tx, acked_at=NOON if acked else None)
    tx.settle(kept.sighting_id, SightingState.FILED, message(tx, number, kept, **values))
    if acked:
        owe(tx, f"receipt:{number}", ticket_id=number, mail_id=kept.mail_id)
    return number


def by_hand(tx: Transaction, *statements: str) -> None:
    """Statements as a hand writes them, straight into the tables."""
    for statement in statements:
        tx.connection.execute(text(statement))


@pytest.fixture
def damaged(store: Store) -> Callable[..., tuple[audit.Flaw, ...]]:
    """Files three mails, does damage, and says what the audit finds."""

    def do(*statements: str) -> tuple[audit.Flaw, ...]:
        with store.database.engine.connect() as connection:
            _lay_down_the_keys(connection)
            with connection.begin():
                tx = Transaction(connection=connection)
                for uid in (1, 2, 3):
                    file(tx, uid)
                by_hand(tx, *statements)
                return audit.flaws(tx)

    return do


def _lay_down_the_keys(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        # Within a transaction it would be ignored.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")
    else:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.commit()


def test_a_sound_ledger_has_no_flaw(store: Store) -> None:
    """Copies, mails still to be filed, skipped ones and tickets without a receipt are as they should be."""
    with store.write() as tx:
        file(tx, 1)
        file(tx, 2, acked=False)
        (again,) = keep(tx, 3)
        tx.settle(again.sighting_id, SightingState.FILED, 1)
        keep(tx, 4)
        tx.begin(inbox(tx), 1, NOON, [(5, "m5", NOON)])
        assert audit.flaws(tx) == ()
        assert audit.sightings(tx) == {1: {(1, "filed"): 3, (1, "received"): 1, (1, "skipped"): 1}}
        assert audit.receipts(tx) == audit.Receipts(owed=1, states={OutboxState.READY.value: 1})


GONE = {
    "the raw bytes": ("DELETE FROM raw WHERE id = 2", "its raw bytes are gone"),
    "the message": ("DELETE FROM message WHERE id = 2", "its message is gone"),
    "the filing": ("UPDATE sighting SET message_id = NULL WHERE id = 2", "it counts as filed"),
    "the plain ticket": (
        "UPDATE sighting SET message_id = NULL, state = 'quarantined' WHERE id = 2",
        "it counts as filed",
    ),
    "the sighting": ("DELETE FROM sighting WHERE id = 2", "in which maildrop"),
    "the place on a ticket": ("UPDATE message SET ticket_id = NULL WHERE id = 2", "it is on no ticket"),
    "the ticket": ("DELETE FROM ticket WHERE id = (SELECT max(id) FROM ticket) - 1", "it is on no ticket"),
    "the receipt": ("DELETE FROM outbox WHERE id = 2", "its receipt is not in the outbox"),
}


@pytest.mark.parametrize(("statement", "why"), GONE.values(), ids=GONE)
def test_what_is_gone_is_named(
    damaged: Callable[..., tuple[audit.Flaw, ...]], statement: str, why: str
) -> None:
    found = [flaw for flaw in damaged(statement) if why in flaw.why]
    (flaw,) = found
    assert not flaw.doubled
    assert flaw.mail_id
    assert flaw.maildrop_id == (None if why == "in which maildrop" else 1)


COPY = (
    "INSERT INTO message (mail_id, ticket_id, raw_id, message_id, digest, direction, kind, sender_name, "
    "sender_address, subject, sent_at, arrived_at, created_at, text, language, thread_reason, verdicts, "
    "reasons) SELECT 'copy', ticket_id + 1, raw_id, {id}, 'other', direction, kind, sender_name, "
    "sender_address, subject, sent_at, arrived_at, created_at, text, language, thread_reason, verdicts, "
    "reasons FROM message WHERE id = 2"
)
DOUBLED = {
    "equal bytes, another id": (COPY.format(id="'new@x'"), "the same mail is filed more than once"),
    "one Message-ID, sender and date": (COPY.format(id="message_id"), "it opened a ticket a second time"),
    "two messages of one raw mail": (
        "UPDATE sighting SET raw_id = 2 WHERE id = 1; UPDATE message SET raw_id = 2 WHERE id = 1",
        "the same mail is filed as",
    ),
    "two receipts": (
        "UPDATE outbox SET ticket_id = (SELECT ticket_id FROM outbox WHERE id = 1) WHERE id = 2",
        "a second receipt for one ticket",
    ),
}


@pytest.mark.parametrize(("statements", "why"), DOUBLED.values(), ids=DOUBLED)
def test_what_is_doubled_is_named(
    damaged: Callable[..., tuple[audit.Flaw, ...]], statements: str, why: str
) -> None:
    found = [flaw for flaw in damaged(*statements.split("; ")) if why in flaw.why]
    (flaw,) = found
    assert flaw.doubled
    assert flaw.mail_id


def test_two_mails_without_id_and_date_may_be_equal(store: Store) -> None:
    """They are two mails (DESIGN section 3), and so are two of one id from different senders."""
    with store.write() as tx:
        (first, second) = keep(tx, 1, 2)
        for kept in (first, second):
            nameless = {"message_id": f"c.{kept.mail_id}@maild.invalid", "sent_at": None}
            row = message(tx, ticket(tx), kept, raw_id=first.raw_id, **nameless)
            tx.settle(kept.sighting_id, SightingState.FILED, row)
        by_hand(tx, "UPDATE sighting SET raw_id = (SELECT min(id) FROM raw)")
        file(tx, 3, message_id="constant@x", digest="1")
        file(tx, 4, message_id="constant@x", digest="2", sender_address="marie@ecole.test")
        assert audit.flaws(tx) == ()
