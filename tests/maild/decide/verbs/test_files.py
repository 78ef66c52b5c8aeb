"""An agent asks for a file that is held: by its number, and for himself alone."""

from typing import Any

import pytest

from maild.decide.decision import SendFile
from maild.decide.facts import Spent
from storage.records import HeldFile
from tests.maild.decide.cases import ANNE, JEAN, of
from tests.maild.decide.verbs.orders import run


def held(name: str = "a.exe", **values: Any) -> HeldFile:
    """A file of Jean's."""
    made: dict[str, Any] = {
        "mail": "m" * 64, "sender": JEAN, "filename": name, "content_type": "application/octet-stream",
        "size": 3, "sha256": name * 8, "held": "program .exe",
    }  # fmt: skip
    return HeldFile(**(made | values))


def known(*files: HeldFile) -> dict[str, Any]:
    """What was looked up."""
    return {"held_files": {1001: files}}


@pytest.mark.parametrize(
    ("text", "name", "place"),
    [
        ("#fichier 2", "b.js", 2),
        ("#file 1", "a.exe", 1),
        ("#bestand 1", "a.exe", 1),
        ("#datei ETNIC-1001 2", "b.js", 2),
        ("#pièce-jointe 2", "b.js", 2),
    ],
)
def test_by_its_number(text: str, name: str, place: int) -> None:
    """A number alone is the file's, not a ticket's."""
    result = run(text, known=known(held(), held("b.js", held="script .js")))
    (sent,) = of(result, SendFile)
    assert (sent.file, sent.place, sent.mail) == (name * 8, place, "m" * 64)
    assert (sent.to.address, sent.language, sent.withheld) == (ANNE, "fr", "")
    assert result.lines == ()


def test_the_only_one_needs_no_number() -> None:
    """What comes with it names it, its sender and the reason."""
    (sent,) = of(run("#fichier", known=known(held())), SendFile)
    assert sent.lines[0] == f"#fichier\u00a0: voici a.exe, reçu de {JEAN} et retenu\u00a0: programme (.exe)."
    assert ".held" in sent.lines[1]
    assert sent.gone == "#fichier\u00a0: a.exe n’est plus conservé"


@pytest.mark.parametrize(
    "text", ["#fichier", "#fichier 0", "#fichier 3", "#fichier facture", "#fichier 99999999"]
)
def test_without_a_number_he_reads_which_there_are(text: str) -> None:
    """With an example, and why each is held."""
    result = run(text, known=known(held(), held("", held="inside macro VBA")))
    assert (result.refused, result.changes) == (True, ())
    assert result.lines[0].split("\n") == [
        "#fichier\u00a0: quel fichier de ETNIC-1001\u00a0? Par exemple\u00a0: #fichier 1",
        "1. a.exe\u00a0: programme (.exe)",
        "2. application/octet-stream\u00a0: contient\u00a0: document avec macros (VBA)",
    ]


def test_of_very_many_the_first_are_named() -> None:
    """And how many more there are."""
    lines = run("#fichier", known=known(*[held()] * 60)).lines[0].split("\n")
    assert (len(lines), lines[-1]) == (52, "… + 10")


@pytest.mark.parametrize(
    ("files", "said"),
    [((), "aucun fichier de ETNIC-1001 n’est retenu"), ((held(size=18_000_001),), "trop volumineux")],
)
def test_what_cannot_be_sent(files: tuple[HeldFile, ...], said: str) -> None:
    """Nothing is held, or it is too large for a mail."""
    result = run("#fichier 1", known=known(*files))
    assert result.refused
    assert said in result.lines[0]


def test_a_program_that_asks_without_end_gets_nothing() -> None:
    """What it would get is recorded, and does not leave."""
    spent = (Spent(scope="total", allowed=1, used=1, span="1h"),)
    (sent,) = of(run("#fichier 1", known=known(held()) | {"spent": spent}), SendFile)
    assert sent.withheld.startswith("budget")
