"""The ``ros2 bag`` command."""

from __future__ import annotations

from ros2cli.command import Command

from rosbag2.info import INFO
from rosbag2.play import PLAY
from rosbag2.record import RECORD

COMMAND = Command("ros2bag", "Record, play and describe bags", {"record": RECORD, "play": PLAY, "info": INFO})
