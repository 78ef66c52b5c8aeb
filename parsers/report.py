"""What a machine reports of a mail: delivery reports (RFC 3464), the notices of old daemons, receipts (RFC
8098).

Reads the parts that ``mime`` found. Total: a report that cannot be read gives None or empty values.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from parsers.headers import Fields
from parsers.identifiers import identifiers, message_identifier
from parsers.mime import Part, read_fields

MAX_REPORT: Final = 65_536  # bytes or characters of a report that are read

_DAEMON: Final = re.compile(
    r"\"?(?:mailer-?daemon|mail-daemon|postmaster|mail[._-]?delivery(?:[._-]?(?:sub)?system)?|maildaemon"
    r"|mdaemon"
    r"|microsoftexchange[0-9a-f]*|mail[._-]?system|delivery|smtp-daemon|mmdf|uucp)"
    r"(?:[+=-][^@]{0,200})?\"?\\?(?:@|$)",
    re.IGNORECASE,
)
_DAEMON_NAME: Final = re.compile(
    r"mail delivery (?:sub)?system|mailer-daemon|mail delivery|postmaster|mail system", re.IGNORECASE
)
# Senders that may be programs: believed only when subject and text both speak of a failed delivery.
_PROGRAM: Final = re.compile(
    r"\"?(?:[^@]{0,40}(?:smtp|mail.?service|antivirus|anti-virus|gateway|imss|system|admin|daemon|mailer"
    r"|noreply"
    r"|no-reply|exchange|bounce))[^@]{0,40}@",
    re.IGNORECASE,
)
_FAILURE: Final = re.compile(
    r"undeliver|delivery (?:status notification|failure|failed|has failed|problem|report|error"
    r"|notification|warning)"
    r"|returned (?:mail|to sender|message|e-?mail)|returning to sender|failure (?:notice|delivery)"
    r"|non[- ]?delivery"
    r"|delivery has failed|mail (?:system )?error|message (?:undeliver|not delivered|could not"
    r"|delivery failed)"
    r"|nondeliverable|mail fail(?:ure|ed)|failed mail|error sending|could ?n[o']t (?:be delivered|send"
    r"|deliver)"
    r"|not (?:yet )?been delivered|not delivered|delivery to the following|rejected (?:mail|message)"
    r"|unable to deliver"
    r"|n[o']t able to deliver|permanent error|unzustellbar|nicht zugestellt|zustellung (?:fehl|nicht|verz)"
    r"|zustellungs(?:fehler|benachrichtigung)|non (?:remis|distribu|délivr)|pas pu (?:être|etre) (?:délivr"
    r"|delivr|remis)"
    r"|échec (?:de (?:la )?|d['’])(?:remise|livraison|distribution|envoi)"
    r"|remise (?:différée|impossible|retardée|du message)|retour(?:né)? (?:à l['’]expéditeur|de courrier)"
    r"|onbestelbaar|niet (?:bezorgd|afgeleverd)|bezorging (?:mislukt|vertraagd)|user unknown|unknown user"
    r"|address unknown|delivery notice|notification d['’]état de remise|mail status report"
    r"|warning: could not send|postponed due to|(?:message|mail|delivery|warning:).{0,20} delayed"
    r"|no valid recipients|failed recipient|automatically rejected",
    re.IGNORECASE,
)
_DELAYED: Final = re.compile(
    r"delayed|delays? (?:in )?delivery|will (?:be retried|keep trying|continue to )|still being retried"
    r"|not yet been delivered|warning: (?:message|could not send)|remise (?:différée|retardée)|verzögert"
    r"|vertraagd"
    r"|this is (?:just )?a warning|temporar(?:y|ily) (?:failure|problem|deferred)|do not need to resend"
    r"|postponed"
    r"|delivery attempts will continue|mail delivery warning",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_FAILED_STATUS: Final = re.compile(r"(?<![\d.])([45]\.[0-7]\.\d{1,3})(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.])([45])([0-5]\d)(?=[\s-])(?!-\d)")
_ADDRESS: Final = re.compile(r"[^\s<>()\[\],;:\"'=*|]{1,128}@[A-Za-z0-9._-]{1,255}[A-Za-z0-9]")
_HOUSE: Final = re.compile(
    r"(?:postmaster|mailer-?daemon|abuse|hostmaster|root|uucp|helpdesk|support)@", re.IGNORECASE
)
_GREETING: Final = re.compile(
    r"\s*(?:bonjour|bonsoir|cher|chère|madame|monsieur|salut|hello|hi\b|dear|good|beste|geachte|hallo|dag\b|guten"
    r"|sehr geehrte|liebe)",
    re.IGNORECASE,
)
_NAMES_RECIPIENT: Final = re.compile(
    r"(?:recipients?|rcpt to|delivered to|deliver(?: the)?(?: mail| message)? to|addressed to"
    r"|original address"
    r"|(?:e-?mail )?address|user|to|for|destinataires?|empfänger|ontvanger)\W{0,6}$",
    re.IGNORECASE,
)
_BEGINS_LIST: Final = re.compile(
    r"did not reach the following|following (?:recipient|address|destinat)|destinataires? suivants?"
    r"|folgende[n]? empfänger"
    r"|volgende (?:ontvanger|geadresseerde)|failed (?:recipients|addresses)|could not be delivered to",
    re.IGNORECASE,
)
_NAMES_OTHER: Final = re.compile(
    r"\b(?:contact|from|sender|sent by|via|help|reply to|accepting mail)\b|^\W*(?:to|cc):", re.IGNORECASE
)
_MAIL_ID: Final = re.compile(
    r"^[ \t>]{0,20}(?:original-)?message-id:[ \t]*(?:\r?\n[ \t>]{1,20})?(<[^<>\s]{3,400}>)",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_TO: Final = re.compile(
    r"^[ \t>]{0,20}to:[ \t]*[^\n@]{0,200}?<?([^\s<>@,]{1,128}@[^\s<>@,]{1,255})", re.IGNORECASE | re.MULTILINE
)
_RETURNED: Final = re.compile(
    r"^[ \t]{0,20}(?:-{2,}.{0,40}(?:original|returned|copy|copie|included|unsent|below|header"
    r"|message text).{0,80}$"
    r"|received: |return-path: |message-id: |.{0,40}(?:copy of the message|original message|old message"
    r"|message headers|headers of the message)[^\n:]{0,60}:[ \t]{0,9}$)",
    re.IGNORECASE | re.MULTILINE,
)
_ACTIONS: Final = {"error": "failed", "failure": "failed", "undeliverable": "failed", "delay": "delayed"}
_STATUS_TYPES: Final = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES: Final = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global")
_FINAL: Final = b"\nFinal-Recipient:"
_GROUPS: Final = re.compile(rb"\n[ \t\r]{0,80}\n")
_WORSE: Final = {"failed": 3, "delayed": 2, "": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """One recipient's fate. ``action``: RFC 3464 2.3.3, lower case; ``status``: RFC 3463; "" when unknown."""

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


