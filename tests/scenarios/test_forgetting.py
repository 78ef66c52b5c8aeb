"""Somebody who has used all that there is asks to be forgotten, and whoever then looks finds nothing."""

import base64
from email.message import EmailMessage
from typing import Any

import pytest

from maild import cli, daemon, ingest, isolate
from maild.cli import Code
from storage.records import Status
from tests.scenarios import grep
from tests.scenarios.desk import ADMIN, ANNE, DESK, Desk, mail, reply
from tests.scenarios.test_poison import LARGE, WORKER
from tests.scenarios.test_privacy import figures, traces, words

BRUNO, TEAM, MARC = "bruno@etnic.test", "reseau@etnic.test", "marc@extern.test"
ZOE, HER = "Zénobie Abeloos <zenobie@ecole.test>", "zenobie@ecole.test"
PROVEN: dict[str, Any] = {"Authentication_Results": "mx.etnic.test; dmarc=pass header.from=etnic.test"}
# One word for each way by which something of hers comes here: whatever is left tells where it came from.
SUBJECT, BODY, FILE, NAME_OF_FILE, PAGE = "zanzibar", "quincaillerie", "xylophone", "wapiti", "ocelot"
SECOND, ANSWER, QUESTION, PLACE, CALL = "bergamote", "hippocampe", "ornithorynque", "boulingrin", "kakemono"
POISON, ELSEWHERE, HANDED, LINE, TEAMS = "pamplemousse", "gargouille", "mandragore", "troglodyte", "salsifis"
WORDS = (
    SUBJECT, BODY, FILE, NAME_OF_FILE, PAGE, SECOND, ANSWER, QUESTION, PLACE, CALL, POISON, ELSEWHERE, HANDED,
    LINE, TEAMS, "zenobie", "zénobie", "abeloos",
)  # fmt: skip


