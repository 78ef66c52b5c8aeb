"""Rules, commands, limits and marks: small judgements, each a table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from maild.decide import commands, marks, rules, sla
from maild.decide.decision import Note, StopClocks, TakeInCharge
from maild.decide.policy import Agent, Category, Match, Rule, Team
from parsers.commands import parse_commands
from storage.records import Mark, Stage, Status
from tests.maild.decide.cases import ANNE, DAY, HOUR, NOON, clock, facts, mail, policy, state

# --- rules


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        (Match(), True),
        (Match(subject="IMPRIM"), True),
        (Match(subject="imprim*"), True),
        (Match(subject="*prim"), False),
        (Match(subject="VPN"), False),
        (Match(from_="*@ecole.test"), True),
        (Match(from_="*@autre.test"), False),
        (Match(to="support@"), True),
        (Match(to="*luc*"), True),
        (Match(text="marche plus"), True),
        (Match(attachment="*.pdf"), False),
        (Match(header="X-Site: Mons"), True),
        (Match(header="X-Site: Liège"), False),
        (Match(header="X-Other: Mons"), False),
        (Match(subject="imprim", from_="*@autre.test"), False),
        (Match(subject="imprim", from_="*@ecole.test"), True),
    ],
)
def test_a_rule_fits_where_every_condition_does(match: Match, *, fits: bool) -> None:
    """Without case; anywhere, unless a pattern says where."""
    read = mail(subject="Imprimante en panne", Cc="Luc <luc@ecole.test>", X_Site="Mons")
    assert rules.matches(match, read) is fits


def test_for_each_field_the_first_rule_wins() -> None:
    """And a category brings the team and priority that are left open."""
    desk = policy(
        rules=(
            Rule(match=Match(subject="VPN"), team="réseau"),
            Rule(match=Match(subject="imprim"), category="incident"),
            Rule(match=Match(), team="autre", category="demande", scope="matériel"),
        ),
        categories=(Category(name="incident", team="atelier", priority="haute"),),
    )
    found = rules.suggestion(mail(), desk)
    assert (found.team, found.category, found.priority, found.scope) == (
        "autre",
        "incident",
        "haute",
        "matériel",
    )
    only = replace(desk, rules=desk.rules[:2])
    assert rules.suggestion(mail(), only).team == "atelier"
    assert rules.suggestion(mail(), policy()) == rules.Suggestion(
        team="desk", category="", priority="", scope=""
    )


# --- commands

AGENT = Agent(name="Anne", address=ANNE, language="fr")


def run(text: str, **ticket: Any) -> tuple[commands.Outcome, ...]:
    """The commands of a text, run by Anne on Jean's ticket."""
    return commands.run(parse_commands(text).commands, AGENT, state(**ticket), facts(), policy())


@pytest.mark.parametrize(
    "text", ["#prendre", "#PRENDRE", "#Take", "#prends", "#prise-en-charge", "＃prendre"]
)
def test_taking_in_charge(text: str) -> None:
    """The ticket is hers, its clocks stop, and she is told."""
    (outcome,) = run(text)
    taken, stopped = outcome.changes
    assert taken == TakeInCharge(agent=ANNE, at=NOON)
    assert stopped == StopClocks(at=NOON, by=ANNE, act="take")
    assert outcome.line.endswith("fait, ETNIC-1001 est pris en charge par Anne")


@pytest.mark.parametrize(
    "status", [Status.RESOLVED, Status.CLOSED, Status.MERGED, Status.SPAM, Status.OUT_OF_SCOPE]
)
def test_what_is_over_cannot_be_taken(status: Status) -> None:
    """Nothing changes, and the answer says why."""
    (outcome,) = run("#prendre", status=status)
    assert outcome.changes == ()
    assert status.value in outcome.line


def test_help_names_every_command() -> None:
    """In each language, from the same table that runs them."""
    (outcome,) = run("#aide")
    assert isinstance(outcome.changes[0], Note)
    for command in commands.COMMANDS:
        assert f"#{command.names[0]} / #{command.names[1]}" in outcome.line
        assert {language for language, _ in command.help} == {"fr", "nl", "de", "en"}
    assert len(set(map(commands.help_lines, ("fr", "nl", "de", "en")))) == 4


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("#prandre", "#prendre"),
        ("#tak", "#prendre"),
        ("#hlp", "#aide"),
        ("#xyzzy", ""),
        ("#prendre\n#prandre", "#prendre"),
    ],
)
def test_an_unknown_word_gets_the_closest_one(text: str, hint: str) -> None:
    """One sentence for each, none for those that are understood."""
    (line,) = commands.unknown(parse_commands(text).commands, "fr")
    assert "commande inconnue" in line
    assert ("vouliez-vous dire" in line) is bool(hint)
    assert hint in line


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en", "xx"])
def test_every_sentence_is_said_in_every_language(language: str) -> None:
    """English where nothing else is known."""
    values = {"number": "N", "agent": "A", "verb": "v", "status": "s", "hint": "", "name": "n"}
    for what in commands._SAID:
        assert "{" not in commands.said(what, language, **values)


# --- limits


@pytest.mark.parametrize(
    ("category", "team", "hours"),
    [("", "desk", 24), ("incident", "desk", 4), ("incident", "réseau", 4), ("", "réseau", 8), ("x", "x", 24)],
)
def test_the_limit_of_a_category_goes_before_its_team_s(category: str, team: str, hours: int) -> None:
    """Then the desk's own; near is a share of it."""
    desk = policy(
        categories=(Category(name="incident", limit=4 * HOUR),), teams=(Team(name="réseau", limit=8 * HOUR),)
    )
    found = sla.limits(NOON, desk, category=category, team=team)
    assert found.due_at == NOON + hours * HOUR
    assert found.near_at == NOON + hours * HOUR * 0.8


