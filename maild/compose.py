"""The desk's letters: templates and values in, finished mail out; the one door to Jinja2.

Stands behind ``apply`` and ``sweep``, which put a Letter into the outbox: what is sent later needs neither
template nor ticket. Everything that comes from a mail is hostile here: no value can add a line or an HTML
tag; headers are ``assembly``'s. Where a template of the operator's own folder fails, the shipped one takes
its place, and the log says so; ``rehearsal`` finds that before a mail does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Unpack
from unicodedata import normalize
from zoneinfo import ZoneInfo

from babel import UnknownLocaleError
from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from maild import log
from maild.assembly import NAME_LIMIT, Body, File, Letter, Post, assemble, one_line, one_token
from maild.decide.policy import Desk
from maild.instants import day_of, deadline, span
from parsers.addresses import Address
from parsers.folding import folded
from parsers.subject import base_subject

_log = log.get("maild.compose")

# A receipt echoes a stranger's subject: enough to be recognised, too little to advertise.
_SUBJECT_LIMIT = 200
# What a server said comes whole into the text of a letter to administrators; its subject is cut.
_TROUBLE_LIMIT = 1000

# A notification is read in a mail client; whoever needs more has the ticket.
_TEXT_LIMIT = 100_000
_HTML_LIMIT = 300_000
_STORY_LIMIT = 200_000
_ENTRIES = 500
_LISTED = 200
_EARLIER = 10
_BREACHES = 30

# Why an agent gets a notification.
REASONS: Final = ("new", "later", "assigned", "reopened", "woken", "handed")

# What a relay may say below the words of a person: templates of these names in ``notices``.
NOTICES: Final = (
    "resolved",
    "closed",
    "out_of_scope_materiel",
    "out_of_scope_formation",
    "out_of_scope_metier",
    "out_of_scope_citoyen",
    "study",
    "not_beneficiary",
    "canned",
)

_ANSWER = re.compile(r"([a-z]{2,8})/answers/([^/]{1,100})\.txt\.j2")
_INDENT = re.compile(r"(?m)^ +| +(?= )")
# Between a command and what it does: a colon, or room.
_CARD = re.compile(r"[ \u00a0]?: | {2,}")
_PICTURE = re.compile(r'<img [^>]{0,4000}?src="cid:([^">]{1,900})"[^>]{0,4000}>', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stationery:
    """The desk's paper: its templates and what is printed on every letter; made once, shared by threads.

    ``folder``: of the operator's own templates, None where there are none; ``shipped``: those without his,
    for a letter that his spoil, None where nothing takes their place.
    """

    desk: Desk
    environment: Environment
    folder: Path | None = None
    shipped: Environment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One ticket in a list of tickets. ``due_at``: aware, None where no clock runs; ``at``: when it began, or
    since when nothing has happened.

    ``status`` is a value of ``storage.records.Status``, which the templates know in the reader's language;
    any other word is printed as it is. ``first``: what is due is that it is taken in charge; else an answer.
    """

    number: str
    subject: str
    requester: Address
    due_at: datetime | None = None
    status: str = ""
    at: datetime | None = None
    first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What of a mail nobody has read. ``beyond``: the values of ``parsers.mail.Bound`` that it went beyond;
    ``whole_mb``: its size where only its beginning was taken in; ``in_mailbox``: the original is there."""

    failed: bool = False
    whole_mb: int = 0
    beyond: tuple[str, ...] = ()
    in_mailbox: bool = True

    def __bool__(self) -> bool:
        return self.failed or bool(self.whole_mb or self.beyond)


WHOLE = Unread()


def stationery(desk: Desk, folder: Path | None = None) -> Stationery:
    """The desk's paper, with the operator's own templates from ``folder`` before the shipped ones.

    Templates run in a sandbox and are compiled on first use; a changed file is seen at the next start.
    """
    shipped = PackageLoader("templates", "")
    if folder is None:
        return Stationery(desk=desk, environment=_environment(desk, shipped))
    own = _environment(desk, ChoiceLoader([FileSystemLoader(folder), shipped]))
    return Stationery(desk=desk, environment=own, folder=folder, shipped=_environment(desk, shipped))


class _Compiled(BytecodeCache):
    """What this process has compiled, by a template's file and text: a reload compiles what changed."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def _environment(desk: Desk, loader: BaseLoader) -> Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=loader,
        bytecode_cache=_COMPILED,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals.update(
        desk=desk.name,
        address=desk.address,
        phone=desk.phone,
        signature=desk.signature or "\n".join(filter(None, (desk.name, desk.phone))),
    )
    environment.filters["breaks"] = _breaks
    return environment


