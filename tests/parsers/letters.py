"""Mails of a test, put together field by field."""

HEAD = b"From: a@x.be\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


def with_field(name: str, value: bytes) -> bytes:
    """A mail that has one more field."""
    return b"X-Before: 1\r\n%b: %b\r\nX-After: 2\r\n\r\nx" % (name.encode(), value)


def one(kind: bytes, body: bytes, encoding: bytes = b"8bit") -> bytes:
    """A mail of one part."""
    return HEAD + b"Content-Type: %b\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (kind, encoding, body)


def part(kind: bytes, body: bytes, *fields: bytes) -> bytes:
    """A part inside a multipart."""
    return b"Content-Type: %b\r\n%b\r\n%b" % (kind, b"".join(field + b"\r\n" for field in fields), body)


def nest(
    subtype: bytes,
    *parts: bytes,
    boundary: bytes = b"BB",
    end: bool = True,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """Parts as a part."""
    lines = b"".join(b"--%b\r\n%b\r\n" % (boundary, each) for each in parts)
    last = b"--%b--\r\n" % boundary if end else b""
    return b'Content-Type: multipart/%b; boundary="%b"\r\n\r\n%b%b%b%b' % (
        subtype,
        boundary,
        before,
        lines,
        last,
        after,
    )


def many(
    subtype: bytes,
    *parts: bytes,
    boundary: bytes = b"BB",
    end: bool = True,
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A mail of several parts."""
    return HEAD + nest(subtype, *parts, boundary=boundary, end=end, before=before, after=after)
