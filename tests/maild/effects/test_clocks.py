"""Clocks that stand still while their ticket waits: which, since when, and what makes them go on."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings

from maild import apply, byhand, sweep
from maild.decide import sla
from maild.decide.decision import Amend, Change, StopClocks, TakeInCharge
from maild.decide.policy import Agent, Policy, Sla, Team
from maild.decide.sla import Acted, Happened, Stood, Wrote
from maild.effects.clocks import presume_answered
from maild.ingest import known
from storage import repair
from storage.records import Clock, Mark, Status
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON
from tests.maild.decide.stories import POLICIES, stories
from tests.maild.office import Room, raw, room

AGENTS = (Agent(name="Anne", address=ANNE),)
BOTH = Sla(pause=("next", "team"))


def order(desk: Room, verb: str, argument: str = "", ticket: int = 1001) -> str:
    """Somebody at the shell; what he is told."""
    with desk.office.store.write() as tx:
        result = byhand.order(tx, ticket, verb, argument, desk.office, by="operator:anne")
    assert not result.refused, result.lines
    return "\n".join(result.lines)


def write_again(desk: Room, name: str = "m2", **headers: str) -> None:
    """Jean writes again about his first mail."""
    desk.ingest(raw(f"{name}@ecole.test", In_Reply_To="<m1@ecole.test>", body="Et alors ?\n", **headers))


def clocks(desk: Room) -> list[tuple[bool, datetime, datetime | None, int]]:
    """(first, due, standing still since, seconds that it has stood still) of each."""
    rows = desk.rows("SELECT id, ticket_id FROM clock ORDER BY id")
    with desk.office.store.read() as tx:
        found = {c.id: c for row in rows for c in tx.running(row.ticket_id)}
    return [(c.first, c.due_at, c.paused_at, c.paused) for _, c in sorted(found.items())]


def write_as_agent(desk: Room, name: str, text: str) -> None:
    """Anne answers the first notification that she got."""
    (told,) = desk.rows("SELECT message_id FROM outbox WHERE kind = 'notification' ORDER BY id LIMIT 1")
    desk.ingest(raw(f"{name}@etnic.test", body=text, From=ANNE, In_Reply_To=f"<{told.message_id}>"))


def ask_team(desk: Room) -> None:
    """Anne asks a specialist team about the one ticket that there is."""
    write_as_agent(desk, "a1", "#escalader réseau\n\nLa borne ?\n")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """Jean's mail was taken at noon, and at one he wrote again."""
    with room(tmp_path, agents=AGENTS, teams=(Team(name="réseau", address="net@etnic.test"),)) as made:
        made.ingest(raw())
        order(made, "prendre")
        made.clock.later(hours=1)
        write_again(made)
        assert clocks(made) == [(False, NOON + DAY + HOUR, None, 0)]
        yield made


def test_the_clock_of_a_next_answer_stands_still_while_the_ticket_waits(desk: Room) -> None:
    """Its limit is later by that time; meanwhile the ticket shows none, and nobody is warned."""
    desk.clock.later(hours=2)
    assert "stands still" in order(desk, "attente")
    assert desk.tickets()[0].due_at is None
    desk.clock.later(days=3)
    assert sweep.sweep(desk.office) == sweep.Swept(near=0, breached=0)
    order(desk, "prendre")  # stops it: what it stood still counts to the end
    (row,) = desk.rows("SELECT due_at, paused, paused_at FROM clock WHERE NOT first")
    assert (row.paused, row.paused_at) == (3 * 86_400, None)
    assert datetime.fromisoformat(str(row.due_at)).replace(tzinfo=NOON.tzinfo) == NOON + 4 * DAY + HOUR


def test_the_promise_itself_never_stands_still(desk: Room) -> None:
    """Of the ticket of another, which nobody has taken."""
    desk.ingest(raw("n1@ecole.test", From="eva@ecole.test"))
    assert "goes on" in order(desk, "attente", ticket=1002)
    assert clocks(desk)[1] == (True, NOON + DAY + HOUR, None, 0)
    assert desk.tickets()[1].due_at == NOON + DAY + HOUR


