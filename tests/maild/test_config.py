"""The configuration: every key of the design, every problem at once, and each problem with its remedy."""

import json
import re
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from maild import config
from maild.decide import hours, policy
from storage.records import Standing

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "config.toml"
SECRET = "0123456789abcdef0123456789abcdef"
SECRETS = {
    "MAILD_DESK__SECRET": SECRET,
    "MAILD_MAILDROP__SUPPORT__PASSWORD": "imap",
    "MAILD_SUBMISSION__PASSWORD": "smtp",
}
DESK = f"""
[desk]
name = "Desk"
address = "support@etnic.be"
secret = "{SECRET}"
"""
DROP = """
[maildrop.support]
kind = "imap"
host = "imap.example.org"
user = "support"
password = "imap"
"""
SUBMISSION = """
[submission]
host = "smtp.example.org"
"""
LEAST = DESK + DROP + SUBMISSION


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str, **environ: str) -> config.Config:
    return config.load(written(folder, text), environ)


def problems(folder: Path, text: str, **environ: str) -> dict[str, config.Problem]:
    with pytest.raises(config.ConfigError) as caught:
        loaded(folder, text, **environ)
    return {problem.key: problem for problem in caught.value.problems}


# --- the shipped file ---------------------------------------------------------------------------------------


def test_the_shipped_file_loads_with_secrets_from_the_environment() -> None:
    read = config.load(SHIPPED, SECRETS)
    assert read.desk.address == "support@etnic.be"
    assert read.desk.secrets == (SECRET.encode(),)
    drop = read.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert config.password(drop) == "imap"
    assert config.password(read.submission) == "smtp"


def test_the_shipped_file_changes_no_default() -> None:
    """What stands there without a # is the default (or has none), so deleting a line changes nothing."""
    read = config.load(SHIPPED, SECRETS)
    assert read.sla == config.Sla()
    assert read.calendar == config.Calendar()
    assert read.relay == config.Relay()
    assert read.budget == config.Budget()
    assert read.security == config.Security()
    assert read.attachments == config.Attachments()
    assert read.alert == config.Alert()
    assert read.report == config.Report()
    assert read.retention == config.Retention()
    assert read.http is None
    assert read.log == config.Log()
    assert read.state == config.State()
    least = config.ImapMaildrop(host="imap.example.org", user="support@etnic.be")
    assert read.maildrop["support"].model_copy(update={"password": None}) == least
    sender = config.Submission(host="smtp.example.org", user="support@etnic.be")
    assert read.submission.model_copy(update={"password": None}) == sender
    desk = config.Desk(name=read.desk.name, address=read.desk.address)
    assert read.desk.model_copy(update={"secret": None}) == desk


def shown() -> str:
    """The shipped file with all that is commented out."""
    text = SHIPPED.read_text(encoding="utf-8")
    return re.sub(r"^# (\[|[a-z_]+ = )", r"\1", text, flags=re.MULTILINE)


def test_every_key_stands_in_the_shipped_file() -> None:
    """Table by table; a secret by its file, and the tokens of the second server where the first has them."""
    tables = tomllib.loads(shown())
    imap, door = tables["maildrop"]["support"], tables["maildrop"]["door"]
    places = {
        "maildrop.imap": imap, "maildrop.imap.oauth": imap["oauth"], "maildrop.lmtp": door,
        "maildrop.smtp": door, "submission.oauth": imap["oauth"], "rule.match": tables["rule"][0]["match"],
    }  # fmt: skip
    for name, table in config._TABLE_OF.items():
        found = places.get(name) or tables[name]
        found = found[0] if isinstance(found, list) else found
        by_file = {key for key in config.SECRET_KEYS if f"{key}_file" in found}
        assert set(found) | by_file | {"oauth"} >= set(config._keys(table)), name
    assert {name.partition(".")[0] for name in config._TABLE_OF} == set(config.Config.model_fields)


def test_the_shipped_file_is_right_with_its_examples_too(tmp_path: Path) -> None:
    """Every line that is commented out is a setting that works when its # goes."""
    for name in ("http-token", "client-secret", "google-key.json"):
        (tmp_path / name).write_text("t" * 32, encoding="utf-8")
    read = loaded(tmp_path, shown(), **SECRETS)
    assert read.http is not None
    assert read.agent[0].away == ((date(2026, 12, 24), date(2027, 1, 2)),)
    assert isinstance(read.maildrop["door"], config.DoorMaildrop)


# --- values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("24h", 86400), ("2d", 172800), ("1h30m", 5400), ("0s", 0)],
)
def test_durations(text: str, seconds: int) -> None:
    assert config.parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "24", "h", "24 hours", "-5m", "1.5h", 30, None, True, "9999999d", "PT24H"]
)
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(PydanticCustomError, match="not a duration"):
        config.parse_duration(text)


@given(st.integers(min_value=0, max_value=999_999))
def test_a_duration_survives_being_written_and_read(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert config.parse_duration(config.format_duration(duration)) == duration


@pytest.mark.parametrize(("text", "share"), [("80%", 0.8), ("99.5%", 0.995), (0.5, 0.5), ("0.5", 0.5)])
def test_shares(text: object, share: float) -> None:
    assert config.parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["0%", "100%", "120%", 80, "-5%", "x%", "%", "nan", "inf%", True, None])
