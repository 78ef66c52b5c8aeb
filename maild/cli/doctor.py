"""``doctor``: looks at everything that maild needs, and says how to mend what is not right.

Stands under the command line and changes nothing: no table, no mail, no flag. Each check looks at one thing
and yields findings; what a check cannot reach is a finding too. It ends with 0 when nothing fails (warnings
may stand), 1 when something does, 78 when the configuration itself cannot be used.
"""

import ipaddress
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer

from maild import alarm, config, isolate, office, rehearsal
from maild.cli import Code, ConfigOption, JsonOption, prove, say_json
from maild.config import Config, DoorMaildrop, Http, ImapMaildrop, Submission
from maild.decide.troubles import ROOM
from maild.receive import mailbox
from maild.send import smtp
from storage import database

Verdict = Literal["ok", "warn", "FAIL"]

# Here SQLite may not even finish a commit; the alarm rings long before.
ROOM_TO_FAIL = 100 << 20
# Locks and write-ahead logs do not hold over a network (sqlite.org/wal.html).
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs"})
# Whoever listens on this machine greets within this time.
_DOOR_SECONDS = 2.0
# Where Microsoft 365 takes and keeps mail.
_EXCHANGE_ONLINE = ("office365.com", "outlook.com", "outlook.office.com")
# A clock that is earlier than this program was set by nobody.
WRITTEN_IN = 2026


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at one thing found: ``remedy`` is "" where nothing is to be done."""

    check: str
    verdict: Verdict
    found: str
    remedy: str = ""


def _ok(check: str, found: str) -> Finding:
    return Finding(check=check, verdict="ok", found=found)


def _warn(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, verdict="warn", found=found, remedy=remedy)


def _fail(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, verdict="FAIL", found=found, remedy=remedy)


# --- the command --------------------------------------------------------------------------------------------


def doctor(
    path: ConfigOption = None,
    as_json: JsonOption = False,
    try_alert: Annotated[
        bool, typer.Option("--alert", help="Run the [alert] command as well, with a test message.")
    ] = False,
) -> int:
    """Whether all that maild needs is there, and how to mend what is not."""
    try:
        layers = config.read_layers(path, os.environ)
        settings = config.build(layers)
    except config.ConfigError as error:
        for problem in error.problems:
            where = f"{problem.file}: {problem.key}: " if problem.key else f"{problem.file}: "
            _say(_fail("configuration", where + problem.what, problem.remedy), as_json)
        return Code.CONFIG
    verdicts = []
    for finding in chain(examine(settings, layers.path), _tried(settings) if try_alert else ()):
        _say(finding, as_json)
        verdicts.append(finding.verdict)
    if not as_json:
        _sum_up(verdicts)
    return Code.NO if "FAIL" in verdicts else Code.OK


def _say(finding: Finding, as_json: bool) -> None:
    if as_json:
        say_json(asdict(finding) | {"verdict": finding.verdict.lower()})
        return
    colour = {"ok": typer.colors.GREEN, "warn": typer.colors.YELLOW, "FAIL": typer.colors.RED}
    verdict = typer.style(f"{finding.verdict:4}", fg=colour[finding.verdict])
    typer.echo(f"{verdict}  {finding.check:18}  {finding.found}")
    if finding.remedy:
        typer.echo(f"{'':26}-> {finding.remedy}")


def _sum_up(verdicts: list[Verdict]) -> None:
    failed, warned = verdicts.count("FAIL"), verdicts.count("warn")
    if failed:
        typer.echo(f"\n{failed} failed, {warned} to look at. maild will not work as it should.")
    else:
        typer.echo(f"\nNothing failed{f', {warned} to look at' if warned else ''}. Next: `maild run`.")


def examine(settings: Config, file: Path) -> Iterator[Finding]:
    """Every finding about this configuration, in reading order; network checks take as long as servers do."""
    yield _ok("configuration", f"{file} can be used")
    for check in CHECKS:
        name = check.__name__.strip("_")
        try:
            yield from check(settings, file)
        # A check that meets what nobody foresaw is a finding too: those after it are made nevertheless.
        except Exception as error:  # noqa: BLE001
            yield _fail(name, f"{type(error).__name__}: {_first_line(error)}", _unforeseen_remedy(error))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


def _unforeseen_remedy(error: Exception) -> str:
    if "not a database" in str(error) or "malformed" in str(error):
        return "stop maild and put the last backup in place"
    return "this may be a fault of maild: please report it with this line"


# --- on this machine ----------------------------------------------------------------------------------------


def _secrets(settings: Config, file: Path) -> Iterator[Finding]:
    """Whether others can read what only maild's user should."""
    for place, table, key in config.secret_places(settings):
        named = getattr(table, f"{key}_file")
        check = f"{config.key_path(place)} {key}"
        if named is not None:
            yield _permissions(check, named)
    yield _ok("desk keys", f"{len(settings.desk.secrets)}; the first signs, all of them verify")
    if _holds_secrets(config.read_layers(file, {}).file) and file.stat().st_mode & 0o044:
        remedy = f"chmod 600 {file}, or move them to files of their own (password_file, secret_file)"
        yield _warn("configuration", f"{file} holds secrets and others can read it", remedy)


