"""An environment of others, seen through the keys of a policy."""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError, VitaError
from vita_train.environment_layout import Layout, Seen

if TYPE_CHECKING:
    import gymnasium

SUCCESS = ("is_success", "success")
"""Where ``info`` may say whether the goal is reached; the first that is there counts."""


@dataclass(frozen=True, eq=False)
class Step:
    """What an environment answers.

    Attributes:
        seen: the observation under the policy's keys.
        reward: of the step; 0 after a reset.
        ended: the episode is over, by its end or its time limit.
        success: whether the goal is reached, as the environment says it.
    """

    seen: Seen
    reward: float
    ended: bool
    success: bool


class TaskEnvironment:
    """One environment. Whatever goes wrong in it is a ``DataError`` that says where."""

    def __init__(self, env: gymnasium.Env[Any, Any], layout: Layout, name: str) -> None:
        """``open_environment`` is the way to get one."""
        self._env = env
        self._layout = layout
        self._name = name
        # The spaces were checked to be boxes of the action's shape.
        self._low, self._high = (np.asarray(getattr(env.action_space, end), np.float32) for end in ("low", "high"))
        self._seed, self._steps = 0, 0

    def reset(self, seed: int) -> Step:
        """Begin an episode; the same seed gives the same start.

        Raises:
            DataError: the environment fails.
        """
        return Step(self._reset(seed)[0], 0.0, ended=False, success=False)

    def step(self, action: NDArray[np.float32]) -> Step:
        """Do one step.

        Args:
            action: float32 [A], robot units; clipped to the range of the environment's action space.

        Raises:
            DataError: the environment fails, or at the end of the episode does not say whether it was a success.
        """
        self._steps += 1
        with foreign(self._name, f"in step {self._steps} of the episode with seed {self._seed}"):
            clipped = np.clip(action, self._low, self._high)
            observation, reward, terminated, truncated, info = self._env.step(clipped)
            if not math.isfinite(reward):
                raise DataError(f"its reward is {reward} and no finite number; mend it")
            step = Step(self._layout.read(observation), float(reward), bool(terminated or truncated), tells(info))
        if step.ended and not says(info):
            raise self._mute(info)
        return step

    def probe(self) -> None:
        """Begin an episode to see whether the environment runs and tells of success.

        Raises:
            DataError: it does not.
        """
        info = self._reset(0)[1]
        if not says(info):
            # Many tell only in a step. Zero is as good as what a policy says at the beginning of its training.
            with foreign(self._name, "in its first step"):
                info = self._env.step(np.clip(np.zeros_like(self._low), self._low, self._high))[4]
            if not says(info):
                raise self._mute(info)

    def close(self) -> None:
        """Free what it holds.

        Raises:
            DataError: the environment fails.
        """
        with foreign(self._name, "while closing"):
            self._env.close()

    def _reset(self, seed: int) -> tuple[Seen, Mapping[str, Any]]:
        self._seed, self._steps = seed, 0
        with foreign(self._name, f"at the start of the episode with seed {seed}"):
            observation, info = self._env.reset(seed=seed)
            return self._layout.read(observation), info

    def _mute(self, info: Mapping[str, Any]) -> DataError:
        return DataError(
            f"the environment '{self._name}' does not say whether an episode is a success: its info holds "
            f"{sorted(map(str, info)) or 'nothing'}; let it put is_success (true or false) there"
        )


def says(info: Mapping[str, Any]) -> bool:
    """Whether ``info`` tells of success or failure."""
    return any(key in info for key in SUCCESS)


def tells(info: Mapping[str, Any]) -> bool:
    """Whether ``info`` tells of success."""
    return next((bool(info[key]) for key in SUCCESS if key in info), False)


@contextmanager
def foreign(name: str, doing: str) -> Iterator[None]:
    """Around the code of an environment, which may raise anything.

    Raises:
        DataError: names the environment, what it was doing, and what it raised where.
    """
    try:
        yield
    except VitaError as error:
        raise DataError(f"the environment '{name}' failed {doing}: {error}") from error
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise DataError(
            f"the environment '{name}' failed {doing} ({type(error).__name__}: {error}, at {place.filename}:"
            f"{place.lineno}); mend the environment or its task.env_kwargs"
        ) from error
