"""``parse`` and ``config``: what maild reads in a mail and in its configuration, for people and for programs.

Stands under the command line; changes nothing. A file that cannot be read is told in its place, and the
command ends with 66 when all others are done; a configuration that cannot be used ends it with 78.
"""

import errno
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maild.cli import Code, ConfigOption, JsonOption, check_config, say_json
from maild.cli.counts import counted

if TYPE_CHECKING:
    from maild import config
    from parsers.addresses import Address
    from parsers.mail import ParsedMail

MASK = "********"
MAX_FILE = 256 * 1024 * 1024
"""Bytes of a file that is still read: no mailbox takes such a mail, and a device never ends."""

# --- parse --------------------------------------------------------------------------------------------------


def parse(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Mails as they were received; - is standard input.")
    ],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> int:
    """What maild reads in a mail."""
    check_config(config)
    code = Code.OK
    for file in files:
        read = _read(file, as_json)
        if isinstance(read, _Unread):
            code = max(code, read.code)
            _say_unread(file, read, as_json)
        elif isinstance(read, dict):
            say_json(read)
        else:
            _show(file, read)
    if code == Code.NO_INPUT and not as_json:
        typer.echo("maild: name mails as they were received, such as mail.eml; - is standard input", err=True)
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unread:
    """Why a file gave nothing, and what that means to the shell."""

    why: str
    code: Code


def _read(file: str, as_json: bool) -> "ParsedMail | dict[str, object] | _Unread":
    """What is told of a file; nothing is written yet, so that trouble of the output is never the file's."""
    from parsers.mail import parse_mail

    try:
        mail = parse_mail(_content(file))
        return record(file, mail) if as_json else mail
    except OSError as error:
        return _Unread(why=error.strerror or str(error), code=Code.NO_INPUT)
    # The parsers never raise; should one do so all the same, the files after it are read nevertheless.
    except Exception as error:  # noqa: BLE001
        return _Unread(why=f"{type(error).__name__}: {error}", code=Code.OUR_FAULT)


def _content(file: str) -> bytes:
    """The bytes of a file or, for ``-``, of standard input. OSError where there are none, or too many."""
    if file == "-":
        content = sys.stdin.buffer.read(MAX_FILE + 1)
    else:
        with Path(file).open("rb") as opened:
            content = opened.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    return content


def _say_unread(file: str, unread: _Unread, as_json: bool) -> None:
    if as_json:
        say_json({"file": file, "error": unread.why})
    typer.echo(f"maild: {file}: {unread.why}", err=True)


def record(file: str, mail: "ParsedMail") -> dict[str, object]:
    """What ``maild parse --json`` prints of a mail; absent ids, people and instants are null."""
    report = mail.report
    return {
        "file": file,
        "message_id": mail.message_id or None,
        "in_reply_to": next(iter(mail.in_reply_to), None),
        "references": mail.references,
        "from": _person(mail.sender),
        "reply_to": _person(next(iter(mail.reply_to), None)),
        "to": [_person(each) for each in mail.to],
        "cc": [_person(each) for each in mail.cc],
        "subject": mail.subject,
        "date": mail.date,
        "text": mail.text,
        "reply_text": mail.reply_text,
        "html": mail.html,
        "attachments": [
            {
                "filename": each.filename,
                "content_type": each.content_type,
                "size": each.size,
                "sha256": each.sha256,
                "content_id": each.content_id,
                "inline": each.inline,
                "hazards": [str(one) for one in each.hazards],
            }
            for each in mail.attachments
        ],
        "auto_submitted": mail.auto_submitted,
        "auto_reason": mail.auto_reason,
        "is_bounce": mail.is_bounce,
        "bounce": report
        and {
            "recipient": report.recipient,
            "status": report.status,
            "action": report.action,
            "recipients": report.recipients,
        },
        "list_id": mail.list_id or None,
        "language": mail.language or None,
        "defects": mail.defects,
        "spam": mail.spam,
    }


def _person(address: "Address | None") -> dict[str, str] | None:
    return None if address is None else {"name": address.name, "address": address.address}


def _written(address: "Address") -> str:
    return f"{address.name} <{address.address}>" if address.name else address.address


def _facts(mail: "ParsedMail") -> Iterator[tuple[str, str]]:
    """What there is to say of a mail, the important first."""
    report = mail.report
    yield "from", _written(mail.sender) if mail.sender else ""
    yield "reply to", ", ".join(_written(each) for each in mail.reply_to)
    yield "to", ", ".join(_written(each) for each in mail.to)
    yield "cc", ", ".join(_written(each) for each in mail.cc)
    yield "subject", mail.subject
    yield "date", f"{mail.date:%Y-%m-%d %H:%M:%S} UTC" if mail.date else ""
    yield "message id", mail.message_id
    yield "in reply to", " ".join(mail.in_reply_to)
    yield "references", " ".join(mail.references)
    yield "language", mail.language
    yield "automatic", mail.auto_reason
    yield "bounce", f"{report.action} {report.status} {report.recipient}" if report and mail.is_bounce else ""
    yield "list", mail.list_id
    yield "spam", f"says {', '.join(mail.spam)}" if mail.spam else ""
    for each in mail.attachments:
        place = "inline" if each.inline else "attached"
        yield place, f"{each.filename or '(no name)'}, {each.content_type}, {each.size} bytes"
        yield "hazard", ", ".join(map(str, each.hazards))
    for defect in mail.defects:
        yield "defect", defect


