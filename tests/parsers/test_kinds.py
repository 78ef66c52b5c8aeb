"""Mail that no person wrote: automatic mail, reports, lists; and the language of the rest."""

import pytest

from parsers.language import detect_language
from parsers.mail import parse_mail
from parsers.report import is_daemon

DSN = b"""From: Mail Delivery System <MAILER-DAEMON@mx.example.be>
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.be

Final-Recipient: rfc822; jean@ecole.be
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
    ("fields", "reason"),
    [
        ("Auto-Submitted: auto-replied; x=y", "auto-submitted: auto-replied"),
        ("Auto-Submitted: no", ""),
        ("Auto-Submitted: No (a person)", ""),
        ("X-Autoreply: yes", "x-autoreply"),
        ("X-Autorespond: x", "x-autorespond"),
        ("Precedence: bulk", "precedence: bulk"),
        ("Precedence: auto_reply", "precedence: auto_reply"),
        ("Precedence: list\nList-Id: <a.b>", ""),
        ("Precedence: bulk\nList-Id: <a.b>", ""),
        ("Return-Path: <>", "null return path"),
        ("Return-Path: <a@b.be>", ""),
        ("X-Auto-Response-Suppress: All", ""),
        ("Subject: Réponse automatique : congé", "subject"),
        ("Subject: Absence du bureau", "subject"),
        ("Subject: Automatic reply: x", "subject"),
        ("Subject: Out of Office", "subject"),
        ("Subject: Automatische Antwort: x", "subject"),
        ("Subject: Abwesenheitsnotiz", "subject"),
        ("Subject: Automatisch antwoord: x", "subject"),
        ("Subject: Afwezig tot maandag", "subject"),
        ("Subject: Problème de réponse automatique", ""),
        ("Subject: L'absence du bureau 12 est-elle normale", ""),
    ],
)
def test_automatic_mail(fields: str, reason: str) -> None:
    mail = parse_mail(f"From: a@b.be\n{fields}\n\nx".encode())
    assert (mail.auto_submitted, mail.auto_reason) == (bool(reason), reason)


def test_lists_and_suppression_are_told() -> None:
    mail = parse_mail(b"List-Id: News <news.x.be>\nX-Auto-Response-Suppress: DR, OOF; AutoReply\n\nx")
    assert mail.list_id == "news.x.be"
    assert mail.suppress == ("dr", "oof", "autoreply")


@pytest.mark.parametrize(
    ("action", "status", "bounce", "permanent"),
    [
        (b"failed", b"5.1.1", True, True),
        (b"delayed", b"4.4.1", True, False),
        (b"delivered", b"2.1.5", False, False),
        (b"relayed", b"2.1.9", False, False),
    ],
)
def test_delivery_reports(action: bytes, status: bytes, bounce: bool, permanent: bool) -> None:
    mail = parse_mail(DSN % (action, status))
    assert mail.report is not None
    assert (mail.is_bounce, mail.report.is_permanent) == (bounce, permanent)
    assert (mail.report.recipient, mail.report.status) == ("jean@ecole.be", status.decode())
    assert mail.report.original_message_id == "receipt-1@etnic.be"
    assert mail.auto_submitted


def test_a_vague_status_is_refined_by_the_servers_words() -> None:
    report = parse_mail(DSN % (b"failed", b"5.0.0")).report
    assert report is not None
    assert report.status == "5.1.1"


@pytest.mark.parametrize(
    ("sender", "subject", "text", "recipient", "status"),
    [
        (
            "MAILER-DAEMON@x.be",
            "failure notice",
            "<jean@ecole.be>:\n550 no such user",
            "jean@ecole.be",
            "5.0.0",
        ),
        ("postmaster@x.be", "Échec de la remise : x", "jean@ecole.be 5.1.10", "jean@ecole.be", "5.1.10"),
        ("postmaster@x.be", "Unzustellbar: x", "Recipient: jean@ecole.be", "jean@ecole.be", "5.0.0"),
        ("MAILER-DAEMON@x.be", "Warning: message delayed 4 hours", "jean@ecole.be", "jean@ecole.be", "4.0.0"),
    ],
)
def test_notices_of_old_daemons(sender: str, subject: str, text: str, recipient: str, status: str) -> None:
    content = f"From: {sender}\nTo: support@etnic.be\nSubject: {subject}\n\n{text}\n\n"
    content += "Message-ID: <receipt-1@etnic.be>\n"
    mail = parse_mail(content.encode())
    assert mail.is_bounce
    assert mail.report is not None
    assert (mail.report.recipient, mail.report.status) == (recipient, status)
    assert mail.report.original_message_id == "receipt-1@etnic.be"


@pytest.mark.parametrize(
    ("sender", "subject"),
    [
        ("jean@ecole.be", "Mail delivery failed: que faire ?"),
        ("jean@ecole.be", "Undeliverable: x"),
        ("postmaster@ecole.be", "Nouvelle imprimante"),
        ("admin@ecole.be", "Delivery failure"),
        ("mail-admin@ecole.be", "Undelivered mail, could not be delivered"),
    ],
)
def test_people_may_write_about_bounces(sender: str, subject: str) -> None:
    mail = parse_mail(
        f"From: {sender}\nSubject: {subject}\n\nBonjour, je reçois : could not be delivered.".encode()
    )
    assert not mail.is_bounce
    assert mail.report is None


def test_a_read_receipt_is_no_bounce() -> None:
    mail = parse_mail(
        b"From: a@b.be\nSubject: Lu : x\nContent-Type: multipart/report; "
        b"report-type=disposition-notification; boundary=b\n\n"
        b"--b\n\nLu.\n--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822;a@b.be\n"
        b"Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--"
    )
    assert (mail.is_mdn, mail.is_bounce, mail.auto_submitted) == (True, False, True)


@pytest.mark.parametrize(
    ("address", "daemon"),
    [
        ("MAILER-DAEMON", True),
        ("postmaster@x.be", True),
        ("Mail.Delivery.System@x", True),
        ("jean@x.be", False),
    ],
)
def test_daemons(address: str, daemon: bool) -> None:
    assert is_daemon(address) == daemon


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("Bonjour, je n'arrive plus à ouvrir ma session.", "", "fr"),
        ("Oui, c'est résolu, merci beaucoup !", "", "fr"),
        ("Beste, ik kan niet meer inloggen op het portaal.", "", "nl"),
        ("Bedankt, het werkt nu!", "", "nl"),
        ("Guten Tag, der Drucker funktioniert nicht.", "", "de"),
        ("Danke, das Problem ist gelöst.", "", "de"),
        ("Hello, I cannot open the shared mailbox.", "", "en"),
        ("Works now, thanks!", "", "en"),
        ("PC-0421", "", ""),
        ("PC-0421", "nl-BE", "nl"),
        ("PC-0421", "it", ""),
        ("Bonjour, je suis absent.", "en-US", "fr"),
    ],
)
def test_language(text: str, hint: str, language: str) -> None:
    assert detect_language(text, hint) == language
