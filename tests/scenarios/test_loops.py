"""Machines that answer machines: what leaves stays within the budget, and every mail that comes is kept.

Time passes as fast as the ledger takes it: the flow, the outbox and the alarm are the real ones, and a letter
that leaves is delivered at once to whoever answers it.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maild import alarm, sweep
from maild.alarm import Alarm
from maild.bell import Bell
from maild.decide.policy import Agent, Budget, Rate, Team
from maild.health import Health
from maild.send import outbox as sending
from maild.send.courier import Outcome, Sent
from maild.send.outbox import Dispatch
from storage.records import MessageKind, OutboxEntry
from tests.maild.office import Room, raw, room
from tests.maild.send.letters import submission

ROUNDS = 1_000
HOUR = timedelta(hours=1)
ADMIN = "admin@etnic.test"
# What a gateway takes out that "cleans" headers: every sign that a program wrote it, and of what it answers.
SIGNS = re.compile(
    rb"^(?:Auto-Submitted|X-Auto-Response-Suppress|X-Maild|Precedence|In-Reply-To|References|Message-ID):"
    rb".*\r\n(?:[ \t].*\r\n)*",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(slots=True, kw_only=True)
class House:
    """A desk whose letters leave at once, and whose alarm is looked at."""

    room: Room
    sent: list[OutboxEntry] = field(default_factory=list)
    came: int = 0
    _dispatch: Dispatch | None = None
    _alarm: Alarm | None = None

    def send(self, entry: OutboxEntry) -> Outcome:
        """As the courier of this house."""
        self.sent.append(entry)
        return Sent(reply="250 ok")

    def rest(self) -> None:
        """As a courier does."""

    def receive(self, *contents: bytes) -> None:
        """Mails come, are kept and filed."""
        self.came += len(contents)
        self.room.ingest(*contents)

    def work(self) -> list[OutboxEntry]:
        """Look around, and send what is owed; what left."""
        before, office = len(self.sent), self.room.office
        if self._dispatch is None or self._alarm is None:
            limits = submission(per_minute=100_000, per_day=1_000_000)
            self._dispatch = Dispatch(office=office, courier=self, submission=limits, holder="a", bell=Bell())
            self._alarm = Alarm(office=office, polls={}, health=Health(), directory=Path("/"))
        alarm.look(self._alarm)
        sending.drain(self._dispatch)
        return self.sent[before:]

    def left(self, *kinds: MessageKind, to: str = "") -> int:
        """How many letters of these kinds left, to one address if one is named."""
        return sum(one.kind in kinds and to in ("", one.recipient) for one in self.sent)

    def most_in_an_hour(self, kind: MessageKind, *, domain: str = "") -> int:
        """The most letters of a kind that were written within any hour, to one domain if one is named."""
        chosen = (one for one in self.sent if one.kind is kind and one.recipient.endswith(domain))
        at = sorted(one.created_at for one in chosen)
        return max((sum(first <= other < first + HOUR for other in at) for first in at), default=0)

    @property
    def kept(self) -> int:
        """How many mails are in the ledger, each on its ticket."""
        return int(self.room.rows("SELECT count(*) AS n FROM message WHERE ticket_id IS NOT NULL")[0].n)


@contextmanager
def house(folder: Path, **changes: Any) -> Iterator[House]:
    """A desk with a ledger of its own."""
    folder.mkdir()
    with room(folder, **changes) as made:
        yield House(room=made)


@pytest.mark.slow
def test_a_responder_with_changing_addresses_and_no_standard_header(tmp_path: Path) -> None:
    """It answers whatever it gets, from an address of its own each time, and writes by itself besides; half
    of its addresses are of one domain."""
    budget = Budget(domain=(Rate(count=60, span=HOUR),), total=(Rate(count=90, span=HOUR),))
    with house(tmp_path / "a", budget=budget) as desk:
        for n in range(ROUNDS):
            domain = "ecole.test" if n % 2 else f"ecole{n}.test"
            desk.receive(
                raw(f"v{n}@{domain}", From=f"Absence <absent{n}@{domain}>", Subject=f"Absence {n}",
                    body="Je suis absent.\n")
            )  # fmt: skip
            if n % 4 == 0:
                desk.work()
            desk.room.clock.later(seconds=7)
        desk.work()
        assert desk.kept == desk.came == ROUNDS
        assert desk.most_in_an_hour(MessageKind.RECEIPT) == 90
        assert desk.most_in_an_hour(MessageKind.RECEIPT, domain="ecole.test") <= 60
        assert desk.left(MessageKind.TROUBLE, to=ADMIN) == 1
        suppressed = desk.room.rows("SELECT count(*) AS n FROM outbox WHERE state = 'suppressed'")[0].n
        assert suppressed + desk.left(MessageKind.RECEIPT) == ROUNDS


def cleaned(content: bytes) -> bytes:
    """A letter behind a gateway that takes out every sign of what it is."""
    head, _, body = content.partition(b"\r\n\r\n")
    return SIGNS.sub(b"", head + b"\r\n") + b"\r\n" + body


def rewritten(content: bytes) -> bytes:
    """What is left of a letter when a program answers it in words of its own."""
    words = hashlib.sha256(content).hexdigest()
    head = cleaned(content).partition(b"\r\n\r\n")[0].decode()
    kept = {name: value for name, _, value in (line.partition(": ") for line in head.split("\r\n"))}
    return raw(f"{words}@elsewhere.test", From=kept["From"], To=kept["To"], Subject=words, body=f"{words}\n")


@pytest.mark.parametrize(
    "gateway", [bytes, cleaned, rewritten], ids=["as sent", "cleaned", "in words of its own"]
)
@pytest.mark.parametrize("teams", [False, True], ids=["strangers", "each the other's team"])
def test_two_desks_that_write_to_each_other(
    tmp_path: Path, gateway: Callable[[bytes], bytes], teams: bool
) -> None:
    """A person begins it, from the mailbox of the one to the other; a thousand turns later it has ended, or
    goes on within the budget."""
    addresses = ("support@etnic.test", "hulp@ander.test")
    with ExitStack() as open_houses:
        desks = {
            address: open_houses.enter_context(
                house(
                    tmp_path / address,
                    desk={"address": address, "aliases": (), "secrets": (address.encode() * 2,)},
                    agents=(Agent(name="Anne", address=f"anne@{address.partition('@')[2]}"),),
                    teams=(Team(name="desk", address=other),) if teams else (),
                )
            )
            for address, other in (addresses, addresses[::-1])
        }
        begun = raw("p1@etnic.test", From=addresses[0], To=addresses[1], Subject="Question")
        waiting = {addresses[0]: list[bytes](), addresses[1]: [begun]}
        for _ in range(ROUNDS):
            turn = {address: list[bytes]() for address in addresses}
            for address, desk in desks.items():
                desk.receive(*waiting[address])
                for letter in desk.work():
                    if letter.recipient in turn:
                        turn[letter.recipient].append(gateway(letter.content))
                desk.room.clock.later(seconds=10)
            waiting = turn
            if not any(waiting.values()):
                break
        for desk in desks.values():
            assert desk.kept == desk.came
            assert desk.most_in_an_hour(MessageKind.RECEIPT) <= 10
            assert desk.left(MessageKind.TROUBLE, to=ADMIN) <= 1
            assert desk.left(MessageKind.NOTIFICATION) <= desk.came * 2
        assert sum(desk.came for desk in desks.values()) <= 30


def answered(letter: OutboxEntry) -> bytes:
    """What a program of the recipient's writes back."""
    words = hashlib.sha256(letter.content).hexdigest()
    return raw(f"{words}@elsewhere.test", From=letter.recipient, Subject=words, body=f"{words}\n")


