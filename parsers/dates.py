"""When a mail says it was written, as programs write it that know no RFC.

``people`` asks mail-parser first, which reads what RFC 5322 3.3 and 4.3 allow; this module reads the rest:
zones by name, months in the desk's languages, ISO 8601, ctime, clocks of twelve hours. Total: None is the
answer to what names no day and no time.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

MAX_DATE: Final = 200  # characters of a date that are read

_MONTHS: Final = {
    "juin": 6, "juil": 7, "jan": 1, "feb": 2, "fev": 2, "mar": 3, "maa": 3, "mrt": 3, "apr": 4, "avr": 4,
    "may": 5, "mai": 5, "mei": 5, "jun": 6, "jul": 7, "aug": 8, "aou": 8, "sep": 9, "oct": 10, "okt": 10,
    "nov": 11, "dec": 12, "dez": 12,
}  # fmt: skip
_NAMES: Final = {
    "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2, "mez": 1, "mesz": 2, "eet": 2,
    "eest": 3, "msk": 3, "jst": 9, "kst": 9, "hkt": 8, "sgt": 8, "aest": 10, "aedt": 11, "est": -5, "edt": -4,
    "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
_MONTH: Final = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]{{0,8}}\.?"
_DAY: Final = r"(?<![0-9:])(?P<day>[0-9]{1,2})(?:er|st|nd|rd|th|e)?\.?"
_YEAR: Final = r"(?P<year>[0-9]{2,4})(?![0-9:])"
# The ways to name a day, the surest first; "rest" is what stands between its words.
_DAYS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![0-9])(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})(?:t(?=[0-9])|\b)",
        r"(?<![0-9])(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})t(?=[0-9]{4})",
        rf"{_DAY}[ -]*{_MONTH},?[ -]*{_YEAR}",
        rf"\b{_MONTH} *{_DAY},? +(?P<year>[0-9]{{4}})(?![0-9:])",
        rf"\b{_MONTH} *{_DAY},? +(?P<rest>[0-9]{{1,2}}:.{{0,30}}?) (?P<year>[0-9]{{4}})\b",
        rf"\b(?P<year>[0-9]{{4}})[ -]+{_MONTH}[ -]*{_DAY}",
        r"(?<![0-9])(?P<day>[0-9]{1,2})[./-](?P<month>[0-9]{1,2})[./-](?P<year>[0-9]{4}|[0-9]{2})(?![0-9:])",
    )
)
_TIME: Final = re.compile(
    r"(?<![0-9])(?P<hour>[0-9]{1,2})[:.h](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{1,2}))?(?![0-9])"
    r"(?:[.,][0-9]{1,9})?(?: ?(?P<half>[ap])\.?m\b)?"
)
_COMPACT_TIME: Final = re.compile(
    r"(?<![0-9])(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?(?P<half>)z?"
)
_OFFSET: Final = re.compile(
    r"([+-]) ?([0-9]{1,2})(?::?([0-9]{2}))?(?![0-9])|(?<![0-9a-z])()([01][0-9])([0-9]{2})(?![0-9])"
)
_NAMED: Final = re.compile(rf"\b({'|'.join(sorted(_NAMES, key=len, reverse=True))})\b")
_UNIVERSAL: Final = re.compile(r"^z\b|\b(?:utc|gmt|ut)\b")
_LAST_WORD: Final = re.compile(r"\b([a-z]{3,4})$")
_COMMENT: Final = re.compile(r"\([^()]*\)")
_FARTHEST: Final = timedelta(hours=15)  # from UTC; Kiribati is 14 hours ahead


def has_local_zone(raw: str) -> bool:
    """Whether a date ends with the name of a zone; RFC 5322 4.3 takes most names for no zone at all."""
    if not raw.partition("(")[0].rstrip()[-1:].isalpha():
        return False
    word = _LAST_WORD.search(_simplified(raw))
    return word is not None and word[1] in _NAMES


def read_date(raw: str, zone: tzinfo = UTC) -> datetime | None:
    """The instant that ``raw`` names, in UTC; where it names no zone it is taken for a time of ``zone``.

    >>> read_date("lundi 3 novembre 2025 10:12 CET").isoformat()
    '2025-11-03T09:12:00+00:00'
    """
    text = _simplified(raw)
    for pattern in _DAYS:
        day = pattern.search(text)
        if day is not None:
            rest = day["rest"] if "rest" in pattern.groupindex else ""
            return _instant(day, f"{text[: day.start()]} {rest} {text[day.end() :]}".strip(), zone)
    return None


def _simplified(raw: str) -> str:
    """Small letters without accents, comments and quotes, single blanks."""
    text = raw[:MAX_DATE]
    for _ in range(3):
        text = _COMMENT.sub(" ", text)
    text = unicodedata.normalize("NFKD", text.partition("(")[0]).casefold()
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(text.translate(_QUOTES).split())


_QUOTES: Final = str.maketrans(dict.fromkeys('"<>;', " "))


def _instant(day: re.Match[str], rest: str, zone: tzinfo) -> datetime | None:
    """The day and the time in ``rest``, what was written beside the day; None where either makes no sense."""
    time = _TIME.search(rest) or _COMPACT_TIME.match(rest)
    if time is None:
        return None
    passed = _time_passed(time)
    if passed is None:
        return None
    try:
        midnight = datetime(_year(day["year"]), *_month_and_day(day, time), tzinfo=UTC)
        distance = _offset(rest[time.end() :])
        if distance is None:
            return (midnight + passed).replace(tzinfo=zone).astimezone(UTC)
        return midnight + passed - distance
    except (ValueError, OverflowError):  # a day, a year or a zone that no calendar has
        return None


def _time_passed(time: re.Match[str]) -> timedelta | None:
    """What passed since midnight; 24:00 is the end of a day and second 60 the last of a leap minute."""
    hour, minute, second = int(time["hour"]), int(time["minute"]), int(time["second"] or 0)
    if time["half"] and hour <= 12:
        hour = hour % 12 + 12 * (time["half"] == "p")
    if hour > 24 or (hour == 24 and minute) or minute > 59 or second > 60:
        return None
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _year(text: str) -> int:
    """Years of two and three digits as RFC 5322 4.3 reads them."""
    year = int(text)
    if len(text) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(text) == 3 else year


def _month_and_day(found: re.Match[str], time: re.Match[str]) -> tuple[int, int]:
    """Day before month, unless only the other order makes sense or the clock is an American one."""
    month, day = _MONTHS.get(found["month"]) or int(found["month"]), int(found["day"])
    day_first = found.start("day") < found.start("month")
    if found["month"].isdigit() and day_first and (month > 12 or (time["half"] and day <= 12)):
        return day, month
    return month, day


def _offset(text: str) -> timedelta | None:
    """The zone in what follows the time, as distance from UTC, None when there is none.

    A number counts more than a name.
    """
    number = _OFFSET.search(text)
    if number is not None:
        sign, hours, minutes = number.groups()[:3] if number[2] else number.groups()[3:]
        distance = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timedelta() if distance > _FARTHEST else -distance if sign == "-" else distance
    name = _NAMED.search(text)
    if name is None:
        return timedelta() if _UNIVERSAL.search(text) else None
    return timedelta(hours=_NAMES[name[1]])
