"""What a machine reports of a mail in parts made for machines: RFC 3464, RFC 8098, RFC 5965.

Reads the parts that ``mime`` found on behalf of ``notices``, which also reads reports that are only words.
Total: a report that cannot be read gives None or empty values.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from parsers.blocks import read_fields
from parsers.headers import Fields
from parsers.identifiers import identifiers, message_identifier
from parsers.mime import Part

MAX_REPORT: Final = 65_536  # bytes or characters of a report that are read
MAX_RECIPIENTS: Final = 100  # of one report

_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
# A reply of a server (RFC 5321 4.2), in the ranges that replies to mail are taken from.
_REPLY_CODE: Final = re.compile(r"(?<![\d.,])(4[2-5]|5[0-57])\d(?![\d.%]|-\d|[^\s\-_:;,()\[\]'\"])")
_MAIL_ID: Final = re.compile(
    r"^[ \t>]{0,20}(?:x-)?(?:original-)?message[- ]id[ \t\u00a0]?:"
    r"[ \t]*(?:\r?\n[ \t>]{1,20})?(<[^<>\s]{3,400}>)",
    re.IGNORECASE | re.MULTILINE,
)
_ACTIONS: Final = {"error": "failed", "failure": "failed", "undeliverable": "failed", "delay": "delayed"}
_STATUS_TYPES: Final = ("message/delivery-status", "message/global-delivery-status")
_NOTIFIED: Final = ("message/disposition-notification", "message/global-disposition-notification")
_RETURNED_TYPES: Final = (
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global",
    "message/global-headers",
)  # fmt: skip
# What gateways turn a typed part into when they do not know its type.
_LOST_TYPES: Final = ("text/plain", "application/octet-stream")
_RECIPIENT_FIELD: Final = re.compile(rb"(?:\A|\n)(?:final|original)-recipient:", re.IGNORECASE)
_BARE: Final = re.compile(r"\s*(?:<([^<>]{1,400})>?|(\"[^\"]{1,200}\"@\S{1,255})|([^\s<>]{1,400}))")
_GROUPS: Final = re.compile(rb"\n[ \t\r]{0,80}\n")
_WORSE: Final = {"failed": 3, "delayed": 2, "": 1}
# Sieve's reject (RFC 5429 2.1.2); the subject of the mail may speak of refusals too, hence the whole formula.
_REJECTED: Final = re.compile(
    r"\b(?:automatically (?:rejected|refused)|automatiquement (?:rejet|refus)"
    r"|automatisch (?:abgelehnt|zurückgewiesen|geweigerd)|(?:has been|was|were) (?:rejected|refused) by)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """What became of a mail. ``action``: RFC 3464 2.3.3, lower case; ``status``: RFC 3463; "" when unknown.

    ``recipient`` is the first for whom it went worst, ``recipients`` are all that share this fate.
    """

    recipient: str
    recipients: tuple[str, ...]
    status: str
    action: str
    diagnostic: str
    original_message_id: str

    @property
    def is_failure(self) -> bool:
        """Whether the mail did not arrive, for good or so far (delayed)."""
        return self.action in ("failed", "delayed")


def has_delivery_status(parts: Sequence[Part], *, lost_types: bool = False) -> bool:
    """Whether a part is a machine's report of a delivery; ``lost_types``: or reads like one."""
    return any(True for _ in _status_parts(parts, lost_types))


def read_delivery_report(
    parts: Sequence[Part], text: str = "", *, lost_types: bool = False
) -> DeliveryReport | None:
    """The worst fate that a message/delivery-status part tells of; None when there is no such part.

    ``text`` is the body, where the identifier of the returned mail is looked for when neither the report nor
    an enclosed mail names it.
    """
    for part in _status_parts(parts, lost_types):
        content = part.payload()[:MAX_REPORT]
        report = _read_status(content)
        if report is not None:
            return replace(report, original_message_id=original_identifier(parts, text, content))
    return None


def _status_parts(parts: Sequence[Part], lost_types: bool) -> Iterator[Part]:
    for part in parts:
        if part.content_type in _STATUS_TYPES or (lost_types and _reads_like_status(part)):
            yield part


def _reads_like_status(part: Part) -> bool:
    found = part.content_type in _LOST_TYPES and _RECIPIENT_FIELD.search(part.payload()[:MAX_REPORT])
    return bool(found)


def _read_status(content: bytes) -> DeliveryReport | None:
    """Groups of fields parted by blank lines (RFC 3464 2.1); those with the worst action are taken."""
    groups = (group.strip(b"\r\n") for group in _GROUPS.split(content, maxsplit=2 * MAX_RECIPIENTS))
    fates = [fate for group in groups if (fate := _fate(read_fields(group, 0, len(group), [])[0]))]
    if not fates:
        return None
    worst = max(fates, key=lambda fate: _WORSE.get(fate.action, 0))
    same = (one.recipient for one in fates if _kind_of_fate(one) == _kind_of_fate(worst))
    return replace(worst, recipients=tuple(dict.fromkeys(filter(None, same)))[:MAX_RECIPIENTS])


