"""Any policy behind the call that the control loop makes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vita_dataset.spec import DatasetSpec
from vita_train.policy.config import VitaConfig
from vita_train.policy.observation import ActionChunk, Observation

Predict = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""Images and state of one sample to its chunk, as ``VitaPolicy.predict``."""


class Server:
    """What the control loop asks of ``vita_train.policy.inference.ServedPolicy``, for networks that are not VITA's too.

    Attributes:
        config: settings of the policy.
    """

    def __init__(self, config: VitaConfig, predict: Predict, spec: DatasetSpec) -> None:
        self.config = config
        self._predict = predict
        self._names = spec.action.names or ()
        self._period_ns = round(1e9 / spec.fps)

    @torch.inference_mode()
    def predict_chunk(self, observation: Observation | Sequence[Observation]) -> ActionChunk:
        """The chunk that follows an observation, or the newest of several."""
        observed = (observation,) if isinstance(observation, Observation) else tuple(observation)
        start_ns = time.perf_counter_ns()
        images = {key: _tensor([each.images[key] for each in observed]) for key in self.config.image_keys}
        actions = self._predict(images, _tensor([each.state for each in observed]))[0].numpy()
        took_ns = time.perf_counter_ns() - start_ns
        return ActionChunk(observed[-1].stamp_ns, self._period_ns, actions, self._names, took_ns)


def _tensor(arrays: Sequence[NDArray[np.generic]]) -> Tensor:
    """Arrays of all observations as [1, O, ...]."""
    return torch.from_numpy(np.stack(arrays)[None])
