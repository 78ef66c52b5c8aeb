"""What an agent asks of the desk: help, his list, the story of a ticket, why a mail is where it is (pure)."""

import json
from collections.abc import Iterator
from datetime import datetime

from maild import instants
from maild.decide import autoresponse, rules
from maild.decide.consequences import number_of
from maild.decide.decision import Note, SendList, SendStory
from maild.decide.facts import Story, TicketFacts
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, numbers_in, said
from parsers.addresses import Address
from parsers.commands import command_key
from parsers.quotes import reply_text
from storage.records import MessageKind, OutboxState, Written

# What a person of the outside wrote: a ticket is where it is because of such a mail.
_OF_PEOPLE = (MessageKind.REQUEST, MessageKind.REPLY, MessageKind.CALL, MessageKind.UNREADABLE)
# Mails that tell nothing of their own.
_SILENT = (MessageKind.COPY, MessageKind.OWN_COPY)
# What a person wrote anew is told; these are told whole.
_WHOLE = (MessageKind.REQUEST, MessageKind.CALL, MessageKind.BOUNCE)
_GOES = (OutboxState.READY, OutboxState.CLAIMED, OutboxState.SENT, OutboxState.UNCERTAIN)
# In which part of the list a verb stands; the others stand in the last.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("charge", ("prendre", "assigner", "attente", "résolu", "rouvrir", "clore", "catégorie", "priorité")),
    ("answer", ("note", "modèle", "relayer", "stop", "envoyer")),
    ("others", ("escalader", "intervention", "hors-périmètre", "bénéficiaire", "appel", "transfert")),
    ("repair", ("fusionner", "lier", "détacher", "annuler", "spam")),
    ("ask", ("pourquoi", "complet", "fichier", "liste", "aide")),
)
_PLACE = {command_key(name): group for group, names in GROUPS for name in names}


def grouped(commands: tuple[Command, ...]) -> Iterator[tuple[str, tuple[Command, ...]]]:
    """The verbs by what they are about, in the order of the table."""
    for group, _ in GROUPS:
        found = tuple(c for c in commands if _PLACE.get(command_key(c.names[0]), GROUPS[-1][0]) == group)
        if found:
            yield group, found


def help_of(commands: tuple[Command, ...]) -> Command:
    """``#aide``, which lists all of these and itself."""

    def run(order: Order) -> Outcome | Refusal:
        line = "\n".join(_help((*commands, made), order.agent.language))
        return Outcome(line=line, changes=(Note(kind="help", actor=order.agent.address),))

    made = Command(
        names=("aide", "help", "hulp", "hilfe"),
        usage={"fr": "#aide", "en": "#help"},
        help={
            "fr": "recevoir cette liste",
            "nl": "deze lijst ontvangen",
            "de": "diese Liste erhalten",
            "en": "receive this list",
        },
        run=run,
        fresh=True,
    )
    return made


def _help(commands: tuple[Command, ...], language: str) -> Iterator[str]:
    """A title a group, then its verbs."""
    for number, (group, verbs) in enumerate(grouped(commands)):
        yield from ("",) if number else ()
        yield said(_SAID, group, language)
        yield from (help_line(verb, language) for verb in verbs)
    yield ""
    yield said(_SAID, "rule", language)


def help_line(command: Command, language: str) -> str:
    """A verb as it is written in French and in English, and what it does."""
    written = " / ".join(dict.fromkeys((command.usage["fr"], command.usage["en"])))
    return f"{written} – {command.does(language)}"


# ---------------------------------------------------------------------- the list


def _list(order: Order) -> Outcome | Refusal:
    asked = SendList(
        to=Address(order.agent.name, order.agent.address),
        language=order.agent.language,
        tickets=order.facts.in_hand,
        withheld=autoresponse.agent_over_budget(order.state, order.facts),
    )
    return Outcome(line="", changes=(asked,))


# ---------------------------------------------------------------------- the story


def _asked_about(order: Order) -> TicketFacts | Refusal:
    """The ticket that the line names, else that of the mail."""
    named = numbers_in(order.line.argument)
    found = order.facts.survivor(named[0]) if named else order.state if not order.line.argument else None
    if found is not None:
        return found
    what = "no_such" if named else "which"
    return Refusal(line=order.say(_SAID, what, given=order.line.argument[:100]))


def _full(order: Order) -> Outcome | Refusal:
    about = _asked_about(order)
    if isinstance(about, Refusal):
        return about
    asked = SendStory(
        to=Address(order.agent.name, order.agent.address),
        language=order.agent.language,
        ticket=about.ticket.id,
        story=_told(order.facts.stories.get(about.ticket.id, Story()), about),
        withheld=autoresponse.agent_over_budget(order.state, order.facts),
    )
    return Outcome(line="", changes=(asked,))


