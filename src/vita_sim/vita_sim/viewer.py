"""A window on a simulation, where there is a display."""

from __future__ import annotations

import os
import sys
from typing import Protocol

from vita_dataset.errors import DataError
from vita_sim.simulation import Simulation


class Viewer(Protocol):
    """An open window."""

    def is_running(self) -> bool:
        """Whether nobody has closed it."""
        ...

    def sync(self) -> None:
        """Show the simulation as it is now."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


def open_viewer(simulation: Simulation) -> Viewer:
    """Open a window that looks at the simulation and never steps it.

    Raises:
        DataError: there is no display, or no window can be opened on it.
    """
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise DataError("viewer:=true needs a display, but neither DISPLAY nor WAYLAND_DISPLAY is set; leave it false")
    # Imported only here: without a display the import itself already complains.
    import mujoco.viewer

    try:
        # Its panels would step, reset and save; Tab brings them back.
        viewer: Viewer = mujoco.viewer.launch_passive(
            simulation.model, simulation.data, show_left_ui=False, show_right_ui=False
        )
    except Exception as error:  # GLFW's errors have no common class
        raise DataError(f"no window can be opened ({error}); check the display, or leave viewer false") from error
    return viewer
