"""Moments and durations as people write them in French, Dutch, German and English.

Read by the trunk in the arguments of commands: ``#attente 2j``, ``#intervention QUI demain 14h OÙ``. Knows no
clock: ``now`` and the zone are arguments. Total: None is the answer to what is not understood.

The vocabulary is closed and nothing is guessed, because a technician at the wrong hour costs more than a
question. A bare number is neither an hour nor a duration ("demain 14"), a month no duration, midnight on no
certain day, a span ("14h-16h") no moment, and a day has to fall on the weekday written beside it.

Our own and not dateparser (1.5.0), which was tried on 32 rows of the tests: it read 13 otherwise, among them
"demain 14h" (the day after), "lundi prochain 14h" (not at all) and "31/02 9h" (today), and needs 260 ms and
31 MB before its first answer.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from parsers.folding import folded

MAX_TEXT: Final = 2_000  # characters that are read
_ANY_DAY: Final = datetime(2024, 1, 1, tzinfo=UTC)  # of a year that has 29 February
MAX_DURATION: Final = timedelta(days=3652)  # ten years

# ------------------------------------------------------------------------------------------- the words


def _numbered(*rows: str) -> dict[str, int]:
    """Each word of each row with the number of its row, from 0."""
    return {word: number for number, row in enumerate(rows) for word in row.split("|")}


def _either(words: dict[str, int]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_UNITS: Final = (
    timedelta(weeks=1), timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1),
)  # fmt: skip
_UNIT_WORDS: Final = _numbered(
    "w|wk|sem|semaine|semaines|week|weeks|weken|woche|wochen",
    "j|d|jr|jrs|jour|jours|day|days|dag|dagen|tag|tage|tagen",
    "h|u|hr|hrs|heure|heures|hour|hours|uur|uren|std|stunde|stunden",
    "m|mn|min|mins|minute|minutes|minuut|minuten",  # a month has no length: "m" is a minute always
    "s|sec|secs|sek|seconde|secondes|second|seconds|seconden|sekunde|sekunden",
)
_WEEKDAYS: Final = _numbered(
    "lundi|maandag|montag|monday",
    "mardi|dinsdag|dienstag|tuesday",
    "mercredi|woensdag|mittwoch|wednesday",
    "jeudi|donderdag|donnerstag|thursday",
    "vendredi|vrijdag|freitag|friday",
    "samedi|zaterdag|samstag|saturday",
    "dimanche|zondag|sonntag|sunday",
)
# Other words and people's names are among these, so they count in front of a date only.
_SHORT_WEEKDAYS: Final = _numbered(
    "lun|ma|mo|mon", "mar|di|die|tue|tues", "mer|wo|woe|mi|mit|wed", "jeu|do|don|thu|thur|thurs",
    "ven|vr|vrij|fr|fri", "sam|za|zat|sa|sat", "dim|zo|zon|so|son|sun",
)  # fmt: skip
_MONTHS: Final = _numbered(
    "janvier|janv|januari|januar|january|jan",
    "fevrier|fevr|fev|februari|februar|february|feb",
    "mars|mar|maart|mrt|marz|maerz|march",
    "avril|avr|april|apr",
    "mai|mei|may",
    "juin|juni|jun|june",
    "juillet|juil|juli|jul|july",
    "aout|augustus|august|aug",
    "septembre|september|sept|sep",
    "octobre|oktober|october|oct|okt",
    "novembre|november|nov",
    "decembre|dezember|december|dec|dez",
)
_DAYS_AHEAD: Final = _numbered(
    "avant-hier|eergisteren|vorgestern",
    "hier|gisteren|gestern|yesterday",
    "aujourd'hui|ce jour|vandaag|heute|today",
    "demain|morgen|tomorrow",
    "apres-demain|apres demain|overmorgen|ubermorgen|uebermorgen|day after tomorrow|the day after tomorrow",
)
_TODAY: Final = 2  # the row of it
_NEXT: Final = "prochain|next|volgende|komende|nachste[nr]?|kommende[nr]?"
_NEXT_WEEK: Final = "(?:de )?(?:la )?semaine prochaine|next week|volgende week|nachster? woche"
# Beside a day, and behind a time.
_MORNING: Final = "matin|morning|ochtend|vormittag|fruh|morgen"
_AFTERNOON: Final = "apres-midi|soir|afternoon|evening|middag|namiddag|avond|nachmittag|abend"
_EARLY: Final = "du matin|in the morning|'s ochtends|'s morgens|morgens|vormittags"
_LATE: Final = (
    "de l'apres-midi|du soir|in the (?:afternoon|evening)|'s (?:na)?middags|'s avonds|nachmittags|abends"
)

# ------------------------------------------------------------------------------------------- durations

_HOURS: Final = "h|u|heures?|hours?|uur|std"
_NUMBER: Final = r"(?:[0-9]{1,6}(?:[.,][0-9]{1,3})?|(?:une?|an?|een|eine[nr]?)(?= ))"
_PIECE: Final = rf"{_NUMBER} ?(?:{_either(_UNIT_WORDS)})(?![a-z])\.?"
_LENGTH: Final = (
    rf"(?:[0-9]{{1,6}}(?:[hu]| (?:{_HOURS}) )[0-5][0-9](?![\w.,])"  # 1h30, 1 h 30
    rf"|{_PIECE}(?:,? ?(?:(?:et|and|en|und) )?{_PIECE}){{0,4}})"
)
_WHOLE_LENGTH: Final = re.compile(_LENGTH)
_MEASURE: Final = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<unit>{_either(_UNIT_WORDS)})(?![a-z])")
_HOURS_MINUTES: Final = re.compile(rf"([0-9]+) ?(?:{_HOURS}) ?([0-9]{{2}})")


def read_duration(text: str) -> timedelta | None:
    """A duration such as "2j", "3 min", "1h30", "1,5 h", "1 semaine": more than nothing, at most ten years.

    >>> str(read_duration("1h30")), read_duration("30")
    ('1:30:00', None)
    """
    written = _simplified(text[:MAX_TEXT])[0].strip()
    measures = _measures(written) if _WHOLE_LENGTH.fullmatch(written) else ()
    return _length(measures)


def _measures(written: str) -> tuple[tuple[float, timedelta], ...]:
    """The numbers and their units; none when they stand in no order that means something."""
    clock = _HOURS_MINUTES.fullmatch(written)
    if clock is not None:
        return (int(clock[1]), _UNITS[2]), (int(clock[2]), _UNITS[3])
    found = tuple(
        (_number(one["number"]), _UNITS[_UNIT_WORDS[one["unit"]]]) for one in _MEASURE.finditer(written)
    )
    units = [unit for _, unit in found]
    # The larger unit comes first, each once, and only one that stands alone has a fraction.
    in_order = units == sorted(set(units), reverse=True)
    whole = len(found) == 1 or all(number == int(number) for number, _ in found)
    return found if in_order and whole else ()


def _number(written: str) -> float:
    return float(written.replace(",", ".")) if written[0].isdigit() else 1.0


def _length(measures: tuple[tuple[float, timedelta], ...]) -> timedelta | None:
    whole = sum((number * unit for number, unit in measures), timedelta())
    return whole if timedelta() < whole <= MAX_DURATION else None


# ------------------------------------------------------------------------------------------- patterns

_APART: Final = r"(?<![\w@./:+-])"  # where something of ours may begin
_OVER: Final = r"(?![\w@])(?![./:]?[0-9])"  # and end
_ON: Final = r"(?:(?:pour )?(?:le|ce|on|op|this|deze|diesen|den|(?<![0-9] )am) )?"
_DAY: Final = r"(?P<day>0?[1-9]|[12][0-9]|3[01])"
_MONTH: Final = rf"(?P<month>{_either(_MONTHS)})\.?"
_MONTH_NUMBER: Final = r"(?P<month>0?[1-9]|1[0-2])"
_YEAR: Final = r"(?P<year>(?:19|2[0-9])[0-9]{2})"
# "Rue du 24 Août 5" says where, not when.
_NO_STREET: Final = "".join(
    rf"(?<!\b{street} )(?<!\b{street} du )"
    for street in "rue place avenue av\\. av boulevard bd quai square allee chaussee".split()
)
_DATES: Final = tuple(
    re.compile(_APART + _ON + pattern)
    for pattern in (
        rf"{_YEAR}[-/.]{_MONTH_NUMBER}[-/.]{_DAY}(?:(?=t[0-9])|{_OVER})",
        rf"{_DAY}(?P<mark>[./-]){_MONTH_NUMBER}(?P=mark)(?P<year>(?:19|2[0-9])?[0-9]{{2}}){_OVER}",
        # Without a year "24.11" and "24-11" may be anything, unless a time or a weekday stands beside it.
        rf"{_DAY}(?:/|(?P<unsure>[.-])){_MONTH_NUMBER}\.?{_OVER}",
        rf"{_NO_STREET}{_DAY}(?:er|e|st|nd|rd|th|\.)?[ -]?(?:of )?{_MONTH}(?:,?[ -]?{_YEAR})?{_OVER}",
        rf"{_MONTH}[ -]?{_DAY}(?:st|nd|rd|th)?(?:,? {_YEAR})?{_OVER}(?! ?(?:{_either(_MONTHS)})\b)",
    )
)
_AHEAD: Final = re.compile(rf"{_APART}{_ON}(?P<ahead>{_either(_DAYS_AHEAD)}){_OVER}")
_WEEKDAY: Final = re.compile(
    rf"{_APART}(?:(?P<week>{_NEXT_WEEK}),? )?{_ON}(?P<next>(?:{_NEXT}) )?(?P<weekday>{_either(_WEEKDAYS)})"
    rf"(?:,? (?P<its_week>{_NEXT_WEEK})\b| (?P<coming>{_NEXT})\b)?{_OVER}"
)
_SHORT_WEEKDAY: Final = re.compile(rf"{_APART}{_ON}(?P<weekday>{_either(_SHORT_WEEKDAYS)})\b\.?")
_IN: Final = re.compile(
    rf"{_APART}(?:dans|in|over) (?P<length>{_LENGTH}){_OVER}(?! (?:et|and|en|und|ouvr[a-z]+)\b)"
)
_NEXT_TO: Final = re.compile(r",? (?:(?:le|the|de|den|der) )?")

_NAMED_HOURS: Final = "heures?|uhr|uur|hrs?"
_NAMED: Final = rf"(?: ?(?:{_NAMED_HOURS}|h|u)\b)?"
_TIMES: Final = (
    r"(?P<noon>midi|noon|mittag)",
    r"(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2}))? ?(?P<half>[ap])(?:m\b|\.m\.)",
    rf"(?P<hour>[0-9]{{1,2}})[:.](?P<minute>[0-9]{{2}})(?::(?P<second>[0-9]{{2}}))?{_NAMED}",
    rf"(?P<hour>[0-9]{{1,2}})(?:[hu]|(?: [hu]| ?(?:{_NAMED_HOURS})) ?)(?P<minute>[0-9]{{2}})(?: ?min\b)?",
    # Behind "14h" a number of its own is that of a house, unless nothing comes which could have a number.
    r"(?P<hour>[0-9]{1,2})[hu] (?P<minute>[0-9]{2})(?= ?(?:[,;]|$))",
    rf"(?P<hour>[0-9]{{1,2}}) ?(?:{_NAMED_HOURS}|h|u)",
)
_PART_OF_DAY: Final = rf"(?: (?:(?P<morning>{_MORNING})|(?P<afternoon>{_AFTERNOON}))\b)?"
_HALF_OF_DAY: Final = rf"(?: (?:(?P<early>{_EARLY})|(?P<late>{_LATE}))\b)?"
_TIMES_BEHIND: Final = tuple(
    re.compile(rf"{_PART_OF_DAY}(?: ?[,@-] ?| )(?:(?:a|at|om|um|vers) )?{pattern}{_OVER}{_HALF_OF_DAY}")
    for pattern in _TIMES
)
_TIMES_IN_FRONT: Final = tuple(
    re.compile(rf"{_APART}(?:(?:a|at|om|um|vers) |@ ?)?{pattern}{_OVER}{_HALF_OF_DAY},? \Z")
    for pattern in _TIMES
)
_LONGEST_TIME: Final = 40
_SPAN: Final = re.compile(
    rf"(?: ?- ?| (?:a|et|to|and|until|till|tot|en|bis|und|jusqu'a) )"
    rf"(?:{'|'.join(re.sub(r'[?]P<[a-z]+>', '?:', pattern) for pattern in _TIMES)}){_OVER}"
)
# ISO 8601 with its T, or with an offset from UTC.
_ISO_TIME: Final = re.compile(
    r"(?:t| (?![0-9:.,]{5,18} ?-))(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"  # " 10:00-12:00" is a span
    r"(?::(?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)? ?(?P<offset>z|[+-][0-9]{2}(?::?[0-9]{2})?)(?![\w:])"
    r"|t(?P<local_hour>[0-9]{2}):(?P<local_minute>[0-9]{2})"
    r"(?::(?P<local_second>[0-9]{2})(?:[.,][0-9]{1,9})?)?(?![\w:+])"
)


# ------------------------------------------------------------------------------------------- moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment that a text names in ``text[start:end]``.

    ``at``: the instant in UTC; where no time is written, the beginning of that day in the desk's zone.
    """

    at: datetime
    has_time: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """A day that is named in the simplified text.

    ``days``: which it may be, the likeliest first; none when there is no such day. ``rank``: what is more
    exact may stand behind it: "demain" 0, "lundi" 1, "24/11" 2. ``unsure``: it counts with a time only.
    ``passing``: how far from now, where an instant was named ("dans 2 h").
    """

    start: int
    end: int
    days: tuple[date, ...]
    rank: int
    weekday: int | None = None
    unsure: bool = False
    passing: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    """A time and where it stands; ``at`` is None when no clock shows it. ``zone``: its own, if it has one."""

    start: int
    end: int
    at: time | None
    zone: timezone | None = None