def test_what_is_no_share(text: object) -> None:
    with pytest.raises(PydanticCustomError, match="not a share"):
        config.parse_share(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("50MB", 50_000_000),
        ("50 mb", 50_000_000),
        ("1MiB", 2**20),
        ("512k", 512_000),
        ("1G", 10**9),
        (1024, 1024),
    ],
)
def test_sizes(text: object, size: int) -> None:
    assert config.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "0MB", "-1", "1.5MB", "50 elephants", None, True])
def test_what_is_no_size(text: object) -> None:
    with pytest.raises(PydanticCustomError, match="not a size"):
        config.parse_size(text)


def test_rates() -> None:
    assert config.parse_rate("10/1h") == policy.Rate(count=10, span=timedelta(hours=1))
    assert config.format_rate(config.parse_rate("40/1d")) == "40/24h"
    for text in ("10", "x/1h", "10/", "10/0s", "-1/1h", None):
        with pytest.raises(PydanticCustomError):
            config.parse_rate(text)


@pytest.mark.parametrize(
    ("line", "start"),
    [('start = "all"', "all"), ('start = "now"', "now"), ("start = 2026-11-01", date(2026, 11, 1)),
     ('start = "2026-11-01"', date(2026, 11, 1))],
)  # fmt: skip
def test_start(tmp_path: Path, line: str, start: object) -> None:
    drop = loaded(tmp_path, DESK + DROP + line + SUBMISSION).maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert drop.start == start


@pytest.mark.parametrize(
    ("tls", "imap", "smtp"), [("implicit", 993, 465), ("starttls", 143, 587), ("none", 143, 25)]
)
def test_ports_follow_tls(tmp_path: Path, tls: str, imap: int, smtp: int) -> None:
    line = f'tls = "{tls}"\n'
    read = loaded(tmp_path, DESK + DROP + line + SUBMISSION + line)
    drop = read.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert (drop.port, read.submission.port) == (imap, smtp)


def test_the_database_lies_in_the_state_directory_unless_told(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST).state.database == "sqlite:///var/maild.db"
    there = loaded(tmp_path, LEAST + '[state]\ndirectory = "/var/lib/maild"')
    assert there.state.database == "sqlite:////var/lib/maild/maild.db"
    url = "postgresql://maild@db/maild"
    assert loaded(tmp_path, LEAST + f'[state]\ndatabase = "{url}"').state.database == url


def test_a_wrong_database_is_not_repeated_for_it_may_hold_a_password(tmp_path: Path) -> None:
    found = problems(tmp_path, LEAST + '[state]\ndatabase = "mysql://maild:hunter2@db/maild"')
    assert "hunter2" not in str(found["state.database"])
    assert "postgresql://" in found["state.database"].remedy


def test_nothing_changes_once_read(tmp_path: Path) -> None:
    read = loaded(tmp_path, LEAST)
    with pytest.raises(ValueError, match="frozen"):
        read.sla.limit = timedelta()


# --- layers -------------------------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    read = loaded(
        tmp_path,
        LEAST + '[sla]\nlimit = "12h"\nnear = "70%"',
        MAILD_SLA__LIMIT="8h",
        MAILD_DESK__LANGUAGES="nl, fr",
        MAILD_MAILDROP__SUPPORT__PORT="1143",
        MAILD_MAILDROP__SUPPORT__IDLE="false",
        MAILD_SECURITY__PROOF='["token"]',
        MAILD_BUDGET__TOTAL="5/1h,20/1d",
        MAILD_AGENT='[{"name": "Anne", "address": "anne@etnic.be"}]',
    )
    assert read.sla.limit == timedelta(hours=8)
    assert read.sla.near == 0.7
    assert read.desk.languages == ("nl", "fr")
    drop = read.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert (drop.port, drop.idle) == (1143, False)
    assert read.security.proof == ("token",)
    assert len(read.budget.total) == 2
    assert read.agent[0].name == "Anne"


def test_a_variable_finds_a_maildrop_whose_name_has_a_hyphen(tmp_path: Path) -> None:
    text = LEAST.replace("maildrop.support", "maildrop.Help-Desk")
    read = loaded(tmp_path, text, MAILD_MAILDROP__HELP_DESK__FOLDER="Elsewhere")
    drop = read.maildrop["Help-Desk"]
    assert isinstance(drop, config.ImapMaildrop)
    assert drop.folder == "Elsewhere"


def test_an_empty_variable_says_nothing(tmp_path: Path) -> None:
    assert loaded(tmp_path, LEAST, MAILD_SLA__LIMIT="").sla.limit == timedelta(hours=24)


def test_the_process_environment_is_not_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILD_SLA__LIMIT", "1h")
    assert loaded(tmp_path, LEAST).sla.limit == timedelta(hours=24)


def test_other_variables_that_begin_alike_are_left_alone(tmp_path: Path) -> None:
    loaded(tmp_path, LEAST, MAILD_REQUIRE_REAL="1", MAILDIR="x")


def test_where_a_value_comes_from(tmp_path: Path) -> None:
    layers = config.read_layers(written(tmp_path, LEAST), {"MAILD_SLA__NEAR": "70%"})
    assert layers.origin(("desk", "name")) == "file"
    assert layers.origin(("sla", "near")) == "environment"
    assert layers.origin(("sla", "limit")) == "default"


