"""The command line: which commands there are, how one is found, and what its end means to the shell.

Stands above everything; each command lives in a module of its own that is loaded when the command is called,
so that ``maild --help`` answers at once. A command is a function with typer's annotations: it returns an exit
code (None is 0) or raises. Every expected error becomes a line on standard error and one of the codes of
sysexits(3); anything else is a fault of ours and exits 70 with its traceback in the log.
"""

import errno
import getpass
import importlib
import io
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from maild.config import Config

# command, where it is, what it does
_COMMANDS = (
    ("run", "operate:run", "The daemon; --once: one pass of everything that is due."),
    ("demo", "operate:demo", "A rehearsal on this machine, with nothing to set up."),
    ("quickstart", "quickstart:quickstart", "A first configuration by a few questions; then doctor."),
    ("doctor", "doctor:doctor", "Whether all that maild needs is there, and how to mend it."),
    ("status", "operate:status", "Whether it is alive and in time; exit code for monitors."),
    ("oauth login", "oauth:oauth_login", "Let a person open a mailbox for maild, once."),
    ("oauth status", "oauth:oauth_status", "Whether tokens can be had, and what to click where not."),
    ("tickets", "look:tickets", "The tickets."),
    ("ticket show", "look:ticket_show", "One ticket and its mails."),
    ("ticket assign", "ticket:ticket_assign", "Hand it to an agent or a team."),
    ("ticket note", "ticket:ticket_note", "Keep words on it that only the desk reads."),
    ("ticket close", "ticket:ticket_close", "Close it; the requester hears nothing."),
    ("ticket reopen", "ticket:ticket_reopen", "Open it again when it has ended."),
    ("ticket merge", "ticket:ticket_merge", "Merge it into another one of the same requester."),
    ("ticket link", "ticket:ticket_link", "Let it and another one know of each other."),
    ("ticket split", "ticket:ticket_split", "Give one of its mails a ticket of its own."),
    ("why", "look:why", "Why a mail is on its ticket: every signal that was tried."),
    ("trace", "look:trace", "Every event of a ticket, mail or address, in order."),
    ("outbox list", "outbox:outbox_list", "The letters that wait, are held, or did not arrive."),
    ("outbox show", "outbox:outbox_show", "One letter: where it stands, its headers and its text."),
    ("outbox hold", "outbox:outbox_hold", "Keep letters from leaving until they are released."),
    ("outbox release", "outbox:outbox_release", "Let held letters leave."),
    ("outbox retry", "outbox:outbox_retry", "Try letters again."),
    ("outbox drop", "outbox:outbox_drop", "Never send these letters; their content is kept."),
    ("quarantine list", "quarantine:quarantine_list", "The mails that could not be read, and why."),
    ("quarantine show", "quarantine:quarantine_show", "One of them; --raw: the mail itself."),
    (
        "quarantine retry",
        "quarantine:quarantine_retry",
        "Read it again, and put what was read on its ticket.",
    ),
    ("quarantine discard", "quarantine:quarantine_discard", "Leave it unread for good; nothing is deleted."),
    ("report", "report:report", "How the promise was kept, with the tickets behind each figure."),
    ("simulate", "simulate:simulate", "A year of arrivals and acts through the real clocks, in seconds."),
    ("parse", "prove:parse", "What maild reads in a mail."),
    ("reconcile", "reconcile:reconcile", "Every mail of every maildrop against the ledger."),
    ("config show", "prove:config_show", "What is in force, and where each value comes from."),
    ("config check", "prove:config_check", "Whether the configuration and the letters can be used."),
    ("template list", "template:template_list", "The letters and pages: languages, whose, what for."),
    ("template preview", "template:template_preview", "One of them, with made-up values."),
    ("config schema", "prove:config_schema", "The JSON schema of config.toml."),
    ("db current", "repair:db_current", "Which schema the database has."),
    ("db upgrade", "repair:db_upgrade", "Bring it to this version's schema, after a backup copy."),
    ("db move", "repair:db_move", "Take the state to another database: SQLite or PostgreSQL."),
    (
        "replay",
        "replay:replay",
        "What would be done with mail (--dry-run), or a lost state made anew (--into).",
    ),
    ("person export", "person:person_export", "All that is kept of somebody, to be given to him."),
    ("person forget", "person:person_forget", "Erase what is kept of somebody; figures stay."),
    ("backup", "repair:backup", "A copy of the state, made while the daemon runs."),
)
_GROUPS = {
    "oauth": "Tokens instead of passwords: log in, look.",
    "ticket": "One ticket: look at it, and do what agents do by mail.",
    "outbox": "What we owe: look at it, hold it, let it go, try it again.",
    "quarantine": "Mails that could not be read.",
    "person": "What is kept of a person: given out, or erased.",
    "template": "The letters and pages, shipped and your own.",
    "config": "The configuration: in force, right or wrong, possible.",
    "db": "The database: its schema, and which one it is.",
}

