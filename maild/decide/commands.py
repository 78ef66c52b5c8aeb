"""The mail commands: one table, of which dispatch, help and "did you mean" are made (pure; DESIGN 6).

Asked by ``agents`` when an agent who has proven himself writes ``#words`` at the top, and by
``ingest.gather``, to know what to look up for them. All or nothing: one line that is not understood, and
nothing is run.
"""

import difflib
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

from maild.decide.case import Case
from maild.decide.decision import Amend, Change, StopClocks, TakeInCharge
from maild.decide.facts import TicketFacts
from maild.decide.novelty import News
from maild.decide.order import (
    MOST_NUMBERS,
    Ask,
    Command,
    Order,
    Outcome,
    Refusal,
    Sentences,
    Text,
    numbers_in,
    said,
)
from maild.decide.policy import Agent
from maild.decide.verbs import (
    asking,
    beneficiary,
    canned,
    charge,
    forward,
    holding,
    phone,
    progress,
    repair,
    scope,
    sorting,
    teams,
    undo,
    visits,
)
from parsers.addresses import bare_addresses
from parsers.commands import CommandBlock, CommandLine, command_key, parse_commands
from storage.records import Status, Ticket

_VERBS: tuple[Command, ...] = (
    charge.TAKE,
    charge.ASSIGN,
    charge.NOTE,
    progress.WAIT,
    progress.RESOLVED,
    progress.REOPEN,
    progress.CLOSE,
    sorting.CATEGORY,
    sorting.PRIORITY,
    teams.ESCALATE,
    visits.DISPATCH,
    scope.OUT_OF_SCOPE,
    beneficiary.BENEFICIARY,
    phone.CALL,
    forward.TRANSFER,
    repair.MERGE,
    repair.LINK,
    repair.SPLIT,
    undo.UNDO,
    teams.PASS_ON,
    canned.TEMPLATE,
    asking.WHY,
    asking.FULL,
    asking.LIST,
    progress.SPAM,
    holding.STOP,
    holding.SEND,
)
COMMANDS: tuple[Command, ...] = (*_VERBS, asking.help_of(_VERBS))

