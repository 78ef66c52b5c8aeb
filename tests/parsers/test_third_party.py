"""Other projects' mail, read where it lies: it must survive, and raise no false alarm."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parsers.mail import parse_mail
from parsers.mime import read_tree
from parsers.tnef import read_tnef
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


# Files that the list of a stream does not name, though they lie in it.
UNNAMED = {
    "christmas.tnef": set(),
    "long-filename.tnef": {"allproductsmar2000.dat"},
    "missing-filenames.tnef": {
        "generpts.src", "TechlibDEC99.doc", "TechlibDEC99-JAN00.doc", "TechlibNOV99.doc",
    },
}  # fmt: skip
EMPTY = {"AUTOEXEC.BAT", "CONFIG.SYS"}


def test_files_and_bodies_come_out_of_winmail_dat() -> None:
    streams = [path for path in _mails("mimekit-tnef") if path.suffix == ".tnef"]
    assert len(streams) == 19
    for path in streams:
        lines = path.with_suffix(".list").read_text(encoding="utf-8", errors="replace").split("\n")
        inside = read_tnef(path.read_bytes())
        wanted = {line for line in lines if line and not line.startswith("body.")}
        assert {name for name, _ in inside.files} == wanted | UNNAMED.get(path.name, set()), path.name
        assert all(content or name in EMPTY for name, content in inside.files), path.name
        assert inside.text or inside.html or not any(line.startswith("body.") for line in lines), path.name


# Where we read another tree than mime4j, on purpose.
OTHER_TREES = {
    "badbound.msg": "delimiters that match no boundary: all of it is text rather than nothing",
    "missing-boundary.msg": "the same",
    "multipartnopart.msg": "the same",
    "missing-inner-boundary.msg": "the same, inside",
    "missing-inner-start-boundary.msg": "the same, inside",
    "basic-plain-with-bad-header-separator.msg": "a line of blanks ends the header where text follows it",
    "hdr-fakeout.msg": "the same",
    "malformedHeader-nocrlfcrlf.msg": "words in front of the body are body, not lost",
    "malformedHeader-noheader.msg": "the same",
    "malformedHeaderStartsBody-nocrlfcrlf.msg": "the same",
    "malformedHeaderStartsBody-noheader.msg": "the same",
    "multi-frag.msg": "base64 with a piece missing: what decodes is kept",
}


_NODE = re.compile(r'<(/?)message>|<(?:text|binary)-body name="([^"]*)"')


def _decoded(xml: str) -> Iterator[str]:
    """The files with the leaves of a tree, "" for an enclosed mail."""
    depth = 0
    for closing, name in _NODE.findall(xml):
        if name:
            yield from [name] if depth == 1 else []
            continue
        yield from [""] if depth == 1 and not closing else []
        depth += -1 if closing else 1


def test_the_trees_of_mime4j() -> None:
    for path in _mails("mime4j"):
        if path.suffix != ".msg":
            continue
        folder = path.parent / "decoded"
        wanted = list(_decoded((folder / f"{path.stem}_decoded.xml").read_text("utf-8", "replace")))
        leaves = list(read_tree(path.read_bytes())[0].leaves())
        same = len(leaves) == len(wanted) and all(
            _one_newline(leaf.payload()) == _one_newline((folder / name).read_bytes())
            if name
            else leaf.content_type == "message/rfc822"
            for leaf, name in zip(leaves, wanted, strict=True)
        )
        assert same == (path.name not in OTHER_TREES), path.name


def _one_newline(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


# Where we read other leaves than Stalwart's parser, on purpose: its trees are one library's reading.
OTHER_LEAVES = {
    "000.eml": "delimiters without anything between them are empty parts",
    "002.eml": "a multipart without a delimiter is text",
    "003.eml": "parts of one boundary inside each other lie beside each other",
    "007.eml": "the delimiter of a part ends its header",
    "009.eml": "the delimiter of the outer part ends the inner one",
    "011.eml": "the same",
    "012.eml": "the same",
    "013.eml": "parts of one boundary inside each other lie beside each other",
    "014.eml": "a last delimiter opens an empty part",
    "016.eml": "the delimiter of the outer part ends the inner ones",
    "019.eml": "noise where a header should be is text",
    "020.eml": "the text of a part whose header was left out is not lost",
    "021.eml": "the same",
}


def _leaf_types(tree: dict[str, Any], number: int, digest: bool = False) -> Iterator[str]:
    part = tree["parts"][number]
    declared = next((field["value"] for field in part["headers"] if field["name"] == "content_type"), None)
    kind = (declared or {}).get("ContentType", {}) if isinstance(declared, dict) else {}
    name = f"{kind.get('c_type')}/{kind.get('c_subtype')}" if kind else ""
    if "Multipart" in part["body"]:
        for child in part["body"]["Multipart"]:
            yield from _leaf_types(tree, child, name == "multipart/digest")
    else:
        yield name or ("message/rfc822" if digest else "text/plain")


@pytest.mark.parametrize("source", ["stalwart-rfc", "stalwart-malformed"])
def test_the_trees_of_stalwart(source: str) -> None:
    for path in _mails(source):
        tree = json.loads((path.parent / "tree" / f"{path.stem}.json").read_text(encoding="utf-8"))
        leaves = [leaf.content_type for leaf in read_tree(path.read_bytes())[0].leaves()]
        other = source == "stalwart-malformed" and path.name in OTHER_LEAVES
        assert (leaves == list(_leaf_types(tree, 0))) == (not other), path.name


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
