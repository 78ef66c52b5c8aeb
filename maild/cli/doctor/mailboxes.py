"""Whether each place that mail is taken from can be reached, and does what maild counts on; for ``doctor``.

It logs in, looks at folders and capabilities, and leaves every flag as it was. What the server refuses is a
finding with its remedy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from maild import config
from maild.cli.counts import counted
from maild.cli.doctor.doors import door
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, any_failed, fail, ok, warn
from maild.cli.doctor.wire import broken, certificate, resolved, unusable, wrong_login
from maild.config import Config, DoorMaildrop, ImapMaildrop
from maild.oauth import access, bearer
from maild.receive import mailbox

# Where Microsoft 365 takes and keeps mail.
_EXCHANGE_ONLINE = ("office365.com", "outlook.com", "outlook.office.com")


def maildrops(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether each place that mail is taken from can be reached."""
    for name, drop in settings.maildrop.items():
        check = f"maildrop {name}"
        if isinstance(drop, DoorMaildrop):
            yield from door(check, drop)
        else:
            wire = list(resolved(check, drop.host, drop.tls))
            yield from wire
            if not any_failed(wire):
                yield from _mailbox(check, drop, settings.state.directory)


@contextmanager
def entered(drop: ImapMaildrop, directory: Path) -> Iterator[mailbox.Mailbox]:
    """A session in the mailbox; raises as ``mailbox.connect``, or for a password or token that is missing."""
    session = mailbox.connect(drop, access.key_to(drop, directory)())
    try:
        yield session
    finally:
        session.close()


def _mailbox(check: str, drop: ImapMaildrop, directory: Path) -> Iterator[Finding]:
    where = f"{drop.host}:{drop.port}"
    try:
        with entered(drop, directory) as session:
            secured = {"implicit": "TLS", "starttls": "STARTTLS"}.get(drop.tls, "no TLS")
            yield ok(check, f"{where} answers ({secured}), {drop.user} is logged in")
            yield from certificate(check, drop.host, session.certificate(), datetime.now(UTC))
            yield from _capabilities(check, drop, session.capabilities)
            yield from _folders(check, drop, session)
    except mailbox.LoginRefused as error:
        fault = Fault.TOKEN_REFUSED if drop.auth == "oauth" else Fault.LOGIN_REFUSED
        yield fail(check, fault, error.what, error.remedy or wrong_login(drop))
    except mailbox.Unreachable as error:
        if isinstance(error.__cause__, bearer.Unreachable):
            yield fail(check, Fault.TOKEN_UNREACHABLE, str(error), bearer.REACH)
        else:
            yield broken(check, str(error), drop)
    except config.ConfigError as error:
        yield unusable(check, error)


def _capabilities(check: str, drop: ImapMaildrop, known: frozenset[str]) -> Iterator[Finding]:
    told = [word for word in ("IDLE", "MOVE", "UIDPLUS") if word in known]
    yield ok(check, f"the server knows {', '.join(told) or 'nothing beyond plain IMAP'}")
    if drop.idle and "IDLE" not in known:
        found = "no IDLE: new mail is seen at each poll only"
        poll = config.format_duration(drop.poll)
        remedy = f"nothing to mend; poll = {poll!r} is how long a receipt may take"
        yield warn(check, Fault.NO_IDLE, found, remedy)
    if drop.after == "move" and not {"MOVE", "UIDPLUS"} & known:
        found = "neither MOVE nor UIDPLUS: filed mail is copied, then marked as deleted"
        yield warn(check, Fault.NO_MOVE, found, 'consider after = "keep"')


def _folders(check: str, drop: ImapMaildrop, entered: mailbox.Mailbox) -> Iterator[Finding]:
    try:
        # Not read-only: PERMANENTFLAGS is empty then (RFC 9051 6.3.3), and says nothing about keywords.
        selected = entered.select(drop.folder)
    except mailbox.NoFolder as error:
        remedy = "mend folder; names are as the server spells them"
        yield fail(check, Fault.FOLDER_MISSING, f"folder {error}", remedy)
        return
    yield ok(check, f"{drop.folder} holds {counted(len(entered.uids()), 'mail')}")
    if not selected.keywords:
        found = "no keywords of our own in this folder: only flags show in the mailbox"
        remedy = "nothing to mend; `maild tickets --near-limit` shows what is late"
        yield warn(check, Fault.NO_KEYWORDS, found, remedy)
    yield from _other_folders(check, drop, entered)
    yield from _copies_of_answers(check, drop, entered)


def _other_folders(check: str, drop: ImapMaildrop, entered: mailbox.Mailbox) -> Iterator[Finding]:
    """Those that are not there; of sent mail and junk the server may know the right name, in its language."""
    wanted = [("sent", name, Fault.SENT_MISSING) for name in drop.sent]
    wanted += [("junk", drop.junk, Fault.JUNK_MISSING)] if drop.junk else []
    for key, name, fault in wanted:
        if not entered.has_folder(name):
            known = entered.special(key.capitalize())
            remedy = f"the server says {known!r}" if known else "names are as the server spells them"
            yield warn(
                check, fault, f"there is no folder {name!r}", f"mend {key}, or leave it empty: {remedy}"
            )
    if drop.after == "move" and not entered.has_folder(drop.done):
        remedy = "make it, or let maild make it at the first run"
        yield warn(check, Fault.DONE_MISSING, f"there is no folder {drop.done!r}", remedy)


def _copies_of_answers(check: str, drop: ImapMaildrop, entered: mailbox.Mailbox) -> Iterator[Finding]:
    """Whether answers that people gave here are kept where maild looks for them."""
    answered = len(entered.answered())
    there = [name for name in drop.sent if answered and entered.has_folder(name)]
    if not there or any(_holds_mail(entered, name) for name in there):
        return
    found = f"answered in {drop.folder}: {counted(answered, 'mail')}, and {', '.join(there)} is empty"
    remedy = f"name the folder where mail programs keep it in sent; on Exchange: {_kept_in(drop.user)}"
    yield warn(check, Fault.NO_COPIES, found, remedy)


def _holds_mail(entered: mailbox.Mailbox, folder: str) -> bool:
    entered.select(folder, readonly=True)
    return bool(entered.uids())


def _kept_in(shared: str) -> str:
    """What makes Exchange keep a copy in the shared mailbox (learn.microsoft.com, Set-Mailbox)."""
    both = "-MessageCopyForSentAsEnabled $true -MessageCopyForSendOnBehalfEnabled $true"
    return f"Set-Mailbox {shared} {both}"


def exchange(settings: Config, _file: Path) -> Iterator[Finding]:
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
