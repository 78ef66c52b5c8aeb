"""What stands beside the answer: the taglines of programs, and where a person says that the answers are.

``quotes`` asks here. A verb of sending is a tagline only when nothing but devices, programs and their names
follows it: people write "envoyé hier". Total; patterns see lines of bounded length.
"""

import re
from typing import Final

_LONGEST_TAGLINE: Final = 120  # columns, without its links and excuses

_SENT: Final = re.compile(
    r"(?:(?:cet? (?:e-?mail|message|courriel) a été |dit bericht (?:is|werd) |this (?:e-?mail|message) was )?"
    r"(?:envoyée?|sent|verstuurd|verzonden|gesendet|enviado|inviato|skickat|sendt)"
    r" (?:d['’]|(?:de|depuis|à partir d[eu]|à partir|à l['’]aide d[eu]|avec|par|via|sur|from|with|using"
    r"|vanaf|vanuit|met|van|von|mit|vom|über|aus|auf|per|desde|da|från|fra)\b)"
    r"|(?=.{5,100}(?:gesendet|verschickt|geschickt|versendet)$)"
    r"(?:diese (?:nachricht|e-?mail) wurde )?(?:von|mit|vom)\b)",
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"k-9|web\.de|e-mail|[^\W_]\w*", re.IGNORECASE)
_OWN_THING: Final = re.compile(r"\s(?:mon|ma|my|mijn) [A-Z0-9]")
_DEVICES: Final = frozenset(
    "iphone ipad ipod ios android smartphone mobile mobiel téléphone telefoon telefon phone gsm portable "
    "tablette tablet handy mobiltelefon outlook galaxy samsung huawei xiaomi redmi oppo honor pixel nokia "
    "sony motorola oneplus blackberry windows yahoo proton protonmail gmx web.de k-9 k9 bluemail spark app "
    "application appareil device toestel apparaat gerät gmail mymail orange typeapp aquamail airmail webmail "
    "mailbird typemail cloudmagic unibox postbox boxer hotmail zimbra icloud htc tel móvil".split()
)
_TAGLINE_WORDS: Final = _DEVICES | frozenset(
    "de du le la un une mon ma my the a an from with on using pour for voor für op auf van vanaf vanuit mijn "
    "met een het von meinem meiner vom mit über dem der aus per par via avec sur l d gesendet verschickt "
    "geschickt versendet mail email e-mail courrier messagerie sécurisée sécurisé secure beveiligde sichere "
    "sicherer terminal cell cellphone handset client network netwerk réseau netz mi da wireless min "
    "intelligent".split()
)
_PLATFORM: Final = (
    r"(?:pour|for|voor|für) (?:iOS|Android|Windows|Mac(?:OS)?|iPhone|iPad)(?: 1[01])?"
    r"(?P<verb> downloaden| herunterladen| herunter| op| ophalen)?$"
)
_GET_PROGRAM: Final = re.compile(
    r"(?P<first>(?:télécharge[rz]?|obten(?:ez|ir)|get|download|haal|verkrijg|holen sie sich|laden sie"
    rf"|beziehen sie) )?(?:(?-i:[A-Z])\w{{1,20}} ){{1,3}}{_PLATFORM}",
    re.IGNORECASE,
)
_OTHER_TAGLINE: Final = re.compile(
    r"provenance\s?: (?:courrier|mail)(?: pour windows(?: 1[01])?)?$"
    r"|(?:(?:garanti )?sans virus|virus-?free|virusvrij|virenfrei)\.? ?(?:www\.)?(?:avast|avg|norton)\b"
    r".{0,60}$"
    r"|yahoo mail ?: (?:search|rechercher|zoek|such).{0,60}$",
    re.IGNORECASE,
)
_EXCUSE: Final = re.compile(
    r"\s*[.,;:(–-]+\s*(?:(?:veuillez|merci de|please|bitte|gelieve) (?:m['’])?(?:excus|pardon|forgive"
    r"|entschuldig|verontschuldig)|merci d['’]excuser|excuse|forgive|désolée? pour|sorry for|excuseer"
    r"|entschuldig|apologies for)[^\n]{0,80}$",
    re.IGNORECASE,
)
_LINK: Final = re.compile(r"\s?[<(\[]?(?:https?|mailto):[^\s<>\])]{1,500}[>)\]]?")

