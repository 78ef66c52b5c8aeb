"""What the program may rely on, whatever the database."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from storage import handling, outbox
from storage.database import Database
from storage.records import (
    DOOR_EPOCH,
    Event,
    KeptMail,
    KnownMail,
    Lease,
    Mark,
    MessageKind,
    Seen,
    SeenAgain,
    SeenFile,
    SightingState,
    Stage,
    Status,
)
from storage.store import MOST_SEEN, LeaseLost, Store, Transaction
from tests.storage.entries import (
    DAY,
    HOUR,
    NOON,
    clock,
    inbox,
    keep,
    message,
    new_mail,
    owe,
    stored_file,
    ticket,
)

MINUTE = timedelta(minutes=1)


# --- keeping


def left(tx: Transaction, maildrop_id: int) -> tuple[KeptMail, ...]:
    """What was kept there and never filed."""
    return tx.kept([sighting for sighting, _ in tx.unfiled(maildrop_id)])


def test_what_is_kept_is_known_and_comes_back_byte_for_byte(store: Store) -> None:
    """Under its UID and UIDVALIDITY alone."""
    content = bytes(range(256)) * 40
    with store.write() as tx:
        drop = inbox(tx)
        (kept,) = tx.keep(drop, 7, [new_mail(3, content)])
    with store.read() as tx:
        assert tx.known_uids(drop.id, 7) == {3}
        assert tx.known_uids(drop.id, 8) == set()
        assert tx.raw(kept.sha256) == content
        assert tx.raw("0" * 64) is None
        (again,) = left(tx, drop.id)
    assert (again.content, again.mail_id, again.arrived_at) == (content, kept.mail_id, NOON)


def test_uids_as_large_as_the_protocol_allows(store: Store) -> None:
    """Unsigned 32 bit numbers (RFC 9051 2.3.1.1)."""
    with store.write() as tx:
        drop = inbox(tx)
        tx.keep(drop, 4_294_967_295, [new_mail(4_294_967_295)])
        assert tx.known_uids(drop.id, 4_294_967_295) == {4_294_967_295}


def test_one_copy_is_kept_once(store: Store) -> None:
    """The same maildrop, UIDVALIDITY and UID: whoever comes second is refused by the table itself."""
    with store.write() as tx:
        keep(tx, 1)
    with pytest.raises(IntegrityError), store.write() as tx:
        keep(tx, 1)
    with store.write() as tx:
        keep(tx, 1, uidvalidity=2)
        keep(tx, 1, name="other")


def test_a_mail_without_a_number_gets_the_next_one(store: Store) -> None:
    """What is handed in at a door is counted in the order of its coming; another door counts for itself."""
    with store.write() as tx:
        door = tx.maildrop("door", "door")
        tx.keep(door, DOOR_EPOCH, [new_mail(0, b"first"), new_mail(0, b"second")])
    with store.write() as tx:
        tx.keep(tx.maildrop("other", "door"), DOOR_EPOCH, [new_mail(0, b"elsewhere")])
        tx.keep(door, DOOR_EPOCH, [new_mail(0, b"third")])
        assert tx.known_uids(door.id, DOOR_EPOCH) == {1, 2, 3}


def test_how_a_mail_came_is_not_forgotten_when_its_maildrop_changes(store: Store) -> None:
    """What came by a door stays so in a maildrop that has become a mailbox: Exchange's word never counts."""
    with store.write() as tx:
        tx.keep(tx.maildrop("support", "door"), DOOR_EPOCH, [new_mail(0, b"handed in")])
        mailbox = tx.maildrop("support", "inbox")
        tx.keep(mailbox, 7, [new_mail(1, b"fetched")])
    with store.read() as tx:
        assert [d.source for d in tx.maildrops()] == ["inbox"]
        found = {mail.content: mail.source for mail in left(tx, mailbox.id)}
    assert found == {b"handed in": "door", b"fetched": "inbox"}


def test_an_open_door_is_seen_without_becoming_a_mailbox(store: Store) -> None:
    """Its mailbox of before keeps its epoch."""
    with store.write() as tx:
        drop = inbox(tx)
        tx.note_poll(drop.id, uidvalidity=7, at=NOON)
        tx.note_open(drop.id, at=NOON + HOUR)
        assert [(d.uidvalidity, d.polled_at) for d in tx.maildrops()] == [(7, NOON + HOUR)]


def test_equal_bytes_are_stored_once(store: Store) -> None:
    """Within a batch and across batches."""
    with store.write() as tx:
        first, second = tx.keep(inbox(tx), 1, [new_mail(1, b"same"), new_mail(2, b"same")])
    with store.write() as tx:
        (third,) = tx.keep(inbox(tx), 1, [new_mail(3, b"same")])
    assert first.raw_id == second.raw_id == third.raw_id


