"""The templates, tried before they are needed: what ships is sound, and what is wrong is named."""

from pathlib import Path

import pytest

from maild import compose, rehearsal
from maild.decide.policy import Desk
from tests.maild.correspondence import DATES, DESK, DUE, PAPER, post, texts


def test_templates_are_found_sound() -> None:
    """What ships renders in all languages, with all values and with few."""
    assert rehearsal.render_all(PAPER) == []


def test_the_operators_template_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    """One file in the folder changes one part; all others are the shipped ones."""
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr/receipt.txt.j2").write_text("Reçu\u00a0: {{ number }}, {{ due }}", encoding="utf-8")
    paper = compose.stationery(DESK, tmp_path)
    letter = compose.receipt(paper, number="E-1", subject="", due_at=DUE, **post())
    text, page = texts(letter)
    assert text.strip() == f"Reçu\u00a0: E-1, {DATES['fr']}"
    assert "Bien cordialement" in page
    assert rehearsal.render_all(paper) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ nombre }}", "'nombre' is undefined"),
        ("{% if %}", "line 1"),
        ("{{ number.__class__.__mro__ }}", "SecurityError"),
        ("{{ 1 // 0 }}", "ZeroDivisionError"),
        ("{% if not phone %}{{ number }}{% endif %}", "empty text"),
        ("\xff", "UnicodeDecodeError"),
    ],
)
def test_what_is_wrong_with_a_template_is_told(tmp_path: Path, source: str, said: str) -> None:
    """The file and the reason, before the daemon starts."""
    (tmp_path / "fr").mkdir()
    (tmp_path / "fr/receipt.txt.j2").write_bytes(source.encode("latin-1"))
    (problem,) = rehearsal.render_needed(compose.stationery(DESK, tmp_path))
    assert "fr/receipt.txt.j2" in problem
    assert said in problem


def test_a_language_without_templates_is_told() -> None:
    """A language that is configured and has no folder would otherwise fail at its first mail."""
    nowhere = Desk(name="D", address="d@x.be", languages=("fr", "xx"))
    for render in (rehearsal.render_all, rehearsal.render_needed):
        problems = render(compose.stationery(nowhere))
        assert any("xx/undelivered.txt.j2" in problem for problem in problems)
        assert not any("fr/" in problem for problem in problems)


def test_a_start_compiles_of_what_ships_only_what_a_first_mail_needs() -> None:
    """The other templates are found to be there; compiling them would be most of what a start does."""
    paper = compose.stationery(DESK)
    assert rehearsal.render_needed(paper) == []
    compiled = {name for _, name in paper.environment.cache or ()}
    assert {f"{one}/receipt.txt.j2" for one in DESK.languages} <= compiled
    assert not [name for name in compiled if "relay" in name or "digest" in name]


@pytest.mark.parametrize("name", ["fr/answers/merci.txt.j2", "fr/notices/closed.txt.j2"])
def test_what_an_agent_may_send_by_name_is_tried_too(tmp_path: Path, name: str) -> None:
    """A canned answer or a notice would otherwise fail when it is needed."""
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text("{{ nom }}", encoding="utf-8")
    problems = rehearsal.render_needed(compose.stationery(DESK, tmp_path))
    assert any(name in problem and "'nom' is undefined" in problem for problem in problems)
