"""The features that meta/info.json of a LeRobot dataset lists: vectors with names, cameras with sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_name
from vita_dataset.lerobot_json import field


@dataclass(frozen=True)
class Feature:
    """One feature as recorded.

    Attributes:
        key: its name.
        dtype: "video", "image", or a number type.
        shape: (H, W, C) of images, whatever order the recording wrote it in; (dim,) of vectors.
        names: of a vector's elements; None where the recording names none.
        is_depth: the camera measures distance, not colour.
        codec: of a video, as info.json names it; None where it does not.
    """

    key: str
    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] | None = None
    is_depth: bool = False
    codec: str | None = None

    @property
    def is_image(self) -> bool:
        """Whether its values are frames."""
        return self.dtype in ("video", "image")


def read_feature(key: str, description: Any, path: Path, notes: list[str]) -> Feature:
    """One entry of ``features``.

    Args:
        key: the feature's name.
        description: its value in info.json.
        path: of info.json, for messages.
        notes: gets a sentence for what is read in spite of how it is written.

    Raises:
        DataError: dtype or shape is missing or makes no sense, or the name cannot name a folder.
    """
    if not isinstance(description, Mapping):
        raise DataError(f"feature '{key}' in '{path}' must be an object with dtype and shape; correct it")
    if not is_name(key):
        raise DataError(f"'{path}' has a feature called {key[:80]!r}, which cannot name a folder; rename it")
    dtype = field(description, "dtype", str, path)
    shape = field(description, "shape", (list, tuple), path)
    if not all(isinstance(side, int) and not isinstance(side, bool) and 0 < side < 1_000_000 for side in shape):
        raise DataError(f"feature '{key}' in '{path}' has the shape {shape}, which must be whole numbers above 0")
    if dtype in ("video", "image"):
        if len(shape) != 3:
            raise DataError(f"camera '{key}' in '{path}' has the shape {shape}, but must be [H, W, C]; correct it")
        if shape[0] <= 4 < shape[2]:
            notes.append(f"camera '{key}': shape {shape} is written channel-first and was read as such")
            shape = [shape[1], shape[2], shape[0]]
        return Feature(key, dtype, tuple(shape), is_depth=_is_depth(description), codec=_codec(description))
    names, written = None, description.get("names")
    if written:
        names = _names(written)
        dim = shape[0] if shape else 1
        if len(names) != dim or len(set(names)) != dim or not all(names):
            notes.append(f"feature '{key}': the names {str(written)[:60]} do not tell {dim} elements apart; ignored")
            names = None
        elif not isinstance(written, list) or any(isinstance(item, (list, Mapping)) for item in written):
            notes.append(f"feature '{key}': the names are nested and were taken in the order written")
    return Feature(key, dtype, tuple(shape) or (1,), names)


def _names(value: Any) -> tuple[str, ...]:
    """[..], [[..], [..]] and {"left": [..], "right": [..]} -> all names in order; "" for what is no name."""
    names: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            item = list(item.values())
        if isinstance(item, list):
            pending += reversed(item)
        else:
            names.append(item if isinstance(item, str) else "")
    return tuple(names)


def _is_depth(description: Mapping[str, Any]) -> bool:
    return any(details.get("is_depth_map") or details.get("video.is_depth_map") for details in _details(description))


def _codec(description: Mapping[str, Any]) -> str | None:
    named = (details.get("video.codec") for details in _details(description))
    return next((codec for codec in named if isinstance(codec, str)), None)


def _details(description: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What is said of a video, under the names it has had."""
    return [description[name] for name in ("info", "video_info") if isinstance(description.get(name), Mapping)]
