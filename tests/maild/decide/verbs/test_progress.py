"""Where a ticket stands: each verb by each of its names, from each status."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide.decision import Amend, Brief, SendRelay, StopClocks, TakeInCharge
from maild.decide.facts import NOT_HANDLED
from maild.decide.verbs import progress
from storage.records import Status
from tests.maild.decide.cases import ANNE, DAY, HOUR, JEAN, NOON, clock, of
from tests.maild.decide.verbs.orders import BOB, amended, run

EVERY = {
    "wait": ["#attente", "#ATTENTE", "#wait", "#attendre", "#en-attente", "#pause", "#wachten", "#warten"],
    "resolve": ["#résolu", "#resolu", "#RÉSOLU", "#resolved", "#résolue", "#resolve", "#solved", "#opgelost",
                "#gelöst"],
    "reopen": ["#rouvrir", "#reopen", "#réouvrir", "#heropenen"],
    "close": ["#clore", "#close", "#clôturer", "#cloturer", "#closed", "#fermer", "#sluiten", "#schließen"],
    "spam": ["#spam", "#SPAM", "#junk", "#indésirable", "#ongewenst"],
}  # fmt: skip
AFTER = {
    "wait": Status.WAITING, "resolve": Status.RESOLVED, "reopen": Status.TAKEN, "close": Status.CLOSED,
    "spam": Status.SPAM,
}  # fmt: skip
ALLOWED = {
    "wait": {Status.NEW, Status.TAKEN, Status.WAITING},
    "resolve": {Status.NEW, Status.TAKEN, Status.WAITING},
    "reopen": {Status.RESOLVED, Status.CLOSED, Status.OUT_OF_SCOPE, Status.SPAM},
    "close": {Status.NEW, Status.TAKEN, Status.WAITING, Status.RESOLVED, Status.OUT_OF_SCOPE},
    "spam": set(Status) - {Status.SPAM, Status.MERGED},
}


@pytest.mark.parametrize(("verb", "text"), [(verb, text) for verb, texts in EVERY.items() for text in texts])
def test_every_name_of_a_verb_does_the_same(verb: str, text: str) -> None:
    """French, English and what people type; accents and case are nothing."""
    status = Status.CLOSED if verb == "reopen" else Status.TAKEN
    result = run(text, status=status)
    assert not result.refused
    assert amended(result)["status"] == AFTER[verb]
    assert result.state is not None
    assert result.state.ticket.status is AFTER[verb]


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("verb", list(EVERY))
def test_a_verb_runs_where_it_makes_sense(verb: str, status: Status) -> None:
    """And is refused with where the ticket stands otherwise."""
    result = run(EVERY[verb][0], status=status)
    assert result.refused is (status not in ALLOWED[verb])
    assert ("rien n’a changé" in result.lines[0]) is result.refused


# ---------------------------------------------------------------------- wait


@pytest.mark.parametrize(
    ("argument", "until"),
    [
        ("", None),
        ("2j", NOON + 2 * DAY),
        ("2d", NOON + 2 * DAY),
        ("3 jours", NOON + 3 * DAY),
        ("pendant 2 jours", NOON + 2 * DAY),
        ("for 1h30", NOON + 1.5 * HOUR),
        ("1 semaine", NOON + 7 * DAY),
        ("demain 14h", datetime(2024, 11, 26, 13, tzinfo=UTC)),
        ("demain", datetime(2024, 11, 26, 6, tzinfo=UTC)),
        ("jusqu'au 29/11", datetime(2024, 11, 29, 6, tzinfo=UTC)),
        ("until friday 9:30", datetime(2024, 11, 29, 8, 30, tzinfo=UTC)),
        ("2024-12-24 10:00", datetime(2024, 12, 24, 9, tzinfo=UTC)),
        ("1er avril", datetime(2025, 4, 1, 5, tzinfo=UTC)),
        ("tot maandag 9u", datetime(2024, 12, 2, 8, tzinfo=UTC)),
    ],
)
def test_it_wakes_when_its_agent_says(argument: str, until: datetime | None) -> None:
    """After a span, at an instant, in the morning of a day, or not by itself."""
    result = run(f"#attente {argument}".strip(), status=Status.TAKEN, taken_at=NOON - HOUR)
    assert result.changes == (Amend(values=(("status", "waiting"), ("wake_at", until))),)
    assert ("revient de lui-même" in result.lines[0]) is (until is not None)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("hier 9h", "est passé"),
        ("2024-11-20 10:00", "est passé"),
        ("aujourd'hui", "est passé"),
        ("31/02 9h", "n’a pas été compris"),
        ("le fournisseur", "« le fournisseur » n’a pas été compris"),
        ("30", "n’a pas été compris"),
        ("0j", "n’a pas été compris"),
    ],
)
def test_what_is_past_or_not_understood_changes_nothing(argument: str, said: str) -> None:
    """With examples of how to write it."""
    result = run(f"#attente {argument}")
    assert (result.refused, result.changes) == (True, ())
    assert said in result.lines[0].replace("\u00a0", " ")
    assert "#attente 2j" in result.lines[0].replace("\u00a0", " ")


def test_waiting_stops_no_clock_and_says_so() -> None:
    """Unless words below it answer the requester."""
    running = (clock(), clock(id=2, team="réseau", due_at=NOON + HOUR))
    result = run("#attente 2j", running=running)
    assert of(result, StopClocks) == []
    assert "continue de courir jusqu’au mardi 26 novembre 2024" in result.lines[0]
    assert "continue" not in run("#attente 2j").lines[0]
    assert "continue" not in run("#attente 2j\n\nQuel est le modèle ?", running=running).lines[0]
    assert "continue" in run("#attente 2j\n#note\n\nLivraison", running=running).lines[0]
    assert "continue" not in run("#prendre\n#attente 2j", running=running).lines[0]


@given(st.text(max_size=60))
def test_whatever_stands_behind_it_is_understood_or_refused(argument: str) -> None:
    """Never in the past."""
    line = " ".join(argument.split())
    result = run(f"#attente {line}")
    wake_at = amended(result).get("wake_at")
    assert result.refused or wake_at is None or wake_at > NOON


# ---------------------------------------------------------------------- resolved, closed


def test_resolving_writes_to_the_requester() -> None:
    """A letter that says how to reopen it; the ticket is whose it was, else the agent's."""
    result = run("#résolu\n\nLe pilote est remplacé.")
    (sent,) = of(result, SendRelay)
    assert (sent.notice, sent.text.strip(), sent.to[0].address) == (
        "resolved",
        "Le pilote est remplacé.",
        JEAN,
    )
    assert of(result, TakeInCharge) == [TakeInCharge(agent=ANNE, at=NOON)]
    assert of(result, StopClocks) == [StopClocks(at=NOON, by=ANNE, act="resolve")]
    assert amended(result) == {"status": "resolved", "wake_at": None}
    assert "#stop le retient" in result.lines[0]
    assert of(run("#résolu", assignee="bob@etnic.test"), TakeInCharge)[0].agent == "bob@etnic.test"


