"""``quickstart``: a few questions, then a configuration with its secrets and unit file, then ``doctor``.

Stands on ``setup``, which knows what is written and writes it. What a flag says is not asked; with ``--yes``
nothing is, and all that is missing then ends the command with 64 and an example. A file that is there is
replaced only where the person says so, before anything else is asked. Ends as ``doctor`` does: 0, or 1 where
something that it looked at fails.
"""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import TypeAdapter, ValidationError

from maild import config as configuration
from maild import setup
from maild.cli import Code, ConfigOption, Stop
from maild.setup import Agent, Answers, Auth, Provider, Server

_AGENT = re.compile(r"\s*(?P<name>[^<>]+?)\s*<(?P<address>[^<>\s]+)>\s*")
# Entra shows the ID of a secret beside its value, which it shows only once.
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# What nobody can guess, as a flag has it.
_EXAMPLES = {
    "address": "support@etnic.be",
    "imap-host": "imap.etnic.be",
    "smtp-host": "smtp.etnic.be",
    "tenant": "etnic.onmicrosoft.com",
    "client-id": "00000000-0000-0000-0000-000000000000",
    "password-file": "imap-password",
    "client-secret-file": "client-secret",
    "service-account-file": "google-key.json",
}
_LOGINS: dict[Auth, str] = {
    "password": "a password",
    "client_credentials": "the program itself is let in",
    "device": "a person lets it in once, by a code",
    "service_account": "a service account",
}
_OVERVIEW = ", as Entra shows it: App registrations > the program > Overview"
_ELSEWHERE = "name another place by --config, or become root"
_USUAL_TLS = {"imap": "implicit", "smtp": "starttls"}
# Where the unit lets maild write; a desk that somebody tries out has it beside him.
_STATE_OF_UNIT, _STATE = Path("/var/lib/maild/var"), Path("var")


def quickstart(
    config: ConfigOption = None,
    address: Annotated[str, typer.Option(metavar="ADDRESS", help="The desk's address.")] = "",
    name: Annotated[str, typer.Option(metavar="TEXT", help="The desk's name, as letters bear it.")] = "",
    provider: Annotated[str, typer.Option(metavar="WHICH", help="microsoft, google or imap.")] = "",
    auth: Annotated[
        str, typer.Option(metavar="HOW", help="password, client_credentials, device, service_account.")
    ] = "",
    imap_host: Annotated[str, typer.Option(metavar="HOST", help="Where the mailbox is.")] = "",
    imap_tls: Annotated[str, typer.Option(metavar="TLS", help="implicit, starttls or none.")] = "",
    imap_port: Annotated[int, typer.Option(metavar="PORT", help="Where it is not the usual one.")] = 0,
    smtp_host: Annotated[str, typer.Option(metavar="HOST", help="The server that takes our mail.")] = "",
    smtp_tls: Annotated[str, typer.Option(metavar="TLS", help="implicit, starttls or none.")] = "",
    smtp_port: Annotated[int, typer.Option(metavar="PORT", help="Where it is not the usual one.")] = 0,
    user: Annotated[str, typer.Option(metavar="USER", help="Who logs in (default: the address).")] = "",
    smtp_user: Annotated[
        str | None, typer.Option(metavar="USER", help='Who logs in to send (default: USER); "": nobody.')
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the password; it stays where it is.")
    ] = None,
    smtp_password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where sending has another password.")
    ] = None,
    tenant: Annotated[str, typer.Option(metavar="ID", help="Microsoft: the directory.")] = "",
    client_id: Annotated[str, typer.Option(metavar="ID", help="Microsoft: the registered program.")] = "",
    client_secret_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Microsoft: the value of its secret.")
    ] = None,
    service_account_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Google: the JSON key of the service account.")
    ] = None,
    agent: Annotated[
        list[str] | None,
        typer.Option(metavar="PERSON", help='"Anne Dupont <anne@etnic.be>"; the first leads.'),
    ] = None,
    administrator: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="Who hears of trouble with maild itself.")
    ] = None,
    languages: Annotated[str, typer.Option(metavar="LIST", help="Of the letters: fr,nl,de,en.")] = "",
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Of the desk.")] = "Europe/Brussels",
    prefix: Annotated[str, typer.Option(metavar="WORD", help="Before ticket numbers.")] = "ETNIC",
    phone: Annotated[str, typer.Option(metavar="NUMBER", help="Told in every receipt.")] = "",
    start: Annotated[str, typer.Option(metavar="WHEN", help="now, all, or a day: 2026-11-01.")] = "now",
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Where the database will be (default: var, for a file in /etc /var/lib/maild/var).",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing; take the defaults.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> int:
    """Write a first configuration by a few questions, or by flags; then look whether all is well."""
    if state and state.exists() and not state.is_dir():
        raise Stop(Code.USAGE, f"--state: {state} is no folder", "name one, such as --state /var/lib/maild")
    file = config or Path("config.toml")
    if file.is_dir():
        raise Stop(Code.USAGE, f"{file} is a folder", f"name a file in it, such as {file / 'config.toml'}")
    _look_ahead(file)
    asking = _Asking(silent=yes, force=force)
    asking.to_replace([path for path in (file,) if path.exists()])
    which = cast("Provider", asking.one_of("provider", "Provider", provider, tuple(setup.KNOWN), "imap"))
    known = setup.KNOWN[which]
    desk = asking.text("address", "The desk's address", address, kind=configuration.Address)
    login = user or (desk if yes or known.imap else asking.text("user", "User of the mailbox", "", desk))
    ways = "; ".join(f"{way}: {_LOGINS[way]}" for way in known.auths)
    how = cast("Auth", asking.one_of("auth", f"How to log in ({ways})", auth, known.auths, known.auths[0]))
    domain = desk.partition("@")[2]
    imap = asking.server("imap", known.imap, imap_host, imap_tls, imap_port, domain)
    submission = asking.server("smtp", known.submission, smtp_host, smtp_tls, smtp_port, domain)
    sender = login if smtp_user is None else smtp_user
    microsoft = how in {"client_credentials", "device"}
    answers = Answers(
        address=desk,
        name=asking.text("name", "Its name, as letters bear it", name, f"Service Desk {domain}"),
        provider=which,
        auth=how,
        imap=imap,
        submission=submission,
        user=login,
        smtp_user=sender,
        password=asking.secret("password-file", "Password", password_file) if how == "password" else "",
        password_file=password_file,
        smtp_password_file=smtp_password_file,
        tenant=asking.text("tenant", f"Directory (tenant) ID{_OVERVIEW}", tenant) if microsoft else "",
        client_id=asking.text("client-id", "Application (client) ID, beside it", client_id)
        if microsoft
        else "",
        client_secret=(
            asking.secret("client-secret-file", "Value of the client secret, not its ID", client_secret_file)
            if how == "client_credentials"
            else ""
        ),
        secret_file=(
            asking.path("service-account-file", "JSON key of the service account", service_account_file)
            if how == "service_account"
            else client_secret_file
        ),
        agents=asking.agents(agent or []),
        administrators=asking.addresses("administrator", administrator or []),
        languages=_words(languages) or configuration.LANGUAGES,
        timezone=timezone,
        prefix=prefix,
        phone=phone,
        start=start,
        state=state or (_STATE_OF_UNIT if file.absolute().is_relative_to("/etc") else _STATE),
    )
    asking.complain()
    return _settle(file, answers, asking)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


