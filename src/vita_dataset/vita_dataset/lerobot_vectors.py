"""Which features of a LeRobot dataset are the measured and the commanded vector, whatever they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vita_dataset.errors import DataError
from vita_dataset.lerobot_features import Feature
from vita_dataset.lerobot_info import LeRobotInfo

STATE_NAMES = ("observation.state", "state")
ACTION_NAMES = ("action", "actions")
OBSERVATION = "observation."
BOOKKEEPING = {"timestamp", "frame_index", "episode_index", "index", "task_index"}


def action_feature(info: LeRobotInfo, note: Callable[[str], None]) -> Feature:
    """The commanded vector: by its usual name, else the only one with that name among the parts of its key.

    Args:
        info: the dataset's meta/info.json.
        note: takes a sentence where a name is not a usual one.

    Raises:
        DataError: there is none, more than one, or it has not one dimension.
    """
    vectors = _vectors(info)
    return _only("action", ACTION_NAMES, _by_name(vectors, ACTION_NAMES), vectors, info, note)


def state_feature(info: LeRobotInfo, action: Feature, note: Callable[[str], None]) -> Feature:
    """The measured vector: as the action, else the only vector that was observed.

    Args:
        info: the dataset's meta/info.json.
        action: the commanded vector, which is no state.
        note: takes a sentence where a name is not a usual one.

    Raises:
        DataError: there is none, more than one, or it has not one dimension.
    """
    vectors = {key: item for key, item in _vectors(info).items() if key != action.key}
    found = _by_name(vectors, STATE_NAMES) or [
        item for key, item in vectors.items() if key.startswith(OBSERVATION) and len(item.shape) == 1
    ]
    return _only("state", STATE_NAMES, found, vectors, info, note)


def _vectors(info: LeRobotInfo) -> dict[str, Feature]:
    """All features of numbers that the recorder did not add by itself."""
    return {
        item.key: item
        for item in info.features
        if not item.is_image and item.dtype != "string" and item.key not in BOOKKEEPING
    }


def _by_name(vectors: Mapping[str, Feature], names: tuple[str, ...]) -> list[Feature]:
    """By the usual name, else by the last part of the key, else by any part of it."""
    exact = [vectors[name] for name in names if name in vectors][:1]
    last = [item for key, item in vectors.items() if key.split(".")[-1] in names]
    return exact or last or [item for key, item in vectors.items() if set(key.split(".")) & set(names)]


def _only(
    kind: str,
    names: tuple[str, ...],
    found: list[Feature],
    vectors: Mapping[str, Feature],
    info: LeRobotInfo,
    note: Callable[[str], None],
) -> Feature:
    if len(found) != 1 or len(found[0].shape) != 1:
        shown = {key: list(item.shape) for key, item in vectors.items()}
        raise DataError(
            f"'{info.root / 'meta/info.json'}' has no single one-dimensional {kind} feature such as '{names[0]}', but "
            f"{shown}; rename one in meta/info.json and in the tables"
        )
    if found[0].key not in names:
        note(f"'{found[0].key}' was taken as the {kind}: no feature is called '{names[0]}', and no other is like it")
    return found[0]
