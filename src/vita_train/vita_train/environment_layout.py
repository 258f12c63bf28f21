"""Where the policy's inputs lie in an environment's observation, and what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_train.frame_rate import FPS_TOLERANCE

if TYPE_CHECKING:
    import gymnasium

    from vita_train.policy.config import VitaConfig  # imports torch, which the processes of environments do not need

IMAGES, OBSERVATION = "observation.images.", "observation."
PIXELS, AGENT_POS = "pixels", "agent_pos"
"""What LeRobot's environments call their images and their state."""

Seen = dict[str, NDArray[Any]]
"""One observation under the policy's keys: images uint8 [H, W, 3] RGB of any size, the state float32 [S]."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class Needs:
    """What a policy needs of an environment.

    Attributes:
        image_keys: cameras.
        state_key: the measured vector.
        state_dim: its elements.
        action_dim: elements of the action.
        fps: steps per second [Hz].
    """

    image_keys: tuple[str, ...]
    state_key: str
    state_dim: int
    action_dim: int
    fps: float

    @classmethod
    def of(cls, config: VitaConfig, fps: float) -> Needs:
        """Those of a policy whose dataset has ``fps`` steps per second [Hz]."""
        return cls(config.image_keys, config.state_key, config.state_dim, config.action_dim, fps)


@dataclass(frozen=True)
class Layout:
    """Where the policy's inputs lie: the keys that lead there through nested dictionaries.

    Attributes:
        images: of each camera, by the policy's key.
        state: of the measured vector.
        needs: of the policy.
    """

    images: Mapping[str, Path]
    state: Path
    needs: Needs

    def read(self, observation: Mapping[str, Any]) -> Seen:
        """The policy's inputs; copies, for an environment may write the next observation into the same arrays.

        Raises:
            DataError: they are not what the observation space promised.
        """
        seen: Seen = {key: np.array(_follow(observation, path)) for key, path in self.images.items()}
        state = np.array(_follow(observation, self.state), dtype=np.float32)
        if state.shape != (self.needs.state_dim,) or not np.isfinite(state).all():
            raise DataError(f"its state is {state.tolist()} and not {self.needs.state_dim} finite numbers; mend it")
        for key, image in seen.items():
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise DataError(f"its image '{key}' is {image.dtype} {list(image.shape)}, not uint8 [H, W, 3]; mend it")
        return {**seen, self.needs.state_key: state}


def find_layout(env: gymnasium.Env[Any, Any], needs: Needs) -> tuple[Layout, list[str]]:
    """Compare an environment with a policy.

    Args:
        env: any gymnasium environment.
        needs: of the policy.

    Returns:
        Where the inputs lie, and everything that does not fit; the former is of use only when the latter is empty.
    """
    problems: list[str] = []
    boxes = dict(_boxes(env.observation_space, ()))
    have = ", ".join(boxes) or f"no dictionary of arrays but {_brief(env.observation_space)}"
    images: dict[str, Path] = {}
    for key in needs.image_keys:
        found = next((name for name in _image_names(key, len(needs.image_keys) == 1) if name in boxes), None)
        if found is None:
            problems.append(f"its observation has no image '{key}', it has {have}")
            continue
        images[key], box = boxes[found]
        if len(box.shape) != 3 or box.shape[2] != 3 or box.dtype != np.uint8:
            problems.append(f"its '{found}' must be uint8 [H, W, 3], but is {box.dtype} {list(box.shape)}")
    state = next((name for name in _state_names(needs.state_key) if name in boxes), None)
    path: Path = ()
    if state is None:
        problems.append(f"its observation has no state '{needs.state_key}', it has {have}")
    else:
        path, box = boxes[state]
        if box.shape != (needs.state_dim,):
            problems.append(f"its '{state}' has the shape {list(box.shape)}, the policy's state [{needs.state_dim}]")
    shape = env.action_space.shape
    if shape != (needs.action_dim,) or not np.issubdtype(env.action_space.dtype or np.object_, np.floating):
        problems.append(f"its action is {_brief(env.action_space)}, the policy's float [{needs.action_dim}]")
    fps = env.metadata.get("render_fps")
    if fps is not None and abs(float(fps) - needs.fps) > FPS_TOLERANCE:
        problems.append(f"it has {float(fps):g} steps per second (metadata render_fps), the dataset {needs.fps:g}")
    return Layout(images, path, needs), problems


def _brief(space: Any) -> str:
    """A space without the bounds of each element."""
    return f"{space.dtype} {list(space.shape)}" if space.shape else str(space)


def _boxes(space: Any, path: Path) -> Iterator[tuple[str, tuple[Path, Any]]]:
    """Every array of nested dictionaries by its dotted name."""
    from gymnasium import spaces

    if isinstance(space, spaces.Dict):
        for key, part in space.items():
            yield from _boxes(part, (*path, str(key)))
    elif isinstance(space, spaces.Box) and path:
        yield ".".join(path), (path, space)


def _image_names(key: str, only_one: bool) -> list[str]:
    short = key.removeprefix(IMAGES)
    names = [key, short, key.removeprefix(OBSERVATION), f"{PIXELS}.{short}", f"{PIXELS}.{key.rpartition('.')[2]}"]
    return [*names, PIXELS] if only_one else names


def _state_names(key: str) -> list[str]:
    return [key, key.removeprefix(OBSERVATION), AGENT_POS]


def _follow(observation: Mapping[str, Any], path: Path) -> Any:
    value: Any = observation
    for key in path:
        value = value[key]
    return value
