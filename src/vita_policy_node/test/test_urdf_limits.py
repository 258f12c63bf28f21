from __future__ import annotations

from dataclasses import replace

import pytest
from policy_node_fakes import robot

from vita_dataset.errors import DataError
from vita_policy_node.urdf_limits import within_urdf

JOINT = '<joint name="{}" type="{}"><parent link="a"/>{}</joint>'


def urdf(j1: str = '<limit lower="-1.5" upper="9" velocity="2"/>', j2_type: str = "continuous") -> str:
    joints = JOINT.format("j1", "revolute", j1) + JOINT.format("j2", j2_type, "")
    grip = JOINT.format("grip", "prismatic", '<limit lower="0" upper="0.04"/>')
    return f'<?xml version="1.0"?><robot name="r">{joints}{grip}</robot>'


def test_the_narrower_range_counts_and_grippers_keep_theirs():
    (arm,) = within_urdf(robot(), urdf()).arms
    assert arm.position_min == (-1.5, -3.0, 0.0)
    assert arm.position_max == (3.0, 3.0, 1.0)
    assert replace(arm, position_min=(), position_max=()) == replace(robot().arms[0], position_min=(), position_max=())


def test_it_is_read_from_a_file_too(tmp_path):
    path = tmp_path / "arm.urdf"
    path.write_text(urdf(), encoding="utf-8")
    assert within_urdf(robot(), str(path)) == within_urdf(robot(), urdf())


def test_a_bound_that_is_left_out_is_0():
    (arm,) = within_urdf(robot(), urdf('<limit upper="1"/>')).arms
    assert (arm.position_min[0], arm.position_max[0]) == (0.0, 1.0)


def test_every_joint_that_does_not_fit_is_named():
    with pytest.raises(DataError) as caught:
        within_urdf(robot(), urdf('<limit lower="4" upper="5"/>', "fixed"))
    for words in ("'j1' of arm 'arm' has the range -3.0 to 3.0, in the URDF 4.0 to 5.0", "'j2' of arm 'arm' is not in"):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/nowhere.urdf", "cannot be read"),
        ("<robot", "cannot be read"),
        ("<sdf></sdf>", "begins with <sdf>"),
        (urdf('<limit lower="${-pi}" upper="1"/>'), "run xacro"),
        (urdf('<limit lower="nan" upper="1"/>'), "lower nan above upper"),
        (urdf('<limit lower="2" upper="1"/>'), "lower 2.0 above upper 1.0"),
    ],
)
def test_what_is_no_urdf_is_refused(text, words):
    with pytest.raises(DataError, match=r"joint 'j1'|URDF|text") as caught:
        within_urdf(robot(), text)
    assert words in str(caught.value)
