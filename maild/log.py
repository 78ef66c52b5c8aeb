"""The log: one stream on standard error for our own events and for what the libraries say.

Below everything: whoever has something to say calls ``get(__name__)`` and logs an event with its values.
`configure` chooses form and level once, at the start; before it, only warnings are written. It cannot fail: a
value that has no JSON form is written as text. One event is one line, whatever its values hold (a traceback
on the console excepted); bodies are never logged, and values under a key that names a secret are hidden.
Where journald reads the stream, each line begins with its priority.
"""

import json
import logging
import os
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, TextIO, cast

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

Format = Literal["json", "logfmt", "console"]
HIDDEN = "********"

# What a library tells below these levels is noise, or worse: imapclient writes whole mails, bodies included,
# at DEBUG; mail-parser header text of strangers; aiosmtpd each command at INFO; APScheduler each run at INFO
# and each skipped one at WARNING.
_QUIET = {
    "imapclient": logging.WARNING,
    "imapclient.imaplib": logging.WARNING,
    "mailparser": logging.CRITICAL,
    "apscheduler": logging.ERROR,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "mail.log": logging.WARNING,
    "mail.debug": logging.WARNING,
    "asyncio": logging.WARNING,
    "pymap": logging.WARNING,
    "stamina": logging.WARNING,
    # Strangers could fill a log with what they ask for; what fails in a page the board logs itself.
    "uvicorn": logging.CRITICAL,
    "uvicorn.error": logging.CRITICAL,
}
# What syslog calls our levels, from the highest (sd-daemon(3)).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_LEVEL_OF = {"exception": "error", "warn": "warning", "fatal": "critical", "msg": "info"}


class _Line(str):
    """An event of ours, rendered: nothing is left to do but to write it."""

    __slots__ = ()


# --- values -------------------------------------------------------------------------------------------------

_SECRET_KEY = re.compile(r"(?:^|_)(?:password|passwd|passphrase|secrets?|token|authorization|cookie)$")
# Begins where a word begins, so that a long text costs one look at each of its words.
_APART = r"""\s@<>"'=/:;,()\[\]"""
_ADDRESS = re.compile(rf"(?<![^{_APART}])([^{_APART}])[^{_APART}]*@([^{_APART}]+)")
# A Message-ID looks like an address, but it names nobody and is what a log is searched for.
_IDS = frozenset({"msgid", "message_id", "in_reply_to", "references"})
# Whatever could end a line, steer a terminal, or not be written as UTF-8.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@lru_cache(maxsize=1024)
def _names_a_secret(key: str) -> bool:
    return _SECRET_KEY.search(key.lower()) is not None


def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: object) -> object:
    """The JSON form of what JSON does not know: instants in UTC, spans in seconds, anything else as text."""
    match value:
        case datetime():
            aware = value.astimezone(UTC) if value.tzinfo else value
            return aware.isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case set() | frozenset():
            return sorted(str(each) for each in value)
        case _:
            return str(value)


def mask(text: str) -> str:
    """``text`` with each address cut down to its first letter and its domain: ``a***@domain``."""
    return _ADDRESS.sub(r"\1***@\2", text) if "@" in text else text


def _masked(key: str, value: Any) -> Any:
    if key in _IDS:
        return value
    match value:
        case str():
            return mask(value)
        case list() | tuple() | set() | frozenset():
            return [_masked(key, each) for each in value]
        case dict():
            return {name: _masked(str(name), each) for name, each in value.items()}
        case None | bool() | int() | float() | datetime() | timedelta():
            return value
        case _:
            return mask(str(_plain(value)))


def _hidden(value: Any) -> Any:
    """A nested table with its own secrets hidden; anything else as it is."""
    if not isinstance(value, dict):
        return value
    return {key: HIDDEN if _names_a_secret(str(key)) else _hidden(each) for key, each in value.items()}


# --- processors ---------------------------------------------------------------------------------------------


def _frame(logger: WrappedLogger, method: str, event: MutableMapping[str, Any]) -> EventDict:
    """The four keys that every line begins with, then the values; secrets are hidden here."""
    record = event.get("_record")
    now = datetime.now(UTC) if record is None else datetime.fromtimestamp(record.created, UTC)
    framed: EventDict = {
        "timestamp": now.isoformat(timespec="microseconds")[:-6] + "Z",
        "level": _LEVEL_OF.get(method, method),
        "event": event.pop("event", ""),
        "logger": logger.name if record is None else record.name,
    }
    for key, value in event.items():
        if key not in framed:
            framed[key] = HIDDEN if _names_a_secret(key) else _hidden(value)
    return framed


def _mask_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    kept = ("timestamp", "level", "logger", "_record", "_from_structlog")
    return {key: value if key in kept else _masked(key, value) for key, value in event.items()}


