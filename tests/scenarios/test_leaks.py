"""The assertion that stands behind every story can fail: letters that tell what is the desk's own."""

from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest

from maild.decide import tokens
from maild.decide.tokens import Purpose
from tests.peers.smtp import Letter
from tests.scenarios import leaks
from tests.scenarios.desk import ANNE, DESK, Desk, mail, reply
from tests.scenarios.leaks import House

SECRET, KEY, OTHER = (
    b"0123456789abcdef0123456789",
    tokens.ticket_key(b"a ticket"),
    tokens.ticket_key(b"the next"),
)
JEAN, EVA = "jean@ecole.test", "eva@ecole.test"
NOTE = "Ce monsieur appelle tous les jours"
HOUSE = House(
    secrets=(SECRET,),
    desk=DESK,
    private=frozenset({ANNE, "reseau@etnic.test"}),
    requesters={KEY: JEAN, OTHER: ANNE},
    notes=frozenset({NOTE}),
)


def token(purpose: Purpose = Purpose.RECEIPT, to: str = JEAN, key: str = KEY) -> str:
    """A token of the desk."""
    return tokens.sign((SECRET,), purpose, key, to, "s1")


def letter(words: str = "Bonjour,\n", markup: str = "", *, to: str = JEAN, **headers: Any) -> Letter:
    """A letter to Jean as the desk writes it, with more in it."""
    made = EmailMessage()
    values = {
        "From": DESK,
        "To": to,
        "Subject": "Re: Imprimante",
        "Message-ID": f"<{token(to=to)}@etnic.test>",
    }
    for name, value in (values | {k.replace("_", "-"): v for k, v in headers.items()}).items():
        made[name] = value
    made.set_content(words)
    if markup:
        made.add_alternative(markup, subtype="html")
    return sent(made, to)


def sent(made: EmailMessage, to: str = JEAN) -> Letter:
    """As the post office keeps it."""
    return Letter(
        sender=DESK, recipients=(to,), content=bytes(made), at=datetime.now(tz=UTC), clock=0, confirmed=True
    )


def with_file(name: str, content: str, subtype: str) -> Letter:
    """One with a file in it."""
    made = letter().message
    made.add_attachment(content, subtype=subtype, filename=name)
    return sent(made)


@pytest.mark.parametrize(
    "clean",
    [
        letter(),
        letter(
            "> #1042 est réglé\nLe #service n'existe pas\n", "<p>J&rsquo;ai <b>fini</b>, #prendre non</p>"
        ),
        letter("Écrivez à jeanne@etnic.test ou support@etnic.test\n"),
        letter("Écrivez à joanne@etnic.test, anne@etnic.tester ou x-anne@etnic.test\n"),
        letter(References=f"<{token(Purpose.RELAY)}@etnic.test>", Reply_To=f"support+{token()}@etnic.test"),
        letter("Bonjour Anne, votre adresse est anne@etnic.test.\n", X_Of=token(key=OTHER)),
        with_file("i.ics", f"UID:{token(Purpose.VISIT, DESK)}@etnic.test\r\n", "calendar"),
        letter(to="rené@école.test", References=token(to="rené@école.test")),
    ],
)
def test_what_may_leave(clean: Letter) -> None:
    """The desk's own address, words with a #, the recipient's own tokens; an agent's who asks for himself."""
    assert leaks.leaks(clean, HOUSE) == []


@pytest.mark.parametrize("written", ["jean@école.test", "jean@xn--cole-9oa.test"])
def test_a_domain_may_be_written_in_two_ways(written: str) -> None:
    """The envelope has it in ASCII (RFC 5890), the token was made for it in letters."""
    made = letter(to="jean@école.test").message
    made.replace_header("To", written)
    assert leaks.leaks(sent(made, "jean@xn--cole-9oa.test"), HOUSE) == []


