"""What is wrong with the house itself: the checks, in reading order (pure).

Asked by ``alarm``, which tells the administrators once of each change, and by ``maild status``. A check
sees facts only. One that cannot know says None, and what was wrong before is taken to last: a restart,
or a database that does not answer, ends no trouble.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

# A maildrop whose last good poll is older is not being served (or three polls, if that is longer).
SILENCE = timedelta(minutes=5)
# Mail that waits longer than this, while nothing leaves, is stuck.
STUCK = timedelta(minutes=15)
# The breaker closes when no answer was withheld for so long: a robot that pauses does not make it flap.
QUIET = timedelta(hours=1)
# A database is busy now and then; one that takes no write for so long is in trouble.
PATIENCE = timedelta(minutes=1)
# A day of a busy desk is far below this. Room must have been made for a quarter more before all is well.
ROOM = 1 << 30
# One bad mail is a bad mail; so many are a fault of ours, or an attack.
MANY_SET_ASIDE = 10
SUBMISSION = "submission"
BOARD = "board"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that does not work. ``name`` is stable, ``detail`` one sentence for an administrator."""

    name: str
    since: datetime
    detail: str


class Reach(StrEnum):
    """How a server met us last."""

    WELL = "well"
    LOST = "lost"  # it did not answer
    REFUSED = "refused"  # it answered, and knows us not: login, certificate or sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How the server of ``who`` (``submission``, ``maildrop support``) met us, and since when it does so.
    ``board``: whether we can be one."""

    who: str
    reach: Reach
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One maildrop that is looked at each ``every``, and when it last was, whole and well; a door: open."""

    name: str
    every: timedelta
    polled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFacts:
    """What the ledger says. ``waits_since``, ``overdue_since`` and ``waiting_domains`` are of letters that
    were due ``STUCK`` ago; ``withheld``: (instant, reason) of answers over a budget, the last one first."""

    polls: tuple[Poll, ...] = ()
    waits_since: datetime | None = None
    overdue_since: datetime | None = None
    waiting_domains: int = 0
    last_sent: datetime | None = None
    withheld: tuple[tuple[datetime, str], ...] = ()
    set_aside: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the checks may know.

    ``ledger``: None while it cannot be read. ``started_at``: when this process began to look, so that it is
    not blamed for the time before; None: no such mercy. ``free``: octets, None where nobody can tell.
    ``standing``: what was wrong at the last look.
    """

    now: datetime
    ledger: LedgerFacts | None
    started_at: datetime | None = None
    unwritable_since: datetime | None = None
    unwritable_reason: str = ""
    contacts: Mapping[str, Contact] = field(default_factory=dict)
    free: int | None = None
    standing: Mapping[str, Trouble] = field(default_factory=dict)

    def has_waited(self, span: timedelta, name: str) -> bool:
        """This process has looked for so long, or the trouble stood before it began."""
        return self.started_at is None or self.now - self.started_at >= span or name in self.standing


def _database(facts: Facts) -> tuple[Trouble, ...] | None:
    """The ledger takes no writes: mail stays on its server."""
    since = facts.unwritable_since
    if since is None or facts.now - since < PATIENCE:
        return () if since is None else None
    detail = f"the database cannot be written: {facts.unwritable_reason}"
    return (Trouble(name="database", since=since, detail=detail),)


def _disk(facts: Facts) -> tuple[Trouble, ...] | None:
    """Soon it will take none."""
    if facts.free is None:
        return None
    enough = ROOM + ROOM // 4 if "disk" in facts.standing else ROOM
    if facts.free >= enough:
        return ()
    detail = f"the disk of the state is nearly full: {facts.free // 10**6} MB are left"
    return (Trouble(name="disk", since=facts.now, detail=detail),)


def _logins(facts: Facts) -> tuple[Trouble, ...] | None:
    """A server refuses us: login, certificate or sender."""
    refused = (c for c in facts.contacts.values() if c.reach is Reach.REFUSED)
    said = {f"login:{c.who}": f"{c.who}: the server refuses us: {c.reason}" for c in refused}
    since = {f"login:{c.who}": c.since for c in facts.contacts.values()}
    # Nobody has been let in or refused since the start: what stood before stands.
    unheard = [t for name, t in facts.standing.items() if _family(name) == "login" and name not in since]
    return (*unheard, *(Trouble(name=name, since=since[name], detail=said[name]) for name in said))


def _polls(facts: Facts) -> tuple[Trouble, ...] | None:
    """A maildrop is not being served, for another reason than a refused login."""
    if facts.ledger is None:
        return None
    return tuple(trouble for poll in facts.ledger.polls for trouble in _poll(poll, facts))


def _poll(poll: Poll, facts: Facts) -> tuple[Trouble, ...]:
    name, silence = f"maildrop:{poll.name}", max(SILENCE, poll.every * 3)
    last = poll.polled_at
    if last is not None and facts.now - last <= silence:
        return ()
    refused = f"login:maildrop {poll.name}" in {t.name for t in _logins(facts) or ()}
    if name not in facts.standing and (refused or not facts.has_waited(silence, name)):
        return ()
    since = last or facts.started_at or facts.now
    told = f"was not served since {last:%Y-%m-%d %H:%M:%SZ}" if last else "was never served"
    said = facts.contacts.get(f"maildrop {poll.name}")
    why = f": {said.reason}" if said is not None and said.reach is Reach.LOST else ""
    return (Trouble(name=name, since=since, detail=f"maildrop {poll.name} {told}{why}"),)


def _outbox(facts: Facts) -> tuple[Trouble, ...] | None:
    """Letters wait, and nothing leaves. One recipient whose server puts us off is no trouble of ours."""
    found = facts.ledger
    if found is None:
        return None
    since, left = found.waits_since, found.last_sent
    if since is None or (left is not None and facts.now - left < STUCK):
        return ()
    submission = facts.contacts.get(SUBMISSION)
    told = submission is not None and submission.reach is Reach.REFUSED
    if "outbox" not in facts.standing and (told or not facts.has_waited(STUCK, "outbox")):
        return ()
    overdue = found.overdue_since is not None and facts.now - found.overdue_since >= STUCK
    lost = submission is not None and submission.reach is Reach.LOST
    if not (overdue or lost or told or found.waiting_domains > 1 or _unheard(facts)):
        return ()
    why = f"; the server does not answer: {submission.reason}" if lost and submission else ""
    detail = f"nothing leaves: a letter waits since {since:%Y-%m-%d %H:%M:%SZ}{why}"
    return (Trouble(name="outbox", since=since, detail=detail),)


def _unheard(facts: Facts) -> bool:
    return "outbox" in facts.standing and SUBMISSION not in facts.contacts


def _breaker(facts: Facts) -> tuple[Trouble, ...] | None:
    """Automatic answers are over a budget: somebody, or something, makes us write without end."""
    if facts.ledger is None:
        return None
    over = [(at, why) for at, why in facts.ledger.withheld if facts.now - at < QUIET]
    if not over:
        return ()
    first, reason = over[-1]
    detail = (
        f"automatic answers are over their budget ({reason}); mail is taken in as always, and what is over "
        "the budget does not leave"
    )
    return (Trouble(name="breaker", since=first, detail=detail),)


def _quarantine(facts: Facts) -> tuple[Trouble, ...] | None:
    """Many mails could not be read."""
    if facts.ledger is None:
        return None
    if facts.ledger.set_aside < MANY_SET_ASIDE:
        return ()
    detail = f"mails set aside because they could not be read: {facts.ledger.set_aside}"
    return (Trouble(name="quarantine", since=facts.now, detail=detail),)


def _board(facts: Facts) -> tuple[Trouble, ...] | None:
    """Nobody can see the board."""
    found = facts.contacts.get(BOARD)
    if found is None or found.reach is Reach.WELL:
        return None if found is None else ()
    return (Trouble(name="board", since=found.since, detail=f"the board is shut: {found.reason}"),)


Check = Callable[[Facts], tuple[Trouble, ...] | None]
# The first part of the names that it gives, and the check.
CHECKS: tuple[tuple[str, Check], ...] = (
    ("database", _database),
    ("disk", _disk),
    ("login", _logins),
    ("maildrop", _polls),
    ("outbox", _outbox),
    ("breaker", _breaker),
    ("quarantine", _quarantine),
    ("board", _board),
)


def judge(facts: Facts) -> tuple[Trouble, ...]:
    """Everything that is wrong now; what was wrong before keeps its beginning and its words."""
    found: list[Trouble] = []
    for family, check in CHECKS:
        told = check(facts)
        if told is None:
            told = tuple(t for name, t in facts.standing.items() if _family(name) == family)
        found += (facts.standing.get(t.name, t) for t in told)
    return tuple(found)


def _family(name: str) -> str:
    return name.partition(":")[0]