def find_moment(text: str, now: datetime, zone: str) -> Moment | None:
    """The first moment in reading order that has a day and a time; where none has, the first day alone.

    Day before month. Without a year it is the next such day that is not past; a weekday is today as long as
    its time is to come, "lundi prochain" never today. What is past is found all the same. A date behind the
    name of a street ("Rue du 24 Août 5") and a number without mark or name of an hour are no moments. None,
    also, for a day or an hour that does not exist ("31/02", "25h").

    A local time that a clock change leaves out is an hour later, when a clock that nobody changed shows it;
    of one that comes twice the first is meant.

    Args:
        now: aware.
        zone: the name of the desk's time zone; ZoneInfoNotFoundError if there is none of that name.
    """
    plain, places = _simplified(text[:MAX_TEXT])
    local = ZoneInfo(zone)
    days = _days(plain, now, local)
    timed = ((day, _clock(plain, day)) for day in days)
    pairs = [(day, clock) for day, clock in timed if clock is not None or not day.unsure]
    complete = (pair for pair in pairs if pair[1] is not None or pair[0].passing is not None)
    chosen = next(complete, pairs[0] if pairs else None)
    if chosen is None:
        return None
    day, clock = chosen
    at = _instant(day, clock, now, local)
    if at is None:
        return None
    first, last = (
        (day.start, day.end) if clock is None else (min(day.start, clock.start), max(day.end, clock.end))
    )
    return Moment(
        at=at, has_time=clock is not None or day.passing is not None, start=places[first], end=places[last]
    )


