"""Specialist teams: who is meant, who is asked, and what comes of an answer."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import commands, message, teams, tokens
from maild.decide.case import weighed
from maild.decide.classify import MailKind
from maild.decide.commands import Result
from maild.decide.decision import (
    Consult,
    Decision,
    HearTeam,
    OpenTicket,
    SendRelay,
    StartClock,
    StopClocks,
    TakeInCharge,
)
from maild.decide.facts import Handling, TeamAnswer, TicketFacts
from maild.decide.policy import Agent, Team
from maild.decide.tokens import Purpose
from parsers.commands import parse_commands
from storage.records import Consultation, MessageKind, Stage, Status
from tests.maild.decide.cases import (
    ANNE,
    HOUR,
    JEAN,
    NOON,
    OTHER_KEY,
    SECRET,
    STRANGER,
    facts,
    mail,
    of,
    policy,
    state,
    token,
)

TEAM, BOB, LUC = "reseau@etnic.test", "bob@etnic.test", "luc@labo.test"
WEEK = ((date(2024, 11, 20), date(2024, 11, 30)),)
AGENT = Agent(name="Anne", address=ANNE)
AGENTS = (
    AGENT,
    Agent(name="Bob", address=BOB, teams=("SAP",), language="nl", lead=True),
    Agent(name="Zoé", address="zoe@etnic.test", teams=("SAP",), away=WEEK),
    Agent(name="Ivo", address="ivo@etnic.test", teams=("juristes",), away=WEEK),
)
HOUSE = policy(agents=AGENTS, teams=(Team(name="Réseau", address=TEAM, limit=4 * HOUR),))
ASKED = Consultation(id=7, team="Réseau", asked_by=BOB, asked_at=NOON - HOUR, due_at=NOON + 3 * HOUR)
SERIAL = teams.serial_of(7, "ab12")


def consulted(*asked: Consultation, **values: Any) -> TicketFacts:
    """A ticket of Jean's about which teams were asked."""
    return replace(state(**values), handling=Handling(consultations=asked or (ASKED,)))


def question(to: str = TEAM, serial: str = SERIAL, **values: Any) -> str:
    """The Message-ID of what a team was asked."""
    return f"<{token(Purpose.CONSULTATION, to=to, serial=serial, **values)}@etnic.test>"


def judged(
    *states: TicketFacts, sender: str = f"Luc Renard <{LUC}>", body: str = "C’est la borne.\n", **headers: str
) -> Decision:
    """What becomes of an answer to the question."""
    written = {"In_Reply_To": question(), "subject": "Re: Imprimante"} | headers
    return message.decide(mail(body, sender=sender, **written), facts(*(states or (consulted(),))), HOUSE)


def heard(decision: Decision) -> HearTeam:
    """What a decision lets the desk hear."""
    (found,) = (change for change in decision.changes if isinstance(change, HearTeam))
    return found


# ---------------------------------------------------------------------- who


@pytest.mark.parametrize(
    ("argument", "team"),
    [
        ("Réseau", "Réseau"),
        ("reseau", "Réseau"),
        ("RÉSEAU.", "Réseau"),
        ("l’équipe réseau", "Réseau"),
        ("équipe réseau", "Réseau"),
        ("team sap", "SAP"),
        ("« sap »", "SAP"),
        ("desk", "desk"),
        ("", ""),
        ("réseaux", ""),
        ("Bob", ""),
        (BOB, ""),
    ],
)
def test_a_team_is_meant_whatever_the_case(argument: str, team: str) -> None:
    """Never an agent, and never one that is only alike."""
    assert teams.named(argument, HOUSE) == team


def test_the_teams_are_those_of_the_tables_and_of_the_agents() -> None:
    """Each once."""
    assert teams.names(HOUSE) == ("Réseau", "desk", "SAP", "juristes")


@pytest.mark.parametrize(
    ("team", "without", "people"),
    [
        ("Réseau", "", ((TEAM, "fr"),)),
        ("SAP", "", ((BOB, "nl"),)),
        ("SAP", BOB.upper(), ()),
        ("juristes", "", ()),
        ("nobody", "", ()),
    ],
)
def test_a_team_is_reached_at_its_address_or_by_who_is_there(
    team: str, without: str, people: tuple[tuple[str, str], ...]
) -> None:
    """Whoever asks needs no copy."""
    assert teams.reached_at(team, HOUSE, NOON.date(), without=without) == people


