"""decide(): what one mail means, in the order of judgement (pure).

Stands between ``gather`` and ``apply``. It cannot fail on any mail: what no rule understands was written
by a person, opens a ticket and starts a clock.
"""

from dataclasses import replace

from maild.arrival import Source
from maild.decide import (
    autoresponse,
    classify,
    copies,
    decoration,
    erased,
    hazard,
    junk,
    language,
    outside,
    teams,
    unread,
    visits,
)
from maild.decide.agents import agent
from maild.decide.automatic import bounce, own, program
from maild.decide.case import Case, Judge, weighed
from maild.decide.classify import MailKind
from maild.decide.decision import SUSPECTED, Decision, Disposition
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from parsers.mail import ParsedMail
from storage.records import MessageKind

JUDGES: dict[MailKind, Judge] = {
    MailKind.OWN: own,
    MailKind.SENT: outside.sent,
    MailKind.BOUNCE: bounce,
    MailKind.DISPOSITION_NOTICE: program(MessageKind.DISPOSITION_NOTICE),
    MailKind.LIST: program(MessageKind.LIST),
    MailKind.VISIT_ANSWER: visits.answered,
    MailKind.AUTO_REPLY: program(MessageKind.AUTO_REPLY),
    MailKind.AGENT: agent,
    MailKind.TECHNICIAN: visits.written,
    MailKind.PERSON: teams.of_anybody,
}


def decide(mail: ParsedMail, facts: Facts, policy: Policy) -> Decision:
    """What becomes of a mail, what it changes, and why."""
    twin = copies.twin(mail, facts)
    if twin is not None and (twin.erased or not outside.is_told_by(twin, facts)):
        return copies.duplicate(twin)
    kind, why = classify.kind_of(mail, facts, policy)
    case = weighed(mail, kind, facts, policy)
    reasons = (why, *copies.reused_id(mail, facts))
    if field := autoresponse.spam_field(mail, policy):
        reasons = (*reasons, f"{SUSPECTED}: {field}")
    if facts.source is Source.JUNK:
        known = junk.known_by(mail, kind, case.clues, case.belongs, facts, policy)
        if not known:
            return unread.left_in_junk()
        reasons = (*reasons, f"found in a junk folder: {known}")
    decision = erased.left_out(JUDGES[kind](case), case)
    return _shown(replace(decision, reasons=(*reasons, *decision.reasons)), case)


def reread(mail: ParsedMail, message_row: int, ticket: int, facts: Facts, policy: Policy) -> Decision:
    """What becomes of a plain ticket whose mail could be read after all; see ``unread.reread``."""
    decision = unread.reread(mail, message_row, ticket, facts, policy)
    if decision.disposition is Disposition.DUPLICATE:
        return decision
    kind, _ = classify.kind_of(mail, facts, policy)
    return _shown(decision, weighed(mail, kind, facts, policy))


def _shown(decision: Decision, case: Case) -> Decision:
    """With all that is shown of the mail, whatever was decided."""
    return replace(
        decision,
        thread_reason=decision.thread_reason or case.belongs.winner,
        verdicts=case.belongs.verdicts,
        text=decision.text or case.new.text,
        language=language.of_words(case.mail, case.new.text),
        decorations=decoration.decorations(case.mail, case.facts),
        held=hazard.held(case.mail, case.facts, case.policy.attachments),
    )