_UNSEEN: Final = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_DASHES: Final = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")


def begins_with_time(text: str) -> bool:
    """Whether a duration or a day stands at the beginning, whatever day today is: "3 jours", "24 novembre".

    A bare number is neither, whatever stands behind it ("1042 lundi 9h").
    """
    beginnings = (text, " ".join(text.split()[:2]))  # a weekday behind it may be that of another year
    moments = (find_moment(one, _ANY_DAY, "UTC") for one in beginnings)
    return any(map(read_duration, beginnings)) or any(one and one.start == 0 for one in moments)


def _simplified(text: str) -> tuple[str, list[int]]:
    """Small letters without accents, single blanks; and the place in ``text`` of each, then its end."""
    letters: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(folded(text)):
        if unicodedata.combining(letter) or letter in _UNSEEN:
            continue
        if letter.isspace() and letters and letters[-1] == " ":
            continue
        letters.append(" " if letter.isspace() else _DASHES.get(letter, letter))
        places.append(place)
    return "".join(letters), [*places, len(text)]


# --- days


def _days(plain: str, now: datetime, local: ZoneInfo) -> list[_Named]:
    """The days that are named, in reading order; a weekday and the date behind it are one."""
    today = now.astimezone(local).date()
    found = sorted(_each_day(plain, now, today), key=lambda day: (day.start, -day.end))
    joined: list[_Named] = []
    for day in found:
        if joined and day.start < joined[-1].end:
            continue
        if joined and _belongs(plain, joined[-1], day):
            joined[-1] = _agreed(joined[-1], day)
        else:
            joined.append(day)
    return [day for day in joined if day.days or not day.unsure]


