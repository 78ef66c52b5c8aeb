"""Parts made for machines: delivery reports (RFC 3464), receipts (RFC 8098)."""

import pytest

from parsers.mail import parse_mail
from parsers.report import status_in

DSN = b"""From: Mail Delivery System <MAILER-DAEMON@mx.example.be>
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.be

Final-Recipient: %s
Action: %s
Status: %s
Diagnostic-Code: smtp; 550 5.1.1 unknown

--b
Content-Type: message/rfc822

Message-ID: <receipt-1@etnic.be>
Subject: x

x
--b--
"""


@pytest.mark.parametrize(
    ("action", "status", "bounce"),
    [
        (b"failed", b"5.1.1", True),
        (b"failed", b"4.4.7", True),
        (b"delayed", b"4.4.1", True),
        (b"delivered", b"2.1.5", False),
        (b"relayed", b"2.1.9", False),
        (b"expanded", b"2.0.0", False),
    ],
)
def test_delivery_reports(action: bytes, status: bytes, *, bounce: bool) -> None:
    mail = parse_mail(DSN % (b"rfc822; jean@ecole.be", action, status))
    assert mail.report is not None
    assert (mail.is_bounce, mail.report.action) == (bounce, action.decode())
    assert (mail.report.recipient, mail.report.status) == ("jean@ecole.be", status.decode())
    assert mail.report.recipients == ("jean@ecole.be",)
    assert mail.report.original_message_id == "receipt-1@etnic.be"
    assert mail.auto_submitted


@pytest.mark.parametrize(
    ("written", "address"),
    [
        (b"rfc822; jean@ecole.be", "jean@ecole.be"),
        (b"RFC822;<jean@ecole.be>", "jean@ecole.be"),
        (b"rfc822; <jean@ecole.be> (Jean Dupont)", "jean@ecole.be"),
        (b"rfc822; jean@ecole.be (user unknown)", "jean@ecole.be"),
        (b'rfc822; "jean dupont"@ecole.be', '"jean dupont"@ecole.be'),
        (b"rfc822;\n jean@ecole.be", "jean@ecole.be"),
        (b"jean@ecole.be", "jean@ecole.be"),
        (b"x400; /S=Dupont/O=ecole/C=be/", "/S=Dupont/O=ecole/C=be/"),
    ],
)
def test_the_address_of_a_recipient(written: bytes, address: str) -> None:
    report = parse_mail(DSN % (written, b"failed", b"5.1.1")).report
    assert report is not None
    assert report.recipient == address


def test_a_vague_status_is_refined_by_the_servers_words() -> None:
    report = parse_mail(DSN % (b"rfc822; jean@ecole.be", b"failed", b"5.0.0")).report
    assert report is not None
    assert report.status == "5.1.1"


@pytest.mark.parametrize(
    ("words", "declared", "status"),
    [
        ("550 5.1.1 unknown", "", "5.1.1"),
        ("550 5.1.1 unknown", "5.0.0", "5.1.1"),
        ("450 4.2.0 greylisted", "5.0.0", "5.0.0"),
        ("250 2.1.5 ok, then 552 5.2.2 full", "", "5.2.2"),
        ("the mailbox is full (#5.2.2).", "", "5.2.2"),
        ("550 no such user", "", "5.0.0"),
        ("[SMTP Error Code 550]", "", "5.0.0"),
        ("421 too busy", "", "4.0.0"),
        ("from 5.10.1.25 to 192.0.2.5", "", ""),
        ("call 550-1234, or pay 550.12", "", ""),
        ("version 5.5.2653.19", "", ""),
    ],
)
def test_the_status_in_words(words: str, declared: str, status: str) -> None:
    assert status_in(words, declared) == status


def test_a_read_receipt_is_no_bounce() -> None:
    mail = parse_mail(
        b"From: a@b.be\nSubject: Lu : x\nContent-Type: multipart/report; "
        b"report-type=disposition-notification; boundary=b\n\n"
        b"--b\n\nLu.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;a@b.be\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--"
    )
    assert (mail.is_mdn, mail.is_bounce, mail.auto_submitted) == (True, False, True)
