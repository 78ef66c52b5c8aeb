"""Somebody asks what is kept of him, then to be forgotten: words go, figures stay, nothing comes back."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlmodel import SQLModel

from maild import cli, daemon, ingest, log, privacy
from maild.cli import Code
from storage import database
from storage.records import Status
from storage.store import expand
from tests.peers.dovecot import Dovecot
from tests.peers.smtp import Reply
from tests.scenarios.desk import ADMIN, ANNE, REQUEST, Desk, mail, reply

JEAN = "jean@ecole.test"
BO = "Bo Peeters <bo@ecole.test>"
# Words that only Jean wrote, and what the desk wrote to or about him.
WORDS = ("imprimante", "dupont", "bourrage papier", "tambour", "concierge", "couloir", JEAN)


@pytest.fixture(autouse=True)
def _at_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "root")


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, desk: Desk) -> Desk:
    """The desk with its ledger on SQLite, or on PostgreSQL."""
    if request.param == "postgresql":
        desk.database = request.getfixturevalue("postgres_url")
    return desk


def tell(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jean's printer, answered and mended; a matter of Bo's on which Jean wrote a line."""
    monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
    desk.receive(
        mail("j1@ecole.test"),
        mail("b1@ecole.test", sender=BO, subject="VPN", body="Le VPN refuse.\n", Cc=JEAN),
    )
    desk.once()
    (told_anne,) = desk.letters(ANNE, "Imprimante")
    (about_vpn,) = desk.letters(ANNE, "VPN")
    (receipt,) = desk.letters(JEAN, "Imprimante")
    desk.later(minutes=5)
    desk.receive(
        reply("a1@etnic.test", told_anne, "Est-ce un bourrage papier ?\n", sender=f"Anne <{ANNE}>"),
        reply("a3@etnic.test", about_vpn, "#note\nVu avec le collègue.\n", sender=f"Anne <{ANNE}>"),
        mail(
            "j2@ecole.test", sender=JEAN, subject="Re: VPN", In_Reply_To="<b1@ecole.test>",
            body="Chez moi aussi, le VPN refuse depuis le tambour de la nouvelle imprimante du couloir.\n",
        ),
    )  # fmt: skip
    desk.once()
    desk.later(minutes=5)
    desk.once()
    desk.receive(reply("j3@ecole.test", receipt, "Oui, et le tambour aussi, dit le concierge.\n"))
    desk.once()
    assert cli.answer(["ticket", "note", "1001", "appelé le concierge", "--config", str(desk.file)]) == 0
    desk.receive(
        reply("a2@etnic.test", told_anne, "#résolu\nTambour changé.\n", sender=f"Anne <{ANNE}>"),
        # The list of what she has stands in a letter about Bo's matter.
        reply("a4@etnic.test", about_vpn, "#liste\n", sender=f"Anne <{ANNE}>"),
    )
    desk.once()


def everything(desk: Desk) -> Iterator[tuple[str, str]]:
    """(place, text) of every value of every table, mails and letters as they read."""
    with desk.ledger() as tx:
        for table in SQLModel.metadata.sorted_tables:
            for row in tx.connection.execute(table.select()):
                for name, value in row._mapping.items():
                    text = _as_read(expand(value)) if isinstance(value, bytes) else str(value)
                    yield f"{table.name}.{name} {row[0]}", text.casefold()


