"""A parse in a worker process with limits on time and memory: one mail, alone, and its neighbours unharmed.

Stands beside ``ingest``, which sends here what is large and what may have killed a process before. The
worker is a fresh interpreter that has loaded the parsers (125 ms) and waits; for each mail it forks (3 ms)
a child of its own, so that a hundred large mails cost one start and no mail meets what another has left
behind. Neither has the daemon's environment, descriptors or threads; the child may write no file, start no
process and gain no right, and both end when the daemon does.

The child has read hostile bytes, so nothing it says is believed for its form: its answer is JSON of a bounded
length, held against the types of ``ParsedMail``; nothing in it is ever executed. What goes wrong with a mail
is a ``Failure``, a value; ``NoWorker`` is raised where the machine cannot start a worker, which is no
mail's fault.
"""

import base64
import json
import os
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from parsers.mail import ParsedMail, parse_mail

# The interpreter alone: no site of the user's, no directory of a caller's, no byte code written.
COMMAND: Final = (sys.executable, "-P", "-s", "-B", "-m", "maild.isolate")
# A start takes an eighth of a second; a machine that needs longer than this starts nothing.
START_SECONDS: Final = 30.0
# The worker goes after it has waited so long; it is not asked again when half of that is over.
IDLE_SECONDS: Final = 60.0

MIB: Final = 1 << 20
# A larger mail is read alone.
LARGE: Final = MIB
_READY: Final = b"ready"
_ORDER: Final = struct.Struct("!QQQ")  # bytes of the mail, of memory, seconds of the processor
_ANSWER: Final = struct.Struct("!cQ")  # what it is, and its length
_READ, _RAISED = b"M", b"R"
# How a child ends that had too little memory, and what ends for want of a process: errno(3), sysexits(3).
_NO_MEMORY, _NO_CHILD = 12, 75
_LONGEST_DETAIL: Final = 500
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # prctl(2)


class NoWorker(Exception):
    """No worker process could be started; try again later."""


class Closed(Exception):
    """The worker was ended for good, in the midst of the mail or before it; the mail is not to blame."""