def _kind_of_fate(fate: DeliveryReport) -> tuple[str, str]:
    return fate.action, fate.status[:1]


def _fate(fields: Fields) -> DeliveryReport | None:
    """One recipient's group. The original recipient counts: it is the address that our mail was sent to."""
    recipient = _address_of(fields.text("original-recipient")) or _address_of(fields.text("final-recipient"))
    action = fields.text("action").partition("(")[0].strip().lower()
    if not recipient and not action:
        return None
    diagnostic = fields.text("diagnostic-code").partition(";")[2].strip() or fields.text("diagnostic-code")
    declared = _STATUS.search(fields.text("status"))
    status = declared[1] if declared else ""
    if not status or status.endswith(".0.0"):
        status = status_in(f"{diagnostic} {fields.text('status')} ", status)
    return DeliveryReport(
        recipient=recipient,
        recipients=(),
        status=status,
        action=_ACTIONS.get(action, action) or _action_of(status),
        diagnostic=diagnostic[:500],
        original_message_id="",
    )


def _action_of(status: str) -> str:
    """What a report without an action means: reports are sent for failures."""
    return {"4": "delayed", "2": "delivered"}.get(status[:1], "failed")


def _address_of(value: str) -> str:
    """``rfc822; <a@b> (a name)`` without type, brackets and comment (RFC 3464 2.1.2)."""
    kind, typed, rest = value.partition(";")
    found = _BARE.match(rest if typed else kind)
    return (found[1] or found[2] or found[3]).strip() if found else ""


def status_in(words: str, declared: str = "") -> str:
    """The status (RFC 3463) that a server's ``words`` tell, "" for none.

    An enhanced code is more exact than a declared x.0.0 of its class; the class of a reply is the least.
    """
    for found in _STATUS.finditer(words):
        if found[1][0] == declared[:1] or (not declared and found[1][0] != "2"):
            return found[1]
    code = _REPLY_CODE.search(words)
    return declared or (f"{code[1][0]}.0.0" if code else "")


def original_identifier(parts: Sequence[Part], text: str = "", status: bytes = b"") -> str:
    """The Message-ID of the mail that was returned: of the enclosed mail or headers, else where it is named.

    ``status`` is the machine's report: Google and others write X-Original-Message-ID into it.
    """
    enclosed = [part for part in parts if part.content_type in _RETURNED_TYPES]
    for part in enclosed:
        found = message_identifier(_fields_of(part).text("message-id"))
        if found:
            return found
    # A mail whose type was lost comes after the words of the report, as text or as an unknown file.
    later = [part for part in parts[1:10] if part.content_type in _LOST_TYPES]
    for part in (*enclosed, *later):
        found = _named_identifier(part.payload()[:MAX_REPORT].decode("latin-1"))
        if found:
            return found
    return _named_identifier(status.decode("latin-1")) or _named_identifier(text)


def _named_identifier(text: str) -> str:
    found = _MAIL_ID.search(text, 0, MAX_REPORT)
    return identifiers(found[1])[0] if found else ""


def returned_source(parts: Sequence[Part]) -> str:
    """The beginning of the enclosed mail or headers, "" when there are none."""
    for part in parts:
        if part.content_type in _RETURNED_TYPES:
            return part.payload()[:MAX_REPORT].decode("latin-1")
    return ""


def read_rejection(parts: Sequence[Part], text: str) -> DeliveryReport | None:
    """A mail refused after delivery (RFC 5429 2.1.2): a disposition notification whose words say rejected."""
    if not _REJECTED.search(text, 0, 2_000):
        return None
    for part in parts:
        if part.content_type in _NOTIFIED:
            fields = _fields_of(part)
            if "deleted" not in fields.text("disposition").lower():
                return None
            recipient = _address_of(fields.text("final-recipient"))
            return DeliveryReport(
                recipient=recipient,
                recipients=(recipient,),
                status="5.0.0",
                action="failed",
                diagnostic="",
                original_message_id=message_identifier(fields.text("original-message-id")),
            )
    return None


def _fields_of(part: Part) -> Fields:
    content = part.payload()[:MAX_REPORT].lstrip()
    return read_fields(content, 0, len(content), [])[0]


def is_disposition_notification(parts: Sequence[Part]) -> bool:
    """Whether the mail says that another was read, deleted or shown (RFC 8098 3)."""
    return any(part.content_type in _NOTIFIED for part in parts)


def is_feedback(parts: Sequence[Part]) -> bool:
    """Whether the mail is a complaint about another, or about its authentication (RFC 5965 3, RFC 6591)."""
    return any(part.content_type == "message/feedback-report" for part in parts)