def _breaks(text: str) -> Markup:
    """Lines of text as HTML. Not by ``white-space``: Outlook for Windows does not know it."""
    # A filter block calls what an included text template made markup, though it never was.
    lines = str(escape(str(text)))
    if "\r" in lines:
        lines = lines.replace("\r\n", "\n").replace("\r", "\n")
    if "  " in lines or "\n " in lines or lines.startswith(" "):
        lines = _INDENT.sub(lambda blanks: "&nbsp;" * len(blanks[0]), lines)
    return Markup(lines.replace("\n", "<br>\n"))  # noqa: S704


# --- the letters --------------------------------------------------------------------------------------------


def receipt(
    paper: Stationery, *, number: str, subject: str, due_at: datetime, **post: Unpack[Post]
) -> Letter:
    """To someone who wrote: "we have it", with its number and when a person will have taken it in charge.

    ``subject`` is that of the mail answered; ``due_at`` is aware. Auto-Submitted: auto-replied (RFC 3834 5).
    """
    language = _language(paper, post)
    values = {**_title(number, subject), "due": deadline(due_at, paper.desk.timezone, language)}
    return _letter(paper, "receipt", values, post, automatic="auto-replied", html=True)


def call_receipt(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    called_at: datetime,
    due_at: datetime | None = None,
    solved: bool = False,
    **post: Unpack[Post],
) -> Letter:
    """To someone who telephoned, where the agent asks for it. ``solved``: at the first call, nothing is due.

    ``called_at`` is aware; ``due_at`` is None where no clock runs. Auto-Submitted: auto-generated.
    """
    values = {
        **_title(number, subject),
        "called": _moment(paper, called_at, post),
        "due": _due(paper, due_at, post),
        "solved": solved,
    }
    return _letter(paper, "call_receipt", values, post, automatic="auto-generated", html=True)


def relay(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    text: str,
    html: str = "",
    notice: str = "",
    values: Mapping[str, str] = MappingProxyType({}),
    **post: Unpack[Post],
) -> Letter:
    """To the requester and the watchers: a person's answer, signed by the desk.

    ``text`` and ``html`` (sanitised; "" where the person wrote none) are the person's words; they may be
    empty where there is a ``notice``, one of NOTICES: "canned" stands above them, every other below. Of
    the ``values`` "canned" prints ``text``, "study" and "not_beneficiary" ``entity``. Neither
    Auto-Submitted nor X-Auto-Response-Suppress: a person wrote it. The words are never cut.
    """
    seen = {
        **_title(number, subject),
        "text": text.strip(),
        "html": _shown(html, post) if text.strip() else "",
        "notice": notice,
        "values": {"text": "", "entity": ""} | {n: _value(n, v) for n, v in values.items()},
    }
    return _letter(paper, "relay", seen, post, automatic="", html=True)


def invitation(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    starts_at: datetime,
    ends_at: datetime,
    place: str,
    technician: Address,
    requester: Address,
    calendar: bytes,
    method: str,
    description: str = "",
    cancelled: bool = False,
    moved: bool = False,
    for_technician: bool = False,
    **post: Unpack[Post],
) -> Letter:
    """To a technician or to the requester: a visit, with its calendar object (RFC 6047 section 2.4).

    ``calendar`` goes twice, as a form of the text for programs that show an invitation and as ``invite.ics``
    for those that want a file; ``method``: "REQUEST" or "CANCEL". ``technician``: by name alone in a letter
    to the requester, where ``description`` is not shown either. A person ordered it: no Auto-Submitted.
    """
    values = {
        **_title(number, subject),
        "starts": _moment(paper, starts_at, post),
        "ends": _moment(paper, ends_at, post),
        "span": span(starts_at, ends_at, paper.desk.timezone, _language(paper, post)),
        "place": one_line(place, _SUBJECT_LIMIT),
        "technician": _person(technician) if for_technician else one_line(technician.name, NAME_LIMIT),
        "requester": _person(requester) if for_technician else "",
        "description": _bounded(description).strip() if for_technician else "",
        "cancelled": cancelled,
        "moved": moved,
        "for_technician": for_technician,
    }
    file = File(filename="invite.ics", content_type="application/ics", content=calendar)
    posted: Post = {**post, "files": (*post.get("files", ()), file)}
    return _letter(paper, "invitation", values, posted, html=True, calendar=calendar, method=method)