# --- secrets ------------------------------------------------------------------------------------------------


def test_a_secret_file_lies_beside_the_configuration_and_each_line_is_a_key(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{SECRET}\n\n  {'o' * 20}  \n", encoding="utf-8")
    text = LEAST.replace(f'secret = "{SECRET}"', 'secret_file = "keys"')
    read = loaded(tmp_path, text)
    assert config.policy(read).desk.secrets == (SECRET.encode(), b"o" * 20)


def test_a_changed_password_file_is_used_at_the_next_login(tmp_path: Path) -> None:
    file = tmp_path / "pw"
    file.write_text("first\n", encoding="utf-8")
    read = loaded(tmp_path, LEAST.replace('password = "imap"', 'password_file = "pw"'))
    drop = read.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert config.password(drop) == "first"
    file.write_text(" with spaces \n", encoding="utf-8")
    assert config.password(drop) == " with spaces "
    file.unlink()
    with pytest.raises(config.ConfigError, match="No such file"):
        config.password(drop)


OAUTH = """
[maildrop.support.oauth]
provider = "custom"
client_id = "maild"
client_secret_file = "app"
token_url = "https://tokens.etnic.test/token"
ca_file = "ca.pem"
"""


def test_the_secrets_of_a_grant_are_read_like_a_password(tmp_path: Path) -> None:
    (tmp_path / "app").write_text("first\n", encoding="utf-8")
    text = DESK + DROP.replace("password =", 'auth = "oauth"\n#') + OAUTH + SUBMISSION
    drop = loaded(tmp_path, text).maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert drop.oauth is not None
    assert (config.client_secret(drop.oauth), drop.oauth.ca_file) == ("first", tmp_path / "ca.pem")
    (tmp_path / "app").write_text("second\n", encoding="utf-8")
    assert config.client_secret(drop.oauth) == "second"
    (tmp_path / "app").unlink()
    with pytest.raises(config.ConfigError, match="write the value of the client secret"):
        config.client_secret(drop.oauth)
    given = {"MAILD_MAILDROP__SUPPORT__OAUTH__CLIENT_SECRET": "from outside"}
    drop = loaded(tmp_path, text, **given).maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert drop.oauth is not None
    assert config.client_secret(drop.oauth) == "from outside"
    assert "from outside" not in repr(drop)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"client_email": "a@b"}', '"' + "k" * 9 + '"'])
def test_a_file_that_is_no_key_of_a_service_account_is_not_repeated(tmp_path: Path, content: str) -> None:
    (tmp_path / "key.json").write_text(content, encoding="utf-8")
    grant = config.OAuth(provider="google", service_account_file=tmp_path / "key.json")
    with pytest.raises(config.ConfigError, match="no key of a service account; create a JSON key") as caught:
        config.service_account(grant)
    assert caught.value.__cause__ is None
    assert content not in str(caught.value) or content in "{}[]"


def test_no_password_is_needed_where_nobody_logs_in(tmp_path: Path) -> None:
    assert config.password(loaded(tmp_path, LEAST).submission) == ""


def test_secrets_never_show(tmp_path: Path) -> None:
    assert "0123456789" not in repr(loaded(tmp_path, LEAST))
    found = problems(tmp_path, LEAST.replace(f'secret = "{SECRET}"', "secret = 12345678"))
    assert "12345678" not in str(found["desk.secret"])
    short = problems(tmp_path, LEAST.replace(SECRET, "short1234"))
    assert "short1234" not in str(short["desk.secret"])
    assert "16" in short["desk.secret"].what


def test_without_a_secret_the_remedy_says_how_to_make_one(tmp_path: Path) -> None:
    found = problems(tmp_path, LEAST.replace(f'secret = "{SECRET}"', ""))
    assert (
        "python3 -c 'import secrets; print(secrets.token_hex(32))' > secret"
        in found["desk.secret_file"].remedy
    )


def test_the_recipe_makes_a_secret_that_is_accepted(tmp_path: Path) -> None:
    recipe = config.key_recipe().replace("python3", sys.executable)
    subprocess.run(["sh", "-c", recipe], cwd=tmp_path, check=True)
    read = loaded(tmp_path, LEAST.replace(f'secret = "{SECRET}"', 'secret_file = "secret"'))
    assert len(read.desk.secrets[0]) == 64


@pytest.mark.parametrize("content", [None, b"", b"\n\n", b"\xff\xfe"])
def test_an_unreadable_secret_file_is_a_problem(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "pw").write_bytes(content)
    found = problems(tmp_path, LEAST.replace('password = "imap"', 'password_file = "pw"'))
    assert str(tmp_path / "pw") in found["maildrop.support.password_file"].what


def test_a_secret_given_twice_is_a_problem_and_the_environment_replaces_both_ways(tmp_path: Path) -> None:
    both = LEAST.replace('password = "imap"', 'password = "imap"\npassword_file = "pw"')
    assert "both" in problems(tmp_path, both)["maildrop.support.password_file"].what
    (tmp_path / "pw").write_text("from the file", encoding="utf-8")
    read = loaded(tmp_path, LEAST, MAILD_MAILDROP__SUPPORT__PASSWORD_FILE="pw")
    drop = read.maildrop["support"]
    assert isinstance(drop, config.ImapMaildrop)
    assert config.password(drop) == "from the file"


