"""The report of the last month, mailed once to those who answer for the promise.

Asked by a timer every few minutes and by each single pass: what is owed is known by the month and the
recipient, so that neither a restart nor a second daemon mails it again, and one that was down at seven on the
first day mails it when it is back within that month. Raises ``storage.database.Unavailable``; the next look
owes the same again.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from maild import compose, log
from maild.assembly import File, Letter
from maild.decide import figures
from maild.decide.figures import Report, Span
from maild.decide.policy import Policy
from maild.effects import letters
from maild.effects.work import owe_letter
from maild.ingest import Office
from maild.report import sheet as sheets
from maild.report.collect import collect
from parsers.addresses import Address
from storage import outbox
from storage.records import MessageKind

_log = log.get("maild.report")

CAUSE = "timer:report"
# At this hour of the first day, by the desk's clocks.
MORNING = 7
# Servers refuse larger letters; whoever has so many mails has the command.
MOST_BYTES = 5_000_000

Person = tuple[str, str]


def owed_for(now: datetime, zone: str) -> Span | None:
    """The month whose report is to have been mailed by now; None before seven on a first day."""
    local = now.astimezone(ZoneInfo(zone))
    if local.day == 1 and local.hour < MORNING:
        return None
    return figures.month_before(local.date(), zone)


def people_of(policy: Policy, recipients: Sequence[str]) -> tuple[Person, ...]:
    """(address, language) of whom the report is for: the recipients, else the leads."""
    chosen = recipients or [agent.address for agent in policy.agents if agent.lead]
    known = [(address, policy.agent(address)) for address in dict.fromkeys(chosen)]
    first = policy.desk.languages[0]
    return tuple((address, agent.language if agent else first) for address, agent in known)


def mail(office: Office, recipients: Sequence[str]) -> int:
    """Owe last month's report to each who has not had it; returns how many letters that were.

    A month in which nothing came, as before the desk was served, is no matter for a letter.
    """
    now, policy = office.now(), office.policy
    span = owed_for(now, policy.desk.timezone)
    if span is None:
        return 0
    with office.store.read() as tx:
        people = [p for p in people_of(policy, recipients) if not outbox.is_owed(tx, _owed(span, p))]
        found = collect(tx, span, policy, now) if people else None
    if found is None or not (found.mail.rows or found.next_answers.rows or found.phone.calls):
        return 0
    written = [(person, _letter(found, person, office)) for person in people]
    with office.store.write() as tx:
        for person, letter in written:
            with outbox.at_most_once(tx):
                owe_letter(
                    tx,
                    letter,
                    MessageKind.DIGEST,
                    owed=_owed(span, person),
                    cause=CAUSE,
                    ticket=None,
                    now=now,
                )
    _log.info("report.mailed", span=span.name, letters=len(written))
    return len(written)


def _owed(span: Span, person: Person) -> str:
    # A letter may be erased, and its address with it, while its month lasts.
    known = hashlib.sha256(person[0].casefold().encode()).hexdigest()
    return f"report:{span.name}:{known[:20]}"


def _letter(found: Report, person: Person, office: Office) -> Letter:
    address, language = person
    policy, paper = office.policy, office.paper
    sheet = sheets.sheet(found, paper, policy, language)
    share = "" if found.mail.share is None else sheet.share
    name = f"report-{found.span.name}.html"
    page = sheets.page(found, paper, policy, language).encode()
    post: dict[str, Any] = letters.post_of_no_ticket(
        Address("", address), language, now=office.now(), policy=policy
    )
    if len(page) <= MOST_BYTES:
        post["files"] = (File(filename=name, content_type="text/html", content=page),)
    return compose.report(
        paper, period=sheet.period, as_of=sheet.at, share=share, share_of=sheet.share_of,
        figures=[(each.name, each.value) for each in sheet.figures],
        breaches=[(each.number, each.arrived, each.acted, each.delay) for each in sheet.breaches],
        command=f"maild report --month {found.span.name} --html {name}", **post,
    )  # fmt: skip
