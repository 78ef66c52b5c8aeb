"""``maild reconcile`` on a real mailbox: what is right counts up, what a hand damaged has its name."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from maild import cli
from maild.cli import Code, reconcile
from maild.receive import intake
from tests.peers.dovecot import Dovecot
from tests.scenarios.desk import ANNE, DESK, MONDAY, Desk, mail, quoted
from tests.scenarios.test_process import Process

Reckoned = tuple[int, dict[str | None, dict[str, Any]]]
COUNTS = ("in_mailbox", "in_ledger", "missing", "doubled", "unfiled", "quarantined")


@pytest.fixture
def reckon(capsys: pytest.CaptureFixture[str]) -> Callable[[Desk], Reckoned]:
    """The exit code, and what was said of each maildrop."""

    def run(desk: Desk) -> Reckoned:
        capsys.readouterr()
        code = cli.answer(["reconcile", "--json", "--config", str(desk.file)])
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return code, {line["maildrop"]: line for line in lines}

    return run


def counts(line: dict[str, Any]) -> tuple[int, ...]:
    return tuple(line[key] for key in COUNTS)


def by_hand(desk: Desk, *statements: str) -> None:
    """What somebody does to the ledger with a program of his own, which knows no foreign keys."""
    with closing(sqlite3.connect(desk.folder / "var" / "maild.db")) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount == 1


def fill(desk: Desk) -> None:
    """Two requests, a copy of the first, a notice of absence, and an answer in the folder of sent mail."""
    first = mail("m1@ecole.test")
    desk.receive(first, mail("m2@ecole.test", subject="Badge"), first)
    desk.receive(mail("m3@ecole.test", subject="Absence", Auto_Submitted="auto-replied"))
    assert desk.once()
    answer = mail("a1@etnic.test", sender=DESK, to="jean@ecole.test", In_Reply_To=quoted("m1@ecole.test"))
    desk.receive(answer, mail("a2@etnic.test", sender=DESK, to="x@ecole.test"), folder="Sent")
    assert desk.once()


def test_nothing_is_missing_and_nothing_doubled(
    any_desk: Desk, reckon: Callable[[Desk], Reckoned], capsys: pytest.CaptureFixture[str]
) -> None:
    """Copies, automatic mail, sent mail of no ticket, and mail that people took away: all as it should be."""
    any_desk.mailbox.create("Sent")
    fill(any_desk)
    code, found = reckon(any_desk)
    assert code == Code.OK
    assert list(found) == ["support", "support/Sent", None]
    assert counts(found["support"]) == (4, 4, 0, 0, 0, 0)
    assert counts(found["support/Sent"]) == (2, 2, 0, 0, 0, 0)
    assert list(found["support"]) == ["maildrop", *COUNTS, "named"]
    over = dict.fromkeys(("waiting", "failed", "uncertain", "suppressed", "dropped"), 0)
    assert found[None]["receipts"] == {"owed": 2, "sent": 2, **over}

    any_desk.mailbox.delete(any_desk.mailbox.uids()[0])
    assert cli.answer(["reconcile", "--config", str(any_desk.file)]) == Code.OK
    assert capsys.readouterr().out.splitlines() == [
        "support: 3 in the mailbox, 4 in the ledger, 0 missing, 0 doubled, 0 unfiled, 0 quarantined",
        "support/Sent: 2 in the mailbox, 2 in the ledger, 0 missing, 0 doubled, 0 unfiled, 0 quarantined",
        "receipts: 2 owed, 2 sent, 0 waiting, 0 failed, 0 uncertain, 0 suppressed, 0 dropped",
    ]


def test_mail_that_no_poll_has_seen_yet_is_not_missing(
    desk: Desk, dovecot: Dovecot, reckon: Callable[[Desk], Reckoned]
) -> None:
    """However old it says that it is; and where the server gives new numbers, all wait to be known again."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.receive(mail("m2@ecole.test"), at=MONDAY.replace(year=2020))
    code, found = reckon(desk)
    assert (code, counts(found["support"])) == (Code.OK, (2, 1, 0, 0, 1, 0))
    desk.once()
    code, found = reckon(desk)
    assert (code, counts(found["support"])) == (Code.OK, (2, 2, 0, 0, 0, 0))
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_003)
    code, found = reckon(desk)
    assert (code, counts(found["support"])) == (Code.OK, (2, 0, 0, 0, 2, 0))
    desk.later(minutes=5)
    desk.once()
    code, found = reckon(desk)
    assert (code, counts(found["support"])) == (Code.OK, (2, 2, 0, 0, 0, 0))


