"""Which templates there are, whose they are and what each is for.

Stands above ``compose``; what they are for is told in one place, the docstring of ``templates``. Cannot fail
on any folder of the operator's that can be read.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import templates
from maild import compose
from maild.compose import Stationery

_FILE = re.compile(r"(?!pages/)([a-z]{2,8})/((?:(?:notices|answers)/)?[^/.]+)(?:\.(subject|txt|html))?\.j2")
_PAGE = re.compile(r"(pages/[^/.]+)(?:\.([a-z]{2,8}))?\.(html)\.j2")
# The entries of the docstring of ``templates``: names in a line, what they are for below it.
_ENTRY = re.compile(r"^((?:``[^`]+``(?:, )?)+)\n((?:    .*\n)+)", re.MULTILINE)
_NAMED = re.compile(r"``([A-Za-z_/]+)\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A letter, a page, or what others take in. ``own``: the files of it that are the operator's; ``about``:
    what it is for, "" for one that maild does not know."""

    name: str
    parts: tuple[str, ...]
    languages: tuple[str, ...]
    own: tuple[str, ...]
    about: str


def catalogue(paper: Stationery) -> tuple[Template, ...]:
    """Every template that there is, by name, the operator's among them."""
    abouts, shipped = _abouts(), _shipped(paper)
    files: dict[str, list[tuple[str, str, str]]] = {}
    for file in paper.environment.list_templates():
        if found := _PAGE.fullmatch(file):
            files.setdefault(found[1], []).append((file, found[2] or "", found[3]))
        elif found := _FILE.fullmatch(file):
            files.setdefault(found[2], []).append((file, found[1], found[3] or ""))
    return tuple(_template(name, files[name], paper, abouts, shipped) for name in sorted(files))


def _template(
    name: str,
    files: list[tuple[str, str, str]],
    paper: Stationery,
    abouts: Mapping[str, str],
    shipped: frozenset[str],
) -> Template:
    family = re.sub(r"/.*", "/NAME", name)
    return Template(
        name=name,
        parts=tuple(part for part in ("subject", "txt", "html") if part in {part for _, _, part in files}),
        languages=tuple(sorted({language for _, language, _ in files if language})),
        own=tuple(file for file, _, _ in files if paper.folder and (paper.folder / file).is_file()),
        about=abouts.get(name) or (abouts.get(family, "") if family in _OPEN or name in shipped else ""),
    )


# Of these families the operator may add as many as he likes.
_OPEN = ("answers/NAME",)


def _shipped(paper: Stationery) -> frozenset[str]:
    """The names of the templates that maild brings."""
    files = compose.stationery(paper.desk).environment.list_templates()
    found = (_FILE.fullmatch(file) for file in files)
    pages = (_PAGE.fullmatch(file) for file in files)
    return frozenset((*(each[2] for each in found if each), *(each[1] for each in pages if each)))


def _abouts() -> dict[str, str]:
    """What each template is for: the first sentence that its package has about it."""
    entries = _ENTRY.findall(templates.__doc__ or "")
    return {
        name: re.sub(r"\s+", " ", text).strip().partition(". ")[0].rstrip(".").replace("``", "")
        for names, text in entries
        for name in _NAMED.findall(names)
    }


def strays(paper: Stationery) -> tuple[tuple[str, str], ...]:
    """Files of the operator's that take the place of nothing, and the name that was probably meant."""
    if paper.folder is None:
        return ()
    shipped = compose.stationery(paper.desk).environment.list_templates()
    own = [file for file in paper.environment.list_templates() if (paper.folder / file).is_file()]
    asked = [file for file in own if file not in shipped and "/answers/" not in file]
    near = ((file, difflib.get_close_matches(file, shipped, n=1, cutoff=0.9)) for file in asked)
    # One that resembles nothing is what other files of his take in.
    return tuple((file, found[0]) for file, found in near if found)
