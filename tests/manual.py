"""The man page, made of the command line itself: ``docs/maild.1``.

``python -m tests.manual`` (``make man``) writes it anew; a test says when that is to be done.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from maild import cli
from maild.cli import Code

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/maild.1"

_MEANINGS = {
    Code.OK: "All is well, or done.",
    Code.NO: "A negative answer: something is wrong, missing or late.",
    Code.USAGE: "The command was written in a way that it does not know.",
    Code.BAD_INPUT: "What it was given cannot be read.",
    Code.NO_INPUT: "There is no such file, ticket or mail.",
    Code.UNREACHABLE: "A server does not answer.",
    Code.OUR_FAULT: "A fault of maild; its traceback is in the log.",
    Code.TRY_LATER: "Not now: the state is in use, the database is away or the disk is full.",
    Code.REFUSED: "Not permitted, or a server refuses the login.",
    Code.CONFIG: "The configuration is wrong; each line says where, and how to mend it.",
}
_ENVIRONMENT = {
    "MAILD_TABLE__KEY": "Any key of the configuration, such as MAILD_SLA__LIMIT=24h; it wins over the file.",
    "PGPASSFILE": "The password file of PostgreSQL's client library, also for `pg_dump`.",
    "NO_COLOR": "No colours on a terminal.",
    "JOURNAL_STREAM": "Set by systemd; the lines of the log then begin with their priority (sd-daemon(3)).",
    "NOTIFY_SOCKET, WATCHDOG_USEC": "Set by systemd; it hears whether the daemon is ready, lives and stops "
    "(sd_notify(3)).",
}
_FILES = {
    "./config.toml, /etc/maild/config.toml": "The configuration: the first of these, or `--config`.",
    "PREFIX/share/maild/config.toml": "The sample: every key with its default and its explanation.",
    "PREFIX/share/doc/maild/card-fr.html, card-en.html": "The card for agents, one sheet of A4.",
    "var/": "The state, or as `[state] directory` says: the database, its copy before each upgrade, what "
    "`maild oauth login` gave, and the lock.",
}
_SIGNALS = {
    "SIGTERM, SIGINT": "The daemon ends in order; a letter past its data waits for the server's answer. "
    "Any other command clears away what it began.",
    "SIGHUP": "The daemon takes up a changed configuration; a faulty one is refused, and the log says why.",
}


# --- groff --------------------------------------------------------------------------------------------------


def _escaped(text: str) -> str:
    """Text that groff and man print as it is, whatever the locale (groff_char(7))."""
    text = text.replace("\\", "\\e")
    return "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in text)


def _code(text: str) -> str:
    """Bold, and with the hyphens that a shell knows."""
    return "\\fB" + _escaped(text).replace("-", "\\-") + "\\fR" if text else ""


def _prose(text: str) -> str:
    """One paragraph on one line; what stands between backticks is code."""
    parts = " ".join(text.split()).split("`")
    told = "".join(_code(part) if at % 2 else _escaped(part) for at, part in enumerate(parts))
    # A line that begins so would be a request.
    return f"\\&{told}" if told.startswith((".", "'")) else told


def _listed(term: str, text: str) -> Iterator[str]:
    yield from (".TP", term, _prose(text))


# --- commands -----------------------------------------------------------------------------------------------


def _name(argument: Any) -> str:
    """As the usage line has it: ``[PATH...]``."""
    name = (argument.metavar or argument.name.upper()).strip("[]{}.") + (
        "..." if argument.nargs == -1 else ""
    )
    return name if argument.required else f"[{name}]"


def _terms(option: Any) -> str:
    """``--config FILE``, or ``--once``."""
    names = ", ".join(_code(name) for name in option.opts)
    return names if option.is_flag else f"{names} \\fI{_escaped(option.metavar or option.name.upper())}\\fR"


def _kinds(command: Any) -> tuple[list[Any], list[Any]]:
    """Arguments and options."""
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    return arguments, [
        each for each in command.params if each.param_type_name == "option" and not each.hidden
    ]


def _paragraphs(text: str) -> Iterator[str]:
    for at, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if at:
            yield ".PP"
        yield _prose(paragraph)


# Every command has the first, many have the second: they are explained once.
_COMMON = frozenset({"--config", "--json"})


def _command(words: str, where: str, line: str) -> Iterator[str]:
    found: Any = cli._Later(words, where, line).found()
    arguments, options = _kinds(found)
    usage = [f"maild {words}", *(_name(each) for each in arguments)]
    yield f'.SS "{_escaped(" ".join(usage))}"'
    yield from _paragraphs(found.help or line)
    for each in arguments:
        yield from _listed(f"\\fI{_escaped(_name(each).strip('[]'))}\\fR", each.help or "")
    for each in options:
        if not _COMMON & set(each.opts):
            yield from _listed(_terms(each), each.help or "")
    if any("--json" in each.opts for each in options):
        yield from (".PP", _prose("Takes `--json`."))
    yield from (".PP", _prose(f"Example: `{cli.example_of(words.split())}`"))


def _options() -> Iterator[str]:
    whole: Any = typer.main.get_command(cli.app)
    tickets: Any = cli._Later("tickets", "look:tickets", "").found()
    common = [each for each in _kinds(tickets)[1] if _COMMON & set(each.opts)]
    for each in [*common, *_kinds(whole)[1]]:
        yield from _listed(_terms(each), each.help or "")
    yield from _listed(
        _code("-h") + ", " + _code("--help"), "Say what a command does, and how it is written."
    )


def _table(heading: str, rows: dict[str, str]) -> Iterator[str]:
    yield f".SH {heading}"
    for term, text in rows.items():
        yield from _listed(_code(term), text)


def page() -> str:
    """The whole page in the macros of man(7); without a date, so that it changes with the program alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    whole: Any = typer.main.get_command(cli.app)
    lines = [
        '.\\" Made by `make man`: change the commands in maild/cli instead.',
        f'.TH MAILD 1 "" "maild {project["version"]}" "maild"',
        # A name that is broken over two lines is no longer found.
        ".nh",
        ".SH NAME",
        f"maild \\- {_prose(whole.help.splitlines()[0].rstrip('.'))}",
        ".SH SYNOPSIS",
        f"{_code('maild')} \\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        _prose(project["description"]),
        ".PP",
        *_paragraphs(whole.help.partition("\n")[2]),
        ".SH OPTIONS",
        *_options(),
        ".SH COMMANDS",
        *(line for each in cli._COMMANDS for line in _command(*each)),
        *_table("EXIT STATUS", {str(code.value): _MEANINGS[code] for code in Code}),
        *_table("SIGNALS", _SIGNALS),
        *_table("ENVIRONMENT", _ENVIRONMENT),
        *_table("FILES", _FILES),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="ascii")
