"""A command in its place: what its author wrote, what it may know, what it brings about (pure).

Stands under ``commands`` and the modules of ``verbs``, which say what each verb does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from maild.decide.case import Case
from maild.decide.consequences import number_of
from maild.decide.decision import Change
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Agent, Policy
from parsers.commands import CommandLine


class Text(StrEnum):
    """What becomes of the words below a command."""

    RELAYED = "relayed"  # they go to the requester, as they would without it
    NOTE = "note"  # they stay with the desk
    OWN = "own"  # the command itself does something with them


class Ask(StrEnum):
    """What must be looked up for a command, besides the tickets that its line names."""

    IN_HAND = "in_hand"  # the tickets of its author
    STORY = "story"  # every message and event of the ticket
    MAIL = "mail"  # the mails that may be meant: of a notification, of the line, the first and the last
    AUTHOR = "author"  # how the author of what is handed on may be answered
    LAST_CHANGE = "last_change"  # what was done last with the ticket
    ANSWERS = "answers"  # the answers to the requester that have not left
    TEAM_ANSWER = "team_answer"  # what a specialist team answered last
    PERSON = "person"  # what is settled of the people whom its line names
    CANNED = "canned"  # the operator's canned answers
    HELD = "held"  # the files of the ticket that are held


class Tickets(StrEnum):
    """Whether a command may name its tickets, directly behind the verb."""

    NONE = "none"  # a number there is its own matter: the ticket to merge into, an extension that called
    ALONE = "alone"  # tickets, and nothing behind them
    FIRST = "first"  # tickets, then what the command needs
    WORDS = "words"  # tickets alone, or marked as such ("ETNIC-1042") before any words


def _never(argument: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One command line: who wrote it, on which ticket, above which words.

    ``state``: the ticket as the commands above have left it; None where the mail belongs to none. ``words``:
    what stands below the commands, ``note`` where it stays with the desk. ``text``: what becomes of it.
    """

    line: CommandLine
    agent: Agent
    state: TicketFacts | None
    words: str
    case: Case
    note: str = ""
    text: Text = Text.RELAYED

    @property
    def answers(self) -> bool:
        """The words below the commands go to the requester: an answer, which stops the clock."""
        return self.text is Text.RELAYED and bool(self.words.strip())

    @property
    def facts(self) -> Facts:
        """What is known."""
        return self.case.facts

    @property
    def policy(self) -> Policy:
        """How this desk judges."""
        return self.case.policy

    @property
    def at(self) -> datetime:
        """The instant of the act: when the mail reached the desk, however late it is read."""
        return self.facts.arrived_at

    @property
    def hand(self) -> str:
        """The address of its author where he can have a ticket in hand; "" for an operator at the shell."""
        return self.agent.address if self.policy.agent(self.agent.address) is not None else ""

    @property
    def here(self) -> TicketFacts:
        """The ticket.

        Raises:
            ValueError: the command may not stand where there is none.
        """
        if self.state is None:
            raise ValueError(f"#{self.line.verb} needs a ticket")
        return self.state

    @property
    def number(self) -> str:
        """The ticket's number as people write it, "" where there is none."""
        return number_of(self.state, self.policy) if self.state is not None else ""

    def say(self, sentences: "Sentences", what: str, **values: str) -> str:
        """A sentence of a table, in the author's language, with the verb as he wrote it."""
        return said(sentences, what, self.agent.language, verb=self.line.verb, number=self.number, **values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command brings about, and the line that its author reads; "" where a letter of its own does."""

    line: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a command cannot be run, with an example: then nothing of its mail is."""

    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One verb. ``names``: French first, then English, then what people type.

    ``usage``: how it is written, by language; ``help``: what it does, by language. ``text``: what becomes of
    the words below, where it depends by the line itself. ``fresh``: it may stand in
    a mail that belongs to no ticket. ``settles``: what of the ticket it decides ("status", "hands", "" for
    nothing that another could, both with a blank between): two that settle the same are not run together.
    ``tickets``: whether it may name its tickets; ``is_own``: of an argument that begins with a bare number,
    whether that is none, but a span or a name.
    """

    names: tuple[str, ...]
    usage: Mapping[str, str]
    help: Mapping[str, str]
    run: Callable[[Order], Outcome | Refusal]
    text: Text | Callable[[CommandLine], Text] = Text.RELAYED
    fresh: bool = False
    asks: frozenset[Ask] = frozenset()
    settles: str = ""
    tickets: Tickets = Tickets.NONE
    is_own: Callable[[str], bool] = _never

    def text_below(self, line: CommandLine) -> Text:
        """What becomes of the words below this very line."""
        return self.text(line) if callable(self.text) else self.text

    def written(self, language: str) -> str:
        """How it is written, in the language of whoever writes it, else in English."""
        return self.usage.get(language, self.usage["en"])

    def does(self, language: str) -> str:
        """What it does, in the reader's language, else in English."""
        return self.help.get(language, self.help["en"])


# "1042", "#1042", "ETNIC-1042": the tickets that an argument names.
_NUMBER = re.compile(r"(?<![\w./:-])(?:#|[A-Za-z]{2,20}-)?(\d{1,9})(?![\w./:-])")
MOST_NUMBERS = 20


def numbers_in(argument: str) -> tuple[int, ...]:
    """The tickets that an argument names."""
    return tuple(dict.fromkeys(int(n) for n in _NUMBER.findall(argument)))[:MOST_NUMBERS]


Sentences: TypeAlias = Mapping[str, Mapping[str, str]]


def said(sentences: Sentences, what: str, language: str, **values: str) -> str:
    """A sentence to an agent in his language, else in English."""
    spoken = sentences[what]
    return spoken.get(language, spoken["en"]).format(**values)