def _each_day(plain: str, now: datetime, today: date) -> Iterator[_Named]:
    for pattern in _DATES:
        for one in pattern.finditer(plain):
            unsure = bool(one.groupdict().get("unsure"))
            yield _Named(start=one.start(), end=one.end(), days=_dates(one, today), rank=2, unsure=unsure)
    for one in _AHEAD.finditer(plain):
        ahead = _DAYS_AHEAD[one["ahead"]] - _TODAY
        # "hier" is a word of Dutch and German, too.
        yield _Named(start=one.start(), end=one.end(), days=_after(today, ahead), rank=0, unsure=ahead < 0)
    for one in _WEEKDAY.finditer(plain):
        weekday = _WEEKDAYS[one["weekday"]]
        days = _weekdays(one, weekday, today)
        yield _Named(start=one.start(), end=one.end(), days=days, rank=1, weekday=weekday)
    for one in _SHORT_WEEKDAY.finditer(plain):
        weekday = _SHORT_WEEKDAYS[one["weekday"]]
        yield _Named(start=one.start(), end=one.end(), days=(), rank=1, weekday=weekday, unsure=True)
    yield from (_ahead(one, now, today) for one in _IN.finditer(plain))


def _dates(found: re.Match[str], today: date) -> tuple[date, ...]:
    """The date, if a calendar has it; without a year the next that is not past."""
    month = int(found["month"]) if found["month"].isdigit() else _MONTHS[found["month"]] + 1
    written = found.groupdict().get("year")
    # 29 February comes after eight years at the latest.
    years = (
        [int(written) + (2000 if len(written) == 2 else 0)] if written else range(today.year, today.year + 9)
    )
    for year in years:
        try:
            day = date(year, month, int(found["day"]))
        except ValueError:  # this year has no such day
            continue
        if written or day >= today:
            return (day,)
    return ()


