"""The line that clients write above a quotation: "Le 3 nov. 2025 à 10:12, Support <s@x.be> a écrit :".

``quotes`` asks here, line by line. People write such sentences as well ("le directeur a écrit :"), so a verb
needs a fact beside it (a time, a year, an address), and a sentence without an address must not read as prose.
Total, and linear: lines are of bounded length and at most three are looked at together.
"""

import re
from collections.abc import Sequence
from typing import Final

from parsers.separators import DASH, TIME_OF_DAY

MAX_LINES: Final = 3
_LONGEST: Final = 300  # columns of a line that belongs to an attribution
_ENDS: Final = (">:", "):", "]:", ">：", "写道：")
_WRAP: Final = 58  # columns; no client breaks its lines before

_WHEN: Final = re.compile(
    rf"(?<!\d)(?:19|20)\d\d(?!\d)|{TIME_OF_DAY.pattern}|(?<!\d)\d{{1,2}}[./-]\d{{1,2}}[./-]\d\d(?!\d)"
)
_ADDRESS: Final = re.compile(r"[<(\[]\s?[^\s<>@()\[\]]{1,64}@[^\s<>@()\[\]]{1,255}\.[^\s<>@()\[\]]{2,63}")

_VERB: Final = (
    r"a (?:écrit|ecrit)|wrote|has written|writes|geschreven|geschrieben|schreef|schrijft|schrieb|schreibt"
    r"|ha scritto|escribió|escreveu|napisał(?:\(a\))?|pisze|napsal(?:\(a\))?|kirjoitti|a scris|ezt írta"
    r"|έγραψε|skrev|написал|пишет|yazdı"
)
_VERB_HINTS: Final = (
    "crit", "wrote", "writ", "schreef", "schrijft", "schrieb", "schreibt", "geschr", "quoting", "citeren",
    "zitat", "escribi", "escreveu", "napis", "napsal", "pisze", "kirjoitti", "a scris", "ezt ", "skrev",
    "γραψε", "написал", "пишет", "yazd", "写道",
)  # fmt: skip
_VERB_LAST: Final = re.compile(
    rf"(?<![\w'’])(?:{_VERB})(?: het volgende| folgendes)?\s?(?P<colon>[:：]|{DASH}{{2,40}})?$", re.IGNORECASE
)
_VERB_THEN_NAME: Final = re.compile(
    rf"\b(?:schreef|schrijft|schrieb|schreibt|skrev)\b.*(?::|{DASH}{{2,40}})$", re.IGNORECASE
)
_VERB_THEN_DATE: Final = re.compile(
    rf"(?<![\w'’])(?:{_VERB})[\s(]+(?:(?:le|on|op|am|den|időpont)\b|\d).*:$", re.IGNORECASE
)
_QUOTING: Final = re.compile(r"(?:quoting|citeren|zitat von|citando) .{0,200}:$", re.IGNORECASE)
_OPENER: Final = re.compile(
    r"(?:-{2,4} ?)?(?:(?:le|on|am|op|el|il|em|den|dne|at|w dniu|în|στις|в)\b"
    r"|(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun|mar|mer|jeu|ven|sam|dim"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tue|wed|thu|fri|sat|sun"
    r"|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag"
    r"|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag)\b|\d{1,4}[./-]\d|在"
    r"|dans un e-?mail daté du|in a message dated|in een bericht met de datum|in einer nachricht vom)",
    re.IGNORECASE,
)
_SENTENCE_END: Final = re.compile(r"[:!?]$|[^\W\d_]{4,}\.$")
_INSIDE: Final = re.compile(r"[.!?]\s+(?=(?:Le|On|Op|Am) \S)")

# Words before a name that no client writes: "le directeur a écrit", "schreef ik", "our supplier wrote".
_PROSE: Final = re.compile(
    r"\b(?:mon|ma(?! \d)|mes|ton|ta|tes|son|sa|ses|notre|nos|votre|vos|leurs?|une?|ils?|elles?|qui|que|je|tu"
    r"|nous|vous|ce|cette|ces|lui|ça"
    r"|mijn|onze?|uw|jouw|zijn|haar|een|ik|jij|u|hij|zij|ze|we|wij|men|wie"
    r"|my|our|your|his|her|their|an|the|I|he|she|you|they|who"
    r"|mein\w*|unser\w*|ihr\w*|sein\w*|ein\w*|ich|er|sie|wir)\b"
    r"|\bl['’](?=[a-zà-ÿ])|\b(?:le|la|les) (?=[a-zà-ÿ])|(?<!v[ao]n )\b(?:der|die|das) (?=[A-ZÄÖÜ])"
    r"|\b(?:heeft|schreef|schrijft) (?:de|het) (?!volgende)(?=[a-z])"
)
_PROSE_FIRST: Final = re.compile(
    r"(?:on|ils?|elles?|je|vous|nous|qui|le|la|les|mon|ma|mes|votre|vos|notre|nos"
    r"|u|ik|wij|zij?|ze|hij|jij|wie|de|het|mijn|onze?|uw|he|she|you|we|i|they|who|the|my|our"
    r"|sie|er|ich|wir|wer|der|die|das|mein\w*|unser\w*|ihre?)\b",
    re.IGNORECASE,
)
_SMALL_WORD: Final = re.compile(r"(?<![\w@.-])[a-zà-ÿ]{2,}\d*(?![\w@-])")
#: Words of small letters that clients, not people, put beside a name.
_CLIENT_WORDS: Final = frozenset(
    "lundi lun mardi mar mercredi mer jeudi jeu vendredi ven samedi sam dimanche dim "
    "maandag ma dinsdag di woensdag wo donderdag do vrijdag vr zaterdag za zondag zo "
    "janvier janv jan février févr fév mars avril avr mai juin juillet juil août septembre sept sep octobre "
    "oct novembre nov décembre déc dec januari februari feb maart mrt april apr mei juni jun juli jul "
    "augustus aug september oktober okt november december "
    "le er écrit ecrit daté dans un op om heeft het volgende geschreven schreef schrijft bericht datum met "
    "am um schrieb schreibt hat folgendes geschrieben dem vom at on wrote has written writes message "
    "dated via par pm st nd rd th utc de du des van der den von zu la les el al ben bin da dos et en und and "
    "of ter ten te".split()
)