def _wakes(desk: Room) -> None:
    desk.clock.later(days=1, minutes=7)  # the sweep comes seven minutes late
    sweep.sweep(desk.office)


def _writes(desk: Room) -> None:
    desk.clock.later(days=1)
    write_again(desk, "m3")


def _orders(verb: str) -> Callable[[Room], object]:
    def order_later(desk: Room) -> str:
        desk.clock.later(days=1)
        return order(desk, verb)

    return order_later


@pytest.mark.parametrize("goes_on", [_wakes, _writes, _orders("annuler")], ids=["wake", "mail", "undo"])
def test_it_goes_on_when_the_waiting_is_over(desk: Room, goes_on: Callable[[Room], object]) -> None:
    """By its date, by a mail of the requester, or because the waiting itself is undone."""
    order(desk, "attente", "1j")
    assert clocks(desk) == [(False, NOON + DAY + HOUR, NOON + HOUR, 0)]
    goes_on(desk)
    assert clocks(desk)[0] == (False, NOON + 2 * DAY + HOUR, None, 86_400)
    assert desk.tickets()[0].due_at == NOON + 2 * DAY + HOUR


def test_waiting_again_is_counted_once(desk: Room) -> None:
    """A second order to wait only says until when."""
    order(desk, "attente", "2j")
    desk.clock.later(hours=5)
    order(desk, "attente", "1j")
    assert clocks(desk) == [(False, NOON + DAY + HOUR, NOON + HOUR, 0)]
    _wakes(desk)
    assert clocks(desk) == [(False, NOON + 2 * DAY + 6 * HOUR, None, 86_400 + 5 * 3600)]


def test_what_is_over_its_limit_stands_still_no_more(desk: Room) -> None:
    """Also where the sweep has not noticed yet."""
    desk.clock.later(days=1)
    assert "over since" in order(desk, "attente")
    assert clocks(desk) == [(False, NOON + DAY + HOUR, None, 0)]
    sweep.sweep(desk.office)
    assert desk.tickets()[0].breached


def test_an_answer_that_is_undone_lets_it_stand_still_again(desk: Room) -> None:
    """Because the ticket waits again."""
    order(desk, "attente")
    desk.clock.later(hours=4)
    order(desk, "clore")
    desk.clock.later(hours=1)
    order(desk, "annuler")
    assert clocks(desk) == [(False, NOON + DAY + 5 * HOUR, NOON + 6 * HOUR, 4 * 3600)]


def test_who_was_taken_for_a_spammer_has_waited_until_somebody_thinks_better_of_it(desk: Room) -> None:
    """Spam answers nobody: what opens the ticket again does. Taken back, that is spam, and no clock runs;
    both taken back, it runs as before."""
    order(desk, "spam")
    assert clocks(desk) == []
    desk.clock.later(days=2)
    order(desk, "rouvrir")
    stopped = "SELECT stopped_at, presumed FROM clock WHERE NOT first"
    (row,) = desk.rows(stopped)
    assert (str(row.stopped_at)[:19], bool(row.presumed)) == (f"{desk.clock.now:%Y-%m-%d %H:%M:%S}", False)
    order(desk, "annuler")
    assert (desk.tickets()[0].status, clocks(desk)) == (Status.SPAM, [])
    order(desk, "annuler")
    assert clocks(desk) == [(False, NOON + DAY + HOUR, None, 0)]
    assert desk.tickets()[0].due_at == NOON + DAY + HOUR


def test_an_act_that_comes_to_light_late_wakes_nothing_that_came_after_it(desk: Room) -> None:
    """Jean's second mail came later than it: its clock stands still since the ticket waits."""
    order(desk, "attente")
    held = clocks(desk)
    desk.clock.later(hours=4)
    early = NOON - HOUR
    change(desk, TakeInCharge(agent=ANNE, at=early), StopClocks(at=early, by=ANNE, act="take"))
    assert clocks(desk) == held


