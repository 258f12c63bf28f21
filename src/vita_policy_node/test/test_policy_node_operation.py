"""Operating the running node: switch, dry run, exchange of the checkpoint, and the action that runs the policy."""

from __future__ import annotations

from typing import Any

from action_msgs.msg import GoalStatus
from policy_node_bench import Bench, FakeRobot
from policy_node_fakes import spec, write_checkpoint
from rclpy.action import ActionClient
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import JointState
from std_srvs.srv import SetBool

from vita_dataset.spec import CameraSpec
from vita_msgs.action import RunPolicy
from vita_msgs.msg import PolicyStatus
from vita_msgs.srv import LoadCheckpoint
from vita_policy_node import checkpoint_loader
from vita_policy_node.control_loop import PolicyState, Tick
from vita_policy_node.observation_builder import ObservationBuilder

SUCCESS = TransitionCallbackReturn.SUCCESS


def test_a_dry_run_previews_every_command_and_sends_none(make_node, checkpoint):
    node = make_node(checkpoint=str(checkpoint), dry_run=True)
    bench = Bench(node, FakeRobot())
    assert node.trigger_configure() == SUCCESS
    assert node.trigger_activate() == SUCCESS
    previews: list[JointState] = []
    bench.robot.create_subscription(JointState, "/vita_policy/preview", previews.append, 10)
    bench.wait_for_state(PolicyStatus.IDLE, "dry run, no arm is commanded: active")
    assert bench.call("start").success
    bench.wait(lambda: len(previews) >= 5, "5 previews")
    bench.wait_for_state(PolicyStatus.RUNNING, "dry run, no arm is commanded")
    assert list(previews[0].name) == ["j1", "j2", "grip"]
    assert node.count_publishers("/arm/joint_trajectory") == 0
    assert not bench.robot.commands
    bench.close()


def test_the_switch_and_the_exchange_of_the_checkpoint(bench, tmp_path, monkeypatch):
    def enable(data: bool) -> SetBool.Response:
        return bench.ask(SetBool, "set_enabled", SetBool.Request(data=data))

    def load(path: object) -> LoadCheckpoint.Response:
        return bench.ask(LoadCheckpoint, "load_checkpoint", LoadCheckpoint.Request(path=str(path)))

    first = bench.node.serving.policy.checkpoint
    assert enable(True).success
    assert enable(True).success
    bench.wait_for_state(PolicyStatus.RUNNING)
    answer = load(tmp_path)
    assert (answer.success, answer.message, answer.step) == (False, "the policy is running; stop it first", 10)
    assert enable(False).success
    assert enable(False).success
    bench.wait_for_state(PolicyStatus.IDLE, "stopped by the operator")

    answer = load(tmp_path / "nowhere")
    assert not answer.success
    assert "the checkpoint in use stays" in answer.message
    other = write_checkpoint(tmp_path / "other", spec(cameras=(CameraSpec("observation.images.other", 32, 40),)))
    assert "observation.images.other" in load(other).message
    with monkeypatch.context() as patch:

        def crash(_parameters: object) -> None:
            raise RuntimeError("out of memory")

        patch.setattr(checkpoint_loader, "open_checkpoint", crash)
        assert load(first).message == "internal error, see the log"
    assert bench.node.serving.policy.checkpoint == first

    faster = write_checkpoint(tmp_path / "faster")
    assert load(faster).success
    bench.wait(lambda: bench.robot.statuses[-1].checkpoint == str(faster), "the new checkpoint in the status")
    assert bench.node.get_parameter("checkpoint").value == str(faster)
    sent = len(bench.robot.commands)
    assert enable(True).success
    bench.wait(lambda: len(bench.robot.commands) > sent, "commands of the new checkpoint")


class Runner:
    """A client of the action."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.feedback = bench, []
        self._client = ActionClient(bench.robot, RunPolicy, "/vita_policy/run_policy")
        bench.wait(self._client.server_is_ready, "the action")

    def send(self, seconds: float) -> Any:
        goal = RunPolicy.Goal(max_duration_s=seconds)
        sent = self._client.send_goal_async(goal, lambda message: self.feedback.append(message.feedback))
        return self.bench.result(sent, "the answer to the goal")

    def end(self, handle: Any) -> tuple[int, RunPolicy.Result]:
        """Goal status and result."""
        answer = self.bench.result(handle.get_result_async(), "the result")
        return answer.status, answer.result


def test_a_run_ends_by_its_time_a_cancel_a_stop_or_a_fault_and_says_which(bench, monkeypatch):
    runner = Runner(bench)
    status, result = runner.end(runner.send(-1.0))
    assert (status, result.termination) == (GoalStatus.STATUS_ABORTED, RunPolicy.Result.FAILED)
    assert "0 or more" in result.message

    status, result = runner.end(runner.send(1.0))
    assert (status, result.termination) == (GoalStatus.STATUS_SUCCEEDED, RunPolicy.Result.DURATION_REACHED)
    assert result.duration_s >= 1.0
    bench.wait(lambda: runner.feedback, "feedback")
    assert runner.feedback[-1].elapsed_s > 0
    bench.wait_for_state(PolicyStatus.IDLE, "longest time")

    handle = runner.send(0.0)
    bench.wait_for_state(PolicyStatus.RUNNING)
    assert not runner.send(0.0).accepted
    bench.result(handle.cancel_goal_async(), "the cancel")
    status, result = runner.end(handle)
    assert (status, result.termination) == (GoalStatus.STATUS_CANCELED, RunPolicy.Result.CANCELLED)
    assert result.commands > 0
    bench.wait_for_state(PolicyStatus.IDLE, "cancelled")

    handle = runner.send(0.0)
    assert bench.call("stop").success
    status, result = runner.end(handle)
    assert (status, result.termination) == (GoalStatus.STATUS_ABORTED, RunPolicy.Result.STOPPED_BY_OPERATOR)

    def crash(*_arguments: object) -> None:
        raise RuntimeError("device lost")

    with monkeypatch.context() as patch:
        patch.setattr(ObservationBuilder, "build", crash)
        status, result = runner.end(runner.send(0.0))
    assert (status, result.termination) == (GoalStatus.STATUS_ABORTED, RunPolicy.Result.FAILED)
    assert "internal error" in result.message

    handle = runner.send(0.0)
    assert bench.node.trigger_deactivate() == SUCCESS
    status, result = runner.end(handle)
    assert (result.termination, result.message) == (RunPolicy.Result.STOPPED_BY_OPERATOR, "deactivated")
    status, result = runner.end(runner.send(0.0))
    assert (result.termination, "not active" in result.message) == (RunPolicy.Result.FAILED, True)
    assert bench.node.trigger_activate() == SUCCESS

    handle = runner.send(0.0)
    loop = bench.node._loop

    def end(_now_ns: int, _blocked: str) -> Tick:
        loop.stop("too old")
        return Tick(PolicyState.IDLE, "too old")

    monkeypatch.setattr(loop, "tick", end)
    status, result = runner.end(handle)
    assert (result.termination, result.message) == (RunPolicy.Result.STOPPED_BY_SAFETY, "too old")
