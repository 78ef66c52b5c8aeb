"""Who the sender is: an entity that may use the service, one under study, or nobody it is for (pure)."""

from maild.decide import relays
from maild.decide.decision import Amend, Change, Settle
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, Text, Tickets, said
from maild.decide.relays import Relayed
from maild.decide.standing import of_entity
from maild.decide.verbs.status import already
from parsers.commands import CommandLine, command_key
from storage.records import Standing, Status

LONGEST_ENTITY = 200
_OVER = (Status.MERGED, Status.SPAM)
_WORDS = {
    "study": "a l'etude|a letude|etude|en etude|study|under study|in study|studie|in studie|in onderzoek"
    "|in prufung|prufung|wird gepruft",
    "no": "non|no|nee|neen|nein|non beneficiaire|pas beneficiaire|not a beneficiary",
    "yes": "oui|yes|ja|o|y",
}
_STATUS = {word: status for status, words in _WORDS.items() for word in words.split("|")}
_NOTICES = {"study": "study", "no": "not_beneficiary"}


def _beneficiary(order: Order) -> Outcome | Refusal:
    ticket, settled = order.here.ticket, _settled(order)
    if settled is None:
        return Refusal(line=order.say(_SAID, "which"))
    if ticket.status in _OVER:
        return already(order)
    told = _letter(order, settled)
    if told.refused:
        return Refusal(line="\n".join(told.lines))
    address = ticket.requester_address.casefold()
    changes: tuple[Change, ...] = (
        *told.changes,
        Amend(values=(("standing", settled.status), ("entity", settled.entity))),
        *((Settle(address=address),) if address else ()),
    )
    return Outcome(line="\n".join((_line(order, settled), *told.lines)), changes=changes)


def _settled(order: Order) -> Standing | None:
    """What the argument says; None where it says nothing. An entity that is not named stays what it was."""
    status, entity = _read(order.line.argument)
    if status == "" and entity:
        return of_entity(entity, order.policy) if len(entity) <= LONGEST_ENTITY else None
    entity = (entity or order.here.ticket.entity)[:LONGEST_ENTITY]
    return None if not status or (status == "yes" and not entity) else Standing(status=status, entity=entity)


def _read(argument: str) -> tuple[str, str]:
    """ "à l'étude: Commune de Namur" is a status and an entity, "Commune de Namur" an entity alone."""
    head, colon, rest = argument.partition(":")
    for words, entity in ((argument, ""), (head, rest.strip() if colon else "")):
        if status := _STATUS.get(" ".join(command_key(words).replace("-", " ").split())):
            return status, entity
    return "", argument.strip()


def _letter(order: Order, settled: Standing) -> Relayed:
    """What the requester hears: of a study and of a refusal, never that he is known."""
    if _text(order.line) is not Text.OWN:
        return Relayed()
    values = (("entity", settled.entity),)
    notice = _NOTICES[settled.status]
    return relays.relay(order.case, order.agent, order.here, order.words, notice=notice, values=values)


def _text(line: CommandLine) -> Text:
    return Text.OWN if _read(line.argument)[0] in _NOTICES else Text.RELAYED


def _line(order: Order, settled: Standing) -> str:
    if _text(order.line) is Text.OWN:
        return order.say(_SAID, settled.status)
    status = said(_STANDING, settled.status, order.agent.language)
    return order.say(_SAID, "entity", entity=settled.entity, status=status)


_STANDING: Sentences = {
    "yes": {"fr": "bénéficiaire", "nl": "begunstigde", "de": "Nutzer des Dienstes", "en": "beneficiary"},
    "study": {"fr": "à l’étude", "nl": "in onderzoek", "de": "in Prüfung", "en": "under study"},
    "no": {
        "fr": "non bénéficiaire",
        "nl": "geen begunstigde",
        "de": "kein Nutzer des Dienstes",
        "en": "not a beneficiary",
    },
}
_SAID: Sentences = {
    "entity": {
        "fr": "#{verb}\u00a0: fait, le demandeur de {number} relève de «\u00a0{entity}\u00a0» ({status})",
        "nl": "#{verb}: gedaan, de aanvrager van {number} hoort bij '{entity}' ({status})",
        "de": "#{verb}: erledigt, der Anfragende von {number} gehört zu „{entity}“ ({status})",
        "en": "#{verb}: done, the requester of {number} belongs to '{entity}' ({status})",
    },
    "study": {
        "fr": "#{verb}\u00a0: fait, {number} est à l’étude\u00a0; le demandeur reçoit le formulaire de "
        "faisabilité",
        "nl": "#{verb}: gedaan, {number} wordt onderzocht; de aanvrager krijgt het haalbaarheidsformulier",
        "de": "#{verb}: erledigt, {number} wird geprüft; der Anfragende erhält das Formular zur Machbarkeit",
        "en": "#{verb}: done, {number} is under study; the requester gets the feasibility form",
    },
    "no": {
        "fr": "#{verb}\u00a0: fait, le demandeur de {number} n’est pas bénéficiaire\u00a0; il en est averti",
        "nl": "#{verb}: gedaan, de aanvrager van {number} is geen begunstigde; hij krijgt bericht",
        "de": "#{verb}: erledigt, der Anfragende von {number} ist kein Nutzer des Dienstes; er erfährt es",
        "en": "#{verb}: done, the requester of {number} is not a beneficiary, and is told",
    },
    "which": {
        "fr": "#{verb}\u00a0: quelle entité (200 caractères au plus)\u00a0? Par exemple\u00a0: "
        "#bénéficiaire Commune de Namur, #bénéficiaire à l’étude ou #bénéficiaire non",
        "nl": "#{verb}: welke entiteit (hoogstens 200 tekens)? Bijvoorbeeld: #beneficiary Gemeente Namen, "
        "#beneficiary in onderzoek of #beneficiary nee",
        "de": "#{verb}: welche Organisation (höchstens 200 Zeichen)? Zum Beispiel: #beneficiary Gemeinde "
        "Namur, #beneficiary in Prüfung oder #beneficiary nein",
        "en": "#{verb}: which entity (200 characters at most)? For example: #beneficiary Town of Namur, "
        "#beneficiary under study or #beneficiary no",
    },
}

BENEFICIARY = Command(
    names=("bénéficiaire", "beneficiary", "bénéficiaires", "begunstigde", "entité", "entity"),
    usage={"fr": "#bénéficiaire ENTITÉ|à-l'étude|non", "en": "#beneficiary ENTITY|study|no"},
    help={
        "fr": "dire de quelle entité relève le demandeur\u00a0; «\u00a0à l’étude\u00a0» envoie le formulaire",
        "nl": "zeggen bij welke entiteit de aanvrager hoort; 'in onderzoek' stuurt het formulier",
        "de": "sagen, zu welcher Organisation der Anfragende gehört; „in Prüfung“ sendet das Formular",
        "en": "say which entity the requester belongs to; 'study' sends the form",
    },
    run=_beneficiary,
    text=_text,
    settles="standing",
    tickets=Tickets.FIRST,
)
