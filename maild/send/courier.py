"""Who carries a mail away, and what he comes back with.

Stands between ``outbox``, which owes mails, and ``smtp``, which carries them. Expected outcomes are values:
a courier raises nothing for what a server may say or fail to say.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from storage.records import OutboxEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The next hop has taken responsibility (RFC 5321 6.1): whatever follows, it is never sent again."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not now (RFC 5321 4.2.1, 4yz), or nobody answered.

    ``ambiguous``: the end of the data was sent and its reply never seen. ``unreachable``: the fault is
    the server's, so the other mails need not be tried either.
    """

    reply: str
    ambiguous: bool = False
    unreachable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never (5yz): this mail, to this recipient."""

    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Misconfigured:
    """The server refuses us, not the mail: login, certificate or sender. No mail fails for it."""

    reply: str


Outcome: TypeAlias = Sent | Deferred | Refused | Misconfigured


class Courier(Protocol):
    """Carries one finished mail at a time."""

    def send(self, entry: OutboxEntry) -> Outcome:
        """Try once."""
        ...

    def rest(self) -> None:
        """Nothing more for now: let go of what is held open."""
        ...
