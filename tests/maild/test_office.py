"""The office that a configuration furnishes."""

from pathlib import Path

import pytest

from maild import office
from storage import database
from storage.store import Store
from tests.maild.decide.cases import NOON
from tests.maild.test_config import LEAST, loaded


def test_the_operator_s_templates_come_before_the_shipped_ones(tmp_path: Path) -> None:
    """And without any these are all there is."""
    (tmp_path / "letters/fr").mkdir(parents=True)
    (tmp_path / "letters/fr/receipt.txt.j2").write_text("Reçu")
    own = LEAST.replace("[desk]", '[desk]\ntemplates = "letters"')
    first = [
        office.paper(loaded(tmp_path, text)).environment.get_template("fr/receipt.txt.j2").filename
        for text in (own, LEAST)
    ]
    assert [str(tmp_path / "letters/fr/receipt.txt.j2") == name for name in first] == [True, False]


def test_its_worker_ends_with_it_whatever_happens(tmp_path: Path) -> None:
    """No process is left behind where filing failed."""
    ledger = database.open_database(f"sqlite:///{tmp_path}/maild.db")
    processes = []

    def fail() -> None:
        with office.opened(loaded(tmp_path, LEAST), Store(database=ledger), lambda: NOON) as opened:
            opened.worker.read(b"Subject: a\r\n\r\nb")
            processes.append(opened.worker.process)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    (process,) = processes
    assert process is not None
    assert process.poll() is not None
    ledger.close()
