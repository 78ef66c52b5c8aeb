"""A parse in a process of its own: what it may do, how it may end, and what the daemon believes of it."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild import isolate
from maild.isolate import MIB, Closed, Failure, Fate, Limits, NoWorker, Worker
from parsers.mail import ParsedMail, parse_mail
from tests.conftest import ROOT

MAIL = b"From: Zo\xc3\xa9 <zoe@ecole.test>\r\nMessage-ID: <m1@ecole.test>\r\n\r\nBonjour\r\n"
# The worker's own entry point, with another way to read a mail in the place of the parsers.
ENTRY = """
import os, signal, sys, time
from dataclasses import replace
from maild import isolate
from parsers.mail import parse_mail
def parse(content):
    if content.startswith(b"From:"):
        return parse_mail(content)
    {deed}
{before}
isolate.serve(parse)
"""


def entry(deed: str, before: str = "") -> tuple[str, ...]:
    """A worker that does a deed to every mail that has no sender."""
    return (*isolate.COMMAND[:4], "-c", ENTRY.format(deed=deed, before=before))


@pytest.fixture
def hire() -> Iterator[Callable[..., Worker]]:
    """Workers that do not outlive the test; with limits that are soon reached."""
    hired: list[Worker] = []

    def one(command: tuple[str, ...] = isolate.COMMAND, **changes: int) -> Worker:
        limits = replace(Limits(seconds=60, processor=60, memory=256 * MIB), **changes)
        hired.append(Worker(command=command, limits=lambda _: limits))
        return hired[-1]

    yield one
    for worker in hired:
        worker.close()


def pid(worker: Worker) -> int:
    """The process that waits for mails."""
    assert worker.process is not None
    return worker.process.pid


# --- what is read -------------------------------------------------------------------------------------------


def test_a_mail_is_read_as_in_this_process(hire: Callable[..., Worker]) -> None:
    """Every kind of mail there is, by one worker, value for value."""
    worker, first = hire(), 0
    for path in sorted((ROOT / "tests" / "mail").glob("*/*.eml")):
        content = path.read_bytes()
        assert worker.read(content) == parse_mail(content), path.name
        first = first or pid(worker)
        assert pid(worker) == first


@pytest.mark.parametrize("method", ["REPLY", "COUNTER"])
def test_the_answer_to_an_invitation_survives(hire: Callable[..., Worker], method: str) -> None:
    """A value within a value, with an instant and with words of a closed set."""
    lines = (
        f"BEGIN:VCALENDAR METHOD:{method} BEGIN:VEVENT UID:u@etnic.test DTSTART:20261124T130000Z"
        " ATTENDEE;PARTSTAT=TENTATIVE;CN=Zoé:mailto:zoe@ecole.test END:VEVENT END:VCALENDAR"
    )
    kind = f"\r\nContent-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n".encode()
    content = MAIL.replace(b"\r\n\r\nBonjour", kind + "\r\n".join(lines.split()).encode())
    mail = hire().read(content)
    assert isinstance(mail, ParsedMail)
    assert mail == parse_mail(content)
    assert mail.calendar is not None
    assert (mail.calendar.proposed_at is None) == (method == "REPLY")


def test_a_mail_of_fifty_megabytes_passes() -> None:
    """Within the limits that the daemon itself sets."""
    worker = Worker()
    try:
        content = (
            MAIL.replace(b"\r\n\r\n", b"\r\nContent-Type: application/pdf\r\n\r\n") + b"%PDF\r\n" * 8_400_000
        )
        mail = worker.read(content)
        assert isinstance(mail, ParsedMail), mail
        assert mail.attachments[0].size > 50_000_000
    finally:
        worker.close()


def test_threads_take_turns(hire: Callable[..., Worker]) -> None:
    """Each gets the answer to its own mail."""
    worker, found = hire(), {}

    def ask(number: int) -> None:
        mail = worker.read(MAIL.replace(b"m1", b"m%d" % number))
        assert isinstance(mail, ParsedMail)
        found[number] = mail.message_id

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: f"m{n}@ecole.test" for n in range(12)}


# --- how it may end -----------------------------------------------------------------------------------------

ENDS = {
    "hangs": ("time.sleep(1000)", {"seconds": 1}, Fate.TIMEOUT, "took longer than 1 s"),
    "turns in circles": (
        "while True: pass", {"processor": 1}, Fate.TIMEOUT, "took more than 1 s of the processor",
    ),
    "eats memory": (
        "x = [bytes(1 << 20) for _ in range(10000)]", {}, Fate.MEMORY, "needed more than 256 MB of memory",
    ),
    "crashes": ("os.kill(os.getpid(), signal.SIGSEGV)", {}, Fate.DIED, "died of signal 11 (SIGSEGV)"),
    "aborts": ("os.abort()", {}, Fate.DIED, "died of signal 6 (SIGABRT)"),
    "is killed": ("os.kill(os.getpid(), signal.SIGKILL)", {}, Fate.DIED, "died of signal 9 (SIGKILL)"),
    "leaves": ("os._exit(3)", {}, Fate.DIED, "ended with code 3"),
    "takes its worker along": ("os.kill(os.getppid(), 9); time.sleep(1000)", {}, Fate.DIED, "signal 9"),
    "raises": ("raise KeyError('secret words')", {}, Fate.RAISED, "raised KeyError at <string>:9 parse < "),
    "answers no mail": ("return 5", {}, Fate.ANSWER, "gave an answer that is no mail"),
    "answers another form": (
        "return replace(parse_mail(b''), subject=['x'])", {}, Fate.ANSWER, "gave an answer that is no mail",
    ),
    "answers half a letter": (
        r"return replace(parse_mail(b''), subject='\ud800')", {}, Fate.RAISED, "raised UnicodeEncodeError",
    ),
    "answers too much": (
        "return replace(parse_mail(b''), text='x' * (20 << 20))", {}, Fate.ANSWER, "gave an answer of 20 MB",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("deed", "limits", "fate", "detail"), ENDS.values(), ids=ENDS)
def test_every_end_is_a_value(
    hire: Callable[..., Worker], deed: str, limits: dict[str, int], fate: Fate, detail: str
) -> None:
    """With its reason, without a word of the mail; and the next mail is read."""
    worker = hire(entry(deed), **({"processor": 2} | limits))
    found = worker.read(b"no sender: secret words")
    assert isinstance(found, Failure)
    assert (found.fate, detail in found.detail) == (fate, True), found
    assert "secret" not in found.detail
    assert worker.read(MAIL) == parse_mail(MAIL)


def test_an_exception_costs_no_start(hire: Callable[..., Worker]) -> None:
    """Only what did not end by itself is started again."""
    worker = hire(entry("raise KeyError"))
    worker.read(b"x")
    before = pid(worker)
    worker.read(b"x")
    assert pid(worker) == before


def test_what_has_rested_is_started_again(hire: Callable[..., Worker]) -> None:
    """Before it could leave in the midst of a mail."""
    worker = hire()
    worker.read(MAIL)
    before = pid(worker)
    worker.used_at -= isolate.IDLE_SECONDS
    assert worker.read(MAIL) == parse_mail(MAIL)
    assert pid(worker) != before


def test_a_worker_that_hears_nothing_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle desk has no second process."""
    worker = Worker(command=entry("pass", "isolate.IDLE_SECONDS = 0.01"))
    worker._ready()
    assert worker.process is not None
    assert worker.process.wait(30) == 0
    worker.close()


