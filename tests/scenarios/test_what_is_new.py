"""What of a mail is news to the team: its words without those that we wrote, its files without its logo."""

import base64
import json
import textwrap
from email.message import EmailMessage

import pytest

from maild import cli
from tests.scenarios.desk import ANNE, JEAN, Desk, mail, reply

LOGO = base64.encodebytes(b"\x89PNG\r\n\x1a\n the logo of a school").decode()


def words(letter: EmailMessage) -> str:
    """The plain text of a letter, every blank a space."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ") if part else ""


def illustrated(message_id: str, *, subject: str, name: str, sender: str = JEAN) -> bytes:
    """A mail with a document, under a signature with a logo."""
    logo = "Content-Type: image/png; name=image001.png\nContent-ID: <logo@ecole>\nContent-Disposition: inline"
    file = f"Content-Type: application/pdf\nContent-Disposition: attachment; filename={name}\n\n%PDF"
    page = 'Content-Type: text/html\n\n<p>Bonjour, voyez ce document.</p><img src="cid:logo@ecole">'
    parts = (page, f"{logo}\nContent-Transfer-Encoding: base64\n\n{LOGO}", file)
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    kind = "multipart/related; boundary=b"
    return mail(message_id, sender=sender, subject=subject, body=body, Content_Type=kind)


def test_a_signatures_logo_is_news_once(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The next mails name the document alone; the ticket shows both, and says which is which."""
    any_desk.receive(illustrated("a@ecole.test", subject="Badge", name="un.pdf"))
    any_desk.once()
    any_desk.receive(illustrated("b@ecole.test", subject="Porte", name="deux.pdf"))
    any_desk.once()
    first, second = (words(letter) for letter in any_desk.letters(ANNE))
    assert "Pièces jointes : image001.png, un.pdf" in first
    assert "Pièces jointes : deux.pdf" in second
    assert "image001" not in second

    assert cli.answer(["ticket", "show", "1002", "--json", "--config", str(any_desk.file)]) == 0
    shown = json.loads(capsys.readouterr().out)["messages"][0]["attachments"]
    assert [(f["filename"], f["inline"], f["decoration"]) for f in shown] == [
        ("image001.png", True, True),
        ("deux.pdf", False, False),
    ]
    assert cli.answer(["ticket", "show", "1002", "--config", str(any_desk.file)]) == 0
    told = capsys.readouterr().out
    assert "   + deux.pdf  application/pdf  4 bytes\n" in told
    assert "   + image001.png  image/png  29 bytes  (seen before" in told
    assert not any_desk.faults()


def unmarked(text: str) -> str:
    """A text as some clients put it below an answer: its lines broken anew, without a mark."""
    return "\n".join("\n".join(textwrap.wrap(line, 64)) for line in text.splitlines())


def test_of_an_answer_only_the_new_words_reach_the_team(any_desk: Desk) -> None:
    """Jean answers his receipt, Luc answers Jean, from clients that quote without any mark."""
    any_desk.receive(mail("m1@ecole.test", Cc="Luc <luc@ecole.test>"))
    any_desk.once()
    (receipt,) = any_desk.letters("jean@ecole.test")
    new = "Bonjour,\n\nLe numéro de série est CN-4050-12.\n\nMerci,\nJean Dupont"
    any_desk.receive(reply("m2@ecole.test", receipt, f"{new}\n\n{unmarked(words(receipt))}"))
    any_desk.once()
    told = words(any_desk.letters(ANNE)[1])
    assert all(line in told for line in new.splitlines())
    assert "accusé de réception" not in told
    assert "prise en charge au plus tard" not in told

    luc = f"Chez moi non plus, au premier étage.\n\n{unmarked(new)}\n\n{unmarked(words(receipt))}"
    any_desk.receive(
        mail(
            "m3@ecole.test", sender="Luc <luc@ecole.test>", subject="Re: Imprimante en panne", body=luc,
            In_Reply_To="<m2@ecole.test>", References="<m1@ecole.test> <m2@ecole.test>",
        )
    )  # fmt: skip
    any_desk.once()
    told = words(any_desk.letters(ANNE)[2])
    assert "premier étage" in told
    assert "CN-4050-12" not in told
    assert "accusé de réception" not in told

    # Nothing is gone: the ticket has every word.
    with any_desk.ledger() as tx:
        texts = [tx.text_of(m.mail_id) for m in tx.messages([1001])[1001] if m.direction == "in"]
    assert "accusé de réception" in texts[1]
    assert "CN-4050-12" in texts[2]
    assert not any_desk.faults()


def test_a_receipt_speaks_as_its_reader_did(desk: Desk) -> None:
    """Two words on another matter, after a whole mail in Dutch."""
    dutch = "Goedemorgen,\n\nmijn scherm blijft zwart sinds vanmorgen. Kunt u mij helpen?\n\nJan"
    desk.receive(mail("a@school.test", sender="jan@school.test", subject="Scherm", body=dutch))
    desk.once()
    desk.receive(mail("b@school.test", sender="jan@school.test", subject="VPN 443", body="ERR 12"))
    desk.once()
    assert [one["Content-Language"] for one in desk.letters("jan@school.test")] == ["nl", "nl"]
