"""Mail of an agent: he works by replying; one who writes for help is a requester (pure; DESIGN section 6).

The judge for ``message.decide`` of mail from an agent's address. Nothing is run and nothing relayed without
proof; whatever is done, or not done, he is told in a line.
"""

from dataclasses import replace

from maild import instants
from maild.decide import autoresponse, commands, consequences, identity, outside, relays, teams, visits
from maild.decide.case import Case
from maild.decide.commands import Result
from maild.decide.decision import (
    AnswerAgent,
    Change,
    Decision,
    Disposition,
    Elsewhere,
    LogCall,
    Note,
    OpenTicket,
    SendRelay,
    TellAdministrators,
)
from maild.decide.facts import TicketFacts
from maild.decide.identity import Proof
from maild.decide.order import Sentences, Text, said
from maild.decide.person import person
from maild.decide.policy import Agent
from maild.decide.relays import Relayed
from maild.decide.tokens import Purpose
from parsers.commands import CommandBlock
from storage.records import MessageKind


def agent(case: Case) -> Decision:
    """What an agent's mail means, by the ticket that it belongs to and by what he has proven."""
    who, state = case.policy.agent(case.sender.address), case.ticket
    block = commands.block_of(case.new)
    if who is None:
        return person(case)
    if state is None or (block.commands and _answers_a_list(case)):
        return _fresh(case, block, who)
    if case.belongs.of_team is not None and not block.commands:
        return teams.answered(case, state)
    if case.belongs.of_team is None and _asks_for_himself(case, who, state):
        if not commands.orders_afresh(block, case.policy):
            return person(case)
        if not _proof(case, who).holds:
            return _unheard(case, who)
    if (again := outside.copy_of_answer(case)) is not None:
        return again
    proof = _proof(case, who)
    if not proof.holds:
        return _unproven(case, who, state, proof.why)
    if block.commands:
        return _ordered(case, block, who, state)
    if outside.audience(case, state):
        return outside.answered(case, state)
    if why := _stays(case, who):
        return _noted(case, who, state, why)
    return _answered(case, block.rest, who, state)


def _stays(case: Case, who: Agent) -> str:
    """Why his words are not for the requester; "" where they are."""
    if case.goes_beyond(who.address):
        return "it is addressed to others than the desk"
    answered = next(iter(case.clues.id_tokens), None)
    if answered is not None and answered.purpose is Purpose.ANSWER:
        return "it answers a receipt of ours for commands"
    if answered is not None and answered.purpose is Purpose.VISIT:
        return "it answers the invitation of a technician"
    return ""


def _noted(case: Case, who: Agent, state: TicketFacts, why: str) -> Decision:
    """Words that are not for the requester: an internal note, and their author is told that nothing left."""
    line = said(_SAID, "kept", who.language, number=consequences.number_of(state, case.policy))
    changes = (
        consequences.remembered(case, state.ticket.id),
        *visits.told_of_words(case, state),
        consequences.answer(who, (line,), state, case.facts),
    )
    return _of_agent(MessageKind.NOTE, who, state, changes, (f"kept as an internal note: {why}",))


def _proof(case: Case, who: Agent) -> Proof:
    return identity.proof(case.mail, who, case.clues.tokens, case.facts, case.policy)


def _asks_for_himself(case: Case, who: Agent, state: TicketFacts) -> bool:
    """His own request, and he does not answer a letter that the desk sent to him as an agent."""
    own = state.ticket.requester_address.casefold() == who.address.casefold()
    return own and not case.belongs.by_agent_token


def _answers_a_list(case: Case) -> bool:
    """He answers a letter about no ticket, or about many: each order must name its own, wherever the letter
    was asked for."""
    nearest = next(iter(case.clues.tokens), None)
    return nearest is not None and not nearest.is_of_ticket


def _fresh(case: Case, block: CommandBlock, who: Agent) -> Decision:
    """A mail on no ticket: orders that need none or name theirs, of one who is proven; else a request like
    any other."""
    listed = bool(block.commands) and _answers_a_list(case)
    if not listed and not commands.may_be_fresh(block, case.policy):
        return person(case)
    if not _proof(case, who).holds:
        return _unheard(case, who)
    result = commands.run(block, who, None, case)
    opens = any(isinstance(change, OpenTicket) for change in result.changes)
    lines = (*result.lines, *_stays_inside(case, block, who, None, result))
    calls = _calls(result.changes)
    kind = MessageKind.REQUEST if opens else MessageKind.COMMAND
    known = (consequences.remembered(case, None),) if opens else ()
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.CALL if calls else kind,
        changes=(*result.changes, *known, *_told(who, lines, None, case)),
        reasons=_REFUSED if result.refused else (),
        thread_reason="phone" if calls else "list" if listed and not opens else "",
        text=block.rest if opens and not calls else "",
        agent=who.address,
    )


