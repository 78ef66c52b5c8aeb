"""The report in words: every figure as its readers see it, and the page, the table and the letter made of it.

Stands behind ``decide.figures``; the words are those of ``templates/pages/report``, in the reader's language,
numbers and instants as Belgium writes them. Fails with ``jinja2.TemplateError`` where a template of the
operator's does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from markupsafe import Markup

from maild import charts, instants, pages
from maild.charts import Caption
from maild.compose import Stationery
from maild.decide import figures
from maild.decide.figures import Bar, Objective, Outcome, Report, Row, Span, Tally, tickets_of
from maild.decide.policy import Policy
from storage.records import Call, Status, TimedMail

_NAME = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure. ``tickets``: the numbers behind it, "" for none."""

    name: str
    value: str
    tickets: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One mail that is told by itself."""

    number: str
    arrived: str
    acted: str
    delay: str
    over: str
    team: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What one team, category or beneficiary has; ``values``: as the columns of the table stand."""

    name: str
    values: tuple[str, ...]
    tickets: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One objective of the telephone; ``met`` and ``missed``: ticket numbers."""

    name: str
    target: str
    share: str
    counts: str
    met: str
    missed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole report, ready to be read. ``share`` is "–" where there is nothing to judge."""

    title: str
    period: str
    at: str
    promise: str
    share: str
    share_of: str
    figures: tuple[Figure, ...]
    breaches: tuple[Breach, ...]
    presumed: tuple[Breach, ...]
    bars: tuple[Figure, ...]
    weekdays: tuple[Figure, ...]
    groups: tuple[tuple[str, tuple[Group, ...]], ...]
    next_figures: tuple[Figure, ...]
    next_breaches: tuple[Breach, ...]
    scope: tuple[Figure, ...]
    calls: str
    phone: tuple[Goal, ...]


def sheet(found: Report, paper: Stationery, policy: Policy, language: str) -> Sheet:
    """The report in a language."""
    return _Writer(words=words_of(paper, language), policy=policy, language=language).sheet(found)


def page(found: Report, paper: Stationery, policy: Policy, language: str) -> str:
    """One HTML page that needs nothing beside it: no script, no file, no other place."""
    writer = _Writer(words=words_of(paper, language), policy=policy, language=language)
    return pages.page(paper, _NAME, language, sheet=writer.sheet(found), charts=writer.charts(found))


def faults(paper: Stationery, policy: Policy) -> list[str]:
    """What is wrong with the page in each language of the desk, a sentence each; empty when all is well.

    Tried on a month with nothing in it, and on one with a mail of every outcome.
    """
    span = figures.month(date(2026, 11, 1), policy.desk.timezone)
    tried = (_tried((), span, policy), specimen(span, policy))
    wrong = [_fault(found, paper, policy, each) for each in policy.desk.languages for found in tried]
    return list(dict.fromkeys(filter(None, wrong)))


def _fault(found: Report, paper: Stationery, policy: Policy, language: str) -> str:
    try:
        page(found, paper, policy, language)
    # Anything may go wrong in a template that an operator wrote.
    except Exception as error:  # noqa: BLE001
        return f"pages/{_NAME}.html.j2, in {language}: {type(error).__name__}: {error}"
    return ""


def specimen(span: Span, policy: Policy) -> Report:
    """A report made up of a mail of every outcome."""
    return _tried(_one_of_each(span), span, policy)


def _tried(mails: Sequence[TimedMail], span: Span, policy: Policy) -> Report:
    between = policy.calendar.between
    return figures.report(mails, (), span, span.until, zone=policy.desk.timezone, open_time=between)


def _one_of_each(span: Span) -> list[TimedMail]:
    """In time, late, late and not taken, presumed, and pending at the end of the span; of both kinds."""
    hour, day = timedelta(hours=1), timedelta(days=1)
    cases = ((day, hour, False), (day, 25 * hour, False), (day, None, False), (day, hour, True))
    kinds = [(first, *case) for first in (True, False) for case in (*cases, (30 * day, None, False))]
    return [
        TimedMail(
            ticket=1042, mail_id="m", sha256="0" * 64, first=first, started_at=span.since, presumed=presumed,
            due_at=span.since + limit, stopped_at=span.since + took if took else None, status=Status.TAKEN,
        )
        for first, limit, took, presumed in kinds
    ]  # fmt: skip


def words_of(paper: Stationery, language: str) -> Any:
    """The words of the report, by their names."""
    return pages.words(paper, _NAME, language)