# One that can be written, as its help and whoever was misunderstood read it.
_EXAMPLES = {
    "run": "run --config /etc/maild/config.toml",
    "demo": "demo --seconds 20",
    "quickstart": "quickstart --provider google --address support@etnic.be --service-account-file key.json",
    "doctor": "doctor --config /etc/maild/config.toml",
    "status": "status --json",
    "oauth login": "oauth login support",
    "oauth status": "oauth status --json",
    "tickets": "tickets --status new --team desk",
    "ticket show": "ticket show 1042",
    "ticket assign": "ticket assign 1042 Anne Dupont",
    "ticket note": "ticket note 1042 The school has called again",
    "ticket close": "ticket close 1042",
    "ticket reopen": "ticket reopen 1042",
    "ticket merge": "ticket merge 1043 1042",
    "ticket link": "ticket link 1043 1042",
    "ticket split": "ticket split 1042 jdhrmb306wyn4k",
    "why": "why 1042",
    "trace": "trace jean@ecole.be",
    "outbox list": "outbox list --state failed",
    "outbox show": "outbox show 7",
    "outbox hold": "outbox hold 7 8",
    "outbox release": "outbox release 7 8",
    "outbox retry": "outbox retry 7 8",
    "outbox drop": "outbox drop 7 8",
    "quarantine list": "quarantine list --json",
    "quarantine show": "quarantine show 1042 --raw",
    "quarantine retry": "quarantine retry 1042",
    "quarantine discard": "quarantine discard 1042",
    "report": "report --month 2026-11 --html report.html",
    "simulate": "simulate --days 90 --seed 7 --per-day 4 --clock desk",
    "parse": "parse mail.eml --json",
    "reconcile": "reconcile --json",
    "config show": "config show --json",
    "config check": "config check --config new.toml",
    "config schema": "config schema",
    "template list": "template list --json",
    "template preview": "template preview receipt --lang nl",
    "db current": "db current --json",
    "db upgrade": "db upgrade --config /etc/maild/config.toml",
    "db move": "db move --to postgresql://maild@db.etnic.be/maild",
    "replay": "replay archive.mbox --dry-run",
    "person export": "person export jean@ecole.be --to jean.zip",
    "person forget": "person forget jean@ecole.be",
    "backup": "backup /srv/backup/maild-2026-11-23.db",
}

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The configuration (default: ./config.toml, then /etc/maild/config.toml).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")]


class Code(IntEnum):
    """What the shell is told: the codes of sysexits(3), and 1 for a negative answer."""

    OK = 0
    NO = 1
    USAGE = 64
    BAD_INPUT = 65
    NO_INPUT = 66
    UNREACHABLE = 69
    OUR_FAULT = 70
    TRY_LATER = 75
    REFUSED = 77
    CONFIG = 78


class Stop(Exception):
    """A command that cannot go on: the exit code, and what to tell the person who called it."""

    def __init__(self, code: Code, what: str, remedy: str = "") -> None:
        self.code = code
        super().__init__(f"{what}; {remedy}" if remedy else what)


def example_of(args: Sequence[str]) -> str:
    """How the command that these words begin with can be written; "" where they name none."""
    known = (words for words in _EXAMPLES if list(args[: len(words.split())]) == words.split())
    words = max(known, key=len, default="")
    return f"maild {_EXAMPLES[words]}" if words else ""


def read_config(path: Path | None) -> "Config":
    """The configuration in force for a command with this ``--config``.

    Raises:
        maild.config.ConfigError: which ends the command with 78.
    """
    from maild import config

    return config.load(path, os.environ)


def check_config(path: Path | None) -> None:
    """For a command that needs no configuration: one that was named all the same has to be right."""
    if path is not None:
        read_config(path)


