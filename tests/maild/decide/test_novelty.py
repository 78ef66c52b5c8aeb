"""What is new in a reply, once the mail that it answers is known: nothing that a person wrote is lost."""

import textwrap
from itertools import chain
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maild.decide import message, novelty
from maild.decide.decision import Note
from maild.decide.facts import Answered
from maild.decide.novelty import read_news
from maild.decide.tokens import Purpose
from parsers.mail import ParsedMail
from storage.records import Status
from tests.maild.decide.cases import ANNE, JEAN, facts, mail, policy, state, token

RECEIPT = """Bonjour,

Nous avons bien reçu votre demande « Imprimante en panne ». Elle porte le numéro ETNIC-1001.

Une personne de notre équipe l’aura prise en charge au plus tard le mardi 26 novembre 2024 à 14 h 32.

Une précision à apporter, un document à joindre ? Répondez simplement à ce message.

Bien cordialement,

ETNIC Service Desk
02 800 10 10

--\N{SPACE}
Cet accusé de réception vous est envoyé automatiquement."""
NEW = "Bonjour,\n\nVoici le numéro de série : AB-12.\n\nMerci,\nJean Dupont"
QUESTION = """Bonjour Jean,

Quel est le modèle de votre imprimante ?
Est-elle allumée, et branchée au réseau ?

Anne"""


def wrapped(text: str, width: int, mark: str = "") -> str:
    """A text as a client breaks its lines anew."""
    lines = chain.from_iterable(textwrap.wrap(line, width) or [""] for line in text.split("\n"))
    return "\n".join(f"{mark}{line}" for line in lines)


QUOTED = {
    "as it was": RECEIPT,
    "rewrapped": wrapped(RECEIPT, 60),
    "narrow": wrapped(RECEIPT, 24),
    "on one line": " ".join(RECEIPT.split()),
    "marked": wrapped(RECEIPT, 72, "> "),
    "marked twice": wrapped(RECEIPT, 72, ">> "),
    "barred": wrapped(RECEIPT, 60, "| "),
    "indented": wrapped(RECEIPT, 60, "    "),
    "without blank lines": RECEIPT.replace("\n\n", "\n"),
    "with wide blanks": RECEIPT.replace(" ", "\u00a0").replace("\n", "\r\n"),
    "plain quotes": RECEIPT.replace("’", "'").replace("« ", '"').replace(" »", '"'),
    "in bold": RECEIPT.replace("ETNIC-1001", "*ETNIC-1001*"),
    "ruled": f"________________________________\n{RECEIPT}\n----------",
    "without its greeting": RECEIPT.removeprefix("Bonjour,\n\n"),
    "cut short": RECEIPT[: RECEIPT.index("Bien cordialement")],
    "with a link": RECEIPT.replace("02 800 10 10", "02 800 10 10<tel:028001010>"),
}


@pytest.mark.parametrize("quoted", QUOTED.values(), ids=QUOTED)
def test_what_we_wrote_is_not_new(quoted: str) -> None:
    """However a client writes it below the new words, without a mark that anybody knows."""
    for text in (f"{NEW}\n\n{quoted}", f"{NEW}\n{quoted}\n\n"):
        assert read_news(text, RECEIPT, ours=True).text == NEW


BETWEEN = """Quel est le modèle de votre imprimante ?
Une HP 4050.
Est-elle allumée, et branchée au réseau ?
Oui.

Jean"""
BESIDE = QUESTION.replace("imprimante ?", "imprimante ? HP").replace("Anne", "Je vérifie.")


@pytest.mark.parametrize(
    ("answered", "text", "left"),
    [
        (RECEIPT, f"{RECEIPT}\n\nJe confirme.\nJean", "Bonjour,\nJe confirme.\nJean"),
        (QUESTION, BETWEEN, "Une HP 4050.\nOui.\n\nJean"),
        # A line is one's own as soon as one word of it is, or one sign.
        (QUESTION, BESIDE, "Bonjour Jean,\nQuel est le modèle de votre imprimante ? HP\nJe vérifie."),
        (QUESTION, QUESTION.replace("imprimante ?", "imprimante ✔"), "imprimante ✔"),
        # What anybody writes, and what is a part of it.
        (RECEIPT, f"{NEW}\n\nBien cordialement,\n\nETNIC Service Desk\n02 800 10 10", None),
        (RECEIPT, "Nous avons bien reçu votre demande, dites-vous, mais rien ne bouge depuis hier !", None),
        (QUESTION, "Bonjour Jean,\n\nQuel est le modèle ?\n\nAnne", None),
        (QUESTION, f"{QUESTION}\nMerci", "Merci"),
        ("Vu, merci.", "Vu, merci.\nEt alors ?", None),
        # Nothing else is there.
        (RECEIPT, RECEIPT, None),
        (RECEIPT, f"{RECEIPT}\n-----\n> ", None),
        (RECEIPT, "", None),
        (RECEIPT, "\n\n", None),
        ("", NEW, None),
    ],
)
def test_what_a_person_wrote_survives(answered: str, text: str, left: str | None) -> None:
    """Around, between and beside what is quoted; None: all of it."""
    found = read_news(text, answered, ours=True).text
    assert found == text if left is None else found.endswith(left)


