"""What was kept long enough goes by itself, in parts; what still runs stays, and so do the figures."""

import pytest

from maild import cli, daemon, retention
from maild.cli import Code
from storage import privacy
from tests.scenarios.desk import ANNE, Desk, mail, reply
from tests.scenarios.test_privacy import either, figures, traces  # noqa: F401

SPANS = {"raw": "30d", "outbox": "60d", "closed": "90d"}
WORDS = ("imprimante", "dupont", "jean@ecole.test", "concierge")


def closed(desk: Desk, ticket: str) -> None:
    """The operator closes a ticket."""
    assert cli.answer(["ticket", "close", ticket, "--config", str(desk.file)]) == Code.OK


def sizes(desk: Desk, column: str, table: str) -> list[int]:
    """How many bytes each row holds."""
    return [row[0] for row in desk.rows(f"SELECT length({column}) FROM {table} ORDER BY id")]  # noqa: S608


def test_each_thing_goes_after_its_own_span(
    either: Desk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Raw mail, then letters, then the ticket; the open one is whole, a mail that comes again is known."""
    desk = either
    monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    desk.configure(retention=SPANS, sla={"silent_after": "900d"})
    desk.receive(
        mail("j1@ecole.test"), mail("b1@ecole.test", sender="bo@ecole.test", subject="VPN", body="?")
    )
    desk.once()
    desk.receive(reply("a1@etnic.test", desk.letters(ANNE, "VPN")[0], "#prendre\n", sender=ANNE))
    desk.once()
    assert cli.answer(["ticket", "note", "1001", "vu avec le concierge", "--config", str(desk.file)]) == 0
    closed(desk, "1001")
    capsysbinary.readouterr()
    before = figures(desk, capsysbinary)
    desk.later(days=31)
    desk.once()
    raws = sizes(desk, "content", "raw")
    assert [size > 0 for size in raws] == [False, True, True]
    assert all(sizes(desk, "content", "outbox"))
    desk.receive(mail("j1@ecole.test"))
    desk.once()
    assert len(desk.log("message.duplicate")) == 1
    desk.later(days=30)
    desk.once()
    rows = desk.rows("SELECT recipient FROM outbox WHERE ticket_id = 1001")
    assert {row.recipient.partition(".")[0] for row in rows} == {"erased"}
    assert desk.letters("jean@ecole.test")
    assert desk.tickets()[0].subject == "Imprimante en panne"
    desk.later(days=30)
    desk.once()
    assert traces(desk, *WORDS) == []
    assert [ticket.subject for ticket in desk.tickets()] == ["(erased)", "VPN"]
    desk.receive(mail("j1@ecole.test"))
    desk.once()
    assert len(desk.tickets()) == 2
    assert traces(desk, *WORDS) == []
    (of_mailboxes, of_report), (mailboxes, report) = figures(desk, capsysbinary), before
    assert of_report == report
    twice_more = {"in_mailbox": mailboxes[0]["in_mailbox"] + 2, "in_ledger": mailboxes[0]["in_ledger"] + 2}
    assert of_mailboxes == [mailboxes[0] | twice_more, *mailboxes[1:]]


def test_a_pass_is_bounded_and_the_next_one_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts of one ticket a pass."""
    monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
    monkeypatch.setattr(privacy, "_AT_ONCE", 1)
    monkeypatch.setattr(retention, "_PARTS", 2)
    desk.receive(*(mail(f"j{n}@ecole.test", subject=f"Demande {n}") for n in range(3)))
    desk.once()
    for number in ("1001", "1002", "1003"):
        closed(desk, number)
    desk.configure(retention={"closed": "90d"})
    desk.later(days=91)
    for left in (["Demande 2"], []):
        desk.once()
        assert [t.subject for t in desk.tickets() if t.subject != "(erased)"] == left
    assert [line["tickets"] for line in desk.log("retention.purged")] == [2, 1]
    # What there is no word left of costs nothing more.
    desk.once()
    assert len(desk.log("retention.purged")) == 2
