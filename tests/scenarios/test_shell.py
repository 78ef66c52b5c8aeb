"""What agents do by mail, done at the shell while the daemon may run (DESIGN section 10)."""

import io
import json

import pytest

from maild import cli, daemon
from maild.cli import Code
from storage.records import Status
from tests.scenarios.desk import ANNE, Desk, mail, reply

BOB = "bob@etnic.test"


@pytest.fixture
def told(any_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Jean has asked for help, and it is the story's time at the shell."""
    any_desk.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": BOB}])
    any_desk.receive(mail("m1@ecole.test"))
    any_desk.once()
    monkeypatch.setattr(daemon, "system_now", lambda: any_desk.now)
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    return any_desk


def shell(desk: Desk, *words: str) -> int:
    """The exit code of ``maild ticket``."""
    return cli.answer(["ticket", *words, "--config", str(desk.file)])


def test_a_ticket_is_worked_from_the_shell(told: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Assigned, closed, reopened: the same acts, in the operator's name, and whom they concern is told."""
    assert shell(told, "assign", "1001", "bob") == Code.OK
    assert capsys.readouterr().out == "done, ETNIC-1001 is assigned to Bob\n"
    before = len(told.letters(BOB))
    told.once()
    assert len(told.letters(BOB)) == before + 1
    (ticket,) = told.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, BOB, None)
    assert shell(told, "close", "ETNIC-1001") == Code.OK
    assert told.tickets()[0].status is Status.CLOSED
    assert shell(told, "reopen", "1001") == Code.OK
    assert (told.tickets()[0].status, told.tickets()[0].assignee) == (Status.TAKEN, BOB)
    acts = [event for event in told.story(1001) if event.actor == "operator:root"]
    assert [event.kind for event in acts] == ["clock_stopped", "changed", "changed", "changed"]
    assert len({event.cause for event in acts}) == 3
    told.once()
    assert len(told.letters("jean@ecole.test")) == 1
    # What was done at the shell is undone by mail like any other change.
    told.receive(reply("u@etnic.test", told.letters(BOB)[-1], "#annuler\n", sender=BOB))
    told.once()
    assert told.tickets()[0].status is Status.CLOSED


def test_a_note_is_read_by_whoever_looks(
    told: Desk, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the ticket, as words or from standard input; it stops nothing and goes nowhere."""
    assert shell(told, "note", "1001", "appelé", "le", "concierge") == Code.OK
    assert capsysbinary.readouterr().out == b"kept on ETNIC-1001; nothing is sent\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("une ligne\nune autre\n"))
    assert shell(told, "note", "1001", "-", "--json") == Code.OK
    shown = json.loads(capsysbinary.readouterr().out)
    assert [(note["by"], note["text"]) for note in shown["notes"]] == [
        ("operator:root", "appelé le concierge"),
        ("operator:root", "une ligne\nune autre"),
    ]
    assert shown["due_at"] is not None
    assert shell(told, "show", "1001") == Code.OK
    assert "note  operator:root\n   appelé le concierge" in capsysbinary.readouterr().out.decode()
    told.once()
    assert told.outbox() == {"sent": 3}
    told.receive(reply("c@etnic.test", told.letters(ANNE)[0], "#complet\n", sender=ANNE))
    told.once()
    body = told.letters(ANNE)[-1].get_body(("plain",))
    assert body is not None
    assert "appelé le concierge" in body.get_content()


def test_threads_are_repaired_from_the_shell(told: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Linked, merged, split: by the verbs of mail, and nobody is written to."""
    told.later(hours=1)
    told.receive(
        mail("m2@ecole.test", subject="Toujours en panne", at=told.now),
        mail("m3@ecole.test", subject="Re: Imprimante en panne", In_Reply_To="<m1@ecole.test>", at=told.now),
        mail("m4@ailleurs.test", sender="marc@ailleurs.test", subject="Badge", at=told.now),
    )
    told.once()
    letters = len(told.sent())
    mail_id = told.rows("SELECT mail_id FROM message WHERE message_id = 'm3@ecole.test'")[0][0]
    assert shell(told, "link", "1001", "ETNIC-1003") == Code.OK
    assert shell(told, "split", "1001", mail_id) == Code.OK
    assert shell(told, "merge", "1002", "1001") == Code.OK
    first, second, third = capsys.readouterr().out.splitlines()
    assert (first, third) == (
        "done, ETNIC-1001 is linked with ETNIC-1003",
        "done, ETNIC-1002 is merged into ETNIC-1001, which goes on for both",
    )
    assert "is ETNIC-1004 now" in second
    assert [one.status.value for one in told.tickets()] == ["new", "merged", "new", "new"]
    assert told.links(1001) == {1003, 1004}
    assert (told.number_of("m3@ecole.test"), told.tickets()[3].assignee) == (1004, "")
    wrong = {
        ("merge", "1001", "1001"): (Code.REFUSED, "this very ticket"),
        ("merge", "1001", "1002"): (Code.REFUSED, "merged into ETNIC-1001 already"),
        ("merge", "1001", "1003"): (Code.REFUSED, "not of the same requester"),
        ("merge", "1001", "999"): (Code.NO_INPUT, "there is no ticket ETNIC-999"),
        ("link", "1001", "x"): (Code.USAGE, "no ticket number"),
        ("split", "1001", "m0000000000000"): (Code.NO_INPUT, "no mail of ETNIC-1001"),
        ("split", "1004", mail_id): (Code.REFUSED, "no other mail"),
    }
    before = told.tickets()
    for words, (code, said) in wrong.items():
        assert shell(told, *words) == code, words
        assert said in capsys.readouterr().err
    told.once()
    assert (told.tickets(), len(told.sent())) == (before, letters)
    assert cli.answer(["reconcile", "--config", str(told.file)]) == Code.OK


def test_what_makes_no_sense_has_its_code(told: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """And changes nothing."""
    before = told.tickets()
    wrong = {
        ("assign", "1001", "bop"): (Code.BAD_INPUT, "did you mean Bob?"),
        ("assign", "1001", "me"): (Code.BAD_INPUT, "'me' is unknown"),
        ("assign", "1001"): (Code.USAGE, ""),
        ("assign", "4711", "bob"): (Code.NO_INPUT, "there is no ticket ETNIC-4711"),
        ("close", "abc"): (Code.USAGE, "abc is no ticket number"),
        ("reopen", "1001"): (Code.REFUSED, "ETNIC-1001 is 'new', nothing changed"),
        ("note", "1001", " "): (Code.BAD_INPUT, "a note has 1 to 20,000 characters"),
        ("note", "1001", "x" * 20_001): (Code.BAD_INPUT, "send more as a mail"),
    }
    for words, (code, said) in wrong.items():
        assert shell(told, *words) == code, words
        assert said in capsys.readouterr().err
    assert told.tickets() == before
    assert shell(told, "close", "1001") == Code.OK
    assert shell(told, "close", "1001") == Code.REFUSED
    assert shell(told, "assign", "1001", "bob") == Code.REFUSED
