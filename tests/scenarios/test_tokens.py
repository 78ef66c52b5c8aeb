"""A desk whose provider takes no password: mail comes and goes by tokens, and a fault says what to click."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from maild import alarm, cli, daemon
from maild.bell import Bell
from maild.cli import Code
from maild.receive import imap
from maild.receive.intake import Session
from maild.receive.mailbox import Unreachable
from maild.send import outbox
from tests.peers.dovecot import Dovecot
from tests.peers.smtp import Sink
from tests.peers.tokens import SECRET, TokenServer, TokenSink
from tests.scenarios.desk import ADMIN, Desk, mail

pytestmark = pytest.mark.real

EXPIRED = "AADSTS7000222: The provided client secret keys are expired."
NEW_SECRET = "Certificates & secrets > New client secret; its Value goes into client_secret_file"


@pytest.fixture
def desk(tmp_path: Path, token_dovecot: Dovecot, tokens: TokenServer, journal: io.StringIO) -> Iterator[Desk]:
    """A desk as Microsoft would serve it, by a Dovecot, an SMTP server and a token server of the tests."""
    mailbox = token_dovecot.mailbox()
    tokens.grants.user = mailbox.user
    sink = TokenSink(tokens)
    sink.start()
    made = Desk(folder=tmp_path, mailbox=mailbox, sink=sink, journal=journal)
    (tmp_path / "client-secret").write_text(f"{SECRET}\n", encoding="utf-8")
    grant = tokens.settings(provider="microsoft", tenant="t", client_secret_file="client-secret")
    del grant["client_secret"]
    login = {"user": mailbox.user, "auth": "oauth", "oauth": grant}
    made.configure(maildrop=login, submission=login)
    yield made
    sink.stop()


def told(desk: Desk) -> list[str]:
    """What the administrators read, each letter in one line."""
    letters = [letter.get_body(("plain",)) for letter in desk.letters(to=ADMIN)]
    return [" ".join(letter.get_content().split()) for letter in letters if letter]


def assert_nothing_shown(desk: Desk, tokens: TokenServer) -> None:
    """Neither a secret nor a token is in the log or in a letter."""
    written = desk.journal.getvalue() + "".join(each.content.decode("latin-1") for each in desk.sent())
    for secret in (SECRET, tokens.grants.secret, *tokens.grants.given):
        assert secret not in written


def test_a_secret_that_expires(
    desk: Desk, tokens: TokenServer, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Mail comes and goes by tokens, until nobody gives one any more; what came meanwhile is made good."""
    desk.configure(alert={"command": ["sh", "-c", f"cat >> {desk.folder}/heard"]})
    desk.receive(mail("first@ecole.test"))
    assert desk.once()
    assert len(desk.letters(to="jean@ecole.test")) == 1

    tokens.grants.secret, tokens.grants.complaint = "n3w~secret~of.the_app", EXPIRED
    desk.later(days=1)
    desk.receive(mail("second@ecole.test", subject="VPN", at=desk.now))
    assert not desk.once()
    # No letter can leave: the operator's own command is how he hears of it.
    heard = (desk.folder / "heard").read_text(encoding="utf-8")
    assert "login:maildrop support" in heard
    assert NEW_SECRET in heard
    assert cli.answer(["oauth", "status", "--config", str(desk.file)]) == Code.NO
    said = capsysbinary.readouterr().out.decode()
    assert said.count(f"-> in Entra, App registrations, the program: {NEW_SECRET}") == 2

    (desk.folder / "client-secret").write_text(f"{tokens.grants.secret}\n", encoding="utf-8")
    desk.later(minutes=6)
    assert desk.once()
    desk.later(minutes=1)
    assert desk.once()
    assert [ticket.subject for ticket in desk.tickets()] == ["Imprimante en panne", "VPN"]
    assert len(desk.letters(to="jean@ecole.test")) == 2
    began, over = (text for text in told(desk) if "maildrop support" in text)
    assert EXPIRED in began
    assert NEW_SECRET in began
    assert began != over
    assert cli.answer(["oauth", "status", "--config", str(desk.file)]) == Code.OK
    assert_nothing_shown(desk, tokens)


