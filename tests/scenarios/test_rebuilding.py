"""The state is lost: it is put back from a backup, or made anew from the mail itself."""

import io
import mailbox as formats
import shutil
from pathlib import Path

import pytest

from maild import cli
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


def test_a_backup_in_the_place_of_the_state_goes_on(desk: Desk) -> None:
    """No second ticket, no second receipt; what came after it was taken is filed, and known for answered."""
    told(desk)
    copy = desk.folder / "backup.db"
    assert cli.answer(["backup", str(copy), "--config", str(desk.file)]) == 0
    desk.later(minutes=5)
    desk.receive(mail("d1@ecole.test", sender="dan@ecole.test", subject="Après la copie"))
    desk.once()
    before = partition(desk)
    (desk.folder / "var" / "maild.db").unlink()
    shutil.copy(copy, desk.folder / "var" / "maild.db")
    desk.later(minutes=5)
    assert desk.once()
    assert partition(desk) == before
    # Its receipt left with the state that was lost: the mark on the mail says that it was filed before.
    assert len(desk.letters("dan@ecole.test")) == 1
    again(desk)


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