@given(row=st.integers(1, 999_999_999), chance=st.text("0123456789abcdef", min_size=1, max_size=8))
def test_a_token_knows_its_question(row: int, chance: str) -> None:
    """Any row, in the room that a serial has; the serial of another letter is no question's."""
    signed = tokens.sign((SECRET,), Purpose.CONSULTATION, "a" * 13, TEAM, teams.serial_of(row, chance))
    (found,) = tokens.find((SECRET,), signed)
    assert teams.row_of(found) == row
    (other,) = tokens.find((SECRET,), token(serial="m84gj5c02ekts92"))
    assert teams.row_of(other) is None


# ---------------------------------------------------------------------- asking


def run(text: str, where: TicketFacts | None = None, **values: Any) -> Result:
    """The commands of a text, run by Anne on Jean's ticket."""
    made = facts(**values)
    case = weighed(mail(text, sender=ANNE), MailKind.AGENT, made, HOUSE)
    return commands.run(parse_commands(text), AGENT, where or state(), case)


@pytest.mark.parametrize(
    "verb", ["#escalader", "#Escalate", "#escalade", "#escaleren", "#eskalieren", "#consulter"]
)
def test_escalating_is_an_act(verb: str) -> None:
    """The team is asked, the desk's clocks stop, and the ticket is whose it was, else the agent's."""
    result = run(f"{verb} réseau\n\nLa borne ?\n")
    asked, taken, stopped = result.changes
    assert asked == Consult(
        team="Réseau",
        letters=((TEAM, "fr", "La borne ?"),),
        near_at=NOON + 3.2 * HOUR,
        due_at=NOON + 4 * HOUR,
        span=4 * 3600,
    )
    assert taken == TakeInCharge(agent=ANNE, at=NOON)
    assert stopped == StopClocks(at=NOON, by=ANNE, act="escalate")
    assert TakeInCharge(agent=BOB, at=NOON) in run(f"{verb} réseau", state(assignee=BOB)).changes


def test_a_team_without_a_limit_has_the_desk_s() -> None:
    """And without a question it gets a sentence in the language of each."""
    (asked,) = of(run("#escalader sap"), Consult)
    assert asked == Consult(
        team="SAP", letters=((BOB, "nl", "Kunt u ons helpen deze aanvraag op te lossen?"),),
        near_at=NOON + timedelta(hours=19.2), due_at=NOON + timedelta(hours=24),
        span=86_400,
    )  # fmt: skip


@pytest.mark.parametrize("answered", [None, NOON])
def test_only_what_is_not_answered_is_reminded_of(answered: Any) -> None:
    """The first clock stays; a question after the answer is a new one."""
    (asked,) = of(run("#escalader réseau", consulted(replace(ASKED, answered_at=answered))), Consult)
    assert isinstance(asked, Consult)
    assert (asked.again, asked.near_at) == ((None, NOON + 3.2 * HOUR) if answered else (7, None))
    assert asked.due_at == NOON + (4 if answered else 3) * HOUR


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#escalader", "Équipes : Réseau, desk, SAP, juristes"),
        ("#escalader marketing", "il n’y a pas d’équipe « marketing »"),
        ("#escalader juristes", "personne d’autre de l’équipe juristes n’est présent"),
        ("#escalader réseau\n#escalader sap", "ne vont pas ensemble"),
        ("#relayer", "aucune équipe n’a été consultée"),
    ],
)
def test_what_cannot_be_asked_is_refused(text: str, said: str) -> None:
    """With what can."""
    result = run(text)
    assert (result.refused, result.changes) == (True, ())
    assert said in result.lines[0].replace("\u00a0", " ")


@pytest.mark.parametrize(
    "status", [Status.RESOLVED, Status.CLOSED, Status.MERGED, Status.SPAM, Status.OUT_OF_SCOPE]
)
def test_nobody_is_asked_about_what_is_over(status: Status) -> None:
    """Unless it is reopened first."""
    assert run("#escalader réseau", state(status=status)).refused


def test_a_note_is_not_put_to_a_team() -> None:
    """What stands below it stays with the desk."""
    (asked,) = of(run("#note\n#escalader réseau\n\nClient difficile.\n"), Consult)
    assert isinstance(asked, Consult)
    assert "difficile" not in str(asked.letters)


# ---------------------------------------------------------------------- its answer


@pytest.mark.parametrize("sender", [f"Luc Renard <{LUC}>", TEAM, STRANGER, f"Bob <{BOB}>", f"Anne <{ANNE}>"])
def test_whoever_answers_the_question_answers_the_desk(sender: str) -> None:
    """A note: no clock, no new ticket, nothing for the requester."""
    decision = judged(sender=sender, subject="Tout autre chose")
    assert (decision.kind, decision.ticket) == (MessageKind.NOTE, 1001)
    assert not of(decision, StartClock, OpenTicket, SendRelay, StopClocks)
    assert (heard(decision).consultation, heard(decision).team) == (7, "Réseau")
    assert heard(decision).text.strip() == "C’est la borne."


