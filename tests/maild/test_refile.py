"""What an operator does with a mail in quarantine, and what then stands on its ticket."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild import ingest, refile
from maild.apply import Applied
from maild.isolate import Failure, Fate, Worker
from maild.refile import Refused
from storage.records import MessageKind, Quarantined, SightingState
from tests.maild.office import Room, raw, room

MAIL = raw(
    "a@ecole.test", Subject="VPN", From="Jean <jean@ecole.test>", Cc="luc@ecole.test",
    References="<old@ecole.test>",
)  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office at noon."""
    with room(tmp_path) as made:
        yield made


def set_aside(desk: Room, *contents: bytes) -> list[Quarantined]:
    """Mails that our code failed on."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ingest, "gather", fails)
        desk.ingest(*contents)
    return in_quarantine(desk)


def fails(*_: object) -> None:
    """A fault of ours."""
    raise RecursionError


def in_quarantine(desk: Room) -> list[Quarantined]:
    """As the ledger tells it."""
    with desk.office.store.read() as tx:
        return list(tx.quarantine())


def named(desk: Room, item: Quarantined) -> Quarantined:
    """The same, as it is now."""
    with desk.office.store.read() as tx:
        (found,) = tx.quarantine(mail_id=item.mail_id)
    return found


def test_what_is_in_quarantine_names_its_ticket_and_its_reason(desk: Room) -> None:
    """Oldest first."""
    desk.ingest(raw("good@ecole.test"))
    one, two = set_aside(desk, MAIL, raw("b@ecole.test"))
    assert (one.ticket_id, two.ticket_id) == (1002, 1003)
    assert (one.state, one.size, one.tries, one.maildrop) == (
        SightingState.QUARANTINED,
        len(MAIL),
        0,
        "support",
    )
    assert one.reason.startswith("raised RecursionError at test_refile.py:")
    with desk.office.store.read() as tx:
        assert tx.quarantine(ticket_id=1003) == (two,)
        assert tx.quarantine(ticket_id=1001) == ()
        assert tx.raw(one.sha256) == MAIL


def test_what_can_be_read_at_last_stands_on_its_ticket(desk: Room) -> None:
    """As it would have done, but that nobody is written to; the story tells it."""
    (item,) = set_aside(desk, MAIL)
    letters, number = desk.letters(), item.ticket_id
    due = desk.tickets()[0].due_at
    desk.clock.later(hours=3)
    done = refile.retry(item, desk.office)
    assert isinstance(done, Applied)
    assert (done.kind, done.ticket) == (MessageKind.REQUEST, number)
    (ticket,) = desk.tickets()
    assert (ticket.subject, ticket.requester_name, ticket.requester_address, ticket.language) == (
        "VPN", "Jean", "jean@ecole.test", "fr",
    )  # fmt: skip
    assert (ticket.acked_at, ticket.due_at) == (None, due)
    (message,) = desk.rows("SELECT message_id, mail_id, kind, text, reasons, sender_address FROM message")
    assert (message.message_id, message.mail_id, message.kind) == ("a@ecole.test", item.mail_id, "request")
    assert "imprimante" in message.text
    assert "not read" not in message.reasons
    people = desk.rows("SELECT address, role FROM participant ORDER BY address")
    assert [tuple(row) for row in people] == [("jean@ecole.test", "requester"), ("luc@ecole.test", "watcher")]
    ids = {row.message_id for row in desk.rows("SELECT message_id FROM reference")}
    assert ids == {"a@ecole.test", "old@ecole.test"}
    assert desk.letters() == letters
    last = desk.rows("SELECT kind, actor, cause FROM event ORDER BY id")[-1]
    assert tuple(last) == ("reread", "operator", item.mail_id)
    assert in_quarantine(desk) == []
    assert desk.rows("SELECT state FROM sighting")[0].state == "filed"


def test_replies_find_the_ticket_of_what_was_read_at_last(desk: Room) -> None:
    """And a second sighting of the same mail is a copy."""
    (item,) = set_aside(desk, MAIL)
    refile.retry(item, desk.office)
    reply, copy = desk.ingest(
        raw("r@ecole.test", Subject="Re: VPN", In_Reply_To="<a@ecole.test>"), b"Received: x\r\n" + MAIL
    )
    assert (reply.ticket, copy.ticket) == (item.ticket_id, item.ticket_id)
    assert copy.disposition.value == "duplicate"


def test_what_belongs_to_another_ticket_is_linked_to_it(desk: Room) -> None:
    """Nothing moves by itself after days."""
    (first,) = desk.ingest(raw("first@ecole.test"))
    (item,) = set_aside(desk, raw("r@ecole.test", In_Reply_To="<first@ecole.test>"))
    done = refile.retry(item, desk.office)
    assert isinstance(done, Applied)
    with desk.office.store.read() as tx:
        assert tx.links([item.ticket_id]) == {item.ticket_id: [first.ticket]}


def test_what_a_person_has_filled_in_stays(desk: Room) -> None:
    """A retry only completes."""
    (item,) = set_aside(desk, MAIL)
    with desk.office.store.write() as tx:
        tx.change_ticket(item.ticket_id, subject="Rappeler Jean", requester_address="eva@ecole.test")
    refile.retry(item, desk.office)
    (ticket,) = desk.tickets()
    assert (ticket.subject, ticket.requester_address) == ("Rappeler Jean", "eva@ecole.test")


@pytest.mark.parametrize(
    ("headers", "kind"),
    [({"Auto_Submitted": "auto-replied"}, "auto_reply"), ({"From": "anne@etnic.test"}, "request")],
)
def test_it_is_shown_as_what_it_is_and_orders_nothing(desk: Room, headers: dict[str, str], kind: str) -> None:
    """A command that an agent wrote days ago is words."""
    (item,) = set_aside(desk, raw("x@etnic.test", body="#prendre\n", **headers))
    refile.retry(item, desk.office)
    assert desk.rows("SELECT kind FROM message")[0].kind == kind
    assert desk.tickets()[0].taken_at is None


def test_what_still_cannot_be_read_stays_where_it_is(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing changed."""
    (item,) = set_aside(desk, MAIL)
    failure = Failure(fate=Fate.DIED, detail="died of signal 11 (SIGSEGV)")
    monkeypatch.setattr(Worker, "read", lambda *_, **__: failure)
    assert refile.retry(item, desk.office) == failure
    assert in_quarantine(desk) == [item]


