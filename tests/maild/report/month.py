"""One month that was made up, written into a ledger: small enough to be counted by hand.

November 2026 at a desk of two teams, looked at on 1 December at 7.30; around it the edges of the month in
Brussels' time, and the October with the long night. ``WORDS`` names the tickets by what they are for.
"""

from datetime import UTC, datetime, timedelta
from itertools import count

from storage import handling, repair
from storage.records import Call, KeptMail
from storage.store import Transaction
from tests.storage import entries

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# 7.30 in Brussels.
NOW = datetime(2026, 12, 1, 6, 30, tzinfo=UTC)
ENTITY = "Ministère de la Fédération Wallonie-Bruxelles"


def at(text: str) -> datetime:
    """An instant in UTC: "11-02 08:00" of 2026."""
    return datetime.fromisoformat(f"2026-{text.replace(' ', 'T')}:00+00:00")


def hours(text: str) -> timedelta:
    """A span: "23:59"."""
    whole, _, minutes = text.partition(":")
    return timedelta(hours=int(whole), minutes=int(minutes or 0))


# What it is for, when it arrived, after how long somebody acted ("" for never), and what is particular.
_FIRST: tuple[tuple[str, str, str, dict[str, object]], ...] = (
    # --- October, with the night of 25 hours
    ("begins october", "09-30 22:00", "1", {}),
    # From Saturday 20.00 to Sunday 19.30 by the clocks on the wall, 24 h 30 in truth.
    ("long night", "10-24 18:00", "24:30", {}),
    ("summer half past two", "10-25 00:30", "1", {}),
    ("winter half past two", "10-25 01:30", "1", {}),
    ("ends october", "10-31 22:59", "1", {}),
    # --- November
    ("border", "10-31 23:30", "23:59", {"category": "demande"}),
    ("in time", "11-02 08:00", "3", {"entity": ENTITY}),
    ("at the limit", "11-03 09:00", "24", {"team": "réseau", "entity": ENTITY}),
    ("late", "11-04 10:00", "25:30", {"entity": "ETNIC"}),
    ("presumed", "11-05 08:00", "2", {"presumed": True, "entity": ENTITY}),
    ("presumed late", "11-06 08:00", "30", {"presumed": True}),
    ("out of scope", "11-09 07:00", "1", {"status": "out_of_scope"}),
    ("late and pending", "11-10 12:00", "", {"team": "réseau", "category": ""}),
    ("merged", "11-11 08:00", "5", {}),
    ("merged away", "11-11 09:00", "4", {}),
    ("spam", "11-12 08:00", "", {"status": "spam"}),
    ("pending", "11-30 15:00", "", {"category": "demande", "entity": ENTITY}),
    # --- December
    ("begins december", "11-30 23:00", "", {}),
)
# Ticket, arrival, time to the act.
_NEXT = (("in time", "11-03 08:00", "6"), ("late", "11-06 09:00", "26"), ("spam", "11-12 10:00", "1"))
# Name of the ticket, end of the waiting, how long it was, how it went.
_CALLS: tuple[tuple[str, str, int | None, bool | None], ...] = (
    ("solved", "11-12 09:00", 180, True),
    ("five minutes", "11-12 10:00", 300, False),
    ("five hours", "11-13 14:00", 5 * 3600, None),
    ("over night", "11-17 07:30", 16 * 3600, False),
    ("nobody said", "11-18 09:00", None, True),
    ("december call", "11-30 23:00", 10, True),
    ("spam", "11-13 08:00", 10, True),
)


def write(tx: Transaction) -> dict[str, int]:
    """Write the month; the number of each ticket by what it is for."""
    uids, numbers = count(1), dict[str, int]()
    for name, arrived, acted, particular in _FIRST:
        values = {k: v for k, v in particular.items() if k != "presumed"}
        numbers[name] = entries.ticket(tx, **({"category": "incident", "arrived_at": at(arrived)} | values))
        (kept,) = entries.keep(tx, next(uids))
        _clock(tx, numbers[name], kept, arrived, acted, presumed=bool(particular.get("presumed")))
    for name, arrived, acted in _NEXT:
        (kept,) = entries.keep(tx, next(uids))
        _clock(tx, numbers[name], kept, arrived, acted, first=False)
    # A specialist team's own clock is no promise to anybody outside, and a newsletter has none.
    (kept,) = entries.keep(tx, next(uids))
    _clock(tx, numbers["late"], kept, "11-04 12:00", "40", team="réseau")
    numbers["newsletter"] = entries.ticket(tx, status="closed", due_at=None)
    repair.move_clocks(tx, numbers["merged away"], numbers["merged"])
    tx.change_ticket(numbers["merged away"], status="merged", merged_into=numbers["merged"])
    for name, ended, waited, solved in _CALLS:
        if name not in numbers:
            numbers[name] = entries.ticket(tx, due_at=None)
        call = Call(at=at(ended), agent="anne@etnic.test", waited=waited, lasted=240, first_call=solved)
        handling.log_call(tx, numbers[name], call)
    return numbers


def _clock(tx: Transaction, number: int, kept: KeptMail, arrived: str, acted: str, **values: object) -> None:
    begun = at(arrived)
    row = entries.message(tx, number, kept, arrived_at=begun)
    stopped = begun + hours(acted) if acted else None
    entries.clock(tx, number, row, at=begun, stopped_at=stopped, next_at=None, **values)
