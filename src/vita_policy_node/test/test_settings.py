from __future__ import annotations

import pytest

from vita_dataset.errors import DataError
from vita_policy_node.settings import SETTINGS, read_settings


def test_defaults_and_units():
    settings = read_settings({"camera_timeout_s": 0.5, "arm.right.joints": ["a"]})
    assert settings.camera_timeout_ns == 500_000_000
    assert settings.limit_mode == "clamp"
    assert (settings.max_lag_steps, settings.stamp_commands, settings.command_prefix) == (15, False, "")
    assert settings.rate_hz == 0.0
    assert (settings.blank_spread, settings.frozen_move_rad, settings.stuck_ns) == (2.0, 0.1, 1_000_000_000)


def test_a_whole_number_passes_for_a_float_and_nothing_else_is_guessed():
    assert read_settings({"rate_hz": 30}).rate_hz == 30.0
    with pytest.raises(DataError) as error:
        read_settings({"rate_hz": "fast", "queue_size": 1, "limit_mode": "maybe", "autostart_policy": 1})
    for words in (
        "'rate_hz' must be float",
        "between 2 and 10000 messages",
        "one of ['clamp', 'hold']",
        "must be bool",
    ):
        assert words in str(error.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, True])
def test_no_rate_that_makes_no_sense(value):
    with pytest.raises(DataError, match="rate_hz"):
        read_settings({"rate_hz": value})


@pytest.mark.parametrize(("value", "good"), [(0.0, True), (0.1, False), (0.499, False), (0.5, True), (10.0, True)])
def test_a_joint_is_given_time_to_react_before_it_is_found_stuck(value, good):
    if good:
        assert read_settings({"stuck_s": value}).stuck_ns == round(value * 1e9)
    else:
        with pytest.raises(DataError, match="'stuck_s' must be 0 or at least"):
            read_settings({"stuck_s": value})


def test_every_setting_is_described():
    assert all(setting.description.endswith(".") for setting in SETTINGS)
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