def test_a_missing_password_names_both_ways_to_give_it(tmp_path: Path) -> None:
    text = LEAST.replace('password = "imap"', "") + 'user = "u"\n'
    found = problems(tmp_path, text)
    assert set(found) == {"maildrop.support.password_file", "submission.password_file"}
    assert "MAILD_MAILDROP__SUPPORT__PASSWORD" in found["maildrop.support.password_file"].remedy


# --- what is wrong ------------------------------------------------------------------------------------------

UNKNOWN = [
    ("[slaa]", "slaa", 'did you mean "sla"?'),
    ('[attachments]\nunscaned = "hold"', "attachments.unscaned", 'did you mean "unscanned"?'),
    ('[retention]\nclosd = "9d"', "retention.closd", 'did you mean "closed"?'),
    ('[sla]\nlimti = "1h"', "sla.limti", 'did you mean "limit"?'),
    ('[sla]\nper_minute = "1h"', "sla.per_minute", "[submission]"),
    ('[sla]\nzzz = "1h"', "sla.zzz", "known here: limit, near"),
    ('[[agent]]\nname = "A"\naddress = "a@b.c"\nteam = "x"', "agent[1].team", 'did you mean "teams"?'),
    ('[[rule]]\nteam = "desk"\nmatch = { subjet = "x" }', "rule[1].match.subjet", 'did you mean "subject"?'),
]


@pytest.mark.parametrize(("text", "key", "remedy"), UNKNOWN, ids=[row[1] for row in UNKNOWN])
def test_an_unknown_key_is_named_with_the_likely_one(
    tmp_path: Path, text: str, key: str, remedy: str
) -> None:
    problem = problems(tmp_path, LEAST + text)[key]
    assert "unknown key" in problem.what
    assert remedy in problem.remedy
    assert problem.file == str(tmp_path / "config.toml")


def test_an_unknown_variable_is_named_as_a_variable(tmp_path: Path) -> None:
    found = problems(tmp_path, LEAST, MAILD_SLA__LIMTI="1h", MAILD_SAL__LIMIT="1h", MAILD_LOG__FORMAT="xml")
    assert found["MAILD_SLA__LIMTI"].file == "environment"
    assert "limit" in found["MAILD_SLA__LIMTI"].remedy
    assert "sla" in found["MAILD_SAL__LIMIT"].remedy
    assert '"json"' in found["MAILD_LOG__FORMAT"].remedy


WRONG = [
    ('[sla]\nlimit = "24"', "sla.limit", '"24h"'),
    ('[sla]\nlimit = "0h"', "sla.limit", '"1s"'),
    ('[sla]\nnear = "120%"', "sla.near", '"80%"'),
    ('[sla]\nwarn_at = ["80%", "50%"]', "sla.warn_at", '"50%"'),
    ('[sla]\nclock = "Wall"', "sla.clock", '"wall"'),
    ('[calendar]\nhours = ["mon-fri 8-17"]', "calendar.hours[1]", "08:00-17:00"),
    ('[calendar]\nhours = ["mon 17:00-08:00"]', "calendar.hours[1]", "two lines"),
    ('[calendar]\nclosed = ["09-31"]', "calendar.closed[1]", "09-27"),
    ('[calendar]\nholidays = "Belgique"', "calendar.holidays", '"BE"'),
    ('[calendar]\nholidays = "BX"', "calendar.holidays", '"BE"'),
    ('[calendar]\nhours = []', "calendar.hours", '"mon-fri 08:00-17:00"'),
    ('[sla]\npause = ["first"]', "sla.pause[1]", '["next", "team"]'),
    ('[sla]\npause = ["all"]', "sla.pause[1]", '["next", "team"]'),
    ('[security]\nmax_message = "much"', "security.max_message", '"50MB"'),
    ('[security]\nproof = ["m365", "dmark"]', "security.proof[2]", '"dmarc"'),
    ('[budget]\nticket = ["10"]', "budget.ticket[1]", '"10/1h"'),
    ('[relay]\ndelay = 2', "relay.delay", '"5m"'),
    ('[http]\nlisten = "8025"', "http.listen", "127.0.0.1"),
    ('[security]\nspam_headers = ["X-Spm-Flag"]', "security.spam_headers[1]", 'write one of "x-spam-flag"'),
    ('[log]\nlevel = "INFO"', "log.level", 'did you mean "info"?'),
    ('[log]\nmask_addresses = "perhaps"', "log.mask_addresses", "true or false"),
    ("[[agent]]\nname = \"A\"", "agent[1].address", "write address"),
    ('[[agent]]\nname = "A"\naddress = "Anne <a@b.c>"', "agent[1].address", "bare address"),
    ('[[agent]]\nname = "A"\naddress = "a@b.c"\nlanguage = "es"', "agent[1].language", '"fr"'),
    ('[[agent]]\nname = "A"\naddress = "a@b.c"\naway = ["2027-01-02/2026-12"]', "agent[1].away[1]", "first"),
    ('[[agent]]\nname = "A"\naddress = "a@b.c"\nlead = 7', "agent[1].lead", "true or false"),
    ('[[agent]]\nname = "A"\naddress = "a@b.c"\nteams = 7', "agent[1].teams", "list"),
    ('[[agent]]\nname = ""\naddress = "a@b.c"', "agent[1].name", "quotes"),
    ('[[agent]]\nname = 7\naddress = "a@b.c"', "agent[1].name", "quotes"),
    ('[[beneficiary]]\nentity = "E"\nstatus = "maybe"', "beneficiary[1].status", '"study"'),
    ('[[rule]]\nteam = "desk"\nmatch = { header = "no colon" }', "rule[1].match.header", "colon"),
    ('[maildrop.b]\nkind = "pop"', "maildrop.b", '"imap"'),
    ('[maildrop.b]\nlisten = "x:1"', "maildrop.b", '"lmtp"'),
    ('[maildrop.b]\nkind = "lmtp"\nlisten = "x"', "maildrop.b.listen", "127.0.0.1:8024"),
    ('[maildrop.b]\nkind = "lmtp"\nlisten = "unix:door.sock"', "maildrop.b.listen", "unix:/run/maild/"),
    ('[maildrop.b]\nkind = "lmtp"\nlisten = "unix:/' + "x" * 107 + '"', "maildrop.b.listen", "unix:/run/"),
    ('[maildrop.b]\nkind = "lmtp"\nallow = ["mx.etnic.be"]', "maildrop.b.allow[1]", "192.0.2.25"),
    ('[maildrop.b]\nkind = "lmtp"\nallow = ["192.0.2.1/28"]', "maildrop.b.allow[1]", "192.0.2.0/28"),
    ('[maildrop."a b"]\nkind = "lmtp"', "maildrop.a b", "letters"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "remedy"), WRONG, ids=[f"{row[1]}-{row[2]}" for row in WRONG])
