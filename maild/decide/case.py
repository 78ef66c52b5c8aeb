"""One mail as it is judged: what it says, what is known, and how this desk judges (pure).

Made by ``message.decide`` and handed to the judge of its kind. What several judges ask of a mail is read
once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from maild.decide import novelty, threads
from maild.decide.classify import MailKind
from maild.decide.decision import Decision
from maild.decide.facts import Facts, TicketFacts
from maild.decide.novelty import News
from maild.decide.policy import Policy
from maild.decide.threads import Belonging, Clues
from parsers.addresses import Address
from parsers.mail import ParsedMail

NOBODY = Address("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A mail before its judge. ``new``: what its author newly wrote; ``inside``: nothing of it may go to the
    requester."""

    mail: ParsedMail
    new: News
    clues: Clues
    belongs: Belonging
    facts: Facts
    policy: Policy
    inside: bool = False

    @property
    def sender(self) -> Address:
        """Who wrote it, by its From; nobody where it names none."""
        return self.mail.sender or NOBODY

    @property
    def ticket(self) -> TicketFacts | None:
        """The ticket that it belongs to; None for a new one."""
        return None if self.belongs.ticket is None else self.facts.tickets[self.belongs.ticket]

    @property
    def others(self) -> frozenset[str]:
        """Whom it is addressed to besides the desk, case folded."""
        return frozenset(a.key for a in (*self.mail.to, *self.mail.cc)) - self.policy.desk.addresses

    def goes_beyond(self, author: str) -> bool:
        """It is addressed to others than the desk and its author."""
        return bool(self.others - {author.casefold()})


def weighed(mail: ParsedMail, kind: MailKind, facts: Facts, policy: Policy) -> Case:
    """A mail with what is new in it and where it belongs."""
    clues = threads.clues(mail, policy)
    return Case(
        mail=mail,
        new=novelty.news(mail, facts.answered),
        clues=clues,
        belongs=threads.belonging(mail, kind, clues, facts, policy),
        facts=facts,
        policy=policy,
    )


Judge: TypeAlias = Callable[[Case], Decision]
