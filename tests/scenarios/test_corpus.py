"""Every mail of the corpus, real, strange and broken, through one mailbox: none lost, none doubled."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from parsers.mail import parse_mail
from tests.conftest import ROOT
from tests.scenarios.desk import Desk

OURS = {"$MaildFiled", "$MaildNearLimit", "$MaildBreached", "\\Flagged"}
# Bodies without headers, expectations, decoded parts: what stands beside the mails.
NOT_MAILS = {"github-email-reply-parser", "mail-parser-reply", "mimekit-tnef"}
SUFFIXES = {"", ".eml", ".msg", ".txt"}
FLAGS: tuple[tuple[str, ...], ...] = ((), ("\\Seen",), ("\\Seen", "Projet"), ("\\Draft",))


def mails(corpus: Path) -> list[bytes]:
    """Each mail of each source, with the line ends of IMAP; an empty file is none."""
    files = sorted(path for path in corpus.glob("*/*") if path.is_file())
    wanted = (p for p in files if p.suffix in SUFFIXES and p.parent.name not in NOT_MAILS)
    contents = (p.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for p in wanted)
    return [content for content in contents if content.strip()]


@pytest.mark.timeout(240)
def test_every_mail_of_the_corpus_is_filed_once(desk: Desk, corpus: Path) -> None:
    """One message row for each, copies aside; flags as they were plus ours; no traceback."""
    # Few invented people wrote all of it: their budgets are another story.
    budget = {scope: ["100000/1h"] for scope in ("recipient", "domain", "total")}
    desk.configure(submission={"per_minute": 100_000}, budget=budget, agent=[])
    contents = mails(corpus)
    assert len(contents) > 500
    for turn, flags in enumerate(FLAGS):
        desk.receive(*contents[turn :: len(FLAGS)], flags=flags)
    before, there = desk.mailbox.flags(), desk.mailbox.contents()

    assert desk.once()

    assert desk.faults() == []
    for uid, flags_now in desk.mailbox.flags().items():
        assert flags_now - before[uid] <= OURS
        assert before[uid] <= flags_now
        assert "$MaildFiled" in flags_now
    sightings = desk.rows(
        "SELECT s.uid, s.state, s.message_id, r.sha256 FROM sighting s JOIN raw r ON r.id = s.raw_id"
    )
    assert {row.uid: row.sha256 for row in sightings} == {
        uid: hashlib.sha256(content).hexdigest() for uid, content in there.items()
    }
    assert all(row.state == "filed" and row.message_id for row in sightings)
    assert desk.rows("SELECT count(*) AS n FROM message WHERE ticket_id IS NULL")[0].n == 0
    instants = desk.mailbox.instants()
    keys = {_key(instants[uid], content) for uid, content in there.items()}
    assert desk.rows("SELECT count(*) AS n FROM message")[0].n == len(keys)

    listed = _tickets(desk)
    rows = [m for ticket in listed for m in ticket["messages"] if m["kind"] != "receipt"]
    assert len({m["id"] for m in rows}) == len(rows) == len(keys)
    assert {m["sha256"] for m in rows} <= {row.sha256 for row in sightings}
    assert not _automatic_answered(desk, there)

    tickets, sent = len(desk.tickets()), len(desk.sent())
    desk.once()
    assert (len(desk.tickets()), len(desk.sent())) == (tickets, sent)


def _key(arrived_at: datetime, content: bytes) -> tuple[str, str, str]:
    """What makes two mails of the corpus one: the id and the content, or the content and a date or second."""
    read = parse_mail(content)
    return read.message_id, read.digest, "" if read.message_id or read.date else f"{arrived_at:%Y%m%d%H%M%S}"


def _tickets(desk: Desk) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "maild", "tickets", "--json", "--config", str(desk.file)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, cwd=desk.folder
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _automatic_answered(desk: Desk, there: dict[int, bytes]) -> set[str]:
    """Message-IDs of bounces and automatic mail that one of our receipts answers."""
    read = [parse_mail(content) for content in there.values()]
    machines = {m.message_id for m in read if m.message_id and (m.is_bounce or m.auto_submitted)}
    people = {m.message_id for m in read if not (m.is_bounce or m.auto_submitted)}
    answered = {str(letter["In-Reply-To"] or "").strip("<>") for letter in desk.letters()}
    return answered & (machines - people)
