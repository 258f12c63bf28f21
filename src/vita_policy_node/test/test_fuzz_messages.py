"""Nothing that any driver sends, in any order, crashes the loop or gets a command outside its limits.

``benchmarks/fuzz_node.py`` runs as many more sequences as one likes.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from fuzz_messages import STAMPS
from fuzz_sequence import CHUNKS, EVENTS, TABLES, Figures, run_sequence
from policy_node_fakes import START_NS, image, joint_state

from vita_dataset.errors import DataError
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.control_tick import MOST_REASONS, OTHER_REASONS, LoopCounts
from vita_policy_node.conversions import decode_image, joint_positions
from vita_policy_node.motion_limits import MotionLimits
from vita_policy_node.safety import SafetyGate
from vita_policy_node.streams import StreamRules

SEED = 1
COUNT = 200


def test_no_sequence_crashes_the_loop_or_gets_a_command_outside_its_limits():
    figures = _run_all(COUNT)
    # It proves nothing unless much is commanded and everything is drawn.
    assert figures.commands > figures.ticks / 8
    wanted = {f"{kind} {name}" for kind, table in TABLES.items() for name in (*table, "duplicated", "repeated")}
    wanted |= {f"{kind} stamp {name}" for kind in TABLES for name in STAMPS}
    wanted |= {f"event {event or 'none'}" for event in EVENTS} | {f"chunk {kind}" for kind in CHUNKS if kind != "never"}
    missing = sorted(wanted - set(figures.drawn))
    assert len(missing) <= len(wanted) // 10, missing
    rules = {"finite", "names", "position", "step", "velocity", "acceleration", "reach", "lag", "workspace"}
    assert rules <= set(figures.hits)


def _looser(**changes):
    """A gate that allows more than the robot file says."""
    init = SafetyGate.__init__

    def loose(self, limits, *rest):
        init(self, replace(limits, **{name: change(getattr(limits, name)) for name, change in changes.items()}), *rest)

    return SafetyGate, "__init__", loose


def _faster(motion: MotionLimits | None) -> MotionLimits | None:
    return motion and replace(motion, max_velocity=motion.max_velocity * 1.3)


def _more_sudden(motion: MotionLimits | None) -> MotionLimits | None:
    return motion and replace(motion, max_acceleration=motion.max_acceleration * 1.3)


def _never_stale(_self, _now_ns: int) -> tuple[str, ...]:
    return ()


def _deaf(_self, _reason: str) -> None:
    pass


@pytest.mark.parametrize(
    "sabotage",
    [
        _looser(max_step=lambda step: step * 1.2),
        _looser(position_max=lambda highest: highest + 0.1),
        _looser(motion=_faster),
        _looser(motion=_more_sudden),
        (StreamRules, "stale", _never_stale),
        (ControlLoop, "stop", _deaf),
    ],
    ids=["step", "position", "velocity", "acceleration", "stale", "stop"],
)
def test_the_oracle_notices_a_gate_that_is_broken(monkeypatch, sabotage):
    monkeypatch.setattr(*sabotage)
    with pytest.raises(AssertionError, match="fuzzed sequence"):
        _run_all(4 * COUNT)


def _run_all(count: int) -> Figures:
    figures = Figures()
    for number in range(count):
        run_sequence(SEED, number, figures)
    return figures


def test_what_a_message_says_never_makes_a_long_reason():
    names = tuple("x" * 1000 for _ in range(1000))
    with pytest.raises(DataError) as long_names:
        joint_positions(joint_state(START_NS, (0.0,) * 1000, names), ["j1"])
    with pytest.raises(DataError) as long_encoding:
        decode_image(image(START_NS, encoding="x" * 100_000), 32, 40)
    assert max(len(str(long_names.value)), len(str(long_encoding.value))) < 2000


def test_reasons_that_differ_with_every_message_do_not_pile_up():
    counts = LoopCounts()
    for number in range(10 * MOST_REASONS):
        counts.hold(f"a broken message number {number}")
        counts.hold("a broken message number 0")
    assert len(counts.holds) == MOST_REASONS + 1
    assert counts.holds["a broken message number 0"] == 10 * MOST_REASONS + 1
    assert counts.holds[OTHER_REASONS] == 9 * MOST_REASONS
    assert counts.holds.total() == 20 * MOST_REASONS
