"""What the ledger holds of a person, row by row, and how it is made to hold it no longer."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from storage import privacy
from storage.handling import VISIT
from storage.privacy import Called, Kept
from storage.records import ERASED_ADDRESS, Event
from storage.store import Store, Transaction, erased_id
from tests.storage.entries import NOON, inbox, keep, message, new_mail, owe, ticket

JEAN = ("jean@ecole.test",)
ANNE = "anne@etnic.test"
HOUSE = frozenset({ANNE})


def called(*names: str, ids: frozenset[str] = frozenset()) -> Called:
    """How Jean is named."""
    return privacy.called(JEAN, names, ids)


def one(tx: Transaction, query: str) -> object:
    """The one value that a query gives."""
    return tx.connection.execute(text(query)).scalar()


def told(tx: Transaction, number: int, actor: str = "maild", **detail: object) -> None:
    """An event of a ticket."""
    said = json.dumps(detail, ensure_ascii=False)
    tx.add_events(
        (Event(ticket_id=number, at=NOON, kind="told", actor=actor, cause="m", detail=said),)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sent to jean@ecole.test", f"sent to {ERASED_ADDRESS}"),
        ("Jean Dupont <JEAN@ecole.test>", f"(erased) <{ERASED_ADDRESS}>"),
        ("Jean: jean@ecole.test", f"(erased): {ERASED_ADDRESS}"),
        ("vu avec Jean Dupont", "vu avec (erased)"),
        ("vu avec Jean", "vu avec Jean"),
        ("pjean@ecole.test", "pjean@ecole.test"),
        (
            "<j1@pc-jean> belongs to this ticket",
            "(erased) belongs to this ticket",
        ),
        ("<b1@ecole.test> belongs to it", "<b1@ecole.test> belongs to it"),
    ],
)
def test_he_is_taken_out_of_what_the_desk_wrote(before: str, after: str) -> None:
    """His whole name everywhere, a first name alone beside his address, and the ids of his mails."""
    assert called("Jean Dupont", "Jean", ids=frozenset({"j1@pc-jean"})).out_of(before) == after


def test_what_stands_for_him_is_not_taken_for_a_name() -> None:
    """Somebody who is called so would be found again for ever."""
    assert called("erased", "Erased").out_of("(erased)") == "(erased)"


def test_his_name_may_be_a_word_of_ours(store: Store) -> None:
    """What a story tells is changed, never what the facts are called; what others are told stays."""
    with store.write() as tx:
        number = ticket(tx, requester_address="bo@ecole.test")
        told(tx, number, "jean@ecole.test", status="taken", to="Status <jean@ecole.test>")
        told(tx, number, status="new")
        who = called("status")
        named = privacy.naming(tx, JEAN, who, [number])
        assert len(named["event"]) == 1
        privacy.erase_names(tx, JEAN, who, named, [number])
        details = [(event.actor, json.loads(event.detail)) for event in tx.events(ticket_id=number)]
        assert privacy.naming(tx, JEAN, who, [number]) == {}
    gone = {"status": "taken", "to": f"(erased) <{ERASED_ADDRESS}>"}
    assert details == [(ERASED_ADDRESS, gone), ("maild", {"status": "new"})]


def test_whose_ticket_it_is(store: Store) -> None:
    """Whatever the case, also of letters that SQLite does not fold; and not of whom it only resembles."""
    with store.write() as tx:
        his = ticket(tx, requester_address="Élie@École.test")
        ticket(tx, requester_address="aélie@école.test")
    with store.read() as tx:
        assert privacy.holdings(tx, ("élie@école.test",), HOUSE).tickets == (his,)


def test_whose_the_mails_of_a_ticket_are(store: Store) -> None:
    """On his own the desk's words are about him, another person's are not; elsewhere what he wrote is."""
    with store.write() as tx:
        his, other = ticket(tx), ticket(tx, requester_address="bo@ecole.test")
        first, second, third, fourth, fifth = keep(tx, 1, 2, 3, 4, 5)
        own = [
            message(tx, his, first),
            message(tx, his, second, sender_address="anne@etnic.test", kind="relay"),
        ]
        bounce = message(tx, his, third, sender_address="mailer-daemon@mx.test", kind="bounce")
        bos = message(tx, his, fourth, sender_address="bo@ecole.test", kind="reply")
        reply = message(tx, other, fifth, kind="reply")
        owe(tx, ticket_id=his, recipient="anne@etnic.test")
        owe(tx, ticket_id=other, recipient="bo@ecole.test", mail_id=fifth.mail_id)
        owe(tx, ticket_id=other, recipient="bo@ecole.test")
        owe(tx, ticket_id=other, recipient="jean@ecole.test")
    with store.read() as tx:
        found = privacy.holdings(tx, JEAN, HOUSE)
    assert (found.tickets, found.shared) == ((his,), (other,))
    assert (set(found.messages), found.kept) == ({*own, bounce, reply}, (bos,))
    assert len(found.letters) == 3


def test_a_mail_that_was_erased_is_known_by_digests(store: Store) -> None:
    """It is a twin still, its ticket is found by its Message-ID, and nothing shows the id."""
    with store.write() as tx:
        number = ticket(tx)
        (kept,) = keep(tx, 1)
        row = message(tx, number, kept, message_id="j1@pc-jean.test")
        tx.add_references(number, ("j1@pc-jean.test", "b1@ecole.test"))
        for _ in range(2):
            privacy.erase_messages(tx, [row], at=NOON)
        assert tx.tickets_by_reference(("j1@pc-jean.test",)) == {"j1@pc-jean.test": (number,)}
        assert tx.tickets_by_reference(("b1@ecole.test", "x@y")) == {"b1@ecole.test": (number,)}
        (twin,) = tx.twins("j1@pc-jean.test")
        assert (twin.erased, twin.digest, twin.sender_address) == (True, kept.sha256, "")
        assert one(tx, "SELECT length(content) FROM raw") == 0
        for column, table in (("message_id", "message"), ("name", "erased"), ("message_id", "reference")):
            kept_ids = tx.connection.execute(text(f"SELECT {column} FROM {table}")).scalars()  # noqa: S608
            assert not [id_ for id_ in kept_ids if "pc-jean" in id_]


def test_a_letter_that_was_erased_holds_no_digest_of_its_reader(store: Store) -> None:
    """Its Message-ID is a token that was made for him; what answers it finds the ticket all the same."""
    with store.write() as tx:
        number = ticket(tx)
        owe(tx, ticket_id=number, message_id="token@etnic.test")
        tx.add_references(number, ("token@etnic.test",))
        privacy.erase_letters(tx, [1])
        assert one(tx, "SELECT message_id FROM outbox") == erased_id("token@etnic.test")
        assert tx.tickets_by_sent(("token@etnic.test",)) == {"token@etnic.test": number}
        assert tx.tickets_by_reference(("token@etnic.test",)) == {"token@etnic.test": (number,)}
        assert (one(tx, "SELECT recipient FROM outbox"), one(tx, "SELECT state FROM outbox")) == (
            "erased.1@maild.invalid",
            "dropped",
        )


def test_what_stays_of_a_mail_of_the_desk(store: Store) -> None:
    """Its new words; its bytes hold what it quotes."""
    with store.write() as tx:
        number = ticket(tx, requester_address="bo@ecole.test")
        (kept,) = keep(tx, 1)
        row = message(tx, number, kept, text="Oui.\n> Bonjour, dit Jean")
        privacy.strip(tx, [Kept(message=row, subject="VPN", text="Oui.")])
        (mail,) = privacy.originals_of(tx, [row])
    assert (mail.subject, mail.text, mail.content) == ("VPN", "Oui.", b"")


def test_the_plain_ticket_of_a_mail_that_nobody_could_read(store: Store) -> None:
    """It is his whose mail it is, with what the desk wrote about it; a ticket of somebody's is not."""
    with store.write() as tx:
        plain, other = ticket(tx, requester_address=""), ticket(tx, requester_address="bo@ecole.test")
        first, second = keep(tx, 1, 2)
        unread = message(tx, plain, first, sender_address="", kind="unreadable")
        bounce = message(tx, other, second, sender_address="mailer-daemon@mx.test", kind="bounce")
        owe(tx, ticket_id=plain, recipient="anne@etnic.test")
        owe(tx, ticket_id=other, recipient="bo@ecole.test")
        found = privacy.holdings(tx, JEAN, HOUSE)
        wider = privacy.with_mails(tx, found, JEAN, {unread, bounce})
    assert (found.tickets, found.messages) == ((), ())
    assert (wider.tickets, wider.messages, wider.letters) == ((plain,), (unread, bounce), (1,))