@pytest.fixture
def busy(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Two agents, a team with an address, a second folder; whoever reads poison dies at once."""
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    monkeypatch.setattr(daemon, "system_now", lambda: desk.now)
    monkeypatch.setattr(isolate, "COMMAND", WORKER)
    monkeypatch.setattr(ingest, "MOST_TRIES", 1)
    agents: list[dict[str, Any]] = [{"name": "Anne", "address": ANNE}, {"name": "Bruno", "address": BRUNO}]
    desk.mailbox.create("Direction")
    other = {**desk.settings()["maildrop.support"], "folder": "Direction"}
    desk.configure(
        agent=agents, team=[{"name": "réseau", "address": TEAM}],
        security={"trusted_authserv_ids": ["mx.etnic.test"]}, **{"maildrop.direction": other},
    )  # fmt: skip
    return desk


def shell(desk: Desk, *words: str) -> int:
    """What an operator gives."""
    return cli.answer([*words, "--config", str(desk.file)])


def first_mail(message_id: str) -> bytes:
    """In quoted-printable, with HTML beside it and a file in base64."""
    words = f"La {BODY[:6]}=\r\n{BODY[6:]} de l'=C3=A9cole est en panne depuis hier matin.\r\n"
    parts = (
        ("text/plain; charset=utf-8", "quoted-printable", f"Bonjour,\r\n\r\n{words}"),
        ("text/html; charset=utf-8", "8bit", f"<p>La {BODY} et <b>l'{PAGE}</b></p>\r\n"),
        (
            f'text/plain; name="{NAME_OF_FILE}.txt"',
            "base64",
            base64.b64encode(f"Un {FILE}.".encode()).decode(),
        ),
    )
    body = "".join(
        f"--b\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {how}\r\n\r\n{content}\r\n"
        for kind, how, content in parts
    )
    return mail(
        message_id, sender=ZOE, subject=f"Le {SUBJECT.capitalize()} est fermé", body=f"{body}--b--\r\n",
        Content_Type='multipart/mixed; boundary="b"',
    )  # fmt: skip


def quoting(letter: EmailMessage, body: str) -> str:
    """What a client writes under it of the letter that is answered."""
    part = letter.get_body(("plain",))
    said = str(part.get_content()) if part else ""
    quote = "".join(f"> {line}\n" for line in said.splitlines())
    return f"{body}\n\nLe lun. 25 nov. 2024 à 14:32, ETNIC Service Desk <{DESK}> a écrit\u00a0:\n\n{quote}"


def answered(desk: Desk, name: str, number: int, body: str, *, last: bool = True) -> bytes:
    """Anne replies to a letter that she has about a ticket."""
    about = desk.letters(ANNE, f"ETNIC-{number}]")[-1 if last else 0]
    return reply(f"{name}@etnic.test", about, quoting(about, body), sender=f"Anne <{ANNE}>", at=desk.now)


def returned(message_id: str, letter: EmailMessage) -> bytes:
    """A server could not deliver this letter, and returns its headers."""
    heads = "".join(f"> {name}: {value}\n" for name, value in letter.items())
    return mail(
        message_id, sender="MAILER-DAEMON@mx.test", subject="Undelivered", Auto_Submitted="auto-replied",
        In_Reply_To=letter["Message-ID"], body=f"<{letter['To']}>: 450 4.2.2 mailbox full\n\n{heads}",
    )  # fmt: skip


def tell(desk: Desk) -> None:
    """All that one person can bring about here, on six tickets of hers and one of Bo's (ETNIC-1002)."""
    first = first_mail("z1@poste-zenobie.ecole.test")
    forwarded = (
        f"#transfert\n\n---------- Forwarded message ---------\nDe : {ZOE}\nDate: lun. 25 nov. 2024\n"
        f"Objet : {HANDED}\nÀ : <{ANNE}>\n\nUne {HANDED} dans le couloir.\n"
    )
    called = f"#appel {ZOE} attente=3m durée=4m\n\nElle parle d'un {CALL}.\n"
    desk.receive(
        first,
        mail("b1@ecole.test", sender="Bo <bo@ecole.test>", subject="VPN", body="Il refuse.\n"),
        mail("z2@ecole.test", sender=ZOE, subject=f"{SECOND} encore", body=f"Et la {SECOND} ?\n"),
        mail("f1@etnic.test", sender=ANNE, subject=f"Fwd: {HANDED}", body=forwarded, **PROVEN),
        mail("c1@etnic.test", sender=ANNE, subject=f"Appel {CALL}", body=called, **PROVEN),
        mail("p1@ecole.test", sender=ZOE, subject="Poison", body=f"{LARGE}{POISON}\n"),
    )
    desk.once()
    # The same once more in another folder, by another way; and what only came there.
    way = b"Received: from elsewhere; Mon, 25 Nov 2024 13:33:00 +0000\r\n"
    elsewhere = mail("z3@ecole.test", sender=ZOE, subject="Autre chose", body=f"Une {ELSEWHERE}.\n")
    desk.receive(way + first, elsewhere, folder="Direction")
    desk.receive(
        answered(desk, "a1", 1001, f"Avez-vous essayé l'{ANSWER} ?"),
        answered(desk, "a2", 1003, "#fusionner 1001"),
        returned("d1@mx.test", desk.letters(HER)[0]),
        mail(
            "z4@ecole.test", sender=ZOE, subject="Re: VPN", In_Reply_To="<b1@ecole.test>", Cc="bo@ecole.test",
            body=f"Chez nous aussi, à cause du {LINE} de la cour de l'école.\n",
        ),
    )  # fmt: skip
    desk.once()
    desk.later(minutes=5)
    visit = f"#intervention Marc Leroy <{MARC}> demain 14h Rue du {PLACE} 3\n\nPrenez un {LINE}."
    desk.receive(
        answered(desk, "a3", 1001, f"#escalader réseau\n\nQue dit l'{QUESTION} ?"),
        answered(desk, "a4", 1001, visit),
        answered(desk, "a5", 1002, "Nous cherchons, pour vous deux."),
    )
    desk.once()
    ((*_, question), (*_, received)) = desk.letters(TEAM), desk.letters(HER, SUBJECT.capitalize())
    orders = ((1002, "#stop"), (1002, "#liste"), (1001, "#complet\n#pourquoi"), (1001, "#assigner Bruno"))
    desk.receive(
        reply("t1@labo.test", question, f"Les {TEAMS} vont bien.\n", sender="luc@labo.test"),
        reply("z5@ecole.test", received, f"Oui, et un {LINE} dans la cour de l'école.\n", sender=ZOE),
        returned("d2@mx.test", desk.letters(HER)[0]),
        *(answered(desk, f"a{n}", number, order) for n, (number, order) in enumerate(orders, 6)),
    )
    desk.once()
    assert shell(desk, "ticket", "note", "1001", f"vu avec Zénobie Abeloos, le {CALL}") == Code.OK
    assert shell(desk, "ticket", "note", "1002", "comme chez Zénobie Abeloos, du 3e") == Code.OK


def test_nothing_is_left_and_nothing_comes_back(
    busy: Desk, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """In no table and no file, however it is written; nor does an answer to an old letter bring it back."""
    desk, state = busy, busy.folder / "var"
    tell(desk)
    assert set(grep.found(state, WORDS)) == set(WORDS)
    capsysbinary.readouterr()
    of_mailboxes, (of_report, *_) = figures(desk, capsysbinary)
    assert shell(desk, "person", "forget", HER, "--yes") == Code.OK
    assert b"ETNIC-1001: a visit is ordered for 2024-11-26 13:00 UTC" in capsysbinary.readouterr().out
    assert (traces(desk, *WORDS), grep.found(state, WORDS)) == ([], {})
    erased = dict.fromkeys((1001, *range(1003, 1008)), "erased@maild.invalid")
    assert {t.id: t.requester_address for t in desk.tickets()} == erased | {1002: "bo@ecole.test"}
    assert desk.tickets()[1].subject == "VPN"
    texts = [row.text.strip() for row in desk.rows("SELECT text FROM message WHERE ticket_id = 1002")]
    assert {"Il refuse.", "Nous cherchons, pour vous deux."} <= set(texts)
    again, (report, *_) = figures(desk, capsysbinary)
    # What lay in quarantine is there no more; what was open was closed.
    assert again == [line | {"quarantined": 0} for line in of_mailboxes]
    assert report["mail"]["received"] == of_report["mail"]["received"]
    _old_letters_are_answered(desk)
    assert (traces(desk, *WORDS), grep.found(state, WORDS)) == ([], {})
    _she_writes_again(desk)


def _old_letters_are_answered(desk: Desk) -> None:
    """By agents with words and orders, by a team, by a technician, by a server: nothing is kept or sent."""
    (*_, question), (invitation, *_), (receipt, *_) = map(desk.letters, (TEAM, MARC, HER))
    sent = len(desk.sink.letters)
    desk.receive(
        answered(desk, "e1", 1001, "Et maintenant ?"),
        answered(desk, "e2", 1001, "#annuler"),
        reply("e3@etnic.test", desk.letters(ANNE, "VPN")[0], "#rouvrir 1001", sender=ANNE),
        reply("e4@labo.test", question, quoting(question, "Encore nous."), sender="luc@labo.test"),
        reply("e5@extern.test", invitation, quoting(invitation, "J'arrive."), sender=MARC),
        returned("e6@mx.test", receipt),
    )
    desk.receive(receipt.as_bytes(), folder="Sent")
    desk.once()
    assert shell(desk, "ticket", "reopen", "1001") == Code.REFUSED
    assert shell(desk, "ticket", "note", "1001", "encore") == Code.REFUSED
    told = [(*one.recipients, str(one.message["Subject"])) for one in desk.sink.letters[sent:]]
    assert sorted(told) == [
        *2 * [(ADMIN, "maild\u00a0: A mail came for ETNIC-1001, which was erased")],
        *2 * [(ANNE, "Re: [ETNIC-1001] (erased)")],
        (ANNE, "Re: [ETNIC-1002] VPN"),
    ]
    lines = "".join(words(one) for one in desk.letters(ANNE)[-3:])
    assert lines.count("ETNIC-1001 a été effacé : rien de votre message n’est conservé") == 2
    assert lines.count("#rouvrir : ETNIC-1001 a été effacé, rien n’a été exécuté") == 1
    # Both maildrops look into the folder of sent mail.
    assert len(desk.log("message.ignored")) == 5 + 2
    assert desk.tickets()[0].status is Status.CLOSED
    assert [line["event"] for line in desk.faults()] == ["message.failed"]  # the one that killed its reader


def _she_writes_again(desk: Desk) -> None:
    """Under her old receipt: a matter of its own, of somebody whom nobody knows."""
    receipt = desk.letters(HER)[0]
    desk.receive(reply("z9@ecole.test", receipt, "Et encore une chose.\n", sender=ZOE))
    desk.once()
    (*_, ticket) = desk.tickets()
    assert (ticket.id, ticket.requester_address, ticket.status) == (1008, HER, Status.NEW)
    assert desk.links(1008) == {1001}
    assert len(desk.letters(HER, "ETNIC-1008]")) == 1
    assert shell(desk, "person", "forget", HER, "--yes") == Code.OK
    assert traces(desk, *WORDS) == []