def notification(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    requester: Address,
    text: str,
    due_at: datetime | None,
    html: str = "",
    reason: str = "new",
    by: str = "",
    absent: str = "",
    attachments: Sequence[str] = (),
    left_out: Sequence[str] = (),
    held: Sequence[str] = (),
    marker: str = "",
    unread: Unread = WHOLE,
    suspect: bool = False,
    standing: str = "",
    entity: str = "",
    category: str = "",
    priority: str = "",
    hints: Sequence[str] = (),
    earlier: Sequence[Line] = (),
    card: Sequence[str] = (),
    undo: str = "",
    **post: Unpack[Post],
) -> Letter:
    """To an agent: the ticket and why he gets it now.

    Args:
        html: the requester's HTML, sanitised, shown in the HTML part instead of ``text``; "" for none.
        reason: "new", "later" (another mail of its requester), "assigned", "reopened", "woken", "handed"
            (to his team).
        by: the name of the colleague who did it, "" for none.
        absent: the name of the assignee in whose absence others are told, "" for none.
        attachments: names of files; ``left_out``: those too large to go along, with their sizes;
            ``held``: those that stay with the desk, "1. a.exe: program (.exe)".
        marker: a signed token printed behind the separator line, so that a reply is recognised where a
            client drops References.
        unread: what the text leaves out.
        suspect: it was found in a junk folder.
        standing: "yes", "study", "no", "unknown" or "", with the ``entity`` that the requester belongs to.
        hints: what rules suggest, a sentence each, in the reader's language.
        earlier: tickets of the same person, the latest first; ten are shown.
        card: commands, one a line, "#prendre: what it does", in the reader's language; a shipped few else.
        undo: how long a reply waits before it leaves ("2 minutes"), "" where it leaves at once.
    """
    values = {
        **_title(number, subject),
        "requester": _person(requester),
        "text": _bounded(text).strip(),
        "html": _shown(html, post),
        "due": _due(paper, due_at, post),
        "reason": reason,
        "by": one_line(by, NAME_LIMIT),
        "absent": one_line(absent, NAME_LIMIT),
        "attachments": _names(attachments),
        "left_out": _names(left_out),
        "held": _names(held),
        "marker": one_token(marker),
        "unread": unread,
        "suspect": suspect,
        "standing": standing,
        "entity": one_line(entity, NAME_LIMIT),
        "category": one_line(category, NAME_LIMIT),
        "priority": one_line(priority, NAME_LIMIT),
        "hints": [one_line(hint, _SUBJECT_LIMIT) for hint in hints],
        "earlier": _rows(paper, earlier[:_EARLIER], post),
        "card": _card(card),
        "undo": one_line(undo, NAME_LIMIT).replace(" ", "\u00a0"),
    }
    return _letter(paper, "notification", values, post, automatic="auto-generated", html=True)


def consultation(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    question: str,
    case: Sequence[tuple[str, datetime, str]],
    requester: Address,
    due_at: datetime | None,
    asked_by: str,
    marker: str = "",
    **post: Unpack[Post],
) -> Letter:
    """To a specialist team: the desk's question and the case. Its answer comes back to the desk.

    ``case``: who wrote, when (aware), what; the earliest first. A person asks: no Auto-Submitted.
    """
    values = {
        **_title(number, subject),
        "question": _bounded(question).strip(),
        "case": _story(paper, [(at, who, "", text) for who, at, text in case], post),
        "requester": _person(requester),
        "due": _due(paper, due_at, post),
        "asked_by": one_line(asked_by, NAME_LIMIT),
        "marker": one_token(marker),
    }
    return _letter(paper, "consultation", values, post, html=True)


