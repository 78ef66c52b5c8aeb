"""Subjects as programs encode them (RFC 2047), rightly and wrongly: what the person wrote is read."""

import base64

import pytest

from parsers.mail import parse_mail
from tests.parsers.letters import with_field


def b(charset: str, text: str, codec: str = "") -> bytes:
    """An encoded word in base64."""
    return b"=?%b?B?%b?=" % (charset.encode(), base64.b64encode(text.encode(codec or charset)))


SUBJECTS = [
    (b"=?utf-8?B?UHJvYmzDqG1l?= =?utf-8?Q?_r=C3=A9seau?=", "Problème réseau"),
    (b"=?utf-8?Q?caf=C3?= =?utf-8?B?qQ==?=", "café"),
    (b"=?utf8?Q?caf=C3=A9?=", "café"),
    (b"=?utf-8;?Q?caf=C3=A9?=", "café"),
    (b'=?"utf-8"?Q?caf=C3=A9?=', "café"),
    (b"=?UTF_8?Q?caf=C3=A9?=", "café"),
    (b"=?cp-1252?Q?5=80?=", "5€"),
    (b"=?windows1252?Q?5=80?=", "5€"),
    (b"=?win-1252?Q?5=80?=", "5€"),
    (b"=?iso8859_15?Q?5=A4?=", "5€"),
    (b"=?ISO-8859-15?Q?=A4=BD?=", "€œ"),
    (b"=?latin9?Q?5=A4?=", "5€"),
    (b"=?latin-9?Q?5=A4?=", "5€"),
    (b"=?ISO_8859-15:1998?Q?5=A4?=", "5€"),
    (b"=?iso-8859-15*fr?Q?5=A4?=", "5€"),
    (b"=?x-unknown?Q?caf=E9?=", "café"),
    (b"=?unknown-8bit?Q?caf=E9?=", "café"),
    (b"=?us-ascii?Q?caf=C3=A9?=", "café"),
    (b"=?ascii?Q?caf=E9?=", "café"),
    (b"=?us-ascii*en-us?Q?hello?=", "hello"),
    (b"=?ibm850?Q?caf=82?=", "café"),
    (b"=?cp850?Q?caf=82?=", "café"),
    (b"=?macintosh?Q?caf=8E?=", "café"),
    (b"=?x-mac-roman?Q?caf=8E?=", "café"),
    (b"=?mac?Q?caf=8E?=", "café"),
    (b"=?x-macroman?Q?caf=8E?=", "café"),
    (b("koi8-r", "Привет мир"), "Привет мир"),
    (b("koi8-u", "Привіт"), "Привіт"),
    (b("windows-1251", "Привет"), "Привет"),
    (b("win-1251", "Привет", "cp1251"), "Привет"),
    (b("windows-1250", "Žluťoučký"), "Žluťoučký"),
    (b("iso-8859-2", "Łódź"), "Łódź"),
    (b("windows-1253", "Καλημέρα"), "Καλημέρα"),
    (b("iso-8859-7", "Καλημέρα"), "Καλημέρα"),
    (b("windows-1254", "ışık"), "ışık"),
    (b("iso-8859-9", "ışık"), "ışık"),
    (b("windows-1255", "שלום"), "שלום"),
    (b("windows-1256", "مرحبا"), "مرحبا"),
    (b("windows-1257", "ąčęė"), "ąčęė"),
    (b("windows-1258", "Việt", "utf-8"), "Việt"),
    (b("gbk", "镕基"), "镕基"),
    (b("gb18030", "镕€"), "镕€"),
    (b("GB2312", "镕", "gbk"), "镕"),
    (b("big5", "繁體中文"), "繁體中文"),
    (b("big5-hkscs", "㗎"), "㗎"),
    (b("big5", "㗎", "big5-hkscs"), "㗎"),
    (b("euc-kr", "안녕"), "안녕"),
    (b("ks_c_5601-1987", "똠", "cp949"), "똠"),
    (b("shift_jis", "テスト①", "cp932"), "テスト①"),
    (b("iso-2022-jp", "日本語"), "日本語"),
    (b("iso-2022-kr", "안녕"), "안녕"),
    (b("euc-jp", "日本語"), "日本語"),
    (b("hz-gb-2312", "你好", "hz"), "你好"),
    (b("tis-620", "สวัสดี"), "สวัสดี"),
    (b("utf-16", "café"), "café"),
    (b("utf-16le", "café"), "café"),
    (b("utf-16be", "café"), "café"),
    (b("utf-32", "café"), "café"),
    (b"=?utf-7?Q?caf+AOk-?=", "café"),
    (b"=?UTF-7?B?Y2FmK0FPay0=?=", "café"),
    (b"=?utf-8?b?Y2Fmw6k=?=", "café"),
    (b"=?utf-8?q?caf=c3=a9?=", "café"),
    (b"=?utf-8?B?Y2Fm w6k=?=", "café"),
    (b"=?utf-8?B?Y2Fmw6k?=", "café"),
    (b"=?utf-8?B?Y2Fmw6k==?=", "café"),
    (b"=?utf-8?Q?caf=C3=A9", "café"),
    (b"=?utf-8?B?UHJvYmzDqG1l", "Problème"),
    (b"Re: =?utf-8?Q?caf=C3=A9?", "Re: café"),
    (b'"=?utf-8?Q?caf=C3=A9?="', '"café"'),
    (b"=?iso-8859-1?Q?caf=E9?=\r\n =?utf-8?Q?_cr=C3=A8me?=", "café crème"),
    (b"Re: =?utf-8?Q?caf=C3=A9?= (urgent)", "Re: café (urgent)"),
    (b"=?utf-8?Q??= test", "test"),
    (b"=?utf-8?Q?a=5Fb_c?=", "a_b c"),
    (b"=?utf-8?Q?100=?=", "100="),
    (b"caf\xc3\xa9 =?utf-8?Q?cr=C3=A8me?=", "café crème"),
    (b"caf\xe9 =?utf-8?Q?cr=C3=A8me?=", "café crème"),
    (b"caf\xe9 cr\xc3\xa8me br\xc3\xbbl\xc3\xa9e", "café crème brûlée"),
    (b"=?utf-8?Q?a=0D=0ABcc:_x@y?=", "a Bcc: x@y"),
    (b"=?utf-8?Q?a=0Ab?=", "a b"),
    (b"=?utf-8?B?77u/Y2Fmw6k=?=", "café"),
    (b"=?iso-8859-1?Q?caf=C3=A9?=", "café"),
    (b"=?windows-1250?Q?caf=C3=A9?=", "café"),
    (b"=?utf-8?Q?100=_sur?=", "100= sur"),
    (b"=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
    (b"=?utf-8?Q?caf=C3=A9 ?= x", "café  x"),
    (b"=?utf-8?B?Y2Fmw6?= =?utf-8?B?k=?=", "café"),
    (b"=?utf-8?B?Y2Fmw6nD?= =?utf-8?B?qQ==?=", "caféé"),
    (b"=?utf-8?Q?Probl=C3=A8me?= =?utf-8?Q?_?= =?utf-8?Q?r=C3=A9seau?=", "Problème réseau"),
    (b"=?utf-8?Q?Probl=C3=A8me?=\r\n\t=?utf-8?Q?_r=C3=A9seau?=", "Problème réseau"),
    (b"a=?utf-8?Q?=C3=A9?=b", "aéb"),
    (b"=?utf-8?Q?Devis_n=C2=B0_12?= / =?utf-8?Q?=E2=82=AC?=", "Devis n° 12 / €"),
    (b"=?utf-8?Q?=28parenth=C3=A8se=29?=", "(parenthèse)"),
    (b"1 + 1 = 2 ? oui ?= non", "1 + 1 = 2 ? oui ?= non"),
    (b"=?=?utf-8?Q?caf=C3=A9?=", "=?café"),
    (b" \t  ", ""),
    (b"", ""),
    (b"a\tb", "a b"),
    (b"one\r\n  two", "one two"),
    (b"=?utf-8?Q?caf=C3=A9_=F0=9F=98=80?=", "café 😀"),
    (b"=?utf-8?Q?caf=C3=A9_=F0=9F?= =?utf-8?Q?=98=80?=", "café 😀"),
    (b"=?cp1252?Q?L=92=E9cole_=96_5=80?=", "L’école – 5€"),
    (b"L\x92\xe9cole \x96 5\x80", "L’école – 5€"),
    (b"=?windows-1252?Q?caf=81?=", "caf"),
    (b"=?utf-8?Q?caf=E9?=", "café"),
    (b"=?UTF-8?Q?R=c3=a9union=20=e2=80=93=20salle=20B?=", "Réunion – salle B"),
    (b"=?utf-8?Q?caf=C3=A9?= =?utf-8?Q?cr=C3=A8me?=,=?utf-8?Q?th=C3=A9?=", "cafécrème,thé"),
    (b"=?utf-8?Q?Question_?:_r=C3=A9seau_?=", "Question ?: réseau"),
    (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCOGwbKEI=?=", "日本語"),
    (b"=?iso-2022-jp?Q?=1B$BF|K\\8l=1B(B?=", "日本語"),
    (b"\x1b$BF|K\\8l\x1b(B", "日本語"),
    (b"=?utf-8?Q?caf=C3=A9?=\0", "café"),
    (b"=?utf-8?Q?a=00b?=", "ab"),
]


@pytest.mark.parametrize(("raw", "text"), SUBJECTS, ids=[str(raw[:50]) for raw, _ in SUBJECTS])
def test_a_subject_is_what_the_person_wrote(raw: bytes, text: str) -> None:
    assert parse_mail(with_field("Subject", raw)).subject.strip() == text


def test_no_word_spells_half_a_character_or_a_field() -> None:
    subject = parse_mail(with_field("Subject", b"=?utf-8?Q?=ED=A0=80x=0D=0ATo:?= =?utf-7?Q?+2AA-?=")).subject
    assert subject.encode()
    assert "\n" not in subject


def test_the_first_subject_that_says_something_counts() -> None:
    assert parse_mail(b"Subject: \r\nSubject: a\r\n\r\nx").subject == "a"
    assert parse_mail(b"Subject: b\r\nSubject: a\r\n\r\nx").subject == "b"


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("koi8-r", "Привет мир"),
        ("windows-1251", "Привет"),
        ("gb2312", "邮件传输"),
        ("big5", "繁體"),
        ("utf-8", "é"),
    ],
)
def test_raw_bytes_in_the_charset_of_the_body(charset: str, text: str) -> None:
    said = text.encode(charset)
    kind = f"Content-Type: text/plain; charset={charset}".encode()
    whole = parse_mail(b'From: "%b" <r@x.be>\r\nSubject: %b\r\n%b\r\n\r\n%b' % (said, said, kind, said))
    assert whole.sender is not None
    assert (whole.subject, whole.sender.name, whole.text) == (text, text, text)
    parts = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n%b\r\n\r\nx\r\n--b--" % kind
    assert parse_mail(b"Subject: %b\r\n%b" % (said, parts)).subject == text