def test_mails_are_read_in_parts_and_none_twice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of equal bytes, too: a part may end between them."""
    monkeypatch.setattr(privacy, "_AT_ONCE", 1)
    with store.write() as tx:
        number = ticket(tx)
        first, second = tx.keep(inbox(tx), 1, [new_mail(1, b"same"), new_mail(2, b"same")])
        rows = [message(tx, number, first), message(tx, number, second)]
        read, after = list[int](), 0
        while part := privacy.originals(tx, after=after):
            read, after = read + [mail.message for mail in part], part[-1].message
    assert read == rows


def test_a_visit_that_is_to_come(store: Store) -> None:
    """One that is over, or called off, is of no matter."""
    with store.write() as tx:
        number = ticket(tx, requester_address="bo@ecole.test")
        for uid, days, state in (("a", 1, "asked"), ("b", -1, "asked"), ("c", 1, "cancelled")):
            at = NOON + timedelta(days=days)
            tx.connection.execute(
                insert(VISIT).values(
                    ticket_id=number, uid=uid, sequence=0, technician="jean@ecole.test",
                    technician_name="Jean", place="x", description="", starts_at=at, ends_at=at,
                    ordered_by=ANNE, state=state, requester_state="",
                )
            )  # fmt: skip
        assert privacy.visits_ahead(tx, [number], NOON) == ((number, NOON + timedelta(days=1)),)
        found = privacy.holdings(tx, JEAN, HOUSE)
        assert found.shared == (number,)
        assert privacy.names(tx, JEAN) == {"Jean"}
        who = called("Jean")
        privacy.erase_names(tx, JEAN, who, privacy.naming(tx, JEAN, who, found.shared), found.shared)
        assert one(tx, "SELECT technician_name FROM visit WHERE uid = 'a'") == ""
        assert one(tx, "SELECT technician FROM visit WHERE uid = 'a'") == ERASED_ADDRESS
