"""Threads as people repair them: two tickets made one, linked, or a mail split off its ticket (pure).

The rules are functions of tickets alone, so that the shell repairs by the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from maild.decide import consequences, novelty, relays, threads
from maild.decide.case import Case
from maild.decide.decision import OPENED, Link, Merge, SplitOff
from maild.decide.facts import Facts, TicketFacts
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text, numbers_in
from maild.decide.policy import Policy
from maild.decide.threads import Belonging
from maild.decide.tokens import Purpose, Token
from parsers.mail import ParsedMail
from parsers.subject import base_subject
from storage.records import Spoken, Status

_OPEN = (Status.NEW, Status.TAKEN, Status.WAITING)
_OVER = (Status.CLOSED, Status.SPAM, Status.MERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a repair cannot be made: a sentence of the table below, with its values."""

    what: str
    values: Mapping[str, str] = field(default_factory=dict)

    def line(self, order: Order) -> str:
        """What the agent reads."""
        return order.say(_SAID, self.what, **self.values)


# ---------------------------------------------------------------------- two tickets made one


def merging(state: TicketFacts, named: int, facts: Facts, policy: Policy) -> Merge | Obstacle:
    """This ticket into another one. Tickets of different requesters are only linked (DESIGN section 4)."""
    survivor = facts.survivor(named)
    if survivor is None:
        return Obstacle(what="no_such", values={"other": _written(named, policy)})
    other, ticket = survivor.ticket, state.ticket
    values = {"other": _written(named, policy), "into": _written(other.id, policy), "bare": str(other.id)}
    if ticket.id == other.id:
        return Obstacle(what="itself" if named == other.id else "merged_here", values=values)
    if named != other.id:
        return Obstacle(what="merged_there", values=values)
    if ticket.status in _OVER:
        return Obstacle(what="over", values=values | {"status": ticket.status.value})
    if not _are_of_one(ticket.requester_address, other.requester_address):
        return Obstacle(what="others", values=values)
    if other.status not in _OPEN:
        return Obstacle(what="not_open", values=values | {"status": other.status.value})
    return Merge(into=other.id)


def _are_of_one(one: str, other: str) -> bool:
    return bool(one) and one.casefold() == other.casefold()


def _merge(order: Order) -> Outcome | Refusal:
    named = numbers_in(order.line.argument)
    if len(named) != 1:
        return Refusal(line=order.say(_SAID, "merge_which"))
    found = merging(order.here, named[0], order.facts, order.policy)
    if isinstance(found, Obstacle):
        return Refusal(line=found.line(order))
    into = _written(found.into, order.policy)
    return Outcome(line=order.say(_SAID, "merged", into=into), changes=(found,))


# ---------------------------------------------------------------------- tickets that know of each other


def linking(state: TicketFacts, named: int, facts: Facts, policy: Policy) -> Link | Obstacle:
    """This ticket with another one, whoever asked for it."""
    survivor = facts.survivor(named)
    if survivor is None:
        return Obstacle(what="no_such", values={"other": _written(named, policy)})
    if survivor.ticket.id == state.ticket.id:
        return Obstacle(what="itself", values={"other": _written(named, policy)})
    return Link(other=survivor.ticket.id)


def _link(order: Order) -> Outcome | Refusal:
    named = numbers_in(order.line.argument)
    if not named:
        return Refusal(line=order.say(_SAID, "link_which"))
    found = [linking(order.here, number, order.facts, order.policy) for number in named]
    obstacles = [one for one in found if isinstance(one, Obstacle)]
    if obstacles:
        return Refusal(line="\n".join(one.line(order) for one in obstacles))
    links = tuple(one for one in found if isinstance(one, Link))
    others = ", ".join(_written(one.other, order.policy) for one in links)
    return Outcome(line=order.say(_SAID, "linked", others=others), changes=links)


# ---------------------------------------------------------------------- a mail that is another matter


