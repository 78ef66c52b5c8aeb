"""What the desk's own people read of a mail: its words, its files, who wrote it, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from maild import sweep
from maild.arrival import Source
from maild.decide import commands
from maild.decide.policy import Agent, Category, Match, Rule
from maild.effects import notifications
from storage import outbox
from tests.maild.decide.cases import ANNE, NOON
from tests.maild.office import Room, raw, room

BOB = Agent(name="Bob", address="bob@etnic.test")
PNG = b"\x89PNG\r\n\x1a\n"
REPLY = {"References": "<m1@ecole.test>", "Subject": "Re: Imprimante"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Room]:
    """An office at noon."""
    with room(tmp_path) as made:
        yield made


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Room]]:
    """An office of another policy."""
    with room(tmp_path) as made:

        def change(**policy: Any) -> Room:
            made.office = replace(made.office, policy=replace(made.office.policy, **policy))
            return made

        yield change


def request(text: str = "Bonjour, voici le rapport.", *, html: str = "", **files: bytes) -> bytes:
    """A mail with files, each called by its name and its ending; ``vue_png`` is shown in the HTML."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Jean <jean@ecole.test>", "support@etnic.test", "Imprimante"
    mail["Message-ID"] = "<m1@ecole.test>"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, "html")
    for name, content in files.items():
        stem, _, ending = name.rpartition("_")
        page = mail.get_body(("html",))
        if ending == "png" and page is not None:
            page.add_related(content, "image", "png", filename=f"{stem}.png", cid=f"<{stem}@x>")
        else:
            mail.add_attachment(content, "application", "octet-stream", filename=f"{stem}.{ending}")
    return mail.as_bytes()


def told(desk: Room, to: str = ANNE, kind: str = "notification") -> list[EmailMessage]:
    """The notifications that somebody gets, in their order."""
    rows = desk.rows(f"SELECT id FROM outbox WHERE kind = '{kind}' AND recipient = '{to}' ORDER BY id")  # noqa: S608
    with desk.office.store.read() as tx:
        found = [outbox.content(tx, row.id) for row in rows]
    return [BytesParser(policy=default).parsebytes(content) for content in found]


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    """One of its texts, with plain blanks."""
    part = letter.get_body((kind,))
    return part.get_content().replace("\u00a0", " ").replace("\r\n", "\n") if part else ""


def attached(letter: EmailMessage) -> dict[str, bytes]:
    """What comes with it, by name."""
    return {str(one.get_filename()): one.get_content() for one in letter.walk() if one.get_filename()}


def test_the_request_comes_whole(desk: Room) -> None:
    """Its text, its HTML without what runs, its pictures in their places, its files."""
    html = '<p>Voici <b>le rapport</b>.<script>x()</script></p><img src="cid:vue@x">'
    desk.ingest(request(html=html, vue_png=PNG, rapport_pdf=b"%PDF-1.4"))
    (letter,) = told(desk)
    assert attached(letter) == {"vue.png": PNG, "rapport.pdf": b"%PDF-1.4"}
    assert "Bonjour, voici le rapport." in text_of(letter)
    page = text_of(letter, "html")
    assert "<b>le rapport</b>" in page
    assert 'src="cid:vue@x"' in page
    assert "script" not in page
    assert "Pièces jointes : vue.png, rapport.pdf\n" in text_of(letter)


