from pathlib import Path

import numpy as np
import pytest
from from_bag_bags import START_NS, STORE, TYPES, entry, image, joints, write
from rosbags.rosbag2 import StoragePlugin, Writer

from vita_dataset.bag_reader import naming, open_bag, stamp_ns
from vita_dataset.errors import DataError

STATES = [entry("/joints", joints(START_NS + step, pan=step)) for step in range(5)]
JOINT_STATE = "sensor_msgs/msg/JointState"


@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_a_stretch_of_some_topics_is_read(tmp_path, storage):
    bag = write(tmp_path / "bag", [*STATES, entry("/front", image(START_NS, 1))], storage)
    with open_bag(bag) as reader:
        assert reader.topics == {"/joints": JOINT_STATE, "/front": "sensor_msgs/msg/Image"}
        found = list(reader.messages({"/joints"}, START_NS + 1, START_NS + 3))
        assert [(item.topic, item.kind, item.time_ns - START_NS) for item in found] == [
            ("/joints", JOINT_STATE, step) for step in (1, 2, 3)
        ]
        assert [stamp_ns(item.message) - START_NS for item in found] == [1, 2, 3]
        assert found[0].without_message().message is None
        assert len(list(reader.messages({"/joints", "/front"}))) == 6
        assert list(reader.messages(set())) == []


def test_a_converter_that_fails_is_taken_for_a_damaged_bag(tmp_path):
    def second_fails(kind, message):
        assert kind == JOINT_STATE
        if message.position[0] == 1:
            raise ValueError("one")
        return float(message.position[0])

    with open_bag(write(tmp_path / "bag", STATES)) as reader:
        items = reader.messages({"/joints"}, convert=second_fails)
        assert next(items).message == 0.0
        with pytest.raises(DataError, match=r"breaks off \(one\); reindex it"):
            next(items)


def test_topics_are_checked_all_at_once(tmp_path):
    """One name may have been used for two types."""
    bag = write(tmp_path / "bag", [*STATES, entry("/joints", image(START_NS, 1))])
    with open_bag(bag) as reader, pytest.raises(DataError) as caught:
        reader.check([("/joints", (JOINT_STATE,)), ("/none", ("a", "b"))], " or another house")
    assert f"topic '/joints' ({JOINT_STATE}) has type sensor_msgs/msg/Image and {JOINT_STATE}" in str(caught.value)
    assert "topic '/none' (a or b) is missing; it has ['/joints']: choose another bag or another house" in str(
        caught.value
    )


def test_types_that_nobody_asks_for_need_not_be_known(tmp_path):
    """Nor need their definitions be readable."""
    with Writer(tmp_path / "bag", version=9) as writer:
        odd = writer.add_connection("/odd", "lab_msgs/msg/Odd", msgdef="no definition at all {", rihs01="RIHS01_1")
        writer.write(odd, START_NS, b"\0\1\0\0bytes")
        plain = writer.add_connection("/joints", JOINT_STATE, typestore=STORE)
        writer.write(plain, START_NS, STORE.serialize_cdr(STATES[0][3], JOINT_STATE))
    with open_bag(tmp_path / "bag") as reader:
        assert [item.message for item in reader.messages({"/odd"}, decode=False)] == [None]
        (item,) = reader.messages({"/odd"}, decode=False, convert=lambda kind, content: (kind, bytes(content)))
        assert item.message == ("lab_msgs/msg/Odd", b"\0\1\0\0bytes")
        np.testing.assert_array_equal(next(reader.messages({"/joints"})).message.position, [0])


@pytest.mark.parametrize("storage", list(StoragePlugin))
def test_a_standard_name_with_other_fields_is_refused(tmp_path, storage):
    with Writer(tmp_path / "bag", version=9, storage_plugin=storage) as writer:
        own = writer.add_connection("/joints", JOINT_STATE, msgdef="float64[] position", rihs01="RIHS01_" + "0" * 64)
        writer.write(own, START_NS, STORE.serialize_cdr(TYPES["std_msgs/msg/Bool"](True), "std_msgs/msg/Bool"))
    with open_bag(tmp_path / "bag") as reader, pytest.raises(DataError, match="with other fields than ROS 2 defines"):
        next(reader.messages({"/joints"}))


def test_what_cannot_be_opened(tmp_path):
    with pytest.raises(DataError, match=r"no metadata\.yaml"), open_bag(tmp_path):
        pass
    (tmp_path / "metadata.yaml").write_text("rosbag2_bagfile_information: {version: 9}\n")
    with pytest.raises(DataError, match="cannot be opened"), open_bag(tmp_path):
        pass
    with pytest.raises(DataError, match=r"^bag .b.: odd"), naming(Path("b")):
        raise DataError("odd")
    with pytest.raises(DataError, match=r"^topic ./c. of bag .b.: odd"), naming(Path("b"), "/c"):
        raise DataError("odd")