def meant(argument: str, found: tuple[Token, ...], state: TicketFacts) -> Spoken | Obstacle:
    """The mail of a ticket that shall be split off: the one that is named, the one that the notification was
    about, else the last.

    Args:
        found: the signed tokens of the order, the surest first.
    """
    spoken = state.handling.spoken
    example = next((one.mail_id for one in reversed(spoken) if not one.opened), "")
    named = argument.split()
    if named and (len(named) > 1 or named[0] not in {one.mail_id for one in spoken}):
        return Obstacle(
            what="no_mail" if example else "only_mail", values={"named": argument, "example": example}
        )
    told = next((token.cause for token in found if token.purpose is Purpose.NOTIFICATION), "")
    one = next((one for one in spoken if one.mail_id == (named[0] if named else told)), None)
    one = one or (spoken[-1] if spoken else None)
    if one is None or one.opened:
        return Obstacle(what="first_mail" if example else "only_mail", values={"example": example})
    return one


def splitting(
    one: Spoken, mail: ParsedMail, state: TicketFacts, by: str, facts: Facts, policy: Policy
) -> SplitOff:
    """A mail as the ticket that it would have opened, had it come alone.

    Args:
        mail: the same mail, or the beginning of it.
        by: the agent who splits it off, "" for an operator; his is what nobody has in hand, where that mail
            was acted on.
    """
    case = _alone(one, mail, state, facts, policy)
    opened = consequences.opened(case)
    opening = replace(
        opened,
        subject=base_subject(mail.subject),
        arrived_at=one.arrived_at,
        backlog=False,
        status=Status.NEW,
    )
    ids = (mail.message_id, *mail.in_reply_to, *reversed(mail.references))[: threads.MOST_REFERENCES]
    runs = any(clock.message_id == one.message_row for clock in state.running)
    return SplitOff(
        message=one.message_row,
        lies=one.ticket,
        mail_id=one.mail_id,
        own_id=one.message_id,
        opening=opening,
        people=consequences.everybody(mail, policy),
        ids=tuple(dict.fromkeys(id_ for id_ in ids if id_)),
        clock=consequences.clock(opening.team, opening.category, case.facts, policy, first=True),
        taken=not runs,
        assignee="" if runs else state.ticket.assignee or by,
    )


def _alone(one: Spoken, mail: ParsedMail, state: TicketFacts, facts: Facts, policy: Policy) -> Case:
    known = replace(facts, arrived_at=one.arrived_at, mail_id=one.mail_id, twins=(), answered=None, spoken="")
    belongs = Belonging(ticket=None, links=(state.ticket.id,), winner="split", verdicts=())
    return Case(
        mail=mail,
        new=novelty.news(mail, None),
        clues=threads.clues(mail, policy),
        belongs=belongs,
        facts=known,
        policy=policy,
    )


def _split(order: Order) -> Outcome | Refusal:
    if relays.has_words(order.case, order.agent, order.here, order.words):
        return Refusal(line=order.say(_SAID, "words"))
    one = meant(order.line.argument, order.case.clues.tokens, order.here)
    mail = order.facts.mails.get(one.mail_id) if isinstance(one, Spoken) else None
    if isinstance(one, Obstacle):
        return Refusal(line=one.line(order))
    if mail is None:
        values = {"named": one.mail_id, "example": one.mail_id}
        return Refusal(line=order.say(_SAID, "no_mail", **values))
    off = splitting(one, mail, order.here, order.hand, order.facts, order.policy)
    line = order.say(_SAID, "taken" if off.taken else "split", opened=OPENED, sender=one.sender)
    return Outcome(line=line, changes=(off,))


def _written(number: int, policy: Policy) -> str:
    return policy.desk.number(number)


