"""A first configuration: it can be used, its secrets are for their owner, and nothing is ever half there."""

import os
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import config, setup
from maild.config import ConfigError
from maild.setup import Agent, Answers, Auth, Provider, Server

ANSWERS = Answers(
    address="support@etnic.be",
    name="ETNIC Service Desk",
    provider="imap",
    auth="password",
    imap=Server(host="imap.etnic.be", tls="implicit"),
    submission=Server(host="smtp.etnic.be", tls="starttls"),
    user="support",
    smtp_user="support",
    password="hunter2",
    agents=(Agent(name="Anne Dupont", address="anne@etnic.be"), Agent(name="Jo", address="jo@etnic.be")),
    administrators=("admin@etnic.be",),
)
PROGRAM = Path("/opt/maild/bin/maild")


def put(folder: Path, answers: Answers = ANSWERS) -> tuple[Path, ...]:
    return setup.put_in_place(folder / "config.toml", answers, program=PROGRAM)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_it_writes_can_be_used(tmp_path: Path) -> None:
    put(tmp_path)
    found = config.load(tmp_path / "config.toml", {})
    drop = found.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert (drop.host, drop.port, drop.user, config.password(drop)) == (
        "imap.etnic.be", 993, "support", "hunter2",
    )  # fmt: skip
    assert (found.submission.host, found.submission.port) == ("smtp.etnic.be", 587)
    assert [(agent.name, agent.lead) for agent in found.agent] == [("Anne Dupont", True), ("Jo", False)]
    assert found.desk.administrators == ("admin@etnic.be",)
    assert len(found.desk.secrets[0]) == 64


def test_secrets_are_for_their_owner_and_in_no_other_file(tmp_path: Path) -> None:
    written = put(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in written}
    assert modes == {"config.toml": 0o600, "secret": 0o600, "imap-password": 0o600, "maild.service": 0o644}
    assert {path.name for path in tmp_path.iterdir()} == set(modes)
    assert [name for name, said in contents(tmp_path).items() if b"hunter2" in said] == ["imap-password"]


def test_each_choice_is_explained(tmp_path: Path) -> None:
    put(tmp_path)
    text = (tmp_path / "config.toml").read_text(encoding="utf-8")
    remarks = [line for line in text.splitlines() if line.startswith("# ")]
    assert len(remarks) > 12
    assert all(len(line) <= 110 for line in text.splitlines())


def test_the_unit_starts_this_program_with_this_file(tmp_path: Path) -> None:
    setup.put_in_place(tmp_path / "desk.toml", ANSWERS, program=Path("/srv/bin/maild"))
    unit = (tmp_path / "maild.service").read_text(encoding="utf-8")
    assert f"ExecStart=/srv/bin/maild run --config {tmp_path}/desk.toml\n" in unit
    assert "/etc/maild" not in unit


def test_a_relay_of_the_house_wants_no_login(tmp_path: Path) -> None:
    put(tmp_path, replace(ANSWERS, smtp_user="", submission=Server(host="relay", tls="none", port=2525)))
    submission = config.load(tmp_path / "config.toml", {}).submission
    assert (submission.user, submission.port, submission.password_file) == ("", 2525, None)


def test_sending_may_have_a_password_of_its_own(tmp_path: Path) -> None:
    put(tmp_path, replace(ANSWERS, smtp_password="other"))
    found = config.load(tmp_path / "config.toml", {})
    assert config.password(found.submission) == "other"


def test_google_by_a_password_for_programs(tmp_path: Path) -> None:
    known = setup.KNOWN["google"]
    assert known.imap
    assert known.submission
    put(tmp_path, replace(ANSWERS, provider="google", imap=known.imap, submission=known.submission))
    found = config.load(tmp_path / "config.toml", {})
    assert found.submission.per_day == 2000
    assert found.security.trusted_authserv_ids == ("mx.google.com",)
    assert found.security.spam_headers == ()


