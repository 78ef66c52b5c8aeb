"""Charts that anybody can read: drawn for eyes, told for ears, and nothing in them but markup."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild import charts
from maild.charts import Caption

SVG = "{http://www.w3.org/2000/svg}"
CAPTION = Caption(id="one", title="Part <à temps>", told="Une barre & une autre")
counts = st.lists(st.integers(0, 10**6), min_size=3, max_size=3)


def all_three(numbers: list[int]) -> list[str]:
    """Each kind of chart, of some numbers."""
    labels = ["a", "b", "<c>"]
    return [
        charts.shares(CAPTION, [(label, min(n, 100)) for label, n in zip(labels, numbers, strict=True)], str),
        charts.stacked(CAPTION, labels, [("x", numbers), ("y", numbers[::-1])], "axis"),
        charts.dots(CAPTION, labels, [("x", numbers), ("y", numbers)], "axis"),
    ]


@settings(max_examples=12)
@given(counts)
def test_every_chart_is_markup_with_a_title_and_a_description(numbers: list[int]) -> None:
    """Sound XML, named for screen readers; no script, and no address but that of the name space."""
    for drawn in all_three(numbers):
        root = ET.fromstring(drawn)  # noqa: S314
        assert root.get("role") == "img"
        title, told = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert title is not None
        assert told is not None
        assert (root.get("aria-labelledby"), root.get("aria-describedby")) == (
            title.get("id"),
            told.get("id"),
        )
        assert (title.text, told.text) == (CAPTION.title, CAPTION.told)
        assert root.find(f".//{SVG}script") is None
        assert drawn.count("://") == drawn.count('xmlns="http://')


def test_nothing_to_draw_is_a_chart_too() -> None:
    """A month without a mail has its page."""
    for drawn in (charts.shares(CAPTION, [], str), *all_three([0, 0, 0])):
        assert ET.fromstring(drawn).get("role") == "img"  # noqa: S314


@pytest.mark.parametrize(("highest", "step"), [(1, 1), (5, 1), (6, 2), (11, 5), (1_000, 200)])
def test_there_are_no_half_mails(highest: int, step: int) -> None:
    """The axis has a few whole numbers."""
    steps = charts._steps(["a"], [("x", [highest])])
    assert steps[:2] == [0, step]
    assert steps[-1] >= highest
