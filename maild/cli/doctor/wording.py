"""Whether each letter and page can be written in each language; a check of ``doctor``."""

from collections.abc import Iterator
from pathlib import Path

from maild import office, rehearsal
from maild.cli import prove
from maild.cli.doctor.findings import Finding, fail, ok
from maild.config import Config


def letters(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether each letter can be written in each language."""
    folder = settings.desk.templates
    if folder is not None and not folder.is_dir():
        yield fail("letters", f"{folder} is no folder", "make it, or delete the line desk.templates")
        return
    wrong = [*rehearsal.render_all(office.paper(settings)), *prove.page_problems(settings)]
    for problem in wrong:
        yield fail("letters", problem, f"mend it in {folder}" if folder else "reinstall maild")
    if not wrong:
        own = f", your own from {folder} first" if folder else ""
        yield ok("letters", f"all can be written in {', '.join(settings.desk.languages)}{own}")