_SAID: Sentences = {
    "merged": {
        "fr": "#{verb}\u00a0: fait, {number} est fusionné dans {into}, qui continue pour les deux",
        "nl": "#{verb}: gedaan, {number} is samengevoegd met {into}, dat voor beide verdergaat",
        "de": "#{verb}: erledigt, {number} ist mit {into} zusammengeführt, das für beide weiterläuft",
        "en": "#{verb}: done, {number} is merged into {into}, which goes on for both",
    },
    "merge_which": {
        "fr": "#{verb}\u00a0: dans quel ticket\u00a0? Un seul numéro, par exemple\u00a0: #fusionner 1042",
        "nl": "#{verb}: met welk ticket? Eén nummer, bijvoorbeeld: #merge 1042",
        "de": "#{verb}: mit welchem Ticket? Eine Nummer, zum Beispiel: #merge 1042",
        "en": "#{verb}: into which ticket? One number, for example: #merge 1042",
    },
    "no_such": {
        "fr": "#{verb}\u00a0: {other} n’existe pas, rien n’a changé\u00a0; vérifiez le numéro, par "
        "exemple\u00a0: #{verb} 1042",
        "nl": "#{verb}: {other} bestaat niet, er is niets gewijzigd; kijk het nummer na, bijvoorbeeld: "
        "#{verb} 1042",
        "de": "#{verb}: {other} gibt es nicht, nichts wurde geändert; prüfen Sie die Nummer, zum Beispiel: "
        "#{verb} 1042",
        "en": "#{verb}: there is no {other}, nothing changed; check the number, for example: #{verb} 1042",
    },
    "itself": {
        "fr": "#{verb}\u00a0: {other} est ce ticket-ci, rien n’a changé\u00a0; indiquez l’autre, par "
        "exemple\u00a0: #{verb} 1042",
        "nl": "#{verb}: {other} is dit ticket zelf, er is niets gewijzigd; noem het andere, bijvoorbeeld: "
        "#{verb} 1042",
        "de": "#{verb}: {other} ist dieses Ticket selbst, nichts wurde geändert; nennen Sie das andere, zum "
        "Beispiel: #{verb} 1042",
        "en": "#{verb}: {other} is this very ticket, nothing changed; name the other one, for example: "
        "#{verb} 1042",
    },
    "merged_here": {
        "fr": "#{verb}\u00a0: {other} est déjà fusionné dans {into}, rien n’a changé",
        "nl": "#{verb}: {other} is al samengevoegd met {into}, er is niets gewijzigd",
        "de": "#{verb}: {other} ist schon mit {into} zusammengeführt, nichts wurde geändert",
        "en": "#{verb}: {other} is merged into {into} already, nothing changed",
    },
    "merged_there": {
        "fr": "#{verb}\u00a0: {other} est fusionné dans {into}, rien n’a changé\u00a0; écrivez "
        "#{verb} {bare}",
        "nl": "#{verb}: {other} is samengevoegd met {into}, er is niets gewijzigd; schrijf #{verb} {bare}",
        "de": "#{verb}: {other} ist mit {into} zusammengeführt, nichts wurde geändert; schreiben Sie "
        "#{verb} {bare}",
        "en": "#{verb}: {other} is merged into {into}, nothing changed; write #{verb} {bare}",
    },
    "over": {
        "fr": "#{verb}\u00a0: {number} est «\u00a0{status}\u00a0», rien n’a changé\u00a0; pour l’unir à "
        "l’autre, écrivez #lier {bare}",
        "nl": "#{verb}: {number} is '{status}', er is niets gewijzigd; schrijf #link {bare} om ze te "
        "verbinden",
        "de": "#{verb}: {number} ist „{status}“, nichts wurde geändert; schreiben Sie #link {bare}, um sie "
        "zu verbinden",
        "en": "#{verb}: {number} is {status}, nothing changed; to connect the two write #link {bare}",
    },
    "not_open": {
        "fr": "#{verb}\u00a0: {into} est «\u00a0{status}\u00a0», rien n’a changé\u00a0; rouvrez-le d’abord, "
        "ou écrivez #lier {bare}",
        "nl": "#{verb}: {into} is '{status}', er is niets gewijzigd; heropen het eerst of schrijf "
        "#link {bare}",
        "de": "#{verb}: {into} ist „{status}“, nichts wurde geändert; öffnen Sie es zuerst wieder oder "
        "schreiben Sie #link {bare}",
        "en": "#{verb}: {into} is {status}, nothing changed; reopen it first, or write #link {bare}",
    },
    "others": {
        "fr": "#{verb}\u00a0: {number} et {into} ne sont pas du même demandeur, rien n’a changé\u00a0; "
        "écrivez #lier {bare}",
        "nl": "#{verb}: {number} en {into} zijn niet van dezelfde aanvrager, er is niets gewijzigd; schrijf "
        "#link {bare}",
        "de": "#{verb}: {number} und {into} sind nicht von derselben Person, nichts wurde geändert; "
        "schreiben Sie #link {bare}",
        "en": "#{verb}: {number} and {into} are not of the same requester, nothing changed; write "
        "#link {bare}",
    },
    "linked": {
        "fr": "#{verb}\u00a0: fait, {number} est lié à {others}",
        "nl": "#{verb}: gedaan, {number} is verbonden met {others}",
        "de": "#{verb}: erledigt, {number} ist mit {others} verbunden",
        "en": "#{verb}: done, {number} is linked with {others}",
    },
    "split": {
        "fr": "#{verb}\u00a0: fait, le message de {sender} est maintenant {opened}, lié à {number}\u00a0; "
        "son délai court depuis son arrivée, et personne n’en a été averti",
        "nl": "#{verb}: gedaan, het bericht van {sender} is nu {opened}, verbonden met {number}; de termijn "
        "loopt vanaf de aankomst, en niemand kreeg er bericht van",
        "de": "#{verb}: erledigt, die Nachricht von {sender} ist nun {opened}, mit {number} verbunden; die "
        "Frist läuft seit dem Eingang, und niemand wurde benachrichtigt",
        "en": "#{verb}: done, the mail of {sender} is {opened} now, linked with {number}; its limit runs "
        "from its arrival, and nobody was told",
    },
    "taken": {
        "fr": "#{verb}\u00a0: fait, le message de {sender} est maintenant {opened}, lié à {number}\u00a0; il "
        "reste pris en charge, et personne n’en a été averti",
        "nl": "#{verb}: gedaan, het bericht van {sender} is nu {opened}, verbonden met {number}; het blijft "
        "in behandeling, en niemand kreeg er bericht van",
        "de": "#{verb}: erledigt, die Nachricht von {sender} ist nun {opened}, mit {number} verbunden; sie "
        "bleibt in Bearbeitung, und niemand wurde benachrichtigt",
        "en": "#{verb}: done, the mail of {sender} is {opened} now, linked with {number}; it stays in "
        "charge, and nobody was told",
    },
    "no_mail": {
        "fr": "#{verb}\u00a0: «\u00a0{named}\u00a0» n’est aucun message récent de {number}, rien n’a "
        "changé\u00a0; répondez à la notification du message, ou écrivez par exemple\u00a0: #{verb} "
        "{example}",
        "nl": "#{verb}: '{named}' is geen recent bericht van {number}, er is niets gewijzigd; antwoord op de "
        "melding van het bericht, of schrijf bijvoorbeeld: #{verb} {example}",
        "de": "#{verb}: „{named}“ ist keine neuere Nachricht von {number}, nichts wurde geändert; antworten "
        "Sie auf die Benachrichtigung zu der Nachricht oder schreiben Sie zum Beispiel: #{verb} {example}",
        "en": "#{verb}: '{named}' is no recent mail of {number}, nothing changed; reply to the notification "
        "of the mail, or write for example: #{verb} {example}",
    },
    "first_mail": {
        "fr": "#{verb}\u00a0: {number} a commencé par ce message, rien n’a changé\u00a0; répondez à la "
        "notification d’un message plus récent, ou écrivez par exemple\u00a0: #{verb} {example}",
        "nl": "#{verb}: {number} begon met dit bericht, er is niets gewijzigd; antwoord op de melding van "
        "een later bericht, of schrijf bijvoorbeeld: #{verb} {example}",
        "de": "#{verb}: {number} begann mit dieser Nachricht, nichts wurde geändert; antworten Sie auf die "
        "Benachrichtigung zu einer späteren oder schreiben Sie zum Beispiel: #{verb} {example}",
        "en": "#{verb}: {number} began with this mail, nothing changed; reply to the notification of a later "
        "one, or write for example: #{verb} {example}",
    },
    "only_mail": {
        "fr": "#{verb}\u00a0: {number} n’a pas d’autre message que celui qui l’a ouvert, rien n’a changé",
        "nl": "#{verb}: {number} heeft geen ander bericht dan dat waarmee het begon, er is niets gewijzigd",
        "de": "#{verb}: {number} hat nur die Nachricht, mit der es begann, nichts wurde geändert",
        "en": "#{verb}: {number} has no other mail than the one that opened it, nothing changed",
    },
    "words": {
        "fr": "#{verb}\u00a0: rien n’a changé ni n’a été envoyé\u00a0; écrivez #détacher seul, puis répondez "
        "encore à la même notification\u00a0: votre texte ira à l’auteur du message",
        "nl": "#{verb}: er is niets gewijzigd of verzonden; schrijf #split alleen en antwoord daarna nog "
        "eens op dezelfde melding: uw tekst gaat dan naar de auteur van het bericht",
        "de": "#{verb}: nichts wurde geändert oder gesendet; schreiben Sie #split allein und antworten Sie "
        "dann noch einmal auf dieselbe Benachrichtigung: Ihr Text geht an den Autor der Nachricht",
        "en": "#{verb}: nothing changed and nothing was sent; write #split alone, then reply once more to "
        "the same notification: your text goes to the author of the mail",
    },
    "link_which": {
        "fr": "#{verb}\u00a0: à quel ticket\u00a0? Par exemple\u00a0: #lier 1042",
        "nl": "#{verb}: met welk ticket? Bijvoorbeeld: #link 1042",
        "de": "#{verb}: mit welchem Ticket? Zum Beispiel: #link 1042",
        "en": "#{verb}: with which ticket? For example: #link 1042",
    },
}