def _permissions(check: str, file: Path) -> Finding:
    mode = file.stat().st_mode
    if mode & 0o077:
        return _warn(check, f"others can read {file} (mode {mode & 0o777:o})", f"chmod 600 {file}")
    return _ok(check, f"{file}, readable by its owner only")


def _holds_secrets(value: object) -> bool:
    if isinstance(value, dict):
        return any(key in config.SECRET_KEYS or _holds_secrets(each) for key, each in value.items())
    return isinstance(value, list) and any(_holds_secrets(each) for each in value)


def _state(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the state's directory can be written and has room."""
    directory = settings.state.directory
    there = next(each for each in (directory, *directory.resolve().parents) if each.exists())
    if not there.is_dir() or not _can_write(there):
        remedy = f"mkdir -p {directory}, and chown it to the user who runs maild"
        yield _fail("state", f"{there} cannot be written", remedy)
        return
    free = shutil.disk_usage(there).free
    if free < ROOM_TO_FAIL:
        yield _fail("state", f"{_mega(free)} left on the disk of {there}", "make room: no mail can be kept")
    elif free < ROOM:
        yield _warn("state", f"{_mega(free)} left on the disk of {there}", "make room soon")
    else:
        made = "can be written" if directory.exists() else "will be made at the first run"
        yield _ok("state", f"{directory} {made}; {_mega(free)} free")


def _mega(size: int) -> str:
    return f"{size // 10**6:,} MB".replace(",", " ")


def _can_write(directory: Path) -> bool:
    # The answer of access(2) is not enough: root may everything, and a read-only mount refuses root too.
    try:
        with tempfile.NamedTemporaryFile(dir=directory, prefix=".maild-"):
            return True
    except OSError:
        return False


def _reader(_settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether a process can be started to read large mail in."""
    with closing(isolate.Worker()) as worker:
        try:
            found = worker.read(b"Subject: doctor\r\n\r\n")
        except isolate.NoWorker as error:
            found = isolate.Failure(fate=isolate.Fate.DIED, detail=str(error))
    if isinstance(found, isolate.Failure):
        remedy = "give maild room for one more process (memory, ulimit -u): large mail waits until then"
        yield _fail("reader", f"no process to read large mail in: {found.detail}", remedy)
    else:
        yield _ok("reader", "large mail is read in a process of its own")


def _database(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the database answers, is sound, and has a schema that this version can use."""
    url = settings.state.database
    try:
        with closing(database.open_database(url)) as opened:
            if opened.file is not None and (kind := _file_system(opened.file)) in NETWORK_FILE_SYSTEMS:
                remedy = "put [state] directory on a disk of this machine, or use PostgreSQL"
                yield _fail("database", f"{opened.file} is on a network file system ({kind})", remedy)
            yield _schema(opened)
            yield from _pragmas(opened)
    except database.Unavailable as error:
        remedy = "start it, or mend [state] database; the password may stand in ~/.pgpass"
        if url.startswith("sqlite"):
            remedy = "see that no other program holds the file, and that the disk has room"
        yield _fail("database", " ".join(str(error).split()), remedy)


def _schema(opened: database.Database) -> Finding:
    found, head = database.current(opened), database.head()
    if found is None:
        return _ok("database", f"no schema yet; the first run makes {head}")
    if found == head:
        return _ok("database", f"schema {head}")
    if found < head:
        return _ok("database", f"schema {found}; the next run makes it {head}, after a copy")
    return _fail("database", f"schema {found} is of a later version", "install that version again")


def _pragmas(opened: database.Database) -> Iterator[Finding]:
    if opened.file is None or not opened.file.exists():
        return
    if not database.is_sound(opened):
        remedy = "stop maild and put the last backup in place"
        yield _fail("database", f"{opened.file} is damaged (integrity_check)", remedy)
        return
    said = database.pragmas(opened)
    # 2 is FULL: a commit is on the disk when it returns (sqlite.org/pragma.html).
    safe = str(said.get("journal_mode")).lower() == "wal" and said.get("synchronous") == 2
    if safe or database.current(opened) is None:
        yield _ok("database", f"{opened.file} is sound; journal {said.get('journal_mode')}")
    else:
        yield _fail("database", f"not durable: {said}", "`maild db upgrade`, on a disk of this machine")


def _file_system(file: Path) -> str:
    """The kind of file system that holds ``file``; "" where /proc/mounts does not tell."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    mounts = {Path(line.split()[1]): line.split()[2] for line in lines}
    return next((mounts[each] for each in file.resolve().parents if each in mounts), "")


# --- servers ------------------------------------------------------------------------------------------------


def _maildrops(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether each place that mail is taken from can be reached."""
    for name, drop in settings.maildrop.items():
        check = f"maildrop {name}"
        if isinstance(drop, DoorMaildrop):
            yield from _door(check, drop)
        elif drop.auth == "oauth":
            yield _fail(check, 'auth = "oauth" comes with a later release', 'use auth = "password"')
        else:
            wire = list(_wire(check, drop.host, drop.tls))
            yield from wire
            if not _any_failed(wire):
                yield from _mailbox(check, drop)


def _door(check: str, drop: DoorMaildrop) -> Iterator[Finding]:
    """Whether a mail server can hand mail in there, and who else can."""
    greeting = _greeting(drop)
    if "maild" in greeting:
        yield _ok(check, f"{drop.listen} answers: {greeting}")
    elif greeting:
        remedy = "end that program, or listen somewhere else"
        yield _fail(check, f"another program listens at {drop.listen}: {greeting}", remedy)
    elif why := _door_cannot_listen(drop):
        yield _fail(check, f"nothing can listen at {drop.listen}: {why}", "mend listen")
    else:
        yield _ok(check, f"{drop.kind} at {drop.listen}, which is free; `maild run` opens it")
    if not drop.is_of_this_machine:
        found = f"{', '.join(drop.allow)} may hand in mail in anybody's name, unencrypted"
        yield _warn(check, found, "let a firewall keep all others away, or use 127.0.0.1 or a unix: socket")


def _greeting(drop: DoorMaildrop) -> str:
    """The first line of whoever listens at a door, "" when nobody does."""
    with socket.socket(socket.AF_UNIX if drop.socket else _family(drop.host)) as client:
        client.settimeout(_DOOR_SECONDS)
        try:
            client.connect(str(drop.socket) if drop.socket else (drop.host, drop.port))
        except OSError:
            return ""
        try:
            return client.recv(512).decode("utf-8", "replace").strip() or "it says nothing"
        except OSError:
            return "it says nothing"


def _door_cannot_listen(drop: DoorMaildrop) -> str:
    """Why nobody could open it, "" when one could."""
    if drop.socket is not None:
        there = drop.socket.parent.is_dir() and _can_write(drop.socket.parent)
        return "" if there else f"{drop.socket.parent} is no folder that can be written"
    return _cannot_listen(drop.host, drop.port)


def _cannot_listen(host: str, port: int) -> str:
    """Why nobody could listen there, "" when one could."""
    try:
        with socket.create_server((host, port), family=_family(host)):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _board(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the board can listen where it should, and who can look."""
    http, check = settings.http, "http"
    if http is None:
        return
    if _is_ours(http):
        yield _ok(check, f"the board is at http://{http.listen}/")
    elif why := _cannot_listen(http.host, http.port):
        remedy = "end the program that listens there, or mend [http] listen"
        yield _fail(check, f"nothing can listen at {http.listen}: {why}", remedy)
    else:
        yield _ok(check, f"{http.listen} is free; `maild run` opens the board there")
    if not http.is_of_this_machine:
        found = f"the board at {http.listen} is not encrypted, nor is its token on the way"
        yield _warn(check, found, "listen at 127.0.0.1 and let a web server with TLS stand before it")
    elif not http.key:
        yield _ok(check, "whoever works on this machine may look; no token is needed")


def _is_ours(http: Http) -> bool:
    """A board answers there already."""
    client = HTTPConnection(http.host, http.port, timeout=_DOOR_SECONDS)
    try:
        client.request("GET", "/healthz", headers={"Host": "localhost"})
        return client.getresponse().read(16) == b"ok\n"
    except (OSError, HTTPException):
        return False
    finally:
        client.close()


def _any_failed(findings: list[Finding]) -> bool:
    return any(finding.verdict == "FAIL" for finding in findings)


def _wire(check: str, host: str, tls: str) -> Iterator[Finding]:
    """What is wrong before a word is said: the name, and a password that anybody on the way could read."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        remedy = "mend host, or the name server of this machine"
        yield _fail(check, f"no address is known for {host} ({error.strerror or error})", remedy)
        return
    if tls == "none" and not all(ipaddress.ip_address(each.split("%")[0]).is_loopback for each in found):
        found_text = f"nothing between here and {host} is encrypted, the password included"
        yield _warn(check, found_text, 'set tls = "implicit" or "starttls"')


@contextmanager
def _entered(drop: ImapMaildrop) -> Iterator[mailbox.Mailbox]:
    entered = mailbox.connect(drop, config.password(drop))
    try:
        yield entered
    finally:
        entered.close()


def _mailbox(check: str, drop: ImapMaildrop) -> Iterator[Finding]:
    where = f"{drop.host}:{drop.port}"
    try:
        with _entered(drop) as entered:
            secured = {"implicit": "TLS", "starttls": "STARTTLS"}.get(drop.tls, "no TLS")
            yield _ok(check, f"{where} answers ({secured}), {drop.user} is logged in")
            yield from _capabilities(check, drop, entered.capabilities)
            yield from _folders(check, drop, entered)
    except mailbox.LoginRefused as error:
        remedy = f"mend user or password_file; a provider may want an app password for {drop.user}"
        yield _fail(check, str(error), remedy)
    except mailbox.Unreachable as error:
        yield _fail(check, str(error), _wire_remedy(str(error), drop))
    except config.ConfigError as error:
        yield _fail(check, str(error.problems[0].what), error.problems[0].remedy)


def _wire_remedy(said: str, server: ImapMaildrop | Submission) -> str:
    """What to mend, guessed from what the wire said."""
    text = said.lower()
    if "certificate" in text:
        return f"host must be the name in the certificate of {server.host}, and its authority known here"
    if "wrong_version_number" in text or "wrong version number" in text:
        return f'port {server.port} speaks no TLS at first: set tls = "starttls", or another port'
    if "refused" in text:
        return f"see that {server.host} listens at port {server.port}, and which port it is for this tls"
    if "timed out" in text or "timeout" in text:
        other = "; a server that waits for TLS says nothing either" if server.tls != "implicit" else ""
        return f"see whether a firewall stands between here and {server.host}:{server.port}{other}"
    return "mend host, port or tls"


def _capabilities(check: str, drop: ImapMaildrop, known: frozenset[str]) -> Iterator[Finding]:
    told = [word for word in ("IDLE", "MOVE", "UIDPLUS") if word in known]
    yield _ok(check, f"the server knows {', '.join(told) or 'nothing beyond plain IMAP'}")
    if drop.idle and "IDLE" not in known:
        found = "no IDLE: new mail is seen at each poll only"
        poll = config.format_duration(drop.poll)
        yield _warn(check, found, f"nothing to mend; poll = {poll!r} is how long a receipt may take")
    if drop.after == "move" and not {"MOVE", "UIDPLUS"} & known:
        found = "neither MOVE nor UIDPLUS: filed mail is copied, then marked as deleted"
        yield _warn(check, found, 'consider after = "keep"')


def _folders(check: str, drop: ImapMaildrop, entered: mailbox.Mailbox) -> Iterator[Finding]:
    try:
        # Not read-only: PERMANENTFLAGS is empty then (RFC 9051 6.3.3), and says nothing about keywords.
        selected = entered.select(drop.folder)
    except mailbox.NoFolder as error:
        yield _fail(check, f"folder {error}", "mend folder; names are as the server spells them")
        return
    yield _ok(check, f"{drop.folder} holds {len(entered.uids())} mails")
    if not selected.keywords:
        found = "no keywords of our own in this folder: only flags show in the mailbox"
        yield _warn(check, found, "nothing to mend; `maild tickets --near-limit` shows what is late")
    wanted = [(name, "sent") for name in drop.sent]
    wanted += [(drop.junk, "junk")] if drop.junk else []
    for name, key in wanted:
        if not entered.has_folder(name):
            yield _warn(check, f"there is no folder {name!r}", f"mend {key}, or leave it empty")
    if drop.after == "move" and not entered.has_folder(drop.done):
        yield _warn(
            check, f"there is no folder {drop.done!r}", "make it, or let maild make it at the first run"
        )
    yield from _copies_of_answers(check, drop, entered)


def _copies_of_answers(check: str, drop: ImapMaildrop, entered: mailbox.Mailbox) -> Iterator[Finding]:
    """Whether answers that people gave here are kept where maild looks for them."""
    answered = len(entered.answered())
    there = [name for name in drop.sent if answered and entered.has_folder(name)]
    if not there or any(_holds_mail(entered, name) for name in there):
        return
    found = f"{answered} mails of {drop.folder} were answered, and {', '.join(there)} is empty"
    remedy = f"name the folder where mail programs keep it in sent; on Exchange: {_kept_in(drop.user)}"
    yield _warn(check, found, remedy)


def _holds_mail(entered: mailbox.Mailbox, folder: str) -> bool:
    entered.select(folder, readonly=True)
    return bool(entered.uids())


def _kept_in(shared: str) -> str:
    """What makes Exchange keep a copy in the shared mailbox (learn.microsoft.com, Set-Mailbox)."""
    both = "-MessageCopyForSentAsEnabled $true -MessageCopyForSendOnBehalfEnabled $true"
    return f"Set-Mailbox {shared} {both}"


def _exchange(settings: Config, _file: Path) -> Iterator[Finding]:
    """Where answers from a shared mailbox of Microsoft 365 are kept, which cannot be seen from here."""
    for name, drop in settings.maildrop.items():
        hosts = (settings.submission.host, *([drop.host] if isinstance(drop, ImapMaildrop) else ()))
        if isinstance(drop, DoorMaildrop) or not drop.sent or not any(map(_is_exchange_online, hosts)):
            continue
        found = "Exchange keeps what an agent sends as the desk in the agent's own mailbox, unless it is told"
        remedy = f"once, in Exchange Online PowerShell: {_kept_in(drop.user)}"
        yield Finding(check=f"maildrop {name}", verdict="ok", found=found, remedy=remedy)


def _is_exchange_online(host: str) -> bool:
    return f".{host.casefold()}".endswith(tuple(f".{domain}" for domain in _EXCHANGE_ONLINE))


def _submission(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the server that takes our mail takes it from us; nothing is sent."""
    server, check = settings.submission, "submission"
    if server.user and server.auth == "oauth":
        yield _fail(check, 'auth = "oauth" comes with a later release', 'use auth = "password"')
        return
    wire = list(_wire(check, server.host, server.tls))
    yield from wire
    if not _any_failed(wire):
        yield from _sending(check, settings)


def _sending(check: str, settings: Config) -> Iterator[Finding]:
    server = settings.submission
    # What smtplib raises are OSErrors too; its module has one door, and that is not here.
    try:
        connection: Any = smtp.connect(server, config.password(server))
    except config.ConfigError as error:
        yield _fail(check, str(error.problems[0].what), error.problems[0].remedy)
    except OSError as error:
        yield _unsent(check, error, server)
    else:
        with closing(connection):
            yield from _accepted(check, connection, settings)


def _unsent(check: str, error: OSError, server: Submission) -> Finding:
    reply = getattr(error, "smtp_error", b"")
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    code = getattr(error, "smtp_code", "")
    where = f"{server.host}:{server.port}"
    if type(error).__name__ == "SMTPAuthenticationError":
        remedy = f"mend user or password_file; a provider may want an app password for {server.user}"
        return _fail(check, f"{where} refused {server.user}: {code} {words}", remedy)
    if type(error).__name__ == "SMTPNotSupportedError":
        return _fail(check, f"{where}: {error}", "mend tls and port, or leave user empty where none logs in")
    said = f"{code} {words}".strip() or str(error) or type(error).__name__
    return _fail(check, f"{where}: {said}", _wire_remedy(said, server))


def _accepted(check: str, connection: Any, settings: Config) -> Iterator[Finding]:
    server, sender = settings.submission, settings.desk.address
    login = f", {server.user} is logged in" if server.user else ", nobody logs in"
    secured = {"implicit": "TLS", "starttls": "STARTTLS"}.get(server.tls, "no TLS")
    yield _ok(check, f"{server.host}:{server.port} answers ({secured}){login}")
    try:
        code, words = connection.mail(sender)
        connection.rset()
    except OSError as error:
        yield _unsent(check, error, server)
        return
    if code == 250:
        yield _ok(check, f"takes mail from {sender}{_size_told(connection)}")
    else:
        remedy = f"let {server.user or 'this machine'} send as {sender} on the server, or mend desk.address"
        yield _fail(check, f"refuses mail from {sender}: {code} {words.decode('utf-8', 'replace')}", remedy)


def _size_told(connection: Any) -> str:
    """RFC 1870 3: SIZE with the limit, or without one."""
    size = str(connection.esmtp_features.get("size", ""))
    return f", up to {_mega(int(size))} each" if size.isdecimal() and int(size) else ""


# --- sense --------------------------------------------------------------------------------------------------


def _letters(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether each letter can be written in each language."""
    folder = settings.desk.templates
    if folder is not None and not folder.is_dir():
        yield _fail("letters", f"{folder} is no folder", "make it, or delete the line desk.templates")
        return
    wrong = [*rehearsal.render_all(office.paper(settings)), *prove.page_problems(settings)]
    for problem in wrong:
        yield _fail("letters", problem, f"mend it in {folder}" if folder else "reinstall maild")
    if not wrong:
        own = f", your own from {folder} first" if folder else ""
        yield _ok("letters", f"all can be written in {', '.join(settings.desk.languages)}{own}")


def _clock(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether the time can be right."""
    now = datetime.now(UTC)
    if now.year < WRITTEN_IN:
        yield _fail("clock", f"this machine believes it is {now:%Y-%m-%d}", "set the clock; let NTP keep it")
        return
    local = now.astimezone(ZoneInfo(settings.desk.timezone))
    yield _ok("clock", f"{local:%Y-%m-%d %H:%M} in {settings.desk.timezone}, {now:%H:%M} UTC")


def _people(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether somebody hears of each ticket, each breach and each trouble."""
    if not settings.agent and not any(team.address for team in settings.team):
        found = "no agent and no team with an address: nobody hears of a new ticket by mail"
        yield _warn("people", found, "write an [[agent]] for each person who answers")
    elif settings.agent:
        teams = sorted({team for agent in settings.agent for team in agent.teams})
        yield _ok("people", f"{len(settings.agent)} agents in {', '.join(teams) or 'no team'}")
        yield from _memberships(settings)
    if not settings.desk.administrators:
        found = "no administrators: trouble with maild itself stands in the log only"
        yield _warn("people", found, 'write administrators = ["…"] in [desk]')


def _alert(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether trouble is heard when mail is what is broken; the command itself runs on request only."""
    command = settings.alert.command
    if not command:
        yield _ok("alert", "trouble is told by mail only; [alert] command tells it by another way")
    elif why := alarm.missing(command):
        yield _fail("alert", why, "mend [alert] command: a program's path, or a name on PATH")
    else:
        yield _ok("alert", f"{command[0]} can be run; `maild doctor --alert` tries it")


def _tried(settings: Config) -> Iterator[Finding]:
    """The command, run once with a test message."""
    command, address = settings.alert.command, settings.desk.address
    if not command:
        yield _warn("alert", "there is no [alert] command to try", 'write command = ["…"] in [alert]')
    elif why := alarm.run_command(command, f"maild {address}: a test\n\ntrouble: test\nstate: began\n"):
        yield _fail("alert", f"{command[0]}: {why}", "run it by hand with a text on its standard input")
    else:
        yield _ok("alert", f"{command[0]} took a test message")


def _memberships(settings: Config) -> Iterator[Finding]:
    manned = {team for agent in settings.agent for team in agent.teams}
    for agent in settings.agent:
        if not agent.teams:
            yield _warn(
                "people", f"{agent.name} is in no team and hears of nothing", 'write teams = ["desk"]'
            )
    for team in settings.team:
        if not team.address and team.name not in manned:
            found = f"team {team.name} has neither an address nor an agent"
            yield _warn("people", found, "give it one of them")
    named = (
        {rule.team for rule in settings.rule} | {category.team for category in settings.category} | {"desk"}
    )
    reached = manned | {team.name for team in settings.team}
    for name in sorted(named - reached - {""}):
        yield _warn("people", f"nobody is in the team {name}", f"write {name!r} in the teams of an agent")
    if not any(agent.lead for agent in settings.agent):
        yield _warn("people", "no lead: at a breach no one person is told", "write lead = true for an agent")


def _proof(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether agents can prove who they are."""
    security = settings.security
    if "dmarc" in security.proof and not security.trusted_authserv_ids:
        found = "no trusted_authserv_ids: a DMARC pass proves nothing, only replies to our own mails do"
        remedy = "write the first word of Authentication-Results in a mail that came to the desk"
        yield _warn("proof", found, remedy)
    else:
        yield _ok(
            "proof", f"agents are known by {', '.join(security.proof) or 'nothing: they have no power'}"
        )


CHECKS: tuple[Callable[[Config, Path], Iterator[Finding]], ...] = (
    _secrets,
    _state,
    _reader,
    _database,
    _maildrops,
    _board,
    _exchange,
    _submission,
    _letters,
    _clock,
    _people,
    _alert,
    _proof,
)
