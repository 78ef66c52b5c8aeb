"""Somebody writes to support: what he gets back, and what stays as it was."""

from datetime import timedelta

import pytest

from storage.records import Status
from tests.scenarios.desk import ANNE, MONDAY, REQUEST, Desk, mail

DUTCH = (
    "Goedemorgen,\n\nSinds vanochtend werkt mijn printer niet meer en ik kan niet verder werken."
    " Kunt u mij helpen alstublieft?\n\nMet vriendelijke groeten,\nPiet\n"
)
GERMAN = (
    "Guten Morgen,\n\nseit heute Morgen funktioniert mein Drucker nicht mehr und ich kann nicht arbeiten."
    " Können Sie mir bitte helfen?\n\nMit freundlichen Grüßen,\nPeter\n"
)
ENGLISH = (
    "Good morning,\n\nSince this morning my printer has not been working and I cannot do my job."
    " Could you please help me?\n\nKind regards,\nPeter\n"
)


def test_a_request_becomes_a_ticket_and_its_author_gets_one_receipt(any_desk: Desk) -> None:
    """Number, exact deadline in Brussels' time, and the telephone number; on both databases."""
    any_desk.receive(mail("m1@ecole.test"))
    assert any_desk.once()
    (ticket,) = any_desk.tickets()
    assert (ticket.id, ticket.status, ticket.due_at) == (1001, Status.NEW, MONDAY + timedelta(hours=24))
    assert (ticket.subject, ticket.requester_address) == ("Imprimante en panne", "jean@ecole.test")
    (receipt,) = any_desk.letters("jean@ecole.test")
    assert receipt["Subject"] == "Re: [ETNIC-1001] Imprimante en panne"
    words = receipt.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "ETNIC-1001" in words
    assert "au plus tard le mardi 26 novembre 2024 à 14\u00a0h\u00a032" in words
    assert "02 800 10 10" in words
    assert not any_desk.faults()


@pytest.mark.parametrize(
    ("body", "deadline"),
    [
        (REQUEST, "mardi 26 novembre 2024 à 14\u00a0h\u00a032"),
        (DUTCH, "dinsdag 26 november 2024 om 14.32 uur"),
        (GERMAN, "Dienstag, 26. November 2024, um 14:32 Uhr"),
        (ENGLISH, "Tuesday 26 November 2024 at 14:32"),
    ],
    ids=["fr", "nl", "de", "en"],
)
def test_the_receipt_speaks_the_language_of_the_mail(desk: Desk, body: str, deadline: str) -> None:
    """In text and in HTML, with the deadline as people of that language write it."""
    desk.receive(mail("m1@ecole.test", body=body))
    desk.once()
    (receipt,) = desk.letters("jean@ecole.test")
    for kind in ("plain", "html"):
        part = receipt.get_body((kind,))
        assert part is not None
        assert deadline in part.get_content()


def test_the_receipt_says_that_a_program_sent_it_and_where_it_belongs(desk: Desk) -> None:
    """RFC 3834: nobody's absence notice answers it, and every client shows it under the mail."""
    desk.receive(mail("m1@ecole.test", References="<m0@ecole.test>", In_Reply_To="<m0@ecole.test>"))
    desk.once()
    (receipt,) = desk.letters("jean@ecole.test")
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert receipt["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    assert receipt["In-Reply-To"] == "<m1@ecole.test>"
    assert receipt["References"] == "<m0@ecole.test> <m1@ecole.test>"
    assert receipt["From"].addresses[0].addr_spec == "support@etnic.test"
    assert receipt["Message-ID"].endswith("@etnic.test>")


def test_a_second_pass_does_nothing(desk: Desk) -> None:
    """The ledger knows what was done, whatever the mailbox looks like."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    before, flags = len(desk.sent()), desk.flags()
    desk.later(minutes=5)
    desk.once()
    assert len(desk.tickets()) == 1
    assert len(desk.sent()) == before
    assert desk.flags() == flags


def test_the_mailbox_stays_as_people_left_it(desk: Desk) -> None:
    r"""Read mail stays read, unread mail unread; our keyword is all that is added."""
    desk.receive(mail("read@ecole.test"), flags=["\\Seen"])
    desk.receive(mail("unread@ecole.test", sender="luc@ecole.test"))
    desk.receive(mail("kept@ecole.test", sender="eva@ecole.test"), flags=["\\Seen", "Important"])
    desk.once()
    assert desk.flags() == [
        {"\\Seen", "$MaildFiled"},
        {"$MaildFiled"},
        {"\\Seen", "Important", "$MaildFiled"},
    ]
    assert len(desk.tickets()) == 3


def test_one_receipt_a_ticket_however_often_its_author_writes(desk: Desk) -> None:
    """The second mail joins in silence; the clock that counts is the first one's."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.later(hours=2)
    again = mail("m2@ecole.test", subject="Re: Imprimante en panne", References="<m1@ecole.test>")
    desk.receive(again)
    desk.once()
    (ticket,) = desk.tickets()
    assert ticket.due_at == MONDAY + timedelta(hours=24)
    assert len(desk.letters("jean@ecole.test")) == 1


def test_the_team_hears_of_it(desk: Desk) -> None:
    """The notification is the ticket: who, what, until when, and the requester's own words."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    (notification,) = desk.letters(ANNE)
    body = notification.get_body(("plain",))
    assert body is not None
    words = body.get_content()
    assert notification["Subject"] == "[ETNIC-1001] Imprimante en panne"
    assert notification["Auto-Submitted"] == "auto-generated"
    assert "Jean Dupont" in words
    assert "mon imprimante ne fonctionne plus" in words
    assert "mardi 26 novembre 2024" in words


def test_every_mail_is_followed_in_the_log_from_arrival_to_sent(desk: Desk) -> None:
    """One name, greppable, and never a word of what the mail says."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    (fetched,) = desk.log("message.fetched")
    of_it = [line["event"] for line in desk.log() if line.get("mail_id") == fetched["mail_id"]]
    assert of_it[0] == "message.fetched"
    assert {"ticket.opened", "message.ingested", "outbox.queued", "outbox.sent"} <= set(of_it)
    receipt = next(line for line in desk.log("outbox.sent") if line["kind"] == "receipt")
    assert (receipt["status"], receipt["mail_id"]) == ("sent", fetched["mail_id"])
    assert "imprimante ne fonctionne" not in desk.journal.getvalue()


def test_a_mail_without_subject_date_or_id_is_a_request_too(desk: Desk) -> None:
    """Programs that write such mail are wrong; the person behind one is not."""
    desk.receive(mail(subject="", at=None))
    desk.once()
    (ticket,) = desk.tickets()
    assert ticket.subject == ""
    assert len(desk.letters("jean@ecole.test")) == 1
    desk.once()
    assert len(desk.tickets()) == 1
    desk.later(minutes=10)
    desk.receive(mail(subject="", at=None))
    desk.once()
    assert len(desk.tickets()) == 2, "nothing says that it is the same mail"


def test_mail_to_an_alias_with_copies_makes_everybody_take_part(desk: Desk) -> None:
    """Those in Cc take part; the desk itself, under whatever name, does not."""
    desk.configure(desk={"aliases": ["helpdesk@etnic.test"]})
    desk.receive(mail("m1@ecole.test", to="helpdesk@etnic.test, Luc <luc@ecole.test>", Cc="eva@ecole.test"))
    desk.once()
    people = {row.address for row in desk.rows("SELECT address FROM participant")}
    assert people == {"jean@ecole.test", "luc@ecole.test", "eva@ecole.test"}