def _show(file: str, mail: "ParsedMail") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(mail):
        if value:
            table.add_row(name, Text(value))
    console = Console()
    console.rule(Text(file), align="left")
    console.print(table)
    console.print()
    console.print(Text(mail.reply_text.strip() or "(no text)"))
    console.print()


# --- config -------------------------------------------------------------------------------------------------


def config_show(path: ConfigOption = None, as_json: JsonOption = False) -> int:
    """What is in force, and where each value comes from: file, environment or default. Secrets are masked."""
    from maild import config

    layers = config.read_layers(path, os.environ)
    in_force = config.build(layers)
    rows = list(_rows(in_force, layers))
    if as_json:
        for key, value, origin in rows:
            say_json({"key": key, "value": value, "origin": origin})
        return Code.OK
    typer.echo(f"# {layers.path}, and over it the environment")
    width = max(len(_assigned(key, value)) for key, value, _ in rows)
    for key, value, origin in rows:
        typer.echo(f"{_assigned(key, value):{min(width, 72)}}  # {origin}")
    return Code.OK


def _assigned(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False)}"


def _rows(in_force: "config.Config", layers: "config.Layers") -> Iterator[tuple[str, object, str]]:
    """Key path, value as the file would write it, origin."""
    from maild import config

    for place, value in _leaves(in_force.model_dump(mode="json", by_alias=True, exclude_none=True), ()):
        yield config.key_path(place), _masked(place, value), _origin(place, layers)


def _masked(place: "config.Place", value: object) -> object:
    from maild import config

    if place[-1] in config.SECRET_KEYS:
        return MASK
    if place == ("state", "database"):
        return re.sub(r"(://[^:/@]*):[^@]*@", rf"\1:{MASK}@", str(value))
    return value


def _origin(place: "config.Place", layers: "config.Layers") -> str:
    from maild import config

    origin = layers.origin(place)
    if origin == config.ENVIRONMENT:
        return f"{origin}: {config.variable(place)}"
    # A secret that neither layer gives was read from the file that one of them names.
    return "secret file" if place[-1] in config.SECRET_KEYS and origin == "default" else origin


def _leaves(value: object, place: "config.Place") -> Iterator[tuple["config.Place", Any]]:
    """Every value that stands behind a key; a list of plain values is one, a list of tables is many."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, (*place, key))
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        for index, each in enumerate(value):
            yield from _leaves(each, (*place, index))
    else:
        yield place, value


def config_check(path: ConfigOption = None) -> int:
    """Whether the configuration and the letters can be used: every problem, each with its remedy.

    A rule that is never heard is told of, as is a template that nothing reads; neither is a reason to refuse
    the rest.
    """
    from maild import config

    layers = config.read_layers(path, os.environ)
    in_force = config.build(layers)
    wrong = [*letter_problems(in_force), *alert_problems(in_force)]
    for problem in wrong:
        typer.echo(problem, err=True)
    for key, what, remedy in config.unheard_rules(in_force):
        typer.echo(f"{layers.path}: {key}: {what}; {remedy}", err=True)
    for stray in stray_templates(in_force):
        typer.echo(stray, err=True)
    if wrong:
        return Code.CONFIG
    drops = ", ".join(in_force.maildrop)
    agents, rules = counted(len(in_force.agent), "agent"), counted(len(in_force.rule), "rule")
    typer.echo(f"{layers.path}: ok ({drops}; {agents}, {rules})")
    return Code.OK


def letter_problems(in_force: "config.Config") -> list[str]:
    """What is wrong with the letters, the operator's own templates included."""
    from maild import office, rehearsal

    folder = in_force.desk.templates
    if folder is not None and not folder.is_dir():
        return [f"desk.templates: {folder} is no folder; make it, or delete the line"]
    return [*rehearsal.render_all(office.paper(in_force)), *page_problems(in_force)]


def stray_templates(in_force: "config.Config") -> list[str]:
    """The operator's files whose names are nearly those of a template: nothing reads them."""
    folder = in_force.desk.templates
    if folder is None or not folder.is_dir():
        return []
    from maild import office
    from maild.specimen import catalogue

    found = catalogue.strays(office.paper(in_force))
    return [f"{folder / file}: nothing reads it; did you mean {meant}?" for file, meant in found]


def page_problems(in_force: "config.Config") -> list[str]:
    """What is wrong with the page of the report, where the operator has pages of his own."""
    folder = in_force.desk.templates
    if folder is None or not (folder / "pages").is_dir():
        return []
    from maild import config, office
    from maild.report import sheet

    return sheet.faults(office.paper(in_force), config.policy(in_force))


def alert_problems(in_force: "config.Config") -> list[str]:
    """What is wrong with the command that tells of trouble."""
    from maild import alarm

    why = alarm.missing(in_force.alert.command)
    return [f"alert.command: {why}; name its path, or a name on PATH"] if why else []


def config_schema(path: ConfigOption = None) -> int:
    """The JSON schema of config.toml, for editors."""
    from maild import config

    check_config(path)
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **config.Config.model_json_schema()}
    typer.echo(json.dumps(schema, indent=2, ensure_ascii=False))
    return Code.OK
