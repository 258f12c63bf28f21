"""The list of episodes of a LeRobot v3.0 dataset: meta/episodes/chunk-*/file-*.parquet.

Columns that are read: episode_index, length, tasks, data/chunk_index, data/file_index and, for each camera,
videos/<key>/chunk_index, videos/<key>/file_index, videos/<key>/from_timestamp, videos/<key>/to_timestamp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError
from vita_dataset.lerobot_files import check_complete, existing_video, tables_in
from vita_dataset.lerobot_info import LeRobotInfo
from vita_dataset.lerobot_layout import HALF_FRAME, VideoSegment
from vita_dataset.parquet import ParquetFile

LARGEST = 1e9


@dataclass(frozen=True)
class EpisodeRecord:
    """One row of the list.

    Attributes:
        length: steps.
        task: the first of its tasks, "" where it has none.
        data_file: the table that its row names.
        videos: by camera key.
    """

    length: int
    task: str
    data_file: Path
    videos: Mapping[str, VideoSegment]


def episode_files(root: Path) -> list[Path]:
    """The tables that list the episodes, sorted."""
    return tables_in(root / "meta" / "episodes")


def read_episodes(
    info: LeRobotInfo, video_keys: Sequence[str], note: Callable[[str], None]
) -> tuple[EpisodeRecord, ...]:
    """All episodes in order.

    Args:
        info: the dataset's meta/info.json.
        video_keys: the cameras recorded as video.
        note: takes what was read in spite of how it was written.

    Raises:
        DataError: no list, damaged, without a column, with other episodes than info.json says, with a value that
            makes no sense, or with segments of a video that overlap or do not hold as many frames as there are steps.
    """
    rows = _rows(info, video_keys)
    check_complete(info.root / "meta" / "episodes", [index for index, _ in rows], info.total_episodes)
    records = tuple(row.record(info, video_keys, note) for _, row in rows)
    for key in video_keys:
        _refuse_overlaps(key, [record.videos[key] for record in records])
    _note_positions([row for _, row in rows], note)
    return records


@dataclass(frozen=True)
class _Row:
    """One row as written, with the file for messages."""

    path: Path
    values: Mapping[str, Any]

    def whole(self, column: str) -> int:
        value = self.values[column]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and 0 <= value <= LARGEST and float(value).is_integer():
            return int(value)
        raise self._wrong(column, "a whole number from 0")

    def seconds(self, column: str) -> float:
        value = self.values[column]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and 0 <= value <= LARGEST:
            return float(value)
        raise self._wrong(column, "seconds from 0")

    def record(self, info: LeRobotInfo, video_keys: Sequence[str], note: Callable[[str], None]) -> EpisodeRecord:
        episode, length = self.whole("episode_index"), self.whole("length")
        if not length:
            raise self._wrong("length", "at least 1")
        named = self.values.get("tasks")
        first = named[0] if isinstance(named, list) and named else named
        videos = {key: self._segment(key, episode, length, info, note) for key in video_keys}
        data_file = info.data_file(**self._place("data", episode))
        return EpisodeRecord(length, first if isinstance(first, str) else "", data_file, videos)

    def _segment(
        self, key: str, episode: int, length: int, info: LeRobotInfo, note: Callable[[str], None]
    ) -> VideoSegment:
        """As long as its episode has steps; to_timestamp, which not all writers mean alike, must only agree."""
        path = existing_video(info.root, info.video_file(key, **self._place(f"videos/{key}", episode)), note)
        start_s, stop_s = self.seconds(f"videos/{key}/from_timestamp"), self.seconds(f"videos/{key}/to_timestamp")
        frames = (stop_s - start_s) * info.fps
        if abs(frames - (length - 1)) < HALF_FRAME:
            note("to_timestamp of some episodes is the time of their last frame, not of its end; it was counted in")
        elif abs(frames - length) > HALF_FRAME:
            raise DataError(
                f"camera '{key}' of episode {episode} in '{self.path}' goes from {start_s:g} to {stop_s:g} s, which "
                f"is {frames:.1f} frames at {info.fps:g} Hz, but the episode has {length} steps; mend from_timestamp "
                "and to_timestamp or export the dataset again"
            )
        return VideoSegment(path, start_s, start_s + length / info.fps, HALF_FRAME / info.fps)

    def _place(self, what: str, episode: int) -> dict[str, int]:
        chunk, file = self.whole(f"{what}/chunk_index"), self.whole(f"{what}/file_index")
        return {"chunk_index": chunk, "file_index": file, "episode_chunk": chunk, "episode_index": episode}

    def _wrong(self, column: str, expected: str) -> DataError:
        return DataError(
            f"'{column}' of episode {str(self.values['episode_index'])[:20]} in '{self.path}' is "
            f"{str(self.values[column])[:60]!r}, but must be {expected}; mend the file or export the dataset again"
        )


def _rows(info: LeRobotInfo, video_keys: Sequence[str]) -> list[tuple[int, _Row]]:
    """All rows by episode, sorted."""
    needed = ["episode_index", "length", "data/chunk_index", "data/file_index"]
    for key in video_keys:
        needed += [f"videos/{key}/{name}" for name in ("chunk_index", "file_index", "from_timestamp", "to_timestamp")]
    files = episode_files(info.root)
    if not files:
        raise DataError(
            f"'{info.root / 'meta/episodes'}' has no parquet file, but {info.version} lists its episodes there; copy "
            "the whole folder again, or correct codebase_version in meta/info.json if it is another version"
        )
    rows: list[_Row] = []
    for path in files:
        file = ParquetFile(path)
        missing = [column for column in needed if column not in file.columns]
        if missing:
            raise DataError(f"'{path}' has no column {missing}, which {info.version} needs; export the dataset again")
        optional = ("tasks", "dataset_from_index", "dataset_to_index")
        columns = {name: file.values(name) for name in (*needed, *optional) if name in file.columns}
        rows += [_Row(path, dict(zip(columns, cells, strict=True))) for cells in zip(*columns.values(), strict=True)]
    numbered = [(row.whole("episode_index"), row) for row in rows]
    return sorted(numbered, key=lambda item: item[0])


def _refuse_overlaps(key: str, segments: Sequence[VideoSegment]) -> None:
    """No frame may belong to two episodes."""
    by_file: dict[Path, list[tuple[float, int]]] = {}
    for episode, segment in enumerate(segments):
        by_file.setdefault(segment.file, []).append((segment.start_s, episode))
    for starts in by_file.values():
        starts.sort()
        for (_, episode), (start_s, following) in pairwise(starts):
            segment = segments[episode]
            if start_s < segment.stop_s - segment.tolerance_s:
                raise DataError(
                    f"episodes {episode} and {following} of camera '{key}' overlap: {segment} is of the first, but the "
                    f"other begins at {start_s:.3f} s; mend from_timestamp or export the dataset again"
                )


def _note_positions(rows: Sequence[_Row], note: Callable[[str], None]) -> None:
    """Say where the positions in the whole dataset, which nothing here needs, do not fit the lengths."""
    position = 0
    for row in rows:
        following = position + row.whole("length")
        start, stop = row.values.get("dataset_from_index", position), row.values.get("dataset_to_index", following)
        if (start, stop) != (position, following):
            note("dataset_from_index and dataset_to_index in meta/episodes do not fit the lengths and were not used")
            return
        position = following