def test_an_answer_that_is_held_lets_it_stand_still_again(desk: Room) -> None:
    """As if it had not been written; what it stood still until then is counted."""
    order(desk, "attente")
    desk.clock.later(hours=4)
    write_as_agent(desk, "a1", "Bonjour, voici le modèle à commander.\n")
    assert clocks(desk) == []
    desk.clock.later(minutes=1)
    write_as_agent(desk, "a2", "#stop\n")
    stopped = NOON + 5 * HOUR
    assert clocks(desk) == [(False, stopped + DAY, stopped + timedelta(minutes=1), 4 * 3600)]


def test_a_presumed_answer_ends_the_waiting(desk: Room) -> None:
    """It stops what it answers, and what was written since goes on."""
    order(desk, "attente")
    at = desk.clock.now + 3 * HOUR
    with desk.office.store.write() as tx:
        told: dict[str, Any] = {"mail_id": "poll", "policy": desk.office.policy}
        assert not presume_answered(tx, 1001, begun=NOON, at=at, **told)
        assert presume_answered(tx, 1001, begun=NOON + HOUR, at=at, **told)
    (row,) = desk.rows("SELECT paused, paused_at, presumed FROM clock WHERE NOT first")
    assert (row.paused, row.paused_at, bool(row.presumed)) == (3 * 3600, None, True)


def test_what_is_merged_keeps_the_pace_of_where_it_goes(desk: Room) -> None:
    """A clock that ran stands still on a ticket that waits; when that is undone it runs again."""
    desk.ingest(raw("n1@ecole.test"))
    order(desk, "prendre", ticket=1002)
    desk.clock.later(hours=1)
    desk.ingest(raw("n2@ecole.test", In_Reply_To="<n1@ecole.test>", body="Encore ?\n"))
    order(desk, "attente", ticket=1001)
    order(desk, "fusionner", "1001", ticket=1002)
    assert [since for _, _, since, _ in clocks(desk)] == [NOON + 2 * HOUR] * 2
    assert desk.tickets()[0].due_at is None
    desk.clock.later(hours=1)
    order(desk, "annuler", ticket=1001)
    assert [since for _, _, since, _ in clocks(desk)] == [NOON + 2 * HOUR, None]
    assert [t.due_at for t in desk.tickets()] == [None, NOON + DAY + 3 * HOUR]


def test_what_is_split_off_is_a_first_one_and_runs(desk: Room) -> None:
    """Later by what it has stood still: nobody is late for what he was told could wait."""
    order(desk, "attente")
    desk.clock.later(hours=4)
    order(desk, "détacher")
    assert clocks(desk) == [(True, NOON + DAY + 5 * HOUR, None, 4 * 3600)]
    assert [t.due_at for t in desk.tickets()] == [None, NOON + DAY + 5 * HOUR]


@pytest.mark.parametrize(("pause", "since"), [(Sla(), None), (BOTH, NOON + HOUR)])
def test_a_team_s_own_clock_stands_still_where_the_policy_says_so(
    tmp_path: Path, pause: Sla, since: datetime | None
) -> None:
    """And not else: the team is still expected to answer."""
    made: dict[str, Any] = {"agents": AGENTS, "teams": (Team(name="réseau", address="net@etnic.test"),)}
    with room(tmp_path, sla=pause, **made) as desk:
        desk.ingest(raw())
        ask_team(desk)
        desk.clock.later(hours=1)
        assert ("the team réseau stands still" in order(desk, "attente")) is (since is not None)
        assert clocks(desk) == [(False, NOON + DAY, since, 0)]