def test_what_was_filed_meanwhile_is_not_filed_twice(desk: Room) -> None:
    """The sender wrote again, or a server moved it: this one may be discarded."""
    (item,) = set_aside(desk, MAIL)
    desk.ingest(b"Received: x\r\n" + MAIL)
    done = refile.retry(item, desk.office)
    assert isinstance(done, Refused)
    assert "ETNIC-1002" in done.why
    assert in_quarantine(desk) == [item]


def test_discarded_is_decided_and_nothing_is_deleted(desk: Room) -> None:
    """Ticket, clock and bytes stay; the story tells who decided, and it is decided once."""
    (item,) = set_aside(desk, MAIL)
    before = desk.tickets()
    assert refile.discard(item, desk.office) is None
    assert in_quarantine(desk) == []
    assert desk.tickets() == before
    now = named(desk, item)
    assert (now.state, now.reason) == (SightingState.DISCARDED, item.reason)
    with desk.office.store.read() as tx:
        assert tx.raw(item.sha256) == MAIL
        (told,) = [event for event in tx.events(cause=item.mail_id) if event.kind == "discarded"]
    assert (told.actor, told.ticket_id, json.loads(told.detail)) == (
        "operator", item.ticket_id, {"reason": item.reason},
    )  # fmt: skip
    assert isinstance(refile.discard(now, desk.office), Refused)
    assert isinstance(refile.retry(now, desk.office), Refused)


def test_of_two_operators_the_second_is_told(desk: Room) -> None:
    """Both had it before their eyes."""
    (item,) = set_aside(desk, MAIL)
    assert refile.discard(item, desk.office) is None
    assert refile.retry(item, desk.office) == Refused(why="somebody else has just settled it")
    assert isinstance(refile.discard(item, desk.office), Refused)
