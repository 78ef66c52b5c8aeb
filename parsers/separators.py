"""Lines below which another mail stands: quoted headers, what clients and desks write to part mails.

``quotes`` asks here about lines and keeps or drops them. French, Dutch, German and English, and what a few
more languages write most. Total and linear: patterns are anchored and see lines of bounded length.
"""

import re
from collections.abc import Sequence
from typing import Final

TIME_OF_DAY: Final = re.compile(r"(?<!\d)\d{1,2}\s?[:hu.]\s?\d\d(?!\d)")
DASH: Final = r"[-‐-―]"  # every dash of Unicode's first row of them

_FROM: Final = "de|from|von|van|da|fra|från|od|от|expéditeur|afzender|absender"
_TO: Final = "à|a|to|an|aan|pour|til|till|do|para|кому|destinataires?|ontvangers?|empfänger"
_CC: Final = (
    "cc|copie à|kopie|copie|bcc|cci|kopie an|reply-to|répondre à|risposta|antwort an|antwoord aan|importance"
    "|priorité|prioriteit|priorität|belang|wichtigkeit|urgentie"
)
_SENT: Final = (
    "envoyée?|envoyé le|date d['’]envoi|sent|sent on|date sent|verzonden|verzonden op|verzenddatum|verstuurd"
    "|gesendet|gesendet am|inviato|enviado|sendt|skickat|wysłano|отправлено"
)
_DATE: Final = "date|datum|le|data|fecha|дата"
_SUBJECT: Final = (
    "objet|sujet|subject|onderwerp|betreff|betreft|thema|asunto|oggetto|assunto|emne|ämne|temat|тема"
)
_LABEL: Final = re.compile(
    rf"[\s>*_|]*(?:(?P<from>{_FROM})|(?P<to>{_TO})|(?P<cc>{_CC})|(?P<sent>{_SENT})|(?P<date>{_DATE})"
    rf"|(?P<subject>{_SUBJECT}))[\s*_]{{0,4}}:[\s*_]*(?P<value>.*)",
    re.IGNORECASE,
)
_HEADER_LINES: Final = 30

_ORIGINAL: Final = re.compile(
    rf"[\s>*_]*{DASH}{{2,40}}\s*(?:"
    r"(?:message|mail|courriel|e-?mail|rendez-vous) (?:d['’]origine|original|initial)"
    r"|original (?:message|appointment|e-?mail)|reply message|origine(?:el|le) (?:bericht|e-?mail)"
    r"|oorspronkelijke? (?:bericht|e-?mail)|(?:ursprüngliche|urspr\.|original)[- ]?(?:nachricht|e?-?mail)"
    r"|mens(?:aje|agem) original|messaggio originale|oprindelig meddelelse|ursprungligt meddelande"
    rf"|исходное сообщение)\s*{DASH}{{2,40}}\s*$",
    re.IGNORECASE,
)
_DASHED: Final = re.compile(rf"[\s>*_]*{DASH}{{3,40}}[^-]{{3,60}}{DASH}{{3,40}}\s*$")
_MESSAGE_OF: Final = re.compile(r"[\s>*]*message du \d[\d/. :à]{5,20}$", re.IGNORECASE)
_RULE: Final = re.compile(r"[\s>*]*_{20,}\s*$")
_FORWARDED: Final = re.compile(
    rf"[\s>*_]*(?:{DASH}{{2,40}}\s*(?:forwarded (?:message|mail|e-?mail|by)"
    r"|(?:message|mail|courriel|e-?mail) (?:transféré|réexpédié|réacheminé|suivi)"
    r"|(?:transféré|réexpédié|réacheminé|suivi) par|doorgestuurd(?:e? bericht|e? e?-?mail| door)"
    r"|weitergeleitet(?:e nachricht|e e?-?mail| von))\b[^\n]{0,200}"
    r"|begin forwarded message\s*:|début du (?:message|courriel) (?:transféré|réexpédié)\s*:"
    r"|begin doorgestuurd bericht\s*:|anfang der weitergeleiteten (?:nachricht|e-?mail)\s*:"
    r"|start of forwarded message|(?:forwarded message|message transféré|doorgestuurd bericht"
    r"|weitergeleitete nachricht)\s?:)[\s*_]*$",
    re.IGNORECASE,
)

_OUR_MARKER: Final = re.compile(r"[>\s*|]*##-\s?[^#]{5,150}\s?-##")
_MARKER_WORDS: Final = (
    "above this line", "au-dessus de cette ligne", "au dessus de cette ligne", "boven deze regel",
    "boven deze lijn", "oberhalb dieser zeile", "oberhalb dieser linie", "über dieser zeile",
    "über dieser linie",
)  # fmt: skip
_STROKES: Final = "-#=~_‐-―"
_FOREIGN_MARKER: Final = re.compile(
    rf"[\s>*|]*(?P<left>[{_STROKES}\s]{{0,20}})[^{_STROKES}][^#]{{3,150}}?(?:{'|'.join(_MARKER_WORDS)})"
    rf"[^{_STROKES}\n]{{0,60}}(?P<right>[{_STROKES}\s]{{0,20}})$",
    re.IGNORECASE,
)
_STROKE_LINE: Final = re.compile(rf"[{_STROKES}\s]{{5,40}}$")


