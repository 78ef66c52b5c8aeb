"""Which files stay with the desk: none of them is mailed to anybody who has not asked for it (pure).

Asked by ``message.decide`` for what came with a mail, and wherever a file would go along with a letter. The
policy is the operator's ([attachments]); what it judges is what ``parsers.hazards`` has read. A reason is
kept with the file as one short line, such as "program .exe" or "inside script .js", and put into words here.
"""

from collections.abc import Mapping

from maild.decide.facts import Facts
from maild.decide.order import Sentences, said
from maild.decide.policy import Attachments
from parsers.attachments import Attachment
from parsers.hazards import Hazard, HazardKind
from parsers.mail import ParsedMail

_INSIDE = "inside "
# What is told of a file with several faults: who lies about himself has said it all.
_FIRST = (HazardKind.DISGUISED,)


def held(mail: ParsedMail, facts: Facts, rules: Attachments) -> Mapping[str, str]:
    """SHA-256 of what is held of a mail, and why."""
    found = ((file.sha256, reason(file, rules)) for file in mail.attachments)
    return {sha256: why for sha256, why in found if why}


def reason(file: Attachment, rules: Attachments) -> str:
    """Why a file stays with the desk, "" where it goes along."""
    feared = [one for one in file.hazards if one.kind in rules.hold and not _is_allowed(one, rules)]
    feared.sort(key=lambda one: one.kind not in _FIRST)
    if feared:
        first = feared[0]
        return f"{_INSIDE if first.inside else ''}{first.kind.value} {first.what}"
    ending = file.filename.rpartition(".")[2].casefold() if "." in file.filename else ""
    return f"ruled .{ending}" if ending in rules.also else ""


def _is_allowed(one: Hazard, rules: Attachments) -> bool:
    return one.what.removeprefix(".").casefold() in rules.allow


def in_words(why: str, language: str) -> str:
    """A reason as people read it: "programme (.exe)"."""
    kind, _, what = why.removeprefix(_INSIDE).partition(" ")
    words = said(_SAID, kind if kind in _SAID else "other", language)
    shown = f"{words} ({what})" if what else words
    return said(_SAID, "inside", language, shown=shown) if why.startswith(_INSIDE) else shown


_SAID: Sentences = {
    "inside": {
        "fr": "contient\u00a0: {shown}",
        "nl": "bevat: {shown}",
        "de": "enthält: {shown}",
        "en": "holds: {shown}",
    },
    HazardKind.PROGRAM: {"fr": "programme", "nl": "programma", "de": "Programm", "en": "program"},
    HazardKind.SCRIPT: {"fr": "script", "nl": "script", "de": "Skript", "en": "script"},
    HazardKind.SHORTCUT: {
        "fr": "raccourci", "nl": "snelkoppeling", "de": "Verknüpfung", "en": "shortcut",
    },
    HazardKind.MACRO: {
        "fr": "document avec macros", "nl": "document met macro’s", "de": "Dokument mit Makros",
        "en": "document with macros",
    },
    HazardKind.IMAGE: {
        "fr": "image de disque", "nl": "schijfkopie", "de": "Datenträgerabbild", "en": "disk image",
    },
    HazardKind.DISGUISED: {
        "fr": "nom trompeur", "nl": "misleidende naam", "de": "irreführender Name", "en": "misleading name",
    },
    HazardKind.SEALED: {
        "fr": "archive dont le contenu ne peut être vérifié", "nl": "archief dat niet te controleren is",
        "de": "nicht prüfbares Archiv", "en": "archive that cannot be looked into",
    },
    "ruled": {
        "fr": "type de fichier retenu ici", "nl": "bestandstype dat hier wordt tegengehouden",
        "de": "hier zurückgehaltener Dateityp", "en": "a type of file that is held here",
    },
    "other": {"fr": "à risque", "nl": "risico", "de": "riskant", "en": "at risk"},
}  # fmt: skip
