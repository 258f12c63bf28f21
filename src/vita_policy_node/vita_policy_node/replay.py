"""Offline replay: a bag through the node's own classes, without an executor, the same result each run."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_policy_node.bag import bag_topics, name_in_bag, read_bag
from vita_policy_node.contract import Layout
from vita_policy_node.control_loop import ControlLoop
from vita_policy_node.conversions import stamp_ns
from vita_policy_node.observation_builder import ObservationBuilder, read_joints
from vita_policy_node.observation_sync import MatchedSet
from vita_policy_node.recorded_actions import TRAJECTORY, action_topics, read_recorded_actions
from vita_policy_node.settings import NodeSettings
from vita_policy_node.simulated_worker import SimulatedWorker
from vita_train.policy.observation import ActionChunk, Observation

KINDS = {
    "raw": "sensor_msgs/msg/Image",
    "compressed": "sensor_msgs/msg/CompressedImage",
    "joint_state": "sensor_msgs/msg/JointState",
}
LONGEST_GAP_NS = 60_000_000_000
"""An input's stamp that is further ahead than this does not move the replay's clock: it is broken.

A recorded action's does, and the time between is left out.
"""

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ReplayTick:
    """One control tick.

    Attributes:
        stamp_ns: its time.
        recorded: float64 [A], what the robot was commanded; None where the recording has a gap.
        command: float64 [A], what the policy's pipeline would send; None while holding.
        held: float64 [A], the pose measured at the observation behind the command: what a trivial policy, which
            holds it for as long as the chunk is executed, sends.
        measured: float64 [A], the newest pose measured before the tick; None while holding.
        reason: why it holds, else empty.
        chunk_stamp_ns: the time of the observation behind the newest chunk in the command; None while holding.
    """

    stamp_ns: int
    recorded: Vector | None
    command: Vector | None
    held: Vector | None
    measured: Vector | None
    reason: str
    chunk_stamp_ns: int | None = None


@dataclass(frozen=True, eq=False)
class Replay:
    """Everything that a replay did; ``inference_ns`` alone depends on the machine."""

    layout: Layout
    loop: ControlLoop
    ticks: tuple[ReplayTick, ...]
    inference_ns: tuple[int, ...]
    latency_ns: int


@dataclass
class _Predictor:
    """Calls the policy and notes, for each chunk, the pose measured at its observation."""

    layout: Layout
    build: Callable[[MatchedSet], Sequence[Observation]]
    predict: Callable[[Sequence[Observation]], ActionChunk]
    poses: dict[int, Vector] = field(default_factory=dict)
    inference_ns: list[int] = field(default_factory=list)

    def __call__(self, matched: MatchedSet) -> ActionChunk:
        chunk = self.predict(self.build(matched))
        self.poses[matched.stamp_ns] = read_joints(self.layout, self.layout.pose, matched.messages)
        self.inference_ns.append(chunk.inference_ns)
        return chunk


def replay_bag(
    bag: Path,
    layout: Layout,
    settings: NodeSettings,
    predict: Callable[[Sequence[Observation]], ActionChunk],
    action_horizon: int,
    latency_ns: int = 0,
    obs_horizon: int = 1,
) -> Replay:
    """Run a bag through the control loop.

    Time is that of the headers: the clock is the largest stamp so far, in the order in which the bag recorded the
    messages, so delays between streams are kept. A tick sees every message up to its own time.

    Args:
        bag: with the topics of the robot file and the recorded actions, see ``action_topics``.
        layout: from ``check_contract``.
        settings: the node's.
        predict: the policy's ``predict_chunk``.
        action_horizon: how many actions of a chunk to execute.
        latency_ns: assumed time from request to chunk; the measured one is only reported.
        obs_horizon: how many observations ``predict`` gets, the oldest first.

    Raises:
        DataError: the bag lacks a topic, is damaged, or holds no recorded action or nothing at its time.
    """
    recorded = read_recorded_actions(bag, layout)
    predictor = _Predictor(layout, ObservationBuilder(layout, settings).build, predict)
    # The recorded arm followed the recorded commands; that it does not follow these means nothing.
    settings = replace(settings, stuck_ns=0, dry_run=False)
    loop = ControlLoop(layout, settings, SimulatedWorker(predictor, latency_ns), action_horizon, obs_horizon)
    loop.start()
    pending = tick_times(list(recorded), layout.period_ns)[::-1]
    ticks: list[ReplayTick] = []

    def tick_until(end_ns: int) -> None:
        while pending and pending[-1] < end_ns:
            now_ns = pending.pop()
            tick = loop.tick(now_ns)
            held = None if tick.due is None else predictor.poses[tick.due.chunk_stamp_ns]
            measured = None if tick.due is None else read_joints(layout, layout.pose, loop.sync.newest_messages())
            chunk = None if tick.due is None else tick.due.chunk_stamp_ns
            ticks.append(ReplayTick(now_ns, recorded.get(now_ns), tick.command, held, measured, tick.reason, chunk))

    have = bag_topics(bag)
    inputs = [(name_in_bag(stream.topic, have), KINDS[stream.kind]) for stream in layout.streams]
    streams = {topic: index for index, (topic, _) in enumerate(inputs)}
    actions = action_topics(bag, layout)
    clock_ns = 0
    for item in read_bag(bag, dict(inputs) | actions):
        # A command without a stamp starts at once.
        stamp = stamp_ns(item.message) or (item.time_ns if item.kind == TRAJECTORY else 0)
        moves = clock_ns == 0 or stamp - clock_ns <= LONGEST_GAP_NS or item.topic in actions
        if clock_ns < stamp and moves:
            tick_until(stamp)
            clock_ns = stamp
        if item.topic in streams:
            loop.add_message(streams[item.topic], item.message, clock_ns)
    tick_until(clock_ns + 1)
    if not ticks:
        raise DataError(
            f"bag '{bag}' has no picture or joint state at the time of its actions: were the stamps of the messages "
            "and those of the recording made by the same clock?"
        )
    return Replay(layout, loop, tuple(ticks), tuple(predictor.inference_ns), latency_ns)


def tick_times(stamps: list[int], period_ns: int) -> list[int]:
    """When to tick: every period, on a recorded stamp wherever one lies within half a period.

    Args:
        stamps: ascending, at least one [ns].
        period_ns: time between ticks.

    Returns:
        Ascending times from the first stamp to the last; none within a gap longer than ``LONGEST_GAP_NS``.
    """
    times = [stamps[0]]
    index = 0
    while times[-1] < stamps[-1]:
        wanted = times[-1] + period_ns
        while index + 1 < len(stamps) and abs(stamps[index + 1] - wanted) <= abs(stamps[index] - wanted):
            index += 1
        following = stamps[bisect_right(stamps, times[-1])]
        near = abs(stamps[index] - wanted) <= period_ns // 2 and stamps[index] > times[-1]
        if following - times[-1] > LONGEST_GAP_NS:
            times.append(following)
        else:
            times.append(stamps[index] if near else wanted)
    return times


def metadata(replay: Replay) -> dict[str, Any]:
    """Counters of the streams, the scheduler and the gate, as plain JSON types."""
    loop = replay.loop
    streams = {
        stream.name: {
            "received": count.received,
            "matched": count.matched,
            "dropped": count.dropped,
            "refused": count.refused,
        }
        for stream, count in zip(replay.layout.streams, loop.sync.rules.counts, strict=True)
    }
    return {
        "streams": streams,
        "assumed_latency_ms": replay.latency_ns / 1e6,
        "refused": dict(loop.sync.rules.refusals),
        "matched_sets": loop.sync.matched_sets,
        "chunks": loop.counts.chunks,
        "steps_dropped_as_late": loop.scheduler.dropped_steps,
        "holds": dict(loop.counts.holds),
        "faults": dict(loop.counts.faults),
        "safety": {
            "commands": loop.counts.commands,
            "commands_limited": loop.counts.limited,
            "hits": dict(loop.counts.hits),
            "warnings": dict(loop.counts.warnings),
        },
    }
