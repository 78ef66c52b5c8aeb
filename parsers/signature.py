"""The card that people hang under their words: title, telephone, address, logo, the line of a telephone.

Used by ``answer``: the desk's own signature stands there instead. ``quotes`` cuts what is marked by "-- ";
this knows cards by what they hold. Losing a word of an answer is the grave error: a card must stand below
a closing formula or the agent's own name, every line of it must read as one, and the name stays. Total and
linear; patterns see lines of bounded length.
"""

import re
from collections.abc import Sequence
from typing import Final

from parsers import phrases, quotes
from parsers.folding import folded, table

LINES: Final = 25  # at the end of a text, in which a card may stand
LONGEST: Final = 160  # characters of a line of a card

_CLOSING: Final = table(
    # French
    r"(?:(?:bien|tres|tout) )?(?:cordialement|amicalement|sincerement|respectueusement)(?: a vous| votre)?",
    r"bien a (?:vous|toi)|bav|cdlt|crdlt",
    r"(?:(?:je vous prie d'agreer|agreez|recevez|mes|nos|avec|meilleures|sinceres|cordiales|bien) ){0,4}"
    r"salutations(?: (?:distinguees|cordiales|sinceres|les meilleures))?",
    r"(?:je vous souhaite )?(?:une )?(?:tres )?(?:bonne|belle|excellente)"
    r" (?:journee|soiree|fin de journee|apres-midi|week-end|semaine|continuation)(?: a vous)?",
    r"merci(?: d'avance| beaucoup)?|a bientot",
    # Dutch
    r"(?:met )?(?:(?:vriendelijke|hartelijke|beste|oprechte|collegiale|veel) )?groet(?:en|jes)?|m\.?v\.?g\.?",
    r"hoogachtend|(?:alvast )?(?:dank|bedankt)(?: bij voorbaat)?|fijne dag(?: verder)?",
    # German
    r"(?:mit )?(?:(?:freundlich|best|herzlich|viel|schon|lieb)en? )?gru(?:ss|ß)e?n?(?: aus .{1,30})?",
    r"mfg|vg|lg|hochachtungsvoll|vielen dank|danke|schonen tag(?: noch)?",
    # English
    r"(?:(?:with|best|kind|kindest|warm|many) ){0,2}(?:regards|wishes)|best|cheers",
    r"(?:yours )?(?:sincerely|faithfully|truly)|(?:many )?thanks(?: in advance)?|thank you",
    r"(?:have a )?(?:nice|good|great) (?:day|weekend)",
    after=r"\s*[,.!;]?\s*(?P<name>(?:[^\W\d_][\w'.-]*\s*){0,4})$",
)
_LABEL: Final = (
    r"(?:(?:t|p|m|f|e|w|tel|telephone|telefoon|telefon|phone|gsm|mobile|mobiel|mobil|portable|fax|direct"
    r"|ligne directe|bureau|office|central|standard|mail|e-?mail|courriel|web|site|website|internet|adresse"
    r"|adres|address)[\s.:]{0,6}){0,2}"
)
_ADDRESS: Final = r"[^\s<>()\[\]:;,\"@]{1,64}@[^\s<>()\[\]:;,\"@]{1,190}"
_CONTACTS: Final = tuple(
    re.compile(rf"{_LABEL}(?:{pattern})$")
    for pattern in (
        r"\(?(?:\+|00?)\)?(?: ?[0-9()./-]){8,20}",  # a telephone
        rf"<?(?:mailto:)?{_ADDRESS}>?(?:\s?<(?:mailto:)?{_ADDRESS}>)?",
        r"(?:https?://|www\.)[^\s<>]{3,200}(?:\s?<[^<>]{1,500}>)?",
        r"(?:rue|avenue|av\.|boulevard|bd|chaussee|place|quai|square|route) .{2,60} [0-9][0-9a-z /-]{0,8}",
        r"\S{2,40}(?:straat|laan|steenweg|plein|kaai|strasse|straße|platz) [0-9][0-9a-z /-]{0,8}",
        r"(?:b-|be-|b )?[1-9][0-9]{3} [a-z][a-z' -]{2,40}(?:\(?belg\w{2,4}\)?)?",
    )
)
_PICTURE: Final = re.compile(r"\[[^\[\]]{1,200}\](?:<[^<>]{1,500}>)?$")
_BETWEEN: Final = re.compile(r"\s*[|•·]\s*|\s+[–—-]\s+|,\s+(?=(?:b-)?[1-9][0-9]{3} )|\s{3,}|\t")
_TITLE: Final = re.compile(r"[^\W\d_][^\d:?!@]{1,60}(?<![.,;…])$")
_NAME_WORD: Final = re.compile(r"[^\W\d_]+")
_MOST_WORDS: Final = 7  # of a title


