"""Mail that no person wrote: it is kept and shown, and never answered (DESIGN section 5)."""

import json
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest

from storage.records import Status
from tests.scenarios.desk import ADMIN, ANNE, DESK, Desk, mail, reply

AUTOMATIC: dict[str, dict[str, Any]] = {
    "absence": {"Auto_Submitted": "auto-replied", "X_Auto_Response_Suppress": "All"},
    "absence of an old server": {"X_Autoreply": "yes"},
    "null return path": {"Return_Path": "<>"},
    "newsletter": {
        "List_Id": "<news.ecole.test>",
        "List_Unsubscribe": "<mailto:no@ecole.test>",
        "Precedence": "bulk",
    },
    "precedence": {"Precedence": "auto_reply"},
}


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Jean has asked for help and has his receipt."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


def receipt_of(desk: Desk) -> EmailMessage:
    """The receipt that Jean got."""
    return desk.letters("jean@ecole.test")[0]


def bounce(
    of: EmailMessage, *, message_id: str = "b1@relay.test", status: str = "5.1.1", to: str = "jean@ecole.test"
) -> bytes:
    """A delivery report as Postfix writes it (RFC 3464), with the headers of the mail that it returns."""
    returned = "".join(f"{name}: {of[name]}\n" for name in ("From", "To", "Subject", "Message-ID"))
    action = "failed" if status.startswith("5") else "delayed"
    body = (
        "--b\nContent-Type: text/plain; charset=us-ascii\n\nI'm sorry to have to inform you that your message"
        " could not be delivered.\n\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay.test\n\n"
        f"Final-Recipient: rfc822; {to}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} unknown user\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\n{returned}\n--b--\n"
    )
    return mail(
        message_id, sender="MAILER-DAEMON@relay.test", subject="Undelivered Mail Returned to Sender",
        body=body, Return_Path="<>", Auto_Submitted="auto-replied",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )  # fmt: skip


@pytest.mark.parametrize("headers", AUTOMATIC.values(), ids=AUTOMATIC.keys())
def test_automatic_mail_to_a_ticket_is_shown_there_and_changes_nothing(
    told: Desk, headers: dict[str, Any]
) -> None:
    """No answer, no clock, no change of status, nobody is woken."""
    before, sent = told.tickets(), len(told.sent())
    told.later(hours=1)
    told.receive(
        reply("auto@ecole.test", receipt_of(told), "Je suis absent jusqu'au 2 décembre.\n", **headers)
    )
    told.once()
    assert told.tickets() == before
    assert len(told.sent()) == sent
    assert told.why("auto@ecole.test").ticket == 1001
    assert told.rows("SELECT count(*) AS n FROM clock")[0].n == 1


@pytest.mark.parametrize("headers", AUTOMATIC.values(), ids=AUTOMATIC.keys())
def test_automatic_mail_about_nothing_known_is_a_ticket_without_clock_or_receipt(
    desk: Desk, headers: dict[str, Any]
) -> None:
    """Nothing is skipped in silence, and nobody waits for an answer."""
    desk.receive(mail("auto@ecole.test", subject="Nouvelles de décembre", **headers))
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.due_at, ticket.status) == (None, Status.NEW)
    assert not desk.letters("jean@ecole.test")
    (withheld,) = [event for event in desk.story(1001) if event.kind == "receipt_withheld"]
    assert json.loads(withheld.detail)["reasons"]


def test_an_absence_notice_neither_reopens_nor_stops_anything(told: Desk) -> None:
    """The clock runs on to its limit, whatever the absent one's mail program writes."""
    told.receive(
        reply(
            "oof@ecole.test",
            receipt_of(told),
            "Absent.\n",
            subject="Réponse automatique : Imprimante en panne",
            Auto_Submitted="auto-replied",
        )
    )
    told.once()
    told.later(hours=24)
    told.once()
    assert told.tickets()[0].breached
    assert told.why("oof@ecole.test").reason == "token"


def test_a_bounce_of_our_receipt_finds_its_ticket_and_mutes_the_address(told: Desk) -> None:
    """A dead address gets nothing more from us; the person behind another one does."""
    told.receive(bounce(receipt_of(told)))
    told.once()
    assert told.why("b1@relay.test").ticket == 1001
    assert told.kinds(1001)[:2] == ["request", "bounce"]
    (bounced,) = [event for event in told.story(1001) if event.kind == "bounced"]
    assert "5.1.1" in bounced.detail
    told.later(hours=1)
    told.receive(mail("m2@ecole.test", subject="Autre chose"), mail("e@ecole.test", sender="eva@ecole.test"))
    told.once()
    assert len(told.letters("jean@ecole.test")) == 1
    assert len(told.letters("eva@ecole.test")) == 1
    assert "muted" in next(e.detail for e in told.story(1002) if e.kind == "receipt_withheld")


def test_a_report_of_several_recipients_mutes_the_one_we_wrote_to(told: Desk) -> None:
    """A mail that a server passed on is reported for everyone it went to."""
    first = "secretariat@ecole.test\nAction: failed\nStatus: 5.1.1"
    told.receive(bounce(receipt_of(told), to=f"{first}\n\nFinal-Recipient: rfc822; jean@ecole.test"))
    told.once()
    assert [row.address for row in told.rows("SELECT address FROM mute")] == ["jean@ecole.test"]


def test_the_mute_ends(told: Desk) -> None:
    """Mailboxes are emptied and come back; the address is tried again when the time is over."""
    told.receive(bounce(receipt_of(told)))
    told.once()
    told.later(days=61)
    told.receive(mail("m2@ecole.test", subject="Autre chose"))
    told.once()
    assert len(told.letters("jean@ecole.test", "ETNIC-1002")) == 1


