"""Send what is owed: claim, send, settle.

Stands at the end of the flow, in a thread of its own. The attempt and the time of the next one are
recorded before the connection is used, so whatever dies in between still waits its turn; a mail that the
server accepted is settled before anything else, and never sent again by this process. A server that refuses
us (login, certificate, sender) makes the whole outbox pause, and no mail fails for it. A database that is
busy or full is waited out with the reply in hand.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from maild import log, metrics, steps
from maild.bell import Bell
from maild.decide.troubles import SUBMISSION
from maild.health import Health
from maild.ingest import Office
from maild.send import undelivered
from maild.send.courier import Courier, Deferred, Misconfigured, Outcome, Refused, Sent
from maild.send.pace import DAY, Pace, paced
from maild.steps import Step
from storage import outbox
from storage.database import Unavailable
from storage.outbox import Settlement
from storage.records import OutboxEntry, OutboxState
from storage.store import Transaction

_log = log.get("maild.send.outbox")

CLAIM_MAILS = 20
# Longer than any exchange may take: a claim that old belongs to a process that is gone.
CLAIM_TTL = timedelta(minutes=30)
# A connection is kept this long for the next mail.
KEEP_CONNECTION = timedelta(seconds=20)
LONGEST_SLEEP = 30.0
# A mail whose acceptance was never seen this often may have arrived every time: people must look.
MOST_AMBIGUOUS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What sending needs; ``submission`` is ``config.Submission``."""

    office: Office
    courier: Courier
    submission: Any
    holder: str
    bell: Bell
    health: Health = field(default_factory=Health)


def deliver(dispatch: Dispatch) -> None:
    """Send until the bell closes; rung when something new is owed."""
    pace: Pace | None = None
    idle_since = dispatch.office.now()
    while not dispatch.bell.is_closing:
        try:
            pace = pace or pace_of(dispatch)
            seconds = _round(dispatch, pace)
        except Unavailable as error:
            _log.warning("outbox.blocked", reason=str(error))
            seconds = 5.0
        except Exception:  # noqa: BLE001  (see below)
            # A fault of ours must not end sending; what is claimed comes back when its claim is over.
            _log.exception("outbox.failed")
            seconds = LONGEST_SLEEP
        now = dispatch.office.now()
        if seconds <= 0:
            idle_since = now
            continue
        if now - idle_since > KEEP_CONNECTION:
            dispatch.courier.rest()
        dispatch.bell.wait(min(seconds, LONGEST_SLEEP, KEEP_CONNECTION.total_seconds() + 1))
    dispatch.courier.rest()


def pace_of(dispatch: Dispatch) -> Pace:
    """The limits, with what left during the last day counted in."""
    now = dispatch.office.now()
    with dispatch.office.store.read() as tx:
        sent = outbox.sent_instants(tx, now - DAY)
    rate = dispatch.submission
    return paced(per_minute=rate.per_minute, per_day=rate.per_day, sent=sent)


def drain(dispatch: Dispatch, pace: Pace | None = None) -> None:
    """Send all that is due now, then return: what ``run --once`` does.

    Args:
        pace: the limits of this pass, where it sends more than once: a server that refused us is left alone.
    """
    pace = pace or pace_of(dispatch)
    while not dispatch.bell.is_closing and _round(dispatch, pace) <= 0:
        continue
    dispatch.courier.rest()


def _round(dispatch: Dispatch, pace: Pace) -> float:
    """One claim; returns the seconds until there may be more to do, 0 for at once."""
    now = dispatch.office.now()
    if (wait := pace.wait(now)) > timedelta():
        _log.debug("outbox.throttled", wait_s=wait.total_seconds())
        return wait.total_seconds()
    store = dispatch.office.store
    with store.write() as tx:
        entries = outbox.claim(tx, holder=dispatch.holder, now=now, until=now + CLAIM_TTL, limit=CLAIM_MAILS)
        due = None if entries else outbox.next_due(tx)
        steps.reached(Step.CLAIMING)
    steps.reached(Step.CLAIMED)
    if not entries:
        return LONGEST_SLEEP if due is None else max(1.0, (due - now).total_seconds())
    left, pause = _send_each(dispatch, pace, entries, until=now + CLAIM_TTL / 2)
    if left:
        ids = [entry.id for entry in left]
        _record(
            dispatch,
            lambda tx: outbox.give_back(tx, dispatch.holder, now=dispatch.office.now() + pause, ids=ids),
            letters=ids,
        )
    return pause.total_seconds() if left else 0.0


def _send_each(
    dispatch: Dispatch, pace: Pace, entries: Sequence[OutboxEntry], *, until: datetime
) -> tuple[Sequence[OutboxEntry], timedelta]:
    """Send what was claimed; what was not tried, and how long to leave it.

    Args:
        until: nothing is begun later: the claim must outlast it, or another process sends the same.
    """
    for position, entry in enumerate(entries):
        if dispatch.bell.is_closing or dispatch.office.now() >= until:
            return entries[position:], timedelta()
        if (wait := pace.wait(dispatch.office.now())) > timedelta():
            metrics.throttled(wait.total_seconds())
            return entries[position:], wait
        outcome = dispatch.courier.send(entry)
        steps.reached(Step.ANSWERED)
        now = dispatch.office.now()
        _heed(dispatch, pace, outcome, now)
        settlement = settled(entry, outcome, now, dispatch.submission)
        _settle(dispatch, entry, settlement)
        _say(entry, settlement, now)
        if isinstance(outcome, Misconfigured):
            return entries[position + 1 :], timedelta()
        if isinstance(outcome, Deferred) and outcome.unreachable:
            return entries[position + 1 :], dispatch.submission.retry[0]
    return (), timedelta()


