"""Every mistake that the workspace promises to name: one sentence, the right exit code, nothing half-written."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pipeline import ROBOT, fail, ros2_run, train
from safetensors.numpy import load_file, save_file

FRONT = "observation.images.image"


@pytest.fixture
def recording(way, tmp_path):
    """A copy of the recording to spoil."""
    return shutil.copytree(way / "rec/ur12e/sample", tmp_path / "ur12e" / "spoiled")


@pytest.fixture
def checkpoint(way, tmp_path):
    """A copy of the checkpoint to spoil."""
    return shutil.copytree(way / "flare_outputs/ur12e_sample/vita/test/checkpoints/step_0000000002", tmp_path / "step")


def convert_fails(folder, recording):
    sentence = fail(ros2_run(folder, "vita_dataset", "convert", "-r", recording), 1)
    assert not (folder / "sets" / "ur12e" / recording.name).exists()
    return sentence


def replay_fails(way, tmp_path, checkpoint, *more, bag=None):
    arguments = ("--bag", bag or way / "bag", "--checkpoint", checkpoint, "--out", tmp_path / "report", *more)
    sentence = fail(ros2_run(tmp_path, "vita_policy_node", "replay", *arguments), 1)
    assert not (tmp_path / "report").exists()
    return sentence


def test_a_path_without_meta(tmp_path):
    (tmp_path / "ur12e" / "empty").mkdir(parents=True)
    assert "meta" in convert_fails(tmp_path, tmp_path / "ur12e" / "empty")


def test_a_truncated_video(tmp_path, recording):
    video = next(recording.glob(f"videos/*/{FRONT}/*000001.mp4"))
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    assert video.name in convert_fails(tmp_path, recording)


def edit_table(recording, episode, edit):
    path = next(recording.glob(f"data/*/episode_{episode:06d}.parquet"))
    pq.write_table(edit(pq.read_table(path)), path)
    return path


def test_a_video_shorter_than_its_table(tmp_path, recording):
    def lengthen(table):
        row = table.slice(table.num_rows - 1)
        for column, later in (("timestamp", 1 / 30), ("frame_index", 1), ("index", 1)):
            kind = table[column].type
            row = row.set_column(row.column_names.index(column), column, pa.array(row[column].to_numpy() + later, kind))
        return pa.concat_tables([table, row])

    edit_table(recording, 2, lengthen)
    lines = [json.loads(line) for line in (recording / "meta/episodes.jsonl").read_text().splitlines()]
    lines[-1]["length"] += 1
    (recording / "meta/episodes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sentence = convert_fails(tmp_path, recording)
    assert "24" in sentence
    assert "25" in sentence


def test_nan_in_the_actions_is_found_by_step_and_joint(tmp_path, recording):
    def spoil(table):
        actions = np.stack(table["action"].to_numpy(zero_copy_only=False)).astype(np.float32)
        actions[5, 2] = np.nan
        column = pa.array(list(actions), type=table["action"].type)
        return table.set_column(table.column_names.index("action"), "action", column)

    edit_table(recording, 1, spoil)
    sentence = convert_fails(tmp_path, recording)
    for part in ("action", "elbow_joint", "episode 1", "step 5"):
        assert part in sentence


def test_a_feature_that_the_task_names_and_the_dataset_lacks(way):
    sentence = fail(train(way, "session=other", "task.image_keys=[observation.images.belly]"), 1)
    assert "observation.images.belly" in sentence
    assert FRONT in sentence


def test_an_unknown_override_key_and_its_nearest_neighbour(way):
    sentence = fail(train(way, "session=other", "train.stepz=5"), 2)
    assert "train.stepz" in sentence
    assert "train.steps" in sentence


def test_a_crop_larger_than_the_image(way):
    sentence = fail(train(way, "session=other", "crop_shape=[9000,20]"), 2)
    assert "crop_shape [9000, 20] does not fit into resize_shape" in sentence
    assert not (way / "flare_outputs/ur12e_sample/vita/other").exists()


def test_a_checkpoint_with_a_flipped_bit_is_not_gone_on_from(way, checkpoint):
    content = bytearray((checkpoint / "training_state.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (checkpoint / "training_state.pt").write_bytes(content)
    sentence = fail(train(way, "session=other", "resume=true", f"checkpoint_path={checkpoint}", "train.steps=9"), 1)
    assert str(checkpoint) in sentence
    assert "training_state.pt was changed or damaged" in sentence


def test_checkpoint_tensors_missing_extra_and_misshapen_are_all_listed(way, tmp_path, checkpoint):
    tensors = load_file(checkpoint / "model.safetensors")
    del tensors["obs_encoder.bias"]
    tensors["stranger"] = np.zeros(3, np.float32)
    tensors["flow_net.norm.bias"] = np.zeros(7, np.float32)
    save_file(tensors, checkpoint / "model.safetensors")
    sentence = replay_fails(way, tmp_path, checkpoint)
    for name in ("obs_encoder.bias", "stranger", "flow_net.norm.bias"):
        assert name in sentence


def test_a_robot_that_does_not_fit_is_refused_with_every_mismatch(way, tmp_path, checkpoint):
    text = ROBOT.read_text()
    text = text.replace(f"key: {FRONT}\n", "key: observation.images.left\n").replace("wrist_3_joint", "wrist_9_joint")
    (tmp_path / "robot.yaml").write_text(text)
    sentence = replay_fails(way, tmp_path, checkpoint, "--robot", tmp_path / "robot.yaml")
    for part in (FRONT, "observation.images.left", "wrist_3_joint", "wrist_9_joint"):
        assert part in sentence


def test_a_bag_without_the_needed_topics_names_them(way, tmp_path, checkpoint):
    (tmp_path / "robot.yaml").write_text(ROBOT.read_text().replace("/right_arm/joint_states", "/elsewhere"))
    assert "/elsewhere" in replay_fails(way, tmp_path, checkpoint, "--robot", tmp_path / "robot.yaml")


def test_what_is_no_bag(way, tmp_path, checkpoint):
    (tmp_path / "no_bag").mkdir()
    robot = ("--robot", ROBOT)
    assert "no_bag" in replay_fails(way, tmp_path, checkpoint, *robot, bag=tmp_path / "no_bag")


def test_the_output_is_never_the_input(way, tmp_path, recording):
    result = ros2_run(tmp_path, "vita_dataset", "convert", "-r", recording, "--repo-id", "../ur12e/spoiled")
    assert result.returncode == 2
    (tmp_path / "sets").symlink_to(tmp_path)
    assert "overlaps" in fail(ros2_run(tmp_path, "vita_dataset", "convert", "-r", recording, "--overwrite"), 1)
    assert (recording / "meta/info.json").is_file()
