"""How mail clients write a reply in four languages: the same words, in each one's layout.

``PLAIN`` and ``MARKUP`` hold a function a client that takes a language and the new text and gives the body.
"""

from collections.abc import Callable
from html import escape

LANGUAGES = ("fr", "nl", "de", "en")
NEW = {
    "fr": "Bonjour,\n\nLe projecteur du local 12 s'éteint encore.\n- depuis : lundi\n\nBien à vous,\nFatima",
    "nl": "Dag,\n\nDe beamer in lokaal 12 valt nog altijd uit.\n- sinds: maandag\n\nMvg,\nAnke",
    "de": "Hallo,\n\nder Beamer in Raum 12 geht immer noch aus.\n- seit: Montag\n\nMfG\nJürgen",
    "en": "Hi,\n\nThe projector in room 12 still goes off.\n- since: Monday\n\nBest,\nPriya",
}
OLD = "Goedemorgen!\n\nWir haben die Lampe ersetzt. Pouvez-vous vérifier ?\n\nThe Service Desk\n02 800 10 10"
DESK = "Support ETNIC <support@etnic.be>"
_LABELS = {
    "fr": ("De", "Envoyé", "Date", "À", "Objet"),
    "nl": ("Van", "Verzonden", "Datum", "Aan", "Onderwerp"),
    "de": ("Von", "Gesendet", "Datum", "An", "Betreff"),
    "en": ("From", "Sent", "Date", "To", "Subject"),
}
_DAYS = {
    "fr": "lundi 23 novembre 2026 09:12",
    "nl": "maandag 23 november 2026 9:12",
    "de": "Montag, 23. November 2026 09:12",
    "en": "Monday, November 23, 2026 9:12 AM",
}
ORIGINAL = {
    "fr": "Message d'origine",
    "nl": "Oorspronkelijk bericht",
    "de": "Ursprüngliche Nachricht",
    "en": "Original Message",
}
ATTRIBUTIONS = {
    "fr": (
        f"Le lun. 23 nov. 2026 à 09:12, {DESK} a écrit\u00a0:",
        "Le 23/11/2026 à 09:12, Luc Martin a écrit\u00a0:",
        f"Le 23 nov. 2026 à 09:12, {DESK} a écrit :",
        "Le lun. 23 nov. 2026 à 09:12, Service Desk de la Fédération\nWallonie <\ns@etnic.be> a écrit :",
        f"    Le lundi 23 novembre 2026 à 09:12:33 UTC+1, {DESK} a écrit :  ",
        f"{DESK} a écrit :",
        "Le 2026-11-23 09:12, Luc Martin a écrit :",
        "Support/ETNIC/BE a écrit le 23/11/2026 09:12:11 :",
        f"Lundi, Novembre 23, 2026 09:12 CET, {DESK} a écrit:",
        f"---- Le lun., 23 nov. 2026 09:12:33 +0100 {DESK} a écrit ----",
    ),
    "nl": (
        f"Op ma 23 nov. 2026 om 09:12 schreef {DESK}:",
        "Op 23-11-2026 om 09:12 schreef Luc Martin:",
        f"Op 23 nov. 2026 om 09:12 heeft {DESK} het volgende geschreven:",
        "Op ma 23 nov 2026 om 09:12 schreef Service Desk van de Franse Gemeenschap\n<support@etnic.be>:",
        f"Op maandag 23 november 2026 09:12:33 CET schreef {DESK}:",
        f"Citeren {DESK}:",
        "Luc Martin schreef op 2026-11-23 09:12:",
        f"Op Maandag, November 23, 2026 09:12 CET, schreef {DESK}:",
        "In een bericht met de datum 23-11-2026 09:12:33 schrijft support@etnic.be:",
        f"---- Op ma, 23 nov. 2026 09:12:33 +0100 schreef {DESK} ----",
    ),
    "de": (
        f"Am Mo., 23. Nov. 2026 um 09:12 Uhr schrieb {DESK}:",
        "Am 23.11.26 um 09:12 schrieb Dr. Karl von der Mühlen:",
        f"Am 23.11.2026 um 09:12 schrieb {DESK}:",
        "Am Mo., 23. Nov. 2026 um 09:12 schrieb Service Desk der Französischen\nGemeinschaft <s@etnic.be>:",
        f"Am Montag, 23. November 2026 um 09:12:33 MEZ hat {DESK} Folgendes geschrieben:",
        f"Zitat von {DESK}:",
        "Am 2026-11-23 09:12, schrieb Luc Martin:",
        f"{DESK} schrieb am Mo., 23.\nNov. 2026 um 09:12 Uhr:",
        f"{DESK} hat am 23.11.2026 09:12 CET geschrieben:",
        "Am Montag, dem 23.11.2026 um 09:12 +0100 schrieb Luc Martin:",
    ),
    "en": (
        f"On Mon, Nov 23, 2026 at 9:12\u202fAM {DESK} wrote:",
        "On 23/11/2026 09:12, Luc Martin wrote:",
        f"On 23 Nov 2026, at 09:12, {DESK} wrote:",
        "On Mon, Nov 23, 2026 at 9:12 AM Service Desk of the French Community <\nsupport@etnic.be> wrote:",
        f"On Monday, 23 November 2026 at 09:12:33 CET, {DESK} wrote:",
        f"Quoting {DESK}:",
        "On 2026-11-23 09:12, Luc Martin wrote:",
        f"{DESK} wrote on 23/11/2026 09:12:11 AM:",
        "In a message dated 11/23/2026 9:12:33 AM Eastern Standard Time, support@etnic.be writes:",
        f"2026-11-23 9:12 GMT+01:00 {DESK}:",
    ),
}
OTHER_TONGUES = (
    "El lun, 23 nov 2026 a las 9:12, Support (<support@etnic.be>) escribió:",
    f"Il giorno lun 23 nov 2026 alle ore 09:12 {DESK} ha scritto:",
    f"Em seg., 23 de nov. de 2026 às 09:12, {DESK} escreveu:",
    f"pon., 23 lis 2026 o 09:12 {DESK} napisał(a):",
    f"Den mån 23 nov. 2026 kl 09:12 skrev {DESK}:",
    f"пн, 23 нояб. 2026 г. в 09:12, {DESK}:",
    f"{DESK} 于2026年11月23日周一 09:12写道：",
)
TAGLINES = {
    "fr": ("Envoyé de mon iPhone", "Télécharger Outlook pour iOS<https://aka.ms/o0ukef>"),
    "nl": ("Verstuurd vanaf mijn iPhone", "Outlook voor Android downloaden<https://aka.ms/AAb9ysg>"),
    "de": ("Von meinem iPhone gesendet", "Holen Sie sich Outlook für iOS<https://aka.ms/o0ukef>"),
    "en": ("Sent from my iPhone", "Get Outlook for Android<https://aka.ms/AAb9ysg>"),
}