def _unheard(case: Case, who: Agent) -> Decision:
    """His orders are run for nobody who has not proven to be him; it is a request all the same."""
    asked = person(case)
    if autoresponse.forged(case.mail, case.facts, case.policy):
        return asked
    answer = consequences.answer(who, (said(_SAID, "unproven", who.language),), None, case.facts)
    return replace(asked, changes=(*asked.changes, answer))


def _calls(changes: tuple[Change, ...]) -> bool:
    return any(isinstance(change, LogCall) for change in changes)


_REFUSED = ("a command was not understood",)


def _ordered(case: Case, block: CommandBlock, who: Agent, state: TicketFacts) -> Decision:
    """Commands of an agent who has proven himself: all or nothing, always answered."""
    result = commands.run(block, who, state, case)
    words = Relayed()
    if case.belongs.of_team is not None and result.text is not Text.OWN:
        # He answers for a team: what he says below is the desk's to pass on.
        words = Relayed(changes=teams.heard(case, state, block.rest) if block.rest.strip() else ())
    elif _may_leave(result) and (block.rest.strip() or case.mail.attachments):
        words = _relayed(case, block.rest, who, result.state or state)
    if result.refused or words.refused:
        return _rejected(case, (*result.lines, *words.lines) if result.refused else words.lines, who, state)
    detail = (("verbs", " ".join(result.verbs)),)
    named = (Note(kind="command", actor=who.address, detail=detail),) if result.verbs else ()
    leaves = _leaves(case, who) if any(isinstance(c, SendRelay) for c in words.changes) else ()
    inside = _untouched(who, state, result, case) + _stays_inside(case, block, who, state, result)
    told = _told(who, (*result.lines, *(words.lines or leaves), *inside), state, case)
    # An answer takes the ticket in charge; what a command says of it stands all the same.
    done = (*words.changes, *result.changes)
    changes = (consequences.remembered(case, state.ticket.id), *named, *done, *told)
    is_note = result.text is Text.NOTE or result.elsewhere or result.shared
    noted = MessageKind.NOTE if is_note and block.rest.strip() else MessageKind.COMMAND
    called = MessageKind.CALL if _calls(done) else noted
    kind = MessageKind.RELAY if any(isinstance(c, SendRelay) for c in done) else called
    return _of_agent(kind, who, state, changes)


def _may_leave(result: Result) -> bool:
    """Words leave only below orders that are all for the ticket of the mail: so it is certain whose they are,
    and what a list quotes of others never leaves with them; nor what the mail told others than the desk."""
    stays = result.refused or result.elsewhere or result.shared
    return not stays and result.text is Text.RELAYED


def _stays_inside(
    case: Case, block: CommandBlock, who: Agent, state: TicketFacts | None, result: Result
) -> tuple[str, ...]:
    """Whoever wrote words below orders for other tickets, or to others as well, reads that they have gone
    nowhere."""
    if case.belongs.of_team is not None:
        return ()
    if result.shared and state is not None and relays.is_anything(case, state, block.rest):
        number = consequences.number_of(state, case.policy)
        return (said(_SAID, "kept", who.language, number=number),)
    other = next((c.ticket for c in result.changes if isinstance(c, Elsewhere)), None)
    if other is None or result.text is Text.NOTE:
        return ()
    spoken = relays.is_anything(case, case.facts.tickets[other], block.rest)
    return (said(_SAID, "inside", who.language),) if spoken else ()


def _untouched(who: Agent, state: TicketFacts, result: Result, case: Case) -> tuple[str, ...]:
    """Whoever answers the notification of one ticket and orders on another reads which is which."""
    if not result.elsewhere or result.verbs:
        return ()
    number = consequences.number_of(state, case.policy)
    return (said(_SAID, "untouched", who.language, number=number),)


def _told(
    who: Agent, lines: tuple[str, ...], state: TicketFacts | None, case: Case
) -> tuple[AnswerAgent, ...]:
    """What he reads of it; nothing where what he asked for comes in a letter of its own."""
    return (consequences.answer(who, lines, state, case.facts),) if lines else ()


def _relayed(case: Case, words: str, who: Agent, state: TicketFacts) -> Relayed:
    """The words below commands; with nothing to say, such as a logo alone, they are simply not there."""
    relayed = relays.relay(case, who, state, words)
    return Relayed() if relayed.refused and not words.strip() else relayed


def _leaves(case: Case, who: Agent) -> tuple[str, ...]:
    """Where words stand below commands, their author reads that they are on their way to the requester."""
    after = instants.duration(case.policy.relay_delay, who.language)
    return (said(_SAID, "leaves", who.language, after=after),) if after else ()