def test_a_signature_that_was_quoted_before_stays_under_new_words() -> None:
    """The answer from outside had quoted Jean's request, signature and all."""
    signature = (
        "Cordialement,\nJean Dupont\nÉcole communale de Namur\nRue de Fer 12, 5000 Namur\n081 12 34 56"
    )
    request = f"Bonjour,\n\nMon imprimante ne fonctionne plus.\n\n{signature}"
    answer = f"Redémarrez-la, s'il vous plaît, et dites-moi ce qu'elle affiche.\n\nAnne\n\n{request}"
    new = f"Elle affiche « Erreur 50.4 ».\n\n{signature}"
    assert read_news(new, answer).text == new
    assert read_news(f"{new}\n\n{answer}", answer).text == new
    assert read_news(new, request, own=True).text == new


def test_who_writes_much_the_same_again_has_not_quoted_himself() -> None:
    """A form filled in once more; the same mail below a reminder is a quotation all the same."""
    form = "Merci de créer un compte pour la personne suivante :\nNom : {}\nService : comptabilité, 1er étage"
    first, second = form.format("Alice Martin"), form.format("Bruno Lambert")
    assert read_news(f"Encore un.\n{second}", first, own=True).text == f"Encore un.\n{second}"
    assert read_news(f"Où en est-ce ?\n{first}", first, own=True).text == "Où en est-ce ?"


# --- whatever people and clients write

OURS = st.lists(
    st.sampled_from("un deux trois quatre cinq six sept huit neuf dix , ? !".split()), max_size=12
)
THEIRS = st.lists(st.sampled_from("alpha bravo charlie delta echo bonjour merci ok ?".split()), max_size=6)


def lines(words: st.SearchStrategy[list[str]], *, least: int = 0) -> st.SearchStrategy[str]:
    """A text of such lines."""
    return st.lists(words.map(" ".join), min_size=least, max_size=8).map("\n".join)


def is_within(inner: str, outer: str) -> bool:
    """The lines of one are lines of the other, in order."""
    rest = iter(outer.split("\n"))
    return all(line in rest for line in inner.split("\n")) or not inner


@given(
    lines(THEIRS), lines(OURS), lines(THEIRS), st.integers(12, 80), st.sampled_from(["", "> ", "| ", "   "])
)
def test_no_word_that_is_not_of_the_answered_mail_is_lost(
    above: str, answered: str, below: str, width: int, mark: str
) -> None:
    """Wherever it stands; and what is left are lines of the mail, in order."""
    text = f"{above}\n{wrapped(answered, width, mark)}\n{below}"
    news = read_news(text, answered, ours=True)
    kept = [word for word in news.text.split() if word.isalpha() and word not in answered.split()]
    written = [w for w in f"{above} {below}".split() if w.isalpha() and w not in answered.split()]
    assert kept == written
    assert is_within(news.text, text)
    assert news.text.startswith(news.opening)


@example("?", "? neuf un ?\n? neuf un ?\nun un un un")
@example("?", "un un\nun un\n? un un un un")
@given(lines(THEIRS, least=1), st.lists(OURS, min_size=3).map(lambda all_: "\n".join(map(" ".join, all_))))
def test_all_of_a_quotation_below_goes(above: str, answered: str) -> None:
    """Where it is long enough to be one, and something stands above it."""
    new = f"alpha bravo\n{above}".strip("\n ")
    news = read_news(f"{new}\n{wrapped(answered, 40)}", answered, ours=True)
    if sum(map(str.isalpha, answered.split())) >= novelty.FEWEST:
        assert news.text.split() == new.split()


