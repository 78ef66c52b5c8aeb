"""Mail that wants to break something: it is filed like any other, and its neighbours beside it."""

import random

from tests.scenarios.desk import Desk, mail

_CHANCE = random.Random(5)
# What no database can compress into an index entry.
CHINESE = "".join(chr(_CHANCE.randrange(0x4E00, 0x9FA5)) for _ in range(900))
LETTERS = "".join(_CHANCE.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=5000))


def _nested(depth: int) -> bytes:
    """Multiparts within multiparts."""
    top = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth))
    return b"From: jean@ecole.test\r\nSubject: Hostile\r\n" + top.encode() + b"\r\nBonjour\r\n"


def _many_parts(count: int) -> bytes:
    part = "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n"
    top = 'From: jean@ecole.test\r\nSubject: Hostile\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    return (top + part * count + "--b--\r\n").encode()


MANY_IDS = " ".join(f"<{CHINESE[n:]}@x>" for n in range(60))
NUL = "=?utf-8?q?Hostile=00?="
HALF = "=?utf-8?b?SG9zdGlsZe2ggA==?="

HOSTILE = {
    "a long id": mail(CHINESE, subject="Hostile"),
    "an id of letters": mail(f"{LETTERS}@ecole.test", subject="Hostile"),
    "long references": mail("h@x", subject="Hostile", References=MANY_IDS),
    "a long address": mail("h@x", subject="Hostile", sender=f"{LETTERS}@ecole.test"),
    "a long domain": mail("h@x", subject="Hostile", sender=f"jean@{LETTERS}.test"),
    "a long name": mail("h@x", subject="Hostile", sender=f'"{LETTERS * 20}" <jean@ecole.test>'),
    "the year one": mail("h@x", subject="Hostile", at=None, Date="Mon, 1 Jan 0001 00:00:00 +1200"),
    "the year 9999": mail("h@x", subject="Hostile", at=None, Date="Fri, 31 Dec 9999 23:59:59 -1200"),
    "no such day": mail("h@x", subject="Hostile", at=None, Date="Thu, 31 Feb 2024 25:61:61 +9999"),
    "a nul": mail("h@x", subject=NUL, sender=f"{NUL} <jean@ecole.test>", body="a\0b"),
    "half a pair": mail("h@x", subject=HALF, sender=f"{HALF} <jean@ecole.test>"),
    "escapes": mail("h@x", subject="Hostile \x1b[2J\x07", sender="\x1b]0;x\x07 <jean@ecole.test>"),
    "quotes": mail("'; DROP TABLE ticket; --%s%(x)s:y@x", subject="Hostile '; DROP TABLE ticket; --"),
    "templates": mail("h@x", subject="Hostile {{ 7 * 7 }} {% raise %}", body="{{ desk.secret }}"),
    "many recipients": mail("h@x", subject="Hostile", to=", ".join(f"p{n}@x.test" for n in range(3000))),
    "many senders": mail("h@x", subject="Hostile", sender="a@x.test, b@x.test, <>, c@x.test"),
    "no sender": mail("h@x", subject="Hostile", sender="<>"),
    "a group": mail("h@x", subject="Hostile", sender="Nous: a@x.test, b@x.test;", to="nobody:;"),
    "parts within parts": _nested(400),
    "many parts": _many_parts(2000),
    "one long line": mail("h@x", subject="Hostile", body="x" * 400_000),
    "no header": b"\r\nHostile\r\n",
    "no body": b"From: jean@ecole.test\r\nSubject: Hostile\r\n",
    "one word": b"Hostile",
}  # fmt: skip


def hostile() -> dict[str, bytes]:
    """Each under an id of its own; IMAP carries no NUL (RFC 3501 section 4.3)."""
    return {
        name: content.replace(b"\0", b"\x80").replace(b"<h@x>", f"<h{n}@x>".encode())
        for n, (name, content) in enumerate(HOSTILE.items())
    }


def filed(desk: Desk, names: list[str]) -> list[str]:
    """The mails that have their message on a ticket, by name, in the order of the mailbox."""
    rows = desk.rows(
        "SELECT s.uid FROM sighting s JOIN message m ON m.id = s.message_id "
        "WHERE s.state = 'filed' AND m.ticket_id IS NOT NULL ORDER BY s.uid"
    )
    return [names[row.uid - 1] for row in rows]


def test_it_is_filed_and_stops_nobody(any_desk: Desk) -> None:
    """On both databases, whole, once; nobody but its author can have been written to."""
    any_desk.configure(budget={"recipient": ["1000/1h"]}, submission={"per_minute": 1000})
    mails = hostile()
    names = ["one", *mails, "two"]
    any_desk.receive(
        mail("one@ecole.test", sender="un@ecole.test", subject="Un"),
        *mails.values(),
        mail("two@ecole.test", sender="deux@ecole.test", subject="Deux"),
    )
    assert any_desk.once()
    assert filed(any_desk, names) == names
    # The same once more, changed on their way: now their twins are read as well.
    any_desk.receive(*(content + b"\r\n[footer]\r\n" for content in mails.values()))
    assert any_desk.once()
    assert len(filed(any_desk, [*names, *mails])) == len(names) + len(mails)
    assert [len(any_desk.letters(f"{who}@ecole.test")) for who in ("un", "deux")] == [1, 1]
    assert not any_desk.log("message.failed")
    letters = any_desk.letters()
    assert any("{{ 7 * 7 }}" in str(letter["Subject"]) for letter in letters)
    for letter in letters:
        assert letter["Bcc"] is None
        assert len(letter["To"].addresses) == 1
        assert "\x1b" not in letter.as_string()


def test_no_header_can_be_smuggled_into_our_letters(desk: Desk) -> None:
    """Line ends in an encoded subject or name stay text."""
    smuggled = "=?utf-8?q?x=0D=0ABcc:_victim@x.test=0D=0A=0D=0ABonjour?="
    desk.receive(mail("h@x", subject=smuggled, sender=f"{smuggled} <jean@ecole.test>"))
    desk.once()
    assert len(desk.sent()) == 2
    for letter in desk.letters():
        assert letter["Bcc"] is None
    assert not desk.letters("victim@x.test")


def test_html_of_strangers_does_not_run_in_our_letters(desk: Desk) -> None:
    """Subject, name and text are shown as they were written."""
    name, words = '"<img src=x>" <jean@ecole.test>', "<b onclick=x>Bonjour</b>\n"
    desk.receive(mail("h@x", subject="<script>alert(1)</script>", sender=name, body=words))
    desk.once()
    for letter in desk.letters():
        part = letter.get_body(("html",))
        assert part is not None
        html = part.get_content()
        assert "<script" not in html
        assert "<img" not in html
        assert "<b onclick" not in html
