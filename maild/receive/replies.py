"""Every reply that the door gives: one line each, with its code of RFC 5321 and that of RFC 3463 (pure).

Stands beside ``lmtp``, which says them. What is wrong with us is 4xx, so that the mail stays where it is and
comes again; 5xx is only for what will never be right. Nothing here can fail.
"""

import re

# What RFC 2033 section 4 wants of an LMTP server beside 8BITMIME, and SMTP servers offer too.
EXTENSIONS = ("PIPELINING", "ENHANCEDSTATUSCODES")

SENDER_NOTED = "250 2.1.0 sender noted"
RECIPIENT_IS_DESK = "250 2.1.5 that is the desk"
BAD_SENDER = "553 5.1.7 no such address can be"
BAD_RECIPIENT = "553 5.1.3 no such address can be"
MOST_RECIPIENTS_REACHED = "452 4.5.3 too many recipients, hand the mail in again for the others"
NOT_KEPT = "451 4.3.0 not kept, the fault is here: try again later"
CROWDED = "421 4.3.2 too many connections, try again later"
NOT_ADMITTED = "421 4.7.1 this server may not hand in mail here"
SILENT = "421 4.4.2 nothing was heard for too long"
CLOSING = "421 4.3.2 the desk is closing its door, try again later"

# RFC 5321 4.5.3.1.5: a reply line has 512 octets; an address that nobody can have fills it.
_SHOWN = 300
# What stands after the reply codes of the library: RFC 3463 sections 3.3, 3.4 and 3.6.
_ENHANCED = {
    "221": "2.0.0", "252": "2.5.0", "421": "4.3.2", "500": "5.5.2", "501": "5.5.4", "502": "5.5.1",
    "503": "5.5.1", "552": "5.3.4", "553": "5.1.3", "555": "5.5.4",
}  # fmt: skip
_PLAIN = re.compile(r"(\d{3}) (?!\d\.\d{1,3}\.\d{1,3} )(.*)")


def kept(mail_id: str) -> str:
    """The mail is durable here, under this name in our log."""
    return f"250 2.0.0 kept as {mail_id}"


def not_the_desk(address: str) -> str:
    """Nobody of this name is reached by the door."""
    return f"550 5.1.1 <{address[:_SHOWN]}> is not an address of this desk"


def enhanced(line: str) -> str:
    """A reply of the library with the code that RFC 2034 asks for once it was promised.

    Greetings, and what answers EHLO or asks for the data, have none.
    """
    found = _PLAIN.fullmatch(line)
    if found is None:
        return line
    code = "2.0.0" if line == "250 OK" else _ENHANCED.get(found[1], "")
    return f"{found[1]} {code} {found[2]}" if code else line


def for_each(line: str, recipients: int) -> str:
    """One reply a recipient, as LMTP has it after the data (RFC 2033 4.2)."""
    return "\r\n".join([line] * max(1, recipients))
