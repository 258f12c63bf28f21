"""What a dataset holds: the contract that converter, trainer and node share.

Written by the converter into ``config.json``, copied into each checkpoint, checked by the node.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vita_dataset.errors import DataError


@dataclass(frozen=True)
class CameraSpec:
    """One camera as stored: uint8 [height, width, channels] RGB."""

    key: str
    height: int
    width: int
    channels: int = 3


@dataclass(frozen=True)
class VectorSpec:
    """One vector feature: float32 [dim] in the robot's units, element i called names[i].

    ``names`` is None where the recording does not say what its elements are.
    """

    key: str
    dim: int
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.names is None:
            return
        if len(self.names) != self.dim:
            raise DataError(
                f"feature '{self.key}' has {self.dim} elements but {len(self.names)} names; "
                "give one name for each element or none"
            )
        if len(set(self.names)) != self.dim:
            twice = sorted({name for name in self.names if self.names.count(name) > 1})
            raise DataError(f"feature '{self.key}' uses the names {twice} more than once; names must be unique")

    @property
    def labels(self) -> tuple[str, ...]:
        """What to call each element in front of a person: its name, else its number."""
        return self.names if self.names is not None else tuple(str(element) for element in range(self.dim))


@dataclass(frozen=True)
class SourceSpec:
    """Where a dataset came from. ``fingerprint`` is a hash of the recorded content."""

    path: str
    codebase_version: str
    fingerprint: str


@dataclass(frozen=True)
class DatasetSpec:
    """The shape and meaning of a dataset.

    Attributes:
        repo_id: the last two parts of the input's path, "robot/task".
        fps: steps per second [Hz].
        cameras: in the order of the dataset's features; the network concatenates them in its own order.
        state: the measured vector (positions [rad], gripper ratios 0..1 unless the recording differs).
        action: the commanded vector, same units.
        source: where it came from.
        image_codec: "raw" = uncompressed uint8; "jpeg:90" = a JPEG of that quality for each frame.
        resize: (height, width) that ``fit_image`` was asked for, None when images keep their size.
    """

    repo_id: str
    fps: float
    cameras: tuple[CameraSpec, ...]
    state: VectorSpec
    action: VectorSpec
    source: SourceSpec
    image_codec: str = "raw"
    resize: tuple[int, int] | None = None

    def camera(self, key: str) -> CameraSpec:
        """The camera of that key.

        Raises:
            DataError: the dataset has no such camera.
        """
        for camera in self.cameras:
            if camera.key == key:
                return camera
        have = ", ".join(camera.key for camera in self.cameras) or "none"
        raise DataError(f"camera '{key}' is not in dataset '{self.repo_id}', which has: {have}; correct the key")

    def _check_kinds(self) -> None:
        """Refuse what JSON can hold in place of a number or a text.

        Raises:
            TypeError: shows what was found.
            DataError: the rate is no rate.
        """
        texts = [self.repo_id, self.image_codec, *vars(self.source).values()]
        numbers: list[Any] = []
        for vector in (self.state, self.action):
            texts += [vector.key, *(vector.names or ())]
            numbers.append(vector.dim)
        for camera in self.cameras:
            texts.append(camera.key)
            numbers += [camera.height, camera.width, camera.channels]
        wrong = [value for value in texts if not isinstance(value, str)]
        wrong += [value for value in numbers if type(value) is not int or value < 1]
        if isinstance(self.fps, bool) or not isinstance(self.fps, (int, float)):
            wrong.append(self.fps)
        if wrong:
            raise TypeError(f"{wrong[0]!r} stands where a text or a number above 0 must be")
        if not 0 < self.fps < math.inf:
            raise DataError(f"the dataset's fps must be above 0, but is {self.fps}; convert the dataset again")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DatasetSpec:
        """The inverse of ``to_dict``; lists become tuples.

        Raises:
            DataError: a field is missing, unknown or of the wrong kind.
        """
        try:
            fields = dict(data)
            fields["cameras"] = tuple(CameraSpec(**camera) for camera in fields["cameras"])
            for key in ("state", "action"):
                vector = dict(fields[key])
                vector["names"] = None if vector.get("names") is None else tuple(vector["names"])
                fields[key] = VectorSpec(**vector)
            fields["source"] = SourceSpec(**fields["source"])
            if fields.get("resize") is not None:
                height, width = fields["resize"]
                fields["resize"] = (int(height), int(width))
            spec = cls(**fields)
            spec._check_kinds()
            return spec
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"the dataset description does not have the expected fields ({error!r}); "
                "convert the dataset again with this version"
            ) from error
