"""A mail that kills whoever reads it: its neighbours never notice, and people hear of it."""

import json
import os
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest

from maild import cli, isolate
from storage.records import Status
from tests.conftest import ROOT
from tests.scenarios.desk import ADMIN, ANNE, Desk, mail

# The worker's own entry point, with parsers in it that die of one subject.
FRAIL = """
import os, signal
from parsers.mail import parse_mail
def parse(content):
    if b"Subject: Poison" in content:
        os.kill(os.getpid(), signal.SIGKILL)
    return parse_mail(content)
"""
WORKER = (*isolate.COMMAND[:4], "-c", f"{FRAIL}\nfrom maild import isolate\nisolate.serve(parse)")
# The program's own entry point: the daemon dies of it as well.
PROGRAM = f"""{FRAIL}
import sys
from maild import cli, ingest, isolate
ingest.parse_mail = parse
isolate.COMMAND = {WORKER!r}
sys.exit(cli.answer(sys.argv[1:]))
"""
LARGE = "Un texte de plusieurs mots.\n" * 50_000


def three(desk: Desk, body: str) -> None:
    """A deadly mail between two good ones."""
    desk.receive(
        mail("one@ecole.test", sender="un@ecole.test", subject="Un"),
        mail("poison@ecole.test", subject="Poison", body=body),
        mail("two@ecole.test", sender="deux@ecole.test", subject="Deux"),
    )


def words(letter: EmailMessage) -> str:
    """The text of a letter."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def ask(desk: Desk, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code and what the command says, on standard output and on standard error."""
    capsys.readouterr()
    code = cli.answer([*words, "--config", str(desk.file)])
    return code, *capsys.readouterr()