@pytest.mark.parametrize(
    ("hours", "was", "now"),
    [
        (0, Stage.RUNNING, Stage.RUNNING),
        (18.99, Stage.RUNNING, Stage.RUNNING),
        (19, Stage.RUNNING, Stage.NEAR),
        (23.99, Stage.RUNNING, Stage.NEAR),
        (24, Stage.RUNNING, Stage.BREACHED),
        (24, Stage.NEAR, Stage.BREACHED),
        (1, Stage.NEAR, Stage.NEAR),
        (1, Stage.BREACHED, Stage.BREACHED),
    ],
)
def test_a_clock_goes_forward_only(hours: float, was: Stage, now: Stage) -> None:
    """Also where the machine's time was set back."""
    stage = sla.stage(clock(stage=was), NOON + hours * HOUR)
    assert stage is now
    looks = {Stage.RUNNING: NOON + 19 * HOUR, Stage.NEAR: NOON + DAY, Stage.BREACHED: None}
    assert sla.next_look(clock(), stage) == looks[stage]


# --- marks

FILED, FLAG, NEAR, OVER = marks.FILED, marks.FLAGGED, marks.NEAR, marks.BREACHED
MARK = Mark(sighting_id=1, uid=1, stage=None, placed=(), offered=None)


@pytest.mark.parametrize(
    ("stage", "placed", "offered", "present", "keywords", "add", "remove"),
    [
        (None, (), None, (), True, {FILED}, set()),
        (None, (), None, (), False, set(), set()),
        (Stage.RUNNING, (FILED,), None, (), True, set(), set()),
        (Stage.NEAR, (FILED,), None, (), True, {FLAG, NEAR}, set()),
        (Stage.NEAR, (), None, (), False, {FLAG}, set()),
        (Stage.NEAR, (FILED,), None, (FLAG,), True, {NEAR}, set()),
        (Stage.NEAR, (FILED, FLAG, NEAR), Stage.NEAR, (), True, set(), set()),
        (Stage.BREACHED, (FILED, FLAG, NEAR), Stage.NEAR, (), True, {FLAG, NEAR, OVER}, set()),
        (Stage.BREACHED, (FILED, FLAG, NEAR), Stage.NEAR, (FLAG, NEAR), True, {OVER}, set()),
        (Stage.BREACHED, (FILED,), None, (), True, {FLAG, NEAR, OVER}, set()),
        (None, (FILED, FLAG, NEAR), Stage.NEAR, (), True, set(), {FLAG, NEAR}),
        (None, (FILED, NEAR), Stage.NEAR, (FLAG,), True, set(), {NEAR}),
        (None, (FLAG,), Stage.NEAR, (), False, set(), {FLAG}),
    ],
    ids=[
        "filed", "filed, no keywords", "running", "near", "near, no keywords", "near, a person's flag",
        "near, cleared by a person", "breached, cleared before", "breached", "breached at once", "acted",
        "acted, a person's flag", "acted, no keywords",
    ],
)  # fmt: skip
def test_a_copy_gets_what_its_stage_asks_and_loses_what_we_set(
    stage: Stage | None, placed: tuple[str, ...], offered: Stage | None, present: tuple[str, ...], *,
    keywords: bool, add: set[str], remove: set[str],
) -> None:  # fmt: skip
    """A person's own flags stay; what a person cleared comes back at the next stage only."""
    before = replace(MARK, stage=stage, placed=placed, offered=offered)
    found = marks.marking(before, frozenset(present), keywords=keywords)
    assert (set(found.add), set(found.remove)) == (add, remove)
    after = marks.marking(found.mark, frozenset((set(present) | add) - remove), keywords=keywords)
    assert (after.add, after.remove) == ((), ()), "settled once, settled"


def test_marks_are_looked_at_before_they_are_raised() -> None:
    """And only then: one FETCH for those alone."""
    assert marks.is_raised(replace(MARK, stage=Stage.NEAR))
    assert marks.is_raised(replace(MARK, stage=Stage.BREACHED, offered=Stage.NEAR))
    assert not marks.is_raised(replace(MARK, stage=Stage.NEAR, offered=Stage.BREACHED))
    assert not marks.is_raised(MARK)
    assert not marks.is_raised(replace(MARK, stage=Stage.RUNNING))


def test_near_is_a_share_of_the_limit() -> None:
    """The operator's share."""
    from maild.decide.policy import Sla

    found = sla.limits(NOON, policy(sla=Sla(limit=timedelta(hours=10), near=0.5)))
    assert (found.near_at, found.due_at) == (NOON + 5 * HOUR, NOON + 10 * HOUR)


@pytest.mark.parametrize(
    ("flags", "ours"),
    [
        (set(), ()),
        ({"\\Seen", FLAG}, ()),
        ({FILED}, (FILED,)),
        ({FILED, FLAG}, (FILED,)),
        ({FILED, NEAR, FLAG}, (FILED, NEAR, FLAG)),
        ({FILED, NEAR, OVER}, (FILED, NEAR, OVER)),
    ],
)
def test_marks_of_a_lost_state_are_known_for_ours(flags: set[str], ours: tuple[str, ...]) -> None:
    r"""``\Flagged`` is a person's, unless our own keyword stands beside it."""
    assert marks.left_before(frozenset(flags)) == ours
