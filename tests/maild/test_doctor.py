"""`doctor`: each fault is produced once, named, and told how to mend; a sound desk has none."""

import json
import os
import shutil
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pydantic import SecretStr

from maild import cli, config, isolate, rehearsal
from maild.cli import Code, doctor
from storage import database
from tests.maild.board import boards
from tests.peers.certificate import Certificate
from tests.peers.child import free_port
from tests.peers.mailbox import Mailbox
from tests.peers.postgres import Postgres
from tests.peers.smtp import Reply, Sink

SECRET = "0123456789abcdef0123456789abcdef"


class Found(NamedTuple):
    """What `doctor --json` said, and with which code it ended."""

    code: int
    findings: list[dict[str, str]]

    def of(self, check: str, verdict: str = "") -> list[str]:
        return [
            f"{each['found']} -> {each['remedy']}"
            for each in self.findings
            if each["check"] == check and verdict in {"", each["verdict"]}
        ]

    @property
    def failed(self) -> set[str]:
        return {each["check"] for each in self.findings if each["verdict"] == "fail"}


Examine = Callable[..., Found]


@pytest.fixture
def examine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Any) -> Examine:
    """Runs `maild doctor --json` on a configuration: tables of keys over those of a least desk."""
    for name in [name for name in os.environ if name.startswith("MAILD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(rest: str = "", *, sound: bool = False, **tables: dict[str, object]) -> Found:
        desk = {"name": "Desk", "address": "support@etnic.be", "secret_file": "secret"}
        # Names under .invalid never resolve (RFC 2606 section 2).
        drop = {"kind": "imap", "host": "imap.invalid", "user": "support", "password": "x"}
        submission = {"host": "smtp.invalid"}
        if not (tmp_path / "secret").exists():
            (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
            (tmp_path / "secret").chmod(0o600)
        text = "".join(
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
            for name, table in (
                ("desk", desk | tables.get("desk", {})),
                ("maildrop.support", tables.get("support", drop | tables.get("drop", {}))),
                ("submission", submission | tables.get("submission", {})),
            )
        )
        (tmp_path / "config.toml").write_text(text + rest, encoding="utf-8")
        (tmp_path / "config.toml").chmod(0o600)
        code = cli.answer(["doctor", "--json"])
        return Found(code, [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()])

    return run


def imap(mailbox: Mailbox, **more: object) -> dict[str, object]:
    return {
        "host": mailbox.host, "port": mailbox.port, "tls": "none", "user": mailbox.user,
        "password": mailbox.password, "timeout": "10s", **more,
    }  # fmt: skip


def smtp(sink: Sink, **more: object) -> dict[str, object]:
    return {"host": sink.host, "port": sink.port, "tls": sink.tls, "timeout": "10s", **more}


PEOPLE = """
[[agent]]
name = "Anne"
address = "anne@etnic.be"
lead = true
[security]
trusted_authserv_ids = ["mx.etnic.be"]
"""
ADMIN = {"administrators": ["admin@etnic.be"]}


# --- a sound desk -------------------------------------------------------------------------------------------


@pytest.mark.real
def test_a_sound_desk_has_no_fault_and_nothing_to_look_at(
    examine: Examine, mailbox: Mailbox, sink: Sink, tmp_path: Path
) -> None:
    with mailbox.session() as client:
        client.create_folder("Sent")
    found = examine(PEOPLE, desk=ADMIN, drop=imap(mailbox), submission=smtp(sink))
    assert found.code == Code.OK
    assert [each for each in found.findings if each["verdict"] != "ok"] == []
    checks = {each["check"] for each in found.findings}
    assert checks >= {
        "configuration",
        "state",
        "database",
        "maildrop support",
        "submission",
        "letters",
        "clock",
    }
    (capabilities,) = [line for line in found.of("maildrop support") if "knows" in line]
    assert "IDLE, MOVE, UIDPLUS" in capabilities
    assert not (tmp_path / "var").exists(), "doctor changes nothing"
    assert sink.letters == []


@pytest.mark.real
def test_for_people_it_ends_with_what_to_do_next(
    examine: Examine, mailbox: Mailbox, sink: Sink, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    examine(PEOPLE, desk=ADMIN, drop=imap(mailbox, sent=[]), submission=smtp(sink))
    assert cli.answer(["doctor"]) == Code.OK
    assert b"maild run" in capsysbinary.readouterr().out.splitlines()[-1]


@pytest.mark.real
def test_it_leaves_the_mailbox_as_it_was(examine: Examine, mailbox: Mailbox, sink: Sink) -> None:
    mailbox.append(b"Subject: x\r\n\r\nx\r\n")
    before = mailbox.flags()
    found = examine(drop=imap(mailbox), submission=smtp(sink))
    assert any("INBOX holds 1 mails" in line for line in found.of("maildrop support"))
    assert mailbox.flags() == before


@pytest.mark.real
def test_answers_of_which_no_copy_is_kept(examine: Examine, mailbox: Mailbox, sink: Sink) -> None:
    """People answer, and Sent is empty: that is how a shared mailbox of Exchange begins."""
    mailbox.append(b"Subject: x\r\n\r\nx\r\n", flags=["\\Answered"])
    with mailbox.session() as client:
        client.create_folder("Sent")
    (line,) = examine(drop=imap(mailbox)).of("maildrop support", "warn")
    assert "1 mails of INBOX were answered, and Sent is empty" in line
    assert "Set-Mailbox" in line
    mailbox.append(b"Subject: Re: x\r\n\r\nx\r\n", folder="Sent")
    assert examine(drop=imap(mailbox)).of("maildrop support", "warn") == []


@pytest.mark.parametrize(
    ("host", "submission", "sent", "told"),
    [
        ("outlook.office365.com", "smtp.etnic.be", ["Sent Items"], True),
        ("imap.etnic.be", "SMTP.Office365.com", ["Sent"], True),
        ("outlook.office365.com", "smtp.office365.com", [], False),
        ("imap.etnic.be", "smtp.notoffice365.com", ["Sent"], False),
    ],
)
def test_where_exchange_keeps_copies(
    tmp_path: Path, host: str, submission: str, sent: list[str], *, told: bool
) -> None:
    """What cannot be seen from here is said with its one command; no server is asked."""
    file = tmp_path / "config.toml"
    file.write_text(
        f'''[desk]
name = "Desk"
address = "support@etnic.be"
secret = "{SECRET}"
[maildrop.support]
kind = "imap"
host = "{host}"
user = "support@etnic.be"
password = "x"
sent = {json.dumps(sent)}
[submission]
host = "{submission}"
''',
        encoding="utf-8",
    )
    found = list(doctor._exchange(config.load(file, {}), file))
    assert bool(found) is told
    for each in found:
        assert each.verdict == "ok"
        assert "Set-Mailbox support@etnic.be -MessageCopyForSentAsEnabled $true" in each.remedy
        assert "-MessageCopyForSendOnBehalfEnabled $true" in each.remedy


# --- configuration, secrets, state, database ----------------------------------------------------------------


def test_a_configuration_that_cannot_be_used_is_78(examine: Examine) -> None:
    found = examine(desk={"adress": "x"}, submission={"port": "no"})
    assert found.code == Code.CONFIG
    assert {each["check"] for each in found.findings} == {"configuration"}
    assert any('did you mean "address"' in line for line in found.of("configuration"))


def test_secrets_that_others_can_read(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    (tmp_path / "secret").chmod(0o644)
    (line,) = examine().of("desk secret", "warn")
    assert "chmod 600" in line
    assert "mode 644" in line


def test_a_configuration_with_secrets_that_others_can_read(
    examine: Examine, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    examine()
    (tmp_path / "config.toml").chmod(0o644)
    cli.answer(["doctor", "--json"])
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert any(row["check"] == "configuration" and row["verdict"] == "warn" for row in rows)


def test_a_state_directory_that_cannot_be_written(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    found = examine('[state]\ndirectory = "file/var"\ndatabase = "sqlite:///x.db"')
    assert "state" in found.failed
    assert "mkdir -p file/var" in found.of("state")[0]


@pytest.mark.parametrize(("free", "verdict"), [(50 << 20, "fail"), (500 << 20, "warn"), (5 << 30, "ok")])
def test_a_full_disk(examine: Examine, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str) -> None:
    usage = shutil._ntuple_diskusage(total=free, used=0, free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    assert examine().of("state", verdict)


def test_a_network_file_system(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_file_system", lambda _file: "nfs4")
    assert "network" in examine().of("database", "fail")[0]


def test_the_file_system_of_a_file_is_that_of_its_nearest_mount() -> None:
    assert doctor._file_system(Path("/proc/self/x")) == "proc"
    assert doctor._file_system(Path("/x")) != ""


def test_a_database_of_this_version_and_of_a_later_one(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    opened = database.open_database("sqlite:///var/maild.db")
    database.upgrade(opened)
    assert any("sound" in line for line in examine().of("database", "ok"))
    with opened.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    opened.close()
    assert "later version" in examine().of("database", "fail")[0]


def test_a_file_that_is_no_database(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "maild.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    found = examine()
    assert found.code == Code.NO
    assert "last backup" in found.of("database", "fail")[0]


def test_a_postgresql_that_is_away(examine: Examine, smtp_port: int) -> None:
    found = examine(f'[state]\ndatabase = "postgresql://maild:hunter2@127.0.0.1:{smtp_port}/maild"')
    assert "database" in found.failed
    assert "hunter2" not in json.dumps(found.findings)


@pytest.mark.real
def test_a_postgresql_that_answers(examine: Examine, postgres: Postgres) -> None:
    found = examine(f"[state]\ndatabase = {json.dumps(postgres.url(postgres.create_database()))}")
    assert "no schema yet" in found.of("database", "ok")[0]


# --- the mailbox --------------------------------------------------------------------------------------------


def test_a_host_that_nobody_knows(examine: Examine) -> None:
    found = examine()
    assert found.code == Code.NO
    (line,) = found.of("maildrop support")
    assert "no address is known for imap.invalid" in line
    (line,) = found.of("submission")
    assert "smtp.invalid" in line


def test_a_server_that_does_not_listen(examine: Examine, smtp_port: int) -> None:
    at = {"host": "127.0.0.1", "port": smtp_port}
    found = examine(drop=at, submission=at)
    for check in ("maildrop support", "submission"):
        (line,) = found.of(check, "fail")
        assert "refused" in line
        assert f"listens at port {smtp_port}" in line


@pytest.mark.real
def test_a_wrong_password(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, password="wrong")).of("maildrop support", "fail")
    assert "refused" in line
    assert "mend user or password_file" in line
    assert "wrong" not in line


@pytest.mark.real
def test_a_certificate_that_is_not_known_here(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, tls="starttls")).of("maildrop support", "fail")
    assert "certificate" in line
    assert "authority known here" in line


@pytest.mark.real
def test_tls_at_a_port_that_speaks_none(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, tls="implicit")).of("maildrop support", "fail")
    assert 'tls = "starttls"' in line


@pytest.mark.real
def test_folders_that_are_not_there(examine: Examine, mailbox: Mailbox) -> None:
    (line,) = examine(drop=imap(mailbox, folder="Nowhere")).of("maildrop support", "fail")
    assert "Nowhere" in line
    found = examine(drop=imap(mailbox, sent=["Gesendet"], junk="Spam", after="move"))
    warned = "\n".join(found.of("maildrop support", "warn"))
    for name in ("Gesendet", "Spam", "Traités"):
        assert name in warned


@pytest.mark.real
def test_a_server_without_keywords(examine: Examine, poor_mailbox: Mailbox) -> None:
    warned = "\n".join(examine(drop=imap(poor_mailbox)).of("maildrop support", "warn"))
    assert "no keywords" in warned


def test_what_a_poor_server_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    drop = config.ImapMaildrop(host="h", user="u", after="move")
    said = [finding.found for finding in doctor._capabilities("c", drop, frozenset({"IMAP4REV1"}))]
    assert "nothing beyond plain IMAP" in said[0]
    assert "no IDLE" in said[1]
    assert "neither MOVE nor UIDPLUS" in said[2]


def test_a_password_over_a_bare_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_host: str, _port: None, type: int) -> list[Any]:
        return [(2, type, 6, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    (finding,) = doctor._wire("c", "imap.example.org", "none")
    assert finding.verdict == "warn"
    assert list(doctor._wire("c", "imap.example.org", "starttls")) == []


def test_what_comes_with_a_later_release_is_said(examine: Examine) -> None:
    found = examine("", drop={"auth": "oauth"}, submission={"user": "u", "auth": "oauth"})
    assert "later" in found.of("maildrop support", "fail")[0]
    assert "later" in found.of("submission", "fail")[0]


# --- submission ---------------------------------------------------------------------------------------------


def test_a_server_that_takes_our_mail(examine: Examine, sink: Sink) -> None:
    told = examine(submission=smtp(sink)).of("submission", "ok")
    assert "takes mail from support@etnic.be, up to 35 MB" in told[1]


def test_a_sender_that_is_refused(examine: Examine, sink: Sink) -> None:
    sink.script(Reply(stage="mail", say="550 5.7.60 not allowed to send as"))
    (line,) = examine(submission=smtp(sink)).of("submission", "fail")
    assert "550" in line
    assert "desk.address" in line


def test_an_smtp_login(examine: Examine) -> None:
    server = Sink(login=("support", "right"))
    server.start()
    try:
        good = examine(submission=smtp(server, user="support", password="right"))
        bad = examine(submission=smtp(server, user="support", password="hunter2"))
    finally:
        server.stop()
    assert "support is logged in" in good.of("submission", "ok")[0]
    (line,) = bad.of("submission", "fail")
    assert "535" in line
    assert "mend user or password_file" in line
    assert "hunter2" not in line


def test_a_login_at_a_server_that_knows_none(examine: Examine, sink: Sink) -> None:
    (line,) = examine(submission=smtp(sink, user="u", password="p")).of("submission", "fail")
    assert "leave user empty" in line


def test_an_smtp_certificate_that_is_not_known_here(examine: Examine, certificate: Certificate) -> None:
    server = Sink(tls="starttls", certificate=certificate)
    server.start()
    try:
        (line,) = examine(submission=smtp(server)).of("submission", "fail")
    finally:
        server.stop()
    assert "certificate" in line


def test_starttls_at_a_server_that_knows_none(examine: Examine, sink: Sink) -> None:
    (line,) = examine(submission=smtp(sink, tls="starttls")).of("submission", "fail")
    assert "STARTTLS" in line
    assert "mend tls" in line


# --- sense --------------------------------------------------------------------------------------------------


def test_a_broken_letter(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "render_all", lambda _paper: ["fr/receipt.txt.j2, line 3: nonsense"])
    (line,) = examine().of("letters", "fail")
    assert "line 3" in line


def test_letters_of_ones_own(examine: Examine, tmp_path: Path) -> None:
    assert "is no folder" in examine(desk={"templates": "letters"}).of("letters", "fail")[0]
    (tmp_path / "letters").mkdir()
    assert "your own" in examine(desk={"templates": "letters"}).of("letters", "ok")[0]


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        ("", "no agent"),
        ("", "no administrators"),
        ('[[agent]]\nname = "Anne"\naddress = "a@b.c"\nteams = []', "Anne is in no team"),
        ('[[agent]]\nname = "Anne"\naddress = "a@b.c"\nteams = ["net"]', "nobody is in the team desk"),
        ('[[agent]]\nname = "Anne"\naddress = "a@b.c"', "no lead"),
        ('[[agent]]\nname = "A"\naddress = "a@b.c"\n[[team]]\nname = "net"', "team net has neither"),
    ],
)
def test_nobody_who_would_hear_of_it(examine: Examine, rest: str, wanted: str) -> None:
    assert any(wanted in line for line in examine(rest).of("people", "warn"))


def test_agents_without_proof(examine: Examine) -> None:
    assert "trusted_authserv_ids" in examine().of("proof", "warn")[0]
    trusted = '[security]\ntrusted_authserv_ids = ["mx"]'
    assert "token, dmarc" in examine(trusted).of("proof", "ok")[0]


def test_a_clock_that_nobody_set(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    import time_machine

    with time_machine.travel("1970-01-01T00:00:10Z"):
        assert "1970-01-01" in examine().of("clock", "fail")[0]


def looked_at(listen: str, token: str = "") -> list[tuple[str, str]]:
    """Verdict and words of each finding about a board there."""
    http = config.Http(listen=listen, token=SecretStr(token) if token else None)
    settings = config.Config.model_construct(http=http)
    return [(finding.verdict, finding.found) for finding in doctor._board(settings, Path())]


def test_a_board_that_can_be_opened() -> None:
    listen = f"127.0.0.1:{free_port()}"
    (free, _), (open_to, who) = looked_at(listen)
    assert (free, open_to) == ("ok", "ok")
    assert "no token is needed" in who
    assert [verdict for verdict, _ in looked_at(listen, "t" * 32)] == ["ok"]


def test_a_board_that_stands_open_already(tmp_path: Path) -> None:
    with boards.board(tmp_path) as board:
        assert looked_at(f"127.0.0.1:{board.server.port}")[0] == (
            "ok",
            f"the board is at {board.server.address}",
        )


def test_a_board_where_another_program_listens(sink: Sink) -> None:
    ((verdict, found),) = looked_at(f"127.0.0.1:{sink.port}", "t" * 32)
    assert verdict == "FAIL"
    assert found.startswith(f"nothing can listen at 127.0.0.1:{sink.port}: Address already in use")


def test_a_board_that_others_can_reach(examine: Examine) -> None:
    found = examine(f'[http]\nlisten = "0.0.0.0:{free_port()}"\ntoken = "{"t" * 32}"\n')
    assert "is free" in found.of("http", "ok")[0]
    assert "not encrypted" in found.of("http", "warn")[0]


def door(listen: str, **more: object) -> dict[str, object]:
    return {"kind": "lmtp", "listen": listen, **more}


def test_a_door_that_can_be_opened(examine: Examine, smtp_port: int, short_path: Path) -> None:
    for listen in (f"127.0.0.1:{smtp_port}", f"localhost:{smtp_port}", f"unix:{short_path}/door.sock"):
        assert "is free" in examine(support=door(listen)).of("maildrop support", "ok")[0]


def test_a_door_that_nobody_can_open(examine: Examine, short_path: Path) -> None:
    # 192.0.2.1 is of no machine (RFC 5737).
    for listen in ("192.0.2.1:8024", f"unix:{short_path}/none/door.sock"):
        found = examine(support=door(listen, allow=["192.0.2.25"]))
        assert "nothing can listen" in found.of("maildrop support", "fail")[0]


def test_a_door_where_somebody_listens(examine: Examine, sink: Sink) -> None:
    found = examine(support=door(f"{sink.host}:{sink.port}"))
    assert "another program listens" in found.of("maildrop support", "fail")[0]
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        found = examine(support=door(f"127.0.0.1:{silent.getsockname()[1]}"))
    assert "it says nothing" in found.of("maildrop support", "fail")[0]


def test_a_door_of_ours_that_stands_open(examine: Examine, smtp_port: int) -> None:
    def greet(server: socket.socket) -> None:
        client, _ = server.accept()
        with client:
            client.send(b"220 desk LMTP maild\r\n")

    with socket.create_server(("127.0.0.1", smtp_port)) as server:
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        found = examine(support=door(f"127.0.0.1:{smtp_port}"))
    assert "answers: 220 desk LMTP maild" in found.of("maildrop support", "ok")[0]


def test_a_door_that_others_can_reach(examine: Examine, smtp_port: int) -> None:
    found = examine(support=door(f"0.0.0.0:{smtp_port}", allow=["192.0.2.25"]))
    assert "192.0.2.25 may hand in mail in anybody's name" in found.of("maildrop support", "warn")[0]


@pytest.mark.parametrize(
    ("command", "verdict", "said"),
    [
        ("", "ok", "by mail only"),
        ('["no-such-program"]', "fail", "no-such-program is no program"),
        ('["sh", "-c", "touch ran"]', "ok", "sh can be run"),
    ],
)
def test_the_alert_command_is_looked_for_and_not_run(
    examine: Examine, tmp_path: Path, command: str, verdict: str, said: str
) -> None:
    found = examine(f"[alert]\ncommand = {command}\n" if command else "")
    (line,) = found.of("alert", verdict)
    assert said in line
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("code", "verdict"), [("cat > $0", "ok"), ("exit 3", "fail")])
def test_the_alert_command_runs_on_request(
    examine: Examine, tmp_path: Path, capsysbinary: Any, code: str, verdict: str
) -> None:
    heard = tmp_path / "heard"
    examine(f"[alert]\ncommand = {json.dumps(['sh', '-c', code, str(heard)])}\n")
    cli.answer(["doctor", "--json", "--alert"])
    last = json.loads(capsysbinary.readouterr().out.splitlines()[-1])
    assert (last["check"], last["verdict"]) == ("alert", verdict)
    assert heard.exists() == (verdict == "ok")
    assert verdict == "fail" or "a test" in heard.read_text(encoding="utf-8")


def test_a_check_that_breaks_is_a_finding_and_the_others_are_made(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "render_all", lambda _paper: 1 // 0)
    found = examine()
    assert "ZeroDivisionError" in found.of("letters", "fail")[0]
    assert found.of("clock", "ok")


def test_large_mail_needs_a_process(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be started, it waits: better known before."""
    assert examine().of("reader", "ok")
    monkeypatch.setattr(isolate, "COMMAND", ("/nowhere/python",))
    (said,) = examine().of("reader", "fail")
    assert "No such file" in said
