"""The command line: every command is found, every end has its code, and programs can rely on the JSON."""

import base64
import json
import os
import random
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from maild import cli, config
from maild.cli import Code, Stop
from maild.cli import prove as prove_module
from tests.bench import reading

ROOT = Path(__file__).resolve().parents[2]
SECRET = "0123456789abcdef0123456789abcdef"
CONFIG = f"""
[desk]
name = "Desk"
address = "support@etnic.be"
secret = "{SECRET}"
[maildrop.support]
kind = "imap"
host = "imap.example.org"
user = "support"
password_file = "pw"
[submission]
host = "smtp.example.org"
[[agent]]
name = "Anne"
address = "anne@etnic.be"
"""
MAIL = """\
From: =?utf-8?q?Ren=C3=A9e?= <renee@example.be>
To: support@etnic.be, Other <o@example.be>
Cc: c@example.be
Reply-To: back@example.be
Subject: =?utf-8?q?Probl=C3=A8me?=
Date: Tue, 24 Nov 2026 14:32:00 +0100
Message-ID: <one@example.be>
In-Reply-To: <zero@example.be>
References: <root@example.be>
 <zero@example.be>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8

Bonjour, mon imprimante ne fonctionne plus depuis ce matin.\u2028Merci.

--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="a.pdf"

%PDF
--b--
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a configuration and a mail, in an environment that says nothing."""
    for name in [name for name in os.environ if name.startswith("MAILD_")]:
        monkeypatch.delenv(name)
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "pw").write_text("hunter2\n", encoding="utf-8")
    (tmp_path / "one.eml").write_text(MAIL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def program(*args: str, cwd: Path = ROOT, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The real program in a process of its own."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAILD_")}
    environ["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "maild", *args]
    return subprocess.run(command, capture_output=True, cwd=cwd, env=environ, check=False, **options)


# --- finding a command --------------------------------------------------------------------------------------


def test_help_names_every_command_and_loads_none() -> None:
    before = set(sys.modules)
    result = CliRunner().invoke(cli.app, ["--help"])
    assert result.exit_code == 0
    for words, _, _ in cli._COMMANDS:
        assert f"\n  {words.split()[0]} " in result.output
    loaded = {name for name in set(sys.modules) - before if name.startswith(("maild.cli.", "storage"))}
    assert not loaded


def test_help_answers_at_once() -> None:
    """Under a third of a second for the whole process, in time of its own: the machine may be busy."""
    best = 9.0
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert program("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert best < 0.33


@pytest.mark.parametrize("words", [words for words, _, _ in cli._COMMANDS])
def test_each_command_exists_explains_itself_and_takes_a_config(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.answer([*words.split(), "--help"]) == Code.OK
    shown = capsys.readouterr().out
    assert f"Usage: maild {words}" in shown
    assert "--config FILE" in shown


def test_the_program_says_its_version() -> None:
    done = program("--version")
    assert done.returncode == 0
    assert done.stdout.startswith(b"maild ")


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["tickts"],
        ["parse"],
        ["parse", "--jsn", "x"],
        ["config"],
        ["config", "shw"],
        ["--nope"],
        ["db", "x", "y"],
    ],
)
def test_a_usage_error_is_64(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.answer(args) == Code.USAGE
    assert "Usage" in "".join(capsys.readouterr())


def test_a_mistyped_command_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    cli.answer(["doctr"])
    assert "'doctor'" in capsys.readouterr().err


# --- how a command ends -------------------------------------------------------------------------------------


class Locked(Exception):
    pass


Locked.__module__ = "maild.daemon"


class Busier(Locked):
    pass


ENDS = [
    (Stop(Code.NO_INPUT, "no ticket ETNIC-9"), 66),
    (Stop(Code.BAD_INPUT, "not a mail", "look again"), 65),
    (config.ConfigError([config.Problem(file="f", key="k", what="w", remedy="r")]), 78),
    (Locked("in use"), 75),
    (Busier("in use"), 75),
    (PermissionError(13, "Permission denied"), 77),
    (FileNotFoundError(2, "No such file"), 66),
    (OSError(28, "No space left on device"), 75),
    (typer.Exit(3), 3),
    (typer.Abort(), 1),
    (KeyboardInterrupt(), 130),
]


@pytest.mark.parametrize(("error", "code"), ENDS, ids=[f"{type(e).__name__}-{c}" for e, c in ENDS])
def test_each_error_has_its_code(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(prove_module, "config_schema", fails)
    assert cli.answer(["config", "schema"]) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(("value", "code"), [(None, 0), (0, 0), (1, 1), (Code.CONFIG, 78)])
def test_what_a_command_returns_is_its_code(
    value: int | None, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prove_module, "config_schema", lambda: value)
    assert cli.answer(["config", "schema"]) == code


def test_a_fault_of_ours_is_70_and_says_where_the_traceback_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise RuntimeError("impossible")

    monkeypatch.setattr(prove_module, "config_schema", fails)
    assert cli.answer(["config", "schema"]) == Code.OUR_FAULT
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("Traceback") == 1
    assert "RuntimeError: impossible" in said.err
    assert "maild --version" in said.err.splitlines()[-1]


def test_every_problem_of_the_configuration_is_a_line_and_the_code_is_78(place: Path) -> None:
    text = CONFIG.replace('host = "smtp.example.org"', 'hots = "smtp.example.org"')
    (place / "config.toml").write_text(text + '[sla]\nlimti = "24h"', encoding="utf-8")
    done = program("config", "show", cwd=place)
    assert done.returncode == 78
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 3
    assert all(line.startswith("maild: config.toml: ") for line in lines)
    assert 'did you mean "limit"?' in lines[-1] + lines[-2]


def test_no_configuration_at_all_is_78(tmp_path: Path) -> None:
    done = program("config", "check", "--config", "nowhere.toml", cwd=tmp_path)
    assert done.returncode == 78
    assert b"nowhere.toml: no such file" in done.stderr


def test_a_reader_that_goes_away_is_no_crash(place: Path) -> None:
    command = f"{sys.executable} -m maild config show --json | head -1"
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], capture_output=True, cwd=place, env=environ, check=True)
    assert b"Traceback" not in done.stderr


# --- parse --------------------------------------------------------------------------------------------------

KEYS = [
    "file", "message_id", "in_reply_to", "references", "from", "reply_to", "to", "cc", "subject", "date",
    "text", "reply_text", "html", "attachments", "auto_submitted", "auto_reason", "is_bounce", "bounce",
    "list_id", "language", "defects", "spam",
]  # fmt: skip


def test_parse_json_has_exactly_the_promised_keys(place: Path) -> None:
    done = program("parse", "--json", "one.eml", cwd=place)
    assert done.returncode == 0
    (line,) = done.stdout.decode().splitlines()
    read = json.loads(line)
    assert list(read) == KEYS
    assert read["file"] == "one.eml"
    assert read["message_id"] == "one@example.be"
    assert read["in_reply_to"] == "zero@example.be"
    assert read["references"] == ["root@example.be", "zero@example.be"]
    assert read["from"] == {"name": "Renée", "address": "renee@example.be"}
    assert read["reply_to"] == {"name": "", "address": "back@example.be"}
    assert [to["address"] for to in read["to"]] == ["support@etnic.be", "o@example.be"]
    assert read["subject"] == "Problème"
    assert read["date"] == "2026-11-24T13:32:00Z"
    (attachment,) = read["attachments"]
    assert list(attachment) == [
        "filename",
        "content_type",
        "size",
        "sha256",
        "content_id",
        "inline",
        "hazards",
    ]
    assert attachment["filename"] == "a.pdf"
    assert attachment["size"] == 4
    assert read["bounce"] is None
    assert read["language"] == "fr"


def test_parse_says_one_line_a_file_in_order_whatever_it_holds(place: Path) -> None:
    """A mail, nothing, no mail, 50 MB, too much, a directory and a file that is not there."""
    (place / "empty.eml").touch()
    (place / "binary.eml").write_bytes(bytes(range(256)) * 40)
    for name, size in (("big.eml", 50_000_000), ("endless.eml", prove_module.MAX_FILE + 1)):
        with (place / name).open("wb") as file:
            file.truncate(size)
    read = ["one.eml", "empty.eml", "binary.eml", "big.eml", "one.eml"]
    unread = {"endless.eml": "File too large", ".": "Is a directory", "gone.eml": "No such file or directory"}
    files = [*read[:2], *unread, *read[2:]]
    done = program("parse", "--json", *files, cwd=place)
    assert done.returncode == Code.NO_INPUT
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [line["file"] for line in lines] == files
    assert [line for line in lines if "error" in line] == [{"file": f, "error": e} for f, e in unread.items()]
    assert all(list(line) == KEYS for line in lines if "error" not in line)
    assert done.stderr.decode().splitlines() == [f"maild: {file}: {why}" for file, why in unread.items()]


def test_parse_tells_of_a_file_that_may_not_be_read(place: Path) -> None:
    (place / "closed.eml").write_text(MAIL, encoding="utf-8")
    (place / "closed.eml").chmod(0)
    # Root may read everything, unless it has laid down that power.
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []
    command = [*bound, sys.executable, "-m", "maild", "parse", "--json", "closed.eml", "one.eml"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, cwd=place, env=environ, check=False)
    assert done.returncode == Code.NO_INPUT
    first, second = map(json.loads, done.stdout.splitlines())
    assert first == {"file": "closed.eml", "error": "Permission denied"}
    assert second["message_id"] == "one@example.be"


def test_parse_names_files_whose_names_are_no_text(place: Path) -> None:
    name = os.fsdecode(b"r\xe9ponse\xff.eml")
    (place / name).write_text(MAIL, encoding="utf-8")
    done = program("parse", "--json", name, f"not-{name}", cwd=place)
    assert [json.loads(line)["file"] for line in done.stdout.splitlines()] == [name, f"not-{name}"]
    assert program("parse", name, cwd=place).returncode == 0


def test_parse_reads_a_hundred_files_with_one_interpreter(place: Path) -> None:
    """No process is started and none forked, as the interpreter's own audit sees it."""
    watched = """
import sys
from maild import cli
def hear(event, args):
    if event in {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"}:
        raise AssertionError(event)
sys.addaudithook(hear)
sys.exit(cli.answer(["parse", "--json", *["one.eml"] * 100]))
"""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", watched]
    done = subprocess.run(command, capture_output=True, cwd=place, env=environ, check=True)
    assert len(done.stdout.splitlines()) == 100


def test_parse_reads_the_whole_corpus_in_one_call(corpus: Path) -> None:
    """Mails, expectations, raw TNEF: one line each, in order, and no error."""
    paths = reading.everything(corpus)
    assert len(paths) > 781
    call = reading.parse_in_one_call(paths)
    assert call.errors == ()
    assert list(call.records) == paths


def test_parse_keeps_nothing_of_the_files_before(place: Path) -> None:
    """Sixty files of a MB take no more memory than three."""
    file = base64.encodebytes(random.Random(1).randbytes(1_000_000)).decode()
    head = "Subject: x\nContent-Type: application/zip\nContent-Transfer-Encoding: base64\n\n"
    (place / "file.eml").write_text(head + file, encoding="ascii")
    told = """
import sys
from pathlib import Path
from maild import cli
assert cli.answer(["parse", "--json", *["file.eml"] * int(sys.argv[1])]) == 0
lines = Path("/proc/self/status").read_text().splitlines()
print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")), file=sys.stderr)
"""

    def kilobytes(files: int) -> int:
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", told, str(files)]
        done = subprocess.run(command, capture_output=True, cwd=place, env=environ, check=True)
        return int(done.stderr)

    assert kilobytes(60) - kilobytes(3) < 10_000


@pytest.mark.parametrize("option", [["--json"], []])
def test_parse_ends_quietly_when_its_reader_goes_away(place: Path, option: list[str]) -> None:
    command = [sys.executable, "-m", "maild", "parse", *option, *["one.eml"] * 300]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=place, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"one.eml" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == Code.NO


def test_parse_blames_no_file_for_a_full_disk(place: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "maild", "parse", "--json", "one.eml"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, cwd=place, env=environ, check=False
        )
    assert done.returncode == Code.TRY_LATER
    assert done.stderr == b"maild: [Errno 28] No space left on device\n"


def test_parse_reads_standard_input(place: Path) -> None:
    done = program("parse", "--json", "-", cwd=place, input=MAIL.encode())
    assert json.loads(done.stdout)["message_id"] == "one@example.be"


def test_parse_survives_a_fault_of_the_parsers(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import parsers.mail

    real = parsers.mail.parse_mail

    def sometimes(content: bytes) -> parsers.mail.ParsedMail:
        if content.startswith(b"bad"):
            raise RecursionError("too deep")
        return real(content)

    monkeypatch.setattr(parsers.mail, "parse_mail", sometimes)
    (place / "bad.eml").write_bytes(b"bad")
    assert cli.answer(["parse", "--json", "bad.eml", "one.eml"]) == Code.OUR_FAULT
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert "RecursionError" in first["error"]
    assert second["message_id"] == "one@example.be"


def test_parse_for_people_shows_what_matters(place: Path) -> None:
    done = program("parse", "one.eml", cwd=place)
    shown = done.stdout.decode()
    for wanted in ("Renée <renee@example.be>", "Problème", "a.pdf", "Bonjour, mon imprimante"):
        assert wanted in shown
    assert "\x1b" not in shown


def test_parse_for_people_leaves_out_the_letters_that_their_locale_lacks(place: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "maild", "parse", "one.eml"]
    done = subprocess.run(command, capture_output=True, cwd=place, env=environ, check=True)
    assert b"Probl?me" in done.stdout
    assert done.stderr == b""


def test_json_is_one_line_of_utf_8_whatever_the_value(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    cli.say_json({"a": "é\u2028\x85\udc80\n"})
    out = capsysbinary.readouterr().out
    assert out == '{"a": "é\\u2028\\u0085\\udc80\\n"}\n'.encode()
    assert json.loads(out) == {"a": "é\u2028\x85\udc80\n"}


# --- config -------------------------------------------------------------------------------------------------


def test_config_show_tells_values_and_origins_and_hides_secrets(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAILD_SLA__LIMIT", "12h")
    monkeypatch.setenv("MAILD_STATE__DATABASE", "postgresql://maild:hunter2@db/maild")
    assert cli.answer(["config", "show", "--json"]) == 0
    out = capsys.readouterr().out
    rows = {row["key"]: row for row in map(json.loads, out.splitlines())}
    assert rows["sla.limit"] == {
        "key": "sla.limit",
        "value": "12h",
        "origin": "environment: MAILD_SLA__LIMIT",
    }
    assert rows["sla.near"]["origin"] == "default"
    assert rows["desk.name"] == {"key": "desk.name", "value": "Desk", "origin": "file"}
    assert rows["agent[1].name"]["value"] == "Anne"
    assert rows["desk.secret"]["value"] == "********"
    assert rows["maildrop.support.password"] == {
        "key": "maildrop.support.password", "value": "********", "origin": "secret file",
    }  # fmt: skip
    assert rows["state.database"]["value"] == "postgresql://maild:********@db/maild"
    assert "hunter2" not in out
    assert SECRET not in out


def test_config_show_for_people_says_the_same(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.answer(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert 'desk.name = "Desk"' in out
    assert "hunter2" not in out


def test_config_check_says_ok(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.answer(["config", "check"]) == 0
    assert "ok" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "{{ nonsense }}", "{% if %}"])
def test_config_check_renders_the_letters(
    place: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CONFIG.replace('name = "Desk"', 'name = "Desk"\ntemplates = "letters"')
    (place / "config.toml").write_text(text, encoding="utf-8")
    if content is not None:
        (place / "letters" / "fr").mkdir(parents=True)
        (place / "letters" / "fr" / "receipt.txt.j2").write_text(content, encoding="utf-8")
    assert cli.answer(["config", "check"]) == Code.CONFIG
    assert "letters" in capsys.readouterr().err or content is not None


def test_config_check_looks_for_the_alert_command(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command, code in (("no-such-program", Code.CONFIG), ("sh", Code.OK)):
        text = f'{CONFIG}\n[alert]\ncommand = ["{command}"]\n'
        (place / "config.toml").write_text(text, encoding="utf-8")
        assert cli.answer(["config", "check"]) == code
        assert ("alert.command: no-such-program" in capsys.readouterr().err) == (code is Code.CONFIG)


def test_config_check_names_what_has_no_effect(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule behind a wider one, a template that nothing reads: the file can be used all the same."""
    said = "".join(
        f'[[rule]]\nmatch = {{ subject = "{word}" }}\nteam = "desk"\n' for word in ("VPN", "mon VPN")
    )
    text = CONFIG.replace('name = "Desk"', 'name = "Desk"\ntemplates = "letters"', 1) + said
    (place / "config.toml").write_text(text, encoding="utf-8")
    (place / "letters" / "fr").mkdir(parents=True)
    (place / "letters" / "fr" / "reciept.txt.j2").write_text("Bonjour", encoding="utf-8")
    assert cli.answer(["config", "check"]) == Code.OK
    told = capsys.readouterr()
    assert "rule[2]: is never heard: all its mails are matched by rule[1] before it" in told.err
    assert "nothing reads it; did you mean fr/receipt.txt.j2?" in told.err
    assert "2 rules" in told.out


# --- template -----------------------------------------------------------------------------------------------


def test_template_list_tells_whose_and_what_for(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.answer(["template", "list", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["receipt"] == {
        "name": "receipt", "parts": ["subject", "txt", "html"], "languages": ["de", "en", "fr", "nl"],
        "own": [],
        "about": "To someone who wrote: the receipt",
    }  # fmt: skip
    assert cli.answer(["template", "list"]) == 0
    assert "shipped" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("receipt", "[ETNIC-1042] Imprimante en panne\n\nBonjour,"),
        ("receipt --lang nl --html", '<div lang="nl"'),
        ("receipt --lang de --subject", "Re: [ETNIC-1042] Drucker defekt\n"),
        ("notices/resolved", "Le toner est remplacé"),
        ("pages/board --lang en", "Imprimante en panne"),
        ("pages/report", "<svg"),
    ],
)
def test_template_preview_shows_it(
    place: Path, args: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.answer(["template", "preview", *args.split()]) == 0
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ("rceipt", Code.NO_INPUT, "did you mean receipt?"),
        ("receipt --lang it", Code.USAGE, "--lang fr or nl"),
        ("words", Code.USAGE, "shows nothing by itself"),
        ("junk --html", Code.USAGE, "leave --html out"),
        ("receipt --html --subject", Code.USAGE, "not both"),
        ("pages/board --subject", Code.USAGE, "leave --subject out"),
    ],
)
def test_template_preview_says_what_was_expected(
    place: Path, args: str, code: Code, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.answer(["template", "preview", *args.split()]) == code
    assert said in capsys.readouterr().err


def test_template_preview_names_the_fault_of_a_template(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = CONFIG.replace('name = "Desk"', 'name = "Desk"\ntemplates = "letters"', 1)
    (place / "config.toml").write_text(text, encoding="utf-8")
    (place / "letters" / "fr").mkdir(parents=True)
    (place / "letters" / "fr" / "receipt.txt.j2").write_text("{{ nombre }}", encoding="utf-8")
    assert cli.answer(["template", "preview", "receipt"]) == Code.CONFIG
    assert "fr/receipt.txt.j2" in capsys.readouterr().err


def test_config_schema_is_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.answer(["config", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert set(schema["properties"]) == set(config.Config.model_fields)


# --- db -----------------------------------------------------------------------------------------------------


def test_db_current_and_upgrade(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from storage import database

    assert cli.answer(["db", "current"]) == Code.NO
    assert not (place / "var").exists()
    assert cli.answer(["db", "upgrade"]) == Code.OK
    assert (place / "var" / "maild.db").exists()
    capsys.readouterr()
    assert cli.answer(["db", "current", "--json"]) == Code.OK
    assert json.loads(capsys.readouterr().out) == {"current": database.head(), "head": database.head()}
    assert cli.answer(["db", "upgrade"]) == Code.OK
    assert "nothing to do" in capsys.readouterr().out


def test_db_upgrade_waits_for_no_daemon(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from maild import daemon

    with daemon.locked(cli.read_config(None)):
        assert cli.answer(["db", "upgrade"]) == Code.TRY_LATER
    assert "in use" in capsys.readouterr().err
