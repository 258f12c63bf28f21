"""The environments as training and ``evaluate`` of vita_train find them: by the names in the documentation."""

from __future__ import annotations

import numpy as np
import pytest

from vita_dataset.errors import DataError
from vita_train.environment_group import LocalGroup
from vita_train.environment_layout import Needs
from vita_train.environments import check_environment
from vita_train.online_settings import environment_settings

CAMERAS = ("observation.images.image", "observation.images.wrist_right_image")
LIFT = Needs(CAMERAS, "observation.state", 7, 7, 10.0)


def lift(**kwargs):
    return environment_settings("vita_sim", "vita_sim/Lift-v0", {"image_size": [32, 40], **kwargs})


def test_a_policy_can_act_in_it_until_the_time_limit():
    check_environment(lift(), LIFT)
    with LocalGroup(lift(time_limit_s=0.3), LIFT, range(1)) as group:
        step = group.do({0: 1_000_000})[0]
        assert step.seen[CAMERAS[1]].shape == (32, 40, 3)
        hold = step.seen["observation.state"]
        steps = [group.do({0: hold})[0] for _ in range(3)]
    assert [(step.ended, step.success) for step in steps] == [(False, False), (False, False), (True, False)]
    np.testing.assert_allclose(steps[-1].seen["observation.state"], hold, atol=0.02)


def test_a_policy_of_another_robot_is_refused_with_the_whole_list():
    with pytest.raises(DataError) as caught:
        check_environment(lift(), Needs(("observation.images.top",), "observation.state", 14, 14, 30.0))
    for words in ("no image 'observation.images.top'", "has the shape [7]", "float [14]", "10 steps per second"):
        assert words in str(caught.value)
