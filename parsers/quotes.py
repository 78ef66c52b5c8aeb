"""What the person newly wrote: a reply without the mail it answers, client taglines and signature.

Works on text; ``html`` has left out what clients mark by structure. A line scanner with anchored patterns,
linear in its input. Total. Losing a word the person wrote is the grave error, leaving quoted words in the
small one: every rule wants positive evidence, and the answer is never empty when the mail had text.
"""

import re
from dataclasses import dataclass
from typing import Final

from parsers.subject import is_forward_prefix

MAX_LINES: Final = 5_000  # lines that are looked at; what follows is kept
MAX_LINE: Final = 1_000  # characters of a line that patterns see
SIGNATURE_LINES: Final = 15
MAX_QUESTION: Final = 12  # quoted lines that still read as the question of the answer below

#: Our own separator line at the top of each notification, by language.
SEPARATORS: Final = {
    "fr": "##- Répondez au-dessus de cette ligne -##",
    "nl": "##- Antwoord boven deze regel -##",
    "de": "##- Bitte antworten Sie oberhalb dieser Zeile -##",
    "en": "##- Please reply above this line -##",
}

_MARKER: Final = re.compile(r"[>\s*|]*##-\s?[^#]{5,150}\s?-##")
_TOKEN: Final = re.compile(r"##-[^#\n]{5,150}-##[\s>*]{1,20}\(m:([A-Za-z0-9._~=-]{1,200})\)")

_FROM: Final = "de|from|von|van|da|expéditeur|afzender|absender|od|от"
_TO: Final = "à|a|to|an|aan|pour|destinataires?|ontvanger|empfänger|para|кому|risposta"
_CC: Final = "cc|copie à|kopie|copie|bcc|cci|kopie an|reply-to|répondre à|importance|priorité|belang"
_DATE: Final = (
    "envoyé|envoyé le|envoyée?|date|sent|date sent|verzonden|datum|gesendet|gesendet am|verstuurd|le|data"
    "|inviato|fecha|enviado|дата|отправлено"
)
_SUBJECT: Final = "objet|sujet|subject|onderwerp|betreff|betreft|asunto|oggetto|тема|assunto"
_LABEL: Final = re.compile(
    rf"[\s>*_|]*(?:(?P<from>{_FROM})|(?P<to>{_TO})|(?P<cc>{_CC})|(?P<date>{_DATE})|(?P<subject>{_SUBJECT}))"
    r"[\s*_]{0,4}:[\s*_]*(?P<value>.*)",
    re.IGNORECASE,
)
_WHEN: Final = re.compile(r"\b(?:19|20)\d\d\b|\d{1,2}\s?[:hu.]\s?\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2}\b")
_ADDRESS: Final = re.compile(r"[^\s<>@]{1,64}@[^\s<>@]{1,255}")

_ORIGINAL: Final = re.compile(
    r"[\s>*_]*-{2,}\s*(?:message d['’]origine|message original|original message|original appointment"
    r"|originele? bericht"
    r"|oorspronkelijk bericht|ursprüngliche nachricht|originalnachricht|urspr\. nachricht|courriel original"
    r"|reply message|mail original|original-?nachricht|e-?mail d['’]origine|rendez-vous d['’]origine"
    r"|исходное сообщение|mensaje original|messaggio originale)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(
    r"[\s>*_]*(?:-{2,}\s*(?:forwarded message|message transféré|message suivi|doorgestuurd bericht"
    r"|weitergeleitete nachricht|forwarded by|transféré par|doorgestuurd door|weitergeleitet von"
    r"|forwarded mail|message réexpédié|courriel transféré)\b[^\n]{0,200}"
    r"|begin forwarded message\s*:|début du message (?:transféré|réexpédié)\s*:"
    r"|begin doorgestuurd bericht\s*:"
    r"|anfang der weitergeleiteten nachricht\s*:|start of forwarded message)[\s*_]*$",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"[\s>*]*_{20,}\s*$")