def _told(story: Story, about: TicketFacts) -> tuple[tuple[datetime, str, str, str], ...]:
    """When, who, what it is, the words; of an answer only those that are new in it."""
    written = (
        (one.arrived_at, _who(one), _kind(one, about), _words(one))
        for one in story.written
        if one.kind not in _SILENT
    )
    return tuple(sorted((*written, *_noted(story)), key=lambda one: one[0]))


def _noted(story: Story) -> Iterator[tuple[datetime, str, str, str]]:
    """What operators have noted at the shell, where no mail was written."""
    for event in story.events:
        if event.kind == MessageKind.NOTE:
            yield event.at, event.actor, event.kind, str(json.loads(event.detail).get("text", ""))


def _who(one: Written) -> str:
    return f"{one.sender_name} <{one.sender_address}>" if one.sender_name else one.sender_address


def _words(one: Written) -> str:
    return one.text if one.kind in _WHOLE else reply_text(one.text, one.subject)


def _kind(one: Written, about: TicketFacts) -> str:
    """An answer that was stopped on its way has reached nobody."""
    states = [given.state for given in about.handling.given if given.cause == one.mail_id]
    if one.kind is MessageKind.RELAY and states and not any(state in _GOES for state in states):
        return "relay_stopped"
    return one.kind.value


# ---------------------------------------------------------------------- why


def _why(order: Order) -> Outcome | Refusal:
    about = _asked_about(order)
    if isinstance(about, Refusal):
        return about
    story = order.facts.stories.get(about.ticket.id, Story())
    mail = _meant(order, story)
    if mail is None:
        return Refusal(line=order.say(_SAID, "no_mail", about=number_of(about, order.policy)))
    return Outcome(line="\n".join(_explained(order, about, mail, story)))


def _meant(order: Order, story: Story) -> Written | None:
    """The mail that the answered letter was about, by the token of that; else the last of a person's."""
    serials = [token.serial for token in order.case.clues.tokens]
    of_people = [one for one in story.written if one.kind in _OF_PEOPLE]
    told_of = (one for one in of_people if any(s.startswith(one.mail_id) for s in serials))
    return next(told_of, of_people[-1] if of_people else None)


def _explained(order: Order, about: TicketFacts, mail: Written, story: Story) -> Iterator[str]:
    """Which mail; how it came to its ticket; whose that is, and by which rule; what its author heard."""
    language, zone = order.agent.language, order.policy.desk.timezone
    number = number_of(about, order.policy)
    when = instants.deadline(mail.arrived_at, zone, language)
    yield order.say(_SAID, "mail", about=number, sender=_who(mail), when=when, subject=mail.subject)
    how = said(_HOW, mail.thread_reason if mail.thread_reason in _HOW else "other", language)
    yield order.say(_SAID, "thread", how=how, detail=_in_brackets(_deciding(mail)))
    spoken = [why for why in json.loads(mail.reasons) if why.startswith(f"{rules.RULE} ")]
    yield order.say(_SAID, "team", team=about.ticket.team, detail=_in_brackets("; ".join(spoken)))
    for event in story.events:
        detail = json.loads(event.detail)
        if event.cause == mail.mail_id and event.kind == "receipt":
            yield order.say(_SAID, "receipt", to=detail["to"])
        elif event.cause == mail.mail_id and event.kind == "receipt_withheld":
            yield order.say(_SAID, "withheld", why="; ".join(detail["reasons"]))


def _deciding(mail: Written) -> str:
    """What the signal that decided said."""
    verdicts = json.loads(mail.verdicts)
    return next((str(v["why"]) for v in verdicts if v["signal"] == mail.thread_reason), "")


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""


