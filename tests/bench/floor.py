"""The floor: the barest loop that takes a mailbox from mail to receipt with the same libraries.

Stands beside the daemon, as what it is measured against: one loop that fetches with IMAPClient in batches of
50, reads every whole mail with mail-parser, looks its Message-ID up and inserts two rows through sqlite3
with one durable commit a batch (WAL, synchronous FULL), sends a hand-made receipt over one kept connection,
and flags. It threads nothing, files nothing twice over, and ends at the first error. Run as a process of its
own, so that its CPU seconds are its own: ``python -m tests.bench.floor IMAP_PORT USER SMTP_PORT DATABASE``;
prints one JSON line.
"""

import json
import smtplib
import sqlite3
import sys
import time
from email.message import Message
from email.utils import formatdate
from typing import NamedTuple

import mailparser
from imapclient import IMAPClient

from tests.bench.clients import DESK
from tests.peers.dovecot import PASSWORD

BATCH = 50
SCHEMA = """
create table ticket (id integer primary key, subject text, requester text, status text, created_at text,
    due_at text);
create index ticket_due on ticket (due_at) where status = 'new';
create table message (id integer primary key, ticket_id integer not null references ticket (id),
    message_id text not null, sender text, subject text, text text, arrived_at text);
create unique index message_identity on message (message_id);
create index message_ticket on message (ticket_id);
"""


class Answer(NamedTuple):
    """What a receipt needs to know."""

    ticket: int
    recipient: str
    subject: str
    message_id: str


def opened(path: str) -> sqlite3.Connection:
    """A new data base with the durability that maild promises."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.executescript(SCHEMA)
    return connection


def first(value: object) -> str:
    """mail-parser gives a list where a header is repeated."""
    chosen = value[0] if isinstance(value, list | tuple) and value else value
    return str(chosen or "").encode("utf-8", "replace").decode()


def automatic(headers: Message) -> bool:
    """The plainest test that keeps a loop of this kind from answering machines."""
    return (
        str(headers.get("Auto-Submitted", "no")).lower() != "no"
        or "Precedence" in headers
        or "List-Id" in headers
        or str(headers.get("Return-Path", "<x>")).strip() == "<>"
    )


def file(database: sqlite3.Connection, content: bytes, arrived: str) -> Answer | None:
    """Reads one mail, looks it up, inserts its two rows; what to answer, or None."""
    mail = mailparser.parse_from_bytes(content)
    message_id = first(mail.message_id) or f"none-{hash(content)}"
    subject, text = first(mail.subject), "\n".join(mail.text_plain) or "\n".join(mail.text_html)
    senders, _, _, _ = mail.from_, mail.to, mail.cc, mail.date
    sender = first(senders[0][1]) if senders else ""
    _ = [attachment["filename"] for attachment in mail.attachments]
    if database.execute("select ticket_id from message where message_id = ?", (message_id,)).fetchone():
        return None
    ticket = database.execute(
        "insert into ticket (subject, requester, status, created_at, due_at) values (?, ?, 'new', ?, ?)",
        (subject, sender, arrived, arrived),
    ).lastrowid
    database.execute(
        "insert into message (ticket_id, message_id, sender, subject, text, arrived_at) values (?, ?, ?, "
        "?, ?, ?)",
        (ticket, message_id, sender, subject, text[:2000].encode("utf-8", "replace").decode(), arrived),
    )
    if automatic(mail.message) or "@" not in sender or not sender.isascii() or " " in sender:
        return None
    return Answer(ticket=ticket or 0, recipient=sender, subject=subject, message_id=message_id)


def receipt(answer: Answer) -> bytes:
    """The receipt, put together by hand; a subject outside ASCII goes out raw (RFC 6532)."""
    subject = " ".join(answer.subject.split())
    return (
        f"From: Service Desk <{DESK}>\r\nTo: <{answer.recipient}>\r\nSubject: [ETNIC-{answer.ticket}] "
        f"{subject}\r\n"
        f"Date: {formatdate()}\r\nMessage-ID: <receipt.{answer.ticket}@etnic.example.be>\r\n"
        f"In-Reply-To: <{answer.message_id}>\r\nReferences: <{answer.message_id}>\r\nAuto-Submitted: "
        "auto-replied\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
        "8bit\r\n\r\n"
        f"Bonjour,\r\n\r\nVotre demande a bien été reçue sous le numéro ETNIC-{answer.ticket}. Elle sera "
        "prise en "
        "charge dans les 24 heures.\r\n\r\nService Desk\r\n"
    ).encode("utf-8", "replace")


def submit(smtp: smtplib.SMTP, answer: Answer) -> None:
    """One mail over the kept connection: envelope and DATA in one packet (RFC 2920), then the text."""
    smtp.send(f"MAIL FROM:<{DESK}>\r\nRCPT TO:<{answer.recipient}>\r\nDATA\r\n".encode())
    for expected in (250, 250, 354):
        code, said = smtp.getreply()
        if code != expected:
            raise smtplib.SMTPResponseException(code, said)
    smtp.send(receipt(answer) + b".\r\n")
    code, said = smtp.getreply()
    if code != 250:
        raise smtplib.SMTPResponseException(code, said)


def run(imap_port: int, user: str, smtp_port: int, path: str) -> dict[str, float]:
    """The loop; how many mails, how many receipts, and the seconds from the first FETCH to the last flag."""
    database = opened(path)
    imap = IMAPClient("127.0.0.1", imap_port, ssl=False, timeout=60)
    imap.normalise_times = False
    imap.login(user, PASSWORD)
    imap.select_folder("INBOX")
    smtp = smtplib.SMTP("127.0.0.1", smtp_port)
    smtp.ehlo()
    uids = imap.search("ALL")
    begin, sent = time.perf_counter(), 0
    for at in range(0, len(uids), BATCH):
        batch = uids[at : at + BATCH]
        fetched = imap.fetch(batch, ["BODY.PEEK[]", "INTERNALDATE"])
        database.execute("begin immediate")
        answers = [
            file(database, fetched[uid][b"BODY[]"], fetched[uid][b"INTERNALDATE"].isoformat())
            for uid in batch
        ]
        database.execute("commit")
        for answer in filter(None, answers):
            submit(smtp, answer)
            sent += 1
        imap.add_flags(batch, ["$Filed"], silent=True)
    seconds = time.perf_counter() - begin
    smtp.quit()
    imap.logout()
    database.close()
    return {"mails": len(uids), "receipts": sent, "seconds": seconds}


if __name__ == "__main__":
    _, imap_port, user, smtp_port, path = sys.argv
    print(json.dumps(run(int(imap_port), user, int(smtp_port), path)))
