"""What stands above a mail that came by a door: true, and nothing else can stand there."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.arrival import Envelope, Hop, mail_id, trace_lines
from parsers.mail import parse_mail
from tests.maild.decide.cases import NOON
from tests.maild.office import raw

JEAN, DESK = "jean@ecole.test", "support@etnic.test"
HOP = Hop(named="mx.etnic.test", peer="127.0.0.1", host="desk.etnic.test", protocol="LMTP")
EDGE = sorted((Path(__file__).parent.parent / "mail" / "edge").glob("*.eml"))
# No server hands these in as they are: its lines end with CRLF (RFC 5321 2.3.8), and it knows no mbox files.
NEVER_HANDED_IN = {"mbox-from-line", "empty-file", "body-cr-only"}
EDGE = [path for path in EDGE if path.stem not in NEVER_HANDED_IN]


def traced(content: bytes, *, sender: str = JEAN, to: tuple[str, ...] = (DESK,), hop: Hop = HOP) -> bytes:
    """A mail with its trace lines."""
    return trace_lines(Envelope(sender=sender, recipients=to), hop, mail_id="01jd", at=NOON) + content


def test_what_the_lines_say() -> None:
    """RFC 5321 4.4, in the order of final delivery."""
    assert traced(b"").decode() == (
        "Return-Path: <jean@ecole.test>\r\n"
        "Delivered-To: support@etnic.test\r\n"
        "Received: from mx.etnic.test ([127.0.0.1])\r\n"
        "\tby desk.etnic.test (maild) with LMTP id 01jd\r\n"
        "\tfor <support@etnic.test>;\r\n"
        "\tMon, 25 Nov 2024 12:00:00 +0000\r\n"
    )


def test_several_recipients_stand_in_lines_of_their_own() -> None:
    """Each once; the Received line names none of them then (RFC 5321 7.2)."""
    lines = traced(b"", to=(DESK, "helpdesk@etnic.test", DESK)).decode()
    assert lines.count("Delivered-To: ") == 2
    assert "for <" not in lines


@pytest.mark.parametrize(
    ("peer", "shown"), [("192.0.2.7", "([192.0.2.7])"), ("::1", "([IPv6:::1])"), ("", "(local)")]
)
def test_where_it_came_from(peer: str, shown: str) -> None:
    """An address literal (RFC 5321 4.1.3), or a socket of this machine."""
    hop = Hop(named="mx", peer=peer, host="desk", protocol="LMTP")
    assert shown in traced(b"", hop=hop).decode()


FORGED = (
    b"Return-Path: <>\r\nDelivered-To: someone@else.test\r\n"
    b"Received: from nowhere (maild) with LMTP id 99;\r\n\tSat, 1 Jan 2000 00:00:00 +0000\r\n"
)


def test_the_topmost_lines_are_ours_whatever_the_sender_wrote() -> None:
    """His own stand below, and decide nothing."""
    read = parse_mail(traced(FORGED + raw()))
    assert read.return_path == JEAN
    assert read.delivered_to[0] == DESK
    assert "id 01jd" in read.header("Received")
    null = parse_mail(traced(b"Return-Path: <boss@etnic.test>\r\n" + raw(), sender=""))
    assert null.return_path == ""


@pytest.mark.parametrize("top", [b" <>\r\n", b"\t; dmarc=pass\r\n", b"From x Mon Nov 25\r\n", b"rubbish\r\n"])
def test_a_first_line_that_is_no_field_reaches_nothing_of_ours_but_received(top: bytes) -> None:
    """It may go on with the line above it."""
    read = parse_mail(traced(top + raw()))
    assert (read.return_path, read.delivered_to) == (JEAN, (DESK,))
    assert read.authentication_results == ()
    assert read.message_id == "m1@ecole.test"


@given(st.text(max_size=300))
def test_no_name_of_a_client_becomes_a_header_field(name: str) -> None:
    """HELO says what it likes."""
    hop = Hop(named=name, peer="127.0.0.1", host="desk", protocol="ESMTP")
    read = parse_mail(traced(raw(), hop=hop))
    assert [field for field, _ in read.fields.items][:3] == ["Return-Path", "Delivered-To", "Received"]
    assert read.message_id == "m1@ecole.test"
    assert len(read.fields.items) == len(parse_mail(raw()).fields.items) + 3


@pytest.mark.parametrize("path", EDGE, ids=[path.stem for path in EDGE])
def test_a_mail_is_known_by_its_digest_however_it_came(path: Path) -> None:
    """The same by a mailbox, by a door, and by the door once more."""
    content = path.read_bytes()
    again = trace_lines(
        Envelope(sender="", recipients=(DESK, "x@y.test")), HOP, mail_id="02", at=NOON + timedelta(hours=1)
    )
    plain, first, second = (parse_mail(each).digest for each in (content, traced(content), again + content))
    assert plain == first == second


def test_a_mail_id_sorts_by_time() -> None:
    """Whatever chance adds."""
    early, late = mail_id(NOON, (1 << 30) - 1), mail_id(NOON + timedelta(milliseconds=1), 0)
    assert early < late
    assert len(early) == len(late) == 14
