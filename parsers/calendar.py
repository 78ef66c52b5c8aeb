"""Invitations by mail: the iCalendar that is sent, and the answers to it (RFC 5545, 5546, 6047).

The one door to icalendar. ``mail`` reads the answers, ``write_calendar`` makes what compose attaches. Of
icalendar only the content lines are used. Reading: its components remember the time zones of every calendar
for the life of the process, and would let one stranger's mail change how another's is read. Writing: it turns
"\\N" in a text into a line break, and begins summer time an hour late. It is imported when a mail first needs
it, for 150 ms and 13 MB.

Reading is total: what is broken, hostile or too long is left out, and None is the answer to what answers
nothing. Writing raises ValueError for an ``Invitation`` that makes no sense.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Literal
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

from parsers.addresses import Address

MAX_CALENDAR: Final = 200_000  # characters of a calendar that are read
MAX_LINE: Final = 8_000  # and of each of its lines
MAX_LINES: Final = 500  # lines that say something to us
MAX_UID: Final = 1_000
MAX_COMMENT: Final = 2_000
MAX_TITLE: Final = 500  # characters of a summary or a place that are written
MAX_DESCRIPTION: Final = 8_000
PRODUCT: Final = "-//maild//maild//FR"


class ReplyMethod(StrEnum):
    """What comes from whom was invited (RFC 5546 1.4)."""

    REPLY = "REPLY"
    COUNTER = "COUNTER"
    REFRESH = "REFRESH"


class Participation(StrEnum):
    """What somebody says to an invitation (RFC 5545 3.2.12)."""

    NEEDS_ACTION = "needs-action"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    DELEGATED = "delegated"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarReply:
    """An answer to an invitation.

    ``attendee`` is who answers as the calendar says, which proves nothing; None when it says none.
    ``sequence`` is that of the invitation which was answered. ``proposed_at`` is the beginning that a COUNTER
    asks for, in UTC; None when it is a whole day, or in a time zone that only its sender knows.
    """

    method: ReplyMethod
    uid: str
    sequence: int
    attendee: Address | None
    participation: Participation
    comment: str
    proposed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An appointment that is offered, moved (the same ``uid``, a higher ``sequence``) or cancelled.

    Instants are aware; ``zone`` names the time zone in which they are shown. Texts may hold anything.

    Raises:
        ValueError: an instant without zone, an end that is not after the beginning, a negative sequence,
            a year that calendars do not reach.
    """

    uid: str
    sequence: int
    method: Literal["REQUEST", "CANCEL"]
    starts_at: datetime
    ends_at: datetime
    zone: str
    summary: str
    description: str
    location: str
    organizer: Address
    attendees: tuple[Address, ...]
    stamp: datetime

    def __post_init__(self) -> None:
        if any(at.tzinfo is None for at in (self.starts_at, self.ends_at, self.stamp)):
            raise ValueError("an instant without time zone")
        if self.ends_at <= self.starts_at:
            raise ValueError("an appointment ends after it begins")
        if not 1900 < self.starts_at.year < 9000:
            raise ValueError("no year for an appointment")
        if self.sequence < 0:
            raise ValueError("a sequence counts from 0")


# ------------------------------------------------------------------------------------------- reading

