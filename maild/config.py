"""The configuration: ``config.toml``, over it the environment, over both the secret files; frozen values.

Stands beside the flow: ``cli`` and ``daemon`` read it once and hand each part what that part needs;
deciding sees only the `Policy` made here. It fails whole: `load` raises one `ConfigError` with every
problem found, and each problem names the file, the key path, what is wrong and how to mend it.

A key path counts from one where tables repeat: ``agent[2].teams`` belongs to the second ``[[agent]]``.
A relative path is taken from the folder of the configuration file; only ``[state] directory`` is taken from
the working directory.
"""

import difflib
import functools
import ipaddress
import itertools
import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from maild.decide import hours, rules
from maild.decide import policy as judged
from maild.decide.exclusions import EXCLUSIONS, SPAM, SPECIALIST, scope_of
from maild.decide.standing import register
from parsers.auto import SPAM_FIELDS
from parsers.hazards import HazardKind
from parsers.subject import ticket_number

PLACES = (Path("config.toml"), Path("/etc/maild/config.toml"))
LANGUAGES: tuple["Language", ...] = ("fr", "nl", "de", "en")
ENVIRONMENT = "environment"
# What a path stands behind where a door may also be a port.
UNIX = "unix:"

# A guessed token would let a stranger write on any ticket; 16 characters are the least that we sign with.
SHORTEST_SECRET = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: where (``file``, ``key``), ``what``, and how to mend it (``remedy``)."""

    file: str
    key: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        return f"{place}: {self.what}; {self.remedy}" if self.remedy else f"{place}: {self.what}"


def is_loopback(host: str) -> bool:
    """Only this machine can reach what listens there. A name other than localhost could be anything."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ConfigError(Exception):
    """The configuration cannot be used; ``problems`` holds every reason, one line each when printed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def key_recipe(file: Path = Path("secret")) -> str:
    """The shell command that makes a signing key in ``file``."""
    return f"python3 -c 'import secrets; print(secrets.token_hex(32))' > {shlex.quote(str(file))}"


# --- the kinds of value -------------------------------------------------------------------------------------


def _wrong(what: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError("maild", "{what}", {"what": what, "remedy": remedy})


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _list_of(words: Iterable[str]) -> str:
    return ", ".join(f'"{word}"' for word in words)


def _likely(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, "" when none is near."""
    near = difflib.get_close_matches(word, tuple(known), n=1, cutoff=0.6)
    return near[0] if near else ""


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# Six digits are enough for every unit, and no number is too large for a calendar.
_DURATION = r"(\d{1,6})([smhd])"


def parse_duration(text: object) -> timedelta:
    """``"30s" "5m" "24h" "2d"``, or several of them as ``"1h30m"``.

    Raises:
        PydanticCustomError: anything else, with what to write instead.
    """
    if isinstance(text, timedelta):
        return text
    if not isinstance(text, str) or not re.fullmatch(f"({_DURATION})+", text):
        raise _wrong(f"{_shown(text)} is not a duration", 'write it as "30s", "5m", "24h" or "2d"')
    parts = re.findall(_DURATION, text)
    return timedelta(seconds=sum(int(count) * _SECONDS[unit] for count, unit in parts))


def format_duration(duration: timedelta) -> str:
    """The shortest way to write a duration in the configuration: ``"90s"``, ``"24h"``, ``"2d"``."""
    seconds = int(duration.total_seconds())
    units = (("d", 86400, 2), ("h", 3600, 1), ("m", 60, 1))
    for unit, size, least in units:
        if seconds >= size * least and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _parse_span(text: object) -> timedelta:
    """A duration longer than nothing: a limit, an interval, a time-out."""
    span = parse_duration(text)
    if not span:
        raise _wrong(f"{_shown(text)} is no time at all", 'write at least "1s"')
    return span


def parse_share(text: object) -> float:
    """``"80%"`` or ``0.8``: a share strictly between nothing and the whole.

    Raises:
        PydanticCustomError: anything else, with what to write instead.
    """
    remedy = 'write a share between "0%" and "100%", such as "80%"'
    try:
        words = str(text).strip()
        share = float(words[:-1]) / 100 if words.endswith("%") else float(words)
    except ValueError:
        raise _wrong(f"{_shown(text)} is not a share", remedy) from None
    if isinstance(text, bool) or not 0 < share < 1:
        raise _wrong(f"{_shown(text)} is not a share", remedy)
    return share


def format_share(share: float) -> str:
    """``0.8`` as the configuration writes it: ``"80%"``."""
    return f"{share * 100:g}%"


def parse_rate(text: object) -> judged.Rate:
    """``"10/1h"``: at most ten in any hour.

    Raises:
        PydanticCustomError: anything else, with what to write instead.
    """
    if isinstance(text, judged.Rate):
        return text
    count, slash, span = str(text).partition("/")
    if not slash or not count.strip().isdecimal():
        raise _wrong(f"{_shown(text)} is not a rate", 'write a count and a span, such as "10/1h"')
    return judged.Rate(count=int(count), span=_parse_span(span.strip()))


def format_rate(rate: judged.Rate) -> str:
    """A rate as the configuration writes it: ``"10/1h"``."""
    return f"{rate.count}/{format_duration(rate.span)}"


_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def parse_size(text: object) -> int:
    """``"50MB"`` (50 million), ``"50MiB"`` (50 * 2**20), or a plain number of bytes.

    Raises:
        PydanticCustomError: anything else, with what to write instead.
    """
    found = re.fullmatch(r"(\d+)\s*([kmg]i?)?b?", str(text).strip().lower())
    if found is None or isinstance(text, bool) or not int(found[1]):
        raise _wrong(f"{_shown(text)} is not a size", 'write it as "50MB"')
    return int(found[1]) * _BYTES[found[2] or ""]


def format_size(size: int) -> str:
    """A number of bytes as the configuration writes it: ``"50MB"``."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


# Wide on purpose: an internal address such as support@localhost is an address too.
_ADDRESS = re.compile(r"""[^\s@<>(),;:"\[\]]+@[^\s@<>(),;:"\[\]]+""")


def _parse_address(text: object) -> str:
    if not isinstance(text, str) or not _ADDRESS.fullmatch(text.strip()):
        raise _wrong(f"{_shown(text)} is not an address", 'write the bare address: "support@example.org"')
    return text.strip()


def _split(value: object) -> object:
    """Several words in one text, as the environment gives them: ``fr,nl``."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def _parse_spam_header(text: object) -> str:
    name = str(text).strip().rstrip(":").casefold()
    if name not in SPAM_FIELDS:
        near = difflib.get_close_matches(name, SPAM_FIELDS, n=1, cutoff=0.5)
        raise _wrong(
            f"no verdict is read from {_shown(text)}", f"write one of {_list_of(near or SPAM_FIELDS)}"
        )
    return name


def _parse_zone(text: object) -> str:
    try:
        return ZoneInfo(str(text)).key
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        remedy = 'write a name of the tz database, such as "Europe/Brussels"'
        raise _wrong(f"no time zone is called {_shown(text)}", remedy) from error


def _parse_start(value: object) -> str | date:
    if isinstance(value, date):
        return value
    try:
        return str(value) if value in {"all", "now"} else date.fromisoformat(str(value))
    except ValueError:
        raise _wrong(
            f"{_shown(value)} is no start", 'write "all", "now" or a day such as 2026-11-01'
        ) from None


def _parse_away(value: object) -> tuple[date, date]:
    if isinstance(value, date):
        return value, value
    first, _, last = str(value).partition("/")
    remedy = 'write the first and the last day: "2026-12-24/2027-01-02"'
    try:
        span = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError:
        raise _wrong(f"{_shown(value)} is no span of days", remedy) from None
    if span[0] > span[1]:
        raise _wrong(f"{_shown(value)} ends before it begins", remedy)
    return span


def _format_away(span: tuple[date, date]) -> str:
    return "/".join(day.isoformat() for day in span)


def parse_listen(text: object) -> str:
    """``"127.0.0.1:8024"``, ``"[::1]:8024"`` or ``"host:8024"``, as it was written.

    Raises:
        PydanticCustomError: anything else, with what to write instead.
    """
    host, colon, port = str(text).rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise _wrong(f"{_shown(text)} is no address to listen on", 'write host and port: "127.0.0.1:8024"')
    return str(text)


