"""An agent's answer on its way to the requester: to whom, what of it, when, or why not (pure; DESIGN 6).

Asked by ``agents`` for an agent's words, and by the verbs whose outcome the requester hears of. What leaves
is the agent's new text and nothing of where he sits; ``parsers.answer`` says which words these are.
"""

from dataclasses import dataclass
from datetime import timedelta
from html import escape

from maild.decide import decoration, hazard
from maild.decide.autoresponse import nobody_reads_at
from maild.decide.case import NOBODY, Case
from maild.decide.consequences import number_of, staff
from maild.decide.decision import Change, SendRelay, StopClocks, TakeInCharge
from maild.decide.facts import TeamAnswer, TicketFacts
from maild.decide.order import Sentences, said
from maild.decide.policy import Agent, Policy
from parsers.addresses import Address
from parsers.answer import Answer, answer_of
from parsers.attachments import Attachment
from parsers.folding import folded
from parsers.signature import without_signature
from storage.records import ERASED_ADDRESS, Given, OutboxState, Status

# What goes out with an answer, in bytes: servers take 25 MB at least, and base64 adds a third.
MOST_RELAYED = 18_000_000
# Where a colleague has answered the same mail, there is time to read that before the second answer leaves.
WHERE_ANSWERED = timedelta(minutes=5)
_GOES = (OutboxState.READY, OutboxState.CLAIMED, OutboxState.SENT, OutboxState.UNCERTAIN)
# Words alone, a person's or canned ones: an answer. Every other notice says where the ticket stands.
_ANSWERS = ("", "canned")
_OVER = (Status.CLOSED, Status.SPAM, Status.MERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """What is sent of a mail and what follows from it. ``lines``: what its author must read about it;
    ``refused``: nothing is sent."""

    changes: tuple[Change, ...] = ()
    lines: tuple[str, ...] = ()
    refused: bool = False


def relay(
    case: Case,
    who: Agent,
    state: TicketFacts,
    words: str,
    *,
    notice: str = "",
    values: tuple[tuple[str, str], ...] = (),
    act: str = "answer",
    passed: TeamAnswer | None = None,
) -> Relayed:
    """Send an agent's words, or a notice with them, to the requester and those who follow.

    Args:
        words: his new text, without commands; may be "" where there is a notice.
        notice: of ``compose.NOTICES``, with its ``values``.
        act: what the story calls it; an answer takes the ticket in charge.
        passed: what a team answered, which goes along below his words.
    """
    answer = _answer(case, state, words)
    if passed is not None:
        answer = _joined(answer, _answer_of_team(case, state, passed))
    if why := _objection(case, state, answer, notice) or _is_unread(passed):
        files = _reasoned(answer.held, case, who)
        line = said(_SAID, why, who.language, number=number_of(state, case.policy), files=files)
        return Relayed(lines=(line,), refused=True)
    held = case.facts.may_have_left or _over_budget(case, state)
    before = _others(state, who)
    delay = max(case.policy.relay_delay, WHERE_ANSWERED) if before else case.policy.relay_delay
    sent = SendRelay(
        to=_recipients(state, case.policy),
        language=state.ticket.language,
        text=answer.text,
        html=answer.html,
        files=tuple(file.sha256 for file in answer.files),
        notice=notice,
        values=values,
        parents=thread_of(state, case.policy),
        not_before=case.facts.now + delay,
        held=held,
    )
    taken: tuple[Change, ...] = (
        TakeInCharge(agent=state.ticket.assignee or who.address, at=case.facts.arrived_at),
        StopClocks(at=case.facts.arrived_at, by=who.address, act=act),
    )
    lines = (_told_of(before, who, delay, case.policy),) if before and not held else ()
    if held:
        lines = (said(_SAID, "held", who.language, number=number_of(state, case.policy), why=held),)
    if answer.withheld:
        lines = (*lines, said(_SAID, "withheld", who.language, files=_named(answer.withheld)))
    if answer.held:
        lines = (*lines, said(_SAID, "dangerous", who.language, files=_reasoned(answer.held, case, who)))
    return Relayed(changes=(sent, *taken), lines=lines)


def _named(files: tuple[Attachment, ...]) -> str:
    return ", ".join(file.filename or file.content_type for file in files)


def _reasoned(files: tuple[Attachment, ...], case: Case, who: Agent) -> str:
    """Files with the reasons for which they stay; of what a team sent the note has them."""
    why = hazard.held(case.mail, case.facts, case.policy.attachments)
    reasons = (hazard.in_words(why[f.sha256], who.language) if f.sha256 in why else "" for f in files)
    pairs = zip(files, reasons, strict=True)
    return ", ".join(" – ".join(filter(None, (_named((file,)), reason))) for file, reason in pairs)


def thread_of(state: TicketFacts, policy: Policy) -> tuple[str, ...]:
    """The Message-IDs of the mails that an answer goes with, oldest first: not of what an agent handed on,
    which the requester never had, nor of what was erased."""
    own = staff(state, policy) | {ERASED_ADDRESS}
    return tuple(one.message_id for one in state.handling.spoken if one.sender.casefold() not in own)


def has_words(case: Case, who: Agent, state: TicketFacts, words: str) -> bool:
    """Whether there is anything in these words that would go to the requester."""
    return bool(words.strip()) and not relay(case, who, state, words).refused


def is_anything(case: Case, state: TicketFacts, words: str) -> bool:
    """Whether the mail says anything besides its commands, in words or files, that is not mere stationery."""
    answer = _answer(case, state, words)
    return bool(answer.text.strip() or answer.files)


def _answer(case: Case, state: TicketFacts, words: str) -> Answer:
    if case.inside or (not words.strip() and not case.mail.attachments):
        return Answer(text="", html="")
    return answer_of(
        case.mail,
        words,
        private=staff(state, case.policy),
        decorations=decoration.stationery(case.mail, case.facts),
        held=frozenset(hazard.held(case.mail, case.facts, case.policy.attachments)),
        known="\n".join(one.text for one in state.handling.spoken),
    )


def _answer_of_team(case: Case, state: TicketFacts, passed: TeamAnswer) -> Answer:
    """What a team wrote, and nothing of who or where it is."""
    mail = passed.mail
    theirs = {a.key for a in (mail.sender or NOBODY, *mail.reply_to, *mail.to, *mail.cc)}
    return answer_of(
        mail,
        _unsigned(passed.text, mail.sender or NOBODY),
        private=staff(state, case.policy) | (theirs - state.participants - case.policy.desk.addresses),
        decorations=passed.decorations,
        held=passed.held,
        known="\n".join(one.text for one in state.handling.spoken),
    )


def _unsigned(text: str, author: Address) -> str:
    """Without the name or the address that its last lines are: the requester hears one voice."""
    lines = without_signature(text, author.name).rstrip().split("\n")
    while len(lines) > 1 and folded(lines[-1]).strip(" <>,.") in {folded(author.name), author.key, ""}:
        lines.pop()
    return "\n".join(lines)


def _joined(own: Answer, theirs: Answer) -> Answer:
    """Two answers as one; where either is laid out, so is the whole."""
    if not own.text.strip() and not own.files:
        return theirs
    text = "\n\n".join(one for one in (own.text, theirs.text) if one.strip())
    html = f"{_laid_out(own)}\n{_laid_out(theirs)}" if own.html or theirs.html else ""
    withheld, held = (*own.withheld, *theirs.withheld), (*own.held, *theirs.held)
    return Answer(text=text, html=html, files=(*own.files, *theirs.files), withheld=withheld, held=held)


def _laid_out(answer: Answer) -> str:
    return answer.html or f"<p>{escape(answer.text)}</p>".replace("\n", "<br>")


def _is_unread(passed: TeamAnswer | None) -> str:
    return "too_large" if passed is not None and passed.mail.unread else ""


def _objection(case: Case, state: TicketFacts, answer: Answer, notice: str) -> str:
    """Why nothing is sent; "" where it may leave."""
    if state.ticket.status in _OVER and notice in _ANSWERS:
        return "over"
    if not _recipients(state, case.policy):
        return "nobody"
    if case.facts.cut or case.mail.unread or sum(file.size for file in answer.files) > MOST_RELAYED:
        return "too_large"
    if not answer.text.strip() and not answer.files and not notice:
        return "only_held" if answer.held else "empty"
    return ""


def _recipients(state: TicketFacts, policy: Policy) -> tuple[Address, ...]:
    """The requester first, then who follows; never an address of the desk's own people, or of a program."""
    requester = Address(state.ticket.requester_name, state.ticket.requester_address)
    people = [requester, *(Address(p.name, p.address) for p in state.handling.people if p.role != "agent")]
    own = policy.desk.addresses | staff(state, policy)
    reach = {p.key: p for p in reversed(people) if "@" in p.address and p.key not in own}
    first = [requester] if requester.key in reach else []
    followers = (p for key, p in reversed(reach.items()) if key != requester.key)
    return (*first, *(p for p in followers if not nobody_reads_at(p.address)))


def _over_budget(case: Case, state: TicketFacts) -> str:
    """Why an answer waits for a person's word: so many in so short a time are those of a program, not his."""
    for rate in case.policy.budget.ticket:
        since = case.facts.now - rate.span
        lately = {one.cause for one in state.handling.given if one.outbox_id and one.created_at > since}
        if len(lately) >= rate.count:
            return f"budget: {len(lately)} answers on this ticket in {rate.span}"
    return ""


def _others(state: TicketFacts, who: Agent) -> tuple[Given, ...]:
    """What colleagues answered since the requester wrote last."""
    last = state.handling.spoken[-1].arrived_at if state.handling.spoken else state.ticket.arrived_at
    own = who.address.casefold()
    return tuple(
        one
        for one in state.handling.given
        if one.created_at >= last and one.state in _GOES and one.agent.casefold() not in ("", own)
    )


def _told_of(before: tuple[Given, ...], who: Agent, delay: timedelta, policy: Policy) -> str:
    colleague = policy.agent(before[-1].agent)
    name = colleague.name if colleague else before[-1].agent
    minutes = str(round(delay.total_seconds() / 60))
    return said(_SAID, "answered", who.language, name=name, minutes=minutes)


_SAID: Sentences = {
    "answered": {
        "fr": "{name} a déjà répondu au même message. Votre réponse part dans {minutes}\u00a0minutes\u00a0: "
        "répondez #stop pour la retenir.",
        "nl": "{name} heeft al op hetzelfde bericht geantwoord. Uw antwoord vertrekt over {minutes} minuten: "
        "antwoord #stop om het tegen te houden.",
        "de": "{name} hat dieselbe Nachricht schon beantwortet. Ihre Antwort geht in {minutes} Minuten ab: "
        "antworten Sie mit #stop, um sie zurückzuhalten.",
        "en": "{name} has already answered the same mail. Your answer leaves in {minutes} minutes: "
        "reply #stop to hold it.",
    },
    "withheld": {
        "fr": "Pièce jointe non transmise, car elle contient une adresse interne\u00a0: {files}",
        "nl": "Bijlage niet doorgestuurd, omdat er een intern adres in staat: {files}",
        "de": "Anlage nicht weitergegeben, weil sie eine interne Adresse enthält: {files}",
        "en": "Attachment not passed on, because it holds an internal address: {files}",
    },
    "dangerous": {
        "fr": "Pièce jointe non transmise, car elle est à risque\u00a0: {files}",
        "nl": "Bijlage niet doorgestuurd, omdat ze een risico inhoudt: {files}",
        "de": "Anlage nicht weitergegeben, weil sie riskant ist: {files}",
        "en": "Attachment not passed on, because it is a risk: {files}",
    },
    "only_held": {
        "fr": "{number}\u00a0: votre message ne contient qu’une pièce jointe à risque ({files})\u00a0; rien "
        "n’a été envoyé. Déposez-la ailleurs et envoyez un lien.",
        "nl": "{number}: uw bericht bevat alleen een bijlage die een risico inhoudt ({files}); er is niets "
        "verzonden. "
        "Plaats ze elders en stuur een link.",
        "de": "{number}: Ihre Nachricht enthält nur eine riskante Anlage ({files}); nichts wurde gesendet. "
        "Legen Sie sie anderswo ab und senden Sie einen Link.",
        "en": "{number}: your mail has nothing but an attachment that is a risk ({files}); nothing was sent. "
        "Put it elsewhere and send a link.",
    },
    "held": {
        "fr": "{number}\u00a0: votre réponse est retenue ({why}). Un administrateur peut la libérer.",
        "nl": "{number}: uw antwoord wordt tegengehouden ({why}). Een beheerder kan het vrijgeven.",
        "de": "{number}: Ihre Antwort wird zurückgehalten ({why}). Ein Administrator kann sie freigeben.",
        "en": "{number}: your answer is held ({why}). An administrator can release it.",
    },
    "over": {
        "fr": "{number} est terminé\u00a0: rien n’a été envoyé. Pour répondre tout de même, écrivez "
        "#rouvrir sur la première ligne.",
        "nl": "{number} is afgesloten: er is niets verzonden. Schrijf #reopen op de eerste regel om toch te "
        "antwoorden.",
        "de": "{number} ist abgeschlossen: nichts wurde gesendet. Schreiben Sie #reopen in die erste Zeile, "
        "um doch zu antworten.",
        "en": "{number} has ended: nothing was sent. To answer all the same, put #reopen on the first line.",
    },
    "nobody": {
        "fr": "{number} n’a pas d’adresse à laquelle répondre\u00a0: rien n’a été envoyé.",
        "nl": "{number} heeft geen adres om te beantwoorden: er is niets verzonden.",
        "de": "{number} hat keine Adresse für eine Antwort: nichts wurde gesendet.",
        "en": "{number} has no address to answer: nothing was sent.",
    },
    "too_large": {
        "fr": "{number}\u00a0: vos pièces jointes sont trop volumineuses pour être transmises (18\u00a0Mo au "
        "plus)\u00a0; rien n’a été envoyé. Déposez-les ailleurs et envoyez un lien.",
        "nl": "{number}: uw bijlagen zijn te groot om door te sturen (hoogstens 18 MB); er is niets "
        "verzonden. Plaats ze elders en stuur een link.",
        "de": "{number}: Ihre Anlagen sind zu groß (höchstens 18 MB); nichts wurde gesendet. Legen Sie sie "
        "anderswo ab und senden Sie einen Link.",
        "en": "{number}: your attachments are too large to pass on (18 MB at most); nothing was sent. "
        "Put them elsewhere and send a link.",
    },
    "empty": {
        "fr": "{number}\u00a0: votre message ne contient aucun texte nouveau\u00a0; rien n’a été envoyé.",
        "nl": "{number}: uw bericht bevat geen nieuwe tekst; er is niets verzonden.",
        "de": "{number}: Ihre Nachricht enthält keinen neuen Text; nichts wurde gesendet.",
        "en": "{number}: your mail has no new text; nothing was sent.",
    },
}
