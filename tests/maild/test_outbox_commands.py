"""``maild outbox``: what a person may see of what we owe, and do with it, while the daemon runs."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild import cli
from maild.cli import Code
from storage import database, outbox
from storage.outbox import Settlement
from storage.records import OutboxState
from storage.store import Store
from tests.maild.test_cli import CONFIG
from tests.storage.entries import owe, ticket

NOW = datetime.now(UTC).replace(microsecond=0)
LETTER = (
    b"From: support@etnic.be\r\nTo: jean@ecole.test\r\nSubject: [ETNIC-1001] x\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nBonjour, c\xc3\xa9dric\r\n"
)


@pytest.fixture
def store(tmp_path: Path, migrated: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A desk in the working directory with a letter in each state but claimed; they are numbered from 1."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "pw").write_text("hunter2\n", encoding="utf-8")
    (tmp_path / "var").mkdir()
    shutil.copy(migrated, tmp_path / "var/maild.db")
    opened = database.open_database(f"sqlite:///{tmp_path}/var/maild.db")
    made = Store(database=opened)
    with made.write() as tx:
        number = ticket(tx)
        for name in ("ready", "sent", "failed", "uncertain"):
            owe(tx, recipient=f"{name}@ecole.test", ticket_id=number, content=LETTER, now=NOW)
        owe(tx, recipient="held@ecole.test", held="budget: 10", content=LETTER, now=NOW)
        owe(tx, recipient="suppressed@ecole.test", suppressed="budget: 10", now=NOW)
        for entry in outbox.claim(tx, holder="a", now=NOW, until=NOW, limit=9):
            state = OutboxState(entry.recipient.partition("@")[0])
            next_at = NOW if state is OutboxState.READY else None
            outbox.settle(
                tx, "a", Settlement(id=entry.id, state=state, reply="said", at=NOW, next_at=next_at)
            )
    return made


READY, SENT, FAILED, UNCERTAIN, HELD, SUPPRESSED = range(1, 7)


def state(store: Store, number: int) -> str:
    """Where a letter stands."""
    with store.read() as tx:
        found = outbox.letter(tx, number)
    assert found is not None
    return found.state.value


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was said, on either stream."""
    return "".join(capsys.readouterr()).splitlines()