def team_answer(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    team: str,
    text: str,
    html: str = "",
    held: Sequence[str] = (),
    marker: str = "",
    undo: str = "",
    **post: Unpack[Post],
) -> Letter:
    """To the assignee: a specialist team has answered; ``#relayer`` passes that on. As ``notification``."""
    values = {
        **_title(number, subject),
        "team": one_line(team, NAME_LIMIT),
        "text": _bounded(text).strip(),
        "html": _shown(html, post),
        "held": _names(held),
        "marker": one_token(marker),
        "undo": one_line(undo, NAME_LIMIT).replace(" ", "\u00a0"),
    }
    return _letter(paper, "team_answer", values, post, automatic="auto-generated", html=True)


def told(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    headline: str,
    lines: Sequence[str] = (),
    marker: str = "",
    **post: Unpack[Post],
) -> Letter:
    """To an agent: something happened on a ticket of his; ``headline`` and ``lines`` in his language."""
    values = {
        **_title(number, subject),
        "headline": one_line(headline, _SUBJECT_LIMIT),
        "lines": _each_line(lines),
        "marker": one_token(marker),
    }
    return _letter(paper, "told", values, post, automatic="auto-generated")


def listing(paper: Stationery, *, tickets: Sequence[Line], **post: Unpack[Post]) -> Letter:
    """To an agent who asked for it (``#liste``): tickets, 200 at most, and how many more there are."""
    values = _bounded_rows(paper, tickets, post)
    return _letter(paper, "listing", values, post, automatic="auto-replied", html=True)


def full(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    story: Sequence[tuple[datetime, str, str, str]],
    marker: str = "",
    **post: Unpack[Post],
) -> Letter:
    """To an agent who asked for it (``#complet``): all that was written, the earliest first.

    ``story``: when (aware), who, what it is (a value of ``storage.records.MessageKind``, or any word), the
    text. Of what is too long the latest stays.
    """
    told = _story(paper, story, post)
    values = {**_title(number, subject), "story": told, "marker": one_token(marker)}
    return _letter(paper, "full", values, post, automatic="auto-replied", html=True)


def alert(
    paper: Stationery, *, stage: str, tickets: Sequence[Line], marker: str = "", **post: Unpack[Post]
) -> Letter:
    """To an agent or a lead: tickets whose limit is "near" or "breached" (``stage``); at least one ticket.

    ``marker``: as in ``notification``, where there is one ticket, which a reply to the letter is about.
    """
    values = {"stage": stage, **_bounded_rows(paper, tickets, post), "marker": one_token(marker)}
    return _letter(paper, "alert", values, post, automatic="auto-generated", html=True)


def warning(paper: Stationery, *, tickets: Sequence[Line], **post: Unpack[Post]) -> Letter:
    """To an agent, at full hours: tickets whose time goes by, the nearest limit first, and how to act on them
    from here; at least one ticket."""
    return _letter(
        paper, "warning", _bounded_rows(paper, tickets, post), post, automatic="auto-generated", html=True
    )


def silent(paper: Stationery, *, tickets: Sequence[Line], marker: str = "", **post: Unpack[Post]) -> Letter:
    """To whoever has them: tickets that were taken in charge and then forgotten, since ``Line.at``; at least
    one. ``marker``: as in ``alert``."""
    values = {**_bounded_rows(paper, tickets, post), "marker": one_token(marker)}
    return _letter(paper, "silent", values, post, automatic="auto-generated", html=True)


def answer(
    paper: Stationery, *, number: str, subject: str, lines: Sequence[str], **post: Unpack[Post]
) -> Letter:
    """To an agent: what became of the commands in a mail. Auto-Submitted: auto-replied.

    ``number``: "" where the mail belongs to no ticket, and ``subject`` is its own then.
    ``lines`` may hold line breaks, as the answer to ``#aide`` does.
    """
    values = {**_title(number, subject), "lines": _each_line(lines)}
    return _letter(paper, "answer", values, post, automatic="auto-replied")