def test_a_wrong_value_says_what_to_write(tmp_path: Path, text: str, key: str, remedy: str) -> None:
    assert remedy in problems(tmp_path, LEAST + text)[key].remedy


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "Desk"', "", "desk.name"),
        ('address = "support@etnic.be"', 'address = "support"', "desk.address"),
        ('name = "Desk"', 'name = "Desk"\ntimezone = "Europe/Bruxelles"', "desk.timezone"),
        ('name = "Desk"', 'name = "Desk"\nlanguages = ["fr", "es"]', "desk.languages[2]"),
        ('name = "Desk"', 'name = "Desk"\nlanguages = []', "desk.languages"),
        ('name = "Desk"', 'name = "Desk"\nadministrators = ["x", "a@b"]', "desk.administrators[1]"),
        ('name = "Desk"', 'name = "Desk"\nprefix = "TWO WORDS"', "desk.prefix"),
        ('kind = "imap"', 'kind = "imap"\nport = 99999', "maildrop.support.port"),
        ('kind = "imap"', 'kind = "imap"\nport = "imap"', "maildrop.support.port"),
        ('kind = "imap"', 'kind = "imap"\ntls = "implict"', "maildrop.support.tls"),
        ('kind = "imap"', 'kind = "imap"\nstart = "yesterday"', "maildrop.support.start"),
        ('kind = "imap"', 'kind = "imap"\nafter = "move"\ndone = "INBOX"', "maildrop.support.done"),
        ('kind = "imap"', 'kind = "imap"\njunk = "Sent"', "maildrop.support.junk"),
        (SUBMISSION, "", "submission"),
        (DROP, "", "maildrop"),
        (SUBMISSION, SUBMISSION + 'retry = ["5m", "1m"]\n', "submission.retry"),
        (SUBMISSION, SUBMISSION + 'give_up = "1h"\n', "submission.give_up"),
    ],
)
def test_a_wrong_server_or_desk(tmp_path: Path, old: str, new: str, key: str) -> None:
    assert old in LEAST
    assert set(problems(tmp_path, LEAST.replace(old, new, 1))) == {key}


