"""Threads as people repair them: two tickets made one, tickets that know of each other (pure).

The rules are functions of tickets alone, so that the shell repairs by the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from maild.decide.decision import Link, Merge
from maild.decide.facts import Facts, TicketFacts
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, numbers_in
from maild.decide.policy import Policy
from storage.records import Status

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


def _written(number: int, policy: Policy) -> str:
    return f"{policy.desk.prefix}-{number}"


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
