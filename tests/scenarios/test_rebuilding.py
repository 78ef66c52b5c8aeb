"""The state is lost: it is put back from a backup, or made anew from the mail itself."""

import io
import mailbox as formats
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import MetaData, insert, select, text

from maild import cli, daemon
from storage import database, outbox
from tests.peers.postgres import Postgres
from tests.peers.smtp import Reply
from tests.scenarios.desk import ANNE, Desk, mail, reply


def partition(desk: Desk) -> set[frozenset[str]]:
    """Which mails that came in share a ticket."""
    rows = desk.rows("SELECT ticket_id, message_id FROM message")
    tickets: dict[int, set[str]] = {}
    for row in rows:
        tickets.setdefault(row.ticket_id, set()).add(row.message_id)
    return {frozenset(ids) for ids in tickets.values()}


def told(desk: Desk) -> None:
    """Three matters: one that an agent takes and its writer comes back to, one in Dutch, one automatic."""
    desk.receive(mail("a1@ecole.test"), mail("b1@ecole.test", sender="bo@ecole.test", subject="VPN"))
    desk.once()
    (notification, *_) = desk.letters(ANNE, "Imprimante")
    (receipt,) = desk.letters("jean@ecole.test")
    desk.later(minutes=5)
    desk.receive(
        reply("a2@etnic.test", notification, "#prendre\n", sender=f"Anne <{ANNE}>"),
        reply("a3@ecole.test", receipt, "Alors, des nouvelles ?\n"),
        mail("c1@ecole.test", sender="lea@ecole.test", subject="Absence", Auto_Submitted="auto-replied"),
    )
    desk.once()
    desk.later(minutes=5)
    desk.receive(
        mail("b2@ecole.test", sender="bo@ecole.test", subject="Re: VPN", In_Reply_To="<b1@ecole.test>")
    )
    desk.once()


def again(desk: Desk) -> None:
    """The daemon on the state that was put in the place of the lost one, an hour later."""
    desk.later(hours=1)
    sent = len(desk.sink.letters)
    tickets = len(desk.tickets())
    assert desk.once()
    assert len(desk.tickets()) == tickets
    assert len(desk.sink.letters) == sent
    desk.receive(mail("z1@ecole.test", sender="zoe@ecole.test", subject="Nouveau"))
    assert desk.once()
    assert len(desk.tickets()) == tickets + 1
    assert len(desk.letters("zoe@ecole.test")) == 1