def undelivered(
    paper: Stationery,
    *,
    number: str,
    subject: str,
    address: str,
    kind: str,
    reply: str,
    uncertain: bool = False,
    **post: Unpack[Post],
) -> Letter:
    """To an agent: a letter about this ticket did not reach its ``address``.

    ``kind``: "receipt", "relay" or "consultation". ``reply``: the server's last word. ``uncertain``: it may
    have arrived, even several times.
    """
    values = {
        **_title(number, subject),
        "recipient": one_line(address, 320),
        "kind": kind,
        "reply": one_line(reply, 500),
        "uncertain": uncertain,
    }
    return _letter(paper, "undelivered", values, post, automatic="auto-generated")


def digest(paper: Stationery, *, tickets: Sequence[Line], many: bool = False, **post: Unpack[Post]) -> Letter:
    """To a team: older mail that was found in the mailbox and got no receipt or, where ``many``, more mail at
    once than anybody is told of one by one; at least one ticket."""
    values = {"tickets": _rows(paper, tickets, post), "many": many}
    return _letter(paper, "digest", values, post, automatic="auto-generated", html=True)


def junk(paper: Stationery, *, count: int, folder: str, maildrop: str, **post: Unpack[Post]) -> Letter:
    """To a lead or an administrator: ``count`` mails were left in a junk folder; nothing of what they say."""
    values = {"count": count, "folder": one_line(folder, NAME_LIMIT), "maildrop": maildrop}
    return _letter(paper, "junk", values, post, automatic="auto-generated")


def report(
    paper: Stationery,
    *,
    period: str,
    as_of: str,
    share: str,
    share_of: str,
    figures: Sequence[tuple[str, str]],
    breaches: Sequence[tuple[str, str, str, str]],
    command: str,
    **post: Unpack[Post],
) -> Letter:
    """To whoever answers for the promise: the figures of a month; its page goes along as a file, if it may.

    ``figures``: name and value. ``breaches``: number, arrival, act and delay; 30 are told. ``command``: what
    writes the page anew. ``share`` is "" where there is nothing to judge. All of it in the reader's language.
    """
    told = [
        dict(zip(("number", "arrived", "acted", "delay"), each, strict=True)) for each in breaches[:_BREACHES]
    ]
    values = {
        "period": period, "as_of": as_of, "share": share, "share_of": share_of,
        "figures": [{"name": name, "value": value} for name, value in figures], "breaches": told,
        "more": len(breaches) - len(told), "attached": bool(post.get("files")), "command": command,
    }  # fmt: skip
    return _letter(paper, "report", values, post, automatic="auto-generated")


def trouble(paper: Stationery, *, headline: str, details: str = "", **post: Unpack[Post]) -> Letter:
    """To an administrator: what went wrong, and the few lines that help to mend it."""
    values = {"headline": one_line(headline, _TROUBLE_LIMIT), "details": _bounded(details).strip()}
    return _letter(paper, "trouble", values, post, automatic="auto-generated")


def recovered(paper: Stationery, *, headline: str, details: str = "", **post: Unpack[Post]) -> Letter:
    """To an administrator: the trouble that a letter told of is over."""
    values = {"headline": one_line(headline, _TROUBLE_LIMIT), "details": _bounded(details).strip()}
    return _letter(paper, "recovered", values, post, automatic="auto-generated")


def canned_names(paper: Stationery) -> tuple[str, ...]:
    """The canned answers that an agent may send by name, in order, of all languages."""
    return tuple(sorted({name for _, name in canned_templates(paper)}))