def host_of(listen: str) -> str:
    """The name or address in what `parse_listen` took."""
    return listen.rpartition(":")[0].strip("[]")


def port_of(listen: str) -> int:
    """The port in what `parse_listen` took."""
    return int(listen.rpartition(":")[2])


def parse_door(text: object) -> str:
    """Where a door is: host and port, or ``"unix:/run/maild/door.sock"``.

    Raises:
        PydanticCustomError: anything else, with what to write instead.
    """
    if not str(text).startswith(UNIX):
        return parse_listen(text)
    # The kernel takes no longer name for a socket (unix(7)).
    if not str(text).startswith(f"{UNIX}/") or len(str(text)) > len(UNIX) + 107:
        raise _wrong(f"{_shown(text)} is no socket to listen on", 'write "unix:/run/maild/door.sock"')
    return str(text)


def _parse_network(text: object) -> str:
    try:
        ipaddress.ip_network(str(text))
        return str(text)
    except ValueError:
        remedy = 'write an IP address or a network: "192.0.2.25", "192.0.2.0/28"'
        raise _wrong(f"{_shown(text)} is no IP address", remedy) from None


def _parse_token_url(text: object) -> str:
    """RFC 6749 section 3.2: secrets go there, so never without TLS."""
    if not isinstance(text, str) or not re.fullmatch(r"(https://[!-~]+)?", text):
        raise _wrong(f"{_shown(text)} is no address for tokens", 'write it with TLS: "https://…"')
    return text


_DAY = "(mon|tue|wed|thu|fri|sat|sun)"
_CLOCK_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_HOURS = re.compile(f"{_DAY}(-{_DAY})?(,{_DAY}(-{_DAY})?)* ({_CLOCK_TIME})-({_CLOCK_TIME}|24:00)")


def _parse_hours(text: object) -> str:
    if not isinstance(text, str) or not (found := _HOURS.fullmatch(text.strip().lower())):
        raise _wrong(f"{_shown(text)} are no service hours", 'write them as "mon-fri 08:00-17:00"')
    opens, closes = found[0].rpartition(" ")[2].split("-")
    if opens >= closes:
        raise _wrong(
            f"{_shown(text)} end before they begin", "write two lines for a night: until 24:00, from 00:00"
        )
    return found[0]


def _parse_pause(value: object) -> str:
    if value == "first":
        what = '"first" would be the promise itself: waiting is no answer to whoever nobody has answered yet'
        raise _wrong(what, 'write pause = ["next"], ["next", "team"] or []')
    if value not in {"next", "team"}:
        raise _wrong(f"there is no clock {_shown(value)}", 'write pause = ["next"], ["next", "team"] or []')
    return str(value)


def _parse_closed(value: object) -> str:
    text = value.isoformat() if isinstance(value, date) else str(value)
    try:
        # 2024 had a 29 February, so a closed day of any year is a day of that one.
        date.fromisoformat(f"2024-{text}" if len(text) == len("09-27") else text)
    except ValueError:
        raise _wrong(f"{_shown(value)} is no day", 'write "09-27" for each year, or "2026-09-27"') from None
    return text


def parse_database(text: object) -> str:
    """The address of a database that maild knows.

    Raises:
        ValueError: for any other.
    """
    remedy = 'write "sqlite:///var/maild.db" or "postgresql://user@host/name"'
    if not isinstance(text, str) or not re.match(r"sqlite:///.|postgresql(\+psycopg)?://", text):
        # The text is not repeated: it may hold a password.
        raise _wrong("this is no database that maild knows", remedy)
    return text


def _parse_ending(text: object) -> str:
    ending = text.strip().removeprefix(".").casefold() if isinstance(text, str) else ""
    if not re.fullmatch(r"[a-z0-9#!+_-]{1,20}", ending):
        raise _wrong(f"{_shown(text)} is no ending of a file name", 'write it as in "ps1"')
    return ending


def _parse_host(text: object) -> str:
    if not isinstance(text, str) or not re.fullmatch(r"[^\s/@]+", text):
        raise _wrong(f"{_shown(text)} is no name of a server", 'write it as in "imap.example.org"')
    return text


def _as_text(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_DURATION_SCHEMA = _as_text("^([0-9]+[smhd])+$", "24h")
_DURATION_TEXT = PlainSerializer(format_duration, return_type=str)
Duration = Annotated[timedelta, PlainValidator(parse_duration), _DURATION_TEXT, _DURATION_SCHEMA]
Span = Annotated[timedelta, PlainValidator(_parse_span), _DURATION_TEXT, _DURATION_SCHEMA]
Share = Annotated[
    float,
    PlainValidator(parse_share),
    PlainSerializer(format_share, return_type=str),
    _as_text("^[0-9.]+%$", "80%"),
]
Rate = Annotated[
    judged.Rate,
    PlainValidator(parse_rate),
    PlainSerializer(format_rate, return_type=str),
    _as_text("^[0-9]+/([0-9]+[smhd])+$", "10/1h"),
]
Size = Annotated[
    int,
    PlainValidator(parse_size),
    PlainSerializer(format_size, return_type=str),
    _as_text("^[0-9]+ ?([kKmMgG]i?)?[bB]?$", "50MB"),
]
Away = Annotated[
    tuple[date, date],
    PlainValidator(_parse_away),
    PlainSerializer(_format_away, return_type=str),
    _as_text("^[0-9-]{10}(/[0-9-]{10})?$", "2026-12-24/2027-01-02"),
]
Start = Annotated[
    Literal["all", "now"] | date, PlainValidator(_parse_start), _as_text("^(all|now|[0-9-]{10})$", "all")
]
Address = Annotated[str, PlainValidator(_parse_address), _as_text("^[^@]+@[^@]+$", "support@example.org")]
Zone = Annotated[str, PlainValidator(_parse_zone), _as_text("^.+$", "Europe/Brussels")]
Listen = Annotated[str, PlainValidator(parse_listen), _as_text("^.+:[0-9]+$", "127.0.0.1:8024")]
Door = Annotated[str, PlainValidator(parse_door), _as_text("^(unix:/.+|.+:[0-9]+)$", "127.0.0.1:8024")]
Network = Annotated[str, PlainValidator(_parse_network), _as_text("^[0-9a-fA-F.:/]+$", "192.0.2.25")]
Hours = Annotated[str, PlainValidator(_parse_hours), _as_text("^.+ .{5}-.{5}$", "mon-fri 08:00-17:00")]
ClosedDay = Annotated[str, PlainValidator(_parse_closed), _as_text("^([0-9]{4}-)?[0-9-]{5}$", "09-27")]
Pause = Annotated[str, PlainValidator(_parse_pause), _as_text("^(next|team)$", "next")]
Database = Annotated[str, PlainValidator(parse_database), _as_text("^(sqlite|postgresql)", "sqlite:///m.db")]
Name = Annotated[str, Field(min_length=1)]
Host = Annotated[str, PlainValidator(_parse_host), _as_text("^[^ /@]+$", "imap.example.org")]
Port = Annotated[int, Field(ge=1, le=65535)]
Language = Literal["fr", "nl", "de", "en"]
Tls = Literal["implicit", "starttls", "none"]
Auth = Literal["password", "oauth"]
TokenUrl = Annotated[str, PlainValidator(_parse_token_url), _as_text("^https://.+$", "https://host/token")]
Words = Annotated[tuple[Name, ...], BeforeValidator(_split)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_split)]
Shares = Annotated[tuple[Share, ...], BeforeValidator(_split)]
Rates = Annotated[tuple[Rate, ...], BeforeValidator(_split)]
Ending = Annotated[str, PlainValidator(_parse_ending), _as_text("^[.]?[A-Za-z0-9#!+_-]{1,20}$", "ps1")]
SpamHeader = Annotated[
    str, PlainValidator(_parse_spam_header), _as_text("^[Xx]-[A-Za-z-]{1,40}$", "X-Spam-Flag")
]
Endings = Annotated[tuple[Ending, ...], BeforeValidator(_split)]

# --- the tables ---------------------------------------------------------------------------------------------

_SLA = judged.Sla()
_BUDGET = judged.Budget()


