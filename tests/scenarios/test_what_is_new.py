"""What of a mail is news to the team: its words without those that we wrote, its files without its logo."""

import base64
import json
from email.message import EmailMessage

import pytest

from maild import cli
from tests.scenarios.desk import ANNE, JEAN, Desk, mail

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
