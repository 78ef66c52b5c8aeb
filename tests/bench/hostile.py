"""The hostile mails of which each must be read within two seconds and 400 MB (pure).

Stands below ``reading.py``. ``MAILS`` is the table: what hurts, and how such a mail is made. It cannot fail.
"""

import base64
import random
from collections.abc import Callable, Mapping

BIG = "25 MB attachment"

_HEAD = b"From: a@example.be\r\nTo: support@etnic.be\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def _typed(content_type: bytes, body: bytes) -> bytes:
    return _HEAD + b"Content-Type: " + content_type + b"\r\n\r\n" + body


def _nested_parts() -> bytes:
    levels = (
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(10_000)
    )
    return _HEAD + b"".join(levels) + b"Content-Type: text/plain\r\n\r\nhi\r\n"


def _big_attachment() -> bytes:
    """25 MiB of bytes that do not compress, as base64 in lines of 76 (RFC 2045 6.8)."""
    file = base64.encodebytes(random.Random(25).randbytes(25 * 1024 * 1024)).replace(b"\n", b"\r\n")
    return (
        _typed(b"multipart/mixed; boundary=b", b"--b\r\nContent-Type: text/plain\r\n\r\nVoici.\r\n--b\r\n")
        + b"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n"
        + b'Content-Disposition: attachment; filename="a.zip"\r\n\r\n'
        + file
        + b"--b--\r\n"
    )


MAILS: Mapping[str, Callable[[], bytes]] = {
    "10,000 nested parts": _nested_parts,
    "100,000 headers": lambda: _HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\nhi\r\n",
    "100,000 parts": lambda: _typed(b"multipart/mixed; boundary=b", b"--b\r\n\r\nx\r\n" * 100_000),
    "1 MB of ( in To": lambda: b"From: a@example.be\r\nTo: " + b"(" * 1_000_000 + b"\r\n\r\nhi\r\n",
    "1 MB Subject of encoded words": lambda: (
        b"From: a@example.be\r\nSubject: " + b"=?utf-8?q?=C3=A9?= " * 52_000 + b"\r\n\r\nhi\r\n"
    ),
    "100,000 Content-Type parameters": lambda: _typed(b"text/plain" + b"; a=b" * 100_000, b"hi\r\n"),
    "100,000 nested divs": lambda: _typed(b"text/html", b"<div>" * 100_000 + b"hi" + b"</div>" * 100_000),
    "1 MB of newlines": lambda: _typed(b"text/plain", b"\n" * 1_000_000),
    "30 kB of On": lambda: _typed(b"text/plain", b"On " * 10_000),
    BIG: _big_attachment,
}