def test_what_is_ignored_is_remembered_without_its_bytes(store: Store) -> None:
    """Unless another mail has the same; a sighting that holds none is no flaw, and can be met again."""
    with store.write() as tx:
        first, second, other = tx.keep(
            inbox(tx), 1, [new_mail(1, b"same"), new_mail(2, b"same"), new_mail(3, b"other")]
        )
        tx.ignore(first.sighting_id, first.raw_id, "spam", untold=True)
        assert tx.raw(first.sha256) == b"same"
        tx.ignore(second.sighting_id, second.raw_id, "spam", untold=False)
        tx.settle(other.sighting_id, SightingState.FILED, message(tx, ticket(tx), other))
        assert (tx.raw(first.sha256), tx.raw(other.sha256)) == (None, b"other")
        assert tx.known_uids(inbox(tx).id, 1) == {1, 2, 3}
        assert left(tx, inbox(tx).id) == ()
    with store.write() as tx:
        (again,) = tx.keep(inbox(tx), 1, [new_mail(4, b"same")])
        assert tx.raw(again.sha256) == b"same"


def test_what_people_have_yet_to_hear_of(store: Store) -> None:
    """What came before an instant, by maildrop; once told it is told."""
    with store.write() as tx:
        drop = inbox(tx)
        early, late = tx.keep(drop, 1, [new_mail(1, at=NOON), new_mail(2, at=NOON + HOUR)])
        for kept in (early, late):
            tx.ignore(kept.sighting_id, kept.raw_id, "spam", untold=True)
        assert tx.untold(before=NOON) == {}
        assert tx.untold(before=NOON + MINUTE) == {drop.id: [early.sighting_id]}
        assert tx.untold_there(drop.id, 1) == {1: early.sighting_id, 2: late.sighting_id}
        assert tx.untold_there(drop.id, 2) == {}
        tx.told([early.sighting_id])
        assert tx.untold(before=NOON + DAY) == {drop.id: [late.sighting_id]}


def test_a_mail_is_known_by_how_it_was_met(store: Store) -> None:
    """In its maildrop, under whatever number; what was not filed is no mail to be known by."""
    with store.write() as tx:
        drop = inbox(tx)
        assert not tx.was_renumbered(drop.id, 7)
        filed, waiting = tx.keep(drop, 7, [new_mail(1, b"filed"), replace(new_mail(2, b"x"), whole_size=99)])
        row = message(tx, ticket(tx), filed, message_id="m1@ecole.test")
        message(tx, ticket(tx), waiting, message_id="m2@ecole.test")
        tx.settle(filed.sighting_id, SightingState.FILED, row)
        assert tx.former(drop.id + 1, ["m1@ecole.test"]) == {}
        found = tx.former(drop.id, ["m1@ecole.test", "m2@ecole.test"])
        seen = Seen(message_id="m1@ecole.test", size=len(b"filed"), arrived_at=NOON)
        (former,) = found.pop(seen)
        assert (found, former.message, former.raw_id, former.uidvalidity) == ({}, row, filed.raw_id, 7)
        assert tx.was_renumbered(drop.id, 6)
        assert tx.was_renumbered(drop.id, 8)
        again = SeenAgain(uid=5, mail_id="again", arrived_at=NOON, former=former, placed=("$MaildFiled",))
        tx.know_again(drop, 8, [again])
        assert tx.known_uids(drop.id, 8) == {5}
        assert [(m.uid, m.placed) for m in tx.marks(drop.id, 8, limit=9)] == [(5, ("$MaildFiled",))]
        assert len(tx.former(drop.id, ["m1@ecole.test"])[seen]) == 2


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    """And a savepoint undoes its own alone."""
    with pytest.raises(RuntimeError):
        _fail_half_way(store)
    with store.write() as tx:
        ticket(tx, subject="before")
        with pytest.raises(RuntimeError):
            _fail_in_savepoint(tx)
        ticket(tx, subject="after")
    with store.read() as tx:
        assert [t.subject for t in tx.tickets()] == ["before", "after"]
        assert tx.maildrops() == ()


def _fail_half_way(store: Store) -> None:
    with store.write() as tx:
        keep(tx, 1)
        raise RuntimeError


def _fail_in_savepoint(tx: Transaction) -> None:
    with tx.savepoint():
        ticket(tx, subject="within")
        raise RuntimeError


def test_a_mail_is_unfiled_until_it_is_settled(store: Store) -> None:
    """Oldest first; tries are counted."""
    with store.write() as tx:
        one, two, three = keep(tx, 1, 2, 3)
        tx.count_try(two.sighting_id)
        number = ticket(tx)
        tx.settle(one.sighting_id, SightingState.FILED, message(tx, number, one))
        tx.settle(three.sighting_id, SightingState.IGNORED, None)
    with store.read() as tx:
        (waiting,) = left(tx, inbox(tx).id)
        assert (waiting.mail_id, waiting.tries) == (two.mail_id, 1)
        assert tx.unfiled(inbox(tx).id) == ((two.sighting_id, len(two.content)),)
        assert tx.unfiled(999) == ()


