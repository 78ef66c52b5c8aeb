"""The table of commands: dispatch, help, and what is said of a word that is none."""

from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages
from string import Formatter
from typing import Any

import pytest

from maild import decide
from maild.decide import commands
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import Note, StopClocks, TakeInCharge
from maild.decide.order import said
from maild.decide.policy import Agent
from maild.decide.verbs import asking
from maild.decide.verbs.status import named
from parsers.commands import command_key, parse_commands
from storage.records import Status
from tests.card import README, with_card
from tests.maild.decide.cases import ANNE, NOON, facts, mail, policy, state

# Every module whose sentences agents read: those of the verbs, and of what runs them.
_MODULES = [import_module(found.name) for found in walk_packages(decide.__path__, f"{decide.__name__}.")]
TABLES = {module.__name__: module._SAID for module in _MODULES if hasattr(module, "_SAID")}
AGENT = Agent(name="Anne", address=ANNE, language="fr")


def run(text: str, *, agent: Agent = AGENT, **ticket: Any) -> Result:
    """The commands of a text, run by Anne on Jean's ticket."""
    case = weighed(mail(), MailKind.AGENT, facts(), policy())
    return commands.run(parse_commands(text), agent, state(**ticket), case)


@pytest.mark.parametrize(
    "text", ["#prendre", "#PRENDRE", "#Take", "#prends", "#prise-en-charge", "＃prendre"]
)
def test_taking_in_charge(text: str) -> None:
    """The ticket is hers, its clocks stop, and she is told."""
    result = run(text)
    taken, stopped = result.changes
    assert taken == TakeInCharge(agent=ANNE, at=NOON)
    assert stopped == StopClocks(at=NOON, by=ANNE, act="take")
    assert result.lines[0].endswith("fait, ETNIC-1001 est pris en charge par Anne")


@pytest.mark.parametrize(
    "ended", [Status.RESOLVED, Status.CLOSED, Status.MERGED, Status.SPAM, Status.OUT_OF_SCOPE]
)
def test_what_is_over_cannot_be_taken(ended: Status) -> None:
    """Nothing changes, and the answer says why."""
    result = run("#prendre", status=ended)
    assert (result.changes, result.refused) == ((), True)
    assert named(ended, "fr") in result.lines[0]
    assert ("#rouvrir" in result.lines[0]) is (ended is not Status.MERGED)


def test_help_names_every_command() -> None:
    """In each language, from the same table that runs them."""
    result = run("#aide")
    assert isinstance(result.changes[0], Note)
    for command in commands.COMMANDS:
        assert asking.help_line(command, "fr") in result.lines[0]
        for usage in command.usage.values():
            assert commands.command_of(parse_commands(usage).commands[0]) is command
        assert set(command.help) == {"fr", "nl", "de", "en"}
    languages = ("fr", "nl", "de", "en")
    assert len({run("#aide", agent=replace(AGENT, language=one)).lines for one in languages}) == 4


def test_the_readme_has_the_card() -> None:
    """Made of the same table: where this fails, run ``make card`` (``python -m tests.card``)."""
    text = README.read_text(encoding="utf-8")
    assert with_card(text) == text


def test_every_command_has_its_place_in_the_list() -> None:
    """Once, under a title of its own."""
    placed = [command_key(name) for _, names in asking.GROUPS for name in names]
    assert len(placed) == len(set(placed))
    assert {command_key(command.names[0]) for command in commands.COMMANDS} <= set(placed)


def test_no_two_commands_answer_to_one_word() -> None:
    """Folded, as they are looked up."""
    names = [command_key(name) for command in commands.COMMANDS for name in command.names]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("#prandre", "#prendre"),
        ("#tak", "#prendre"),
        ("#hlp", "#aide"),
        ("#xyzzy", ""),
        ("#prendre\n#prandre", "#prendre"),
    ],
)
def test_an_unknown_word_gets_the_closest_one(text: str, hint: str) -> None:
    """One sentence for each, and nothing is run."""
    result = run(text)
    (line,) = result.lines
    assert (result.refused, result.changes) == (True, ())
    assert "commande inconnue" in line
    assert ("vouliez-vous dire" in line) is bool(hint)
    assert hint in line


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en", "xx"])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_sentence_is_said_in_every_language(table: Any, language: str) -> None:
    """English where nothing else is known; no language leaves out what another one tells."""
    for what, spoken in table.items():
        told = {one: {name for _, name, _, _ in Formatter().parse(spoken[one]) if name} for one in spoken}
        assert set(told) == {"fr", "nl", "de", "en"}
        assert len(set(map(frozenset, told.values()))) == 1, what
        assert "{" not in said(table, what, language, **dict.fromkeys(told["en"], "x"))


NAMES = {command_key(name) for command in commands.COMMANDS for name in command.names}


@pytest.mark.parametrize("name", sorted(n for n in NAMES if len(n) > 4 and f"{n[:2]}{n[3:]}" not in NAMES))
def test_a_slip_of_the_finger_is_understood(name: str) -> None:
    """Of any name of any command: a letter is missing, and the answer names a command that there is."""
    (line,) = run(f"#{name[:2]}{name[3:]}").lines
    assert any(f"vouliez-vous dire #{c.names[0]}\u00a0?" in line for c in commands.COMMANDS)


def test_one_refusal_refuses_all() -> None:
    """All or nothing, and its author is told so."""
    result = run("#aide\n#prendre", status=Status.CLOSED)
    assert (result.refused, result.changes) == (True, ())
    assert "Aucune des commandes" in result.lines[-1]


def test_help_of_lists_itself() -> None:
    """The list is made of the table, whatever the table is."""
    only = asking.help_of(())
    assert only.names[0] == "aide"


@pytest.mark.parametrize("text", ["#prendre\n#take", "#prends\n#note\n#prendre"])
def test_two_commands_that_settle_the_same_are_not_run_together(text: str) -> None:
    """Both are named."""
    result = run(text)
    assert (result.changes, result.refused) == ((), True)
    assert "ne vont pas ensemble" in result.lines[0]
    first, *_, last = text.split()
    assert result.lines[0].startswith(f"{first} et {last} ")


def test_the_ticket_is_handed_on_as_the_commands_leave_it() -> None:
    """What an answer below them is judged by."""
    result = run("#prendre")
    assert result.state is not None
    assert (result.state.ticket.status, result.state.ticket.assignee) == (Status.TAKEN, ANNE)
