"""The first pass over a bag: which messages belong together. Pictures are only looked up, not decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vita_dataset.bag_reader import BagItem, OpenBag, breaks_off, naming, stamp_ns
from vita_dataset.bag_writer import ACTION_TOPIC
from vita_dataset.errors import DataError
from vita_dataset.from_bag_image import TRANSPORTS
from vita_dataset.from_bag_joints import JOINT_STATE, TRAJECTORY, ActionTrack, JointTopic, action_topics, state_topics
from vita_dataset.from_bag_marks import Marks, read_marks
from vita_dataset.from_bag_sync import Match, StampSync, StreamCount
from vita_dataset.from_bag_timing import Timing
from vita_dataset.robot import Robot

_ADVICE = (
    ", correct the topics or the transport in the robot file, or name the topic with the actions by --action-topic "
    f"(they are read from '{ACTION_TOPIC}', else from the arms' command topics)"
)


@dataclass(frozen=True, eq=False)
class MatchedSet:
    """One message of each stream.

    Attributes:
        era: how often time had begun anew.
        stamp_ns: of the first camera's picture.
        places: for each camera, when the bag recorded its picture and the picture's stamp [ns].
        state: float64 [S], in the order of the robot's ``policy_names``.
    """

    era: int
    stamp_ns: int
    places: tuple[tuple[int, int], ...]
    state: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scan:
    """What the first pass found.

    Attributes:
        bag: the bag.
        sets: at least one; within an era the stamps of each stream ascend.
        actions: the commands of each action topic.
        marks: where the recorder's own marks cut it.
        notes: a sentence for each thing that was left out.
    """

    bag: Path
    sets: tuple[MatchedSet, ...]
    actions: tuple[ActionTrack, ...]
    marks: Marks
    notes: tuple[str, ...]


def scan_bag(
    bag: OpenBag, robot: Robot, timing: Timing, action_topic: str | None = None, split_topic: str | None = None
) -> Scan:
    """Match a bag's messages.

    Args:
        bag: the bag.
        robot: topics and joints.
        timing: how to match.
        action_topic: see ``action_topics``.
        split_topic: see ``read_marks``.

    Raises:
        DataError: topics are missing, nothing matches, a message does not fit the joints, or the bag is damaged.
    """
    states = state_topics(robot)
    actions = {topic.topic: ActionTrack(topic) for topic in action_topics(robot, bag, action_topic)}
    inputs = {camera.topic: (TRANSPORTS[camera.transport],) for camera in robot.cameras}
    inputs |= {state.topic: (JOINT_STATE,) for state in states}
    bag.check([*((topic, (JOINT_STATE, TRAJECTORY)) for topic in actions), *inputs.items()], _ADVICE)
    marks = Marks() if split_topic is None else read_marks(bag, split_topic)
    streams = {topic: stream for stream, topic in enumerate(inputs)}
    by_topic = {state.topic: state for state in states}
    sync: StampSync[BagItem] = StampSync(len(streams), timing.slop_ns, timing.queue_size)
    sets: list[MatchedSet] = []
    last: Match[BagItem] | None = None
    overtaken = 0
    for item in bag.messages({*streams, *actions}):
        if not 0 <= item.time_ns < 2**63:  # by this time messages are found again, and commands without a stamp kept
            raise breaks_off(bag.path, f"a message recorded at {item.time_ns} ns")
        if item.topic in actions:
            with naming(bag.path):
                actions[item.topic].add(item)
        if item.topic not in streams:
            continue
        stream, state = streams[item.topic], by_topic.get(item.topic)
        if state is not None and not state.knows(item.message.name):
            sync.refuse(stream)  # another robot's publisher on the same topic
            continue
        # Pictures stay in the bag: a queue of them would be large.
        stamp = stamp_ns(item.message)
        match = sync.add(stream, stamp, item if state is not None else item.without_message())
        for track in actions.values():
            track.settle(sync.era, stamp)
        if match is None:
            continue
        if last is not None and not _follows(last, match):
            overtaken += 1
            continue
        last = match
        with naming(bag.path):
            sets.append(_matched_set(match, len(robot.cameras), states))
    for track in actions.values():
        track.settle(sync.era, 0)
    names = (*(f"camera '{camera.name}'" for camera in robot.cameras), *(f"joint state '{t}'" for t in by_topic))
    counts = dict(zip(names, sync.counts, strict=True))
    if not sets:
        raise _nothing_matched(bag, counts, timing)
    notes = tuple(f"bag '{bag.path}': {note}" for note in _notes(counts, overtaken, sync.era))
    return Scan(bag.path, tuple(sets), tuple(actions.values()), marks, notes)


def _notes(counts: dict[str, StreamCount], overtaken: int, eras: int) -> list[str]:
    notes = [
        f"{name}: {count.refused} of {count.received} messages refused, whose stamp is 0, repeats or goes back, or "
        "which name none of the joints"
        for name, count in counts.items()
        if count.refused
    ]
    if overtaken:
        notes.append(f"matched sets left out because they came after newer ones: {overtaken}")
    if eras:
        notes.append(f"places where time goes back and an episode ends: {eras}")
    return notes


def _follows(last: Match[BagItem], match: Match[BagItem]) -> bool:
    """Whether each message of a set is newer than that of the last one, so that one way through the bag finds all."""
    pairs = zip(last.stamps_ns, match.stamps_ns, strict=True)
    return match.era > last.era or all(before < after for before, after in pairs)


def _matched_set(match: Match[BagItem], cameras: int, states: tuple[JointTopic, ...]) -> MatchedSet:
    places = tuple(
        (item.time_ns, stamp) for item, stamp in zip(match.messages[:cameras], match.stamps_ns[:cameras], strict=True)
    )
    vector = np.empty(sum(len(state.columns) for state in states), dtype=np.float64)
    for state, item in zip(states, match.messages[cameras:], strict=True):
        vector[list(state.columns)] = state.positions(item.message.name, item.message.position)
    return MatchedSet(match.era, match.stamps_ns[0], places, vector)


def _nothing_matched(bag: OpenBag, counts: dict[str, StreamCount], timing: Timing) -> DataError:
    heard = ", ".join(f"{name} {count.received} ({count.refused} refused)" for name, count in counts.items())
    return DataError(
        f"bag '{bag.path}' has no matched set, one message of each stream within {timing.slop_ns / 1e9:g} s: it holds "
        f"{heard}; check that all drivers stamp with one clock, or raise slop_s or queue_size in the robot file"
    )
