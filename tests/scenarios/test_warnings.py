"""Whoever answers for the promise hears in time, acts by mail, and hears nothing twice (DESIGN section 7)."""

import re
from datetime import timedelta
from email.message import EmailMessage
from itertools import cycle
from typing import Any

import pytest

from storage.records import Status
from tests.parsers.clients import LANGUAGES
from tests.parsers.replies import CLIENTS, Draft
from tests.scenarios.desk import ANNE, MONDAY, Desk, mail, quoted, reply
from tests.scenarios.test_replies import quoted as as_quoted

CHEF, BOB, JEAN = "chef@etnic.test", "bob@etnic.test", "jean@ecole.test"
FILED = "$MaildFiled"


@pytest.fixture
def led(desk: Desk) -> Desk:
    """A desk with a lead, and a mail of Monday afternoon, half past two."""
    desk.configure(
        agent=[
            {"name": "Anne", "address": ANNE},
            {"name": "Chef", "address": CHEF, "lead": True, "teams": ["direction"]},
        ]
    )
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    return desk


def words(letter: EmailMessage) -> str:
    """What its reader reads, with plain spaces."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def until(desk: Desk, hours: float) -> None:
    """One look, so many hours after the mail."""
    desk.now = MONDAY + timedelta(hours=hours)
    desk.once()


def about_time(desk: Desk, to: str = ANNE) -> list[str]:
    """The subjects of what somebody was told of the passing of time."""
    told = (
        "avant l’échéance",
        "Échéance proche",
        "Délai dépassé",
        "Sans activité",
        "sans activité",
    )
    subjects = [str(letter["Subject"]).replace("\u00a0", " ") for letter in desk.letters(to)]
    return [one for one in subjects if any(part in one for part in told)]


def test_a_mail_that_nobody_takes_is_told_of_more_and_more_urgently(led: Desk) -> None:
    """Half of its time passes at night: at eight there is a digest; four fifths; the last share; the limit.

    The daemon looks again and again, and is started anew each time.
    """
    seen = []
    for hours in (12.5, 17, 17.5, 18, 19.3, 19.5, 20.5, 22.5, 23.0, 23.5, 24.0, 25, 42):
        before = {to: len(about_time(led, to)) for to in (ANNE, CHEF)}
        until(led, hours)
        seen += [(hours, to, one) for to in before for one in about_time(led, to)[before[to] :]]
    digest = "Une demande à traiter avant l’échéance"
    assert seen == [
        (17.5, ANNE, digest),
        (19.5, ANNE, digest),
        (23.0, ANNE, "[ETNIC-1001] Échéance proche : Imprimante en panne"),
        (24.0, ANNE, "[ETNIC-1001] Délai dépassé : Imprimante en panne"),
        (24.0, CHEF, "[ETNIC-1001] Délai dépassé : Imprimante en panne"),
    ]
    (first, _) = led.letters(ANNE, digest)
    assert "À prendre en charge au plus tard le mardi 26 novembre 2024 à 14 h 32" in words(first)
    assert "Jean Dupont <jean@ecole.test>" in words(first)
    assert "#prendre 1001" in words(first)
    assert len(led.letters(JEAN)) == 1
    assert [event.kind for event in led.story(1001)].count("warned") == 4


def test_an_alert_is_answered_like_the_notification(led: Desk) -> None:
    """Words to the requester take it in charge; he reads them alone, the marks go, and nobody hears more."""
    until(led, 23)
    (alert,) = led.letters(ANNE, "Échéance proche")
    led.receive(reply("r1@etnic.test", alert, "Bonjour, j'arrive à 14 h.\n", sender=f"Anne <{ANNE}>"))
    led.once()
    led.later(minutes=2)
    led.once()
    (answer,) = led.letters(JEAN)[1:]
    assert "j'arrive à 14 h" in words(answer)
    assert "toute proche" not in words(answer)
    (ticket,) = led.tickets()
    assert (ticket.status, ticket.assignee, ticket.due_at) == (Status.TAKEN, ANNE, None)
    assert led.flags()[0] == {FILED}
    before = len(about_time(led)), len(about_time(led, CHEF))
    until(led, 30)
    assert (len(about_time(led)), len(about_time(led, CHEF))) == before


def test_a_command_on_the_alert_is_about_its_ticket(led: Desk) -> None:
    """`#assigner` in reply to it hands the ticket on, and whoever has it now is the one who hears."""
    led.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": BOB}])
    until(led, 23)
    led.receive(
        reply("r1@etnic.test", led.letters(ANNE, "Échéance proche")[0], "#assigner bob\n", sender=ANNE)
    )
    led.once()
    assert led.tickets()[0].assignee == BOB
    assert led.letters(BOB, "[ETNIC-1001]")


def test_a_digest_is_worked_off_by_one_reply(led: Desk) -> None:
    """Each line names its ticket; both stories tell it, and neither is told of any more."""
    led.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": BOB}])
    led.receive(mail("n1@ecole.test", sender="Zoé <zoe@ecole.test>", subject="Badge"))
    led.once()
    until(led, 17.5)
    (digest,) = led.letters(ANNE, "2 demandes à traiter avant l’échéance")
    body = "#prendre 1001\n#assigner ETNIC-1002 bob\n"
    led.receive(reply("r1@etnic.test", digest, body, sender=f"Anne <{ANNE}>"))
    led.once()
    assert [(ticket.assignee, ticket.due_at) for ticket in led.tickets()] == [(ANNE, None), (BOB, None)]
    answer = words(led.letters(ANNE)[-1])
    assert "ETNIC-1001" in answer
    assert "ETNIC-1002" in answer
    told = len(about_time(led)), len(about_time(led, BOB))
    until(led, 30)
    assert (len(about_time(led)), len(about_time(led, BOB))) == told


def test_words_that_answer_a_digest_reach_nobody(led: Desk) -> None:
    """It is about no ticket by itself: its reader is told so, with an example, and no requester reads it."""
    until(led, 17.5)
    (digest,) = led.letters(ANNE, "avant l’échéance")
    led.receive(reply("r1@etnic.test", digest, "#prendre\n", sender=f"Anne <{ANNE}>"))
    led.once()
    assert led.tickets()[0].assignee == ""
    assert "#prendre 10" in words(led.letters(ANNE)[-1])
    before = len(led.letters(JEAN))
    led.receive(reply("r2@etnic.test", digest, "Je m'en occupe demain matin.\n", sender=f"Anne <{ANNE}>"))
    led.once()
    led.later(minutes=2)
    led.once()
    assert len(led.letters(JEAN)) == before


def test_after_a_long_night_there_is_one_letter_each(led: Desk) -> None:
    """The daemon was down while thirty limits passed: what is still true, once, and nothing of the shares."""
    led.receive(*(mail(f"n{n}@ecole.test", subject=f"Demande {n}") for n in range(30)))
    led.once()
    until(led, 40)
    assert about_time(led) == ["Délai dépassé : 31 demandes à traiter"]
    assert about_time(led, CHEF) == ["Délai dépassé : 31 demandes à traiter"]
    (letter,) = led.letters(ANNE, "Délai dépassé")
    assert all(f"[ETNIC-{number}]" in words(letter) for number in range(1001, 1032))
    until(led, 41)
    assert len(about_time(led)) == 1


def test_what_waits_is_not_pressed_for(led: Desk) -> None:
    """Its next answer's clock stands still while the ticket waits; its half is told when it has passed."""
    led.receive(reply("r1@etnic.test", led.letters(ANNE, "1001")[0], "#prendre\n", sender=f"Anne <{ANNE}>"))
    led.once()
    led.receive(mail("m2@ecole.test", subject="Re: Imprimante en panne", References=quoted("m1@ecole.test")))
    led.once()
    led.later(hours=1)
    led.receive(
        reply("r2@etnic.test", led.letters(ANNE, "1001")[-1], "#attente 2j\n", sender=f"Anne <{ANNE}>")
    )
    led.once()
    assert led.tickets()[0].due_at is None
    for hours in (46, 49, 60):
        until(led, hours)
    assert about_time(led) == []
    until(led, 65.5)
    assert about_time(led) == ["Une demande à traiter avant l’échéance"]
    assert "Réponse attendue au plus tard le jeudi 28 novembre 2024 à 14 h 32" in words(led.letters(ANNE)[-1])