@pytest.fixture
def open_desk(desk: Desk, sink: Sink) -> Desk:
    """The same, where nobody has to log in to send."""
    desk.sink = sink
    desk.configure(submission={"user": ""})
    return desk


def test_a_mailbox_that_is_not_opened_for_the_program(open_desk: Desk, tokens: TokenServer) -> None:
    """Tokens are given, and the mail server takes none: a letter says which commands help, once."""
    tokens.grants.user, user = "somebody@etnic.test", tokens.grants.user
    for _ in range(2):
        assert not open_desk.once()
        open_desk.later(minutes=10)
    (text,) = told(open_desk)
    assert f"refused the token of {user}" in text
    assert "New-ServicePrincipal" in text
    assert f"Add-MailboxPermission {user}" in text
    tokens.grants.user = user
    assert open_desk.once()
    assert len(told(open_desk)) == 2
    assert_nothing_shown(open_desk, tokens)


# --- the daemon, while it runs ------------------------------------------------------------------------------


class Hour(Bell):
    """Nobody sleeps in this story: each wait lets the desk's clock go on, for an hour."""

    def __init__(self, desk: Desk, look: Callable[[], None]) -> None:
        super().__init__()
        self._desk, self._look = desk, look
        self._looked_at, self._end = desk.now, desk.now + timedelta(hours=1)

    def wait(self, seconds: float) -> bool:
        self._desk.later(seconds=seconds)
        if self._desk.now - self._looked_at >= timedelta(minutes=1):
            self._look()
            self._looked_at = self._desk.now
        if self._desk.now >= self._end:
            self.close()
        return False


def test_a_token_server_that_is_down(open_desk: Desk, tokens: TokenServer) -> None:
    """It is asked ever more rarely, the administrators hear why nothing is taken in, and mail waits."""
    desk, tokens.grants.down = open_desk, True
    desk.receive(mail("first@ecole.test"))
    config = desk.config()
    with daemon.locked(config), daemon.parts(config, lambda: desk.now) as parts:

        def look() -> None:
            alarm.look(parts.alarm)
            outbox.drain(parts.dispatch)

        hour = Hour(desk, look)
        imap.watch(replace(parts.stations[0], bell=hour))
        hour.dispose()
    assert 10 < len(tokens.grants.asked) < 25
    (text,) = told(desk)
    assert "maildrop support was never served: 127.0.0.1" in text
    assert "503" in text

    tokens.grants.down = False
    assert desk.once()
    assert len(desk.letters(to="jean@ecole.test")) == 1
    assert len(told(desk)) == 2


def test_a_session_that_outlives_its_token(desk: Desk, tokens: TokenServer, token_dovecot: Dovecot) -> None:
    """A token opens the door and holds nothing open: IDLE goes on past its end, and whoever is sent away
    then comes back with another one."""
    heard: list[bool] = []

    def idle(session: Session) -> None:
        imap.one_pass(session, seen_at=session.now)
        desk.later(hours=2)
        desk.receive(mail(f"m{len(heard)}@ecole.test", subject=f"Panne {len(heard)}", at=desk.now))
        heard.append(session.mailbox.idle(20, session.station.bell.fileno()))
        imap.one_pass(session, seen_at=session.now)
        token_dovecot.admin("kick", desk.mailbox.user)
        session.mailbox.idle(20, session.station.bell.fileno())
        session.mailbox.noop()

    config = desk.config()
    with daemon.locked(config), daemon.parts(config, lambda: desk.now) as parts:
        for asked in (1, 2):
            with pytest.raises(Unreachable):
                imap.with_session(parts.stations[0], idle)
            assert len(tokens.grants.asked) == asked
    assert heard == [True, True]
    assert [ticket.subject for ticket in desk.tickets()] == ["Panne 0", "Panne 1"]
    assert not told(desk)
