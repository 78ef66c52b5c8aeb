"""Answers to an invitation as Outlook, Gmail, Thunderbird, Apple and Zimbra write them, in their mails."""

import base64
import re
from email.header import Header

UID = "nabcdefghijklm.opqrstu.1.vwxyzabcdefghijk@etnic.test"
JEAN = "Jean Dupont <jean.dupont@ecole.test>"


def crlf(text: str) -> str:
    """Lines as calendars have them."""
    return text.strip("\n").replace("\n", "\r\n") + "\r\n"


OUTLOOK = crlf(f"""
BEGIN:VCALENDAR
METHOD:REPLY
PRODID:Microsoft Exchange Server 2010
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Romance Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
ATTENDEE;PARTSTAT=ACCEPTED;CN=Jean Dupont:mailto:jean.dupont@ecole.test
COMMENT;LANGUAGE=fr-BE:Entendu\\, à demain.\\n
UID:{UID[:40]}
 {UID[40:]}
SUMMARY;LANGUAGE=fr-BE:Accepté : Intervention
DTSTART;TZID=Romance Standard Time:20261124T140000
DTEND;TZID=Romance Standard Time:20261124T150000
CLASS:PUBLIC
PRIORITY:5
DTSTAMP:20261123T101500Z
TRANSP:OPAQUE
STATUS:CONFIRMED
SEQUENCE:2
LOCATION;LANGUAGE=fr-BE:Rue de Bruxelles 5\\, Namur
X-MICROSOFT-CDO-APPT-SEQUENCE:2
X-MICROSOFT-CDO-BUSYSTATUS:BUSY
X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY
X-MICROSOFT-DISALLOW-COUNTER:FALSE
END:VEVENT
END:VCALENDAR
""")

GMAIL = crlf(f"""
BEGIN:VCALENDAR
PRODID:-//Google Inc//Google Calendar 70.9054//EN
VERSION:2.0
CALSCALE:GREGORIAN
METHOD:REPLY
BEGIN:VEVENT
DTSTART:20261124T130000Z
DTEND:20261124T140000Z
DTSTAMP:20261123T101500Z
ORGANIZER;CN=ETNIC Service Desk:mailto:support@etnic.test
UID:{UID}
ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=DECLINED;CN=Jean D
 upont;X-NUM-GUESTS=0;X-RESPONSE-COMMENT="Je suis absent, désolé":mailto:jean
 .dupont@ecole.test
CREATED:20261120T090000Z
DESCRIPTION:
LAST-MODIFIED:20261123T101500Z
LOCATION:Rue de Bruxelles 5\\, Namur
SEQUENCE:0
STATUS:CONFIRMED
SUMMARY:Intervention
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
""")

THUNDERBIRD = crlf(f"""
BEGIN:VCALENDAR
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
VERSION:2.0
METHOD:REPLY
BEGIN:VTIMEZONE
TZID:Europe/Brussels
X-TZINFO:Europe/Brussels[2026a]
BEGIN:STANDARD
TZOFFSETTO:+010000
TZOFFSETFROM:+001730
TZNAME:Europe/Brussels(STD)
DTSTART:18920501T000000
RDATE:18920501T000000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
CREATED:20261123T101500Z
LAST-MODIFIED:20261123T101500Z
DTSTAMP:20261123T101500Z
UID:{UID}
SUMMARY:Intervention
ORGANIZER;CN=ETNIC Service Desk:mailto:support@etnic.test
ATTENDEE;CN=Jean Dupont;PARTSTAT=TENTATIVE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTI
 CIPANT:mailto:jean.dupont@ecole.test
DTSTART;TZID=Europe/Brussels:20261124T140000
DTEND;TZID=Europe/Brussels:20261124T150000
SEQUENCE:1
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
""")

APPLE = crlf(f"""
BEGIN:VCALENDAR
CALSCALE:GREGORIAN
METHOD:REPLY
PRODID:-//Apple Inc.//macOS 15.5//EN
VERSION:2.0
BEGIN:VEVENT
ATTENDEE;CN="Jean Dupont";CUTYPE=INDIVIDUAL;EMAIL="jean.dupont@ecole.test";
 PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:/aMTY3MzA4OTI3MTE2NzMwOBcUdiq/princ
 ipal/
DTEND;TZID=Europe/Brussels:20261124T150000
DTSTAMP:20261123T101501Z
DTSTART;TZID=Europe/Brussels:20261124T140000
ORGANIZER;CN=ETNIC Service Desk:mailto:support@etnic.test
SEQUENCE:0
SUMMARY:Intervention
UID:{UID}
END:VEVENT
END:VCALENDAR
""")

COUNTER_OUTLOOK = (
    OUTLOOK.replace("METHOD:REPLY", "METHOD:COUNTER")
    .replace("PARTSTAT=ACCEPTED", "PARTSTAT=TENTATIVE")
    .replace("DTSTART;TZID=Romance Standard Time:", 'DTSTART;TZID="Romance Standard Time":')
    .replace(":20261124T140000", ":20261125T093000")
)  # fmt: skip
COUNTER_GMAIL = GMAIL.replace("METHOD:REPLY", "METHOD:COUNTER").replace(
    "DTSTART:20261124", "DTSTART:20261126"
)
REFRESH = crlf(f"""
BEGIN:VCALENDAR
PRODID:Zimbra-Calendar-Provider
VERSION:2.0
METHOD:REFRESH
BEGIN:VEVENT
ORGANIZER:mailto:support@etnic.test
ATTENDEE;CN=Jean Dupont:MAILTO:jean.dupont@ecole.test
DTSTAMP:20261123T101500Z
UID:{UID}
END:VEVENT
END:VCALENDAR
""")


def part(content_type: str, body: bytes, encoding: str) -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + (
        base64.encodebytes(body).replace(b"\n", b"\r\n") if encoding == "base64" else body
    )


def about(calendar: str, uid: str, *, sequence: int = 0) -> str:
    """The same answer, to an invitation of our own."""
    whole = re.sub(r"\r\n[ \t]", "", calendar).replace(UID, uid)
    numbered = re.sub(r"(?m)^SEQUENCE:[0-9]+", f"SEQUENCE:{sequence}", whole)
    return "\r\n".join(_folded(line) for line in numbered.split("\r\n"))


def _folded(line: str) -> str:
    """RFC 5545 3.1, by characters: what is read here is not counted in octets."""
    return "\r\n ".join(line[at : at + 70] for at in range(0, len(line), 70)) if line else ""


def answering_mail(
    calendar: str,
    *,
    encoding: str = "base64",
    method: str = "REPLY",
    sender: str = JEAN,
    message_id: str = "r1@ecole.test",
    words: str = "Jean Dupont a répondu.",
    **headers: str,
) -> bytes:
    """The mail around an answer: without In-Reply-To, as Outlook and Gmail send it."""
    parts = [
        part("text/plain; charset=utf-8", f"{words}\r\n".encode(), "8bit"),
        part("text/html; charset=utf-8", f"<p>{words}</p>\r\n".encode(), "8bit"),
        part(f'text/calendar; charset="utf-8"; method={method}', calendar.encode(), encoding),
    ]
    body = b"".join(b"--b1\r\n" + each + b"\r\n" for each in parts) + b"--b1--\r\n"
    head = (
        f"From: {sender}\r\nTo: support@etnic.test\r\n"
        f"Subject: {Header('Accepté : Intervention', 'utf-8').encode()}\r\nMessage-ID: <{message_id}>\r\n"
        + "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        + "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b1\r\n\r\n"
    )
    return head.encode() + body
