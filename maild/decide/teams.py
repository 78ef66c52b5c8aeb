"""Specialist teams: who they are, and what comes of what they answer (pure; DESIGN section 6).

Asked by ``verbs.teams``, which asks them, by ``sweep``, whose clocks are theirs, and by the judges: whatever
bears the token of such a question comes back to the desk as an internal note, whoever wrote it. It is never
relayed by itself, starts no clock and reopens nothing; the desk stays the one voice.
"""

from datetime import date

from maild.decide import consequences, decoration, hazard
from maild.decide.case import Case
from maild.decide.decision import Change, Decision, HearTeam
from maild.decide.facts import Facts, TicketFacts
from maild.decide.order import Sentences, said
from maild.decide.person import noted, person
from maild.decide.policy import Policy
from maild.decide.tokens import Token
from parsers.answer import answer_of
from parsers.folding import folded
from storage.records import Consultation, Stage, Status

# Whose limit still matters to anybody.
OPEN = (Status.NEW, Status.TAKEN, Status.WAITING)
# Which consultation a token is of stands in its serial, before this letter.
_END = "z"


def names(policy: Policy) -> tuple[str, ...]:
    """The teams there are, in the order of the configuration."""
    tables = (team.name for team in policy.teams)
    return tuple(dict.fromkeys((*tables, *(name for agent in policy.agents for name in agent.teams))))


def named(argument: str, policy: Policy) -> str:
    """The team that somebody names, whatever the case and the accents; "" for none."""
    wanted = folded(argument).strip(" .!\"'«»")
    known = {folded(name): name for name in names(policy)}
    bare = (wanted.removeprefix(prefix).strip() for prefix in ("", *_BEFORE_NAME))
    return next((known[one] for one in bare if one in known), "")


_BEFORE_NAME = ("a l'equipe ", "l'equipe ", "equipe ", "team ", "het team ", "das team ", "the ")


def reached_at(team: str, policy: Policy, day: date, *, without: str = "") -> tuple[tuple[str, str], ...]:
    """(address, language) of those who get a question to a team: its own address, else its members.

    Args:
        without: who asks, and needs no copy.
    """
    address = next((one.address for one in policy.teams if one.name == team), "")
    if address:
        return ((address, policy.desk.languages[0]),)
    others = (a for a in policy.members(team) if a.address.casefold() != without.casefold())
    return tuple((a.address, a.language) for a in others if a.is_present(day))


def leads(team: str, policy: Policy, day: date) -> tuple[tuple[str, str], ...]:
    """(address, language) of the team's own leads who are there."""
    return tuple((a.address, a.language) for a in policy.members(team) if a.lead and a.is_present(day))


# ---------------------------------------------------------------------- which question


def serial_of(row: int, chance: str) -> str:
    """The serial of a token of the consultation in this row; ``chance``: up to eight letters or digits."""
    return f"{row}{_END}{chance}"


def row_of(token: Token) -> int | None:
    """The consultation that a token is of."""
    digits, end, _ = token.serial.partition(_END)
    return int(digits) if end and digits.isdecimal() else None


def pending(state: TicketFacts, team: str) -> Consultation | None:
    """What the team was asked about this ticket and has not answered yet."""
    asked = (c for c in state.handling.consultations if c.team == team and c.answered_at is None)
    return next(asked, None)


def _asked(case: Case, state: TicketFacts, token: Token) -> tuple[int, Consultation] | None:
    """What a mail with this token answers: the last question to the same team, and the ticket of it."""
    known = [
        (number, one)
        for number, facts in sorted(case.facts.tickets.items())
        if case.facts.survivor(number) == state
        for one in facts.handling.consultations
    ]
    row = row_of(token)
    team = next((one.team for _, one in known if one.id == row), None)
    return next((found for found in reversed(known) if found[1].team == team), None)


# ---------------------------------------------------------------------- its answer


def of_anybody(case: Case) -> Decision:
    """The judge of mail from whoever is no agent: what answers a question to a team is the team's."""
    if case.belongs.of_team is None or case.ticket is None:
        return person(case)
    return answered(case, case.ticket)


def answered(case: Case, state: TicketFacts) -> Decision:
    """An internal note, of which those hear who wait for it."""
    why = "it answers what a team was asked: an internal note"
    return noted(case, state.ticket.id, heard(case, state, case.new.text), why=why)


def heard(case: Case, state: TicketFacts, words: str) -> tuple[Change, ...]:
    """What the words of a team bring about: those hear of it who wait for it."""
    token = case.belongs.of_team
    asked = _asked(case, state, token) if token is not None else None
    where, question = asked or (state.ticket.id, None)
    people = hearers(state, question, case.facts, case.policy, without=case.sender.key)
    flooded = case.facts.flooded
    shown = answer_of(
        case.mail, words, private=frozenset(),
        decorations=decoration.decorations(case.mail, case.facts),
        held=frozenset(hazard.held(case.mail, case.facts, case.policy.attachments)),
    )  # fmt: skip
    made = HearTeam(
        consultation=question.id if question else None,
        asked_on=where,
        team=question.team if question else "",
        author=case.sender.name or case.sender.address,
        recipients=tuple(one for one in people if one[0].casefold() not in flooded),
        text=words,
        html=shown.html,
        files=tuple(file.sha256 for file in shown.files),
        in_digest=tuple(address for address, _ in people if address.casefold() in flooded),
    )
    return (made,)


def hearers(
    state: TicketFacts, question: Consultation | None, facts: Facts, policy: Policy, *, without: str = ""
) -> tuple[tuple[str, str], ...]:
    """(address, language) of whoever waits for a team: whose ticket it is, else who asked, else the desk.

    Args:
        without: whose own words they are, case folded.
    """
    names = (state.ticket.assignee, question.asked_by if question else "")
    return consequences.hearers(names, state.ticket.team, facts, policy, without=without)


# ---------------------------------------------------------------------- its clock


def reminder(stage: Stage, team: str, language: str, *, due: str) -> tuple[str, tuple[str, ...]]:
    """What is told of a team's clock: a headline, and the lines below it.

    Args:
        due: its limit, as people read it.
    """
    over = "over" if stage is Stage.BREACHED else "near"
    return said(_SAID, over, language, team=team), (said(_SAID, "due", language, due=due),)


_SAID: Sentences = {
    "near": {
        "fr": "L’équipe {team} n’a pas encore répondu",
        "nl": "Het team {team} heeft nog niet geantwoord",
        "de": "Das Team {team} hat noch nicht geantwortet",
        "en": "The team {team} has not answered yet",
    },
    "over": {
        "fr": "L’équipe {team} n’a pas répondu dans le délai",
        "nl": "Het team {team} heeft niet op tijd geantwoord",
        "de": "Das Team {team} hat nicht rechtzeitig geantwortet",
        "en": "The team {team} has not answered in time",
    },
    "due": {
        "fr": "Réponse attendue au plus tard le {due}.",
        "nl": "Antwoord verwacht uiterlijk op {due}.",
        "de": "Antwort erwartet bis spätestens {due}.",
        "en": "Its answer is expected by {due}.",
    },
}