# Whose answers are spoken of: "thanks for your reply below" announces none.
_ANSWER: Final = (
    r"(?<!votre )(?<!vos )(?<!your )(?<!uw )(?<!ihre )\b(?:r[ée]ponses?|r[ée]ponds|r[ée]pondu|commentaires?"
    r"|remarques?|annotations?|antwoord(?:en)?|beantwoord|geantwoord|opmerking(?:en)?|commentaar|reacties?"
    r"|aanvulling(?:en)?|antwort(?:en|e)?|beantwortet|geantwortet|anmerkung(?:en)?|kommentare?"
    r"|ergänzung(?:en)?|answers?|answered|repl(?:y|ies|ied)|comments?|commented|responses?|responded"
    r"|remarks?)\b"
)
_PLACE: Final = (
    r"\b(?:ci-dessous|ci-après|ci-bas|plus bas|infra|dans le (?:texte|corps|mail|message|courriel)"
    r"|dans (?:votre|ton) (?:mail|e-?mail|message|courriel|texte)|entre les lignes|point par point"
    r"|en (?:rouge|bleu|vert|gras|jaune|orange|mauve|couleurs?|italique|majuscules?|surbrillance)"
    r"|hieronder|onderaan|onderstaand|in (?:het )?(?:rood|blauw|groen|geel|vet|oranje|kleur)|tussendoor"
    r"|in de (?:tekst|mail)|in (?:je|uw|jouw) (?:mail|bericht|tekst)|tussen de (?:regels|lijnen|tekst)"
    r"|unten|unterhalb|darunter|im text|in (?:rot|blau|grün|fett|farbe|gelb)|zwischen den zeilen"
    r"|in ihre[rm] (?:mail|nachricht|e-?mail|text)"
    r"|below|in-?line|in (?:red|blue|green|bold|colou?r|caps|capitals|italics|yellow)"
    r"|in the (?:text|body|message)|in your (?:mail|e-?mail|message|text)|between the lines|interspersed)\b"
)
_PLACE_HINTS: Final = (
    "dessous", "ci-apr", " bas", "infra", "dans ", "rouge", "bleu", " vert", " gras", "jaune", "orange",
    "mauve", "couleur", "itali", "majusc", "brillance", "lignes", "line", "point par", "onder", "oranje",
    "rood", "blauw", "groen", "geel", " vet", "kleur", "tekst", "regels", "lijnen", "tussen", "in de ",
    "in je ", "in uw ", "in jouw ", "unten", "unter", "text", " rot", "blau", "grün", "fett", "farbe", "gelb",
    "zeilen", "in ihre", "below", " red", "blue", "green", "bold", "colo", "caps", "capit", "yellow",
    "in the ", "in your", "interspersed",
)  # fmt: skip
_ANNOUNCED: Final = re.compile(
    rf"{_ANSWER}.{{0,60}}{_PLACE}|{_PLACE}.{{0,60}}{_ANSWER}"
    r"|^(?:(?:bonjour|bonsoir|hello|hi|dag|hallo|beste|guten tag),? )?"
    r"(?:cfr?|voir|voyez|see|zie|siehe)\b\.? (?:les? )?"
    r"(?:ci-dessous|ci-après|infra|plus bas|below|hieronder|onder|onderaan|unten|inline|en rouge|in red"
    r"|in het rood|in rot)(?: svp| merci| please)?[\s.!:]*$",
    re.IGNORECASE,
)


def is_tagline(line: str) -> bool:
    """Whether a program signed here ("Envoyé de mon iPhone"): nothing but a verb, devices and their names."""
    if not line or len(line) > 4 * _LONGEST_TAGLINE:
        return False
    line = _LINK.sub("", line).strip(" >*_[]()\t-–")
    line = _EXCUSE.sub("", line).rstrip(" .!")
    if not line or len(line) > _LONGEST_TAGLINE:
        return False
    program = _GET_PROGRAM.match(line)
    if program is not None and (program["first"] or program["verb"]):
        return True
    return _OTHER_TAGLINE.match(line) is not None or _is_sent_from(line)


def _is_sent_from(line: str) -> bool:
    sent = _SENT.match(line)
    if sent is None:
        return False
    words = _WORD.findall(line[sent.end() :])
    if not all(word.lower() in _TAGLINE_WORDS or not word[0].islower() for word in words):
        return False
    return any(word.lower() in _DEVICES for word in words) or _OWN_THING.match(line, sent.end()) is not None


def announces_answers(line: str) -> bool:
    """Whether a person says that the answers stand inside the quoted mail ("mes réponses en rouge")."""
    lowered = line.lower()
    return any(hint in lowered for hint in _PLACE_HINTS) and _ANNOUNCED.search(line) is not None