def place_for(path: Path, option: str, example: str, *, makes_folders: bool = False) -> Path:
    """The path, where a file can be written there.

    Args:
        option: before the path, as in ``--html``; "" for an argument.
        makes_folders: those on the way that are not there will be made.

    Raises:
        Stop: it cannot (64, 66, 77), with an example. Said before anything is read.
    """
    shown = f"for example {option} {example}".replace("  ", " ")
    if path.is_dir():
        raise Stop(Code.USAGE, f"{path} is a folder", f"name a file in it, {shown}")
    if path.exists() and not path.is_file():
        raise Stop(Code.USAGE, f"{path} is no file", shown)
    folder = next((each for each in path.parents if each.exists()), Path()) if makes_folders else path.parent
    if not folder.is_dir():
        raise Stop(Code.NO_INPUT, f"there is no folder {folder}", f"make it, or name another: {shown}")
    if not os.access(folder, os.W_OK):
        raise Stop(Code.REFUSED, f"{folder} must not be written", f"name another folder: {shown}")
    return path


# Characters that end a line for some programs, or that UTF-8 does not know: written as JSON escapes.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def _json_form(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def say_json(record: Mapping[str, object]) -> None:
    """One object on one line of standard output, in UTF-8 whatever the locale is; instants in UTC with Z."""
    typer.echo(json_line(record).encode("utf-8"))


def json_line(record: Mapping[str, object]) -> str:
    """One object as one line, without its end; instants in UTC with Z."""
    line = json.dumps(record, ensure_ascii=False, default=_json_form)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


def operator() -> str:
    """Who gives this command, as the stories of tickets name him: ``operator:anne``."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as containers have them
        return "operator:unknown"


# --- finding the command ------------------------------------------------------------------------------------


class _Later(TyperCommand):
    """A command of which only the name and one line of help are known until it is called."""

    def __init__(self, words: str, where: str, line: str) -> None:
        name = words.rpartition(" ")[2]
        super().__init__(name=name, help=line, short_help=line, rich_markup_mode=None)
        self.where = where
        self.example = example_of(words.split())

    def found(self) -> TyperCommand:
        """The command itself; loads its module."""
        module, _, function = self.where.partition(":")
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(self.name, epilog=f"Example: {self.example}")(
            getattr(importlib.import_module(f"maild.cli.{module}"), function)
        )
        return cast("TyperCommand", typer.main.get_command(alone))


class _Group(TyperGroup):
    """A group that loads a command when it is called, not when it is listed."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.found() if isinstance(command, _Later) else command, rest


