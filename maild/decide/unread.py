"""What becomes of a mail that could not be read, and of its ticket when it can be after all (pure).

Asked by ``ingest`` where a parser failed, and by ``refile``: no mail is silently skipped (DESIGN section 1).
"""

from maild.arrival import Source
from maild.decide import classify, consequences, copies, language, outside, rules
from maild.decide.case import NOBODY, Case, weighed
from maild.decide.classify import MailKind
from maild.decide.decision import (
    Decision,
    Describe,
    Disposition,
    OpenTicket,
    TellAdministrators,
    WithholdReceipt,
)
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from parsers.mail import ParsedMail
from storage.records import MessageKind


def left_in_junk(why: str = "in a junk folder, and nothing shows that it belongs to a ticket") -> Decision:
    """A filter took it for spam, and nothing speaks against that: people hear of it in one line a day."""
    return Decision(disposition=Disposition.IGNORED, kind=MessageKind.REQUEST, reasons=(why,))


def unreadable(mail: ParsedMail, why: str, facts: Facts, policy: Policy) -> Decision:
    """What becomes of a mail that could not be read: a plain ticket with its ``.eml``, seen by people; in a
    junk folder, or one of sent mail, it stays where it is.

    Args:
        mail: an empty one, with a digest of the raw bytes.
        why: the fault, in a line.
    """
    if (twin := copies.twin(mail, facts)) is not None:
        return copies.duplicate(twin)
    if facts.source is Source.JUNK:
        return left_in_junk(f"in a junk folder, and cannot be read: {why}")
    if facts.source is Source.SENT:
        return outside.unreadable(why)
    team = rules.DEFAULT_TEAM
    clock = consequences.clock(team, "", facts, policy, first=True)
    backlog = consequences.is_backlog(facts, policy)
    opened = OpenTicket(
        subject="", requester=NOBODY, language=policy.desk.languages[0], team=team, backlog=backlog
    )
    told = TellAdministrators(
        about=f"unreadable:{facts.mail_id}",
        headline=f"A mail could not be read: {facts.mail_id}",
        details=f"It is a plain ticket with its raw mail; no receipt was sent. Reading it {why}. "
        f"When that is mended: maild quarantine retry {facts.mail_id}",
    )
    return Decision(
        disposition=Disposition.QUARANTINED,
        kind=MessageKind.UNREADABLE,
        thread_reason="unreadable",
        reasons=(why,),
        changes=(
            opened,
            clock,
            WithholdReceipt(reasons=("unreadable",)),
            told,
            *consequences.told("", team, clock, facts, policy),
        ),
    )


def reread(mail: ParsedMail, message_row: int, ticket: int, facts: Facts, policy: Policy) -> Decision:
    """What becomes of a plain ticket whose mail could be read after all: it shows the mail.

    Nobody is written to and no command is run, because days may have passed; a person has the ticket. A mail
    that was filed elsewhere in the meantime changes nothing: it is a duplicate. What is shown of any mail is
    left to ``message.reread``.
    """
    if (twin := copies.twin(mail, facts)) is not None:
        return copies.duplicate(twin)
    kind, why = classify.kind_of(mail, facts, policy)
    case = weighed(mail, kind, facts, policy)
    shown = _SHOWN_AS.get(kind, MessageKind.REQUEST)
    return Decision(
        disposition=Disposition.FILED,
        kind=shown,
        direction="out" if shown in (MessageKind.OWN_COPY, MessageKind.OUTSIDE_ANSWER) else "in",
        ticket=ticket,
        rewrites=message_row,
        thread_reason="reread",
        reasons=(why,),
        changes=(
            _described(case, ticket),
            consequences.everybody(mail, policy),
            consequences.remembered(case, ticket),
        ),
    )


def _described(case: Case, ticket: int) -> Describe:
    belongs, requester = case.belongs, consequences.answerable(case.mail)
    known = consequences.standing_of(requester.address, case)
    links = {*belongs.links, *((belongs.ticket,) if belongs.ticket is not None else ())} - {ticket}
    return Describe(
        subject=case.mail.subject,
        requester=requester,
        language=language.of_answer(case.mail, case.new.text, belongs, case.facts, case.policy),
        links=tuple(sorted(links)),
        standing=known.status,
        entity=known.entity,
    )


_SHOWN_AS = {
    MailKind.OWN: MessageKind.OWN_COPY,
    MailKind.SENT: MessageKind.OUTSIDE_ANSWER,
    MailKind.BOUNCE: MessageKind.BOUNCE,
    MailKind.DISPOSITION_NOTICE: MessageKind.DISPOSITION_NOTICE,
    MailKind.LIST: MessageKind.LIST,
    MailKind.AUTO_REPLY: MessageKind.AUTO_REPLY,
    MailKind.VISIT_ANSWER: MessageKind.VISIT_ANSWER,
    MailKind.TECHNICIAN: MessageKind.NOTE,
}