def test_what_failed_waits_behind_what_was_never_tried(store: Store) -> None:
    """And otherwise in the order in which it came; bytes come in the order in which they are asked for."""
    with store.write() as tx:
        one, two, three = (mail.sighting_id for mail in keep(tx, 1, 2, 3))
        tx.count_try(one)
        assert [sighting for sighting, _ in tx.unfiled(inbox(tx).id)] == [two, three, one]
        assert [mail.sighting_id for mail in tx.kept([three, one])] == [three, one]
        assert tx.kept([]) == ()


def test_what_is_in_quarantine_is_found_until_it_is_settled(store: Store) -> None:
    """With its reason, its ticket and its size; by mail or ticket also what was discarded."""
    with store.write() as tx:
        one, two, three = keep(tx, 1, 2, 3)
        number = ticket(tx)
        row = message(tx, number, two)
        tx.settle(one.sighting_id, SightingState.FILED, message(tx, number, one))
        tx.settle(two.sighting_id, SightingState.QUARANTINED, row, "died of signal 11")
        tx.settle(three.sighting_id, SightingState.FILED, row)
        (found,) = tx.quarantine()
        assert (found.sighting_id, found.message_row, found.ticket_id) == (two.sighting_id, row, number)
        assert (found.mail_id, found.reason, found.tries) == (two.mail_id, "died of signal 11", 0)
        assert (found.size, found.sha256, found.maildrop) == (len(two.content), two.sha256, "support")
        assert tx.backlog_counts()["quarantined"] == 1
        assert tx.quarantine(mail_id=two.mail_id) == tx.quarantine(ticket_id=number) == (found,)
        assert tx.quarantine(mail_id=one.mail_id) == tx.quarantine(ticket_id=999) == ()
        tx.settle(two.sighting_id, SightingState.DISCARDED, row, found.reason)
        assert tx.quarantine() == ()
        (discarded,) = tx.quarantine(mail_id=two.mail_id)
        assert discarded == replace(found, state=SightingState.DISCARDED)


def test_what_was_read_at_last_takes_the_place_of_what_stood_there(store: Store) -> None:
    """And of nothing else."""
    with store.write() as tx:
        one, two = keep(tx, 1, 2)
        number = ticket(tx)
        row, other = message(tx, number, one), message(tx, number, two)
        before = tx.text_of(two.mail_id)
        tx.rewrite_message(row, {"message_id": "x" * 5000, "text": "Bonjour"})
        assert row != other
        assert (tx.text_of(one.mail_id), tx.text_of(two.mail_id)) == ("Bonjour", before)
        assert len(tx.twins("x" * 5000)) == 1


def test_what_is_older_than_the_start_is_known_and_never_filed(store: Store) -> None:
    """Skipped mail has no bytes here."""
    with store.write() as tx:
        drop = inbox(tx)
        begun = tx.begin(drop, 1, NOON, [(5, "m5", NOON), (6, "m6", NOON)])
        assert (begun.uidvalidity, begun.since) == (1, NOON)
        assert tx.begin(begun, 1, NOON, []) == begun
        assert inbox(tx) == begun
        assert tx.known_uids(drop.id, 1) == {5, 6}
        assert tx.unfiled(drop.id) == ()


# --- leases


def test_a_lease_has_one_holder(store: Store) -> None:
    """A renewal keeps its epoch; another waits until it is over, or is let in."""
    with store.write() as tx:
        drop = inbox(tx)
        mine = tx.take_lease(drop.id, holder="a", now=NOON, ttl=MINUTE)
        assert mine is not None
        assert tx.take_lease(drop.id, holder="b", now=NOON + MINUTE / 2, ttl=MINUTE) is None
        again = tx.take_lease(drop.id, holder="a", now=NOON + MINUTE / 2, ttl=MINUTE)
        assert again is not None
        assert (again.epoch, again.expires_at) == (mine.epoch, NOON + MINUTE * 1.5)
        tx.release_lease(again, now=NOON + MINUTE)
        theirs = tx.take_lease(drop.id, holder="b", now=NOON + MINUTE, ttl=MINUTE)
        assert theirs is not None
        assert theirs.epoch == mine.epoch + 1


def test_a_take_over_ends_the_old_holders_filing(store: Store) -> None:
    """Whatever he had in hand is rolled back."""
    with store.write() as tx:
        drop = inbox(tx)
        old = tx.take_lease(drop.id, holder="a", now=NOON, ttl=MINUTE)
    with store.write() as tx:
        new = tx.take_lease(drop.id, holder="b", now=NOON + HOUR, ttl=MINUTE)
    assert old is not None
    assert new is not None
    with pytest.raises(LeaseLost, match="epoch 1 of a"):
        _file_under(old, store)
    with store.write() as tx:
        tx.check_lease(new)
        assert list(tx.tickets()) == []
        tx.release_lease(old, now=NOON + HOUR)
        assert tx.take_lease(drop.id, holder="c", now=NOON + HOUR, ttl=MINUTE) is None


