"""What we owe leaves once, whatever the server on the other side does."""

import pytest

from storage.records import OutboxState
from tests.peers.certificate import Certificate
from tests.peers.smtp import Reply, Sink
from tests.scenarios.desk import ADMIN, Desk, mail


@pytest.fixture
def lone(desk: Desk) -> Desk:
    """A desk without agents, so that a receipt is all that is owed."""
    desk.configure(agent=[])
    desk.receive(mail("m1@ecole.test"))
    return desk


def states(desk: Desk) -> list[tuple[str, int]]:
    """State and attempts of each receipt that is owed."""
    receipts = desk.rows("SELECT state, attempts FROM outbox WHERE kind = 'receipt' ORDER BY id")
    return [(row.state, row.attempts) for row in receipts]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_a_temporary_refusal_is_waited_out(lone: Desk, stage: str) -> None:
    """451, then 250: one receipt, a minute later."""
    lone.sink.script(Reply(stage=stage, say="451 4.3.0 try later"))  # type: ignore[arg-type]
    lone.once()
    assert states(lone) == [("ready", 1)]
    lone.once()
    assert states(lone) == [("ready", 1)], "not before its time"
    lone.later(minutes=2)
    lone.once()
    assert states(lone) == [("sent", 2)]
    assert len(lone.letters("jean@ecole.test")) == 1


@pytest.mark.parametrize("stage", ["rcpt", "dot"])
def test_a_permanent_refusal_is_the_end_of_that_mail_only(lone: Desk, stage: str) -> None:
    """550: never again to this address; the others of the same pass leave, and somebody hears of it."""
    lone.receive(mail("m2@ecole.test", sender="eva@ecole.test", subject="Badge"))
    lone.sink.script(Reply(stage=stage, say="550 5.1.1 no such user"))  # type: ignore[arg-type]
    lone.once()
    assert states(lone) == [("failed", 1), ("sent", 1)]
    (line,) = lone.log("outbox.bounced")
    assert line["reply"] == "550 5.1.1 no such user"
    lone.later(days=1)
    lone.once()
    assert not lone.letters("jean@ecole.test", "ETNIC-1001")
    assert len(lone.letters(ADMIN, "does not arrive")) == 1
    assert lone.tickets()[0].acked_at is None


@pytest.mark.parametrize("say", ["drop", "keep-and-drop"])
def test_a_connection_that_ends_after_the_dot(lone: Desk, say: str) -> None:
    """Nobody knows whether it arrived: it is sent again, with the same Message-ID."""
    lone.sink.script(Reply(stage="dot", say=say))
    lone.once()
    assert states(lone) == [("ready", 1)]
    lone.later(minutes=2)
    lone.once()
    letters = lone.letters("jean@ecole.test")
    assert len(letters) == (2 if say == "keep-and-drop" else 1)
    assert len({letter["Message-ID"] for letter in letters}) == 1
    assert len({letter["Date"] for letter in letters}) == 1
    assert states(lone) == [("sent", 2)]


def test_a_mail_that_may_have_arrived_three_times_is_left_to_people(lone: Desk) -> None:
    """Rather than writing to somebody without end."""
    lone.sink.script(Reply(stage="dot", say="keep-and-drop", times=9))
    for _ in range(6):
        lone.once()
        lone.later(hours=2)
    assert states(lone) == [(OutboxState.UNCERTAIN.value, 3)]
    assert len(lone.letters("jean@ecole.test")) == 3


def test_an_outage_of_the_mail_server_delays_and_loses_nothing(lone: Desk) -> None:
    """Mail is taken in all the while, and everything leaves once afterwards."""
    lone.sink.stop()
    for n in range(2, 6):
        lone.receive(mail(f"m{n}@ecole.test", sender=f"p{n}@ecole.test", subject=f"Sujet {n}"))
        assert lone.once()
        lone.later(minutes=10)
    assert len(lone.tickets()) == 5
    lone.sink.start()
    lone.later(hours=1)
    lone.once()
    lone.once()
    assert lone.outbox() == {"sent": 7}
    assert ["terminé" in str(letter["Subject"]) for letter in lone.letters(ADMIN)] == [False, True]
    assert [len(lone.letters(to)) for to in ("jean@ecole.test", "p2@ecole.test")] == [1, 1]


def test_what_cannot_be_sent_for_too_long_is_given_up_and_said(lone: Desk) -> None:
    """The row stays, with the server's last word."""
    lone.configure(submission={"give_up": "3h"})
    lone.sink.stop()
    for _ in range(5):
        lone.once()
        lone.later(hours=1)
    (row,) = lone.rows("SELECT state, attempts, reply FROM outbox WHERE kind = 'receipt'")
    assert row.state == "failed"
    assert f"gave up after {row.attempts} attempts: ConnectionRefusedError" in row.reply


def test_a_refused_login_fails_no_mail(lone: Desk) -> None:
    """It is our configuration that is wrong: everything waits."""
    guarded = Sink(login=("support", "right"))
    guarded.start()
    try:
        lone.configure(submission={"port": guarded.port, "user": "support", "password": "wrong"})
        lone.once()
        assert states(lone) == [("ready", 1)]
        assert "535" in lone.rows("SELECT reply FROM outbox")[0].reply
        lone.configure(submission={"password": "right"})
        lone.later(minutes=2)
        lone.once()
        assert states(lone) == [("sent", 2)]
    finally:
        guarded.stop()


def test_an_unknown_certificate_fails_no_mail(lone: Desk, certificate: Certificate) -> None:
    """Nobody in the middle reads our mail, and it leaves when the certificate is in order."""
    other = Sink(tls="starttls", certificate=certificate)
    other.start()
    try:
        lone.configure(submission={"port": other.port, "tls": "starttls"})
        lone.once()
    finally:
        other.stop()
    assert states(lone) == [("ready", 1)]
    assert "certificate" in lone.rows("SELECT reply FROM outbox")[0].reply.lower()
    assert not other.letters


def test_the_provider_s_rate_is_kept(desk: Desk) -> None:
    """30 a minute: what is over it waits for the next minute, answers to people before the rest."""
    desk.configure(submission={"per_minute": 5})
    desk.receive(
        *(mail(f"m{n}@ecole.test", sender=f"p{n}@ecole.test", subject=f"Sujet {n}") for n in range(4))
    )
    desk.once()
    assert len(desk.sent()) == 5
    assert sum("@ecole.test" in letter.recipients[0] for letter in desk.sent()) == 4
    desk.later(seconds=61)
    desk.once()
    assert len(desk.sent()) == 8


def test_a_dead_process_s_claims_come_back(lone: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between the claim and the reply: the next start sends the same mail."""
    from maild.send.smtp import SmtpCourier

    def die(_self: object, _entry: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SmtpCourier, "send", die)
    with pytest.raises(KeyboardInterrupt):
        lone.once()
    assert states(lone) == [("claimed", 1)]
    monkeypatch.undo()
    lone.once()
    assert [state for state, _ in states(lone)] == ["sent"]
    assert len(lone.letters("jean@ecole.test")) == 1
