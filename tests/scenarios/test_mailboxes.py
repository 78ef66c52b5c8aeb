"""Mailboxes as they are: without keywords, renumbered, tidied by people, full from the first day."""

import io
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from maild import cli, daemon
from maild.receive import imap, intake
from maild.receive import mailbox as door
from tests.peers.dovecot import Dovecot
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Sink
from tests.scenarios.desk import ANNE, DESK, Desk, mail, quoted, reply

FILED, FLAGGED, NEAR, BREACHED = "$MaildFiled", "\\Flagged", "$MaildNearLimit", "$MaildBreached"


@pytest.fixture
def poor_desk(tmp_path: Path, poor_mailbox: Mailbox, sink: Sink, journal: io.StringIO) -> Desk:
    """A desk whose server forgets every keyword, and comes with mail of its own in the INBOX."""
    desk = Desk(folder=tmp_path, mailbox=poor_mailbox, sink=sink, journal=journal)
    for uid in desk.mailbox.uids():
        desk.mailbox.delete(uid)
    return desk


def test_a_server_without_keywords_shows_what_it_can(poor_desk: Desk) -> None:
    r"""\Flagged is all that it keeps; nothing is filed twice for that, and acting clears it."""
    poor_desk.receive(mail("m1@ecole.test"), at=poor_desk.now - timedelta(hours=21))
    poor_desk.receive(mail("m2@ecole.test", subject="Badge"), at=poor_desk.now - timedelta(hours=1))
    assert poor_desk.once()
    assert poor_desk.flags() == [{FLAGGED}, set()]
    letter = next(one for one in poor_desk.letters(ANNE, "[ETNIC-1001]") if "Échéance" not in one["Subject"])
    poor_desk.receive(reply("t@etnic.test", letter, "#prendre\n", sender=ANNE))
    poor_desk.once()
    assert poor_desk.flags() == [set(), set(), set()]
    assert len(poor_desk.tickets()) == 2
    assert len(poor_desk.letters("jean@ecole.test")) == 2
    assert not poor_desk.faults()


@pytest.mark.parametrize("emptied", [False, True], ids=["kept", "deleted"])
def test_a_person_tidies_up_and_the_ledger_does_not_mind(desk: Desk, *, emptied: bool) -> None:
    """Mail that is deleted or moved away is filed all the same, and moved back it is no new mail."""
    desk.receive(mail("m1@ecole.test"), at=desk.now - timedelta(hours=10))
    desk.once()
    (uid,) = desk.mailbox.uids()
    if emptied:
        desk.mailbox.delete(uid)
    else:
        desk.mailbox.create("Ailleurs")
        desk.mailbox.move(uid, "Ailleurs")
    desk.later(hours=11)
    desk.once()
    assert desk.tickets()[0].near_limit
    if not emptied:
        desk.mailbox.move(desk.mailbox.uids("Ailleurs")[0], "INBOX", folder="Ailleurs")
        desk.once()
        assert desk.flags() == [{FILED, FLAGGED, NEAR}]
    assert len(desk.tickets()) == 1
    assert len(desk.letters("jean@ecole.test")) == 1
    assert not desk.faults()


def test_filed_mail_is_moved_where_the_operator_wants_it(desk: Desk) -> None:
    """after = "move": the folder is made, the INBOX is left empty, the marks are set where the mail lies."""
    desk.configure(maildrop={"after": "move", "done": "Traités"})
    desk.receive(mail("m1@ecole.test"), mail("m2@ecole.test", subject="Badge"))
    desk.once()
    assert desk.mailbox.uids() == []
    assert len(desk.mailbox.uids("Traités")) == 2
    assert len(desk.tickets()) == 2
    desk.later(hours=21)
    desk.once()
    assert sorted(desk.mailbox.flags("Traités").values(), key=sorted) == [{FILED, FLAGGED, NEAR}] * 2
    desk.receive(reply("t@etnic.test", desk.letters(ANNE, "[ETNIC-1001]")[0], "#prendre\n", sender=ANNE))
    desk.once()
    flags = [set(each) for each in desk.mailbox.flags("Traités").values()]
    assert sorted(flags, key=len) == [{FILED}, {FILED}, {FILED, FLAGGED, NEAR}]
    assert not desk.faults()


