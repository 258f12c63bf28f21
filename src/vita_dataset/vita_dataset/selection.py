"""What is wanted of a dataset: some episodes, some cameras, which state and action."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path

from vita_dataset.errors import UsageError
from vita_dataset.selected_source import SelectedSource
from vita_dataset.sources import EpisodeSource, open_source

BOUND = r"-?[0-9]{1,9}"
ONE_EPISODE = re.compile(BOUND)
SOME_EPISODES = re.compile(rf"({BOUND})?:({BOUND})?")


@dataclass(frozen=True)
class Selection:
    """What is wanted of a dataset; the default is all of it.

    Attributes:
        episodes: their numbers, in the order wanted, none twice; None: all.
        keys: names or patterns (``*``, ``?``, ``[..]``) of the features that stay; empty: all. State and action stay
            in any case.
        drop_keys: names or patterns of features that do not stay.
        state_key: the measured vector's name, where it cannot be told or another is wanted.
        action_key: the commanded vector's name, likewise.
    """

    episodes: tuple[int, ...] | None = None
    keys: tuple[str, ...] = ()
    drop_keys: tuple[str, ...] = ()
    state_key: str | None = None
    action_key: str | None = None


@dataclass(frozen=True)
class SourceRequest:
    """A dataset and what is wanted of it: small enough to be sent to other processes, which open it themselves.

    Attributes:
        path: the dataset's folder.
        selection: what is wanted.
    """

    path: Path
    selection: Selection = Selection()

    def open(self, *, threads: int = 1) -> EpisodeSource:
        """Open the dataset.

        Args:
            threads: that decode a video, see ``vita_dataset.video.Video``; by default as is best for several processes.

        Raises:
            DataError: there is no dataset, or it is damaged.
            UsageError: it does not have what is wanted.
        """
        wanted = self.selection
        source = open_source(self.path, threads=threads, state_key=wanted.state_key, action_key=wanted.action_key)
        return select(source, wanted)


def parse_episodes(text: str, count: int) -> tuple[int, ...]:
    """Episode numbers out of a list such as ``0:50,60``.

    Args:
        text: numbers and half-open ranges as Python writes them, separated by commas; negative numbers count from the
            end, and a bound that is left out is the first or the last.
        count: how many episodes there are.

    Returns:
        Numbers from 0 to ``count`` - 1, in the order given.

    Raises:
        UsageError: something else, an empty range, an episode that does not exist, or one twice.
    """
    episodes = tuple(chain.from_iterable(_parse_part(part.strip(), text, count) for part in text.split(",")))
    _refuse_repeated(episodes)
    return episodes


def select(source: EpisodeSource, selection: Selection) -> EpisodeSource:
    """What is wanted of a dataset, as a dataset: episodes renumbered from 0, other cameras left out.

    Args:
        source: the dataset, opened with the keys of state and action that are wanted.
        selection: what is wanted.

    Raises:
        UsageError: it does not have what is wanted, or no camera stays.
    """
    for kind, wanted, vector in (
        ("state", selection.state_key, source.spec.state),
        ("action", selection.action_key, source.spec.action),
    ):
        if wanted not in (None, vector.key):
            raise UsageError(
                f"'{wanted}' was asked for as the {kind}, but '{source.spec.source.path}' has only '{vector.key}'; "
                "correct the name or leave it out"
            )
    episodes = tuple(range(source.episode_count)) if selection.episodes is None else selection.episodes
    _refuse_repeated(episodes)
    missing = [number for number in episodes if not 0 <= number < source.episode_count]
    if missing or not episodes:
        raise UsageError(
            f"episodes {missing[:5]} were asked for, but there are {source.episode_count}, numbered from 0; choose at "
            "least one of them"
        )
    cameras = _cameras_that_stay(source, selection)
    if episodes == tuple(range(source.episode_count)) and len(cameras) == len(source.spec.cameras):
        return source
    return SelectedSource(source, episodes, cameras)


def _parse_part(part: str, text: str, count: int) -> Sequence[int]:
    """The episodes of one number or range."""
    some = SOME_EPISODES.fullmatch(part)
    if some is None and not ONE_EPISODE.fullmatch(part):
        raise UsageError(
            f"'{text}' is no list of episodes: '{part}' must be a number or a range such as 0:50, without a step; "
            "correct it"
        )
    bounds = [int(bound) for bound in (some.groups() if some else (part,)) if bound]
    if any(not -count <= bound <= count - (some is None) for bound in bounds):
        raise UsageError(
            f"'{part}' in the list of episodes '{text}' names episodes that do not exist: there are {count}, numbered "
            "from 0; correct it"
        )
    if some is None:
        return [bounds[0] % count]
    start, stop, _ = slice(*(int(bound) if bound else None for bound in some.groups())).indices(count)
    if start >= stop:
        raise UsageError(f"'{part}' in the list of episodes '{text}' is empty: it ends before it begins; correct it")
    return range(start, stop)


def _refuse_repeated(episodes: Sequence[int]) -> None:
    repeated = sorted(number for number, times in Counter(episodes).items() if times > 1)
    if repeated:
        raise UsageError(f"episodes {repeated[:5]} are asked for more than once; name each once")


def _cameras_that_stay(source: EpisodeSource, selection: Selection) -> list[str]:
    cameras = [camera.key for camera in source.spec.cameras]
    vectors = [source.spec.state.key, source.spec.action.key]
    _refuse_unknown("keys", selection.keys, [*cameras, *vectors])
    _refuse_unknown("drop_keys", selection.drop_keys, [*cameras, *source.left_out])
    stay = [
        key
        for key in cameras
        if (not selection.keys or _matches(key, selection.keys)) and not _matches(key, selection.drop_keys)
    ]
    if not stay:
        raise UsageError(
            f"keys {list(selection.keys)} and drop_keys {list(selection.drop_keys)} leave no camera of {cameras}; "
            "keep at least one"
        )
    return stay


def _refuse_unknown(option: str, patterns: Sequence[str], known: Sequence[str]) -> None:
    for pattern in patterns:
        if not any(_matches(key, [pattern]) for key in known):
            raise UsageError(f"'{pattern}' in {option} is none of {list(known)}; correct it")


def _matches(key: str, patterns: Sequence[str]) -> bool:
    return any(key == pattern or fnmatchcase(key, pattern) for pattern in patterns)
