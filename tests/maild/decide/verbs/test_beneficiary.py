"""Who the sender is: what an agent's words settle, and what the requester hears of it."""

from typing import Any

import pytest

from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import Amend, SendRelay, Settle, StopClocks, TakeInCharge
from maild.decide.order import Text
from maild.decide.policy import Agent, Beneficiary
from maild.decide.standing import register
from parsers.commands import parse_commands
from storage.records import Status
from tests.maild.decide.cases import ANNE, JEAN, facts, mail, policy, state

AGENT = Agent(name="Anne", address=ANNE, language="fr")
LISTED = register(
    (
        Beneficiary(entity="FWB", domains=("cfwb.be",)),
        Beneficiary(entity="Ville", domains=("v.be",), status="study"),
    )
)


def run(text: str, **ticket: Any) -> Result:
    """The commands of a text, run by Anne on Jean's ticket."""
    case = weighed(mail(), MailKind.AGENT, facts(), policy(beneficiaries=LISTED))
    return commands.run(parse_commands(text), AGENT, state(**ticket), case)


def amended(result: Result) -> dict[str, Any]:
    """The columns that change."""
    (change,) = (change for change in result.changes if isinstance(change, Amend))
    return dict(change.values)


@pytest.mark.parametrize(
    ("argument", "status", "entity"),
    [
        ("Commune de Namur", "yes", "Commune de Namur"),
        ("fwb", "yes", "FWB"),
        ("ville", "study", "Ville"),
        ("Étude du notaire Dupont", "yes", "Étude du notaire Dupont"),
        ("Non-Stop SA", "yes", "Non-Stop SA"),
    ],
)
def test_an_entity_is_settled_without_a_letter(argument: str, status: str, entity: str) -> None:
    """And no act: it says nothing to the requester."""
    result = run(f"#bénéficiaire {argument}")
    assert result.changes == (
        Amend(values=(("standing", status), ("entity", entity))),
        Settle(address=JEAN),
    )
    assert f"relève de «\u00a0{entity}\u00a0»" in result.lines[0]
    assert result.text is Text.RELAYED


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("#bénéficiaire à l'étude", "Ancienne"),
        ("#bénéficiaire à-l’étude", "Ancienne"),
        ("#BENEFICIAIRE A L'ETUDE", "Ancienne"),
        ("#beneficiary study", "Ancienne"),
        ("#beneficiary Under Study: Town of Namur", "Town of Namur"),
        ("#bénéficiaire à l'étude : Commune de Namur", "Commune de Namur"),
    ],
)
def test_a_study_sends_the_form(text: str, entity: str) -> None:
    """With the agent's words; that is an answer, and stops the clock."""
    result = run(f"{text}\n\nBonjour Jean.", entity="Ancienne")
    assert amended(result) == {"standing": "study", "entity": entity}
    (sent,) = (change for change in result.changes if isinstance(change, SendRelay))
    assert (sent.notice, dict(sent.values), sent.text.strip()) == (
        "study",
        {"entity": entity},
        "Bonjour Jean.",
    )
    assert any(isinstance(change, StopClocks) for change in result.changes)
    assert result.text is Text.OWN
    assert "formulaire de faisabilité" in result.lines[0]


@pytest.mark.parametrize("word", ["non", "NO", "nee", "nein", "non : Journal"])
def test_no_tells_the_requester(word: str) -> None:
    """Who may answer, and is heard."""
    result = run(f"#bénéficiaire {word}")
    assert amended(result)["standing"] == "no"
    (sent,) = (change for change in result.changes if isinstance(change, SendRelay))
    assert sent.notice == "not_beneficiary"
    assert any(isinstance(change, TakeInCharge) for change in result.changes)


@pytest.mark.parametrize("argument", ["", "oui", "x" * 201])
def test_nothing_that_can_be_settled_is_refused_with_examples(argument: str) -> None:
    """Yes, but in whose name?"""
    result = run(f"#bénéficiaire {argument}")
    assert (result.changes, result.refused) == ((), True)
    assert "#bénéficiaire Commune de Namur" in result.lines[0]


def test_yes_confirms_the_entity_that_is_there() -> None:
    """As after a study."""
    assert amended(run("#bénéficiaire oui", entity="Ville", standing="study")) == {
        "standing": "yes",
        "entity": "Ville",
    }


def test_what_nobody_can_be_asked_about_is_remembered_for_nobody() -> None:
    """Someone who telephoned has no address; a study has nobody to write to."""
    assert run("#bénéficiaire FWB", requester_address="").changes == (
        Amend(values=(("standing", "yes"), ("entity", "FWB"))),
    )
    assert run("#bénéficiaire à l'étude", requester_address="").refused


@pytest.mark.parametrize("status", [Status.MERGED, Status.SPAM])
def test_what_is_no_ticket_any_more_settles_nothing(status: Status) -> None:
    """Its survivor does."""
    assert run("#bénéficiaire FWB", status=status).refused


def test_words_that_a_study_takes_cannot_go_with_another_letter() -> None:
    """An entity goes with any other command."""
    assert run("#bénéficiaire à l'étude\n#hors-périmètre formation").refused
    assert not run("#bénéficiaire FWB\n#hors-périmètre formation").refused
