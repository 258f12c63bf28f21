"""One pass over a dataset: ranges, the fastest motions, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import Episode
from vita_dataset.errors import DataError
from vita_dataset.image_stats import RunningImageStats
from vita_dataset.picture_watch import PictureWatch
from vita_dataset.progress import Progress, no_progress
from vita_dataset.report import Report, Verification
from vita_dataset.sources import EpisodeSource
from vita_dataset.stats import FeatureStats, RunningStats
from vita_dataset.zarr_store import ConvertedDataset


@dataclass(frozen=True, eq=False)
class Survey:
    """What tables and, where they were read, frames say.

    Attributes:
        state: statistics of the measured vector, over finite rows.
        action: statistics of the commanded vector, over finite rows.
        action_change: float64 [A], the largest change of each element from one step to the next in an episode.
        report: everything else.
        damage: what cannot be read, one sentence each; a conversion ends on the first of them.
    """

    state: FeatureStats
    action: FeatureStats
    action_change: NDArray[np.float64]
    report: Report
    damage: tuple[str, ...] = ()


def survey(source: EpisodeSource, *, frames: bool = False, on_progress: Progress = no_progress) -> Survey:
    """Read all tables.

    Args:
        source: the dataset.
        frames: also decode all pictures; damaged ones are listed and the rest is read.
        on_progress: called with (episodes done, episodes in all).

    Raises:
        DataError: no table can be read, or no row is finite.
    """
    spec = source.spec
    state, action = RunningStats(spec.state.dim), RunningStats(spec.action.dim)
    images = {camera.key: RunningImageStats() for camera in spec.cameras} if frames else {}
    verification = Verification(spec)
    change = np.zeros(spec.action.dim)
    damage: list[DataError] = []
    read = finite_rows = 0
    for index in range(source.episode_count):
        try:
            episode = source.episode(index)
        except DataError as error:
            damage.append(error)
        else:
            table = episode.table
            finite = np.isfinite(table.state).all(axis=1) & np.isfinite(table.action).all(axis=1)
            state.update(table.state[finite])
            action.update(table.action[finite])
            with np.errstate(invalid="ignore"):  # from infinity to infinity
                moves = np.abs(np.diff(table.action.astype(np.float64), axis=0))
            change = np.fmax(change, np.nan_to_num(moves, posinf=0.0).max(axis=0, initial=0.0))
            damage += _read_frames(episode, verification, images)
            read += 1
            finite_rows += int(finite.sum())
        on_progress(index + 1, source.episode_count)
    if not read:
        raise damage[0]
    if not finite_rows:
        raise DataError(f"no step of '{spec.source.path}' is finite; record it again")
    stats = {spec.state.key: state.result(), spec.action.key: action.result()}
    if isinstance(source, ConvertedDataset):
        stats |= {camera.key: source.stats[camera.key] for camera in spec.cameras}
    stats |= {key: running.result() for key, running in images.items() if running.count}
    report = verification.report(stats)
    return Survey(stats[spec.state.key], stats[spec.action.key], change, report, tuple(dict.fromkeys(map(str, damage))))


def _read_frames(episode: Episode, verification: Verification, images: dict[str, RunningImageStats]) -> list[DataError]:
    """Take an episode in, with the frames of those cameras that are whole, and return what the others say."""
    watched, damage = {}, []
    for key, running in images.items():
        watch = PictureWatch()
        try:
            for image in episode.frames[key]():
                watch.add(image)
                running.update(image)
        except DataError as error:
            damage.append(error)
        else:
            watched[key] = watch.result()
    verification.add(episode.table, watched)
    return damage
