"""Instants, days and figures as people of the desk read them, in their language; the one door to Babel.

Stands at the foot of the flow: letters say them, and so do the answers to agents and the report. Fails with
``babel.UnknownLocaleError`` for a language that there is not; ``compose.fault_of`` finds that before the
daemon starts.
"""

from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal, format_percent

_DAY = {"fr": "EEEE d MMMM y", "nl": "EEEE d MMMM y", "de": "EEEE, d. MMMM y", "en": "EEEE d MMMM y"}
_MOMENT = {
    "fr": "{day} à {hour}\u00a0h\u00a0{minute:02}",
    "nl": "{day} om {hour}.{minute:02} uur",
    "de": "{day}, um {hour}:{minute:02} Uhr",
    "en": "{day} at {hour:02}:{minute:02}",
}
_HOUR = {
    "fr": "{hour}\u00a0h\u00a0{minute:02}",
    "nl": "{hour}.{minute:02}\u00a0uur",
    "de": "{hour}:{minute:02}\u00a0Uhr",
}
# Days, hours and minutes where there is room for a few letters only.
_UNITS = {"fr": ("j", "h", "min"), "nl": ("d", "u", "min"), "de": ("T", "Std.", "Min.")}
_SEASON = {
    "fr": ("heure d’été", "heure d’hiver"),
    "nl": ("zomertijd", "wintertijd"),
    "de": ("Sommerzeit", "Winterzeit"),
    "en": ("summer time", "winter time"),
}

# In a table: the day in figures.
_SHORT = {
    "fr": "{at:%d/%m/%Y} {at.hour}\u00a0h\u00a0{at:%M}",
    "nl": "{at:%d/%m/%Y} {at:%H.%M}",
    "de": "{at:%d.%m.%Y} {at:%H:%M}",
    "en": "{at:%d/%m/%Y} {at:%H:%M}",
}
_HOURS = {
    "fr": "{hours}\u00a0h\u00a0{minutes:02}",
    "nl": "{hours}\u00a0u\u00a0{minutes:02}",
    "de": "{hours}\u00a0Std.\u00a0{minutes:02}",
    "en": "{hours}\u00a0h\u00a0{minutes:02}",
}
# Figures as Belgium writes them; an English reader expects his own.
_FIGURES = {"fr": "fr_BE", "nl": "nl_BE", "de": "de_BE", "en": "en_GB"}
_MINUTE = timedelta(minutes=1)


def deadline(at: datetime, zone: str, language: str) -> str:
    """An instant as people of the desk read it: "mardi 24 novembre 2026 à 14 h 32" (U+00A0 around the h).

    ``at`` is aware, ``zone`` an IANA name. In the hour that comes twice when summer time ends, the text says
    which of the two is meant. A language without a form of its own gets Babel's day and 24-hour time.
    """
    local = at.astimezone(ZoneInfo(zone))
    form = _MOMENT.get(language, "{day}, {hour:02}:{minute:02}")
    text = form.format(day=day_of(local.date(), language), hour=local.hour, minute=local.minute)
    return text + _which_of_two(local, language)


def moment(at: datetime, zone: str, language: str) -> str:
    """An instant in a column: "24/11/2026 14 h 32"; see ``deadline``."""
    local = at.astimezone(ZoneInfo(zone))
    return _SHORT.get(language, _SHORT["en"]).format(at=local) + _which_of_two(local, language)


def _which_of_two(local: datetime, language: str) -> str:
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return ""
    return f" ({_SEASON.get(language, _SEASON['en'])[local.fold]})"


@lru_cache(maxsize=256)
def day_of(day: date, language: str) -> str:
    """A day in words: "mardi 24 novembre 2026"."""
    # Babel takes 50 µs and more for what is the same all day long.
    text = format_date(day, _DAY.get(language, "full"), locale=language)
    # French counts the first day of a month: "1er décembre"; CLDR does not.
    return text.replace(" 1 ", " 1er ", 1) if language == "fr" and day.day == 1 else text


@lru_cache(maxsize=16)
def duration(span: timedelta, language: str) -> str:
    """How long something takes, as people say it: "2 minutes"; "" for no time at all."""
    return format_timedelta(span, locale=language, threshold=1) if span else ""


def hour_of(at: datetime, zone: str, language: str, today: date) -> str:
    """A time of day, with its day where that is not ``today``: "14 h 32", "mar. 24 nov., 14 h 32"."""
    local = at.astimezone(ZoneInfo(zone))
    text = _HOUR.get(language, "{hour:02}:{minute:02}").format(hour=local.hour, minute=local.minute)
    return text if local.date() == today else f"{_short_day(local.date(), language)}, {text}"


@lru_cache(maxsize=256)
def _short_day(day: date, language: str) -> str:
    return format_date(day, "EEE d MMM", locale=language).replace(" ", "\u00a0")


def left_of(span: timedelta, language: str) -> str:
    """A span that is read at a glance: "< 1 min", "12 min", "2 h 05", "3 j 4 h"."""
    days, hours, minutes = _UNITS.get(language, ("d", "h", "min"))
    whole = int(span.total_seconds()) // 60
    if whole < 1:
        return f"<\u00a01\u00a0{minutes}"
    if whole < 60:
        return f"{whole}\u00a0{minutes}"
    if whole < 48 * 60:
        return f"{whole // 60}\u00a0{hours}\u00a0{whole % 60:02}"
    return f"{whole // 1440}\u00a0{days}\u00a0{whole // 60 % 24}\u00a0{hours}"


def span(starts_at: datetime, ends_at: datetime, zone: str, language: str) -> str:
    """From when until when: "mardi 24 novembre 2026 à 14 h 00 – 15 h 00", the day once where it is one."""
    start, end = deadline(starts_at, zone, language), deadline(ends_at, zone, language)
    days = [at.astimezone(ZoneInfo(zone)).date() for at in (starts_at, ends_at)]
    if days[0] == days[1]:
        end = end.removeprefix(
            _MOMENT.get(language, "{day}, ").partition("{hour")[0].format(day=day_of(days[1], language))
        )
    return f"{start} – {end}"


def month_of(day: date, language: str) -> str:
    """The month of a day: "novembre 2026"."""
    return format_date(day, "MMMM y", locale=language)


def hours(span: timedelta, language: str) -> str:
    """How long something took: "27 h 05"; a minute that has begun counts, so that no delay looks shorter."""
    minutes = -(-span // _MINUTE)
    return _HOURS.get(language, _HOURS["en"]).format(hours=minutes // 60, minutes=minutes % 60)


def number(count: int, language: str) -> str:
    """A count: "1 234"."""
    return _unbroken(format_decimal(count, locale=_FIGURES.get(language, language)))


def percent(share: float, language: str) -> str:
    """A share of one: "97,4 %", rounded down: what is not whole never looks so."""
    locale = Locale.parse(_FIGURES.get(language, language))
    pattern = str(locale.percent_formats[None].pattern).replace("#,##0", "#,##0.0")
    tenths = Decimal(str(share)).quantize(Decimal("0.001"), rounding=ROUND_DOWN)
    return _unbroken(format_percent(tenths, format=pattern, locale=locale))


def _unbroken(text: str) -> str:
    # The narrow no-break space that Babel writes is missing in some fonts of mail clients.
    return text.replace("\u202f", "\u00a0")
