"""In whose hands a ticket is."""

from dataclasses import replace
from datetime import date

import pytest

from maild.decide.decision import Brief, StopClocks
from maild.decide.policy import Team
from storage.records import Status
from tests.maild.decide.cases import ANNE, HOUR, NOON, of
from tests.maild.decide.verbs.orders import AGENT, BOB, DESK, amended, run


@pytest.mark.parametrize(
    "verb",
    ["assigner", "ASSIGNER", "assign", "Assigne", "attribuer", "confier", "réassigner", "reassign",
     "toewijzen", "zuweisen"],
)  # fmt: skip
def test_a_ticket_is_handed_to_a_colleague(verb: str) -> None:
    """It is his, its clocks stop, and he gets it with the name of who did it."""
    result = run(f"#{verb} bob")
    assert amended(result) == {"status": "taken", "taken_at": NOON, "assignee": "bob@etnic.test"}
    assert of(result, StopClocks) == [StopClocks(at=NOON, by=ANNE, act="assign")]
    assert of(result, Brief) == [Brief(recipients=(("bob@etnic.test", "nl"),), reason="assigned", by="Anne")]
    assert result.lines == (f"#{verb}\u00a0: fait, ETNIC-1001 est confié à Bob",)


def test_a_ticket_is_handed_to_a_team() -> None:
    """Nobody has it in hand then, and whoever of the team is there gets it."""
    result = run("#assign l'équipe réseau", assignee=ANNE, status=Status.TAKEN, taken_at=NOON - HOUR)
    assert amended(result) == {"assignee": "", "team": "réseau"}
    assert of(result, Brief) == [Brief(recipients=(("bob@etnic.test", "nl"),), reason="handed", by="Anne")]


def test_a_team_with_an_address_gets_one_letter() -> None:
    """And has no agents who could be away."""
    desk = replace(DESK, teams=(Team(name="stockage", address="stockage@etnic.test"),))
    result = run("#assign stockage", desk=desk)
    assert of(result, Brief)[0].recipients == (("stockage@etnic.test", "fr"),)
    assert "attention" not in result.lines[0]


def test_who_is_away_gets_no_letter_and_who_hands_it_to_him_is_told() -> None:
    """Until when, in words."""
    away = replace(BOB, away=((date(2024, 11, 20), date(2024, 11, 29)),))
    result = run("#assigner bob", desk=replace(DESK, agents=(AGENT, away)))
    assert amended(result)["assignee"] == "bob@etnic.test"
    assert of(result, Brief) == []
    assert "Bob est absent jusqu’au vendredi 29 novembre 2024 inclus" in result.lines[0]
    team = run("#assigner réseau", desk=replace(DESK, agents=(AGENT, away)))
    assert "personne de l’équipe réseau n’est présent" in team.lines[0]


@pytest.mark.parametrize("word", ["moi", "me", "Anne", ANNE])
def test_nobody_is_told_of_his_own_act(word: str) -> None:
    result = run(f"#assigner {word}")
    assert amended(result)["assignee"] == ANNE
    assert of(result, Brief) == []


def test_a_waiting_ticket_goes_on_waiting() -> None:
    """Whoever has it now hears when it wakes."""
    result = run("#assigner bob", status=Status.WAITING, wake_at=NOON + HOUR)
    assert "status" not in amended(result)


def test_what_is_said_inside_reaches_the_colleague() -> None:
    """A note above which it is handed on."""
    result = run("#assigner bob\n#note\n\nPeux-tu regarder ?")
    assert of(result, Brief)[0].words == "Peux-tu regarder ?"
    assert of(run("#assigner bob\n\nBonjour Jean"), Brief)[0].words == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#assigner", "à qui"),
        ("#assigner bop", "vouliez-vous dire Bob"),
        ("#assigner Zoé", "« Zoé » est inconnu, rien n’a changé ; écrivez par exemple #assigner moi"),
        ("#prendre\n#assigner bob", "ne vont pas ensemble"),
    ],
)
def test_what_is_not_certain_changes_nothing(text: str, said: str) -> None:
    """With whom there is, and an example."""
    result = run(text)
    assert (result.refused, result.changes) == (True, ())
    assert said in result.lines[0].replace("\u00a0", " ")


@pytest.mark.parametrize("ended", [Status.RESOLVED, Status.CLOSED, Status.SPAM, Status.MERGED])
def test_what_is_over_is_handed_to_nobody(ended: Status) -> None:
    result = run("#assigner bob", status=ended)
    assert (result.refused, result.changes) == (True, ())