class _Everything(_Group):
    """``maild`` itself."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for words, where, line in _COMMANDS:
            group, _, name = words.rpartition(" ")
            home = self._group(group) if group else self
            home.add_command(_Later(words, where, line), name)

    def _group(self, name: str) -> TyperGroup:
        if name not in self.commands:
            self.add_command(
                _Group(name=name, help=_GROUPS[name], no_args_is_help=True, rich_markup_mode=None)
            )
        return cast("TyperGroup", self.commands[name])


def version() -> str:
    """The version that is installed."""
    from importlib import metadata

    try:
        return metadata.version("maild")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def _say_version(wanted: bool) -> None:
    if wanted:
        python = ".".join(str(part) for part in sys.version_info[:3])
        typer.echo(f"maild {version()} (Python {python})")
        raise typer.Exit


app = typer.Typer(
    cls=_Everything,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def maild(
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which maild this is.")
    ] = False,
) -> None:
    """The daemon behind a service desk's mail address.

    Begin with `maild demo`, then `maild quickstart`. Every command takes --config FILE and --help.
    """


# --- the end of a command -----------------------------------------------------------------------------------

# By name, so that no module is loaded only to know its errors. A class stands for its subclasses too.
_CODE_OF = {
    "jinja2.exceptions.TemplateError": Code.CONFIG,
    "maild.config.ConfigError": Code.CONFIG,
    "maild.daemon.Locked": Code.TRY_LATER,
    "maild.isolate.NoWorker": Code.TRY_LATER,
    "maild.oauth.bearer.Refused": Code.REFUSED,
    "maild.oauth.bearer.Unreachable": Code.UNREACHABLE,
    "maild.receive.mailbox.LoginRefused": Code.REFUSED,
    "maild.receive.mailbox.NoFolder": Code.CONFIG,
    "maild.receive.mailbox.Unreachable": Code.UNREACHABLE,
    "storage.database.Unavailable": Code.TRY_LATER,
    "storage.database.SchemaTooNew": Code.CONFIG,
    "storage.database.Unfinished": Code.CONFIG,
    "storage.moving.NotEmpty": Code.REFUSED,
    "storage.moving.NotEqual": Code.BAD_INPUT,
    "storage.store.LeaseLost": Code.TRY_LATER,
}
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
# A path that nobody can mean: too long, through a file, a folder in the place of a file.
_NO_PATH = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.ELOOP})


def _code_of(error: Exception) -> Code:
    match error:
        case Stop():
            return error.code
        case PermissionError():
            return Code.REFUSED
        case FileNotFoundError():
            return Code.NO_INPUT
        case FileExistsError():
            return Code.REFUSED
        case OSError() if error.errno in _NO_ROOM:
            return Code.TRY_LATER
        case OSError() if error.errno in _NO_PATH:
            return Code.NO_INPUT
        case OSError() if error.errno == errno.EROFS:
            return Code.REFUSED
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((_CODE_OF[name] for name in names if name in _CODE_OF), Code.OUR_FAULT)


def _ranked(lines: str) -> str:
    """What ends a command, marked as an error where journald reads it."""
    if "JOURNAL_STREAM" not in os.environ:
        return lines
    from maild import log

    return log.with_priority(lines, logging.ERROR) if log.is_journal(sys.stderr) else lines


def _explained(error: Exception, args: Sequence[str]) -> Exception:
    """The error, or in its place what a person can do about what he wrote."""
    if isinstance(error, UnicodeEncodeError) and not all(map(_is_text, args)):
        return Stop(Code.USAGE, "an argument is no text in UTF-8", f"for example: {example_of(args)}")
    if isinstance(error, OSError) and error.filename and error.errno in {*_NO_PATH, errno.ENOENT}:
        what = f"{os.fsdecode(error.filename)}: {error.strerror}"
        return Stop(_code_of(error), what, f"for example: {example_of(args)}")
    return error


def _is_text(argument: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in argument)


def _told(error: Exception) -> Code:
    """Tells the person in front what went wrong; returns the exit code."""
    code = _code_of(error)
    if code is not Code.OUR_FAULT:
        typer.echo(_ranked("\n".join(f"maild: {line}" for line in str(error).splitlines())), err=True)
        return code
    from maild import log

    if not log.is_configured():
        # What a person pastes into a report names nobody.
        log.configure("console", mask_addresses=True)
    log.get("maild.cli").error("crashed", version=version(), exc_info=error)
    typer.echo(
        f"maild: this is a fault of maild ({type(error).__name__}). Its traceback is in the log, on standard"
        " error; please report it with the command and the answer of `maild --version`.",
        err=True,
    )
    return code


def answer(args: Sequence[str]) -> int:
    """Runs a command; returns its exit code. Never raises but for a command that ends the process itself."""
    command = typer.main.get_command(app)
    try:
        code = command.main(list(args), prog_name="maild", standalone_mode=False)
    except typer.TyperException as error:
        # Only what the person wrote is refused this way, before any command has begun.
        cast("Any", error).show()
        if example := example_of(args):
            typer.echo(f"For example: {example}", err=True)
        return Code.USAGE
    except typer.Abort:
        typer.echo("\nmaild: broken off", err=True)
        return Code.NO
    # Whatever it is, the shell must hear of it as a code.
    except Exception as error:  # noqa: BLE001
        return _told(_explained(error, args))
    return code if isinstance(code, int) else Code.OK


def _end(number: int, _frame: object) -> None:
    # The next one finds nobody: what is being cleared away is not left half.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _end_in_order() -> None:
    """SIGTERM, and a terminal that is closed, end a command as Ctrl-C does: it clears away what it began."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever calls it by nohup(1) wants it to go on.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def main() -> None:
    """The program ``maild``; exits with the command's code."""
    # The daemon bears any death, and whoever waits for it hears of which signal it died.
    if sys.argv[1:2] != ["run"]:
        _end_in_order()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is shown to a person whose locale lacks a letter is shown without it.
        sys.stdout.reconfigure(errors="replace")
    sys.exit(answer(sys.argv[1:]))
