"""`quickstart`: flags or questions, never half an answer, never over a file without a yes."""

import errno
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from maild import cli, config
from maild.cli import Code, Stop, doctor

FLAGS = (
    "--address", "support@etnic.be", "--provider", "imap", "--imap-host", "imap.etnic.be",
    "--smtp-host", "smtp.etnic.be", "--password-file", "pw",
)  # fmt: skip

ENTRA = (
    "--address", "a@b.be", "--provider", "microsoft", "--tenant", "b.be", "--client-id", "0-0",
)  # fmt: skip


@pytest.fixture
def looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in a folder with a password; which files `doctor` was then asked about."""
    for name in [name for name in os.environ if name.startswith("MAILD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pw").write_text("hunter2\n", encoding="utf-8")
    (tmp_path / "pw").chmod(0o600)
    asked: list[Path] = []

    def well(path: Path) -> Code:
        asked.append(path)
        return Code.OK

    monkeypatch.setattr(doctor, "doctor", well)
    return asked


def answered(*lines: str, flags: tuple[str, ...] = ()) -> Result:
    """What came of it when a person typed these lines."""
    return CliRunner().invoke(
        cli.app, ["quickstart", *flags], input="".join(f"{line}\n" for line in lines), standalone_mode=False
    )


def written(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"pw"}


def test_flags_are_enough(looked_at: list[Path], tmp_path: Path) -> None:
    agents = ("--agent", "Anne Dupont <anne@etnic.be>", "--agent", "Jo <jo@etnic.be>")
    assert cli.answer(["quickstart", "--yes", *FLAGS, *agents, "--languages", "fr,nl"]) == Code.OK
    found = config.load(tmp_path / "config.toml", {})
    assert [agent.address for agent in found.agent] == ["anne@etnic.be", "jo@etnic.be"]
    assert found.desk.languages == ("fr", "nl")
    assert found.submission.user == "support@etnic.be"
    assert looked_at == [Path("config.toml")], "doctor comes last"


def test_questions_are_enough(looked_at: list[Path], tmp_path: Path) -> None:
    """Wrong answers are asked for again, an empty one takes what is proposed, the password is not shown."""
    result = answered(
        "exchange", "imap", "support", "support@etnic.be", "", "", "starttls", "mx.etnic.be", "",
        "", "geheim", "Anne", "Anne <anne@etnic.be>", "", "admin@etnic.be",
    )  # fmt: skip
    assert result.exception is None, result.output
    for refused in ('"exchange" is not possible', '"support" is not an address', '"Anne" is no person'):
        assert refused in result.output
    assert "geheim" not in result.output
    found = config.load(tmp_path / "config.toml", {})
    drop = found.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert (drop.host, drop.tls, drop.port) == ("imap.etnic.be", "starttls", 143)
    assert config.password(drop) == "geheim"
    assert (found.submission.host, found.submission.tls) == ("mx.etnic.be", "starttls")
    assert (tmp_path / "imap-password").stat().st_mode & 0o777 == 0o600
    assert found.desk.administrators == ("admin@etnic.be",)
    assert looked_at


def test_questions_about_microsoft_365(looked_at: list[Path], tmp_path: Path) -> None:
    """Only what nobody can know is asked: neither servers nor a password."""
    result = answered(
        "microsoft", "support@etnic.be", "device", "ETNIC", "etnic.onmicrosoft.com", "0000-1111", "", ""
    )
    assert result.exception is None, result.output
    found = config.load(tmp_path / "config.toml", {})
    assert (found.submission.host, found.submission.port) == ("smtp.office365.com", 587)
    assert found.security.proof == ("token", "m365")
    assert found.submission.oauth
    assert (found.submission.oauth.tenant, found.submission.oauth.flow) == ("etnic.onmicrosoft.com", "device")
    assert "maild oauth login --config config.toml" in result.output
    assert written(tmp_path) == {"config.toml", "secret", "maild.service"}
    assert looked_at


LINES = {
    "imap": ("imap", "support@etnic.be", "", "", "", "", "", "", "geheim", "Anne <a@etnic.be>", "", "a@b.be"),
    "microsoft": ("microsoft", "support@etnic.be", "", "", "t", "0-0", "geheim", "Anne <a@etnic.be>", "", ""),
    "google": ("google", "support@etnic.be", "", "", "pw", "Anne <a@etnic.be>", "", ""),
}


@pytest.mark.parametrize("provider", LINES)
def test_whoever_goes_away_at_any_question_leaves_nothing(
    looked_at: list[Path], tmp_path: Path, provider: str
) -> None:
    """Not even the folder that would hold it all."""
    lines, flags = LINES[provider], ("--config", "etc/maild/config.toml")
    for given in range(len(lines)):
        result = answered(*lines[:given], flags=flags)
        assert isinstance(result.exception, typer.Abort), (given, result.output)
        assert written(tmp_path) == set()
    assert not looked_at


def test_what_cannot_be_right_is_asked_for_again(looked_at: list[Path], tmp_path: Path) -> None:
    """A file that is not there, and the ID of a secret where its value is wanted; neither ends it all."""
    google = answered("google", "support@etnic.be", "", "", "gone.json", "pw", "", "")
    assert google.exception is None, google.output
    assert "there is no file gone.json" in google.output
    id_, entra = "12345678-9abc-def0-1234-56789abcdef0", ("microsoft", "a@b.be", "", "", "t", "0-0")
    microsoft = answered(*entra, id_, "geheim", "", "", flags=("--config", "other/config.toml"))
    assert microsoft.exception is None, microsoft.output
    assert "this is the ID of the secret: its Value is wanted" in microsoft.output
    assert (tmp_path / "other" / "client-secret").read_text(encoding="utf-8") == "geheim\n"


def test_a_folder_that_is_not_there_is_made(looked_at: list[Path], tmp_path: Path) -> None:
    """Others may pass through it, and read nothing in it but the unit."""
    file = tmp_path / "etc" / "maild" / "config.toml"
    before = os.umask(0o077)
    try:
        assert cli.answer(["quickstart", "--yes", *FLAGS, "--config", str(file)]) == Code.OK
    finally:
        os.umask(before)
    assert file.parent.stat().st_mode & 0o777 == 0o755
    assert all(
        each.stat().st_mode & 0o077 == 0 for each in file.parent.iterdir() if each.suffix != ".service"
    )


def _full(_file: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_place_where_nothing_can_be_written(
    looked_at: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told before the first question."""
    assert cli.answer(["quickstart", "--config", "pw/config.toml"]) == Code.REFUSED
    assert f"{tmp_path}/pw cannot be written; name another place by --config" in capsys.readouterr().err
    monkeypatch.setattr(os, "fsync", _full)
    assert cli.answer(["quickstart", "--yes", *FLAGS]) == Code.REFUSED
    assert ". cannot be written: No space left on device; name another" in capsys.readouterr().err
    assert written(tmp_path) == set()


