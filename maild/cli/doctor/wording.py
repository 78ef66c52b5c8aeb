"""Whether each letter and page can be written in each language; a check of ``doctor``."""

from collections.abc import Iterator
from pathlib import Path

from maild import office, rehearsal
from maild.cli import prove
from maild.cli.doctor.faults import Fault
from maild.cli.doctor.findings import Finding, fail, ok
from maild.config import Config


def letters(settings: Config, _file: Path) -> Iterator[Finding]:
    """Whether each letter can be written in each language."""
    folder = settings.desk.templates
    if folder is not None and not folder.is_dir():
        remedy = "make it, or delete the line desk.templates"
        yield fail("letters", Fault.TEMPLATES_MISSING, f"{folder} is no folder", remedy)
        return
    wrong = [*rehearsal.render_all(office.paper(settings)), *prove.page_problems(settings)]
    for problem in wrong:
        remedy = f"mend it in {folder}" if folder else "reinstall maild"
        yield fail("letters", Fault.LETTER_BROKEN, problem, remedy)
    if not wrong:
        own = f", your own from {folder} first" if folder else ""
        yield ok("letters", f"all can be written in {', '.join(settings.desk.languages)}{own}")