@pytest.mark.slow
def test_agents_whose_own_programs_answer(tmp_path: Path) -> None:
    """Each of two agents has a program that answers whatever comes, in words of its own and without a header:
    what the one answers is told to the other. It goes on for ever, at a rate that people can live with."""
    anne, bob = "anne@etnic.test", "bob@etnic.test"
    agents = (Agent(name="Anne", address=anne), Agent(name="Bob", address=bob))
    budget = Budget(notification=(Rate(count=20, span=HOUR),))
    with house(tmp_path / "a", agents=agents, budget=budget) as desk:
        desk.receive(raw("m1@ecole.test"))
        for _ in range(ROUNDS // 2):
            theirs = [letter for letter in desk.work() if letter.recipient in (anne, bob)]
            desk.receive(*map(answered, theirs))
            desk.room.clock.later(seconds=15)
            sweep.sweep(desk.room.office)
        assert desk.kept == desk.came
        for agent in (anne, bob):
            assert desk.most_in_an_hour(MessageKind.NOTIFICATION, domain=agent) == 20
            assert desk.most_in_an_hour(MessageKind.RECEIPT, domain=agent) <= 10
            assert desk.most_in_an_hour(MessageKind.DIGEST, domain=agent) <= 4
            assert desk.most_in_an_hour(MessageKind.ANSWER, domain=agent) <= 10
            assert desk.left(MessageKind.DIGEST, to=agent) >= 4
        assert desk.left(MessageKind.TROUBLE, to=ADMIN) == 1
