"""The flow: two commits a batch, a savepoint a mail, and budgets that count as they go."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import arrival, ingest, isolate, sweep
from maild.apply import Applied
from maild.decide.decision import Disposition
from maild.decide.policy import Agent, Budget, Rate, Team
from maild.isolate import Closed, Failure, Fate, NoWorker
from parsers.mail import ParsedMail, parse_mail
from storage import outbox
from storage.database import Unavailable
from storage.records import KeptMail, MessageKind
from storage.store import LeaseLost, Transaction
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON
from tests.maild.office import Room, raw, room


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office at noon."""
    with room(tmp_path) as made:
        yield made


def test_a_batch_costs_two_commits(desk: Room) -> None:
    """However many mails it holds."""
    from sqlalchemy import event

    commits: list[object] = []
    event.listen(desk.office.store.database.engine, "commit", commits.append)
    desk.ingest(*(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(10)))
    assert len(commits) == 2
    assert len(desk.tickets()) == 10


def test_each_mail_sees_those_before_it_in_the_batch(desk: Room) -> None:
    """A reply finds its request, a copy its first."""
    done = desk.ingest(
        raw("a@ecole.test"),
        raw("b@ecole.test", Subject="Re: Imprimante", In_Reply_To="<a@ecole.test>"),
        b"Received: again\r\n" + raw("a@ecole.test"),
    )
    assert [one.disposition for one in done] == [Disposition.FILED, Disposition.FILED, Disposition.DUPLICATE]
    assert {one.ticket for one in done} == {1001}


def test_nothing_is_promised_until_the_bytes_are_kept(desk: Room) -> None:
    """And nothing is filed under a lease that is over: what was kept waits for its new holder."""
    kept = ingest.keep([desk.arrival(raw())], desk.drop, 1, desk.lease, desk.office)
    with desk.office.store.write() as tx:
        tx.take_lease(desk.drop.id, holder="other", now=NOON + 400 * DAY, ttl=HOUR)
    with pytest.raises(LeaseLost):
        ingest.file(kept, desk.lease, desk.office)
    with pytest.raises(LeaseLost):
        ingest.keep([desk.arrival(raw("b@ecole.test"))], desk.drop, 1, desk.lease, desk.office)
    assert desk.tickets() == []
    assert desk.rows("SELECT state FROM sighting")[0].state == "received"


