"""What we owe: claimed before it is sent, settled after the reply, whatever dies in between."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from storage import outbox
from storage.database import Database
from storage.outbox import Settlement
from storage.records import MessageKind, OutboxEntry, OutboxState
from storage.store import Store, Transaction
from tests.storage.entries import DAY, HOUR, NOON, owe, ticket

TTL = timedelta(minutes=30)


def claim(
    tx: Transaction, holder: str = "a", *, now: datetime = NOON, limit: int = 20
) -> tuple[OutboxEntry, ...]:
    """As the courier claims."""
    return outbox.claim(tx, holder=holder, now=now, until=now + TTL, limit=limit)


def sent(entry: OutboxEntry) -> Settlement:
    """The server said 250."""
    return Settlement(id=entry.id, state=OutboxState.SENT, reply="250 ok", at=NOON)


def put_off(entry: OutboxEntry, until: datetime, *, ambiguous: bool = False) -> Settlement:
    """The server said 451, or nothing."""
    return Settlement(
        id=entry.id, state=OutboxState.READY, reply="451", at=NOON, next_at=until, ambiguous=ambiguous
    )


def test_a_mail_is_owed_claimed_and_sent_once(store: Store) -> None:
    """Its bytes, id and recipient as they were written."""
    with store.write() as tx:
        owe(tx, "receipt:1", content=b"caf\xe9\r\n", message_id="r@x", recipient="Jean@Ecole.test")
        assert outbox.is_owed(tx, "receipt:1")
        assert not outbox.is_owed(tx, "receipt:2")
        assert outbox.next_due(tx) == NOON
        (entry,) = claim(tx)
        assert (entry.content, entry.message_id, entry.attempts) == (b"caf\xe9\r\n", "r@x", 1)
        assert entry.recipient.casefold() == "jean@ecole.test"
        assert claim(tx) == ()
        outbox.settle(tx, "a", [sent(entry)])
        outbox.settle(tx, "a", [])
        assert claim(tx, now=NOON + DAY) == ()
        assert outbox.next_due(tx) is None
        assert outbox.sent_instants(tx, NOON - HOUR) == [NOON]
        assert outbox.sent_instants(tx, NOON) == []


def test_nothing_is_owed_twice(store: Store) -> None:
    """One receipt a ticket is what the table itself says."""
    with store.write() as tx:
        owe(tx, "receipt:1")
    with pytest.raises(IntegrityError), store.write() as tx:
        owe(tx, "receipt:1")


def test_answers_to_people_go_before_the_rest(store: Store) -> None:
    """A relay, then a receipt, then an alert, then a notification; the older one first."""
    kinds = (
        MessageKind.NOTIFICATION,
        MessageKind.ALERT,
        MessageKind.RECEIPT,
        MessageKind.RELAY,
        MessageKind.ANSWER,
    )
    with store.write() as tx:
        for kind in kinds:
            owe(tx, kind=kind)
        claimed = claim(tx, limit=4)
    assert [entry.kind for entry in claimed] == [
        MessageKind.RELAY, MessageKind.RECEIPT, MessageKind.ANSWER, MessageKind.ALERT,
    ]  # fmt: skip


def test_the_letters_of_a_ticket_leave_in_order(store: Store) -> None:
    """To one recipient; others do not wait for him, nor do letters about no ticket."""
    with store.write() as tx:
        number = ticket(tx)
        for n, to in enumerate(("jean@x", "jean@x", "anne@x")):
            owe(tx, ticket_id=number, recipient=to, message_id=f"{n}@x")
        owe(tx, message_id="free1@x")
        owe(tx, message_id="free2@x")
        claimed = claim(tx)
        assert [entry.message_id for entry in claimed] == ["0@x", "2@x", "free1@x", "free2@x"]
        outbox.settle(tx, "a", [put_off(claimed[0], NOON + HOUR), *map(sent, claimed[1:])])
        assert claim(tx) == ()
        (again,) = claim(tx, now=NOON + HOUR)
        assert (again.message_id, again.attempts) == ("0@x", 2)
        outbox.settle(tx, "a", [sent(again)])
        (second,) = claim(tx, now=NOON + HOUR)
        assert second.message_id == "1@x"


def test_what_may_not_leave_yet_waits(store: Store) -> None:
    """An undo window, or the time that a deferral set."""
    with store.write() as tx:
        owe(tx, not_before=NOON + HOUR)
        assert claim(tx) == ()
        assert outbox.next_due(tx) == NOON + HOUR
        assert len(claim(tx, now=NOON + HOUR)) == 1


def test_what_is_suppressed_never_leaves(store: Store) -> None:
    """It is recorded with its reason, in the place of what it would have been."""
    with store.write() as tx:
        owe(tx, "receipt:1", suppressed="budget: 10 to this recipient")
        assert outbox.is_owed(tx, "receipt:1")
        assert claim(tx, now=NOON + DAY) == ()


def test_an_expired_claim_is_due_again(store: Store) -> None:
    """Whoever held it is gone; what he still says is not heard."""
    with store.write() as tx:
        owe(tx)
        (lost,) = claim(tx, "gone")
        assert claim(tx, "b", now=NOON + TTL - HOUR / 60) == ()
        (found,) = claim(tx, "b", now=NOON + TTL)
        assert found.attempts == 2
        outbox.settle(tx, "gone", [put_off(lost, NOON + DAY)])
        outbox.settle(tx, "b", [sent(found)])
        assert outbox.counts(tx) == {"sent": 1}


def test_a_restart_takes_up_its_own_claims_at_once(store: Store) -> None:
    """The attempt counts: it may have reached the server."""
    with store.write() as tx:
        owe(tx)
        owe(tx)
        claim(tx, "a", limit=1)
        claim(tx, "b", limit=1)
        assert outbox.give_back(tx, "a", now=NOON) == 1
        (again,) = claim(tx, "a")
        assert again.attempts == 2


def test_what_was_claimed_and_not_tried_loses_no_attempt(store: Store) -> None:
    """The rate was spent: back with it."""
    with store.write() as tx:
        for _ in range(3):
            owe(tx)
        one, two, three = claim(tx)
        outbox.settle(tx, "a", [sent(one)])
        assert outbox.give_back(tx, "a", now=NOON + HOUR, ids=[two.id, three.id]) == 2
        assert claim(tx) == ()
        assert [entry.attempts for entry in claim(tx, now=NOON + HOUR)] == [1, 1]


def test_silences_after_the_dot_are_counted(store: Store) -> None:
    """Apart from ordinary deferrals."""
    with store.write() as tx:
        owe(tx)
        (entry,) = claim(tx)
        outbox.settle(tx, "a", [put_off(entry, NOON)])
        assert outbox.ambiguous_tries(tx, entry.id) == 0
        for turn in (1, 2):
            (entry,) = claim(tx)
            outbox.settle(tx, "a", [put_off(entry, NOON, ambiguous=True)])
            assert outbox.ambiguous_tries(tx, entry.id) == turn


def test_two_couriers_never_hold_the_same_letter(postgres_base: Database) -> None:
    """On PostgreSQL both may claim at the same moment: each gets its own."""
    store = Store(database=postgres_base)
    with store.write() as tx:
        for _ in range(4):
            owe(tx)
    with store.write() as one, store.write() as two:
        first = {entry.id for entry in claim(one, "a", limit=2)}
        second = {entry.id for entry in claim(two, "b", limit=4)}
    assert len(first) == len(second) == 2
    assert not first & second