_BY_NAME = {command_key(name): command for command in COMMANDS for name in command.names}
# What a notification says of them: the verbs of every day, and the one that tells all others.
_CARD = ("prendre", "note", "assigner", "attente", "résolu", "aide")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the commands of a mail: the lines that their author reads, and the changes.

    ``refused``: nothing is run. ``text``: what becomes of the words below them. ``state``: the ticket as they
    leave it.
    """

    lines: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    refused: bool = False
    text: Text = Text.RELAYED
    state: TicketFacts | None = None


def block_of(new: News) -> CommandBlock:
    """What stands at the top of the mail itself: a line of ours that was left out ends the orders."""
    block = parse_commands(new.opening)
    return CommandBlock(commands=block.commands, rest=block.rest + new.text[len(new.opening) :])


def command_of(line: CommandLine) -> Command | None:
    """The verb of a line; None for a word that is none."""
    return _BY_NAME.get(line.key)


def may_be_fresh(block: CommandBlock) -> bool:
    """Whether these commands make sense in a mail that belongs to no ticket: one of them does, or none is a
    verb at all, so that whoever wrote them hears of it."""
    verbs = [command for line in block.commands if (command := command_of(line))]
    return bool(block.commands) and (not verbs or any(command.fresh for command in verbs))


def orders_afresh(block: CommandBlock) -> bool:
    """Whether one of these commands is made for whoever has no ticket of somebody else before him."""
    return any(command.fresh for line in block.commands if (command := command_of(line)))


def asked(block: CommandBlock) -> frozenset[Ask]:
    """What must be looked up for the commands of a mail."""
    return frozenset(ask for line in block.commands if (c := command_of(line)) for ask in c.asks)


def numbers(block: CommandBlock) -> tuple[int, ...]:
    """The tickets that the arguments of commands name."""
    found = (number for line in block.commands for number in numbers_in(line.argument))
    return tuple(dict.fromkeys(found))[:MOST_NUMBERS]


@lru_cache(maxsize=16)
def card(language: str) -> tuple[str, ...]:
    """The few verbs that an agent needs most, a line each: how it is written, and what it does."""
    known = (_BY_NAME.get(command_key(name)) for name in _CARD)
    return tuple(f"{one.written(language)}: {one.does(language)}" for one in known if one)


def people(block: CommandBlock) -> tuple[str, ...]:
    """The addresses, case folded, that commands name which ask for what is settled of them."""
    lines = (line for line in block.commands if (c := command_of(line)) and Ask.PERSON in c.asks)
    found = (address.casefold() for line in lines for address in bare_addresses(line.argument))
    return tuple(dict.fromkeys(found))[:MOST_NUMBERS]


def run(block: CommandBlock, agent: Agent, state: TicketFacts | None, case: Case) -> Result:
    """Run every command of a mail, or none; each sees the ticket as those above it leave it."""
    if unknown := tuple(_no_such(line, agent.language) for line in block.commands if not command_of(line)):
        return Result(lines=unknown, refused=True)
    if clash := _clash(block, agent.language):
        return Result(lines=(clash,), refused=True)
    ran: list[Outcome | Refusal] = []
    for line in block.commands:
        ran.append(_run(line, block, agent, state, case))
        state = _after(state, ran[-1])
    if refused := tuple(one.line for one in ran if isinstance(one, Refusal)):
        nothing = (said(_SAID, "nothing", agent.language),) if len(ran) > 1 else ()
        return Result(lines=(*refused, *nothing), refused=True)
    done = [one for one in ran if isinstance(one, Outcome)]
    return Result(
        lines=tuple(one.line for one in done if one.line),
        changes=tuple(change for one in done for change in one.changes),
        text=_text(block),
        state=state,
    )


def _run(
    line: CommandLine, block: CommandBlock, agent: Agent, state: TicketFacts | None, case: Case
) -> Outcome | Refusal:
    command, text = _BY_NAME[line.key], _text(block)
    if state is None and not command.fresh:
        return Refusal(line=said(_SAID, "no_ticket", agent.language, verb=line.verb))
    # What is a note must not be in the hands of a verb that writes to the requester.
    words, note = ("", block.rest) if text is Text.NOTE else (block.rest, "")
    inside = replace(case, inside=text is Text.NOTE)
    return command.run(
        Order(line=line, agent=agent, state=state, words=words, note=note, text=text, case=inside)
    )


def _after(state: TicketFacts | None, ran: Outcome | Refusal) -> TicketFacts | None:
    """The ticket as it will be when this has been carried out, as far as other commands look at it."""
    if state is None or isinstance(ran, Refusal):
        return state
    ticket, running = state.ticket, state.running
    for change in ran.changes:
        match change:
            case Amend():
                ticket = _amended(ticket, dict(change.values))
            case TakeInCharge():
                ticket = replace(ticket, status=Status.TAKEN, assignee=change.agent or ticket.assignee)
            case StopClocks():
                running = tuple(clock for clock in running if clock.team)
    return replace(state, ticket=ticket, running=running)


def _amended(ticket: Ticket, values: dict[str, Any]) -> Ticket:
    return replace(ticket, **(values | {"status": Status(values.get("status", ticket.status))}))


def _clash(block: CommandBlock, language: str) -> str:
    """Two commands that would undo each other, or each send the same words; "" where they go together."""
    for one, other in combinations(block.commands, 2):
        if _settled(one) & _settled(other):
            return said(_SAID, "clash", language, one=one.verb, other=other.verb)
    return ""


def _settled(line: CommandLine) -> set[str]:
    command = _BY_NAME[line.key]
    words = {"words"} if command.text_below(line) is Text.OWN else set()
    return words | set(command.settles.split())


def _text(block: CommandBlock) -> Text:
    """A note keeps everything inside; else one command that wants the words has them."""
    wanted = {command.text_below(line) for line in block.commands if (command := command_of(line))}
    return next(text for text in (Text.NOTE, Text.OWN, Text.RELAYED) if text in wanted)


def _no_such(line: CommandLine, language: str) -> str:
    near = difflib.get_close_matches(line.key, _BY_NAME, n=1, cutoff=0.6)
    hint = said(_SAID, "hint", language, name=_BY_NAME[near[0]].names[0]) if near else ""
    return said(_SAID, "unknown", language, verb=line.verb, hint=hint)


_SAID: Sentences = {
    "unknown": {
        "fr": "#{verb}\u00a0: commande inconnue, rien n’a été exécuté{hint}",
        "nl": "#{verb}: onbekende opdracht, niets uitgevoerd{hint}",
        "de": "#{verb}: unbekannter Befehl, nichts wurde ausgeführt{hint}",
        "en": "#{verb}: unknown command, nothing was run{hint}",
    },
    "hint": {
        "fr": "\u00a0; vouliez-vous dire #{name}\u00a0?",
        "nl": "; bedoelde u #{name}?",
        "de": "; meinten Sie #{name}?",
        "en": "; did you mean #{name}?",
    },
    "nothing": {
        "fr": "Aucune des commandes de votre message n’a été exécutée, et rien n’a été envoyé.",
        "nl": "Geen enkele opdracht van uw bericht is uitgevoerd en er is niets verzonden.",
        "de": "Keiner der Befehle Ihrer Nachricht wurde ausgeführt, und nichts wurde gesendet.",
        "en": "None of the commands of your mail was run, and nothing was sent.",
    },
    "clash": {
        "fr": "#{one} et #{other} ne vont pas ensemble, rien n’a été exécuté\u00a0; n’écrivez que l’une des "
        "deux, ou envoyez deux messages",
        "nl": "#{one} en #{other} gaan niet samen, niets uitgevoerd; schrijf er maar één, of stuur twee "
        "berichten",
        "de": "#{one} und #{other} passen nicht zusammen, nichts wurde ausgeführt; schreiben Sie nur eines, "
        "oder senden Sie zwei Nachrichten",
        "en": "#{one} and #{other} do not go together, nothing was run; write only one of them, or send two "
        "mails",
    },
    "no_ticket": {
        "fr": "#{verb}\u00a0: ce message ne porte sur aucun ticket, rien n’a été exécuté\u00a0; répondez à "
        "la notification du ticket, ou mettez son numéro dans l’objet",
        "nl": "#{verb}: dit bericht hoort bij geen ticket, niets uitgevoerd; antwoord op de melding van het "
        "ticket of zet het nummer in het onderwerp",
        "de": "#{verb}: diese Nachricht gehört zu keinem Ticket, nichts wurde ausgeführt; antworten Sie auf "
        "die Benachrichtigung des Tickets oder nennen Sie seine Nummer im Betreff",
        "en": "#{verb}: this mail belongs to no ticket, nothing was run; reply to the ticket's notification, "
        "or put its number in the subject",
    },
}