def _rejected(case: Case, lines: tuple[str, ...], who: Agent, state: TicketFacts) -> Decision:
    """Nothing is run and nothing leaves; the words stay with the ticket."""
    rejected = Note(kind="command_rejected", actor=who.address, detail=tuple(("line", r) for r in lines[:1]))
    answer = consequences.answer(who, lines, state, case.facts)
    changes = (consequences.remembered(case, state.ticket.id), rejected, answer)
    return _of_agent(MessageKind.COMMAND, who, state, changes, _REFUSED)


def _answered(case: Case, words: str, who: Agent, state: TicketFacts) -> Decision:
    """A plain reply: the requester gets its new words, and its author hears only of what he must know."""
    relayed = relays.relay(case, who, state, words)
    told = _told(who, relayed.lines, state, case)
    changes = (consequences.remembered(case, state.ticket.id), *relayed.changes, *told)
    if relayed.refused:
        return _of_agent(MessageKind.NOTE, who, state, changes, ("nothing was relayed",))
    return _of_agent(MessageKind.RELAY, who, state, changes)


def _unproven(case: Case, who: Agent, state: TicketFacts, why: str) -> Decision:
    """From an agent's address, without proof: kept, obeyed in nothing, and both sides are told."""
    facts, number = case.facts, consequences.number_of(state, case.policy)
    told = TellAdministrators(
        about=f"unproven:{who.address}:{facts.now:%Y%m%d}",
        headline=f"A mail from {who.address} proved nothing",
        details=f"{number}: {why}. It is kept as a note; nothing was run and nothing left.",
    )
    line = said(_SAID, "unproven", who.language)
    forged = autoresponse.forged(case.mail, facts, case.policy)
    answer = () if forged else (consequences.answer(who, (line,), state, facts),)
    changes = (consequences.remembered(case, state.ticket.id), told, *answer)
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.NOTE,
        ticket=state.ticket.id,
        changes=changes,
        reasons=(f"no power: {why}",),
    )


def _of_agent(
    kind: MessageKind,
    who: Agent,
    state: TicketFacts,
    changes: tuple[Change, ...],
    reasons: tuple[str, ...] = (),
) -> Decision:
    return Decision(
        disposition=Disposition.FILED,
        kind=kind,
        ticket=state.ticket.id,
        changes=changes,
        reasons=reasons,
        agent=who.address,
    )


_SAID: Sentences = {
    "inside": {
        "fr": "Votre texte n’a été envoyé à personne\u00a0: pour écrire à un demandeur, répondez à la "
        "notification de son ticket.",
        "nl": "Uw tekst is naar niemand gestuurd: antwoord op de melding van het ticket om een aanvrager te "
        "schrijven.",
        "de": "Ihr Text wurde an niemanden gesendet: Um einem Anfragenden zu schreiben, antworten Sie auf "
        "die Benachrichtigung seines Tickets.",
        "en": "Your text was sent to nobody: to write to a requester, reply to the notification of the "
        "ticket.",
    },
    "untouched": {
        "fr": "{number}, dont vous avez reçu le message, n’a pas changé.",
        "nl": "{number}, waarop u antwoordde, is niet gewijzigd.",
        "de": "{number}, worauf Sie geantwortet haben, wurde nicht geändert.",
        "en": "{number}, which you replied to, has not changed.",
    },
    "leaves": {
        "fr": "Votre texte part au demandeur dans {after}\u00a0; d’ici là, #stop le retient.",
        "nl": "Uw tekst vertrekt over {after} naar de aanvrager; tot dan houdt #stop hem tegen.",
        "de": "Ihr Text geht an den Anfragenden ab, nach {after}; bis dahin hält #stop ihn zurück.",
        "en": "Your text leaves for the requester in {after}; until then #stop holds it.",
    },
    "kept": {
        "fr": "Votre texte est gardé comme note interne sur {number}\u00a0; rien n’a été envoyé au "
        "demandeur. Pour lui répondre, répondez à la notification du ticket, au service desk seul.",
        "nl": "Uw tekst is als interne nota bij {number} bewaard; er is niets naar de aanvrager gestuurd. "
        "Antwoord op de melding van het ticket, alleen aan de servicedesk, om hem te antwoorden.",
        "de": "Ihr Text liegt als interne Notiz bei {number}; an den Anfragenden wurde nichts gesendet. "
        "Um ihm zu antworten, antworten Sie auf die Benachrichtigung des Tickets, nur an den Service Desk.",
        "en": "Your text is kept as an internal note on {number}; nothing was sent to the requester. To "
        "answer the requester, reply to the ticket's notification, to the desk alone.",
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