def test_what_a_crash_left_behind_is_filed_in_parts(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, in order, and once."""
    monkeypatch.setattr(ingest, "_PART", 3)
    left_behind(desk, *(raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(8)))
    assert ingest.file_unfiled(desk.office, desk.lease) == 8
    assert ingest.file_unfiled(desk.office, desk.lease) == 0
    assert [t.subject for t in desk.tickets()] == [f"Sujet {n}" for n in range(8)]


def test_what_is_answered_is_looked_up_where_it_may_be_quoted(desk: Room) -> None:
    """One statement, for a reply that is long enough, to a mail that is known."""
    desk.ingest(raw("a@ecole.test"))

    def cost(message_id: str, body: str, **headers: str) -> int:
        counted = desk.office.store.database.statements
        before = counted.count
        desk.ingest(raw(message_id, body=body, Subject="Re: Imprimante", **headers))
        return counted.count - before

    long, short = (
        "Je précise que le problème s'est encore produit ce midi, deux fois.",
        "Elle est encore en panne.",
    )
    known, unknown = {"In_Reply_To": "<a@ecole.test>"}, {"In_Reply_To": "<gone@ecole.test>"}
    least = cost("b@ecole.test", short, **known)
    assert cost("c@ecole.test", long, **known) == least + 1
    fresh = cost("d@ecole.test", short, **unknown)
    assert cost("e@ecole.test", long, In_Reply_To="<away@ecole.test>") == fresh


# --- read alone


def left_behind(desk: Room, *contents: bytes) -> tuple[KeptMail, ...]:
    """Mails that were kept and not filed."""
    return ingest.keep([desk.arrival(content) for content in contents], desk.drop, 1, desk.lease, desk.office)


def has_worker(desk: Room) -> bool:
    """Whether a process was started to read in."""
    return desk.office.worker.process is not None


def unfiled(desk: Room) -> int:
    """One pass over what was left, by the process that runs already."""
    return ingest.file_unfiled(desk.office, desk.lease)


def restarted(desk: Room) -> int:
    """One pass over what was left, by a new process: it has inherited all of it."""
    desk.office.inherited.clear()
    return ingest.file_unfiled(desk.office, desk.lease)


def tries(desk: Room) -> list[tuple[str, int]]:
    """State and tries of each mail, in order."""
    return [(row.state, row.tries) for row in desk.rows("SELECT state, tries FROM sighting ORDER BY id")]


class Reader:
    """In the worker's place: a mail that speaks of poison ends as it is told to."""

    def __init__(self, desk: Room, end: Failure | Exception) -> None:
        self.desk, self.end, self.read_alone = desk, end, 0
        self.counted: list[int] = []

    def read(self, content: bytes, *, before: Callable[[], None]) -> ParsedMail | Failure:
        """As ``isolate.Worker.read``."""
        if isinstance(self.end, NoWorker):
            raise self.end
        before()
        # Another connection: only what is durable is seen.
        self.counted.append(max(count for _, count in tries(self.desk)))
        self.read_alone += 1
        if b"poison" not in content:
            return parse_mail(content)
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def alone(desk: Room, monkeypatch: pytest.MonkeyPatch) -> Callable[[Failure | Exception], Reader]:
    """Puts a reader in the worker's place."""

    def put(end: Failure | Exception) -> Reader:
        reader = Reader(desk, end)
        for name in ("read", "close"):
            monkeypatch.setattr(type(desk.office.worker), name, getattr(reader, name))
        return reader

    return put


POISON = raw("poison@ecole.test", Subject="poison")
CRASH = Failure(fate=Fate.DIED, detail="died of signal 11 (SIGSEGV)")
MONSTER = raw("big@ecole.test", Subject="poison", body="x" * isolate.LARGE)


def test_a_real_worker_reads_what_is_large_and_what_was_inherited(desk: Room) -> None:
    """As this process would have done; small mail never leaves it."""
    desk.ingest(raw("a@ecole.test"))
    assert not has_worker(desk)
    desk.ingest(raw("b@ecole.test", body="x" * isolate.LARGE))
    left_behind(desk, raw("c@ecole.test", In_Reply_To="<b@ecole.test>"))
    assert restarted(desk) == 1
    assert has_worker(desk)
    assert tries(desk) == [("filed", 0), ("filed", 1), ("filed", 1)]
    assert len(desk.tickets()) == 2


def test_what_this_process_could_not_file_is_not_read_alone(
    desk: Room, alone: Callable[[Failure], Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was away: that is no reason to suspect a mail."""
    reader = alone(CRASH)
    assert unfiled(desk) == 0

    def away(*_: object) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "add_message", away)
        with pytest.raises(Unavailable):
            desk.ingest(POISON, raw())
    assert unfiled(desk) == 2
    assert reader.read_alone == 0
    assert tries(desk) == [("filed", 0), ("filed", 0)]


def test_every_try_is_durable_before_it_is_made(desk: Room, alone: Callable[[Failure], Reader]) -> None:
    """So that a death of the whole daemon counts as well."""
    reader = alone(CRASH)
    desk.ingest(MONSTER)
    unfiled(desk)
    unfiled(desk)
    assert reader.counted == [1, 2, 3]


def test_the_third_failure_makes_a_plain_ticket(desk: Room, alone: Callable[[Failure], Reader]) -> None:
    """One try a pass; its neighbours are filed with the first."""
    reader = alone(CRASH)
    left_behind(desk, raw("a@ecole.test"), POISON, raw("c@ecole.test"))
    assert restarted(desk) == 2
    assert tries(desk) == [("filed", 1), ("received", 1), ("filed", 1)]
    assert unfiled(desk) == 0
    assert tries(desk)[1] == ("received", 2)
    assert len(desk.tickets()) == 2
    assert unfiled(desk) == 1
    assert tries(desk)[1] == ("quarantined", 3)
    assert desk.rows("SELECT reason FROM sighting")[1].reason == CRASH.detail
    plain = desk.tickets()[-1]
    assert (plain.subject, plain.requester_address, plain.acked_at) == ("", "", None)
    assert plain.due_at == plain.arrived_at + DAY
    assert [kind for kind, _ in desk.letters()][-2:] == ["trouble", "notification"]
    assert restarted(desk) == 0
    assert reader.read_alone == 5


@pytest.mark.parametrize("content", [POISON, MONSTER], ids=["small", "large"])
def test_what_took_the_whole_process_along_three_times_is_not_tried_again(
    desk: Room, alone: Callable[[Exception], Reader], content: bytes
) -> None:
    """Each restart finds one more try; the fourth does not make it."""
    reader = alone(KeyError("the death of the process"))
    left_behind(desk, content, raw("b@ecole.test"))
    for _ in range(3):
        with pytest.raises(KeyError):
            restarted(desk)
    assert tries(desk)[0] == ("received", 3)
    assert restarted(desk) == 1
    assert reader.read_alone == 4
    assert tries(desk) == [("quarantined", 3), ("filed", 1)]
    assert "ended 3 times" in desk.rows("SELECT reason FROM sighting")[0].reason


def test_an_exception_is_not_tried_three_times(desk: Room, alone: Callable[[Failure], Reader]) -> None:
    """It would come again."""
    alone(Failure(fate=Fate.RAISED, detail="raised KeyError at html.py:5 walk"))
    assert len(desk.ingest(MONSTER)) == 1
    assert tries(desk) == [("quarantined", 1)]


def test_what_the_database_could_not_take_is_not_blamed_on_the_mail(
    desk: Room, alone: Callable[[Failure], Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often that happens to a large mail in a running process."""
    alone(CRASH)
    unfiled(desk)

    def away(*_: object) -> None:
        raise Unavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "add_message", away)
        with pytest.raises(Unavailable):
            desk.ingest(raw(body="x" * isolate.LARGE))
        for _ in range(4):
            with pytest.raises(Unavailable):
                unfiled(desk)
    assert unfiled(desk) == 1
    assert tries(desk) == [("filed", 6)]


def test_a_lease_that_is_over_counts_nothing(desk: Room, alone: Callable[[Failure], Reader]) -> None:
    """The mail is another's now."""
    alone(CRASH)
    left_behind(desk, POISON)
    with desk.office.store.write() as tx:
        tx.take_lease(desk.drop.id, holder="other", now=NOON + 400 * DAY, ttl=HOUR)
    with pytest.raises(LeaseLost):
        restarted(desk)
    assert tries(desk) == [("received", 0)]


def test_where_no_process_can_be_started_mails_wait_and_it_is_said(
    desk: Room, alone: Callable[[Exception], Reader]
) -> None:
    """No try is counted, small mail goes on, and the administrator hears once a day."""
    alone(NoWorker("OSError: out of memory"))
    desk.ingest(MONSTER)
    desk.ingest(raw())
    unfiled(desk)
    assert tries(desk) == [("received", 0), ("filed", 0)]
    assert [to for kind, to in desk.letters() if kind == "trouble"] == ["admin@etnic.test"]


def test_a_process_that_ends_blames_no_mail(desk: Room, alone: Callable[[Exception], Reader]) -> None:
    """What it had in hand is read at the next start, and nobody is told of a trouble."""
    alone(Closed())
    assert desk.ingest(MONSTER) == ()
    assert tries(desk) == [("received", 1)]
    assert desk.letters() == []


def test_a_take_over_singles_out_what_the_other_process_left(
    desk: Room, alone: Callable[[Failure], Reader]
) -> None:
    """Under a new epoch of the lease, all that lies there was another's."""
    reader = alone(CRASH)
    unfiled(desk)
    left_behind(desk, raw())
    with desk.office.store.write() as tx:
        lease = tx.take_lease(desk.drop.id, holder="other", now=NOON + 400 * DAY, ttl=HOUR)
    assert lease is not None
    assert ingest.file_unfiled(desk.office, lease) == 1
    assert reader.read_alone == 1


def test_two_unreadable_mails_of_one_second_are_two_tickets(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the same one, seen again, is none."""
    monkeypatch.setattr(ingest, "gather", fails)
    again = raw("b@ecole.test")

    def dispositions(done: Sequence[Applied]) -> list[Disposition]:
        return [one.disposition for one in done]

    assert dispositions(desk.ingest(raw("a@ecole.test"), again)) == [Disposition.QUARANTINED] * 2
    assert dispositions(desk.ingest(again)) == [Disposition.DUPLICATE]
    assert len(desk.tickets()) == 2


def fails(*_: object) -> None:
    """A fault of ours."""
    raise RecursionError


def test_a_part_is_bounded_in_bytes_and_what_is_inherited_is_alone() -> None:
    """And each mail is in one part, in its order."""
    waiting = [(number, 1 << 20) for number in range(1, 8)]
    parts = list(ingest._parts(waiting, frozenset({1, 4})))
    assert parts == [[1], [2, 3], [4], [5, 6, 7]]
    assert list(ingest._parts([(n, ingest._PART_BYTES) for n in range(3)], frozenset())) == [[0], [1], [2]]
    assert list(ingest._parts([], frozenset())) == []


# --- budgets


@pytest.mark.parametrize("scope", ["recipient", "domain", "total"])
def test_every_budget_is_kept_within_and_across_batches(tmp_path: Path, scope: str) -> None:
    """Three an hour are three, whether the mails come at once or one by one; and the hour passes."""
    budget = Budget(**{"recipient": (), "domain": (), "total": (), scope: (Rate(count=3, span=HOUR),)})  # type: ignore[arg-type]
    with room(tmp_path, budget=budget) as desk:
        desk.ingest(*(raw(f"a{n}@ecole.test", Subject=f"A {n}") for n in range(2)))
        desk.clock.later(minutes=10)
        desk.ingest(*(raw(f"b{n}@ecole.test", Subject=f"B {n}") for n in range(3)))
        states = [
            row.state for row in desk.rows("SELECT state FROM outbox WHERE kind = 'receipt' ORDER BY id")
        ]
        assert states == ["ready", "ready", "ready", "suppressed", "suppressed"]
        desk.clock.later(minutes=55)
        desk.ingest(raw("c@ecole.test", Subject="C"))
        assert desk.rows("SELECT state FROM outbox WHERE kind = 'receipt' ORDER BY id")[-1].state == "ready"


def receipts(desk: Room) -> list[str]:
    """The state of each receipt."""
    return [row.state for row in desk.rows("SELECT state FROM outbox WHERE kind = 'receipt' ORDER BY id")]


@pytest.mark.parametrize(
    "headers",
    [{"From": "p{n}@ecole.test", "Reply_To": "jean@ecole.test"}, {"From": "jean@\u00e9cole.test"}],
    ids=["asked for it", "in letters of its own"],
)
def test_what_counts_is_where_the_receipts_go(tmp_path: Path, headers: dict[str, str]) -> None:
    """Not who says to have written; and an address is one, however its domain is written."""
    budget = Budget(recipient=(Rate(count=3, span=HOUR),))
    with room(tmp_path, budget=budget) as desk:
        for n in range(5):
            lines = {name: value.format(n=n) for name, value in headers.items()}
            desk.ingest(raw(f"a{n}@ecole.test", Subject=f"A {n}", **lines))
        assert receipts(desk) == ["ready"] * 3 + ["suppressed"] * 2


@pytest.mark.parametrize("at_once", [True, False])
def test_an_agent_s_program_is_answered_within_the_budget_of_the_ticket(
    tmp_path: Path, at_once: bool
) -> None:
    """It answers whatever it is sent: a few words leave, the others are held, and so is what it is told."""
    budget = Budget(ticket=(Rate(count=3, span=HOUR),))
    with room(tmp_path, budget=budget) as desk:
        desk.ingest(raw())
        with desk.office.store.write() as tx:
            sent = outbox.claim(tx, holder="a", now=desk.clock.now, until=desk.clock.now, limit=9)
        told = next(one.message_id for one in sent if one.kind is MessageKind.NOTIFICATION)
        notes = [
            raw(
                f"n{n}@etnic.test", From=ANNE, Subject=f"Re: {n}", In_Reply_To=f"<{told}>", body=f"Note {n}\n"
            )
            for n in range(6)
        ]
        for part in [notes] if at_once else [[note] for note in notes]:
            desk.ingest(*part)
        # The receipt of the ticket was the first automatic answer about it.
        states = [
            row.state for row in desk.rows("SELECT state FROM outbox WHERE kind = 'answer' ORDER BY id")
        ]
        assert states == ["ready"] * 2 + ["suppressed"]
        relays = desk.rows("SELECT state FROM outbox WHERE kind = 'relay' ORDER BY id")
        assert [row.state for row in relays] == ["ready"] * 3 + ["held"] * 3
        assert desk.rows("SELECT count(*) AS n FROM message WHERE kind = 'relay'")[0].n == 6
        assert desk.rows("SELECT count(*) AS n FROM event WHERE kind = 'answer_withheld'")[0].n == 1


@pytest.mark.parametrize("at_once", [True, False])
def test_what_is_more_than_one_can_read_falls_into_digests(tmp_path: Path, at_once: bool) -> None:
    """So many mails are told one by one; of the others the team hears in one letter, and of what comes then
    in another, a quarter of an hour later."""
    budget = Budget(notification=(Rate(count=3, span=HOUR),))
    with room(tmp_path, budget=budget) as desk:
        mails = [raw(f"a{n}@ecole.test", From=f"p{n}@ecole.test", Subject=f"A {n}") for n in range(7)]
        for part in [mails] if at_once else [[mail] for mail in mails]:
            desk.ingest(*part)
            sweep.sweep(desk.office)
        told = [kind for kind, to in desk.letters() if to == ANNE]
        assert told.count("notification") == 3
        assert told.count("digest") == 1
        desk.ingest(raw("later@ecole.test", From="q@ecole.test", Subject="B"))
        for minutes, digests in ((14, 1), (2, 2), (60, 2)):
            desk.clock.later(minutes=minutes)
            sweep.sweep(desk.office)
            assert [kind for kind, to in desk.letters() if to == ANNE].count("digest") == digests
        desk.ingest(raw("again@ecole.test", From="r@ecole.test", Subject="C"))
        assert [kind for kind, to in desk.letters() if to == ANNE].count("notification") == 4
        assert desk.rows("SELECT count(*) AS n FROM ticket WHERE backlog")[0].n == 0


def test_nobody_is_told_of_his_own_mail(tmp_path: Path) -> None:
    """The others of the team are; and where a team's own address wrote, whoever else is there."""
    bob = "bob@etnic.test"
    agents = (Agent(name="Anne", address=ANNE), Agent(name="Bob", address=bob))
    with room(tmp_path, agents=agents) as desk:
        desk.ingest(raw(From=ANNE))
        assert [to for kind, to in desk.letters() if kind == "notification"] == [bob]
    (tmp_path / "team").mkdir()
    with room(
        tmp_path / "team", agents=agents, teams=(Team(name="desk", address="team@etnic.test"),)
    ) as desk:
        desk.ingest(raw(From="team@etnic.test"))
        assert [to for kind, to in desk.letters() if kind == "notification"] == [ANNE, bob]


@given(st.integers(0, 2**30 - 1), st.integers(0, 10**6))
def test_a_mail_id_sorts_by_its_moment(chance: int, milliseconds: int) -> None:
    """And can be read over the phone."""
    first = arrival.mail_id(NOON, chance)
    later = arrival.mail_id(NOON + timedelta(milliseconds=milliseconds + 1), 0)
    assert first < later
    assert len(first) == 14
    assert not set(first) & set("ilou")
