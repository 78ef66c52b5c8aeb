"""A death, or an error, at every step of the flow and at each of its occurrences: the end is always the same.

isync's way (notes on reliability, section 1): the story runs once as a whole; then again and again, struck
at one step more each time, and is resumed; then all is compared.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from maild.steps import Step
from tests.scenarios.desk import DESK, MONDAY, Desk, mail
from tests.scenarios.faults import KILLED, Faulty, Order, faulty

# After these the server may have the letter although the ledger does not know: it may come twice.
AMBIGUOUS = {Step.SPOKEN, Step.ANSWERED, Step.SETTLING}
PASSES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What there is when all is quiet."""

    tickets: frozenset[frozenset[tuple[str, str]]]
    outbox: Counter[tuple[str, str, str, str]]
    clocks: int
    unsettled: int
    flags: tuple[frozenset[str], ...]
    arrived: dict[str, int] = field(compare=False)


@pytest.fixture(scope="module")
def program() -> Iterator[Faulty]:
    """The daemon that dies on order."""
    with faulty() as running:
        yield running


def fill(desk: Desk) -> None:
    """A request of yesterday, its follow-up, one mail delivered twice, an absence notice, a newsletter."""
    request, doubled = mail("m1@ecole.test", at=MONDAY), mail("m2@ecole.test", sender="Zoé <zoe@ecole.test>")
    desk.receive(request, at=MONDAY - timedelta(hours=20))
    desk.receive(
        mail("m3@ecole.test", In_Reply_To="<m1@ecole.test>", subject="Re: Imprimante en panne", body="Et ?"),
        doubled,
        doubled.replace(b"From:", b"Received: from alias\r\nFrom:", 1),
        mail("m4@ecole.test", sender="lea@ecole.test", Auto_Submitted="auto-replied", subject="Absence"),
    )  # fmt: skip


def forget(desk: Desk, empty: Path) -> None:
    """Nothing has happened yet: the ledger is empty, the mailbox bears no marks, nothing was sent."""
    desk.sink.letters.clear()
    for uid, flags in desk.mailbox.flags().items():
        desk.mailbox.unmark(uid, *flags)
    if desk.database:
        with desk.writing() as connection:
            tables = (
                "attachment, clock, event, lease, link, maildrop, message, mute, outbox, participant, raw"
            )
            connection.exec_driver_sql(f"TRUNCATE {tables}, reference, sighting, ticket, trouble CASCADE")
            connection.exec_driver_sql("ALTER SEQUENCE ticket_id_seq RESTART WITH 1001")
        return
    for file in (desk.folder / "var").glob("*"):
        file.unlink()
    shutil.copy(empty, desk.folder / "var" / "maild.db")


def end(desk: Desk) -> End:
    """What there is now."""
    of_ticket: dict[int, set[tuple[str, str]]] = {}
    for row in desk.rows("SELECT ticket_id, message_id, kind FROM message"):
        of_ticket.setdefault(row.ticket_id, set()).add((row.message_id, row.kind))
    owed = desk.rows("SELECT kind, recipient, state, subject FROM outbox")
    return End(
        tickets=frozenset(map(frozenset, of_ticket.values())),
        outbox=Counter((row.kind, row.recipient, row.state, _unnumbered(row.subject)) for row in owed),
        clocks=desk.rows("SELECT count(*) AS n FROM clock")[0].n,
        unsettled=desk.rows("SELECT count(*) AS n FROM sighting WHERE state = 'received'")[0].n,
        flags=tuple(map(frozenset, desk.flags())),
        arrived=dict(Counter(letter.message_id for letter in desk.sink.letters)),
    )


def _unnumbered(subject: str) -> str:
    # A number that was given in a transaction that ended badly is not given again (PostgreSQL's sequences).
    return re.sub(r"ETNIC-\d+", "ETNIC-", subject)


def told(program: Faulty, desk: Desk, step: str = "", occurrence: int = 0, deed: str = "") -> Counter[str]:
    """The story, struck at one place and resumed until nothing is left to do; the steps of its first pass."""
    order = Order(
        config=str(desk.file), now=desk.now.isoformat(), step=step, occurrence=occurrence, deed=deed,
        forked=bool(step),
    )  # fmt: skip
    first = program.once(order)
    assert first.code in {0, KILLED, 69, 75}
    if deed == "die":
        assert first.code == KILLED
    for later in range(1, PASSES):
        # Each resumption is an hour later: whatever waits for its turn has it.
        now = (desk.now + timedelta(hours=later)).isoformat()
        done = program.once(Order(config=str(desk.file), now=now, forked=bool(step)))
        assert done.code == 0
        if not desk.rows("SELECT 1 FROM outbox WHERE next_at IS NOT NULL"):
            break
    return Counter(first.counts)


def occurrences(count: int, *, every: bool) -> list[int]:
    """Those at which the story is struck: on PostgreSQL, where each takes longest, the first and the last."""
    return [n for n in range(1, count + 1) if every or n in {1, count}]


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("any_desk", "deed"),
    [("sqlite", "die"), ("sqlite", "fail"), ("postgresql", "die")],
    indirect=["any_desk"],
)
def test_whatever_happens_when_the_end_is_the_same(
    program: Faulty, any_desk: Desk, deed: str, migrated: Path
) -> None:
    """Nothing lost, nothing twice; a letter comes twice only where its acceptance could not be known."""
    desk = any_desk
    desk.configure(submission={"per_minute": 1000, "retry": ["1s"]})
    fill(desk)
    counts = told(program, desk)
    whole = end(desk)
    assert set(counts) == {step.name for step in Step}
    assert len(whole.tickets) == 3
    assert whole.unsettled == 0
    assert "warning" in {kind for kind, *_ in whole.outbox}
    for step in Step:
        for occurrence in occurrences(counts[step.name], every=not desk.database):
            forget(desk, migrated)
            told(program, desk, step.name, occurrence, deed)
            place = f"{deed} at {step.name} {occurrence}: {step.value}"
            ended = end(desk)
            assert ended == whole, place
            twice = sum(ended.arrived.values()) - sum(whole.arrived.values())
            assert 0 <= twice <= (step in AMBIGUOUS), place
    assert DESK not in whole.arrived
