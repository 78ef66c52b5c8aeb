"""One mail, many copies: when two mails are one (pure; DESIGN section 3).

Asked by ``message.decide`` first of all, and by ``ingest.gather``, which looks a mail up by what is its name
here.
"""

import hashlib
from datetime import datetime

from maild.arrival import Source
from maild.decide.decision import Decision, Disposition
from maild.decide.facts import Facts
from parsers.mail import ParsedMail
from storage.records import MessageKind, Twin


def effective_id(mail: ParsedMail, arrived_at: datetime, source: Source) -> str:
    """The Message-ID, or a made one.

    Equal mails without an id that carry a Date are one mail. Without a Date they are one only if they
    arrived in the same second: a copy that was moved back or renumbered keeps its INTERNALDATE. At a door
    they are one if they came the same way: a server that missed our reply hands its mail in again.
    """
    if mail.message_id:
        return mail.message_id
    second = "" if mail.date else f".{_way(mail, source) or f'{arrived_at:%Y%m%d%H%M%S}'}"
    return f"c.{mail.digest[:40]}{second}@maild.invalid"


def _way(mail: ParsedMail, source: Source) -> str:
    """The Received lines below the door's own, with each server's number for this mail (RFC 5321 4.4)."""
    lines = mail.fields.all("received")[1:] if source is Source.DOOR else []
    return hashlib.sha256(b"\n".join(lines)).hexdigest()[:14] if lines else ""


def twin(mail: ParsedMail, facts: Facts) -> Twin | None:
    """The message that this mail repeats: the same Message-ID with the same content.

    Of one that was erased nobody knows who wrote it: the same Message-ID and date are enough.
    """
    same = (t for t in facts.twins if t.digest == mail.digest or (t.erased and t.sent_at == mail.date))
    return next(same, None)


def is_erased(message_row: int | None, facts: Facts) -> bool:
    """The message that a mail repeats was erased: what came again is not kept."""
    return any(t.erased and t.id == message_row for t in facts.twins)


def changed_copy(mail: ParsedMail, facts: Facts) -> Twin | None:
    """A message of the same Message-ID, From and Date but other content: changed on its way."""
    sender = mail.sender.key if mail.sender else ""
    return next(
        (t for t in facts.twins if t.sender_address.casefold() == sender and t.sent_at == mail.date), None
    )


def reused_id(mail: ParsedMail, facts: Facts) -> tuple[str, ...]:
    """What is said of a mail whose Message-ID another one has."""
    if facts.twins and changed_copy(mail, facts) is None:
        return ("its Message-ID was used before by another mail and is ignored",)
    return ()


def duplicate(twin: Twin) -> Decision:
    """One more sighting of a message that is filed, or of one that was erased and must not come back."""
    if not twin.id:
        return Decision(
            disposition=Disposition.IGNORED, kind=MessageKind.COPY,
            reasons=("it was erased, and is not taken in again",),
        )  # fmt: skip
    return Decision(
        disposition=Disposition.DUPLICATE,
        kind=MessageKind.COPY,
        ticket=twin.ticket_id,
        twin=twin.id,
        thread_reason="duplicate",
        reasons=("same Message-ID and same content as a mail already filed",),
    )
