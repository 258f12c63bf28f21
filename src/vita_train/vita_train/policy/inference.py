"""A checkpoint in service: what the robot sees in, one chunk of actions out, both in robot units."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vita_dataset.errors import DataError, UsageError
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import FeatureStats, Stats
from vita_train.policy.checkpoint import Checkpoint, load_checkpoint
from vita_train.policy.config import VitaConfig
from vita_train.policy.observation import ActionChunk, Observation
from vita_train.policy.serving import ServingPolicy

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
WARM_UP_RUNS = 3

_log = logging.getLogger(__name__)


class ServedPolicy:
    """A policy that predicts. One thread at a time; deterministic on one machine.

    Attributes:
        config: settings of the policy.
        spec: the dataset that it was trained on.
        stats: statistics of that dataset.
        start_pose: of the states in which its training episodes begin; None when the checkpoint does not say.
        step: optimizer steps that it was trained for.
        checkpoint: the folder it came from.
        device: where it runs.
        precision: "fp32", "bf16" or "fp16".
    """

    def __init__(self, checkpoint: Checkpoint, device: torch.device, precision: str) -> None:
        """Takes a loaded checkpoint to the device. ``load_policy`` is the way to get one from a path."""
        self.config: VitaConfig = checkpoint.config
        self.spec: DatasetSpec = checkpoint.spec
        self.stats: Stats = checkpoint.stats
        self.start_pose: FeatureStats | None = checkpoint.start_pose
        self.step: int = checkpoint.step
        self.checkpoint: Path = checkpoint.path
        self.device = device
        self.precision = precision
        self._policy = ServingPolicy(checkpoint.build_policy(), device, PRECISIONS[precision])
        self._period_ns = round(1e9 / checkpoint.spec.fps)
        self._shapes = {
            key: (camera.height, camera.width, camera.channels)
            for key in self.config.image_keys
            for camera in [checkpoint.spec.camera(key)]
        }

    def predict_chunk(self, observation: Observation | Sequence[Observation]) -> ActionChunk:
        """Predict the actions that follow what was observed.

        Args:
            observation: ``config.obs_horizon`` observations, the oldest first, each one step after the one before
                (``ObservationHistory`` chooses them); alone where the policy looks at one. Each holds every image that
                the policy uses, at the size of the spec; further images are ignored.

        Returns:
            ``config.pred_horizon`` actions, stamped with the newest observation's time. They may be wrong or not
            finite; the last gate before the robot is elsewhere.

        Raises:
            DataError: another number of observations, or lists everything that does not fit in one: images or state
                missing, of another shape or type, or a state that is not finite.
        """
        observed = (observation,) if isinstance(observation, Observation) else tuple(observation)
        self._check_all(observed)
        start_ns = time.perf_counter_ns()
        images = {key: self._tensor([each.images[key] for each in observed]) for key in self.config.image_keys}
        state = self._tensor([each.state for each in observed])
        with torch.inference_mode(), self._autocast():
            actions = self._policy.predict(images, state)[0].cpu().numpy()
        return ActionChunk(
            stamp_ns=observed[-1].stamp_ns,
            period_ns=self._period_ns,
            actions=actions,
            names=self.spec.action.names or (),
            inference_ns=time.perf_counter_ns() - start_ns,
        )

    def warm_up(self) -> None:
        """Predict from black images a few times, so that the first real prediction is not the slow one."""
        images = {key: np.zeros(shape, np.uint8) for key, shape in self._shapes.items()}
        state = np.zeros(self.config.state_dim, np.float32)
        for _ in range(WARM_UP_RUNS):
            self.predict_chunk([Observation(0, images, state)] * self.config.obs_horizon)

    def _tensor(self, arrays: Sequence[NDArray[np.generic]]) -> Tensor:
        """Arrays of all observations as [1, O, ...] on the device."""
        # A copy: arrays that view a message are read-only, which torch does not know.
        return torch.from_numpy(np.stack(arrays)[None]).to(self.device)

    def _autocast(self) -> contextlib.AbstractContextManager[object]:
        if self.precision == "fp32":
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, PRECISIONS[self.precision])

    def _check_all(self, observed: Sequence[Observation]) -> None:
        wanted = self.config.obs_horizon
        if len(observed) != wanted:
            raise DataError(
                f"the policy of '{self.checkpoint}' looks at {wanted} observation{'s' * (wanted > 1)} at once "
                f"(policy.obs_horizon), but got {len(observed)}; give as many, the oldest first, as "
                "ObservationHistory chooses them"
            )
        # A history repeats its oldest one where it does not go back far enough.
        for observation in {id(each): each for each in observed}.values():
            self._check(observation)

    def _check(self, observation: Observation) -> None:
        problems: list[str] = []
        for key, shape in self._shapes.items():
            image = observation.images.get(key)
            if image is None:
                problems.append(f"image '{key}' is missing, present are {sorted(observation.images)}")
            elif image.dtype != np.uint8 or image.shape != shape:
                problems.append(f"image '{key}' must be uint8 {list(shape)}, but is {image.dtype} {list(image.shape)}")
        state = observation.state
        if state.dtype != np.float32 or state.shape != (self.config.state_dim,):
            problems.append(
                f"the state must be float32 [{self.config.state_dim}], but is {state.dtype} {list(state.shape)}"
            )
        elif not np.isfinite(state).all():
            problems.append(f"the state must be finite, but is {state.tolist()}")
        if problems:
            raise DataError(
                f"the observation does not fit the policy of '{self.checkpoint}': {'; '.join(problems)}; "
                "compare the robot file with the checkpoint's config.json"
            )


def load_policy(
    path: str | Path, device: str = "cpu", precision: str = "fp32", config_yaml: str | Path | None = None
) -> ServedPolicy:
    """Load a checkpoint for prediction.

    Args:
        path: a session, its ``checkpoints`` folder or one checkpoint folder; ours or written by the published code.
        device: "cpu", "cuda" or "cuda:<n>".
        precision: "fp32", or "bf16" or "fp16" for the network's arithmetic on a GPU. The CPU computes in fp32.
        config_yaml: see ``load_checkpoint``.

    Raises:
        UsageError: an unknown precision or a device that is not there.
        DataError: see ``load_checkpoint``.
    """
    if precision not in PRECISIONS:
        raise UsageError(f"precision '{precision}' is not known; choose one of {list(PRECISIONS)}")
    target = _device(device)
    if target.type == "cpu" and precision != "fp32":
        _log.warning("precision %s is for a GPU; the CPU computes in fp32", precision)
        precision = "fp32"
    return ServedPolicy(load_checkpoint(path, config_yaml), target, precision)


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"device '{name}' is not known; choose cpu, cuda or cuda:<n>") from error
    available = device.type == "cpu" or (
        device.type == "cuda" and torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    )
    if not available:
        raise UsageError(f"device '{name}' is not available on this computer; choose cpu or a GPU that it has")
    return device
