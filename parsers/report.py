"""What a machine reports of a mail: delivery reports (RFC 3464), the notices of old daemons, receipts (RFC 8098).

Reads the parts that ``mime`` found. Total: a report that cannot be read gives None or empty values.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parsers.headers import Fields
from parsers.identifiers import identifiers, message_identifier
from parsers.mime import Part, read_fields

MAX_REPORT: Final = 65_536  # bytes or characters of a report that are read

_DAEMON: Final = re.compile(
    r"(?:mailer-?daemon|mail-daemon|postmaster|mail-?delivery(?:-subsystem)?|maildaemon|mdaemon|bounces?|bounce-\S+"
    r"|microsoftexchange[0-9a-f]*|exchange|mail\.?system|delivery|autoreply-mailer|mailer|smtp-daemon|mmdf|uucp)"
    r"(?:[+=-][^@]{0,200})?(?:@|$)",
    re.IGNORECASE,
)
_DAEMON_NAME: Final = re.compile(r"mail delivery (?:sub)?system|mailer-daemon|mail delivery|postmaster", re.IGNORECASE)
_FAILURE: Final = re.compile(
    r"undeliver|delivery (?:status notification|failure|failed|has failed|problem|report|error|notification)"
    r"|returned (?:mail|to sender|message|e-?mail)|failure (?:notice|delivery)|mail delivery failed|non[- ]?delivery"
    r"|delivery has failed|mail (?:system )?error|message (?:undeliver|not delivered|could not|delivery failed)"
    r"|nondeliverable|undelivered|mail failure|failed mail|error sending|could not (?:be delivered|send)|not delivered"
    r"|delivery to the following|rejected (?:mail|message)|unzustellbar|nicht zugestellt|zustellung"
    r"|échec (?:de (?:la )?|d['’])(?:remise|livraison|distribution|envoi)|non (?:remis|distribu|délivr)"
    r"|remise (?:différée|impossible|retardée|du message)|retour(?:né)? (?:à l['’]expéditeur|de courrier)"
    r"|onbestelbaar|niet (?:bezorgd|afgeleverd)|bezorging|mislukt|user unknown|unknown user|address unknown"
    r"|delivery notice|notification d['’]état de remise|mail status report|message status|warning: could not send",
    re.IGNORECASE,
)
_DELAYED: Final = re.compile(
    r"delayed|delay(?:s|ed)? (?:in )?delivery|will (?:be retried|keep trying|continue to (?:be )?)|still being retried"
    r"|not yet been delivered|warning: (?:message|could not send)|remise (?:différée|retardée)|verzögert|vertraagd"
    r"|this is a warning message only|temporar(?:y|ily) (?:failure|problem|deferred)|do not need to resend",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.])([45])(\d\d)(?=[\s-])(?!-\d)")
_RECIPIENT: Final = re.compile(r"<?([^\s<>()\[\],;:\"'=]{1,128}@[A-Za-z0-9._-]{1,255}[A-Za-z0-9])>?")
_MAIL_ID: Final = re.compile(r"^[ \t>]*message-id:[ \t]*(?:\r?\n[ \t>]+)?(<[^<>\s]{3,400}>)", re.IGNORECASE | re.MULTILINE)
_RETURNED: Final = re.compile(
    r"^[ \t]*(?:-{2,}.{0,40}(?:original|returned|copy|copie|included|unsent|below|header).{0,80}$"
    r"|received: |return-path: |message-id: |.{0,40}(?:copy of the message|original message|message headers"
    r"|headers of the message).{0,80}$)",
    re.IGNORECASE | re.MULTILINE,
)
_GROUPS: Final = re.compile(rb"\n[ \t\r]{0,80}\n")
_WORSE: Final = {"failed": 3, "delayed": 2, "": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """One recipient's fate. ``action``: RFC 3464 2.3.3 in lower case; ``status``: RFC 3463; "" when unknown."""

    recipient: str
    status: str
    action: str
    diagnostic: str
    original_message_id: str

    @property
    def is_failure(self) -> bool:
        """Whether the mail did not arrive, for good or so far (delayed)."""
        return self.action in ("failed", "delayed")

    @property
    def is_permanent(self) -> bool:
        """A permanent failure: class 5 (RFC 3463 3.1), or failed without a class."""
        return self.action == "failed" and self.status[:1] in ("5", "")


def read_delivery_report(parts: Sequence[Part]) -> DeliveryReport | None:
    """The worst fate that a message/delivery-status part tells of; None when there is no such part.

    A text/plain part that begins like one counts too: some gateways lose the type.
    """
    for part in parts:
        if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
            report = _read_status(part.payload()[:MAX_REPORT])
        elif part.content_type == "text/plain" and b"inal-Recipient:" in part.content[part.start : part.start + 4096]:
            report = _read_status(part.payload()[:MAX_REPORT])
        else:
            continue
        if report is not None:
            return _with_original(report, original_identifier(parts))
    return None


