"""What a filter took for spam: a person's answer is found among it, and a spammer gains nothing there."""

import json
import shutil
from datetime import timedelta
from email.message import EmailMessage

import pytest

from maild import cli, ingest
from parsers.mail import ParsedMail, parse_mail
from tests.peers.dovecot import Dovecot
from tests.scenarios.desk import ADMIN, ANNE, Desk, mail, quoted, reply

LEA = "lea@etnic.test"
SPAM = "gagnez@casino.test"


def begun(desk: Desk) -> Desk:
    """It looks into Junk, and somebody has written and has his receipt."""
    desk.configure(maildrop={"junk": "Junk"})
    desk.receive(mail("m1@ecole.test"))
    assert desk.once()
    return desk


@pytest.fixture
def junk_desk(desk: Desk) -> Desk:
    """A desk that looks into Junk."""
    return begun(desk)


@pytest.fixture
def any_junk_desk(any_desk: Desk) -> Desk:
    """The same, on both databases."""
    return begun(any_desk)


def receipt(desk: Desk) -> EmailMessage:
    (letter,) = desk.letters("jean@ecole.test")
    return letter


def in_junk(desk: Desk, *contents: bytes) -> None:
    """Mails that the server takes for spam, and a pass."""
    desk.receive(*contents, folder="Junk")
    desk.later(minutes=1)
    assert desk.once()


def left(desk: Desk) -> list[tuple[str, int | None]]:
    """State and bytes of each sighting in Junk."""
    rows = desk.rows(
        "SELECT s.state, s.raw_id FROM sighting s JOIN maildrop m ON m.id = s.maildrop_id"
        " WHERE m.name = 'support/Junk' ORDER BY s.uid"
    )
    return [(row.state, row.raw_id) for row in rows]


def test_an_answer_to_our_letter_is_filed(junk_desk: Desk) -> None:
    """On its ticket, with its clock, for the agents to see; they are told to beware. Junk stays as it was."""
    desk = junk_desk
    in_junk(desk, reply("m2@ecole.test", receipt(desk), "Toujours en panne.\n", sender="j.dupont@gmail.test"))
    assert desk.kinds(1001)[:2] == ["request", "reply"]
    assert any("junk folder: it names a letter" in reason for reason in desk.why("m2@ecole.test").reasons)
    notification = desk.letters(ANNE)[-1]
    for part in notification.walk():
        assert part.is_multipart() or "courrier indésirable" in part.get_content()
    assert "courrier indésirable" not in desk.letters(ANNE)[0].as_string()
    assert desk.mailbox.flags("Junk") == {1: frozenset()}
    assert len(desk.letters("jean@ecole.test")) == 1
    assert not desk.faults()


def test_who_takes_part_is_filed_by_the_thread(junk_desk: Desk) -> None:
    """By the Message-ID of an own mail, or by the number in the subject: as in the inbox."""
    in_junk(
        junk_desk,
        mail("m2@ecole.test", subject="Re: Imprimante en panne", In_Reply_To=quoted("m1@ecole.test")),
        mail("m3@ecole.test", subject="Re: [ETNIC-1001] Imprimante en panne"),
    )
    assert junk_desk.kinds(1001)[:3] == ["request", "reply", "reply"]


@pytest.mark.parametrize(
    "content",
    [
        mail("s@casino.test", sender=SPAM, subject="Gagnez !"),
        mail("s@casino.test", sender=SPAM, In_Reply_To=quoted("m1@ecole.test"), to="jean@ecole.test"),
        mail("s@casino.test", subject="Une autre affaire"),
        mail(
            "s@casino.test", subject="Re: Imprimante en panne", In_Reply_To=quoted("m1@ecole.test"),
            Authentication_Results="mx.etnic.test; dmarc=fail header.from=ecole.test",
        ),
        mail("s@casino.test", sender=ANNE, subject="#prendre", body="#prendre\n"),
        mail("", sender=SPAM, at=None),
    ],
    ids=["spam", "stranger in a thread", "known sender", "forged", "agent", "nameless"],
)  # fmt: skip
def test_everything_else_stays_where_it_is(junk_desk: Desk, content: bytes) -> None:
    """No ticket, no letter, no clock; that it lies there is known, its bytes are not kept."""
    junk_desk.configure(security={"trusted_authserv_ids": ["mx.etnic.test"]})
    sent = len(junk_desk.sent())
    in_junk(junk_desk, content)
    assert left(junk_desk) == [("ignored", None)]
    assert len(junk_desk.tickets()) == 1
    assert junk_desk.kinds(1001)[0:1] == ["request"]
    assert len(junk_desk.sent()) == sent
    assert [row.n for row in junk_desk.rows("SELECT count(*) AS n FROM raw")] == [1]
    (said,) = junk_desk.log("message.ignored")
    assert "junk folder" in said["reason"]


