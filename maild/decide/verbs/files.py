"""An agent asks for a file that is held (pure)."""

from maild.decide import autoresponse, hazard
from maild.decide.decision import SendFile
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Tickets
from maild.decide.relays import MOST_RELAYED
from parsers.addresses import Address
from storage.records import HeldFile

# Of a ticket with more of them the answer names the first.
_MOST_NAMED = 50


def _file(order: Order) -> Outcome | Refusal:
    held = order.facts.held_files.get(order.here.ticket.id, ())
    if not held:
        return Refusal(line=order.say(_SAID, "none"))
    place = _place(order.line.argument, len(held))
    if place is None:
        return Refusal(line="\n".join((order.say(_SAID, "which"), *_listed(held, order.agent.language))))
    file = held[place - 1]
    if file.size > MOST_RELAYED:
        return Refusal(line=order.say(_SAID, "too_large", file=_named(file)))
    return Outcome(line="", changes=(_sent(order, file, place),))


def _place(argument: str, count: int) -> int | None:
    """The number that is asked for; the only one need not be named."""
    given = argument.strip()
    if not given and count == 1:
        return 1
    return int(given) if given.isdecimal() and len(given) < 6 and 1 <= int(given) <= count else None


def _sent(order: Order, file: HeldFile, place: int) -> SendFile:
    why = hazard.in_words(file.held, order.agent.language)
    return SendFile(
        to=Address(order.agent.name, order.agent.address),
        language=order.agent.language,
        mail=file.mail,
        file=file.sha256,
        place=place,
        lines=(
            order.say(_SAID, "here", file=_named(file), sender=file.sender or "?", why=why),
            order.say(_SAID, "wrapped"),
        ),
        gone=order.say(_SAID, "gone", file=_named(file)),
        withheld=autoresponse.agent_over_budget(order.state, order.facts),
    )


def listed(held: tuple[HeldFile, ...], language: str) -> tuple[str, ...]:
    """Files with the numbers by which they are asked for, and why each is held."""
    return tuple(
        f"{place}. {_named(file)}\u00a0: {hazard.in_words(file.held, language)}"
        if language == "fr"
        else f"{place}. {_named(file)}: {hazard.in_words(file.held, language)}"
        for place, file in enumerate(held, 1)
    )


def _listed(held: tuple[HeldFile, ...], language: str) -> tuple[str, ...]:
    more = (f"… + {len(held) - _MOST_NAMED}",) if len(held) > _MOST_NAMED else ()
    return (*listed(held[:_MOST_NAMED], language), *more)


def _named(file: HeldFile) -> str:
    return file.filename or file.content_type


_SAID: Sentences = {
    "none": {
        "fr": "#{verb}\u00a0: aucun fichier de {number} n’est retenu",
        "nl": "#{verb}: van {number} is geen bestand tegengehouden",
        "de": "#{verb}: von {number} wird keine Datei zurückgehalten",
        "en": "#{verb}: no file of {number} is held",
    },
    "which": {
        "fr": "#{verb}\u00a0: quel fichier de {number}\u00a0? Par exemple\u00a0: #{verb} 1",
        "nl": "#{verb}: welk bestand van {number}? Bijvoorbeeld: #{verb} 1",
        "de": "#{verb}: welche Datei von {number}? Zum Beispiel: #{verb} 1",
        "en": "#{verb}: which file of {number}? For example: #{verb} 1",
    },
    "too_large": {
        "fr": "#{verb}\u00a0: {file} est trop volumineux pour un message (18\u00a0Mo au plus)\u00a0; un "
        "administrateur l’a dans la boîte aux lettres",
        "nl": "#{verb}: {file} is te groot voor een bericht (hoogstens 18 MB); een beheerder heeft het in de "
        "mailbox",
        "de": "#{verb}: {file} ist zu groß für eine Nachricht (höchstens 18 MB); die Administration hat sie "
        "im Postfach",
        "en": "#{verb}: {file} is too large for a mail (18 MB at most); an administrator has it in the "
        "mailbox",
    },
    "here": {
        "fr": "#{verb}\u00a0: voici {file}, reçu de {sender} et retenu\u00a0: {why}.",
        "nl": "#{verb}: hier is {file}, ontvangen van {sender} en tegengehouden: {why}.",
        "de": "#{verb}: hier ist {file}, erhalten von {sender} und zurückgehalten: {why}.",
        "en": "#{verb}: here is {file}, received from {sender} and held: {why}.",
    },
    "wrapped": {
        "fr": "Il se trouve dans une archive, sous un nom qui se termine par « .held », pour que rien ne "
        "l’ouvre d’un clic. Ne l’ouvrez que si vous savez ce que vous faites\u00a0; vous seul l’avez reçu.",
        "nl": "Het zit in een archief, onder een naam die op '.held' eindigt, zodat niets het met één klik "
        "opent. Open het alleen als u weet wat u doet; alleen u hebt het ontvangen.",
        "de": "Sie liegt in einem Archiv, unter einem Namen, der auf „.held“ endet, damit nichts sie mit "
        "einem Klick öffnet. Öffnen Sie sie nur, wenn Sie wissen, was Sie tun; nur Sie haben sie erhalten.",
        "en": "It lies in an archive, under a name that ends with “.held”, so that nothing opens it by a "
        "click. Open it only if you know what you are doing; you alone have received it.",
    },
    "gone": {
        "fr": "#{verb}\u00a0: {file} n’est plus conservé",
        "nl": "#{verb}: {file} wordt niet meer bewaard",
        "de": "#{verb}: {file} wird nicht mehr aufbewahrt",
        "en": "#{verb}: {file} is no longer kept",
    },
}

FILE = Command(
    names=("fichier", "file", "bestand", "datei", "pièce-jointe", "attachment", "bijlage", "anlage"),
    usage={"fr": "#fichier N", "en": "#file N"},
    help={
        "fr": "recevoir, vous seul, un fichier qui a été retenu",
        "nl": "een tegengehouden bestand ontvangen, alleen u",
        "de": "eine zurückgehaltene Datei erhalten, nur Sie",
        "en": "receive a file that was held, you alone",
    },
    run=_file,
    asks=frozenset({Ask.HELD}),
    tickets=Tickets.FIRST,
    is_own=lambda argument: True,
)