def _file_under(lease: Lease, store: Store) -> None:
    with store.write() as tx:
        ticket(tx)
        tx.check_lease(lease)


# --- gathering


def test_twins_are_unique_by_id_and_content(store: Store) -> None:
    """One Message-ID may be two mails; one Message-ID with one content is one."""
    with store.write() as tx:
        one, two, three = keep(tx, 1, 2, 3)
        number = ticket(tx)
        message(tx, number, one, message_id="x@y", digest="a")
        message(tx, number, two, message_id="x@y", digest="b")
        assert [twin.digest for twin in tx.twins("x@y")] == ["a", "b"]
        assert tx.twins("x@z") == ()
        with pytest.raises(IntegrityError), tx.savepoint():
            message(tx, number, three, message_id="x@y", digest="a")


def test_references_name_every_ticket_in_order(store: Store) -> None:
    """More ids than one statement names are asked in parts."""
    with store.write() as tx:
        first, second = ticket(tx), ticket(tx)
        tx.add_references(second, ["b@x"])
        tx.add_references(first, ["a@x", "b@x"])
        tx.add_references(first, [])
        many = [f"{n}@x" for n in range(1200)]
        assert tx.tickets_by_reference(["a@x", "b@x", "c@x", *many]) == {
            "a@x": (first,),
            "b@x": (first, second),
        }


def test_ids_and_keys_that_we_made_name_their_ticket(store: Store) -> None:
    """Letters about no ticket name none."""
    with store.write() as tx:
        number = ticket(tx, key="abcdefghijklmnop")
        owe(tx, ticket_id=number, message_id="r1@etnic.test")
        owe(tx, message_id="none@etnic.test")
        assert tx.tickets_by_sent(["r1@etnic.test", "none@etnic.test", "other@x"]) == {
            "r1@etnic.test": number
        }
        assert tx.tickets_by_key(["abcdefghijklmnop", "ponmlkjihgfedcba"]) == {"abcdefghijklmnop": number}


def test_known_mails_bring_their_words(store: Store) -> None:
    """Filed and sent ones, in the order in which they are named."""
    sent, long_id = b"From: support@etnic.test\r\n\r\nBonjour", "x" * 3000
    with store.write() as tx:
        number = ticket(tx)
        one, two = keep(tx, 1, 2)
        message(tx, number, one, message_id="a@x", text="Un", sender_address="eva@x")
        message(tx, number, two, message_id=long_id, text="Deux")
        owe(tx, message_id="r@etnic.test", content=sent)
        owe(tx, message_id="held@etnic.test", suppressed="over budget")
        assert tx.known_mails([]) == ()
        found = tx.known_mails([long_id, "r@etnic.test", "unknown@x", "held@etnic.test", "a@x"])
    assert found == (
        KnownMail(message_id=long_id, text="Deux", sender="jean@ecole.test"),
        KnownMail(message_id="r@etnic.test", content=sent),
        KnownMail(message_id="held@etnic.test"),
        KnownMail(message_id="a@x", text="Un", sender="eva@x"),
    )


def test_the_last_language_of_a_person(store: Store) -> None:
    """Of his last mail that told one."""
    with store.write() as tx:
        for kept, spoken in zip(keep(tx, 1, 2, 3), ("fr", "nl", ""), strict=True):
            message(tx, ticket(tx), kept, language=spoken)
        assert tx.last_language("jean@ecole.test") == "nl"
        assert tx.last_language("eva@ecole.test") == ""


def test_the_state_of_a_ticket_brings_the_survivors_of_merges(store: Store) -> None:
    """However long the chain, and also if it bites its tail."""
    with store.write() as tx:
        last = ticket(tx)
        middle = ticket(tx, status="merged", merged_into=last)
        first = ticket(tx, status="merged", merged_into=middle)
        tx.add_participants(
            last, [("jean@ecole.test", "Jean", "requester"), ("luc@ecole.test", "", "watcher")]
        )
        states = tx.states([first])
        assert set(states) == {first, middle, last}
        assert states[last].participants == {"jean@ecole.test", "luc@ecole.test"}
        assert states[middle].ticket.status is Status.MERGED
        tx.change_ticket(last, merged_into=first)
        assert set(tx.states([middle])) == {first, middle, last}
        assert tx.states([]) == {}
        assert tx.states([99_999]) == {}


