r"""Nobody is left untouched without being seen: marks, alerts, and what clears them (DESIGN section 7)."""

import json
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from storage.records import Status
from tests.scenarios.desk import ADMIN, ANNE, DESK, MONDAY, Desk, mail, quoted, reply

FILED, FLAGGED, NEAR, BREACHED = "$MaildFiled", "\\Flagged", "$MaildNearLimit", "$MaildBreached"
AGES = {"h10": 10, "h21": 21, "h25": 25}


@pytest.fixture
def aged(desk: Desk) -> Desk:
    """Three mails, which came 10, 21 and 25 hours ago, after one pass."""
    for name, hours in AGES.items():
        desk.receive(
            mail(f"{name}@ecole.test", sender=f"{name}@ecole.test", subject=f"Demande {hours}"),
            at=desk.now - timedelta(hours=hours),
        )
    desk.once()
    return desk


@pytest.fixture
def near(desk: Desk) -> Desk:
    """One mail of 21 hours ago, marked."""
    desk.receive(mail("m1@ecole.test"), at=desk.now - timedelta(hours=21))
    desk.once()
    assert desk.flags() == [{FILED, FLAGGED, NEAR}]
    return desk


def notification(desk: Desk, number: int = 1001) -> EmailMessage:
    """The real notification that Anne got."""
    return next(
        letter
        for letter in desk.letters(ANNE, f"[ETNIC-{number}]")
        if not {"Délai", "Échéance"} & set(letter["Subject"].split())
    )


def take(desk: Desk, number: int = 1001, words: str = "#prendre\n") -> bytes:
    """Anne's answer to her notification."""
    return reply(f"take{number}@etnic.test", notification(desk, number), words, sender=f"Anne <{ANNE}>")


def clocks(desk: Desk) -> list[tuple[str, str | None]]:
    """By what each clock was stopped, None for one that runs."""
    rows = desk.rows("SELECT stopped_by, stopped_at, stage FROM clock ORDER BY id")
    return [(row.stage, row.stopped_by if row.stopped_at else None) for row in rows]


def test_mails_are_marked_by_their_age_after_one_pass(aged: Desk) -> None:
    """10 hours: nothing. 21: near the limit. 25: breached. On the mails themselves, for whoever looks."""
    assert aged.flags() == [{FILED}, {FILED, FLAGGED, NEAR}, {FILED, FLAGGED, NEAR, BREACHED}]
    assert [(t.near_limit, t.breached) for t in aged.tickets()] == [
        (False, False),
        (True, False),
        (True, True),
    ]


def test_the_clock_starts_when_the_mail_reached_the_mailbox(aged: Desk) -> None:
    """INTERNALDATE counts; neither the Date that a client wrote nor the moment when we were awake."""
    assert [t.due_at for t in aged.tickets()] == [aged.now + timedelta(hours=24 - h) for h in AGES.values()]


def test_a_server_whose_clock_is_fast_gives_nobody_more_time(desk: Desk) -> None:
    """It says that the mail came in ten hours: it came now."""
    desk.receive(mail("m1@ecole.test"), at=desk.now + timedelta(hours=10))
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.arrived_at, ticket.due_at) == (desk.now, desk.now + timedelta(hours=24))


