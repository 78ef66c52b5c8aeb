"""The IMAP servers that other tests stand on do what those tests expect of them."""

import imaplib
import time
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient

from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.mailbox import Mailbox

MAIL = b"From: a@example.test\r\nSubject: one\r\nMessage-ID: <one@example.test>\r\n\r\nBonjour.\r\n"
NOON = datetime(2026, 7, 3, 12, 0, tzinfo=UTC)


def test_a_mail_comes_back_as_it_was_appended(mailbox: Mailbox) -> None:
    """Bytes, instant and flags are the caller's."""
    mailbox.append(MAIL, at=NOON, flags=[r"\Seen", "$Label1"])
    (uid,) = mailbox.uids()
    assert mailbox.contents() == {uid: MAIL}
    assert mailbox.instants() == {uid: NOON}
    assert mailbox.flags() == {uid: frozenset({r"\Seen", "$Label1"})}


def test_looking_changes_nothing(mailbox: Mailbox) -> None:
    r"""No helper sets `\Seen`."""
    mailbox.append(MAIL)
    mailbox.contents()
    assert list(mailbox.flags().values()) == [frozenset()]


def test_every_test_has_a_mailbox_of_its_own(dovecot: Dovecot, mailbox: Mailbox) -> None:
    """Accounts added while the server runs can log in at once, and are empty."""
    mailbox.append(MAIL)
    others = [dovecot.mailbox() for _ in range(3)]
    assert [other.uids() for other in others] == [[], [], []]


def test_a_person_can_mark_move_and_delete(mailbox: Mailbox) -> None:
    """What scenarios do between two passes of the daemon."""
    mailbox.append_all([MAIL, MAIL, MAIL])
    first, second, third = mailbox.uids()
    mailbox.mark(first, r"\Answered", r"\Flagged")
    mailbox.unmark(first, r"\Flagged")
    mailbox.move(second, "Sent")
    mailbox.delete(third)
    assert mailbox.flags() == {first: frozenset({r"\Answered"})}
    assert len(mailbox.uids("Sent")) == 1
    mailbox.create("Traités")
    assert {"INBOX", "Junk", "Sent", "Traités"} <= set(mailbox.folders())


def test_both_kinds_of_tls_show_the_certificate(dovecot: Dovecot, mailbox: Mailbox) -> None:
    """A client that trusts the server's certificate, and no other, gets in by either."""
    context = dovecot.certificate.client_context()
    with IMAPClient("127.0.0.1", dovecot.imaps, ssl=True, ssl_context=context, timeout=10) as client:
        client.login(mailbox.user, mailbox.password)
    with IMAPClient("localhost", dovecot.imap, ssl=False, timeout=10) as client:
        client.starttls(context)
        client.login(mailbox.user, mailbox.password)


def test_refused_logins_are_quick(dovecot: Dovecot, mailbox: Mailbox) -> None:
    """Left as it is, Dovecot makes the third wait for more than ten seconds."""
    begun = time.monotonic()
    for _ in range(3):
        with (
            imaplib.IMAP4("127.0.0.1", dovecot.imap, timeout=10) as client,
            pytest.raises(imaplib.IMAP4.error),
        ):
            client.login(mailbox.user, "wrong")
    assert time.monotonic() - begun < 5


def test_a_new_uidvalidity(dovecot: Dovecot, mailbox: Mailbox) -> None:
    """Begins another epoch; the mail stays."""
    mailbox.append(MAIL)
    before = mailbox.uidvalidity()
    dovecot.change_uidvalidity(mailbox, before + 7)
    assert mailbox.uidvalidity() == before + 7
    assert len(mailbox.uids()) == 1


def test_mail_outlives_a_crash_of_the_server(own_dovecot: Dovecot) -> None:
    """The same port and the same mailboxes after a kill and a start."""
    mailbox = own_dovecot.mailbox("support@etnic.test")
    assert mailbox.password == PASSWORD
    mailbox.append(MAIL)
    own_dovecot.kill()
    with pytest.raises(OSError, match="refused"):
        mailbox.uids()
    own_dovecot.start()
    assert len(mailbox.uids()) == 1


def test_the_poor_server_forgets_keywords(poor_mailbox: Mailbox) -> None:
    """It says OK and stores nothing, and its PERMANENTFLAGS tell."""
    poor_mailbox.append_all([MAIL, MAIL])
    first, second = poor_mailbox.uids()
    poor_mailbox.mark(first, "$MaildNearLimit", r"\Flagged")
    assert poor_mailbox.flags() == {first: frozenset({r"\Flagged"}), second: frozenset()}
    with poor_mailbox.session() as client:
        assert rb"\*" not in client.select_folder("INBOX")[b"PERMANENTFLAGS"]
