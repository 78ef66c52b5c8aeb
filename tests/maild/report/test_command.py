"""``maild report``: which days are meant, what is written where, and how each slip is told."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from maild import cli, config, daemon, rehearsal
from maild.cli import Code, Stop
from maild.cli.doctor import wording
from maild.cli.report import span_of
from storage import database
from storage.store import Store
from tests.maild.report import month
from tests.maild.test_cli import CONFIG

ZONE = "Europe/Brussels"


@pytest.fixture
def place(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a configuration and the made-up month, on 1 December."""
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "pw").write_text("hunter2\n", encoding="utf-8")
    (tmp_path / "var").mkdir()
    shutil.copy(migrated, tmp_path / "var/maild.db")
    opened = database.open_database(f"sqlite:///{tmp_path}/var/maild.db")
    with Store(database=opened).write() as tx:
        month.write(tx)
    opened.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(daemon, "system_now", lambda: month.NOW)
    return tmp_path


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        (("", "", ""), date(2026, 12, 1), date(2026, 12, 31)),
        (("2026-11", "", ""), date(2026, 11, 1), date(2026, 11, 30)),
        (("", "2026-11-02", "2026-11-08"), date(2026, 11, 2), date(2026, 11, 8)),
        (("", "2026-11-02", ""), date(2026, 11, 2), date(2026, 12, 1)),
        (("", "2026-11-02", "2026-11-02"), date(2026, 11, 2), date(2026, 11, 2)),
    ],
)
def test_which_days_are_meant(said: tuple[str, str, str], first: date, last: date) -> None:
    """This month where nothing is said; both days of a span count."""
    span = span_of(*said, now=month.NOW, zone=ZONE)
    assert (span.first, span.last) == (first, last)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("2026-13", "", ""), "2026-13 is no month"),
        (("november", "", ""), "november is no month"),
        (("2026-1", "", ""), "2026-1 is no month"),
        (("20261", "", ""), "20261 is no month"),
        (("", "2026-11-31", ""), "2026-11-31 is no day"),
        (("", "20261101", ""), "20261101 is no day"),
        (("", "", "2026-11-08"), "--to needs the day from which"),
        (("2026-11", "2026-11-01", ""), "a month and a span are two things"),
        (("", "2026-11-08", "2026-11-02"), "is no span of days"),
        (("", "1970-01-01", ""), "is no span of days"),
        (("", "0001-01-01", ""), "0001-01-01 is no day"),
        (("", "2026-11-01", "9999-12-31"), "9999-12-31 is no day"),
        (("9999-12", "", ""), "9999-12 is no month"),
        (("2027-03", "", ""), "2027-03 has not begun"),
    ],
)
def test_what_cannot_be_meant_is_told_with_an_example(said: tuple[str, str, str], told: str) -> None:
    """64, what is wrong, and how it is written."""
    with pytest.raises(Stop, match="for example --month 2026-11") as stopped:
        span_of(*said, now=month.NOW, zone=ZONE)
    assert stopped.value.code is Code.USAGE
    assert told in str(stopped.value)


def test_one_reading_gives_the_table_the_page_the_lines_and_the_json(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All four say the same figure, and nothing but the files is left in the folder."""
    before = {path.name for path in place.iterdir()}
    assert cli.answer(["report", "--month", "2026-11"]) == Code.OK
    assert "66,6\u00a0%" in capsys.readouterr().out
    files = ["--html", "r.html", "--csv", "r.csv"]
    assert cli.answer(["report", "--month", "2026-11", "--json", "--lang", "nl", *files]) == Code.OK
    said = capsys.readouterr()
    assert json.loads(said.out)["mail"]["share"] == 0.6666
    assert said.err.splitlines() == ["written: r.html", "written: r.csv"]
    page = (place / "r.html").read_text(encoding="utf-8")
    assert '<html lang="nl"' in page
    assert "66,6%" in page
    assert len((place / "r.csv").read_bytes().decode("utf-8-sig").splitlines()) == 1 + 11 + 2 + 5
    assert {path.name for path in place.iterdir()} - before == {"r.html", "r.csv"}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--html", "nowhere/r.html"], Code.NO_INPUT, "no folder nowhere"),
        (["--html", "var"], Code.USAGE, "var is a folder"),
        (["--csv", "/dev/null"], Code.USAGE, "/dev/null is no file"),
        (["--lang", "it"], Code.USAGE, "no report is written in it"),
    ],
)
def test_where_nothing_can_be_written_is_told_before_anything_is_read(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: Code, told: str
) -> None:
    """The code of sysexits(3) and an example."""
    assert cli.answer(["report", "--month", "2026-11", *arguments]) == code
    said = capsys.readouterr()
    assert told in said.err
    assert "for example" in said.err
    assert said.out == ""


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The disk is full in the middle of it: 75, and what stood there stands."""
    (place / "r.html").write_text("the old one", encoding="utf-8")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("maild.cli.report.os.fsync", full)
    assert cli.answer(["report", "--month", "2026-11", "--html", "r.html"]) == Code.TRY_LATER
    assert "No space left" in capsys.readouterr().err
    assert (place / "r.html").read_text(encoding="utf-8") == "the old one"
    assert not list(place.glob(".r.html*"))


def test_a_template_of_the_operators_that_fails_is_a_matter_of_the_configuration(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """78 and what is wrong with it, no traceback; whoever asks before hears of it."""
    monkeypatch.setattr(rehearsal, "render_all", lambda _paper: [])  # the letters have tests of their own
    (place / "letters/pages").mkdir(parents=True)
    (place / "letters/pages/report.html.j2").write_text("{{ nombre }}", encoding="utf-8")
    text = CONFIG.replace('name = "Desk"', 'name = "Desk"\ntemplates = "letters"')
    (place / "config.toml").write_text(text, encoding="utf-8")
    assert cli.answer(["report", "--month", "2026-11", "--html", "r.html"]) == Code.CONFIG
    assert capsys.readouterr().err == "maild: 'nombre' is undefined\n"
    assert cli.answer(["config", "check"]) == Code.CONFIG
    assert "pages/report.html.j2, in fr: UndefinedError: 'nombre'" in capsys.readouterr().err
    (found, *_) = wording.letters(config.load(place / "config.toml", {}), place / "config.toml")
    assert "pages/report.html.j2, in fr: UndefinedError: 'nombre'" in str(found)
