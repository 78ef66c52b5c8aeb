"""Which files stay with the desk: none of them is mailed to anybody who has not asked for it (pure).

Asked by ``message.decide`` for what came with a mail, and wherever a file would go along with a letter. The
policy is the operator's ([attachments]); what it judges is what ``parsers.hazards`` has read. A reason is
kept with the file as one short line, such as "program .exe" or "inside script .js", and put into words here.
"""

from collections.abc import Mapping

from maild.decide.facts import Facts, Scan, ScanState
from maild.decide.order import Sentences, said
from maild.decide.policy import Attachments
from parsers.attachments import Attachment
from parsers.hazards import INSIDE, Hazard, HazardKind
from parsers.mail import ParsedMail
from storage.records import StoredFile

# What is told of a file with several faults: who lies about himself has said it all.
_FIRST = (HazardKind.DISGUISED,)


def held(mail: ParsedMail, facts: Facts, rules: Attachments) -> Mapping[str, str]:
    """SHA-256 of what is held of a mail, and why."""
    found = ((f.sha256, reason(f, rules, facts.scans.get(f.sha256))) for f in mail.attachments)
    return {sha256: why for sha256, why in found if why}


def reason(file: Attachment, rules: Attachments, scan: Scan | None = None) -> str:
    """Why a file stays with the desk, "" where it goes along; ``scan``: None where none was asked for."""
    if scan is not None and scan.state is ScanState.FOUND:
        return f"virus {scan.what}"
    feared = [one for one in file.hazards if one.kind in rules.hold and not _is_allowed(one, rules)]
    feared.sort(key=lambda one: one.kind not in _FIRST)
    if feared:
        return str(feared[0])
    ending = file.filename.rpartition(".")[2].casefold() if "." in file.filename else ""
    if ending in rules.also:
        return f"ruled .{ending}"
    missed = scan is not None and scan.state is ScanState.UNSCANNED and rules.unscanned
    return str(scan) if missed else ""


def stays(file: Attachment, kept: StoredFile, rules: Attachments) -> bool:
    """Whether a file of an earlier mail stays with the desk: it was held then, or would be now."""
    if kept.held or reason(file, rules):
        return True
    return rules.scanned and rules.unscanned and kept.scan != ScanState.CLEAN


def not_scanned(scan: Scan | None, language: str) -> str:
    """What is said of a file that goes along and was not scanned, "" of any other."""
    if scan is None or scan.state is not ScanState.UNSCANNED:
        return ""
    return said(_SAID, ScanState.UNSCANNED, language)


def _is_allowed(one: Hazard, rules: Attachments) -> bool:
    return one.what.removeprefix(".").casefold() in rules.allow


def in_words(why: str, language: str) -> str:
    """A reason as people read it: "programme (.exe)"."""
    kind, _, what = why.removeprefix(INSIDE).partition(" ")
    words = said(_SAID, kind if kind in _SAID else "other", language)
    what = said(_TOLD, what, language) if what in _TOLD else what
    shown = f"{words} ({what})" if what else words
    return said(_SAID, "inside", language, shown=shown) if why.startswith(INSIDE) else shown


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
        "fr": "contenu invérifiable", "nl": "niet te controleren inhoud", "de": "nicht prüfbarer Inhalt",
        "en": "cannot be looked into",
    },
    "virus": {
        "fr": "virus détecté", "nl": "virus gevonden", "de": "Virus gefunden", "en": "virus found",
    },
    ScanState.UNSCANNED: {
        "fr": "non analysé par l’antivirus", "nl": "niet door de virusscanner onderzocht",
        "de": "nicht auf Viren geprüft", "en": "not scanned for viruses",
    },
    "ruled": {
        "fr": "type de fichier retenu ici", "nl": "bestandstype dat hier wordt tegengehouden",
        "de": "hier zurückgehaltener Dateityp", "en": "a type of file that is held here",
    },
    "other": {"fr": "à risque", "nl": "risico", "de": "riskant", "en": "at risk"},
}  # fmt: skip
# Why a file was not scanned, or cannot be looked into; what is no name of a form.
_TOLD: Sentences = {
    "too_large": {"fr": "trop volumineux", "nl": "te groot", "de": "zu groß", "en": "too large"},
    "encrypted": {
        "fr": "mot de passe", "nl": "wachtwoord", "de": "Passwort", "en": "password",
    },
    "nested": {
        "fr": "trop de niveaux", "nl": "te veel niveaus", "de": "zu viele Ebenen", "en": "too many levels",
    },
    "too_slow": {
        "fr": "trop long à analyser", "nl": "duurt te lang", "de": "dauert zu lange", "en": "too slow",
    },
    "no_answer": {
        "fr": "l’antivirus ne répond pas", "nl": "de scanner antwoordt niet",
        "de": "der Scanner antwortet nicht", "en": "the scanner does not answer",
    },
    "refused": {
        "fr": "refusé par l’antivirus", "nl": "door de scanner geweigerd", "de": "vom Scanner abgelehnt",
        "en": "the scanner refused it",
    },
}  # fmt: skip