def test_what_is_said_inside_or_sorts_the_ticket_stops_no_clock(desk: Desk) -> None:
    """A note, a priority and a category of an agent, and an absence notice: nobody has answered yet."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    due_at = desk.tickets()[0].due_at
    orders = ("#note\n\nÀ voir avec Bob.\n", "#priorité haute\n", "#catégorie demande\n")
    for name, words in enumerate(orders):
        desk.receive(reply(f"r{name}@etnic.test", notification(desk), words, sender=f"Anne <{ANNE}>"))
    desk.receive(
        mail("away@ecole.test", subject="Absence", body="Je suis absent.\n", Auto_Submitted="auto-replied",
             References=quoted("m1@ecole.test")),
    )  # fmt: skip
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.due_at, ticket.taken_at) == (Status.NEW, due_at, None)
    assert clocks(desk) == [("running", None)]


def test_who_must_know_is_told_once(aged: Desk) -> None:
    """Four fifths of the time in a digest, the limit in an alert; again never for the same."""
    subjects = [str(letter["Subject"]) for letter in aged.letters(ANNE)]
    assert subjects.count("Une demande à traiter avant l’échéance") == 1
    assert subjects.count("[ETNIC-1003] Délai dépassé\u00a0: Demande 25") == 1
    aged.once()
    assert len(aged.letters(ANNE)) == len(subjects)


def test_time_passes_and_the_marks_follow(desk: Desk) -> None:
    """Nothing but a later look is needed; each stage once."""
    desk.receive(mail("m1@ecole.test"))
    seen = []
    for _ in range(6):
        desk.once()
        seen.append(desk.flags()[0] - {FILED})
        desk.later(hours=5)
    assert seen == [set(), set(), set(), set(), {FLAGGED, NEAR}, {FLAGGED, NEAR, BREACHED}]
    kinds = [event.kind for event in desk.story(1001)]
    assert (kinds.count("near_limit"), kinds.count("breached")) == (1, 1)


def test_taking_it_in_charge_by_mail_clears_the_marks(near: Desk) -> None:
    """`#prendre` in reply to the notification, proven by its token; the agent is answered."""
    near.later(minutes=10)
    near.receive(take(near))
    near.once()
    (ticket,) = near.tickets()
    assert (ticket.status, ticket.assignee, ticket.taken_at) == (Status.TAKEN, ANNE, near.now)
    assert ticket.due_at is None
    assert near.flags()[0] == {FILED}
    assert clocks(near) == [("near", ANNE)]
    answer = near.letters(ANNE)[-1]
    assert "#prendre : fait, ETNIC-1001 est pris en charge par Anne" in _words(answer)
    assert not near.letters("jean@ecole.test", "prendre")


def _words(letter: EmailMessage) -> str:
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def test_an_answer_in_the_sent_folder_clears_the_marks(near: Desk) -> None:
    """Given from the shared mailbox: it is on the ticket, and the clock stops at its own instant."""
    at = near.now + timedelta(minutes=7)
    near.later(hours=1)
    words = "Bonjour, éteignez-la puis rallumez-la.\n"
    answer = mail("out@etnic.test", sender=DESK, to="jean@ecole.test", subject="Re: Imprimante en panne",
                  body=words, at=at, References=quoted("m1@ecole.test"))  # fmt: skip
    near.receive(answer, folder="Sent", at=at, flags=["\\Seen"])
    near.once()
    assert near.flags() == [{FILED}]
    assert near.kinds(1001)[0] == "request"
    outside = next(m for m in near.thread(1001) if m.kind == "outside_answer")
    assert outside.direction == "out"
    assert [t.taken_at for t in near.tickets()] == [at]
    assert clocks(near) == [("near", DESK)]


def test_the_sent_folder_is_only_read(near: Desk) -> None:
    """No flag, no keyword, nothing of ours."""
    near.receive(
        mail("out@etnic.test", sender=DESK, to="jean@ecole.test", subject="Re: Imprimante en panne",
             References=quoted("m1@ecole.test")),
        mail("private@etnic.test", sender=DESK, to="ami@ailleurs.test", subject="Samedi ?"),
        folder="Sent", flags=["\\Seen"],
    )  # fmt: skip
    near.once()
    assert set(near.mailbox.flags("Sent").values()) == {frozenset({"\\Seen"})}
    assert len(near.tickets()) == 1


def test_the_next_mail_after_an_outside_answer_joins_the_ticket(near: Desk) -> None:
    """Jean answers what he got from Outlook, of which we sent nothing."""
    near.receive(mail("out@etnic.test", sender=DESK, to="jean@ecole.test", subject="Re: Imprimante en panne",
                      References=quoted("m1@ecole.test")), folder="Sent")  # fmt: skip
    near.once()
    near.receive(mail("m2@ecole.test", subject="RE: Imprimante en panne", In_Reply_To="<out@etnic.test>"))
    near.once()
    assert near.number_of("m2@ecole.test") == 1001


def test_answered_is_taken_for_an_answer_until_the_answer_is_found(near: Desk) -> None:
    r"""\Answered stops the clock when first seen, as presumed; the copy in Sent corrects the instant."""
    answered_at = near.now + timedelta(minutes=3)
    near.later(hours=1)
    near.mailbox.mark(near.mailbox.uids()[0], "\\Answered")
    near.once()
    assert near.flags() == [{FILED, "\\Answered"}]
    assert [bool(row.presumed) for row in near.rows("SELECT presumed FROM clock")] == [True]
    assert near.tickets()[0].taken_at == near.now
    near.later(hours=1)
    near.receive(mail("out@etnic.test", sender=DESK, to="jean@ecole.test", subject="Re: Imprimante en panne",
                      References=quoted("m1@ecole.test")), folder="Sent", at=answered_at)  # fmt: skip
    near.once()
    assert [bool(row.presumed) for row in near.rows("SELECT presumed FROM clock")] == [False]
    (event,) = [e for e in near.story(1001) if e.kind == "clock_stopped" and "outside_answer" in e.detail]
    assert datetime.fromisoformat(json.loads(event.detail)["at"]) == answered_at


def test_a_person_s_own_flag_stays(desk: Desk) -> None:
    r"""\Flagged that somebody set before us is his; when Anne acts, only our marks go."""
    desk.receive(mail("m1@ecole.test"), at=desk.now - timedelta(hours=21), flags=[FLAGGED, "\\Seen"])
    desk.once()
    assert desk.flags() == [{FILED, FLAGGED, NEAR, "\\Seen"}]
    desk.receive(take(desk))
    desk.once()
    assert desk.flags()[0] == {FILED, FLAGGED, "\\Seen"}


def test_a_mark_that_a_person_cleared_comes_back_only_at_the_next_stage(near: Desk) -> None:
    """Somebody says "I have seen it": he is believed until the limit itself."""
    near.mailbox.unmark(near.mailbox.uids()[0], FLAGGED, NEAR)
    near.later(minutes=30)
    near.once()
    assert near.flags() == [{FILED}]
    near.later(hours=3)
    near.once()
    assert near.flags() == [{FILED, FLAGGED, NEAR, BREACHED}]


def test_every_later_mail_of_a_person_starts_a_clock_of_its_own(near: Desk) -> None:
    """After the first act the next mail runs 24 hours again, and is counted as a next answer."""
    near.receive(take(near))
    near.once()
    near.later(hours=1)
    near.receive(mail("m2@ecole.test", subject="Re: Imprimante en panne", References=quoted("m1@ecole.test")))
    near.once()
    assert near.tickets()[0].due_at == near.now + timedelta(hours=24)
    assert [bool(row.first) for row in near.rows('SELECT "first" FROM clock ORDER BY id')] == [True, False]
    near.later(hours=21)
    near.once()
    marks = [flags - {FILED} for flags in near.flags()]
    assert marks == [set(), set(), {FLAGGED, NEAR}]


def test_the_receipt_is_no_act(near: Desk) -> None:
    """Nor is a notification, nor an agent's silence."""
    assert len(near.letters("jean@ecole.test")) == 1
    assert clocks(near) == [("near", None)]


