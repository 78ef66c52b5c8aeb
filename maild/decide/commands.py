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

from maild.decide import erased, outside, relays
from maild.decide.case import Case
from maild.decide.consequences import number_of
from maild.decide.decision import Amend, Change, Elsewhere, Note, StopClocks, TakeInCharge
from maild.decide.facts import Facts, TicketFacts
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
    Tickets,
    numbers_in,
    said,
)
from maild.decide.placing import MOST_ORDERS, Placed, example, is_unclear, placed
from maild.decide.policy import Agent, Policy
from maild.decide.verbs import (
    asking,
    beneficiary,
    canned,
    charge,
    files,
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
    files.FILE,
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

    ``refused``: nothing is run. ``text``: what becomes of the words below them. ``state``: the ticket of the
    mail as they leave it; ``verbs``: those of them that were for it. ``elsewhere``: some were for others, so
    that no words leave; ``shared``: the mail itself went to others, so that what only may leave does not.
    """

    lines: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    refused: bool = False
    text: Text = Text.RELAYED
    state: TicketFacts | None = None
    verbs: tuple[str, ...] = ()
    elsewhere: bool = False
    shared: bool = False


def block_of(new: News) -> CommandBlock:
    """What stands at the top of the mail itself: a line of ours that was left out ends the orders."""
    block = parse_commands(new.opening)
    return CommandBlock(commands=block.commands, rest=block.rest + new.text[len(new.opening) :])


def command_of(line: CommandLine) -> Command | None:
    """The verb of a line; None for a word that is none."""
    return _BY_NAME.get(line.key)


def may_be_fresh(block: CommandBlock, policy: Policy) -> bool:
    """Whether these commands make sense in a mail that belongs to no ticket: one of them does, or none is a
    verb at all, so that whoever wrote them hears of it."""
    verbs = [command for line in block.commands if (command := command_of(line))]
    return bool(block.commands) and (not verbs or orders_afresh(block, policy))


def orders_afresh(block: CommandBlock, policy: Policy) -> bool:
    """Whether one of these commands is made for whoever has no ticket of somebody else before him, or names
    its ticket."""
    fresh = any(command.fresh for line in block.commands if (command := command_of(line)))
    return fresh or any(one.named is not None for one in _orders(block, policy))


def asked(block: CommandBlock) -> frozenset[Ask]:
    """What must be looked up for the commands of a mail."""
    return frozenset(ask for line in block.commands if (c := command_of(line)) for ask in c.asks)


def numbers(block: CommandBlock, policy: Policy) -> tuple[int, ...]:
    """The tickets that commands are for, and those that their arguments name."""
    ordered = [one.named for one in _orders(block, policy) if one.named is not None][:MOST_ORDERS]
    found = dict.fromkeys(number for line in block.commands for number in numbers_in(line.argument))
    return tuple(dict.fromkeys((*ordered, *tuple(found)[:MOST_NUMBERS])))


def arguments(block: CommandBlock, policy: Policy) -> frozenset[str]:
    """What stands behind the verbs, without the tickets that they are for."""
    return frozenset(one.line.argument for one in _orders(block, policy) if one.line.argument)


def _orders(block: CommandBlock, policy: Policy) -> tuple[Placed, ...]:
    """An order for each ticket, in their order; a word that is no command is none."""
    return tuple(
        one
        for line in block.commands
        if (command := command_of(line))
        for one in placed(line, command, policy.desk.prefix)
    )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """The orders of a mail for one ticket. ``own``: it is that of the mail, or of neither; ``named``: the
    numbers by which others are meant; ``state``: None where there is no such ticket."""

    state: TicketFacts | None
    own: bool
    lines: tuple[CommandLine, ...]
    named: tuple[int, ...]

    @property
    def text(self) -> Text:
        """What becomes of the words below: a note keeps everything inside; else one command that wants the
        words has them."""
        wanted = {_BY_NAME[line.key].text_below(line) for line in self.lines}
        return next(text for text in (Text.NOTE, Text.OWN, Text.RELAYED) if text in wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What became of a sheet, order by order. ``state``: the ticket as they leave it."""

    sheet: _Sheet
    outcomes: tuple[Outcome | Refusal, ...]
    state: TicketFacts | None


def run(block: CommandBlock, agent: Agent, state: TicketFacts | None, case: Case) -> Result:
    """Run every command of a mail, or none; each sees its ticket as those above it leave it."""
    if unknown := tuple(_no_such(line, agent.language) for line in block.commands if not command_of(line)):
        return Result(lines=unknown, refused=True)
    orders = _orders(block, case.policy)
    sheets = _sheets(orders, state, case.facts)
    if why := _objection(orders, sheets, block, agent.language, case):
        return Result(lines=(why,), refused=True)
    texts = {sheet.text for sheet in sheets}
    text = next(text for text in (Text.NOTE, Text.OWN, Text.RELAYED) if text in texts)
    # What colleagues write to each other reaches no requester unless a verb says so.
    shared = state is not None and text is Text.RELAYED and outside.is_aside(case, state, agent.address)
    if shared:
        block, case = replace(block, rest=""), replace(case, inside=True)
    done = _carried_out(sheets, block, agent, case)
    ran = [one for sheet in done for one in sheet.outcomes]
    if refused := tuple(one.line for one in ran if isinstance(one, Refusal)):
        nothing = (said(_SAID, "nothing", agent.language),) if len(orders) > 1 else ()
        return Result(lines=(*refused, *nothing), refused=True)
    here = next((one for one in done if one.sheet.own), None)
    return Result(
        lines=tuple(one.line for one in ran if one.line),
        changes=tuple(change for one in done for change in _changes(one, block, agent)),
        text=text,
        state=here.state if here is not None else state,
        verbs=tuple(line.key for line in here.sheet.lines) if here is not None else (),
        elsewhere=any(not sheet.own for sheet in sheets),
        shared=shared,
    )


def _sheets(orders: tuple[Placed, ...], state: TicketFacts | None, facts: Facts) -> tuple[_Sheet, ...]:
    """The orders by their tickets, in the order in which these are first meant."""
    own = state.ticket.id if state is not None else 0
    lines: dict[int, list[CommandLine]] = {}
    named: dict[int, list[int]] = {}
    for one in orders:
        found = facts.survivor(one.named) if one.named is not None else state
        key = found.ticket.id if found is not None else -(one.named or 0)
        theirs = lines.setdefault(key, [])
        # A line that names a ticket and another that was merged into it is one order.
        if one.named is None or one.line not in theirs:
            theirs.append(one.line)
        if one.named is not None:
            named.setdefault(key, []).append(one.named)
    return tuple(
        _Sheet(
            state=state if key == own else facts.tickets.get(key),
            own=key == own,
            lines=tuple(theirs),
            named=tuple(dict.fromkeys(named.get(key, ()))),
        )
        for key, theirs in lines.items()
    )


def _objection(
    orders: tuple[Placed, ...], sheets: tuple[_Sheet, ...], block: CommandBlock, language: str, case: Case
) -> str:
    """Why these orders are not run together; "" where they go together."""
    if len(orders) > MOST_ORDERS:
        return said(_SAID, "many", language, most=str(MOST_ORDERS))
    if unclear := next((one.line for one in orders if is_unclear(one, _BY_NAME[one.line.key])), None):
        return said(_SAID, "unclear", language, verb=unclear.verb, given=unclear.argument[:100])
    if clash := next(filter(None, (_clash(sheet, language) for sheet in sheets)), ""):
        return clash
    texts = {sheet.text for sheet in sheets}
    other = next((s.state for s in sheets if not s.own and s.state is not None), None)
    if other is None or Text.OWN not in texts or Text.NOTE in texts:
        return ""
    # Whose words they are is certain only where all is for the ticket that the mail answers.
    if not relays.is_anything(case, other, block.rest):
        return ""
    verb = next(ln.verb for s in sheets for ln in s.lines if _BY_NAME[ln.key].text_below(ln) is Text.OWN)
    return said(_SAID, "words", language, verb=verb, number=number_of(other, case.policy))


def _carried_out(
    sheets: tuple[_Sheet, ...], block: CommandBlock, agent: Agent, case: Case
) -> tuple[_Done, ...]:
    """Every sheet, each knowing the tickets of those above it as they leave them: nobody merges into what a
    line has just closed."""
    elsewhere = any(not sheet.own for sheet in sheets)
    done: list[_Done] = []
    for sheet in sheets:
        done.append(_ran(sheet, block, agent, case, elsewhere=elsewhere))
        if (after := done[-1].state) is not None:
            tickets = {**case.facts.tickets, after.ticket.id: after}
            case = replace(case, facts=replace(case.facts, tickets=tickets))
    return tuple(done)


def _ran(sheet: _Sheet, block: CommandBlock, agent: Agent, case: Case, *, elsewhere: bool) -> _Done:
    """What became of each order for one ticket."""
    state, ran = sheet.state, list[Outcome | Refusal]()
    is_note = sheet.text is Text.NOTE
    # What is a note must not be in the hands of a verb that writes to the requester.
    words = "" if is_note or elsewhere else block.rest
    inside = replace(case, inside=case.inside or is_note or elsewhere)
    for line in sheet.lines:
        order = Order(
            line=line, agent=agent, state=state, words=words, note=block.rest if is_note else "",
            text=sheet.text, case=inside,
        )  # fmt: skip
        ran.append(_run(order, sheet))
        state = _after(state, ran[-1])
    outcomes = (_numbered(one, sheet, case.policy, agent) for one in ran) if elsewhere else ran
    return _Done(sheet=sheet, outcomes=tuple(outcomes), state=state)


def _run(order: Order, sheet: _Sheet) -> Outcome | Refusal:
    command, line, prefix = _BY_NAME[order.line.key], order.line, order.policy.desk.prefix
    if order.state is None and sheet.named:
        return Refusal(line=order.say(_SAID, "no_such", given=order.policy.desk.number(sheet.named[0])))
    if order.state is None and not command.fresh:
        what = "no_ticket" if command.tickets is Tickets.NONE else "which"
        return Refusal(line=order.say(_SAID, what, example=example(line, prefix, order.case.mail.text)))
    return erased.refusal(order) or command.run(order)


def _numbered(one: Outcome | Refusal, sheet: _Sheet, policy: Policy, agent: Agent) -> Outcome | Refusal:
    """The line of one ticket among several, which names it, and the one that was merged into it."""
    if sheet.state is None or not one.line:
        return one
    number = number_of(sheet.state, policy)
    line = one.line if number in one.line else f"{number} – {one.line}"
    merged = (policy.desk.number(n) for n in sheet.named if n != sheet.state.ticket.id)
    told = (said(_SAID, "merged", agent.language, other=other, number=number) for other in merged)
    return replace(one, line=" ".join((line, *told)))


def _changes(done: _Done, block: CommandBlock, agent: Agent) -> tuple[Change, ...]:
    """What the orders for one ticket bring about; on another than the mail's its story tells of them too."""
    sheet = done.sheet
    changes = tuple(change for one in done.outcomes if isinstance(one, Outcome) for change in one.changes)
    if sheet.own or sheet.state is None:
        return changes
    verbs = " ".join(line.key for line in sheet.lines)
    named = Note(kind="command", actor=agent.address, detail=(("verbs", verbs),))
    said_there = (line.argument for line in sheet.lines if _BY_NAME[line.key] is charge.NOTE)
    text = "\n".join(filter(None, (*said_there, block.rest.strip() if sheet.text is Text.NOTE else "")))
    noted = (Note(kind="note", actor=agent.address, detail=(("text", text),)),) if text else ()
    return (Elsewhere(ticket=sheet.state.ticket.id, changes=(named, *noted, *changes)),)


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


def _clash(sheet: _Sheet, language: str) -> str:
    """Two commands that would undo each other, or each send the same words; "" where they go together."""
    for one, other in combinations(sheet.lines, 2):
        if _settled(one) & _settled(other):
            return said(_SAID, "clash", language, one=one.verb, other=other.verb)
    return ""


def _settled(line: CommandLine) -> set[str]:
    command = _BY_NAME[line.key]
    words = {"words"} if command.text_below(line) is Text.OWN else set()
    return words | set(command.settles.split())


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
    "many": {
        "fr": "Rien n’a été exécuté\u00a0: un message porte {most} commandes au plus, une par ticket\u00a0; "
        "envoyez-en plusieurs",
        "nl": "Er is niets uitgevoerd: een bericht kan hoogstens {most} opdrachten bevatten, één per ticket; "
        "stuur er meerdere",
        "de": "Nichts wurde ausgeführt: Eine Nachricht fasst höchstens {most} Befehle, einen pro Ticket; "
        "senden Sie mehrere",
        "en": "Nothing was run: a mail holds {most} commands at most, one a ticket; send several mails",
    },
    "unclear": {
        "fr": "#{verb}\u00a0: «\u00a0{given}\u00a0» n’a pas été compris, rien n’a été exécuté\u00a0; écrivez "
        "#{verb} seul pour ce ticket-ci, ou les numéros des autres, par exemple\u00a0: #{verb} 1042 1043",
        "nl": "#{verb}: '{given}' is niet begrepen, niets uitgevoerd; schrijf alleen #{verb} voor dit "
        "ticket, of de nummers van andere, bijvoorbeeld: #{verb} 1042 1043",
        "de": "#{verb}: „{given}“ wurde nicht verstanden, nichts wurde ausgeführt; schreiben Sie nur #{verb} "
        "für dieses Ticket, oder die Nummern der anderen, zum Beispiel: #{verb} 1042 1043",
        "en": "#{verb}: '{given}' was not understood, nothing was run; write #{verb} alone for this ticket, "
        "or the numbers of others, for example: #{verb} 1042 1043",
    },
    "words": {
        "fr": "#{verb}\u00a0: rien n’a été exécuté ni envoyé\u00a0: le texte sous des commandes qui nomment "
        "un autre ticket ne part pas. Écrivez les commandes seules, et pour écrire au demandeur de {number}, "
        "répondez à la notification de {number}\u00a0; avec #note, le texte reste interne.",
        "nl": "#{verb}: er is niets uitgevoerd of verzonden: tekst onder opdrachten die een ander ticket "
        "noemen, vertrekt niet. Schrijf de opdrachten alleen, en antwoord op de melding van {number} om de "
        "aanvrager van {number} te schrijven; met #note blijft de tekst intern.",
        "de": "#{verb}: nichts wurde ausgeführt oder gesendet: Text unter Befehlen, die ein anderes Ticket "
        "nennen, wird nicht gesendet. Schreiben Sie die Befehle allein, und antworten Sie auf die "
        "Benachrichtigung zu {number}, um zu {number} zu schreiben; mit #note bleibt der Text intern.",
        "en": "#{verb}: nothing was run and nothing was sent: the text below commands that name another "
        "ticket does not leave. Write the commands alone, and to write to the requester of {number} reply "
        "to the notification of {number}; with #note the text stays internal.",
    },
    "no_such": {
        "fr": "#{verb}\u00a0: {given} n’existe pas, rien n’a été exécuté\u00a0; vérifiez le numéro",
        "nl": "#{verb}: {given} bestaat niet, niets uitgevoerd; kijk het nummer na",
        "de": "#{verb}: {given} gibt es nicht, nichts wurde ausgeführt; prüfen Sie die Nummer",
        "en": "#{verb}: there is no {given}, nothing was run; check the number",
    },
    "merged": {
        "fr": "({other} est fusionné dans {number}.)",
        "nl": "({other} is samengevoegd met {number}.)",
        "de": "({other} ist mit {number} zusammengeführt.)",
        "en": "({other} is merged into {number}.)",
    },
    "which": {
        "fr": "#{verb}\u00a0: de quel ticket\u00a0? Ce message n’en concerne aucun en particulier, rien n’a "
        "été exécuté\u00a0; écrivez par exemple\u00a0: {example}",
        "nl": "#{verb}: welk ticket? Dit bericht gaat over geen bepaald ticket, niets uitgevoerd; schrijf "
        "bijvoorbeeld: {example}",
        "de": "#{verb}: welches Ticket? Diese Nachricht betrifft kein bestimmtes, nichts wurde ausgeführt; "
        "schreiben Sie zum Beispiel: {example}",
        "en": "#{verb}: which ticket? This mail is about none in particular, nothing was run; write for "
        "example: {example}",
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
