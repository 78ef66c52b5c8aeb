"""What the person newly wrote: a reply without the mail it answers, client taglines and signature.

Works on text; ``html`` has left out what clients mark by structure, and ``separators``, ``attributions``
and ``phrases`` know what they write. A line scanner, linear in its input. Total. Losing a word the person
wrote is the grave error, leaving quoted words in the small one: every rule wants positive evidence, a mail
that answers nothing keeps whatever it quotes, and the new text is never empty when the mail had text.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from parsers import attributions, phrases, separators
from parsers.subject import is_forward_prefix

MAX_LINES: Final = 5_000  # lines that are looked at; what follows is kept
MAX_LINE: Final = 1_000  # characters of a line that patterns see
SIGNATURE_LINES: Final = 15
MAX_QUESTION: Final = 12  # quoted lines that still read as the question of the answer below
ANNOUNCEMENT: Final = 30  # lines above a quotation in which a person says that the answers stand in it

#: Our own separator line at the top of each notification, by language.
SEPARATORS: Final = {
    "fr": "##- Répondez au-dessus de cette ligne -##",
    "nl": "##- Antwoord boven deze regel -##",
    "de": "##- Bitte antworten Sie oberhalb dieser Zeile -##",
    "en": "##- Please reply above this line -##",
}
#: What ``html`` writes in front of a line that stands indented, and in the place of a quotation it left out.
INDENTED: Final = "\ue000"
LEFT_OUT: Final = ">\ue000"

_TOKEN: Final = re.compile(r"##-[^#\n]{5,150}-##[\s>*]{1,20}\(m:([A-Za-z0-9._~=-]{1,200})\)")
_DASHES: Final = re.compile(r"--[ \t\u00a0]?$")
_STROKES: Final = f" \n-–—_=*~>.{INDENTED}"  # what draws a line or marks one, and says nothing
_BLANKISH: Final = (
    ("\u00a0", " "), ("\u202f", " "), ("\u2007", " "), ("\u200b", ""), ("\ufeff", ""), ("\u200e", ""),
    ("\u200f", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The new text, and whether the mail hands on another person's mail."""

    text: str
    is_forward: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scan:
    """A text cut into lines and what stands in it, each looked for once."""

    lines: list[str]
    plain: list[str]
    indented: frozenset[int]
    attributions: dict[int, int]  # first line of an attribution -> the line after it
    cuts: AbstractSet[int]  # lines that begin an answered mail; on a ">" line they speak for its block only
    forward: int  # the line of a forward separator, -1 when there is none
    marker: int  # the line of a separator "reply above this line", else the number of lines

    def is_quoted(self, number: int) -> bool:
        """Whether the line is marked as quoted by ``>``."""
        return self.plain[number].lstrip().startswith(">")

    def says_something(self, numbers: list[int]) -> bool:
        """Whether one of these lines holds words of a person."""
        return any(
            _is_text(line) and not phrases.is_tagline(line)
            for line in (self.plain[number] for number in numbers)
        )

    def announces_answers(self, numbers: list[int]) -> bool:
        """Whether the last of these lines say that the answers stand in what follows."""
        return any(phrases.announces_answers(self.plain[number]) for number in numbers[-ANNOUNCEMENT:])


def reply_text(text: str, subject: str = "") -> str:
    """What the person newly wrote in ``text``, an answer. Its lines are lines of ``text``, in order."""
    return read_reply(text, subject=subject).text


def read_reply(text: str, *, subject: str = "", answers: bool = True, unquoted: str | None = None) -> Reply:
    """Separate the new text from what it answers.

    ``answers``: the mail says that it is an answer; what any other mail quotes its writer put there.
    ``unquoted``: the text without what its HTML marks as quoted. A forward keeps everything: what it hands on
    is the request.
    """
    scan = _scan(text, answers)
    if _is_forward(scan, subject, unquoted or ""):
        return Reply(text=text.strip("\n"), is_forward=True)
    if unquoted is not None:
        marked = _scan(unquoted, answers)
        if _is_enough(marked):
            scan = marked
    kept = _without_quotation(scan) if answers else list(range(scan.marker))
    if len(scan.lines) > MAX_LINES and kept and kept[-1] == MAX_LINES - 1:
        kept.append(MAX_LINES)
    new = _joined(scan.lines, _without_signature(scan, kept))
    return Reply(text=new if _is_text(new) else _fallback(scan), is_forward=False)


