"""What the service does not include: refused with its own letter, or, for specialists, handed on (pure)."""

from maild.decide import relays, teams
from maild.decide.decision import Amend
from maild.decide.exclusions import EXCLUSIONS, SPAM, SPECIALIST, scope_of
from maild.decide.order import Command, Order, Outcome, Refusal, Sentences, Text, Tickets, said
from maild.decide.policy import Policy
from maild.decide.rules import DEFAULT_TEAM
from maild.decide.verbs.status import already
from parsers.commands import command_key
from storage.records import Status

_OVER = (Status.CLOSED, Status.MERGED, Status.SPAM)


def _out_of_scope(order: Order) -> Outcome | Refusal:
    scope = scope_of(order.line.argument)
    if scope == SPECIALIST:
        return Outcome(line=order.say(_SAID, "specialist", teams=_teams(order.policy, order.agent.language)))
    if scope in ("", SPAM):
        return Refusal(line=order.say(_SAID, "unknown" if order.line.argument else "none", **_given(order)))
    ticket = order.here.ticket
    if ticket.status in _OVER or (ticket.status is Status.OUT_OF_SCOPE and ticket.scope == scope):
        return already(order)
    notice = f"out_of_scope_{command_key(scope)}"
    told = relays.relay(
        order.case, order.agent, order.here, order.words, notice=notice, act=Status.OUT_OF_SCOPE.value
    )
    if told.refused:
        return Refusal(line="\n".join(told.lines))
    values = (("status", Status.OUT_OF_SCOPE.value), ("scope", scope), ("wake_at", None))
    line = order.say(_SAID, "done", scope=scope)
    return Outcome(line="\n".join((line, *told.lines)), changes=(*told.changes, Amend(values=values)))


def _given(order: Order) -> dict[str, str]:
    return {"given": order.line.argument, "scopes": ", ".join((*EXCLUSIONS, SPECIALIST))}


def _teams(policy: Policy, language: str) -> str:
    """The teams that there are besides the desk itself, as they are ordered."""
    others = [team for team in teams.names(policy) if team != DEFAULT_TEAM]
    verb = said(_SAID, "escalate", language)
    return ", ".join(f"#{verb} {team}" for team in others) or said(_SAID, "no_team", language, verb=verb)


_SAID: Sentences = {
    "done": {
        "fr": "#{verb}\u00a0: fait, {number} est hors périmètre ({scope})\u00a0; le demandeur en est averti",
        "nl": "#{verb}: gedaan, {number} valt buiten de dienst ({scope}); de aanvrager krijgt bericht",
        "de": "#{verb}: erledigt, {number} gehört nicht zum Dienst ({scope}); der Anfragende erfährt es",
        "en": "#{verb}: done, {number} is out of scope ({scope}); the requester is told",
    },
    "specialist": {
        "fr": "#{verb}\u00a0: {number} n’est pas refusé\u00a0; seule la résolution revient aux spécialistes. "
        "Transmettez-le, avec votre question en dessous\u00a0: {teams}. Rien n’a été envoyé.",
        "nl": "#{verb}: {number} wordt niet geweigerd; alleen de oplossing is voor specialisten. Geef het "
        "door, met uw vraag eronder: {teams}. Er is niets verzonden.",
        "de": "#{verb}: {number} wird nicht abgelehnt; nur die Lösung ist Sache der Spezialisten. Geben Sie "
        "es weiter, mit Ihrer Frage darunter: {teams}. Nichts wurde gesendet.",
        "en": "#{verb}: {number} is not refused; only its resolution is for specialists. Hand it on, with "
        "your question below: {teams}. Nothing was sent.",
    },
    "escalate": {"fr": "escalader", "nl": "escalate", "de": "escalate", "en": "escalate"},
    "no_team": {
        "fr": "#{verb} ÉQUIPE (la configuration ne nomme encore aucune équipe)",
        "nl": "#{verb} TEAM (de configuratie noemt nog geen team)",
        "de": "#{verb} TEAM (die Konfiguration nennt noch kein Team)",
        "en": "#{verb} TEAM (the configuration names no team yet)",
    },
    "none": {
        "fr": "#{verb}\u00a0: quel motif\u00a0? {scopes}. Par exemple\u00a0: #hors-périmètre formation",
        "nl": "#{verb}: welke reden? {scopes}. Bijvoorbeeld: #out-of-scope opleiding",
        "de": "#{verb}: welcher Grund? {scopes}. Zum Beispiel: #out-of-scope Schulung",
        "en": "#{verb}: which reason? {scopes}. For example: #out-of-scope training",
    },
    "unknown": {
        "fr": "#{verb}\u00a0: «\u00a0{given}\u00a0» n’est pas un motif, rien n’a été exécuté. Les "
        "motifs\u00a0: {scopes}. Par exemple\u00a0: #hors-périmètre formation",
        "nl": "#{verb}: '{given}' is geen reden, niets uitgevoerd. De redenen: {scopes}. "
        "Bijvoorbeeld: #out-of-scope opleiding",
        "de": "#{verb}: „{given}“ ist kein Grund, nichts wurde ausgeführt. Die Gründe: {scopes}. "
        "Zum Beispiel: #out-of-scope Schulung",
        "en": "#{verb}: '{given}' is no reason, nothing was run. The reasons: {scopes}. "
        "For example: #out-of-scope training",
    },
}

OUT_OF_SCOPE = Command(
    names=("hors-périmètre", "out-of-scope", "hors-perimetre-de-service", "horsperimetre", "hors-scope"),
    usage={"fr": "#hors-périmètre MOTIF", "en": "#out-of-scope REASON"},
    help={
        "fr": "refuser ce que le service ne comprend pas\u00a0: matériel, formation, métier, citoyen",
        "nl": "weigeren wat niet bij de dienst hoort: materiaal, opleiding, bedrijfstoepassing, burger",
        "de": "ablehnen, was nicht zum Dienst gehört: Geräte, Schulung, Fachanwendung, Bürger",
        "en": "refuse what the service does not include: hardware, training, business, citizen",
    },
    run=_out_of_scope,
    text=Text.OWN,
    settles="status",
    tickets=Tickets.FIRST,
)