def read_delivery_report(parts: Sequence[Part], text: str = "") -> DeliveryReport | None:
    """The worst fate that a message/delivery-status part tells of; None when there is no such part.

    A text/plain part that reads like one counts too: some gateways lose the type. ``text`` is the body, where
    the identifier of the returned mail is looked for when the mail itself was not enclosed.
    """
    for part in parts:
        lost_type = part.content_type == "text/plain" and part.content.find(_FINAL, part.start, part.end) >= 0
        if part.content_type in _STATUS_TYPES or lost_type:
            report = _read_status(part.payload()[:MAX_REPORT])
            if report is not None:
                return replace(report, original_message_id=original_identifier(parts, text))
    return None


def _read_status(content: bytes) -> DeliveryReport | None:
    """Groups of fields parted by blank lines (RFC 3464 2.1); the first with the worst action is taken."""
    worst: DeliveryReport | None = None
    for group in _GROUPS.split(content, maxsplit=200):
        fields, _ = read_fields(group, 0, len(group), [])
        report = _recipient_group(fields)
        if report and (worst is None or _WORSE.get(report.action, 0) > _WORSE.get(worst.action, 0)):
            worst = report
    return worst


def _recipient_group(fields: Fields) -> DeliveryReport | None:
    """One recipient's group. The original recipient counts: it is the address that our mail was sent to."""
    recipient = _address_of(fields.text("original-recipient")) or _address_of(fields.text("final-recipient"))
    action = fields.text("action").partition("(")[0].strip().lower()
    if not recipient and not action:
        return None
    diagnostic = fields.text("diagnostic-code").partition(";")[2].strip() or fields.text("diagnostic-code")
    declared = _STATUS.search(fields.text("status"))
    status = declared[1] if declared else ""
    if not status or status.endswith(".0.0"):
        status = _status_in(f"{diagnostic} {fields.text('status')} ", status)
    return DeliveryReport(
        recipient=recipient,
        status=status,
        action=_ACTIONS.get(action, action) or _action_of(status),
        diagnostic=diagnostic[:500],
        original_message_id="",
    )


