"""What a decision leaves in the ledger, and what it does not."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest

from maild import apply, assembly, compose
from maild.effects import letters
from maild.effects.clocks import presume_answered
from storage import outbox
from storage.records import MessageKind
from tests.maild.decide.cases import DAY, NOON
from tests.maild.office import Room, raw, room


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office at noon."""
    with room(tmp_path) as made:
        yield made


def test_a_request_leaves_its_whole_story(desk: Room) -> None:
    """Ticket, message, people, ids, clock, letters and events, each with its cause."""
    desk.ingest(raw(Cc="luc@ecole.test", References="<old@ecole.test>"))
    mail_id = desk.rows("SELECT mail_id FROM message")[0].mail_id
    assert {row.message_id for row in desk.rows("SELECT message_id FROM reference")} == {
        "m1@ecole.test",
        "old@ecole.test",
    }
    people = [
        (row.address, row.role) for row in desk.rows("SELECT address, role FROM participant ORDER BY role")
    ]
    assert people == [("jean@ecole.test", "requester"), ("luc@ecole.test", "watcher")]
    assert desk.letters() == [("receipt", "jean@ecole.test"), ("notification", "anne@etnic.test")]
    events = desk.rows("SELECT kind, cause FROM event ORDER BY id")
    assert [row.kind for row in events] == ["opened", "clock_started", "receipt", "notified"]
    assert {row.cause for row in events} == {mail_id}
    (ticket,) = desk.tickets()
    assert (ticket.acked_at, ticket.due_at) == (NOON, NOON + DAY)


