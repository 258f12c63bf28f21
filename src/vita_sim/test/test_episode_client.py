"""The client of both nodes against nodes that are slow, silent or broken, in a time of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, JointState
from std_srvs.srv import Trigger

from vita_dataset.errors import DataError
from vita_msgs.msg import PolicyStatus
from vita_msgs.srv import ResetSimulation
from vita_policy_node.conversions import to_time
from vita_sim import episode_client
from vita_sim.episode import EpisodeRules
from vita_sim.episode_client import EpisodeClient
from vita_sim.policy_counts import PolicyCounts
from vita_sim.stage import open_stage

SPIN_NS = 100_000_000


class World:
    """Stands in for node, executor and wall clock: each spin takes 0.1 s and brings a message on every topic."""

    context = None

    def __init__(self) -> None:
        self.wall_ns, self.simulated_ns, self.factor = 0, 10**9, 1.0
        self.listeners: dict[str, Callable[[Any], None]] = {}
        self.depths: dict[str, int] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []

    def create_client(self, _kind: type, name: str) -> Any:
        def answer(_request: Any) -> Future[Any]:
            self.asked.append(name)
            future: Future[Any] = Future()
            kind = ResetSimulation if name.endswith("reset") else Trigger
            future.set_result(kind.Response(success=True))
            return future

        return SimpleNamespace(service_is_ready=lambda: True, call_async=answer, srv_name=name)

    def create_subscription(self, _kind: type, topic: str, listener: Callable[[Any], None], qos: Any) -> str:
        self.listeners[topic], self.depths[topic] = listener, getattr(qos, "depth", qos)
        return topic

    def destroy_subscription(self, topic: str) -> None:
        del self.listeners[topic]

    def add_node(self, _node: Any) -> None: ...

    def shutdown(self) -> None: ...

    def spin_once(self, timeout_sec: float) -> None:
        assert timeout_sec > 0
        self.wall_ns += SPIN_NS
        assert self.wall_ns < 10**13, "it waits for ever"
        self.simulated_ns += round(self.factor * SPIN_NS)
        for topic, listener in tuple(self.listeners.items()):
            if topic in self.silent:
                continue
            stamp = to_time(self.simulated_ns)
            if topic == "/clock":
                listener(Clock(clock=stamp))
            elif topic.endswith(("camera_info", "joint_states")):
                message = CameraInfo() if topic.endswith("info") else JointState()
                message.header.stamp = stamp
                listener(message)


@pytest.fixture
def world(monkeypatch) -> World:
    made = World()
    monkeypatch.setattr(episode_client, "SingleThreadedExecutor", lambda context: made)  # noqa: ARG005
    monkeypatch.setattr(episode_client, "time", SimpleNamespace(monotonic=lambda: made.wall_ns / 1e9))
    return made


@pytest.fixture
def client(world: World) -> EpisodeClient:
    return EpisodeClient(world, open_stage("lift"), EpisodeRules())


def test_slow_simulated_time_is_no_reason_to_give_up(world, client):
    world.factor = 0.01
    client.reset(0)
    assert world.asked == ["/sim_robot/reset"]
    assert world.wall_ns > episode_client.PATIENCE_S * 1e9
    assert set(world.listeners) == {
        "/clock",
        "/sim_robot/success",
        "/vita_policy/status",
        "/diagnostics",
        "/vita_policy/action_chunk",
    }


def test_what_stays_silent_after_a_reset_is_named(world, client):
    world.silent = {"/right_arm/joint_states"}
    with pytest.raises(DataError, match=r"no new message came on \['/right_arm/joint_states'\] after the reset"):
        client.reset(0)


def test_a_clock_that_stops_ends_the_waiting(world, client):
    world.spin_once(0.1)
    world.factor, world.silent = 0.0, {"/clock"}
    with pytest.raises(DataError, match="/clock stands still for 20 s; is '/sim_robot' running"):
        client.reset(0)


def test_the_policy_stops_before_its_film_is_closed_which_may_take_a_while(world, client, tmp_path, monkeypatch):
    class Film:
        def __init__(self, *_: Any) -> None: ...

        def has_begun(self) -> bool:
            return True

        def run_to(self, _time_ns: int) -> None: ...

        def take(self, *_: Any) -> None: ...

        def __enter__(self) -> Film:
            return self

        def __exit__(self, *_: Any) -> None:
            world.asked.append("closed")

    monkeypatch.setattr(episode_client, "Film", Film)
    monkeypatch.setattr(client, "_final_counts", lambda: (PolicyStatus(commands=7), PolicyCounts("IDLE", {}, {}, {})))
    assert client.run(0, tmp_path / "film.mp4").commands == 7
    assert world.asked[-2:] == ["/vita_policy/stop", "closed"]


def test_closing_stops_only_what_may_still_run(world, client):
    client.ask("start")
    client.ask("stop")
    client.close()
    assert world.asked == ["/vita_policy/start", "/vita_policy/stop"]
    client.ask("start")
    client.close()
    assert world.asked[-2:] == ["/vita_policy/start", "/vita_policy/stop"]


def test_a_policy_that_stops_as_soon_as_it_was_started_ends_the_episode(world, client):
    tell, spin = world.listeners["/vita_policy/status"], world.spin_once

    def spin_once(timeout_sec: float) -> None:
        spin(timeout_sec)
        if world.asked[-1] == "/vita_policy/start":
            for state, reason in ((PolicyStatus.HOLDING, ""), (PolicyStatus.IDLE, "internal error")):
                tell(PolicyStatus(state=state, reason=reason))

    world.spin_once = spin_once
    with pytest.raises(DataError, match="the policy stopped during the episode: internal error"):
        client.run(0)
    # Both words were said between two spins: a queue of one would have lost the first.
    assert world.depths["/vita_policy/status"] > 1


def test_who_is_asked_to_end_ends_between_two_messages(world):
    asked: list[int] = []
    client = EpisodeClient(world, open_stage("lift"), EpisodeRules(), lambda: bool(asked))
    asked.append(15)
    with pytest.raises(KeyboardInterrupt):
        client.reset(1)