def _action_of(status: str) -> str:
    """What a report without an action means: reports are sent for failures."""
    return {"4": "delayed", "2": "delivered"}.get(status[:1], "failed")


def _address_of(value: str) -> str:
    """``rfc822; <a@b>`` without its type and brackets (RFC 3464 2.1.2)."""
    address = value.rpartition(";")[2].strip().strip("<>").strip()
    return address.partition(" ")[0]


def _status_in(diagnostic: str, declared: str) -> str:
    """An enhanced code in the server's words is more exact than x.0.0; its reply's class is the least."""
    found = _STATUS.search(diagnostic)
    if found and (not declared or found[1][0] == declared[0]):
        return found[1]
    code = _REPLY_CODE.search(diagnostic)
    return declared or (f"{code[1]}.0.0" if code else "")


def original_identifier(parts: Sequence[Part], text: str = "") -> str:
    """The Message-ID of the mail that was returned: of the enclosed mail or headers, else in the text."""
    for part in parts:
        if part.content_type in _RETURNED_TYPES:
            fields, _ = _fields_of(part)
            found = message_identifier(fields.text("message-id"))
            if found:
                return found
            quoted = _MAIL_ID.search(part.payload()[:MAX_REPORT].decode("latin-1"))
            if quoted:
                return identifiers(quoted[1])[0]
    quoted = _MAIL_ID.search(text, 0, MAX_REPORT)
    return identifiers(quoted[1])[0] if quoted else ""


