"""An answer on its way, as `#stop` and `#envoyer` find it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from maild.decide.commands import Result
from maild.decide.decision import Amend, ReleaseLetters, StopClocks, StopLetters, TakeInCharge
from storage.records import Changed, Event, Given, MessageKind, OutboxState, OwedLetter, Status
from tests.maild.decide.cases import ANNE, HOUR, JEAN, NOON, of
from tests.maild.decide.verbs.orders import AGENT, ASKED, BOB, amended, run

TAKEN: dict[str, Any] = {"status": Status.TAKEN, "assignee": ANNE, "taken_at": NOON - HOUR}


def letter(state: OutboxState, number: int = 7, **values: Any) -> OwedLetter:
    """One copy of an answer, to Jean."""
    made: dict[str, Any] = {
        "id": number, "mail_id": "r1", "ticket_id": 1001, "kind": MessageKind.RELAY, "state": state,
        "recipient": JEAN, "message_id": "x@etnic.test", "subject": "s", "sha256": "", "attempts": 0,
        "ambiguous": 0, "created_at": NOON - HOUR, "due_at": NOON, "next_at": None, "sent_at": None,
        "reply": "",
    }  # fmt: skip
    return OwedLetter(**(made | values))


def event(kind: str, **detail: Any) -> Event:
    """A fact of the story that the answer brought about."""
    return Event(
        ticket_id=1001, at=NOON, kind=kind, actor=ANNE, cause="r1", detail=json.dumps(detail, default=str)
    )


STOPPED = event("clock_stopped", act="answer", at=NOON - HOUR, messages=[1, 2])
TOOK = event(
    "changed",
    before={"status": "new", "assignee": "", "taken_at": None},
    after={"status": "taken", "assignee": ANNE, "taken_at": str(NOON - HOUR)},
)


def on(
    text: str,
    *letters: OwedLetter,
    events: tuple[Event, ...] = (TOOK, STOPPED),
    by: str = ANNE,
    **values: Any,
) -> Result:
    """A command on a ticket with one answer of Anne's."""
    answer = Changed(at=NOON - HOUR, actor=by, cause="r1", events=events, letters=letters)
    handling = replace(ASKED, answers=(answer,), given=values.pop("given", ()))
    return run(text, handling=handling, **{**TAKEN, **values})


@pytest.mark.parametrize("text", ["#stop", "#STOP", "#hold", "#retenir", "#stop\n\nC'était faux"])
def test_what_has_not_left_is_held_and_taken_back(text: str) -> None:
    """Its clocks run, and the ticket stands as before; what is written below stays inside."""
    result = on(text, letter(OutboxState.READY), letter(OutboxState.READY, 8))
    back = (("status", Status.NEW.value), ("assignee", ""), ("taken_at", None))
    assert result.changes == (StopLetters(letters=(7, 8), restart=(1, 2), restore=back),)
    assert result.text.value == "note"
    assert "est «\u00a0nouveau\u00a0». Son délai court de nouveau." in result.lines[0]


def test_what_somebody_changed_since_then_stays() -> None:
    """It was given to Bob meanwhile."""
    result = on("#stop", letter(OutboxState.READY), assignee=BOB.address)
    assert dict(of(result, StopLetters)[0].restore) == {"status": "new", "taken_at": None}


@pytest.mark.parametrize("verb", ["prendre", "assigner", "assign", "take"])
def test_an_order_above_the_answer_stays(verb: str) -> None:
    """It was an act of its own: the clock stands, the ticket is in hand."""
    result = on("#stop", letter(OutboxState.READY), events=(event("command", verbs=verb), TOOK, STOPPED))
    assert result.changes == (StopLetters(letters=(7,)),)
    resolved = event(
        "changed", before={"status": "new", "wake_at": None}, after={"status": "resolved", "wake_at": None}
    )
    told = event("command", verbs=f"{verb} resolu")
    both = on("#stop", letter(OutboxState.READY), events=(told, resolved, STOPPED), status=Status.RESOLVED)
    assert of(both, StopLetters)[0].restore == (("status", "taken"),)


