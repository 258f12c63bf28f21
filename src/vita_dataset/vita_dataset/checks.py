"""What a person should know about a dataset before training on it: each finding is one sentence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vita_dataset.episode import EpisodeTable
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import Stats

GAP_TOLERANCE = 0.1
BLACK_LEVEL = 8


def timing_findings(table: EpisodeTable, fps: float) -> list[str]:
    """Steps that are not 1/fps apart, by more than a tenth of it."""
    gaps_s = np.diff(table.timestamps_s)
    odd = np.flatnonzero(np.abs(gaps_s * fps - 1) > GAP_TOLERANCE)
    if not len(odd):
        return []
    worst = int(odd[np.argmax(np.abs(gaps_s[odd] * fps - 1))])
    return [
        f"episode {table.index}: {len(odd)} of {len(gaps_s)} steps are not 1/{fps:g} s apart, the worst after step "
        f"{worst} with {gaps_s[worst]:.3f} s"
    ]


def constant_findings(spec: DatasetSpec, stats: Stats) -> list[str]:
    """Elements of state and action that never change."""
    findings = []
    for kind, vector in (("state", spec.state), ("action", spec.action)):
        still = np.flatnonzero(stats[vector.key].max == stats[vector.key].min).tolist()
        if still:
            findings.append(f"the {kind} never changes in {', '.join(vector.labels[element] for element in still)}")
    return findings


class BlackWatch:
    """Passes the frames of one camera in one episode through and notices when all of them are black."""

    def __init__(self, frames: Iterator[NDArray[np.uint8]]) -> None:
        self._frames = frames
        self.black = True

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        for frame in self._frames:
            self.black = self.black and int(frame.max()) < BLACK_LEVEL
            yield frame
