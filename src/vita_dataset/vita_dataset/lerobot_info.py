"""The metadata of a LeRobot dataset, v2.0 and v2.1: meta/info.json, meta/episodes.jsonl and meta/tasks.jsonl."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError

VERSIONS = ("v2.0", "v2.1")
DATA_PATH = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO_PATH = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
CHUNK_SIZE = 1000


@dataclass(frozen=True)
class Feature:
    """One feature as recorded.

    Attributes:
        key: its name.
        dtype: "video", "image", or a number type.
        shape: (H, W, C) of images, whatever order the recording wrote it in; (dim,) of vectors.
        names: of a vector's elements; None where the recording names none.
        is_depth: the camera measures distance, not colour.
    """

    key: str
    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] | None = None
    is_depth: bool = False

    @property
    def is_image(self) -> bool:
        """Whether its values are frames."""
        return self.dtype in ("video", "image")


@dataclass(frozen=True)
class LeRobotInfo:
    """What the metadata says.

    Attributes:
        version: the codebase version.
        fps: steps per second [Hz].
        features: in the order of info.json.
        lengths: steps of each episode, None where episodes.jsonl does not tell.
        tasks: what the robot was asked to do, by episode; "" where episodes.jsonl does not tell.
        notes: what was read in spite of how it was written.
    """

    root: Path
    version: str
    fps: float
    features: tuple[Feature, ...]
    lengths: tuple[int | None, ...]
    tasks: tuple[str, ...]
    data_path: str
    video_path: str
    chunk_size: int
    notes: tuple[str, ...]

    def data_file(self, episode: int) -> Path:
        """The parquet file of an episode."""
        return self._file("data_path", self.data_path, episode, "")

    def video_file(self, episode: int, key: str) -> Path:
        """The video of an episode and camera."""
        return self._file("video_path", self.video_path, episode, key)

    def _file(self, name: str, template: str, episode: int, key: str) -> Path:
        chunk = episode // self.chunk_size
        try:
            path = template.format(episode_chunk=chunk, chunk_index=chunk, episode_index=episode, video_key=key)
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            raise DataError(
                f"'{name}' in '{self.root / 'meta/info.json'}' is '{template}', which asks for something else than "
                f"episode_chunk, episode_index and video_key ({error!r}); correct it, for example to '{DATA_PATH}'"
            ) from error
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise DataError(
                f"'{name}' in '{self.root / 'meta/info.json'}' leads out of the dataset to '{path}'; correct it"
            )
        return self.root / path


def read_info(root: Path) -> LeRobotInfo:
    """Read the metadata of the LeRobot dataset in a folder.

    Raises:
        DataError: not a LeRobot dataset, another version, or damaged metadata.
    """
    path = root / "meta" / "info.json"
    if not root.is_dir():
        raise DataError(f"the folder '{root}' does not exist; give the path of a LeRobot dataset")
    if not path.is_file():
        raise DataError(
            f"'{root}' is not a LeRobot dataset: it has no meta/info.json; give the folder that contains meta/, data/ "
            "and videos/"
        )
    info = _read_json(path)
    version = _field(info, "codebase_version", str, path)
    if version not in VERSIONS:
        raise DataError(
            f"'{path}' has codebase_version '{version}', but this reads {list(VERSIONS)}; export it in one of these"
        )
    fps = _field(info, "fps", (int, float), path)
    total = _field(info, "total_episodes", int, path)
    chunk_size = _field(info, "chunks_size", int, path, CHUNK_SIZE)
    for name, value in (("fps", fps), ("total_episodes", total), ("chunks_size", chunk_size)):
        if not 0 < value < 1e7:
            raise DataError(f"'{name}' in '{path}' must be above 0 and plausible, but is {value}; correct it")
    notes: list[str] = []
    features = tuple(
        _feature(key, description, path, notes) for key, description in _field(info, "features", dict, path).items()
    )
    lengths, tasks = _episodes(root / "meta" / "episodes.jsonl", total)
    return LeRobotInfo(
        root=root,
        version=version,
        fps=float(fps),
        features=features,
        lengths=lengths,
        tasks=tasks,
        data_path=_field(info, "data_path", str, path, DATA_PATH),
        video_path=_field(info, "video_path", str, path, VIDEO_PATH),
        chunk_size=chunk_size,
        notes=tuple(notes),
    )


def read_tasks(root: Path) -> dict[int, str]:
    """The texts in meta/tasks.jsonl by task_index; none where there is no such file.

    Raises:
        DataError: the file is damaged.
    """
    path = root / "meta" / "tasks.jsonl"
    if not path.is_file():
        return {}
    tasks: dict[int, str] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            entry = json.loads(line)
            tasks[int(entry["task_index"])] = str(entry["task"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise DataError(f"line {number} of '{path}' is not a task ({error!r}); mend or remove the file") from error
    return tasks


def _feature(key: str, description: Any, path: Path, notes: list[str]) -> Feature:
    if not isinstance(description, Mapping):
        raise DataError(f"feature '{key}' in '{path}' must be an object with dtype and shape; correct it")
    if not key or "/" in key or key in (".", ".."):
        raise DataError(f"'{path}' has a feature called '{key}', which cannot name a folder; rename it")
    dtype = _field(description, "dtype", str, path)
    shape = _field(description, "shape", (list, tuple), path)
    if not all(isinstance(side, int) and not isinstance(side, bool) and 0 < side < 1_000_000 for side in shape):
        raise DataError(f"feature '{key}' in '{path}' has the shape {shape}, which must be whole numbers above 0")
    if dtype in ("video", "image"):
        if len(shape) != 3:
            raise DataError(f"camera '{key}' in '{path}' has the shape {shape}, but must be [H, W, C]; correct it")
        if shape[0] <= 4 < shape[2]:
            notes.append(f"camera '{key}': shape {shape} is written channel-first and was read as such")
            shape = [shape[1], shape[2], shape[0]]
        return Feature(key, dtype, tuple(shape), is_depth=_is_depth(description))
    names, written = None, description.get("names")
    if written:
        names = _names(written)
        dim = shape[0] if shape else 1
        if len(names) != dim or len(set(names)) != dim or not all(names):
            notes.append(f"feature '{key}': the names {str(written)[:60]} do not tell {dim} elements apart; ignored")
            names = None
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
    for name in ("info", "video_info"):
        details = description.get(name)
        if isinstance(details, Mapping) and details.get("video.is_depth_map"):
            return True
    return False


def _episodes(path: Path, total: int) -> tuple[tuple[int | None, ...], tuple[str, ...]]:
    if not path.is_file():
        return (None,) * total, ("",) * total
    entries: dict[int, Mapping[str, Any]] = {}
    for number, line in enumerate(_lines(path), 1):
        try:
            entry = json.loads(line)
            entries[int(entry["episode_index"])] = entry
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"line {number} of '{path}' is not an episode ({error!r}); mend or remove the file"
            ) from error
    if sorted(entries) != list(range(total)):
        missing = sorted(set(range(total)) - set(entries))[:5]
        raise DataError(
            f"'{path}' lists {len(entries)} episodes, but meta/info.json says there are {total}"
            + (f" (missing: {missing})" if missing else "")
            + "; make them agree"
        )
    lengths: list[int | None] = []
    tasks = []
    for index in range(total):
        length, named = entries[index].get("length"), entries[index].get("tasks")
        lengths.append(length if isinstance(length, int) else None)
        tasks.append(str(named[0]) if isinstance(named, list) and named else "")
    return tuple(lengths), tuple(tasks)


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"'{path}' cannot be read ({error}); copy it again") from error


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"'{path}' is not readable JSON ({error}); copy it again or mend it") from error
    if not isinstance(content, Mapping):
        raise DataError(f"'{path}' must hold a JSON object, but holds a {type(content).__name__}; mend it")
    return content


def _field(info: Mapping[str, Any], name: str, kind: type | tuple[type, ...], path: Path, default: Any = None) -> Any:
    value = info.get(name, default)
    if value is None:
        value = default
    if not isinstance(value, kind) or isinstance(value, bool):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        expected = " or ".join(item.__name__ for item in kinds)
        came = "is missing" if value is None else f"is {str(value)[:60]!r}"
        raise DataError(f"'{name}' in '{path}' must be {expected}, but {came}; correct it")
    return value