def test_a_note_beside_resolving_stays_inside() -> None:
    """The letter leaves without a word of it."""
    (sent,) = of(run("#résolu\n#note\n\nClient difficile"), SendRelay)
    assert (sent.text, sent.html, sent.files, sent.notice) == ("", "", (), "resolved")


def test_closing_writes_only_where_there_are_words() -> None:
    """It is an act all the same."""
    result = run("#clore")
    assert of(result, SendRelay) == []
    assert of(result, StopClocks) == [StopClocks(at=NOON, by=ANNE, act="close")]
    assert of(result, TakeInCharge) == [TakeInCharge(agent=ANNE, at=NOON)]
    (sent,) = of(run("#clore\n\nComme convenu."), SendRelay)
    assert (sent.notice, sent.text.strip()) == ("closed", "Comme convenu.")
    assert of(run("#clore\n#note\n\nDoublon"), SendRelay) == []
    assert of(run("#clore", status=Status.RESOLVED), TakeInCharge) == []


@pytest.mark.parametrize("text", ["#résolu", "#clore\n\nVoilà."])
def test_nobody_can_be_written_to_without_an_address(text: str) -> None:
    """Nothing changes, and it says why."""
    result = run(text, requester_address="", handling=NOT_HANDLED)
    assert (result.refused, result.changes) == (True, ())
    assert "pas d’adresse" in result.lines[0]


# ---------------------------------------------------------------------- open again, spam


def test_a_ticket_is_opened_again_for_whoever_had_it() -> None:
    """He hears of it, unless it was himself, or he is away, or nobody had it."""
    result = run("#rouvrir", status=Status.RESOLVED, assignee=BOB.address, taken_at=NOON - HOUR)
    assert amended(result) == {"status": "taken", "assignee": BOB.address}
    assert of(result, Brief) == [Brief(recipients=((BOB.address, "nl"),), reason="reopened", by="Anne")]
    mine = run("#rouvrir", status=Status.SPAM)
    assert amended(mine) == {"status": "taken", "assignee": ANNE, "taken_at": NOON}
    assert of(mine, StopClocks) == [StopClocks(at=NOON, by=ANNE, act="reopen")]
    assert of(result, StopClocks) == []
    assert of(mine, Brief) == []


def test_a_ticket_that_was_opened_again_can_be_taken_and_answered() -> None:
    """Each command sees what those above it leave."""
    result = run("#rouvrir\n#prendre\n\nBonjour", status=Status.CLOSED, assignee=BOB.address)
    assert not result.refused
    assert result.state is not None
    assert (result.state.ticket.status, result.state.ticket.assignee) == (Status.TAKEN, ANNE)


def test_spam_is_set_aside_without_a_word_to_anybody() -> None:
    """Its clocks stop, and what is written below it stays inside."""
    result = run("#spam\n\nEncore ce vendeur", running=(clock(),))
    assert of(result, StopClocks) == [StopClocks(at=NOON, by=ANNE, act="spam", presumed=True)]
    assert amended(result) == {"status": "spam", "wake_at": None}
    assert result.text.value == "note"


@pytest.mark.parametrize(
    "text",
    [
        "#résolu\n#clore",
        "#attente 2j\n#résolu",
        "#rouvrir\n#clore",
        "#spam\n#attente",
        "#clore\n#hors-périmètre formation",
    ],
)
def test_two_verbs_for_one_status_contradict_each_other(text: str) -> None:
    """Both are named, and nothing is run."""
    result = run(text)
    first, last = (line.split()[0] for line in text.splitlines())
    assert (result.refused, result.changes) == (True, ())
    assert result.lines[0].startswith(f"{first} et {last} ne vont pas ensemble")


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
@pytest.mark.parametrize("what", ["unclear", "past"])
def test_the_examples_of_a_refusal_are_understood(what: str, language: str) -> None:
    """In each language."""
    told = progress._SAID[what][language].replace("\u00a0", " ")
    examples = [one[1] for one in _EXAMPLE.finditer(told)]
    assert len(examples) >= 2
    assert not any(run(f"#attente {one}").refused for one in examples)


_EXAMPLE = re.compile(r"#(?:attente|wait) ((?!seul|alone)\S.*?)(?=,|$| (?:ou|of|oder|or) )")
