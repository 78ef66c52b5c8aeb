"""How each mail client puts a letter on the wire: Outlook, Gmail, Apple Mail, Thunderbird, telephones
(pure).

Stands between the people of ``words.py`` and the corpus of ``mails.py``: a ``Letter`` comes in, the bytes
that an IMAP server would hold come out, with CRLF line ends and the headers that such mail really carries.
The bytes are put together by hand: the writers in the standard library write no mail that looks like
Outlook's. It cannot fail on the letters that this package makes.
"""

import base64
import html
import quopri
import random
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from tests.bench.words import Person

DESK_NAME = "Service Desk"
DESK = "support@etnic.example.be"

Headers = list[tuple[str, str]]

WORD_STYLES = """\
<!-- /* Font Definitions */
@font-face {font-family:Wingdings; panose-1:5 0 0 0 0 0 0 0 0 0;}
@font-face {font-family:"Cambria Math"; panose-1:2 4 5 3 5 4 6 3 2 4;}
@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}
@font-face {font-family:"Segoe UI"; panose-1:2 11 5 2 4 2 4 2 2 3;}
/* Style Definitions */
p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; margin-bottom:.0001pt; font-size:11.0pt;
 font-family:"Calibri",sans-serif; mso-fareast-language:EN-US;}
a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1; text-decoration:underline;}
a:visited, span.MsoHyperlinkFollowed {mso-style-priority:99; color:#954F72; text-decoration:underline;}
p.msonormal0, li.msonormal0, div.msonormal0 {mso-style-name:msonormal; mso-margin-top-alt:auto;
 margin-right:0cm; mso-margin-bottom-alt:auto; margin-left:0cm; font-size:11.0pt;
 font-family:"Calibri",sans-serif;}
span.EmailStyle18 {mso-style-type:personal-compose; font-family:"Calibri",sans-serif; color:windowtext;}
.MsoChpDefault {mso-style-type:export-only; font-family:"Calibri",sans-serif; mso-fareast-language:EN-US;}
@page WordSection1 {size:612.0pt 792.0pt; margin:70.85pt 70.85pt 70.85pt 70.85pt;}
div.WordSection1 {page:WordSection1;} -->"""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that travels with a letter; ``content_id`` makes it an image inside the text."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """What stands below an answer: the letter that is answered."""

    name: str
    address: str
    date: datetime
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What somebody wants to send, before a client has given it its form."""

    sender: Person
    subject: str
    paragraphs: tuple[str, ...]
    date: datetime
    message_id: str
    cc: tuple[Person, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    quoted: Quoted | None = None
    files: tuple[File, ...] = ()


# --- pieces of mail -----------------------------------------------------------------------------------------


def encoded_words(text: str, *, charset: str = "utf-8") -> str:
    """The text as a header value: RFC 2047 ``B`` words, folded, where it is not ASCII."""
    if text.isascii() and len(text) < 200:
        return text
    words, line = [], ""
    for character in text:
        if len((line + character).encode(charset, "replace")) > 42:
            words.append(line)
            line = ""
        line += character
    packed = (base64.b64encode(w.encode(charset, "replace")).decode() for w in (*words, line))
    return "\r\n ".join(f"=?{charset}?B?{w}?=" for w in packed)


def mailbox(name: str, address: str) -> str:
    """``Name <address>`` with the name quoted or encoded."""
    shown = f'"{name}"' if name.isascii() else encoded_words(name)
    return f"{shown} <{address}>"


def token(rng: random.Random, length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Random characters, as identifiers and signatures hold them."""
    return "".join(rng.choices(alphabet, k=length))


def folded_base64(content: bytes) -> str:
    """RFC 2045 base64: 76 characters a line, CRLF."""
    packed = base64.b64encode(content).decode()
    return "\r\n".join(packed[at : at + 76] for at in range(0, len(packed), 76))


def quoted_printable(text: str, charset: str) -> str:
    """RFC 2045 quoted-printable with CRLF line ends."""
    packed = quopri.encodestring(text.encode(charset, "replace")).decode()
    return packed.replace("\r\n", "\n").replace("\n", "\r\n")


def part(headers: Headers, body: str) -> str:
    """One MIME part: its header lines, the empty line, the body."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers) + "\r\n" + body


def multipart(subtype: str, boundary: str, parts: list[str], *, extra: str = "") -> tuple[str, str]:
    """The Content-Type value and the body of a multipart (RFC 2046 5.1)."""
    body = "".join(f"--{boundary}\r\n{one}\r\n" for one in parts) + f"--{boundary}--\r\n"
    return f'multipart/{subtype}; boundary="{boundary}"{extra}', body


def text_part(kind: str, text: str, *, charset: str = "utf-8", encoding: str = "quoted-printable") -> str:
    """A text part in the transfer encoding that the client prefers."""
    if encoding == "base64":
        body = folded_base64(text.encode(charset, "replace"))
    else:
        body = quoted_printable(text, charset)
    return part(
        [("Content-Type", f'text/{kind}; charset="{charset}"'), ("Content-Transfer-Encoding", encoding)], body
    )


def file_part(file: File) -> str:
    """A file as a part: attached, or inline with its Content-ID."""
    shown = "inline" if file.content_id else "attachment"
    headers: Headers = [
        ("Content-Type", f'{file.content_type}; name="{encoded_words(file.name)}"'),
        ("Content-Description", encoded_words(file.name)),
        ("Content-Disposition", f'{shown}; filename="{encoded_words(file.name)}"; size={len(file.content)}'),
        ("Content-Transfer-Encoding", "base64"),
    ]
    if file.content_id:
        headers.insert(2, ("Content-ID", f"<{file.content_id}>"))
    return part(headers, folded_base64(file.content))


def whole(headers: Headers, body: str) -> bytes:
    """The mail: header lines, empty line, body. Names and values are ASCII by now."""
    return part(headers, body).encode("utf-8", "surrogateescape")


def received(rng: random.Random, date: datetime, *, hops: int, recipient: str = DESK) -> Headers:
    """The trace that ``hops`` servers leave, topmost last in time (RFC 5321 4.4)."""
    lines: Headers = []
    for hop in range(hops):
        host = f"mx{rng.randrange(1, 40)}.{token(rng, 6).lower()}.example.net"
        when = format_datetime(date + timedelta(seconds=hops - hop))
        address = ".".join(str(rng.randrange(1, 255)) for _ in range(4))
        value = (
            f"from {host} ({host} [{address}])\r\n by smtp{hop + 1}.etnic.example.be (Postfix) with ESMTPS "
            "id "
            f"{token(rng, 11)}\r\n for <{recipient}>; {when}"
        )
        lines.append(("Received", value))
    return lines


def delivery(rng: random.Random, letter: Letter, *, hops: int) -> Headers:
    """What the desk's own servers put on top of every mail."""
    domain = letter.sender.domain
    proven = (
        f"mx.etnic.example.be;\r\n dkim=pass header.d={domain} header.s=selector1;\r\n"
        f" spf=pass smtp.mailfrom={letter.sender.address};\r\n dmarc=pass header.from={domain}"
    )
    return [
        ("Return-Path", f"<{letter.sender.address}>"),
        ("Delivered-To", DESK),
        *received(rng, letter.date, hops=hops),
        ("Authentication-Results", proven),
    ]


def signature(rng: random.Random, domain: str) -> tuple[str, str]:
    """A DKIM-Signature of the usual length (RFC 6376 3.5)."""
    wrapped = "\r\n ".join(token(rng, 68) for _ in range(5))
    value = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s=selector1;\r\n"
        " h=From:Date:Subject:Message-ID:Content-Type:MIME-Version:X-MS-Exchange-SenderADCheck;\r\n"
        f" bh={token(rng, 43)}=; b={wrapped}=="
    )
    return "DKIM-Signature", value


def addressing(letter: Letter) -> Headers:
    """From, To, Cc, Subject, Date and the identifiers (RFC 5322 3.6)."""
    lines: Headers = [
        ("From", mailbox(letter.sender.name, letter.sender.address)),
        ("To", mailbox(DESK_NAME, DESK)),
    ]
    if letter.cc:
        lines.append(("Cc", ",\r\n ".join(mailbox(p.name, p.address) for p in letter.cc)))
    lines += [
        ("Subject", encoded_words(letter.subject)),
        ("Date", format_datetime(letter.date)),
        ("Message-ID", f"<{letter.message_id}>"),
    ]
    if letter.in_reply_to:
        lines.append(("In-Reply-To", f"<{letter.in_reply_to}>"))
    if letter.references:
        lines.append(("References", "\r\n ".join(f"<{r}>" for r in letter.references)))
    return lines


def sign_off(letter: Letter) -> str:
    """The person's own signature block."""
    who = letter.sender
    return f"Cordialement,\r\n\r\n{who.name}\r\n{who.service}\r\nTél. {who.phone}\r\n{who.address}"


def as_html(paragraphs: tuple[str, ...], *, opening: str = "<p>", closing: str = "</p>") -> str:
    """The paragraphs, escaped."""
    return "\r\n".join(f"{opening}{html.escape(p, quote=False)}{closing}" for p in paragraphs)


def quote_marks(text: str) -> str:
    """The text with ``> `` before every line."""
    return "\r\n".join(f"> {line}" for line in text.splitlines())


# --- the clients --------------------------------------------------------------------------------------------


def outlook_identifier(rng: random.Random) -> str:
    """A Message-ID as Exchange Online makes it."""
    host = f"{token(rng, 3).upper()}PR0{rng.randrange(1, 9)}MB{rng.randrange(1000, 9999)}"
    tail = token(rng, 22, string.ascii_uppercase + string.digits)
    return f"{host}{tail}@{host}.eurprd0{rng.randrange(1, 9)}.prod.outlook.com"


def gmail_identifier(rng: random.Random) -> str:
    """A Message-ID as Gmail makes it."""
    return f"CA+{token(rng, 8)}={token(rng, 40, string.ascii_letters + string.digits + '-_')}@mail.gmail.com"


def uuid_identifier(rng: random.Random, domain: str) -> str:
    """A Message-ID as Thunderbird and Apple Mail make it."""
    return f"{uuid.UUID(int=rng.getrandbits(128), version=4)}@{domain}"


def exchange_headers(rng: random.Random, letter: Letter) -> Headers:
    """The lines that Exchange Online adds to every mail: most of a short mail's size."""
    chunk = "\r\n ".join(token(rng, 72) for _ in range(rng.randrange(6, 12)))
    trace = ";".join(f"{token(rng, 3).upper()}:{token(rng, 6)}" for _ in range(12))
    return [
        ("Thread-Topic", encoded_words(letter.subject.removeprefix("RE: "))),
        ("Thread-Index", base64.b64encode(rng.randbytes(22)).decode()),
        ("Accept-Language", "fr-BE, en-US"),
        ("Content-Language", "fr-FR"),
        ("X-MS-Has-Attach", "yes" if letter.files else ""),
        ("X-MS-TNEF-Correlator", ""),
        ("x-ms-publictraffictype", "Email"),
        ("x-ms-traffictypediagnostic", f"{token(rng, 12).upper()}:EE_|{token(rng, 12).upper()}:EE_"),
        ("x-ms-office365-filtering-correlation-id", str(uuid.UUID(int=rng.getrandbits(128)))),
        ("x-ms-exchange-senderadcheck", "1"),
        ("x-ms-exchange-antispam-relay", "0"),
        ("x-microsoft-antispam", "BCL:0;ARA:13230040|376014|366016|1800799024|38070700018;"),
        ("x-microsoft-antispam-message-info", chunk),
        (
            "x-forefront-antispam-report",
            f"CIP:255.255.255.255;CTRY:;LANG:fr;SCL:1;SRV:;\r\n {trace};DIR:OUT;SFP:1102;",
        ),
        ("x-ms-exchange-antispam-messagedata-chunkcount", "1"),
        (
            "x-ms-exchange-antispam-messagedata-0",
            "\r\n ".join(token(rng, 72) for _ in range(rng.randrange(6, 10))),
        ),
        ("X-MS-Exchange-CrossTenant-AuthAs", "Internal"),
        ("X-MS-Exchange-CrossTenant-AuthSource", f"{token(rng, 16).upper()}.eurprd04.prod.outlook.com"),
        ("X-MS-Exchange-CrossTenant-originalarrivaltime", format_datetime(letter.date)),
        ("X-MS-Exchange-CrossTenant-fromentityheader", "Hosted"),
        ("X-MS-Exchange-CrossTenant-id", str(uuid.UUID(int=rng.getrandbits(128)))),
        ("X-MS-Exchange-Transport-CrossTenantHeadersStamped", token(rng, 16).upper()),
    ]


def outlook_quote(quoted: Quoted) -> tuple[str, str]:
    """The text and the HTML under an answer written with a French Outlook."""
    when = quoted.date.strftime("%A %d %B %Y %H:%M")
    block = f"De : {quoted.name} <{quoted.address}>\r\nEnvoyé : {when}\r\nObjet : {quoted.subject}"
    lines = html.escape(quoted.text).replace("\n", "<br>\n")
    markup = (
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p '
        'class="MsoNormal">'
        f"<b>De&nbsp;:</b> {html.escape(quoted.name)} &lt;{quoted.address}&gt;<br><b>Envoyé&nbsp;:</b> "
        f"{when}<br>"
        f"<b>Objet&nbsp;:</b> {html.escape(quoted.subject)}<o:p></o:p></p></div><p "
        f'class="MsoNormal">{lines}</p>'
    )
    return f"\r\n\r\n________________________________\r\n{block}\r\n\r\n{quoted.text}\r\n", markup


def outlook(rng: random.Random, letter: Letter) -> bytes:
    """Outlook behind Exchange Online: long headers, Word's style sheet, both texts quoted-printable."""
    charset = rng.choice(("iso-8859-1", "utf-8", "Windows-1252"))
    plain_quote, html_quote = outlook_quote(letter.quoted) if letter.quoted else ("", "")
    plain = "\r\n\r\n".join((*letter.paragraphs, sign_off(letter))) + plain_quote
    inline = next((f for f in letter.files if f.content_id), None)
    image = f'<p class="MsoNormal"><img src="cid:{inline.content_id}" width="220"></p>' if inline else ""
    lines = (*letter.paragraphs, *sign_off(letter).split("\r\n"))
    opening, closing = '<p class="MsoNormal"><span lang="FR-BE">', "<o:p></o:p></span></p>"
    markup = (
        '<html xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:o="urn:schemas-microsoft-com:office:office">\r\n<head>'
        f'<meta http-equiv="Content-Type" content="text/html; '
        f'charset={charset}"><style>{WORD_STYLES}</style></head>'
        '<body lang="FR-BE" link="#0563C1" vlink="#954F72"><div class="WordSection1">'
        f"{as_html(lines, opening=opening, closing=closing)}"
        f"{image}{html_quote}</div></body></html>"
    )
    kind, body = multipart(
        "alternative",
        f"_000_{token(rng, 40)}_",
        [text_part("plain", plain, charset=charset), text_part("html", markup, charset=charset)],
    )
    kind, body = with_files(rng, letter.files, kind, body)
    top = delivery(rng, letter, hops=rng.randrange(3, 6))
    middle = [signature(rng, letter.sender.domain), *addressing(letter), *exchange_headers(rng, letter)]
    return whole([*top, *middle, ("Content-Type", kind), ("MIME-Version", "1.0")], body)


def gmail(rng: random.Random, letter: Letter) -> bytes:
    """Gmail in a browser: UTF-8, a ``gmail_quote`` under the answer."""
    plain = "\r\n\r\n".join((*letter.paragraphs, letter.sender.name))
    markup = f'<div dir="ltr">{as_html(letter.paragraphs, opening="<div>", closing="<br></div>")}'
    markup += f'<div><br></div><div class="gmail_signature">{html.escape(letter.sender.name)}</div></div>'
    if letter.quoted:
        said = letter.quoted
        intro = f"Le {said.date:%d %b %Y à %H:%M}, {said.name} <{said.address}> a écrit :"
        plain += f"\r\n\r\n{intro}\r\n\r\n{quote_marks(said.text)}\r\n"
        markup += (
            f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{html.escape(intro)}<br></div>'
            '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid '
            'rgb(204,204,204)">'
            f"{html.escape(said.text).replace(chr(10), '<br>')}</blockquote></div>"
        )
    encoding = rng.choice(("quoted-printable", "base64"))
    kind, body = multipart(
        "alternative",
        f"000000000000{token(rng, 16, '0123456789abcdef')}",
        [text_part("plain", plain, encoding=encoding), text_part("html", markup)],
    )
    kind, body = with_files(rng, letter.files, kind, body)
    headers: Headers = [
        *delivery(rng, letter, hops=2),
        signature(rng, letter.sender.domain),
        ("X-Google-DKIM-Signature", signature(rng, "1e100.net")[1]),
        ("X-Gm-Message-State", token(rng, 64)),
        ("X-Google-Smtp-Source", token(rng, 86)),
        ("X-Received", f"by 2002:a17:{token(rng, 4).lower()} with SMTP id {token(rng, 20)}"),
        ("MIME-Version", "1.0"),
        *addressing(letter),
        ("Content-Type", kind),
    ]
    return whole(headers, body)


def thunderbird(rng: random.Random, letter: Letter) -> bytes:
    """Thunderbird: plain text, format=flowed, eight bits."""
    plain = "\r\n\r\n".join((*letter.paragraphs, f"-- \r\n{letter.sender.name}\r\n{letter.sender.service}"))
    if letter.quoted:
        said = letter.quoted
        intro = f"Le {said.date:%d/%m/%Y à %H:%M}, {said.name} a écrit :"
        plain = f"{intro}\r\n{quote_marks(said.text)}\r\n\r\n{plain}"
    kind, encoding = "text/plain; charset=UTF-8; format=flowed", "8bit"
    body = plain + "\r\n"
    headers: Headers = [
        *delivery(rng, letter, hops=2),
        ("MIME-Version", "1.0"),
        ("User-Agent", "Mozilla Thunderbird"),
        ("Content-Language", "fr"),
        *addressing(letter),
    ]
    if letter.files:
        first = part([("Content-Type", kind), ("Content-Transfer-Encoding", encoding)], body)
        kind, body = multipart(
            "mixed", f"------------{token(rng, 24)}", [first, *(file_part(f) for f in letter.files)]
        )
        return whole(
            [*headers, ("Content-Type", kind)], "This is a multi-part message in MIME format.\r\n" + body
        )
    return whole([*headers, ("Content-Type", kind), ("Content-Transfer-Encoding", encoding)], body)


def apple(rng: random.Random, letter: Letter) -> bytes:
    """Apple Mail and the iPhone: short headers, both texts."""
    plain = "\r\n\r\n".join((*letter.paragraphs, f"{letter.sender.name}\r\nEnvoyé de mon iPhone"))
    if letter.quoted:
        said = letter.quoted
        intro = f"Le {said.date:%d %b %Y à %H:%M}, {said.name} <{said.address}> a écrit :"
        plain += f"\r\n\r\n> {intro}\r\n> \r\n{quote_marks(said.text)}\r\n"
    lines = html.escape(plain, quote=False).replace("\r\n", "<br>")
    markup = f'<html><head></head><body style="overflow-wrap: break-word;">{lines}</body></html>'
    kind, body = multipart(
        "alternative",
        f"Apple-Mail-{token(rng, 36, '0123456789ABCDEF-')}",
        [text_part("plain", plain), text_part("html", markup)],
    )
    kind, body = with_files(rng, letter.files, kind, body)
    headers: Headers = [
        *delivery(rng, letter, hops=2),
        signature(rng, letter.sender.domain),
        *addressing(letter),
        ("Content-Type", kind),
        ("MIME-Version", "1.0 (1.0)"),
        ("X-Mailer", "iPhone Mail (21F90)"),
    ]
    return whole(headers, body)


def webmail(rng: random.Random, letter: Letter) -> bytes:
    """A provider's web page: HTML alone, base64."""
    lines = as_html((*letter.paragraphs, letter.sender.name))
    if letter.quoted:
        lines += f"<hr><blockquote>{html.escape(letter.quoted.text).replace(chr(10), '<br>')}</blockquote>"
    markup = f"<html><body>{lines}</body></html>"
    headers: Headers = [*delivery(rng, letter, hops=3), *addressing(letter), ("MIME-Version", "1.0")]
    if letter.files:
        parts = [text_part("html", markup, encoding="base64"), *(file_part(f) for f in letter.files)]
        kind, body = multipart("mixed", f"----=_Part_{token(rng, 18)}", parts)
        return whole([*headers, ("Content-Type", kind)], body)
    typed: Headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Transfer-Encoding", "base64")]
    return whole([*headers, *typed], folded_base64(markup.encode()) + "\r\n")


def with_files(rng: random.Random, files: tuple[File, ...], kind: str, body: str) -> tuple[str, str]:
    """The text inside multipart/related for its images, and inside multipart/mixed for attached files."""
    inline = [f for f in files if f.content_id]
    attached = [f for f in files if not f.content_id]
    if inline:
        first = part([("Content-Type", kind)], body)
        kind, body = multipart(
            "related",
            f"_004_{token(rng, 40)}_",
            [first, *map(file_part, inline)],
            extra='; type="multipart/alternative"',
        )
    if attached:
        first = part([("Content-Type", kind)], body)
        kind, body = multipart("mixed", f"_003_{token(rng, 40)}_", [first, *map(file_part, attached)])
    return kind, body


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A mail client: the form of its Message-IDs, its way to write a mail, how often the desk meets it."""

    identify: Callable[[random.Random, str], str]
    write: Callable[[random.Random, Letter], bytes]
    weight: int


CLIENTS = (
    Client(identify=lambda rng, _: outlook_identifier(rng), write=outlook, weight=46),
    Client(identify=lambda rng, _: gmail_identifier(rng), write=gmail, weight=22),
    Client(identify=lambda rng, domain: uuid_identifier(rng, domain).upper(), write=apple, weight=14),
    Client(identify=uuid_identifier, write=thunderbird, weight=10),
    Client(identify=lambda rng, domain: f"{token(rng, 24).lower()}@{domain}", write=webmail, weight=8),
)


def any_client(rng: random.Random) -> Client:
    """A client, as often as each is met at such a desk."""
    return rng.choices(CLIENTS, [c.weight for c in CLIENTS])[0]
