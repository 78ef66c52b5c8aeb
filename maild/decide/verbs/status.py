"""Where a ticket stands, in its agents' words, and what cannot be done with one that has ended (pure)."""

from maild.decide.order import Order, Refusal, Sentences
from storage.records import Status

OPEN = (Status.NEW, Status.TAKEN, Status.WAITING)
# From these a person can bring a ticket back.
ENDED = (Status.RESOLVED, Status.CLOSED, Status.OUT_OF_SCOPE, Status.SPAM)


def named(status: Status, language: str) -> str:
    """A status as people say it."""
    words = _WORDS[status]
    return words.get(language, words["en"])


def if_ended(order: Order) -> Refusal | None:
    """Why nothing is done with a ticket that has ended; None for one that is open."""
    status = order.here.ticket.status
    if status in OPEN:
        return None
    what = "ended" if status in ENDED else "over"
    return Refusal(line=order.say(_SAID, what, status=named(status, order.agent.language)))


def already(order: Order) -> Refusal:
    """The ticket stands there already, or where nothing leads there."""
    return Refusal(
        line=order.say(_SAID, "over", status=named(order.here.ticket.status, order.agent.language))
    )


_WORDS = {
    Status.NEW: {"fr": "nouveau", "nl": "nieuw", "de": "neu", "en": "new"},
    Status.TAKEN: {
        "fr": "pris en charge",
        "nl": "in behandeling",
        "de": "übernommen",
        "en": "taken in charge",
    },
    Status.WAITING: {"fr": "en attente", "nl": "in de wacht", "de": "wartend", "en": "waiting"},
    Status.RESOLVED: {"fr": "résolu", "nl": "opgelost", "de": "gelöst", "en": "resolved"},
    Status.CLOSED: {"fr": "clôturé", "nl": "afgesloten", "de": "abgeschlossen", "en": "closed"},
    Status.MERGED: {"fr": "fusionné", "nl": "samengevoegd", "de": "zusammengeführt", "en": "merged"},
    Status.SPAM: {"fr": "indésirable", "nl": "ongewenst", "de": "unerwünscht", "en": "spam"},
    Status.OUT_OF_SCOPE: {
        "fr": "hors périmètre",
        "nl": "buiten het aanbod",
        "de": "außerhalb des Angebots",
        "en": "out of scope",
    },
}
_SAID: Sentences = {
    "over": {
        "fr": "#{verb}\u00a0: {number} est «\u00a0{status}\u00a0», rien n’a changé",
        "nl": "#{verb}: {number} is '{status}', er is niets gewijzigd",
        "de": "#{verb}: {number} ist „{status}“, nichts wurde geändert",
        "en": "#{verb}: {number} is '{status}', nothing changed",
    },
    "ended": {
        "fr": "#{verb}\u00a0: {number} est «\u00a0{status}\u00a0», rien n’a changé\u00a0; pour y revenir, "
        "écrivez #rouvrir sur la ligne au-dessus",
        "nl": "#{verb}: {number} is '{status}', er is niets gewijzigd; schrijf #reopen op de regel "
        "erboven om "
        "het te heropenen",
        "de": "#{verb}: {number} ist „{status}“, nichts wurde geändert; um es wieder zu öffnen, schreiben "
        "Sie "
        "#reopen in die Zeile darüber",
        "en": "#{verb}: {number} is '{status}', nothing changed; to return to it, write #reopen on the line "
        "above",
    },
}
