"""Whom a person means by a word or two."""

from datetime import date

import pytest

from maild.decide.policy import Agent, Team
from maild.decide.whom import Unfound, teams, whom
from tests.maild.decide.cases import ANNE, policy

ME = Agent(name="Anne Dupont", address=ANNE)
BOB = Agent(name="Bob Élan", address="bob.e@etnic.test", teams=("desk", "réseau"))
ROBERT = Agent(name="Robert Dupont", address="rd@etnic.test", away=((date(2024, 11, 20), date(2024, 12, 1)),))
DESK = policy(agents=(ME, BOB, ROBERT), teams=(Team(name="réseau", address="reseau@etnic.test"),))


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("bob.e@etnic.test", "Bob Élan"),
        ("Bob Élan <bob.e@etnic.test>", "Bob Élan"),
        ("bob.e@etnic.test<mailto:bob.e@etnic.test>", "Bob Élan"),
        ("bob.e", "Bob Élan"),
        ("bob", "Bob Élan"),
        ("BOB ELAN.", "Bob Élan"),
        ("élan", "Bob Élan"),
        ("  bob   élan ", "Bob Élan"),
        ("@bob", "Bob Élan"),
        ("à Bob", "Bob Élan"),
        ("to bob", "Bob Élan"),
        ("Rob", "Robert Dupont"),
        ("rd", "Robert Dupont"),
        ("moi", "Anne Dupont"),
        ("Me", "Anne Dupont"),
        ("mij", "Anne Dupont"),
        ("mich", "Anne Dupont"),
        ("réseau", "réseau"),
        ("RESEAU", "réseau"),
        ("res", "réseau"),
        ("l'équipe réseau", "réseau"),
        ("team desk", "desk"),
        ("desk", "desk"),
    ],
)
def test_whoever_is_named_plainly_is_found(word: str, name: str) -> None:
    """By address, local part, name, words or a beginning that no other has; accents and case are nothing."""
    found = whom(DESK, word, ME)
    assert not isinstance(found, Unfound)
    assert found.name == name


@pytest.mark.parametrize(
    ("word", "near"),
    [("bop", "Bob Élan"), ("résau", "réseau"), ("xyzzy", ""), ("b", ""), ("", ""), ("z@x.be", "")],
)
def test_nobody_is_guessed(word: str, near: str) -> None:
    """The closest one is only named, and whom there is."""
    found = whom(DESK, word, ME)
    assert found == Unfound(near=near, choices=("Anne Dupont", "Bob Élan", "Robert Dupont", "desk", "réseau"))


def test_a_name_that_two_have_is_nobody_s() -> None:
    """Both are named, with what tells them apart."""
    found = whom(DESK, "dupont", ME)
    assert isinstance(found, Unfound)
    assert found.several
    assert found.choices == (f"Anne Dupont <{ANNE}>", "Robert Dupont <rd@etnic.test>")


def test_a_team_is_one_however_it_is_configured() -> None:
    """With a table of its own, or only named by its agents."""
    assert [(team.name, team.address) for team in teams(DESK)] == [
        ("desk", ""),
        ("réseau", "reseau@etnic.test"),
    ]