# --- the machine's own trouble ------------------------------------------------------------------------------

UNABLE = {
    "no such program": ("/nowhere/python",),
    "ends at once": entry("pass", "sys.exit(1)"),
    "says something else": (sys.executable, "-c", "import os; os.write(0, b'hello'); input()"),
    "no process left": entry("pass", "def none(): raise BlockingIOError\nos.fork = none"),
    "no limits": entry("pass", "def no(*_): raise PermissionError\nisolate.resource.setrlimit = no"),
    "no limits for the child": entry("pass", "def no(*_): raise PermissionError\nisolate._prctl = no"),
}


@pytest.mark.parametrize("command", UNABLE.values(), ids=UNABLE)
def test_a_worker_that_cannot_be_had_is_no_fault_of_the_mail(
    hire: Callable[..., Worker], command: tuple[str, ...]
) -> None:
    """It is said as what it is, each time; nothing is left behind."""
    worker = hire(command)
    for _ in range(2):
        with pytest.raises(NoWorker):
            worker.read(MAIL)
        assert worker.process is None


def test_a_mail_is_counted_when_a_worker_stands_ready_and_before_it_reads(
    hire: Callable[..., Worker],
) -> None:
    """Not for a worker that never came; and what the counting raises is heard."""
    with pytest.raises(NoWorker):
        hire(("/nowhere/python",)).read(MAIL, before=lambda: pytest.fail("it was counted"))
    worker, asked = hire(entry("os.kill(os.getpid(), 9)")), []
    worker.read(b"x", before=lambda: asked.append(worker.process is not None))
    assert asked == [True]
    with pytest.raises(ZeroDivisionError):
        worker.read(b"x", before=lambda: 1 / 0)  # type: ignore[arg-type]


# --- what it may do -----------------------------------------------------------------------------------------

TELL = """
    import json, resource as r
    def can(deed):
        try: deed()
        except OSError as error: return type(error).__name__
        return "yes"
    told = {{
        "environment": sorted(os.environ),
        "descriptors": sorted(os.listdir("/proc/self/fd")),
        "folder": os.getcwd(),
        "session": os.getsid(0),
        "core": r.getrlimit(r.RLIMIT_CORE)[1],
        "processor": r.getrlimit(r.RLIMIT_CPU),
        "memory": r.getrlimit(r.RLIMIT_AS),
        "processes": r.getrlimit(r.RLIMIT_NPROC),
        "rights": open("/proc/self/status").read().split("NoNewPrivs:")[1].split()[0],
        "write": can(lambda: open("{file}", "wb", buffering=0).write(b"x")),
    }}
    return replace(parse_mail(b""), text=json.dumps(told))
"""