MERGE = Command(
    names=("fusionner", "merge", "fusionne", "fusion", "samenvoegen", "zusammenführen"),
    usage={"fr": "#fusionner N", "en": "#merge N"},
    help={
        "fr": "fondre ce ticket dans un autre du même demandeur",
        "nl": "dit ticket samenvoegen met een ander van dezelfde aanvrager",
        "de": "dieses Ticket mit einem anderen derselben Person zusammenführen",
        "en": "merge this ticket into another one of the same requester",
    },
    run=_merge,
    settles="status hands",
)
LINK = Command(
    names=("lier", "link", "lie", "relier", "koppelen", "verknüpfen"),
    usage={"fr": "#lier N", "en": "#link N"},
    help={
        "fr": "lier ce ticket à un autre",
        "nl": "dit ticket met een ander verbinden",
        "de": "dieses Ticket mit einem anderen verbinden",
        "en": "link this ticket with another one",
    },
    run=_link,
)
SPLIT = Command(
    names=("détacher", "split", "détache", "séparer", "sépare", "afsplitsen", "abtrennen"),
    usage={"fr": "#détacher", "en": "#split"},
    help={
        "fr": "donner à ce message un ticket à lui",
        "nl": "dit bericht een eigen ticket geven",
        "de": "dieser Nachricht ein eigenes Ticket geben",
        "en": "give this mail a ticket of its own",
    },
    run=_split,
    text=Text.OWN,
    asks=frozenset({Ask.MAIL}),
    settles="status hands",
)
