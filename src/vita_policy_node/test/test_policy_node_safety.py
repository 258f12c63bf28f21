"""The operator's means with a real rclpy: the dead-man switch, and a start that is refused."""

from __future__ import annotations

from policy_node_bench import Bench, FakeRobot
from policy_node_fakes import write_checkpoint
from std_msgs.msg import Bool

from vita_msgs.msg import PolicyStatus


def test_motion_needs_the_dead_man_switch_and_a_refused_start_says_why(make_node, tmp_path, monkeypatch):
    checkpoint = write_checkpoint(tmp_path, observer="small")
    # A switch that counts for longer than a busy machine keeps its words waiting.
    node = make_node(checkpoint=str(checkpoint), dead_man_topic="/enable", dead_man_timeout_s=1.5)
    bench = Bench(node, FakeRobot())
    node.trigger_configure()
    node.trigger_activate()
    switch, word = bench.robot.create_publisher(Bool, "/enable", 1), Bool(data=True)

    with monkeypatch.context() as patch:
        patch.setattr(node._loop, "start_refusal", lambda _now_ns: "elbow at 2.0")
        answer = bench.call("start")
        assert (answer.success, answer.message) == (False, "elbow at 2.0")
        assert not node._loop.running

    assert bench.call("start").success
    bench.wait_for_state(PolicyStatus.HOLDING, "dead-man switch on '/enable' has sent nothing")
    assert not bench.robot.commands
    timer = bench.robot.create_timer(0.1, lambda: switch.publish(word))
    bench.wait_for_state(PolicyStatus.RUNNING)
    word.data = False
    bench.wait_for_state(PolicyStatus.HOLDING, "is released")
    word.data = True
    bench.wait_for_state(PolicyStatus.RUNNING)
    bench.robot.destroy_timer(timer)
    bench.wait_for_state(PolicyStatus.HOLDING, "has been silent for 1.5 s")
    bench.close()
