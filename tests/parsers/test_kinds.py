"""What kind of mail it is: reports, automatic mail, receipts, lists, and people who write about them.

The mails of ``tests/mail/kinds`` are ours, each put down the way the software it is named after writes. Those
of people are called ``person-*``: to take one of them for a machine's is the gravest error here.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from parsers.mail import parse_mail
from tests.parsers.expectations import MAIL, disagreements, expectations

CASES = list(expectations(MAIL / "kinds"))
NAMES = [path.stem for path, _ in CASES]
BOUNCES = [path for path, expected in CASES if expected["is_bounce"]]

# How a person shows us a notice: its words under its subject, from a mail program, answered, or forwarded.
SHOWN = {
    "pasted": ("Jean Dupont <jean.dupont@ecole.example>", "{}", ""),
    "pasted on a phone": ("jean.dupont@ecole.example", "{}", "X-Mailer: iPhone Mail (20G75)\n"),
    "answered": ("Jean Dupont <jean@ecole.example>", "RE: {}", "In-Reply-To: <a@b.example>\n"),
    "forwarded": ("jean.dupont@ecole.example", "TR: {}", ""),
    "forwarded by a program's address": ("noreply@ecole.example", "Fwd: {}", ""),
    "forwarded by a postmaster": ("Jane Roe <postmaster@ecole.example>", "FW: {}", ""),
}


@pytest.mark.parametrize(("path", "expected"), CASES, ids=NAMES)
def test_tells_the_kind_of_a_mail(path: Path, expected: dict[str, Any]) -> None:
    assert disagreements(parse_mail(path.read_bytes()), expected) == []


@pytest.mark.parametrize("path", [path for path, _ in CASES], ids=NAMES)
def test_line_ends_do_not_change_the_kind(path: Path) -> None:
    content = path.read_bytes()
    bare, mail = parse_mail(content), parse_mail(re.sub(rb"\r?\n", b"\r\n", content))
    assert (bare.auto_reason, bare.is_mdn, bare.list_id) == (mail.auto_reason, mail.is_mdn, mail.list_id)
    assert bare.report == mail.report


@pytest.mark.parametrize(("sender", "subject", "fields"), SHOWN.values(), ids=SHOWN)
def test_a_notice_that_a_person_shows_us_is_no_bounce(sender: str, subject: str, fields: str) -> None:
    alarms = []
    for path in BOUNCES:
        notice = parse_mail(path.read_bytes())
        head = f"From: {sender}\nTo: support@etnic.be\nSubject: {subject.format(notice.subject)}\n{fields}"
        body = f"Content-Type: text/plain; charset=utf-8\n\n{notice.text}"
        alarms += [path.stem] if parse_mail((head + body).encode("utf-8", "replace")).report else []
    assert alarms == []