_SAID: Sentences = {
    "which": {
        "fr": "#{verb}\u00a0: de quel ticket\u00a0? Par exemple\u00a0: #{verb} 1042",
        "nl": "#{verb}: welk ticket? Bijvoorbeeld: #{verb} 1042",
        "de": "#{verb}: welches Ticket? Zum Beispiel: #{verb} 1042",
        "en": "#{verb}: which ticket? For example: #{verb} 1042",
    },
    "no_such": {
        "fr": "#{verb}\u00a0: il n’y a pas de ticket {given}. Par exemple\u00a0: #{verb} 1042",
        "nl": "#{verb}: er is geen ticket {given}. Bijvoorbeeld: #{verb} 1042",
        "de": "#{verb}: es gibt kein Ticket {given}. Zum Beispiel: #{verb} 1042",
        "en": "#{verb}: there is no ticket {given}. For example: #{verb} 1042",
    },
    "no_mail": {
        "fr": "#{verb}\u00a0: {about} n’a aucun message d’un demandeur. Par exemple\u00a0: #{verb} 1042",
        "nl": "#{verb}: op {about} staat geen bericht van een aanvrager. Bijvoorbeeld: #{verb} 1042",
        "de": "#{verb}: auf {about} liegt keine Nachricht von außen. Zum Beispiel: #{verb} 1042",
        "en": "#{verb}: no mail of a requester is on {about}. For example: #{verb} 1042",
    },
    "mail": {
        "fr": "{about}\u00a0: message de {sender}, {when}, « {subject} »",
        "nl": "{about}: bericht van {sender}, {when}, '{subject}'",
        "de": "{about}: Nachricht von {sender}, {when}, „{subject}“",
        "en": "{about}: mail of {sender}, {when}, '{subject}'",
    },
    "thread": {
        "fr": "Rattachement\u00a0: {how}{detail}",
        "nl": "Toewijzing: {how}{detail}",
        "de": "Zuordnung: {how}{detail}",
        "en": "Why here: {how}{detail}",
    },
    "team": {
        "fr": "Équipe\u00a0: {team}{detail}",
        "nl": "Team: {team}{detail}",
        "de": "Team: {team}{detail}",
        "en": "Team: {team}{detail}",
    },
    "receipt": {
        "fr": "Accusé de réception\u00a0: envoyé à {to}",
        "nl": "Ontvangstbevestiging: verstuurd naar {to}",
        "de": "Empfangsbestätigung: gesendet an {to}",
        "en": "Receipt: sent to {to}",
    },
    "withheld": {
        "fr": "Accusé de réception\u00a0: aucun ({why})",
        "nl": "Ontvangstbevestiging: geen ({why})",
        "de": "Empfangsbestätigung: keine ({why})",
        "en": "Receipt: none ({why})",
    },
    "charge": {
        "fr": "LA DEMANDE",
        "nl": "DE AANVRAAG",
        "de": "DIE ANFRAGE",
        "en": "THE REQUEST",
    },
    "answer": {
        "fr": "VOTRE RÉPONSE",
        "nl": "UW ANTWOORD",
        "de": "IHRE ANTWORT",
        "en": "YOUR ANSWER",
    },
    "others": {
        "fr": "LES AUTRES",
        "nl": "DE ANDEREN",
        "de": "DIE ANDEREN",
        "en": "THE OTHERS",
    },
    "repair": {
        "fr": "RÉPARER",
        "nl": "HERSTELLEN",
        "de": "BERICHTIGEN",
        "en": "PUT RIGHT",
    },
    "ask": {
        "fr": "DEMANDER AU SERVICE DESK",
        "nl": "VRAGEN AAN DE SERVICEDESK",
        "de": "DEN SERVICE DESK FRAGEN",
        "en": "ASK THE DESK",
    },
    "rule": {
        "fr": "Une commande par ligne, tout en haut de votre réponse, avec ou sans accents. Un numéro "
        "d’abord vaut pour ce ticket-là, d’où que vous écriviez\u00a0: #prendre 1042 1043, "
        "#assigner 1042 réseau.",
        "nl": "Eén opdracht per regel, helemaal bovenaan uw antwoord, met of zonder accenten. Een nummer "
        "vooraan geldt voor dat ticket, waar u ook op antwoordt: #take 1042 1043, #assign 1042 netwerk.",
        "de": "Ein Befehl pro Zeile, ganz oben in Ihrer Antwort, mit oder ohne Akzente. Eine Nummer "
        "voran gilt für jenes Ticket, worauf Sie auch antworten: #take 1042 1043, #assign 1042 Netz.",
        "en": "One command a line, at the very top of your reply, with or without accents. A number "
        "first means that ticket, whatever you reply to: #take 1042 1043, #assign 1042 network.",
    },
}

