"""The SMTP server of the tests does what it is told, stage by stage."""

import smtplib
from email.message import EmailMessage

import pytest

from tests.peers.certificate import Certificate
from tests.peers.smtp import Reply, Sink, Stage, Tls

SENDER, RECIPIENT = "support@etnic.test", "someone@example.test"


def letter(subject: str = "Accusé de réception") -> EmailMessage:
    """A small mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, RECIPIENT, subject
    message["Message-ID"] = "<receipt@etnic.test>"
    message.set_content("Bonjour.")
    return message


def deliver(sink: Sink, subject: str = "one") -> None:
    """One mail over a connection of its own."""
    with smtplib.SMTP(sink.host, sink.port, timeout=10) as client:
        client.send_message(letter(subject))


def test_what_is_accepted_is_kept(sink: Sink) -> None:
    """Envelope, bytes and the moment."""
    deliver(sink, "Accusé de réception")
    (kept,) = sink.wait_for(1)
    assert (kept.sender, kept.recipients, kept.message_id) == (SENDER, (RECIPIENT,), "receipt@etnic.test")
    assert kept.message["Subject"] == "Accusé de réception"
    assert kept.confirmed


@pytest.mark.parametrize(
    ("stage", "say"),
    [
        ("mail", "451 4.3.2 not now"),
        ("rcpt", "550 5.1.1 no such user"),
        ("data", "432 4.3.2 too many"),
        ("dot", "552 5.3.4 too big"),
    ],
)
def test_a_reply_is_given_once_at_its_stage(sink: Sink, stage: Stage, say: str) -> None:
    """The next mail is accepted again."""
    sink.script(Reply(stage=stage, say=say))
    with pytest.raises(smtplib.SMTPException, match=say[:3]):
        deliver(sink)
    deliver(sink)
    assert len(sink.wait_for(1)) == 1


def test_a_reply_may_be_given_to_the_goodbye(sink: Sink) -> None:
    """After the mail was taken; smtplib's own `with` stumbles over it."""
    sink.script(Reply(stage="quit", say="421 4.3.2 closing"))
    with pytest.raises(smtplib.SMTPResponseException, match="421"):
        deliver(sink)
    assert len(sink.wait_for(1)) == 1


def test_a_script_may_be_for_one_recipient(sink: Sink) -> None:
    """Others are served."""
    sink.script(Reply(stage="rcpt", say="451 4.3.0 later", match="b@", times=9))
    with smtplib.SMTP(sink.host, sink.port, timeout=10) as client:
        refused = client.sendmail(SENDER, ["a@example.test", "b@example.test"], letter().as_bytes())
    assert list(refused) == ["b@example.test"]
    assert sink.wait_for(1)[0].recipients == ("a@example.test",)


@pytest.mark.parametrize(("say", "kept"), [("drop", 0), ("keep-and-drop", 1)])
def test_the_connection_may_end_at_the_dot(sink: Sink, say: str, kept: int) -> None:
    """The client hears nothing, whether the mail was kept or not."""
    sink.script(Reply(stage="dot", say=say))
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(sink)
    assert [mail.confirmed for mail in sink.letters] == [False] * kept


def test_an_outage(sink: Sink) -> None:
    """Stopped, it refuses connections; started, it listens on the same port."""
    sink.stop()
    with pytest.raises(ConnectionRefusedError):
        deliver(sink)
    sink.start()
    deliver(sink)
    assert len(sink.clients) == 1


def test_waiting_for_mail_that_never_comes(sink: Sink) -> None:
    """Is an error with the figures."""
    with pytest.raises(TimeoutError, match="0 of 1"):
        sink.wait_for(1, seconds=0.01)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_login_over_tls(certificate: Certificate, tls: Tls) -> None:
    """Both kinds of TLS with a password, right and wrong."""
    server = Sink(tls=tls, certificate=certificate, login=("support", "secret"))
    server.start()
    try:
        for password, welcome in (("secret", True), ("wrong", False)):
            assert _logs_in(server, certificate, password) is welcome
    finally:
        server.stop()
    assert len(server.letters) == 1


def _logs_in(server: Sink, certificate: Certificate, password: str) -> bool:
    context = certificate.client_context()
    client: smtplib.SMTP
    if server.tls == "implicit":
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=10, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=10)
        client.starttls(context=context)
    with client:
        try:
            client.login("support", password)
        except smtplib.SMTPAuthenticationError:
            return False
        client.send_message(letter())
        return True
