"""The rehearsal: every template rendered in every language, before a mail needs it.

Stands above ``compose``; called when maild starts, when its configuration changes, and by ``doctor``. Each
template is given all that ``templates/__init__.py`` promises it, then as little as may be. It does not fail:
what is wrong is what it returns. To compile them all takes longer than all else that a start does, so the
shipped ones, which are the same everywhere, are left to ``doctor`` where an operator has none of his own.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from maild.compose import NOTICES, REASONS, WHOLE, Stationery, Unread, canned_templates, fault_of
from parsers.mail import Bound

# A template without its ending, what it is given, its parts.
_Sample: TypeAlias = tuple[str, Mapping[str, Any], tuple[str, ...]]


def render_all(paper: Stationery) -> list[str]:
    """What is wrong with the templates: each is rendered in each language, with many and with few values.

    Returns sentences that name the template, and the line where it is known; empty when all is well.
    """
    answers = _problems_of_answers(paper)
    return list(dict.fromkeys((*_problems(paper, list(_samples())), *answers)))


def render_needed(paper: Stationery) -> list[str]:
    """What is wrong with the templates, as far as a start has to know: see ``render_all``.

    With a folder of the operator's own each is tried, for any may take in one of his. Of the shipped ones
    alone those are that a first mail needs, whose sender would wait for them; that the others are there in
    each language is seen.
    """
    if paper.folder is not None:
        return render_all(paper)
    full = {kind: (kind, values, parts) for kind, values, parts in reversed(list(_samples()))}
    return [*_missing(paper), *_problems(paper, [full[kind] for kind in _FIRST])]


# What a first mail brings about.
_FIRST = ("receipt", "notification")


def _missing(paper: Stationery) -> Iterator[str]:
    there = frozenset(paper.environment.list_templates())
    names = (f"{kind}.{part}.j2" for kind, _, parts in _samples() for part in parts)
    for name in dict.fromkeys(names):
        lacking = (f"{one}/{name}" for one in paper.desk.languages if f"{one}/{name}" not in there)
        yield from (f"{one}: there is no such template" for one in lacking)


def _problems(paper: Stationery, samples: Iterable[_Sample]) -> Iterator[str]:
    for language in paper.desk.languages:
        for kind, values, parts in samples:
            for part in parts:
                name = f"{language}/{kind}.{part}.j2"
                if problem := fault_of(paper, name, values, language):
                    yield problem


def _problems_of_answers(paper: Stationery) -> Iterator[str]:
    for (language, _), name in canned_templates(paper).items():
        values = {"number": "ETNIC-1042", "subject": "VPN", "name": "Ana"}
        if problem := fault_of(paper, name, values, language):
            yield problem


def _samples() -> Iterator[_Sample]:
    """Each template with all that it may be given, then with as little as it may be given."""
    yield from _samples_to_requesters()
    for full in (True, False):
        ticket = _ROW if full else _BARE
        yield from _sample_notifications(ticket, full)
        many = {"tickets": [ticket] * (1 + full), "count": 1 + full, "more": 2 * full}
        for stage in ("near", "breached"):
            yield "alert", {**many, "stage": stage, "marker": "" if full else "abc"}, _BOTH
        yield "warning", many, _BOTH
        yield "silent", {**many, "marker": "" if full else "abc"}, _BOTH
        yield "answer", {**ticket, "lines": ["ok"] * (1 + full)}, _PLAIN
        for flood in (True, False):
            yield "digest", {"tickets": [ticket] * (1 + full), "many": flood}, _BOTH
        yield "junk", {"count": 1 + full, "folder": "Junk", "maildrop": "support"}, _PLAIN
        yield "report", _REPORT if full else {**_REPORT, **_QUIET_MONTH}, _PLAIN
        for kind, uncertain in (("receipt", full), ("relay", not full), ("consultation", full)):
            lost = {"recipient": "ana@example.org", "kind": kind, "reply": "550 no", "uncertain": uncertain}
            yield "undelivered", {**ticket, **lost}, _PLAIN
        for letter in ("trouble", "recovered"):
            yield letter, {"headline": "IMAP", "details": "refused" if full else ""}, _PLAIN
        yield from _samples_to_colleagues(ticket, full)


_BOTH, _PLAIN = ("subject", "txt", "html"), ("subject", "txt")
_ROW = {
    "number": "ETNIC-1042",
    "bare": "1042",
    "subject": "VPN",
    "topic": "VPN",
    "requester": "Ana <ana@example.org>",
    "due": "demain",
    "since": "hier",
    "first": True,
    "status": "taken",
    "day": "lundi",
}
_BARE = {**_ROW, "subject": "", "topic": "", "due": "", "since": "", "first": False, "status": "", "day": ""}


_REPORT: Mapping[str, Any] = {
    "period": "novembre 2026",
    "as_of": "mardi",
    "share": "66,6 %",
    "share_of": "6 sur 9",
    "figures": [{"name": "Reçues", "value": "11"}],
    "breaches": [{"number": "ETNIC-1042", "arrived": "lundi", "acted": "mercredi", "delay": "25 h 30"}],
    "more": 2,
    "attached": True,
    "command": "maild report",
}
_QUIET_MONTH: Mapping[str, Any] = {"share": "", "breaches": [], "more": 0, "attached": False}


def _samples_to_requesters() -> Iterator[_Sample]:
    for full, ticket in ((True, _ROW), (False, _BARE)):
        yield "receipt", {**ticket, "due": "demain"}, _BOTH
        for solved in (True, False):
            yield "call_receipt", {**ticket, "called": "hier", "solved": solved}, _BOTH
        words = {"text": "Bonjour", "html": "<p>Bonjour</p>"} if full else {"text": "", "html": ""}
        for notice in NOTICES:
            values = {"text": "Bonjour", "entity": "ETNIC" if full else ""}
            yield "relay", {**ticket, **words, "notice": notice, "values": values}, _BOTH
            yield f"notices/{notice}", {**ticket, **words, "values": values}, ("txt",)
        yield "relay", {**ticket, **words, "notice": "", "values": {}}, _BOTH
        for change in ({"cancelled": True}, {"moved": True}, {}):
            for inside in (True, False):
                visit = {**_VISIT, "cancelled": False, "moved": False, "for_technician": inside, **change}
                if not full:
                    visit |= dict.fromkeys(("place", "technician", "requester", "description"), "")
                yield "invitation", {**ticket, **visit}, _BOTH


_VISIT = {
    "starts": "demain",
    "ends": "demain",
    "span": "demain",
    "place": "Bruxelles",
    "technician": "Jean",
    "requester": "Ana",
    "description": "Un câble",
}


def _sample_notifications(ticket: Mapping[str, Any], full: bool) -> Iterator[_Sample]:
    texts = ("text", "html", "by", "absent", "marker", "standing", "entity", "category", "priority")
    none = dict.fromkeys(texts, "")
    rest: dict[str, Any] = {"undo": "", "suspect": False, "unread": WHOLE, "reason": "new"}
    rest |= {name: [] for name in ("attachments", "left_out", "held", "earlier", "card", "hints")}
    more: dict[str, Any] = dict.fromkeys(none, "abc") | {
        "html": "<p>Bonjour</p>",
        "undo": "2 minutes",
    }
    more |= {
        "hints": ["Si oui : #spam"],
        "attachments": ["a.pdf"],
        "left_out": ["b.zip"],
        "held": ["1. c.exe: program (.exe)"],
        "suspect": True,
        "earlier": [_ROW, _BARE],
    }
    more |= {
        "card": [
            {"usage": "#aide", "does": "aide", "line": "  #aide   aide"},
            {"usage": "#note", "does": "", "line": "  #note"},
        ]
    }
    given = {**ticket, **none, **rest, **(more if full else {})}
    yield "notification", given, _BOTH
    for reason in REASONS:
        yield "notification", {**given, "reason": reason}, _BOTH
    for standing in ("yes", "study", "no", "unknown"):
        yield "notification", {**given, "standing": standing}, _BOTH
    for unread in (
        Unread(failed=True, in_mailbox=full),
        Unread(whole_mb=61),
        Unread(beyond=tuple(Bound), in_mailbox=full),
    ):
        yield "notification", {**given, "unread": unread}, _BOTH


def _samples_to_colleagues(ticket: Mapping[str, Any], full: bool) -> Iterator[_Sample]:
    marker = "abc" if full else ""
    entry = {"when": "hier", "who": "Ana" if full else "", "kind": "relay" if full else "", "text": "Bonjour"}
    told = {"entries": [entry] * (1 + full), "omitted": 2 * full}
    asked = {"question": "Pourquoi ?" if full else "", "asked_by": "Anne" if full else ""}
    yield "consultation", {**ticket, **asked, "case": told, "marker": marker}, _BOTH
    words = {"text": "Oui", "html": "<p>Oui</p>" if full else "", "held": ["1. c.exe: program"] * full}
    undo = "2 minutes" if full else ""
    yield "team_answer", {**ticket, **words, "team": "Réseau", "marker": marker, "undo": undo}, _BOTH
    yield "told", {**ticket, "headline": "Accepté", "lines": ["ok"] * full, "marker": marker}, _PLAIN
    for count in range(3):
        yield "listing", {"tickets": [ticket] * count, "count": count, "more": 2 * full}, _BOTH
    yield "full", {**ticket, "story": told, "marker": marker}, _BOTH