@pytest.mark.parametrize("limited_dovecot", ["", "UIDPLUS", "MOVE"], indirect=True)
def test_filed_mail_is_moved_by_what_the_server_has(desk: Desk, limited_dovecot: Dovecot) -> None:
    r"""COPY where there is no MOVE, and \Deleted where nothing but all may be expunged: one copy, ever."""
    desk.mailbox = limited_dovecot.mailbox()
    desk.configure(maildrop={"after": "move"})
    desk.receive(mail("m1@ecole.test"), mail("m2@ecole.test", subject="Badge"))
    desk.receive(mail("gone@ecole.test", subject="Porte"), flags=["\\Deleted"])
    desk.once()
    without = not limited_dovecot.offers("MOVE", "UIDPLUS")
    rest = [flags - {FILED} for flags in desk.flags()]
    assert rest == [{"\\Deleted"}] * (3 if without else 1)
    desk.later(hours=21)
    desk.once()
    assert sorted(desk.mailbox.flags("Traités").values(), key=sorted) == [{FILED, FLAGGED, NEAR}] * 2
    letter = desk.letters(ANNE, "[ETNIC-1001]")[0]
    desk.receive(reply("t@etnic.test", letter, "#prendre\n", sender=ANNE))
    desk.once()
    desk.once()
    flags = [set(each) for each in desk.mailbox.flags("Traités").values()]
    assert sorted(flags, key=len) == [{FILED}, {FILED}, {FILED, FLAGGED, NEAR}]
    assert len(desk.tickets()) == 3
    assert not desk.faults()


