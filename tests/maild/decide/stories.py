"""Stories of tickets that were never told: who wrote, who acted, what waited, in the order it was noticed."""

from datetime import timedelta

from hypothesis import strategies as st

from maild.decide.policy import Sla
from maild.decide.sla import Acted, Happened, Stood, Wrote
from tests.maild.decide.cases import NOON, policy

SLAS = st.builds(
    Sla,
    limit=st.sampled_from([timedelta(hours=24), timedelta(hours=3), timedelta(days=9)]),
    clock=st.sampled_from(["wall", "desk"]),
    pause=st.sampled_from([(), ("next",)]),
)
POLICIES = st.builds(lambda chosen: policy(sla=chosen), SLAS)


@st.composite
def stories(draw: st.DrawFn) -> list[Happened]:
    """A mail, and what comes of it in the order in which it is noticed; acts come to light late, too."""
    now, told = NOON, list[Happened]([Wrote(at=NOON)])
    for kind in draw(st.lists(st.sampled_from("WWASSRP"), max_size=9)):
        now += timedelta(minutes=draw(st.integers(0, 3000)))
        late = timedelta(minutes=draw(st.integers(0, 3000) | st.just(0)))
        happened: dict[str, Happened] = {
            "W": Wrote(at=now), "A": Acted(at=max(NOON, now - late)), "P": Acted(at=now, presumed=True),
            "S": Stood(at=now, waits=True), "R": Stood(at=now, waits=False),
        }  # fmt: skip
        told.append(happened[kind])
    return told
