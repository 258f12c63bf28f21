"""The trivial policy that every other must beat: stay where you are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vita_dataset.zarr_store import ConvertedDataset
from vita_train.windows import Windows

MEASURED = "the pose measured at the observation"
COMMANDED = "the action recorded one step before the observation"


def held_poses(dataset: ConvertedDataset, windows: Windows) -> tuple[NDArray[np.float32], str]:
    """What each window's arm would be told if it were told to stay.

    The measured pose, where the state has every joint of the action by name. A recording that does not say so leaves
    the command that was in force; at an episode's first step, its first action.

    Returns:
        float32 [W, A] in robot units, and in words what it is.
    """
    spec = dataset.spec
    have, wanted = spec.state.names, spec.action.names
    if have is not None and wanted is not None and set(wanted) <= set(have):
        columns = [have.index(name) for name in wanted]
        return dataset.state[windows.starts][:, columns], MEASURED
    begins = np.concatenate(([0], dataset.episode_ends[:-1]))
    episode = np.searchsorted(dataset.episode_ends, windows.starts, side="right")
    return dataset.action[np.maximum(windows.starts - 1, begins[episode])], COMMANDED