def test_a_mail_of_friday_evening_is_due_on_saturday(desk: Desk) -> None:
    """Wall time: the daemon was down over night, and nobody is late for that alone."""
    friday = datetime.fromisoformat("2024-11-22T16:00:00+00:00")
    desk.now = friday + timedelta(hours=16)
    desk.receive(mail("m1@ecole.test", at=friday), at=friday)
    desk.once()
    assert desk.tickets()[0].due_at == friday + timedelta(hours=24)


def test_a_mail_of_the_night_when_the_clocks_change_runs_24_real_hours(desk: Desk) -> None:
    """Sunday, 27 October 2024: the receipt says the hour that the wall will show."""
    saturday = datetime.fromisoformat("2024-10-26T12:00:00+00:00")  # 14:00 in Brussels, in summer time
    desk.now = saturday
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    assert "dimanche 27 octobre 2024 à 13 h 00" in _words(desk.letters("jean@ecole.test")[0])


def test_at_the_limit_the_lead_hears_of_it(desk: Desk) -> None:
    """And whose ticket it is; the administrator only where there is nobody else."""
    desk.configure(
        agent=[
            {"name": "Anne", "address": ANNE},
            {"name": "Chef", "address": "chef@etnic.test", "lead": True, "teams": ["direction"]},
        ]
    )
    desk.receive(mail("m1@ecole.test"), at=MONDAY - timedelta(hours=21))
    desk.once()
    assert not desk.letters("chef@etnic.test")
    desk.later(hours=4)
    desk.once()
    assert len(desk.letters("chef@etnic.test", "Délai dépassé")) == 1
    assert not desk.letters(ADMIN)