# --- asking -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """What a flag has not said is asked; ``silent``: the default is taken, or the flag is ``missing``.

    ``force``: what is there may be replaced; ``agreed``: so may these files, as the person said.
    """

    silent: bool
    force: bool = False
    missing: list[str] = field(default_factory=list)
    agreed: list[Path] = field(default_factory=list)

    def text(self, flag: str, question: str, given: str, default: str = "", kind: Any = str) -> str:
        """A text that a flag gave, or the person gives; asked again until it can be used."""
        check = _checked(kind)
        if given:
            return _or_stop(flag, given, check)
        if self.silent:
            return default or self._missing(flag)
        return str(typer.prompt(question, default=default or None, value_proc=_proc(check)))

    def one_of(self, flag: str, question: str, given: str, known: tuple[str, ...], default: str) -> str:
        """One of a few words."""

        def check(text: str) -> str:
            return "" if text in known else f'"{text}" is not possible: write {" or ".join(known)}'

        if given:
            return _or_stop(flag, given, check)
        if self.silent or len(known) == 1:
            return default
        told = question if "(" in question else f"{question} ({', '.join(known)})"
        return str(typer.prompt(told, default=default, value_proc=_proc(check)))

    def server(self, flag: str, known: Server | None, host: str, tls: str, port: int, domain: str) -> Server:
        """A mail server: the provider's, unless a flag names another."""
        if known is not None and not host:
            return known
        likely = "" if self.silent else f"{flag}.{domain}"
        server, kinds = f"{flag.upper()} server", ("implicit", "starttls", "none")
        name = self.text(f"{flag}-host", server, host, likely)
        usual = known.tls if known else _USUAL_TLS[flag]
        secured = self.one_of(f"{flag}-tls", f"TLS of the {server}", tls, kinds, usual)
        return Server(host=name, tls=cast("configuration.Tls", secured), port=port or None)

    def secret(self, flag: str, question: str, file: Path | None) -> str:
        """A secret, which no flag may hold: other users of this machine see flags. "" where a file has it."""
        if file is not None:
            self.path(flag, question, file)
            return ""
        if self.silent:
            return self._missing(flag)
        while _ID.fullmatch(text := str(typer.prompt(question, hide_input=True))):
            typer.echo("Error: this is the ID of the secret: its Value is wanted")
        return text

    def path(self, flag: str, question: str, given: Path | None) -> Path:
        """A file that is there."""
        if given is None and self.silent:
            return Path(self._missing(flag))
        if given is None:
            return Path(typer.prompt(f"{question}, a file", value_proc=_proc(_no_file)))
        if fault := _no_file(str(given)):
            raise Stop(Code.NO_INPUT, f"--{flag}: {fault}")
        return given

    def agents(self, given: list[str]) -> tuple[Agent, ...]:
        """The people who answer; an empty line ends them."""
        people = [_or_stop("agent", text, _agent_fault) for text in given]
        while not given and not self.silent:
            question = (
                f"{'Another' if people else 'An'} agent, as Anne Dupont <anne@etnic.be> (empty: no more)"
            )
            if not (
                text := typer.prompt(question, default="", show_default=False, value_proc=_proc(_agent_fault))
            ):
                break
            people.append(text)
        found = [match for text in people if (match := _AGENT.fullmatch(text))]
        return tuple(Agent(name=match["name"], address=match["address"]) for match in found)

    def addresses(self, flag: str, given: list[str]) -> tuple[str, ...]:
        """Any number of addresses."""
        check = _checked(configuration.Addresses)
        if given or self.silent:
            return tuple(_or_stop(flag, text, check) for text in given)
        question = "Who hears of trouble with maild itself (addresses, or empty)"
        return _words(str(typer.prompt(question, default="", show_default=False, value_proc=_proc(check))))

    def to_replace(self, there: list[Path]) -> None:
        """These files would be replaced: a yes is never taken for granted, and once is enough."""
        new = [path for path in there if path not in self.agreed]
        names = ", ".join(str(path) for path in new)
        agrees = not new or self.force
        if not agrees and (self.silent or not typer.confirm(f"{names} would be replaced. Go on?")):
            raise Stop(
                Code.REFUSED, f"{names} exists already", "name another file by --config, or add --force"
            )
        self.agreed.extend(new)

    def complain(self) -> None:
        """End here if anything is missing, and say all of it."""
        if not self.missing:
            return
        flags = ", ".join(f"--{flag}" for flag in self.missing)
        examples = " ".join(f"--{flag} {_EXAMPLES[flag]}" for flag in self.missing)
        secret = " (secrets stand in files, mode 600)" if "-file" in flags else ""
        raise Stop(Code.USAGE, f"missing: {flags}", f"write, for example, {examples}{secret}")

    def _missing(self, flag: str) -> str:
        self.missing.append(flag)
        return ""


