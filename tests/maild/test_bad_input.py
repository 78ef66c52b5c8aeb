"""Whatever is written wrongly on the command line: said with what was expected, and nothing is written."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maild import cli
from maild.cli import Code

COMMANDS = [words for words, _, _ in cli._COMMANDS]
NUMBER, SPAN, LETTERS = "write ETNIC-1042 or 1042", "for example --month 2026-11", "example: maild outbox"
SIMULATE = "example: maild simulate --days 90"
FRESH = "quickstart --yes --config new.toml --address a@b.be --provider"
QUICK = f"{FRESH} imap --imap-host i.invalid --smtp-host s.invalid --password-file pw"
GOOGLE = f"{FRESH} google"
ENTRA = f"{FRESH} microsoft --tenant b.be --client-id 0"
# The parameter, what is written, the exit code, what is said of it.
WRONG: dict[tuple[str, str], list[tuple[str, int, str]]] = {
    ("demo", "--seconds"): [
        ("demo --seconds x", 64, "example: maild demo --seconds 20"),
        ("demo --seconds 0", 64, "example: maild demo --seconds 20"),
        ("demo --seconds 9999999", 64, "example: maild demo --seconds 20"),
    ],
    ("quickstart", "--config"): [
        (f"{QUICK} --config .", 64, "name a file in it, such as config.toml"),
        (f"{QUICK} --config pw/config.toml", 77, "name another place by --config"),
    ],
    ("quickstart", "--address"): [(f"{QUICK} --address x", 64, '"support@example.org"')],
    ("quickstart", "--provider"): [(f"{QUICK} --provider x", 64, "write microsoft or google or imap")],
    ("quickstart", "--auth"): [(f"{QUICK} --auth device", 64, "write password")],
    ("quickstart", "--imap-host"): [(f"{QUICK} --imap-host 'a b'", 78, 'as in "imap.example.org"')],
    ("quickstart", "--smtp-host"): [(f"{QUICK} --smtp-host https://x", 78, 'as in "imap.example.org"')],
    ("quickstart", "--imap-tls"): [(f"{QUICK} --imap-tls ssl", 64, "write implicit or starttls or none")],
    ("quickstart", "--smtp-tls"): [(f"{QUICK} --smtp-tls ssl", 64, "write implicit or starttls or none")],
    ("quickstart", "--imap-port"): [
        (f"{QUICK} --imap-port x", 64, "example: maild quickstart"),
        (f"{QUICK} --imap-port 65536", 78, "less than or equal to 65535"),
    ],
    ("quickstart", "--smtp-port"): [
        (f"{QUICK} --smtp-port x", 64, "example: maild quickstart"),
        (f"{QUICK} --smtp-port -1", 78, "greater than or equal to 1"),
    ],
    ("quickstart", "--password-file"): [
        (f"{QUICK} --password-file nowhere", 66, "write it first, with mode 600"),
        (f"{QUICK} --password-file .", 66, "write it first, with mode 600"),
    ],
    ("quickstart", "--smtp-password-file"): [
        (f"{QUICK} --smtp-password-file nowhere", 78, "write the password into it"),
    ],
    ("quickstart", "--client-secret-file"): [
        (f"{ENTRA} --client-secret-file nowhere", 66, "write it first, with mode 600"),
    ],
    ("quickstart", "--service-account-file"): [
        (f"{GOOGLE} --service-account-file nowhere", 66, "write it first, with mode 600"),
    ],
    ("quickstart", "--agent"): [(f"{QUICK} --agent Anne", 64, 'write "Anne Dupont <anne@etnic.be>"')],
    ("quickstart", "--administrator"): [(f"{QUICK} --administrator x", 64, "write the bare address")],
    ("quickstart", "--languages"): [(f"{QUICK} --languages xx", 78, 'write one of "fr", "nl"')],
    ("quickstart", "--timezone"): [(f"{QUICK} --timezone Mars", 78, 'such as "Europe/Brussels"')],
    ("quickstart", "--prefix"): [(f"{QUICK} --prefix 'a b'", 78, 'beginning with a letter: "ETNIC"')],
    ("quickstart", "--start"): [(f"{QUICK} --start soon", 78, 'write "all", "now" or a day such as')],
    ("quickstart", "--state"): [(f"{QUICK} --state pw", 64, "such as --state /var/lib/maild")],
    ("oauth login", "name"): [("oauth login nobody", 66, 'those with auth = "oauth": none')],
    ("tickets", "--status"): [("tickets --status nw", 64, "one of: new, taken, waiting")],
    ("tickets", "--team"): [("tickets --team nobody", 65, "one of: desk")],
    ("tickets", "--standing"): [("tickets --standing x", 64, "one of: yes, study, no, unknown")],
    ("ticket show", "number"): [
        ("ticket show x", 64, NUMBER),
        ("ticket show ''", 64, NUMBER),
        ("ticket show 1042x", 64, NUMBER),
        ("ticket show 99999999999999", 64, NUMBER),
        ("ticket show 99", 66, "see `maild tickets`"),
    ],
    ("ticket assign", "number"): [("ticket assign x anne", 64, NUMBER)],
    ("ticket assign", "to"): [
        ("ticket assign 1001 nobody", 65, "write one of these: Anne, desk"),
        ("ticket assign 1001 ''", 65, "write one of these: Anne, desk"),
    ],
    ("ticket note", "number"): [("ticket note x y", 64, NUMBER), ("ticket note 99 y", 66, "maild tickets")],
    ("ticket note", "text"): [("ticket note 1001 ' '", 65, "1 to 20,000 characters")],
    ("ticket close", "number"): [("ticket close x", 64, NUMBER)],
    ("ticket reopen", "number"): [("ticket reopen x", 64, NUMBER)],
    ("ticket merge", "number"): [("ticket merge x 1001", 64, NUMBER)],
    ("ticket merge", "into"): [("ticket merge 1001 x", 64, NUMBER)],
    ("ticket link", "number"): [("ticket link x 1001", 64, NUMBER)],
    ("ticket link", "to"): [("ticket link 1001 x", 64, NUMBER)],
    ("ticket split", "number"): [("ticket split x y", 64, NUMBER)],
    ("ticket split", "mail"): [("ticket split 1001 y", 66, "see maild ticket show 1001")],
    ("why", "reference"): [("why x", 66, "name a ticket"), ("why x@y.be", 66, "an address (jean@ecole.be)")],
    ("trace", "reference"): [("trace x", 66, "name a ticket"), ("trace 99", 66, "see `maild tickets`")],
    ("outbox list", "--state"): [("outbox list --state x", 64, "one of: ready, claimed")],
    ("outbox show", "number"): [
        ("outbox show x", 64, LETTERS),
        ("outbox show 0", 64, LETTERS),
        ("outbox show 99999999999", 64, LETTERS),
        ("outbox show 99", 66, "see `maild outbox list`"),
    ],
    ("outbox hold", "numbers"): [("outbox hold x", 64, LETTERS), ("outbox hold 99", 66, "maild outbox list")],
    ("outbox release", "numbers"): [("outbox release 1 x", 64, LETTERS)],
    ("outbox retry", "numbers"): [("outbox retry 0", 64, LETTERS)],
    ("outbox drop", "numbers"): [("outbox drop 1.5", 64, LETTERS)],
    ("quarantine show", "reference"): [("quarantine show x", 66, "see `maild quarantine list`")],
    ("quarantine retry", "reference"): [("quarantine retry 1001", 66, "see `maild quarantine list`")],
    ("quarantine discard", "reference"): [("quarantine discard ''", 66, "see `maild quarantine list`")],
    ("report", "--month"): [
        ("report --month x", 64, SPAN),
        ("report --month 2026-13", 64, SPAN),
        ("report --month 3026-01", 64, SPAN),
    ],
    ("report", "--from"): [("report --from x", 64, SPAN), ("report --from 2020W01", 64, SPAN)],
    ("report", "--to"): [
        ("report --to 2026-11-02", 64, SPAN),
        ("report --from 2026-11-02 --to 2026-11-01", 64, SPAN),
    ],
    ("report", "--html"): [
        ("report --html .", 64, "for example --html report-"),
        ("report --html nowhere/r.html", 66, "for example --html report-"),
        (f"report --html {'x' * 300}", 66, "File name too long; for example: maild report"),
    ],
    ("report", "--csv"): [
        ("report --csv ''", 64, "for example --csv report-"),
        ("report --csv pw/r.csv", 66, "for example --csv report-"),
    ],
    ("report", "--lang"): [("report --lang it", 64, "for example --lang fr (or nl, de, en)")],
    ("simulate", "--days"): [("simulate --days x", 64, SIMULATE), ("simulate --days 0", 64, SIMULATE)],
    ("simulate", "--seed"): [("simulate --seed x", 64, SIMULATE)],
    ("simulate", "--per-day"): [
        ("simulate --per-day x", 64, SIMULATE),
        ("simulate --per-day 0", 64, SIMULATE),
        ("simulate --per-day nan", 64, SIMULATE),
    ],
    ("simulate", "--clock"): [("simulate --clock x", 64, "'wall', 'desk'")],
    ("parse", "files"): [
        ("parse nowhere.eml", 66, "such as mail.eml"),
        ("parse .", 66, "such as mail.eml"),
    ],
    ("template preview", "name"): [
        ("template preview rceipt", 66, "did you mean receipt?"),
        ("template preview ''", 66, "see `maild template list`"),
    ],
    ("template preview", "--lang"): [("template preview receipt --lang it", 64, "--lang fr or nl")],
    ("db move", "--to"): [
        ("db move --to x", 64, '"sqlite:///var/maild.db"'),
        ("db move --to ''", 64, '"sqlite:///var/maild.db"'),
        ("db move --to mysql://x/y", 64, '"postgresql://user@host/name"'),
        ("db move --to postgresql://x:y/z", 75, '"postgresql://user@host:5432/name"'),
        ("db move --to sqlite:///.", 64, '--to sqlite:///var/maild.db'),
        ("db move --to sqlite:///pw", 77, "is no database, and nothing is written over: name a new file"),
        ("db move --to sqlite:///pw/maild.db", 66, "for example --to sqlite:///var/maild.db"),
        ("db move --to sqlite:///var/maild.db", 77, "name an empty database"),
    ],
    ("replay", "paths"): [
        ("replay nowhere --dry-run", 66, "such as archive.mbox"),
        ("replay nowhere --into new", 66, "such as archive.mbox"),
        ("replay one.eml", 64, "--dry-run tells what would be done"),
        ("replay --dry-run", 64, "maild replay archive.mbox --dry-run"),
    ],
    ("replay", "--maildrop"): [
        ("replay --maildrop x --dry-run", 66, "those that can be read again are: support"),
        ("replay --maildrop x --into new", 66, "those that can be read again are: support"),
    ],
    ("replay", "--against"): [
        ("replay one.eml --dry-run --against nowhere.toml", 78, "no such file"),
        ("replay one.eml --dry-run --against bad.toml", 78, "tables in [brackets]"),
    ],
    ("replay", "--into"): [
        ("replay one.eml --into var", 77, "name another folder"),
        ("replay one.eml --into pw", 77, "name another folder"),
        ("replay one.eml --into pw/new", 66, "for example: maild replay"),
        ("replay one.eml --into new --json", 64, "belong to --dry-run, not to --into"),
    ],
    ("person export", "address"): [
        ("person export x", 65, "write it like jean@ecole.be"),
        ("person export nobody@x.be", 66, "is it written as in the mails?"),
        ("person export support@etnic.be", 77, "take it out of [[agent]]"),
    ],
    ("person export", "--to"): [
        ("person export renee@example.be --to x", 64, "a name like person.zip"),
        ("person export renee@example.be --to nowhere/x.zip", 66, "for example --to person.zip"),
    ],
    ("person forget", "address"): [("person forget --yes x", 65, "write it like jean@ecole.be")],
    ("backup", "target"): [
        ("backup pw", 77, "choose another name"),
        ("backup .", 64, "for example /srv/backup/maild.db"),
        ("backup ''", 64, "for example /srv/backup/maild.db"),
        ("backup nowhere/x", 66, "for example /srv/backup/maild.db"),
        (f"backup {'x' * 300}", 66, "File name too long; for example: maild backup"),
    ],
}  # fmt: skip
# Whatever is written there may be meant.
ANY_TEXT = {
    ("quickstart", f"--{name}") for name in ("name", "user", "smtp-user", "tenant", "client-id", "phone")
}


def held(folder: Path) -> dict[str, bytes]:
    """All that is in a folder. The lock of the state stays where it is: the kernel's is what counts."""
    files = (path for path in folder.rglob("*") if path.name != "maild.lock")
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in files}