ANNE = '[[agent]]\nname = "Anne"\naddress = "anne@etnic.be"\n'
OTHER = '[maildrop.o]\nkind = "imap"\nhost = "h"\nuser = "u"\nauth = "oauth"\n'
MICROSOFT = '[maildrop.o.oauth]\nprovider = "microsoft"\nclient_id = "m"\nclient_secret = "s"\n'
TOGETHER = [
    (ANNE + ANNE.replace("anne@etnic", "ANNE@Etnic").replace("Anne", "B"), "agent[2].address", "twice"),
    (ANNE + ANNE.replace("anne@", "b@"), "agent[2].name", "twice"),
    (ANNE.replace("anne@", "Support@"), "agent[1].address", "the desk itself"),
    ('[[team]]\nname = "T"\naddress = "support@etnic.be"', "team[1].address", "the desk itself"),
    ('[[team]]\nname = "T"\n[[team]]\nname = "t"', "team[2].name", "twice"),
    ('[[rule]]\nmatch = { subject = "x" }\nteam = "nett"\n[[team]]\nname = "net"', "rule[1].team", "nett"),
    ('[[category]]\nname = "c"\nteam = "nobody"', "category[1].team", "nobody"),
    ('[[rule]]\nmatch = { subject = "x" }\ncategory = "incidnet"', "rule[1].category", "incidnet"),
    ('[[category]]\nname = "a"\naliases = ["A@x.be"]\n[[category]]\nname = "b"\naliases = ["a@x.be"]',
     "category[2].aliases", "of a already"),
    ('[[category]]\nname = "a"\naliases = ["Support@etnic.be"]', "category[1].aliases", "every mail"),
    (ANNE + '[[category]]\nname = "a"\naliases = ["Anne@etnic.be"]', "agent[1].address", "the desk itself"),
    ('[[rule]]\nmatch = { subject = "x" }\nscope = "cafe"', "rule[1].scope", '"cafe"'),
    ('[[rule]]\nmatch = {}\nteam = "desk"', "rule[1].match", "every mail"),
    ('[[rule]]\nmatch = { subject = "x" }', "rule[1]", "nothing"),
    (ANNE + 'language = "de"\n', "agent[1].language", "languages"),
    ('[[beneficiary]]\nentity = "A"\ndomains = ["x.be"]\n[[beneficiary]]\nentity = "B"\ndomains = ["X.be"]',
     "beneficiary[2]", '"A"'),
    ('[maildrop.b]\nkind = "lmtp"\n[maildrop.c]\nkind = "smtp"', "maildrop.c", "maildrop.b"),
    ('[maildrop.b]\nkind = "lmtp"\nlisten = "0.0.0.0:24"', "maildrop.b.listen", "anybody's name"),
    ('[maildrop.b]\nkind = "lmtp"\nlisten = "[::]:24"', "maildrop.b.listen", "anybody's name"),
    ('[maildrop.b]\nkind = "smtp"\nlisten = "mx.etnic.be:24"', "maildrop.b.listen", "anybody's name"),
    ('[http]\nlisten = "0.0.0.0:8025"', "http.listen", "could read who asked for what"),
    ('[http]\nlisten = "desk.etnic.be:8025"', "http.listen", "could read who asked for what"),
    ('[http]\ntoken = "short"', "http.token", "16 letters and digits or more"),
    ('[http]\ntoken = "sixteen letters and more"', "http.token", "without spaces"),
    ('[maildrop.b]\nkind = "lmtp"\n[security]\nproof = ["m365"]', "security.proof", "maildrop.b"),
    (OTHER, "maildrop.o.oauth", "who gives the tokens"),
    (OTHER + MICROSOFT, "maildrop.o.oauth.tenant", "missing"),
    (OTHER + MICROSOFT + 'tenant = "a b"', "maildrop.o.oauth.tenant", "not possible"),
    (OTHER + '[maildrop.o.oauth]\nprovider = "custom"\nclient_id = "m"\nclient_secret = "s"',
     "maildrop.o.oauth.token_url", "missing"),
    (OTHER + '[maildrop.o.oauth]\nprovider = "custom"\nclient_id = "m"\nflow = "device"\n'
     'token_url = "https://t"', "maildrop.o.oauth.device_url", "missing"),
    (OTHER + MICROSOFT + 'tenant = "t"\ntoken_url = "http://t"', "maildrop.o.oauth.token_url", "no address"),
    (OTHER + '[maildrop.o.oauth]\nprovider = "microsoft"\ntenant = "t"\nclient_secret = "s"',
     "maildrop.o.oauth.client_id", "missing"),
    (OTHER + '[maildrop.o.oauth]\nprovider = "microsoft"\ntenant = "t"\nclient_id = "c"',
     "maildrop.o.oauth.client_secret_file", "no client secret"),
    (OTHER + '[maildrop.o.oauth]\nprovider = "google"', "maildrop.o.oauth.service_account_file", "no serv"),
    (OTHER + '[maildrop.o.oauth]\nprovider = "google"\nflow = "device"', "maildrop.o.oauth.flow", "nobody"),
    (OTHER + MICROSOFT + 'tenant = "t"\nclient_secret_file = "gone"', "maildrop.o.oauth.client_secret_file",
     "both given"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "what"), TOGETHER, ids=[f"{row[1]}-{row[2]}" for row in TOGETHER])
def test_what_only_several_values_together_can_tell(tmp_path: Path, text: str, key: str, what: str) -> None:
    desk = LEAST.replace('name = "Desk"', 'name = "Desk"\nlanguages = ["fr", "nl"]')
    found = problems(tmp_path, desk + text)
    assert set(found) == {key}
    assert what in found[key].what


@pytest.mark.parametrize(
    ("listen", "allow", "place"),
    [
        ("127.0.0.1:8024", [], (None, "127.0.0.1", 8024, True)),
        ("localhost:8024", [], (None, "localhost", 8024, True)),
        ("[::1]:8024", [], (None, "::1", 8024, True)),
        ("unix:/run/maild/door.sock", [], (Path("/run/maild/door.sock"), "", 0, True)),
        ("0.0.0.0:24", ["192.0.2.25", "2001:db8::/64"], (None, "0.0.0.0", 24, False)),
    ],
)
def test_where_a_door_may_be(
    tmp_path: Path, listen: str, allow: list[str], place: tuple[object, ...]
) -> None:
    """Where only this machine reaches it, or where the servers that may come are named."""
    text = f'[maildrop.b]\nkind = "lmtp"\nlisten = "{listen}"\nallow = {json.dumps(allow)}\n'
    drop = loaded(tmp_path, LEAST + text).maildrop["b"]
    assert isinstance(drop, config.DoorMaildrop)
    assert (drop.socket, drop.host, drop.port, drop.is_of_this_machine) == place


