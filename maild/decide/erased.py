"""What becomes of a mail to a ticket that was erased (pure).

Asked by ``message.decide`` once it is known where a mail belongs, and by ``commands``. Whoever answers an old
letter of the desk quotes it: nothing of such a mail is kept, it lies in the mailbox, and people are told.
"""

from maild.decide import autoresponse, consequences
from maild.decide.case import Case
from maild.decide.decision import Change, Decision, Disposition, TellAdministrators
from maild.decide.facts import TicketFacts
from maild.decide.order import Order, Refusal, Sentences, said
from storage.records import MessageKind

# What nobody waits for an answer to.
_UNHEARD = frozenset(
    {
        MessageKind.BOUNCE, MessageKind.AUTO_REPLY, MessageKind.DISPOSITION_NOTICE, MessageKind.LIST,
        MessageKind.OWN_COPY, MessageKind.OUTSIDE_ANSWER, MessageKind.COPY,
    }
)  # fmt: skip


def left_out(decision: Decision, case: Case) -> Decision:
    """The decision, or where its ticket was erased one by which nothing of the mail is kept."""
    state = case.facts.tickets.get(decision.ticket) if decision.ticket is not None else None
    if state is None or not state.ticket.is_erased or decision.disposition is not Disposition.FILED:
        return decision
    return Decision(
        disposition=Disposition.IGNORED,
        kind=decision.kind,
        direction=decision.direction,
        ticket=state.ticket.id,
        changes=() if decision.kind in _UNHEARD else _told(case, state),
        reasons=("its ticket was erased, nothing of it is kept",),
    )


def _told(case: Case, state: TicketFacts) -> tuple[Change, ...]:
    """An agent himself; where somebody else wrote, the administrators."""
    who, number = case.policy.agent(case.sender.address), consequences.number_of(state, case.policy)
    if who is None:
        told = TellAdministrators(
            about=f"erased:{case.facts.mail_id}",
            headline=f"A mail came for {number}, which was erased",
            details="A team or a technician wrote it. Nothing of it is kept; it lies in the mailbox.",
        )
        return (told,)
    if autoresponse.forged(case.mail, case.facts, case.policy):
        return ()
    line = said(_SAID, "mail", who.language, number=number)
    return (consequences.answer(who, (line,), state, case.facts),)


def refusal(order: Order) -> Refusal | None:
    """Why a command is not run on this ticket; None where it may be."""
    if order.state is None or not order.state.ticket.is_erased:
        return None
    return Refusal(line=order.say(_SAID, "order"))


_SAID: Sentences = {
    "mail": {
        "fr": "{number} a été effacé\u00a0: rien de votre message n’est conservé, rien n’a été exécuté ni "
        "envoyé. Pour une autre affaire, écrivez un nouveau message au service desk.",
        "nl": "{number} is gewist: van uw bericht is niets bewaard, uitgevoerd of verzonden. Schrijf voor "
        "iets anders een nieuw bericht aan de servicedesk.",
        "de": "{number} wurde gelöscht: Von Ihrer Nachricht wurde nichts aufbewahrt, ausgeführt oder "
        "gesendet. Schreiben Sie für etwas anderes eine neue Nachricht an den Service Desk.",
        "en": "{number} was erased: nothing of your mail is kept, nothing was run and nothing was sent. For "
        "another matter, write a new mail to the desk.",
    },
    "order": {
        "fr": "#{verb}\u00a0: {number} a été effacé, rien n’a été exécuté",
        "nl": "#{verb}: {number} is gewist, niets uitgevoerd",
        "de": "#{verb}: {number} wurde gelöscht, nichts wurde ausgeführt",
        "en": "#{verb}: {number} was erased, nothing was run",
    },
}
