"""The letters that follow from a mail: receipts, answers to agents, troubles.

One of the effects of ``apply``; ``sweep``, ``alarm`` and ``send.undelivered`` write theirs through the
last two. They are finished here, so that sending needs neither templates nor tickets.
"""

import secrets
from datetime import datetime
from typing import Any

from maild import compose
from maild.compose import Stationery
from maild.decide import tokens
from maild.decide.decision import OPENED, AnswerAgent, SendReceipt, StartClock, WithholdReceipt
from maild.decide.policy import Policy
from maild.decide.tokens import Purpose
from maild.effects.work import NO_TICKET, Work, owe_letter
from parsers.addresses import Address
from storage import outbox
from storage.records import MessageKind
from storage.store import Transaction


def owe_receipt(work: Work, receipt: SendReceipt, *, suppressed: str = "") -> None:
    """The acknowledgement of a new ticket; recorded with its reason where it must not leave."""
    post = work.post(Purpose.RECEIPT, receipt.to, receipt.language, answers=receipt.parents)
    letter = compose.receipt(
        work.paper, number=work.number, subject=work.subject, due_at=receipt.due_at, **post,
    )  # fmt: skip
    began = work.decision.ticket is None
    owed = f"receipt:{work.ticket}" if began else f"receipt:{work.ticket}:{receipt.to.key}"
    work.owe(letter, MessageKind.RECEIPT, owed, suppressed=suppressed)
    if not suppressed:
        work.tell("receipt", "maild", to=receipt.to.address, language=receipt.language)
        if not began:
            work.derived["acked_at"] = work.before.ticket.acked_at or work.facts.now


def withhold(work: Work, withheld: WithholdReceipt) -> None:
    """Say why a mail gets no receipt; where a budget is spent, record the one it would have had."""
    work.tell("receipt_withheld", "maild", reasons=list(withheld.reasons))
    work.say("loop.suppressed", ticket=work.number, reason="; ".join(withheld.reasons))
    clock = next((c for c in work.decision.changes if isinstance(c, StartClock)), None)
    if not withheld.over_budget or clock is None:
        return
    to = Address("", withheld.to)
    receipt = SendReceipt(to=to, language=work.policy.desk.languages[0], due_at=clock.due_at)
    owe_receipt(work, receipt, suppressed="; ".join(withheld.reasons))


def answer_agent(work: Work, answer: AnswerAgent) -> None:
    """What an agent is told of his mail."""
    letter = compose.answer(
        work.paper, number=work.number, subject=work.subject or work.mail.subject,
        lines=_lines(answer.lines, work),
        **work.post(Purpose.ANSWER, answer.to, answer.language),
    )  # fmt: skip
    owed = f"answer:{work.cause}:{answer.to.key}"
    work.owe(letter, MessageKind.ANSWER, owed, suppressed=answer.withheld)
    if answer.withheld:
        work.tell("answer_withheld", "maild", to=answer.to.address, reasons=[answer.withheld])
        work.say("loop.suppressed", ticket=work.number, reason=answer.withheld)


def _lines(lines: tuple[str, ...], work: Work) -> tuple[str, ...]:
    opened = work.policy.desk.number(work.opened) if work.opened is not None else ""
    return tuple(part for line in lines for part in line.replace(OPENED, opened).splitlines())


def owe_trouble(
    tx: Transaction,
    *,
    about: str,
    headline: str,
    details: str,
    cause: str,
    now: datetime,
    policy: Policy,
    paper: Stationery,
    over: bool = False,
) -> None:
    """Tell each administrator once of what ``about`` names; they are the last who may not be told.

    Args:
        over: it is told that this has ended.
    """
    write = compose.recovered if over else compose.trouble
    for address in policy.desk.administrators:
        owed = f"trouble:{about}:{address.casefold()}"
        if outbox.is_owed(tx, owed):
            continue
        post = post_of_no_ticket(Address("", address), policy.desk.languages[0], now=now, policy=policy)
        letter = write(paper, headline=headline, details=details, **post)
        owe_letter(tx, letter, MessageKind.TROUBLE, owed=owed, cause=cause, ticket=None, now=now)


def post_of_no_ticket(
    to: Address, language: str, *, now: datetime, policy: Policy, key: str = NO_TICKET
) -> dict[str, Any]:
    """Addresses, id and signed header of a letter that answers no mail; ``key``: of its one ticket."""
    serial = secrets.token_hex(8)
    secrets_ = policy.desk.secrets
    # What is about one ticket is answered like a notification of it.
    purpose = Purpose.ANSWER if key == NO_TICKET else Purpose.NOTIFICATION
    token = tokens.sign(secrets_, purpose, key, to.address, serial)
    return {
        "to": to,
        "language": language,
        "now": now,
        "message_id": f"{token}@{policy.desk.domain}",
        "signature": tokens.sign(secrets_, Purpose.SELF, key, to.address, serial),
    }
