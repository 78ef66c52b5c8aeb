"""Mailboxes: each fault is produced once at a real server, and named."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from maild import config
from maild.cli import Code
from maild.cli.doctor import mailboxes, wire
from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import SECRET, Examine, finds, imap, smtp
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Sink

LOOKED_AT = ("maildrops", "submission")


@pytest.mark.real
def test_it_leaves_the_mailbox_as_it_was(examine: Examine, mailbox: Mailbox, sink: Sink) -> None:
    mailbox.append(b"Subject: x\r\n\r\nx\r\n")
    before = mailbox.flags()
    found = examine(drop=imap(mailbox), submission=smtp(sink))
    assert any("INBOX holds 1 mail ->" in line for line in found.of("maildrop support"))
    assert mailbox.flags() == before


@finds(Fault.NO_COPIES)
@pytest.mark.real
def test_answers_of_which_no_copy_is_kept(examine: Examine, mailbox: Mailbox, sink: Sink) -> None:
    """People answer, and Sent is empty: that is how a shared mailbox of Exchange begins."""
    mailbox.append(b"Subject: x\r\n\r\nx\r\n", flags=["\\Answered"])
    with mailbox.session() as client:
        client.create_folder("Sent")
    (line,) = examine(drop=imap(mailbox)).of("maildrop support", "warn")
    assert "answered in INBOX: 1 mail, and Sent is empty" in line
    assert "Set-Mailbox" in line
    mailbox.append(b"Subject: Re: x\r\n\r\nx\r\n", folder="Sent")
    assert examine(drop=imap(mailbox)).of("maildrop support", "warn") == []


@pytest.mark.parametrize(
    ("host", "submission", "sent", "told"),
    [
        ("outlook.office365.com", "smtp.etnic.be", ["Sent Items"], True),
        ("imap.etnic.be", "SMTP.Office365.com", ["Sent"], True),
        ("outlook.office365.com", "smtp.office365.com", [], False),
        ("imap.etnic.be", "smtp.notoffice365.com", ["Sent"], False),
    ],
)
def test_where_exchange_keeps_copies(
    tmp_path: Path, host: str, submission: str, sent: list[str], *, told: bool
) -> None:
    """What cannot be seen from here is said with its one command; no server is asked."""
    file = tmp_path / "config.toml"
    file.write_text(
        f'''[desk]
name = "Desk"
address = "support@etnic.be"
secret = "{SECRET}"
[maildrop.support]
kind = "imap"
host = "{host}"
user = "support@etnic.be"
password = "x"
sent = {json.dumps(sent)}
[submission]
host = "{submission}"
''',
        encoding="utf-8",
    )
    found = list(mailboxes.exchange(config.load(file, {}), file))
    assert bool(found) is told
    for each in found:
        assert each.verdict == "ok"
        assert "Set-Mailbox support@etnic.be -MessageCopyForSentAsEnabled $true" in each.remedy
        assert "-MessageCopyForSendOnBehalfEnabled $true" in each.remedy


@finds(Fault.HOST_UNKNOWN)
def test_a_host_that_nobody_knows(examine: Examine) -> None:
    found = examine()
    assert found.code == Code.NO
    (line,) = found.of("maildrop support")
    assert "no address is known for imap.invalid" in line
    (line,) = found.of("submission")
    assert "smtp.invalid" in line


@finds(Fault.NOBODY_LISTENS)
def test_a_server_that_does_not_listen(examine: Examine, smtp_port: int) -> None:
    at = {"host": "127.0.0.1", "port": smtp_port}
    found = examine(drop=at, submission=at)
    for check in ("maildrop support", "submission"):
        (line,) = found.of(check, "fail")
        assert "refused" in line
        assert f"listens at port {smtp_port}" in line


@finds(Fault.LOGIN_REFUSED)
@pytest.mark.real
def test_a_wrong_password(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, password="wrong")).of("maildrop support", "fail")
    assert "refused" in line
    assert "mend user or password_file" in line
    assert "wrong" not in line


@pytest.mark.real
def test_a_certificate_that_is_not_known_here(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, tls="starttls")).of("maildrop support", "fail")
    assert "certificate" in line
    assert "authority known here" in line


@finds(Fault.NO_TLS)
@pytest.mark.real
def test_tls_at_a_port_that_speaks_none(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, tls="implicit")).of("maildrop support", "fail")
    assert 'tls = "starttls"' in line


@finds(Fault.FOLDER_MISSING, Fault.SENT_MISSING, Fault.JUNK_MISSING, Fault.DONE_MISSING)
@pytest.mark.real
def test_folders_that_are_not_there(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, folder="Nowhere")).of("maildrop support", "fail")
    assert "Nowhere" in line
    found = examine(drop=imap(mailbox, sent=["Gesendet"], junk="Spam", after="move"))
    warned = "\n".join(found.of("maildrop support", "warn"))
    assert "no folder 'Gesendet' -> mend sent, or leave it empty: the server says 'Sent'" in warned
    assert "no folder 'Spam' -> mend junk, or leave it empty: the server says 'Junk'" in warned
    assert "no folder 'Traités' -> make it" in warned


@finds(Fault.NO_KEYWORDS)
@pytest.mark.real
def test_a_server_without_keywords(examine: Examine, poor_mailbox: Mailbox) -> None:
    warned = "\n".join(examine(drop=imap(poor_mailbox)).of("maildrop support", "warn"))
    assert "no keywords" in warned


@finds(Fault.NO_IDLE, Fault.NO_MOVE)
def test_what_a_poor_server_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    drop = config.ImapMaildrop(host="h", user="u", after="move")
    said = [finding.found for finding in mailboxes._capabilities("c", drop, frozenset({"IMAP4REV1"}))]
    assert "nothing beyond plain IMAP" in said[0]
    assert "no IDLE" in said[1]
    assert "neither MOVE nor UIDPLUS" in said[2]


@finds(Fault.NOT_ENCRYPTED)
def test_a_password_over_a_bare_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_host: str, _port: None, type: int) -> list[Any]:
        return [(2, type, 6, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    (finding,) = wire.resolved("c", "imap.example.org", "none")
    assert finding.verdict == "warn"
    assert list(wire.resolved("c", "imap.example.org", "starttls")) == []