class Table(BaseModel):
    """A table of the file: what it does not know is an error, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Desk(Table):
    """``[desk]``: who answers."""

    name: Name
    address: Address
    aliases: Addresses = ()
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]{0,15}$")] = "ETNIC"
    languages: Annotated[tuple[Language, ...], BeforeValidator(_split), Field(min_length=1)] = LANGUAGES
    timezone: Zone = "Europe/Brussels"
    phone: str = ""
    secret: SecretStr | None = None
    secret_file: Path | None = None
    administrators: Addresses = ()
    signature: str = ""
    plus_addresses: bool = False
    templates: Annotated[Path | None, BeforeValidator(lambda value: value or None)] = None

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The signing keys, one a line: the first signs, all of them verify."""
        lines = self.secret.get_secret_value().splitlines() if self.secret else []
        return tuple(line.strip().encode() for line in lines if line.strip())

    def number(self, ticket: int) -> str:
        """A ticket's number as people write it: "ETNIC-1042"."""
        return ticket_number(ticket, self.prefix)


class State(Table):
    """``[state]``: where maild keeps what it knows."""

    directory: Path = Path("var")
    database: Database = Field(default_factory=lambda known: f"sqlite:///{known.get('directory')}/maild.db")


class OAuth(Table):
    """``[maildrop.NAME.oauth]``, ``[submission.oauth]``: who gives us the tokens that open a mailbox.

    ``token_url``, ``device_url`` and ``scope`` are known for Microsoft and Google, unless they are given.
    """

    provider: Literal["microsoft", "google", "custom"]
    flow: Literal["client_credentials", "device"] = "client_credentials"
    tenant: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]*$")] = ""
    client_id: str = ""
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    service_account: SecretStr | None = None
    service_account_file: Path | None = None
    subject: str = ""
    token_url: TokenUrl = ""
    device_url: TokenUrl = ""
    scope: str = ""
    ca_file: Path | None = None


class ImapMaildrop(Table):
    """``[maildrop.NAME]`` with ``kind = "imap"``: a mailbox that is watched."""

    kind: Literal["imap"] = "imap"
    host: Host
    tls: Tls = "implicit"
    port: Port = Field(default_factory=lambda known: 993 if known.get("tls") == "implicit" else 143)
    user: Name
    auth: Auth = "password"
    password: SecretStr | None = None
    password_file: Path | None = None
    oauth: OAuth | None = None
    folder: Name = "INBOX"
    sent: Words = ("Sent",)
    junk: str = ""
    after: Literal["keep", "move"] = "keep"
    done: str = "Traités"
    poll: Span = timedelta(seconds=30)
    idle: bool = True
    start: Start = "all"
    timeout: Span = timedelta(seconds=60)


class DoorMaildrop(Table):
    """``[maildrop.NAME]`` with ``kind = "lmtp"`` or ``"smtp"``: a door at which mail is handed in."""

    kind: Literal["lmtp", "smtp"]
    listen: Door = "127.0.0.1:8024"
    allow: Annotated[tuple[Network, ...], BeforeValidator(_split)] = ()

    @property
    def socket(self) -> Path | None:
        """The socket that it listens at, None for a port."""
        return Path(self.listen.removeprefix(UNIX)) if self.listen.startswith(UNIX) else None

    @property
    def host(self) -> str:
        """The name or address that it listens at, "" for a socket."""
        return "" if self.socket else host_of(self.listen)

    @property
    def port(self) -> int:
        """The port that it listens at, 0 for a socket."""
        return 0 if self.socket else port_of(self.listen)

    @property
    def is_of_this_machine(self) -> bool:
        """Only programs of this machine can reach it."""
        return self.socket is not None or is_loopback(self.host)


Maildrop = Annotated[ImapMaildrop | DoorMaildrop, Field(discriminator="kind")]


class Submission(Table):
    """``[submission]``: the server that takes our mail; without ``user`` nobody logs in."""

    host: Host
    tls: Tls = "starttls"
    port: Port = Field(
        default_factory=lambda known: {"implicit": 465, "none": 25}.get(known.get("tls", ""), 587)
    )
    user: str = ""
    auth: Auth = "password"
    password: SecretStr | None = None
    password_file: Path | None = None
    oauth: OAuth | None = None
    timeout: Span = timedelta(seconds=60)
    retry: Annotated[tuple[Span, ...], BeforeValidator(_split), Field(min_length=1)] = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
    )
    give_up: Span = timedelta(hours=48)
    per_minute: Annotated[int, Field(ge=1)] = 30
    per_day: Annotated[int, Field(ge=1)] = 10_000


class Sla(Table):
    """``[sla]``: the promise, and when people hear that it is near."""

    limit: Span = _SLA.limit
    near: Share = _SLA.near
    warn_at: Shares = _SLA.warn_at
    clock: Literal["wall", "desk"] = "wall"
    pause: Annotated[tuple[Pause, ...], BeforeValidator(_split)] = _SLA.pause
    sweep: Span = timedelta(seconds=20)
    silent_after: Span = _SLA.silent_after
    close_after: Span = _SLA.close_after


class Calendar(Table):
    """``[calendar]``: when the desk is open."""

    hours: Annotated[tuple[Hours, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)] = (
        "mon-fri 08:00-17:00",
    )
    holidays: Annotated[str, Field(pattern=r"^([A-Z]{2}(-[A-Za-z0-9]+)?)?$")] = "BE"
    closed: Annotated[tuple[ClosedDay, ...], BeforeValidator(_split)] = ("09-27",)


class Agent(Table):
    """``[[agent]]``: one person who answers."""

    name: Name
    address: Address
    teams: Words = ("desk",)
    lead: bool = False
    language: Language | None = None
    away: Annotated[tuple[Away, ...], BeforeValidator(_split)] = ()


class Team(Table):
    """``[[team]]``: a team with an address or a clock of its own."""

    name: Name
    address: Address | Literal[""] = ""
    limit: Span | None = None


class Category(Table):
    """``[[category]]``: a kind of ticket, and what follows from it."""

    name: Name
    team: str = ""
    priority: str = ""
    limit: Span | None = None
    aliases: Addresses = ()


class Beneficiary(Table):
    """``[[beneficiary]]``: who may use the service."""

    entity: Name
    domains: Words = ()
    addresses: Addresses = ()
    status: Literal["yes", "study", "no"] = "yes"


class Match(Table):
    """``match`` of a rule: every condition that is given must hold."""

    subject: str = ""
    from_: str = Field(default="", alias="from")
    to: str = ""
    text: str = ""
    attachment: str = ""
    header: Annotated[str, Field(pattern=r"^([!-9;-~]+: *\S.*)?$")] = ""


class Rule(Table):
    """``[[rule]]``: what a matching mail suggests."""

    match: Match
    team: str = ""
    category: str = ""
    priority: str = ""
    scope: str = ""


class Relay(Table):
    """``[relay]``: how long an agent's answer waits, so that it can still be stopped."""

    delay: Duration = timedelta(minutes=2)


class Security(Table):
    """``[security]``: whose word is believed."""

    trusted_authserv_ids: Words = ()
    proof: Annotated[tuple[Literal["token", "dmarc", "m365"], ...], BeforeValidator(_split)] = (
        "token",
        "dmarc",
    )
    spam_headers: Annotated[tuple[SpamHeader, ...], BeforeValidator(_split)] = SPAM_FIELDS
    max_message: Size = 50_000_000


class Attachments(Table):
    """``[attachments]``: which files stay with the desk until an agent asks for one."""

    hold: Annotated[tuple[HazardKind, ...], BeforeValidator(_split)] = tuple(HazardKind)
    also: Endings = ()
    allow: Endings = ()
    clamd: Door | Literal[""] = ""
    wait: Span = timedelta(seconds=10)
    largest: Size = 25_000_000
    unscanned: Literal["hold", "send"] = "hold"


class Budget(Table):
    """``[budget]``: what automatic answers may spend."""

    receipt_max_age: Span = _BUDGET.receipt_max_age
    mute_for: Span = _BUDGET.mute_for
    recipient: Rates = _BUDGET.recipient
    ticket: Rates = _BUDGET.ticket
    domain: Rates = _BUDGET.domain
    total: Rates = _BUDGET.total
    notification: Rates = _BUDGET.notification


class Alert(Table):
    """``[alert]``: whom trouble is told besides the administrators, because mail may be what is broken."""

    command: Words = ()


