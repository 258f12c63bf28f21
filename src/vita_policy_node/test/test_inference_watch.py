from __future__ import annotations

from vita_policy_node.inference_watch import InferenceWatch

SECOND = 1_000_000_000


def test_a_prediction_that_takes_too_long_is_told():
    watch = InferenceWatch(2 * SECOND)
    assert watch.hang(100 * SECOND) == ""
    watch.asked(100 * SECOND)
    assert watch.hang(102 * SECOND) == ""
    assert "for more than 2 s and may hang" in watch.hang(102 * SECOND + 1)
    watch.answered()
    assert watch.hang(200 * SECOND) == ""


def test_nobody_watches_when_it_is_off():
    watch = InferenceWatch(0)
    watch.asked(0)
    assert watch.hang(10**18) == ""
