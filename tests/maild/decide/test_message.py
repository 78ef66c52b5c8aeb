"""decide(): what holds for any mail at all, and the cases that no scenario tells."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.arrival import Source
from maild.decide import consequences, copies, identity, message, threads, unread
from maild.decide.classify import MailKind, kind_of
from maild.decide.decision import (
    AddParticipants,
    AnswerAgent,
    Describe,
    Disposition,
    Notify,
    OpenTicket,
    RememberIds,
    SendReceipt,
    SetStatus,
    StartClock,
    StopClocks,
    TakeInCharge,
    TellAdministrators,
    WithholdReceipt,
)
from maild.decide.facts import Facts
from maild.decide.policy import Agent, Beneficiary, Team
from maild.decide.standing import register
from maild.decide.tokens import Purpose
from parsers.mail import ParsedMail, parse_mail
from storage.records import Clock, MessageKind, Status, Twin
from tests.maild.decide.cases import (
    ANNE,
    DAY,
    DESK,
    HOUR,
    JEAN,
    NOON,
    STRANGER,
    clock,
    facts,
    mail,
    of,
    policy,
    references,
    state,
    token,
)

DESKS = policy()


# --- any mail

senders = st.sampled_from(
    [JEAN, STRANGER, ANNE, DESK, "", "MAILER-DAEMON", "no-reply@x.test", "J <JEAN@ecole.test>"]
)
subjects = st.sampled_from(
    [
        "Imprimante",
        "",
        "Re: [ETNIC-1001] Imprimante",
        "TR: Imprimante",
        "Autre chose",
        "[ETNIC-9] x",
        "Absent",
    ]
)
ids = st.sampled_from(
    [
        "",
        "<",
        "a@ecole.test",
        "<a@ecole.test>",
        "<z@x.test>",
        f"<{token()}@etnic.test>",
        f"<{token(Purpose.NOTIFICATION, to=ANNE)}@etnic.test>",
    ]
)
bodies = st.one_of(
    st.sampled_from(
        ["Bonjour", "", "#prendre\n", "#xyz\nBonjour", "Merci !", "> cité\n", "De : x\nObjet : y\n"]
    ),
    st.text(max_size=80),
)
extras = st.fixed_dictionaries(
    {},
    optional={
        "Auto_Submitted": st.sampled_from(["no", "auto-replied", "auto-generated"]),
        "Precedence": st.sampled_from(["bulk", "list", "normal"]),
        "List_Id": st.just("<l.x>"),
        "List_Unsubscribe": st.just("<mailto:u@x>"),
        "Return_Path": st.sampled_from(["<>", "<jean@ecole.test>"]),
        "X_Maild": st.just(token(Purpose.SELF)),
        "X_Spam_Flag": st.just("YES"),
        "Cc": st.sampled_from([JEAN, f"{STRANGER}, {DESK}", "undisclosed-recipients:;"]),
        "Reply_To": st.sampled_from(["secretariat@ecole.test", STRANGER]),
        "Authentication_Results": st.sampled_from(
            ["mx.etnic.test; dmarc=pass header.from=etnic.test", "mx.etnic.test; dmarc=fail", "garbage"]
        ),
        "Content_Type": st.sampled_from(
            ["text/html", "multipart/report; boundary=b", "text/calendar; method=REPLY"]
        ),
    },
)


@st.composite
def mails(draw: st.DrawFn) -> ParsedMail:
    """A mail of somebody or something, in any state of repair."""
    return mail(
        draw(bodies), sender=draw(senders), subject=draw(subjects), In_Reply_To=draw(ids),
        References=" ".join(draw(st.lists(ids, max_size=3))), **draw(extras),
    )  # fmt: skip


worlds = st.builds(
    lambda status, hours, source: facts(
        state(status=status),
        state(1002, STRANGER),
        by_reference=references(a=1001),
        arrived_at=NOON - timedelta(hours=hours),
        source=source,
    ),
    st.sampled_from(Status),
    st.sampled_from([0, 5, 30, 24 * 400]),
    st.sampled_from([Source.INBOX, Source.DOOR]),
)


@given(mails(), worlds)
def test_every_mail_opens_or_joins_exactly_one_ticket(read: ParsedMail, world: Facts) -> None:
    """Nothing is skipped, whatever it is, and each decision says why; an order about none is answered."""
    decision = message.decide(read, world, DESKS)
    opened = of(decision, OpenTicket)
    ordered = decision.kind is MessageKind.COMMAND and decision.ticket is None
    assert decision.disposition is Disposition.FILED
    assert len(opened) + (decision.ticket is not None) + ordered == 1
    assert len(of(decision, AnswerAgent)) == 1 or not ordered
    assert decision.ticket is None or decision.ticket in world.tickets
    assert decision.reasons
    assert decision.thread_reason


@given(mails(), worlds)
def test_a_person_who_opens_a_ticket_starts_its_clock(read: ParsedMail, world: Facts) -> None:
    """And is either answered or not for a reason; never both. An order about no ticket opens none."""
    decision = message.decide(read, world, DESKS)
    kind, _ = kind_of(read, world, DESKS)
    if not kind.is_automatic and decision.ticket is None and decision.kind is not MessageKind.COMMAND:
        (clock,) = of(decision, StartClock)
        assert clock.first
        assert clock.due_at == world.arrived_at + DAY
        assert len(of(decision, SendReceipt, WithholdReceipt)) == 1


@given(mails(), worlds)
def test_automatic_mail_changes_nothing_but_the_thread(read: ParsedMail, world: Facts) -> None:
    """No clock begins or ends, nobody gets a receipt, nothing is reopened or taken."""
    kind, _ = kind_of(read, world, DESKS)
    decision = message.decide(read, world, DESKS)
    if kind.is_automatic:
        assert not of(decision, StartClock, StopClocks, SendReceipt, SetStatus, TakeInCharge)
        assert decision.ticket is None or not of(decision, AddParticipants)


@given(mails(), worlds)
def test_only_the_desk_s_people_stop_a_clock(read: ParsedMail, world: Facts) -> None:
    """Mail that came in: an agent who has proven herself, and nobody else."""
    decision = message.decide(read, world, DESKS)
    if of(decision, StopClocks, TakeInCharge):
        kind, _ = kind_of(read, world, DESKS)
        assert kind is MailKind.AGENT
        found = threads.clues(read, DESKS).tokens
        assert identity.proof(read, DESKS.agents[0], found, world, DESKS).holds


@given(st.binary(max_size=400))
def test_bytes_are_a_mail(content: bytes) -> None:
    """Whatever comes in is decided on."""
    decision = message.decide(parse_mail(content), facts(state()), DESKS)
    assert decision.disposition is Disposition.FILED


# --- copies


def twin(read: ParsedMail, **values: Any) -> Twin:
    """What was filed before under this mail's id."""
    made: dict[str, Any] = {
        "id": 7, "ticket_id": 1001, "message_id": read.message_id, "digest": read.digest,
        "sender_address": JEAN, "sent_at": read.date, "kind": "request",
    }  # fmt: skip
    return Twin(**(made | values))


