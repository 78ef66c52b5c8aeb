"""What the corpus expects of a parsed mail, compared field by field (../mail/*/expect.json)."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from parsers.mail import ParsedMail

MAIL = Path(__file__).resolve().parent.parent / "mail"


def expectations(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every mail of a corpus folder with what is expected of it."""
    for name, expected in json.loads((folder / "expect.json").read_text(encoding="utf-8")).items():
        yield folder / name, expected


def flat(text: str | None) -> str:
    """A text as it is compared: composed, without invisible characters, blanks collapsed."""
    text = unicodedata.normalize("NFC", text or "")
    text = re.sub("[\\u200b\\u200c\\u200d\\ufeff\\u2060\\u00ad]", "", text).replace("\u00a0", " ")
    return " ".join(text.split())


def disagreements(mail: ParsedMail, expected: dict[str, Any]) -> list[str]:
    """The expected fields that the mail does not have, each with both values."""
    found = []
    for field, wanted in expected.items():
        check = _CHECKS.get(field)
        if check is not None and not check(mail, wanted):
            found.append(f"{field}: wanted {wanted!r}")
    if "reply_text" in expected:
        wanted = [expected["reply_text"], *expected.get("reply_text_alt", [])]
        if flat(mail.reply_text) not in map(flat, wanted):
            found.append(f"reply_text: wanted {wanted!r}, got {mail.reply_text!r}")
    return found


def _sender(mail: ParsedMail, wanted: dict[str, str]) -> bool:
    sender = mail.sender
    return sender is not None and all(flat(getattr(sender, key)) == value for key, value in wanted.items())


def _files(mail: ParsedMail, wanted: list[dict[str, Any]]) -> bool:
    if len(wanted) != len(mail.attachments):
        return False
    return all(
        getattr(file, key) == value
        for file, one in zip(mail.attachments, wanted, strict=True)
        for key, value in one.items()
    )


def _bounce(mail: ParsedMail, wanted: dict[str, list[str]]) -> bool:
    """What is reported is among what is wanted; only the keys given."""
    report = mail.report
    if report is None:
        return False
    told = {
        "recipients": report.recipient.lower(),
        "status": report.status,
        "class": report.status[:1],
        "action": report.action,
    }
    return all(told[key] in values for key, values in wanted.items())


def _names(mail: ParsedMail) -> list[str]:
    return [file.filename for file in mail.attachments]


_CHECKS: dict[str, Callable[[ParsedMail, Any], bool]] = {
    "subject": lambda mail, wanted: flat(mail.subject) == wanted,
    "subject_re": lambda mail, wanted: re.match(wanted, flat(mail.subject)) is not None,
    "from": _sender,
    "to": lambda mail, wanted: [one.address for one in mail.to] == wanted,
    "cc": lambda mail, wanted: [one.address for one in mail.cc] == wanted,
    "date": lambda mail, wanted: (mail.date.strftime("%Y-%m-%dT%H:%M:%SZ") if mail.date else None) == wanted,
    "message_id": lambda mail, wanted: mail.message_id == wanted,
    "in_reply_to": lambda mail, wanted: mail.in_reply_to[:1] == (wanted,),
    "references": lambda mail, wanted: list(mail.references) == wanted,
    "text": lambda mail, wanted: flat(mail.text) == flat(wanted),
    "text_re": lambda mail, wanted: re.match(wanted, flat(mail.text)) is not None,
    "attachments": _files,
    "att_count": lambda mail, wanted: len(mail.attachments) == wanted,
    "att_names": lambda mail, wanted: Counter(_names(mail)) == Counter(wanted),
    "att_names_contains": lambda mail, wanted: set(wanted) <= set(_names(mail)),
    "att_types": lambda mail, wanted: set(wanted) <= {file.content_type for file in mail.attachments},
    "att_sha": lambda mail, wanted: set(wanted) <= {file.sha256 for file in mail.attachments},
    "auto_submitted": lambda mail, wanted: mail.auto_submitted == wanted,
    "is_bounce": lambda mail, wanted: mail.is_bounce == wanted,
    "is_mdn": lambda mail, wanted: mail.is_mdn == wanted,
    "bounce": _bounce,
    "all_recipients": lambda mail, wanted: mail.report is not None and list(mail.report.recipients) == wanted,
    "original_message_id": lambda mail, wanted: (
        mail.report is None or mail.report.original_message_id == wanted
    ),
    "list_id": lambda mail, wanted: mail.list_id == wanted,
    "lang": lambda mail, wanted: mail.language in (wanted, ""),
    "reply_contains": lambda mail, wanted: all(flat(one) in flat(mail.reply_text) for one in wanted),
}