@pytest.mark.parametrize(
    ("changed", "people"),
    [
        ({"assignee": ANNE}, ((ANNE, "fr"),)),
        ({"assignee": ""}, ((BOB, "nl"),)),
        ({"assignee": "zoe@etnic.test"}, ((BOB, "nl"),)),
        ({"assignee": "gone@etnic.test"}, ((BOB, "nl"),)),
    ],
)
def test_whoever_waits_for_it_hears_of_it(
    changed: dict[str, Any], people: tuple[tuple[str, str], ...]
) -> None:
    """Whose ticket it is; away, or nobody: who asked."""
    assert heard(judged(consulted(**changed))).recipients == people


def test_nobody_there_who_asked_lets_the_team_hear() -> None:
    """Of the ticket, never whoever wrote it himself."""
    gone = replace(ASKED, asked_by="ivo@etnic.test")
    assert heard(judged(consulted(gone))).recipients == ((ANNE, "fr"),)
    assert heard(judged(consulted(gone), sender=f"Anne <{ANNE}>")).recipients == ()


def test_a_flood_of_answers_falls_into_a_digest() -> None:
    """As anything that the desk's people are told."""
    known = facts(consulted(), flooded=frozenset({BOB}))
    decision = message.decide(mail("Oui.\n", sender=LUC, In_Reply_To=question()), known, HOUSE)
    assert (heard(decision).recipients, heard(decision).in_digest) == ((), (BOB,))


def test_an_answer_to_the_first_question_answers_the_last_of_the_team() -> None:
    """A second question to the same team, and one to another, which stays open."""
    later = replace(ASKED, id=8, asked_at=NOON)
    other = replace(ASKED, id=9, team="SAP")
    assert heard(judged(consulted(ASKED, later, other))).consultation == 8


def test_a_merged_ticket_s_answer_goes_to_the_survivor() -> None:
    """The clock is stopped where it runs."""
    merged = consulted(status=Status.MERGED, merged_into=1002)
    decision = judged(merged, state(1002, JEAN))
    assert (decision.ticket, heard(decision).asked_on, heard(decision).consultation) == (1002, 1001, 7)


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED, Status.SPAM, Status.WAITING])
def test_an_answer_reopens_nothing(status: Status) -> None:
    """Not even by a successor."""
    decision = judged(consulted(status=status))
    assert (decision.kind, decision.ticket) == (MessageKind.NOTE, 1001)


def test_a_question_that_is_not_known_any_more_is_answered_all_the_same() -> None:
    """After a restore: whoever has the ticket hears of it."""
    decision = judged(state(assignee=ANNE))
    assert (heard(decision).consultation, heard(decision).recipients) == (None, ((ANNE, "fr"),))


def test_an_absence_notice_is_what_it_is() -> None:
    """And nobody's answer."""
    decision = judged(Auto_Submitted="auto-replied")
    assert decision.kind is MessageKind.AUTO_REPLY
    assert not of(decision, HearTeam, StopClocks)


NOT_A_TEAM_S: dict[str, dict[str, str]] = {
    "the requester, who was sent the whole thread": {"sender": JEAN},
    "a token of another letter of ours is nearer": {
        "In_Reply_To": f"<{token(Purpose.RELAY)}@etnic.test>", "References": question(), "sender": JEAN,
    },
    "an address that completed itself": {
        "In_Reply_To": "", "sender": LUC, "subject": "Badge perdu",
        "to": f"support+{token(Purpose.CONSULTATION, to=TEAM, serial=SERIAL)}@etnic.test",
    },
    "a ticket that is not known": {"In_Reply_To": question(key=OTHER_KEY), "sender": LUC},
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_A_TEAM_S)
def test_what_is_no_answer_of_a_team_is_a_person_s(name: str) -> None:
    """In doubt somebody waits for us: a clock runs."""
    decision = judged(consulted(), **NOT_A_TEAM_S[name])
    assert not of(decision, HearTeam)
    assert of(decision, StartClock)


def test_a_requester_who_was_asked_himself_answers() -> None:
    """The token was made for his own address."""
    decision = judged(consulted(requester_address=BOB), sender=BOB, In_Reply_To=question(BOB))
    assert heard(decision).recipients == ((ANNE, "fr"),)