def _checked(kind: Any) -> Callable[[str], str]:
    """What is wrong with a text as a value of the configuration, "" when nothing is."""

    def check(text: str) -> str:
        try:
            TypeAdapter(kind).validate_python(text)
        except ValidationError as error:
            first = error.errors()[0]
            remedy = first.get("ctx", {}).get("remedy", "")
            return f"{first['msg']}; {remedy}" if remedy else str(first["msg"])
        return ""

    return check


def _no_file(name: str) -> str:
    return "" if Path(name).is_file() else f"there is no file {name}: write it first, with mode 600"


def _agent_fault(text: str) -> str:
    if not text:
        return ""
    found = _AGENT.fullmatch(text)
    if found is None:
        return f'"{text}" is no person with an address: write "Anne Dupont <anne@etnic.be>"'
    return _checked(configuration.Address)(found["address"])


def _or_stop(flag: str, given: str, check: Callable[[str], str]) -> str:
    if fault := check(given):
        raise Stop(Code.USAGE, f"--{flag}: {fault}")
    return given


def _proc(check: Callable[[str], str]) -> Callable[[str], str]:
    """The same check as a prompt wants it: whoever types is told, and asked again."""

    def proc(text: str) -> str:
        if fault := check(text.strip()):
            raise typer.BadParameter(fault)
        return text.strip()

    return proc


# --- writing ------------------------------------------------------------------------------------------------


def _look_ahead(file: Path) -> None:
    """Nobody shall answer a dozen questions in vain."""
    there = next(each for each in file.absolute().parents if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise Stop(Code.REFUSED, f"{there} cannot be written", _ELSEWHERE)


def _settle(file: Path, answers: Answers, asking: _Asking) -> int:
    asking.to_replace(list(setup.would_replace(file, answers)))
    # Where the account of the unit exists, it is to read what root writes.
    account = setup.unit_account()
    owner = account.pw_name if account else ""
    try:
        written = setup.put_in_place(file, answers, program=_program(), owner=owner)
    except OSError as error:
        what = f"{file.parent} cannot be written: {error.strerror}"
        raise Stop(Code.REFUSED, what, _ELSEWHERE) from error
    for path in written:
        typer.echo(f"wrote {path}")
    if owner:
        typer.echo(f"these files belong to {owner}, as whom the unit runs maild")
    if answers.auth == "device":
        typer.echo(f"a person must let maild in once: maild oauth login --config {file}")
    typer.echo(f"for systemd: cp {file.parent / setup.UNIT} /etc/systemd/system/\n")
    from maild.cli import doctor

    return doctor.doctor(file)


def _program() -> Path:
    """What the unit starts: this very program, by a path that holds."""
    called = Path(sys.argv[0])
    return called.absolute() if called.name == "maild" else Path(sys.executable).with_name("maild")
