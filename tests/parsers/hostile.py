"""Mails made to hurt, and a process that reads them one by one within limits (pure but for that).

``MAILS`` is the table: what hurts, how such a mail is made, and the defect that names what was cut, if
anything was. ``python -m tests.parsers.hostile`` reads each in a child of its own, which may use so much
processor and memory and no more, and prints a line of JSON a mail.
"""

import base64
import bz2
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from parsers import blocks, body, mail, mime, people

# Of the processor. Any mail here needs a twentieth of it, and whatever is not linear far more than all.
SECONDS: Final = 20
MEMORY: Final = 400 << 20  # bytes above what the process has before it reads

M = 1_000_000
HEAD = b"From: a@b.be\r\nTo: s@etnic.be\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One mail; ``defect`` is "" where nothing has to be cut."""

    content: Callable[[], bytes]
    defect: str = ""


# Sixteen megabytes in fifty bytes.
BOMB = bz2.compress(bytes(15_900_000))
PAGE = b"Content-Type: text/html; name=a.html\r\nContent-Disposition: attachment\r\n\r\n"


def typed(content_type: bytes, content: bytes, encoding: bytes = b"8bit") -> bytes:
    """A mail of one part."""
    kind = b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n\r\n" % (content_type, encoding)
    return HEAD + kind + content


def field(name: bytes, value: bytes) -> bytes:
    """A mail with one large field."""
    return b"From: a@b.be\r\n%b: %b\r\n\r\nhi" % (name, value)


def mixed(*parts: bytes) -> bytes:
    """A mail of many parts."""
    return typed(
        b"multipart/mixed; boundary=b", b"".join(b"--b\r\n" + each + b"\r\n" for each in parts) + b"--b--"
    )


def nested(levels: int) -> bytes:
    """Multiparts inside each other."""
    return HEAD + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(levels)
    )


def attribute(tag: int, value: bytes, length: int | None = None) -> bytes:
    """A part of a winmail.dat, whose length may be a lie."""
    size = len(value) if length is None else length
    return b"\x02" + tag.to_bytes(4, "little") + size.to_bytes(4, "little") + value + b"\0\0"


def winmail(*attributes: bytes) -> bytes:
    """A mail that is a winmail.dat."""
    stream = b"\x78\x9f\x3e\x22\x01\x00" + attribute(0x69002, bytes(14)) + b"".join(attributes)
    return typed(b"application/ms-tnef; name=winmail.dat", base64.encodebytes(stream), b"base64")


def rtf(packed: bytes) -> bytes:
    """The attribute that holds a body in RTF."""
    return attribute(
        0x69003, b"\1\0\0\0\x02\x01\x09\x10\1\0\0\0" + len(packed).to_bytes(4, "little") + packed
    )


def enclosed(levels: int) -> bytes:
    """Mails inside mails inside a winmail.dat."""
    stream = b""
    for _ in range(levels):
        inner = (
            bytes.fromhex("0703020000000000c000000000000046789f3e220100")
            + attribute(0x69002, bytes(14))
            + stream
        )
        value = (
            b"\1\0\0\0\x0d\0\x01\x37\1\0\0\0"
            + len(inner).to_bytes(4, "little")
            + inner
            + bytes(-len(inner) % 4)
        )
        stream = attribute(0x69005, value)
    return winmail(stream)


SIGNED = bytes.fromhex(
    "3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080 2480"
)
TREE = b"Content-Type: multipart/mixed; boundary=c\n\n" + b"--c\n\nx\n" * 90


def html(source: bytes) -> Callable[[], bytes]:
    """A mail of HTML."""
    return lambda: typed(b"text/html", source)


