"""Demonstrations by a scripted expert, written as a LeRobot dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_writer import LeRobotWriter, Recording
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import publish
from vita_dataset.spec import CameraSpec, VectorSpec
from vita_sim.bar_expert import BarExpert
from vita_sim.lift_expert import LiftExpert
from vita_sim.noise import ExecutionNoise
from vita_sim.render import DEFAULT_SIZE, Cameras
from vita_sim.simulation import Simulation
from vita_sim.stage import Stage

RECORD = "vita_sim.json"
"""In meta/: how the demonstrations were made, with the seed of each episode."""
LONGEST_S = 10.0
AFTER_SUCCESS_S = 0.3
"""Recorded after success, so that a policy learns to stay."""
NOISE_MEMORY_S = 0.3
"""Time over which the disturbance keeps its direction."""
MOST_FAILURES = 0.5
"""An expert that fails more often than this is broken."""

Image = NDArray[np.uint8]


class Expert(Protocol):
    """Answers to the state of a simulation with a command."""

    def act(self) -> NDArray[np.float64]:
        """The next command [A]."""
        ...


EXPERTS: dict[str, Callable[[Simulation, float], Expert]] = {"lift": LiftExpert, "bar": BarExpert}


@dataclass(frozen=True, eq=False)
class Demonstration:
    """One episode of n steps.

    Attributes:
        seed: of the simulation's reset and of the disturbance.
        success: whether the goal was reached.
        state: float32 [n, A], measured.
        action: float32 [n, A], the expert's answer to that state, free of the disturbance.
        images: n images uint8 [H, W, 3] of each camera of the robot file.
    """

    seed: int
    success: bool
    state: NDArray[np.float32]
    action: NDArray[np.float32]
    images: dict[str, list[Image]]


@dataclass(frozen=True)
class Made:
    """What ``write_demonstrations`` wrote."""

    episodes: int
    steps: int
    skipped_seeds: tuple[int, ...]


def demonstrate(stage: Stage, simulation: Simulation, cameras: Cameras, seed: int, noise_rad: float) -> Demonstration:
    """One episode: the expert commands at the robot file's rate, and each joint angle is disturbed on the way.

    Args:
        stage: scene and robot file.
        simulation: of the same scene; it is reset.
        cameras: of that simulation.
        seed: decides the start and the disturbance.
        noise_rad: standard deviation of the disturbance of each joint angle [rad].
    """
    period_s = 1.0 / stage.rate_hz
    simulation.reset(seed)
    expert = EXPERTS[stage.scene.name](simulation, period_s)
    scale = np.where([name.endswith("gripper") for name in stage.scene.names], 0.0, noise_rad)
    noise = ExecutionNoise(scale, float(np.exp(-period_s / NOISE_MEMORY_S)), np.random.default_rng([seed, 1]))
    images: dict[str, list[Image]] = {camera.name: [] for camera in stage.robot.cameras}
    states: list[NDArray[np.float64]] = []
    actions: list[NDArray[np.float64]] = []
    end_ns = round(LONGEST_S * 1e9)
    while (begin_ns := len(states) * stage.period_ns) < end_ns:
        for name, taken in images.items():
            taken.append(cameras.image(name))
        action = expert.act()
        states.append(simulation.positions())
        actions.append(action)
        simulation.command(action + noise.step(), stage.period_ns)
        simulation.advance_to(begin_ns + stage.period_ns)
        if simulation.succeeded_ns is not None:
            end_ns = min(end_ns, simulation.succeeded_ns + round(AFTER_SUCCESS_S * 1e9))
    return Demonstration(seed, simulation.success, np.array(states, np.float32), np.array(actions, np.float32), images)


def write_demonstrations(
    stage: Stage,
    output: Path,
    *,
    episodes: int,
    size: tuple[int, int] = DEFAULT_SIZE,
    seed: int = 0,
    noise_rad: float = 0.003,
    codec: str | None = "h264",
    overwrite: bool = False,
    on_progress: Progress = no_progress,
) -> Made:
    """Write a LeRobot v2.1 dataset of successful demonstrations.

    Episodes take the seeds ``seed``, ``seed + 1`` and so on; one in which the expert fails is left out and its seed is
    noted.

    Args:
        stage: scene and robot file, whose keys, names and rate the dataset takes.
        output: the folder to make.
        episodes: how many, at least 1.
        size: (height, width) of all images, even [pixels].
        seed: of the first episode, 0 or more.
        noise_rad: standard deviation of the disturbance that the expert corrects [rad], 0 = none.
        codec: video codec, None for embedded PNG images.
        overwrite: replace earlier demonstrations.
        on_progress: called with (episodes done, episodes in all).

    Raises:
        UsageError: an argument out of range, or ``output`` exists without ``overwrite``.
        DataError: ``output`` cannot be written, or the expert fails too often.
    """
    if episodes < 1 or seed < 0 or not 0 <= noise_rad <= 0.1:
        raise UsageError(
            "demonstrations need at least 1 episode, a seed from 0 and noise from 0 to 0.1 rad, but "
            f"{episodes}, {seed} and {noise_rad} came"
        )
    if any(side % 2 or side < 32 for side in size):
        raise UsageError(f"--size must be two even numbers H W from 32, but is {size[0]} {size[1]}")
    names = stage.scene.names
    recording = Recording(
        fps=stage.rate_hz,
        robot_type=f"vita_sim_{stage.scene.name}",
        cameras=[CameraSpec(camera.key, *size) for camera in stage.robot.cameras],
        state=VectorSpec("observation.state", len(names), names),
        action=VectorSpec("action", len(names), names),
        codec=codec,
    )
    keys = {camera.name: camera.key for camera in stage.robot.cameras}
    simulation = Simulation(stage.scene)
    seeds: list[int] = []
    skipped: list[int] = []
    steps = 0
    with publish(output, overwrite=overwrite, replaceable=_is_ours) as work, Cameras(simulation, size) as cameras:
        writer = LeRobotWriter(work, recording)
        while len(seeds) < episodes:
            shown = demonstrate(stage, simulation, cameras, seed + len(seeds) + len(skipped), noise_rad)
            if not shown.success:
                skipped.append(shown.seed)
                if len(skipped) > 4 + MOST_FAILURES * (len(seeds) + len(skipped)):
                    raise DataError(
                        f"the expert failed in {len(skipped)} of {len(seeds) + len(skipped)} episodes; lower "
                        f"--noise-rad (now {noise_rad:g}) or raise rate_hz in the robot file (now {stage.rate_hz:g})"
                    )
                continue
            count = len(shown.state)
            stamps = np.arange(count) / stage.rate_hz
            table = EpisodeTable(len(seeds), stamps, shown.state, shown.action, stage.scene.instruction)
            writer.add_episode(table, {keys[name]: images for name, images in shown.images.items()})
            seeds.append(shown.seed)
            steps += count
            on_progress(len(seeds), episodes)
        writer.finish()
        record = {
            "scene": stage.scene.name,
            "rate_hz": stage.rate_hz,
            "noise_rad": noise_rad,
            "seeds": seeds,
            "skipped_seeds": skipped,
        }
        (work / "meta" / RECORD).write_text(json.dumps(record) + "\n", encoding="utf-8")
    return Made(episodes, steps, tuple(skipped))


def _is_ours(path: Path) -> bool:
    return (path / "meta" / RECORD).is_file()