def canned(paper: Stationery, name: str, language: str, /, **values: str) -> str | None:
    """The text of a canned answer, in ``language`` or in the first of the desk's that has it; None for none.

    ``values``: "number", "subject" and "name" (of the requester) are known to every canned answer. Case and
    accents of ``name`` do not matter. Only a name that is there is ever opened, so none leads out of the
    folder.
    """
    answers = canned_templates(paper)
    wanted = folded(name.strip())
    found = next(
        (answers[each, wanted] for each in (language, *paper.desk.languages) if (each, wanted) in answers),
        None,
    )
    if found is None:
        return None
    seen = {"number": "", "subject": "", "name": ""} | values
    lines = {key: one_line(value, _SUBJECT_LIMIT) for key, value in seen.items()}
    try:
        return paper.environment.get_template(found).render(lines, language=found.partition("/")[0]).strip()
    except Exception as error:  # noqa: BLE001  (an operator wrote it: the agent reads that there is no such answer)
        _tell_of_broken(found, error)
        return None


def canned_templates(paper: Stationery) -> dict[tuple[str, str], str]:
    """Language and folded name of each canned answer in a language of the desk, and its template."""
    found = (_ANSWER.fullmatch(name) for name in paper.environment.list_templates())
    known = [each for each in found if each and each[1] in paper.desk.languages]
    return {(each[1], folded(normalize("NFC", each[2]))): each[0] for each in known}


def fault_of(paper: Stationery, name: str, values: Mapping[str, Any], language: str) -> str | None:
    """What is wrong with one template, given these values: a sentence that names it, None where all is well.

    Anything may go wrong in one that an operator wrote.
    """
    title = {} if name.endswith(".subject.j2") else {"title": "ETNIC-1042"}
    try:
        deadline(datetime(2026, 1, 1, tzinfo=UTC), paper.desk.timezone, language)
        text = paper.environment.get_template(name).render(values, language=language, **title)
    except TemplateSyntaxError as error:
        return f"{error.name or name}, line {error.lineno}: {error.message}"
    except UnknownLocaleError:
        return f"{name}: no language has the code {language!r}"
    except TemplateError as error:
        return f"{name}: {type(error).__name__}: {error.message}"
    except Exception as error:  # noqa: BLE001
        return f"{name}: {type(error).__name__}: {error}"
    return None if text.strip() else f"{name}: nothing comes of it but an empty text"


# --- values as templates see them ---------------------------------------------------------------------------


def _language(paper: Stationery, post: Post) -> str:
    known = paper.desk.languages
    return post["language"] if post["language"] in known else known[0]


def _due(paper: Stationery, due_at: datetime | None, post: Post) -> str:
    return deadline(due_at, paper.desk.timezone, _language(paper, post)) if due_at else ""


def _moment(paper: Stationery, at: datetime, post: Post) -> str:
    return deadline(at, paper.desk.timezone, _language(paper, post))


def _bounded_rows(paper: Stationery, tickets: Sequence[Line], post: Post) -> dict[str, Any]:
    """As many as are read in a letter, how many there are, and how many of them are not shown."""
    rows = _rows(paper, tickets[:_LISTED], post)
    return {"tickets": rows, "count": len(tickets), "more": len(tickets) - len(rows)}


def _rows(paper: Stationery, tickets: Sequence[Line], post: Post) -> list[dict[str, Any]]:
    zone, language = ZoneInfo(paper.desk.timezone), _language(paper, post)
    return [
        {
            "number": ticket.number,
            "bare": ticket.number.rpartition("-")[2],
            "subject": one_line(ticket.subject, _SUBJECT_LIMIT),
            "requester": _person(ticket.requester),
            "due": _due(paper, ticket.due_at, post),
            "since": _due(paper, ticket.at, post),
            "first": ticket.first,
            "status": one_line(ticket.status, NAME_LIMIT),
            "day": day_of(ticket.at.astimezone(zone).date(), language) if ticket.at else "",
        }
        for ticket in tickets
    ]


def _story(paper: Stationery, story: Sequence[tuple[datetime, str, str, str]], post: Post) -> dict[str, Any]:
    """``entries``, and how many ``omitted`` ones came before them: the letter is bounded, the latest stay."""
    entries: list[dict[str, str]] = []
    room = _STORY_LIMIT
    for at, who, kind, text in reversed(story[-_ENTRIES:]):
        room -= len(text)
        if room < 0 and entries:
            break
        entry = {"when": _moment(paper, at, post), "who": one_line(who, _SUBJECT_LIMIT)}
        entries.append(entry | {"kind": one_line(kind, NAME_LIMIT), "text": _bounded(text).strip()})
    return {"entries": entries[::-1], "omitted": len(story) - len(entries)}


