"""From a recording to a report with the commands of the README."""

import json

from pipeline import ros2_run, succeed, train

SESSION = "flare_outputs/ur12e_sample/vita/test"


def replay(folder, out):
    arguments = ("--bag", "bag", "--checkpoint", SESSION, "--out", out)
    return succeed(ros2_run(folder, "vita_policy_node", "replay", *arguments))


def test_the_layout_is_the_one_that_the_design_promises(way):
    checkpoint = way / SESSION / "checkpoints/step_0000000002"
    assert {path.name for path in checkpoint.iterdir()} == {"model.safetensors", "config.json", "training_state.pt"}
    assert (way / SESSION / "logs/train.log").is_file()
    assert len(list((way / SESSION / "logs").glob("train_config_*.yaml"))) == 1
    dataset = way / "sets/ur12e/sample"
    assert {path.name for path in dataset.iterdir()} >= {"config.json", "data", "meta"}
    assert (dataset / "meta/report.json").is_file()
    assert (way / "bag/robot.yaml").is_file()


def test_replay_reports_every_joint_and_is_the_same_each_time(way):
    first = replay(way, "first")
    replay(way, "second")
    reports = [json.loads((way / name / "report.json").read_text()) for name in ("first", "second")]
    for report in reports:
        report.pop("timing")  # the only part that is measured, not computed
    assert reports[0] == reports[1]
    assert len(reports[0]["joints"]) == 7
    assert reports[0]["ticks"] == {"total": 24, "compared": 24}
    assert (way / "first/report.png").read_bytes().startswith(b"\x89PNG")
    assert "shoulder_pan_joint" in first.stdout


def test_a_checkpoint_folder_copied_alone_serves(way, tmp_path):
    copied = tmp_path / "copied"
    copied.mkdir()
    for name in ("model.safetensors", "config.json"):
        (copied / name).write_bytes((way / SESSION / "checkpoints/step_0000000002" / name).read_bytes())
    arguments = ("--bag", way / "bag", "--checkpoint", copied, "--out", tmp_path / "report")
    succeed(ros2_run(tmp_path, "vita_policy_node", "replay", *arguments))


def test_training_never_overwrites_a_session_and_resumes_when_asked(way):
    refused = train(way, "task.dataset_episodes=[0,1]")
    assert refused.returncode == 2
    assert "resume=true" in refused.stderr
    succeed(train(way, "task.dataset_episodes=[0,1]", "resume=true", "train.steps=3"))
    assert (way / SESSION / "checkpoints/step_0000000003/model.safetensors").is_file()


def test_inspect_shows_both_sides_of_the_conversion(way):
    for path in (way / "rec/ur12e/sample", way / "sets/ur12e/sample"):
        shown = succeed(ros2_run(way, "vita_dataset", "inspect", path)).stdout
        assert "3 episodes" in shown
        assert "shoulder_pan_joint" in shown