def test_a_ticket_that_was_taken_and_forgotten_comes_back_to_mind(led: Desk) -> None:
    """Five days later, whoever has it reads since when, and answers the requester from there; no mail of a
    program ends the silence."""
    led.receive(reply("r1@etnic.test", led.letters(ANNE, "1001")[0], "#prendre\n", sender=f"Anne <{ANNE}>"))
    led.once()
    led.later(days=3)
    notice: dict[str, Any] = {"Auto_Submitted": "auto-replied", "References": quoted("m1@ecole.test")}
    led.receive(mail("m2@ecole.test", subject="Absence", **notice))
    led.once()
    led.now = MONDAY + timedelta(days=5)
    for _ in range(3):
        led.once()
    (letter,) = led.letters(ANNE, "Sans activité")
    assert "Sans activité depuis le lundi 25 novembre 2024 à 14 h 32" in words(letter)
    led.receive(reply("r2@etnic.test", letter, "Toujours en panne ?\n", sender=f"Anne <{ANNE}>"))
    led.once()
    led.later(minutes=2)
    led.once()
    assert "Toujours en panne ?" in words(led.letters(JEAN)[-1])
    led.later(days=4)
    led.once()
    assert len(led.letters(ANNE, "Sans activité")) == 1
    led.later(days=2)
    led.once()
    assert len(led.letters(ANNE, "Sans activité")) == 2
    assert led.tickets()[0].status is Status.TAKEN


