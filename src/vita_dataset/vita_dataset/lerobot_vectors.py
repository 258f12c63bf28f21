"""Which features of a LeRobot dataset are the measured and the commanded vector, whatever they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from vita_dataset.errors import DataError, UsageError
from vita_dataset.lerobot_features import Feature

STATE_NAMES = ("observation.state", "state")
ACTION_NAMES = ("action", "actions")
OBSERVATION = "observation."
BOOKKEEPING = {"timestamp", "frame_index", "episode_index", "index", "task_index"}


def action_feature(
    features: Sequence[Feature], where: Path, note: Callable[[str], None], key: str | None = None
) -> Feature:
    """The commanded vector: by its usual name, else the only one with that name among the parts of its key.

    Args:
        features: of the dataset.
        where: the file that lists them, for messages.
        note: takes a sentence where a name is not a usual one.
        key: its name, where it was given.

    Raises:
        DataError: there is none, more than one, or it has not one dimension.
        UsageError: none of this name, or it has not one dimension.
    """
    vectors = _vectors(features)
    if key is not None:
        return _named("action", key, vectors, where)
    return _only("action", ACTION_NAMES, _by_name(vectors, ACTION_NAMES), vectors, where, note)


def state_feature(
    features: Sequence[Feature], action: Feature, where: Path, note: Callable[[str], None], key: str | None = None
) -> Feature:
    """The measured vector: as the action, else the only vector that was observed.

    Args:
        features: of the dataset.
        action: the commanded vector, which is no state.
        where: the file that lists them, for messages.
        note: takes a sentence where a name is not a usual one.
        key: its name, where it was given.

    Raises:
        DataError: there is none, more than one, or it has not one dimension.
        UsageError: none of this name, or it has not one dimension.
    """
    vectors = {key: item for key, item in _vectors(features).items() if key != action.key}
    if key is not None:
        return _named("state", key, vectors, where)
    found = _by_name(vectors, STATE_NAMES) or [
        item for key, item in vectors.items() if key.startswith(OBSERVATION) and len(item.shape) == 1
    ]
    return _only("state", STATE_NAMES, found, vectors, where, note)


def _vectors(features: Sequence[Feature]) -> dict[str, Feature]:
    """All features of numbers that the recorder did not add by itself."""
    return {
        item.key: item
        for item in features
        if not item.is_image and item.dtype != "string" and item.key not in BOOKKEEPING
    }


def _by_name(vectors: Mapping[str, Feature], names: tuple[str, ...]) -> list[Feature]:
    """By the usual name, else by the last part of the key, else by any part of it."""
    exact = [vectors[name] for name in names if name in vectors][:1]
    last = [item for key, item in vectors.items() if key.split(".")[-1] in names]
    return exact or last or [item for key, item in vectors.items() if set(key.split(".")) & set(names)]


def _named(kind: str, key: str, vectors: Mapping[str, Feature], where: Path) -> Feature:
    found = vectors.get(key)
    if found is None or len(found.shape) != 1:
        known = [name for name, item in vectors.items() if len(item.shape) == 1]
        raise UsageError(f"'{key}' was asked for as the {kind}, but '{where}' has {known}; name one of these")
    return found


def _only(
    kind: str,
    names: tuple[str, ...],
    found: list[Feature],
    vectors: Mapping[str, Feature],
    where: Path,
    note: Callable[[str], None],
) -> Feature:
    if len(found) != 1 or len(found[0].shape) != 1:
        shown = {key: list(item.shape) for key, item in vectors.items()}
        raise DataError(
            f"'{where}' has no single one-dimensional {kind} feature such as '{names[0]}', but "
            f"{shown}; choose one with --{kind}-key, or rename one there and in the data"
        )
    if found[0].key != names[0]:
        note(f"'{found[0].key}' was taken as the {kind}: no feature is called '{names[0]}'")
    return found[0]
