"""The events of a service as marks between episodes, recorded as ROS 2 records them."""

import json

import numpy as np
import pytest
from from_bag_bags import ROBOT_TEXT, START_NS, STEP_NS, STORE, TYPES, episode
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from vita_dataset.from_bag import from_bag

TOPIC = "/next_episode/_service_event"
EVENT = "std_srvs/srv/Trigger_Event"
DEFINITION = "=" * 80 + "\nSRV: std_srvs/srv/Trigger\n---\nbool success   # of the call\nstring message\n"
"""What ``ros2 bag record`` keeps of the type: the service as it is written, which is no message definition."""
HASH = "RIHS01_" + "5" * 64
REQUEST_SENT, REQUEST_RECEIVED, RESPONSE_SENT, RESPONSE_RECEIVED = range(4)


@pytest.fixture
def robot(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text(ROBOT_TEXT)
    return path


def event_bytes(kind, time_ns):
    """A Trigger_Event as it travels: info, at most one request (which is empty), at most one response."""
    store = get_typestore(Stores.ROS2_KILTED)
    # rosbags keeps messages only, so the parts of a service are given names of messages; CDR holds no names.
    for name, text in {
        "std_srvs/msg/Request": "uint8 structure_needs_at_least_one_member",
        "std_srvs/msg/Response": "bool success\nstring message",
        "std_srvs/msg/Event": "service_msgs/ServiceEventInfo info\nRequest[<=1] request\nResponse[<=1] response",
    }.items():
        store.register(get_types_from_msg(text, name))
    types = store.types
    info = types["service_msgs/msg/ServiceEventInfo"](
        event_type=kind,
        stamp=TYPES["builtin_interfaces/msg/Time"](time_ns // 10**9, time_ns % 10**9),
        client_gid=np.arange(16, dtype=np.uint8),
        sequence_number=1,
    )
    asks = kind in (REQUEST_SENT, REQUEST_RECEIVED)
    request = [types["std_srvs/msg/Request"](0)] if asks else []
    response = [] if asks else [types["std_srvs/msg/Response"](True, "next")]
    return bytes(store.serialize_cdr(types["std_srvs/msg/Event"](info, request, response), "std_srvs/msg/Event"))


def write_with_calls(path, steps, calls, storage, answer_ns=2_000_000):
    """What a robot sends, and the four events of each service call, just before the given steps."""
    messages = [
        (time_ns, topic, kind, STORE.serialize_cdr(message, kind)) for time_ns, topic, kind, message in episode(steps)
    ]
    for step in calls:
        start_ns = START_NS + step * STEP_NS - 50_000_000
        for event in range(4):
            now_ns = start_ns + event % 2 * 1_000_000 + event // 2 * answer_ns
            messages.append((now_ns, TOPIC, EVENT, event_bytes(event, now_ns)))
    with Writer(path, version=9, storage_plugin=storage) as writer:
        connections = {TOPIC: writer.add_connection(TOPIC, EVENT, msgdef=DEFINITION, rihs01=HASH)}
        for time_ns, topic, kind, content in sorted(messages, key=lambda found: found[0]):
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(connections[topic], time_ns, content)
    return path


@pytest.mark.parametrize("answer_ns", [2_000_000, 12 * STEP_NS])
@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_calls_of_a_service_cut_a_bag_into_episodes(robot, tmp_path, storage, answer_ns):
    """Whenever the service answers: a call is one mark."""
    bag = write_with_calls(tmp_path / "bag", range(60), (20, 42), storage, answer_ns)
    result = from_bag([bag], robot, tmp_path / "out", codec="images", split_topic=TOPIC)
    assert result.notes == ()
    found = json.loads((tmp_path / "out/meta/from_bag.json").read_text())["episodes"]
    assert [episode["length"] for episode in found] == [20, 22, 18]
    assert [(episode["start_ns"] - START_NS) // STEP_NS for episode in found] == [0, 20, 42]


def test_a_bag_with_service_events_is_read_without_them_too(robot, tmp_path):
    bag = write_with_calls(tmp_path / "bag", range(30), (12,), StoragePlugin.MCAP)
    assert from_bag([bag], robot, tmp_path / "out", codec="images").episodes == 1
