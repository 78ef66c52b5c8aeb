"""The outbox under everything that may happen to it, in any order: couriers who claim, send, stumble and die,
time that passes, and people who intervene meanwhile.

A model beside it knows what each letter has been through. Nothing leaves twice unless somebody may believe
that it had not left; nothing is lost; the letters of a ticket leave in their order.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from storage import outbox
from storage.outbox import Act, Settlement
from storage.records import OutboxEntry, OutboxState
from storage.store import Store
from tests.storage.entries import NOON, owe, ticket
from tests.storage.test_outbox import ACTS

TTL = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)
COURIERS = ("a", "b")
PEOPLE = ("jean@x", "eva@x")
WAITING = (OutboxState.READY, OutboxState.CLAIMED)
OUTCOMES = st.sampled_from(("sent", "refused", "put off", "silence", "silence, arrived"))
RARELY = st.sampled_from((False, False, False, True))
OVER = (OutboxState.SENT, OutboxState.FAILED, OutboxState.UNCERTAIN, OutboxState.DROPPED)


@dataclass(slots=True, kw_only=True)
class Story:
    """What one letter has been through. ``doubts``: how often it may have left, and nobody knows; ``claim``:
    which courier's it is."""

    ticket: int | None
    recipient: str
    content: bytes
    state: OutboxState = OutboxState.READY
    claim: str = ""
    delivered: int = 0
    doubts: int = 0
    confirmed: bool = False


@dataclass(slots=True, kw_only=True)
class Hand:
    """What a courier holds, and until when he may begin with it."""

    letters: list[OutboxEntry] = field(default_factory=list)
    until: datetime = NOON


