import numpy as np
import pytest

from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_reader import LeRobotDataset
from vita_dataset.sample import FRONT_KEY, LEAD_STEPS, WRIST_KEY, write_sample
from vita_dataset.sample_arm import CLOSED, NAMES, OPEN, demonstrate, skeleton, solve


def small(path, **changes):
    write_sample(path, **{"episodes": 2, "steps": 20, "size": (32, 48), **changes})
    return LeRobotDataset(path)


def test_the_same_arguments_give_the_same_dataset(tmp_path):
    one, two, other = (small(tmp_path / name, seed=seed, codec=None) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert one.fingerprint() == two.fingerprint() != other.fingerprint()
    assert one.spec.state.names == one.spec.action.names == NAMES
    assert [camera.key for camera in one.spec.cameras] == [FRONT_KEY, WRIST_KEY]


def test_more_episodes_keep_the_first(tmp_path):
    two, three = small(tmp_path / "a"), small(tmp_path / "b", episodes=3)
    np.testing.assert_array_equal(two.episode(1).table.state, three.episode(1).table.state)


def test_the_action_leads_the_state(tmp_path):
    table = small(tmp_path / "a", steps=60).episode(0).table
    follows = np.abs(table.state[LEAD_STEPS:] - table.action[:-LEAD_STEPS]).max()
    assert follows < 0.02 < np.abs(table.state - table.action).max()


def test_only_the_images_tell_where_the_target_is(tmp_path):
    dataset = small(tmp_path / "a", size=(96, 128), codec=None)
    first = [[next(dataset.episode(index).frames[key]()) for key in (FRONT_KEY, WRIST_KEY)] for index in (0, 1)]
    red = [[(image[..., 0] > 180) & (image[..., 1] < 90) for image in views] for views in first]
    for view in (0, 1):
        places = [np.argwhere(masks[view]).mean(0) for masks in red]
        assert all(masks[view].sum() >= 8 for masks in red)
        assert np.abs(places[0] - places[1]).max() > 2


@pytest.mark.parametrize("steps", [10, 93])
def test_a_demonstration_reaches_the_target_and_lifts_it(steps):
    for seed in range(20):
        shown = demonstrate(np.random.default_rng(seed), steps)
        tips = np.array([skeleton(joints)[-1] for joints in shown.plan])
        assert shown.plan.shape == (steps, 7)
        assert np.isfinite(shown.plan).all()
        np.testing.assert_allclose(tips[shown.grasped_at, :2], shown.target, atol=1e-6)
        assert tips[-1, 2] - tips[shown.grasped_at, 2] == pytest.approx(0.2)
        assert shown.plan[0, 6] == OPEN
        assert shown.plan[-1, 6] == pytest.approx(CLOSED)


def test_kinematics_are_inverse():
    rng = np.random.default_rng(0)
    for point in rng.uniform([0.3, -0.3, 0.0], [0.65, 0.3, 0.4], (50, 3)):
        np.testing.assert_allclose(skeleton(solve(*point, 0.3, OPEN))[-1], point, atol=1e-9)


@pytest.mark.parametrize(
    "wrong", [{"episodes": 0}, {"steps": 9}, {"seed": -1}, {"size": (31, 48)}, {"size": (32, 4096)}, {"codec": "x"}]
)
def test_arguments_out_of_range(tmp_path, wrong):
    with pytest.raises(UsageError):
        small(tmp_path / "a", **wrong)
    assert not (tmp_path / "a").exists()


def test_only_a_sample_is_replaced(tmp_path, record):
    small(tmp_path / "a")
    with pytest.raises(UsageError, match="--overwrite"):
        small(tmp_path / "a")
    small(tmp_path / "a", overwrite=True)
    with pytest.raises(DataError, match="something else"):
        small(record(), overwrite=True)
