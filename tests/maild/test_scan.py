"""A real clamd is asked about files: what it finds, what it lets pass, and what it could not look at."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import scan
from maild.decide.facts import Scan, ScanState
from maild.scan import Scanner, understood
from parsers.attachments import Attachment, loose_file
from tests.peers.child import free_port
from tests.peers.clamd import NAME, OTHER, Clamd, virus

CLEAN = Scan(state=ScanState.CLEAN)


def unscanned(why: str) -> Scan:
    """A file that nobody has looked at."""
    return Scan(state=ScanState.UNSCANNED, what=why)


def file(content: bytes) -> Attachment:
    """A file."""
    return loose_file("a.bin", content)


def said(scanner: Scanner, *contents: bytes) -> list[Scan]:
    """What it says of these files."""
    files = [file(content) for content in contents]
    found = scanner.scan(files)
    return [found[one.sha256] for one in files]


def test_what_it_knows_it_finds(clamd: Clamd) -> None:
    """Also in the middle of a file, and of one in many parts; the name is clamd's."""
    scanner = Scanner(address=clamd.address)
    whole = bytes(700_000) + virus()
    found = said(scanner, b"hello", virus(), whole, b"other " + virus()[::-1], b"")
    assert [one.state.value for one in found] == ["clean", "found", "found", "found", "clean"]
    assert [str(one) for one in found[1:4:2]] == [f"found {NAME}.UNOFFICIAL", f"found {OTHER}.UNOFFICIAL"]
    assert scanner.version().startswith("ClamAV 1.")


def test_a_file_too_large_is_not_scanned(clamd: Clamd) -> None:
    """By our bound or by clamd's own, which hangs up in the midst of it; the next one is scanned."""
    large = bytes(2_500_000)
    assert said(Scanner(address=clamd.address, largest=100), large, b"x") == [unscanned("too_large"), CLEAN]
    assert said(Scanner(address=clamd.address), large, b"x") == [unscanned("too_large"), CLEAN]


@pytest.mark.parametrize("kind", ["unix", "tcp"])
def test_none_is_there(kind: str, tmp_path: Path) -> None:
    """No socket, or nobody at the port: not scanned, and never clean."""
    address = f"127.0.0.1:{free_port()}" if kind == "tcp" else f"unix:{tmp_path}/none.sock"
    scanner = Scanner(address=address)
    assert said(scanner, b"a", b"b") == [unscanned("no_answer")] * 2
    assert scanner.is_silent


def test_one_that_hangs_is_left_alone_for_a_while(clamd: Clamd, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first file waits, those behind it do not; when the time is over it is asked again."""
    monkeypatch.setattr(scan, "_PING_SECONDS", 0.05)
    passed = [0.0]
    scanner = Scanner(address=clamd.address, wait=0.05, clock=lambda: time.monotonic() + passed[0])
    clamd.suspend()
    assert said(scanner, b"a", b"b") == [unscanned("too_slow"), unscanned("no_answer")]
    clamd.resume()
    assert said(scanner, b"a") == [unscanned("no_answer")]
    passed[0] = scan.REST_SECONDS
    scanner.wait = 10
    assert said(scanner, b"a", virus())[0] == CLEAN
    assert not scanner.is_silent


def test_one_that_is_busy_is_asked_again(clamd: Clamd) -> None:
    """It says that it is there: only the files of this pass are not scanned."""
    scanner = Scanner(address=clamd.address, wait=0.0)
    assert said(scanner, b"a", b"b") == [unscanned("too_slow")] * 2
    assert not scanner.is_silent


@pytest.mark.parametrize(
    ("answer", "meant"),
    [
        ("stream: OK", CLEAN),
        ("stream: A.B-1 FOUND", Scan(state=ScanState.FOUND, what="A.B-1")),
        ("stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND", unscanned("too_large")),
        (
            "stream: Heuristics.Encrypted.Zip FOUND",
            Scan(state=ScanState.FOUND, what="Heuristics.Encrypted.Zip"),
        ),
        ("stream: \x1b[31m FOUND", Scan(state=ScanState.FOUND, what="[31m")),
        ("stream:  FOUND", Scan(state=ScanState.FOUND, what="?")),
        ("INSTREAM size limit exceeded. ERROR", unscanned("too_large")),
        ("stream: Can't allocate memory ERROR", unscanned("refused")),
        ("COMMAND READ TIMED OUT", unscanned("refused")),
        ("", unscanned("refused")),
        ("stream: OK OK", unscanned("refused")),
    ],
)
def test_an_answer(answer: str, meant: Scan) -> None:
    """Only the one word is clean."""
    assert understood(answer) == meant


@given(st.text(max_size=60))
def test_whatever_it_says_is_understood(answer: str) -> None:
    """And nothing but OK is clean."""
    found = understood(answer)
    assert (found.state is ScanState.CLEAN) == (answer.removeprefix("stream:").strip() == "OK")
    assert "\n" not in found.what
