"""What kind of ticket it is, and how pressing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from maild.decide.decision import Brief, StopClocks
from maild.decide.policy import Category
from storage.records import Status
from tests.maild.decide.cases import ANNE, clock, of
from tests.maild.decide.verbs.orders import DESK, amended, run

SORTED = replace(
    DESK,
    categories=(
        Category(name="incident", team="réseau", priority="haute", limit=timedelta(hours=4)),
        Category(name="Accès", priority="P1"),
    ),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#priorité haute", "haute"),
        ("#priorite HAUTE", "haute"),
        ("#priority high", "haute"),
        ("#prio hoch", "haute"),
        ("#prioriteit hoog", "haute"),
        ("#prio urgent", "haute"),
        ("#priorité normale", "normale"),
        ("#priority normal", "normale"),
        ("#prioriteit normaal", "normale"),
        ("#priorité basse.", "basse"),
        ("#priority low", "basse"),
        ("#priorität niedrig", "basse"),
        ("#priorité p1", "P1"),
    ],
)
def test_a_priority_is_no_act(text: str, value: str) -> None:
    """In each language; those that the configuration names besides."""
    result = run(text, desk=SORTED, running=(clock(),))
    assert amended(result) == {"priority": value}
    assert of(result, StopClocks) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#catégorie incident", "incident"),
        ("#category INCIDENT", "incident"),
        ("#catégorie panne", "incident"),
        ("#kategorie Störung", "incident"),
        ("#catégorie demande", "demande"),
        ("#catégorie demande de service", "demande"),
        ("#category service request", "demande"),
        ("#category aanvraag", "demande"),
        ("#catégorie acces", "Accès"),
        ("#catégorie acc", "Accès"),
        ("#classer dem", "demande"),
    ],
)
def test_a_category_is_one_of_the_desk_s(text: str, value: str) -> None:
    """Those of the configuration, and the two that there are without it."""
    assert amended(run(text, desk=SORTED))["category"] == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#priorité", "laquelle"),
        ("#priorité mauve", "« mauve » n’est pas une priorité"),
        ("#catégorie", "laquelle"),
        ("#catégorie in", "n’est pas une catégorie"),
        ("#catégorie café", "#catégorie incident (incident, demande, Accès)"),
    ],
)
def test_what_is_none_changes_nothing(text: str, said: str) -> None:
    """With those that there are."""
    result = run(text, desk=SORTED)
    assert (result.refused, result.changes) == (True, ())
    assert said in result.lines[0].replace("\u00a0", " ")


def test_a_category_brings_what_the_ticket_has_not_got() -> None:
    """Its team and its priority; the team hears of it where nobody has the ticket in hand."""
    result = run("#catégorie incident", desk=SORTED)
    assert amended(result) == {"category": "incident", "team": "réseau", "priority": "haute"}
    assert of(result, Brief) == [Brief(recipients=(("bob@etnic.test", "nl"),), reason="handed", by="Anne")]
    assert result.lines[0].endswith("catégorie «\u00a0incident\u00a0», équipe réseau, priorité haute")
    assert of(run("#catégorie incident", desk=SORTED, assignee=ANNE), Brief) == []
    kept = run("#catégorie incident", desk=SORTED, team="stockage", priority="basse")
    assert amended(kept) == {"category": "incident"}


@pytest.mark.parametrize("text", ["#priorité haute", "#catégorie incident"])
def test_what_has_ended_can_still_be_sorted(text: str) -> None:
    """For the report; a merged ticket is sorted in its survivor."""
    assert not run(text, status=Status.CLOSED).refused
    assert run(text, status=Status.MERGED).refused
