"""Who wrote to whom, and when: the address fields and Date of a mail. The door to mail-parser.

Called by ``mail`` with the fields that ``mime`` found. mail-parser sees one field at a time in a header that
holds nothing else: on whole mails it is slow and frail. Where it finds a field ambiguous, or trips over it,
``addresses`` and ``dates`` read it; total.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from functools import lru_cache
from typing import Final

from mailparser import MailParser

from parsers.addresses import MAX_ADDRESSES, Address, read_addresses, readable_name
from parsers.dates import has_local_zone, read_date
from parsers.headers import Fields, decode_header, raw_text

# It would write header text of strangers to the log.
logging.getLogger("mailparser").setLevel(logging.CRITICAL)

MEMORABLE: Final = 300  # characters of an address field that is worth remembering
MAX_ADDRESS_FIELD: Final = 65_536  # characters of one address field that are read
MAX_REPEATED: Final = 50  # fields of one name that are read
TOO_MANY_ADDRESSES: Final = f"{MAX_ADDRESSES} addresses or more in a field"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The address fields and the date as mail-parser or the fallbacks read them."""

    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    date: datetime | None


def read_people(fields: Fields, defects: list[str]) -> People:
    """Sender, recipients and Date (RFC 5322 3.6.1 to 3.6.3); what had to be cut is named in ``defects``."""
    sender = _address_field(fields, "from", defects)
    date = _date_field(fields)
    asked = _ask_mailparser({"from": sender, "date": date}, defects)
    found = _either(asked, "from", sender)
    return People(
        sender=found[0] if found else _later_sender(fields),
        reply_to=_recipients(_address_field(fields, "reply-to", defects), defects),
        to=_recipients(_address_field(fields, "to", defects), defects),
        cc=_recipients(_address_field(fields, "cc", defects), defects),
        date=_date(asked, date, fields.all("date")),
    )


def _recipients(raw: str, defects: list[str]) -> tuple[Address, ...]:
    """The mailboxes of a To, Cc or Reply-To; short fields are remembered: the desk's own stands in most."""
    if not raw:
        return ()
    if len(raw) <= MEMORABLE:
        return _remembered(raw)
    found = _either(_ask_mailparser({"to": raw}, defects), "to", raw)
    if len(found) >= MAX_ADDRESSES:
        defects.append(TOO_MANY_ADDRESSES)
    return found


@lru_cache(maxsize=1024)
def _remembered(raw: str) -> tuple[Address, ...]:
    return _either(_ask_mailparser({"to": raw}, []), "to", raw)


def read_mailboxes(raw: str) -> tuple[Address, ...]:
    """The mailboxes in one written line, as the field of a mail or as a client shows it."""
    return _either(_ask_mailparser({"to": raw[:MAX_ADDRESS_FIELD]}, []), "to", raw[:MAX_ADDRESS_FIELD])


def _address_field(fields: Fields, name: str, defects: list[str]) -> str:
    """A repeated To or Cc is one list; of a repeated From the first counts (see ``_later_sender``)."""
    values = fields.all(name)
    if not values:
        return ""
    if len(values) == 1 or name == "from":
        return raw_text(values[0])[:MAX_ADDRESS_FIELD]
    if len(values) > MAX_REPEATED:
        defects.append(TOO_MANY_ADDRESSES)
    return ", ".join(map(raw_text, values[:MAX_REPEATED]))[:MAX_ADDRESS_FIELD]


def _later_sender(fields: Fields) -> Address | None:
    """Where the first From is unusable: a later one, then Sender (RFC 5322 3.6.2)."""
    for value in [*fields.all("from")[1:5], fields.raw("sender")]:
        found = read_addresses(raw_text(value))
        if found:
            return found[0]
    return None


def _ask_mailparser(header: dict[str, str], defects: list[str]) -> MailParser | None:
    """mail-parser's reading of a header that holds nothing else."""
    bare = Message()
    for name, value in header.items():
        if value:
            bare[name] = value
    bare.set_payload("")
    bare.epilogue = ""
    try:
        return MailParser(bare)
    except Exception as error:  # noqa: BLE001  # whatever it trips over, the patterns read the fields
        defects.append(f"mail-parser: {type(error).__name__}")
        return None


def _either(asked: MailParser | None, name: str, raw: str) -> tuple[Address, ...]:
    """What mail-parser found; where it had to leave a part of the field out, our reading of all of it."""
    if not raw:
        return ()
    if asked is None or not all(defect["recovered"] for defect in asked.address_header_defects):
        return read_addresses(raw)
    pairs = asked.from_ if name == "from" else asked.to
    found = tuple(_mailbox(name, address, raw) for name, address in pairs[:MAX_ADDRESSES] if "@" in address)
    return found or read_addresses(raw)


def _mailbox(name: str, address: str, raw: str) -> Address:
    """mail-parser leaves out a name that is the address once more, and takes single quotes for letters."""
    if not name and raw.count(address) > 1:
        name = address
    return Address(readable_name(name), address.strip("<> '"))


def _date_field(fields: Fields) -> str:
    value = fields.raw("date")
    return decode_header(value) if b"=?" in value else raw_text(value)


def _date(asked: MailParser | None, raw: str, values: Sequence[bytes]) -> datetime | None:
    """The Date in UTC (RFC 5322 3.3); one without a zone is taken for UTC. None when none makes sense."""
    found = asked.date if asked is not None and not has_local_zone(raw) else None
    if isinstance(found, datetime):
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    readings = (read_date(one) for one in (raw, *map(raw_text, values[1:5])))
    return next((date for date in readings if date is not None), None)