def put_back(desk: Desk, copy: Path) -> None:
    """What an administrator does when the state is lost, as README.md says it."""
    if desk.database:
        with psycopg.connect(desk.database, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        put = ["pg_restore", "--single-transaction", "--no-owner", f"--dbname={desk.database}", str(copy)]
        subprocess.run(put, check=True)
    else:
        shutil.rmtree(desk.folder / "var")
        (desk.folder / "var").mkdir(mode=0o700)
        shutil.copy(copy, desk.folder / "var" / "maild.db")


def test_a_backup_in_the_place_of_the_state_goes_on(any_desk: Desk) -> None:
    """No second ticket, no second receipt; what came after it was taken is filed, and known for answered."""
    desk = any_desk
    told(desk)
    copy = desk.folder / "backup"
    assert cli.answer(["backup", str(copy), "--config", str(desk.file)]) == 0
    goes_on(desk, copy)


def test_a_copy_of_the_first_schema_goes_on(
    any_desk: Desk, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """So does one that an earlier version made, in the place of a state with more tables than it knows."""
    desk = any_desk
    told(desk)
    url = f"sqlite:///{tmp_path}/first.db"
    server: Postgres | None = request.getfixturevalue("postgres") if desk.database else None
    name = server.create_database() if server else ""
    as_the_first_version(desk, server.url(name) if server else url, tmp_path / "backup")
    if server:
        server.drop_database(name)
    goes_on(desk, tmp_path / "backup")


def as_the_first_version(desk: Desk, url: str, copy: Path) -> None:
    """A backup of what the desk holds, in so far as the first schema has a place for it."""
    with pytest.MonkeyPatch.context() as before, closing(database.open_database(url)) as first:
        before.setattr(database, "head", lambda: "0001")
        database.upgrade(first)
        tables = MetaData()
        with first.write() as new, desk.ledger() as tx:
            tables.reflect(new)
            for table in tables.sorted_tables:
                rows = [dict(row._mapping) for row in tx.connection.execute(select(table))]
                if rows and table.name != "alembic_version":
                    new.execute(insert(table), rows)
                if rows and "id" in table.c and first.file is None:
                    last = max(row["id"] for row in rows)
                    new.execute(text(f"SELECT setval('{table.name}_id_seq', {last})"))
        database.back_up(first, copy)


def goes_on(desk: Desk, copy: Path) -> None:
    """The copy in the place of a state that has seen more than it."""
    desk.later(minutes=5)
    desk.receive(mail("d1@ecole.test", sender="dan@ecole.test", subject="Après la copie"))
    desk.once()
    before = partition(desk)
    put_back(desk, copy)
    desk.later(minutes=5)
    assert desk.once()
    assert partition(desk) == before
    # Its receipt left with the state that was lost: the mark on the mail says that it was filed before.
    assert len(desk.letters("dan@ecole.test")) == 1
    again(desk)


def test_what_left_after_the_backup_leaves_no_second_time(any_desk: Desk) -> None:
    """Where its copy in Sent or an answer tells; where nothing does it has at least the same Message-ID.

    What an agent wrote is held, and he hears of it: he knows whether it is to be said again."""
    desk = any_desk
    people = ("eve@ecole.test", "gil@ecole.test", "max@ecole.test")
    for one in people:
        desk.sink.script(Reply(stage="rcpt", say="451 4.3.0 later", match=one))
        desk.receive(mail(f"of.{one}", sender=one, subject=f"Panne de {one}"))
    desk.once()
    copy = desk.folder / "backup"
    assert cli.answer(["backup", str(copy), "--config", str(desk.file)]) == 0
    desk.later(minutes=2)
    desk.once()
    (eve,), (gil,), (max_,) = (desk.sent(one) for one in people)
    (notification,) = desk.letters(ANNE, "eve@")
    desk.receive(eve.content, folder="Sent")
    desk.receive(
        reply("g2@ecole.test", gil.message, "Merci !\n", sender=people[1]),
        reply("anne@etnic.test", notification, "Redémarrez-la.\n", sender=f"Anne <{ANNE}>"),
    )
    desk.once()
    desk.later(minutes=5)
    desk.once()
    assert len(desk.letters(people[0])) == 2, "the receipt, and what Anne answers"
    before = partition(desk)

    put_back(desk, copy)
    for _ in range(3):
        desk.later(minutes=5)
        assert desk.once()
    assert partition(desk) == before
    assert len(desk.tickets()) == len(people)
    assert len(desk.letters(people[0])) == 2
    assert len(desk.letters(people[1])) == 1
    assert [one.message_id for one in desk.sent(people[2])] == [max_.message_id] * 2
    assert desk.outbox()["held"] == 1
    assert any("retenue" in str(one.get_body()) for one in desk.letters(ANNE))


@pytest.mark.parametrize("by_hand", [False, True])
def test_letters_of_a_copy_wait_until_they_were_looked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, by_hand: bool
) -> None:
    """Whoever opens the copy first, the daemon or `maild db upgrade`: no letter leaves before the folders
    of sent mail are read."""
    desk.sink.script(Reply(stage="rcpt", say="451 4.3.0 later", match="jean@ecole.test"))
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    copy = desk.folder / "backup"
    assert cli.answer(["backup", str(copy), "--config", str(desk.file)]) == 0
    desk.later(days=1)
    put_back(desk, copy)
    if by_hand:
        monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
        assert cli.answer(["db", "upgrade", "--config", str(desk.file)]) == 0
    with (
        daemon.locked(desk.config()),
        daemon.parts(desk.config(), lambda: desk.now) as parts,
        parts.office.store.read() as tx,
    ):
        assert outbox.next_due(tx) == desk.now + daemon.LOOK_FIRST


@pytest.mark.parametrize(
    ("order", "kind"),
    [
        ("Redémarrez-la.\n", "relay"),
        ("#escalader réseau\n\nLa borne répond-elle ?\n", "consultation"),
        ("#intervention Paul demain 14h Rue Neuve 1\n", "invitation"),
        ("#appel reçu=oui\n", "receipt"),
    ],
)
def test_what_a_lost_state_was_ordered_to_send_is_held(desk: Desk, order: str, kind: str) -> None:
    """The order bears the mark of a state that is lost: the letter may have left, and a person decides."""
    desk.configure(
        agent=[{"name": "Anne", "address": ANNE}, {"name": "Paul Martin", "address": "paul@etnic.test"}],
        team=[{"name": "réseau", "address": "reseau@etnic.test"}],
    )
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    (notification,) = desk.letters(ANNE)
    content = reply("o1@etnic.test", notification, order, sender=f"Anne <{ANNE}>")
    desk.receive(content, flags=["$MaildFiled"])
    for _ in range(2):
        desk.once()
        desk.later(minutes=5)
    letters = desk.rows("SELECT id, kind, state, reply FROM outbox")
    held = [row for row in letters if row.state == "held"]
    assert {row.kind for row in held} == {kind}
    assert {"backup" in row.reply for row in held} == {True}
    assert len([row for row in letters if row.kind == kind]) == len(held) + (kind == "receipt")
    numbers = [str(row.id) for row in held]
    assert cli.answer(["outbox", "release", *numbers, "--config", str(desk.file)]) == 0
    assert desk.outbox()["ready"] == len(held)


def test_a_state_is_made_anew_from_the_mailbox(desk: Desk) -> None:
    """The same mails share a ticket, nothing is sent, nothing on the server is touched."""
    told(desk)
    before, flags, sent = partition(desk), desk.flags(), len(desk.sink.letters)
    new = desk.folder / "new"
    assert cli.answer(["replay", "--into", str(new), "--config", str(desk.file)]) == 0
    assert desk.flags() == flags
    assert len(desk.sink.letters) == sent
    shutil.rmtree(desk.folder / "var")
    new.rename(desk.folder / "var")
    assert partition(desk) == before
    assert desk.outbox().keys() == {"suppressed"}
    again(desk)


def test_a_state_is_made_anew_from_files(desk: Desk, tmp_path: Path) -> None:
    """An mbox and a folder of mails, as an archive has them."""
    told(desk)
    before = partition(desk)
    first, *rest = desk.mailbox.contents().values()
    box = formats.mbox(tmp_path / "archive.mbox")
    for content in rest:
        box.add(content)
    box.close()
    (tmp_path / "single").mkdir()
    (tmp_path / "single" / "first.eml").write_bytes(first)
    paths = [str(tmp_path / "single"), str(tmp_path / "archive.mbox")]
    assert cli.answer(["replay", *paths, "--into", str(tmp_path / "new"), "--config", str(desk.file)]) == 0
    shutil.rmtree(desk.folder / "var")
    (tmp_path / "new").rename(desk.folder / "var")
    assert partition(desk) == before


def test_nothing_is_written_over(
    desk: Desk, capsys: pytest.CaptureFixture[str], journal: io.StringIO
) -> None:
    """Neither the state that there is, nor an older copy."""
    desk.once()
    var = str(desk.folder / "var")
    assert cli.answer(["replay", "--into", var, "--config", str(desk.file)]) == 77
    assert "not empty" in capsys.readouterr().err
    assert cli.answer(["backup", f"{var}/maild.db", "--config", str(desk.file)]) == 77
    assert "choose another name" in capsys.readouterr().err
