"""ClamAV, asked over its socket what it knows of the files of a mail (clamd(8), INSTREAM).

Stands between ``parse`` and ``gather``: a mail is durable before its files are scanned, and no transaction is
open meanwhile. All that a pass can be held up by this is ``wait``, for the files of all its mails together; a
clamd that does not even say that it is there is left alone for a minute, and holds up nothing meanwhile. It
never fails: what could not be scanned says so, which is a state of its own and never "clean". Nothing of a
file but its bytes goes there, and nothing is written.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from maild import log
from maild.decide.facts import Scan, ScanState
from parsers.attachments import Attachment

_log = log.get("maild.scan")

# So long nobody asks a clamd that did not answer.
REST_SECONDS: Final = 60.0
# Whether it is there at all, it says within this time.
_PING_SECONDS: Final = 1.0
_CHUNK: Final = 1 << 18
_LENGTH: Final = struct.Struct("!I")
_LONGEST_ANSWER: Final = 1000
# With AlertExceedsMax clamd calls so what it has not looked at to its end (clamd.conf(5)).
_NOT_WHOLE: Final = "Heuristics.Limits.Exceeded"


@dataclass(slots=True, kw_only=True)
class Scanner:
    """The clamd of one desk; threads may ask at the same time.

    ``address``: "unix:/path" or "host:port". ``wait``: seconds for the files of one pass. ``largest``: bytes
    of a file that is given to it. ``clock``: seconds that only go forward.
    """

    address: str
    wait: float = 10.0
    largest: int = 25_000_000
    clock: Callable[[], float] = time.monotonic
    rests_until: float = 0.0
    turn: threading.Lock = field(default_factory=threading.Lock)

    def scan(self, files: Sequence[Attachment]) -> Mapping[str, Scan]:
        """SHA-256 of each file -> what clamd says of it."""
        until, found = self.clock() + self.wait, dict[str, Scan]()
        for file in files:
            if file.sha256 not in found:
                found[file.sha256] = self._one(file, until)
        return found

    def version(self) -> str:
        """What it says of itself: program, signatures and their day.

        Raises:
            OSError: it cannot be reached, or does not answer.
        """
        return self._ask(b"zVERSION\0", (), self.clock() + self.wait)

    @property
    def is_silent(self) -> bool:
        """It did not answer, and is not asked at the moment."""
        return self.clock() < self.rests_until

    def _one(self, file: Attachment, until: float) -> Scan:
        if file.size > self.largest:
            return _unscanned("too_large")
        if self.is_silent:
            return _unscanned("no_answer")
        if self.clock() >= until:
            return _unscanned("too_slow")
        try:
            return understood(self._ask(b"zINSTREAM\0", _chunks(file.content), until))
        except OSError as error:
            self._missed(error)
            return _unscanned("too_slow" if isinstance(error, TimeoutError) else "no_answer")

    def _missed(self, error: OSError) -> None:
        """Tell one that is busy with a file from one that is not there."""
        try:
            self._ask(b"zPING\0", (), self.clock() + _PING_SECONDS)
            return
        except OSError:
            with self.turn:
                is_news, self.rests_until = not self.is_silent, self.clock() + REST_SECONDS
        if is_news:
            _log.warning("scan.failed", address=self.address, reason=f"{type(error).__name__}: {error}")

    def _ask(self, command: bytes, chunks: Iterable[bytes], until: float) -> str:
        with self._connected(until) as channel:
            channel.sendall(command)
            try:
                for chunk in chunks:
                    channel.settimeout(self._left(until))
                    channel.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                # It hangs up on a file beyond its StreamMaxLength, and says so before.
                return self._answer(channel, until) or "INSTREAM size limit exceeded. ERROR"
            return self._answer(channel, until)

    def _answer(self, channel: socket.socket, until: float) -> str:
        said = bytearray()
        while b"\0" not in said and len(said) < _LONGEST_ANSWER:
            channel.settimeout(self._left(until))
            part = channel.recv(_LONGEST_ANSWER)
            if not part:
                break
            said += part
        if not said:
            raise ConnectionError("it hung up without a word")
        return said.partition(b"\0")[0].decode("utf-8", "replace").strip()

    @contextmanager
    def _connected(self, until: float) -> Iterator[socket.socket]:
        path = self.address.removeprefix("unix:")
        if path != self.address:
            with socket.socket(socket.AF_UNIX) as channel:
                channel.settimeout(self._left(until))
                channel.connect(path)
                yield channel
            return
        host, _, port = self.address.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=self._left(until)) as channel:
            yield channel

    def _left(self, until: float) -> float:
        left = until - self.clock()
        if left <= 0:
            raise TimeoutError("the time for this pass is over")
        return left


def _chunks(content: bytes) -> Iterator[bytes]:
    """A file in parts, each behind its length; a part of no length ends it."""
    view = memoryview(content)
    for at in range(0, len(content), _CHUNK):
        part = view[at : at + _CHUNK]
        yield _LENGTH.pack(len(part)) + part
    yield _LENGTH.pack(0)


def understood(answer: str) -> Scan:
    """What an answer of clamd means: only "OK" is clean.

    >>> understood("stream: Win.Test.EICAR_HDB-1 FOUND").what
    'Win.Test.EICAR_HDB-1'
    """
    said = answer.removeprefix("stream:").strip()
    if said == "OK":
        return Scan(state=ScanState.CLEAN)
    if said.startswith(_NOT_WHOLE):
        return _unscanned("too_large")
    if said.endswith("FOUND"):
        name = "".join(c for c in said.removesuffix("FOUND") if c.isprintable())
        return Scan(state=ScanState.FOUND, what=name.strip()[:100] or "?")
    return _unscanned("too_large" if "size limit" in said else "refused")


def _unscanned(why: str) -> Scan:
    return Scan(state=ScanState.UNSCANNED, what=why)
