"""Which pictures are stationery: never the first time, never a file that is no picture."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import decoration, message
from parsers.mail import ParsedMail, parse_mail
from storage.records import SeenFile
from tests.maild.decide.cases import JEAN, facts, policy

PNG, JPEG = b"\x89PNG\r\n\x1a\n logo", b"\xff\xd8\xff photo"
LARGE = PNG + b"x" * decoration.SMALL
COLLEAGUE, ELSEWHERE = "eva@ecole.test", "marc@ailleurs.test"


def with_file(content: bytes, kind: str = "image/png", disposition: str = "inline") -> ParsedMail:
    """A mail of Jean's with one file."""
    top = f"From: {JEAN}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nBonjour\r\n"
    head = f"--b\r\nContent-Type: {kind}\r\nContent-Disposition: {disposition}; filename=image001.png\r\n"
    encoded = base64.encodebytes(content).decode()
    return parse_mail(f"{top}{head}Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--b--\r\n".encode())


def before(*mails: tuple[str, int | None]) -> tuple[SeenFile, ...]:
    """Mails that the file came with: sender and ticket."""
    return tuple(SeenFile(sender=sender, ticket_id=ticket) for sender, ticket in mails)


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        ((), False),
        (((JEAN, 1001),), True),
        (((JEAN, None),), True),
        (((COLLEAGUE, 1001),), False),
        (((COLLEAGUE, 1001), (COLLEAGUE, 1001)), False),
        (((COLLEAGUE, 1001), (COLLEAGUE, 1002)), True),
        (((COLLEAGUE, 1001), ("luc@ecole.test", 1002)), True),
        (((ELSEWHERE, 1001), (ELSEWHERE, 1002)), False),
        (((COLLEAGUE, 1001), (ELSEWHERE, 1002)), False),
        ((("eva@sub.ecole.test", 1001), ("eva@notecole.test", 1002)), False),
    ],
)
def test_what_was_seen_before_is_known(seen: tuple[tuple[str, int | None], ...], known: bool) -> None:
    """By the same sender once, or in several tickets of his house."""
    mail = with_file(PNG)
    (sha256,) = decoration.asked(mail)
    world = facts(seen_files={sha256: before(*seen)})
    assert decoration.decorations(mail, world) == (frozenset({sha256}) if known else frozenset())
    assert message.decide(mail, world, policy()).decorations == decoration.decorations(mail, world)


@pytest.mark.parametrize(
    ("seen", "stays"),
    [
        ((), False),
        (((JEAN, 1001), (JEAN, 1002), (JEAN, 1002)), False),
        (((JEAN, 1001), (JEAN, 1002), (COLLEAGUE, 1003)), True),
        (((JEAN, 1001), (ELSEWHERE, 1002), (ELSEWHERE, 1003)), False),
    ],
)
def test_the_picture_of_an_answer_may_be_sent_twice(
    seen: tuple[tuple[str, int | None], ...], stays: bool
) -> None:
    """Only what comes with mails on several tickets is a logo, and stays behind."""
    mail = with_file(PNG)
    (sha256,) = decoration.asked(mail)
    world = facts(seen_files={sha256: before(*seen)})
    assert decoration.stationery(mail, world) == (frozenset({sha256}) if stays else frozenset())


@pytest.mark.parametrize(
    ("content", "kind", "disposition", "may_be"),
    [
        (PNG, "image/png", "inline", True),
        (PNG, "image/png", "attachment", True),
        (JPEG, "image/jpeg", "inline", True),
        (b"GIF89a..", "image/gif", "attachment", True),
        (LARGE, "image/png", "inline", True),
        (LARGE, "image/png", "attachment", False),  # a photograph that somebody attached
        (PNG, "application/octet-stream", "inline", False),
        (b"%PDF-1.7", "application/pdf", "inline", False),
        (b"%PDF-1.7", "image/png", "inline", False),  # calls itself a picture
        (b"MZ\x90", "image/png", "attachment", False),
        (b"<svg onload='x'>", "image/svg+xml", "inline", False),
        (b"", "image/png", "inline", False),
    ],
)
def test_only_pictures_are_asked_for(content: bytes, kind: str, disposition: str, may_be: bool) -> None:
    """What it is its bytes say; a large one must stand within the text."""
    assert bool(decoration.asked(with_file(content, kind, disposition))) is may_be


def test_an_album_is_no_signature() -> None:
    """Beyond a bound nothing is asked, and nothing hidden."""
    parts = "".join(
        f"--b\r\nContent-Type: image/png\r\nContent-Disposition: inline\r\n\r\n\x89PNG\r\n\x1a\n {n}\r\n"
        for n in range(40)
    )
    top = f"From: {JEAN}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nBonjour\r\n"
    mail = parse_mail((top + parts + "--b--\r\n").encode("latin-1"))
    assert len(decoration.asked(mail)) == decoration.MOST_PICTURES
    known = facts(seen_files={a.sha256: before((JEAN, 1001)) for a in mail.attachments})
    assert len(decoration.decorations(mail, known)) == decoration.MOST_PICTURES


@given(
    st.binary(max_size=40),
    st.sampled_from(["image/png", "application/pdf", "text/plain", "image/jpeg"]),
    st.lists(
        st.tuples(st.sampled_from([JEAN, COLLEAGUE, ELSEWHERE]), st.sampled_from([None, 1, 2])), max_size=4
    ),
)
def test_never_the_first_time_and_never_another_file(
    content: bytes, kind: str, seen: list[tuple[str, int | None]]
) -> None:
    """Whatever came before: what is hidden is a picture, and was seen."""
    mail = with_file(content, kind)
    world = facts(seen_files={a.sha256: before(*seen) for a in mail.attachments} if seen else {})
    hidden = decoration.decorations(mail, world)
    if hidden:
        assert seen
        assert kind.startswith("image/")
        assert content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8"))
