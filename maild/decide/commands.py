"""What each mail command does, who may use it, and its help line (pure; DESIGN section 6).

Asked by ``message.decide`` when an agent who has proven himself writes ``#words`` at the top. Dispatch,
help and the "did you mean" answer are all made from one tuple. All or nothing: one word that is not
understood, and nothing is run.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from maild.decide.decision import Change, Note, StopClocks, TakeInCharge
from maild.decide.facts import Facts, TicketFacts
from maild.decide.policy import Agent, Policy
from parsers.commands import CommandLine, command_key
from storage.records import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command brings about, and the line that its author reads."""

    line: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A command line in its place: who, on which ticket, when."""

    line: CommandLine
    agent: Agent
    state: TicketFacts
    facts: Facts
    policy: Policy

    @property
    def number(self) -> str:
        """The ticket's number as people write it."""
        return f"{self.policy.desk.prefix}-{self.state.ticket.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One verb. ``names``: French first, then English, then what people type."""

    names: tuple[str, ...]
    help: tuple[tuple[str, str], ...]  # language -> what it does
    run: Callable[[Order], Outcome]


def _take(order: Order) -> Outcome:
    ticket = order.state.ticket
    if ticket.status not in (Status.NEW, Status.TAKEN, Status.WAITING):
        line = said(
            "ended",
            order.agent.language,
            verb=order.line.verb,
            number=order.number,
            status=ticket.status.value,
        )
        return Outcome(line=line)
    changes: tuple[Change, ...] = (
        TakeInCharge(agent=order.agent.address, at=order.facts.now),
        StopClocks(at=order.facts.now, by=order.agent.address, act="take"),
    )
    done = said("take", order.agent.language, number=order.number, agent=order.agent.name)
    return Outcome(line=f"#{order.line.verb}{done}", changes=changes)


def _help(order: Order) -> Outcome:
    lines = help_lines(order.agent.language)
    return Outcome(line="\n".join(lines), changes=(Note(kind="help", actor=order.agent.address),))


_SAID = {
    "take": {
        "fr": "\u00a0: fait, {number} est pris en charge par {agent}",
        "nl": ": gedaan, {number} is in behandeling bij {agent}",
        "de": ": erledigt, {number} wird von {agent} bearbeitet",
        "en": ": done, {number} is taken in charge by {agent}",
    },
    "ended": {
        "fr": "#{verb}\u00a0: {number} est « {status} », rien n’a changé",
        "nl": "#{verb}: {number} is '{status}', er is niets gewijzigd",
        "de": "#{verb}: {number} ist „{status}“, nichts wurde geändert",
        "en": "#{verb}: {number} is {status}, nothing changed",
    },
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
    "kept": {
        "fr": "Votre texte est gardé comme note interne sur {number}\u00a0; "
        "rien n’a été envoyé au demandeur.",
        "nl": "Uw tekst is als interne nota bij {number} bewaard; er is niets naar de aanvrager gestuurd.",
        "de": "Ihr Text liegt als interne Notiz bei {number}; an den Anfragenden wurde nichts gesendet.",
        "en": "Your text is kept as an internal note on {number}; nothing was sent to the requester.",
    },
    "unproven": {
        "fr": "Rien n’a été exécuté\u00a0: nous n’avons pas pu vérifier que ce message vient bien de vous. "
        "Répondez directement à la notification du ticket.",
        "nl": "Er is niets uitgevoerd: wij konden niet nagaan of dit bericht echt van u komt. "
        "Antwoord rechtstreeks op de melding van het ticket.",
        "de": "Nichts wurde ausgeführt: Wir konnten nicht prüfen, ob diese Nachricht von Ihnen stammt. "
        "Bitte antworten Sie direkt auf die Benachrichtigung des Tickets.",
        "en": "Nothing was run: we could not verify that this message is yours. "
        "Please reply directly to the ticket's notification.",
    },
}

COMMANDS: tuple[Command, ...] = (
    Command(
        names=("prendre", "take", "prends", "pris", "prise-en-charge"),
        help=(
            ("fr", "prendre le ticket en charge"),
            ("nl", "het ticket in behandeling nemen"),
            ("de", "das Ticket übernehmen"),
            ("en", "take the ticket in charge"),
        ),
        run=_take,
    ),
    Command(
        names=("aide", "help", "hulp", "hilfe"),
        help=(
            ("fr", "recevoir cette liste"),
            ("nl", "deze lijst ontvangen"),
            ("de", "diese Liste erhalten"),
            ("en", "receive this list"),
        ),
        run=_help,
    ),
)

_BY_NAME = {command_key(name): command for command in COMMANDS for name in command.names}


def said(what: str, language: str, **values: str) -> str:
    """A sentence to an agent in his language."""
    sentences = _SAID[what]
    return sentences.get(language, sentences["en"]).format(**values)


def help_lines(language: str) -> tuple[str, ...]:
    """One line a command: French and English name, what it does."""
    return tuple(_help_line(command, language) for command in COMMANDS)


def _help_line(command: Command, language: str) -> str:
    texts = dict(command.help)
    return f"#{command.names[0]} / #{command.names[1]} – {texts.get(language, texts['en'])}"


def unknown(lines: tuple[CommandLine, ...], language: str) -> tuple[str, ...]:
    """What to say of the words that are no command; empty when all are understood."""
    return tuple(_no_such(line, language) for line in lines if line.key not in _BY_NAME)


def _no_such(line: CommandLine, language: str) -> str:
    near = difflib.get_close_matches(line.key, _BY_NAME, n=1, cutoff=0.6)
    hint = said("hint", language, name=_BY_NAME[near[0]].names[0]) if near else ""
    return said("unknown", language, verb=line.verb, hint=hint)


def run(
    lines: tuple[CommandLine, ...], agent: Agent, state: TicketFacts, facts: Facts, policy: Policy
) -> tuple[Outcome, ...]:
    """Run every command of a mail; ask ``unknown`` first."""
    return tuple(
        _BY_NAME[line.key].run(Order(line=line, agent=agent, state=state, facts=facts, policy=policy))
        for line in lines
    )