def test_a_ticket_that_was_merged_and_brought_back_is_not_forgotten(led: Desk) -> None:
    """While it is merged nobody minds it by itself; taken back, it is Anne's again and comes to mind."""
    first = led.letters(ANNE, "1001")[0]
    led.receive(mail("m2@ecole.test", subject="Encore en panne"))
    led.receive(reply("r1@etnic.test", first, "#prendre\n", sender=f"Anne <{ANNE}>"))
    led.once()
    led.later(minutes=1)
    led.receive(reply("r2@etnic.test", first, "#fusionner 1002\n", sender=f"Anne <{ANNE}>"))
    led.once()
    merged = led.tickets()[0]
    assert (merged.status, merged.look_at) == (Status.MERGED, None)
    led.later(minutes=1)
    second = led.letters(ANNE, "1002")[0]
    led.receive(reply("r3@etnic.test", second, "#annuler\n", sender=f"Anne <{ANNE}>"))
    led.once()
    assert led.tickets()[0].status is Status.TAKEN
    led.now = MONDAY + timedelta(days=6)
    led.once()
    assert [str(one["Subject"]) for one in led.letters(ANNE, "Sans activité")] == [
        "[ETNIC-1001] Sans activité\u00a0: Imprimante en panne"
    ]


def test_a_resolved_ticket_closes_by_itself(any_desk: Desk) -> None:
    """Nobody is written to; what its requester writes later is a new ticket that knows the old one."""
    desk = any_desk
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.receive(reply("r1@etnic.test", desk.letters(ANNE, "1001")[0], "#résolu\n", sender=f"Anne <{ANNE}>"))
    desk.once()
    desk.later(minutes=2)
    desk.once()
    assert desk.tickets()[0].status is Status.RESOLVED
    before = len(desk.sink.letters)
    desk.later(days=13)
    desk.once()
    assert desk.tickets()[0].status is Status.RESOLVED
    desk.later(days=1)
    desk.once()
    assert desk.tickets()[0].status is Status.CLOSED
    assert len(desk.sink.letters) == before
    (closing,) = [event for event in desk.story(1001) if event.kind == "closed"]
    assert closing.actor == "clock"
    desk.receive(reply("m2@ecole.test", desk.letters(JEAN)[-1], "Elle est de nouveau en panne.\n"))
    desk.once()
    assert desk.number_of("m2@ecole.test") == 1002
    assert desk.links(1002) == {1001}


CARD = ["", "Bob Martin", "Technicien | Service Desk ETNIC", "T +32 (0)2 690 81 00", BOB]


def test_a_digest_is_answered_from_every_program(led: Desk) -> None:
    """Outlook, Gmail, telephones, above what they quote and below it, with the card that the program adds:
    each reply does what its lines say of its ticket, and nothing of what it quotes."""
    led.configure(agent=[{"name": "Anne", "address": ANNE}, {"name": "Bob", "address": BOB}])
    cases = list(zip(CLIENTS, cycle(LANGUAGES), strict=False))
    subjects = [f"{language} {client}" for client, language in cases]
    led.receive(*(mail(f"n{n}@ecole.test", subject=one) for n, one in enumerate(subjects)))
    led.once()
    numbers = {ticket.subject: ticket.id for ticket in led.tickets()}
    until(led, 17.5)
    (digest,) = led.letters(BOB, "avant l’échéance")
    assert "#prendre 1001" in words(digest)
    for number, (client, language) in enumerate(cases):
        one = Draft(
            [], commands=[f"#prendre {numbers[subjects[number]]}"], card=CARD if number % 2 else [],
            sender=f"Bob <{BOB}>", message_id=f"r{number}@etnic.test",
        )  # fmt: skip
        led.receive(CLIENTS[client](language, one, as_quoted(digest, as_client=number % 3 > 0)))
    led.once()
    left = {ticket.subject for ticket in led.tickets() if ticket.assignee != BOB}
    assert left == {"Imprimante en panne"}
    assert [event.kind for event in led.story(1001)].count("command") == 0


def test_what_a_digest_offers_can_be_ordered_as_it_stands(led: Desk) -> None:
    """Each line of it, in each language, by somebody who copies it and puts his own ticket and name in."""
    led.configure(
        agent=[{"name": each, "address": f"{each}@etnic.test", "language": each} for each in LANGUAGES]
    )
    led.receive(*(mail(f"n{each}@ecole.test", subject=each) for each in LANGUAGES))
    led.once()
    until(led, 17.5)
    digests = {each: led.letters(f"{each}@etnic.test")[-1] for each in LANGUAGES}
    offered = {
        each: re.findall(r"^  (#\S+ 1001(?: \w+)?)  +\w", words(digest), re.MULTILINE)
        for each, digest in digests.items()
    }
    assert {len(lines) for lines in offered.values()} == {4}
    for turn in range(4):
        for number, (each, lines) in enumerate(offered.items(), start=1002):
            line = lines[turn].replace("1001", str(number)).replace(" X", " en")
            name = f"{turn}@{each}.test"
            led.receive(reply(name, digests[each], f"{line}\n", sender=f"{each}@etnic.test"))
        led.once()
    assert [(t.status, t.assignee) for t in led.tickets()][1:] == [(Status.CLOSED, "en@etnic.test")] * 4
    assert [event.kind for event in led.story(1001)].count("command") == 0
    assert all([event.kind for event in led.story(n)].count("command") == 4 for n in range(1002, 1006))