def answered_mail(plain: Sequence[str], number: int) -> int:
    """When everything from line ``number`` on is the answered mail, the line after what says so, else 0.

    A separator says so, or the header of a quoted mail, or both.
    """
    line = plain[number]
    if "--" in line or "‐‐" in line:
        if _ORIGINAL.match(line):
            return _header_below(plain, number) or number + 1
        return _header_below(plain, number) if _DASHED.match(line) else 0
    if ("____" in line and _RULE.match(line)) or ("essage du " in line and _MESSAGE_OF.match(line)):
        return _header_below(plain, number)
    return header_block(plain, number) if ":" in line else 0


def _header_below(plain: Sequence[str], number: int) -> int:
    below = number + 1
    while below < len(plain) and below < number + 4 and not plain[below]:
        below += 1
    return header_block(plain, below, announced=True) if below < len(plain) else 0


def header_block(plain: Sequence[str], number: int, *, announced: bool = False) -> int:
    """The line after the header of a quoted mail that stands from line ``number`` on, 0 when none does.

    Three different labels on consecutive lines, among them a From that is no time or number, and an address
    or the moment of sending; or four with a time of day. Below a separator (``announced``) three are enough.
    All else is a form or a booking.
    """
    first = _label(plain[number])
    if first is None or first[0] == "cc":
        return 0
    values = dict([first])
    after = number + 1
    gap = 0  # lines since the last label, blank ones for half
    for position in range(after, min(len(plain), number + _HEADER_LINES)):
        line = plain[position]
        found = _label(line)
        if found is not None:
            if _is_known(found[0], values):  # the next header begins, or this one only further down
                if first[0] != "from":
                    return 0
                break
            values[found[0]] = found[1]
            after = position + 1
            gap = 0 if found[1] else -2  # a table has its values on lines of their own
        elif "@" not in line and not line.endswith((";", ",")):  # else the rest of a list of recipients
            gap += 2 if line else 1
            if gap > 2 or (line and "from" not in values):
                break
    if not _names_a_sender(values):
        return 0
    proven = announced or _is_timed(values) or any("@" in line for line in plain[number:after])
    return after if proven else 0


def header_values(plain: Sequence[str], number: int, after: int) -> tuple[dict[str, str], int]:
    """What the header between two lines says, by the names from, to, cc, sent, date, subject; where it ends.

    Args:
        after: what ``header_block`` said; in a table the value of the last label stands below it.
    """
    values: dict[str, str] = {}
    last = ""
    for line in plain[number:after]:
        found = _label(line)
        if found is not None and not _is_known(found[0], values):
            last, values[found[0]] = found
        elif last:
            values[last] = f"{values[last]} {line.strip(' >*|')}".strip()
    if last and not values[last]:
        below = next((n for n in range(after, min(len(plain), after + 3)) if plain[n].strip(" >")), after)
        if sum(1 for line in plain[number:after] if (one := _label(line)) and not one[1]) > 2 and below < len(
            plain
        ):
            values[last] = plain[below].strip(" >*|")
            after = below + 1
    return {name: value.strip(" *_") for name, value in values.items()}, after


def _is_known(label: str, values: dict[str, str]) -> bool:
    """Whether a header has such a field already; no client writes both "Sent:" and "Date:"."""
    if label in ("sent", "date"):
        return "sent" in values or "date" in values
    return label != "cc" and label in values


def _names_a_sender(values: dict[str, str]) -> bool:
    sender = values.get("from")
    if sender is None or len(values) < 3 or not values.keys() & {"sent", "date", "subject"}:
        return False
    return "@" in sender or not sender[:1].isdigit()


def _is_timed(values: dict[str, str]) -> bool:
    """A time of day behind "Sent:"; or behind "Date:", where a form may have one, and two more labels."""
    label = "sent" if "sent" in values else "date" if len(values) > 3 else ""
    return TIME_OF_DAY.search(values.get(label, "")) is not None


def _label(line: str) -> tuple[str, str] | None:
    """The name of the header field that a line begins with, and its value."""
    found = _LABEL.match(line) if ":" in line[:30] else None
    if found is None:
        return None
    name = next(name for name in ("from", "to", "cc", "sent", "date", "subject") if found[name] is not None)
    return name, found["value"]


def is_forward_separator(line: str) -> bool:
    """Whether a client says here that a forwarded mail follows."""
    return ("--" in line or ":" in line[-8:]) and _FORWARDED.match(line) is not None


def is_our_marker(line: str) -> bool:
    """Whether the line is the separator of our own notifications."""
    return "##-" in line and _OUR_MARKER.match(line) is not None


def may_hold_marker(lowered: str) -> bool:
    """Whether another desk's separator can stand in a text of lower case."""
    return any(words in lowered for words in _MARKER_WORDS)


def is_foreign_marker(plain: Sequence[str], number: int) -> bool:
    """Whether another desk's separator stands here: words between strokes, or below a line of strokes."""
    if not may_hold_marker(plain[number].lower()):
        return False
    found = _FOREIGN_MARKER.match(plain[number])
    if found is None:
        return False
    framed = len(found["left"].strip()) > 1 and len(found["right"].strip()) > 1
    return framed or (number > 0 and _STROKE_LINE.match(plain[number - 1]) is not None)
