"""The scenes as gymnasium environments: for evaluation, for training's validation, and for whoever has a policy.

``import vita_sim`` registers ``vita_sim/Lift-v0`` and ``vita_sim/Bar-v0`` for ``gymnasium.make``. No ROS is running.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from vita_dataset.episode_video import side_by_side
from vita_dataset.errors import UsageError
from vita_sim.episode import TIME_LIMIT_S, EpisodeRules
from vita_sim.render import DEFAULT_SIZE, Cameras
from vita_sim.simulation import Simulation
from vita_sim.stage import Stage, open_stage

STATE = "observation.state"

Observation = dict[str, Any]


class VitaSimEnv(gymnasium.Env[Observation, NDArray[Any]]):
    """One scene, stepped at the rate of its robot file.

    The observation holds each image under the key that the robot file gives its camera, uint8 [H, W, 3] RGB, and
    ``observation.state``, float32 [A]: measured angles [rad] and gripper ratios. The action [A] is where the joints
    shall be at the next step, same order and units. A step in which the goal is reached for the first time gives
    reward 1 and terminates; at the time limit the episode is truncated. The environment may be stepped on after its
    end, as a film of a success needs it. ``info`` has ``success`` and, once reached, ``time_s``, the time to it.

    Args:
        stage: scene and robot file, see ``make_env``.
        image_size: (height, width) of all images [pixels].
        time_limit_s: simulated time until truncation [s].
        render_mode: "rgb_array" lets ``render`` return the cameras side by side.
    """

    def __init__(
        self,
        stage: Stage,
        image_size: tuple[int, int] = DEFAULT_SIZE,
        time_limit_s: float = TIME_LIMIT_S,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise UsageError(f"render_mode must be 'rgb_array' or None, but is {render_mode!r}")
        self.stage = stage
        self.rules = EpisodeRules(time_limit_s)
        self.render_mode = render_mode
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": stage.rate_hz}
        self.simulation = Simulation(stage.scene)
        self._cameras = Cameras(self.simulation, image_size)
        self._steps = 0
        self._images: Observation = {}
        arms = stage.robot.arms
        low = np.array([limit for arm in arms for limit in arm.position_min], np.float32)
        high = np.array([limit for arm in arms for limit in arm.position_max], np.float32)
        self.action_space = spaces.Box(low, high, dtype=np.float32)
        self.observation_space = spaces.Dict(
            {
                **{camera.key: spaces.Box(0, 255, (*image_size, 3), np.uint8) for camera in stage.robot.cameras},
                STATE: spaces.Box(-np.inf, np.inf, low.shape, np.float32),
            }
        )

    @property
    def elapsed_ns(self) -> int:
        """Simulated time since the reset."""
        return self._steps * self.stage.period_ns

    def reset(
        self,
        *,
        seed: int | None = None,
        options: dict[str, Any] | None = None,  # noqa: ARG002  (gymnasium passes it)
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: 0 or more, decides the start; the same start as that of a demonstration or a run through the node
                with this seed. None draws one.
            options: none are known.
        """
        super().reset(seed=seed)
        self.simulation.reset(int(self.np_random.integers(2**31)) if seed is None else seed)
        self._steps = 0
        return self._observe(), self._info()

    def step(self, action: NDArray[Any]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Send the joints to ``action`` [A] within one period, and see where they are then."""
        before = self._info()["success"]
        self.simulation.command(np.asarray(action, dtype=np.float64), self.stage.period_ns)
        self._steps += 1
        self.simulation.advance_to(self.elapsed_ns)
        info = self._info()
        success = info["success"]
        truncated = not success and self.rules.is_over(self.elapsed_ns, None)
        return self._observe(), float(success and not before), success, truncated, info

    def render(self) -> NDArray[np.uint8] | None:
        """The cameras side by side at the last step, uint8 [H, W', 3] RGB; None unless asked for at construction."""
        return side_by_side(list(self._images.values())) if self.render_mode and self._images else None

    def close(self) -> None:
        """Free the GL context."""
        self._cameras.close()

    def _observe(self) -> Observation:
        self._images = {camera.key: self._cameras.image(camera.name) for camera in self.stage.robot.cameras}
        return {**self._images, STATE: self.simulation.positions().astype(np.float32)}

    def _info(self) -> dict[str, Any]:
        time_s = self.rules.time_to_success_s(self.simulation.succeeded_ns)
        return {"success": False} if time_s is None else {"success": True, "time_s": time_s}


def make_env(
    scene: str = "lift",
    robot: str = "",
    image_size: tuple[int, int] = DEFAULT_SIZE,
    fps: float | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    render_mode: str | None = None,
) -> VitaSimEnv:
    """An environment from plain arguments.

    Args:
        scene: "lift" or "bar".
        robot: robot file, by path or by its name in vita_bringup; empty for the scene's own.
        image_size: (height, width) of all images [pixels].
        fps: must equal the robot file's ``rate_hz`` [Hz], as training's configuration promises; None does not care.
        time_limit_s: simulated time until truncation [s].
        render_mode: None or "rgb_array".

    Raises:
        UsageError: an argument out of range, or no such scene or robot file.
        DataError: the robot file does not fit the scene, or the machine cannot render.
    """
    stage = open_stage(scene, robot)
    if fps is not None and abs(fps - stage.rate_hz) > 1e-3 * stage.rate_hz:
        raise UsageError(
            f"fps is {fps:g}, but robot file '{stage.robot_file}' has rate_hz {stage.rate_hz:g}; make them equal"
        )
    height, width = image_size
    return VitaSimEnv(stage, (height, width), time_limit_s, render_mode)