def test_mutes_end(store: Store) -> None:
    """And the last one counts."""
    with store.write() as tx:
        tx.mute("a@x", until=NOON + HOUR, reason="one")
        tx.mute("a@x", until=NOON + DAY, reason="two")
        assert tx.standing("a@x", now=NOON + 2 * HOUR, since=())[0] == "two"
        assert tx.standing("a@x", now=NOON + 2 * DAY, since=())[0] == ""
        assert tx.standing("b@x", now=NOON, since=())[0] == ""


def test_budgets_count_receipts_that_may_leave(store: Store) -> None:
    """By recipient, domain, ticket and in all; neither suppressed ones, nor old ones, nor other letters."""
    with store.write() as tx:
        number = ticket(tx)
        owe(tx, ticket_id=number)
        owe(tx, recipient="LUC@Ecole.test", now=NOON - 2 * HOUR)
        owe(tx, recipient="eva@autre.test")
        owe(tx, suppressed="budget")
        owe(tx, kind=MessageKind.NOTIFICATION)
        since = NOON - HOUR
        assert tx.answers_sent(since=since) == 2
        assert tx.answers_sent(since=since, recipient="jean@ecole.test") == 1
        assert tx.answers_sent(since=since, domain="ecole.test") == 1
        assert tx.answers_sent(since=NOON - DAY, domain="ecole.test") == 2
        assert tx.answers_sent(since=since, ticket_id=number) == 1
        tx.mute("jean@ecole.test", until=NOON + DAY, reason="dead")
        muted, counts = tx.standing("jean@ecole.test", now=NOON, since=(since, NOON - DAY))
        assert (muted, counts) == ("dead", (1, 1))
        assert tx.standing("nobody@x.test", now=NOON, since=(since,)) == ("", (0,))


# --- tickets and their story


def test_numbers_begin_at_1001_and_never_come_twice(store: Store) -> None:
    """A ticket that was undone was nobody's."""
    with store.write() as tx:
        assert ticket(tx) == 1001
        with pytest.raises(RuntimeError):
            _fail_in_savepoint(tx)
        # PostgreSQL leaves a gap, SQLite none: nobody ever saw the number that was undone.
        assert ticket(tx) in (1002, 1003)
    with store.read() as tx:
        numbers = [t.id for t in tx.tickets()]
    assert len(set(numbers)) == 2


def test_events_are_only_ever_added(base: Database, store: Store) -> None:
    """The database itself refuses to change or remove one."""
    with store.write() as tx:
        number = ticket(tx)
        detail = '{"é": 1}'
        tx.add_events([Event(ticket_id=number, at=NOON, kind="opened", actor="j", cause="m1", detail=detail)])
        tx.add_events([])
    for statement in ("UPDATE event SET kind = 'x'", "UPDATE event SET at = at", "DELETE FROM event"):
        with pytest.raises(DBAPIError, match="only ever added"), base.write() as connection:
            connection.execute(text(statement))
    with store.read() as tx:
        (event,) = tx.events(ticket_id=number)
        assert (event.at, event.kind, event.detail) == (NOON, "opened", detail)
        assert tx.events(cause="m1") == (event,)


def test_links_work_both_ways_and_once(store: Store) -> None:
    """Whoever was linked first."""
    with store.write() as tx:
        one, two, three = ticket(tx), ticket(tx), ticket(tx)
        tx.link(two, one)
        tx.link(one, two)
        tx.link(one, three)
        assert {n: sorted(others) for n, others in tx.links([one, two, three]).items()} == {
            one: [two, three], two: [one], three: [one],
        }  # fmt: skip


def test_instants_come_back_as_they_went_in(base: Database, store: Store) -> None:
    """Aware, in UTC, to the microsecond, whatever the zone of the server or of the writer."""
    brussels = timezone(timedelta(hours=1))
    written = datetime(2024, 11, 25, 13, 32, 5, 123456, tzinfo=brussels)
    with store.write() as tx:
        number = ticket(tx, due_at=written)
    with store.read() as tx:
        (read,) = tx.tickets()
        assert read.due_at == written
        assert read.due_at is not None
        assert read.due_at.utcoffset() == timedelta()
    with pytest.raises((StatementError, ValueError)), store.write() as tx:
        tx.change_ticket(number, due_at=datetime(2024, 11, 25, 13, 32))  # noqa: DTZ001


def test_the_thread_of_a_ticket_in_and_out(store: Store) -> None:
    """In the order in which it came, with what became of our own letters."""
    with store.write() as tx:
        number = ticket(tx)
        one, two = keep(tx, 1, 2)
        message(tx, number, two, arrived_at=NOON + HOUR, message_id="two@x")
        message(tx, number, one, message_id="one@x")
        owe(tx, ticket_id=number, now=NOON + MINUTE, message_id="r@etnic.test")
        thread = tx.messages([number, 5])
        assert [m.message_id for m in thread[number]] == ["one@x", "r@etnic.test", "two@x"]
        assert [m.direction for m in thread[number]] == ["in", "out", "in"]
        assert thread[5] == []
        assert [m.message_id for m in tx.find_messages("one@x")] == ["one@x"]
        assert [m.message_id for m in tx.find_messages("r@etnic.test")] == ["r@etnic.test"]
        assert len(tx.find_messages("jean@ecole.test")) == 3
        assert tx.find_messages("nothing") == ()
        assert tx.text_of(one.mail_id) == "Bonjour"


