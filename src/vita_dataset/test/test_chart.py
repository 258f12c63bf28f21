"""The drawings hold what was given: within their frame, peaks kept, gaps left open."""

import html.parser
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vita_dataset.camera_watch import Stretch
from vita_dataset.chart import BOTTOM, LEFT, MOST_POINTS, RIGHT, TOP, curves, histogram, thinned, timeline


class Shapes(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, kind):
        return [attrs for _, attrs in self.found if attrs.get("class") == kind]


def points(text, kind):
    (path,) = Shapes(text).of(kind)
    return re.findall(r"([ML])([-\d.]+) ([-\d.]+)", path["d"])


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 2000), seed=st.integers(0, 99), bad=st.integers(0, 5))
def test_curves_stay_small_and_keep_their_peaks(count, seed, bad):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=count).astype(np.float32)
    kept = thinned(values)
    assert len(kept) <= MOST_POINTS
    assert values[kept].min() == values.min()
    assert values[kept].max() == values.max()
    assert {0, count - 1} <= set(kept.tolist())
    values[rng.integers(0, count, bad)] = np.nan
    drawn = curves("x", np.arange(count) / 30.0, {"state": values, "action": values}, -6.0, 6.0)
    for kind in ("state", "action"):
        for _, x, y in points(drawn, kind):
            assert LEFT <= float(x) <= RIGHT
            assert TOP <= float(y) <= BOTTOM


def test_gaps_are_left_open_and_a_flat_line_is_drawn():
    drawn = curves("a <b>", np.arange(4.0), {"state": np.array([1.0, np.nan, 1.0, 1.0])}, 1.0, 1.0)
    assert [pen for pen, _, _ in points(drawn, "state")] == ["M", "M", "L"]
    assert 'aria-label="a &lt;b&gt;"' in drawn


@pytest.mark.parametrize("lengths", [[40], [40, 40], [5, 700, 30], list(range(100))])
def test_a_histogram_shows_all(lengths):
    bars = Shapes(histogram("lengths", lengths, "steps")).of("bar")
    heights = [float(bar["height"]) for bar in bars]
    assert max(heights) == pytest.approx(BOTTOM - TOP, abs=0.1)
    assert all(LEFT <= float(bar["x"]) <= RIGHT for bar in bars)


def test_stretches_lie_where_they_are():
    (mark,) = Shapes(timeline("x", 200, {"black": [Stretch(0, 50, 99)], "frozen": []})).of("black")
    assert (float(mark["x"]), float(mark["width"])) == (250.0, 250.0)
