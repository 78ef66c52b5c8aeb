"""A folder in which commands are given: a configuration, a mail, and a state in which that mail is."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from maild import cli
from storage import database
from tests.maild.test_cli import CONFIG, MAIL


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and a state in which one mail is."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "config.toml").write_text(CONFIG, encoding="utf-8")
    for name, text in {"pw": "hunter2 and more\n", "one.eml": MAIL, "bad.toml": "[desk\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    made = ["replay", f"{folder}/one.eml", "--into", f"{folder}/var", "--config", f"{folder}/config.toml"]
    assert cli.answer(made) == 0
    return folder


@pytest.fixture
def place(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, in which the command is given."""
    folder = tmp_path / "desk"
    shutil.copytree(filled, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def older(place: Path) -> Path:
    """The state of an earlier version in the place of the other."""
    file = place / "var" / "maild.db"
    file.unlink()
    with (
        pytest.MonkeyPatch.context() as before,
        closing(database.open_database(f"sqlite:///{file}")) as base,
    ):
        before.setattr(database, "head", lambda: "0001")
        database.upgrade(base)
    return file
