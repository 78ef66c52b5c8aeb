"""What a subject says beyond its words: the base subject, our ticket numbers, whether it is a forward.

Reads the decoded Subject on behalf of ``mail`` and of the trunk's threading. Total and linear.
"""

import re
from functools import lru_cache
from typing import Final

MAX_SUBJECT: Final = 2_000  # characters that are looked at

_REPLY: Final = r"re|r[ée]f\.?|r[ée]p\.?|antw(?:oord)?\.?|aw|antwort|betr(?:eff)?|sv|vs|odp|回复|答复"
_FORWARD: Final = (
    r"fwd?|tr|transf(?:[ée]r[ée])?\.?|wg|wtr|weitergeleitet|doorst(?:uren)?\.?|doorgest(?:uurd)?\.?|i|rv|enc"
)
_PREFIX: Final = re.compile(
    rf"\s*(?:(?P<forward>{_FORWARD})|(?:{_REPLY}))\s*(?:\[\d{{1,3}}\]|\(\d{{1,3}}\))?\s*[:：]\s*",
    re.IGNORECASE,
)
# Tags that gateways put in front, in brackets that hold no digit run of ours.
_TAG: Final = re.compile(
    r"\s*[\[(*{]+\s*(?:external(?: (?:e-?mail|sender|message))?|externe?|extern|ext|expéditeur externe"
    r"|e-mail externe"
    r"|afzender extern|externer absender|caution|attention|spam\??|suspected spam|bulk|junk|possible spam"
    r"|secure|confidential|confidentiel|newsletter|phish\w*|warning)\s*[\])*}]+\s*[:-]?\s*",
    re.IGNORECASE,
)
_BARE_TAG: Final = re.compile(r"(?:external|externe?|spam)\s?:\s*(?=\w{1,15}\s?:)", re.IGNORECASE)
_BLOB: Final = re.compile(r"\s*\[[^\[\]]{1,100}\]\s*")
_LIST: Final = re.compile(r"\s*\[[^\[\]\d:]{1,100}\]\s*")
_TRAILER: Final = re.compile(r"\s*\(fwd\)\s*$", re.IGNORECASE)
_WRAPPED: Final = re.compile(r"\s*\[fwd:\s*(.*)\]\s*$", re.IGNORECASE)


def base_subject(subject: str) -> str:
    """The subject without reply and forward prefixes, gateway tags and list labels (RFC 5256 2.1).

    Also in French, Dutch and German. Blanks are collapsed; the case is kept.

    >>> base_subject("RE: TR : [EXTERNAL] [ETNIC-1042] Imprimante (fwd)")
    'Imprimante'
    """
    text = " ".join(subject[:MAX_SUBJECT].split())
    for _ in range(200):
        shorter = _shorter(text)
        if shorter == text:
            return text
        text = shorter
    return text


def _shorter(text: str) -> str:
    text = _TRAILER.sub("", text)
    for leader in (_PREFIX, _TAG):
        found = leader.match(text)
        if found:
            return text[found.end() :]
    blob = _BLOB.match(text)
    if blob and text[blob.end() :]:  # a blob is kept when nothing else is left
        return text[blob.end() :]
    wrapped = _WRAPPED.match(text)
    return wrapped[1] if wrapped else text


def is_forward_prefix(subject: str) -> bool:
    """Whether the outermost prefix says that a person forwarded the mail.

    Tags of gateways and lists are looked through; not a ticket's, whose own subject may begin with a prefix.
    """
    text = _untagged(subject, _LIST)
    if _WRAPPED.match(text):
        return True
    found = _PREFIX.match(text)
    return found is not None and found["forward"] is not None


def has_reply_prefix(subject: str) -> bool:
    """Whether the outermost prefix says that the mail is an answer, whatever tags stand before it."""
    found = _PREFIX.match(_untagged(subject, _BLOB))
    return found is not None and found["forward"] is None


def _untagged(subject: str, blob: re.Pattern[str]) -> str:
    text = subject[:MAX_SUBJECT].strip()
    for _ in range(5):
        tag = _TAG.match(text) or _BARE_TAG.match(text) or blob.match(text)
        if tag is None:
            break
        text = text[tag.end() :]
    return text


def ticket_numbers(subject: str, prefix: str) -> tuple[int, ...]:
    """The numbers of ``[PREFIX-1042]`` tags, in order, each once; case does not matter.

    >>> ticket_numbers("Re: [ETNIC-1042] Imprimante", "ETNIC")
    (1042,)
    """
    found = _number_pattern(prefix).findall(subject[:MAX_SUBJECT])
    return tuple(dict.fromkeys(int(number) for number in found))


def ticket_number(ticket: int, prefix: str) -> str:
    """A ticket's number as people write it.

    >>> ticket_number(1042, "ETNIC")
    'ETNIC-1042'
    """
    return f"{prefix}-{ticket}"


@lru_cache(maxsize=16)
def _number_pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"\[\s*{re.escape(prefix)}\s*[-–#]\s*(\d{{1,12}})\s*\]", re.IGNORECASE)
