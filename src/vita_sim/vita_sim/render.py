"""Camera images of a simulation."""

from __future__ import annotations

import os
from types import TracebackType

import mujoco
import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError, UsageError
from vita_sim.simulation import Simulation

DEFAULT_SIZE = (240, 320)


class Cameras:
    """Renders the cameras of a scene at one size. Use it from one thread, and close it there.

    Args:
        simulation: whose scene is seen.
        size: (height, width) of every image [pixels].

    Raises:
        UsageError: the size is larger than the scene's buffer.
        DataError: the machine cannot render.
    """

    def __init__(self, simulation: Simulation, size: tuple[int, int] = DEFAULT_SIZE) -> None:
        largest = simulation.model.vis.global_
        if not (0 < size[0] <= largest.offheight and 0 < size[1] <= largest.offwidth):
            raise UsageError(
                f"images of {size[0]}x{size[1]} (H x W) cannot be rendered; ask for at most "
                f"{largest.offheight}x{largest.offwidth}"
            )
        self._simulation = simulation
        self.size = size
        try:
            self._renderer = mujoco.Renderer(simulation.model, *size)
        except Exception as error:  # the GL bindings raise ImportError, RuntimeError, AttributeError or their own
            raise DataError(
                f"MuJoCo cannot render with MUJOCO_GL={os.environ.get('MUJOCO_GL', 'glfw')} ({error}); install libegl1 "
                "and libegl-mesa0 and set MUJOCO_GL=egl, or libosmesa6 and MUJOCO_GL=osmesa; neither needs a display"
            ) from error

    def image(self, camera: str) -> NDArray[np.uint8]:
        """What a camera of the robot file sees now: uint8 [H, W, 3] RGB."""
        self._renderer.update_scene(self._simulation.data, camera=self._simulation.scene.cameras[camera])
        return np.array(self._renderer.render())

    def fovy_rad(self, camera: str) -> float:
        """The vertical field of view of a camera of the robot file [rad]."""
        name = self._simulation.scene.cameras[camera]
        return float(np.deg2rad(self._simulation.model.cam(name).fovy[0]))

    def close(self) -> None:
        """Free the GL context."""
        self._renderer.close()

    def __enter__(self) -> Cameras:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
