"""The files that came with a mail: leaves that are no body, and what lies inside some of them.

Takes what ``body`` has left over. Total; every file keeps its exact bytes, and gets a name that is safe to
show and to save.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from parsers.archives import Room
from parsers.body import Layout, without_controls
from parsers.hazards import Hazard, read_hazards
from parsers.mime import Part, read_tree
from parsers.tnef import MAX_FILES, Winmail, read_tnef

MAX_NAME: Final = 200  # characters of a file name

_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*\u202a-\u202e\u2066-\u2069]+")
_MAILS: Final = ("message/rfc822", "message/global")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with the mail. ``filename`` is safe to show and to save, "" when it had none;
    ``hazards``: the reasons to be careful with it."""

    filename: str
    content_type: str
    content: bytes
    sha256: str
    content_id: str
    inline: bool
    hazards: tuple[Hazard, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of the decoded content."""
        return len(self.content)


def read_attachments(layout: Layout, html: str, room: Room) -> tuple[tuple[Attachment, ...], Winmail]:
    """The files of a mail whose HTML body is ``html``, and the body of its winmail.dat.

    The envelope itself gives way to the files inside it, unless these are more than were taken out.
    ``room``: what may be unpacked to look at the files.
    """
    files: list[Attachment] = []
    envelope = Winmail()
    for part in layout.attachments:
        file = _attachment(part, id(part) in layout.related, html, room)
        inside = read_tnef(file.content) if _is_tnef(file) else Winmail()
        envelope = envelope if envelope.text or envelope.html else inside
        files += [loose_file(name, content, room) for name, content in inside.files]
        if not 0 < len(inside.files) < MAX_FILES:
            files.append(file)
    return tuple(files), envelope


def loose_file(name: str, content: bytes, room: Room | None = None) -> Attachment:
    """A file that stood inside another part, in winmail.dat or uuencoded in the text."""
    return Attachment(
        filename=safe_filename(name),
        content_type="application/octet-stream",
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        content_id="",
        inline=False,
        hazards=read_hazards(name, content, room=room),
    )


def _is_tnef(file: Attachment) -> bool:
    return file.content_type.endswith("/ms-tnef") or file.filename.lower() == "winmail.dat"


def _attachment(part: Part, related: bool, html: str, room: Room) -> Attachment:
    content = part.payload()
    content_id = part.content_id
    inline = part.disposition == "inline" or (part.disposition != "attachment" and related)
    if content_id and not inline:
        inline = f"cid:{content_id}" in html
    return Attachment(
        filename=safe_filename(part.filename) or _enclosed_name(part, content),
        content_type=part.content_type,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        content_id=content_id,
        inline=inline,
        hazards=read_hazards(part.filename, content, part.content_type, names=part.filenames, room=room),
    )


def safe_filename(name: str) -> str:
    """The last step of a path, without what a file system or a terminal would take for more than a name.

    >>> safe_filename("../../etc/cron.d/x"), safe_filename("C:\\\\temp\\\\a.pdf")
    ('x', 'a.pdf')
    """
    last = re.split(r"[/\\]", name[-1000:])[-1]
    clean = _UNSAFE.sub("_", without_controls(last)).strip(" .") if last.strip(" .") else ""
    if len(clean) <= MAX_NAME:
        return clean
    stem, dot, suffix = clean.rpartition(".")
    return f"{stem[: MAX_NAME - 1 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 12 else clean[:MAX_NAME]


def _enclosed_name(part: Part, content: bytes) -> str:
    """An enclosed mail is named after its subject."""
    if part.content_type not in _MAILS:
        return ""
    enclosed, _ = read_tree(content[:65_536])
    return (safe_filename(enclosed.fields.text("subject").replace("/", "-"))[:100] or "message") + ".eml"