def test_files_come_back_with_their_message(store: Store) -> None:
    """In their order, by whatever way the message is found; mail without any has none."""
    logo = stored_file("1" * 64, filename="", content_type="image/png", inline=True, decoration=True)
    with store.write() as tx:
        number = ticket(tx)
        with_files, without = keep(tx, 1, 2)
        row = message(tx, number, with_files)
        tx.add_files(row, [stored_file(), logo])
        tx.add_files(message(tx, number, without), [])
    with store.read() as tx:
        first, second = tx.messages([number])[number]
        assert (first.files, second.files) == ((stored_file(), logo), ())
        (found,) = tx.find_messages(with_files.mail_id)
        assert found.files == (stored_file(), logo)


def test_held_files_are_told_in_their_order(store: Store) -> None:
    """Of these tickets alone, with the mail that each came with; what is read late changes no number."""
    with store.write() as tx:
        number, other = ticket(tx), ticket(tx, requester_address="ana@ecole.test")
        one, two, three = keep(tx, 1, 2, 3)
        first, second = message(tx, number, one), message(tx, number, two)
        tx.add_files(second, [stored_file("3" * 64, held="macro .docm")])
        tx.add_files(first, [stored_file(), stored_file("2" * 64, filename="a.exe", held="program .exe")])
        tx.add_files(message(tx, other, three), [stored_file("4" * 64, held="script .js")])
    with store.read() as tx:
        found = handling.held_files(tx, (number,))
        assert [(f.mail, f.filename, f.sha256, f.held) for f in found] == [
            (two.sha256, "a.pdf", "3" * 64, "macro .docm"),
            (one.sha256, "a.exe", "2" * 64, "program .exe"),
        ]
        assert len(handling.held_files(tx, (number, other))) == 3
        assert [f.held for m in tx.messages([number])[number] for f in m.files] == [
            "", "program .exe", "macro .docm",
        ]  # fmt: skip


def test_a_file_is_known_by_the_first_mails_that_it_came_with(store: Store) -> None:
    """By hash alone, whatever its name; of a common one only so many are told."""
    common, rare, unknown = "1" * 64, "2" * 64, "3" * 64
    with store.write() as tx:
        number = ticket(tx)
        for kept in keep(tx, *range(1, MOST_SEEN + 2)):
            tx.add_files(message(tx, number, kept), [stored_file(common)])
        (last,) = keep(tx, 999)
        tx.add_files(message(tx, None, last, sender_address="eva@autre.test"), [stored_file(rare)])
        assert tx.seen_files([]) == {}
        found = tx.seen_files([common, rare, unknown])
    assert found[common] == (SeenFile(sender="jean@ecole.test", ticket_id=number),) * MOST_SEEN
    assert found[rare] == (SeenFile(sender="eva@autre.test", ticket_id=None),)
    assert unknown not in found


def test_tickets_by_what_they_are(store: Store) -> None:
    """Status, team, marks."""
    with store.write() as tx:
        new = ticket(tx)
        taken = ticket(tx, status="taken", team="réseau", near_limit=True, breached=True)
    with store.read() as tx:
        assert [t.id for t in tx.tickets(status="taken")] == [taken]
        assert [t.id for t in tx.tickets(team="desk")] == [new]
        assert [t.id for t in tx.tickets(near_limit=True, breached=True)] == [taken]
        counts = tx.backlog_counts()
    assert (counts["open"], counts["breached"], counts["next_due"]) == (2, 1, NOON + DAY)


# --- clocks and marks


def test_clocks_are_due_in_order_and_advance(store: Store) -> None:
    """Each comes up once a stage, and no more after the last."""
    with store.write() as tx:
        number = ticket(tx)
        kept = keep(tx, 1, 2)
        for n, mail in enumerate(kept):
            clock(tx, number, message(tx, number, mail), at=NOON - n * HOUR)
        assert tx.clocks_due(now=NOON + 17 * HOUR, limit=9) == ()
        later, earlier = tx.clocks_due(now=NOON + 20 * HOUR, limit=9)[::-1]
        assert earlier.started_at == NOON - HOUR
        assert tx.clocks_due(now=NOON + 20 * HOUR, limit=1) == (earlier,)
        tx.advance_clocks(
            [(earlier.id, Stage.BREACHED, None, 1.0), (later.id, Stage.NEAR, later.due_at, 0.8)]
        )
        tx.advance_clocks([])
        assert tx.clocks_due(now=NOON + 20 * HOUR, limit=9) == ()
        assert [c.stage for c in tx.running(number)] == [Stage.BREACHED, Stage.NEAR]


