"""Which templates there are, whose, and what for; and one of them, as it will be read."""

from pathlib import Path

import pytest

from maild import compose
from maild.specimen import catalogue, letters
from tests.maild.correspondence import DESK, LANGUAGES, PAPER, texts

# What others take in: the words for a status, and lines within a notification, which shows them.
TAKEN_IN = {"words"}
PAGES = {"pages/board", "pages/report"}


def test_every_template_says_what_it_is_for() -> None:
    found = catalogue.catalogue(PAPER)
    assert not [each.name for each in found if not each.about or len(each.about) > 100]
    assert {each.languages for each in found} == {tuple(sorted(LANGUAGES))}
    assert not [each for each in found if each.own]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_can_be_looked_at(language: str) -> None:
    """In each language, with a subject, and no word of another one."""
    for each in catalogue.catalogue(PAPER):
        shown = letters.letter(PAPER, each.name, language)
        assert (shown is None) == (each.name in TAKEN_IN | PAGES), each.name
        assert shown is None or (shown.subject and all(map(str.strip, texts(shown)))), each.name


def test_the_operators_files_are_told_apart(tmp_path: Path) -> None:
    """A letter of his own, one more canned answer, and what only his own take in."""
    for name in ("fr/receipt.txt.j2", "fr/answers/merci.txt.j2", "fr/pied.txt.j2", "lisez-moi.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Merci, {{ number }}.", encoding="utf-8")
    paper = compose.stationery(DESK, tmp_path)
    found = {each.name: each for each in catalogue.catalogue(paper)}
    assert found["receipt"].own == ("fr/receipt.txt.j2",)
    assert (found["answers/merci"].languages, found["answers/merci"].about[:8]) == (("fr",), "A canned")
    assert (found["pied"].own, found["pied"].about) == (("fr/pied.txt.j2",), "")
    answer = letters.letter(paper, "answers/merci", "nl")
    assert answer is not None
    assert "Merci, ETNIC-1042." in texts(answer)[0]
    assert catalogue.strays(paper) == ()


@pytest.mark.parametrize(
    ("file", "meant"),
    [
        ("fr/reciept.txt.j2", "fr/receipt.txt.j2"),
        ("fr/receipt.text.j2", "fr/receipt.txt.j2"),
        ("fr/notices/resolve.txt.j2", "fr/notices/resolved.txt.j2"),
    ],
)
def test_a_file_that_takes_the_place_of_nothing_is_named(tmp_path: Path, file: str, meant: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text("Bonjour", encoding="utf-8")
    assert catalogue.strays(compose.stationery(DESK, tmp_path)) == ((file, meant),)