def test_what_is_too_large_is_named(desk: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its size, in the reader's words; the others go along."""
    monkeypatch.setattr(notifications, "MOST_ATTACHED", 9_000)
    desk.ingest(request(a_bin=b"a" * 6_000, b_bin=b"b" * 4_000, c_bin=b"c" * 3_000))
    (letter,) = told(desk)
    assert sorted(attached(letter)) == ["a.bin", "c.bin"]
    assert "Trop volumineux pour être joints : b.bin (4 ko)\n" in text_of(letter)


def test_a_large_team_gets_less_with_each_letter(
    opened: Callable[..., Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox holds every letter whole."""
    monkeypatch.setattr(notifications, "MOST_IN_ALL", 9_000)
    people = tuple(Agent(name=f"A{n}", address=f"a{n}@etnic.test") for n in range(3))
    desk = opened(agents=people)
    desk.ingest(request(a_bin=b"a" * 3_000, b_bin=b"b" * 3_000))
    letters = [letter for one in people for letter in told(desk, one.address)]
    assert [sorted(attached(letter)) for letter in letters] == [["a.bin"]] * 3
    assert desk.rows("SELECT max(length(content)) AS n FROM outbox")[0].n < 9_000


def test_of_what_a_filter_took_for_spam_only_words_are_passed_on(tmp_path: Path) -> None:
    """The files are named, and lie in the mailbox."""
    with room(tmp_path) as desk:
        desk.ingest(raw())
        with desk.office.store.write() as tx:
            drop = tx.maildrop("support/Junk", Source.JUNK.value)
            lease = tx.take_lease(drop.id, holder="test", now=NOON, ttl=timedelta(days=365))
        assert lease is not None
        junk = replace_drop(desk, drop, lease)
        content = request("Encore.", html="<p>Encore.</p>", facture_exe=b"MZ").replace(
            b"Message-ID: <m1@ecole.test>", b"Message-ID: <m2@ecole.test>\r\nReferences: <m1@ecole.test>"
        )
        junk.ingest(content)
        letter = told(desk)[-1]
        assert attached(letter) == {}
        assert "facture.exe" in text_of(letter)
        assert "courrier indésirable" in text_of(letter)


def replace_drop(desk: Room, drop: Any, lease: Any) -> Room:
    """The same office, at another of its maildrops."""
    return Room(office=desk.office, clock=desk.clock, drop=drop, lease=lease)


def test_of_a_later_mail_only_what_is_new_is_shown(desk: Room) -> None:
    """Also of its HTML."""
    desk.ingest(raw())
    body = (
        "<div>La page <i>deux</i> manque.</div><blockquote type=cite>Bonjour, l'imprimante est en panne."
        "</blockquote>"
    )
    desk.ingest(raw("m2@ecole.test", body=body, Content_Type="text/html; charset=utf-8", **REPLY))
    letter = told(desk)[-1]
    assert "<i>deux</i>" in text_of(letter, "html")
    assert "en panne" not in text_of(letter, "html")
    assert "Nouveau message du demandeur" in text_of(letter)


def test_what_the_same_person_asked_before(desk: Room) -> None:
    """The newest first, of nobody else, and not for a later mail of the same ticket."""
    desk.ingest(raw("a@ecole.test", Subject="Toner"), raw("b@x.test", From="b@x.test", Subject="Souris"))
    desk.ingest(raw("c@ecole.test", Subject="Écran"), raw("m1@ecole.test"))
    desk.ingest(raw("d@ecole.test", **REPLY))
    _, _, second, third, later = told(desk)
    assert "[ETNIC-1001] Toner (nouvelle, lundi 25 novembre 2024)" in text_of(second)
    lines = text_of(third).split("Demandes précédentes de cette personne :\n")[1].splitlines()[:3]
    assert [line.split("]")[0].strip() for line in lines] == ["[ETNIC-1003", "[ETNIC-1001", ""]
    assert "Demandes précédentes" not in text_of(later)


def test_the_card_is_made_of_the_commands(desk: Room) -> None:
    """In the reader's language; a few of them, the last one tells all others."""
    desk.ingest(raw())
    (letter,) = told(desk)
    for line in commands.card("fr"):
        usage, _, does = line.partition(": ")
        assert usage in text_of(letter)
        assert does in text_of(letter)
    assert commands.card("fr")[-1].startswith("#aide: ")
    assert len(commands.card("nl")) <= 6
    assert len({commands.card(language) for language in ("fr", "nl", "de", "en")}) == 4


@pytest.mark.parametrize(
    ("delay", "said"),
    [(timedelta(minutes=2), "après 2 minutes ; d’ici là, #stop le retient"), (timedelta(), "part aussitôt")],
    ids=["a while", "at once"],
)
def test_how_long_an_answer_can_be_stopped(opened: Callable[..., Room], delay: timedelta, said: str) -> None:
    """As the desk has set it."""
    desk = opened(relay_delay=delay)
    desk.ingest(raw())
    assert said in text_of(told(desk)[0])


def test_category_and_priority_are_told(opened: Callable[..., Room]) -> None:
    """As rules suggest them."""
    desk = opened(
        categories=(Category(name="incident", priority="haute"),),
        rules=(Rule(match=Match(subject="imprimante"), category="incident"),),
    )
    desk.ingest(raw())
    assert "Catégorie : incident · Priorité : haute" in text_of(told(desk)[0])


def away(agent: Agent) -> Agent:
    """The same agent, who is away today."""
    return replace(agent, away=((date(2024, 11, 20), date(2024, 11, 30)),))


def test_in_the_absence_of_the_assignee_the_team_is_told(opened: Callable[..., Room]) -> None:
    """And reads why."""
    anne = Agent(name="Anne", address=ANNE)
    desk = opened(agents=(anne, BOB))
    desk.ingest(raw())
    with desk.office.store.write() as tx:
        tx.change_ticket(1001, assignee=ANNE)
    opened(agents=(away(anne), BOB))
    desk.ingest(raw("m2@ecole.test", **REPLY))
    assert "En l’absence de Anne, à qui la demande est attribuée" in text_of(told(desk, BOB.address)[-1])
    assert desk.letters()[-1] == ("notification", BOB.address)


def test_where_everybody_is_away_the_first_who_is_back_reads_a_digest(opened: Callable[..., Room]) -> None:
    """Nobody is written to in his absence, and nothing is lost."""
    desk = opened(agents=(away(BOB),))
    desk.ingest(raw())
    desk.clock.later(days=1)
    sweep.sweep(desk.office)
    assert [to for _, to in desk.letters()] == ["jean@ecole.test", "admin@etnic.test"]
    desk.clock.later(days=6)
    sweep.sweep(desk.office)
    sweep.sweep(desk.office)
    assert [to for kind, to in desk.letters() if kind == "digest"] == [BOB.address]


def test_a_flood_becomes_a_digest_that_lists_all(desk: Room) -> None:
    """200 mails of a monitor within a minute: 120 letters an hour, and one that has the rest."""
    for part in range(0, 200, 50):
        desk.ingest(
            *(
                raw(f"{n}@srv.test", From=f"root <srv{n % 7}@srv.test>", Subject=f"CRITICAL disk{n}")
                for n in range(part, part + 50)
            )
        )
        desk.clock.later(seconds=15)
    sweep.sweep(desk.office)
    kinds = [kind for kind, to in desk.letters() if to == ANNE]
    assert (kinds.count("notification"), kinds.count("digest")) == (120, 1)
    listed = [
        line.partition("CRITICAL disk")[2] for line in text_of(told(desk, kind="digest")[0]).splitlines()
    ]
    assert sorted(int(number) for number in listed if number) == list(range(120, 200))
