"""A desk's first configuration: from a few answers to ``config.toml``, its secrets and the unit file.

Stands under ``quickstart``, beside the flow. ``drafted`` is pure: answers in, texts out. ``put_in_place``
writes them: first all of them into a folder of their own, where the configuration is read as any other; then
each by one rename, ``config.toml`` last. Whatever ends it before leaves everything as it was. It raises
``ConfigError`` where the answers make no configuration, and ``OSError`` where the folder cannot be written.
"""

import json
import os
import pwd
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from maild import config, deploy
from maild.config import ConfigError, Tls

Provider = Literal["microsoft", "google", "imap"]
Auth = Literal["password", "client_credentials", "device", "service_account"]

KEY, IMAP_PASSWORD, SMTP_PASSWORD = "secret", "imap-password", "smtp-password"
UNIT = "maild.service"
# As whom it runs maild.
ACCOUNT = "maild"
# What every installation can look up.
_PROGRAM_OF_UNIT = "/opt/maild/bin/maild run --config /etc/maild/config.toml"
# The signing key is 32 random octets, as config.toml recommends.
_KEY_OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a mail server is; ``port`` None: the usual one of this ``tls``."""

    host: str
    tls: Tls
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a provider: servers, folders, ways to log in, and what proves an agent there."""

    imap: Server | None = None
    submission: Server | None = None
    auths: tuple[Auth, ...] = ("password",)
    sent: tuple[str, ...] = ("Sent",)
    junk: str = ""
    proof: tuple[str, ...] = ()
    authserv_ids: tuple[str, ...] = ()
    spam_headers: tuple[str, ...] | None = None
    per_day: int | None = None