def may_hold_attribution(text: str, lowered: str) -> bool:
    """Whether it is worth looking for attributions in ``text``."""
    return ">:" in text or "):" in text or "]:" in text or any(word in lowered for word in _VERB_HINTS)


def may_end_attribution(line: str) -> bool:
    """Whether an attribution can end with this line; most lines are told apart here."""
    if len(line) > _LONGEST:
        return False
    tail = line.rstrip(" >*_|")
    return tail.endswith((":", "：", "--", "‐‐")) or ("<" in tail and _VERB_LAST.search(tail) is not None)


def attribution(plain: Sequence[str], last: int, *, quotes: bool) -> int:
    """The first line of the attribution that ends on line ``last``, or -1.

    ``quotes``: quoted lines follow it. No line of it is blank. When a sentence stands before it on its first
    line the answer is the line after that one: the sentence is a person's.
    """
    joined = ""
    for first in range(last, max(-1, last - MAX_LINES), -1):
        line = _bare(plain[first])
        if first < last and (not _goes_on(line) or _is_quoted(plain[first]) != _is_quoted(plain[last])):
            break
        joined = f"{line} {joined}" if joined else line
        if _is_dated(line, joined, quotes) or (quotes and first < last and _is_sender_wrapped(line, joined)):
            return first
        for inside in _INSIDE.finditer(line):
            if _is_dated(line[inside.end() :], joined[inside.end() :], quotes):
                return first + 1
    line = _bare(plain[last])
    return last if _is_sender_first(line, quotes) else -1


def _goes_on(line: str) -> bool:
    """Whether a line can be continued by the next: it is no end of a sentence."""
    return 0 < len(line) <= _LONGEST and not _SENTENCE_END.search(line)


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")


def _bare(line: str) -> str:
    return line.strip(" >*_|")


def _is_dated(first_line: str, joined: str, quotes: bool) -> bool:
    """A date, then a verb with a name on either side of it."""
    if not (_OPENER.match(first_line) and _WHEN.search(first_line)):
        return False
    verb = _VERB_LAST.search(joined)
    if verb is None and not _VERB_THEN_NAME.search(joined):
        return False
    if verb is not None and not verb["colon"] and "<" not in joined:
        return False
    named, bracket, address = _OPENER.sub("", joined, count=1).partition("<")
    if bracket and "@" in address:  # nobody writes that by hand; but lines of a person may stand above it
        return joined == first_line or _is_wrap(first_line, joined) or _unknown_words(named) < 2
    return not _PROSE.search(named) and (quotes or not _unknown_words(named))


def _is_sender_first(line: str, quotes: bool) -> bool:
    """The sender before the verb and the date, or without either when quoted lines follow."""
    addressed = _ADDRESS.search(line) is not None
    verb = _VERB_LAST.search(line) is not None
    if addressed and quotes:
        if line[0] not in "<(" and (verb or _QUOTING.match(line)):
            return True
        if line.endswith(_ENDS) and TIME_OF_DAY.search(line):  # whatever the language
            return True
    if not (_WHEN.search(line) and (_VERB_THEN_DATE.search(line) or (verb and (addressed or quotes)))):
        return False
    if addressed:
        return True
    return not (_PROSE_FIRST.match(line) or _PROSE.search(line)) and (quotes or not _unknown_words(line))


def _is_sender_wrapped(first_line: str, joined: str) -> bool:
    """The sender first, on more than one line: an address must begin on the first."""
    if "<" not in first_line or not (_WHEN.search(joined) and _ADDRESS.search(joined)):
        return False
    known = joined.endswith(">:") or _VERB_THEN_DATE.search(joined) or _VERB_LAST.search(joined)
    return bool(known) and _unknown_words(joined) < 2


def _is_wrap(first_line: str, joined: str) -> bool:
    """Whether a program broke the line here: with the next word it would have been too long."""
    return len(first_line) + len(joined[len(first_line) :].split(maxsplit=1)[0]) >= _WRAP


def _unknown_words(named: str) -> int:
    """How many words of small letters stand here that no client writes; few names have any."""
    return sum(word not in _CLIENT_WORDS for word in _SMALL_WORD.findall(named))
