"""What of an agent's mail may go to the person who asked: his words, as text and as HTML, and his files.

Asked by the trunk for a mail that is to be relayed, after it has found the new words and taken the commands
off. Whatever is not certain stays behind: HTML that cannot be laid beside the text word for word, pictures
that do not stand in it, and everything that would tell where the agent sits. Words of the text itself are
only left out on positive evidence (``signature``, ``redaction``). Total.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from parsers.attachments import Attachment
from parsers.commands import parse_commands
from parsers.excerpt import excerpt, words
from parsers.html import quoted_text, read_html, sanitize_html
from parsers.mail import ParsedMail
from parsers.quotes import with_questions
from parsers.redaction import discloses, redacted
from parsers.signature import is_signed, without_signature

MOST_READ: Final = 1_000_000  # bytes of an attached mail or card that are looked at
MOST_KNOWN: Final = 500_000  # characters in which a question is looked for

_MAILS: Final = ("message/rfc822", "message/global")
_CARDS: Final = ("text/vcard", "text/x-vcard", "text/directory")
# What programs add to a mail; an opaque signature holds the whole of it once more.
_NO_FILES: Final = frozenset(
    "text/calendar application/ics application/ms-tnef application/vnd.ms-tnef text/x-amp-html "
    "text/watch-html text/rfc822-headers message/delivery-status message/disposition-notification "
    "application/pkcs7-signature application/x-pkcs7-signature application/pkcs7-mime "
    "application/x-pkcs7-mime application/pgp-signature application/pgp-keys "
    "application/pgp-encrypted".split()
)
_NO_NAMES: Final = ("winmail.dat", "smime.p7s", "smime.p7m", "invite.ics")
# Where clients say in plain text that a picture stands: Outlook by its Content-ID, Gmail by its name.
_PLACEHOLDER: Final = re.compile(
    r"\[(?:cid:(?P<id>[^\[\]\s]{1,300})|image: ?(?P<name>[^\[\]\n]{1,200}))\]|\ufffc"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes out of a reply.

    ``html`` is sanitised, a fragment without html and body tags, "" when only the text goes. It says no word
    that ``text`` does not. Its pictures (``cid:``) stand among the ``files``, by their Content-ID.
    ``withheld``: attached mails and cards that disclose a private address, and stay behind for it; ``held``:
    those that go nowhere.
    """

    text: str
    html: str
    files: tuple[Attachment, ...] = ()
    withheld: tuple[Attachment, ...] = ()
    held: tuple[Attachment, ...] = ()


def answer_of(
    mail: ParsedMail,
    text: str,
    *,
    private: frozenset[str],
    decorations: frozenset[str] = frozenset(),
    held: frozenset[str] = frozenset(),
    known: str | None = None,
) -> Answer:
    """The answer in a mail of an agent.

    Args:
        text: the new words of the mail, without commands.
        private: mail addresses that the person must not learn, case folded.
        decorations: SHA-256 of the pictures that are the agent's stationery.
        held: SHA-256 of files that go nowhere.
        known: all that the person wrote or was sent; a quoted question that does not stand in it is left
            out. None: any question stays.
    """
    asked = _with_questions(mail, text)
    asked = asked if known is None else _known_questions(asked, known)
    own = without_signature(asked, mail.sender.name if mail.sender else "")
    shown = _shown(mail, decorations | held)
    said = redacted(own, private)
    html = _html(mail, said, private, shown)
    kept = {one.content_id for one in shown if _is_placed(one, html, said)}
    staying = decorations | held
    files = tuple(one for one in mail.attachments if _goes_along(one, mail, kept, private, staying))
    return Answer(
        text=_tidied(_named(said, [one for one in shown if one.content_id in kept])),
        html=html,
        files=files,
        withheld=tuple(one for one in mail.attachments if _is_disclosing(one, private)),
        held=tuple(one for one in mail.attachments if one.sha256 in held),
    )