def header(
    language: str, *, bold: str = "", order: str = "fsto", dated: bool = False, sender: str = DESK
) -> str:
    """The quoted header of a client, a label a line."""
    label = dict(zip("fsdto", _LABELS[language], strict=True))
    value = {"f": sender, "s": _DAYS[language], "t": "Fatima <fatima@ecole.be>", "o": "Re: x"}
    if dated:
        label["s"], value["s"] = label["d"], "23/11/2026 09:12 (GMT+01:00)"
    space = " " if language == "fr" else ""
    return "\n".join(f"{bold}{label[one]}{space}:{bold} {value[one]}" for one in order)


def quoted(text: str) -> str:
    """``text`` as mail clients quote it."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


PLAIN: dict[str, Callable[[str, str], str]] = {
    "outlook": lambda at, new: f"{new}\n\n-----{ORIGINAL[at]}-----\n{header(at)}\n\n{OLD}",
    "outlook web": lambda at, new: f"{new}\n{'_' * 32}\n{header(at)}\n\n{OLD}",
    "outlook phone": lambda at, new: f"{new}\n\n{TAGLINES[at][1]}\n{'_' * 32}\n{header(at)}\n\n\n{OLD}",
    "outlook bare": lambda at, new: f"{new}\n{header(at, sender='Support ETNIC')}\n{OLD}",
    "outlook bold": lambda at, new: f"{new}\n\n{header(at, bold='*')}\n\n{OLD}",
    "outlook for mac": lambda at, new: f"{new}\n\n{header(at, dated=True)}\n\n{OLD}",
    "outlook quoting": lambda at, new: f"{new}\n\n{quoted(header(at) + chr(10) + chr(10) + OLD)}",
    "blank between": lambda at, new: new + "\n\n" + header(at).replace("\n", "\n\n") + f"\n\n{OLD}",
    "many recipients": lambda at, new: (
        f"{new}\n\n{header(at).replace('<fatima', 'El Idrissi; J. Dupont' + chr(10) + '<fatima')}\n\n{OLD}"
    ),
    "zimbra": lambda at, new: f"{new}\n\n----- {ORIGINAL[at]} -----\n{header(at, order='ftso')}\n\n{OLD}",
    "gmx": lambda at, new: f"{new}\n\n{header(at, order='sfto')}\n\n{OLD}",
    "samsung": lambda at, new: (
        f"{new}\n\n-------- {ORIGINAL[at]} --------\n{header(at, dated=True)}\n\n{OLD}"
    ),
    "iphone": lambda at, new: (
        f"{new}\n\n{TAGLINES[at][0]}\n\n{quoted(ATTRIBUTIONS[at][2])}\n>\n{quoted(chr(0xFEFF) + OLD)}"
    ),
    "signature above": lambda at, new: f"{new}\n\n-- \nJo\nChef\n\n{ATTRIBUTIONS[at][0]}\n\n{quoted(OLD)}",
    "signature below": lambda at, new: f"{new}\n\n{ATTRIBUTIONS[at][0]}\n{quoted(OLD)}\n\n-- \nJo\nChef",
    "bottom": lambda at, new: f"{ATTRIBUTIONS[at][3]}\n\n{quoted(OLD)}\n\n{new}",
    "bottom, nested": lambda at, new: (
        f"{ATTRIBUTIONS[at][0]}\n{quoted(OLD + chr(10) + header(at) + chr(10) + OLD)}\n\n{new}"
    ),
    "bottom, header": lambda at, new: f"{quoted(header(at) + chr(10) + chr(10) + OLD)}\n\n{new}",
}


def _lines(text: str, tag: str = "div") -> str:
    return "".join(f"<{tag}>{escape(line) or '<br>'}</{tag}>" for line in text.split("\n"))


def _word(text: str) -> str:
    return "".join(
        f"<p class=MsoNormal>{escape(line) or '&nbsp;'}<o:p></o:p></p>" for line in text.split("\n")
    )


def _rows(language: str, order: str, *, dated: bool = False) -> list[tuple[str, str]]:
    rows = (line.split(":", 1) for line in header(language, order=order, dated=dated).split("\n"))
    return [(label.strip(), escape(value)) for label, value in rows]


def _header(language: str, order: str = "fsto") -> str:
    return "<br>".join(f"<b>{label}&nbsp;:</b>{value}" for label, value in _rows(language, order))


def _table(language: str) -> str:
    rows = _rows(language, "ftso", dated=True)
    return "<table>" + "".join(f"<tr><td>{label}: &nbsp;<td>{value}" for label, value in rows) + "</table>"


def _says(language: str, number: int) -> str:
    return escape(ATTRIBUTIONS[language][number].strip()).replace("\n", "<br>")


_OLD = _lines(OLD)
_CITE = f"<blockquote type=cite>{_OLD}</blockquote>"
_GMAIL = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{_OLD}</blockquote>'
_PROTON = f"<blockquote class=protonmail_quote type=cite>{_OLD}</blockquote>"
_BORDER = "<div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
_SIGNATURE = "-- <br>Jo<br>Chef"

MARKUP: dict[str, Callable[[str, str], str]] = {
    "outlook": lambda at, new: (
        f"<div class=WordSection1>{_word(new)}<div>{_BORDER}<p class=MsoNormal>{_header(at)}</p></div></div>"
        f"{_word(OLD)}</div>"
    ),
    "outlook 2003": lambda at, new: (
        f"{_word(new)}<div align=center><hr size=2></div><p class=MsoNormal>{_header(at)}</p>{_word(OLD)}"
    ),
    "outlook web": lambda at, new: (
        f"<div class=elementToProof>{_lines(new)}</div><div id=appendonsend></div><hr>"
        f"<div id=divRplyFwdMsg><font>{_header(at)}</font><div>&nbsp;</div></div>{_OLD}"
    ),
    "outlook phone": lambda at, new: (
        f"<div>{_lines(new)}</div><div id=ms-outlook-mobile-signature>{escape(TAGLINES[at][1])}</div>"
        f"<div id=mail-editor-reference-message-container><hr><div id=divRplyFwdMsg>{_header(at)}</div>"
        f"{_OLD}</div>"
    ),
    "gmail": lambda at, new: (
        f"<div dir=ltr>{_lines(new)}<br clear=all><span class=gmail_signature_prefix>-- </span><br>"
        f"<div class=gmail_signature>Jo<br>Chef</div></div><br><div class=gmail_quote>"
        f"<div class=gmail_attr>{_says(at, 3)}<br></div>{_GMAIL}</div>"
    ),
    "gmail, bottom": lambda at, new: (
        f"<div class=gmail_quote><div class=gmail_attr>{_says(at, 0)}</div>{_GMAIL}{_lines(new)}</div>"
    ),
    "apple": lambda at, new: (
        f"{_lines(new)}<div><br><blockquote type=cite><div>{_says(at, 2)}</div>{_OLD}</blockquote></div>"
    ),
    "iphone": lambda at, new: (
        f"{_lines(new)}<div dir=ltr>{TAGLINES[at][0]}</div>"
        f"<div><br><blockquote type=cite>{_says(at, 2)}<br></blockquote></div>{_CITE}"
    ),
    "thunderbird": lambda at, new: (
        f"{_lines(new, 'p')}<div class=moz-cite-prefix>{_says(at, 1)}</div>{_CITE}"
        "<pre class=moz-signature>-- \nJo\nChef</pre>"
    ),
    "thunderbird, bottom": lambda at, new: (
        f"<div class=moz-cite-prefix>{_says(at, 1)}</div>{_CITE}{_lines(new, 'p')}"
    ),
    "evolution": lambda at, new: f"{_lines(new)}<div>{_says(at, 9)}</div>{_CITE}",
    "evolution, bottom": lambda at, new: f"<div>{_says(at, 0)}</div>{_CITE}{_lines(new)}",
    "horde": lambda at, new: f"{_lines(new, 'p')}<p>{_says(at, 5)}</p>{_CITE}",
    "roundcube": lambda at, new: (
        f"{_lines(new, 'p')}<div id=signature>{_SIGNATURE}</div><p id=reply-intro>{_says(at, 6)}</p>{_CITE}"
    ),
    "zimbra": lambda at, new: (
        f"<div>{_lines(new)}<hr id=zwchr><div data-marker=__HEADERS__>{_header(at, 'ftso')}</div>"
        f"<div data-marker=__QUOTED_TEXT__>{_OLD}</div></div>"
    ),
    "zimbra, old": lambda at, new: (
        f"{_lines(new)}<blockquote style='border-left:2px'>{_header(at, 'ftso')}<br>{_OLD}</blockquote>"
    ),
    "samsung": lambda at, new: (
        f"{_lines(new)}<div id=composer_signature>{TAGLINES[at][0]}</div>"
        f"<div>-------- {ORIGINAL[at]} --------</div>{_lines(header(at, dated=True))}{_OLD}"
    ),
    "yahoo": lambda at, new: (
        f"<div>{_lines(new)}</div>"
        f"<div id=ydp9yahoo_quoted_1 class=ydp9yahoo_quoted><div>{_says(at, 4)}</div>{_OLD}</div>"
    ),
    "proton": lambda at, new: (
        f"{_lines(new)}<div class=protonmail_signature_block>Jo</div>"
        f"<div class=protonmail_quote>{_says(at, 0)}<br>{_PROTON}</div>"
    ),
    "table": lambda at, new: (
        f"{_lines(new)}<table>"
        + "".join(
            f"<tr><td><p>{label}:</p></td><td><p>{value}</p></td>" for label, value in _rows(at, "fsto")
        )
        + f"</table>{_OLD}"
    ),
    "notes": lambda at, new: f"{_lines(new)}{_table(at)}<hr noshade>{_OLD}",
    "gmx": lambda at, new: (
        f"<div>{_lines(new)}<div name=quote><div>{_header(at, 'sfto')}</div><div>{_OLD}</div></div></div>"
    ),
    "no marks": lambda at, new: f"{_lines(new)}<p>{_says(at, 0)}</p><blockquote>{_OLD}</blockquote>",
}
