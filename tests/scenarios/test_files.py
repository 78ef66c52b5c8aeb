"""Files that could do harm stay with the desk: named to all who must know, sent to who asks for them."""

import io
import zipfile
from email.message import EmailMessage
from typing import Any

import pytest

from tests.peers.clamd import Clamd, virus
from tests.scenarios.desk import ADMIN, ANNE, DESK, JEAN, Desk, reply
from tests.scenarios.test_asking import command

TEAM = "reseau@etnic.test"
PE = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + bytes(80)
HELD = "1. facture.pdf.exe : nom trompeur (.pdf.exe)"


def letter_of(message_id: str, text: str, *, sender: str = JEAN, **files: bytes) -> bytes:
    """A mail with files, each called by its name; ``_`` is a dot."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, DESK, "Facture"
    mail["Message-ID"] = f"<{message_id}>"
    mail.set_content(text)
    for name, content in files.items():
        mail.add_attachment(content, "application", "octet-stream", filename=name.replace("_", "."))
    return mail.as_bytes()


def answer_with(message_id: str, to: EmailMessage, text: str, sender: str, **files: bytes) -> bytes:
    """A reply with files."""
    headers = reply(message_id, to, "").split(b"\r\n")
    threading = b"".join(h + b"\n" for h in headers if h.startswith((b"In-Reply-To", b"References")))
    return threading + letter_of(message_id, text, sender=sender, **files)


def files_of(letter: EmailMessage) -> dict[str | None, bytes]:
    """What comes with a letter."""
    return {part.get_filename(): part.get_content() for part in letter.iter_attachments()}


def words(letter: EmailMessage) -> str:
    """Its text, with plain blanks."""
    part = letter.get_body(("plain",))
    return part.get_content().replace("\u00a0", " ").replace("\r\n", "\n") if part else ""


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Jean has sent a bill that is none, and a plan."""
    agents: list[dict[str, Any]] = [{"name": "Anne", "address": ANNE}]
    desk.configure(agent=agents, team=[{"name": "réseau", "address": TEAM, "limit": "4h"}])
    desk.receive(letter_of("m1@ecole.test", "Voici.\n", facture_pdf_exe=PE, plan_pdf=b"%PDF-1.4"))
    desk.once()
    return desk


def order(desk: Desk, text: str, message_id: str = "a1@etnic.test", **files: bytes) -> EmailMessage:
    """Anne replies to her notification; the last letter that she gets."""
    desk.receive(answer_with(message_id, desk.letters(ANNE)[0], text, f"Anne <{ANNE}>", **files))
    desk.once()
    return desk.letters(ANNE)[-1]


def test_it_is_named_and_not_sent(told: Desk) -> None:
    """In the notification, with reason and number; in the ticket; and the harmless one goes along."""
    (letter,) = told.letters(ANNE)
    assert list(files_of(letter)) == ["plan.pdf"]
    assert "Pièces jointes : plan.pdf" in words(letter)
    assert "#fichier et son numéro" in words(letter)
    assert HELD in words(letter)
    page = letter.get_body(("html",))
    assert page is not None
    assert HELD in page.get_content().replace("\u00a0", " ")
    assert "HELD: disguised .pdf.exe (#fichier 1)" in command(told, "ticket", "show", "1001").output
    assert '"held": "disguised .pdf.exe"' in command(told, "ticket", "show", "1001", "--json").output


def test_an_agent_asks_for_it(told: Desk) -> None:
    """It comes to her alone, byte for byte, in an archive and under a name that nothing opens."""
    letter = order(told, "#fichier 1\n")
    ((name, packed),) = files_of(letter).items()
    assert name == "ETNIC-1001-1.zip"
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert {n: archive.read(n) for n in archive.namelist()} == {"facture.pdf.exe.held": PE}
    assert "reçu de jean@ecole.test et retenu : nom trompeur (.pdf.exe)" in words(letter)
    assert (letter["To"], letter["Cc"]) == (f"Anne <{ANNE}>", None)
    assert len(told.letters("jean@ecole.test")) == 1
    assert [event.actor for event in told.story(1001) if event.kind == "file_sent"] == [ANNE]
    (said,) = told.log("file.sent")
    assert said["ticket"] == "ETNIC-1001"