def test_the_notification_of_an_answer_is_replied_to_as_any() -> None:
    """What the agent writes goes to the requester, though the question is among the references."""
    decision = judged(
        consulted(assignee=ANNE), sender=ANNE, References=question(),
        In_Reply_To=f"<{token(Purpose.NOTIFICATION, to=ANNE)}@etnic.test>",
    )  # fmt: skip
    assert of(decision, SendRelay)


def test_an_agent_who_answers_for_a_team_may_order() -> None:
    """By the token that was made for him; what he writes below is heard, and not relayed."""
    decision = judged(sender=BOB, In_Reply_To=question(BOB), body="#prendre\n\nJe regarde.\n")
    assert of(decision, TakeInCharge)
    assert heard(decision).text == "Je regarde."
    assert not of(decision, SendRelay)


def test_an_order_without_proof_is_none() -> None:
    """The token was made for the team's address: whoever writes as Bob may be anybody."""
    decision = judged(sender=BOB, body="#prendre\n")
    assert not of(decision, TakeInCharge)
    assert decision.kind is MessageKind.NOTE


# ---------------------------------------------------------------------- passing it on


def answer_of_team(text: str = "La borne est remplacée.", **values: Any) -> TeamAnswer:
    """What the team wrote last."""
    written = mail(text, sender=f"Luc Renard <{LUC}>", **values)
    return TeamAnswer(mail_id="t1", team="Réseau", mail=written, text=text)


def passed(text: str, found: TeamAnswer | None = None, **values: Any) -> SendRelay:
    """What leaves of it."""
    where = consulted(replace(ASKED, answered_at=NOON, answer="t1"))
    result = run(text, where, team_answers={1001: found or answer_of_team()}, **values)
    assert not result.refused, result.lines
    (sent,) = of(result, SendRelay)
    assert isinstance(sent, SendRelay)
    return sent


@pytest.mark.parametrize("verb", ["#relayer", "#Pass-On", "#passon", "#doorgeven", "#weitergeben"])
def test_passing_on_is_an_answer_of_the_desk(verb: str) -> None:
    """It waits as any, and its words stand below the agent's."""
    assert passed(verb).text == "La borne est remplacée."
    sent = passed(f"{verb}\n\nBonjour, voici ce qui fut fait.\n")
    assert sent.text == "Bonjour, voici ce qui fut fait.\n\nLa borne est remplacée."
    assert sent.not_before == NOON + policy().relay_delay


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "\n\nLuc Renard",
        "\n\nLuc Renard\nluc@labo.test",
        "\n\n<luc@labo.test>",
        "\n\n-- \nLuc Renard\nRéseau\n+32 2 800 10 11\n",
    ],
)
def test_the_requester_hears_one_voice(signed: str) -> None:
    """No name and no address below."""
    assert (
        passed("#relayer", answer_of_team(f"La borne est remplacée.{signed}")).text
        == "La borne est remplacée."
    )


def test_html_is_laid_out_where_either_has_it() -> None:
    """What has none is shown as it stands, and says no tag of its own."""
    page = mail("<p>La <b>borne</b> est remplacée.</p>", sender=LUC, Content_Type="text/html; charset=utf-8")
    found = replace(answer_of_team(), mail=page, text="La borne est remplacée.")
    assert "<b>borne</b>" in passed("#relayer", found).html
    html = passed("#relayer\n\nVoici <u>tout</u> :\nmerci.\n", found).html
    assert html.index("&lt;u&gt;tout") < html.index("<br>merci.") < html.index("<b>borne</b>")


def test_an_answer_that_nobody_has_read_whole_is_not_passed_on() -> None:
    """Its end may be what matters."""
    part = "--b\r\n\r\nx\r\n"
    whole = mail(part * 2000, sender=LUC, Content_Type="multipart/mixed; boundary=b")
    result = run("#relayer", consulted(), team_answers={1001: replace(answer_of_team(), mail=whole)})
    assert result.refused
    assert not result.changes


def test_an_answer_is_passed_on_to_people_who_may_see_it() -> None:
    """A participant's own address stays in it; the others' do not."""
    found = answer_of_team(f"Voyez avec {JEAN}, pas avec {LUC} ni {TEAM}.", Cc=TEAM)
    text = passed("#relayer", found).text
    assert JEAN in text
    assert LUC not in text
    assert TEAM not in text


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en", "xx"])
@pytest.mark.parametrize("stage", [Stage.NEAR, Stage.BREACHED])
def test_a_team_s_clock_is_told_of_in_every_language(language: str, stage: Stage) -> None:
    """Which team, and until when."""
    headline, lines = teams.reminder(stage, "Réseau", language, due="ce soir")
    assert "Réseau" in headline
    assert "ce soir" in lines[0]
