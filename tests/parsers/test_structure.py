"""What is body and what is file in mails of every make, and which text the bytes stand for.

Each case is one trap: its name, the mail, the text that is meant (blanks do not count), the files.
"""

import base64
import binascii

import pytest

from parsers.mail import parse_mail
from tests.parsers.letters import HEAD, many, nest, one, part

B = "Bonjour é"
T = part(b"text/plain; charset=utf-8", B.encode())
HT = part(b"text/html; charset=utf-8", "<p>Bonjour <b>é</b></p>".encode())
PDF = part(
    b"application/pdf; name=a.pdf", b"JVBERg==", b"Content-Transfer-Encoding: base64",
    b"Content-Disposition: attachment",
)  # fmt: skip
PNG = part(
    b"image/png", b"UE5H", b"Content-Transfer-Encoding: base64", b"Content-ID: <i1@x>",
    b"Content-Disposition: inline; filename=i.png",
)  # fmt: skip
LONG = " ".join([B] * 9)
STUB = part(b"text/plain", b"Your mail client does not support HTML.")
CAL = part(b"text/calendar; method=REQUEST; charset=utf-8", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR")
MSG = part(b"message/rfc822", b"From: z@x.be\r\nSubject: dedans\r\n\r\ncorps")

Meant = tuple[str, list[tuple[str, str, int]]]
MAILS: list[tuple[str, bytes, Meant]] = [
    ("one part mixed", many(b"mixed", T), (B, [])),
    ("plain after html", many(b"alternative", HT, T), (B, [])),
    ("html only alternative", many(b"alternative", HT), (B, [])),
    ("calendar alternative", many(b"alternative", T, HT, CAL), (B, [("", "text/calendar", 30)])),
    ("calendar only alternative", many(b"alternative", CAL, T), (B, [("", "text/calendar", 30)])),
    (
        "related wrong start",
        many(b'related; start="<nope@x>"; type=text/html', HT, PNG),
        (B, [("i.png", "image/png", 3)]),
    ),
    (
        "related start second",
        many(b'related; start="<h@x>"', PNG, part(b"text/html", b"<p>Bonjour</p>", b"Content-ID: <h@x>")),
        ("Bonjour", [("i.png", "image/png", 3)]),
    ),
    (
        "related start without brackets",
        many(b"related; start=h@x", PNG, part(b"text/html", b"<p>Bonjour</p>", b"Content-ID: <h@x>")),
        ("Bonjour", [("i.png", "image/png", 3)]),
    ),
    ("related wrong type", many(b'related; type="image/png"', HT, PNG), (B, [("i.png", "image/png", 3)])),
    ("related image first", many(b"related", PNG, HT), (B, [("i.png", "image/png", 3)])),
    (
        "related in alternative",
        many(b"alternative", T, nest(b"related", HT, PNG, boundary=b"CC")),
        (B, [("i.png", "image/png", 3)]),
    ),
    (
        "alternative in related",
        many(b"related", nest(b"alternative", T, HT, boundary=b"CC"), PNG),
        (B, [("i.png", "image/png", 3)]),
    ),
    (
        "mixed in related",
        many(b"related", nest(b"mixed", T, PDF, boundary=b"CC"), PNG),
        (B, [("a.pdf", "application/pdf", 4), ("i.png", "image/png", 3)]),
    ),
    ("related plain+html no alternative", many(b"related", T, HT, PNG), (B, [("i.png", "image/png", 3)])),
    (
        "alternative with pdf in mixed",
        many(b"alternative", T, nest(b"mixed", HT, PDF, boundary=b"CC")),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "alternative whose last is pdf",
        many(b"alternative", T, HT, PDF),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    ("mixed html text", many(b"mixed", HT, part(b"text/plain", b"-- liste")), ("Bonjour é -- liste", [])),
    (
        "signed",
        many(
            b'signed; protocol="application/pkcs7-signature"',
            T,
            part(
                b"application/pkcs7-signature; name=smime.p7s", b"AAAA", b"Content-Transfer-Encoding: base64"
            ),
        ),
        (B, [("smime.p7s", "application/pkcs7-signature", 3)]),
    ),
    (
        "signed wraps mixed",
        many(
            b"signed",
            nest(b"mixed", T, PDF, boundary=b"CC"),
            part(b"application/pgp-signature; name=signature.asc", b"x"),
        ),
        (B, [("a.pdf", "application/pdf", 4), ("signature.asc", "application/pgp-signature", 1)]),
    ),
    (
        "encrypted",
        many(
            b'encrypted; protocol="application/pgp-encrypted"',
            part(b"application/pgp-encrypted", b"Version: 1"),
            part(b"application/octet-stream; name=encrypted.asc", b"x"),
        ),
        ("", [("", "application/pgp-encrypted", 10), ("encrypted.asc", "application/octet-stream", 1)]),
    ),
    (
        "digest",
        many(b"digest", b"\r\nFrom: z@x.be\r\nSubject: un\r\n\r\ncorps", b"\r\nSubject: deux\r\n\r\ncorps"),
        ("", [("un.eml", "message/rfc822", 34), ("deux.eml", "message/rfc822", 22)]),
    ),
    (
        "digest with typed text",
        many(b"digest", part(b"text/plain", b"table"), b"\r\nSubject: un\r\n\r\ncorps"),
        ("table", [("un.eml", "message/rfc822", 20)]),
    ),
    ("parallel", many(b"parallel", T, PDF), (B, [("a.pdf", "application/pdf", 4)])),
    ("unknown multipart", many(b"x-foo", T, PDF), (B, [("a.pdf", "application/pdf", 4)])),
    (
        "appledouble",
        many(
            b"mixed",
            T,
            nest(
                b"appledouble",
                part(b'application/applefile; name="%a.jpg"', b"AAAA", b"Content-Transfer-Encoding: base64"),
                part(b"image/jpeg; name=a.jpg", b"UE5H", b"Content-Transfer-Encoding: base64"),
                boundary=b"CC",
            ),
        ),
        (B, [("%a.jpg", "application/applefile", 3), ("a.jpg", "image/jpeg", 3)]),
    ),
    (
        "external body",
        many(
            b"mixed",
            T,
            part(
                b'message/external-body; access-type=URL; URL="http://x/a"; name=a.pdf',
                b"Content-Type: application/pdf\r\n\r\n",
            ),
        ),
        (B, [("a.pdf", "message/external-body", 33)]),
    ),
    (
        "partial",
        HEAD + part(b'message/partial; id="x@y"; number=1; total=2', b"Subject: y\r\n\r\nhello"),
        ("", [("", "message/partial", 19)]),
    ),
    (
        "report with text",
        many(
            b"report; report-type=delivery-status",
            T,
            part(
                b"message/delivery-status",
                b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; z@x.be\r\n"
                b"Action: failed\r\nStatus: 5.1.1",
            ),
            part(b"text/rfc822-headers", b"Subject: z"),
        ),
        (B, [("", "message/delivery-status", 87), ("", "text/rfc822-headers", 10)]),
    ),
    ("forwarded", many(b"mixed", T, MSG), (B, [("dedans.eml", "message/rfc822", 38)])),
    ("no end", many(b"mixed", T, PDF, end=False), (B, [("a.pdf", "application/pdf", 4)])),
    ("boundary in preamble line", many(b"mixed", T, before=b"This mail has --BB in it\r\n"), (B, [])),
    ("boundary indented in preamble", many(b"mixed", T, before=b" --BB\r\n"), (B, [])),
    (
        "text in preamble",
        many(b"mixed", T, before=b"This is a multi-part message in MIME format.\r\n\r\n"),
        (B, []),
    ),
    ("epilogue", many(b"mixed", T, after=b"disclaimer"), (B, [])),
    (
        "boundary with spaces after",
        many(b"mixed", T, PDF).replace(b"--BB\r\n", b"--BB  \t\r\n"),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "prefix boundaries",
        many(b"mixed", nest(b"alternative", T, HT, boundary=b"BBx"), PDF),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "inner is prefix of outer",
        many(b"mixed", nest(b"alternative", T, HT, boundary=b"BB"), PDF, boundary=b"BBx"),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "inner without end",
        many(b"mixed", nest(b"alternative", T, HT, boundary=b"CC", end=False), PDF),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "same boundary nested",
        many(b"mixed", nest(b"alternative", T, HT), PDF),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "boundary unquoted specials",
        (
            HEAD
            + b"Content-Type: multipart/mixed; boundary=----=_Part(1):2/3?\r\n\r\n------=_Part(1):2/3?\r\n"
            + T
            + b"\r\n------=_Part(1):2/3?--"
        ),
        (B, []),
    ),
    (
        "boundary with quotes wrong",
        (HEAD + b"Content-Type: multipart/mixed; boundary='BB'\r\n\r\n--BB\r\n" + T + b"\r\n--BB--"),
        (B, []),
    ),
    (
        "boundary with quotes in lines",
        (HEAD + b'Content-Type: multipart/mixed; boundary="BB"\r\n\r\n--"BB"\r\n' + T + b'\r\n--"BB"--'),
        (B, []),
    ),
    ("boundary case differs", many(b"mixed", T).replace(b'"BB"', b'"bb"'), (B, [])),
    (
        "boundary rfc2231",
        (
            HEAD
            + b"Content-Type: multipart/mixed; boundary*0=B; boundary*1=B\r\n\r\n--BB\r\n"
            + T
            + b"\r\n--BB--"
        ),
        (B, []),
    ),
    (
        "closing delimiter first",
        (HEAD + b"Content-Type: multipart/mixed; boundary=BB\r\n\r\n--BB--\r\n--BB\r\n" + T + b"\r\n--BB--"),
        (B, []),
    ),
    (
        "two blank lines after the boundary",
        many(b"mixed", b"\r\n\r\nBonjour", PDF),
        ("Bonjour", [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "no blank line in the part",
        HEAD
        + b"Content-Type: multipart/mixed; boundary=BB\r\n\r\n--BB\r\n"
        + b"Content-Type: text/plain; charset=utf-8\r\nBonjour \xc3\xa9\r\n--BB--\r\n",
        (B, []),
    ),
    (
        "no header in the part",
        HEAD + b"Content-Type: multipart/mixed; boundary=BB\r\n\r\n--BB\r\nBonjour \xc3\xa9\r\n--BB--\r\n",
        (B, []),
    ),
    (
        "part header has spaces before colon",
        many(b"mixed", T.replace(b"Content-Type:", b"Content-Type :")),
        (B, []),
    ),
    (
        "very long boundary",
        many(b"mixed", T, PDF, boundary=b"x" * 900),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "boundary in base64 like text",
        many(b"mixed", part(b"text/plain", b"--BBnot\r\n--BB-\r\n--BB---\r\nBonjour")),
        ("--BBnot --BB- --BB--- Bonjour", []),
    ),
    ("LF only", many(b"mixed", T, PDF).replace(b"\r\n", b"\n"), (B, [("a.pdf", "application/pdf", 4)])),
    ("CR only", many(b"mixed", T, PDF).replace(b"\r\n", b"\r"), (B, [("a.pdf", "application/pdf", 4)])),
    (
        "header LF body CRLF",
        HEAD.replace(b"\r\n", b"\n") + nest(b"mixed", T, PDF),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "text part named, inline",
        many(b"mixed", part(b"text/plain; name=note.txt", b"Bonjour", b"Content-Disposition: inline"), PDF),
        ("Bonjour", [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "text inline with file name",
        many(b"mixed", T, part(b"text/plain", b"log", b"Content-Disposition: inline; filename=log.txt")),
        (B, [("log.txt", "text/plain", 3)]),
    ),
    (
        "two plain",
        many(b"mixed", T, PDF, part(b"text/plain", b"fin")),
        ("Bonjour é fin", [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "footer html after plain",
        many(b"mixed", T, part(b"text/html", b"<p>Liste</p>")),
        ("Bonjour é Liste", []),
    ),
    (
        "html attached",
        many(
            b"mixed", T, part(b"text/html", b"<p>x</p>", b"Content-Disposition: attachment; filename=r.html")
        ),
        (B, [("r.html", "text/html", 8)]),
    ),
    (
        "only html attachment",
        many(b"mixed", part(b"text/html", b"<p>x</p>", b"Content-Disposition: attachment; filename=r.html")),
        ("", [("r.html", "text/html", 8)]),
    ),
    (
        "root attachment text",
        HEAD + part(b"text/plain; name=a.txt", b"hello", b"Content-Disposition: attachment; filename=a.txt"),
        ("", [("a.txt", "text/plain", 5)]),
    ),
    (
        "text/enriched only",
        one(b"text/enriched; charset=utf-8", "<bold>Bonjour</bold> é".encode()),
        ("Bonjour é", []),
    ),
    ("text/rtf only", one(b"text/rtf", rb"{\rtf1\ansi Bonjour \'e9}"), (B, [])),
    ("application/rtf only", one(b"application/rtf", rb"{\rtf1\ansi Bonjour \'e9}"), (B, [])),
    (
        "RTF beside its text",
        many(b"alternative", T, part(b"text/rtf", rb"{\rtf1 x}")),
        (B, [("", "text/rtf", 9)]),
    ),
    ("text/markdown only", one(b"text/markdown; charset=utf-8", "Bonjour é".encode()), ("Bonjour é", [])),
    ("text/x-foo only", one(b"text/x-foo", "Bonjour é".encode()), ("Bonjour é", [])),
    (
        "text/richtext in alternative",
        many(b"alternative", T, part(b"text/richtext", b"<bold>x</bold>")),
        (B, [("", "text/richtext", 14)]),
    ),
    (
        "calendar only",
        one(b"text/calendar; method=REQUEST", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR"),
        ("", [("", "text/calendar", 30)]),
    ),
    (
        "watch-html",
        many(b"alternative", T, part(b"text/watch-html", b"<b>x</b>"), HT),
        (B, [("", "text/watch-html", 8)]),
    ),
    (
        "amp",
        many(b"alternative", T, part(b"text/x-amp-html", b"<b>amp</b>"), HT),
        (B, [("", "text/x-amp-html", 10)]),
    ),
    (
        "html in text/plain",
        one(b"text/plain; charset=utf-8", "<html><body><p>Bonjour é</p></body></html>".encode()),
        (B, []),
    ),
    (
        "html without content type",
        HEAD + "\r\n<!DOCTYPE html><html><body><p>Bonjour é</p></body></html>".encode(),
        (B, []),
    ),
    (
        "plain in text/html",
        one(b"text/html; charset=utf-8", "Bonjour é\r\nA < B".encode()),
        ("Bonjour é A < B", []),
    ),
    ("plain blank, html real", many(b"alternative", part(b"text/plain", b" \r\n\r\n"), HT), (B, [])),
    (
        "plain nbsp, html real",
        many(b"alternative", part(b"text/plain; charset=utf-8", b"\xc2\xa0\r\n"), HT),
        (B, []),
    ),
    (
        "the plain spelling only tells to read the other one",
        many(b"alternative", STUB, part(b"text/html; charset=utf-8", f"<p>{LONG}</p>".encode())),
        (LONG, []),
    ),
    (
        "a plain spelling that speaks of HTML",
        many(b"alternative", STUB, HT),
        ("Your mail client does not support HTML.", []),
    ),
    ("three bodies", many(b"alternative", T, HT, part(b"text/html", b"<p>Trois</p>")), (B, [])),
    (
        "nested mixed twice",
        many(b"mixed", nest(b"mixed", nest(b"mixed", T, boundary=b"DD"), boundary=b"CC"), PDF),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    (
        "content-type twice",
        HEAD
        + b"Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=BB\r\n\r\n--BB\r\n"
        + T
        + b"\r\n--BB--",
        (B, []),
    ),
    (
        "mixed with quoted-printable header",
        many(b"mixed", T, PDF).replace(
            b"MIME-Version: 1.0\r\n", b"MIME-Version: 1.0\r\nContent-Transfer-Encoding: quoted-printable\r\n"
        ),
        (B, [("a.pdf", "application/pdf", 4)]),
    ),
    ("qp soft end", one(b"text/plain; charset=utf-8", b"Bonjour =C3=A9=", b"quoted-printable"), (B, [])),
    ("qp lower hex", one(b"text/plain; charset=utf-8", b"Bonjour =c3=a9", b"quoted-printable"), (B, [])),
    (
        "qp raw 8bit",
        one(b"text/plain; charset=utf-8", b"Bonjour \xc3\xa9 =C3=A9", b"quoted-printable"),
        ("Bonjour é é", []),
    ),
    (
        "qp split char",
        one(b"text/plain; charset=utf-8", b"Bonjour =C3=\r\n=A9", b"quoted-printable"),
        (B, []),
    ),
    (
        "qp soft with blanks",
        one(b"text/plain; charset=utf-8", b"Bon= \t\r\njour =C3=A9", b"quoted-printable"),
        (B, []),
    ),
    (
        "qp trailing blanks",
        one(b"text/plain; charset=utf-8", b"Bonjour   \r\n=C3=A9  ", b"quoted-printable"),
        (B, []),
    ),
    ("qp lf soft", one(b"text/plain; charset=utf-8", b"Bon=\njour =C3=A9", b"quoted-printable"), (B, [])),
    (
        "qp encoded newline",
        one(b"text/plain; charset=utf-8", b"Bonjour=0D=0A=C3=A9", b"quoted-printable"),
        (B, []),
    ),
    (
        "qp equals in text",
        one(b"text/plain; charset=utf-8", b"a = b; x=1; 100=25; =C3=A9", b"quoted-printable"),
        ("a = b; x=1; 100%; é", []),
    ),
    ("qp name case", one(b"text/plain; charset=utf-8", b"Bonjour =C3=A9", b"QUOTED-PRINTABLE"), (B, [])),
    ("qp typo", one(b"text/plain; charset=utf-8", b"Bonjour =C3=A9", b"quoted printable"), (B, [])),
    ("qp quoted", one(b"text/plain; charset=utf-8", b"Bonjour =C3=A9", b'"quoted-printable"'), (B, [])),
    (
        "qp with comment",
        one(b"text/plain; charset=utf-8", b"Bonjour =C3=A9", b"quoted-printable (x)"),
        (B, []),
    ),
    (
        "qp with semicolon",
        one(b"text/plain; charset=utf-8", b"Bonjour =C3=A9", b"quoted-printable;"),
        (B, []),
    ),
    ("b64 quoted", one(b"text/plain; charset=utf-8", base64.b64encode(B.encode()), b'"base64"'), (B, [])),
    (
        "b64 declared, plain text",
        one(
            b"text/plain; charset=utf-8",
            "Bonjour é, ceci est un message normal.\r\nAvec deux lignes.".encode(),
            b"base64",
        ),
        ("Bonjour é, ceci est un message normal. Avec deux lignes.", []),
    ),
    (
        "b64 each char a line",
        one(
            b"text/plain; charset=utf-8",
            b"\r\n".join(bytes([c]) for c in base64.b64encode(B.encode())),
            b"base64",
        ),
        (B, []),
    ),
    (
        "b64 concatenated",
        one(
            b"text/plain; charset=utf-8",
            base64.b64encode(b"Bonjour ") + b"\r\n" + base64.b64encode("é".encode()),
            b"base64",
        ),
        (B, []),
    ),
    ("b64 with noise", one(b"text/plain; charset=utf-8", b"Qm9u!am91\x00ciDDqQ==", b"base64"), (B, [])),
    ("b64 length 4n+1", one(b"text/plain; charset=utf-8", b"Qm9uam91ciDDqQ==A", b"base64"), (B, [])),
    ("b64 cut", one(b"text/plain; charset=utf-8", b"Qm9uam91ciDDqQ=", b"base64"), (B, [])),
    (
        "b64 cut in char",
        one(b"text/plain; charset=utf-8", b"Qm9uam91ciDDqSBldCDD", b"base64"),
        ("Bonjour é et", []),
    ),
    (
        "b64 urlsafe",
        many(
            b"mixed",
            T,
            part(
                b"application/octet-stream; name=a",
                base64.urlsafe_b64encode(b"\xfb\xff\xfe\xfb\xff\xfe"),
                b"Content-Transfer-Encoding: base64",
            ),
        ),
        (B, [("a", "application/octet-stream", 6)]),
    ),
    (
        "b64 blank lines",
        one(b"text/plain; charset=utf-8", b"Qm9u\r\n\r\nam91\r\n \r\nciDDqQ==\r\n\r\n", b"base64"),
        (B, []),
    ),
    (
        "b64 padding then text",
        one(b"text/plain; charset=utf-8", b"Qm9uam91ciDDqQ==\r\n\r\nSent to you by list", b"base64"),
        (B, []),
    ),
    ("b64 name case", one(b"text/plain; charset=utf-8", base64.b64encode(B.encode()), b"BASE64"), (B, [])),
    ("b64 name typo", one(b"text/plain; charset=utf-8", base64.b64encode(B.encode()), b"base-64"), (B, [])),
    (
        "b64 utf16",
        one(b"text/plain; charset=utf-16", base64.b64encode(B.encode("utf-16")), b"base64"),
        (B, []),
    ),
    (
        "b64 utf16le",
        one(b"text/plain; charset=utf-16le", base64.b64encode(B.encode("utf-16le")), b"base64"),
        (B, []),
    ),
    (
        "b64 utf16 no bom",
        one(b"text/plain; charset=utf-16", base64.b64encode(B.encode("utf-16be")), b"base64"),
        (B, []),
    ),
    (
        "utf16 declared, ascii bytes",
        one(b"text/plain; charset=utf-16", b"Bonjour tout le monde!"),
        ("Bonjour tout le monde!", []),
    ),
    ("utf16 undeclared bom", one(b"text/plain", base64.b64encode(B.encode("utf-16")), b"base64"), (B, [])),
    (
        "utf16 declared utf-8",
        one(b"text/plain; charset=utf-8", base64.b64encode(B.encode("utf-16")), b"base64"),
        (B, []),
    ),
    ("utf-32", one(b"text/plain; charset=utf-32", base64.b64encode(B.encode("utf-32")), b"base64"), (B, [])),
    ("cte binary", one(b"text/plain; charset=utf-8", B.encode(), b"binary"), (B, [])),
    ("cte 7bit with utf8", one(b"text/plain; charset=utf-8", B.encode(), b"7bit"), (B, [])),
    ("cte empty", one(b"text/plain; charset=utf-8", B.encode(), b""), (B, [])),
    (
        "uu cte file",
        many(
            b"mixed",
            T,
            part(
                b"application/octet-stream; name=a",
                b"begin 644 a\r\n" + binascii.b2a_uu(b"hello").rstrip() + b"\r\n`\r\nend\r\n",
                b"Content-Transfer-Encoding: x-uuencode",
            ),
        ),
        (B, [("a", "application/octet-stream", 5)]),
    ),
    (
        "two uu",
        one(
            b"text/plain; charset=utf-8",
            B.encode()
            + b"\r\nbegin 644 a.txt\r\n"
            + binascii.b2a_uu(b"hello").rstrip()
            + b"\r\n`\r\nend\r\nbegin 600 b c.txt\r\n"
            + binascii.b2a_uu(b"world!").rstrip()
            + b"\r\n`\r\nend\r\nfin\r\n",
        ),
        (
            "Bonjour é fin",
            [("a.txt", "application/octet-stream", 5), ("b c.txt", "application/octet-stream", 6)],
        ),
    ),
    (
        "uu cut",
        one(
            b"text/plain; charset=utf-8",
            B.encode() + b"\r\nbegin 644 a.txt\r\n" + binascii.b2a_uu(b"hello" * 9),
        ),
        (B, [("a.txt", "application/octet-stream", 45)]),
    ),
    (
        "begin is a word",
        one(b"text/plain; charset=utf-8", b"begin 644 chapters\r\nof the book\r\nend\r\n"),
        ("begin 644 chapters of the book end", []),
    ),
    (
        "flowed",
        one(
            b"text/plain; charset=utf-8; format=flowed",
            b"Bonjour \r\ntout \r\nle monde\r\n\r\n> cit\xc3\xa9 \r\n> suite\r\n From: x\r\n-- \r\nsig",
        ),
        ("Bonjour tout le monde > cité suite From: x -- sig", []),
    ),
    (
        "flowed delsp",
        one(b"text/plain; charset=utf-8; format=flowed; delsp=yes", b"Bon \r\njour"),
        ("Bonjour", []),
    ),
    (
        "flowed quoted upper",
        one(b'text/plain; charset=utf-8; Format="Flowed"; DelSp="Yes"', b"Bon \r\njour"),
        ("Bonjour", []),
    ),
    (
        "meta only 1251",
        one(
            b"text/html",
            b'<head><meta http-equiv="Content-Type" content="text/html; charset=windows-1251"></head>'
            + "Привет".encode("cp1251"),
        ),
        ("Привет", []),
    ),
    (
        "meta html5 iso-8859-15",
        one(
            b"text/html",
            "<html><head><meta charset='iso-8859-15'></head><body>5€</body></html>".encode("iso-8859-15"),
        ),
        ("5€", []),
    ),
    (
        "meta against declared utf8",
        one(
            b"text/html; charset=utf-8",
            "<html><head><meta charset='iso-8859-1'></head><body>5€</body></html>".encode(),
        ),
        ("5€", []),
    ),
    (
        "declared wrong, meta right",
        one(
            b"text/html; charset=us-ascii",
            "<html><head><meta charset='windows-1251'></head><body>Привет</body></html>".encode("cp1251"),
        ),
        ("Привет", []),
    ),
    (
        "meta says utf-16 in ascii",
        one(b"text/html", "<html><head><meta charset='utf-16'></head><body>5€</body></html>".encode()),
        ("5€", []),
    ),
    (
        "xml decl",
        one(
            b"text/html",
            '<?xml version="1.0" encoding="iso-8859-15"?><html><body>5€</body></html>'.encode("iso-8859-15"),
        ),
        ("5€", []),
    ),
    ("bom html", one(b"text/html", b"\xef\xbb\xbf<p>5\xe2\x82\xac</p>"), ("5€", [])),
    (
        "mostly utf8",
        one(
            b"text/plain; charset=utf-8", "L’été à l’école, ça va très bien".encode() + b"\r\n-- \r\nL\xe9gal"
        ),
        ("L’été à l’école, ça va très bien -- Légal", []),
    ),
    (
        "mostly utf8 undeclared",
        one(b"text/plain", "L’été à l’école, ça va très bien".encode() + b"\r\n-- \r\nL\xe9gal"),
        ("L’été à l’école, ça va très bien -- Légal", []),
    ),
    (
        "utf8 cut in char",
        one(b"text/plain; charset=utf-8", "L’été à l’écolé".encode()[:-1]),
        ("L’été à l’écol", []),
    ),
    (
        "latin1 as utf8",
        one(b"text/plain; charset=utf-8", "L'été à l'école".encode("latin-1")),
        ("L'été à l'école", []),
    ),
    (
        "utf8 as 8859-2",
        one(b"text/plain; charset=iso-8859-2", "été à l’école".encode()),
        ("été à l’école", []),
    ),
    ("utf8 as koi8", one(b"text/plain; charset=koi8-r", "Привет мир".encode()), ("Привет мир", [])),
    ("iso2022jp undeclared", one(b"text/plain", "日本語テスト".encode("iso-2022-jp")), ("日本語テスト", [])),
    ("hz", one(b"text/plain; charset=hz-gb-2312", "你好".encode("hz")), ("你好", [])),
    ("utf-7", one(b"text/plain; charset=utf-7", b"Probl+AOg-me + 1"), ("Probl+AOg-me + 1", [])),
    ("koi8-r", one(b"text/plain; charset=koi8-r", "Привет".encode("koi8-r")), ("Привет", [])),
    ("mac", one(b"text/plain; charset=macintosh", "été “x”".encode("mac_roman")), ("été “x”", [])),
    ("cp850", one(b"text/plain; charset=ibm850", "été".encode("cp850")), ("été", [])),
    (
        "ebcdic",
        one(b"text/plain; charset=cp037", base64.b64encode("Hello".encode("cp037")), b"base64"),
        ("Hello", []),
    ),
    ("big5hkscs as big5", one(b"text/plain; charset=big5", "㗎中文".encode("big5hkscs")), ("㗎中文", [])),
    ("utf8mb4", one(b"text/plain; charset=utf8mb4", B.encode()), (B, [])),
    ("utf-8 with quotes", one(b"text/plain; charset=`utf-8`", B.encode()), (B, [])),
    (
        "charset= x-user-defined",
        one(b"text/plain; charset=x-user-defined", "été".encode("latin-1")),
        ("été", []),
    ),
    ("charset=utf-8 html", one(b"text/plain; charset=utf-8text/html", B.encode()), (B, [])),
    ("nul bytes", one(b"text/plain", b"Bon\0jour"), ("Bonjour", [])),
    ("c1 controls", one(b"text/plain; charset=iso-8859-1", b"L\x92\xe9t\xe9 \x85"), ("L’été …", [])),
    ("bell and esc", one(b"text/plain", b"a\x07b\x1b[31mc\x08"), ("ab[31mc", [])),
    ("form feed, vt", one(b"text/plain", b"a\x0cb\x0bc"), ("a b c", [])),
    (
        "smime p7m",
        one(b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"MIAG", b"base64"),
        ("", [("smime.p7m", "application/pkcs7-mime", 3)]),
    ),
]


@pytest.mark.parametrize(("content", "meant"), [case[1:] for case in MAILS], ids=[case[0] for case in MAILS])
def test_text_and_files(content: bytes, meant: Meant) -> None:
    mail = parse_mail(content)
    files = [(file.filename, file.content_type, file.size) for file in mail.attachments]
    assert (" ".join(mail.text.split()), files) == meant


def test_a_text_cut_in_the_middle_of_a_character_loses_no_more() -> None:
    whole = "测试中文邮件内容测试中文邮件内容测试中文邮件内容"
    mail = parse_mail(one(b"text/plain; charset=gbk", whole.encode("gbk")[:-1]))
    assert mail.text == whole[:-1] + "\ufffd"


def test_yenc_stays_in_the_text() -> None:
    mail = parse_mail(
        one(b"text/plain", b"Bonjour\r\n=ybegin line=128 size=3 name=a.bin\r\n\xe9\r\n=yend size=3")
    )
    assert mail.text == "Bonjour\n=ybegin line=128 size=3 name=a.bin\né\n=yend size=3"
    assert mail.attachments == ()