@given(st.text(max_size=300), st.text(max_size=300), st.booleans(), st.booleans())
def test_any_two_texts(text: str, answered: str, ours: bool, own: bool) -> None:
    """Total; never empty; lines of the text; the same again when it is asked again."""
    news = read_news(text, answered, ours=ours, own=own)
    assert is_within(news.text, text)
    assert bool(news.text.strip()) == bool(text.strip())
    assert read_news(text, text, ours=ours, own=own).text == text
    assert news.text.startswith(news.opening)


HOSTILE = {
    "one word": ("mot\n" * 200_000, "mot\n" * 200_000),
    "a word too many": (
        "un deux trois quatre cinq six sept\n" * 30_000,
        "un deux trois quatre cinq six " * 30_000,
    ),
    "one line": ("mot " * 500_000, "mot " * 50_000),
    "numbers": ("\n".join(map(str, range(50_000))), " ".join(map(str, range(20, 50_000)))),
    "marks": ("> \n" * 300_000, "> " * 100_000),
    "links": ("<mailto:" * 100_000, "<mailto:" * 20_000),
}


class Counted(list[str]):
    """Words that count how often they are looked at."""

    looks = 0

    def __getitem__(self, place: Any) -> Any:
        Counted.looks += place.stop - place.start if isinstance(place, slice) else 1
        return super().__getitem__(place)


@pytest.mark.parametrize("name", HOSTILE)
def test_megabytes_of_what_repeats_itself(name: str) -> None:
    """Each word is looked at a bounded number of times, and what is left are lines of the text."""
    text, answered = HOSTILE[name]
    assert is_within(read_news(text, answered).text, text)
    words, parent = (Counted(whole.split()[: novelty.MOST_WORDS]) for whole in (text, answered))
    Counted.looks = 0
    novelty._quotation(words, parent)
    assert Counted.looks <= 40 * (len(words) + len(parent))


# --- in a decision


def reply(body: str, **headers: str) -> ParsedMail:
    """Jean's answer to his receipt."""
    return mail(body, In_Reply_To="<r@etnic.test>", **headers)


def test_a_mail_that_answers_nothing_or_hands_something_on_is_as_it_is() -> None:
    """So is one of a program."""
    body = f"{NEW}\n\n{RECEIPT}"
    answered = Answered(text=RECEIPT)
    assert novelty.news(reply(body), answered).text == NEW
    assert novelty.news(reply(body), None).text == reply(body).reply_text != NEW
    for other in (
        mail(body),
        reply(body, Auto_Submitted="auto-replied"),
        reply(f"---------- Forwarded message ---------\n{body}", subject="Fwd: Imprimante"),
        reply("Merci !"),
    ):
        assert novelty.news(other, answered).text == other.reply_text


def test_thanks_above_an_unmarked_quotation_reopen_nothing() -> None:
    """The new words alone decide, and are what the team reads."""
    world = facts(
        state(status=Status.RESOLVED), by_reference={"r@etnic.test": (1001,)}, answered=Answered(text=RECEIPT)
    )
    decision = message.decide(reply(f"Merci beaucoup !\n\n{RECEIPT}"), world, policy())
    assert decision.text == "Merci beaucoup !"
    assert [c.kind for c in decision.changes if isinstance(c, Note)] == ["thanked"]


ORDERED = (
    ("#prendre", True),
    ("#prendre\n\n{}", True),
    ("{}\n#prendre", False),
    ("{}\n\n#prendre\nDéjà fait.", False),
    ("Vu.\n{}\n#prendre", False),
)


@pytest.mark.parametrize(("body", "obeyed"), ORDERED)
def test_an_order_stands_at_the_top_of_the_mail_itself(body: str, obeyed: bool) -> None:
    """What comes to the top because lines of ours are left out may be a line that we had quoted."""
    told = (
        "Nouvelle demande de Jean :\nmon imprimante ne fonctionne plus, pouvez-vous venir ?\nMerci d'avance"
    )
    key = token(Purpose.NOTIFICATION, to=ANNE)
    ordered = mail(
        body.format(told),
        sender=ANNE,
        In_Reply_To=f"<{key}@etnic.test>",
        subject="Re: [ETNIC-1001] Imprimante",
    )
    world = facts(state(1001, JEAN), answered=Answered(text=told))
    changes = message.decide(ordered, world, policy()).changes
    assert any(isinstance(change, Note) and change.kind == "command" for change in changes) is obeyed
