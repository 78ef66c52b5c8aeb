"""Our own mails: one trap a file (edge), one client's layout of a reply a file (layouts)."""

from pathlib import Path
from typing import Any

import pytest

from parsers.mail import parse_mail
from tests.parsers.expectations import MAIL, disagreements, expectations

CASES = [case for folder in ("edge", "layouts") for case in expectations(MAIL / folder)]


@pytest.mark.parametrize(("path", "expected"), CASES, ids=[f"{p.parent.name}/{p.stem}" for p, _ in CASES])
def test_reads_what_the_mail_says(path: Path, expected: dict[str, Any]) -> None:
    assert disagreements(parse_mail(path.read_bytes()), expected) == []


@pytest.mark.parametrize("path", sorted(MAIL.glob("*/*.eml")), ids=lambda path: path.stem)
def test_says_the_same_of_line_ends_that_transport_changed(path: Path) -> None:
    content = path.read_bytes()
    if b"\r\n" not in content or b"\r\r" in content:
        return
    bare = parse_mail(content.replace(b"\r\n", b"\n"))
    mail = parse_mail(content)
    assert (bare.digest, bare.subject, bare.sender) == (mail.digest, mail.subject, mail.sender)


def test_a_parse_is_stable() -> None:
    for path in MAIL.glob("*/*.eml"):
        content = path.read_bytes()
        assert parse_mail(content) == parse_mail(content)


def test_the_new_text_is_made_of_lines_of_the_mail() -> None:
    for path in MAIL.glob("layouts/*.eml"):
        mail = parse_mail(path.read_bytes())
        if mail.html_source:
            continue
        lines = iter(line.rstrip() for line in mail.text.split("\n"))
        assert all(line in lines for line in mail.reply_text.split("\n")), path.name
