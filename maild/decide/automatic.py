"""Mail that no person wrote: shown where it belongs, and nothing changes for it (pure; DESIGN section 5).

Judges for ``message.decide``. It never reopens a ticket, stops a clock or starts one.
"""

from maild.arrival import Source
from maild.decide import autoresponse, consequences, identity
from maild.decide.case import Case, Judge
from maild.decide.decision import (
    Change,
    Decision,
    Disposition,
    MuteAddress,
    Note,
    Notify,
    RememberIds,
    WithholdReceipt,
)
from maild.decide.threads import Clues
from storage.records import MessageKind


def own(case: Case) -> Decision:
    """A copy of what we sent: the id that a provider gave it is learnt, nothing else happens."""
    mail, facts = case.mail, case.facts
    token = identity.is_ours(mail, case.policy)
    if token is not None and token.is_probe:
        why = ("the desk tries its own mailbox",)
        return Decision(
            disposition=Disposition.IGNORED, kind=MessageKind.OWN_COPY, direction="out", reasons=why
        )
    ticket = facts.by_key.get(token.key) if token else None
    if ticket is None or ticket not in facts.tickets:
        if facts.source in (Source.SENT, Source.JUNK):
            return Decision(disposition=Disposition.IGNORED, kind=MessageKind.OWN_COPY, direction="out")
        return filed_aside(case, MessageKind.OWN_COPY)
    return Decision(
        disposition=Disposition.FILED,
        kind=MessageKind.OWN_COPY,
        direction="out",
        ticket=ticket,
        changes=(RememberIds(message_ids=consequences.new_ids(ticket, (mail.message_id,), facts)),),
    )


def bounce(case: Case) -> Decision:
    """A delivery report: on the ticket of the mail that bounced; a dead address is muted (RFC 3463)."""
    changes: list[Change] = []
    report = case.mail.report
    if report is not None:
        detail = (("recipient", report.recipient), ("status", report.status), ("action", report.action))
        changes.append(Note(kind="bounced", actor="mail", detail=detail))
        gone = report.recipients if report.status.startswith("5") else ()
        until = case.facts.now + case.policy.budget.mute_for
        reason = f"mail to it came back ({report.status})"
        changes += [
            MuteAddress(address=address.casefold(), until=until, reason=reason)
            for address in gone
            if _is_our_bounce(case.clues, address)
        ]
    return _shown(case, MessageKind.BOUNCE, tuple(changes))


def _is_our_bounce(clues: Clues, recipient: str) -> bool:
    # Only a report that returns a mail of ours to this very address may silence it: the rest can be forged.
    return any(token.is_for(recipient) for token in clues.id_tokens)


def program(kind: MessageKind) -> Judge:
    """The judge of what a program wrote of its own accord."""

    def judge(case: Case) -> Decision:
        return _shown(case, kind, ())

    return judge


def _shown(case: Case, kind: MessageKind, changes: tuple[Change, ...]) -> Decision:
    ticket = case.belongs.ticket
    if ticket is None:
        aside = filed_aside(case, kind)
        return Decision(
            disposition=aside.disposition,
            kind=kind,
            changes=(*aside.changes, *changes),
            reasons=aside.reasons,
        )
    changes = (consequences.remembered(case, ticket), *changes)
    return Decision(disposition=Disposition.FILED, kind=kind, ticket=ticket, changes=changes)


def filed_aside(case: Case, kind: MessageKind) -> Decision:
    """A ticket of its own, without clock or receipt: seen by the team, waited for by nobody."""
    opened = consequences.opened(case)
    reasons = autoresponse.objections(case.mail, case.facts, case.policy)
    withheld = WithholdReceipt(reasons=reasons, to=case.sender.address)
    told: tuple[Notify, ...] = ()
    if kind is not MessageKind.OWN_COPY:
        told = consequences.told(case.sender.key, opened.team, None, case.facts, case.policy)
    everybody = consequences.everybody(case.mail, case.policy)
    return Decision(
        disposition=Disposition.FILED,
        kind=kind,
        changes=(opened, everybody, consequences.remembered(case, None), withheld, *told),
    )
