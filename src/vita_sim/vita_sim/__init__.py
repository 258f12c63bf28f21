"""A simulated arm in MuJoCo that speaks the topics of the real one.

Importing it registers ``vita_sim/Lift-v0`` and ``vita_sim/Bar-v0`` for ``gymnasium.make``. MuJoCo reads MUJOCO_GL once,
when it is first imported, so the choice is made here, before any module can import it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import MutableMapping
from contextlib import suppress

import gymnasium

LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}


def _choose_gl(environment: MutableMapping[str, str]) -> None:
    """Render without a display by EGL, or by OSMesa where there is no EGL, unless the user or a display says else.

    Without the library importing MuJoCo fails, and tells nobody why. Disabled it does not, and ``Cameras`` can tell.
    """
    if "MUJOCO_GL" not in environment and not environment.get("DISPLAY"):
        environment["MUJOCO_GL"] = "egl" if _is_installed("EGL") else "osmesa"
    library = LIBRARIES.get(environment.get("MUJOCO_GL", "").strip().lower())
    if library is not None and not _is_installed(library):
        environment["MUJOCO_GL"] = "disable"


def _is_installed(library: str) -> bool:
    """Whether the linker finds it by one of the names that PyOpenGL tries."""
    for version in ("", *(f".{number}" for number in range(10))):
        with suppress(OSError):
            ctypes.CDLL(f"lib{library}.so{version}")
            return True
    return False


_choose_gl(os.environ)
gymnasium.register("vita_sim/Lift-v0", entry_point="vita_sim.env:make_env", kwargs={"scene": "lift"})
gymnasium.register("vita_sim/Bar-v0", entry_point="vita_sim.env:make_env", kwargs={"scene": "bar"})