def parameters() -> Iterator[tuple[str, str]]:
    """Every option and argument that takes a value, with its command; ``--config`` is every command's."""
    for words, where, line in cli._COMMANDS:
        found: Any = cli._Later(words, where, line).found()
        for each in found.params:
            if each.param_type_name == "argument":
                yield words, each.name
            elif not each.is_flag and (words == "quickstart" or "--config" not in each.opts):
                yield words, each.opts[0]


def refused(args: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    """That is how it ends, and nothing has changed."""
    before = held(folder)
    assert cli.answer(args) == code
    told = capsys.readouterr()
    assert said in told.err + (told.out if args[0] == "doctor" else "")
    assert "Traceback" not in told.err
    assert held(folder) == before


def test_no_parameter_is_left_out() -> None:
    assert set(parameters()) == WRONG.keys() | ANY_TEXT


@pytest.mark.parametrize(
    "row", [row for rows in WRONG.values() for row in rows], ids=lambda row: row[0][-60:]
)
def test_a_wrong_value_is_told_with_what_was_expected(
    row: tuple[str, int, str], place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line, code, said = row
    refused(shlex.split(line), code, said, capsys, place)


@pytest.mark.parametrize("words", [words for words in COMMANDS if words != "quickstart"])
@pytest.mark.parametrize(
    ("file", "said"), [("nowhere.toml", "no such file"), ("var", "a folder, not a file")]
)
def test_a_wrong_configuration_is_told_by_every_command(
    words: str, file: str, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = [*shlex.split(cli.example_of(words.split()))[1:], "--config", file]
    refused(args, Code.CONFIG, f"{file}: {said}", capsys, place)


@pytest.mark.parametrize("words", COMMANDS)
def test_what_a_command_does_not_know_is_told_with_an_example(
    words: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An option of no command; nothing where something has to stand."""
    example = cli.example_of(words.split())
    refused([*words.split(), "--nonesuch"], Code.USAGE, f"For example: {example}", capsys, place)
    found: Any = next(cli._Later(*each).found() for each in cli._COMMANDS if each[0] == words)
    if any(each.required for each in found.params):
        refused(words.split(), Code.USAGE, f"For example: {example}", capsys, place)


@pytest.mark.parametrize("words", COMMANDS)
def test_each_example_is_one(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of that very command, and of options that it has."""
    example = cli.example_of(words.split())
    assert example.startswith(f"maild {words}")
    assert cli.answer([*shlex.split(example)[1:], "--help"]) == Code.OK
    assert f"Example: {example}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "line",
    ["why \udcff", "trace \udcff", "ticket note 1001 \udcff", "quarantine show \udcff",
     "person export \udcff@x.be", f"{QUICK} --user \udcff", "db move --to sqlite:///\udcff/m"],
)  # fmt: skip
def test_what_is_no_text_is_told(line: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal with another charset: é comes as one byte, which is none of UTF-8."""
    refused(shlex.split(line), Code.USAGE, "no text in UTF-8; for example: maild ", capsys, place)
