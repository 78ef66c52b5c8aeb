"""Dates, hours and durations as people write them in commands."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parsers.moments import MAX_DURATION, MAX_TEXT, Moment, find_moment, read_duration

BRUSSELS = "Europe/Brussels"
ZONE = ZoneInfo(BRUSSELS)
FRIDAY = datetime(2026, 11, 20, 10, 0, tzinfo=ZONE)  # a quarter of the year before anything changes


def found(text: str, now: datetime = FRIDAY) -> Moment | None:
    """What is read on a Friday in Brussels at ten."""
    return find_moment(text, now.astimezone(UTC), BRUSSELS)


def shown(text: str, now: datetime = FRIDAY) -> str | None:
    """The same on a clock in Brussels."""
    moment = found(text, now)
    if moment is None:
        return None
    assert moment.at.tzinfo is UTC
    return moment.at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M" if moment.has_time else "%Y-%m-%d")


# --- durations ----------------------------------------------------------------------------------------------

DURATIONS: list[tuple[str, timedelta | None]] = [
    ("2j", timedelta(days=2)),
    ("2 j", timedelta(days=2)),
    ("2 jours", timedelta(days=2)),
    ("1 jour", timedelta(days=1)),
    ("un jour", timedelta(days=1)),
    ("2d", timedelta(days=2)),
    ("2 days", timedelta(days=2)),
    ("2 dagen", timedelta(days=2)),
    ("2 Tage", timedelta(days=2)),
    ("3m", timedelta(minutes=3)),
    ("3min", timedelta(minutes=3)),
    ("3 min.", timedelta(minutes=3)),
    ("3 mn", timedelta(minutes=3)),
    ("3 minutes", timedelta(minutes=3)),
    ("3 Minuten", timedelta(minutes=3)),
    ("1h30", timedelta(minutes=90)),
    ("1H30", timedelta(minutes=90)),
    ("1 h 30", timedelta(minutes=90)),
    ("1 h 30 min", timedelta(minutes=90)),
    ("1h 30m", timedelta(minutes=90)),
    ("1u30", timedelta(minutes=90)),
    ("1 heure et 30 minutes", timedelta(minutes=90)),
    ("1h05", timedelta(minutes=65)),
    ("2h", timedelta(hours=2)),
    ("2\u00a0h", timedelta(hours=2)),
    ("2\u202fheures", timedelta(hours=2)),
    (" 2 hours ", timedelta(hours=2)),
    ("2 uur", timedelta(hours=2)),
    ("2 Stunden", timedelta(hours=2)),
    ("an hour", timedelta(hours=1)),
    ("une heure", timedelta(hours=1)),
    ("een uur", timedelta(hours=1)),
    ("eine Stunde", timedelta(hours=1)),
    ("90s", timedelta(seconds=90)),
    ("90 secondes", timedelta(seconds=90)),
    ("1m30s", timedelta(seconds=90)),
    ("1 semaine", timedelta(weeks=1)),
    ("2 weeks", timedelta(weeks=2)),
    ("2 weken", timedelta(weeks=2)),
    ("1 Woche", timedelta(weeks=1)),
    ("1j12h", timedelta(hours=36)),
    ("2 jours, 3 heures", timedelta(hours=51)),
    ("1,5h", timedelta(minutes=90)),
    ("1.5 h", timedelta(minutes=90)),
    ("0,5 j", timedelta(hours=12)),
    ("3652 j", timedelta(days=3652)),
    ("3653 j", None),
    ("999999 semaines", None),
    ("9999999 s", None),
    ("30", None),
    ("", None),
    ("0", None),
    ("0h", None),
    ("0h00", None),
    ("0,000 s", None),
    ("-2h", None),
    ("- 2 h", None),
    ("1h75", None),
    ("1h5", None),
    ("1,5h30", None),
    ("1,5 h 20 min", None),
    ("30 min 1 h", None),
    ("1 h 2 h", None),
    ("1 mois", None),
    ("une heure et demie", None),
    ("2 jours ouvrables", None),
    ("2 j.h", None),
    ("h", None),
    ("jour", None),
    ("2 lunes", None),
    ("1e3 s", None),
    ("٣ h", None),
    ("2h demain", None),
]


@pytest.mark.parametrize(("text", "length"), DURATIONS, ids=[repr(text) for text, _ in DURATIONS])
def test_durations(text: str, length: timedelta | None) -> None:
    assert read_duration(text) == length


@given(st.text("0123456789,. hjmsuwdetanchr\u00a0-é", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_duration_within_bounds_or_none(text: str) -> None:
    length = read_duration(text)
    assert length is None or timedelta() < length <= MAX_DURATION


@given(st.integers(0, 500), st.integers(0, 23), st.integers(0, 59))
def test_every_duration_is_read_as_it_is_written(days: int, hours: int, minutes: int) -> None:
    length = timedelta(days=days, hours=hours, minutes=minutes)
    for written in (f"{days}j {hours}h {minutes}m", f"{days} days, {hours} hours and {minutes} minutes"):
        assert read_duration(written) == (length or None)


# --- moments ------------------------------------------------------------------------------------------------

FORMS = [
    # days in relation to today
    ("demain 14h", "2026-11-21 14:00"),
    ("Demain à 14h", "2026-11-21 14:00"),
    ("DEMAIN À 14H", "2026-11-21 14:00"),
    ("demain a 14 h 30", "2026-11-21 14:30"),
    ("demain\u00a0à\u00a014\u202fh\u202f30", "2026-11-21 14:30"),
    ("demain, 14h30", "2026-11-21 14:30"),
    ("demain 14h30", "2026-11-21 14:30"),
    ("demain 14 heures 30", "2026-11-21 14:30"),
    ("demain 9 heures", "2026-11-21 09:00"),
    ("demain vers 9h", "2026-11-21 09:00"),
    ("après-demain 9h", "2026-11-22 09:00"),
    ("apre\u0300s-demain 9h", "2026-11-22 09:00"),
    ("apres demain 9h", "2026-11-22 09:00"),
    ("après‑demain 9h", "2026-11-22 09:00"),
    ("aujourd'hui 16:00", "2026-11-20 16:00"),
    ("aujourd’hui à 16 h", "2026-11-20 16:00"),
    ("ce jour 16h", "2026-11-20 16:00"),
    ("hier 14h", "2026-11-19 14:00"),
    ("avant-hier 14h", "2026-11-18 14:00"),
    ("aujourd'hui 8h", "2026-11-20 08:00"),
    ("today 4 pm", "2026-11-20 16:00"),
    ("tomorrow 2pm", "2026-11-21 14:00"),
    ("tomorrow at 2:30 pm", "2026-11-21 14:30"),
    ("tomorrow 2.30 p.m.", "2026-11-21 14:30"),
    ("tomorrow 12am", "2026-11-21 00:00"),
    ("tomorrow 12 pm", "2026-11-21 12:00"),
    ("the day after tomorrow at 9 am", "2026-11-22 09:00"),
    ("morgen 14u", "2026-11-21 14:00"),
    ("morgen om 14.30 uur", "2026-11-21 14:30"),
    ("overmorgen 9u15", "2026-11-22 09:15"),
    ("vandaag 16u", "2026-11-20 16:00"),
    ("morgen um 14 Uhr", "2026-11-21 14:00"),
    ("morgen um 14 Uhr 30", "2026-11-21 14:30"),
    ("übermorgen 9:00 Uhr", "2026-11-22 09:00"),
    ("heute 16 Uhr", "2026-11-20 16:00"),
    # noon, and halves of the day
    ("demain midi", "2026-11-21 12:00"),
    ("demain à midi", "2026-11-21 12:00"),
    ("tomorrow at noon", "2026-11-21 12:00"),
    ("morgen Mittag", "2026-11-21 12:00"),
    ("demain matin 9h", "2026-11-21 09:00"),
    ("demain matin à 9h", "2026-11-21 09:00"),
    ("demain après-midi à 2h", "2026-11-21 14:00"),
    ("demain après-midi 14h", "2026-11-21 14:00"),
    ("demain 2h de l'après-midi", "2026-11-21 14:00"),
    ("demain 9 heures du matin", "2026-11-21 09:00"),
    ("tomorrow 2:30 in the afternoon", "2026-11-21 14:30"),
    ("morgen früh um 9 Uhr", "2026-11-21 09:00"),
    ("morgen namiddag 2u", "2026-11-21 14:00"),
    ("Montag Morgen 9 Uhr", "2026-11-23 09:00"),
    ("heute morgen 11 Uhr", "2026-11-20 11:00"),
    # the time in front
    ("14h demain", "2026-11-21 14:00"),
    ("à 14h30 le 24/11", "2026-11-24 14:30"),
    ("2pm tomorrow", "2026-11-21 14:00"),
    ("9 am Monday", "2026-11-23 09:00"),
    ("9:30 on Monday", "2026-11-23 09:30"),
    ("midi, demain", "2026-11-21 12:00"),
    # weekdays
    ("lundi 9h30", "2026-11-23 09:30"),
    ("lundi à 9 h 30", "2026-11-23 09:30"),
    ("lundi prochain 14h", "2026-11-23 14:00"),
    ("ce lundi 14h", "2026-11-23 14:00"),
    ("jeudi 14h", "2026-11-26 14:00"),
    ("vendredi 16h", "2026-11-20 16:00"),
    ("vendredi 9h", "2026-11-27 09:00"),
    ("vendredi prochain 16h", "2026-11-27 16:00"),
    ("next Friday 4pm", "2026-11-27 16:00"),
    ("lundi de la semaine prochaine 14h", "2026-11-23 14:00"),
    ("samedi de la semaine prochaine 14h", "2026-11-28 14:00"),
    ("la semaine prochaine, samedi 14h", "2026-11-28 14:00"),
    ("next week Saturday 2pm", "2026-11-28 14:00"),
    ("Monday 9am", "2026-11-23 09:00"),
    ("on Monday at 9:15", "2026-11-23 09:15"),
    ("maandag 9u30", "2026-11-23 09:30"),
    ("volgende maandag om 9u", "2026-11-23 09:00"),
    ("am Montag um 9 Uhr", "2026-11-23 09:00"),
    ("nächsten Montag 9 Uhr", "2026-11-23 09:00"),
    # dates in figures: day before month
    ("24/11 9:30", "2026-11-24 09:30"),
    ("24/11 9h", "2026-11-24 09:00"),
    ("24/11 à 9 h", "2026-11-24 09:00"),
    ("24/11, 9h", "2026-11-24 09:00"),
    ("24/11 - 9h", "2026-11-24 09:00"),
    ("24/11 @ 9:30", "2026-11-24 09:30"),
    ("24/11/2026 9h", "2026-11-24 09:00"),
    ("24/11/26 9h", "2026-11-24 09:00"),
    ("24-11-2026 9h", "2026-11-24 09:00"),
    ("24-11 9u", "2026-11-24 09:00"),
    ("24.11.2026 09:30", "2026-11-24 09:30"),
    ("24.11.2026 um 9.30 Uhr", "2026-11-24 09:30"),
    ("24.11. um 14 Uhr", "2026-11-24 14:00"),
    ("1/12 8:05:30", "2026-12-01 08:05"),
    ("03/04 9h", "2027-04-03 09:00"),
    ("20/11 8h", "2026-11-20 08:00"),
    ("19/11 8h", "2027-11-19 08:00"),
    ("19/11/2026 8h", "2026-11-19 08:00"),
    ("29/02 9h", "2028-02-29 09:00"),
    ("2026-11-24 10:00", "2026-11-24 10:00"),
    ("2026/11/24 10h", "2026-11-24 10:00"),
    ("2026-11-24T10:00", "2026-11-24 10:00"),
    ("2026-11-24T10:00:30.5", "2026-11-24 10:00"),
    ("2026-11-24T10:00Z", "2026-11-24 11:00"),
    ("2026-11-24T10:00+01:00", "2026-11-24 10:00"),
    ("2026-11-24T10:00:00+0000", "2026-11-24 11:00"),
    ("2026-11-24 10:00+00:00", "2026-11-24 11:00"),
    ("2026-11-24T10:00-05", "2026-11-24 16:00"),
    # months by name
    ("24 novembre 14h", "2026-11-24 14:00"),
    ("le 24 novembre à 14h", "2026-11-24 14:00"),
    ("24 nov. 14h", "2026-11-24 14:00"),
    ("1er décembre 9h", "2026-12-01 09:00"),
    ("3 août 2027 à 9h", "2027-08-03 09:00"),
    ("3 févr. 9h", "2027-02-03 09:00"),
    ("Nov 24 9:30", "2026-11-24 09:30"),
    ("November 24th, 2026 at 9:30 am", "2026-11-24 09:30"),
    ("24 Nov 2026 09:30", "2026-11-24 09:30"),
    ("24-nov-2026 09:30", "2026-11-24 09:30"),
    ("the 24th of November at 2pm", "2026-11-24 14:00"),
    ("24. November um 14 Uhr", "2026-11-24 14:00"),
    ("1. Dezember 2026, 9 Uhr", "2026-12-01 09:00"),
    ("24 november om 14u", "2026-11-24 14:00"),
    ("3 maart 9u", "2027-03-03 09:00"),
    ("3 März 9 Uhr", "2027-03-03 09:00"),
    # the weekday beside it
    ("mardi 24/11 9h", "2026-11-24 09:00"),
    ("mardi 24 novembre à 9h", "2026-11-24 09:00"),
    ("mardi le 24 novembre à 9h", "2026-11-24 09:00"),
    ("mar. 24/11 9h", "2026-11-24 09:00"),
    ("Tue 24 Nov 9:00", "2026-11-24 09:00"),
    ("Tuesday, November 24, 9am", "2026-11-24 09:00"),
    ("di 24-11 om 9u", "2026-11-24 09:00"),
    ("Di. 24.11. 9 Uhr", "2026-11-24 09:00"),
    ("demain samedi 9h", "2026-11-21 09:00"),
    ("demain 21/11 9h", "2026-11-21 09:00"),
    ("demain, samedi 21 novembre, 9h", "2026-11-21 09:00"),
    # from now on
    ("in 2 hours", "2026-11-20 12:00"),
    ("dans 2 h", "2026-11-20 12:00"),
    ("dans 1h30", "2026-11-20 11:30"),
    ("dans une heure", "2026-11-20 11:00"),
    ("dans 24 h", "2026-11-21 10:00"),
    ("over 2 uur", "2026-11-20 12:00"),
    ("in 2 Stunden", "2026-11-20 12:00"),
    ("dans 1 jour et 2 heures", "2026-11-21 12:00"),
    ("dans 3 jours à 14h", "2026-11-23 14:00"),
    ("in 2 weeks at 9am", "2026-12-04 09:00"),
    # a day alone
    ("demain", "2026-11-21"),
    ("dans 3 jours", "2026-11-23"),
    ("in a week", "2026-11-27"),
    ("vendredi", "2026-11-20"),
    ("lundi", "2026-11-23"),
    ("24/11", "2026-11-24"),
    ("20/11", "2026-11-20"),
    ("24 novembre", "2026-11-24"),
    ("2026-11-24", "2026-11-24"),
    ("demain 14", "2026-11-21"),
    ("demain matin", "2026-11-21"),
    ("demain minuit", "2026-11-21"),
    ("demain 9h5", "2026-11-21"),
]

REFUSED = [
    "", "14h", "midi", "14", "5", "bonjour", "novembre", "mars", "Rue de Bruxelles 5, 5000 Namur",
    # what no calendar and no clock shows
    "31/02 9h", "30/02/2028", "29/02/2027 9h", "31 novembre 9h", "24/11 25h", "24/11 24h", "24/11 9:75",
    "24/11 9h60", "32/11 9h", "24/13 9h", "11/24/2026 9h", "2026-13-01 9h", "2026-02-30T10:00", "00/11 9h",
    "tomorrow 14 pm", "tomorrow 0am", "demain 14h du matin",
    "2026-11-24T10:00+25:00", "2026-11-24T10:00+01:75",
    # what contradicts itself
    "lundi 24/11 9h", "lundi 24 novembre 2026 à 9h", "demain lundi 9h", "demain 24/11 9h",
    "demain 9am du soir",
    # what has an end as well
    "demain 14h-16h", "demain 14h à 16h", "demain 14:00 - 16:00", "tomorrow 2pm to 4pm",
    "2026-11-24 10:00-12:00", "demain 9h-midi",
    # what may be meant otherwise
    "hier", "24.11", "24-11", "1.10", "mon 9am", "dans une heure et demie", "dans 2 jours ouvrables",
    "dans 30", "dans 0 h", "dans 999999 semaines", "in 5 seas",
    # words with ours inside
    "demainement 14h", "x@demain.be 14h", "lundi@etnic.be", "jean.lundi@etnic.be", "http://x/24/11 9h",
    "n°24/11/3", "1.24/11",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FORMS, ids=[text for text, _ in FORMS])
def test_moments(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_moment(text: str) -> None:
    assert found(text) is None


SPREAD = [
    ("jean.dupont demain 14h Rue de Bruxelles 5, Namur", "demain 14h", "2026-11-21 14:00"),
    ("Jean Dupont le 24/11 à 9h30, Place 5/2", "le 24/11 à 9h30", "2026-11-24 09:30"),
    ("jean 14h demain Rue de Bruxelles 5", "14h demain", "2026-11-21 14:00"),
    # numbers of houses, boxes and streets
    ("jean demain 14h 30 Rue de Bruxelles", "demain 14h", "2026-11-21 14:00"),
    ("jean demain 14h 30, Rue de Bruxelles", "demain 14h 30", "2026-11-21 14:30"),
    ("jean demain 14h 30", "demain 14h 30", "2026-11-21 14:30"),
    ("jean demain 14 h 30 Rue de Bruxelles", "demain 14 h 30", "2026-11-21 14:30"),
    ("jean demain 14h 5 rue du Midi", "demain 14h", "2026-11-21 14:00"),
    ("jean Rue de Bruxelles 5/2 demain 14h", "demain 14h", "2026-11-21 14:00"),
    ("jean demain 14h Rue de Bruxelles 45/2, 5000 Namur", "demain 14h", "2026-11-21 14:00"),
    ("jean Rue du 24 Août 5, demain 14h", "demain 14h", "2026-11-21 14:00"),
    ("jean demain 14h Rue du 24 Août 5", "demain 14h", "2026-11-21 14:00"),
    ("jean demain Rue du 24 Août 14h", "demain", "2026-11-21"),
    ("jean demain 14h Place du 20-Août, 7", "demain 14h", "2026-11-21 14:00"),
    ("jean demain 14h avenue Lundi 3", "demain 14h", "2026-11-21 14:00"),
    ("jean demain 24/11", "demain 24/11", None),
    # the first that has both
    ("jean lundi Rue 3, mardi 9h", "mardi 9h", "2026-11-24 09:00"),
    ("jean demain 14h ou lundi 9h", "demain 14h", "2026-11-21 14:00"),
    ("jean 31/02 9h ou lundi 9h", "", None),
    # first names that are months
    ("jan 24/11 9:30", "24/11 9:30", "2026-11-24 09:30"),
    ("jan 14 november 9u", "14 november 9u", "2026-11-14 09:00"),
    ("may tomorrow 9am London", "tomorrow 9am", "2026-11-21 09:00"),
    ("august janssens morgen 9u", "morgen 9u", "2026-11-21 09:00"),
    # what takes no place, and blanks of every kind
    ("Zoe\u0301 \u200bdemain\u00a0\u00a014h\u2009Namur", "demain\u00a0\u00a014h", "2026-11-21 14:00"),
    ("İpek demain 14h", "demain 14h", "2026-11-21 14:00"),
]


@pytest.mark.parametrize(("text", "part", "expected"), SPREAD, ids=[text for text, *_ in SPREAD])
def test_where_a_moment_stands(text: str, part: str, expected: str | None) -> None:
    """Who is in front of it, where is behind it."""
    now = datetime(2026, 11, 13, 10, tzinfo=ZONE) if "14 november" in text else FRIDAY
    moment = found(text, now)
    assert shown(text, now) == expected
    assert moment is None or text[moment.start : moment.end] == part


# --- clocks -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("28/03/2027 01:59", "2027-03-28T00:59"),
        ("28/03/2027 02:00", "2027-03-28T01:00"),  # there is none: 03:00
        ("28/03/2027 02:30", "2027-03-28T01:30"),  # nor this one: 03:30
        ("28/03/2027 03:00", "2027-03-28T01:00"),
        ("25/10/2026 01:59", "2026-10-24T23:59"),
        ("25/10/2026 02:30", "2026-10-25T00:30"),  # the first of two
        ("25/10/2026 03:00", "2026-10-25T02:00"),
        ("28/03/2027", "2027-03-27T23:00"),
        ("29/03/2027", "2027-03-28T22:00"),
    ],
)
def test_the_nights_in_which_clocks_change(text: str, instant: str) -> None:
    moment = found(text)
    assert moment is not None
    assert moment.at == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_hours_from_now_are_hours_that_pass() -> None:
    """In the night that is an hour longer."""
    before = datetime(2026, 10, 25, 1, 30, tzinfo=ZONE)
    assert shown("dans 2 h", before) == "2026-10-25 02:30"
    assert shown("dans 1 jour à 9h", before) == "2026-10-26 09:00"


def test_today_is_the_day_of_the_desk() -> None:
    """Which begins before that of UTC."""
    late = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    assert shown("aujourd'hui 9h", late) == "2026-11-20 09:00"
    assert shown("jeudi 9h", late) == "2026-11-26 09:00"


@pytest.mark.parametrize("now", [datetime(9999, 12, 31, 12, tzinfo=UTC), datetime(1, 1, 1, 12, tzinfo=UTC)])
@pytest.mark.parametrize("text", ["demain 9h", "hier 9h", "lundi 9h", "29/02 9h", "in 2 weeks", "dans 99 h"])
def test_the_ends_of_the_calendar(text: str, now: datetime) -> None:
    moment = find_moment(text, now, BRUSSELS)
    assert moment is None or moment.at.tzinfo is UTC


# --- what holds for every text ------------------------------------------------------------------------------

PIECES = st.sampled_from(
    "demain,lundi,prochain,à,le,14h,14 h 30,9:30,24/11,24.11.,2026,novembre,-,dans,2,jours,mar.,T10:00,"
    "+01:00,Rue du,5/2,pm,midi,du soir,31/02,\u00a0,\u0301,\u200b,İ,ß,@,99999,semaine prochaine".split(",")
)
NOWS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(
    st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=12).map("".join) | st.text(), NOWS
)
def test_any_text_has_a_moment_inside_it_or_none(text: str, now: datetime) -> None:
    moment = find_moment(text, now, BRUSSELS)
    if moment is None:
        return
    assert 0 <= moment.start < moment.end <= len(text)
    assert moment.at.tzinfo is UTC
    assert moment.has_time or moment.at.astimezone(ZONE).strftime("%H:%M") == "00:00"
    # What was found says the same when it stands alone.
    alone = find_moment(text[moment.start : moment.end], now, BRUSSELS)
    assert alone is not None
    assert alone.at == moment.at


DAYS = st.dates(date(2026, 11, 21), date(2027, 11, 19))
SPELLINGS = [
    "{d:%d/%m/%Y} {t}",
    "{d.day}/{d.month} {t}",
    "{d:%d.%m.%Y} {t}",
    "le {d:%d-%m-%Y} à {t}",
    "{d:%Y-%m-%d} {t}",
]
CLOCKS = ["{h}h{m:02}", "{h} h {m:02}", "{h:02}:{m:02}", "{h}u{m:02}", "{h}.{m:02} Uhr"]


@given(DAYS, st.integers(0, 23), st.integers(0, 59), st.sampled_from(SPELLINGS), st.sampled_from(CLOCKS))
@example(date(2027, 3, 28), 4, 0, SPELLINGS[0], CLOCKS[0])
def test_every_minute_is_read_as_it_is_written(
    day: date, hour: int, minute: int, spelling: str, clock: str
) -> None:
    text = spelling.format(d=day, t=clock.format(h=hour, m=minute))
    moment = found(f"jean.dupont {text} Rue de Bruxelles 5, Namur")
    assert moment is not None
    assert moment.has_time
    assert moment.at == datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)
    assert (moment.start, moment.end) == (12, 12 + len(text))


@pytest.mark.parametrize(
    "text", ["24/11 " * 999, "9" * 9999, "dans 1 h " * 999, " " * 9999 + "demain 9h", "mar. " * 999]
)
def test_only_the_beginning_of_a_long_text_is_read(text: str) -> None:
    assert found(text) == found(text[:MAX_TEXT])