def _read_status(content: bytes) -> DeliveryReport | None:
    """Groups of fields parted by blank lines (RFC 3464 2.1); the first group with the worst action is taken."""
    worst: DeliveryReport | None = None
    for group in _GROUPS.split(content, maxsplit=200):
        fields, _ = read_fields(group, 0, len(group), [])
        report = _recipient_group(fields)
        if report and (worst is None or _WORSE.get(report.action, 0) > _WORSE.get(worst.action, 0)):
            worst = report
    return worst


def _recipient_group(fields: Fields) -> DeliveryReport | None:
    recipient = _address_of(fields.text("final-recipient")) or _address_of(fields.text("original-recipient"))
    action = fields.text("action").partition("(")[0].strip().lower()
    if not recipient and not action:
        return None
    diagnostic = fields.text("diagnostic-code").partition(";")[2].strip() or fields.text("diagnostic-code")
    declared = _STATUS.search(fields.text("status"))
    status = declared[1] if declared else ""
    if not status or status.endswith(".0.0"):
        status = _status_in(diagnostic, status)
    action = action or {"5": "failed", "4": "delayed", "2": "delivered"}.get(status[:1], "")
    return DeliveryReport(
        recipient=recipient, status=status, action=action, diagnostic=diagnostic[:500], original_message_id=""
    )


def _address_of(value: str) -> str:
    """``rfc822; <a@b>`` without its type and brackets (RFC 3464 2.1.2)."""
    address = value.rpartition(";")[2].strip().strip("<>").strip()
    return address.partition(" ")[0]


def _status_in(diagnostic: str, declared: str) -> str:
    """An enhanced code in the server's words is more exact than x.0.0; the class of its reply is the least."""
    found = _STATUS.search(diagnostic)
    if found and (not declared or found[1][0] == declared[0]):
        return found[1]
    code = _REPLY_CODE.search(diagnostic)
    return declared or (f"{code[1]}.0.0" if code else "")


def _with_original(report: DeliveryReport, identifier: str) -> DeliveryReport:
    return DeliveryReport(
        recipient=report.recipient,
        status=report.status,
        action=report.action,
        diagnostic=report.diagnostic,
        original_message_id=identifier,
    )


def original_identifier(parts: Sequence[Part]) -> str:
    """The Message-ID of the mail that was returned, from message/rfc822 or its headers, "" when none is."""
    for part in parts:
        if part.content_type in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"):
            content = part.payload()[:MAX_REPORT].lstrip()
            fields, _ = read_fields(content, 0, len(content), [])
            found = message_identifier(fields.text("message-id"))
            if found:
                return found
            returned = _MAIL_ID.search(content.decode("latin-1"))
            if returned:
                return identifiers(returned[1])[0]
    return ""


def is_daemon(address: str, name: str = "") -> bool:
    """Whether an address is one that mail servers report from."""
    return bool(_DAEMON.match(address) or (not address and _DAEMON_NAME.search(name)))


def read_old_notice(
    subject: str, text: str, parts: Sequence[Part], *, daemon: bool, null_path: bool
) -> DeliveryReport | None:
    """The report of a daemon that knows no RFC 3464: its sender and its wording must both say so."""
    head = text[:4_000]
    words = bool(_FAILURE.search(subject)) or (daemon and bool(_FAILURE.search(head)))
    if not words or not (daemon or null_path):
        return None
    returned = _RETURNED.search(text, 0, MAX_REPORT)
    notice = text[: returned.start()] if returned and returned.start() > 20 else text[:MAX_REPORT]
    status = _STATUS.search(notice)
    code = _REPLY_CODE.search(notice)
    found = status[1] if status else f"{code[1]}.0.0" if code else ""
    delayed = bool(_DELAYED.search(subject) or _DELAYED.search(head)) and not found.startswith("5")
    recipient = _RECIPIENT.search(notice)
    identifier = _MAIL_ID.search(text, 0, MAX_REPORT)
    return DeliveryReport(
        recipient=recipient[1] if recipient else "",
        status=found or ("4.0.0" if delayed else "5.0.0"),
        action="delayed" if delayed else "failed",
        diagnostic="",
        original_message_id=original_identifier(parts) or (identifiers(identifier[1])[0] if identifier else ""),
    )


def is_disposition_notification(root: Part, parts: Sequence[Part]) -> bool:
    """Whether the mail says that another was read, deleted or shown (RFC 8098 3)."""
    if root.parameters.get("report-type", "").lower() == "disposition-notification":
        return True
    return any(part.content_type == "message/disposition-notification" for part in parts)