def _told(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The traceback as one text, where there is one."""
    return structlog.processors.format_exc_info(logger, method, event) if "exc_info" in event else event


def _flat(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Values as the console may show them: no line breaks, nothing that steers the terminal."""
    return {
        key: value if key == "exception" else _escaped(value if isinstance(value, str) else _text(value))
        for key, value in event.items()
    }


_encode = json.JSONEncoder(ensure_ascii=False, default=_plain, check_circular=False).encode
_logfmt = structlog.processors.LogfmtRenderer(bool_as_flag=False)


def _as_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return _Line(_escaped(_encode(event)))


def _as_logfmt(logger: WrappedLogger, method: str, event: EventDict) -> str:
    simple = {
        key.replace(" ", "_"): value if isinstance(value, str | bool | int | float | None) else _text(value)
        for key, value in event.items()
    }
    return _Line(_escaped(_logfmt(logger, method, simple)))


def _text(value: object) -> str:
    """The JSON form of a value that is no text, without quotes around it, so that all forms agree."""
    plain = _encode(value) if isinstance(value, dict | list | tuple) else _plain(value)
    return str(plain)


def _console(stream: TextIO) -> Processor:
    colours = stream.isatty() and not os.environ.get("NO_COLOR")
    renderer = structlog.dev.ConsoleRenderer(
        colors=colours, pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
    )
    return lambda logger, method, event: _Line(renderer(logger, method, event))


def _ending(form: Format, stream: TextIO) -> tuple[Processor, ...]:
    """What makes a line of an event."""
    match form:
        case "json":
            return (_as_json,)
        case "logfmt":
            return (_as_logfmt,)
        case "console":
            return (_flat, _console(stream))


# --- the stream ---------------------------------------------------------------------------------------------


def is_journal(stream: TextIO) -> bool:
    """Whether journald reads what is written there: then JOURNAL_STREAM names it (systemd.exec(5))."""
    named = os.environ.get("JOURNAL_STREAM")
    if not named:
        return False
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # it is no file, or closed
        return False
    # Whoever inherits the variable may write to some other place.
    return named == f"{found.st_dev}:{found.st_ino}"


def with_priority(text: str, level: int) -> str:
    """``text`` with ``<N>`` before each line, N being the priority of ``level``, one of logging's numbers."""
    priority = next((priority for least, priority in _PRIORITIES if level >= least), 7)
    return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


class _Lines(ProcessorFormatter):
    """Our own events come rendered; the libraries' records go through the same processors here."""

    def format(self, record: logging.LogRecord) -> str:
        return str(record.msg) if isinstance(record.msg, _Line) else super().format(record)


class _JournalLines(_Lines):
    """The same for journald, which takes the priority off again."""

    def format(self, record: logging.LogRecord) -> str:
        return with_priority(super().format(record), record.levelno)


class _Stream(logging.StreamHandler[TextIO]):
    """The handler that `configure` put there, so that the next call finds and replaces it."""


# One list for every logger of ours: `configure` changes what is in it, so loggers made earlier follow.
_CHAIN: list[Processor] = [
    structlog.stdlib.filter_by_level,
    structlog.contextvars.merge_contextvars,
    _frame,
    _told,
    _as_logfmt,
]


def _adopt() -> None:
    """Makes structlog speak through the standard library, with `_CHAIN`."""
    structlog.configure(
        processors=_CHAIN,
        wrapper_class=BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def get(name: str) -> BoundLogger:
    """The logger of a module, told its ``__name__``; it follows every later `configure`."""
    if not structlog.is_configured():
        _adopt()
    return cast("BoundLogger", structlog.get_logger(name))


def is_configured() -> bool:
    """Whether `configure` has been called in this process."""
    return any(isinstance(handler, _Stream) for handler in logging.getLogger().handlers)


def configure(
    format: Format = "json", level: str = "info", mask_addresses: bool = False, stream: TextIO | None = None
) -> None:
    """Sends everything that is logged in this process to one stream, in one form.

    Args:
        format: "json" or "logfmt" for programs, "console" for people (coloured on a terminal only).
        level: the least level of our own events; the libraries' may be quieter, never louder.
        mask_addresses: whether addresses show their first letter and their domain only.
        stream: where to; None is standard error. One that journald reads gets priorities (sd-daemon(3)).
    """
    out = sys.stderr if stream is None else stream
    merge = structlog.contextvars.merge_contextvars
    shared: list[Processor] = [merge, _frame, _told, *([_mask_values] if mask_addresses else [])]
    ending = _ending(format, out)
    _CHAIN[:] = [structlog.stdlib.filter_by_level, *shared, *ending]
    _adopt()
    handler = _Stream(out)
    lines = _JournalLines if is_journal(out) else _Lines
    handler.setFormatter(
        lines(foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, *ending])
    )
    _install(handler, getattr(logging, level.upper()))


def _install(handler: _Stream, level: int) -> None:
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _Stream)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(level, least))
    logging.captureWarnings(capture=True)