_FOLD: Final = re.compile(r"\r?\n[ \t]")
_METHOD: Final = re.compile(r"^METHOD:[ \t]*([A-Z]{1,20})[ \t]*$", re.IGNORECASE | re.MULTILINE)
_TELLING: Final = re.compile(
    rf"^(?:BEGIN|END|UID|SEQUENCE|ATTENDEE|COMMENT|DTSTART)[;:].{{0,{MAX_LINE}}}",
    re.IGNORECASE | re.MULTILINE,
)
_NAME_END: Final = re.compile(r"[;:]")
_ASIDE: Final = frozenset({"VTIMEZONE", "VALARM"})  # components with a DTSTART and an ATTENDEE of their own
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ADDRESS: Final = re.compile(r"[^\s<>@\"]{1,128}@[^\s<>@\"]{1,255}")
_DATE_TIME: Final = re.compile(r"([0-9]{8})T([0-9]{6})(Z?)", re.IGNORECASE)
_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_+-]{1,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Property:
    """A content line; ``value`` as transported."""

    name: str
    parameters: Mapping[str, str]
    value: str


@dataclass(slots=True)
class _Event:
    """What was read of the first event so far."""

    uid: str = ""
    sequence: int = 0
    start: _Property | None = None
    attendees: list[_Property] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


def read_calendar(content: bytes | str, *, method: str = "") -> CalendarReply | None:
    """The answer that a calendar is, None for an invitation, a publication and what has no UID.

    Args:
        method: of the media type (RFC 6047 2.4), where the calendar itself names none.
    """
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    text = _clean(_FOLD.sub("", text[:MAX_CALENDAR]))
    written = _METHOD.search(text)
    named = (written[1].upper() if written else "", method.strip().upper())
    kind = next((ReplyMethod[one] for one in named if one in ReplyMethod.__members__), None)
    event = _event(text) if kind else _Event()
    if kind is None or not event.uid:
        return None
    attendee = _answering(event.attendees)
    comments = event.comments or ([attendee.parameters.get("X-RESPONSE-COMMENT", "")] if attendee else [])
    return CalendarReply(
        method=kind,
        uid=event.uid,
        sequence=event.sequence,
        attendee=_address(attendee) if attendee else None,
        participation=_participation(attendee),
        comment="\n".join(comments).strip()[:MAX_COMMENT],
        proposed_at=_instant(event.start) if kind is ReplyMethod.COUNTER and event.start else None,
    )


def _event(text: str) -> _Event:
    """The first event; a UID counts wherever it stands, as only events and alarms have one."""
    event, aside = _Event(), ""
    for one in _properties(text):
        value = one.value.strip()
        if one.name in ("BEGIN", "END"):
            if one.name == "END" and value.upper() == "VEVENT" and event.uid:
                break
            aside = _now_aside(aside, one.name, value.upper())
        elif one.name == "UID":
            event.uid = event.uid or (value if len(value) <= MAX_UID else "")
        elif not aside:
            _note(event, one, value)
    return event


def _now_aside(aside: str, name: str, component: str) -> str:
    """The component that is passed over, "" outside of one."""
    if name == "BEGIN":
        return aside or (component if component in _ASIDE else "")
    return "" if component == aside else aside


def _note(event: _Event, one: _Property, value: str) -> None:
    if one.name == "SEQUENCE" and value.isascii() and value.isdigit():
        event.sequence = int(value[:9])
    elif one.name == "DTSTART":
        event.start = event.start or one
    elif one.name == "ATTENDEE":
        event.attendees.append(one)
    elif one.name == "COMMENT":
        event.comments.append(_unescaped(one.value))


def _properties(text: str) -> Iterator[_Property]:
    from icalendar.parser import Contentline

    reader: Any = Contentline
    for number, line in enumerate(_TELLING.finditer(text)):
        if number == MAX_LINES:
            return
        yield _property(reader(line[0]))


def _property(line: Any) -> _Property:
    try:
        name, parameters, value = line.raw_parts()
    except ValueError:
        # A parameter that is written badly takes nothing away from the value.
        return _Property(name=_NAME_END.split(line)[0].upper(), parameters={}, value=line.partition(":")[2])
    plain = {key.upper(): one if isinstance(one, str) else ", ".join(one) for key, one in parameters.items()}
    return _Property(name=str(name).upper(), parameters=plain, value=str(value))


def _unescaped(value: str) -> str:
    """A TEXT as it was meant (RFC 5545 3.3.11)."""
    return _ESCAPED.sub(lambda one: "\n" if one[1] in "nN" else one[1], value)


def _clean(text: str) -> str:
    return _CONTROLS.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def _answering(attendees: list[_Property]) -> _Property | None:
    """Who answers: RFC 5546 knows one, programs list others that have not answered."""
    answered = (one for one in attendees if _participation(one) is not Participation.NEEDS_ACTION)
    return next(answered, attendees[0] if attendees else None)


def _participation(attendee: _Property | None) -> Participation:
    """RFC 5545 3.2.12: what is not known is taken for no answer."""
    written = attendee.parameters.get("PARTSTAT", "").strip().lower() if attendee else ""
    known = written in {one.value for one in Participation}
    return Participation(written) if known else Participation.NEEDS_ACTION


def _address(attendee: _Property) -> Address | None:
    """The mailbox of an attendee; where a server writes a URI of its own, EMAIL has it (RFC 7986 6.2)."""
    value = attendee.value.strip()
    if value[:7].lower() == "mailto:":
        value = unquote(value[7:].partition("?")[0]).strip()
    written = (_clean(value), attendee.parameters.get("EMAIL", "").strip())
    address = next((one for one in written if _ADDRESS.fullmatch(one)), "")
    name = " ".join(attendee.parameters.get("CN", "").split())[:MAX_TITLE]
    return Address(name, address) if address else None


def _instant(start: _Property) -> datetime | None:
    written = _DATE_TIME.fullmatch(start.value.strip())
    if written is None:
        return None
    zone = UTC if written[3] else _zone(start.parameters.get("TZID", ""))
    if zone is None:
        return None
    try:
        return datetime.fromisoformat(f"{written[1]}T{written[2]}").replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):  # a day or an hour that does not exist
        return None


