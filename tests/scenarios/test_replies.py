"""An agent answers the notification that she really got, in the program that she has.

Whatever the program, the requester reads her words as she laid them out, and nothing of what it put around
them: the whole of DESIGN section 6's relay in one pass of the daemon.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from itertools import product

from parsers.excerpt import words
from parsers.html import read_html
from tests.parsers.clients import LANGUAGES
from tests.parsers.replies import CLIENTS, PNG, Answered, Draft
from tests.scenarios.desk import ANNE, DESK, Desk

SHOWN = b"\x89PNG\r\n\x1a\n what Jean sees"
CARD = ["", "Anne Martin", "Technicienne | Service Desk ETNIC", "T +32 (0)2 690 81 00", ANNE]
MANUAL = ("mode d'emploi.pdf", "application/pdf")
# With a closing and a card below it, under which a picture would be a logo; and without, with a picture.
DRAFTS = (
    Draft(
        ["Bonjour,", "", "Débranchez l’écran, attendez dix secondes.", "", "Bien à vous,", "Anne"],
        ["Bonjour,", "", "Débranchez <b>l’écran</b>, attendez dix secondes.", "", "Bien à vous,", "Anne"],
        card=CARD, commands=["#prendre"], files=[MANUAL],
    ),
    Draft(
        ["Débranchez l’écran, ici :"], ["Débranchez <b>l’écran</b>, ici&nbsp;:"],
        commands=["#PRENDRE", ""], files=[MANUAL],
    ),
)  # fmt: skip


def request(name: str) -> bytes:
    """Somebody's mail, in HTML, with a picture in it and a file."""
    mail = EmailMessage()
    mail["From"], mail["To"] = f"{name} <{name}@ecole.test>", DESK
    mail["Subject"], mail["Message-ID"] = f"Écran noir {name}", f"<{name}@ecole.test>"
    mail.set_content("Bonjour,\n\nMon écran est noir depuis ce matin.\nQue dois-je faire ?\n\nMerci, Jean\n")
    mail.add_alternative(
        "<p>Bonjour,</p><p>Mon écran est <i>noir</i> depuis ce matin.<br>Que dois-je faire ?</p>"
        '<p><img src="cid:vu@ecole.test"></p><p>Merci, Jean</p>',
        "html",
    )
    page = mail.get_body(("html",))
    assert page is not None
    page.add_related(SHOWN, "image", "png", cid="<vu@ecole.test>", filename="image001.png")
    mail.add_attachment(b"%PDF-1.4", "application", "pdf", filename="facture.pdf")
    return mail.as_bytes()


def quoted(letter: EmailMessage, *, as_client: bool) -> Answered:
    """A letter as a client quotes it. ``as_client``: its text is made of the HTML, as most of them do."""
    text, html = (part_of(letter, kind) for kind in ("plain", "html"))
    return Answered(
        text=read_html(html).whole if as_client else text,
        page=html.partition("<body")[2].partition(">")[2].partition("</body>")[0],
        desk=DESK,
        subject=str(letter["Subject"]),
        message_id=str(letter["Message-ID"]).strip("<>"),
        references=str(letter["References"] or ""),
        pictures=[(str(p["Content-ID"]).strip("<>"), p.get_content()) for p in pictures_of(letter)],
    )


def part_of(letter: EmailMessage, kind: str) -> str:
    """One of its texts."""
    part = letter.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if part else ""


def pictures_of(letter: EmailMessage) -> list[EmailMessage]:
    """What its HTML shows."""
    return [part for part in letter.walk() if part.get_content_maintype() == "image"]


def test_only_the_new_words_reach_the_requester(desk: Desk) -> None:
    """From every client, in each language of it: as text, as HTML, with the files, without the command."""
    desk.configure(submission={"per_minute": 1000}, desk={"signature": "Le Service Desk"})
    writers = {
        f"{number}-{client}".replace(" ", "").replace(",", ""): (number, client)
        for number, client in _cases()
    }
    desk.receive(*map(request, writers))
    desk.once()
    letters = {str(one["Subject"]).split()[-1]: one for one in desk.letters(ANNE)}
    assert set(letters) == set(writers)
    for name, (number, client) in writers.items():
        old = quoted(letters[name], as_client=number > 1)
        desk.receive(CLIENTS[client](LANGUAGES[number], draft_of(name, number), old))
    desk.once()
    desk.later(minutes=2)
    desk.once()
    found = {
        name: list(faults_of(desk.letters(f"{name}@ecole.test"), draft_of(name, number), client))
        for name, (number, client) in writers.items()
    }
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert {ticket.assignee for ticket in desk.tickets()} == {ANNE}


def draft_of(name: str, number: int) -> Draft:
    """What Anne writes; a picture that came with all her mails would be her stationery."""
    pictures = [f"{name}.png"] if number % 2 else []
    return replace(
        DRAFTS[number % 2], sender=f"Anne <{ANNE}>", message_id=f"{name}@etnic.test", pictures=pictures
    )


def _cases() -> Iterator[tuple[int, str]]:
    return product(range(4), CLIENTS)


def faults_of(letters: list[EmailMessage], draft: Draft, client: str) -> Iterator[str]:
    """What is wrong with what a requester got: the receipt, and the answer."""
    if len(letters) != 2:
        yield f"{len(letters)} letters"
        return
    answer = letters[1]
    text, html = part_of(answer, "plain"), part_of(answer, "html")
    pictures = [] if client == "plain" else [*draft.pictures]
    wanted = words("\n".join([*draft.lines, "Le Service Desk"]))
    if words(re.sub(r"\[[^]]*\.png\]", "", text)) != wanted:
        yield f"its text: {text}"
    if words(read_html(html).whole) != wanted:
        yield f"its HTML: {html}"
    if client != "plain" and "<b>l’écran</b>" not in html:
        yield f"how it was laid out: {html}"
    if sorted(filter(None, (one.get_filename() for one in answer.walk()))) != [*pictures, MANUAL[0]]:
        yield f"its files: {[one.get_filename() for one in answer.walk()]}"
    if [one.get_content() for one in pictures_of(answer)] != [PNG + name.encode() for name in pictures]:
        yield "its pictures"