def test_answers_that_cannot_be_used_make_no_folder(looked_at: list[Path], tmp_path: Path) -> None:
    flags = ("--yes", *FLAGS, "--config", "etc/config.toml", "--timezone", "Mars")
    assert cli.answer(["quickstart", *flags]) == Code.CONFIG
    assert written(tmp_path) == set()


@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        (
            ("--yes",),
            64,
            "missing: --address, --imap-host, --smtp-host, --password-file; write, for example, --address",
        ),
        (("--yes", "--address", "support"), 64, 'write the bare address: "support@example.org"'),
        (("--yes", "--address", "a@b.be"), 64, "missing: --imap-host, --smtp-host, --password-file"),
        (
            ("--yes", *FLAGS[:-2]),
            64,
            "missing: --password-file; write, for example, --password-file imap-password (secrets",
        ),
        (("--yes", *FLAGS[:-1], "none"), 66, "there is no file none"),
        (("--yes", *FLAGS, "--imap-tls", "ssl"), 64, "write implicit or starttls or none"),
        (
            ("--yes", *ENTRA[:-2]),
            64,
            "missing: --client-id, --client-secret-file; write, for example, --client-id 0000",
        ),
        (("--yes", *ENTRA), 64, "missing: --client-secret-file"),
        (("--yes", "--address", "a@b.be", "--provider", "google"), 64, "missing: --service-account-file"),
        (("--yes", *FLAGS, "--provider", "aol"), 64, "write microsoft or google or imap"),
        (("--yes", *FLAGS, "--agent", "Anne"), 64, 'write "Anne Dupont <anne@etnic.be>"'),
        (("--yes", *FLAGS, "--administrator", "x"), 64, "is not an address"),
        (("--yes", *FLAGS, "--timezone", "Mars"), 78, 'such as "Europe/Brussels"'),
        (("--yes", *FLAGS, "--start", "soon"), 78, '"all", "now"'),
    ],
)
def test_a_wrong_flag_says_what_was_expected_and_writes_nothing(
    looked_at: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...], code: int, told: str,
) -> None:  # fmt: skip
    assert cli.answer(["quickstart", *flags]) == code
    assert told in capsys.readouterr().err
    assert written(tmp_path) == set()
    assert not looked_at


def test_nothing_is_replaced_without_a_yes(looked_at: list[Path], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# mine\n", encoding="utf-8")
    refused = answered(flags=("--yes", *FLAGS))
    assert isinstance(refused.exception, Stop)
    assert refused.exception.code == Code.REFUSED
    assert "add --force" in str(refused.exception)
    assert isinstance(answered("n", flags=FLAGS).exception, Stop), "before anything else is asked"
    assert (tmp_path / "config.toml").read_text(encoding="utf-8") == "# mine\n"
    assert written(tmp_path) == {"config.toml"}
    assert not looked_at
    assert answered("y", "", "", "", "", "", "", flags=FLAGS).exception is None
    assert "[desk]" in (tmp_path / "config.toml").read_text(encoding="utf-8")


def test_force_is_a_yes(looked_at: list[Path], tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# mine\n", encoding="utf-8")
    assert cli.answer(["quickstart", "--yes", "--force", *FLAGS]) == Code.OK
    assert config.load(tmp_path / "config.toml", {}).desk.address == "support@etnic.be"


def test_it_ends_as_doctor_does(looked_at: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "doctor", lambda _path: Code.NO)
    assert cli.answer(["quickstart", "--yes", *FLAGS]) == Code.NO
