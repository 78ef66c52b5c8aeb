"""In whatever order mail comes, however often, and whatever is interrupted: the same mails share a ticket.

A model of what people wrote (conversations as trees, each mail naming its ancestors, as clients do, and sent
to all who take part) against the flow on a real ledger.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from maild import ingest
from tests.maild.office import Room, raw, room

PEOPLE = ("jean@ecole.test", "zoe@ecole.test", "lea@ecole.test")
MOST_MAILS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One mail that somebody wrote. ``parent``: the one it answers; ``named``: it has a Message-ID."""

    number: int
    conversation: int
    ancestors: tuple[int, ...]
    sender: str
    named: bool

    @property
    def content(self) -> bytes:
        """Its bytes, as the first server delivers them."""
        others = [person for person in PEOPLE if person != self.sender]
        headers = {
            "From": self.sender, "To": ", ".join(["support@etnic.test", *others]),
            "Subject": f"{'Re: ' if self.ancestors else ''}Panne {self.conversation}",
        }  # fmt: skip
        if self.ancestors:
            headers["In_Reply_To"] = f"<w{self.ancestors[-1]}@ecole.test>"
            headers["References"] = " ".join(f"<w{n}@ecole.test>" for n in self.ancestors)
        whole = raw(f"w{self.number}@ecole.test", body=f"Mots {self.number}.\n", **headers)
        return whole if self.named else whole.replace(b"Message-ID: ", b"X-Was: ")


def written(choices: Sequence[tuple[int, int, bool]]) -> list[Written]:
    """Mails from (which earlier mail it answers, who wrote it, whether it bears a Message-ID)."""
    mails: list[Written] = []
    for number, (answers, sender, named) in enumerate(choices):
        # What bears no Message-ID cannot be answered by name.
        parent = next((m for m in mails[answers : answers + 1] if m.named), None)
        ancestors = (*parent.ancestors, parent.number) if parent else ()
        mails.append(
            Written(
                number=number, conversation=parent.conversation if parent else number, ancestors=ancestors,
                sender=PEOPLE[sender], named=named or bool(ancestors),
            )
        )  # fmt: skip
    return mails


class Deliveries(RuleBasedStateMachine):
    """Mails come in any order, in batches, as copies, with deaths between the two commits."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="maild-partition-"))
        self.stack = ExitStack()
        self.room: Room = self.stack.enter_context(room(self.folder))
        self.mails: list[Written] = []
        self.delivered: Counter[int] = Counter()

    @initialize(
        choices=st.lists(
            st.tuples(st.integers(0, MOST_MAILS), st.integers(0, 2), st.booleans()),
            min_size=2, max_size=MOST_MAILS,
        )
    )  # fmt: skip
    def write(self, choices: list[tuple[int, int, bool]]) -> None:
        """People write."""
        self.mails = written(choices)

    def _contents(self, numbers: Sequence[int]) -> list[bytes]:
        chosen = [self.mails[number % len(self.mails)] for number in numbers]
        contents = []
        for mail in chosen:
            # Each further copy took another way here.
            way = b"Received: from mx%d\r\n" % self.delivered[mail.number]
            contents.append(way + mail.content)
            self.delivered[mail.number] += 1
        return contents

    @rule(numbers=st.lists(st.integers(0, MOST_MAILS - 1), min_size=1, max_size=5))
    def deliver(self, numbers: list[int]) -> None:
        """A batch, in which the same mail may stand twice."""
        self.room.ingest(*self._contents(numbers))

    @rule(numbers=st.lists(st.integers(0, MOST_MAILS - 1), min_size=1, max_size=4))
    def die_between_the_commits(self, numbers: list[int]) -> None:
        """They are kept; nobody files them."""
        arrivals = [self.room.arrival(content) for content in self._contents(numbers)]
        ingest.keep(arrivals, self.room.drop, 1, self.room.lease, self.room.office)

    @precondition(lambda self: self.mails)
    @rule()
    def start_again(self) -> None:
        """What was left is filed."""
        ingest.file_unfiled(self.room.office, self.room.lease)

    def teardown(self) -> None:
        """Everything comes at last; then it is as if it had come once, in order."""
        try:
            if self.mails:
                self.room.ingest(*self._contents(range(len(self.mails))))
                ingest.file_unfiled(self.room.office, self.room.lease)
                self._compare()
        finally:
            self.stack.close()
            shutil.rmtree(self.folder)

    def _compare(self) -> None:
        rows = self.room.rows("SELECT ticket_id, text FROM message WHERE direction = 'in'")
        numbered = [(row.ticket_id, int(row.text.split()[1].strip("."))) for row in rows]
        assert sorted(number for _, number in numbered) == [mail.number for mail in self.mails]
        found: dict[int, set[int]] = {}
        for ticket, number in numbered:
            found.setdefault(ticket, set()).add(number)
        meant: dict[int, set[int]] = {}
        for mail in self.mails:
            meant.setdefault(mail.conversation, set()).add(mail.number)
        assert sorted(map(sorted, found.values())) == sorted(map(sorted, meant.values()))
        receipts = [to for kind, to in self.room.letters() if kind == "receipt"]
        assert len(receipts) == len(meant)
        assert self.room.rows("SELECT count(*) AS n FROM sighting WHERE state <> 'filed'")[0].n == 0


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=50, stateful_step_count=12, deadline=None)
