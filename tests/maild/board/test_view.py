"""What the board shows, judged by the time and not by what the last sweep wrote."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from maild.board import view
from maild.board.view import Board, Service
from maild.decide.troubles import Contact, Reach
from storage.overview import Overview, TeamCount
from storage.records import Clock, Maildrop, Stage, StandingTrouble, Status
from storage.store import TicketState
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON, policy, ticket

MINUTE = timedelta(minutes=1)


def state(number: int, *, hours: float, clock: dict[str, Any] | None = None, **values: Any) -> TicketState:
    """A ticket whose mail arrived so many hours before noon."""
    at = NOON - timedelta(hours=hours)
    made: dict[str, Any] = {
        "id": number, "ticket_id": number, "message_id": number, "first": True, "started_at": at,
        "near_at": at + 0.8 * DAY, "due_at": at + DAY, "stage": Stage.RUNNING, "span": 86_400,
    }  # fmt: skip
    running = (Clock(**(made | (clock or {}))),)
    return TicketState(ticket=ticket(number, **values), participants=frozenset(), running=running)


def board(*states: TicketState, now: datetime = NOON, **found: Any) -> Board:
    """The board over these tickets."""
    asked: dict[str, Any] = {name: found.pop(name) for name in ("polls", "contacts") if name in found}
    masked = found.pop("masked", False)
    whole = Overview(**({"nearest": states, "unfiled": {}} | found))
    return view.board(
        whole, now=now, policy=policy(), masked=masked, **({"polls": {}, "contacts": {}} | asked)
    )


def test_what_is_late_stands_above_what_is_near_and_that_above_the_rest() -> None:
    """Whatever the limits are; the next limit is that of a ticket that has not passed its own."""
    long = {"due_at": NOON + 2 * DAY, "near_at": NOON - HOUR, "span": 10 * 86_400}
    shown = board(
        state(1003, hours=25),
        state(1004, hours=24.5),
        state(1005, hours=10),
        state(1006, hours=2, clock=long),
    )
    assert [(row.number, row.stage) for row in shown.rows] == [
        ("ETNIC-1003", Stage.BREACHED), ("ETNIC-1004", Stage.BREACHED), ("ETNIC-1006", Stage.NEAR),
        ("ETNIC-1005", Stage.RUNNING),
    ]  # fmt: skip
    assert [row.left for row in shown.rows] == [-HOUR, -HOUR / 2, 2 * DAY, 14 * HOUR]
    assert shown.next is not None
    assert shown.next.ticket == 1005


def test_nothing_is_next_where_all_is_late_or_nothing_runs() -> None:
    assert board().next is None
    assert board(state(1003, hours=25)).next is None


def test_a_bar_shows_what_is_left_of_its_own_time() -> None:
    """Of a week-end nothing passes where only opening hours count."""
    friday = datetime(2024, 11, 22, 15, tzinfo=UTC)  # 16:00 in Brussels: an hour before closing
    monday = datetime(2024, 11, 25, 8, tzinfo=UTC)  # 9:00: an hour after opening
    clock = {"started_at": friday, "due_at": monday, "span": 7200, "desk": True}
    (row,) = board(state(1003, hours=0, clock=clock), now=friday + DAY).rows
    assert row.share == 0.5
    (wall,) = board(state(1003, hours=6)).rows
    assert wall.share == 0.75
    assert [row.share for row in board(state(1003, hours=25)).rows] == [0.0]


def test_clocks_of_teams_and_clocks_that_stand_still_are_not_shown() -> None:
    assert board(state(1003, hours=1, clock={"team": "réseau"})).rows == ()
    assert board(state(1003, hours=1, clock={"paused_at": NOON})).rows == ()


def test_counts_know_what_the_next_sweep_will_write() -> None:
    """The ledger says none is late; the time says two are near and one is late by now."""
    counted = (TeamCount(team="desk", open=9, untaken=4, running=5, near=1), TeamCount(team="réseau", open=1))
    shown = board(
        state(1003, hours=24.1, near_limit=True), state(1004, hours=20), state(1005, hours=19.5),
        state(1006, hours=1), teams=counted,
    )  # fmt: skip
    assert [(team.team, team.near, team.breached) for team in shown.teams] == [
        ("desk", 2, 1),
        ("réseau", 0, 0),
    ]
    assert (shown.all.open, shown.all.untaken, shown.all.near, shown.all.breached) == (10, 4, 2, 1)
    assert shown.more == 1


def test_of_many_teams_those_with_most_to_do() -> None:
    """In the order of their names, so that each keeps its place."""
    teams = [TeamCount(team=f"t{number:02}", open=number) for number in range(1, 20)]
    shown = board(teams=(*teams, TeamCount(team="zz", open=1, breached=1)))
    assert [team.team for team in shown.teams] == [*(f"t{number:02}" for number in range(9, 20)), "zz"]


@pytest.mark.parametrize(
    ("name", "address", "masked", "shown"),
    [
        ("Jean Dupont", "jean@ecole.test", False, "Jean Dupont"),
        ("Jean Dupont", "jean@ecole.test", True, "ecole.test"),
        ("", "jean@ecole.test", False, "ecole.test"),
        ("jean@ecole.test", "jean@ecole.test", False, "ecole.test"),
        ("a\u202eb\nc", "x@y.test", False, "a b c"),
        ("", "", False, ""),
    ],
)
def test_who_asked_is_never_an_address(name: str, address: str, *, masked: bool, shown: str) -> None:
    values: dict[str, Any] = {"requester_name": name, "requester_address": address}
    (row,) = board(state(1003, hours=1, **values), masked=masked).rows
    assert row.requester == shown


def test_a_subject_is_one_short_line() -> None:
    """Addresses in it are masked where those of the log are."""
    subject = "Accès de jean@ecole.test\r\n\u202eà l'envers " + "x" * 500
    (row,) = board(state(1003, hours=1, subject=subject)).rows
    assert row.subject.startswith("Accès de jean@ecole.test à l'envers xxx")
    assert len(row.subject) == view.SUBJECT_LIMIT
    (masked,) = board(state(1003, hours=1, subject=subject), masked=True).rows
    assert masked.subject.startswith("Accès de j***@ecole.test à l'envers")


def test_who_has_it() -> None:
    """An agent by name; whoever is an agent no more by nothing."""
    taken = Status.TAKEN
    rows = board(
        state(1003, hours=3, assignee=ANNE, status=taken),
        state(1004, hours=2, assignee="gone@etnic.test", status=taken),
        state(1005, hours=1, clock={"first": False}),
    ).rows  # fmt: skip
    assert [(row.who, row.untaken, row.first) for row in rows] == [
        ("Anne", False, True), ("", False, True), ("", True, False),
    ]  # fmt: skip


def test_a_crossing_is_told_once_and_only_forward() -> None:
    """Of tickets that were there before: a page that opens announces nothing."""
    states = (state(1003, hours=23), state(1004, hours=18), state(1005, hours=1))
    before, after = board(*states), board(*states, state(1006, hours=30), now=NOON + 2 * HOUR)
    assert [(row.ticket, row.stage) for row in view.crossed(before, after)] == [
        (1003, Stage.BREACHED), (1004, Stage.NEAR),
    ]  # fmt: skip
    assert view.crossed(after, after) == ()
    assert view.crossed(after, before) == ()


# --- maildrops ----------------------------------------------------------------------------------------------


def drop(polled_at: datetime | None) -> Maildrop:
    """A mailbox."""
    return Maildrop(id=1, name="support", source="inbox", uidvalidity=1, polled_at=polled_at)


REFUSED = {"maildrop support": Contact(who="maildrop support", reach=Reach.REFUSED, since=NOON)}
LOST = {"maildrop support": Contact(who="maildrop support", reach=Reach.LOST, since=NOON)}


@pytest.mark.parametrize(
    ("polled_at", "contacts", "every", "service"),
    [
        (NOON - MINUTE, {}, MINUTE, Service.WELL),
        (NOON - 5 * MINUTE, {}, MINUTE, Service.WELL),
        (NOON - 6 * MINUTE, {}, MINUTE, Service.SILENT),
        (NOON - 6 * MINUTE, {}, 5 * MINUTE, Service.WELL),
        (None, {}, MINUTE, Service.SILENT),
        (NOON - MINUTE, LOST, MINUTE, Service.LOST),
        (NOON - 9 * MINUTE, LOST, MINUTE, Service.SILENT),
        (NOON - MINUTE, REFUSED, MINUTE, Service.REFUSED),
    ],
)
def test_how_a_maildrop_is_served(
    polled_at: datetime | None, contacts: dict[str, Contact], every: timedelta, service: Service
) -> None:
    """As ``maild status`` judges it."""
    shown = board(
        maildrops=(drop(polled_at),), polls={"support": every}, contacts=contacts, unfiled={"support": 3}
    )
    (seen,) = shown.drops
    assert (seen.service, seen.unfiled, seen.door) == (service, 3, False)
    assert seen.lag == (NOON - polled_at if polled_at else None)


def test_every_configured_maildrop_is_shown_and_no_other() -> None:
    """Also one that nobody has opened yet; a door is known by not being polled."""
    shown = board(maildrops=(drop(NOON),), polls={"door": timedelta(), "new": MINUTE})
    assert [(each.name, each.door, each.service) for each in shown.drops] == [
        ("door", True, Service.SILENT), ("new", False, Service.SILENT),
    ]  # fmt: skip


def test_troubles_are_named() -> None:
    told = StandingTrouble(name="login:submission", since=NOON, told_at=NOON, detail="secret host refused")
    assert board(troubles=(told,)).troubles == ("login:submission",)


@pytest.mark.parametrize(
    ("now", "began"),
    [
        (datetime(2024, 11, 25, 13, tzinfo=UTC), datetime(2024, 11, 24, 23, tzinfo=UTC)),
        (datetime(2024, 11, 24, 23, tzinfo=UTC), datetime(2024, 11, 24, 23, tzinfo=UTC)),
        (datetime(2024, 10, 27, 12, tzinfo=UTC), datetime(2024, 10, 26, 22, tzinfo=UTC)),
        (datetime(2024, 3, 31, 12, tzinfo=UTC), datetime(2024, 3, 30, 23, tzinfo=UTC)),
    ],
)
def test_the_day_begins_at_midnight_in_brussels(now: datetime, began: datetime) -> None:
    """Also on the days of 23 and of 25 hours."""
    assert view.day_began(now, "Europe/Brussels") == began
