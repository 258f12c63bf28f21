"""Matched sets become episodes: cut where time or the recording breaks, even steps, an action for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from vita_dataset.bag_reader import naming
from vita_dataset.episode import EpisodeTable, check_finite
from vita_dataset.from_bag_scan import MatchedSet, Scan
from vita_dataset.from_bag_steps import Step, cut_at_gaps, plan_steps
from vita_dataset.from_bag_timing import Timing
from vita_dataset.robot import Robot

LEAST_STEPS = 10
"""A shorter piece is no demonstration."""


@dataclass(frozen=True, eq=False)
class Piece:
    """One episode of a bag.

    Attributes:
        table: its steps; ``index`` counts within the bag.
        places: for each camera key, when the bag recorded each step's picture and the picture's stamp: int64 [n, 2].
        start_ns: the time of its first step.
    """

    table: EpisodeTable
    places: Mapping[str, NDArray[np.int64]]
    start_ns: int


def cut_pieces(scan: Scan, robot: Robot, timing: Timing, task: str) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    """Make a bag's episodes.

    Args:
        scan: what the bag holds.
        robot: names of cameras and joints.
        timing: the time between steps, and from where a gap ends an episode.
        task: the text of all steps.

    Returns:
        The episodes, and a sentence for each piece or step that was left out or stood in for.

    Raises:
        DataError: a state or action is not finite, or one set would stand for too many steps.
    """
    cutter = _Cutter(scan, robot, timing, task)
    for (_, stretch), group in groupby(
        scan.sets, key=lambda found: (found.era, scan.marks.stretch(found.places[0][0]))
    ):
        if not scan.marks.wanted[stretch]:
            continue
        sets = list(group)
        for piece in cut_at_gaps([matched.stamp_ns for matched in sets], timing.gap_ns):
            cutter.add(sets[piece.start : piece.stop])
    return tuple(cutter.pieces), tuple(f"bag '{scan.bag}': {note}" for note in cutter.notes)


class _Cutter:
    """Takes one piece after the other."""

    def __init__(self, scan: Scan, robot: Robot, timing: Timing, task: str) -> None:
        self.pieces: list[Piece] = []
        self.notes: list[str] = []
        self._scan = scan
        self._robot = robot
        self._timing = timing
        self._task = task

    def add(self, sets: list[MatchedSet]) -> None:
        # By the times of the recording, which go on where stamps go back.
        start_s = (sets[0].places[0][0] - self._scan.sets[0].places[0][0]) / 1e9
        where = f"the piece that begins {start_s:.1f} s after the first matched set"
        with naming(self._scan.bag):
            steps = plan_steps([matched.stamp_ns for matched in sets], self._timing.period_ns)
        times_ns = np.array([step.time_ns for step in steps], dtype=np.int64)
        found = [track.newest_at(sets[0].era, times_ns) for track in self._scan.actions]
        topics = ", ".join(f"'{track.topic.topic}'" for track in self._scan.actions)
        if len(steps) >= LEAST_STEPS and all(numbers[0] == numbers[-1] for numbers, _ in found):
            # Nobody commanded, or the commands have another clock than the cameras.
            self.notes.append(f"{where} is left out: no new command came on {topics} during it")
            return
        lead = max(int((numbers < 0).sum()) for numbers, _ in found)
        if lead:
            self.notes.append(f"{where}: its first {lead} steps are left out, before the first command on {topics}")
        steps = steps[lead:]
        if len(steps) < LEAST_STEPS:
            self.notes.append(f"{where} is left out: {len(steps)} steps, fewer than {LEAST_STEPS}")
            return
        repeated = sum(step.repeats for step in steps[1:])
        if repeated:
            self.notes.append(
                f"{where}: {repeated} of {len(steps)} steps repeat the matched set before, for none came in time at "
                f"{self._timing.rate_hz:g} Hz"
            )
        action = np.empty((len(steps), len(self._robot.policy_names)), dtype=np.float64)
        for track, (_, values) in zip(self._scan.actions, found, strict=True):
            action[:, list(track.topic.columns)] = values[lead:]
        self._keep(steps, [sets[step.matched] for step in steps], action)

    def _keep(self, steps: list[Step], sets: list[MatchedSet], action: NDArray[np.float64]) -> None:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, which is refused below
            table = EpisodeTable(
                index=len(self.pieces),
                timestamps_s=np.arange(len(steps)) / self._timing.rate_hz,
                state=np.array([matched.state for matched in sets]).astype(np.float32),
                action=action.astype(np.float32),
                task=self._task,
            )
        names = self._robot.policy_names
        check_finite(table, {"state": names, "action": names}, str(self._scan.bag))
        places = {
            camera.key: np.array([matched.places[number] for matched in sets], dtype=np.int64)
            for number, camera in enumerate(self._robot.cameras)
        }
        self.pieces.append(Piece(table, places, steps[0].time_ns))
