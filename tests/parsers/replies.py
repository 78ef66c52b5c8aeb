"""Whole replies as mail clients write them: each spelling of the body, its pictures and its files.

``CLIENTS`` holds a function a client that takes a language, what the person wrote and what he answers, and
gives the mail.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape

from tests.parsers.clients import ATTRIBUTIONS, TAGLINES, header, quoted

PNG = b"\x89PNG\r\n\x1a\n"
TOKEN = "nabcdefghijklm.abcdefg.k3x9.abcdefghijklmnop"
ASKED = "Nouvelle demande ETNIC-1042\n\nBonjour, l'écran du local 12 est noir.\nQue dois-je faire ?"
MARKER = f"##- Répondez au-dessus de cette ligne -## (m:{TOKEN})"
OLD = f"{MARKER}\n\n{ASKED}\n\n#prendre   vous prenez la demande en charge"


@dataclass(frozen=True)
class Draft:
    """What the agent types: a paragraph a line, in HTML where he formats it; a card; pictures and files."""

    lines: Sequence[str]
    rich: Sequence[str] = ()
    card: Sequence[str] = ()
    commands: Sequence[str] = ()
    pictures: Sequence[str] = ()  # file names, behind the last line
    files: Sequence[tuple[str, str]] = ()  # file name and type
    sender: str = "Jo Martin <jo.martin@etnic.be>"
    message_id: str = "reply@client.example"

    @property
    def typed(self) -> list[str]:
        return [*self.commands, *self.lines, *self.card]

    @property
    def formatted(self) -> list[str]:
        return [*map(escape, self.commands), *(self.rich or map(escape, self.lines)), *map(escape, self.card)]


@dataclass(frozen=True)
class Answered:
    """The letter that is answered: its text, its HTML between the body tags ("" for none), its headers.

    ``pictures``: Content-ID and bytes of those that its HTML shows; clients that quote it send them back.
    """

    text: str = OLD
    page: str = ""
    desk: str = "support@etnic.be"
    subject: str = "[ETNIC-1042] Écran"
    message_id: str = f"{TOKEN}@etnic.be"
    references: str = ""
    pictures: Sequence[tuple[str, bytes]] = ()

    @property
    def marked(self) -> str:
        """As HTML, for clients that quote the lines of a text."""
        return self.page or f"<pre>{escape(self.text)}</pre>"

    def lines(self, begin: str = "<div>", end: str = "</div>", blank: str = "<br>") -> str:
        """As HTML, for clients that make their own paragraphs of what they quote."""
        if self.page:
            return re.sub(r"<p\b", begin.rstrip(">") if begin.startswith("<p ") else "<p", self.page)
        return _lines([escape(line) for line in self.text.split("\n")], begin, end, blank)


THE_OLD = Answered()


def _cid(name: str) -> str:
    return f"{name}@01DC5B"


def _images(draft: Draft) -> str:
    return "".join(f'<img width=200 src="cid:{_cid(name)}">' for name in draft.pictures)


def _lines(lines: Sequence[str], begin: str = "<div>", end: str = "</div>", blank: str = "<br>") -> str:
    return "".join(f"{begin}{line or blank}{end}" for line in lines)


def _broken(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _mail(draft: Draft, old: Answered, plain: str, html: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = draft.sender
    mail["To"] = f"Support <{old.desk}>"
    mail["Subject"] = f"RE: {old.subject}"
    mail["In-Reply-To"] = f"<{old.message_id}>"
    mail["Message-ID"] = f"<{draft.message_id}>"
    if old.references:
        mail["References"] = f"{old.references} <{old.message_id}>"
    mail.set_content(plain, cte="8bit")
    if html:
        mail.add_alternative(
            f"<html><head><style>p{{margin:0}}</style></head><body>{html}</body></html>", "html"
        )
        body = mail.get_body(("html",))
        assert body is not None
        for name in draft.pictures:
            body.add_related(PNG + name.encode(), "image", "png", cid=f"<{_cid(name)}>", filename=name)
        for identifier, content in old.pictures:
            body.add_related(content, "image", "png", cid=f"<{identifier}>", filename="image001.png")
    for name, kind in draft.files:
        maintype, _, subtype = kind.partition("/")
        mail.add_attachment(name.encode(), maintype, subtype, filename=name)
    return mail.as_bytes()


def _outlook(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    """Outlook for Windows: nothing marks what is quoted but its header."""
    said = header(at, sender=f"Support <{old.desk}>")
    places = [f"[cid:{_cid(name)}]" for name in draft.pictures]
    word = ("<p class=MsoNormal>", "<o:p></o:p></p>", "&nbsp;")
    html = (
        f"<div class=WordSection1>{_lines(draft.formatted, *word)}<p class=MsoNormal>{_images(draft)}</p>"
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal>"
        f"{_broken(said)}</p></div>{old.lines(*word)}"
        '<img width=1 height=1 src="https://track.example/x.gif"></div>'
    )
    plain = "\n\n".join(["\n".join(draft.typed + places), f"{said}\n\n{old.text}"])
    return _mail(draft, old, plain, html)


def _outlook_web(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    said = header(at, sender=f"Support <{old.desk}>")
    html = (
        f"<div class=elementToProof>{_lines(draft.formatted)}{_images(draft)}</div>"
        "<div id=appendonsend></div><hr>"
        f"<div id=divRplyFwdMsg><font>{_broken(said)}</font></div>"
        f"{old.lines()}"
    )
    return _mail(draft, old, "\n".join(draft.typed) + f"\n{'_' * 32}\n{said}\n\n{old.text}", html)


def _outlook_phone(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    said = header(at, sender=f"Support <{old.desk}>")
    html = (
        f"<div dir=auto>{_lines(draft.formatted)}{_images(draft)}</div>"
        f"<div id=ms-outlook-mobile-signature>{escape(TAGLINES[at][1])}</div>"
        f"<div id=mail-editor-reference-message-container><hr><div id=divRplyFwdMsg>{escape(said)}</div>"
        f"{old.lines()}</div>"
    )
    plain = "\n".join([*draft.typed, "", TAGLINES[at][1], "_" * 32, said, "", old.text])
    return _mail(draft, old, plain, html)


def _quoting(at: str, number: int) -> str:
    return escape(ATTRIBUTIONS[at][number].strip()).replace("\n", "<br>")


def _gmail(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    html = (
        f"<div dir=ltr>{_lines(draft.formatted)}{_images(draft)}</div><br>"
        f"<div class=gmail_quote><div dir=ltr class=gmail_attr>{_quoting(at, 0)}<br></div>"
        f"<blockquote class=gmail_quote style='margin:0 0 0 .8ex'>{old.lines()}"
        "</blockquote></div>"
    )
    places = [f"[image: {name}]" for name in draft.pictures]
    plain = "\n".join([*draft.typed, *places, "", ATTRIBUTIONS[at][0], "", quoted(old.text)])
    return _mail(draft, old, plain, html)


def _gmail_phone(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    typed = "<br>".join(draft.formatted)
    html = (
        f"<div dir=auto>{typed}{_images(draft)}</div><br><div class=gmail_quote>"
        f"<div class=gmail_attr>{_quoting(at, 0)}</div>"
        f"<blockquote class=gmail_quote>{old.page or escape(old.text)}</blockquote></div>"
    )
    return _mail(draft, old, "\n".join([*draft.typed, "", ATTRIBUTIONS[at][0], "", quoted(old.text)]), html)


def _apple(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    html = (
        f"{_lines(draft.formatted)}{_images(draft)}<div><br><blockquote type=cite>"
        f"<div>{_quoting(at, 2)}</div><br>{old.lines()}</blockquote></div><br>"
    )
    plain = "\n".join([*draft.typed, "", quoted(ATTRIBUTIONS[at][2]), ">", quoted(old.text)])
    return _mail(draft, old, plain, html)


def _iphone(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    html = (
        f"{_lines(draft.formatted, '<div dir=ltr>')}{_images(draft)}<div dir=ltr><br>{TAGLINES[at][0]}</div>"
        f"<div dir=ltr><br><blockquote type=cite>{_quoting(at, 2)}<br><br></blockquote></div>"
        f"<blockquote type=cite><div dir=ltr>\ufeff{old.lines()}</div></blockquote>"
    )
    plain = "\n".join(
        [*draft.typed, "", TAGLINES[at][0], "", quoted(ATTRIBUTIONS[at][2]), ">", quoted(old.text)]
    )
    return _mail(draft, old, plain, html)


def _thunderbird(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    html = (
        f"{_lines(draft.formatted, '<p>', '</p>')}{_images(draft)}"
        f"<div class=moz-cite-prefix>{_quoting(at, 1)}<br></div>"
        f"<blockquote type=cite cite='mid:{old.message_id}'>{old.marked}</blockquote>"
    )
    return _mail(draft, old, "\n".join([*draft.typed, "", ATTRIBUTIONS[at][1], quoted(old.text)]), html)


def _thunderbird_below(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    html = (
        f"<div class=moz-cite-prefix>{_quoting(at, 1)}<br></div>"
        f"<blockquote type=cite>{old.marked}</blockquote>"
        f"{_lines(draft.formatted, '<p>', '</p>')}{_images(draft)}"
    )
    return _mail(draft, old, "\n".join([ATTRIBUTIONS[at][1], quoted(old.text), "", *draft.typed]), html)


def _plain(at: str, draft: Draft, old: Answered = THE_OLD) -> bytes:
    return _mail(draft, old, "\n".join([*draft.typed, "", ATTRIBUTIONS[at][1], quoted(old.text)]), "")


CLIENTS: dict[str, Callable[..., bytes]] = {
    "outlook": _outlook,
    "outlook web": _outlook_web,
    "outlook phone": _outlook_phone,
    "gmail": _gmail,
    "gmail phone": _gmail_phone,
    "apple": _apple,
    "iphone": _iphone,
    "thunderbird": _thunderbird,
    "thunderbird, below": _thunderbird_below,
    "plain": _plain,
}
