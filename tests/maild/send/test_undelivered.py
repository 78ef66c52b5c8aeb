"""A letter that is lost is seen on its ticket, and told one step further: never back, never round."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maild import assembly, compose
from maild.bell import Bell
from maild.decide.policy import Agent
from maild.send import outbox as sending
from maild.send import undelivered
from maild.send.courier import Deferred, Outcome, Refused, Sent
from maild.send.outbox import Dispatch
from parsers.mail import parse_mail
from storage.records import OutboxEntry
from tests.maild.decide.cases import ANNE, JEAN
from tests.maild.office import Room, raw, room
from tests.maild.send.letters import submission

ADMIN, BOB = "admin@etnic.test", "bob@etnic.test"


class Fussy:
    """A courier whom some addresses refuse for good."""

    def __init__(self, *refused: str, outcome: Outcome = Refused(reply="550 5.1.1 nobody")) -> None:  # noqa: B008
        self.refused, self.outcome = refused, outcome
        self.carried: list[OutboxEntry] = []

    def send(self, entry: OutboxEntry) -> Outcome:
        self.carried.append(entry)
        return self.outcome if entry.recipient in self.refused else Sent(reply="250 ok")

    def rest(self) -> None:
        return


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """Anne and Bob of the desk, and a request of Jean's."""
    with room(tmp_path, agents=(Agent(name="Anne", address=ANNE), Agent(name="Bob", address=BOB))) as made:
        made.ingest(raw())
        yield made


def drain(desk: Room, *refused: str, **more: Any) -> Fussy:
    """Send all that is owed, until nothing new comes of it."""
    fussy, settings = Fussy(*refused, **more), submission(per_minute=10_000)
    dispatch = Dispatch(office=desk.office, courier=fussy, submission=settings, holder="a", bell=Bell())
    sending.drain(dispatch)
    return fussy


def told(fussy: Fussy, to: str) -> list[str]:
    """The letters to somebody that are no receipt and no notification."""
    kinds = ("alert", "trouble")
    return [read(one.content) for one in fussy.carried if one.recipient == to and one.kind.value in kinds]


def read(content: bytes) -> str:
    """Subject and text of a letter."""
    mail = parse_mail(content)
    return f"{mail.subject}\n{mail.text}"


def events(desk: Room) -> list[dict[str, Any]]:
    """What the story says of letters that were lost."""
    rows = desk.rows("SELECT detail FROM event WHERE kind = 'undelivered' ORDER BY id")
    return [json.loads(row.detail) for row in rows]


def test_a_refused_receipt_is_told_to_the_team_and_shown_on_the_ticket(desk: Room) -> None:
    """With the server's words; the ticket was not acknowledged after all."""
    fussy = drain(desk, JEAN)
    assert [len(told(fussy, to)) for to in (ANNE, BOB, ADMIN)] == [1, 1, 0]
    assert "550 5.1.1 nobody" in told(fussy, ANNE)[0]
    (event,) = events(desk)
    assert (event["kind"], event["to"], event["state"]) == ("receipt", JEAN, "failed")
    assert desk.tickets()[0].acked_at is None


def test_the_assignee_hears_alone(desk: Room) -> None:
    """It is his ticket."""
    with desk.office.store.write() as tx:
        tx.change_ticket(1001, assignee=BOB)
    fussy = drain(desk, JEAN)
    assert [len(told(fussy, to)) for to in (ANNE, BOB, ADMIN)] == [0, 1, 0]


def test_a_reply_to_the_telling_finds_the_ticket(desk: Room) -> None:
    """Its Message-ID carries the ticket's token, as a notification's does."""
    letter = next(one for one in drain(desk, JEAN).carried if one.kind.value == "alert")
    desk.ingest(
        raw("take@etnic.test", From=f"Anne <{ANNE}>", Subject="Re: x", In_Reply_To=f"<{letter.message_id}>",
            body="#prendre\n")
    )  # fmt: skip
    assert desk.tickets()[0].taken_at is not None


def test_what_may_have_arrived_is_told_as_such(desk: Room) -> None:
    """Three silences after the dot; the ticket counts as acknowledged, for it may have been."""
    silence = Deferred(reply="timed out", ambiguous=True)
    drain(desk, JEAN, outcome=silence)
    desk.clock.later(hours=2)
    drain(desk, JEAN, outcome=silence)
    desk.clock.later(hours=2)
    fussy = drain(desk, JEAN, outcome=silence)
    (event,) = events(desk)
    assert event["state"] == "uncertain"
    assert "incertain" in told(fussy, ANNE)[0]
    assert desk.tickets()[0].acked_at is not None


