"""Rules, commands, limits and marks: small judgements, each a table."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.decide import marks, rules, sla
from maild.decide.policy import Agent, Category, Match, Rule, Team
from storage.records import Mark, Stage
from tests.maild.decide.cases import HOUR, NOON, clock, mail, policy

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


@pytest.mark.parametrize(
    ("to", "cc", "category"),
    [
        ("demandes@etnic.test", "", "demande"),
        ("Demandes <DEMANDES@etnic.test>", "", "demande"),
        ("demandes+tag@etnic.test", "", "demande"),
        ("marc@x.test, support@etnic.test", "pannes@etnic.test", "incident"),
        ("pannes@etnic.test, demandes@etnic.test", "", "incident"),
        ("support@etnic.test", "", ""),
        ("demandes@autre.test", "", ""),
    ],
)
def test_an_address_stands_for_a_category(to: str, cc: str, category: str) -> None:
    """With its team and priority; where a rule names a category, that one counts."""
    listed = (
        Category(name="demande", team="atelier", aliases=frozenset({"demandes@etnic.test"})),
        Category(name="incident", team="atelier", aliases=frozenset({"pannes@etnic.test"})),
    )
    found = rules.suggestion(mail(to=to, Cc=cc), policy(categories=listed))
    assert (found.category, found.team) == (category, "atelier" if category else "desk")
    ruled = policy(categories=listed, rules=(Rule(match=Match(), category="autre"),))
    assert rules.suggestion(mail(to=to, Cc=cc), ruled).category == "autre"


WIDE = Rule(match=Match(subject="VPN"), team="réseau")


@pytest.mark.parametrize(
    ("wide", "narrow", "heard"),
    [
        (Match(subject="VPN"), Match(subject="vpn"), False),
        (Match(subject="VPN"), Match(subject="le VPN est lent"), False),
        (Match(subject="VPN"), Match(subject="VP"), True),
        (Match(subject="VPN"), Match(text="VPN"), True),
        (Match(subject="VPN"), Match(subject="VPN", from_="*@x.be"), False),
        (Match(subject="VPN", from_="*@x.be"), Match(subject="VPN"), True),
        (Match(from_="*@x.be"), Match(from_="support-*@x.be"), False),
        (Match(from_="*@x.be"), Match(from_="ana@x.be"), True),  # "ana@x.be.example" fits the second alone
        (Match(from_="*@x.be*"), Match(from_="ana@x.be"), False),
        (Match(from_="@x.be"), Match(from_="*@x.be"), False),
        (Match(from_="a?@x.be"), Match(from_="a*@x.be"), True),
        (Match(from_="[ab]*"), Match(from_="ab*"), True),  # not plain to see
        (Match(subject="[spam]"), Match(subject="[spam] offre"), False),
        (Match(header="X-Kind: bulk"), Match(header="x-kind: bulk mail"), False),
        (Match(header="X-Kind: bulk"), Match(header="X-Other: bulk"), True),
        (Match(), Match(attachment="*.pdf"), False),
        (Match(attachment="*.pdf"), Match(), True),
    ],
)
def test_a_rule_behind_a_wider_one_is_never_heard(wide: Match, narrow: Match, *, heard: bool) -> None:
    found = rules.unheard((Rule(match=wide, team="a"), Rule(match=narrow, team="b")))
    assert found == (() if heard else (rules.Unheard(number=2, behind=(1,)),))


def test_a_rule_that_says_more_than_those_before_it_is_heard() -> None:
    """For each field the first wins: only where all that it says is said before is nothing left to it."""
    sets_team, sets_scope = WIDE, replace(WIDE, team="", scope="matériel")
    both = replace(WIDE, scope="spam")
    assert rules.unheard((sets_team, both)) == ()
    assert rules.unheard((sets_team, sets_scope, both)) == (rules.Unheard(number=3, behind=(1, 2)),)
    assert rules.unheard((both, sets_team)) == (rules.Unheard(number=2, behind=(1,)),)


_PATTERNS = st.text("ab*?[]", max_size=5)


@given(wide=_PATTERNS, narrow=_PATTERNS, subject=st.text("ab[]", max_size=6))
def test_what_a_rule_is_said_to_leave_unheard_it_matches(wide: str, narrow: str, subject: str) -> None:
    """Of no rule is it said wrongly."""
    both = (Rule(match=Match(subject=wide), team="a"), Rule(match=Match(subject=narrow), team="b"))
    if rules.unheard(both) and rules.matches(both[1].match, mail(subject=subject)):
        assert rules.matches(both[0].match, mail(subject=subject))


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


# --- who is meant


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Paul Martin", ["p.martin"]),
        ("paul", ["p.martin", "p.dupont"]),
        ("PAUL  DUPONT", ["p.dupont"]),
        ("dupont paul", ["p.dupont"]),
        ("Helene", ["luc"]),
        ("luc@etnic.test", ["luc"]),
        ("luc", ["luc"]),
        ("P.Martin@etnic.test", ["p.martin"]),
        ("p.martin", ["p.martin"]),
        ("anne-marie", ["am"]),
        ("Marie", ["am"]),
        ("Pau", []),
        ("", []),
        (" ", []),
        ("etnic.test", []),
    ],
)
def test_agents_are_known_by_what_people_call_them(name: str, meant: list[str]) -> None:
    """The surest kind of name counts: what stands before an @ before a first name."""
    names = {
        "p.martin": "Paul Martin",
        "p.dupont": "Paul Dupont",
        "am": "Anne-Marie Petit",
        "luc": "Hélène Roy",
        "l.roy": "Luc Roy",
    }
    people = tuple(Agent(name=called, address=f"{local}@etnic.test") for local, called in names.items())
    assert [a.address.partition("@")[0] for a in policy(agents=people).called(name)] == meant
