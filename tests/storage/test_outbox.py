"""What we owe: claimed before it is sent, settled after the reply, whatever dies in between."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from storage import outbox
from storage.database import Database
from storage.outbox import Act, Settlement
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
        assert outbox.settle(tx, "a", sent(entry))
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
        outbox.settle(tx, "a", put_off(claimed[0], NOON + HOUR))
        for entry in claimed[1:]:
            outbox.settle(tx, "a", sent(entry))
        assert claim(tx) == ()
        (again,) = claim(tx, now=NOON + HOUR)
        assert (again.message_id, again.attempts) == ("0@x", 2)
        outbox.settle(tx, "a", sent(again))
        (second,) = claim(tx, now=NOON + HOUR)
        assert second.message_id == "1@x"


def test_what_may_not_leave_yet_waits(store: Store) -> None:
    """An undo window, or the time that a deferral set."""
    with store.write() as tx:
        owe(tx, not_before=NOON + HOUR)
        assert claim(tx) == ()
        assert outbox.next_due(tx) == NOON + HOUR
        assert len(claim(tx, now=NOON + HOUR)) == 1


@pytest.mark.parametrize("state", [OutboxState.READY, OutboxState.UNCERTAIN, OutboxState.HELD])
def test_what_was_seen_has_left(store: Store, state: OutboxState) -> None:
    """Whatever was known of it; other letters wait as before."""
    with store.write() as tx:
        owe(tx, "receipt:1", message_id="seen@etnic.test", held="why" if state is OutboxState.HELD else "")
        owe(tx, "receipt:2", message_id="other@etnic.test")
        if state is OutboxState.UNCERTAIN:
            (entry, _) = claim(tx)
            outbox.settle(tx, "a", Settlement(id=entry.id, state=state, reply="", at=NOON))
            outbox.give_back(tx, "a", now=NOON)
        outbox.note_seen(tx, ["seen@etnic.test", "unknown@etnic.test"], at=NOON + HOUR)
        assert [entry.message_id for entry in claim(tx, now=NOON + DAY)] == ["other@etnic.test"]
        assert outbox.sent_instants(tx, NOON) == [NOON + HOUR]


def test_what_a_person_dropped_or_a_courier_holds_is_theirs(store: Store) -> None:
    """What is being sent just now is settled by whoever sends it."""
    with store.write() as tx:
        owe(tx, "receipt:1", message_id="a@etnic.test", suppressed="budget")
        owe(tx, "receipt:2", message_id="b@etnic.test")
        (entry,) = claim(tx)
        outbox.note_seen(tx, ["a@etnic.test", "b@etnic.test"], at=NOON)
        assert outbox.counts(tx) == {"suppressed": 1, "claimed": 1}
        assert outbox.settle(tx, "a", sent(entry))


def test_all_may_be_made_to_wait(store: Store) -> None:
    """What was to wait longer still does, and what is over is not begun anew."""
    with store.write() as tx:
        owe(tx, "receipt:1")
        owe(tx, "receipt:2", not_before=NOON + DAY)
        owe(tx, "receipt:3", suppressed="budget")
        assert outbox.wait(tx, until=NOON + HOUR) == 1
        assert claim(tx, now=NOON + HOUR / 2) == ()
        assert len(claim(tx, now=NOON + HOUR)) == 1
        assert len(claim(tx, now=NOON + DAY)) == 2, "the one that was claimed, and the other"


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
        assert not outbox.settle(tx, "gone", put_off(lost, NOON + DAY))
        assert outbox.settle(tx, "b", sent(found))
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
        outbox.settle(tx, "a", sent(one))
        assert outbox.give_back(tx, "a", now=NOON + HOUR, ids=[two.id, three.id]) == 2
        assert claim(tx) == ()
        assert [entry.attempts for entry in claim(tx, now=NOON + HOUR)] == [1, 1]


def test_silences_after_the_dot_are_counted(store: Store) -> None:
    """Apart from ordinary deferrals."""
    with store.write() as tx:
        owe(tx)
        (entry,) = claim(tx)
        outbox.settle(tx, "a", put_off(entry, NOON))
        for turn in (0, 1, 2):
            (entry,) = claim(tx)
            assert entry.ambiguous == turn
            outbox.settle(tx, "a", put_off(entry, NOON, ambiguous=True))


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


def test_what_a_person_wrote_is_held_whole(store: Store) -> None:
    """Over a budget an answer of a person waits for a person; nothing of it is lost."""
    with store.write() as tx:
        owe(tx, "relay:1", kind=MessageKind.RELAY, content=b"Bonjour", held="budget: 10 to this recipient")
        assert claim(tx, now=NOON + DAY) == ()
        (waits,) = outbox.letters(tx, [OutboxState.HELD])
        assert (waits.reply, outbox.content(tx, waits.id)) == ("budget: 10 to this recipient", b"Bonjour")
        outbox.intervene(tx, waits.id, Act.RELEASE, by="operator:x", now=NOON + DAY)
        (released,) = claim(tx, now=NOON + DAY)
        assert (released.content, released.due_at) == (b"Bonjour", NOON + DAY)


# --- people intervene

# What each act makes of each state; nothing: it is refused, and the row is as it was.
ACTS: dict[OutboxState, dict[Act, OutboxState]] = {
    OutboxState.READY: {
        Act.HOLD: OutboxState.HELD, Act.RETRY: OutboxState.READY, Act.DROP: OutboxState.DROPPED,
    },
    OutboxState.CLAIMED: {},
    OutboxState.SENT: {},
    OutboxState.FAILED: {Act.RETRY: OutboxState.READY, Act.DROP: OutboxState.DROPPED},
    OutboxState.HELD: {Act.RELEASE: OutboxState.READY, Act.DROP: OutboxState.DROPPED},
    OutboxState.SUPPRESSED: {},
    OutboxState.UNCERTAIN: {Act.RETRY: OutboxState.READY, Act.DROP: OutboxState.DROPPED},
    OutboxState.DROPPED: {},
}  # fmt: skip


def in_state(tx: Transaction, state: OutboxState) -> int:
    """A letter about a ticket in this state; its number."""
    suppressed = "no" if state is OutboxState.SUPPRESSED else ""
    number = ticket(tx)
    owe(tx, f"receipt:{number}", ticket_id=number, suppressed=suppressed, content=b"Bonjour")
    (found,) = outbox.letters(tx, [OutboxState.READY, OutboxState.SUPPRESSED])
    if state in (OutboxState.HELD, OutboxState.DROPPED):
        act = Act.HOLD if state is OutboxState.HELD else Act.DROP
        outbox.intervene(tx, found.id, act, by="operator:x", now=NOON)
    elif state not in (OutboxState.READY, OutboxState.SUPPRESSED):
        claim(tx)
    if state in (OutboxState.SENT, OutboxState.FAILED, OutboxState.UNCERTAIN):
        outbox.settle(tx, "a", Settlement(id=found.id, state=state, reply="said", at=NOON))
    return found.id


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("state", OutboxState)
def test_what_a_person_may_do(store: Store, state: OutboxState, act: Act) -> None:
    """Every pair: what is done is told in the story of the ticket, what is refused changes nothing."""
    with store.write() as tx:
        number = in_state(tx, state)
        before, told = outbox.letter(tx, number), len(tx.events(ticket_id=before_ticket(tx, number)))
        found = outbox.intervene(tx, number, act, by="operator:anne", now=NOON + HOUR / 60)
        after = outbox.letter(tx, number)
        events = tx.events(ticket_id=before_ticket(tx, number))[told:]
    assert found == before
    assert after is not None
    wanted = ACTS[state].get(act)
    if wanted is None:
        assert after == before
        assert events == ()
        return
    assert after.state is wanted
    assert [(e.actor, e.cause) for e in events] == [("operator:anne", after.mail_id)]
    assert (after.next_at is not None) == (wanted is OutboxState.READY)


def before_ticket(tx: Transaction, number: int) -> int:
    """The ticket of a letter."""
    found = outbox.letter(tx, number)
    assert found is not None
    assert found.ticket_id is not None
    return found.ticket_id


def test_what_is_dropped_keeps_its_content_and_never_leaves(store: Store) -> None:
    """It can still be read; the ticket was not acknowledged by it."""
    with store.write() as tx:
        number = in_state(tx, OutboxState.DROPPED)
        assert claim(tx, now=NOON + DAY) == ()
        assert outbox.content(tx, number) == b"Bonjour"
        assert tx.states([before_ticket(tx, number)])[before_ticket(tx, number)].ticket.acked_at is None


def test_a_letter_that_was_given_up_begins_anew(store: Store) -> None:
    """Its attempts are close together again, its 48 hours begin now, and the ticket is acknowledged."""
    with store.write() as tx:
        number = in_state(tx, OutboxState.FAILED)
        outbox.intervene(tx, number, Act.RETRY, by="operator:x", now=NOON + 3 * DAY)
        (again,) = claim(tx, now=NOON + 3 * DAY)
        assert (again.attempts, again.ambiguous, again.due_at) == (1, 0, NOON + 3 * DAY)
        assert (
            tx.states([before_ticket(tx, number)])[before_ticket(tx, number)].ticket.acked_at
            == NOON + 3 * DAY
        )


def test_a_claim_that_is_over_holds_nobody_back(store: Store) -> None:
    """Whoever held it is gone; what he says later is not heard."""
    with store.write() as tx:
        number = in_state(tx, OutboxState.CLAIMED)
        outbox.intervene(tx, number, Act.HOLD, by="operator:x", now=NOON + TTL)
        held = outbox.letter(tx, number)
        assert held is not None
        assert held.state is OutboxState.HELD
        assert not outbox.settle(tx, "a", Settlement(id=number, state=OutboxState.SENT, reply="", at=NOON))


def test_there_is_no_letter_of_that_number(store: Store) -> None:
    """Nothing is done, and nothing is said."""
    with store.write() as tx:
        assert outbox.intervene(tx, 77, Act.DROP, by="operator:x", now=NOON) is None
        assert outbox.letter(tx, 77) is None


def test_a_held_letter_does_not_hold_the_ones_behind_it(store: Store) -> None:
    """Whoever holds one may want the next to go."""
    with store.write() as tx:
        number = in_state(tx, OutboxState.HELD)
        owe(tx, ticket_id=before_ticket(tx, number), message_id="next@x")
        assert [entry.message_id for entry in claim(tx)] == ["next@x"]


# --- what the alarm asks


def test_what_waits_and_since_when(store: Store) -> None:
    """Counted from when it was due; what is held, sent or over does not wait."""
    with store.write() as tx:
        assert outbox.waiting(tx, since=NOON) == outbox.Waiting(due_at=None, untried=None, domains=0)
        owe(tx, recipient="a@one.test", now=NOON - HOUR)
        owe(tx, recipient="b@two.test", now=NOON - 2 * HOUR, not_before=NOON - HOUR / 2)
        owe(tx, recipient="c@three.test", now=NOON)
        owe(tx, recipient="d@four.test", now=NOON - DAY, held="why")
        found = outbox.waiting(tx, since=NOON - HOUR / 4)
        assert found == outbox.Waiting(due_at=NOON - HOUR, untried=NOON - HOUR, domains=2)
        assert outbox.last_sent(tx, since=NOON - DAY) is None
        for entry in claim(tx):
            outbox.settle(tx, "a", sent(entry))
        assert outbox.waiting(tx, since=NOON).due_at is None
        assert outbox.last_sent(tx, since=NOON - DAY) == NOON
        assert outbox.last_sent(tx, since=NOON) is None


def test_which_answers_did_not_leave_and_why(store: Store) -> None:
    """Of automatic answers and of what people wrote, but for what a person holds; the last one first."""
    with store.write() as tx:
        owe(tx, suppressed="budget: one", now=NOON - 2 * HOUR)
        owe(tx, suppressed="budget: two", now=NOON - HOUR)
        owe(tx, kind=MessageKind.RELAY, held="budget: three", now=NOON)
        owe(tx, kind=MessageKind.NOTIFICATION, held="held by operator:x", now=NOON)
        owe(tx, kind=MessageKind.RELAY, held="held by anne@etnic.test", now=NOON)
        owe(tx, now=NOON)
        found = outbox.withheld(tx, since=NOON - 2 * HOUR)
    assert found == ((NOON, "budget: three"), (NOON - HOUR, "budget: two"))


def test_which_tickets_have_letters_that_did_not_arrive(store: Store) -> None:
    """Failed or uncertain; not those that wait, were sent, or that somebody dropped."""
    with store.write() as tx:
        lost = [before_ticket(tx, in_state(tx, s)) for s in (OutboxState.FAILED, OutboxState.UNCERTAIN)]
        sent_one = before_ticket(tx, in_state(tx, OutboxState.SENT))
        assert outbox.undelivered(tx, [*lost, sent_one]) == dict.fromkeys(lost, 1)
        assert outbox.undelivered(tx, []) == {}


def test_a_person_and_a_courier_never_have_the_same_letter(postgres_base: Database) -> None:
    """On PostgreSQL both may reach for it at the same moment: the courier passes over what is being held, and
    who comes after him is told that it is being sent."""
    store = Store(database=postgres_base)
    with store.write() as tx:
        owe(tx, message_id="one@x")
        owe(tx, message_id="two@x")
        first, second = (one.id for one in outbox.letters(tx, OutboxState))
    with store.write() as person, store.write() as courier:
        outbox.intervene(person, first, Act.HOLD, by="operator:x", now=NOON)
        assert [entry.id for entry in claim(courier)] == [second]
    with store.write() as tx:
        found = outbox.intervene(tx, second, Act.HOLD, by="operator:x", now=NOON)
        assert found is not None
        assert outbox.is_being_sent(found, NOON)
        assert outbox.counts(tx) == {"held": 1, "claimed": 1}


def test_what_is_owed_meanwhile_is_owed_once(store: Store) -> None:
    """Whoever comes second writes nothing, and goes on with what else he has to write."""
    with store.write() as tx:
        for recipient in ("jean@ecole.test", "marc@ecole.test", "jean@ecole.test"):
            with outbox.at_most_once(tx):
                owe(tx, f"report:2026-11:{recipient}", recipient=recipient)
    with store.read() as tx:
        assert outbox.counts(tx)["ready"] == 2