def test_the_list_shows_what_a_person_may_still_do_something_about(
    store: Store, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Not what was sent, suppressed or dropped, unless it is asked for."""
    assert cli.answer(["outbox", "list", "--json"]) == Code.OK
    found = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert [(one["id"], one["state"]) for one in found] == [
        (READY, "ready"), (FAILED, "failed"), (UNCERTAIN, "uncertain"), (HELD, "held"),
    ]  # fmt: skip
    assert list(found[0]) == [
        "id", "mail_id", "kind", "state", "recipient", "message_id", "subject", "sha256", "attempts",
        "ambiguous", "created_at", "due_at", "next_at", "sent_at", "reply", "ticket",
    ]  # fmt: skip
    assert (found[0]["ticket"], found[0]["kind"]) == ("ETNIC-1001", "receipt")
    assert found[0]["created_at"].endswith("Z")
    assert cli.answer(["outbox", "list", "--json", "--state", "sent"]) == Code.OK
    assert json.loads(capsysbinary.readouterr().out)["id"] == SENT
    assert cli.answer(["outbox", "list"]) == Code.OK
    assert b"ready@ecole.test" in capsysbinary.readouterr().out


def test_an_unknown_state_is_a_usage_error(store: Store) -> None:
    assert cli.answer(["outbox", "list", "--state", "lost"]) == Code.USAGE


def test_one_letter_is_shown_whole(store: Store, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """Where it stands, its headers, its text; of a suppressed one there is none."""
    assert cli.answer(["outbox", "show", str(FAILED), "--json"]) == Code.OK
    shown = json.loads(capsysbinary.readouterr().out)
    assert (shown["state"], shown["reply"]) == ("failed", "said")
    assert "Subject: [ETNIC-1001] x" in shown["headers"]
    assert shown["text"].strip() == "Bonjour, cédric"
    assert cli.answer(["outbox", "show", str(FAILED)]) == Code.OK
    assert "Bonjour, cédric" in capsysbinary.readouterr().out.decode()
    assert cli.answer(["outbox", "show", str(SUPPRESSED)]) == Code.OK
    assert b"(not kept)" in capsysbinary.readouterr().out
    assert cli.answer(["outbox", "show", "77"]) == Code.NO_INPUT


@pytest.mark.parametrize(
    ("act", "number", "after"),
    [
        ("hold", READY, "held"),
        ("release", HELD, "ready"),
        ("retry", FAILED, "ready"),
        ("retry", UNCERTAIN, "ready"),
        ("drop", FAILED, "dropped"),
    ],
)
def test_what_is_done_is_told_in_a_line_and_in_the_story(
    store: Store, capsys: pytest.CaptureFixture[str], act: str, number: int, after: str
) -> None:
    """With the name of the person who did it."""
    assert cli.answer(["outbox", act, str(number)]) == Code.OK
    (line,) = lines(capsys)
    assert line.startswith(f"{number}: ")
    assert state(store, number) == after
    with store.read() as tx:
        found = outbox.letter(tx, number)
        assert found is not None
        (event,) = tx.events(cause=found.mail_id)
    assert event.actor.startswith("operator:")
    assert event.kind.startswith("letter_")


@pytest.mark.parametrize(
    ("act", "number", "why"),
    [
        ("hold", SENT, "was sent"),
        ("hold", HELD, "is held"),
        ("hold", FAILED, "did not arrive"),
        ("release", READY, "is not held"),
        ("release", FAILED, "retry it"),
        ("retry", SENT, "never sent twice"),
        ("retry", HELD, "release it"),
        ("retry", SUPPRESSED, "was never to leave"),
        ("drop", SENT, "was sent"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    store: Store, capsys: pytest.CaptureFixture[str], act: str, number: int, why: str
) -> None:
    """And changes nothing."""
    before = state(store, number)
    assert cli.answer(["outbox", act, str(number)]) == Code.REFUSED
    assert why in "".join(lines(capsys))
    assert state(store, number) == before


@pytest.mark.parametrize("act", ["hold", "release", "retry", "drop"])
def test_a_letter_that_is_being_sent_is_left_alone(
    store: Store, capsys: pytest.CaptureFixture[str], act: str
) -> None:
    """Look again in a minute."""
    with store.write() as tx:
        later = datetime.now(UTC) + timedelta(minutes=30)
        outbox.claim(tx, holder="a", now=datetime.now(UTC), until=later, limit=9)
    assert cli.answer(["outbox", act, str(READY)]) == Code.TRY_LATER
    assert "being sent" in "".join(lines(capsys))
    assert state(store, READY) == "claimed"


def test_each_of_several_is_done_for_itself(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """The first code that is not 0 is the command's."""
    code = cli.answer(["outbox", "drop", str(SENT), "77", str(FAILED), str(FAILED)])
    assert code == Code.REFUSED
    assert len(lines(capsys)) == 3
    assert state(store, FAILED) == "dropped"


def test_there_is_nothing_before_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "pw").write_text("hunter2\n", encoding="utf-8")
    assert cli.answer(["outbox", "list"]) == Code.NO_INPUT


def test_a_ticket_shows_what_did_not_arrive(store: Store, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """In the list, in the ticket, and in the JSON of both; a dropped letter is no open matter."""
    assert cli.answer(["tickets", "--json"]) == Code.OK
    assert json.loads(capsysbinary.readouterr().out)["undelivered"] == 2
    assert cli.answer(["tickets"]) == Code.OK
    assert b"undelivered" in capsysbinary.readouterr().out
    assert cli.answer(["ticket", "show", "1001"]) == Code.OK
    assert b"DID NOT ARRIVE: said" in capsysbinary.readouterr().out
    assert cli.answer(["outbox", "drop", str(FAILED), str(UNCERTAIN)]) == Code.OK
    capsysbinary.readouterr()
    assert cli.answer(["tickets", "--json"]) == Code.OK
    assert json.loads(capsysbinary.readouterr().out)["undelivered"] == 0
