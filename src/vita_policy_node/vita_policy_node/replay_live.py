"""The commands of a live replay, read back from the bag that recorded them."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vita_dataset.errors import DataError
from vita_policy_node.bag import bag_topics, name_in_bag, read_bag
from vita_policy_node.commands import command_topic
from vita_policy_node.contract import ArmOutput, Layout
from vita_policy_node.conversions import stamp_ns
from vita_policy_node.recorded_actions import TRAJECTORY

REPLAY_PREFIX = "/replay"
"""What replay.launch.py puts before the node's command topics, so that a replay never drives a robot."""

Vector = NDArray[np.float64]


def read_commands(bag: Path, layout: Layout) -> dict[int, Vector]:
    """The node's commands by stamp [ns], complete ones only, float64 [A] in the order of the action.

    Raises:
        DataError: a command topic is missing, a command does not have its arm's joints, or is not stamped.
    """
    have = bag_topics(bag)
    outputs: dict[str, ArmOutput] = {}
    for output in layout.arms:
        topic = output.arm.command_topic
        prefixed = command_topic(REPLAY_PREFIX, topic)
        outputs[prefixed if prefixed in have else name_in_bag(topic, have)] = output
    commands: dict[int, Vector] = {}
    for item in read_bag(bag, dict.fromkeys(outputs, TRAJECTORY)):
        output, message = outputs[item.topic], item.message
        if tuple(message.joint_names) != output.arm.joints or len(message.points) != 1:
            raise DataError(f"'{item.topic}' of bag '{bag}' does not hold one point for arm '{output.arm.name}'")
        if stamp_ns(message) <= 0:
            raise DataError(
                f"'{item.topic}' of bag '{bag}' has a command without a stamp; record it with stamp_commands: true"
            )
        row = commands.setdefault(stamp_ns(message), np.full(len(layout.limits.names), np.nan))
        row[list(output.indices)] = message.points[0].positions
    return {stamp: row for stamp, row in sorted(commands.items()) if np.isfinite(row).all()}


def match_nearest(commands: dict[int, Vector], recorded: dict[int, Vector], limit_ns: int) -> list[tuple[int, int]]:
    """Pairs (command stamp, nearest recorded stamp), commands without one within ``limit_ns`` left out."""
    stamps = sorted(recorded)
    pairs = []
    for stamp in commands:
        at = bisect_left(stamps, stamp)
        near = min(stamps[max(0, at - 1) : at + 1], key=lambda candidate: abs(candidate - stamp))
        if abs(near - stamp) <= limit_ns:
            pairs.append((stamp, near))
    return pairs