def test_moving_goes_on_where_it_was_cut(desk: Desk) -> None:
    """A mail that is filed and still in the INBOX is moved at the next pass."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.configure(maildrop={"after": "move"})
    desk.later(hours=21)
    desk.receive(mail("m2@ecole.test", subject="Badge"))
    desk.once()
    assert len(desk.mailbox.uids("Traités")) == 2
    assert desk.mailbox.uids() == []


def test_a_desk_may_begin_now(desk: Desk) -> None:
    """start = "now": what lies there already stays as it is, without ticket; what comes later is filed."""
    desk.configure(maildrop={"start": "now"})
    desk.receive(mail("old@ecole.test"), at=desk.now - timedelta(hours=2))
    desk.once()
    assert desk.tickets() == []
    assert desk.flags() == [set()]
    desk.receive(mail("new@ecole.test"))
    desk.once()
    assert [t.subject for t in desk.tickets()] == ["Imprimante en panne"]
    assert desk.number_of("new@ecole.test") == 1001
    assert desk.flags() == [set(), {FILED}]


def test_a_desk_may_begin_at_a_date(desk: Desk) -> None:
    """What came before it is left alone."""
    desk.configure(maildrop={"start": "2024-11-24"})
    desk.receive(mail("old@ecole.test"), at=desk.now - timedelta(days=3))
    desk.receive(mail("new@ecole.test"), at=desk.now - timedelta(hours=20))
    desk.once()
    assert [m.message_id for m in desk.thread(1001) if m.direction == "in"] == ["new@ecole.test"]
    assert len(desk.tickets()) == 1


def test_renumbering_makes_no_second_ticket(desk: Desk, dovecot: Dovecot) -> None:
    """UIDVALIDITY changes: every mail is met again, and known by what it is."""
    desk.receive(
        *(mail(f"m{n}@ecole.test", sender=f"p{n}@ecole.test", subject=f"Sujet {n}") for n in range(7))
    )
    desk.receive(mail("", sender="sans@ecole.test", subject="Sans identifiant"))
    desk.once()
    sent = len(desk.sent())
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_000)
    desk.later(minutes=5)
    desk.receive(mail("later@ecole.test", sender="later@ecole.test", subject="Après"))
    desk.once()
    assert len(desk.tickets()) == 9
    assert len(desk.letters("p0@ecole.test")) == 1
    assert len(desk.sent()) == sent + 2
    assert desk.log("maildrop.uidvalidity_changed")
    assert not desk.faults()


def test_a_migration_fetches_only_what_is_in_doubt(any_desk: Desk, dovecot: Dovecot) -> None:
    """Message-ID, size and instant say which mail it is, where no two have the same; the rest is fetched."""
    desk = any_desk
    desk.configure(agent=[], submission={"per_minute": 1000}, maildrop={"sent": []})
    plain = [mail(f"m{n}@ecole.test", sender=f"p{n}@ecole.test", subject=f"Sujet {n}") for n in range(12)]
    twice, nameless = mail("twice@ecole.test", sender="t@ecole.test"), mail("", sender="sans@ecole.test")
    used = [mail("used@ecole.test", sender="u@ecole.test", subject=one) for one in ("Porte", "Badge")]
    desk.receive(*plain, twice, twice, nameless, *used)
    desk.once()
    desk.mailbox.unmark(1, FILED)
    before, tickets, sent = (
        desk.rows("SELECT count(*) AS n FROM message")[0].n,
        len(desk.tickets()),
        len(desk.sent()),
    )
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_005)
    desk.later(minutes=5)
    desk.receive(mail("later@ecole.test", sender="later@ecole.test", subject="Après"))
    fetched = len(desk.log("message.fetched"))
    desk.once()
    assert [(line["known"], line["of"]) for line in desk.log("maildrop.known_again")] == [(12, 18)]
    assert [line["uid"] for line in desk.log("message.fetched")][fetched:] == [13, 14, 15, 16, 17, 18]
    assert desk.rows("SELECT count(*) AS n FROM message")[0].n == before + 1
    assert len(desk.sent()) == sent + 1
    assert desk.flags() == [{FILED}] * 18
    desk.later(minutes=5)
    desk.receive(*(mail(f"n{n}@ecole.test", sender=f"n{n}@ecole.test", subject=f"N {n}") for n in range(9)))
    desk.once()
    assert desk.log("maildrop.known_again")[-1]["known"] == 0
    assert len(desk.tickets()) == tickets + 1 + 9
    assert not desk.faults()


def test_what_came_before_the_start_stays_out_when_it_is_renumbered(desk: Desk, dovecot: Dovecot) -> None:
    """New numbers make no old mail new; what came since the start is known again."""
    desk.configure(maildrop={"start": "now"})
    desk.receive(mail("old@ecole.test"), at=desk.now - timedelta(days=30))
    desk.once()
    desk.later(minutes=5)
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_003)
    desk.once()
    assert [t.subject for t in desk.tickets()] == ["Imprimante en panne"]
    assert len(desk.letters("jean@ecole.test")) == 1


@pytest.mark.parametrize("there", [0, 2], ids=["empty", "full"])
def test_mail_that_comes_right_after_the_start_is_taken_in(desk: Desk, there: int) -> None:
    """Also within the connection that saw the mailbox for the first time."""
    desk.configure(maildrop={"start": "now"})
    for number in range(there):
        desk.receive(mail(f"old{number}@ecole.test"), at=desk.now - timedelta(hours=2))

    def two_looks(session: intake.Session) -> None:
        imap.one_pass(session, seen_at=session.now)
        desk.receive(mail("m1@ecole.test"))
        imap.one_pass(session, seen_at=session.now)

    config = desk.config()
    with daemon.locked(config), daemon.parts(config, lambda: desk.now) as parts:
        imap.with_session(parts.stations[0], two_looks)
    assert len(desk.tickets()) == 1


def test_renumbering_knows_mail_without_id_and_date_again(desk: Desk, dovecot: Dovecot) -> None:
    """The same bytes that came at the same moment are the same mail, whatever they lack."""
    desk.receive(mail("", at=None), at=desk.now - timedelta(hours=1))
    desk.once()
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_002)
    desk.later(minutes=5)
    desk.once()
    assert len(desk.tickets()) == 1
    assert len(desk.letters("jean@ecole.test")) == 1


def test_mail_without_id_and_date_that_is_moved_back_is_no_new_mail(desk: Desk) -> None:
    """A person moves it away and regrets it: MOVE keeps its INTERNALDATE (RFC 6851)."""
    desk.receive(mail("", at=None), at=desk.now - timedelta(hours=1))
    desk.once()
    desk.mailbox.create("Ailleurs")
    desk.mailbox.move(desk.mailbox.uids()[0], "Ailleurs")
    desk.once()
    desk.mailbox.move(desk.mailbox.uids("Ailleurs")[0], "INBOX", folder="Ailleurs")
    desk.once()
    assert len(desk.tickets()) == 1


def test_marks_are_set_under_the_new_numbers(desk: Desk, dovecot: Dovecot) -> None:
    """The copy that is known under its new number carries the ticket's marks."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    dovecot.change_uidvalidity(desk.mailbox, 4_000_000_001)
    desk.later(hours=21)
    desk.once()
    assert desk.flags() == [{FILED, FLAGGED, NEAR}]


def test_two_copies_of_one_mail_carry_the_same_marks(desk: Desk) -> None:
    """To and Cc both led here: one ticket, and each copy shows how late it is."""
    desk.receive(mail("m1@ecole.test"), b"Delivered-To: b@etnic.test\r\n" + mail("m1@ecole.test"))
    desk.once()
    assert len(desk.tickets()) == 1
    assert len(desk.letters("jean@ecole.test")) == 1
    desk.later(hours=21)
    desk.once()
    assert desk.flags() == [{FILED, FLAGGED, NEAR}] * 2


