"""Chunks whose actions tell their own time, and a model of the control loop around a scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from vita_policy_node.chunk_scheduler import ChunkScheduler, DueAction
from vita_policy_node.schedule_settings import ScheduleSettings
from vita_policy_node.schedules import make_scheduler
from vita_train.policy.observation import ActionChunk

PERIOD = 33_333_333
START = 1_000_000_000_000
MIXES = np.array([True, True, False])

Make = Callable[[int], ActionChunk]


def at(step: float) -> int:
    return START + round(step * PERIOD)


def chunk(stamp: int, steps: int = 16) -> ActionChunk:
    """Each action says which step of time it belongs to, counted from START."""
    first = (stamp - START) / PERIOD
    return ActionChunk(stamp, PERIOD, (first + np.arange(steps, dtype=np.float32))[:, None], ("j",))


def constant(stamp: int, *values: float, steps: int = 16) -> ActionChunk:
    """The same action at every step."""
    actions = np.tile(np.array(values, dtype=np.float32), (steps, 1))
    return ActionChunk(stamp, PERIOD, actions, tuple(f"j{index}" for index in range(len(values))))


def schedule(kind: str, replan_steps: int = 0, ensemble_decay: float = 0.01, blend_steps: int = 4) -> ScheduleSettings:
    return ScheduleSettings(kind, replan_steps, ensemble_decay, blend_steps)


def scheduler(settings: ScheduleSettings, horizon: int = 8, mixes: np.ndarray = MIXES) -> ChunkScheduler:
    assert not settings.problems(horizon)
    return make_scheduler(settings, horizon, mixes)


@dataclass(frozen=True)
class Ticked:
    now_ns: int
    due: DueAction | None


def play(made: ChunkScheduler, times: list[float], latency: float, make: Make) -> Iterator[Ticked]:
    """Tick at ``times`` [steps]: an observation at each whole step, a chunk ``latency`` steps after its request."""
    in_flight: tuple[int, ActionChunk] | None = None
    observed = 0
    for step in times:
        now = at(step)
        if in_flight and in_flight[0] <= now:
            made.add(in_flight[1], now)
            in_flight = None
        newest = START + max(0, (now - START) // PERIOD) * PERIOD
        if made.needs_chunk(now) and in_flight is None and newest > observed:
            made.request(now)
            in_flight = (now + round(latency * PERIOD), make(newest))
            observed = newest
        yield Ticked(now, made.due(now))