def _heed(dispatch: Dispatch, pace: Pace, outcome: Outcome, now: datetime) -> None:
    """What an outcome says of the server, and of the rate."""
    match outcome:
        case Misconfigured(reply=reply):
            dispatch.health.refused(SUBMISSION, reply, now)
            pace.pause(now, dispatch.submission.retry)
            _log.error("outbox.paused", reason=reply, until=pace.resume_at)
        case Deferred(reply=reply, unreachable=True):
            dispatch.health.lost(SUBMISSION, reply, now)
        case _:
            dispatch.health.well(SUBMISSION, now)
            pace.go_on()
    if isinstance(outcome, Sent) or (isinstance(outcome, Deferred) and outcome.ambiguous):
        pace.spend(now)


def settled(
    entry: OutboxEntry,
    outcome: Outcome,
    now: datetime,
    submission: Any,
    *,
    chance: Callable[[], float] = random.random,
) -> Settlement:
    """What an outcome means for the row (pure but for ``chance``).

    Args:
        chance: a number in [0, 1), for the jitter.
    """
    match outcome:
        case Sent(reply=reply):
            return Settlement(id=entry.id, state=OutboxState.SENT, reply=reply, at=now)
        case Refused(reply=reply):
            return Settlement(id=entry.id, state=OutboxState.FAILED, reply=reply, at=now)
        case Misconfigured(reply=reply):
            # The pause holds it back, not a time of its own: a process that starts anew tries it at once.
            return Settlement(id=entry.id, state=OutboxState.READY, reply=reply, at=now, next_at=now)
        case Deferred():
            return _put_off(entry, outcome, now, submission, chance)


def _put_off(
    entry: OutboxEntry, outcome: Deferred, now: datetime, submission: Any, chance: Callable[[], float]
) -> Settlement:
    reply = outcome.reply
    if outcome.ambiguous and entry.ambiguous + 1 >= MOST_AMBIGUOUS:
        return Settlement(id=entry.id, state=OutboxState.UNCERTAIN, reply=reply, at=now, ambiguous=True)
    at = now + delay(entry.attempts, submission.retry, chance())
    if at - entry.due_at > submission.give_up:
        gave_up = f"gave up after {entry.attempts} attempts: {reply}"
        return Settlement(id=entry.id, state=OutboxState.FAILED, reply=gave_up, at=now)
    return Settlement(
        id=entry.id, state=OutboxState.READY, reply=reply, at=now, next_at=at, ambiguous=outcome.ambiguous
    )


def delay(attempts: int, retry: Sequence[timedelta], chance: float) -> timedelta:
    """The wait after so many attempts: the configured steps, the last of them repeated, a fifth of jitter."""
    step = retry[min(max(attempts, 1), len(retry)) - 1]
    return step * (0.8 + 0.4 * chance)


def _settle(dispatch: Dispatch, entry: OutboxEntry, settlement: Settlement) -> None:
    """Record the reply, and in the same transaction tell whoever must hear that a letter is lost."""

    def record(tx: Transaction) -> None:
        if outbox.settle(tx, dispatch.holder, settlement):
            undelivered.tell(tx, entry, settlement, dispatch.office)
        steps.reached(Step.SETTLING)

    _record(dispatch, record, letters=[entry.id], step=Step.SETTLED)


def _record(
    dispatch: Dispatch,
    write: Callable[[Transaction], object],
    *,
    letters: Sequence[int],
    step: Step | None = None,
) -> None:
    """Write; what is known is not let go of before that is done, or the process ends."""
    while True:
        try:
            with dispatch.office.store.write() as tx:
                write(tx)
            if step is not None:
                steps.reached(step)
            return
        except Unavailable as error:
            _log.warning("outbox.unrecorded", outbox=list(letters), reason=str(error))
            if dispatch.bell.is_closing:
                raise
            dispatch.bell.wait(1.0)


def _say(entry: OutboxEntry, settlement: Settlement, now: datetime) -> None:
    event = {
        OutboxState.SENT: "outbox.sent",
        OutboxState.READY: "outbox.deferred",
        OutboxState.FAILED: "outbox.bounced",
    }.get(settlement.state, "outbox.uncertain")
    metrics.delivered(event.removeprefix("outbox."))
    say = _log.info if settlement.state is OutboxState.SENT else _log.warning
    say(
        event, mail_id=entry.mail_id, outbox=entry.id, ticket=entry.ticket_id, kind=entry.kind.value,
        to=entry.recipient, msgid=entry.message_id, status=settlement.state.value, reply=settlement.reply,
        attempts=entry.attempts, delay_s=round((now - entry.created_at).total_seconds(), 3),
    )  # fmt: skip