class Machine(RuleBasedStateMachine):
    """Two couriers, two people, two tickets, and whoever sits at the console."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.now = store, NOON
        self.stories: dict[int, Story] = {}
        self.hands = {holder: Hand() for holder in COURIERS}
        self.tickets: list[int | None] = [None]

    letters = Bundle("letters")

    @initialize()
    def begin(self) -> None:
        """An outbox with nothing in it, and two tickets."""
        with self.store.write() as tx:
            tx.connection.execute(text("DELETE FROM outbox"))
            self.tickets += [ticket(tx), ticket(tx)]

    # --- what comes

    @rule(target=letters, about=st.integers(0, 2), to=st.sampled_from(PEOPLE), held=RARELY)
    def is_owed(self, about: int, to: str, held: bool) -> int:
        """A letter is written, now and then by a person over a budget."""
        content = f"letter {len(self.stories)}".encode()
        with self.store.write() as tx:
            known = set(self.stories)
            owe(tx, ticket_id=self.tickets[about], recipient=to, content=content, now=self.now,
                held="budget: 1" if held else "")  # fmt: skip
            (new,) = [one.id for one in outbox.letters(tx, OutboxState) if one.id not in known]
        state = OutboxState.HELD if held else OutboxState.READY
        self.stories[new] = Story(ticket=self.tickets[about], recipient=to, content=content, state=state)
        return new

    @rule(minutes=st.sampled_from((1, 10, 31)))
    def passes(self, minutes: int) -> None:
        """Time; after half an hour every claim is over."""
        self.now += minutes * MINUTE

    # --- couriers

    @rule(holder=st.sampled_from(COURIERS), limit=st.integers(1, 3))
    def claims(self, holder: str, limit: int) -> None:
        """Only what is due and is nobody's; of a ticket and a recipient the first."""
        hand = self.hands[holder]
        if hand.letters:
            return
        with self.store.write() as tx:
            taken = outbox.claim(tx, holder=holder, now=self.now, until=self.now + TTL, limit=limit)
        for entry in taken:
            story = self.stories[entry.id]
            assert story.state in WAITING, story
            assert not story.confirmed, "a letter that was sent is offered again"
            assert entry.content == story.content
            assert self._is_first(entry), "an earlier letter of its ticket waits"
            for other in self.hands.values():
                assert self.now >= other.until or entry.id not in {one.id for one in other.letters}
            story.state, story.claim = OutboxState.CLAIMED, holder
        hand.letters, hand.until = list(taken), self.now + TTL / 2

    def _is_first(self, entry: OutboxEntry) -> bool:
        return entry.ticket_id is None or not any(
            number < entry.id and story.state in WAITING
            for number, story in self.stories.items()
            if (story.ticket, story.recipient) == (entry.ticket_id, entry.recipient)
        )

    @rule(holder=st.sampled_from(COURIERS), outcome=OUTCOMES)
    def carries(self, holder: str, outcome: str) -> None:
        """Sends the next letter in hand and settles it; what he may not begin any more he gives back."""
        hand = self.hands[holder]
        if not hand.letters or self.now >= hand.until:
            self.gives_back(holder)
            return
        entry = hand.letters.pop(0)
        story = self.stories[entry.id]
        self._arrives(story, outcome in ("sent", "silence, arrived"))
        settlement = self._settlement(entry, outcome)
        with self.store.write() as tx:
            assert outbox.settle(tx, holder, settlement), "somebody else has his letter"
        story.state, story.claim = settlement.state, ""
        story.confirmed = outcome == "sent"
        story.doubts += outcome.startswith("silence")

    @rule(holder=st.sampled_from(COURIERS), outcomes=st.lists(OUTCOMES, min_size=1, max_size=4))
    def works(self, holder: str, outcomes: list[str]) -> None:
        """A whole round, as most are."""
        self.claims(holder, 3)
        for outcome in outcomes:
            self.carries(holder, outcome)

    def _arrives(self, story: Story, arrived: bool) -> None:
        if arrived:
            story.delivered += 1
            assert not story.confirmed
            assert story.delivered <= story.doubts + 1, "it left twice, and nobody could doubt it"

    def _settlement(self, entry: OutboxEntry, outcome: str) -> Settlement:
        silent = outcome.startswith("silence")
        if outcome in ("sent", "refused"):
            state = OutboxState.SENT if outcome == "sent" else OutboxState.FAILED
            return Settlement(id=entry.id, state=state, reply=outcome, at=self.now)
        if silent and entry.ambiguous >= 2:
            return Settlement(id=entry.id, state=OutboxState.UNCERTAIN, reply="", at=self.now, ambiguous=True)
        return Settlement(
            id=entry.id, state=OutboxState.READY, reply=outcome, at=self.now, next_at=self.now + 5 * MINUTE,
            ambiguous=silent,
        )  # fmt: skip

    @rule(holder=st.sampled_from(COURIERS))
    def hears_too_late(self, holder: str) -> None:
        """The answer comes when his claim may be over: it counts if nobody else has the letter by then."""
        hand = self.hands[holder]
        if not hand.letters:
            return
        entry = hand.letters.pop(0)
        story = self.stories[entry.id]
        story.delivered, story.doubts = story.delivered + 1, story.doubts + 1
        with self.store.write() as tx:
            heard = outbox.settle(tx, holder, self._settlement(entry, "sent"))
        assert heard == (story.claim == holder)
        if heard:
            story.state, story.claim, story.confirmed = OutboxState.SENT, "", True

    @rule(holder=st.sampled_from(COURIERS))
    def gives_back(self, holder: str) -> None:
        """What was not tried; what has become another's meanwhile is not his to give."""
        hand = self.hands[holder]
        if not hand.letters:
            return
        with self.store.write() as tx:
            outbox.give_back(tx, holder, now=self.now, ids=[entry.id for entry in hand.letters])
        self._let_go(holder)

    @rule(holder=st.sampled_from(COURIERS), arrived=st.booleans())
    def dies(self, holder: str, arrived: bool) -> None:
        """In the middle of a letter, which may have arrived; and starts anew."""
        hand = self.hands[holder]
        if hand.letters and self.now < hand.until:
            story = self.stories[hand.letters[0].id]
            self._arrives(story, arrived)
            story.doubts += 1
        with self.store.write() as tx:
            outbox.give_back(tx, holder, now=self.now)
        self._let_go(holder)

    def _let_go(self, holder: str) -> None:
        for entry in self.hands[holder].letters:
            story = self.stories[entry.id]
            if story.claim == holder:
                story.state, story.claim = OutboxState.READY, ""
        self.hands[holder].letters = []

    # --- people

    @precondition(lambda self: self.stories)
    @rule(number=letters, act=st.sampled_from(Act))
    def intervenes(self, number: int, act: Act) -> None:
        """Every act, on every letter, at any moment: done or refused as the table says."""
        story = self.stories[number]
        with self.store.write() as tx:
            found = outbox.intervene(tx, number, act, by="operator:x", now=self.now)
            after = outbox.letter(tx, number)
        assert found is not None
        assert after is not None
        was = story.state
        if was is OutboxState.CLAIMED and not outbox.is_being_sent(found, self.now):
            was = OutboxState.READY  # whoever claimed it is gone
        wanted = ACTS[was].get(act)
        assert after.state == (wanted or found.state)
        if wanted is not None:
            story.state, story.claim = wanted, ""

    # --- what holds at every moment

    @invariant()
    def is_all_there(self) -> None:
        """Every letter, in the state that its story says, with its content."""
        with self.store.read() as tx:
            found = {one.id: one for one in outbox.letters(tx, OutboxState)}
            assert found.keys() == self.stories.keys()
            for number, story in self.stories.items():
                one = found[number]
                assert one.state is story.state, (number, story)
                assert (one.next_at is not None) == (story.state in WAITING)
                assert (one.sent_at is not None) == story.confirmed

    def teardown(self) -> None:
        """In the end everything that may leave has left, once."""
        if self.stories:
            self._finish()
        for story in self.stories.values():
            assert story.state in OVER
            assert story.delivered <= story.doubts + 1
            assert story.confirmed == (story.state is OutboxState.SENT)
            assert not story.confirmed or story.delivered >= 1

    def _finish(self) -> None:
        for number, story in self.stories.items():
            if story.state is OutboxState.HELD:
                self.intervenes(number, Act.RELEASE)
        for _ in range(3 * len(self.stories) + 3):
            self.now += TTL + MINUTE
            for holder in COURIERS:
                self.gives_back(holder)
                self.claims(holder, 3)
                while self.hands[holder].letters:
                    self.carries(holder, "sent")


@pytest.mark.slow
def test_whatever_happens_to_the_outbox(store: Store) -> None:
    """On SQLite and on PostgreSQL."""

    class OnThis(Machine):
        def __init__(self) -> None:
            super().__init__(store)

    health = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    tries = settings(max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=health)
    run_state_machine_as_test(OnThis, settings=tries)