def with_questions(text: str) -> str:
    """The new text of an answer with the quoted paragraph above each answer that stands between quotations.

    Of a quotation that is answered as a whole, from above or from below, nothing is kept.
    """
    scan = _scan(text, answers=True)
    kept = _without_signature(scan, _without_quotation(scan))
    own = [number for number in kept if scan.plain[number] and not _is_set_off(scan, number)]
    runs = [
        run for number in own if (run := _run_above(scan, number)) and not _leads_up(scan.plain, run.start)
    ]
    if not runs or (len(runs) == 1 and not scan.says_something([n for n in own if n < runs[0].start])):
        return _joined(scan.lines, kept)
    whole = {number for run in runs for number in run if scan.plain[number]}
    questions = {number for run in runs for number in _question(scan, run)}
    return _joined(scan.lines, sorted({*kept} - whole | questions))


def marker_tokens(text: str) -> tuple[str, ...]:
    """The signed tokens behind our separator lines, in order, each once: ``##- ... -## (m:TOKEN)``."""
    return tuple(dict.fromkeys(_TOKEN.findall(text))) if "##-" in text else ()


def _scan(text: str, answers: bool) -> _Scan:
    lines = text.split("\n", MAX_LINES)
    plain = [line[:MAX_LINE].rstrip() for line in plain_blanks(text).split("\n", MAX_LINES)[:MAX_LINES]]
    indented: frozenset[int] = frozenset()
    if INDENTED in text:
        indented = frozenset(number for number, line in enumerate(plain) if line.startswith(INDENTED))
        plain = [line.removeprefix(INDENTED) for line in plain]
    lowered = text.lower()
    cuts, forward = _separated(plain)
    quoted_markers, marker = _markers(plain, foreign=answers and separators.may_hold_marker(lowered))
    attributed = attributions.may_hold_attribution(text, lowered)
    return _Scan(
        lines=lines,
        plain=plain,
        indented=indented,
        attributions=_attributed(plain, indented, cuts) if attributed else {},
        cuts=cuts.keys() | quoted_markers,
        forward=forward,
        marker=marker,
    )


def _separated(plain: list[str]) -> tuple[dict[int, int], int]:
    """Where an answered mail begins, and the line after what says so; the first forward separator, or -1."""
    cuts: dict[int, int] = {}
    forward = -1
    after = 0
    for number, line in enumerate(plain):
        if not line or number < after:
            continue
        if forward < 0 and separators.is_forward_separator(line):
            forward = number
        elif below := separators.answered_mail(plain, number):
            cuts[number] = after = below
    return cuts, forward


def _attributed(plain: list[str], indented: frozenset[int], cuts: dict[int, int]) -> dict[int, int]:
    """The first line of each attribution, and the line after it."""
    found: dict[int, int] = {}
    after = 0
    for number, line in enumerate(plain):
        after = cuts.get(number, after)
        if number < after or not attributions.may_end_attribution(line):
            continue
        quotes = _quotes_follow(plain, indented, number + 1)
        first = attributions.attribution(plain, number, quotes=quotes)
        if first >= 0:
            found[first] = number + 1
    return found


def plain_blanks(text: str) -> str:
    """The text as the patterns see it: every blank a space, invisible characters gone, the same lines."""
    if not text.isascii():
        for old, new in _BLANKISH:
            if old in text:
                text = text.replace(old, new)
    return text


def _quotes_follow(plain: list[str], indented: frozenset[int], number: int) -> bool:
    number = _next_text(plain, number)
    return number < len(plain) and (number in indented or plain[number].lstrip().startswith(">"))


def _markers(plain: list[str], *, foreign: bool) -> tuple[set[int], int]:
    """Our separator where it is quoted, and the separator below which nothing is new.

    Ours, or another desk's (``foreign``); something must be written above it.
    """
    quoted: set[int] = set()
    written = False
    for number, line in enumerate(plain):
        if line.lstrip().startswith(">"):
            if separators.is_our_marker(line):
                quoted.add(number)
        elif written and (
            separators.is_our_marker(line) or (foreign and separators.is_foreign_marker(plain, number))
        ):
            return quoted, number
        else:
            written = written or bool(line)
    return quoted, len(plain)


def _is_enough(marked: _Scan) -> bool:
    """Whether what HTML leaves unquoted is the whole answer.

    It is not when it has no words, nor when it ends by saying that the answers stand in the quoted mail.
    """
    numbers = range(len(marked.plain))
    first = next((number for number in numbers if marked.lines[number] == LEFT_OUT), len(marked.plain))
    if marked.says_something(list(numbers[first:])):
        return True
    above = list(numbers[:first])
    return marked.says_something(above) and not marked.announces_answers(above)


def _is_text(text: str) -> bool:
    """Whether more than lines of dashes stands here."""
    return bool(text.strip(_STROKES))