def test_a_team_exists_when_an_agent_names_it(tmp_path: Path) -> None:
    rule = '[[rule]]\nmatch = { subject = "x" }\nteam = "réseau"\n'
    loaded(tmp_path, LEAST + ANNE + 'teams = ["réseau"]\n' + rule)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """Faults of form, of secrets and of sense come together; a broken table silences only what it feeds."""
    text = f"""
        [desk]
        name = "Desk"
        adress = "support@etnic.be"
        secret = "short"
        {DROP.replace('password = "imap"', 'password_file = "nowhere"')}
        [sla]
        warn_at = ["80%", "50%"]
        [log]
        level = 5
        """
    found = problems(tmp_path, text, MAILD_RELAY__DELAY="soon")
    assert set(found) == {
        "desk.address",
        "desk.adress",
        "submission",
        "maildrop.support.password_file",
        "sla.warn_at",
        "log.level",
        "MAILD_RELAY__DELAY",
    }


@given(st.text(alphabet="[]{}=\"'.#\n\t abcdesk0123_-,", max_size=80))
def test_any_text_loads_or_says_why(text: str) -> None:
    """Whatever the file holds, the answer is a configuration or a ConfigError with lines to print."""
    layers = _layers(text)
    if layers is None:
        return
    with pytest.raises(config.ConfigError) as caught:
        config.build(layers)
    assert all(problem.what for problem in caught.value.problems)


def _layers(text: str) -> config.Layers | None:
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    return config.Layers(path=Path("config.toml"), file=tables, environment={})


@pytest.mark.parametrize("table", [*config.Config.model_fields, "maildrop.x", "rule.match"])
@pytest.mark.parametrize(
    "value", ["5", '"x"', "[]", "[5]", "true", "[[]]", "{}", "[{}]", "{ x = [1] }", "nan"]
)
def test_a_table_of_another_shape_is_a_problem_not_a_crash(tmp_path: Path, table: str, value: str) -> None:
    layers = _layers(f"{table} = {value}\n")
    assert layers is not None
    with pytest.raises(config.ConfigError):
        config.build(layers)


# --- the file itself ----------------------------------------------------------------------------------------


def test_a_toml_error_names_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[desk]\nname = "x"\naddress support\n').values()
    assert "line 3" in problem.what


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b'[desk]\nname = "Fran\xe7ois"\n')
    with pytest.raises(config.ConfigError, match="UTF-8"):
        config.load(path, {})


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(config.ConfigError, match="no such file"):
        config.load(tmp_path / "nowhere.toml", {})
    monkeypatch.setattr(config, "PLACES", (tmp_path / "a.toml", tmp_path / "b.toml"))
    with pytest.raises(config.ConfigError, match="--config"):
        config.load(None, {})


def test_the_first_place_that_has_a_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "PLACES", (tmp_path / "a.toml", written(tmp_path, LEAST)))
    assert config.load(None, {}).desk.name == "Desk"


# --- what becomes of it -------------------------------------------------------------------------------------


def test_the_policy_says_what_the_file_said(tmp_path: Path) -> None:
    text = (
        LEAST.replace('name = "Desk"', 'name = "Desk"\nlanguages = ["nl", "fr"]')
        + """
        [[agent]]
        name = "Anne"
        address = "anne@etnic.be"
        teams = ["desk", "réseau"]
        lead = true
        [[agent]]
        name = "Bob"
        address = "bob@etnic.be"
        language = "fr"
        away = ["2026-12-24"]
        [[team]]
        name = "réseau"
        address = "reseau@etnic.be"
        limit = "8h"
        [[category]]
        name = "panne"
        team = "réseau"
        limit = "4h"
        aliases = ["Pannes@x.be"]
        [[beneficiary]]
        entity = "E"
        domains = ["x.be"]
        [[rule]]
        match = { from = "*@x.be", subject = "VPN" }
        team = "réseau"
        category = "panne"
        scope = "Hardware"
        [sla]
        limit = "12h"
        [budget]
        recipient = ["1/1h"]
        [security]
        trusted_authserv_ids = ["mx"]
        """
    )
    made = config.policy(loaded(tmp_path, text))
    assert made.agents[0].language == "nl"
    assert made.agents[1].language == "fr"
    assert made.agents[1].away == ((date(2026, 12, 24), date(2026, 12, 24)),)
    assert [agent.name for agent in made.members("réseau")] == ["Anne"]
    assert made.teams == (policy.Team(name="réseau", address="reseau@etnic.be", limit=timedelta(hours=8)),)
    assert made.categories[0].limit == timedelta(hours=4)
    assert made.categories[0].aliases == {"pannes@x.be"}
    assert made.desk.receives("pannes+t@x.be")
    assert made.rules[0].scope == "matériel"
    assert made.beneficiaries == {"x.be": Standing(status="yes", entity="E")}
    assert made.rules[0].match == policy.Match(from_="*@x.be", subject="VPN")
    assert made.sla.limit == timedelta(hours=12)
    assert made.budget.recipient == (policy.Rate(count=1, span=timedelta(hours=1)),)
    assert made.budget.ticket == policy.Budget().ticket
    assert made.trusted_authserv_ids == ("mx",)
    hash(made)