def test_more_mail_than_a_batch_holds_is_taken_in_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches by number and by size; the largest comes alone, and every answer finds its question."""
    monkeypatch.setattr(intake, "BATCH_MAILS", 7)
    monkeypatch.setattr(intake, "BATCH_BYTES", 20_000)
    monkeypatch.setattr(intake, "LARGE", 10_000)
    monkeypatch.setattr(imap, "MARKS_AT_ONCE", 5)
    desk.configure(submission={"per_minute": 1000}, agent=[])
    for n in range(12):
        size = 30_000 if n == 5 else 500
        words = "Un texte de plusieurs mots. " * (size // 28)
        sender = f"p{n}@ecole.test"
        desk.receive(
            mail(f"q{n}@ecole.test", sender=sender, subject=f"Sujet {n}", body=words),
            mail(
                f"a{n}@ecole.test",
                sender=sender,
                subject=f"Re: Sujet {n}",
                References=quoted(f"q{n}@ecole.test"),
            ),
        )
    desk.once()
    assert len(desk.tickets()) == 12
    assert all(desk.number_of(f"q{n}@ecole.test") == desk.number_of(f"a{n}@ecole.test") for n in range(12))
    assert desk.flags() == [{FILED}] * 24
    assert desk.outbox() == {"sent": 12}


@pytest.mark.parametrize("there", [2, 20], ids=["few", "many"])
def test_a_mail_that_goes_while_it_is_being_fetched_is_passed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, there: int
) -> None:
    """A person is quicker: it was listed, and is no empty mail; the others are taken in."""
    desk.configure(agent=[], submission={"per_minute": 1000}, maildrop={"sent": []})
    desk.receive(
        *(mail(f"m{n}@ecole.test", sender=f"m{n}@ecole.test", subject=f"M {n}") for n in range(there))
    )
    listed = door.Mailbox.uids

    def listed_and_gone(session: door.Mailbox) -> list[int]:
        uids = listed(session)
        if 1 in uids:
            desk.mailbox.delete(1)
        return uids

    monkeypatch.setattr(door.Mailbox, "uids", listed_and_gone)
    assert desk.once()
    assert [t.subject for t in desk.tickets()] == [f"M {n}" for n in range(1, there)]
    assert not desk.faults()
    assert not desk.log("maildrop.lost")


def test_the_folder_for_filed_mail_is_made_at_the_start(desk: Desk) -> None:
    """Before there is anything to be moved, and only where something will be."""
    desk.once()
    assert "Traités" not in desk.mailbox.folders()
    desk.configure(maildrop={"after": "move"})
    desk.once()
    assert "Traités" in desk.mailbox.folders()
    desk.once()
    assert not desk.faults()


def words(letter: EmailMessage) -> str:
    """The text of a letter."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_an_oversize_mail_is_a_ticket_too(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Its beginning is kept, which names its sender; the whole stays on the server, and agents know it."""
    desk.configure(security={"max_message": "1MB"})
    big = mail("big@ecole.test", body="Voir ci-joint.\n" + "x" * 70 + "\n" * 2 + ("y" * 76 + "\n") * 15_000)
    desk.receive(big)
    desk.receive(mail("small@ecole.test", sender="eva@ecole.test", subject="Petit"))
    desk.once()
    assert [t.requester_address for t in desk.tickets()] == ["jean@ecole.test", "eva@ecole.test"]
    assert desk.log("message.oversize")
    assert len(desk.mailbox.uids()) == 2
    sizes = [row.whole_size for row in desk.rows("SELECT whole_size FROM sighting ORDER BY uid")]
    assert sizes == [len(big), None]
    said = ["pèse 1\u00a0Mo" in words(letter) for letter in desk.letters(ANNE)]
    assert said == [True, False]
    assert cli.answer(["ticket", "show", "1001", "--config", str(desk.file)]) == 0
    assert "! not read whole: 1 MB, only its beginning; the rest is in the mailbox" in capsys.readouterr().out


def test_a_sent_folder_that_does_not_exist_is_said_once(desk: Desk) -> None:
    """And everything else goes on."""
    desk.configure(maildrop={"sent": ["Envoyés", "Sent"]})
    desk.receive(mail("m1@ecole.test"))
    desk.receive(mail("o@etnic.test", sender=DESK, to="jean@ecole.test", subject="Re: Imprimante en panne",
                      References=quoted("m1@ecole.test")), folder="Sent")  # fmt: skip
    desk.once()
    assert [line["folder"] for line in desk.log("maildrop.no_folder")] == ["Envoyés"]
    assert desk.tickets()[0].due_at is None


def test_a_folder_with_a_name_in_french_is_opened(desk: Desk) -> None:
    """Names go through modified UTF-7 (RFC 3501 section 5.1.3)."""
    desk.mailbox.create("Boîte d'équipe & cie")
    desk.configure(maildrop={"folder": "Boîte d'équipe & cie"})
    desk.receive(mail("m1@ecole.test"), folder="Boîte d'équipe & cie")
    desk.once()
    assert len(desk.tickets()) == 1