def _html(mail: ParsedMail, text: str, private: frozenset[str], pictures: Iterable[Attachment]) -> str:
    """The part of the mail's HTML that says ``text``, "" when it is not certain that it says no more."""
    if not mail.html_source:
        return ""
    identifiers = {one.content_id for one in pictures}
    part = excerpt(mail.html_source, text, private=private, pictures=identifiers, is_signed=is_signed(text))
    found = sanitize_html(part).strip()
    shown = read_html(found).whole
    if discloses(found, private) or discloses(shown, private):
        return ""
    said = iter(words(text))
    return found if all(word in said for word in words(shown)) else ""


# ---------------------------------------------------------------------- files


def _shown(mail: ParsedMail, decorations: frozenset[str]) -> tuple[Attachment, ...]:
    """The pictures that the HTML of the mail shows, in the answer or in what it quotes."""
    return tuple(
        one
        for one in mail.attachments
        if one.content_id
        and one.content_type.startswith("image/")
        and one.sha256 not in decorations
        and f"cid:{one.content_id}" in mail.html_source
    )


def _is_placed(picture: Attachment, html: str, text: str) -> bool:
    if html:
        return f'"cid:{picture.content_id}"' in html
    return any(_is_place_of(found, picture) for found in _PLACEHOLDER.finditer(text))


def _is_place_of(found: re.Match[str], picture: Attachment) -> bool:
    if found["id"]:
        return picture.content_id == found["id"]
    return bool(found["name"]) and picture.filename == found["name"].strip()


def _goes_along(
    file: Attachment, mail: ParsedMail, placed: set[str], private: frozenset[str], staying: frozenset[str]
) -> bool:
    """Files of a person do; pictures of the text only where they stand in it."""
    if file.sha256 in staying or file.content_type in _NO_FILES or file.filename.lower() in _NO_NAMES:
        return False
    if file.content_type in (*_MAILS, *_CARDS):
        return not _is_disclosing(file, private)
    is_shown = bool(file.content_id) and f"cid:{file.content_id}" in mail.html_source
    return not (is_shown and file.content_type.startswith("image/")) or file.content_id in placed


def _is_disclosing(file: Attachment, private: frozenset[str]) -> bool:
    read = file.content_type in (*_MAILS, *_CARDS)
    return read and discloses(file.content[:MOST_READ].decode("utf-8", "replace"), private)


# ---------------------------------------------------------------------- text


def _with_questions(mail: ParsedMail, text: str) -> str:
    """``text`` with the quoted lines that its answers stand below, where the mail shows them.

    The trunk's reading decides what the words of the answer are; this only adds or shortens what they answer.
    """
    said = _own_words(text)
    for whole in (mail.text, quoted_text(mail.html_source)):
        if ">" in whole:
            found = parse_commands(with_questions(whole)).rest
            if _own_words(found) == said:
                return found
    return text


def _known_questions(text: str, known: str) -> str:
    """Without the quoted lines that are not of ``known``; what a sentence leads up to is the agent's own."""
    written = f" {' '.join(words(known[:MOST_KNOWN]))} "
    kept: list[str] = []
    above = ""  # the last line that is not quoted
    for line in text.split("\n"):
        if not line.lstrip().startswith(">"):
            above = line.strip() or above
        elif not above.endswith(":") and f" {' '.join(words(line))} " not in written:
            continue
        kept.append(line)
    return "\n".join(kept)


def _own_words(text: str) -> list[str]:
    return words("\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">")))


def _named(text: str, pictures: list[Attachment]) -> str:
    """Pictures of the answer by their names; nothing in the place of the others."""

    def name(found: re.Match[str]) -> str:
        picture = next((one for one in pictures if _is_place_of(found, one)), None)
        return f"[{picture.filename}]" if picture and picture.filename else ""

    return _PLACEHOLDER.sub(name, text)


def _tidied(text: str) -> str:
    """Without blanks at the ends of lines, and never more than two empty lines in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{4,}", "\n\n\n", lines).strip("\n")
