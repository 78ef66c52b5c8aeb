"""The new part of a reply, client by client and language by language."""

import re
from collections.abc import Callable

import pytest

from parsers.mail import parse_mail
from parsers.quotes import reply_text
from tests.parsers.clients import ATTRIBUTIONS, LANGUAGES, MARKUP, NEW, OLD, OTHER_TONGUES, PLAIN, quoted


def answer(kind: str, body: str, subject: str = "Re: x") -> str:
    """The new text of a mail with this body."""
    head = f"Subject: {subject}\nContent-Type: text/{kind}; charset=utf-8\n\n"
    return parse_mail((head + body).encode()).reply_text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", PLAIN)
def test_plain_reply(client: str, language: str) -> None:
    assert answer("plain", PLAIN[client](language, NEW[language])) == NEW[language]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("client", MARKUP)
def test_reply_in_markup(client: str, language: str) -> None:
    assert answer("html", MARKUP[client](language, NEW[language])).split() == NEW[language].split()


@pytest.mark.parametrize(
    "line", [line for lines in (*ATTRIBUTIONS.values(), OTHER_TONGUES) for line in lines]
)
def test_attribution(line: str) -> None:
    """Above quoted lines, with and without blank lines, and above answers to the quoted questions."""
    assert reply_text(f"Oui.\n\n{line}\n\n{quoted(OLD)}") == "Oui."
    assert reply_text(f"Oui,\nJean\n{line}\n{quoted(OLD)}") == "Oui,\nJean"
    assert reply_text(f"{line}\n> Quand ?\nHier.\n> Où ?\nIci.") == "Hier.\nIci."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("body", [*PLAIN.values(), *MARKUP.values()], ids=[*PLAIN, *MARKUP])
def test_a_first_mail_and_a_forward_keep_what_they_quote(
    body: Callable[[str, str], str], language: str
) -> None:
    kind = "plain" if body in PLAIN.values() else "html"
    for subject in ("Une question", "TR: x"):
        kept = answer(kind, body(language, NEW[language]), subject)
        assert set(f"{NEW[language]} {OLD}".split()) <= set(re.split(r"[\s>\ufeff]+", kept))
