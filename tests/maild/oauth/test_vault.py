"""What a login gave: for its owner only, shared, whole or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from maild.oauth import server
from maild.oauth.bearer import Refused, Unreachable
from maild.oauth.login import await_login
from tests.maild.oauth.ways import HOUR, Clock, by_person, logged_in
from tests.peers.tokens import TokenServer


def test_what_a_login_gave_is_its_owner_s_only_and_shared(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    """Maildrop and submission use one file, one after the other: a refresh token may be good only once."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 65534, 65534)  # root logs in for the daemon
    mailbox = logged_in(tokens, tmp_path, clock)
    sender = by_person(tokens, tmp_path, clock)
    made = [mailbox.vault.file, mailbox.vault.file.parent, mailbox.vault.file.with_suffix(".lock")]
    assert [stat.S_IMODE(each.stat().st_mode) for each in made] == [0o600, 0o700, 0o600]
    assert {each.stat().st_uid for each in made} == {tmp_path.stat().st_uid}
    assert sorted(each.name for each in made[1].iterdir()) == sorted(each.name for each in (made[0], made[2]))
    clock.now += HOUR
    assert mailbox.bearer().is_new
    assert not sender.bearer().is_new
    assert sender.bearer().token == mailbox.bearer().token
    sender.discard()
    assert sender.bearer().is_new
    clock.now += HOUR
    assert mailbox.bearer().is_new
    assert "refresh-" not in repr(mailbox.vault.read())


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"refresh": "x", "token": "t"}'])
def test_a_file_that_nobody_can_read_is_no_login(
    tokens: TokenServer, tmp_path: Path, clock: Clock, content: str
) -> None:
    way = logged_in(tokens, tmp_path, clock)
    way.vault.file.write_text(content, encoding="utf-8")
    with pytest.raises(Refused, match="nobody has logged in"):
        by_person(tokens, tmp_path, clock).bearer()


def test_a_login_that_cannot_be_kept(tokens: TokenServer, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "oauth").write_text("a file where the folder should be", encoding="utf-8")
    way = by_person(tokens, tmp_path, clock)
    tokens.grants.consent = True
    with pytest.raises(Unreachable, match="cannot be used: Not a directory"):
        await_login(way, server.invite(way.grant), clock, lambda _: None)


def test_a_disk_that_is_full_leaves_the_login_as_it_was(
    tokens: TokenServer, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = logged_in(tokens, tmp_path, clock)
    before = {file.name: file.read_bytes() for file in way.vault.file.parent.iterdir()}

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unreachable, match="cannot be written: No space left"):
        await_login(way, server.invite(way.grant), clock, lambda _: None)
    assert {file.name: file.read_bytes() for file in way.vault.file.parent.iterdir()} == before


def test_a_state_that_a_login_begins_is_the_daemon_s_only(
    tokens: TokenServer, tmp_path: Path, clock: Clock
) -> None:
    """Root logs in before the first run, and the daemon must be able to write there."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 65534, 65534)
    made = logged_in(tokens, tmp_path / "var", clock).vault.file
    for each in (made, made.parent, tmp_path / "var"):
        assert each.stat().st_uid == tmp_path.stat().st_uid
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
