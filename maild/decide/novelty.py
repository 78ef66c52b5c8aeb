"""What a person newly wrote, once the mail that he answers is known: the second pass over a reply (pure).

Stands behind ``parsers.quotes``, which knows clients by their marks and their words; this knows what was
answered, and so finds a quotation that no client marked. Asked by ``message.decide``; ``may_repeat`` is asked
first by ``ingest.gather``, to know whether to look the answered mail up. Total, and linear in both texts. To
lose a word of the person's is the grave error: a line goes only as part of a quotation that begins as the
answered mail begins and goes on in its order, and the text is never left empty.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from maild.decide.facts import Answered
from parsers.mail import ParsedMail

# What is looked at: words and characters of either text, characters of a line; the rest is kept.
MOST_WORDS, MOST_TEXT = 20_000, 200_000
# Characters in which an answered mail has begun.
MOST_BEGINNING = 400
LONGEST_LINE = 10_000
# Characters below which a text cannot hold a quotation and something new besides.
SHORTEST_REPLY = 60
# Words in a row that are no chance where the quotation goes on; after something left out it takes more.
RUN, LEAP = 5, 12
# Words that may be missing without that: a greeting at the beginning, a number that a client wrote otherwise.
GAP = 12
# Words of a quotation, at least, and what share of the answered mail they are; one that was cut short must
# be longer. Our own letters nobody writes by chance.
FEWEST, SHARE, ENOUGH, ENOUGH_OF_OURS = 8, 0.6, 25, 12
# A person who writes much the same again has not quoted himself.
OWN_SHARE = 0.95
# A line of so few words is written by anybody: it goes inside a quotation, not at its edge.
SHORT_LINE = 3

# Letters, digits, and signs that mean something; the marks that clients put around and between them do not.
_MARKS = r"""\s_.,:;'"’‘“”«»‹›„<>|*~`´(){}\[\]\\/=•·…–—\-\u00ad\u200b-\u200f\u2028\u2029\u2060\ufeff"""
_WORD = re.compile(rf"[^\W_]+|[^\w{_MARKS}]")
# "a@b.be<mailto:a@b.be>": what Outlook makes of a link in plain text says the same twice.
_LINK = re.compile(r"<(?:mailto|tel):[^<>\s]{1,300}>")