def test_an_equal_mail_is_another_sighting() -> None:
    """Also where it lies in another maildrop."""
    read = mail()
    decision = message.decide(read, facts(state(), twins=(twin(read),)), DESKS)
    assert (decision.disposition, decision.ticket, decision.twin) == (Disposition.DUPLICATE, 1001, 7)
    assert decision.changes == ()


def test_a_mail_changed_on_its_way_is_kept_beside_the_first() -> None:
    """Same id, From and Date; nothing is answered or started."""
    read = mail()
    decision = message.decide(read, facts(state(), twins=(twin(read, digest="x"),)), DESKS)
    assert (decision.kind, decision.ticket) == (MessageKind.COPY, 1001)
    assert not of(decision, StartClock, SendReceipt, Notify)


def test_another_mail_under_a_used_id_is_a_new_one() -> None:
    """Its id is remembered for nobody."""
    read = mail()
    other = twin(read, digest="x", sender_address=STRANGER)
    decision = message.decide(
        read, facts(state(), twins=(other,), by_reference={read.message_id: (1001,)}), DESKS
    )
    assert of(decision, OpenTicket)
    (remembered,) = of(decision, RememberIds)
    assert read.message_id not in remembered.message_ids


# --- a person


def test_the_receipt_goes_to_the_sender_or_within_his_domain() -> None:
    """Reply-To may point anywhere."""
    within = message.decide(mail(Reply_To="secretariat@ecole.test"), facts(), DESKS)
    assert of(within, SendReceipt)[0].to.address == "secretariat@ecole.test"
    without = message.decide(mail(Reply_To=STRANGER), facts(), DESKS)
    assert of(without, SendReceipt)[0].to.address == JEAN


