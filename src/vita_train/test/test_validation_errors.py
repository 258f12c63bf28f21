from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vita_train.validation_errors import ChunkErrors, ErrorSum, JointScale, Validation


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**32), st.data())
def test_errors_are_the_plain_means_over_what_was_recorded_however_it_is_cut(windows, horizon, executed, seed, data):
    executed = min(executed, horizon)
    rng = np.random.default_rng(seed)
    predicted, recorded = rng.normal(size=(2, windows, horizon, 2)).astype(np.float32)
    lengths = rng.integers(1, horizon + 1, windows)
    is_pad = np.arange(horizon) >= lengths[:, None]
    total, cut = ErrorSum(2, executed), data.draw(st.integers(0, windows))
    for part in (slice(0, cut), slice(cut, windows)):
        total.add(predicted[part], recorded[part], is_pad[part])
    result = total.result()
    errors = np.abs(predicted.astype(float) - recorded)
    for joint in range(2):
        chunk = [errors[w, t, joint] for w in range(windows) for t in range(lengths[w])]
        first = [errors[w, t, joint] for w in range(windows) for t in range(min(lengths[w], executed))]
        assert result.chunk[joint] == pytest.approx(np.mean(chunk))
        assert result.executed[joint] == pytest.approx(np.mean(first))


def test_a_held_pose_is_compared_with_each_action():
    total = ErrorSum(1, 2)
    recorded = np.array([[[1.0], [2.0], [6.0]]], dtype=np.float32)
    total.add(np.zeros((1, 1, 1), np.float32), recorded, np.zeros((1, 3), bool))
    assert total.result().chunk.tolist() == [3.0]
    assert total.result().executed.tolist() == [1.5]


def test_joints_weigh_by_their_range_and_still_ones_not_at_all():
    mae = np.array([0.1, 0.1, 5.0])
    assert JointScale(("a", "b", "c"), np.array([1.0, 2.0, 0.0])).over_range(mae) == pytest.approx(0.075)
    assert JointScale(("a", "b", "c"), np.zeros(3)).over_range(mae) == pytest.approx(5.2 / 3)


def test_the_report_is_json_whatever_the_numbers():
    errors = ChunkErrors(np.array([np.nan, 1.0]), np.array([0.5, np.inf]))
    joints = JointScale(("a", "b"), np.array([1.0, 2.0]))
    validation = Validation((3,), 7, 4, joints, errors, errors, "still", {"loss": float("nan")})
    content = json.loads(json.dumps(validation.to_dict(), allow_nan=False))
    assert content["losses"] == {"loss": None}
    assert content["joints"][0]["policy_executed_mae"] == 0.5
    assert content["joints"][0]["policy_chunk_mae"] is None
    assert content["mae_over_range"]["policy"] == {"executed": None, "chunk": None}
    assert validation.metrics()["val/executed_mae/a"] == 0.5