def words(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    part = letter.get_body(("plain",))
    return str(part.get_content()).replace("\u00a0", " ") if part else ""


def _as_read(content: bytes) -> str:
    parts = message_from_bytes(content, policy=policy.default).walk()
    words = [p.get_payload(decode=True) for p in parts if not p.is_multipart()]
    return content.decode("utf-8", "replace") + "".join(
        one.decode("utf-8", "replace") for one in words if isinstance(one, bytes)
    )


def traces(desk: Desk, *words: str) -> list[str]:
    """Where in the ledger one of these words stands."""
    return [f"{place}: {word}" for place, text in everything(desk) for word in words if word in text]


def in_files(desk: Desk, *words: str) -> list[str]:
    """The same for the bytes of every file of the state directory."""
    files = [file for file in (desk.folder / "var").rglob("*") if file.is_file()]
    return [f"{f.name}: {w}" for f in files for w in words if w.encode() in f.read_bytes().lower()]


def figures(desk: Desk, capsysbinary: pytest.CaptureFixture[bytes]) -> list[list[dict[str, Any]]]:
    """What reconcile and report say, whenever they say it."""
    said = []
    for command in (["reconcile", "--json"], ["report", "--month", "2024-11", "--json"]):
        assert cli.answer([*command, "--config", str(desk.file)]) == Code.OK
        lines = capsysbinary.readouterr().out.splitlines()
        said.append([{k: v for k, v in json.loads(line).items() if k != "at"} for line in lines])
    return said


def test_who_is_forgotten_leaves_figures_and_no_word(
    either: Desk, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No trace in tables or files but in what Bo himself wrote; reconcile and report are as before."""
    told = either
    tell(told, monkeypatch)
    assert {place.partition(".")[0] for place in traces(told, *WORDS)} >= {
        "message",
        "outbox",
        "event",
        "raw",
    }
    (resolved,) = [t for t in told.tickets() if t.id == 1001]
    assert resolved.status is Status.RESOLVED
    assert cli.answer(["ticket", "close", "1001", "--config", str(told.file)]) == 0
    capsysbinary.readouterr()
    before = figures(told, capsysbinary)
    assert cli.answer(["person", "forget", JEAN, "--yes", "--config", str(told.file)]) == Code.OK
    said = capsysbinary.readouterr().out.decode()
    assert "ETNIC-1001: erased but for its figures" in said
    assert "ETNIC-1002: of somebody else; what others wrote stays" in said
    # Bo had put Jean's address into his own mail, which stays as he wrote it.
    bo = next(m.mail_id for m in told.thread(1002) if m.sender == "bo@ecole.test")
    assert f"{bo} on ETNIC-1002, a mail of somebody else" in said
    left = [place for place in traces(told, *WORDS) if not place.startswith("raw.content 2")]
    assert left == []
    assert in_files(told, *WORDS) == []
    assert figures(told, capsysbinary) == before
    assert [m.sender for m in told.thread(1002) if m.direction == "in" and m.kind == "request"] == [
        "bo@ecole.test"
    ]
    assert told.tickets()[1].subject == "VPN"
    _does_not_come_back(told)


def _does_not_come_back(told: Desk) -> None:
    """Not by the same mail again, by a copy that was changed on its way, or with a state made anew."""
    before, sent = len(told.tickets()), len(told.sink.letters)
    moved = mail("j1@ecole.test", Received="from elsewhere; Mon, 25 Nov 2024 13:33:00 +0000")
    told.receive(mail("j1@ecole.test"), moved, mail("j1@ecole.test", body=f"{REQUEST}\n-- \nscanned\n"))
    told.once()
    assert (len(told.tickets()), len(told.sink.letters)) == (before, sent)
    assert [line["ticket"] for line in told.log("message.duplicate")] == [1001] * 3
    assert [place for place in traces(told, *WORDS) if not place.startswith("raw.content 2")] == []
    new = told.folder / "new"
    assert cli.answer(["replay", "--into", str(new), "--config", str(told.file)]) == 0
    anew = Desk(folder=told.folder, mailbox=told.mailbox, sink=told.sink, changes=dict(told.changes))
    anew.configure(state={"directory": str(new), "database": f"sqlite:///{new}/maild.db"})
    assert [ticket.subject for ticket in anew.tickets()] == ["VPN"]
    assert {place.partition(" ")[0] for place in traces(anew, JEAN)} <= {
        "raw.content", "participant.address", "message.text", "outbox.content", "event.detail",
    }  # fmt: skip
    assert traces(anew, "tambour de la", "concierge", "bourrage") == []


def test_all_that_is_kept_is_given_out(
    desk: Desk, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """His own ticket whole; of Bo's only what Jean wrote; the zip holds the mails themselves."""
    told = desk
    tell(told, monkeypatch)
    capsysbinary.readouterr()
    assert cli.answer(["person", "export", JEAN, "--config", str(told.file)]) == Code.OK
    records = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    kinds = {record["record"] for record in records}
    assert kinds >= {"ticket", "message", "letter", "event", "participant", "clock"}
    assert [r["id"] for r in records if r["record"] == "ticket"] == [1001]
    of_bo = [r for r in records if r["record"] == "message" and r["ticket_id"] == 1002]
    assert [r["sender_address"] for r in of_bo] == [JEAN]
    assert all(r["recipient"] == JEAN for r in records if r["record"] == "letter" and r["ticket_id"] != 1001)
    assert any("appelé le concierge" in json.dumps(r, ensure_ascii=False) for r in records)
    file = told.folder / "jean.zip"
    assert cli.answer(["person", "export", JEAN, "--to", str(file), "--config", str(told.file)]) == Code.OK
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        mails = [archive.read(name) for name in names if name.startswith("mails/")]
        assert archive.read("records.jsonl").count(b"\n") == len(records)
    assert mail("j1@ecole.test") in mails
    assert any(name.startswith("letters/") for name in names)
    assert file.stat().st_mode & 0o777 == 0o600
    assert (
        cli.answer(["person", "export", JEAN, "--to", str(file), "--config", str(told.file)]) == Code.REFUSED
    )


def test_a_masked_log_names_nobody(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole story at its most talkative, with a refused letter, a bounce and a server that goes away."""
    log.configure("json", "debug", mask_addresses=True, stream=desk.journal)
    tell(desk, monkeypatch)
    bounce = mail(
        "d1@mx.test", sender="MAILER-DAEMON@mx.test", subject="Undelivered", Auto_Submitted="auto-replied",
        body=f"The mail system\n\n<{JEAN}>: host mx.test said: 550 5.1.1 <{JEAN}>: no such user\n",
    )  # fmt: skip
    no_such_user = "550 5.1.1 <zoe@ecole.test>: no such user"
    desk.sink.script(Reply(stage="rcpt", say=no_such_user, match="zoe@ecole.test"))
    desk.receive(bounce, mail("z1@ecole.test", sender="Zoe <zoe@ecole.test>", subject="Bonjour"), b"\x00")
    desk.once()
    desk.configure(submission={"port": 1}, maildrop={"password": "wrong"})
    desk.later(days=2)
    desk.once()
    said = [{key: v for key, v in line.items() if key not in ("msgid", "message_id")} for line in desk.log()]
    assert {line["event"] for line in said} >= {"outbox.sent", "outbox.bounced", "maildrop.auth_failed"}
    assert any("j***@ecole.test" in json.dumps(line) for line in said)
    assert [line for line in said if re.search(r"[^\s@*<\"]{2,}@\w", json.dumps(line))] == []


def test_what_waits_never_leaves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket that is open is closed for it, and its letters are dropped; nothing is sent afterwards."""
    monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
    desk.configure(submission={"port": 1})
    desk.receive(mail("j1@ecole.test"))
    desk.once()
    assert desk.outbox() == {"ready": 2}
    assert cli.answer(["person", "forget", JEAN, "--yes", "--config", str(desk.file)]) == Code.OK
    assert desk.outbox() == {"dropped": 2}
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.due_at, ticket.acked_at) == (Status.CLOSED, None, None)
    desk.configure(submission={"port": desk.sink.port})
    desk.later(days=2)
    desk.once()
    assert desk.sink.letters == []
    # Whoever was forgotten may come back, as somebody whom nobody knows.
    desk.receive(mail("j9@ecole.test", subject="Encore moi", body="Bonjour, c'est encore moi.\n"))
    desk.once()
    assert len(desk.letters(JEAN, "Encore moi")) == 1


def test_whose_address_ends_like_it_is_somebody_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An asks to be forgotten; Jean, with whose address hers ends, is as he was."""
    monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
    desk.receive(
        mail("j1@ecole.test"), mail("n1@ecole.test", sender="an@ecole.test", subject="VPN", body="?")
    )
    desk.once()
    before = [line for line in everything(desk) if JEAN in line[1]]
    assert cli.answer(["person", "forget", "an@ecole.test", "--yes", "--config", str(desk.file)]) == Code.OK
    assert [line for line in everything(desk) if JEAN in line[1]] == before
    assert [ticket.requester_address for ticket in desk.tickets()] == [JEAN, "erased@maild.invalid"]


def test_a_copy_of_the_ledger_is_named(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What was erased is still in it."""
    desk.receive(mail("j1@ecole.test"))
    desk.once()
    copy = desk.folder / "var" / "old.bak"
    assert cli.answer(["backup", str(copy), "--config", str(desk.file)]) == Code.OK
    assert cli.answer(["person", "forget", JEAN, "--yes", "--config", str(desk.file)]) == Code.OK
    said = capsys.readouterr().out
    assert f"still there: {copy}, a copy of the ledger as it was: delete it" in said
    assert "still there: 1 in support (UIDVALIDITY" in said


def test_what_cannot_be_done_is_said(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is erased."""
    desk.receive(mail("j1@ecole.test"))
    desk.once()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    for words, code, said in (
        (["forget", "nobody@ecole.test", "--yes"], Code.NO_INPUT, "nothing is kept of nobody@ecole.test"),
        (["export", "nobody@ecole.test"], Code.NO_INPUT, "nothing is kept of nobody@ecole.test"),
        (["forget", "jean"], Code.BAD_INPUT, "no mail address; write it like jean@ecole.be"),
        (["forget", ANNE, "--yes"], Code.REFUSED, "an address of the desk itself"),
        (["forget", ADMIN, "--yes"], Code.REFUSED, "an address of the desk itself"),
        (["forget", JEAN], Code.NO, "Erase all that?"),
        (["export", JEAN, "--to", "jean.txt"], Code.USAGE, "--to wants a name like person.zip"),
    ):
        assert cli.answer(["person", *words, "--config", str(desk.file)]) == code
        assert said in capsys.readouterr().err
    assert desk.tickets()[0].requester_address == JEAN


def test_a_mail_that_is_filed_meanwhile_goes_too(
    desk: Desk, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It came between the look and the erasing; another is filed only while forget waits for it."""
    desk.database = postgres_url
    desk.receive(mail("j1@ecole.test"))
    desk.once()
    looked, waited = privacy.look, list[object]()
    holding = [True]
    file = ingest.file

    def look(*args: Any, **options: Any) -> Any:
        found = looked(*args, **options)
        if not waited:
            desk.receive(mail("j2@ecole.test", subject="Encore", body="Le tambour tourne.\n"))
            desk.once()
            desk.receive(mail("j3@ecole.test", subject="Et puis", body="Le concierge attend.\n"))
            with monkeypatch.context() as patched:
                patched.setattr(ingest, "file", lambda *_a, **_o: () if holding[0] else file(*_a, **_o))
                desk.once()
        waited.append(found)
        return found

    def pause(_seconds: float) -> None:
        holding[0] = False
        desk.once()

    monkeypatch.setattr(privacy, "look", look)
    monkeypatch.setattr("time.sleep", pause)
    assert cli.answer(["person", "forget", JEAN, "--yes", "--config", str(desk.file)]) == Code.OK
    assert [ticket.requester_address for ticket in desk.tickets()] == ["erased@maild.invalid"] * 3
    assert traces(desk, *WORDS) == []


def test_who_works_here_no_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent cannot be forgotten, a former one can: what he had in hand nobody has, and work goes on."""
    monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
    anne, bruno = {"name": "Anne", "address": ANNE}, {"name": "Bruno Roi", "address": "bruno@etnic.test"}
    desk.configure(agent=[anne, bruno])
    desk.receive(mail("b1@ecole.test", sender=BO, subject="VPN", body="Le VPN refuse.\n"))
    desk.once()
    (about,) = desk.letters("bruno@etnic.test", "VPN")
    desk.receive(
        reply("r1@etnic.test", about, "Quel poste est-ce ?\n", sender="Bruno Roi <bruno@etnic.test>")
    )
    desk.once()
    desk.later(minutes=5)
    desk.once()
    desk.receive(reply("a1@etnic.test", desk.letters(ANNE, "VPN")[0], "#assigner Anne\n", sender=ANNE))
    desk.once()
    forget = ["person", "forget", "bruno@etnic.test", "--yes", "--config"]
    assert cli.answer([*forget, str(desk.file)]) == Code.REFUSED
    desk.configure(agent=[anne])
    assert cli.answer([*forget, str(desk.file)]) == Code.OK
    assert traces(desk, "bruno", "quel poste") == []
    assert [m.sender for m in desk.thread(1001) if m.direction == "in" and m.kind == "request"] == [
        "bo@ecole.test"
    ]
    desk.receive(reply("a2@etnic.test", desk.letters(ANNE, "VPN")[0], "#annuler\n", sender=ANNE))
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.assignee, ticket.status) == ("", Status.TAKEN)
    sent = len(desk.sink.letters)
    desk.receive(reply("b2@ecole.test", desk.letters("bo@ecole.test")[-1], "Le 3.\n", sender=BO))
    desk.once()
    assert {to for one in desk.sink.letters[sent:] for to in one.recipients} == {ANNE}


def test_what_an_earlier_look_holds_open(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody reads in the file meanwhile: what was done is said, and the next try sweeps it up."""
    desk.receive(mail("j1@ecole.test"))
    desk.once()
    forget = ["person", "forget", JEAN, "--yes", "--config", str(desk.file)]
    with monkeypatch.context() as patched, desk.ledger() as tx:
        assert list(tx.tickets())
        patched.setattr(database, "BUSY_TIMEOUT_MS", 50)
        assert cli.answer(forget) == Code.TRY_LATER
        told = capsys.readouterr()
    assert "erased: 1 mail, 2 letters" in told.out
    assert "what was erased is still in it" in told.err
    assert cli.answer(forget) == Code.NO_INPUT
    assert in_files(desk, *WORDS) == []


def test_a_mailbox_that_is_numbered_anew_brings_nothing_back(desk: Desk, dovecot: Dovecot) -> None:
    """Under their new numbers the mails are the same: erased."""
    desk.receive(mail("j1@ecole.test"), mail("b1@ecole.test", sender=BO, subject="VPN", body="?\n"))
    desk.once()
    assert cli.answer(["person", "forget", JEAN, "--yes", "--config", str(desk.file)]) == Code.OK
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_000)
    desk.once()
    assert [ticket.subject for ticket in desk.tickets()] == ["(erased)", "VPN"]
    assert (len(desk.letters(JEAN)), traces(desk, *WORDS)) == (1, [])
    assert cli.answer(["reconcile", "--config", str(desk.file)]) == Code.OK


def test_agents_go_on_with_what_he_had_a_part_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anne answers what Jean wrote on Bo's matter: Bo has her words; what is gone is split off nowhere."""
    tell(desk, monkeypatch)
    (about,) = [one for one in desk.letters(ANNE, "VPN") if "Chez moi aussi" in words(one)]
    assert cli.answer(["person", "forget", JEAN, "--yes", "--config", str(desk.file)]) == Code.OK
    desk.receive(
        reply("q1@etnic.test", about, "On regarde.\n", sender=f"Anne <{ANNE}>"),
        reply("q2@etnic.test", about, "#détacher\n", sender=f"Anne <{ANNE}>"),
    )
    desk.once()
    assert "n’est aucun message récent de ETNIC-1002" in words(desk.letters(ANNE)[-1])
    desk.later(minutes=10)
    desk.once()
    answer = desk.letters("bo@ecole.test")[-1]
    assert "On regarde." in words(answer)
    assert answer["In-Reply-To"] == "<b1@ecole.test>"
    assert len(desk.tickets()) == 2
    assert (desk.letters("erased@maild.invalid"), desk.faults()) == ([], [])
