"""How far predicted chunks lie from demonstrations that training did not see."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.comparison.plan import Plan
from vita_dataset.zarr_store import ConvertedDataset
from vita_train.policy.vita import VitaPolicy
from vita_train.validation import Validator

BATCH_SIZE = 64


@dataclass(frozen=True)
class ChunkError:
    """Mean absolute errors as a share of each joint's range, means over the joints that move.

    Attributes:
        executed: of the actions that are executed before the next chunk takes over.
        chunk: of all predicted actions.
        hold: of staying where the arm is, executed part; the least that a policy must beat.
    """

    executed: float
    chunk: float
    hold: float


def chunk_error(policy: VitaPolicy, plan: Plan, dataset: ConvertedDataset) -> ChunkError:
    """Predict from every observation of the held-out demonstrations."""
    held_out = range(plan.train_episodes, plan.episodes)
    found = Validator(dataset, policy.config, held_out, BATCH_SIZE).run(policy)
    assert found is not None
    validation, _ = found
    over_range = validation.joints.over_range
    return ChunkError(
        executed=over_range(validation.policy.executed),
        chunk=over_range(validation.policy.chunk),
        hold=over_range(validation.hold.executed),
    )