def test_a_new_matter_found_in_junk_gets_no_receipt(junk_desk: Desk) -> None:
    """Our token with another subject: a linked ticket, seen by agents; its sender hears nothing of it."""
    in_junk(junk_desk, reply("m2@ecole.test", receipt(junk_desk), "?\n", subject="Gagnez !", sender=SPAM))
    assert [t.acked_at is None for t in junk_desk.tickets()] == [False, True]
    assert junk_desk.links(1002) == {1001}
    assert not junk_desk.letters(SPAM)


def test_what_a_person_moves_to_the_inbox_is_new_there(junk_desk: Desk) -> None:
    """The filter was wrong, and somebody has seen it: a ticket, a receipt, a clock."""
    in_junk(junk_desk, mail("m9@autre.test", sender="zoe@autre.test", subject="Badge"))
    assert left(junk_desk) == [("ignored", None)]
    junk_desk.mailbox.move(1, "INBOX", folder="Junk")
    junk_desk.once()
    assert [t.subject for t in junk_desk.tickets()] == ["Imprimante en panne", "Badge"]
    assert len(junk_desk.letters("zoe@autre.test")) == 1
    assert not junk_desk.faults()
    junk_desk.later(days=1)
    junk_desk.once()
    assert not junk_desk.letters(ADMIN, "Junk")


def test_what_was_filed_from_junk_is_known_in_the_inbox(junk_desk: Desk) -> None:
    """A second sighting, which bears the marks that Junk must not bear."""
    in_junk(junk_desk, reply("m2@ecole.test", receipt(junk_desk), "Toujours en panne.\n"))
    junk_desk.mailbox.move(1, "INBOX", folder="Junk")
    junk_desk.once()
    assert len(junk_desk.tickets()) == 1
    assert junk_desk.kinds(1001)[:2] == ["request", "reply"]
    assert junk_desk.log("message.duplicate")
    assert junk_desk.flags() == [{"$MaildFiled"}] * 2


def test_what_was_filed_from_the_inbox_is_known_in_junk(junk_desk: Desk) -> None:
    """A person, or a slow filter, moves it there: it stays the ticket that it is, and counts for nothing."""
    junk_desk.mailbox.move(1, "Junk")
    junk_desk.once()
    assert [state for state, _ in left(junk_desk)] == ["filed"]
    junk_desk.later(days=1)
    junk_desk.once()
    assert not junk_desk.letters(ADMIN, "Junk")


