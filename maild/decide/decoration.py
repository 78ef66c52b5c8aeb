"""Which pictures of a mail are its sender's stationery, and no files for anybody (pure).

Asked by ``message.decide``, and by ``relays`` for what an agent sends; ``asked`` is asked first by
``ingest.gather``, to know what to look up. The logo of a signature comes with every mail of a house and would
bury the one file that matters. It cannot fail: whatever is no picture, or was never seen before, is a file.
"""

from maild.decide.facts import Facts
from parsers.attachments import Attachment
from parsers.mail import ParsedMail

# Beyond these every picture is a file: a mail with more of them is an album, not a signature.
MOST_PICTURES = 12
# Bytes up to which a picture that is not shown within the text may be a logo all the same.
SMALL = 32_768
# A logo that goes out on its first tickets harms nobody; a picture that does not go out is missed.
SEVERAL = 3
# The first bytes say what it is; what its sender calls it is only a name.
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")


def asked(mail: ParsedMail) -> tuple[str, ...]:
    """SHA-256 of the pictures that may be stationery: shown within the text, or small."""
    if not mail.attachments:
        return ()
    return tuple(dict.fromkeys(a.sha256 for a in mail.attachments if _may_be(a)))[:MOST_PICTURES]


def _may_be(file: Attachment) -> bool:
    picture = file.content_type.startswith("image/") and file.content.startswith(_SIGNATURES)
    return picture and (file.inline or file.size <= SMALL)


def decorations(mail: ParsedMail, facts: Facts) -> frozenset[str]:
    """SHA-256 of those that an earlier mail of the same sender had, or several tickets of the same domain."""
    if not facts.seen_files or mail.sender is None:
        return frozenset()
    sender, domain = mail.sender.key, mail.sender.key.rpartition("@")[2]
    return frozenset(one for one in asked(mail) if _is_known(one, sender, domain, facts))


def stationery(mail: ParsedMail, facts: Facts) -> frozenset[str]:
    """SHA-256 of those that stay behind where the mail is an answer to somebody: they came with mails of its
    author's house on several tickets. The same picture may well be an answer to two people."""
    known = decorations(mail, facts)
    return frozenset(one for one in known if _tickets(one, mail, facts) >= SEVERAL)


def _tickets(sha256: str, mail: ParsedMail, facts: Facts) -> int:
    domain = mail.sender.key.rpartition("@")[2] if mail.sender else ""
    seen = facts.seen_files.get(sha256, ())
    return len({one.ticket_id for one in seen if one.sender.rpartition("@")[2] == domain})


def _is_known(sha256: str, sender: str, domain: str, facts: Facts) -> bool:
    seen = facts.seen_files.get(sha256, ())
    if any(one.sender == sender for one in seen):
        return True
    return len({one.ticket_id for one in seen if one.sender.rpartition("@")[2] == domain}) >= 2
