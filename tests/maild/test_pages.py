"""A page stands on the desk's paper: its words in the reader's language, and nothing of a value as HTML."""

from pathlib import Path

import pytest

from maild import compose
from maild.pages import page
from tests.maild.correspondence import DESK


@pytest.mark.parametrize(
    ("language", "told"), [("fr", ("fr", "Bonjour")), ("en", ("en", "Hello")), ("nl", ("en", "Hello"))]
)
def test_words_come_in_the_language_or_in_english(
    tmp_path: Path, language: str, told: tuple[str, str]
) -> None:
    """The page says which language it speaks; a macro of the words takes values, which stay text."""
    (tmp_path / "pages").mkdir()
    for name, text in (("fr", "Bonjour"), ("en", "Hello")):
        words = f"{{% set hello = '{text}' %}}{{% macro to(who) %}}{text} {{{{ who }}}}{{% endmacro %}}"
        (tmp_path / f"pages/greeting.{name}.html.j2").write_text(words, encoding="utf-8")
    source = "{{ language }}|{{ words.hello }}|{{ words.to(who) }}|{{ desk }}"
    (tmp_path / "pages/greeting.html.j2").write_text(source, encoding="utf-8")
    paper = compose.stationery(DESK, tmp_path)
    shown = page(paper, "greeting", language, who="<script>")
    assert shown == f"{told[0]}|{told[1]}|{told[1]} &lt;script&gt;|{DESK.name}"
