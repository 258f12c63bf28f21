"""The scenes: which arms and cameras there are, what they are called, where the arms start and what is to be done."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import UsageError
from vita_sim.bar_task import ARMS as BAR_ARMS
from vita_sim.bar_task import BarTask
from vita_sim.lift_task import LiftTask
from vita_sim.task import Task

JOINTS = (
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
)
GRIPPER = "gripper"
FINGER_TRAVEL_M = 0.04
"""How far each finger moves between open (ratio 1) and closed (ratio 0)."""

HOME = (-0.3247, -1.7715, 1.9887, 1.3536, -1.5708, -0.3247, 1.0)
"""The gripper open, pointing down, 0.26 m above the table [rad, ratio]."""

BAR_HOME = (
    *(-0.0095, -1.72, 1.9472, 1.3437, -1.5708, 1.5613, 1.0),
    *(3.1511, -1.4216, -1.9472, 1.7979, 1.5708, -1.5613, 1.0),
)
"""Both grippers open, pointing down, 0.26 m above the table and 0.34 m from each other [rad, ratio].

The left arm takes the other of its shoulder, elbow and wrist branches, so that the two stand like mirror images.
"""


@dataclass(frozen=True)
class Scene:
    """A model with what the policy calls its parts.

    Attributes:
        name: what the user calls it.
        model: the MJCF file in ``models/``.
        arms: the prefix of each arm in the model, in the policy's order.
        names: the policy's names of all joints [A], arm by arm, the gripper last in each.
        robot: the robot file in vita_bringup that fits it.
        cameras: the model's camera behind each camera of the robot file.
        home: where the arms start [A], six angles [rad] and the gripper ratio (1 = open) for each arm.
        task: places the objects and knows when they are where they should be.
        instruction: the task in words.
    """

    name: str
    model: str
    arms: tuple[str, ...]
    names: tuple[str, ...]
    robot: str
    cameras: dict[str, str]
    home: tuple[float, ...]
    task: Task
    instruction: str

    @property
    def model_path(self) -> str:
        """The path of the MJCF file."""
        return str(files("vita_sim") / "models" / self.model)

    @property
    def home_vector(self) -> NDArray[np.float64]:
        """``home`` as float64 [A]."""
        return np.array(self.home)


SCENES = {
    "lift": Scene(
        name="lift",
        model="lift.xml",
        arms=("right_",),
        names=(*JOINTS, GRIPPER),
        robot="ur12e_sim",
        cameras={"front": "front", "wrist_right": "right_wrist"},
        home=HOME,
        task=LiftTask(),
        instruction="lift the cube",
    ),
    "bar": Scene(
        name="bar",
        model="bar.xml",
        arms=BAR_ARMS,
        names=tuple(arm + name for arm in BAR_ARMS for name in (*JOINTS, GRIPPER)),
        robot="ur12e_dual_sim",
        cameras={"front": "front", "wrist_left": "left_wrist", "wrist_right": "right_wrist"},
        home=BAR_HOME,
        task=BarTask(),
        instruction="lift the bar with both arms",
    ),
}


def find_scene(name: str) -> Scene:
    """A scene by its name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in SCENES:
        raise UsageError(f"there is no scene '{name}'; choose one of {sorted(SCENES)}")
    return SCENES[name]