_PHRASE: Final = re.compile(
    r"(?<!m['’])(?<!t['’])(?<!l['’])(?<!nous )(?<!vous )(?<!lui )(?<!leur )\ba (?:écrit|ecrit)\b"
    r"|\bwrote\b|\bwrites\b|\bschreef\b|\bschrieb\b|\bgeschreven\b|\bgeschrieben\b|\bha scritto\b"
    r"|\bescribió\b"
    r"|\bhas written\b|\bquoting\b|\bskrev\b|\bnapisał\b|\bнаписал|\bпишет\b|写道",
    re.IGNORECASE,
)
_PHRASE_WORDS: Final = (
    "crit", "wrote", "writes", "schreef", "schrieb", "geschr", "has written", "quoting", "scritto", "escribi",
    "skrev", "napisa", "написал", "пишет", "写道",
)  # fmt: skip
_DIGIT: Final = re.compile(r"\d")
_ABBREVIATION: Final = re.compile(r"\b\w{1,5}\.$")
# "2016-10-24 15:36 GMT+02:00 X <x@y>:" needs no verb.
_DATED_SENDER: Final = re.compile(
    r"(?=\S{0,30} ?\d)[^<>]{0,100}\d{1,2}:\d\d[^<>]{0,120}< ?[^<>\s]{1,64}@[^<>\s]{1,255}>:$"
)
_DATED_OPENER: Final = re.compile(
    r"[\s>*_-]*(?:(?:le|on|am|op|el|il|den|dne|w dniu|в)\b"
    r"|(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun|mar|mer|jeu|ven|sam|dim|monday|tuesday|wednesday"
    r"|thursday|friday|saturday|sunday|mon|tue|wed|thu|fri|sat|sun|montag|dienstag|mittwoch|donnerstag|freitag"
    r"|samstag|sonntag|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag)\b|\d{1,4}[./-]\d|在)",
    re.IGNORECASE,
)
# A verb of sending is a tagline only beside the name of a device or program: people write "envoyé hier".
_DEVICE: Final = (
    r"[^\n,;!?]{0,60}(?:iphone|ipad|ipod|galaxy|samsung|huawei|xiaomi|redmi|oppo|honor|pixel|nokia|android"
    r"|smartphone|t[ée]l[ée]phone|telefon|telefoon|portable|gsm|mobile?\b|mobiel|handy|tablet|outlook|yahoo"
    r"|proton|gmx|k-9|bluemail|blackberry|windows|appareil|device|toestel|gerät|app\b|webmail"
    r"|(?:mail|courrier) (?:pour|for|voor|für))"
)
_TAGLINE: Final = re.compile(
    rf"[\s>*_]*(?:(?:envoyé|sent|verstuurd|verzonden|gesendet|von|diese nachricht wurde|sendt|skickat"
    rf"|enviado|inviato|cet e-?mail a été envoyé|mit der)\b{_DEVICE}"
    r"|télécharge[rz] .{2,30} pour (?:ios|android)|obten(?:ez|ir) .{2,30} pour (?:ios|android)"
    r"|get .{2,30} for (?:ios|android)|download outlook|outlook downloaden|laden sie outlook"
    r"|holen sie sich outlook|haal outlook|outlook (?:pour|for|für|voor) (?:ios|android)"
    r"|provenance\s?: (?:courrier|mail)|garanti sans virus|virus-?free|sans virus\. ?www|virusvrij|virenfrei"
    r"|yahoo mail(?: pour| for|:))",
    re.IGNORECASE,
)
_SIGNATURE: Final = re.compile(r"--[ \t\u00a0]?$")
_BLANKISH: Final = (
    ("\u00a0", " "), ("\u202f", " "), ("\u2007", " "), ("\u200b", ""), ("\ufeff", ""), ("\u200e", ""),
    ("\u200f", ""),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The new text, and whether the mail hands on another person's mail."""

    text: str
    is_forward: bool


@dataclass(frozen=True, slots=True)
class _Scan:
    """A text cut into lines and what the patterns found in it, each looked for once."""

    lines: list[str]
    plain: list[str]
    attributions: dict[int, int]  # first line of an attribution -> the line after it
    cuts: frozenset[int]  # lines from which on everything is an answered mail
    forward: int  # the line of a forward separator, -1 when there is none


def reply_text(text: str, subject: str = "") -> str:
    """What the person newly wrote in ``text``. Its lines are lines of ``text``, in order."""
    return read_reply(text, subject=subject).text


def read_reply(text: str, *, subject: str = "", answers: bool = False, unquoted: str | None = None) -> Reply:
    """Separate the new text from what it answers.

    ``answers``: the mail names the mail it replies to. ``unquoted``: the text without what its HTML marks as
    quoted. A forward keeps everything: what it hands on is the request.
    """
    scan = _scan(text)
    if _is_forward(scan, subject):
        return Reply(text=text.strip("\n"), is_forward=True)
    if unquoted is not None and unquoted.strip():
        scan = _scan(unquoted)
    kept = _without_quotation(scan, answers)
    if len(scan.lines) > MAX_LINES and kept and kept[-1] == MAX_LINES - 1:
        kept.append(MAX_LINES)
    new = _joined(scan.lines, _without_signature(scan, kept))
    return Reply(text=new if new.strip() else _fallback(scan), is_forward=False)


def marker_tokens(text: str) -> tuple[str, ...]:
    """The signed tokens behind our separator lines, in order, each once: ``##- ... -## (m:TOKEN)``."""
    return tuple(dict.fromkeys(_TOKEN.findall(text))) if "##-" in text else ()


def _scan(text: str) -> _Scan:
    lines = text.split("\n", MAX_LINES)
    lowered = text.lower()
    phrased = ">:" in text or any(word in lowered for word in _PHRASE_WORDS)
    plain = [line[:MAX_LINE].rstrip() for line in _plain(text).split("\n", MAX_LINES)[:MAX_LINES]]
    attributions: dict[int, int] = {}
    cuts: list[int] = []
    forward = -1
    for number, line in enumerate(plain):
        if not line:
            continue
        if ("--" in line or ":" in line[-8:]) and forward < 0 and _FORWARDED.match(line):
            forward = number
        elif _begins_answered_mail(plain, number):
            cuts.append(number)
        elif phrased and (after := _attribution(plain, number)):
            attributions[number] = after
    return _Scan(lines, plain, attributions, frozenset(cuts), forward)


def _plain(text: str) -> str:
    """The text as the patterns see it: every blank a space, invisible characters gone, the same lines."""
    if not text.isascii():
        for old, new in _BLANKISH:
            if old in text:
                text = text.replace(old, new)
    return text


def _joined(lines: list[str], kept: list[int]) -> str:
    out: list[str] = []
    for number in kept:
        line = lines[number].rstrip()
        if line or (out and out[-1]):
            out.append(line)
    return "\n".join(out).rstrip("\n")


def _fallback(scan: _Scan) -> str:
    """Never empty: the unquoted lines, else everything."""
    unquoted = [
        number
        for number, line in enumerate(scan.plain)
        if not line.lstrip().startswith(">") and number not in scan.attributions and not _MARKER.match(line)
    ]
    return _joined(scan.lines, unquoted) or "\n".join(scan.lines).strip("\n")


def _is_forward(scan: _Scan, subject: str) -> bool:
    """A forward separator before any sign of an answer, or a subject that says so above a quoted header."""
    signs = [*scan.cuts, *scan.attributions]
    first = min(signs, default=len(scan.plain))
    if 0 <= scan.forward < first:
        return True
    return bool(signs) and is_forward_prefix(subject)


def _without_quotation(scan: _Scan, answers: bool) -> list[int]:
    """The numbers of the lines that are not the answered mail."""
    plain = scan.plain
    end = _marker(plain)
    number = 0
    kept: list[int] = []
    written = False
    while number < end:
        line = plain[number]
        if number in scan.cuts:
            if written:
                return _without_rule(plain, kept)
        elif number in scan.attributions:
            after = scan.attributions[number]
            return kept if after >= end else kept + _behind_attribution(scan, after, end, kept)
        elif line.lstrip().startswith(">"):
            stop, quotes = _quoted_block(scan, number, end, answers)
            if not quotes:
                kept.extend(range(number, stop))
                written = True
            number = stop
            continue
        kept.append(number)
        written = written or bool(line)
        number += 1
    return kept


def _without_rule(plain: list[str], kept: list[int]) -> list[int]:
    """The lines above a header block without the line of dashes that some clients draw between."""
    end = len(kept)
    while end and not plain[kept[end - 1]].strip(" *_-="):
        end -= 1
    return kept[:end]


def _marker(plain: list[str]) -> int:
    """The line of our separator, when something is written above it; else the number of lines."""
    written = False
    for number, line in enumerate(plain):
        if "##-" in line and _MARKER.match(line):
            return number if written else len(plain)
        written = written or bool(line and not line.startswith(">"))
    return len(plain)


def _begins_answered_mail(plain: list[str], number: int) -> bool:
    """Whether everything from this line on is the answered mail: a separator, or a quoted header block."""
    line = plain[number]
    if "--" in line:
        return _ORIGINAL.match(line) is not None
    if "____" in line and _RULE.match(line):
        below = number + 1
        while below < len(plain) and below < number + 4 and not plain[below]:
            below += 1
        return below < len(plain) and _header_block(plain, below)
    return ":" in line and _header_block(plain, number)


def _header_block(plain: list[str], number: int) -> bool:
    """Three different labels on consecutive lines, a From and a date or subject, with a fact in them."""
    first = _label(plain[number])
    if not first:
        return False
    labels = {first[0]}
    evidence = first[1]
    misses = 0
    for line in plain[number + 1 : number + 12]:
        found = _label(line)
        if found:
            labels.add(found[0])
            evidence = f"{evidence} {found[1]}"
            misses = 0
        elif misses:
            break
        else:
            misses += 1  # the rest of a long list of recipients, or a blank line between the labels
    enough = len(labels) >= 3 and "from" in labels and ("date" in labels or "subject" in labels)
    return enough and bool(_ADDRESS.search(evidence) or _WHEN.search(evidence))


def _label(line: str) -> tuple[str, str] | None:
    if ":" not in line[:30]:
        return None
    found = _LABEL.match(line)
    if found is None:
        return None
    name = next(name for name in ("from", "to", "cc", "date", "subject") if found[name] is not None)
    return name, found["value"]


def _attribution(plain: list[str], number: int) -> int:
    """The line after an attribution ("Le 3 nov. à 10:12, X a écrit :") that begins here, 0 when none does.

    It spans three lines at most and crosses no blank one; a phrase without time or address is not enough.
    """
    first = plain[number]
    if not (_PHRASE.search(first) or (_DATED_OPENER.match(first) and _DIGIT.search(first))):
        return 0
    joined = ""
    for last in range(number, min(number + 3, len(plain))):
        line = plain[last].strip(" >*_")
        if not line or (joined and _DATED_OPENER.match(line) and _DIGIT.search(line)):
            return 0  # the attribution begins further down, if at all
        joined = f"{joined} {line}" if joined else line
        dashed = line.endswith("--") and joined.startswith("--")
        if (dashed or joined.endswith((":", "："))) and (
            _PHRASE.search(joined) or _DATED_SENDER.match(joined)
        ):
            proven = _WHEN.search(joined) or _ADDRESS.search(joined)
            return last + 1 if proven and len(joined) <= 600 else 0
        if line.endswith((".", "!", "?")) and not _ABBREVIATION.search(line):
            return 0
    return 0


def _behind_attribution(scan: _Scan, start: int, end: int, kept: list[int]) -> list[int]:
    """What to keep of the lines after an attribution: answers between or below the quoted lines.

    ``kept``: the lines above it.
    """
    above = any(scan.plain[number] for number in kept)
    first = start
    while first < end and not scan.plain[first]:
        first += 1
    if first >= end:
        return []
    if not scan.plain[first].lstrip().startswith(">"):
        return [] if above else list(range(start, end))
    last = first
    while (
        last < end and last not in scan.cuts and (last not in scan.attributions or scan.plain[last][0] == ">")
    ):
        last += 1
    unquoted = [n for n in range(first, last) if not scan.plain[n].lstrip().startswith(">")]
    answers = [number for number in _without_signature(scan, kept + unquoted) if number >= first]
    if not above or not any(scan.plain[number] for number in answers):
        return unquoted
    # Answers below a question mean little without it; a long quotation is no question.
    return sorted({*unquoted, *_questions(scan.plain, first, answers[-1])})


def _questions(plain: list[str], first: int, last: int) -> list[int]:
    """The quoted lines between two line numbers, those in runs too long to be a question left out."""
    out: list[int] = []
    run: list[int] = []
    for number in range(first, last):
        if plain[number].lstrip().startswith(">"):
            run.append(number)
        elif plain[number]:
            out += run if len(run) <= MAX_QUESTION else []
            run = []
    return out + (run if len(run) <= MAX_QUESTION else [])


def _quoted_block(scan: _Scan, number: int, end: int, answers: bool) -> tuple[int, bool]:
    """The line after a run of ``>`` lines, and whether the run quotes the answered mail.

    It does when an attribution or header block stands in it, or when it closes an answer; else it is the
    person's own, a log perhaps.
    """
    stop = number
    while stop < end and (scan.plain[stop].lstrip().startswith(">") or not scan.plain[stop]):
        stop += 1
    beginning = range(number, min(stop, number + 12))
    if any(one in scan.attributions or one in scan.cuts for one in beginning):
        return stop, True
    return stop, stop >= end and answers and number > 0


def _without_signature(scan: _Scan, kept: list[int]) -> list[int]:
    """Cut at "-- " near the end, then drop client taglines and blank lines at the end."""
    plain = scan.plain
    kept = _trimmed(plain, kept)
    for position in range(max(1, len(kept) - SIGNATURE_LINES), len(kept)):
        if _SIGNATURE.match(_line(plain, kept[position])) and any(_line(plain, n) for n in kept[:position]):
            if _is_signature(scan, kept[position:]):
                kept = kept[:position]
            break
    kept = _trimmed(plain, kept)
    for position in range(len(kept) - 1, max(-1, len(kept) - 6), -1):
        line = _line(plain, kept[position])
        if len(line) <= 160 and _TAGLINE.match(line) and any(_line(plain, n) for n in kept[:position]):
            kept = kept[:position] + kept[position + 1 :]
    return _trimmed(plain, kept)


def _is_signature(scan: _Scan, block: list[int]) -> bool:
    """Dashes and a blank are the mark of RFC 3676 4.3; bare dashes may also part two paragraphs."""
    if scan.lines[block[0]].rstrip("\r") == "-- ":
        return True
    below = [line for number in block[1:] if (line := _line(scan.plain, number))]
    return len(below) <= 10 and not any(len(line) > 100 or line.endswith("?") for line in below)


def _line(plain: list[str], number: int) -> str:
    """Line ``number``; what stands behind the last scanned line counts as text."""
    return plain[number] if number < len(plain) else "…"


def _trimmed(plain: list[str], kept: list[int]) -> list[int]:
    end = len(kept)
    while end and not _line(plain, kept[end - 1]).strip(" >"):
        end -= 1
    return kept[:end]
