"""LeRobot v2.0 and v2.1: a table and, for each camera, a video for every episode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file
from vita_dataset.lerobot_files import check_complete, existing_video, tables_beside
from vita_dataset.lerobot_info import LeRobotInfo
from vita_dataset.lerobot_json import parse_json, read_lines
from vita_dataset.lerobot_layout import VideoSegment
from vita_dataset.lerobot_tasks import read_tasks
from vita_dataset.parquet import ParquetFile


class OwnFiles:
    """The files of a dataset in which each episode has its own."""

    def __init__(self, info: LeRobotInfo, note: Callable[[str], None]) -> None:
        """Read meta/episodes.jsonl, where there is one.

        Args:
            info: the dataset's meta/info.json.
            note: takes what was read in spite of how it was written.

        Raises:
            DataError: it is damaged or lists other episodes than info.json, or a path template leads nowhere.
        """
        self._info = info
        self._note = note
        self._lengths, self._episode_tasks = _episodes(info.root / "meta" / "episodes.jsonl", info.total_episodes)
        self._note_strays()

    def data_file(self, episode: int) -> Path:
        """The table of an episode."""
        return self._info.data_file(**self._fields(episode))

    def table(self, episode: int) -> ParquetFile:
        """The rows of an episode: all of its file."""
        file = ParquetFile(self.data_file(episode))
        steps, promised = len(file), self._lengths[episode]
        if not steps or (promised is not None and promised != steps):
            raise DataError(
                f"'{file.path}' has {steps} steps, but meta/episodes.jsonl says that episode {episode} has "
                f"{promised if promised is not None else 'some'}; copy or record it again"
            )
        return file

    def video(self, episode: int, key: str) -> VideoSegment:
        """The video of an episode and camera, whole."""
        path = self._info.video_file(key, **self._fields(episode))
        return VideoSegment(existing_video(self._info.root, path, self._note))

    def task(self, episode: int) -> str:
        """From meta/episodes.jsonl."""
        return self._episode_tasks[episode]

    def tasks(self) -> Mapping[int, str]:
        """From meta/tasks.jsonl; none where there is no such file."""
        return read_tasks(self._info.root)

    def recorded(self, video_keys: Sequence[str], episodes: Sequence[int] | None = None) -> Sequence[Path]:
        """meta/info.json, then table and videos of each episode."""
        files = [self._info.root / "meta" / "info.json"]
        for episode in range(self._info.total_episodes) if episodes is None else sorted(episodes):
            files.append(self.data_file(episode))
            files += [self.video(episode, key).file for key in video_keys]
        return files

    def _fields(self, episode: int) -> dict[str, int]:
        chunk = episode // self._info.chunk_size
        return {"episode_chunk": chunk, "chunk_index": chunk, "episode_index": episode}

    def _note_strays(self) -> None:
        root = self._info.root
        tables = tables_beside(root, self.data_file(0))
        if len(tables) < self._info.total_episodes:
            return  # some are missing, which is refused where they are read
        known = {self.data_file(episode) for episode in range(self._info.total_episodes)}
        strays = [path for path in tables if path not in known]
        if strays:
            self._note(
                f"tables beyond the {self._info.total_episodes} episodes of meta/info.json were not read "
                f"({len(strays)}, the first is '{strays[0].relative_to(root)}')"
            )


def _episodes(path: Path, total: int) -> tuple[tuple[int | None, ...], tuple[str, ...]]:
    """Length and task of each episode, None and "" where the file does not tell."""
    if not is_file(path):
        return (None,) * total, ("",) * total
    entries: list[tuple[int, Mapping[str, Any]]] = []
    for number, line in enumerate(read_lines(path), 1):
        try:
            entry = parse_json(line)
            entries.append((int(entry["episode_index"]), entry))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise DataError(
                f"line {number} of '{path}' is not an episode ({error!r}); mend or remove the file"
            ) from error
    check_complete(path, [index for index, _ in entries], total)
    lengths: list[int | None] = []
    tasks = []
    for _, entry in sorted(entries, key=lambda item: item[0]):
        length, named = entry.get("length"), entry.get("tasks")
        lengths.append(length if isinstance(length, int) else None)
        tasks.append(str(named[0]) if isinstance(named, list) and named else "")
    return tuple(lengths), tuple(tasks)