def _joined(lines: list[str], kept: list[int]) -> str:
    out: list[str] = []
    for number in kept:
        line = lines[number].rstrip()
        if line == LEFT_OUT:
            continue
        if line or (out and out[-1]):
            out.append(line.removeprefix(INDENTED))
    return "\n".join(out).rstrip("\n")


def _fallback(scan: _Scan) -> str:
    """Never empty: the unquoted lines, else everything."""
    unquoted = [
        number
        for number, line in enumerate(scan.plain)
        if not scan.is_quoted(number)
        and number not in scan.attributions
        and not separators.is_our_marker(line)
    ]
    new = _joined(scan.lines, unquoted)
    return new if _is_text(new) else _joined(scan.lines, list(range(len(scan.lines))))


def _is_forward(scan: _Scan, subject: str, unquoted: str) -> bool:
    """A forward separator before any sign of an answer, or a subject that says so and something quoted."""
    first = min([*scan.cuts, *scan.attributions], default=len(scan.plain))
    if 0 <= scan.forward < first:
        return True
    if not is_forward_prefix(subject):
        return False
    return first < len(scan.plain) or LEFT_OUT in unquoted or any(map(scan.is_quoted, range(len(scan.plain))))


def _without_quotation(scan: _Scan) -> list[int]:
    """The numbers of the lines that are not the answered mail."""
    end = scan.marker
    number = 0
    kept: list[int] = []
    while number < end:
        if number in scan.attributions:
            return kept + _behind_attribution(scan, scan.attributions[number], end, kept)
        if scan.is_quoted(number):
            stop, quotes = _quoted_block(scan, number, end)
            kept += [] if quotes else range(number, stop)
            number = stop
            continue
        if number in scan.cuts and scan.says_something(kept):
            answered_inside = scan.announces_answers(kept)
            return [*kept, *range(number, end)] if answered_inside else _without_rule(scan.plain, kept)
        kept.append(number)
        number += 1
    return kept if end == len(scan.plain) else _without_rule(scan.plain, kept)


def _without_rule(plain: list[str], kept: list[int]) -> list[int]:
    """The lines above an answered mail without the line of dashes that some clients draw between."""
    end = len(kept)
    while end and not plain[kept[end - 1]].strip(_STROKES):
        end -= 1
    return kept[:end]


def _behind_attribution(scan: _Scan, start: int, end: int, kept: list[int]) -> list[int]:
    """What to keep of the lines after an attribution: answers between or below the quoted lines.

    ``kept``: the lines above it.
    """
    first = _next_text(scan.plain, start)
    above = scan.says_something(kept)
    everything = list(range(start, end))
    if not (first < end and _is_set_off(scan, first)):
        return [] if above and not scan.announces_answers(kept) else everything
    unquoted = _unquoted(scan, first, end)
    unquoted = sorted({*unquoted, *_own_excerpts(scan, unquoted)})
    answers = [number for number in _without_signature(scan, kept + unquoted) if number >= first]
    if not scan.says_something(answers):
        return everything if scan.announces_answers(kept) else unquoted
    if not above:
        return unquoted
    # Answers below a question mean little without it; a long quotation is no question.
    return sorted({*unquoted, *_questions(scan, first, answers[-1])})


def _unquoted(scan: _Scan, first: int, end: int) -> list[int]:
    """The lines between and below quotations, up to where another mail begins.

    A second attribution begins none when quoted lines follow that one, too.
    """
    unquoted: list[int] = []
    number = first
    while number < end and not (number in scan.cuts and not scan.is_quoted(number)):
        after = scan.attributions.get(number)
        if after is not None and not scan.is_quoted(number):
            below = _next_text(scan.plain, after)
            if below >= end or not _is_set_off(scan, below):
                break
            number = below
        elif not _is_set_off(scan, number):
            unquoted.append(number)
        number += 1
    return unquoted


def _own_excerpts(scan: _Scan, unquoted: list[int]) -> list[int]:
    """The quoted lines below an attribution that the person's own words lead up to."""
    out: list[int] = []
    for number in unquoted:
        if scan.plain[number].endswith(":") and number not in scan.attributions:
            out += _paragraph(scan, _next_text(scan.plain, number + 1))
    return out


def _paragraph(scan: _Scan, number: int) -> range:
    """The ``>`` lines from line ``number`` on, up to the first other line."""
    stop = number
    while stop < len(scan.plain) and scan.is_quoted(stop):
        stop += 1
    return range(number, stop)


def _next_text(plain: list[str], number: int) -> int:
    while number < len(plain) and not plain[number]:
        number += 1
    return number


def _is_set_off(scan: _Scan, number: int) -> bool:
    """Whether a line below an attribution is quoted; clients that do not say so indent it."""
    return scan.is_quoted(number) or number in scan.indented


