"""One episode of a policy in an environment, from its start to its outcome."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode_video import EpisodeVideo
from vita_dataset.errors import DataError
from vita_dataset.image import fit_image
from vita_dataset.spec import DatasetSpec
from vita_train.environment_layout import Seen
from vita_train.policy.config import VitaConfig
from vita_train.task_environment import Step

log = logging.getLogger(__name__)

MAX_STEPS = 10_000
"""An episode that lasts longer never ends."""

LAST_FRAME_S = 0.5
"""How long a film shows the last frame, so that a success can be seen."""


@dataclass(frozen=True)
class Outcome:
    """What came of an episode.

    Attributes:
        seed: what its start was drawn from.
        success: as the environment says at its end.
        max_reward: the largest of its steps.
        steps: that it lasted.
        video: the name of its film, None without.
    """

    seed: int
    success: bool
    max_reward: float
    steps: int
    video: str | None


class RunningEpisode:
    """Remembers what was seen, what is still to be done, and what is in the film."""

    def __init__(self, seed: int, config: VitaConfig, spec: DatasetSpec, film: Path | None) -> None:
        """Opens the film.

        Args:
            seed: of the start.
            config: of the policy.
            spec: of its dataset.
            film: the mp4 to write, None for none.
        """
        self._seed = seed
        self._config = config
        self._spec = spec
        self._path = film
        self._film = None if film is None else EpisodeVideo(film, spec.fps)
        self._history: deque[Seen] = deque(maxlen=config.obs_horizon)
        self._actions: deque[NDArray[np.float32]] = deque()
        self._max_reward = -np.inf
        self._steps = 0

    @property
    def needs_actions(self) -> bool:
        """Whether every action is carried out."""
        return not self._actions

    def begin(self, step: Step) -> None:
        """Take over the first observation."""
        # As in training, what lies before the first step looks like it.
        self._history.extend([step.seen] * self._config.obs_horizon)
        self._shoot(1)

    def inputs(self) -> Seen:
        """What the policy is to see, the oldest observation first.

        Returns:
            Each image key -> uint8 [O, H, W, 3] at the size of the dataset, the state key -> float32 [O, S].
        """
        key = self._config.state_key
        inputs: Seen = {key: np.stack([seen[key] for seen in self._history])}
        for camera in (self._spec.camera(image) for image in self._config.image_keys):
            images = [fit_image(seen[camera.key], camera.height, camera.width) for seen in self._history]
            inputs[camera.key] = np.stack(images)
        return inputs

    def plan(self, chunk: NDArray[np.float32]) -> None:
        """Carry out the first ``action_horizon`` actions of a chunk [T, A] next.

        Raises:
            DataError: one of them is no number.
        """
        actions = chunk[: self._config.action_horizon]
        if not np.isfinite(actions).all():
            raise DataError(
                f"the policy predicts actions that are not finite after step {self._steps} of the episode with seed "
                f"{self._seed}; look at the training's loss"
            )
        self._actions.extend(actions)

    def next_action(self) -> NDArray[np.float32]:
        """The action [A] to carry out now; it is done with."""
        return self._actions.popleft()

    def go_on(self, step: Step) -> None:
        """Take over what came of an action.

        Raises:
            DataError: the episode does not end.
        """
        self._history.append(step.seen)
        self._max_reward = max(self._max_reward, step.reward)
        self._steps += 1
        if self._steps >= MAX_STEPS and not step.ended:
            raise DataError(
                f"the episode with seed {self._seed} did not end within {MAX_STEPS} steps; give the environment a time "
                "limit, such as task.env_kwargs.max_episode_steps=300"
            )
        self._shoot(max(1, round(LAST_FRAME_S * self._spec.fps)) if step.ended else 1)

    def finish(self, step: Step) -> Outcome:
        """The outcome, given the last step; the film is closed."""
        video = self._path.name if self._path is not None and self.close_film() else None
        return Outcome(self._seed, step.success, float(self._max_reward), self._steps, video)

    def close_film(self) -> bool:
        """End the film, if there is one; False when it could not be written, which is said aloud."""
        film, self._film = self._film, None
        try:
            if film is not None:
                film.close()
        except (OSError, DataError) as error:
            log.error("the film of the episode with seed %d could not be written (%s)", self._seed, error)
            return False
        return True

    def _shoot(self, frames: int) -> None:
        if self._film is not None:
            for _ in range(frames):
                self._film.add([self._history[-1][key] for key in self._config.image_keys])
