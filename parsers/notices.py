"""Whether a mail is the report of a delivery, also where only its words say so.

Asked by ``mail``. ``report`` reads the parts made for machines; software that knows no RFC 3464 writes prose,
which is judged here by the tables of ``wording``. A person who asks about such a notice, quotes or forwards
one is no daemon: in doubt a mail is a person's. Total, and linear in its text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from parsers import report, wording
from parsers.addresses import Address
from parsers.auto import automatic_subject
from parsers.folding import folded
from parsers.headers import Fields
from parsers.mime import Part, read_tree
from parsers.report import MAX_RECIPIENTS, MAX_REPORT, DeliveryReport
from parsers.subject import has_reply_prefix, is_forward_prefix

# Fields that mail programs of people write, and reports of unknown software do not.
_WRITTEN_BY_HAND: Final = (
    "user-agent", "x-mailer", "thread-index", "x-originating-ip", "in-reply-to", "references",
)  # fmt: skip


class Voice(Enum):
    """Who speaks in a mail: from a name that no person has, down to anyone."""

    DAEMON = "daemon"
    ROLE = "role"  # postmaster: mostly a program, now and then the person who looks after it
    PROGRAM = "program"  # by its name or its null return path, which receipts and absence notices have too
    ANYONE = "anyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a mail is judged by: ``text`` is its body, ``own`` the addresses it was itself written to."""

    fields: Fields
    content_type: str
    parts: Sequence[Part]
    subject: str
    text: str
    sender: Address
    return_path: str | None
    own: frozenset[str]


def delivery_report(notice: Notice) -> DeliveryReport | None:
    """The report of a delivery that this mail is, None for any other mail."""
    if report.is_feedback(notice.parts):  # it encloses the mail complained of, which did arrive
        return None
    if report.is_disposition_notification(notice.parts):
        return report.read_rejection(notice.parts, notice.text)
    voice = _voice(notice)
    found = _from_parts(notice, voice)
    if found is not None:
        return found if found.recipient else _with_recipient(found, notice)
    failed = notice.fields.text("x-failed-recipients")  # Exim and Google write it
    empty = notice.content_type == "multipart/report" and report.has_delivery_status(notice.parts)
    if failed or empty or _tells_of_failure(notice, voice):
        return _from_words(notice, failed)
    return None


def reason(found: DeliveryReport | None, parts: Sequence[Part], is_receipt: bool) -> str:
    """Why such a mail counts as automatic, "" for any other mail."""
    if found is not None:
        return "delivery report"
    if is_receipt:
        return "disposition notification"
    return "feedback report" if report.is_feedback(parts) else ""


def _is_daemon(address: str, name: str) -> bool:
    return bool(wording.DAEMONS.match(address) or wording.DAEMON_NAMES.match(name))


def _voice(notice: Notice) -> Voice:
    address, path = folded(notice.sender.address), notice.return_path
    # "Mail Delivery System <>" is no address, so it is no sender either.
    name = notice.sender.name if address else notice.fields.text("from").strip('<>" ')
    traced = " " if path is None else folded(path)
    if _is_daemon(address, folded(name)) or wording.DAEMONS.match(traced):
        return Voice.DAEMON
    if wording.ROLES.match(address) or wording.ROLES.match(traced):
        return Voice.ROLE
    program = path == "" or wording.PROGRAMS.search(address.rpartition("@")[0])
    return Voice.PROGRAM if program else Voice.ANYONE


def _from_parts(notice: Notice, voice: Voice) -> DeliveryReport | None:
    """What a part made for machines says; people forward such parts, but never as a multipart/report."""
    if voice is Voice.DAEMON or notice.content_type in ("multipart/report", "message/delivery-status"):
        found = report.read_delivery_report(notice.parts, notice.text, lost_types=True)
        return found or (_enclosed_report(notice.parts) if voice is Voice.DAEMON else None)
    lost = voice is not Voice.ANYONE
    if report.has_delivery_status(notice.parts, lost_types=lost) and _is_wrapped_report(notice, voice):
        return report.read_delivery_report(notice.parts, notice.text, lost_types=lost)
    if voice is Voice.ROLE and _is_wrapped_report(notice, Voice.PROGRAM):
        return _enclosed_report(notice.parts)
    return None


def _is_wrapped_report(notice: Notice, voice: Voice) -> bool:
    """Whether a program put these parts together, not a person who shows them to us."""
    text = folded(notice.text[:3_000])
    if _is_by_hand(notice) or wording.GREETING.match(text):
        return False
    if voice is Voice.ROLE or notice.return_path == "":
        return True
    if voice is Voice.ANYONE and not _is_impersonal(notice, text):
        return False
    return wording.FAILURE.search(folded(notice.subject)) is not None


def _enclosed_report(parts: Sequence[Part]) -> DeliveryReport | None:
    """A report that a gateway of the reporting server wrapped once more."""
    for part in parts:
        if (
            part.content_type == "message/rfc822"
            and part.content.find(b"/delivery-status", part.start, part.end) > 0
        ):
            tree, _ = read_tree(part.payload())
            return report.read_delivery_report(tuple(tree.leaves()))
    return None