def test_poison_among_junk_opens_no_ticket(junk_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be read stays where it is; its neighbours are judged in the same pass."""

    def read(content: bytes) -> ParsedMail:
        if b"poison@casino.test" in content:
            raise RecursionError("a fault of ours")
        return parse_mail(content)

    monkeypatch.setattr(ingest, "parse_mail", read)
    in_junk(
        junk_desk,
        mail("poison@casino.test", sender=SPAM),
        reply("m2@ecole.test", receipt(junk_desk), "Toujours en panne.\n"),
    )
    assert [state for state, _ in left(junk_desk)] == ["ignored", "filed"]
    assert len(junk_desk.tickets()) == 1
    assert not junk_desk.letters(ADMIN)


def test_the_bytes_that_another_mail_has_are_kept(any_junk_desk: Desk) -> None:
    """Equal bytes are stored once; two of them among junk are gone together."""
    spam = mail("s@casino.test", sender=SPAM)
    any_junk_desk.receive(mail("m1@ecole.test"), spam, spam, folder="Junk")
    any_junk_desk.once()
    assert [state for state, _ in left(any_junk_desk)] == ["filed", "ignored", "ignored"]
    assert [row.n for row in any_junk_desk.rows("SELECT count(*) AS n FROM raw")] == [1]


def test_how_many_lie_there_is_told_once_a_day(any_junk_desk: Desk) -> None:
    """To leads and administrators, at seven, each mail counted once; on a day without any nothing is said."""
    desk = any_junk_desk
    lead = {"name": "Léa", "address": LEA, "lead": True, "language": "nl"}
    desk.configure(agent=[{"name": "Anne", "address": ANNE}, lead], desk={"administrators": [ADMIN, LEA]})
    spam = [mail(f"s{n}@casino.test", sender=SPAM, body=f"Gagnez {n} millions !") for n in range(3)]
    in_junk(desk, *spam[:2])
    assert not desk.letters(ADMIN)
    desk.now = desk.now.replace(hour=5, minute=59) + timedelta(days=1)
    desk.once()
    assert not desk.letters(ADMIN)
    desk.later(minutes=1)
    desk.once()
    desk.later(hours=3)
    in_junk(desk, spam[2])
    desk.later(hours=1)
    desk.once()
    (letter,) = desk.letters(ADMIN)
    assert letter["Subject"] == "2 messages dans le dossier «\u00a0Junk\u00a0»"
    assert "millions" not in letter.as_string()
    assert SPAM not in letter.as_string()
    (other,) = desk.letters(LEA, "Junk")
    assert other["Subject"] == "2 berichten in de map “Junk”"
    desk.later(days=1)
    desk.once()
    assert desk.letters(ADMIN)[-1]["Subject"] == "Un message dans le dossier «\u00a0Junk\u00a0»"
    desk.later(days=1)
    desk.once()
    assert len(desk.letters(ADMIN)) == 2
    assert not desk.letters(ANNE, "Junk")


def test_what_is_found_late_is_told_tomorrow(junk_desk: Desk) -> None:
    """It had come before this morning's letter and was not seen yet: told once, and not forgotten."""
    desk = junk_desk
    in_junk(desk, mail("s1@casino.test", sender=SPAM))
    desk.later(days=1)
    desk.once()
    desk.receive(mail("s2@casino.test", sender=SPAM), folder="Junk", at=desk.now - timedelta(hours=20))
    desk.later(minutes=5)
    desk.once()
    assert len(desk.letters(ADMIN)) == 1
    desk.later(days=1)
    desk.once()
    assert [letter["Subject"][:10] for letter in desk.letters(ADMIN)] == ["Un message"] * 2


def test_a_folder_that_does_not_exist_is_said_once(desk: Desk) -> None:
    """And everything else goes on."""
    desk.configure(maildrop={"junk": "Spam", "sent": []})
    desk.receive(mail("m1@ecole.test"))
    assert desk.once()
    assert [line["folder"] for line in desk.log("maildrop.no_folder")] == ["Spam"]
    assert len(desk.tickets()) == 1
    assert not desk.log("config.not_served")


def test_renumbering_tells_of_nothing_again(any_junk_desk: Desk, dovecot: Dovecot) -> None:
    """What was judged under its old number is not judged again; what comes after it is."""
    desk = any_junk_desk
    old = mail("s1@casino.test", sender=SPAM)
    desk.receive(old, folder="Junk", at=desk.now - timedelta(days=3))
    desk.later(minutes=1)
    desk.once()
    desk.later(days=2)
    desk.once()
    assert len(desk.letters(ADMIN)) == 1
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_007, "Junk")
    in_junk(desk, reply("m2@ecole.test", receipt(desk), "Toujours en panne.\n"))
    desk.later(days=1)
    desk.once()
    assert len(desk.letters(ADMIN, "Junk")) == 1
    assert desk.kinds(1001)[:2] == ["request", "reply"]
    assert [state for state, _ in left(desk)] == ["ignored", "skipped", "filed"]


def test_the_ledger_agrees_with_junk(junk_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """``reconcile`` counts what was left there, and what was filed from there."""
    in_junk(
        junk_desk,
        mail("s1@casino.test", sender=SPAM),
        reply("m2@ecole.test", receipt(junk_desk), "Toujours en panne.\n"),
    )
    junk_desk.receive(mail("s2@casino.test", sender=SPAM), folder="Junk")
    assert cli.answer(["reconcile", "--json", "--config", str(junk_desk.file)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = next(line for line in lines if line["maildrop"] == "support/Junk")
    counts = {key: found[key] for key in ("in_mailbox", "in_ledger", "missing", "doubled", "unfiled")}
    assert counts == {"in_mailbox": 3, "in_ledger": 2, "missing": 0, "doubled": 0, "unfiled": 1}


def test_a_state_made_anew_holds_what_was_filed_from_junk(desk: Desk) -> None:
    """And tells nobody again of what was left there."""
    desk.configure(maildrop={"junk": "Junk"})
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    in_junk(
        desk, mail("s1@casino.test", sender=SPAM), reply("m2@ecole.test", receipt(desk), "Toujours rien.\n")
    )
    new = desk.folder / "new"
    assert cli.answer(["replay", "--into", str(new), "--config", str(desk.file)]) == 0
    shutil.rmtree(desk.folder / "var")
    new.rename(desk.folder / "var")
    assert [m.message_id for m in desk.thread(1001) if m.direction == "in"] == [
        "m1@ecole.test",
        "m2@ecole.test",
    ]
    assert [state for state, _ in left(desk)] == ["ignored", "filed"]
    desk.later(days=2)
    desk.once()
    assert not desk.letters(ADMIN, "Junk")
