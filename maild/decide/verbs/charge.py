"""In whose hands a ticket is: take it, give it to an agent or a team, keep a note (pure)."""

from datetime import date

from maild import instants
from maild.decide.consequences import recipients_of
from maild.decide.decision import Amend, Brief, Change, StopClocks, TakeInCharge
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, Text, Tickets
from maild.decide.policy import Agent, Team
from maild.decide.verbs.status import if_ended
from maild.decide.whom import Unfound, whom
from storage.records import Status


def _take(order: Order) -> Outcome | Refusal:
    if refused := if_ended(order):
        return refused
    changes: tuple[Change, ...] = (
        TakeInCharge(agent=order.hand, at=order.at),
        StopClocks(at=order.at, by=order.agent.address, act="take"),
    )
    return Outcome(line=order.say(_SAID, "take", agent=order.agent.name), changes=changes)


def _note(order: Order) -> Outcome | Refusal:
    return Outcome(line=order.say(_SAID, "note"))


# ---------------------------------------------------------------------- assign


def _assign(order: Order) -> Outcome | Refusal:
    if refused := if_ended(order):
        return refused
    match found := whom(order.policy, order.line.argument, order.agent):
        case Unfound():
            return Refusal(line=_not_found(order, found))
        case Agent():
            return _to_agent(order, found)
        case Team():
            return _to_team(order, found)


def _to_agent(order: Order, agent: Agent) -> Outcome:
    today = order.policy.desk.day(order.facts.now)
    told = ((agent.address, agent.language),) if agent.is_present(today) else ()
    line = order.say(_SAID, "agent", name=agent.name)
    if not told:
        back = instants.day_of(_last_day_away(agent, today), order.agent.language)
        line += order.say(_SAID, "away", name=agent.name, day=back)
    return Outcome(line=line, changes=_handed(order, told, "assigned", assignee=agent.address))


def _to_team(order: Order, team: Team) -> Outcome:
    told = recipients_of(team.name, order.facts, order.policy)
    present = team.address or any(
        a.is_present(order.policy.desk.day(order.facts.now)) for a in order.policy.members(team.name)
    )
    line = order.say(_SAID, "team", name=team.name) + (
        "" if present else order.say(_SAID, "empty", name=team.name)
    )
    return Outcome(line=line, changes=_handed(order, told, "handed", assignee="", team=team.name))


def _handed(order: Order, told: tuple[tuple[str, str], ...], reason: str, **place: str) -> tuple[Change, ...]:
    """An assignment is an act: the ticket is taken in charge, and whoever has it now gets it."""
    ticket, sender = order.here.ticket, order.agent.address.casefold()
    begun: dict[str, str | None] = {"status": Status.TAKEN.value} if ticket.status is Status.NEW else {}
    taken = () if ticket.taken_at else (("taken_at", order.at),)
    others = tuple(one for one in told if one[0].casefold() != sender)
    brief = (
        (Brief(recipients=others, reason=reason, by=order.agent.name, words=order.note),) if others else ()
    )
    return (
        Amend(values=(*begun.items(), *taken, *place.items())),
        StopClocks(at=order.at, by=order.agent.address, act="assign"),
        *brief,
    )


def _last_day_away(agent: Agent, today: date) -> date:
    return max(last for first, last in agent.away if first <= today <= last)


def _not_found(order: Order, found: Unfound) -> str:
    wanted, names = order.line.argument, ", ".join(found.choices)
    if found.several:
        return order.say(_SAID, "several", wanted=wanted, names=names)
    hint = order.say(_SAID, "near", name=found.near) if found.near else ""
    return order.say(_SAID, "unknown" if wanted else "nobody", wanted=wanted, hint=hint, names=names)


