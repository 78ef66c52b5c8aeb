"""What would be done with mail is told beforehand, and nothing comes of it."""

import io
import json
import mailbox as formats
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maild import cli
from maild.cli import Code
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Sink
from tests.scenarios.desk import ANNE, Desk, mail, reply

CONFIG = """
[desk]
name = "Desk"
address = "support@etnic.test"
secret = "0123456789abcdef0123456789"
[maildrop.support]
kind = "imap"
host = "imap.example.org"
user = "support"
password = "x"
[maildrop.door]
kind = "lmtp"
listen = "127.0.0.1:8024"
[submission]
host = "smtp.example.org"
[[agent]]
name = "Anne"
address = "anne@etnic.test"
[[agent]]
name = "Rob"
address = "rob@etnic.test"
teams = ["réseau"]
[[rule]]
match = { subject = "VPN" }
team = "réseau"
priority = "haute"
"""
# A matter and its next mail, what a stranger makes of it, another matter, and what no person wrote.
MAILS = (
    mail("a1@x.be", sender="Ana <ana@x.be>", subject="VPN en panne"),
    mail("a2@x.be", sender="Ana <ana@x.be>", subject="Re: VPN en panne", In_Reply_To="<a1@x.be>"),
    mail("a3@x.be", sender="Zoe <zoe@x.be>", subject="Re: VPN en panne", In_Reply_To="<a1@x.be>"),
    mail("a4@x.be", sender="Bo <bo@x.be>", subject="Autre \x1b[2J chose"),
    mail("a5@x.be", sender="Bo <bo@x.be>", subject="Absent", Auto_Submitted="auto-replied"),
    mail(
        "a1@x.be",
        sender="Ana <ana@x.be>",
        subject="VPN en panne",
        Received="by b; Mon, 25 Nov 2024 13:40:00 +0000",
    ),
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A configuration and some mail; afterwards nothing has been left anywhere."""
    scratch = tmp_path / "tmp"
    for folder in (scratch, tmp_path / "mails"):
        folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, "config")
    for number, content in enumerate(MAILS, 1):
        (tmp_path / "mails" / f"{number}.eml").write_bytes(content)
    yield tmp_path
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "var").exists()


def configure(place: Path, name: str, text: str = CONFIG) -> str:
    """A file of configuration of this name."""
    file = place / f"{name}.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return str(file)


def foretold(capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, Any]]:
    """What the command tells of each mail."""
    assert cli.answer(["replay", *args, "--dry-run", "--json"]) == Code.OK
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_each_mail_is_told_with_what_becomes_of_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And why; the mails see each other."""
    told = {one["where"]: one for one in foretold(capsys, "mails")}
    first, later, stranger, other, absent, copy = (told[f"mails/{number}.eml"] for number in range(1, 7))
    assert (first["opens"], first["ticket"], first["due_at"]) == (True, "ETNIC-1001", "2024-11-26T13:32:00Z")
    assert (first["team"], first["priority"], first["kind"]) == ("réseau", "haute", "request")
    assert first["rules"] == ["rule 1: team réseau, priority haute"]
    assert first["receipts"] == ["ana@x.be"]
    assert [(one["kind"], one["to"]) for one in first["letters"]] == [
        ("notification", "rob@etnic.test"),
        ("receipt", "ana@x.be"),
    ]
    assert (later["opens"], later["thread"], later["signal"]) == (False, "mails/1.eml", "references")
    assert (stranger["opens"], stranger["signal"], stranger["links"]) == (True, "stranger", ["mails/1.eml"])
    assert (other["team"], other["rules"], other["receipts"]) == ("desk", [], ["bo@x.be"])
    assert absent["objections"] == ["automatic mail: auto-submitted: auto-replied"]
    assert (absent["receipts"], absent["due_at"], absent["kind"]) == ([], None, "auto_reply")
    assert (copy["disposition"], copy["thread"], copy["letters"]) == ("duplicate", "mails/1.eml", [])


def test_people_read_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each answer; no stranger moves the cursor of whoever reads it."""
    assert cli.answer(["replay", "mails", "--dry-run"]) == Code.OK
    out = capsys.readouterr().out
    assert "opens     ETNIC-1001; status new, team réseau, priority haute, due 2024-11-26 14:32" in out
    assert "joins     ETNIC-1001, that of mails/1.eml" in out
    assert "by        references: <a1@x.be> belongs to this ticket" in out
    assert "not by references: <a1@x.be> belongs to this ticket, but the sender takes no part in it" in out
    assert "receipt   none: automatic mail" in out
    assert "6 mails (new tickets 4, on tickets 1, copies 1); nothing was written, sent or marked" in out
    assert "\x1b" not in out


def test_mail_is_read_wherever_it_lies(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mbox, a Maildir with what its server keeps there, and single files come to the same."""
    box, maildir = formats.mbox(place / "all.mbox"), formats.Maildir(place / "dir")
    for content in MAILS[:5]:
        box.add(content)
        maildir.add(content)
    box.close()
    for name in ("dovecot-uidlist", "tmp/half"):
        (place / "dir" / name).write_text("3 V1 N6")
    same = ("message_id", "disposition", "ticket", "team", "receipts", "signal")

    def read(*paths: str) -> set[tuple[str, ...]]:
        return {tuple(str(one[name]) for name in same) for one in foretold(capsys, *paths)}

    one_by_one = read(*(f"mails/{number}.eml" for number in range(1, 6)))
    assert len(one_by_one) == 5
    assert read("all.mbox") == one_by_one
    # A Maildir names its mails at random, and these arrived in one minute.
    assert len(read("dir")) == 5


def test_of_two_configurations_only_what_differs_is_told(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Field by field, with a count; a rule that has moved and does the same is no difference."""
    moved = CONFIG + '[[rule]]\nmatch = { subject = "VPN" }\npriority = "basse"\n'
    moved = moved.replace("[[rule]]", '[[rule]]\nmatch = { subject = "jamais" }\nteam = "desk"\n[[rule]]', 1)
    same = ["replay", "mails", "--dry-run", "--against", configure(place, "moved", moved)]
    assert cli.answer(same) == Code.OK
    assert capsys.readouterr().out.startswith("0 of 6 mails would be treated otherwise")
    other = configure(place, "other", CONFIG.replace('"VPN"', '"Autre"'))
    assert cli.answer(["replay", "mails", "--dry-run", "--against", other, "--json"]) == Code.NO
    told = capsys.readouterr()
    assert told.err.startswith("5 of 6 mails would be treated otherwise")
    differs = {one["where"]: one["differs"] for one in map(json.loads, told.out.splitlines())}
    assert differs["mails/1.eml"]["team"] == {"here": "réseau", "against": "desk"}
    assert [one["to"] for one in differs["mails/4.eml"]["letters"]["against"]] == [
        "rob@etnic.test",
        "bo@x.be",
    ]
    assert cli.answer(["replay", "mails/4.eml", "--dry-run", "--against", other]) == Code.NO
    out = capsys.readouterr().out
    assert "  team      desk  ->  réseau\n" in out
    assert "  rules     none  ->  rule 1: team réseau, priority haute\n" in out


def test_a_ticket_more_makes_no_difference_of_all_mails_after_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tickets are compared by the mails that open them, since their numbers move."""
    other = configure(
        place, "other", CONFIG.replace('"anne@', '"ana@x.be"\n[[agent]]\nname = "A"\naddress = "anne@')
    )
    command = [
        "replay",
        "mails/1.eml",
        "mails/4.eml",
        "mails/5.eml",
        "--dry-run",
        "--against",
        other,
        "--json",
    ]
    assert cli.answer(command) == Code.NO
    where = [json.loads(line)["differs"] for line in capsys.readouterr().out.splitlines()]
    assert all("thread" not in differs for differs in where)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ("", Code.USAGE, "--dry-run tells"),
        ("mails --dry-run --into x", Code.USAGE, "--dry-run tells"),
        ("--dry-run", Code.USAGE, "maild replay archive.mbox --dry-run"),
        ("mails --maildrop support --dry-run", Code.USAGE, "name the mail"),
        ("mails --into x --on-state", Code.USAGE, "belong to --dry-run"),
        ("nowhere --dry-run", Code.NO_INPUT, "no file or folder nowhere"),
        ("--maildrop door --dry-run", Code.NO_INPUT, "those that can be read again are: support"),
        ("tmp --dry-run", Code.NO_INPUT, "there is no mail in tmp"),
        ("mails --dry-run --on-state", Code.TRY_LATER, "has not run here yet"),
        ("mails --dry-run --against config.tml", Code.CONFIG, "config.tml"),
    ],
)
def test_a_wrong_argument_is_told_with_what_was_expected(
    place: Path, args: str, code: Code, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.answer(["replay", *args.split()]) == code
    assert said in capsys.readouterr().err


def state_of(desk: Desk) -> dict[str, bytes]:
    """Every byte of the state; what SQLite keeps for readers alone is none of it."""
    files = (file for file in (desk.folder / "var").iterdir() if file.is_file() and file.suffix != ".db-shm")
    return {file.name: content for file in files if (content := file.read_bytes())}


def test_the_desks_own_mail_is_only_looked_at(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the mailbox itself, over nothing and over what the desk knows: no mark, no letter, no row."""
    desk.receive(mail("a1@ecole.test"), mail("b1@ecole.test", sender="bo@ecole.test", subject="VPN"))
    desk.once()
    (notification, *_) = desk.letters(ANNE, "Imprimante")
    desk.later(minutes=5)
    desk.receive(reply("a2@etnic.test", notification, "#prendre\n", sender=f"Anne <{ANNE}>"))
    desk.once()
    desk.receive(mail("c1@ecole.test", sender="lea@ecole.test", subject="Écran"))
    flags, sent, state = desk.flags(), len(desk.sink.letters), state_of(desk)
    file = str(desk.file)
    told = foretold(capsys, "--maildrop", "support", "--config", file)
    threads = {one["message_id"]: one["thread"] for one in told}
    assert len(set(threads.values())) == 3
    assert threads["a2@etnic.test"] == threads["a1@ecole.test"] == "support, UID 1"
    # The agent's token is of the lost state, and his all the same.
    assert [(one["kind"], one["status"]) for one in told if one["message_id"] == "a2@etnic.test"] == [
        ("command", "taken")
    ]
    told = foretold(capsys, "--maildrop", "support", "--on-state", "--config", file)
    assert [one["disposition"] for one in told] == ["duplicate"] * 3 + ["filed"]
    assert [(one["opens"], one["ticket"]) for one in told if one["disposition"] == "filed"] == [
        (True, "ETNIC-1003")
    ]
    later = tmp_path / "later.eml"
    later.write_bytes(
        mail("b2@ecole.test", sender="bo@ecole.test", In_Reply_To="<b1@ecole.test>", subject="Re: VPN")
    )
    (one,) = foretold(capsys, str(later), "--on-state", "--config", file)
    assert (one["opens"], one["ticket"], one["thread"]) == (False, "ETNIC-1002", "ETNIC-1002")
    assert (desk.flags(), len(desk.sink.letters), state_of(desk)) == (flags, sent, state)


def test_a_state_in_postgresql_is_looked_at_too(
    tmp_path: Path, mailbox: Mailbox, sink: Sink, journal: io.StringIO, postgres_url: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Its copy is an SQLite file, and gone with the command."""
    desk = Desk(folder=tmp_path, mailbox=mailbox, sink=sink, database=postgres_url, journal=journal)
    desk.receive(mail("a1@ecole.test"))
    desk.once()
    later = tmp_path / "later.eml"
    later.write_bytes(mail("a2@ecole.test", In_Reply_To="<a1@ecole.test>"))
    (one,) = foretold(capsys, str(later), "--on-state", "--config", str(desk.file))
    assert (one["opens"], one["thread"]) == (False, "ETNIC-1001")
    assert [row.message_id for row in desk.rows("SELECT message_id FROM message")] == ["a1@ecole.test"]
