"""An environment for tests: importing this file registers ``toy/Reach-v0``.

A point in 3 dimensions goes where the action says, towards a goal at 1 in each; the goal is reached within 0.1.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

SIZE = (16, 16)
CAMERAS = ("observation.images.image", "observation.images.wrist_right_image")


class Reach(gymnasium.Env):
    """Args: what the words say; ``style`` = how the observation is laid out, ``trouble`` = what goes wrong when."""

    def __init__(
        self, length: int = 4, style: str = "own", fps: float | None = 10.0, trouble: str = "", state_dim: int = 3
    ) -> None:
        self.metadata = {} if fps is None else {"render_fps": fps}
        self.length, self.style, self.trouble = length, style, trouble
        self.action_space = spaces.Box(-2.0, 2.0, (3,), np.float32)
        self.state_dim = state_dim
        self.observation_space = self._dictionary(
            spaces.Box(0, 255, (*SIZE, 3), np.uint8), spaces.Box(-np.inf, np.inf, (state_dim,), np.float64), spaces.Dict
        )
        # One array for all observations, as some simulators have it: who keeps one must copy it.
        self.image = np.zeros((*SIZE, 3), np.uint8)
        self.closed = False

    def _dictionary(self, image: Any, state: Any, make: Any) -> Any:
        if self.style == "own":
            return make({**dict.fromkeys(CAMERAS, image), "observation.state": state})
        if self.style == "short":
            return make({"image": image, "wrist_right_image": image, "state": state})
        if self.style == "lerobot":
            return make({"pixels": make({"image": image, "wrist_right_image": image}), "agent_pos": state})
        return make({"camera": image, "joints": state})

    def _see(self) -> Any:
        self.image[:] = self.steps
        state = np.resize(self.point, self.state_dim)
        return self._dictionary(self.image, np.full(3, np.nan) if self.trouble == "nan" else state, dict)

    def reset(self, *, seed=None, options=None):  # noqa: ARG002  (gymnasium passes it)
        super().reset(seed=seed)
        if self.trouble == f"reset {seed}":
            raise RuntimeError("the scene is broken")
        self.seed, self.steps = seed, 0
        self.point = self.np_random.uniform(-0.5, 0.5, 3)
        return self._see(), {}

    def step(self, action):
        self.steps += 1
        if self.trouble == f"step {self.seed}":
            raise RuntimeError("the arm\nfell off")
        if self.trouble == f"die {self.seed}":
            os.kill(os.getpid(), signal.SIGKILL)
        assert self.action_space.contains(action)
        self.point = np.array(action, np.float64)
        success = bool(np.abs(self.point - 1).max() < 0.1)
        info = {} if self.trouble == "mute" else {"is_success": success}
        reward = np.inf if self.trouble == "reward" else -float(np.abs(self.point - 1).max())
        return self._see(), reward, success, self.steps >= self.length, info

    def close(self):
        assert not self.closed
        self.closed = True


def make_impossible(**_kwargs):
    raise ValueError("no such robot")


gymnasium.register("toy/Reach-v0", entry_point=Reach)
gymnasium.register("toy/Impossible-v0", entry_point=make_impossible)
