"""The mail commands: one table, of which dispatch, help and "did you mean" are made (pure; DESIGN 6).

Asked by ``agents`` when an agent who has proven himself writes ``#words`` at the top, and by
``ingest.gather``, to know what to look up for them. All or nothing: one line that is not understood, and
nothing is run.
"""

import difflib
import re
from dataclasses import dataclass

from maild.decide.case import Case
from maild.decide.decision import Change
from maild.decide.facts import TicketFacts
from maild.decide.novelty import News
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text, said
from maild.decide.policy import Agent
from maild.decide.verbs import asking, charge
from parsers.commands import CommandBlock, CommandLine, command_key, parse_commands

_VERBS: tuple[Command, ...] = (charge.TAKE, charge.NOTE)
COMMANDS: tuple[Command, ...] = (*_VERBS, asking.help_of(_VERBS))

_BY_NAME = {command_key(name): command for command in COMMANDS for name in command.names}
# "1042", "#1042", "ETNIC-1042": the tickets that an argument names.
_NUMBER = re.compile(r"(?<![\w./:-])(?:#|[A-Za-z]{2,20}-)?(\d{1,9})(?![\w./:-])")
_MOST_NUMBERS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of the commands of a mail: the lines that their author reads, and the changes.

    ``refused``: nothing is run. ``text``: what becomes of the words below them.
    """

    lines: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    refused: bool = False
    text: Text = Text.RELAYED


def block_of(new: News) -> CommandBlock:
    """What stands at the top of the mail itself: a line of ours that was left out ends the orders."""
    block = parse_commands(new.opening)
    return CommandBlock(commands=block.commands, rest=block.rest + new.text[len(new.opening) :])


def command_of(line: CommandLine) -> Command | None:
    """The verb of a line; None for a word that is none."""
    return _BY_NAME.get(line.key)


def may_be_fresh(block: CommandBlock) -> bool:
    """Whether these commands make sense in a mail that belongs to no ticket."""
    return bool(block.commands) and all(
        command is None or command.fresh for command in map(command_of, block.commands)
    )


def asked(block: CommandBlock) -> frozenset[Ask]:
    """What must be looked up for the commands of a mail."""
    return frozenset(ask for line in block.commands if (c := command_of(line)) for ask in c.asks)


def numbers(block: CommandBlock) -> tuple[int, ...]:
    """The tickets that the arguments of commands name."""
    found = (int(n) for line in block.commands for n in _NUMBER.findall(line.argument))
    return tuple(dict.fromkeys(found))[:_MOST_NUMBERS]


def numbers_in(argument: str) -> tuple[int, ...]:
    """The tickets that one argument names."""
    return tuple(dict.fromkeys(int(n) for n in _NUMBER.findall(argument)))[:_MOST_NUMBERS]


def run(block: CommandBlock, agent: Agent, state: TicketFacts | None, case: Case) -> Result:
    """Run every command of a mail, or none."""
    if unknown := tuple(_no_such(line, agent.language) for line in block.commands if not command_of(line)):
        return Result(lines=unknown, refused=True)
    ran = [_run(line, block.rest, agent, state, case) for line in block.commands]
    if refused := tuple(one.line for one in ran if isinstance(one, Refusal)):
        nothing = (said(_SAID, "nothing", agent.language),) if len(ran) > 1 else ()
        return Result(lines=(*refused, *nothing), refused=True)
    done = [one for one in ran if isinstance(one, Outcome)]
    return Result(
        lines=tuple(one.line for one in done),
        changes=tuple(change for one in done for change in one.changes),
        text=_text(block),
    )


def _run(
    line: CommandLine, words: str, agent: Agent, state: TicketFacts | None, case: Case
) -> Outcome | Refusal:
    command = _BY_NAME[line.key]
    if state is None and not command.fresh:
        return Refusal(line=said(_SAID, "no_ticket", agent.language, verb=line.verb))
    return command.run(Order(line=line, agent=agent, state=state, words=words, case=case))


def _text(block: CommandBlock) -> Text:
    """A note keeps everything inside; else one command that wants the words has them."""
    wanted = {command.text for line in block.commands if (command := command_of(line))}
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