def _after(today: date, days: int) -> tuple[date, ...]:
    try:
        return (today + timedelta(days=days),)
    except OverflowError:  # beyond the last day of the calendar
        return ()


def _weekdays(found: re.Match[str], weekday: int, today: date) -> tuple[date, ...]:
    ahead = (weekday - today.weekday()) % 7
    if found["week"] or found["its_week"]:
        return _after(today, 7 - today.weekday() + weekday)
    if found["next"] or found["coming"]:
        return _after(today, ahead or 7)
    return _after(today, ahead) if ahead else (*_after(today, 0), *_after(today, 7))


def _ahead(found: re.Match[str], now: datetime, today: date) -> _Named:
    """ "dans 3 jours" is a day, "dans 2 h" an instant."""
    measures = _measures(found["length"])
    length = _length(measures)
    whole = all(unit >= timedelta(days=1) and number == int(number) for number, unit in measures)
    days = _after(today, length.days) if length is not None else ()
    passing = None if whole else length
    return _Named(start=found.start(), end=found.end(), days=days, rank=0, passing=passing)


def _belongs(plain: str, first: _Named, second: _Named) -> bool:
    between = _NEXT_TO.fullmatch(plain, first.end, second.start)
    return first.passing is None and first.rank < second.rank and between is not None