def test_a_later_answer_that_has_left_keeps_the_clock_still() -> None:
    """The requester was answered all the same."""
    later = Given(
        outbox_id=9, cause="r2", agent=BOB.address, recipient=JEAN, state=OutboxState.SENT, created_at=NOON
    )
    assert of(on("#stop", letter(OutboxState.READY), given=(later,)), StopLetters)[0].restart == ()


def test_what_has_left_for_some_is_held_for_the_others() -> None:
    """It was an answer: nothing else is taken back, and its author hears to whom it went, and when."""
    gone = letter(OutboxState.SENT, 8, sent_at=NOON - HOUR / 2, recipient="luc@ecole.test")
    result = on("#stop", letter(OutboxState.READY), gone)
    assert result.changes == (StopLetters(letters=(7,)),)
    assert "déjà partie à luc@ecole.test (lundi 25 novembre 2024 à 12\u00a0h\u00a030)" in result.lines[0]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            letter(OutboxState.SENT, sent_at=NOON),
            "trop tard, la réponse de Anne est partie à jean@ecole.test (lundi",
        ),
        (letter(OutboxState.UNCERTAIN), "trop tard"),
        (letter(OutboxState.CLAIMED, next_at=NOON + HOUR), "part à l’instant"),
        (letter(OutboxState.HELD, reply=f"held by {ANNE}"), "déjà retenue ; #envoyer"),
        (letter(OutboxState.FAILED), "aucune réponse n’attend"),
        (letter(OutboxState.DROPPED), "aucune réponse n’attend"),
    ],
)
def test_too_late_is_too_late(found: OwedLetter, said: str) -> None:
    """With what became of it."""
    result = on("#stop", found)
    assert (result.refused, result.changes) == (True, ())
    assert said in result.lines[0].replace("\u00a0", " ")


def test_a_claim_that_is_over_holds_nothing() -> None:
    """Whoever had it is gone; it waits like any other."""
    assert of(on("#stop", letter(OutboxState.CLAIMED, next_at=NOON)), StopLetters)[0].letters == (7,)


def test_there_may_be_nothing_to_stop() -> None:
    assert "aucune réponse n’attend" in run("#stop").lines[0]
    assert "aucune réponse n’est retenue" in run("#envoyer").lines[0]


@pytest.mark.parametrize("text", ["#envoyer", "#send", "#ENVOIE", "#release"])
def test_what_was_held_leaves(text: str) -> None:
    """And is the answer that it was."""
    held = letter(OutboxState.HELD, reply=f"held by {BOB.address}")
    result = on(text, held, status=Status.NEW, assignee="", taken_at=None)
    assert result.changes == (
        ReleaseLetters(letters=(7,)),
        TakeInCharge(agent=ANNE, at=NOON),
        StopClocks(at=NOON, by=ANNE, act="answer"),
    )


def test_a_held_resolution_resolves_when_it_leaves() -> None:
    """As its letter says."""
    after = event("changed", before={"status": "taken"}, after={"status": "resolved"})
    result = on("#envoyer", letter(OutboxState.HELD, reply=f"held by {ANNE}"), events=(after,))
    assert of(result, Amend) == [Amend(values=(("status", "resolved"),))]
    assert amended(result) == {"status": "resolved"}


@pytest.mark.parametrize("reply", ["budget: 10 answers on this ticket in 1:00:00", "held by operator:root"])
def test_what_others_hold_is_not_for_agents_to_release(reply: str) -> None:
    """An administrator does, and they read how."""
    result = on("#envoyer", letter(OutboxState.HELD, reply=reply))
    assert (result.refused, result.changes) == (True, ())
    assert "maild outbox release 7" in result.lines[0]


@pytest.mark.parametrize("status", [Status.CLOSED, Status.SPAM, Status.MERGED])
def test_nothing_leaves_on_a_ticket_that_is_over(status: Status) -> None:
    assert on("#envoyer", letter(OutboxState.HELD, reply=f"held by {ANNE}"), status=status).refused


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_each_hears_of_it_in_his_language(language: str) -> None:
    """With the name of whose answer it is."""
    result = on("#stop", letter(OutboxState.READY), agent=replace(AGENT, language=language))
    assert "Anne" in result.lines[0]
    assert "2024" in result.lines[0]
