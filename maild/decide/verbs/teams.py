"""Specialist teams: ask one, and pass on what it answered (pure)."""

from maild.decide import decoration, hazard, relays, sla, teams
from maild.decide.decision import Change, Consult, Note, StopClocks, TakeInCharge
from maild.decide.order import Ask, Command, Order, Outcome, Refusal, Sentences, Text, Tickets, said
from maild.decide.verbs import status
from parsers.answer import Answer, answer_of
from storage.records import Consultation

_ESCALATE = (
    "escalader",
    "escalate",
    "escalade",
    "escaleren",
    "escaleer",
    "eskalieren",
    "consulter",
    "consult",
)
_PASS_ON = (
    "relayer",
    "pass-on",
    "relais",
    "passon",
    "doorgeven",
    "doorsturen",
    "weitergeben",
    "weiterleiten",
)


def _escalate(order: Order) -> Outcome | Refusal:
    policy, argument = order.policy, order.line.argument
    team = teams.named(argument, policy)
    if not team:
        what = "which" if not argument.strip() else "unknown"
        return Refusal(line=order.say(_SAID, what, team=argument, teams=", ".join(teams.names(policy))))
    if (ended := status.if_ended(order)) is not None:
        return ended
    day = order.policy.desk.day(order.facts.now)
    people = teams.reached_at(team, policy, day, without=order.agent.address)
    if not people:
        return Refusal(line=order.say(_SAID, "nobody", team=team))
    question = _question(order)
    if sum(file.size for file in question.files) > relays.MOST_RELAYED:
        return Refusal(line=order.say(_SAID, "too_large"))
    before = teams.pending(order.here, team)
    asked = _consult(order, team, people, question, before)
    line = order.say(_SAID, "again" if before else "asked", team=team)
    return Outcome(line=line, changes=(asked, *_act(order)))


def _consult(
    order: Order,
    team: str,
    people: tuple[tuple[str, str], ...],
    question: Answer,
    before: Consultation | None,
) -> Consult:
    limits = sla.limits(order.facts.arrived_at, order.policy, team=team)
    return Consult(
        team=team,
        letters=tuple(
            (address, language, question.text or said(_SAID, "question", language))
            for address, language in people
        ),
        near_at=None if before else limits.near_at,
        due_at=before.due_at if before else limits.due_at,
        span=limits.span,
        desk=limits.desk,
        again=before.id if before else None,
        files=tuple(file.sha256 for file in question.files),
    )


def _act(order: Order) -> tuple[Change, ...]:
    at, agent = order.facts.arrived_at, order.agent.address
    taken = TakeInCharge(agent=order.here.ticket.assignee or agent, at=at)
    return taken, StopClocks(at=at, by=agent, act="escalate")


def _question(order: Order) -> Answer:
    """The agent's own words and files; the team is told who asks, and needs no signature of his."""
    mail = order.case.mail
    if order.case.inside:
        return Answer(text="", html="")
    stationery = decoration.decorations(mail, order.facts)
    held = frozenset(hazard.held(mail, order.facts, order.policy.attachments))
    return answer_of(mail, order.words, private=frozenset(), decorations=stationery, held=held)


def _pass_on(order: Order) -> Outcome | Refusal:
    found = order.facts.team_answers.get(order.here.ticket.id)
    if found is None:
        asked = [c.team for c in order.here.handling.consultations]
        what = "not_yet" if asked else "nobody_asked"
        return Refusal(line=order.say(_SAID, what, team=", ".join(dict.fromkeys(asked))))
    relayed = relays.relay(order.case, order.agent, order.here, order.words, passed=found)
    if relayed.refused:
        return Refusal(line="\n".join(relayed.lines))
    told = Note(
        kind="passed_on", actor=order.agent.address, detail=(("team", found.team), ("answer", found.mail_id))
    )
    line = order.say(_SAID, "passed_on", team=found.team)
    return Outcome(line="\n".join((line, *relayed.lines)), changes=(told, *relayed.changes))


