"""Whether a text is about somebody: what names him, what quotes him, and what only looks like it."""

from base64 import b64encode
from email.message import EmailMessage

import pytest

from maild import recognition
from maild.recognition import Reader, Traits

JEAN = "jean@ecole.be"
SAID = "Depuis ce matin, l'imprimante du troisième refuse tout travail."


def reader(*names: str, said: str = SAID, address: str = JEAN, tickets: tuple[str, ...] = ()) -> Reader:
    """Whoever knows these names of Jean's, and what he has said."""
    rows = frozenset(recognition.rows(recognition.words(said)))
    return recognition.reader((address,), Traits(names=frozenset(names), rows=rows), tickets)


def letter(text: str, *, html: str = "", **headers: str) -> bytes:
    """A letter, written as letters of ours are."""
    made = EmailMessage()
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    return made.as_bytes()


@pytest.mark.parametrize(
    ("text", "is_named"),
    [
        ("écrivez à jean@ecole.be.", True),
        ("<Jean@Ecole.BE>", True),
        ("mailto:jean@ecole.be?subject=x", True),
        ("pjean@ecole.be", False),
        ("marie-jean@ecole.be", False),
        ("a.jean@ecole.be", False),
        ("jean+tag@ecole.be", False),
        ("jean@ecole.be.org", False),
        ("jean@ecole.bes", False),
        ("jean@ecole.be-test.org", False),
        ("jean@ecolexbe", False),
    ],
)
def test_an_address_stands_for_itself(text: str, *, is_named: bool) -> None:
    """Not as the end or the beginning of another one."""
    assert reader().named(text) is is_named


@pytest.mark.parametrize(
    ("text", "is_quoted"),
    [
        ("> Depuis ce matin, l'imprimante\n> du troisième refuse", True),
        ("Il dit : « ce matin, l’imprimante du troisième refuse »", True),
        ("depuis ce matin, l'imprimante", False),
        ("L'imprimante du troisième est en panne depuis ce matin.", False),
        ("vu avec Jean Dupont hier", True),
        ("vu avec DUPONT, Jean hier", True),
        ("vu avec Jean hier", False),
        ("vu avec Jean Dupontel", False),
        ("", False),
    ],
)
def test_who_is_quoted(text: str, *, is_quoted: bool) -> None:
    """By six words in a row however they are broken, or by a whole name; not by what anybody says."""
    assert reader("Jean Dupont", "Jean").quoted(text) is is_quoted


def test_a_name_in_either_order() -> None:
    """As an address book has it, and as people write it."""
    assert reader("Dupont, Jean").quoted("merci à Jean Dupont")


def test_a_list_tells_numbers() -> None:
    """Of his tickets, and of no other that begins so."""
    who = reader(tickets=("ETNIC-1001", "ETNIC-1003"))
    assert who.listed("etnic-1003: en cours")
    assert not who.listed("ETNIC-10012 et ETNIC-1002")
    assert not reader().listed("ETNIC-1001")


@pytest.mark.parametrize(
    "content",
    [
        b"From: x\r\n\r\njean@ecole.be",
        b"From: x\r\n\r\nMerci=20jean@ecole.be",
        b"From: x\r\n\r\n?to=3Djean@eco=\r\nle.be",
        b"From: x\r\n\r\nhttp://x/?to=jean@ecole.be",
    ],
)
def test_he_is_found_in_bytes(content: bytes) -> None:
    """As they are, and as quoted-printable has them; in letters before anybody has read them."""
    assert reader().named_in(content)
    assert reader().may_be_in(content, is_list=False)
    assert not reader(address="an@ecole.be").named_in(content)


def test_what_is_packed_is_read() -> None:
    """Base64, in a part or in a header, tells nothing from outside."""
    assert reader().may_be_in(letter("x", Subject="Été à Liège, ça va là-bas où tu es né"), is_list=False)
    packed = b"Content-Transfer-Encoding: BASE64\r\n\r\n" + b64encode(b"jean@ecole.be")
    assert reader().may_be_in(packed, is_list=False)
    assert not reader().may_be_in(b"Subject: x\r\n\r\nBonjour", is_list=True)


def test_a_letter_says_what_its_source_says() -> None:
    """Headers, words, what only a link or an appointment holds, and the mail that is enclosed."""
    page = '<p>L&#39;imprimante</p><a href="mailto:jean@ecole.be">lui</a>'
    assert reader().named(recognition.said(letter("Bonjour", html=page)))
    assert "l'imprimante" in recognition.said(letter("Bonjour", html=page)).casefold()
    assert reader().named(recognition.said(letter("Bonjour", Reply_To="Jean <jean@ecole.be>")))
    folded = b"Content-Type: text/calendar\r\n\r\nATTENDEE;CN=Un nom qui est long:mailto:jea\r\n n@ecole.be"
    assert reader().named(recognition.said(folded))
    encoded = letter("Bonjour", Subject="Été à Liège pour jean@ecole.be, là-bas où tu es né")
    assert reader().named(recognition.said(encoded))
    assert "bonjour" in recognition.said(b"Subject: =?x-none?b?!!?=\r\n\r\nBonjour").casefold()
    enclosing = EmailMessage()
    enclosing.set_content("Voici.")
    inner = EmailMessage()
    inner["From"] = "Jean <jean@ecole.be>"
    inner.set_content("Bonjour")
    enclosing.add_attachment(inner)
    assert reader().named(recognition.said(enclosing.as_bytes()))


@pytest.mark.parametrize(
    ("content", "is_his"),
    [
        (b"From: Jean <jean@ecole.be>\r\n\r\n", True),
        (b"From: Bo <bo@ecole.be>\r\nCc: jean@ecole.be\r\n\r\n", False),
        (b"Subject: x\r\n\r\nFrom: jean@ecole.be", False),
        (b"\x00\xff", False),
        (b"", False),
    ],
)
def test_whose_mail_it_is(content: bytes, *, is_his: bool) -> None:
    """By its From, which anybody can read."""
    assert reader().wrote(content) is is_his


def test_what_two_looks_know() -> None:
    """Nothing of either is lost."""
    one, two = Traits(names=frozenset({"Jean"}), tickets=frozenset({1})), Traits(tickets=frozenset({2}))
    assert one.with_those_of(two) == Traits(names=frozenset({"Jean"}), tickets=frozenset({1, 2}))
