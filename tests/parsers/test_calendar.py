"""Invitations that are sent, and the answers that Outlook, Gmail, Thunderbird, Apple and others write."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.addresses import Address
from parsers.calendar import (
    MAX_CALENDAR,
    MAX_COMMENT,
    MAX_UID,
    CalendarReply,
    Invitation,
    Participation,
    ReplyMethod,
    read_calendar,
    write_calendar,
)
from parsers.mail import MAX_CALENDARS, parse_mail
from tests.parsers.calendars import (
    APPLE,
    COUNTER_GMAIL,
    COUNTER_OUTLOOK,
    GMAIL,
    OUTLOOK,
    REFRESH,
    THUNDERBIRD,
    UID,
    answering_mail,
)

BRUSSELS = ZoneInfo("Europe/Brussels")
JEAN = Address("Jean Dupont", "jean.dupont@ecole.test")


def reply(**changes: Any) -> CalendarReply:
    """What Jean answers, but for the changes."""
    answer = CalendarReply(
        method=ReplyMethod.REPLY, uid=UID, sequence=0, attendee=JEAN, participation=Participation.ACCEPTED,
        comment="", proposed_at=None,
    )  # fmt: skip
    return replace(answer, **changes)


# --- answers, as programs write them ------------------------------------------------------------------------

ANSWERS = {
    "Outlook": (OUTLOOK, reply(sequence=2, comment="Entendu, à demain.")),
    "Gmail": (GMAIL, reply(participation=Participation.DECLINED, comment="Je suis absent, désolé")),
    "Thunderbird": (THUNDERBIRD, reply(participation=Participation.TENTATIVE, sequence=1)),
    "Apple": (APPLE, reply()),
    "Outlook proposes a time": (
        COUNTER_OUTLOOK,
        reply(
            method=ReplyMethod.COUNTER, participation=Participation.TENTATIVE, sequence=2,
            comment="Entendu, à demain.", proposed_at=datetime(2026, 11, 25, 8, 30, tzinfo=UTC),
        ),
    ),
    "Gmail proposes a time": (
        COUNTER_GMAIL,
        reply(
            method=ReplyMethod.COUNTER, participation=Participation.DECLINED,
            comment="Je suis absent, désolé", proposed_at=datetime(2026, 11, 26, 13, 0, tzinfo=UTC),
        ),
    ),
    "Zimbra asks again": (
        REFRESH, reply(method=ReplyMethod.REFRESH, participation=Participation.NEEDS_ACTION)
    ),
}  # fmt: skip


@pytest.mark.parametrize(("calendar", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_answers_of_programs(calendar: str, answer: CalendarReply) -> None:
    assert read_calendar(calendar) == answer
    assert read_calendar(calendar.encode()) == answer
    assert read_calendar(calendar.replace("\r\n", "\n")) == answer


@pytest.mark.parametrize("encoding", ["base64", "8bit"])
@pytest.mark.parametrize(("calendar", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer_is_read_with_its_mail(calendar: str, answer: CalendarReply, encoding: str) -> None:
    mail = parse_mail(answering_mail(calendar, encoding=encoding, method=answer.method))
    assert (mail.calendar, mail.calendar_uid, mail.subject) == (answer, UID, "Accepté : Intervention")


# --- what the calendars of the world hold -------------------------------------------------------------------


def event(*lines: str, method: str = "METHOD:REPLY") -> str:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", method, "BEGIN:VEVENT", f"UID:{UID}", *lines, "END:VEVENT", "END:VCALENDAR"]
    )


def read(*lines: str, method: str = "METHOD:REPLY") -> CalendarReply:
    found = read_calendar(event(*lines, method=method))
    assert found is not None
    assert found.uid == UID
    return found


ATTENDEES: list[tuple[str, Address | None, Participation]] = [
    ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.be", Address("", "a@b.be"), Participation.ACCEPTED),
    ("attendee;partstat=accepted:MAILTO:a@b.be", Address("", "a@b.be"), Participation.ACCEPTED),
    ("Attendee;PartStat=Declined:Mailto:a@b.be", Address("", "a@b.be"), Participation.DECLINED),
    ("ATTENDEE;PARTSTAT=DELEGATED:mailto:a@b.be", Address("", "a@b.be"), Participation.DELEGATED),
    ("ATTENDEE;PARTSTAT=X-MAYBE:mailto:a@b.be", Address("", "a@b.be"), Participation.NEEDS_ACTION),
    ("ATTENDEE;PARTSTAT=IN-PROCESS:mailto:a@b.be", Address("", "a@b.be"), Participation.NEEDS_ACTION),
    ("ATTENDEE:mailto:a@b.be", Address("", "a@b.be"), Participation.NEEDS_ACTION),
    ('ATTENDEE;PARTSTAT="ACCEPTED":mailto:a@b.be', Address("", "a@b.be"), Participation.ACCEPTED),
    ('ATTENDEE;CN="Dupont: Jean; A";PARTSTAT=ACCEPTED:mailto:a@b.be', Address("Dupont: Jean; A", "a@b.be"),
     Participation.ACCEPTED),
    ("ATTENDEE;CN=Dupont, Jean;PARTSTAT=ACCEPTED:mailto:a@b.be", Address("Dupont, Jean", "a@b.be"),
     Participation.ACCEPTED),
    ("ATTENDEE;PARTSTAT=ACCEPTED:a@b.be", Address("", "a@b.be"), Participation.ACCEPTED),
    ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a%2Bc@b.be?cc=x", Address("", "a+c@b.be"), Participation.ACCEPTED),
    ("ATTENDEE;PARTSTAT=ACCEPTED:mailto: a@b.be ", Address("", "a@b.be"), Participation.ACCEPTED),
    ("ATTENDEE;PARTSTAT=ACCEPTED;EMAIL=a@b.be:urn:uuid:1", Address("", "a@b.be"), Participation.ACCEPTED),
    ("ATTENDEE;PARTSTAT=ACCEPTED:urn:uuid:1", None, Participation.ACCEPTED),
    ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a%0D%0A@b.be", None, Participation.ACCEPTED),
    ("ATTENDEE;PARTSTAT=ACCEPTED:", None, Participation.ACCEPTED),
    ("ATTENDEE;;=;broken:mailto:a@b.be", Address("", "a@b.be"), Participation.NEEDS_ACTION),
    ("ATTENDEE", None, Participation.NEEDS_ACTION),
    ("X-NOTHING:x", None, Participation.NEEDS_ACTION),
    ("ATTENDEE:mailto:z@b.be\r\nATTENDEE;PARTSTAT=DECLINED:mailto:a@b.be", Address("", "a@b.be"),
     Participation.DECLINED),
    ("BEGIN:VALARM\r\nATTENDEE:mailto:z@b.be\r\nEND:VALARM\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.be",
     Address("", "a@b.be"), Participation.ACCEPTED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "attendee", "participation"), ATTENDEES, ids=[line for line, *_ in ATTENDEES]
)
def test_who_answers_what(line: str, attendee: Address | None, participation: Participation) -> None:
    found = read(line)
    assert (found.attendee, found.participation) == (attendee, participation)


@pytest.mark.parametrize(
    ("start", "instant"),
    [
        ("DTSTART:20261125T093000Z", "2026-11-25T09:30"),
        ("DTSTART;TZID=Europe/Brussels:20261125T093000", "2026-11-25T08:30"),
        ("DTSTART;TZID=Europe/Brussels:20260725T093000", "2026-07-25T07:30"),
        ("DTSTART;TZID=W. Europe Standard Time:20261125T093000", "2026-11-25T08:30"),
        ("DTSTART;TZID=/mozilla.org/20050126_1/Europe/Brussels:20261125T093000", "2026-11-25T08:30"),
        (
            "DTSTART;TZID=/freeassociation.sourceforge.net/America/New_York:20261125T093000",
            "2026-11-25T14:30",
        ),
        ("DTSTART;TZID=Customized Time Zone:20261125T093000", None),
        ("DTSTART;TZID=../../../etc/passwd:20261125T093000", None),
        ("DTSTART;TZID=Europe:20261125T093000", None),
        ("DTSTART:20261125T093000", None),
        ("DTSTART;VALUE=DATE:20261125", None),
        ("DTSTART:20261399T093000Z", None),
        ("DTSTART;TZID=America/New_York:99991231T233000", None),
        ("DTSTART:demain", None),
        ("DTSTART", None),
    ],
)
def test_the_time_that_is_proposed(start: str, instant: str | None) -> None:
    found = read(start, method="METHOD:COUNTER").proposed_at
    assert found == (None if instant is None else datetime.fromisoformat(instant).replace(tzinfo=UTC))
    assert read(start).proposed_at is None


@pytest.mark.parametrize(
    ("lines", "comment"),
    [
        (["COMMENT:a\\, b\\; c\\nd\\Ne"], "a, b; c\nd\ne"),
        (["COMMENT:C:\\\\nouveau"], "C:\\nouveau"),
        (["COMMENT:un", "COMMENT:deux"], "un\ndeux"),
        (["COMMENT;LANGUAGE=fr;ALTREP=\"cid:1\":un"], "un"),
        (["COMMENT: a\x00\x1bb "], "ab"),
        (["COMMENT:"], ""),
        (["COMMENT:" + "x" * 9999], "x" * MAX_COMMENT),
        (["BEGIN:VALARM", "COMMENT:non", "END:VALARM"], ""),
    ],
)  # fmt: skip
def test_comments(lines: list[str], comment: str) -> None:
    assert read(*lines).comment == comment


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("SEQUENCE:3", 3),
        ("SEQUENCE: 3", 3),
        ("SEQUENCE:-1", 0),
        ("SEQUENCE:x", 0),
        ("SEQUENCE:²", 0),
        ("SEQUENCE:" + "9" * 99, 999_999_999),
        ("SEQUENCE", 0),
    ],
)
def test_sequences(line: str, number: int) -> None:
    assert read(line).sequence == number


@pytest.mark.parametrize(
    "content",
    [
        "", "x", b"\xff\xfe\x00", "BEGIN:VCALENDAR", event(method="METHOD:REQUEST"),
        event(method="METHOD:PUBLISH"),
        event(method="METHOD:CANCEL"), event(method="METHOD:ADD"), event(method="X:y"),
        event().replace("UID", "UIX"), event().replace(UID, ""), event().replace(UID, "x" * (MAX_UID + 1)),
        "METHOD:REPLY", "METHOD:REPLY\n" + "X:y\n" * MAX_CALENDAR + f"UID:{UID}",
    ],
    ids=range(14),
)  # fmt: skip
def test_what_answers_nothing(content: bytes | str) -> None:
    assert read_calendar(content) is None


def test_the_media_type_names_the_method_where_the_calendar_does_not() -> None:
    assert read_calendar(event(method="X:y"), method="Reply") == reply(
        attendee=None, participation=Participation.NEEDS_ACTION
    )


def test_a_time_zone_of_its_own_has_a_beginning_that_is_not_the_event_s() -> None:
    zone = "BEGIN:VTIMEZONE TZID:x BEGIN:STANDARD DTSTART:16010101T000000Z END:STANDARD END:VTIMEZONE".split()
    assert read(*zone, "DTSTART:20261125T093000Z", method="METHOD:COUNTER").proposed_at == datetime(
        2026, 11, 25, 9, 30, tzinfo=UTC
    )


def test_only_the_first_event_is_read() -> None:
    second = event("ATTENDEE;PARTSTAT=DECLINED:mailto:z@b.be").replace(UID, "other")
    assert read_calendar(event("ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@b.be") + "\r\n" + second) == reply(
        attendee=Address("", "a@b.be")
    )


def test_an_invitation_beside_the_answer_is_passed_over() -> None:
    """As somebody forwards it; but only so many."""
    request = (
        b"--b\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\n"
        + event(method="METHOD:REQUEST").encode()
    )
    answer = b"\r\n--b\r\nContent-Type: text/calendar; method=REPLY\r\n\r\n" + event().encode()
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    few, many = (request + b"\r\n") * 2, (request + b"\r\n") * MAX_CALENDARS
    assert parse_mail(head + few + answer + b"\r\n--b--").calendar_uid == UID
    assert parse_mail(head + many + answer + b"\r\n--b--").calendar is None
    assert parse_mail(head + request + b"\r\n--b--").calendar is None


MANGLED = st.sampled_from([each for each, _ in ANSWERS.values()])
SNIPPETS = st.sampled_from(
    ["\r\n", "\n", "\r", "\r\n ", ";", ":", '"', "\\", "=", ",", "BEGIN:VTIMEZONE\r\n", "END:VEVENT\r\n",
     "\x00", "é", "\ud800", "ATTENDEE;", "TZID=", "mailto:", "^n", "DTSTART:", "9" * 50, "METHOD:COUNTER\r\n"]
)  # fmt: skip


@given(
    MANGLED,
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 40), SNIPPETS | st.text(max_size=5)), max_size=8),
)
def test_no_broken_calendar_is_too_much(calendar: str, wounds: list[tuple[int, int, str]]) -> None:
    for at, lost, put in wounds:
        calendar = calendar[:at] + put + calendar[at + lost :]
    found = read_calendar(calendar)
    if found is None:
        return
    assert 0 < len(found.uid) <= MAX_UID
    assert len(found.comment) <= MAX_COMMENT
    assert found.proposed_at is None or found.proposed_at.tzinfo is UTC
    said = (
        found.uid,
        found.comment,
        *((found.attendee.name, found.attendee.address) if found.attendee else ()),
    )
    assert not any(re.search(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]", each) for each in said)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_nor_anything_else(content: bytes | str) -> None:
    read_calendar(content, method="REPLY")


# --- invitations --------------------------------------------------------------------------------------------

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=BRUSSELS)
INVITATION = Invitation(
    uid=UID,
    sequence=1,
    method="REQUEST",
    starts_at=NOON,
    ends_at=NOON + timedelta(hours=1),
    zone="Europe/Brussels",
    summary="Intervention : imprimante, « été »",
    description="L’imprimante du 2e étage.\nDemandez Zoé; bureau 5.",
    location="Rue de Bruxelles 5, Namur",
    organizer=Address("ETNIC Service Desk", "support@etnic.test"),
    attendees=(JEAN, Address("", "tech@etnic.test")),
    stamp=datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
)

WRITTEN = """\
BEGIN:VCALENDAR
PRODID:-//maild//maild//FR
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REQUEST
BEGIN:VTIMEZONE
TZID:Europe/Brussels
BEGIN:DAYLIGHT
DTSTART:20250330T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20251026T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:nabcdefghijklm.opqrstu.1.vwxyzabcdefghijk@etnic.test
DTSTAMP:20261123T090000Z
SEQUENCE:1
DTSTART;TZID=Europe/Brussels:20261124T120000
DTEND;TZID=Europe/Brussels:20261124T130000
SUMMARY:Intervention : imprimante\\, « été »
LOCATION:Rue de Bruxelles 5\\, Namur
DESCRIPTION:L’imprimante du 2e étage.\\nDemandez Zoé\\; bureau 5.
ORGANIZER;CN="ETNIC Service Desk":mailto:support@etnic.test
ATTENDEE;CN="Jean Dupont";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:jean.dupont@ecole.test
ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:tech@etnic.test
STATUS:CONFIRMED
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
"""  # noqa: E501


def unfolded(content: bytes) -> list[str]:
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_the_whole_of_an_invitation() -> None:
    assert unfolded(write_calendar(INVITATION)) == WRITTEN.split("\n")


def test_a_cancellation_asks_for_nothing() -> None:
    lines = unfolded(write_calendar(replace(INVITATION, method="CANCEL", sequence=2)))
    assert {"METHOD:CANCEL", "STATUS:CANCELLED", "SEQUENCE:2", "TRANSP:TRANSPARENT", f"UID:{UID}"} <= set(
        lines
    )
    assert "RSVP" not in "".join(lines)


@pytest.mark.parametrize(
    "changes",
    [
        {"ends_at": NOON}, {"starts_at": NOON.replace(tzinfo=None)}, {"stamp": datetime(2026, 1, 1)},  # noqa: DTZ001
        {"sequence": -1}, {"starts_at": datetime(1, 1, 1, tzinfo=UTC)},
    ],
)  # fmt: skip
def test_an_invitation_that_makes_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (each says what it is about)
        replace(INVITATION, **changes)


def understood(content: bytes) -> Any:
    """The event, as icalendar reads the whole."""
    calendar: Any = icalendar.Calendar.from_ical(content)
    assert calendar.errors == []
    (found,) = calendar.walk("VEVENT")
    assert found.errors == []
    return found


TEXTS = st.text(max_size=200) | st.lists(
    st.sampled_from(
        ["\r\n", "\n", "\r", "\\", "\\n", "\\N", ";", ",", ":", '"', "^", "^n", "é", "\u2028", "\x85", "\x00",
         "\t", "\ud800", "ATTENDEE:mailto:x@y.be", "END:VEVENT", "BEGIN:VALARM", "🖨", " "]
    ),
    max_size=40,
).map("".join)  # fmt: skip
PEOPLE = st.builds(Address, TEXTS, TEXTS)
NAMES = [line.partition(":")[0].partition(";")[0] for line in WRITTEN.splitlines()]


@given(TEXTS, TEXTS, TEXTS, TEXTS, PEOPLE, PEOPLE)
def test_no_value_leaves_its_property(
    uid: str, summary: str, description: str, location: str, organizer: Address, attendee: Address
) -> None:
    content = write_calendar(
        replace(
            INVITATION, uid=f"x{uid}", summary=summary, description=f"x{description}",
            location=f"x{location}", organizer=organizer, attendees=(attendee, JEAN),
        )
    )  # fmt: skip
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert re.search(rb"(?<!\r)\n|\r(?!\n)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", content) is None
    assert [re.split("[:;]", line)[0] for line in unfolded(content)[:-1]] == NAMES
    found = understood(content)
    assert len(found["ATTENDEE"]) == 2
    assert str(found["ORGANIZER"]).startswith("mailto:")


def plain(text: str) -> str:
    """A text without what no calendar can hold."""
    text = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text.encode("utf-8", "replace").decode())
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", text)


def said(content: bytes, name: str) -> str:
    """A text as RFC 5545 3.3.11 has it read; icalendar takes "C:\\\\nouveau" for two lines."""
    (value,) = [line.partition(":")[2] for line in unfolded(content) if line.startswith(f"{name}:")]
    return re.sub(r"\\(.)", lambda one: "\n" if one[1] in "nN" else one[1], value)


@given(TEXTS, TEXTS, st.integers(0, 99))
def test_what_is_written_is_what_is_read(description: str, summary: str, sequence: int) -> None:
    invitation = replace(INVITATION, description=f"x{description}", summary=summary, sequence=sequence)
    content = write_calendar(invitation)
    assert said(content, "DESCRIPTION") == plain(f"x{description}")
    assert said(content, "SUMMARY") == " ".join(plain(summary).split())
    answered = content.replace(b"METHOD:REQUEST", b"METHOD:REPLY").replace(b"NEEDS-ACTION", b"ACCEPTED", 1)
    assert read_calendar(answered) == reply(sequence=sequence)


HOURS = st.integers(0, 1_500_000_000 // 900).map(
    lambda n: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=15 * n)
)


@given(
    HOURS,
    st.integers(1, 200),
    st.sampled_from(["Europe/Brussels", "America/New_York", "Asia/Kolkata", "UTC"]),
)
def test_instants_come_back(starts_at: datetime, quarters: int, zone: str) -> None:
    """The doubled hour too."""
    ends_at = starts_at + timedelta(minutes=15 * quarters)
    found: Any = understood(
        write_calendar(replace(INVITATION, starts_at=starts_at, ends_at=ends_at, zone=zone))
    )
    assert found["DTSTART"].dt.astimezone(UTC) == starts_at
    assert found["DTEND"].dt.astimezone(UTC) == ends_at


def around_changes(zone: str, year: int) -> Iterator[datetime]:
    """The quarters of two hours before and behind each change of the clocks in a year."""
    local, hour = ZoneInfo(zone), datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        following = hour + timedelta(hours=1)
        if hour.astimezone(local).utcoffset() != following.astimezone(local).utcoffset():
            yield from (hour + timedelta(minutes=15 * n) for n in range(-8, 12))
        hour = following


@pytest.mark.parametrize("year", [2025, 2026, 2027])
@pytest.mark.parametrize(
    "zone",
    [
        "Europe/Brussels",
        "Europe/Dublin",
        "America/New_York",
        "Australia/Sydney",
        "Asia/Jerusalem",
        "Africa/Casablanca",
    ],
)
def test_the_time_zone_is_right_on_both_sides_of_every_change(zone: str, year: int) -> None:
    """By itself, as programs read it that know no zone by its name."""
    starts_at = datetime(year, 6, 1, 9, tzinfo=UTC)
    content = write_calendar(
        replace(INVITATION, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), zone=zone)
    )
    calendar: Any = icalendar.Calendar.from_ical(content.replace(zone.encode(), b"Nowhere"))
    (written,) = calendar.walk("VTIMEZONE")
    defined, local = written.to_tz(lookup_tzid=False), ZoneInfo(zone)
    instants = [starts_at, *around_changes(zone, year)]
    assert len(instants) > 30
    for at in instants:
        naive = at.astimezone(local).replace(tzinfo=None)
        if not at.astimezone(local).fold:
            assert naive.replace(tzinfo=defined).utcoffset() == at.astimezone(local).utcoffset(), at
