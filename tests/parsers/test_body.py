"""Which part is the body, which are files; the text of HTML."""

import pytest

from parsers.body import unflow
from parsers.html import read_html, sanitize_html
from parsers.mail import parse_mail
from parsers.mime import read_tree


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b", "a\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("<p class=MsoNormal>a</p><p class=MsoNormal>b</p>", "a\nb"),
        ("a&nbsp;&amp; <b>b</b>c", "a & bc"),
        ("<style>x</style>a<script>b</script><!--[if mso]>c<![endif]-->", "a"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ('<div style="display:none">x</div>a', "a"),
        ("", ""),
        ("<<<", "<<<"),
    ],
)
def test_text_of_html(source: str, text: str) -> None:
    assert read_html(source).whole == text


@pytest.mark.parametrize(
    ("source", "gone"),
    [
        ("<script>alert(1)</script>a", "alert"),
        ('<a href="javascript:x()">a</a>', "javascript"),
        ('<a href="\\\\server\\share">a</a>', "server"),
        ('<img src="data:image/png;base64,xx">a', "data:"),
        ('<img src="http://x/p.gif" width="1" height="1">a', "p.gif"),
        ('<p onclick="x()">a</p>', "onclick"),
        ('<form action="http://x"><input></form>a', "form"),
        ('<p style="position:fixed;color:red">a</p>', "position"),
    ],
)
def test_sanitised_html_leaves_out(source: str, gone: str) -> None:
    clean = sanitize_html(source)
    assert gone not in clean
    assert "a" in clean


def test_sanitised_html_keeps_what_the_mail_brought() -> None:
    clean = sanitize_html('<p style="color:red">é</p><img src="cid:i1@x"><img src="http://x/photo.jpg">')
    assert 'src="cid:i1@x"' in clean
    assert "photo.jpg" in clean
    assert "color" in clean


@pytest.mark.parametrize(
    ("text", "delete", "joined"),
    [
        ("a \nb", False, "a b"),
        ("a \nb", True, "ab"),
        ("> a \n> b\nc", False, "> a b\nc"),
        ("a\n-- \nsig", False, "a\n-- \nsig"),
        (" >x", False, ">x"),
        ("a \n> b", False, "a \n> b"),
    ],
)
def test_format_flowed(text: str, delete: bool, joined: str) -> None:
    assert unflow(text, delete) == joined


def _part(kind: str, body: str, *fields: str) -> str:
    return "\n".join(["--b", f"Content-Type: {kind}", *fields, "", body])


def test_a_mail_is_one_body_and_its_files() -> None:
    mail = parse_mail(
        "\n".join(
            [
                "Content-Type: multipart/mixed; boundary=b",
                "",
                _part("text/plain", "un"),
                _part("image/png", "png", "Content-ID: <i1@x>"),
                _part("text/plain", "deux"),
                _part("text/plain; name=a.txt", "fichier"),
                _part("message/rfc822", "Subject: dedans\n\ntexte dedans"),
                "--b--",
            ]
        ).encode()
    )
    assert mail.text == "un\ndeux"
    names = [(file.filename, file.content_type, file.size, file.content_id) for file in mail.attachments]
    assert names == [
        ("", "image/png", 3, "i1@x"),
        ("a.txt", "text/plain", 7, ""),
        ("dedans.eml", "message/rfc822", 29, ""),
    ]


def test_an_enclosed_mail_is_never_entered() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n"
    root, _ = read_tree(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\n" + inner
    )
    assert [leaf.content_type for leaf in root.leaves()] == ["message/rfc822"]


def test_an_answer_to_an_invitation_names_it() -> None:
    calendar = (
        "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:abc\n -def@etnic.be\nEND:VEVENT\nEND:VCALENDAR"
    )
    mail = parse_mail(f"Content-Type: text/calendar; method=REPLY\n\n{calendar}".encode())
    assert mail.calendar_uid == "abc-def@etnic.be"
    assert (
        parse_mail(
            f"Content-Type: text/calendar\n\n{calendar.replace('REPLY', 'REQUEST')}".encode()
        ).calendar_uid
        == ""
    )


@pytest.mark.parametrize(
    ("content", "subject", "text"),
    [
        (b"Subject: a\n\nb", "a", "b"),
        (b"Subject: a\rTo: x@y.be\r\rb", "a", "b"),
        (b"Subject: a\r\r\nTo: x@y.be\r\r\n\r\r\nb", "a", "b"),
        (b"\xef\xbb\xbfSubject: a\n\nb", "a", "b"),
        (b"From x Mon\nSubject: a\n\nb", "a", "b"),
        (b"Subject: a\nnoise\nTo: x@y.be\n\nb", "a", "b"),
        (b"Subject: a\nBonjour,\nb", "a", "Bonjour,\nb"),
        (b"Subject: a", "a", ""),
        (b"\nb", "", "b"),
    ],
)
def test_header_blocks_are_repaired(content: bytes, subject: str, text: str) -> None:
    mail = parse_mail(content)
    assert (mail.subject, mail.text) == (subject, text)


def test_what_an_entity_spells_is_cleaned_too() -> None:
    html = "<div>Merci d&#2;avance</div><blockquote type=cite>plus vieux</blockquote>"
    mail = parse_mail(f"In-Reply-To: <a@b>\nContent-Type: text/html\n\n{html}".encode())
    assert mail.reply_text == "Merci davance"