@pytest.mark.parametrize(
    ("provider", "auth"),
    [("microsoft", "client_credentials"), ("microsoft", "device"), ("google", "service_account")],
)
def test_a_provider_that_takes_no_password(tmp_path: Path, provider: Provider, auth: Auth) -> None:
    known, key = setup.KNOWN[provider], tmp_path / "key.json"
    assert known.imap
    assert known.submission
    key.write_text('{"client_email": "a", "private_key": "b", "private_key_id": "c"}', encoding="utf-8")
    answers = replace(
        ANSWERS, provider=provider, auth=auth, imap=known.imap, submission=known.submission, password="",
        tenant="etnic.be", client_id="0-0", secret_file=key if provider == "google" else None,
        client_secret="hunter3" if auth == "client_credentials" else "",
    )  # fmt: skip
    written = put(tmp_path, answers)
    found = config.load(tmp_path / "config.toml", {})
    drop = found.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    for server in (drop, found.submission):
        assert server.auth == "oauth"
        assert server.oauth
        assert server.oauth.provider == provider
    assert ("client-secret" in {path.name for path in written}) == (auth == "client_credentials")
    assert b"hunter3" not in (tmp_path / "config.toml").read_bytes()


def test_a_signing_key_stays(tmp_path: Path) -> None:
    """Letters that left bear its signature."""
    put(tmp_path)
    key = (tmp_path / "secret").read_bytes()
    put(tmp_path, replace(ANSWERS, name="Other"))
    assert (tmp_path / "secret").read_bytes() == key
    assert config.load(tmp_path / "config.toml", {}).desk.name == "Other"


def test_what_would_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert setup.would_replace(file, ANSWERS) == ()
    put(tmp_path)
    assert {path.name for path in setup.would_replace(file, ANSWERS)} == {
        "config.toml", "imap-password", "maild.service",
    }  # fmt: skip


def test_answers_that_make_no_configuration_write_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        put(tmp_path, replace(ANSWERS, timezone="Mars/Olympus", address="support"))
    assert {problem.key for problem in refused.value.problems} == {"desk.timezone", "desk.address"}
    assert {problem.file for problem in refused.value.problems} == {str(tmp_path / "config.toml")}
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("at", range(3))
def test_whatever_ends_it_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, *, before: bool
) -> None:
    """At each of the renames, on an empty folder and on one where all is there already."""
    if before:
        put(tmp_path)
    former, left = contents(tmp_path), iter(range(at))
    really = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if ".maild-" in str(self) and not self.name.endswith(".former") and next(left, None) is None:
            raise KeyboardInterrupt
        return really(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        put(tmp_path, replace(ANSWERS, name="Other", password="changed"))
    assert contents(tmp_path) == former


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_no_umask_opens_a_secret_for_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int
) -> None:
    """Each file is its owner's only while it is still empty."""
    modes: dict[str, int] = {}
    really = os.fdopen

    def opened(descriptor: int, *args: Any, **more: Any) -> Any:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        modes[name] = os.fstat(descriptor).st_mode & 0o777
        return really(descriptor, *args, **more)

    monkeypatch.setattr(os, "fdopen", opened)
    before = os.umask(mask)
    try:
        put(tmp_path)
    finally:
        os.umask(before)
    assert {name: modes[name] for name in ("secret", "imap-password", "config.toml")} == {
        "secret": 0o600, "imap-password": 0o600, "config.toml": 0o600,
    }  # fmt: skip


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(NotADirectoryError):
        put(tmp_path / "file" / "etc" / "maild")
    assert contents(tmp_path) == {"file": b""}


@given(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_is_written_so_that_it_is_read_again(text: str) -> None:
    drafted = setup.drafted(replace(ANSWERS, name=text, agents=(Agent(name=text, address="a@b.c"),)))
    read = tomllib.loads(drafted["config.toml"])
    assert read["desk"]["name"] == text
    assert read["agent"][0]["name"] == text