def _tells_of_failure(notice: Notice, voice: Voice) -> bool:
    """Whether subject and words say that mail did not arrive; the less sure the sender, the more is asked."""
    if voice is Voice.ANYONE and not _begins_with_formula(notice.text):
        return False  # most mail ends here
    if voice is not Voice.DAEMON and _is_by_hand(notice):
        return False
    fails = wording.FAILURE.search(folded(notice.subject)) is not None
    return _JUDGES[voice](notice, folded(notice.text[:3_000]), fails)


def _is_of_daemon(notice: Notice, text: str, fails: bool) -> bool:
    """Daemons write in any language: words we know, a code, a mail that came back, an address by itself."""
    if fails or wording.SUCCESS.match(folded(notice.subject)) or _says_missed(text):
        return True
    return _encloses(notice) or _best_weight(notice) > 1


def _is_of_role(notice: Notice, text: str, fails: bool) -> bool:
    """For postmasters: a notice is no answer, and where it greets it goes on like one."""
    opens = _opens_as_notice(text, 0)
    greeting = wording.GREETING.match(text)
    if _is_answer(notice):
        return fails and opens and greeting is None
    if greeting is not None and not opens:
        return fails and _opens_as_notice(text, greeting.end())
    if fails or wording.SUCCESS.match(folded(notice.subject)):
        return opens or _speaks_of_mail(text) or _best_weight(notice) > 1 or _encloses(notice)
    return (opens and _best_weight(notice) > 0) or _is_terse(notice, text)


def _is_of_program(notice: Notice, text: str, fails: bool) -> bool:
    """For programs of any purpose: it is about mail, and names an address."""
    if fails and _speaks_of_mail(text) and wording.GREETING.match(text) is None:
        named = _best_weight(notice)
        if (named > 1 and _opens_as_notice(text, 0)) or (named > 2 and _says_missed(text)):
            return True
    return notice.return_path == "" and _has_code(text) and _is_terse(notice, text)


def _is_of_anyone(notice: Notice, text: str, fails: bool) -> bool:
    """For senders that nothing betrays as programs: a few words, and no trace of a person either."""
    if not fails or wording.GREETING.match(text) or notice.sender.name or _best_weight(notice) < 3:
        return False
    plain = notice.content_type in ("text/plain", "multipart/mixed")
    return plain and len(_own_words(notice.text)) < 1_000 and _is_impersonal(notice, text)


_JUDGES: Final = {
    Voice.DAEMON: _is_of_daemon,
    Voice.ROLE: _is_of_role,
    Voice.PROGRAM: _is_of_program,
    Voice.ANYONE: _is_of_anyone,
}


def _is_impersonal(notice: Notice, text: str) -> bool:
    """Whether neither a mail program nor the words of a person show."""
    by_hand = any(name in notice.fields for name in _WRITTEN_BY_HAND)
    return not by_hand and wording.PERSONAL.search(text) is None


def _is_terse(notice: Notice, text: str) -> bool:
    """A failure and an address, and nothing that a person adds: a notice whose wording nobody knows."""
    return _says_missed(text) and _best_weight(notice) > 1 and not wording.PERSONAL.search(text)


def _speaks_of_mail(text: str) -> bool:
    """Shops and parcel services write of failed deliveries as well."""
    return wording.MAIL.search(text, 0, 500) is not None


def _begins_with_formula(text: str) -> bool:
    if not wording.FORMULA_BEGINS.match(text):
        return False
    return wording.FORMULA.match(folded(text[:600])) is not None


def _encloses(notice: Notice) -> bool:
    return any(part.content_type == "message/rfc822" for part in notice.parts)


def _best_weight(notice: Notice) -> int:
    """How surely an address that is not our own stands where the failed one stands in a notice, 0 to 4."""
    return max(_weighed(_own_words(notice.text), notice).values(), default=0)


def _says_missed(text: str) -> bool:
    """Whether words or a server's code say that mail did not arrive."""
    return wording.MISSED.search(text, 0, 1_000) is not None or _has_code(text)


def _has_code(text: str) -> bool:
    return bool(report.status_in(text[:1_000]))


def _opens_as_notice(text: str, start: int) -> bool:
    return wording.OPENING.match(text, start) is not None and _says_missed(text[start:])


def _is_by_hand(notice: Notice) -> bool:
    """Signs of a person at a mail program: a forward, or the program's name."""
    programs = folded(f"{notice.fields.text('x-mailer')} {notice.fields.text('user-agent')}")
    return is_forward_prefix(notice.subject) or wording.MAIL_CLIENTS.search(programs) is not None


def _is_answer(notice: Notice) -> bool:
    """An answer to a mail, by its subject: notices name the mail, they do not answer it."""
    if automatic_subject(notice.subject):
        return True
    return "in-reply-to" in notice.fields and has_reply_prefix(notice.subject)


