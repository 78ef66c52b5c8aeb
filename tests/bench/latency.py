"""How soon a receipt leaves: from APPEND, and from the moment the daemon saw the mail.

Stands beside the rounds of ``run.py``. One daemon watches six mailboxes: mail flows into the first, one
request each 150 to 400 ms; the others stay quiet for half a minute before each mail that they get, so that
IDLE and not the busy time's NOOP brings the news (Dovecot holds each IDLE notification back for 0.5 s). The
instant of the 250 is the sink's, the instant at which EXISTS was seen is the daemon's own (``seen_at`` in
its log).
"""

import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from imapclient import IMAPClient

from tests.bench.desk import Daemon, Desk, seconds
from tests.bench.mails import Mail
from tests.bench.run import Bench

QUIET_BOXES = 5
QUIET_SECONDS = 32.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Durations in seconds, sorted."""

    values: tuple[float, ...]

    def at(self, share: float) -> float:
        """The quantile, nearest rank; infinity of nothing, so that a bar over nothing is not met."""
        if not self.values:
            return float("inf")
        return self.values[min(len(self.values) - 1, int(share * len(self.values)))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """``flowing`` and ``quiet``: APPEND done to 250; ``seen``: EXISTS seen to 250 while mail flows."""

    flowing: Spread
    quiet: Spread
    seen: Spread


def measure(bench: Bench, *, flowing: int, quiet: int) -> Latencies:
    """So many mails while mail flows, and so many after half a minute of quiet."""
    bench.sink.reset()
    users = {"support": "flow"} | {f"quiet{n}": f"quiet{n}" for n in range(QUIET_BOXES)}
    for user in users.values():
        bench.room.deliver(user, [])
    desk = Desk(bench.folder / "latency", bench.peers, users)
    mails = bench.corpus(7, 500).single_requests(flowing + quiet)
    daemon = desk.start(through=bench.through)
    daemon.wait(lambda: desk.polled() == len(users), patience=60, what="first look into every mailbox")
    clients = {user: bench.room.client(user) for user in users.values()}
    appended = flow(bench, clients["flow"], mails[:flowing])
    appended |= trickle(bench, [clients[f"quiet{n}"] for n in range(QUIET_BOXES)], mails[flowing:])
    settle(bench, daemon, len(mails))
    for client in clients.values():
        client.logout()
    daemon.stop()
    accepted = {c.in_reply_to: c.at for c in bench.sink.mails(bench.folder / "dump")}
    return Latencies(
        flowing=spread(accepted[m.message_id] - appended[m.message_id] for m in mails[:flowing]),
        quiet=spread(accepted[m.message_id] - appended[m.message_id] for m in mails[flowing:]),
        seen=spread(seen_to_sent(daemon.events())[:flowing]),
    )


def flow(bench: Bench, client: IMAPClient, mails: Sequence[Mail]) -> dict[str, float]:
    """One mail each 150 to 400 ms; when each APPEND was done, by Message-ID."""
    rng, appended = random.Random(3), {}
    for number, mail in enumerate(mails):
        bench.tell("latency: mail flows", number, len(mails))
        appended[mail.message_id] = append(client, mail)
        time.sleep(rng.uniform(0.15, 0.40))
    return appended


def trickle(bench: Bench, clients: Sequence[IMAPClient], mails: Sequence[Mail]) -> dict[str, float]:
    """Each mailbox in turn, so that half a minute lies between two mails of one."""
    appended = {}
    for number, mail in enumerate(mails):
        bench.tell("latency: after half a minute of quiet", number, len(mails))
        time.sleep(QUIET_SECONDS / len(clients))
        appended[mail.message_id] = append(clients[number % len(clients)], mail)
    return appended


def append(client: IMAPClient, mail: Mail) -> float:
    """Puts the mail into the inbox; when that was done, in seconds of the epoch."""
    client.append("INBOX", mail.content)
    return time.time()


def settle(bench: Bench, daemon: Daemon, mails: int) -> None:
    """Waits until every mail has its receipt."""
    daemon.wait(lambda: bench.sink.count() >= mails, patience=30, what=f"{mails} receipts")


def spread(values: Iterable[float]) -> Spread:
    """The durations, sorted."""
    return Spread(values=tuple(sorted(values)))


def seen_to_sent(events: Iterable[dict[str, Any]]) -> list[float]:
    """From ``seen_at`` of a fetched mail to the instant at which its receipt was sent, in order of "
    "sending."""
    seen, durations = {}, []
    for event in events:
        mail_id = event.get("mail_id")
        if event.get("event") == "message.fetched" and event.get("seen_at"):
            seen[mail_id] = seconds(event["seen_at"])
        elif event.get("event") == "outbox.sent" and mail_id in seen:
            durations.append(seconds(event["timestamp"]) - seen[mail_id])
    return durations