@pytest.mark.parametrize(
    ("told", "leak"),
    [
        (letter("Écrivez-moi à Anne@ETNIC.test.\n"), "the address anne@etnic.test"),
        (letter(markup='<a href="mailto:anne@etnic.test">moi</a>'), "the address anne@etnic.test"),
        (letter(Cc="Réseau <reseau@etnic.test>"), "the address reseau@etnic.test"),
        (letter(X_Author="=?utf-8?b?YW5uZUBldG5pYy50ZXN0?="), "the address anne@etnic.test"),
        (with_file("de anne@etnic.test.pdf", "x", "plain"), "the address anne@etnic.test"),
        (
            with_file("i.ics", "BEGIN:VCALENDAR\nORGANIZER:mailto:anne@e\n tnic.test\n", "calendar"),
            "the address anne@etnic.test",
        ),
        (letter(References=f"<{token(to=EVA)}@etnic.test>"), "a token of another mail, RECEIPT s1"),
        (letter(f"(m:{token(Purpose.RELAY, EVA)})\n"), "a token of another mail, RELAY s1"),
        (letter(markup=f"<i>{token(to=EVA)}</i>"), "a token of another mail, RECEIPT s1"),
        (letter(X_Maild=token(Purpose.SELF, EVA)), "a token of another mail, SELF s1"),
        (letter(References=token(Purpose.NOTIFICATION)), "a token that has power, NOTIFICATION s1"),
        (letter(f"{token(Purpose.ANSWER, ANNE)}\n"), "a token that has power, ANSWER s1"),
        (
            with_file("i.ics", f"UID:{token(to=EVA)[:20]}\r\n {token(to=EVA)[20:]}\r\n", "calendar"),
            "a token of another mail, RECEIPT s1",
        ),
        (
            with_file("i.ics", f"UID:{token(Purpose.VISIT, EVA)}\r\n", "calendar"),
            "a token of another mail, VISIT s1",
        ),
        (letter(f"{token(Purpose.VISIT, DESK)}\n"), "a token of another mail, VISIT s1"),
        (letter(References=token(Purpose.CONSULTATION)), "a token that has power, CONSULTATION s1"),
        (letter("#prendre\n\nBonjour\n"), "a command line, '#prendre'"),
        (letter("Bonjour\n  > # Aide\n"), "a command line, '> # Aide'"),
        (letter(markup="<div>Bonjour<br>&#35;Prendre moi</div>"), "a command line, '#Prendre moi'"),
        (letter("Bonjour,\n\n> Ce monsieur\n> appelle  tous les jours.\n"), f"an internal note, {NOTE!r}"),
        (letter(markup=f"<p>{NOTE.replace(' ', ' <b></b>', 1)}</p>"), f"an internal note, {NOTE!r}"),
        (letter(Subject=f"Re: {NOTE}"), f"an internal note, {NOTE!r}"),
        (
            letter("> ##- Répondez au-dessus de cette ligne -##\n"),
            "the separator of a notification, '> ##- Répondez au-dessus de cette ligne -##'",
        ),
    ],
)
def test_what_must_not_leave(told: Letter, leak: str) -> None:
    """Wherever it stands: in a header, in either part, in an invitation, in the name of a file."""
    assert leaks.leaks(told, HOUSE) == [leak]


def test_a_forwarded_notification_is_found_in_what_is_enclosed() -> None:
    """An enclosed mail is read like any other part."""
    made, enclosed = letter().message, EmailMessage()
    enclosed["To"] = ANNE
    enclosed.set_content("##- Please reply above this line -##\n")
    made.add_attachment(enclosed)
    assert len(leaks.leaks(sent(made), HOUSE)) == 2


def test_a_story_that_leaks_fails(desk: Desk) -> None:
    """What its configuration and its ledger tell is what is looked for, whoever was an agent before."""
    desk.receive(mail("m1@ecole.test"))
    desk.once()
    notification, his = desk.letters(ANNE)[0], "Depuis ce matin, mon imprimante ne fonctionne plus"
    desk.receive(reply("n@etnic.test", notification, f"#note\n{NOTE}.\n\n{his}.\n", sender=ANNE))
    desk.once()
    desk.configure(agent=[{"name": "Bruno", "address": "bruno@etnic.test"}])
    desk.sink.letters.append(letter(f"Vous écriviez : {his}.\n"))
    leaks.assert_none(desk)
    stolen = next(one for one in desk.sink.letters if ANNE in one.recipients)
    for told in (letter(f"{NOTE}.\n"), letter(f"Voyez {ANNE}\n"), sent(stolen.message), letter("#aide\n")):
        desk.sink.letters.append(told)
        with pytest.raises(AssertionError, match=f"to {JEAN}: "):
            leaks.assert_none(desk)
        desk.sink.letters.remove(told)


def test_what_the_requester_wrote_is_no_secret_from_him() -> None:
    """A note that quotes him, or an answer that repeats what was relayed before, tells nothing new."""
    assert list(leaks.sentences("Merci. Mon imprimante ne marche\nplus depuis ce matin !")) == [
        "Mon imprimante ne marche", "plus depuis ce matin",
    ]  # fmt: skip
    assert leaks.spaced("> Mon imprimante\n>> ne marche  plus") == "Mon imprimante ne marche plus"