@pytest.mark.parametrize(
    ("running", "taken_at", "first"),
    [
        ((clock(),), None, False),  # the promise runs already
        ((), None, True),  # no person had written on it yet
        ((clock(team="réseau", first=False),), None, True),
        ((), NOON, False),
    ],
)
def test_the_promise_is_made_once_a_ticket(
    running: tuple[Clock, ...], taken_at: datetime | None, first: bool
) -> None:
    """Whoever writes again before anybody has acted is owed a next answer; no second request is counted."""
    here = replace(state(taken_at=taken_at), running=running)
    again = mail(message_id="m2@ecole.test", In_Reply_To="<a@ecole.test>")
    decision = message.decide(again, facts(here, by_reference=references(a=1001)), DESKS)
    assert [one.first for one in of(decision, StartClock)] == [first]


def test_everybody_on_the_mail_takes_part_but_the_desk() -> None:
    """Each once, the requester first; a mail to hundreds makes no hundreds of members."""
    many = ", ".join(f"p{n}@ecole.test" for n in range(200))
    decision = message.decide(
        mail(to=f"{DESK}, {JEAN}, Luc <luc@ecole.test>", Cc=f"helpdesk@etnic.test, {many}"), facts(), DESKS
    )
    (added,) = of(decision, AddParticipants)
    addresses = [address.key for address, _ in added.people]
    assert addresses[:2] == [JEAN, "luc@ecole.test"]
    assert added.people[0][1] == "requester"
    assert len(addresses) == len(set(addresses)) == consequences.MOST_PARTICIPANTS
    assert not {DESK, "helpdesk@etnic.test"} & set(addresses)


def test_a_reply_wakes_whose_ticket_it_is() -> None:
    """Her alone while she is there; the team while she is away."""
    bob = Agent(name="Bob", address="bob@etnic.test", language="nl")
    anne = Agent(name="Anne", address=ANNE)
    desk = policy(agents=(anne, bob))
    reply = mail(In_Reply_To="<a@ecole.test>")
    world = facts(state(assignee=ANNE), by_reference=references(a=1001))
    (told,) = of(message.decide(reply, world, desk), Notify)
    assert told.recipients == ((ANNE, "fr"),)
    away = replace(desk, agents=(replace(anne, away=((NOON.date(), NOON.date()),)), bob))
    (told,) = of(message.decide(reply, world, away), Notify)
    assert told.recipients == (("bob@etnic.test", "nl"),)


def test_a_team_s_own_address_stands_for_its_agents() -> None:
    """One mail; a team that nobody is in falls to everybody."""
    desk = policy(teams=(Team(name="desk", address="equipe@etnic.test"),))
    (told,) = of(message.decide(mail(), facts(), desk), Notify)
    assert told.recipients == (("equipe@etnic.test", "fr"),)
    lonely = policy(agents=(Agent(name="Anne", address=ANNE, teams=("réseau",)),))
    (told,) = of(message.decide(mail(), facts(), lonely), Notify)
    assert told.recipients == ((ANNE, "fr"),)


def test_the_language_of_the_answer_is_one_that_the_desk_speaks() -> None:
    """The mail's, else the first of the desk's."""
    german = mail(
        "Guten Morgen,\n\nmein Drucker funktioniert seit heute nicht mehr. Können Sie mir helfen?\n"
    )
    for desk, expected in ((DESKS, "de"), (policy(desk={"languages": ("nl", "fr")}), "nl")):
        decision = message.decide(german, facts(), desk)
        (opened,), (receipt,) = of(decision, OpenTicket), of(decision, SendReceipt)
        assert (opened.language, receipt.language, decision.language) == (expected, expected, "de")


