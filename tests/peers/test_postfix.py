"""The real Postfix that the tests run: it queues, hands over, keeps what is not taken, and sends back."""

from collections.abc import Callable
from threading import Event

from tests.peers.postfix import Postfix
from tests.peers.smtp import Reply, Sink

MAIL = b"Subject: essai\r\n\r\nBonjour\r\n"


def until(holds: Callable[[], object]) -> None:
    """Until something holds."""
    for _ in range(2000):
        if holds():
            return
        Event().wait(0.01)
    raise TimeoutError


def test_mail_for_others_goes_to_the_sink(start_postfix: Callable[[str], Postfix], sink: Sink) -> None:
    """And what nobody takes waits, with the reason."""
    server = start_postfix("lmtp:inet:127.0.0.1:1")
    server.submit(MAIL, "lea@ecole.test", sender="jean@ecole.test")
    (letter,) = sink.wait_for(1)
    assert letter.recipients == ("lea@ecole.test",)
    server.submit(MAIL, "support@etnic.test", sender="jean@ecole.test")
    until(lambda: "refused" in str(server.queue()))


def test_what_is_refused_goes_back_to_its_sender(start_postfix: Callable[[str], Postfix], sink: Sink) -> None:
    """4xx is tried again within seconds, 5xx is given up at once."""
    server = start_postfix(f"smtp:[{sink.host}]:{sink.port}")
    sink.script(
        Reply(stage="rcpt", say="451 4.3.0 later", match="support@"),
        Reply(stage="rcpt", say="550 5.1.1 nobody", match="nobody@"),
    )
    server.submit(MAIL, "support@etnic.test", sender="jean@ecole.test")
    assert sink.wait_for(1)[0].recipients == ("support@etnic.test",)
    server.submit(MAIL, "nobody@etnic.test", sender="jean@ecole.test")
    report = sink.wait_for(2)[1]
    assert (report.sender, report.recipients) == ("<>", ("jean@ecole.test",))
    until(lambda: server.queue() == [])
    assert "550 5.1.1 nobody" in server.log()