def test_a_team_s_clock_keeps_the_pace_of_what_its_ticket_was_merged_into(tmp_path: Path) -> None:
    """Whoever goes on with the survivor decides when the team is waited for again."""
    made: dict[str, Any] = {"agents": AGENTS, "teams": (Team(name="réseau", address="net@etnic.test"),)}
    with room(tmp_path, sla=BOTH, **made) as desk:
        desk.ingest(raw())
        ask_team(desk)
        desk.ingest(raw("n1@ecole.test", Subject="Un autre sujet"))
        order(desk, "attente", ticket=1002)
        order(desk, "fusionner", "1002", ticket=1001)
        assert clocks(desk)[0] == (False, NOON + DAY, NOON, 0)
        desk.clock.later(hours=2)
        order(desk, "prendre", ticket=1002)
        assert clocks(desk) == [(False, NOON + DAY + 2 * HOUR, None, 7200)]
        kinds = [row.kind for row in desk.rows("SELECT kind FROM event WHERE ticket_id = 1002")]
        assert "clock_resumed" in kinds


def test_marks_go_while_it_stands_still_and_come_back(desk: Room) -> None:
    """The mail is not near its limit while nobody is expected to act."""

    def marked() -> list[Mark]:
        with desk.office.store.read() as tx:
            return [m for m in tx.marks(desk.drop.id, 1, limit=9) if m.message_id == "m2@ecole.test"]

    desk.clock.later(hours=20)
    sweep.sweep(desk.office)
    assert [m.stage for m in marked()] == ["near"]
    order(desk, "attente")
    assert [m.stage for m in marked()] == [None]
    assert not desk.tickets()[0].near_limit
    desk.clock.later(hours=20)
    write_again(desk, "m3")
    assert [m.stage for m in marked()] == ["near"]
    assert desk.tickets()[0].near_limit


# --- the ledger says what the pure function says


def befall(desk: Room, happened: Happened, number: int) -> None:
    """Let it happen to the first ticket, as far as clocks are concerned."""
    match happened:
        case Wrote():
            desk.clock.now = happened.at
            headers = {"In_Reply_To": "<m0@ecole.test>"} if number else {}
            desk.ingest(raw(f"m{number}@ecole.test", body=f"Et alors, pour la fois {number} ?\n", **headers))
        case Stood():
            desk.clock.now = happened.at
            status = Status.WAITING if happened.waits else Status.TAKEN
            change(desk, Amend(values=(("status", status.value),)))
        case Acted(presumed=True):
            told: dict[str, Any] = {"mail_id": "poll", "policy": desk.office.policy}
            with desk.office.store.write() as tx:
                presume_answered(tx, 1001, begun=happened.at, at=happened.at, **told)
        case Acted():
            stopped = StopClocks(at=happened.at, by=ANNE, act="take")
            change(desk, TakeInCharge(agent=ANNE, at=happened.at), stopped)


def change(desk: Room, *changes: Change) -> None:
    """What somebody changes on the first ticket, without a mail."""
    judged, paper = desk.office.policy, desk.office.paper
    with desk.office.store.write() as tx:
        facts = known(tx, (1001,), desk.office)
        apply.act(tx, changes, facts, ticket=1001, actor=ANNE, policy=judged, paper=paper)


def bare(one: Clock) -> Clock:
    """A clock without what only the ledger knows."""
    return replace(one, id=0, message_id=0, ticket_id=0, stopped_by="")


@settings(max_examples=10)
@given(story=stories(), judged=POLICIES)
def test_the_ledger_holds_what_a_story_makes(story: list[Happened], judged: Policy) -> None:
    """Each clock with its limits, its stops and what it stood still, and what the ticket shows of them."""
    with TemporaryDirectory() as folder, room(Path(folder), agents=AGENTS, sla=judged.sla) as desk:
        for number, happened in enumerate(story):
            befall(desk, happened, number)
        with desk.office.store.read() as tx:
            rows = [row.message_id for row in desk.rows("SELECT message_id FROM clock ORDER BY id")]
            found = [one for row in rows if (one := repair.clock_of(tx, row))]
        made = sla.replayed(story, desk.office.policy)
        assert list(map(bare, found)) == list(map(bare, made.clocks))
        (ticket,) = desk.tickets()
        assert (ticket.taken_at, ticket.due_at) == (made.taken_at, made.due_at)
