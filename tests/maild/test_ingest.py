"""The flow: two commits a batch, a savepoint a mail, and budgets that count as they go."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import arrival, ingest
from maild.decide.decision import Disposition
from maild.decide.policy import Budget, Rate
from storage.store import LeaseLost
from tests.maild.decide.cases import DAY, HOUR, NOON
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
    mails = [raw(f"m{n}@ecole.test", Subject=f"Sujet {n}") for n in range(8)]
    ingest.keep([desk.arrival(mail) for mail in mails], desk.drop, 1, desk.lease, desk.office)
    assert ingest.file_unfiled(desk.office, desk.lease) == 8
    assert ingest.file_unfiled(desk.office, desk.lease) == 0
    assert [t.subject for t in desk.tickets()] == [f"Sujet {n}" for n in range(8)]


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
        assert [to for kind, to in desk.letters() if kind == "trouble"] == ["admin@etnic.test"]
        desk.clock.later(minutes=55)
        desk.ingest(raw("c@ecole.test", Subject="C"))
        assert desk.rows("SELECT state FROM outbox WHERE kind = 'receipt' ORDER BY id")[-1].state == "ready"


@given(st.integers(0, 2**30 - 1), st.integers(0, 10**6))
def test_a_mail_id_sorts_by_its_moment(chance: int, milliseconds: int) -> None:
    """And can be read over the phone."""
    first = arrival.mail_id(NOON, chance)
    later = arrival.mail_id(NOON + timedelta(milliseconds=milliseconds + 1), 0)
    assert first < later
    assert len(first) == 14
    assert not set(first) & set("ilou")