def test_a_clock_that_stands_still_is_not_due_and_marks_nothing(store: Store) -> None:
    """It runs all the same: nobody has acted. What moved it is written as it is."""
    with store.write() as tx:
        number = ticket(tx)
        (mail,) = keep(tx, 1)
        clock(tx, number, message(tx, number, mail))
        (runs,) = tx.running(number)
        held = replace(runs, paused_at=NOON + HOUR)
        tx.hold_clocks([(held, None)])
        assert tx.clocks_due(now=NOON + 9 * DAY, limit=9) == ()
        assert tx.running(number) == (held,)
        on = replace(runs, paused=7200, near_at=runs.near_at + 2 * HOUR, due_at=runs.due_at + 2 * HOUR)
        tx.hold_clocks([(on, NOON)])
        assert tx.clocks_due(now=NOON, limit=9) == tx.running(number) == (on,)


def test_an_act_stops_the_clocks_that_had_started(store: Store) -> None:
    """A later mail of the requester goes on waiting."""
    with store.write() as tx:
        number = ticket(tx)
        one, two = keep(tx, 1, 2)
        first = message(tx, number, one)
        clock(tx, number, first)
        clock(tx, number, message(tx, number, two), at=NOON + 2 * HOUR)
        assert tx.stop_clocks(number, at=NOON + HOUR, by="anne", presumed=False) == (first,)
        assert tx.stop_clocks(number, at=NOON + HOUR, by="anne", presumed=False) == ()
        (left,) = tx.running(number)
        assert left.started_at == NOON + 2 * HOUR
        assert len(tx.states([number])[number].running) == 1


def test_what_was_presumed_is_corrected_by_what_is_found(store: Store) -> None:
    """And not the other way round."""
    with store.write() as tx:
        number = ticket(tx)
        (kept,) = keep(tx, 1)
        row = message(tx, number, kept)
        clock(tx, number, row)
        assert tx.stop_clocks(number, at=NOON + 3 * HOUR, by="", presumed=True) == (row,)
        assert tx.stop_clocks(number, at=NOON + HOUR, by="anne", presumed=False) == (row,)
        assert tx.stop_clocks(number, at=NOON + 5 * HOUR, by="", presumed=True) == ()
        found = tx.connection.execute(text("SELECT stopped_by, presumed FROM clock")).one()
        assert (found.stopped_by, bool(found.presumed)) == ("anne", False)


def test_what_is_presumed_of_a_mail_says_nothing_of_a_later_one(store: Store) -> None:
    """The instant is the same, the mails are those up to that one."""
    with store.write() as tx:
        number = ticket(tx)
        one, two = keep(tx, 1, 2)
        first = message(tx, number, one)
        clock(tx, number, first)
        clock(tx, number, message(tx, number, two), at=NOON + HOUR)
        later = NOON + 3 * HOUR
        assert tx.stop_clocks(number, at=later, by="", presumed=True, begun=NOON) == (first,)
        assert [c.started_at for c in tx.running(number)] == [NOON + HOUR]


def test_an_act_that_comes_to_light_late_is_the_first_one(store: Store) -> None:
    """A later one does not move the instant; a presumed one never moves what was found."""
    with store.write() as tx:
        number = ticket(tx)
        (kept,) = keep(tx, 1)
        row = message(tx, number, kept)
        clock(tx, number, row)
        assert tx.stop_clocks(number, at=NOON + 3 * HOUR, by="anne", presumed=False) == (row,)
        assert tx.stop_clocks(number, at=NOON + 4 * HOUR, by="anne", presumed=False) == ()
        assert tx.stop_clocks(number, at=NOON + HOUR, by="", presumed=True) == ()
        assert tx.stop_clocks(number, at=NOON + 2 * HOUR, by="bruno", presumed=False) == (row,)
        assert tx.stop_clocks(number, at=NOON - HOUR, by="x", presumed=False) == ()
        assert tx.connection.execute(text("SELECT stopped_by FROM clock")).scalar_one() == "bruno"


def test_a_message_that_is_recognised_as_ours_has_no_clock(store: Store) -> None:
    """Those of the requester run on, and the marks of its copies are looked at."""
    with store.write() as tx:
        number = ticket(tx)
        one, two = keep(tx, 1, 2)
        first, ours = message(tx, number, one), message(tx, number, two)
        clock(tx, number, first)
        clock(tx, number, ours, at=NOON + HOUR)
        tx.recognise(ours, MessageKind.OUTSIDE_ANSWER)
        assert [c.message_id for c in tx.running(number)] == [first]
        kinds = {m.mail_id: (m.kind, m.direction) for m in tx.messages([number])[number]}
        assert kinds[two.mail_id] == ("outside_answer", "out")
        assert kinds[one.mail_id] != kinds[two.mail_id]


