"""Phone contacts: written down for the phone objectives, and told in a letter where an agent asks for it.

One of the effects of ``apply``. The letter names the ticket and its subject, nothing of what the agent noted.
"""

from maild import compose
from maild.decide import relays
from maild.decide.decision import LogCall, SendCallReceipt
from maild.decide.tokens import Purpose
from maild.effects.work import Work
from storage import handling
from storage.records import MessageKind


def log(work: Work, logged: LogCall) -> None:
    """A row for the figures, and a line of the ticket's story."""
    call = logged.call
    handling.log_call(work.tx, work.here, call)
    work.tell(
        "call", call.agent, at=call.at, waited=call.waited, lasted=call.lasted, first_call=call.first_call
    )
    work.say("call.logged", ticket=work.number, agent=call.agent)


def receipt(work: Work, asked: SendCallReceipt) -> None:
    """In the thread of the ticket, where it has one: the agent's own mail is nothing that the reader has."""
    known = work.facts.tickets.get(work.here)
    spoken = relays.thread_of(known, work.policy) if known else ()
    post = work.post(Purpose.RECEIPT, asked.to, asked.language, answers=spoken)
    letter = compose.call_receipt(
        work.paper, number=work.number, subject=work.subject, called_at=asked.called_at, solved=asked.solved,
        **post,
    )  # fmt: skip
    work.owe(letter, MessageKind.RECEIPT, f"call_receipt:{work.cause}", held=work.facts.may_have_left)
    work.tell("receipt", "maild", to=asked.to.address, language=asked.language)
    if known is None or known.ticket.acked_at is None:
        work.derived["acked_at"] = work.facts.now
