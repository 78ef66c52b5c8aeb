"""Which files stay with the desk: the operator's table over what was read of a file, and its words."""

import pytest

from maild.decide import hazard
from maild.decide.policy import Attachments
from parsers.attachments import Attachment
from parsers.hazards import Hazard, HazardKind
from tests.maild.decide.cases import facts, mail

EXE = Hazard(kind=HazardKind.PROGRAM, what=".exe")
LIE = Hazard(kind=HazardKind.DISGUISED, what=".pdf.exe")
SCRIPT_INSIDE = Hazard(kind=HazardKind.SCRIPT, what=".ps1", inside=True)
SEALED = Hazard(kind=HazardKind.SEALED, what="zip")
MIXED = (
    'Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="a.exe"\r\n\r\nx\r\n'
)


def file(*hazards: Hazard, name: str = "a.bin") -> Attachment:
    """A file of which this was read."""
    return Attachment(
        filename=name, content_type="application/octet-stream", content=b"x", sha256="1" * 64, content_id="",
        inline=False, hazards=hazards,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "rules", "why"),
    [
        (file(), Attachments(), ""),
        (file(EXE), Attachments(), "program .exe"),
        (file(EXE, LIE), Attachments(), "disguised .pdf.exe"),
        (file(SCRIPT_INSIDE), Attachments(), "inside script .ps1"),
        (file(EXE), Attachments(hold=frozenset({HazardKind.MACRO})), ""),
        (file(EXE, LIE), Attachments(hold=frozenset({HazardKind.PROGRAM})), "program .exe"),
        (file(SCRIPT_INSIDE), Attachments(allow=frozenset({"ps1"})), ""),
        (file(SEALED), Attachments(allow=frozenset({"zip"})), ""),
        (file(EXE, LIE), Attachments(allow=frozenset({"exe"})), "disguised .pdf.exe"),
        (file(name="Notes.ONE"), Attachments(also=frozenset({"one"})), "ruled .one"),
        (file(name="one"), Attachments(also=frozenset({"one"})), ""),
    ],
)
def test_the_policy_of_the_operator(found: Attachment, rules: Attachments, why: str) -> None:
    """The first reason that his table knows; who lies about himself before all others."""
    assert hazard.reason(found, rules) == why


@pytest.mark.parametrize(
    ("why", "language", "words"),
    [
        ("program .exe", "fr", "programme (.exe)"),
        ("inside script .ps1", "fr", "contient\u00a0: script (.ps1)"),
        ("macro VBA", "nl", "document met macro’s (VBA)"),
        ("sealed zip", "de", "nicht prüfbarer Inhalt (zip)"),
        ("sealed encrypted", "fr", "contenu invérifiable (mot de passe)"),
        ("inside sealed nested", "en", "holds: cannot be looked into (too many levels)"),
        ("ruled .one", "en", "a type of file that is held here (.one)"),
        ("something new", "en", "at risk (new)"),
    ],
)
def test_a_reason_in_words(why: str, language: str, words: str) -> None:
    """Also one that a later version has written."""
    assert hazard.in_words(why, language) == words


@pytest.mark.parametrize("kind", HazardKind)
@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_every_kind_has_words_in_every_language(kind: HazardKind, language: str) -> None:
    """None is told as something unknown."""
    assert hazard.in_words(f"{kind.value} x", language) != hazard.in_words("unheard-of x", language)


def test_what_is_held_of_a_mail() -> None:
    """By the hash of each file."""
    held = mail(f"--b\r\n{MIXED}--b--\r\n", Content_Type='multipart/mixed; boundary="b"')
    (one,) = held.attachments
    assert hazard.held(held, facts(), Attachments()) == {one.sha256: "program .exe"}
