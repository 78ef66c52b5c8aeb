"""Other projects' mail, read where it lies: it must survive, and raise no false alarm."""

import json
from pathlib import Path

import pytest

from parsers.mail import parse_mail
from parsers.tnef import tnef_files
from tests.parsers.expectations import flat

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"
SOURCES = [
    "cpython", "django-helpdesk", "email-reply-trimmer", "flanker", "flufl-bounce", "mail-parser", "mime4j",
    "mimekit", "ruby-mail", "stalwart-malformed", "stalwart-rfc", "talon",
]  # fmt: skip
# Looked at one by one: reports and notices of mail servers, though nothing in their folder says so.
REAL_BOUNCES = {
    "msg_16.txt", "msg_25.txt", "msg_42.txt", "msg_43.txt", "mail_malformed_2", "badbound.msg", "bounce.txt",
    "delivery-status.txt", "delivery-status2.txt", "delivery-status-no-blank-line.txt",
    "delivery-status-multiple-blank-lines.txt",
    "mime_emails-raw_email_with_mimepart_without_content_type.eml",
    "multipart_report_emails-multi_address_bounce1.eml",
    "multipart_report_emails-multi_address_bounce2.eml",
    "multipart_report_emails-multipart_report_multiple_status.eml",
    "multipart_report_emails-report_422.eml", "multipart_report_emails-report_530.eml",
}  # fmt: skip


def _mails(source: str) -> list[Path]:
    folder = CORPUS / source
    if not folder.is_dir():
        pytest.skip(f"LEFT OUT: no corpus at {folder}")
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.name != "expect.json"]


@pytest.mark.parametrize("source", SOURCES)
def test_every_mail_gives_a_result(source: str) -> None:
    for path in _mails(source):
        mail = parse_mail(path.read_bytes())
        assert mail.digest
        json.dumps(
            [mail.text, mail.reply_text, mail.html, mail.subject, mail.headers], ensure_ascii=False
        ).encode()


def test_bounces_are_found_and_their_recipients_named() -> None:
    paths = {path.name: path for path in _mails("flufl-bounce")}
    expected = json.loads((CORPUS / "flufl-bounce" / "expect.json").read_text(encoding="utf-8"))
    missed, wrong, total = [], [], 0
    for name, wanted in expected.items():
        mail = parse_mail(paths[name].read_bytes())
        assert mail.is_bounce <= wanted["is_bounce"], f"false alarm: {name}"
        if not wanted["is_bounce"]:
            continue
        total += 1
        missed += [] if mail.is_bounce else [name]
        recipients = (wanted.get("bounce") or {}).get("recipients")
        if recipients and mail.report is not None and mail.report.recipient.lower() not in recipients:
            wrong.append(name)
    assert len(missed) <= 0.01 * total, missed
    assert len(wrong) <= 0.03 * total, wrong


# The lists of these name the parts of a stream that our reading sees as one, or nothing at all.
UNLIKE = {"long-filename.tnef", "missing-filenames.tnef"}


def test_files_come_out_of_winmail_dat() -> None:
    for path in _mails("mimekit-tnef"):
        wanted = path.with_suffix(".list")
        if path.suffix != ".tnef" or not wanted.exists() or path.name in UNLIKE:
            continue
        lines = wanted.read_text(encoding="utf-8", errors="replace").split("\n")
        names = {name for name, _ in tnef_files(path.read_bytes())}
        assert names == {line for line in lines if line and not line.startswith("body.")}, path.name


@pytest.mark.parametrize("source", ["email-reply-trimmer", "talon"])
def test_no_word_of_a_reply_is_lost(source: str) -> None:
    expected = (
        json.loads((CORPUS / source / "expect.json").read_text(encoding="utf-8")) if _mails(source) else {}
    )
    for name, wanted in expected.items():
        reply = flat(parse_mail((CORPUS / source / name).read_bytes()).reply_text)
        for line in wanted.get("reply_text", "").split("\n"):
            assert flat(line) in reply, name


@pytest.mark.parametrize(
    "source", ["cpython", "django-helpdesk", "mail-parser", "mime4j", "mimekit", "ruby-mail"]
)
def test_ordinary_mail_is_no_bounce(source: str) -> None:
    alarms = {path.name for path in _mails(source) if parse_mail(path.read_bytes()).is_bounce}
    assert alarms <= REAL_BOUNCES