_SAID: Sentences = {
    "asked": {
        "fr": "#{verb}\u00a0: fait, {number} est soumis à l’équipe {team}\u00a0; sa réponse vous reviendra, "
        "et #relayer la transmettra au demandeur",
        "nl": "#{verb}: gedaan, {number} is voorgelegd aan het team {team}; het antwoord komt bij u terug, "
        "en #relayer stuurt het door naar de aanvrager",
        "de": "#{verb}: erledigt, {number} liegt dem Team {team} vor; die Antwort kommt zu Ihnen zurück, "
        "und #relayer gibt sie an den Anfragenden weiter",
        "en": "#{verb}: done, {number} is before the team {team}; its answer comes back to you, and #pass-on "
        "sends it to the requester",
    },
    "again": {
        "fr": "#{verb}\u00a0: rappel envoyé à l’équipe {team} pour {number}\u00a0; son délai reste le même",
        "nl": "#{verb}: herinnering voor {number} gestuurd aan het team {team}; de termijn blijft dezelfde",
        "de": "#{verb}: Erinnerung an das Team {team} zu {number} gesendet; die Frist bleibt dieselbe",
        "en": "#{verb}: the team {team} is reminded of {number}; its limit stays the same",
    },
    "which": {
        "fr": "#{verb}\u00a0: à quelle équipe\u00a0? Par exemple « #{verb} réseau ». Équipes\u00a0: {teams}",
        "nl": "#{verb}: naar welk team? Bijvoorbeeld '#{verb} netwerk'. Teams: {teams}",
        "de": "#{verb}: an welches Team? Zum Beispiel „#{verb} Netz“. Teams: {teams}",
        "en": "#{verb}: to which team? For example “#{verb} network”. Teams: {teams}",
    },
    "unknown": {
        "fr": "#{verb}\u00a0: il n’y a pas d’équipe « {team} », rien n’a été exécuté. Équipes\u00a0: {teams}",
        "nl": "#{verb}: er is geen team '{team}', niets uitgevoerd. Teams: {teams}",
        "de": "#{verb}: Es gibt kein Team „{team}“, nichts wurde ausgeführt. Teams: {teams}",
        "en": "#{verb}: there is no team “{team}”, nothing was run. Teams: {teams}",
    },
    "nobody": {
        "fr": "#{verb}\u00a0: personne d’autre de l’équipe {team} n’est présent, rien n’a été envoyé",
        "nl": "#{verb}: er is niemand anders van het team {team} aanwezig, er is niets verzonden",
        "de": "#{verb}: Vom Team {team} ist sonst niemand da, nichts wurde gesendet",
        "en": "#{verb}: nobody else of the team {team} is there, nothing was sent",
    },
    "too_large": {
        "fr": "#{verb}\u00a0: vos pièces jointes sont trop volumineuses (18\u00a0Mo au plus), "
        "rien n’a été envoyé",
        "nl": "#{verb}: uw bijlagen zijn te groot (hoogstens 18 MB), er is niets verzonden",
        "de": "#{verb}: Ihre Anlagen sind zu groß (höchstens 18 MB), nichts wurde gesendet",
        "en": "#{verb}: your attachments are too large (18 MB at most), nothing was sent",
    },
    "question": {
        "fr": "Pouvez-vous nous aider à résoudre cette demande\u00a0?",
        "nl": "Kunt u ons helpen deze aanvraag op te lossen?",
        "de": "Können Sie uns helfen, diese Anfrage zu lösen?",
        "en": "Can you help us to solve this request?",
    },
    "passed_on": {
        "fr": "#{verb}\u00a0: fait, la réponse de l’équipe {team} part au demandeur de {number}",
        "nl": "#{verb}: gedaan, het antwoord van het team {team} gaat naar de aanvrager van {number}",
        "de": "#{verb}: erledigt, die Antwort des Teams {team} geht an den Anfragenden von {number}",
        "en": "#{verb}: done, the answer of the team {team} goes to the requester of {number}",
    },
    "not_yet": {
        "fr": "#{verb}\u00a0: aucune réponse à transmettre sur {number} (équipe consultée\u00a0: "
        "{team})\u00a0; rien n’a été envoyé. Pour écrire au demandeur, répondez sans commande.",
        "nl": "#{verb}: er is geen antwoord om door te sturen voor {number} (gevraagd team: {team}); niets "
        "verzonden. Antwoord zonder opdracht om de aanvrager te schrijven.",
        "de": "#{verb}: Zu {number} gibt es keine Antwort zum Weitergeben (gefragtes Team: {team}); nichts "
        "wurde gesendet. Um dem Anfragenden zu schreiben, antworten Sie ohne Befehl.",
        "en": "#{verb}: there is no answer to pass on for {number} (team asked: {team}); nothing was sent. "
        "To write to the requester, reply without a command.",
    },
    "nobody_asked": {
        "fr": "#{verb}\u00a0: aucune équipe n’a été consultée sur {number}\u00a0; par exemple "
        "« #escalader réseau »",
        "nl": "#{verb}: voor {number} is geen team gevraagd; bijvoorbeeld '#escalate netwerk'",
        "de": "#{verb}: Zu {number} wurde kein Team gefragt; zum Beispiel „#escalate Netz“",
        "en": "#{verb}: no team was asked about {number}; for example “#escalate network”",
    },
}

ESCALATE = Command(
    names=_ESCALATE,
    usage={"fr": "#escalader ÉQUIPE", "en": "#escalate TEAM", "nl": "#escalate TEAM", "de": "#escalate TEAM"},
    help={
        "fr": "consulter une équipe spécialisée\u00a0; le texte qui suit est votre question",
        "nl": "een gespecialiseerd team vragen; de tekst hieronder is uw vraag",
        "de": "ein Fachteam fragen; der Text darunter ist Ihre Frage",
        "en": "ask a specialist team; the text below is your question",
    },
    run=_escalate,
    text=Text.OWN,
    tickets=Tickets.FIRST,
)
PASS_ON = Command(
    names=_PASS_ON,
    usage={"fr": "#relayer", "en": "#pass-on"},
    help={
        "fr": "transmettre au demandeur la dernière réponse d’une équipe",
        "nl": "het laatste antwoord van een team naar de aanvrager sturen",
        "de": "die letzte Antwort eines Teams an den Anfragenden weitergeben",
        "en": "send the last answer of a team to the requester",
    },
    run=_pass_on,
    text=Text.OWN,
    tickets=Tickets.ALONE,
    asks=frozenset({Ask.TEAM_ANSWER}),
)