def _zone(name: str) -> ZoneInfo | None:
    """A zone by its name, by the one that Windows has for it, or with the name of a program in front."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    words = WINDOWS_TO_OLSON.get(name.strip(), name.strip()).strip("/").split("/")
    for first in range(min(len(words), 4)):
        candidate = "/".join(words[first:])
        if _ZONE_NAME.fullmatch(candidate):
            try:
                return ZoneInfo(candidate)
            except (KeyError, ValueError, OSError):  # no zone of this name
                continue
    return None


# ------------------------------------------------------------------------------------------- writing


def write_calendar(invitation: Invitation) -> bytes:
    """The calendar of an invitation for a part ``text/calendar; method=...; charset=utf-8`` (RFC 6047 2.4).

    UTF-8 with CRLF, folded at 75 octets. Texts are cut to ``MAX_TITLE`` and ``MAX_DESCRIPTION``; whatever
    they hold stays inside their property.

    Raises:
        ZoneInfoNotFoundError: no such time zone.
    """
    from icalendar.parser import Contentline, Contentlines, Parameters

    writer: Any = Contentline
    lines: Any = Contentlines(
        writer.from_parts(one.name, Parameters(one.parameters), _Written(one.value))
        for one in _calendar(invitation)
    )
    content: bytes = lines.to_ical()
    return content


@dataclass(frozen=True, slots=True)
class _Written:
    """A value that is in the form of its type already."""

    value: str

    def to_ical(self) -> bytes:
        return self.value.encode()


def _line(name: str, value: str, **parameters: str) -> _Property:
    return _Property(name=name, parameters=parameters, value=value)


def _calendar(invitation: Invitation) -> Iterator[_Property]:
    yield _line("BEGIN", "VCALENDAR")
    yield _line("PRODID", PRODUCT)
    yield _line("VERSION", "2.0")
    yield _line("CALSCALE", "GREGORIAN")
    yield _line("METHOD", invitation.method)
    yield from _zone_lines(invitation.zone, invitation.starts_at.astimezone(ZoneInfo(invitation.zone)).year)
    yield from _event_lines(invitation)
    yield _line("END", "VCALENDAR")


def _event_lines(invitation: Invitation) -> Iterator[_Property]:
    cancelled = invitation.method == "CANCEL"
    yield _line("BEGIN", "VEVENT")
    yield _line("UID", _text(invitation.uid, MAX_UID, lines=False))
    yield _line("DTSTAMP", f"{invitation.stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    yield _line("SEQUENCE", str(invitation.sequence))
    yield _moment("DTSTART", invitation.starts_at, invitation.zone)
    yield _moment("DTEND", invitation.ends_at, invitation.zone)
    yield _line("SUMMARY", _text(invitation.summary, MAX_TITLE, lines=False))
    if invitation.location:
        yield _line("LOCATION", _text(invitation.location, MAX_TITLE, lines=False))
    if invitation.description:
        yield _line("DESCRIPTION", _text(invitation.description, MAX_DESCRIPTION))
    yield _line("ORGANIZER", _mailto(invitation.organizer), **_named(invitation.organizer))
    asked = {} if cancelled else {"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
    for attendee in invitation.attendees:
        role = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT"}
        yield _line("ATTENDEE", _mailto(attendee), **_named(attendee), **role, **asked)
    yield _line("STATUS", "CANCELLED" if cancelled else "CONFIRMED")
    yield _line("TRANSP", "TRANSPARENT" if cancelled else "OPAQUE")
    yield _line("END", "VEVENT")


def _moment(name: str, at: datetime, zone: str) -> _Property:
    """A local time; but of an hour that comes twice a local time says the first (RFC 5545 3.3.5)."""
    local = at.astimezone(ZoneInfo(zone))
    if local.fold:
        return _line(name, f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return _line(name, f"{local:%Y%m%dT%H%M%S}", TZID=zone)


_LINE_END: Final = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")


def _text(text: str, most: int, *, lines: bool = True) -> str:
    """A TEXT (RFC 5545 3.3.11), on one line where ``lines`` are not wanted."""
    straight = _clean(_LINE_END.sub("\n", text))
    straight = straight if lines else " ".join(straight.split())
    return re.sub(r"([\\;,])", r"\\\1", straight[:most]).replace("\n", "\\n")


_UNQUOTED: Final = str.maketrans('"\\', "'/")


def _named(person: Address) -> dict[str, str]:
    """The name of a person; no parameter can hold double quotes (RFC 5545 3.2), and not every reader "\\"."""
    name = " ".join(_clean(_LINE_END.sub(" ", person.name)).translate(_UNQUOTED).split())[:MAX_TITLE]
    return {"CN": name} if name else {}


def _mailto(person: Address) -> str:
    return "mailto:" + quote(_clean(person.address), safe="@!$'*+")  # RFC 6068 2


# --- time zones


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """Clocks are changed at ``onset``, as they show it before; ``offsets`` from UTC before and after."""

    onset: datetime
    offsets: tuple[timedelta, timedelta]
    name: str
    is_summer: bool


def _zone_lines(zone: str, year: int) -> Iterator[_Property]:
    """The VTIMEZONE of a zone, right for the year and its neighbours (RFC 5545 3.6.5)."""
    changes = _changes(zone, year)
    rules = [_rule(one, changes) for one in changes]
    yield _line("BEGIN", "VTIMEZONE")
    yield _line("TZID", zone)
    if not all(rules) or not rules:
        yield from _observance(_beginning(zone, year), "")
    for change, rule in zip(changes, rules, strict=True):
        if not rule or change.onset.year == year - 1:
            yield from _observance(change, rule)
    yield _line("END", "VTIMEZONE")


def _observance(change: _Change, rule: str) -> Iterator[_Property]:
    kind = "DAYLIGHT" if change.is_summer else "STANDARD"
    yield _line("BEGIN", kind)
    yield _line("DTSTART", f"{change.onset:%Y%m%dT%H%M%S}")
    yield _line("TZOFFSETFROM", _offset(change.offsets[0]))
    yield _line("TZOFFSETTO", _offset(change.offsets[1]))
    yield _line("TZNAME", change.name)
    if rule:
        yield _line("RRULE", rule)
    yield _line("END", kind)


def _offset(offset: timedelta) -> str:
    sign, seconds = "-" if offset < timedelta() else "+", abs(round(offset.total_seconds()))
    minutes, rest = divmod(seconds, 60)
    return f"{sign}{minutes // 60:02}{minutes % 60:02}" + (f"{rest:02}" if rest else "")


def _rule(change: _Change, changes: tuple[_Change, ...]) -> str:
    """How a change comes again every year, such as the last Sunday of March; "" when it does not."""
    alike = [one for one in changes if _likeness(one) == _likeness(change)]
    if len(alike) != 3 or len({one.onset.year for one in alike}) != 3:
        return ""
    weekday = "MO TU WE TH FR SA SU".split()[change.onset.weekday()]
    places = {(one.onset.day - 1) // 7 + 1 for one in alike}
    if all((one.onset + timedelta(weeks=1)).month != one.onset.month for one in alike):
        places = {-1}
    return (
        f"FREQ=YEARLY;BYMONTH={change.onset.month};BYDAY={places.pop()}{weekday}" if len(places) == 1 else ""
    )


def _likeness(change: _Change) -> tuple[object, ...]:
    onset = change.onset
    return onset.month, onset.weekday(), onset.time(), change.offsets, change.name, change.is_summer


def _beginning(zone: str, year: int) -> _Change:
    """The time that the first of January of the year before has."""
    first = datetime(year - 1, 1, 1, tzinfo=ZoneInfo(zone))
    offset = first.utcoffset() or timedelta()
    return _Change(
        onset=first.replace(tzinfo=None),
        offsets=(offset, offset),
        name=first.tzname() or zone,
        is_summer=bool(first.dst()),
    )


@lru_cache(maxsize=16)
def _changes(zone: str, year: int) -> tuple[_Change, ...]:
    """Every change of the clocks in a year, the one before and the one after."""
    local = ZoneInfo(zone)
    first, last = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    return tuple(
        _change(one, two, local) for one, two in pairwise(days) if _shown(one, local) != _shown(two, local)
    )


def _shown(at: datetime, local: ZoneInfo) -> tuple[timedelta | None, str | None]:
    there = at.astimezone(local)
    return there.utcoffset(), there.tzname()


def _change(before: datetime, after: datetime, local: ZoneInfo) -> _Change:
    """The change between two instants, to the second."""
    old = before.astimezone(local)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if _shown(middle, local) == _shown(old, local) else (before, middle)
    new = after.astimezone(local)
    offsets = (old.utcoffset() or timedelta(), new.utcoffset() or timedelta())
    onset = after.replace(tzinfo=None) + offsets[0]
    return _Change(onset=onset, offsets=offsets, name=new.tzname() or local.key, is_summer=bool(new.dst()))
