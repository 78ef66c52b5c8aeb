"""What was kept long enough is erased: raw mail, letters, tickets that have ended, each after its own span.

Stands beside ``sweep``; a timer calls it, and every ``run --once``. It goes in parts of one commit each, so
many in a pass, and what a pass does not come to the next one does: nothing waits for it, and nothing is
lost when it is broken off. Raises ``storage.database.Unavailable``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from maild import log
from maild.decide.policy import Policy
from maild.ingest import Office
from storage import database, privacy
from storage.store import Store, Transaction

_log = log.get("maild.retention")

# Parts of 200 rows in one pass: a second or two, for which a daemon that shall end waits.
_PARTS = 10
EVERY = timedelta(minutes=10)

_Next = Callable[[Transaction, int], Sequence[tuple[int, int]]]
_Erase = Callable[[Transaction, Sequence[int]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """How long what is kept; None: for ever."""

    raw: timedelta | None = None
    outbox: timedelta | None = None
    closed: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How much was erased in one pass."""

    raws: int = 0
    letters: int = 0
    tickets: int = 0


def purge(office: Office, spans: Spans) -> Purged:
    """Erase what is older than its span."""
    now, store, done = office.now(), office.store, Purged()
    if spans.closed:
        before = now - spans.closed
        tickets = partial(_tickets, before=before)
        erase = partial(_erase_tickets, before=before, office=office)
        done = replace(done, tickets=_in_parts(store, tickets, erase))
    if spans.outbox:
        letters = partial(_letters, before=now - spans.outbox)
        done = replace(done, letters=_in_parts(store, letters, privacy.erase_letters))
    if spans.raw:
        raws = partial(_raws, before=now - spans.raw)
        done = replace(done, raws=_in_parts(store, raws, privacy.empty_raws))
    if done != Purged():
        database.empty_log(store.database)
        _log.info("retention.purged", raws=done.raws, letters=done.letters, tickets=done.tickets)
    return done


def _in_parts(store: Store, following: _Next, erase: _Erase) -> int:
    after, count = 0, 0
    for _ in range(_PARTS):
        with store.read() as tx:
            part = following(tx, after)
        if not part:
            break
        with store.write() as tx:
            erase(tx, [row for _, row in part])
        after, count = part[-1][0], count + len(part)
    return count


def _raws(tx: Transaction, after: int, *, before: datetime) -> Sequence[tuple[int, int]]:
    return privacy.old_raws(tx, before=before, after=after)


def _letters(tx: Transaction, after: int, *, before: datetime) -> Sequence[tuple[int, int]]:
    return [(number, number) for number in privacy.old_letters(tx, before=before, after=after)]


def _tickets(tx: Transaction, after: int, *, before: datetime) -> Sequence[tuple[int, int]]:
    return [(number, number) for number in privacy.old_tickets(tx, before=before, after=after)]


def _erase_tickets(tx: Transaction, tickets: Sequence[int], *, before: datetime, office: Office) -> None:
    # Somebody may have opened one of them again since we looked.
    still = privacy.old_tickets(tx, before=before, after=0, only=tickets)
    privacy.erase_whole(tx, still, house(office.policy), at=office.now())


def house(desk: Policy) -> frozenset[str]:
    """The addresses of those who work here, case folded."""
    agents = (agent.address.casefold() for agent in desk.agents)
    teams = (team.address.casefold() for team in desk.teams if team.address)
    administrators = (address.casefold() for address in desk.desk.administrators)
    return frozenset({*desk.desk.addresses, *agents, *teams, *administrators})
