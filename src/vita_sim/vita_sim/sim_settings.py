"""The simulated robot's settings: one table that the node declares and the documentation lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vita_dataset.errors import DataError
from vita_policy_node.setting import Setting
from vita_policy_node.settings import convert_all
from vita_sim.faults import ALL, FaultSettings
from vita_sim.render import DEFAULT_SIZE

LARGEST_SEED = 2**62

FAULTS: tuple[Setting, ...] = (
    Setting("fault.camera", ALL, "The camera that the camera faults strike, by its name in the robot file, or all."),
    Setting("fault.camera_drop", 0.0, "Share of its pictures that never come; 1 = it is unplugged.", "", 0.0, 1.0),
    Setting("fault.camera_delay_s", 0.0, "How much later its pictures come, stamps unchanged.", "s", 0.0, 60.0),
    Setting("fault.camera_freeze", False, "It sends the same pixels again and again, with new stamps."),
    Setting("fault.camera_black", False, "It sends black pictures."),
    Setting("fault.joint_jitter_rad", 0.0, "Standard deviation of noise on each measured angle.", "rad", 0.0, 10.0),
    Setting("fault.joint_drop", 0.0, "Share of joint states that never come; 1 = the driver is silent.", "", 0.0, 1.0),
    Setting("fault.stuck_joint", "", "Policy name of a joint that stays where it is whatever is commanded."),
)

SETTINGS: tuple[Setting, ...] = (
    Setting("robot", "", "Robot file, or the name of one in vita_bringup/config; the scene's own by default."),
    Setting("scene", "lift", "What is simulated."),
    Setting("seed", 0, "Decides how the first episode begins.", "", 0, LARGEST_SEED),
    Setting("image_height", DEFAULT_SIZE[0], "Rows of all pictures.", "pixels", 16, 4096),
    Setting("image_width", DEFAULT_SIZE[1], "Columns of all pictures.", "pixels", 16, 4096),
    Setting("state_rate_hz", 125.0, "Joint states per second.", "Hz", 1.0, 500.0),
    Setting("camera_rate_hz", 0.0, "Pictures per second of a camera; 0 = the robot file's rate_hz.", "Hz", 0.0, 250.0),
    Setting("real_time_factor", 1.0, "Simulated seconds for each second of the wall clock.", "", 0.01, 100.0),
    Setting("viewer", False, "Show the scene in a window; needs a display."),
    *FAULTS,
)

CHANGEABLE = frozenset({"real_time_factor", *(fault.name for fault in FAULTS)})
"""The settings that may change while the node runs."""


@dataclass(frozen=True)
class SimSettings:
    """The values of ``SETTINGS``, in code's units. ``camera_rate_hz`` 0 means: the robot file's rate."""

    robot: str
    scene: str
    seed: int
    image_height: int
    image_width: int
    state_rate_hz: float
    camera_rate_hz: float
    real_time_factor: float
    viewer: bool
    faults: FaultSettings

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of all pictures."""
        return self.image_height, self.image_width


def checked(settings: Sequence[Setting], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each setting by name, its default where the parameters have none.

    Raises:
        DataError: lists every setting that has a wrong type or value.
    """
    values, problems = convert_all(settings, parameters)
    if problems:
        raise DataError("; ".join(problems))
    return values


def read_sim_settings(parameters: Mapping[str, Any]) -> SimSettings:
    """Settings from parameters; what is absent takes its default.

    Raises:
        DataError: lists every setting that has a wrong type or value.
    """
    values = checked(SETTINGS, parameters)
    faults = {fault.name.removeprefix("fault."): values.pop(fault.name) for fault in FAULTS}
    faults["camera_delay_ns"] = round(faults.pop("camera_delay_s") * 1e9)
    return SimSettings(**values, faults=FaultSettings(**faults))