class Fate(StrEnum):
    """What became of a parse that gave no mail."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    DIED = "died"
    RAISED = "raised"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a mail could not be read. ``detail``: a clause for people, without a word of the mail."""

    fate: Fate
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one parse may cost. ``seconds`` by the clock, ``processor`` of the CPU, ``memory`` in bytes."""

    seconds: float
    processor: int
    memory: int


def limits(size: int) -> Limits:
    """The limits for a mail of so many bytes: many times what the worst known mail of its size needs."""
    whole = -(-size // MIB)
    return Limits(seconds=30.0 + whole, processor=10 + whole // 2, memory=256 * MIB + 8 * size)


@dataclass(slots=True, kw_only=True)
class Worker:
    """The worker process of one desk, started when first needed; threads take turns.

    ``command``: what is started, with one end of a socket as its standard input.
    """

    command: Sequence[str] = field(default_factory=lambda: COMMAND)
    limits: Callable[[int], Limits] = limits
    process: "subprocess.Popen[bytes] | None" = None
    channel: socket.socket | None = None
    used_at: float = 0.0
    turn: threading.Lock = field(default_factory=threading.Lock)
    closed: threading.Event = field(default_factory=threading.Event)

    def read(self, content: bytes, *, before: Callable[[], None] = lambda: None) -> ParsedMail | Failure:
        """Parse a mail in a process of its own.

        Args:
            before: called when a worker stands ready, before it is given the mail; what it raises is raised.

        Raises:
            NoWorker: none could be started.
            Closed: after ``close``, or when it came meanwhile.
        """
        with self.turn:
            if self.closed.is_set():
                raise Closed
            channel = self._ready()
            before()
            limit = self.limits(len(content))
            try:
                found = _ask(channel, content, limit)
            except (OSError, EOFError) as error:
                found = self._fate(error, limit)
            if isinstance(found, Failure) and found.fate is not Fate.RAISED:
                self._end()
            self.used_at = time.monotonic()
            if self.closed.is_set() and isinstance(found, Failure):
                raise Closed
            return found

    def close(self) -> None:
        """End the worker for good, whatever it does: nobody waits for a mail that does not end."""
        self.closed.set()
        process = self.process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        with self.turn:
            self._end()

    def _ready(self) -> socket.socket:
        rested = time.monotonic() - self.used_at > IDLE_SECONDS / 2
        if self.process is not None and (rested or self.process.poll() is not None):
            self._end()
        if self.channel is None:
            try:
                self._start()
            except (OSError, EOFError) as error:
                self._end()
                raise NoWorker(f"{type(error).__name__}: {error}") from error
        assert self.channel is not None
        return self.channel

    def _start(self) -> None:
        self.channel, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  (our own interpreter on our own module)
                self.command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": os.pathsep.join(str(Path(p).resolve()) for p in sys.path if p)}, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        if bytes(_receive(self.channel, len(_READY), time.monotonic() + START_SECONDS)) != _READY:
            raise EOFError("it did not say that it is ready")

    def _fate(self, error: OSError | EOFError, limit: Limits) -> Failure:
        """What the end of the exchange was about."""
        assert self.process is not None
        if isinstance(error, TimeoutError):
            return Failure(fate=Fate.TIMEOUT, detail=f"took longer than {limit.seconds:.0f} s")
        try:
            code = self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            return Failure(fate=Fate.DIED, detail="ended its answer half-way")
        if code == _NO_CHILD:
            self._end()
            raise NoWorker("the machine gives it no process, or no limits") from error
        return _ended(code, limit)

    def _end(self) -> None:
        process, channel, self.process, self.channel = self.process, self.channel, None, None
        if channel is not None:
            channel.close()
        if process is None:
            return
        if process.poll() is None:
            # The worker and its child: they are a session of their own.
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _ended(code: int, limit: Limits) -> Failure:
    if code == _NO_MEMORY:
        return Failure(fate=Fate.MEMORY, detail=f"needed more than {limit.memory // MIB} MB of memory")
    if code == -signal.SIGXCPU:
        return Failure(fate=Fate.TIMEOUT, detail=f"took more than {limit.processor} s of the processor")
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else "?"
        return Failure(fate=Fate.DIED, detail=f"died of signal {-code} ({name})")
    return Failure(fate=Fate.DIED, detail=f"ended with code {code}")


# ---------------------------------------------------------------------- what the daemon hears


def _ask(channel: socket.socket, content: bytes, limit: Limits) -> ParsedMail | Failure:
    until = time.monotonic() + limit.seconds
    channel.settimeout(limit.seconds)
    channel.sendall(_ORDER.pack(len(content), limit.memory, limit.processor))
    channel.sendall(content)
    kind, length = _ANSWER.unpack(_receive(channel, _ANSWER.size, until))
    # Decoded text is at most some times as long as what it was sent as, and JSON somewhat longer again.
    if length > 8 * len(content) + 16 * MIB:
        return Failure(fate=Fate.ANSWER, detail=f"gave an answer of {length // MIB} MB")
    return understood(kind, bytes(_receive(channel, length, until)))


def _receive(channel: socket.socket, length: int, until: float) -> bytearray:
    """Exactly so many bytes; TimeoutError when the time is over, EOFError when the other end is gone."""
    received = bytearray(length)
    view, at = memoryview(received), 0
    while at < length:
        channel.settimeout(max(0.001, until - time.monotonic()))
        got = channel.recv_into(view[at:])
        if got == 0:
            raise EOFError("the worker has gone")
        at += got
    return received


def understood(kind: bytes, answer: bytes) -> ParsedMail | Failure:
    """An answer held against the types of ``ParsedMail``; whatever does not fit them is a failure."""
    if kind == _RAISED:
        words = answer[:_LONGEST_DETAIL].decode("ascii", "replace")
        return Failure(fate=Fate.RAISED, detail="".join(c for c in words if c.isprintable()))
    if kind != _READ:
        return Failure(fate=Fate.ANSWER, detail="gave an answer of no known kind")
    try:
        (mail,) = _form().validate_json(answer)
    except (
        ValueError
    ) as error:  # pydantic's own errors are of this kind; they quote, so only the class is told
        return Failure(fate=Fate.ANSWER, detail=f"gave an answer that is no mail ({type(error).__name__})")
    assert isinstance(mail, ParsedMail)
    return mail


@lru_cache(maxsize=1)
def _form() -> Any:
    from pydantic import ConfigDict, TypeAdapter

    # The list is there because a class of the standard library takes its rules from what it stands in.
    rules = ConfigDict(strict=True, extra="forbid", val_json_bytes="base64")
    return TypeAdapter(list[ParsedMail], config=rules)


# ---------------------------------------------------------------------- what the worker does


def serve(parse: Callable[[bytes], ParsedMail] = parse_mail) -> None:
    """The worker: wait for mails on standard input, read each in a child, end as soon as one child does not
    end well or the daemon has gone."""
    channel = socket.socket(fileno=os.dup(0))
    _renounce()
    channel.sendall(_READY)
    while select.select([channel], [], [], IDLE_SECONDS)[0]:
        order = channel.recv(_ORDER.size, socket.MSG_WAITALL)
        if len(order) < _ORDER.size:
            return
        _read_in_child(channel, _ORDER.unpack(order), parse)


def _renounce() -> None:
    """Give up what reading a mail does not need; children inherit it."""
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, 0)
    _lower(resource.RLIMIT_NOFILE, 64)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _lower(limit: int, most: int, *, grace: int = 0) -> None:
    """Bound what this process may use; a lower bound that the operator has set stays."""
    _, hard = resource.getrlimit(limit)
    room = most + grace if hard == resource.RLIM_INFINITY else min(most + grace, hard)
    resource.setrlimit(limit, (min(most, room), room))


def _prctl(option: int, value: int) -> None:
    import ctypes

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _read_in_child(
    channel: socket.socket, order: tuple[int, int, int], parse: Callable[[bytes], ParsedMail]
) -> None:
    worker = os.getpid()
    alive, held = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os._exit(_NO_CHILD)
    if child == 0:
        os.close(alive)
        _child(channel, order, parse, worker)
    os.close(held)
    _wait(channel, alive)
    os.close(alive)
    _, status = os.waitpid(child, 0)
    _die_like(os.waitstatus_to_exitcode(status))


def _wait(channel: socket.socket, alive: int) -> None:
    """Until the child has gone; if the daemon goes first, everything ends here."""
    watched = select.poll()
    watched.register(channel, 0)  # nothing but the end of the other side
    watched.register(alive, 0)
    if channel.fileno() in dict(watched.poll()):
        os._exit(0)


def _die_like(code: int) -> None:
    """The daemon sees the worker's end, not the child's: it must be the same one."""
    if code == 0:
        return
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code > 0 else 70)


def _child(
    channel: socket.socket, order: tuple[int, int, int], parse: Callable[[bytes], ParsedMail], worker: int
) -> None:
    """Read one mail under its limits, answer, and end; never returns."""
    code = 70
    try:
        _bind(*order[1:])
        if os.getppid() == worker:
            kind, answer = _answered(channel.recv(order[0], socket.MSG_WAITALL), parse)
            channel.sendall(_ANSWER.pack(kind, len(answer)))
            channel.sendall(answer)
            code = 0
    except MemoryError:
        code = _NO_MEMORY
    finally:
        os._exit(code)


def _bind(memory: int, processor: int) -> None:
    try:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _lower(resource.RLIMIT_AS, memory)
        # First the signal that tells why, a second later the one that cannot be overheard.
        _lower(resource.RLIMIT_CPU, processor, grace=1)
        _lower(resource.RLIMIT_NPROC, 0)
    except (OSError, ValueError):
        os._exit(_NO_CHILD)


def _answered(content: bytes, parse: Callable[[bytes], ParsedMail]) -> tuple[bytes, bytes]:
    try:
        mail = parse(content)
        words = json.dumps([_plain(mail)], ensure_ascii=False)
        return _READ, words.encode()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, the daemon hears of it as a value)
        return _RAISED, fault(error).encode("ascii", "replace")[:_LONGEST_DETAIL]


def _plain(value: object) -> object:
    """The JSON form of a value of ``ParsedMail``."""
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.init}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, datetime) else value


def fault(error: Exception) -> str:
    """What and where, without the error's own words: databases and codecs quote what they stumble over."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(frames))
    return f"raised {type(error).__name__} at {places}"


if __name__ == "__main__":
    serve()