def test_marks_to_be_looked_at_are_told_once(store: Store) -> None:
    """Every copy whose message's clock has changed, in the present epoch of its maildrop."""
    with store.write() as tx:
        drop = inbox(tx)
        number = ticket(tx)
        first, copy = keep(tx, 1, 2)
        row = message(tx, number, first)
        for mail in (first, copy):
            tx.settle(mail.sighting_id, SightingState.FILED, row)
        clock(tx, number, row)
        dirty = tx.marks(drop.id, 1, limit=9)
        assert [(m.uid, m.stage, m.placed) for m in dirty] == [(1, Stage.RUNNING, ()), (2, Stage.RUNNING, ())]
        tx.marked([_placed(mark) for mark in dirty])
        assert tx.marks(drop.id, 1, limit=9) == ()
        tx.unmark([row])
        assert tx.marks(drop.id, 2, limit=9) == ()
        assert [m.placed for m in tx.marks(drop.id, 1, limit=9)] == [("$MaildFiled", "\\Flagged")] * 2
        assert tx.running_uids(drop.id, 1) == {1: (number, NOON), 2: (number, NOON)}
        tx.stop_clocks(number, at=NOON + HOUR, by="x", presumed=False)
        assert [m.stage for m in tx.marks(drop.id, 1, limit=9)] == [None, None]
        assert tx.running_uids(drop.id, 1) == {}


@pytest.mark.parametrize(("source", "epoch"), [("door", DOOR_EPOCH), ("sent", 7), ("inbox", DOOR_EPOCH)])
def test_what_can_carry_no_mark_waits_for_none(store: Store, source: str, epoch: int) -> None:
    """A door, a folder of sent mail, and a door that has become a mailbox."""
    with store.write() as tx:
        drop = tx.maildrop("support", source)
        number = ticket(tx)
        (kept,) = tx.keep(drop, epoch, [new_mail(1)])
        row = message(tx, number, kept)
        tx.settle(kept.sighting_id, SightingState.FILED, row)
        tx.unmark([row])
        assert tx.marks(drop.id, epoch, limit=9) == ()


def _placed(mark: Mark) -> Mark:
    return replace(mark, placed=("$MaildFiled", "\\Flagged"), offered=Stage.NEAR)


def test_a_backlog_is_announced_once(store: Store) -> None:
    """Tickets of old mail wait for their digest."""
    with store.write() as tx:
        old = ticket(tx, backlog=True)
        ticket(tx)
        assert [t.id for t in tx.backlog()] == [old]
        tx.announced([old])
        assert tx.backlog() == ()


# --- the outbox in one line; its own story is told in test_outbox


def test_the_figures_of_the_outbox(store: Store) -> None:
    """For status: how many in each state, and since when the oldest waits."""
    with store.write() as tx:
        owe(tx)
        owe(tx, now=NOON - HOUR)
        owe(tx, suppressed="no")
        assert outbox.counts(tx) == {"ready": 2, "suppressed": 1}
        assert outbox.waiting(tx, since=NOON).due_at == NOON - HOUR


def test_what_one_sweep_has_in_hand_another_leaves_alone(postgres_base: Database) -> None:
    """Two daemons on one ledger: neither waits for the other, and none looks at what the other looks at."""
    store = Store(database=postgres_base)
    with store.write() as tx:
        number = ticket(tx, status="taken", wake_at=NOON, look_at=NOON)
        (kept,) = keep(tx, 1)
        clock(tx, number, message(tx, number, kept), next_at=NOON)

    def due(tx: Transaction) -> tuple[int, int, int]:
        wakes = handling.waking(tx, now=NOON, limit=10)
        forgotten = handling.unattended(tx, now=NOON, limit=10)
        return len(tx.clocks_due(now=NOON, limit=10)), len(wakes), len(forgotten)

    with store.write() as one, store.write() as other:
        assert due(one) == (1, 1, 1)
        assert due(other) == (0, 0, 0)


def test_whoever_asks_how_the_desk_stands_keeps_no_sweep_from_its_work(postgres_base: Database) -> None:
    """A monitor in the midst of its question, and a sweep that comes then, each see what is due."""
    store = Store(database=postgres_base)
    with store.write() as tx:
        number = ticket(tx)
        for n, kept in enumerate(keep(tx, 1, 2)):
            clock(tx, number, message(tx, number, kept), next_at=NOON + n * HOUR)
    with store.read() as monitor, store.write() as tx:
        assert monitor.overlooked(since=NOON + HOUR, most=9) == 2
        assert monitor.overlooked(since=NOON + HOUR, most=1) == 1
        assert monitor.overlooked(since=NOON, most=9) == 1
        assert len(tx.clocks_due(now=NOON + HOUR, limit=9)) == 2
        assert monitor.overlooked(since=NOON + HOUR, most=9) == 2
