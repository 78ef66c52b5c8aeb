"""Letters of the operator's own that are wrong: nobody waits for one because of it, and he hears of it."""

from pathlib import Path

import pytest

from maild import cli, daemon
from tests.scenarios.desk import ADMIN, ANNE, Desk, mail, reply
from tests.scenarios.test_asking import command
from tests.scenarios.test_files import words


@pytest.mark.parametrize("source", ["Bonjour {{ nme }}", "{% if %}", "{{ 1 // 0 }}", "\n", "\xff"])
def test_the_shipped_letter_goes_out_instead(desk: Desk, tmp_path: Path, source: str) -> None:
    """The mail is read and answered as any; the fault is in the log."""
    (tmp_path / "own/fr").mkdir(parents=True)
    (tmp_path / "own/fr/receipt.txt.j2").write_bytes(source.encode("latin-1"))
    desk.configure(desk={"templates": str(tmp_path / "own")})
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    (receipt,) = desk.letters("jean@ecole.test")
    assert "Nous avons bien reçu votre demande" in words(receipt)
    assert desk.kinds(1001)[0] == "request"
    assert {line["template"] for line in desk.log("template.broken")} == {"fr/receipt"}


def test_a_canned_answer_that_is_wrong_is_none(desk: Desk, tmp_path: Path) -> None:
    """The agent reads so, and nothing leaves."""
    (tmp_path / "own/fr/answers").mkdir(parents=True)
    (tmp_path / "own/fr/answers/delai.txt.j2").write_text("{{ nme }}")
    desk.configure(desk={"templates": str(tmp_path / "own")})
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.receive(reply("a1@etnic.test", desk.letters(ANNE)[0], "#modèle delai\n", sender=ANNE))
    desk.once()
    assert "delai" in words(desk.letters(ANNE)[-1])
    desk.later(minutes=5)
    desk.once()
    assert len(desk.letters("jean@ecole.test")) == 1


def test_a_preview_shows_the_fault(desk: Desk, tmp_path: Path) -> None:
    """And no shipped letter in its place."""
    (tmp_path / "own/fr").mkdir(parents=True)
    (tmp_path / "own/fr/receipt.txt.j2").write_text("{{ nme }}")
    desk.configure(desk={"templates": str(tmp_path / "own")})
    said = command(desk, "template", "preview", "receipt")
    assert isinstance(said.exception, cli.Stop)
    assert "'nme' is undefined" in str(said.exception)


def test_the_administrators_hear_of_it_at_the_start(desk: Desk, tmp_path: Path) -> None:
    """Once a day, with the file and the reason."""
    (tmp_path / "own/fr").mkdir(parents=True)
    (tmp_path / "own/fr/alert.txt.j2").write_text("{{ nme }}")
    desk.configure(desk={"templates": str(tmp_path / "own")})
    for _ in range(2):
        with daemon.locked(desk.config()), daemon.parts(desk.config(), lambda: desk.now) as parts:
            daemon._warm_up(parts)
    desk.once()
    (told,) = desk.letters(ADMIN)
    assert "Letters of your own are wrong" in str(told["Subject"])
    assert "fr/alert.txt.j2: UndefinedError: 'nme' is undefined" in words(told)
