"""A policy that looks back gets the past that training would have shown it, through loop, builder, replay and node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from policy_node_bench import Bench, FakeRobot
from policy_node_fakes import (
    KEYS,
    PARAMETERS,
    PERIOD_NS,
    START_NS,
    image,
    joint_state,
    oracle,
    pixels,
    robot,
    settings,
    spec,
    wave,
    write_bag,
    write_checkpoint,
)
from rclpy.lifecycle import TransitionCallbackReturn

from vita_dataset.errors import DataError
from vita_policy_node import observation_builder
from vita_policy_node.contract import check_contract
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.observation_sync import MatchedSet, ObservationSync
from vita_policy_node.plausibility import ImplausibleError
from vita_policy_node.replay import replay_bag
from vita_policy_node.serving import Serving, open_checkpoint
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_policy_node.streams import StreamLimit
from vita_train.policy.observation import ActionChunk, Observation

LAYOUT = check_contract(robot(), spec(), KEYS, settings())
HORIZON = 3
LIMIT_NS = 10 * PERIOD_NS


def matched(step: int, earlier: tuple[MatchedSet, ...] = ()) -> MatchedSet:
    stamp = START_NS + step * PERIOD_NS
    return MatchedSet(stamp, (image(stamp), image(stamp), joint_state(stamp, wave(step))), earlier)


class Watched:
    """A loop over a policy that notes the steps it was shown."""

    def __init__(self) -> None:
        self.seen: list[list[int]] = []
        self.loop = ControlLoop(LAYOUT, settings(), SimulatedWorker(self._predict, 0), 8, HORIZON)
        self.loop.start()

    def _predict(self, newest: MatchedSet) -> ActionChunk:
        stamps = [each.stamp_ns for each in (*newest.earlier, newest)]
        self.seen.append([round((stamp - START_NS) / PERIOD_NS) for stamp in stamps])
        return oracle([Observation(newest.stamp_ns, {}, np.zeros(3, np.float32))])

    def run(self, steps: range, past: int = 0) -> None:
        """``past``: camera frames that come between two ticks, besides the one at the tick."""
        for step in steps:
            for part in range(past, -1, -1):
                stamp = START_NS + step * PERIOD_NS - part * PERIOD_NS // (past + 1)
                for stream, message in enumerate((image(stamp), image(stamp), joint_state(stamp, wave(step)))):
                    self.loop.add_message(stream, message, stamp)
            self.loop.tick(START_NS + step * PERIOD_NS)


@pytest.mark.parametrize("past", [0, 2])
def test_the_past_fills_while_no_chunk_is_asked_for(past: int) -> None:
    watched = Watched()
    watched.run(range(30), past)
    first = round(-past / (past + 1))
    assert watched.seen[0] == [first, first, 0]
    assert len(watched.seen) > 2
    for steps in watched.seen[1:]:
        assert steps == [steps[-1] - 2, steps[-1] - 1, steps[-1]]


def test_a_reset_and_a_start_begin_without_a_past() -> None:
    watched = Watched()
    for begin in (watched.loop.discard, watched.loop.start):
        watched.run(range(20))
        watched.seen.clear()
        begin()
        watched.run(range(20, 22))
        assert watched.seen[0] == [19, 19, 20]
        watched.loop.forget()
        watched.run(range(22, 24))


def test_a_set_that_is_completed_late_takes_nothing_away() -> None:
    limits = (StreamLimit("camera", LIMIT_NS), StreamLimit("joint state", LIMIT_NS))
    sync = ObservationSync(limits, 2.5 * PERIOD_NS / 1e9, 30, 2, PERIOD_NS)
    for camera_step in (0, 1, 2):
        sync.add(0, image(START_NS + camera_step * PERIOD_NS), START_NS)
    # Each state takes the camera frame that is nearest of those left.
    for state_step, newest in ((1, 1), (1.9, 2), (2.1, 2)):
        stamp = START_NS + round(state_step * PERIOD_NS)
        sync.add(1, joint_state(stamp), stamp)
        assert sync.newest_set().stamp_ns == START_NS + newest * PERIOD_NS
    assert sync.matched_sets == 3
    assert [each.stamp_ns for each in sync.newest_set().earlier] == [START_NS + PERIOD_NS]


def test_no_picture_is_decoded_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    decode = observation_builder.decode_image

    def count(message: object, height: int, width: int) -> object:
        decoded.append(message.header.stamp.nanosec)
        return decode(message, height, width)

    monkeypatch.setattr(observation_builder, "decode_image", count)
    builder = ObservationBuilder(LAYOUT, settings())
    sets = [matched(step) for step in range(6)]
    for newest in range(2, 6):
        built = builder.build(replace(sets[newest], earlier=tuple(sets[newest - 2 : newest])))
        assert [observation.stamp_ns for observation in built] == [each.stamp_ns for each in sets[newest - 2 :][:3]]
        for observation in built:
            np.testing.assert_array_equal(observation.images[KEYS[1]], pixels(observation.stamp_ns))
    assert len(decoded) == 6 * 2


def test_a_past_that_repeats_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    only = matched(0)
    built = ObservationBuilder(LAYOUT, settings()).build(replace(only, earlier=(only, only)))
    assert built[0] is built[1] is built[2]


def test_a_blank_picture_of_the_past_refuses_too() -> None:
    blank = matched(0)
    blank.messages[0].data = bytes(len(blank.messages[0].data))
    builder = ObservationBuilder(LAYOUT, settings())
    for newest in (1, 2):
        with pytest.raises(ImplausibleError, match="camera 'front' sends blank pictures"):
            builder.build(matched(newest, (blank,)))
    assert len(builder.build(matched(3, (matched(2),)))) == 2


def test_the_replay_shows_the_steps_of_the_recording(tmp_path) -> None:
    seen = []

    def predict(observed: Sequence[Observation]) -> ActionChunk:
        seen.append([round((observation.stamp_ns - START_NS) / PERIOD_NS) for observation in observed])
        for observation, step in zip(observed, seen[-1], strict=True):
            np.testing.assert_allclose(observation.state, wave(step), atol=1e-6)
        return oracle(observed)

    replay_bag(write_bag(tmp_path / "bag", 20), LAYOUT, settings(), predict, 8, obs_horizon=HORIZON)
    assert seen == [[0, 0, 0], [6, 7, 8], [14, 15, 16]]


@pytest.fixture(scope="module")
def looks_back(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("looks_back"), obs_horizon=2, observer="small")


def test_a_checkpoint_is_served_the_observations_of_its_past(looks_back) -> None:
    serving: Serving = open_checkpoint({**PARAMETERS, "checkpoint": str(looks_back)})
    first, second = matched(0), matched(1)
    observations = [ObservationBuilder(LAYOUT, settings()).build(each)[0] for each in (first, second)]
    expected = serving.policy.predict_chunk(observations).actions
    np.testing.assert_array_equal(serving.predict(replace(second, earlier=(first,))).actions, expected)
    with pytest.raises(DataError, match="looks at 2 observations at once"):
        serving.predict(second)


def test_the_node_serves_it(make_node, looks_back, monkeypatch) -> None:
    looked_back: list[int] = []
    predict = Serving.predict

    def note(serving: Serving, newest: MatchedSet) -> ActionChunk:
        looked_back.append(len(newest.earlier))
        return predict(serving, newest)

    monkeypatch.setattr(Serving, "predict", note)
    bench = Bench(make_node(checkpoint=str(looks_back), autostart_policy=True), FakeRobot())
    assert bench.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert bench.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    bench.wait(lambda: bench.robot.commands, "a command")
    bench.close()
    assert set(looked_back) == {1}