def test_the_least_file_has_the_policy_of_the_defaults(tmp_path: Path) -> None:
    made = config.policy(loaded(tmp_path, LEAST))
    desk = policy.Desk(name="Desk", address="support@etnic.be", secrets=(SECRET.encode(),))
    days = hours.Calendar(yearly=frozenset({(9, 27)}), holidays=config.PublicHolidays(country="BE"))
    assert made == policy.Policy(desk=desk, calendar=days)


@pytest.mark.parametrize(
    ("lines", "week"),
    [
        (["mon-fri 08:00-17:00"], "MMMMM--"),
        (["sat-mon 08:00-17:00"], "M----MM"),
        (["mon,wed-thu 08:00-17:00"], "M-MM---"),
        (["mon 08:00-12:00", "mon 11:00-17:00", "tue 13:00-17:00", "tue 08:00-12:00"], "MA-----"),
        (["mon 08:00-12:00", "mon 12:00-17:00", "sun 00:00-24:00"], "M-----D"),
    ],
)
def test_opening_hours_are_those_of_the_lines_together(tmp_path: Path, lines: list[str], week: str) -> None:
    """By weekday, over the end of the week too; what touches is one."""
    kinds = {"-": (), "M": ((480, 1020),), "A": ((480, 720), (780, 1020)), "D": ((0, 1440),)}
    made = config.calendar(loaded(tmp_path, LEAST + f"[calendar]\nhours = {json.dumps(lines)}\n"))
    assert made.hours == tuple(kinds[day] for day in week)


def test_closed_days_are_of_each_year_or_once_beside_the_country_s(tmp_path: Path) -> None:
    """And a country may have none."""
    text = '[calendar]\nholidays = ""\nclosed = ["09-27", "2026-12-24"]\n'
    made = config.calendar(loaded(tmp_path, LEAST + text))
    closed = [day for day in ("2026-09-28", "2027-09-27", "2026-12-24", "2027-12-24", "2026-07-21")
              if made.is_closed_on(date.fromisoformat(day))]  # fmt: skip
    assert closed == ["2027-09-27", "2026-12-24"]
    assert config.calendar(loaded(tmp_path, LEAST)).is_closed_on(date(2099, 7, 21))


def test_a_limit_that_opening_hours_never_reach_is_refused(tmp_path: Path) -> None:
    """Wherever it stands; wall time reaches it."""
    text = '[calendar]\nhours = ["mon 08:00-08:10"]\n[[category]]\nname = "sap"\nlimit = "100h"\n[sla]\n'
    assert set(problems(tmp_path, LEAST + text + 'clock = "desk"\n')) == {"category[1].limit"}
    assert loaded(tmp_path, LEAST + text).sla.clock == "wall"


def test_templates_lie_beside_the_configuration(tmp_path: Path) -> None:
    text = LEAST.replace('name = "Desk"', 'name = "Desk"\ntemplates = "letters"')
    assert loaded(tmp_path, text).desk.templates == tmp_path / "letters"


def test_the_schema_knows_every_table() -> None:
    schema = config.Config.model_json_schema()
    assert set(schema["properties"]) == set(config.Config.model_fields)
    assert schema["required"] == ["desk", "submission"]


def test_reading_is_quick_to_load() -> None:
    code = "import time; t = time.process_time(); import maild.config; print(time.process_time() - t)"
    took = min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(3)
    )
    assert took < 0.7


def test_the_alert_command_is_a_list_of_words(tmp_path: Path) -> None:
    """A program named by a path is found from the folder of the file, any other on PATH; no word is split."""
    by_path = LEAST + '\n[alert]\ncommand = ["bin/page", "--to", "a b, c"]\n'
    found = loaded(tmp_path, by_path).alert.command
    assert found == (str(tmp_path / "bin/page"), "--to", "a b, c")
    assert loaded(tmp_path, LEAST + '\n[alert]\ncommand = ["page"]\n').alert.command == ("page",)
    assert loaded(tmp_path, LEAST + '\n[alert]\ncommand = ["/bin/page"]\n').alert.command == ("/bin/page",)
    assert loaded(tmp_path, LEAST).alert.command == ()
    environ = {"MAILD_ALERT__COMMAND": '["/bin/page", "-x"]'}
    assert loaded(tmp_path, LEAST, **environ).alert.command == ("/bin/page", "-x")
    assert "alert.command" in str(problems(tmp_path, LEAST + '\n[alert]\ncommand = [""]\n'))


def test_a_report_is_mailed_to_somebody(tmp_path: Path) -> None:
    """To those who are named, else to the leads; never to the desk itself."""
    wanted = LEAST + "\n[report]\nmail = true\n"
    lead = '\n[[agent]]\nname = "A"\naddress = "a@etnic.be"\nlead = true\n'
    assert "there is nobody" in problems(tmp_path, wanted)["report.mail"].what
    assert loaded(tmp_path, wanted + lead).report.mail
    assert loaded(tmp_path, wanted + 'recipients = ["b@etnic.be"]\n').report.recipients == ("b@etnic.be",)
    assert list(problems(tmp_path, wanted + 'recipients = ["support@etnic.be"]\n')) == [
        "report.recipients[1]"
    ]
    assert loaded(tmp_path, LEAST).report == config.Report()