def _from_words(notice: Notice, failed: str) -> DeliveryReport:
    """The report of a daemon that knows no RFC 3464. ``failed``: the value of X-Failed-Recipients."""
    words = _own_words(notice.text)
    plain, subject = folded(words), folded(notice.subject)
    recipients = tuple(wording.ADDRESS.findall(failed)[:MAX_RECIPIENTS])
    recipients = recipients or _recipients(words, notice) or _returned_to(notice)
    action, status = _outcome(subject, plain)
    return DeliveryReport(
        recipient=recipients[0] if recipients else "",
        recipients=recipients,
        status=status,
        action=action,
        diagnostic="",
        original_message_id=report.original_identifier(notice.parts, notice.text),
    )


def _with_recipient(found: DeliveryReport, notice: Notice) -> DeliveryReport:
    recipients = _recipients(_own_words(notice.text), notice) or _returned_to(notice)
    return replace(found, recipient=recipients[0], recipients=recipients) if recipients else found


def _outcome(subject: str, words: str) -> tuple[str, str]:
    """Action and status (RFC 3464 2.3.3, RFC 3463) as words tell them.

    Words have no field for the action, so the class says whether the server gave up: its 4.4.1 of the last
    attempt is a 5.4.1 for the mail.
    """
    if wording.SUCCESS.match(subject):
        return "delivered", "2.0.0"
    status = report.status_in(words)
    late = wording.DELAYED.search(subject) or (
        wording.DELAYED.search(words) and not wording.GIVEN_UP.search(words)
    )
    if late and not status.startswith("5"):
        return "delayed", "4" + (status[1:] or ".0.0")
    return "failed", "5" + (status[1:] or ".0.0")


def _own_words(text: str) -> str:
    """The notice without the mail it returns."""
    text = text[:MAX_REPORT]
    returned = wording.RETURNED.search(folded(text), min(40, len(text)))
    return text[: returned.start()] if returned else text


def _recipients(words: str, notice: Notice) -> tuple[str, ...]:
    """The addresses that most look like those that failed: alone on their lines, or named as recipients."""
    weights = _weighed(words, notice)
    best = max(weights.values(), default=0)
    if best < 3 and (name := _bare_name(words, notice)):
        return (name,)
    alike = [address for address, weight in weights.items() if weight == best]
    return tuple(alike[:MAX_RECIPIENTS] if best > 2 else alike[:1])


def _weighed(words: str, notice: Notice) -> dict[str, int]:
    """Every address but our own, with how much it looks like the one that failed."""
    plain = folded(words)
    begins = wording.BEGINS_LIST.search(plain)
    start = begins.end() if begins and wording.ADDRESS.search(words, begins.end()) else 0
    weights: dict[str, int] = {}
    lines = zip(words[start:].split("\n")[:400], plain[start:].split("\n")[:400], strict=True)
    for line, line_folded in lines:
        if "@" not in line:
            continue
        begun = 0  # a list in one line goes on behind the address before
        for found in wording.ADDRESS.finditer(line[:1_000]):
            address = found[0].strip(".'")
            if address.casefold() in notice.own:
                continue
            weight = _weight(address, line_folded[begun : found.start()], line_folded[found.end() : 1_000])
            weights[address] = max(weight, weights.get(address, 0))
            begun = found.end() if weight > 2 else begun
    return weights


def _weight(address: str, before: str, after: str) -> int:
    """How much an address looks like the one that failed, 1 to 4, by what stands beside it on its line."""
    if wording.NAMES_OTHER.search(before):
        return 1
    if wording.NAMES_ADDRESSEE.match(before):
        weight = 2
    elif wording.NAMES_RECIPIENT.search(before):
        weight = 4
    elif not re.search(r"\w", before):
        weight = 4 if re.match(r"[>\s\"']{0,4}(?:$|[:;,.(-])", after) else 3
    else:
        weight = 2
    return weight // 2 if wording.HOUSE.match(folded(address)) else weight


def _bare_name(words: str, notice: Notice) -> str:
    """A list of names without a domain (AOL, old Notes): they are those of the server that writes."""
    plain = folded(words)
    begins = wording.BEGINS_LIST.search(plain)
    domain = notice.sender.address.rpartition("@")[2]
    if begins is None or not domain:
        return ""
    rest = plain[begins.end() : begins.end() + 2_000].partition("\n")[2].lstrip()
    name = wording.BARE_NAME.match(rest)
    return f"{name[1]}@{domain.lower()}" if name else ""


def _returned_to(notice: Notice) -> tuple[str, ...]:
    """Last resort: whom the returned mail was written to."""
    source = report.returned_source(notice.parts) or notice.text[:MAX_REPORT]
    found = wording.RETURNED_TO.search(source)
    return (found[1],) if found and found[1].casefold() not in notice.own else ()


def is_read_receipt(subject: str, text: str) -> bool:
    """Whether a mail is a receipt that Outlook, Notes or GroupWise wrote in words only (compare RFC 8098)."""
    if not wording.RECEIPT_SUBJECT.match(folded(subject)):
        return False
    return wording.RECEIPT.match(folded(text[:2_000])) is not None
