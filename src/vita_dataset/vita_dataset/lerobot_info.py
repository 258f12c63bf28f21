"""meta/info.json of a LeRobot dataset: version, rate, features, and where its files lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file, is_folder, is_name
from vita_dataset.lerobot_features import Feature, read_feature
from vita_dataset.lerobot_json import field, read_object

SHARED_FILES_VERSION = "v3.0"
"""The version from which several episodes share a file."""
VERSIONS = ("v2.0", "v2.1", SHARED_FILES_VERSION)
DATA_PATH = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO_PATH = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
SHARED_DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
SHARED_VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
CHUNK_SIZE = 1000
ENDLESS = re.compile(r"[0-9]{4,}[^{}]*\}")
"""A width within braces that would fill the memory before any name is too long."""


@dataclass(frozen=True)
class LeRobotInfo:
    """What meta/info.json says.

    Attributes:
        root: the dataset's folder.
        version: the codebase version, one of ``VERSIONS``.
        fps: steps per second [Hz].
        features: in the order of info.json.
        total_episodes: their number.
        data_path: template of the tables' paths.
        video_path: template of the videos' paths.
        chunk_size: episodes (v2) or files (v3.0) in a chunk.
        notes: what was read in spite of how it was written.
    """

    root: Path
    version: str
    fps: float
    features: tuple[Feature, ...]
    total_episodes: int
    data_path: str
    video_path: str
    chunk_size: int
    notes: tuple[str, ...]

    def data_file(self, **fields: int) -> Path:
        """The table whose path the template makes of these fields.

        Raises:
            DataError: the template asks for another field, or leads out of the dataset.
        """
        return self._file("data_path", self.data_path, {**fields, "video_key": ""})

    def video_file(self, video_key: str, **fields: int) -> Path:
        """The video whose path the template makes of these fields.

        Raises:
            DataError: the template asks for another field, or leads out of the dataset.
        """
        return self._file("video_path", self.video_path, {**fields, "video_key": video_key})

    def _file(self, name: str, template: str, fields: dict[str, int | str]) -> Path:
        where = f"'{name}' in '{self.root / 'meta/info.json'}'"
        try:
            if ENDLESS.search(template):
                raise ValueError("a number with thousands of digits")
            path = Path(template.format(**fields))
        except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
            shared = self.version == SHARED_FILES_VERSION
            example = SHARED_DATA_PATH if shared else DATA_PATH
            raise DataError(
                f"{where} is '{template}', which asks for something else than {', '.join(fields)} ({error!r}); "
                f"correct it, for example to '{example}'"
            ) from error
        if path.is_absolute() or ".." in path.parts:
            raise DataError(f"{where} leads out of the dataset to '{path}'; correct it")
        if not all(is_name(part) for part in path.parts):
            raise DataError(f"{where} makes {str(path)[:80]!r}, which no file can be called; correct it")
        return self.root / path


def read_info(root: Path) -> LeRobotInfo:
    """Read meta/info.json of the LeRobot dataset in a folder.

    Raises:
        DataError: not a LeRobot dataset, another version, or damaged metadata.
    """
    path = root / "meta" / "info.json"
    if not is_folder(root):
        raise DataError(f"the folder '{root}' does not exist; give the path of a LeRobot dataset")
    if not is_file(path):
        raise DataError(
            f"'{root}' is not a LeRobot dataset: it has no meta/info.json; give the folder that contains meta/, data/ "
            "and videos/"
        )
    info = read_object(path)
    version = field(info, "codebase_version", str, path)
    if version not in VERSIONS:
        raise DataError(
            f"'{path}' has codebase_version '{version}', but this reads {list(VERSIONS)}; export it in one of these"
        )
    fps = field(info, "fps", (int, float), path)
    total = field(info, "total_episodes", int, path)
    chunk_size = field(info, "chunks_size", int, path, CHUNK_SIZE)
    for name, value in (("fps", fps), ("total_episodes", total), ("chunks_size", chunk_size)):
        if not 0 < value < 1e7:
            raise DataError(f"'{name}' in '{path}' must be above 0 and plausible, but is {value}; correct it")
    notes: list[str] = []
    described = field(info, "features", dict, path)
    features = tuple(read_feature(key, description, path, notes) for key, description in described.items())
    shared = version == SHARED_FILES_VERSION
    data_path = field(info, "data_path", str, path, SHARED_DATA_PATH if shared else DATA_PATH)
    video_path = field(info, "video_path", str, path, SHARED_VIDEO_PATH if shared else VIDEO_PATH)
    stranger = "episode_chunk" if shared else "chunk_index"
    notes += [
        f"'{name}' in meta/info.json asks for {stranger}, the chunk's name in other versions"
        for name, template in (("data_path", data_path), ("video_path", video_path))
        if "{" + stranger in template
    ]
    return LeRobotInfo(
        root=root,
        version=version,
        fps=float(fps),
        features=features,
        total_episodes=total,
        data_path=data_path,
        video_path=video_path,
        chunk_size=chunk_size,
        notes=tuple(notes),
    )