def test_what_fails_half_way_leaves_nothing_of_its_mail(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plain ticket that stands in for it apart."""

    def fail(*_: object, **__: object) -> assembly.Letter:
        raise RuntimeError("a template of the operator's")

    monkeypatch.setattr(compose, "notification", fail)
    desk.ingest(raw())
    kinds = {row.kind for row in desk.rows("SELECT kind FROM message")}
    assert kinds <= {"unreadable"}
    assert ("receipt", "jean@ecole.test") not in desk.letters()


def test_what_was_not_read_of_a_mail_stands_among_its_reasons(desk: Room) -> None:
    """And in the agents' letter; a defect that left nothing out is only a defect."""
    part = "--b\r\n\r\nx\r\n"
    desk.ingest(raw("a@ecole.test", body=part * 2000, Content_Type="multipart/mixed; boundary=b"))
    desk.ingest(raw("b@ecole.test", body=part, Content_Type="multipart/mixed; boundary=b"))
    many, broken = (json.loads(row.reasons) for row in desk.rows("SELECT reasons FROM message ORDER BY id"))
    assert [r for r in many if r.startswith("not read")] == [
        "not read whole: more than 1000 parts; its original is kept as a whole"
    ]
    assert broken[-1] == "defect: multipart without its end"
    said = ["trop de parties" in text for text in notifications(desk)]
    assert said == [True, False]


def test_our_letters_are_tied_to_their_ticket(desk: Room) -> None:
    """The Message-ID and the signed header carry its key; the answer to either finds it."""
    desk.ingest(raw())
    with desk.office.store.write() as tx:
        entries = outbox.claim(tx, holder="a", now=NOON, until=NOON, limit=9)
    for entry in entries:
        letter = BytesParser(policy=default).parsebytes(entry.content)
        assert str(letter["Message-ID"]) == f"<{entry.message_id}>"
        assert letter["X-Maild"]
        assert letter["From"].addresses[0].addr_spec == "support@etnic.test"
        assert entry.ticket_id == 1001
    assert len({entry.message_id for entry in entries}) == 2


def test_plus_addresses_carry_the_token_where_the_operator_has_them(tmp_path: Path) -> None:
    """Reply-To, and nowhere without the setting."""
    with room(tmp_path, desk={"plus_addresses": True}) as desk:
        desk.ingest(raw())
        with desk.office.store.write() as tx:
            receipt = outbox.claim(tx, holder="a", now=NOON, until=NOON, limit=1)[0]
        letter = BytesParser(policy=default).parsebytes(receipt.content)
        assert letter["Reply-To"].addresses[0].addr_spec.startswith("support+r")


def test_trouble_is_told_once(desk: Room) -> None:
    """However often it happens; each administrator hears of each matter."""
    for about in ("disk", "disk", "password"):
        with desk.office.store.write() as tx:
            letters.owe_trouble(
                tx, about=about, headline="Trouble", details="", cause="test", now=NOON,
                policy=desk.office.policy, paper=desk.office.paper,
            )  # fmt: skip
    assert desk.letters() == [("trouble", "admin@etnic.test")] * 2


def test_a_presumed_answer_counts_once(desk: Room) -> None:
    r"""\Answered seen again stops nothing more."""
    desk.ingest(raw())
    at = NOON + timedelta(hours=1)
    with desk.office.store.write() as tx:
        assert presume_answered(tx, 1001, begun=NOON, at=at, mail_id="poll", policy=desk.office.policy)
        assert not presume_answered(tx, 1001, begun=NOON, at=at, mail_id="poll", policy=desk.office.policy)
    (ticket,) = desk.tickets()
    assert (ticket.status.value, ticket.taken_at, ticket.due_at) == ("taken", at, None)


def test_a_very_long_text_is_cut_in_the_ledger_and_whole_in_the_raw_mail(desk: Room) -> None:
    """The story wants the words, not the whole of a log file."""
    content = raw(body="mot " * 100_000)
    desk.ingest(content)
    assert desk.rows("SELECT length(text) AS n FROM message")[0].n <= apply.MOST_TEXT
    told = "the ledger holds 200,000 of 400,000 characters of its text, the raw mail all"
    assert told in json.loads(desk.rows("SELECT reasons FROM message")[0].reasons)
    with desk.office.store.read() as tx:
        sha = desk.rows("SELECT sha256 FROM raw")[0].sha256
        assert tx.raw(sha) == content


LOGO = base64.encodebytes(b"\x89PNG\r\n\x1a\n the logo of a school").decode()


def with_files(message_id: str, *names: str, sender: str = "Jean <jean@ecole.test>") -> bytes:
    """A mail with a signature's logo, and with an empty PDF for each name."""
    logo = (
        "Content-Type: image/png; name=image001.png\r\nContent-ID: <l@x>\r\nContent-Disposition: inline\r\n"
    )
    parts = [
        "Content-Type: text/plain\r\n\r\nBonjour\r\n",
        f"{logo}Content-Transfer-Encoding: base64\r\n\r\n{LOGO}",
        *(
            f"Content-Type: application/pdf\r\nContent-Disposition: attachment{name}\r\n\r\n%PDF"
            for name in names
        ),
    ]
    body = "".join(f"--b\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    return raw(message_id, body=body, From=sender, Content_Type="multipart/mixed; boundary=b")


def notifications(desk: Room) -> list[str]:
    """The texts of the notifications, in their order."""
    with desk.office.store.write() as tx:
        entries = outbox.claim(tx, holder="a", now=NOON, until=NOON, limit=99)
    letters = [
        BytesParser(policy=default).parsebytes(one.content)
        for one in sorted(entries, key=lambda one: one.id)
        if one.kind is MessageKind.NOTIFICATION
    ]
    return [str(one.get_body(("plain",)).get_content()) for one in letters]  # type: ignore[union-attr]


def test_the_files_of_a_mail_are_kept_and_named(desk: Room) -> None:
    """One without a name by its type; all of them in the story."""
    desk.ingest(with_files("a@ecole.test", "; filename=rapport.pdf", ""))
    (text,) = notifications(desk)
    assert ": image001.png, rapport.pdf, application/pdf\r\n" in text
    rows = desk.rows("SELECT filename, content_type, size, content_id, inline FROM attachment ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("image001.png", "image/png", 29, "l@x", 1),
        ("rapport.pdf", "application/pdf", 4, "", 0),
        ("", "application/pdf", 4, "", 0),
    ]


def test_a_signatures_picture_is_named_once(desk: Room) -> None:
    """The same sender's next mail, also in one batch; a colleague's third ticket; a stranger's never."""
    desk.ingest(
        with_files("a@ecole.test"),
        with_files("b@ecole.test", "; filename=rapport.pdf"),
        with_files("c@ecole.test", sender="eva@ecole.test"),
        with_files("d@ailleurs.test", sender="marc@ailleurs.test"),
    )
    named = ["image001.png" in text for text in notifications(desk)]
    assert named == [True, False, False, True]
    kept = desk.rows("SELECT decoration FROM attachment WHERE filename = 'image001.png' ORDER BY id")
    assert [bool(row.decoration) for row in kept] == [False, True, True, False]


def test_a_thousand_files_are_kept_and_some_named(desk: Room) -> None:
    """A notification is read by people."""
    desk.ingest(with_files("a@ecole.test", *(f"; filename={n}.pdf" for n in range(900))))
    (text,) = notifications(desk)
    assert "48.pdf\r\nTrop volumineux" in text
    assert "98.pdf (1 ko), … + 801" in text.replace("\u00a0", " ")
    assert desk.rows("SELECT count(*) AS n FROM attachment")[0].n == 901
