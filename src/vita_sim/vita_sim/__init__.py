"""A simulated arm in MuJoCo that speaks the topics of the real one.

MuJoCo reads MUJOCO_GL once, when it is first imported, so the choice is made here, before any module can import it.
"""

from __future__ import annotations

import ctypes.util
import os


def _choose_gl(environment: dict[str, str] | os._Environ[str]) -> None:
    """Render without a display by EGL, or by OSMesa where there is no EGL, unless the user or a display says else."""
    if "MUJOCO_GL" not in environment and not environment.get("DISPLAY"):
        environment["MUJOCO_GL"] = "egl" if ctypes.util.find_library("EGL") else "osmesa"


_choose_gl(os.environ)
