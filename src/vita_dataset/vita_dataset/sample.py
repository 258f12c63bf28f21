"""A small dataset made from nothing: a drawn arm reaches for a target, grasps and lifts it.

The same arguments give the same dataset. It is easy enough for a policy to learn in a few hundred training steps,
and impossible to solve without looking: only the images tell where the target is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import EpisodeTable
from vita_dataset.errors import UsageError
from vita_dataset.lerobot_writer import LeRobotWriter, Recording
from vita_dataset.progress import Progress, no_progress
from vita_dataset.publish import publish
from vita_dataset.sample_arm import GRASP_HEIGHT_M, NAMES, Demonstration, demonstrate, skeleton
from vita_dataset.sample_view import TARGET_M, front_view, wrist_view
from vita_dataset.spec import CameraSpec, VectorSpec

FPS = 30.0
LEAD_STEPS = 6
"""The arm is where it was told to be 0.2 s ago, as a compliant controller lags. The more it lags, the less a policy
gets away with that repeats the measured pose."""
NOISE_RAD = 0.002
TASK = "grasp the red block and lift it"
ROBOT_TYPE = "ur12e_sample"
FRONT_KEY = "observation.images.image"
WRIST_KEY = "observation.images.wrist_right_image"

View = Callable[[NDArray[np.float64], NDArray[np.float64], float, int, int], NDArray[np.uint8]]
VIEWS: dict[str, View] = {FRONT_KEY: front_view, WRIST_KEY: wrist_view}


def write_sample(
    output: Path,
    *,
    episodes: int = 24,
    steps: int = 90,
    size: tuple[int, int] = (96, 128),
    seed: int = 0,
    codec: str | None = "h264",
    overwrite: bool = False,
    on_progress: Progress = no_progress,
) -> None:
    """Write a LeRobot v2.1 dataset of ``episodes`` demonstrations.

    Args:
        output: the folder to make.
        episodes: how many, at least 1.
        steps: of each episode, at least 10.
        size: (height, width) of both cameras, even, 32 to 2048.
        seed: chooses targets, starts and noise; each episode draws from its own stream.
        codec: video codec, None for embedded PNG images.
        overwrite: replace an earlier sample.
        on_progress: called with (episodes done, episodes in all).

    Raises:
        UsageError: an argument out of range, or ``output`` exists without ``overwrite``.
        DataError: ``output`` cannot be written, or holds something else than a LeRobot dataset.
    """
    if episodes < 1 or steps < 10 or seed < 0:
        raise UsageError(
            f"a sample needs at least 1 episode, 10 steps and a seed from 0, but {episodes}, {steps} and {seed} came"
        )
    if any(side % 2 or not 32 <= side <= 2048 for side in size):
        raise UsageError(f"--size must be two even numbers H W from 32 to 2048, but is {size[0]} {size[1]}")
    recording = Recording(
        fps=FPS,
        robot_type=ROBOT_TYPE,
        cameras=[CameraSpec(key, *size) for key in VIEWS],
        state=VectorSpec("observation.state", len(NAMES), NAMES),
        action=VectorSpec("action", len(NAMES), NAMES),
        codec=codec,
    )
    with publish(output, overwrite=overwrite, replaceable=_is_sample) as work:
        writer = LeRobotWriter(work, recording)
        for index in range(episodes):
            rng = np.random.default_rng([seed, index])
            shown = demonstrate(rng, steps + LEAD_STEPS)
            state = shown.plan[:steps] + rng.normal(0.0, NOISE_RAD, (steps, len(NAMES)))
            table = EpisodeTable(
                index,
                np.arange(steps) / FPS,
                state.astype(np.float32),
                shown.plan[LEAD_STEPS:].astype(np.float32),
                TASK,
            )
            writer.add_episode(table, {key: _film(view, shown, state, size) for key, view in VIEWS.items()})
            on_progress(index + 1, episodes)
        writer.finish()


def _film(
    view: View, shown: Demonstration, state: NDArray[np.float64], size: tuple[int, int]
) -> Iterator[NDArray[np.uint8]]:
    """One camera's frames: the arm at its measured pose, the target on the table or in the gripper."""
    for step, joints in enumerate(state):
        target = np.array([*shown.target, TARGET_M / 2])
        if step >= shown.grasped_at:
            target = skeleton(joints)[-1] + [0.0, 0.0, TARGET_M / 2 - GRASP_HEIGHT_M]
        yield view(joints, target, shown.yaw, *size)


def _is_sample(path: Path) -> bool:
    info = path / "meta" / "info.json"
    return info.is_file() and ROBOT_TYPE in info.read_text(encoding="utf-8", errors="replace")
