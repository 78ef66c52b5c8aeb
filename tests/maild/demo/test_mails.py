"""The mail of the rehearsal is what its titles say, as the parsers read it."""

from datetime import UTC, datetime, timedelta

import pytest

from maild import compose
from maild.decide.policy import Desk
from maild.demo.mails import SCENES, Scene, agent_take
from parsers.addresses import Address
from parsers.mail import ParsedMail, parse_mail

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DESK = "support@etnic.be"
# As long as our signed ids are: longer than a line that the email package would leave alone.
LONG_ID = "nivsdcyheyeyfnwv3.btmqbvzx.m83psj93m6vz1m2.seywotx5hqdgudnf5aci@service-desk.etnic.example"
NAMED = {scene.name: scene for scene in SCENES}


def mail(scene: Scene) -> ParsedMail:
    """The scene as the daemon reads it; a receipt is answered by a made-up id."""
    answered = LONG_ID if scene.to_receipt else ""
    return parse_mail(scene.build(desk=DESK, now=NOW, answered=answered))


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_every_scene_is_addressed_and_dated(scene: Scene) -> None:
    """Each has its own Message-ID, goes to the desk, and is the same bytes in each rehearsal."""
    read = mail(scene)
    assert read.message_id == scene.message_id
    assert read.to[0].address == DESK
    assert scene.build(desk=DESK, now=NOW) == scene.build(desk=DESK, now=NOW)
    assert scene.name == "epave" or read.date == NOW - timedelta(hours=scene.hours_ago)
    assert scene.answers in {"", *NAMED}


def test_people_and_machines_are_told_apart() -> None:
    """Machines are recognised as such, people are not taken for machines."""
    machines = {"absence", "lettre", "non-remis"}
    for scene in SCENES:
        read = mail(scene)
        assert bool(read.auto_reason or read.list_id or read.is_bounce) == (scene.name in machines)
    assert mail(NAMED["non-remis"]).return_path == ""


def test_scenes_show_what_their_titles_say() -> None:
    """Languages, the attachment, the thread, the receipts that are answered, the wreck."""
    languages = {name: mail(scene).language for name, scene in NAMED.items()}
    assert languages["gedeelde-map"] == "nl"
    assert languages["laufwerk"] == "de"
    assert languages["imprimante"] == languages["vpn"] == languages["epave"] == "fr"
    assert mail(NAMED["vpn"]).reply_text.startswith("Bonjour")
    assert mail(NAMED["licence"]).attachments[0].content.startswith(b"%PDF-1.4")
    later = mail(NAMED["imprimante-suite"])
    assert (later.references, later.in_reply_to) == ((NAMED["imprimante"].message_id,), ())
    assert mail(NAMED["absence"]).references == (LONG_ID,)
    report = mail(NAMED["non-remis"]).report
    assert report is not None
    assert (report.original_message_id, report.status) == (LONG_ID, "5.2.2")
    assert mail(NAMED["epave"]).defects
    assert "Merci de passer" in mail(NAMED["epave"]).text


def test_an_agent_takes_the_ticket_by_replying() -> None:
    """The command stands alone on top, the letter below is quoted, the thread is kept."""
    notification = compose.notification(
        compose.stationery(Desk(name="Service Desk ETNIC", address=DESK)),
        number="ETNIC-1042",
        subject="L’imprimante",
        requester=Address(name="Claire", address="claire@example.org"),
        text="Bonjour,\n\n#note\n",
        due_at=NOW,
        to=Address(name="", address="agent@etnic.be"),
        language="fr",
        now=NOW,
        message_id=LONG_ID,
        signature="v1",
        parent_references=("first@x",),
    )
    read = parse_mail(agent_take(notification.content, "Agent <agent@etnic.be>"))
    assert read.reply_text.splitlines()[0] == "#prendre"
    assert "#note" not in read.reply_text
    assert "#note" in read.text
    assert read.references == ("first@x", LONG_ID)
    assert read.in_reply_to == (LONG_ID,)
    assert read.subject == "RE: [ETNIC-1042] L’imprimante"
    assert read.date == NOW + timedelta(minutes=2)
    assert [to.address for to in read.to] == [DESK]