def _card(card: Sequence[str]) -> list[dict[str, str]]:
    """Commands as rows of what to write (``usage``) and what it does (``does``, "" where nothing tells);
    ``line``: both, in columns."""
    parted = [_CARD.split(one_line(line, _SUBJECT_LIMIT), maxsplit=1) for line in card]
    width = max((len(usage) for usage, *does in parted if does), default=0)
    return [
        {
            "usage": usage,
            "does": "".join(does),
            "line": f"  {usage:{width}}   {does[0]}" if does else f"  {usage}",
        }
        for usage, *does in parted
    ]


def _value(name: str, value: str) -> str:
    return value.strip() if name == "text" else one_line(value, _SUBJECT_LIMIT)


def _names(names: Sequence[str]) -> list[str]:
    return [one_line(name, NAME_LIMIT) for name in names if name]


def _each_line(lines: Sequence[str]) -> list[str]:
    return [one_line(row, 1000) for line in lines for row in _bounded(line).splitlines()]


def _shown(html: str, post: Post) -> Markup:
    """HTML that was sanitised, ready to stand in a page; "" where it is too long. Pictures that do not go
    along would be holes."""
    ids = [file.content_id for file in post.get("files", ()) if file.content_id]
    whole = html if len(html) <= _HTML_LIMIT else ""
    return Markup(_PICTURE.sub(lambda image: image[0] if image[1] in ids else "", whole))  # noqa: S704


def _title(number: str, subject: str) -> dict[str, Any]:
    """``topic``: without "Re:", gateway tags and our own number, so that an answer does not pile them up."""
    seen = one_line(subject, _SUBJECT_LIMIT)
    return {"number": number, "subject": seen, "topic": base_subject(seen)}


def _person(person: Address) -> str:
    name, address = one_line(person.name, NAME_LIMIT), one_line(person.address, 320)
    return f"{name} <{address}>" if name and name != address else address


def _bounded(text: str) -> str:
    return text if len(text) <= _TEXT_LIMIT else text[:_TEXT_LIMIT] + "\n[…]"


# --- from template to letter --------------------------------------------------------------------------------


def _letter(
    paper: Stationery,
    kind: str,
    values: Mapping[str, Any],
    post: Post,
    *,
    automatic: str = "",
    html: bool = False,
    calendar: bytes = b"",
    method: str = "",
) -> Letter:
    """Render a template's parts and put them into one finished mail."""
    language = _language(paper, post)
    subject, text, page = _rendered(paper, f"{language}/{kind}", values, html=html)
    body = Body(text=text, page=page, calendar=calendar, method=method)
    return assemble(paper.desk, subject, body, post, language=language, automatic=automatic)


def _rendered(paper: Stationery, name: str, values: Mapping[str, Any], *, html: bool) -> tuple[str, str, str]:
    """Subject, text and page; those that ship where something is wrong with the operator's own: whoever
    waits for a letter gets one, and a mail is not taken for unreadable because of what is answered to it."""
    try:
        found = _parts(paper.environment, name, values, html=html)
        if paper.shipped is None or (found[0].strip() and found[1].strip()):
            return found
        _tell_of_broken(name, ValueError("nothing comes of it but an empty text"))
    except Exception as error:
        if paper.shipped is None:
            raise
        _tell_of_broken(name, error)
    return _parts(paper.shipped, name, values, html=html)


def _parts(
    environment: Environment, name: str, values: Mapping[str, Any], *, html: bool
) -> tuple[str, str, str]:
    template, language = environment.get_template, name.partition("/")[0]
    written = template(f"{name}.subject.j2").render(values, language=language)
    subject = one_line(written, _SUBJECT_LIMIT + 50)
    seen = {**values, "language": language, "title": subject}
    page = template(f"{name}.html.j2").render(seen) if html else ""
    return subject, template(f"{name}.txt.j2").render(seen), page


def _tell_of_broken(name: str, error: Exception) -> None:
    _log.error("template.broken", template=name, reason=f"{type(error).__name__}: {error}")