def test_a_later_mail_counts_on(told: Desk) -> None:
    """Its file has a number of its own on the ticket, which is the one that comes."""
    receipt = told.letters("jean@ecole.test")[0]
    told.receive(answer_with("m2@ecole.test", receipt, "Et ceci.\n", JEAN, macro_docm=b"PK-no"))
    told.once()
    told_of = told.letters(ANNE)[-1]
    assert "2. macro.docm : document avec macros (.docm)" in words(told_of)
    assert HELD not in words(told_of)
    assert list(files_of(order(told, "#fichier 2\n"))) == ["ETNIC-1001-2.zip"]
    assert "1. facture.pdf.exe" in words(order(told, "#fichier 7\n", "a2@etnic.test"))


def test_an_attached_mail_is_as_what_it_carries(told: Desk) -> None:
    """However deep: it is held as a whole, and comes as a whole."""
    carrier = letter_of("inner@ecole.test", "Voyez.\n", setup_exe=PE)
    plain = letter_of("x@ecole.test", "Oui.\n")
    told.receive(letter_of("m2@ecole.test", "Transféré.\n", lettre_eml=carrier, autre_eml=plain))
    told.once()
    letter = told.letters(ANNE)[-1]
    assert list(files_of(letter)) == ["autre.eml"]
    assert "1. lettre.eml : contient : programme (.exe)" in words(letter)


def test_a_mail_that_is_read_late_moves_no_number(told: Desk) -> None:
    """One that lay in quarantine has its files written behind those of later mails."""
    receipt = told.letters("jean@ecole.test")[0]
    told.receive(answer_with("m2@ecole.test", receipt, "Et ceci.\n", JEAN, b_bat=b"del"))
    told.once()
    with told.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO attachment (message_id, filename, content_type, size, sha256, content_id, inline,"
            " decoration, held, scan) SELECT message_id, 'late.exe', content_type, size, 'late', content_id,"
            " inline, decoration, held, scan FROM attachment WHERE filename LIKE 'facture%'"
        )
    listed = words(order(told, "#fichier\n"))
    assert [line.partition(" :")[0] for line in listed.splitlines() if line[:2] in ("1.", "2.", "3.")] == [
        "1. facture.pdf.exe", "2. b.bat", "3. late.exe",
    ]  # fmt: skip
    shown = command(told, "ticket", "show", "1001").output
    assert [f"(#fichier {number})" in shown for number in (1, 2, 3, 4)] == [True, True, True, False]


def test_what_is_no_longer_kept_is_said(told: Desk) -> None:
    """The raw mail may have been purged; the ticket goes on."""
    with told.writing() as connection:
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("UPDATE message SET raw_id = (SELECT min(id) FROM raw) WHERE id = 1")
        connection.exec_driver_sql("UPDATE attachment SET sha256 = 'gone' WHERE filename LIKE 'facture%'")
    letter = order(told, "#fichier 1\n")
    assert files_of(letter) == {}
    assert "facture.pdf.exe n’est plus conservé" in words(letter)


def test_it_is_no_part_of_a_case(told: Desk) -> None:
    """A team reads its name and why it has it not; what the team sends of the kind stays, too."""
    order(told, "#escalader réseau\n\nEst-ce un virus ?\n", script_ps1=b"Get-Date")
    (question,) = told.letters(TEAM)
    assert list(files_of(question)) == ["plan.pdf"]
    assert "- facture.pdf.exe (nom trompeur (.pdf.exe))" in words(question)
    luc = "Luc <luc@labo.test>"
    told.receive(answer_with("t1@labo.test", question, "Oui.\n", luc, nettoyer_bat=b"del", note_txt=b"x"))
    told.once()
    heard = told.letters(ANNE, "Réponse de réseau")[-1]
    assert list(files_of(heard)) == ["note.txt"]
    assert "3. nettoyer.bat : script (.bat)" in words(heard)
    told.receive(answer_with("a3@etnic.test", heard, "#relayer\n", f"Anne <{ANNE}>"))
    told.once()
    told.later(minutes=10)
    told.once()
    assert list(files_of(told.letters("jean@ecole.test")[-1])) == ["note.txt"]
    assert "à risque : nettoyer.bat" in words(told.letters(ANNE)[-1])