def test_a_mail_that_kills_its_reader_three_times(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its neighbours are filed in the first pass; after the third it is a plain ticket, in quarantine, until
    the fault is mended and an operator has it read again."""
    desk = any_desk
    monkeypatch.setattr(isolate, "COMMAND", WORKER)
    three(desk, LARGE)
    assert desk.once()
    assert [t.subject for t in desk.tickets()] == ["Un", "Deux"]
    assert [len(desk.letters(f"{who}@ecole.test")) for who in ("un", "deux", "jean")] == [1, 1, 0]
    assert not desk.log("maildrop.lost")
    assert ask(desk, capsys, "quarantine", "list")[:2] == (0, "Nothing in quarantine.\n")
    desk.once()
    assert len(desk.tickets()) == 2
    desk.once()
    assert [line["tries"] for line in desk.log("message.unread")] == [1, 2]
    plain = desk.tickets()[2]
    assert (plain.subject, plain.status, plain.acked_at) == ("", Status.NEW, None)
    assert "n’a pas pu être lu" in words(desk.letters(ANNE, f"[ETNIC-{plain.id}]")[0])
    (told,) = desk.letters(ADMIN)
    desk.once()
    assert len(desk.tickets()) == 3
    (item,) = (json.loads(line) for line in ask(desk, capsys, "quarantine", "list", "--json")[1].splitlines())
    mail_id = item["id"]
    assert mail_id in words(told)
    assert (item["number"], item["reason"]) == (f"ETNIC-{plain.id}", "died of signal 9 (SIGKILL)")
    assert (item["tries"], item["size"], item["state"]) == (3, len(POISON), "quarantined")
    operator(desk, capsys, mail_id, plain.id)
    monkeypatch.undo()
    code, said, _ = ask(desk, capsys, "quarantine", "retry", mail_id)
    assert (code, said) == (0, f"{mail_id}: read, and on ETNIC-{plain.id} as request\n")
    read = desk.tickets()[2]
    assert (read.subject, read.requester_address, read.due_at) == ("Poison", "jean@ecole.test", plain.due_at)
    assert not desk.letters("jean@ecole.test")
    assert ask(desk, capsys, "quarantine", "retry", mail_id)[0] == 66
    assert desk.once()
    assert not desk.letters("jean@ecole.test")
    assert ask(desk, capsys, "reconcile")[0] == 0


POISON = mail("poison@ecole.test", subject="Poison", body=LARGE)


def operator(desk: Desk, capsys: pytest.CaptureFixture[str], mail_id: str, number: int) -> None:
    """What a person sees of it, before the fault is mended."""
    code, said, _ = ask(desk, capsys, "quarantine", "list")
    assert (code, mail_id in said, f"ETNIC-{number}" in said) == (0, True, True)
    for reference in (mail_id, str(number), f"etnic-{number}", f"[ETNIC-{number}]"):
        code, said, _ = ask(desk, capsys, "quarantine", "show", reference)
        assert code == 0
        assert said.startswith(f"{mail_id}  quarantined  died of signal 9 (SIGKILL)\n")
        assert "plusieurs mots" not in said
    assert ask(desk, capsys, "quarantine", "show", "--raw", mail_id)[1].replace("\r\n", "\n") == (
        POISON.decode().replace("\r\n", "\n")
    )
    code, _, said = ask(desk, capsys, "quarantine", "retry", mail_id)
    assert (code, said) == (1, f"maild: {mail_id} still cannot be read: it died of signal 9 (SIGKILL)\n")
    code, said, _ = ask(desk, capsys, "ticket", "show", str(number))
    assert f"! not read: its original is kept, see `maild quarantine show {mail_id}`" in said
    code, said, _ = ask(desk, capsys, "status", "--json")
    assert json.loads(said)["quarantined"] == 1
    for wrong, expected in (("1001", 66), ("9999", 66), ("nothing", 66)):
        assert ask(desk, capsys, "quarantine", "show", wrong)[0] == expected


def test_what_an_operator_discards_is_asked_for_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its ticket stays, and says so."""
    monkeypatch.setattr(isolate, "COMMAND", WORKER)
    three(desk, LARGE)
    for _ in range(3):
        desk.once()
    number = str(desk.tickets()[2].id)
    assert ask(desk, capsys, "quarantine", "discard", number)[0] == 0
    assert ask(desk, capsys, "quarantine", "list")[1] == "Nothing in quarantine.\n"
    for again in ("retry", "discard"):
        code, _, said = ask(desk, capsys, "quarantine", again, number)
        assert (code, said.endswith(": it was discarded\n")) == (77, True)
    assert ask(desk, capsys, "quarantine", "show", number)[1].split("  ")[1] == "discarded"
    assert ask(desk, capsys, "quarantine", "show", "--raw", number)[0] == 0
    assert "discarded" in ask(desk, capsys, "trace", number)[1]
    assert len(desk.tickets()) == 3
    assert ask(desk, capsys, "reconcile")[0] == 0


def test_a_mail_that_kills_the_daemon_itself(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was read beside the others, being small: the next start reads all that was in hand alone, and the
    others are filed at once."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    three(desk, "Bonjour.\n")

    def start() -> int:
        command = [sys.executable, str(program), "run", "--once", "--config", str(desk.file)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            command, env=environment, capture_output=True, check=False, timeout=60
        ).returncode

    assert start() == -9
    assert desk.tickets() == []
    assert start() == 0
    assert [t.subject for t in desk.tickets()] == ["Un", "Deux"]
    assert start() == 0
    assert start() == 0
    assert [t.subject for t in desk.tickets()] == ["Un", "Deux", ""]
    assert ask(desk, capsys, "quarantine", "list", "--json")[1].count("\n") == 1


def test_where_no_process_can_be_started_mail_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Small mail goes on; the administrator hears, and when one can be started all is filed."""
    monkeypatch.setattr(isolate, "COMMAND", ("/nowhere/python",))
    three(desk, LARGE)
    desk.once()
    desk.once()
    assert [t.subject for t in desk.tickets()] == ["Un", "Deux"]
    assert len(desk.letters(ADMIN)) == 1
    assert json.loads(ask(desk, capsys, "status", "--json")[1])["unfiled"] == 1
    monkeypatch.undo()
    desk.once()
    assert [t.subject for t in desk.tickets()] == ["Un", "Deux", "Poison"]
    assert len(desk.letters("jean@ecole.test")) == 1
