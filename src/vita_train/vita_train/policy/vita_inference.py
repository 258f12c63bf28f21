"""The Python door under the names of the fork's guide: nested observations in, the actions to execute out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError, UsageError
from vita_train.policy.inference import load_policy
from vita_train.policy.observation import Observation
from vita_train.policy.observation_history import ObservationHistory

OVERSHOOT = 0.5 / 255
"""How far a pixel may lie outside [0, 1]: interpolation leaves it by a trace, while 0 to 255 is another scale."""


class VitaInference:
    """A policy that is told what the robot sees and asked what to do. One thread at a time.

    For programs of your own; the node goes another way, and **no safety gate is in this one.**

    Attributes:
        policy: what is served, with its settings, joint names and ``predict_chunk``.
    """

    def __init__(self, checkpoint_dir: str | Path, mixed_precision: str = "bf16", device: str = "cuda:0") -> None:
        """Loads a checkpoint and predicts a few times, so that the first real prediction is not the slow one.

        Args:
            checkpoint_dir: a session, its ``checkpoints`` folder or one checkpoint folder.
            mixed_precision: "bf16", "fp16" or "fp32" for the network's arithmetic on a GPU. The CPU computes in fp32.
            device: "cpu", "cuda" or "cuda:<n>".

        Raises:
            UsageError: an unknown precision or a device that is not there.
            DataError: no checkpoint, or one that cannot be served.
        """
        self.policy = load_policy(checkpoint_dir, device=device, precision=mixed_precision)
        self.policy.warm_up()
        self._period_ns = round(1e9 / self.policy.spec.fps)
        self._history = ObservationHistory[Observation](self.policy.config.obs_horizon, self._period_ns)
        self._updates = 0

    def update_obs(self, obs: Mapping[str, Any]) -> None:
        """Take over the newest observation, one step (1 / ``policy.spec.fps`` seconds) after the one before.

        A policy that looks back (``policy.config.obs_horizon`` above 1) needs one call for each step. Whatever was
        observed before is forgotten when the new observation is refused.

        Args:
            obs: ``{"observation": {"images": {<camera>: image}, "state": state}}``, or the same with dotted keys
                (``"observation.images.<camera>"``). An image is float32 [3, H, W] RGB in [0, 1] at the size of the
                checkpoint's DatasetSpec; it is brought to the nearest of 256 levels, as cameras deliver them, so
                uint8 / 255 comes through unchanged. The state is float32 [S], robot units. Other float types are
                converted; what the policy does not use is ignored.

        Raises:
            DataError: lists everything that does not fit: a camera or the state missing, of another shape or type,
                outside [0, 1] or not finite.
        """
        try:
            observation = self._read(obs)
        except BaseException:
            self.reset()
            raise
        self._history.push(observation)
        self._updates += 1

    def _read(self, obs: object) -> Observation:
        if not isinstance(obs, Mapping):
            raise DataError(
                f"an observation must be a mapping, but is {type(obs).__name__}; "
                "give {'observation': {'images': {<camera>: image}, 'state': state}}"
            )
        given = dict(_leaves(obs))
        problems: list[str] = []
        config, spec = self.policy.config, self.policy.spec
        images = {}
        for key in config.image_keys:
            camera = spec.camera(key)
            pixels = _floats(given, key, "observation.images", (3, camera.height, camera.width), problems)
            if pixels is not None and (pixels.min() < -OVERSHOOT or pixels.max() > 1 + OVERSHOOT):
                problems.append(f"'{key}' must lie in [0, 1], but reaches from {pixels.min():g} to {pixels.max():g}")
            elif pixels is not None:
                images[key] = _to_uint8(pixels)
        state = _floats(given, config.state_key, "observation", (config.state_dim,), problems)
        if problems or state is None:
            raise DataError(
                f"the observation does not fit the policy of '{self.policy.checkpoint}': {'; '.join(problems)}; "
                "give every camera as RGB float32 [3, H, W] in [0, 1] at the training set's size, and the state"
            )
        return Observation(self._updates * self._period_ns, images, state)

    def get_action(self) -> NDArray[np.float32]:
        """Predict what to do from the newest observation and those before it that the policy looks at.

        Returns:
            Float32 [action_horizon, A] in robot units, in the order of ``policy.spec.action.names``, one for each
            1 / ``policy.spec.fps`` seconds from the observation on. The same observation gives the same actions.

        Raises:
            UsageError: no observation since the beginning or the last reset.
        """
        observed = self._history.window()
        if not observed:
            raise UsageError("there is no observation to act on; call update_obs before get_action")
        chunk = self.policy.predict_chunk(observed)
        return chunk.actions[: self.policy.config.action_horizon].copy()

    def reset(self) -> None:
        """Forget what was observed: a new episode begins."""
        self._history.clear()


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested mappings under dotted names."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _floats(
    given: Mapping[str, Any], key: str, group: str, shape: tuple[int, ...], problems: list[str]
) -> NDArray[np.float32] | None:
    """A copy of the array under a key, None if it misfits. Training may have named it without the group, as "front"."""
    found = [name for name in (key, f"{group}.{key}") if name in given]
    if not found:
        problems.append(f"'{key}' is missing, present are {sorted(given)}")
        return None
    array = np.asarray(given[found[0]])
    if not np.issubdtype(array.dtype, np.floating) or array.shape != shape:
        problems.append(f"'{key}' must be float32 {list(shape)}, but is {array.dtype} {list(array.shape)}")
        return None
    with np.errstate(over="ignore"):
        copy = array.astype(np.float32)
    if not np.isfinite(copy).all():
        problems.append(f"'{key}' must be finite, but is not")
        return None
    return copy


def _to_uint8(pixels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Float [3, H, W] in [0, 1] to uint8 [H, W, 3]; the inverse of uint8 / 255."""
    levels = np.rint(pixels * 255).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))