def test_old_mail_is_backlog() -> None:
    """No receipt, and the team hears of all of it in one digest."""
    decision = message.decide(mail(), facts(arrived_at=NOON - 30 * HOUR), DESKS)
    assert of(decision, OpenTicket)[0].backlog
    assert not of(decision, SendReceipt, Notify)


def test_the_same_unreadable_mail_seen_again_is_no_second_ticket() -> None:
    """It is known by its bytes."""
    nothing = replace(parse_mail(b""), digest="sha")
    seen = Twin(id=7, ticket_id=1001, message_id="c.sha", digest="sha", sender_address="", sent_at=None,
                kind="request")  # fmt: skip
    decision = unread.unreadable(nothing, "died", facts(twins=(seen,)), DESKS)
    assert (decision.disposition, decision.ticket) == (Disposition.DUPLICATE, 1001)
    other = unread.unreadable(nothing, "died", facts(twins=(replace(seen, digest="x"),)), DESKS)
    assert other.disposition is Disposition.QUARANTINED


@given(st.binary(max_size=300), st.sampled_from(list(Source)))
def test_a_reread_writes_to_nobody_and_stops_nothing(content: bytes, source: Source) -> None:
    """Whatever the mail turns out to be: it is shown on its ticket, and that is all."""
    decision = message.reread(parse_mail(content), 7, 1001, facts(state(), source=source), DESKS)
    assert (decision.disposition, decision.ticket, decision.rewrites) == (Disposition.FILED, 1001, 7)
    assert not [c for c in decision.changes if not isinstance(c, Describe | AddParticipants | RememberIds)]


def test_a_reread_is_linked_with_the_ticket_it_would_have_joined() -> None:
    """And never with itself."""
    known = facts(state(), state(1002), by_reference=references(first=1001, second=1002))
    (described,) = of(
        message.reread(mail(In_Reply_To="<second@ecole.test>"), 7, 1001, known, DESKS), Describe
    )
    assert described.links == (1002,)
    (described,) = of(message.reread(mail(In_Reply_To="<first@ecole.test>"), 7, 1001, known, DESKS), Describe)
    assert described.links == ()
    assert described.requester.address == JEAN
    listed = register((Beneficiary(entity="Écoles", domains=("ecole.test",)),))
    (described,) = of(message.reread(mail(), 7, 1001, known, policy(beneficiaries=listed)), Describe)
    assert (described.standing, described.entity) == ("yes", "Écoles")


def test_a_mail_that_our_code_fails_on_is_seen_by_people() -> None:
    """A plain ticket with a clock; the administrator hears; nobody is answered."""
    decision = unread.unreadable(mail(), "died of signal 11", facts(), DESKS)
    assert decision.kind is MessageKind.UNREADABLE
    assert decision.disposition is Disposition.QUARANTINED
    assert decision.reasons == ("died of signal 11",)
    assert of(decision, OpenTicket)
    assert of(decision, StartClock)
    assert of(decision, TellAdministrators)
    assert not of(decision, SendReceipt)


def test_equal_mails_without_id_are_one_if_they_are_dated() -> None:
    """Without a Date they are one only if they came in the same second."""
    dated, undated = mail(message_id=""), mail(message_id="", Date="")
    assert replace(dated, message_id="").message_id == ""
    for source in Source:
        first = copies.effective_id(undated, NOON, source)
        assert copies.effective_id(dated, NOON, source) == copies.effective_id(dated, NOON + HOUR, source)
        assert copies.effective_id(undated, NOON, source) == first
        assert copies.effective_id(undated, NOON + timedelta(seconds=1), source) != first
        assert copies.effective_id(mail(), NOON, source) == "m1@ecole.test"


def test_what_is_handed_in_again_is_one_mail_without_id_and_date() -> None:
    """The server's own Received line, below ours, names its copy; another copy has another number."""

    def handed_in(at: datetime, number: str) -> str:
        ours = f"from mx by etnic with LMTP; {at:%H:%M:%S}"
        read = mail(message_id="", Date="", Received=f"{ours}\r\nReceived: by mx (Postfix) id {number}")
        return copies.effective_id(read, at, Source.DOOR)

    assert handed_in(NOON, "4AB") == handed_in(NOON + HOUR, "4AB")
    assert handed_in(NOON, "4AB") != handed_in(NOON, "4AC")