def test_it_has_only_what_it_needs(
    hire: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No secret of the daemon's environment, none of its descriptors, no file, no process, no core."""
    monkeypatch.setenv("MAILD_SUBMISSION__PASSWORD", "hunter2")
    with (tmp_path / "open").open("wb") as ours:
        os.set_inheritable(ours.fileno(), True)  # as a careless library would leave it
        worker = hire(entry(TELL.format(file=tmp_path / "new").strip()), processor=7, memory=300 * MIB)
        mail = worker.read(b"x")
    assert isinstance(mail, ParsedMail), mail
    told = json.loads(mail.text)
    assert set(told.pop("environment")) <= {"PYTHONPATH", "LC_CTYPE"}
    # The three that every process has, the socket, its sign of life, and the folder that is being listed.
    assert len(told.pop("descriptors")) <= 6
    assert told == {
        "folder": "/", "session": pid(worker), "core": 0, "processor": [7, 8],
        "memory": [300 * MIB, 300 * MIB], "processes": [0, 0], "rights": "1", "write": "OSError",
    }  # fmt: skip
    assert (tmp_path / "new").read_bytes() == b""


def test_it_dies_with_the_daemon(tmp_path: Path) -> None:
    """However deep it is in a mail, and however suddenly the daemon goes."""
    told = tmp_path / "child"
    os.mkfifo(told)
    tell = f"print(os.getppid(), os.getpid(), file=open({str(told)!r}, 'w'), flush=True)"
    command = entry(f"{tell}; time.sleep(1000)")
    daemon = f"from maild.isolate import Worker\nWorker(command={command!r}).read(b'x')"
    with subprocess.Popen(
        [sys.executable, "-c", daemon], env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        worker, child = (int(word) for word in told.read_text().split())
        assert {worker, child} == {one for one in (worker, child) if lives(one)}
        process.kill()
    for one in (worker, child):
        until(lambda one=one: not lives(one))  # type: ignore[misc]


def lives(process: int) -> bool:
    """Whether it runs; one that only waits to be fetched has ended."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(holds: Callable[[], bool]) -> None:
    """Waits for what must come."""
    for _ in range(1000):
        if holds():
            return
        threading.Event().wait(0.01)
    raise TimeoutError


def test_closing_ends_it_in_the_midst_of_a_mail(hire: Callable[..., Worker]) -> None:
    """At once, and for good; the mail is not blamed for it, and twice is once."""
    worker = hire(entry("time.sleep(1000)"))
    heard: list[object] = []

    def ask() -> None:
        try:
            heard.append(worker.read(b"x", before=begun.set))
        except Closed as error:
            heard.append(error)

    begun = threading.Event()
    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(30)
    process = worker.process
    assert process is not None
    worker.close()
    worker.close()
    thread.join()
    assert process.returncode == -signal.SIGKILL
    assert isinstance(heard[0], Closed)
    with pytest.raises(Closed):
        worker.read(MAIL)


# --- what is believed ---------------------------------------------------------------------------------------


def _answer(**changes: object) -> bytes:
    told = isolate._plain(parse_mail(MAIL))
    assert isinstance(told, dict)
    return json.dumps([{**told, **changes}]).encode()


FALSE = {
    "text": {"text": 5},
    "no text": {"text": None},
    "a number for a truth": {"is_bounce": 1},
    "a sender that is a word": {"sender": "zoe"},
    "a sender with more": {"sender": {"name": "", "address": "a@b", "power": "all"}},
    "an instant that is none": {"date": "yesterday"},
    "an instant of a number": {"date": 5},
    "a file without bytes": {"attachments": [{"filename": "x"}]},
    "bytes that are none": {"fields": {"items": [["a", "%%"]]}},
    "an unknown field": {"power": "all"},
}


@pytest.mark.parametrize("changes", FALSE.values(), ids=FALSE)
def test_an_answer_of_another_form_is_not_believed(changes: dict[str, object]) -> None:
    """Types are the parent's; nothing is converted."""
    assert isolate.understood(b"M", _answer()) == parse_mail(MAIL)
    found = isolate.understood(b"M", _answer(**changes))
    assert isinstance(found, Failure)
    assert found.fate is Fate.ANSWER


@given(st.sampled_from([b"M", b"R", b"X"]), st.binary(max_size=200))
def test_any_answer_is_a_value(kind: bytes, answer: bytes) -> None:
    """Whatever the child may say."""
    found = isolate.understood(kind, answer)
    assert isinstance(found, Failure)
    assert found.detail.isprintable()


def test_deep_answers_are_refused() -> None:
    """A parser of JSON may not be led astray by depth."""
    found = isolate.understood(b"M", b"[" * 1_000_000)
    assert isinstance(found, Failure)


@given(st.integers(0, 200 * MIB))
def test_limits_grow_with_the_mail(size: int) -> None:
    """And are never less than a small mail needs."""
    here, more = isolate.limits(size), isolate.limits(size + MIB)
    assert here.seconds < more.seconds
    assert here.processor <= more.processor
    assert here.memory >= 256 * MIB + 5 * size
