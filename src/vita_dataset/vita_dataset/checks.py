"""What a person should know about a dataset before training on it: each finding is one sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vita_dataset.action_offset import Offset
from vita_dataset.camera_watch import Stretch
from vita_dataset.episode import EpisodeTable
from vita_dataset.spec import DatasetSpec
from vita_dataset.stats import Stats

GAP_TOLERANCE = 0.1
EXACT = 1e-9


def odd_gaps(table: EpisodeTable, fps: float) -> int:
    """How many steps are not 1/fps after the one before, by more than a tenth of it."""
    return int((np.abs(np.diff(table.timestamps_s) * fps - 1) > GAP_TOLERANCE).sum())


def timing_findings(table: EpisodeTable, fps: float) -> list[str]:
    """Steps that are not 1/fps apart."""
    odd = odd_gaps(table, fps)
    if not odd:
        return []
    gaps_s = np.diff(table.timestamps_s)
    worst = int(np.argmax(np.abs(gaps_s * fps - 1)))
    return [
        f"episode {table.index}: {odd} of {len(gaps_s)} steps are not 1/{fps:g} s apart, the worst after step "
        f"{worst} with {gaps_s[worst]:.3f} s"
    ]


def finite_findings(table: EpisodeTable) -> list[str]:
    """Steps that hold NaN or infinity."""
    bad = int((~(np.isfinite(table.state).all(axis=1) & np.isfinite(table.action).all(axis=1))).sum())
    return (
        [f"episode {table.index}: {bad} of {len(table)} steps hold NaN or infinity, which convert refuses"]
        if bad
        else []
    )


def constant_elements(spec: DatasetSpec, stats: Stats) -> dict[str, list[str]]:
    """The elements of state and action that never change, by name."""
    found = {}
    for kind, vector in (("state", spec.state), ("action", spec.action)):
        still = np.flatnonzero(stats[vector.key].max == stats[vector.key].min).tolist()
        found[kind] = [vector.labels[element] for element in still]
    return found


def constant_findings(spec: DatasetSpec, stats: Stats) -> list[str]:
    """Elements of state and action that never change."""
    found = constant_elements(spec, stats)
    return [f"the {kind} never changes in {', '.join(names)}" for kind, names in found.items() if names]


def black_findings(key: str, stretches: Sequence[Stretch], steps: int) -> list[str]:
    """Black pictures of one camera in one episode of so many steps."""
    return [
        f"episode {stretch.episode}: camera '{key}' is black"
        + ("" if stretch.last - stretch.first + 1 == steps else f" at {stretch}")
        for stretch in stretches
    ]


def frozen_findings(key: str, stretches: Sequence[Stretch]) -> list[str]:
    """A camera whose picture stands while the robot moves: one sentence, since it often does so again and again."""
    if not stretches:
        return []
    longest = max(stretches, key=lambda stretch: stretch.last - stretch.first)
    where = f"at {longest} of episode {longest.episode}"
    if len(stretches) > 1:
        episodes = len({stretch.episode for stretch in stretches})
        where = f"{len(stretches)} times in {episodes} episodes, the longest {where}"
    return [
        f"camera '{key}' shows one picture although the robot moves, {where}: it is frozen, or does not see the "
        "arm that moves"
    ]


def offset_findings(offsets: Sequence[Offset]) -> list[str]:
    """Actions that hold no intention: recorded after the motion, or copied from the state."""
    findings = []
    late = [offset for offset in offsets if offset.steps is not None and offset.steps < 0]
    if late:
        named = ", ".join(f"{offset.name} ({-(offset.steps or 0)} steps)" for offset in late)
        findings.append(
            f"the action comes after the state that it should lead to in {named}: a policy would learn to command what "
            "has happened; check how the recorder stamps and matches its streams"
        )
    told = [offset for offset in offsets if offset.steps is not None]
    copied = [offset.name for offset in told if offset.steps == 0 and (offset.correlation or 0.0) > 1 - EXACT]
    if copied:
        findings.append(
            f"the action equals the state of the same step in {', '.join(copied)}: a policy would learn to stay where "
            "it is; record what was commanded, or move the action one step ahead"
        )
    return findings
