"""Whether a mail that a filter took for spam is filed all the same (pure).

Asked by ``message.decide`` for what lies in a junk folder. The first line of the table that speaks wins, and
what none speaks for stays there. A filter has judged, so ``From`` counts for less here than in the inbox: it
has to name somebody of the very ticket that the mail threads to, and ``dmarc=fail`` ends that. What is filed
gets what it would get in the inbox, by the same proofs, and never a receipt.
"""

from collections.abc import Callable

from maild.decide import identity
from maild.decide.classify import MailKind
from maild.decide.facts import Facts
from maild.decide.policy import Policy
from maild.decide.threads import AUTOCOMPLETED, Belonging, Clues
from parsers.mail import ParsedMail

Word = Callable[[ParsedMail, MailKind, Clues, Belonging, Facts, Policy], str]


def _own(
    mail: ParsedMail, kind: MailKind, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy
) -> str:
    return "our own signed mail" if kind is MailKind.OWN else ""


def _answers_us(
    mail: ParsedMail, kind: MailKind, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy
) -> str:
    return "it names a letter that we signed" if clues.id_tokens else ""


def _to_our_address(
    mail: ParsedMail, kind: MailKind, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy
) -> str:
    # Addresses are harvested: one that comes with nothing else of ours is no sign of a known sender.
    signed = clues.address_tokens and belongs.winner != AUTOCOMPLETED
    return "it came to an address that we signed" if signed else ""


def _takes_part(
    mail: ParsedMail, kind: MailKind, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy
) -> str:
    sender = mail.sender
    if sender is None or identity.dmarc(mail, policy) == "fail":
        return ""
    named = [v.ticket for v in belongs.verdicts if v.holds and v.ticket is not None]
    if any(sender.key in facts.tickets[ticket].participants for ticket in named):
        return "its sender takes part in the ticket that it names"
    return "its sender is an agent, and it names a ticket" if named and policy.agent(sender.address) else ""


WORDS: tuple[Word, ...] = (_own, _answers_us, _to_our_address, _takes_part)


def known_by(
    mail: ParsedMail, kind: MailKind, clues: Clues, belongs: Belonging, facts: Facts, policy: Policy
) -> str:
    """Why a mail in a junk folder is filed; "" where nothing speaks for it."""
    return next((why for word in WORDS if (why := word(mail, kind, clues, belongs, facts, policy))), "")
