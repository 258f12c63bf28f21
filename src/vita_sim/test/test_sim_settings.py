from __future__ import annotations

import pytest

from vita_dataset.errors import DataError
from vita_sim.faults import FaultSettings
from vita_sim.sim_settings import CHANGEABLE, SETTINGS, read_sim_settings


def test_defaults_are_a_robot_without_faults():
    settings = read_sim_settings({})
    assert (settings.robot, settings.scene, settings.size) == ("", "lift", (240, 320))
    assert settings.faults == FaultSettings()


def test_faults_are_read_by_their_parameters_names():
    settings = read_sim_settings({"fault.camera": "front", "fault.camera_delay_s": 1, "fault.stuck_joint": "elbow"})
    assert settings.faults == FaultSettings("front", camera_delay_ns=10**9, stuck_joint="elbow")


def test_every_wrong_value_is_listed():
    with pytest.raises(DataError) as error:
        read_sim_settings({"seed": -1, "fault.camera_drop": 1.5, "viewer": "yes"})
    for words in ("'seed' must be between 0", "'fault.camera_drop' must be between 0 and 1", "'viewer' must be bool"):
        assert words in str(error.value)


def test_what_may_change_while_running_exists():
    assert {setting.name for setting in SETTINGS} > CHANGEABLE
    assert all(setting.description for setting in SETTINGS)
