"""`doctor` as a command: what it says of a sound desk, how it ends, that it outlives a fault of its own."""

from pathlib import Path

import pytest

from maild import cli, rehearsal
from maild.cli import Code
from maild.cli.doctor.faults import Fault
from tests.maild.doctor.desk import ADMIN, PEOPLE, Examine, finds, imap, smtp
from tests.peers.mailbox import Mailbox
from tests.peers.smtp import Sink


@pytest.mark.real
def test_a_sound_desk_has_no_fault_and_nothing_to_look_at(
    examine: Examine, mailbox: Mailbox, sink: Sink, tmp_path: Path
) -> None:
    with mailbox.session() as client:
        client.create_folder("Sent")
    found = examine(PEOPLE, desk=ADMIN, drop=imap(mailbox), submission=smtp(sink))
    assert found.code == Code.OK
    assert [each for each in found.findings if each["verdict"] != "ok"] == []
    checks = {each["check"] for each in found.findings}
    assert checks >= {
        "configuration",
        "state",
        "database",
        "maildrop support",
        "submission",
        "letters",
        "clock",
    }
    (capabilities,) = [line for line in found.of("maildrop support") if "knows" in line]
    assert "IDLE, MOVE, UIDPLUS" in capabilities
    assert not (tmp_path / "var").exists(), "doctor changes nothing"
    assert sink.letters == []


@pytest.mark.real
def test_for_people_it_ends_with_what_to_do_next(
    examine: Examine, mailbox: Mailbox, sink: Sink, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    examine(PEOPLE, desk=ADMIN, drop=imap(mailbox, sent=[]), submission=smtp(sink))
    assert cli.answer(["doctor"]) == Code.OK
    assert b"maild run" in capsysbinary.readouterr().out.splitlines()[-1]


@finds(Fault.CONFIGURATION)
def test_a_configuration_that_cannot_be_used_is_78(examine: Examine) -> None:
    found = examine(desk={"adress": "x"}, submission={"port": "no"})
    assert found.code == Code.CONFIG
    assert {each["check"] for each in found.findings} == {"configuration"}
    assert any('did you mean "address"' in line for line in found.of("configuration"))


@finds(Fault.UNFORESEEN)
def test_a_check_that_breaks_is_a_finding_and_the_others_are_made(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "render_all", lambda _paper: 1 // 0)
    found = examine()
    assert "ZeroDivisionError" in found.of("letters", "fail")[0]
    assert found.of("clock", "ok")