def _questions(scan: _Scan, first: int, last: int) -> list[int]:
    """The quoted lines between two line numbers, those in runs too long to be a question left out."""
    out: list[int] = []
    run: list[int] = []
    for number in range(first, last):
        if _is_set_off(scan, number):
            run.append(number)
        elif scan.plain[number]:
            out += run if len(run) <= MAX_QUESTION else []
            run = []
    return out + (run if len(run) <= MAX_QUESTION else [])


def _run_above(scan: _Scan, number: int) -> range:
    """The quoted lines right above line ``number``, blanks between and below them included."""
    first = number
    while first and (not scan.plain[first - 1] or _is_set_off(scan, first - 1)):
        first -= 1
    return range(_next_text(scan.plain, first), number)


def _question(scan: _Scan, run: range) -> list[int]:
    """The last paragraph of a run of quoted lines: what the answer below it answers."""
    out: list[int] = []
    for number in reversed(run):
        line = scan.plain[number]
        says = _is_text(line) and not separators.is_our_marker(line)
        if says and number not in scan.cuts and number not in scan.attributions:
            out.append(number)
        elif out:
            break
    return out[:MAX_QUESTION][::-1]


def _quoted_block(scan: _Scan, number: int, end: int) -> tuple[int, bool]:
    """The line after a run of ``>`` lines, and whether the run quotes the answered mail.

    It does when an attribution, header or separator stands in it, when HTML marks it, or when it closes the
    answer; else it is the person's own, a log perhaps, and so is what a sentence leads up to.
    """
    stop = number
    if _leads_up(scan.plain, number):
        while stop < end and scan.is_quoted(stop) and not _has_evidence(scan, own := _paragraph(scan, stop)):
            stop = _next_text(scan.plain, own.stop)
        if stop > number:
            return stop, False
    while stop < end and (scan.is_quoted(stop) or not scan.plain[stop]):
        stop += 1
    return stop, _has_evidence(scan, range(number, stop)) or (stop >= end and number > 0)


def _has_evidence(scan: _Scan, block: range) -> bool:
    """Whether the first lines of a block say whose words it quotes."""
    return any(
        number in scan.attributions or number in scan.cuts or scan.lines[number] == LEFT_OUT
        for number in block[:12]
    )


def _leads_up(plain: list[str], number: int) -> bool:
    """Whether the text above line ``number`` introduces it with a colon, as only a person would."""
    above = number - 1
    while above > 0 and not plain[above]:
        above -= 1
    line = plain[above]
    return line.endswith(":") and "@" not in line and not any(character.isdigit() for character in line)


def _without_signature(scan: _Scan, kept: list[int]) -> list[int]:
    """Cut at "-- " near the end, then drop client taglines and blank lines at the end."""
    plain = scan.plain
    kept = _trimmed(plain, kept)
    for position in range(max(1, len(kept) - SIGNATURE_LINES), len(kept)):
        if _begins_signature(scan, kept, position):
            kept = kept[:position]
            break
    kept = _trimmed(plain, kept)
    for position in range(len(kept) - 1, max(-1, len(kept) - 6), -1):
        if phrases.is_tagline(_line(plain, kept[position])) and any(_line(plain, n) for n in kept[:position]):
            kept = kept[:position] + kept[position + 1 :]
    return _trimmed(plain, kept)


def _begins_signature(scan: _Scan, kept: list[int], position: int) -> bool:
    """Dashes and a blank are the mark of RFC 3676 4.3; bare dashes may also part two paragraphs.

    A quotation that was kept is no part of a signature.
    """
    block = kept[position:]
    above = kept[max(0, len(kept) - SIGNATURE_LINES) : position]
    first, *below = (_line(scan.plain, number) for number in block)
    if not _DASHES.match(first) or not any(_line(scan.plain, number) for number in kept[:position]):
        return False
    if any(number in scan.cuts or number in scan.attributions for number in block):
        return False
    if any(line.startswith(">") for line in below):
        return False
    if scan.lines[block[0]].rstrip("\r") == "-- ":
        return True
    if any(_DASHES.match(line) for line in (*below, *(_line(scan.plain, number) for number in above))):
        return False
    said = [line for line in below if line]
    return len(said) <= 10 and not any(len(line) > 100 or line.endswith("?") for line in said)


def _line(plain: list[str], number: int) -> str:
    """Line ``number``; what stands behind the last scanned line counts as text."""
    return plain[number] if number < len(plain) else "…"


def _trimmed(plain: list[str], kept: list[int]) -> list[int]:
    end = len(kept)
    while end and not _line(plain, kept[end - 1]).strip(" >"):
        end -= 1
    return kept[:end]