def is_daemon(address: str, name: str = "") -> bool:
    """Whether an address is one that mail servers report from."""
    return bool(_DAEMON.match(address) or _DAEMON_NAME.match(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What an old daemon's notice is judged by; ``own``: the addresses that the notice itself was sent to."""

    subject: str
    text: str
    sender: str
    daemon: bool
    null_path: bool
    own: frozenset[str]


def read_old_notice(notice: Notice, parts: Sequence[Part], failed: str = "") -> DeliveryReport | None:
    """The report of a daemon that knows no RFC 3464: its sender and its wording must both say so.

    ``failed`` is the value of X-Failed-Recipients, which Exim writes.
    """
    if not failed and not _tells_of_failure(notice, parts):
        return None
    words = _own_words(notice.text)
    status = _FAILED_STATUS.search(words)
    code = _REPLY_CODE.search(words)
    found = status[1] if status else f"{code[1]}.0.0" if code else ""
    delayed = bool(_DELAYED.search(notice.subject) or _DELAYED.search(words)) and not found.startswith("5")
    # Such a notice has no action of its own; the class of its code says whether it gave up.
    return DeliveryReport(
        recipient=_recipient_in(failed or words, notice.own) or _returned_to(notice.text, parts, notice.own),
        status=("4" if delayed else "5") + (found[1:] or ".0.0"),
        action="delayed" if delayed else "failed",
        diagnostic="",
        original_message_id=original_identifier(parts, notice.text),
    )


def _tells_of_failure(notice: Notice, parts: Sequence[Part]) -> bool:
    """Cheap tests first: most mail comes from people."""
    program = _PROGRAM.match(notice.sender) is not None
    if not (notice.daemon or notice.null_path or program):
        return False
    if _FAILURE.search(notice.subject):
        return notice.daemon or notice.null_path or _opens_as_notice(notice.text)
    by_person = notice.sender.lower().startswith("postmaster") and _GREETING.match(notice.text)
    if not notice.daemon or by_person:
        return False
    enclosed = any(part.content_type == "message/rfc822" for part in parts)
    return enclosed or _FAILURE.search(notice.text, 0, 3_000) is not None


def _opens_as_notice(text: str) -> bool:
    """Whether the first words tell of the failure; people who write about one greet first."""
    return _FAILURE.search(text, 0, 500) is not None and _GREETING.match(text) is None


def _own_words(text: str) -> str:
    """The notice without the mail it returns."""
    text = text[:MAX_REPORT]
    returned = _RETURNED.search(text, min(40, len(text)))
    return text[: returned.start()] if returned else text


def _recipient_in(words: str, own: frozenset[str]) -> str:
    """The address that most looks like the one that failed: alone on its line, or named as recipient."""
    best, best_weight = "", 0
    begins = _BEGINS_LIST.search(words)
    if begins and _ADDRESS.search(words, begins.end()):
        words = words[begins.end() :]
    for line in words.split("\n")[:400]:
        if "@" not in line:
            continue
        for found in _ADDRESS.finditer(line[:1000]):
            address = found[0].strip(".'")
            if _HOUSE.match(address) or address.casefold() in own:
                continue
            weight = _weight(line[: found.start()], line[found.end() : 1000])
            if weight > best_weight:
                best, best_weight = address, weight
    return best


def _weight(before: str, after: str) -> int:
    if _NAMES_OTHER.search(before):
        return 1
    if _NAMES_RECIPIENT.search(before):
        return 4
    if not re.search(r"\w", before):
        return 4 if not after or re.match(r"[>\s\"']{0,4}(?:$|[:;.(-])", after) else 3
    return 2


def _returned_to(text: str, parts: Sequence[Part], own: frozenset[str]) -> str:
    """Last resort: whom the returned mail was written to."""
    for part in parts:
        if part.content_type in _RETURNED_TYPES:
            text = part.payload()[:MAX_REPORT].decode("latin-1")
            break
    found = _RETURNED_TO.search(text, 0, MAX_REPORT)
    return found[1] if found and found[1].casefold() not in own else ""


def read_rejection(parts: Sequence[Part], text: str) -> DeliveryReport | None:
    """A mail refused after delivery (RFC 5429 2.1.2): a disposition notification whose words say rejected."""
    if not re.search(r"reject|refus|abgelehnt|geweigerd", text[:2_000], re.IGNORECASE):
        return None
    for part in parts:
        if part.content_type == "message/disposition-notification":
            fields, _ = _fields_of(part)
            if "deleted" not in fields.text("disposition").lower():
                return None
            return DeliveryReport(
                recipient=_address_of(fields.text("final-recipient")),
                status="5.0.0",
                action="failed",
                diagnostic="",
                original_message_id=message_identifier(fields.text("original-message-id")),
            )
    return None


def _fields_of(part: Part) -> tuple[Fields, int]:
    content = part.payload()[:MAX_REPORT].lstrip()
    return read_fields(content, 0, len(content), [])


def is_disposition_notification(parts: Sequence[Part]) -> bool:
    """Whether the mail says that another was read, deleted or shown (RFC 8098 3)."""
    return any(part.content_type == "message/disposition-notification" for part in parts)
