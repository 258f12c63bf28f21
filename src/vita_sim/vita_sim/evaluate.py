"""Closed loop without ROS nodes: a simulated arm driven through the node's own control loop, tick by tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image, JointState

from vita_dataset.episode_video import EpisodeVideo
from vita_dataset.errors import UsageError
from vita_dataset.progress import Progress, no_progress
from vita_dataset.spec import DatasetSpec
from vita_policy_node.contract import Layout
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.observation_builder import ObservationBuilder
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_sim.env import Observation, VitaSimEnv
from vita_sim.messages import image_message, joint_state_messages
from vita_sim.render import DEFAULT_SIZE
from vita_sim.results import EpisodeResult, video_name

if TYPE_CHECKING:
    from vita_policy_node.serving import Serving  # imports torch, which the command line does only after its settings

START_NS = 1_000_000_000
"""The clock at the start of an episode: a stamp of 0 means "unset" in ROS."""

LATENCY_MS = 30.0
"""Assumed time of a prediction unless somebody says else. In the node a chunk never comes at the tick that asked for
it but at the next; without latency an evaluation would be a tick ahead of every node."""

Vector = NDArray[np.float64]


def control_loop(serving: Serving, latency_ns: int) -> ControlLoop:
    """A new control loop over a policy, which remembers nothing of the loops before.

    Args:
        serving: policy, settings and how they fit the robot.
        latency_ns: assumed time from request to chunk.
    """
    fresh = replace(serving, builder=ObservationBuilder(serving.layout, serving.settings))
    worker = SimulatedWorker(fresh.predict, latency_ns)
    config = serving.policy.config
    return ControlLoop(serving.layout, serving.settings, worker, config.action_horizon, config.obs_horizon)


@dataclass(frozen=True)
class Evaluation:
    """The episodes in the order of their seeds, and how long each prediction took, which depends on the machine."""

    results: tuple[EpisodeResult, ...]
    inference_ns: tuple[int, ...]


def run_evaluation(
    env: VitaSimEnv,
    make_loop: Callable[[], ControlLoop],
    seeds: Sequence[int],
    folder: Path,
    videos: int | None = None,
    on_progress: Progress = no_progress,
) -> Evaluation:
    """Run one episode for each seed.

    Args:
        env: the scene.
        make_loop: a new control loop over the policy; each episode has its own, so none depends on the one before.
        seeds: of the starts.
        folder: where films go.
        videos: how many of the first episodes to film; None films all.
        on_progress: called with (episodes done, episodes in all).
    """
    results: list[EpisodeResult] = []
    inference_ns: list[int] = []
    for index, seed in enumerate(seeds):
        name = video_name(seed) if videos is None or index < videos else None
        result, took_ns = run_episode(env, make_loop(), seed, folder, name)
        results.append(result)
        inference_ns += took_ns
        on_progress(index + 1, len(seeds))
    return Evaluation(tuple(results), tuple(inference_ns))


def run_episode(
    env: VitaSimEnv, loop: ControlLoop, seed: int, folder: Path, video: str | None = None
) -> tuple[EpisodeResult, list[int]]:
    """Run one episode: at each period the loop gets what the drivers would have sent, and is asked what to do.

    While it holds, the joints stay at their last target, as a trajectory controller keeps them.

    Args:
        env: the scene; it is reset.
        loop: a new one.
        seed: of the start.
        folder: where the film goes.
        video: the film's name in ``folder``; None films nothing.

    Returns:
        The result, and how long each prediction took [ns].
    """
    observation, _ = env.reset(seed=seed)
    target = env.simulation.positions()
    inference_ns: list[int] = []
    loop.start()
    with ExitStack() as stack:
        film = stack.enter_context(EpisodeVideo(folder / video, env.stage.rate_hz)) if video else None
        while not env.rules.is_over(env.elapsed_ns, env.simulation.succeeded_ns):
            now_ns = START_NS + env.elapsed_ns
            for stream, message in enumerate(_messages(env, observation, now_ns)):
                loop.add_message(stream, message, now_ns)
            tick = loop.tick(now_ns)
            if tick.chunk is not None:
                inference_ns.append(tick.chunk.inference_ns)
            if tick.command is not None:
                target = _in_robot_order(loop.layout, tick.command)
            if film is not None:
                film.add([observation[camera.key] for camera in env.stage.robot.cameras])
            observation, *_ = env.step(target)
    time_s = env.rules.time_to_success_s(env.simulation.succeeded_ns)
    counts = loop.counts
    result = EpisodeResult(
        seed=seed,
        success=time_s is not None,
        time_s=time_s,
        duration_s=env.elapsed_ns / 1e9,
        commands=counts.commands,
        limited=counts.limited,
        hits=dict(counts.hits),
        holds=dict(counts.holds),
        video=video,
        faults=dict(counts.faults),
    )
    return result, inference_ns


def source_size(spec: DatasetSpec) -> tuple[int, int]:
    """The size (height, width) [pixels] to render at, so that the policy's images come about as in its recordings.

    A dataset that was not resized tells it. One that was does not know what it was resized from: then it is what
    simulated cameras have unless somebody asks for another size.

    Raises:
        UsageError: the dataset's cameras differ in size, which simulated ones cannot.
    """
    if spec.resize is not None:
        return DEFAULT_SIZE
    sizes = {(camera.height, camera.width) for camera in spec.cameras}
    if len(sizes) != 1:
        raise UsageError(
            f"the checkpoint's cameras have the sizes {sorted(sizes)} (H x W), but simulated ones are all alike; "
            "choose one with --size H W"
        )
    return sizes.pop()


def _messages(env: VitaSimEnv, observation: Observation, now_ns: int) -> Iterator[Image | CompressedImage | JointState]:
    """One message of each stream, in the order of ``Layout.streams``."""
    robot = env.stage.robot
    for camera in robot.cameras:
        yield image_message(camera, observation[camera.key], now_ns)
    simulation = env.simulation
    yield from joint_state_messages(robot.arms, simulation.positions(), simulation.velocities(), now_ns).values()


def _in_robot_order(layout: Layout, command: Vector) -> Vector:
    """The policy may order its action otherwise than the robot file its joints."""
    return np.concatenate([command[list(output.indices)] for output in layout.arms])