# Servers: learn.microsoft.com "POP, IMAP, and SMTP settings", support.google.com/a/answer/9003945. Folders
# have the names of an English mailbox; doctor says where they have others. Exchange Online takes no password
# any more. Google keeps a copy of what it sends by itself, and lets a Workspace mailbox send 2000 a day.
KNOWN: Mapping[Provider, Known] = {
    "microsoft": Known(
        imap=Server(host="outlook.office365.com", tls="implicit"),
        submission=Server(host="smtp.office365.com", tls="starttls"),
        auths=("client_credentials", "device"),
        sent=("Sent Items",),
        junk="Junk Email",
        proof=("token", "m365"),
        # Exchange removes these from outside mail, and no others.
        spam_headers=("X-MS-Exchange-Organization-SCL", "X-Forefront-Antispam-Report"),
    ),
    "google": Known(
        imap=Server(host="imap.gmail.com", tls="implicit"),
        submission=Server(host="smtp.gmail.com", tls="starttls"),
        auths=("service_account", "password"),
        sent=("[Gmail]/Sent Mail",),
        junk="[Gmail]/Spam",
        authserv_ids=("mx.google.com",),
        spam_headers=(),  # it moves what it takes for spam, and writes nothing
        per_day=2000,
    ),
    "imap": Known(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A person who answers."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was asked. A password is "" where ``…_file`` names it, or where none is needed.

    ``smtp_user``: "" where nobody logs in to send. ``secret_file``: of the registered program (Microsoft), or
    the key of the service account (Google).
    """

    address: str
    name: str
    provider: Provider
    auth: Auth
    imap: Server
    submission: Server
    user: str
    smtp_user: str
    password: str = ""
    password_file: Path | None = None
    smtp_password: str = ""
    smtp_password_file: Path | None = None
    tenant: str = ""
    client_id: str = ""
    client_secret: str = ""
    secret_file: Path | None = None
    agents: tuple[Agent, ...] = ()
    administrators: tuple[str, ...] = ()
    languages: tuple[str, ...] = config.LANGUAGES
    timezone: str = "Europe/Brussels"
    prefix: str = "ETNIC"
    phone: str = ""
    start: str = "now"
    state: Path = Path("var")


# ---------------------------------------------------------------------- what is written (pure)


def drafted(answers: Answers) -> dict[str, str]:
    """The files by name: the configuration, and each secret that is in no file yet."""
    given = {
        IMAP_PASSWORD: answers.password,
        SMTP_PASSWORD: answers.smtp_password if answers.smtp_password != answers.password else "",
        "client-secret": answers.client_secret,
    }
    files = {name: f"{text}\n" for name, text in given.items() if text}
    return files | {"config.toml": "\n\n".join(_tables(answers)) + "\n"}


def unit(program: Path, file: Path) -> str:
    """The unit for systemd, starting this program with this configuration."""
    shipped = (Path(deploy.__file__).parent / UNIT).read_text(encoding="utf-8")
    folder = str(file.parent)
    return shipped.replace(_PROGRAM_OF_UNIT, f"{program} run --config {file}").replace("/etc/maild", folder)


def unit_account() -> pwd.struct_passwd | None:
    """The account of the unit, for root, who works on its behalf; None for others, or where there is none."""
    known = pwd.getpwall() if os.geteuid() == 0 else []
    return next((each for each in known if each.pw_name == ACCOUNT), None)


def _tables(answers: Answers) -> Iterator[str]:
    known = KNOWN[answers.provider]
    yield (
        "# maild: the configuration of a service desk's mail daemon, as `maild quickstart` began it.\n"
        "#\n"
        "# Each key that is not here has its default; the file share/maild/config.toml of the installation\n"
        "# explains them all. `maild config check` says what is wrong, `maild config show` what holds,\n"
        "# `maild doctor` whether the servers behind it answer. Relative paths are taken from this folder."
    )
    yield from (_desk(answers), _state(answers), _maildrop(answers, known), _submission(answers, known))
    yield _agents(answers)
    yield _security(answers, known)


def _desk(answers: Answers) -> str:
    return _table(
        "desk",
        ("name", answers.name, "Who answers, and at which address."),
        ("address", answers.address, ""),
        ("prefix", answers.prefix, "What ticket numbers begin with, as in [ETNIC-1042]: choose it once."),
        ("languages", answers.languages, "Of the letters, the preferred one first."),
        ("timezone", answers.timezone, ""),
        ("phone", answers.phone or None, "Told in every receipt."),
        ("secret_file", KEY, "Signs our Message-IDs. Keep it: with another key, old letters are unknown."),
        ("administrators", answers.administrators, "Who hears of trouble with maild itself."),
    )


def _state(answers: Answers) -> str:
    about = (
        "Where the database is. A relative path begins where maild is started: by the unit, /var/lib/maild."
    )
    return _table("state", ("directory", str(answers.state), about))


def _maildrop(answers: Answers, known: Known) -> str:
    since = '"now": only mail that comes from now on; "all" also files what is there already.'
    table = _table(
        "maildrop.support",
        ("kind", "imap", "The mailbox that is watched. Nothing in it is moved or marked as read."),
        *_server(answers.imap),
        ("user", answers.user, ""),
        *_login(answers, _password_file(answers)),
        ("sent", known.sent, "Folders in which answers that people give outside maild are found."),
        ("junk", known.junk or None, "What the server took for spam."),
        ("start", answers.start, since),
    )
    return table + _oauth("maildrop.support", answers)


def _submission(answers: Answers, known: Known) -> str:
    table = _table(
        "submission",
        *(
            (key, value, "The server that takes our mail." if key == "host" else "")
            for key, value, _ in _server(answers.submission)
        ),
        ("user", answers.smtp_user or None, ""),
        *(_login(answers, _smtp_password_file(answers)) if answers.smtp_user else ()),
        ("per_day", known.per_day, "What the provider allows."),
    )
    return table + (_oauth("submission", answers) if answers.smtp_user else "")


def _server(server: Server) -> tuple[tuple[str, object, str], ...]:
    return (("host", server.host, ""), ("tls", server.tls, ""), ("port", server.port, ""))


def _login(answers: Answers, file: str) -> tuple[tuple[str, object, str], ...]:
    if answers.auth == "password":
        return (("password_file", file, ""),)
    return (("auth", "oauth", ""),)


def _password_file(answers: Answers) -> str:
    return str(answers.password_file.absolute()) if answers.password_file else IMAP_PASSWORD


def _smtp_password_file(answers: Answers) -> str:
    if answers.smtp_password_file:
        return str(answers.smtp_password_file.absolute())
    apart = answers.smtp_password and answers.smtp_password != answers.password
    return SMTP_PASSWORD if apart else _password_file(answers)


def _oauth(table: str, answers: Answers) -> str:
    """The table of the tokens, "" where a password opens the mailbox."""
    file = str(answers.secret_file.absolute()) if answers.secret_file else "client-secret"
    match answers.auth:
        case "password":
            return ""
        case "service_account":
            rows = (("provider", "google", ""), ("service_account_file", file, ""))
            return "\n\n" + _table(f"{table}.oauth", *rows, ("subject", answers.user, ""))
        case flow:
            secret = file if flow == "client_credentials" else None
            return "\n\n" + _table(
                f"{table}.oauth",
                ("provider", "microsoft", ""),
                ("tenant", answers.tenant, ""),
                ("client_id", answers.client_id, ""),
                ("client_secret_file", secret, ""),
                ("flow", flow, ""),
            )


def _agents(answers: Answers) -> str:
    about = "# The people who answer; teams need no table of their own. lead: hears of breaches.\n"
    rows = [
        _table("[agent]", ("name", agent.name, ""), ("address", agent.address, ""), ("lead", not at, ""))
        for at, agent in enumerate(answers.agents)
    ]
    sample = '# [[agent]]\n# name = "Anne Dupont"\n# address = "anne.dupont@etnic.be"\n# lead = true'
    return about + ("\n\n".join(rows) or sample)


def _security(answers: Answers, known: Known) -> str:
    ids = "The name under which your server writes Authentication-Results; `maild doctor --probe` finds it."
    return _table(
        "security",
        ("trusted_authserv_ids", known.authserv_ids, ids),
        ("proof", known.proof or None, "What proves that a mail is an agent's."),
        ("spam_headers", known.spam_headers, "In which your server's filter says that a mail is spam."),
    )


def _table(name: str, *rows: tuple[str, object, str]) -> str:
    """A table with its keys; None is left out, and a remark stands above its key."""
    lines = [f"[{name}]"]
    for key, value, about in rows:
        if value is not None:
            lines += [f"# {about}"] if about else []
            lines.append(f"{key} = {_value(value)}")
    return "\n".join(lines)


def _value(value: object) -> str:
    # What JSON calls a text, a number, a list or a truth is the same in TOML, but for the one control that
    # JSON leaves as it is.
    text = json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
    return text.replace("\x7f", "\\u007f")


# ---------------------------------------------------------------------- writing it


def put_in_place(file: Path, answers: Answers, *, program: Path, owner: str = "") -> tuple[Path, ...]:
    """Write the configuration at ``file`` and what goes with it beside it; returns the files.

    Secrets are for their owner only (0600), a folder that is made is not: who runs maild must get through. A
    signing key that is there stays: letters that left bear it.

    Args:
        program: what the unit starts.
        owner: the account that is to read the files, "" for the one who calls.

    Raises:
        ConfigError: the answers make no configuration; nothing was written.
        OSError: the folder cannot be written; nothing was written.
    """
    folder = file.parent
    files = drafted(answers)
    if not (folder / KEY).exists():
        files[KEY] = f"{secrets.token_hex(_KEY_OCTETS)}\n"
    files[UNIT] = unit(program, file.absolute())
    files[file.name] = files.pop("config.toml")
    with _there(folder), tempfile.TemporaryDirectory(dir=folder, prefix=".maild-") as made:
        staging = Path(made)
        for name, text in files.items():
            _write(staging / name, text, owner)
        _try_out(staging / file.name, file)
        _move([(staging / name, folder / name) for name in files])
    return tuple(folder / name for name in files)


def would_replace(file: Path, answers: Answers) -> tuple[Path, ...]:
    """The files that ``put_in_place`` would replace."""
    names = [name for name in drafted(answers) if name != "config.toml"]
    return tuple(path for path in (file, *(file.parent / n for n in (*names, UNIT))) if path.exists())


@contextmanager
def _there(folder: Path) -> Iterator[None]:
    """The folder, made where it is missing, and taken away again where nothing comes of it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    with ExitStack() as undoing:
        for each in reversed(missing):
            each.mkdir()
            undoing.callback(each.rmdir)
            each.chmod(0o755)
        yield
        undoing.pop_all()


def _write(path: Path, text: str, owner: str) -> None:
    mode = 0o644 if path.name == UNIT else 0o600
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
    if owner:
        shutil.chown(path, owner)


def _try_out(drafted_file: Path, file: Path) -> None:
    """Read it as the daemon will; a key that stays where it is counts as the one that was made."""
    staged = drafted_file.parent / KEY
    if not staged.exists():
        shutil.copy(file.parent / KEY, staged)
    try:
        config.load(drafted_file, {})
    except ConfigError as error:
        said = [replace(problem, file=str(file)) for problem in error.problems]
        raise ConfigError(said) from error


def _move(steps: Sequence[tuple[Path, Path]]) -> None:
    """Each by one rename; where one fails, those before it are taken back."""
    with ExitStack() as undoing:
        for staged, final in steps:
            if final.exists():
                former = staged.with_name(f"{staged.name}.former")
                os.link(final, former)
                undoing.callback(former.replace, final)
            else:
                undoing.callback(final.unlink, missing_ok=True)
            staged.replace(final)
        undoing.pop_all()
