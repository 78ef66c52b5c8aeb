"""Canned answers of the operator's, by name."""

import pytest

from maild.decide.decision import SendRelay, StopClocks, TakeInCharge
from maild.decide.facts import Canned
from storage.records import Status
from tests.maild.decide.cases import of
from tests.maild.decide.verbs.orders import run

KNOWN = {
    "canned": Canned(
        names=("delai", "mot-de-passe"), texts={(1001, "délai"): "Il faut attendre.", (1001, "DELAI"): "Oui."}
    )
}


def test_a_canned_answer_is_an_answer() -> None:
    """It goes to the requester, takes the ticket in charge and stops the clock."""
    result = run("#modèle délai", known=KNOWN)
    (sent,) = of(result, SendRelay)
    assert (sent.notice, sent.values, sent.text) == ("canned", (("text", "Il faut attendre."),), "")
    assert of(result, StopClocks)
    assert of(result, TakeInCharge)
    assert result.lines == ("#modèle\u00a0: fait, « delai » est envoyé au demandeur de ETNIC-1001",)


def test_words_below_go_with_it() -> None:
    """Once."""
    (sent,) = of(run("#template DELAI\n\nEt courage !\n", known=KNOWN), SendRelay)
    assert (sent.values, sent.text) == ((("text", "Oui."),), "Et courage !")


def test_below_a_note_they_stay_inside() -> None:
    """While the canned answer goes."""
    (sent,) = of(run("#note\n#modèle délai\nClient difficile.", known=KNOWN), SendRelay)
    assert sent.text == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#modèle", "quel modèle\u00a0? delai, mot-de-passe. Par exemple\u00a0: #modèle delai"),
        ("#modèle absent", "aucun modèle ne s’appelle « absent ». Il y a\u00a0: delai, mot-de-passe"),
    ],
)
def test_a_name_that_there_is_not(text: str, said: str) -> None:
    """Nothing is sent, and the answer has the names."""
    result = run(text, known=KNOWN)
    assert (result.refused, result.changes) == (True, ())
    assert said in result.lines[0]


def test_where_there_are_none_that_is_said() -> None:
    """An operator may take them all away."""
    assert "il n’y a aucun modèle" in run("#modèle").lines[0]


def test_what_is_over_is_not_answered_by_it() -> None:
    """As by no other words."""
    assert run("#modèle délai", known=KNOWN, status=Status.CLOSED).refused