def period_of(span: Span, words: Any, language: str) -> str:
    """A span as a reader calls it: "novembre 2026", or from the one day to the other."""
    if span.is_month:
        return instants.month_of(span.first, language)
    first, last = (instants.day_of(day, language) for day in (span.first, span.last))
    return str(words.period) % {"first": first, "last": last}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """What every line needs: the words, and how figures are written."""

    words: Any
    policy: Policy
    language: str

    def sheet(self, found: Report) -> Sheet:
        words, mail = self.words, found.mail
        in_time, late = len(mail.of(Outcome.IN_TIME)), len(mail.of(Outcome.LATE))
        judged = {"part": self.number(in_time), "whole": self.number(in_time + late)}
        return Sheet(
            title=str(words.title),
            period=period_of(found.span, words, self.language),
            at=words.as_of % {"at": instants.deadline(found.now, self.zone, self.language)},
            promise=self._promise(),
            share=self.percent(mail.share),
            share_of=words.of_those % judged,
            figures=self._figures(mail),
            breaches=self._breaches(mail.of(Outcome.LATE)),
            presumed=self._breaches(mail.of(Outcome.PRESUMED)),
            bars=tuple(self._bar(bar) for bar in found.distribution),
            weekdays=self._weekdays(found.arrivals),
            groups=self._groups(found),
            next_figures=self._next(found.next_answers),
            next_breaches=self._breaches(found.next_answers.of(Outcome.LATE)),
            scope=(self.figure(words.scope, found.out_of_scope.rows),),
            calls=words.calls % {"count": self.number(len(found.phone.calls))},
            phone=self._phone(found),
        )

    # --- how figures are written

    @property
    def zone(self) -> str:
        return self.policy.desk.timezone

    def number(self, count: int) -> str:
        return instants.number(count, self.language)

    def percent(self, share: float | None) -> str:
        return str(self.words.nothing) if share is None else instants.percent(share, self.language)

    def hours(self, span: timedelta | None) -> str:
        return str(self.words.nothing) if span is None else instants.hours(span, self.language)

    def moment(self, at: datetime) -> str:
        return instants.moment(at, self.zone, self.language)

    def figure(self, name: object, rows: Sequence[Row]) -> Figure:
        """A count of mails and the tickets behind it."""
        return Figure(name=str(name), value=self.number(len(rows)), tickets=self._tickets(rows))

    def _tickets(self, rows: Iterable[Row]) -> str:
        return self._list(tickets_of(rows))

    def _list(self, numbers: Iterable[int]) -> str:
        return ", ".join(f"{self.policy.desk.prefix}-{number}" for number in numbers)

    # --- the lines

    def _promise(self) -> str:
        sla = self.policy.sla
        limit = instants.hours(sla.limit, self.language)
        told = self.words.promise_open if sla.clock == "desk" else self.words.promise
        return str(told % {"address": self.policy.desk.address, "limit": limit.removesuffix("\u00a000")})

    def _figures(self, mail: Tally) -> tuple[Figure, ...]:
        words = self.words
        counts = (
            self.figure(words.received, mail.rows),
            self.figure(words.in_time, mail.of(Outcome.IN_TIME)),
            self.figure(words.late, mail.of(Outcome.LATE)),
            self.figure(words.presumed, mail.of(Outcome.PRESUMED)),
            self.figure(words.pending, mail.of(Outcome.PENDING)),
        )
        return (*counts, *self._shares(mail, (words.share, words.median, words.p90)))

    def _next(self, later: Tally) -> tuple[Figure, ...]:
        words = self.words
        counts = (
            self.figure(words.next_received, later.rows),
            self.figure(words.next_in_time, later.of(Outcome.IN_TIME)),
            self.figure(words.next_late, later.of(Outcome.LATE)),
            self.figure(words.presumed, later.of(Outcome.PRESUMED)),
            self.figure(words.pending, later.of(Outcome.PENDING)),
        )
        return (*counts, *self._shares(later, (words.next_share, words.next_median, words.next_p90)))

    def _shares(self, mail: Tally, names: Sequence[object]) -> tuple[Figure, ...]:
        words, (share, median, p90) = self.words, map(str, names)
        measured = self._tickets(row for row in mail.rows if row.is_measured)
        judged = self._tickets((*mail.of(Outcome.IN_TIME), *mail.of(Outcome.LATE)))
        told = [
            Figure(name=share, value=self.percent(mail.share), tickets=judged),
            Figure(name=median, value=self.hours(figures.median(mail.delays)), tickets=measured),
            Figure(name=p90, value=self.hours(figures.p90(mail.delays)), tickets=measured),
        ]
        if own := mail.own_delays:
            behind = self._tickets(row for row in mail.rows if row.is_measured and row.own is not None)
            told += [
                Figure(name=words.median_open, value=self.hours(figures.median(own)), tickets=behind),
                Figure(name=words.p90_open, value=self.hours(figures.p90(own)), tickets=behind),
            ]
        return tuple(told)

    def _breaches(self, rows: Iterable[Row]) -> tuple[Breach, ...]:
        return tuple(
            Breach(
                number=self._list((row.mail.ticket,)), arrived=self.moment(row.mail.started_at),
                acted=self._acted(row), delay=self.hours(row.delay), over=self._over(row),
                team=row.mail.team, sha256=row.mail.sha256,
            )
            for row in rows
        )  # fmt: skip

    def _acted(self, row: Row) -> str:
        if row.mail.stopped_at is None:
            return str(self.words.not_acted)
        at = self.moment(row.mail.stopped_at)
        return self.words.acted_presumed % {"at": at} if row.mail.presumed else at

    def _over(self, row: Row) -> str:
        over = row.mail.started_at + row.delay - row.mail.due_at
        return self.hours(over) if over > timedelta(0) else str(self.words.nothing)

    def _bar(self, bar: Bar) -> Figure:
        limits = {"above": bar.above, "upto": bar.upto}
        words = self.words
        told = words.bar_last if bar.upto is None else words.bar if bar.above else words.bar_first
        return self.figure(told % limits, bar.rows)

    def _weekdays(self, arrivals: Mapping[tuple[int, int], tuple[Row, ...]]) -> tuple[Figure, ...]:
        return tuple(
            self.figure(name, [row for (on, _), rows in arrivals.items() if on == day for row in rows])
            for day, name in enumerate(self.words.weekdays)
        )

    def _groups(self, found: Report) -> tuple[tuple[str, tuple[Group, ...]], ...]:
        words = self.words
        return (
            (words.head_teams, self._group(found.by_team, words.no_team)),
            (words.head_categories, self._group(found.by_category, words.no_category)),
            (words.head_beneficiaries, self._group(found.by_entity, words.no_beneficiary)),
        )

    def _group(self, tallies: Mapping[str, Tally], nameless: str) -> tuple[Group, ...]:
        return tuple(
            Group(name=name or nameless, values=self._values(tally), tickets=self._tickets(tally.rows))
            for name, tally in tallies.items()
        )

    def _values(self, tally: Tally) -> tuple[str, ...]:
        outcomes = (Outcome.IN_TIME, Outcome.LATE, Outcome.PRESUMED, Outcome.PENDING)
        counts = (len(tally.rows), *(len(tally.of(outcome)) for outcome in outcomes))
        delays = (figures.median(tally.delays), figures.p90(tally.delays))
        return (*map(self.number, counts), self.percent(tally.share), *map(self.hours, delays))

    def _phone(self, found: Report) -> tuple[Goal, ...]:
        goals: tuple[tuple[str, Objective], ...] = (
            ("under_5_min", found.phone.under_5_min),
            ("first_call", found.phone.first_call),
            ("within_4_hours", found.phone.within_4_hours),
        )
        return tuple(
            Goal(
                name=str(getattr(self.words, name)), target=self.percent(figures.OBJECTIVES[name]),
                share=self.percent(goal.share), counts=self._of_calls(goal), met=self._called(goal.met),
                missed=self._called(goal.missed),
            )
            for name, goal in goals
        )  # fmt: skip

    def _of_calls(self, goal: Objective) -> str:
        counts = {"part": self.number(len(goal.met)), "whole": self.number(goal.known)}
        return str(self.words.of_calls % counts)

    def _called(self, calls: Iterable[tuple[int, Call]]) -> str:
        return self._list(sorted({ticket for ticket, _ in calls}))

    # --- the charts

    def charts(self, found: Report) -> dict[str, Markup]:
        """Each chart by its name, ready to stand in the page."""
        drawn: dict[str, Callable[[Report], str]] = {
            "share": self._share_chart,
            "delays": self._delay_chart,
            "arrivals": self._arrival_chart,
        }
        # What pygal writes is escaped by its XML writer.
        return {name: Markup(draw(found)) for name, draw in drawn.items()}  # noqa: S704

    def _share_chart(self, found: Report) -> str:
        words = self.words
        parts = [(words.whole, found.mail), *((n or words.no_team, t) for n, t in found.by_team.items())]
        bars = [(str(name), tally.share * 100) for name, tally in parts if tally.share is not None]
        caption = Caption(id="share", title=words.chart_share, told=words.chart_share_told)
        return charts.shares(caption, bars, lambda share: instants.percent(share / 100, self.language))

    def _delay_chart(self, found: Report) -> str:
        words = self.words
        labels = [f"{bar.above}–{bar.upto}" if bar.upto else f"> {bar.above}" for bar in found.distribution]
        in_time = [sum(r.outcome is not Outcome.LATE for r in bar.rows) for bar in found.distribution]
        late = [sum(r.outcome is Outcome.LATE for r in bar.rows) for bar in found.distribution]
        caption = Caption(id="delays", title=words.chart_delays, told=words.chart_delays_told)
        series = ((str(words.in_time), in_time), (str(words.late), late))
        return charts.stacked(caption, labels, series, words.delay_axis)

    def _arrival_chart(self, found: Report) -> str:
        words = self.words
        rows = [
            (name, [len(found.arrivals.get((day, hour), ())) for hour in range(24)])
            for day, name in enumerate(words.weekdays)
        ]
        caption = Caption(id="arrivals", title=words.chart_arrivals, told=words.chart_arrivals_told)
        return charts.dots(caption, [str(hour) for hour in range(24)], rows, words.hour_axis)
