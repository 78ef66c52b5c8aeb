"""A canned answer of the operator's goes to the requester, with the agent's own words below it (pure)."""

from maild.decide import relays
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text, Tickets
from parsers.folding import folded

# Names that one line lists.
_MOST_NAMES = 40


def _send(order: Order) -> Outcome | Refusal:
    given, canned = order.line.argument, order.facts.canned
    text = canned.texts.get((order.here.ticket.id, given), "")
    if not text:
        what = "unknown" if given else "none" if canned.names else "empty"
        return Refusal(line=order.say(_SAID, what, given=given[:100], **_names(order)))
    told = relays.relay(
        order.case, order.agent, order.here, order.words, notice="canned", values=(("text", text),)
    )
    if told.refused:
        return Refusal(line="\n".join(told.lines))
    line = order.say(_SAID, "done", name=folded(given))
    return Outcome(line="\n".join((line, *told.lines)), changes=told.changes)


def _names(order: Order) -> dict[str, str]:
    names = order.facts.canned.names
    return {"names": ", ".join(names[:_MOST_NAMES]), "first": names[0] if names else ""}


_SAID: Sentences = {
    "done": {
        "fr": "#{verb}\u00a0: fait, « {name} » est envoyé au demandeur de {number}",
        "nl": "#{verb}: gedaan, '{name}' gaat naar de aanvrager van {number}",
        "de": "#{verb}: erledigt, „{name}“ geht an die anfragende Person von {number}",
        "en": "#{verb}: done, '{name}' is sent to the requester of {number}",
    },
    "none": {
        "fr": "#{verb}\u00a0: quel modèle\u00a0? {names}. Par exemple\u00a0: #modèle {first}",
        "nl": "#{verb}: welk sjabloon? {names}. Bijvoorbeeld: #template {first}",
        "de": "#{verb}: welche Vorlage? {names}. Zum Beispiel: #template {first}",
        "en": "#{verb}: which template? {names}. For example: #template {first}",
    },
    "unknown": {
        "fr": "#{verb}\u00a0: aucun modèle ne s’appelle « {given} ». Il y a\u00a0: {names}. "
        "Par exemple\u00a0: #modèle {first}",
        "nl": "#{verb}: geen sjabloon heet '{given}'. Er zijn: {names}. Bijvoorbeeld: #template {first}",
        "de": "#{verb}: keine Vorlage heißt „{given}“. Es gibt: {names}. Zum Beispiel: #template {first}",
        "en": "#{verb}: no template is called '{given}'. There are: {names}. For example: #template {first}",
    },
    "empty": {
        "fr": "#{verb}\u00a0: il n’y a aucun modèle\u00a0; un administrateur peut en ajouter",
        "nl": "#{verb}: er zijn geen sjablonen; een beheerder kan er toevoegen",
        "de": "#{verb}: es gibt keine Vorlagen; die Administration kann welche anlegen",
        "en": "#{verb}: there are no templates; an administrator can add some",
    },
}

TEMPLATE = Command(
    names=("modèle", "template", "sjabloon", "vorlage", "réponse-type", "canned"),
    usage={"fr": "#modèle NOM", "en": "#template NAME"},
    help={
        "fr": "envoyer une réponse type, suivie du texte en dessous",
        "nl": "een standaardantwoord sturen, gevolgd door de tekst eronder",
        "de": "eine Standardantwort senden, gefolgt vom Text darunter",
        "en": "send a canned answer, with the words below under it",
    },
    run=_send,
    text=Text.OWN,
    asks=frozenset({Ask.CANNED}),
    tickets=Tickets.FIRST,
    is_own=str.isdecimal,
)
