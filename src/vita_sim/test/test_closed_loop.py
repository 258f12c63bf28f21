"""The whole loop in motion: simulated robot, topics, policy node, commands. Only the network is scripted."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
import rclpy
from closed_loop_bench import ClosedLoop, assert_within_limits

from vita_dataset.video import decode_video
from vita_msgs.msg import PolicyStatus


@pytest.fixture(scope="module")
def loop() -> Iterator[ClosedLoop]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        rclpy.init(domain_id=random.randint(1, 230))
        made = ClosedLoop(monkeypatch)
        yield made
        made.close()
        rclpy.try_shutdown()


def test_the_arm_lifts_the_cube_through_the_real_topics(loop, tmp_path):
    loop.policy.plan(7)
    result = loop.do(lambda: loop.client.run(7, tmp_path / "film.mp4"))
    assert result.success
    assert 0 < result.time_s <= result.duration_s < 15.0
    assert result.commands > 60
    assert result.commands >= result.limited
    assert not result.faults
    assert loop.client.inference_ns
    assert set(loop.client.inference_ns) == {1_000_000}
    assert loop.client.size == (64, 80)
    assert loop.commands == result.commands
    assert_within_limits(loop)
    frames = list(decode_video(tmp_path / "film.mp4"))
    assert frames[0].shape == (64, 160, 3)
    assert len(frames) >= int(30 * result.duration_s)


HELD_NS = 700_000_000
SCENARIOS = {
    "a camera is unplugged": ({"camera": "front", "camera_drop": 1.0}, "camera 'front' is stale"),
    "a camera is late": ({"camera": "wrist_right", "camera_delay_s": 0.6}, "camera 'wrist_right' is stale"),
    "a camera freezes": ({"camera": "front", "camera_freeze": True}, "camera 'front' is frozen"),
    "a camera is black": ({"camera": "wrist_right", "camera_black": True}, "camera 'wrist_right' sends blank"),
    "joint states are lost": ({"joint_drop": 1.0}, "joint state '/right_arm/joint_states' is stale"),
    "joint states jump": ({"joint_jitter_rad": 0.2}, "jump further than the arm can move"),
    "a joint is stuck": ({"stuck_joint": "elbow_joint"}, "elbow_joint does not move although commanded"),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_fault_ends_in_a_hold_that_names_it(loop, name):
    faults, reason = SCENARIOS[name]
    loop.policy.plan(3)
    loop.set_faults()
    loop.do(lambda: loop.client.reset(3))
    before = loop.commands
    loop.do(lambda: loop.client.ask("start"))
    loop.wait(lambda: loop.commands >= before + 5, "five commands")
    loop.set_faults(**faults)
    loop.wait(lambda: loop.status.state == PolicyStatus.HOLDING and reason in loop.status.reason, f"a hold: {reason}")
    sent, end_ns = loop.commands, loop.now_ns + HELD_NS
    loop.wait(lambda: loop.now_ns >= end_ns, "some time with the fault")
    assert loop.status.state == PolicyStatus.HOLDING
    assert loop.commands == sent
    loop.set_faults()
    loop.do(lambda: loop.client.ask("stop"))
    assert_within_limits(loop)
