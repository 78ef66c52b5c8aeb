"""`maild oauth login` and `status`: what a person is told, and what the shell hears."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maild import cli
from maild.cli import Code
from tests.peers.tokens import TokenServer

USER = "support@etnic.test"
Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tokens: TokenServer) -> Write:
    """Writes a configuration whose mailbox and submission are opened by tokens, with these keys besides."""
    monkeypatch.chdir(tmp_path)

    def written(**more: object) -> None:
        keys = {key: value for key, value in tokens.settings(**more).items() if value is not None}
        oauth = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
        login = f'user = "{USER}"\nauth = "oauth"\n'
        (tmp_path / "config.toml").write_text(
            f'[desk]\nname = "D"\naddress = "{USER}"\nsecret = "{"s" * 32}"\n'
            f'[maildrop.support]\nkind = "imap"\nhost = "imap.invalid"\n{login}'
            f"[maildrop.support.oauth]\n{oauth}"
            f'[maildrop.door]\nkind = "lmtp"\n'
            f'[submission]\nhost = "smtp.invalid"\n{login}[submission.oauth]\n{oauth}',
            encoding="utf-8",
        )

    return written


def status(capsysbinary: Any) -> tuple[int, list[dict[str, Any]]]:
    """What a program hears."""
    code = cli.answer(["oauth", "status", "--json"])
    return code, [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]


def test_a_person_logs_in_once_for_mailbox_and_submission(
    write: Write, tokens: TokenServer, capsysbinary: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    write(flow="device", device_url=tokens.url("device"), client_secret=None)
    code, before = status(capsysbinary)
    assert (code, [each["ok"] for each in before]) == (Code.NO, [False, False])
    assert "`maild oauth login`" in before[0]["remedy"]
    tokens.grants.consent = True
    assert cli.answer(["oauth", "login"]) == Code.OK
    said = capsysbinary.readouterr().out.decode()
    page = f"Open https://tokens.etnic.test/go and type BCDF-GHJK, as {USER} (maildrop support, submission)."
    assert page in said
    assert f"{USER}: logged in" in said
    assert waited == [5]
    code, after = status(capsysbinary)
    assert (code, [each["ok"] for each in after]) == (Code.OK, [True, True])
    assert after[0]["place"] == "maildrop support"
    assert after[0]["until"].endswith("Z")
    assert after[0]["host"] == f"127.0.0.1:{tokens.port}"
    assert (after[0]["flow"], after[0]["user"], after[0]["problem"]) == ("device", USER, "")
    secrets = [*tokens.grants.given, tokens.grants.refresh]
    assert not any(secret in said + json.dumps(after) for secret in secrets)


def test_a_login_that_is_refused_leaves_nothing(
    write: Write, tokens: TokenServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(flow="device", device_url=tokens.url("device"), client_secret=None)
    monkeypatch.setattr(time, "sleep", lambda _: tokens.refuse("access_denied"))
    assert cli.answer(["oauth", "login", "submission"]) == Code.REFUSED
    assert "access_denied; let a person log in and agree" in capsys.readouterr().err
    tokens.answer(b"busy", code=503)
    assert cli.answer(["oauth", "login", "support"]) == Code.UNREACHABLE

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", interrupted)
    assert cli.answer(["oauth", "login"]) == 130  # as a shell says it of SIGINT
    assert not list(Path().glob("var/oauth/*.json"))


def test_status_says_what_to_click(
    write: Write, tokens: TokenServer, capsys: pytest.CaptureFixture[str]
) -> None:
    write(provider="microsoft", tenant="t")
    tokens.refuse("invalid_client", "AADSTS7000222: expired", code=401)
    assert cli.answer(["oauth", "status"]) == Code.NO
    wrong, _, right = capsys.readouterr().out.partition("submission")
    assert "FAIL  maildrop support" in wrong
    assert "AADSTS7000222: expired\n" in wrong
    assert "-> in Entra, App registrations" in wrong
    assert "this one lasts until" in right
    assert "ok    " in wrong


def test_wrong_words(write: Write, tokens: TokenServer, capsys: pytest.CaptureFixture[str]) -> None:
    write()
    assert cli.answer(["oauth", "login", "suport"]) == Code.NO_INPUT
    assert 'nothing called "suport" is opened by tokens; those with auth = "oauth": support, submission' in (
        capsys.readouterr().err
    )
    assert cli.answer(["oauth", "login"]) == Code.USAGE
    assert "nobody has to log in" in capsys.readouterr().err
    text = Path("config.toml").read_text(encoding="utf-8").replace('auth = "oauth"', 'password = "x"')
    Path("config.toml").write_text(text, encoding="utf-8")
    assert cli.answer(["oauth", "status"]) == Code.OK
    assert "Nothing is opened by tokens" in capsys.readouterr().out