def test_what_a_team_sent_is_judged_when_it_is_passed_on(told: Desk) -> None:
    """By the table of that day: what is held since stays."""
    order(told, "#escalader réseau\n\nEst-ce un virus ?\n")
    (question,) = told.letters(TEAM)
    luc = "Luc <luc@labo.test>"
    told.receive(answer_with("t1@labo.test", question, "Oui.\n", luc, note_txt=b"x", plan_png=b"\x89PNG"))
    told.once()
    heard = told.letters(ANNE, "Réponse de réseau")[-1]
    assert list(files_of(heard)) == ["note.txt", "plan.png"]
    told.configure(attachments={"also": ["txt"]})
    told.receive(answer_with("a3@etnic.test", heard, "#relayer\n", f"Anne <{ANNE}>"))
    told.once()
    told.later(minutes=10)
    told.once()
    assert list(files_of(told.letters("jean@ecole.test")[-1])) == ["plan.png"]


def test_an_agent_sends_none_either(told: Desk) -> None:
    """Her words leave, and she reads what has not; of a file alone nothing leaves."""
    said = order(told, "Voici le correctif.\n", correctif_exe=PE, guide_pdf=b"%PDF")
    assert "Pièce jointe non transmise, car elle est à risque : correctif.exe – programme (.exe)" in words(
        said
    )
    said = order(told, "\n", "a2@etnic.test", correctif_exe=PE)
    assert "ne contient qu’une pièce jointe à risque (correctif.exe – programme (.exe)) ;" in words(said)
    told.later(minutes=5)
    told.once()
    (_, answer) = told.letters("jean@ecole.test")
    assert list(files_of(answer)) == ["guide.pdf"]


def test_the_operator_decides(desk: Desk) -> None:
    """What is allowed goes along, and what he holds besides does not."""
    desk.configure(attachments={"allow": ["PS1"], "also": [".one"], "hold": ["script", "program"]})
    desk.receive(letter_of("m1@ecole.test", "Voici.\n", a_ps1=b"a", b_one=b"b", c_lnk=b"c", d_exe=b"d"))
    desk.once()
    (letter,) = desk.letters(ANNE)
    assert list(files_of(letter)) == ["a.ps1", "c.lnk"]
    assert "1. b.one : type de fichier retenu ici (.one)\n  2. d.exe : programme (.exe)" in words(letter)


def test_a_virus_is_found(desk: Desk, clamd: Clamd) -> None:
    """In a file that nothing else is wrong with; the clean ones go along, and the ticket knows of each."""
    desk.configure(attachments={"clamd": clamd.address})
    desk.receive(letter_of("m1@ecole.test", "Voici.\n", plan_pdf=b"%PDF", notes_txt=virus(), a_exe=b"x"))
    desk.once()
    (letter,) = desk.letters(ANNE)
    assert list(files_of(letter)) == ["plan.pdf"]
    assert "1. notes.txt : virus détecté (Maild.Test.Letters.UNOFFICIAL)" in words(letter)
    assert [file.scan for message in desk.thread(1001) for file in message.files] == [
        "clean", "found Maild.Test.Letters.UNOFFICIAL", "clean",
    ]  # fmt: skip
    assert "  clean" in command(desk, "ticket", "show", "1001").output
    assert list(files_of(order(desk, "#fichier 1\n"))) == ["ETNIC-1001-1.zip"]


@pytest.mark.parametrize(("unscanned", "goes"), [("hold", []), ("send", ["plan.pdf"])])
def test_a_scanner_that_is_gone_loses_nothing(
    desk: Desk, clamd: Clamd, unscanned: str, goes: list[str]
) -> None:
    """The mail is filed and answered at once; its files are held or go along, and never pass for clean."""
    desk.configure(attachments={"clamd": clamd.address, "unscanned": unscanned})
    clamd.stop()
    desk.receive(letter_of("m1@ecole.test", "Voici.\n", plan_pdf=b"%PDF"))
    desk.once()
    assert len(desk.letters("jean@ecole.test")) == 1
    (letter,) = desk.letters(ANNE)
    assert list(files_of(letter)) == goes
    assert "non analysé par l’antivirus" in words(letter)
    assert "NOT SCANNED (no_answer)" in command(desk, "ticket", "show", "1001").output
    (told,) = desk.letters(ADMIN)
    assert "ClamAV does not answer" in str(told["Subject"])


def test_files_of_before_the_scanner(told: Desk, clamd: Clamd) -> None:
    """They are not scanned either: no team gets them with the case."""
    told.configure(attachments={"clamd": clamd.address})
    order(told, "#escalader réseau\n\nEst-ce un virus ?\n")
    assert files_of(told.letters(TEAM)[0]) == {}