def test_a_pass_that_was_ended_in_the_middle_passes_nothing_over(
    desk: Desk, reckon: Callable[[Desk], Reckoned], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it did not come to is unfiled; only a comparison that was carried through says more."""
    take = intake._take_batch

    def take_and_end(session: intake.Session, *what: Any) -> None:
        take(session, *what)
        session.station.bell.close()

    monkeypatch.setattr(intake, "BATCH_MAILS", 1)
    desk.receive(mail("m0@ecole.test"))
    desk.once()
    monkeypatch.setattr(intake, "_take_batch", take_and_end)
    desk.receive(*(mail(f"m{n}@ecole.test") for n in (1, 2, 3)))
    desk.once()
    code, found = reckon(desk)
    assert (code, counts(found["support"])) == (Code.OK, (4, 2, 0, 0, 2, 0))


def test_mail_that_was_moved_away_is_in_the_ledger(desk: Desk, reckon: Callable[[Desk], Reckoned]) -> None:
    desk.configure(maildrop={"after": "move"})
    desk.receive(mail("m1@ecole.test"), mail("m2@ecole.test", subject="Badge"))
    desk.once()
    code, found = reckon(desk)
    assert (code, counts(found["support"])) == (Code.OK, (0, 2, 0, 0, 0, 0))


def test_a_mail_that_was_passed_over_is_named(
    desk: Desk, reckon: Callable[[Desk], Reckoned], capsys: pytest.CaptureFixture[str]
) -> None:
    """The newest as well: what the last poll compared is known, not guessed."""
    desk.receive(mail("m1@ecole.test"), mail("m2@ecole.test"), mail("m2@ecole.test"))
    desk.once()
    by_hand(desk, "DELETE FROM sighting WHERE uid = 3")
    code, found = reckon(desk)
    assert (code, counts(found["support"])) == (Code.NO, (3, 2, 1, 0, 0, 0))
    (named,) = found["support"]["named"]
    assert (named["what"], named["uid"], named["message_id"]) == ("missing", 3, "m2@ecole.test")
    assert cli.answer(["reconcile", "--config", str(desk.file)]) == Code.NO
    assert "missing  support  UID 3 m2@ecole.test: it is in the mailbox" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statement", "drop"),
    [
        ("DELETE FROM message WHERE message_id = 'm1@ecole.test'", "support"),
        ("DELETE FROM ticket WHERE id = 1001", "support"),
        ("DELETE FROM outbox WHERE owed = 'receipt:1001'", "support"),
        ("DELETE FROM raw WHERE id = 1", "support"),
        ("DELETE FROM sighting WHERE uid = 1", None),
    ],
)
def test_what_was_deleted_by_hand_is_missing(
    desk: Desk, reckon: Callable[[Desk], Reckoned], statement: str, drop: str | None
) -> None:
    desk.receive(mail("m1@ecole.test"), mail("m2@ecole.test", subject="Badge"))
    desk.once()
    by_hand(desk, statement)
    code, found = reckon(desk)
    assert code == Code.NO
    assert found[drop]["missing"] == 1
    assert found[drop]["doubled"] == 0
    (named,) = found[drop]["named"]
    assert named["mail_id"]


def test_what_was_doubled_by_hand_is_named(desk: Desk, reckon: Callable[[Desk], Reckoned]) -> None:
    """A mail that stands on two tickets, and a receipt that is owed twice."""
    desk.receive(mail("m1@ecole.test"), mail("m2@ecole.test", subject="Badge"))
    desk.once()
    columns = (
        "raw_id, message_id, direction, kind, sender_name, sender_address, subject, sent_at, arrived_at, "
        "created_at, text, language, thread_reason, verdicts, reasons"
    )
    letter = (
        "ticket_id, kind, recipient, domain, subject, sha256, content, state, rank, attempts, ambiguous, "
        "created_at, claim, reply"
    )
    by_hand(
        desk,
        f"INSERT INTO message (mail_id, ticket_id, digest, {columns}) "  # noqa: S608
        f"SELECT 'again', 1002, 'x', {columns} FROM message WHERE message_id = 'm1@ecole.test'",
        f"INSERT INTO outbox (owed, mail_id, message_id, {letter}) "  # noqa: S608
        f"SELECT 'receipt:again', mail_id, 'x', {letter} FROM outbox WHERE owed = 'receipt:1001'",
    )
    code, found = reckon(desk)
    assert code == Code.NO
    named = [one for line in found.values() for one in line["named"]]
    assert {one["what"] for one in named} == {"doubled"}
    assert {one["mail_id"] for one in named} >= {"again"}
    assert {one["ticket"] for one in named} == {"ETNIC-1001", "ETNIC-1002"}


def test_it_is_asked_while_the_daemon_runs(desk: Desk, reckon: Callable[[Desk], Reckoned]) -> None:
    """It takes no lock and no lease, and marks nothing."""
    process = Process(desk)
    try:
        process.wait_until(lambda: "maildrop.connected" in process.events())
        for number in range(20):
            desk.receive(mail(f"m{number}@ecole.test"), at=None)
            code, found = reckon(desk)
            assert (code, found["support"]["missing"], found["support"]["doubled"]) == (Code.OK, 0, 0)
        process.wait_until(lambda: process.events().count("message.ingested") == 20)
        code, found = reckon(desk)
        assert (code, counts(found["support"])) == (Code.OK, (20, 20, 0, 0, 0, 0))
    finally:
        process.end()
    assert "maildrop.standby" not in process.events()


def test_a_mailbox_that_cannot_be_reached_is_no_proof(desk: Desk, smtp_port: int) -> None:
    desk.once()
    desk.configure(maildrop={"port": smtp_port})
    assert cli.answer(["reconcile", "--config", str(desk.file)]) == Code.UNREACHABLE


def test_a_desk_without_a_ledger_has_nothing_to_compare(desk: Desk) -> None:
    desk.configure(state={"directory": str(desk.folder / "nowhere")}, agent=[{"name": "A", "address": ANNE}])
    assert cli.answer(["reconcile", "--config", str(desk.file)]) == Code.NO_INPUT


@pytest.mark.parametrize(
    ("uids", "known", "seen_uid", "missing", "waiting"),
    [
        ([], {}, 0, [], []),
        ([1, 2], {1, 2}, 2, [], []),
        ([1, 2, 3], {1}, 2, [2], [3]),
        ([1, 2], {}, 0, [], [1, 2]),
        ([5], {1, 5}, 3, [], []),
    ],
)
def test_missing_is_what_was_compared_and_not_taken_in(
    uids: list[int], known: set[int], seen_uid: int, missing: list[int], waiting: list[int]
) -> None:
    assert reconcile.compare(uids, set(known), seen_uid) == (missing, waiting)