def _agreed(first: _Named, second: _Named) -> _Named:
    """Both as one; no day when they contradict each other."""
    days = tuple(
        day
        for day in second.days or first.days
        if (first.weekday is None or day.weekday() == first.weekday) and (first.rank > 0 or day in first.days)
    )
    return replace(second, start=first.start, days=days, unsure=False)


# --- times


def _clock(plain: str, day: _Named) -> _Clock | None:
    """The time beside a day, better behind it than in front of it; None where none is written."""
    if day.passing is not None:
        return None
    iso = _ISO_TIME.match(plain, day.end) if day.rank == 2 else None
    if iso is not None:
        return _iso_clock(iso)
    for pattern in _TIMES_BEHIND:
        found = pattern.match(plain, day.end)
        if found is not None:
            return _read_clock(plain, found)
    for pattern in _TIMES_IN_FRONT:
        found = pattern.search(plain, max(0, day.start - _LONGEST_TIME), day.start)
        if found is not None:
            return _read_clock(plain, found)
    return None


def _iso_clock(found: re.Match[str]) -> _Clock:
    offset = found["offset"]
    kind = "" if offset else "local_"
    hour, minute, second = (int(found[kind + name] or 0) for name in ("hour", "minute", "second"))
    at = _time(hour, minute, second)
    zone = _zone(offset) if offset else None
    known = at if zone is not None or not offset else None
    return _Clock(start=found.start(), end=found.end(), at=known, zone=zone)


def _zone(offset: str) -> timezone | None:
    digits = offset[1:].replace(":", "")
    minutes = int(digits[:2] or 0) * 60 + int(digits[2:] or 0)
    if minutes >= 24 * 60 or int(digits[2:] or 0) > 59:
        return None
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _read_clock(plain: str, found: re.Match[str]) -> _Clock:
    words = found.groupdict()
    is_span = _SPAN.match(plain, found.end()) is not None
    at = None if is_span else time(12) if words.get("noon") else _time_of(words)
    return _Clock(start=found.start(), end=found.end(), at=at)


def _time_of(words: dict[str, str | None]) -> time | None:
    """The time of day, on a clock of twelve hours where the words say so."""
    hour, minute, second = (int(words.get(name) or 0) for name in ("hour", "minute", "second"))
    half = words.get("half")
    morning = half == "a" or words.get("morning") or words.get("early")
    afternoon = half == "p" or words.get("afternoon") or words.get("late")
    if (morning and afternoon) or (half and not 1 <= hour <= 12) or (morning and not half and hour >= 12):
        return None
    if afternoon and hour < 12:
        hour += 12
    return _time(0 if half == "a" and hour == 12 else hour, minute, second)


def _time(hour: int, minute: int, second: int) -> time | None:
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


# --- both


def _instant(day: _Named, clock: _Clock | None, now: datetime, local: ZoneInfo) -> datetime | None:
    """The instant in UTC; of several days the first that is not past."""
    at = time() if clock is None else clock.at
    if at is None or not day.days:
        return None
    zone = local if clock is None or clock.zone is None else clock.zone
    try:
        if day.passing is not None:
            return now.astimezone(UTC) + day.passing
        instants = [datetime.combine(one, at, zone).astimezone(UTC) for one in day.days]
    except OverflowError:  # at the ends of the calendar
        return None
    return next((one for one in instants if one > now), instants[-1]) if clock else instants[0]