def without_signature(text: str, sender: str = "") -> str:
    """``text`` without the card below its closing formula, and without what telephones and programs add.

    Args:
        sender: the agent's display name, which may stand above a card instead of a formula.
    """
    lines = quotes.read_reply(text, answers=False).text.split("\n")
    kept = [line for line in lines if not phrases.is_tagline(line)]
    kept = kept if any(map(str.strip, kept)) else lines
    begin, end = _card(kept, frozenset(_NAME_WORD.findall(folded(sender))))
    return "\n".join([*kept[:begin], *kept[end:]]).strip("\n")


def is_signed(text: str) -> bool:
    """Whether a text ends with a closing formula and perhaps a name."""
    last = [line for line in text.split("\n")[-LINES:] if line.strip()][-3:]
    return any(_closing(line) is not None for line in last)


def _card(lines: Sequence[str], sender: frozenset[str]) -> tuple[int, int]:
    """The lines that are a card: where it begins and the line after it; the same twice when there is none."""
    for number in range(max(0, len(lines) - LINES), len(lines)):
        begin = _below(lines, number, sender)
        if begin:
            end = _end_of_card(lines, begin)
            if end > begin:
                return begin, end
    return len(lines), len(lines)


def _below(lines: Sequence[str], number: int, sender: frozenset[str]) -> int:
    """Where a card may begin when this line is the formula or the name above it, else 0."""
    if sender and sender == frozenset(_NAME_WORD.findall(folded(lines[number]))):
        return number + 1
    closing = _closing(lines[number])
    if closing is None:
        return 0
    after = number + 1
    while after < len(lines) and not lines[after].strip():
        after += 1
    named = closing or after >= len(lines) or _kind(lines[after]) != "title"
    return number + 1 if named else after + 1


def _closing(line: str) -> str | None:
    """The name behind a closing formula, often "", None when the line is something else."""
    line = line.strip()
    found = _CLOSING.match(folded(line)) if len(line) <= LONGEST else None
    if found is None:
        return None
    name = line[found.start("name") :].strip()
    return name if all(word[0].isupper() for word in name.split()) else None


def _end_of_card(lines: Sequence[str], begin: int) -> int:
    """The line after the last contact, as long as every line reads as one of a card."""
    end = begin
    for number in range(begin, len(lines)):
        kind = _kind(lines[number])
        if not kind:
            break
        end = number + 1 if kind == "contact" else end
    return end


def _kind(line: str) -> str:
    """What a line is on a card: a contact, a title or a blank, "" for words that belong on none."""
    bare = line.strip(" \t\u00a0\u202f*_")
    if not bare.strip("-–—=~.#"):
        return "blank"
    if len(bare) > LONGEST or bare.startswith(">"):
        return ""
    if all(_is_contact(piece) for piece in _BETWEEN.split(bare)):
        return "contact"
    pieces = [piece for piece in _BETWEEN.split(bare) if not _is_contact(piece)]
    titles = all(_TITLE.match(piece) and len(piece.split()) <= _MOST_WORDS for piece in pieces)
    if not titles or not bare[0].isupper():
        return ""
    return "title" if len(pieces) == len(_BETWEEN.split(bare)) else "contact"


def _is_contact(piece: str) -> bool:
    plain = folded(piece.strip(" \t*_"))
    return bool(_PICTURE.match(plain)) or any(pattern.match(plain) for pattern in _CONTACTS)
