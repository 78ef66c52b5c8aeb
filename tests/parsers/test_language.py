"""The language of the new text, by its words and by what the header says."""

import pytest

from parsers.language import detect_language


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("Bonjour, je n'arrive plus à ouvrir ma session.", "", "fr"),
        ("Oui, c'est résolu, merci beaucoup !", "", "fr"),
        ("Beste, ik kan niet meer inloggen op het portaal.", "", "nl"),
        ("Bedankt, het werkt nu!", "", "nl"),
        ("Guten Tag, der Drucker funktioniert nicht.", "", "de"),
        ("Danke, das Problem ist gelöst.", "", "de"),
        ("Hello, I cannot open the shared mailbox.", "", "en"),
        ("Works now, thanks!", "", "en"),
        ("PC-0421", "", ""),
        ("PC-0421", "nl-BE", "nl"),
        ("PC-0421", "it", ""),
        ("Bonjour, je suis absent.", "en-US", "fr"),
    ],
)
def test_language(text: str, hint: str, language: str) -> None:
    assert detect_language(text, hint) == language