_SAID: Sentences = {
    "take": {
        "fr": "#{verb}\u00a0: fait, {number} est pris en charge par {agent}",
        "nl": "#{verb}: gedaan, {number} is in behandeling bij {agent}",
        "de": "#{verb}: erledigt, {number} wird von {agent} bearbeitet",
        "en": "#{verb}: done, {number} is taken in charge by {agent}",
    },
    "note": {
        "fr": "#{verb}\u00a0: votre texte est gardé comme note interne sur {number}",
        "nl": "#{verb}: uw tekst is als interne nota bij {number} bewaard",
        "de": "#{verb}: Ihr Text liegt als interne Notiz bei {number}",
        "en": "#{verb}: your text is kept as an internal note on {number}",
    },
    "agent": {
        "fr": "#{verb}\u00a0: fait, {number} est confié à {name}",
        "nl": "#{verb}: gedaan, {number} is toegewezen aan {name}",
        "de": "#{verb}: erledigt, {number} ist {name} zugewiesen",
        "en": "#{verb}: done, {number} is assigned to {name}",
    },
    "team": {
        "fr": "#{verb}\u00a0: fait, {number} est confié à l’équipe {name}",
        "nl": "#{verb}: gedaan, {number} is toegewezen aan het team {name}",
        "de": "#{verb}: erledigt, {number} ist dem Team {name} zugewiesen",
        "en": "#{verb}: done, {number} is handed to the team {name}",
    },
    "away": {
        "fr": "\u00a0; attention, {name} est absent jusqu’au {day} inclus et ne reçoit aucun message "
        "d’ici là",
        "nl": "; let op, {name} is afwezig tot en met {day} en krijgt tot dan geen berichten",
        "de": "; Achtung, {name} ist bis einschließlich {day} abwesend und erhält bis dahin keine Nachricht",
        "en": "; mind that {name} is away until the end of {day} and gets no mail until then",
    },
    "empty": {
        "fr": "\u00a0; attention, personne de l’équipe {name} n’est présent aujourd’hui",
        "nl": "; let op, niemand van het team {name} is vandaag aanwezig",
        "de": "; Achtung, niemand vom Team {name} ist heute anwesend",
        "en": "; mind that nobody of the team {name} is there today",
    },
    "unknown": {
        "fr": "#{verb}\u00a0: «\u00a0{wanted}\u00a0» est inconnu, rien n’a changé{hint}\u00a0; écrivez par "
        "exemple #assigner moi, ou l’un de ceux-ci\u00a0: {names}",
        "nl": "#{verb}: '{wanted}' is onbekend, er is niets gewijzigd{hint}; schrijf bijvoorbeeld #assign "
        "mij, "
        "of een van deze: {names}",
        "de": "#{verb}: „{wanted}“ ist unbekannt, nichts wurde geändert{hint}; schreiben Sie zum Beispiel "
        "#assign mich, oder einen von diesen: {names}",
        "en": "#{verb}: '{wanted}' is unknown, nothing changed{hint}; write for example #assign me, or "
        "one of "
        "these: {names}",
    },
    "near": {
        "fr": "\u00a0; vouliez-vous dire {name}\u00a0?",
        "nl": "; bedoelde u {name}?",
        "de": "; meinten Sie {name}?",
        "en": "; did you mean {name}?",
    },
    "nobody": {
        "fr": "#{verb}\u00a0: à qui\u00a0? Rien n’a changé\u00a0; écrivez par exemple #assigner moi, ou "
        "l’un "
        "de ceux-ci\u00a0: {names}",
        "nl": "#{verb}: aan wie? Er is niets gewijzigd; schrijf bijvoorbeeld #assign mij, of een van deze: "
        "{names}",
        "de": "#{verb}: an wen? Nichts wurde geändert; schreiben Sie zum Beispiel #assign mich, oder einen "
        "von diesen: {names}",
        "en": "#{verb}: to whom? Nothing changed; write for example #assign me, or one of these: {names}",
    },
    "several": {
        "fr": "#{verb}\u00a0: «\u00a0{wanted}\u00a0» peut désigner {names}\u00a0; rien n’a changé, écrivez "
        "le nom entier ou l’adresse",
        "nl": "#{verb}: '{wanted}' kan {names} zijn; er is niets gewijzigd, schrijf de hele naam of het "
        "adres",
        "de": "#{verb}: „{wanted}“ kann {names} sein; nichts wurde geändert, schreiben Sie den ganzen Namen "
        "oder die Adresse",
        "en": "#{verb}: '{wanted}' may be {names}; nothing changed, write the whole name or the address",
    },
}

TAKE = Command(
    names=("prendre", "take", "prends", "pris", "prise-en-charge", "nemen", "neem", "übernehmen"),
    usage={"fr": "#prendre", "en": "#take"},
    help={
        "fr": "prendre le ticket en charge",
        "nl": "het ticket in behandeling nemen",
        "de": "das Ticket übernehmen",
        "en": "take the ticket in charge",
    },
    run=_take,
    settles="hands",
    tickets=Tickets.ALONE,
)
ASSIGN = Command(
    names=(
        "assigner", "assign", "assigne", "attribuer", "confier", "réassigner", "reassign", "toewijzen",
        "wijs-toe", "zuweisen",
    ),
    usage={"fr": "#assigner X", "en": "#assign X"},
    help={
        "fr": "confier le ticket à un agent ou à une équipe",
        "nl": "het ticket aan een medewerker of een team geven",
        "de": "das Ticket jemandem oder einem Team zuweisen",
        "en": "hand the ticket to an agent or a team",
    },
    run=_assign,
    settles="hands",
    tickets=Tickets.FIRST,
)  # fmt: skip
NOTE = Command(
    names=("note", "notes", "nota", "notiz", "interne", "internal"),
    usage={"fr": "#note", "en": "#note"},
    help={
        "fr": "tout le texte qui suit reste interne",
        "nl": "alle tekst hieronder blijft intern",
        "de": "der ganze Text darunter bleibt intern",
        "en": "everything below stays internal",
    },
    run=_note,
    text=Text.NOTE,
    tickets=Tickets.WORDS,
)
