"""``template``: the letters and pages, to choose one of them and to see what it says.

Stands under the command line; reads the configuration and the templates, and writes nothing. 66 for a name
that none has, 64 for a language or a part that this one has not, 78 where the template itself is at fault.
"""

import difflib
import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from maild.cli import Code, ConfigOption, JsonOption, Stop, read_config, say_json

if TYPE_CHECKING:
    from maild.assembly import Letter
    from maild.config import Config
    from maild.specimen.catalogue import Template


def template_list(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """The letters and pages: in which languages, shipped or your own, what each is for."""
    from maild import office
    from maild.specimen import catalogue

    found = catalogue.catalogue(office.paper(read_config(config)))
    if as_json:
        for each in found:
            say_json(asdict(each))
    else:
        _show(found)
    return Code.OK


def _show(found: "tuple[Template, ...]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in ("template", "languages", "whose", "what for"):
        table.add_column(column, overflow="fold")
    for each in found:
        whose = f"yours: {', '.join(each.own)}" if each.own else "shipped"
        about = each.about or "nothing of maild's; your own may take it in"
        row = (each.name, " ".join(each.languages) or "-", whose, about)
        table.add_row(*map(Text, row))
    Console().print(table)


def template_preview(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `maild template list` has it: receipt.")],
    language: Annotated[
        str, typer.Option("--lang", metavar="LANGUAGE", help="Default: the first of the desk.")
    ] = "",
    html: Annotated[bool, typer.Option("--html", help="The page instead of the text.")] = False,
    subject: Annotated[bool, typer.Option("--subject", help="The subject line alone.")] = False,
    config: ConfigOption = None,
) -> int:
    """One of them as whoever gets it sees it, with made-up values.

    A notice or a canned answer is shown within the letter that it is sent in.
    """
    if html and subject:
        raise Stop(Code.USAGE, "--html or --subject, not both: maild template preview receipt --html")
    settings = read_config(config)
    spoken = _language(language, settings)
    _check_name(name, settings)
    if name.startswith("pages/"):
        if subject:
            raise Stop(Code.USAGE, f"{name} is a page and has no subject", "leave --subject out")
        typer.echo(_page(name, spoken, settings))
        return Code.OK
    typer.echo(_part(_letter(name, spoken, settings), name, html=html, subject=subject))
    return Code.OK


def _language(language: str, settings: "Config") -> str:
    known = settings.desk.languages
    if language and language not in known:
        raise Stop(Code.USAGE, f"the desk does not write in {language!r}", f"--lang {' or '.join(known)}")
    return language or known[0]


def _check_name(name: str, settings: "Config") -> None:
    from maild import office
    from maild.specimen import catalogue

    known = [each.name for each in catalogue.catalogue(office.paper(settings))]
    if name not in known:
        within = [each for each in known if each.rpartition("/")[2] == name]
        near = within or difflib.get_close_matches(name, known, n=1)
        said = f"did you mean {near[0]}?" if near else "see `maild template list`"
        raise Stop(Code.NO_INPUT, f"there is no template {name!r}", said)


def _page(name: str, language: str, settings: "Config") -> str:
    from maild.specimen import pages

    with _explained(settings):
        text = pages.page(settings, name, language)
    if text is None:
        raise _nothing(name)
    return text


def _letter(name: str, language: str, settings: "Config") -> "Letter":
    from maild import office
    from maild.specimen import letters

    with _explained(settings):
        # What is wrong with it is to be seen, not what takes its place.
        written = letters.letter(replace(office.paper(settings), shipped=None), name, language)
    if written is None:
        raise _nothing(name)
    return written


@contextmanager
def _explained(settings: "Config") -> Iterator[None]:
    """What goes wrong in a template of the operator's own is told as ``config check`` tells it."""
    from maild.cli import prove

    try:
        yield
    except Exception as error:
        if problems := prove.letter_problems(settings):
            raise Stop(Code.CONFIG, "\n".join(problems)) from error
        raise


def _nothing(name: str) -> Stop:
    return Stop(Code.USAGE, f"{name} shows nothing by itself: others take it in", "try receipt")


def _part(letter: "Letter", name: str, *, html: bool, subject: bool) -> str:
    """The wanted part of a letter, read as a mail program would."""
    mail = email.message_from_bytes(letter.content, policy=email.policy.default)
    if subject:
        return letter.subject
    body = mail.get_body(("html",) if html else ("plain",))
    if body is None:
        raise Stop(Code.USAGE, f"{name} is a letter of text alone", "leave --html out")
    text = str(body.get_content()).replace("\r\n", "\n").rstrip("\n")
    return text if html else f"{mail['Subject']}\n\n{text}"