MAILS: Mapping[str, Hostile] = {
    # The tree and its header blocks.
    "nested parts": Hostile(lambda: nested(10_000), mime.TOO_DEEP),
    "header fields": Hostile(lambda: HEAD + b"X: y\r\n" * 100_000 + b"\r\nhi", blocks.TOO_MANY_FIELDS),
    "a large header": Hostile(lambda: HEAD + b"X: y\r\n" * 200_000, blocks.LARGE_HEADER),
    "parts": Hostile(
        lambda: typed(b"multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n" * 100_000), mime.TOO_MANY_PARTS
    ),
    "a boundary of 1 MB": Hostile(
        lambda: typed(b"multipart/mixed; boundary=" + b"b" * M, b"--" + b"b" * M + b"\r\n\r\nx\r\n"),
        blocks.LONG_FIELD,
    ),
    "lines like a boundary": Hostile(lambda: typed(b"multipart/mixed; boundary=b", b"--bb\r\n" * 100_000)),
    "lines that begin with a boundary": Hostile(
        lambda: typed(b"multipart/mixed; boundary=b", b"--b x\r\n" * 100_000), mime.TOO_MANY_PARTS
    ),
    "a boundary to be guessed": Hostile(
        lambda: typed(b"multipart/mixed", b"--x\r\ncontent-type: text/plain\r\n\r\nx\r\n" * 50_000),
        mime.TOO_MANY_PARTS,
    ),
    "multiparts without a boundary": Hostile(
        lambda: mixed(*[b"Content-Type: multipart/mixed; boundary=c\r\n\r\n" + b"--d\r\n" * 500] * 900)
    ),
    "multiparts that never end": Hostile(
        lambda: nested(49) + b"".join(b"\r\n--b%d x\r\n" % (n % 49) for n in range(100_000))
    ),
    "lines that are no field": Hostile(lambda: HEAD + b"x\r\n" * 300_000 + b"Subject: y\r\n\r\nz"),
    "names that are none": Hostile(lambda: HEAD + b"\xe9: x\r\n" * 100_000 + b"\r\nz"),
    "lines of an mbox": Hostile(lambda: b"From x\r\n" * 100_000 + b"\r\nz"),
    "blank lines in front": Hostile(lambda: b"\n" * M + b"Subject: x\n\ny"),
    "colons": Hostile(lambda: b":" * M),
    "folds": Hostile(lambda: HEAD + b"X: y\r\n" + b" \r\n" * 300_000 + b"\r\nz", blocks.LONG_FIELD),
    "carriage returns": Hostile(lambda: b"\r" * 500_000 + b"\n\n"),
    "doubled carriage returns": Hostile(lambda: b"Subject: x\r\r\n\r\r\n" + b"a\r\r\n" * 300_000),
    "no line end": Hostile(lambda: b"a" * M),
    "zeros": Hostile(lambda: b"\0" * 500_000),
    # Fields.
    "brackets in To": Hostile(lambda: field(b"To", b"(" * M), blocks.LONG_FIELD),
    "comments in To": Hostile(lambda: field(b"To", b"(c) " * 200_000 + b"a@b.be"), blocks.LONG_FIELD),
    "recipients": Hostile(
        lambda: field(b"To", b", ".join(b"u%d@x.be" % n for n in range(100_000))), blocks.LARGE_HEADER
    ),
    "recipients in Cc": Hostile(
        lambda: field(b"Cc", b", ".join(b"u%d@x.be" % n for n in range(3_000))), people.TOO_MANY_ADDRESSES
    ),
    "many To": Hostile(
        lambda: (b"To: " + b'"\\' * 8_000 + b"\r\n") * 60 + b"\r\nx", people.TOO_MANY_ADDRESSES
    ),
    **{
        f"To of {name}": Hostile(partial(field, b"To", each * (M // len(each))), blocks.LONG_FIELD)
        for name, each in {
            "semicolons": b";",
            "commas": b",",
            "quotes": b'"',
            "quoted quotes": b'"\\"',
            "colons": b":",
            "at signs": b"@",
            "addresses": b"a@",
            "square brackets": b"[",
            "angle brackets": b"<",
            "names that are addresses": b'"a@b" <a@b>,',
        }.items()
    },
    "encoded words": Hostile(lambda: field(b"Subject", b"=?utf-8?q?a?= " * 70_000), blocks.LONG_FIELD),
    "half encoded words": Hostile(lambda: field(b"Subject", b"=?a?q?" * 10_000)),
    "beginnings of words": Hostile(lambda: field(b"Subject", b"=?" * 500_000), blocks.LONG_FIELD),
    "a word that never ends": Hostile(
        lambda: field(b"Subject", b"=?utf-8?q?" + b"=41" * 300_000), blocks.LONG_FIELD
    ),
    "questions in a word": Hostile(lambda: field(b"Subject", b"=?utf-8?q?" + b"? " * 30_000 + b"?=")),
    "blanks in a subject": Hostile(lambda: field(b"Subject", b" " * M + b"x")),
    "references": Hostile(lambda: field(b"References", b"<a@b> " * 100_000), blocks.LONG_FIELD),
    "ten thousand references": Hostile(
        lambda: field(b"References", b"".join(b"<%d@b>" % n for n in range(8_000))), mail.MANY_REFERENCES
    ),
    "brackets in References": Hostile(lambda: field(b"References", b"<" * M), blocks.LONG_FIELD),
    "half references": Hostile(lambda: field(b"References", b"<a@" * 300_000), blocks.LONG_FIELD),
    "a reference without an end": Hostile(lambda: field(b"In-Reply-To", b"a" * M), blocks.LONG_FIELD),
    "comments in Date": Hostile(lambda: (b"Date: " + b"(" * 60_000 + b"\r\n") * 10 + b"\r\nx"),
    "digits in Date": Hostile(lambda: field(b"Date", b"1" * 60_000)),
    "addresses in Delivered-To": Hostile(lambda: field(b"Delivered-To", b"a@" * 30_000)),
    "parameters": Hostile(lambda: typed(b"text/plain" + b"; a=b" * 100_000, b"hi"), blocks.LONG_FIELD),
    "more parameters than are read": Hostile(
        lambda: typed(b"text/plain" + b"; a=b" * 5_000, b"hi"), blocks.LONG_PARAMETERS
    ),
    "sections": Hostile(lambda: typed(b"text/plain" + b"; a*1=b" * 100_000, b"hi"), blocks.LONG_FIELD),
    "quotes in every part": Hostile(
        lambda: mixed(*[b"Content-Type: application/pdf; " + b'a="' * 2_000 + b"\r\n\r\nx"] * 300)
    ),
    "words in every name": Hostile(
        lambda: mixed(
            *[b'Content-Type: application/pdf; name="=?utf-8?q?' + b"a" * 3_000 + b'?="\r\n\r\nx'] * 900
        )
    ),
    # HTML.
    "nested divs": Hostile(html(b"<div>" * 100_000 + b"hi"), mail.COSTLY_HTML),
    "tags that nothing closes": Hostile(html(b"<x></y>" * 50_000), mail.COSTLY_HTML),
    "tags closed in a comment": Hostile(html(b"<div><!--</div>-->" * 50_000), mail.COSTLY_HTML),
    "tags closed in an attribute": Hostile(html(b'<div title="</div>">' * 50_000), mail.COSTLY_HTML),
    "formatting": Hostile(html(b"<b><p>" * 50_000 + b"hi"), mail.COSTLY_HTML),
    "formatting that every paragraph repeats": Hostile(
        html(b"<p>" + b"".join(b"<font a=%d>" % n for n in range(400)) + b"x<p>" * 50_000), mail.COSTLY_HTML
    ),
    "formatting that no wall stops": Hostile(html(b"<div><font></div>" * 20_000), mail.COSTLY_HTML),
    "lists of two kinds": Hostile(html(b"<li><dd>" * 40_000), mail.COSTLY_HTML),
    "links of SVG": Hostile(html(b"<svg>" + b"<link>" * 50_000), mail.COSTLY_HTML),
    "attributes": Hostile(
        html(b"<div " + b" ".join(b"a%d=b" % n for n in range(60_000)) + b">x"), mail.COSTLY_HTML
    ),
    "attributes of the root": Hostile(
        html(b"".join(b"<html a%d=b>" % n for n in range(60_000)) + b"x"), mail.COSTLY_HTML
    ),
    "long HTML": Hostile(html(b"<p>Bonjour</p>\n" * 80_000), mail.LONG_HTML),
    "angle brackets": Hostile(html(b"<" * 2 * M), mail.LONG_HTML),
    "ampersands": Hostile(html(b"<i>" + b"&" * 2 * M), mail.LONG_HTML),
    "halves of entities": Hostile(html(b"<i>" + b"&a" * 400_000)),
    "an attribute that never ends": Hostile(html(b"<a href='" + b"x" * 900_000)),
    "attributes that never end": Hostile(html(b'<a href="' * 100_000), mail.COSTLY_HTML),
    "comments that never end": Hostile(html(b"<!--" * 200_000)),
    "styles": Hostile(html(b"<p style='color:red;background:url(x)'>x" * 20_000)),
    "one style": Hostile(html(b"<p style='" + b"color:red;\\" * 80_000 + b"'>x")),
    "images": Hostile(html(b"<img style='display:none;width:1px' src=http://x>" * 15_000)),
    "paragraphs": Hostile(html(b"<p>" * 100_000)),
    "preformatted lines": Hostile(html(b"<pre>" + b"\n" * 900_000)),
    "blanks": Hostile(html(b"<p>" + b" " * 900_000)),
    "charsets": Hostile(html(b"<meta " * 150_000 + b"\xe9"), mail.COSTLY_HTML),
    "bodies of HTML": Hostile(lambda: mixed(*[b"Content-Type: text/html\r\n\r\n" + b"<div>" * 400] * 300)),
    "two spellings of everything": Hostile(
        lambda: mixed(*[b"\r\n" + b"x " * 9_000, b"Content-Type: text/html\r\n\r\n<p>" + b"y " * 9_000] * 60)
    ),
    # Text.
    "long text": Hostile(lambda: typed(b"text/plain", b"Bonjour\n" * 260_000), body.LONG_TEXT),
    "newlines": Hostile(lambda: typed(b"text/plain", b"\n" * M)),
    "page ends": Hostile(lambda: typed(b"text/plain", b"\x0c" * M)),
    "attributions": Hostile(lambda: typed(b"text/plain", b"On " * 10_000)),
    "attribution lines": Hostile(lambda: typed(b"text/plain", b"On Mon 2025 10:12 a@b.c wrote:\n" * 30_000)),
    "quoted lines": Hostile(lambda: typed(b"text/plain", b"> x\n" * 200_000)),
    "labels": Hostile(lambda: typed(b"text/plain", b"De : a@b.c\nDate : 2025\nA : b\n" * 20_000)),
    "signatures": Hostile(lambda: typed(b"text/plain", b"-- \n" * 200_000)),
    "separators": Hostile(lambda: typed(b"text/plain", b"##-" * 200_000)),
    "a wall of dashes": Hostile(lambda: typed(b"text/plain", (b"-" * 200 + b"\n") * 5_000)),
    "flowed lines": Hostile(lambda: typed(b"text/plain; format=flowed", b"> a \n" * 100_000)),
    "flowed words": Hostile(lambda: typed(b"text/plain; format=flowed", b"a \n" * M), body.LONG_TEXT),
    "enriched text": Hostile(lambda: typed(b"text/enriched", b"<param>" * 200_000)),
    "begin lines": Hostile(lambda: typed(b"text/plain", b"begin 644 a\n" * 100_000)),
    "uuencoded nothing": Hostile(lambda: typed(b"text/plain", b"begin 644 a\nend\n" * 40_000)),
    "uuencoded lies": Hostile(lambda: typed(b"text/plain", (b"begin 644 a\nM" + b"x" * 60 + b"\n") * 15_000)),
    "bounce": Hostile(
        lambda: b"From: MAILER-DAEMON@x.be\r\nSubject: Undelivered\r\n\r\n" + b"a@b.c could not " * 30_000
    ),
    "notice of lines": Hostile(
        lambda: b"From: postmaster@x.be\r\nSubject: Undelivered\r\n\r\n" + (b"-" * 200 + b"\n") * 5_000
    ),
    "notice of codes": Hostile(lambda: b"From: MAILER-DAEMON@x.be\r\nSubject: x\r\n\r\n" + b"5.1." * 250_000),
    "formula": Hostile(lambda: HEAD + b"\r\n" + b"Your message " * 70_000),
    # Encodings and charsets.
    "an attachment": Hostile(
        lambda: typed(b"application/pdf", (b"QUJD" * 19 + b"\r\n") * 330_000, b"base64")
    ),
    "base64 in tiny lines": Hostile(lambda: typed(b"application/pdf", b"QUJD\n" * M, b"base64")),
    "base64 in padded pieces": Hostile(lambda: typed(b"application/pdf", b"QUI=\n" * M, b"base64")),
    "base64 and noise": Hostile(lambda: typed(b"application/pdf", b"Q!U*J D" * 500_000, b"base64")),
    "blank lines as base64": Hostile(lambda: typed(b"text/plain", b"\n \n" * M, b"base64")),
    "equals signs": Hostile(lambda: typed(b"text/plain", b"=" * 5 * M, b"quoted-printable"), body.LONG_TEXT),
    "late soft breaks": Hostile(
        lambda: typed(b"text/plain", b"=" + b" " * 5 * M, b"quoted-printable"), body.LONG_TEXT
    ),
    "uuencoded attachment": Hostile(
        lambda: typed(
            b"application/pdf", b"begin 644 a\n" + (b"M" + b"!" * 60 + b"\n") * 100_000, b"x-uuencode"
        )
    ),
    "bytes of no charset": Hostile(lambda: typed(b"text/plain", b"\xe9" * 4 * M), body.LONG_TEXT),
    "half UTF-8": Hostile(lambda: typed(b"text/plain", b"\xc3\xa9\xe9" * 1_200_000), body.LONG_TEXT),
    "UTF-8 and strays": Hostile(
        lambda: typed(b"text/plain", b"\xc3\xa9" * 2 * M + b"\xe9" * 900), body.LONG_TEXT
    ),
    "broken GBK": Hostile(
        lambda: typed(b"text/plain; charset=gbk", b"\xb2\xe2" * 2 * M + b"\xff"), body.LONG_TEXT
    ),
    "UTF-7": Hostile(lambda: typed(b"text/plain; charset=utf-7", b"+AOk-" * M)),
    "escapes of ISO-2022": Hostile(lambda: typed(b"text/plain; charset=iso-2022-jp", b"\x1b$B" * M)),
    "UTF-16": Hostile(lambda: typed(b"text/plain; charset=utf-16", b"a\0" * 4 * M), body.LONG_TEXT),
    # Parts with something inside.
    "winmail.dat that lies": Hostile(lambda: winmail(attribute(0x6800F, b"abc", 0xFFFFFFFF))),
    "winmail.dat of many files": Hostile(lambda: winmail(*[attribute(0x69002, bytes(14))] * 100_000)),
    "properties that lie": Hostile(
        lambda: winmail(attribute(0x69005, b"\xff" * 4 + b"\x1e\x10\x07\x37\xff\xff\xff\xff" * 100_000))
    ),
    "properties of nothing": Hostile(
        lambda: winmail(*[attribute(0x69005, b"\xff" * 4 + b"\x03\x00\x07\x37\0\0\0\0" * 10_000)] * 50)
    ),
    "RTF that swells": Hostile(
        lambda: winmail(
            *[rtf(bytes(4) + b"\xff\xff\xff\x7fLZFu" + bytes(4) + b"\xff" + b"\x0d\x0f" * 100_000)] * 20
        )
    ),
    "groups of RTF": Hostile(lambda: winmail(rtf(bytes(4) + b"\0\0\x10\0MELA" + bytes(4) + b"{" * 500_000))),
    "words of RTF": Hostile(
        lambda: winmail(rtf(bytes(4) + b"\0\0\x10\0MELA" + bytes(4) + b"\\a " * 160_000))
    ),
    "mails in mails": Hostile(lambda: enclosed(60)),
    "pieces of a signature": Hostile(lambda: typed(b"application/pkcs7-mime", SIGNED + b"\x04\x01x" * M)),
    "opaque signatures": Hostile(
        lambda: mixed(
            *[b"Content-Type: application/pkcs7-mime\r\n\r\n" + SIGNED + b"\x04\x82\x03\0" + TREE] * 900
        )
    ),
    "enclosed mails": Hostile(
        lambda: mixed(*[b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n" + b"y" * 20_000] * 400)
    ),
    "small bombs": Hostile(lambda: mixed(*[b"Content-Type: application/x-bzip2\r\n\r\n" + BOMB] * 990)),
    "pages of events": Hostile(lambda: mixed(*[PAGE + b"<p" + b" on" * 5_000] * 60)),
    "comments before a page": Hostile(lambda: mixed(*[PAGE + b"<!---->" * 600] * 900)),
    "calendar": Hostile(
        lambda: typed(b"text/calendar; method=REPLY", b"BEGIN:VCALENDAR\r\n" + b"X:y\r\n" * 200_000)
    ),
    "folds of a calendar": Hostile(lambda: typed(b"text/calendar; method=REPLY", b"UID:x\r\n " * 200_000)),
    "parameters of a calendar": Hostile(lambda: typed(b"text/calendar; method=REPLY", b"UID;" * 200_000)),
    "attendees of a calendar": Hostile(
        lambda: mixed(
            *[
                b"Content-Type: text/calendar; method=REPLY\r\n\r\nATTENDEE;X="
                + b'"a",' * 2_000
                + b":y\r\n" * 2_000
            ]
            * 900
        )
    ),
    "pictures that the text may show": Hostile(
        lambda: mixed(
            b"Content-Type: text/html\r\n\r\n<p>" + b"cid:" * 200_000,
            *[b"Content-Type: image/png\r\nContent-ID: <%b>\r\n\r\nx" % (b"cid:" * 20)] * 900,
        )
    ),
    "alternatives": Hostile(
        lambda: typed(
            b"multipart/alternative; boundary=b", b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 990
        )
    ),
}


def read(content: bytes) -> dict[str, object]:
    """What of the mail a test may ask; its HTML is cleaned too."""
    parsed = mail.parse_mail(content)
    return {
        "defects": parsed.defects,
        "headers": len(parsed.headers),
        "digest": parsed.digest,
        "shown": len(parsed.html),
    }


def main() -> None:
    """Read every mail, or those named, each in a child; two at a time."""
    children: set[int] = set()
    for name in sys.argv[1:] or MAILS:
        while len(children) >= 2:
            children.discard(os.wait()[0])
        child = os.fork()
        if child == 0:
            _read_within_limits(name)
        children.add(child)
    for child in children:
        os.waitpid(child, 0)


def _read_within_limits(name: str) -> NoReturn:
    """A child ends here, whatever happens to it: a mail that says nothing has failed."""
    try:
        content = MAILS[name].content()
        size = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        os.write(1, json.dumps({"name": name, **read(content)}).encode() + b"\n")
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