# How a mail came to its ticket, by what decided.
_HOW: Sentences = {
    "token": {
        "fr": "il répond à un message signé par le service desk",
        "nl": "het antwoordt op een bericht dat de servicedesk ondertekend heeft",
        "de": "sie antwortet auf eine vom Service Desk signierte Nachricht",
        "en": "it answers a letter that the desk has signed",
    },
    "references": {
        "fr": "il répond à un message de ce ticket",
        "nl": "het antwoordt op een bericht van dit ticket",
        "de": "sie antwortet auf eine Nachricht dieses Tickets",
        "en": "it answers a mail of this ticket",
    },
    "subject": {
        "fr": "le numéro du ticket est dans son objet",
        "nl": "het nummer van het ticket staat in het onderwerp",
        "de": "die Nummer des Tickets steht im Betreff",
        "en": "the ticket’s number is in its subject",
    },
    "marker": {
        "fr": "il cite notre ligne de séparation",
        "nl": "het citeert onze scheidingslijn",
        "de": "sie zitiert unsere Trennlinie",
        "en": "it quotes our separator line",
    },
    "new": {
        "fr": "nouveau ticket, il ne se rapporte à aucun autre",
        "nl": "nieuw ticket, het verwijst naar geen ander",
        "de": "neues Ticket, sie bezieht sich auf kein anderes",
        "en": "a new ticket, it names no other one",
    },
    "stranger": {
        "fr": "nouveau ticket, son auteur ne participe pas à celui qu’il cite",
        "nl": "nieuw ticket, de afzender neemt niet deel aan het ticket dat het noemt",
        "de": "neues Ticket, der Absender ist an dem genannten nicht beteiligt",
        "en": "a new ticket, its author takes no part in the one that it names",
    },
    "forward": {
        "fr": "nouveau ticket, c’est un message transféré",
        "nl": "nieuw ticket, het is een doorgestuurd bericht",
        "de": "neues Ticket, es ist eine weitergeleitete Nachricht",
        "en": "a new ticket, it is a forward",
    },
    "autocompleted": {
        "fr": "nouveau ticket, une adresse complétée par le programme de messagerie",
        "nl": "nieuw ticket, een adres dat het mailprogramma heeft aangevuld",
        "de": "neues Ticket, eine vom Mailprogramm ergänzte Adresse",
        "en": "a new ticket, the address was completed by the mail program",
    },
    "other_subject": {
        "fr": "nouveau ticket, l’objet est différent",
        "nl": "nieuw ticket, het onderwerp is anders",
        "de": "neues Ticket, der Betreff ist ein anderer",
        "en": "a new ticket, its subject is another one",
    },
    "closed": {
        "fr": "nouveau ticket, l’ancien est clos",
        "nl": "nieuw ticket, het vorige is gesloten",
        "de": "neues Ticket, das alte ist geschlossen",
        "en": "a new ticket, the former one is closed",
    },
    "phone": {
        "fr": "un appel qu’un agent a consigné",
        "nl": "een oproep die een medewerker heeft genoteerd",
        "de": "ein Anruf, den jemand vom Service Desk erfasst hat",
        "en": "a call that an agent has logged",
    },
    "unreadable": {
        "fr": "nouveau ticket, le message n’a pas pu être lu",
        "nl": "nieuw ticket, het bericht kon niet gelezen worden",
        "de": "neues Ticket, die Nachricht war nicht lesbar",
        "en": "a new ticket, the mail could not be read",
    },
    "other": {
        "fr": "voir l’administrateur (maild why)",
        "nl": "zie de beheerder (maild why)",
        "de": "siehe Administration (maild why)",
        "en": "ask the administrator (maild why)",
    },
}

WHY = Command(
    names=("pourquoi", "why", "waarom", "warum"),
    usage={"fr": "#pourquoi [N]", "en": "#why [N]"},
    help={
        "fr": "savoir pourquoi le message est sur ce ticket, chez cette équipe",
        "nl": "weten waarom het bericht op dit ticket en bij dit team staat",
        "de": "erfahren, warum die Nachricht bei diesem Ticket und diesem Team ist",
        "en": "learn why the mail is on this ticket, with this team",
    },
    run=_why,
    fresh=True,
    asks=frozenset({Ask.STORY}),
)
FULL = Command(
    names=("complet", "full", "historique", "history", "volledig", "geschiedenis", "verlauf", "vollständig"),
    usage={"fr": "#complet [N]", "en": "#full [N]"},
    help={
        "fr": "recevoir tout ce qui a été écrit sur le ticket",
        "nl": "alles ontvangen wat over het ticket geschreven is",
        "de": "alles erhalten, was zum Ticket geschrieben wurde",
        "en": "receive all that was written on the ticket",
    },
    run=_full,
    fresh=True,
    asks=frozenset({Ask.STORY}),
)
LIST = Command(
    names=("liste", "list", "lijst", "tickets", "mes-tickets"),
    usage={"fr": "#liste", "en": "#list"},
    help={
        "fr": "recevoir la liste de vos tickets et de ceux que votre équipe n’a pas pris",
        "nl": "de lijst ontvangen van uw tickets en van wat uw team nog niet heeft opgenomen",
        "de": "die Liste Ihrer Tickets erhalten und derer, die in Ihrem Team niemand übernommen hat",
        "en": "receive the list of your tickets, and of those that your team has not taken",
    },
    run=_list,
    fresh=True,
    asks=frozenset({Ask.IN_HAND}),
)