def test_a_temporary_bounce_mutes_nobody(told: Desk) -> None:
    """RFC 3463: class 4 may still arrive."""
    told.receive(bounce(receipt_of(told), status="4.4.1"))
    told.once()
    assert told.why("b1@relay.test").ticket == 1001
    assert told.rows("SELECT count(*) AS n FROM mute")[0].n == 0


def test_a_forged_bounce_mutes_nobody(told: Desk) -> None:
    """Only a report that returns a mail of ours may silence an address."""
    forged = EmailMessage()
    for name, value in (
        ("From", DESK),
        ("To", "eva@ecole.test"),
        ("Subject", "x"),
        ("Message-ID", "<no@etnic.test>"),
    ):
        forged[name] = value
    told.receive(bounce(forged, to="eva@ecole.test"))
    told.once()
    assert told.rows("SELECT count(*) AS n FROM mute")[0].n == 0
    assert not told.letters("MAILER-DAEMON@relay.test")


def test_a_receipt_of_one_s_own_mutes_nobody_else(told: Desk) -> None:
    """Whoever has had a mail of ours knows a token, and it is good for his own address alone."""
    told.receive(bounce(receipt_of(told), to="eva@ecole.test"))
    told.once()
    assert told.rows("SELECT count(*) AS n FROM mute")[0].n == 0
    assert told.why("b1@relay.test").ticket == 1001


def test_our_own_receipt_coming_back_answers_nobody(told: Desk) -> None:
    """Known by our signed header, whoever forwarded it, and filed on its ticket."""
    sent = len(told.sent())
    told.receive(told.sent("jean@ecole.test")[0].content)
    told.receive(told.sent(ANNE)[0].content)
    told.once()
    assert len(told.sent()) == sent
    assert len(told.tickets()) == 1
    assert told.kinds(1001).count("own_copy") == 2


def test_a_provider_may_give_our_mail_another_id(told: Desk) -> None:
    """The copy that comes back teaches it, so that a reply to that id finds its ticket."""
    content = told.sent("jean@ecole.test")[0].content
    ours = receipt_of(told)["Message-ID"].encode()
    told.receive(content.replace(b"Message-ID: " + ours, b"Message-ID: <0102@provider.test>"))
    told.once()
    told.receive(mail("r@ecole.test", subject="Re: Imprimante en panne", In_Reply_To="<0102@provider.test>"))
    told.once()
    assert told.number_of("r@ecole.test") == 1001


def test_mail_from_the_desk_itself_is_not_answered(desk: Desk) -> None:
    """Without our signature it may be a colleague using the shared mailbox, or a forger."""
    desk.receive(mail("self@etnic.test", sender=DESK))
    desk.once()
    assert not desk.letters(DESK)


def test_two_machines_cannot_keep_us_writing(desk: Desk) -> None:
    """No standard header: the budget ends it, every mail is kept, the administrator hears once."""
    desk.configure(budget={"recipient": ["3/1h"]})
    for n in range(8):
        desk.receive(mail(f"robot{n}@ecole.test", subject=f"Alarme {n}", body=f"Alarme {n} : onduleur.\n"))
        desk.once()
        desk.later(minutes=1)
    assert len(desk.letters("jean@ecole.test")) == 3
    assert len(desk.tickets()) == 8
    assert len(desk.letters(ADMIN)) == 1
    assert desk.outbox()["suppressed"] == 5
    assert all(ticket.due_at for ticket in desk.tickets())


def test_the_budget_counts_within_one_batch(desk: Desk) -> None:
    """Eight mails that come at once are no more than eight that come one by one."""
    desk.configure(budget={"recipient": ["3/1h"]})
    desk.receive(*(mail(f"robot{n}@ecole.test", subject=f"Alarme {n}", body=f"{n}\n") for n in range(8)))
    desk.once()
    assert len(desk.letters("jean@ecole.test")) == 3


def test_old_mail_gets_no_receipt_and_the_team_one_digest(desk: Desk) -> None:
    """The first start on a full mailbox floods nobody."""
    for n in range(5):
        desk.receive(
            mail(f"old{n}@ecole.test", sender=f"jean{n}@ecole.test", subject=f"Ancien {n}"),
            at=desk.now - timedelta(days=2 + n),
        )
    desk.once()
    assert len(desk.tickets()) == 5
    assert all(ticket.breached for ticket in desk.tickets())
    assert not [letter for letter in desk.sent() if "ecole.test" in letter.recipients[0]]
    # One digest of the backlog, and one alert about all limits that have passed.
    assert len(desk.letters(ANNE)) == 2
    desk.once()
    assert len(desk.letters(ANNE)) == 2


def test_spam_and_forgeries_get_no_receipt(desk: Desk) -> None:
    """An answer would confirm the address, or hit somebody who never wrote."""
    desk.configure(security={"trusted_authserv_ids": ["mx.etnic.test"]})
    desk.receive(
        mail("spam@ecole.test", X_Spam_Flag="YES"),
        mail("forged@ecole.test", subject="x",
             Authentication_Results="mx.etnic.test; dmarc=fail header.from=ecole.test"),
    )  # fmt: skip
    desk.once()
    assert len(desk.tickets()) == 2
    assert not desk.letters("jean@ecole.test")


def test_reply_to_may_not_point_our_receipt_at_a_third_party(desk: Desk) -> None:
    """It counts within the sender's own domain only."""
    desk.receive(
        mail("a@ecole.test", Reply_To="victim@elsewhere.test"),
        mail("b@ecole.test", sender="eva@ecole.test", Reply_To="secretariat@ecole.test", subject="x"),
    )
    desk.once()
    assert not desk.letters("victim@elsewhere.test")
    assert len(desk.letters("jean@ecole.test")) == 1
    assert len(desk.letters("secretariat@ecole.test")) == 1
