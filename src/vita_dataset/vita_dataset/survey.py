"""One pass over the tables of a dataset: ranges, the fastest motions, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vita_dataset.checks import constant_findings, timing_findings
from vita_dataset.errors import DataError
from vita_dataset.sources import EpisodeSource
from vita_dataset.stats import FeatureStats, RunningStats


@dataclass(frozen=True, eq=False)
class Survey:
    """What the tables say.

    Attributes:
        steps: in all.
        seconds: in all.
        state: statistics of the measured vector, over finite rows.
        action: statistics of the commanded vector, over finite rows.
        action_change: float64 [A], the largest change of each element from one step to the next in an episode.
        findings: what a person should know, one sentence each.
    """

    steps: int
    seconds: float
    state: FeatureStats
    action: FeatureStats
    action_change: NDArray[np.float64]
    findings: tuple[str, ...]


def survey(source: EpisodeSource) -> Survey:
    """Read all tables; frames are not decoded.

    Raises:
        DataError: a table is missing or damaged, or no row is finite.
    """
    spec = source.spec
    state, action = RunningStats(spec.state.dim), RunningStats(spec.action.dim)
    change = np.zeros(spec.action.dim)
    findings: list[str] = []
    seconds, steps = 0.0, 0
    for index in range(source.episode_count):
        table = source.episode(index).table
        finite = np.isfinite(table.state).all(axis=1) & np.isfinite(table.action).all(axis=1)
        if not finite.all():
            findings.append(f"episode {index}: {int((~finite).sum())} of {len(table)} steps hold NaN or infinity")
        findings += timing_findings(table, spec.fps)
        state.update(table.state[finite])
        action.update(table.action[finite])
        moves = np.abs(np.diff(table.action.astype(np.float64), axis=0))
        change = np.fmax(change, np.nan_to_num(moves, posinf=0.0).max(axis=0, initial=0.0))
        seconds += float(np.ptp(table.timestamps_s)) + 1 / spec.fps
        steps += len(table)
    try:
        stats = {spec.state.key: state.result(), spec.action.key: action.result()}
    except DataError as error:
        raise DataError(f"no step of '{spec.source.path}' is finite; record it again") from error
    findings += constant_findings(spec, stats)
    return Survey(steps, seconds, stats[spec.state.key], stats[spec.action.key], change, tuple(findings))