def test_a_lost_notification_makes_no_other_and_the_administrators_hear_once_a_day(desk: Room) -> None:
    """However many there are; nobody writes to the dead address about it."""
    desk.ingest(*(raw(f"m{n}@ecole.test", From="eva@ecole.test", Subject=f"S {n}") for n in range(4)))
    fussy = drain(desk, ANNE)
    assert len(events(desk)) == 5
    assert len(told(fussy, ADMIN)) == 1
    assert ANNE in told(fussy, ADMIN)[0]
    assert [told(fussy, to) for to in (ANNE, BOB)] == [[], []]


def test_when_nobody_can_be_told_it_ends(desk: Room) -> None:
    """Requester, agents and administrators all refused: each letter is tried once, and that is all."""
    fussy = drain(desk, JEAN, ANNE, BOB, ADMIN)
    by_kind = sorted((one.kind.value, one.recipient) for one in fussy.carried)
    # Receipt, two notifications, two tellings of the receipt, and the administrator of two dead addresses.
    assert by_kind == [
        ("alert", ANNE), ("alert", BOB), ("notification", ANNE), ("notification", BOB),
        ("receipt", JEAN), ("trouble", ADMIN), ("trouble", ADMIN),
    ]  # fmt: skip
    assert drain(desk, JEAN, ANNE, BOB, ADMIN).carried == []


def test_without_agents_the_administrators_hear_of_a_receipt(tmp_path: Path) -> None:
    """Somebody must."""
    with room(tmp_path, agents=()) as lone:
        lone.ingest(raw())
        assert len(told(drain(lone, JEAN), ADMIN)) == 1


def test_an_agent_who_is_the_requester_is_not_written_to_at_the_dead_address(desk: Room) -> None:
    """The others of the team are."""
    desk.ingest(raw("own@etnic.test", From=f"Anne <{ANNE}>", Subject="Mon écran"))
    fussy = drain(desk, ANNE)
    assert told(fussy, ANNE) == []
    assert len(told(fussy, BOB)) == 1


def test_a_template_that_fails_does_not_send_the_letter_again(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was refused is settled, and the ticket shows it."""

    def fail(*_: object, **__: object) -> assembly.Letter:
        raise RuntimeError("a template of the operator's")

    monkeypatch.setattr(compose, "undelivered", fail)
    drain(desk, JEAN)
    assert [row.state for row in desk.rows("SELECT state FROM outbox ORDER BY id")] == [
        "failed",
        "sent",
        "sent",
    ]
    assert len(events(desk)) == 1


def test_a_retried_letter_that_fails_again_is_told_again(desk: Room) -> None:
    """Whoever had it tried again wants to know."""
    from storage import outbox
    from storage.outbox import Act

    drain(desk, JEAN)
    desk.clock.later(minutes=5)
    with desk.office.store.write() as tx:
        outbox.intervene(tx, 1, Act.RETRY, by="operator:x", now=desk.clock.now)
    fussy = drain(desk, JEAN)
    assert len(told(fussy, ANNE)) == 1
    assert len(events(desk)) == 2


def test_each_language_has_its_words(desk: Room) -> None:
    """As the agent reads."""
    agents = tuple(Agent(name=x, address=f"{x}@etnic.test", language=x) for x in ("fr", "nl", "de", "en"))
    desk.office = replace(desk.office, policy=replace(desk.office.policy, agents=agents))
    fussy = drain(desk, JEAN)
    words = {"fr": "Non remis", "nl": "Niet bezorgd", "de": "Nicht zugestellt", "en": "Not delivered"}
    for language, subject in words.items():
        assert subject in told(fussy, f"{language}@etnic.test")[0]


def test_an_outage_of_days_is_no_flood(desk: Room) -> None:
    """Whoever has heard of so many letters today looks into the list; the tickets show all of them."""
    for n in range(undelivered.MOST_A_DAY + 5):
        desk.ingest(raw(f"x{n}@ecole.test", From=f"p{n}@ecole.test", Subject=f"S {n}"))
    refused = [f"p{n}@ecole.test" for n in range(undelivered.MOST_A_DAY + 5)]
    fussy = drain(desk, *refused)
    assert len(told(fussy, BOB)) == undelivered.MOST_A_DAY
    assert len(events(desk)) == len(refused)
