"""What the service does not include: the words for it, the letter, and what is never refused."""

from typing import Any

import pytest

from maild.compose import NOTICES
from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import Amend, SendRelay, StopClocks, TakeInCharge
from maild.decide.exclusions import EXCLUSIONS, SPAM, SPECIALIST, scope_of
from maild.decide.policy import Agent, Policy, Team
from maild.decide.verbs.status import named
from parsers.commands import command_key, parse_commands
from storage.records import Status
from tests.maild.decide.cases import ANNE, facts, mail, policy, state

AGENT = Agent(name="Anne", address=ANNE, language="fr")


def run(text: str, *, desk: Policy | None = None, agent: Agent = AGENT, **ticket: Any) -> Result:
    """The commands of a text, run by Anne on Jean's ticket."""
    case = weighed(mail(), MailKind.AGENT, facts(), desk or policy())
    return commands.run(parse_commands(text), agent, state(**ticket), case)


@pytest.mark.parametrize(
    ("words", "scope"),
    [
        ("matériel", "matériel"),
        ("MATERIEL", "matériel"),
        ("mate\u0301riel", "matériel"),
        ("logiciel", "matériel"),
        ("Hardware", "matériel"),
        ("Geräte", "matériel"),
        ("formation", "formation"),
        ("training", "formation"),
        ("opleiding", "formation"),
        ("métier", "métier"),
        ("applications métier", "métier"),
        ("business application", "métier"),
        ("citoyen", "citoyen"),
        ("Bürger", "citoyen"),
        ("citizen", "citoyen"),
        ("specialist", SPECIALIST),
        ("spécialistes", SPECIALIST),
        ("spam", SPAM),
        ("", ""),
        ("café", ""),
        ("matériel et formation", ""),
    ],
)
def test_words_for_an_exclusion(words: str, scope: str) -> None:
    """In the four languages, whatever the case and the accents."""
    assert scope_of(words) == scope


@pytest.mark.parametrize("scope", EXCLUSIONS)
@pytest.mark.parametrize("verb", ["#hors-périmètre", "#Hors-Perimetre", "#out-of-scope"])
def test_each_exclusion_has_its_letter(verb: str, scope: str) -> None:
    """An act: the clock stops, the ticket is out of scope for this reason, and the words go along."""
    result = run(f"{verb} {scope}\n\nBonjour Jean,\nVoyez avec votre service.")
    sent, taken, stopped, amended = result.changes
    assert isinstance(sent, SendRelay)
    assert sent.notice == f"out_of_scope_{command_key(scope)}"
    assert sent.notice in NOTICES
    assert "Voyez avec votre service." in sent.text
    assert isinstance(taken, TakeInCharge)
    assert isinstance(stopped, StopClocks)
    assert (stopped.act, stopped.by) == ("out_of_scope", ANNE)
    assert amended == Amend(values=(("status", "out_of_scope"), ("scope", scope), ("wake_at", None)))
    assert result.state is not None
    assert result.state.ticket.status is Status.OUT_OF_SCOPE
    assert f"ETNIC-1001 est hors périmètre ({scope})" in result.lines[0]


def test_a_note_stays_inside() -> None:
    """The letter leaves, without the words that were not for the requester."""
    result = run("#note\n#hors-périmètre formation\n\nEncore lui.")
    (sent,) = (change for change in result.changes if isinstance(change, SendRelay))
    assert (sent.text, sent.notice) == ("", "out_of_scope_formation")


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("", "quel motif"),
        ("café", "« café » n’est pas un motif"),
        ("spam", "« spam » n’est pas un motif"),
        ("matériel formation", "n’est pas un motif"),
    ],
)
def test_an_unknown_reason_is_refused_with_all_five(argument: str, told: str) -> None:
    """And with an example; nothing changes."""
    result = run(f"#hors-périmètre {argument}")
    assert (result.changes, result.refused) == ((), True)
    line = result.lines[0].replace("\u00a0", " ")
    assert told in line
    assert all(scope in line for scope in (*EXCLUSIONS, SPECIALIST))
    assert "#hors-périmètre formation" in line


@pytest.mark.parametrize(
    ("teams", "proposed"),
    [
        ((Team(name="réseau", address="reseau@etnic.test"), Team(name="desk")), "#escalader réseau."),
        ((), "#escalader serveurs."),
    ],
)
def test_specialists_refuse_nothing(teams: tuple[Team, ...], proposed: str) -> None:
    """The escalation is proposed, to the teams that there are."""
    agents = () if teams else (Agent(name="Bob", address="bob@etnic.test", teams=("desk", "serveurs")),)
    result = run("#hors-périmètre spécialiste", desk=policy(teams=teams, agents=(AGENT, *agents)))
    assert (result.changes, result.refused) == ((), False)
    assert "n’est pas refusé" in result.lines[0]
    assert proposed in result.lines[0]


def test_specialists_where_no_team_is_named() -> None:
    """The answer says how it is written all the same."""
    assert "#escalader ÉQUIPE (" in run("#hors-périmètre spécialiste").lines[0]


@pytest.mark.parametrize("status", [Status.CLOSED, Status.MERGED, Status.SPAM])
def test_what_is_over_is_not_refused_any_more(status: Status) -> None:
    """Its requester has had the last word."""
    result = run("#hors-périmètre formation", status=status)
    assert (result.changes, result.refused) == ((), True)
    assert named(status, "fr") in result.lines[0]


def test_the_same_reason_is_not_sent_twice() -> None:
    """Another one is: the agent corrects himself."""
    was: dict[str, Any] = {"status": Status.OUT_OF_SCOPE, "scope": "formation"}
    assert run("#hors-périmètre formation", **was).refused
    assert not run("#hors-périmètre matériel", **was).refused


def test_nobody_to_write_to() -> None:
    """All or nothing: a ticket without an address cannot be refused by letter."""
    result = run("#hors-périmètre formation", requester_address="")
    assert (result.changes, result.refused) == ((), True)
    assert "n’a pas d’adresse" in result.lines[0]
