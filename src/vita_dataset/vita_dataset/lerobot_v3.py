"""LeRobot v3.0: many episodes to a table and to a video, found through meta/episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from vita_dataset.errors import DataError
from vita_dataset.file_checks import is_file
from vita_dataset.lerobot_files import tables_beside
from vita_dataset.lerobot_info import LeRobotInfo
from vita_dataset.lerobot_layout import VideoSegment
from vita_dataset.lerobot_tasks import read_tasks
from vita_dataset.lerobot_v3_episodes import episode_files, read_episodes
from vita_dataset.parquet import ParquetFile

Runs = Mapping[float, list[tuple[int, int]]]
"""The rows of each episode_index in a table, as stretches [start, stop)."""


class SharedFiles:
    """The files of a dataset in which episodes share tables and videos.

    An episode's rows are those that carry its number: data/file_index names the table before the right one for the
    first episode of a table where a release of the official v2.1 converter wrote the list.
    """

    def __init__(self, info: LeRobotInfo, video_keys: Sequence[str], note: Callable[[str], None]) -> None:
        """Read meta/episodes.

        Args:
            info: the dataset's meta/info.json.
            video_keys: the cameras recorded as video.
            note: takes what was read in spite of how it was written.

        Raises:
            DataError: the list of episodes is missing, damaged or contradicts itself or info.json.
        """
        self._info = info
        self._note = note
        self._records = read_episodes(info, video_keys, note)
        self._runs: dict[Path, Runs] = {}
        self._open: ParquetFile | None = None
        self._note_strays()

    def table(self, episode: int) -> ParquetFile:
        """The rows of an episode in the table that it shares."""
        path = self._find(episode)
        runs, promised = self._runs_in(path)[episode], self._records[episode].length
        if len(runs) > 1:
            raise DataError(
                f"the rows of episode {episode} in '{path}' are not together: some begin at row {runs[0][0]}, others "
                f"at row {runs[1][0]}; export the dataset again"
            )
        start, stop = runs[0]
        if stop - start != promised:
            raise DataError(
                f"'{path}' has {stop - start} rows of episode {episode}, but meta/episodes says {promised}; "
                "copy the file again or export the dataset again"
            )
        return self._opened(path).rows(start, stop)

    def video(self, episode: int, key: str) -> VideoSegment:
        """The part of a shared video."""
        return self._records[episode].videos[key]

    def task(self, episode: int) -> str:
        """From meta/episodes."""
        return self._records[episode].task

    def tasks(self) -> Mapping[int, str]:
        """From meta/tasks.parquet, else meta/tasks.jsonl; none where there is no such file."""
        return read_tasks(self._info.root)

    def recorded(self, video_keys: Sequence[str], episodes: Sequence[int] | None = None) -> Sequence[Path]:
        """meta/info.json, the list of episodes, then each table and video once."""
        wanted = range(len(self._records)) if episodes is None else sorted(episodes)
        tables = [self._find(episode) for episode in wanted]
        videos = [self._records[episode].videos[key].file for episode in wanted for key in video_keys]
        files = [self._info.root / "meta" / "info.json", *episode_files(self._info.root), *tables, *videos]
        return list(dict.fromkeys(files))

    def _find(self, episode: int) -> Path:
        """The table that has an episode's rows: the one that meta/episodes names, else the only other."""
        named = self._records[episode].data_file
        if is_file(named) and episode in self._runs_in(named):
            return named
        others = [path for path in self._tables if episode in self._readable_runs_in(path)]
        if len(others) == 1:
            self._note(
                "data/file_index of some episodes names another table than the one with their rows, which was read"
            )
            return others[0]
        lacks = "has none" if is_file(named) else "is missing"
        raise DataError(
            f"the rows of episode {episode} cannot be told: '{named}' {lacks}, and {len(others) or 'no'} other tables "
            "have some; copy the dataset again from where it was recorded"
        )

    @cached_property
    def _tables(self) -> list[Path]:
        return tables_beside(self._info.root, self._records[0].data_file)

    def _runs_in(self, path: Path) -> Runs:
        if path not in self._runs:
            numbers = self._opened(path).numbers("episode_index", 1)[:, 0]
            bounds = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
            runs: dict[float, list[tuple[int, int]]] = {}
            for start, stop in pairwise(bounds):
                if start < stop:
                    runs.setdefault(float(numbers[start]), []).append((start, stop))
            self._runs[path] = runs
        return self._runs[path]

    def _readable_runs_in(self, path: Path) -> Runs:
        """None of a table that nobody named and that cannot be read."""
        try:
            return self._runs_in(path)
        except DataError:
            return {}

    def _opened(self, path: Path) -> ParquetFile:
        """The table, open since the last episode where that lies in it too."""
        if self._open is None or self._open.path != path:
            self._open = ParquetFile(path)
        return self._open

    def _note_strays(self) -> None:
        named = {record.data_file for record in self._records}
        used = {
            path
            for path in self._tables
            if path in named or any(self._needs(number, path) for number in self._readable_runs_in(path))
        }
        strays = [path for path in self._tables if path not in used]
        if strays:
            self._note(
                f"tables without an episode of meta/episodes were not read ({len(strays)}, the first is "
                f"'{strays[0].relative_to(self._info.root)}')"
            )

    def _needs(self, number: float, path: Path) -> bool:
        """Whether a table that nobody named has an episode that its own table lacks."""
        if number not in range(len(self._records)):
            return False
        named = self._records[int(number)].data_file
        return path != named and not (is_file(named) and number in self._readable_runs_in(named))
