"""How this desk judges: the configuration as the deciding functions see it (pure).

Stands below everything in the flow; built once by ``maild.config`` and never changed. It cannot fail:
whatever is wrong with a configuration was said when it was read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from maild.decide.hours import Calendar
from parsers.addresses import split_subaddress
from parsers.auto import SPAM_FIELDS
from parsers.folding import folded
from parsers.hazards import HazardKind
from parsers.subject import ticket_number
from storage.records import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The house that answers. ``secrets``: the first signs, all of them verify (keys rotate)."""

    name: str
    address: str
    aliases: tuple[str, ...] = ()
    prefix: str = "ETNIC"
    languages: tuple[str, ...] = ("fr", "nl", "de", "en")
    timezone: str = "Europe/Brussels"
    phone: str = ""
    signature: str = ""
    administrators: tuple[str, ...] = ()
    plus_addresses: bool = False
    secrets: tuple[bytes, ...] = (b"",)

    @property
    def addresses(self) -> frozenset[str]:
        """The desk's own addresses, case folded."""
        return frozenset(a.casefold() for a in (self.address, *self.aliases))

    def receives(self, address: str) -> bool:
        """Mail to this address is for the desk: one of its own, with a tag or without (RFC 5233)."""
        return bool({address.casefold(), split_subaddress(address)[0].casefold()} & self.addresses)

    def number(self, ticket: int) -> str:
        """A ticket's number as people write it: "ETNIC-1042"."""
        return ticket_number(ticket, self.prefix)

    def day(self, at: datetime) -> date:
        """The day that it is at the desk: an absence begins and ends at its midnight."""
        return at.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def domain(self) -> str:
        """The domain of the desk's address: the right side of our Message-IDs (RFC 5322 3.6.4)."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One person who answers for the desk. ``away``: first and last day, both included."""

    name: str
    address: str
    teams: tuple[str, ...] = ("desk",)
    lead: bool = False
    language: str = "fr"
    away: tuple[tuple[date, date], ...] = ()

    def is_present(self, day: date) -> bool:
        """Not away on that day."""
        return not any(first <= day <= last for first, last in self.away)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team that has a table of its own; with an address it gets one mail instead of one an agent."""

    name: str
    address: str = ""
    limit: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of ticket, and what follows from it. ``aliases``: addresses of the desk, case folded, that mail
    of this kind is sent to."""

    name: str
    team: str = ""
    priority: str = ""
    limit: timedelta | None = None
    aliases: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The closed vocabulary of a rule: every condition that is given must hold.

    Texts are glob patterns, compared without case, anywhere in the field unless they hold a ``*``.
    ``header`` is ``"Name: pattern"``.
    """

    subject: str = ""
    from_: str = ""
    to: str = ""
    text: str = ""
    attachment: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a matching mail suggests. Rules suggest, people decide; the first that matches wins a field."""

    match: Match
    team: str = ""
    category: str = ""
    priority: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneficiary:
    """Who may use the service. ``status``: "yes", "study" or "no"."""

    entity: str
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    status: str = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most ``count`` automatic answers in any ``span``: written "10/1h"."""

    count: int
    span: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What automatic answers may spend, counted from the outbox's own rows."""

    receipt_max_age: timedelta = timedelta(hours=24)
    mute_for: timedelta = timedelta(days=60)
    recipient: tuple[Rate, ...] = (
        Rate(count=10, span=timedelta(hours=1)),
        Rate(count=40, span=timedelta(days=1)),
    )
    ticket: tuple[Rate, ...] = (Rate(count=10, span=timedelta(hours=1)),)
    domain: tuple[Rate, ...] = (Rate(count=300, span=timedelta(hours=1)),)
    total: tuple[Rate, ...] = (Rate(count=1200, span=timedelta(hours=1)),)
    # Not of answers: what one of the desk's own people is told mail by mail; the rest falls into digests.
    notification: tuple[Rate, ...] = (Rate(count=120, span=timedelta(hours=1)),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachments:
    """Which files stay with the desk until an agent asks for one: those with a hazard of a kind in ``hold``,
    and the endings in ``also``. ``allow``: endings, and forms such as "pe", that are not feared for it.

    ``scanned``: there is a virus scanner; what it finds is always held, and what it could not scan where
    ``unscanned`` says so.
    """

    hold: frozenset[HazardKind] = frozenset(HazardKind)
    also: frozenset[str] = frozenset()
    allow: frozenset[str] = frozenset()
    scanned: bool = False
    unscanned: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla:
    """The promise: ``limit`` from arrival to the first act of a person; ``near`` is a share of it.

    ``clock``: "wall", or "desk" where only opening hours count. ``pause``: the clocks that stand still while
    their ticket waits: "next" answers, and a specialist "team"'s own; never the first.
    """

    limit: timedelta = timedelta(hours=24)
    near: float = 0.8
    warn_at: tuple[float, ...] = (0.5, 0.8, 0.95)
    clock: str = "wall"
    pause: tuple[str, ...] = ("next",)
    silent_after: timedelta = timedelta(days=5)
    close_after: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that a decision may know of the desk, and nothing of its servers.

    ``beneficiaries``: address or domain -> who that is, by ``standing.register``. ``relay_delay``: how long
    an agent's answer waits, so that it can still be stopped. ``calendar``: the desk's opening hours, which
    are those of its warnings also where clocks count wall time. ``spam_headers``: the fields in which our own
    server's filter speaks, in lower case.
    """

    desk: Desk
    agents: tuple[Agent, ...] = ()
    teams: tuple[Team, ...] = ()
    categories: tuple[Category, ...] = ()
    rules: tuple[Rule, ...] = ()
    beneficiaries: Mapping[str, Standing] = field(default_factory=dict, hash=False)
    budget: Budget = field(default_factory=Budget)
    sla: Sla = field(default_factory=Sla)
    calendar: Calendar = field(default_factory=Calendar)
    trusted_authserv_ids: tuple[str, ...] = ()
    spam_headers: frozenset[str] = frozenset(SPAM_FIELDS)
    proof: tuple[str, ...] = ("token", "dmarc")
    relay_delay: timedelta = timedelta(minutes=2)
    attachments: Attachments = Attachments()

    def agent(self, address: str) -> Agent | None:
        """The agent who owns this address, compared without case; None for anybody else."""
        wanted = address.casefold()
        return next((a for a in self.agents if a.address.casefold() == wanted), None)

    def called(self, name: str) -> tuple[Agent, ...]:
        """The agents whom a person may mean by a name: by address, what stands before its @, the whole name
        or words of it. The surest kind that finds somebody; several where the name does not tell."""
        wanted = folded(" ".join(name.split()))
        by: tuple[Callable[[Agent], bool], ...] = (
            lambda a: folded(a.address) == wanted,
            lambda a: folded(a.address).partition("@")[0] == wanted,
            lambda a: folded(" ".join(a.name.split())) == wanted,
            lambda a: {*wanted.replace("-", " ").split()} <= {*folded(a.name).replace("-", " ").split()},
        )
        found = (tuple(filter(test, self.agents)) for test in by)
        return next(filter(None, found), ()) if wanted else ()

    def members(self, team: str) -> tuple[Agent, ...]:
        """The agents of a team, in the order of the configuration."""
        return tuple(a for a in self.agents if team in a.teams)