def test_without_agents_the_administrator_is_the_one_who_hears(desk: Desk) -> None:
    """A limit never passes unheard."""
    desk.configure(agent=[])
    desk.receive(mail("m1@ecole.test"), at=MONDAY - timedelta(hours=25))
    desk.once()
    assert desk.letters(ADMIN, "ETNIC-1001")


def test_the_desk_s_own_hours_make_the_promise_and_the_receipt_names_its_moment(desk: Desk) -> None:
    """A Friday at 16:00, the Monday after is 11 November: 24 opening hours are over on Thursday at 13:00."""
    desk.configure(sla={"clock": "desk"})
    desk.now = datetime.fromisoformat("2024-11-08T15:00:00+00:00")
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    (ticket,) = desk.tickets()
    assert ticket.due_at == datetime.fromisoformat("2024-11-14T12:00:00+00:00")
    assert "jeudi 14 novembre 2024 à 13 h 00" in _words(desk.letters("jean@ecole.test")[0])
    assert "jeudi 14 novembre 2024 à 13 h 00" in _words(notification(desk))
    desk.now = ticket.due_at - timedelta(hours=20)  # Wednesday at five, nineteen of the hours have passed
    desk.once()
    assert desk.flags() == [{FILED}]
    desk.now = ticket.due_at
    desk.once()
    assert desk.flags() == [{FILED, FLAGGED, NEAR, BREACHED}]


def test_while_the_ticket_waits_the_next_answer_may_wait_too(any_desk: Desk) -> None:
    """Its marks go and come back with it, its limit is later by that time, and Anne is told so."""
    desk = any_desk
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    desk.receive(take(desk))
    desk.once()
    desk.receive(mail("m2@ecole.test", References=quoted("m1@ecole.test"), body="Et maintenant ?\n"))
    desk.once()
    due_at = desk.now + timedelta(hours=24)
    assert desk.tickets()[0].due_at == due_at
    desk.later(hours=21)
    desk.once()
    assert desk.flags()[2] == {FILED, FLAGGED, NEAR}
    desk.receive(reply("wait@etnic.test", notification(desk), "#attente 5j\n", sender=f"Anne <{ANNE}>"))
    desk.once()
    told = _words(desk.letters(ANNE)[-1])
    assert "le délai de la prochaine réponse est suspendu tant que le ticket attend" in told
    assert desk.flags()[2] == {FILED}
    assert desk.tickets()[0].due_at is None
    desk.later(days=3)
    desk.receive(mail("m3@ecole.test", References=quoted("m1@ecole.test"), body="Voici le modèle.\n"))
    desk.once()
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.due_at) == (Status.TAKEN, due_at + timedelta(days=3))
    assert desk.flags()[2] == {FILED, FLAGGED, NEAR}
    rows = desk.rows("SELECT paused, paused_at FROM clock ORDER BY id")
    assert [(row.paused, row.paused_at) for row in rows] == [(0, None), (3 * 86_400, None), (0, None)]