_Grams: TypeAlias = Mapping[tuple[str, ...], Sequence[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """The new text, and its ``opening``: what stands of it above the first line that is not new."""

    text: str
    opening: str


@dataclass(frozen=True, slots=True)
class _Run:
    """Words that stand in both texts one after the other: where they begin in each, and how many."""

    reply: int
    parent: int
    length: int


def may_repeat(mail: ParsedMail) -> bool:
    """Whether a person wrote it, names what he answers, and wrote enough to have quoted it unmarked."""
    by_person = not (mail.auto_submitted or mail.is_bounce or mail.is_forward)
    return by_person and bool(mail.in_reply_to or mail.references) and len(mail.reply_text) >= SHORTEST_REPLY


def news(mail: ParsedMail, answered: Answered | None) -> News:
    """What is new in a mail. A forward keeps everything: what it hands on is the request."""
    if answered is None or not may_repeat(mail):
        return News(text=mail.reply_text, opening=mail.reply_text)
    own = mail.sender is not None and answered.sender == mail.sender.key
    return read_news(mail.reply_text, answered.text, ours=not answered.sender, own=own)


@lru_cache(maxsize=1)  # one decision asks up to three times
def read_news(text: str, answered: str, *, ours: bool = False, own: bool = False) -> News:
    """The lines of ``text`` that do not quote ``answered``; all of them where nothing else would be left.

    Args:
        ours: the answered mail is a letter of the desk's.
        own: it is of the same sender as the reply.
    """
    if not _holds_beginning(text, answered):
        return News(text=text, opening=text)
    reply = _read(text)
    parent = _words(answered[:MOST_TEXT])[:MOST_WORDS]
    runs = _quotation(reply.words, parent)
    found, whole = sum(run.length for run in runs), len(parent)
    enough = ENOUGH_OF_OURS if ours else ENOUGH
    least = OWN_SHARE * whole if own else min(SHARE * whole, enough)
    if found < max(FEWEST, least):
        return News(text=text, opening=text)
    return _without(reply, _quoted_lines(runs, reply.places, whole)) or News(text=text, opening=text)


def _words(text: str) -> list[str]:
    return _WORD.findall(_LINK.sub("", text) if "<" in text else text)


def _holds_beginning(text: str, answered: str) -> bool:
    """Whether there is any quotation: most replies are done with that."""
    begin = _words(answered[:MOST_BEGINNING])[: GAP + RUN]
    joined = f" {' '.join(_words(text[:MOST_TEXT]))} "
    grams = (begin[place : place + RUN] for place in range(len(begin) - RUN + 1))
    return any(f" {' '.join(gram)} " in joined for gram in grams)


@dataclass(frozen=True, slots=True)
class _Reply:
    """A text in lines: its words, the line that each stands in, and how many lines were looked at."""

    lines: list[str]
    words: list[str]
    places: list[int]
    looked: int


def _read(text: str) -> _Reply:
    lines = text.split("\n")
    words: list[str] = []
    places: list[int] = []
    for number, line in enumerate(lines):
        if len(words) > MOST_WORDS:
            return _Reply(lines, words, places, number)
        # A line too long to be read is a word of its own, which stands in no other text.
        found = _words(line) if len(line) <= LONGEST_LINE else ["\n"]
        words += found
        places += [number] * len(found)
    return _Reply(lines, words, places, len(lines))


# ---------------------------------------------------------------------- the two texts side by side


def _quotation(words: Sequence[str], parent: Sequence[str]) -> list[_Run]:
    """The runs of a quotation: from the beginning of the answered mail, in its order."""
    grams: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place in range(len(parent) - RUN + 1):
        grams[tuple(parent[place : place + RUN])].append(place)
    begin = _beginning(words, parent, grams)
    if begin is None:
        return []
    runs = [begin]
    at, after = begin.reply + begin.length, begin.parent + begin.length
    while at <= len(words) - RUN:
        found = _run(words, parent, at, _position(words, grams, at, after))
        if found is None or (found.parent - after > GAP and found.length < LEAP):
            at += 1
            continue
        runs.append(found)
        at, after = at + found.length, found.parent + found.length
    return runs


def _beginning(words: Sequence[str], parent: Sequence[str], grams: _Grams) -> _Run | None:
    """The longest run that begins where the answered mail begins."""
    best: _Run | None = None
    at = 0
    while at <= len(words) - RUN:
        position = _position(words, grams, at, 0)
        found = _run(words, parent, at, position if position is None or position <= GAP else None)
        if found is not None and (best is None or found.length > best.length):
            best = found
        # What a short run covers may hold the beginning of the true one; a long one is taken whole, for time.
        at += found.length if found and found.length >= LEAP else 1
    return best


def _position(words: Sequence[str], grams: _Grams, at: int, after: int) -> int | None:
    """Where the words at ``at`` come next in the answered mail, from ``after`` on."""
    positions = grams.get(tuple(words[at : at + RUN]))
    if positions is None or positions[-1] < after:
        return None
    return positions[bisect_left(positions, after)]


def _run(words: Sequence[str], parent: Sequence[str], at: int, position: int | None) -> _Run | None:
    """What the two have in common from there on. Linear over all, since a long run is always taken whole."""
    if position is None:
        return None
    length = RUN
    most = min(len(words) - at, len(parent) - position)
    while length < most and words[at + length] == parent[position + length]:
        length += 1
    return _Run(at, position, length)


# ---------------------------------------------------------------------- back to lines


def _quoted_lines(runs: Sequence[_Run], places: Sequence[int], end: int) -> frozenset[int]:
    """The lines of which every word stands in the quotation.

    Args:
        end: how many words the answered mail has.
    """
    size = Counter(places)
    quoted: Counter[int] = Counter()
    for run in runs:
        inside = Counter(places[run.reply : run.reply + run.length])
        first, last = places[run.reply], places[run.reply + run.length - 1]
        if run.parent > 0 and size[first] <= SHORT_LINE:
            del inside[first]
        if run.parent + run.length < end and size[last] <= SHORT_LINE:
            del inside[last]
        quoted.update(inside)
    return frozenset(line for line, count in quoted.items() if count == size[line])


def _without(reply: _Reply, quoted: frozenset[int]) -> News | None:
    """The lines that are left, without the rules and blanks around what is gone; None when no word is."""
    worded = set(reply.places)
    kept = _kept(reply, worded, quoted)
    if not quoted or not any(number in worded or number >= reply.looked for number in kept):
        return None
    above = min(quoted)
    opening = [number for number in kept if number < above]
    greeting = reply.places[0]
    if greeting in quoted and reply.places.count(greeting) <= SHORT_LINE:
        # The person may have greeted and then let the quotation's own greeting go.
        kept = [greeting, *kept]
    return News(text=_joined(reply.lines, kept), opening=_joined(reply.lines, opening))


def _kept(reply: _Reply, worded: set[int], quoted: frozenset[int]) -> list[int]:
    kept: list[int] = []
    between: list[int] = []  # lines without a word, since the last one with
    after_quoted = False
    for number in range(reply.looked):
        if number not in worded:
            between.append(number)
            continue
        if not after_quoted:
            kept += between if number not in quoted else [n for n in between if not reply.lines[n].strip()]
        kept += [] if number in quoted else [number]
        after_quoted, between = number in quoted, []
    kept += [] if after_quoted else between
    return _trimmed(reply.lines, [*kept, *range(reply.looked, len(reply.lines))])


def _joined(lines: Sequence[str], numbers: Sequence[int]) -> str:
    return "\n".join(lines[number] for number in numbers)


def _trimmed(lines: Sequence[str], kept: Sequence[int]) -> list[int]:
    """Without blank lines at either end."""
    begin, end = 0, len(kept)
    while begin < end and not lines[kept[begin]].strip():
        begin += 1
    while end > begin and not lines[kept[end - 1]].strip():
        end -= 1
    return list(kept[begin:end])
