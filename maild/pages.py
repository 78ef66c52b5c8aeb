"""Pages that are looked at, not mailed: a template and its words, on the desk's own paper.

Stands above ``compose``, whose environment it shares: values of strangers can add no tag, and an operator's
own folder comes first. Asked by ``report`` and ``board``. Fails with ``jinja2.TemplateError`` where a
template of the operator's does.
"""

from typing import Any

from maild.compose import Stationery


def page(paper: Stationery, name: str, language: str, /, **values: Any) -> str:
    """One whole HTML page, out of ``pages/NAME.html.j2``.

    The template finds its texts as ``words``: what ``pages/NAME.LANGUAGE.html.j2`` sets, or English
    where a page has no words in that language; ``language`` is the one that was found. What is in ``values``
    is escaped, also by a macro of the words.
    """
    found = words(paper, name, language)
    template = paper.environment.get_template(f"pages/{name}.html.j2")
    return template.render(values, words=found, language=found.__name__.split(".")[-3])


def words(paper: Stationery, name: str, language: str, /) -> Any:
    """The words of a page in a language, or in English: an object that has them by their names."""
    # By its ending a macro of the words escapes what it is given: called from a page, it is taken for clean.
    known = [f"pages/{name}.{each}.html.j2" for each in dict.fromkeys((language, "en", "fr"))]
    return paper.environment.select_template(list(known)).module


def file(paper: Stationery, name: str) -> str:
    """What a page needs besides its text, a style or a script, out of ``pages/NAME``."""
    loader = paper.environment.loader
    assert loader is not None
    return loader.get_source(paper.environment, f"pages/{name}")[0]