class Report(Table):
    """``[report]``: whether last month's report is mailed on the first day of a month, and to whom."""

    mail: bool = False
    recipients: Addresses = ()


class Http(Table):
    """``[http]``: the status page, health and metrics; off unless the table is there."""

    listen: Listen = "127.0.0.1:8025"
    token: SecretStr | None = None
    token_file: Path | None = None

    @property
    def host(self) -> str:
        """The name or address that it listens at."""
        return host_of(self.listen)

    @property
    def port(self) -> int:
        """The port that it listens at."""
        return port_of(self.listen)

    @property
    def is_of_this_machine(self) -> bool:
        """Only programs of this machine can reach it."""
        return is_loopback(self.host)

    @property
    def key(self) -> str:
        """The token that whoever looks must show; "": nobody must."""
        return self.token.get_secret_value().strip() if self.token else ""


class Retention(Table):
    """``[retention]``: after how long what is erased; nothing of it unless a span is given."""

    raw: Span | None = None
    outbox: Span | None = None
    closed: Span | None = None


class Log(Table):
    """``[log]``: how maild speaks on standard error."""

    format: Literal["json", "logfmt", "console"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"
    mask_addresses: bool = False


class Config(BaseSettings):
    """Everything that can be set, as it stands in force."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="MAILD_",
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    desk: Desk
    state: State = State()
    maildrop: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")], Maildrop] = {}
    submission: Submission
    sla: Sla = Sla()
    calendar: Calendar = Calendar()
    agent: tuple[Agent, ...] = ()
    team: tuple[Team, ...] = ()
    category: tuple[Category, ...] = ()
    beneficiary: tuple[Beneficiary, ...] = ()
    rule: tuple[Rule, ...] = ()
    relay: Relay = Relay()
    security: Security = Security()
    attachments: Attachments = Attachments()
    budget: Budget = Budget()
    alert: Alert = Alert()
    report: Report = Report()
    http: Http | None = None
    retention: Retention = Retention()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: the layers are read where their problems can be told apart."""
        return (init_settings,)


# --- the layers: file, then environment ---------------------------------------------------------------------

Tables = dict[str, Any]
Place = tuple[int | str, ...]

SECRET_KEYS = ("password", "secret", "token", "client_secret", "service_account")
# A secret given in one layer replaces the same secret of the layer below, whichever way that one gave it.
_TWINS = {twin: other for key in SECRET_KEYS for twin, other in ((key, f"{key}_file"), (f"{key}_file", key))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What the file and the environment say, before anything is judged."""

    path: Path
    file: Tables
    environment: Tables
    problems: tuple[Problem, ...] = ()

    def merged(self) -> Tables:
        """The environment over the file."""
        return _overlay(self.file, self.environment)

    def origin(self, place: Place) -> str:
        """Which layer gave the value at ``place``: "environment", "file" or "default"."""
        if _holds(self.environment, place):
            return ENVIRONMENT
        return "file" if _holds(self.file, place) else "default"

    def named(self, place: Place) -> tuple[str, str]:
        """The file and the key by which a person finds ``place``."""
        if _holds(self.environment, place):
            return ENVIRONMENT, variable(place)
        return str(self.path), key_path(place)


class _Environment(EnvSettingsSource):
    """The variables ``MAILD_TABLE__KEY`` of a given environment, for pydantic to judge."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(Config)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items() if value}

    def decode_complex_value(self, field_name: str, field: Any, value: Any) -> Any:
        """JSON where it looks like JSON; anything else stays text, so that ``fr,nl`` is a list of words."""
        if not str(value).lstrip().startswith(("[", "{")):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value


def variable(place: Place) -> str:
    """The environment variable that sets ``place``: ``MAILD_SLA__LIMIT``."""
    return "MAILD_" + "__".join(str(part) for part in place).replace("-", "_").upper()


def key_path(place: Place) -> str:
    """``place`` as a person reads it: ``agent[2].teams``, counting from one."""
    path = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return path.removeprefix(".")


def _holds(layer: object, place: Place) -> bool:
    for part in place:
        # A repeated table is a list in the file; the environment's table of the same place is none.
        known = range(len(layer)) if isinstance(layer, list) else layer
        if not isinstance(known, Mapping | range) or part not in known:
            return False
        layer = cast("Any", layer)[part]
    return True


def _overlay(lower: Tables, upper: Tables) -> Tables:
    merged = dict(lower)
    for key, value in upper.items():
        merged.pop(_TWINS.get(key, ""), None)
        below = merged.get(key)
        merged[key] = _overlay(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _find(path: Path | None) -> Path:
    """The file to read: the one that was named, or the first of `PLACES` that is there."""
    if path is not None:
        if path.is_file():
            return path
        what = "a folder, not a file" if path.is_dir() else "no such file"
        remedy = "name the file with --config FILE, such as --config /etc/maild/config.toml"
        problem = Problem(file=str(path), key="", what=what, remedy=remedy)
        raise ConfigError((problem,))
    for place in PLACES:
        if place.is_file():
            return place
    remedy = "name the file with --config FILE, or put a copy of the shipped config.toml there"
    what = f"neither ./{PLACES[0]} nor {PLACES[1]} is there"
    raise ConfigError((Problem(file=str(PLACES[0]), key="", what=what, remedy=remedy),))


def _file_layer(path: Path) -> Tables:
    try:
        return TomlConfigSettingsSource(Config, toml_file=path).toml_data
    except TOMLDecodeError as error:
        what, remedy = f"not TOML: {error}", "texts stand in quotes, tables in [brackets]"
    except UnicodeDecodeError as error:
        what, remedy = f"not UTF-8 at byte {error.start}", "save the file as UTF-8"
    except OSError as error:
        what, remedy = f"cannot be read: {error.strerror}", "give it to the user who runs maild"
    raise ConfigError((Problem(file=str(path), key="", what=what, remedy=remedy),))


def _environment_layer(environ: Mapping[str, str], file: Tables) -> Tables:
    """The variables as tables; a maildrop's name finds the file's, for a variable's name has no hyphen."""
    layer = _Environment(environ)()
    drops, known = layer.get("maildrop"), file.get("maildrop")
    if isinstance(drops, dict) and isinstance(known, dict):
        spelled = {name.replace("-", "_").lower(): name for name in known}
        layer["maildrop"] = {spelled.get(name, name): drop for name, drop in drops.items()}
    return layer


def _stray_variables(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Variables that name a table which does not exist; ``MAILD_X`` without ``__`` may be anybody's."""
    for name in sorted(environ):
        if not name.startswith("MAILD_") or "__" not in name:
            continue
        table = name.removeprefix("MAILD_").split("__")[0].lower()
        if table not in Config.model_fields:
            remedy = _unknown_remedy(table, Config)
            yield Problem(file=ENVIRONMENT, key=name, what=f"there is no table [{table}]", remedy=remedy)


def read_layers(path: Path | None, environ: Mapping[str, str]) -> Layers:
    """What file and environment say, unjudged; ``path`` None: `PLACES`.

    Raises:
        ConfigError: no file, or one that is not TOML; the problem names the line.
    """
    found = _find(path)
    file = _file_layer(found)
    return Layers(
        path=found,
        file=file,
        environment=_environment_layer(environ, file),
        problems=tuple(_stray_variables(environ)),
    )


# --- what pydantic finds, in words --------------------------------------------------------------------------

_TABLE_OF: dict[str, type[BaseModel]] = {
    "desk": Desk,
    "state": State,
    "maildrop.imap": ImapMaildrop,
    "maildrop.imap.oauth": OAuth,
    "maildrop.lmtp": DoorMaildrop,
    "maildrop.smtp": DoorMaildrop,
    "submission": Submission,
    "submission.oauth": OAuth,
    "sla": Sla,
    "calendar": Calendar,
    "agent": Agent,
    "team": Team,
    "category": Category,
    "beneficiary": Beneficiary,
    "rule": Rule,
    "rule.match": Match,
    "relay": Relay,
    "security": Security,
    "attachments": Attachments,
    "budget": Budget,
    "alert": Alert,
    "report": Report,
    "http": Http,
    "retention": Retention,
    "log": Log,
}
_KIND = 2  # maildrop, NAME, kind: where pydantic puts the variant that it chose


def _keys(table: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in table.model_fields.items())


def _table_at(loc: Place) -> type[BaseModel]:
    """The table that holds the key at pydantic's ``loc``."""
    words = [part for part in loc[:-1] if isinstance(part, str)]
    if words and words[0] == "maildrop":
        del words[1]
    return _TABLE_OF.get(".".join(words), Config)


def _place(loc: Place) -> Place:
    """Pydantic's ``loc`` as keys of the file: without the variant, the "[key]" mark and a union's member."""
    kinds = ("imap", "lmtp", "smtp")
    if loc[0] == "maildrop" and len(loc) > _KIND and loc[_KIND] in kinds:
        loc = (*loc[:_KIND], *loc[_KIND + 1 :])
    return tuple(part for part in loc if isinstance(part, int) or "[" not in part)


def _unknown_remedy(key: str, table: type[BaseModel]) -> str:
    if likely := _likely(key, _keys(table)):
        return f'did you mean "{likely}"?'
    homes = [name for name, other in _TABLE_OF.items() if key in _keys(other)]
    if homes:
        home = homes[-1] if homes[-1].endswith(".oauth") else homes[0].split(".")[0]
        return f"this key belongs in [{home}]"
    return f"known here: {', '.join(_keys(table))}"


def _missing_remedy(place: Place) -> str:
    table = key_path(place[:-1])
    if not table:
        return f"write a table [{place[0]}]; the shipped config.toml shows one"
    return f'write {place[-1]} = "…" in [{table}] or set {variable(place)}'


def _literal_remedy(error: ErrorDetails) -> str:
    choices = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
    likely = _likely(str(error["input"]).lower(), choices)
    return f'did you mean "{likely}"?' if likely else f"write one of {_list_of(choices)}"


# What pydantic calls each fault: what to say of the value, and how to mend it.
_FAULTS = {
    "int_parsing": ("is not a whole number", "write a whole number, without quotes"),
    "int_type": ("is not a whole number", "write a whole number, without quotes"),
    "int_from_float": ("is not a whole number", "write a whole number, without quotes"),
    "bool_parsing": ("is neither true nor false", "write true or false, without quotes"),
    "bool_type": ("is neither true nor false", "write true or false, without quotes"),
    "string_type": ("is not a text", "write it in quotes"),
    "path_type": ("is not a path", "write it in quotes"),
    "tuple_type": ("is not a list", 'write a list: ["…", "…"]'),
    "model_type": ("is not a table", "write it as a table, as the shipped config.toml does"),
    "model_attributes_type": ("is not a table", "write it as a table, as the shipped config.toml does"),
    "dict_type": ("is not a table", "write it as a table of its own: [maildrop.support]"),
    "string_too_short": ("is empty", "write something between the quotes"),
    "too_short": ("is empty", "write at least one"),
    "union_tag_not_found": ("has no kind", 'write kind = "imap", "lmtp" or "smtp"'),
    "union_tag_invalid": ("has an unknown kind", 'write kind = "imap", "lmtp" or "smtp"'),
}
_PATTERN_REMEDIES = {
    "prefix": 'write letters and digits, at most 16, beginning with a letter: "ETNIC"',
    "holidays": 'write a country, such as "BE", or "" for none',
    "header": 'write the name, a colon and what it holds: "X-Kind: ticket"',
    "maildrop": "write letters, digits, - and _",
    "tenant": "write the directory's id or domain, as the portal shows it under Overview",
}


def _subject(place: Place, value: object) -> str:
    """What a fault is said of: the value where it is short and no secret."""
    speaks = isinstance(value, str | int | float) and value != "" and place[-1] not in _TWINS
    return _shown(value) if speaks else "this"


def _explain(error: ErrorDetails, layers: Layers) -> Problem:
    """One finding of pydantic as a `Problem`; a secret's value is never repeated."""
    loc, kind = error["loc"], error["type"]
    place = _place(loc)
    file, key = layers.named(place)
    ctx = error.get("ctx", {})
    match kind:
        case "maild":
            what, remedy = ctx["what"], ctx["remedy"]
        case "extra_forbidden":
            what, remedy = "unknown key", _unknown_remedy(str(place[-1]), _table_at(loc))
        case "missing":
            what, remedy = "missing", _missing_remedy(place)
        case "literal_error":
            what, remedy = f"{_shown(error['input'])} is not possible", _literal_remedy(error)
        case "string_pattern_mismatch":
            owner = "maildrop" if place[0] == "maildrop" and len(place) == _KIND else str(place[-1])
            what, remedy = f"{_shown(error['input'])} is not possible", _PATTERN_REMEDIES.get(owner, "")
        case _ if kind in _FAULTS:
            what, remedy = _FAULTS[kind]
            what = f"{_subject(place, error['input'])} {what}"
        case _:
            what, remedy = error["msg"].replace("Input should be", "this should be"), ""
    return Problem(file=file, key=key, what=what, remedy=remedy)


# --- secrets ------------------------------------------------------------------------------------------------


def secret_places(config: Config) -> Iterator[tuple[Place, Table, str]]:
    """Every table that may hold a secret, with the secret's key."""
    for name, key in (("desk", "secret"), ("submission", "password"), ("http", "token")):
        if table := getattr(config, name, None):
            yield (name,), table, key
    for name, drop in (getattr(config, "maildrop", None) or {}).items():
        if isinstance(drop, ImapMaildrop):
            yield ("maildrop", name), drop, "password"
    for place, server in servers(config):
        if server.oauth is not None:
            yield (*place, "oauth"), server.oauth, "client_secret"
            yield (*place, "oauth"), server.oauth, "service_account"


def servers(config: Config) -> Iterator[tuple[Place, "ImapMaildrop | Submission"]]:
    """Whoever may want a login from us."""
    for name, drop in (getattr(config, "maildrop", None) or {}).items():
        if isinstance(drop, ImapMaildrop):
            yield ("maildrop", name), drop
    if (submission := getattr(config, "submission", None)) is not None:
        yield ("submission",), submission


def _read_secret(path: Path) -> str:
    """The text of a secret file without its last line break; `OSError` or `ValueError` when there is none."""
    text = path.read_text(encoding="utf-8").rstrip("\r\n")
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _resolved(place: Place, table: Table, key: str, layers: Layers) -> tuple[Table, Problem | None]:
    """The table with its secret read from the file that it names, if it names one."""
    written = getattr(table, f"{key}_file")
    file, shown = layers.named((*place, f"{key}_file"))
    if written is None:
        return table, None
    if getattr(table, key) is not None:
        what = f"{key} and {key}_file are both given"
        return table, Problem(file=file, key=shown, what=what, remedy="keep one of them")
    path = layers.path.parent / written
    try:
        text = _read_secret(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        what, remedy = (
            f"cannot read {path}: {reason}",
            f"write the {key} into it, readable by maild's user only",
        )
        if key == "secret":
            remedy = f"make one: {key_recipe(path)}"
        return table, Problem(file=file, key=shown, what=what, remedy=remedy)
    return table.model_copy(update={key: SecretStr(text), f"{key}_file": path}), None


def _with_secrets(config: Config, layers: Layers) -> tuple[Config, list[Problem]]:
    """The configuration with every secret file read, and what could not be read."""
    problems = []
    for place, _, key in tuple(secret_places(config)):
        table = _at(config, place)
        resolved, problem = _resolved(place, table, key, layers)
        if problem is not None:
            problems.append(problem)
        config = _put(config, place, resolved)
    for place, server in tuple(servers(config)):
        if server.oauth is not None and server.oauth.ca_file is not None:
            authority = layers.path.parent / server.oauth.ca_file
            config = _put(config, (*place, "oauth", "ca_file"), authority)
    return config, problems


def _at(tables: Any, place: Place) -> Any:
    for part in place:
        tables = tables[part] if isinstance(tables, dict) else getattr(tables, str(part))
    return tables


def _put(table: Any, place: Place, value: object) -> Any:
    """A copy with this value in its place."""
    if not place:
        return value
    name, *rest = place
    made = _put(_at(table, (name,)), tuple(rest), value)
    return table | {name: made} if isinstance(table, dict) else table.model_copy(update={name: made})


def password(server: ImapMaildrop | Submission) -> str:
    """The password to log in with; a password file is read anew each time, so a changed one is used at once.

    Raises:
        ConfigError: the file cannot be read any more.
    """
    return _secret_now(server, "password", f"write the password of {server.user} into it")


def client_secret(grant: OAuth) -> str:
    """What proves to the token server that we are the registered program; read anew like a password.

    Raises:
        ConfigError: the file cannot be read any more.
    """
    return _secret_now(grant, "client_secret", "write the value of the client secret into it").strip()


def service_account(grant: OAuth) -> Mapping[str, str]:
    """The key file of a service account of Google, its texts by name; read anew like a password.

    Raises:
        ConfigError: the file cannot be read any more, or is no such key.
    """
    remedy = "create a JSON key in the Google Cloud console, under Service accounts > Keys, and put it there"
    file = str(grant.service_account_file or "service_account")
    try:
        found = json.loads(_secret_now(grant, "service_account", remedy))
        return {key: str(found[key]) for key in ("client_email", "private_key", "private_key_id")}
    except (ValueError, KeyError, TypeError):
        problem = Problem(file=file, key="", what="no key of a service account", remedy=remedy)
        # Not the error itself: it holds the text, which may be a key all the same.
        raise ConfigError((problem,)) from None


def _secret_now(table: Table, key: str, remedy: str) -> str:
    file, written = getattr(table, f"{key}_file"), getattr(table, key)
    if file is None:
        return str(written.get_secret_value()) if written else ""
    try:
        return _read_secret(file)
    except (OSError, ValueError) as error:
        what = f"cannot be read: {error.strerror if isinstance(error, OSError) else error}"
        raise ConfigError((Problem(file=str(file), key="", what=what, remedy=remedy),)) from error


# --- what only several values together can tell -------------------------------------------------------------

Finding = tuple[Place, str, str]


def _check_secret_strength(config: Config) -> Iterator[Finding]:
    desk = config.desk
    if desk.secret is None and desk.secret_file is None:
        what = "no secret: maild signs what it sends with one"
        remedy = f'make one: {key_recipe()}, then write secret_file = "secret" in [desk]'
        yield ("desk", "secret_file"), what, remedy
    if any(len(secret) < SHORTEST_SECRET for secret in desk.secrets) or (desk.secret and not desk.secrets):
        place = ("desk", "secret_file" if desk.secret_file else "secret")
        yield place, f"shorter than {SHORTEST_SECRET} characters", f"make one: {key_recipe()}"


def _check_passwords(config: Config) -> Iterator[Finding]:
    for place, table, key in secret_places(config):
        wanted = getattr(table, "auth", "") == "password" and getattr(table, "user", "")
        if wanted and getattr(table, key) is None and getattr(table, f"{key}_file") is None:
            remedy = f'write {key}_file = "FILE" in [{key_path(place)}] or set {variable((*place, key))}'
            yield (*place, f"{key}_file"), f"no {key} for {wanted}", remedy


def _check_oauth(config: Config) -> Iterator[Finding]:
    for place, server in servers(config):
        grant, table = server.oauth, key_path((*place, "oauth"))
        if server.auth == "password" or not server.user:
            continue
        if grant is None:
            remedy = f'write a table [{table}] with provider = "microsoft", "google" or "custom"'
            yield (*place, "oauth"), 'auth = "oauth" needs to know who gives the tokens', remedy
            continue
        yield from (((*place, "oauth", key), what, remedy) for key, what, remedy in _lacking(grant))


def _lacking(grant: OAuth) -> Iterator[tuple[str, str, str]]:
    """What a way to tokens needs and is not there: the key, what is wrong, the remedy."""
    if grant.provider == "google":
        if grant.flow == "device":
            remedy = "use a service account: write service_account_file"
            yield "flow", "Google lets nobody read mail by a device code", remedy
        elif grant.service_account is None and grant.service_account_file is None:
            remedy = 'write service_account_file = "FILE", the JSON key of the service account'
            yield "service_account_file", "no service account", remedy
        return
    if not grant.client_id:
        yield "client_id", "missing", "write the id of the program that is registered with the provider"
    if grant.provider == "microsoft" and not (grant.tenant or grant.token_url):
        yield "tenant", "missing", "write the Directory (tenant) ID that Entra shows under Overview"
    if grant.provider == "custom" and not grant.token_url:
        yield "token_url", "missing", 'write the address that gives tokens: "https://…"'
    if grant.flow == "device" and grant.provider == "custom" and not grant.device_url:
        yield "device_url", "missing", 'write the address that gives device codes: "https://…"'
    if grant.flow == "client_credentials" and not (grant.client_secret or grant.client_secret_file):
        remedy = 'write client_secret_file = "FILE", or flow = "device" where a person logs in'
        yield "client_secret_file", "no client secret", remedy


def _check_maildrops(config: Config) -> Iterator[Finding]:
    if not config.maildrop:
        yield ("maildrop",), "no maildrop: no mail would be taken", "write a table [maildrop.support]"
    seen: dict[object, str] = {}
    for name, drop in config.maildrop.items():
        is_imap = isinstance(drop, ImapMaildrop)
        same = (drop.host, drop.port, drop.user, drop.folder) if is_imap else drop.listen  # type: ignore[union-attr]
        if same in seen:
            yield ("maildrop", name), f"the same as [maildrop.{seen[same]}]", "keep one of them"
        seen.setdefault(same, name)


def _check_doors(config: Config) -> Iterator[Finding]:
    for name, drop in config.maildrop.items():
        if isinstance(drop, DoorMaildrop) and not drop.is_of_this_machine and not drop.allow:
            what = f'whoever reaches "{drop.listen}" could hand in mail in anybody\'s name'
            remedy = 'listen at 127.0.0.1, or write allow = ["192.0.2.25"], the address of your mail server'
            yield ("maildrop", name, "listen"), what, remedy


def _check_http(config: Config) -> Iterator[Finding]:
    http = config.http
    if http is None:
        return
    recipe = f'make one: {key_recipe(Path("http-token"))}, then write token_file = "http-token" in [http]'
    given = http.token is not None or http.token_file is not None
    if not http.is_of_this_machine and not given:
        what = f'whoever reaches "{http.listen}" could read who asked for what'
        yield ("http", "listen"), what, f"listen at 127.0.0.1, or let people show a token: {recipe}"
    # A file that cannot be read is told of where it is read.
    if http.token is not None and not re.fullmatch(f"[!-~]{{{SHORTEST_SECRET},}}", http.key):
        place = ("http", "token_file" if http.token_file else "token")
        yield place, f"not {SHORTEST_SECRET} letters and digits or more, without spaces", recipe


def _check_done(config: Config) -> Iterator[Finding]:
    for name, drop in config.maildrop.items():
        if not isinstance(drop, ImapMaildrop) or drop.after != "move":
            continue
        if drop.done in {"", drop.folder}:
            what = 'after = "move" needs another folder to move to'
            yield ("maildrop", name, "done"), what, 'write done = "Traités"'


def _check_junk(config: Config) -> Iterator[Finding]:
    for name, drop in config.maildrop.items():
        if not isinstance(drop, ImapMaildrop) or not drop.junk:
            continue
        if drop.junk in {drop.folder, *drop.sent, drop.done if drop.after == "move" else drop.folder}:
            what = f'"{drop.junk}" is looked through for something else already'
            yield ("maildrop", name, "junk"), what, 'name the folder of spam, or write junk = ""'


def _check_retry(config: Config) -> Iterator[Finding]:
    retry = config.submission.retry
    if any(later <= earlier for earlier, later in itertools.pairwise(retry)):
        yield (
            ("submission", "retry"),
            "each wait should be longer than the last",
            'such as ["1m", "5m", "1h"]',
        )
    if config.submission.give_up <= retry[-1]:
        what = f"give_up comes before the last retry ({format_duration(retry[-1])})"
        yield ("submission", "give_up"), what, 'write a longer time, such as "48h"'


def _check_warnings(config: Config) -> Iterator[Finding]:
    if list(config.sla.warn_at) != sorted(set(config.sla.warn_at)):
        yield ("sla", "warn_at"), "the shares should rise", 'such as ["50%", "80%", "95%"]'


def _check_calendar(config: Config) -> Iterator[Finding]:
    if not is_known_country(config.calendar.holidays):
        what = f'no holidays of "{config.calendar.holidays}" are known'
        yield ("calendar", "holidays"), what, 'write a country, such as "BE", or "" for none'
        return
    days = replace(calendar(config), holidays=hours.no_holidays)  # no country keeps none but holidays
    if all(days.is_closed_on(date(2024, 1, 1) + timedelta(days=n)) for n in range(4 * 365 + 1)):
        remedy = 'write opening hours, such as hours = ["mon-fri 08:00-17:00"]'
        yield ("calendar", "hours"), "the desk is never open", remedy
    elif config.sla.clock == "desk":
        yield from _too_long(config, days)


def _too_long(config: Config, days: hours.Calendar) -> Iterator[Finding]:
    """Limits that so few opening hours reach in no time that anybody waits."""
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    most = days.between(begin, begin + timedelta(days=3653))
    limits: list[tuple[Place, timedelta | None]] = [
        (("sla", "limit"), config.sla.limit),
        *((("team", index, "limit"), team.limit) for index, team in enumerate(config.team)),
        *((("category", index, "limit"), category.limit) for index, category in enumerate(config.category)),
    ]
    for place, limit in limits:
        if limit and limit > most:
            what = f'"{format_duration(limit)}" of opening hours do not pass in ten years'
            yield place, what, 'write a shorter time, such as "24h"'


def _twice(table: str, key: str, values: Iterable[str]) -> Iterator[Finding]:
    """A finding for each value that came before, compared without case."""
    seen: Counter[str] = Counter()
    for index, value in enumerate(values):
        seen[value.casefold()] += 1
        if value and seen[value.casefold()] > 1:
            yield (table, index, key), f'"{value}" is there twice', f"each {table} needs its own {key}"


def _check_duplicates(config: Config) -> Iterator[Finding]:
    yield from _twice("agent", "address", (agent.address for agent in config.agent))
    yield from _twice("agent", "name", (agent.name for agent in config.agent))
    yield from _twice("team", "name", (team.name for team in config.team))
    yield from _twice("category", "name", (category.name for category in config.category))


def _check_report(config: Config) -> Iterator[Finding]:
    if config.report.mail and not config.report.recipients and not any(a.lead for a in config.agent):
        remedy = 'write recipients = ["…"], or lead = true in the [[agent]] who answers for the desk'
        yield ("report", "mail"), "there is nobody to mail the report to", remedy


def _check_own_addresses(config: Config) -> Iterator[Finding]:
    """Mail to one of the desk's own people at the desk's own address would come back for ever."""
    aliases = (alias for category in config.category for alias in category.aliases)
    own = {address.casefold() for address in (config.desk.address, *config.desk.aliases, *aliases)}
    others: list[tuple[Place, str]] = [
        *((("agent", i, "address"), agent.address) for i, agent in enumerate(config.agent)),
        *((("team", i, "address"), team.address) for i, team in enumerate(config.team)),
        *((("desk", "administrators", i), address) for i, address in enumerate(config.desk.administrators)),
        *((("report", "recipients", i), address) for i, address in enumerate(config.report.recipients)),
    ]
    for place, address in others:
        if address.casefold() in own:
            what = f'"{address}" is the desk itself: its mail would come back for ever'
            yield place, what, "write the address of a person or of another team"


def _check_beneficiaries(config: Config) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for index, entry in enumerate(config.beneficiary):
        for word in (*entry.domains, *entry.addresses):
            other = seen.setdefault(word.casefold(), entry.entity)
            if other != entry.entity:
                what = f'"{word}" belongs to "{other}" already'
                yield ("beneficiary", index), what, "name it for one entity only"


def _check_teams(config: Config) -> Iterator[Finding]:
    known = {
        "desk",
        *(team.name for team in config.team),
        *(t for agent in config.agent for t in agent.teams),
    }
    named: list[tuple[Place, str]] = [
        *((("rule", i, "team"), rule.team) for i, rule in enumerate(config.rule)),
        *((("category", i, "team"), category.team) for i, category in enumerate(config.category)),
    ]
    for place, team in named:
        if team and team not in known:
            likely = _likely(team, known)
            remedy = f'did you mean "{likely}"?' if likely else "write a [[team]], or give an agent this team"
            yield place, f'nobody is in a team "{team}"', remedy


def _check_categories(config: Config) -> Iterator[Finding]:
    known = {"incident", "demande", *(category.name for category in config.category)}
    for index, rule in enumerate(config.rule):
        if rule.category and rule.category not in known:
            likely = _likely(rule.category, known)
            remedy = f'did you mean "{likely}"?' if likely else "write a [[category]] of that name"
            yield ("rule", index, "category"), f'there is no category "{rule.category}"', remedy


def _check_aliases(config: Config) -> Iterator[Finding]:
    """An address sets one category; the desk's own would set it for every mail."""
    seen = {config.desk.address.casefold(): "every mail"}
    for index, category in enumerate(config.category):
        for alias in category.aliases:
            other = seen.setdefault(alias.casefold(), category.name)
            if other != category.name:
                what = f'"{alias}" is the address of {other} already'
                yield ("category", index, "aliases"), what, "write an address of its own, such as demandes@…"


def _check_rules(config: Config) -> Iterator[Finding]:
    for index, rule in enumerate(config.rule):
        if rule.match == Match():
            yield ("rule", index, "match"), "matches every mail", 'name a condition: { subject = "VPN" }'
        if not (rule.team or rule.category or rule.priority or rule.scope):
            yield ("rule", index), "suggests nothing", "give it a team, category, priority or scope"
        if rule.scope and not scope_of(rule.scope):
            remedy = f"write one of {_list_of((*EXCLUSIONS, SPECIALIST, SPAM))}"
            yield ("rule", index, "scope"), f'there is no scope "{rule.scope}"', remedy


def _check_languages(config: Config) -> Iterator[Finding]:
    for index, agent in enumerate(config.agent):
        if agent.language and agent.language not in config.desk.languages:
            what = f'"{agent.language}" is none of the desk\'s languages'
            yield ("agent", index, "language"), what, f"write one of {_list_of(config.desk.languages)}"


def _check_proof(config: Config) -> Iterator[Finding]:
    doors = [name for name, drop in config.maildrop.items() if isinstance(drop, DoorMaildrop)]
    if "m365" in config.security.proof and doors:
        # Anybody who reaches such a door can write the header that Exchange strips from outside mail.
        what = f'"m365" proves nothing for mail handed in at [maildrop.{doors[0]}]'
        yield ("security", "proof"), what, 'use "token" and "dmarc", or IMAP maildrops only'


# Each check with the tables that it reads: one is left out while a table that it reads is itself wrong.
_CHECKS: tuple[tuple[Callable[[Config], Iterator[Finding]], frozenset[str]], ...] = (
    (_check_secret_strength, frozenset({"desk"})),
    (_check_passwords, frozenset({"submission", "maildrop"})),
    (_check_oauth, frozenset({"submission", "maildrop"})),
    (_check_maildrops, frozenset({"maildrop"})),
    (_check_doors, frozenset({"maildrop"})),
    (_check_http, frozenset({"http"})),
    (_check_done, frozenset({"maildrop"})),
    (_check_junk, frozenset({"maildrop"})),
    (_check_retry, frozenset({"submission"})),
    (_check_warnings, frozenset({"sla"})),
    (_check_calendar, frozenset({"desk", "calendar", "sla", "team", "category"})),
    (_check_duplicates, frozenset({"agent", "team", "category"})),
    (_check_own_addresses, frozenset({"desk", "agent", "team", "category", "report"})),
    (_check_report, frozenset({"report", "agent"})),
    (_check_aliases, frozenset({"desk", "category"})),
    (_check_beneficiaries, frozenset({"beneficiary"})),
    (_check_teams, frozenset({"agent", "team", "category", "rule"})),
    (_check_categories, frozenset({"category", "rule"})),
    (_check_rules, frozenset({"rule"})),
    (_check_languages, frozenset({"desk", "agent"})),
    (_check_proof, frozenset({"security", "maildrop"})),
)


def _cross_check(config: Config, broken: frozenset[str], layers: Layers) -> Iterator[Problem]:
    for check, needs in _CHECKS:
        if needs & broken:
            continue
        for place, what, remedy in check(config):
            file, key = layers.named(place)
            yield Problem(file=file, key=key, what=what, remedy=remedy)


# --- all together -------------------------------------------------------------------------------------------


def _sound_part(tables: Tables, broken: frozenset[str]) -> Config:
    """A configuration of the tables that are right by themselves; a broken one is absent or default."""
    sound = {
        name: TypeAdapter(field.rebuild_annotation()).validate_python(tables[name])
        for name, field in Config.model_fields.items()
        if name in tables and name not in broken
    }
    return Config.model_construct(**sound)


def _judge(layers: Layers) -> tuple[Config, list[Problem]]:
    tables = layers.merged()
    problems = list(layers.problems)
    broken: frozenset[str] = frozenset()
    try:
        config = Config(**tables)
    except ValidationError as error:
        # A default that waits for a value which is itself wrong is no second fault.
        found = [each for each in error.errors() if each["type"] != "default_factory_not_called"]
        broken = frozenset(str(each["loc"][0]) for each in found)
        problems += [_explain(each, layers) for each in found]
        config = _sound_part(tables, broken)
    config, unread = _with_secrets(config, layers)
    problems += [*unread, *_cross_check(config, broken, layers)]
    return config, problems


def build(layers: Layers) -> Config:
    """The configuration that the layers make.

    Raises:
        ConfigError: with every problem, not only the first.
    """
    config, problems = _judge(layers)
    if problems:
        raise ConfigError(problems)
    folder, update = layers.path.parent, dict[str, Table]()
    if config.desk.templates is not None:
        update["desk"] = config.desk.model_copy(update={"templates": folder / config.desk.templates})
    if config.alert.command:
        update["alert"] = Alert(command=_placed(config.alert.command, folder))
    return config.model_copy(update=update)


def _placed(command: tuple[str, ...], folder: Path) -> tuple[str, ...]:
    """A program that is named by its path is found from the folder of the file, others on PATH."""
    program, *arguments = command
    return (str((folder / program).absolute()) if "/" in program else program, *arguments)


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration in force: the file at ``path`` (None: `PLACES`), the environment over it.

    Raises:
        ConfigError: with every problem, not only the first.
    """
    return build(read_layers(path, environ))


def unheard_rules(config: Config) -> tuple[tuple[str, str, str], ...]:
    """The rules that no mail will ever notice, as (key, what, remedy); the configuration can be used."""
    found = rules.unheard([_rule(rule) for rule in config.rule])
    remedy = "put the narrower rule first, or delete this one"
    return tuple((f"rule[{one.number}]", f"is never heard: {_spoken_before(one)}", remedy) for one in found)


def _spoken_before(one: rules.Unheard) -> str:
    return (
        f"all its mails are matched by {' and '.join(f'rule[{number}]' for number in one.behind)} before it"
    )


def policy(config: Config) -> judged.Policy:
    """What a decision may know of this desk."""
    desk, sla, budget = config.desk, config.sla, config.budget
    return judged.Policy(
        desk=judged.Desk(
            name=desk.name,
            address=desk.address,
            # Mail to the address of a category is for the desk like any other.
            aliases=(*desk.aliases, *(alias for c in config.category for alias in c.aliases)),
            prefix=desk.prefix,
            languages=desk.languages,
            timezone=desk.timezone,
            phone=desk.phone,
            signature=desk.signature,
            administrators=desk.administrators,
            plus_addresses=desk.plus_addresses,
            secrets=desk.secrets,
        ),
        agents=tuple(_agent(agent, desk) for agent in config.agent),
        teams=tuple(judged.Team(name=t.name, address=t.address, limit=t.limit) for t in config.team),
        categories=tuple(
            judged.Category(
                name=c.name,
                team=c.team,
                priority=c.priority,
                limit=c.limit,
                aliases=frozenset(map(str.casefold, c.aliases)),
            )
            for c in config.category
        ),
        rules=tuple(_rule(rule) for rule in config.rule),
        beneficiaries=register(
            judged.Beneficiary(entity=b.entity, domains=b.domains, addresses=b.addresses, status=b.status)
            for b in config.beneficiary
        ),
        budget=judged.Budget(
            receipt_max_age=budget.receipt_max_age,
            mute_for=budget.mute_for,
            recipient=budget.recipient,
            ticket=budget.ticket,
            domain=budget.domain,
            total=budget.total,
            notification=budget.notification,
        ),
        sla=judged.Sla(
            limit=sla.limit,
            near=sla.near,
            warn_at=sla.warn_at,
            clock=sla.clock,
            pause=sla.pause,
            silent_after=sla.silent_after,
            close_after=sla.close_after,
        ),
        calendar=calendar(config),
        trusted_authserv_ids=config.security.trusted_authserv_ids,
        spam_headers=frozenset(config.security.spam_headers),
        relay_delay=config.relay.delay,
        proof=config.security.proof,
        attachments=judged.Attachments(
            hold=frozenset(config.attachments.hold),
            also=frozenset(config.attachments.also),
            allow=frozenset(config.attachments.allow),
            scanned=config.attachments.clamd != "",
            unscanned=config.attachments.unscanned == "hold",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicHolidays:
    """The public holidays of a country or of a part of it, asked for by the year ("BE", "DE-BY")."""

    country: str

    def __call__(self, year: int) -> frozenset[date]:
        """The holidays of one year: none where the library knows that year no more."""
        return _public_holidays(self.country, year)


# Loading the library takes half as long as starting maild, which is no price for looking at a ticket; a year
# takes a quarter of a millisecond, once.
@functools.cache
def _public_holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    code, _, part = country.partition("-")
    return frozenset(holidays.country_holidays(code, subdiv=part or None, years=year, expand=False))


def is_known_country(country: str) -> bool:
    """The library has its holidays; nothing is known too, and has none."""
    try:
        return country in ("", Calendar().holidays) or _public_holidays(country, 2024) is not None
    except NotImplementedError:
        return False


def calendar(config: Config) -> hours.Calendar:
    """When the desk is open."""
    setting = config.calendar
    closed = [day for day in setting.closed if len(day) == len("09-27")]
    country = setting.holidays
    return hours.Calendar(
        zone=config.desk.timezone,
        hours=_week(setting.hours),
        yearly=frozenset((int(day[:2]), int(day[3:])) for day in closed),
        once=frozenset(date.fromisoformat(day) for day in setting.closed if day not in closed),
        holidays=PublicHolidays(country=country) if country else hours.no_holidays,
    )


def _week(lines: tuple[str, ...]) -> tuple[tuple[tuple[int, int], ...], ...]:
    """For each weekday its opening hours in minutes, in order, those that touch made one."""
    days: list[list[tuple[int, int]]] = [[] for _ in _WEEK]
    for line in lines:
        names, _, span = line.rpartition(" ")
        opens, closes = (int(at[:2]) * 60 + int(at[3:]) for at in span.split("-"))
        for day in (day for part in names.split(",") for day in _weekdays(part)):
            days[day].append((opens, closes))
    return tuple(_joined(sorted(day)) for day in days)


_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _weekdays(part: str) -> Iterator[int]:
    """ "mon-fri" -> 0 to 4; "sat-mon" goes over the end of the week."""
    first, _, last = part.partition("-")
    begin = _WEEK.index(first)
    length = (_WEEK.index(last or first) - begin) % 7
    return ((begin + n) % 7 for n in range(length + 1))


def _joined(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    apart: list[tuple[int, int]] = []
    for opens, closes in spans:
        if apart and opens <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(closes, apart[-1][1])
        else:
            apart.append((opens, closes))
    return tuple(apart)


def _agent(agent: Agent, desk: Desk) -> judged.Agent:
    return judged.Agent(
        name=agent.name,
        address=agent.address,
        teams=agent.teams,
        lead=agent.lead,
        language=agent.language or desk.languages[0],
        away=agent.away,
    )


def _rule(rule: Rule) -> judged.Rule:
    match = judged.Match(
        subject=rule.match.subject,
        from_=rule.match.from_,
        to=rule.match.to,
        text=rule.match.text,
        attachment=rule.match.attachment,
        header=rule.match.header,
    )
    return judged.Rule(
        match=match,
        team=rule.team,
        category=rule.category,
        priority=rule.priority,
        scope=scope_of(rule.scope),
    )
