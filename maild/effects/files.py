"""A file that is held goes to the agent who asked for it: to him alone, and nothing opens it by a click.

One of the effects of ``apply``. It is taken once more from the mail that it came with; where that is no
longer kept, he reads so.
"""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from maild import compose
from maild.assembly import File
from maild.decide.decision import SendFile
from maild.decide.tokens import Purpose
from maild.effects.work import Work
from parsers.attachments import Attachment
from parsers.mail import parse_mail
from storage.records import MessageKind

# No program opens a file of this ending.
ENDING = ".held"
# The oldest time that an archive can name: when it was packed is nobody's matter.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def send_file(work: Work, asked: SendFile) -> None:
    """A letter with the archive; the story has who got which file."""
    found = _found(work, asked)
    post = work.post(Purpose.ANSWER, asked.to, asked.language)
    if found is not None:
        post |= {"files": (wrapped(found, f"{work.number}-{asked.place}.zip"),)}
    letter = compose.answer(
        work.paper, number=work.number, subject=work.subject,
        lines=asked.lines if found is not None else (asked.gone,), **post,
    )  # fmt: skip
    owed = f"file:{work.once}:{asked.place}:{asked.to.key}"
    work.owe(letter, MessageKind.ANSWER, owed, suppressed=asked.withheld)
    if found is not None and not asked.withheld:
        work.tell("file_sent", asked.to.address, file=asked.place, sha256=asked.file)
        work.say("file.sent", ticket=work.number, agent=asked.to.address, file=asked.file)


def _found(work: Work, asked: SendFile) -> Attachment | None:
    content = work.tx.raw(asked.mail)
    files = parse_mail(content).attachments if content is not None else ()
    return next((file for file in files if file.sha256 == asked.file), None)


def wrapped(file: Attachment, name: str) -> File:
    """A file in an archive called ``name``, under a name of its own that no program opens."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        member = ZipInfo(f"{file.filename or 'file'}{ENDING}", _NO_TIME)
        archive.writestr(member, file.content, ZIP_DEFLATED)
    return File(filename=name, content_type="application/zip", content=packed.getvalue())
